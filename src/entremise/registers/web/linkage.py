"""Starting a run under a grant, watching it, reading its figures; the versions of the model."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotFound
from entremise.kernel.http import Request, tell
from entremise.registers import policies, usecases
from entremise.registers.engine.trial import LEAST, LEAST_EACH
from entremise.registers.forms.linkage import RunForm
from entremise.registers.queries import linkage as queries, proof, trial
from entremise.registers.usecases.linkage.refusals import FAILURES
from entremise.registers.usecases.review.thresholds import lacking, said
from entremise.registers.web.enrolling import say


@require_safe
def linkage(request: Request) -> HttpResponse:
    """What may be compared now, and the last runs."""
    policies.require_reader(request.actor)
    return _page(request, None, "")


def _page(request: Request, wrong: RunForm | None, of: str) -> HttpResponse:
    grants = queries.grants_seen(request.actor, clock.now())
    keeper = request.actor.has("keeper")
    context = {
        "form": wrong,
        "grants": [
            (
                one,
                wrong if wrong and one.request == of else RunForm(prefix=one.request) if one.mine and keeper else None,
            )
            for one in grants
        ],
        "runs": queries.runs_seen(),
        "keeper": keeper,
    }
    return render(request, "registers/linkage.html", context, status=422 if wrong else 200)


@require_POST
def linkage_start(request: Request, reference: str) -> HttpResponse:
    policies.require_keeper(request.actor)
    form = RunForm(request.POST, prefix=reference)
    if form.is_valid():
        try:
            row = usecases.start_run(request.actor, request=reference, **form.cleaned_data)
            return redirect("registers:run_page", row.public_id)
        except (DomainError, ValidationError) as error:
            if getattr(error, "code", "").endswith("factor_needed"):
                raise
            tell(form, error)
    if reference not in {one.request for one in queries.grants_seen(request.actor, clock.now()) if one.mine}:
        raise NotFound("Aucun accord en cours ne porte cette référence.")
    return _page(request, form, reference)


@never_cache
@require_safe
def run_page(request: Request, public_id: str) -> HttpResponse:
    """How far it is, or what it found: counts, never a record."""
    policies.require_reader(request.actor)
    run = queries.run_seen(public_id)
    agreed, found = proof.agreement(), proof.evidence(run.row.model)
    context: dict[str, Any] = {
        "run": run,
        "failure": FAILURES.get(run.row.failure, ""),
        "keeper": request.actor.has("keeper"),
        "second": queries.SECOND.get(str(run.row.counts.get("second", "")), ""),
        "agreement": agreed,
        "evidence": found,
        "lacking": lacking(found),
        "target": f"{found.target * 100:.1f}\u00a0%".replace(".", ","),
        "kappa": said(agreed.kappa),
    }
    if request.htmx and not run.live:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "registers/_run_progress.html" if request.htmx else "registers/run_page.html", context)


@require_POST
def run_cancel(request: Request, public_id: str) -> HttpResponse:
    try:
        usecases.cancel_run(request.actor, run=public_id)
        messages.success(request, "Le rapprochement est arrêté. Rien n’en est gardé.")
    except (DomainError, ValidationError) as error:
        say(request, error)
    return redirect("registers:run_page", public_id)


@require_safe
def models(request: Request) -> HttpResponse:
    """The versions of the model, what proves them, and which one serves."""
    policies.require_reader(request.actor)
    rows = queries.models_seen()
    active = next((row for row in rows if row.state == "active"), None)
    agreed, found = proof.agreement(), proof.evidence(active)
    context = {
        "models": rows,
        "trials": [(row, trial.trial_of(row)) for row in rows if row.state == "proposed"],
        "least": LEAST,
        "each": LEAST_EACH,
        "model": active,
        "keeper": request.actor.has("keeper"),
        "agreement": agreed,
        "evidence": found,
        "lacking": lacking(found),
        "target": f"{found.target * 100:.1f}\u00a0%".replace(".", ","),
        "kappa": said(agreed.kappa),
    }
    return render(request, "registers/models.html", context)


@require_POST
def model_activate(request: Request, version: int) -> HttpResponse:
    try:
        usecases.activate_model(request.actor, version=version)
        messages.success(request, f"Le modèle {version} sert dès le prochain rapprochement. Le délégué est prévenu.")
    except (DomainError, ValidationError) as error:
        say(request, error)
    return redirect("registers:models")
