"""The rights desk: one queue by term, one page per request that says what to do now."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.accounts.policies import require_second_factor
from entremise.audit.queries import history
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.http import Request, tell
from entremise.people import queries, usecases
from entremise.people.engine.terms import months_after, urgency
from entremise.people.forms import desk as forms
from entremise.people.forms.mydata import CorrectionForm
from entremise.people.models import Person, RightsRequest
from entremise.people.web.mydata import FILES, _attached, _keyed
from entremise.vault.registry import asked

PAGE = 25
CHANNELS = {"phone": "phone", "counter": "counter", "paper": "paper", "mail": "mail", "web": "web"}
WORDS = {"late": ("en retard", "danger"), "soon": ("à répondre vite", "warn"), "calm": ("dans les temps", "good")}
REMOTE = ("phone", "mail", "paper", "web")


def tag(request: RightsRequest) -> tuple[str, str]:
    """(words, colour) of the term, or of the end."""
    if request.state == "done":
        return ("satisfaite", "good")
    if request.state == "refused":
        return ("refusée", "")
    return WORDS[urgency(request.received_on, request.due_on, clock.today())]


def _as(request: Request, row: RightsRequest) -> Actor:
    """The agent, speaking for the person by the channel the request came through."""
    actor = request.actor.through(CHANNELS[row.channel])  # type: ignore[arg-type]
    return actor.speaking_for(row.person_id) if row.person_id else actor


def _motive(row: RightsRequest) -> str:
    return f"Demande de droits {row.code}"


@require_safe
def desk(request: Request) -> HttpResponse:
    rows = queries.desk_queue(request.actor)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [(row, *tag(row)) for row in page],
        "counts": queries.desk_counts(request.actor),
        "killed": queries.killed_codes(request.actor),
    }
    return render(request, "people/desk.html", context)


@require_http_methods(["GET", "POST"])
def desk_new(request: Request) -> HttpResponse:
    """Three answers, one button: the clock runs. Who it is comes on the next page."""
    queries.desk_counts(request.actor)  # the desk only
    form = forms.NewRequestForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            row = usecases.receive_request(
                request.actor,
                kind=said["kind"],
                channel=said["channel"],
                received_on=said["received_on"],
                purpose=said["purpose"] if said["kind"] == "object" else "",
            )
            messages.success(request, f"C’est noté sous le code {row.code} : dites-le à la personne. {_before(row)}")
            return redirect("people:desk_request", row.public_id)
        except (DomainError, ValidationError) as error:
            tell(form, error)
    return render(request, "people/desk_new.html", {"form": form}, status=422 if form.errors else 200)


def _before(row: RightsRequest) -> str:
    return f"Réponse avant le {row.due_on:%d/%m/%Y}."


@require_safe
def desk_request(request: Request, public_id: str) -> HttpResponse:
    return _request_page(request, queries.request_of(request.actor, public_id))


@sensitive_variables()
def _request_page(
    request: Request,
    row: RightsRequest,
    *,
    find: Form | None = None,
    identity: Form | None = None,
    reason: Form | None = None,
    candidates: list[queries.Candidate] | None = None,
) -> HttpResponse:
    """One clear next thing to do, by state; the rest below."""
    require_second_factor(request.actor)
    waiting = row.state in queries.OPEN_REQUESTS
    copy = accesses = None
    recheck = False
    if row.person is not None and row.state != "received":
        copy = usecases.copy_of(_as(request, row), person=row.person, motive=_motive(row))
        shut = [item for section in copy.sections for item in section.items if item.reason]
        recheck = bool(shut) and not any(item.value for section in copy.sections for item in section.items)
        accesses = (
            usecases.accesses_of(_as(request, row), person=row.person) if row.kind in ("access", "contest") else []
        )
    words, colour = tag(row)
    wrong = next((form for form in (find, identity, reason) if form is not None and form.errors), None)
    context: dict[str, Any] = {
        "row": row,
        "words": words,
        "colour": colour,
        "waiting": waiting,
        "find": find or forms.FindForm(),
        "identity": identity or forms.IdentityForm(initial={"person": row.person_id}),
        "candidates": candidates,
        "copy": copy,
        "accesses": accesses,
        "dpo_only": accesses is None and copy is not None,
        "recheck": recheck,
        "purpose": dict(forms.OBJECTIONABLE).get(row.purpose, ""),
        "extend": forms.ReasonForm(choices=list(RightsRequest.EXTENSIONS.items()), prefix="extend"),
        "refuse": forms.ReasonForm(choices=list(RightsRequest.REFUSALS.items()), prefix="refuse"),
        "may_extend": waiting and row.extended_at is None and clock.today() <= row.due_on,
        "history": history([("people.rightsrequest", row.pk)]),
        "wrong": wrong,
        "mandates": queries.mandates_of(row.person.pk) if row.person else [],
    }
    return render(request, "people/desk_request.html", context, status=422 if wrong else 200)


@sensitive_post_parameters("phone", "names")
@sensitive_variables()
@require_POST
def desk_find(request: Request, public_id: str) -> HttpResponse:
    """Who it may be. The number stays in the body of the request: neither in an address nor in a log."""
    row = queries.request_of(request.actor, public_id)
    form = forms.FindForm(request.POST)
    candidates = None
    if form.is_valid():
        candidates = queries.find_candidates(
            request.actor,
            phone=form.cleaned_data["phone"],
            names=form.cleaned_data["names"],
            motive=_motive(row),
            remote=row.channel in REMOTE,
        )
    return _request_page(request, row, find=form, candidates=candidates)


@sensitive_post_parameters("code", "birth")
@sensitive_variables()
@require_POST
def desk_identify(request: Request, public_id: str) -> HttpResponse:
    row = queries.request_of(request.actor, public_id)
    form = forms.IdentityForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            person = queries.person(said["person"])
            if said["how"] == "letter_code":
                told = usecases.use_code(request.actor, code=said["code"], birth=said["birth"])
                if told.pk != person.pk:
                    raise usecases.CodeRefused("Ce code n’est pas celui de cette personne. Cherchez-la à nouveau.")
            usecases.identify_request(request.actor, request=row, person=person, how=said["how"])
            messages.success(request, "L’identité est vérifiée. Le dossier vous est ouvert pour la journée.")
            return redirect("people:desk_request", row.public_id)
        except (DomainError, ValidationError) as error:
            tell(form, error)
    return _request_page(request, row, identity=form)


@require_POST
def desk_deed(request: Request, public_id: str, deed: str) -> HttpResponse:
    """Finish, tell, extend, refuse, erase: one button each."""
    row = queries.request_of(request.actor, public_id)
    chosen = {"prolonger": RightsRequest.EXTENSIONS, "refuser": RightsRequest.REFUSALS}
    form: Form | None = None
    if deed in chosen:
        prefix = "extend" if deed == "prolonger" else "refuse"
        form = forms.ReasonForm(request.POST, choices=list(chosen[deed].items()), prefix=prefix)
        if not form.is_valid():
            return _request_page(request, row, reason=form)
    try:
        messages.success(request, _do(request, row, deed, form.cleaned_data["reason"] if form else ""))
    except (DomainError, ValidationError) as error:
        if isinstance(error, NotAllowed | NotFound):
            raise
        messages.warning(request, error.message if isinstance(error, DomainError) else " ".join(error.messages))
    return redirect("people:desk_request", row.public_id)


def _do(request: Request, row: RightsRequest, deed: str, reason: str) -> str:
    actor = request.actor
    if deed == "terminer":
        usecases.finish_request(actor, request=row)
        return "La demande est satisfaite. Imprimez la réponse, ou dites-la à la personne."
    if deed == "prevenir":
        usecases.tell_recipients(actor, request=row)
        return "C’est noté : les destinataires sont prévenus."
    if deed == "prolonger":
        usecases.extend_request(actor, request=row, reason=reason)
        return f"Le délai est prolongé. {_before(row)} Envoyez la lettre qui le dit avant l’ancien terme."
    if deed == "refuser":
        usecases.refuse_request(actor, request=row, reason=reason)
        return "La demande est refusée. Envoyez la lettre : elle dit pourquoi, et comment contester."
    if deed == "demander-effacement":
        asked_for = usecases.ask_erasure(_as(request, row), request=row, motive=_motive(row))
        return f"L’effacement est demandé sous la référence {asked_for} : une autre personne doit l’accepter."
    if deed == "effacer":
        count = usecases.erase_person(_as(request, row), request=row, motive=_motive(row))
        usecases.finish_request(actor, request=row)
        return f"C’est effacé : {count} fiche(s). Rien ne peut les rendre lisibles."
    raise NotFound("Cette action n’existe pas.")


@sensitive_variables()
@require_http_methods(["GET", "POST"])
def desk_correct(request: Request, public_id: str) -> HttpResponse:
    """What is held, in boxes; only what changed is written."""
    row = queries.request_of(request.actor, public_id)
    person = _person(row)
    actor = _as(request, row)
    copy = usecases.copy_of(actor, person=person, motive=_motive(row))
    held = [
        (item.name, f"{item.label} ({section.label})", item.value)
        for section in copy.sections
        for item in section.items
        if not item.reason
    ]
    form = CorrectionForm(request.POST if request.method == "POST" else None, held=held)
    if request.method == "POST" and form.is_valid():
        try:
            if changes := form.changes():
                usecases.rectify(
                    actor,
                    person=person,
                    values=changes,
                    motive=_motive(row),
                    letter_sent="lettre" in request.POST,
                )
                messages.success(request, "C’est corrigé. Prévenez maintenant ceux qui avaient reçu ces données.")
            return redirect("people:desk_request", row.public_id)
        except (DomainError, ValidationError) as error:
            tell(form, _keyed(error))
    touched = any(asked(name).category in ("phone", "address") for name, _, _ in held)
    context = {"row": row, "form": form, "touched": touched}
    return render(request, "people/desk_correct.html", context, status=422 if form.errors else 200)


def _person(row: RightsRequest) -> Person:
    if row.person is None or row.state == "received":
        raise NotFound("Vérifiez d’abord l’identité de la personne.")
    return row.person


@sensitive_variables()
@require_safe
def desk_letter(request: Request, public_id: str, what: str) -> HttpResponse:
    """`reponse`, `avertissement` (before a change of contact), `copie`: to print or to hand over."""
    row = queries.request_of(request.actor, public_id)
    actor, person, large = _as(request, row), _person(row), "grand" in request.GET
    if what == "reponse":
        content = usecases.answer_letter(actor, request=row, motive=_motive(row), large=large)
    elif what == "avertissement":
        content = usecases.warning_letter(actor, person=person, motive=_motive(row), large=large)
    else:
        raise NotFound("Cette lettre n’existe pas.")
    return _attached(content, "application/pdf", f"{what}-{row.code}.pdf")


@sensitive_variables()
@require_safe
def desk_copy(request: Request, public_id: str, form: str) -> HttpResponse:
    """The file to hand over, on a key or by the page."""
    row = queries.request_of(request.actor, public_id)
    if form not in FILES:
        raise NotFound("Ce format n’existe pas.")
    kind, make = FILES[form]
    content = make(usecases.copy_of(_as(request, row), person=_person(row), motive=_motive(row)))
    return _attached(content, kind, f"donnees-{row.code}.{form}")


@sensitive_variables()
@require_POST
def desk_code(request: Request, public_id: str) -> HttpResponse:
    """The letter with a one-time code, to the address held: for one request, by whoever asks by phone or by link."""
    row = queries.request_of(request.actor, public_id)
    chosen = request.POST.get("person") or (str(row.person_id) if row.person_id else "")
    try:
        person = queries.person(forms.IdentityForm.base_fields["person"].clean(chosen))
        large = "grand" in request.POST
        content = usecases.print_codes(request.actor, persons=[person], motive=_motive(row), large=large)
    except (DomainError, ValidationError) as error:
        if isinstance(error, NotAllowed | NotFound):
            raise
        messages.warning(request, error.message if isinstance(error, DomainError) else " ".join(error.messages))
        return redirect("people:desk_request", row.public_id)
    return _attached(content, "application/pdf", f"code-{row.code}.pdf")


@sensitive_variables()
@require_POST
def desk_codes(request: Request) -> HttpResponse:
    """Every letter that « Mes données » asked for, in one PDF."""
    persons = queries.codes_wanted(request.actor)
    if not persons:
        messages.info(request, "Personne n’attend de code en ce moment.")
        return redirect("people:desk")
    large, day = "grand" in request.POST, clock.today()
    try:
        content = usecases.print_codes(
            request.actor, persons=persons, motive=f"Codes demandés par lettre, {day:%d/%m/%Y}", large=large
        )
    except (DomainError, ValidationError) as error:
        if isinstance(error, NotAllowed | NotFound):
            raise
        messages.warning(request, error.message if isinstance(error, DomainError) else " ".join(error.messages))
        return redirect("people:desk")
    return _attached(content, "application/pdf", f"codes-{day:%Y-%m-%d}.pdf")


@sensitive_variables()
@require_POST
def desk_killed(request: Request, public_id: str) -> HttpResponse:
    """The letter that says that a code was killed."""
    code = next((one for one in queries.killed_codes(request.actor) if one.public_id == public_id), None)
    if code is None:
        raise NotFound("Cette lettre est déjà partie.")
    motive = "Lettre d’annulation d’un code"
    try:
        content = usecases.killed_letter(request.actor, code=code, motive=motive)
    except usecases.AddressMissing as error:
        messages.warning(request, error.message)
        return redirect("people:desk")
    return _attached(content, "application/pdf", f"annulation-{public_id}.pdf")


@sensitive_post_parameters("phone", "names")
@sensitive_variables()
@require_http_methods(["GET", "POST"])
def desk_mandate(request: Request, public_id: str) -> HttpResponse:
    """A mandate for the person of this request: the proof seen, its scope, its term; then verified at once."""
    row = queries.request_of(request.actor, public_id)
    person = _person(row)
    form = forms.MandateForm(
        request.POST if request.method == "POST" else None, initial={"until": months_after(clock.today(), 12)}
    )
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            found = queries.find_candidates(
                request.actor, phone=said["phone"], names=said["names"], motive=_motive(row), remote=False
            )
            known = [one.person for one in found if one.recognised and one.person.pk != person.pk]
            if len(known) != 1:
                form.add_error("names", "Ce mandataire n’est pas connu ici sous ce nom et ce numéro.")
            else:
                made = usecases.declare_mandate(
                    request.actor,
                    person=person,
                    proxy=known[0],
                    proof=said["proof"],
                    scope=said["scope"],
                    until=said["until"],
                )
                usecases.verify_mandate(request.actor, mandate=made)
                messages.success(request, "Le mandat est vérifié. La personne peut le retirer à tout moment.")
                return redirect("people:desk_request", row.public_id)
        except ValueError as error:
            form.add_error("phone", str(error))
        except (DomainError, ValidationError) as error:
            tell(form, error)
    return render(request, "people/desk_mandate.html", {"row": row, "form": form}, status=422 if form.errors else 200)


@require_POST
def desk_mandate_revoke(request: Request, public_id: str, mandate: str) -> HttpResponse:
    row = queries.request_of(request.actor, public_id)
    found = queries.mandate_of(mandate)
    if found.person_id != row.person_id:
        raise NotFound("Ce mandat n’existe pas.")
    usecases.revoke_mandate(request.actor, mandate=found)
    messages.success(request, "Ce mandat est retiré, dès maintenant.")
    return redirect("people:desk_request", row.public_id)
