"""Whom a campaign calls, day after day: who enters, who leaves, who said no, who is found to be one with another."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.outreach import usecases
from entremise.outreach.models import CallCampaign, CallEvent, CallTask
from entremise.outreach.usecases.campaigns.filling import fragility
from entremise.people import usecases as people
from entremise.people.models import LineMark, Person
from entremise.registers import usecases as registers
from entremise.registers.models import LifeReport
from entremise.vault import usecases as vault
from tests.outreach.factories import CODE, MACHINE, caller, campaign, supervisor, tasks, town
from tests.registers.targets import Board, old
from tests.vault.registers import open_apa

pytestmark = pytest.mark.django_db


def fill(row: CallCampaign):
    row.refresh_from_db()
    return usecases.fill_tasks(MACHINE, campaign=row)


def merge(absorbed, kept) -> None:
    people.merge_persons(Actor.machine("rapprochement"), absorbed=absorbed, kept=kept, registers=[CODE])


def test_the_members_of_a_cohort_come_in_its_order_the_most_fragile_first():
    board = Board()
    people.install_register(Actor.machine("installation"))
    board.people([old(1930 + 2 * n) for n in range(8)])
    cohort = registers.freeze_cohort(board.keeper, cohort=board.draft(board.run(), capacity=8))
    row = campaign(tasks=False, source={"cohort": cohort.public_id})
    fill(row)
    members = list(cohort.members.order_by("rank").values_list("person", flat=True))
    assert [one.person_id for one in sorted(tasks(row), key=lambda one: one.rank)] == members
    assert [one.fragility for one in sorted(tasks(row), key=lambda one: one.rank)] == [3, 3, 2, 2, 1, 1, 0, 0]
    assert not CallTask.objects.exclude(register=CODE).exists()


@pytest.mark.parametrize(("rank", "total", "least"), [(1, 1, 3), (1, 1000, 3), (1000, 1000, 0), (0, 10, 0), (5, 0, 0)])
def test_fragility_is_the_quarter_of_the_rank(rank, total, least):
    assert fragility(rank, total) == least


def test_who_leaves_is_closed_who_comes_enters_who_comes_back_is_called_again():
    row = campaign(persons=3)
    first, second, third = tasks(row)
    vault.set_record(MACHINE, person=first.person_id, register=CODE, status="frozen")
    (new,) = town(1)
    done = fill(row)
    assert (done.entered, done.left, done.came_back) == (1, 1, 0)
    first.refresh_from_db()
    assert (first.state, first.closed_reason) == ("closed", "left_cohort")
    assert CallTask.objects.get(person=new).state == "ready"
    assert CallEvent.objects.get(task=first).after == "closed"
    vault.set_record(MACHINE, person=first.person_id, register=CODE, status="active")
    assert fill(row).came_back == 1
    first.refresh_from_db()
    assert (first.state, first.closed_reason) == ("ready", "")
    assert fill(row).entered == fill(row).left == fill(row).changed == 0


def test_who_is_spoken_with_or_looked_for_stays_when_the_cohort_ends():
    row = campaign(persons=3)
    held, searched, waiting = tasks(row)
    CallTask.objects.filter(pk=held.pk).update(
        state="claimed", claimed_by=caller().pk, claim_channel="web", lease_until=clock.now() + timedelta(minutes=5)
    )
    CallTask.objects.filter(pk=searched.pk).update(state="unreachable")
    CallCampaign.objects.filter(pk=row.pk).update(source={"cohort": "finie"})
    fill(row)
    assert [one.state for one in tasks(row)] == ["claimed", "unreachable", "closed"]


def test_who_objected_is_closed_at_once_and_for_ever_the_file_sent_again_included():
    phone, names = "+33639981111", "Refus 1"
    town(1, phone=phone, names=names)
    row, other = campaign(), campaign(purpose="outreach.keep_in_touch")
    one = tasks(row)[0]
    people.record_objection(supervisor().actor, person=one.person_id, purpose="outreach.call")
    one.refresh_from_db()
    assert (one.state, one.closed_reason) == ("closed", "objection")
    assert tasks(other)[0].state == "ready"  # a no to one purpose
    town(1, phone=phone, names=names)  # the same person, under another identity
    done = fill(row)
    assert (done.persons, done.entered, done.came_back) == (0, 0, 0)
    assert [task.state for task in tasks(row)] == ["closed"]


def test_an_objection_ends_a_live_call_too_and_its_event_says_why():
    row = campaign(persons=1)
    held = tasks(row)[0]
    CallTask.objects.filter(pk=held.pk).update(
        state="claimed", claimed_by=caller().pk, claim_channel="web", lease_until=clock.now() + timedelta(minutes=5)
    )
    people.record_objection(supervisor().actor, person=held.person_id, purpose="outreach.call")
    held.refresh_from_db()
    assert (held.closed_reason, held.claimed_by) == ("objection", None)
    assert CallEvent.objects.get(after="closed").before == "claimed"


def test_who_is_said_dead_and_who_is_threatened_are_not_called():
    row = campaign(persons=3)
    dead, threatened, alive = tasks(row)
    LifeReport.objects.create(person_id=dead.person_id, register=CODE, kind="deceased", source="family", reported_by=1)
    vault.set_record(MACHINE, person=threatened.person_id, register=CODE, protected=True)
    assert fill(row).persons == 1
    assert [one.state for one in tasks(row)] == ["closed", "closed", "ready"]


# two files, one person


def test_two_tasks_of_one_person_become_one_and_the_next_update_leaves_it_so():
    row = campaign(persons=2)
    first, second = tasks(row)
    merge(first.person_id, second.person_id)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state, second.closed_reason) == ("ready", "closed", "merged")
    done = fill(row)
    assert (done.entered, done.left, done.came_back) == (0, 0, 0)
    assert sorted(one.state for one in tasks(row)) == ["closed", "ready"]


@pytest.mark.parametrize("state", ["needs_supervisor", "unreachable", "escalated", "claimed"])
def test_of_two_the_one_somebody_is_on_is_kept_with_what_was_learnt(state):
    row = campaign(persons=2)
    old_one, lively = tasks(row)
    seen = clock.now() - timedelta(days=2)
    CallTask.objects.filter(pk=old_one.pk).update(last_contact_at=seen, rank=3)
    changes = {"state": state, "rank": 9, "urgent": state == "needs_supervisor"}
    if state == "claimed":
        changes |= {
            "claimed_by": caller().pk,
            "claim_channel": "web",
            "lease_until": clock.now() + timedelta(minutes=5),
        }
    CallTask.objects.filter(pk=lively.pk).update(**changes)
    merge(lively.person_id, old_one.person_id)
    lively.refresh_from_db()
    old_one.refresh_from_db()
    assert (lively.state, lively.last_contact_at, lively.rank) == (state, seen, 3)
    assert old_one.closed_reason == "merged"


def test_two_live_calls_end_then_become_one():
    row = campaign(persons=2)
    for task in tasks(row):
        CallTask.objects.filter(pk=task.pk).update(
            state="claimed",
            claimed_by=caller().pk,
            claim_channel="web",
            lease_until=clock.now() + timedelta(minutes=5),
        )
    first, second = tasks(row)
    merge(first.person_id, second.person_id)
    assert {one.state for one in tasks(row)} == {"claimed"}
    CallTask.objects.update(state="done", claimed_by=None, lease_until=None)
    fill(row)
    assert [one.closed_reason for one in tasks(row)] == ["", "merged"]


def test_told_apart_again_each_has_a_task():
    row = campaign(persons=2)
    first, second = tasks(row)
    merge(first.person_id, second.person_id)
    from entremise.people.models import PersonAlias

    PersonAlias.objects.update(closed_at=clock.now())
    fill(row)
    states = {one.pk: (one.state, one.closed_reason) for one in tasks(row)}
    assert states[first.pk] == ("ready", "")
    assert states[second.pk] == ("ready", "")


# lines, language, how hard


def test_a_wrong_line_gives_way_to_the_next_one_and_no_line_is_the_supervisors():
    row = campaign(persons=1)
    task = tasks(row)[0]
    LineMark.objects.filter(person=task.person_id).update(status="wrong")
    LineMark.objects.create(person_id=task.person_id, field="personne.phone#1", mark="ab" * 16)
    fill(row)
    task.refresh_from_db()
    assert (task.line, task.line_field) == ("ab" * 16, "personne.phone#1")


def test_a_number_of_another_register_is_not_dialled_by_this_campaign():
    row = campaign(persons=1)
    task = tasks(row)[0]
    open_apa(code="autre")
    LineMark.objects.filter(person=task.person_id).update(field="autre.phone")
    fill(row)
    task.refresh_from_db()
    assert task.line == ""


def test_a_number_found_makes_a_person_callable_and_the_last_one_lost_tells_the_supervisor():
    row = campaign(persons=1)
    task = tasks(row)[0]
    LineMark.objects.update(status="out_of_service")
    fill(row)
    task.refresh_from_db()
    assert (task.state, task.cause) == ("needs_supervisor", "no_valid_number")
    LineMark.objects.update(status="valid")
    fill(row)
    task.refresh_from_db()
    assert (task.state, task.cause) == ("ready", "")
    assert [one.event for one in CallEvent.objects.filter(task=task)] == ["hold", "unhold"]


def test_the_language_that_a_call_taught_is_not_forgotten_at_night():
    row = campaign(persons=2)
    taught, told = tasks(row)
    CallTask.objects.filter(pk=taught.pk).update(language="ar", last_attempt_at=clock.now())
    Person.objects.filter(pk=told.person_id).update(language="pt")
    fill(row)
    assert [one.language for one in tasks(row)] == ["ar", "pt"]


def test_filling_costs_the_same_number_of_queries_for_ten_persons_and_for_sixty():
    row = campaign(persons=10)
    counts = []
    for more in (0, 50):
        town(more) if more else None
        fill(row)  # entries are inserted by batches; what is measured is a night where nothing changed
        with CaptureQueriesContext(connection) as queries:
            fill(row)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_job_fills_each_living_campaign_and_leaves_closed_ones(run_jobs):
    living, closed = campaign(persons=1), campaign("closed", tasks=False)
    (new,) = town(1)
    from entremise.outreach import tasks as jobs

    jobs.refresh_tasks()
    assert run_jobs() == ["outreach.fill_tasks"]
    assert CallTask.objects.filter(person=new, campaign=living).exists()
    assert not CallTask.objects.filter(campaign=closed).exists()
    assert CallCampaign.objects.get(pk=living.pk).filling["state"] == "done"
