"""Keeping a call, giving it back, taking back what nobody keeps any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record, record_soon
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.db import run_prepared
from entremise.kernel.errors import NotAllowed
from entremise.outreach import policies
from entremise.outreach.models import QUEUE, CallAttempt, CallEvent, CallTask
from entremise.outreach.usecases.calls import statement
from entremise.outreach.usecases.calls.moving import move
from entremise.outreach.usecases.calls.refusals import LeaseLost

RELEASED = declare("outreach.call.released", "a rendu un appel")
EXPIRED = declare("outreach.calls.expired", "a repris des appels que plus personne ne tenait")
HARD_STOP: Final = timedelta(hours=2)
"""A claim by the screen lasts no longer, however often it is renewed (§ 4)."""
MOST: Final = 200
"""Leases ended per statement."""
LOST: Final = (
    "Cette fiche n’est plus à vous : le temps est passé, ou quelqu’un l’a reprise. Ce que vous avez écrit est gardé ; "
    "envoyez-le, le superviseur le verra."
)
REASONS: Final = {
    "asked": "rendue par l’appelant·e",
    "too_hard": "trop difficile",
    "known": "personne connue de l’appelant·e",
    "technical": "souci technique",
    "pause": "fin de permanence",
    "rule_denied": "refusée par les règles",
    "supervisor": "reprise par le superviseur",
}


@transaction.atomic
def renew_claim(actor: Actor, *, task: CallTask, token: int) -> datetime:
    """The heartbeat of the call screen: the new end of the lease. Raises LeaseLost: the page stops renewing."""
    user, now = policies.require_caller(actor), clock.now()
    row = CallTask.objects.select_related("campaign").get(pk=task.pk)
    until = now + timedelta(minutes=row.campaign.lease)
    if row.claim_channel == "web" and row.claimed_at is not None:
        until = min(until, row.claimed_at + HARD_STOP)
    mine = CallTask.objects.filter(pk=row.pk, token=token, claimed_by=user, state="claimed", lease_until__gt=now)
    if until <= now or not mine.update(lease_until=until):
        raise LeaseLost(LOST)
    return until


@transaction.atomic
def release_claim(actor: Actor, *, task: CallTask, token: int, reason: str = "asked") -> None:
    """Give a call back without having made it: no attempt is counted, and it is not given to this caller again for
    30 minutes. Raises NotAllowed (not this caller's), LeaseLost (taken back already)."""
    user = policies.require_caller(actor)
    row = CallTask.objects.get(pk=task.pk)
    if row.state != "claimed" or row.token != token:
        raise LeaseLost(LOST)
    if row.claimed_by_id != user:
        raise NotAllowed("Un autre appelant tient cette fiche.")
    give_back(row, event="release", reason=reason if reason in REASONS else "asked", user=user)
    record_soon(actor, RELEASED, row, token=token, reason=reason if reason in REASONS else "asked")


def give_back(row: CallTask, *, event: str, reason: str, user: int | None, wait: str = "released") -> None:
    """From `claimed` to the queue, with the aborted attempt. IllegalTransition when somebody else moved it first."""
    now, holder, before = clock.now(), row.claimed_by_id, row.state
    if before != "claimed":
        raise ValueError(before)
    move(
        row, event, "scheduled", reason=reason, user=user, wait_reason=wait, not_before=now, released_by_id=holder,
        released_at=now,
    )  # fmt: skip
    aborted([row], now)


def aborted(rows: Sequence[CallTask], now: datetime) -> None:
    """A call that was not made: kept for the figures of the tool, never counted as an attempt."""
    CallAttempt.objects.bulk_create(
        CallAttempt(
            task_id=row.pk, campaign_id=row.campaign_id, person_id=row.person_id, cycle=row.cycle,
            caller_id=row.released_by_id, line=row.line, channel=row.claim_channel or "web", disposition="aborted",
            token=row.token, idempotency_key=f"aborted:{row.public_id}:{row.token}",
            script_version_id=row.script_version_id, happened_at=now, recorded_at=now,
        )
        for row in rows
    )  # fmt: skip


def expire_due(now: datetime) -> int:
    """Take back the claims whose lease ended, or their lines stay blocked; how many. Safe to run by many at once."""
    sql = statement.PG_EXPIRE if connection.vendor == "postgresql" else statement.LITE_EXPIRE
    with transaction.atomic():
        ids = [pk for (pk,) in run_prepared(sql, {"now": now, "most": MOST})]
        if not ids:
            return 0
        rows = list(CallTask.objects.filter(pk__in=ids).order_by("pk"))
        CallEvent.objects.bulk_create(
            CallEvent(task_id=row.pk, event="expire", before="claimed", after="scheduled", user=None, at=now)
            for row in rows
        )
        aborted(rows, now)
        record_soon(Actor.machine("délais"), EXPIRED, rows[0], calls=len(rows))
    return len(rows)


@transaction.atomic
def expire_leases(actor: Actor) -> int:
    """By the clock, every minute: what a closed browser or a paper never returned held is offered again; how many.
    Rhythms past their end date end too. NotAllowed for anybody but the clock."""
    if not actor.has("machine"):
        raise NotAllowed("Seul le logiciel reprend les appels au terme de leur délai.")
    now, done = clock.now(), 0
    while count := expire_due(now):
        done += count
    for row in CallTask.objects.filter(state__in=QUEUE, cycle__gt=1, campaign__recur_until__lt=clock.day_of(now)):
        move(row, "over", "done", user=None, wait_reason="", reserved_for_id=None, reserved_until=None, turn_at=None)
    return done


@transaction.atomic
def release_tasks(actor: Actor, *, tasks: Sequence[CallTask], reason: str) -> int:
    """The supervisor takes back calls that are stuck, many at once; how many were. What their callers typed since
    comes as a late report. Raises NotAllowed."""
    user = policies.require_supervisor(actor)
    rows = list(CallTask.objects.filter(pk__in=[task.pk for task in tasks], state="claimed").order_by("pk"))
    for row in rows:
        give_back(row, event="release", reason=" ".join(reason.split())[:180] or REASONS["supervisor"], user=user)
    if rows:
        record(actor, RELEASED, rows[0], calls=len(rows), by="supervisor")
    return len(rows)
