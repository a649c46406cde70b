"""A no stops the very next opening, holds for the file of tomorrow, and is as easy to take back."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from entremise.audit.models import Entry
from entremise.kernel import ids
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.people import queries, usecases
from entremise.people.engine import identity
from entremise.people.models import Consent, IdentityMark, Objection
from entremise.vault import queries as facts
from entremise.vault.registry import NO_OBJECTION, PURPOSES
from tests.people.factories import VALUES, desk, oneself, person

pytestmark = pytest.mark.django_db
CALL = "outreach.call"
TWIN = {"first_name": "ALINE", "last_name": "Fiction", "phone": "+33 6 39 98 12 34"}


def objected(who):
    return facts.stances_of(who.pk)["objection"]


@pytest.mark.parametrize("purpose", sorted(set(PURPOSES) - NO_OBJECTION))
def test_any_purpose_that_no_law_commands_can_be_refused_by_anybody_for_themself(purpose):
    who = person()
    said = usecases.record_objection(oneself(who), person=who, purpose=purpose)
    assert objected(who) == {purpose}
    assert (said.channel, said.source, said.recorded_by) == ("web", "person", None)


@pytest.mark.parametrize("purpose", sorted(NO_OBJECTION))
def test_what_the_law_commands_is_refused_with_a_reason_of_its_own(purpose):
    who = person()
    with pytest.raises(usecases.ObjectionImpossible) as refusal:
        usecases.record_objection(oneself(who), person=who, purpose=purpose)
    assert len(refusal.value.message) > 40
    assert not objected(who)
    assert purpose not in queries.objectionable(who.pk)


def test_an_unknown_purpose_is_refused():
    who = person()
    with pytest.raises(ValidationError):
        usecases.record_objection(oneself(who), person=who, purpose="fraud.control")


def test_said_to_any_agent_it_is_written_at_once_and_told_twice_it_is_one(actor):
    who = person()
    caller = actor("caller", user_id=7).speaking_for(who.pk, "phone")
    first = usecases.record_objection(caller, person=who.pk, purpose=CALL)
    again = usecases.record_objection(desk(), person=who, purpose=CALL)
    assert first.pk == again.pk
    assert (first.channel, first.recorded_by) == ("phone", 7)
    assert Entry.objects.filter(action="people.objection.recorded").count() == 1


def test_nobody_else_speaks_for_a_person(actor):
    who, other = person(), person(first_name="Bruno")
    for stranger in (oneself(other), Actor(None, "anonyme", "web")):
        with pytest.raises(NotAllowed):
            usecases.record_objection(stranger, person=who, purpose=CALL)
    with pytest.raises(NotFound):
        usecases.record_objection(desk(), person=ids.uuid7(), purpose=CALL)


def test_an_objection_takes_the_consent_with_it():
    who = person()
    me = oneself(who)
    usecases.record_consent(me, person=who, purpose="mutualaid.contact", answer="yes", text_version="essai-1")
    usecases.record_objection(me, person=who, purpose="mutualaid.contact")
    assert not queries.consents_to(who, "mutualaid.contact")
    assert facts.stances_of(who.pk) == {"consent": frozenset(), "objection": {"mutualaid.contact"}}
    assert Consent.objects.get().withdrawn_at is not None


def test_an_objection_is_lifted_by_the_person_or_the_desk_never_by_a_caller(actor):
    who = person()
    usecases.record_objection(oneself(who), person=who, purpose=CALL)
    with pytest.raises(NotAllowed):
        usecases.withdraw_objection(actor("caller", user_id=7), person=who, purpose=CALL)
    assert usecases.withdraw_objection(desk(), person=who, purpose=CALL) is True
    assert usecases.withdraw_objection(oneself(who), person=who, purpose=CALL) is False
    assert not objected(who)
    usecases.record_objection(oneself(who), person=who, purpose=CALL)
    assert Objection.objects.count() == 2


@pytest.mark.parametrize("many", [False, True])
def test_an_objection_holds_when_the_same_human_comes_back_in_another_file(many):
    who = person()
    usecases.record_objection(oneself(who), person=who, purpose=CALL)
    if many:
        rows = [{**VALUES, "first_name": f"Autre{n}"} for n in range(3)] + [TWIN]
        *others, twin = usecases.register_many(Actor.machine("import"), rows=rows, motive="Import du fichier")
    else:
        twin, others = person(**TWIN), [person(first_name="Bruno")]
    assert objected(twin) == {CALL}
    assert [objected(other) for other in others] == [frozenset()] * len(others), "a shared line alone is nobody"
    assert Objection.objects.get(person=twin).source == "recognised"


def test_a_lifted_objection_is_not_carried_over():
    who = person()
    usecases.record_objection(oneself(who), person=who, purpose=CALL)
    usecases.withdraw_objection(oneself(who), person=who, purpose=CALL)
    assert not objected(person(**TWIN))


def test_a_name_with_a_birth_date_recognises_too():
    who, twin = person(first_name="Odile", last_name="Été"), person(first_name="Léa", phone="06 39 98 00 02")
    usecases.record_objection(oneself(who), person=who, purpose=CALL)
    row = {"names": "ete odile", "birth_date": "07/03/1941"}
    usecases.apply_objections(desk(), persons={who.pk: row})
    assert usecases.apply_objections(desk(), persons={twin.pk: {**row, "birth_date": "1941-03-07"}}) == 1
    assert objected(twin) == {CALL}


def test_the_same_number_of_queries_recognises_few_or_many():
    who, agent = person(), desk()
    usecases.record_objection(oneself(who), person=who, purpose=CALL)
    persons = [person(first_name=f"Autre{n}") for n in range(8)]
    counts = []
    for some in (persons, persons[:2], persons):
        rows = {one.pk: {"names": f"A{one.pk}", "phone": "0639980001"} for one in some}
        with CaptureQueriesContext(connection) as seen:
            usecases.apply_objections(agent, persons=rows)
        counts.append(len(seen))
    assert counts[1] == counts[2]


def test_a_fingerprint_holds_no_value_and_the_trace_neither():
    who = person()
    usecases.record_objection(oneself(who), person=who, purpose=CALL)
    person(**TWIN)
    marks = b"".join(bytes(mark) for mark in IdentityMark.objects.values_list("mark", flat=True))
    texts = json.dumps([entry.data for entry in Entry.objects.all()]) + str(marks)
    for value in ("Aline", "ALINE", "Fiction", "39981234"):
        assert value not in texts


@pytest.mark.parametrize(
    ("one", "other"),
    [("Jean-Pierre D’Été", "dete  jean pierre"), ("Marie CURIE", "Curie Marie"), ("Zoé", "ZOE")],
)
def test_two_writings_of_a_name_are_one(one, other):
    assert identity.plain(one) == identity.plain(other)


def test_a_row_without_a_name_has_no_trait():
    assert identity.traits({"phone": "0639981234", "birth_date": "1941-03-07"}) == []
    assert identity.traits({"names": "Aline", "phone": "zéro", "birth_date": "mars 41"}) == []
