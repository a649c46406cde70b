"""Thresholds come from reviewed pairs, drawn at random inside bands of weight: a fixed one is wrong elsewhere."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from math import inf

FLOORS = (12.0, 9.0, 6.0, 3.0, 0.0)
Band = tuple[float, int, int, int]


def bands(weights: Iterable[float], reviewed: Iterable[tuple[float, bool]]) -> list[Band]:
    """(floor, pairs in the band, reviewed, true), highest first. `reviewed`: (weight, same person) of each reading."""
    seen = list(reviewed)
    counts = list(weights)
    found, top = [], inf
    for floor in FLOORS:
        inside = [true for weight, true in seen if floor <= weight < top]
        found.append((floor, sum(floor <= weight < top for weight in counts), len(inside), sum(inside)))
        top = floor
    return found


def lowest_safe(
    bands: Sequence[Band], target: float = 0.99, confidence: float = 0.95, draws: int = 4000, seed: int = 1
) -> tuple[float | None, list[tuple[float, float]]]:
    """(lowest floor whose pairs, with all above, are ≥ `target` true with that confidence; [(floor, bound)]).

    Bands highest first. Beta posterior per band, Monte Carlo over their sum; the whole lot has one half-error a
    priori, shared by size, not one per band. None: nothing is proven, the cold-start value holds.
    """
    rng = random.Random(seed)  # noqa: S311 - a simulation
    whole = sum(pairs for _, pairs, _, _ in bands)
    sums, best, count = [0.0] * draws, None, 0
    bounds: list[tuple[float, float]] = []
    for floor, pairs, reviewed, true in bands:
        if not pairs:
            continue
        if not reviewed:
            break
        half, count = 0.5 * pairs / whole, count + pairs
        sums = [total + pairs * rng.betavariate(true + half, reviewed - true + half) for total in sums]
        bounds.append((floor, sorted(sums)[int((1 - confidence) * draws)] / count))
        if bounds[-1][1] >= target:
            best = floor
    return best, bounds


def kappa(readings: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's agreement of two readers over the same pairs, 1 when they always agree; None without any reading."""
    if not readings:
        return None
    words = {word for reading in readings for word in reading}
    total = len(readings)
    agreed = sum(a == b for a, b in readings) / total
    chance = (
        sum(sum(a == word for a, _ in readings) * sum(b == word for _, b in readings) for word in words) / total**2
    )
    return 1.0 if chance == 1 else (agreed - chance) / (1 - chance)
