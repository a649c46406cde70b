"""The registers as they are governed, and the first page of the vault: rows and counts, never a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.accounts.models import Organisation
from entremise.kernel import clock
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.kernel.http import Request, tell
from entremise.rules import queries as rules
from entremise.rules.engine.vocabulary import typographic
from entremise.vault import policies, queries, registry, usecases as vault
from entremise.vault.forms import ASSESSMENT, AssessmentForm
from entremise.vault.models import Habilitation, Register, SpecialRequest
from entremise.vault.usecases import agreements

TAGS = {"open": "good", "suspended": "warn", "closed": "", "project": "", "shredded": "danger"}
ELSEWHERE = (
    ("vault:journal", "Journal des accès"),
    ("people:desk", "Guichet des droits"),
)
"""Pages of other rooms, linked when they are there."""


def _gate(request: Request) -> None:
    if not request.actor.has("dpo", "controller"):
        raise NotAllowed("Cette page est réservée au délégué à la protection des données et au responsable.")


@require_safe
def index(request: Request) -> HttpResponse:
    """What waits, what the vault holds, where to look."""
    _gate(request)
    now, sizes, registers = clock.now(), queries.sizes(), queries.registers()
    rule_set = rules.active()
    context = {
        "waiting": agreements.to_answer(request.actor, now).count(),
        "live": SpecialRequest.objects.filter(state__in=agreements.LIVE).count(),
        "records": sum(sizes.values()),
        "registers": len(registers),
        "crisis": [one.label for one in registers if one.crisis_declared_at],
        "expiring": [one for one in registers if one.status == "open" and (one.expires_at - now).days < 30],
        "habilitated": Habilitation.objects.filter(
            active_until__gt=now, commitment_until__gt=now, suspended_at=None
        ).count(),
        "rule_set": rule_set,
        "lapsing": rules.lapses_soon(rule_set, now),
        "elsewhere": [
            (reverse(name), label) for name, label in ELSEWHERE if _there(name) and request.actor.has("dpo")
        ],
    }
    return render(request, "vault/index.html", context)


def _there(name: str) -> bool:
    try:
        reverse(name)
    except NoReverseMatch:
        return False
    return True


@require_safe
def register_list(request: Request) -> HttpResponse:
    _gate(request)
    sizes = queries.sizes()
    rows = [(one, sizes.get(one.code, 0), TAGS.get(one.status, "")) for one in queries.registers()]
    return render(request, "vault/register_list.html", {"rows": rows})


@require_safe
def register_page(request: Request, code: str) -> HttpResponse:
    _gate(request)
    return _page(request, queries.register(code))


def _page(request: Request, row: Register, *, wrong: AssessmentForm | None = None) -> HttpResponse:
    shape = registry.profile(row.code)
    numbers = [int(one) for one in row.recipients if one.isdigit()]
    houses = list(Organisation.objects.filter(pk__in=numbers).values_list("name", flat=True)) if numbers else []
    by_category: dict[str, list[dict[str, str]]] = {}
    for name in shape.fields:
        category = shape.category(name)
        said = {"label": shape.labels.get(name, name), "code": name}
        by_category.setdefault(category, []).append(said)
    assessment = {ASSESSMENT.get(k, k): v for k, v in row.assessment.items() if k in ASSESSMENT}
    context: dict[str, Any] = {
        "row": row,
        "tag": TAGS.get(row.status, ""),
        "count": queries.sizes().get(row.code, 0),
        "purposes": [
            {
                "label": registry.PURPOSES.get(purpose, purpose),
                "basis": registry.BASES.get(basis, basis),
                "crisis": purpose in row.crisis_purposes,
            }
            for purpose, basis in sorted(row.bases.items())
        ],
        "recipients": ["toutes les structures de ce site"] if "*" in row.recipients else houses,
        "categories": [(code, typographic(registry.CATEGORIES[code]), some) for code, some in by_category.items()],
        "assessment": assessment,
        "provisional": row.assessment.get("status", ""),
        "form": wrong or AssessmentForm(initial={**row.assessment, "controller": row.controller}),
        "wrong": wrong,
        "may_sign": request.actor.has("controller"),
        "may_suspend": request.actor.has("controller", "dpo") and row.status == "open",
        "may_open": request.actor.has("controller") and row.status in ("project", "suspended"),
        "may_close": request.actor.has("controller") and row.status in ("project", "open", "suspended"),
        "may_shred": request.actor.has("controller") and row.status == "closed",
        "crisis_kind": bool(row.crisis_purposes),
    }
    return render(request, "vault/register_page.html", context, status=422 if wrong is not None else 200)


DEEDS: dict[str, tuple[Callable[..., object], str]] = {
    "ouvrir": (vault.open_register, "Le registre est ouvert."),
    "suspendre": (vault.suspend_register, "Le registre est suspendu : seuls les droits continuent."),
    "clore": (vault.close_register, "Le registre est clos : restent les droits et la destruction."),
    "crise": (vault.declare_crisis, "Le plan est déclaré déclenché : les finalités de crise s’ouvrent."),
    "fin-de-crise": (vault.end_crisis, "La crise est déclarée finie : ses finalités se ferment."),
}


@require_POST
def register_deed(request: Request, code: str, deed: str) -> HttpResponse:
    _gate(request)
    if deed not in DEEDS:
        raise NotFound("Cet acte n’existe pas.")
    policies.require_fresh_factor(request.actor)
    act, done = DEEDS[deed]
    act(request.actor, register=code)
    messages.success(request, done)
    return redirect("vault:register_page", code)


@require_http_methods(["POST"])
def assess(request: Request, code: str) -> HttpResponse:
    _gate(request)
    row = queries.register(code)
    form = AssessmentForm(request.POST)
    if form.is_valid():
        policies.require_fresh_factor(request.actor)
        try:
            controller = form.cleaned_data.pop("controller")
            vault.sign_assessment(request.actor, register=code, parts=form.cleaned_data, controller=controller)
        except ValidationError as error:
            tell(form, error)
        else:
            messages.success(request, "L’analyse d’impact est signée.")
            return redirect("vault:register_page", code)
    return _page(request, row, wrong=form)
