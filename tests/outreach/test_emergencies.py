"""One press, whatever else is missing: written, told, locked; the address for the rescue, and for nobody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.kernel.machines import IllegalTransition
from entremise.outreach.models import (
    CallAttempt,
    CallCampaign,
    CallEvent,
    CallTask,
    Debrief,
    Emergency,
    EmergencyAlert,
)
from entremise.outreach.queries import care as queries
from entremise.outreach.usecases import care, report_call
from entremise.vault.usecases import open as open_fields
from tests.accounts.factories import agent
from tests.outreach.factories import (
    CODE,
    Member,
    caller,
    campaign,
    mentor,
    on_duty,
    register,
    supervisor,
    tasks,
    town,
)

pytestmark = pytest.mark.django_db
CLOCK = Actor.machine("délais")
NOON = datetime(2026, 7, 20, 10, 0, tzinfo=UTC)
STREET = "3 rue de Fiction, 38000 Grenoble"


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    def stop(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    return stop


def on_the_phone(who: Member, *, minutes: int = 15, **fields: object) -> CallTask:
    """A task of somebody with an address, claimed by this caller, as the claim writes it."""
    register()
    town(1, address=STREET)
    row = campaign(**fields)
    (one,) = tasks(row)
    now = clock.now()
    CallTask.objects.filter(pk=one.pk).update(
        state="claimed", claimed_by=who.pk, claimed_at=now, claim_channel="web", token=1,
        lease_until=now + timedelta(minutes=minutes),
    )  # fmt: skip
    CallEvent.objects.create(task=one, event="claim", before="ready", after="claimed", user=who.user, at=now)
    return CallTask.objects.get(pk=one.pk)


def test_one_press_writes_locks_tells_and_asks_for_the_debrief(run_jobs):
    guide = mentor()
    who, boss = caller(mentor=guide), supervisor()
    row = on_the_phone(who)
    on_duty(row.campaign, boss)
    made = care.raise_emergency(who.actor, task=row, token=1)
    row.refresh_from_db()
    assert (row.state, row.cause, row.urgent) == ("needs_supervisor", "emergency", True)
    assert (made.caller, made.token, made.person_id) == (who.user, 1, row.person_id)
    assert [(one.supervisor, one.rank, one.way) for one in queries.alerts_of(made)] == [
        (boss.user, 1, "mail"), (boss.user, 1, "page"),
    ]  # fmt: skip
    debrief = Debrief.objects.get()
    assert (debrief.caller, debrief.cause, debrief.mentor) == (who.profile, "emergency", guide.user)
    run_jobs()
    (sent,) = mail.outbox
    assert sent.to == [boss.user.email]
    assert made.public_id in sent.body
    assert "Fiction" not in sent.body
    assert STREET not in sent.body


def test_pressed_twice_or_by_two_hands_there_is_one_emergency_and_one_round_of_alerts():
    who, boss = caller(), supervisor()
    row = on_the_phone(who)
    first = care.raise_emergency(who.actor, task=row, token=1)
    again = care.raise_emergency(who.actor, task=row, token=1)
    other = care.raise_emergency(boss.actor, task=row)
    assert first.pk == again.pk == other.pk
    assert EmergencyAlert.objects.count() == 2
    assert Debrief.objects.count() == 1


@pytest.mark.parametrize("what", ["expired", "paused", "stale", "closed"])
def test_nothing_stands_in_its_way(what):
    """An expired lease, a paused campaign, a token that somebody else has since, a task closed by an objection."""
    who, boss = caller(), supervisor()
    row = on_the_phone(who, minutes=-5 if what == "expired" else 15)
    if what == "paused":
        CallCampaign.objects.filter(pk=row.campaign_id).update(state="paused")
    elif what == "stale":
        CallTask.objects.filter(pk=row.pk).update(token=2, claimed_by=caller().pk)
    elif what == "closed":
        CallTask.objects.filter(pk=row.pk).update(
            state="closed", closed_reason="objection", claimed_by=None, lease_until=None
        )
    made = care.raise_emergency(who.actor, task=row, token=1)
    row.refresh_from_db()
    assert made.alerts.count() == 2
    assert row.state == ("closed" if what == "closed" else "needs_supervisor")  # nothing reopens after an objection
    assert boss.user in queries.duty_list(row.campaign, clock.now())


def test_danger_does_not_wait_for_a_second_factor_but_is_the_team_s():
    who = caller()
    row = on_the_phone(who)
    supervisor()
    assert care.raise_emergency(replace(who.actor, mfa=False, fresh_mfa=False), task=row, token=1).pk
    stranger = Actor(agent("matchmaker").pk, "x", "web", frozenset({"matchmaker"}))
    with pytest.raises(NotAllowed):
        care.raise_emergency(stranger, task=row)


def test_the_address_opens_for_the_rescue_to_who_held_the_call_and_closes_after():
    who, boss, curious = caller(), supervisor(), caller()
    row = on_the_phone(who)
    address = {"person": row.person_id, "fields": [f"{CODE}.address"], "motive": "Essai de lecture"}
    assert not open_fields(who.actor, purpose="outreach.call", **address).values
    assert not open_fields(who.actor, purpose="outreach.rescue", **address).values  # no emergency yet
    made = care.raise_emergency(who.actor, task=row, token=1)
    shown = care.open_rescue(who.actor, emergency=made)
    assert shown.name == "Fiction 0"
    assert ("adresse", STREET) in shown.lines
    assert STREET not in repr(shown)
    assert care.raise_emergency(curious.actor, task=row).pk == made.pk  # may shout, reads nothing
    assert care.open_rescue(curious.actor, emergency=made).lines == ()
    assert care.open_rescue(boss.actor, emergency=made).has_address
    care.acknowledge_emergency(boss.actor, emergency=made)
    care.close_emergency(boss.actor, emergency=made, outcome="rescue_sent", after="call_again")
    made.refresh_from_db()
    assert care.open_rescue(who.actor, emergency=made).lines == ()
    assert not open_fields(who.actor, purpose="outreach.rescue", **address).values


def test_without_a_task_an_incoming_call_raises_it_too(run_jobs):
    who, boss = caller(), supervisor()
    register()
    (person,) = town(1, address=STREET)
    row = campaign(tasks=False)
    made = care.raise_emergency(who.actor, person=person, campaign=row)
    assert (made.task, made.person_id, made.campaign) == (None, person, row)
    assert care.raise_emergency(who.actor, person=person, campaign=row).pk == made.pk
    unknown = care.raise_emergency(who.actor)
    assert unknown.person_id is None
    assert unknown.pk != made.pk
    assert care.open_rescue(who.actor, emergency=made).lines == ()  # the caller held no call: the supervisor reads
    assert care.open_rescue(boss.actor, emergency=made).has_address
    assert care.open_rescue(boss.actor, emergency=unknown).lines == ()
    care.close_emergency(boss.actor, emergency=unknown, outcome="false_alarm")
    run_jobs()


def test_five_minutes_without_an_answer_and_the_next_supervisor_is_told_until_somebody_answers(at, run_jobs):
    at(NOON)
    who, duty, second = caller(), supervisor(label="A"), supervisor(label="B")
    row = on_the_phone(who)
    on_duty(row.campaign, duty)
    made = care.raise_emergency(who.actor, task=row, token=1)
    at(NOON + timedelta(minutes=4, seconds=59))
    assert care.alert_emergencies(CLOCK) == 0
    at(NOON + timedelta(minutes=5))
    assert care.alert_emergencies(CLOCK) == 1
    assert care.alert_emergencies(CLOCK) == 0  # run twice, told once
    at(NOON + timedelta(minutes=10))
    assert care.alert_emergencies(CLOCK) == 1
    said = list(EmergencyAlert.objects.filter(way="page").order_by("rank").values_list("supervisor", flat=True))
    assert said == [duty.pk, second.pk, duty.pk]
    care.acknowledge_emergency(second.actor, emergency=made)
    at(NOON + timedelta(minutes=30))
    assert care.alert_emergencies(CLOCK) == 0
    run_jobs()
    assert mail.outbox == []  # waiting messages are not sent once somebody answered
    with pytest.raises(NotAllowed):
        care.alert_emergencies(duty.actor)


def test_the_duty_mobile_gets_a_text_message_that_names_nobody(run_jobs, settings, tmp_path):
    settings.SMS_URL = f"file://{tmp_path}"
    who = caller()
    supervisor()
    row = on_the_phone(who, duty_phone="06 39 98 00 01")
    care.raise_emergency(who.actor, task=row, token=1)
    run_jobs()
    (file,) = tmp_path.iterdir()
    text = file.read_text()
    assert '"+33639980001"' in text
    assert "Fiction 0" not in text


def test_without_any_supervisor_the_emergency_is_written_and_told_to_the_first_who_comes():
    who = caller()
    row = on_the_phone(who)
    made = care.raise_emergency(who.actor, task=row, token=1)
    assert made.alerts.count() == 0
    boss = supervisor()
    assert care.alert_emergencies(CLOCK) == 1
    assert made.alerts.first().supervisor == boss.user


def test_of_two_supervisors_one_takes_it_and_the_other_is_told_who():
    who, first, second = caller(), supervisor(label="Inès Fiction"), supervisor()
    made = care.raise_emergency(who.actor, task=on_the_phone(who), token=1)
    assert care.acknowledge_emergency(first.actor, emergency=made)
    assert not care.acknowledge_emergency(first.actor, emergency=made)
    with pytest.raises(IllegalTransition) as told:
        care.acknowledge_emergency(second.actor, emergency=made)
    assert "Inès Fiction" in told.value.message
    with pytest.raises(NotAllowed):
        care.acknowledge_emergency(who.actor, emergency=made)


def test_the_task_moves_only_once_the_outcome_is_written():
    who, boss = caller(), supervisor()
    row = on_the_phone(who)
    made = care.raise_emergency(who.actor, task=row, token=1)
    for said in ({"outcome": ""}, {"outcome": "nimporte"}, {"outcome": "rescue_sent", "after": "oubli"}):
        with pytest.raises(ValidationError):
            care.close_emergency(boss.actor, emergency=made, **said)
    assert CallTask.objects.get(pk=row.pk).state == "needs_supervisor"
    care.close_emergency(boss.actor, emergency=made, outcome="relative_on_site", after="call_again")
    row.refresh_from_db()
    assert (row.state, row.wait_reason, row.urgent, row.cause) == ("scheduled", "callback", False, "")
    assert row.complexity == 4
    assert "emergency_before" in row.complexity_codes
    with pytest.raises(IllegalTransition):
        care.close_emergency(boss.actor, emergency=made, outcome="false_alarm")
    made.refresh_from_db()
    assert made.outcome == "relative_on_site"
    assert made.acknowledged_by == boss.user


@pytest.mark.parametrize(
    ("outcome", "after", "state", "cause", "complexity"),
    [
        ("false_alarm", "call_again", "scheduled", "", 1),
        ("false_alarm", "done", "done", "", 1),
        ("taken_to_hospital", "done", "needs_supervisor", "hospitalised", 4),
        ("deceased", "done", "needs_supervisor", "deceased", 4),
        ("other", "supervise", "needs_supervisor", "", 4),
    ],
)
def test_each_outcome_leads_where_a_second_person_can_still_look(outcome, after, state, cause, complexity):
    who, boss = caller(), supervisor()
    row = on_the_phone(who)
    made = care.raise_emergency(who.actor, task=row, token=1)
    care.close_emergency(boss.actor, emergency=made, outcome=outcome, after=after)
    row.refresh_from_db()
    assert (row.state, row.cause, row.complexity) == (state, cause, complexity)


def test_a_call_whose_report_never_came_has_its_attempt_after_two_hours_once(at):
    at(NOON)
    who = caller()
    supervisor()
    row = on_the_phone(who)
    care.raise_emergency(who.actor, task=row, token=1)
    at(NOON + timedelta(minutes=119))
    assert care.settle_emergencies(CLOCK) == 0
    at(NOON + timedelta(hours=2))
    assert care.settle_emergencies(CLOCK) == 1
    assert care.settle_emergencies(CLOCK) == 0
    attempt = CallAttempt.objects.get()
    assert (attempt.disposition, attempt.token, attempt.caller) == ("emergency", 1, who.user)
    assert attempt.happened_at == NOON


def test_a_report_that_comes_after_those_two_hours_is_kept_whole_for_the_supervisor(at):
    at(NOON)
    who = caller()
    supervisor()
    row = on_the_phone(who)
    care.raise_emergency(who.actor, task=row, token=1)
    at(NOON + timedelta(hours=3))
    care.settle_emergencies(CLOCK)
    sent = {"token": 1, "key": "web:tardif:1", "disposition": "emergency", "message": "Sonner chez la voisine"}
    late = report_call(who.actor, task=row, **sent)
    assert late.orphan is not None
    assert report_call(who.actor, task=row, **sent).orphan == late.orphan  # sent twice, kept once
    assert CallAttempt.objects.count() == 1
    assert care.settle_emergencies(CLOCK) == 0


@pytest.mark.django_db(transaction=True)
def test_many_who_press_and_many_who_answer_at_once_make_one_emergency_with_one_owner():
    who = caller()
    bosses = [supervisor() for _ in range(4)]
    row = on_the_phone(who)
    got: list[object] = []

    def together(deeds: list[Callable[[], object]]) -> None:
        gate = Barrier(len(deeds))

        def run(deed: Callable[[], object]) -> None:
            gate.wait()
            try:
                got.append(deed())
            except IllegalTransition:
                got.append("late")
            finally:
                connection.close()

        threads = [Thread(target=run, args=(deed,)) for deed in deeds]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    together([lambda: care.raise_emergency(who.actor, task=row, token=1).pk for _ in range(4)])
    assert len(got) == 4
    assert len(set(got)) == 1
    made = Emergency.objects.get()
    assert EmergencyAlert.objects.filter(emergency=made, rank=1).count() == 2
    got.clear()
    together([lambda one=one: care.acknowledge_emergency(one.actor, emergency=made) for one in bosses])
    assert sorted(map(str, got)) == ["True", "late", "late", "late"]
