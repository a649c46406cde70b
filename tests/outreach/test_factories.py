"""What the other tests stand on: persons whose line is known, tasks ready, a team that the vault lets read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from entremise.kernel import clock
from entremise.kernel.errors import NotAllowed
from entremise.outreach import policies
from entremise.outreach.models import CallTask
from entremise.vault.usecases import open as open_fields
from tests.outreach.factories import CODE, caller, campaign, script as a_script, supervisor, task, tasks, town

pytestmark = pytest.mark.django_db


def test_a_campaign_has_its_persons_each_with_its_own_line():
    row = campaign(persons=4)
    every = tasks(row)
    assert [one.state for one in every] == ["ready"] * 4
    assert len({one.line for one in every} - {""}) == 4
    assert {one.line_field for one in every} == {f"{CODE}.phone"}
    assert a_script().script_id == row.script_id


def test_two_persons_of_one_line_share_its_mark_and_who_has_none_is_the_supervisors():
    town(2, phone="+33639981234")
    town(1, phone="")
    row = campaign()
    lines = [one.line for one in tasks(row)]
    assert lines[0] == lines[1] != "" == lines[2]
    assert CallTask.objects.get(line="").cause == "no_valid_number"


def test_a_caller_who_holds_the_call_reads_the_name_and_the_number():
    one, who = task(), caller()
    CallTask.objects.filter(pk=one.pk).update(
        state="claimed", claimed_by=who.pk, lease_until=clock.now() + timedelta(minutes=15), claim_channel="web"
    )
    fields = [f"{CODE}.names", one.line_field]
    asked = {"person": one.person_id, "fields": fields, "purpose": "outreach.call", "motive": "Appel du jour"}
    told = open_fields(who.actor, **asked).values
    assert told[f"{CODE}.names"] == "Fiction 0"
    assert told[one.line_field].startswith("+33639")
    with pytest.raises(NotAllowed):
        policies.require_supervisor(who.actor)
    assert policies.require_supervisor(supervisor().actor)
