"""What one more call would bring, by week, slot, level and languages: read from the flow, proved by the same graph.

One more call of a new caller is one more arc from a need to the sink. What it brings is the way back: from the sink,
along what the plan could undo, to somebody who waits, waits longer, or is called by a caller meant for harder calls.
The value of the first call is exact; each following one brings as much or less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from entremise.outreach.engine.network import Ints, Network
from entremise.outreach.engine.planning import Weights

LEVELS = (1, 2, 3, 4)
_FAR = np.int64(1) << 60


@dataclass(frozen=True, slots=True)
class Price:
    """Points that one more call would take from the cost of the plan."""

    week: int
    slot: int
    level: int
    language: int
    points: int


def prices(network: Network, flow: Ints, weights: Weights, also: int = 0) -> Sequence[Price]:
    """The worth of one more call for each week, slot, level, and language spoken besides `also`; zeros left out."""
    far = _from_sink(network, flow)
    found = []
    needs = [(int(complexity), int(language)) for complexity, language in network.demand_of]
    for language in sorted({spoken for _, spoken in needs}):
        for level in LEVELS:
            worth = np.zeros((network.weeks, network.slots), np.int64)
            for nth, (complexity, spoken) in enumerate(needs):
                if complexity <= level and spoken in (language, also):
                    size = network.weeks * network.slots
                    first = network.demand_from + nth * size
                    gain = -(far[first : first + size] + weights.over * (level - complexity))
                    worth = np.maximum(worth, gain.reshape(worth.shape))
            found += [
                Price(int(week), int(slot), level, language, int(worth[week, slot]))
                for week, slot in zip(*np.nonzero(worth), strict=True)
            ]
    return found


def _from_sink(network: Network, flow: Ints) -> Ints:
    """Length of the shortest residual way from the sink to each node; the flow must be of least cost."""
    forward, backward = flow < network.cap, flow > 0
    src = np.r_[network.tail[forward], network.head[backward]]
    dst = np.r_[network.head[forward], network.tail[backward]]
    length = np.r_[network.cost[forward], -network.cost[backward]]
    far = np.full(len(network.supply), _FAR)
    far[network.sink] = 0
    for _ in range(len(network.supply)):
        best = far.copy()
        near = far[src] < _FAR
        np.minimum.at(best, dst[near], far[src[near]] + length[near])
        if (best == far).all():
            return far
        far = best
    raise ValueError("the flow is not of least cost")
