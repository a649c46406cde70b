"""How hard a call may be: from declared facts, never from health without consent, explained."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from entremise.kernel import clock
from entremise.outreach import rules
from entremise.outreach.engine import complexity as engine
from entremise.outreach.models import CallAttempt, Emergency
from entremise.outreach.queries import complexity
from entremise.referrals.models import Difficulty
from tests.outreach.factories import caller, campaign, tasks

CODES = st.sets(st.sampled_from(sorted(engine.SCALE)))


@given(CODES, CODES)
def test_one_more_fact_never_makes_a_call_easier(some, more):
    assert engine.rate(some | more) == max(engine.rate(some), engine.rate(more))


@given(CODES)
def test_the_order_in_which_facts_came_changes_nothing(some):
    assert engine.ordered(list(some)) == engine.ordered(sorted(some, reverse=True))


def test_the_scale_of_the_reference():
    assert engine.rate([]) == 1
    assert engine.rate(["known_to_services"]) == 1
    assert engine.rate(["lives_alone_no_contact", "known_to_services"]) == 2
    assert engine.rate(["interpreter", "never_reached"]) == 3
    assert engine.rate(["distress_expressed", "known_to_services"]) == 4


def test_a_fact_that_nobody_weighed_does_not_pass_for_an_easy_call():
    with pytest.raises(KeyError):
        engine.rate(["invented"])


def test_the_explanation_tells_only_what_makes_the_level():
    told = engine.explain(["known_to_services", "interpreter", "referral_refused_before"])
    assert told == ("Niveau 3, situations multiples : un interprète est nécessaire, a déjà refusé une aide proposée.")


def test_a_vote_may_not_make_an_emergency_of_before_an_easy_call():
    assert all(point.minimum >= max(1, engine.SCALE[code] - 1) for code, point in rules.COMPLEXITY.items())


def attempt(task, disposition, who, n, **more):
    now = clock.now()
    return CallAttempt.objects.create(
        task=task, campaign=task.campaign, person=task.person, cycle=1, caller=who.user, disposition=disposition,
        token=n, idempotency_key=f"{task.pk}-{n}", happened_at=now, recorded_at=now, **more,
    )  # fmt: skip


@pytest.mark.django_db
def test_facts_come_from_calls_difficulties_and_emergencies():
    row = campaign(persons=5)
    silent, soft, helped, danger, calm = tasks(row)
    who = caller()
    for n in range(3):
        attempt(silent, "no_answer", who, n)
    for n in range(2):
        attempt(soft, "refused_today", who, n)
    note = {"author": who.user, "origin_kind": "call", "severity": 1}
    Difficulty.objects.create(person=helped.person, needs=["food", "money"], consent="yes", **note)
    Emergency.objects.create(person=danger.person, task=danger, campaign=row, caller=who.user)
    found = complexity.codes_of([one.person_id for one in (silent, soft, helped, danger, calm)])
    assert found[silent.person_id] == ["never_reached", "known_to_services"]
    assert found[soft.person_id] == ["repeated_soft_refusal", "known_to_services"]
    assert found[helped.person_id] == ["several_difficulties", "known_to_services"]
    assert found[danger.person_id] == ["emergency_before", "known_to_services"]
    assert found[calm.person_id] == ["known_to_services"]


@pytest.mark.django_db
def test_health_weighs_nothing_without_consent():
    row = campaign(persons=1)
    (task,) = tasks(row)
    said = {"person": task.person, "author": caller().user, "origin_kind": "call", "severity": 2}
    Difficulty.objects.create(needs=["distress", "care_access"], consent="anonymous", **said)
    assert complexity.codes_of([task.person_id]) == {task.person_id: ["known_to_services"]}
    Difficulty.objects.create(needs=["distress"], consent="yes", **said)
    assert "distress_expressed" in complexity.codes_of([task.person_id])[task.person_id]


@pytest.mark.django_db
def test_a_person_known_as_hard_to_call_enters_a_campaign_as_such():
    first = campaign(persons=1)
    (task,) = tasks(first)
    Emergency.objects.create(person=task.person, task=task, campaign=first, caller=caller().user)
    (again,) = tasks(campaign())
    assert (again.complexity, again.complexity_codes) == (4, ["emergency_before", "known_to_services"])
    assert complexity.explain(again) == "Niveau 4, détresse ou réticence : une urgence a déjà eu lieu."


@pytest.mark.django_db
def test_a_thousand_persons_cost_the_same_number_of_queries_as_ten(django_assert_max_num_queries):
    row = campaign(persons=10)
    persons = [one.person_id for one in tasks(row)]
    with django_assert_max_num_queries(8):
        complexity.codes_of(persons)
