"""From quantities to persons and back: who the flow gives to whom, and which flow a plan already made amounts to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from entremise.outreach.engine.network import Ints, Network
from entremise.outreach.engine.planning import NOBODY, Plan, Seat


def name(network: Network, flow: Ints, before: Plan | None = None) -> Plan:
    """Give each person the seat the flow brings: the members of a node in their order, its heads repeated by flow.

    Members of one node are alike from there on, so any of them may go any way (reference § 7.1): `before`, each keeps
    the way of the former plan as far as the flow still takes it, so that a plan made again moves few people.
    """
    left = flow.copy()
    leaving = np.searchsorted(network.tail, np.arange(len(network.supply) + 1))
    where, last = network.class_of.copy(), network.seats_from
    habits = ways(network, before) if before is not None else None
    while True:
        moving = np.flatnonzero((where < last) | ((where >= network.weeks_from) & (where != network.sink)))
        if not len(moving):
            break
        if habits is not None:
            usual = np.full(len(where), NOBODY, np.int64)
            for step in habits:
                here = moving[(step[moving] != NOBODY)]
                here = here[network.tail[step[here]] == where[here]]
                usual[here] = step[here]
            kept = _within(left, usual, usual != NOBODY)
            np.subtract.at(left, usual[kept], 1)
            where[kept] = network.head[usual[kept]]
            moving = moving[~kept[moving]]
        moving = moving[np.argsort(where[moving], kind="stable")]
        nodes = np.unique(where[moving])
        places = _spans(leaving[nodes], leaving[nodes + 1])
        used = np.cumsum(left[places])  # of each node, only as many as those who wait there: the rest came later
        sizes = np.searchsorted(where[moving], nodes, "right") - np.searchsorted(where[moving], nodes)
        given = np.repeat(places, left[places])
        begins = np.r_[0, used][np.searchsorted(network.tail[places], nodes)]
        chosen = given[_spans(begins, begins + sizes)]
        np.subtract.at(left, chosen, 1)
        where[moving] = network.head[chosen]
    seats = network.seat_of
    return [
        None if node == network.sink else Seat(*(int(part) for part in seats[node - last])) for node in where.tolist()
    ]


def ways(network: Network, plan: Plan) -> list[Ints]:
    """For each step, the arc each person takes by a plan; NOBODY where they take none, or where it is gone.

    First the two steps with the same caller as before, then the five by kind, then the two out of a seat, then the one
    of those who are not served. A person whose seat is gone, or whom nothing leads there, has no arc at all.
    """
    people = np.arange(len(plan))
    caller, week, slot = np.array([(s.caller, s.week, s.slot) if s else (NOBODY,) * 3 for s in plan]).reshape(-1, 3).T
    classes, served = network.class_of, np.array([seat is not None for seat in plan], bool)
    seat = np.where(caller != NOBODY, network.seat_at[caller, week, slot], NOBODY)
    same = np.where(network.again_node[classes] == NOBODY, NOBODY, network.again_node[classes] + week)
    again = [network.arcs(classes, same), network.arcs(same, seat)]
    keeps = served & (seat != NOBODY) & (same != NOBODY) & (again[0] != NOBODY) & (again[1] != NOBODY)
    rest = served & (seat != NOBODY) & ~keeps

    kind = network.kind_node[classes]
    kinds_from = len(network.kind_node)
    mix = network.mix_node[kind - kinds_from] + week
    mixes_from = kinds_from + len(network.mix_node)
    need = network.demand_node[(mix - mixes_from) // network.weeks] + week * network.slots + slot
    pool = np.full(len(people), NOBODY, np.int64)
    pool[rest] = network.pool_node[seat[rest] - network.seats_from]
    others = [network.arcs(*ends) for ends in ((classes, kind), (kind, mix), (mix, need), (need, pool), (pool, seat))]
    rest &= np.all(np.stack(others) != NOBODY, axis=0)

    theirs = network.weeks_from + caller * network.weeks + week
    out = [network.arcs(seat, theirs), network.arcs(theirs, np.full(len(people), network.sink))]
    aside = [network.arcs(classes, np.full(len(people), network.sink))]
    return [
        np.where(whom, step, NOBODY)
        for steps, whom in ((again, keeps), (others, rest), (out, keeps | rest), (aside, ~served))
        for step in steps
    ]


def flow_of(network: Network, plan: Plan) -> tuple[Ints, Ints]:
    """The flow a plan amounts to, and the persons it leaves without a way (their seat is gone, or is too full).

    Persons without a seat are not served in this flow, as in the plan.
    """
    steps = ways(network, plan)
    *before, out, end, aside = steps
    held = _within(network.cap, out, out != NOBODY)
    held = _within(network.cap, end, held)
    flow = np.zeros(len(network.tail), np.int64)
    for step in (*before, out, end):
        np.add.at(flow, step[held & (step != NOBODY)], 1)
    np.add.at(flow, aside[aside != NOBODY], 1)
    return flow, np.flatnonzero(~held & (aside == NOBODY))


def _within(room: Ints, arcs: Ints, whom: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Those of `whom` for whom there is room on their arc, the first ones first."""
    places = np.flatnonzero(whom)
    order = places[np.argsort(arcs[places], kind="stable")]
    mine = arcs[order]
    nth = np.arange(len(mine)) - np.searchsorted(mine, mine)
    kept = np.zeros(len(arcs), bool)
    kept[order] = nth < room[mine]
    return kept


def _spans(first: Ints, end: Ints) -> Ints:
    """All the whole numbers of these half-open spans, one after the other."""
    sizes = end - first
    total = int(sizes.sum())
    return np.repeat(first - np.r_[0, np.cumsum(sizes)[:-1]], sizes) + np.arange(total)
