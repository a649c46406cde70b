"""The home of Veille, by role: to call now and my day; campaigns and what is late, for who supervises."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.http import Request
from entremise.outreach import policies
from entremise.outreach.models import CallCampaign, CallTask
from entremise.outreach.queries import campaigns as queries, mine

TAGS = {"draft": "", "open": "good", "paused": "warn", "closed": ""}
TEAM_ROOMS = (
    ("outreach:callers", "Appelants"), ("outreach:shifts", "Permanences"),
    ("outreach:script_list", "Scripts"),
    ("outreach:incoming", "Appel reçu"), ("outreach:emergencies", "Urgences"), ("outreach:searches", "Recherches"),
    ("outreach:sheets", "Saisir des feuilles"),
)  # fmt: skip
"""The other rooms of Veille for a supervisor, by the name of their first page."""
MENTOR_ROOMS = (("outreach:callers", "Mes appelants"), ("outreach:shifts", "Permanences"))
CALLER_ROOMS = (("outreach:path", "Mon parcours"), ("outreach:shifts", "Permanences"))
CAMPAIGN_ROOMS = (
    ("outreach:board", "Tableau de bord"), ("outreach:plan_page", "Plan d’appels"), ("outreach:shifts", "Permanences"),
    ("outreach:sheets_give", "Feuilles papier et tableur"),
)  # fmt: skip


def link(name: str, *arguments: object) -> str:
    """The address of a page that another room may not have yet; "" then."""
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""


@require_safe
def home(request: Request) -> HttpResponse:
    """Where a day begins: to call now and what is mine; campaigns and what is late, for who supervises."""
    user = policies.require_team(request.actor)
    now = clock.now()
    living = queries.campaigns(("open", "paused"))
    supervisor = request.actor.has("supervisor")
    context = {
        "calls": [
            (row, queries.is_open_now(row, now), queries.next_opening(row, now), link("outreach:call", row.public_id))
            for row in living
        ],
        "caller": request.actor.has("caller"),
        "supervisor": supervisor,
        "day": mine.day_of(user, now),
        "rows": [line(row, counts) for row, counts in counted(living)] if supervisor else [],
        "drafts": queries.campaigns(("draft",)) if supervisor else [],
        "alerts": [
            (one, link(one.url_name, one.campaign) if one.campaign else link(one.url_name))
            for one in (mine.alerts(living, now) if supervisor else ())
        ],
        "path": link("outreach:path"),
        "rooms": rooms(_rooms_of(request.actor)),
    }
    return render(request, "outreach/home.html", context)


def _rooms_of(actor: Actor) -> tuple[tuple[str, str], ...]:
    """The rooms of every role held, each page once, under the name that the widest role gives it."""
    held = (("supervisor", TEAM_ROOMS), ("mentor", MENTOR_ROOMS), ("caller", CALLER_ROOMS))
    found: dict[str, str] = {}
    for role, names in held:
        for name, label in names if actor.has(role) else ():
            found.setdefault(name, label)
    return tuple(found.items())


def rooms(names: tuple[tuple[str, str], ...], *arguments: object) -> list[tuple[str, str]]:
    """The pages of the other rooms of Veille that exist here: address, label."""
    return [(address, label) for name, label in names if (address := link(name, *arguments))]


def counted(rows: list[CallCampaign]) -> list[tuple[CallCampaign, dict[str, int]]]:
    """Each campaign with its tasks by state. One query."""
    counts: dict[int, dict[str, int]] = {}
    grouped = CallTask.objects.filter(campaign__in=rows).values_list("campaign", "state").annotate(n=Count("pk"))
    for campaign, state, n in grouped.order_by():
        counts.setdefault(campaign, {})[state] = n
    return [(row, counts.get(row.pk, {})) for row in rows]


def line(row: CallCampaign, counts: dict[str, int]) -> dict[str, Any]:
    total = sum(n for state, n in counts.items() if state != "closed")
    return {
        "row": row, "tag": TAGS[row.state], "total": total, "done": counts.get("done", 0),
        "waiting": counts.get("ready", 0) + counts.get("scheduled", 0),
        "watch": counts.get("needs_supervisor", 0),
        "searched": counts.get("unreachable", 0) + counts.get("escalated", 0),
    }  # fmt: skip
