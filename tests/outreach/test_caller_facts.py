"""What stops a caller now, what comes next: read by the claim, shown on the screen."""

from __future__ import annotations

from datetime import timedelta

import pytest

from entremise.kernel import clock
from entremise.outreach.engine.path import Counts, Marks, next_step, reached, steps
from entremise.outreach.models import Debrief, Emergency, TrainingStep
from entremise.outreach.queries import callers as queries
from entremise.outreach.queries.callers import caller_facts
from entremise.outreach.queries.modules import modules
from tests.accounts.factories import agent
from tests.outreach.factories import caller, campaign, mentor, supervisor, tasks
from tests.outreach.test_complexity import attempt

pytestmark = pytest.mark.django_db


def test_an_account_that_never_signed_up_calls_nobody_and_is_told_what_to_do():
    facts = caller_facts(agent("caller"), None)
    assert facts.level == 0
    assert facts.paused
    assert "Inscrivez-vous" in facts.next_step


def test_a_day_counts_conversations_and_minutes_of_all_campaigns():
    who = caller()
    for row in (campaign(persons=1), campaign()):
        task = tasks(row)[0]
        attempt(task, "reached_complete", who, 1, minutes=12)
        attempt(task, "no_answer", who, 2, minutes=1, line="b")
        attempt(task, "aborted", who, 3, minutes=50)
    facts = caller_facts(who.user, None)
    assert (facts.conversations_today, facts.minutes_today) == (2, 26)
    tomorrow = caller_facts(who.user, None, clock.now() + timedelta(days=1))
    assert (tomorrow.conversations_today, tomorrow.minutes_today) == (0, 0)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"state": "asked"}, "attend l’accord"),
        ({"available_from": clock.today() + timedelta(days=2)}, "commence le"),
        ({"available_until": clock.today() - timedelta(days=2)}, "finie depuis"),
        ({"paused_until": clock.now() + timedelta(hours=2), "pause_reason": "rest"}, "repos"),
    ],
)
def test_what_stops_a_caller_is_said(changed, word):
    assert word in str(caller_facts(caller(**changed).user, None).paused)


def test_a_pause_that_is_over_stops_nobody():
    who = caller(paused_until=clock.now() - timedelta(minutes=1))
    assert caller_facts(who.user, None).paused is None


def test_after_an_emergency_nobody_calls_before_a_debrief_and_half_an_hour():
    row = campaign(persons=1)
    who, now = caller(), clock.now()
    alarm = Emergency.objects.create(task=tasks(row)[0], campaign=row, caller=who.user)
    debrief = Debrief.objects.create(caller=who.profile, cause="emergency", emergency=alarm, asked_at=now)
    facts = caller_facts(who.user, None, now + timedelta(hours=3))
    assert facts.debrief_due, "time alone does not replace the talk"
    assert facts.debrief_until is None
    Debrief.objects.filter(pk=debrief.pk).update(held_at=now + timedelta(minutes=5))
    facts = caller_facts(who.user, None, now + timedelta(minutes=10))
    assert facts.debrief_due
    assert facts.debrief_until == now + timedelta(minutes=30)
    assert not caller_facts(who.user, None, now + timedelta(minutes=31)).debrief_due


def test_two_difficult_calls_in_a_day_offer_to_stop_without_obliging():
    row = campaign(persons=2)
    who = caller()
    for n, task in enumerate(tasks(row)):
        attempt(task, "reached_complete", who, n, hard=True)
    facts = caller_facts(who.user, None)
    assert facts.offer_to_stop
    assert facts.paused is None
    assert not facts.debrief_due


def test_a_beginner_is_told_the_next_step_by_its_name():
    who = caller(level=0, charter_signed_at=None)
    assert "charte" in caller_facts(who.user, None).next_step
    who = caller(level=1)
    assert caller_facts(who.user, None).next_step.startswith("Pour le niveau 2 : encore 15 échanges menés")


def test_only_conversations_brought_to_their_end_count():
    row = campaign(persons=1)
    who = caller()
    for n, disposition in enumerate(("reached_partial", "no_answer", "reached_complete")):
        attempt(tasks(row)[0], disposition, who, n)
    assert queries.counts_of(who.profile).conversations == 1


def test_the_best_score_of_a_quiz_counts_whatever_came_after():
    who = caller(level=0)
    for score in (60, 90, 40):
        TrainingStep.objects.create(caller=who.profile, kind="quiz", code="nouvelles", score=score)
    assert queries.counts_of(who.profile).quizzes == {"nouvelles": 90}


def test_figures_of_a_caller_are_for_the_caller_their_mentor_and_supervisors():
    guide = mentor()
    who = caller(mentor=guide)
    assert queries.may_see(who.actor, who.profile)
    assert queries.may_see(guide.actor, who.profile)
    assert queries.may_see(supervisor().actor, who.profile)
    assert not queries.may_see(caller().actor, who.profile)
    assert not queries.may_see(mentor().actor, who.profile), "another mentor"


def test_the_path_asks_what_the_reference_asks():
    full = Counts(
        charter=True, modules=frozenset(modules()), quizzes=dict.fromkeys(modules(), 100), listenings=1,
        conversations=15, at_level={2: 30, 3: 30}, reviews=2, forms=3, wish=True,
    )  # fmt: skip
    assert all(reached(level, full, Marks()) for level in (1, 2, 3, 4))
    assert [step.code for step in steps(4, full, Marks())] == ["conversations", "module:crise", "quiz:crise", "wish"]
    assert "superviseur" in next_step(3, full, Marks())
    assert not reached(4, Counts(**{**{f: getattr(full, f) for f in Counts.__slots__}, "wish": False}), Marks())


def test_modules_are_whole_and_their_quizzes_can_be_failed():
    assert list(modules()) == ["nouvelles", "isolement", "situations", "crise"]
    for one in modules().values():
        assert len(one.quiz) >= 5
        assert all(0 <= q.right < len(q.answers) and q.why for q in one.quiz)
        assert len({q.right for q in one.quiz}) > 1, "the same box for every answer teaches nothing"
    crisis = " ".join(text for part in modules()["crise"].sections for text in (*part.text, *part.points))
    assert "3114" in crisis
    assert "15" in crisis
