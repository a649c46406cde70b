"""« Pourquoi ce plan » : ce que le plan donne, la preuve, la valeur d’une heure de plus ; le demander, l’arrêter."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.http import Request
from entremise.outreach import policies, usecases
from entremise.outreach.models import CallPlan, CallTask
from entremise.outreach.queries import campaigns, plans


@never_cache
@require_safe
def plan_page(request: Request, public_id: str) -> HttpResponse:
    """The plan of a campaign, and how far the next one is. For supervisors: it names callers, never a person."""
    policies.require_supervisor(request.actor)
    campaign = campaigns.campaign(public_id)
    live = plans.under_way(campaign)
    if request.htmx:
        if live is None:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(request, "outreach/_plan_progress.html", {"campaign": campaign, **_progress(live)})
    row = plans.latest(campaign)
    context = {
        "campaign": campaign,
        "plan": plans.seen(row) if row else None,
        "failure": plans.last_failure(campaign),
        "levels": plans.LEVELS,
        **_progress(live),
    }
    return render(request, "outreach/plan_page.html", context)


def _progress(live: CallPlan | None) -> dict[str, object]:
    if live is None:
        return {"live": None}
    return {"live": live, "percent": round(live.share * 100), "step": live.get_step_display()}


@require_POST
def plan_ask(request: Request, public_id: str) -> HttpResponse:
    campaign = campaigns.campaign(public_id)
    try:
        usecases.ask_plan(request.actor, campaign=campaign)
        messages.success(request, "Le plan est demandé. Les appels continuent pendant le calcul.")
    except DomainError as error:
        _say(request, error)
    return redirect("outreach:plan_page", public_id)


@require_POST
def plan_cancel(request: Request, public_id: str) -> HttpResponse:
    live = plans.under_way(campaigns.campaign(public_id))
    policies.require_supervisor(request.actor)
    if live is None:
        messages.info(request, "Aucun calcul n’est en cours.")
        return redirect("outreach:plan_page", public_id)
    try:
        usecases.cancel_plan(request.actor, plan=live)
        messages.success(request, "Le calcul est arrêté. Le plan d’avant reste.")
    except DomainError as error:
        _say(request, error)
    return redirect("outreach:plan_page", public_id)


@never_cache
@require_safe
def plan_task(request: Request, public_id: str, task: str) -> HttpResponse:
    """Why one task is placed so."""
    policies.require_supervisor(request.actor)
    campaign = campaigns.campaign(public_id)
    row = CallTask.objects.filter(campaign=campaign, public_id=task).first()
    if row is None:
        raise NotFound("Cette fiche n’existe pas.")
    context = {"campaign": campaign, "task": row, "reasons": plans.explain(row)}
    return render(request, "outreach/plan_task.html", context)


def _say(request: Request, error: DomainError) -> None:
    if isinstance(error, NotAllowed | NotFound):
        raise error
    messages.error(request, error.message)
