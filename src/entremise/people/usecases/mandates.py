"""Mandates: declared, verified on a proof that was seen, ended by their term, taken back at once."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed
from entremise.people import queries
from entremise.people.engine.terms import months_after
from entremise.people.models import Mandate, Person
from entremise.people.models.rights import MANDATE_LIFE
from entremise.people.usecases.speaking import is_protected, require_desk

DECLARED = declare("people.mandate.declared", "a déclaré un mandat")
VERIFIED = declare("people.mandate.verified", "a vérifié la preuve d’un mandat")
REVOKED = declare("people.mandate.revoked", "a retiré un mandat")
ENDED = declare("people.mandates.ended", "a fait échoir des mandats")

MONTHS = 12
JUDGMENT_YEARS = 10
"""A guardianship is judged for ten years at most in the usual case (Code civil 442)."""


class MandateImpossible(DomainError):
    code = "mandate_impossible"


@transaction.atomic
def declare_mandate(actor: Actor, *, person: Person, proxy: Person, proof: str, scope: str, until: date) -> Mandate:
    """Somebody says they act for a person. Opens nothing until the proof was seen. Rights desk only.

    `until`: 12 months at most, or the date of the judgment. Raises NotAllowed, ValidationError by field,
    MandateImpossible for a threatened person.
    """
    require_desk(actor)
    if is_protected(person.pk):
        raise MandateImpossible("Aucun mandat n’ouvre la fiche de cette personne. Voyez avec le délégué.")
    today = clock.today()
    if until < today:
        raise ValidationError({"until": "Choisissez une date à venir."})
    last = months_after(today, JUDGMENT_YEARS * 12 if proof == "judgment" else MONTHS)
    if until > last:
        raise ValidationError({"until": f"Ce mandat dure jusqu’au {last:%d/%m/%Y} au plus."})
    row = Mandate(
        person=person, proxy=proxy, proof=proof, scope=scope, until=until, declared_by=actor.user_id,
        declared_at=clock.now(),
    )  # fmt: skip
    row.full_clean(exclude=["declared_by", "verified_at", "verified_by", "closed_at"])
    row.save(force_insert=True)
    record(actor, DECLARED, row, proof=proof, scope=scope)
    return row


@transaction.atomic
def verify_mandate(actor: Actor, *, mandate: Mandate) -> None:
    """The proof was seen, its author's identity checked: the mandate opens what it says. No copy is kept.

    Raises NotAllowed, MandateImpossible, IllegalTransition.
    """
    require_desk(actor)
    if is_protected(mandate.person_id):
        raise MandateImpossible("Aucun mandat n’ouvre la fiche de cette personne. Voyez avec le délégué.")
    MANDATE_LIFE.move(mandate, "verify", verified_at=clock.now(), verified_by=actor.user_id)
    record(actor, VERIFIED, mandate)


@transaction.atomic
def revoke_mandate(actor: Actor, *, mandate: Mandate) -> None:
    """Take a mandate back, at once: by the person, without a reason; by the rights desk. Its proxy may give it up.

    Raises NotAllowed, IllegalTransition.
    """
    own = actor.mandate_id is None and actor.person_id in (mandate.person_id, mandate.proxy_id)
    if actor.mandate_id is not None:
        raise NotAllowed("Un mandataire ne retire pas de mandat au nom de la personne.")
    if not own:
        require_desk(actor)
    MANDATE_LIFE.move(mandate, "revoke", closed_at=clock.now())
    record(actor, REVOKED, mandate)


@transaction.atomic
def end_mandates(actor: Actor) -> int:
    """Every day: mandates past their term. They opened nothing any more since that day; this says it."""
    rows = Mandate.objects.filter(state__in=["declared", "verified"], until__lt=clock.today())
    first = rows.order_by("pk").first()
    count = rows.update(state="ended", closed_at=clock.now())
    if first is not None and count:
        record(actor, ENDED, first, mandates=count)
    return count


def acting(actor: Actor, *, mandate: Mandate) -> Actor:
    """The same person, acting for the one who gave them this mandate. Raises NotAllowed for any other mandate."""
    mine = {row.pk for row in queries.mandates_held(actor.person_id)} if isinstance(actor.person_id, UUID) else set()
    if mandate.pk not in mine:
        raise NotAllowed("Ce mandat n’est pas le vôtre, ou a pris fin.")
    return Actor(
        None,
        "mandataire",
        actor.channel,
        frozenset({"inhabitant"}),
        person_id=actor.person_id,
        on_behalf_of=mandate.person_id,
        mfa=actor.mfa,
        fresh_mfa=actor.fresh_mfa,
        mandate_id=mandate.pk,
    )
