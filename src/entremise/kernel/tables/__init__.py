"""Spreadsheets in and out, whatever they hold: shared by every context that people send files to.

`limits` says how much is read, `texts` and `books` read it, `heads` finds the headings, `writing` makes files that
start no formula. Plain Python: no database, no file, no word of any trade.
"""

from __future__ import annotations

from entremise.kernel.tables.books import Book, read
from entremise.kernel.tables.heads import Head, Table, head_of, letters, table_of, tidy, width
from entremise.kernel.tables.limits import Limits, Unreadable, sentences
from entremise.kernel.tables.texts import cut, decode, kind_of, separator_of

__all__ = [
    "Book", "Head", "Limits", "Table", "Unreadable", "cut", "decode", "head_of", "kind_of", "letters", "read",
    "sentences", "separator_of", "table_of", "tidy", "width",
]  # fmt: skip
