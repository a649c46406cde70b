"""What the style guide is made of: a component and its states, forms with one field of each kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.template.loader import render_to_string

AT = datetime(2030, 7, 12, 10, 0, tzinfo=UTC)
KINDS = [("courses", "Faire des courses"), ("appel", "Téléphoner, tenir compagnie"), ("papiers", "Remplir un papier")]
MANY = [
    ("À la maison", [("courses", "Faire des courses"), ("repas", "Porter un repas"), ("petits", "Petits travaux")]),
    ("Dehors", [("trajet", "Accompagner un trajet"), ("chien", "Sortir un animal"), ("poste", "Aller à la poste")]),
    ("À distance", [("appel", "Téléphoner"), ("papiers", "Remplir un papier"), ("ordi", "Aider à l’ordinateur")]),
]


class ExampleForm(forms.Form):
    """One field of each kind."""

    postcode = forms.CharField(
        label="Votre code postal",
        help_text="Pour trouver des personnes près de chez vous. Votre adresse n’est jamais affichée.",
        error_messages={"required": "Indiquez votre code postal, par exemple 93000"},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "postal-code"}),
    )
    channel = forms.ChoiceField(
        label="Comment vous joindre ?",
        choices=[("phone", "Par téléphone"), ("sms", "Par SMS"), ("email", "Par courriel")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez comment vous joindre"},
    )
    kinds = forms.MultipleChoiceField(
        label="Que pouvez-vous faire ?",
        help_text="Plusieurs réponses possibles.",
        choices=KINDS,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choisissez au moins une aide"},
    )
    many = forms.MultipleChoiceField(
        label="Toutes les aides", choices=MANY, widget=forms.CheckboxSelectMultiple, required=False
    )
    slot = forms.ChoiceField(
        label="Moment préféré", choices=[(str(n), f"Entre {n} h et {n + 1} h") for n in range(8, 19)]
    )
    day = forms.DateField(
        label="À partir du",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": "Indiquez un jour, par exemple 12/07/2030"},
    )
    file = forms.FileField(
        label="Fichier des personnes",
        help_text="Tableur xlsx, ods ou csv, 10 Mo au plus.",
        error_messages={"required": "Choisissez un fichier xlsx, ods ou csv"},
    )
    text = forms.CharField(
        label="Précisions",
        help_text="Des faits, pas de jugement ni de diagnostic.",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    agrees = forms.BooleanField(
        label="J’accepte que mon numéro soit donné à la personne qui m’aidera",
        error_messages={"required": "Cochez la case, ou appelez-nous"},
    )
    code = forms.CharField(
        label="Code du dossier", required=False, disabled=False, widget=forms.TextInput(attrs={"readonly": True})
    )


class FilterForm(forms.Form):
    state = forms.ChoiceField(label="État", choices=[("", "Tous"), ("open", "Ouverts")], required=False)
    place = forms.CharField(label="Commune ou code postal", required=False)


class PlaceForm(forms.Form):
    place = forms.CharField(label="Votre commune", help_text="Un nom ou un code postal.")


COMPACT = {"phone_button", "button", "link", "tag", "card", "figure", "note"}  # several states on one line


@dataclass
class Component:
    """One component: its template, its states (name, context), its notes for the keyboard and for screen readers."""

    name: str
    title: str
    notes: str
    states: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def shown(self, request: HttpRequest) -> dict[str, Any]:
        template = f"components/{self.name}.html"
        return {
            "name": self.name,
            "title": self.title,
            "notes": self.notes,
            "compact": self.name in COMPACT,
            "states": [(label, render_to_string(template, given, request)) for label, given in self.states],
        }


def page_of(number: int) -> Any:
    return Paginator(range(240), 25).page(number)
