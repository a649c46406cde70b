"""The report of a call: what came of it, in large choices; the difficulty form beside it. Nothing is guessed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django import forms
from django.views.decorators.debug import sensitive_variables

from entremise.outreach.forms.care import BAD, FORMATS, MOMENT
from entremise.outreach.models import DISPOSITIONS
from entremise.outreach.usecases.calls.checking import MESSAGE_LENGTH, NOTE_LENGTH
from entremise.referrals.models import NEEDS

FAMILIES: Final[Mapping[str, tuple[str, ...]]] = {
    "J’ai parlé avec la personne": (
        "reached_complete", "reached_partial", "reached_callback", "refused_today", "reached_language", "objection",
    ),
    "Personne n’a répondu": ("no_answer", "voicemail_none", "voicemail_left", "busy", "switched_off", "wrong_number"),
    "Autre chose : un proche a répondu, elle n’entend pas, elle n’habite plus là…": (
        "reached_other", "reached_hearing", "out_of_service", "moved", "hospitalised", "institution", "deceased",
    ),
}  # fmt: skip
"""The closed list of outcomes (reference § 9) as a caller meets them. « Danger immédiat » is the red button."""
HINTS: Final[Mapping[str, str]] = {
    "reached_callback": "Écrivez quand, plus bas.",
    "reached_other": "Un voisin, un soignant aussi.",
    "objection": "Pour toujours.",
    "voicemail_left": "Sans dire la raison.",
    "deceased": "Une seconde personne le confirmera.",
}
URGENCIES: Final = {"none": "pas d’urgence", "week": "cette semaine", "today": "aujourd’hui"}
CONSENTS: Final = {
    "yes": "oui : son nom, son téléphone et cette difficulté",
    "anonymous": "conseil seulement, sans la nommer",
    "no": "non : rien n’est transmis",
}
SHARED: Final = ("difficulty", "name", "phone")
"""What the person is asked to let us transmit, in the words of `CONSENTS`."""
TONGUES: Final = {
    "": "je ne sais pas", "ar": "arabe", "en": "anglais", "pt": "portugais", "es": "espagnol", "it": "italien",
    "tr": "turc", "ru": "russe", "uk": "ukrainien", "zh": "chinois", "vi": "vietnamien", "ta": "tamoul",
    "bn": "bengali", "ro": "roumain", "pl": "polonais", "kab": "kabyle", "ber": "berbère", "wo": "wolof",
    "bm": "bambara", "fr": "français",
}  # fmt: skip


class ReportForm(forms.Form):
    """Read what was typed. What is missing is said by the use case too; nothing is filled in for the caller."""

    disposition = forms.ChoiceField(
        choices=list(DISPOSITIONS.items()),
        error_messages={
            "required": "Choisissez l’issue de l’appel.",
            "invalid_choice": "Choisissez l’issue de l’appel dans la liste.",
        },
    )
    next_at = forms.DateTimeField(
        label="Rappeler le", required=False, widget=MOMENT, input_formats=FORMATS, error_messages={"invalid": BAD}
    )
    news = forms.BooleanField(required=False)
    language = forms.ChoiceField(
        choices=list(TONGUES.items()),
        required=False,
        error_messages={"invalid_choice": "Choisissez la langue dans la liste."},
    )
    hard = forms.BooleanField(required=False)
    message = forms.CharField(
        required=False, max_length=MESSAGE_LENGTH,
        error_messages={"max_length": f"Écrivez {MESSAGE_LENGTH} signes au plus pour le prochain appelant."},
    )  # fmt: skip
    note = forms.CharField(
        required=False, max_length=NOTE_LENGTH,
        error_messages={"max_length": f"Écrivez {NOTE_LENGTH} signes au plus : des faits, pas de diagnostic."},
    )  # fmt: skip
    needs = forms.MultipleChoiceField(
        choices=list(NEEDS.items()),
        required=False,
        error_messages={"invalid_choice": "Choisissez les besoins dans la liste."},
    )
    urgency = forms.ChoiceField(
        choices=list(URGENCIES.items()),
        required=False,
        error_messages={"invalid_choice": "Choisissez pour quand, dans la liste."},
    )
    consent = forms.ChoiceField(
        choices=list(CONSENTS.items()),
        required=False,
        error_messages={"invalid_choice": "Choisissez si la personne est d’accord, dans la liste."},
    )
    need_note = forms.CharField(
        required=False, max_length=NOTE_LENGTH,
        error_messages={"max_length": f"Écrivez {NOTE_LENGTH} signes au plus : des faits, pas de diagnostic."},
    )  # fmt: skip

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        needs, note = said.get("needs") or [], said.get("need_note", "")
        if len(needs) > 5:
            self.add_error("needs", "Choisissez cinq besoins au plus : les plus importants.")
        elif (note or said.get("consent")) and not needs and "needs" not in self.errors:
            self.add_error("needs", "Choisissez le besoin dont il s’agit, ou videz ce cadre.")
        if needs and not said.get("consent") and "consent" not in self.errors:
            self.add_error("consent", "Demandez à la personne si cela peut être transmis, et notez sa réponse.")
        if "other" in needs and not note:
            self.add_error("need_note", "Pour « autre », dites en quelques mots de quoi il s’agit.")
        return said

    @sensitive_variables()
    def report(self) -> dict[str, Any]:
        """The arguments of `report_call`."""
        said = self.cleaned_data
        moment: datetime | None = said.get("next_at")
        difficulties = []
        if said["needs"]:
            difficulties.append(
                {"needs": said["needs"], "urgency": said["urgency"] or "none", "consent": said["consent"],
                 "note": said["need_note"], "share": SHARED if said["consent"] == "yes" else ()}
            )  # fmt: skip
        return {
            "disposition": said["disposition"], "next_at": moment, "news": said["news"], "hard": said["hard"],
            "message": said["message"], "note": said["note"], "difficulties": difficulties,
            "language": said["language"] if said["disposition"] == "reached_language" else "",
        }  # fmt: skip
