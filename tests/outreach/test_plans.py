"""Plans on tasks, callers and shifts of the database: what is read, what is written, who may ask, what stops."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from entremise.audit.models import Entry
from entremise.kernel import clock
from entremise.kernel.errors import NotAllowed
from entremise.kernel.machines import IllegalTransition
from entremise.outreach import usecases
from entremise.outreach.engine.planning import NOBODY, rising
from entremise.outreach.models import CallPlan, CallTask, Shift, ShiftSeat
from entremise.outreach.queries import planning
from entremise.outreach.usecases.plans import applying, asking, working
from tests.outreach.factories import ALWAYS, caller, campaign, supervisor, tasks

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
DAY = {str(day): [["09:00", "12:00"], ["14:00", "18:00"]] for day in range(7)}


def planned(row, boss=None) -> CallPlan:
    """Asked for and made, in this process."""
    plan = usecases.ask_plan((boss or supervisor()).actor, campaign=row)
    held = working.take(plan.pk)
    assert held
    assert working.work(held.pk, held.token) == working.DONE
    plan.refresh_from_db()
    return plan


def test_a_plan_writes_who_when_and_why_and_is_proved():
    row = campaign(persons=6, hours=DAY)
    who = caller(level=1)
    CallTask.objects.filter(campaign=row).update(fragility=1)
    hard = tasks(row)[0]
    CallTask.objects.filter(pk=hard.pk).update(complexity=4)
    plan = planned(row)
    assert (plan.state, plan.certified, plan.value, plan.persons, plan.served) == (
        "done",
        True,
        plan.lower_bound,
        6,
        5,
    )
    assert plan.solver == "flow"
    assert plan.greedy >= plan.value
    for found in tasks(row):
        if found.pk == hard.pk:
            assert (found.planned_caller_id, found.planned_slot) == (None, "")
            assert found.planned_terms == {"unserved": 2000}
            assert found.rank > max(t.rank for t in tasks(row) if t.pk != hard.pk)
        else:
            assert found.planned_caller_id == who.pk
            day, kind = found.planned_slot.split(":")
            assert kind in ("morning", "midday", "afternoon")
            assert timezone.datetime.fromisoformat(day).date() >= clock.today()
    assert sum(placed for placed, _ in plan.by_week) == 5
    assert Entry.objects.filter(action="outreach.plan.done").count() == 1


def test_the_most_fragile_rank_first_when_a_day_holds_them_all():
    row = campaign(persons=4, hours=DAY)
    caller(level=1)
    for fragility, one in enumerate(tasks(row)):
        CallTask.objects.filter(pk=one.pk).update(fragility=fragility)
    planned(row)
    found = sorted(tasks(row), key=lambda t: t.rank)
    same = [t for t in found if t.planned_slot == found[0].planned_slot]
    assert [t.fragility for t in same] == sorted((t.fragility for t in same), reverse=True)


def test_who_called_before_calls_again_within_level_and_language():
    row = campaign(persons=3, hours=DAY)
    first, second = caller(level=2), caller(level=2, languages=("fr", "ar"))
    one, two, three = tasks(row)
    CallTask.objects.filter(pk=one.pk).update(previous_caller=second.user)
    CallTask.objects.filter(pk=two.pk).update(language="ar", previous_caller=first.user)
    planned(row)
    assert CallTask.objects.get(pk=one.pk).planned_caller_id == second.pk
    two = CallTask.objects.get(pk=two.pk)
    assert (two.planned_caller_id, two.planned_terms["other_caller"]) == (second.pk, 150)
    assert three


def test_where_shifts_are_laid_out_only_who_signed_up_is_there():
    row = campaign(persons=2, hours=ALWAYS)
    there, absent = caller(level=1), caller(level=1)
    start = clock.now() + timedelta(days=1)
    shift = Shift.objects.create(campaign=row, starts_at=start, ends_at=start + timedelta(hours=3))
    ShiftSeat.objects.create(shift=shift, user=there.user)
    given = planning.inputs(row, clock.now(), planning.voted())
    calls = dict(zip(given.callers, (one.calls for one in given.problem.callers), strict=True))
    assert sum(calls[there.pk][0]) in range(10, 15)  # three hours, four an hour
    assert not sum(calls[absent.pk][0])
    assert sum(calls[absent.pk][1])  # nothing is laid out for the week after


def test_pause_dates_and_share_of_time_bound_a_caller():
    row = campaign(hours=DAY)
    whole = caller(level=1)
    half = caller(level=1, share=50)
    late = caller(level=1, available_from=clock.today() + timedelta(days=14))
    paused = caller(level=1, paused_until=clock.now() + timedelta(days=21))
    caller(level=0)
    given = planning.inputs(row, clock.now(), planning.voted())
    assert given.callers == [whole.pk, half.pk, late.pk, paused.pk]
    calls = [one.calls for one in given.problem.callers]
    assert sum(calls[1][1]) * 2 == pytest.approx(sum(calls[0][1]), abs=8)
    assert [bool(sum(week)) for week in calls[2]][:4] == [False, False, True, True]
    assert [bool(sum(week)) for week in calls[3]][:5] == [False, False, False, True, True]


def test_nothing_is_planned_after_the_end_nor_before_the_task_may_be_called():
    row = campaign(persons=2, hours=DAY, ends_on=clock.today() + timedelta(days=20))
    caller(level=1)
    later = tasks(row)[0]
    CallTask.objects.filter(pk=later.pk).update(not_before=clock.now() + timedelta(days=8), state="scheduled")
    plan = planned(row)
    later.refresh_from_db()
    assert later.planned_slot[:10] >= f"{clock.today() + timedelta(days=7)}"
    assert "delay" not in later.planned_terms
    assert [places > 0 for _, places in plan.by_week] == [True] * 3 + [False] * 5


def test_a_promised_call_back_and_what_does_not_wait_are_left_alone():
    row = campaign(persons=3, hours=DAY)
    caller(level=1)
    one, two, _ = tasks(row)
    CallTask.objects.filter(pk=one.pk).update(state="scheduled", wait_reason="callback")
    CallTask.objects.filter(pk=two.pk).update(state="done")
    assert planned(row).persons == 1
    assert {t.planned_slot for t in tasks(row) if t.pk in (one.pk, two.pk)} == {""}


def test_an_absence_mends_the_plan_and_the_absent_is_never_planned():
    row = campaign(persons=12, hours=DAY)
    team = [caller(level=1) for _ in range(3)]
    boss = supervisor()
    first = planned(row, boss)
    gone = team[0]
    assert gone.profile
    gone.profile.state = "left"
    gone.profile.save()
    before = {t.pk: (t.planned_caller_id, t.planned_slot) for t in tasks(row)}
    second = planned(row, boss)
    assert (second.solver, second.certified) == ("mended", True)
    assert first.inputs_hash != second.inputs_hash
    now = {t.pk: (t.planned_caller_id, t.planned_slot) for t in tasks(row)}
    assert gone.pk not in {caller for caller, _ in now.values()}
    kept = [pk for pk, (caller, _) in before.items() if caller != gone.pk]
    assert sum(now[pk] != before[pk] for pk in kept) <= len(before) - len(kept)


def test_writing_takes_two_statements_for_five_thousand_tasks(monkeypatch):
    row = campaign(persons=40, hours=DAY)
    caller(level=1)
    plan = usecases.ask_plan(supervisor().actor, campaign=row)
    held = working.take(plan.pk)
    settings = planning.voted()
    with CaptureQueriesContext(
        connection,
    ) as reads:
        given = planning.inputs(row, clock.now(), settings)
    assert len(reads) < 14
    made = working.make(given.problem)
    for size, most in ((5_000, 4), (20, 8)):
        monkeypatch.setattr(applying, "MANY", size)
        CallTask.objects.filter(campaign=row).update(rank=0)
        with CaptureQueriesContext(connection) as writes:
            assert applying.write(held, given, made) == 40
        assert len(writes) <= most
    again = planning.inputs(row, clock.now(), settings)
    assert applying.write(held, again, made) == 0  # what did not change is not written


def test_only_a_supervisor_asks_and_only_once_at_a_time(run_jobs):
    row, boss = campaign(persons=1), supervisor()
    with pytest.raises(NotAllowed):
        usecases.ask_plan(caller(level=4).actor, campaign=row)
    plan = usecases.ask_plan(boss.actor, campaign=row)
    with pytest.raises(asking.PlanInProgress):
        usecases.ask_plan(boss.actor, campaign=row)
    usecases.cancel_plan(boss.actor, plan=plan)
    with pytest.raises(IllegalTransition):
        usecases.cancel_plan(boss.actor, plan=plan)
    assert usecases.ask_plan(boss.actor, campaign=row)
    with pytest.raises(asking.NothingToPlan):
        usecases.ask_plan(boss.actor, campaign=campaign("closed"))


def test_a_stopped_plan_writes_nothing():
    row, boss = campaign(persons=2, hours=DAY), supervisor()
    caller(level=1)
    plan = usecases.ask_plan(boss.actor, campaign=row)
    held = working.take(plan.pk)
    usecases.cancel_plan(boss.actor, plan=plan)
    assert working.work(held.pk, held.token) == working.NOT_MINE
    assert {t.planned_slot for t in tasks(row)} == {""}


def test_a_plan_taken_over_is_not_finished_by_the_first():
    row = campaign(persons=2, hours=DAY)
    caller(level=1)
    plan = usecases.ask_plan(supervisor().actor, campaign=row)
    held = working.take(plan.pk)
    CallPlan.objects.filter(pk=plan.pk).update(lease_until=clock.now() - timedelta(minutes=1))
    assert usecases.resume_plans() == 1
    second = working.take(plan.pk)
    assert second.token == held.token + 1
    assert working.work(held.pk, held.token) == working.NOT_MINE
    assert working.work(second.pk, second.token) == working.DONE


def test_a_plan_killed_three_times_is_said_failed(run_jobs):
    row = campaign(persons=1)
    plan = usecases.ask_plan(supervisor().actor, campaign=row)
    for turn in range(3):
        held = working.take(plan.pk)
        assert working.again(held) is (turn < 2)
    plan.refresh_from_db()
    assert (plan.state, plan.failure) == ("failed", "killed")


def test_the_night_plans_each_open_campaign_once():
    campaign(), campaign("paused"), campaign("draft")
    assert usecases.plan_campaigns() == 1
    assert usecases.plan_campaigns() == 0


def test_a_level_that_may_rise_is_planned_for_and_never_to_the_fourth():
    assert rising(1, 10, 5, needs=(15, 30), weeks=8) == (1, 2, 2, 2, 2, 2, 2, 3)
    assert rising(3, 500, 50, needs=(15, 30), weeks=3) == (3, 3, 3)
    assert rising(1, 0, 0, needs=(15, 30), weeks=2) == (1, 1)


def test_same_caller_can_be_switched_off():
    row = campaign(persons=1, same_caller=False)
    who = caller(level=1)
    CallTask.objects.filter(campaign=row).update(previous_caller=who.user)
    assert list(planning.inputs(row, clock.now(), planning.voted()).problem.persons)[0].previous == NOBODY


@pytest.mark.skipif(connection.vendor != "sqlite", reason="one site is enough to kill processes of")
def test_a_process_killed_at_each_step_is_replaced_and_the_plan_ends_whole(tmp_path):
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    environment = {
        **kept, "ENTREMISE_HOME": str(tmp_path), "ENTREMISE_DEMO": "1", "ENTREMISE_SQLITE_SYNC": "OFF",
        "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
    }  # fmt: skip
    asked = subprocess.run(
        [sys.executable, "-m", "tests.outreach.plan_child", "12000", "build", "write", "nowhere"],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert not asked.returncode, asked.stderr[-2000:]
    told = json.loads(asked.stdout)
    *killed, (_, done) = told["steps"]
    for number, (step, after) in enumerate(killed, start=1):
        assert after["killed"], step
        assert (after["state"], after["token"]) == ("ready", number), "it goes back to the queue"
        assert after["command"][-3:] == ["call_plan", str(told["plan"]), str(number)], "numbers only"
    assert (done["state"], done["token"], done["certified"]) == ("done", 3, True)
    assert done["planned"] == done["served"]
    assert done["planned"] + done["without"] == 12_000
    assert told["peak_mb"] < 300


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_is_tried_again_and_a_stopped_one_is_killed(monkeypatch):
    row = campaign(persons=3, hours=DAY)
    caller(level=1)
    boss = supervisor()
    plan = usecases.ask_plan(boss.actor, campaign=row)
    monkeypatch.setattr(
        working, "command", lambda plan, token: [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]
    )
    usecases.run_plan(plan.pk)
    plan.refresh_from_db()
    assert (plan.state, plan.token) == ("ready", 1)
    monkeypatch.setattr(working, "BEAT_S", 0.2)
    held = working.take(plan.pk)
    usecases.cancel_plan(boss.actor, plan=plan)
    sleeping = [sys.executable, "-c", "import time; time.sleep(60)"]
    assert working.watch(held, sleeping) == working.NOT_MINE


def test_the_solver_is_never_loaded_by_the_site():
    code = (
        "import sys, django; django.setup()\n"
        "from django.urls import get_resolver; get_resolver().url_patterns\n"
        "assert not {'ortools', 'numpy', 'highspy', 'pandas'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        timeout=120,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
    )


def test_the_page_says_in_a_minute_what_the_plan_gives(signed_in, run_jobs):
    row, boss = campaign(persons=6, hours=DAY, languages=["fr", "ar"]), supervisor()
    caller(level=1, weekly_calls=1)
    client = signed_in(boss)
    page = client.get(f"/veille/plans/{row.public_id}/").content.decode()
    assert "Faire le plan" in page
    one, two, *_ = tasks(row)
    CallTask.objects.filter(pk=one.pk).update(language="ar", fragility=3)
    CallTask.objects.filter(pk=two.pk).update(complexity=3)
    planned(row, boss)
    page = client.get(f"/veille/plans/{row.public_id}/").content.decode()
    told = ("optimum prouvé", "niveau 1 parlant arabe", "de plus, de fragilité 3", "n’ont pas de place", "Refaire")
    for said in told:
        assert said in page, said
    assert "Fiction" not in page
    why = client.get(f"/veille/plans/{row.public_id}/fiches/{one.public_id}/").content.decode()
    assert "Aucune place" in why
    placed = next(t for t in tasks(row) if t.planned_slot)
    assert "avec Agent" in client.get(f"/veille/plans/{row.public_id}/fiches/{placed.public_id}/").content.decode()
    assert client.get(f"/veille/plans/{row.public_id}/fiches/inconnue/").status_code == 404


def test_the_page_asks_shows_progress_and_stops(signed_in):
    row, boss = campaign(persons=1), supervisor()
    client = signed_in(boss)
    assert client.post(f"/veille/plans/{row.public_id}/faire/").status_code == 302
    page = client.get(f"/veille/plans/{row.public_id}/").content.decode()
    assert "Arrêter ce calcul" in page
    part = client.get(f"/veille/plans/{row.public_id}/", headers={"HX-Request": "true"}).content.decode()
    assert "<progress" in part
    assert "<html" not in part
    again = client.post(f"/veille/plans/{row.public_id}/faire/", follow=True).content.decode()
    assert "déjà en cours" in again
    client.post(f"/veille/plans/{row.public_id}/arreter/")
    assert CallPlan.objects.get().state == "cancelled"
    ended = client.get(f"/veille/plans/{row.public_id}/", headers={"HX-Request": "true"})
    assert ended.headers["HX-Refresh"] == "true"


def test_a_plan_without_the_library_says_so_on_its_page(signed_in, monkeypatch):
    from entremise.outreach.engine import making

    monkeypatch.setattr(making, "find_spec", lambda name: None)
    row, boss = campaign(persons=2, hours=DAY), supervisor()
    caller(level=1)
    plan = planned(row, boss)
    assert (plan.certified, plan.solver, plan.lower_bound) == (False, "greedy", None)
    assert "plan non certifié" in signed_in(boss).get(f"/veille/plans/{row.public_id}/").content.decode()


def test_a_caller_does_not_see_the_plan(signed_in):
    row = campaign()
    assert signed_in(caller(level=4)).get(f"/veille/plans/{row.public_id}/").status_code == 403
