"""What other rooms say of a person: a no, an erasure, two files of one. Calls stop in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from entremise.kernel.actors import Actor
from entremise.outreach.models import CallAttempt, CallTask, Escalation
from entremise.outreach.registry import REGISTER
from entremise.outreach.usecases.calls.keeping import care
from entremise.outreach.usecases.calls.moving import move
from entremise.people.registry import Merged
from entremise.vault import queries as records, usecases as vault

MACHINE = Actor.machine("oppositions")
SOME = 500


def person_said(persons: Sequence[UUID], purpose: str) -> None:
    """An objection to a purpose of calls, or an erasure (purpose ""): every task of theirs closes, for good; what
    calls had sealed goes, counts stay (§ 17.9)."""
    for start in range(0, len(persons), SOME):
        rows = CallTask.objects.filter(person__in=persons[start : start + SOME]).exclude(state="closed")
        if purpose:
            rows = rows.filter(campaign__purpose=purpose)
        for row in rows.select_for_update().order_by("pk"):
            erased = {} if purpose else {"line": "", "line_field": "", "planned_terms": {}}
            _close(row, "objection" if purpose else "purged", **erased)
    if purpose:
        _forget(persons, purpose)


def _close(row: CallTask, why: str, **changes: object) -> None:
    _end_search(row, why)
    move(
        row, "stop", "closed", reason=why, user=None, closed_reason=why, wait_reason="", cause="", urgent=False,
        promised_at=None, reserved_for_id=None, reserved_until=None, planned_caller_id=None, **changes,
    )  # fmt: skip


def _end_search(row: CallTask, why: str) -> None:
    if Escalation.objects.filter(task=row, closed_at=None).exists():
        care().close_ladder(MACHINE, task=row, sign=why)
        row.refresh_from_db()


def _forget(persons: Sequence[UUID], purpose: str) -> None:
    """Take back what calls for this purpose had sealed: answers, notes, the message."""
    known = {one.person for one in records.records_among(persons, [REGISTER])}
    for person in persons:
        if person not in known:
            continue
        mine = CallAttempt.objects.filter(person=person, campaign__purpose=purpose)
        names = [
            f"{REGISTER}.{kind}#{pk}"
            for pk in mine.values_list("public_id", flat=True)
            for kind in ("answers", "note")
        ]
        values: dict[str, str | None] = dict.fromkeys([*names, f"{REGISTER}.message"], "")
        vault.deposit(MACHINE, person=person, values=values, purpose=purpose, motive="Opposition de la personne")


def persons_merged(done: Sequence[Merged]) -> None:
    """One person called twice by a campaign is called once: the task of the absorbed identity closes when it only
    waits; one that is held, searched for or put aside goes to the supervisor. Taken apart again, it waits again."""
    for start in range(0, len(done), SOME):
        some = done[start : start + SOME]
        persons = {one.absorbed for one in some} | {one.kept for one in some}
        rows: dict[UUID, list[CallTask]] = {}
        for row in CallTask.objects.filter(person__in=persons).select_for_update().order_by("pk"):
            rows.setdefault(row.person_id, []).append(row)
        for one in some if rows else ():
            mine = rows.get(one.absorbed, [])
            if one.together:
                called = {row.campaign_id for row in rows.get(one.kept, []) if row.state != "closed"}
                _unite([row for row in mine if row.campaign_id in called])
            else:
                _part([row for row in mine if (row.state, row.closed_reason) == ("closed", "merged")])


def _unite(rows: Sequence[CallTask]) -> None:
    for row in rows:
        if row.state in ("draft", "ready", "scheduled", "done"):
            _close(row, "merged")
        elif row.state in ("unreachable", "escalated"):
            move(row, "hold", "needs_supervisor", reason="merged", user=None, cause="merged")


def _part(rows: Sequence[CallTask]) -> None:
    for row in rows:
        move(row, "reopen", "ready" if row.line else "needs_supervisor", reason="merged", user=None)
