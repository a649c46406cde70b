"""« Mes données »: the same door for everybody, then all that is held, and the buttons of the rights."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date, timedelta

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.core import mail
from django.urls import reverse
from pypdf import PdfReader

from entremise.kernel import clock
from entremise.people import queries, usecases
from entremise.people.engine import codes
from entremise.people.models import LetterCode, RightsRequest
from entremise.people.usecases import copies
from entremise.vault import queries as facts
from tests.people.factories import desk, oneself, person, request

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("common", "quick")]
BORN = date(1941, 3, 7)
CANARY = {
    "first_name": "Quetzalie", "last_name": "Zyrbanski", "phone": "06 39 98 77 01", "email": "quetzalie@exemple.fr",
    "address": "9 rue Xylophone, 38000 Grenoble",
}  # fmt: skip


@pytest.fixture
def who():
    return person(**CANARY)


@pytest.fixture
def inside(client, who):
    """A browser where this person typed the code of their letter."""
    code = usecases.issue_codes(desk(), births=[(who.pk, BORN)])[0].code
    answer = client.post("/mes-donnees/", {"code": codes.readable(code), "birth": "07/03/1941"})
    assert answer.status_code == 302
    return client


def soup(answer):
    return BeautifulSoup(answer.content, "html5lib")


def text(answer):
    return soup(answer).find("main").get_text(" ", strip=True)


def told(client, path, **said):
    return text(client.post(path, said, follow=True))


def test_the_door_gives_the_same_page_whatever_is_wrong(client, who):
    code = usecases.issue_codes(desk(), births=[(who.pk, BORN)])[0].code
    pages = set()
    for said in ({"code": code, "birth": "08/03/1941"}, {"code": "ZZZZZZZZZZ", "birth": "07/03/1941"}):
        answer = client.post("/mes-donnees/", said)
        assert answer.status_code == 422
        page = re.sub(r'value="[^"]*"|content="[^"]*"', "", answer.content.decode())
        pages.add(page)
    assert len(pages) == 1
    assert "no-store" in answer["Cache-Control"] or "no-cache" in answer["Cache-Control"]


@pytest.mark.parametrize(("said", "word"), [
    ({}, "10 signes"), ({"code": "x"}, "date de naissance"), ({"code": "x", "birth": "mars"}, "07/03/1941"),
])  # fmt: skip
def test_each_empty_answer_has_its_sentence(client, said, word):
    answer = client.post("/mes-donnees/", said)
    assert answer.status_code == 422
    assert word in soup(answer).select_one(".summary").text


def test_too_many_tries_are_told_to_call(client, monkeypatch):
    monkeypatch.setattr(usecases.codes, "NETWORK", 1)
    said = {"code": "ZZZZZZZZZZ", "birth": "07/03/1941"}
    with time_machine.travel("2026-11-24T10:05:00+01:00", tick=False):
        assert client.post("/mes-donnees/", said).status_code == 422
        assert client.post("/mes-donnees/", said).status_code == 429


def test_everything_held_is_shown_and_nothing_is_in_the_address(inside):
    answer = inside.get("/mes-donnees/")
    page = text(answer)
    for value in ("Quetzalie", "Zyrbanski", "06 39 98 77 01", "9 rue Xylophone", "quetzalie@exemple.fr"):
        assert value in page
    assert len(answer.content) < 60_000
    assert "<script" not in answer.content.decode()
    assert "Quetzalie" not in str(dict(inside.session.items()))


def test_the_visit_ends_by_itself_or_at_will(inside):
    with time_machine.travel(clock.now() + timedelta(minutes=31), tick=False):
        assert "Quetzalie" not in text(inside.get("/mes-donnees/"))
    inside.post("/mes-donnees/quitter/")
    assert "Quetzalie" not in text(inside.get("/mes-donnees/"))
    for path in ("refuser", "geler", "contester"):
        assert inside.post(f"/mes-donnees/{path}/").status_code == 403
    for path in ("effacer", "corriger"):
        assert inside.get(f"/mes-donnees/{path}/").status_code == 403
    assert inside.get("/mes-donnees/copie.json").status_code == 403


def test_refusing_a_use_is_one_tap_and_so_is_changing_ones_mind(inside, who):
    assert "dès maintenant" in told(inside, "/mes-donnees/refuser/", purpose="mutualaid.contact")
    assert facts.stances_of(who.pk)["objection"] == {"mutualaid.contact"}
    told(inside, "/mes-donnees/accepter/", purpose="mutualaid.contact")
    assert facts.stances_of(who.pk)["objection"] == frozenset()
    assert "exercice des droits" in told(inside, "/mes-donnees/refuser/", purpose="people.rights")
    assert "n’existe pas" in told(inside, "/mes-donnees/refuser/", purpose="x")
    assert inside.post("/mes-donnees/danser/").status_code == 404


def test_a_consent_is_taken_back(inside, who):
    usecases.record_consent(
        oneself(who), person=who, purpose="mutualaid.contact", answer="yes", text_version="essai-1"
    )
    assert "Vous avez accepté" in text(inside.get("/mes-donnees/"))
    told(inside, "/mes-donnees/retirer-accord/", purpose="mutualaid.contact")
    assert not queries.consents_to(who, "mutualaid.contact")


def test_freezing_and_back(inside, who):
    assert "même pas aux secours" in told(inside, "/mes-donnees/geler/")
    assert facts.records_of(who.pk)[0].status == "frozen"
    told(inside, "/mes-donnees/degeler/")
    assert facts.records_of(who.pk)[0].status == "active"


def test_erasure_and_contest_are_requests_with_a_term(inside, who):
    assert "illisible" in text(inside.get("/mes-donnees/effacer/"))
    assert "avant le" in told(inside, "/mes-donnees/effacer/")
    told(inside, "/mes-donnees/contester/", line="12")
    assert {(row.kind, row.state, row.line) for row in RightsRequest.objects.all()} == {
        ("erase", "identified", None), ("contest", "identified", 12),
    }  # fmt: skip


def test_correcting_ones_own_name_is_done_at_once(inside, who):
    page = soup(inside.get("/mes-donnees/corriger/"))
    form = {
        box["name"]: box.get("value", "") for box in page.select("main form input[name]") if box["type"] != "hidden"
    }
    form["entraide__first_name"] = "Odile"
    assert "C’est corrigé" in told(inside, "/mes-donnees/corriger/", **form)
    assert "Odile" in text(inside.get("/mes-donnees/"))
    assert not mail.outbox, "a name is no contact"


def test_a_word_goes_to_the_address_held_before_a_contact_changes(inside):
    page = soup(inside.get("/mes-donnees/corriger/"))
    form = {
        box["name"]: box.get("value", "") for box in page.select("main form input[name]") if box["type"] != "hidden"
    }
    form["entraide__phone"] = "06 39 98 00 09"
    assert "courriel" in told(inside, "/mes-donnees/corriger/", **form)
    assert [message.to for message in mail.outbox] == [["quetzalie@exemple.fr"]]
    assert "06 39 98 00 09" not in mail.outbox[0].body
    form["entraide__phone"] = "zéro"
    answer = inside.post("/mes-donnees/corriger/", form)
    assert answer.status_code == 422
    assert soup(answer).select_one("#id_entraide__phone_error")


def test_without_any_way_to_warn_an_agent_is_asked(client, quick):
    alone = person(first_name="Bruno", phone="01 99 00 00 01")
    code = usecases.issue_codes(desk(), births=[(alone.pk, BORN)])[0].code
    client.post("/mes-donnees/", {"code": code, "birth": "07/03/1941"})
    answer = told(client, "/mes-donnees/corriger/", entraide__phone="06 39 98 00 09", entraide__first_name="Bruno",
                  entraide__last_name="Fiction")  # fmt: skip
    assert "une lettre part d’abord" in answer
    assert RightsRequest.objects.get().kind == "rectify"
    assert "06 39 98 00 09" not in text(client.get("/mes-donnees/"))


def test_the_contacts_of_a_threatened_person_change_at_the_counter_only(inside, who):
    usecases.protect(desk(), person=who, on=True)
    answer = inside.post("/mes-donnees/corriger/", {"entraide__phone": "06 39 98 00 09"})
    assert "qu’au guichet" in text(answer)


def test_the_file_is_portable_and_harmless(inside, who):
    usecases.rectify(oneself(who), person=who, values={"entraide.first_name": "=1+1"}, motive="Essai de formule")
    said = json.loads(inside.get("/mes-donnees/copie.json").content)
    fields = {field["name"]: field["value"] for one in said["registers"] for field in one["fields"]}
    assert fields["first_name"] == "=1+1"
    assert fields["phone"] == "06 39 98 77 01"
    answer = inside.get("/mes-donnees/copie.csv")
    assert "no-store" in answer["Cache-Control"]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert ["Entraide entre habitants", "prénom", "'=1+1"] in rows
    assert inside.get("/mes-donnees/copie.exe").status_code == 404


def test_the_letter_holds_what_the_page_holds(inside):
    pages = PdfReader(io.BytesIO(inside.get("/mes-donnees/copie.pdf").content)).pages
    said = " ".join(" ".join(page.extract_text() for page in pages).split()).replace("\u00a0", " ")
    for value in ("Quetzalie", "06 39 98 77 01", "9 rue Xylophone", "Qui a ouvert vos données", "CNIL"):
        assert value in said


def test_a_personal_link_refuses_but_reads_nothing(client, who):
    path = reverse("people:my_link", args=[queries.link_of(who.pk)])
    assert "Quetzalie" not in client.get(path).content.decode()
    assert "Quetzalie" not in client.post(path, follow=True).content.decode()
    told(client, "/mes-donnees/refuser/", purpose="mutualaid.contact")
    assert facts.stances_of(who.pk)["objection"] == {"mutualaid.contact"}
    assert "Une lettre" in told(client, "/mes-donnees/demander-code/")
    row = RightsRequest.objects.get()
    assert (row.kind, row.state, row.person_id) == ("access", "received", who.pk)
    for deed in ("geler", "accepter"):
        assert client.post(f"/mes-donnees/{deed}/", {"purpose": "mutualaid.contact"}).status_code == 403
    assert client.get("/mes-donnees/copie.json").status_code == 403
    assert client.get("/mes-donnees/lien/nulle-part/").status_code == 404
    assert queries.codes_wanted(desk()) == [who]


def test_a_session_planted_before_the_code_is_not_the_one_after(client, who):
    client.get("/mes-donnees/")
    client.post(reverse("people:my_link", args=[queries.link_of(who.pk)]))
    before = client.session.session_key
    code = usecases.issue_codes(desk(), births=[(who.pk, BORN)])[0].code
    client.post("/mes-donnees/", {"code": code, "birth": "07/03/1941"})
    assert client.session.session_key != before


def test_a_proxy_acts_then_no_more_the_minute_the_mandate_is_taken_back(inside, who):
    agent, other = desk(), person(first_name="Odile", phone="06 39 98 00 03")
    mandate = usecases.declare_mandate(
        agent, person=other, proxy=who, proof="written", scope="write", until=clock.today() + timedelta(days=90)
    )
    usecases.verify_mandate(agent, mandate=mandate)
    assert "pour une autre personne" in told(inside, f"/mes-donnees/mandats/{mandate.public_id}/agir/")
    told(inside, "/mes-donnees/refuser/", purpose="mutualaid.contact")
    assert facts.stances_of(other.pk)["objection"] == {"mutualaid.contact"}
    usecases.revoke_mandate(oneself(other), mandate=mandate)
    page = text(inside.get("/mes-donnees/"))
    assert "Quetzalie" in page
    assert inside.post(f"/mes-donnees/mandats/{mandate.public_id}/agir/").status_code == 403


def test_the_person_takes_a_mandate_back_alone(inside, who):
    agent, proxy = desk(), person(first_name="Odile", phone="06 39 98 00 03")
    mandate = usecases.declare_mandate(
        agent, person=who, proxy=proxy, proof="written", scope="read", until=clock.today() + timedelta(days=90)
    )
    usecases.verify_mandate(agent, mandate=mandate)
    assert "retiré" in told(inside, f"/mes-donnees/mandats/{mandate.public_id}/retirer/")
    assert queries.mandates_held(proxy.pk) == []


def test_the_journal_says_which_service_for_what_and_never_which_agent(inside, who):
    agent = desk()
    usecases.identify_request(agent, request=request(agent), person=who, how="document")
    usecases.copy_of(agent, person=who, motive="Copie pour la personne")
    inside.get("/mes-donnees/")
    page = text(inside.get("/mes-donnees/"))
    assert "Ville de Grenoble" in page
    assert "exercice des droits" in page
    assert agent.label not in page
    assert "Copie pour la personne" not in page


def test_a_copy_is_never_kept(inside, who):
    import pickle

    made = usecases.copy_of(oneself(who), person=who, motive="Essai de copie")
    assert "Quetzalie" not in repr(made) + repr(made.sections) + repr(made.sections[0].items)
    with pytest.raises(TypeError):
        pickle.dumps(made)
    assert copies.MACHINE in usecases.as_json(made).decode()
    assert LetterCode.objects.get().state == "used"
