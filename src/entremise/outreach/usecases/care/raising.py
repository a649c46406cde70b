"""Somebody is in danger: written at the press of the button, whatever else is missing. Reference § 12."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Exists, OuterRef

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed
from entremise.outreach import policies
from entremise.outreach.models import (
    CallAttempt,
    CallCampaign,
    CallerProfile,
    CallEvent,
    CallTask,
    Debrief,
    Emergency,
    OrphanReport,
)
from entremise.outreach.usecases.calls.moving import move, note
from entremise.outreach.usecases.care.alerting import alert_first
from entremise.vault import queries as facts, usecases as vault

log = logging.getLogger("entremise.outreach")

RAISED = declare("outreach.emergency.raised", "a donné l’alerte : quelqu’un est en danger")
REPORTED = declare("outreach.emergency.reported", "a noté l’appel d’une urgence restée sans compte rendu")
RESCUE: Final = "outreach.rescue"
SHOWN: Final = timedelta(hours=2)
"""How long the address stays readable to the caller who raised the alarm, and how long their report is awaited."""


@transaction.atomic
def raise_emergency(
    actor: Actor,
    *,
    task: CallTask | None = None,
    person: UUID | None = None,
    campaign: CallCampaign | None = None,
    token: int | None = None,
) -> Emergency:
    """Write the emergency at once and alert the supervisor on duty. It asks for nothing: no form, no live lease, no
    open campaign, no second factor; without task (an incoming call), without a known person too.

    The task leaves the queue, urgent, for the supervisor; the address may be read by the caller who held it, for the
    rescue; the caller's debrief is created. Pressed twice, one emergency: the first is returned. Raises NotAllowed for
    who is not of the call centre.
    """
    user = policies.require_alarm(actor)
    now = clock.now()
    row = _task(task, person, campaign)
    if row is not None:
        known = Emergency.objects.filter(task=row, closed_at=None).first()
        if known is None:
            known = _write(row, row.person_id, row.campaign, user, token, now)
        fresh = known.raised_at == now and known.caller_id == user
    else:
        known, fresh = _alone(person, campaign, user, now)
    if fresh:
        if row is not None:
            _lock(row, known, user)
        alert_first(known)
        record(actor, RAISED, known, task=row.public_id if row else "")
    _debrief(user, known)
    if known.person_id is not None:
        _disclose(actor, known, row, user, now)
    return known


def _task(task: CallTask | None, person: UUID | None, campaign: CallCampaign | None) -> CallTask | None:
    """The task under lock: of two who press at once, one writes."""
    rows = CallTask.objects.select_related("campaign").select_for_update(of=("self",))
    if task is not None:
        return rows.get(pk=task.pk)
    if person is None or campaign is None:
        return None
    return rows.filter(campaign=campaign, person=person).first()


def _write(
    task: CallTask | None, person: UUID | None, campaign: CallCampaign | None, user: int, token: int | None,
    now: datetime,
) -> Emergency:  # fmt: skip
    said: dict[str, Any] = {"campaign": campaign, "person_id": person, "caller_id": user, "raised_at": now}
    try:
        with transaction.atomic():
            return Emergency.objects.create(task=task, token=token or 0, **said)
    except IntegrityError:  # pressed by two at the same moment
        if task is None:
            raise
        return Emergency.objects.get(task=task, closed_at=None)


def _alone(person: UUID | None, campaign: CallCampaign | None, user: int, now: datetime) -> tuple[Emergency, bool]:
    """Without a task: pressed again by the same hand within five minutes, it is the same emergency."""
    mine = Emergency.objects.filter(task=None, person=person, caller=user, closed_at=None)
    if again := mine.filter(raised_at__gt=now - timedelta(minutes=5)).first():
        return again, False
    return _write(None, person, campaign, user, None, now), True


def _lock(task: CallTask, row: Emergency, user: int) -> None:
    """The task is the supervisor's. A closed one stays closed: an emergency reopens nothing after an objection."""
    if task.state == "closed":
        note(task.pk, "emergency", "closed", "closed", reason=row.public_id, user=user)
        return
    move(
        task, "emergency", "needs_supervisor", reason=row.public_id, user=user, cause="emergency", urgent=True,
        wait_reason="", reserved_for_id=None, reserved_until=None,
    )  # fmt: skip


def _debrief(user: int, row: Emergency) -> None:
    """The caller pauses until it is held, or declined in writing (`queries.callers`)."""
    profile = CallerProfile.objects.filter(user=user).first()
    if profile is not None:
        Debrief.objects.get_or_create(
            caller=profile,
            emergency=row,
            defaults={"cause": "emergency", "mentor_id": profile.mentor_id, "asked_at": row.raised_at},
        )


def held_it(task: CallTask | None, user: int, since: datetime) -> bool:
    """Whether this account was given this task since then: an alarm opens no address to who never held the call."""
    if task is None:
        return False
    held = task.claimed_by_id == user
    return held or CallEvent.objects.filter(task=task, event="claim", user=user, at__gte=since).exists()


def _disclose(actor: Actor, row: Emergency, task: CallTask | None, user: int, now: datetime) -> None:
    """Tell the vault that an emergency is open on the records of this person, and confide them to the caller for the
    rescue. What the vault refuses does not stop the alarm."""
    may = held_it(task, user, now - SHOWN)
    person = row.person_id
    if person is None:
        return
    try:
        with transaction.atomic():
            for record_ in facts.records_of(person):
                if record_.status == "closed":
                    continue
                vault.set_record(actor, person=person, register=record_.register, emergency_open=True)
                if may and task is not None and record_.register in {task.register, *task.campaign.registers}:
                    vault.assign(
                        actor, person=person, register=record_.register, user=user, purpose=RESCUE, until=now + SHOWN
                    )
    except (DomainError, DatabaseError):
        log.exception("emergency %s: the vault could not be told", row.public_id)


@transaction.atomic
def settle_emergencies(actor: Actor) -> int:
    """By the clock: an emergency of a call whose report never came has its attempt after two hours; how many.

    NotAllowed for anybody but the clock.
    """
    if not actor.has("machine"):
        raise NotAllowed("Seul le logiciel note ces appels.")
    now = clock.now()
    told = CallAttempt.objects.filter(task=OuterRef("task"), token=OuterRef("token")).exclude(disposition="aborted")
    rows = Emergency.objects.filter(task__isnull=False, token__gt=0, raised_at__lte=now - SHOWN)
    kept = OrphanReport.objects.filter(task=OuterRef("task"), token=OuterRef("token"))
    waiting = rows.filter(~Exists(told), ~Exists(kept), raised_at__gt=now - 24 * SHOWN).select_related("task")
    done = 0
    for row in waiting:
        task = row.task
        if task is None:
            continue
        try:
            with transaction.atomic():
                CallAttempt.objects.create(
                    task=task, campaign_id=task.campaign_id, person_id=task.person_id, cycle=task.cycle,
                    caller_id=row.caller_id, line=task.line, disposition="emergency", token=row.token,
                    idempotency_key=f"emergency:{row.public_id}", script_version_id=task.script_version_id,
                    happened_at=row.raised_at, recorded_at=now,
                )  # fmt: skip
        except IntegrityError:  # the report came at this very moment
            continue
        done += 1
        record(actor, REPORTED, row)
    return done
