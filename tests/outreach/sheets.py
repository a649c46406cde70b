"""Script workbooks for tests, written as a table in Markdown, a row a line: coordinates can be read off the test."""

from __future__ import annotations

import io
import textwrap

import xlsxwriter


def workbook(said: str) -> bytes:
    """Sheets in Markdown: a line « # survey », then lines « | type | name | … » as they stand in the spreadsheet.

    A blank cell is blank; `\\|` is no separator.
    """
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False})
    sheet, line = None, 0
    for text in textwrap.dedent(said).strip().splitlines():
        if text.startswith("#"):
            sheet, line = book.add_worksheet(text.lstrip("# ").strip()), 0
        elif text.strip() and sheet is not None:
            for rank, cell in enumerate(text.strip().strip("|").split("|")):
                if cell.strip():
                    sheet.write_string(line, rank, cell.strip())
            line += 1
    book.close()
    return out.getvalue()
