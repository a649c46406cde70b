"""Spreadsheets in and out: send, put the columns right, see what would happen, import, take back the refused rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from entremise.accounts.policies import require_second_factor
from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.http import Request, tell
from entremise.kernel.machines import IllegalTransition
from entremise.kernel.tables import writing as sheetout
from entremise.kernel.tables.writing import Value
from entremise.mutualaid import policies, queries, usecases
from entremise.mutualaid.engine import masks, sheets
from entremise.mutualaid.forms.desk import STATE_FILTERS, NeedFilter
from entremise.mutualaid.forms.sheets import MappingForm, StartForm, UploadForm
from entremise.mutualaid.models import HelperProfile, Need, SheetImport
from entremise.mutualaid.queries.sheet_rows import PROBLEMS, Checker
from entremise.mutualaid.usecases.sheets import AT_ONCE
from entremise.mutualaid.web import desk
from entremise.people.engine import phone
from entremise.territories.queries import theme

PAGE = 25
SHOWN = 8  # rows of the preview
TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def _gate(request: Request) -> None:
    if not policies.can_match(request.actor):
        raise NotAllowed("Cette page est réservée aux agents entremetteurs.")
    require_second_factor(request.actor)


@require_http_methods(["GET", "POST"])
def sheet_list(request: Request) -> HttpResponse:
    """Send a spreadsheet; those sent before, with their figures."""
    _gate(request)
    form = UploadForm(initial={"kind": request.GET.get("contenu", "")})
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES)
        if "file" not in request.FILES and int(request.META.get("CONTENT_LENGTH") or 0) > sheets.MOST_BYTES:
            form.add_error("file", sheets.SENTENCES["too_heavy"])
            del form.errors["file"][0:-1]
        elif form.is_valid():
            try:
                data = form.cleaned_data["file"].read()
                sheet = usecases.upload_sheet(request.actor, kind=form.cleaned_data["kind"], data=data)
                return redirect("mutualaid:sheet_page", sheet.public_id)
            except usecases.FileRefused as error:
                form.add_error("file", error.message)
            except (DomainError, ValidationError) as error:
                tell(form, error)
    page = Paginator(queries.sheets(request.actor), PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "lead": request.actor.has("lead_matchmaker")}
    return render(request, "mutualaid/sheet_list.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def sheet_page(request: Request, public_id: str) -> HttpResponse:
    """Columns and preview while the file is here; then how far the import is; then what it made."""
    _gate(request)
    sheet = queries.sheet(request.actor, public_id)
    if request.htmx:
        if sheet.state != "running":
            return HttpResponseClientRedirect(reverse("mutualaid:sheet_page", args=[public_id]))
        return render(request, "mutualaid/_sheet_progress.html", {"sheet": sheet})
    if sheet.state not in ("uploaded", "mapped", "failed"):
        context = {"sheet": sheet, "problems": _problems(sheet.problems), "at_once": AT_ONCE}
        return render(request, "mutualaid/sheet_done.html", context)
    return _mapping_page(request, sheet)


@sensitive_variables()
def _mapping_page(request: Request, sheet: SheetImport, start: StartForm | None = None) -> HttpResponse:
    book, table = usecases.open_sheet(request.actor, sheet=sheet)
    initial: dict[str, Any] = {f"c{rank}": target for rank, target in enumerate(sheet.mapping)}
    initial |= {"sheet": sheet.sheet, "category": sheet.category and sheet.category.code, "territory": sheet.territory}
    options: dict[str, Any] = {"kind": sheet.kind, "table": table, "names": book.names}
    form = MappingForm(initial=initial, **options)
    if request.method == "POST" and start is None:
        form = MappingForm(request.POST, **options)
        if form.is_valid():
            try:
                usecases.map_sheet(
                    request.actor,
                    sheet=sheet,
                    mapping=form.mapping,
                    category=form.cleaned_data["category"],
                    territory=form.cleaned_data["territory"],
                    rank=form.cleaned_data.get("sheet"),
                )
                return redirect(f"{reverse('mutualaid:sheet_page', args=[sheet.public_id])}#apercu")
            except (DomainError, ValidationError) as error:
                tell(form, error)
    rows = list(Checker(sheet, table).rows())
    context = {
        "sheet": sheet,
        "table": table,
        "names": book.names,
        "form": form,
        "start": start or StartForm(kind=sheet.kind, has_column="consent" in sheet.mapping),
        "wrong": start if start is not None else form,
        "shown": rows[:SHOWN],
        "columns": [name for name in _LABELS if any(name in _words(row) for row in rows[:SHOWN])],
        "preview": [(row, _words(row)) for row in rows[:SHOWN]],
        "good": sum(1 for row in rows if not row.problems and not row.twin),
        "twins": sum(1 for row in rows if row.twin and not row.problems),
        "refused": sum(1 for row in rows if row.problems),
        "problems": _problems(Counter(code for row in rows for code in row.problems)),
        "at_once": AT_ONCE,
    }
    status = 422 if form.errors or (start is not None and start.errors) else 200
    return render(request, "mutualaid/sheet_page.html", context, status=status)


_LABELS = ("Personne", "Téléphone", "Courriel", "Commune", "Aide", "Urgence", "Reçue le", "Moments")


def _words(row: Any) -> dict[str, str]:
    """A row as it was understood, in the words of the screens."""
    facts, values = row.facts, row.values
    kinds = facts.get("categories") or [facts[name] for name in ("category",) if name in facts]
    urgencies = dict(Need._meta.get_field("urgency").flatchoices)
    said = {
        "Personne": f"{values.get('first_name', '')} {values.get('last_name', '')}".strip(),
        "Téléphone": phone.readable(values["phone"]).replace(" ", "\u00a0") if "phone" in values else "",
        "Courriel": values.get("email", ""),
        "Commune": facts["territory"].name if "territory" in facts else "",
        "Aide": ", ".join(kind.label for kind in kinds),
        "Urgence": urgencies.get(facts.get("urgency", ""), ""),
        "Reçue le": timezone.localtime(facts["received_at"]).strftime("%d/%m/%Y") if facts.get("dated") else "",
        "Moments": masks.slot_label(facts["slots"]) if "slots" in facts else "",
    }
    return {name: text for name, text in said.items() if text}


def _problems(counts: dict[str, int]) -> list[tuple[str, int]]:
    most_first = sorted(dict(counts).items(), key=lambda one: (-one[1], one[0]))
    return [(PROBLEMS.get(code) or code, count) for code, count in most_first]


@require_POST
def sheet_start(request: Request, public_id: str) -> HttpResponse:
    """Import now when it is short, else leave it to a job and follow it."""
    _gate(request)
    sheet = queries.sheet(request.actor, public_id)
    form = StartForm(request.POST, kind=sheet.kind, has_column="consent" in sheet.mapping)
    if sheet.state == "uploaded":
        messages.error(request, "Vérifiez d’abord les colonnes.")
        return redirect("mutualaid:sheet_page", public_id)
    if not form.is_valid():
        return _mapping_page(request, sheet, form)
    try:
        usecases.start_sheet(
            request.actor, sheet=sheet, basis=form.cleaned_data["basis"], declared=form.cleaned_data["declared"]
        )
    except IllegalTransition:
        messages.info(request, "Cet import est déjà lancé ou terminé : le voici.")
        return redirect("mutualaid:sheet_page", public_id)
    except (DomainError, ValidationError) as error:
        tell(form, error)
        return _mapping_page(request, sheet, form)
    if sheet.row_count <= AT_ONCE:
        usecases.run_sheet(request.actor, sheet=sheet)
    return redirect("mutualaid:sheet_page", public_id)


@require_POST
def sheet_cancel(request: Request, public_id: str) -> HttpResponse:
    _gate(request)
    try:
        usecases.cancel_sheet(request.actor, sheet=queries.sheet(request.actor, public_id))
        messages.success(request, "Import abandonné. Le fichier est détruit, rien n’a été enregistré.")
    except IllegalTransition as error:
        messages.error(request, error.message)
    return redirect("mutualaid:sheet_list")


@require_safe
def sheet_rejects(request: Request, public_id: str, form: str) -> HttpResponse:
    """The refused rows as they were, with why: to put right and send again. The agent's own file, given back."""
    _gate(request)
    sheet = queries.sheet(request.actor, public_id)
    headings, rows = usecases.open_rejects(request.actor, sheet=sheet)
    about = [
        ("Contenu", "lignes refusées d’un tableur, à corriger et à renvoyer"),
        ("Tableur", f"{sheet.get_kind_display()}, envoyé le {_day(sheet.uploaded_at)}"),
        ("Attention", "ce fichier contient des données personnelles : supprimez-le après correction"),
    ]
    return _file(request, form, f"rejets-{public_id}", "Lignes refusées", headings, rows, about)


def _file(
    request: Request,
    form: str,
    name: str,
    title: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[Value]],
    about: Sequence[tuple[str, str]],
) -> HttpResponse:
    if form not in TYPES:
        raise NotFound("Ce format n’existe pas : demandez .csv ou .xlsx.")
    rows = list(rows)
    if form == "csv":
        content = sheetout.to_csv(headings, rows)
    else:
        said = [
            *about,
            ("Lignes", str(len(rows))),
            ("Fait le", _day(clock.now())),
            ("Par", request.actor.label),
            ("Source", f"Entremise, {theme().name}"),
        ]
        content = sheetout.to_xlsx(title, headings, rows, said)
    answer = HttpResponse(content, content_type=TYPES[form])
    answer["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _day(moment: Any) -> str:
    return timezone.localtime(moment).strftime("%d/%m/%Y à %H:%M")


_WITHOUT = ("Contenu", "sans nom, téléphone, adresse ni précision : ils restent au coffre")
_NEED_HEADINGS = (
    "Code", "Aide", "Urgence", "Reçue le", "Pour le", "Commune", "Code INSEE", "État", "Moments", "Délicate",
    "Arrivée", "Close le", "Raison de la clôture",
)  # fmt: skip


def _need_row(need: Need) -> list[Value]:
    return [
        need.code,
        need.category.label,
        need.get_urgency_display(),
        timezone.localtime(need.received_at),
        need.due_on,
        need.territory.name,
        need.territory.code,
        need.get_state_display(),
        masks.slot_label(need.slots),
        need.sensitive,
        need.get_origin_display(),
        timezone.localtime(need.closed_at) if need.closed_at else None,
        need.get_closed_reason_display() if need.closed_reason else "",
    ]


@require_safe
def need_export(request: Request, form: str) -> HttpResponse:
    """The list of requests under the filters of the screen, as the screen shows it."""
    _gate(request)
    chosen = NeedFilter(request.GET)
    chosen.is_valid()
    said = chosen.cleaned_data
    filters = [
        f"état : {STATE_FILTERS.get(said.get('etat') or '', '')}" if said.get("etat") else "",
        f"aide : {said['aide'].label}" if said.get("aide") else "",
        f"commune : {said['commune'].name}" if said.get("commune") else "",
        "recherche par code ou téléphone" if said.get("q") else "",  # never the number itself
    ]
    about = [("Liste", "toutes les demandes"), ("Filtres", ", ".join(filter(None, filters)) or "aucun"), _WITHOUT]
    rows = (_need_row(need) for need in desk.filtered(request, said))
    return _file(request, form, "demandes", "Demandes", _NEED_HEADINGS, rows, about)


@require_safe
def queue_export(request: Request, form: str) -> HttpResponse:
    _gate(request)
    about = [("Liste", "demandes à traiter, la plus pressante d’abord"), ("Filtres", "aucun"), _WITHOUT]
    rows = (_need_row(need) for need in queries.queue(request.actor))
    return _file(request, form, "file", "File", _NEED_HEADINGS, rows, about)


_HELPER_HEADINGS = (
    "Fiche", "Commune", "Code INSEE", "Aides", "Moments", "Langues", "Rayon en km", "Sollicitations par mois au plus",
    "État", "Identité vue", "Inscription", "Dernière sollicitation",
)  # fmt: skip


@require_safe
def helper_export(request: Request, form: str) -> HttpResponse:
    _gate(request)
    state, found = request.GET.get("etat", ""), queries.helpers(request.actor)
    states = dict(HelperProfile._meta.get_field("state").flatchoices)
    if state in states:
        found = found.filter(state=state)
    labels = list(queries.categories())
    rows = (
        [
            helper.public_id,
            helper.territory.name,
            helper.territory.code,
            ", ".join(category.label for category in labels if helper.categories & category.mask),
            masks.slot_label(helper.slots),
            ", ".join(masks.language_labels(helper.languages)),
            helper.radius_m / 1000,
            helper.monthly_max,
            helper.get_state_display(),
            helper.screened_at is not None,
            timezone.localtime(helper.registered_at),
            timezone.localtime(helper.last_solicited_at) if helper.last_solicited_at else None,
        ]
        for helper in found
    )
    about = [("Liste", "personnes qui aident"), ("Filtres", f"état : {states.get(state) or 'tous'}"), _WITHOUT]
    return _file(request, form, "aidants", "Personnes qui aident", _HELPER_HEADINGS, rows, about)
