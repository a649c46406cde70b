"""Announcing calls: once per line, a day before, in the hours; what fails becomes a letter; STOP asks a human."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from entremise.kernel import clock
from entremise.kernel.errors import NotAllowed
from entremise.outreach import usecases
from entremise.outreach.models import Announcement, CallCampaign, CallTask
from entremise.people import clients
from entremise.people.models import LineMark
from entremise.vault import usecases as vault
from tests.outreach.factories import CODE, MACHINE, caller, campaign, supervisor, tasks, town

pytestmark = pytest.mark.django_db
TEXT = "{house} : appel du {number}. Répondez STOP pour refuser."
ADDRESS = "3 rue des Essais, 38000 Grenoble"


@pytest.fixture
def outbox(settings, tmp_path):
    """What left: the messages, in the folder of the gateway."""
    settings.SMS_URL = f"file://{tmp_path}/sms"

    def read() -> list[dict[str, str]]:
        return [json.loads(file.read_text()) for file in sorted((tmp_path / "sms").glob("*.json"))]

    return read


def announced(**fields) -> CallCampaign:
    facts = {"announcement": "sms_letter", "announcement_text": TEXT, "shown_number": "04 76 00 00 00", **fields}
    row = campaign(**facts)
    usecases.prepare_announcements(MACHINE, campaign=row)
    return row


def send(row: CallCampaign) -> int:
    return usecases.send_announcements(MACHINE, campaign=row)


def ways() -> dict[str, int]:
    found: dict[str, int] = {}
    for one in Announcement.objects.all():
        found[f"{one.way} {one.state}"] = found.get(f"{one.way} {one.state}", 0) + 1
    return found


def test_one_message_per_mobile_line_a_letter_to_the_others_and_nothing_twice(outbox):
    town(1)
    town(2, phone="+33639985555")  # a couple: one line
    town(1, phone="+33476991234")
    row = announced()
    assert ways() == {"sms waiting": 2, "letter waiting": 1}
    assert send(row) == 2
    assert {one["to"] for one in outbox()} >= {"+33639985555"}
    (text,) = {one["text"] for one in outbox()}
    assert text.endswith(" : appel du 04 76 00 00 00. Répondez STOP pour refuser.")
    assert "{" not in text
    assert send(row) == 0
    usecases.prepare_announcements(MACHINE, campaign=row)
    assert send(row) == 0
    assert len(outbox()) == 2


def test_nobody_is_called_before_a_day_has_passed_since_the_message(outbox):
    row = announced(persons=1)
    task = tasks(row)[0]
    assert (task.state, task.wait_reason) == ("scheduled", "announced")
    before = clock.now()
    send(row)
    task.refresh_from_db()
    assert timedelta(hours=23, minutes=59) < task.not_before - before < timedelta(hours=24, minutes=1)
    assert CallCampaign.objects.get().announced_at is not None


def test_an_announcement_that_nobody_sends_does_not_silence_a_person_for_ever():
    row = announced(persons=1)
    assert timedelta(days=6) < tasks(row)[0].not_before - clock.now() < timedelta(days=8)


@pytest.mark.parametrize("shut", [{"hours": {}}, {"state": "paused"}])
def test_nothing_leaves_outside_the_hours_or_in_a_pause(outbox, shut):
    row = announced(persons=1)
    CallCampaign.objects.update(**shut)
    row.refresh_from_db()
    assert send(row) == 0
    assert outbox() == []


def test_a_message_that_does_not_leave_becomes_a_letter(outbox, monkeypatch):
    row = announced(persons=1)

    def refuse(self, to, text):
        raise clients.NotSent("panne")

    monkeypatch.setattr(clients.Folder, "send", refuse)
    assert send(row) == 0
    assert ways() == {"sms failed": 1, "letter waiting": 1}


def test_a_message_interrupted_is_never_sent_twice(outbox):
    row = announced(persons=1)
    Announcement.objects.update(state="sending", at=clock.now() - timedelta(minutes=20))  # the worker died here
    assert send(row) == 0
    assert outbox() == []
    assert ways() == {"sms failed": 1, "letter waiting": 1}


def test_who_objects_after_the_preparation_gets_nothing(outbox):
    from entremise.people import usecases as people

    row = announced(persons=1)
    people.record_objection(supervisor().actor, person=tasks(row)[0].person_id, purpose="outreach.call")
    assert send(row) == 0
    assert outbox() == []
    assert ways() == {"sms stopped": 1}


def test_who_the_vault_keeps_closed_gets_nothing_even_if_the_task_is_still_there(outbox):
    row = announced(persons=1)
    vault.set_stance(MACHINE, person=tasks(row)[0].person_id, purpose="outreach.call", word="objection", on=True)
    assert send(row) == 0
    assert outbox() == []


def test_by_message_only_a_landline_is_called_without_and_by_letter_only_no_message_leaves(outbox):
    town(1, phone="+33476991234")
    row = announced(announcement="sms")
    assert ways() == {}
    assert tasks(row)[0].state == "ready"
    Announcement.objects.all().delete()
    town(1)
    letters = announced(announcement="letter")
    assert send(letters) == 0
    assert ways() == {"letter waiting": 2}


def test_letters_are_printed_in_a_batch_and_their_persons_wait_for_the_post():
    town(1, phone="+33476991111", address=ADDRESS)
    town(1, phone="+33476992222", address="")
    row, boss = announced(announcement="letter"), supervisor()
    made = usecases.print_announcements(boss.actor, campaign=row)
    assert made.content.startswith(b"%PDF")
    assert (made.count, made.left_out) == (1, 1)
    assert ways() == {"letter sending": 1, "letter failed": 1}
    with pytest.raises(usecases.AnnouncementImpossible):
        usecases.post_announcements(boss.actor, campaign=row, posted_on=clock.today() + timedelta(days=1))
    assert usecases.post_announcements(boss.actor, campaign=row, posted_on=clock.today()) == 1
    written, without = tasks(row)
    assert timedelta(days=2) < written.not_before - clock.now() < timedelta(days=4)
    assert without.not_before <= clock.now()  # no address: called all the same
    with pytest.raises(usecases.AnnouncementImpossible):
        usecases.post_announcements(boss.actor, campaign=row, posted_on=clock.today())
    with pytest.raises(NotAllowed):
        usecases.print_announcements(caller().actor, campaign=row)


def test_stop_silences_the_line_everywhere_and_asks_a_human_what_the_person_meant(outbox):
    town(2, phone="+33639987777")
    row = announced()
    other = campaign(announcement="sms", announcement_text=TEXT, tasks=False)
    boss = supervisor()
    assert usecases.receive_stop(boss.actor, number="+33639987777") == 2
    assert {(one.state, one.cause) for one in tasks(row)} == {("needs_supervisor", "sms_stop")}
    assert send(row) == 0
    usecases.fill_tasks(MACHINE, campaign=other)
    usecases.prepare_announcements(MACHINE, campaign=other)
    assert send(other) == 0
    assert outbox() == []
    assert usecases.receive_stop(boss.actor, number="+33639987777") == 2  # the new campaign's tasks
    assert usecases.receive_stop(boss.actor, number="+33639980909") == 0  # nobody's line


def test_the_number_is_kept_nowhere(outbox):
    row = announced(persons=1)
    send(row)
    number = outbox()[0]["to"]
    from django.db import connection

    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            if table.startswith(("outreach_", "audit_", "django_tasks")):
                cursor.execute(f"SELECT * FROM {table}")
                assert not [one for one in cursor.fetchall() if number[3:] in str(one)], table
    assert LineMark.objects.exists()
    assert CallTask.objects.get().line_field == f"{CODE}.phone"
