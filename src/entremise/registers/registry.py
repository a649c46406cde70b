"""What upper contexts tell the registers of a person: their calls, which only `outreach` knows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Calls:
    """`unanswered`: the last two calls rang in vain. `last`: the day of the last contact, None when there is none."""

    unanswered: bool
    last: date | None = None


CallsOf = Callable[[Collection[UUID]], Mapping[UUID, Calls]]
_calls_of: list[CallsOf] = []


def declare_calls(ask: CallsOf) -> None:
    """Declared by `outreach`: the calls of these persons, by person. ValueError if twice."""
    if _calls_of:
        raise ValueError("the calls are declared twice")
    _calls_of.append(ask)


def knows_calls() -> bool:
    """Whether a context keeps calls here: otherwise « deux appels sans réponse » is said of nobody."""
    return bool(_calls_of)


def calls_of(persons: Collection[UUID]) -> Mapping[UUID, Calls]:
    """The calls of these persons; empty while no context declared them."""
    return _calls_of[0](persons) if _calls_of else {}
