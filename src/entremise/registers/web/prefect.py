"""The communications to the prefect: asked by the controller, agreed to by two others, sealed once."""

from __future__ import annotations

import base64

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotFound
from entremise.kernel.http import Request, tell
from entremise.registers import queries, usecases
from entremise.registers.forms import life as forms
from entremise.registers.models import Transmission
from entremise.registers.web.enrolling import attached, say
from entremise.vault import queries as vault, registry, usecases as vault_usecases

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TAGS = {"granted": "good", "used": "", "refused": "danger", "revoked": "danger", "lapsed": "warn"}


@never_cache
@require_http_methods(["GET", "POST"])
def prefect(request: Request, code: str) -> HttpResponse:
    """The communications of a register, and the form that asks for one."""
    row = queries.enrolment_register(request.actor, code)
    controller = request.actor.has("controller")
    form = forms.PrefectForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = usecases.ask_transmission(request.actor, register=code, **form.cleaned_data)
            messages.success(
                request, f"La demande {made.request} est déposée : deux autres personnes doivent l’accepter."
            )
            return redirect("registers:prefect", code)
        except (DomainError, ValidationError) as error:
            tell(form, error)
    known = Transmission.objects.filter(register=code)
    context = {
        "row": row,
        "form": form,
        "controller": controller,
        "rows": [(one, asked, TAGS.get(asked.state, "warn")) for one, asked in queries.with_requests(list(known))],
        "items": [registry.profile(code).labels[item] for item in usecases.ITEMS],
        "me": request.actor.user_id,
    }
    return render(request, "registers/prefect.html", context, status=422 if form.errors else 200)


@never_cache
@sensitive_variables()
@require_POST
def transmit(request: Request, public_id: str) -> HttpResponse:
    """Make the file, once. The link is shown now and never again."""
    row = Transmission.objects.filter(public_id=public_id).first()
    if row is None:
        raise NotFound("Cette communication n’existe pas.")
    queries.register_seen(request.actor, row.register)
    try:
        token = usecases.transmit_to_prefect(request.actor, transmission=row)
    except (DomainError, ValidationError) as error:
        say(request, error)
        return redirect("registers:prefect", row.register)
    row.refresh_from_db()
    address = request.build_absolute_uri(reverse("registers:parcel", args=[token]))
    asked = vault.request(row.request)
    context = {"row": row, "address": address, "asked": asked}
    return render(request, "registers/transmitted.html", context)


@login_not_required
@never_cache
@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "POST"])
def parcel(request: Request, token: str) -> HttpResponse:
    """What the service that received the link sees: a button. Looking at the page opens nothing."""
    if request.method == "GET":
        return render(request, "registers/parcel.html")
    said = vault_usecases.open_envelope(Actor(None, "service destinataire", "web"), token=token)
    if "content" not in said:
        raise NotFound("Cet envoi ne contient pas de fichier.")
    return attached(base64.b64decode(said["content"]), XLSX, said["name"])
