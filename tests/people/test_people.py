"""Persons, their consents, the messages they get."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import transaction

from entremise.audit.models import Entry
from entremise.kernel import ids
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.people import clients, queries, usecases
from entremise.people.models import Consent, Person
from entremise.vault import usecases as vault
from entremise.vault.models import Line
from tests.people.factories import me, person

pytestmark = pytest.mark.django_db
WHY = {"purpose": "mutualaid.contact", "motive": "Appel de la demande H6K-347"}
RIGHTS = {"purpose": "people.rights", "motive": "Lecture de sa propre fiche"}
GUEST = Actor(None, "anonyme", "web")
TEXT = {"subject": "Votre demande", "text": "Une réponse vous attend."}


def actions() -> list[str]:
    """The deeds of `people`, in order; the facts they set in the vault leave their own trace."""
    return list(Entry.objects.filter(action__startswith="people.").order_by("seq").values_list("action", flat=True))


def read(who, *names):
    fields = [f"entraide.{name}" for name in names]
    values = vault.open(me(who), person=who.pk, fields=fields, **RIGHTS).values
    return {name.partition(".")[2]: value for name, value in values.items()}


def test_a_guest_makes_themself_known_and_leaves_one_trace():
    who = usecases.register_person(
        GUEST,
        values={"first_name": " Aline  Marie ", "phone": "06.39.98.12.34", "email": "A@Exemple.fr", "address": ""},
        language="en",
        preferred_channel="sms",
        **WHY,
    )
    assert read(who, "first_name", "phone", "email", "address") == {
        "first_name": "Aline Marie",
        "phone": "+33639981234",
        "email": "a@exemple.fr",
    }
    assert (who.language, who.preferred_channel) == ("en", "sms")
    assert actions() == ["people.person.registered"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"phone": "12"}, "phone"),
        ({"first_name": "Aline", "email": "a@"}, "email"),
        ({"last_name": "x" * 81}, "last_name"),
        ({"first_name": "A\x00line"}, "first_name"),
        ({"first_name": "  "}, "phone"),
        ({}, "phone"),
    ],
)
def test_a_bad_value_is_refused_on_its_field_and_nothing_is_kept(values, field):
    with pytest.raises(ValidationError) as refusal:
        usecases.register_person(GUEST, values=values, **WHY)
    assert set(refusal.value.message_dict) == {field}
    assert not Person.objects.exists()
    assert actions() == []


def test_an_unknown_channel_is_refused():
    with pytest.raises(ValidationError):
        usecases.register_person(GUEST, values={"first_name": "Aline"}, preferred_channel="pigeon", **WHY)


def test_an_update_writes_what_it_names_and_needs_a_right_to(actor):
    who = person(email="a@exemple.fr")
    usecases.update_person(actor("matchmaker"), person=who, values={"phone": "0639980001", "email": ""}, **WHY)
    assert read(who, "first_name", "phone", "email") == {"first_name": "Aline", "phone": "+33639980001"}
    assert actions()[-1] == "people.person.updated"
    with pytest.raises(NotAllowed):
        usecases.update_person(GUEST, person=who.pk, values={"phone": "0639980002"}, **WHY)
    with pytest.raises(NotFound):
        usecases.update_person(actor("matchmaker"), person=ids.uuid7(), values={"phone": "0639980002"}, **WHY)


def test_persons_who_share_a_line_are_all_found(actor):
    one, two = person(), person(first_name="Bruno")
    person(phone="06 39 98 00 01")
    found = queries.find_by_phone(actor("matchmaker"), phone="+33 6 39 98 12 34", motive=WHY["motive"])
    assert found == [one, two]
    assert queries.find_by_phone(actor("matchmaker"), phone="06 39 98 99 99", motive=WHY["motive"]) == []
    with pytest.raises(ValueError, match="Il manque des chiffres"):
        queries.find_by_phone(actor("matchmaker"), phone="0639", motive=WHY["motive"])
    with pytest.raises(NotAllowed):
        queries.find_by_phone(GUEST, phone="06 39 98 12 34", motive=WHY["motive"])


def test_many_persons_come_in_at_once_in_order_with_one_trace():
    rows = [{"first_name": f"Fiction{n}", "phone": f"06399800{n:02}", "preferred_channel": "sms"} for n in range(30)]
    persons = usecases.register_many(Actor.machine("démonstration"), rows=rows, motive=WHY["motive"])
    assert [read(who, "first_name")["first_name"] for who in persons] == [row["first_name"] for row in rows]
    assert {who.preferred_channel for who in persons} == {"sms"}
    assert actions() == ["people.persons.registered"]
    assert Entry.objects.get().data == {"persons": 30}
    assert usecases.register_many(Actor.machine("démonstration"), rows=[], motive=WHY["motive"]) == []


@pytest.mark.parametrize("bad", [{"phone": "12"}, {}, {"first_name": "A", "preferred_channel": "pigeon"}])
def test_one_bad_row_refuses_them_all_and_says_which(bad):
    with pytest.raises(ValidationError, match="Ligne 2"):
        usecases.register_many(GUEST, rows=[{"first_name": "Aline"}, bad], motive=WHY["motive"])
    assert not Person.objects.exists()


def test_an_answer_keeps_its_text_its_channel_and_who_heard_it(actor):
    who = person()
    agent = actor("matchmaker", user_id=3).speaking_for(who.pk, "phone")
    question = {"person": who, "purpose": "mutualaid.contact", "text_version": "contact-2026-11"}
    given = usecases.record_consent(agent, answer="partly", scope=["phone"], **question)
    assert (given.channel, given.recorded_by, given.scope) == ("phone", 3, ["phone"])
    assert queries.consents_to(who, "mutualaid.contact")
    assert not queries.consents_to(who, "mutualaid.meet")
    usecases.record_consent(Actor.person(who.pk), answer="no", **question)
    assert not queries.consents_to(who.pk, "mutualaid.contact")
    assert Consent.objects.count() == 2
    assert actions()[1:] == ["people.consent.recorded"] * 2


def test_a_withdrawn_consent_counts_no_more_and_stays_on_file(actor):
    who = person(consents=())
    myself = Actor.person(who.pk)
    usecases.record_consent(myself, person=who, purpose="mutualaid.contact", answer="yes", text_version="v1")
    assert usecases.withdraw_consent(myself, person=who, purpose="mutualaid.contact") == 1
    assert not queries.consents_to(who, "mutualaid.contact")
    assert usecases.withdraw_consent(myself, person=who, purpose="mutualaid.contact") == 0
    assert Consent.objects.get().answer == "yes"
    assert actions()[1:] == ["people.consent.recorded", "people.consent.withdrawn"]


def test_nobody_answers_for_somebody_else(actor):
    who = person()
    for wrong in (GUEST, Actor.person(ids.uuid7())):
        with pytest.raises(NotAllowed):
            usecases.record_consent(wrong, person=who, purpose="mutualaid.contact", answer="yes", text_version="v1")
        with pytest.raises(NotAllowed):
            usecases.withdraw_consent(wrong, person=who, purpose="mutualaid.contact")
    for wrong in ({"purpose": "curiosity"}, {"answer": "maybe"}):
        question = {"purpose": "mutualaid.contact", "answer": "yes", "text_version": "v1", **wrong}
        with pytest.raises(ValidationError):
            usecases.record_consent(Actor.person(who.pk), person=who, **question)


def send(who, **changed):
    return usecases.deliver(Actor.machine("messages"), person=who, **{**TEXT, **WHY, **changed})


def test_a_message_takes_the_preferred_way_that_exists(settings, tmp_path):
    settings.SMS_URL = f"file://{tmp_path}/sms"
    both = {"email": "a@exemple.fr"}
    assert send(person(preferred_channel="sms", **both)) == "sms"
    assert send(person(preferred_channel="email", **both)) == "email"
    assert send(person(preferred_channel="email")) == "sms"
    assert send(person(preferred_channel="sms", phone="01 99 00 12 34", **both)) == "email"
    assert send(person(preferred_channel="phone", **both)) == "email"
    assert send(person(preferred_channel="phone")) == "none"
    assert send(person(preferred_channel="letter", **both)) == "none"
    assert send(person(preferred_channel="none", **both)) == "none"
    texts = [json.loads(file.read_text()) for file in (tmp_path / "sms").iterdir()]
    assert texts == [{"to": "+33639981234", "text": TEXT["text"]}] * 2
    assert [message.to for message in mail.outbox] == [["a@exemple.fr"]] * 3
    assert actions().count("people.message.sent") == 5


def test_a_message_opens_its_channel_through_the_vault():
    send(person(preferred_channel="email", email="a@exemple.fr"))
    line = Line.objects.first()
    assert (line.action, line.human, line.rules) == ("read", "machine", ["fixed-send"])


@pytest.mark.parametrize("text", ["Rappelez le 06 39 98 12 34.", "+33639981234", "Écrire à A@exemple.fr"])
def test_a_message_never_repeats_a_contact(text):
    with pytest.raises(usecases.MessageRevealing):
        send(person(preferred_channel="email", email="a@exemple.fr"), text=text)
    assert not mail.outbox


@pytest.mark.django_db(transaction=True)
def test_no_message_leaves_inside_a_transaction():
    who = person()
    with transaction.atomic(), pytest.raises(RuntimeError, match="outside"):
        send(who)


def test_the_console_gateway_masks_the_number(settings, capsys):
    settings.SMS_URL = "console:"
    assert send(person(preferred_channel="sms")) == "sms"
    assert capsys.readouterr().err == "SMS à ••34 : Une réponse vous attend.\n"


@pytest.mark.parametrize("status", [200, 503])
def test_an_operators_gateway_gets_json_and_its_refusal_is_told(status, settings):
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(
                (self.path, self.headers["Authorization"], self.rfile.read(int(self.headers["Content-Length"])))
            )
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request).start()
        settings.SMS_URL = f"http://cle:mot@127.0.0.1:{server.server_port}/envoi"
        if status == 200:
            assert send(person(preferred_channel="sms")) == "sms"
        else:
            with pytest.raises(usecases.MessageNotSent) as refusal:
                send(person(preferred_channel="sms"))
            assert "39981234" not in refusal.value.message
    path, credentials, body = got[0]
    assert (path, credentials) == ("/envoi", "Basic Y2xlOm1vdA==")
    assert json.loads(body) == {"to": "+33639981234", "text": TEXT["text"]}


@pytest.mark.parametrize(
    "url", ["", "ftp://exemple.fr", "http://exemple.fr/sms", "file:", "file://hote/x", "https://[", "sms"]
)
def test_a_gateway_address_that_makes_no_sense_is_told_loudly(url):
    with pytest.raises(ImproperlyConfigured, match="ENTREMISE_SMS_URL"):
        clients.gateway(url)


def test_a_secret_of_the_gateway_is_never_shown():
    assert "mot" not in repr(clients.gateway("https://cle:mot@exemple.fr/envoi"))
