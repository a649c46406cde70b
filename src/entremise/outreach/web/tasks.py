"""What a supervisor opens from the board: a bucket and its deeds, one task and its story, late reports."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.kernel import clock, ids
from entremise.kernel.errors import DomainError, NotFound
from entremise.kernel.http import Request, tell
from entremise.outreach import policies, usecases
from entremise.outreach.forms import board as forms
from entremise.outreach.models import CallCampaign, CallTask, OrphanReport
from entremise.outreach.queries import board as queries, calls, campaigns, supervising
from entremise.outreach.queries.board import Kind
from entremise.outreach.usecases.calls.refusals import ReportIncomplete
from entremise.outreach.web.board import overdue

PAGE = 50
ONE_BY_ONE = ("needs_supervisor", "escalated")
"""Decided on each task's own page: nothing there is given to a caller."""
PROMISES = Kind("rappels", "rappels promis en retard", "Confiez-les à quelqu’un qui appelle maintenant.")


def _kind(code: str) -> Kind:
    if code == PROMISES.code:
        return PROMISES
    if code not in queries.KIND:
        raise NotFound("Cette liste n’existe pas.")
    return queries.KIND[code]


@require_http_methods(["GET", "POST"])
def bucket(request: Request, public_id: str, code: str) -> HttpResponse:
    """The tasks of one bucket, without any name; chosen ones are given to a colleague, or taken back."""
    policies.require_supervisor(request.actor)
    campaign, kind = campaigns.campaign(public_id), _kind(code)
    form = forms.BulkForm(request.POST or None, campaign=campaign, stuck=code == "claimed")
    if request.method == "POST" and form.is_valid():
        try:
            return _done(request, campaign, code, form)
        except DomainError as error:
            tell(form, error)
    now = clock.now()
    rows: Any
    if kind is PROMISES:
        rows = overdue(campaign, now).select_related("claimed_by", "previous_caller", "reserved_for")
    else:
        rows = queries.Listed(campaign, code, now)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {"campaign": campaign, "kind": kind, "page": page, "form": form, "now": now, "chosen": form.chosen}
    context["bulk"] = code not in ONE_BY_ONE
    return render(request, "outreach/bucket.html", context, status=422 if form.errors else 200)


def _done(request: Request, campaign: CallCampaign, code: str, form: forms.BulkForm) -> HttpResponse:
    said = form.cleaned_data
    rows = list(CallTask.objects.filter(campaign=campaign, public_id__in=said["tasks"]))
    if code == "claimed":
        count = usecases.release_tasks(request.actor, tasks=rows, reason=said["reason"])
        words = "rendue à la file" if count == 1 else "rendues à la file"
    else:
        count = usecases.hand_over_persons(request.actor, tasks=rows, to=said["to"], reason=said["reason"])
        words = f"confiée{'s' if count > 1 else ''} à {said['to'].label if said['to'] else 'qui voudra'}"
    left = len(said["tasks"]) - count
    kept = f" {left} avai{'en' if left > 1 else ''}t changé entre-temps : rien n’y a été touché." if left else ""
    messages.success(request, f"{count} fiche{'s' if count > 1 else ''} {words}.{kept}")
    return redirect("outreach:bucket", campaign.public_id, code)


@never_cache
@sensitive_variables()
@require_http_methods(["GET", "POST"])
def task_page(request: Request, public_id: str) -> HttpResponse:
    """One person to call, as the supervisor sees them: who, what happened, what to decide. Opened in the vault."""
    policies.require_supervisor(request.actor)
    row = calls.task_of(public_id)
    if row is None:
        raise NotFound("Cette fiche n’existe pas.")
    form = forms.DecisionForm(request.POST or None, task=row)
    if request.method == "POST" and form.is_valid():
        try:
            usecases.supervisor_decision(request.actor, task=row, **form.cleaned_data)
        except DomainError as error:
            tell(form, error)
        else:
            messages.success(request, "Votre décision est notée.")
            return redirect("outreach:task", row.public_id)
    context = {
        "task": row,
        "campaign": row.campaign,
        "form": form if supervising.awaits(row) else None,
        "who": supervising.who(request.actor, row),
        "attempts": supervising.attempts(row),
        "events": supervising.events(row),
        "others": calls.others_on_line(row),
        "reasons": supervising.reasons(row),
        "now": clock.now(),
    }
    return render(request, "outreach/task.html", context, status=422 if form.errors else 200)


@require_safe
def orphans(request: Request, public_id: str) -> HttpResponse:
    """The reports whose call was taken back meanwhile, the oldest first. Nothing is opened here."""
    policies.require_supervisor(request.actor)
    campaign = campaigns.campaign(public_id)
    return render(request, "outreach/orphans.html", {"campaign": campaign, "rows": calls.orphans(campaign.pk)})


def _orphan(public_id: str) -> OrphanReport:
    rows: QuerySet[OrphanReport] = OrphanReport.objects.select_related("task__campaign", "caller", "decided_by")
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise NotFound("Ce compte rendu n’existe pas.")
    return found


@never_cache
@sensitive_variables()
@require_safe
def orphan(request: Request, public_id: str) -> HttpResponse:
    """A late report beside what was recorded in the meantime: nothing is overwritten, somebody reads both."""
    policies.require_supervisor(request.actor)
    return _orphan_page(request, _orphan(public_id), forms.OrphanForm())


@sensitive_variables()
def _orphan_page(request: Request, row: OrphanReport, form: forms.OrphanForm) -> HttpResponse:
    context = {
        "row": row,
        "campaign": row.task.campaign,
        "report": supervising.late_report(request.actor, row) if row.state == "waiting" else None,
        "attempts": supervising.attempts(row.task),
        "form": form,
    }
    return render(request, "outreach/orphan.html", context, status=422 if form.errors else 200)


@require_POST
def orphan_decide(request: Request, public_id: str) -> HttpResponse:
    policies.require_supervisor(request.actor)
    row, form = _orphan(public_id), forms.OrphanForm(request.POST)
    if form.is_valid():
        accept = request.POST.get("deed") == "accept"
        try:
            usecases.decide_orphan(request.actor, orphan=row, accept=accept, reason=form.cleaned_data["reason"])
        except DomainError as error:
            tell(form, error)
        else:
            messages.success(request, "Compte rendu repris." if accept else "Compte rendu écarté.")
            return redirect("outreach:orphans", row.task.campaign.public_id)
    return _orphan_page(request, row, form)


@never_cache
@sensitive_variables()
@require_http_methods(["GET", "POST"])
def incoming(request: Request) -> HttpResponse:
    """Somebody called us: their number, as it is displayed or said, leads to their tasks. Nothing is kept of it."""
    policies.require_supervisor(request.actor)
    form = forms.NumberForm(request.POST or None)
    found: list[CallTask] | None = None
    if request.method == "POST" and form.is_valid():
        try:
            found = supervising.called_from(request.actor, form.cleaned_data["phone"])
        except DomainError as error:
            tell(form, error)
        else:
            form = forms.NumberForm()  # a number that was found is not written on the page again
    context = {"form": form, "found": found}
    return render(request, "outreach/incoming.html", context, status=422 if form.errors else 200)


@never_cache
@sensitive_variables()
@require_http_methods(["GET", "POST"])
def incoming_note(request: Request, public_id: str) -> HttpResponse:
    """Write down a call that was received, at any time, even once the campaign is over."""
    policies.require_supervisor(request.actor)
    row = calls.task_of(public_id)
    if row is None:
        raise NotFound("Cette fiche n’existe pas.")
    form = forms.IncomingForm(request.POST or None, initial={"key": ids.new()})
    if request.method == "POST" and form.is_valid():
        try:
            usecases.record_incoming(request.actor, campaign=row.campaign, person=row.person_id, **form.cleaned_data)
        except ReportIncomplete as error:
            for name, text in error.fields.items():
                form.add_error(name if name in form.fields else None, text)
        except DomainError as error:
            tell(form, error)
        else:
            messages.success(request, "L’appel reçu est noté.")
            return redirect("outreach:task", row.public_id)
    context = {"task": row, "form": form, "who": supervising.who(request.actor, row)}
    return render(request, "outreach/incoming_note.html", context, status=422 if form.errors else 200)
