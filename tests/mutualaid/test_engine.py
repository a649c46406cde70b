"""Masks and ranking: the worked example of the reference, and what must hold for every input."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from entremise.mutualaid.engine import masks
from entremise.mutualaid.engine.ranking import Candidate, Wanted, Weights, band, rank, score

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
SOMEONE = UUID(int=1)
TWO_HALVES = masks.mask_of([0, 3])


def wanted(**more):
    facts = {
        "number": 1,
        "person_id": SOMEONE,
        "category": 1,
        "slots": TWO_HALVES,
        "languages": 0,
        "reach_m": 5000,
        "h8": 1,
        "preferred_language": 0,
    }
    return Wanted(**{**facts, **more})


def candidate(number, distance, idle, slots=TWO_HALVES, **more):
    last = None if idle is None else NOW - timedelta(days=idle)
    return Candidate(number, UUID(int=number), distance, slots, more.pop("languages", 1), last, **more)


def test_the_worked_example_of_the_reference():
    arabic = masks.languages_mask(["ar"])
    need = wanted(preferred_language=arabic)
    a = candidate(1, 600, 2, recent=2)
    b = candidate(2, 1400, 23)
    c = candidate(3, 2600, None, slots=masks.mask_of([0]), languages=arabic | 1)
    d = candidate(4, 900, 9, slots=masks.mask_of([3]), recent=1, known=True)
    e = candidate(5, 4200, 30)
    ranked = rank(need, [a, b, c, d, e], Weights(), NOW, b"key")
    assert [(r.candidate.helper_id, r.score) for r in ranked] == [(2, 668), (3, 617), (5, 514), (4, 474), (1, 334)]


def test_the_reasons_are_codes_and_figures_never_words():
    ranked = score(wanted(), candidate(2, 1400, 23), Weights(), NOW)
    assert ranked.reasons == (("distance", 3), ("slots_all", 2), ("idle_days", 23))


def test_ties_go_to_who_was_never_asked_then_by_a_keyed_hash():
    pool = [candidate(n, 1000, None) for n in range(1, 9)]
    first = [r.candidate.helper_id for r in rank(wanted(), pool, Weights(), NOW, b"one")]
    again = [r.candidate.helper_id for r in rank(wanted(), list(reversed(pool)), Weights(), NOW, b"one")]
    other = [r.candidate.helper_id for r in rank(wanted(), pool, Weights(), NOW, b"two")]
    assert first == again
    assert first != other
    assert (
        rank(wanted(), [candidate(1, 1000, 30), candidate(2, 1000, None)], Weights(), NOW, b"k")[0].candidate.helper_id
        == 2
    )


@given(
    st.floats(0, 50_000),
    st.one_of(st.none(), st.integers(0, 400)),
    st.integers(0, masks.ANY_SLOT),
    st.integers(0, 20),
    st.booleans(),
)
def test_a_score_stays_between_nothing_and_the_sum_of_the_weights(distance, idle, slots, recent, known):
    ranked = score(wanted(), candidate(1, distance, idle, slots=slots, recent=recent, known=known), Weights(), NOW)
    assert 0 <= ranked.score <= sum(ranked.parts.values()) <= 1000


@given(st.integers(0, 5), st.integers(0, 5))
def test_being_asked_more_never_raises_the_score(less, more):
    less, more = sorted((less, more))
    scores = [score(wanted(), candidate(1, 800, 3, recent=n), Weights(), NOW).score for n in (less, more)]
    assert scores[0] >= scores[1]


@given(st.sets(st.integers(0, 61)))
def test_a_mask_gives_its_bits_back(bits):
    assert set(masks.bits_of(masks.mask_of(bits))) == bits


@pytest.mark.parametrize("bit", [-1, 62])
def test_a_bit_that_does_not_fit_a_signed_column_is_refused(bit):
    with pytest.raises(ValueError, match="mask"):
        masks.mask_of([bit])


def test_half_days_in_words():
    assert masks.slot_label(masks.ANY_SLOT) == "tous les jours"
    assert masks.slot_label(masks.WEEKDAYS) == "en semaine"
    assert masks.slot_label(masks.mask_of([2, 7])) == "mardi matin, jeudi après-midi"


@given(st.floats(0, 100_000))
def test_a_band_never_says_more_than_its_bounds(distance):
    upper = band(distance)
    assert upper in (0, 1, 3, 10)
    assert distance < upper * 1000 or upper == 0
