"""Protection: debriefs asked, held, or declined in writing; pauses. Reference § 6: no call is worth a caller."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.outreach import policies, rules
from entremise.outreach.models import CallAttempt, CallerProfile, Debrief
from entremise.outreach.queries.callers import PAUSE_REASONS, profile_of
from entremise.outreach.usecases.callers.refusals import AlreadyDecided, reason_given
from entremise.outreach.usecases.callers.signing import own_profile
from entremise.rules.queries import number_of

DEBRIEF_ASKED = declare("outreach.debrief.asked", "a demandé un débriefing")
DEBRIEF_HELD = declare("outreach.debrief.held", "a tenu un débriefing")
DEBRIEF_DECLINED = declare("outreach.debrief.declined", "a refusé un débriefing par écrit")
PAUSED = declare("outreach.caller.paused", "a mis un·e appelant·e en pause")
RESUMED = declare("outreach.caller.resumed", "a mis fin à une pause")
OPEN_END = timedelta(days=365)
"""A pause without end: a year, and a button to come back before."""
GONE = "Ce débriefing est déjà tenu, ou refusé. Rechargez la page."


@transaction.atomic
def ask_debrief(actor: Actor, *, attempt: CallAttempt | None = None) -> Debrief:
    """Ask to talk with one's mentor: on demand, or about a difficult call. Asked twice about one call, it is one.

    Raises NotAllowed.
    """
    row = own_profile(actor)
    if attempt is not None and attempt.caller_id != actor.user_id:
        raise NotAllowed("Un débriefing se demande pour ses propres appels.")
    CallerProfile.objects.select_for_update().get(pk=row.pk)  # of two clicks, the second finds the first's
    cause = "hard_call" if attempt is not None else "on_demand"
    same = Debrief.objects.filter(caller=row, cause=cause, attempt=attempt, held_at=None, declined_at=None).first()
    debrief = same or Debrief.objects.create(caller=row, mentor_id=row.mentor_id, cause=cause, attempt=attempt)
    record(actor, DEBRIEF_ASKED, debrief, cause=cause)
    return debrief


def debrief_of(public_id: str) -> Debrief:
    """NotFound when it does not exist."""
    row = Debrief.objects.select_related("caller__user", "mentor").filter(public_id=public_id).first()
    if row is None:
        raise NotFound("Ce débriefing n’existe pas.")
    return row


@transaction.atomic
def hold_debrief(actor: Actor, *, debrief: Debrief, note: str = "") -> None:
    """The talk took place: by the caller's mentor or a supervisor, never by the caller alone. Half an hour of rest
    after an emergency goes on. Raises NotAllowed, AlreadyDecided."""
    policies.require_guide(
        actor,
        debrief.caller,
        "Un débriefing est tenu par le référent d’appel de cette personne ou par un superviseur.",
    )
    said = {"held_at": clock.now(), "mentor_id": actor.user_id, "note": " ".join(note.split())[:500]}
    _settle(debrief, **said)
    record(actor, DEBRIEF_HELD, debrief, cause=debrief.cause)


@transaction.atomic
def decline_debrief(actor: Actor, *, debrief: Debrief, reason: str) -> None:
    """Decline, oneself and in writing. Half an hour of rest after an emergency goes on. Raises NotAllowed,
    ValidationError, AlreadyDecided."""
    if debrief.caller.user_id != actor.user_id:
        raise NotAllowed("Seule la personne concernée refuse son débriefing.")
    _settle(debrief, declined_at=clock.now(), note=reason_given(reason, most=500))
    record(actor, DEBRIEF_DECLINED, debrief, cause=debrief.cause)


def _settle(debrief: Debrief, **said: object) -> None:
    if not Debrief.objects.filter(pk=debrief.pk, held_at=None, declined_at=None).update(**said):
        raise AlreadyDecided(GONE)
    if debrief.cause == "emergency":
        until = debrief.asked_at + timedelta(minutes=number_of(rules.DEBRIEF))
        short = Q(paused_until=None) | Q(paused_until__lt=until)
        CallerProfile.objects.filter(short, pk=debrief.caller_id).update(paused_until=until, pause_reason="debrief")


@transaction.atomic
def pause_caller(
    actor: Actor, *, caller: CallerProfile, until: datetime | None = None, reason: str = "rest"
) -> CallerProfile:
    """Stop new calls, for oneself or for a caller one guides, until then or until « Reprendre ». A live call is
    finished. Raises NotAllowed, NotFound for an unknown reason."""
    mine = actor.user_id == caller.user_id
    if not mine:
        policies.require_guide(actor, caller)
    if reason not in PAUSE_REASONS:
        raise NotFound("Ce motif de pause n’existe pas.")
    now = clock.now()
    said = reason if mine else "supervisor"
    longer = max(until or now + OPEN_END, now)
    stronger = Q(paused_until__gt=now, pause_reason__in=("supervisor", "debrief")) if mine else Q(pk=None)
    rows = CallerProfile.objects.filter(pk=caller.pk).exclude(stronger)
    rows.update(paused_until=longer, pause_reason=said)
    caller.refresh_from_db()
    record(actor, PAUSED, caller, reason=caller.pause_reason, own=mine)
    return caller


@transaction.atomic
def resume_caller(actor: Actor, *, caller: CallerProfile) -> None:
    """End a pause: one's own at will; one that the team decided, by the mentor or a supervisor; the half hour after
    an emergency, nobody. Raises NotAllowed, AlreadyDecided."""
    mine = actor.user_id == caller.user_id
    if not mine:
        policies.require_guide(actor, caller)
    row = profile_of(caller.user_id)
    reason = row.pause_reason if row else ""
    if reason == "debrief":
        raise NotAllowed("Après une urgence, la pause dure une demi-heure au moins. Elle finit seule.")
    if mine and reason == "supervisor":
        raise NotAllowed("Cette pause est décidée par l’équipe : demandez à votre référent d’appel d’y mettre fin.")
    now = clock.now()
    live = CallerProfile.objects.filter(pk=caller.pk, paused_until__gt=now, pause_reason=reason)
    if not live.update(paused_until=None, pause_reason=""):
        raise AlreadyDecided("Cette pause est déjà finie.")
    caller.paused_until, caller.pause_reason = None, ""
    record(actor, RESUMED, caller, own=mine)
