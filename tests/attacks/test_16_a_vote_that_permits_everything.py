"""Attempt 16: a vote that permits everything. The named decisions of the reference that a prohibition stops stay so.

Thousands of random situations, against the law written a second time, are tried in `tests/rules/test_decisions.py`.
"""

from __future__ import annotations

import pytest

from entremise.rules import engine
from entremise.rules.engine import shipped
from tests.rules.cases import CASES
from tests.rules.world import Worlds

EVERYTHING = '@id("rule-all") @title("tout") @texte("tout")\npermit (principal, action, resource);\n'
WORLD = Worlds()
WORST = engine.compile(shipped.schema(), shipped.floor(), EVERYTHING)
BASE = engine.base(WORST, WORLD.registers.values())
STOPPED = [case for case in CASES if case[-1] is not None and case[-1].startswith("floor-")]


@pytest.mark.parametrize("case", STOPPED, ids=[f"{n}-{case[-1]}" for n, case in enumerate(STOPPED)])
def test_what_the_law_stops_no_vote_allows(case):
    who, action, what, purpose, category, more, rule = case
    verdict = engine.decide(WORST, BASE, [WORLD.ask(who, action, what, purpose, category, **more)])[0]
    assert not verdict.allowed
    assert rule in verdict.by
