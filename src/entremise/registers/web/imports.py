"""A file into a register, in four steps: the file, its columns, what would happen, the load."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.http import Request, tell
from entremise.people.engine import phone as phones
from entremise.registers import policies, queries, usecases
from entremise.registers.engine.intake import PROBLEMS
from entremise.registers.engine.intake.problems import LABELS, OUTCOMES
from entremise.registers.forms.imports import IGNORED, NEW, ColumnsForm, FileForm, sentence
from entremise.registers.models import ImportBatch, ImportedRow
from entremise.registers.usecases.imports import files
from entremise.registers.usecases.imports.loading import MOST_CHANGED
from entremise.vault import registry

PAGE = 25
TAGS = {"loaded": "good", "failed": "danger", "checked": "warn", "mapped": "warn"}
STEPS = ("Fichier", "Colonnes", "Aperçu", "Chargement")
AT = {"received": 0, "reading": 0, "mapped": 1, "checking": 1, "checked": 2, "loading": 3, "loaded": 4}
EFFECTS = {
    "new": "nouvelles fiches", "changed": "fiches mises à jour", "same": "fiches inchangées",
    "returned": "personnes de retour", "absent": "absentes de ce fichier", "withdrawn": "fiches retirées",
}  # fmt: skip


class WholeFile(MemoryFileUploadHandler):
    """Up to the limit of a register's file, in memory: never a temporary file in clear."""

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, boundary: Any,
                         encoding: Any = None) -> None:  # fmt: skip
        self.activated = content_length <= files.LIMITS.bytes + 1024 * 1024


def steps(state: str) -> list[dict[str, str]]:
    at = AT.get(state, 0)
    return [
        {"label": label, "state": "done" if n < at else "current" if n == at else ""} for n, label in enumerate(STEPS)
    ]


def _say(request: Request, error: DomainError | ValidationError) -> None:
    if isinstance(error, NotAllowed | NotFound):
        raise error
    messages.warning(request, error.message if isinstance(error, DomainError) else " ".join(error.messages))


def _seen(request: Request, code: str) -> Any:
    """A register this agent may see, or NotFound."""
    return queries.register_seen(request.actor, code)


def batch_seen(request: Request, public_id: str) -> ImportBatch:
    policies.require_reader(request.actor)
    batch = queries.batch_of(public_id)
    _seen(request, batch.register)
    return batch


@require_safe
def import_list(request: Request) -> HttpResponse:
    """Every file that came, and where to send the next one. Counts only."""
    policies.require_reader(request.actor)
    visible = {row.code: row for row in queries.visible(request.actor)}
    found = queries.batches().filter(source__register__in=list(visible))
    if (code := request.GET.get("registre", "")) in visible:
        found = found.filter(source__register=code)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [
            {"batch": one, "register": visible[one.register].label, "tag": TAGS.get(one.state, "")} for one in page
        ],
        "open": [row for row in visible.values() if row.status == "open" and row.kind != "mutual_aid"],
        "keeper": request.actor.has("keeper"),
    }  # fmt: skip
    return render(request, "registers/import_list.html", context)


@csrf_exempt  # the handler of a big file must be set before the token is read: `_import_new` checks it
def import_new(request: Request, code: str) -> HttpResponse:
    policies.require_keeper(request.actor)
    request.upload_handlers = [WholeFile(request)]
    return _import_new(request, code)


@csrf_protect
@never_cache
@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "POST"])
def _import_new(request: Request, code: str) -> HttpResponse:
    """Step 1: the file, and where it comes from. Nothing typed is lost when it is refused."""
    row = _seen(request, code)
    known = queries.sources(code)
    options: dict[str, Any] = {"sources": known, "legal": row.kind == "legal"}
    start = {
        "source": known[0].public_id if known else NEW,
        "complete": "yes" if known and known[0].complete else "no",
    }
    if row.kind == "legal":
        start["origin"] = "requests"
    form = FileForm(initial=start, **options)
    if request.method == "POST":
        form = FileForm(request.POST, request.FILES, **options)
        if "file" not in request.FILES and int(request.META.get("CONTENT_LENGTH") or 0) > files.LIMITS.bytes:
            form.add_error("file", files.SENTENCES["too_heavy"])
            del form.errors["file"][0:-1]
        elif form.is_valid():
            try:
                batch = _receive(request, code, form.cleaned_data, {one.public_id: one for one in known})
                return redirect("registers:import_page", batch.public_id)
            except (usecases.FileUnreadable, usecases.FileAlreadyLoaded) as error:
                form.add_error("file", error.message)
            except (DomainError, ValidationError) as error:
                tell(form, error)
    context = {"form": form, "row": row, "steps": steps("received"), "known": bool(known), "new": NEW}
    return render(request, "registers/import_new.html", context, status=422 if form.errors else 200)


@sensitive_variables()
def _receive(request: Request, code: str, said: dict[str, Any], known: dict[str, Any]) -> ImportBatch:
    source = known.get(said["source"])
    if source is None:
        source = usecases.create_source(
            request.actor,
            register=code,
            label=said["label"],
            giver=said["giver"],
            legal_basis=said["legal_basis"],
            origin=said["origin"],
            complete=said["complete"] == "yes",
        )
    batch = usecases.receive_file(
        request.actor,
        source=source,
        content=said["file"].read(),
        complete=said["complete"] == "yes",
        received_on=said["received_on"],
    )
    if batch.size <= files.AT_ONCE:
        usecases.read_file(request.actor, batch=batch)
    return batch


@never_cache
@sensitive_variables()
@require_http_methods(["GET", "POST"])
def import_page(request: Request, public_id: str) -> HttpResponse:
    """Where a file is: being read, its columns, what would happen, what it did."""
    batch = batch_seen(request, public_id)
    if request.htmx:
        if not batch.at_work:
            return HttpResponseClientRedirect(reverse("registers:import_page", args=[public_id]))
        return render(request, "registers/_import_progress.html", {"batch": batch})
    context: dict[str, Any] = {
        "batch": batch,
        "row": _seen(request, batch.register),
        "steps": steps(batch.state),
        "keeper": request.actor.has("keeper"),
        "failure": files.french(batch.failure) if batch.state == "failed" else "",
        "outcomes": [(LABELS[name], batch.outcomes.get(name, 0), name) for name in OUTCOMES],
        "effects": [(label, batch.effects.get(name, 0), name) for name, label in EFFECTS.items()],
        "problems": problems(batch),
        "most_changed": MOST_CHANGED,
        "enrols": files.enrols(batch.register),
        "undated": dict(batch.problems).get("missing_requested_on", 0),
        "requests": queries.requests_of(batch) if batch.state == "loaded" else {},
    }
    if batch.state == "mapped" and request.actor.has("keeper"):
        return _columns(request, batch, context)
    if batch.state == "checked" and request.actor.has("keeper"):
        context |= _preview(request, batch)
    return render(request, "registers/import_page.html", context)


def problems(batch: ImportBatch) -> list[dict[str, Any]]:
    """What was found, the most serious first."""
    rows = [
        {"code": code, "count": count, "sentence": sentence(code), "outcome": PROBLEMS[code].outcome}
        for code, count in dict(batch.problems).items()
        if code in PROBLEMS and PROBLEMS[code].outcome != "blank"
    ]
    return sorted(rows, key=lambda one: (-OUTCOMES.index(one["outcome"]), -one["count"]))


@sensitive_variables()
def _columns(request: Request, batch: ImportBatch, context: dict[str, Any]) -> HttpResponse:
    """Step 2: a choice for each column, proposed; another sheet; the order of dates."""
    said = usecases.open_sample(request.actor, batch=batch)
    options: dict[str, Any] = {
        "headings": said["headings"], "rows": said["rows"], "targets": usecases.targets_of(batch.register),
        "refused": batch.refused_columns,
    }  # fmt: skip
    start: dict[str, Any] = {f"c{rank}": target or IGNORED for rank, target in enumerate(batch.mapping)}
    start |= {"date_order": batch.date_order, "complete": "yes" if batch.complete else "no"}
    form = ColumnsForm(initial=start, **options)
    if request.method == "POST":
        form = ColumnsForm(request.POST, **options)
        if form.is_valid():
            try:
                usecases.set_mapping(
                    request.actor,
                    batch=batch,
                    mapping=form.mapping,
                    date_order=form.cleaned_data["date_order"],
                    complete=form.cleaned_data["complete"] == "yes",
                )
                if batch.size <= files.AT_ONCE:
                    usecases.check_file(request.actor, batch=batch)
                return redirect("registers:import_page", batch.public_id)
            except (DomainError, ValidationError) as error:
                tell(form, error)
    sheets = [
        {"rank": rank, "name": name, "hidden": rank in said["hidden"], "read": rank == batch.sheet}
        for rank, name in enumerate(said["names"])
    ]
    context |= {"form": form, "sheets": sheets, "month_first": said.get("month_first")}
    return render(request, "registers/import_columns.html", context, status=422 if form.errors else 200)


@sensitive_variables()
def _preview(request: Request, batch: ImportBatch) -> dict[str, Any]:
    """Step 3: some rows as they were understood, some of each problem. Opened from the seal, journalled."""
    said = usecases.open_sample(request.actor, batch=batch)
    labels = registry.profile(batch.register).labels
    shown = said.get("shown", [])
    fields = [name for name in labels if any(name in values for _, values, *_ in shown)]
    return {
        "fields": [labels[name] for name in fields],
        "shown": [
            {
                "number": number,
                "cells": [(_readable(name, values.get(name, "")), received.get(name, "")) for name in fields],
                "codes": [sentence(code) for code in codes],
                "effect": ImportedRow.EFFECTS.get(effect, ""),
            }
            for number, values, received, codes, effect in shown
        ],
        "samples": [
            {
                "sentence": sentence(code),
                "rows": [
                    (number, " · ".join(filter(None, [*received.values(), *values.values()]))[:160])
                    for number, values, received in kept
                ],
            }
            for code, kept in said.get("samples", {}).items()
            if kept and PROBLEMS[code].outcome != "blank"
        ],
        "ready": batch.outcomes.get("accepted", 0) + batch.outcomes.get("accepted_with_warnings", 0),
    }


def _readable(name: str, value: str) -> str:
    """A clean value as people read it: telephones by pairs, days first."""
    if name == "phone":
        return ", ".join(phones.readable(one).replace(" ", "\u00a0") for one in value.split(" / ") if one)
    if name in ("birth_date", "requested_on") and len(value) == len("1938-03-12"):
        return f"{value[8:]}/{value[5:7]}/{value[:4]}"
    return value


@require_POST
def import_deed(request: Request, public_id: str, deed: str) -> HttpResponse:
    """What a keeper decides of a file: its sheet, its columns again, load it, give it up, take it back."""
    batch = batch_seen(request, public_id)
    actor = request.actor
    try:
        if deed == "feuille":
            usecases.choose_sheet(actor, batch=batch, sheet=int(request.POST.get("sheet", "0") or 0))
            if batch.size <= files.AT_ONCE:
                usecases.read_file(actor, batch=batch)
        elif deed == "colonnes":
            usecases.reopen_columns(actor, batch=batch)
        elif deed == "charger":
            usecases.start_load(actor, batch=batch)
            if batch.row_count <= files.LOAD_AT_ONCE:
                usecases.load_batch(actor, batch=batch)
        elif deed == "abandonner":
            usecases.reject_batch(actor, batch=batch)
            messages.success(request, "Fichier abandonné et détruit. Rien n’a été enregistré.")
        elif deed == "retirer":
            closed = usecases.withdraw_batch(actor, batch=batch)
            messages.success(request, f"Fichier retiré. Fiches closes : {closed}.")
        elif deed == "laisser":
            gone = usecases.discard_rows(actor, batch=batch)
            messages.success(request, f"Lignes laissées de côté : {gone}. Ce qu’elles disaient est détruit.")
        else:
            raise NotFound("Cette page n’existe pas.")
    except ValueError:
        messages.warning(request, "Choisissez une feuille de la liste.")
    except (DomainError, ValidationError) as error:
        _say(request, error)
    return redirect("registers:import_page", public_id)
