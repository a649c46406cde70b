"""« Annuaire »: search a service, read it, say what is known of it, bring a file in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.http import Request, tell
from entremise.people.engine import phone
from entremise.referrals import policies, usecases
from entremise.referrals.engine.themes import labels, themes
from entremise.referrals.forms.directory import CapacityForm, FileForm, NeedForm, ReportForm, SearchForm
from entremise.referrals.models import NEEDS
from entremise.referrals.queries import directory
from entremise.referrals.usecases.directory import require_keeper, require_reader

PAGE = 20
STATES = {"loaded": "good", "checked": "warn", "loading": "warn", "refused": "danger"}


@require_safe
def search(request: Request) -> HttpResponse:
    """The search and its answer. Nothing typed is stored: everything is in the address, no person is."""
    require_reader(request.actor)
    form = SearchForm(request.GET or None)
    found: list[directory.Found] = []
    asked = form.is_bound and form.is_valid()
    if asked:
        said = form.cleaned_data
        found = directory.find_services(
            directory.Asked(
                need=said["besoin"], theme=said["thematique"], commune=said["commune"], public=said["public"],
                mode=said["accueil"], words=said["mots"].strip(),
            )
        )  # fmt: skip
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "form": form, "page": page, "asked": asked, "most": directory.MOST,
        "keeper": policies.can_keep_directory(request.actor),
        "total": directory.live_services().count(), "query": f"{query.urlencode()}&" if query else "",
    }  # fmt: skip
    return render(request, "referrals/search.html", context, status=422 if form.errors else 200)


def _page(request: Request, public_id: str, report: ReportForm | None = None) -> HttpResponse:
    row = directory.service_of(public_id)
    said, words = row.content, labels()
    local = timezone.localtime(clock.now()).replace(tzinfo=None)
    context = {
        "row": row, "said": said, "opening": directory.opening_words(directory.opening_of(row, local), local),
        "stale": directory.is_stale(row), "zones": directory.zone_names(row), "hours": directory.hours_of(row),
        "lists": [
            (label, [words.get(code, code) for code in said.get(name, [])])
            for name, label in (
                ("thematiques", "Thématiques"), ("publics", "Publics"), ("modes_accueil", "Accueil"),
                ("modes_mobilisation", "Comment le joindre"), ("mobilisable_par", "Peut être sollicité par"),
            )
        ],
        "fee": words.get(said.get("frais", ""), ""),
        "phone": phone.readable(row.telephone) if row.telephone else "",
        "versions": row.versions.all()[:10], "reports": directory.open_reports().filter(service=row),
        "report_form": report or ReportForm(), "capacity_form": CapacityForm(initial={"capacity": row.capacity}),
        "keeper": policies.can_keep_directory(request.actor),
    }  # fmt: skip
    return render(request, "referrals/service.html", context, status=422 if report else 200)


@require_safe
def service_page(request: Request, public_id: str) -> HttpResponse:
    require_reader(request.actor)
    return _page(request, public_id)


@require_POST
def service_deed(request: Request, public_id: str, deed: str) -> HttpResponse:
    """Verified, full or free, an error to tell, an error settled."""
    require_reader(request.actor)
    row = directory.service_of(public_id)
    done = "Noté."
    try:
        if deed == "verifier":
            usecases.verify_service(request.actor, service=row)
            done = "Fiche vérifiée aujourd’hui."
        elif deed == "places":
            usecases.set_capacity(request.actor, service=row, capacity=request.POST.get("capacity", ""))
        elif deed == "signaler":
            form = ReportForm(request.POST)
            if not form.is_valid():
                return _page(request, public_id, form)
            try:
                usecases.report_service(request.actor, service=row, **form.cleaned_data)
            except ValidationError as error:
                tell(form, error)
                return _page(request, public_id, form)
            done = "Merci : l’erreur est signalée à ceux qui tiennent l’annuaire."
        elif deed == "regler":
            report = directory.open_reports().filter(service=row, public_id=request.POST.get("report", "")).first()
            if report is None:
                raise usecases.AlreadySettled("Cette erreur a déjà été réglée.")
            usecases.settle_report(request.actor, report=report)
            done = "Erreur réglée."
        else:
            raise NotFound("Cette page n’existe pas.")
        messages.success(request, done)
    except (DomainError, ValidationError) as error:
        if isinstance(error, NotAllowed | NotFound):
            raise
        messages.warning(request, error.message if isinstance(error, DomainError) else " ".join(error.messages))
    return redirect("referrals:service", public_id)


@require_http_methods(["GET", "POST"])
def import_list(request: Request) -> HttpResponse:
    """Send a file; those sent before."""
    require_keeper(request.actor)
    form = FileForm()
    if request.method == "POST":
        form = FileForm(request.POST, request.FILES)
        if form.is_valid():
            file = form.cleaned_data["file"]
            try:
                made = usecases.receive_directory(
                    request.actor, data=file.read(), title=file.name, whole=form.cleaned_data["whole"]
                )
                return redirect("referrals:import", made.public_id)
            except (DomainError, ValidationError) as error:
                tell(form, error)
    page = Paginator(directory.imports(), PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form, "page": page, "reports": directory.open_reports()[:50],
        "rows": [{"row": one, "tag": STATES[one.state]} for one in page],
    }  # fmt: skip
    return render(request, "referrals/imports.html", context, status=422 if form.errors else 200)


@require_safe
def import_page(request: Request, public_id: str) -> HttpResponse:
    """What the file would do, or did; every problem at its place."""
    require_keeper(request.actor)
    row = directory.import_of(public_id)
    page = Paginator(row.report, 50).get_page(request.GET.get("page"))
    context = {"row": row, "page": page, "tag": STATES[row.state], "counts": row.counts, "told": len(row.report)}
    return render(request, "referrals/import.html", context)


@require_POST
def import_load(request: Request, public_id: str) -> HttpResponse:
    _say(request, lambda: usecases.start_directory(request.actor, batch=directory.import_of(public_id)))
    return redirect("referrals:import", public_id)


def _say(request: Request, deed: Callable[[], Any]) -> None:
    try:
        deed()
    except (NotAllowed, NotFound):
        raise
    except DomainError as error:
        messages.warning(request, error.message)


@require_safe
def needs(request: Request) -> HttpResponse:
    """Which thématiques answer each of our needs."""
    require_keeper(request.actor)
    names = themes()
    rows = [
        (code, NEEDS[code], [names.get(one, one) for one in many]) for code, many in directory.need_themes().items()
    ]
    return render(request, "referrals/needs.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
def need_page(request: Request, need: str) -> HttpResponse:
    require_keeper(request.actor)
    if need not in NEEDS:
        raise NotFound("Ce besoin n’existe pas.")
    form = NeedForm(initial={"themes": directory.need_themes()[need]})
    if request.method == "POST":
        form = NeedForm(request.POST)
        if form.is_valid():
            try:
                usecases.set_need_themes(request.actor, need=need, chosen=form.cleaned_data["themes"])
                messages.success(request, "Thématiques enregistrées.")
                return redirect("referrals:needs")
            except (DomainError, ValidationError) as error:
                tell(form, error)
    context = {"form": form, "label": NEEDS[need]}
    return render(request, "referrals/need.html", context, status=422 if form.errors else 200)
