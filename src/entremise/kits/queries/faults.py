"""What is wrong in a kit, said in French with its place: file, table, key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails


@dataclass(frozen=True, slots=True)
class Fault:
    file: str
    table: str
    key: str
    message: str

    def __str__(self) -> str:
        place = ", ".join(part for part in (self.file, self.table, self.key and f"clé « {self.key} »") if part)
        return f"{place} : {self.message}"


KINDS = {
    "missing": "absente ; elle est obligatoire",
    "extra_forbidden": "inconnue ; corrigez son nom ou retirez-la",
    "string_type": "attend un texte entre guillemets",
    "bool_type": "attend true ou false, sans guillemets",
    "int_type": "attend un nombre entier, sans guillemets",
    "tuple_type": "attend une liste entre crochets, ou des tables [[…]]",
    "dict_type": "attend une table",
    "model_type": 'attend une table, par exemple {{ fr = "…", en = "…" }}',
    "model_attributes_type": 'attend une table, par exemple {{ fr = "…", en = "…" }}',
    "literal_error": "n’admet que : {expected}",
    "string_too_long": "dépasse {max_length} signes",
    "string_pattern_mismatch": "n’admet que des minuscules sans accent, des chiffres et « _ », une lettre d’abord",
    "greater_than_equal": "doit valoir au moins {ge}",
    "less_than_equal": "doit valoir au plus {le}",
    "too_short": "doit compter au moins {min_length} élément(s)",
}


def of(file: str, table: str, content: Any, error: ValidationError) -> list[Fault]:
    """One fault for each error pydantic found in a table."""
    return [Fault(file, *_place(table, content, detail["loc"]), _sentence(detail)) for detail in error.errors()]


def syntax(message: str) -> str:
    """A TOML error with its line; the parser's own words stay, they are the ones to search for."""
    place = re.search(r"\(at (?:line (\d+), column (\d+)|end of document)\)", message)
    words = message.split(" (at ")[0]
    where = f"ligne {place[1]}, colonne {place[2]}" if place and place[1] else "fin du fichier"
    return f"{where} : ce n’est pas du TOML ({words})"


def _sentence(detail: ErrorDetails) -> str:
    context = {key: str(value).replace(" or ", " ou ") for key, value in detail.get("ctx", {}).items()}
    if detail["type"] == "value_error":
        return context["error"]
    if detail["type"] in KINDS:
        return KINDS[detail["type"]].format(**context)
    return f"valeur refusée ({detail['type']})"


def _place(table: str, content: Any, loc: tuple[int | str, ...]) -> tuple[str, str]:
    """`("categories", 2, "label", "en")` → table « [[mutualaid.categories]] n° 3 (pets) », key « label.en »."""
    path, shown, at = [table], f"[{table}]", content
    rest = list(loc)
    for position, part in enumerate(loc):
        if isinstance(part, int):
            at = at[part] if isinstance(at, list) and part < len(at) else None
            name = at.get("code") if isinstance(at, dict) else None
            shown = f"[[{'.'.join(path)}]] n° {part + 1}" + (f" ({name})" if isinstance(name, str) else "")
            rest = list(loc[position + 1 :])
        else:
            path.append(part)
            at = at.get(part) if isinstance(at, dict) else None
    return shown, ".".join(str(part) for part in rest)
