"""A plan inside its own process, and whoever watches over it. Between the two: a number and a token.

Why a process: it ends, and its memory with it; it is killed when the plan is stopped; the library of the solver is
never in one process with another that it breaks (`highspy`).
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import F

from entremise.kernel import clock
from entremise.kernel.claims import LeaseLost
from entremise.kernel.jobs import enqueue
from entremise.outreach.engine.checking import PlanRefused
from entremise.outreach.engine.making import make
from entremise.outreach.models import CallPlan
from entremise.outreach.models.plans import PLAN
from entremise.outreach.queries import planning
from entremise.outreach.usecases.plans import applying
from entremise.outreach.usecases.plans.asking import JOB, fail
from entremise.rules.queries import active_number

LEASE: Final = timedelta(minutes=2)
BEAT_S: Final = 1.0
TRIES: Final = 3
DONE, NOT_MINE, ENDED = 0, 3, 4


# in the child


def work(plan: int, token: int) -> int:
    """Make and write the plan that `token` holds; the code the process ends with."""
    row = CallPlan.objects.select_related("campaign").filter(pk=plan, token=token, state="running").first()
    if row is None:
        return NOT_MINE
    try:
        _make(row)
    except LeaseLost:
        return NOT_MINE
    except PlanRefused:
        fail(plan, token, "refused")
        return ENDED
    except MemoryError:
        fail(plan, token, "memory_exceeded")
        return ENDED
    except Exception:
        fail(plan, token, "failed")
        raise
    return DONE


def _make(row: CallPlan) -> None:
    said, settings = _Progress(row), planning.voted()
    said("read", 0.05)
    given = planning.inputs(row.campaign, clock.now(), settings)
    # the simple way is not computed again when a plan is mended: it would take longer than the plan
    made = make(given.problem, before=given.before, also=given.also, compare=given.before is None, tell=said)
    said("write", 0.9)
    applying.write(row, given, made)
    applying.finish(row, given, made, settings, active_number())


class _Progress:
    """Writes how far the plan is, at each step and at most once a second; stops it when it is no longer ours."""

    def __init__(self, plan: CallPlan) -> None:
        self._plan, self._step, self._next = plan, "", 0.0

    def __call__(self, step: str, share: float) -> None:
        if step == self._step and time.monotonic() < self._next:
            return
        self._step, self._next = step, time.monotonic() + 1.0
        rows = CallPlan.objects.filter(pk=self._plan.pk, token=self._plan.token, state="running")
        if not rows.update(step=step, share=share, lease_until=clock.now() + LEASE):
            raise LeaseLost("Ce plan a été arrêté, ou repris par un autre travailleur.")


# around it


def command(plan: int, token: int) -> list[str]:
    return [sys.executable, "-m", "entremise", "call_plan", str(plan), str(token)]


def run_plan(plan_id: int) -> None:
    """The job: take the plan, start its process, keep the lease while it lives; try again if it was killed."""
    row = take(plan_id)
    if row is not None:
        ended = watch(row, command(row.pk, row.token))
        if ended not in (DONE, NOT_MINE, ENDED):
            again(row)


def take(plan_id: int) -> CallPlan | None:
    """Hold a plan that waits; None when there is nothing to take. Each taking has its own token."""
    with transaction.atomic():
        rows = CallPlan.objects.filter(pk=plan_id, state="ready")
        until = clock.now() + LEASE
        if not rows.update(state="running", lease_until=until, token=F("token") + 1, step="", share=0.0):
            return None
        return CallPlan.objects.get(pk=plan_id)


def watch(row: CallPlan, asked: Sequence[str]) -> int:
    """Wait for the process, keeping the lease; killed as soon as the plan is stopped or lost. Its code."""
    child = subprocess.Popen(  # noqa: S603 - this very program, with two numbers
        asked, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while True:
            try:
                return child.wait(BEAT_S)
            except subprocess.TimeoutExpired:
                rows = CallPlan.objects.filter(pk=row.pk, token=row.token, state="running")
                if not rows.update(lease_until=clock.now() + LEASE) and child.poll() is None:
                    return NOT_MINE
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()


def again(row: CallPlan) -> bool:
    """A plan whose process died goes back to the queue, three times at most. Whether it will be tried again."""
    if row.token >= TRIES:
        fail(row.pk, row.token, "killed")
        return False
    with transaction.atomic():
        rows = CallPlan.objects.filter(pk=row.pk, token=row.token, state="running")
        if not rows.update(state=PLAN.verbs["again"][1], lease_until=None, step="", share=0.0):
            return False
        enqueue(JOB, plan_id=row.pk)
    return True


def resume_plans() -> int:
    """Plans whose worker is gone: back to the queue; how many."""
    late = CallPlan.objects.filter(state="running", lease_until__lte=clock.now())
    return sum(again(row) for row in late)
