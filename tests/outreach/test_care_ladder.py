"""The search for who does not answer: dated rungs, nobody forgotten, nothing done by the clock alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed
from entremise.kernel.machines import IllegalTransition
from entremise.outreach.engine import ladder
from entremise.outreach.models import CallCampaign, CallEvent, CallTask, Escalation, EscalationStep
from entremise.outreach.queries import care as queries
from entremise.outreach.usecases import care, supervisor_decision
from entremise.outreach.usecases.calls.refusals import ReasonRequired, SecondPersonNeeded
from tests.outreach.factories import Member, caller, campaign, on_duty, register, supervisor, task

pytestmark = pytest.mark.django_db
CLOCK = Actor.machine("délais")
NOON = datetime(2026, 7, 20, 10, 0, tzinfo=UTC)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Stop the clock of the use cases at a moment."""

    def stop(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    return stop


def searched(alert: int = 1, **fields: Any) -> tuple[CallTask, Escalation]:
    row = task(campaign(alert_level=alert, **fields), state="unreachable")
    return row, care.open_ladder(CLOCK, task=row)


def kinds(search: Escalation) -> list[str]:
    return list(search.steps.order_by("due_at").values_list("kind", flat=True))


def test_the_deadlines_of_each_level_are_those_of_the_reference():
    hours = {level: {one.kind: one.hours for one in ladder.rungs((), level)} for level in (1, 2, 3, 4)}
    assert hours[1] == hours[2] == {"other_number": 24, "relative": 48, "neighbour": 72, "visit": 120, "letter": 168}
    assert hours[3] == {"other_number": 4, "relative": 8, "neighbour": 12, "visit": 24, "police": 30, "fire": 36}
    assert hours[4] == {"other_number": 1, "relative": 2, "neighbour": 4, "visit": 8, "police": 12, "fire": 14}


def test_a_search_opens_with_every_rung_dated_from_its_opening(at):
    at(NOON)
    row, search = searched(3)
    assert kinds(search) == ["other_number", "relative", "neighbour", "visit", "police", "fire"]
    assert search.steps.get(kind="visit").due_at == NOON + timedelta(hours=24)
    assert care.open_ladder(CLOCK, task=row).pk == search.pk  # told again, one search
    assert Escalation.objects.count() == 1


def test_a_campaign_names_its_own_hours_and_persons():
    boss = supervisor()
    own = [{"kind": "visit", "hours": {"1": 6}, "responsible": boss.pk}, {"kind": "relative", "hours": {"1": 2}}]
    _, search = searched(1, ladder=own)
    assert kinds(search) == ["relative", "visit"]
    assert search.steps.get(kind="visit").responsible == boss.user


def test_raising_the_alert_shortens_what_is_still_to_climb_and_adds_what_it_brings(at):
    at(NOON)
    row, search = searched(1)
    first = search.steps.get(kind="other_number")
    care.finish_step(supervisor().actor, step=first, result="no_news")
    later = NOON + timedelta(hours=46)  # the relative was due in two hours: sooner than the new eight
    at(later)
    CallCampaign.objects.filter(pk=row.campaign_id).update(alert_level=3)
    assert care.redate_ladders(CLOCK, campaign=CallCampaign.objects.get(pk=row.campaign_id)) == 1
    due = dict(search.steps.values_list("kind", "due_at"))
    assert due["relative"] == NOON + timedelta(hours=48)
    assert due["neighbour"] == later + timedelta(hours=12)
    assert due["visit"] == later + timedelta(hours=24)
    assert due["police"] == later + timedelta(hours=30)
    assert due["other_number"] == NOON + timedelta(hours=24)  # done: untouched
    letter = search.steps.get(kind="letter")
    assert (letter.state, bool(letter.reason)) == ("skipped", True)
    assert care.redate_ladders(CLOCK, campaign=CallCampaign.objects.get(pk=row.campaign_id)) == 0  # safe to run again
    CallCampaign.objects.filter(pk=row.campaign_id).update(alert_level=1)  # back to green: nothing gets slower
    assert care.redate_ladders(CLOCK, campaign=CallCampaign.objects.get(pk=row.campaign_id)) == 0
    assert dict(search.steps.values_list("kind", "due_at")) == due


@pytest.mark.parametrize(
    ("result", "state", "cause"),
    [
        ("seen_well", "scheduled", ""),
        ("news_by_third_party", "scheduled", ""),
        ("seen_help_needed", "needs_supervisor", "help_needed"),
    ],
)
def test_a_sign_of_life_on_a_rung_ends_the_search_and_moves_the_task(result, state, cause):
    row, search = searched()
    CallTask.objects.filter(pk=row.pk).update(misses=3, tried_slots=7)
    step = search.steps.get(kind="neighbour")
    care.start_step(supervisor().actor, step=step)
    assert CallTask.objects.get(pk=row.pk).state == "escalated"
    care.finish_step(supervisor().actor, step=step, result=result)
    row.refresh_from_db()
    search.refresh_from_db()
    assert (row.state, row.cause, row.misses, row.tried_slots) == (state, cause, 0, 0)
    assert row.last_sign_of_life_at
    assert (search.closed_reason, bool(search.closed_at)) == (result, True)
    assert search.steps.count() == 5  # kept
    assert list(CallEvent.objects.filter(task=row).values_list("event", flat=True))[-1] == "sign"


def test_no_news_leaves_the_next_rung_and_the_person_in_the_list():
    row, search = searched()
    boss = supervisor()
    care.finish_step(boss.actor, step=search.steps.get(kind="other_number"), result="no_news")
    (one,) = queries.silent(row.campaign, clock.now())
    assert one.step is not None
    assert one.step.kind == "relative"
    for step in search.steps.filter(state="waiting"):
        care.skip_step(boss.actor, step=step, reason="Aucun proche connu")
    (one,) = queries.silent(row.campaign, clock.now())
    assert one.step is None  # every rung was climbed: still in the list, to be decided
    assert CallTask.objects.get(pk=row.pk).state == "escalated"


def test_a_rung_is_never_passed_over_in_silence():
    _, search = searched()
    step = search.steps.get(kind="visit")
    with pytest.raises(ReasonRequired):
        care.skip_step(supervisor().actor, step=step, reason="  ")
    with pytest.raises(ValidationError):
        care.finish_step(supervisor().actor, step=step, result="")
    with pytest.raises(ValidationError):
        care.finish_step(
            supervisor().actor, step=step, result="seen_well", happened_at=clock.now() + timedelta(hours=1)
        )
    step.refresh_from_db()
    assert step.state == "waiting"


def test_firefighters_are_the_supervisor_s_decision_alone_and_a_rung_belongs_to_whoever_was_named():
    who = caller(level=4)
    own = [{"kind": "fire", "hours": {"4": 14}, "responsible": who.pk},
           {"kind": "neighbour", "hours": {"4": 4}, "responsible": who.pk},
           {"kind": "relative", "hours": {"4": 2}}]  # fmt: skip
    _, search = searched(4, ladder=own)
    with pytest.raises(NotAllowed) as said:
        care.start_step(who.actor, step=search.steps.get(kind="fire"), reason="pas de réponse")
    assert "superviseur" in said.value.message
    with pytest.raises(NotAllowed) as said:
        care.start_step(who.actor, step=search.steps.get(kind="relative"))
    assert "confiée" in said.value.message
    care.start_step(who.actor, step=search.steps.get(kind="neighbour"))
    with pytest.raises(ReasonRequired):
        care.start_step(supervisor().actor, step=search.steps.get(kind="fire"))
    care.start_step(supervisor().actor, step=search.steps.get(kind="fire"), reason="Volets clos depuis deux jours")
    assert search.steps.get(kind="fire").state == "started"


def test_the_second_of_two_supervisors_is_told_who_was_first():
    _, search = searched()
    first, second = supervisor(label="Inès Fiction"), supervisor()
    step = search.steps.get(kind="relative")
    care.finish_step(first.actor, step=step, result="no_news")
    for deed, said in ((care.finish_step, {"result": "not_possible"}), (care.skip_step, {"reason": "sans objet"})):
        with pytest.raises(IllegalTransition) as told:
            deed(second.actor, step=step, **said)
        assert "Inès Fiction" in told.value.message


def test_late_rungs_are_told_on_duty_then_to_the_next_and_never_climb_by_themselves(at, run_jobs):
    at(NOON)
    row, search = searched(4)
    duty, other = supervisor(label="A"), supervisor(label="B")
    on_duty(row.campaign, duty, hours=24)
    at(NOON + timedelta(minutes=59))
    assert care.advance_ladders(CLOCK) == 0
    at(NOON + timedelta(minutes=61))
    assert care.advance_ladders(CLOCK) == 1
    assert care.advance_ladders(CLOCK) == 0
    run_jobs()
    assert [one.to for one in mail.outbox] == [[duty.user.email]]
    assert "Fiction" not in mail.outbox[0].body
    assert "+33" not in mail.outbox[0].body
    at(NOON + timedelta(minutes=92))
    assert care.advance_ladders(CLOCK) == 1
    assert care.advance_ladders(CLOCK) == 0
    run_jobs()
    assert [one.to for one in mail.outbox][1:] == [[other.user.email]]
    at(NOON + timedelta(hours=60))
    care.advance_ladders(CLOCK)
    assert set(search.steps.values_list("state", flat=True)) == {"waiting"}
    assert {one.kind for one in queries.late_steps(row.campaign, clock.now())} == set(kinds(search))
    with pytest.raises(NotAllowed):
        care.advance_ladders(duty.actor)


def test_the_list_says_how_many_by_alert_and_the_oldest_age(at):
    at(NOON)
    searched(1)
    at(NOON + timedelta(hours=50))
    hot, _ = searched(4)
    at(NOON + timedelta(hours=53))
    found = queries.silence(None, clock.now())
    assert [(one.level, one.persons, one.hours, one.late) for one in found] == [(4, 1, 3, 2), (1, 1, 53, 2)]
    assert [one.search.alert_level for one in queries.silent(None, clock.now())] == [4, 1]
    care.close_ladder(CLOCK, task=hot, sign="reached_complete")
    assert [one.level for one in queries.silence(None, clock.now())] == [1]
    assert not care.close_ladder(CLOCK, task=hot, sign="reached_complete")  # told twice, closed once


def test_a_sign_told_by_a_report_closes_the_search_and_leaves_the_task_where_the_report_put_it():
    row, search = searched()
    CallTask.objects.filter(pk=row.pk).update(state="done")
    assert care.close_ladder(CLOCK, task=row, sign="reached_complete")
    assert CallTask.objects.get(pk=row.pk).state == "done"


def test_who_is_said_dead_waits_for_a_second_person():
    row, search = searched()
    boss = supervisor()
    with pytest.raises(ReasonRequired):
        care.stop_search(boss.actor, task=row, cause="deceased", reason="")
    care.stop_search(boss.actor, task=row, cause="deceased", reason="Dit par la gardienne, ce matin")
    row.refresh_from_db()
    assert (row.state, row.cause) == ("needs_supervisor", "deceased")
    with pytest.raises(IllegalTransition):
        care.finish_step(boss.actor, step=search.steps.get(kind="visit"), result="no_news")
    decided = {"task": row, "to": "closed", "closed_reason": "deceased", "reason": "Acte de décès vu en mairie"}
    with pytest.raises(SecondPersonNeeded):
        supervisor_decision(boss.actor, **decided)  # who was told does not confirm
    assert supervisor_decision(supervisor().actor, **decided).state == "closed"
    with pytest.raises(NotAllowed):
        care.stop_search(caller().actor, task=row, cause="moved", reason="x")


def test_punctuality_counts_what_was_due_and_nothing_else(at):
    at(NOON)
    row, search = searched(4)
    boss = supervisor()
    assert queries.punctuality(row.campaign, clock.now()) == (0, 0)
    care.finish_step(boss.actor, step=search.steps.get(kind="other_number"), result="no_news")
    at(NOON + timedelta(hours=3))
    care.finish_step(boss.actor, step=search.steps.get(kind="relative"), result="no_news")
    assert queries.punctuality(row.campaign, clock.now()) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_two_reports_at_once_open_one_search_and_two_hands_finish_a_rung_once():
    register()
    row = task(campaign(alert_level=3), state="unreachable")
    boss: Member = supervisor()
    outcomes: list[str] = []

    def together(deed: Callable[[], Any]) -> None:
        gate = Barrier(4)

        def run() -> None:
            gate.wait()
            try:
                deed()
                outcomes.append("done")
            except DomainError as error:
                outcomes.append(error.code)
            finally:
                connection.close()

        threads = [Thread(target=run) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    together(lambda: care.open_ladder(CLOCK, task=row))
    assert outcomes == ["done"] * 4
    assert Escalation.objects.filter(task=row).count() == 1
    assert EscalationStep.objects.count() == 6
    step = EscalationStep.objects.get(kind="relative")
    outcomes.clear()
    together(lambda: care.finish_step(boss.actor, step=step, result="seen_well"))
    assert sorted(outcomes) == ["done"] + ["illegal_transition"] * 3
    assert CallTask.objects.get(pk=row.pk).state == "scheduled"
