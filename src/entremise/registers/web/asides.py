"""Rows that did not come in, put right or sent back; persons whom a complete file no longer holds."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotFound
from entremise.kernel.http import Request, tell
from entremise.kernel.machines import IllegalTransition
from entremise.kernel.tables import writing
from entremise.registers import policies, queries, usecases
from entremise.registers.forms.imports import RowForm
from entremise.registers.models import ImportBatch, ImportedRow
from entremise.registers.web.imports import PAGE, batch_seen
from entremise.vault import queries as vault_queries, usecases as vault

ASIDES = 8
TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def register_of(request: Request, batch: ImportBatch) -> Any:
    return queries.register_seen(request.actor, batch.register)


@never_cache
@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "POST"])
def import_asides(request: Request, public_id: str) -> HttpResponse:
    """Rows set aside, some at a time, each with its form: put right, it comes in at once."""
    batch = batch_seen(request, public_id)
    policies.require_keeper(request.actor)
    waiting = ImportedRow.objects.filter(batch=batch, part=0, outcome="quarantined").order_by("number")
    page = Paginator(waiting, ASIDES).get_page(request.GET.get("page"))
    if not page.paginator.count:
        return redirect("registers:import_page", public_id)
    numbers = [one.number for one in page]
    asides = usecases.open_asides(request.actor, batch=batch, numbers=numbers)
    targets = usecases.targets_of(batch.register)
    asked = request.POST.get("number", "")
    forms = []
    for aside in asides:
        options: dict[str, Any] = {
            "targets": targets, "said": aside.said, "proposals": aside.proposals, "codes": aside.codes,
            "prefix": f"l{aside.number}",
        }  # fmt: skip
        mine = request.method == "POST" and asked == str(aside.number)
        form = RowForm(request.POST if mine else None, **options)
        if mine and form.is_valid():
            try:
                made = usecases.correct_row(
                    request.actor,
                    batch=batch,
                    number=aside.number,
                    parts=[{**form.lost, **part} for part in form.persons] if not form.two else form.persons,
                    confirmed=bool(form.cleaned_data.get("confirmed")),
                )
                messages.success(request, f"Ligne {aside.number} : {len(made)} fiche{'s' if len(made) > 1 else ''}.")
                return redirect("registers:import_asides", public_id)
            except IllegalTransition as error:
                messages.info(request, error.message)
                return redirect("registers:import_asides", public_id)
            except (DomainError, ValidationError) as error:
                tell(form, error)
        forms.append((aside, form))
    wrong = next((form for _, form in forms if form.errors), None)
    context = {"batch": batch, "row": register_of(request, batch), "page": page, "forms": forms, "wrong": wrong}
    return render(request, "registers/import_asides.html", context, status=422 if wrong else 200)


@never_cache
@sensitive_variables()
@require_safe
def import_rows(request: Request, public_id: str, form: str) -> HttpResponse:
    """The rows that did not come in, with why: to put right outside and send again."""
    if form not in TYPES:
        raise NotFound("Ce format n’existe pas : demandez .csv ou .xlsx.")
    batch = batch_seen(request, public_id)
    headings, rows = usecases.aside_table(request.actor, batch=batch)
    if form == "csv":
        content = writing.to_csv(headings, rows)
    else:
        about = [
            ("Contenu", "lignes qui ne sont pas entrées au registre, avec la raison"),
            ("Import", f"{public_id}, reçu le {batch.received_on:%d/%m/%Y}"),
            ("Attention", "ce fichier contient des données personnelles : supprimez-le après correction"),
            ("Lignes", str(len(rows))),
            ("Fait le", f"{clock.today():%d/%m/%Y}"),
            ("Par", request.actor.label),
        ]
        content = writing.to_xlsx("Lignes à corriger", headings, rows, about)
    answer = HttpResponse(content, content_type=TYPES[form])
    answer["Content-Disposition"] = f'attachment; filename="lignes-{public_id}.{form}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@never_cache
@sensitive_variables()
@require_safe
def import_absent(request: Request, public_id: str) -> HttpResponse:
    """Whom a complete file no longer holds: for a keeper to look at, one page at a time, journalled."""
    batch = batch_seen(request, public_id)
    policies.require_keeper(request.actor)
    page = Paginator(queries.not_found(batch), PAGE).get_page(request.GET.get("page"))
    persons = [one.person for one in page]
    opened = vault.open_many(
        request.actor,
        persons=persons,
        fields=[f"{batch.register}.names"],
        purpose="registers.keep",
        motive="Personnes absentes du dernier fichier complet",
    )
    origins = queries.provenance_many(persons)
    states = vault_queries.statuses(batch.register, persons)
    rows = [
        {
            "name": next(iter(opened[person].values.values()), "") if person in opened else "",
            "why": opened[person].reasons[0].reason if person in opened and opened[person].reasons else "",
            "last": next((one for one in origins.get(person, [])), None),
            "state": states.get(person, ""),
        }
        for person in persons
    ]
    context = {"batch": batch, "row": register_of(request, batch), "page": page, "rows": rows}
    return render(request, "registers/import_absent.html", context)
