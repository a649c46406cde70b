"""The rules read by others: a command, linked data; and the provisional rules that must not stop in silence."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from entremise.accounts.policies import SecondFactorNeeded
from entremise.audit.models import Entry
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.rules import engine, queries, usecases
from entremise.rules.engine import shipped
from entremise.rules.models import RuleSet
from entremise.site import doctor
from tests.accounts.factories import agent
from tests.rules.factories import SIGNER

pytestmark = pytest.mark.django_db
FRESH = Actor(1, "Hélène", "web", frozenset({"controller"}), mfa=True, fresh_mfa=True)


def told(capsys, *arguments):
    call_command("rules", *arguments)
    return capsys.readouterr().out


@pytest.fixture
def later(monkeypatch):
    """A week before the provisional rules stop."""
    at = queries.active().until - timedelta(days=7)
    monkeypatch.setattr(clock, "now", lambda: at)
    return at


def test_the_provisional_rules_are_prolonged_the_same_with_their_date(later):
    before = queries.active()
    assert queries.lapses_soon(before, later)
    row = usecases.prolong_rules(FRESH)
    now = queries.active()
    assert (now.pk, now.provisional, now.number) == (row.pk, True, before.number + 1)
    assert "provisoire, non voté, prolongé le" in now.decision
    assert now.until - later > timedelta(days=179)
    assert not queries.lapses_soon(now, later)
    assert {f.until("") for f in queries.forms(now)} == {f.until("") for f in queries.forms(before)}
    assert engine.direction(queries.forms(before), queries.forms(now)) == "loosening"
    assert Entry.objects.first().action == "rules.set.prolonged"


def test_only_the_controller_in_person_and_proved_again_prolongs(settings, actor):
    settings.DEMO = False
    for wrong, refusal in (
        (Actor.machine("x"), NotAllowed),
        (actor("dpo", mfa=True, fresh_mfa=True), NotAllowed),
        (SIGNER, SecondFactorNeeded),
    ):
        with pytest.raises(refusal):
            usecases.prolong_rules(wrong)
    assert RuleSet.objects.count() == 1


def test_voted_rules_are_not_prolonged_by_a_click():
    forms = list(queries.forms(queries.active()))[:5]
    row = usecases.prepare_rules(SIGNER, forms=forms, decision="Vote du 3 mai")
    usecases.activate_rules(SIGNER, number=row.number)
    with pytest.raises(usecases.NotProvisional):
        usecases.prolong_rules(FRESH)


def test_the_page_of_rules_offers_it_to_the_controller_alone_and_doctor_says_it(client, later):
    assert "Prolonger" not in client.get("/regles/").content.decode()
    client.force_login(agent("controller"))
    assert "Il reste moins de 30 jours" in client.get("/regles/").content.decode()
    assert [line.level for line in doctor.rulebook()] == ["attention"]
    assert client.get("/regles/prolonger/").status_code == 405
    assert client.post("/regles/prolonger/").status_code == 302
    assert "prolongé le" in client.get("/regles/").content.decode()
    assert [line.level for line in doctor.rulebook()] == ["OK"]


def test_linked_data_tell_every_rule_and_come_back_the_same(client):
    answer = client.get("/regles/en-vigueur.jsonld")
    assert answer["Content-Type"] == "application/ld+json"
    said = json.loads(answer.content)
    rules = [one for one in said["@graph"] if one["@type"] == "dpv:Permission"]
    forms = queries.forms(queries.active())
    assert tuple(engine.from_json(one["form"]) for one in rules) == forms
    known = {one["@id"] for one in said["@graph"]}
    for rule in rules:
        for key in ("dpv:hasPurpose", "dpv:hasPersonalData", "dpv:hasProcessing", "dpv:hasEntity"):
            assert {ref["@id"] for ref in rule[key]} <= known
        assert rule["dpv:hasLegalBasis"]
    assert said["sha256"] == queries.active().fingerprint
    assert b"/regles/en-vigueur.jsonld" in client.get("/regles/").content


def test_the_command_shows_checks_and_compares(capsys, tmp_path):
    shown = told(capsys, "show")
    assert "rule-call\u00a0: L’appelant lit qui appeler" in shown
    cedar = tmp_path / "a.cedar"
    cedar.write_text(shipped.rulebook(), encoding="utf-8")
    assert "tout est juste" in told(capsys, "check", str(cedar))
    forms = [engine.to_json(engine.to_form(p)) for p in engine.tree(shipped.rulebook())]
    fewer = tmp_path / "b.json"
    fewer.write_text(json.dumps(forms[1:]), encoding="utf-8")
    assert "tout est juste" in told(capsys, "check", str(fewer))
    words = told(capsys, "diff", str(cedar), str(fewer))
    assert "retirée : rule-call" in words
    assert "Sens : resserre." in words
    assert "Sens : ne change rien." in told(capsys, "diff", "en-vigueur", "1")


@pytest.mark.parametrize("text", ["permit (principal, action, resource);", "[{}]", "[1]", "[", "forbid ("])
def test_what_is_no_rulebook_is_refused_in_french(tmp_path, text):
    file = tmp_path / "x"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError):
        call_command("rules", "check", str(file))


@pytest.mark.parametrize("arguments", [("check",), ("diff", "1"), ("check", "nulle-part"), ("diff", "1", "99")])
def test_what_cannot_be_read_is_said(arguments):
    with pytest.raises(CommandError):
        call_command("rules", *arguments)
