"""A script as it was understood: questions, groups, lists of choices. Canonical JSON, and what is computed from it.

The canonical form is a dict without empty member, written with sorted keys; its sha256 is the script's fingerprint:
    {"format": 1, "title", "form_id", "version", "default_language", "languages": [code…],
     "items": [{"type", "name", "group", "label": {code: text}, "hint", "required", "required_message", "relevant",
                "constraint", "constraint_message", "calculation", "default", "read_only", "appearance", "list",
                "choice_filter", "parameters", "need": [code…], "when", "emergency": true}…],
     "lists": {name: [{"name", "label", "columns": {column: text}}…]}}
`required` and `read_only` are "yes" or an expression. `group` names the group around. Source: reference § 5.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from entremise.outreach.engine.xlsform.expressions import Expression, quoted, read

FORMAT: Final = 1
YES: Final = "yes"
GROUP: Final = "group"
TYPES: Final = (
    "text", "integer", "decimal", "date", "time", "dateTime", "select_one", "select_multiple", "note", "calculate",
    "hidden", "acknowledge", "range",
)  # fmt: skip
UNSEEN: Final = frozenset({"calculate", "hidden"})
SELECTS: Final = frozenset({"select_one", "select_multiple"})
Words = Mapping[str, str]
"""Code of language → text."""


@dataclass(frozen=True, slots=True)
class Choice:
    name: str
    label: Words
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Item:
    """A question, a note, a computed value or a group. Expressions are texts; the read ones are the properties."""

    type: str
    name: str
    group: str = ""
    label: Words = field(default_factory=dict)
    hint: Words = field(default_factory=dict)
    required: str = ""
    required_message: Words = field(default_factory=dict)
    relevant: str = ""
    constraint: str = ""
    constraint_message: Words = field(default_factory=dict)
    calculation: str = ""
    default: str = ""
    read_only: str = ""
    appearance: str = ""
    list: str = ""
    choice_filter: str = ""
    parameters: str = ""
    need: tuple[str, ...] = ()
    when: str = ""
    emergency: bool = False

    @property
    def asked(self) -> bool:
        """It waits for an answer."""
        return self.type not in UNSEEN and self.type not in (GROUP, "note") and not self.calculation

    @property
    def seen(self) -> bool:
        """It is shown when it is relevant."""
        return self.type not in UNSEEN

    @cached_property
    def filter(self) -> Expression:
        return read(self.choice_filter, bare=True)

    @property
    def dynamic(self) -> bool:
        """Its default is computed, not written as it stands."""
        return "${" in self.default or (self.default.endswith(")") and "(" in self.default)

    def leads(self) -> Iterator[tuple[str, Expression]]:
        """The expressions its value or its presence hangs on: what must be known before it."""
        for column in ("relevant", "calculation"):
            if said := getattr(self, column):
                yield column, read(said)
        if self.choice_filter:
            yield "choice_filter", self.filter
        if self.default and self.dynamic:
            yield "default", read(self.default)

    @cached_property
    def bounds(self) -> tuple[float, float, float]:
        """Start, end and step of a `range`; XLSForm's own when it does not say."""
        said = dict(part.split("=", 1) for part in self.parameters.replace(",", " ").split() if "=" in part)
        try:
            start, end, step = (float(said.get(key, given)) for key, given in (("start", 1), ("end", 10), ("step", 1)))
        except ValueError:
            return 1.0, 10.0, 1.0
        return start, end, step


@dataclass(frozen=True)
class Model:
    """A whole script. `order`: its items so that each comes after what it hangs on."""

    title: str
    default_language: str
    languages: tuple[str, ...]
    items: tuple[Item, ...]
    lists: Mapping[str, tuple[Choice, ...]]
    form_id: str = ""
    version: str = ""

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Model:
        """From the canonical form. Expressions are read at their first use and kept by the process."""
        lists = {
            name: tuple(Choice(row["name"], row.get("label", {}), row.get("columns", {})) for row in rows)
            for name, rows in said.get("lists", {}).items()
        }
        items = tuple(Item(**{**row, "need": tuple(row.get("need", ()))}) for row in said["items"])
        return cls(
            said.get("title", ""),
            said["default_language"],
            tuple(said["languages"]),
            items,
            lists,
            said.get("form_id", ""),
            said.get("version", ""),
        )

    def to_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {"format": FORMAT, "items": [_bare(item) for item in self.items]}
        said["languages"], said["default_language"] = list(self.languages), self.default_language
        for key in ("title", "form_id", "version"):
            if value := getattr(self, key):
                said[key] = value
        if self.lists:
            said["lists"] = {name: [_bare(choice) for choice in rows] for name, rows in self.lists.items()}
        return said

    @cached_property
    def by_name(self) -> Mapping[str, Item]:
        return {item.name: item for item in self.items}

    @cached_property
    def order(self) -> tuple[Item, ...]:
        found, _ = arranged(self.items)
        return tuple(found)

    @cached_property
    def leading(self) -> frozenset[str]:
        """The questions whose answer changes what the page shows or says."""
        found: set[str] = set()
        for item in self.items:
            for column in ("relevant", "constraint", "calculation", "default", "required", "read_only", "when"):
                found.update(name for name, _ in read(getattr(item, column)).refs)
            found.update(name for name, _ in item.filter.refs)
            found.update(quotes(item))
            if (item.need or item.emergency) and item.asked:
                found.add(item.name)
        return frozenset(found)

    @property
    def questions(self) -> list[Item]:
        """What waits for an answer, in the order of the file."""
        return [item for item in self.items if item.asked]

    def words(self, said: Words, lang: str) -> str:
        """The text in this language, else in the script's own, else in any."""
        return said.get(lang) or said.get(self.default_language) or next((text for text in said.values() if text), "")


def _bare(row: Item | Choice) -> dict[str, Any]:
    """Its members that say something."""
    kept = {}
    for key in row.__dataclass_fields__:
        value = getattr(row, key)
        if value:
            kept[key] = list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, dict) else value
    return kept


def canonical(said: Mapping[str, Any]) -> str:
    """The canonical text of a model: sorted keys, no space."""
    return json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def fingerprint(said: Mapping[str, Any]) -> str:
    """Its sha256, in hexadecimal."""
    return hashlib.sha256(canonical(said).encode()).hexdigest()


def hangs_on(item: Item, known: Mapping[str, Item]) -> list[tuple[str, str]]:
    """What must be computed before it: (name, column that says so). Itself when it uses `.` where it has no answer."""
    needed = [(item.group, "group")] if item.group else []
    for column, expression in item.leads():
        needed += [(name, column) for name, _ in expression.refs if name in known]
        if expression.own:
            needed.append((item.name, column))
    return needed


def arranged(items: tuple[Item, ...]) -> tuple[list[Item], list[list[str]]]:
    """The items so that each follows what it hangs on, and the loops that forbid it (a → b → a).

    Without recursion: a file may hold a chain of 500 questions.
    """
    known = {item.name: item for item in items}
    done: dict[str, bool] = {}  # False while its own needs are being looked at
    placed: list[Item] = []
    loops: list[list[str]] = []
    for first in items:
        if first.name in done:
            continue
        done[first.name] = False
        path = [first.name]
        stack = [iter(hangs_on(first, known))]
        while stack:
            name = next((name for name, _ in stack[-1] if done.get(name) is not True and name in known), None)
            if name is None:
                stack.pop()
                done[path[-1]] = True
                placed.append(known[path.pop()])
            elif name in done:
                loops.append([*path[path.index(name) :], name])
            else:
                done[name] = False
                path.append(name)
                stack.append(iter(hangs_on(known[name], known)))
    return placed, loops


def quotes(item: Item) -> Iterator[str]:
    """The names its labels and messages quote."""
    for words in (item.label, item.hint, item.required_message, item.constraint_message):
        for text in words.values():
            yield from (name for name, _ in quoted(text)[0])
