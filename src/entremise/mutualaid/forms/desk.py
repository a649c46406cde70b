from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from entremise.accounts.models import User
from entremise.kernel import clock
from entremise.mutualaid.forms.fields import (
    CategoriesField,
    CategoryField,
    CodeField,
    CommuneField,
    LanguagesField,
    PhoneField,
    RefreshedForm,
    SlotsField,
)
from entremise.mutualaid.models import Feedback
from entremise.mutualaid.models.matching import FAILURES
from entremise.mutualaid.models.needs import CLOSING_REASONS, NEED_LIFE, REQUESTERS, URGENCIES

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
BAD_DAY = "Écrivez la date ainsi : 31/12/2026."


class IntakeForm(RefreshedForm):
    """What somebody dictates on the phone, in the order of the conversation: six questions."""

    phone = PhoneField(
        label="Votre numéro de téléphone ?",
        help_text="Pour vous rappeler. Il n’est donné à personne sans votre accord.",
        error_messages={"required": "Indiquez un numéro où rappeler la personne, par exemple 06 39 98 12 34."},
    )
    name = forms.CharField(
        label="Votre prénom et votre nom ?",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Indiquez un prénom ou un nom, pour savoir qui demander."},
    )
    category = CategoryField(
        label="De quoi avez-vous besoin ?",
        error_messages={
            "required": "Choisissez l’aide demandée.",
            "invalid_choice": "Cette aide n’est plus proposée : choisissez-en une autre.",
        },
    )
    urgency = forms.ChoiceField(
        label="Pour quand ?",
        choices=list(URGENCIES.items()),
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez pour quand."},
    )
    commune = CommuneField(
        label="Dans quelle commune habitez-vous ?",
        help_text="Nom ou code postal.",
        error_messages={"required": "Indiquez la commune, par exemple Grenoble ou 38000."},
    )
    requester_kind = forms.ChoiceField(
        label="Qui demande ?",
        choices=[(code, text) for code, text in REQUESTERS.items() if code not in ("service", "agent")],
        widget=forms.RadioSelect,
        initial="self",
        error_messages={"required": "Indiquez qui demande."},
    )
    note = forms.CharField(
        label="Précisions utiles",
        required=False,
        max_length=600,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Des faits pratiques : la liste de courses, l’étage, parler fort. Aucune information de santé.",
    )
    address = forms.CharField(
        label="Adresse",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Seulement si l’aide se passe à domicile. Elle reste dans le coffre.",
    )
    slots = SlotsField(label="À quels moments ?", help_text="Rien de coché : n’importe quand.")
    languages = LanguagesField(label="Parle une autre langue que le français")
    due_on = forms.DateField(label="Pour le", required=False, widget=DAY, error_messages={"invalid": BAD_DAY})
    consent_mode = forms.ChoiceField(
        label="Quand une personne est trouvée",
        choices=[("delegated", "vous choisissez pour moi"), ("each", "rappelez-moi avant")],
        widget=forms.RadioSelect,
        initial="each",
        required=False,
    )
    person = forms.UUIDField(required=False, widget=forms.HiddenInput)
    consent = forms.ChoiceField(choices=[("yes", "oui"), ("no", "non")], required=False, widget=forms.HiddenInput)


class PaperForm(IntakeForm):
    """A paper form keyed afterwards: the date that counts is the date of the stamp."""

    received_on = forms.DateField(
        label="Reçu le (date du tampon)",
        widget=DAY,
        error_messages={"required": "Indiquez la date du tampon : c’est elle qui compte.", "invalid": BAD_DAY},
    )
    paper_ref = forms.CharField(label="Numéro du papier", required=False, max_length=20)

    def clean_received_on(self) -> datetime:
        day = self.cleaned_data["received_on"]
        if day > clock.today():
            raise forms.ValidationError("Cette date est à venir : indiquez celle du tampon.")
        return min(timezone.make_aware(datetime.combine(day, time(8))), clock.now())


class HelperForm(RefreshedForm):
    """An offer of help heard on the phone or at the counter."""

    phone = PhoneField(
        label="Votre numéro de téléphone ?",
        error_messages={"required": "Indiquez un numéro où joindre la personne, par exemple 06 39 98 12 34."},
    )
    name = forms.CharField(
        label="Votre prénom et votre nom ?",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Indiquez un prénom ou un nom."},
    )
    categories = CategoriesField(
        label="Que pouvez-vous faire ?",
        help_text="Plusieurs réponses possibles.",
        error_messages={
            "required": "Choisissez au moins une aide.",
            "invalid_choice": "Une de ces aides n’est plus proposée : choisissez-en une autre.",
            "invalid_list": "Choisissez au moins une aide.",
        },
    )
    commune = CommuneField(
        label="Dans quelle commune habitez-vous ?",
        help_text="Nom ou code postal.",
        error_messages={"required": "Indiquez la commune, par exemple Grenoble ou 38000."},
    )
    email = forms.EmailField(
        label="Courriel",
        required=False,
        error_messages={"invalid": "Cette adresse n’est pas complète : écrivez-la ainsi, prenom@exemple.fr."},
    )
    slots = SlotsField(label="À quels moments ?", help_text="Rien de coché : n’importe quand.")
    languages = LanguagesField(label="Langues parlées, en plus du français")
    old_enough = forms.BooleanField(
        label="A 16 ans ou plus",
        error_messages={"required": "Pour proposer son aide, il faut avoir 16 ans."},
    )
    charter = forms.BooleanField(
        label="La charte lui a été lue, la personne est d’accord",
        error_messages={"required": "Lisez la charte à la personne et cochez la case si elle est d’accord."},
    )


class OpenForm(RefreshedForm):
    """Qualify and open, on one line."""

    category = CategoryField(label="Aide demandée", widget=forms.Select)
    urgency = forms.ChoiceField(label="Urgence", choices=list(URGENCIES.items()))
    sensitive = forms.BooleanField(label="Demande délicate (entrée au domicile, enfants, argent…)", required=False)
    consented = forms.BooleanField(label="La personne concernée m’a dit oui", required=False)


class HoldForm(forms.Form):
    until = forms.DateTimeField(
        label="Rappeler le",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%d/%m/%Y %H:%M", "%d/%m/%Y"],
        error_messages={
            "required": "Indiquez quand rappeler.",
            "invalid": "Écrivez la date et l’heure ainsi : 31/12/2026 10:00.",
        },
    )


class CloseForm(forms.Form):
    reason = forms.ChoiceField(
        label="Raison",
        choices=list(CLOSING_REASONS.items()),
        error_messages={
            "required": "Choisissez une raison.",
            "invalid_choice": "Choisissez une raison dans la liste.",
        },
    )
    duplicate_of = CodeField(label="Code de l’autre demande, si c’est un doublon", required=False, max_length=10)


class HandOverForm(forms.Form):
    """Cleans to the colleague's account."""

    colleague = forms.ChoiceField(
        label="Passer à",
        error_messages={
            "required": "Choisissez un ou une collègue.",
            "invalid_choice": "Cette personne ne fait plus partie de l’équipe : choisissez-en une autre.",
        },
    )

    def __init__(self, *args: Any, colleagues: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.accounts = {user.public_id: user for user in colleagues}
        choices = [(code, user.label) for code, user in self.accounts.items()]
        self.fields["colleague"].choices = choices  # type: ignore[attr-defined]

    def clean_colleague(self) -> User:
        return self.accounts[self.cleaned_data["colleague"]]


class OutcomeForm(forms.Form):
    side = forms.ChoiceField(label="Qui répond ?", choices=list(Feedback.SIDES.items()), widget=forms.RadioSelect)
    outcome = forms.ChoiceField(
        label="L’aide a-t-elle eu lieu ?",
        choices=list(Feedback.OUTCOMES.items()),
        widget=forms.RadioSelect,
        error_messages={"required": "Répondez par oui, en partie ou non."},
    )
    again = forms.NullBooleanField(label="Continuer ensemble ?", required=False)
    minutes = forms.IntegerField(
        label="Durée en minutes",
        required=False,
        min_value=5,
        max_value=960,
        error_messages={
            "min_value": "Indiquez au moins 5 minutes.",
            "max_value": "Indiquez 960 minutes au plus, ou laissez vide.",
            "invalid": "Indiquez un nombre de minutes, par exemple 45.",
        },
    )


class FailForm(forms.Form):
    reason = forms.ChoiceField(
        label="Pourquoi ?",
        choices=list(FAILURES.items()),
        error_messages={
            "required": "Choisissez une raison.",
            "invalid_choice": "Choisissez une raison dans la liste.",
        },
    )


STATE_FILTERS = {
    "a_traiter": "à traiter",
    **NEED_LIFE.states,
    "en_cours": "toutes celles en cours",
    "anciennes": "plus de 72 heures",
    "a_moi": "que je suis",
}


class NeedFilter(RefreshedForm):
    """GET only: nothing wrong can be said here, an unknown value is simply not a filter."""

    etat = forms.ChoiceField(label="État", choices=[("", "toutes"), *STATE_FILTERS.items()], required=False)
    aide = CategoryField(label="Aide", widget=forms.Select, required=False)
    commune = CommuneField(label="Commune", required=False)
    q = forms.CharField(label="Code ou téléphone", required=False, max_length=30)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["aide"].empty_label = "toutes"  # type: ignore[attr-defined]
