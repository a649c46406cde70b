"""The public doors: asking for help, offering it, finding one's page again, the sheets to print. No account."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from entremise.kernel import ids
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.kernel.http import Request, network_of, tell
from entremise.kits.queries import wordings
from entremise.mutualaid import queries, rules, usecases
from entremise.mutualaid.forms import public as forms
from entremise.mutualaid.models import HelperProfile, Need
from entremise.people.engine import phone
from entremise.rules.queries import number_of

ANYONE = Actor(None, "personne sans compte", "web")
SENT = "envoyer"  # the button of the page « Vérifiez »
CHANGE = "modifier"  # its links back to a question, everything kept


def language() -> str:
    return "en" if get_language() == "en" else "fr"


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def need_new(request: Request) -> HttpResponse:
    """Questions, « Vérifiez », « Et maintenant ». Answers travel in the page: nothing is kept before the yes."""
    if request.method == "GET":
        return _need_page(request, forms.NeedForm(initial={"submission_key": ids.new()}))
    form = forms.NeedForm(request.POST)
    if CHANGE in request.POST or not form.is_valid():
        return _need_page(request, form)
    if SENT not in request.POST:
        return _need_check(request, form)
    if form.cleaned_data["website"]:  # a program filled the trap: it learns nothing
        return redirect("home")
    try:
        need = _submit_need(request, form)
    except usecases.TooManyKnocks as error:
        return render(request, "429.html", {"message": error.message}, status=429)
    except (DomainError, ValidationError) as error:
        tell(form, error)
        return _need_page(request, form)
    return redirect("mutualaid:need_done", queries.link_of("done", need.public_id))


def _need_page(request: Request, form: forms.NeedForm) -> HttpResponse:
    changing = CHANGE in request.POST
    shown = form if not changing else forms.NeedForm(initial=_typed(form))
    return render(
        request, "mutualaid/public/need_new.html", {"form": shown}, status=422 if form.errors and not changing else 200
    )


def _typed(form: Form) -> dict[str, Any]:
    """What was typed, to fill the questions again without calling anything wrong."""
    return {bound.name: bound.data for bound in form}


def _need_check(request: Request, form: forms.NeedForm) -> HttpResponse:
    said = form.cleaned_data
    consent = wordings([CONSENT]).get(CONSENT)
    context = {
        "form": form,
        "category": forms.Words.name(said["category"]),
        "urgency": forms.URGENCIES[said["urgency"]],
        "who": forms.WHO[said["requester_kind"]],
        "phone": phone.readable(said["phone"]),
        "consent": consent.said(language()) if consent else "",
    }
    return render(request, "mutualaid/public/need_check.html", context)


CONSENT = "mutualaid.consents.web_intake"


def _submit_need(request: Request, form: forms.NeedForm) -> Need:
    said = form.cleaned_data
    usecases.knock(door="need", who=network_of(request))
    consent = wordings([CONSENT]).get(CONSENT)
    key = said["submission_key"]
    try:
        return usecases.submit_need(
            ANYONE,
            category=said["category"],
            territory=said["commune"],
            urgency=said["urgency"],
            origin="web",
            values={"first_name": said["first_name"], "phone": said["phone"]},
            note=said["note"],
            due_on=said["due_on"],
            requester_kind=said["requester_kind"],
            consent_text=consent.reference if consent else "web-1",
            language=language(),
            preferred_channel="sms" if phone.receives_sms(said["phone"]) else "phone",
            submission_key=key,
        )
    except IntegrityError:  # the double click, at the same instant: the other one was written
        return Need.objects.get(submission_key=key)


@login_not_required
@never_cache
@require_safe
def need_done(request: Request, token: str) -> HttpResponse:
    """« Et maintenant »: the code to say, who calls and when. Who asked for somebody else learns no code."""
    need = queries.need_done(token)
    mine = need.requester_kind == "self"
    context = {
        "need": need,
        "mine": mine,
        "category": forms.Words.name(need.category),
        "address": reverse("mutualaid:need_link", args=[queries.link_of("need", need.public_id)]) if mine else "",
    }
    return render(request, "mutualaid/public/need_done.html", context)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def offer_new(request: Request) -> HttpResponse:
    """Three questions, then « Vérifiez » with the charter, then « Merci »: the link received confirms."""
    if request.method == "GET":
        return _offer_page(request, forms.OfferForm(initial={"submission_key": ids.new()}))
    form = forms.OfferForm(request.POST)
    if CHANGE in request.POST or not form.is_valid():
        return _offer_page(request, form)
    charter = _charter()
    sent = SENT in request.POST
    pledge = forms.PledgeForm(
        request.POST if sent else None, age=number_of(rules.MIN_AGE), signature=charter["signature"]
    )
    if not sent or not pledge.is_valid():
        return _offer_check(request, form, pledge, charter)
    if form.cleaned_data["website"]:
        return redirect("home")
    try:
        _submit_offer(request, form)
    except usecases.TooManyKnocks as error:
        return render(request, "429.html", {"message": error.message}, status=429)
    except (DomainError, ValidationError) as error:
        tell(form, error)
        return _offer_page(request, form)
    by = "courriel" if "email" in form.cleaned_data["contact"] else "sms"
    return redirect("mutualaid:offer_done", by)


def _offer_page(request: Request, form: forms.OfferForm) -> HttpResponse:
    changing = CHANGE in request.POST
    shown = form if not changing else forms.OfferForm(initial=_typed(form))
    status = 422 if form.errors and not changing else 200
    return render(request, "mutualaid/public/offer_new.html", {"form": shown, **_waiting()}, status=status)


def _waiting() -> dict[str, Any]:
    available = queries.figure("available")
    return {"available": available, "open": queries.figure("open"), "wait": queries.expected_wait(available)}


def _offer_check(
    request: Request, form: forms.OfferForm, pledge: forms.PledgeForm, charter: dict[str, Any]
) -> HttpResponse:
    said = form.cleaned_data
    contact = said["contact"]
    context = {
        "form": form,
        "pledge": pledge,
        "charter": charter,
        "categories": [forms.Words.name(category) for category in said["categories"]],
        "contact": contact.get("email") or phone.readable(contact["phone"]),
        "slots": [label for bit, label in forms.SLOTS if said["slots"] >> bit & 1] if form["slots"].data else [],
        "languages": [forms.LANGUAGES[code] for code in form["languages"].data or []],
        **_waiting(),
    }
    status = 422 if pledge.errors else 200
    return render(request, "mutualaid/public/offer_check.html", context, status=status)


def _charter() -> dict[str, Any]:
    """The charter of the kit in force, in the language of the page; ours while no kit was applied."""
    names = ("title", "intro", "rules", "signature")
    found = wordings(f"mutualaid.charter.{name}" for name in names)
    if len(found) == len(names):
        said = {name: found[f"mutualaid.charter.{name}"].said(language()) for name in names}
        return {**said, "rules": said["rules"].splitlines()}
    return {
        "title": _("Charte des personnes qui aident"),
        "intro": "",
        "rules": [
            _("J’aide gratuitement. Je n’accepte ni argent, ni cadeau de valeur."),
            _("Je ne prends jamais une carte bancaire, un code, une clé ni un mot de passe."),
            _("Je garde pour moi ce que je vois et ce que j’apprends."),
            _("Je tiens parole ; si j’ai un empêchement, je préviens le jour même."),
        ],
        "signature": _("J’ai lu cette charte et je m’engage à la respecter."),
    }


def _submit_offer(request: Request, form: forms.OfferForm) -> HelperProfile:
    said = form.cleaned_data
    usecases.knock(door="offer", who=network_of(request))
    key, contact = said["submission_key"], cast("dict[str, str]", said["contact"])
    try:
        return usecases.register_helper(
            ANYONE,
            categories=list(said["categories"]),
            territory=said["commune"],
            old_enough=True,
            charter=True,
            values={"first_name": said["first_name"], **contact},
            slots=said["slots"],
            languages=said["languages"],
            radius_m=said["radius_km"] * 1000 if said["radius_km"] else None,
            note=said["note"],
            language=language(),
            submission_key=key,
        )
    except IntegrityError:
        return HelperProfile.objects.get(submission_key=key)


@login_not_required
@require_safe
def offer_done(request: Request, by: str) -> HttpResponse:
    return render(request, "mutualaid/public/offer_done.html", {"by": by, **_waiting()})


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def follow(request: Request) -> HttpResponse:
    """By the code said and the last digits of the phone: the answer is the same whatever is wrong."""
    form = forms.FollowForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            usecases.knock(door="follow", who=network_of(request))
            need = usecases.check_follow_up(ANYONE, **form.cleaned_data)
        except usecases.TooManyKnocks as error:
            return render(request, "429.html", {"message": error.message}, status=429)
        except DomainError:  # the follow-up of this code is closed for an hour: saying so would say that it exists
            need = None
        if need is not None:
            return redirect("mutualaid:need_link", queries.link_of("need", need.public_id))
        form.add_error(
            None,
            _(
                "Ce code et ces chiffres ne vont pas ensemble. Relisez-les. "
                "Après 5 essais, attendez une heure, ou appelez-nous."
            ),
        )
    return render(request, "mutualaid/public/follow.html", {"form": form}, status=422 if form.errors else 200)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def lost_link(request: Request) -> HttpResponse:
    """Send the personal link again, by phone number only. Known or not, the page says the same."""
    form = forms.LinkForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        number = form.cleaned_data["phone"]
        try:
            usecases.knock(door="link", who=network_of(request))
        except usecases.TooManyKnocks as error:
            return render(request, "429.html", {"message": error.message}, status=429)
        try:
            usecases.knock(door="link_number", who=number)
            usecases.ask_link(ANYONE, phone=number)
        except usecases.TooManyKnocks:
            pass  # three messages an hour to one number is enough, and nobody is told that it is known
        return redirect("mutualaid:lost_link_sent")
    return render(request, "mutualaid/public/lost_link.html", {"form": form}, status=422 if form.errors else 200)


@login_not_required
@require_safe
def lost_link_sent(request: Request) -> HttpResponse:
    return render(request, "mutualaid/public/lost_link_sent.html")


PAPERS = {"need": "mutualaid/public/paper_need.html", "offer": "mutualaid/public/paper_offer.html"}


@login_not_required
@require_safe
def paper(request: Request, kind: str) -> HttpResponse:
    """The sheet to print, in the order of the screen where an agent keys it."""
    consent = wordings(
        [key := "mutualaid.consents.web_intake" if kind == "need" else "mutualaid.consents.helper_offer"]
    )
    context = {
        "categories": [forms.Words.name(category) for category in queries.categories()],
        "urgencies": list(forms.URGENCIES.values()),
        "who": list(forms.WHO.values()),
        "days": forms.DAYS,
        "halves": forms.HALVES,
        "consent": consent[key].said(language()) if key in consent else "",
        "charter": _charter(),
        "age": number_of(rules.MIN_AGE),
    }
    return render(request, PAPERS[kind], context)
