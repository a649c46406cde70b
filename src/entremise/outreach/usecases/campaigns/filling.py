"""Whom a campaign calls becomes its tasks: who enters, who leaves, which line is dialled. In slices, again and again.

A decision of a person (objection, death, a supervisor's closing) is never undone here: only who had left the cohort,
or was one with somebody, comes back when the cohort has them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.jobs import enqueue
from entremise.kernel.machines import IllegalTransition
from entremise.outreach import policies
from entremise.outreach.engine.complexity import rate
from entremise.outreach.models import QUEUE, CallCampaign, CallEvent, CallTask
from entremise.outreach.queries import campaigns as queries
from entremise.outreach.queries.campaigns import Wanted, sliced
from entremise.outreach.queries.complexity import codes_of, scale
from entremise.outreach.usecases.calls.moving import move
from entremise.outreach.usecases.campaigns.reacting import unite
from entremise.outreach.usecases.campaigns.refusals import CampaignOver
from entremise.people.models import LineMark, Person
from entremise.people.queries import current, lines_of, together_many

FILLED = declare("outreach.tasks.filled", "a mis à jour les personnes à appeler")
ASKED = declare("outreach.tasks.asked", "a demandé la mise à jour des personnes à appeler")
SLICE = 5_000
ANNOUNCED = ("sms", "letter", "sms_letter")
SILENCE = timedelta(days=7)
"""An announcement that nobody sends does not keep a person from being called for ever (PD)."""
WEAK = ("left_cohort", "merged")
"""Ends that nobody decided: who is in the cohort again, or told apart again, is called again."""
KEPT_SEARCHING = ("needs_supervisor", "unreachable", "escalated", "claimed", "done", "closed")
"""States in which leaving the cohort changes nothing: somebody looks for them, speaks with them, or has finished."""


@dataclass
class Filled:
    """`persons`: to call now; `entered`, `came_back`, `left`; `unlined`: without a line that may be dialled."""

    persons: int = 0
    entered: int = 0
    came_back: int = 0
    left: int = 0
    changed: int = 0
    unlined: int = 0


def fill_tasks(actor: Actor, *, campaign: CallCampaign) -> Filled:
    """Create, update and close the tasks of a campaign from its cohort or its registers. Safe to run again.

    One transaction per 5,000 persons, a flat number of queries in each. Raises NotAllowed.
    """
    if not actor.has("machine"):
        policies.require_supervisor(actor)
    now = clock.now()
    rows = queries.wanted(campaign, now)
    done = Filled(persons=len(rows))
    _tell(campaign, "running", done, 0, now)
    for start, some in enumerate(sliced(rows, SLICE)):
        with transaction.atomic():
            _slice(campaign, some, len(rows), now, done)
            _tell(campaign, "running", done, start * SLICE + len(some), now)
    with transaction.atomic():
        _leave(campaign, {one.person for one in rows}, now, done)
        _tell(campaign, "done", done, len(rows), now)
        record(actor, FILLED, campaign, persons=done.persons, entered=done.entered, left=done.left)
    return done


@transaction.atomic
def ask_filling(actor: Actor, *, campaign: CallCampaign) -> None:
    """Have a worker update the persons to call. Raises NotAllowed, CampaignOver."""
    policies.require_supervisor(actor)
    waiting = {**campaign.filling, "state": "waiting"}
    if not CallCampaign.objects.filter(pk=campaign.pk).exclude(state="closed").update(filling=waiting):
        raise CampaignOver("Cette campagne est close : reprenez-la sous une copie.")
    record(actor, ASKED, campaign)
    enqueue("outreach.fill_tasks", campaign_id=campaign.pk)


def _tell(campaign: CallCampaign, state: str, done: Filled, at: int, now: datetime) -> None:
    """How far it is, for the page of the campaign."""
    campaign.filling = {
        "state": state, "done": at, "total": done.persons, "entered": done.entered + done.came_back,
        "left": done.left, "unlined": done.unlined, "at": now.isoformat(),
    }  # fmt: skip
    CallCampaign.objects.filter(pk=campaign.pk).update(filling=campaign.filling)


def _slice(campaign: CallCampaign, some: Sequence[Wanted], total: int, now: datetime, done: Filled) -> None:
    persons = [one.person for one in some]
    lines = lines_of(persons)
    codes, weights = codes_of(persons), scale()
    spoken: dict[UUID, str] = {}
    for part in sliced(persons):
        spoken |= dict(Person.objects.filter(pk__in=part).values_list("pk", "language"))
    known = _known(campaign, persons)
    fresh: list[CallTask] = []
    changed: list[CallTask] = []
    back: list[CallTask] = []
    moved: list[tuple[CallTask, dict[str, Any]]] = []
    for one in some:
        line = _line(campaign, lines.get(one.person, ()))
        said = {
            "register": one.register,
            "line": line.mark if line else "",
            "line_field": line.field if line else "",
            "language": spoken.get(one.person, "fr"),
            "rank": one.rank,
            "fragility": fragility(one.rank, total),
            "complexity": rate(codes[one.person], weights),
            "complexity_codes": codes[one.person],
        }
        done.unlined += line is None
        task = known.get(one.person)
        if task is None:
            fresh.append(
                CallTask(
                    campaign=campaign, person_id=one.person, **said, **entry(campaign, lined=line is not None, now=now)
                )
            )
            continue
        start = entry(campaign, lined=line is not None, now=now)
        if task.state == "closed" and task.closed_reason in WEAK:
            back.append(_set(task, {**said, "closed_reason": "", "changed_at": now, **start}))
        elif task.state not in ("closed", "claimed"):
            if task.last_attempt_at:  # a call taught which language they speak
                said["language"] = task.language
            if (task.cause == "no_valid_number" and line) or (task.state in QUEUE and not line):
                moved.append((task, start))  # a number was found, or the last one was lost
            if any(getattr(task, name) != value for name, value in said.items()):
                changed.append(_set(task, said))
    CallTask.objects.bulk_create(fresh, batch_size=500, ignore_conflicts=True)
    done.entered += len(fresh)
    live = CallTask.objects.exclude(state__in=("closed", "claimed"))
    names = ["register", "line", "line_field", "language", "rank", "fragility", "complexity", "complexity_codes"]
    done.changed += live.bulk_update(changed, names, batch_size=200) if changed else 0
    for task, start in moved:
        _moved(task, start)
    gone = CallTask.objects.filter(state="closed", closed_reason__in=WEAK)
    places = ["state", "cause", "wait_reason", "not_before", "closed_reason", "changed_at"]
    done.came_back += gone.bulk_update(back, [*names, *places], batch_size=200) if back else 0
    CallEvent.objects.bulk_create(
        [CallEvent(task=row, event="reopen", before="closed", after=row.state, at=now) for row in back],
        batch_size=500,
    )


def _moved(task: CallTask, start: Mapping[str, Any]) -> None:
    """A task that may be dialled again, or no longer: nobody has to decide. Left as it is if somebody moved it."""
    values = {name: value for name, value in start.items() if name != "state"}
    with suppress(IllegalTransition):
        move(task, "hold" if start["cause"] else "unhold", start["state"], user=None, **values)


def _known(campaign: CallCampaign, persons: Sequence[UUID]) -> dict[UUID, CallTask]:
    """The task of each person as they are read today, whoever of those one with them it was made for: the open one,
    else the one closed by a decision. Two open ones, left by a merge during a live call, become one."""
    united = together_many(persons)
    head = {member: person for person, members in united.items() for member in members}
    every: dict[UUID, list[CallTask]] = {}
    for part in sliced(sorted(head)):
        for row in CallTask.objects.filter(campaign=campaign, person__in=part):
            every.setdefault(head[row.person_id], []).append(row)
    found = {}
    for person, rows in every.items():
        live = [row for row in rows if row.state != "closed"]
        if len(live) > 1:
            unite(live)
            live = list(CallTask.objects.filter(pk__in=[row.pk for row in live]).exclude(state="closed"))
        rows.sort(key=lambda row: (row.closed_reason in WEAK, row.closed_reason == "merged", row.pk))
        found[person] = live[0] if live else rows[0]
    return found


def _set(task: CallTask, values: Mapping[str, object]) -> CallTask:
    for name, value in values.items():
        setattr(task, name, value)
    return task


def entry(campaign: CallCampaign, *, lined: bool, now: datetime) -> dict[str, Any]:
    """Where a task starts: asleep while the campaign is prepared, then to be called, after its announcement if there
    is one, or shown to the supervisor when no line may be dialled.
    """
    start = {"cause": "", "wait_reason": "", "not_before": now}
    if campaign.state == "draft":
        return start | {"state": "draft"}
    if not lined:
        return start | {"state": "needs_supervisor", "cause": "no_valid_number"}
    if campaign.announcement in ANNOUNCED:
        return start | {"state": "scheduled", "wait_reason": "announced", "not_before": now + SILENCE}
    return start | {"state": "ready"}


def _line(campaign: CallCampaign, lines: Sequence[LineMark]) -> LineMark | None:
    """The first line whose number the campaign's own registers hold, or that is common to all."""
    held = {*campaign.registers, "personne"}
    return next((line for line in lines if line.field.partition(".")[0] in held), None)


def fragility(rank: int, total: int) -> int:
    """0–3 from the rank in the cohort: 3 for its first quarter; 0 when nothing orders the persons."""
    return max(0, 3 - 4 * (rank - 1) // total) if rank and total else 0


def _leave(campaign: CallCampaign, wanted: set[UUID], now: datetime, done: Filled) -> None:
    """Who is no longer to be called: their task closes, unless somebody is on it."""
    rows = CallTask.objects.filter(campaign=campaign).exclude(state__in=KEPT_SEARCHING)
    here = list(rows.values_list("pk", "person", "state"))
    today = current({person for _, person, _ in here})
    out = [(pk, state) for pk, person, state in here if today[person] not in wanted]
    for some in sliced(out):
        left = CallTask.objects.filter(pk__in=[pk for pk, _ in some]).exclude(state__in=KEPT_SEARCHING)
        done.left += left.update(
            state="closed", closed_reason="left_cohort", wait_reason="", reserved_for=None, reserved_until=None,
            changed_at=now,
        )  # fmt: skip
    CallEvent.objects.bulk_create(
        [CallEvent(task_id=pk, event="stop", before=state, after="closed", at=now) for pk, state in out],
        batch_size=500,
    )
