"""Thresholds move on evidence only."""

from __future__ import annotations

import random

import pytest

from entremise.registers.engine.thresholds import bands, kappa, lowest_safe


def test_pairs_and_readings_are_counted_by_band():
    found = bands([13, 10, 10, 1, -2], [(13, True), (10, False), (1, False)])
    assert found == [(12.0, 1, 1, 1), (9.0, 2, 1, 0), (6.0, 0, 0, 0), (3.0, 0, 0, 0), (0.0, 1, 1, 0)]


@pytest.mark.parametrize(("reviewed", "proven"), [(150, False), (250, True)])
def test_about_two_hundred_readings_without_error_prove_99_percent(reviewed, proven):
    floor, _ = lowest_safe([(12, 50_000, reviewed, reviewed)])
    assert (floor == 12) is proven


def test_nothing_read_proves_nothing():
    assert lowest_safe([(12, 100, 0, 0)]) == (None, [])


def test_no_accepted_floor_breaks_its_target_in_a_hundred_samplings():
    chance = random.Random(4)
    truth = [(12.0, 4000, 0.999), (9.0, 800, 0.99), (6.0, 500, 0.95), (3.0, 400, 0.6), (0.0, 400, 0.2)]
    broken = 0
    for _ in range(100):
        read = [(floor, pairs, 120, sum(chance.random() < share for _ in range(120))) for floor, pairs, share in truth]
        floor, _ = lowest_safe(read, draws=400)
        kept = [(pairs, share) for at, pairs, share in truth if floor is not None and at >= floor]
        broken += bool(kept) and sum(p * s for p, s in kept) / sum(p for p, _ in kept) < 0.99
    assert broken == 0


def test_agreement_of_two_readers():
    assert kappa([]) is None
    assert kappa([("yes", "yes")] * 5) == 1.0
    assert kappa([("yes", "yes"), ("no", "no"), ("yes", "no"), ("no", "yes")]) == 0.0
