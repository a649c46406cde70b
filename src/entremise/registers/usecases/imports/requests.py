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
from django.db.models import Case, DateField, Value, When

from entremise.kernel import clock, ids
from entremise.kernel.db import insert_rows
from entremise.registers.models import ENROLMENT, Enrolment, ImportBatch
from entremise.registers.models.life import ENDED, RECEIPT
from entremise.registers.usecases.imports import files
from entremise.registers.usecases.imports.passage import Judged

CHUNK: Final = 5_000
SOME: Final = 500
"""Dates in one UPDATE."""
COLUMNS: Final = ("public_id", "register", "person_id", "channel", "asked_by", "proof", "received_on", "due_on",
                  "state", "batch_id", "recorded_by", "created_at")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """What a row says of the request: its day, whether a third party made it. `news`: the row changed, or is new."""

    day: date | None
    third: bool
    news: bool


def request_of(one: Judged) -> Request:
    """What a judged row says of the request; the day is None when the file gives none that can be read."""
    day = one.row.values.get("requested_on", "")
    return Request(date.fromisoformat(day) if day else None, "third_party" in one.row.values, one.effect != "same")


def enrol_requests(batch: ImportBatch, asked: Mapping[UUID, Request]) -> dict[str, int]:
    """Enrol the persons of a file of the legal register: `enrolled`, `to_complete`, `dated` (completed by this file).

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
                "to_complete" if _lacks(one) else "effective",
                batch.pk,
                batch.agent_id,
                now,
            )
            for person, one in fresh
        ],
    )


def _date(known: Mapping[UUID, Enrolment], asked: Mapping[UUID, Request]) -> int:
    """Days that this file is the first to give, or corrects; how many. A letter that left keeps the day it quotes."""
    days: dict[int, date] = {}
    whole: list[int] = []
    for person, row in known.items():
        one = asked[person]
        if one.day is None or row.channel != "file" or row.received_on == one.day:
            continue
        if row.state == "to_complete" and (row.received_on is None or one.news):
            days[row.pk] = one.day
            if row.asked_by != "third_party":
                whole.append(row.pk)
        elif row.state == "effective" and one.news:
            days[row.pk] = one.day
    done = 0
    for start in range(0, len(days), SOME):
        some = dict(list(days.items())[start : start + SOME])
        rows = Enrolment.objects.filter(pk__in=list(some), state__in=("to_complete", "effective"))
        done += rows.update(received_on=_case(some), due_on=_case({pk: day + RECEIPT for pk, day in some.items()}))
    for start in range(0, len(whole), SOME):
        sources, target = ENROLMENT.verbs["complete"]
        Enrolment.objects.filter(pk__in=whole[start : start + SOME], state__in=sources).update(state=target)
    return done


def _case(days: Mapping[int, date]) -> Any:
    return Case(*(When(pk=pk, then=Value(day)) for pk, day in days.items()), output_field=DateField())


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
