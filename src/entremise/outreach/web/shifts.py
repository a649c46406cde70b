"""Shifts by the week: what is open, which seats are left, mine. A supervisor opens them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.kernel import clock
from entremise.kernel.errors import NotFound
from entremise.kernel.http import Request
from entremise.outreach import policies, usecases
from entremise.outreach.forms import callers as forms
from entremise.outreach.queries import campaigns, shifts as queries
from entremise.outreach.web.path import attempt, filled

FAR = timedelta(days=400)


def _week(word: str) -> date:
    """The Monday asked for, that of this week when nothing usable is said."""
    today = clock.today()
    try:
        day = date.fromisoformat(word)
    except ValueError:
        day = today
    return queries.monday_of(day if abs(day - today) < FAR else today)


@require_safe
def shifts(request: Request, public_id: str = "") -> HttpResponse:
    user = policies.require_team(request.actor)
    campaign = campaigns.campaign(public_id) if public_id else None
    monday, now = _week(request.GET.get("semaine", "")), clock.now()
    days = queries.week(monday, user, now, campaign)
    context = {
        "campaign": campaign,
        "monday": monday,
        "sunday": monday + timedelta(days=6),
        "before": monday - timedelta(days=7),
        "after": monday + timedelta(days=7),
        "days": days,
        "empty": [date_format(one.day, "l j") for one in days if not one.shifts],
        "today": clock.today(),
        "mine": queries.mine(user, now),
        "supervisor": request.actor.has("supervisor"),
        "caller": request.actor.has("caller"),
        "duty": queries.on_duty(campaign, now),
        "now": now,
    }
    return render(request, "outreach/shifts.html", context)


@require_http_methods(["GET", "POST"])
def shift_new(request: Request) -> HttpResponse:
    policies.require_supervisor(request.actor)
    form = forms.ShiftForm(request.POST or None, initial={"campaign": request.GET.get("campagne", "")})

    def create(said: dict[str, object]) -> None:
        with transaction.atomic():  # all the weeks, or none
            for start, end in form.moments():
                usecases.create_shift(
                    request.actor, campaign=form.cleaned_data["campaign"], role=form.cleaned_data["role"],
                    starts_at=start, ends_at=end, seats=form.cleaned_data["seats"],
                )  # fmt: skip

    if filled(request, form, create, "Permanence ouverte : les places sont visibles de l’équipe."):
        monday = queries.monday_of(form.cleaned_data["day"])
        return redirect(f"{reverse('outreach:shifts')}?semaine={monday.isoformat()}")
    return render(request, "outreach/shift_new.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
def shift_deed(request: Request, public_id: str, deed: str) -> HttpResponse:
    shift, actor = queries.shift(public_id), request.actor
    deeds: dict[str, tuple[Callable[[], object], str]] = {
        "prendre": (lambda: usecases.take_seat(actor, shift=shift), "Votre place est prise."),
        "rendre": (lambda: usecases.leave_seat(actor, shift=shift), "Votre place est rendue."),
        "arriver": (lambda: usecases.arrive(actor, shift=shift), "Votre arrivée est notée. Bonne permanence."),
        "annuler": (lambda: usecases.cancel_shift(actor, shift=shift), "Permanence annulée : prévenez les inscrits."),
    }
    if deed not in deeds:
        raise NotFound("Cette action n’existe pas.")
    attempt(request, *deeds[deed])
    monday = queries.monday_of(timezone.localtime(shift.starts_at).date())
    return redirect(f"{reverse('outreach:shifts')}?semaine={monday.isoformat()}")
