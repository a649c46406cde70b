"""Special requests: what waits for me, what I asked, one request read before it is answered. No person is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.accounts.models import User
from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.http import Request, tell
from entremise.vault import queries, registry, usecases as vault
from entremise.vault.forms import OpinionForm, ReasonForm, RegistersForm, RequestForm, choices_of
from entremise.vault.models import SpecialRequest
from entremise.vault.usecases import agreements
from entremise.vault.usecases.kinds import KINDS, Kind

PAGE = 25
COLLEGES = {
    "institutions": "collège des collectivités",
    "registered": "collège des personnes inscrites",
    "office": "une autre personne habilitée à décider",
}
TAGS = {"granted": "good", "refused": "danger", "revoked": "warn", "lapsed": "warn"}


def _gate(request: Request) -> None:
    now, actor = clock.now(), request.actor
    if not (actor.has("dpo", "controller") or agreements.may_ask(actor) or agreements.may_answer(actor, now)):
        raise NotAllowed("Cette page est réservée à qui demande, décide ou contrôle un accès exceptionnel.")


@require_safe
def request_list(request: Request) -> HttpResponse:
    _gate(request)
    now, actor = clock.now(), request.actor
    rows = agreements.seen_by(actor, now)
    chosen = request.GET.get("etat", "")
    if chosen in dict(SpecialRequest._meta.get_field("state").flatchoices):
        rows = rows.filter(state=chosen)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    waiting = list(agreements.to_answer(actor, now)[:PAGE])
    labels = _labels([row.requester for row in [*page, *waiting]])
    context = {
        "waiting": [(row, labels.get(row.requester, "")) for row in waiting],
        "rows": [(row, labels.get(row.requester, ""), TAGS.get(row.state, "")) for row in page],
        "page": page,
        "kinds": agreements.may_ask(actor),
        "all": actor.has("dpo", "controller"),
    }
    return render(request, "vault/request_list.html", context)


def _labels(users: list[int]) -> dict[int, str]:
    return dict(User.objects.filter(pk__in=set(users)).values_list("pk", "label"))


@require_http_methods(["GET", "POST"])
def request_new(request: Request, kind: str) -> HttpResponse:
    """Two pages of questions: which registers, then why, what, for whom, how long."""
    shape = KINDS.get(kind)
    if shape is None:
        raise NotFound("Cette nature de demande n’existe pas.")
    if not request.actor.has(*shape.askers):
        raise NotAllowed("Votre rôle ne permet pas cette demande.")
    registers = queries.registers()
    offered = [one for one in registers if one.code in dict(choices_of(shape, registers))]
    codes = request.GET.getlist("registre") or ([offered[0].code] if len(offered) == 1 else [])
    chosen = [one for one in offered if one.code in codes]
    if not chosen:
        first = RegistersForm(shape, registers, request.GET if "registre" in request.GET else None)
        context: dict[str, Any] = {
            "kind": shape,
            "form": first,
            "offered": offered,
            "first": True,
            "needs": _needs(shape),
        }
        return render(request, "vault/request_new.html", context)
    form = RequestForm(shape, chosen, request.POST or None, initial={"persons": request.GET.get("fiche", "")})
    if request.method == "POST" and form.is_valid():
        try:
            row = vault.ask(request.actor, kind=kind, registers=[one.code for one in chosen], **form.said())
        except (DomainError, ValidationError) as error:
            tell(form, error)
        else:
            messages.success(request, f"Demande déposée sous la référence {row.public_id}.")
            return redirect("vault:request_page", row.public_id)
    context = {"kind": shape, "form": form, "chosen": chosen, "needs": _needs(shape)}
    return render(request, "vault/request_new.html", context, status=422 if form.errors else 200)


def _needs(kind: Kind) -> str:
    if not kind.colleges:
        return "Il faudra l’accord d’une autre personne habilitée à décider."
    said = " et du ".join(COLLEGES[code] for code in sorted(kind.colleges))
    return f"Il faudra l’accord du {said}, donné par deux personnes."


@require_safe
def request_page(request: Request, reference: str) -> HttpResponse:
    return _page(request, _seen(request, reference))


def _seen(request: Request, reference: str) -> SpecialRequest:
    row = agreements.seen_by(request.actor, clock.now()).filter(public_id=reference).first()
    if row is None:
        raise NotFound("Cette demande n’existe pas, ou ne vous concerne pas.")
    return row


def _page(request: Request, row: SpecialRequest, *, wrong: Form | None = None, deed: str = "") -> HttpResponse:
    now, actor, kind = clock.now(), request.actor, KINDS[row.kind]
    approvals = list(row.approvals.all())
    live = [one for one in approvals if one.withdrawn_at is None]
    place = agreements.answers_for(actor, row, now) if row.state in ("asked", "gathering") else None
    answered = any(one.user == actor.user_id and one.at >= now - agreements.FRESH for one in live)
    labels = _labels([row.requester, row.opinion_by or 0, *(one.user for one in approvals)])
    registers = {one.code: one for one in queries.registers()}
    sizes = queries.sizes()
    context = {
        "row": row,
        "kind": kind,
        "tag": TAGS.get(row.state, ""),
        "requester": labels.get(row.requester, "compte fermé"),
        "purpose": registry.PURPOSES.get(row.purpose, row.purpose),
        "registers": [registers[code] for code in row.registers if code in registers],
        "fields": [_said(name) for name in row.fields],
        "concerned": len(row.persons) or sum(sizes.get(code, 0) for code in row.registers),
        "named": bool(row.persons),
        "needs": [
            {"college": COLLEGES[one.college], "given": one.given,
             "by": labels.get(one.given.user, "") if one.given and one.college != "registered" else ""}
            for one in agreements.awaited(row, now)
        ],
        "refusals": [one for one in live if one.answer == "no"],
        "opinion_by": labels.get(row.opinion_by or 0, ""),
        "may_answer": place is not None and not answered and now < row.lapses_at,
        "place": COLLEGES.get(place or "", ""),
        "fresh": actor.fresh_mfa or not actor.mfa,
        "again": f"{reverse('mfa_reauthenticate')}?next={request.path}",
        "may_withdraw": row.state in agreements.LIVE
        and any(one.user == actor.user_id and one.answer == "yes" for one in live),
        "may_revoke": row.state in agreements.LIVE
        and (actor.user_id == row.requester or actor.has("dpo", "controller")),
        "may_opine": row.state in agreements.LIVE and actor.has("dpo") and actor.user_id != row.requester,
        "may_use": row.state == "granted" and actor.user_id == row.requester,
        "refuse_form": wrong if deed == "refuse" else ReasonForm(auto_id="refus_%s"),
        "revoke_form": wrong if deed == "revoke" else ReasonForm(auto_id="retrait_%s"),
        "opinion_form": wrong if deed == "opine" else OpinionForm(),
        "wrong": wrong,
        "deed": deed,
    }  # fmt: skip
    return render(request, "vault/request_page.html", context, status=422 if wrong is not None else 200)


def _said(name: str) -> str:
    code, _, cell = name.partition(".")
    shape = registry.profile(code)
    base = cell.partition("#")[0]
    return shape.labels.get(base, base)


@require_POST
def approve(request: Request, reference: str) -> HttpResponse:
    row = _seen(request, reference)
    vault.approve(
        request.actor, request=row.public_id, fingerprint=request.POST.get("fingerprint", ""),
        reason=request.POST.get("reason", ""),
    )  # fmt: skip
    messages.success(request, "Votre accord est enregistré. Vous pouvez le reprendre tant que rien n’a servi.")
    return redirect("vault:request_page", reference)


@require_POST
def refuse(request: Request, reference: str) -> HttpResponse:
    def deed(reason: str) -> None:
        sign = request.POST.get("fingerprint", "")
        vault.refuse(request.actor, request=reference, fingerprint=sign, reason=reason)

    return _with(request, reference, "refuse", ReasonForm, deed, "Votre refus est enregistré, avec sa raison.")


@require_POST
def revoke(request: Request, reference: str) -> HttpResponse:
    def deed(reason: str) -> None:
        vault.revoke(request.actor, request=reference, reason=reason)

    return _with(request, reference, "revoke", ReasonForm, deed, "La demande est retirée.")


@require_POST
def opine(request: Request, reference: str) -> HttpResponse:
    def deed(text: str) -> None:
        vault.opine(request.actor, request=reference, text=text)

    return _with(request, reference, "opine", OpinionForm, deed, "Votre avis est joint à la demande.")


def _with(
    request: Request, reference: str, name: str, kind: type[Form], deed: Callable[[str], None], done: str
) -> HttpResponse:
    row = _seen(request, reference)
    form = kind(request.POST, auto_id={"refuse": "refus_%s", "revoke": "retrait_%s"}.get(name, "id_%s"))
    if form.is_valid():
        try:
            deed(next(iter(form.cleaned_data.values())))
        except ValidationError as error:
            tell(form, error)
        else:
            messages.success(request, done)
            return redirect("vault:request_page", reference)
    return _page(request, row, wrong=form, deed=name)


@require_POST
def withdraw(request: Request, reference: str) -> HttpResponse:
    _seen(request, reference)
    vault.withdraw(request.actor, request=reference)
    messages.success(request, "Votre accord est repris. La demande attend de nouveau.")
    return redirect("vault:request_page", reference)
