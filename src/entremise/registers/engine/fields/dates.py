"""Birth dates, as French files write them. Day first, always: no French file writes the month first on purpose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from entremise.registers.engine.names import upper

OLDEST = 125  # years
YEAR = "JANVIER FEVRIER MARS AVRIL MAI JUIN JUILLET AOUT SEPTEMBRE OCTOBRE NOVEMBRE DECEMBRE"
MONTHS = {name[:4]: number for number, name in enumerate(YEAR.split(), 1)} | {
    "JUIL": 7,
    "JUIN": 6,
    "JAN": 1,
    "FEV": 2,
    "MAR": 3,
    "AVR": 4,
    "SEP": 9,
    "OCT": 10,
    "NOV": 11,
    "DEC": 12,
}
FILLERS = {
    (1900, 1, 1),
    (1901, 1, 1),
    (1111, 11, 11),
    (1899, 12, 30),
    (1899, 12, 31),
    (1970, 1, 1),
    (9999, 12, 31),
}
EPOCHS = {1900: date(1899, 12, 30), 1904: date(1904, 1, 1)}
"""The day zero of a workbook: Excel counts a 29 February 1900 that never was, hence 30 December 1899."""


@dataclass(frozen=True, slots=True)
class BirthDate:
    """`dob` YYYYMMDD or None; `year` YYYY or None, also known alone; `codes`: what was wrong.

    Codes: `date_filler date_future date_too_old date_impossible date_ambiguous_century date_first_january
    date_year_only date_unreadable`.
    """

    dob: str | None = None
    year: str | None = None
    codes: tuple[str, ...] = ()


NOTHING = BirthDate()


def birth_date(cell: object, *, today: date, epoch: int = 1900) -> BirthDate:
    """Read a cell of any type: text, date, Excel serial (`epoch` 1900 or 1904, the flag of the workbook)."""
    if cell is None or isinstance(cell, bool):
        return NOTHING
    if isinstance(cell, datetime | date):
        return _checked(cell.year, cell.month, cell.day, today)
    if isinstance(cell, int | float):
        if cell != cell or cell in (float("inf"), float("-inf")):
            return NOTHING
        text = str(int(cell))
    else:
        text = str(cell).strip()
    return _text(text, today, epoch)


@lru_cache(1 << 17)  # a century has 36,500 days, and a file two or three ways to write them
def _text(text: str, today: date, epoch: int) -> BirthDate:
    if iso := re.match(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)", text):
        return _checked(int(iso[1]), int(iso[2]), int(iso[3]), today)
    if re.fullmatch(r"\d+\.0+", text):
        text = text.split(".", 1)[0]
    parts = re.findall(r"\d+|[A-Z]+", re.sub(r"\b(?:NEE?|LE|DU|EN|DATE|DE|NAISSANCE)\b", " ", upper(text)))
    return _read(parts, today, epoch) if parts else NOTHING


def _read(parts: list[str], today: date, epoch: int) -> BirthDate:
    numbers = [part for part in parts if part.isdigit()]
    if len(parts) == 1 and numbers:
        return _digits(parts[0], today, epoch)
    named = next((m for part in parts if part.isalpha() and (m := MONTHS.get(part[:4]) or MONTHS.get(part))), None)
    if named:
        if len(numbers) == 1:
            return _year_only(numbers[0], today)
        if len(numbers) >= 2:
            return _ordered(numbers[0], str(named), numbers[1], today)
    if len(numbers) >= 3:
        return _ordered(numbers[0], numbers[1], numbers[2], today)
    if len(numbers) == 2:
        return _year_only(numbers[1] if len(numbers[1]) == 4 else numbers[0], today)
    return BirthDate(codes=("date_unreadable",))


def _digits(text: str, today: date, epoch: int) -> BirthDate:
    if len(text) == 8:
        if 1000 < int(text[4:]) <= today.year and int(text[:2]) <= 31 and int(text[2:4]) <= 12:
            return _checked(int(text[4:]), int(text[2:4]), int(text[:2]), today)
        return _checked(int(text[:4]), int(text[4:6]), int(text[6:]), today)
    if len(text) == 7:  # the zero of the first nine days, lost by a spreadsheet
        return _checked(int(text[3:]), int(text[1:3]), int(text[:1]), today)
    if len(text) == 6:
        return _ordered(text[:2], text[2:4], text[4:], today)
    if len(text) == 4 and text[:2] in ("18", "19", "20"):
        return _year_only(text, today)
    if len(text) <= 5 and 0 < int(text) < 80_000:
        day = EPOCHS[epoch] + timedelta(days=int(text))
        return _checked(day.year, day.month, day.day, today)
    return BirthDate(codes=("date_unreadable",))


def _ordered(day: str, month: str, year: str, today: date) -> BirthDate:
    if len(day) == 4:
        day, year = year, day
    if len(year) <= 2:
        if int(year) <= today.year % 100:
            return BirthDate(codes=("date_ambiguous_century",))
        year = f"{today.year // 100 - 1}{int(year):02d}"
    return (
        _checked(int(year), int(month), int(day), today) if len(year) == 4 else BirthDate(codes=("date_unreadable",))
    )


def _year_only(text: str, today: date) -> BirthDate:
    found = _checked(int(text), 7, 2, today) if len(text) == 4 else BirthDate(codes=("date_unreadable",))
    return BirthDate(year=found.year, codes=("date_year_only",)) if found.year else found


def _checked(year: int, month: int, day: int, today: date) -> BirthDate:
    if (year, month, day) in FILLERS:
        return BirthDate(codes=("date_filler",))
    if year > today.year:
        return BirthDate(codes=("date_future",))
    if year < today.year - OLDEST:
        return BirthDate(codes=("date_too_old",))
    try:
        when = date(year, month, day)
    except ValueError:
        # 00/00/1938 says the year and no more; 31/02/1940 is a slip, whose year is still worth keeping.
        return BirthDate(year=str(year), codes=("date_year_only" if not (month and day) else "date_impossible",))
    if when > today:
        return BirthDate(codes=("date_future",))
    codes = ("date_first_january",) if (month, day) == (1, 1) else ()
    return BirthDate(f"{year:04d}{month:02d}{day:02d}", str(year), codes)
