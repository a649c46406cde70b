"""Taking a task that somebody names: promised, the other person of a line, a supervisor's choice, a paper sheet."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.kernel.machines import IllegalTransition
from entremise.outreach import policies
from entremise.outreach.models import QUEUE, TASK_STATES, CallCampaign, CallTask
from entremise.outreach.usecases.calls.claiming import (
    TRIES,
    Claim,
    held,
    may_call,
    parameters,
    standing,
    take,
    take_next,
)
from entremise.outreach.usecases.calls.holding import expire_due
from entremise.outreach.usecases.calls.refusals import AlreadyDecided, CapReached, LevelTooLow, LineInUse

LONGEST_PAPER: Final = timedelta(hours=24)
MOST_SHEETS: Final = 40
IN_USE: Final = "Quelqu’un appelle en ce moment sur cette ligne, ou cette personne : reprenez dans quelques minutes."


@transaction.atomic
def claim_task(actor: Actor, *, task: CallTask, now: datetime | None = None) -> Claim:
    """Take this very task: a promised call-back, or one that a supervisor chose. A caller takes what is due, at their
    level, and not kept for another; a supervisor takes any that waits.

    Raises NotAllowed, CampaignNotOpen, OutsideHours, CallerPaused, CapReached, LevelTooLow, LineInUse, AlreadyDecided
    (kept for another caller, not due yet), IllegalTransition (no longer waiting).
    """
    return _claim(actor, task, now or clock.now(), at_once=False)


@transaction.atomic
def claim_same_line(actor: Actor, *, task: CallTask, now: datetime | None = None) -> Claim:
    """« Autre personne à ce numéro : prendre sa fiche maintenant »: right after a contact, before the line rests; its
    date and the gap between campaigns are not looked at, its caller is already on the phone. Raises as `claim_task`.
    """
    now = now or clock.now()
    user = policies.require_caller(actor)
    line = CallTask.objects.values_list("line", flat=True).get(pk=task.pk)
    recent = CallTask.objects.filter(line=line, previous_caller=user, last_contact_at__gt=now - timedelta(minutes=30))
    if not line or not recent.exclude(pk=task.pk).exists():
        raise NotAllowed("Cette fiche se prend juste après un échange sur la même ligne.")
    return _claim(actor, task, now, at_once=True)


def _claim(actor: Actor, task: CallTask, now: datetime, *, at_once: bool) -> Claim:
    supervises = actor.has("supervisor")
    user = policies.require_supervisor(actor) if supervises else policies.require_caller(actor)
    row = CallTask.objects.select_related("campaign").get(pk=task.pk)
    campaign = row.campaign
    who = standing(user, campaign, now)
    if who.live is not None:
        if who.live == row.pk:
            return held(row)
        raise CapReached("Vous avez déjà un appel en cours : rendez-en compte d’abord.")
    if not supervises:
        may_call(campaign, who, now)
        _fits(row, who.level, who.languages, user, now, at_once=at_once)
    if who.due:
        expire_due(now)
        row.refresh_from_db()
    if row.state not in QUEUE:
        raise IllegalTransition(f"Cette fiche est maintenant « {TASK_STATES[row.state]} ». Rechargez la page.")
    asked = parameters(campaign, who, user, "web", now)
    try:
        with transaction.atomic():
            taken = take(actor, row.pk, row.state, asked)
    except IntegrityError:
        raise LineInUse(IN_USE) from None
    if taken is None:
        raise IllegalTransition("Quelqu’un vient de prendre cette fiche. Rechargez la page.")
    return taken


def _fits(row: CallTask, level: int, languages: object, user: int, now: datetime, *, at_once: bool) -> None:
    if row.complexity > level:
        raise LevelTooLow("Cette fiche demande un niveau que vous n’avez pas encore : un autre appelant la prendra.")
    if row.language not in (languages if isinstance(languages, list | tuple) else ()):
        raise LevelTooLow("Cette personne parle une langue que vous n’avez pas indiquée.")
    kept = row.reserved_for_id not in (None, user) and row.reserved_until is not None and row.reserved_until > now
    if kept:
        raise AlreadyDecided("Cette fiche est gardée pour l’appelant qui a promis de rappeler.")
    if not at_once and row.not_before > now:
        raise AlreadyDecided("Cette fiche est prévue plus tard : la personne a été appelée, ou attend un rappel.")


@transaction.atomic
def claim_for_paper(
    actor: Actor, *, campaign: CallCampaign, caller: int, count: int, until: datetime, medium: str = "paper"
) -> list[Claim]:
    """Take so many tasks for one named caller, on sheets or a workbook, until they come back (24 hours at most), in
    the order of the queue, never two on one line. Fewer when the queue gives fewer.

    Raises NotAllowed, ValidationError (`count`, `until`, `medium`), CampaignNotOpen.
    """
    if actor.user_id != caller:
        policies.require_supervisor(actor)
    else:
        policies.require_caller(actor)
    now = clock.now()
    wrong: dict[str, str] = {}
    if not 1 <= count <= MOST_SHEETS:
        wrong["count"] = f"Prenez de 1 à {MOST_SHEETS} fiches."
    if not now < until <= now + LONGEST_PAPER:
        wrong["until"] = "Les feuilles reviennent dans les 24 heures."
    if medium not in ("paper", "excel"):
        wrong["medium"] = "Choisissez des feuilles ou un tableur."
    if wrong:
        raise ValidationError(wrong)
    who = standing(caller, campaign, now)
    may_call(campaign, who, now, hours=False)
    if who.due:
        expire_due(now)
    taken: list[Claim] = []
    losses = 0
    while len(taken) < count and losses < TRIES:
        try:
            with transaction.atomic():
                one = take_next(actor, campaign, who, caller, medium, now, until=until)
        except IntegrityError:
            losses += 1
            continue
        if one is None:
            break
        taken.append(one)
    return taken
