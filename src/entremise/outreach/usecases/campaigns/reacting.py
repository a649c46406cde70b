"""A person says no, is erased, or is found to be one with another: their tasks follow, in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from entremise.kernel import clock
from entremise.outreach.models import Announcement, CallEvent, CallTask, Escalation
from entremise.outreach.queries.campaigns import sliced
from entremise.people.registry import Merged

LIVELY = (
    "claimed", "escalated", "unreachable", "needs_supervisor", "callback", "done", "scheduled", "ready", "draft",
)  # fmt: skip
"""Of two tasks of one person, the one that is kept comes first. `callback`: a promised call."""
FREED: dict[str, Any] = {
    "claimed_by": None, "lease_until": None, "reserved_for": None, "reserved_until": None, "wait_reason": "",
    "cause": "", "urgent": False, "planned_caller": None,
}  # fmt: skip


def stop_announcements(persons: Sequence[UUID], purpose: str) -> None:
    """No announcement goes any more to who objected to its purpose, or was erased (`purpose` ""). Their tasks are
    closed by `usecases.calls.person_said`."""
    told = Announcement.objects.filter(state__in=("waiting", "sending"))
    for some in sliced(sorted(persons)):
        rows = told.filter(person__in=some)
        (rows.filter(campaign__purpose=purpose) if purpose else rows).update(state="stopped", at=clock.now())


def _close(rows: QuerySet[CallTask], reason: str) -> None:
    now = clock.now()
    found = list(rows.values_list("pk", "state"))
    CallTask.objects.filter(pk__in=[pk for pk, _ in found]).update(
        state="closed", closed_reason=reason, changed_at=now, **FREED
    )
    searched = Escalation.objects.filter(closed_at=None, task__in=[pk for pk, _ in found])
    searched.update(closed_at=now, closed_reason=reason)
    CallEvent.objects.bulk_create(
        [
            CallEvent(task_id=pk, event="stop", before=state, after="closed", reason=reason, at=now)
            for pk, state in found
        ],
        batch_size=500,
    )


def follow_merged(done: Sequence[Merged]) -> None:
    """Two tasks of one person in one campaign become one: the livelier is kept (a live call, a search, a promise),
    then the older; the other closes as `merged`, with its search. Two live calls are left to end: the next update of
    the persons unites them. Told apart again, each has their own task at that update. Queries grow with the campaigns'
    doubles only.
    """
    pairs = [(one.absorbed, one.kept) for one in done if one.together]
    tasks: dict[UUID, list[CallTask]] = {}
    for some in sliced(sorted({person for pair in pairs for person in pair})):
        for task in CallTask.objects.filter(person__in=some).exclude(state="closed"):
            tasks.setdefault(task.person_id, []).append(task)
    for absorbed, kept in pairs:
        unite([*tasks.get(kept, ()), *tasks.get(absorbed, ())])


def unite(tasks: Sequence[CallTask]) -> None:
    """Of the open tasks of one person, leave one in each campaign. In the transaction of the caller."""
    by_campaign: dict[int, list[CallTask]] = {}
    for task in tasks:
        by_campaign.setdefault(task.campaign_id, []).append(task)
    for same in by_campaign.values():
        stays, *others = sorted(same, key=_order)
        for gone in others:
            if gone.state == "claimed":
                continue
            _close(CallTask.objects.filter(pk=gone.pk), "merged")
            _inherit(stays, gone)


def _order(task: CallTask) -> tuple[int, bool, int]:
    """Who is spoken with, who is looked for, who was promised a call; then who was reached; then who waits."""
    if task.state == "scheduled" and task.wait_reason == "callback":
        place = LIVELY.index("callback")
    else:
        place = LIVELY.index(task.state)
    return place, not task.urgent, task.pk


def _inherit(stays: CallTask, gone: CallTask) -> None:
    """What was learnt on the other: it is the same person. Two numbers, two ranks: the better one."""
    changes: dict[str, Any] = {
        "rank": min(filter(None, (stays.rank, gone.rank)), default=0),
        "fragility": max(stays.fragility, gone.fragility),
        "urgent": stays.urgent or gone.urgent,
    }
    for name in ("last_attempt_at", "last_contact_at", "last_sign_of_life_at"):
        changes[name] = max(filter(None, (getattr(stays, name), getattr(gone, name))), default=None)
    if not stays.line and gone.line and stays.state != "claimed":
        changes |= {"line": gone.line, "line_field": gone.line_field}
    CallTask.objects.filter(pk=stays.pk).update(**changes)
