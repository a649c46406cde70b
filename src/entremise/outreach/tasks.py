"""Jobs of Veille, by name. Each is safe to run twice; ids and codes only."""

from __future__ import annotations

from datetime import time, timedelta

from django.db import transaction

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.jobs import Retry, enqueue, job
from entremise.outreach import usecases
from entremise.outreach.models import CallCampaign
from entremise.outreach.usecases import care
from entremise.people.usecases import MessageNotSent

MINUTE = timedelta(minutes=1)

# campaigns


@job("outreach.fill_tasks", tries=2, limit=timedelta(minutes=30))
def fill_tasks(campaign_id: int) -> None:
    campaign = CallCampaign.objects.get(pk=campaign_id)
    if campaign.state != "closed":
        usecases.fill_tasks(Actor.machine("veille"), campaign=campaign)
        if campaign.state == "open" and campaign.announcement in usecases.ANNOUNCED:
            with transaction.atomic():
                enqueue("outreach.prepare_announcements", campaign_id=campaign_id)


@job("outreach.refresh_tasks", daily=time(5, 15))
def refresh_tasks() -> None:
    """Each campaign that lives: who left its cohort, who came, which lines changed."""
    for campaign_id in CallCampaign.objects.filter(state__in=("open", "paused")).values_list("pk", flat=True):
        with transaction.atomic():
            enqueue("outreach.fill_tasks", campaign_id=campaign_id)


@job("outreach.shut_gates", every=timedelta(minutes=5))
def shut_gates() -> None:
    usecases.shut_gates(Actor.machine("cadre légal"))


@job("outreach.end_campaigns", daily=time(4, 40))
def end_campaigns() -> None:
    """What is left of closed campaigns, and the reports whose date has come."""
    usecases.end_leftovers(Actor.machine("délais"))
    due = CallCampaign.objects.filter(state="closed", keep_until__lt=clock.today(), purged_at=None)
    for campaign in due:
        usecases.purge_reports(Actor.machine("délais"), campaign=campaign)


@job("outreach.prepare_announcements", tries=2)
def prepare_announcements(campaign_id: int) -> None:
    usecases.prepare_announcements(Actor.machine("envois"), campaign=CallCampaign.objects.get(pk=campaign_id))


@job("outreach.send_announcements", every=timedelta(minutes=5), limit=timedelta(minutes=15))
def send_announcements() -> None:
    for campaign in CallCampaign.objects.filter(state="open", announcement__in=("sms", "sms_letter")):
        usecases.send_announcements(Actor.machine("envois"), campaign=campaign)


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


# paper


@job("outreach.overdue_sheets", every=timedelta(minutes=5))
def overdue_sheets() -> None:
    """Sheets that did not come back in time; their calls are in the queue again by the end of their leases."""
    usecases.overdue_sheets(Actor.machine("délais"))
