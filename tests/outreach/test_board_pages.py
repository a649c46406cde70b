"""The supervisor's pages: flat, without names where none is needed, deeds that two people may try at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from entremise.kernel import clock
from entremise.outreach import usecases
from entremise.outreach.models import CallAttempt, CallTask, OrphanReport
from entremise.outreach.queries import supervising
from entremise.outreach.usecases.calls.moving import EVENTS
from tests.outreach.factories import caller, campaign, on_duty, supervisor, tasks, town

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(signed_in):
    return signed_in(supervisor())


def names(row):
    return [f"Fiction {n}" for n in range(len(tasks(row)))]


@pytest.mark.parametrize("page", ["board", "bucket", "orphans"])
def test_only_a_supervisor_enters(signed_in, page):
    row = campaign(persons=1)
    more = ["ready"] if page == "bucket" else []
    assert signed_in(caller()).get(reverse(f"outreach:{page}", args=[row.public_id, *more])).status_code == 403


def test_the_board_is_flat_and_shows_no_name(boss, flat):
    row = campaign(persons=3)
    page = reverse("outreach:board", args=[row.public_id])

    def more():
        town(8)
        usecases.fill_tasks(usecases_machine(), campaign=row)

    flat(lambda: boss.get(page), more)
    text = boss.get(page).content.decode()
    assert "Fiction" not in text
    assert "Personne n’est là pour appeler" in text
    on_duty(row, caller())
    assert "Prêtes" in boss.get(page).content.decode()


def usecases_machine():
    from tests.outreach.factories import MACHINE

    return MACHINE


def test_the_living_part_is_what_a_reload_gives(boss, swap):
    row = campaign(persons=2)
    page = reverse("outreach:board", args=[row.public_id])
    whole, part = boss.get(page), boss.get(page, headers={"HX-Request": "true"})
    assert part.content.decode().count("<html") == 0
    assert "Où en est la file" in part.content.decode()
    assert whole.status_code == 200


def test_a_bucket_is_flat_and_unknown_ones_are_not_found(boss, flat):
    row = campaign(persons=2)
    page = reverse("outreach:bucket", args=[row.public_id, "ready"])

    def more():
        town(6)
        usecases.fill_tasks(usecases_machine(), campaign=row)

    flat(lambda: boss.get(page), more)
    assert "Fiction" not in boss.get(page).content.decode()
    assert boss.get(reverse("outreach:bucket", args=[row.public_id, "rien"])).status_code == 404


def test_tasks_are_given_to_a_colleague_and_a_call_begun_meanwhile_is_left_alone(boss):
    row, who, busy = campaign(persons=3), caller(label="Awa"), caller()
    taken = usecases.claim_call(busy.actor, campaign=row).task
    page = reverse("outreach:bucket", args=[row.public_id, "ready"])
    every = [one.public_id for one in tasks(row)]
    answer = boss.post(page, {"tasks": every, "to": who.pk, "reason": "Départ de Sam"}, follow=True)
    assert "2 fiches confiées à Awa" in answer.content.decode()
    assert "1 avait changé" in answer.content.decode()
    planned = set(CallTask.objects.filter(planned_caller=who.pk).values_list("public_id", flat=True))
    assert planned == set(every) - {taken.public_id}


def test_what_is_decided_one_by_one_is_offered_to_no_caller(boss):
    row = campaign(persons=1)
    CallTask.objects.update(state="needs_supervisor", cause="hearing")
    text = boss.get(reverse("outreach:bucket", args=[row.public_id, "needs_supervisor"])).content.decode()
    assert "Confier" not in text
    assert tasks(row)[0].public_id in text


def test_stuck_calls_go_back_and_nothing_ticked_says_so(boss):
    row, busy = campaign(persons=1), caller()
    taken = usecases.claim_call(busy.actor, campaign=row).task
    page = reverse("outreach:bucket", args=[row.public_id, "claimed"])
    assert boss.post(page, {"reason": "Écran fermé"}).status_code == 422
    boss.post(page, {"tasks": [taken.public_id], "reason": "Écran fermé"})
    taken.refresh_from_db()
    assert (taken.state, taken.wait_reason) == ("scheduled", "released")


def test_a_task_tells_who_and_what_and_a_decision_needs_its_reason(boss):
    row = campaign(persons=1)
    (one,) = tasks(row)
    CallTask.objects.filter(pk=one.pk).update(state="needs_supervisor", cause="hearing")
    page = reverse("outreach:task", args=[one.public_id])
    text = boss.get(page).content.decode()
    assert "Fiction 0" in text
    assert "06 39 98" in text
    assert boss.post(page, {"to": "scheduled", "reason": "Rappeler avec son fils"}).status_code == 422
    assert boss.post(page, {"to": "ready", "reason": ""}).status_code == 422
    answer = boss.post(page, {"to": "ready", "reason": "Elle a remis son appareil"}, follow=True)
    assert "Votre décision est notée" in answer.content.decode()
    one.refresh_from_db()
    assert one.state == "ready"
    assert boss.post(page, {"to": "done", "reason": "Encore une fois"}).status_code == 422, "decided already"


def test_what_the_rules_keep_closed_is_said_and_the_page_stands(boss, monkeypatch):
    row = campaign(persons=1)
    (one,) = tasks(row)
    boss_actor = supervisor().actor
    from entremise.vault import usecases as vault

    vault.set_stance(boss_actor, person=one.person_id, purpose="outreach.call", word="objection", on=True)
    answer = boss.get(reverse("outreach:task", args=[one.public_id]))
    assert answer.status_code == 200
    assert "Fiction 0" not in answer.content.decode()


def late(row, busy):
    """A report that comes after somebody else took the call."""
    first = usecases.claim_call(busy.actor, campaign=row)
    CallTask.objects.filter(pk=first.task.pk).update(lease_until=clock.now() - timedelta(minutes=1))
    other = caller()
    usecases.expire_leases(usecases_machine())
    second = usecases.claim_call(other.actor, campaign=row)
    assert second.task.pk == first.task.pk
    usecases.report_call(
        busy.actor, task=first.task, token=first.token, key="late-one", disposition="reached_complete",
        message="Rappeler le matin",
    )  # fmt: skip
    return OrphanReport.objects.get()


def test_a_late_report_is_read_beside_what_was_recorded_and_decided_once(boss):
    row = campaign(persons=1)
    kept = late(row, caller())
    assert kept.public_id in boss.get(reverse("outreach:orphans", args=[row.public_id])).content.decode()
    page = reverse("outreach:orphan", args=[kept.public_id])
    assert "Rappeler le matin" in boss.get(page).content.decode()
    decide = reverse("outreach:orphan_decide", args=[kept.public_id])
    assert boss.post(decide, {"deed": "accept", "reason": ""}).status_code == 422
    boss.post(decide, {"deed": "accept", "reason": "Les deux ont bien appelé"})
    assert CallAttempt.objects.filter(late=True, disposition="reached_complete").count() == 1
    assert boss.post(decide, {"deed": "dismiss", "reason": "Trop tard maintenant"}).status_code == 422
    assert CallAttempt.objects.filter(late=True).count() == 1


def test_a_person_who_calls_is_found_by_their_number_and_it_is_a_sign_of_life(boss):
    row = campaign(persons=1)
    town(1, phone="+33639981234")
    usecases.fill_tasks(usecases_machine(), campaign=row)
    page = reverse("outreach:incoming")
    assert boss.post(page, {"phone": "12"}).status_code == 422
    assert "Personne n’est connu" in boss.post(page, {"phone": "06 39 98 99 99"}).content.decode()
    text = boss.post(page, {"phone": "06 39 98 12 34"}).content.decode()
    one = CallTask.objects.order_by("-pk").first()
    assert one.public_id in text
    assert "0639981234" not in text.replace(" ", "").split("<table")[1]
    note = reverse("outreach:incoming_note", args=[one.public_id])
    said = {"key": "recu-par-essai", "disposition": "reached_callback"}
    assert boss.post(note, said).status_code == 422, "a promise has its hour"
    answer = boss.post(
        note, {"key": "recu-par-essai", "disposition": "reached_complete", "message": "Va bien"}, follow=True
    )
    assert "L’appel reçu est noté" in answer.content.decode()
    boss.post(note, {"key": "recu-par-essai", "disposition": "reached_complete"})
    assert CallAttempt.objects.filter(task=one, direction="in").count() == 1
    one.refresh_from_db()
    assert one.last_sign_of_life_at is not None


def test_every_event_of_the_machine_has_its_words():
    assert set(supervising.EVENTS) == set(EVENTS)
