"""When a campaign calls: opening hours by weekday, public holidays, kinds of slots. Local time, both clock changes.

Hours are `{"0": [["09:00", "12:00"], ["14:00", "18:00"]], …}`: weekday (0 = Monday) → ranges of local time, the end
left out. Source: reference outreach-and-referrals § 4; public holidays: Code du travail, art. L3133-1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Final

Hours = Mapping[str, Sequence[Sequence[str]]]
Range = tuple[time, time]
MORNING, MIDDAY, AFTERNOON, EVENING = 1, 2, 4, 8
"""Bits of a mask, in the order of `models.campaigns.SLOTS`."""
FAR: Final = 370
"""Days looked at for the next opening: a campaign open one holiday a year would still be found."""
_TIME = re.compile(r"(\d{1,2})(?:[:hH](\d{2})?)?")
_RANGE = re.compile(r"\s*(\S+?)\s*(?:-|–|à|a)\s*(\S+?)\s*")


class HoursWrong(ValueError):
    """Hours that cannot be read; the text says which, in French."""


@lru_cache(maxsize=16)
def holidays(year: int) -> frozenset[date]:
    """The eleven French public holidays of a year (Easter by Meeus, Jones, Butcher)."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    easter = date(year, f // 31, f % 31 + 1)
    moving = {easter + timedelta(days=days) for days in (1, 39, 50)}
    fixed = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
    return frozenset(moving | {date(year, month, day) for month, day in fixed})


def ranges_of(hours: Hours, day: date, *, holidays_open: bool = False) -> list[Range]:
    """The ranges of one local day, in order; none on a public holiday unless it is open."""
    if not holidays_open and day in holidays(day.year):
        return []
    found = [(time.fromisoformat(start), time.fromisoformat(end)) for start, end in hours.get(str(day.weekday()), ())]
    return sorted(found)


def is_open(hours: Hours, at: datetime, zone: tzinfo, *, holidays_open: bool = False) -> bool:
    """Whether this moment is inside the hours, as the clock on the wall says it."""
    local = at.astimezone(zone)
    wall = local.time().replace(tzinfo=None)
    return any(start <= wall < end for start, end in ranges_of(hours, local.date(), holidays_open=holidays_open))


def openings(hours: Hours, day: date, zone: tzinfo, *, holidays_open: bool = False) -> list[tuple[datetime, datetime]]:
    """The ranges of one local day as moments, in order; one that a clock change swallows whole is left out."""
    found = []
    for start, end in ranges_of(hours, day, holidays_open=holidays_open):
        first = datetime.combine(day, start, zone)
        last = datetime.combine(day, end, zone)
        if first.timestamp() < last.timestamp():
            found.append((first, last))
    return found


def next_opening(hours: Hours, after: datetime, zone: tzinfo, *, holidays_open: bool = False) -> datetime | None:
    """This moment when it is inside the hours, else the next one that is; None when no day is ever open."""
    if is_open(hours, after, zone, holidays_open=holidays_open):
        return after
    first = after.astimezone(zone).date()
    for day in (first + timedelta(days=n) for n in range(FAR)):
        for start, _ in openings(hours, day, zone, holidays_open=holidays_open):
            if start.timestamp() >= after.timestamp():
                return start
    return None


def slot_bit(at: datetime, zone: tzinfo) -> int:
    """The kind of slot of a moment: morning before noon, midday to 2 p.m., afternoon to 6 p.m., evening."""
    hour = at.astimezone(zone).hour
    return MORNING if hour < 12 else MIDDAY if hour < 14 else AFTERNOON if hour < 18 else EVENING


def slots_open(hours: Hours) -> int:
    """The kinds of slots these hours ever open, as a mask."""
    bounds = ((MORNING, 0, 12), (MIDDAY, 12, 14), (AFTERNOON, 14, 18), (EVENING, 18, 24))
    mask = 0
    for ranges in hours.values():
        for start, end in ranges:
            first, last = minutes(start), minutes(end)
            for bit, least, most in bounds:
                if first < most * 60 and last > least * 60:
                    mask |= bit
    return mask


def minutes(text: str) -> int:
    """Minutes since midnight of « 09:00 »."""
    at = time.fromisoformat(text)
    return at.hour * 60 + at.minute


def read_ranges(text: str) -> list[list[str]]:
    """« 9h-12h, 14:00 à 18:00 » → `[["09:00", "12:00"], ["14:00", "18:00"]]`; empty when closed.

    Raises HoursWrong: unreadable, end before start, or two ranges that overlap.
    """
    found: list[list[str]] = []
    for part in re.split(r"[,;]| et ", text.strip()) if text.strip() else []:
        read = _RANGE.fullmatch(part)
        if read is None:
            raise HoursWrong(f"« {part.strip()} » ne se lit pas : écrivez par exemple 9:00-12:00, 14:00-18:00.")
        start, end = _time(read[1]), _time(read[2])
        if end <= start:
            raise HoursWrong(f"« {part.strip()} » finit avant d’avoir commencé.")
        found.append([start, end])
    found.sort()
    if any(one[1] > two[0] for one, two in zip(found, found[1:], strict=False)):
        raise HoursWrong("Deux plages se recouvrent : réunissez-les.")
    return found


def _time(text: str) -> str:
    read = _TIME.fullmatch(text)
    if read is None or int(read[1]) > 23 or int(read[2] or 0) > 59:
        raise HoursWrong(f"« {text} » n’est pas une heure : écrivez par exemple 9:00.")
    return f"{int(read[1]):02}:{int(read[2] or 0):02}"


def said(ranges: Sequence[Sequence[str]]) -> str:
    """The ranges of one weekday as a form shows them: « 9:00-12:00, 14:00-18:00 »."""
    return ", ".join(f"{start.lstrip('0').zfill(4)}-{end.lstrip('0').zfill(4)}" for start, end in ranges)


def week(hours: Hours) -> Iterator[tuple[int, list[list[str]]]]:
    """Each weekday with its ranges, Monday first."""
    for day in range(7):
        yield day, sorted(list(map(str, one)) for one in hours.get(str(day), ()))
