"""What Entraide keeps of somebody, for the copy they may ask for (RGPD 15): in clear, and under seal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils.formats import date_format

from entremise.mutualaid.models import HelperProfile, Need


def sealed_notes(person: UUID) -> Sequence[str]:
    """The notes of this person's requests and offer, by the name of their sealed field."""
    needs = [need.note_field for need in Need.objects.filter(person=person) if need.has_note]
    offers = [helper.note_field for helper in HelperProfile.objects.filter(person=person) if helper.has_note]
    return needs + offers


def kept_of(person: UUID) -> Sequence[Mapping[str, str]]:
    """Their requests and their offer of help, as French label → text."""
    needs = Need.objects.filter(person=person).select_related("category", "territory").order_by("received_at", "pk")
    found = [
        {
            "Demande d’aide": f"{need.category.label}, {need.code}",
            "Reçue le": date_format(need.received_at, "j F Y"),
            "Commune": need.territory.name,
            "État": need.get_state_display(),
        }
        for need in needs
    ]
    for helper in HelperProfile.objects.filter(person=person):
        found.append({"Proposition d’aide": helper.get_state_display()})
    return found
