"""Cells become facts by a closed vocabulary: what is not recognised is unknown, never false."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, strategies as st

from entremise.registers.engine.facts import (
    FIELDS,
    benefits,
    coded,
    commune_of,
    facts_of,
    household,
    housing,
    numbered,
)
from entremise.registers.queries import communes

DAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("APA à domicile", (True, None, None)),
        ("Allocation personnalisée d’autonomie", (True, None, None)),
        ("APA refusée", (False, None, None)),
        ("demande d’APA en cours", (None, None, None)),
        ("ancien bénéficiaire APA", (None, None, None)),
        ("RSA + APA", (True, None, True)),
        ("ASPA, pas d’APA", (False, None, True)),
        ("PCH", (None, True, None)),
        ("A.A.H.", (None, None, None)),
        ("Minimum vieillesse", (None, None, True)),
        ("aucune", (False, False, False)),
        ("néant", (False, False, False)),
        ("carte senior", (None, None, None)),
        ("", (None, None, None)),
    ],
)
def test_benefits(cell, said):
    assert benefits(cell) == said


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("oui", (True, None)),
        ("Vit seule", (True, None)),
        ("isolée, aucun contact", (True, True)),
        ("non", (False, False)),
        ("en couple", (False, False)),
        ("chez sa fille", (False, False)),
        ("?", (None, None)),
        ("NSP", (None, None)),
    ],
)
def test_household(cell, said):
    assert household(cell) == said


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("appartement, dernier étage sans ascenseur", (True, False, True, False)),
        ("4e étage sur 4, avec ascenseur", (True, False, False, False)),
        ("2ème étage / 5", (False, False, None, False)),
        ("rez-de-chaussée", (False, True, False, False)),
        ("maison", (None, None, False, False)),
        ("maison de plain-pied", (None, True, False, False)),
        ("caravane", (None, None, None, True)),
        ("SDF", (None, None, None, True)),
        ("hébergée chez sa fille", (None, None, None, None)),
        ("lumineux", (None, None, None, None)),
    ],
)
def test_housing(cell, said):
    assert housing(cell) == said


def test_an_empty_telephone_is_none_and_a_register_without_telephone_says_nothing():
    assert facts_of({}, fields=FIELDS, today=DAY)["no_phone"] is True
    assert facts_of({"phone": "06 12 34"}, fields=FIELDS, today=DAY)["no_phone"] is True
    assert facts_of({"phone": "06 39 98 12 34"}, fields=FIELDS, today=DAY)["no_phone"] is False
    assert "no_phone" not in facts_of({}, fields=["address"], today=DAY)


def test_an_address_gives_its_commune_or_nothing():
    towns = communes()
    assert commune_of("3 rue des Essais, 38000 Grenoble", towns) == "38185"
    assert commune_of("3 rue des Essais", towns) == ""
    assert facts_of({"address": "SDF, domiciliation CCAS"}, fields=FIELDS, today=DAY)["precarious"] is True


def test_a_code_of_commune_is_a_number_and_back():
    for code in ("01001", "38185", "2A004", "97411", ""):
        assert coded(numbered(code)) == code
    with pytest.raises(ValueError, match="INSEE"):
        numbered("GRENOBLE")


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=60)))
def test_nothing_raises_and_only_a_telephone_is_false_without_a_word(values):
    found = facts_of(values, fields=FIELDS, today=DAY)
    assert set(found.values()) <= {True, False, None}
    empty = facts_of({}, fields=FIELDS, today=DAY)
    assert {code for code, said in empty.items() if said is not None} == {"no_phone"}
