"""Keeping the marks of telephone lines, each time a number is sealed: the only moment it is in clear."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.people.engine import phone as phones
from entremise.people.models import LineMark
from entremise.people.registry import REGISTER
from entremise.vault import usecases as vault

CHECKED = declare("people.line.checked", "a noté l’état d’une ligne téléphonique")
SOME = 900
NEXT = "|"
"""`apa.phone|1` is the second number of a cell that holds two (« 04 76 … / 06 39 … »)."""


def is_phone(field: str) -> bool:
    """Whether a sealed field of any register holds the person's own telephone (`phone~` is what a file said)."""
    return field.partition(".")[2].partition("#")[0] == "phone"


def numbers_of(field: str, value: str) -> dict[str, str]:
    """The E.164 numbers of a sealed cell, by field (`apa.phone`, then `apa.phone|1`); what is none is left out."""
    found: dict[str, str] = {}
    for text in value.split(" / "):
        try:
            clean = text if phones.FRENCH.fullmatch(text) else phones.normalise(text)
        except ValueError:
            continue
        if clean not in found.values():
            found[f"{field}{NEXT}{len(found)}" if found else field] = clean
    return found


@sensitive_variables()
@transaction.atomic
def mark_lines(*, cells: Mapping[UUID, Mapping[str, str]]) -> int:
    """Keep the marks of the telephones just sealed (`{person: {field: cell}}`, an empty cell forgets; other fields
    are not looked at); how many.

    Called by whatever writes a telephone, in the same transaction. A number that did not change keeps what was
    learnt of it. Three queries per 900 persons.
    """
    asked = {
        person: here
        for person, fields in cells.items()
        if (here := {name: cell for name, cell in fields.items() if is_phone(name)})
    }
    if not asked:
        return 0
    numbers = [
        (person, field, number)
        for person, fields in asked.items()
        for name, cell in fields.items()
        for field, number in numbers_of(name, cell).items()
    ]
    marks = vault.fingerprints(register=REGISTER, kind="line", values=[number for _, _, number in numbers])
    fresh = {
        (person, field): LineMark(
            person_id=person, field=field, mark=mark.hex(), mobile=phones.receives_sms(number), at=clock.now()
        )
        for (person, field, number), mark in zip(numbers, marks, strict=True)
    }
    persons = list(asked)
    for start in range(0, len(persons), SOME):
        some = persons[start : start + SOME]
        gone = []
        for row in LineMark.objects.filter(person__in=some):
            if row.field.partition(NEXT)[0] not in asked[row.person_id]:
                continue
            new = fresh.get((row.person_id, row.field))
            if new is not None and new.mark == row.mark:
                del fresh[(row.person_id, row.field)]
            else:
                gone.append(row.pk)
        if gone:
            LineMark.objects.filter(pk__in=gone).delete()
    LineMark.objects.bulk_create(fresh.values(), batch_size=1000, ignore_conflicts=True)
    return len(fresh)


@transaction.atomic
def check_line(actor: Actor, *, person: UUID, field: str, status: str) -> None:
    """What a call taught of a line: `valid`, `wrong` or `out_of_service`, for this person. NotFound, ValueError."""
    if status not in LineMark.STATUSES:
        raise ValueError(f"a line is not {status!r}")
    row = LineMark.objects.filter(person=person, field=field).first()
    if row is None:
        raise NotFound("Cette ligne n’existe plus.")
    if row.status == status:
        return
    LineMark.objects.filter(pk=row.pk).update(status=status, checked_at=clock.now())
    record(actor, CHECKED, row, status=status)


def forget_lines(persons: Collection[UUID]) -> None:
    """The marks go with the numbers (RGPD 17)."""
    LineMark.objects.filter(person__in=list(persons)).delete()
