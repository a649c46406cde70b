"""The rules in force: what they say, what they decide, the values they set."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from threading import Lock
from typing import Any

from entremise.kernel.db import read_rows
from entremise.kernel.errors import DomainError
from entremise.rules import engine
from entremise.rules.engine import Asked, Base, Compiled, EngineRefused, Form, Note, RegisterFacts, Verdict, facts
from entremise.rules.models import AdoptedValue, RuleSet
from entremise.rules.registry import RulePoint, Value, declared

logger = logging.getLogger(__name__)
_lock = Lock()
_compiled: dict[str, Compiled] = {}  # fingerprint: the one set this process decides by


class NoRules(DomainError):
    code = "no_rules"


class Damaged(DomainError):
    """The texts of the active set are no longer those that were adopted: nothing is decided."""

    code = "rules_damaged"


def active() -> RuleSet | None:
    """The rule set in force, whole, with its texts: for pages. One query."""
    return RuleSet.objects.filter(state="active").first()


def numbered(number: int) -> RuleSet | None:
    """A rule set by its number, whatever its state."""
    return RuleSet.objects.filter(number=number).first()


def active_number() -> int | None:
    """The number in force, read again by one indexed query: the journal compares it with that of the verdicts."""
    head = _head()
    return head[0] if head else None


def _head() -> tuple[int, str] | None:
    """(number, fingerprint) of the set in force, asked twice by each opening: in the database's own words."""
    rows = read_rows("SELECT number, fingerprint FROM rules_ruleset WHERE state = 'active'")
    return (rows[0][0], rows[0][1]) if rows else None


def lapses_soon(rule_set: RuleSet | None, now: datetime) -> bool:
    """Whether the provisional rules stop within 30 days: without them, the vault closes for everybody."""
    return (
        rule_set is not None
        and rule_set.provisional
        and rule_set.until is not None
        and rule_set.until - now < timedelta(days=30)
    )


def compiled() -> Compiled:
    """The rules in force, ready to decide: one indexed query, and a compilation when the set is another.

    The query is the switch (reference § 6): no message between workers, no clock, no delay.
    Raises NoRules, Damaged, EngineRefused.
    """
    head = _head()
    if head is None:
        raise NoRules("Aucun règlement n’est installé : le coffre reste fermé. Prévenez l’administrateur.")
    found = _compiled.get(head[1])
    return found if found is not None and found.number == head[0] else _load(head[0])


def _load(number: int) -> Compiled:
    row = RuleSet.objects.get(number=number)
    parts = [engine.digest(text) for text in (row.schema, row.floor, row.rulebook)]
    if parts != [row.schema_sha256, row.floor_sha256, row.rulebook_sha256]:
        raise Damaged("Le règlement enregistré n’est plus celui qui a été adopté : le coffre reste fermé.")
    last = next(iter(_compiled.values()), None)
    if last is not None and parts == [last.schema_sha256, last.floor_sha256, last.rulebook_sha256]:
        made = replace(last, number=number)  # only values changed
    else:
        made = engine.compile(row.schema, row.floor, row.rulebook, number=number)
    with _lock:
        _compiled.clear()
        _compiled[row.fingerprint] = made
    return made


@lru_cache(maxsize=32)
def _base(rules: Compiled, registers: frozenset[RegisterFacts]) -> Base:
    return engine.base(rules, registers)


def decide(asked: Sequence[Asked], rules: Compiled | None = None) -> list[Verdict]:
    """One verdict per question, in order, by the rules in force now. Never raises: whatever is odd is a refusal.

    One query, none when the caller gives the `rules` it has just read. Questions that differ only by whose record it
    is share one decision. An `alarm` is for the DPO.
    """
    if not asked:
        return []
    try:
        rules = rules or compiled()
        base = _base(rules, facts.registers(asked))
    except (DomainError, ValueError) as error:
        reason = error.code if isinstance(error, DomainError) else type(error).__name__
        logger.error("rules: no decision possible (%s)", reason)
        return [Verdict(False, (), reason)] * len(asked)
    verdicts = engine.decide(rules, base, asked)
    if any(verdict.alarm for verdict in verdicts):
        logger.error("rules: %s odd decisions under set %s", sum(bool(v.alarm) for v in verdicts), rules.number)
    return verdicts


# what the rules say


@lru_cache(maxsize=8)
def _forms(rulebook: str) -> tuple[Form, ...]:
    return tuple(engine.to_form(policy) for policy in engine.tree(rulebook)) if rulebook.strip() else ()


def forms(rule_set: RuleSet) -> tuple[Form, ...]:
    """The voted rules of a set, as forms, in order."""
    return _forms(rule_set.rulebook)


@lru_cache(maxsize=8)
def _floor(text: str) -> tuple[Note, ...]:
    said = [policy["annotations"] for policy in engine.tree(text)]
    return tuple(Note(a["id"], a.get("article", ""), a["title"], a["texte"]) for a in said)


def prohibitions(rule_set: RuleSet) -> list[Note]:
    """What no vote can allow."""
    return [note for note in _floor(rule_set.floor) if note.id.startswith("floor-")]


def rights(rule_set: RuleSet) -> list[Note]:
    """What no vote can take away."""
    return [note for note in _floor(rule_set.floor) if note.id.startswith("right-")]


# rule points


@dataclass(frozen=True, slots=True)
class Setting:
    """A rule point and what it is set to: for pages."""

    point: RulePoint
    value: Value
    adopted: bool


def values_of(*points: RulePoint) -> dict[str, Value]:
    """Key → value in force, for several points in one query. An adopted value out of bounds is ignored.

    The query reads the values themselves, in the row of the active set: nothing to cache, nothing to go stale.
    """
    rows = read_rows("SELECT \"values\" FROM rules_ruleset WHERE state = 'active'")
    adopted = _said(rows[0][0]) if rows else {}
    return {p.key: adopted[p.key] if p.accepts(adopted.get(p.key)) else p.default for p in points}


def _said(stored: str | dict[str, Any]) -> dict[str, Any]:
    """JSON as the driver gives it: text, or already read."""
    return json.loads(stored) if isinstance(stored, str) else stored


def settings() -> list[Setting]:
    """Every rule point that contexts declare, with its value in force, by key. One query."""
    points = sorted(declared().values(), key=lambda point: point.key)
    values = values_of(*points)
    return [Setting(point, values[point.key], values[point.key] != point.default) for point in points]


def history(key: str) -> list[AdoptedValue]:
    """The values one point was given, newest first, with the set and the decision."""
    return list(AdoptedValue.objects.filter(key=key).select_related("rule_set"))


def value_of(point: RulePoint) -> Value:
    return values_of(point)[point.key]


def number_of(point: RulePoint) -> int:
    return int(value_of(point))


def flag_of(point: RulePoint) -> bool:
    return bool(value_of(point))


def choice_of(point: RulePoint) -> str:
    return str(value_of(point))


__all__ = [
    "Damaged", "EngineRefused", "NoRules", "Setting", "active", "active_number", "choice_of", "compiled",
    "decide", "flag_of", "forms", "history", "lapses_soon", "number_of", "numbered", "prohibitions", "rights",
    "settings", "value_of", "values_of",
]  # fmt: skip
