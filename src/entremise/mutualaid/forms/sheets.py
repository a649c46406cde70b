"""A spreadsheet to send, its columns to put right, the agreement to declare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from entremise.mutualaid.engine import columns, sheets
from entremise.mutualaid.engine.sheets import Table
from entremise.mutualaid.forms.fields import CategoryField, CommuneField, RefreshedForm
from entremise.mutualaid.models.sheets import BASES, SHEET_KINDS

EXAMPLE_LENGTH = 24


class UploadForm(forms.Form):
    kind = forms.ChoiceField(
        label="Que contient ce tableur ?",
        choices=list(SHEET_KINDS.items()),
        widget=forms.RadioSelect,
        error_messages={
            "required": "Dites si ce tableur contient des personnes qui aident ou des demandes.",
            "invalid_choice": "Choisissez dans la liste.",
        },
    )
    file = forms.FileField(
        label="Votre fichier",
        help_text="xlsx, xls, ods ou csv. 10 Mo, 20 000 lignes et 100 colonnes au plus.",
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xlsm,.xls,.ods,.csv,.txt,.tsv"}),
        error_messages={
            "required": "Choisissez un fichier sur votre ordinateur.",
            "missing": "Choisissez un fichier sur votre ordinateur.",
            "empty": sheets.SENTENCES["empty"],
            "invalid": "Le fichier n’est pas arrivé entier. Envoyez-le à nouveau.",
            "max_length": "Le nom de ce fichier est trop long : raccourcissez-le.",
        },
    )


class MappingForm(RefreshedForm):
    """One choice for each column of the file; what stands for empty cells; the sheet to read."""

    sheet = forms.TypedChoiceField(
        label="Feuille du classeur",
        coerce=int,
        required=False,
        empty_value=None,
        help_text="Une seule feuille est lue à la fois.",
        error_messages={"invalid_choice": "Cette feuille n’est plus dans le classeur : rechargez la page."},
    )
    category = CategoryField(
        label="Aide, quand la cellule est vide",
        widget=forms.Select,
        required=False,
        error_messages={"invalid_choice": "Cette aide n’est plus proposée : choisissez-en une autre."},
    )
    territory = CommuneField(label="Commune, quand la cellule est vide", required=False)

    def __init__(self, *args: Any, kind: str, table: Table, names: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].empty_label = "aucune"  # type: ignore[attr-defined]
        if len(names) > 1:
            self.fields["sheet"].choices = list(enumerate(names))  # type: ignore[attr-defined]
        else:
            del self.fields["sheet"]
        choices = [("", "ignorer"), *((code, columns.TARGETS[code]) for code in columns.OF_KIND[kind])]
        self.ranks = range(len(table.headings))
        for rank in self.ranks:
            self.fields[f"c{rank}"] = forms.ChoiceField(
                label=table.headings[rank][:80],
                choices=choices,
                required=False,
                help_text=examples([cells[rank] for _, cells in table.rows[:200]]),
                error_messages={"invalid_choice": "Choisissez dans la liste."},
            )

    @property
    def column_fields(self) -> list[forms.BoundField]:
        return [self[f"c{rank}"] for rank in self.ranks]

    @property
    def mapping(self) -> list[str]:
        return [self.cleaned_data[f"c{rank}"] for rank in self.ranks]


def examples(cells: Sequence[str]) -> str:
    """The first three different values of a column, shortened."""
    found = list(dict.fromkeys(" ".join(cell.split()) for cell in cells if cell))[:3]
    short = [one if len(one) <= EXAMPLE_LENGTH else f"{one[: EXAMPLE_LENGTH - 1]}…" for one in found]
    return " · ".join(short) if short else "colonne vide"


class StartForm(forms.Form):
    """The word of the agent, recorded: how these persons agreed."""

    basis = forms.ChoiceField(
        label="Comment ces personnes ont-elles donné leur accord ?",
        choices=list(BASES.items()),
        widget=forms.RadioSelect,
        error_messages={
            "required": "Dites comment les personnes ont donné leur accord.",
            "invalid_choice": "Choisissez dans la liste.",
        },
    )
    declared = forms.BooleanField(
        label="",
        error_messages={"required": "Cochez la case : sans l’accord des personnes, rien n’est enregistré."},
    )

    def __init__(self, *args: Any, kind: str, has_column: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["declared"].label = (
            "Ces personnes ont l’âge demandé, ont accepté la charte et d’être sollicitées. Je le déclare."
            if kind == "helpers"
            else "Ces personnes savent que leur demande est enregistrée ici et l’acceptent. Je le déclare."
        )
        if has_column:
            self.fields["basis"].choices = [("", "comme noté dans le fichier"), *BASES.items()]  # type: ignore[attr-defined]
            self.fields["basis"].required = False
            self.fields["basis"].help_text = "Votre réponse vaut pour les lignes où l’accord n’est pas noté."
