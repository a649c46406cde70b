"""Jobs of Veille, by name. Each is safe to run twice; ids and codes only."""

from __future__ import annotations

from datetime import time, timedelta

from entremise.kernel.actors import Actor
from entremise.kernel.jobs import Retry, job
from entremise.outreach import usecases
from entremise.outreach.usecases import care
from entremise.people.usecases import MessageNotSent

MINUTE = timedelta(minutes=1)

# calls


@job("outreach.expire_leases", every=timedelta(minutes=1))
def expire_leases() -> None:
    usecases.expire_leases(Actor.machine("délais"))


# care: searches and emergencies
@job("outreach.advance_ladders", every=MINUTE)
def advance_ladders() -> None:
    care.advance_ladders(Actor.machine("délais"))


@job("outreach.alert_emergencies", every=MINUTE)
def alert_emergencies() -> None:
    care.alert_emergencies(Actor.machine("alertes"))


@job("outreach.settle_emergencies", every=timedelta(minutes=5))
def settle_emergencies() -> None:
    care.settle_emergencies(Actor.machine("délais"))


@job("outreach.send_alert", tries=5)
def send_alert(alert_id: int) -> None:
    try:
        care.send_alert(Actor.machine("alertes"), alert_id=alert_id)
    except MessageNotSent as error:
        raise Retry(error.message) from None


@job("outreach.tell_late_steps", tries=5)
def tell_late_steps(campaign_id: int, user_id: int, steps: int) -> None:
    try:
        care.tell_late_steps(Actor.machine("alertes"), campaign_id=campaign_id, user_id=user_id, steps=steps)
    except MessageNotSent as error:
        raise Retry(error.message) from None


# callers


@job("outreach.suspend_inactive", daily=time(5, 20))
def suspend_inactive() -> None:
    usecases.suspend_inactive(Actor.machine("parcours"))


# plans


@job("outreach.run_plan", limit=timedelta(minutes=30))
def run_plan(plan_id: int) -> None:
    """Make a plan of calls, in a process of its own."""
    usecases.run_plan(plan_id)


@job("outreach.resume_plans", every=timedelta(minutes=2))
def resume_plans() -> None:
    """Plans whose worker is gone go back to the queue."""
    usecases.resume_plans()


@job("outreach.plan_campaigns", daily=time(4, 10))
def plan_campaigns() -> None:
    """The nightly plan of each open campaign."""
    usecases.plan_campaigns()
