"""The score adds declared points, names its unknowns, and says itself in one sentence."""

from __future__ import annotations

from datetime import date

from hypothesis import given, strategies as st

from entremise.registers.engine.fragility import FACTORS, ages, pack, score, sentence, together, unpack, weighted
from entremise.registers.rules.targeting import PROFILES, points_of

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


def points(profile):
    return {code: point.default for code, point in points_of(profile).items()}


def test_of_a_group_only_the_highest_counts():
    facts = dict.fromkeys(CODES, False) | {"apa": True, "gir_1_2": True}
    assert score(FACTORS, facts).points == 5


def test_a_profile_changes_the_points():
    facts = dict.fromkeys(CODES, False) | {"top_floor": True, "minima": True}
    assert score(FACTORS, facts).points == 3
    assert score(FACTORS, facts, points("pandemie")).points == 2
    flooded = dict.fromkeys(CODES, False) | {"ground_floor": True, "top_floor": True}
    assert [score(FACTORS, flooded, points(code)).points for code in PROFILES] == [2, 0, 3, 0]


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


def test_a_year_alone_leaves_the_upper_band_unknown_when_the_two_ages_straddle_its_edge():
    assert ages(1946, date(2026, 11, 24)) == {"age_65": False, "age_75": True, "age_80": None, "age_90": False}
    assert ages(1961, date(2026, 11, 24)) == {"age_65": None, "age_75": False, "age_80": False, "age_90": False}
    assert ages(1942, date(2026, 11, 24))["age_80"] is True


@given(FACTS)
def test_facts_leave_the_vault_as_one_number_and_come_back_whole(facts):
    assert unpack(pack(facts)) == {code: facts.get(code) for code in CODES}
    assert 0 <= pack(facts) < 10**9


@given(st.lists(FACTS, min_size=1, max_size=4))
def test_records_of_one_person_that_disagree_say_nothing_save_a_telephone_that_works(sides):
    united = together(sides)
    for code in CODES:
        said = {side.get(code) for side in sides} - {None}
        if code == "no_phone" and False in said:
            assert united[code] is False
        else:
            assert united[code] == (next(iter(said)) if len(said) == 1 else None)


def test_a_factor_without_points_is_neither_counted_nor_named():
    kept = weighted(FACTORS, {"apa": 0, "alone": 4})
    assert "apa" not in {factor.code for factor in kept}
    assert next(factor.points for factor in kept if factor.code == "alone") == 4
