"""Real territories for the tests of every context."""

from __future__ import annotations

from entremise.kernel.actors import Actor
from entremise.territories import queries, usecases
from entremise.territories.models import Territory


def commune(code: str = "38185") -> Territory:
    """The commune with its real data: its département is loaded from the shipped file if it is not there yet."""
    found = Territory.objects.filter(kind="commune", code=code).first()
    if found is not None:
        return found
    department = code[:3] if code.startswith("97") else code[:2]
    usecases.load_reference(Actor.machine("tests"), departments=[department])
    return queries.commune(code)
