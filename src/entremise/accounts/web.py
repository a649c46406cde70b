from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.accounts import policies, queries, usecases
from entremise.accounts.forms import InviteForm, OrganisationForm
from entremise.kernel.errors import DomainError, NotAllowed
from entremise.kernel.http import Request, tell


@require_safe
def my_account(request: Request) -> HttpResponse:
    number = request.actor.user_id or 0
    return render(
        request,
        "accounts/my_account.html",
        {
            "memberships": queries.memberships_of(number),
            "factors": queries.second_factors(number),
            "sessions": queries.sessions_of(number),
            "session_key": request.session.session_key,
            "manages": _manages(request),
        },
    )


@require_POST
def session_end(request: Request, number: int | None = None) -> HttpResponse:
    closed = usecases.end_session(request.actor, keep=request.session.session_key or "", number=number)
    messages.success(request, "Session fermée." if closed == 1 else f"{closed} sessions fermées.")
    return redirect("accounts:my_account")


def _manages(request: Request) -> bool:
    return policies.administers(request.actor) or request.actor.has("org_manager")


def _gate(request: Request) -> None:
    """Lists of members show names and addresses: the role first, then two factors."""
    if not _manages(request):
        raise NotAllowed("Cette page est réservée aux personnes qui administrent le site ou une structure.")
    policies.require_second_factor(request.actor)


@require_safe
def user_list(request: Request) -> HttpResponse:
    _gate(request)
    page = Paginator(queries.users_managed(request.actor), 25).get_page(request.GET.get("page"))
    return render(request, "accounts/user_list.html", {"page": page})


@require_http_methods(["GET", "POST"])
def invite(request: Request) -> HttpResponse:
    _gate(request)
    form = InviteForm(request.POST if request.method == "POST" else None, houses=queries.houses_managed(request.actor))
    if request.method == "POST" and form.is_valid():
        try:
            membership = usecases.invite_member(request.actor, **form.cleaned_data)
        except (DomainError, ValidationError) as error:
            tell(form, error)
        else:
            messages.success(request, f"{membership.user.label} a maintenant le rôle : {membership.role_label}.")
            return redirect("accounts:user_page", membership.user.public_id)
    return render(request, "accounts/invite.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
def user_page(request: Request, public_id: str) -> HttpResponse:
    _gate(request)
    user = queries.user_managed(request.actor, public_id)
    rows = queries.memberships_managed(request.actor).filter(user=user).order_by("-starts_on", "pk")
    return render(request, "accounts/user_page.html", {"member": user, "rows": rows})


@require_POST
def membership_end(request: Request, public_id: str) -> HttpResponse:
    _gate(request)
    row = queries.memberships_managed(request.actor).filter(public_id=public_id).first()
    try:
        usecases.end_membership(request.actor, public_id=public_id)
    except (usecases.AlreadyEnded, usecases.LastAdministrator) as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, "Le rôle a pris fin.")
    return redirect("accounts:user_page", row.user.public_id) if row else redirect("accounts:user_list")


@require_safe
def organisation_list(request: Request) -> HttpResponse:
    _gate(request)
    page = Paginator(queries.houses_managed(request.actor), 25).get_page(request.GET.get("page"))
    return render(
        request,
        "accounts/organisation_list.html",
        {"page": page, "may_create": policies.administers(request.actor)},
    )


@require_http_methods(["GET", "POST"])
def organisation_create(request: Request) -> HttpResponse:
    _gate(request)
    form = OrganisationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            usecases.create_organisation(request.actor, **form.cleaned_data)
        except (DomainError, ValidationError) as error:
            tell(form, error)
        else:
            messages.success(request, "Structure créée.")
            return redirect("accounts:organisation_list")
    return render(request, "accounts/organisation_create.html", {"form": form}, status=422 if form.errors else 200)


@login_not_required
@require_POST
def switch_role(request: Request) -> HttpResponse:
    """Become another account of the demonstration. There is no such page anywhere else."""
    if not settings.DEMO:
        raise Http404
    user = queries.demo_account(request.POST.get("account", ""))
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    UserSession.objects.create_from_request(request)
    messages.success(request, f"Vous voyez maintenant le site comme {user.label}.")
    return redirect("/")
