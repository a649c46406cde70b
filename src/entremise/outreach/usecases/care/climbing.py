"""One rung: begun, done with its result, or passed over with a reason. By whom, when: always written."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.kernel.machines import IllegalTransition
from entremise.outreach import policies
from entremise.outreach.models import OPEN_STEPS, RESULTS, SIGNS, CallTask, EscalationStep
from entremise.outreach.usecases.calls.moving import move
from entremise.outreach.usecases.calls.refusals import ReasonRequired
from entremise.outreach.usecases.care.opening import close_ladder

STARTED = declare("outreach.step.started", "a commencé une étape de recherche")
DONE = declare("outreach.step.done", "a fait une étape de recherche")
SKIPPED = declare("outreach.step.skipped", "a passé une étape de recherche, avec un motif")
FIRE = "Les pompiers ne sont appelés que sur décision d’un superviseur : appelez le téléphone de permanence."


def _may(actor: Actor, step: EscalationStep) -> int:
    """The supervisor, or whoever was named for this rung; firefighters: the supervisor alone (reference § 11)."""
    if actor.has("supervisor"):
        return policies.require_supervisor(actor)
    if step.kind == "fire":
        raise NotAllowed(FIRE)
    user = policies.require_team(actor)
    if step.responsible_id != user:
        raise NotAllowed("Cette étape est confiée à quelqu’un d’autre. Le superviseur peut vous la confier.")
    return user


def _fresh(step: EscalationStep) -> EscalationStep:
    row = EscalationStep.objects.select_related("escalation__task__campaign", "done_by", "started_by").get(pk=step.pk)
    if row.escalation.closed_at is not None:
        raise IllegalTransition(
            "La recherche est close : la personne a donné signe de vie. Il n’y a plus rien à faire."
        )
    return row


def _first(row: EscalationStep, **where: Any) -> None:
    """Say who was quicker."""
    now = EscalationStep.objects.select_related("done_by", "started_by").get(pk=row.pk)
    who = now.done_by or now.started_by
    at = now.done_at or now.started_at
    said = f"{who.label if who else 'Quelqu’un'}{f' à {timezone.localtime(at):%H h %M}' if at else ''}"
    raise IllegalTransition(f"Cette étape est déjà « {now.get_state_display()} » ({said}). Rechargez la page.")


def _escalate(row: EscalationStep, user: int, reason: str) -> None:
    """Somebody looks for the person: the task says so."""
    task = CallTask.objects.get(pk=row.escalation.task_id)
    if task.state in ("unreachable", "escalated"):
        move(task, "step", "escalated", reason=reason, user=user)


@transaction.atomic
def start_step(actor: Actor, *, step: EscalationStep, reason: str = "") -> None:
    """Begin a rung. For firefighters a reason is asked. Raises NotAllowed, ReasonRequired, IllegalTransition (somebody
    else began it, or the search is closed)."""
    row = _fresh(step)
    user = _may(actor, row)
    why = " ".join(reason.split())[:200]
    if row.kind == "fire" and not why:
        raise ReasonRequired("Écrivez pourquoi vous appelez les pompiers : ils vous le demanderont.")
    changes = {"state": "started", "started_by_id": user, "started_at": clock.now(), "reason": why}
    if not EscalationStep.objects.filter(pk=row.pk, state="waiting").update(**changes):
        _first(row)
    _escalate(row, user, f"{row.kind} : commencée")
    record(actor, STARTED, row, kind=row.kind)


@transaction.atomic
def finish_step(
    actor: Actor, *, step: EscalationStep, result: str, happened_at: datetime | None = None, reason: str = ""
) -> None:
    """Say what a rung gave (`RESULTS`): a sign of life closes the search, anything else leaves the next rung.

    `happened_at`: when somebody was there, now by default. Raises NotAllowed, ValidationError, IllegalTransition.
    """
    row = _fresh(step)
    user = _may(actor, row)
    now = clock.now()
    wrong: dict[str, str] = {}
    if result not in RESULTS:
        wrong["result"] = "Choisissez ce que cette étape a donné."
    if happened_at is not None and happened_at > now:
        wrong["happened_at"] = "Une étape se note après avoir eu lieu : corrigez la date ou l’heure."
    if wrong:
        raise ValidationError(wrong)
    changes: dict[str, Any] = {
        "state": "done", "done_by_id": user, "done_at": now, "happened_at": happened_at or now, "result": result,
    }  # fmt: skip
    if why := " ".join(reason.split())[:200]:
        changes["reason"] = why
    if not EscalationStep.objects.filter(pk=row.pk, state__in=OPEN_STEPS).update(**changes):
        _first(row)
    _escalate(row, user, f"{row.kind} : {result}")
    if result in SIGNS:
        close_ladder(actor, task=row.escalation.task, sign=result)
    record(actor, DONE, row, kind=row.kind, result=result)


@transaction.atomic
def skip_step(actor: Actor, *, step: EscalationStep, reason: str) -> None:
    """Pass over a rung that cannot be climbed, with the reason; the next one keeps its own deadline. Raises
    NotAllowed, ReasonRequired, IllegalTransition."""
    row = _fresh(step)
    user = _may(actor, row)
    why = " ".join(reason.split())[:200]
    if not why:
        raise ReasonRequired("Écrivez pourquoi cette étape est passée : personne ne doit être oublié en silence.")
    changes = {"state": "skipped", "done_by_id": user, "done_at": clock.now(), "reason": why}
    if not EscalationStep.objects.filter(pk=row.pk, state__in=OPEN_STEPS).update(**changes):
        _first(row)
    _escalate(row, user, f"{row.kind} : passée")
    record(actor, SKIPPED, row, kind=row.kind)
