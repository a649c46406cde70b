"""Fields of Entraide's forms. Each says in its own words what to do when an answer is not understood."""

from __future__ import annotations

from typing import Any

from django import forms

from entremise.kernel import ids
from entremise.mutualaid.engine import masks
from entremise.mutualaid.engine.answers import split_name as split_name
from entremise.mutualaid.models import Category
from entremise.mutualaid.queries import categories
from entremise.people.engine import phone
from entremise.territories.models import Territory
from entremise.territories.queries import search_communes


class PhoneField(forms.CharField):
    """Cleans to E.164; understands spaces, dots, +33, 0033."""

    widget = forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"})

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", 30)
        super().__init__(**options)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if not text:
            return ""
        try:
            return phone.normalise(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


class CommuneField(forms.CharField):
    """A name or a postcode; cleans to the commune. Several answers: the sentence lists them."""

    widget = forms.TextInput(attrs={"autocomplete": "postal-code", "spellcheck": "false"})

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", 100)
        super().__init__(**options)

    def prepare_value(self, value: Any) -> Any:
        return value.name if isinstance(value, Territory) else value

    def clean(self, value: Any) -> Territory | None:
        if isinstance(value, Territory):
            return value
        text = super().clean(value)
        if not text:
            return None
        found = search_communes(text, limit=6)
        if not found:
            raise forms.ValidationError(
                f"Aucune commune ne correspond à « {text} ». Écrivez son nom ou son code postal, par exemple 38000."
            )
        exact = [one for one in found if _same(one, text)]
        if len(found) > 1 and len(exact) != 1:
            choices = ", ".join(f"{one.name} ({one.code})" for one in found[:5])
            raise forms.ValidationError(
                f"Plusieurs communes correspondent : {choices}. Écrivez le nom entier ou le code."
            )
        return exact[0] if exact else found[0]


def _same(commune: Territory, text: str) -> bool:
    said = text.strip().casefold()
    return said in {commune.name.casefold(), commune.code.casefold(), f"{commune.name} ({commune.code})".casefold()}


class CategoryField(forms.ModelChoiceField[Category]):
    """One kind of help, by its code; only those of the crisis in force."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.RadioSelect)
        super().__init__(
            queryset=Category.objects.none(), to_field_name="code", empty_label=None, blank=False, **options
        )

    def to_python(self, value: Any) -> Category | None:
        if isinstance(value, str) and "\0" in value:  # PostgreSQL refuses to be asked about it
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return super().to_python(value)

    def refresh(self) -> None:
        self.queryset = categories()


class CategoriesField(forms.ModelMultipleChoiceField[Category]):
    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.CheckboxSelectMultiple)
        super().__init__(queryset=Category.objects.none(), to_field_name="code", **options)

    def clean(self, value: Any) -> Any:
        if isinstance(value, list | tuple) and any("\0" in str(one) for one in value):
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return super().clean(value)

    def refresh(self) -> None:
        self.queryset = categories()


class SlotsField(forms.TypedMultipleChoiceField):
    """Half-days; cleans to a mask. Nothing ticked: any moment."""

    def __init__(self, **options: Any) -> None:
        choices = list(enumerate(masks.SLOT_LABELS))
        options.setdefault("widget", forms.CheckboxSelectMultiple)
        super().__init__(choices=choices, coerce=int, empty_value=[], required=False, **options)

    def clean(self, value: Any) -> int:
        bits = super().clean(value)
        return masks.mask_of(bits) if bits else masks.ANY_SLOT

    def prepare_value(self, value: Any) -> Any:
        return [str(bit) for bit in masks.bits_of(value)] if isinstance(value, int) else value


class LanguagesField(forms.MultipleChoiceField):
    """Languages; cleans to a mask, 0 when none is said."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.CheckboxSelectMultiple)
        options.setdefault("required", False)
        super().__init__(choices=list(masks.LANGUAGES.items()), **options)

    def clean(self, value: Any) -> int:
        return masks.languages_mask(super().clean(value))

    def prepare_value(self, value: Any) -> Any:
        return masks.languages_of(value) if isinstance(value, int) else value


class CodeField(forms.CharField):
    """A spoken case code, put right: `h6k 347` is H6K-347."""

    widget = forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"})

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if not text:
            return ""
        code = ids.read_spoken(text)
        if code is None:
            raise forms.ValidationError(
                "Ce code n’est pas juste : il a six signes, par exemple H6K-347. Relisez-le sur votre message."
            )
        return code


class RefreshedForm(forms.Form):
    """A form whose lists of kinds of help are read at each use: a kit may change them without restart."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, CategoryField | CategoriesField):
                field.refresh()
