"""The reader of spreadsheets: workbooks in a process of their own."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from entremise.kernel import tables
from entremise.mutualaid.engine import sheets


@dataclass(frozen=True, slots=True)
class Workbook:
    """`names` of the sheets, `rank` of the one that was read, its cells as text."""

    names: list[str]
    rank: int
    grid: list[list[str]]


def read_file(data: bytes, *, sheet: int = -1) -> Workbook:
    """Any spreadsheet we know, CSV included. Raises sheets.Unreadable, whose sentence says what to do."""
    book = tables.read(data, sheets.LIMITS, sheet=sheet)
    return Workbook(book.names, book.rank, list(islice(book.rows, sheets.MOST_ROWS + 30)))
