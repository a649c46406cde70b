"""Attempt 2: somebody reads by a mandate that ended, was taken back, was never proved, or is for another person."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from entremise.kernel import clock
from entremise.kernel.errors import NotAllowed
from entremise.people import usecases
from entremise.vault import usecases as vault
from entremise.vault.registry import mandate as decided_on
from tests.people.factories import desk, oneself, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def mandate():
    agent, who, proxy = desk(), person(), person(first_name="Bruno", phone="06 39 98 00 07")
    made = usecases.declare_mandate(
        agent, person=who, proxy=proxy, proof="written", scope="write", until=clock.today() + timedelta(days=30)
    )
    return agent, made


def read(actor, who):
    """What comes out for this actor, whatever way the refusal takes."""
    try:
        opened = vault.open(
            actor, person=who, fields=["entraide.first_name", "entraide.phone"], purpose="people.rights",
            motive="Lecture par un mandataire",
        )  # fmt: skip
    except NotAllowed:
        return {}
    return dict(opened.values)


def test_a_mandate_taken_back_opens_nothing_even_in_a_session_already_open(mandate):
    agent, made = mandate
    usecases.verify_mandate(agent, mandate=made)
    acting = usecases.acting(oneself(made.proxy), mandate=made)
    assert decided_on(made.pk) is not None
    usecases.revoke_mandate(oneself(made.person), mandate=made)
    assert decided_on(made.pk) is None
    assert read(acting, made.person_id) == {}
    with pytest.raises(NotAllowed):
        usecases.rectify(acting, person=made.person, values={"entraide.last_name": "X"}, motive="Correction tardive")


def test_a_mandate_never_proved_opens_nothing(mandate):
    _, made = mandate
    assert decided_on(made.pk) is None
    with pytest.raises(NotAllowed):
        usecases.acting(oneself(made.proxy), mandate=made)


def test_a_mandate_opens_nothing_the_day_after_its_term_before_any_job_ran(mandate):
    agent, made = mandate
    usecases.verify_mandate(agent, mandate=made)
    acting = usecases.acting(oneself(made.proxy), mandate=made)
    with time_machine.travel(clock.now() + timedelta(days=31, hours=1), tick=False):
        assert decided_on(made.pk).valid_until <= clock.now()
        assert read(acting, made.person_id) == {}
        with pytest.raises(NotAllowed):
            usecases.record_objection(acting, person=made.person, purpose="outreach.call")


def test_a_mandate_opens_nobody_else(mandate):
    agent, made = mandate
    usecases.verify_mandate(agent, mandate=made)
    other = person(first_name="Chloé", phone="06 39 98 00 08")
    assert read(usecases.acting(oneself(made.proxy), mandate=made), other.pk) == {}


def test_a_mandate_opens_no_threatened_person(mandate):
    agent, made = mandate
    usecases.verify_mandate(agent, mandate=made)
    acting = usecases.acting(oneself(made.proxy), mandate=made)
    usecases.protect(agent, person=made.person, on=True)
    assert read(acting, made.person_id) == {}
