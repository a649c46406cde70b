"""Special requests: k agreements, never the requester's, bound to all that is asked (reference § 11).

What counts is computed again at each use, from the rows: who still sits, who took back, what was agreed to.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F

from entremise.audit.registry import declare
from entremise.audit.usecases import record as trace
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.vault import policies
from entremise.vault.models import Approval, Habilitation, Register, SpecialRequest
from entremise.vault.models.requests import SPECIAL_REQUEST
from entremise.vault.usecases.agreements import (
    FRESH,
    NOTHING,
    Standing,
    answers_for,
    counted,
    enough,
    fingerprint_of,
    standing,
    worth,
)
from entremise.vault.usecases.asking import LONGEST, SHORTEST, fields_known, motive_given
from entremise.vault.usecases.kinds import KINDS, Kind

ASKED = declare("vault.request.asked", "a déposé une demande spéciale")
APPROVED = declare("vault.request.approved", "a donné son accord à une demande spéciale")
REFUSED = declare("vault.request.refused", "a refusé une demande spéciale")
WITHDRAWN = declare("vault.request.withdrawn", "a repris son accord à une demande spéciale")
REVOKED = declare("vault.request.revoked", "a retiré une demande spéciale")
USED = declare("vault.request.used", "a utilisé une demande spéciale accordée")
OPINED = declare("vault.request.opined", "a joint l’avis du délégué à une demande spéciale")
LAPSED = declare("vault.requests.lapsed", "a constaté la fin de demandes spéciales")

ANSWER: Final = timedelta(days=14)
"""How long colleges have to answer (PD: ours)."""
KEPT: Final = timedelta(days=7)
"""From the use to the end: when the exported file is destroyed (reference § 11)."""


class RequestChanged(DomainError):
    """What is agreed to is not what is asked now: nothing is counted."""

    code = "request_changed"


class RequestSpent(DomainError):
    """Not granted, out of its window, used already, or above its cap."""

    code = "request_spent"


class AlreadyAnswered(DomainError):
    code = "already_answered"


@transaction.atomic
def ask(
    actor: Actor,
    *,
    kind: str,
    purpose: str,
    motive: str,
    registers: Collection[str],
    fields: Collection[str] = (),
    persons: Collection[UUID] = (),
    recipients: str = "",
    minutes: str = "",
    days: int = 3,
    cap: int = 1,
) -> SpecialRequest:
    """Ask for what needs the agreement of others. `days`: how long it may be used once granted; `cap`: rows at most.

    Raises NotAllowed (not the role, not bound to secrecy), MotiveMissing, FieldUnknown, ValidationError by field.
    """
    shape = KINDS.get(kind)
    if shape is None:
        raise ValidationError({"kind": "Choisissez une nature de demande de la liste."})
    me = policies.require_asker(actor, shape.askers)
    if shape.secrecy and not _bound(me):
        raise NotAllowed("Cette demande est réservée aux personnes tenues au secret professionnel et habilitées.")
    now = clock.now()
    row = SpecialRequest(
        kind=kind,
        requester=me,
        purpose=purpose,
        motive=motive_given(motive),
        registers=sorted(set(registers)),
        fields=sorted({one.name for one in fields_known(fields)}),
        persons=sorted({str(person) for person in persons}),
        recipients=" ".join(recipients.split()),
        minutes=" ".join(minutes.split()),
        days=days,
        cap=cap,
        asked_at=now,
        lapses_at=now + ANSWER,
    )
    _check(shape, row)
    row.fingerprint = fingerprint_of(row)
    row.full_clean()
    row.save(force_insert=True)
    trace(actor, ASKED, row, kind=kind, purpose=purpose, rows=cap)
    return row


def _bound(user: int) -> bool:
    rows = Habilitation.objects.filter(user=user, professional_secrecy=True, suspended_at=None)
    return rows.filter(active_until__gt=clock.now()).exists()


def _check(kind: Kind, row: SpecialRequest) -> None:
    """What the table of § 11 bounds. Raises ValidationError by field."""
    wrong: dict[str, str] = {}
    found = {one.pk: one for one in Register.objects.filter(pk__in=row.registers)}
    asked = fields_known(row.fields)
    if row.purpose not in kind.purposes:
        wrong["purpose"] = "Cette nature de demande ne sert pas cette finalité."
    if not row.registers or set(row.registers) - set(found):
        wrong["registers"] = "Choisissez au moins un registre de la liste."
    elif kind.crisis and not all(one.crisis_declared_at and one.kind == "legal" for one in found.values()):
        wrong["registers"] = "Le plan n’est pas déclenché dans ce registre légal : déclarez-le d’abord."
    elif row.kind in ("shredding", "moderation", "erasure") and len(row.registers) != 1:
        wrong["registers"] = "Choisissez un seul registre."
    if kind.fields and not asked:
        wrong["fields"] = "Choisissez au moins une donnée."
    elif not kind.fields and asked:
        wrong["fields"] = "Cette demande ne porte pas sur des données choisies."
    elif {one.register for one in asked} - set(row.registers):
        wrong["fields"] = "Ces données ne sont pas dans les registres choisis."
    elif kind.categories and {one.category for one in asked} - kind.categories:
        wrong["fields"] = "Cette nature de demande ne porte pas sur ces données."
    if kind.named and not 1 <= len(row.persons) <= kind.cap:
        wrong["persons"] = f"Désignez de 1 à {kind.cap} fiches."
    if not 1 <= row.days <= kind.days:
        wrong["days"] = f"De 1 à {kind.days} jours."
    if not max(1, len(row.persons)) <= row.cap <= kind.cap:
        wrong["cap"] = f"De {max(1, len(row.persons))} à {kind.cap} lignes."
    if kind.minutes and len(row.minutes) < SHORTEST:
        wrong["minutes"] = "Donnez la référence du procès-verbal, en 10 caractères au moins."
    if kind.recipients and len(row.recipients) < 3:
        wrong["recipients"] = "Dites à qui la liste est destinée."
    if wrong:
        raise ValidationError(wrong)


@transaction.atomic
def approve(actor: Actor, *, request: str, fingerprint: str, reason: str = "") -> SpecialRequest:
    """Agree, in the name of one's college or office, to what `fingerprint` says: the words that were read.

    The last agreement needed grants the request. Raises NotAllowed, SecondFactorNeeded, RequestChanged,
    AlreadyAnswered, IllegalTransition (too late), NotFound.
    """
    row = _answer(actor, request, fingerprint, "yes", reason)
    now = clock.now()
    kept = counted(row, list(row.approvals.all()), now)
    if granted := enough(KINDS[row.kind], kept):
        SPECIAL_REQUEST.move(row, "grant", granted_at=now, until=now + timedelta(days=row.days))
    trace(actor, APPROVED, row, granted=granted, approvers=len(kept))
    return row


@transaction.atomic
def refuse(actor: Actor, *, request: str, fingerprint: str, reason: str) -> SpecialRequest:
    """Say no, with a reason that the requester reads: the request ends. Raises as `approve`, ValidationError."""
    row = _answer(actor, request, fingerprint, "no", _reason(reason))
    SPECIAL_REQUEST.move(row, "refuse")
    trace(actor, REFUSED, row)
    return row


def _answer(actor: Actor, request: str, fingerprint: str, answer: str, reason: str) -> SpecialRequest:
    me = policies.require_fresh_factor(actor)
    row, now = _row(request), clock.now()
    place = answers_for(actor, row, now)
    if place is None:
        raise NotAllowed("Cette demande attend d’autres accords que le vôtre.")
    if now >= row.lapses_at:
        raise RequestSpent("Le délai de réponse est passé : la demande est échue.")
    SPECIAL_REQUEST.move(row, "hear")  # and holds the row: answers come one after the other
    row.refresh_from_db()
    if fingerprint != row.fingerprint or fingerprint_of(row) != row.fingerprint:
        raise RequestChanged("Cette demande n’est plus celle que vous avez lue. Rechargez la page et relisez-la.")
    mine = Approval.objects.filter(request=row, user=me, withdrawn_at=None)
    mine.filter(at__lt=now - FRESH).update(withdrawn_at=now)
    given = Approval(
        request=row, user=me, college=place, answer=answer, reason=" ".join(reason.split())[:LONGEST],
        fingerprint=fingerprint, at=now,
    )  # fmt: skip
    try:
        with transaction.atomic():
            given.save(force_insert=True)
    except IntegrityError:
        raise AlreadyAnswered("Vous avez déjà répondu à cette demande.") from None
    return row


@transaction.atomic
def withdraw(actor: Actor, *, request: str) -> SpecialRequest:
    """Take one's agreement back, before the use. What is no longer agreed enough waits again.

    Raises NotFound (no agreement of theirs), IllegalTransition (used, or ended).
    """
    row, now = _row(request), clock.now()
    _hold(row)
    mine = Approval.objects.filter(request=row, user=actor.user_id or 0, answer="yes", withdrawn_at=None)
    if not mine.update(withdrawn_at=now):
        raise NotFound("Vous n’avez pas d’accord à reprendre sur cette demande.")
    kept = counted(row, list(row.approvals.all()), now)
    if row.state == "granted" and not enough(KINDS[row.kind], kept):
        SPECIAL_REQUEST.move(row, "reopen", granted_at=None, until=None)
    trace(actor, WITHDRAWN, row, approvers=len(kept))
    return row


@transaction.atomic
def revoke(actor: Actor, *, request: str, reason: str) -> SpecialRequest:
    """Stop a request that was not used: by whoever asked, the DPO or the controller, with a reason.

    Raises NotAllowed, NotFound, ValidationError, IllegalTransition.
    """
    row = _row(request)
    if actor.user_id is None or (actor.user_id != row.requester and not actor.has("dpo", "controller")):
        raise NotAllowed("Seuls l’auteur, le délégué et le responsable de traitement retirent une demande.")
    SPECIAL_REQUEST.move(row, "revoke", outcome=_reason(reason))
    trace(actor, REVOKED, row)
    return row


@transaction.atomic
def opine(actor: Actor, *, request: str, text: str) -> SpecialRequest:
    """Join the DPO's opinion: shown beside what is asked, counted for nobody. Never on one's own request.

    Raises NotAllowed, NotFound, ValidationError.
    """
    row = _row(request)
    if not actor.has("dpo") or actor.user_id == row.requester:
        raise NotAllowed("L’avis est celui du délégué à la protection des données, sur la demande d’un autre.")
    words = " ".join(text.split())
    if not SHORTEST <= len(words) <= 600:
        raise ValidationError({"opinion": "Écrivez l’avis en 10 à 600 caractères."})
    said = {"opinion": words, "opinion_by": actor.user_id, "opinion_at": clock.now()}
    live = SpecialRequest.objects.filter(pk=row.pk, state__in=("asked", "gathering", "granted"))
    if not live.update(**said):
        raise IllegalTransition("Cette demande est terminée : un avis ne changerait plus rien.")
    row.refresh_from_db()
    trace(actor, OPINED, row)
    return row


@transaction.atomic
def use(actor: Actor, *, request: str, rows: int = 1) -> SpecialRequest:
    """Spend a granted request: wholly for those that serve once, `rows` of the cap for the others.

    The row is taken first, then the agreements are read again: nobody uses it twice, nor after an agreement was
    taken back. Raises NotFound, RequestSpent.
    """
    spent = "Cette demande n’est pas accordée, a déjà servi, ou son délai est passé : faites-en une nouvelle."
    row, now = _row(request), clock.now()
    if actor.user_id is None or actor.user_id != row.requester:
        raise NotFound("Cette demande n’existe pas.")
    if rows < 1:
        raise RequestSpent(spent)
    open_ones = SpecialRequest.objects.filter(
        pk=row.pk, state="granted", until__gt=now, rows_used__lte=F("cap") - rows
    )
    once = KINDS[row.kind].once
    target = SPECIAL_REQUEST.verbs["use"][1] if once else "granted"
    if not open_ones.update(rows_used=F("rows_used") + rows, used_at=now, state=target):
        raise RequestSpent(spent)
    row.refresh_from_db()
    if worth(row, now) is NOTHING:
        raise RequestSpent("Un accord manque de nouveau : il a été repris, ou la personne ne siège plus.")
    trace(actor, USED, row, rows=rows)
    return row


@transaction.atomic
def lapse_requests(actor: Actor) -> int:
    """End what nobody may use any more: unanswered in time, window passed, used a week ago. How many ended."""
    now = clock.now()
    rows = SpecialRequest.objects
    stale = Approval.objects.filter(withdrawn_at=None, answer="yes", at__lt=now - FRESH)
    stale.filter(request__state="gathering").update(withdrawn_at=now)
    late = rows.filter(state__in=("asked", "gathering"), lapses_at__lte=now).update(state="lapsed")
    past = rows.filter(state="granted", until__lte=now)
    served = past.filter(rows_used__gt=0).update(state="used")
    late += past.update(state="lapsed")
    closed = rows.filter(state="used", used_at__lte=now - KEPT).update(state="closed")
    first = rows.order_by("-pk").first()
    if first is not None and late + served + closed:
        trace(actor, LAPSED, first, lapsed=late, closed=closed)
    return late + served + closed


def _row(request: str) -> SpecialRequest:
    row = SpecialRequest.objects.filter(public_id=request).first()
    if row is None:
        raise NotFound("Cette demande n’existe pas.")
    return row


def _hold(row: SpecialRequest) -> None:
    """Lock the row until the end of the transaction, and read it as it is now."""
    live = SpecialRequest.objects.filter(pk=row.pk, state__in=("asked", "gathering", "granted"))
    if not live.update(state=F("state")):
        raise IllegalTransition("Cette demande est terminée : il n’y a plus d’accord à reprendre.")
    row.refresh_from_db()


def _reason(text: str) -> str:
    words = " ".join(text.split())
    if not SHORTEST <= len(words) <= LONGEST:
        raise ValidationError({"reason": f"Écrivez une raison en {SHORTEST} à {LONGEST} caractères."})
    return words


__all__ = [
    "AlreadyAnswered", "RequestChanged", "RequestSpent", "Standing", "approve", "ask", "lapse_requests", "opine",
    "refuse", "revoke", "standing", "use", "withdraw",
]  # fmt: skip
