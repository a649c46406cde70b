"""The board: each open task in exactly one bucket, the first that fits; figures equal to a recount."""

from __future__ import annotations

import random
from datetime import timedelta
from statistics import median

import pytest

from entremise.kernel import clock
from entremise.outreach.models import CallAttempt, CallTask
from entremise.outreach.queries import board, kpis
from entremise.outreach.queries.campaigns import is_open_now
from entremise.site.invention.campaign import invent
from tests.outreach.factories import caller, campaign, on_duty, tasks, town

pytestmark = pytest.mark.django_db
STATES = ("ready", "scheduled", "claimed", "needs_supervisor", "unreachable", "escalated", "done", "closed")


def bucket_of(task, around, now, callers):
    """The reference in plain Python, § 14.1 read line by line."""
    row = task.campaign
    if task.state in ("claimed", "needs_supervisor", "done", "closed"):
        return task.state
    if task.state in ("unreachable", "escalated"):
        return "escalated"
    if not task.line:
        return "no_valid_number"
    if task.wait_reason == "rule_denied":
        return "rule_denied"
    if not is_open_now(row, now):
        return "campaign_closed_now"
    if task.not_before > now:
        if task.wait_reason == "announced":
            return "announcement_pending"
        return task.wait_reason if task.wait_reason in board.WAITING else "cooldown"
    others = [one for one in around if one.pk != task.pk]
    if any(one.state == "claimed" and (one.line == task.line or one.person_id == task.person_id) for one in others):
        return "line_busy"
    if any(one.line == task.line and one.last_contact_at and one.last_contact_at > now - board.REST for one in others):
        return "line_busy"
    gap = now - timedelta(minutes=row.person_gap)
    if any(
        one.person_id == task.person_id
        and one.campaign_id != row.pk
        and one.last_attempt_at
        and one.last_attempt_at > gap
        for one in others
    ):
        return "person_gap"
    if not any(one.level >= task.complexity for one in callers):
        return "level_missing"
    if not any(one.level >= task.complexity and task.language in one.languages for one in callers):
        return "language_missing"
    if task.reserved_for_id and task.reserved_until > now:
        return "reserved"
    return "ready"


def shuffle(rows, chance, now, users):
    """Give each task a state of its own; one live claim per line, per person and per caller, as the base demands."""
    lines, persons, free = set(), set(), list(users)
    for one in rows:
        state = chance.choice(STATES)
        changes = {
            "complexity": chance.randint(1, 4),
            "language": chance.choice(("fr", "fr", "ar", "pt")),
            "wait_reason": chance.choice(("", "callback", "announced", "other_slot", "rule_denied", "recurrence")),
            "not_before": now + timedelta(hours=chance.choice((-2, -2, 2))),
        }
        if chance.random() < 0.3:
            changes |= {
                "reserved_for": chance.choice(users),
                "reserved_until": now + timedelta(hours=chance.choice((-1, 1))),
            }
        if chance.random() < 0.3:
            changes["last_attempt_at"] = now - timedelta(minutes=chance.choice((10, 600)))
        if chance.random() < 0.2:
            changes["last_contact_at"] = now - timedelta(minutes=chance.choice((10, 60)))
        if state == "claimed" and free and one.line not in lines and one.person_id not in persons:
            lines.add(one.line)
            persons.add(one.person_id)
            changes |= {"claimed_by": free.pop(), "lease_until": now + timedelta(minutes=9), "claim_channel": "web"}
        elif state == "claimed":
            state = "ready"
        if state == "closed":
            changes["closed_reason"] = "objection"
        if state == "needs_supervisor":
            changes["cause"] = "hearing"
        CallTask.objects.filter(pk=one.pk).update(state=state, **changes)


@pytest.mark.parametrize("seed", range(4))
def test_every_open_task_is_in_one_bucket_the_first_that_fits(seed):
    chance = random.Random(seed)
    now = clock.now()
    one, other = campaign(persons=30), campaign(tasks=False)
    town(6, phone="+33639981111")
    town(2, phone="")
    from entremise.outreach.usecases import fill_tasks
    from tests.outreach.factories import MACHINE

    fill_tasks(MACHINE, campaign=one)
    fill_tasks(MACHINE, campaign=other)
    team = [caller(level=2), caller(level=3, languages=("fr", "ar")), caller(level=1)]
    for who in team[: seed % 4]:
        on_duty(one, who)
    if seed == 3:
        type(one).objects.filter(pk=one.pk).update(state="paused")
        one.refresh_from_db()
    shuffle([*tasks(one), *tasks(other)], chance, now, [who.user for who in team])
    around = list(CallTask.objects.select_related("campaign"))
    present = board.callers_there(one, now)
    said = board.counts(one, now, present)
    wanted: dict[str, list[int]] = {}
    for row in around:
        if row.campaign_id == one.pk:
            wanted.setdefault(bucket_of(row, around, now, present), []).append(row.pk)
    done, closed = wanted.pop("done", []), wanted.pop("closed", [])
    assert {bucket.kind.code: bucket.count for bucket in said.buckets} == {k: len(v) for k, v in wanted.items()}
    assert said.open == sum(len(some) for some in wanted.values())
    assert (said.done, sum(said.closed.values())) == (len(done), len(closed))
    for code, some in wanted.items():
        assert sorted(board.in_bucket(one, code, now, present)) == sorted(some), code


def test_figures_equal_a_recount_of_attempts():
    now = clock.now()
    row = campaign(tasks=False)
    users = [caller().pk for _ in range(3)]
    made = invent(row, persons=120, calls_made=260, callers=users, start=now - timedelta(days=20), now=now)
    found = kpis.kpis(row)
    counted = [one for one in CallAttempt.objects.order_by("happened_at", "pk") if one.disposition != "aborted"]
    by_person: dict[object, list[CallAttempt]] = {}
    for one in counted:
        by_person.setdefault(one.person_id, []).append(one)
    speaks = {
        person: [one.disposition in kpis.CONTACT or (one.disposition == "emergency" and one.news) for one in some]
        for person, some in by_person.items()
    }
    contacted = {person for person, said in speaks.items() if any(said)}
    complete = {one.person_id for one in counted if one.disposition == "reached_complete"}
    assert found.attempts == len(counted) == sum(made.story.dispositions.values())
    assert (found.coverage.part, found.coverage.whole) == (len(by_person), 120)
    assert (found.contact.part, found.contact.whole) == (len(contacted), len(by_person))
    assert (found.completion.part, found.completion.whole) == (len(complete), len(contacted))
    assert found.useful.part == sum(one.disposition in kpis.USEFUL for one in counted)
    assert found.difficulties.part == made.difficulties
    assert found.median == median(said.index(True) + 1 for said in speaks.values() if any(said))
    days, hours = kpis.rhythm(row, now, days=30)
    assert sum(one.attempts for one in days) == sum(one.contact.whole for one in hours) == len(counted)
    assert sum(one.contact.part for one in hours) == sum(one.disposition in kpis.CONTACT for one in counted)
    bad = {one.task_id for one in counted if one.disposition in kpis.BAD_NUMBER}
    assert sum(one.wrong.part for one in kpis.quality(row)) == len(bad)
    assert board.counts(row, now, []).of("escalated") == made.escalations


def test_nothing_to_divide_by_is_no_value_and_never_zero():
    found = kpis.kpis(campaign(tasks=False))
    assert found.contact.percent is None
    assert found.contact.said == "pas encore"
    assert found.median is None


def test_an_hour_and_a_day_are_those_of_the_territory():
    """A call at 0:30 on the 11th in Paris is of the 11th, though UTC still says the 10th."""
    from datetime import UTC, datetime

    row, who = campaign(persons=1), caller()
    at = datetime(2026, 7, 10, 22, 30, tzinfo=UTC)
    (task,) = tasks(row)
    CallAttempt.objects.create(
        task=task, campaign=row, person_id=task.person_id, cycle=1, caller=who.user, disposition="no_answer", token=1,
        idempotency_key="k", happened_at=at, recorded_at=at,
    )  # fmt: skip
    days, hours = kpis.rhythm(row, at + timedelta(hours=1), days=3)
    assert [one.day.day for one in days if one.attempts] == [11]
    assert [one.hour for one in hours] == [0]
