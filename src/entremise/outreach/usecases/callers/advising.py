"""How hard the calls to one person are: a caller suggests, a supervisor decides and says why. Never from health."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.outreach import policies
from entremise.outreach.engine.complexity import REASONS, rate
from entremise.outreach.models import CallAttempt, CallTask, ComplexityAdvice
from entremise.outreach.queries.complexity import codes_of, scale
from entremise.outreach.usecases.callers.refusals import AlreadyDecided, reason_given

SUGGESTED = declare("outreach.complexity.suggested", "a suggéré une autre complexité d’appel")
DECIDED = declare("outreach.complexity.decided", "a décidé d’une complexité d’appel")
RATED = declare("outreach.complexity.set", "a changé la complexité d’un appel")


def _known(code: str, kind: str) -> None:
    if code not in REASONS or kind not in ComplexityAdvice.KINDS:
        raise ValidationError({"code": "Choisissez une raison de la liste."})


@transaction.atomic
def suggest_complexity(actor: Actor, *, task: CallTask, code: str, kind: str = "add") -> ComplexityAdvice:
    """A caller who holds, or made, a call of this task suggests a reason to add or remove. Twice is once.

    Raises NotAllowed, ValidationError.
    """
    user = policies.require_caller(actor)
    called = task.claimed_by_id == user or CallAttempt.objects.filter(task=task, caller=user).exists()
    if not called:
        raise NotAllowed("Une complexité se suggère pour une personne que vous avez appelée.")
    _known(code, kind)
    advice = ComplexityAdvice(task=task, code=code, kind=kind, suggested_by_id=user)
    ComplexityAdvice.objects.bulk_create([advice], ignore_conflicts=True)
    row = ComplexityAdvice.objects.filter(task=task, code=code, kind=kind, state="waiting").get()
    record(actor, SUGGESTED, row, code=code, kind=kind)
    return row


def advice_of(public_id: str) -> ComplexityAdvice:
    """NotFound when it does not exist."""
    row = ComplexityAdvice.objects.select_related("task").filter(public_id=public_id).first()
    if row is None:
        raise NotFound("Cet avis n’existe pas.")
    return row


@transaction.atomic
def decide_complexity(actor: Actor, *, advice: ComplexityAdvice, accept: bool, reason: str) -> None:
    """A supervisor takes up a suggestion or puts it aside, with a reason. Of two, the second is told.

    Raises NotAllowed, ValidationError, AlreadyDecided.
    """
    user = policies.require_supervisor(actor)
    said = {
        "state": "accepted" if accept else "dismissed", "decided_by_id": user, "decided_at": clock.now(),
        "reason": reason_given(reason, least=5),
    }  # fmt: skip
    if not ComplexityAdvice.objects.filter(pk=advice.pk, state="waiting").update(**said):
        raise AlreadyDecided("Cet avis est déjà décidé. Rechargez la page.")
    if accept:
        _rate(advice.task)
    record(actor, DECIDED, advice, accepted=accept, code=advice.code)


@transaction.atomic
def set_complexity(actor: Actor, *, task: CallTask, code: str, kind: str = "add", reason: str) -> CallTask:
    """A supervisor adds or removes a reason without waiting for a suggestion. Raises NotAllowed, ValidationError."""
    user = policies.require_supervisor(actor)
    _known(code, kind)
    words = reason_given(reason, least=5)
    now = clock.now()
    ComplexityAdvice.objects.create(
        task=task, code=code, kind=kind, suggested_by_id=user, at=now, state="accepted", decided_by_id=user,
        decided_at=now, reason=words,
    )  # fmt: skip
    _rate(task)
    record(actor, RATED, task, code=code, kind=kind)
    return task


def _rate(task: CallTask) -> None:
    """Rate all the tasks of this person again: a decision holds for the person, in every campaign."""
    codes = codes_of([task.person_id])[task.person_id]
    level = rate(codes, scale())
    CallTask.objects.filter(person=task.person_id).exclude(state="closed").update(
        complexity=level, complexity_codes=codes
    )
    task.complexity, task.complexity_codes = level, codes
