"""What changed from one version of a script to the next: questions added, removed, changed. Plain Python."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from entremise.outreach.engine.xlsform.headers import LANGUAGES
from entremise.outreach.engine.xlsform.model import GROUP, Item, Model

SAID: Final = {
    "type": "type", "list": "liste", "group": "groupe", "required": "obligatoire", "relevant": "montrée si",
    "constraint": "acceptée si", "calculation": "calcul", "default": "réponse de départ",
    "read_only": "non modifiable", "choice_filter": "choix filtrés par", "parameters": "bornes",
    "appearance": "apparence",
    "need": "besoin proposé", "when": "déclenchée si", "emergency": "urgence", "label": "libellé", "hint": "aide",
    "required_message": "message si vide", "constraint_message": "message si refusée",
}  # fmt: skip
"""Member of an item → what a field team calls it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One member that changed: what it is called, before, after."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """`kind`: added, removed, changed or moved. `name` and `label` of the question."""

    kind: str
    name: str
    label: str
    parts: tuple[Part, ...] = ()


def compare(before: Model, after: Model) -> list[Difference]:
    """Added and changed in the order of `after`, then those that moved, then removed ones."""
    found = []
    for item in after.items:
        old = before.by_name.get(item.name)
        if old is None:
            found.append(Difference("added", item.name, _label(item, after)))
        elif parts := tuple(_parts(old, item, before, after)):
            found.append(Difference("changed", item.name, _label(item, after), parts))
    found += [Difference("moved", name, _label(after.by_name[name], after)) for name in _moved(before, after)]
    gone = [item for item in before.items if item.name not in after.by_name]
    return found + [Difference("removed", item.name, _label(item, before)) for item in gone]


def alike(before: Item, after: Item, old: Model, new: Model) -> bool:
    """Whether statistics of both may be added up: same name, type and choices (reference § 5.7)."""
    codes = [
        [choice.name for choice in model.lists.get(item.list, ())] for item, model in ((before, old), (after, new))
    ]
    return (before.name, before.type) == (after.name, after.type) and codes[0] == codes[1]


def _label(item: Item, model: Model) -> str:
    return model.words(item.label, "") or model.words(item.hint, "")


def _parts(old: Item, new: Item, before: Model, after: Model) -> Iterator[Part]:
    for member, label in SAID.items():
        was, now = getattr(old, member), getattr(new, member)
        if was == now:
            continue
        if isinstance(now, dict):
            for code in sorted({*was, *now}):
                if was.get(code, "") != now.get(code, ""):
                    yield Part(f"{label} ({LANGUAGES.get(code, code)})", was.get(code, ""), now.get(code, ""))
        else:
            yield Part(label, _said(was), _said(now))
    if old.list or new.list:
        was, now = _choices(old, before), _choices(new, after)
        for code in dict.fromkeys([*now, *was]):
            if was.get(code) != now.get(code):
                yield Part(f"choix « {code} »", was.get(code, ""), now.get(code, ""))
        if set(was) == set(now) and list(was) != list(now):
            yield Part("ordre des choix", ", ".join(was), ", ".join(now))


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, tuple):
        return ", ".join(value)
    return "oui" if value == "yes" else str(value)


def _choices(item: Item, model: Model) -> dict[str, str]:
    return {
        choice.name: " / ".join([*choice.label.values(), *(f"{key} : {said}" for key, said in choice.columns.items())])
        for choice in model.lists.get(item.list, ())
    }


def _moved(before: Model, after: Model) -> list[str]:
    """Names kept in both but in another order: those outside the longest run that kept its order."""
    places = {item.name: rank for rank, item in enumerate(before.items)}
    kept = [item.name for item in after.items if item.name in places and item.type != GROUP]
    tails: list[list[str]] = []  # tails[n]: the run of n + 1 names that ends the earliest
    for name in kept:
        rank = next((n for n, run in enumerate(tails) if places[run[-1]] > places[name]), len(tails))
        run = [*(tails[rank - 1] if rank else []), name]
        tails[rank : rank + 1] = [run]
    still = set(tails[-1]) if tails else set()
    return [name for name in kept if name not in still]
