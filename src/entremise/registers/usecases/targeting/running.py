"""A computation of targeting, from its asking to its sealed result. Killed anywhere, it leaves nothing half-done.

A worker holds it by a token; the result comes in one transaction, and only while the token is still the worker's.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from entremise.accounts.models import User
from entremise.accounts.policies import require_fresh_factor
from entremise.accounts.queries import actor_of
from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock, jobs
from entremise.kernel.actors import Actor
from entremise.kernel.claims import LeaseLost
from entremise.kernel.errors import DomainError
from entremise.kernel.machines import IllegalTransition
from entremise.registers import policies
from entremise.registers.engine import facts, rolls
from entremise.registers.models import TARGETING, Targeting
from entremise.registers.queries import cohorts
from entremise.registers.usecases.review import GrantMissing
from entremise.registers.usecases.targeting.computation import NAME, PURPOSE, fields_of
from entremise.registers.usecases.targeting.refusals import CohortEmpty, RunInProgress
from entremise.vault import queries as registers, usecases as vault

STARTED = declare("registers.target.started", "a demandé un repérage dans le coffre")
RESUMED = declare("registers.target.resumed", "a relancé un repérage interrompu")
CANCELLED = declare("registers.target.cancelled", "a annulé un repérage")
FINISHED = declare("registers.target.done", "a terminé un repérage dans le coffre")
FAILED = declare("registers.target.failed", "n’a pas pu terminer un repérage")

JOB: Final = "registers.run_targeting"
KEEPING, MOTIVE = "registers.keep", "Résultat d’un repérage accordé, sous scellé"
LEASE: Final = timedelta(minutes=30)
PROOF: Final = timedelta(minutes=15)
KEPT: Final = timedelta(days=7)
"""How long the sealed result of a computation stays, for drafts and comparisons (PD: ours)."""
SHORT = "la demande n’est pas accordée à votre nom, ou n’est plus en vigueur"
log = logging.getLogger("entremise.registers")


@transaction.atomic
def ask_targeting(actor: Actor, *, request: str, registers: Collection[str]) -> Targeting:
    """Ask for the computation under a granted request of one's own. A job does it, in the name of who asked.

    Raises NotAllowed, FreshFactorNeeded, GrantMissing (says what is missing), RunInProgress.
    """
    me = policies.require_keeper(actor)
    require_fresh_factor(actor)
    now, codes = clock.now(), sorted(set(registers))
    worth = vault.standing(request, actor, now=now)
    if worth.request is None or not codes:
        raise GrantMissing(
            f"Aucun repérage ne peut être lancé : {SHORT}. Déposez une demande de nature « Rapprocher, repérer ou "
            "compter dans le coffre », pour la finalité repérage."
        )
    row = worth.request
    wanted = fields_of(codes)
    if not worth.covers(purpose=PURPOSE, registers=codes, fields=wanted):
        missing = sorted(set(wanted) - set(row.fields))
        said = f" Il y manque : {', '.join(missing)}." if missing else ""
        raise GrantMissing(
            f"La demande {row.public_id} ne couvre pas ce repérage (finalité, registres, données ou lignes).{said} "
            "Déposez-en une qui les comprend."
        )
    targeting = Targeting(request=row.public_id, registers=codes, asked_by=me, proved_at=now, asked_at=now)
    try:
        with transaction.atomic():
            targeting.save(force_insert=True)
    except IntegrityError:
        raise RunInProgress(
            "Un repérage est déjà en cours pour cette demande : attendez sa fin, ou annulez-le."
        ) from None
    record(actor, STARTED, targeting, registers=len(codes))
    jobs.enqueue(JOB, targeting_id=targeting.pk)
    return targeting


@transaction.atomic
def resume_targeting(actor: Actor, *, targeting: Targeting) -> None:
    """Start again what stopped (failed, or held by a worker that is gone), with a new second proof.

    Raises NotAllowed, FreshFactorNeeded, RunInProgress (somebody works on it), IllegalTransition.
    """
    policies.require_keeper(actor)
    require_fresh_factor(actor)
    now = clock.now()
    _mine(actor, targeting)
    held = Targeting.objects.filter(pk=targeting.pk, state="running", lease_until__gt=now)
    if held.exists():
        raise RunInProgress("Ce repérage avance encore : attendez sa fin, ou annulez-le.")
    TARGETING.move(targeting, "again", proved_at=now, lease_until=None, failure="", step="", share=0)
    record(actor, RESUMED, targeting)
    jobs.enqueue(JOB, targeting_id=targeting.pk)


@transaction.atomic
def cancel_targeting(actor: Actor, *, targeting: Targeting) -> None:
    """Give up: what a worker may be doing now is thrown away. Raises NotAllowed, IllegalTransition."""
    policies.require_keeper(actor)
    _mine(actor, targeting)
    TARGETING.move(targeting, "cancel", finished_at=clock.now())
    record(actor, CANCELLED, targeting)


def _mine(actor: Actor, targeting: Targeting) -> None:
    if actor.user_id != targeting.asked_by:
        raise IllegalTransition("Ce repérage est celui d’une autre personne : elle seule le relance ou l’annule.")


@sensitive_variables()
def run(targeting_id: int) -> None:
    """What the worker does. Whatever stops it, the row says so or can be resumed; no result is ever half there."""
    row = _take(targeting_id)
    if row is None:
        return
    token = row.token
    user = User.objects.get(pk=row.asked_by)
    actor = actor_of(user, "task", True, clock.now() - row.proved_at < PROOF)
    try:
        _compute(actor, row, token)
    except (LeaseLost, IllegalTransition):
        log.info("targeting %s was cancelled or taken over", row.public_id)
    except DomainError as error:
        _fail(actor, row, token, error.code)
    except Exception as error:
        _fail(actor, row, token, type(error).__name__)
        raise


def _take(targeting_id: int) -> Targeting | None:
    """The row, held by this worker alone; None when another holds it or when it is over."""
    now = clock.now()
    with transaction.atomic():
        rows = Targeting.objects.filter(pk=targeting_id)
        row = rows.defer("sealed").first()
        if row is None:
            return None
        try:
            if row.state == "running" and row.lease_until is not None and row.lease_until <= now:
                TARGETING.move(row, "again")
            TARGETING.move(row, "start", lease_until=now + LEASE, token=row.token + 1, step="compute", share=0.05)
        except IllegalTransition:
            return None
    return row


@sensitive_variables()
def _compute(actor: Actor, row: Targeting, token: int) -> None:
    def tell(read: int, total: int) -> None:
        _progress(row, token, "compute", 0.05 + 0.55 * read / max(1, total))

    done = vault.compute(actor, request=row.request, name=NAME, registers=row.registers, tell=tell)
    _progress(row, token, "gather", 0.6)
    usable, today_of = cohorts.usable_persons(row.registers, PURPOSE, clock.now())
    owners = registers.serving(row.registers, PURPOSE, clock.now()).records
    sides = []
    for cells in done.rows:
        pk, commune, number = cells
        found = owners.get(pk) if isinstance(pk, UUID) else None
        if found is None or not isinstance(commune, int) or not isinstance(number, int):
            continue
        today = today_of[found.person]
        if today in usable:
            sides.append((today, facts.coded(commune), number, row.registers.index(found.register)))
    roll = rolls.gather(sides)
    if not roll:
        raise CohortEmpty(
            "Aucune fiche ne peut servir à ce repérage : aucune personne n’est active dans ces registres."
        )
    _progress(row, token, "seal", 0.9)
    _finish(actor, row, token, roll, done)


def _progress(row: Targeting, token: int, step: str, share: float) -> None:
    """Say where it is. Raises LeaseLost when it was cancelled, or taken by another worker."""
    mine = Targeting.objects.filter(pk=row.pk, token=token, state="running")
    if not mine.update(step=step, share=share, lease_until=clock.now() + LEASE):
        raise LeaseLost("Ce repérage a été annulé, ou repris par un autre poste.")


@sensitive_variables()
def _finish(actor: Actor, row: Targeting, token: int, roll: list[rolls.Entry], done: vault.Computed) -> None:
    document, now = uuid4(), clock.now()
    sealed = vault.seal_document(
        actor, document=document, content=rolls.dump(roll), register=row.registers[0], purpose=KEEPING, motive=MOTIVE
    )
    try:
        with transaction.atomic():
            _progress(row, token, "seal", 1.0)
            TARGETING.move(
                row, "finish", document=document, sealed=sealed, rule_set=done.rule_set, journal_number=done.number,
                computed_on=clock.today(), keep_until=now + KEPT, lease_until=None, finished_at=now,
                counts={"fed": done.fed, "left_out": done.left_out, "persons": len(roll)},
            )  # fmt: skip
            record(actor, FINISHED, row, records=done.fed, persons=len(roll))
    except BaseException:
        forget(actor, [document])
        raise


@transaction.atomic
def _fail(actor: Actor, row: Targeting, token: int, why: str) -> None:
    if Targeting.objects.filter(pk=row.pk, token=token, state="running").update(token=token):
        TARGETING.move(row, "fail", failure=why[:40], lease_until=None, finished_at=clock.now())
        record(actor, FAILED, row, why=why[:40])


def forget(actor: Actor, documents: Collection[UUID]) -> None:
    """Destroy the keys of sealed results, at once and for good."""
    vault.destroy_document(actor, documents=documents, purpose=KEEPING, motive="Fin d’un repérage ou d’une cohorte")


def forget_later(actor: Actor, documents: Collection[UUID]) -> None:
    """Destroy them once the deed is committed: a roll-back must find them readable."""
    transaction.on_commit(partial(forget, actor, list(documents)), robust=True)


__all__ = ["ask_targeting", "cancel_targeting", "forget", "forget_later", "resume_targeting", "run"]
