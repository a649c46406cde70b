"""Enrolment, letter, receipt, removal: what a keeper does with one person on the line."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.audit.queries import history
from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.http import Request, tell
from entremise.people.engine import phone as phones
from entremise.registers import policies, queries, usecases
from entremise.registers.forms import life as forms
from entremise.registers.models import Enrolment
from entremise.registers.models.life import ENDED
from entremise.registers.usecases import ITEMS
from entremise.vault import registry, usecases as vault

PAGE = 25
URGENCY = {"late": ("en retard", "danger"), "soon": ("à envoyer vite", "warn"), "calm": ("à envoyer", "")}
TAGS = {"to_complete": "warn", "effective": "", "acknowledged": "good", "confirmed": "good", "objected": "warn",
        "withdrawn": ""}  # fmt: skip
HIDDEN = ("asked_by", "channel", "received_on", "phone", "proof", "third_party")


def attached(content: bytes, kind: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=kind, headers=headers)


def say(request: Request, error: DomainError | ValidationError) -> None:
    """A refusal in words above the page; what is forbidden or hidden goes on to the error pages."""
    if isinstance(error, NotAllowed | NotFound):
        raise error
    messages.warning(request, error.message if isinstance(error, DomainError) else " ".join(error.messages))


@never_cache
@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "POST"])
def enrol(request: Request, code: str) -> HttpResponse:
    """Two screens: the request and the search, then the person. Nothing is kept between the two but in the page."""
    policies.require_keeper(request.actor)
    row = queries.enrolment_register(request.actor, code)
    asked = forms.RequestForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"row": row, "form": asked, "step": 1}
    if request.method == "GET" or "retour" in request.POST or not asked.is_valid():
        if "retour" in request.POST:
            context["form"] = forms.RequestForm(initial={name: request.POST.get(name, "") for name in HIDDEN})
        status = 422 if context["form"].errors else 200
        return render(request, "registers/enrol.html", context, status=status)
    said = asked.cleaned_data
    context |= {"step": 2, "held": [(name, request.POST.get(name, "")) for name in HIDDEN], "said": said}
    if "inscrire" not in request.POST:
        try:
            context["known"] = queries.find_enrolled(request.actor, register=code, phone=said["phone"])
        except (DomainError, ValidationError) as error:
            tell(asked, error)
            return render(request, "registers/enrol.html", {**context, "step": 1}, status=422)
        context["form"] = forms.PersonForm()
        return render(request, "registers/enrol.html", context)
    form = forms.PersonForm(request.POST)
    context |= {"form": form, "chosen": request.POST.get("person", "")}
    if form.is_valid():
        try:
            made = _enrol(request, code, said, form)
        except (DomainError, ValidationError) as error:
            tell(form, error)
        else:
            messages.success(
                request, f"C’est fait : la personne est inscrite, référence {made.public_id}. "
                f"L’accusé de réception doit partir avant le {made.due_on:%d/%m/%Y}.",
            )  # fmt: skip
            return redirect("registers:enrolment", made.public_id)
    return render(request, "registers/enrol.html", context, status=422)


@sensitive_variables()
def _enrol(request: Request, code: str, said: dict[str, Any], form: forms.PersonForm) -> Enrolment:
    person = form.cleaned_data
    chosen = request.POST.get("person", "")
    known = queries.find_enrolled(request.actor, register=code, phone=said["phone"]) if chosen else []
    same = next((one.person for one in known if str(one.person) == chosen), None)
    values = {name: person[name] for name in ("last_name", "first_name", "capacity", "address", "home_service",
                                              "emergency_contact")}  # fmt: skip
    values |= {
        "birth_date": person["birth_date"].isoformat(),
        "phone": said["phone"],
        "third_party": said["third_party"],
    }
    return usecases.enrol(
        request.actor,
        register=code,
        values=values,
        channel=said["channel"],
        received_on=said["received_on"],
        asked_by=said["asked_by"],
        proof=said["proof"],
        person=same,
    )


@require_safe
def enrolments(request: Request, code: str) -> HttpResponse:
    """Every enrolment, the most pressing letter first."""
    row = queries.enrolment_register(request.actor, code)
    state = request.GET.get("etat", "effective")
    rows = Enrolment.objects.filter(register=code)
    if state in TAGS:
        rows = rows.filter(state=state)
    order = F("due_on").asc(nulls_last=True)
    page = Paginator(rows.select_related("batch__source").order_by(order, "pk"), PAGE).get_page(
        request.GET.get("page")
    )
    today = clock.today()
    shown = [(one, *URGENCY.get(one.urgency(today), (one.get_state_display(), TAGS[one.state]))) for one in page]
    counts = queries.enrolment_counts(code)
    context = {
        "row": row,
        "page": page,
        "rows": shown,
        "state": state,
        "states": [("effective", "Accusés à envoyer"), ("to_complete", "À compléter"),
                   ("acknowledged", "Accusés envoyés"), ("confirmed", "Accords confirmés"),
                   ("objected", "Retirées"), ("toutes", "Toutes")],
        "counts": counts,
        "late": queries.waiting([code])[code].late,
        "batch": min(counts.get("effective", 0), usecases.BATCH),
        "query": f"etat={state}&" if state in TAGS else "etat=toutes&",
        "keeper": request.actor.has("keeper"),
    }  # fmt: skip
    return render(request, "registers/enrolments.html", context)


@sensitive_variables()
def readable(item: str, text: str) -> str:
    """An item as people say it: a day in French, a telephone by pairs."""
    if item in ("birth_date", "requested_on"):
        try:
            return date_format(date.fromisoformat(text), "j F Y")
        except ValueError:
            return text
    return " ou ".join(phones.readable(one) for one in text.split(" / ")) if item == "phone" and text else text


@sensitive_variables()
@require_POST
def print_letters(request: Request, code: str) -> HttpResponse:
    """The acknowledgements that are due, in one PDF."""
    try:
        batch = usecases.print_acknowledgements(request.actor, register=code, large="grand" in request.POST)
    except (DomainError, ValidationError) as error:
        say(request, error)
        return redirect("registers:enrolments", code)
    return attached(batch.content, "application/pdf", f"accuses-{clock.today():%Y-%m-%d}.pdf")


@never_cache
@sensitive_variables()
@require_safe
def enrolment(request: Request, public_id: str) -> HttpResponse:
    return _page(request, queries.enrolment(request.actor, public_id))


@sensitive_variables()
def _page(
    request: Request, row: Enrolment, form: forms.ReceiptForm | forms.CompleteForm | None = None
) -> HttpResponse:
    """One enrolment: the nine items as the rules let them be read, the letter, what came of it."""
    keeper = request.actor.has("keeper")
    facts: list[tuple[str, str, str]] = []
    if keeper and row.state not in ENDED:
        fields = [f"{row.register}.{item}" for item in ITEMS]
        opening = vault.open(
            request.actor,
            person=row.person_id,
            fields=fields,
            purpose="registers.keep",
            motive=f"Inscription {row.public_id}",
        )
        labels = registry.profile(row.register).labels
        facts = [
            (
                labels[field.partition(".")[2]].capitalize(),
                readable(field.partition(".")[2], opening.values.get(field, "")),
                opening.refused[field].reason if field in opening.refused else "",
            )
            for field in fields
        ]
    context = {
        "row": row,
        "facts": facts,
        "form": form or (forms.CompleteForm(enrolment=row) if row.state == "to_complete" else forms.ReceiptForm()),
        "live": row.state not in ENDED,
        "wrong": form,
        "urgency": URGENCY.get(row.urgency(clock.today())),
        "tag": TAGS[row.state],
        "keeper": keeper,
        "history": history([("registers.enrolment", row.pk)]),
        "label": queries.register_seen(request.actor, row.register).label,
    }
    return render(request, "registers/enrolment.html", context, status=422 if form is not None else 200)


@sensitive_variables()
def _complete(request: Request, row: Enrolment) -> HttpResponse:
    """What the file left out. Of two agents at once, one completes; the other is told."""
    form = forms.CompleteForm(request.POST, enrolment=row)
    if not form.is_valid():
        return _page(request, row, form)
    try:
        usecases.complete_enrolment(request.actor, enrolment=row, **form.cleaned_data)
    except ValidationError as error:
        tell(form, error)
        return _page(request, row, form)
    messages.success(request, f"C’est noté. L’accusé de réception doit partir avant le {row.due_on:%d/%m/%Y}.")
    return redirect("registers:enrolment", row.public_id)


@sensitive_variables()
@require_POST
def enrolment_deed(request: Request, public_id: str, deed: str) -> HttpResponse:
    """`lettre`, `completer`, `recue`, `retirer`: one button each."""
    row = queries.enrolment(request.actor, public_id)
    try:
        if deed == "completer":
            return _complete(request, row)
        if deed == "lettre":
            batch = usecases.print_acknowledgements(request.actor, register=row.register, enrolments=[row])
            return attached(batch.content, "application/pdf", f"accuse-{row.public_id}.pdf")
        if deed == "recue":
            form = forms.ReceiptForm(request.POST)
            if not form.is_valid():
                return _page(request, row, form)
            try:
                usecases.confirm_receipt(request.actor, enrolment=row, received_on=form.cleaned_data["received_on"])
            except ValidationError as error:
                tell(form, error)
                return _page(request, row, form)
            messages.success(request, "C’est noté : la personne a reçu la lettre, son accord est confirmé.")
        elif deed == "retirer":
            usecases.remove_enrolment(request.actor, enrolment=row)
            messages.success(request, "La personne est retirée du registre : sa fiche ne sert plus. Dites-le-lui.")
        else:
            raise NotFound("Cette action n’existe pas.")
    except (DomainError, ValidationError) as error:
        say(request, error)
    return redirect("registers:enrolment", public_id)
