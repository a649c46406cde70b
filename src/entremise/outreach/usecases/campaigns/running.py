"""Opening, pausing, resuming, closing a campaign; its level of alert. Each move is one guarded UPDATE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from entremise.accounts.models import User
from entremise.accounts.queries import colleagues
from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.jobs import enqueue
from entremise.outreach import policies
from entremise.outreach.models import (
    CAMPAIGN,
    LEVELS,
    CallCampaign,
    CallEvent,
    CallTask,
    Emergency,
    Escalation,
    EscalationStep,
)
from entremise.outreach.queries.campaigns import sliced
from entremise.outreach.queries.readiness import gate, missing
from entremise.outreach.usecases.campaigns.defaults import rhythm
from entremise.outreach.usecases.campaigns.filling import entry
from entremise.outreach.usecases.campaigns.refusals import (
    CampaignBusy,
    CampaignNotReady,
    CampaignOver,
    LegalGateClosed,
    ReasonRequired,
)
from entremise.outreach.usecases.care import redate_ladders

OPENED = declare("outreach.campaign.opened", "a ouvert une campagne d’appels")
PAUSED = declare("outreach.campaign.paused", "a suspendu une campagne d’appels")
RESUMED = declare("outreach.campaign.resumed", "a repris les appels d’une campagne")
CLOSED = declare("outreach.campaign.closed", "a clos une campagne d’appels")
LEVELLED = declare("outreach.campaign.levelled", "a changé le niveau d’alerte d’une campagne")


@transaction.atomic
def open_campaign(actor: Actor, *, campaign: CallCampaign) -> CallCampaign:
    """Open a prepared campaign: its tasks wake up. Raises NotAllowed, CampaignNotReady (with everything that is
    missing), IllegalTransition.
    """
    user = policies.require_supervisor(actor)
    now = clock.now()
    row = CallCampaign.objects.select_for_update().get(pk=campaign.pk)
    if row.state == "draft" and (lacks := missing(row, now)):
        raise CampaignNotReady(lacks)
    CAMPAIGN.move(row, "open", opened_at=now)
    _wake(row, user)
    campaign.state, campaign.opened_at = row.state, row.opened_at
    record(actor, OPENED, row, alert_level=row.alert_level, basis=row.basis)
    enqueue("outreach.fill_tasks", campaign_id=row.pk)
    if row.announcement in ("sms", "letter", "sms_letter"):
        enqueue("outreach.prepare_announcements", campaign_id=row.pk)
    return row


def _wake(row: CallCampaign, user: int) -> None:
    """Tasks asleep in a prepared campaign start where `entry` says; one event each. Two or three statements."""
    asleep = CallTask.objects.filter(campaign=row, state="draft")
    now = clock.now()
    rows: list[Sequence[Any]] = []
    for lined in (True, False):
        some = asleep.exclude(line="") if lined else asleep.filter(line="")
        values = entry(row, lined=lined, now=now)
        rows += [(task, "open", "draft", values["state"], "", user, now) for task in some.values_list("pk", flat=True)]
        some.update(**values, changed_at=now)
    CallEvent.objects.bulk_create(
        [
            CallEvent(task_id=task, event=event, before=before, after=after, reason=why, user_id=who, at=at)
            for task, event, before, after, why, who, at in rows
        ],
        batch_size=1000,
    )


@transaction.atomic
def pause_campaign(actor: Actor, *, campaign: CallCampaign, reason: str, public_message: str | None = None) -> None:
    """Stop new calls, let the live ones finish. `public_message`: what the public page says meanwhile. Raises
    NotAllowed, ReasonRequired, IllegalTransition.
    """
    policies.require_supervisor(actor)
    why = " ".join(reason.split())[:200]
    if not why:
        raise ReasonRequired("Dites pourquoi les appels s’arrêtent : l’équipe le lit.")
    said = {} if public_message is None else {"public_message": public_message.strip()[:300]}
    CAMPAIGN.move(campaign, "pause", pause_reason=why, **said)
    record(actor, PAUSED, campaign, reason=why)


@transaction.atomic
def resume_campaign(actor: Actor, *, campaign: CallCampaign) -> None:
    """Calls start again. Raises NotAllowed, LegalGateClosed (the plan ended meanwhile), IllegalTransition."""
    policies.require_supervisor(actor)
    if shut := gate(campaign, clock.now()):
        raise LegalGateClosed(f"La loi garde cette campagne fermée : {shut[0].sentence}.")
    CAMPAIGN.move(campaign, "resume", pause_reason="")
    record(actor, RESUMED, campaign)


@transaction.atomic
def close_campaign(
    actor: Actor, *, campaign: CallCampaign, transfer_to: User | None = None, public_message: str | None = None
) -> dict[str, int]:
    """Close for good: what waited ends, a live call finishes, what is searched for stays with a named supervisor.

    Returns how many tasks ended and how many searches and emergencies were taken over. Raises NotAllowed, CampaignBusy
    (an emergency or a search is open and nobody takes it over), ValidationError, IllegalTransition.
    """
    user = policies.require_supervisor(actor)
    row = CallCampaign.objects.select_for_update().get(pk=campaign.pk)
    emergencies = Emergency.objects.filter(campaign=row, closed_at=None)
    searches = Escalation.objects.filter(campaign=row, closed_at=None)
    taken = {"emergencies": emergencies.count(), "searches": searches.count()}
    if any(taken.values()):
        if transfer_to is None:
            raise CampaignBusy(
                f"{taken['emergencies']} urgence(s) et {taken['searches']} recherche(s) sont en cours : terminez-les, "
                "ou dites qui les reprend."
            )
        if not transfer_to.is_active or transfer_to not in colleagues("supervisor"):
            raise ValidationError({"transfer_to": "Choisissez un superviseur en activité."})
        steps = EscalationStep.objects.filter(escalation__in=searches, state__in=("waiting", "started"))
        steps.update(responsible=transfer_to)
        emergencies.update(acknowledged_by=transfer_to)
        emergencies.filter(acknowledged_at=None).update(acknowledged_at=clock.now())
    now = clock.now()
    said = {} if public_message is None else {"public_message": public_message.strip()[:300]}
    CAMPAIGN.move(row, "close", closed_at=now, **said)
    ended = _end(row, user)
    campaign.state, campaign.closed_at = row.state, row.closed_at
    record(actor, CLOSED, row, ended=ended, **taken)
    return {"ended": ended, **taken}


def _end(row: CallCampaign, user: int) -> int:
    """What waited for a call ends; claimed, searched for and urgent tasks go on to their own end."""
    now = clock.now()
    held = Emergency.objects.filter(campaign=row, closed_at=None).exclude(task=None).values("task")
    waiting = Q(state__in=("draft", "ready", "scheduled")) | (Q(state="needs_supervisor") & ~Q(pk__in=held))
    rows = list(CallTask.objects.filter(waiting, campaign=row).values_list("pk", "state"))
    for some in sliced(rows):
        left = CallTask.objects.filter(waiting, pk__in=[pk for pk, _ in some])
        left.update(
            state="closed", closed_reason="ended", wait_reason="", cause="", reserved_for=None, reserved_until=None,
            changed_at=now,
        )  # fmt: skip
    CallEvent.objects.bulk_create(
        [
            CallEvent(task_id=pk, event="stop", before=state, after="closed", user_id=user, at=now)
            for pk, state in rows
        ],
        batch_size=1000,
    )
    return len(rows)


@transaction.atomic
def set_alert_level(actor: Actor, *, campaign: CallCampaign, level: int, adjust: bool = True) -> None:
    """The level of alert changes: open searches get their new deadlines. `adjust`: hours and rhythm too become those
    that the kit proposes at this level. Raises NotAllowed, ValidationError, CampaignOver.
    """
    policies.require_supervisor(actor)
    if level not in LEVELS:
        raise ValidationError({"level": "Choisissez un niveau d’alerte de la liste."})
    row = CallCampaign.objects.select_for_update().get(pk=campaign.pk)
    if row.state == "closed":
        raise CampaignOver("Cette campagne est close : reprenez-la sous une copie.")
    before = row.alert_level
    changes: dict[str, Any] = {"alert_level": level}
    if adjust:
        changes |= {name: value for name, value in rhythm(row.kit, level).items() if name != "recurrence"}
    CallCampaign.objects.filter(pk=row.pk).update(**changes)
    for name, value in changes.items():
        setattr(campaign, name, value)
    if level != before:
        redate_ladders(actor, campaign=campaign)
    record(actor, LEVELLED, campaign, before=before, after=level, adjusted=adjust)
