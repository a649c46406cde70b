"""The plan as a flow of least cost: the graph, aggregated without loss. Arrays of numpy; no solver here.

Persons alike in previous caller, complexity, language, fragility, preferred slots and first week are one node:

    class ─▶ kind ─▶ M(week, complexity, language, mask) ─▶ D(week, slot, complexity, language)
      │                     ─▶ POOL(week, slot, level, languages) ─▶ A(caller, week, slot) ─▶ W(caller, week) ─▶ sink
      ├─▶ C(previous, week, mask) ─▶ A(previous, week, slot)          the same caller calls again
      └─▶ sink                                                        not served

Nothing is lost: each term of the cost depends on the two ends of one arc only (other caller: class → kind; delay: kind
→ M or class → C; slot: M → D or C → A; level above need: D → POOL or class → C). Source: reference § 7.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from entremise.outreach.engine.planning import NOBODY, Person, Problem

Ints = npt.NDArray[np.int64]


@dataclass(slots=True)
class Network:
    """Arcs in the order of their tails, then of their heads.

    `class_of`: class node of each person. `kind_node`, `mix_node` (of week 0), `demand_node` (of week 0, slot 0):
    where a class, a kind, a mix leads; NOBODY: nowhere. `again_node`: C node (of week 0) of each class. `demand_of`:
    (complexity, language) of each need. `seat_at`: A node of each caller, week, slot; `seat_of`: the reverse;
    `pool_node`: pool of each seat. `weeks_from`: first W node.
    """

    tail: Ints
    head: Ints
    cap: Ints
    cost: Ints
    supply: Ints
    class_of: Ints
    kind_node: Ints
    mix_node: Ints
    demand_node: Ints
    again_node: Ints
    demand_from: int
    demand_of: Ints
    pool_node: Ints
    seats_from: int
    seat_of: Ints
    seat_at: Ints
    weeks_from: int
    weeks: int
    slots: int
    sink: int

    def arcs(self, tail: Ints, head: Ints) -> Ints:
        """Places of the arcs between these ends; NOBODY where there is none."""
        width = len(self.supply)
        codes, asked = self.tail * width + self.head, tail * width + head
        found = np.minimum(np.searchsorted(codes, asked), len(codes) - 1)
        return np.where(codes[found] == asked, found, NOBODY)


class _Arcs:
    def __init__(self) -> None:
        self._parts: list[tuple[Ints, Ints, Ints, Ints]] = []

    def add(self, tail: Any, head: Any, cap: Any, cost: Any) -> None:
        shape = np.broadcast(tail, head, cap, cost).shape
        made = [np.broadcast_to(np.asarray(part, np.int64), shape).ravel() for part in (tail, head, cap, cost)]
        self._parts.append((made[0], made[1], made[2], made[3]))

    def sorted(self) -> tuple[Ints, Ints, Ints, Ints]:
        tail, head, cap, cost = (np.concatenate(parts) for parts in zip(*self._parts, strict=True))
        order = np.lexsort((head, tail))
        return tail[order], head[order], cap[order], cost[order]


def _distinct(*columns: Ints) -> tuple[Ints, Ints]:
    """Distinct rows of columns of small whole numbers, as an array of rows; and the row of each line."""
    code = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        code = code * (int(column.max(initial=0)) + 1) + column
    _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
    rows = np.stack([column[first] for column in columns], axis=1) if len(first) else np.zeros((0, len(columns)), int)
    return rows.astype(np.int64), inverse.astype(np.int64)


def build(problem: Problem) -> Network:
    """The graph of a problem. Its size follows the kinds of persons and the seats, not the persons."""
    people, weights, weeks = problem.persons, problem.weights, problem.weeks
    previous, complexity, language, fragility, mask, first = (
        np.array(getattr(people, column), np.int64) for column in Person._fields
    )
    slots = np.array(problem.slots, np.int64)
    levels = np.array([caller.levels for caller in problem.callers], np.int64).reshape(-1, weeks)
    weekly = np.array([caller.weekly for caller in problem.callers], np.int64).reshape(-1, weeks)
    calls = np.array([caller.calls for caller in problem.callers], np.int64).reshape(-1, weeks, len(slots))
    spoken = np.array([caller.languages for caller in problem.callers], np.int64)
    unserved, delay = np.array(weights.unserved, np.int64), np.array(weights.delay, np.int64)
    many, week = max(1, len(people)), np.arange(weeks)
    arcs = _Arcs()

    classes, class_of = _distinct(previous + 1, complexity, language, fragility, mask, first)
    supplies = np.bincount(class_of, minlength=len(classes)).astype(np.int64)
    p, c, lang, f, m, begin = classes[:, 0] - 1, *classes[:, 1:].T
    kinds, kind_of = _distinct(c, lang, f, m, begin)
    kind_from = len(classes)
    mixes, mix_of = _distinct(kinds[:, 0], kinds[:, 1], kinds[:, 3])  # complexity, language, mask: each week
    mix_from = kind_from + len(kinds)
    needs, need_of = _distinct(mixes[:, 0], mixes[:, 1])  # complexity, language: each week, each slot
    demand_from = mix_from + weeks * len(mixes)
    seat_caller, seat_week, seat_slot = (
        found.astype(np.int64) for found in np.nonzero(calls * (weekly > 0)[:, :, None])
    )
    seat_level = levels[seat_caller, seat_week]
    pools, pool_of = _distinct(seat_week, seat_slot, seat_level, _ranks(spoken)[seat_caller])
    tongues = np.unique(spoken)
    pool_from = demand_from + weeks * len(slots) * len(needs)
    seats_from = pool_from + len(pools)
    seat_at = np.full(calls.shape, NOBODY, np.int64)
    seat_at[seat_caller, seat_week, seat_slot] = seats_from + np.arange(len(seat_caller))
    weeks_from = seats_from + len(seat_caller)
    known = p != NOBODY
    again, again_of = _distinct(p[known], m[known])  # previous caller, mask: each week
    again_from = weeks_from + len(problem.callers) * weeks
    sink = again_from + len(again) * weeks

    nodes = np.arange(len(classes))
    arcs.add(nodes, kind_from + kind_of, supplies, np.where(known, weights.other_caller, 0))
    arcs.add(nodes, sink, supplies, unserved[f])
    kind_nodes = kind_from + np.arange(len(kinds))
    row, at = np.nonzero(week >= kinds[:, 4][:, None])
    arcs.add(kind_nodes[row], mix_from + mix_of[row] * weeks + at, many, delay[kinds[row, 2]] * (at - kinds[row, 4]))
    # M → D: the slot is one the person prefers, or not
    refused = (mixes[:, 2][:, None] > 0) & ((mixes[:, 2][:, None] & slots) == 0)
    demand_nodes = demand_from + (need_of[:, None, None] * weeks + week[:, None]) * len(slots) + np.arange(len(slots))
    mix_tails = (mix_from + np.arange(len(mixes))[:, None] * weeks + week)[:, :, None]
    arcs.add(mix_tails, demand_nodes, many, weights.slot * refused[:, None, :])
    # D → POOL: level and language
    if len(pools):
        fits = (pools[:, 2] >= needs[:, 0][:, None]) & ((tongues[pools[:, 3]] >> needs[:, 1][:, None] & 1) == 1)
        need, pool = np.nonzero(fits)
        tails = demand_from + (need * weeks + pools[pool, 0]) * len(slots) + pools[pool, 1]
        arcs.add(tails, pool_from + pool, many, weights.over * (pools[pool, 2] - needs[need, 0]))
    seat_nodes = seats_from + np.arange(len(seat_caller))
    arcs.add(pool_from + pool_of, seat_nodes, many, 0)
    arcs.add(seat_nodes, weeks_from + seat_caller * weeks + seat_week, calls[seat_caller, seat_week, seat_slot], 0)
    arcs.add(weeks_from + np.arange(len(problem.callers) * weeks), sink, weekly.ravel(), 0)
    # the same caller again: class → C where level and language allow, C → A where the caller is there
    who = p[known]
    able = (levels[who] >= c[known][:, None]) & ((spoken[who] >> lang[known] & 1) == 1)[:, None]
    row, at = np.nonzero(able & (weekly[who] > 0) & (week >= begin[known][:, None]))
    above = weights.over * (levels[who[row], at] - c[known][row])
    arcs.add(
        nodes[known][row],
        again_from + again_of[row] * weeks + at,
        supplies[known][row],
        delay[f[known][row]] * (at - begin[known][row]) + above,
    )
    group, at, slot = np.nonzero(seat_at[again[:, 0]] != NOBODY)
    wrong = (again[group, 1] > 0) & ((again[group, 1] & slots[slot]) == 0)
    arcs.add(again_from + group * weeks + at, seat_at[again[group, 0], at, slot], many, weights.slot * wrong)

    tail, head, cap, cost = arcs.sorted()
    supply = np.zeros(sink + 1, np.int64)
    supply[: len(classes)] = supplies
    supply[sink] = -len(people)
    again_node = np.full(len(classes), NOBODY, np.int64)
    again_node[known] = again_from + again_of * weeks
    return Network(
        tail=tail, head=head, cap=cap, cost=cost, supply=supply, class_of=class_of, kind_node=kind_from + kind_of,
        mix_node=mix_from + mix_of * weeks, demand_node=demand_from + need_of * weeks * len(slots),
        again_node=again_node, demand_from=demand_from, demand_of=needs, pool_node=pool_from + pool_of,
        seats_from=seats_from, seat_of=np.stack([seat_caller, seat_week, seat_slot], axis=1), seat_at=seat_at,
        weeks_from=weeks_from, weeks=weeks, slots=len(slots), sink=sink,
    )  # fmt: skip


def _ranks(values: Ints) -> Ints:
    """Place of each value among the distinct ones."""
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def lower_bound(
    network: Network, flow: Ints, price: Ints | None = None, rounds: int | None = None
) -> tuple[int, Ints] | None:
    """Dual bound of a flow and the prices that prove it; None if the flow has a negative residual cycle: not optimal.

    Shortest distances on the residual graph are prices, and any prices whatever give a bound: equal to the cost, the
    cost is the least there is, whoever found the flow. `price`: where to begin, to be quicker; `rounds`: when to give
    up. Source: reference § 7.3.
    """
    tail, head, cap, cost, supply = network.tail, network.head, network.cap, network.cost, network.supply
    price = np.zeros(len(supply), np.int64) if price is None else price.copy()
    forward, backward = flow < cap, flow > 0
    src = np.r_[tail[forward], head[backward]]
    dst = np.r_[head[forward], tail[backward]]
    length = np.r_[cost[forward], -cost[backward]]
    for _ in range(rounds or len(supply)):
        best = price.copy()
        np.minimum.at(best, dst, price[src] + length)
        if (best == price).all():
            break
        price = best
    else:
        return None
    reduced = cost + price[tail] - price[head]
    return int(-(supply * price).sum() + (cap * np.minimum(reduced, 0)).sum()), price
