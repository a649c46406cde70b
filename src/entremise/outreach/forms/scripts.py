"""The file of a script to send; and the questions of a page of a script, ready for `outreach/_script_questions.html`.

The call screen shows scripts with the same `blocks`, so that what a supervisor tries is what a caller sees.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from django import forms

from entremise.kernel.tables import sentences
from entremise.outreach.engine.xlsform import PREFIX, Page, Shown
from entremise.outreach.engine.xlsform.headers import LANGUAGES
from entremise.outreach.engine.xlsform.reader import LIMITS, MOST_ROWS
from entremise.outreach.usecases.scripts.importing import NAME_MISSING

SENTENCES: Final = sentences(LIMITS)
INPUTS: Final = {
    "integer": {"type": "text", "inputmode": "numeric"},
    "decimal": {"type": "text", "inputmode": "decimal"},
    "range": {"type": "text", "inputmode": "decimal"},
    "date": {"type": "date"},
    "time": {"type": "time"},
    "dateTime": {"type": "datetime-local"},
}
"""Type of a question → attributes of its input; `text` is a small area."""


class ScriptForm(forms.Form):
    """A workbook to send; `label` for a script that is not there yet."""

    label = forms.CharField(
        label="Nom du script",
        max_length=80,
        help_text="Celui que verront les superviseurs : « Canicule », « Prise de nouvelles ».",
        error_messages={"required": NAME_MISSING, "max_length": "Raccourcissez ce nom : 80 signes au plus."},
    )
    file = forms.FileField(
        label="Votre fichier XLSForm",
        help_text=f"xlsx ou csv, {LIMITS.bytes // 1048576} Mo, {MOST_ROWS['survey']} lignes de questions au plus. "
        "Rien n’est mis en service avant que vous ne le disiez.",
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xlsm,.xls,.ods,.csv"}),
        error_messages={
            "required": "Choisissez un fichier sur votre ordinateur.",
            "missing": "Choisissez un fichier sur votre ordinateur.",
            "empty": SENTENCES["empty"],
            "invalid": "Le fichier n’est pas arrivé entier. Envoyez-le à nouveau.",
            "max_length": "Le nom de ce fichier est trop long : raccourcissez-le.",
        },
    )

    def __init__(self, *args: Any, named: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if named:
            del self.fields["label"]

    def clean_file(self) -> Any:
        sent = self.cleaned_data["file"]
        if sent.size > LIMITS.bytes:
            raise forms.ValidationError(SENTENCES["too_heavy"])
        return sent


@dataclass(frozen=True, slots=True)
class Block:
    """One question, note, computed value or heading of a group, as the template shows it.

    `kind`: group, note, computed, choice (one or several), tick, area or input. `name`: of its input.
    `error` is empty while the question only waits and nothing was sent yet.
    """

    kind: str
    name: str
    label: str
    hint: str
    value: str
    error: str = ""
    required: bool = False
    locked: bool = False
    many: bool = False
    options: list[tuple[str, str, bool]] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    leads: bool = False


def blocks(page: Page, *, told: bool = False, lang: str = "") -> list[Block]:
    """The page of a script for its template. `told`: also say which required questions still wait."""
    leading = page.visible[0].model.leading if page.visible else frozenset()
    return [_block(shown, told=told, lang=lang, leads=shown.name in leading) for shown in page.visible]


def _block(shown: Shown, *, told: bool, lang: str, leads: bool) -> Block:
    kind, attributes = "area", {}
    if shown.is_group or shown.type == "note":
        kind = "group" if shown.is_group else "note"
    elif not shown.item.asked:
        kind = "computed"
    elif shown.type in ("select_one", "select_multiple"):
        kind = "choice"
    elif shown.type == "acknowledge":
        kind = "tick"
    elif shown.type in INPUTS:
        kind, attributes = "input", INPUTS[shown.type]
    error = "" if shown.missing and not told else shown.error
    return Block(
        kind,
        PREFIX + shown.name,
        shown.label(lang),
        shown.hint(lang),
        shown.value,
        error,
        shown.required,
        shown.read_only,
        shown.type == "select_multiple",
        shown.options(lang) if kind == "choice" else [],
        dict(attributes),
        leads,
    )


def languages(codes: list[str]) -> list[tuple[str, str]]:
    """Codes of languages with their own names."""
    return [(code, LANGUAGES.get(code, code)) for code in codes]
