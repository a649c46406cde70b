"""The file that goes to the prefect: nine columns, no more; who, when, under which request on each sheet."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import xlsxwriter

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＋", "－", "＠")
A_SHEET = 500
"""Rows on one sheet: each says at its top, and on each printed page, whose copy it is."""


def _safe(text: str) -> str:
    """The text, unable to start a formula; a telephone keeps its sign, written as text."""
    clean = "".join(sign for sign in text if sign >= " ")
    return f"'{clean}" if clean.lstrip(" \u00a0").startswith(DANGEROUS) else clean


def workbook(headings: Sequence[str], rows: Iterable[Sequence[str]], mark: str) -> bytes:
    """An XLSX in memory. `mark`: the watermark, repeated on each sheet and in the foot of each printed page."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, options)
    bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
    loud = book.add_format({"italic": True})
    lines = list(rows)
    for number, start in enumerate(range(0, max(1, len(lines)), A_SHEET), start=1):
        sheet = book.add_worksheet(f"Feuille {number}")
        sheet.write_string(0, 0, mark, loud)
        for rank, name in enumerate(headings):
            sheet.write_string(1, rank, name, bold)
            sheet.set_column(rank, rank, 24)
        for place, row in enumerate(lines[start : start + A_SHEET], start=2):
            for rank, text in enumerate(row):
                sheet.write_string(place, rank, _safe(text))
        sheet.freeze_panes(2, 0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0, 1)
        sheet.set_footer("&L" + mark.replace("&", "&&")[:200] + "&R&P / &N")
    book.close()
    return out.getvalue()
