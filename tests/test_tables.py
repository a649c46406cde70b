"""Files of any trade: read row by row, hidden sheets told, the day zero of dates known, groups of headings kept."""

from __future__ import annotations

import datetime
import io
import subprocess

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from entremise.kernel import tables
from entremise.kernel.tables import Limits, Unreadable, books
from tests.mutualaid import sheets

LIMITS = Limits(rows=200_000, columns=60)


def guess(text):
    return text if text in ("Nom", "Prénom", "Tél") else ""


def looks(text):
    return "number" if text.isdigit() else ""


def saved(book):
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_hidden_sheets_are_told_and_never_chosen_by_themselves():
    book = openpyxl.Workbook()
    book.active.title = "Ancien"
    book.active.append(["Nom", "Tél"])
    book.active.append(["A", "1"])
    book.active.sheet_state = "hidden"
    shown = book.create_sheet("Liste")
    shown.append(["Nom", "Tél"])
    shown.append(["B", "2"])
    book.active = 1
    read = tables.read(saved(book), LIMITS)
    assert (read.names, read.hidden, read.rank) == (["Ancien", "Liste"], [0], 1)
    assert list(read.rows)[1] == ["B", "2"]
    assert list(tables.read(saved(book), LIMITS, sheet=0).rows)[1] == ["A", "1"]


@pytest.mark.parametrize("epoch", [1900, 1904])
def test_the_day_zero_of_a_workbook_is_known_and_its_dates_are_right(epoch):
    book = openpyxl.Workbook()
    if epoch == 1904:
        book.epoch = CALENDAR_MAC_1904
    book.active.append(["Nom", datetime.date(1938, 3, 12)])
    read = tables.read(saved(book), LIMITS)
    assert read.epoch == epoch
    assert list(read.rows) == [["Nom", "1938-03-12"]]


def test_what_is_merged_is_told_and_groups_stand_above_their_headings():
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["Registre 2026"], ["Personne", "", "À prévenir", ""], ["Nom", "Tél", "Nom", "Tél"], ["A", 1, "B", 2]):
        sheet.append(row)
    sheet.merge_cells("A2:B2")
    sheet.merge_cells("C2:D2")
    read = tables.read(saved(book), LIMITS)
    assert read.merged == [(1, 0, 1, 1), (1, 2, 1, 3)]
    head = tables.head_of(list(read.rows), guess, looks)
    assert (head.place, head.above) == (2, 2)
    assert head.groups == ["Personne", "Personne", "À prévenir", "À prévenir"]


def test_a_title_alone_is_no_group():
    head = tables.head_of([["Registre"], [], ["Nom", "Prénom"], ["A", "B"]], guess, looks)
    assert (head.place, head.groups) == (2, ["", ""])


def test_rows_begin_in_their_own_column_and_row_wherever_the_table_starts():
    book = openpyxl.Workbook()
    book.active["C3"] = "Nom"
    book.active["D4"] = "x"
    assert list(tables.read(saved(book), LIMITS).rows) == [[], [], ["", "", "Nom"], ["", "", "", "x"]]


def test_a_long_text_in_old_letters_is_read_in_the_right_ones():
    rows = [["Nom", "Tél"], *[["Durand", "1"]] * 90_000, *[["Hélène Fœtus", "2"]] * 500]
    data = sheets.text(rows, "cp1252")
    assert len(data) > 900_000
    assert list(tables.read(data, LIMITS).rows)[-1] == ["Hélène Fœtus", "2"]


@pytest.mark.parametrize("ends", ["\r", "\n", "\r\n"])
def test_lines_of_every_system_are_cut_and_new_lines_inside_quotes_kept(ends):
    text = ends.join(["Nom;Tél", '"A\nB";1', "C;2"])
    assert list(tables.cut(text, LIMITS)) == [["Nom", "Tél"], ["A\nB", "1"], ["C", "2"]]


def test_a_file_is_refused_by_the_limits_of_who_reads_it():
    small = Limits(bytes=1024 * 1024, useful="nom, adresse")
    with pytest.raises(Unreadable, match="dépasse 1 Mo"):
        tables.read(b"a;b\n" * 300_000, small)
    assert "nom, adresse" in tables.sentences(small)["too_wide"]


def test_a_reader_that_is_left_in_the_middle_is_ended(monkeypatch):
    started = []
    real = subprocess.Popen

    def kept(*args, **kwargs):
        started.append(real(*args, **kwargs))
        return started[-1]

    monkeypatch.setattr(books.subprocess, "Popen", kept)
    read = tables.read(sheets.xlsx([["Nom", "Tél"], *[["a", "b"]] * 3000]), LIMITS)
    assert next(read.rows) == ["Nom", "Tél"]
    read.close()
    assert started[0].returncode is not None
