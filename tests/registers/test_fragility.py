"""The score adds declared points, names its unknowns, and says itself in one sentence."""

from __future__ import annotations

from datetime import date

from hypothesis import given, strategies as st

from entremise.registers.engine.fragility import FACTORS, PROFILES, ages, score, sentence

CODES = [factor.code for factor in FACTORS]
FACTS = st.dictionaries(st.sampled_from(CODES), st.sampled_from([True, False, None]))


def test_the_worked_example_is_8_up_to_10():
    facts = (
        dict.fromkeys(CODES, False) | ages(1942, date(2026, 11, 24)) | {"apa": True, "alone": True, "top_floor": None}
    )
    found = score(FACTORS, facts)
    assert (found.points, found.upper) == (8, 10)
    assert sentence(found) == (
        "80 à 89 ans\u00a0: 3 · APA\u00a0: 3 · vit seul·e\u00a0: 2 — inconnu\u00a0: dernier étage"
    )


def test_of_a_group_only_the_highest_counts():
    facts = dict.fromkeys(CODES, False) | {"apa": True, "gir_1_2": True}
    assert score(FACTORS, facts).points == 5


def test_a_profile_changes_the_points():
    facts = dict.fromkeys(CODES, False) | {"top_floor": True, "minima": True}
    assert score(FACTORS, facts).points == 3
    assert score(FACTORS, facts, PROFILES["pandemie"]).points == 2


@given(FACTS, st.sampled_from(CODES))
def test_an_unknown_never_ranks_below_the_same_fact_known_false(facts, code):
    unknown = score(FACTORS, facts | {code: None})
    false = score(FACTORS, facts | {code: False})
    assert unknown.order <= false.order


@given(FACTS)
def test_the_points_are_the_sum_of_the_reasons_given(facts):
    found = score(FACTORS, facts)
    assert found.points == sum(points for points, _, _ in found.because)
    assert found.points <= found.upper


def test_an_age_is_unknown_without_a_year_and_counts_the_birthday():
    assert set(ages(None, date(2026, 11, 24)).values()) == {None}
    assert ages(1946, date(2026, 11, 24), "1231")["age_75"] is True
    assert ages(1946, date(2026, 11, 24), "0101")["age_80"] is True


def test_the_score_cannot_be_fed_a_name_an_origin_or_a_diagnosis():
    assert {factor.category for factor in FACTORS} == {
        "birth",
        "benefits",
        "health",
        "housing",
        "social",
        "address",
        "phone",
    }
