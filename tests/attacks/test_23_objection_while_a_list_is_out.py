"""Attempt 23: an objection or an erasure while a list, or a page, is out: the facts are read again at each use."""

from __future__ import annotations

import pytest

from entremise.people import usecases
from entremise.vault import queries as facts
from tests.people.factories import VALUES, oneself, person
from tests.people.test_objections import CALL

pytestmark = pytest.mark.django_db


def test_the_file_that_is_out_comes_back_with_its_objections():
    """Keyed again from paper, the same human under a new identifier is still not to be called."""
    who = person()
    usecases.record_objection(oneself(who), person=who, purpose=CALL)
    again = person(**VALUES)
    assert again.pk != who.pk
    assert CALL in facts.stances_of(again.pk)["objection"]
