"""The people who help, as matchmakers keep them: the list, a new one, one file and its deeds."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.accounts.policies import require_second_factor
from entremise.audit.queries import history
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.http import Request, tell
from entremise.mutualaid import policies, queries, usecases
from entremise.mutualaid.forms import desk as forms
from entremise.mutualaid.forms.fields import split_name
from entremise.mutualaid.models import HelperProfile
from entremise.mutualaid.web.desk import PAGE, PURPOSE, home
from entremise.vault.usecases import open as open_vault


@require_safe
def helper_list(request: Request) -> HttpResponse:
    rows = queries.helpers(request.actor)
    state = request.GET.get("etat", "")
    if state:
        rows = rows.filter(state=state)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "state": state,
        "states": HelperProfile._meta.get_field("state").choices,
        "labels": list(queries.categories()),
        "query": f"etat={state}&" if state else "",
    }
    template = "mutualaid/_helper_rows.html" if request.htmx else "mutualaid/helper_list.html"
    return render(request, template, context)


@require_http_methods(["GET", "POST"])
def helper_new(request: Request) -> HttpResponse:
    """An offer dictated on the phone: the same rights as the web form, and available at once."""
    if not policies.can_match(request.actor):
        raise NotAllowed("Cette page est réservée aux agents entremetteurs.")
    require_second_factor(request.actor)
    form = forms.HelperForm(request.POST or None, initial={"commune": home()})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        values = {**split_name(said["name"]), "phone": said["phone"], "email": said["email"]}
        try:
            helper = usecases.register_helper(
                request.actor.through("phone"),
                categories=list(said["categories"]),
                territory=said["commune"],
                old_enough=said["old_enough"],
                charter=said["charter"],
                values=values,
                slots=said["slots"],
                languages=said["languages"] | 1,
                origin="phone",
                confirmed=True,
            )
        except (DomainError, ValidationError) as error:
            tell(form, error)
        else:
            messages.success(request, "C’est noté : cette personne peut être sollicitée dès maintenant.")
            return redirect("mutualaid:helper_page", helper.public_id)
    return render(request, "mutualaid/helper_new.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
def helper_page(request: Request, public_id: str) -> HttpResponse:
    helper = queries.helper(request.actor, public_id)
    if not policies.can_match(request.actor):
        raise NotAllowed("Cette page est réservée aux agents entremetteurs.")
    require_second_factor(request.actor)
    fields = ["first_name", "last_name", "phone", "email"]
    opening = open_vault(
        request.actor,
        person=helper.person_id,
        fields=[*(f"entraide.{f}" for f in fields), *([helper.note_field] if helper.has_note else [])],
        purpose=PURPOSE,
        motive="Fiche d’une personne qui propose son aide",
    )
    context = {
        "helper": helper,
        "person": {name: opening.values.get(f"entraide.{name}", "") for name in fields},
        "refusals": opening.reasons,
        "note": opening.values.get(helper.note_field, ""),
        "labels": [c for c in queries.categories() if helper.categories & c.mask],
        "proposals": helper.proposals.select_related("need__category", "need__territory")[:10],
        "history": history([("mutualaid.helperprofile", helper.pk)]),
    }
    return render(request, "mutualaid/helper_page.html", context)


HELPER_DEEDS: dict[str, tuple[Callable[..., object], str]] = {
    "confirmer": (usecases.confirm_helper, "Offre confirmée : la personne peut être sollicitée."),
    "pause": (usecases.pause_helper, "Offre en pause."),
    "reprendre": (usecases.resume_helper, "Offre reprise."),
    "retirer": (usecases.withdraw_helper, "Offre retirée."),
    "identite": (usecases.screen_helper, "Pièce d’identité vue : noté, sans copie."),
}


@require_POST
def helper_deed(request: Request, public_id: str, deed: str) -> HttpResponse:
    if deed not in HELPER_DEEDS:
        raise NotFound("Cette action n’existe pas.")
    helper = queries.helper(request.actor, public_id)
    usecase, word = HELPER_DEEDS[deed]
    try:
        usecase(request.actor, helper=helper)
        messages.success(request, word)
    except (DomainError, ValidationError) as error:
        if isinstance(error, NotAllowed | NotFound):
            raise
        messages.error(request, error.message if isinstance(error, DomainError) else " ".join(error.messages))
    return redirect("mutualaid:helper_page", helper.public_id)
