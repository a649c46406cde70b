"""Campaigns: the list, the guided form, the page of a campaign and the deeds of its life."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.accounts.models import User
from entremise.accounts.queries import colleagues
from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotFound
from entremise.kernel.http import Request, tell
from entremise.outreach import policies, usecases
from entremise.outreach.engine import defaults, hours as engine
from entremise.outreach.forms import campaigns as forms
from entremise.outreach.models import STEP_KINDS, TASK_STATES, CallCampaign, CampaignDefaults, Script
from entremise.outreach.queries import campaigns as queries, readiness
from entremise.outreach.web.announcements import size
from entremise.outreach.web.home import CAMPAIGN_ROOMS, TAGS, counted, line, link, rooms
from entremise.registers.models import Cohort
from entremise.territories.queries import theme
from entremise.vault import queries as vault

PAGE = 25
STEPS = {"qui": "Qui appeler", "quand": "Quand et comment", "annonce": "Prévenir", "securite": "Sécurité"}


@require_safe
def campaign_list(request: Request) -> HttpResponse:
    """Every campaign, the newest first. No person."""
    policies.require_campaign_reader(request.actor)
    page = Paginator(CallCampaign.objects.all(), PAGE).get_page(request.GET.get("page"))
    context = {
        "rows": [line(row, counts) for row, counts in counted(list(page))],
        "page": page,
        "supervisor": request.actor.has("supervisor"),
    }
    return render(request, "outreach/campaign_list.html", context)


def _sources(purposes: tuple[str, ...] = ("outreach.call", "outreach.keep_in_touch")) -> list[tuple[str, str]]:
    """Cohorts that may be used, then registers that serve calls, as choices."""
    now = clock.now()
    found = []
    for cohort in Cohort.objects.defer("sealed").filter(state="frozen", expires_at__gt=now, purpose__in=purposes):
        size = cohort.counts.get("size")
        who = f", {size} personnes" if isinstance(size, int) else ""
        found.append(
            (f"c:{cohort.public_id}", f"Cohorte « {cohort.label} »{who}, jusqu’au {cohort.last_day:%d/%m/%Y}")
        )
    sizes = vault.sizes()
    for row in vault.registers():
        if row.status == "open" and set(purposes) & set(row.bases) and row.code not in ("veille", "orientation", "personne", "entraide"):  # noqa: E501  # fmt: skip
            found.append((f"r:{row.code}", f"Registre « {row.label} », {sizes.get(row.code, 0)} fiches"))
    return found


def _kits() -> list[tuple[str, str]]:
    return [(row.kit, f"Kit « {row.kit} »") for row in CampaignDefaults.objects.order_by("-at")]


@require_http_methods(["GET", "POST"])
def campaign_new(request: Request) -> HttpResponse:
    """The first page of the guided form: who, why, at which level of alert."""
    policies.require_supervisor(request.actor)
    sources = _sources()
    asked = request.GET.get("source", "")
    kits = _kits()
    initial = {"source": asked if asked in dict(sources) else "", "kit": kits[0][0] if kits else ""}
    form = forms.WhoForm(sources, kits, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            row = usecases.create_campaign(request.actor, **form.said())
        except (DomainError, ValidationError) as error:
            tell(form, error)
        else:
            messages.success(request, "La campagne est en préparation. Trois pages encore, déjà remplies.")
            return redirect("outreach:campaign_settings", row.public_id, "quand")
    context = {"form": form, "sources": sources, "steps": _steps("qui")}
    return render(request, "outreach/campaign_new.html", context, status=422 if form.errors else 200)


def _steps(now: str) -> list[dict[str, str]]:
    codes = list(STEPS)
    here = codes.index(now)
    return [
        {"label": STEPS[code], "state": "current" if n == here else "done" if n < here else ""}
        for n, code in enumerate(codes)
    ]


@require_safe
def spreadsheet(request: Request) -> HttpResponse:
    """From a spreadsheet: the file goes through a register, where each row is checked; then back here."""
    policies.require_supervisor(request.actor)
    found = [row for row in vault.registers() if row.profile == "libre" and row.status == "open"]
    sizes = vault.sizes()
    context = {
        "rows": [(row, sizes.get(row.code, 0)) for row in found],
        "keeper": request.actor.has("keeper"),
    }
    return render(request, "outreach/campaign_sheet.html", context)


def _form(request: Request, row: CallCampaign, step: str) -> Any:
    data = request.POST or None
    if step == "qui":
        kind, code = ("c", row.source["cohort"]) if "cohort" in row.source else ("r", row.registers[0])
        now = f"{kind}:{code}"
        sources = _sources((row.purpose,))
        if now not in dict(sources):
            sources.insert(0, (now, "Ce qui avait été choisi, et qui n’est plus utilisable"))
        initial = {"label": row.label, "source": now, "starts_on": row.starts_on, "ends_on": row.ends_on}
        return forms.RenameForm(sources, data, initial=initial)
    if step == "quand":
        scripts = Script.objects.filter(versions__state="active").distinct().values_list("pk", "label")
        return forms.WhenForm([(str(pk), label) for pk, label in scripts], row, data)
    if step == "annonce":
        names = ("announcement", "waived_reason", "shown_number", "announcement_text", "duty_phone", "public_message")
        return forms.TellForm(data, initial={name: getattr(row, name) for name in names})
    legal = any(one.kind == "legal" for one in vault.registers() if one.code in row.registers)
    return forms.SafeForm(row, _team(), legal, data)


def _team() -> list[tuple[int, str]]:
    found = {user.pk: user.label for role in ("supervisor", "mentor", "home_visitor") for user in colleagues(role)}
    return sorted(found.items(), key=lambda one: one[1])


@require_http_methods(["GET", "POST"])
def campaign_settings(request: Request, public_id: str, step: str) -> HttpResponse:
    """One page of the guided form; a page saved leads to the next one, the last one to the campaign."""
    policies.require_supervisor(request.actor)
    row = queries.campaign(public_id)
    if step not in STEPS:
        raise NotFound("Cette page de réglages n’existe pas.")
    if row.state == "closed":
        messages.warning(request, "Cette campagne est close : reprenez-la sous une copie.")
        return redirect("outreach:campaign_page", row.public_id)
    form = _form(request, row, step)
    counting = "compter" in request.POST
    if request.method == "POST" and form.is_valid() and not counting and _save(request, row, step, form):
        after = list(STEPS)[list(STEPS).index(step) + 1 :]
        messages.success(request, "C’est enregistré.")
        if after and row.state == "draft":
            return redirect("outreach:campaign_settings", row.public_id, after[0])
        return redirect("outreach:campaign_page", row.public_id)
    text = request.POST.get("announcement_text", row.announcement_text)
    context = {
        "row": row, "form": form, "step": step, "title": STEPS[step], "steps": _steps(step),
        "size": size(text, request.POST.get("shown_number", row.shown_number)),
        "letter": defaults.filled(usecases.letter_of(row.kit), house=theme().name, number=row.shown_number or "…"),
    }  # fmt: skip
    wrong = bool(form.errors) and not counting
    return render(request, "outreach/campaign_settings.html", context, status=422 if wrong else 200)


def _save(request: Request, row: CallCampaign, step: str, form: Any) -> bool:
    said = form.said()
    if step == "quand":
        said["script"] = Script.objects.filter(pk=said["script"]).first() if said["script"] else None
    try:
        saved = usecases.update_campaign(request.actor, campaign=row, **said)
        if step == "securite" and form.cleaned_data["confirmed"]:
            usecases.confirm_numbers(request.actor, campaign=saved)
    except (DomainError, ValidationError) as error:
        tell(form, error)
        return False
    return True


@require_safe
def campaign_page(request: Request, public_id: str) -> HttpResponse:
    """A campaign: what it still needs, where it is, what it says; the deeds of its life."""
    policies.require_campaign_reader(request.actor)
    return _page(request, queries.campaign(public_id))


def _page(request: Request, row: CallCampaign, wrong: Any = None, status: int = 200) -> HttpResponse:
    now = clock.now()
    counts = counted([row])[0][1]
    supervisor = request.actor.has("supervisor")
    people = [(user.pk, user.label) for user in colleagues("supervisor")]
    needs = readiness.missing(row, now) if row.state == "draft" else []
    shut = readiness.gate(row, now) if row.state in ("open", "paused") else []
    labels = {one.code: one.label for one in vault.registers()}
    cohort = Cohort.objects.defer("sealed").filter(public_id=row.source.get("cohort", "")).first()
    context = {
        "row": row, "tag": TAGS[row.state], "line": line(row, counts), "supervisor": supervisor,
        "states": [(TASK_STATES[state], n) for state, n in sorted(counts.items()) if n],
        "missing": [(one, _where(row, one)) for one in needs],
        "shut": shut, "named": readiness.named(row, now),
        "open_now": queries.is_open_now(row, now), "next": queries.next_opening(row, now),
        "registers": [labels.get(code, code) for code in row.registers], "cohort": cohort,
        "week": [(forms.DAYS[day], engine.said(ranges)) for day, ranges in engine.week(row.hours)],
        "ladder": _ladder(row),
        "steps": list(STEPS.items()), "rooms": rooms(CAMPAIGN_ROOMS, row.public_id) if supervisor else [],
        "filling": row.filling, "told": row.announcement in usecases.ANNOUNCED,
        "level_form": forms.LevelForm(initial={"level": row.alert_level}, auto_id="level_%s"),
        "pause_form": forms.PauseForm(initial={"public_message": row.public_message}, auto_id="pause_%s"),
        "close_form": forms.CloseForm(people, initial={"public_message": row.public_message}, auto_id="close_%s"),
        "decides": request.actor.has("dpo") and row.basis == "isolation" and not row.decision,
        "decision_form": forms.DecisionForm(auto_id="decision_%s"),
        "wrong": wrong,
    }  # fmt: skip
    if wrong is not None:
        context[f"{wrong.prefix_name}_form"] = wrong
    return render(request, "outreach/campaign_page.html", context, status=status)


def _ladder(row: CallCampaign) -> list[tuple[str, str, str]]:
    """The steps of a search that exist at this level of alert: what, in how long, who answers."""
    group = defaults.group(row.alert_level)
    steps = [one for one in row.ladder if group in one["hours"]]
    named = User.objects.in_bulk([one["responsible"] for one in steps if one.get("responsible")])
    return [
        (
            STEP_KINDS[one["kind"]],
            forms.length(one["hours"][group]),
            named[one["responsible"]].label if one.get("responsible") in named else "",
        )
        for one in steps
    ]


def _where(row: CallCampaign, one: queries.Missing) -> str:
    if one.where in STEPS:
        return reverse("outreach:campaign_settings", args=[row.public_id, one.where])
    return link(one.where, row.public_id) or link(one.where)


@require_POST
def campaign_deed(request: Request, public_id: str, deed: str) -> HttpResponse:
    """Open, pause, resume, close, copy, change the level of alert, fill again, decide."""
    row = queries.campaign(public_id)
    form: Any = None
    try:
        if deed == "ouvrir":
            usecases.open_campaign(request.actor, campaign=row)
            messages.success(request, "La campagne est ouverte.")
        elif deed == "reprendre":
            usecases.resume_campaign(request.actor, campaign=row)
            messages.success(request, "Les appels reprennent.")
        elif deed == "actualiser":
            usecases.ask_filling(request.actor, campaign=row)
            messages.success(request, "La liste des personnes se met à jour.")
        elif deed == "copier":
            copy = usecases.copy_campaign(request.actor, campaign=row)
            messages.success(request, "Une copie est en préparation : relisez ses réglages.")
            return redirect("outreach:campaign_page", copy.public_id)
        elif deed in ("suspendre", "clore", "niveau", "decider"):
            form = _deed_form(request, deed)
            if not form.is_valid():
                return _page(request, row, form, 422)
            _do(request, row, deed, form.cleaned_data)
        else:
            raise NotFound("Cette action n’existe pas.")
    except usecases.CampaignNotReady:
        messages.error(request, "La campagne n’est pas prête : voici ce qui manque.")
    except (usecases.CampaignBusy, usecases.LegalGateClosed, usecases.CampaignOver, ValidationError) as error:
        if form is None:
            messages.error(request, error.message if isinstance(error, DomainError) else " ".join(error.messages))
            return redirect("outreach:campaign_page", public_id)
        tell(form, error)
        return _page(request, row, form, 422)
    return redirect("outreach:campaign_page", public_id)


def _deed_form(request: Request, deed: str) -> Any:
    people = [(user.pk, user.label) for user in colleagues("supervisor")]
    if deed == "suspendre":
        form: Any = forms.PauseForm(request.POST, auto_id="pause_%s")
    elif deed == "clore":
        form = forms.CloseForm(people, request.POST, auto_id="close_%s")
    elif deed == "niveau":
        form = forms.LevelForm(request.POST, auto_id="level_%s")
    else:
        form = forms.DecisionForm(request.POST, auto_id="decision_%s")
    form.prefix_name = {"suspendre": "pause", "clore": "close", "niveau": "level", "decider": "decision"}[deed]
    return form


def _do(request: Request, row: CallCampaign, deed: str, said: dict[str, Any]) -> None:
    if deed == "suspendre":
        usecases.pause_campaign(request.actor, campaign=row, **said)
        messages.success(request, "Les appels sont suspendus. Ceux qui sont commencés se terminent.")
    elif deed == "niveau":
        usecases.set_alert_level(request.actor, campaign=row, **said)
        messages.success(request, "Le niveau d’alerte est changé, les délais des recherches aussi.")
    elif deed == "decider":
        usecases.decide_basis(request.actor, campaign=row, **said)
        messages.success(request, "Votre décision est notée.")
    else:
        to = User.objects.filter(pk=said.pop("transfer_to") or 0).first()
        done = usecases.close_campaign(request.actor, campaign=row, transfer_to=to, **said)
        messages.success(request, f"La campagne est close : {done['ended']} fiches s’arrêtent là.")
