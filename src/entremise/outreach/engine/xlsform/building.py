"""The rows of `survey` into items: types, names, groups, the dialect of SurveyCTO. Plain Python.

Source: reference §§ 5.2–5.4. Everything wrong is said at once; a row that cannot be understood is left out.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from entremise.outreach.engine.xlsform.expressions import read, without_once
from entremise.outreach.engine.xlsform.headers import kind
from entremise.outreach.engine.xlsform.model import GROUP, UNSEEN, YES, Item
from entremise.outreach.engine.xlsform.rows import Row, Table

NAME: Final = re.compile(r"[A-Za-z_][\w.-]*")
TRUE: Final = frozenset({"yes", "oui", "true", "vrai", "1"})
FALSE: Final = frozenset({"no", "non", "false", "faux", "0", ""})
LOGIC: Final = ("relevant", "constraint", "calculation", "choice_filter")


@dataclass(slots=True)
class Built:
    """Items with the row each comes from; the names of rows that were left out, with why in French."""

    items: list[Item] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)
    aside: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Group:
    sort: str
    name: str
    row: Row


def build(table: Table, default: str, needs: Collection[str] | None) -> Built:
    """The items of a script. `needs`: the known codes of needs, None not to judge them."""
    built = Built()
    opened: list[_Group] = []
    for row in table.lines():
        if row.get("disabled").lower() in TRUE:
            row.wrong("dropped_row", "disabled", "ligne désactivée, non lue")
            built.aside.setdefault(row.get("name"), "la ligne est désactivée")
            continue
        if not row.get("type"):
            if any(row.get(column) for column in ("name", "relevant", "calculation")):
                row.wrong("unknown_type", "type", "le type manque")
            continue
        _read(row, built, opened, default, needs)
    for group in opened:
        row_said = f"ce groupe n’est pas refermé : ajoutez « end_{group.sort} »"
        group.row.wrong("group_unbalanced", "type", row_said)
    return built


def _read(row: Row, built: Built, opened: list[_Group], default: str, needs: Collection[str] | None) -> None:
    sort, detail = kind(row.get("type"))
    said = row.get("type")
    around = next((group.name for group in reversed(opened) if group.sort == "group" and group.name), "")
    if sort == "end":
        _close(row, detail, opened)
    elif sort == "unknown":
        row.wrong("unknown_type", "type", f"type inconnu « {said} »")
        _name(row, built)
    elif sort == "unsupported":
        row.wrong("unsupported_type", "type", f"« {said} » n’existe pas dans un script d’appel")
        _name(row, built)
    elif sort in ("metadata", "dropped"):
        if sort == "metadata":
            row.wrong("metadata_ignored", "type", f"« {said} » n’est pas lu : l’appel sait déjà qui, quand, où")
        else:
            row.wrong("dropped_row", "type", f"« {said} » n’a pas de sens ici : ligne non lue")
        built.aside.setdefault(row.get("name"), f"« {said} » n’est pas lu")
    elif sort == "begin":
        if detail == "repeat":
            row.wrong("unsupported_type", "type", "une boucle n’existe pas dans un script d’appel")
        name = _name(row, built)
        if detail == "group" and name:
            _keep(Item(GROUP, name, around, **_shared(row, default, needs)), row, built)  # type: ignore[arg-type]
        opened.append(_Group(detail, name if detail == "group" else "", row))
    else:
        _question(row, built, around, default, needs)


def _close(row: Row, sort: str, opened: list[_Group]) -> None:
    if opened and opened[-1].sort == sort:
        opened.pop()
    else:
        row.wrong("group_unbalanced", "type", f"aucun « begin_{sort} » n’est ouvert ici")


def _question(row: Row, built: Built, around: str, default: str, needs: Collection[str] | None) -> None:
    sort, detail = kind(row.get("type"))
    name = _name(row, built, generated="note_" if detail == "note" else "")
    form = _shared(row, default, needs)
    if sort in ("case", "here"):
        row.wrong("downgraded_type", "type", f"« {row.get('type')} » devient « calculate »")
        detail = "calculate"
        if sort == "case":
            form["calculation"] = "''"
    if not name:
        return
    what, _, listed = detail.partition(" ")
    seen = what not in UNSEEN
    item = Item(what, name, around, list=listed, **form)  # type: ignore[arg-type]
    if seen and not item.label and not item.hint:
        row.wrong("label_missing", "label", "cette question n’a ni libellé ni aide : personne ne saurait la poser",
                  lang=_spoken(row, "label"))  # fmt: skip
    if what == "calculate" and not item.calculation and not item.default:
        row.wrong("expression_syntax", "calculation", "un « calculate » sans calcul")
    _keep(item, row, built)


def _spoken(row: Row, column: str) -> str:
    """The language of the first such column of the file, to point at a cell that exists."""
    return next((lang for base, lang in row.table.places if base == column), "")


def _keep(item: Item, row: Row, built: Built) -> None:
    if item.name in built.rows:
        first = built.rows[item.name].number
        row.wrong("name_duplicate", "name", f"le nom « {item.name} » sert déjà à la ligne {first}")
        return
    built.items.append(item)
    built.rows[item.name] = row


def _name(row: Row, built: Built, generated: str = "") -> str:
    said = row.get("name")
    if not said and generated:
        return f"{generated}{row.number}"
    if NAME.fullmatch(said) and len(said) <= 100:
        return said
    reason = "le nom manque" if not said else "un nom commence par une lettre, sans espace, 100 signes au plus"
    row.wrong("name_invalid", "name", reason)
    return ""


def _shared(row: Row, default: str, needs: Collection[str] | None) -> dict[str, object]:
    """The members that any row may have, expressions as texts."""
    form: dict[str, object] = {
        column: row.words(column, default) for column in ("label", "hint", "required_message", "constraint_message")
    }
    form |= {column: row.get(column) for column in ("appearance", "parameters")}
    form |= {column: _text(row, column) for column in (*LOGIC, "default")}
    form |= {column: _boolean(row, column) for column in ("required", "read_only")}
    form["when"] = _text(row, "entremise::when")
    form["need"] = _needs(row, needs)
    emergency = row.get("entremise::emergency").lower()
    if emergency not in TRUE | FALSE:
        row.wrong("boolean_invalid", "entremise::emergency", "écrivez oui ou non")
    form["emergency"] = emergency in TRUE
    return form


def _text(row: Row, column: str) -> str:
    """An expression, `once` aside, with a notice where it was."""
    said = row.get(column)
    plain = without_once(said) if "once" in said else said
    if plain != said:
        row.wrong("downgraded_type", column, "« once(…) » devient ce qu’il contient")
    return plain.strip()


def _boolean(row: Row, column: str) -> str:
    said = row.get(column)
    if said.lower() in TRUE | FALSE:
        return YES if said.lower() in TRUE else ""
    found = read(said)
    if found.tree is not None and (found.refs or found.own or found.tree[0] == "call"):
        return said
    if any(sign in said for sign in "${}()='\"‘’“”"):
        return said  # an expression that is badly written: said with its place by `checks`
    row.wrong("boolean_invalid", column, f"« {said[:40]} » n’est ni oui, ni non, ni une condition")
    return ""


def _needs(row: Row, needs: Collection[str] | None) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(re.split(r"[\s,;]+", row.get("entremise::need").strip()))) if row.get(
        "entremise::need") else ()  # fmt: skip
    for code in codes:
        if needs is not None and code not in needs:
            row.wrong("reference_unknown", "entremise::need", f"« {code} » n’est pas un code de besoin")
    return codes
