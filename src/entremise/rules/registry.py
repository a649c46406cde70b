"""Rule points: the settings that belong to the community. Contexts declare them, a vote moves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from entremise.rules.engine.facts import RegisterFacts

Value = int | bool | str


@dataclass(frozen=True, slots=True)
class RulePoint:
    """A named parameter with its default and its bounds.

    A whole number has `minimum` and `maximum`; a choice has `choices`; a yes/no has neither.
    `loosens` says which way needs the stronger majority: `up`, `down`, or the value that loosens.
    """

    key: str
    label: str
    default: Value
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    loosens: Literal["", "up", "down"] | str = ""
    unit: str = ""

    def accepts(self, value: object) -> bool:
        if isinstance(self.default, bool):
            return isinstance(value, bool)
        if isinstance(self.default, int):
            whole = isinstance(value, int) and not isinstance(value, bool)
            return whole and (self.minimum or 0) <= value <= (self.maximum or 0)  # type: ignore[operator]
        return value in self.choices


_points: dict[str, RulePoint] = {}


def declare(point: RulePoint) -> RulePoint:
    if point.key in _points:
        raise ValueError(f"rule point {point.key!r} is declared twice")
    if not point.accepts(point.default):
        raise ValueError(f"rule point {point.key!r}: default outside its bounds")
    _points[point.key] = point
    return point


def declared() -> Mapping[str, RulePoint]:
    return _points


# What the siblings `vault` and `commons`, who never meet, tell each other (reference rules-vault-commons § 2).

CollegeOf = Callable[[int, datetime], str | None]
Activated = Callable[[int], None]
_college_of: list[CollegeOf] = []
_on_activated: list[Activated] = []


def declare_college_of(ask: CollegeOf) -> None:
    """Declared by `commons`: the college where this user holds a seat at that moment. Raises ValueError if twice."""
    if _college_of:
        raise ValueError("college_of is declared twice")
    _college_of.append(ask)


def college_of(user_id: int, at: datetime) -> str | None:
    """The college code of a user, None without a seat or while no context declared colleges."""
    return _college_of[0](user_id, at) if _college_of else None


@dataclass(frozen=True, slots=True)
class RegisterShape:
    """A register as the explorer asks about it: its facts, its fields (code → French, category)."""

    code: str
    label: str
    facts: RegisterFacts
    fields: Mapping[str, tuple[str, str]]


Shapes = Callable[[], Sequence[RegisterShape]]
_shapes: list[Shapes] = []


def declare_registers(ask: Shapes) -> None:
    """Declared by `vault`: the registers there are, without any record. Raises ValueError if twice."""
    if _shapes:
        raise ValueError("the registers are declared twice")
    _shapes.append(ask)


def registers() -> Sequence[RegisterShape]:
    """Every register, by name; none while no context declared them."""
    return _shapes[0]() if _shapes else ()


def on_activated(deed: Activated) -> Activated:
    """Run `deed(number)` in the transaction that puts a rule set into force: it fails, nothing changes."""
    _on_activated.append(deed)
    return deed


def activated() -> Sequence[Activated]:
    return tuple(_on_activated)
