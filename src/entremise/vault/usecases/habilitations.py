"""Habilitations: what one account may act for, signed by the controller; the promise of the agent beside it.

RGPD 29 and 32.4, Code pénal 226-13. Without both, the floor refuses everything (`floor-habilitation`,
`floor-commitment`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from entremise.accounts.models import User
from entremise.audit.registry import declare
from entremise.audit.usecases import record as trace
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.vault import policies, registry
from entremise.vault.models import Habilitation, Register

SIGNED = declare("vault.habilitation.signed", "a signé une habilitation")
SIGNED_MANY = declare("vault.habilitations.signed", "a signé plusieurs habilitations")
COMMITTED = declare("vault.commitment.signed", "a signé son engagement de confidentialité")
SUSPENDED = declare("vault.habilitation.suspended", "a suspendu une habilitation")
RESUMED = declare("vault.habilitation.resumed", "a rétabli une habilitation")

YEAR = timedelta(days=365)
LONGEST = 3 * YEAR
"""The longest term of an habilitation (PD: ours)."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One habilitation to sign, for `habilitate_many`. `user`: the account's number."""

    user: int
    purposes: frozenset[str]
    active_until: datetime
    named_in: tuple[str, ...] = ()
    professional_secrecy: bool = False
    level: int = 0


@transaction.atomic
def habilitate(
    actor: Actor,
    *,
    user: User | int,
    purposes: Iterable[str],
    active_until: datetime,
    named_in: Iterable[str] = (),
    professional_secrecy: bool = False,
    level: int = 0,
) -> Habilitation:
    """Sign what an account may act for, until a term of three years at most; replaces what was signed before.

    `named_in`: the nominative registers where this agent is named in writing. A suspension and a promise already
    signed stay as they are. Raises NotAllowed, SecondFactorNeeded, ValidationError by field.
    """
    policies.require_controller(actor)
    pk = user if isinstance(user, int) else user.pk
    grant = Grant(pk, frozenset(purposes), active_until, tuple(named_in), professional_secrecy, level)
    row = _sign(actor, [grant])[0]
    trace(actor, SIGNED, row, user=pk, purposes=len(grant.purposes), secrecy=professional_secrecy)
    return row


@transaction.atomic
def habilitate_many(actor: Actor, *, grants: Sequence[Grant], committed: bool = False) -> list[Habilitation]:
    """Several at once under one trace (installation, demonstration, tests). `committed`: their promises were signed
    on paper, for a year from today. Raises as `habilitate`."""
    policies.require_controller(actor)
    if not grants:
        return []
    rows = _sign(actor, grants)
    if committed:
        now = clock.now()
        pks = [row.pk for row in rows]
        Habilitation.objects.filter(pk__in=pks).update(commitment_at=now, commitment_until=now + YEAR)
        for row in rows:
            row.commitment_at, row.commitment_until = now, now + YEAR
    trace(actor, SIGNED_MANY, rows[0], habilitations=len(rows), committed=committed)
    return rows


def _sign(actor: Actor, grants: Sequence[Grant]) -> list[Habilitation]:
    now = clock.now()
    named = {code for grant in grants for code in grant.named_in}
    known = set(Register.objects.filter(pk__in=named).values_list("pk", flat=True)) if named else set()
    for grant in grants:
        if unknown := grant.purposes - set(registry.PURPOSES):
            raise ValidationError({"purposes": f"Ces finalités n’existent pas : {', '.join(sorted(unknown))}."})
        if not now < grant.active_until <= now + LONGEST:
            raise ValidationError({"active_until": "Choisissez un terme à venir, dans trois ans au plus."})
        if missing := set(grant.named_in) - known:
            raise ValidationError({"named_in": f"Ces registres n’existent pas : {', '.join(sorted(missing))}."})
        if not 0 <= grant.level <= 4:
            raise ValidationError({"level": "Le niveau d’appel va de 0 à 4."})
    said = [
        Habilitation(
            user=grant.user,
            purposes=sorted(grant.purposes),
            named_in=sorted(grant.named_in),
            active_until=grant.active_until,
            professional_secrecy=grant.professional_secrecy,
            level=grant.level,
            signed_by=actor.user_id,
            signed_at=now,
        )
        for grant in grants
    ]
    Habilitation.objects.bulk_create(
        said,
        update_conflicts=True,
        unique_fields=["user"],
        update_fields=[
            "purposes", "named_in", "active_until", "professional_secrecy", "level", "signed_by", "signed_at",
        ],
    )  # fmt: skip
    rows = {row.user: row for row in Habilitation.objects.filter(user__in=[grant.user for grant in grants])}
    return [rows[grant.user] for grant in grants]


@transaction.atomic
def commit(actor: Actor) -> Habilitation:
    """The agent signs the confidentiality commitment, for one year, for themselves only; signed again, it lasts
    another year from today. Before or after the controller signs, as they like. Raises NotAllowed."""
    if actor.user_id is None:
        raise NotAllowed("Connectez-vous pour signer votre engagement de confidentialité.")
    now = clock.now()
    Habilitation.objects.bulk_create([Habilitation(user=actor.user_id, active_until=now)], ignore_conflicts=True)
    row = Habilitation.objects.get(user=actor.user_id)
    row.commitment_at, row.commitment_until = now, now + YEAR
    row.save(update_fields=["commitment_at", "commitment_until"])
    trace(actor, COMMITTED, row)
    return row


@transaction.atomic
def suspend(actor: Actor, *, user: User | int, reason: str) -> None:
    """Stop an account at once, with a reason (10 to 300 characters), until `resume`.

    Raises NotAllowed, SecondFactorNeeded, NotFound, ValidationError.
    """
    policies.require_watcher(actor)
    words = " ".join(reason.split())
    if not 10 <= len(words) <= 300:
        raise ValidationError({"reason": "Écrivez en 10 à 300 caractères pourquoi cet accès est suspendu."})
    row = _row(user)
    Habilitation.objects.filter(pk=row.pk).update(suspended_at=clock.now(), suspended_reason=words)
    trace(actor, SUSPENDED, row, user=row.user)


@transaction.atomic
def resume(actor: Actor, *, user: User | int) -> None:
    """End a suspension. Nobody ends their own. Raises NotAllowed, SecondFactorNeeded, NotFound."""
    policies.require_watcher(actor)
    row = _row(user)
    if row.user == actor.user_id:
        raise NotAllowed("Une autre personne que vous lève votre suspension.")
    Habilitation.objects.filter(pk=row.pk).update(suspended_at=None, suspended_reason="")
    trace(actor, RESUMED, row, user=row.user)


def _row(user: User | int) -> Habilitation:
    row = Habilitation.objects.filter(user=user if isinstance(user, int) else user.pk).first()
    if row is None:
        raise NotFound("Ce compte n’a pas d’habilitation.")
    return row


def grant_of(
    user: User, roles: Collection[str], *, purposes: frozenset[str], until: datetime, level: int = 1
) -> Grant:
    """The habilitation that these roles suggest: secrecy for who follows delicate situations or refers to care."""
    secrecy = not {"sensitive_referent", "referrer"}.isdisjoint(roles)
    return Grant(user.pk, purposes, until, professional_secrecy=secrecy, level=level)
