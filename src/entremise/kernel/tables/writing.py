"""Spreadsheets out: CSV for French offices (`;`, UTF-8 with its mark) and XLSX whose second sheet says what it is.

A cell never starts a formula: text that begins by `= + - @`, a tab or a carriage return gets an apostrophe before.
Everything is made in memory: no file, not even a temporary one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime

import xlsxwriter

Value = str | int | float | bool | date | datetime | None
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＋", "－", "＠")
_INVISIBLE = {code: None for code in range(32) if chr(code) not in "\t\r\n"}


def safe(text: str) -> str:
    """The text, unable to start a formula in any spreadsheet, spaces before it included."""
    text = text.translate(_INVISIBLE)
    return f"'{text}" if text.startswith(DANGEROUS) or text.lstrip(" \u00a0").startswith(DANGEROUS) else text


def _written(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, datetime):
        return value.strftime("%d/%m/%Y %H:%M")
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    return safe(value) if isinstance(value, str) else str(value)


def to_csv(headings: Sequence[str], rows: Iterable[Sequence[Value]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([safe(name) for name in headings])
    writer.writerows([_written(value) for value in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def to_xlsx(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[Value]], about: Sequence[tuple[str, str]]
) -> bytes:
    """`about`: lines of the second sheet (filters, date, source). Dates are local and without zone."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, options)
    bold = book.add_format({"bold": True, "bottom": 1})
    day, moment = book.add_format({"num_format": "dd/mm/yyyy"}), book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
    sheet = book.add_worksheet(title[:31])
    widths = [len(name) for name in headings]
    for rank, name in enumerate(headings):
        sheet.write_string(0, rank, safe(name), bold)
    last = 0
    for last, row in enumerate(rows, start=1):
        for rank, value in enumerate(row):
            if isinstance(value, datetime):
                sheet.write_datetime(last, rank, value.replace(tzinfo=None), moment)
            elif isinstance(value, date):
                sheet.write_datetime(last, rank, datetime(value.year, value.month, value.day), day)  # noqa: DTZ001
            elif isinstance(value, int | float) and not isinstance(value, bool):
                sheet.write_number(last, rank, value)
            elif value is not None:
                sheet.write_string(last, rank, _written(value))
            widths[rank] = max(widths[rank], min(len(_written(value)), 60))
    for rank, width in enumerate(widths):
        sheet.set_column(rank, rank, width + 2)
    sheet.freeze_panes(1, 0)
    if last and headings:
        sheet.autofilter(0, 0, last, len(headings) - 1)
    notes = book.add_worksheet("À propos")
    notes.set_column(0, 0, 24, bold)
    notes.set_column(1, 1, 80)
    for line, (name, text) in enumerate(about):
        notes.write_string(line, 0, safe(name))
        notes.write_string(line, 1, safe(text))
    book.close()
    return out.getvalue()
