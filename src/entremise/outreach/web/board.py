"""The supervisor's board: what presses first, why the queue stands where it stands; its lists and their deeds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timesince import timesince
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from entremise.kernel import clock
from entremise.kernel.http import Request
from entremise.outreach import policies
from entremise.outreach.models import (
    LEVELS,
    CallCampaign,
    CallTask,
    Debrief,
    Emergency,
    Escalation,
    EscalationStep,
    Shift,
)
from entremise.outreach.models.callers import LEVELS as CALLER_LEVELS
from entremise.outreach.queries import board as queries, campaigns, kpis as figures, paper

HELD = timedelta(minutes=30)
"""A promised call-back is late after that (reference § 13)."""
NOBODY = "personne n’est là pour appeler"
STATE_TAGS = {"open": "good", "paused": "warn", "draft": "", "closed": ""}


@never_cache
@require_safe
def board(request: Request, public_id: str) -> HttpResponse:
    """One page, refreshed every 15 seconds; the same number of queries whatever the size of the campaign."""
    policies.require_supervisor(request.actor)
    campaign = campaigns.campaign(public_id)
    context = context_of(campaign, clock.now())
    return render(request, "outreach/_board.html" if request.htmx else "outreach/board.html", context)


def context_of(campaign: CallCampaign, now: datetime) -> dict[str, Any]:
    callers = queries.callers_there(campaign, now)
    counts = queries.counts(campaign, now, callers)
    found = figures.kpis(campaign)
    days, hours = figures.rhythm(campaign, now)
    return {
        "campaign": campaign,
        "now": now,
        "clock": "ouverte en ce moment" if campaigns.is_open_now(campaign, now) else "hors des horaires",
        "state_tag": STATE_TAGS[campaign.state],
        "alert": LEVELS[campaign.alert_level],
        "alert_tag": "danger" if campaign.alert_level == 4 else "warn" if campaign.alert_level == 3 else "",
        "head": _head(campaign, now, counts, found),
        "counts": counts,
        "closed": sum(counts.closed.values()),
        "ready": counts.of("ready"),
        "claimed": counts.of("claimed"),
        "bars": [
            {
                "code": one.kind.code,
                "label": NOBODY if one.kind.code == "level_missing" and not callers else one.kind.label,
                "advice": one.kind.advice,
                "soon": one.kind.soon,
                "count": one.count,
                "parts": one.parts,
                "percent": round(100 * one.count / counts.open) if counts.open else 0,
            }
            for one in counts.buckets
        ],
        "callers": callers,
        "calling": sum(one.calling for one in callers),
        "levels": _levels(callers),
        "debriefs": Debrief.objects.filter(held_at=None, declined_at=None).count(),
        "shifts": _shifts(campaign, now),
        "figures": _figures(found),
        "hours": [
            {"label": f"{one.hour} h", "value": one.contact.said, "percent": round(one.contact.percent or 0)}
            for one in hours
        ],
        "days": _days(days),
        "quality": [
            {
                "label": one.register or "sans registre",
                "value": one.wrong.said,
                "percent": round(one.wrong.percent or 0),
            }
            for one in figures.quality(campaign)
            if one.wrong.part
        ],
    }


def _head(campaign: CallCampaign, now: datetime, counts: queries.Counts, found: figures.Kpis) -> dict[str, Any]:
    """What presses: six counts and one age. Five queries."""
    opened = Escalation.objects.filter(campaign=campaign, closed_at=None).aggregate(first=Min("opened_at"))["first"]
    emergencies = Emergency.objects.filter(campaign=campaign, closed_at=None).count()
    steps = EscalationStep.objects.filter(escalation__campaign=campaign, escalation__closed_at=None)
    late = steps.filter(state__in=("waiting", "started"), due_at__lt=now).count()
    return {
        "emergencies": emergencies,
        "silent": counts.of("escalated"),
        "oldest": timesince(opened, now, depth=1) if opened else "",
        "late": late,
        "orphans": found.orphans,
        "overdue": overdue(campaign, now).count(),
        "sheets": paper.overdue_count(campaign),
        "urgent": emergencies + late,
    }


def overdue(campaign: CallCampaign, now: datetime) -> QuerySet[CallTask]:
    """The call-backs promised whose hour passed by more than half an hour."""
    rows = CallTask.objects.filter(campaign=campaign, state="scheduled", wait_reason="callback")
    return rows.filter(promised_at__lt=now - HELD)


def _levels(callers: Sequence[queries.Caller]) -> list[dict[str, Any]]:
    found: dict[int, list[queries.Caller]] = {}
    for one in callers:
        found.setdefault(one.level, []).append(one)
    return [
        {
            "level": level,
            "label": CALLER_LEVELS[level],
            "count": len(some),
            "languages": ", ".join(sorted({code for one in some for code in one.languages})),
        }
        for level, some in sorted(found.items())
    ]


def _shifts(campaign: CallCampaign, now: datetime) -> list[Shift]:
    rows = Shift.objects.filter(campaign=campaign, role="caller", starts_at__gt=now)
    return list(
        rows.annotate(taken_count=Count("taken", filter=Q(taken__cancelled_at=None))).order_by("starts_at")[:3]
    )


def _figures(found: figures.Kpis) -> list[dict[str, str]]:
    """Each figure with what it is a share of, in words."""
    median = "pas encore" if found.median is None else f"{found.median:g}".replace(".", ",")
    shares = (
        ("Personnes appelées", found.coverage, "personnes à appeler"),
        ("Personnes à qui l’on a parlé", found.contact, "personnes appelées"),
        ("Échanges complets", found.completion, "personnes jointes"),
        ("Conversations utiles", found.useful, "appels"),
        ("Difficultés notées", found.difficulties, "appels"),
        ("Refus ce jour-là", found.refused, "personnes jointes"),
        ("Oppositions", found.objected, "personnes jointes"),
    )
    rows = [
        {"label": label, "value": share.said, "base": f"{_spaced(share.part)} sur {_spaced(share.whole)} {base}"}
        for label, share, base in shares
    ]
    return [
        {"label": "Appels", "value": _spaced(found.attempts), "base": "sans les appels non passés"},
        *rows,
        {"label": "Essais pour joindre une personne", "value": median, "base": "médiane"},
    ]


def _days(days: Sequence[figures.Day]) -> list[dict[str, Any]]:
    most = max((one.attempts for one in days), default=0)
    return [
        {"label": f"{one.day:%d/%m}", "value": one.attempts, "percent": round(100 * one.attempts / most)}
        for one in days
        if most and one.attempts
    ]


def _spaced(number: int) -> str:
    """`12 430`."""
    return f"{number:,}".replace(",", "\u202f")
