"""The call screen: prepare, call, report, on one page; the next person comes by itself. Works without JavaScript.

Every POST is answered by a redirection or by the same page with what was typed. A page that comes late (back button,
second tab, double click) shows what was recorded. The number of the sending is that of the claim and the line.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from entremise.accounts.policies import SecondFactorNeeded
from entremise.kernel import clock
from entremise.kernel.db import writing_allowed
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.http import Request
from entremise.outreach import policies, usecases
from entremise.outreach.forms.calls import ReportForm
from entremise.outreach.models import CallAttempt, CallCampaign, CallTask, OrphanReport
from entremise.outreach.queries import calls as queries, campaigns as campaign_queries, care as care_queries
from entremise.outreach.queries.callers import caller_facts
from entremise.outreach.usecases import care
from entremise.outreach.usecases.calls.claiming import Claim, may_call, parameters, standing
from entremise.outreach.usecases.calls.holding import REASONS
from entremise.outreach.usecases.calls.refusals import LeaseLost, ReportIncomplete, RuleDenied
from entremise.outreach.web.call_page import context_of, guide, key_of, mode_of, script_of

ORPHAN = "La fiche a été reprise ; votre compte rendu est transmis au superviseur."
AGAIN = "Ce compte rendu était déjà enregistré : il compte une fois."


def _task(public_id: str) -> CallTask:
    row = queries.task_of(public_id)
    if row is None:
        raise NotFound("Cette fiche n’existe pas.")
    return row


def _go(request: Request, address: str) -> HttpResponse:
    """A redirection that htmx follows as a page, not as a piece of one."""
    return HttpResponseClientRedirect(address) if request.htmx else HttpResponseRedirect(address)


def _sheet(task: CallTask, token: int) -> str:
    return reverse("outreach:call_sheet", args=[task.public_id, token])


# the next person


@never_cache
@require_http_methods(["GET", "POST"])
def call(request: Request, public_id: str) -> HttpResponse:
    """« Personne suivante », or why there is nobody now and what to do."""
    row = campaign_queries.campaign(public_id)
    user = policies.require_caller(request.actor)
    if request.method == "POST":
        return _next(request, row)
    now = clock.now()
    who = standing(user, row, now)
    facts = caller_facts(user, row, now)
    context: dict[str, Any] = {"campaign": row, "facts": facts, "why": [], "ready": 0, "refusal": "", "harder": 0}
    context["live"] = CallTask.objects.filter(pk=who.live).first() if who.live else None
    try:
        may_call(row, who, now)
    except DomainError as error:
        context["refusal"] = error.message
    else:
        counts = queries.why_nothing(parameters(row, who, user, "web", now))
        context["ready"] = counts.pop("ready", 0)
        context["why"] = [(count, queries.WHY_NOTHING[code]) for code, count in counts.items()]
        context["harder"] = counts.get("level_too_low", 0)
    return render(request, "outreach/call.html", context)


def _next(request: Request, row: CallCampaign) -> HttpResponse:
    try:
        found = usecases.claim_call(request.actor, campaign=row)
    except (NotAllowed, SecondFactorNeeded):
        raise
    except DomainError:  # the page says why, and what to do
        return _go(request, reverse("outreach:call", args=[row.public_id]))
    if isinstance(found, Claim):
        return _go(request, _sheet(found.task, found.token))
    return _go(request, reverse("outreach:call", args=[row.public_id]))


# the sheet


@never_cache
@sensitive_variables()
@require_safe
def call_sheet(request: Request, public_id: str, token: int) -> HttpResponse:
    """The page of one call, while it is this caller's; what was recorded, once it was; the form alone, when late."""
    task = _task(public_id)
    user = policies.require_team(request.actor)
    mode = mode_of(task, token, user)
    if mode == "done":
        return redirect("outreach:call_done", public_id, token)
    return _page(request, task, token, mode)


@sensitive_variables()
def _page(
    request: Request,
    task: CallTask,
    token: int,
    mode: str,
    *,
    form: ReportForm | None = None,
    told: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    if mode == "stranger":
        raise NotAllowed("Cette fiche ne vous a pas été donnée. Prenez la personne suivante depuis l’accueil.")
    context: dict[str, Any] = {"sheet": None}
    if mode == "live":
        try:
            with writing_allowed("a call whose number the rules refuse goes back to the queue"):
                context["sheet"] = usecases.open_sheet(request.actor, task=task)
        except RuleDenied as error:
            messages.warning(request, error.message)
            return _go(request, reverse("outreach:call", args=[task.campaign.public_id]))
        except LeaseLost:  # it ended between two lines of ours
            mode = "late"
    context |= context_of(request, task, token, mode, form=form, told=told or {})
    return render(request, "outreach/call_sheet.html", context, status=status)


@never_cache
@sensitive_post_parameters()
@sensitive_variables()
@require_POST
def call_report(request: Request, public_id: str, token: int) -> HttpResponse:
    """The report; or, by « Continuer », the page again with the next questions, and the lease renewed."""
    task = _task(public_id)
    user = policies.require_team(request.actor)
    mode = mode_of(task, token, user)
    form = ReportForm(request.POST)
    if "more" in request.POST:
        _keep(request, task, token)
        return _page(request, task, token, mode, form=form)
    if not form.is_valid():
        return _again(request, task, token, mode, form, {})
    _, answers = script_of(task, request.POST)
    started = task.claimed_at or clock.now()
    minutes = min(120, max(1, round((clock.now() - started).total_seconds() / 60)))
    try:
        done = usecases.report_call(
            request.actor, task=task, token=token, key=key_of(task, token), answers=answers, minutes=minutes,
            **form.report(),
        )  # fmt: skip
    except ReportIncomplete as error:
        return _again(request, task, token, mode, form, error.fields)
    except ValidationError as error:
        return _again(request, task, token, mode, form, _by_field(error))
    if done.orphan is not None:
        messages.warning(request, ORPHAN)
    elif done.again:
        messages.info(request, AGAIN)
    elif done.attempt is not None:
        late = " Il est arrivé après le délai ; il est bien compté." if done.late else ""
        messages.success(request, f"Enregistré : {done.attempt.get_disposition_display()}.{late}")
    return _after(request, done.task, token, form.cleaned_data)


def _by_field(error: ValidationError) -> dict[str, str]:
    if hasattr(error, "error_dict"):
        return {name: " ".join(texts) for name, texts in error.message_dict.items()}
    return {"": " ".join(error.messages)}


@sensitive_variables()
def _again(
    request: Request, task: CallTask, token: int, mode: str, form: ReportForm, wrong: dict[str, str]
) -> HttpResponse:
    """The same page, with what was typed, and what is missing beside its question."""
    form.is_valid()
    page, _ = script_of(task, request.POST)
    told: dict[str, str] = {}
    for name, words in wrong.items():
        if name in form.fields:
            form.add_error(name, words)
        else:
            told[name] = words
            if page is None or name not in page.errors:  # no question of the script to say it beside
                form.add_error(None, words)
    return _page(
        request, task, token, "late" if mode in ("done", "stranger") else mode, form=form, told=told, status=422
    )


def _after(request: Request, task: CallTask, token: int, said: dict[str, Any]) -> HttpResponse:
    """Where the caller goes: the next person, unless they asked to stop, had a hard call, or the line has another."""
    stop = request.POST.get("then") == "stop" or said["hard"] or said["disposition"] == "emergency"
    spoke = said["disposition"] in ("reached_complete", "reached_partial", "reached_callback", "reached_other")
    if stop or (spoke and queries.same_line(task) is not None) or not request.actor.has("caller"):
        return _go(request, reverse("outreach:call_done", args=[task.public_id, token]))
    return _next(request, task.campaign)


@never_cache
@require_safe
def call_done(request: Request, public_id: str, token: int) -> HttpResponse:
    """What was recorded of a call: for the back button, the second tab, the second click; and what comes next."""
    task = _task(public_id)
    user = policies.require_team(request.actor)
    rows = CallAttempt.objects.filter(task=task, token=token, caller=user).exclude(disposition="aborted")
    orphan = OrphanReport.objects.filter(task=task, token=token, caller=user).first()
    attempts = list(rows.order_by("pk"))
    if not attempts and orphan is None:
        return redirect("outreach:call_sheet", public_id, token)
    facts = caller_facts(user, task.campaign)
    context = {
        "task": task,
        "token": token,
        "attempts": attempts,
        "orphan": orphan,
        "campaign": task.campaign,
        "same": queries.same_line(task) if attempts and request.actor.has("caller") else None,
        "facts": facts,
        "spoke": any(one.hard or one.disposition == "emergency" for one in attempts),
    }
    return render(request, "outreach/call_done.html", context)


@sensitive_post_parameters()
@sensitive_variables()
@require_POST
def call_guide(request: Request, public_id: str, token: int) -> HttpResponse:
    """The script and the difficulty form after a change, as a piece of the page (htmx)."""
    task = _task(public_id)
    policies.require_team(request.actor)
    return render(request, "outreach/_call_guide.html", guide(task, token, request.POST, None, {}))


# keeping, giving back, another number


def _keep(request: Request, task: CallTask, token: int) -> str:
    """Renew the lease; why not, when it was lost."""
    try:
        usecases.renew_claim(request.actor, task=task, token=token)
    except (LeaseLost, NotAllowed) as error:
        return error.message
    return ""


@require_POST
def call_keep(request: Request, public_id: str, token: int) -> HttpResponse:
    """The heartbeat of the page, each minute. Refused, it says so and stops."""
    task = _task(public_id)
    lost = _keep(request, task, token)
    task.refresh_from_db()
    if not request.htmx:
        return redirect("outreach:call_sheet", public_id, token)
    return render(request, "outreach/_call_lease.html", {"task": task, "token": token, "lease_lost": lost})


@require_POST
def call_release(request: Request, public_id: str, token: int) -> HttpResponse:
    """Give the call back without having made it."""
    task = _task(public_id)
    reason = request.POST.get("reason", "asked")
    try:
        usecases.release_claim(request.actor, task=task, token=token, reason=reason if reason in REASONS else "asked")
        messages.info(request, "La fiche est rendue : un autre appelant la prendra. Rien n’est compté pour vous.")
    except LeaseLost as error:
        messages.warning(request, error.message)
    if reason == "pause":
        return redirect("outreach:call", task.campaign.public_id)
    return _next(request, task.campaign)


@sensitive_post_parameters()
@sensitive_variables()
@require_POST
def call_line(request: Request, public_id: str, token: int) -> HttpResponse:
    """This number gave nothing: the next number of the same person, within the same claim."""
    task = _task(public_id)
    user = policies.require_team(request.actor)
    form = ReportForm(request.POST)
    said = request.POST.get("disposition", "")
    try:
        usecases.continue_with(request.actor, task=task, token=token, key=key_of(task, token), disposition=said)
        messages.info(request, "Essai noté. Voici l’autre numéro de cette personne.")
    except ReportIncomplete as error:
        return _again(request, task, token, mode_of(task, token, user), form, error.fields)
    except (NotAllowed, SecondFactorNeeded):
        raise
    except DomainError as error:
        messages.warning(request, error.message)
    return _go(request, _sheet(task, token))


@require_POST
def call_same_line(request: Request, public_id: str) -> HttpResponse:
    """« Autre personne à ce numéro : prendre sa fiche maintenant »."""
    task = _task(public_id)
    try:
        found = usecases.claim_same_line(request.actor, task=task)
    except (NotAllowed, SecondFactorNeeded):
        raise
    except DomainError as error:
        messages.warning(request, error.message)
        return redirect("outreach:call", task.campaign.public_id)
    return redirect(_sheet(found.task, found.token))


# emergency


@never_cache
@sensitive_post_parameters()
@sensitive_variables()
@require_POST
def call_alarm(request: Request, public_id: str, token: int) -> HttpResponse:
    """« Danger »: written at once, whatever the form holds; then the same page, with what was typed, what to do and
    say. Nothing on this way may refuse but not being of the call centre."""
    task = _task(public_id)
    user = policies.require_alarm(request.actor)
    care.raise_emergency(request.actor, task=task, token=token)
    task = _task(public_id)
    mode = mode_of(task, token, user)
    if mode == "stranger":
        made = care_queries.last_of(task)
        return redirect("outreach:emergency", made.public_id)
    typed = request.POST.copy()
    typed.setdefault("disposition", "emergency")
    return _page(request, task, token, "emergency", form=ReportForm(typed))
