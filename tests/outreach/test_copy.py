"""What a person reads of their calls in the copy they ask for (RGPD 15): every call, the words left, nothing else."""

from __future__ import annotations

import pytest

from entremise.outreach import usecases
from entremise.people.models import Person
from entremise.people.usecases import copy_of
from entremise.referrals.usecases import note_difficulty
from tests.outreach.factories import caller, campaign, tasks
from tests.people.factories import oneself

pytestmark = pytest.mark.django_db


def test_a_person_reads_every_call_the_message_and_the_difficulty():
    row, who = campaign(persons=1), caller()
    (task,) = tasks(row)
    claim = usecases.claim_call(who.actor, campaign=row)
    note_difficulty(
        who.actor, person=task.person_id, needs=["loneliness"], consent="yes", note="Ne voit plus personne depuis mai",
        origin_kind="call", origin_id=claim.task.public_id, purpose="outreach.call",
        motive="Appel d’une fiche d’essai",
    )  # fmt: skip
    usecases.report_call(
        who.actor, task=claim.task, token=claim.token, key="essai-de-copie", disposition="reached_complete",
        message="Rappeler le matin", note="Parle de son jardin",
    )  # fmt: skip
    person = Person.objects.get(pk=task.person_id)
    made = copy_of(oneself(person), person=person, motive="Copie demandée par la personne")
    rooms = dict(made.rooms)
    calls = rooms["Veille : les appels qu’on vous fait"]
    assert [one["Issue"] for one in calls if "Issue" in one] == ["Jointe – échange complet"]
    assert calls[0]["Campagne d’appels"] == row.label
    assert rooms["Difficultés que vous avez dites"][0]["Difficulté"] == "solitude"
    said = {item.value for section in made.sections for item in section.items}
    assert {"Rappeler le matin", "Parle de son jardin", "Ne voit plus personne depuis mai"} <= said
