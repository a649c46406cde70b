"""Persons that a file brings: recognised before they come in, sealed together, told of the register or not yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.people.models import IdentityMark, Information, Objection, Person
from entremise.people.usecases.lines import mark_lines
from entremise.people.usecases.objections import _marks, apply_objections
from entremise.vault import usecases as vault

ENROLLED = declare("people.persons.enrolled", "a inscrit des personnes venues d’un fichier")
INFORMED = declare("people.informations.recorded", "a noté que des personnes ont été informées d’un registre")
SOME = 900


@dataclass(frozen=True, slots=True)
class Known:
    """Who a row recognises, by name and telephone or name and birth: persons, and what they said no to."""

    persons: frozenset[UUID] = frozenset()
    objections: frozenset[str] = frozenset()


def _identity(values: Mapping[str, str]) -> dict[str, str]:
    return {**values, "phone": values.get("phone", "").split(" / ")[0]}


@sensitive_variables()
def recognised(rows: Sequence[Mapping[str, str]]) -> list[Known]:
    """For each row of a file (`names`, `phone`, `birth_date`, without the register), who is known so. Nothing is
    read from the vault; three queries for 900 prints."""
    places = [uuid4() for _ in rows]
    marks = _marks(dict(zip(places, map(_identity, rows), strict=True)))
    owners: dict[bytes, set[UUID]] = {}
    wanted = sorted({mark for _, _, mark in marks})
    for start in range(0, len(wanted), SOME):
        found = IdentityMark.objects.filter(mark__in=wanted[start : start + SOME])
        for person, mark in found.values_list("person", "mark"):
            owners.setdefault(bytes(mark), set()).add(person)
    every = sorted(set().union(*owners.values())) if owners else []
    said: dict[UUID, set[str]] = {}
    for start in range(0, len(every), SOME):
        live = Objection.objects.filter(person__in=every[start : start + SOME], withdrawn_at=None)
        for person, purpose in live.values_list("person", "purpose"):
            said.setdefault(person, set()).add(purpose)
    by_place: dict[UUID, set[UUID]] = {}
    for place, _, mark in marks:
        by_place.setdefault(place, set()).update(owners.get(mark, ()))
    nobody = Known()
    return [
        Known(frozenset(persons), frozenset().union(*(said.get(one, ()) for one in persons)))
        if (persons := by_place.get(place))
        else nobody
        for place in places
    ]


@sensitive_variables()
@transaction.atomic
def enrol_many(
    actor: Actor,
    *,
    register: str,
    rows: Sequence[Mapping[str, str]],
    purpose: str = "registers.keep",
    motive: str,
    frozen: bool = False,
) -> list[UUID]:
    """New persons in a register, in the order of `rows` (fields without their register, clean); one trace.

    Objections said under another identity are carried over. `frozen`: they serve nothing until their whole file is
    in (`vault.usecases.set_records`). Raises as `vault.usecases.write_many`.
    """
    if not rows:
        return []
    persons = [Person() for _ in rows]
    Person.objects.bulk_create(persons, batch_size=1000)
    sealed = {
        person.pk: {f"{register}.{name}": value for name, value in row.items() if value}
        for person, row in zip(persons, rows, strict=True)
    }
    vault.write_many(actor, rows=sealed, register=register, purpose=purpose, motive=motive, frozen=frozen)
    apply_objections(actor, persons={person.pk: _identity(row) for person, row in zip(persons, rows, strict=True)})
    mark_lines(cells=sealed)
    record(actor, ENROLLED, persons[0], register=register, persons=len(persons))
    return [person.pk for person in persons]


@transaction.atomic
def record_informations(actor: Actor, *, told: Mapping[UUID, date], register: str, way: str, text_version: str) -> int:
    """Many persons were told of a register, each on their day, as the file that brings them says; how many.

    The states of their records are the caller's. Said again for the same day, it is one.
    """
    known = set()
    persons = list(told)
    for start in range(0, len(persons), SOME):
        rows = Information.objects.filter(person__in=persons[start : start + SOME], register=register)
        known |= set(rows.values_list("person", "informed_on"))
    fresh = [
        Information(
            person_id=person,
            register=register,
            way=way,
            text_version=text_version,
            informed_on=day,
            recorded_by=actor.user_id,
            at=clock.now(),
        )
        for person, day in told.items()
        if (person, day) not in known
    ]
    Information.objects.bulk_create(fresh, batch_size=1000)
    if fresh:
        record(actor, INFORMED, Person(pk=fresh[0].person_id), register=register, persons=len(fresh))
    return len(fresh)
