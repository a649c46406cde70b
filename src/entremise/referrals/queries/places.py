"""What `territories` knows, for whoever checks a file."""

from __future__ import annotations

from entremise.referrals.engine.checking import DEPARTMENTS, Places
from entremise.territories.models import Kind, Territory


def known_places() -> Places:
    """Communes, intercommunalités and départements kept here. One query."""
    rows = list(Territory.objects.exclude(kind=Kind.REGION).values_list("kind", "code", "name"))
    towns = {code: name for kind, code, name in rows if kind in (Kind.COMMUNE, Kind.DISTRICT)}
    covered = frozenset(code for kind, code, _ in rows if kind == Kind.DEPARTMENT)
    return Places(
        names=towns,
        epcis=frozenset(code for kind, code, _ in rows if kind == Kind.EPCI),
        covered=covered,
        whole=covered >= DEPARTMENTS,
        by_name={name.lower(): code for code, name in towns.items()},
    )
