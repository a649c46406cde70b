"""A model back into the workbook that field teams know. Read again, it has the same fingerprint. Plain Python."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import xlsxwriter

from entremise.outreach.engine.xlsform.headers import language_heading
from entremise.outreach.engine.xlsform.model import GROUP, SELECTS, Item, Model, Words

Row = dict[str, str]
PLAIN: Final = (
    "required", "relevant", "constraint", "calculation", "default", "read_only", "appearance", "choice_filter",
    "parameters",
)  # fmt: skip
WIDTHS: Final[Mapping[str, int]] = {"type": 24, "name": 20, "label": 60, "hint": 40, "list_name": 16}


def tables(model: Model, *, own: bool = True) -> dict[str, list[Row]]:
    """The three sheets as rows of heading → cell. `own`: with the columns that only we know."""
    survey = list(_survey(model, own=own))
    choices: list[Row] = []
    for name, rows in model.lists.items():
        for choice in rows:
            row = {"list_name": name, "name": choice.name, **_words("label", choice.label), **choice.columns}
            choices.append(row)
    settings = {"form_title": model.title, "form_id": model.form_id, "version": model.version}
    settings["default_language"] = language_heading(model.default_language)
    return {"survey": survey, "choices": choices, "settings": [{key: said for key, said in settings.items() if said}]}


def _words(heading: str, words: Words) -> Row:
    return {f"{heading}::{language_heading(code)}": said for code, said in words.items()}


def _survey(model: Model, *, own: bool) -> Iterator[Row]:
    opened: list[str] = []
    for item in model.items:
        while opened and opened[-1] != item.group:
            opened.pop()
            yield {"type": "end_group"}
        yield _row(item, own=own)
        if item.type == GROUP:
            opened.append(item.name)
    for _ in opened:
        yield {"type": "end_group"}


def _row(item: Item, *, own: bool) -> Row:
    kind = "begin_group" if item.type == GROUP else f"{item.type} {item.list}" if item.type in SELECTS else item.type
    row = {"type": kind, "name": item.name, **_words("label", item.label), **_words("hint", item.hint)}
    row |= _words("required_message", item.required_message) | _words("constraint_message", item.constraint_message)
    row |= {column: getattr(item, column) for column in PLAIN if getattr(item, column)}
    if own:
        said = {"need": " ".join(item.need), "when": item.when, "emergency": "yes" if item.emergency else ""}
        row |= {f"entremise::{key}": text for key, text in said.items() if text}
    return row


def headings(rows: Sequence[Row], first: Sequence[str]) -> list[str]:
    """`first`, then the other headings, those of one column kept together."""
    order = [*first, "label", "hint", *PLAIN[:3], "required_message", "constraint_message", *PLAIN[3:]]
    found = dict.fromkeys([*first, *(key for row in rows for key in row)])
    return sorted(found, key=lambda key: order.index(base) if (base := key.split("::")[0]) in order else len(order))


def workbook(model: Model) -> bytes:
    """The XLSX: every cell a text, so that none becomes a formula nor a date."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, options)
    bold = book.add_format({"bold": True, "bottom": 1})
    typed = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
    first = {"survey": ("type", "name"), "choices": ("list_name", "name"), "settings": ("form_title",)}
    for title, rows in tables(model).items():
        sheet = book.add_worksheet(title)
        for rank, heading in enumerate(headings(rows, first[title])):
            sheet.set_column(rank, rank, WIDTHS.get(heading.split("::")[0], 22), typed)
            sheet.write_string(0, rank, heading, bold)
            for line, row in enumerate(rows, start=1):
                if said := row.get(heading):
                    sheet.write_string(line, rank, said, typed)
        sheet.freeze_panes(1, 2)
    book.close()
    return out.getvalue()
