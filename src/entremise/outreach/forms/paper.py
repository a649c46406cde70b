"""Forms of sheets: giving some, typing one back, a workbook, a loss."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from entremise.accounts.models import User
from entremise.kernel import clock
from entremise.outreach.engine.xlsform import Model
from entremise.outreach.engine.xlsform.model import SELECTS
from entremise.outreach.models import DISPOSITIONS, CallCampaign
from entremise.referrals.models import NEEDS

ANSWER = "q_"
CHOSEN = [("", "aucun"), *((code, label) for code, label in NEEDS.items() if code != "other")]


def _moment(label: str, hint: str, *, required: bool = True) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        help_text=hint,
        required=required,
        input_formats=["%Y-%m-%dT%H:%M", "%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"required": "Écrivez le jour et l’heure.", "invalid": "Écrivez par exemple 06/07/2026 14:30."},
    )


class GiveForm(forms.Form):
    """For whom, how many, until when, on what."""

    caller = forms.ChoiceField(
        label="Pour qui ?", help_text="Les fiches sont prises pour cette personne, et pour elle seule."
    )
    count = forms.IntegerField(
        label="Combien de fiches ?",
        min_value=1,
        max_value=40,
        initial=10,
        error_messages={
            "required": "Dites combien de fiches.",
            "invalid": "Écrivez un nombre, par exemple 10.",
            "min_value": "Au moins une fiche.",
            "max_value": "40 fiches au plus à la fois.",
        },
    )
    due = _moment("À rendre avant", "Dans les 24 heures. Ensuite, ces personnes sont proposées à d’autres.")
    medium = forms.ChoiceField(
        label="Sur quoi ?",
        choices=[("paper", "Feuilles à imprimer"), ("excel", "Tableur à remplir")],
        widget=forms.RadioSelect,
        initial="paper",
    )

    def __init__(self, callers: Sequence[User], campaign: CallCampaign, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["caller"].choices = [("", "Choisir…"), *((str(one.pk), one.label) for one in callers)]  # type: ignore[attr-defined]
        on = {"paper": campaign.sheets_on, "excel": campaign.workbook_on}
        offered = [(code, label) for code, label in self.fields["medium"].choices if on[code]]  # type: ignore[attr-defined]
        self.fields["medium"].choices = offered  # type: ignore[attr-defined]

    def clean_due(self) -> datetime:
        due: datetime = self.cleaned_data["due"]
        now = clock.now()
        if not now < due <= now + timedelta(hours=24):
            raise forms.ValidationError("Choisissez une heure dans les 24 heures.")
        return due


class CodeForm(forms.Form):
    """The code of a sheet: the cursor is there when the page opens."""

    code = forms.CharField(
        label="Code de la feuille",
        help_text="En haut à droite, par exemple 7K3M-92QX.",
        max_length=20,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "autocapitalize": "characters"}),
        error_messages={"required": "Tapez le code écrit en haut de la feuille."},
    )


class SheetForm(forms.Form):
    """What is written on a sheet. Questions of the script are fields `q_<name>`."""

    day = _moment("Appel passé le", "Comme écrit sur la feuille.")
    disposition = forms.ChoiceField(
        label="Comment l’appel s’est passé",
        choices=[("", "Choisir…"), *((code, label) for code, label in DISPOSITIONS.items() if code != "aborted")],
        error_messages={"required": "Choisissez la case cochée sur la feuille."},
    )
    next_at = _moment("Rappel promis le", "Seulement si une heure a été promise.", required=False)
    news = forms.BooleanField(label="Un proche a donné de ses nouvelles", required=False)
    need_1 = forms.ChoiceField(label="Besoin", choices=CHOSEN, required=False)
    need_2 = forms.ChoiceField(label="Autre besoin", choices=CHOSEN, required=False)
    need_3 = forms.ChoiceField(label="Autre besoin encore", choices=CHOSEN, required=False)
    consent = forms.ChoiceField(
        label="La personne veut bien que nous transmettions",
        help_text="Rien de coché sur la feuille ? C’est non : la question lui sera posée au prochain appel.",
        choices=[("no", "non"), ("anonymous", "un conseil, sans son nom"), ("yes", "oui")],
        required=False,
    )

    def __init__(self, model: Model | None, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["day"].initial = timezone.localtime(clock.now()).strftime("%Y-%m-%dT%H:%M")
        for number, item in enumerate(model.questions if model else [], start=1):
            label = f"{number}. {model.words(item.label, '')}" if model else ""
            boxes = (
                [(c.name, model.words(c.label, "") or c.name) for c in model.lists.get(item.list, ())] if model else []
            )
            field: forms.Field
            if item.type in SELECTS and item.type != "select_multiple":
                field = forms.ChoiceField(label=label, choices=[("", "sans réponse"), *boxes], required=False)
            elif item.type == "select_multiple":
                widget = forms.CheckboxSelectMultiple
                field = forms.MultipleChoiceField(label=label, choices=boxes, required=False, widget=widget)
            else:
                field = forms.CharField(label=label, required=False, max_length=500)
            self.fields[f"{ANSWER}{item.name}"] = field

    @property
    def difficulties(self) -> list[dict[str, Any]]:
        """The form of difficulty, when a need is written: consent is never guessed."""
        needs = [self.cleaned_data[name] for name in ("need_1", "need_2", "need_3") if self.cleaned_data[name]]
        consent = self.cleaned_data["consent"] or "no"
        return [{"needs": list(dict.fromkeys(needs)), "consent": consent}] if needs else []

    @property
    def answers(self) -> dict[str, str]:
        """Name → value, as the screen sends them."""
        return {
            name.removeprefix(ANSWER): " ".join(value) if isinstance(value, list) else value
            for name, value in self.cleaned_data.items()
            if name.startswith(ANSWER) and value
        }


class WorkbookForm(forms.Form):
    file = forms.FileField(
        label="Le tableur rempli",
        help_text="Celui qui a été donné, au format .xlsx ou .ods. Rien n’est écrit avant votre accord.",
        error_messages={"required": "Choisissez le fichier.", "empty": "Ce fichier est vide."},
    )


class LossForm(forms.Form):
    reason = forms.CharField(
        label="Où et quand, à peu près ?",
        help_text="Le délégué à la protection des données lira cette phrase. Aucun nom.",
        max_length=200,
        error_messages={"required": "Dites ce que vous savez de la perte."},
    )
