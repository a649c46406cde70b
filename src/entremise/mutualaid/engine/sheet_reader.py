"""Run alone, in a process of its own, by `clients.read_workbook`: bytes of a workbook in, JSON out.

A hostile or broken file (zip bomb, one cell at the far corner of the sheet) may exhaust memory or crash the native
reader. It then takes this process down, under the limits set below, and nothing else. Nothing touches the disk.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from datetime import date, datetime, time, timedelta

MEMORY = 1_500_000_000  # bytes of address space
SECONDS = 30  # of processor
HEAD = 60  # rows read of the sheets that are only looked at


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


def answer(data: bytes, wanted: int, most_rows: int, most_columns: int) -> dict[str, object]:
    """`wanted` is the rank of the sheet; -1 for the first that holds at least two rows, else the first."""
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = list(book.sheet_names)
        if not names:
            return {"error": "no_sheet"}
        rank = wanted if 0 <= wanted < len(names) else 0
        if wanted < 0:
            for place in range(min(len(names), 20)):
                head = book.get_sheet_by_index(place).to_python(skip_empty_area=True, nrows=HEAD)
                if sum(1 for row in head if sum(1 for cell in row if cell not in ("", None)) > 1) > 1:
                    rank = place
                    break
        sheet = book.get_sheet_by_index(rank)
        rows = sheet.to_python(skip_empty_area=False, nrows=most_rows + 30)
    except calamine.PasswordError:
        return {"error": "password"}
    except (calamine.CalamineError, calamine.ZipError, calamine.XmlError, OSError, ValueError) as error:
        return {"error": "password" if "password" in str(error).lower() else "broken"}
    if any(cell not in ("", None) for row in rows for cell in row[most_columns:]):
        return {"error": "too_wide"}
    return {
        "names": names,
        "rank": rank,
        "rows": [[text_of(cell) for cell in row[:most_columns]] for row in rows],
    }


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the data in clear
    wanted, most_rows, most_columns = (int(word) for word in sys.argv[1:4])
    try:
        said = answer(sys.stdin.buffer.read(), wanted, most_rows, most_columns)
    except MemoryError:
        said = {"error": "too_big"}
    except BaseException:  # a panic of the native reader is no Exception; its text may quote the file
        said = {"error": "broken"}
    sys.stdout.buffer.write(json.dumps(said).encode())


if __name__ == "__main__":
    main()
