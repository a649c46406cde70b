"""A workbook or a CSV into the rows of its three sheets, with coordinates. Read in the bounded process of `kernel`.

Limits (reference § 5.1): 2 MB, 50 MB once unpacked, 500 rows of `survey`, 2,000 of `choices`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from entremise.kernel.tables import Limits, Unreadable, kind_of, letters, read, tidy
from entremise.kernel.tables.limits import MEGABYTE

SHEETS: Final = ("survey", "choices", "settings")
MOST_ROWS: Final = {"survey": 500, "choices": 2_000, "settings": 20}
MOST_LETTERS: Final = 6_000  # of one cell; an expression has at most 4,000
LIMITS: Final = Limits(
    bytes=2 * MEGABYTE, rows=2_600, columns=200, unpacked=50 * MEGABYTE, memory=800_000_000, seconds=10,
    patience=20, useful="type, name, label, relevant",
)  # fmt: skip


class Unusable(ValueError):
    """The file cannot be read at all; the sentence says what to do, and never quotes the file."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its number in the spreadsheet, its cells by rank of column, blank ones left out."""

    number: int
    cells: dict[int, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """`title` as the file writes it; `heads`: rank of column → heading; `head`: the number of that row."""

    title: str
    head: int
    heads: dict[int, str]
    lines: list[Line]

    def letters(self, rank: int) -> str:
        return letters(rank)


@dataclass(frozen=True, slots=True)
class Workbook:
    """The sheets that count by their name, and the names of the others."""

    sheets: dict[str, Sheet]
    others: list[str]


def open_file(data: bytes) -> Workbook:
    """The sheets of a file. Raises Unusable: no spreadsheet, too big, damaged, protected, too long."""
    try:
        if kind_of(data, LIMITS) == "text":
            return _texts(list(read(data, LIMITS).rows))
        return _book(data)
    except Unreadable as error:
        raise Unusable(str(error)) from None


def _book(data: bytes) -> Workbook:
    first = read(data, LIMITS, sheet=0)
    names = [" ".join(name.split()) for name in first.names]
    grids = {0: list(first.rows)}
    sheets: dict[str, Sheet] = {}
    others = []
    for rank, name in enumerate(names):
        code = name.lower()
        if code not in SHEETS or code in sheets:
            others.append(name)
            continue
        grid = grids[rank] if rank in grids else list(read(data, LIMITS, sheet=rank).rows)
        sheets[code] = _sheet(code, name, enumerate(grid, start=1))
    return Workbook(sheets, others)


def _texts(grid: Sequence[Sequence[str]]) -> Workbook:
    """A CSV: one `survey`, or several sheets under lines that hold their name alone in the first column."""
    places = [
        place for place, row in enumerate(grid)
        if row and row[0].strip().lower() in SHEETS and not any(cell.strip() for cell in row[1:])
    ]  # fmt: skip
    if not places:
        return Workbook({"survey": _sheet("survey", "survey", enumerate(grid, start=1))}, [])
    sheets: dict[str, Sheet] = {}
    for place, end in zip(places, [*places[1:], len(grid)], strict=True):
        name = grid[place][0].strip()
        rows = ((number + 1, grid[number]) for number in range(place + 1, end))
        sheets.setdefault(name.lower(), _sheet(name.lower(), name, rows))
    return Workbook(sheets, [])


def _sheet(code: str, title: str, rows: Iterator[tuple[int, Sequence[str]]] | enumerate[Sequence[str]]) -> Sheet:
    heads: dict[int, str] = {}
    head, lines = 0, []
    for number, row in rows:
        cells = {rank: said for rank, cell in enumerate(row) if (said := tidy(cell))}
        if not cells:
            continue
        if any(len(said) > MOST_LETTERS for said in cells.values()):
            raise Unusable(
                f"Une cellule de la feuille « {code} », ligne {number}, dépasse {MOST_LETTERS} signes. "
                "Raccourcissez-la, puis envoyez le fichier à nouveau."
            )
        if not heads:
            head, heads = number, cells
        else:
            lines.append(Line(number, cells))
    if len(lines) > MOST_ROWS[code]:
        raise Unusable(
            f"La feuille « {code} » a plus de {MOST_ROWS[code]} lignes remplies. Un appel n’en demande pas tant : "
            "coupez le script en plusieurs, un par sorte d’appel."
        )
    return Sheet(title, head, heads, lines)
