"""Figures of a campaign: persons, not calls, unless said; an empty denominator gives no value, never 0.

Definitions: reference outreach-and-referrals § 18. A counted attempt is any but `aborted`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from entremise.kernel.db import marks, read_rows
from entremise.outreach.models import CallCampaign

CONTACT: Final = ("reached_complete", "reached_partial", "reached_callback", "refused_today", "objection")
USEFUL: Final = ("reached_complete", "reached_partial")
BAD_NUMBER: Final = ("wrong_number", "out_of_service")


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`; no value when there is nothing to divide by."""

    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        return 100 * self.part / self.whole if self.whole else None

    @property
    def said(self) -> str:
        """`47,2 %`, or what is missing."""
        if self.percent is None:
            return "pas encore"
        return f"{self.percent:.1f}\u00a0%".replace(".", ",")


@dataclass(frozen=True, slots=True)
class Kpis:
    """`attempts`: counted. `median`: attempts up to and including the first contact, over persons contacted."""

    attempts: int
    coverage: Share
    contact: Share
    completion: Share
    useful: Share
    difficulties: Share
    refused: Share
    objected: Share
    median: float | None
    late: int
    orphans: int
    emergencies: int


_PERSONS = f"""SELECT first, COUNT(*), SUM(complete), SUM(refused), SUM(objected) FROM (
 SELECT task_id, MIN(CASE WHEN contact = 1 THEN k END) AS first, MAX(complete) AS complete, MAX(refused) AS refused,
  MAX(objected) AS objected FROM (
  SELECT task_id, ROW_NUMBER() OVER (PARTITION BY task_id ORDER BY happened_at, id) AS k,
   CASE WHEN disposition IN ({marks(CONTACT)}) OR (disposition = 'emergency' AND news) THEN 1 ELSE 0 END AS contact,
   CASE WHEN disposition = 'reached_complete' THEN 1 ELSE 0 END AS complete,
   CASE WHEN disposition = 'refused_today' THEN 1 ELSE 0 END AS refused,
   CASE WHEN disposition = 'objection' THEN 1 ELSE 0 END AS objected
  FROM outreach_callattempt WHERE campaign_id = %s AND disposition <> 'aborted') a
 GROUP BY task_id) x GROUP BY first ORDER BY first"""  # noqa: S608
"""Persons called, by the number of the attempt that first reached them (a task is a person, once per campaign)."""
_ATTEMPTS = f"""SELECT COUNT(*), SUM(CASE WHEN disposition IN ({marks(USEFUL)}) THEN 1 ELSE 0 END),
 SUM(CASE WHEN late THEN 1 ELSE 0 END)
 FROM outreach_callattempt WHERE campaign_id = %s AND disposition <> 'aborted'"""  # noqa: S608
_AROUND = """SELECT
 (SELECT COUNT(*) FROM outreach_calltask WHERE campaign_id = %s AND state <> 'draft'
  AND closed_reason NOT IN ('merged', 'purged')),
 (SELECT COUNT(*) FROM outreach_orphanreport o JOIN outreach_calltask t ON t.id = o.task_id
  WHERE t.campaign_id = %s AND o.state = 'waiting'),
 (SELECT COUNT(*) FROM outreach_emergency WHERE campaign_id = %s),
 (SELECT COUNT(*) FROM referrals_difficulty d WHERE d.origin_kind = 'call' AND EXISTS
  (SELECT 1 FROM outreach_callattempt a WHERE a.public_id = d.origin_id AND a.campaign_id = %s))"""


def kpis(campaign: CallCampaign) -> Kpis:
    """The figures of a campaign since it opened. Three queries, whatever its size."""
    persons = read_rows(_PERSONS, [*CONTACT, campaign.pk])
    called = sum(row[1] for row in persons)
    steps = [(int(first), int(count)) for first, count, *_ in persons if first is not None]
    contacted = sum(count for _, count in steps)
    complete, refused, objected = (sum(int(row[place]) for row in persons) for place in (2, 3, 4))
    attempts, useful, late = (int(value or 0) for value in read_rows(_ATTEMPTS, [*USEFUL, campaign.pk])[0])
    eligible, orphans, emergencies, raised = read_rows(_AROUND, [campaign.pk] * 4)[0]
    return Kpis(
        attempts,
        Share(called, eligible),
        Share(contacted, called),
        Share(complete, contacted),
        Share(useful, attempts),
        Share(raised, attempts),
        Share(refused, contacted),
        Share(objected, contacted),
        median_of(steps),
        late,
        orphans,
        emergencies,
    )


def median_of(steps: Sequence[tuple[int, int]]) -> float | None:
    """The median of `(value, how many times)` in order; None when there is nothing."""
    total = sum(count for _, count in steps)
    middle, seen = [(total - 1) // 2, total // 2], 0
    found = []
    for value, count in steps:
        found += [value for place in middle if seen <= place < seen + count]
        seen += count
    return sum(found) / 2 if total else None


@dataclass(frozen=True, slots=True)
class Hour:
    """Counted attempts that began in this hour of the day, and those that were a contact."""

    hour: int
    contact: Share


@dataclass(frozen=True, slots=True)
class Day:
    """Counted attempts of a local day, and the useful conversations among them."""

    day: date
    attempts: int
    useful: int


def rhythm(campaign: CallCampaign, now: datetime, days: int = 14) -> tuple[list[Day], list[Hour]]:
    """The last days one by one, those without call included, and the contact rate by local hour. One query, which
    groups by hour of UTC: an hour here is an hour there, whatever the season."""
    first = timezone.localdate(now) - timedelta(days=days - 1)
    start = timezone.make_aware(datetime.combine(first, time.min))
    hour = "date_trunc('hour', happened_at)" if connection.vendor == "postgresql" else "substr(happened_at, 1, 13)"
    rows = read_rows(
        f"""SELECT {hour}, COUNT(*), SUM(CASE WHEN disposition IN ({marks(CONTACT)}) THEN 1 ELSE 0 END),
 SUM(CASE WHEN disposition IN ({marks(USEFUL)}) THEN 1 ELSE 0 END)
 FROM outreach_callattempt WHERE campaign_id = %s AND happened_at >= %s AND disposition <> 'aborted' GROUP BY 1""",  # noqa: S608
        [*CONTACT, *USEFUL, campaign.pk, start],
    )
    by_day = {first + timedelta(days=step): [0, 0] for step in range(days)}
    by_hour: dict[int, list[int]] = {}
    for said, count, contacts, useful in rows:
        at = timezone.localtime(_hour(said))
        cell = by_hour.setdefault(at.hour, [0, 0])
        cell[0], cell[1] = cell[0] + contacts, cell[1] + count
        day = by_day.setdefault(at.date(), [0, 0])
        day[0], day[1] = day[0] + count, day[1] + useful
    return (
        [Day(day, *numbers) for day, numbers in sorted(by_day.items())],
        [Hour(hour, Share(*numbers)) for hour, numbers in sorted(by_hour.items())],
    )


def _hour(said: Any) -> datetime:
    return said if isinstance(said, datetime) else datetime.strptime(said, "%Y-%m-%d %H").replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the numbers of a source register are: persons whose line was found wrong or out of service."""

    register: str
    persons: int
    wrong: Share


def quality(campaign: CallCampaign) -> list[Quality]:
    """Wrong and unattributed numbers by register of origin, the worst first. Two queries."""
    every = dict(
        read_rows(
            """SELECT register, COUNT(*) FROM outreach_calltask WHERE campaign_id = %s AND state <> 'draft'
 GROUP BY register""",
            [campaign.pk],
        )
    )
    wrong = dict(
        read_rows(
            f"""SELECT t.register, COUNT(*) FROM (SELECT DISTINCT task_id FROM outreach_callattempt
 WHERE campaign_id = %s AND disposition IN ({marks(BAD_NUMBER)})) b
 JOIN outreach_calltask t ON t.id = b.task_id GROUP BY t.register""",  # noqa: S608
            [campaign.pk, *BAD_NUMBER],
        )
    )
    found = [Quality(register, total, Share(wrong.get(register, 0), total)) for register, total in every.items()]
    return sorted(found, key=lambda one: (-(one.wrong.percent or 0), one.register))
