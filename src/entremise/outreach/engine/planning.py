"""What a plan of calls is made of: persons, callers, weeks, slots, and what each choice costs. Plain Python.

Source: reference outreach-and-referrals § 7. A plan gives each person at most one call: who, which week, which slot.
Nothing here names anybody: a person and a caller are places in columns.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import NamedTuple

NOBODY = -1


@dataclass(frozen=True, slots=True)
class Weights:
    """Points. `unserved` and `delay` (for each week waited) by fragility 0–3; the three others for one call."""

    unserved: tuple[int, int, int, int] = (1000, 2000, 4000, 8000)
    delay: tuple[int, int, int, int] = (5, 10, 40, 120)
    other_caller: int = 150
    slot: int = 60
    over: int = 8


class Person(NamedTuple):
    """One row of `Persons`."""

    previous: int
    complexity: int
    language: int
    fragility: int
    mask: int
    first: int


@dataclass(slots=True)
class Persons:
    """Columns of equal length. `previous`: place of the caller of the last contact, or NOBODY. `language`: 0–62.

    `mask`: bits of the kinds of slots the person prefers, 0 = no preference. `complexity` 1–4, `fragility` 0–3.
    `first`: the first week when the person may be called, from which delay counts.
    """

    previous: array[int] = field(default_factory=lambda: array("i"))
    complexity: array[int] = field(default_factory=lambda: array("b"))
    language: array[int] = field(default_factory=lambda: array("b"))
    fragility: array[int] = field(default_factory=lambda: array("b"))
    mask: array[int] = field(default_factory=lambda: array("h"))
    first: array[int] = field(default_factory=lambda: array("b"))

    def add(
        self,
        *,
        complexity: int,
        language: int = 0,
        fragility: int = 0,
        mask: int = 0,
        previous: int = NOBODY,
        first: int = 0,
    ) -> None:
        self.previous.append(previous)
        self.complexity.append(complexity)
        self.language.append(language)
        self.fragility.append(fragility)
        self.mask.append(mask)
        self.first.append(first)

    def __len__(self) -> int:
        return len(self.complexity)

    def __iter__(self) -> Iterator[Person]:
        """Each, as a row."""
        columns = (self.previous, self.complexity, self.language, self.fragility, self.mask, self.first)
        return map(Person._make, zip(*columns, strict=True))


@dataclass(frozen=True, slots=True)
class Caller:
    """`languages`: bits. `levels` and `weekly`: level and most calls, week by week. `calls`: most calls in each slot
    of each week, 0 where the caller is not there."""

    languages: int
    levels: tuple[int, ...]
    weekly: tuple[int, ...]
    calls: tuple[tuple[int, ...], ...]

    def without(self, week: int | None = None) -> Caller:
        """The same caller, absent that week, or all along."""
        gone = tuple(tuple(0 for _ in slots) if week in (None, at) else slots for at, slots in enumerate(self.calls))
        return replace(self, calls=gone)


def rising(level: int, done: int, expected: float, *, needs: tuple[int, int], weeks: int) -> tuple[int, ...]:
    """The level a caller may be expected to have, week by week: conversations done, then so many more each week.

    `needs`: complete conversations for level 2, then as many more for level 3. Level 4 is asked for in writing, never
    expected; a promotion stays a human decision, and the claim looks at the level of the day. Reference §§ 6, 7.1.
    """
    marks = {2: needs[0], 3: needs[0] + needs[1]}
    found = []
    for week in range(weeks):
        while level + 1 in marks and week and done + expected * week >= marks[level + 1]:
            level += 1
        found.append(level)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Problem:
    """`slots`: the kind of each slot of a week, as a bit of the masks of preference."""

    weeks: int
    slots: tuple[int, ...]
    persons: Persons
    callers: tuple[Caller, ...]
    weights: Weights = Weights()

    def hash(self) -> str:
        """sha256 of everything a solver reads."""
        said = hashlib.sha256()
        shape = {"weeks": self.weeks, "slots": self.slots, "weights": asdict(self.weights)}
        said.update(json.dumps(shape, sort_keys=True).encode())
        for caller in self.callers:
            said.update(json.dumps(asdict(caller), sort_keys=True).encode())
        for column in Person._fields:
            said.update(getattr(self.persons, column).tobytes())
        return said.hexdigest()

    def can(self, caller: Caller, week: int, *, complexity: int, language: int) -> bool:
        """The hard conditions but presence: the level of that week, the language."""
        return caller.levels[week] >= complexity and bool(caller.languages >> language & 1)


@dataclass(frozen=True, slots=True)
class Seat:
    """One call planned: `caller` is a place in `Problem.callers`."""

    caller: int
    week: int
    slot: int


GONE = Seat(NOBODY, NOBODY, NOBODY)
"""In a plan made before: a place that no longer exists, for its caller has left or its moment is over."""
Plan = Sequence[Seat | None]
"""For each person, the call planned, or None: not served within these weeks."""


def terms(problem: Problem, person: Person, seat: Seat | None) -> dict[str, int]:
    """What this choice costs, by cause; only what is not zero. Sources: reference § 7.1."""
    weights = problem.weights
    if seat is None:
        return {"unserved": weights.unserved[person.fragility]}
    level = problem.callers[seat.caller].levels[seat.week]
    found = {
        "delay": weights.delay[person.fragility] * (seat.week - person.first),
        "other_caller": weights.other_caller if person.previous not in (NOBODY, seat.caller) else 0,
        "slot": weights.slot if person.mask and not person.mask & problem.slots[seat.slot] else 0,
        "over": weights.over * (level - person.complexity),
    }
    return {cause: points for cause, points in found.items() if points}
