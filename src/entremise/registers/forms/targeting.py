"""Forms of targeting: which computation, how many persons, which points, which two cohorts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms

from entremise.kernel import clock
from entremise.registers.forms.life import day_field, words_field
from entremise.registers.models import Cohort
from entremise.registers.queries.cohorts import Weight


class AskForm(forms.Form):
    """Which registers of a granted request to read."""

    registers = forms.MultipleChoiceField(
        label="Registres",
        help_text="Une personne de plusieurs registres n’est comptée qu’une fois.",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choisissez au moins un registre."},
    )

    def __init__(self, choices: Sequence[tuple[str, str]], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["registers"].choices = choices  # type: ignore[attr-defined]
        self.fields["registers"].initial = [code for code, _ in choices]


class DraftForm(forms.Form):
    """A draft of cohort. The points are fields `points_<factor>`, drawn in a table by the page."""

    label = words_field("Nom de la cohorte", "Par exemple « Vigilance rouge, premiers appels ».", most=80, required="Donnez un nom.")  # fmt: skip  # noqa: E501
    purpose = forms.ChoiceField(
        label="À quoi servira-t-elle ?",
        choices=list(Cohort.PURPOSES.items()),
        widget=forms.RadioSelect,
        initial="outreach.call",
    )
    capacity = forms.IntegerField(
        label="Combien de personnes pouvez-vous joindre ?",
        help_text="Appels et visites ensemble, sur la durée de la cohorte. Les premières de l’ordre proposé sont retenues.",  # noqa: E501
        min_value=1,
        error_messages={
            "required": "Dites combien de personnes vous pouvez joindre.",
            "invalid": "Écrivez un nombre, par exemple 400.",
            "min_value": "Écrivez un nombre d’au moins 1.",
        },
    )
    expires_on = day_field(
        "Jusqu’au",
        "Après ce jour, plus personne n’est appelé par cette cohorte, et ses raisons sont détruites.",
        initial=lambda: clock.today() + timedelta(days=30),
    )

    def __init__(self, weights: Sequence[Weight], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.weights = weights
        for weight in weights:
            self.fields[f"points_{weight.factor.code}"] = forms.IntegerField(
                label=weight.factor.label, required=False, initial=weight.voted
            )

    def main(self) -> list[Any]:
        """The fields that are not points."""
        return [self[name] for name in ("label", "purpose", "capacity", "expires_on")]

    def lines(self) -> list[tuple[Weight, Any]]:
        """Each factor with its field, for the table."""
        return [(weight, self[f"points_{weight.factor.code}"]) for weight in self.weights]

    def said(self) -> dict[str, Any]:
        """What `draft_cohort` takes; a point left empty keeps the voted one."""
        clean = self.cleaned_data
        changed = {
            weight.factor.code: clean[f"points_{weight.factor.code}"]
            for weight in self.weights
            if clean.get(f"points_{weight.factor.code}") not in (None, weight.voted)
        }
        return {name: clean[name] for name in ("label", "purpose", "capacity", "expires_on")} | {"points": changed}


class CompareForm(forms.Form):
    """Two cohorts of the same registers."""

    before = forms.ChoiceField(label="Avant", error_messages={"required": "Choisissez une cohorte."})
    after = forms.ChoiceField(label="Après", error_messages={"required": "Choisissez une cohorte."})

    def __init__(self, rows: Sequence[Cohort], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        choices = [(row.public_id, f"{row.label}, {row.get_state_display()}, {row.public_id}") for row in rows]
        for name in ("before", "after"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]


class HeatForm(forms.Form):
    """Which communes are very exposed to heat, which are not, and who says so."""

    exposed = forms.CharField(
        label="Communes très exposées",
        help_text="Leurs codes INSEE, séparés par des espaces ou des retours à la ligne. Par exemple 38185.",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    spared = forms.CharField(
        label="Communes peu exposées",
        help_text="Une commune qui n’est dans aucune des deux listes reste « inconnue », jamais « peu exposée ».",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    source = words_field("Source", "Par exemple « Étude climat de la métropole, 2025 ».", most=200)

    def said(self) -> dict[str, Any]:
        clean = self.cleaned_data
        split = {name: clean[name].replace(",", " ").replace(";", " ").split() for name in ("exposed", "spared")}
        return {**split, "source": clean["source"]}


class PrintForm(forms.Form):
    """Why a list leaves on paper."""

    motive = words_field("Pourquoi imprimer cette liste ?", "Écrit au journal des accès.", most=300, required="Dites pourquoi.")  # fmt: skip  # noqa: E501
    start = forms.IntegerField(label="À partir du rang", min_value=1, initial=1)
