"""Invented plans of calls: small ones, to be compared with other ways of computing; large ones, to be measured."""

from __future__ import annotations

import random

from entremise.outreach.engine.planning import NOBODY, Caller, Persons, Problem, Weights


def example() -> Problem:
    """The example of the reference, § 7.1: its best plan costs 18. Slots: morning (bit 1), afternoon (bit 2)."""
    persons = Persons()
    persons.add(complexity=1, fragility=3, mask=1)
    persons.add(complexity=2, fragility=1, previous=0)
    persons.add(complexity=1, language=1, fragility=2, mask=2)
    zoe = Caller(0b01, (1, 2), (1, 1), ((1, 1), (1, 1)))
    nour = Caller(0b11, (2, 2), (2, 0), ((2, 2), (0, 0)))
    return Problem(2, (1, 2), persons, (zoe, nour))


def invented(
    people: int,
    callers: int,
    *,
    weeks: int = 8,
    halves: int = 10,
    seed: int = 1,
    ease: float = 1.0,
    known: float = 0.8,
) -> Problem:
    """A call centre: half-days, four languages, four levels that rise halfway, callers there half of the time.

    `ease`: places for one person, about; under 1.1, not everybody may be called. `known`: share of the persons whom
    one of the callers called before.
    """
    draw = random.Random(seed)
    persons = Persons()
    for _ in range(people):
        persons.add(
            previous=draw.randrange(callers) if callers and draw.random() < known else NOBODY,
            complexity=draw.choices([1, 2, 3, 4], [50, 30, 15, 5])[0],
            language=draw.choices([0, 1, 2, 3], [85, 7, 5, 3])[0],
            fragility=draw.choices([0, 1, 2, 3], [40, 30, 20, 10])[0],
            mask=draw.choices([0, 1, 2, 3], [40, 30, 20, 10])[0],
            first=draw.choices([0, 1], [90, 10])[0] if weeks > 1 else 0,
        )
    team = []
    for _ in range(callers):
        level = draw.choices([1, 2, 3, 4], [35, 35, 20, 10])[0]
        levels = tuple(level + (week >= weeks // 2 and level < 3) for week in range(weeks))
        spoken = 1 | sum(1 << n for n, share in ((1, 0.12), (2, 0.1), (3, 0.06)) if draw.random() < share)
        each = people / callers / weeks * ease
        weekly = tuple(max(1, round(each * draw.uniform(0.6, 1.6))) for _ in range(weeks))
        calls = tuple(tuple(draw.choice([0, 0, 4, 6]) for _ in range(halves)) for _ in range(weeks))
        team.append(Caller(spoken, levels, weekly, calls))
    return Problem(weeks, tuple(1 << n % 2 for n in range(halves)), persons, tuple(team))


def tiny(seed: int) -> Problem:
    """A few persons and callers, with weights drawn too: for other ways of computing."""
    draw = random.Random(seed)
    persons, callers, weeks, halves = Persons(), draw.randint(1, 4), draw.randint(1, 3), draw.randint(1, 3)
    for _ in range(draw.randint(1, 12)):
        persons.add(
            previous=draw.randint(NOBODY, callers - 1), complexity=draw.randint(1, 3), language=draw.randint(0, 1),
            fragility=draw.randint(0, 3), mask=draw.randint(0, 3), first=draw.randrange(weeks),
        )  # fmt: skip
    team = tuple(
        Caller(
            draw.randint(1, 3),
            tuple(sorted(draw.randint(1, 3) for _ in range(weeks))),
            tuple(draw.randint(0, 3) for _ in range(weeks)),
            tuple(tuple(draw.randint(0, 2) for _ in range(halves)) for _ in range(weeks)),
        )
        for _ in range(callers)
    )
    slots = tuple(draw.choice([1, 2]) for _ in range(halves))
    weights = Weights(
        unserved=(200, 300, 500, 900), delay=(draw.randint(0, 9), 10, 40, 120), other_caller=draw.randint(0, 200),
        slot=draw.randint(0, 80), over=draw.randint(0, 12),
    )  # fmt: skip
    return Problem(weeks, slots, persons, team, weights)
