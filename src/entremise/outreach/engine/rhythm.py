"""When the same person is called again: each day, every n days, the same weekday at the same hour. Local time.

The hour on the wall stays the same across both clock changes; it ends by a date, never by « last call made »
(reference outreach-and-referrals § 13).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from typing import Final

TOLERANCE: Final = timedelta(minutes=30)
"""A call made this close to its appointment keeps the appointment."""
_DAYS: Final = {"daily": 1, "weekly": 7}


def next_turn(
    rhythm: str, *, every_days: int, turn: datetime | None, happened: datetime, zone: tzinfo, until: date | None
) -> datetime | None:
    """The next appointment after a contact at `happened`; None without rhythm, or when it would come after `until`.

    `turn`: the appointment that this call kept, however late it came; without one, the call sets the hour.
    """
    if rhythm == "none":
        return None
    step = timedelta(days=_DAYS.get(rhythm, max(1, every_days)))
    said = happened.astimezone(zone)
    anchor = turn.astimezone(zone) if turn is not None else said
    day = anchor.date()
    while day <= said.date():
        day += step
    if until is not None and day > until:
        return None
    return datetime.combine(day, anchor.time().replace(tzinfo=None), zone)
