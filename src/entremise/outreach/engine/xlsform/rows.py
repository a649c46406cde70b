"""The lines of a sheet under headings of one spelling, each cell keeping where it is. Plain Python."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from entremise.outreach.engine.xlsform.headers import SET_ASIDE, heading
from entremise.outreach.engine.xlsform.problems import ERROR, Report
from entremise.outreach.engine.xlsform.reader import Sheet

Key = tuple[str, str]
"""One spelling of a heading, code of its language or ""."""


@dataclass(slots=True)
class Place:
    """Where a column is: its letters and its heading as the file writes it."""

    column: str
    header: str


@dataclass(slots=True)
class Table:
    """The columns of a sheet by their key, and its report."""

    code: str
    sheet: Sheet
    report: Report
    places: dict[Key, Place] = field(default_factory=dict)
    ranks: dict[Key, int] = field(default_factory=dict)

    def lines(self) -> list[Row]:
        keys = {rank: key for key, rank in self.ranks.items()}
        return [
            Row(self, line.number, {keys[rank]: said for rank, said in line.cells.items() if rank in keys})
            for line in self.sheet.lines
        ]

    def languages(self) -> list[str]:
        return [lang for _, lang in self.ranks if lang]


@dataclass(slots=True)
class Row:
    """One line: its cells by key, and how to say what is wrong with one of them."""

    table: Table
    number: int
    cells: dict[Key, str]

    def get(self, column: str, lang: str = "") -> str:
        return self.cells.get((column, lang), "")

    def words(self, column: str, default: str) -> dict[str, str]:
        """The texts of a translated column; the one without language is that of the script's own language."""
        found = {lang: said for (name, lang), said in self.cells.items() if name == column and lang}
        if plain := self.get(column):
            found.setdefault(default, plain)
        return dict(sorted(found.items()))

    def wrong(
        self, code: str, column: str, message: str, *, lang: str = "", position: int = 0, severity: str = ""
    ) -> None:
        """Add a problem at this cell; at the row when the file has no such column."""
        place = self.table.places.get((column, lang))
        self.table.report.add(
            code, self.table.code, message, row=self.number, column=place.column if place else "",
            header=place.header if place else "", excerpt=self.get(column, lang), position=position, severity=severity,
        )  # fmt: skip


def table_of(code: str, sheet: Sheet, known: Collection[str], report: Report, *, others: bool = False) -> Table:
    """Name the columns of a sheet. `others`: unknown columns are kept (filters of choices), not set aside."""
    table = Table(code, sheet, report)
    for rank, said in sheet.heads.items():
        place = Place(sheet.letters(rank), said)
        base, lang = heading(said)
        if others and base not in known:
            base = said.strip()  # a filter of choices names its column as it is spelled
        where = {"row": sheet.head, "column": place.column, "header": said, "excerpt": said}
        if base in SET_ASIDE and code == "survey":
            report.add("column_set_aside", code, "colonne mise de côté : un appel n’en a pas besoin", **where)  # type: ignore[arg-type]
        elif base not in known and not others:
            report.add("unknown_column", code, "colonne inconnue, non lue", **where)  # type: ignore[arg-type]
        elif (base, lang) in table.ranks:
            first = table.places[base, lang]
            message = f"cette colonne dit la même chose que la colonne {first.column} : gardez-en une"
            report.add("unknown_column", code, message, severity=ERROR, **where)  # type: ignore[arg-type]
        else:
            table.ranks[base, lang] = rank
            table.places[base, lang] = place
    return table
