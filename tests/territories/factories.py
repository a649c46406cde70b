"""Real territories for the tests of every context."""

from __future__ import annotations

from copy import copy
from functools import cache

from entremise.territories import usecases
from entremise.territories.models import Kind, SearchTerm, Territory


@cache
def _shipped(department: str) -> tuple[Territory, ...]:
    """Read once per run: unpacking the shipped file takes longer than most tests."""
    return tuple(usecases._shipped([department]))


def commune(code: str = "38185") -> Territory:
    """The commune with its real data, what stands above it, and the words it is found by."""
    found = Territory.objects.filter(kind=Kind.COMMUNE, code=code).first()
    if found is not None:
        return found
    rows = _shipped(code[:3] if code.startswith("97") else code[:2])
    town = copy(next(row for row in rows if row.kind == Kind.COMMUNE and row.code == code))
    held = set(Territory.objects.values_list("kind", "code"))
    above = [row for row in rows if row.code in (town.department_code, town.region_code, town.epci_code)]
    Territory.objects.bulk_create([copy(r) for r in above if r.kind != Kind.COMMUNE and (r.kind, r.code) not in held])
    town.save(force_insert=True)
    SearchTerm.objects.bulk_create(usecases._terms(town))
    return town
