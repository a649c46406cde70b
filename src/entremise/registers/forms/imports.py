"""A file to send and where it comes from, its columns to put right, a row set aside to correct."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from entremise.kernel import clock
from entremise.registers.engine.intake import PROBLEMS
from entremise.registers.models import ORIGINS, Source
from entremise.registers.usecases.imports import files

EXAMPLE_LENGTH = 24
NEW = "nouvelle"
IGNORED = "-"
MISSING = {
    "label": "Donnez un nom à cette source.",
    "giver": "Dites qui vous a donné ce fichier.",
    "legal_basis": "Écrivez sur quel texte ou quelle convention repose cette transmission.",
    "origin": "Dites ce que contient ce fichier.",
}


class FileForm(forms.Form):
    """The file, and its source: one that is known, or a new one described once."""

    source = forms.ChoiceField(
        label="D’où vient ce fichier ?",
        widget=forms.RadioSelect,
        error_messages={"required": "Dites d’où vient ce fichier.", "invalid_choice": "Choisissez dans la liste."},
    )
    label = forms.CharField(
        label="Nom de la source",
        required=False,
        max_length=80,
        help_text="Comme vous l’appelez : « Fichier canicule de la mairie », « Abonnés transport ».",
    )
    giver = forms.CharField(
        label="Qui vous l’a donné ?",
        required=False,
        max_length=120,
        help_text="Le service ou l’organisme, pas une personne.",
    )
    legal_basis = forms.CharField(
        label="Sur quel fondement ?",
        required=False,
        max_length=300,
        help_text="Le texte, la convention ou la délibération. Il sera dit aux personnes qui le demandent.",
    )
    origin = forms.ChoiceField(
        label="Que contient-il ?",
        required=False,
        choices=list(ORIGINS.items()),
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Choisissez dans la liste."},
    )
    file = forms.FileField(
        label="Votre fichier",
        help_text=f"xlsx, xls, ods ou csv. {files.LIMITS.bytes // 1048576} Mo, 200 000 lignes et "
        f"{files.LIMITS.columns} colonnes au plus. Il est scellé dès son arrivée.",
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xlsm,.xls,.ods,.csv,.txt,.tsv"}),
        error_messages={
            "required": "Choisissez un fichier sur votre ordinateur.",
            "missing": "Choisissez un fichier sur votre ordinateur.",
            "empty": files.SENTENCES["empty"],
            "invalid": "Le fichier n’est pas arrivé entier. Envoyez-le à nouveau.",
            "max_length": "Le nom de ce fichier est trop long : raccourcissez-le.",
        },
    )
    received_on = forms.DateField(
        label="Reçu le",
        initial=clock.today,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Indiquez cette date.", "invalid": "Écrivez la date ainsi : 07/03/2026."},
    )
    complete = forms.ChoiceField(
        label="Contient-il tout le monde ?",
        choices=[
            ("no", "Non, une partie : les absents ne sont pas touchés"),
            ("yes", "Oui : qui n’y est plus est marqué « absent depuis ce fichier », jamais effacé"),
        ],
        widget=forms.RadioSelect,
        initial="no",
    )

    def __init__(self, *args: Any, sources: Sequence[Source], legal: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(one.public_id, f"{one.label}, donné par {one.giver}") for one in sources]
        self.fields["source"].choices = [*known, (NEW, "une nouvelle source, décrite ci-dessous")]  # type: ignore[attr-defined]
        if not known:
            self.fields["source"].initial = NEW
            self.fields["source"].widget = forms.HiddenInput()
            for name in MISSING:
                self.fields[name].required = True
                self.fields[name].error_messages["required"] = MISSING[name]
        if legal:
            self.fields[
                "origin"
            ].help_text = "Le registre légal ne prend que des demandes reçues une par une : jamais une liste."

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("source") == NEW:
            for name, words in MISSING.items():
                if not said.get(name) and name not in self.errors:
                    self.add_error(name, words)
        return said


class ColumnsForm(forms.Form):
    """One choice for each column; how dates are written; whether the file holds everybody."""

    date_order = forms.ChoiceField(
        label="Dans ce fichier, une date s’écrit", choices=list(Source.DATE_ORDERS.items()), initial="dmy"
    )
    complete = forms.ChoiceField(
        label="Contient-il tout le monde ?", choices=[("no", "non, une partie"), ("yes", "oui, tout le monde")]
    )

    def __init__(
        self,
        *args: Any,
        headings: Sequence[str],
        rows: Sequence[Sequence[Any]],
        targets: Mapping[str, str],
        refused: Sequence[int],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = [(IGNORED, "ne pas garder"), *targets.items()]
        self.ranks = range(len(headings))
        self.refused = frozenset(refused)
        for rank in self.ranks:
            self.fields[f"c{rank}"] = forms.ChoiceField(
                label=headings[rank][:80] or f"Colonne {rank + 1}",
                choices=choices if rank not in self.refused else [(IGNORED, "refusée : numéros de sécurité sociale")],
                help_text=examples([cells[rank] for _, cells in rows if rank < len(cells)]),
                error_messages={
                    "invalid_choice": "Choisissez dans la liste.",
                    "required": "Dites ce que contient cette colonne, ou ne la gardez pas.",
                },
            )

    @property
    def column_fields(self) -> list[forms.BoundField]:
        return [self[f"c{rank}"] for rank in self.ranks]

    @property
    def mapping(self) -> list[str]:
        return [self.cleaned_data[f"c{rank}"].replace(IGNORED, "") for rank in self.ranks]


class RowForm(forms.Form):
    """One row to put right: what it said by target, for one person or for each of two."""

    confirmed = forms.BooleanField(label="Ce téléphone est celui de quelqu’un d’autre", required=False)

    def __init__(
        self,
        *args: Any,
        targets: Mapping[str, str],
        said: Mapping[str, str],
        proposals: Sequence[Mapping[str, str]],
        codes: Sequence[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.two = "two_persons" in codes and len(proposals) == 2
        self.parts = range(2 if self.two else 1)
        self.names = [name for name in targets if name not in ("civility", "number") or name in said]
        self.lost = {name: text for name, text in said.items() if name in ("number", "file_number")}
        if "erased_phone" not in codes:
            del self.fields["confirmed"]
        shown = [name for name in targets if name in said or name in ("last_name", "first_name")]
        if "names" in said:
            shown = [name for name in shown if name not in ("last_name", "first_name")] if not self.two else shown
        if self.two:
            shown = [name for name in shown if name not in ("names", "civility")]
        self.shown = shown
        for part in self.parts:
            start = {**said, **(proposals[part] if self.two else {})}
            for name in shown:
                self.fields[f"p{part}_{name}"] = forms.CharField(
                    label=targets[name],
                    required=name in ("last_name", "names"),
                    error_messages={"required": PROBLEMS["name_missing"].sentence},
                    max_length=2_000,
                    initial=start.get(name, ""),
                    widget=forms.TextInput(attrs={"autocomplete": "off"}),
                )

    def part_fields(self) -> list[list[forms.BoundField]]:
        return [[self[f"p{part}_{name}"] for name in self.shown] for part in self.parts]

    @property
    def persons(self) -> list[dict[str, str]]:
        return [{name: self.cleaned_data[f"p{part}_{name}"] for name in self.shown} for part in self.parts]


def examples(cells: Sequence[str]) -> str:
    """The first three different values of a column, shortened."""
    found = list(dict.fromkeys(" ".join(cell.split()) for cell in cells if cell))[:3]
    short = [one if len(one) <= EXAMPLE_LENGTH else f"{one[: EXAMPLE_LENGTH - 1]}…" for one in found]
    return " · ".join(short) if short else "colonne vide"


def sentence(code: str) -> str:
    return PROBLEMS[code].sentence if code in PROBLEMS else code
