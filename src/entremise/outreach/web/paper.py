"""Feuilles papier et tableurs : les donner, les saisir au retour, dire une perte."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.accounts.models import User
from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.http import Request, tell
from entremise.outreach import policies, usecases
from entremise.outreach.engine.sheet_rows import Row
from entremise.outreach.forms.paper import ANSWER, CodeForm, GiveForm, LossForm, SheetForm, WorkbookForm
from entremise.outreach.models import CallSheet
from entremise.outreach.queries import campaigns, paper, scripts
from entremise.outreach.usecases.calls.refusals import AnswersInvalid, ReportIncomplete
from entremise.outreach.usecases.paper import CodeUnknown, CodeWrong, SheetEntered, Workbook

SALT = "outreach.workbook"
HOUR = 3600
TYPES = {"paper": ("application/pdf", "pdf"), "excel": (
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"
)}  # fmt: skip
FIELDS = {"happened_at": "day", "next_at": "next_at", "disposition": "disposition"}


@never_cache
@require_safe
def sheets(request: Request) -> HttpResponse:
    """What is out, late and lost; where to type a code. A caller sees their own."""
    me = policies.require_team(request.actor)
    boss = request.actor.has("supervisor")
    context = {
        "form": CodeForm(),
        "boss": boss,
        "batches": paper.batches(caller=None if boss else me),
        "overdue": paper.overdue() if boss else [],
        "incidents": paper.incidents() if boss else [],
        "campaigns": campaigns.campaigns(("open",)) if boss else [],
    }
    return render(request, "outreach/sheets.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def sheets_give(request: Request, public_id: str) -> HttpResponse:
    """Choose for whom; the answer is the file itself, kept nowhere."""
    policies.require_supervisor(request.actor)
    campaign = campaigns.campaign(public_id)
    due = timezone.localtime(paper.next_due(clock.now())).strftime("%Y-%m-%dT%H:%M")
    form = GiveForm(paper.callers(), campaign, request.POST or None, initial={"due": due})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        make = usecases.print_sheets if said["medium"] == "paper" else usecases.export_workbook
        caller = User.objects.get(pk=said["caller"])
        try:
            given = make(request.actor, campaign=campaign, caller=caller, count=said["count"], until=said["due"])
        except (DomainError, ValidationError) as error:
            if isinstance(error, NotAllowed) and "liste" in error.message:
                form.add_error(None, error.message)
            else:
                tell(form, error)
        else:
            kind, ending = TYPES[said["medium"]]
            name = f"appels-{given.batch.public_id}.{ending}"
            return HttpResponse(
                given.content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
            )
    context = {"campaign": campaign, "form": form}
    return render(request, "outreach/sheets_give.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "POST"])
def sheet_code(request: Request) -> HttpResponse:
    """From a code to its sheet; the next code can be typed as soon as one is done."""
    policies.require_team(request.actor)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            found = usecases.find_sheet(form.cleaned_data["code"])
        except (CodeWrong, CodeUnknown) as error:
            form.add_error("code", error.message)
        else:
            return redirect("outreach:sheet_enter", found.code)
    return render(request, "outreach/sheet_code.html", {"form": form}, status=422 if form.errors else 200)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def sheet_enter(request: Request, code: str) -> HttpResponse:
    """Type one sheet. One typed already is shown as it was noted."""
    me = policies.require_team(request.actor)
    sheet = paper.sheet(code)
    if sheet.batch.printed_for_id != me and not request.actor.has("supervisor"):
        raise NotAllowed("Cette feuille a été faite pour une autre personne : donnez-la au superviseur.")
    if sheet.state == "returned":
        return _done(request, sheet, "")
    version = sheet.task.script_version
    model = scripts.model_of(version) if version is not None and "items" in version.model else None
    form = SheetForm(model, request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            entered = usecases.enter_sheet(
                request.actor, code=sheet.code, disposition=said["disposition"], happened_at=said["day"],
                answers=form.answers, difficulties=form.difficulties, next_at=said["next_at"], news=said["news"],
            )  # fmt: skip
        except SheetEntered as error:
            return _done(request, error.sheet, error.message)
        except ReportIncomplete as error:
            for name, words in error.fields.items():
                asked = f"{ANSWER}{name}" if isinstance(error, AnswersInvalid) else FIELDS.get(name, name)
                form.add_error(asked if asked in form.fields else None, words)
        except (DomainError, ValidationError) as error:
            tell(form, error)
        else:
            kept = "La fiche avait été reprise : votre compte rendu est transmis au superviseur."
            messages.success(request, kept if entered.reported.orphan else "Feuille enregistrée. Tapez la suivante.")
            return redirect("outreach:sheet_code")
    context = {"sheet": sheet, "form": form, "loss": LossForm()}
    return render(request, "outreach/sheet_enter.html", context, status=422 if form.errors else 200)


def _done(request: Request, sheet: CallSheet, why: str) -> HttpResponse:
    found = usecases.find_sheet(sheet.code)
    return render(request, "outreach/sheet_done.html", {"sheet": found, "why": why}, status=409 if why else 200)


@require_POST
def sheet_lost(request: Request, code: str) -> HttpResponse:
    policies.require_team(request.actor)
    form = LossForm(request.POST)
    try:
        sheet = paper.sheet(code)
        usecases.lose_sheet(request.actor, sheet=sheet, reason=request.POST.get("reason", ""))
        messages.success(request, "La perte est notée : le délégué la verra, et la personne peut être rappelée.")
    except DomainError as error:
        if isinstance(error, NotAllowed | NotFound):
            raise
        messages.error(request, error.message)
        return redirect("outreach:sheet_enter", form.data.get("code") or code)
    return redirect("outreach:sheets")


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def workbook(request: Request) -> HttpResponse:
    """A workbook that comes back: what it says, what is wrong with it, then the deed. Its content is kept nowhere:
    between the two it travels in the page, signed."""
    policies.require_team(request.actor)
    if "rows" in request.POST:
        return _apply(request)
    form = WorkbookForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            found = usecases.read_workbook(request.actor, content=form.cleaned_data["file"].read())
        except DomainError as error:
            if isinstance(error, NotAllowed | NotFound):
                raise
            form.add_error("file", error.message)
        else:
            return render(request, "outreach/workbook_read.html", _read(found))
    return render(request, "outreach/workbook.html", {"form": form}, status=422 if form.errors else 200)


def _read(found: Workbook) -> dict[str, Any]:
    refused = [[cells, " ; ".join(problem.sentence for problem in wrong)] for cells, wrong in found.refused]
    return {
        "found": found,
        "problems": found.problems,
        "rows": signing.dumps([_packed(row) for row in found.rows], salt=SALT, compress=True),
        "refused": signing.dumps(refused, salt=SALT, compress=True) if refused else "",
    }


def _packed(row: Row) -> list[Any]:
    back = row.next_at.isoformat() if row.next_at else ""
    return [
        row.row, row.code, row.token, row.disposition, row.happened_at.isoformat(), back, list(row.needs), row.urgency,
        row.comment,
    ]  # fmt: skip


def _unpacked(said: list[Any]) -> Row:
    at, back = datetime.fromisoformat(said[4]), datetime.fromisoformat(said[5]) if said[5] else None
    return Row(said[0], said[1], said[2], said[3], at, back, tuple(said[6]), said[7], said[8])


def _apply(request: Request) -> HttpResponse:
    try:
        rows = [_unpacked(one) for one in signing.loads(request.POST["rows"], salt=SALT, max_age=HOUR)]
    except signing.BadSignature:
        messages.error(request, "Cette page a plus d’une heure : envoyez le tableur de nouveau. Rien n’a été écrit.")
        return redirect("outreach:workbook")
    done = usecases.apply_workbook(request.actor, rows=rows)
    said = [[_cells(row), problem.sentence] for row, problem in done.refused]
    context = {"done": done, "refused": signing.dumps(said, salt=SALT, compress=True) if said else ""}
    return render(request, "outreach/workbook_done.html", context)


def _cells(row: Row) -> list[str]:
    from entremise.outreach.engine import codes
    from entremise.outreach.engine.sheet_rows import URGENCIES
    from entremise.outreach.models import DISPOSITIONS
    from entremise.referrals.models import NEEDS

    at = timezone.localtime(row.happened_at)
    back = timezone.localtime(row.next_at).strftime("%d/%m/%Y %H:%M") if row.next_at else ""
    needs = [NEEDS[code] for code in row.needs] + [""] * (3 - len(row.needs))
    return [
        codes.shown(row.code), str(row.token), "", "", "", "", DISPOSITIONS[row.disposition], f"{at:%d/%m/%Y}",
        f"{at:%H:%M}", back, *needs, URGENCIES.get(row.urgency, ""), row.comment,
    ]  # fmt: skip


@require_POST
def workbook_refused(request: Request) -> HttpResponse:
    """The rows that were not taken, with their errors, as a workbook."""
    policies.require_team(request.actor)
    try:
        said = signing.loads(request.POST.get("refused", ""), salt=SALT, max_age=HOUR)
    except signing.BadSignature:
        messages.error(request, "Cette page a plus d’une heure : envoyez le tableur de nouveau.")
        return redirect("outreach:workbook")
    content = usecases.refused_workbook([(cells, error) for cells, error in said])
    kind, ending = TYPES["excel"]
    return HttpResponse(
        content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="appels-refuses.{ending}"'}
    )
