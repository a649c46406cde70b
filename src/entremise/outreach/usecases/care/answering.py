"""The supervisor takes an emergency, then says how it ended: only then does the task move."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.machines import IllegalTransition
from entremise.outreach import policies
from entremise.outreach.models import CallTask, Emergency
from entremise.outreach.usecases.calls.moving import move
from entremise.outreach.usecases.care.raising import RESCUE
from entremise.vault import queries as facts, usecases as vault

TAKEN = declare("outreach.emergency.acknowledged", "a pris une urgence")
CLOSED = declare("outreach.emergency.closed", "a clos une urgence")
AFTER: Final = {
    "call_again": "la rappeler",
    "supervise": "la garder à voir par le superviseur",
    "done": "la fiche est faite",
}
"""What becomes of the task once the outcome is written."""
CHECKED: Final = {"taken_to_hospital": "hospitalised", "deceased": "deceased"}
"""Outcomes that a second person confirms: the task stays with the supervisor, whatever was asked."""
HARDEST: Final = ("emergency_before", 4)


@transaction.atomic
def acknowledge_emergency(actor: Actor, *, emergency: Emergency) -> bool:
    """« Je m’en occupe »: alerts stop. False when it was already this supervisor's. Raises NotAllowed,
    IllegalTransition: a colleague was quicker, who and when."""
    user = policies.require_supervisor(actor)
    changes = {"acknowledged_by_id": user, "acknowledged_at": clock.now()}
    if not Emergency.objects.filter(pk=emergency.pk, acknowledged_at=None).update(**changes):
        row = Emergency.objects.select_related("acknowledged_by").get(pk=emergency.pk)
        if row.acknowledged_by_id == user:
            return False
        raise IllegalTransition(_taken(row))
    record(actor, TAKEN, emergency)
    return True


def _taken(row: Emergency) -> str:
    who = row.acknowledged_by.label if row.acknowledged_by else "Quelqu’un"
    at = timezone.localtime(row.acknowledged_at or row.raised_at)
    return f"{who} a pris cette urgence à {at:%H h %M}. Voyez ensemble qui continue."


@transaction.atomic
def close_emergency(
    actor: Actor, *, emergency: Emergency, outcome: str, after: str = "supervise", not_before: datetime | None = None
) -> None:
    """Write how it ended (`Emergency.OUTCOMES`) and let the task move (`AFTER`); the address closes again.

    Whoever is called again is then of the hardest complexity, unless it was a false alarm. Raises NotAllowed,
    ValidationError by field, IllegalTransition (closed by somebody else).
    """
    user = policies.require_supervisor(actor)
    now = clock.now()
    wrong: dict[str, str] = {}
    if outcome not in Emergency.OUTCOMES:
        wrong["outcome"] = "Dites comment l’urgence s’est terminée : la fiche reste bloquée sans cela."
    if after not in AFTER:
        wrong["after"] = "Dites ce que devient la fiche."
    if wrong:
        raise ValidationError(wrong)
    changes: dict[str, Any] = {"outcome": outcome, "closed_by_id": user, "closed_at": now}
    live = Emergency.objects.filter(pk=emergency.pk, closed_at=None)
    live.filter(acknowledged_at=None).update(acknowledged_by_id=user, acknowledged_at=now)
    if not live.update(**changes):
        row = Emergency.objects.select_related("closed_by").get(pk=emergency.pk)
        who = row.closed_by.label if row.closed_by else "quelqu’un"
        raise IllegalTransition(f"Cette urgence est déjà close par {who} : {row.get_outcome_display()}.")
    row = Emergency.objects.select_related("task__campaign").get(pk=emergency.pk)
    if row.task is not None:
        _settle(row.task, outcome, after, not_before, user, now)
    _shut(actor, row)
    record(actor, CLOSED, row, outcome=outcome, after=after)


def _settle(task: CallTask, outcome: str, after: str, not_before: datetime | None, user: int, now: datetime) -> None:
    if task.state != "needs_supervisor" or task.cause != "emergency":
        return
    codes, level = list(task.complexity_codes), task.complexity
    if outcome != "false_alarm":
        codes, level = sorted({*codes, HARDEST[0]}), HARDEST[1]
    hard = {"complexity_codes": codes, "complexity": level}
    if outcome in CHECKED or after == "supervise":
        CallTask.objects.filter(pk=task.pk, state="needs_supervisor", cause="emergency").update(
            cause=CHECKED.get(outcome, ""), **hard
        )
    elif after == "done":
        move(task, "decide", "done", reason=outcome, user=user, cause="", urgent=False, **hard)
    else:
        at = not_before or now + timedelta(minutes=task.campaign.cooldown)
        move(
            task, "decide", "scheduled", reason=outcome, user=user, cause="", urgent=False, not_before=at,
            wait_reason="callback", **hard,
        )  # fmt: skip


def _shut(actor: Actor, row: Emergency) -> None:
    """The address closes with the last open emergency of the person."""
    if row.person_id is None or Emergency.objects.filter(person=row.person_id, closed_at=None).exists():
        return
    callers = set(Emergency.objects.filter(person=row.person_id).values_list("caller", flat=True)) - {None}
    for record_ in facts.records_of(row.person_id):
        if record_.emergency_open:
            vault.set_record(actor, person=row.person_id, register=record_.register, emergency_open=False)
        for caller in sorted(callers):
            vault.unassign_all(actor, person=row.person_id, register=record_.register, user=caller, purposes=[RESCUE])
