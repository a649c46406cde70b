"""What the page of a pair asks: an answer, and why."""

from __future__ import annotations

from typing import Any

from django import forms

from entremise.registers.models import Decision
from entremise.registers.usecases.review.deciding import WHY_DIFFERENT, WHY_SAME, WHY_UNSURE

NONE = [("", "Aucune en particulier")]


def _choices(*codes: str) -> list[tuple[str, str]]:
    return [(code, Decision.REASONS[code].capitalize()) for code in codes]


class AnswerForm(forms.Form):
    """The reason of an answer. Compulsory to join under a guard: the use case says so, with the words of the field."""

    use_required_attribute = False

    reason = forms.ChoiceField(
        label="Pourquoi ?",
        required=False,
        choices=[
            *NONE,
            ("Même personne", _choices(*WHY_SAME[:2])),
            ("Deux personnes", _choices(*WHY_DIFFERENT[:4])),
            ("Je ne sais pas", _choices(*WHY_UNSURE[:1])),
            ("other", "Autre raison"),
        ],
        error_messages={"invalid_choice": "Choisissez une raison de la liste."},
    )

    def __init__(self, *args: Any, guarded: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if guarded:
            self.fields[
                "reason"
            ].help_text = "À dire avant de répondre « Même personne » : cette paire porte un avertissement."


class SeparationForm(forms.Form):
    """Why two records that are joined are two persons."""

    reason = forms.ChoiceField(
        label="Pourquoi sont-ce deux personnes ?",
        widget=forms.RadioSelect,
        choices=_choices(*WHY_DIFFERENT),
        error_messages={
            "required": "Choisissez pourquoi ce sont deux personnes.",
            "invalid_choice": "Choisissez une raison de la liste.",
        },
    )


class DecisionFilter(forms.Form):
    verdict = forms.ChoiceField(
        label="Verdict",
        required=False,
        choices=[("", "Tous"), *((k, v.capitalize()) for k, v in Decision.VERDICTS.items())],
    )
    etat = forms.ChoiceField(
        label="État",
        required=False,
        choices=[
            ("", "En vigueur et à confirmer"),
            *((k, v.capitalize()) for k, v in Decision.STATES.items()),
            ("all", "Toutes, annulées comprises"),
        ],
    )
