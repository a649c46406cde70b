"""Any file people send: which letters, which separator, which columns; and the files that are none."""

from __future__ import annotations

import base64
import gzip
from contextlib import suppress
from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from entremise.kernel.tables import writing as sheetout
from entremise.mutualaid import clients
from entremise.mutualaid.engine import answers, columns, masks, sheets as engine
from tests.mutualaid import sheets

ROWS = [
    ["Nom et prénom", "Tél", "Ville", "Précisions"],
    ["Hélène Fœtus-Noël", "06 39 98 12 34", "L’Haÿ-les-Roses", "çà et là, « œufs »"],
    ["Zoé Ébène", "02 61 91 00 01", "Fontaine", "étage n°3\npuis à gauche"],
    ["Chloé Müller", "04 65 71 00 02", "Échirolles", "à côté"],
]
IN_LATIN_9 = [[cell.replace("’", "'").replace("°", "o") for cell in row] for row in ROWS]


@pytest.mark.parametrize("separator", list(";,\t|"))
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "iso8859-15", "mac-roman"]
)
def test_every_usual_encoding_with_every_separator_gives_the_same_table(encoding, separator):
    rows = IN_LATIN_9 if encoding == "iso8859-15" else ROWS
    book = clients.read_file(sheets.text(rows, encoding, separator))
    assert book.grid == rows


@pytest.mark.parametrize("make", [sheets.xlsx, sheets.ods])
def test_workbooks_give_the_same_table_as_text(make):
    assert clients.read_file(make(ROWS)).grid == ROWS


def test_an_old_excel_file_is_read():
    data = gzip.decompress(base64.b64decode((Path(__file__).parent / "data" / "aidants.xls.gz.b64").read_text()))
    grid = clients.read_file(data).grid
    assert grid[0] == ["Nom et prénom", "Tél", "Ville", "Depuis le"]
    assert grid[1] == ["Zoé Fiction", "639981234", "Grenoble", "2026-03-12"]


def test_the_line_that_excel_writes_for_its_separator_is_understood():
    assert clients.read_file(b"sep=,\nNom,Ville\nA;B,Grenoble\n").grid == [["Nom", "Ville"], ["A;B", "Grenoble"]]


def test_the_first_sheet_that_holds_rows_is_read_and_another_may_be_asked():
    data = sheets.xlsx([["Mode d’emploi"]], ("Liste", ROWS), ("Autre", [["Nom", "Tél"], ["A", "B"]]))
    book = clients.read_file(data)
    assert (book.names, book.rank, book.grid) == (["Feuille 1", "Liste", "Autre"], 1, ROWS)
    assert clients.read_file(data, sheet=2).grid == [["Nom", "Tél"], ["A", "B"]]


CFB = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
ZOO = {
    "empty": (b"", "empty"),
    "blank": (b"\xef\xbb\xbf \r\n\r\n", "empty"),
    "only separators": (b";;;\n;;;\n", "empty"),
    "an empty workbook": (sheets.xlsx([]), "empty"),
    "headings alone": (sheets.xlsx([sheets.HEADINGS]), "no_row"),
    "an image renamed": (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "wrong_type"),
    "a photo renamed": (b"\xff\xd8\xff\xe0" + b"\x10" * 50, "wrong_type"),
    "a PDF renamed": (b"%PDF-1.7\n...", "wrong_type"),
    "a page saved": (b"<!DOCTYPE html><table>", "wrong_type"),
    "a text document": (sheets.archive({"word/document.xml": "<w/>"}), "wrong_type"),
    "any archive": (sheets.archive({"photo.txt": "x"}), "wrong_type"),
    "noise": (bytes(range(1, 32)) * 40, "wrong_type"),
    "zeros and noise": (b"\0\1\2\3\0\0\4" * 40, "wrong_type"),
    "a cut workbook": (sheets.xlsx(ROWS)[:2000], "broken"),
    "a hollow workbook": (sheets.archive({"xl/workbook.xml": "<no"}), "broken"),
    "a broken old file": (CFB + b"\7" * 3000, "broken"),
    "a password": (CFB + "EncryptedPackage".encode("utf-16-le") + b"\0" * 400, "password"),
    "too heavy": (b"a;b\n" * (3 * 1024 * 1024), "too_heavy"),
    "too long": (sheets.text([["Nom", "Tél"], *[["a", "b"]] * 20_001]), "too_long"),
    "too long a workbook": (lambda: sheets.xlsx([["Nom", "Tél"], *[["a", "b"]] * 20_001]), "too_long"),  # seconds
    "too wide": (sheets.text([["x"] * 101] * 3), "too_wide"),
    "too wide a workbook": (sheets.xlsx([["x"] * 101] * 3), "too_wide"),
    "an open quote": (b'Nom;T\xc3\xa9l\n"' + b"a" * 200_000, "quotes"),
}


@pytest.mark.parametrize("name", ZOO)
def test_a_file_that_cannot_be_used_gets_a_french_sentence_that_says_what_to_do(name):
    made, code = ZOO[name]
    data = made() if callable(made) else made
    with pytest.raises(engine.Unreadable) as refusal:
        engine.table_of(clients.read_file(data).grid)
    assert refusal.value.code == code
    assert str(refusal.value) == engine.SENTENCES[code]
    assert any(verb in str(refusal.value) for verb in ("nvoyez", "Coupez", "Gardez", "Retirez"))


@pytest.mark.parametrize("make", [sheets.zip_bomb, sheets.far_corner])
def test_a_bomb_kills_the_reader_alone(make):
    with pytest.raises(engine.Unreadable) as refusal:
        clients.read_file(make())
    assert refusal.value.code in {"too_big", "broken"}


@given(st.binary(max_size=400))
def test_no_bytes_make_the_text_reader_fail_otherwise_than_by_its_sentence(data):
    with suppress(engine.Unreadable):
        assert engine.kind_of(data) == "workbook" or engine.table_of(engine.grid_of_text(engine.decode(data))).rows


cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)


@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=12))
def test_rows_read_are_the_rows_written_whatever_they_hold(rows):
    grid = [["Nom", "Téléphone", "Ville"], *rows]
    read = engine.table_of(engine.grid_of_text(engine.decode(sheets.text(grid))) + [["fin", "", ""]])
    written = [row for row in rows if any(cell.strip(" \t\n\u00a0\u202f\ufeff") for cell in row)]
    assert len(read.rows) == len(written) + 1


@pytest.mark.parametrize(
    ("heading", "target"),
    [
        ("Nom et prénom", "name"),
        ("Numéro de téléphone", "phone"),
        ("N° tél. portable", "phone"),
        ("CP", "postcode"),
        ("E-mail", "email"),
        ("Adresse mail", "email"),
        ("Votre commune de résidence", "commune"),
        ("Zip code", "postcode"),
        ("Disponibilités (jours)", "slots"),
        ("Horodateur", "received_at"),
        ("Phone number", "phone"),
        ("Telephonne", "phone"),
        ("Type de besoin", "category"),
        ("Observations", "note"),
        ("Couleur préférée", ""),
    ],
)
def test_headings_are_recognised_in_french_and_english_with_their_faults(heading, target):
    assert columns.guess_heading(heading) == target


def test_without_headings_contents_say_what_the_columns_are():
    grid = [["Zoé Fiction", "0639981234", "zoe@exemple.test", "38000", "12/03/2026"]] * 3
    table = engine.table_of(grid)
    assert not table.headed
    assert len(table.rows) == 3
    found = columns.propose("needs", [""] * 5, [cells for _, cells in table.rows])
    assert found == ["", "phone", "email", "postcode", "received_at"]


def test_a_title_above_the_headings_is_skipped_and_rows_keep_their_number():
    table = engine.table_of([["Liste des bénévoles"], [], ["Nom", "Tél"], ["A", "1"], [], ["B", "2"]])
    assert table.headings == ["Nom", "Tél"]
    assert [number for number, _ in table.rows] == [4, 6]


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ("612345678", ["+33612345678"]),
        ("33639981234", ["+33639981234"]),
        ("0033 6 39 98 12 34", ["+33639981234"]),
        ("tél : 06.39.98.12.34", ["+33639981234"]),
        ("02 61 91 00 01 / 06 39 98 12 34", ["+33639981234", "+33261910001"]),
        ("0639981234\n0261910001", ["+33639981234", "+33261910001"]),
        ("06399812340261910001", ["+33639981234", "+33261910001"]),
        ("+33 (0)6 39 98 12 34", ["+33639981234"]),
    ],
)
def test_phones_as_spreadsheets_hold_them(said, numbers):
    assert answers.phones(said) == numbers


@pytest.mark.parametrize(
    ("said", "on", "at"),
    [
        ("46093", date(2026, 3, 12), None),
        ("46093.5", date(2026, 3, 12), time(12)),
        ("2026-03-12", date(2026, 3, 12), None),
        ("12/03/2026", date(2026, 3, 12), None),
        ("12/3/26", date(2026, 3, 12), None),
        ("12.03.2026", date(2026, 3, 12), None),
        ("1er avril 2026", date(2026, 4, 1), None),
        ("jeudi 12 mars 2026 à 14h05", date(2026, 3, 12), time(14, 5)),
        ("12/03/2026 14:05:33", date(2026, 3, 12), time(14, 5)),
        ("2026-03-12 14:05", date(2026, 3, 12), time(14, 5)),
    ],
)
def test_dates_as_french_people_and_spreadsheets_write_them(said, on, at):
    assert answers.moment(said) == (on, at)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("lundi matin", "lundi matin"),
        ("mardi et jeudi après-midi", "mardi après-midi, jeudi après-midi"),
        ("du lundi au vendredi", "en semaine"),
        ("le week-end", "le week-end"),
        ("tous les matins", "tous les matins"),
        ("tous les jours", "tous les jours"),
        ("les matins de semaine", "les matins de semaine"),
        ("lundi, mardi matin", "lundi matin, lundi après-midi, mardi matin"),
        ("mercredi soir", "mercredi après-midi"),
    ],
)
def test_half_days_in_words(said, words):
    assert masks.slot_label(answers.slots(said)) == words


@pytest.mark.parametrize("parse", [answers.moment, answers.slots, answers.languages, answers.urgency, answers.phones])
@given(said=st.text(max_size=30))
def test_what_is_not_understood_is_refused_in_french_and_never_quoted(parse, said):
    with pytest.raises(ValueError, match=r"\.$") as refusal:
        parse(f"jaune {said} poussin")
    assert "jaune" not in str(refusal.value)


@given(st.text(max_size=20))
def test_no_cell_that_leaves_can_start_a_formula(said):
    out = sheetout.safe(said)
    assert not out.lstrip(" \u00a0").startswith(sheetout.DANGEROUS)
    assert out.removeprefix("'") == said.translate(sheetout._INVISIBLE) or out == said.translate(sheetout._INVISIBLE)
