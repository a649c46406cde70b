"""« Pourquoi la file est vide » : each open task of a campaign in exactly one bucket, the first that fits.

One grouped statement whatever the size of the campaign (reference outreach-and-referrals § 14.1). The buckets add up
to the open tasks; an action empties each of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, overload

from entremise.kernel.db import read_rows
from entremise.outreach.models import SUPERVISOR_CAUSES, CallCampaign, CallerProfile, CallTask, ShiftSeat
from entremise.outreach.queries.campaigns import is_open_now

REST: Final = timedelta(minutes=30)
"""A line rests after a contact (reference § 13)."""
THERE: Final = timedelta(minutes=5)
"""A caller whose screen spoke since then is on line."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`advice`: what empties the bucket. `soon`: waiting is normal there."""

    code: str
    label: str
    advice: str
    soon: bool = False


KINDS: Final = (
    Kind("claimed", "en cours d’appel", "Rendez les prises oubliées à la file.", soon=True),
    Kind("needs_supervisor", "à décider par vous", "Ouvrez chaque fiche et décidez."),
    Kind("escalated", "recherche en cours", "Suivez les étapes : proche, voisin, visite."),
    Kind("no_valid_number", "aucun numéro valable", "Trouvez un numéro, ou prévoyez une visite."),
    Kind("rule_denied", "refusées par les règles", "La lecture est refusée : voyez le règlement avec le délégué."),
    Kind("campaign_closed_now", "hors des horaires", "Elles attendent la prochaine ouverture.", soon=True),
    Kind("announcement_pending", "après l’annonce", "Elles attendent la date annoncée.", soon=True),
    Kind("callback", "rappel promis", "Elles attendent l’heure promise.", soon=True),
    Kind("recurrence", "prochain appel du rythme", "Elles attendent leur jour.", soon=True),
    Kind("cooldown", "délai entre deux essais", "Elles attendent la fin du délai.", soon=True),
    Kind("other_slot", "autre moment de la journée", "Elles attendent un autre créneau.", soon=True),
    Kind("language", "langue à trouver", "Elles attendent une personne qui parle leur langue."),
    Kind("released", "rendues à l’instant", "Elles reviennent d’elles-mêmes.", soon=True),
    Kind("line_busy", "ligne occupée ou au repos", "Une autre personne de ce numéro vient d’être appelée.", soon=True),
    Kind("person_gap", "appelées par une autre campagne", "Elles attendent pour ne pas être importunées.", soon=True),
    Kind("level_missing", "trop difficiles pour les présents", "Faites venir un niveau plus élevé, ou formez."),
    Kind("language_missing", "langue absente des présents", "Faites venir quelqu’un qui parle cette langue."),
    Kind("reserved", "réservées à un appelant", "Elles lui sont gardées jusqu’à l’heure dite.", soon=True),
    Kind("ready", "prêtes", "Elles partent au prochain appelant.", soon=True),
)
KIND: Final[Mapping[str, Kind]] = {kind.code: kind for kind in KINDS}
WAITING: Final = ("callback", "recurrence", "cooldown", "other_slot", "language", "released")


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who can take a call now: on a shift, or on the call screen."""

    user: int
    level: int
    languages: tuple[str, ...]
    calling: bool


@dataclass(frozen=True, slots=True)
class Bucket:
    """`parts`: the sub-reasons that the first column tells apart (cause, channel), by French label."""

    kind: Kind
    count: int
    parts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """`open` is the sum of the buckets. `closed` by reason, `done`: out of the queue."""

    buckets: tuple[Bucket, ...]
    open: int
    done: int
    closed: Mapping[str, int] = field(default_factory=dict)

    def of(self, code: str) -> int:
        return next((one.count for one in self.buckets if one.kind.code == code), 0)


def callers_there(campaign: CallCampaign, now: datetime) -> list[Caller]:
    """Who could take a call of this campaign now: signed up for a shift of this moment, or seen on the call screen.
    Three queries."""
    seats = ShiftSeat.objects.filter(
        shift__campaign=campaign,
        shift__role="caller",
        shift__starts_at__lte=now,
        shift__ends_at__gt=now,
        cancelled_at=None,
    )
    users = set(seats.values_list("user", flat=True))
    users |= set(CallerProfile.objects.filter(seen_at__gt=now - THERE).values_list("user", flat=True))
    live = CallTask.objects.filter(campaign=campaign, state="claimed", claim_channel="web", lease_until__gt=now)
    calling = set(live.values_list("claimed_by", flat=True))
    rows = CallerProfile.objects.filter(user__in=users | calling, state="active", level__gte=1).order_by("user")
    return [
        Caller(user, level, tuple(languages), user in calling)
        for user, level, languages in rows.values_list("user", "level", "languages")
    ]


def _case(campaign: CallCampaign, now: datetime, callers: Sequence[Caller]) -> tuple[str, list[Any]]:
    """The bucket of a task `t`, as SQL and its parameters in order."""
    best: dict[str, int] = {}
    for caller in callers:
        for language in caller.languages:
            best[language] = max(best.get(language, 0), caller.level)
    top = max((caller.level for caller in callers), default=0)
    levels = " ".join("WHEN t.language = %s THEN %s" for _ in best)
    spoken = f"CASE {levels} ELSE 0 END" if best else "0"
    waits = ", ".join(f"'{reason}'" for reason in WAITING)
    sql = f"""CASE
 WHEN t.state = 'claimed' THEN 'claimed:' || t.claim_channel
 WHEN t.state = 'needs_supervisor' THEN 'needs_supervisor:' || t.cause
 WHEN t.state IN ('unreachable', 'escalated') THEN 'escalated:' || t.state
 WHEN t.state = 'done' THEN 'done'
 WHEN t.state = 'closed' THEN 'closed:' || t.closed_reason
 WHEN t.state = 'draft' THEN 'draft'
 WHEN t.line = '' THEN 'no_valid_number'
 WHEN t.wait_reason = 'rule_denied' THEN 'rule_denied'
 WHEN %s = 1 THEN 'campaign_closed_now'
 WHEN t.not_before > %s AND t.wait_reason = 'announced' THEN 'announcement_pending'
 WHEN t.not_before > %s THEN CASE WHEN t.wait_reason IN ({waits}) THEN t.wait_reason ELSE 'cooldown' END
 WHEN {_BUSY} THEN 'line_busy'
 WHEN {_GAP} THEN 'person_gap'
 WHEN t.complexity > %s THEN 'level_missing'
 WHEN t.complexity > {spoken} THEN 'language_missing'
 WHEN t.reserved_for_id IS NOT NULL AND t.reserved_until > %s THEN 'reserved'
 ELSE 'ready' END"""
    rest, gap = now - REST, now - timedelta(minutes=campaign.person_gap)
    values: list[Any] = [0 if is_open_now(campaign, now) else 1, now, now, rest, rest, rest, campaign.pk, gap, top]
    for language, level in best.items():
        values += [language, level]
    return sql, [*values, now]


_BUSY = """t.line IN (SELECT line FROM outreach_calltask WHERE state = 'claimed' AND line <> '')
 OR t.person_id IN (SELECT person_id FROM outreach_calltask WHERE state = 'claimed')
 OR CASE WHEN t.last_contact_at > %s
  THEN t.line IN (SELECT line FROM outreach_calltask WHERE last_contact_at > %s GROUP BY line HAVING COUNT(*) > 1)
  ELSE t.line IN (SELECT line FROM outreach_calltask WHERE last_contact_at > %s) END"""
"""A live claim on the line or the person, or somebody else of this line spoken to in the last half-hour. Sets read
once, where joins cost three times more."""
_GAP = """t.person_id IN (SELECT person_id FROM outreach_calltask
  WHERE campaign_id <> %s AND last_attempt_at > %s)"""


def counts(campaign: CallCampaign, now: datetime, callers: Sequence[Caller]) -> Counts:
    """Every task of the campaign counted in its bucket. One query."""
    case, values = _case(campaign, now, callers)
    sql = f"SELECT {case} AS bucket, COUNT(*) FROM outreach_calltask t WHERE t.campaign_id = %s GROUP BY 1"  # noqa: S608
    rows = read_rows(sql, [*values, campaign.pk])
    found: dict[str, int] = {}
    parts: dict[str, list[tuple[str, int]]] = {}
    closed: dict[str, int] = {}
    done = 0
    for code, count in rows:
        name, _, part = code.partition(":")
        if name == "closed":
            closed[part] = count
        elif name == "done":
            done = count
        elif name in KIND:
            found[name] = found.get(name, 0) + count
            if part:
                parts.setdefault(name, []).append((_part(name, part), count))
    buckets = tuple(
        Bucket(kind, found[kind.code], tuple(sorted(parts.get(kind.code, ()), key=lambda one: -one[1])))
        for kind in KINDS
        if kind.code in found
    )
    return Counts(buckets, sum(found.values()), done, closed)


def _part(name: str, part: str) -> str:
    if name == "claimed":
        return {"web": "à l’écran", "paper": "sur feuille", "excel": "dans un tableur", "api": "par l’API"}[part]
    if name == "escalated":
        return {"unreachable": "à commencer", "escalated": "commencée"}[part]
    return SUPERVISOR_CAUSES.get(part, part)


def in_bucket(
    campaign: CallCampaign, code: str, now: datetime, callers: Sequence[Caller], *, offset: int = 0, limit: int = 50
) -> list[int]:
    """The tasks of one bucket, in the order of the queue: their numbers. One query. KeyError for no bucket."""
    KIND[code]
    case, values = _case(campaign, now, callers)
    sql = f"""SELECT t.id FROM outreach_calltask t WHERE t.campaign_id = %s AND ({case}) LIKE %s
 ORDER BY t.urgent DESC, t.rank, t.id LIMIT %s OFFSET %s"""  # noqa: S608
    rows = read_rows(sql, [campaign.pk, *values, f"{code}%", limit, offset])
    return [pk for (pk,) in rows]


class Listed(Sequence[CallTask]):
    """One bucket as a list that a paginator cuts: counted and read page by page, two queries and who is there."""

    def __init__(self, campaign: CallCampaign, code: str, now: datetime) -> None:
        self.campaign, self.code, self.now = campaign, code, now
        self.callers = callers_there(campaign, now)

    @cached_property
    def _count(self) -> int:
        return counts(self.campaign, self.now, self.callers).of(self.code)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> CallTask: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[CallTask]: ...
    def __getitem__(self, place: int | slice) -> CallTask | Sequence[CallTask]:
        if isinstance(place, int):
            return self[place : place + 1][0]
        start, stop, _ = place.indices(len(self))
        numbers = in_bucket(self.campaign, self.code, self.now, self.callers, offset=start, limit=max(stop - start, 0))
        rows = CallTask.objects.select_related("claimed_by", "previous_caller", "reserved_for").in_bulk(numbers)
        return [rows[pk] for pk in numbers if pk in rows]
