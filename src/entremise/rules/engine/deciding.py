"""Reading, compiling and deciding: the only module, with `child`, that speaks to cedarpy.

Every guard is that of reference rules-vault-commons § 6. Above all: whatever is odd is a refusal and an alarm.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import cedarpy

from entremise.rules.engine import facts as f
from entremise.rules.engine.errors import EngineRefused, in_french
from entremise.rules.engine.facts import Asked, RecordFacts, RegisterFacts
from entremise.rules.engine.lint import LONGEST, Problem, lint

CHILD: Final = Path(__file__).with_name("child.py")
PATIENCE: Final = 5.0  # seconds given to the first reading of a text
MOST: Final = 100  # rules in a rulebook: beyond, a decision costs over 2 ms
CONTEST: Final = "Pour contester : écrire au délégué à la protection des données, ou proposer une autre règle."
NOBODY: Final = "Aucune règle ne l’autorise."
ODD: Final = "Le coffre n’a pas pu décider avec certitude : dans le doute, c’est non. Une alerte est partie."


def digest(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Note:
    """A rule as it is named to people: its id, its article of law if any, its French title and text."""

    id: str
    article: str
    title: str
    text: str

    @property
    def votable(self) -> bool:
        return self.id.startswith("rule-")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`by`: the rules that decided; permits when allowed, prohibitions when refused, none when nobody allows it.

    `alarm` is for the DPO, never for whoever asks. `rule_set` is the number of the set that decided.
    """

    allowed: bool
    by: tuple[str, ...]
    alarm: str = ""
    notes: tuple[Note, ...] = ()
    rule_set: int = 0

    @property
    def why(self) -> str:
        """One French sentence: which rule, its article."""
        if self.alarm:
            return ODD
        if not self.notes:
            return NOBODY
        said = [f"{n.title} ({n.article or n.id})." for n in self.notes]
        return " ".join(said)

    @property
    def contest(self) -> str:
        """How to contest, in French; empty when it was allowed."""
        return "" if self.allowed else CONTEST


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A rule set ready to decide. Made by `compile`, after its self-test; never edited. Equal to itself only."""

    number: int
    schema_sha256: str
    floor_sha256: str
    rulebook_sha256: str
    notes: Mapping[str, Note] = field(repr=False)
    schema: cedarpy.Schema = field(repr=False)
    policies: cedarpy.PolicySet = field(repr=False)
    counts: tuple[int, ...] | None = field(repr=False, default=None)
    """The numbers that `records_in_hour` is compared with, in order; None when one comparison is of another kind."""

    def level(self, count: int) -> int:
        """A count that decides as this one does: the next number it is compared with, or one beyond them all.

        Rules compare it by `<=` and `>` only: between two of these numbers, nothing changes. So that records opened
        one after the other share decisions.
        """
        if self.counts is None:
            return count
        place = bisect_left(self.counts, count)
        return self.counts[place] if place < len(self.counts) else (self.counts or (0,))[-1] + 1


@dataclass(frozen=True, slots=True)
class Base:
    """The registers, parsed once for one rule set. `ids` are those it knows."""

    registers: frozenset[RegisterFacts]
    entities: cedarpy.Entities = field(repr=False)


def check(text: str, schema: str, *, longest: int = LONGEST) -> list[Problem]:
    """What is wrong with a rule text nobody has read yet: lint first, then a reading in a process that may die.

    At most `PATIENCE` seconds. An empty list says that the engine accepts it, not that the form can hold it.
    """
    if problem := lint(text, longest=longest):
        return [problem]
    asked = json.dumps({"schema": schema, "text": text})
    command = [sys.executable, "-I", str(CHILD)]
    try:
        done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603  # our own script, the text on its standard input
    except subprocess.TimeoutExpired:
        return [Problem("interrupted", "Analyse interrompue : elle durait trop longtemps.")]
    if done.returncode:
        return [Problem("interrupted", f"Analyse interrompue ({done.returncode}).", done.stderr[-200:])]
    return [in_french(error) for error in json.loads(done.stdout)["errors"]]


def tree(text: str) -> list[dict[str, Any]]:
    """The policies of a text already checked, in order. Raises EngineRefused on what does not parse."""
    try:
        policies: dict[str, dict[str, Any]] = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]
    except ValueError as error:
        raise EngineRefused(in_french(str(error))) from None
    return [policies[key] for key in sorted(policies, key=lambda key: int(key.removeprefix("policy")))]


def _notes(policies: Iterable[Mapping[str, Any]]) -> dict[str, Note]:
    notes = {}
    for policy in policies:
        said = policy["annotations"]
        notes[said["id"]] = Note(said["id"], said.get("article", ""), said.get("title", ""), said.get("texte", ""))
    return notes


def counts_of(policies: Iterable[Mapping[str, Any]], attribute: str = "records_in_hour") -> tuple[int, ...] | None:
    """The whole numbers that a count of the context is compared with by `<=` or `>`, sorted; None when it is used in
    any other way."""
    reading = {".": {"left": {"Var": "context"}, "attr": attribute}}
    found: set[int] = set()
    odd = False

    def walk(node: object) -> None:
        nonlocal odd
        if node == reading:
            odd = True
        elif isinstance(node, Mapping):
            for name, inside in node.items():
                if name in ("<=", ">") and isinstance(inside, Mapping) and inside.get("left") == reading:
                    value = inside.get("right", {}).get("Value")
                    if isinstance(value, int) and not isinstance(value, bool):
                        found.add(value)
                    else:
                        odd = True
                else:
                    walk(inside)
        elif isinstance(node, (list, tuple)):
            for inside in node:
                walk(inside)

    walk(list(policies))
    return None if odd else tuple(sorted(found))


def compile(schema: str, floor: str, rulebook: str, *, number: int = 0) -> Compiled:  # the name of § 6
    """A rule set ready to decide. Raises EngineRefused: bad text, bad layer, failed self-test."""
    for text, is_floor in ((floor, True), (rulebook, False)):
        if text.strip() and (problem := lint(text, longest=LONGEST * MOST, floor=is_floor)):
            raise EngineRefused(problem)
    below, voted = tree(floor), tree(rulebook)
    if len(voted) > MOST:
        raise EngineRefused(Problem("too_many", f"Un règlement compte au plus {MOST} règles."))
    for policy in below:
        if (policy["effect"] == "forbid") != policy["annotations"]["id"].startswith("floor-"):
            raise EngineRefused(Problem("floor", "Le socle mêle ses interdictions et ses droits."))
    try:
        handle = cedarpy.Schema.from_str(schema)
        whole = floor + "\n" + rulebook
        result = cedarpy.validate_policies(whole, handle)
        policies = cedarpy.PolicySet.from_str(whole)
    except ValueError as error:
        raise EngineRefused(in_french(str(error))) from None
    if not result.validation_passed:
        raise EngineRefused(*(in_french(error.error) for error in result.errors))
    compiled = Compiled(
        number, digest(schema), digest(floor), digest(rulebook), _notes([*below, *voted]), handle, policies,
        counts_of([*below, *voted]),
    )  # fmt: skip
    _self_test(compiled)
    return compiled


def base(compiled: Compiled, registers: Iterable[RegisterFacts]) -> Base:
    """Parse the registers once per (rule set, facts). Raises ValueError when the schema refuses them."""
    rows = frozenset(registers)
    text = json.dumps([f.entity(row) for row in sorted(rows, key=lambda row: row.id)])
    return Base(rows, cedarpy.Entities.from_json_str(text, compiled.schema))


def _verdict(compiled: Compiled, answer: cedarpy.AuthzResult) -> Verdict:
    errors, names = answer.diagnostics.errors, answer.diagnostics.id_annotations_by_reason
    by = tuple(sorted(names.values()))
    if errors or answer.decision is cedarpy.Decision.NoDecision or len(names) != len(answer.diagnostics.reasons):
        return Verdict(False, (), "; ".join(errors) or "no decision", (), compiled.number)
    if unknown := [name for name in by if name not in compiled.notes]:
        return Verdict(False, (), f"unknown rule {unknown[0]}", (), compiled.number)
    return Verdict(answer.allowed, by, "", tuple(compiled.notes[name] for name in by), compiled.number)


def _ask(compiled: Compiled, entities: cedarpy.Entities, requests: list[dict[str, Any]]) -> list[Verdict]:
    answers = cedarpy.is_authorized_batch(requests, compiled.policies, entities, compiled.schema)
    return [_verdict(compiled, answer) for answer in answers]


def decide(compiled: Compiled, base: Base, asked: Sequence[Asked], *, share: bool = True) -> list[Verdict]:
    """One verdict per question, in order; questions of equal profile share one decision. Never raises.

    `share=False` decides each one apart: the tests compare.
    """
    try:
        return _decide(compiled, base, asked, share)
    except Exception as error:  # whatever is odd is a refusal
        odd = Verdict(False, (), f"{type(error).__name__}: {error}"[:500], (), compiled.number)
        return [odd] * len(asked)


def _decide(compiled: Compiled, base: Base, asked: Sequence[Asked], share: bool) -> list[Verdict]:
    numbers: dict[Asked, int] = {}
    order = [numbers.setdefault(f.profile(one) if share else one, len(numbers)) for one in asked]
    whats: dict[f.What, str] = {}
    rows: dict[object, dict[str, Any]] = {}
    requests = []
    for one in numbers:
        request = f.request(one)
        rows[one.who] = f.entity(one.who)
        if isinstance(one.what, RecordFacts):
            if one.what.register not in base.registers:
                raise LookupError("a register the base does not know")
            name = whats.setdefault(one.what, f"record-{len(whats)}" if share else one.what.id)
            row = f.entity(one.what)
            request["resource"]["id"] = row["uid"]["id"] = name
            rows[one.what] = row
        elif one.what not in base.registers:
            raise LookupError("a register the base does not know")
        requests.append(request)
    entities = base.entities.with_added_json_str(json.dumps(list(rows.values())), compiled.schema)
    verdicts = _ask(compiled, entities, requests)
    if len(verdicts) != len(requests):
        raise LookupError("a verdict is missing")
    return [verdicts[number] for number in order]


def _self_test(compiled: Compiled) -> None:
    """Six questions whose answers no rulebook can change; a wrong one, and the vault stays closed."""
    now = datetime(2026, 7, 14, 10, tzinfo=UTC)
    later, rights = now + timedelta(days=90), frozenset({"people.rights", "insights.statistics"})
    ours = frozenset({"ccas"})
    register = RegisterFacts("register", ours, rights, later)
    record = RecordFacts("record", register, "p1")
    agent = f.AgentFacts("agent", frozenset({"desk", "analyst"}), "ccas", rights, later, later)
    use = f.Use("people.rights", now, "phone", mfa=True, identity_checked=True)
    ended = f.MandateFacts("mandate", "p1", now - timedelta(days=1))
    few = f.Count("insights.statistics", now, 10, complement_suppressed=True, queries_left=1)
    cases = [
        (Asked(f.PersonFacts("p1"), "read", record, use), "right-own-access", True),
        (Asked(f.PersonFacts("p2"), "read", record, use), "floor-self", False),
        (Asked(ended, "read", record, use), "floor-mandate", False),
        (Asked(agent, "read", record, use), "right-desk", True),
        (Asked(agent, "aggregate", register, few), "floor-count", False),
    ]
    verdicts = decide(compiled, base(compiled, [register]), [asked for asked, _, _ in cases])
    for (_, rule, allowed), verdict in zip(cases, verdicts, strict=True):
        if verdict.alarm or verdict.allowed != allowed or rule not in verdict.by:
            raise EngineRefused(Problem("self_test", f"L’essai du moteur a échoué sur « {rule} ».", verdict.alarm))
    entities = base(compiled, [register]).entities.with_added_json_str(json.dumps([f.entity(record)]), compiled.schema)
    mute = f.request(cases[0][0])
    del mute["context"]["purpose"]
    if _ask(compiled, entities, [mute])[0].alarm == "":
        raise EngineRefused(Problem("self_test", "L’essai du moteur a échoué : une question sans finalité est reçue."))
