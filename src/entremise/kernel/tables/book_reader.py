"""Run alone, in a process of its own, by `books.read`: bytes of a workbook in, JSON out, one line a batch of rows.

A hostile or broken file (zip bomb, one cell at the far corner of the sheet) may exhaust memory or crash the native
reader. It then takes this process down, under the limits set below, and nothing else. Nothing touches the disk.
"""

from __future__ import annotations

import io
import json
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

HEAD = 60  # rows read of the sheets that are only looked at
BATCH = 500  # rows of one line of the answer
MOST_MERGED = 2_000


def text_of(value: object) -> str:
    """A cell as one would type it: whole numbers without « .0 », dates in ISO form, booleans in French."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        whole = value.time() == time(0)
        return value.date().isoformat() if whole else value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    if isinstance(value, timedelta):
        return str(value)
    return str(value).replace("\x00", "")


def epoch_of(data: bytes) -> int:
    """1904 when the workbook counts its days so (old Macintosh files), else 1900."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("xl/workbook.xml") as head:
            text = head.read(100_000)
    except (zipfile.BadZipFile, KeyError, OSError, ValueError, NotImplementedError, RuntimeError):
        return 1900
    return 1904 if re.search(rb"date1904\s*=\s*[\"'](?:1|true|on)[\"']", text) else 1900


def answer(data: bytes, wanted: int, most_rows: int, most_columns: int) -> Iterator[dict[str, Any]]:
    """What the workbook is, then its rows by batches, then the end. `wanted` is the rank of the sheet; -1 for the
    first that is shown and holds at least two rows, else the first."""
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = list(book.sheet_names)
        if not names:
            yield {"error": "no_sheet"}
            return
        shown = {sheet.name for sheet in book.sheets_metadata if sheet.visible == calamine.SheetVisibleEnum.Visible}
        hidden = [place for place, name in enumerate(names) if name not in shown]
        rank = wanted if 0 <= wanted < len(names) else 0
        sheet = None
        if wanted < 0:
            places = sorted(range(min(len(names), 20)), key=lambda place: place in hidden)
            for place in places:
                looked = book.get_sheet_by_index(place)
                head = looked.to_python(skip_empty_area=True, nrows=HEAD)
                if sum(1 for row in head if sum(1 for cell in row if cell not in ("", None)) > 1) > 1:
                    rank, sheet = place, looked
                    break
        sheet = sheet or book.get_sheet_by_index(rank)
        try:
            merged = sheet.merged_cell_ranges or []
        except (calamine.CalamineError, ValueError):
            merged = []
        yield {
            "names": names,
            "hidden": hidden,
            "rank": rank,
            "epoch": epoch_of(data),
            "merged": [[*first, *last] for first, last in merged[:MOST_MERGED]],
        }
        yield from _batches(sheet, most_rows, most_columns)
    except calamine.PasswordError:
        yield {"error": "password"}
    except (calamine.CalamineError, calamine.ZipError, calamine.XmlError, OSError, ValueError) as error:
        yield {"error": "password" if "password" in str(error).lower() else "broken"}


def _batches(sheet: Any, most_rows: int, most_columns: int) -> Iterator[dict[str, Any]]:
    before = [""] * (sheet.start[1] if sheet.start else 0)
    rows: list[list[str]] = []
    for number, row in enumerate(sheet.iter_rows()):
        if number >= most_rows + 30:
            break
        cells = [*before, *map(text_of, row)]
        if any(cells[most_columns:]):
            yield {"error": "too_wide"}
            return
        while cells and not cells[-1]:
            cells.pop()
        rows.append(cells[:most_columns])
        if len(rows) == BATCH:
            yield {"rows": rows}
            rows = []
    yield {"rows": rows}
    yield {"end": True}


def main() -> None:
    wanted, most_rows, most_columns, memory, seconds = (int(word) for word in sys.argv[1:6])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the data in clear
    out = sys.stdout.buffer
    try:
        for said in answer(sys.stdin.buffer.read(), wanted, most_rows, most_columns):
            out.write(json.dumps(said, separators=(",", ":")).encode() + b"\n")
    except MemoryError:
        out.write(b'{"error":"too_big"}\n')
    except BaseException:  # a panic of the native reader is no Exception; its text may quote the file
        out.write(b'{"error":"broken"}\n')


if __name__ == "__main__":
    main()
