"""What import says of a file: each problem at its sheet, row and column, in French. Plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

MOST: Final = 200
ERROR, BLOCKING, NOTICE = "error", "blocking", "notice"

CODES: Final[Mapping[str, str]] = {
    "sheet_missing": ERROR, "column_missing": ERROR, "label_missing": ERROR, "unknown_type": ERROR,
    "unsupported_type": ERROR, "name_invalid": ERROR, "name_duplicate": ERROR, "group_unbalanced": ERROR,
    "list_unknown": ERROR, "choice_duplicate": ERROR, "choice_name_space": ERROR, "reference_unknown": ERROR,
    "reference_malformed": ERROR, "cycle": ERROR, "expression_syntax": ERROR, "boolean_invalid": ERROR,
    "regex_unsafe": ERROR, "unknown_function": BLOCKING, "arity": BLOCKING, "translation_missing": NOTICE,
    "downgraded_type": NOTICE, "dropped_row": NOTICE, "metadata_ignored": NOTICE, "unknown_column": NOTICE,
    "column_set_aside": NOTICE, "converter_failed": ERROR,
}  # fmt: skip
"""Code → severity. `error`: no version is made; `blocking`: a draft that is not activated; `notice`: harmless."""

SEVERITIES: Final[Mapping[str, str]] = {
    ERROR: "à corriger : rien n’est enregistré",
    BLOCKING: "à corriger avant la mise en service",
    NOTICE: "à savoir",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """`row` as the spreadsheet numbers it, 0 for a whole sheet; `column`: its letters; `header`: its heading.

    `position`: of the sign in the cell, from 1; 0 when it is the whole cell. `excerpt`: the cell, cut short.
    """

    sheet: str
    row: int
    column: str
    header: str
    code: str
    severity: str
    message: str
    excerpt: str = ""
    position: int = 0

    @property
    def cell(self) -> str:
        """« G14 »; « ligne 14 » or nothing when it is no cell."""
        return f"{self.column}{self.row}" if self.column and self.row else ""

    @property
    def place(self) -> str:
        """« survey!G14 (relevant) »."""
        if self.cell:
            return f"{self.sheet}!{self.cell} ({self.header})"
        if self.row:
            return f"{self.sheet}, ligne {self.row}"
        return f"{self.sheet}!{self.column} ({self.header})" if self.column else self.sheet

    @property
    def line(self) -> str:
        """« survey!G14 (relevant) : fonction inconnue « pulldata » (position 4). »"""
        where = f" (position {self.position})" if self.position else ""
        return f"{self.place} : {self.message}{where}."

    def to_json(self) -> dict[str, Any]:
        """As it is kept with the version: its own members, its cell and its line."""
        return {**asdict(self), "cell": self.cell, "place": self.place, "line": self.line}


@dataclass(slots=True)
class Report:
    """The problems of one file, all at once, up to 200. `more`: those past it; errors are never among them."""

    found: list[Problem] = field(default_factory=list)

    def add(
        self, code: str, sheet: str, message: str, *, row: int = 0, column: str = "", header: str = "",
        excerpt: str = "", position: int = 0, severity: str = "",
    ) -> None:  # fmt: skip
        said = Problem(
            sheet, row, column, header, code, severity or CODES[code], message, excerpt[:80], position
        )  # fmt: skip
        if said not in self.found:
            self.found.append(said)

    @property
    def listed(self) -> list[Problem]:
        """At most 200, the worst first when there are more, then in the order of the file."""
        rank = list(SEVERITIES)
        kept = sorted(self.found, key=lambda one: rank.index(one.severity))[:MOST]
        sheets = {"survey": 0, "choices": 1, "settings": 2}
        return sorted(kept, key=lambda one: (sheets.get(one.sheet, 3), one.row, len(one.column), one.column))

    def has(self, severity: str) -> bool:
        return any(one.severity == severity for one in self.found)
