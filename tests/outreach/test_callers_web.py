"""The pages of the path and of the team: who sees whom, bad input, nothing typed lost, GET changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from entremise.kernel import clock
from entremise.outreach import usecases
from entremise.outreach.models import CallerProfile, Debrief, LevelChange, Shift, ShiftSeat, TrainingStep
from entremise.referrals.models import Difficulty
from entremise.vault.models import Assignment
from tests.accounts.factories import agent
from tests.outreach.factories import caller, campaign, mentor, on_duty, supervisor, tasks
from tests.outreach.test_complexity import attempt

pytestmark = pytest.mark.django_db


def page(name, *arguments):
    return reverse(f"outreach:{name}", args=arguments)


def test_somebody_without_a_place_is_led_to_sign_up(client):
    client.force_login(agent("caller"))
    assert client.get(page("path")).url == page("path_sign_up")
    for name, given in (
        ("path_charter", ()),
        ("path_module", ("crise",)),
        ("path_quiz", ("crise",)),
        ("path_wish", ()),
    ):
        assert client.get(page(name, *given)).status_code == 302


def test_signing_up_keeps_what_was_typed_when_something_is_missing(client):
    client.force_login(agent("caller"))
    said = {"kind": "reassigned", "languages": ["fr"], "others": "wolof, klingon", "share": "50", "weekly_calls": "12"}
    answer = client.post(page("path_sign_up"), said)
    assert answer.status_code == 422
    assert "klingon" in answer.content.decode()
    assert not CallerProfile.objects.exists()
    said |= {"others": "Wolof", "manager": "Sports", "available_until": (clock.today() + timedelta(30)).isoformat()}
    assert client.post(page("path_sign_up"), said).status_code == 302
    assert CallerProfile.objects.get().languages == ["fr", "wo"]


@pytest.mark.parametrize("share", ["0", "101", "-3", "abc", ""])
def test_a_share_of_time_that_means_nothing_is_refused_in_words(client, share):
    client.force_login(agent("caller"))
    said = {"kind": "staff", "languages": ["fr"], "share": share, "weekly_calls": "12"}
    assert client.post(page("path_sign_up"), said).status_code == 422


def test_reading_a_page_changes_nothing(client):
    who = caller(level=0, mentor=mentor())
    client.force_login(who.user)
    before = TrainingStep.objects.count(), LevelChange.objects.count(), Debrief.objects.count()
    for name, given in (("path", ()), ("path_module", ("nouvelles",)), ("path_charter", ()), ("shifts", ())):
        assert client.get(page(name, *given)).status_code == 200
    assert (TrainingStep.objects.count(), LevelChange.objects.count(), Debrief.objects.count()) == before


def test_a_quiz_half_answered_is_shown_again_with_its_answers(client):
    who = caller(level=0)
    usecases.read_module(who.actor, module="nouvelles")
    client.force_login(who.user)
    answer = client.post(page("path_quiz", "nouvelles"), {"q0": "0"})
    assert answer.status_code == 422
    assert 'value="0" checked' in " ".join(answer.content.decode().split()) or b"checked" in answer.content
    for bad in ("9", "x", "-1"):
        assert client.post(page("path_quiz", "nouvelles"), {"q0": bad}).status_code == 422
    assert client.get(page("path_module", "inconnu")).status_code == 404


@pytest.mark.parametrize("level", ["0", "9", "x", ""])
def test_coming_down_to_nowhere_is_refused_in_words(client, level):
    who = caller(level=2)
    client.force_login(who.user)
    answer = client.post(page("path_deed", "baisser"), {"niveau": level}, follow=True)
    assert answer.status_code == 200
    assert "Choisissez un niveau de 1 à 1" in answer.content.decode()


def test_an_unknown_deed_is_no_page(client):
    who = caller()
    client.force_login(who.user)
    assert client.post(page("path_deed", "voler")).status_code == 404


def test_figures_of_a_caller_are_not_seen_by_other_mentors_nor_by_callers(client):
    guide = mentor()
    who = caller(mentor=guide)
    for member, status in ((guide, 200), (supervisor(), 200), (mentor(), 404), (caller(), 403), (who, 403)):
        client.force_login(member.user)
        assert client.get(page("caller_page", who.profile.public_id)).status_code == status


def test_a_mentor_sees_their_own_callers_only(client):
    guide = mentor()
    caller(mentor=guide, label="Amina")
    caller(mentor=mentor(), label="Bertrand")
    client.force_login(guide.user)
    told = client.get(page("callers")).content.decode()
    assert "Amina" in told
    assert "Bertrand" not in told


def test_the_debrief_of_somebody_else_does_not_exist(client):
    who = caller()
    debrief = usecases.ask_debrief(who.actor)
    client.force_login(caller().user)
    assert client.get(page("path_decline", debrief.public_id)).status_code == 404
    assert client.get(page("caller_debrief", debrief.public_id)).status_code == 403


def test_looking_at_a_report_confides_nothing_until_the_button(client):
    guide = mentor()
    who = caller(mentor=guide)
    one = attempt(tasks(campaign(persons=1))[0], "reached_complete", who, 1)
    client.force_login(guide.user)
    assert client.get(page("caller_report", one.public_id)).status_code == 200
    assert not Assignment.objects.exists()
    client.force_login(mentor().user)
    assert client.get(page("caller_report", one.public_id)).status_code == 403
    assert client.get(page("caller_report", "inconnu")).status_code == 404


def test_no_page_of_the_path_shows_a_person(client):
    guide = mentor()
    who = caller(mentor=guide, level=1)
    row = campaign(persons=3)
    for n, task in enumerate(tasks(row)):
        attempt(task, "reached_complete", who, n)
    boss = supervisor()
    for member, name, given in (
        (who, "path", ()), (guide, "callers", ()), (boss, "callers", ()),
        (guide, "caller_page", (who.profile.public_id,)), (boss, "shifts", ()),
    ):  # fmt: skip
        client.force_login(member.user)
        told = client.get(page(name, *given)).content.decode()
        assert "Fiction" not in told
        assert "+336" not in told
        assert all(str(one.person_id) not in told for one in tasks(row))


def test_a_level_ready_is_said_by_name_and_never_as_a_rank(client):
    from tests.outreach.test_path import ready_for

    guide = mentor()
    ready_for(2, guide)
    client.force_login(guide.user)
    told = client.get(page("callers")).content.decode()
    assert "prêt pour le niveau 2" in told
    assert "ordre alphabétique" in told


def test_a_supervisor_judges_a_form_and_decides_an_advice_with_a_reason(client):
    boss, who = supervisor(), caller()
    (task,) = tasks(campaign(persons=1))
    attempt(task, "reached_complete", who, 1)
    form = Difficulty.objects.create(
        person=task.person, needs=["food"], consent="yes", origin_kind="call", author=who.user
    )
    advice = usecases.suggest_complexity(who.actor, task=task, code="interpreter")
    client.force_login(boss.user)
    client.post(page("caller_form", form.public_id, "complete"))
    form.refresh_from_db()
    assert form.complete is True
    told = client.post(page("caller_advice", advice.public_id, "retenir"), {"reason": ""}, follow=True)
    assert "Dites pourquoi" in told.content.decode()
    client.post(page("caller_advice", advice.public_id, "retenir"), {"reason": "Parle soninké"})
    task.refresh_from_db()
    assert task.complexity == 3


def test_shifts_are_opened_for_several_weeks_at_the_same_local_hours(client):
    row = campaign(tasks=False)
    client.force_login(supervisor().user)
    day = clock.today() + timedelta(days=1)
    said = {
        "campaign": row.public_id, "role": "caller", "day": day.isoformat(), "start": "09:00", "end": "12:00",
        "seats": "4", "weeks": "3",
    }  # fmt: skip
    assert client.post(page("shift_new"), said).status_code == 302
    assert Shift.objects.count() == 3
    for wrong in (
        {"end": "08:00"},
        {"seats": "0"},
        {"seats": "999"},
        {"weeks": "99"},
        {"day": "hier"},
        {"campaign": "x"},
    ):
        assert client.post(page("shift_new"), {**said, **wrong}).status_code == 422
    assert Shift.objects.count() == 3, "all the weeks, or none"


def test_a_week_that_is_no_date_is_this_week(client):
    client.force_login(caller().user)
    for word in ("x", "9999-99-99", "0001-01-01", ""):
        assert client.get(page("shifts"), {"semaine": word}).status_code == 200


def test_a_seat_is_taken_given_back_and_a_shift_cancelled(client):
    boss, who = supervisor(), caller()
    shift = on_duty(campaign(tasks=False), caller())
    client.force_login(who.user)
    client.post(page("shift_deed", shift.public_id, "prendre"))
    assert ShiftSeat.objects.filter(shift=shift, user=who.user, cancelled_at=None).exists()
    client.post(page("shift_deed", shift.public_id, "arriver"))
    assert ShiftSeat.objects.get(user=who.user).arrived_at
    assert client.post(page("shift_deed", shift.public_id, "annuler")).status_code == 403
    client.force_login(boss.user)
    client.post(page("shift_deed", shift.public_id, "annuler"))
    assert not ShiftSeat.objects.filter(shift=shift, cancelled_at=None).exists()
    client.force_login(who.user)
    told = client.post(page("shift_deed", shift.public_id, "prendre"), follow=True).content.decode()
    assert "finie ou annulée" in told


def test_the_home_of_veille_leads_each_role_to_its_own_pages(client):
    for member, there, away in (
        (caller(), ("path", "shifts"), ("callers",)),
        (mentor(), ("callers", "shifts"), ()),
        (supervisor(), ("callers", "shifts"), ("path",)),
    ):
        client.force_login(member.user)
        told = client.get(page("home")).content.decode()
        assert all(f'href="{page(name)}"' in told for name in there), there
        assert not any(f'href="{page(name)}"' in told for name in away), away
