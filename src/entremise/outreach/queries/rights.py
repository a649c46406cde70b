"""What Veille keeps of somebody, for the copy they may ask for (RGPD 15): in clear, and under seal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format

from entremise.outreach.models import CallAttempt, CallTask, Emergency, OrphanReport
from entremise.outreach.registry import REGISTER


def sealed_reports(person: UUID) -> Sequence[str]:
    """The answers and notes of the calls made to this person, by the name of their sealed field. Two queries."""
    made = CallAttempt.objects.filter(person=person).exclude(disposition="aborted").order_by("happened_at")
    found = [f"{REGISTER}.{name}#{code}" for code in made.values_list("public_id", flat=True) for name in WRITTEN]
    late = OrphanReport.objects.filter(task__person=person, state="waiting").order_by("at")
    return found + [f"{REGISTER}.orphan#{code}" for code in late.values_list("public_id", flat=True)]


WRITTEN = ("answers", "note")


def kept_of(person: UUID) -> Sequence[Mapping[str, str]]:
    """The campaigns where they are called, each call with its outcome, each emergency. Three queries."""
    found: list[Mapping[str, str]] = []
    for task in CallTask.objects.filter(person=person).select_related("campaign").order_by("pk"):
        found.append(
            {
                "Campagne d’appels": task.campaign.label,
                "Pour": task.campaign.get_purpose_display(),
                "État": task.get_closed_reason_display() or task.get_state_display(),
                "Niveau demandé à qui appelle": str(task.complexity),
            }
        )
    attempts = CallAttempt.objects.filter(person=person).exclude(disposition="aborted").order_by("happened_at")
    found += [{"Appel du": _when(one.happened_at), "Issue": one.get_disposition_display()} for one in attempts]
    for one in Emergency.objects.filter(person=person).order_by("raised_at"):
        found.append({"Urgence du": _when(one.raised_at), "Suite": one.get_outcome_display() or "en cours"})
    return found


def _when(at: object) -> str:
    return date_format(timezone.localtime(at), "j F Y, H:i")  # type: ignore[arg-type]
