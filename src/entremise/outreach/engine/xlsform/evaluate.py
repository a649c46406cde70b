"""What a script shows after some answers: one pass, each item after those it hangs on. Plain Python, no clock.

Source: reference § 5.5. An answer that is not asked any more counts as empty and is dropped at save (`Page.answers`),
but stays on the page (`Page.kept`) so that a slip of the finger on a choice loses nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Final

from entremise.outreach.engine.xlsform.answers import Invalid, understood
from entremise.outreach.engine.xlsform.computing import Scene, Value, compute, text, truth
from entremise.outreach.engine.xlsform.expressions import Expression, filled, read
from entremise.outreach.engine.xlsform.model import GROUP, SELECTS, YES, Choice, Item, Model, Words

REQUIRED: Final = "Répondez à cette question."
REFUSED: Final = "Cette réponse n’est pas possible ici : vérifiez-la."
SAID_YES: Final = frozenset({"oui", "yes", "1", "true"})


class Uncomputable(ValueError):
    """An expression with a fault: its script is a draft that must not be used."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One question, note or group of the page. `value` is the answer, as typed while it is wrong.

    `error`: what is wrong with it, "" when nothing; `missing`: it only waits for an answer.
    """

    item: Item
    model: Model
    value: str
    required: bool
    read_only: bool
    choices: tuple[Choice, ...]
    labels: Mapping[str, str]
    error: str = ""
    missing: bool = False
    lang: str = ""

    @property
    def name(self) -> str:
        return self.item.name

    @property
    def type(self) -> str:
        return self.item.type

    @property
    def is_group(self) -> bool:
        return self.item.type == GROUP

    def label(self, lang: str = "") -> str:
        """Its text in this language (else the page's, else the script's), the answers it quotes put in place."""
        return self._said(self.item.label, lang)

    def hint(self, lang: str = "") -> str:
        return self._said(self.item.hint, lang)

    def _said(self, words: Words, lang: str) -> str:
        return filled(self.model.words(words, lang or self.lang), self.labels)

    def options(self, lang: str = "") -> list[tuple[str, str, bool]]:
        """Its choices: (name, label, chosen)."""
        chosen = set(self.value.split()) if self.type == "select_multiple" else {self.value}
        said = [(choice, self.model.words(choice.label, lang or self.lang)) for choice in self.choices]
        return [(choice.name, filled(label, self.labels), choice.name in chosen) for choice, label in said]


@dataclass(frozen=True, slots=True)
class Page:
    """What is shown and what would be saved.

    `visible`: groups, notes and questions in the order of the file. `errors`: name → sentence, of what prevents
    saving; `missing`: those of them that only wait for an answer. `answers`: what is saved, computed values included,
    hidden ones dropped. `kept`: answers given to what is now hidden. `needs`, `emergency`: what the script triggers.
    """

    visible: list[Shown]
    errors: dict[str, str]
    missing: frozenset[str]
    complete: bool
    answers: dict[str, str]
    kept: dict[str, str]
    needs: list[str]
    emergency: bool


@dataclass(slots=True)
class _State:
    scene: Scene
    relevant: dict[str, bool] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, tuple[str, str]] = field(default_factory=dict)  # name → (as typed, sentence)
    choices: dict[str, tuple[Choice, ...]] = field(default_factory=dict)


def evaluate(model: Model, answers: Mapping[str, str], now: datetime, zone: tzinfo, lang: str = "") -> Page:
    """The page after these answers. `now` is aware; `zone` is the campaign's. `lang` of its sentences.

    Raises Uncomputable for a draft whose expressions have faults.
    """
    values: dict[str, str] = {}
    state = _State(Scene(values, now, zone), values=values)
    for item in model.order:
        _settle(item, model, answers, state)
    labels = _Labels(model, state, lang)
    visible, errors, missing = [], {}, set()
    needs: dict[str, None] = {}
    emergency = False
    for item in model.items:
        if not state.relevant[item.name]:
            continue
        if item.seen:
            shown = _shown(item, model, state, labels, lang)
            visible.append(shown)
            if shown.error:
                errors[item.name] = shown.error
            if shown.missing:
                missing.add(item.name)
        if (item.need or item.emergency) and _triggered(item, state):
            needs.update(dict.fromkeys(item.need))
            emergency = emergency or item.emergency
    saved = {item.name: state.values[item.name] for item in model.items if state.values.get(item.name)}
    hidden = {
        item.name: answers[item.name] for item in model.questions
        if not state.relevant[item.name] and answers.get(item.name)
    }  # fmt: skip
    return Page(visible, errors, frozenset(missing), not errors, saved, hidden, list(needs), emergency)


def _value(expression: Expression, scene: Scene, own: str = "") -> Value:
    if expression.tree is None or expression.faults:
        raise Uncomputable(expression.text)
    scene.own = own
    return compute(expression.tree, scene)


def _settle(item: Item, model: Model, answers: Mapping[str, str], state: _State) -> None:
    """Whether it is asked, and its value; all it hangs on is settled."""
    scene = state.scene
    here = not item.group or state.relevant[item.group]
    if here and item.relevant:
        here = truth(_value(read(item.relevant), scene))
    state.relevant[item.name] = here
    if item.type == GROUP or item.type == "note":
        return
    state.values[item.name] = ""
    if not here:
        return
    if item.type in SELECTS:
        state.choices[item.name] = _offered(item, model, state)
    if item.calculation:
        said = _value(read(item.calculation), scene)
        unknown = isinstance(said, float) and math.isnan(said)
        state.values[item.name] = "" if unknown else text(said)
        return
    typed = answers.get(item.name) if item.asked and item.read_only != YES else None
    if typed is None:
        typed = text(_value(read(item.default), scene)) if item.default and item.dynamic else item.default
    if not item.asked:
        state.values[item.name] = typed
        return
    offered = [choice.name for choice in state.choices.get(item.name, ())]
    try:
        state.values[item.name] = understood(item, typed, offered)
    except Invalid as invalid:
        state.wrong[item.name] = (typed, str(invalid))


def _offered(item: Item, model: Model, state: _State) -> tuple[Choice, ...]:
    choices = model.lists.get(item.list, ())
    if not item.choice_filter:
        return choices
    kept = []
    for choice in choices:
        state.scene.row = {**choice.columns, "name": choice.name}
        if truth(_value(item.filter, state.scene)):
            kept.append(choice)
    return tuple(kept)


def _shown(item: Item, model: Model, state: _State, labels: _Labels, lang: str) -> Shown:
    value = state.values.get(item.name, "")
    typed, error = state.wrong.get(item.name, (value, ""))
    if not item.asked:
        return Shown(item, model, value, False, True, state.choices.get(item.name, ()), labels, lang=lang)
    required = _yes(item.required, state, value)
    missing = required and not value and not error
    if missing:
        error = filled(model.words(item.required_message, lang), labels) or REQUIRED
    elif value and item.constraint and not truth(_value(read(item.constraint), state.scene, value)):
        error = filled(model.words(item.constraint_message, lang), labels) or REFUSED
    locked = _yes(item.read_only, state, value)
    choices = state.choices.get(item.name, ())
    return Shown(item, model, typed, required, locked, choices, labels, error, missing, lang)


def _yes(said: str, state: _State, own: str) -> bool:
    return said == YES or (bool(said) and truth(_value(read(said), state.scene, own)))


def _triggered(item: Item, state: _State) -> bool:
    value = state.values.get(item.name, "")
    if item.when:
        return truth(_value(read(item.when), state.scene, value))
    return item.type in ("note", GROUP) or value.lower() in SAID_YES


class _Labels(Mapping[str, str]):
    """What a label quotes: the answer in words, since « joint » is a code and « Jointe » is read aloud."""

    def __init__(self, model: Model, state: _State, lang: str) -> None:
        self.model, self.state, self.lang = model, state, lang

    def __getitem__(self, name: str) -> str:
        value = self.state.values.get(name, "")
        item = self.model.by_name.get(name)
        if value and item is not None and item.type in SELECTS:
            words = {choice.name: choice.label for choice in self.state.choices.get(name, ())}
            named = [self.model.words(words[code], self.lang) for code in value.split() if code in words]
            return ", ".join(named)
        return value

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.state.values)

    def __len__(self) -> int:
        return len(self.state.values)
