"""Mandates: nothing before the proof, nothing after the end, nothing for a threatened person."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError

from entremise.kernel import clock, ids
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.kernel.machines import IllegalTransition
from entremise.people import queries, usecases
from entremise.people.models import Mandate
from entremise.people.models.rights import MANDATE_LIFE
from entremise.vault import usecases as vault
from entremise.vault.registry import mandate as vault_mandate
from tests.people.factories import desk, oneself, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair():
    return person(), person(first_name="Bruno", phone="06 39 98 00 07")


def declared(pair, agent, *, days=100, proof="written", scope="write"):
    who, proxy = pair
    until = clock.today() + timedelta(days=days)
    return usecases.declare_mandate(agent, person=who, proxy=proxy, proof=proof, scope=scope, until=until)


def test_a_mandate_opens_nothing_before_its_proof_was_seen(pair):
    agent = desk()
    row = declared(pair, agent)
    assert vault_mandate(row.pk) is None
    assert queries.mandates_held(pair[1].pk) == []
    usecases.verify_mandate(agent, mandate=row)
    facts = vault_mandate(row.pk)
    assert (facts.person, facts.may_write) == (str(pair[0].pk), True)
    assert facts.valid_until > clock.now() + timedelta(days=99)
    assert vault_mandate(ids.uuid7()) is None


def test_a_proxy_objects_for_the_person_and_no_more_once_it_is_taken_back(pair):
    agent = desk()
    row = declared(pair, agent)
    usecases.verify_mandate(agent, mandate=row)
    proxy = usecases.acting(oneself(pair[1]), mandate=row)
    said = usecases.record_objection(proxy, person=pair[0], purpose="outreach.call")
    assert said.source == "mandate"
    usecases.revoke_mandate(oneself(pair[0]), mandate=row)
    for deed in (
        lambda: usecases.record_objection(proxy, person=pair[0], purpose="outreach.visit"),
        lambda: usecases.freeze(proxy, person=pair[0]),
        lambda: usecases.acting(oneself(pair[1]), mandate=row),
    ):
        with pytest.raises(NotAllowed):
            deed()
    with pytest.raises(IllegalTransition):
        usecases.revoke_mandate(oneself(pair[0]), mandate=row)


def test_a_mandate_to_read_does_not_speak(pair):
    agent = desk()
    row = declared(pair, agent, scope="read")
    usecases.verify_mandate(agent, mandate=row)
    with pytest.raises(NotAllowed):
        usecases.record_objection(
            usecases.acting(oneself(pair[1]), mandate=row), person=pair[0], purpose="outreach.call"
        )


def test_a_mandate_is_for_one_person_only(pair):
    agent, other = desk(), person(first_name="Chloé")
    row = declared(pair, agent)
    usecases.verify_mandate(agent, mandate=row)
    proxy = usecases.acting(oneself(pair[1]), mandate=row)
    with pytest.raises(NotAllowed):
        usecases.record_objection(proxy, person=other, purpose="outreach.call")
    with pytest.raises(NotAllowed):
        usecases.acting(oneself(other), mandate=row)


def test_a_mandate_ends_with_its_last_day(pair):
    agent = desk()
    with time_machine.travel("2026-11-24T10:00:00+01:00", tick=False):
        row = declared(pair, agent, days=10)
        usecases.verify_mandate(agent, mandate=row)
    with time_machine.travel("2026-12-04T23:30:00+01:00", tick=False):
        assert usecases.end_mandates(Actor.machine("délais")) == 0
        assert vault_mandate(row.pk).valid_until > clock.now()
    with time_machine.travel("2026-12-05T00:30:00+01:00", tick=False):
        assert vault_mandate(row.pk).valid_until <= clock.now(), "the vault refuses before the job has run"
        assert usecases.end_mandates(Actor.machine("délais")) == 1
        assert usecases.end_mandates(Actor.machine("délais")) == 0
    assert Mandate.objects.get().state == "ended"
    assert vault_mandate(row.pk) is None


@pytest.mark.parametrize(("proof", "days", "right"), [
    ("written", 365, True), ("written", 370, False), ("judgment", 3000, True), ("judgment", 4000, False),
    ("written", -1, False),
])  # fmt: skip
def test_a_term_is_twelve_months_or_the_judgment(pair, proof, days, right):
    if right:
        assert declared(pair, desk(), days=days, proof=proof).state == "declared"
    else:
        with pytest.raises(ValidationError):
            declared(pair, desk(), days=days, proof=proof)


def test_nobody_acts_for_themself_or_for_a_threatened_person(pair):
    agent = desk()
    with pytest.raises(ValidationError):
        declared((pair[0], pair[0]), agent)
    row = declared(pair, agent)
    usecases.protect(agent, person=pair[0], on=True)
    with pytest.raises(usecases.MandateImpossible):
        declared(pair, agent)
    with pytest.raises(usecases.MandateImpossible):
        usecases.verify_mandate(agent, mandate=row)


def test_a_mandate_verified_before_a_threat_speaks_no_more(pair):
    agent = desk()
    row = declared(pair, agent)
    usecases.verify_mandate(agent, mandate=row)
    proxy = usecases.acting(oneself(pair[1]), mandate=row)
    vault.set_record(agent, person=pair[0].pk, register="entraide", protected=True)
    with pytest.raises(NotAllowed):
        usecases.record_objection(proxy, person=pair[0], purpose="outreach.call")


def test_only_the_desk_declares_and_verifies(pair, actor):
    row = declared(pair, desk())
    for stranger in (actor("caller", user_id=4), oneself(pair[1]), oneself(pair[0])):
        with pytest.raises(NotAllowed):
            declared(pair, stranger)
        with pytest.raises(NotAllowed):
            usecases.verify_mandate(stranger, mandate=row)
    with pytest.raises(NotAllowed):
        usecases.revoke_mandate(oneself(person(first_name="Chloé")), mandate=row)
    usecases.revoke_mandate(oneself(pair[1]), mandate=row)


def test_the_states_of_a_mandate_are_those_of_the_reference():
    assert MANDATE_LIFE.final == {"ended", "revoked"}
    assert MANDATE_LIFE.verbs["verify"] == (frozenset({"declared"}), "verified")
