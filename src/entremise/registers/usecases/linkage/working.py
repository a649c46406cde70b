"""A run inside its own process, and whoever watches over it. Between the two: a number and a token, no value."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.accounts.models import User
from entremise.accounts.policies import SecondFactorNeeded
from entremise.accounts.queries import actor_of
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.claims import LeaseLost
from entremise.kernel.errors import DomainError
from entremise.kernel.jobs import enqueue
from entremise.people.usecases import lapse_merges
from entremise.registers.engine.linkage import LinkageFailed
from entremise.registers.engine.outcomes import Pair
from entremise.registers.models import LINKAGE_RUN, LinkageRun
from entremise.registers.queries.proof import automatic_merging_suspended
from entremise.registers.usecases.linkage import applying, computing, facts
from entremise.registers.usecases.linkage.runs import JOB, PROOF, PURPOSE, fail
from entremise.registers.usecases.review import reranked
from entremise.vault import usecases as vault
from entremise.vault.usecases.agreements import in_force

LEASE: Final = timedelta(minutes=2)
BEAT_S: Final = 5.0
TRIES: Final = 3
MACHINE: Final = Actor.machine("rapprochement")
NOT_MINE, DONE, ENDED = 3, 0, 4


class Stopped(Exception):
    """The run was stopped, or is somebody else's: nothing more is read."""


# in the child


@sensitive_variables()
def work(run: int, token: int) -> int:
    """Compute and store the run that `token` holds; the code the process ends with. Nothing of what it met is said.

    In the name of the agent who asked, with the roles they hold now; both proofs were asked at the start.
    """
    row = LinkageRun.objects.select_related("model").filter(pk=run, token=token, state="running").first()
    if row is None:
        return NOT_MINE
    try:
        _compute(row)
    except (Stopped, LeaseLost):
        return NOT_MINE
    except LinkageFailed as failure:
        fail(run, token, failure.code)
        return ENDED
    except SecondFactorNeeded:
        fail(run, token, "proof_too_old")
        return ENDED
    except DomainError as refusal:
        fail(run, token, refusal.code if refusal.code in KNOWN else "not_allowed")
        return ENDED
    except MemoryError:
        fail(run, token, "memory_exceeded")
        return ENDED
    except Exception:  # its text may quote a value
        fail(run, token, "failed")
        return ENDED
    return DONE


KNOWN = frozenset({"grant_missing", "model_schema_mismatch"})


@sensitive_variables()
def _compute(row: LinkageRun) -> LinkageRun:
    said, start = _Progress(row), clock.now()
    agent = User.objects.filter(pk=row.asked_by, is_active=True).first()
    actor = actor_of(agent, "task", True, start - row.proved_at < PROOF)
    second: list[str] = []
    given = facts.given_for(row, tell=said, opinion=_opinion(row, second))
    done = vault.compute(
        actor, request=row.request, name=computing.NAME, registers=row.registers, given=given,
        tell=lambda n, total: said("feed", 0.45 * n / max(1, total)),
    )  # fmt: skip
    said("store", 0.95)
    found = applying.sorted_out(done.rows)
    return applying.store(
        actor, row, found, fed=done.fed, left_out=done.left_out, journal=done.number, read_from=start,
        suspended=automatic_merging_suspended(), second="".join(second[:1]),
    )  # fmt: skip


def _opinion(row: LinkageRun, said: list[str]) -> Callable[[Sequence[Pair], Sequence[UUID]], Sequence[Pair]]:
    """The second opinion learnt from readings, when it is on and wins; why, in a code, goes to `said`."""

    def ask(pairs: Sequence[Pair], records: Sequence[UUID]) -> Sequence[Pair]:
        found = reranked(pairs, records=records, high=row.high or 0.0)
        said.append(found.why)
        return found.pairs

    return ask


class _Progress:
    """Writes how far the run is, at each step and at most once a second; stops it when it is no longer ours."""

    def __init__(self, run: LinkageRun) -> None:
        self._run, self._step, self._next = run, "", 0.0

    def __call__(self, step: str, share: float) -> None:
        if step == self._step and time.monotonic() < self._next:
            return
        self._step, self._next = step, time.monotonic() + 1.0
        rows = LinkageRun.objects.filter(pk=self._run.pk, token=self._run.token, state="running")
        if not rows.update(step=step, share=round(share, 3), lease_until=clock.now() + LEASE):
            raise Stopped


# around it


def command(run: int, token: int) -> list[str]:
    """Ids only: what a process list shows says nothing of anybody."""
    return [sys.executable, "-m", "entremise", "linkage_run", str(run), str(token)]


def run_linkage(run_id: int) -> None:
    """The job: take the run, start its process, keep the lease while it lives; try again if it was killed."""
    row = applying.take(run_id, clock.now() + LEASE)
    if row is not None:
        ended = watch(row, command(row.pk, row.token))
        if ended not in (DONE, NOT_MINE, ENDED):
            again(row)


def watch(row: LinkageRun, asked: Sequence[str]) -> int:
    """Wait for the process, keeping the lease; killed as soon as the run is stopped or lost. Its code."""
    child = subprocess.Popen(  # noqa: S603 - this very program, with two numbers
        asked, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while True:
            try:
                return child.wait(BEAT_S)
            except subprocess.TimeoutExpired:
                if not applying.renew(row, clock.now() + LEASE):
                    return NOT_MINE
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()


def again(row: LinkageRun) -> bool:
    """A run whose process died goes back to the queue, three times at most. Whether it will be tried again."""
    if row.token >= TRIES:
        fail(row.pk, row.token, "killed")
        return False
    with transaction.atomic():
        rows = LinkageRun.objects.filter(pk=row.pk, token=row.token, state="running")
        if not rows.update(state=LINKAGE_RUN.verbs["again"][1], lease_until=None, step="", share=0.0):
            return False
        enqueue(JOB, run_id=row.pk)
    return True


def resume_runs() -> int:
    """Runs whose worker is gone: back to the queue; how many."""
    late = LinkageRun.objects.filter(state="running", lease_until__lte=clock.now())
    return sum(again(row) for row in late)


def lapse_links() -> int:
    """Aliases between registers whose grant ended, and that no other renews; how many (reference § 8)."""
    live = {reference: row.registers for reference, row in in_force(PURPOSE, clock.now()).items()}
    return lapse_merges(Actor.machine("délais"), live=live)
