"""A second opinion on doubtful pairs, learnt from about a thousand that humans read (extra `rerank`).

Used only if it wins on held-out readings; refitted from the stored readings at each run and never saved, so that no
pickle is ever loaded. It moves unguarded pairs only: what a guard holds stays with humans.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from entremise.registers.engine.outcomes import Pair

ENOUGH = 1000  # readings, below which nothing is learnt
CEILING = 25.0  # weight, above which the model is not moved
FOLDS = 5
SURE = 0.95  # probability from which a doubtful pair is linked

Read = Mapping[tuple[int, int], bool]


@dataclass(frozen=True)
class Opinion:
    """`used`: whether it won; F1 of each fold, with it and without; `chances` of each unguarded pair, when used."""

    used: bool
    mine: tuple[float, ...]
    plain: tuple[float, ...]
    chances: dict[tuple[int, int], float]


def features(pair: Pair) -> list[float]:
    return [pair.weight, *pair.levels, *pair.signs, float(len(pair.guards))]


def _fit(pairs: Sequence[Pair], truth: Sequence[bool]) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    learner = HistGradientBoostingClassifier(max_iter=80, learning_rate=0.08, min_samples_leaf=8, random_state=0)
    with threadpool_limits(1):  # a thousand readings: threads cost more than they bring, and would not be repeatable
        return learner.fit([features(pair) for pair in pairs], list(truth))


def _chances(learner: Any, pairs: Sequence[Pair]) -> list[float]:
    """The probability that each pair is one person; on one thread too, for the others only wait for each other."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return [float(chance) for chance in learner.predict_proba([features(pair) for pair in pairs])[:, 1]]


def _f1(linked: Sequence[bool], truth: Sequence[bool]) -> float:
    hit = sum(a and b for a, b in zip(linked, truth, strict=True))
    return 2 * hit / max(1, sum(linked) + sum(truth))


def opinion(pairs: Iterable[Pair], read: Read, *, high: float, enough: int = ENOUGH, seed: int = 1) -> Opinion:
    """Learn from the pairs read (True: same person) and judge the unguarded others; not used below `enough` readings.

    It must beat guard and threshold on each held-out fold by more than the spread of its own folds.
    """
    everything = list(pairs)
    seen = [pair for pair in everything if (pair.left, pair.right) in read]
    truth = [read[pair.left, pair.right] for pair in seen]
    if len(seen) < enough or len(set(truth)) < 2:
        return Opinion(False, (), (), {})
    order = list(range(len(seen)))
    random.Random(seed).shuffle(order)  # noqa: S311 - folds
    mine, plain = [], []
    for fold in range(FOLDS):
        out = order[fold::FOLDS]
        kept = sorted(set(order) - set(out))
        learner = _fit([seen[at] for at in kept], [truth[at] for at in kept])
        chances = _chances(learner, [seen[at] for at in out])
        held = [truth[at] for at in out]
        usual = [seen[at].weight >= high and not seen[at].guards for at in out]
        moved = [
            was if seen[at].guards or seen[at].weight >= CEILING else chance >= SURE
            for at, was, chance in zip(out, usual, chances, strict=True)
        ]
        mine.append(_f1(moved, held))
        plain.append(_f1(usual, held))
    gain, spread = sum(mine) / FOLDS - sum(plain) / FOLDS, _spread(mine, plain)
    if gain <= spread:
        return Opinion(False, tuple(mine), tuple(plain), {})
    learner = _fit(seen, truth)
    free = [pair for pair in everything if not pair.guards and pair.weight < CEILING]
    if not free:
        return Opinion(True, tuple(mine), tuple(plain), {})
    chances_of = {(pair.left, pair.right): chance for pair, chance in zip(free, _chances(learner, free), strict=True)}
    return Opinion(True, tuple(mine), tuple(plain), chances_of)


def _spread(mine: Sequence[float], plain: Sequence[float]) -> float:
    """Standard error of the gain over the folds."""
    gains = [a - b for a, b in zip(mine, plain, strict=True)]
    mean = sum(gains) / len(gains)
    return float((sum((gain - mean) ** 2 for gain in gains) / (len(gains) - 1) / len(gains)) ** 0.5)
