from __future__ import annotations

from django import forms

from entremise.rules.engine.vocabulary import CATEGORIES, FIELD_ACTIONS, typographic


class Explore(forms.Form):
    """Which category of data, and what would be done with it."""

    category = forms.ChoiceField(
        label="Donnée",
        choices=[(code, typographic(said).capitalize()) for code, said in CATEGORIES.items()],
        error_messages={"invalid_choice": "Choisissez une donnée de la liste.", "required": "Choisissez une donnée."},
    )
    action = forms.ChoiceField(
        label="Usage",
        choices=[(code, typographic(said).capitalize()) for code, said in FIELD_ACTIONS.items()],
        error_messages={"invalid_choice": "Choisissez un usage de la liste.", "required": "Choisissez un usage."},
    )
