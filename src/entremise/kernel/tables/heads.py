"""Where the headings of a table are, under a title or over a first row; which rows hold nothing. Plain Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from entremise.kernel.tables.limits import Limits, Unreadable

Guess = Callable[[str], str]
"""A heading, or a cell, to the code of what it says; "" when nothing."""


@dataclass(frozen=True, slots=True)
class Table:
    """Headings and rows; a row keeps its number in the file (1 for the first) so that people find it again."""

    headings: list[str]
    rows: list[tuple[int, list[str]]]
    headed: bool


@dataclass(frozen=True, slots=True)
class Head:
    """`place`: the rank of the row of headings among those looked at, None without any. `groups`: what stands above
    each heading (« Personne à prévenir » over « Nom » and « Téléphone »). `above`: rows of title, skipped."""

    place: int | None
    headings: list[str]
    groups: list[str] = field(default_factory=list)
    above: int = 0


def table_of(grid: Iterable[Sequence[str]], limits: Limits, guess: Guess, looks: Guess) -> Table:
    """Headings (found under a title, or made up when there are none) and the rows that hold something.

    `guess` names what a heading says, `looks` what a cell looks like. Raises Unreadable: nothing to read, too many
    rows or columns.
    """
    cells = [(number, [tidy(cell) for cell in row]) for number, row in enumerate(grid, start=1)]
    filled = [(number, row) for number, row in cells if any(row)]
    if not filled:
        raise Unreadable("empty", limits)
    wide = max(width(row) for _, row in filled)
    if wide > limits.columns:
        raise Unreadable("too_wide", limits)
    filled = [(number, [*row[:wide], *[""] * (wide - len(row))]) for number, row in filled]
    place = heading_place([row for _, row in filled[:10]], guess, looks)
    if place is None:
        headings, rows = [""] * wide, filled
    else:
        headings, rows = filled[place][1], filled[place + 1 :]
    if not rows:
        raise Unreadable("no_row", limits)
    if len(rows) > limits.rows:
        raise Unreadable("too_long", limits)
    return Table([name or f"Colonne {letters(rank)}" for rank, name in enumerate(headings)], rows, place is not None)


def head_of(rows: Sequence[Sequence[str]], guess: Guess, looks: Guess) -> Head:
    """The headings among the first rows of a file (tidy, blank rows included), with what is merged above them."""
    filled = [rank for rank, row in enumerate(rows) if any(row)][:10]
    if not filled:
        return Head(None, [])
    wide = max(width(row) for row in rows)
    full = [[*rows[rank][:wide], *[""] * (wide - len(rows[rank]))] for rank in filled]
    found = heading_place(full, guess, looks)
    if found is None:
        return Head(None, [""] * wide, [""] * wide, filled[0])
    groups = [""] * wide
    if found and sum(map(bool, full[found - 1])) >= 2 and not any(looks(cell) for cell in full[found - 1] if cell):
        held = ""
        for rank, cell in enumerate(full[found - 1]):
            held = cell or held
            groups[rank] = held if held != full[found][rank] else ""
    return Head(filled[found], full[found], groups, filled[found])


def heading_place(rows: Sequence[Sequence[str]], guess: Guess, looks: Guess) -> int | None:
    """The rank of the row of headings: the one whose words we know best; else the first wide row without values."""
    scores = [sum(1 for cell in row if guess(cell)) for row in rows]
    best = max(range(len(rows)), key=lambda rank: (scores[rank], -rank))
    if scores[best] >= 2 or (scores[best] == 1 and best == 0):
        return best
    widest = max(sum(map(bool, row)) for row in rows)
    for rank, row in enumerate(rows):
        if sum(map(bool, row)) >= max(2, widest // 2):
            return None if any(looks(cell) for cell in row if cell) else rank
    return None if any(looks(cell) for cell in rows[0] if cell) else 0


def tidy(cell: str) -> str:
    """A cell without what surrounds it; its own new lines kept."""
    if "\r" in cell:
        cell = cell.replace("\r\n", "\n").replace("\r", "\n")
    return cell.replace("\ufeff", "").strip(" \t\n\u00a0\u202f")


def width(row: Sequence[str]) -> int:
    return max((rank + 1 for rank, cell in enumerate(row) if cell), default=0)


def letters(rank: int) -> str:
    """The name of a column: A, B… Z, AA for ranks 0, 1… 25, 26."""
    name = ""
    rank += 1
    while rank:
        rank, rest = divmod(rank - 1, 26)
        name = chr(65 + rest) + name
    return name
