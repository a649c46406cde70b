"""« Mes données »: what is held, who opened it and why, and the buttons of the rights. No account, no script."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.http import Request, network_of, tell
from entremise.people import queries, usecases
from entremise.people.forms.mydata import CodeForm, CorrectionForm
from entremise.people.web.visitors import Visitor, act_for, expected, let_in, let_out, visitor
from entremise.vault import queries as facts
from entremise.vault.registry import NO_OBJECTION, PURPOSES, asked

ANYONE = Actor(None, "personne sans compte", "web")
MOTIVE = "Consultation de « Mes données » par la personne"
OWN = frozenset({"name", "birth", "phone", "address", "preferences", "relatives", "housing"})
"""What a person corrects by themself (`right-own-correction`)."""
FILES = {
    "json": ("application/json", usecases.as_json),
    "csv": ("text/csv; charset=utf-8", usecases.as_csv),
}


@login_not_required
@never_cache
@sensitive_post_parameters("code", "birth")
@sensitive_variables()
@require_http_methods(["GET", "POST"])
def my_data(request: Request) -> HttpResponse:
    """The door, then the page. Every wrong answer at the door is the same answer."""
    if request.method == "POST":
        return _enter(request)
    who = visitor(request)
    if who is None:
        return render(request, "people/public/enter.html", {"form": CodeForm()})
    return _page(request, who)


@sensitive_variables()
def _enter(request: Request) -> HttpResponse:
    form = CodeForm(request.POST)
    if form.is_valid():
        try:
            usecases.knock(network=network_of(request))
            person = usecases.use_code(ANYONE, code=form.cleaned_data["code"], birth=form.cleaned_data["birth"])
        except usecases.TooManyTries as error:
            return render(request, "429.html", {"message": error.message}, status=429)
        except usecases.CodeRefused as error:
            form.add_error(None, error.message)
        else:
            let_in(request, person, proved=True)
            return redirect("people:my_data")
    return render(request, "people/public/enter.html", {"form": form}, status=422)


@sensitive_variables()
def _page(request: Request, who: Visitor) -> HttpResponse:
    said = queries.live_objections(who.person.pk)
    possible = queries.objectionable(who.person.pk)
    context: dict[str, Any] = {
        "who": who,
        "may_write": who.mandate is None or who.mandate.scope == "write",
        "purposes": [(code, label, code in said) for code, label in possible.items()],
        "compulsory": [PURPOSES[code] for code in sorted(NO_OBJECTION)],
        "consents": [
            (one.purpose, PURPOSES.get(one.purpose, one.purpose), one.at)
            for one in queries.consents(who.person)
            if one.answer != "no" and one.withdrawn_at is None
        ],
        "asked": queries.requests_of(who.person.pk) if who.proved else [],
        "copy": None,
        "accesses": [],
        "frozen": False,
        "held": [],
        "given": [],
    }
    if who.proved:
        records = facts.records_of(who.person.pk)
        context |= {
            "copy": usecases.copy_of(who.actor, person=who.person, motive=MOTIVE),
            "accesses": usecases.accesses_of(who.actor, person=who.person) or [],
            "frozen": bool(records) and all(one.status in ("frozen", "closed") for one in records),
            "held": queries.mandates_held(who.me.pk) if who.mandate is None else [],
            "given": queries.mandates_of(who.person.pk) if who.mandate is None else [],
        }
    return render(request, "people/public/my_data.html", context)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def my_link(request: Request, token: str) -> HttpResponse:
    """A personal link says who comes: enough to refuse a use, not to read. One more click, so that a mail server
    that follows links enters nothing."""
    person = queries.person_of_link(token)
    if request.method == "POST":
        let_in(request, person, proved=False)
        return redirect("people:my_data")
    return render(request, "people/public/link.html", {"token": token})


@login_not_required
@require_POST
def leave(request: Request) -> HttpResponse:
    let_out(request)
    messages.success(request, "Vous avez quitté « Mes données ».")
    return redirect("people:my_data")


@login_not_required
@require_POST
def deed(request: Request, deed: str) -> HttpResponse:
    """One tap, one deed; then the page again, which says what was done."""
    who = expected(request)
    purpose = request.POST.get("purpose", "")
    try:
        messages.success(request, _do(who, deed, purpose, request.POST.get("line", "")))
    except (DomainError, ValidationError) as error:
        if isinstance(error, NotAllowed | NotFound):
            raise
        messages.warning(request, error.message if isinstance(error, DomainError) else " ".join(error.messages))
    return redirect("people:my_data")


def _do(who: Visitor, deed: str, purpose: str, line: str) -> str:
    actor, person = who.actor, who.person
    if deed == "refuser":
        usecases.record_objection(actor, person=person, purpose=purpose)
        return "C’est noté : nous ne nous servons plus de vos données pour cela, dès maintenant."
    if deed == "retirer-accord":
        usecases.withdraw_consent(actor, person=person, purpose=purpose)
        return "C’est noté : votre accord est retiré, dès maintenant."
    if deed == "demander-code":
        usecases.receive_request(actor, kind="access", person=person)
        return "C’est noté. Une lettre avec un code part à l’adresse que nous avons pour vous."
    if not who.proved:
        raise NotAllowed("Pour cela, tapez d’abord le code de votre lettre.")
    if deed == "accepter":
        usecases.withdraw_objection(actor, person=person, purpose=purpose)
        return "C’est noté : votre refus est levé."
    if deed == "geler":
        usecases.freeze(actor, person=person)
        return "C’est fait : vos données ne servent plus à rien, même pas aux secours, tant que vous le voulez."
    if deed == "degeler":
        usecases.unfreeze(actor, person=person)
        return "C’est fait : vos données servent à nouveau."
    if deed == "contester" and line.isdecimal():
        row = usecases.receive_request(actor, kind="contest", person=person, line=int(line))
        return f"C’est noté sous la référence {row.code}. Le délégué vous répond avant le {row.due_on:%d/%m/%Y}."
    raise NotFound("Cette action n’existe pas.")


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def erase(request: Request) -> HttpResponse:
    """What erasing does, then the request: two agents do it."""
    who = expected(request)
    if not who.proved:
        raise NotAllowed("Pour cela, tapez d’abord le code de votre lettre.")
    if request.method == "POST":
        row = usecases.receive_request(who.actor, kind="erase", person=who.person)
        messages.success(
            request, f"C’est noté sous la référence {row.code}. Nous vous répondons avant le {row.due_on:%d/%m/%Y}."
        )
        return redirect("people:my_data")
    return render(request, "people/public/erase.html")


@login_not_required
@never_cache
@sensitive_variables()
@require_http_methods(["GET", "POST"])
def correct(request: Request) -> HttpResponse:
    """One's own name, birth date, contacts, preferences, close ones: at once. The rest: an agent is asked."""
    who = expected(request)
    if not who.proved or (who.mandate is not None and who.mandate.scope != "write"):
        raise NotAllowed("Pour cela, il faut le code de votre lettre, ou un mandat qui permet de corriger.")
    copy = usecases.copy_of(who.actor, person=who.person, motive=MOTIVE)
    held = [
        (item.name, item.label, item.value)
        for section in copy.sections
        for item in section.items
        if asked(item.name).category in OWN and not item.reason
    ]
    form = CorrectionForm(request.POST if request.method == "POST" else None, held=held)
    if request.method == "POST" and form.is_valid():
        if "autre" in request.POST:
            row = usecases.receive_request(who.actor, kind="rectify", person=who.person)
            messages.success(request, f"C’est noté sous la référence {row.code}. Un agent vous appelle.")
            return redirect("people:my_data")
        try:
            if changes := form.changes():
                way = usecases.rectify(
                    who.actor, person=who.person, values=changes, motive="Correction par la personne"
                )
                messages.success(request, _told(way))
            return redirect("people:my_data")
        except usecases.ContactUnconfirmed:
            usecases.receive_request(who.actor, kind="rectify", person=who.person)
            messages.warning(
                request,
                "Nous n’avons ni courriel ni mobile pour vous prévenir : une lettre part d’abord à l’adresse connue, "
                "puis un agent enregistre la correction avec vous.",
            )
            return redirect("people:my_data")
        except (DomainError, ValidationError) as error:
            tell(form, _keyed(error))
    context = {"form": form, "empty": not held}
    return render(request, "people/public/correct.html", context, status=422 if form.errors else 200)


def _told(way: str) -> str:
    ways = {"email": "un courriel", "sms": "un SMS", "letter": "une lettre"}
    return "C’est corrigé." + (f" {ways[way].capitalize()} l’a dit à l’ancienne adresse." if way in ways else "")


def _keyed(error: DomainError | ValidationError) -> DomainError | ValidationError:
    """Errors come by field of the vault; the form names them otherwise."""
    if isinstance(error, ValidationError) and hasattr(error, "error_dict"):
        return ValidationError({CorrectionForm.key(name): texts for name, texts in error.message_dict.items()})
    return error


@login_not_required
@never_cache
@sensitive_variables()
@require_safe
def copy_file(request: Request, form: str) -> HttpResponse:
    who = expected(request)
    if not who.proved:
        raise NotAllowed("Pour cela, tapez d’abord le code de votre lettre.")
    if form == "pdf":
        large = "grand" in request.GET
        content = usecases.copy_letter(who.actor, person=who.person, motive=MOTIVE, large=large)
        kind = "application/pdf"
    elif form in FILES:
        kind, make = FILES[form]
        content = make(usecases.copy_of(who.actor, person=who.person, motive=MOTIVE))
    else:
        raise NotFound("Ce format n’existe pas.")
    return _attached(content, kind, f"mes-donnees.{form}")


def _attached(content: bytes, kind: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=kind, headers=headers)


@login_not_required
@require_POST
def mandate_deed(request: Request, public_id: str, deed: str) -> HttpResponse:
    """Act for somebody, stop acting, take a mandate back."""
    who = expected(request)
    if not who.proved:
        raise NotAllowed("Pour cela, tapez d’abord le code de votre lettre.")
    if deed == "cesser":
        act_for(request, "")
        return redirect("people:my_data")
    mandate = queries.mandate_of(public_id)
    if deed == "agir":
        usecases.acting(who.actor, mandate=mandate)
        act_for(request, mandate.public_id)
    elif deed == "retirer":
        usecases.revoke_mandate(who.actor, mandate=mandate)
        messages.success(request, "Ce mandat est retiré, dès maintenant.")
    else:
        raise NotFound("Cette action n’existe pas.")
    return redirect("people:my_data")
