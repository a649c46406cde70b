"""Forms of the path: few fields, in words; a quiz is one question at a time to read, one sending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from entremise.accounts.models import User
from entremise.kernel import clock
from entremise.mutualaid.engine.answers import languages as read_languages
from entremise.mutualaid.engine.masks import LANGUAGES, languages_of
from entremise.outreach.engine.complexity import REASONS
from entremise.outreach.models import CallCampaign, CallerProfile, Shift
from entremise.outreach.queries.modules import Module
from entremise.outreach.usecases.callers.mentoring import LONGEST, MARKED, MARKS

OFF = {"autocomplete": "off"}
BAD_DAY = "Écrivez la date ainsi : 07/03/2026."
BAD_NUMBER = "Écrivez un nombre."
FREQUENT = ("fr", "ar", "en", "es", "pt", "tr", "ber", "zh")
"""The languages shown as boxes; the others are written."""


def spoken(labels: Mapping[Any, str]) -> list[tuple[Any, str]]:
    """Choices that begin with a capital, as a page shows them."""
    return [(code, label[0].upper() + label[1:]) for code, label in labels.items()]


def day(label: str, help_text: str = "", *, required: bool = False) -> forms.DateField:
    return forms.DateField(
        label=label,
        help_text=help_text,
        required=required,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Indiquez cette date.", "invalid": BAD_DAY},
    )


def lines(label: str, help_text: str = "", *, most: int, required: str = "", rows: int = 3) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=most,
        required=bool(required),
        widget=forms.Textarea(attrs={"rows": rows, **OFF}),
        error_messages={"required": required, "max_length": f"Écrivez {most} signes au plus."},
    )


class AvailabilityForm(forms.Form):
    """Languages and availability: what may change later."""

    languages = forms.MultipleChoiceField(
        label="Langues que vous parlez",
        help_text="Assez pour une vraie conversation.",
        choices=[(code, LANGUAGES[code].capitalize()) for code in FREQUENT],
        widget=forms.CheckboxSelectMultiple,
        initial=["fr"],
        required=False,
    )
    others = forms.CharField(
        label="Autres langues",
        help_text="Par leur nom, séparées par des virgules : bambara, tamoul.",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs=OFF),
    )
    available_from = day("Disponible à partir du")
    available_until = day("Jusqu’au", "Obligatoire pour un agent réaffecté.")
    share = forms.IntegerField(
        label="Part de votre temps, en %",
        initial=100,
        error_messages={"required": "Indiquez une part, de 1 à 100 %.", "invalid": BAD_NUMBER},
        widget=forms.NumberInput(attrs={"min": 1, "max": 100}),
    )
    weekly_calls = forms.IntegerField(
        label="Appels par semaine, au plus",
        initial=40,
        help_text="Vous pourrez changer d’avis à tout moment.",
        error_messages={"required": "Indiquez un nombre d’appels.", "invalid": BAD_NUMBER},
        widget=forms.NumberInput(attrs={"min": 1, "max": 200}),
    )

    def __init__(self, data: Any = None, *, initial: Mapping[str, Any] | None = None) -> None:
        """`initial["languages"]` holds every code; those that are not frequent are told by their names."""
        said = dict(initial or {})
        rare = [LANGUAGES[code] for code in said.get("languages", ()) if code in LANGUAGES and code not in FREQUENT]
        super().__init__(data, initial={**said, "others": ", ".join(rare)})

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        more: list[str] = []
        try:
            more = languages_of(read_languages(said.pop("others", "") or ""))
        except ValueError as error:
            self.add_error("others", str(error))
        said["languages"] = [*said.get("languages", []), *more]
        if not said["languages"] and "others" not in self.errors:
            self.add_error("languages", "Choisissez au moins une langue.")
        return said


class SignUpForm(AvailabilityForm):
    """Who one is, with the service of origin of a reassigned agent."""

    kind = forms.ChoiceField(
        label="Vous êtes",
        choices=spoken(CallerProfile.KINDS),
        widget=forms.RadioSelect,
        error_messages={"required": "Dites si vous êtes agent réaffecté, agent volontaire ou bénévole."},
    )
    manager = forms.CharField(
        label="Service d’origine",
        help_text="Pour un agent réaffecté : sa hiérarchie donne son accord, que le superviseur note.",
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs=OFF),
    )
    field_order = [
        "kind",
        "manager",
        "languages",
        "others",
        "available_from",
        "available_until",
        "share",
        "weekly_calls",
    ]


class QuizForm(forms.Form):
    """Every question of a module, with its answers."""

    def __init__(self, *args: Any, module: Module, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for n, question in enumerate(module.quiz):
            self.fields[f"q{n}"] = forms.TypedChoiceField(
                label=f"{n + 1}. {question.text}",
                choices=list(enumerate(question.answers)),
                coerce=int,
                widget=forms.RadioSelect,
                error_messages={"required": "Choisissez une réponse.", "invalid_choice": "Choisissez une réponse."},
            )

    def answers(self) -> dict[int, int]:
        """Number of the question → number of the answer, from 0."""
        return {int(name[1:]): value for name, value in self.cleaned_data.items()}


class WishForm(forms.Form):
    words = lines(
        "Votre souhait, avec vos mots",
        "Laissez vide pour le reprendre : cela se peut à tout moment, sans raison.",
        most=500,
    )


class DeclineForm(forms.Form):
    reason = lines(
        "Pourquoi vous n’en voulez pas",
        "Quelques mots suffisent. Vous pourrez demander un débriefing plus tard.",
        most=500,
        required="Dites en quelques mots pourquoi : le refus se fait par écrit.",
    )


class HoldForm(forms.Form):
    note = lines("Ce qui a été convenu", "Ni nom, ni information de santé.", most=500)


class AgreementForm(forms.Form):
    on = day("Accord donné par la hiérarchie le", required=True)


class MentorForm(forms.Form):
    mentor = forms.ModelChoiceField(
        label="Référent d’appel",
        queryset=User.objects.none(),
        empty_label="Choisir",
        error_messages={"required": "Choisissez un référent.", "invalid_choice": "Choisissez dans la liste."},
    )

    def __init__(self, *args: Any, mentors: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["mentor"]
        field.queryset = User.objects.filter(pk__in=[one.pk for one in mentors])  # type: ignore[attr-defined]


class DemoteForm(forms.Form):
    to = forms.TypedChoiceField(label="Niveau", coerce=int, error_messages={"required": "Choisissez un niveau."})
    reason = lines("Motif", "La personne le lit.", most=300, required="Dites pourquoi, en 10 signes au moins.", rows=2)

    def __init__(self, *args: Any, below: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = [(n, f"Niveau {n}") for n in range(below - 1, 0, -1)]  # type: ignore[attr-defined]


class ListeningForm(forms.Form):
    """The five marks of a call listened to, and a sentence."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, label in MARKS.items():
            self.fields[code] = forms.ChoiceField(
                label=label,
                choices=spoken(MARKED),
                widget=forms.RadioSelect,
                error_messages={"required": "Choisissez une réponse."},
            )
        self.fields["note"] = lines("Une phrase pour la suite", "Ni nom, ni information de santé.", most=LONGEST)


class ReviewForm(forms.Form):
    complete = forms.TypedChoiceField(
        label="Ce compte rendu",
        choices=[("yes", "dit tout ce qu’il faut"), ("no", "demande encore quelque chose")],
        coerce=lambda word: word == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez une réponse."},
    )
    note = lines(
        "Retour",
        "Ce qui est réussi, ce qu’il faut essayer. L’appelant le lit à sa prochaine permanence.",
        most=LONGEST,
    )


class AdviceForm(forms.Form):
    reason = forms.CharField(
        label="Motif",
        max_length=300,
        widget=forms.TextInput(attrs=OFF),
        error_messages={"required": "Dites pourquoi, en 5 signes au moins."},
    )


class ComplexityForm(AdviceForm):
    kind = forms.ChoiceField(label="Changement", choices=[("add", "Ajouter"), ("remove", "Retirer")])
    code = forms.ChoiceField(label="Raison", choices=spoken(REASONS))
    field_order = ["kind", "code", "reason"]


class ShiftForm(forms.Form):
    campaign = forms.ModelChoiceField(
        label="Campagne",
        queryset=CallCampaign.objects.none(),
        to_field_name="public_id",
        empty_label=None,
        error_messages={"required": "Choisissez une campagne.", "invalid_choice": "Choisissez dans la liste."},
    )
    role = forms.ChoiceField(label="Pour", choices=spoken(Shift.ROLES), widget=forms.RadioSelect, initial="caller")
    day = day("Jour", required=True)
    start = forms.TimeField(
        label="De",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"required": "Indiquez l’heure de début.", "invalid": "Écrivez l’heure ainsi : 09:00."},
    )
    end = forms.TimeField(
        label="À",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"required": "Indiquez l’heure de fin.", "invalid": "Écrivez l’heure ainsi : 12:00."},
    )
    seats = forms.IntegerField(
        label="Places",
        initial=10,
        widget=forms.NumberInput(attrs={"min": 1, "max": 200}),
        error_messages={"required": "Indiquez un nombre de places.", "invalid": BAD_NUMBER},
    )
    weeks = forms.IntegerField(
        label="Répéter chaque semaine, pendant",
        help_text="En semaines : 1 pour une seule fois.",
        initial=1,
        min_value=1,
        max_value=12,
        error_messages={"invalid": BAD_NUMBER, "max_value": "Douze semaines au plus.", "min_value": "Une au moins."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = CallCampaign.objects.exclude(state="closed")
        self.fields["campaign"].queryset = rows  # type: ignore[attr-defined]
        self.fields["day"].initial = clock.today

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if said.get("start") and said.get("end") and said["end"] <= said["start"]:
            self.add_error("end", "La fin vient après le début, le même jour.")
        return said

    def moments(self) -> list[tuple[datetime, datetime]]:
        """Start and end of each repetition, at the same local hours whatever the clock change."""
        said, zone = self.cleaned_data, timezone.get_default_timezone()
        days = [said["day"] + timedelta(days=7 * n) for n in range(said["weeks"])]
        return [(datetime.combine(one, said["start"], zone), datetime.combine(one, said["end"], zone)) for one in days]
