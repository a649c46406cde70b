"""Two people hold the same sheet, or the same workbook, or ask for the same plan, at the same moment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from entremise.kernel import clock
from entremise.outreach import usecases
from entremise.outreach.models import CallAttempt, CallPlan, CallSheet, CallTask
from tests.mutualaid.test_races import at_once, words
from tests.outreach.factories import caller, campaign, supervisor
from tests.outreach.test_paper import at, filled, given_sheets, typed

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_sheet_typed_by_four_at_once_is_one_call():
    given_sheets(1)
    (sheet,) = CallSheet.objects.all()
    bosses = [supervisor() for _ in range(4)]
    told = at_once([lambda boss=boss: typed(sheet.code, boss.actor) for boss in bosses])
    assert words(told) == {"done": 1, "sheet_entered": 3}
    assert CallAttempt.objects.exclude(disposition="aborted").count() == 1


def test_one_workbook_applied_by_three_at_once_counts_once():
    done, _, _, boss = given_sheets(3, medium="excel")
    rows = usecases.read_workbook(boss.actor, content=filled(done.content, at(), at(9), at(8))).rows
    others = [boss, supervisor(), supervisor()]
    told = at_once([lambda who=who: usecases.apply_workbook(who.actor, rows=rows) for who in others])
    assert sum(applied.written for _, applied in told) == 3
    assert sum(applied.again for _, applied in told) == 6
    assert CallAttempt.objects.exclude(disposition="aborted").count() == 3


def test_two_supervisors_print_at_once_and_no_call_is_on_two_sheets():
    row = campaign(persons=6)
    team, bosses = [caller(level=2), caller(level=2)], [supervisor(), supervisor()]
    until = clock.now() + timedelta(hours=5)
    told = at_once(
        [
            lambda boss=boss, who=who: usecases.print_sheets(
                boss.actor, campaign=row, caller=who.user, count=4, until=until
            )
            for boss, who in zip(bosses, team, strict=True)
        ]
    )
    assert words(told) == {"done": 2}
    assert sum(given.lines for _, given in told) == 6
    assert CallSheet.objects.values("task").distinct().count() == CallSheet.objects.count() == 6
    assert CallTask.objects.filter(campaign=row, state="claimed").count() == 6


def test_a_plan_asked_for_by_three_at_once_is_one_plan():
    row = campaign()
    told = at_once(
        [lambda boss=boss: usecases.ask_plan(boss.actor, campaign=row) for boss in [supervisor() for _ in range(3)]]
    )
    assert words(told) == {"done": 1, "plan_in_progress": 2}
    assert CallPlan.objects.count() == 1
