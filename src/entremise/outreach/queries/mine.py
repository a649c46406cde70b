"""What the home page of Veille tells of one's own day, and of what is late. Counts and dates, never a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count
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
    """Something to look at now: how many, in words; the page where, and its campaign when it has one."""

    count: int
    words: str
    url_name: str
    campaign: str = ""


CAUSES = {
    "sms_stop": ("STOP reçu par SMS à comprendre", "STOP reçus par SMS à comprendre"),
    "no_valid_number": ("personne sans numéro valable", "personnes sans numéro valable"),
}


def alerts(rows: Sequence[CallCampaign], now: datetime) -> list[Alert]:
    """What cannot wait in these campaigns, the gravest first. A flat number of queries, but for the legal gates."""
    late = EscalationStep.objects.filter(
        escalation__campaign__in=rows, escalation__closed_at=None, state__in=("waiting", "started"), due_at__lt=now
    )
    found = [
        _alert(Emergency.objects.filter(closed_at=None).count(), "urgence en cours", "urgences en cours",
               "outreach:emergencies"),
        _alert(late.count(), "étape de recherche en retard", "étapes de recherche en retard", "outreach:searches"),
    ]  # fmt: skip
    named = {row.pk: row for row in rows}
    orphans = OrphanReport.objects.filter(state="waiting", task__campaign__in=rows)
    for pk, n in orphans.values_list("task__campaign").annotate(n=Count("pk")).order_by():
        found.append(
            _alert(n, "compte rendu tardif à voir", "comptes rendus tardifs à voir", "outreach:board", named[pk])
        )
    waiting = CallTask.objects.filter(campaign__in=rows, state="needs_supervisor", cause__in=CAUSES)
    for pk, cause, n in waiting.values_list("campaign", "cause").annotate(n=Count("pk")).order_by("cause"):
        found.append(_alert(n, *CAUSES[cause], "outreach:board", named[pk]))
    for row in rows:
        found += [
            Alert(
                0, f"« {row.label} » est fermée par la loi : {one.sentence}", "outreach:campaign_page", row.public_id
            )
            for one in gate(row, now)
        ]
    return [one for one in found if one.words]


def _alert(n: int, one: str, many: str, url_name: str, row: CallCampaign | None = None) -> Alert:
    words = "" if not n else f"{one if n == 1 else many}{f', « {row.label} »' if row else ''}"
    return Alert(n, words, url_name, row.public_id if row else "")
