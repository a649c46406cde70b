"""Records of a file checked by the schema data·inclusion v1, then by what the schema does not look at.

One problem a cell at most, in French, with the closest accepted value. `check` never raises for what a file holds.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from data_inclusion.schema import v1
from data_inclusion.schema.v1.score_qualite import CRITERES
from pydantic import ValidationError

from entremise.referrals.engine.files import LISTS, SCHEMA, File, Problem, Row, storable
from entremise.referrals.engine.themes import labels

PADDED: Final = {"code_postal": 5, "code_insee": 5, "siret": 14}
EVERYWHERE: Final = frozenset({"france", "99100"})
_FRENCH_DAY: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
COUNTRY, TOWN, EPCI, DEPARTMENT = "country", "commune", "epci", "departement"
WIDE: Final = {"source": 100, "id": 200, "structure_id": 200}
"""Longest identifiers we keep; the schema gives them no bound."""
NUMBERS: Final = ("longitude", "latitude", "volume_horaire_hebdomadaire")
_SAID: Final[Mapping[str, str]] = {
    "missing": "Cette valeur est obligatoire.",
    "string_type": "La valeur doit être un texte.",
    "string_too_short": "La valeur est trop courte : {min_length} caractères au moins.",
    "string_too_long": "La valeur est trop longue : {max_length} caractères au plus.",
    "too_short": "Donnez au moins une valeur, ou laissez la cellule vide.",
    "int_parsing": "La valeur doit être un entier valide.",
    "int_from_float": "La valeur doit être un entier valide.",
    "int_type": "La valeur doit être un entier valide.",
    "float_parsing": "La valeur doit être un nombre valide.",
    "float_type": "La valeur doit être un nombre valide.",
    "greater_than_equal": "La valeur doit être au moins {ge}.",
    "finite_number": "La valeur doit être un nombre fini.",
    "set_type": "La valeur doit être une liste.",
    "list_type": "La valeur doit être une liste.",
    "url_parsing": "Cette adresse n’est pas valide. Écrivez-la entière, par exemple https://exemple.fr/page.",
    "url_scheme": "Cette adresse n’est pas valide. Elle commence par https://.",
    "url_too_long": "Cette adresse est trop longue.",
}
_DIGITS: Final = {"code_postal": "5 chiffres", "siret": "14 chiffres", "code_insee": "5 signes"}


@dataclass(frozen=True, slots=True)
class Places:
    """What `territories` knows. `covered`: départements whose communes are all known here; elsewhere a code can only
    be taken at its word. `names`: commune code → name. `epcis`: codes; `whole`: all of France is known."""

    names: Mapping[str, str]
    epcis: frozenset[str]
    covered: frozenset[str]
    whole: bool = False
    by_name: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """A record the schema accepts. `content`: plain JSON of the schema; `zones`: (kind, code)."""

    sheet: str
    row: int
    source: str
    ref: str
    content: dict[str, Any]
    telephone: str
    quality: int
    zones: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Checked:
    """read == len(records) + rejected. `present`: every (sheet, source, id) read, refused ones included."""

    read: int = 0
    rejected: int = 0
    records: list[Record] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    present: set[tuple[str, str, str]] = field(default_factory=set)


def check(file: File, places: Places, *, known: Iterable[tuple[str, str]], dial: Callable[[str], str]) -> Checked:
    """Check every row. `known`: (source, id) of structures already kept; `dial`: a number → E.164, or ""."""
    found = Checked(problems=list(file.problems))
    structures = set(known)
    for row in sorted(file.rows, key=lambda one: one.sheet != "Structures"):
        found.read += 1
        cells = _Cells(file, row)
        record = _row(cells, places, structures, found.present, dial)
        found.problems.extend(cells.problems.values())
        if record is None:
            found.rejected += 1
            continue
        found.records.append(record)
        if row.sheet == "Structures":
            structures.add((record.source, record.ref))
    return found


class _Cells:
    """The cells of one row, made what the schema reads; the problems found, one a cell, an error before a notice."""

    def __init__(self, file: File, row: Row) -> None:
        self.file, self.row = file, row
        self.problems: dict[str, Problem] = {}
        self.values: dict[str, Any] = {}
        fields = SCHEMA[row.sheet].model_fields
        for name, value in row.values.items():
            if name in fields and (ready := self._ready(name, value)) not in (None, "", []):
                self.values[name] = ready

    def tell(self, column: str, code: str, message: str, severity: str = "error", value: object = None) -> None:
        held = self.problems.get(column)
        if held is not None and (held.severity == "error" or severity == "notice"):
            return
        shown = self.row.values.get(column, "") if value is None else value
        letter = self.file.letter(self.row.sheet, column)
        self.problems[column] = Problem(
            self.row.sheet, self.row.number, column, letter, str(shown)[:120], code, message, severity
        )

    @property
    def wrong(self) -> bool:
        return any(one.severity == "error" for one in self.problems.values())

    def _ready(self, name: str, value: Any) -> Any:
        if name in LISTS and isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        if name in LISTS and isinstance(value, list):
            return [part for part in value if part not in (None, "")]
        if name in PADDED and isinstance(value, int | float | str) and not isinstance(value, bool):
            return self._padded(name, str(value).strip())
        if isinstance(value, str):
            value = storable(value).strip()
            if name == "date_maj" and (day := _FRENCH_DAY.fullmatch(value)):
                iso = f"{day[3]}-{int(day[2]):02d}-{int(day[1]):02d}"
                self.tell(name, "date_read", f"Date lue comme {iso}.", "notice")
                return iso
        return value

    def _padded(self, name: str, text: str) -> str:
        plain = text.removesuffix(".0").replace(" ", "") if name == "siret" else text.removesuffix(".0")
        ready = plain.zfill(PADDED[name]) if plain.isdigit() else plain.upper()
        if ready != text:
            self.tell(name, "number_padded", f"Le tableur en avait fait un nombre : lu « {ready} ».", "notice")
        return ready


def _row(
    cells: _Cells,
    places: Places,
    structures: set[tuple[str, str]],
    present: set[tuple[str, str, str]],
    dial: Callable[[str], str],
) -> Record | None:
    sheet, values = cells.row.sheet, cells.values
    source, ref = str(values.get("source", "")), str(values.get("id", ""))
    key = (sheet, source, ref)
    if source and ref and key in present:
        cells.tell(
            "id", "id_duplicate", "Cet identifiant est déjà plus haut dans le fichier : gardez une seule ligne."
        )
    present.add(key)
    for name, most in WIDE.items():
        if len(str(values.get(name, ""))) > most:
            cells.tell(name, "too_long", f"La valeur est trop longue : {most} caractères au plus.")
    model = _schema(cells)
    for name in NUMBERS if model is not None else ():
        if (number := getattr(model, name, None)) is not None and not math.isfinite(number):
            cells.tell(name, "value_wrong", "La valeur doit être un nombre fini.")  # JSON knows no NaN
    _commune(cells, places)
    zones = _zones(cells, places) if sheet == "Services" else ()
    if sheet == "Services" and values.get("structure_id") and (source, str(values["structure_id"])) not in structures:
        cells.tell(
            "structure_id", "structure_unknown",
            "Cette structure n’est ni dans l’annuaire ni acceptée dans ce fichier : ajoutez-la, de la même source.",
        )  # fmt: skip
    telephone = ""
    if said := str(values.get("telephone", "")):
        telephone = dial(said)
        if not telephone:
            cells.tell("telephone", "phone_unread", "Ce numéro ne se compose pas : il sera montré tel quel.", "notice")
    if cells.wrong or model is None:
        return None
    content = model.model_dump(mode="json", exclude_none=True)
    for name in LISTS & content.keys():
        content[name] = sorted(content[name])
    return Record(sheet, cells.row.number, source, ref, content, telephone, _quality(model), zones)


def _schema(cells: _Cells) -> Any:
    """The model, or None. Notices of the schema exist only when they are asked for: they come as errors first."""
    kind = SCHEMA[cells.row.sheet]
    try:
        return kind.model_validate(cells.values, context={"ignore_warnings": False})
    except ValidationError as error:
        told = error.errors(include_url=False, include_context=True)
    for one in told:
        column = str(one["loc"][0]) if one["loc"] else "id"
        if one["type"] == "avertissement":
            cells.tell(column, "advice", one["msg"], "notice")
        else:
            zone = column == "zone_eligibilite" and one["type"] != "too_short"
            code = "zone_unknown" if zone else _code(one["type"])
            cells.tell(column, code, _sentence(column, one), value=_item(one))
    if all(one["type"] == "avertissement" for one in told):
        return kind.model_validate(cells.values)
    return None


def _code(kind: str) -> str:
    return {"missing": "missing", "enum": "value_unknown"}.get(kind, "value_wrong")


def _item(one: Mapping[str, Any]) -> object:
    return "" if one["type"] == "missing" else one["input"]


def _sentence(column: str, one: Mapping[str, Any]) -> str:
    kind, context = one["type"], one.get("ctx", {})
    if kind == "enum":
        accepted = re.findall(r"'([^']+)'", str(context.get("expected", "")))
        return suggestion(str(one["input"]), accepted)
    if column == "zone_eligibilite" and kind != "too_short":
        return zone_wrong(str(one["input"]))
    if column == "date_maj" and kind != "missing":
        own = str(context.get("error", "")) if kind == "value_error" else ""
        return own or "Écrivez la date ainsi : 2026-12-31."
    if column == "courriel":
        return "Cette adresse électronique n’est pas valide, par exemple accueil@exemple.fr."
    if column in _DIGITS and kind.startswith("string"):
        return f"La valeur doit avoir {_DIGITS[column]}."
    if kind == "value_error":
        return str(context.get("error", "")) or "Cette valeur n’est pas acceptée."
    said = _SAID.get(kind, "Cette valeur n’est pas acceptée par le modèle data·inclusion.")
    return said.format_map({"min_length": "", "max_length": "", "ge": "", **context})


def suggestion(value: str, accepted: Iterable[str]) -> str:
    """« N’existe pas », with the closest accepted value, or a few of them."""
    choices = list(accepted)
    plain = {label.lower(): code for code, label in labels().items() if code in set(choices)}
    near = plain.get(value.lower()) or next(iter(difflib.get_close_matches(value.lower(), choices, 1, 0.6)), "")
    if near:
        return f"La valeur « {value[:80]} » n’existe pas. Vouliez-vous dire « {near} » ?"
    shown = ", ".join(choices[:6]) + ("…" if len(choices) > 6 else "")
    return f"La valeur « {value[:80]} » n’existe pas. Valeurs acceptées : {shown}."


def zone_wrong(code: str) -> str:
    return (
        f"« {code[:40]} » n’est pas un code connu de commune (5 signes), d’intercommunalité (9 chiffres) ou de "
        "département (2 ou 3 signes). Pour toute la France, écrivez « france »."
    )


def department_of(commune: str) -> str:
    return commune[:3] if commune.startswith(("97", "98")) else commune[:2]


DEPARTMENTS: Final = frozenset(
    [f"{n:02d}" for n in range(1, 96) if n != 20] + ["2A", "2B", "971", "972", "973", "974", "976"]
)


def _commune(cells: _Cells, places: Places) -> None:
    code = str(cells.values.get("code_insee", ""))
    if not code or code in places.names:
        return
    home = department_of(code)
    if home in DEPARTMENTS and home not in places.covered:
        return  # another département than those loaded here: taken at its word
    town = str(cells.values.get("commune", ""))
    right = places.by_name.get(town.strip().lower(), "")
    hint = f" Pour {town} : {right}." if right else ""
    cells.tell("code_insee", "code_insee_unknown", f"Aucune commune n’a le code « {code[:10]} ».{hint}")


def _zones(cells: _Cells, places: Places) -> tuple[tuple[str, str], ...]:
    """Each code of the zone, of what it really is: tested in our order, since the schema takes 99100 for a commune."""
    found: list[tuple[str, str]] = []
    said = cells.values.get("zone_eligibilite")
    for item in said if isinstance(said, list) else []:
        code = str(item).strip().upper()
        kind = zone_kind(code, places)
        if not kind:
            cells.tell("zone_eligibilite", "zone_unknown", zone_wrong(str(item)), value=item)
        elif (kind, code) not in found:
            found.append((kind, "france" if kind == COUNTRY else code))
    return tuple(dict.fromkeys(found))


def zone_kind(code: str, places: Places) -> str:
    """commune, epci, departement, country; empty when it is none."""
    if code.lower() in EVERYWHERE:
        return COUNTRY
    if len(code) == 9 and code.isdigit():
        return EPCI if code in places.epcis or not places.whole else ""
    if len(code) == 5:
        home = department_of(code)
        known = code in places.names or (home in DEPARTMENTS and home not in places.covered)
        return TOWN if known else ""
    return DEPARTMENT if code in DEPARTMENTS else ""


def _quality(model: Any) -> int:
    """The schema's own score, 0 to 100, without its share of age: a record must not change by itself overnight."""
    if not isinstance(model, v1.Service):
        return 0
    told = [one(model) for one in CRITERES if one.__name__ != "date_maj_recente"]
    kept = [value for value in told if value is not None]
    return round(100 * sum(kept) / len(kept)) if kept else 0
