"""Targeting: computations, drafts, cohorts, comparison. Names are opened on request only, twenty at a time."""

from __future__ import annotations

import csv
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotFound
from entremise.kernel.http import Request, tell
from entremise.registers import policies, queries, usecases
from entremise.registers.engine.fragility import DISCLAIMER
from entremise.registers.forms.targeting import AskForm, CompareForm, DraftForm, HeatForm, PrintForm
from entremise.registers.models import Cohort, HeatExposure, Targeting
from entremise.registers.queries import cohorts
from entremise.registers.rules import targeting as voted
from entremise.registers.usecases.targeting.computation import fields_of
from entremise.vault import queries as vault, registry

PAGE = 25
TAGS = {"frozen": "good", "draft": "", "expired": "warn", "withdrawn": "warn", "failed": "danger", "done": "good"}
FAILURES = {
    "fresh_factor_needed": "La seconde preuve datait de plus de 15 minutes quand le calcul a commencé : relancez-le.",
    "not_allowed": "Les règles en vigueur, ou la demande, n’ont pas permis ce calcul. Rien n’a été lu.",
    "cohort_empty": "Aucune fiche ne peut servir : elles attendent que la personne soit informée, ou le règlement en "
    "vigueur ne permet pas de fournir l’adresse et le téléphone au repérage.",
    "request_spent": "La demande n’a plus assez de lignes, ou a pris fin : déposez-en une nouvelle.",
}


@require_safe
def cohort_list(request: Request) -> HttpResponse:
    """Computations of mine that are still there, and every cohort. No person."""
    policies.require_reader(request.actor)
    page = Paginator(Cohort.objects.defer("sealed"), PAGE).get_page(request.GET.get("page"))
    context = {
        "targetings": [(row, TAGS.get(row.state, "")) for row in cohorts.kept_targetings(request.actor)],
        "rows": [(row, TAGS.get(row.state, ""), _alerts(row)) for row in page],
        "page": page,
        "keeper": request.actor.has("keeper"),
        "profiles": voted.PROFILES,
        "disclaimer": DISCLAIMER,
        "heat": HeatExposure.objects.count(),
    }
    return render(request, "registers/cohort_list.html", context)


def _alerts(row: Cohort) -> list[str]:
    """What the nightly review proposes, in words."""
    if row.state != "frozen":
        return []
    said, found = row.proposal, []
    if said.get("lost"):
        found.append(f"{said['lost']} personnes ne peuvent plus être jointes")
    elif said.get("some_lost"):
        found.append("quelques personnes ne peuvent plus être jointes")
    if said.get("votes"):
        found.append("des points ont été votés depuis")
    if said.get("newer"):
        found.append("un repérage plus récent existe")
    return found


@require_http_methods(["GET", "POST"])
def cohort_new(request: Request) -> HttpResponse:
    """Choose a granted request and its registers, then start the computation."""
    policies.require_keeper(request.actor)
    granted = cohorts.granted_requests(request.actor)
    labels = {row.code: row.label for row in vault.registers()}
    asked = request.POST.get("request") or (granted[0].public_id if granted else "")
    forms = []
    for row in granted:
        data = request.POST if request.method == "POST" and row.public_id == asked else None
        choices = [(code, labels.get(code, code)) for code in row.registers]
        form = AskForm(choices, data, auto_id=f"{row.public_id}_%s")
        missing = [_said(name) for name in fields_of(row.registers) if name not in row.fields]
        forms.append((row, form, missing))
        if data is not None and form.is_valid():
            try:
                done = usecases.ask_targeting(
                    request.actor, request=row.public_id, registers=form.cleaned_data["registers"]
                )
            except (DomainError, ValidationError) as error:
                tell(form, error)
            else:
                messages.success(request, "Le repérage est demandé : il se fait dans le coffre.")
                return redirect("registers:targeting_page", done.public_id)
    wrong = next((form for _, form, _ in forms if form.errors), None)
    context = {"granted": forms, "form": wrong, "disclaimer": DISCLAIMER}
    return render(request, "registers/cohort_new.html", context, status=422 if wrong else 200)


def _said(name: str) -> str:
    code, _, cell = name.partition(".")
    return f"{registry.profile(code).labels.get(cell, cell)} ({code})"


@require_http_methods(["GET", "POST"])
def targeting_page(request: Request, public_id: str) -> HttpResponse:
    """A computation under way, or done and waiting for drafts."""
    policies.require_reader(request.actor)
    row = cohorts.targeting(public_id)
    if request.actor.has("keeper") and row.state == "done" and _kept(row):
        return _draft(request, row)
    return render(request, "registers/targeting_page.html", _targeting(request, row))


def _kept(row: Targeting) -> bool:
    return row.keep_until is not None and row.keep_until > clock.now()


def _targeting(request: Request, row: Targeting) -> dict[str, Any]:
    labels = {one.code: one.label for one in vault.registers()}
    held = row.state == "running" and row.lease_until is not None and row.lease_until > clock.now()
    mine = request.actor.user_id == row.asked_by and request.actor.has("keeper")
    return {
        "row": row,
        "tag": TAGS.get(row.state, ""),
        "registers": [labels.get(code, code) for code in row.registers],
        "why": FAILURES.get(row.failure, f"Le calcul s’est arrêté ({row.failure}). Rien n’en est resté."),
        "step": row.STEPS.get(row.step, "en attente d’un poste libre"),
        "percent": round(row.share * 100),
        "alive": row.state in ("ready", "running"),
        "may_resume": mine and (row.state == "failed" or (row.state == "running" and not held)),
        "may_cancel": mine and row.state in ("ready", "running", "failed"),
        "least": cohorts.least_count(row.registers),
        "disclaimer": DISCLAIMER,
        "kept": _kept(row),
    }


def _draft(request: Request, row: Targeting) -> HttpResponse:
    profile = request.POST.get("profile") or request.GET.get("profil") or "canicule"
    if profile not in voted.PROFILES:
        raise NotFound("Ce profil n’existe pas.")
    answerable = cohorts.answerable(row.registers)
    weights = cohorts.weights(profile)
    form = DraftForm([one for one in weights if one.factor.code in answerable], request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            cohort = usecases.draft_cohort(request.actor, targeting=row, profile=profile, **form.said())
        except (DomainError, ValidationError) as error:
            tell(form, error)
        else:
            return redirect("registers:cohort_page", cohort.public_id)
    context = _targeting(request, row) | {
        "form": form,
        "profile": profile,
        "profiles": voted.PROFILES,
        "silent": [one.factor.label for one in weights if one.factor.code not in answerable and one.voted],
        "adjustable": any(one.least != one.most for one in weights),
    }
    return render(request, "registers/targeting_page.html", context, status=422 if form.errors else 200)


@require_POST
def targeting_deed(request: Request, public_id: str, deed: str) -> HttpResponse:
    row = cohorts.targeting(public_id)
    if deed == "relancer":
        usecases.resume_targeting(request.actor, targeting=row)
        messages.success(request, "Le repérage reprend.")
    elif deed == "annuler":
        usecases.cancel_targeting(request.actor, targeting=row)
        messages.success(request, "Le repérage est annulé : rien n’en reste.")
    else:
        raise NotFound("Cette action n’existe pas.")
    return redirect("registers:targeting_page", public_id)


@require_safe
def cohort_page(request: Request, public_id: str) -> HttpResponse:
    """What may be said of a cohort, before and after it is frozen: counts, points, who it misses."""
    policies.require_reader(request.actor)
    row = cohorts.cohort(public_id)
    return render(request, "registers/cohort_page.html", _cohort(request, row))


def _cohort(request: Request, row: Cohort) -> dict[str, Any]:
    factors = {factor.code: factor for factor in voted.FED}
    labels = {one.code: one.label for one in vault.registers()}
    counts, keeper = row.counts, request.actor.has("keeper")
    named = [
        (factors[code], number, row.voted.get(code, number))
        for code, number in sorted(row.points.items(), key=lambda one: -one[1])
        if code in factors
    ]
    return {
        "row": row,
        "tag": TAGS.get(row.state, ""),
        "registers": [labels.get(code, code) for code in row.registers],
        "profile": voted.PROFILES.get(row.profile, row.profile),
        "counts": counts,
        "percent": round(100 * counts.get("size", 0) / max(1, counts.get("base", 1))),
        "tables": _side_by_side(counts),
        "points": named,
        "changed": [(factor.label, number, was) for factor, number, was in named if number != was],
        "silent": [factor.label for code, factor in factors.items() if code not in row.points and row.voted.get(code)],
        "usable": len(queries.members(row, clock.now())) if row.state == "frozen" else None,
        "alerts": _alerts(row),
        "keeper": keeper,
        "may_freeze": keeper and row.state == "draft",
        "may_read": keeper and row.state == "frozen",
        "may_print": request.actor.has("supervisor") and row.state == "frozen",
        "may_end": keeper and row.state in ("draft", "frozen"),
        "disclaimer": DISCLAIMER,
    }


def _side_by_side(counts: dict[str, Any]) -> list[list[list[dict[str, Any]]]]:
    """The tables two columns at a time; one that says a single line says nothing more than the whole."""
    tables = {table["id"]: table for table in _tables(counts) if len(table["rows"]) > 1 or table["id"] == "territory"}
    pairs = [
        [["territory"], ["epci", "department"]],
        [["bands"], ["points"]],
        [["channels"], ["registers"]],
    ]
    shown = [[[tables[code] for code in column if code in tables] for column in pair] for pair in pairs]
    return [[column for column in pair if column] for pair in shown if any(pair)]


def _tables(counts: dict[str, Any]) -> list[dict[str, Any]]:
    """The tables in reading order, each row with its share; none where nothing may be shown."""
    shown = [
        ("territory", "Par commune", "Commune"),
        ("epci", "Par intercommunalité", "Intercommunalité"),
        ("department", "Par département", "Département"),
        ("bands", "Par âge", "Âge"),
        ("points", "Par nombre de points", "Points"),
        ("channels", "Par moyen de joindre", "Moyen"),
        ("registers", "Par registre", "Registre"),
    ]
    return [
        {
            "id": code,
            "title": title,
            "heading": heading,
            "rows": [
                {**row, "percent": round(100 * row["in"] / row["base"]) if row["base"] else 0} for row in counts[code]
            ],
        }
        for code, title, heading in shown
        if counts.get(code)
    ]


@require_POST
@never_cache
def cohort_read(request: Request, public_id: str) -> HttpResponse:
    """Twenty names and why each is there: opened now, journalled, shown once, never cached."""
    row = cohorts.cohort(public_id)
    number = request.POST.get("page", "1")
    page = usecases.read_cohort(request.actor, cohort=row, page=int(number) if number.isdecimal() else 1)
    context = {"row": row, "page": page, "disclaimer": DISCLAIMER, "per": 20}
    return render(request, "registers/cohort_read.html", context)


@require_POST
def cohort_deed(request: Request, public_id: str, deed: str) -> HttpResponse:
    row = cohorts.cohort(public_id)
    if deed == "figer":
        usecases.freeze_cohort(request.actor, cohort=row)
        messages.success(request, "La cohorte est figée. Qui s’oppose ou décède en sort à chaque usage.")
    elif deed == "retirer":
        usecases.withdraw_cohort(request.actor, cohort=row)
        messages.success(request, "La cohorte est retirée, ses raisons sont détruites.")
    else:
        raise NotFound("Cette action n’existe pas.")
    return redirect("registers:cohort_page", public_id)


@require_http_methods(["GET", "POST"])
@never_cache
def cohort_print(request: Request, public_id: str) -> HttpResponse:
    """A list on paper for who calls or visits: no score, no reason."""
    row = cohorts.cohort(public_id)
    form = PrintForm(request.POST or None)
    lines: list[Any] = []
    if request.method == "POST" and form.is_valid():
        try:
            lines = usecases.print_cohort(request.actor, cohort=row, **form.cleaned_data)
        except (DomainError, ValidationError) as error:
            tell(form, error)
    else:
        policies.require_printer(request.actor)
    context = {
        "row": row,
        "form": form,
        "lines": lines,
        "done": request.method == "POST" and not form.errors,
        "disclaimer": DISCLAIMER,
        "agent": request.actor.label,
        "now": clock.now(),
    }
    return render(request, "registers/cohort_print.html", context, status=422 if form.errors else 200)


@require_safe
def cohort_tables(request: Request, public_id: str) -> HttpResponse:
    """The same counts as the page, for a spreadsheet; the caution is its first line."""
    policies.require_reader(request.actor)
    row = cohorts.cohort(public_id)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="cohorte-{row.public_id}.csv"'
    answer.write("\ufeff")
    sheet = csv.writer(answer, delimiter=";")
    sheet.writerow([f"{DISCLAIMER}."])
    sheet.writerow([f"Cohorte {row.public_id}, calculée le {row.computed_on:%d/%m/%Y}, règlement {row.rule_set}."])
    sheet.writerow(["Tableau", "Valeur", "Cohorte", "Base"])
    for table in _tables(row.counts):
        for line in table["rows"]:
            sheet.writerow([table["title"], _plain(line["label"]), line["in"], line["base"]])
    return answer


def _plain(text: str) -> str:
    """A register's name is typed by somebody: a spreadsheet must not read it as a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


@require_http_methods(["GET", "POST"])
@never_cache
def cohort_compare(request: Request) -> HttpResponse:
    """Two cohorts: how many enter, how many leave. Never who."""
    policies.require_keeper(request.actor)
    rows = [row for row in cohorts.cohorts() if row.state in ("draft", "frozen")]
    form = CompareForm(rows, request.POST or None, initial={"after": request.GET.get("apres", "")})
    found = None
    if request.method == "POST" and form.is_valid():
        by = {row.public_id: row for row in rows}
        try:
            found = usecases.compare_cohorts(
                request.actor, before=by[form.cleaned_data["before"]], after=by[form.cleaned_data["after"]]
            )
        except (DomainError, ValidationError) as error:
            tell(form, error)
    context = {"form": form, "rows": rows, "found": found, "disclaimer": DISCLAIMER}
    return render(request, "registers/cohort_compare.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def heat(request: Request) -> HttpResponse:
    """The territory's own list of communes exposed to heat."""
    policies.require_keeper(request.actor)
    rows = list(HeatExposure.objects.all())
    start = {
        "exposed": "\n".join(row.commune for row in rows if row.exposed),
        "spared": "\n".join(row.commune for row in rows if not row.exposed),
        "source": rows[0].source if rows else "",
    }
    form = HeatForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            number = usecases.declare_heat(request.actor, **form.said())
        except (DomainError, ValidationError) as error:
            tell(form, error)
        else:
            messages.success(
                request, f"Liste enregistrée : {number} communes. Les prochaines cohortes en tiendront compte."
            )
            return redirect(reverse("registers:cohort_list"))
    return render(request, "registers/heat.html", {"form": form}, status=422 if form.errors else 200)
