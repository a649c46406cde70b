"""Following, answering, offering, a lost link: what a visitor does by a code or a link received."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail

from entremise.kernel import clock, ids
from entremise.mutualaid import queries, usecases
from entremise.mutualaid.models import HelperProfile, Proposal
from entremise.mutualaid.usecases.doors import LIMITS
from entremise.people.models import Person
from tests.mutualaid.factories import category, helper, matchmaker, need
from tests.mutualaid.visiting import CANARY, PLEDGED, _town, address, asked, mistakes, offered, relation

__all__ = ["_town"]
pytestmark = pytest.mark.django_db


def test_code_and_digits_lead_to_the_page_and_wrong_ones_all_get_the_same_answer(client):
    found = need(values={**CANARY})
    right = {"code": found.code.lower().replace("-", " "), "digits": "77 01"}
    answer = client.post("/entraide/suivi/", right)
    assert answer.status_code == 302
    assert found.code in client.get(answer.url).content.decode()
    unknown = client.post("/entraide/suivi/", {"code": ids.spoken(), "digits": "7701"})
    wrong = [client.post("/entraide/suivi/", {**right, "digits": "0000"}) for _ in range(6)]
    locked = client.post("/entraide/suivi/", right)
    texts = {tuple(mistakes(one)) for one in (unknown, *wrong, locked)}
    assert len(texts) == 1
    assert {one.status_code for one in (unknown, *wrong, locked)} == {422}


@pytest.mark.parametrize("bad", [{"code": "AAA-AAA"}, {"code": "\0"}, {"digits": "12"}, {"digits": "٣٣٣٣"}])
def test_a_code_or_digits_badly_written_are_said_so(client, bad):
    answer = client.post("/entraide/suivi/", {"code": need().code, "digits": "0001", **bad})
    assert answer.status_code == 422
    assert len(mistakes(answer)) == 1


FORGED = ["/entraide/suivi/x/", "/mon-engagement/x/", "/entraide/proposition/x/", "/entraide/demander/merci/x/"]


@pytest.mark.parametrize("path", FORGED)
def test_a_forged_link_is_a_calm_404(client, path):
    other = queries.link_of("proposal" if "suivi" in path else "need", need().public_id)
    for token in ("x", other, "%00", "y" * 900):
        assert client.get(path.replace("/x/", f"/{token}/")).status_code == 404


def test_cancelling_says_the_consequence_then_does_it(client):
    found = need()
    page = address("need", found.public_id)
    assert "arrêtons de chercher" in client.get(f"{page}annuler/").content.decode()
    found.refresh_from_db()
    assert found.state == "open"
    client.post(f"{page}annuler/")
    client.post(f"{page}annuler/")  # twice is once
    found.refresh_from_db()
    assert (found.state, found.closed_reason) == ("closed", "cancelled")
    assert "annulée" in client.get(page).content.decode()


def test_a_question_shows_what_when_how_far_and_never_who(client):
    _, asked_for, _, question = relation(client, until="sent")
    text = client.get(question).content.decode()
    assert "moins de 1 km" in text
    assert "Grenoble" in text
    for value in CANARY.values():
        assert value not in text
    assert asked_for.code not in text
    assert Proposal.objects.get().state == "sent"  # reading answered nothing


def test_yes_then_yes_then_contacts_on_both_pages_then_done(client):
    nadia, asked_for, who, match = relation(client)
    mine, theirs = address("need", asked_for.public_id), address("helper", who.public_id)
    for page in (mine, theirs):
        assert "Wenceslas" not in client.get(page).content.decode()
        assert "Quetzalie" not in client.get(page).content.decode()
    for direction in ("to_helper", "to_person"):
        usecases.release_contact(nadia, match=match, direction=direction)
    assert "06 39 98 77 02" in client.get(mine).content.decode()
    assert "06 39 98 77 01" in client.get(theirs).content.decode()
    assert "Xylophone" not in client.get(theirs).content.decode()
    client.post(f"{mine}masquer/")
    assert "06 39 98 77 01" not in client.get(theirs).content.decode()
    client.post(f"{theirs}aide/{match.public_id}/masquer/")
    assert "06 39 98 77 02" not in client.get(mine).content.decode()
    client.post(f"{theirs}aide/{match.public_id}/bilan/", {"outcome": "yes"})
    client.post(f"{mine}bilan/", {"outcome": "yes"})
    match.refresh_from_db()
    asked_for.refresh_from_db()
    assert (match.state, asked_for.state, match.feedback.count()) == ("done", "done", 2)


def test_a_contact_is_gone_from_the_page_when_its_date_is_past(client):
    _, asked_for, who, _ = relation(client, until="released")
    with time_machine.travel(clock.now() + timedelta(days=15), tick=False):
        for page in (address("need", asked_for.public_id), address("helper", who.public_id)):
            text = client.get(page).content.decode()
            assert "06 39 98 77" not in text


def test_no_to_the_helper_found_puts_the_request_back(client):
    _, asked_for, _, question = relation(client, until="accepted")
    client.post(f"{address('need', asked_for.public_id)}reponse/non/")
    asked_for.refresh_from_db()
    assert asked_for.state == "open"
    assert "Merci d’avoir répondu" in client.get(question).content.decode()
    assert client.post(f"{address('need', asked_for.public_id)}reponse/oui/").status_code == 302
    assert not asked_for.matches.exists()


def test_the_second_to_say_yes_is_thanked_and_told(client):
    nadia = matchmaker()[1]
    asked_for = need(nadia)
    first, second = helper(nadia), helper(nadia)
    pages = []
    for who in (first, second):
        proposal = usecases.send_proposal(nadia, need=asked_for, helper=who)
        pages.append(address("proposal", proposal.public_id))
    client.post(pages[0], {"answer": "oui"})
    told = client.post(pages[1], {"answer": "oui"}, follow=True).content.decode()
    assert "a répondu la première" in told
    assert "Quelqu’un s’en occupe déjà" in told


def test_a_late_answer_is_told_that_the_delay_is_past(client):
    *_, question = relation(client, until="sent")
    with time_machine.travel(clock.now() + timedelta(days=2), tick=False):
        assert "délai de réponse est passé" in client.get(question).content.decode()
        told = client.post(question, {"answer": "oui"}, follow=True).content.decode()
    assert "délai" in told
    assert Proposal.objects.get().state == "sent"


@pytest.mark.parametrize("said", ["", "peut-être", "\0"])
def test_an_answer_that_is_neither_yes_nor_no_changes_nothing(client, said):
    *_, question = relation(client, until="sent")
    assert "Répondez par Oui ou par Non" in client.post(question, {"answer": said}, follow=True).content.decode()
    assert Proposal.objects.get().state == "sent"


# --- Offering


def test_an_offer_is_checked_pledged_then_confirmed_by_the_link_received(client, run_jobs):
    facts = offered()
    checked = client.post("/aider/", facts)
    assert checked.status_code == 200
    unpledged = client.post("/aider/", {**facts, "envoyer": "1"})
    assert unpledged.status_code == 422
    assert len(mistakes(unpledged)) == 2
    assert not HelperProfile.objects.exists()
    done = client.post("/aider/", {**facts, **PLEDGED})
    assert done.url == "/aider/merci/courriel/"
    assert client.get(done.url).status_code == 200
    who = HelperProfile.objects.get()
    assert who.state == "registered"
    run_jobs()
    link = re.search(r"/mon-engagement/\S+", mail.outbox[0].body).group()
    assert client.get(link).status_code == 200
    who.refresh_from_db()
    assert who.state == "registered"  # opening the link is not a yes: mail programs open links too
    client.post(f"{link}confirmer/")
    who.refresh_from_db()
    assert who.state == "available"


def test_an_offer_sent_twice_is_one_offer(client):
    facts = {**offered(contact="06 39 98 45 67"), **PLEDGED}
    assert {client.post("/aider/", facts).url for _ in range(2)} == {"/aider/merci/sms/"}
    assert HelperProfile.objects.count() == Person.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"categories": []}, "au moins une aide"),
        ({"categories": ["shopping", "forged"]}, "n’est plus proposée"),
        ({"categories": ["\0"]}, "n’est plus proposée"),
        ({"commune": ""}, "votre commune"),
        ({"contact": ""}, "courriel ou un mobile"),
        ({"contact": "brahim"}, "ni un courriel"),
        ({"contact": "brahim@"}, "adresse électronique"),
        ({"contact": "04 65 71 00 01"}, "téléphone fixe"),
        ({"contact": "b\0@exemple.fr"}, "signe invisible"),
        ({"contact": "x" * 10_000}, "254"),
        ({"first_name": "x" * 100}, "80"),
        ({"note": "x" * 501}, "500"),
        ({"radius_km": "loin"}, "nombre de kilomètres"),
        ({"radius_km": "0"}, "1 km"),
        ({"radius_km": "9" * 400}, "30 km"),
        ({"slots": ["99"]}, "liste"),
        ({"languages": ["klingon"]}, "liste"),
    ],
)
def test_a_wrong_offer_gets_its_own_sentence(client, wrong, sentence):
    answer = client.post("/aider/", {**offered(**wrong), **PLEDGED})
    assert answer.status_code == 422
    said = mistakes(answer)
    assert len(said) == 1, said
    assert sentence in said[0]
    assert not HelperProfile.objects.exists()


def test_an_offer_is_changed_paused_resumed_withdrawn_by_its_link(client):
    who = helper()
    page = address("helper", who.public_id)
    changes = {"categories": ["conversation"], "monthly_max": "2", "radius_km": "3", "slots": ["0", "3"]}
    client.post(f"{page}changer/", changes)
    who.refresh_from_db()
    assert (who.categories, who.monthly_max, who.radius_m, who.slots) == (category("conversation").mask, 2, 3000, 9)
    bad = client.post(f"{page}changer/", {"categories": [], "monthly_max": "x", "radius_km": "99"})
    assert bad.status_code == 422
    assert len(mistakes(bad)) == 3
    over = client.post(f"{page}changer/", {"categories": ["shopping"], "monthly_max": "12", "radius_km": "30"})
    assert over.status_code == 422
    assert client.post(f"{page}pause/", {"until": "2001-01-01"}).status_code == 422
    client.post(f"{page}pause/", {"until": f"{clock.today() + timedelta(days=9):%Y-%m-%d}"})
    who.refresh_from_db()
    assert who.state == "paused"
    assert "en pause jusqu’au" in client.get(page).content.decode()
    client.post(f"{page}reprendre/")
    who.refresh_from_db()
    assert who.state == "available"
    assert "Les aides en cours s’arrêtent" in client.get(f"{page}retirer/").content.decode()
    assert client.post(f"{page}retirer/").url == "/mon-engagement/au-revoir/"
    who.refresh_from_db()
    assert who.state == "withdrawn"
    assert client.get(page).status_code == 404
    assert client.post(f"{page}nimporte/").status_code == 404


def test_the_page_of_a_helper_cannot_touch_the_match_of_another(client):
    *_, match = relation(client, until="released")
    stranger = address("helper", helper().public_id)
    for deed in ("masquer", "bilan"):
        assert client.post(f"{stranger}aide/{match.public_id}/{deed}/", {"outcome": "yes"}).status_code == 404
    assert match.releases.filter(state="active").count() == 2


# --- Lost link


def test_a_lost_link_goes_to_the_number_known_and_the_page_never_says_so(client, run_jobs, tmp_path, settings):
    settings.SMS_URL = f"file:{tmp_path}/sms"
    client.post("/entraide/demander/", {**asked(phone="06 39 98 55 55"), "envoyer": "1"})
    run_jobs()
    answers = [client.post("/entraide/lien/", {"phone": number}) for number in ("06 39 98 55 55", "06 39 98 55 56")]
    assert answers[0].url == answers[1].url
    assert [len(one.content) for one in answers] == [0, 0]
    jobs = run_jobs()
    assert jobs.count("mutualaid.send_need_link") == 1


def test_one_number_is_not_flooded_with_messages(client, run_jobs):
    found = need(values={**CANARY})
    for _ in range(5):
        client.post("/entraide/lien/", {"phone": CANARY["phone"]})
    assert run_jobs().count("mutualaid.send_need_link") == LIMITS["link_number"]
    assert found.state == "open"
