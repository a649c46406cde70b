"""A file of the directory, read with the place of every cell: the Excel template, a CSV, or lists in JSON.

The layout is that of data·inclusion's own validator: sheets `Structures` and `Services`, names of fields on the first
row, rows whose `__ignore__` is filled are skipped, lists separated by commas. Values stay text here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from data_inclusion.schema import v1

from entremise.kernel.tables import Limits, Unreadable, decode, letters, read
from entremise.kernel.tables.limits import MEGABYTE

LIMITS: Final = Limits(bytes=40 * MEGABYTE, rows=60_000, useful="celles du modèle data·inclusion")
SHEETS: Final = ("Structures", "Services")
SCHEMA: Final[Mapping[str, Any]] = {"Structures": v1.Structure, "Services": v1.Service}
LISTS: Final = frozenset(
    {"thematiques", "publics", "modes_accueil", "zone_eligibilite", "modes_mobilisation", "mobilisable_par",
     "reseaux_porteurs"}
)  # fmt: skip
IGNORE: Final = "__ignore__"
OLD: Final[Mapping[str, frozenset[str]]] = {
    "Structures": frozenset(
        {"typologie", "rna", "labels_nationaux", "labels_autres", "presentation_resume", "presentation_detail",
         "thematiques", "antenne"}
    ),
    "Services": frozenset(
        {"types", "profils", "prise_rdv", "frais_autres", "justificatifs", "pre_requis", "cumulable",
         "contact_public", "formulaire_en_ligne", "recurrence", "zone_diffusion_code", "zone_diffusion_nom",
         "zone_diffusion_type", "modes_orientation_accompagnateur", "modes_orientation_beneficiaire",
         "presentation_resume", "presentation_detail", "date_creation", "date_suspension"}
    ),
}  # fmt: skip
"""Fields that the schema v0 had and v1 has not: one of them filled, and the file is v0."""


class Refused(ValueError):
    """The file as a whole cannot be read: `str()` says what to do, in French."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to correct, at its place. `severity`: error (the row is refused) or notice (it is accepted)."""

    sheet: str
    row: int
    column: str
    letter: str
    value: str
    code: str
    message: str
    severity: str = "error"

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON that any database keeps: no NUL, no half of a surrogate pair, which PostgreSQL refuses."""
        said = {name: getattr(self, name) for name in self.__slots__}
        return {name: storable(value) if isinstance(value, str) else value for name, value in said.items()}


def storable(text: str) -> str:
    """The text without what PostgreSQL refuses in JSON: NUL, and halves of surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


@dataclass(slots=True)
class Row:
    """A row as typed: `number` as Excel shows it (in JSON: the place in the list, from 1)."""

    sheet: str
    number: int
    values: dict[str, Any]


@dataclass(slots=True)
class File:
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    """Sheet → field → letters of its column; empty for JSON."""

    def letter(self, sheet: str, column: str) -> str:
        return self.columns.get(sheet, {}).get(column, "")


def open_file(data: bytes) -> File:
    """Every row of every sheet we know. Raises Refused, with what to do, for a file that is none of ours or is v0."""
    try:
        start = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
        if start[:1] in (b"[", b"{"):
            found = _json(data)
        elif data.startswith(b"PK") or data.startswith(b"\xd0\xcf"):
            found = _workbook(data)
        else:
            found = _table(File(), "", read(data, LIMITS).rows)
    except Unreadable as error:
        raise Refused(str(error)) from None
    if not found.rows:
        raise Refused("Ce fichier ne contient aucune fiche. Remplissez au moins une ligne sous les titres.")
    return found


def _old(sheet: str, names: Iterable[str]) -> None:
    if found := sorted(OLD[sheet].intersection(names)):
        raise Refused(
            "Ce fichier est au format data·inclusion v0, convertissez en v1. Champs de l’ancien format : "
            f"{', '.join(found[:4])}. Le modèle v1 est décrit dans la documentation de data·inclusion."
        )


def _workbook(data: bytes) -> File:
    found = File()
    first = read(data, LIMITS, sheet=0)
    names = list(first.names)
    first.close()
    wanted = {name.strip().lower(): place for place, name in reversed(list(enumerate(names)))}
    known = [name for name in SHEETS if name.lower() in wanted]
    if not known:
        raise Refused(
            "Ce classeur n’a ni feuille « Structures » ni feuille « Services ». Partez du modèle Excel de "
            f"data·inclusion ; feuilles trouvées : {', '.join(names[:5])}."
        )
    for name in known:
        _table(found, name, read(data, LIMITS, sheet=wanted[name.lower()]).rows)
    return found


def _table(found: File, sheet: str, rows: Iterable[Sequence[str]]) -> File:
    """Read the head, then the rows. Without a name of sheet (CSV), the columns tell which of the two it is."""
    lines = iter(rows)
    head = [cell.strip().lower() for cell in next(lines, [])]
    sheet = sheet or ("Services" if "structure_id" in head else "Structures")
    if not any(name in SCHEMA[sheet].model_fields for name in head):
        raise Refused(
            f"La première ligne {'de la feuille « ' + sheet + ' » ' if sheet else ''}ne contient aucun nom de champ "
            "data·inclusion (source, id, nom, date_maj…). Mettez les noms des champs sur la première ligne."
        )
    _old(sheet, head)
    columns = _head(found, sheet, head)
    found.columns[sheet] = {name: letters(place) for place, name in columns.items()}
    ignored = head.index(IGNORE) if IGNORE in head else None
    for number, cells in enumerate(lines, start=2):
        if len(found.rows) >= LIMITS.rows:
            raise Unreadable("too_long", LIMITS)
        if ignored is not None and ignored < len(cells) and cells[ignored].strip():
            continue
        values = {name: cells[place].strip() for place, name in columns.items() if place < len(cells)}
        if any(values.values()):
            found.rows.append(Row(sheet, number, values))
    if not any(row.sheet == sheet for row in found.rows):  # an empty sheet of the template lacks nothing
        found.problems = [one for one in found.problems if one.sheet != sheet]
    return found


def _head(found: File, sheet: str, head: Sequence[str]) -> dict[int, str]:
    fields = SCHEMA[sheet].model_fields
    columns: dict[int, str] = {}
    for place, name in enumerate(head):
        code = said = ""
        if not name or name == IGNORE:
            continue
        if name not in fields:
            code, said = "column_unknown", "Cette colonne n’est pas du modèle v1 : elle n’est pas lue."
        elif name in columns.values():
            code, said = "column_duplicate", "Cette colonne est là deux fois : seule la première est lue."
        else:
            columns[place] = name
            continue
        found.problems.append(Problem(sheet, 1, name[:60], letters(place), "", code, said, "notice"))
    for name, one in fields.items():
        if one.is_required() and name not in columns.values():
            said = "Cette colonne manque : ajoutez-la, elle est obligatoire."
            found.problems.append(Problem(sheet, 1, name, "", "", "column_missing", said))
    return columns


def _json(data: bytes) -> File:
    try:
        said = json.loads(decode(data, LIMITS))
    except (ValueError, RecursionError):
        raise Refused("Ce fichier JSON est abîmé : il ne se lit pas. Exportez-le de nouveau.") from None
    lists: dict[str, Any] = {}
    if isinstance(said, list):
        services = any(isinstance(one, dict) and "structure_id" in one for one in said)
        lists["Services" if services else "Structures"] = said
    elif isinstance(said, dict):
        lists = {name: said[name.lower()] for name in SHEETS if isinstance(said.get(name.lower()), list)}
    if not lists:
        raise Refused("Ce JSON doit être une liste de fiches, ou un objet avec « structures » et « services ».")
    found = File()
    unknown: set[tuple[str, str]] = set()
    for sheet, rows in lists.items():
        for number, one in enumerate(rows, start=1):
            if len(found.rows) >= LIMITS.rows:
                raise Unreadable("too_long", LIMITS)
            if not isinstance(one, dict):
                one = {}
            _old(sheet, (name for name, value in one.items() if value not in (None, "", [])))
            unknown |= {(sheet, str(name)[:60]) for name in one if name not in SCHEMA[sheet].model_fields}
            found.rows.append(Row(sheet, number, {str(name): value for name, value in one.items()}))
    for sheet, name in sorted(unknown):
        said = "Ce champ n’est pas du modèle v1 : il n’est pas lu."
        found.problems.append(Problem(sheet, 0, name, "", "", "column_unknown", said, "notice"))
    return found
