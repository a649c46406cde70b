"""Habilitations, signed by the controller; the commitment, signed by each agent. Accounts only, no inhabitant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.accounts.models import Membership, User
from entremise.accounts.registry import label_of
from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.http import Request, tell
from entremise.vault import policies, queries, registry, usecases as vault
from entremise.vault.forms import HabilitationForm, ReasonForm, TermForm, end_of, one_year
from entremise.vault.models import Habilitation

SECRET = frozenset({"referrer", "sensitive_referent"})


@dataclass(slots=True)
class Row:
    """One account, its roles, what was signed for it."""

    user: User
    roles: set[str] = field(default_factory=set)
    proposed: frozenset[str] = frozenset()
    signed: Habilitation | None = None

    @property
    def said_roles(self) -> str:
        return ", ".join(label_of(role) for role in sorted(self.roles))

    def words(self, now: datetime) -> list[tuple[str, str]]:
        """(label, kind) of the tags: what stops this account, or that all is well."""
        row = self.signed
        said = []
        if row is None or row.signed_by is None and not row.purposes:
            said.append(("à signer", "warn"))
        elif row.suspended_at:
            said.append(("suspendue", "danger"))
        elif row.active_until <= now:
            said.append(("échue", "danger"))
        if row is None or row.commitment_until is None or row.commitment_until <= now:
            said.append(("sans engagement", "warn"))
        return said or [("en règle", "good")]

    @property
    def waits(self) -> bool:
        row = self.signed
        return row is None or not row.purposes or row.active_until <= clock.now()


def _gate(request: Request) -> None:
    if not request.actor.has("controller", "dpo"):
        raise NotAllowed("Cette page est réservée au responsable de traitement et au délégué.")


def _rows(user: int | None = None) -> list[Row]:
    """The accounts whose roles open the vault: three queries, whatever their number."""
    live = Membership.objects.live(clock.today()).select_related("user").order_by("user__label", "user")
    if user is not None:
        live = live.filter(user=user)
    found: dict[int, Row] = {}
    for one in live:
        found.setdefault(one.user_id, Row(one.user)).roles.add(one.role)
    known = queries.purposes_by_role()
    signed = {row.user: row for row in Habilitation.objects.filter(user__in=found)}
    for pk, row in found.items():
        row.proposed = frozenset().union(*(known.get(role, frozenset()) for role in row.roles))
        row.signed = signed.get(pk)
    return [row for row in found.values() if row.proposed or row.signed]


@require_safe
def habilitation_list(request: Request) -> HttpResponse:
    _gate(request)
    now, rows = clock.now(), _rows()
    context = {
        "rows": [(row, row.words(now)) for row in rows],
        "waiting": sum(row.waits for row in rows),
        "promises": sum(("sans engagement", "warn") in row.words(now) for row in rows),
        "may_sign": request.actor.has("controller"),
        "form": TermForm(initial={"until": one_year().date()}),
    }
    return render(request, "vault/habilitation_list.html", context)


@require_POST
def sign_all(request: Request) -> HttpResponse:
    """One click for all those who wait: the purposes their roles propose, one term. Nobody is named in a register."""
    policies.require_controller(request.actor)
    policies.require_fresh_factor(request.actor)
    form = TermForm(request.POST)
    if not form.is_valid():
        raise vault.RegisterUnready("Indiquez un terme, par exemple dans un an.")
    until = end_of(form.cleaned_data["until"])
    grants = [
        vault.Grant(row.user.pk, row.proposed, until, professional_secrecy=bool(row.roles & SECRET), level=1)
        for row in _rows()
        if row.waits and row.proposed
    ]
    try:
        signed = vault.habilitate_many(request.actor, grants=grants)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"{len(signed)} habilitations signées. Chaque agent signe encore son engagement.")
    return redirect("vault:habilitation_list")


def _one(public_id: str) -> Row:
    user = User.objects.filter(public_id=public_id).first()
    rows = _rows(user.pk) if user is not None else []
    if not rows:
        raise NotFound("Ce compte n’existe pas, ou aucun de ses rôles n’ouvre le coffre.")
    return rows[0]


@require_http_methods(["GET", "POST"])
def habilitation_page(request: Request, public_id: str) -> HttpResponse:
    _gate(request)
    row = _one(public_id)
    return _page(request, row, request.POST if request.method == "POST" else None)


def _page(request: Request, row: Row, posted: object, *, reason: ReasonForm | None = None) -> HttpResponse:
    signed, now = row.signed, clock.now()
    nominative = [(one.code, one.label) for one in queries.registers() if one.nominative and one.status != "shredded"]
    has = signed is not None and bool(signed.purposes)
    initial = {
        "purposes": signed.purposes if has and signed else sorted(row.proposed),
        "named_in": signed.named_in if signed else [],
        "professional_secrecy": signed.professional_secrecy if has and signed else bool(row.roles & SECRET),
        "level": signed.level if has and signed else 1,
        "until": (signed.active_until if has and signed and signed.active_until > now else one_year()).date(),
    }
    form = HabilitationForm(nominative, posted, initial=initial)
    if posted is not None and form.is_valid():
        policies.require_controller(request.actor)
        policies.require_fresh_factor(request.actor)
        said = dict(form.cleaned_data)
        try:
            vault.habilitate(request.actor, user=row.user, active_until=end_of(said.pop("until")), **said)
        except (DomainError, ValidationError) as error:
            tell(form, error)
        else:
            messages.success(request, f"L’habilitation de {row.user.label} est signée.")
            return redirect("vault:habilitation_list")
    context = {
        "row": row,
        "form": form,
        "words": row.words(now),
        "purposes": [registry.PURPOSES.get(code, code) for code in (signed.purposes if signed else [])],
        "may_sign": request.actor.has("controller"),
        "reason_form": reason or ReasonForm(auto_id="suspension_%s"),
        "wrong": reason if reason is not None else form,
    }  # fmt: skip
    status = 422 if form.errors or reason is not None else 200
    return render(request, "vault/habilitation_page.html", context, status=status)


@require_POST
def suspend(request: Request, public_id: str) -> HttpResponse:
    _gate(request)
    row = _one(public_id)
    form = ReasonForm(request.POST, auto_id="suspension_%s")
    if form.is_valid():
        try:
            vault.suspend(request.actor, user=row.user, reason=form.cleaned_data["reason"])
        except ValidationError as error:
            tell(form, error)
        else:
            messages.success(request, f"Le coffre est fermé à {row.user.label}, dès maintenant.")
            return redirect("vault:habilitation_page", public_id)
    return _page(request, row, None, reason=form)


@require_POST
def resume(request: Request, public_id: str) -> HttpResponse:
    _gate(request)
    row = _one(public_id)
    vault.resume(request.actor, user=row.user)
    messages.success(request, f"La suspension de {row.user.label} est levée.")
    return redirect("vault:habilitation_page", public_id)


@require_http_methods(["GET", "POST"])
def commitment(request: Request) -> HttpResponse:
    """What each agent promises, read then signed; then back to where they were, on this site only."""
    back = str(request.POST.get("next") or request.GET.get("next") or "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None) or not back.startswith("/"):
        back = ""
    if request.method == "POST":
        vault.commit(request.actor)
        messages.success(request, "Votre engagement est signé, pour un an.")
        return redirect(back or reverse("accounts:my_account"))
    row = queries.habilitation(request.actor.user_id or 0)
    live = row is not None and row.commitment_until is not None and row.commitment_until > clock.now()
    return render(request, "vault/commitment.html", {"row": row, "live": live, "next": back})
