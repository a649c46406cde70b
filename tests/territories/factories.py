"""Real territories for the tests of every context."""

from __future__ import annotations

from copy import copy
from functools import cache

from entremise.territories.models import Kind, SearchTerm, Territory
from entremise.territories.usecases import reference


@cache
def _shipped(department: str) -> tuple[Territory, ...]:
    """Read once per run: unpacking the shipped file takes longer than most tests."""
    return tuple(
        Territory(**dict(zip(reference.FIELDS, row, strict=True))) for row in reference._shipped([department])
    )


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
    words = reference._terms(tuple(getattr(town, name) for name in reference.FIELDS))
    SearchTerm.objects.bulk_create(
        SearchTerm(territory=town, term=term, weight=weight, population=town.population) for term, weight in words
    )
    return town
