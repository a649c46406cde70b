from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from entremise.rules.engine.vocabulary import CATEGORIES, FIELD_ACTIONS, typographic
from entremise.rules.registry import RegisterShape


class Explore(forms.Form):
    """Which category of data, and what would be done with it; in one register as it is today, if one is named."""

    register = forms.ChoiceField(
        label="Registre", required=False,
        error_messages={"invalid_choice": "Choisissez un registre de la liste."},
    )  # fmt: skip
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

    def __init__(self, registers: Sequence[RegisterShape], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "n’importe lequel, au plus large"), *((one.code, one.label) for one in registers)]
        self.fields["register"].choices = choices  # type: ignore[attr-defined]
