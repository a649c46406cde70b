"""The matchmaker's desk: one queue, one page for a request with the helpers ranked beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.accounts.policies import require_second_factor
from entremise.accounts.queries import colleagues
from entremise.audit.queries import history
from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.http import Request, tell
from entremise.mutualaid import policies, queries, rules, usecases
from entremise.mutualaid.forms import desk as forms
from entremise.mutualaid.forms.fields import split_name
from entremise.mutualaid.models import Match, Need, Proposal
from entremise.mutualaid.models.needs import LIVE_STATES, NeedQuerySet
from entremise.people.engine import phone
from entremise.people.models import Person
from entremise.people.queries import find_by_phone
from entremise.rules.queries import number_of
from entremise.territories.queries import theme
from entremise.vault.usecases import open as open_vault

PAGE = 25
PURPOSE = "mutualaid.contact"


@require_safe
def desk(request: Request) -> HttpResponse:
    rows = queries.queue(request.actor)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "counts": queries.queue_counts(request.actor), "now": clock.now()}
    template = "mutualaid/_queue_rows.html" if request.htmx else "mutualaid/desk.html"
    return render(request, template, context)


@require_POST
def take_next(request: Request) -> HttpResponse:
    need = usecases.claim_next_need(request.actor)
    if need is None:
        messages.info(request, "La file est vide : rien n’attend un agent en ce moment.")
        return redirect("mutualaid:desk")
    return redirect("mutualaid:need_page", need.public_id)


@require_safe
def need_list(request: Request) -> HttpResponse:
    form = forms.NeedFilter(request.GET)
    form.is_valid()
    rows = filtered(request, form.cleaned_data)
    found = form.cleaned_data.get("q")
    if found and (need := queries.need_by_code(request.actor, found)):
        return redirect("mutualaid:need_page", need.public_id)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {"page": page, "filter": form, "query": f"{query.urlencode()}&" if query else "", "now": clock.now()}
    template = "mutualaid/_need_rows.html" if request.htmx else "mutualaid/need_list.html"
    return render(request, template, context)


def filtered(request: Request, chosen: Mapping[str, Any]) -> NeedQuerySet:
    """The list under its filters: the same for the page and for its export."""
    rows, now = queries.needs(request.actor), clock.now()
    state = chosen.get("etat") or ""
    special: dict[str, Callable[[], NeedQuerySet]] = {
        "a_traiter": lambda: rows.waiting(now),
        "en_cours": lambda: rows.filter(state__in=LIVE_STATES),
        "anciennes": lambda: rows.older_than(timedelta(hours=number_of(rules.AGE_ALERT)), now),
        "a_moi": lambda: rows.filter(agent_id=request.actor.user_id, state__in=LIVE_STATES),
    }
    rows = special[state]() if state in special else rows.filter(state=state) if state else rows
    if chosen.get("aide"):
        rows = rows.filter(category=chosen["aide"])
    if chosen.get("commune"):
        rows = rows.filter(territory=chosen["commune"])
    if chosen.get("q"):
        rows = rows.filter(Q(person__in=_by_phone(request, chosen["q"])))
    return rows.in_queue_order()


def _by_phone(request: Request, said: str) -> list[Person]:
    try:
        number = phone.normalise(said)
    except ValueError:
        return []
    return find_by_phone(request.actor, phone=number, motive="Recherche d’une personne qui appelle")


@require_http_methods(["GET", "POST"])
def intake(request: Request) -> HttpResponse:
    """A request dictated on the phone, at the counter, or keyed from paper."""
    if not policies.can_match(request.actor):
        raise NotAllowed("Cette page est réservée aux agents entremetteurs.")
    require_second_factor(request.actor)
    mode = request.GET.get("mode", "telephone")
    origin = {"telephone": "phone", "guichet": "counter", "papier": "paper"}.get(mode, "phone")
    kind = forms.PaperForm if origin == "paper" else forms.IntakeForm
    form = kind(request.POST or None, initial={"commune": home(), "phone": request.GET.get("rappel", "")})
    known: list[Person] = []
    if request.method == "POST" and form.is_valid():
        known = find_by_phone(request.actor, phone=form.cleaned_data["phone"], motive="Recherche avant création")
        chosen = form.cleaned_data.get("person")
        asked = "person" in request.POST and request.POST["person"] != ""
        if known and not asked and "nouvelle" not in request.POST:
            return _intake_page(request, form, mode, known)
        person = next((one for one in known if one.pk == chosen), None)
        try:
            need = _submit(request, form, origin, person)
        except (DomainError, ValidationError) as error:
            tell(form, error)
        else:
            messages.success(
                request,
                f"C’est noté sous le code {need.code}. Dites-le à la personne : il permet de suivre ou d’annuler.",
            )
            return redirect("mutualaid:need_page", need.public_id)
    return _intake_page(request, form, mode, known)


def home() -> str:
    """The instance's own commune, already written: most people who call live there."""
    town = theme().territory
    return town.name if town is not None and town.kind == "commune" else ""


def _submit(request: Request, form: Form, origin: str, person: Person | None) -> Need:
    said = form.cleaned_data
    values = {**split_name(said["name"]), "phone": said["phone"], "address": said.get("address") or ""}
    channel = {"phone": "phone", "counter": "counter", "paper": "paper"}[origin]
    return usecases.submit_need(
        request.actor.through(channel),  # type: ignore[arg-type]
        category=said["category"],
        territory=said["commune"],
        urgency=said["urgency"],
        origin=origin,
        person=person,
        values=values if person is None else {"address": values["address"]},
        note=said.get("note") or "",
        slots=said["slots"],
        languages=said["languages"],
        due_on=said.get("due_on"),
        received_at=said.get("received_on"),
        requester_kind=said["requester_kind"],
        consent=said.get("consent") or "yes",
        consent_mode=said.get("consent_mode") or "each",
        paper_ref=said.get("paper_ref") or "",
    )


def _intake_page(request: Request, form: Form, mode: str, known: list[Person]) -> HttpResponse:
    context = {
        "form": form,
        "mode": mode,
        "known": [(person, queries.possible_duplicates([person.pk])) for person in known],
    }
    return render(request, "mutualaid/intake.html", context, status=422 if form.errors else 200)


@require_safe
def need_page(request: Request, public_id: str) -> HttpResponse:
    return _need_page(request, queries.need(request.actor, public_id))


def _need_page(request: Request, need: Need, *, wrong: Form | None = None) -> HttpResponse:
    """The request, the person, the ranked helpers, what was done: all a matchmaker needs on one page."""
    if not policies.can_match(request.actor):
        raise NotAllowed("Cette page est réservée aux agents entremetteurs.")
    require_second_factor(request.actor)
    now = clock.now()
    fields = ["first_name", "last_name", "phone", "email"]
    opening = open_vault(
        request.actor,
        person=need.person_id,
        fields=[*(f"entraide.{f}" for f in fields), *([need.note_field] if need.has_note else [])],
        purpose=PURPOSE,
        motive=f"Traitement de la demande {need.code}",
    )
    proposals, matches = queries.dealings(need)
    match = next(iter(matches), None)
    asked = request.GET.get("aidant", "")
    context: dict[str, Any] = {
        "need": need,
        "person": {name: opening.values.get(f"entraide.{name}", "") for name in fields},
        "refusals": opening.reasons,
        "note": opening.values.get(need.note_field, ""),
        "proposals": proposals,
        "accepted": next((p for p in proposals if p.state == "accepted_by_helper"), None),
        "match": match,
        "held_by_other": bool(
            need.claimed_by_id
            and need.claimed_by_id != request.actor.user_id
            and need.lease_until
            and need.lease_until > now
        ),
        "history": history(_subjects(need, proposals, matches)),
        "helper_contact": {},
        "wrong": wrong,
        "now": now,
    }
    context |= _forms(need, match)
    if wrong is not None:
        context[request.POST.get("form", "")] = wrong
    if need.state == "open" or (need.state == "proposed" and not context["accepted"]):
        context["shortlist"] = queries.shortlist(need, want=20 if "tous" in request.GET else None)
        context["asked"] = asked
        context["asked_contact"] = _contact(request, asked, need) if asked else None
    elif chosen := context["accepted"] or match:
        helper = chosen.helper
        context["helper_contact"] = contact = _contact(request, helper.public_id, need)
        context["refusals"] = tuple(dict.fromkeys((*context["refusals"], *contact["refusals"])))
    return render(request, "mutualaid/need_page.html", context, status=422 if wrong else 200)


def _forms(need: Need, match: Match | None) -> dict[str, Form]:
    """Those that this state of the request shows; making the others took longer than showing these."""
    shown: dict[str, Form] = {}
    if need.state in ("submitted", "qualified"):
        first = {"category": need.category.code, "urgency": need.urgency, "sensitive": need.sensitive}
        shown["open_form"] = forms.OpenForm(initial=first)
    if need.state in ("submitted", "qualified", "open"):
        shown["hold_form"] = forms.HoldForm()
    if need.state not in ("done", "closed"):
        shown["close_form"] = forms.CloseForm()
        shown["hand_over_form"] = forms.HandOverForm(colleagues=colleagues("matchmaker"))
    if match is not None:
        shown["outcome_form"] = forms.OutcomeForm(initial={"side": "person"})
        shown["fail_form"] = forms.FailForm()
    return shown


def _contact(request: Request, public_id: str, need: Need) -> dict[str, Any]:
    helper = queries.helper(request.actor, public_id)
    fields = ["first_name", "last_name", "phone", "email"]
    opening = open_vault(
        request.actor,
        person=helper.person_id,
        fields=[f"entraide.{name}" for name in fields],
        purpose=PURPOSE,
        motive=f"Appel d’une personne qui aide pour la demande {need.code}",
    )
    said = {name: opening.values.get(f"entraide.{name}", "") for name in fields}
    return {**said, "refusals": opening.reasons}


def _subjects(need: Need, proposals: list[Proposal], matches: list[Match]) -> list[tuple[str, int]]:
    subjects = [("mutualaid.need", need.pk), *(("mutualaid.proposal", p.pk) for p in proposals)]
    subjects += [("mutualaid.match", m.pk) for m in matches]
    if matches:
        subjects += [("mutualaid.contactrelease", r.pk) for r in matches[0].releases.all()]
        subjects += [("mutualaid.feedback", f.pk) for f in matches[0].feedback.all()]
    return subjects


def _said(request: Request, need: Need, form: Form, deed: Callable[[dict[str, Any]], str]) -> HttpResponse:
    """Run a deed of the need page: its word of success, or the page again with what was typed and why not."""
    if form.is_valid():
        try:
            messages.success(request, deed(form.cleaned_data))
            return redirect("mutualaid:need_page", need.public_id)
        except (DomainError, ValidationError) as error:
            tell(form, error)
    need.refresh_from_db()
    return _need_page(request, need, wrong=form)


@require_POST
def need_open(request: Request, public_id: str) -> HttpResponse:
    need = queries.need(request.actor, public_id)

    def deed(said: dict[str, Any]) -> str:
        usecases.open_need(
            request.actor,
            need=need,
            urgency=said["urgency"],
            category=said["category"],
            sensitive=said["sensitive"],
            consented=said["consented"],
        )
        return f"Demande {need.code} ouverte : voici les personnes qui peuvent aider."

    return _said(request, need, forms.OpenForm(request.POST), deed)


@require_POST
def need_hold(request: Request, public_id: str) -> HttpResponse:
    need = queries.need(request.actor, public_id)

    def deed(said: dict[str, Any]) -> str:
        usecases.hold_need(request.actor, need=need, until=said["until"])
        return f"Rappel noté. La demande {need.code} reviendra d’elle-même dans la file."

    return _said(request, need, forms.HoldForm(request.POST), deed)


@require_POST
def need_close(request: Request, public_id: str) -> HttpResponse:
    need = queries.need(request.actor, public_id)

    def deed(said: dict[str, Any]) -> str:
        other = queries.need_by_code(request.actor, said["duplicate_of"]) if said["duplicate_of"] else None
        usecases.close_need(request.actor, need=need, reason=said["reason"], duplicate_of=other)
        return f"Demande {need.code} close. Vous pouvez la rouvrir pendant 30 jours."

    return _said(request, need, forms.CloseForm(request.POST), deed)


@require_POST
def need_hand_over(request: Request, public_id: str) -> HttpResponse:
    need = queries.need(request.actor, public_id)

    def deed(said: dict[str, Any]) -> str:
        usecases.hand_over_need(request.actor, need=need, colleague=said["colleague"])
        return f"Demande {need.code} passée à {said['colleague'].label}."

    return _said(request, need, forms.HandOverForm(request.POST, colleagues=colleagues("matchmaker")), deed)


SIMPLE: dict[str, tuple[Callable[..., object], str]] = {
    "prendre": (usecases.claim_need_file, "Vous suivez cette demande pendant 30 minutes."),
    "rendre": (usecases.release_need_file, "Demande rendue à la file."),
    "reprendre": (usecases.resume_need, "La demande est de nouveau dans la file."),
    "rouvrir": (usecases.reopen_need, "Demande rouverte, avec sa date d’arrivée."),
    "annuler": (usecases.cancel_need, "Demande annulée à la demande de la personne."),
}


@require_POST
def need_deed(request: Request, public_id: str, deed: str) -> HttpResponse:
    if deed not in SIMPLE:
        raise NotFound("Cette action n’existe pas.")
    need = queries.need(request.actor, public_id)
    usecase, word = SIMPLE[deed]
    return _said(request, need, Form(request.POST), lambda said: (usecase(request.actor, need=need), word)[1])


@require_POST
def propose(request: Request, public_id: str) -> HttpResponse:
    """« Proposer » sends the question; « J’ai appelé » notes the answer heard: the button says who, and what."""
    need = queries.need(request.actor, public_id)
    answer = next((said for said in ("yes", "no") if said in request.POST), "")
    helper = queries.helper(request.actor, request.POST.get(answer or "helper", ""))

    def deed(said: dict[str, Any]) -> str:
        if answer:
            usecases.record_phone_answer(request.actor, need=need, helper=helper, answer=answer)
            return "Réponse notée. " + ("C’est un oui !" if answer == "yes" else "Proposez à quelqu’un d’autre.")
        usecases.send_proposal(request.actor, need=need, helper=helper)
        return "Proposition envoyée. Vous pouvez l’annuler ci-dessous ; sans réponse, elle s’éteint d’elle-même."

    return _said(request, need, Form(request.POST), deed)


@require_POST
def proposal_deed(request: Request, public_id: str, deed: str) -> HttpResponse:
    proposal = queries.proposal(request.actor, public_id)

    def act(said: dict[str, Any]) -> str:
        if deed == "annuler":
            usecases.withdraw_proposal(request.actor, proposal=proposal)
            return "Proposition annulée."
        if deed in ("oui", "non"):
            agent = request.actor.speaking_for(proposal.need.person_id, "phone")
            usecases.record_person_answer(agent, proposal=proposal, answer="yes" if deed == "oui" else "no")
            return "Mise en relation confirmée." if deed == "oui" else "Noté : la demande revient dans la file."
        raise NotFound("Cette action n’existe pas.")

    return _said(request, proposal.need, Form(request.POST), act)


@require_POST
def match_deed(request: Request, public_id: str, deed: str) -> HttpResponse:
    match = queries.match(request.actor, public_id)
    if deed == "transmettre":
        return _said(request, match.need, Form(request.POST), lambda said: _release(request, match))
    if deed == "bilan":
        form: Form = forms.OutcomeForm(request.POST)

        def outcome(said: dict[str, Any]) -> str:
            who = match.need.person_id if said["side"] == "person" else match.helper.person_id
            usecases.record_outcome(request.actor.speaking_for(who, "phone"), match=match, **said)
            return "Bilan noté. Merci."

        return _said(request, match.need, form, outcome)
    if deed == "echec":
        form = forms.FailForm(request.POST)

        def fail(said: dict[str, Any]) -> str:
            usecases.fail_match(request.actor, match=match, reason=said["reason"])
            return "Noté. La demande revient dans la file avec sa date d’arrivée."

        return _said(request, match.need, form, fail)
    raise NotFound("Cette action n’existe pas.")


def _release(request: Request, match: Match) -> str:
    directions = request.POST.getlist("direction") or ["to_helper", "to_person"]
    for direction in directions:
        usecases.release_contact(request.actor, match=match, direction=direction)
    return "Coordonnées transmises. Elles s’effacent d’elles-mêmes à la date indiquée."
