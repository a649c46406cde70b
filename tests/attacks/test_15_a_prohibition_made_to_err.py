"""Attempt 15: a prohibition that cannot be evaluated. Cedar skips it; here any odd decision is a refusal, an alarm."""

from __future__ import annotations

import pytest

from entremise.kernel.errors import NotAllowed
from entremise.rules import queries as rules
from entremise.rules.engine import Verdict
from entremise.rules.models import RuleSet
from entremise.vault import usecases as vault
from entremise.vault.models import Line
from tests.people.factories import person

pytestmark = pytest.mark.django_db
WHY = {"purpose": "mutualaid.contact", "motive": "Appel de la demande H6K-347"}
ASKED = {"fields": ["entraide.phone"], **WHY}


@pytest.mark.parametrize("answer", ["alarm", "missing", "nothing in force", "damaged"])
def test_whatever_is_odd_gives_no_value_writes_its_line_and_rings(acting, monkeypatch, caplog, answer):
    who, nadia = person().pk, acting("matchmaker")
    if answer == "alarm":
        wrong = Verdict(False, (), alarm="error while evaluating policy", rule_set=1)
        monkeypatch.setattr(rules, "decide", lambda asked, *more: [wrong] * len(asked))
    elif answer == "missing":
        monkeypatch.setattr(rules, "decide", lambda asked, *more: [])
    elif answer == "nothing in force":
        monkeypatch.setattr(rules, "compiled", lambda: (_ for _ in ()).throw(rules.NoRules("x")))
    else:
        monkeypatch.setattr(rules, "_compiled", {})
        monkeypatch.setattr(RuleSet.objects, "get", lambda **k: RuleSet(schema="", floor="", rulebook=""))
    opened = vault.open(nadia, person=who, **ASKED)
    assert not opened.values
    assert opened.refused["entraide.phone"].rule == "odd"
    assert "dans le doute, c’est non" in opened.refused["entraide.phone"].reason
    assert Line.objects.first().verdict == "refused"
    assert any(record.levelname == "ERROR" for record in caplog.records)
    assert "39981234" not in caplog.text
    with pytest.raises(NotAllowed):
        vault.write(nadia, person=who, values={"entraide.phone": "+33639980001"}, **WHY)
