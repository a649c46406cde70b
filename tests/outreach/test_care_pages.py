"""The supervisor's pages: emergencies, who gives no sign of life, the sheet of a home visit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from entremise.outreach.models import CallTask, Emergency, EscalationStep
from entremise.outreach.usecases import care
from entremise.outreach.usecases.care.visiting import NobodyToVisit
from tests.outreach.factories import MACHINE, Member, caller, campaign, register, supervisor, task, tasks, town

pytestmark = pytest.mark.django_db
SignIn = Callable[[Member], Client]
STREET = "3 rue de Fiction, 38000 Grenoble"


def text(answer: Any) -> str:
    return str(answer.content.decode())


def searched(**fields: Any) -> CallTask:
    register()
    town(1, address=STREET, relative="Sœur, 06 39 98 77 66")
    row = campaign(alert_level=4, **fields)
    (one,) = tasks(row)
    CallTask.objects.filter(pk=one.pk).update(state="unreachable")
    one.refresh_from_db()
    care.open_ladder(MACHINE, task=one)
    return one


def test_the_list_shows_ages_and_no_name_and_is_the_supervisors(signed_in):
    row = searched()
    page = text(signed_in(supervisor()).get("/veille/recherches/"))
    assert "niveau 4" in page
    assert row.public_id in page
    assert "Fiction 0" not in page
    assert signed_in(caller()).get("/veille/recherches/").status_code == 403


def test_a_supervisor_sees_where_to_look_and_what_a_third_party_may_hear(signed_in):
    row = searched()
    client = signed_in(supervisor())
    page = text(client.get(f"/veille/recherches/{row.public_id}/"))
    for words in ("Fiction 0", STREET, "Sœur", "Nous cherchons à prendre des nouvelles", "Pompiers (18 ou 112)"):
        assert words in page


def test_rungs_are_begun_done_and_passed_over_from_the_page(signed_in):
    row = searched()
    client = signed_in(supervisor())
    here = f"/veille/recherches/{row.public_id}/"
    assert client.post(f"{here}1/commencer/").status_code == 302
    assert client.post(f"{here}1/finir/", {"e1-result": "no_news"}).status_code == 302
    refused = client.post(f"{here}2/passer/", {"e2s-reason": ""})
    assert refused.status_code == 422
    assert "Écrivez pourquoi" in text(refused)
    fire = client.post(f"{here}6/commencer/")
    assert fire.status_code == 422
    assert client.post(f"{here}4/finir/", {"e4-result": "seen_well", "e4-reason": "À sa fenêtre"}).status_code == 302
    assert CallTask.objects.get(pk=row.pk).state == "scheduled"
    closed = text(client.get(here))
    assert "recherche close" in closed
    assert "À sa fenêtre" in closed
    late = client.post(f"{here}2/finir/", {"e2-result": "no_news"})
    assert late.status_code == 422
    assert "close" in text(late)
    assert client.get("/veille/recherches/inconnue/").status_code == 404
    assert client.post(f"{here}99/finir/").status_code == 404


def test_a_rung_confided_to_somebody_of_the_team_is_done_by_them_without_the_person_s_file(signed_in):
    who = caller()
    own = [{"kind": "neighbour", "hours": {"4": 4}, "responsible": who.pk}, {"kind": "fire", "hours": {"4": 14}}]
    row = searched(ladder=own)
    client = signed_in(who)
    here = f"/veille/recherches/{row.public_id}/"
    page = client.get(here)
    assert page.status_code == 200
    assert STREET not in text(page)
    assert "Fiction 0" not in text(page)
    assert client.post(f"{here}2/commencer/", {"e2c-reason": "x"}).status_code == 403
    assert client.post(f"{here}1/finir/", {"e1-result": "news_by_third_party"}).status_code == 302
    assert signed_in(caller()).get(here).status_code == 403


def test_who_is_said_dead_is_told_from_the_page_and_waits(signed_in):
    row = searched()
    client = signed_in(supervisor())
    here = f"/veille/recherches/{row.public_id}/"
    assert client.post(f"{here}autre/", {"stop-cause": "deceased", "stop-reason": ""}).status_code == 422
    assert client.post(f"{here}autre/", {"stop-cause": "deceased", "stop-reason": "La gardienne"}).status_code == 302
    assert CallTask.objects.get(pk=row.pk).cause == "deceased"


def test_an_emergency_is_taken_and_closed_from_its_page(signed_in):
    who, boss = caller(), supervisor()
    row = task()
    made = care.raise_emergency(who.actor, task=row, token=1)
    client = signed_in(boss)
    listed = text(client.get("/veille/urgences/"))
    assert made.public_id in listed
    assert "à prendre" in listed
    here = f"/veille/urgences/{made.public_id}/"
    assert client.post(f"{here}prendre/").status_code == 302
    assert "s’en occupe" in text(client.get(here, headers={"HX-Request": "true"}))
    refused = client.post(f"{here}clore/", {"after": "done"})
    assert refused.status_code == 422
    assert "la fiche reste bloquée" in text(refused)
    assert client.post(f"{here}clore/", {"outcome": "false_alarm", "after": "call_again"}).status_code == 302
    assert CallTask.objects.get(pk=row.pk).state == "scheduled"
    assert text(client.get(here))
    other = signed_in(supervisor())
    assert other.post(f"{here}prendre/").status_code == 302  # told who, no error page


def test_a_caller_follows_the_emergency_they_gave_and_no_other(signed_in):
    who, boss = caller(), supervisor()
    made = care.raise_emergency(who.actor, task=task(), token=1)
    other = care.raise_emergency(boss.actor)
    client = signed_in(who)
    assert client.get(f"/veille/urgences/{made.public_id}/").status_code == 200
    assert client.get(f"/veille/urgences/{other.public_id}/").status_code == 403
    assert client.get("/veille/urgences/").status_code == 403
    assert client.post(f"/veille/urgences/{made.public_id}/clore/", {"outcome": "false_alarm"}).status_code == 403


@pytest.mark.parametrize(
    "said", [{}, {"phone": "n’importe quoi"}, {"campaign": "inconnue", "phone": "06 39 98 12 34"}]
)
def test_the_alarm_without_a_sheet_stops_at_nothing(signed_in, said):
    supervisor()
    campaign(persons=1)
    client = signed_in(caller())
    assert "Donner l’alerte maintenant" in text(client.get("/veille/urgences/nouvelle/"))
    answer = client.post("/veille/urgences/nouvelle/", said)
    assert answer.status_code == 302
    made = Emergency.objects.get()
    assert made.person_id is None
    assert "3114" in text(client.get(answer["Location"]))


def test_a_supervisor_who_types_the_number_gets_the_address(signed_in):
    register()
    (person,) = town(1, address=STREET, phone="+33639981234")
    campaign()
    client = signed_in(supervisor())
    answer = client.post("/veille/urgences/nouvelle/", {"phone": "06 39 98 12 34"})
    assert Emergency.objects.get().person_id == person
    assert STREET in text(client.get(answer["Location"]))


def test_the_visit_sheet_is_printed_through_the_vault_and_says_neither_why_nor_from_where(signed_in):
    row = searched()
    client = signed_in(supervisor())
    answer = client.post("/veille/recherches/visites/", {"fiche": row.public_id})
    assert answer.status_code == 200, text(answer)
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    assert "no-store" in answer["Cache-Control"]
    assert signed_in(caller()).post("/veille/recherches/visites/").status_code == 403


def test_no_visit_to_make_prints_nothing():
    searched()
    boss = supervisor()
    step = EscalationStep.objects.get(kind="visit")
    care.skip_step(boss.actor, step=step, reason="Immeuble fermé, gardien prévenu")
    with pytest.raises(NobodyToVisit):
        care.print_visits(boss.actor, steps=[step])
