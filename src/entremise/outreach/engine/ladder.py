"""The ladder of who does not answer: its rungs, their deadlines by level of alert. Plain data, no clock of its own.

Source: reference outreach-and-referrals § 11 (PD). A campaign may name other hours and the persons in charge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

GROUPS: Final = ("1", "3", "4")
"""Levels of alert 1 and 2 share one set of deadlines; 3 and 4 have their own."""
DEFAULTS: Final[Sequence[Mapping[str, Any]]] = (
    {"kind": "other_number", "hours": {"1": 24, "3": 4, "4": 1}},
    {"kind": "relative", "hours": {"1": 48, "3": 8, "4": 2}},
    {"kind": "neighbour", "hours": {"1": 72, "3": 12, "4": 4}},
    {"kind": "visit", "hours": {"1": 120, "3": 24, "4": 8}},
    {"kind": "letter", "hours": {"1": 168}},
    {"kind": "police", "hours": {"3": 30, "4": 12}},
    {"kind": "fire", "hours": {"3": 36, "4": 14}},
)
"""A rung without hours for a group does not exist there: no letter when it is too hot to wait for one."""
AGAIN: Final = timedelta(minutes=30)
"""A late rung is told to the supervisor on duty, then to the next one after this long."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One kind of search, before so many hours from now, and the account in charge (None: whoever supervises)."""

    kind: str
    hours: float
    responsible: int | None = None

    def due(self, since: datetime) -> datetime:
        return since + timedelta(hours=self.hours)


def group(level: int) -> str:
    """The group of deadlines of a level of alert, 1 to 4."""
    return "1" if level <= 2 else str(min(level, 4))


def rungs(said: Sequence[Mapping[str, Any]], level: int) -> list[Rung]:
    """The rungs of a campaign at this level of alert, the first to climb first; the defaults when it says none."""
    code = group(level)
    found = [
        Rung(str(one["kind"]), float(one["hours"][code]), one.get("responsible") or None)
        for one in said or DEFAULTS
        if one.get("hours", {}).get(code)
    ]
    return sorted(found, key=lambda one: one.hours)


def sooner(due: datetime, rung: Rung, now: datetime) -> datetime:
    """The deadline of an open rung once the alert went up: the new delay from now, never later than it was."""
    return min(due, rung.due(now))
