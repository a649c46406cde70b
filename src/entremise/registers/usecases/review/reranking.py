"""A second opinion learnt from the site's own readings: refitted at each run, never saved, used only if it wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from math import inf
from uuid import UUID

from entremise.registers import rules
from entremise.registers.engine import rerank, thresholds
from entremise.registers.engine.outcomes import Pair as Compared
from entremise.registers.models import Pair, Reading
from entremise.rules.queries import flag_of, number_of


@dataclass(frozen=True, slots=True)
class Reranked:
    """`pairs`: with the outcomes it changed, or as they came when it is not `used`; `why`: a code for the run's page
    (`off`, `extra_missing`, `too_few_readings`, `did_not_win`, `not_proven`, `used`)."""

    pairs: Sequence[Compared]
    used: bool
    why: str
    moved: int = 0
    gain: float | None = None


def human_answers() -> dict[tuple[UUID, UUID], bool]:
    """What readers decided of pairs, under any grant: True, one person; doubts teach nothing. One query."""
    rows = Reading.objects.filter(undone_at=None, pair__state__in=["accepted", "refused"])
    return {
        (left, right): state == "accepted"
        for left, right, state in rows.values_list("pair__left", "pair__right", "pair__state").distinct()
    }


def reranked(pairs: Sequence[Compared], *, records: Mapping[int, UUID] | Sequence[UUID], high: float) -> Reranked:
    """The pairs of a run, with the outcomes of unguarded ones below `rerank.CEILING` moved by what readers taught.

    Called by a run, in its own process, before grouping. `records`: number in the pairs → record. Off unless the
    rule point says yes and scikit-learn is there; used from 1,000 readings, only if it wins on held-out ones by more
    than the folds' spread, and only if control readings prove what it would join.
    """
    if not flag_of(rules.RERANK):
        return Reranked(pairs, False, "off")
    if find_spec("sklearn") is None:
        return Reranked(pairs, False, "extra_missing")
    answers = human_answers()
    read = {}
    for pair in pairs:
        ends = sorted((records[pair.left], records[pair.right]))
        if (same := answers.get((ends[0], ends[1]))) is not None:
            read[pair.left, pair.right] = same
    if len(read) < rerank.ENOUGH:
        return Reranked(pairs, False, "too_few_readings")
    found = rerank.opinion(pairs, read, high=high)
    if not found.used:
        return Reranked(pairs, False, "did_not_win")
    moved = [_moved(pair, found.chances) for pair in pairs]
    if not _proven(moved, records):
        return Reranked(pairs, False, "not_proven")
    changed = sum(a.outcome != b.outcome for a, b in zip(pairs, moved, strict=True))
    gain = sum(found.mine) / len(found.mine) - sum(found.plain) / len(found.plain)
    return Reranked(moved, True, "used", changed, round(gain, 4))


def _moved(pair: Compared, chances: Mapping[tuple[int, int], float]) -> Compared:
    chance = chances.get((pair.left, pair.right))
    if chance is None:
        return pair
    outcome = "auto" if chance >= rerank.SURE else "to_review"
    return pair if outcome == pair.outcome else replace(pair, outcome=outcome)


def _proven(pairs: Sequence[Compared], records: Mapping[int, UUID] | Sequence[UUID]) -> bool:
    """Whether control readings prove, band by band of weight, the pairs that would be automatic (reference § 13)."""
    drawn = Pair.objects.filter(control=True, state__in=["accepted", "refused", "unsure"])
    states = {(left, right): state for left, right, state in drawn.values_list("left", "right", "state")}
    joined = [pair for pair in pairs if pair.outcome == "auto"]
    bands: list[thresholds.Band] = []
    top = inf
    for floor in (*thresholds.FLOORS, -inf):
        inside = [pair for pair in joined if floor <= pair.weight < top]
        seen = []
        for pair in inside:
            ends = sorted((records[pair.left], records[pair.right]))
            if (state := states.get((ends[0], ends[1]))) is not None:
                seen.append(state == "accepted")
        bands.append((floor, len(inside), len(seen), sum(seen)))
        top = floor
    last = min((floor for floor, number, _, _ in bands if number), default=None)
    best, _ = thresholds.lowest_safe(bands, number_of(rules.PRECISION_TARGET) / 1000)
    return best is not None and best == last
