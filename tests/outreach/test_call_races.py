"""Two callers, two tabs, two clicks at the same moment: one call, one attempt, and the other is told."""

from __future__ import annotations

import pytest

from entremise.audit import usecases as audit
from entremise.audit.models import Entry
from entremise.audit.queries import first_broken
from entremise.kernel.actors import Actor
from entremise.outreach import usecases
from entremise.outreach.models import CallAttempt, CallTask
from entremise.outreach.usecases.calls import Claim, Nothing
from tests.mutualaid.test_races import at_once, words
from tests.outreach import factories as made

pytestmark = pytest.mark.django_db(transaction=True)


def queue(count: int, **changed):
    row = made.campaign(persons=count)
    CallTask.objects.filter(campaign=row).update(complexity=1, **changed)
    return row


def claims(row, callers):
    outcomes = at_once([lambda who=who: usecases.claim_call(who.actor, campaign=row) for who in callers])
    assert words(outcomes) == {"done": len(callers)}
    return [told for _, told in outcomes]


def test_eight_callers_at_once_on_one_line_make_one_live_call():
    row = queue(8, line="a" * 32)
    told = claims(row, [made.caller() for _ in range(8)])
    assert sum(isinstance(one, Claim) for one in told) == 1
    assert {code for one in told if isinstance(one, Nothing) for code in one.why} <= {"line_busy", "claimed"}
    assert CallTask.objects.filter(state="claimed").count() == 1


def test_eight_callers_at_once_take_eight_persons():
    row = queue(12)
    told = claims(row, [made.caller() for _ in range(8)])
    assert len({one.task.pk for one in told if isinstance(one, Claim)}) == 8
    assert Entry.objects.filter(action="outreach.call.claimed").count() == 8
    audit.seal_entries()
    assert first_broken() is None


def test_a_double_click_and_a_second_tab_give_the_same_call():
    row, who = queue(5), made.caller()
    told = claims(row, [who] * 4)
    assert len({(one.task.pk, one.token) for one in told}) == 1
    assert CallTask.objects.filter(state="claimed").count() == 1


def test_a_report_sent_four_times_at_once_is_one_attempt():
    row, who = queue(1), made.caller()
    got = usecases.claim_call(who.actor, campaign=row)

    def send(key: str):
        return lambda: usecases.report_call(
            who.actor, task=got.task, token=got.token, key=key, disposition="reached_complete"
        )

    outcomes = at_once([send("same-key"), send("same-key"), send("other-key"), send("third-key")])
    assert words(outcomes) == {"done": 4}
    assert sorted(told.again for _, told in outcomes) == [False, True, True, True]
    assert CallAttempt.objects.count() == 1


def test_a_report_and_the_end_of_its_lease_at_once_lose_nothing():
    row, who = queue(1), made.caller()
    got = usecases.claim_call(who.actor, campaign=row)
    CallTask.objects.update(lease_until=got.task.claimed_at)
    outcomes = at_once(
        [
            lambda: usecases.report_call(
                who.actor, task=got.task, token=got.token, key="the-key-1", disposition="reached_complete"
            ),
            lambda: usecases.expire_leases(Actor.machine("délais")),
        ]
    )
    assert words(outcomes) == {"done": 2}
    task = CallTask.objects.get()
    assert (task.state, task.claimed_by_id) == ("done", None)
    assert CallAttempt.objects.exclude(disposition="aborted").get().late
