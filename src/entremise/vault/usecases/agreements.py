"""What a special request is worth: read from the rows at each use, never remembered (reference § 11)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from entremise.accounts.models import Membership
from entremise.accounts.queries import same_human
from entremise.kernel.actors import Actor
from entremise.rules.registry import college_of
from entremise.vault.models import Approval, SpecialRequest
from entremise.vault.usecases.kinds import KINDS, Kind

FRESH: Final = timedelta(days=7)
"""An agreement older than this no longer counts while others are awaited (reference § 11)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a request is worth now, for whoever asked it: nothing (`request` None) unless it is wholly in order."""

    colleges: frozenset[str]
    approvers: int
    request: SpecialRequest | None

    def covers(
        self,
        *,
        purpose: str,
        registers: Iterable[str] = (),
        fields: Iterable[str] = (),
        persons: Iterable[UUID] = (),
        rows: int = 1,
    ) -> bool:
        """Whether this use is inside what was granted: purpose, registers, fields, persons when named, rows left.

        `fields` are names as the gateway knows them (`canicule.phone`).
        """
        row = self.request
        if row is None or purpose != row.purpose or row.rows_used + rows > row.cap:
            return False
        named = set(row.persons)
        return (
            set(registers) <= set(row.registers)
            and set(fields) <= set(row.fields)
            and (not named or {str(person) for person in persons} <= named)
        )


NOTHING: Final = Standing(frozenset(), 0, None)


def fingerprint_of(row: SpecialRequest) -> str:
    """SHA-256 of everything that is asked. Whatever changes, every agreement falls."""
    said = {
        "reference": row.public_id,
        "kind": row.kind,
        "requester": row.requester,
        "purpose": row.purpose,
        "motive": row.motive,
        "registers": sorted(row.registers),
        "fields": sorted(row.fields),
        "persons": sorted(row.persons),
        "recipients": row.recipients,
        "minutes": row.minutes,
        "asked_at": row.asked_at.isoformat(timespec="microseconds"),
        "lapses_at": row.lapses_at.isoformat(timespec="microseconds"),
        "days": row.days,
        "cap": row.cap,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def counted(row: SpecialRequest, approvals: Sequence[Approval], now: datetime) -> list[Approval]:
    """The agreements that count at this moment, the first of each human, in order.

    Left out: the requester under any account, a second account of one human, an old one, one given to other words,
    one whose giver no longer sits in the college (or holds the office) they spoke for.
    """
    kind = KINDS[row.kind]
    sign = fingerprint_of(row)
    if sign != row.fingerprint:
        return []
    since = (row.granted_at or now) - FRESH
    fresh = [a for a in approvals if a.answer == "yes" and a.withdrawn_at is None and a.at >= since]
    fresh = [a for a in fresh if a.fingerprint == sign]
    humans = same_human([row.requester, *(a.user for a in fresh)])
    seen, kept = {humans.get(row.requester, row.requester)}, []
    for one in fresh:
        human = humans.get(one.user)
        if human is None or human in seen or place_of(kind, one.user, now) != one.college:
            continue
        seen.add(human)
        kept.append(one)
    return kept


def place_of(kind: Kind, user: int, now: datetime) -> str | None:
    """In whose name this account may answer: its college, `office` where one other person is enough, None."""
    if kind.colleges:
        college = college_of(user, now)
        return college if college in kind.colleges else None
    held = Membership.objects.live(timezone.localdate(now)).filter(user=user, role__in=kind.offices)
    return "office" if held.exists() else None


def enough(kind: Kind, kept: Sequence[Approval]) -> bool:
    """Whether these agreements are all that this kind needs."""
    return kind.colleges <= {one.college for one in kept} and len(kept) >= kind.persons


def standing(request: str, actor: Actor, *, now: datetime) -> Standing:
    """What the gateway counts for this request, asked by this very account: § 11, from the rows as they are now."""
    row = SpecialRequest.objects.filter(public_id=request).first() if request else None
    if row is None or actor.user_id is None or actor.user_id != row.requester or not _open(row, now):
        return NOTHING
    return worth(row, now)


def _open(row: SpecialRequest, now: datetime) -> bool:
    return row.state == "granted" and row.until is not None and now < row.until and row.rows_used < row.cap


def worth(row: SpecialRequest, now: datetime) -> Standing:
    kept = counted(row, list(row.approvals.all()), now)
    if not enough(KINDS[row.kind], kept):
        return NOTHING
    colleges = frozenset(one.college for one in kept) - {"office"}
    return Standing(colleges, len(kept), row)


def in_force(purpose: str, now: datetime) -> dict[str, SpecialRequest]:
    """The requests granted for this purpose and still agreed to, by their reference, whoever asked and whatever they
    have left to spend: what was made under them may be read and corrected as long as they last."""
    rows = SpecialRequest.objects.filter(purpose=purpose, state="granted", until__gt=now).prefetch_related("approvals")
    return {row.public_id: row for row in rows if worth(row, now) is not NOTHING}


def answers_for(actor: Actor, row: SpecialRequest, now: datetime) -> str | None:
    """In whose name this actor may answer this request; None for the requester, under whatever account."""
    if actor.user_id is None:
        return None
    humans = same_human([row.requester, actor.user_id])
    if actor.user_id == row.requester or humans.get(actor.user_id) == humans.get(row.requester, row.requester):
        return None
    return place_of(KINDS[row.kind], actor.user_id, now)


# for pages


LIVE: Final = ("asked", "gathering", "granted")


def may_ask(actor: Actor) -> list[Kind]:
    """The kinds this actor's roles may ask for."""
    return [kind for kind in KINDS.values() if actor.has(*kind.askers)]


def may_answer(actor: Actor, now: datetime) -> list[str]:
    """The kinds this actor may answer, by the college where they sit or the office they hold. One query."""
    if actor.user_id is None:
        return []
    college = college_of(actor.user_id, now)
    return [k.code for k in KINDS.values() if (college in k.colleges if k.colleges else actor.has(*k.offices))]


def to_answer(actor: Actor, now: datetime) -> QuerySet[SpecialRequest]:
    """The requests that wait for this very actor: neither theirs nor answered already, the most urgent first."""
    rows = SpecialRequest.objects.filter(kind__in=may_answer(actor, now), state__in=LIVE[:2], lapses_at__gt=now)
    mine = Approval.objects.filter(user=actor.user_id or 0, withdrawn_at=None, at__gte=now - FRESH)
    return rows.exclude(requester=actor.user_id or 0).exclude(pk__in=mine.values("request")).order_by("lapses_at")


def seen_by(actor: Actor, now: datetime) -> QuerySet[SpecialRequest]:
    """Those this actor may read: all for the DPO and the controller; else one's own, and those one may answer."""
    rows = SpecialRequest.objects.all()
    if actor.has("dpo", "controller"):
        return rows
    answered = Approval.objects.filter(user=actor.user_id or 0)
    mine = Q(requester=actor.user_id or 0) | Q(pk__in=answered.values("request"))
    return rows.filter(mine | Q(kind__in=may_answer(actor, now), state__in=LIVE))


@dataclass(frozen=True, slots=True)
class Awaited:
    """One agreement that is needed, and whether it is there."""

    college: str
    given: Approval | None


def awaited(row: SpecialRequest, now: datetime) -> list[Awaited]:
    """What this request needs, agreement by agreement, with those that count now."""
    kind, kept = KINDS[row.kind], counted(row, list(row.approvals.all()), now)
    wanted = sorted(kind.colleges) or ["office"] * kind.persons
    return [Awaited(college, next((a for a in kept if a.college == college), None)) for college in wanted]
