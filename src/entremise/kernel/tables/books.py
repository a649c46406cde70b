"""Any spreadsheet, read row by row. Workbooks are read in a process of their own: pipes only, no file."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from entremise.kernel.tables import book_reader
from entremise.kernel.tables.limits import Limits, Unreadable
from entremise.kernel.tables.texts import cut, decode, kind_of

Range = tuple[int, int, int, int]
"""First row, first column, last row, last column, from 0."""


@dataclass(slots=True, repr=False)
class Book:
    """`names` of the sheets (none for a text), ranks of those that are `hidden`, `rank` of the one that is read.

    `rows` may be read once: each is the cells of one row as text, blank rows included, without the blank cells of its
    end in a workbook. `epoch`: the day zero of its date serials (1900 or 1904). `merged`: ranges of merged cells.
    """

    rows: Iterator[list[str]]
    names: list[str] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)
    rank: int = 0
    epoch: int = 1900
    merged: list[Range] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<Book {len(self.names)} sheets>"

    def close(self) -> None:
        """Stop reading; the process of the reader ends."""
        if hasattr(self.rows, "close"):
            self.rows.close()


def read(data: bytes, limits: Limits, *, sheet: int = -1) -> Book:
    """Open a spreadsheet, CSV included. Raises Unreadable, now or while rows are read: its sentence says what to do.

    `sheet`: the rank to read; -1 for the first that is shown and holds rows.
    """
    if kind_of(data, limits) == "text":
        return Book(cut(decode(data, limits), limits))
    parts = _parts(data, limits, sheet)
    head = next(parts)
    return Book(
        _rows(parts), head["names"], head["hidden"], head["rank"], head["epoch"], [tuple(r) for r in head["merged"]]
    )


def _rows(parts: Iterator[dict[str, Any]]) -> Iterator[list[str]]:
    try:
        for part in parts:
            yield from part["rows"]
    finally:
        parts.close()  # type: ignore[attr-defined]


@contextlib.contextmanager
def _patience(child: subprocess.Popen[bytes], limits: Limits) -> Iterator[None]:
    watch = threading.Timer(limits.patience, child.kill)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def _parts(data: bytes, limits: Limits, sheet: int) -> Iterator[dict[str, Any]]:
    words = [sheet, limits.rows, limits.columns, limits.memory, limits.seconds]
    child = subprocess.Popen(  # noqa: S603  our own file, our own interpreter, numbers as arguments
        [sys.executable, "-I", str(book_reader.__file__), *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # the words of a native reader may quote the file
    )
    if child.stdin is None or child.stdout is None:
        raise Unreadable("broken", limits)
    ended = False
    try:
        with _patience(child, limits):
            with contextlib.suppress(BrokenPipeError):  # it died: its answer, or its silence, says so below
                child.stdin.write(data)
            with contextlib.suppress(BrokenPipeError):
                child.stdin.close()
        while True:
            with _patience(child, limits):  # for its next answer: it waits too, while rows are dealt with here
                line = child.stdout.readline()
            if not line:
                break
            try:
                said: dict[str, Any] = json.loads(line)
            except ValueError:
                break
            if error := said.get("error"):
                raise Unreadable(error, limits)
            if said.get("end"):
                ended = True
                break
            yield said
        if not ended:
            raise Unreadable("too_big", limits)
    finally:
        child.kill()
        child.stdout.close()
        child.wait()
