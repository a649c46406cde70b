from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from entremise.registers.engine.cells import address_cell, address_in, names_cell, names_in

WORD = st.text(st.sampled_from("ABCDÉàéïœ-’"), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("parts", "cell"),
    [
        ({"last": "DUPONT", "first": "Jeanne"}, "DUPONT, Jeanne"),
        ({"usage": "LE GOFF", "birth": "DUPONT", "first": "Jeannine"}, "LE GOFF née DUPONT, Jeannine"),
        ({"usage": "LE GOFF", "last": "DUPONT", "first": "Jeannine"}, "LE GOFF née DUPONT, Jeannine"),
        ({"usage": "Dupont", "birth": "DUPONT"}, "Dupont"),
        ({"last": "Dupont, Martin"}, "Dupont Martin"),
        ({"first": "Jeanne"}, ", Jeanne"),
        ({}, ""),
    ],
)
def test_the_columns_of_a_name_make_one_item(parts: dict[str, str], cell: str) -> None:
    assert names_cell(**parts) == cell


@pytest.mark.parametrize(
    ("cell", "last", "first"),
    [
        ("LE GOFF née DUPONT, Jeannine", "LE GOFF née DUPONT", "Jeannine"),
        ("Jeanne DUPONT", "DUPONT", "Jeanne"),
        ("DUPONT MARTIN Jeanne Marie", "DUPONT MARTIN", "Jeanne Marie"),
        ("Odette Fiction", "Fiction", "Odette"),
        ("Fiction Odette", "Fiction", "Odette"),
        ("DUPONT", "DUPONT", None),
        (", Jeanne", None, "Jeanne"),
    ],
)
def test_a_name_is_read_back_however_it_was_written(cell: str, last: str | None, first: str | None) -> None:
    said = names_in(cell, lambda word: word == "Odette")
    assert (said.get("last_name"), said.get("first_name")) == (last, first)


@given(last=WORD, first=WORD)
def test_what_a_file_told_apart_stays_apart(last: str, first: str) -> None:
    assert names_in(names_cell(last=last, first=first)) == {"last_name": last, "first_name": first}


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("12 rue des Lilas, 38000 Grenoble", ("12 rue des Lilas", "38000", "Grenoble")),
        ("12 rue des Lilas\n38000 GRENOBLE CEDEX 9", ("12 rue des Lilas", "38000", "GRENOBLE CEDEX 9")),
        ("3 place du 8 mai 1945, 1000 Bourg-en-Bresse", ("3 place du 8 mai 1945", "1000", "Bourg-en-Bresse")),
        ("Le Bourg", ("Le Bourg", None, None)),
        ("38000 Grenoble", (None, "38000", "Grenoble")),
        ("", (None, None, None)),
    ],
)
def test_an_address_is_read_back_by_its_parts(cell: str, said: tuple[str | None, ...]) -> None:
    found = address_in(cell)
    assert (found.get("address"), found.get("postcode"), found.get("town")) == said


def test_an_address_of_three_columns_makes_one_item() -> None:
    assert address_cell(street="4 rue Haute ", more="Bât. B", postcode="38100", town="Grenoble") == (
        "4 rue Haute, Bât. B, 38100 Grenoble"
    )
