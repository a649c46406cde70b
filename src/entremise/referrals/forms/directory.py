"""What is asked of the directory, and what is said of it."""

from __future__ import annotations

from django import forms

from entremise.referrals.engine.files import LIMITS
from entremise.referrals.engine.themes import publics, themes
from entremise.referrals.models import CAPACITIES, NEEDS, REPORTS
from entremise.territories.models import Territory
from entremise.territories.queries import search_communes

ANY = "Tous"


class SearchForm(forms.Form):
    """The search, in the address: a GET. A commune that names several is asked again."""

    besoin = forms.ChoiceField(label="Besoin", required=False)
    thematique = forms.ChoiceField(label="Thématique", required=False)
    commune = forms.CharField(
        label="Commune de la personne", required=False, max_length=100, help_text="Nom ou code postal."
    )
    public = forms.ChoiceField(label="Public", required=False)
    accueil = forms.ChoiceField(
        label="Accueil",
        required=False,
        choices=[("", "Peu importe"), ("en-presentiel", "En présentiel"), ("a-distance", "À distance")],
    )
    mots = forms.CharField(label="Nom du service ou de la structure", required=False, max_length=80)

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        lists = {
            "besoin": ((code, label[:1].upper() + label[1:]) for code, label in NEEDS.items() if code != "other"),
            "thematique": sorted(themes().items(), key=lambda one: one[1]),
            "public": ((code, label) for code, label in publics().items() if code != "tous-publics"),
        }
        for name, choices in lists.items():
            self.fields[name].choices = [("", ANY if name != "thematique" else "Toutes"), *choices]  # type: ignore[attr-defined]

    def clean_commune(self) -> Territory | None:
        text = self.cleaned_data["commune"].strip()
        if not text:
            return None
        found = search_communes(text, limit=6)
        if not found:
            raise forms.ValidationError("Aucune commune ne porte ce nom. Écrivez son nom ou son code postal.")
        same = [one for one in found if text.lower() == one.name.lower() or text == one.code]
        if len(found) > 1 and len(same) != 1:
            names = ", ".join(f"{one.name} ({one.code})" for one in found[:5])
            raise forms.ValidationError(
                f"Plusieurs communes correspondent : {names}. Écrivez le nom entier ou le code."
            )
        return same[0] if same else found[0]


class FileForm(forms.Form):
    file = forms.FileField(
        label="Fichier",
        help_text="Le modèle Excel de data·inclusion v1, un CSV ou un JSON, 40 Mo au plus.",
        error_messages={
            "required": "Choisissez un fichier.",
            "empty": "Ce fichier est vide : choisissez-en un autre.",
        },
    )
    whole = forms.BooleanField(
        label="Ce fichier est la liste complète de sa source",
        required=False,
        help_text="Ses services qui n’y sont plus seront retirés de la recherche.",
    )

    def clean_file(self) -> object:
        file = self.cleaned_data["file"]
        if file.size > LIMITS.bytes:
            raise forms.ValidationError("Ce fichier dépasse 40 Mo. Coupez-le en plusieurs fichiers.")
        return file


class ReportForm(forms.Form):
    kind = forms.ChoiceField(
        label="Qu’est-ce qui est faux ?",
        choices=[("", "Choisissez"), *REPORTS.items()],
        error_messages={"required": "Choisissez ce qui est faux.", "invalid_choice": "Choisissez ce qui est faux."},
    )
    words = forms.CharField(
        label="Précisions", required=False, max_length=300,
        help_text="300 signes au plus, sans nommer de personne aidée.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip


class CapacityForm(forms.Form):
    capacity = forms.ChoiceField(label="Places aujourd’hui", choices=list(CAPACITIES.items()))


class NeedForm(forms.Form):
    themes = forms.MultipleChoiceField(
        label="Thématiques",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choisissez au moins une thématique."},
    )

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.fields["themes"].choices = sorted(themes().items(), key=lambda one: one[1])  # type: ignore[attr-defined]
