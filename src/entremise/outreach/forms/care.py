"""What is typed about a search or an emergency: few fields, each with its own sentence."""

from __future__ import annotations

from typing import Any

from django import forms

from entremise.outreach.models import RESULTS, Emergency
from entremise.outreach.usecases.care.answering import AFTER

MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M", "%d/%m/%Y %Hh%M"]
BAD = "Écrivez le jour et l’heure ainsi : 14/07/2026 14:30."
LEARNT = {
    "deceased": "elle serait décédée",
    "hospitalised": "elle serait à l’hôpital",
    "institution": "elle serait en établissement",
    "moved": "elle aurait déménagé",
    "": "autre chose",
}
REASON = {"required": "Écrivez pourquoi, en une phrase.", "max_length": "Raccourcissez : 180 signes au plus."}


class SkipForm(forms.Form):
    """Why a rung is passed over."""

    reason = forms.CharField(label="Pourquoi passer cette étape", max_length=180, error_messages=REASON)


class StartForm(forms.Form):
    """Begin a rung; for firefighters, why."""

    reason = forms.CharField(label="Pourquoi appeler les pompiers", max_length=180, error_messages=REASON)

    def __init__(self, *args: Any, asked: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asked:
            del self.fields["reason"]


class FinishForm(forms.Form):
    """What a rung gave."""

    result = forms.ChoiceField(
        label="Ce que l’étape a donné",
        choices=list(RESULTS.items()),
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez ce que cette étape a donné."},
    )
    happened_at = forms.DateTimeField(
        label="Quand", required=False, widget=MOMENT, input_formats=FORMATS, error_messages={"invalid": BAD},
        help_text="Laissez vide si c’est maintenant.",
    )  # fmt: skip
    reason = forms.CharField(
        label="Des faits, en une phrase", required=False, max_length=180, error_messages=REASON,
        help_text="Qui vous l’a dit, ce que vous avez vu. Pas de diagnostic, pas de nom.",
    )  # fmt: skip


class StopForm(forms.Form):
    """Something else than a sign of life was learnt."""

    cause = forms.ChoiceField(
        label="Ce que vous avez appris", choices=list(LEARNT.items()), required=False, widget=forms.RadioSelect
    )
    reason = forms.CharField(label="Qui vous l’a dit, et quand", max_length=180, error_messages=REASON)


class OutcomeForm(forms.Form):
    """How an emergency ended, and what becomes of the task."""

    outcome = forms.ChoiceField(
        label="Comment l’urgence s’est terminée",
        choices=list(Emergency.OUTCOMES.items()),
        widget=forms.RadioSelect,
        error_messages={"required": "Dites comment l’urgence s’est terminée : la fiche reste bloquée sans cela."},
    )
    after = forms.ChoiceField(
        label="Ce que devient la fiche", choices=list(AFTER.items()), widget=forms.RadioSelect, initial="call_again"
    )
    not_before = forms.DateTimeField(
        label="La rappeler à partir de", required=False, widget=MOMENT, input_formats=FORMATS,
        error_messages={"invalid": BAD}, help_text="Laissez vide : au délai habituel de la campagne.",
    )  # fmt: skip


class AlarmForm(forms.Form):
    """Somebody calls in danger and no sheet is open: everything is optional."""

    campaign = forms.ChoiceField(label="Campagne", required=False)
    phone = forms.CharField(
        label="Numéro de la personne", required=False, max_length=30,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
        help_text="Pour retrouver son adresse. Si vous ne l’avez pas, donnez l’alerte sans attendre.",
    )  # fmt: skip

    def __init__(self, *args: Any, campaigns: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["campaign"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "je ne sais pas"), *campaigns]
