"""The reader of workbooks, in a process of its own: pipes only, no file."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from entremise.mutualaid.engine import sheet_reader, sheets

PATIENCE = 60  # seconds


@dataclass(frozen=True, slots=True)
class Workbook:
    """`names` of the sheets, `rank` of the one that was read, its cells as text."""

    names: list[str]
    rank: int
    grid: list[list[str]]


def read_file(data: bytes, *, sheet: int = -1) -> Workbook:
    """Any spreadsheet we know, CSV included. Raises sheets.Unreadable, whose sentence says what to do."""
    if sheets.kind_of(data) == "text":
        return Workbook([], 0, sheets.grid_of_text(sheets.decode(data)))
    return read_workbook(data, sheet=sheet)


def read_workbook(data: bytes, *, sheet: int) -> Workbook:
    limits = [str(number) for number in (sheet, sheets.MOST_ROWS, sheets.MOST_COLUMNS)]
    try:
        done = subprocess.run(  # noqa: S603  our own file, our own interpreter, numbers as arguments
            [sys.executable, "-I", str(sheet_reader.__file__), *limits],
            input=data,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        said: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {"error": "too_big"}
    except (subprocess.TimeoutExpired, ValueError):
        said = {"error": "too_big"}
    if error := said.get("error"):
        raise sheets.Unreadable(error)
    return Workbook(said["names"], said["rank"], said["rows"])
