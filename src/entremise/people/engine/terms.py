"""Legal terms: months that end where the calendar lets them."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

ALARM = timedelta(days=20)
"""After reception: a request that nobody finished is called back to mind."""


def months_after(day: date, months: int) -> date:
    """The same day of a later month; its last day when that day is missing (31 January + 1 month = 28 February)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def due(received: date, *, extended: bool = False) -> date:
    """RGPD 12.3: one month from reception; two further months when extended."""
    return months_after(received, 3 if extended else 1)


def urgency(received: date, due_on: date, today: date) -> str:
    """`late` at the term, `soon` from the 20th day (or the last 10 days of a longer term), else `calm`."""
    if today >= due_on:
        return "late"
    return "soon" if today >= max(received + ALARM, due_on - timedelta(days=11)) else "calm"
