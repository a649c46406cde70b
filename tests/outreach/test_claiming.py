"""Which person comes next, for whom, and why nobody does. Reference outreach-and-referrals §§ 8.1, 8.2, 13."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from entremise.accounts.policies import SecondFactorNeeded
from entremise.audit.models import Entry
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.outreach import usecases
from entremise.outreach.models import CallAttempt, CallCampaign, CallerProfile, CallEvent, CallTask, Debrief
from entremise.outreach.usecases.calls import Claim, Nothing, refusals
from entremise.people.usecases import record_objection
from tests.outreach import factories as made

pytestmark = pytest.mark.django_db
HOUR, SOON = timedelta(hours=1), timedelta(minutes=5)


def queue(count: int = 3, **fields) -> tuple[CallCampaign, list[CallTask]]:
    row = made.campaign(persons=count, **fields)
    CallTask.objects.filter(campaign=row).update(complexity=1, slot_mask=0, rank=0)
    return row, made.tasks(row)


def put(task: CallTask, **changed) -> None:
    CallTask.objects.filter(pk=task.pk).update(**changed)


def claim(who: made.Member, row: CallCampaign):
    return usecases.claim_call(who.actor, campaign=row)


def taken(who: made.Member, row: CallCampaign) -> CallTask | None:
    got = claim(who, row)
    return got.task if isinstance(got, Claim) else None


def test_a_claim_pins_the_script_raises_the_token_and_leaves_an_event_and_a_trace():
    row, _ = queue(1)
    who = made.caller()
    got = claim(who, row)
    assert isinstance(got, Claim)
    task = CallTask.objects.get(pk=got.task.pk)
    assert (task.state, task.claimed_by_id, task.token) == ("claimed", who.pk, 1)
    assert (got.token, got.lease_until, got.script_version) == (1, task.lease_until, task.script_version_id)
    assert got.script == row.script.versions.get(state="active")
    assert {f.attname: getattr(got.task, f.attname) for f in CallTask._meta.concrete_fields} == {
        f.attname: getattr(task, f.attname) for f in CallTask._meta.concrete_fields
    }
    event = CallEvent.objects.get(task=task, event="claim")
    assert (event.before, event.after, event.user_id) == ("ready", "claimed", who.pk)
    entry = Entry.objects.get(action="outreach.call.claimed")
    assert (entry.subject, entry.actor_id, entry.data) == (f"outreach.calltask:{task.pk}", who.pk, {"token": 1})
    assert (entry.seq, entry.link, entry.actor_label, entry.channel) == (None, "", who.actor.label, "web")


def test_nobody_calls_outside_the_dates_they_gave():
    row, _ = queue(1)
    today = clock.today()
    for dates in (
        {"available_from": today + timedelta(days=1)},
        {"available_from": today - timedelta(days=9), "available_until": today - timedelta(days=1)},
    ):
        with pytest.raises(refusals.CallerPaused) as refused:
            claim(made.caller(**dates), row)
        assert "disponibilité" in refused.value.message
    assert claim(made.caller(available_from=today, available_until=today), row).task


def test_who_holds_a_call_gets_it_back_even_when_the_campaign_pauses():
    row, _ = queue(2)
    who = made.caller()
    first = claim(who, row)
    CallCampaign.objects.filter(pk=row.pk).update(state="paused")
    again = claim(who, row)
    assert (again.again, again.task, again.token) == (True, first.task, first.token)
    assert Entry.objects.filter(action="outreach.call.claimed").count() == 1


def test_the_order_of_the_queue_is_that_of_the_reference():
    row, tasks = queue(9)
    who, now = made.caller(level=2), clock.now()
    slot = 15  # every moment of the day: the present one is in it
    wanted = [
        {"urgent": True, "rank": 90},
        {"promised_at": now - SOON, "rank": 80},
        {"reserved_for": who.user, "reserved_until": now + HOUR, "rank": 70},
        {"planned_caller": who.user, "rank": 60},
        {"slot_mask": slot, "rank": 50},
        {"rank": 1},
        {"rank": 2, "last_contact_at": None},
        {"rank": 2, "last_contact_at": now - 9 * HOUR},
        {"rank": 2, "last_contact_at": now - 3 * HOUR},
    ]
    for task, facts in zip(reversed(tasks), wanted, strict=True):
        put(task, **facts)
    order = []
    while (got := taken(who, row)) is not None:
        order.append(got.pk)
        put(got, state="closed", closed_reason="ended", claimed_by=None, lease_until=None)
    assert order == [task.pk for task in reversed(tasks)]


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"not_before": HOUR, "wait_reason": "cooldown", "state": "scheduled"}, "cooldown"),
        ({"not_before": HOUR, "wait_reason": "callback", "state": "scheduled"}, "callback"),
        ({"not_before": HOUR, "wait_reason": "announced", "state": "scheduled"}, "announced"),
        ({"complexity": 2}, "level_too_low"),
        ({"language": "ar"}, "language_missing"),
        ({"line": ""}, "no_valid_number"),
        ({"state": "needs_supervisor", "cause": "hearing"}, "needs_supervisor"),
        ({"state": "unreachable"}, "escalated"),
        ({"state": "escalated"}, "escalated"),
    ],
)
def test_a_task_that_does_not_fit_is_not_given_and_its_reason_is_said(facts, why):
    row, (task,) = queue(1)
    if "not_before" in facts:
        facts = {**facts, "not_before": clock.now() + facts["not_before"]}
    put(task, **facts)
    got = claim(made.caller(level=1), row)
    assert isinstance(got, Nothing)
    assert got.why == {why: 1}
    assert not Entry.objects.filter(action="outreach.call.claimed").exists()


def test_a_level_one_caller_never_receives_a_harder_call_even_alone_and_is_told_the_next_step():
    row, (task,) = queue(1)
    put(task, complexity=2)
    got = claim(made.caller(level=1), row)
    assert (got.why, bool(got.step)) == ({"level_too_low": 1}, True)
    assert taken(made.caller(level=2), row) == task
    assert isinstance(claim(made.caller(level=0), row), Nothing)


def test_a_task_given_back_is_kept_from_that_caller_half_an_hour_and_open_to_others():
    row, (task,) = queue(1)
    who, other = made.caller(), made.caller()
    got = claim(who, row)
    usecases.release_claim(who.actor, task=got.task, token=got.token, reason="too_hard")
    assert claim(who, row).why == {"withheld": 1}
    assert taken(other, row) == task
    usecases.release_claim(other.actor, task=task, token=2)
    put(task, released_by=who.user, released_at=clock.now() - timedelta(minutes=31))
    assert taken(who, row) == task
    aborted = CallAttempt.objects.filter(task=task)
    assert {(one.disposition, one.token) for one in aborted} == {("aborted", 1), ("aborted", 2)}


def test_a_promised_call_back_waits_for_its_caller_half_an_hour_then_opens_to_all(monkeypatch):
    """Acceptance 13."""
    row, (task,) = queue(1)
    who, other = made.caller(), made.caller()
    ten = clock.now() + 2 * HOUR
    put(task, state="scheduled", wait_reason="callback", not_before=ten, promised_at=ten, reserved_for=who.user,
        reserved_until=ten + timedelta(minutes=30))  # fmt: skip
    assert claim(who, row).why == {"callback": 1}
    monkeypatch.setattr(clock, "now", lambda: ten + timedelta(minutes=10))
    assert claim(other, row).why == {"reserved": 1}
    assert taken(who, row) == task
    usecases.release_claim(who.actor, task=task, token=1)
    monkeypatch.setattr(clock, "now", lambda: ten + timedelta(minutes=30))
    assert taken(other, row) == task


def test_two_persons_of_one_line_have_one_live_call_across_campaigns():
    """Acceptance 2."""
    row, tasks = queue(2)
    other = made.campaign(persons=1, code="apa-autre", label="Autre")
    (third,) = CallTask.objects.filter(campaign=other).exclude(person__in=[one.person_id for one in tasks])
    CallTask.objects.filter(campaign=other).exclude(pk=third.pk).delete()
    CallTask.objects.filter(pk__in=[*[one.pk for one in tasks], third.pk]).update(line="a" * 32)
    first = claim(made.caller(level=4), row)
    assert claim(made.caller(level=4), other).why == {"line_busy": 1}
    assert claim(made.caller(level=4), row).why == {"claimed": 1, "line_busy": 1}
    assert isinstance(first, Claim)


def test_one_person_in_two_campaigns_has_one_live_call_then_a_gap():
    row, (task,) = queue(1)
    twin = made.campaign(code=row.registers[0])
    CallTask.objects.filter(campaign=twin).update(line="b" * 32)
    who, other = made.caller(level=4), made.caller(level=4)
    got = claim(who, row)
    assert claim(other, twin).why == {"line_busy": 1}
    usecases.report_call(who.actor, task=got.task, token=got.token, key="k" * 12, disposition="no_answer")
    assert claim(other, twin).why == {"person_gap": 1}
    put(task, last_attempt_at=clock.now() - 5 * HOUR)
    assert taken(other, twin).person_id == task.person_id


def test_a_line_rests_after_a_contact_but_the_other_person_may_be_taken_on_the_spot():
    row, (one, two) = queue(2)
    CallTask.objects.filter(pk__in=[one.pk, two.pk]).update(line="c" * 32)
    who = made.caller()
    got = claim(who, row)
    usecases.report_call(who.actor, task=got.task, token=got.token, key="k" * 12, disposition="reached_complete")
    assert claim(made.caller(), row).why == {"line_busy": 1}
    same = usecases.claim_same_line(who.actor, task=two)
    assert (same.task, same.token) == (two, 1)
    with pytest.raises(NotAllowed):
        usecases.claim_same_line(made.caller().actor, task=two)


def test_whoever_objected_is_not_given_even_if_their_task_still_waits():
    row, (task,) = queue(1)
    record_objection(Actor.machine("essais"), person=task.person_id, purpose="outreach.call")
    task.refresh_from_db()
    assert (task.state, task.closed_reason) == ("closed", "objection")
    put(task, state="ready", closed_reason="")
    assert claim(made.caller(), row).why == {"objection": 1}


def test_a_miss_is_tried_again_at_another_kind_of_moment():
    row, (task,) = queue(1, hours={str(day): [["00:00", "12:00"], ["12:00", "23:59"]] for day in range(7)})
    from entremise.outreach.usecases.calls import timing

    put(task, tried_slots=timing.slot(clock.now()), state="scheduled", wait_reason="other_slot")
    assert claim(made.caller(), row).why == {"other_slot": 1}
    put(task, tried_slots=15 & ~timing.slot(clock.now()))
    assert taken(made.caller(), row) == task


def test_a_rhythm_past_its_end_is_not_given_and_ends_by_the_clock():
    row, (task,) = queue(1, recurrence="weekly", recur_until=clock.today() - timedelta(days=1))
    put(task, cycle=3, state="scheduled", wait_reason="recurrence")
    assert claim(made.caller(), row).why == {"rhythm_over": 1}
    usecases.expire_leases(Actor.machine("délais"))
    task.refresh_from_db()
    assert task.state == "done"


@pytest.mark.parametrize(
    ("campaign", "profile", "refusal"),
    [
        ({"state": "paused"}, {}, refusals.CampaignNotOpen),
        ({"state": "closed", "closed_at": "now"}, {}, refusals.CampaignNotOpen),
        ({"ends_on": "yesterday"}, {}, refusals.CampaignNotOpen),
        ({"hours": {}}, {}, refusals.OutsideHours),
        ({}, {"state": "asked"}, refusals.CallerPaused),
        ({}, {"paused_until": "later"}, refusals.CallerPaused),
        ({"daily_conversations": 0}, {}, refusals.CapReached),
    ],
)
def test_what_stops_a_caller_is_refused_in_words(campaign, profile, refusal):
    row, _ = queue(1)
    who = made.caller()
    words = {"now": clock.now(), "yesterday": clock.today() - timedelta(days=1), "later": clock.now() + HOUR}
    said = {name: words.get(value, value) if isinstance(value, str) else value for name, value in campaign.items()}
    CallCampaign.objects.filter(pk=row.pk).update(**said)
    facts = {name: words.get(value, value) for name, value in profile.items()}
    CallerProfile.objects.filter(pk=who.profile.pk).update(**facts) if facts else None
    row.refresh_from_db()
    with pytest.raises(refusal) as refused:
        claim(who, row)
    assert refused.value.message.endswith((".", "!"))


def test_after_an_emergency_the_debrief_comes_before_the_next_call():
    row, _ = queue(1)
    who = made.caller()
    debrief = Debrief.objects.create(caller=who.profile, cause="emergency")
    with pytest.raises(refusals.CallerPaused):
        claim(who, row)
    Debrief.objects.filter(pk=debrief.pk).update(declined_at=clock.now())
    assert isinstance(claim(who, row), Claim)


def test_only_callers_who_proved_two_factors_claim(settings):
    row, _ = queue(1)
    with pytest.raises(NotAllowed):
        claim(made.supervisor(), row)
    settings.DEMO = False
    who = made.caller()
    with pytest.raises(SecondFactorNeeded):
        usecases.claim_call(Actor(who.pk, "A", "web", frozenset({"caller"})), campaign=row)


def test_a_lease_over_is_offered_again_and_the_heartbeat_of_who_lost_it_is_refused():
    row, (task,) = queue(1)
    who, other = made.caller(), made.caller()
    got = claim(who, row)
    until = usecases.renew_claim(who.actor, task=task, token=got.token)
    assert until >= got.lease_until
    put(task, lease_until=clock.now() - SOON)
    with pytest.raises(refusals.LeaseLost):
        usecases.renew_claim(who.actor, task=task, token=got.token)
    assert taken(other, row) == task
    assert [one.event for one in CallEvent.objects.filter(task=task).order_by("pk")][-3:] == [
        "claim",
        "expire",
        "claim",
    ]
    with pytest.raises(refusals.LeaseLost):
        usecases.release_claim(who.actor, task=task, token=got.token)


def test_a_claim_by_the_screen_is_not_renewed_beyond_two_hours():
    row, (task,) = queue(1)
    who = made.caller()
    got = claim(who, row)
    put(task, claimed_at=clock.now() - timedelta(minutes=115))
    until = usecases.renew_claim(who.actor, task=task, token=got.token)
    assert until < clock.now() + timedelta(minutes=6)
    put(task, claimed_at=clock.now() - timedelta(minutes=121))
    with pytest.raises(refusals.LeaseLost):
        usecases.renew_claim(who.actor, task=task, token=got.token)


def test_sheets_are_claimed_for_one_named_caller_never_two_on_a_line():
    row, tasks = queue(4)
    CallTask.objects.filter(pk__in=[tasks[0].pk, tasks[1].pk]).update(line="d" * 32)
    boss, who = made.supervisor(), made.caller()
    until = clock.now() + 20 * HOUR
    claims = usecases.claim_for_paper(boss.actor, campaign=row, caller=who.pk, count=4, until=until)
    assert len({one.task.line for one in claims}) == len(claims) == 3
    assert {(one.task.claimed_by_id, one.task.claim_channel, one.lease_until) for one in claims} == {
        (who.pk, "paper", until)
    }
    assert isinstance(claim(who, row), Nothing)  # sheets do not stop a call by the screen: there is none left
    with pytest.raises(ValidationError):
        usecases.claim_for_paper(boss.actor, campaign=row, caller=who.pk, count=4, until=clock.now() + 30 * HOUR)
    with pytest.raises(NotAllowed):
        usecases.claim_for_paper(made.caller().actor, campaign=row, caller=who.pk, count=1, until=until)


def test_a_named_task_is_taken_by_who_may_and_refused_to_others():
    row, (task, other) = queue(2)
    put(task, complexity=2)
    with pytest.raises(refusals.LevelTooLow):
        usecases.claim_task(made.caller().actor, task=task)
    put(task, reserved_for=made.caller().user, reserved_until=clock.now() + HOUR, complexity=1)
    with pytest.raises(refusals.AlreadyDecided):
        usecases.claim_task(made.caller().actor, task=task)
    boss = made.supervisor()
    assert usecases.claim_task(boss.actor, task=task).task == task
    CallTask.objects.filter(pk=other.pk).update(line=CallTask.objects.get(pk=task.pk).line)
    with pytest.raises(refusals.LineInUse):
        usecases.claim_task(made.caller().actor, task=other)
