"""Names of French persons: the reference's table, row by row."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from entremise.registers.engine.names import (
    FirstNames,
    given_names,
    sex_of,
    sound,
    surnames,
    two_persons,
    upper,
    words,
)
from entremise.registers.engine.prepare import principal
from entremise.registers.queries import first_names


@pytest.mark.parametrize(
    ("cell", "names", "roles"),
    [
        ("DUPONT épouse Le Goff", ["DUPONT", "LEGOFF"], {"LEGOFF": "usage"}),
        ("MARTIN née DUPONT", ["MARTIN", "DUPONT"], {"DUPONT": "birth"}),
        ("Mme Vve MARTIN", ["MARTIN"], {"MARTIN": "usage"}),
        ("Née", ["NEE"], {}),
        ("LE", ["LE"], {}),
        ("DUPONT-MARTIN", ["DUPONT", "MARTIN", "DUPONTMARTIN"], {}),
        ("de la Tour", ["DELATOUR"], {}),
        ("Ben Amar", ["BENAMAR"], {}),
        ("ST MARTIN", ["SAINTMARTIN"], {}),
        ("Saint-Martin", ["SAINTMARTIN"], {}),
        ("D’Almeida", ["DALMEIDA"], {}),
        ("D'ALMEIDA", ["DALMEIDA"], {}),
        ("inconnu", [], {}),
        ("", [], {}),
        (None, [], {}),
    ],
)
def test_every_surname_of_a_cell_is_found_with_its_role(cell, names, roles):
    assert surnames(cell) == (names, roles)


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("DUPONT épouse Le Goff", "LEGOFF"),
        ("MARTIN née DUPONT", "MARTIN"),
        ("Vve Martin", "MARTIN"),
        ("DUPONT-MARTIN", "DUPONTMARTIN"),
        ("", None),
    ],
)
def test_the_name_in_use_comes_first(cell, name):
    assert principal(cell) == name


@pytest.mark.parametrize(
    "alike",
    ["Dupont Dupond", "Renault Renaud Reno", "Lefèvre Lefebvre", "Gauthier Gotier", "Schmitt Schmidt",
     "Meunier Meunié", "Moreau Morot", "Benoît Benoist", "André Andrée", "Michel Michèle", "Daniel Danielle"],
)  # fmt: skip
def test_names_that_sound_alike_have_one_key(alike):
    assert len({sound(name) for name in alike.split()}) == 1


@pytest.mark.parametrize("apart", ["Bernard Bertrand", "Martin Martine", "Jean Jeanne", "Simon Simone"])
def test_names_that_sound_apart_have_two_keys(apart):
    assert len({sound(name) for name in apart.split()}) == 2


@given(st.text())
def test_nothing_raises_on_any_text_and_upper_is_idempotent(text):
    assert upper(upper(text)) == upper(text)
    words(text)
    surnames(text, text)
    sound(text)
    two_persons(text)
    given_names(text, first_names())


def test_the_writings_of_a_compound_first_name_are_one():
    found = [given_names(cell, first_names()) for cell in ("Jean-Pierre", "jean pierre", "JEANPIERRE")]
    assert {one.joined for one in found} == {"JEANPIERRE"}


def test_a_nickname_of_one_name_is_known_and_of_several_is_not():
    names = first_names()
    assert set(given_names("Babeth", names).together) & set(given_names("Élisabeth", names).together)
    assert set(given_names("Mouhamed", names).together) & set(given_names("Mohammed", names).together)
    for several in ("Jo", "Alex", "Dom"):
        assert given_names(several, names).together == (several.upper(),)


def test_a_hint_of_sex_is_silent_for_names_of_both():
    names = first_names()
    assert names.sex("MONIQUE") == "F"
    assert names.sex("GERARD") == "M"
    assert [names.sex(name) for name in ("CLAUDE", "DOMINIQUE", "CAMILLE", "ZZZZ")] == [None] * 4
    assert not FirstNames({"RARE": (3, 1)}).known("RARE")


@pytest.mark.parametrize(
    ("cell", "sex"), [("Mme", "F"), ("M.", "M"), ("2", "F"), ("1", "M"), ("H", "M"), ("", None), ("?", None)]
)
def test_a_civility_says_a_sex_or_nothing(cell, sex):
    assert sex_of(cell) == sex


@pytest.mark.parametrize(
    ("cells", "two"),
    [
        (("M. et Mme", "Dupont"), True),
        (("Jean et Jeanne", "Dupont"), True),
        (("Marie", "Dupont"), False),
        (("Juliette", "Etienne"), False),
    ],
)
def test_a_couple_on_one_row_is_seen(cells, two):
    assert two_persons(*cells) is two
