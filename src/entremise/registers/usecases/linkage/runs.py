"""Starting a run under a grant, and stopping it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import IntegrityError, transaction

from entremise.accounts.policies import require_fresh_factor
from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.kernel.jobs import enqueue
from entremise.registers.models import LINKAGE_RUN, LinkageRun
from entremise.registers.usecases.linkage.models import checked, install_model, require_keeper
from entremise.registers.usecases.linkage.refusals import RegisterNotOpen, RunImpossible, RunInProgress
from entremise.registers.usecases.review import GrantMissing
from entremise.vault import queries as facts, usecases as vault
from entremise.vault.usecases.asking import motive_given

STARTED = declare("registers.linkage.started", "a lancé un rapprochement")
CANCELLED = declare("registers.linkage.cancelled", "a arrêté un rapprochement")
FAILED = declare("registers.linkage.failed", "a constaté l’échec d’un rapprochement")

PURPOSE: Final = "registers.link"
JOB: Final = "registers.run_linkage"
PROOF: Final = timedelta(hours=2)
"""How long after the second proof a run may still begin: it waits for its turn (PD: ours)."""


@transaction.atomic
def start_run(actor: Actor, *, request: str, mode: str = "full", motive: str) -> LinkageRun:
    """Compare the registers of a granted request; a worker does it. `mode`: `full`, or `incremental` (new records).

    Raises NotAllowed, SecondFactorNeeded, FreshFactorNeeded, MotiveMissing, GrantMissing, RegisterNotOpen,
    RunInProgress, RunImpossible, ModelMismatch.
    """
    require_keeper(actor)
    require_fresh_factor(actor)
    why, now = motive_given(motive), clock.now()
    if mode not in LinkageRun.MODES:
        raise RunImpossible("Choisissez toutes les fiches, ou les nouvelles.")
    grant = vault.standing(request, actor, now=now).request
    if grant is None or grant.purpose != PURPOSE:
        raise GrantMissing("Aucun accord en cours ne permet ce rapprochement. Demandez-le : deux collèges répondent.")
    shut = [row.label for row in facts.registers() if row.code in grant.registers and row.status != "open"]
    if shut:
        raise RegisterNotOpen(f"Ce registre n’est pas ouvert : {', '.join(shut)}. Ouvrez-le, ou faites sans lui.")
    model = install_model(actor)
    checked(model)
    row = LinkageRun(
        request=request, registers=sorted(grant.registers), mode=mode, motive=why, model=model, high=model.high,
        low=model.low, asked_by=actor.user_id or 0, proved_at=now, asked_at=now,
    )  # fmt: skip
    row.full_clean(exclude=["counts"], validate_constraints=False)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise RunInProgress("Un rapprochement de ces registres est déjà en cours : attendez qu’il finisse.") from None
    enqueue(JOB, run_id=row.pk)
    record(actor, STARTED, row, request=request, mode=mode, model=model.version)
    return row


@transaction.atomic
def cancel_run(actor: Actor, *, run: str) -> LinkageRun:
    """Stop a run that waits or works: nothing of it is kept. Raises NotAllowed, NotFound, IllegalTransition."""
    require_keeper(actor)
    row = LinkageRun.objects.filter(public_id=run).first()
    if row is None:
        raise NotFound("Ce rapprochement n’existe pas.")
    LINKAGE_RUN.move(row, "cancel", finished_at=clock.now(), lease_until=None, step="")
    record(actor, CANCELLED, row)
    return row


def fail(run: int, token: int, code: str) -> bool:
    """Say why a run ended without a result, if it is still ours."""
    rows = LinkageRun.objects.filter(pk=run, token=token, state__in=["ready", "running"])
    with transaction.atomic():
        done = rows.update(state="failed", failure=code, finished_at=clock.now(), lease_until=None, step="")
        if done:
            record(Actor.machine("rapprochement"), FAILED, LinkageRun(pk=run), cause=code)
    return bool(done)
