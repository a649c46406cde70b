"""Two people decide the same thing at the same moment, on whichever database the tests run: one does, one is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from entremise.kernel import clock
from entremise.outreach import usecases
from entremise.outreach.models import CallerProfile, LevelChange, ReportReview, Shift, ShiftSeat
from tests.mutualaid.test_races import at_once, words
from tests.outreach.factories import caller, campaign, mentor, supervisor, tasks
from tests.outreach.test_complexity import attempt
from tests.outreach.test_path import ready_for

pytestmark = pytest.mark.django_db(transaction=True)


def shift(row, seats):
    now = clock.now()
    return Shift.objects.create(campaign=row, starts_at=now, ends_at=now + timedelta(hours=2), seats=seats)


def test_eight_callers_for_three_seats():
    row = campaign(tasks=False)
    one = shift(row, 3)
    team = [caller() for _ in range(8)]
    outcomes = at_once([lambda who=who: usecases.take_seat(who.actor, shift=one) for who in team])
    assert words(outcomes) == {"done": 3, "shift_full": 5}
    assert sorted(ShiftSeat.objects.filter(shift=one).values_list("rank", flat=True)) == [1, 2, 3]


def test_one_caller_in_two_tabs_takes_one_seat():
    one = shift(campaign(tasks=False), 3)
    who = caller()
    outcomes = at_once([lambda: usecases.take_seat(who.actor, shift=one) for _ in range(4)])
    assert words(outcomes) == {"done": 4}
    assert ShiftSeat.objects.filter(shift=one).count() == 1


def test_a_mentor_and_a_supervisor_promote_at_once():
    guide, boss = mentor(), supervisor()
    who = ready_for(2, guide)
    outcomes = at_once(
        [lambda by=by: usecases.promote_caller(by.actor, caller=who.profile, to=2) for by in (guide, boss) * 2]
    )
    assert words(outcomes) == {"done": 1, "already_decided": 3}
    assert CallerProfile.objects.get(pk=who.profile.pk).level == 2
    assert LevelChange.objects.filter(caller=who.profile, after=2).count() == 1


def test_a_caller_who_comes_down_and_a_mentor_who_promotes_never_add_up():
    guide = mentor()
    who = ready_for(3, guide)
    outcomes = at_once(
        [
            lambda: usecases.promote_caller(guide.actor, caller=who.profile, to=3),
            lambda: usecases.ask_down(who.actor, to=1),
        ]
    )
    level = CallerProfile.objects.get(pk=who.profile.pk).level
    done = words(outcomes)["done"]
    assert (done, level) in {(1, 1), (1, 3), (2, 1)}, outcomes
    last = LevelChange.objects.filter(caller=who.profile).latest("pk")
    assert last.after == level


def test_two_supervisors_fill_the_last_place_at_a_mentors():
    guide, bosses = mentor(), [supervisor(), supervisor()]
    for _ in range(11):
        caller(mentor=guide)
    late = [caller(), caller()]
    outcomes = at_once(
        [
            lambda by=by, who=who: usecases.assign_mentor(by.actor, caller=who.profile, mentor=guide.user)
            for by, who in zip(bosses, late, strict=True)
        ]
    )
    assert words(outcomes) == {"done": 1, "mentor_full": 1}
    assert CallerProfile.objects.filter(mentor=guide.user).count() == 12


def test_one_report_is_reviewed_once():
    guide, boss = mentor(), supervisor()
    who = caller(mentor=guide)
    one = attempt(tasks(campaign(persons=1))[0], "reached_complete", who, 1)
    outcomes = at_once(
        [
            lambda by=by: usecases.review_report(by.actor, attempt=one.public_id, complete=True)
            for by in (guide, boss, guide, boss)
        ]
    )
    assert words(outcomes) == {"done": 1, "already_decided": 3}
    assert ReportReview.objects.count() == 1


def test_two_clicks_sign_up_once():
    from entremise.accounts.queries import actor_of
    from tests.accounts.factories import agent

    actor = actor_of(agent("caller"), "web", True)
    outcomes = at_once([lambda: usecases.sign_up(actor, kind="staff", languages=["fr"]) for _ in range(3)])
    assert words(outcomes) == {"done": 1, "already_signed_up": 2}
