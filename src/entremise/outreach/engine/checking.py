"""The plan with its names, looked at again by other means: nothing of the graph or of the solver is used here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from entremise.outreach.engine.planning import NOBODY, Plan, Problem, terms


class PlanRefused(Exception):
    """The plan breaks a hard condition; the text says which, without naming anybody."""


@dataclass(frozen=True, slots=True)
class Account:
    """Recounted person by person. `kept`: same caller as before; `pleased`: at a time they prefer."""

    value: int
    served: int
    kept: int
    pleased: int
    wished: int
    with_previous: int


def check(problem: Problem, plan: Plan) -> Account:
    """Recompute feasibility and cost. Raises PlanRefused (level, language, presence, calls of a slot or a week)."""
    if len(plan) != len(problem.persons):
        raise PlanRefused("the plan does not speak of every person once")
    in_slot: Counter[tuple[int, int, int]] = Counter()
    in_week: Counter[tuple[int, int]] = Counter()
    value = served = kept = pleased = wished = with_previous = 0
    for person, seat in zip(problem.persons, plan, strict=True):
        value += sum(terms(problem, person, seat).values())
        wished += bool(person.mask)
        with_previous += person.previous != NOBODY
        if seat is None:
            continue
        caller = problem.callers[seat.caller]
        if caller.levels[seat.week] < person.complexity:
            raise PlanRefused("a person is given to a caller below the level needed")
        if not caller.languages >> person.language & 1:
            raise PlanRefused("a person is given to a caller who does not speak the language")
        if seat.week < person.first:
            raise PlanRefused("a person is called before the first week when they may be")
        served += 1
        kept += person.previous == seat.caller
        pleased += bool(person.mask & problem.slots[seat.slot])
        in_slot[seat.caller, seat.week, seat.slot] += 1
        in_week[seat.caller, seat.week] += 1
    for (who, week, slot), count in in_slot.items():
        if count > problem.callers[who].calls[week][slot]:
            raise PlanRefused("a caller is given more calls than a slot holds, or is absent")
    for (who, week), count in in_week.items():
        if count > problem.callers[who].weekly[week]:
            raise PlanRefused("a caller is given more calls than their week holds")
    return Account(value, served, kept, pleased, wished, with_previous)
