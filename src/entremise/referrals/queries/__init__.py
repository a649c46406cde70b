"""Reads of difficulties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils.formats import date_format

from entremise.kernel import clock
from entremise.referrals.models import NEEDS, Difficulty
from entremise.referrals.registry import REGISTER


def sealed_notes(person: UUID) -> Sequence[str]:
    """The words of this person's difficulties, by the name of their sealed field. One query."""
    rows = Difficulty.objects.filter(person=person, has_note=True).order_by("created_at")
    return [f"{REGISTER}.note#{code}" for code in rows.values_list("public_id", flat=True)]


def kept_of(person: UUID) -> Sequence[Mapping[str, str]]:
    """Their difficulties, for the copy they may ask for (RGPD 15), as French label → text. One query."""
    return [
        {
            "Difficulté": ", ".join(NEEDS.get(code, code) for code in row.needs),
            "Notée le": date_format(clock.day_of(row.created_at), "j F Y"),
            "Urgence": row.get_urgency_display(),
            "Votre accord pour transmettre": row.get_consent_display(),
            "État": row.get_state_display(),
        }
        for row in Difficulty.objects.filter(person=person).order_by("created_at")
    ]
