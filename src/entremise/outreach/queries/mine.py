"""What the home page of Veille tells of one's own day, and of what is late. Counts and dates, never a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from entremise.outreach.models import (
    CallAttempt,
    CallCampaign,
    CallerProfile,
    CallTask,
    Debrief,
    Emergency,
    EscalationStep,
    OrphanReport,
    ShiftSeat,
)
from entremise.outreach.queries.readiness import gate

CONVERSATIONS = ("reached_complete", "reached_partial")


@dataclass(frozen=True, slots=True)
class Day:
    """One's own day: `profile` None for who does not call."""

    profile: CallerProfile | None
    conversations: int
    attempts: int
    promised: Sequence[datetime]
    shifts: Sequence[ShiftSeat]
    debriefs: int
    paused: bool


def day_of(user: int, now: datetime) -> Day:
    """What was done today, what is promised, when one is expected. A flat number of queries."""
    profile = CallerProfile.objects.filter(user=user).exclude(state="left").first()
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    done = list(
        CallAttempt.objects.filter(caller=user, happened_at__gte=midnight).exclude(disposition="aborted")
        .values_list("disposition", flat=True)
    )  # fmt: skip
    tasks = CallTask.objects.filter(reserved_for=user, wait_reason="callback", promised_at__lt=now + timedelta(days=1))
    seats = ShiftSeat.objects.filter(user=user, cancelled_at=None, shift__ends_at__gt=now)
    due = Debrief.objects.filter(caller=profile, held_at=None, declined_at=None) if profile else Debrief.objects.none()
    return Day(
        profile=profile,
        conversations=sum(one in CONVERSATIONS for one in done),
        attempts=len(done),
        promised=[at for at in tasks.order_by("promised_at").values_list("promised_at", flat=True) if at],
        shifts=list(seats.select_related("shift__campaign").order_by("shift__starts_at")[:3]),
        debriefs=due.count(),
        paused=bool(profile and profile.paused_until and profile.paused_until > now),
    )


@dataclass(frozen=True, slots=True)
class Alert:
    """Something to look at now: how many, in words, where."""

    count: int
    words: str
    url_name: str


def alerts(rows: Sequence[CallCampaign], now: datetime) -> list[Alert]:
    """What cannot wait in these campaigns, the gravest first."""
    waiting = CallTask.objects.filter(campaign__in=rows, state="needs_supervisor")
    late = EscalationStep.objects.filter(
        escalation__campaign__in=rows, escalation__closed_at=None, state__in=("waiting", "started"), due_at__lt=now
    )
    board = "outreach:board"
    emergencies = Emergency.objects.filter(closed_at=None).count()
    orphans = OrphanReport.objects.filter(state="waiting").count()
    stops = waiting.filter(cause="sms_stop").count()
    unlined = waiting.filter(cause="no_valid_number").count()
    asked = [
        (emergencies, "urgence en cours", "urgences en cours", "outreach:emergencies"),
        (late.count(), "recherche en retard", "recherches en retard", "outreach:searches"),
        (orphans, "compte rendu en attente", "comptes rendus en attente", board),
        (stops, "STOP reçu à comprendre", "STOP reçus à comprendre", board),
        (unlined, "personne sans numéro valable", "personnes sans numéro valable", board),
    ]
    found = [Alert(n, one if n == 1 else many, where) for n, one, many, where in asked if n]
    for row in rows:
        found += [Alert(1, f"« {row.label} » : {one.sentence}", "outreach:campaign_list") for one in gate(row, now)]
    return found
