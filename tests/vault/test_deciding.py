"""Sharing decisions over a list gives what each record alone would have been given, in the same order."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings, strategies as st

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.rules import engine, queries as rules
from entremise.rules.engine import AgentFacts, Asked, RecordFacts, RegisterFacts, shipped
from entremise.rules.engine.deciding import counts_of
from entremise.vault import registry
from entremise.vault.usecases import deciding
from entremise.vault.usecases.asking import Question
from entremise.vault.usecases.situating import Case
from tests.rules.world import Worlds

COMPILED = engine.compile(shipped.schema(), shipped.floor(), shipped.rulebook(), number=1)
WORLD = Worlds(clock.now())


def test_the_shipped_rules_compare_the_count_by_at_most_and_more_than_only():
    assert COMPILED.counts is not None
    assert {30, 60, 120, 240, 500} <= set(COMPILED.counts)
    assert COMPILED.level(1) == min(COMPILED.counts)
    assert COMPILED.level(501) == 501
    odd = [{"conditions": {"==": {"left": {".": {"left": {"Var": "context"}, "attr": "records_in_hour"}}}}}]
    assert counts_of(odd) is None


@given(st.integers(0, 700), st.sampled_from(sorted(WORLD.agents)), st.sampled_from(["read", "write", "disclose"]),
       st.sampled_from(sorted(registry.PURPOSES)), st.sampled_from(sorted(registry.CATEGORIES)))  # fmt: skip
@settings(max_examples=150)
def test_a_count_and_its_level_decide_alike(count, who, action, purpose, category):
    record = WORLD.records["r2"]
    true, level = (
        Asked(WORLD.agents[who], action, record, replace(WORLD.how(action, purpose, category), records_in_hour=n))
        for n in (count, COMPILED.level(count))
    )
    base = engine.base(COMPILED, [record.register])
    first, second = engine.decide(COMPILED, base, [true, level], share=False)
    assert (first.allowed, first.by) == (second.allowed, second.by)


class Record:
    """Just enough of a row."""

    def __init__(self) -> None:
        self.pk = uuid4()


def case(facts: RecordFacts, tag: str) -> Case:
    return Case(UUID(int=0), facts.register.id, Record(), None, tag=tag, facts=facts)  # type: ignore[arg-type]


@given(st.data())
@settings(max_examples=60)
def test_a_list_is_decided_as_if_each_record_were_asked_alone_in_order(data):
    """Against the slowest way: one question for each field of each record, its count taken afresh."""
    now = WORLD.now
    register = RegisterFacts("entraide", frozenset({"1"}), frozenset(registry.PURPOSES), WORLD.later,
                             frozenset({"mutualaid.contact"}))  # fmt: skip
    who = AgentFacts("7", frozenset({"matchmaker", "sensitive_referent"}), "1", frozenset(registry.PURPOSES),
                     WORLD.later, WORLD.later)  # fmt: skip
    asker = Question(Actor(7, "x", "web"), "mutualaid.contact", now, who, mfa=True, fresh=True)
    asked = [registry.asked(f"entraide.{name}") for name in ("first_name", "phone", "address")]
    already = frozenset(f"old{n}" for n in range(data.draw(st.sampled_from([0, 1, 28, 29, 57, 58, 59, 60, 61, 498]))))
    found = []
    for n in range(data.draw(st.integers(1, 6))):
        facts = RecordFacts(
            "record", register, "somebody", data.draw(st.sampled_from(["active", "active", "frozen"])),
            consents=frozenset({"mutualaid.contact"}) if data.draw(st.booleans()) else frozenset(),
            assigned_to=frozenset({"7"}) if data.draw(st.booleans()) else frozenset(),
        )  # fmt: skip
        seen = sorted(already)[:1]
        found.append(case(facts, data.draw(st.sampled_from([f"new{n}", *seen]))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "compiled", lambda: COMPILED)
        patch.setattr(rules, "active_number", lambda: 1)
        deciding.decide_fields(asker, "read", found, asked, already)
    opened, base = set(already), engine.base(COMPILED, [register])
    for one in found:
        count = len(opened | {one.tag})
        questions = [Asked(who, "read", one.facts, asker.use(field.category, count=count)) for field in asked]
        verdicts = engine.decide(COMPILED, base, questions, share=False)
        allowed = {field.name for field, verdict in zip(asked, verdicts, strict=True) if verdict.allowed}
        assert set(one.granted) == allowed
        assert set(one.refused) == {field.name for field in asked} - allowed
        if allowed:
            opened.add(one.tag)
