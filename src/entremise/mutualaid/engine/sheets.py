"""The spreadsheets of mutual aid: how much of them is read, and which of their headings are known."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from entremise.kernel import tables
from entremise.kernel.tables import Limits, Table, Unreadable
from entremise.mutualaid.engine import columns

LIMITS = Limits(useful="nom, téléphone, commune, aide, moments")
MOST_BYTES, MOST_ROWS, MOST_COLUMNS = LIMITS.bytes, LIMITS.rows, LIMITS.columns
SENTENCES = tables.sentences(LIMITS)

__all__ = [
    "LIMITS", "MOST_BYTES", "MOST_COLUMNS", "MOST_ROWS", "SENTENCES", "Table", "Unreadable", "decode", "grid_of_text",
    "kind_of", "table_of",
]  # fmt: skip


def kind_of(data: bytes) -> str:
    """`workbook` or `text`. Raises Unreadable."""
    return tables.kind_of(data, LIMITS)


def decode(data: bytes) -> str:
    """The text of a file in any usual encoding. Raises Unreadable."""
    return tables.decode(data, LIMITS)


def grid_of_text(text: str) -> list[list[str]]:
    """The cells of a CSV file. Raises Unreadable."""
    return list(islice(tables.cut(text, LIMITS), MOST_ROWS + 30))


def table_of(grid: Sequence[Sequence[str]]) -> Table:
    """Headings and the rows that hold something. Raises Unreadable."""
    return tables.table_of(grid, LIMITS, columns.guess_heading, columns.looks_like)
