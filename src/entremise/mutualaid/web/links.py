"""Pages behind a personal link: my request, my offer, the question put to me. The link is the proof; a GET writes
nothing; contacts are read on the page, through the vault, never sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.http import Request, tell
from entremise.mutualaid import queries, usecases
from entremise.mutualaid.forms import public as forms
from entremise.mutualaid.models import ContactRelease, HelperProfile, Match, Need, Proposal
from entremise.mutualaid.models.matching import MATCH_LIVE
from entremise.mutualaid.models.needs import LIVE_STATES
from entremise.people.engine import phone
from entremise.vault.usecases import open as open_vault

CONTACT = ("first_name", "last_name", "phone", "email")
MEETING = ("address",)
SHARED = (*CONTACT, *MEETING)


def _contact(actor: Actor, match: Match, direction: str) -> dict[str, Any] | None:
    """What the other side let this one read, while it lasts; None when nothing is open."""
    now = clock.now()
    release = next(
        (r for r in match.releases.all() if r.direction == direction and r.state == "active" and r.until > now), None
    )
    if release is None:
        return None
    giver = match.helper.person_id if direction == "to_person" else match.need.person_id
    said = dict.fromkeys(SHARED, "")
    for purpose, names in (("mutualaid.contact", CONTACT), ("mutualaid.meet", MEETING)):
        if not (asked := [name for name in names if name in release.fields]):
            continue
        try:
            opening = open_vault(
                actor,
                person=giver,
                fields=[f"entraide.{name}" for name in asked],
                purpose=purpose,
                motive=f"Coordonnées transmises pour la demande {match.need.code}",
            )
        except NotFound:  # erased since
            return None
        said |= {name: opening.values.get(f"entraide.{name}", "") for name in asked}
    if not any(said.values()):  # taken back, objected to, frozen: nothing is shown, nor why
        return None
    number = said["phone"]
    return {**said, "number": phone.readable(number) if number else "", "until": release.until, "release": release}


def _given(match: Match, direction: str) -> ContactRelease | None:
    """What this side lets the other read, to be taken back; nothing once the match is over."""
    shown = (r for r in match.releases.all() if r.direction == direction and r.state == "active")
    return next(shown, None) if match.state in MATCH_LIVE else None


def _refused(request: Request, error: DomainError | ValidationError) -> None:
    """Say on the next page why the deed was not done; what is hidden goes on to the error pages."""
    if isinstance(error, NotAllowed | NotFound):
        raise error
    text = error.message if isinstance(error, DomainError) else " ".join(error.messages)
    messages.warning(request, text)


@login_not_required
@never_cache
@require_safe
def need_link(request: Request, token: str) -> HttpResponse:
    need = queries.need_of_link(token)
    return _need_page(request, token, need, forms.OutcomeForm())


def _need_page(request: Request, token: str, need: Need, outcome: Form) -> HttpResponse:
    actor = Actor.person(need.person_id)
    match = queries.match_of_need(need)
    live = match if match and match.state in MATCH_LIVE else None
    told = next((f for f in match.feedback.all() if f.side == "person"), None) if match else None
    context = {
        "token": token,
        "need": need,
        "category": forms.Words.name(need.category),
        "urgency": forms.URGENCIES[need.urgency],
        "accepted": queries.accepted_of_need(need) if need.state == "proposed" else None,
        "match": live,
        "contact": _contact(actor, live, "to_person") if live else None,
        "given": _given(live, "to_helper") if live else None,
        "told": told,
        "ask_outcome": match is not None and told is None and match.state in (*MATCH_LIVE, "done"),
        "ended": match,
        "outcome": outcome,
        "may_cancel": need.state in LIVE_STATES,
    }
    return render(request, "mutualaid/public/need_link.html", context, status=422 if outcome.errors else 200)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def need_cancel(request: Request, token: str) -> HttpResponse:
    """One page that says what cancelling does, then the deed."""
    need = queries.need_of_link(token)
    if request.method == "POST":
        try:
            usecases.cancel_need(Actor.person(need.person_id), need=need)
            messages.success(request, _("Votre demande est annulée. Personne ne vous appellera pour elle."))
        except (DomainError, ValidationError) as error:
            _refused(request, error)
        return redirect("mutualaid:need_link", token)
    context = {"token": token, "need": need, "category": forms.Words.name(need.category)}
    return render(request, "mutualaid/public/need_cancel.html", context)


@login_not_required
@require_POST
def need_answer(request: Request, token: str, deed: str) -> HttpResponse:
    """Yes or no to the helper found."""
    need = queries.need_of_link(token)
    proposal = queries.accepted_of_need(need)
    if deed not in ("oui", "non"):
        raise NotFound(_("Cette action n’existe pas."))
    if proposal is None:
        messages.warning(request, _("Il n’y a plus de réponse à donner : la page dit où en est votre demande."))
        return redirect("mutualaid:need_link", token)
    try:
        usecases.record_person_answer(
            Actor.person(need.person_id), proposal=proposal, answer="yes" if deed == "oui" else "no"
        )
        word = (
            _("C’est d’accord. Un agent vous met en relation.")
            if deed == "oui"
            else _("C’est noté. Nous cherchons quelqu’un d’autre.")
        )
        messages.success(request, word)
    except (DomainError, ValidationError) as error:
        _refused(request, error)
    return redirect("mutualaid:need_link", token)


@login_not_required
@require_POST
def need_outcome(request: Request, token: str) -> HttpResponse:
    need = queries.need_of_link(token)
    match = queries.match_of_need(need)
    form = forms.OutcomeForm(request.POST)
    if match is None:
        raise NotFound(_("Cette demande n’a pas de mise en relation."))
    if form.is_valid():
        try:
            usecases.record_outcome(Actor.person(need.person_id), match=match, side="person", **form.cleaned_data)
            messages.success(request, _("C’est noté, merci."))
        except (DomainError, ValidationError) as error:
            _refused(request, error)
        return redirect("mutualaid:need_link", token)
    return _need_page(request, token, need, form)


@login_not_required
@require_POST
def need_hide(request: Request, token: str) -> HttpResponse:
    """« Ne plus montrer mon numéro »: at once."""
    need = queries.need_of_link(token)
    return _hide(request, Actor.person(need.person_id), queries.match_of_need(need), "to_helper", "need_link", token)


def _hide(request: Request, actor: Actor, match: Match | None, direction: str, page: str, token: str) -> HttpResponse:
    releases = [r for r in match.releases.all() if r.direction == direction and r.state == "active"] if match else []
    try:
        for release in releases:
            usecases.revoke_contact(actor, release=release)
        messages.success(request, _("Votre numéro n’est plus visible."))
    except (DomainError, ValidationError) as error:
        _refused(request, error)
    return redirect(f"mutualaid:{page}", token)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def proposal_link(request: Request, token: str) -> HttpResponse:
    """The question put to one helper: what, when, how far, which commune. Never who, never where exactly."""
    proposal = queries.proposal_of_link(token)
    if request.method == "POST":
        _answer(request, proposal)
        return redirect("mutualaid:proposal_link", token)
    need = proposal.need
    context = {
        "token": token,
        "proposal": proposal,
        "need": need,
        "category": forms.Words.name(need.category),
        "urgency": forms.URGENCIES[need.urgency],
        "band": _band(proposal),
        "standing": queries.standing(proposal),
        "offer": queries.link_of("helper", proposal.helper.public_id),
        "left": proposal.helper.state == "withdrawn",
    }
    return render(request, "mutualaid/public/proposal.html", context)


def _band(proposal: Proposal) -> int | None:
    """The distance band stored with the proposal, in km (1, 3, 10; 0 beyond); None at a distance."""
    return next((int(str(reason[1])) for reason in proposal.reasons if reason[0] == "distance"), None)


def _answer(request: Request, proposal: Proposal) -> None:
    actor, said = Actor.person(proposal.helper.person_id), request.POST.get("answer")
    try:
        if said == "oui":
            usecases.accept_proposal(actor, proposal=proposal)
            messages.success(request, _("Merci, votre oui est noté."))
        elif said == "non":
            usecases.decline_proposal(actor, proposal=proposal)
            messages.success(request, _("C’est noté. Merci d’avoir répondu."))
        else:
            messages.warning(request, _("Répondez par Oui ou par Non."))
    except (DomainError, ValidationError) as error:
        _refused(request, error)


@login_not_required
@never_cache
@require_safe
def offer_link(request: Request, token: str) -> HttpResponse:
    return _offer_page(request, token, queries.helper_of_link(token))


def _offer_page(
    request: Request, token: str, helper: HelperProfile, *, pause: Form | None = None, outcome: Form | None = None
) -> HttpResponse:
    actor = Actor.person(helper.person_id)
    matches = [
        {
            "match": match,
            "category": forms.Words.name(match.need.category),
            "contact": _contact(actor, match, "to_helper") if match.state in MATCH_LIVE else None,
            "given": _given(match, "to_person"),
            "told": any(f.side == "helper" for f in match.feedback.all()),
            "live": match.state in MATCH_LIVE,
        }
        for match in queries.matches_of_helper(helper)
    ]
    waiting = [
        {
            "proposal": proposal,
            "category": forms.Words.name(proposal.need.category),
            "urgency": forms.URGENCIES[proposal.need.urgency],
            "standing": queries.standing(proposal),
            "token": queries.link_of("proposal", proposal.public_id),
        }
        for proposal in queries.proposals_waiting(helper)
    ]
    context = {
        "token": token,
        "helper": helper,
        "categories": [forms.Words.name(c) for c in queries.categories() if helper.categories & c.mask],
        "slots": [label for bit, label in forms.SLOTS if helper.slots >> bit & 1] if helper.slots != 2**14 - 1 else [],
        "languages": [label for n, label in enumerate(forms.LANGUAGES.values()) if helper.languages >> n & 1],
        "matches": matches,
        "waiting": waiting,
        "pause": pause or forms.PauseForm(),
        "outcome": outcome or forms.OutcomeForm(),
    }
    wrong = bool((pause and pause.errors) or (outcome and outcome.errors))
    return render(request, "mutualaid/public/offer_link.html", context, status=422 if wrong else 200)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def offer_change(request: Request, token: str) -> HttpResponse:
    helper = queries.helper_of_link(token)
    form = forms.ChangeForm(
        request.POST if request.method == "POST" else None,
        initial={
            "categories": [c.code for c in queries.categories() if helper.categories & c.mask],
            "slots": helper.slots,
            "languages": helper.languages,
            "radius_km": max(1, round(helper.radius_m / 1000)),
            "monthly_max": helper.monthly_max,
        },
    )
    if request.method == "POST" and form.is_valid():
        said = dict(form.cleaned_data)
        said["radius_m"] = said.pop("radius_km") * 1000
        try:
            usecases.change_offer(Actor.person(helper.person_id), helper=helper, **said)
            messages.success(request, _("C’est changé. Les prochaines demandes en tiennent compte."))
            return redirect("mutualaid:offer_link", token)
        except (DomainError, ValidationError) as error:
            tell(form, _renamed(error))
    context = {"token": token, "form": form}
    return render(request, "mutualaid/public/offer_change.html", context, status=422 if form.errors else 200)


def _renamed(error: DomainError | ValidationError) -> DomainError | ValidationError:
    """The use case counts in metres, the form in kilometres: the error goes to the field that people see."""
    if isinstance(error, ValidationError) and hasattr(error, "error_dict") and "radius_m" in error.error_dict:
        return ValidationError({"radius_km": error.message_dict["radius_m"]})
    return error


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def offer_withdraw(request: Request, token: str) -> HttpResponse:
    helper = queries.helper_of_link(token)
    if request.method == "POST":
        try:
            usecases.withdraw_helper(Actor.person(helper.person_id), helper=helper)
        except (DomainError, ValidationError) as error:
            _refused(request, error)
            return redirect("mutualaid:offer_link", token)
        return redirect("mutualaid:offer_left")
    return render(request, "mutualaid/public/offer_withdraw.html", {"token": token, "helper": helper})


@login_not_required
@require_safe
def offer_left(request: Request) -> HttpResponse:
    return render(request, "mutualaid/public/offer_left.html")


@login_not_required
@require_POST
def offer_deed(request: Request, token: str, deed: str) -> HttpResponse:
    """Confirm, pause, resume: one button each."""
    helper = queries.helper_of_link(token)
    actor = Actor.person(helper.person_id)
    pause = forms.PauseForm(request.POST)
    deeds: dict[str, tuple[Callable[[], object], str]] = {
        "confirmer": (
            lambda: usecases.confirm_helper(actor, helper=helper),
            _("C’est confirmé, merci. Nous vous écrirons quand une demande vous correspond."),
        ),
        "reprendre": (lambda: usecases.resume_helper(actor, helper=helper), _("Heureux de vous retrouver !")),
        "pause": (
            lambda: usecases.pause_helper(actor, helper=helper, until=pause.cleaned_data["until"]),
            _("Votre offre est en pause. Personne ne vous sollicite."),
        ),
    }
    if deed not in deeds:
        raise NotFound(_("Cette action n’existe pas."))
    if deed == "pause" and not pause.is_valid():
        return _offer_page(request, token, helper, pause=pause)
    act, word = deeds[deed]
    try:
        act()
        messages.success(request, word)
    except (DomainError, ValidationError) as error:
        if deed == "pause" and isinstance(error, ValidationError):
            tell(pause, error)
            return _offer_page(request, token, helper, pause=pause)
        _refused(request, error)
    return redirect("mutualaid:offer_link", token)


@login_not_required
@require_POST
def offer_match(request: Request, token: str, public_id: str, deed: str) -> HttpResponse:
    """« C’est fait », or hide my number from the person helped."""
    helper = queries.helper_of_link(token)
    actor = Actor.person(helper.person_id)
    match = queries.match_of_link(actor, public_id)
    if match.helper_id != helper.pk:
        raise NotFound(queries.NO_LINK)
    if deed == "masquer":
        return _hide(request, actor, match, "to_person", "offer_link", token)
    if deed != "bilan":
        raise NotFound(_("Cette action n’existe pas."))
    form = forms.OutcomeForm(request.POST)
    if not form.is_valid():
        return _offer_page(request, token, helper, outcome=form)
    try:
        usecases.record_outcome(actor, match=match, side="helper", **form.cleaned_data)
        messages.success(request, _("C’est noté, merci pour votre aide."))
    except (DomainError, ValidationError) as error:
        _refused(request, error)
    return redirect("mutualaid:offer_link", token)
