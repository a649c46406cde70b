from __future__ import annotations

from typing import Any

from django import forms

from entremise.kernel import clock
from entremise.people.engine import phone as phones
from entremise.people.forms.mydata import BAD_DAY, BirthField
from entremise.people.models import Mandate, RightsRequest
from entremise.vault.registry import NO_OBJECTION, PURPOSES

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
OBJECTIONABLE = [(code, label) for code, label in PURPOSES.items() if code not in NO_OBJECTION]


class NewRequestForm(forms.Form):
    """What somebody asks, in three answers: the clock starts."""

    kind = forms.ChoiceField(
        label="Que demande la personne ?",
        choices=list(RightsRequest.KINDS.items()),
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez ce que la personne demande."},
    )
    purpose = forms.ChoiceField(
        label="En cas d’opposition, à quel usage ?",
        choices=[("", "Aucun"), *OBJECTIONABLE],
        required=False,
    )
    channel = forms.ChoiceField(
        label="Par où est arrivée la demande ?",
        choices=[(code, label) for code, label in RightsRequest.CHANNELS.items() if code != "web"],
        widget=forms.RadioSelect,
        initial="phone",
        error_messages={"required": "Choisissez par où la demande est arrivée."},
    )
    received_on = forms.DateField(
        label="Quand ?",
        help_text="Le jour où elle est arrivée, chez n’importe qui de la maison : le délai part de là.",
        widget=DAY,
        initial=clock.today,
        error_messages={"required": "Indiquez le jour où la demande est arrivée.", "invalid": BAD_DAY},
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("kind") == "object" and not said.get("purpose"):
            self.add_error("purpose", "Choisissez l’usage que la personne refuse.")
        return said


class FindForm(forms.Form):
    phone = forms.CharField(
        label="Téléphone de la personne",
        help_text="Plusieurs personnes peuvent partager ce numéro.",
        max_length=30,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
        error_messages={"required": "Tapez le numéro de la personne, par exemple 06 39 98 12 34."},
    )
    names = forms.CharField(
        label="Prénom et nom",
        help_text="Pour la reconnaître si la ligne est partagée.",
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_phone(self) -> str:
        try:
            return phones.normalise(self.cleaned_data["phone"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class IdentityForm(forms.Form):
    """How this agent knows who asks. Never a copy, never a number of a document."""

    HOW = (
        ("document", "J’ai vu sa pièce d’identité, au guichet"),
        ("letter_code", "La personne m’a dit le code de sa lettre et sa date de naissance"),
        ("known", "Je réponds par lettre, à l’adresse que nous avons déjà"),
    )
    how = forms.ChoiceField(
        label="Comment savez-vous que c’est elle ?",
        choices=HOW,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez comment l’identité est vérifiée."},
    )
    person = forms.UUIDField(
        widget=forms.HiddenInput, error_messages={"required": "Choisissez la personne dans la liste."}
    )
    code = forms.CharField(
        label="Code de la lettre", required=False, max_length=24, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    birth = BirthField(label="Date de naissance", required=False)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("how") == "letter_code" and not (said.get("code") and said.get("birth")):
            self.add_error("code", "Tapez le code et la date de naissance que la personne vous dit.")
        return said


class ReasonForm(forms.Form):
    reason = forms.ChoiceField(
        label="Pourquoi ?", widget=forms.RadioSelect, error_messages={"required": "Choisissez une raison."}
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["reason"].choices = choices  # type: ignore[attr-defined]


class MandateForm(forms.Form):
    phone = forms.CharField(
        label="Téléphone du mandataire",
        help_text="Il doit être connu ici : faites-le connaître d’abord.",
        max_length=30,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
        error_messages={"required": "Tapez le numéro du mandataire."},
    )
    names = forms.CharField(label="Son prénom et son nom", max_length=120,
                            error_messages={"required": "Tapez son prénom et son nom."})  # fmt: skip
    proof = forms.ChoiceField(
        label="Quelle preuve avez-vous vue ?",
        choices=list(Mandate.PROOFS.items()),
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez la preuve que vous avez vue."},
    )
    scope = forms.ChoiceField(
        label="Que permet-il ?",
        choices=list(Mandate.SCOPES.items()),
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez ce que le mandat permet."},
    )
    until = forms.DateField(
        label="Jusqu’au",
        help_text="12 mois au plus, ou la date du jugement.",
        widget=DAY,
        error_messages={"required": "Indiquez la fin du mandat.", "invalid": BAD_DAY},
    )
