"""Who gives no sign of life, and who is in danger: the supervisor's pages, and the caller's page of an emergency."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.audit.queries import history
from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotAllowed
from entremise.kernel.http import Request, tell
from entremise.outreach import policies
from entremise.outreach.forms.care import AlarmForm, FinishForm, OutcomeForm, SkipForm, StartForm, StopForm
from entremise.outreach.models import OPEN_STEPS, CallCampaign, Emergency, Escalation, EscalationStep
from entremise.outreach.queries import campaigns as campaign_queries, care as queries
from entremise.outreach.usecases import care
from entremise.people.engine import phone as phones
from entremise.vault import usecases as vault
from entremise.vault.usecases import TooManyRows

PAGE = 25
DEEDS: Mapping[str, Callable[..., None]] = {"commencer": care.start_step, "finir": care.finish_step}


# emergencies


@require_safe
def emergencies(request: Request) -> HttpResponse:
    """The emergencies open now, those nobody took first; asked again every 15 s."""
    policies.require_supervisor(request.actor)
    context = {"rows": queries.open_emergencies(), "closed": queries.emergencies_closed(), "now": clock.now()}
    template = "outreach/_care_emergencies.html" if request.htmx else "outreach/care_emergencies.html"
    return render(request, template, context)


@never_cache
@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "POST"])
def emergency_new(request: Request) -> HttpResponse:
    """A call comes in, somebody is in danger, no sheet is open: one press, everything else is optional."""
    policies.require_alarm(request.actor)
    rows = campaign_queries.campaigns(("open", "paused"))
    form = AlarmForm(request.POST or None, campaigns=[(row.public_id, row.label) for row in rows])
    if request.method == "POST":
        form.is_valid()  # whatever is wrong in it stops nothing
        chosen = next((row for row in rows if row.public_id == request.POST.get("campaign")), None)
        chosen = chosen or (rows[0] if len(rows) == 1 else None)
        person, told = _known(request, chosen)
        made = care.raise_emergency(request.actor, person=person, campaign=chosen)
        if told:
            messages.warning(request, told)
        return redirect("outreach:emergency", made.public_id)
    numbers = queries.emergency_numbers(rows[0] if len(rows) == 1 else None)
    return render(request, "outreach/care_alarm.html", {"form": form, "numbers": numbers})


@sensitive_variables()
def _known(request: Request, campaign: CallCampaign | None) -> tuple[Any, str]:
    """Who has this number in the files of the campaign, when exactly one does and the actor may look."""
    said = request.POST.get("phone", "").strip()
    if not said:
        return None, ""
    try:
        number = phones.normalise(said)
    except ValueError:
        return None, "Ce numéro ne se lit pas : l’alerte est donnée sans lui."
    found: set[Any] = set()
    for code in campaign.registers if campaign else ():
        try:
            found |= set(
                vault.find(
                    request.actor, register=code, by="phone", value=number,
                    purpose=campaign.purpose if campaign else "", motive="Urgence : retrouver l’adresse",
                )
            )  # fmt: skip
        except (TooManyRows, DomainError):
            continue
    if len(found) == 1:
        return found.pop(), ""
    return None, "Aucune fiche, ou plusieurs, pour ce numéro : demandez l’adresse à la personne."


@never_cache
@require_safe
def emergency_page(request: Request, public_id: str) -> HttpResponse:
    return _emergency(request, queries.emergency(public_id))


@sensitive_variables()
def _emergency(request: Request, row: Emergency, form: Form | None = None) -> HttpResponse:
    policies.require_alarm(request.actor)
    supervises = request.actor.has("supervisor")
    if not supervises and row.caller_id != request.actor.user_id:
        raise NotAllowed("Cette urgence est suivie par le superviseur et la personne qui l’a donnée.")
    if request.htmx:
        return render(request, "outreach/_care_taken.html", {"row": row, "alerts": queries.alerts_of(row)})
    context = {
        "row": row,
        "rescue": care.open_rescue(request.actor, emergency=row),
        "numbers": queries.emergency_numbers(row.campaign),
        "alerts": queries.alerts_of(row),
        "duty": row.campaign.duty_phone if row.campaign else "",
        "supervises": supervises,
        "form": form or OutcomeForm(),
        "wrong": form,
        "history": history([("outreach.emergency", row.pk)]) if supervises else [],
    }
    return render(request, "outreach/care_emergency.html", context, status=422 if form else 200)


@require_POST
def emergency_take(request: Request, public_id: str) -> HttpResponse:
    row = queries.emergency(public_id)
    try:
        care.acknowledge_emergency(request.actor, emergency=row)
        messages.success(request, "L’urgence est à vous : les autres superviseurs ne sont plus prévenus.")
    except NotAllowed:
        raise
    except DomainError as error:
        messages.warning(request, error.message)
    return redirect("outreach:emergency", public_id)


@require_POST
def emergency_close(request: Request, public_id: str) -> HttpResponse:
    row = queries.emergency(public_id)
    form = OutcomeForm(request.POST)
    if form.is_valid():
        try:
            care.close_emergency(request.actor, emergency=row, **form.cleaned_data)
            messages.success(request, "L’urgence est close. La fiche a repris sa route.")
            return redirect("outreach:emergencies")
        except (DomainError, ValidationError) as error:
            tell(form, error)
    policies.require_supervisor(request.actor)
    return _emergency(request, row, form)


# searches


def _campaign(request: Request) -> CallCampaign | None:
    asked = request.GET.get("campagne", "")
    return campaign_queries.campaign(asked) if asked else None


@require_safe
def searches(request: Request) -> HttpResponse:
    """« Sans signe de vie »: who is looked for, by level of alert, the oldest first. No name: a reference."""
    policies.require_supervisor(request.actor)
    now, chosen = clock.now(), _campaign(request)
    page = Paginator(queries.searches(chosen), PAGE).get_page(request.GET.get("page"))
    start = (page.number - 1) * PAGE
    context = {
        "campaign": chosen,
        "campaigns": campaign_queries.campaigns(("open", "paused")),
        "silence": queries.silence(chosen, now),
        "rows": queries.silent(chosen, now, start=start, stop=start + PAGE),
        "page": page,
        "query": f"campagne={chosen.public_id}&" if chosen else "",
        "visits": len(queries.visits(chosen)),
        "now": now,
    }
    return render(request, "outreach/care_searches.html", context)


@never_cache
@require_safe
def search_page(request: Request, public_id: str) -> HttpResponse:
    return _search(request, queries.search_of(public_id))


@sensitive_variables()
def _search(request: Request, row: Escalation, *, rank: int = -1, form: Form | None = None) -> HttpResponse:
    policies.require_team(request.actor)
    supervises = request.actor.has("supervisor")
    steps = list(row.steps.all())
    mine = [step for step in steps if supervises or step.responsible_id == request.actor.user_id]
    if not mine:
        raise NotAllowed("Cette recherche est suivie par le superviseur.")
    now, live = clock.now(), row.closed_at is None
    shown = []
    for step in steps:
        acts = live and step in mine and step.state in OPEN_STEPS
        own = form if step.rank == rank else None
        late = live and step.state in OPEN_STEPS and step.due_at <= now
        made = _forms(step, own, supervises=supervises) if acts else {}
        shown.append({"step": step, "late": late, "acts": acts, "forms": made, "open": own is not None})
    context = {
        "row": row,
        "task": row.task,
        "steps": shown,
        "next": next((one["step"] for one in shown if one["acts"]), None),
        "person": care.open_searched(request.actor, search=row) if supervises else None,
        "supervises": supervises,
        "stop": form if isinstance(form, StopForm) else StopForm(prefix="stop"),
        "wrong": form,
        "now": now,
        "live": live,
    }
    return render(request, "outreach/care_search.html", context, status=422 if form else 200)


def _forms(step: EscalationStep, own: Form | None, *, supervises: bool) -> dict[str, Form | None]:
    """The forms of one rung; `own` replaces the one that was sent and refused."""
    prefix = f"e{step.rank}"
    made: dict[str, Form | None] = {
        "start": None, "finish": FinishForm(prefix=prefix), "skip": SkipForm(prefix=f"{prefix}s"),
    }  # fmt: skip
    if step.state == "waiting" and (step.kind != "fire" or supervises):
        made["start"] = StartForm(prefix=f"{prefix}c", asked=step.kind == "fire")
    for name, kind in (("finish", FinishForm), ("skip", SkipForm), ("start", StartForm)):
        if isinstance(own, kind):
            made[name] = own
    return made


@sensitive_post_parameters()
@require_POST
def step_deed(request: Request, public_id: str, rank: int, deed: str) -> HttpResponse:
    row = queries.search_of(public_id)
    step = queries.step_of(row, rank)
    prefix = f"e{rank}"
    form: Form
    if deed == "commencer":
        form = StartForm(request.POST, prefix=f"{prefix}c", asked=step.kind == "fire")
    elif deed == "finir":
        form = FinishForm(request.POST, prefix=prefix)
    else:
        form = SkipForm(request.POST, prefix=f"{prefix}s")
    if form.is_valid():
        run: Callable[..., None] = care.skip_step
        if deed in DEEDS:
            run = DEEDS[deed]
        try:
            run(request.actor, step=step, **form.cleaned_data)
            messages.success(request, _done(queries.search_of(public_id), deed))
            return redirect("outreach:search", public_id)
        except (DomainError, ValidationError) as error:
            tell(form, error)
    return _search(request, queries.search_of(public_id), rank=rank, form=form)


def _done(row: Escalation, deed: str) -> str:
    if row.closed_at is not None:
        return "Signe de vie noté : la recherche est close, ses étapes restent écrites."
    return {
        "commencer": "L’étape est commencée, à votre nom.",
        "finir": "C’est noté. L’étape suivante garde son délai.",
    }.get(deed, "L’étape est passée, avec votre motif. La suivante garde son délai.")


@sensitive_post_parameters()
@require_POST
def search_stop(request: Request, public_id: str) -> HttpResponse:
    row = queries.search_of(public_id)
    form = StopForm(request.POST, prefix="stop")
    if form.is_valid():
        try:
            care.stop_search(request.actor, task=row.task, **form.cleaned_data)
            messages.success(request, "Noté. Une seconde personne le confirme avant que la fiche ne se ferme.")
            return redirect("outreach:searches")
        except (DomainError, ValidationError) as error:
            tell(form, error)
    return _search(request, row, form=form)


@never_cache
@sensitive_variables()
@require_POST
def visits_print(request: Request) -> HttpResponse:
    """The sheets of the home visits to make, in one PDF kept nowhere: all those of a campaign, or one search."""
    policies.require_supervisor(request.actor)
    reference = request.POST.get("fiche", "")
    chosen = campaign_queries.campaign(request.POST["campagne"]) if request.POST.get("campagne") else None
    steps = [one for one in queries.visits(chosen) if not reference or one.escalation.task.public_id == reference]
    made = care.print_visits(request.actor, steps=steps)
    response = HttpResponse(made.content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="visites-{clock.today():%Y-%m-%d}.pdf"'
    return response
