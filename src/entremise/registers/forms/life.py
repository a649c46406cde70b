from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms

from entremise.kernel import clock
from entremise.people.engine import identity, phone as phones
from entremise.registers import queries
from entremise.registers.models import CheckLine, CheckRound, Enrolment, LifeReport
from entremise.registers.models.life import BY_FILE
from entremise.registers.usecases import CAPACITIES

BAD_DAY = "Écrivez la date ainsi : 07/03/1941."
OFF = {"autocomplete": "off"}


def spoken(labels: Mapping[str, str]) -> list[tuple[str, str]]:
    """Choices whose words begin a line; those of a file left out: nobody may choose them."""
    return [(code, label[0].upper() + label[1:]) for code, label in labels.items() if code not in BY_FILE]


def day_field(label: str, help_text: str = "", *, initial: Any = clock.today) -> forms.DateField:
    return forms.DateField(
        label=label,
        help_text=help_text,
        initial=initial,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Indiquez cette date.", "invalid": BAD_DAY},
    )


def words_field(label: str, help_text: str = "", *, most: int = 160, required: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=bool(required),
        max_length=most,
        widget=forms.TextInput(attrs=OFF),
        error_messages={"required": required},
    )


class PhoneField(forms.CharField):
    """A telephone as it is said; E.164 once clean."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.TextInput(attrs={"type": "tel", "inputmode": "tel", **OFF}))
        super().__init__(max_length=30, **options)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        try:
            return phones.normalise(text) if text else ""
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class RequestForm(forms.Form):
    """Who asks, how, when; and the number by which we look whether they are there already."""

    asked_by = forms.ChoiceField(
        label="Qui demande l’inscription ?",
        choices=spoken(Enrolment.ASKERS),
        widget=forms.RadioSelect,
        initial="self",
        error_messages={"required": "Dites qui demande."},
    )
    channel = forms.ChoiceField(
        label="Comment ?",
        choices=spoken(Enrolment.CHANNELS),
        widget=forms.RadioSelect,
        initial="phone",
        error_messages={"required": "Dites comment la demande est arrivée."},
    )
    received_on = day_field("Quel jour la demande est-elle arrivée ?", "L’accusé de réception part dans les 8 jours.")
    phone = PhoneField(
        label="Téléphone de la personne à inscrire",
        help_text="Nous cherchons d’abord si elle est déjà au registre.",
        error_messages={"required": "Tapez son numéro, par exemple 06 39 98 12 34."},
    )
    proof = words_field(
        "Demande d’un tiers : numéro de sa lettre ou de son courriel",
        "Celui de l’enregistrement du courrier, par exemple 2026-114. Pas de nom ici.",
        most=40,
    )
    third_party = words_field(
        "Demande d’un tiers : son nom et sa qualité", "Par exemple « Paul Feint, neveu ».", most=120
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("received_on") and said["received_on"] > clock.today():
            self.add_error("received_on", "Cette date est à venir : indiquez le jour où la demande est arrivée.")
        if said.get("asked_by") == "third_party":
            proof = said.get("proof", "")
            if said.get("channel") not in ("letter", "email"):
                self.add_error(
                    "channel",
                    "Un tiers demande par écrit, une personne à la fois. Sinon, proposez à la personne d’appeler.",
                )
            if not any(sign.isdigit() for sign in proof):
                self.add_error("proof", "Notez le numéro sous lequel sa lettre ou son courriel est enregistré.")
            if not said.get("third_party"):
                self.add_error("third_party", "Écrivez le nom et la qualité du tiers.")
        return said


class PersonForm(forms.Form):
    """The items of the law that only the person knows. Neither a proof, nor health, nor a note is asked."""

    last_name = words_field("Nom", most=80, required="Écrivez le nom.")
    first_name = words_field("Prénoms", most=80, required="Écrivez le prénom.")
    birth_date = forms.CharField(
        label="Date de naissance",
        help_text="Par exemple 07/03/1941.",
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", **OFF}),
        error_messages={"required": "Écrivez la date de naissance, par exemple 07/03/1941."},
    )
    capacity = forms.ChoiceField(
        label="À quel titre ?",
        help_text="La personne le dit : on ne demande aucun justificatif.",
        choices=spoken(CAPACITIES),
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez à quel titre la personne s’inscrit."},
    )
    address = words_field(
        "Adresse", "Numéro et rue, code postal et commune.", most=200, required="Écrivez où vit la personne."
    )
    home_service = words_field("Service qui vient au domicile", "Son nom et son téléphone.")
    emergency_contact = words_field("Personne à prévenir", "Son nom et son téléphone.")

    def clean_birth_date(self) -> date:
        day = identity.birth_date(self.cleaned_data["birth_date"])
        if day is None:
            raise forms.ValidationError(BAD_DAY)
        return day


class CompleteForm(forms.Form):
    """What a file left out of a request: its day, the number of a third party's letter. What is known is not asked."""

    received_on = day_field(
        "Quel jour la demande est-elle arrivée ?",
        "D’après le courrier, le cahier d’appels ou la personne elle-même. Personne ne le sait ? Demandez-le-lui.",
        initial=None,
    )
    proof = words_field(
        "Numéro de la lettre ou du courriel du tiers",
        "Celui de l’enregistrement du courrier, par exemple 2026-114. Pas de nom ici.",
        most=40,
        required="Notez le numéro sous lequel sa lettre ou son courriel est enregistré.",
    )

    def __init__(self, *args: Any, enrolment: Enrolment, **options: Any) -> None:
        super().__init__(*args, **options)
        if enrolment.received_on is not None:
            del self.fields["received_on"]
        if enrolment.asked_by != "third_party":
            del self.fields["proof"]


class ReceiptForm(forms.Form):
    received_on = day_field(
        "Quel jour la lettre a-t-elle été reçue ?", "La date de l’avis de réception, ou celle que la personne dit."
    )


class FindForm(forms.Form):
    phone = PhoneField(
        label="Téléphone de la personne",
        help_text="Plusieurs personnes peuvent partager ce numéro.",
        error_messages={"required": "Tapez le numéro de la personne, par exemple 06 39 98 12 34."},
    )


class ReportForm(forms.Form):
    kind = forms.ChoiceField(
        label="Que s’est-il passé ?",
        choices=[("deceased", "La personne est décédée"), ("moved", "Elle ne vit plus sur le territoire")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez ce qui s’est passé."},
    )
    source = forms.ChoiceField(
        label="Comment l’avez-vous appris ?",
        choices=spoken(LifeReport.SOURCES),
        widget=forms.RadioSelect,
        error_messages={"required": "Dites comment vous l’avez appris."},
    )


class RoundForm(forms.Form):
    since = day_field(
        "Fiches non confirmées depuis le",
        "Celles qui ne l’ont jamais été en font partie.",
        initial=queries.half_a_year_ago,
    )
    way = forms.ChoiceField(
        label="Comment ?",
        choices=spoken(CheckRound.WAYS),
        widget=forms.RadioSelect,
        initial="letter",
        error_messages={"required": "Choisissez le courrier ou le téléphone."},
    )


class AnswerForm(forms.Form):
    answer = forms.ChoiceField(
        label="Que répond la personne ?",
        choices=spoken(CheckLine.ANSWERS),
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez une réponse."},
    )


class PrefectForm(forms.Form):
    """Who asks, under which act, for whom: what two other persons will read before they agree."""

    requester = words_field(
        "Qui demande, à la préfecture ?", "Prénom et nom.", most=70, required="Écrivez qui demande."
    )
    office = words_field("Sa fonction et son service", most=70, required="Écrivez sa fonction et son service.")
    asked_on = day_field("Date de sa demande")
    plan_act = words_field(
        "Acte qui déclenche le plan", "Par exemple « arrêté préfectoral 38-2026-114, niveau 3 ».", most=120,
        required="Indiquez l’acte qui déclenche le plan.",
    )  # fmt: skip
    plan_on = day_field("Date de cet acte")
    recipients = words_field(
        "À qui le fichier sera remis", "Les services qui s’en serviront.", most=120,
        required="Dites à qui le fichier est destiné.",
    )  # fmt: skip
