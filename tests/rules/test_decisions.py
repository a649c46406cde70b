"""The reference's decisions, the worst vote against the law written a second time, the guards of the engine."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from entremise.rules import engine
from entremise.rules.engine import Asked, EngineRefused, deciding, facts, shipped
from entremise.rules.engine.vocabulary import CATEGORIES, COLLEGES, FIELD_ACTIONS, PURPOSES, ROLES
from tests.rules.cases import CASES
from tests.rules.law import law
from tests.rules.world import CONSENT, CRISIS, TWO, Worlds

NOW = datetime(2026, 7, 14, 10, tzinfo=UTC)
WORST = '@id("rule-worst") permit (principal, action, resource);'
OWN = ("name", "birth", "phone", "address", "preferences", "relatives", "housing")
DEEDS = ("search", "print", "export", "compute", "import_file", "erase", "shred")


@pytest.fixture(scope="module")
def shipped_rules():
    return engine.compile(shipped.schema(), shipped.floor(), shipped.rulebook())


@pytest.fixture(scope="module")
def worst_rules():
    return engine.compile(shipped.schema(), shipped.floor(), WORST)


def decide(compiled: engine.Compiled, asked: list[Asked], **more: Any) -> list[engine.Verdict]:
    return engine.decide(compiled, engine.base(compiled, facts.registers(asked)), asked, **more)


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]}-{c[1]}-{c[2]}-{c[3]}-{c[4]}-{c[6]}")
def test_the_decisions_of_the_reference(shipped_rules, case, share):
    who, action, what, purpose, category, more, want = case
    world = Worlds(NOW)
    verdict = decide(shipped_rules, [world.ask(who, action, what, purpose, category, **more)], share=share)[0]
    assert verdict.alarm == ""
    assert verdict.allowed == bool(want and want[0] == "+")
    if want is None:
        assert (verdict.by, verdict.why) == ((), "Aucune règle ne l’autorise.")
    else:
        assert want.lstrip("+") in verdict.by
        note = next(n for n in verdict.notes if n.id == want.lstrip("+"))
        assert note.title
        assert note.text
        assert note.article or note.votable
        assert note.title in verdict.why
    assert bool(verdict.contest) != verdict.allowed


def rights(world: Worlds) -> list[Asked]:
    """What must stay allowed whatever is voted (reference § 5, « rights gate »)."""
    asked = [world.ask("p1", "read", "r1", "people.rights", c) for c in CATEGORIES]
    asked += [world.ask(w, "write", "r1", "people.rights", c) for w in ("p1", "m1") for c in OWN]
    for who in ("desk", "dan"):
        for action in ("read", "write"):
            asked += [world.ask(who, action, "r1", "people.rights", c, identity_checked=True) for c in CATEGORIES]
    asked += [
        world.ask("p1", "read_trail", "r1", "people.rights"),
        world.ask("m1", "read", "r1", "people.rights", "phone"),
        world.ask("m1", "read_trail", "r1", "people.rights"),
        world.ask("desk", "search", "heat", "people.rights"),
        world.ask("dan", "read_trail", "r1", "vault.audit"),
        world.ask("dan", "erase", "r1", "people.rights", approvers=1),
        world.ask("gus", "erase", "r1", "registers.keep", approvers=1),
        world.ask("mayor", "export", "legal", "registers.prefect", approvers=1),
        world.ask("mayor", "export_line", "r-legal", "registers.prefect", "birth", approvers=1),
        world.ask("nina", "read", "r2", "outreach.rescue", "health"),
    ]
    for who in ("sam", "nina", "lea"):
        for action in ("read", "disclose"):
            for category in ("name", "phone", "address", "position", "relatives", "housing"):
                asked.append(world.ask(who, action, "r-urg", "outreach.rescue", category))
    return asked


@pytest.mark.parametrize("rulebook", ["", WORST])
def test_no_lawful_vote_takes_a_right_away(rulebook):
    asked = rights(Worlds(NOW))
    assert len(asked) == 150
    compiled = engine.compile(shipped.schema(), shipped.floor(), rulebook)
    assert all(verdict.allowed for verdict in decide(compiled, asked))


# the worst vote


class Chance:
    """Situations drawn around the lawful one, so that each prohibition is met alone."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.world = Worlds(NOW)
        d, w = self.dice, self.world
        self.registers = [
            w.register(
                f"g{n}", nominative=self.yes(0.4), purposes=self.some(PURPOSES, 0.95),
                crisis_declared=self.yes(0.85), status=d.choice(["open"] * 15 + ["project", "suspended", "closed"]),
                impact_assessment_signed=self.yes(0.85), expires_at=w.later if self.yes(0.9) else w.past,
                k_threshold=d.choice([11, 11, 20]),
            )
            for n in range(30)
        ]  # fmt: skip
        names = [r.id for r in self.registers]
        self.agents = [
            w.agent(
                f"w{n}", *d.sample(list(ROLES), d.choice([1, 1, 2])),
                organisation=d.choice(["ccas"] * 6 + ["dept"] * 3 + ["assureur"]), purposes=self.some(PURPOSES, 0.95),
                named_in=self.some(names, 0.9), active_until=w.later if self.yes(0.96) else w.past,
                commitment_until=w.later if self.yes(0.96) else w.past, suspended=self.yes(0.03),
                professional_secrecy=self.yes(0.6), level=d.randrange(5),
            )
            for n in range(80)
        ]  # fmt: skip
        persons = list(w.persons)
        team = [a.id for a in self.agents]
        self.records = [
            facts.RecordFacts(
                f"x{n}", d.choice(self.registers), d.choice(persons),
                status=d.choice(["active"] * 12 + ["to_inform", "informed", "frozen", "closed"]),
                objections=self.some(PURPOSES, 0.04), consents=self.some(PURPOSES, 0.85),
                assigned_to=self.some(team, 0.5), released_to=self.some(persons, 0.5),
                difficulty_open=self.yes(0.5), emergency_open=self.yes(0.3), protected=self.yes(0.1),
            )
            for n in range(240)
        ]  # fmt: skip

    def yes(self, chance: float) -> bool:
        return self.dice.random() < chance

    def some(self, codes: Any, chance: float) -> frozenset[str]:
        return frozenset(code for code in codes if self.yes(chance))

    def circumstances(self) -> dict[str, Any]:
        d = self.dice
        return {
            "motive_given": self.yes(0.93), "mfa": self.yes(0.93), "fresh_mfa": self.yes(0.9),
            "approvals": self.some(COLLEGES, 0.85), "approvers": d.choice([0, 1, 1, 2, 2, 3]),
            "records_in_hour": d.choice([1, 5, 30, 30, 31, 500, 501]), "identity_checked": self.yes(0.9),
            "deeds_in_hour": d.choice([1, 2, 5, 6, 121]), "rows": d.choice([1, 60, 200, 201]),
            "smallest_cell": d.choice([5, 10, 11, 12, 25, 40]), "complement_suppressed": self.yes(0.9),
            "queries_left": d.choice([0, 1, 5, 9]),
        }  # fmt: skip

    CORNERS = (
        ("read", "mutualaid.moderate", "message", ""), ("export_line", "registers.prefect", "", "controller"),
        ("read", "referrals.refer", "health", ""), ("read", "people.rights", "health", ""),
        ("feed", "registers.link", "", ""), ("read_trail", "vault.audit", "", "dpo"),
        ("read", "outreach.rescue", "health", ""), ("disclose", "outreach.rescue", "", ""),
        ("read", "registers.inform", "", ""), ("export", "registers.prefect", "", "controller"),
    )  # fmt: skip

    def asked(self) -> Asked:
        d, uses = self.dice, tuple(FIELD_ACTIONS)
        kind = d.choice(["Agent"] * 10 + ["Person", "Mandate"])
        who: facts.Who
        if kind == "Agent":
            who, action = d.choice(self.agents), d.choice(uses + uses + DEEDS + ("aggregate", "read_trail"))
        else:
            shelf: Any = self.world.persons if kind == "Person" else self.world.mandates
            who, action = d.choice(list(shelf.values())), d.choice(["read", "read", "write", "read_trail"])
        purpose, category = d.choice(list(PURPOSES)), d.choice(list(CATEGORIES))
        if (kind != "Agent" and self.yes(0.7)) or (action in ("erase", "read_trail") and self.yes(0.5)):
            purpose = "people.rights"
        elif action == "shred" and self.yes(0.7):
            purpose = "registers.keep"
        if kind == "Agent" and self.yes(0.4):
            action, purpose, focus, role = d.choice(self.CORNERS)
            category = focus or category
            who = d.choice([a for a in self.agents if not role or role in a.roles])
        if kind == "Person" and self.yes(0.6):
            purpose = d.choice(["mutualaid.contact", "mutualaid.meet"])
            category = d.choice(["name", "phone", "address", "position", "message", "social"])
        on_record = action in (*uses, "erase", "read_trail")
        what: facts.What = d.choice(self.records) if on_record else d.choice(self.registers)
        how = self.world.how(action, purpose, category)
        known = {k: v for k, v in self.circumstances().items() if hasattr(how, k)}
        return Asked(who, action, what, replace(how, **known))


@pytest.fixture(scope="module")
def situations():
    chance = Chance(2020)
    return [chance.asked() for _ in range(6_000)]


def test_a_vote_that_permits_everything_never_crosses_the_floor(worst_rules, situations):
    verdicts = decide(worst_rules, situations)
    alone: Counter[str] = Counter()
    for asked, verdict in zip(situations, verdicts, strict=True):
        broken = law(asked, CONSENT, CRISIS)
        fired = {rule for rule in verdict.by if rule.startswith("floor-")}
        assert verdict.alarm == ""
        assert not (verdict.allowed and broken), (asked, broken)
        assert fired == broken, asked
        if len(broken) == 1:
            alone[next(iter(broken))] += 1
    assert sum(verdict.allowed for verdict in verdicts) > 100
    prohibitions = {rule for rule in worst_rules.notes if rule.startswith("floor-")}
    assert set(alone) == prohibitions  # each one is somewhere the only one that holds
    assert len(prohibitions) == 31


def test_sharing_decisions_changes_none(shipped_rules, situations):
    some = situations[:600]
    assert decide(shipped_rules, some) == decide(shipped_rules, some, share=False)


@pytest.mark.parametrize("rule", [p["annotations"]["id"] for p in engine.tree(shipped.floor())])
def test_a_floor_without_one_of_its_rules_is_seen(rule, situations):
    """Mutants: the law in Python, or the rights, tell every floor from which one rule is missing."""
    texts = shipped.floor().split("\n@id(")
    floor = texts[0] + "".join("\n@id(" + text for text in texts[1:] if not text.startswith(f'"{rule}"'))
    try:
        mutant = engine.compile(shipped.schema(), floor, WORST if rule.startswith("floor-") else "")
    except EngineRefused as refused:
        assert refused.problems[0].code == "self_test"  # noqa: PT017
        return
    if rule.startswith("right-"):
        assert not all(verdict.allowed for verdict in decide(mutant, rights(Worlds(NOW))))
        return
    lonely = [a for a in situations if law(a, CONSENT, CRISIS) == {rule}][:3]
    assert lonely
    assert all(verdict.allowed for verdict in decide(mutant, lonely))


# guards


def test_a_prohibition_made_to_err_is_a_refusal_and_an_alarm(worst_rules):
    world = Worlds(NOW)
    asked = world.ask("lea", "read", "r1", "outreach.call", "phone")
    base = engine.base(worst_rules, facts.registers([asked]))
    request = facts.request(asked)  # neither the agent nor the record is loaded
    verdict = deciding._ask(worst_rules, base.entities, [request])[0]
    assert (verdict.allowed, verdict.by) == (False, ())
    assert verdict.alarm


@pytest.mark.parametrize(
    "spoil",
    [
        lambda a: replace(a, how=replace(a.how, purpose="fraud_control")),
        lambda a: replace(a, how=replace(a.how, category="income")),
        lambda a: replace(a, how=replace(a.how, purpose="outreach")),
        lambda a: replace(a, how=replace(a.how, now=datetime(2026, 7, 14))),  # noqa: DTZ001
        lambda a: replace(a, how=replace(a.how, records_in_hour="1")),
        lambda a: replace(a, action="peek"),
        lambda a: replace(a, action="search"),
        lambda a: replace(a, who=replace(a.who, roles=frozenset({"operator"}))),
        lambda a: replace(a, what=replace(a.what, status="lost")),
        lambda a: replace(a, what=replace(a.what, register=replace(a.what.register, id="elsewhere"))),
    ],
    ids=["purpose", "category", "broader", "naive", "type", "action", "kind", "role", "status", "register"],
)
def test_whatever_is_odd_is_no(worst_rules, spoil):
    world = Worlds(NOW)
    asked = world.ask("lea", "read", "r1", "outreach.call", "phone")
    base = engine.base(worst_rules, [world.registers["heat"]])
    assert engine.decide(worst_rules, base, [asked])[0].allowed
    verdicts = engine.decide(worst_rules, base, [spoil(asked), asked])
    assert not verdicts[0].allowed
    assert verdicts[0].alarm
    assert verdicts[0].why.startswith("Le coffre n’a pas pu décider")


@pytest.mark.parametrize(
    ("schema", "floor", "rulebook"),
    [
        ("", None, ""),
        (None, "", ""),
        (None, None, '@id("floor-mine") permit (principal, action, resource);'),
        (None, None, "permit (principal, action, resource);"),
        (None, None, '@id("rule-bad") forbid (principal, action, resource);'),
        (None, None, '@id("rule-bad") permit (principal is Agent in Role::"calller", action, resource);'),
        (None, '@id("floor-x-y") permit (principal, action, resource);', ""),
    ],
)
def test_what_does_not_stand_is_not_compiled(schema, floor, rulebook):
    with pytest.raises(EngineRefused) as refused:
        engine.compile(
            shipped.schema() if schema is None else schema, shipped.floor() if floor is None else floor, rulebook
        )
    assert refused.value.message.startswith("Ces règles ne peuvent pas entrer en vigueur")


def test_two_hundred_records_of_one_profile_are_decided_once(shipped_rules, monkeypatch):
    world = Worlds(NOW)
    records = [replace(world.records["r2"], id=f"r{n}", person=f"person{n}") for n in range(200)]
    how = [world.how("read", "outreach.call", c) for c in ("name", "phone", "address")]
    asked = [Asked(world.agents["sam"], "read", record, one) for record in records for one in how]
    sizes = []
    ask = deciding._ask
    monkeypatch.setattr(deciding, "_ask", lambda c, e, r: sizes.append(len(r)) or ask(c, e, r))
    verdicts = decide(shipped_rules, asked)
    assert sizes == [3]
    assert len(verdicts) == 600
    assert all(verdict.by == ("rule-supervise",) for verdict in verdicts)


def test_only_the_engine_speaks_to_cedar():
    from pathlib import Path

    import entremise

    source = Path(entremise.__file__).parent
    speakers = {
        p.relative_to(source).as_posix() for p in source.rglob("*.py") if "import cedarpy" in p.read_text("utf-8")
    }
    assert speakers == {"rules/engine/deciding.py", "rules/engine/child.py"}


def test_approvals_of_two_colleges_open_what_one_does_not(shipped_rules):
    world = Worlds(NOW)
    one, two = (
        world.ask("nina", "read", "r-diff", "referrals.refer", "health", approvals=colleges, approvers=2)
        for colleges in (frozenset({"institutions"}), TWO)
    )
    verdicts = decide(shipped_rules, [one, two])
    assert [verdict.allowed for verdict in verdicts] == [False, True]
