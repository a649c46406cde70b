"""Who is read as whom: open aliases, followed to their end. The number of queries does not grow with the persons."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final
from uuid import UUID

from entremise.people.models import PersonAlias

DEEPEST: Final = 10
"""Aliases followed one after the other, at most (reference linkage § 8)."""
MANY: Final = 5_000
"""Persons beyond which reading every open alias costs less than asking for each."""


def current(persons: Iterable[UUID]) -> dict[UUID, UUID]:
    """`{person: person they are read as today}`, themselves when nothing unites them. At most `DEEPEST` queries."""
    found = {person: person for person in persons}
    if len(found) > MANY:
        every = dict(PersonAlias.objects.filter(closed_at=None).values_list("absorbed", "kept"))
        return {person: _end(every, person) for person in found}
    step: dict[UUID, UUID] = {}
    ask = set(found)
    for _ in range(DEEPEST):
        rows = PersonAlias.objects.filter(closed_at=None, absorbed__in=ask).values_list("absorbed", "kept")
        fresh = dict(rows) if ask else {}
        if not fresh:
            break
        step |= fresh
        ask = set(fresh.values()) - step.keys()
    return {person: _end(step, person) for person in found}


def _end(step: Mapping[UUID, UUID], person: UUID) -> UUID:
    for _ in range(DEEPEST):
        if person not in step:
            break
        person = step[person]
    return person


def together(person: UUID) -> frozenset[UUID]:
    """Everybody who is one with this person today, themselves included."""
    return frozenset(together_many([person])[person])


def together_many(persons: Iterable[UUID]) -> dict[UUID, frozenset[UUID]]:
    """`{person: those who are one with them}`. A flat number of queries."""
    ends = current(persons)
    rows = under(set(ends.values()))
    members: dict[UUID, set[UUID]] = {end: {end} for end in ends.values()}
    head = {end: end for end in members}
    for row in rows:  # from the head down
        head[row.absorbed_id] = head[row.kept_id]
        members[head[row.kept_id]].add(row.absorbed_id)
    return {person: frozenset(members[end]) for person, end in ends.items()}


def under(heads: Collection[UUID]) -> list[PersonAlias]:
    """The open aliases of all those read as these persons, from the nearest down. At most `DEEPEST` queries."""
    found: list[PersonAlias] = []
    ask, seen = set(heads), set(heads)
    for _ in range(DEEPEST):
        level = _of_kept(ask) if ask else []
        ask = {row.absorbed_id for row in level} - seen
        seen |= ask
        if not level:
            break
        found += level
    return found


def _of_kept(persons: Collection[UUID]) -> list[PersonAlias]:
    rows = PersonAlias.objects.filter(closed_at=None).order_by("pk")
    if len(persons) > MANY:
        return [row for row in rows if row.kept_id in persons]
    return list(rows.filter(kept__in=persons))
