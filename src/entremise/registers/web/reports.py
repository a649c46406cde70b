"""Deaths and departures: reported by one, confirmed by another."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.accounts.models import User
from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotFound
from entremise.kernel.http import Request, tell
from entremise.registers import policies, queries, usecases
from entremise.registers.forms import life as forms
from entremise.registers.models import LifeReport
from entremise.registers.web.enrolling import say

PAGE = 25
TAGS = {"reported": "warn", "confirmed": "", "dismissed": "", "undone": "good"}


@require_safe
def reports(request: Request) -> HttpResponse:
    """What waits for a second person, then what was decided."""
    codes = {one.code: one.label for one in queries.visible(request.actor)}
    rows = LifeReport.objects.filter(register__in=codes)
    waiting = list(rows.filter(state="reported").order_by("reported_at"))
    page = Paginator(rows.exclude(state="reported"), PAGE).get_page(request.GET.get("page"))
    users = User.objects.in_bulk({one.reported_by for one in [*waiting, *page]})
    me, now = request.actor.user_id, clock.now()

    def shown(one: LifeReport) -> dict[str, Any]:
        return {
            "row": one,
            "register": codes[one.register],
            "by": users[one.reported_by].label if one.reported_by in users else "un compte fermé",
            "mine": one.reported_by == me,
            "tag": TAGS[one.state],
            "undo": one.state == "confirmed" and one.decided_at is not None and now - one.decided_at < usecases.UNDO,
        }

    context = {
        "waiting": [shown(one) for one in waiting],
        "page": page,
        "rows": [shown(one) for one in page],
        "keeper": request.actor.has("keeper"),
        "codes": codes,
    }
    return render(request, "registers/reports.html", context)


@never_cache
@sensitive_post_parameters("phone")
@sensitive_variables()
@require_http_methods(["GET", "POST"])
def report_new(request: Request, code: str) -> HttpResponse:
    """Find the person by their number, say what happened: the record is frozen until somebody else confirms."""
    policies.require_keeper(request.actor)
    row = queries.register_seen(request.actor, code)
    find = forms.FindForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"row": row, "find": find, "form": forms.ReportForm(), "known": None, "wrong": find}
    if request.method == "POST" and find.is_valid():
        try:
            known = queries.find_known(request.actor, register=code, phone=find.cleaned_data["phone"])
            context["known"] = known
            if "signaler" in request.POST:
                form = forms.ReportForm(request.POST)
                context |= {"form": form, "wrong": form}
                chosen = next((one for one in known if str(one.person) == request.POST.get("person", "")), None)
                if chosen is None:
                    form.add_error(None, "Choisissez la personne dans la liste.")
                elif form.is_valid():
                    report = usecases.report_death if form.cleaned_data["kind"] == "deceased" else usecases.report_move
                    report(request.actor, person=chosen.person, register=code, source=form.cleaned_data["source"])
                    messages.success(request, "C’est signalé : la fiche est gelée. Une autre personne doit confirmer.")
                    return redirect("registers:reports")
        except (DomainError, ValidationError) as error:
            tell(context["wrong"], error)
    return render(request, "registers/report_new.html", context, status=422 if context["wrong"].errors else 200)


@never_cache
@sensitive_post_parameters("phone")
@sensitive_variables()
@require_http_methods(["GET", "POST"])
def report_confirm(request: Request, public_id: str) -> HttpResponse:
    """The second person names, by the number on the notice they hold, who it is about: two eyes, not two clicks."""
    policies.require_keeper(request.actor)
    row = queries.report(request.actor, public_id)
    needs = queries.has_phone(row)
    form = forms.FindForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and (form.is_valid() or not needs):
        try:
            usecases.confirm_report(
                request.actor, report=row, phone=form.cleaned_data.get("phone", "") if needs else ""
            )
            messages.success(request, "C’est confirmé : la fiche est close. Vous avez 30 jours pour l’annuler.")
            return redirect("registers:reports")
        except (DomainError, ValidationError) as error:
            tell(form, error)
    reporter = User.objects.filter(pk=row.reported_by).first()
    context = {
        "row": row, "form": form, "needs": needs, "by": reporter.label if reporter else "un compte fermé",
        "mine": row.reported_by == request.actor.user_id,
        "register": queries.register_seen(request.actor, row.register).label,
    }  # fmt: skip
    return render(request, "registers/report_confirm.html", context, status=422 if form.errors else 200)


@require_POST
def report_deed(request: Request, public_id: str, deed: str) -> HttpResponse:
    """`ecarter`, `annuler`."""
    row = queries.report(request.actor, public_id)
    try:
        if deed == "ecarter":
            usecases.dismiss_report(request.actor, report=row)
            messages.success(request, "C’est écarté : la fiche sert de nouveau, comme avant.")
        elif deed == "annuler":
            usecases.undo_report(request.actor, report=row)
            messages.success(request, "C’est annulé : la fiche sert de nouveau, comme avant.")
        else:
            raise NotFound("Cette action n’existe pas.")
    except (DomainError, ValidationError) as error:
        say(request, error)
    return redirect("registers:reports")
