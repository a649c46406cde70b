"""Attempt 23: an objection or an erasure while a list, or a page, is out: the facts are read again at each use."""

from __future__ import annotations

import pytest

from entremise.kernel.errors import NotAllowed, NotFound
from entremise.people import usecases
from entremise.vault import queries as facts, usecases as vault
from tests.people.factories import VALUES, oneself, person
from tests.people.test_objections import CALL

pytestmark = pytest.mark.django_db
WHY = {"purpose": "mutualaid.contact", "motive": "Appel de la demande H6K-347"}


def read(actor, who):
    try:
        return dict(vault.open(actor, person=who.pk, fields=["entraide.phone"], **WHY).values)
    except (NotAllowed, NotFound):
        return {}


def test_what_the_list_showed_an_objection_hides_at_the_next_opening(caller):
    who, other = person(), person(first_name="Bruno")
    listed = vault.open_many(caller, persons=[who.pk, other.pk], fields=["entraide.phone"], **WHY)
    assert all(opening.values for opening in listed.values())
    usecases.record_objection(oneself(who), person=who, purpose="mutualaid.contact")
    assert read(caller, who) == {}
    again = vault.open_many(caller, persons=[who.pk, other.pk], fields=["entraide.phone"], **WHY)
    assert [bool(again[one.pk].values) for one in (who, other)] == [False, True]


def test_what_the_list_showed_a_freeze_hides_at_the_next_opening(caller):
    who = person()
    assert read(caller, who)
    usecases.freeze(oneself(who), person=who)
    assert read(caller, who) == {}


def test_the_file_that_is_out_comes_back_with_its_objections(caller):
    """Keyed again from paper, the same human under a new identifier is still not to be called."""
    who = person()
    usecases.record_objection(oneself(who), person=who, purpose=CALL)
    again = person(**VALUES)
    assert again.pk != who.pk
    assert CALL in facts.stances_of(again.pk)["objection"]


@pytest.fixture
def caller():
    from tests.people.factories import desk

    return desk("matchmaker")
