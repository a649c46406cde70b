"""Preparing a campaign: whom it calls, for what, when, under which law, with which texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from entremise.accounts.models import User
from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.kernel.jobs import enqueue
from entremise.kits.models import Crisis
from entremise.outreach import policies, rules
from entremise.outreach.models import STEP_KINDS, CallCampaign
from entremise.outreach.queries.readiness import forbidden_hours
from entremise.outreach.usecases.campaigns.defaults import proposed
from entremise.outreach.usecases.campaigns.refusals import CampaignOver
from entremise.registers.models import Cohort
from entremise.rules.queries import values_of
from entremise.vault import queries as vault

CREATED = declare("outreach.campaign.created", "a préparé une campagne d’appels")
CHANGED = declare("outreach.campaign.changed", "a changé les réglages d’une campagne d’appels")
COPIED = declare("outreach.campaign.copied", "a repris une campagne d’appels")
CONFIRMED = declare("outreach.numbers.confirmed", "a confirmé les numéros d’urgence d’une campagne")
DECIDED = declare("outreach.basis.decided", "a décidé du cadre d’une campagne sur le registre légal")

SETTINGS: Final = frozenset(
    {
        "label", "script", "languages", "starts_on", "ends_on", "keep_until", "hours", "holidays_open",
        "attempts_max", "slots_required", "cooldown", "person_gap", "recurrence", "every_days", "recur_until",
        "same_caller", "lease", "announcement", "announcement_text", "shown_number", "waived_reason",
        "daily_conversations", "daily_minutes", "notes_on", "sheets_on", "workbook_on", "basis", "activation_act",
        "activation_on", "ladder", "emergency_numbers", "duty_phone", "public_message",
    }
)  # fmt: skip
"""What may be changed while a campaign lives. Whom it calls and for what are its identity: another one is made."""
PREPARED: Final = SETTINGS | {"source"}
UNCHECKED: Final = ["created_by", "crisis", "script", "copied_from", "hours", "ladder", "registers", "source"]
"""Checked by hand, or given by us."""
TAKEN_OVER: Final = SETTINGS - {"starts_on", "ends_on", "recur_until", "keep_until", "public_message"}


@transaction.atomic
def create_campaign(
    actor: Actor,
    *,
    label: str,
    purpose: str,
    source: Mapping[str, Any],
    kit: str = "",
    alert_level: int = 1,
    crisis: Crisis | None = None,
    **fields: Any,
) -> CallCampaign:
    """Prepare a campaign from a frozen cohort or from registers; what is not given comes from the kit.

    `source`: `{"cohort": public_id}` or `{"registers": [codes]}`. Its tasks are then filled by a job. Raises
    NotAllowed, SecondFactorNeeded, ValidationError by field.
    """
    user = policies.require_supervisor(actor)
    if alert_level not in (1, 2, 3, 4):
        raise ValidationError({"alert_level": "Choisissez un niveau d’alerte de la liste."})
    _known(fields, SETTINGS)
    row = CallCampaign(
        label=label, purpose=purpose, kit=kit, crisis=crisis, alert_level=alert_level, created_by_id=user,
        **{**proposed(kit, alert_level), **fields},
    )  # fmt: skip
    if row.recurrence != "none" and row.recur_until is None:
        row.recur_until = row.ends_on or row.starts_on + timedelta(days=60)
    if row.keep_until is None:
        row.keep_until = (row.ends_on or row.recur_until or row.starts_on + timedelta(days=90)) + timedelta(days=90)
    row.source, row.registers = _source(source, purpose)
    row.filling = {"state": "waiting"}
    _check(row)
    row.save(force_insert=True)
    record(actor, CREATED, row, purpose=purpose, alert_level=alert_level)
    enqueue("outreach.fill_tasks", campaign_id=row.pk)
    return row


@transaction.atomic
def update_campaign(actor: Actor, *, campaign: CallCampaign, **fields: Any) -> CallCampaign:
    """Change the settings of a campaign that is not closed; `source` too, as long as it is prepared or calls the same
    registers (another cohort of the same). Raises NotAllowed, CampaignOver, ValidationError by field.
    """
    policies.require_supervisor(actor)
    _known(fields, PREPARED)
    row = CallCampaign.objects.select_for_update().get(pk=campaign.pk)
    if row.state == "closed":
        raise CampaignOver("Cette campagne est close : reprenez-la sous une copie.")
    before = {name: getattr(row, name) for name in fields}
    refill = False
    if "source" in fields:
        source, registers = _source(fields.pop("source"), row.purpose)
        if row.state != "draft" and registers != row.registers:
            raise ValidationError({"source": "Une campagne ouverte garde ses registres : préparez-en une autre."})
        refill = source != row.source
        row.source, row.registers = source, registers
        if refill:
            row.filling = {"state": "waiting"}
    for name, value in fields.items():
        setattr(row, name, value)
    if "emergency_numbers" in fields and before["emergency_numbers"] != row.emergency_numbers:
        row.numbers_confirmed_by = row.numbers_confirmed_at = None
    if "basis" in fields and before["basis"] != row.basis:
        row.decision, row.decided_by, row.decided_at = "", None, None
    _check(row)
    row.save()
    changed = sorted(name for name, value in before.items() if getattr(row, name) != value)
    record(actor, CHANGED, row, fields=", ".join(changed))
    if refill:
        enqueue("outreach.fill_tasks", campaign_id=row.pk)
    return row


@transaction.atomic
def copy_campaign(actor: Actor, *, campaign: CallCampaign, label: str = "") -> CallCampaign:
    """The same campaign to come: whom it calls, its levels, script and texts; no answer, no date. NotAllowed,
    ValidationError (its cohort no longer serves: choose another).
    """
    user = policies.require_supervisor(actor)
    row = CallCampaign(
        label=label or f"{campaign.label[:72]} (suite)", purpose=campaign.purpose, crisis_id=campaign.crisis_id,
        kit=campaign.kit, alert_level=campaign.alert_level, copied_from=campaign, created_by_id=user,
        **{name: getattr(campaign, name) for name in TAKEN_OVER - {"label"}},
    )  # fmt: skip
    row.source, row.registers = _source(campaign.source, campaign.purpose)
    row.recur_until = row.starts_on + timedelta(days=60) if row.recurrence != "none" else None
    row.keep_until = (row.recur_until or row.starts_on + timedelta(days=90)) + timedelta(days=90)
    row.activation_act, row.activation_on = "", None  # each activation of the plan is said anew
    row.filling = {"state": "waiting"}
    row.full_clean(exclude=UNCHECKED)  # what a vote forbids since is said before it opens
    row.save(force_insert=True)
    record(actor, COPIED, row, source=campaign.public_id)
    enqueue("outreach.fill_tasks", campaign_id=row.pk)
    return row


@transaction.atomic
def confirm_numbers(actor: Actor, *, campaign: CallCampaign) -> None:
    """The emergency numbers shown to callers were dialled and are right: who says so, and when. NotAllowed."""
    user = policies.require_supervisor(actor)
    now = clock.now()
    if not CallCampaign.objects.filter(pk=campaign.pk, numbers_confirmed_at=None).update(
        numbers_confirmed_by=user, numbers_confirmed_at=now
    ):
        return
    campaign.numbers_confirmed_by, campaign.numbers_confirmed_at = user, now
    record(actor, CONFIRMED, campaign, numbers=len(campaign.emergency_numbers))


@transaction.atomic
def decide_basis(actor: Actor, *, campaign: CallCampaign, decision: str) -> None:
    """The DPO decides that the legal register may serve calls against isolation (CASF L121-6-1, II); without it the
    campaign does not open. Raises NotAllowed, ValidationError.
    """
    user = policies.require_dpo(actor)
    text = " ".join(decision.split())
    if not 5 <= len(text) <= 200:
        raise ValidationError({"decision": "Écrivez la référence de votre décision, en 5 à 200 signes."})
    now = clock.now()
    rows = CallCampaign.objects.filter(pk=campaign.pk, basis="isolation").exclude(state="closed")
    if not rows.update(decision=text, decided_by=user, decided_at=now):
        raise NotAllowed("Cette campagne ne se fonde pas sur la lutte contre l’isolement.")
    campaign.decision, campaign.decided_by, campaign.decided_at = text, user, now
    record(actor, DECIDED, campaign, decision=text)


def _known(fields: Mapping[str, Any], allowed: frozenset[str]) -> None:
    if unknown := sorted(set(fields) - allowed):
        raise TypeError(f"a campaign has no setting {unknown}")


def _source(source: Mapping[str, Any], purpose: str) -> tuple[dict[str, Any], list[str]]:
    """The source as it is kept, and the registers it comes from. ValidationError."""
    if code := source.get("cohort"):
        cohort = Cohort.objects.defer("sealed").filter(public_id=code).first()
        if cohort is None or cohort.state != "frozen" or cohort.expires_at <= clock.now():
            raise ValidationError({"source": "Cette cohorte n’est plus utilisable : choisissez-en une autre."})
        if cohort.purpose != purpose:
            raise ValidationError(
                {"purpose": f"Cette cohorte a été figée pour « {cohort.get_purpose_display()} » : gardez ce but."}
            )
        return {"cohort": cohort.public_id}, sorted(cohort.registers)
    codes = list(dict.fromkeys(source.get("registers", ())))
    known = {row.code: row for row in vault.registers() if row.status == "open"}
    if not codes:
        raise ValidationError({"source": "Choisissez une cohorte ou un registre."})
    if any(code not in known for code in codes):
        raise ValidationError({"source": "Un de ces registres n’est pas ouvert."})
    if deaf := [known[code].label for code in codes if purpose not in known[code].bases]:
        raise ValidationError({"source": f"Ce registre ne sert pas à cela : {', '.join(deaf)}."})
    if len(codes) > 1 and any(known[code].kind in ("legal", "safeguard") for code in codes):
        raise ValidationError(
            {"source": "Le registre légal et celui du plan de sauvegarde s’appellent seuls, chacun dans sa campagne."}
        )
    return {"registers": codes}, codes


def _check(row: CallCampaign) -> None:
    """Everything a campaign says must hold together. ValidationError by field, all at once."""
    wrong: dict[str, str] = {}
    bounds = values_of(rules.CONVERSATIONS, rules.MINUTES, rules.KEPT)
    early, late, days = forbidden_hours(row)
    for day in days:
        wrong[f"day_{day}"] = f"Le règlement ne permet pas d’appeler avant {early} h ni après {late} h."
    if row.ends_on and row.ends_on < row.starts_on:
        wrong["ends_on"] = "La fin vient après le début."
    if row.recurrence != "none":
        if row.recur_until is None:
            wrong["recur_until"] = "Un rythme s’arrête à une date : écrivez-la."
        elif row.recur_until < row.starts_on or (row.ends_on and row.recur_until > row.ends_on):
            wrong["recur_until"] = "Le rythme s’arrête entre le début et la fin de la campagne."
        if row.recurrence == "every" and not 1 <= row.every_days <= 60:
            wrong["every_days"] = "Entre 1 et 60 jours."
    last = row.ends_on or row.recur_until or row.starts_on + timedelta(days=90)
    kept = int(bounds[rules.KEPT.key])
    if row.keep_until and not last <= row.keep_until <= last + timedelta(days=kept):
        wrong["keep_until"] = f"Entre la fin de la campagne et {kept} jours après : le règlement le fixe."
    for name, point in (("daily_conversations", rules.CONVERSATIONS), ("daily_minutes", rules.MINUTES)):
        if not 1 <= getattr(row, name) <= int(bounds[point.key]):
            wrong[name] = f"Entre 1 et {bounds[point.key]} : le règlement protège les appelants."
    if not 5 <= row.cooldown <= 7 * 24 * 60:
        wrong["cooldown"] = "Entre 5 minutes et 7 jours."
    if not 1 <= row.slots_required <= 4:
        wrong["slots_required"] = "Entre 1 et 4 créneaux."
    if not row.languages:
        wrong["languages"] = "Indiquez au moins une langue, par exemple fr."
    if row.announcement == "waived" and not row.waived_reason.strip():
        wrong["waived_reason"] = "Dites pourquoi personne n’est prévenu avant d’être appelé."
    if found := _ladder(row.ladder):
        wrong["ladder"] = found
    if wrong:
        raise ValidationError(wrong)
    row.full_clean(exclude=UNCHECKED)


def _ladder(steps: Sequence[Mapping[str, Any]]) -> str:
    kinds = [step.get("kind") for step in steps]
    if not steps or len(kinds) != len(set(kinds)) or any(kind not in STEP_KINDS for kind in kinds):
        return "La procédure de recherche a au moins une étape, chacune une fois."
    for group in ("1", "3", "4"):
        delays = [step["hours"][group] for step in steps if group in step.get("hours", {})]
        if not delays or delays != sorted(delays) or any(not 1 <= hours <= 1440 for hours in delays):
            return "Chaque niveau d’alerte a ses étapes, de la plus proche à la plus lointaine, en heures."
    named = {step["responsible"] for step in steps if step.get("responsible")}
    if named and User.objects.filter(pk__in=named, is_active=True).count() != len(named):
        return "Une personne chargée d’une étape n’a plus de compte actif."
    return ""
