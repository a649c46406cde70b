"""Scripts of calls: a list, a file to import with its faults cell by cell, versions, what changed, a try."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotFound
from entremise.kernel.http import Request, tell
from entremise.outreach import policies, usecases
from entremise.outreach.engine.xlsform import Model, evaluate, posted
from entremise.outreach.engine.xlsform.comparing import compare
from entremise.outreach.engine.xlsform.problems import SEVERITIES
from entremise.outreach.forms.scripts import SENTENCES, Block, ScriptForm, blocks, languages
from entremise.outreach.models import Script, ScriptVersion
from entremise.outreach.queries import scripts as queries
from entremise.referrals.models import NEEDS

TAGS = {"active": "good", "draft": "warn", "retired": ""}
KINDS = {
    "text": "texte", "integer": "nombre entier", "decimal": "nombre", "date": "date", "time": "heure",
    "dateTime": "date et heure", "select_one": "un choix", "select_multiple": "plusieurs choix", "note": "à dire",
    "calculate": "calcul", "hidden": "valeur cachée", "acknowledge": "case à cocher", "range": "échelle",
    "group": "groupe",
}  # fmt: skip
CHANGES = {"added": ("ajoutée", "good"), "changed": ("changée", "warn"), "moved": ("déplacée", ""),
           "removed": ("retirée", "danger")}  # fmt: skip
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def grouped(problems: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Problems by severity, the gravest first: `[{"severity", "title", "rows"}]`."""
    found = []
    for severity, title in SEVERITIES.items():
        if rows := [one for one in problems if one["severity"] == severity]:
            found.append({"severity": severity, "title": title, "rows": rows})
    return found


@require_safe
def script_list(request: Request) -> HttpResponse:
    """Every script, the version that serves, what waits."""
    policies.require_scripts(request.actor)
    active = queries.active_versions()
    drafts = queries.drafts()
    rows = [
        {"script": one, "active": active.get(one.pk), "draft": drafts.get(one.pk), "campaigns": one.used}
        for one in queries.scripts().annotate(used=Count("campaigns"))
    ]
    return render(request, "outreach/script_list.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
def script_new(request: Request) -> HttpResponse:
    """A script that is not there yet: its name and its file."""
    policies.require_scripts(request.actor)
    return _import(request, None)


@require_http_methods(["GET", "POST"])
def script_import(request: Request, code: str) -> HttpResponse:
    """One more version of a script."""
    policies.require_scripts(request.actor)
    return _import(request, queries.script_of(code))


def _import(request: Request, script: Script | None) -> HttpResponse:
    form = ScriptForm(named=script is not None)
    problems: list[dict[str, Any]] = []
    if request.method == "POST":
        form = ScriptForm(request.POST, request.FILES, named=script is not None)
        if form.is_valid():
            sent = form.cleaned_data["file"]
            try:
                done = usecases.import_script(
                    request.actor,
                    script=script,
                    label=form.cleaned_data.get("label", ""),
                    file_name=sent.name,
                    content=sent.read(),
                )
            except usecases.ScriptUnreadable as error:
                form.add_error("file", error.message)
            except (DomainError, ValidationError) as error:
                tell(form, error)
            else:
                if done.version is not None:
                    return _imported(request, done)
                problems = [one.to_json() for one in done.understood.problems]
                count = sum(one["severity"] == "error" for one in problems)
                s = "s" if count > 1 else ""
                form.add_error("file", f"{count} erreur{s} dans ce fichier, écrite{s} plus bas cellule par cellule. "
                               "Rien n’est enregistré : corrigez-le, puis choisissez-le à nouveau.")  # fmt: skip
    context = {"form": form, "script": script, "groups": grouped(problems), "heavy": SENTENCES["too_heavy"]}
    return render(request, "outreach/script_import.html", context, status=422 if form.errors else 200)


def _imported(request: Request, done: usecases.Imported) -> HttpResponse:
    version = done.version
    if version is None:
        raise NotFound(queries.UNKNOWN_VERSION)
    if done.again:
        messages.info(request, f"Ce script est déjà là : c’est la version {version.number}. Rien n’a changé.")
    else:
        messages.success(
            request, f"Version {version.number} enregistrée en brouillon. Essayez-la avant qu’elle serve."
        )
    return redirect("outreach:script_version", version.script.code, version.number)


@require_safe
def script_page(request: Request, code: str) -> HttpResponse:
    """One script: its versions, and two of them to compare."""
    policies.require_scripts(request.actor)
    script = queries.script_of(code)
    versions = [{"row": one, "tag": TAGS[one.state]} for one in queries.versions_of(script)]
    context = {"script": script, "versions": versions, "campaigns": script.campaigns.order_by("label")}
    return render(request, "outreach/script_page.html", context)


@require_safe
def script_version(request: Request, code: str, number: int) -> HttpResponse:
    """One version: what import said of it, what it asks, what may be done with it."""
    policies.require_scripts(request.actor)
    version = queries.version_of(code, number)
    model = queries.model_of(version)
    context = {
        "version": version,
        "tag": TAGS[version.state],
        "groups": grouped(version.problems),
        "rows": _rows(model),
        "languages": [name for _, name in languages(version.languages)],
        "before": script_before(version),
    }
    return render(request, "outreach/script_version.html", context)


def script_before(version: ScriptVersion) -> int | None:
    """The number of the version to compare this one with: the one that serves, else the one before."""
    others = version.script.versions.exclude(pk=version.pk)
    serving = others.filter(state="active").values_list("number", flat=True).first()
    return serving or others.filter(number__lt=version.number).values_list("number", flat=True).first()


def _rows(model: Model) -> list[dict[str, Any]]:
    return [
        {
            "item": item,
            "kind": KINDS[item.type],
            "label": model.words(item.label, "") or model.words(item.hint, ""),
            "choices": [model.words(choice.label, "") for choice in model.lists.get(item.list, ())],
            "needs": [NEEDS.get(code, code) for code in item.need],
            "always": item.required == "yes",
        }
        for item in model.items
    ]


@require_safe
def script_compare(request: Request, code: str) -> HttpResponse:
    """What changed between two versions: ?de=1&a=2. Without them, the two last ones."""
    policies.require_scripts(request.actor)
    script = queries.script_of(code)
    versions = list(queries.versions_of(script))
    numbers = [one.number for one in versions]
    asked = [request.GET.get("de", ""), request.GET.get("a", "")]
    chosen = [int(said) if said.isascii() and said.isdigit() and len(said) < 7 else 0 for said in asked]
    newest = numbers[0] if numbers else 0
    after = chosen[1] if chosen[1] in numbers else newest
    before = chosen[0] if chosen[0] in numbers else next((one for one in numbers if one < after), after)
    context: dict[str, Any] = {"script": script, "versions": versions, "before": before, "after": after, "rows": []}
    if numbers:
        models = [queries.model_of(queries.version_of(code, number)) for number in (before, after)]
        context["rows"] = [
            {"row": one, "label": CHANGES[one.kind][0], "tag": CHANGES[one.kind][1]} for one in compare(*models)
        ]
    return render(request, "outreach/script_compare.html", context)


@require_http_methods(["GET", "POST"])
def script_try(request: Request, code: str, number: int) -> HttpResponse:
    """The script as a caller meets it, branching on the server. Nothing is kept: answers travel with the page."""
    policies.require_scripts(request.actor)
    version = queries.version_of(code, number)
    context: dict[str, Any] = {"version": version, "languages": languages(version.languages)}
    if version.blocking:
        return render(request, "outreach/script_try.html", context)
    model = queries.model_of(version)
    lang = request.POST.get("langue", "")
    lang = lang if lang in model.languages else model.default_language
    answers = posted(model, request.POST.getlist)
    page = evaluate(model, answers, clock.now(), timezone.get_current_timezone(), lang)
    told = "finir" in request.POST
    shown: list[Block] = blocks(page, told=told, lang=lang)
    context |= {
        "blocks": shown,
        "page": page,
        "lang": lang,
        "kept": [(f"q-{name}", value) for name, value in page.kept.items()],
        "names": " ".join(one.name for one in page.visible if one.item.asked),
        "told": told,
        "saved": [(_title(model, name, lang), value) for name, value in page.answers.items()],
        "needs": [NEEDS.get(need, need) for need in page.needs],
        "errors": [one for one in shown if one.error],
    }
    name = "outreach/_script_tried.html" if request.htmx else "outreach/script_try.html"
    return render(request, name, context, status=422 if told and page.errors and not request.htmx else 200)


def _title(model: Model, name: str, lang: str) -> str:
    return model.words(model.by_name[name].label, lang) or name


@require_safe
def script_source(request: Request, code: str, number: int) -> HttpResponse:
    """The file as it was given, byte for byte."""
    policies.require_scripts(request.actor)
    version = queries.version_of(code, number)
    content = bytes(version.source)
    text = not content.startswith((b"PK", b"\xd0\xcf"))
    return _file(content, version.file_name, "text/csv; charset=utf-8" if text else "application/octet-stream")


@require_safe
def script_workbook(request: Request, code: str, number: int) -> HttpResponse:
    """The script as we understood it, as XLSForm."""
    policies.require_scripts(request.actor)
    version = queries.version_of(code, number)
    return _file(queries.export_version(version), f"{slugify(code)}-version-{number}.xlsx", XLSX)


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return answer


@require_POST
def script_serve(request: Request, code: str, number: int) -> HttpResponse:
    """This version serves from now on; calls already begun end on theirs."""
    return _move(request, code, number, "serve")


@require_POST
def script_retire(request: Request, code: str, number: int) -> HttpResponse:
    """No version serves any more."""
    return _move(request, code, number, "retire")


def _move(request: Request, code: str, number: int, deed: str) -> HttpResponse:
    policies.require_scripts(request.actor)
    version = queries.version_of(code, number)
    try:
        if deed == "serve":
            usecases.activate_version(request.actor, version=version)
            messages.success(
                request, f"La version {number} est en service. Les appels en cours finissent sur la leur."
            )
        else:
            usecases.retire_version(request.actor, version=version)
            messages.success(request, f"La version {number} est retirée.")
    except (usecases.ScriptBlocked, usecases.ScriptInUse) as error:
        messages.warning(request, error.message)
    return redirect("outreach:script_version", code, number)


@require_POST
def script_reuse(request: Request, code: str, number: int) -> HttpResponse:
    """A retired version again, as a new draft."""
    policies.require_scripts(request.actor)
    return _imported(request, usecases.reuse_version(request.actor, version=queries.version_of(code, number)))
