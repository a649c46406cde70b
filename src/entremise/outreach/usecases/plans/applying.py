"""What a plan writes: on the tasks, slice by slice, then its own figures, and only while its worker still holds it.

A plan ranks, it gives nothing to anybody: a reader who meets slices of two plans for a second loses nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.db import connection, transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.claims import LeaseLost
from entremise.outreach.engine.making import Made
from entremise.outreach.engine.planning import Seat, terms
from entremise.outreach.models import CallPlan
from entremise.outreach.queries.planning import KINDS, Inputs, Settings, Task, asdict_json
from entremise.outreach.usecases.plans.asking import MACHINE

DONE = declare("outreach.plan.done", "a terminé un plan d’appels")

MANY: Final = 5_000
LAST: Final = 900_000
"""Rank of those without a place: after everybody, the most fragile first among them."""
PRICES: Final = 4_000
"""Prices kept, the highest first: weeks × slots × levels × languages of a large campaign."""

Row = tuple[int, int, int | None, str, str]
SQLITE = """
UPDATE outreach_calltask SET rank = json_extract(v.value, '$[1]'), planned_caller_id = json_extract(v.value, '$[2]'),
       planned_slot = json_extract(v.value, '$[3]'), planned_terms = json_extract(v.value, '$[4]')
FROM json_each(%s) AS v WHERE outreach_calltask.id = json_extract(v.value, '$[0]')
     AND outreach_calltask.state IN ('ready', 'scheduled', 'claimed')
"""
POSTGRES = """
UPDATE outreach_calltask SET rank = (v.value ->> 1)::integer, planned_caller_id = (v.value ->> 2)::bigint,
       planned_slot = v.value ->> 3, planned_terms = (v.value ->> 4)::jsonb
FROM jsonb_array_elements(%s::jsonb) AS v WHERE outreach_calltask.id = (v.value ->> 0)::bigint
     AND outreach_calltask.state IN ('ready', 'scheduled', 'claimed')
"""


def write(plan: CallPlan, given: Inputs, made: Made) -> int:
    """Write the changed tasks, two statements for 5,000 of them; how many changed. Raises LeaseLost."""
    changed = list(_changed(given, made.plan))
    for start in range(0, len(changed), MANY):
        with transaction.atomic():
            _hold(plan)
            with connection.cursor() as cursor:
                statement = POSTGRES if connection.vendor == "postgresql" else SQLITE
                cursor.execute(statement, [json.dumps(changed[start : start + MANY])])
    return len(changed)


def _hold(plan: CallPlan, **changes: Any) -> None:
    """Go on only while the plan is ours: the row stays locked until the end of the transaction."""
    rows = CallPlan.objects.filter(pk=plan.pk, token=plan.token, state="running")
    if not rows.update(**{"step": "write", **changes}):
        raise LeaseLost("Ce plan a été arrêté, ou repris par un autre travailleur.")


def _changed(given: Inputs, plan: Sequence[Seat | None]) -> Iterator[Row]:
    """The tasks whose place in the plan is not what they already say."""
    for task, person, seat in zip(given.tasks, given.problem.persons, plan, strict=True):
        cost = terms(given.problem, person, seat)
        rank = _rank(given, seat, person.fragility)
        caller = given.callers[seat.caller] if seat else None
        moment = given.moment(seat) if seat else ""
        if task != Task(task.pk, rank, caller, moment, cost):
            yield task.pk, rank, caller, moment, json.dumps(cost)


def _rank(given: Inputs, seat: Seat | None, fragility: int) -> int:
    """By day, then moment of the day, then the most fragile first: two tasks alike have one rank."""
    if seat is None:
        return LAST + 3 - fragility
    days, kind = given.slots[seat.slot]
    return ((seat.week * 7 + days) * len(KINDS) + KINDS.index(kind)) * 4 + 4 - fragility


def finish(plan: CallPlan, given: Inputs, made: Made, settings: Settings, rule_set: int | None) -> None:
    """The figures of a plan whose tasks are written. Raises LeaseLost."""
    account, problem = made.account, given.problem
    placed = Counter(seat.week for seat in made.plan if seat)
    places = [
        sum(min(caller.weekly[week], sum(caller.calls[week])) for caller in problem.callers)
        for week in range(problem.weeks)
    ]
    best = sorted(made.prices, key=lambda price: -price.points)[:PRICES]
    with transaction.atomic():
        _hold(
            plan, state="done", step="", share=1.0, solver=made.solver, persons=len(problem.persons),
            callers=len(problem.callers), weeks=problem.weeks, starts_on=given.starts_on, slots=given.slots,
            by_week=[[placed[week], places[week]] for week in range(problem.weeks)], served=account.served,
            same_caller=account.kept, preferred_slot=account.pleased, with_previous=account.with_previous,
            wished=account.wished, value=made.value, lower_bound=made.bound, certified=made.certified,
            greedy=made.simple.value if made.simple else None,
            greedy_served=made.simple.served if made.simple else None, weights=asdict_json(settings.weights),
            rule_set=rule_set, inputs_hash=problem.hash(), finished_at=clock.now(), lease_until=None,
            prices=[[p.week, p.slot, p.level, given.languages[p.language], p.points] for p in best],
        )  # fmt: skip
        record(MACHINE, DONE, plan, persons=len(problem.persons), served=account.served, certified=made.certified)
