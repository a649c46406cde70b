"""A script as it is printed: questions numbered, choices as boxes, and who goes where said in words.

The screen hides what does not apply; paper says « seulement si la question 3 est Oui ». Plain Python on the canonical
model of a script.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from entremise.outreach.engine.xlsform.model import GROUP, SELECTS, Item, Model

LINES: Final = {"text": 2, "integer": 1, "decimal": 1, "date": 1, "time": 1, "dateTime": 1, "range": 1}
SHAPES: Final = {
    "integer": "nombre", "decimal": "nombre", "date": "jour / mois / année", "time": "heure",
    "dateTime": "jour / mois / année, heure",
}  # fmt: skip
_COMPARED = re.compile(r"\$\{([\w.-]+)\}\s*(!=|=|<=|>=|<|>)\s*('[^']*'|\"[^\"]*\"|-?[\d.]+)")
_SELECTED = re.compile(r"selected\(\s*\$\{([\w.-]+)\}\s*,\s*('[^']*'|\"[^\"]*\")\s*\)")
_WORDS = {
    "=": "est", "!=": "n’est pas", "<": "est moins de", ">": "est plus de", "<=": "est au plus", ">=": "est au moins"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Printed:
    """One block of the sheet. `number`: of a question, 0 for a note or a heading; `when`: the condition, in words."""

    kind: str
    number: int
    label: str
    hint: str = ""
    when: str = ""
    boxes: list[str] = field(default_factory=list)
    several: bool = False
    lines: int = 0
    shape: str = ""
    alarm: bool = False

    def as_data(self) -> dict[str, Any]:
        return asdict(self)


def printed(model: Model, lang: str = "") -> list[Printed]:
    """The blocks of a script in the order of its file; nothing of what is computed or hidden."""
    lang = lang if lang in model.languages else model.default_language
    numbers = {item.name: place for place, item in enumerate(model.questions, start=1)}
    blocks = []
    for item in model.items:
        if not item.seen:
            continue
        kind = "group" if item.type == GROUP else "question" if item.name in numbers else "note"
        label = _bare(model.words(item.label, lang), model, numbers)
        if kind != "question" and not label:
            continue
        boxes = [model.words(choice.label, lang) or choice.name for choice in model.lists.get(item.list, ())]
        if item.type in ("acknowledge", "trigger"):
            boxes = ["Lu, ou dit"]
        blocks.append(
            Printed(
                kind, numbers.get(item.name, 0), label, _bare(model.words(item.hint, lang), model, numbers),
                condition(item, model, lang), boxes, item.type == "select_multiple",
                0 if boxes or kind != "question" else LINES.get(item.type, 1), SHAPES.get(item.type, ""),
                item.emergency,
            )
        )  # fmt: skip
    return blocks


def condition(item: Item, model: Model, lang: str) -> str:
    """When the item applies, in words; nothing when always. What hangs on a computed value says that value's name."""
    if not item.relevant:
        return ""
    numbers = {one.name: place for place, one in enumerate(model.questions, start=1)}

    def named(name: str) -> str:
        if name in numbers:
            return f"la question {numbers[name]}"
        known = model.by_name.get(name)
        return f"« {model.words(known.label, lang) if known and known.label else name} »"

    def value(name: str, said: str) -> str:
        text = said.strip("'\"")
        known = model.by_name.get(name)
        if known is not None and known.type in SELECTS:
            for choice in model.lists.get(known.list, ()):
                if choice.name == text:
                    return model.words(choice.label, lang) or text
        return text or "vide"

    text = _SELECTED.sub(lambda m: f"{named(m[1])} comprend {value(m[1], m[2])}", item.relevant)
    text = _COMPARED.sub(lambda m: f"{named(m[1])} {_WORDS[m[2]]} {value(m[1], m[3])}", text)
    text = re.sub(r"\$\{([\w.-]+)\}", lambda m: named(m[1]), text)
    for word, french in ((r"\band\b", "et"), (r"\bor\b", "ou"), (r"\bnot\s*\(", "pas (")):
        text = re.sub(word, french, text)
    return f"Seulement si {' '.join(text.split())}"


def _bare(text: str, model: Model, numbers: dict[str, int]) -> str:
    """A label that quotes an answer says where it stands on the sheet."""
    return re.sub(
        r"\$\{([\w.-]+)\}", lambda m: f"(réponse {numbers[m[1]]})" if m[1] in numbers else "…", text
    )  # fmt: skip
