"""A campaign from its preparation to its end: whom it calls, what opening needs, what the law keeps shut."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from entremise.kernel import clock
from entremise.kernel.errors import NotAllowed
from entremise.kernel.machines import IllegalTransition
from entremise.outreach import usecases
from entremise.outreach.models import (
    CallCampaign,
    CallEvent,
    CallTask,
    CampaignDefaults,
    Emergency,
    Escalation,
    EscalationStep,
)
from entremise.outreach.queries import campaigns as queries, readiness
from entremise.vault.models import Habilitation, Register
from tests.accounts.factories import agent, habilitate
from tests.outreach.factories import (
    ALWAYS,
    CODE,
    Member,
    caller,
    campaign,
    on_duty,
    register,
    script,
    supervisor,
    tasks,
    town,
)

pytestmark = pytest.mark.django_db
LADDER = [{"kind": "visit", "hours": {"1": 120, "3": 24, "4": 8}}]


def prepared(boss: Member, *, code: str = CODE, **fields) -> CallCampaign:
    """A campaign as the form makes it, waiting for its script, its announcement and its team."""
    facts = {"label": "Veille d’été", "purpose": "outreach.call", "source": {"registers": [code]}, **fields}
    return usecases.create_campaign(boss.actor, **facts)


def ready(boss: Member, *, code: str = CODE, **fields) -> CallCampaign:
    """The same with everything that opening asks for."""
    row = prepared(boss, code=code, **fields)
    usecases.fill_tasks(boss.actor, campaign=row)
    usecases.update_campaign(
        boss.actor, campaign=row, script=script().script, hours=ALWAYS, holidays_open=True, announcement="waived",
        waived_reason="Vague de chaleur dès demain", ladder=[{**step, "responsible": boss.pk} for step in LADDER],
    ) if "hours" not in fields else None  # fmt: skip
    row.refresh_from_db()
    usecases.confirm_numbers(boss.actor, campaign=row)
    caller(level=1)
    on_duty(row, boss, hours=72)
    return CallCampaign.objects.get(pk=row.pk)


@pytest.fixture(autouse=True)
def _day_and_night(monkeypatch):
    """These campaigns are open day and night, so that a test passes at any hour."""
    monkeypatch.setattr("entremise.outreach.rules.EARLIEST", replace_point("EARLIEST", 0))
    monkeypatch.setattr("entremise.outreach.rules.LATEST", replace_point("LATEST", 24))


def replace_point(name, value):
    from entremise.outreach import rules

    point = getattr(rules, name)
    return replace(point, key=f"test.{name}", default=value, minimum=0, maximum=24)


def codes(row: CallCampaign) -> list[str]:
    return [one.code for one in readiness.missing(row, clock.now())]


def test_what_is_not_said_comes_from_the_kit_at_its_level_of_alert():
    register()
    values = {
        "levels": {"3": {"attempts": 2, "slots": 2, "cooldown": 45, "weekdays": "8:00-20:30", "sunday": "10:00-12:00",
                         "recurrence": "daily"}},
        "ladder": LADDER, "numbers": [{"number": "3977", "label": "Maltraitance"}], "languages": ["fr", "ar"],
        "announcement": {"sms": "Bonjour. STOP", "letter": "Bonjour."},
    }  # fmt: skip
    CampaignDefaults.objects.create(kit="canicule", values=values)
    row = prepared(supervisor(), kit="canicule", alert_level=3)
    assert row.hours["6"] == [["10:00", "12:00"]]
    assert "5" not in row.hours
    assert (row.cooldown, row.attempts_max, row.languages) == (45, 2, ["fr", "ar"])
    assert row.announcement_text == "Bonjour. STOP"
    assert row.recur_until is not None
    assert row.emergency_numbers == [{"number": "3977", "label": "Maltraitance"}]


def test_opening_says_all_that_is_missing_and_opens_nothing():
    town(1)
    boss = supervisor()
    row = prepared(boss)
    usecases.fill_tasks(boss.actor, campaign=row)
    with pytest.raises(usecases.CampaignNotReady) as refused:
        usecases.open_campaign(boss.actor, campaign=row)
    assert {one.code for one in refused.value.missing} == {
        "script", "announcement", "ladder", "numbers", "callers", "duty",
    }  # fmt: skip
    assert CallCampaign.objects.get().state == "draft"
    assert CallTask.objects.get().state == "draft"


def test_an_opened_campaign_wakes_its_tasks_each_with_its_event():
    town(3)
    town(1, phone="")
    boss = supervisor()
    row = usecases.open_campaign(boss.actor, campaign=ready(boss))
    assert row.state == "open"
    assert sorted(one.state for one in tasks(row)) == ["needs_supervisor", "ready", "ready", "ready"]
    assert CallTask.objects.get(state="needs_supervisor").cause == "no_valid_number"
    events = CallEvent.objects.filter(task__campaign=row)
    assert events.count() == 4
    assert set(events.values_list("before", "user")) == {("draft", boss.pk)}
    with pytest.raises(IllegalTransition):
        usecases.open_campaign(boss.actor, campaign=row)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda row, boss: CallTask.objects.update(state="closed", closed_reason="other"), "persons"),
        (lambda row, boss: CallCampaign.objects.filter(pk=row.pk).update(script=None), "script"),
        (lambda row, boss: CallCampaign.objects.filter(pk=row.pk).update(hours={}), "hours"),
        (lambda row, boss: CallCampaign.objects.filter(pk=row.pk).update(keep_until=None), "keep_until"),
        (lambda row, boss: CallCampaign.objects.filter(pk=row.pk).update(numbers_confirmed_at=None), "numbers"),
        (lambda row, boss: CallCampaign.objects.filter(pk=row.pk).update(announcement=""), "announcement"),
        (lambda row, boss: CallCampaign.objects.filter(pk=row.pk).update(filling={"state": "running"}), "filling"),
        (lambda row, boss: row.shifts.all().update(role="caller"), "duty"),
        (lambda row, boss: Register.objects.filter(pk=CODE).update(status="suspended"), "register"),
        (lambda row, boss: Habilitation.objects.update(suspended_at=clock.now()), "habilitation"),
        (lambda row, boss: usecases.update_campaign(boss.actor, campaign=row, ladder=LADDER), "ladder"),
        (lambda row, boss: usecases.update_campaign(boss.actor, campaign=row, announcement="sms"), "shown_number"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_each_thing_that_opening_needs_is_asked_for_by_its_name(spoil, code):
    town(1)
    boss = supervisor()
    row = ready(boss)
    assert codes(row) == []
    spoil(row, boss)
    row.refresh_from_db()
    assert codes(row) == [code]


def test_the_duty_of_supervisors_must_cover_every_open_hour_of_the_next_open_day():
    town(1)
    boss = supervisor()
    row = ready(boss)
    shift = row.shifts.get()
    now = clock.now()
    type(shift).objects.filter(pk=shift.pk).update(
        starts_at=now - timedelta(hours=1), ends_at=now + timedelta(seconds=30)
    )
    assert codes(row) == ["duty"]
    on_duty(row, supervisor(), hours=72)
    assert codes(row) == []


def test_changed_numbers_are_to_be_confirmed_again():
    town(1)
    boss = supervisor()
    row = ready(boss)
    usecases.update_campaign(boss.actor, campaign=row, emergency_numbers=[{"number": "3919", "label": "Violences"}])
    row.refresh_from_db()
    assert codes(row) == ["numbers"]


# the law


def legal(**changed) -> Register:
    facts = {
        "profile": "canicule", "kind": "legal", "label": "Canicule", "nominative": True,
        "crisis_purposes": ["outreach.call"], **changed,
    }  # fmt: skip
    return register("canicule-essai", **facts)


def test_the_legal_register_opens_with_the_act_of_the_prefect_and_agents_named_by_writing():
    legal(crisis_declared_at=None)
    town(1, code="canicule-essai")
    boss = supervisor()
    row = ready(boss, code="canicule-essai")
    assert codes(row) == ["activation", "basis", "habilitation"]
    usecases.update_campaign(boss.actor, campaign=row, basis="activation")
    assert "activation" in codes(CallCampaign.objects.get())
    usecases.update_campaign(
        boss.actor, campaign=row, activation_act="Arrêté 2026-114 du préfet", activation_on=clock.today()
    )
    usecases.set_alert_level(boss.actor, campaign=row, level=3, adjust=False)
    row = CallCampaign.objects.get()
    assert codes(row) == ["activation", "habilitation"]  # the controller has not declared the plan in the vault
    Register.objects.filter(pk="canicule-essai").update(crisis_declared_at=clock.now())
    assert codes(row) == ["habilitation"]
    who = caller(level=1)
    habilitate(who.pk, "caller", named_in=["canicule-essai"])
    assert codes(row) == []
    assert usecases.open_campaign(boss.actor, campaign=row).state == "open"
    Register.objects.filter(pk="canicule-essai").update(crisis_declared_at=None)
    usecases.pause_campaign(boss.actor, campaign=row, reason="Fin du plan")
    with pytest.raises(usecases.LegalGateClosed):
        usecases.resume_campaign(boss.actor, campaign=row)


def test_outside_the_plan_the_legal_register_serves_calls_of_company_once_the_dpo_decided():
    legal(nominative=False)
    boss = supervisor()
    row = prepared(boss, code="canicule-essai", basis="isolation")
    assert "basis" in codes(row)  # `outreach.call` is for the plan only
    row = prepared(boss, code="canicule-essai", purpose="outreach.keep_in_touch", basis="isolation")
    assert "decision" in codes(row)
    dpo = agent("dpo")
    with pytest.raises(NotAllowed):
        usecases.decide_basis(boss.actor, campaign=row, decision="Avis 12")
    from entremise.accounts.queries import actor_of

    usecases.decide_basis(actor_of(dpo, "web", True), campaign=row, decision="Avis 12 du 3 juin")
    row.refresh_from_db()
    assert row.decided_by == dpo.pk
    assert not {"basis", "decision"} & set(codes(row))
    usecases.update_campaign(boss.actor, campaign=row, basis="activation")
    assert CallCampaign.objects.get(pk=row.pk).decision == ""


def test_the_legal_register_is_never_called_with_another():
    legal()
    register()
    with pytest.raises(ValidationError, match="seuls"):
        prepared(supervisor(), source={"registers": [CODE, "canicule-essai"]})


# settings


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"hours": {"0": [["05:00", "09:00"]]}}, "day_0"),
        ({"ends_on": clock.today() - timedelta(days=1)}, "ends_on"),
        ({"recurrence": "daily", "recur_until": None}, "recur_until"),
        ({"daily_conversations": 400}, "daily_conversations"),
        ({"keep_until": clock.today() + timedelta(days=4000)}, "keep_until"),
        ({"announcement": "waived", "waived_reason": " "}, "waived_reason"),
        ({"languages": []}, "languages"),
        ({"ladder": []}, "ladder"),
        ({"ladder": [{"kind": "visit", "hours": {"1": 9, "3": 8, "4": 7}, "responsible": 987654}]}, "ladder"),
        ({"lease": 90}, "lease"),
        ({"attempts_max": 0}, "attempts_max"),
    ],
)
def test_settings_that_do_not_hold_are_refused_by_field_and_nothing_changes(monkeypatch, changed, field):
    monkeypatch.undo()  # the hours of the rules, as they are
    register()
    boss = supervisor()
    row = prepared(boss)
    with pytest.raises(ValidationError) as refused:
        usecases.update_campaign(boss.actor, campaign=row, **changed)
    said = refused.value.message_dict
    assert field in said or "__all__" in said
    assert CallCampaign.objects.get().label == "Veille d’été"
    assert CallCampaign.objects.get().lease == 15


def test_a_register_that_does_not_serve_and_a_cohort_that_is_over_are_refused():
    register(bases={"registers.keep": "public_interest"})
    boss = supervisor()
    for source in ({"registers": [CODE]}, {"registers": ["inconnu"]}, {"cohort": "nulle"}, {}):
        with pytest.raises(ValidationError) as refused:
            prepared(boss, source=source)
        assert list(refused.value.message_dict) == ["source"]


def test_only_a_supervisor_prepares_opens_and_closes():
    row = campaign("draft")
    who = caller().actor
    for deed in (
        lambda: usecases.create_campaign(who, label="x", purpose="outreach.call", source={"registers": [CODE]}),
        lambda: usecases.update_campaign(who, campaign=row, label="y"),
        lambda: usecases.open_campaign(who, campaign=row),
        lambda: usecases.pause_campaign(who, campaign=row, reason="z"),
        lambda: usecases.close_campaign(who, campaign=row),
        lambda: usecases.copy_campaign(who, campaign=row),
        lambda: usecases.set_alert_level(who, campaign=row, level=4),
        lambda: usecases.confirm_numbers(who, campaign=row),
        lambda: usecases.receive_stop(who, number="+33639980000"),
        lambda: usecases.fill_tasks(who, campaign=row),
    ):
        with pytest.raises(NotAllowed):
            deed()


# life


def test_a_pause_has_a_reason_and_a_public_word_and_is_taken_back():
    row, boss = campaign(persons=1), supervisor()
    with pytest.raises(usecases.ReasonRequired):
        usecases.pause_campaign(boss.actor, campaign=row, reason="  ")
    usecases.pause_campaign(boss.actor, campaign=row, reason="Panne du téléphone", public_message="Reprise lundi.")
    row.refresh_from_db()
    assert (row.state, row.public_message) == ("paused", "Reprise lundi.")
    assert not queries.is_open_now(row, clock.now())
    usecases.resume_campaign(boss.actor, campaign=row)
    assert queries.is_open_now(row, clock.now())


def test_a_campaign_with_a_search_or_an_emergency_closes_only_when_somebody_takes_it_over():
    row, boss, other = campaign(persons=4), supervisor(), supervisor()
    searched, urgent, claimed, waiting = tasks(row)
    CallTask.objects.filter(pk=searched.pk).update(state="escalated")
    step = EscalationStep.objects.create(
        escalation=Escalation.objects.create(task=searched, campaign=row, alert_level=1), rank=1, kind="visit",
        due_at=clock.now(), responsible=boss.user,
    )  # fmt: skip
    CallTask.objects.filter(pk=urgent.pk).update(state="needs_supervisor", cause="emergency", urgent=True)
    emergency = Emergency.objects.create(campaign=row, task=urgent, person=urgent.person)
    CallTask.objects.filter(pk=claimed.pk).update(
        state="claimed", claimed_by=caller().pk, claim_channel="web", lease_until=clock.now() + timedelta(minutes=9)
    )
    with pytest.raises(usecases.CampaignBusy):
        usecases.close_campaign(boss.actor, campaign=row)
    with pytest.raises(ValidationError):
        usecases.close_campaign(boss.actor, campaign=row, transfer_to=agent("caller"))
    assert CallCampaign.objects.get().state == "open"
    done = usecases.close_campaign(boss.actor, campaign=row, transfer_to=other.user, public_message="Merci à tous.")
    assert done == {"ended": 1, "emergencies": 1, "searches": 1}
    step.refresh_from_db()
    emergency.refresh_from_db()
    assert step.responsible == emergency.acknowledged_by == other.user
    assert [one.state for one in tasks(row)] == ["escalated", "needs_supervisor", "claimed", "closed"]
    assert CallTask.objects.get(pk=waiting.pk).closed_reason == "ended"
    with pytest.raises(usecases.CampaignOver):
        usecases.update_campaign(boss.actor, campaign=row, label="Encore")


def test_a_copy_takes_persons_and_settings_and_no_answer():
    row, boss = campaign(persons=2, state="closed", cooldown=99, activation_act="Arrêté 1"), supervisor()
    copy = usecases.copy_campaign(boss.actor, campaign=row)
    usecases.fill_tasks(boss.actor, campaign=copy)
    assert (copy.state, copy.cooldown, copy.copied_from_id) == ("draft", 99, row.pk)
    assert copy.activation_act == ""
    assert {one.person_id for one in tasks(copy)} == {one.person_id for one in tasks(row)}
    assert {one.state for one in tasks(copy)} == {"draft"}


def test_hours_that_a_vote_forbids_since_are_asked_for_again_before_a_copy_opens(monkeypatch):
    row, boss = campaign(state="closed", persons=1), supervisor()  # day and night
    copy = usecases.copy_campaign(boss.actor, campaign=row)
    usecases.fill_tasks(boss.actor, campaign=copy)
    assert "hours" not in codes(copy)
    monkeypatch.undo()
    assert "hours" in codes(copy)


def test_the_level_of_alert_brings_the_hours_and_rhythm_of_the_kit_or_leaves_them():
    row, boss = campaign(kit="", cooldown=7), supervisor()
    usecases.set_alert_level(boss.actor, campaign=row, level=4, adjust=False)
    assert CallCampaign.objects.get().cooldown == 7
    usecases.set_alert_level(boss.actor, campaign=row, level=3)
    found = CallCampaign.objects.get()
    assert (found.alert_level, found.cooldown, found.attempts_max) == (3, 240, 2)


@pytest.mark.django_db(transaction=True)
def test_of_two_supervisors_who_open_at_once_one_does_and_the_other_is_told():
    town(2)
    boss = supervisor()
    row, start, said = ready(boss), Barrier(2), []

    def attempt():
        try:
            start.wait()
            usecases.open_campaign(boss.actor, campaign=CallCampaign.objects.get(pk=row.pk))
            said.append("open")
        except IllegalTransition:
            said.append("told")
        finally:
            connections.close_all()

    threads = [Thread(target=attempt) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(said) == ["open", "told"]
    assert CallEvent.objects.count() == 2
