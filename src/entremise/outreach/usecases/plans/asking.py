"""Asking for a plan of calls, and giving it up."""

from __future__ import annotations

from typing import Final

from django.db import IntegrityError, transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.kernel.jobs import enqueue
from entremise.outreach import policies
from entremise.outreach.models import CallCampaign, CallPlan
from entremise.outreach.models.plans import PLAN

ASKED = declare("outreach.plan.asked", "a demandé un plan d’appels")
CANCELLED = declare("outreach.plan.cancelled", "a arrêté un plan d’appels")
FAILED = declare("outreach.plan.failed", "a constaté l’échec d’un plan d’appels")

JOB: Final = "outreach.run_plan"
MACHINE: Final = Actor.machine("plan d’appels")


class PlanInProgress(DomainError):
    code = "plan_in_progress"


class NothingToPlan(DomainError):
    code = "nothing_to_plan"


@transaction.atomic
def ask_plan(actor: Actor, *, campaign: CallCampaign) -> CallPlan:
    """Ask for a plan of this campaign; a worker makes it. After an absence, the plan there is gets mended.

    Raises NotAllowed, SecondFactorNeeded, NothingToPlan (the campaign is closed), PlanInProgress.
    """
    me = policies.require_supervisor(actor)
    if campaign.state == "closed":
        raise NothingToPlan("Cette campagne est close : il n’y a plus d’appel à prévoir.")
    return _asked(actor, campaign, me)


def _asked(actor: Actor, campaign: CallCampaign, by: int | None) -> CallPlan:
    plan = CallPlan(campaign=campaign, asked_by_id=by, asked_at=clock.now())
    try:
        with transaction.atomic():
            plan.save(force_insert=True)
    except IntegrityError:
        raise PlanInProgress(
            "Un plan de cette campagne est déjà en cours : attendez qu’il finisse, ou arrêtez-le."
        ) from None
    record(actor, ASKED, plan, campaign=campaign.public_id)
    enqueue(JOB, plan_id=plan.pk)
    return plan


@transaction.atomic
def plan_campaigns(actor: Actor = MACHINE) -> int:
    """The nightly plan of each open campaign that has none under way; how many. The clock's, no account's."""
    live = CallPlan.objects.filter(state__in=["ready", "running"]).values("campaign")
    rows = list(CallCampaign.objects.filter(state="open").exclude(pk__in=live))
    for row in rows:
        _asked(actor, row, None)
    return len(rows)


@transaction.atomic
def cancel_plan(actor: Actor, *, plan: CallPlan) -> None:
    """Stop a plan that waits or works: its process ends, the plan there was stays.

    Raises NotAllowed, SecondFactorNeeded, IllegalTransition (it is done, or was stopped).
    """
    policies.require_supervisor(actor)
    PLAN.move(plan, "cancel", finished_at=clock.now(), lease_until=None, step="")
    record(actor, CANCELLED, plan)


def fail(plan: int, token: int, code: str) -> bool:
    """Say why a plan ended without a result, if it is still ours."""
    rows = CallPlan.objects.filter(pk=plan, token=token, state__in=["ready", "running"])
    with transaction.atomic():
        done = rows.update(state="failed", failure=code, finished_at=clock.now(), lease_until=None, step="")
        if done:
            record(MACHINE, FAILED, CallPlan(pk=plan), cause=code)
    return bool(done)
