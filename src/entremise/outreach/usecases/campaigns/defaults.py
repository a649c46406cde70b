"""What a new campaign starts from: the kit of its crisis, else the product's own settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.kits import policies as kits
from entremise.outreach.engine import defaults, hours
from entremise.outreach.models import CampaignDefaults, Script

SET = declare("outreach.defaults.set", "a appliqué les réglages d’appel d’un kit")


@transaction.atomic
def set_campaign_defaults(actor: Actor, *, kit: str, values: Mapping[str, Any]) -> CampaignDefaults:
    """Keep what a kit proposes to the campaigns to come; those that exist change in nothing. NotAllowed."""
    if not kits.can_apply_kit(actor):
        raise NotAllowed("Seule une personne qui administre la plateforme applique un kit. Demandez-le-lui.")
    row = CampaignDefaults.objects.filter(kit=kit).first() or CampaignDefaults(kit=kit)
    if row.pk and row.values == dict(values):
        return row
    row.values, row.at = dict(values), clock.now()
    row.full_clean()
    row.save()
    record(actor, SET, row, kit=kit)
    return row


def proposed(kit: str, level: int) -> dict[str, Any]:
    """The fields that a campaign of this kit starts from at this level of alert; its first script that serves. Two
    queries."""
    values = CampaignDefaults.objects.filter(kit=kit).values_list("values", flat=True).first() or {}
    found = rhythm_of(values, level)
    texts = values.get("announcement", {})
    scripts = list(values.get("scripts", ()))
    known = {one.code: one for one in Script.objects.filter(code__in=scripts, versions__state="active")}
    return found | {
        "script": next((known[code] for code in scripts if code in known), None),
        "languages": list(values.get("languages", ("fr",))),
        "same_caller": values.get("same_caller", True),
        "ladder": [dict(step) | {"responsible": None} for step in values.get("ladder", defaults.LADDER)],
        "emergency_numbers": [dict(one) for one in values.get("numbers", ())],
        "announcement_text": texts.get("sms", defaults.SMS),
    }


def rhythm(kit: str, level: int) -> dict[str, Any]:
    """Hours, attempts and recurrence that this kit proposes at this level of alert. One query."""
    row = CampaignDefaults.objects.filter(kit=kit).values_list("values", flat=True).first()
    return rhythm_of(row or {}, level)


def rhythm_of(values: Mapping[str, Any], level: int) -> dict[str, Any]:
    group = defaults.group(level)
    said = {**defaults.LEVELS[group], **values.get("levels", {}).get(group, {})}
    weekdays, saturday, sunday = (hours.read_ranges(said[name]) for name in ("weekdays", "saturday", "sunday"))
    week = {**{str(day): weekdays for day in range(5)}, "5": saturday, "6": sunday}
    return {
        "hours": {day: ranges for day, ranges in week.items() if ranges},
        "holidays_open": said["holidays"],
        "attempts_max": said["attempts"],
        "slots_required": said["slots"],
        "cooldown": said["cooldown"],
        "recurrence": said["recurrence"],
    }


def letter_of(kit: str) -> str:
    """The text of the letter that announces calls. One query."""
    values = CampaignDefaults.objects.filter(kit=kit).values_list("values", flat=True).first() or {}
    return str(values.get("announcement", {}).get("letter", defaults.LETTER))
