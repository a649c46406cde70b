"""Reads of campaigns: whom they call, when, what opening still needs. No person's value."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Count
from django.utils import timezone

from entremise.kernel.errors import NotFound
from entremise.outreach.engine import hours as engine
from entremise.outreach.models import Announcement, CallCampaign
from entremise.people.queries import current
from entremise.registers import queries as registers
from entremise.registers.models import Cohort, LifeReport
from entremise.vault import queries as vault

SOME = 900
Item = TypeVar("Item")


def sliced(rows: Sequence[Item], size: int = SOME) -> Iterator[Sequence[Item]]:
    """The rows by slices: what one `IN (…)` of every database takes."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def campaign(public_id: str) -> CallCampaign:
    """NotFound when it does not exist."""
    row = CallCampaign.objects.select_related("script", "crisis", "created_by").filter(public_id=public_id).first()
    if row is None:
        raise NotFound("Cette campagne n’existe pas.")
    return row


def campaigns(states: Collection[str] = ()) -> list[CallCampaign]:
    """Campaigns, the newest first; those in these states, or all."""
    rows = CallCampaign.objects.all()
    return list(rows.filter(state__in=list(states)) if states else rows)


@dataclass(frozen=True, slots=True)
class Missing:
    """What opening still needs. `where`: a page of the settings (`qui`, `quand`…), or the name of another page."""

    code: str
    sentence: str
    where: str


# when


def is_open_now(row: CallCampaign, now: datetime) -> bool:
    """Whether calls may start at this moment: the campaign is open, its dates and hours too."""
    local = timezone.localtime(now)
    if row.state != "open" or local.date() < row.starts_on or (row.ends_on and local.date() > row.ends_on):
        return False
    return engine.is_open(row.hours, now, zone(), holidays_open=row.holidays_open)


def slot_of(row: CallCampaign, now: datetime) -> int:
    """The bit of the kind of slot of this moment, whether the campaign is open or not."""
    return engine.slot_bit(now, zone())


def slots_open(row: CallCampaign) -> int:
    """The kinds of slots that this campaign ever opens, as a mask."""
    return engine.slots_open(row.hours)


def next_opening(row: CallCampaign, now: datetime) -> datetime | None:
    """This moment when it is inside its hours and dates, else the next one; None after its end, or with no hour."""
    first = engine.openings({str(row.starts_on.weekday()): [["00:00", "23:59"]]}, row.starts_on, zone(),
                            holidays_open=True)[0][0]  # fmt: skip
    found = engine.next_opening(row.hours, max(now, first), zone(), holidays_open=row.holidays_open)
    if found is None or (row.ends_on and timezone.localtime(found).date() > row.ends_on):
        return None
    return found


def zone() -> Any:
    """The time zone of the instance: every hour a person reads or says is in it."""
    return timezone.get_default_timezone()


# whom


@dataclass(frozen=True, slots=True)
class Wanted:
    """A person to call: at this rank (0 when nothing orders them), known by this register."""

    person: UUID
    rank: int
    register: str
    channel: str = "phone"


def wanted(row: CallCampaign, now: datetime) -> list[Wanted]:
    """Whom this campaign may call now, in order: the living members of its cohort, or of its registers.

    Objections, closed, frozen and protected records, registers that no longer serve the purpose are looked at anew,
    on the person and on all those who are one with them. A flat number of queries per 5,000 persons.
    """
    if code := row.source.get("cohort"):
        found = Cohort.objects.defer("sealed").filter(public_id=code).first()
        if found is None or found.purpose != row.purpose:
            return []
        members = registers.members(found, now)
        known = _known([one.person for one in members], row, now)
        return [Wanted(one.person, one.rank, known.get(one.person, ""), one.channel) for one in members]
    return _of_registers(row, now)


def _of_registers(row: CallCampaign, now: datetime) -> list[Wanted]:
    serving = vault.serving(row.registers, row.purpose, now)
    dead = LifeReport.objects.filter(kind="deceased", state__in=("reported", "confirmed"))
    blocked = serving.blocked | frozenset(dead.values_list("person", flat=True))
    records = sorted(serving.records.values(), key=lambda one: one.record)  # the order in which they entered
    today = current({one.person for one in records} | blocked)
    out = {today[person] for person in blocked}
    found: dict[UUID, str] = {}
    for one in records:
        found.setdefault(today[one.person], one.register)
    return [Wanted(person, 0, register) for person, register in found.items() if person not in out]


def _known(persons: Sequence[UUID], row: CallCampaign, now: datetime) -> dict[UUID, str]:
    """The register by which each is known here: the first of the campaign's, in its order."""
    found: dict[UUID, str] = {}
    order = {code: place for place, code in enumerate(row.registers)}
    for some in sliced(persons, 5_000):
        for one in sorted(vault.records_among(some, row.registers), key=lambda one: order.get(one.register, 99)):
            found.setdefault(one.person, one.register)
    return found


def announced(row: CallCampaign) -> dict[str, int]:
    """`sms_waiting`, `sms_sent`, `letter_waiting`…: lines by means and state; every key present. One query."""
    found = {f"{way}_{state}": 0 for way in Announcement.WAYS for state in Announcement.STATES}
    rows = Announcement.objects.filter(campaign=row).values_list("way", "state").annotate(n=Count("pk"))
    for way, state, n in rows.order_by():
        found[f"{way}_{state}"] = n
    return found
