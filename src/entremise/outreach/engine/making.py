"""A plan from beginning to proof: solve, prove, name, look again. Without the library: the simple way, not proved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from entremise.outreach.engine.checking import Account, PlanRefused, check
from entremise.outreach.engine.greedy import greedy
from entremise.outreach.engine.planning import Plan, Problem

if TYPE_CHECKING:
    from entremise.outreach.engine.flow import Solver
    from entremise.outreach.engine.pricing import Price

Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Made:
    """`value`: cost, recounted from the named plan. `bound`: what no plan can go below, None where nothing proves one.
    `simple`: the simple way on the same input, None where it was not computed. `solver`: `flow`, `mended` (from the
    plan before) or `greedy`."""

    plan: Plan
    account: Account
    value: int
    bound: int | None
    simple: Account | None
    solver: str
    prices: Sequence[Price]

    @property
    def certified(self) -> bool:
        """No plan costs less: the bound is reached."""
        return self.bound is not None and self.bound == self.value


def can_prove() -> bool:
    """Whether the extra `plan` is installed."""
    return find_spec("ortools") is not None and find_spec("numpy") is not None


def make(
    problem: Problem,
    *,
    before: Plan | None = None,
    also: int = 0,
    compare: bool = True,
    solver: Solver | None = None,
    tell: Tell = lambda step, share: None,
) -> Made:
    """Plan. `before`: the plan there is, mended where only absences separate them. `also`: the common language, spoken
    by whoever would come besides another. `compare`: compute the simple way too. `tell(step, share)`: how far it is.

    Raises SolverFailed, PlanRefused (the named plan does not hold: nothing of it may be used).
    """
    if not can_prove() and solver is None:
        tell("solve", 0.3)
        plan = greedy(problem)
        account = check(problem, plan)
        return Made(plan, account, account.value, None, account, "greedy", ())
    before = before if problem.callers else None
    from entremise.outreach.engine import flow as solving, mending, naming, network as graphs, pricing

    tell("build", 0.2)
    network = graphs.build(problem)
    flow, price, way, named = None, None, "flow", before
    if before:
        tell("mend", 0.3)
        former, lost = naming.flow_of(network, before)
        mended = mending.mend(network, former, lost)
        if mended is not None:
            (flow, price), way = mended, "mended"
    if flow is None:
        tell("solve", 0.35)
        flow = solving.solve(network, solver or solving.ortools)
    tell("prove", 0.7)
    proof = graphs.lower_bound(network, flow, price)
    cost = int((flow * network.cost).sum())
    tell("name", 0.75)
    plan = naming.name(network, flow, named)
    account = check(problem, plan)
    if account.value > cost:
        raise PlanRefused("the named plan costs more than its flow")
    tell("compare", 0.8)
    simple = check(problem, greedy(problem)) if compare else None
    worth = pricing.prices(network, flow, problem.weights, also) if proof else ()
    return Made(plan, account, account.value, proof[0] if proof else None, simple, way, worth)
