from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from entremise.people.engine import identity

BAD_DAY = "Écrivez la date ainsi : 07/03/1941."


class BirthField(forms.CharField):
    """A birth date as people write it; the same words whatever is wrong."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "bday", "placeholder": ""})

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", 12)
        super().__init__(**options)

    def clean(self, value: Any) -> date | None:
        text = super().clean(value)
        if not text:
            return None
        day = identity.birth_date(text)
        if day is None:
            raise forms.ValidationError(BAD_DAY)
        return day


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Le code de votre lettre",
        help_text="10 signes, par exemple 7K3QP-M9T2X.",
        max_length=24,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "spellcheck": "false"}),
        error_messages={"required": "Tapez les 10 signes du code de votre lettre."},
    )
    birth = BirthField(
        label="Votre date de naissance",
        help_text="Par exemple 07/03/1941.",
        error_messages={"required": "Tapez votre date de naissance, par exemple 07/03/1941."},
    )


class CorrectionForm(forms.Form):
    """One box per thing that is held; only what was changed is sent on."""

    def __init__(self, *args: Any, held: list[tuple[str, str, str]], **options: Any) -> None:
        """`held`: (field, French label, value)."""
        super().__init__(*args, **options)
        self.held = {name: value for name, _, value in held}
        self.names = {self.key(name): name for name in self.held}
        for name, label, value in held:
            self.fields[self.key(name)] = forms.CharField(
                label=label[0].upper() + label[1:], initial=value, required=False, max_length=300
            )

    @staticmethod
    def key(name: str) -> str:
        return name.replace(".", "__").replace("#", "--")

    def changes(self) -> dict[str, str]:
        """`register.field` → new value, of what differs."""
        return {
            self.names[key]: text
            for key, text in self.cleaned_data.items()
            if key in self.names and text.strip() != self.held[self.names[key]]
        }
