"""A file into a model, or into the list of what to correct, all at once. Plain Python. Source: reference § 5.1."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from entremise.outreach.engine.xlsform import headers
from entremise.outreach.engine.xlsform.building import Built, build
from entremise.outreach.engine.xlsform.checks import check, read_choices, translations
from entremise.outreach.engine.xlsform.converting import convert
from entremise.outreach.engine.xlsform.model import SELECTS, Choice, Model
from entremise.outreach.engine.xlsform.problems import BLOCKING, ERROR, Problem, Report
from entremise.outreach.engine.xlsform.reader import Unusable, Workbook, open_file
from entremise.outreach.engine.xlsform.rows import Row, Table, table_of

__all__ = ["Understood", "Unusable", "understand"]


@dataclass(slots=True)
class Understood:
    """`model` is None as soon as one problem is an error. `usable`: nothing blocks its use in a call."""

    model: Model | None
    problems: list[Problem] = field(default_factory=list)
    xform: str = ""
    warnings: list[str] = field(default_factory=list)

    @property
    def usable(self) -> bool:
        return self.model is not None and not any(one.severity == BLOCKING for one in self.problems)


def understand(data: bytes, needs: Collection[str] | None = None) -> Understood:
    """Read a script. `needs`: the codes of needs that `entremise::need` may name; None accepts any.

    Raises Unusable when the file cannot be read at all; anything wrong inside it is a Problem.
    """
    book = open_file(data)
    report = Report()
    for name in book.others:
        report.add("column_set_aside", name, "feuille non lue : seules survey, choices et settings comptent")
    if "survey" not in book.sheets:
        report.add("sheet_missing", "survey", "il manque la feuille « survey », où sont les questions")
        return Understood(None, report.listed)
    survey = table_of("survey", book.sheets["survey"], headers.SURVEY, report)
    missing = [name for name in ("type", "name") if (name, "") not in survey.ranks]
    for name in missing:
        report.add("column_missing", "survey", f"il manque la colonne « {name} »", row=survey.sheet.head)
    settings = _settings(book, report)
    choices = _choices(book, report)
    default = _default_language(settings, survey, choices)
    if missing:
        return Understood(None, report.listed)
    built = build(survey, default, needs)
    lists = read_choices(choices, default) if choices else {}
    selects = [item for item in built.items if item.type in SELECTS]
    if selects and choices is None and "choices" not in book.sheets:
        report.add("sheet_missing", "choices", "il manque la feuille « choices », où sont les réponses proposées")
    if not built.items and not report.has(ERROR):
        report.add("sheet_missing", "survey", "la feuille « survey » ne contient aucune question")
    check(built, lists, choices)
    model = _assembled(built, lists, settings, default)
    translations(built, _used(built, lists), list(model.languages), default)
    if report.has(ERROR):
        return Understood(None, report.listed)
    if report.has(BLOCKING):  # pyxform has nothing to prove of a draft that cannot serve
        return Understood(model, report.listed)
    converted = convert(model, built.rows, report)
    return Understood(None if report.has(ERROR) else model, report.listed, converted.xform, converted.warnings)


def _settings(book: Workbook, report: Report) -> dict[str, str]:
    if "settings" not in book.sheets:
        return {}
    table = table_of("settings", book.sheets["settings"], headers.SETTINGS, report)
    lines = table.lines()
    return {base: said for (base, _), said in lines[0].cells.items()} if lines else {}


def _choices(book: Workbook, report: Report) -> Table | None:
    if "choices" not in book.sheets:
        return None
    table = table_of("choices", book.sheets["choices"], headers.CHOICES, report, others=True)
    missing = [name for name in ("list_name", "name") if (name, "") not in table.ranks]
    for name in missing:
        report.add("column_missing", "choices", f"il manque la colonne « {name} »", row=table.sheet.head)
    return None if missing else table


def _default_language(settings: dict[str, str], survey: Table, choices: Table | None) -> str:
    """The one settings name; else French, unless every label of the file is in other languages."""
    if said := settings.get("default_language"):
        return headers.language(said)
    spoken = [lang for base, lang in survey.ranks if base == "label"]
    if not spoken or "" in spoken or "fr" in spoken:
        return "fr"
    return spoken[0]


def _used(built: Built, lists: dict[str, list[tuple[Choice, Row]]]) -> dict[str, list[tuple[Choice, Row]]]:
    wanted = {item.list for item in built.items if item.list}
    return {name: rows for name, rows in lists.items() if name in wanted}


def _assembled(
    built: Built, lists: dict[str, list[tuple[Choice, Row]]], settings: dict[str, str], default: str
) -> Model:
    """Only what is used: lists that a question shows, columns that one of its filters reads."""
    filters: dict[str, set[str]] = {}
    for item in built.items:
        if item.choice_filter:
            filters.setdefault(item.list, set()).update(name for name, _ in item.filter.columns)
    kept = {}
    for name, rows in _used(built, lists).items():
        read = filters.get(name, set())
        kept[name] = tuple(
            Choice(one.name, one.label, {key: said for key, said in sorted(one.columns.items()) if key in read})
            for one, _ in rows
        )
    spoken = {lang for item in built.items for lang, said in item.label.items() if said}
    spoken |= {lang for rows in kept.values() for choice in rows for lang in choice.label}
    languages = (default, *sorted(spoken - {default}))
    return Model(
        settings.get("form_title", ""), default, languages, tuple(built.items), kept, settings.get("form_id", ""),
        settings.get("version", ""),
    )  # fmt: skip
