"""The facts that rules look at: stated once, traced once, guarded."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from entremise.accounts.policies import SecondFactorNeeded
from entremise.audit.models import Entry
from entremise.kernel import clock, ids
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.vault import queries, usecases as vault
from entremise.vault.models import Assignment, IdentityCheck
from tests.people.factories import person

pytestmark = pytest.mark.django_db


def traces(start="vault."):
    return list(Entry.objects.filter(action__startswith=start).order_by("seq").values_list("action", flat=True))


def test_a_stance_said_twice_is_one_and_taken_back_is_none(actor):
    who, me = ids.uuid7(), actor("machine")
    said = {"person": who, "purpose": "outreach.call", "word": "objection"}
    assert vault.set_stance(me, **said, on=True) is True
    assert vault.set_stance(me, **said, on=True) is False
    assert queries.stances_of(who) == {"consent": frozenset(), "objection": frozenset({"outreach.call"})}
    assert vault.set_stance(me, **said, on=False) is True
    assert vault.set_stance(me, **said, on=False) is False
    assert queries.stances_of(who)["objection"] == frozenset()
    assert traces() == ["vault.stance.set"] * 2


@pytest.mark.parametrize("purpose", ["people.rights", "registers.keep", "outreach.rescue", "registers.prefect"])
def test_what_the_law_commands_knows_no_objection_but_a_consent(actor, purpose):
    who = {"person": ids.uuid7(), "purpose": purpose}
    with pytest.raises(ValidationError):
        vault.set_stance(actor(), **who, word="objection", on=True)
    assert vault.set_stance(actor(), **who, word="consent", on=True)


def test_a_stance_is_about_a_known_purpose_in_known_words(actor):
    who = {"person": ids.uuid7(), "on": True}
    with pytest.raises(vault.PurposeUnknown):
        vault.set_stance(actor(), **who, purpose="fraud.control", word="consent")
    with pytest.raises(ValidationError):
        vault.set_stance(actor(), **who, purpose="outreach.call", word="maybe")


def test_many_stances_leave_one_trace_and_count_what_changed(actor):
    persons = [ids.uuid7() for _ in range(700)]
    said = {"purpose": "mutualaid.contact", "word": "consent"}
    assert vault.set_stances(actor(), persons=persons[:10], **said) == 10
    assert vault.set_stances(actor(), persons=persons, **said) == 690
    assert vault.set_stances(actor(), persons=[], **said) == 0
    assert traces() == ["vault.stances.set"] * 2


def test_a_record_moves_along_its_states_only(actor):
    who = person().pk
    record = {"person": who, "register": "entraide"}
    vault.set_record(actor(), **record, status="frozen", protected=True)
    assert queries.records_of(who)[0].status == "frozen"
    assert queries.records_of(who)[0].protected
    before = traces()
    vault.set_record(actor(), **record, status="frozen")
    assert traces() == before
    vault.set_record(actor(), **record, status="active", difficulty_open=True)
    vault.set_record(actor(), **record, status="closed")
    with pytest.raises(IllegalTransition):
        vault.set_record(actor(), **record, status="active")


@pytest.mark.parametrize("facts", [{}, {"status": "sleeping"}, {"colour": "blue"}, {"protected": "yes"}])
def test_a_record_has_no_other_fact(actor, facts):
    with pytest.raises(ValidationError):
        vault.set_record(actor(), person=person().pk, register="entraide", **facts)


def test_a_record_that_is_not_there_has_no_fact(actor):
    with pytest.raises(NotFound):
        vault.set_record(actor(), person=ids.uuid7(), register="entraide", protected=True)


def test_an_assignment_is_prolonged_then_ended_once(actor):
    who, now = ids.uuid7(), clock.now()
    asked = {"person": who, "register": "entraide", "user": 7, "purpose": "mutualaid.contact"}
    number = vault.assign(actor(), **asked, until=now + timedelta(minutes=30))
    assert vault.assign(actor(), **asked, until=now + timedelta(hours=2)) == number
    assert Assignment.objects.get().until == now + timedelta(hours=2)
    assert vault.unassign(actor(), assignment=number) is True
    assert vault.unassign(actor(), assignment=number) is False
    assert vault.assign(actor(), **asked, until=now + timedelta(hours=2)) != number
    with pytest.raises(NotFound):
        vault.unassign(actor(), assignment=number + 99)
    for until in (now, now + timedelta(days=400)):
        with pytest.raises(ValidationError):
            vault.assign(actor(), **asked, until=until)


def test_an_identity_is_checked_at_the_desk_for_a_day_at_most(actor, settings):
    who, now = ids.uuid7(), clock.now()
    asked = {"person": who, "how": "document", "until": now + timedelta(hours=1)}
    assert vault.check_identity(actor("desk", user_id=3), **asked)
    assert IdentityCheck.objects.get().user == 3
    for wrong in (actor("matchmaker", user_id=3), actor("machine"), actor()):
        with pytest.raises(NotAllowed):
            vault.check_identity(wrong, **asked)
    for changed in ({"how": "voice"}, {"until": now}, {"until": now + timedelta(days=2)}):
        with pytest.raises(ValidationError):
            vault.check_identity(actor("dpo", user_id=3), **{**asked, **changed})
    settings.DEMO = False
    with pytest.raises(SecondFactorNeeded):
        vault.check_identity(actor("desk", user_id=3), **asked)
