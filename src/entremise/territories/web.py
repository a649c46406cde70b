from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from entremise.kernel.http import Request
from entremise.territories import queries


@login_not_required
@require_safe
def commune_suggestions(request: Request) -> HttpResponse:
    """The communes that a beginning of name, postcode or code may mean, as a fragment of options."""
    found = queries.search_communes(request.GET.get("q", ""))
    answer = render(request, "territories/_commune_options.html", {"communes": found})
    answer["Cache-Control"] = "public, max-age=3600"
    return answer
