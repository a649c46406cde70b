"""A safe subset of OpenStreetMap `opening_hours`: whether a service is open, and when it opens next.

Read: `Mo-Fr 08:30-12:30,13:30-17:00; We 09:00-12:00; PH off`, `24/7`, `Mo,We 10:00-12:00`, `Sa-Mo off`. A later rule
replaces an earlier one for its days, as in OSM. Everything else (months, weeks, « by appointment », hours past
midnight) is not read: `parse` gives None, the text is shown as it is, and nothing is ever said closed.

On a public holiday that the text does not mention, OSM would follow the weekday; a French counter is mostly shut.
Neither is sure: the state is then `unknown`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Final

import holidays

DAYS: Final = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_HOLIDAY: Final = 7  # the place of PH, after the seven days
_DAY: Final = r"(?:Mo|Tu|We|Th|Fr|Sa|Su|PH)"
_RULE: Final = re.compile(rf"(?P<days>{_DAY}(?:-{_DAY})?(?:\s*,\s*{_DAY}(?:-{_DAY})?)*)?\s*(?P<times>\S.*)")
_SPAN: Final = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_MIDNIGHT: Final = 24 * 60
LOOK_AHEAD: Final = 14
LONGEST: Final = 500
SUBDIVISIONS: Final = {"57": "57", "67": "6AE", "68": "6AE"} | {c: c for c in ("971", "972", "973", "974", "976")}
"""Département → what `holidays` calls it, where the calendar is not that of the rest of France."""

Spans = tuple[tuple[int, int], ...]
Holiday = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class Week:
    """Minutes since midnight, (start, end), by weekday; `holiday` is None when the text does not speak of them."""

    days: tuple[Spans, ...]
    holiday: Spans | None

    def on(self, day: date, is_holiday: Holiday) -> Spans | None:
        """The spans of this day; None when nobody can tell (a public holiday the text does not mention)."""
        return self.holiday if is_holiday(day) else self.days[day.weekday()]


@dataclass(frozen=True, slots=True)
class Opening:
    """`state`: open, closed, unknown. `until`: local end of this opening, None
    when it goes on past midnight. `opens`: the next local opening known."""

    state: str
    until: datetime | None = None
    opens: datetime | None = None


UNKNOWN: Final = Opening("unknown")


def parse(text: str) -> Week | None:
    """The week a text describes; None when it is empty or outside the subset."""
    text = " ".join(text.split())
    if not text or len(text) > LONGEST:
        return None
    days: list[Spans] = [()] * 7
    holiday: Spans | None = None
    if text == "24/7":
        whole: Spans = ((0, _MIDNIGHT),)
        return Week((whole,) * 7, whole)
    for rule in filter(None, (part.strip() for part in text.split(";"))):
        found = _RULE.fullmatch(rule)
        spans = _spans(found["times"]) if found else None
        places = _places(found["days"]) if found else None
        if spans is None or places is None:
            return None
        for place in places:
            if place == _HOLIDAY:
                holiday = spans
            else:
                days[place] = spans
    return Week(tuple(days), holiday)


def _places(text: str | None) -> list[int] | None:
    if text is None:
        return list(range(7))
    places: list[int] = []
    for part in re.split(r"\s*,\s*", text):
        first, _, last = part.partition("-")
        if "PH" in (first, last):
            if last:
                return None
            places.append(_HOLIDAY)
            continue
        start, end = DAYS.index(first), DAYS.index(last or first)
        places.extend((start + n) % 7 for n in range((end - start) % 7 + 1))
    return places


def _spans(text: str) -> Spans | None:
    if text in ("off", "closed"):
        return ()
    spans = []
    for part in text.split(","):
        found = _SPAN.fullmatch(part.strip())
        if found is None:
            return None
        h1, m1, h2, m2 = map(int, found.groups())
        start, end = 60 * h1 + m1, 60 * h2 + m2
        if m1 > 59 or m2 > 59 or start >= end or end > _MIDNIGHT:
            return None
        spans.append((start, end))
    return tuple(sorted(spans))


def at(week: Week, now: datetime, is_holiday: Holiday) -> Opening:
    """Whether it is open at `now`, a local time without zone; and when it opens next, within two weeks."""
    today = week.on(now.date(), is_holiday)
    minute = 60 * now.hour + now.minute
    for start, end in today or ():
        if start <= minute < end:
            goes_on = end == _MIDNIGHT and any(not first for first, _ in week.on(_next(now), is_holiday) or ())
            return Opening("open", until=None if goes_on else _moment(now.date(), end))
    opens = None
    for n in range(LOOK_AHEAD):
        day = now.date() + timedelta(days=n)
        if later := [start for start, _ in week.on(day, is_holiday) or () if n or start > minute]:
            opens = _moment(day, later[0])
            break
    return Opening("unknown" if today is None else "closed", opens=opens)


FRENCH: Final = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


def in_french(week: Week) -> list[str]:
    """A week as read aloud: « du lundi au vendredi : 9 h à 12 h, 13 h 30 à 17 h ». Days that follow are one line."""
    lines: list[str] = []
    first = 0
    for day in range(1, 8):
        if day < 7 and week.days[day] == week.days[first]:
            continue
        if spans := week.days[first]:
            last = day - 1
            span = {0: FRENCH[first], 1: f"{FRENCH[first]} et {FRENCH[last]}"}.get(
                last - first, f"du {FRENCH[first]} au {FRENCH[last]}"
            )
            lines.append(f"{span} : {_said(spans)}")
        first = day
    if week.holiday is not None:
        lines.append(f"jours fériés : {_said(week.holiday) if week.holiday else 'fermé'}")
    return lines


def _said(spans: Spans) -> str:
    if spans == ((0, _MIDNIGHT),):
        return "jour et nuit"
    return ", ".join(f"{_hour(start)} à {_hour(end)}" for start, end in spans)


def _hour(minute: int) -> str:
    return f"{minute // 60} h" + (f" {minute % 60:02d}" if minute % 60 else "")


def _next(now: datetime) -> date:
    return now.date() + timedelta(days=1)


def _moment(day: date, minute: int) -> datetime:
    return datetime.combine(day, time()) + timedelta(minutes=minute)


@cache
def calendar(department: str = "") -> Holiday:
    """Public holidays of a département; those of the rest of France by default. Source: library `holidays`."""
    known = holidays.country_holidays("FR", subdiv=SUBDIVISIONS.get(department))
    return lambda day: day in known
