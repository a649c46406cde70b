"""What ends without anybody's hand: the law's gate, what is left of a closed campaign, reports whose date has come."""

from __future__ import annotations

from datetime import timedelta

import pytest

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.outreach import tasks as jobs, usecases
from entremise.outreach.models import CallAttempt, CallCampaign, CallEvent, CallTask
from entremise.outreach.registry import REGISTER
from entremise.vault import usecases as vault
from entremise.vault.models import Cell, Register
from tests.outreach.factories import CODE, MACHINE, campaign, supervisor, tasks

pytestmark = pytest.mark.django_db


def test_a_campaign_whose_plan_ended_pauses_by_itself_and_says_why():
    row = campaign(persons=1)
    assert usecases.shut_gates(MACHINE) == 0
    Register.objects.filter(pk=CODE).update(crisis_purposes=["outreach.call"], crisis_declared_at=None)
    jobs.shut_gates()
    row.refresh_from_db()
    assert row.state == "paused"
    assert "le plan n’est pas déclenché" in row.pause_reason
    with pytest.raises(usecases.LegalGateClosed):
        usecases.resume_campaign(supervisor().actor, campaign=row)
    Register.objects.filter(pk=CODE).update(crisis_declared_at=clock.now())
    usecases.resume_campaign(supervisor().actor, campaign=row)
    assert usecases.shut_gates(MACHINE) == 0


def test_what_came_back_to_the_queue_of_a_closed_campaign_ends():
    row, living = campaign("closed", persons=2), campaign()
    back, done = tasks(row)
    CallTask.objects.filter(pk=back.pk).update(state="scheduled", wait_reason="callback", promised_at=clock.now())
    CallTask.objects.filter(pk=done.pk).update(state="done")
    assert usecases.end_leftovers(MACHINE) == 1
    assert [one.state for one in tasks(row)] == ["closed", "done"]
    assert {one.state for one in tasks(living)} == {"ready"}
    assert CallEvent.objects.get(task=back).before == "scheduled"
    assert usecases.end_leftovers(MACHINE) == 0


def reported(row: CallCampaign) -> CallAttempt:
    task = tasks(row)[0]
    made = CallAttempt.objects.create(
        task=task, campaign=row, person_id=task.person_id, cycle=1, disposition="reached_complete", token=1,
        idempotency_key=f"k{row.pk}", happened_at=clock.now(), recorded_at=clock.now(), answered=True,
    )  # fmt: skip
    said = {f"answers#{made.public_id}": "{}", "message": "Sonner fort"}
    values: dict[str, str | None] = {f"{REGISTER}.{name}": text for name, text in said.items()}
    vault.deposit(
        Actor.machine("appels"), person=task.person_id, values=values, purpose=row.purpose, motive="Compte rendu"
    )
    return made


def sealed() -> set[str]:
    cells = Cell.objects.filter(record__register=REGISTER)
    return {name.partition("#")[0] for name in cells.values_list("field", flat=True)}


@pytest.mark.parametrize(("days", "left"), [(0, {"answers", "message"}), (-1, set())])
def test_reports_go_after_their_date_and_counts_stay(days, left):
    row = campaign("closed", persons=1, keep_until=clock.today() + timedelta(days=days))
    made = reported(row)
    assert sealed() == {"answers", "message"}
    jobs.end_campaigns()
    assert sealed() == left
    made.refresh_from_db()
    assert made.answered is bool(left)
    assert made.disposition == "reached_complete"
    row.refresh_from_db()
    assert bool(row.purged_at) is not bool(left)
    assert usecases.purge_reports(MACHINE, campaign=row) == 0


def test_the_message_stays_for_the_campaign_that_still_calls_the_person():
    row = campaign("closed", persons=1, keep_until=clock.today() - timedelta(days=1))
    reported(row)
    campaign()  # the same register, open
    usecases.purge_reports(MACHINE, campaign=row)
    assert sealed() == {"message"}


def test_an_open_campaign_keeps_its_reports_and_no_account_does_this():
    row = campaign(persons=1, keep_until=clock.today() - timedelta(days=1))
    reported(row)
    jobs.end_campaigns()
    assert sealed() == {"answers", "message"}
    for deed in (usecases.shut_gates, usecases.end_leftovers):
        with pytest.raises(NotAllowed):
            deed(supervisor().actor)
    with pytest.raises(NotAllowed):
        usecases.purge_reports(supervisor().actor, campaign=row)
