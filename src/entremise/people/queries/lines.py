from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from entremise.people.models import LineMark
from entremise.people.queries.aliases import together_many

DIALLABLE = ("valid", "unverified")
SOME = 900


def lines_of(persons: Collection[UUID]) -> Mapping[UUID, Sequence[LineMark]]:
    """The lines that may be dialled for these persons, those of who is one with them included; the first to dial
    first (known as valid, then the person's registers before their other telephones). A flat number of queries."""
    united = together_many(persons)
    rows: dict[UUID, list[LineMark]] = {}
    every = sorted(frozenset().union(*united.values())) if united else []
    for start in range(0, len(every), SOME):
        for row in LineMark.objects.filter(person__in=every[start : start + SOME], status__in=DIALLABLE):
            rows.setdefault(row.person_id, []).append(row)
    found: dict[UUID, Sequence[LineMark]] = {}
    for person, members in united.items():
        mine = [row for one in sorted(members, key=lambda pk: (pk != person, pk)) for row in rows.get(one, ())]
        mine.sort(key=lambda row: (row.status != "valid", row.field.startswith("personne."), "|" in row.field))
        once: dict[str, LineMark] = {}
        for row in mine:
            once.setdefault(row.mark, row)
        found[person] = list(once.values())
    return found


def on_line(mark: str) -> list[UUID]:
    """The persons who answer on this line. One query."""
    return list(LineMark.objects.filter(mark=mark).order_by("person").values_list("person", flat=True).distinct())
