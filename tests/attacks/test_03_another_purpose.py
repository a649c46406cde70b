"""Attempt 3: the right role, another purpose: absent, broader, of the client's own, changed between page and list."""

from __future__ import annotations

import pytest

from entremise.kernel.errors import NotAllowed
from entremise.rules import engine
from entremise.rules.engine import shipped
from entremise.vault import registry, usecases as vault
from entremise.vault.models import Line
from tests.people.factories import person
from tests.rules.world import Worlds

pytestmark = pytest.mark.django_db
PHONE = ["entraide.phone"]
MOTIVE = "Appel de la demande H6K-347"


@pytest.mark.parametrize("purpose", ["", "*", "mutualaid", "mutualaid.contact ", "MUTUALAID.CONTACT", "fraud.control",
                                     "mutualaid.сontact"])  # fmt: skip
def test_a_purpose_of_ones_own_is_unknown_before_anything_is_looked_at(acting, purpose):
    who, lines = person().pk, Line.objects.count()
    with pytest.raises(vault.PurposeUnknown):
        vault.open(acting("matchmaker"), person=who, fields=PHONE, purpose=purpose, motive=MOTIVE)
    assert Line.objects.count() == lines


def test_every_other_purpose_of_the_list_opens_nothing_to_a_matchmaker(acting):
    who, nadia = person().pk, acting("matchmaker")
    for purpose in sorted(set(registry.PURPOSES) - {"mutualaid.contact"}):
        opened = vault.open(nadia, person=who, fields=PHONE, purpose=purpose, motive=MOTIVE)
        assert not opened.values, purpose
        assert opened.refused
    assert vault.open(nadia, person=who, fields=PHONE, purpose="mutualaid.contact", motive=MOTIVE).values


def test_the_purpose_of_a_page_does_not_carry_over_to_its_list(acting):
    who, nadia = person().pk, acting("matchmaker")
    asked = {"fields": PHONE, "purpose": "mutualaid.contact", "motive": MOTIVE}
    assert vault.open_many(nadia, persons=[who], **asked)[who].values
    for listing in ("print", "export"):
        with pytest.raises(NotAllowed):
            vault.open_many(nadia, persons=[who], listing=listing, **asked)
    assert Line.objects.first().action == "export"


def test_a_purpose_the_engine_does_not_know_is_no_decision_and_so_a_refusal():
    world = Worlds()
    everything = '@id("rule-all") @title("t") @texte("t")\npermit (principal, action, resource);\n'
    compiled = engine.compile(shipped.schema(), shipped.floor(), everything)
    base = engine.base(compiled, world.registers.values())
    verdict = engine.decide(compiled, base, [world.ask("lea", "read", "r1", "fraud.control", "phone")])[0]
    assert not verdict.allowed
    assert verdict.alarm
