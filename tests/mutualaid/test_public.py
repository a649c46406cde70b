"""Pages without account: asking, offering, following, answering, leaving. Who may not see a name sees none."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from hypothesis import HealthCheck, given, settings, strategies as st

from entremise.kernel import clock, ids
from entremise.mutualaid import queries, usecases
from entremise.mutualaid.models import HelperProfile, Knock, Need, Proposal
from entremise.mutualaid.usecases.doors import LIMITS
from entremise.people.models import Consent, Person
from entremise.vault.usecases import open as open_vault
from tests.mutualaid.factories import helper, matchmaker, need
from tests.mutualaid.visiting import (
    CANARY,
    HELPER_CANARY,
    PLEDGED,
    _town,
    address,
    asked,
    mistakes,
    offered,
    relation,
    soup,
)
from tests.people.factories import me

__all__ = ["_town"]
pytestmark = pytest.mark.django_db


# --- Asking for help


def test_a_request_is_checked_then_sent_then_followed(client):
    page = client.get("/entraide/demander/")
    assert page.status_code == 200
    assert re.fullmatch(r"[0-9a-z]{12}", soup(page).select_one("[name=submission_key]")["value"])
    facts = asked(note="Deux sacs, 3e étage")
    checked = client.post("/entraide/demander/", facts)
    assert checked.status_code == 200
    assert not Need.objects.exists()
    carried = {i["name"]: i["value"] for i in soup(checked).select("main input[type=hidden]") if i["name"] in facts}
    assert carried == facts
    sent = client.post("/entraide/demander/", {**carried, "envoyer": "1"})
    found = Need.objects.get()
    assert (found.origin, found.state, found.requester_kind) == ("web", "submitted", "self")
    assert Consent.objects.get().channel == "web"
    done = client.get(sent.url)
    assert found.code in done.content.decode()
    follow = soup(done).select_one(".row a.button")["href"]
    assert client.get(follow).status_code == 200


def test_going_back_to_a_question_keeps_everything_typed(client):
    facts = asked(note="Le portail vert", commune="Grenoble")
    back = client.post("/entraide/demander/", {**facts, "modifier": "id_commune"})
    assert back.status_code == 200
    page = soup(back)
    assert page.select_one("#id_commune")["value"] == "Grenoble"
    assert page.select_one("#id_note").text.strip() == "Le portail vert"
    assert page.select_one("[name=category][checked]")["value"] == "shopping"
    assert page.select_one("[name=submission_key]")["value"] == facts["submission_key"]
    assert not page.select(".wrong-text")


def test_sent_twice_it_is_one_request_and_the_same_page(client):
    facts = {**asked(), "envoyer": "1"}
    first, second = (client.post("/entraide/demander/", facts) for _ in range(2))
    assert first.status_code == second.status_code == 302
    assert Need.objects.count() == Person.objects.count() == 1
    code = Need.objects.get().code
    assert code in client.get(first.url).content.decode()
    assert code in client.get(second.url).content.decode()


def test_the_database_itself_refuses_a_second_request_of_one_key():
    key = ids.new()
    first = need(submission_key=key)
    assert need(submission_key=key) == first
    with pytest.raises(Exception, match=r"(?i)unique"):
        Need.objects.filter(pk=need().pk).update(submission_key=key)


def test_who_asks_for_another_is_told_it_is_passed_on_and_learns_no_code(client):
    sent = client.post("/entraide/demander/", {**asked(requester_kind="neighbour"), "envoyer": "1"})
    found = Need.objects.get()
    assert not found.consented
    done = client.get(sent.url).content.decode()
    assert found.code not in done
    assert "/entraide/suivi/ey" not in done
    assert "C’est transmis" in done


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"category": ""}, "Choisissez l’aide"),
        ({"category": "forged"}, "n’est plus proposée"),
        ({"category": "sho\0pping"}, "n’est plus proposée"),
        ({"urgency": ""}, "pour quand"),
        ({"urgency": "forged"}, "liste"),
        ({"urgency": "planned"}, "Indiquez la date"),
        ({"due_on": "demain"}, "31/12/2026"),
        ({"due_on": "2001-01-01"}, "passée"),
        ({"due_on": "9999-12-31"}, "lointaine"),
        ({"commune": ""}, "Indiquez la commune"),
        ({"commune": "Zzzzville"}, "Aucune commune"),
        ({"commune": "Gre\0noble"}, "signe invisible"),
        ({"commune": "x" * 10_000}, "trop longue"),
        ({"phone": ""}, "Indiquez un numéro"),
        ({"phone": "12"}, "numéro"),
        ({"phone": "06 ab"}, "pas de lettres"),
        ({"phone": "0" * 10_000}, "trop longue"),
        ({"phone": "06\0"}, "signe invisible"),
        ({"first_name": ""}, "prénom"),
        ({"first_name": "x" * 10_000}, "80"),
        ({"first_name": "Ode\0tte"}, "signe invisible"),
        ({"note": "x" * 10_000}, "600"),
        ({"note": "a\x07b"}, "signe invisible"),
        ({"requester_kind": "king"}, "liste"),
    ],
)
def test_a_wrong_answer_gets_its_own_sentence_and_nothing_typed_is_lost(client, wrong, sentence):
    facts = asked(**wrong)
    for more in ({}, {"envoyer": "1"}):
        answer = client.post("/entraide/demander/", {**facts, **more})
        assert answer.status_code == 422
        said = mistakes(answer)
        assert len(said) == 1, said
        assert sentence in said[0]
        assert soup(answer).title.text.startswith("Erreur\xa0:")
        assert soup(answer).select_one("#id_phone").get("value", "").replace("\ufffd", "\0") == facts["phone"]
    assert not Need.objects.exists()


def test_no_sentence_of_an_empty_form_is_django_s_own(client):
    for path, least in (("/entraide/demander/", 6), ("/aider/", 3), ("/entraide/suivi/", 2), ("/entraide/lien/", 1)):
        said = mistakes(client.post(path, {}))
        assert len(said) == len(set(said)) >= least
        assert not any("obligatoire" in one or "This field" in one for one in said)


def test_the_trap_for_programs_leaves_nothing_and_says_nothing(client):
    for path, facts in (("/entraide/demander/", asked()), ("/aider/", {**offered(), **PLEDGED})):
        assert client.post(path, {**facts, "envoyer": "1", "website": "https://x"}).status_code == 302
    assert not Person.objects.exists()


def test_too_many_from_one_network_are_told_to_call_and_another_network_is_served(client):
    with time_machine.travel("2026-11-24T10:00:00Z", tick=False):
        for _ in range(LIMITS["need"]):
            usecases.knock(door="need", who="203.0.113.9")
        answer = client.post("/entraide/demander/", {**asked(), "envoyer": "1"}, REMOTE_ADDR="203.0.113.9")
        assert answer.status_code == 429
        assert "tel:" in answer.content.decode()
        assert not Need.objects.exists()
        client.post("/entraide/demander/", {**asked(), "envoyer": "1"}, REMOTE_ADDR="203.0.113.10")
        assert Need.objects.count() == 1
    assert not Knock.objects.filter(mark__contains="203").exists()
    with time_machine.travel("2026-11-26T10:00:00Z", tick=False):
        usecases.forget_knocks()
    assert not Knock.objects.exists()


def test_without_the_token_of_the_form_nothing_is_written():
    strict = Client(enforce_csrf_checks=True)
    for path in ("/entraide/demander/", "/aider/", "/entraide/suivi/", "/entraide/lien/"):
        assert strict.post(path, asked()).status_code == 403
    assert not Need.objects.exists()


# --- Nobody sees what is not theirs


def test_no_public_page_shows_a_person_to_who_may_not_see_them(client):
    _, asked_for, who, match = relation(client, until="released")
    noted = open_vault(
        me(asked_for.person_id), person=asked_for.person_id, fields=["entraide.phone"],
        purpose="people.rights", motive="Vérifier le témoin",
    )  # fmt: skip
    assert noted.values["entraide.phone"] == "+33639987701"
    stranger, other = address("helper", helper().public_id), address("need", need().public_id)
    question = address("proposal", match.proposal.public_id)
    done = f"/entraide/demander/merci/{queries.link_of('done', asked_for.public_id)}/"
    pages = [
        "/", "/entraide/demander/", "/entraide/suivi/", "/entraide/lien/", "/entraide/lien/envoye/", "/aider/",
        "/aider/merci/sms/", "/entraide/formulaires/demande/", "/entraide/formulaires/aide/",
        "/mon-engagement/au-revoir/",
        stranger, f"{stranger}changer/", f"{stranger}retirer/", other, f"{other}annuler/", question, done,
    ]  # fmt: skip
    secrets = [*CANARY.values(), *HELPER_CANARY.values(), "0639987701", "+33639987701", "+33639987702", "77 01"]
    for path in pages:
        answer = client.get(path)
        assert answer.status_code == 200, path
        text = answer.content.decode()
        assert [one for one in secrets if one in text] == [], path
        assert str(asked_for.h8) not in text
    mine = client.get(address("need", asked_for.public_id)).content.decode()
    assert "Quetzalie" not in mine  # the page of a link says nothing of its owner either: who finds it learns no name
    assert "Wenceslas" in mine


def test_pages_with_answers_or_contacts_are_never_kept_by_a_browser(client):
    _, asked_for, who, _ = relation(client, until="released")
    for path in (address("need", asked_for.public_id), address("helper", who.public_id), "/entraide/demander/"):
        assert "no-store" in client.get(path)["Cache-Control"]


def test_the_home_page_and_the_door_say_the_living_figures(client):
    nadia = matchmaker()[1]
    assert (
        "personnes prêtes à aider"
        not in client.get("/").content.decode().replace("\xa0", " ").split("En ce moment")[0]
    )
    for _ in range(11):
        helper(nadia)
    assert "11" in soup(client.get("/")).select_one(".figures").text
    assert "11 personnes sont prêtes" in client.get("/aider/").content.decode()


def test_pages_speak_english_to_who_asks_for_it(client):
    for path in ("/entraide/demander/", "/aider/", "/entraide/suivi/", "/entraide/lien/"):
        page = soup(client.get(path, headers={"accept-language": "en"}))
        assert page.html["lang"] == "en"
        assert not re.search(r"\b(Vous|votre|aider|demande)\b", page.main.text), page.main.text


def test_a_person_who_follows_has_a_flat_page(client, flat):
    who = helper()
    page = address("helper", who.public_id)
    nadia = matchmaker()[1]

    def more():
        HelperProfile.objects.filter(pk=who.pk).update(last_solicited_at=None)
        Proposal.objects.filter(helper=who).update(sent_at=clock.now() - timedelta(days=40))
        who.refresh_from_db()
        usecases.send_proposal(nadia, need=need(nadia), helper=who)

    flat(lambda: client.get(page), more)


# --- Anything at all

ODD = ["\0", "x" * 10_000, "shopping", "38000", "\ud800", "+33639981234", "-1", "on", "days", "self"]
ANY = st.text(max_size=60) | st.sampled_from(ODD)
NAMES = st.sampled_from([
    "category", "note", "urgency", "due_on", "commune", "phone", "first_name", "requester_kind", "submission_key",
    "website", "categories", "contact", "slots", "radius_km", "languages", "old_enough", "charter", "envoyer",
    "modifier", "code", "digits", "answer", "outcome", "until", "monthly_max",
])  # fmt: skip
DOORS = [
    "/entraide/demander/", "/aider/", "/entraide/suivi/", "/entraide/lien/", "{need}", "{need}annuler/",
    "{need}bilan/",
    "{need}masquer/", "{need}reponse/oui/", "{need}reponse/x/", "{helper}changer/", "{helper}pause/",
    "{helper}reprendre/", "{helper}confirmer/", "{proposal}",
]  # fmt: skip


@pytest.fixture
def places(client):
    _, asked_for, who, question = relation(client, until="sent")
    return {
        "need": address("need", asked_for.public_id),
        "helper": address("helper", who.public_id),
        "proposal": question,
    }


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(door=st.sampled_from(DOORS), facts=st.dictionaries(NAMES, ANY | st.lists(ANY, max_size=3), max_size=8))
def test_whatever_is_posted_is_answered_in_words(places, door, facts):
    client = Client(raise_request_exception=True)
    clean = {
        name: [one.encode("utf-8", "replace").decode() for one in said] if isinstance(said, list)
        else said.encode("utf-8", "replace").decode()
        for name, said in facts.items()
    }  # fmt: skip
    answer = client.post(door.format(**places), clean)
    assert answer.status_code in (200, 302, 404, 405, 422, 429)
