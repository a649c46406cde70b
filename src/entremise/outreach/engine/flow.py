"""Solving the network: a port for any solver, ours by ortools (extra `plan`)."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from entremise.outreach.engine.network import Ints, Network


class SolverMissing(Exception):
    """The extra `plan` is not installed."""


class SolverFailed(Exception):
    """The solver gave no flow; its own status is the text."""


class Solver(Protocol):
    """Takes the arrays of a min-cost flow, gives the flow on each arc. Whatever it says is proved afterwards."""

    def __call__(self, tail: Ints, head: Ints, cap: Ints, cost: Ints, supply: Ints) -> Ints: ...


def ortools(tail: Ints, head: Ints, cap: Ints, cost: Ints, supply: Ints) -> Ints:
    """SimpleMinCostFlow. Never in a process that imports highspy: the two break each other."""
    try:
        from ortools.graph.python.min_cost_flow import SimpleMinCostFlow
    except ImportError:
        raise SolverMissing from None
    solver = SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(tail, head, cap, cost)
    solver.set_nodes_supplies(np.arange(len(supply)), supply)
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise SolverFailed(str(status))
    return np.asarray(solver.flows(arcs), np.int64)


def solve(network: Network, solver: Solver = ortools) -> Ints:
    return solver(network.tail, network.head, network.cap, network.cost, network.supply)
