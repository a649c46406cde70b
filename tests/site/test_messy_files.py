"""The three files of the demonstration: full, messy, true to their truth, and nobody's telephone in them."""

from __future__ import annotations

import csv
import io
import re
from zipfile import ZipFile

import pytest

from entremise.site.invention import files

FICTION = re.compile(r"^(0?63998|0?19900|0?26191|0?35301|0?46571|0?53649)")
NUMBER = re.compile(r"(?:\+33[ ]?|0|\b)[1-9](?:[ .]?\d\d){4}\b")


@pytest.fixture(scope="module")
def made():
    return files.messy_files()


def texts(made):
    yield made["apa"].content.decode("cp1252")
    for code, part in (("transport", "content.xml"), ("canicule", "xl/sharedStrings.xml")):
        with ZipFile(io.BytesIO(made[code].content)) as archive:
            yield archive.read(part).decode()


def test_each_file_is_full_and_each_row_has_its_truth(made):
    assert {code: len(one.truth) for code, one in made.items()} == {"canicule": 1200, "apa": 4000, "transport": 6000}
    rows = list(csv.reader(io.StringIO(made["apa"].content.decode("cp1252")), delimiter=";"))
    assert len(rows) == 4001
    assert {len(row) for row in rows} == {14}


def test_the_same_person_is_in_several_files_and_errors_are_written(made):
    persons = [{true.person for true in one.truth} for one in made.values()]
    assert len(persons[0] & persons[1]) > 100
    assert len(persons[1] & persons[2]) > 500
    assert sum(bool(true.errors) for one in made.values() for true in one.truth) > 3000
    assert any(true.trap for one in made.values() for true in one.truth)


def test_every_telephone_is_of_a_range_that_no_operator_gives_out(made):
    found = [number for text in texts(made) for number in NUMBER.findall(text)]
    plain = [re.sub(r"\D", "", number.replace("+33", "")).lstrip("0") for number in found]
    wrong = sorted({number for number in plain if len(number) == 9 and not FICTION.match(number)})
    assert len(plain) > 8000
    assert not wrong, wrong[:5]


def test_the_same_rows_make_the_same_bytes():
    rows = [{"last_name": "FICTION", "first_name": f"Odette {n}", "birth_date": "07/03/1941", "phone": "0639981234",
             "address": "12 rue des Essais", "postcode": "38000", "town": "Grenoble"} for n in range(20)]  # fmt: skip
    for make in (files._workbook, files._text, files._office):
        assert make(rows) == make(rows)
