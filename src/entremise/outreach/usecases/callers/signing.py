"""Entering the path: who asks, whose agreement, what is signed, when one is there. And leaving it.

A reassigned agent comes with their hierarchy's agreement: by whom it was noted and when, from when to when, for which
share of the working time (issue 5; reference § 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.mutualaid.engine.masks import LANGUAGES
from entremise.outreach import policies
from entremise.outreach.models import CallerProfile, TrainingStep
from entremise.outreach.queries.callers import profile_of
from entremise.outreach.usecases.callers.refusals import GONE, AgreementMissing, AlreadyDecided, AlreadySignedUp
from entremise.vault.usecases import commit

ASKED = declare("outreach.caller.signed_up", "s’est inscrit·e pour appeler")
CHANGED = declare("outreach.caller.changed", "a changé ses langues ou ses disponibilités d’appel")
AGREED = declare("outreach.caller.agreed", "a noté l’accord d’une hiérarchie")
ACCEPTED = declare("outreach.caller.accepted", "a accepté un·e appelant·e")
LEFT = declare("outreach.caller.left", "a quitté l’équipe d’appel")
CHARTERED = declare("outreach.charter.signed", "a signé la charte de l’appelant")
CHARTER = "2026-12"
ALONE = timedelta(hours=24)
"""In a commune where one person holds both roles, they confirm their own entry a day later (reference § 3, PD)."""


@transaction.atomic
def sign_up(
    actor: Actor,
    *,
    kind: str,
    languages: Sequence[str],
    available_from: date | None = None,
    available_until: date | None = None,
    share: int = 100,
    weekly_calls: int = 40,
    manager: str = "",
) -> CallerProfile:
    """Ask to call: `reassigned` (service of origin, end date and share asked), `staff` or `citizen` volunteer.

    Whoever left may ask again; their level starts anew, their steps stay. Raises NotAllowed, AlreadySignedUp,
    ValidationError by field.
    """
    if actor.user_id is None:
        raise NotAllowed("Connectez-vous pour vous inscrire.")
    said = _checked(kind, languages, available_from, available_until, share, weekly_calls, manager)
    row = profile_of(actor.user_id)
    if row is None:
        row = CallerProfile(user_id=actor.user_id, kind=kind, **said)
        row.full_clean(exclude=["user"], validate_unique=False)
        fresh = CallerProfile.objects.bulk_create([row], ignore_conflicts=True)
        if CallerProfile.objects.filter(user=actor.user_id, public_id=fresh[0].public_id).exists():
            row = CallerProfile.objects.get(user=actor.user_id)
        else:
            raise AlreadySignedUp("Vous êtes déjà inscrit·e : votre parcours est sur « Mon parcours ».")
    else:
        again = {
            "state": "asked", "kind": kind, "level": 0, "held_level": None, "mentor": None, "charter_signed_at": None,
            "agreed_by": None, "agreed_at": None, "created_at": clock.now(), "wishes_hardest": "", **said,
        }  # fmt: skip
        if not CallerProfile.objects.filter(pk=row.pk, state="left").update(**again):
            raise AlreadySignedUp("Vous êtes déjà inscrit·e : votre parcours est sur « Mon parcours ».")
        row.refresh_from_db()
    record(actor, ASKED, row, kind=kind)
    return row


@transaction.atomic
def change_availability(
    actor: Actor,
    *,
    languages: Sequence[str],
    available_from: date | None = None,
    available_until: date | None = None,
    share: int = 100,
    weekly_calls: int = 40,
) -> CallerProfile:
    """One's own languages and availability. For a reassigned agent, more than what was agreed asks the agreement anew.

    Raises NotAllowed, ValidationError by field.
    """
    row = own_profile(actor)
    said = _checked(row.kind, languages, available_from, available_until, share, weekly_calls, row.manager)
    wider = share > row.share or (row.available_until and available_until and available_until > row.available_until)
    if row.kind == "reassigned" and row.agreed_at and wider:
        said |= {"agreed_at": None, "agreed_by": None, "state": "asked"}
    CallerProfile.objects.filter(pk=row.pk).exclude(state="left").update(**said)
    row.refresh_from_db()
    record(actor, CHANGED, row)
    return row


def _checked(
    kind: str,
    languages: Sequence[str],
    since: date | None,
    until: date | None,
    share: int,
    weekly_calls: int,
    manager: str,
) -> dict[str, Any]:
    wrong: dict[str, str] = {}
    spoken = [code for code in LANGUAGES if code in set(languages)]
    if kind not in CallerProfile.KINDS:
        wrong["kind"] = "Dites si vous êtes agent réaffecté, agent volontaire ou bénévole."
    if not spoken:
        wrong["languages"] = "Choisissez au moins une langue que vous parlez assez pour une vraie conversation."
    if since and until and until < since:
        wrong["available_until"] = "La fin vient après le début."
    if not 1 <= share <= 100:
        wrong["share"] = "Une part du temps va de 1 à 100 %."
    if not 1 <= weekly_calls <= 200:
        wrong["weekly_calls"] = "Indiquez de 1 à 200 appels par semaine."
    if kind == "reassigned":
        if not manager.strip():
            wrong["manager"] = "Indiquez votre service d’origine : sa hiérarchie donne son accord."
        if until is None:
            wrong["available_until"] = "Un agent réaffecté l’est jusqu’à une date : indiquez-la."
    if wrong:
        raise ValidationError(wrong)
    return {
        "languages": spoken, "available_from": since, "available_until": until, "share": share,
        "weekly_calls": weekly_calls, "manager": " ".join(manager.split())[:120],
    }  # fmt: skip


@transaction.atomic
def note_agreement(actor: Actor, *, caller: CallerProfile, on: date) -> None:
    """Note that the hierarchy of a reassigned agent agreed, on that day: who notes it and when are kept.

    For supervisors and managers of a house, never for oneself. Raises NotAllowed, ValidationError, AlreadyDecided.
    """
    if actor.user_id is None or not actor.has("supervisor", "org_manager") or actor.user_id == caller.user_id:
        raise NotAllowed("L’accord d’une hiérarchie est noté par un superviseur ou un responsable de structure.")
    if on > clock.today() or on < clock.today() - timedelta(days=365):
        raise ValidationError({"on": "Indiquez le jour de l’accord : aujourd’hui ou avant, dans l’année."})
    at = clock.now() - (clock.today() - on)
    waiting = CallerProfile.objects.filter(pk=caller.pk, agreed_at=None).exclude(state="left")
    if not waiting.update(agreed_by=actor.user_id, agreed_at=at):
        raise AlreadyDecided("L’accord est déjà noté. Rechargez la page.")
    caller.refresh_from_db()
    record(actor, AGREED, caller, share=caller.share)


@transaction.atomic
def accept_caller(actor: Actor, *, caller: CallerProfile) -> None:
    """A supervisor accepts somebody on the path, at level 0. What is still to be signed elsewhere is on their page.

    Raises NotAllowed, AgreementMissing, AlreadyDecided.
    """
    policies.require_supervisor(actor)
    mine = actor.user_id == caller.user_id
    if mine and clock.now() < caller.created_at + ALONE:
        raise NotAllowed("Votre propre inscription : un autre superviseur l’accepte, ou vous-même après 24 heures.")
    if caller.kind == "reassigned" and caller.agreed_at is None:
        raise AgreementMissing("Notez d’abord l’accord de la hiérarchie de cet agent, avec sa date.")
    asked = CallerProfile.objects.filter(pk=caller.pk, state="asked")
    if caller.kind == "reassigned":
        asked = asked.filter(agreed_at__isnull=False)
    if not asked.update(state="active"):
        raise AlreadyDecided(GONE)
    caller.state = "active"
    record(actor, ACCEPTED, caller, kind=caller.kind, own=mine)


@transaction.atomic
def leave_path(actor: Actor, *, caller: CallerProfile) -> None:
    """Leave the team, without reason: oneself, or a supervisor for somebody. Live calls are finished.

    Raises NotAllowed, AlreadyDecided.
    """
    if actor.user_id != caller.user_id:
        policies.require_supervisor(actor)
    if not CallerProfile.objects.filter(pk=caller.pk).exclude(state="left").update(state="left", mentor=None):
        raise AlreadyDecided(GONE)
    caller.state, caller.mentor = "left", None
    record(actor, LEFT, caller, own=actor.user_id == caller.user_id)


@transaction.atomic
def sign_charter(actor: Actor) -> CallerProfile:
    """Sign the caller's charter and the commitment to confidentiality, for oneself. Signed twice, it is signed once.

    Raises NotAllowed.
    """
    row = own_profile(actor)
    now = clock.now()
    step = TrainingStep(caller=row, kind="charter", code="charter", version=CHARTER, at=now)
    TrainingStep.objects.bulk_create([step], ignore_conflicts=True)
    CallerProfile.objects.filter(pk=row.pk, charter_signed_at=None).update(charter_signed_at=now)
    commit(actor)
    row.refresh_from_db()
    record(actor, CHARTERED, row, version=CHARTER)
    return row


def own_profile(actor: Actor) -> CallerProfile:
    """The actor's own place on the path. Raises NotAllowed when there is none, or they left."""
    row = profile_of(actor.user_id) if actor.user_id is not None else None
    if row is None or row.state == "left":
        raise NotAllowed("Inscrivez-vous d’abord au parcours d’appel.")
    return row
