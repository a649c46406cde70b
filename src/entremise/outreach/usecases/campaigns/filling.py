"""Whom a campaign calls becomes its tasks: who enters, who leaves, which line is dialled. In slices, again and again.

A decision of a person (objection, death, a supervisor's closing) is never undone here: only who had left the cohort
comes back when the cohort has them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.outreach import policies
from entremise.outreach.engine.complexity import rate
from entremise.outreach.models import CallCampaign, CallEvent, CallTask
from entremise.outreach.queries import campaigns as queries
from entremise.outreach.queries.campaigns import Wanted, sliced
from entremise.outreach.queries.complexity import codes_of, scale
from entremise.people.models import LineMark, Person
from entremise.people.queries import lines_of

FILLED = declare("outreach.tasks.filled", "a mis à jour les personnes à appeler")
SLICE = 5_000
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
    counts: dict[str, int] = field(default_factory=dict)


def fill_tasks(actor: Actor, *, campaign: CallCampaign) -> Filled:
    """Create, update and close the tasks of a campaign from its cohort or its registers. Safe to run again.

    One transaction per 5,000 persons, a flat number of queries in each. Raises NotAllowed.
    """
    if not actor.has("machine"):
        policies.require_supervisor(actor)
    now = clock.now()
    rows = queries.wanted(campaign, now)
    done = Filled(persons=len(rows))
    for some in sliced(rows, SLICE):
        with transaction.atomic():
            _slice(campaign, some, len(rows), now, done)
    with transaction.atomic():
        _leave(campaign, {one.person for one in rows}, now, done)
        record(actor, FILLED, campaign, persons=done.persons, entered=done.entered, left=done.left)
    return done


def _slice(campaign: CallCampaign, some: Sequence[Wanted], total: int, now: datetime, done: Filled) -> None:
    persons = [one.person for one in some]
    lines = lines_of(persons)
    codes, weights = codes_of(persons), scale()
    spoken: dict[UUID, str] = {}
    known: dict[UUID, CallTask] = {}
    for part in sliced(persons):
        spoken |= dict(Person.objects.filter(pk__in=part).values_list("pk", "language"))
        known |= {row.person_id: row for row in CallTask.objects.filter(campaign=campaign, person__in=part)}
    fresh: list[CallTask] = []
    changed: list[CallTask] = []
    back: list[CallTask] = []
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
            fresh.append(CallTask(campaign=campaign, person_id=one.person, **said, **_entry(campaign, line, now)))
            continue
        if task.state == "closed" and task.closed_reason == "left_cohort":
            back.append(_set(task, {**said, "closed_reason": "", "changed_at": now, **_entry(campaign, line, now)}))
        elif task.state not in ("closed", "claimed") and any(getattr(task, k) != v for k, v in said.items()):
            changed.append(_set(task, said))
    CallTask.objects.bulk_create(fresh, batch_size=500, ignore_conflicts=True)
    done.entered += len(fresh)
    live = CallTask.objects.exclude(state__in=("closed", "claimed"))
    names = ["register", "line", "line_field", "language", "rank", "fragility", "complexity", "complexity_codes"]
    done.changed += live.bulk_update(changed, names, batch_size=200) if changed else 0
    gone = CallTask.objects.filter(state="closed", closed_reason="left_cohort")
    entry = ["state", "cause", "not_before", "closed_reason", "changed_at"]
    done.came_back += gone.bulk_update(back, [*names, *entry], batch_size=200) if back else 0
    CallEvent.objects.bulk_create(
        [CallEvent(task=row, event="came_back", before="closed", after=row.state, at=now) for row in back],
        batch_size=500,
    )


def _set(task: CallTask, values: Mapping[str, object]) -> CallTask:
    for name, value in values.items():
        setattr(task, name, value)
    return task


def _entry(campaign: CallCampaign, line: LineMark | None, now: datetime) -> dict[str, object]:
    """Where a task starts: asleep while the campaign is prepared, then to be called, or shown to the supervisor."""
    if campaign.state == "draft":
        return {"state": "draft", "not_before": now}
    if line is None:
        return {"state": "needs_supervisor", "cause": "no_valid_number", "not_before": now}
    return {"state": "ready", "not_before": now}


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
    out = [(pk, state) for pk, person, state in rows.values_list("pk", "person", "state") if person not in wanted]
    for some in sliced(out):
        left = CallTask.objects.filter(pk__in=[pk for pk, _ in some]).exclude(state__in=KEPT_SEARCHING)
        done.left += left.update(
            state="closed", closed_reason="left_cohort", wait_reason="", reserved_for=None, reserved_until=None,
            changed_at=now,
        )  # fmt: skip
    CallEvent.objects.bulk_create(
        [CallEvent(task_id=pk, event="left_cohort", before=state, after="closed", at=now) for pk, state in out],
        batch_size=500,
    )
