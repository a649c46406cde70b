"""What readers decided, and the way back. No value, no name: the two records are behind the page of their pair."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from entremise.kernel import clock
from entremise.kernel.errors import NotFound
from entremise.kernel.http import Request
from entremise.registers import policies, usecases
from entremise.registers.forms.review import DecisionFilter
from entremise.registers.models import Decision
from entremise.registers.queries import review as queries
from entremise.registers.usecases.review.grants import grants

PAGE = 25
TAGS = {"open": "good", "to_confirm": "warn", "revoked": ""}


@require_safe
def decisions(request: Request) -> HttpResponse:
    policies.require_keeper(request.actor)
    form = DecisionFilter(request.GET)
    form.is_valid()
    live = set(grants(clock.now()))
    rows = queries.decisions(
        live, verdict=form.cleaned_data.get("verdict") or "", state=form.cleaned_data.get("etat") or ""
    )
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    shown = list(page)
    names = queries.labels([n for row in shown for n in (row.author, row.second_reader, row.revoked_by) if n])
    pairs = queries.pairs_of(shown)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": page,
        "form": form,
        "query": f"{query.urlencode()}&" if query else "",
        "to_confirm": Decision.objects.filter(request__in=live, state="to_confirm").count(),
        "rows": [
            {
                "decision": row,
                "tag": TAGS[row.state],
                "by": " et ".join(names.get(n, "compte fermé") for n in (row.author, row.second_reader) if n),
                "revoked_by": names.get(row.revoked_by or 0, ""),
                "pair": pairs.get(row.pk),
            }
            for row in shown
        ],
    }
    return render(request, "registers/decisions.html", context)


def _decision(request: Request, pk: int) -> Decision:
    policies.require_keeper(request.actor)
    found = Decision.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound("Cette décision n’existe pas.")
    return found


@require_POST
def decision_undo(request: Request, pk: int) -> HttpResponse:
    pair = usecases.undo_decision(request.actor, decision=_decision(request, pk))
    messages.success(request, "La décision est rouverte : la paire est de nouveau à relire.")
    return redirect("registers:pair_page", pair.pk)


@require_POST
def decision_reread(request: Request, pk: int) -> HttpResponse:
    pair = usecases.reread_decision(request.actor, decision=_decision(request, pk))
    return redirect("registers:pair_page", pair.pk)
