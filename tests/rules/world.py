"""The world of the reference's verification, as facts: agents, registers, records, and ways of asking."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from entremise.kernel import clock
from entremise.rules.engine import (
    NEVER,
    AgentFacts,
    Asked,
    Consult,
    Count,
    Deed,
    MandateFacts,
    PersonFacts,
    RecordFacts,
    RegisterFacts,
    Use,
)
from entremise.rules.engine.vocabulary import FIELD_ACTIONS, PURPOSES

ALL = frozenset(PURPOSES)
CONSENT = frozenset({"outreach.keep_in_touch", "mutualaid.contact", "mutualaid.meet", "mutualaid.refund"})
CRISIS = frozenset({"outreach.call", "outreach.visit", "registers.prefect"})
TEAM = frozenset(["lea", "omar", "neo", "zoe", "ida", "eve", "off", "new", "men", "vic"])
TWO = frozenset({"institutions", "registered"})


class Worlds:
    """Everybody of the reference's cases, at one moment (the clock's by default)."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = now or clock.now()
        self.past, self.later = self.now - timedelta(days=100), self.now + timedelta(days=100)
        self.registers = {
            "heat": self.register("heat"),
            "legal": self.register("legal", nominative=True),
            "calm": self.register("calm", crisis_declared=False),
            "old": self.register("old", expires_at=self.past),
            "draft": self.register("draft", status="project"),
        }
        self.agents = {who.id: who for who in self._agents()}
        self.records = {what.id: what for what in self._records()}
        self.persons = {name: PersonFacts(name) for name in ("p1", "p2", "p3")}
        self.mandates = {
            "m1": MandateFacts("m1", "p1", self.later, may_write=True),
            "m-old": MandateFacts("m-old", "p1", self.past, may_write=True),
            "m-read": MandateFacts("m-read", "p1", self.later),
        }

    def register(self, name: str, **more: Any) -> RegisterFacts:
        fact = RegisterFacts(name, frozenset({"ccas", "dept"}), ALL, self.later, CONSENT, CRISIS, crisis_declared=True)
        return replace(fact, **more)

    def agent(self, name: str, *roles: str, **more: Any) -> AgentFacts:
        named = frozenset({"heat", "legal"})
        fact = AgentFacts(name, frozenset(roles), "ccas", ALL, self.later, self.later, named, level=2)
        return replace(fact, **more)

    def record(self, name: str, register: str, person: str, **more: Any) -> RecordFacts:
        fact = RecordFacts(name, self.registers[register], person, consents=CONSENT | {"referrals.refer"})
        return replace(fact, **more)

    def _agents(self) -> list[AgentFacts]:
        a = self.agent
        return [
            a("lea", "caller", level=1), a("omar", "caller", level=4), a("neo", "caller", commitment_until=NEVER),
            a("zoe", "caller", purposes=frozenset({"referrals.refer"})), a("ida", "caller", active_until=self.past),
            a("eve", "caller", organisation="assureur"), a("off", "caller", suspended=True),
            a("new", "caller", named_in=frozenset()), a("men", "mentor"), a("sam", "supervisor"),
            a("nina", "referrer", professional_secrecy=True), a("rob", "referrer"), a("gus", "keeper"),
            a("desk", "desk"), a("vic", "home_visitor"), a("mae", "matchmaker"), a("mod", "moderator"),
            a("bud", "budget_holder"), a("ana", "analyst"), a("dan", "dpo"), a("mayor", "controller"),
        ]  # fmt: skip

    def _records(self) -> list[RecordFacts]:
        def mine(name: str, register: str = "heat", **more: Any) -> RecordFacts:
            return self.record(name, register, "p1", **{"assigned_to": TEAM, **more})

        return [
            mine("r1"), self.record("r2", "heat", "p2", released_to=frozenset({"p3"})),
            self.record("r-diff", "heat", "p1", difficulty_open=True),
            mine("r-obj", objections=frozenset({"outreach.call"})), mine("r-new", status="to_inform"),
            mine("r-ice", status="frozen"), mine("r-calm", "calm"), mine("r-old", "old"), mine("r-legal", "legal"),
            mine("r-urg", emergency_open=True), mine("r-none", consents=frozenset()),
            mine("r-hid", assigned_to=TEAM | {"nina"}, protected=True, difficulty_open=True),
        ]  # fmt: skip

    def how(self, action: str, purpose: str, category: str = "name", **more: Any) -> Use | Deed | Count | Consult:
        careful = {"motive_given": True, "mfa": True, "fresh_mfa": True}
        if action in FIELD_ACTIONS:
            return replace(Use(purpose, self.now, category, **careful), **more)
        if action == "aggregate":
            return replace(Count(purpose, self.now, 30, complement_suppressed=True, queries_left=5), **more)
        if action == "read_trail":
            return replace(Consult(purpose, self.now, mfa=True), **more)
        return replace(Deed(purpose, self.now, **careful), **more)

    def find(self, name: str) -> Any:
        for shelf in (self.agents, self.persons, self.mandates, self.records, self.registers):
            if name in shelf:
                return shelf[name]
        raise KeyError(name)

    def ask(self, who: str, action: str, what: str, purpose: str, category: str = "name", **more: Any) -> Asked:
        return Asked(self.find(who), action, self.find(what), self.how(action, purpose, category, **more))

    def call(self, category: str, **more: Any) -> Asked:
        return self.ask("lea", "read", "r1", "outreach.call", category, **more)
