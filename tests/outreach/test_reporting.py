"""What a report becomes: the table of the reference § 8.3, the dispositions of § 9, the rhythm of § 13."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given, strategies as st

from entremise.audit.models import Entry
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.outreach import usecases
from entremise.outreach.engine.dispositions import EFFECTS, REPORTABLE, searching, slots_allowed
from entremise.outreach.engine.rhythm import next_turn
from entremise.outreach.models import (
    DISPOSITIONS,
    TASK_STATES,
    CallAttempt,
    CallTask,
    Debrief,
    Emergency,
    Escalation,
    OrphanReport,
)
from entremise.outreach.queries.calls import calls_of
from entremise.outreach.usecases.calls import Nothing, refusals
from entremise.outreach.usecases.calls.moving import EVENTS
from entremise.people.models import LineMark, Objection
from entremise.people.queries import lines_of, live_objections
from entremise.referrals.models import Difficulty
from entremise.vault import queries as vault
from entremise.vault.models import Cell
from tests.outreach import factories as made

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")
NEED = {"needs": ["food"], "consent": "yes", "note": "Ne sort plus faire ses courses"}


def held(**fields):
    """(caller, their claim) of a campaign with one person."""
    row = made.campaign(persons=1, **fields)
    CallTask.objects.filter(campaign=row).update(complexity=1)
    who = made.caller()
    return who, usecases.claim_call(who.actor, campaign=row)


def report(who, claim, disposition="reached_complete", key="k" * 12, **more):
    return usecases.report_call(
        who.actor, task=claim.task, token=claim.token, key=key, disposition=disposition, **more
    )


def fresh(claim) -> CallTask:
    return CallTask.objects.get(pk=claim.task.pk)


def counted() -> int:
    return CallAttempt.objects.exclude(disposition="aborted").count()


def cells(person) -> list[str]:
    return sorted(Cell.objects.filter(record__person=person).values_list("field", flat=True))


def test_every_disposition_has_its_effect():
    assert set(EFFECTS) == set(DISPOSITIONS)
    assert set(DISPOSITIONS) - {"aborted"} == REPORTABLE
    assert {code for code, one in EFFECTS.items() if one.sign} == {
        "reached_complete", "reached_partial", "reached_callback", "reached_language", "reached_hearing",
        "refused_today", "objection",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "more", "state", "wait", "cause"),
    [
        ("reached_complete", {}, "done", "", ""),
        ("reached_partial", {}, "scheduled", "callback", ""),
        ("reached_callback", {"next_at": timedelta(hours=26)}, "scheduled", "callback", ""),
        ("reached_other", {"news": True}, "scheduled", "callback", ""),
        ("reached_language", {"language": "ar"}, "scheduled", "language", ""),
        ("reached_hearing", {}, "needs_supervisor", "", "hearing"),
        ("refused_today", {}, "scheduled", "cooldown", ""),
        ("objection", {}, "closed", "", ""),
        ("no_answer", {}, "scheduled", "other_slot", ""),
        ("switched_off", {}, "scheduled", "other_slot", ""),
        ("busy", {}, "scheduled", "cooldown", ""),
        ("voicemail_left", {}, "scheduled", "other_slot", ""),
        ("voicemail_none", {}, "scheduled", "other_slot", ""),
        ("wrong_number", {}, "needs_supervisor", "", "no_valid_number"),
        ("out_of_service", {}, "needs_supervisor", "", "no_valid_number"),
        ("moved", {}, "needs_supervisor", "", "moved"),
        ("hospitalised", {}, "needs_supervisor", "", "hospitalised"),
        ("institution", {}, "needs_supervisor", "", "institution"),
        ("deceased", {}, "needs_supervisor", "", "deceased"),
        ("emergency", {}, "needs_supervisor", "", "emergency"),
    ],
)
def test_each_disposition_moves_the_task_as_the_table_says(code, more, state, wait, cause):
    who, claim = held()
    if "next_at" in more:
        more = {"next_at": clock.now() + more["next_at"]}
    done = report(who, claim, code, **more)
    task = fresh(claim)
    assert (task.state, task.wait_reason, task.cause) == (state, wait, cause)
    assert (task.claimed_by_id, task.lease_until) == (None, None)
    assert (done.attempt.disposition, done.attempt.late, counted()) == (code, False, 1)
    assert task.misses == (1 if EFFECTS[code].miss else 0)
    signs = EFFECTS[code].is_sign(more.get("news", False))
    assert (task.last_sign_of_life_at is not None) is signs
    assert [one.event for one in task.events.order_by("pk")][:1] == ["claim"]
    assert Entry.objects.filter(action="outreach.call.reported", data__disposition=code).count() == 1
    again = usecases.claim_call(made.caller().actor, campaign=task.campaign)
    assert isinstance(again, Nothing)  # not offered again at once


@pytest.mark.parametrize("code", ["", "aborted", "joined", "wrong"])
def test_an_incomplete_report_is_refused_and_nothing_is_written(code):
    who, claim = held()
    with pytest.raises(refusals.ReportIncomplete):
        report(who, claim, code, message="Préfère le matin")
    assert (fresh(claim).state, counted(), cells(claim.task.person_id).count("message")) == ("claimed", 0, 0)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"disposition": "reached_callback"}, "next_at"),
        ({"disposition": "reached_callback", "next_at": -1}, "next_at"),
        ({"happened_at": 1}, "happened_at"),
        ({"message": "x" * 281}, "message"),
        ({"note": "x" * 501}, "note"),
        ({"minutes": 900}, "minutes"),
        ({"key": "court"}, "key"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(more, field):
    who, claim = held()
    said = {
        name: clock.now() + timedelta(hours=value) if name.endswith("_at") else value for name, value in more.items()
    }
    with pytest.raises(refusals.ReportIncomplete) as refused:
        report(who, claim, **said)
    assert set(refused.value.fields) == {field}


def test_sent_twice_under_one_key_or_another_it_is_one_attempt():
    who, claim = held()
    first = report(who, claim)
    for key in ("k" * 12, "another-key"):
        again = report(who, claim, key=key, disposition="no_answer")
        assert (again.attempt, again.again) == (first.attempt, True)
    assert (counted(), fresh(claim).state) == (1, "done")


def test_a_lease_over_but_taken_by_nobody_is_recorded_as_late_once():
    who, claim = held()
    CallTask.objects.filter(pk=claim.task.pk).update(lease_until=clock.now() - timedelta(minutes=1))
    usecases.expire_leases(Actor.machine("délais"))
    assert fresh(claim).wait_reason == "released"
    done = report(who, claim, message="Préfère le matin", difficulties=[NEED])
    assert (done.late, fresh(claim).state, counted()) == (True, "done", 1)
    assert "message" in cells(claim.task.person_id)
    assert Difficulty.objects.get().origin_id == done.attempt.public_id


def test_the_worked_sequence_of_the_reference_a_stale_report_is_kept_whole_and_counted_never():
    who, claim = held()
    other = made.caller()
    CallTask.objects.filter(pk=claim.task.pk).update(lease_until=clock.now() - timedelta(minutes=1))
    second = usecases.claim_call(other.actor, campaign=claim.task.campaign)
    assert (second.task.pk, second.token) == (claim.task.pk, 2)
    late = report(who, claim, key="a" * 12, note="Voisine au 3e", difficulties=[NEED])
    assert late.attempt is None
    assert late.orphan.state == "waiting"
    assert (fresh(claim).state, fresh(claim).claimed_by_id, counted()) == ("claimed", other.pk, 0)
    assert not Difficulty.objects.exists()
    assert report(who, claim, key="z" * 12).orphan == late.orphan
    done = report(other, second, key="b" * 12)
    assert (done.attempt.token, counted()) == (2, 1)
    assert report(other, second, key="b" * 12).again
    assert counted() == 1
    boss = made.supervisor()
    attempt = usecases.decide_orphan(boss.actor, orphan=late.orphan, accept=True, reason="Appel bien passé")
    assert (attempt.late, attempt.caller_id, counted()) == (True, who.pk, 2)
    assert Difficulty.objects.get().person_id == claim.task.person_id
    assert f"orphan#{late.orphan.public_id}" not in cells(claim.task.person_id)
    with pytest.raises(refusals.AlreadyDecided):
        usecases.decide_orphan(boss.actor, orphan=late.orphan, accept=False, reason="Deux fois")


def test_an_emergency_in_a_stale_report_is_raised_at_once():
    who, claim = held()
    CallTask.objects.filter(pk=claim.task.pk).update(lease_until=clock.now() - timedelta(minutes=1))
    usecases.claim_call(made.caller().actor, campaign=claim.task.campaign)
    late = report(who, claim, "emergency")
    assert late.orphan is not None
    assert Emergency.objects.get().task_id == claim.task.pk
    assert (fresh(claim).state, fresh(claim).urgent) == ("needs_supervisor", True)


def test_a_no_in_a_stale_report_holds_at_once_and_ends_the_call_of_who_took_over():
    who, claim = held()
    other = made.caller()
    CallTask.objects.filter(pk=claim.task.pk).update(lease_until=clock.now() - timedelta(minutes=1))
    second = usecases.claim_call(other.actor, campaign=claim.task.campaign)
    late = report(who, claim, "objection")
    assert late.orphan is not None
    assert claim.task.campaign.purpose in live_objections(claim.task.person_id)
    assert (fresh(claim).state, fresh(claim).closed_reason) == ("closed", "objection")
    kept = report(other, second, key="c" * 12)
    assert kept.attempt is not None or kept.orphan is not None, "what the other typed is not lost"
    assert fresh(claim).state == "closed"


def test_the_date_said_aloud_at_the_end_of_a_script_is_a_promise_kept_for_its_caller():
    (version,) = usecases.install_scripts(Actor.machine("essais"), codes=["canicule"])
    row = made.campaign(persons=1, script=version.script)
    who = made.caller()
    claim = usecases.claim_call(who.actor, campaign=row)
    at = (timezone.localtime(clock.now()) + timedelta(days=2)).replace(hour=10, minute=30, second=0, microsecond=0)
    past = f"{clock.today() - timedelta(days=1):%Y-%m-%d}T10:30"
    well = {"etat": "bien", "rappel": "oui"}
    with pytest.raises(refusals.AnswersInvalid):
        report(who, claim, answers={**well, "prochain_appel": past})
    done = report(who, claim, answers={**well, "prochain_appel": f"{at:%Y-%m-%dT%H:%M}"})
    task = fresh(claim)
    assert (done.attempt.disposition, task.state, task.wait_reason) == ("reached_complete", "scheduled", "callback")
    assert (task.promised_at, task.not_before, task.reserved_for_id) == (at, at, who.pk)


def test_somebody_who_never_held_the_task_reports_nothing():
    _, claim = held()
    for token in (claim.token, 0, 7):
        with pytest.raises(NotAllowed):
            usecases.report_call(
                made.caller().actor, task=claim.task, token=token, key="k" * 12, disposition="no_answer"
            )
    assert (counted(), OrphanReport.objects.count()) == (0, 0)


def test_an_objection_closes_every_call_for_ever_and_wipes_what_calls_had_sealed():
    """Acceptance 6."""
    who, claim = held()
    twin = made.campaign(code=claim.task.campaign.registers[0])
    report(who, claim, "objection", note="Très fâchée", message="Ne plus appeler")
    person = claim.task.person_id
    assert set(CallTask.objects.filter(person=person).values_list("state", "closed_reason")) == {
        ("closed", "objection")
    }
    assert Objection.objects.get(person=person).purpose == "outreach.call"
    assert not [name for name in cells(person) if name.startswith(("note", "message", "answers"))]
    usecases.fill_tasks(made.MACHINE, campaign=twin)
    assert CallTask.objects.filter(campaign=twin).get().state == "closed"
    assert counted() == 1  # counts stay
    with pytest.raises(refusals.ObjectionStands):
        usecases.supervisor_decision(made.supervisor().actor, task=claim.task, to="ready", reason="Elle a changé")


def test_misses_over_enough_kinds_of_moments_open_the_search_and_a_call_received_closes_it():
    who, claim = held(attempts_max=2, slots_required=1)
    report(who, claim, "no_answer")
    CallTask.objects.filter(pk=claim.task.pk).update(not_before=clock.now(), tried_slots=8)
    again = usecases.claim_call(who.actor, campaign=claim.task.campaign)
    report(who, again, "voicemail_none", key="b" * 12)
    assert (fresh(claim).state, Escalation.objects.filter(closed_at=None).count()) == ("unreachable", 1)
    attempt = usecases.record_incoming(
        who.actor, campaign=claim.task.campaign, person=claim.task.person_id, key="c" * 12,
        disposition="reached_complete",
    )  # fmt: skip
    assert (attempt.direction, fresh(claim).state) == ("in", "done")
    assert not Escalation.objects.filter(closed_at=None).exists()
    assert calls_of([claim.task.person_id])[claim.task.person_id].last == clock.today()


def test_an_incoming_call_is_written_whatever_the_state_of_the_task_and_of_the_campaign():
    """Acceptance 14."""
    row = made.campaign(persons=1)
    (task,) = made.tasks(row)
    who = made.caller()
    for number, state in enumerate(set(TASK_STATES) - {"claimed"}):
        closed = "ended" if state == "closed" else ""
        CallTask.objects.filter(pk=task.pk).update(state=state, closed_reason=closed)
        type(row).objects.filter(pk=row.pk).update(state="closed")
        usecases.record_incoming(
            who.actor, campaign=row, person=task.person_id, key=f"entrant-{number}", disposition="reached_other",
            news=True,
        )  # fmt: skip
        if state == "closed":
            assert CallTask.objects.get(pk=task.pk).state == "closed"
    assert CallAttempt.objects.filter(direction="in").count() == len(TASK_STATES) - 1


def test_another_number_is_tried_within_the_claim_and_counts_one_miss():
    who, claim = held()
    task = claim.task
    LineMark.objects.create(person_id=task.person_id, field="personne.phone#1", mark="e" * 32)
    moved = usecases.continue_with(who.actor, task=task, token=claim.token, key="a" * 12, disposition="wrong_number")
    assert (moved.state, moved.token, moved.line) == ("claimed", claim.token, "e" * 32)
    assert "e" * 32 in [one.mark for one in lines_of([task.person_id])[task.person_id]]
    assert LineMark.objects.get(person=task.person_id, mark=task.line).status == "wrong"
    same = usecases.continue_with(who.actor, task=task, token=claim.token, key="a" * 12, disposition="wrong_number")
    assert same.line == "e" * 32
    report(who, claim, "no_answer", key="b" * 12)
    assert (fresh(claim).misses, counted()) == (1, 2)
    with pytest.raises(refusals.LeaseLost):
        usecases.continue_with(who.actor, task=task, token=claim.token, key="c" * 12, disposition="no_answer")


def test_what_one_caller_heard_closes_nothing_before_another_human_confirmed_it():
    who, claim = held()
    report(who, claim, "deceased")
    both = Actor(who.pk, "A", "web", frozenset({"caller", "supervisor"}), mfa=True)
    asked = {"task": claim.task, "to": "closed", "closed_reason": "deceased", "reason": "Avis de la mairie"}
    with pytest.raises(refusals.SecondPersonNeeded):
        usecases.supervisor_decision(both, **asked)
    with pytest.raises(refusals.ReasonRequired):
        usecases.supervisor_decision(made.supervisor().actor, **{**asked, "reason": " "})
    usecases.supervisor_decision(made.supervisor().actor, **asked)
    assert (fresh(claim).state, fresh(claim).closed_reason) == ("closed", "deceased")


def test_a_hard_call_asks_for_a_talk():
    who, claim = held()
    report(who, claim, hard=True)
    assert Debrief.objects.get().cause == "hard_call"


def test_the_sheet_shows_the_name_the_number_and_the_message_to_who_holds_the_call_only():
    who, claim = held()
    sheet = usecases.open_sheet(who.actor, task=claim.task)
    assert sheet.name.startswith("Fiction")
    assert sheet.number.startswith("+33639")
    report(who, claim, "reached_callback", next_at=clock.now() + timedelta(hours=2), message="Parle doucement")
    with pytest.raises(refusals.LeaseLost):
        usecases.open_sheet(who.actor, task=claim.task)
    CallTask.objects.filter(pk=claim.task.pk).update(not_before=clock.now())
    again = usecases.claim_call(who.actor, campaign=claim.task.campaign)
    assert usecases.open_sheet(who.actor, task=again.task).message == "Parle doucement"


def test_nothing_typed_leaves_the_vault_by_logs_traces_or_tables(caplog):
    """Acceptance 23."""
    caplog.set_level(logging.DEBUG)
    who, claim = held()
    with connection.cursor() as cursor:
        report(
            who, claim, message="ZYXCANARI doux", note="ZYXCANARI note", difficulties=[{**NEED, "note": "ZYXCANARI"}]
        )
        for table in ("outreach_calltask", "outreach_callattempt", "outreach_callevent", "audit_entry"):
            cursor.execute(f"SELECT * FROM {table}")
            assert "ZYXCANARI" not in str(cursor.fetchall())
    assert "ZYXCANARI" not in "".join(one.getMessage() for one in caplog.records if one.name != "django.db.backends")
    assert vault.records_of(claim.task.person_id)


@given(
    misses=st.integers(0, 10), tried=st.integers(0, 15), most=st.integers(1, 10), slots=st.integers(1, 4),
    opened=st.integers(1, 15),
)  # fmt: skip
def test_the_search_opens_only_after_enough_misses_and_always_can(misses, tried, most, slots, opened):
    facts = {"attempts_max": most, "slots_required": slots, "slots_open": opened}
    if searching(misses, tried, **facts):
        assert misses >= most
    assert searching(most, opened, **facts)  # every kind that opens was tried
    for place in range(4):
        if opened >> place & 1:
            assert opened in slots_allowed(1 << place, slots_required=slots, slots_open=opened)  # never stuck
            assert 0 in slots_allowed(1 << place, slots_required=slots, slots_open=opened)


@pytest.mark.parametrize(
    ("start", "weeks"), [("2026-03-24T10:00", 2), ("2026-10-20T10:00", 2), ("2026-07-07T18:30", 3)]
)
def test_the_weekly_call_keeps_its_hour_on_the_wall_across_both_clock_changes(start, weeks):
    turn = datetime.fromisoformat(start).replace(tzinfo=PARIS)
    at = turn
    for _ in range(weeks):
        late = at + timedelta(hours=5)  # however late the call came, the appointment stays
        following = next_turn("weekly", every_days=7, turn=at, happened=late, zone=PARIS, until=None)
        assert (following.weekday(), following.hour, following.minute) == (turn.weekday(), turn.hour, turn.minute)
        assert following.date() - at.date() == timedelta(days=7)
        at = following
    end = at.date() + timedelta(days=6)
    assert next_turn("weekly", every_days=7, turn=at, happened=at, zone=PARIS, until=end) is None


def test_the_events_of_a_task_only_name_moves_that_the_machine_knows():
    states = set(TASK_STATES)
    for sources, targets in EVENTS.values():
        assert sources <= states
        assert targets <= states
    reached = {target for _, targets in EVENTS.values() for target in targets}
    assert reached == states - {"draft"}
