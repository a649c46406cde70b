"""Dates, phones, addresses, communes, social security numbers: the reference's table, row by row."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given, strategies as st

from entremise.registers.engine.fields import (
    Commune,
    Communes,
    address,
    birth_date,
    looks_like_nir,
    phones,
    refuses_column,
)
from entremise.registers.queries import communes

TODAY = date(2026, 11, 24)
CELLS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.dates(), st.datetimes())


@pytest.mark.parametrize(
    ("cell", "dob"),
    [
        ("12/03/1938", "19380312"),
        ("12-3-38", "19380312"),
        ("1938-03-12T00:00:00", "19380312"),
        ("12031938", "19380312"),
        ("19380312", "19380312"),
        ("12 mars 1938", "19380312"),
        ("1er août 1941", "19410801"),
        ("né le 3 juillet 1940", "19400703"),
        ("12 févr. 1938", "19380212"),
        (14316, "19390312"),
        ("14316", "19390312"),
        (14316.0, "19390312"),
        (date(1938, 3, 12), "19380312"),
        (datetime(1938, 3, 12), "19380312"),  # noqa: DTZ001
        (2031938, "19380302"),
    ],
)
def test_a_birth_date_is_read_in_every_shape_day_first(cell, dob):
    assert birth_date(cell, today=TODAY).dob == dob


def test_the_workbook_of_1904_shifts_its_serials():
    assert birth_date(14316, today=TODAY, epoch=1904).dob == "19430313"


@pytest.mark.parametrize(
    ("cell", "year", "code"),
    [
        ("1938", "1938", "date_year_only"),
        (1938, "1938", "date_year_only"),
        ("00/00/1938", "1938", "date_year_only"),
        ("03/1938", "1938", "date_year_only"),
        ("mars 1938", "1938", "date_year_only"),
        ("31/02/1940", "1940", "date_impossible"),
        ("12/3/20", None, "date_ambiguous_century"),
        ("01/01/1900", None, "date_filler"),
        ("01/01/1901", None, "date_filler"),
        ("11/11/1111", None, "date_filler"),
        ("30/12/1899", None, "date_filler"),
        ("01/01/1970", None, "date_filler"),
        ("31/12/9999", None, "date_filler"),
        ("12/03/2039", None, "date_future"),
        ("12/03/1838", None, "date_too_old"),
        ("bientôt", None, "date_unreadable"),
    ],
)
def test_what_is_not_a_date_says_why_and_keeps_the_year_it_can(cell, year, code):
    found = birth_date(cell, today=TODAY)
    assert (found.dob, found.year, found.codes) == (None, year, (code,))


def test_a_first_of_january_is_kept_and_warned():
    assert birth_date("01/01/1940", today=TODAY).codes == ("date_first_january",)
    assert birth_date("01/01/1940", today=TODAY).dob == "19400101"


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("06.11.22.33.44 / 01 48 00 00 01", ("+33611223344", "+33148000001")),
        ("+33 (0)6 11 22 33 44", ("+33611223344",)),
        ("0033611223344", ("+33611223344",)),
        ("33611223344", ("+33611223344",)),
        (611223344, ("+33611223344",)),
        ("611223344.0", ("+33611223344",)),
        ("0262 12 34 56", ("+262262123456",)),
        ("0692123456", ("+262692123456",)),
        ("0639123456", ("+262639123456",)),
        ("06 39 98 12 34", ("+33639981234",)),
        ("0590 12 34 56", ("+590590123456",)),
        ("0694123456", ("+594694123456",)),
        ("0696 12 34 56", ("+596696123456",)),
        ("0508 12 34 56", ("+508508123456",)),
        ("+32 2 555 12 12", ("+3225551212",)),
        ("06 39 98 12 34 ou 06 39 98 12 34", ("+33639981234",)),
    ],
)
def test_numbers_become_one_writing(cell, numbers):
    assert phones(cell) == (numbers, ())


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("6,12E+08", "phone_truncated"),
        ("0612345678", "phone_filler"),
        ("0123456789", "phone_filler"),
        ("0666666666", "phone_filler"),
        ("liste rouge", "phone_unreadable"),
        ("06 12", "phone_unreadable"),
    ],
)
def test_a_number_that_is_none_says_why(cell, code):
    assert phones(cell) == ((), (code,))


@pytest.mark.parametrize(
    ("cell", "number", "street"),
    [
        ("12 bis, av. du Gal de Gaulle Bât B", "12B", "GENERAL GAULLE"),
        ("12B avenue du Général de Gaulle", "12B", "GENERAL GAULLE"),
        ("Résidence Les Lilas 4 allée des Roses", "4", "ROSES"),
        ("12-14 rue du Bac", "12", "BAC"),
        ("8 rue du 8 mai 1945", "8", "8 MAI 1945"),
        ("3 place du Onze Novembre", "3", "11 NOVEMBRE"),
        ("5 R DES MARTYRS APPT 26", "5", "MARTYRS"),
        ("rue Pasteur", None, "PASTEUR"),
        ("", None, None),
    ],
)
def test_an_address_is_cut_into_number_and_street(cell, number, street):
    found = address(cell)
    assert (found.number, found.street, found.domiciled) == (number, street, False)


@pytest.mark.parametrize("cell", ["chez M. Durand 3 rue Pasteur", "CCAS de Nantes", "élection de domicile"])
def test_another_s_roof_is_not_compared(cell):
    assert address(cell).domiciled
    assert address(cell).street is None


@pytest.mark.parametrize(
    ("town", "postcode", "code", "how"),
    [
        ("Grenoble", "38000", "38185", "exact"),
        ("St Martin d'Hères", "38400", "38421", "exact"),
        ("Aix les Bains", "73100", "73008", "exact"),
        ("Saint-Denis", "97400", "97411", "exact"),
        ("Saint-Denis", "93200", "93066", "exact"),
        ("GRENOBLE CEDEX 9", "38042", "38185", "name_no_postcode"),
        ("Grenoble", None, "38185", "name"),
        ("Grenobel", "38000", "38185", "fuzzy"),
        ("Lyon 3e Arrondissement", "69003", "69123", "exact"),
        ("Bourg en Bresse", 1000, "01053", "exact"),
        ("Ajaccio", "20000", "2A004", "exact"),
        ("Saint-Denis", None, None, "ambiguous"),
        ("Nulle Part", "", None, "unknown"),
        ("", "", None, "empty"),
    ],
)
def test_a_town_and_a_postcode_give_a_commune(town, postcode, code, how):
    found = communes().resolve(town, postcode)
    assert (found.code, found.how) == (code, how)


def test_a_district_folds_into_its_commune_and_is_kept_for_targeting():
    found = Communes([Commune("69383", "Lyon 3e Arrondissement", ("69003",), "69123")]).resolve("Lyon", "69003")
    assert (found.code, found.district) == ("69123", "69383")


def test_a_social_security_number_is_known_by_its_key_and_refuses_its_column():
    valid = [f"{n}{97 - n % 97:02d}" for n in (2400538185001, 1380312345678, 2551299999123)]
    assert all(map(looks_like_nir, valid))
    assert not looks_like_nir(valid[0][:-2] + "00")
    assert not looks_like_nir("0639981234")
    assert refuses_column(["", *valid])
    assert not refuses_column([*valid[:2], "x"])


@given(CELLS)
def test_no_cell_of_any_type_raises(cell):
    birth_date(cell, today=TODAY)
    phones(cell)
    looks_like_nir(cell)
    address(cell if isinstance(cell, str) else None)
    communes().resolve(cell if isinstance(cell, str) else None, cell)


@given(st.lists(CELLS))
def test_a_cell_is_a_value_or_a_reason_or_blank_and_the_three_add_up(cells):
    found = [birth_date(cell, today=TODAY) for cell in cells]
    values = sum(one.year is not None for one in found)
    reasons = sum(one.year is None and bool(one.codes) for one in found)
    blank = sum(one.year is None and not one.codes for one in found)
    assert values + reasons + blank == len(cells)
    assert all(one.codes for one, cell in zip(found, cells, strict=True) if isinstance(cell, date) and not one.dob)
