"""A plan made again after an absence, from the plan there was: seconds become tenths.

An absence takes arcs away and changes no cost, so what remains of the flow is still of least cost for the persons it
serves; only those who had a place with the absent caller look for another, each by the shortest way on the residual
graph (successive shortest paths: the flow stays of least cost at each step). No solver: numpy, and the same proof.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from entremise.outreach.engine.network import Ints, Network, lower_bound

ROUNDS = 150
"""Rounds of prices tried on what remains of a former plan, before it is solved anew."""
MOST = 2_000
"""Persons without a place above which solving anew is quicker."""
FAR = np.int64(1) << 60
STEP = 4096
"""One point, in units where one arc more counts for one: of ways of equal cost, that which moves the fewest."""


def mend(network: Network, flow: Ints, lost: Ints) -> tuple[Ints, Ints] | None:
    """The flow of least cost that also serves the persons `lost` as well as can be, and its prices.

    `flow` serves everybody else. None where it is not of least cost for them (more than an absence has changed), or
    where too many are lost: solve anew.
    """
    if len(lost) > MOST:
        return None
    known = lower_bound(network, flow, rounds=ROUNDS)
    if known is None:
        return None
    price, excess = known[1], np.bincount(network.class_of[lost], minlength=len(network.supply))
    residual = _Residual(network, flow, price)
    far = np.zeros(len(price), np.int64)
    while excess.any():
        far = residual.distances()
        residual.route(excess, far)
    real = far // STEP
    return residual.flow(), price - np.minimum(real, real[far < FAR].max(initial=0))


class _Residual:
    """Both directions of each arc, by tail: what may still pass, at its reduced cost, never negative."""

    def __init__(self, network: Network, flow: Ints, price: Ints) -> None:
        many = len(network.tail)
        reduced = network.cost + price[network.tail] - price[network.head]
        tail, head = np.r_[network.tail, network.head], np.r_[network.head, network.tail]
        order = np.argsort(tail, kind="stable")
        place = np.empty(2 * many, np.int64)
        place[order] = np.arange(2 * many)
        self._tail, self._head = tail[order], head[order]
        self._cost = np.r_[reduced, -reduced][order] * STEP + 1
        self._left = np.r_[network.cap - flow, flow][order]
        self._reverse = place[np.r_[np.arange(many, 2 * many), np.arange(many)]][order]
        self._backward = place[many:]  # of each arc of the network
        self._nodes, self._sink = len(network.supply), network.sink

    def flow(self) -> Ints:
        found: Ints = self._left[self._backward]
        return found

    def distances(self) -> Ints:
        """Length of the shortest way from each node to the sink, in units of a point / STEP."""
        live = self._left > 0
        tail, head, cost = self._tail[live], self._head[live], self._cost[live]
        far = np.full(self._nodes, FAR)
        far[self._sink] = 0
        while True:
            best = far.copy()
            np.minimum.at(best, tail, cost + far[head])
            if (best == far).all():
                return far
            far = best

    def route(self, excess: npt.NDArray[np.intp], far: Ints) -> None:
        """Send what can go along shortest ways only, taking it from `excess`."""
        tight = np.flatnonzero((self._left > 0) & (far[self._tail] < FAR))
        tight = tight[far[self._tail[tight]] == self._cost[tight] + far[self._head[tight]]]
        starts = np.searchsorted(self._tail[tight], np.arange(self._nodes + 1)).tolist()
        heads = self._head[tight].tolist()
        left: dict[int, int] = {}  # of the tight arcs touched
        nexts = starts[:-1]
        for source in np.flatnonzero(excess).tolist():
            while excess[source]:
                way = self._way(source, starts, nexts, heads, tight, left)
                if not way:
                    break
                for arc in way:
                    left[arc] = left.get(arc, int(self._left[tight[arc]])) - 1
                    self._left[tight[arc]] -= 1
                    self._left[self._reverse[tight[arc]]] += 1
                excess[source] -= 1

    def _way(
        self, source: int, starts: list[int], nexts: list[int], heads: list[int], tight: Ints, left: dict[int, int]
    ) -> list[int]:
        """One way to the sink by arcs that lead there; those that no longer do are never tried again."""
        way: list[int] = []
        on, node = {source}, source
        while node != self._sink:
            arc = nexts[node]
            if arc == starts[node + 1]:
                if not way:
                    return []
                on.discard(node)
                back = way.pop()
                node = source if not way else heads[way[-1]]
                nexts[node] = back + 1
            elif heads[arc] in on or left.get(arc, 1) <= 0:
                nexts[node] = arc + 1
            else:
                way.append(arc)
                node = heads[arc]
                on.add(node)
        return way
