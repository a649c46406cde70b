"""What holds between the rows of a script: expressions, references, loops, lists, translations. Plain Python.

Source: reference § 5.2. Every expression is read here, so that pyxform, which accepts nonsense, only proves the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

from entremise.outreach.engine.xlsform.building import Built
from entremise.outreach.engine.xlsform.expressions import Expression, quoted, read, without_once
from entremise.outreach.engine.xlsform.headers import CHOICES, LANGUAGES
from entremise.outreach.engine.xlsform.model import GROUP, SELECTS, UNSEEN, YES, Choice, Item, arranged, hangs_on
from entremise.outreach.engine.xlsform.problems import BLOCKING
from entremise.outreach.engine.xlsform.rows import Row, Table

CELL = {"when": "entremise::when"}


def check(built: Built, lists: dict[str, list[tuple[Choice, Row]]], choices: Table | None) -> None:
    """Say all that is wrong; changes nothing but the reports."""
    known = {item.name: item for item in built.items}
    for item in built.items:
        row = built.rows[item.name]
        for column, expression in expressions(item, row):
            _judge(expression, column, row, known, built)
        for column in ("label", "hint", "required_message", "constraint_message"):
            for lang, text in getattr(item, column).items():
                _judge_text(text, column, lang, row, known, built)
        if item.type in SELECTS:
            _judge_list(item, row, lists, choices)
    for rows in lists.values():
        for choice, row in rows:
            for lang, text in choice.label.items():
                _judge_text(text, "label", lang, row, known, built)
    _loops(built)


def expressions(item: Item, row: Row) -> Iterator[tuple[str, Expression]]:
    """The expressions of an item by the column that holds them, read as they stand in the cell, for their places."""
    for column in (
        "relevant",
        "constraint",
        "calculation",
        "required",
        "read_only",
        "default",
        "choice_filter",
        "when",
    ):
        said = getattr(item, column)
        if not said or (column in ("required", "read_only") and said == YES):
            continue
        if column == "default" and not item.dynamic:
            continue
        cell = row.get(CELL.get(column, column))
        typed = without_once(cell) if "once" in cell else cell
        yield CELL.get(column, column), read(typed if typed.strip() == said else said, bare=column == "choice_filter")


def _judge(expression: Expression, column: str, row: Row, known: dict[str, Item], built: Built) -> None:
    for fault in expression.faults:
        row.wrong(fault.code, column, fault.message, position=fault.position)
    for name, position in expression.refs:
        _judge_reference(name, position, column, "", row, known, built)


def _judge_reference(
    name: str, position: int, column: str, lang: str, row: Row, known: dict[str, Item], built: Built
) -> None:
    if name in known and known[name].type != GROUP:
        return
    if name in known:
        said = f"« {name} » est un groupe : il n’a pas de réponse"
        row.wrong("reference_unknown", column, said, lang=lang, position=position)
    elif name in built.aside:
        # Empty, it would silently change what is shown; refused outright, the file could not even be kept.
        said = f"« {name} » n’a pas de réponse ici ({built.aside[name]})"
        row.wrong("reference_unknown", column, said, lang=lang, position=position, severity=BLOCKING)
    else:
        row.wrong("reference_unknown", column, f"aucune question ne s’appelle « {name} »", lang=lang,
                  position=position)  # fmt: skip


def _judge_text(text: str, column: str, lang: str, row: Row, known: dict[str, Item], built: Built) -> None:
    names, faults = quoted(text)
    key = lang if (column, lang) in row.cells else ""
    for fault in faults:
        row.wrong(fault.code, column, fault.message, lang=key, position=fault.position)
    for name, position in names:
        _judge_reference(name, position, column, key, row, known, built)


def _judge_list(item: Item, row: Row, lists: dict[str, list[tuple[Choice, Row]]], choices: Table | None) -> None:
    if item.list not in lists:
        said = (
            f"la liste « {item.list} » n’est pas dans la feuille choices" if item.list else "le nom de la liste manque"
        )
        if choices is not None or not item.list:
            row.wrong("list_unknown", "type", said)
        return
    columns = {base for base, lang in choices.ranks if not lang} if choices else set()
    for name, position in item.filter.columns:
        if name not in columns:
            said = f"« {name} » n’est pas une colonne de la feuille choices"
            row.wrong("reference_unknown", "choice_filter", said, position=position)


def _loops(built: Built) -> None:
    """Each loop once, at the cell of its first row that leads into it."""
    known = {item.name: item for item in built.items}
    seen: set[frozenset[str]] = set()
    for loop in arranged(tuple(built.items))[1]:
        if frozenset(loop) in seen:
            continue
        seen.add(frozenset(loop))
        order = {item.name: rank for rank, item in enumerate(built.items)}
        links = list(zip(loop, loop[1:], strict=False))
        links.sort(key=lambda link: order[link[0]])
        for name, after in links:
            column = next((how for needed, how in hangs_on(known[name], known) if needed == after), "relevant")
            if column != "group":
                said = " → ".join(loop)
                built.rows[name].wrong("cycle", column, f"boucle : {said} ; aucune ne peut être calculée la première")
                break


def read_choices(table: Table, default: str) -> dict[str, list[tuple[Choice, Row]]]:
    """The lists of choices with the row of each; what is wrong in them is said."""
    lists: dict[str, list[tuple[Choice, Row]]] = {}
    for row in table.lines():
        listed, name = row.get("list_name"), row.get("name")
        if not listed:
            if name or row.words("label", default):
                row.wrong("list_unknown", "list_name", "le nom de la liste manque")
            continue
        if not name:
            row.wrong("name_invalid", "name", "le code de ce choix manque")
            continue
        if len(name.split()) > 1:
            row.wrong("choice_name_space", "name", f"le code « {name[:40]} » contient un espace : écrivez "
                      f"« {'_'.join(name.split())[:40]} »")  # fmt: skip
            continue
        before = [one for one, _ in lists.get(listed, ()) if one.name == name]
        if before:
            row.wrong("choice_duplicate", "name", f"le code « {name} » est déjà dans la liste « {listed} »")
            continue
        words = row.words("label", default)
        if not words:
            lang = next((lang for base, lang in table.places if base == "label"), "")
            row.wrong("label_missing", "label", "ce choix n’a pas de libellé", lang=lang)
        extra = [key for key in row.cells if not key[1] and key[0] not in CHOICES]
        columns = {base: row.get(base) for base, _ in extra}
        lists.setdefault(listed, []).append((Choice(name, words, columns), row))
    return lists


def translations(built: Built, lists: dict[str, list[tuple[Choice, Row]]], languages: list[str], default: str) -> None:
    """A notice for each label that one declared language lacks."""
    rows = [(item.label, built.rows[item.name]) for item in built.items if item.type not in UNSEEN]
    rows += [(choice.label, row) for listed in lists.values() for choice, row in listed]
    for words, row in rows:
        for lang in languages if words else ():
            if not words.get(lang):
                said = f"le libellé manque dans la langue « {LANGUAGES.get(lang, lang)} » : un autre est montré"
                spoken = lang if ("label", lang) in row.table.places else ""
                row.wrong("translation_missing", "label", said, lang=spoken)
