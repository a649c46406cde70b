"""Figures of a campaign: persons, not calls, unless said; an empty denominator gives no value, never 0.

Definitions: reference outreach-and-referrals § 18. A counted attempt is any but `aborted`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from entremise.kernel.db import marks, read_rows
from entremise.outreach.engine.dispositions import CONTACTS
from entremise.outreach.models import CallCampaign

CONTACT: Final = tuple(sorted(CONTACTS))
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


_ATTEMPTS = """SELECT task_id, disposition, news, late FROM outreach_callattempt
 WHERE campaign_id = %s AND disposition <> 'aborted' ORDER BY happened_at, id"""
"""Read in order and added up here: half the time of a window function, and one reading for every figure."""
_AROUND = """SELECT
 (SELECT COUNT(*) FROM outreach_calltask WHERE campaign_id = %s AND state <> 'draft'
  AND closed_reason NOT IN ('merged', 'purged')),
 (SELECT COUNT(*) FROM outreach_orphanreport o JOIN outreach_calltask t ON t.id = o.task_id
  WHERE t.campaign_id = %s AND o.state = 'waiting'),
 (SELECT COUNT(*) FROM outreach_emergency WHERE campaign_id = %s),
 (SELECT COUNT(*) FROM referrals_difficulty d WHERE d.origin_kind = 'call' AND EXISTS
  (SELECT 1 FROM outreach_callattempt a WHERE a.public_id = d.origin_id AND a.campaign_id = %s))"""


def kpis(campaign: CallCampaign) -> Kpis:
    """The figures of a campaign since it opened (a task is a person, once per campaign). Two queries."""
    tries: dict[int, int] = {}
    first: dict[int, int] = {}
    said: dict[str, set[int]] = {"reached_complete": set(), "refused_today": set(), "objection": set()}
    useful = late = attempts = 0
    for task, disposition, news, tardy in read_rows(_ATTEMPTS, [campaign.pk]):
        attempts += 1
        tries[task] = tries.get(task, 0) + 1
        if disposition in CONTACT or (news and disposition == "emergency"):
            first.setdefault(task, tries[task])
            if disposition in said:
                said[disposition].add(task)
        useful += disposition in USEFUL
        late += bool(tardy)
    eligible, orphans, emergencies, raised = read_rows(_AROUND, [campaign.pk] * 4)[0]
    contacted = len(first)
    return Kpis(
        attempts,
        Share(len(tries), eligible),
        Share(contacted, len(tries)),
        Share(len(said["reached_complete"]), contacted),
        Share(useful, attempts),
        Share(raised, attempts),
        Share(len(said["refused_today"]), contacted),
        Share(len(said["objection"]), contacted),
        float(median(first.values())) if first else None,
        late,
        orphans,
        emergencies,
    )


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
