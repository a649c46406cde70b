"""The requests a file of the legal register brings: one enrolment a person, its letter due eight days after its day.

CASF L121-6-1, R121-3; reference outreach-and-referrals § 17.4. The day is the file's, never another: without it the
enrolment waits *à compléter*. No value here but that day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db import connection

from entremise.kernel import clock, ids
from entremise.kernel.db import insert_rows, update_rows
from entremise.registers.models import ENROLMENT, Enrolment, ImportBatch
from entremise.registers.models.life import ENDED, RECEIPT
from entremise.registers.usecases.imports import files
from entremise.registers.usecases.imports.passage import Judged

CHUNK: Final = 5_000
COLUMNS: Final = ("public_id", "register", "person_id", "channel", "asked_by", "proof", "received_on", "due_on",
                  "state", "acknowledged_on", "batch_id", "recorded_by", "created_at")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """What a row says of the request: its day, whether a third party made it, when its letter left, if it did.
    `news`: the row changed, or is new."""

    day: date | None
    third: bool
    news: bool
    sent: date | None = None


def request_of(one: Judged) -> Request:
    """What a judged row says of the request; the day is None when the file gives none that can be read."""
    day = one.row.values.get("requested_on", "")
    asked, third = date.fromisoformat(day) if day else None, "third_party" in one.row.values
    return Request(asked, third, one.effect != "same", one.row.acknowledged_on)


def enrol_requests(batch: ImportBatch, asked: Mapping[UUID, Request]) -> dict[str, int]:
    """Enrol the persons of a file of the legal register: `enrolled`, `to_complete`, `dated` (completed by this file).
    Whose letter left already, by the day that the file gives, is *accusé envoyé*.

    Somebody whose enrolment lives already keeps it, but for the day that this file is the first to give, or corrects
    before the letter left. So many queries for 5,000 persons, whatever the file. Part of the load's last commit.
    """
    if not asked or not files.enrols(batch.register):
        return {}
    counts = {"enrolled": 0, "to_complete": 0, "dated": 0}
    persons = list(asked)
    for start in range(0, len(persons), CHUNK):
        some = persons[start : start + CHUNK]
        rows = Enrolment.objects.filter(register=batch.register, person__in=some).exclude(state__in=ENDED)
        known = {one.person_id: one for one in rows}
        fresh = [(person, asked[person]) for person in some if person not in known]
        _insert(batch, fresh)
        counts["enrolled"] += len(fresh)
        counts["to_complete"] += sum(1 for _, one in fresh if _lacks(one))
        counts["dated"] += _date(known, asked)
        _send(known, asked)
    return {name: number for name, number in counts.items() if number}


def _lacks(one: Request) -> bool:
    """No file gives the number under which a third party's letter is kept."""
    return one.day is None or one.third


def _insert(batch: ImportBatch, fresh: Sequence[tuple[UUID, Request]]) -> None:
    day_of, now = connection.ops.adapt_datefield_value, connection.ops.adapt_datetimefield_value(clock.now())
    insert_rows(
        Enrolment,
        COLUMNS,
        [
            (
                ids.new(),
                batch.register,
                person,
                "file",
                "third_party" if one.third else "unsaid",
                "",
                day_of(one.day),
                day_of(one.day + RECEIPT if one.day else None),
                "to_complete" if _lacks(one) else "acknowledged" if one.sent else "effective",
                day_of(None if _lacks(one) else one.sent),
                batch.pk,
                batch.agent_id,
                now,
            )
            for person, one in fresh
        ],
    )


def _date(known: Mapping[UUID, Enrolment], asked: Mapping[UUID, Request]) -> int:
    """Days that this file is the first to give, or corrects; how many. A letter that left keeps the day it quotes."""
    day_of = connection.ops.adapt_datefield_value
    moved: dict[str, list[tuple[Any, ...]]] = {"to_complete": [], "effective": []}
    for person, row in known.items():
        one = asked[person]
        if one.day is None or row.channel != "file" or row.received_on == one.day or row.state not in moved:
            continue
        if one.news or (row.state == "to_complete" and row.received_on is None):
            target = "effective" if row.asked_by != "third_party" else row.state
            moved[row.state].append((day_of(one.day), day_of(one.day + RECEIPT), target, row.pk))
    columns = ("received_on", "due_on", "state")
    return sum(update_rows(Enrolment, columns, rows, [state]) for state, rows in moved.items())


def _send(known: Mapping[UUID, Enrolment], asked: Mapping[UUID, Request]) -> None:
    """Letters that left since the last file, as this one says; the day that an agent noted stays."""
    sources, target = ENROLMENT.verbs["acknowledge"]
    day_of = connection.ops.adapt_datefield_value
    rows = [
        (day_of(sent), target, row.pk)
        for person, row in known.items()
        if row.channel == "file" and row.state in ("to_complete", *sources) and (sent := asked[person].sent)
    ]
    update_rows(Enrolment, ("acknowledged_on", "state"), rows, sources)


def withdraw_requests(batch: ImportBatch, persons: Sequence[UUID]) -> int:
    """Their file was loaded by mistake: no letter is due any more; how many."""
    sources, target = ENROLMENT.verbs["withdraw"]
    gone = 0
    for start in range(0, len(persons), CHUNK):
        rows = Enrolment.objects.filter(register=batch.register, person__in=persons[start : start + CHUNK])
        gone += rows.filter(channel="file", state__in=sources).update(state=target)
    return gone


def asked_since(batch: ImportBatch, persons: Sequence[UUID]) -> set[UUID]:
    """Those who asked to be in the register by another way than a file: withdrawing it must not put them out."""
    found: set[UUID] = set()
    for start in range(0, len(persons), CHUNK):
        rows = Enrolment.objects.filter(register=batch.register, person__in=persons[start : start + CHUNK])
        found |= set(rows.exclude(channel="file").exclude(state__in=ENDED).values_list("person", flat=True))
    return found
