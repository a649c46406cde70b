from __future__ import annotations

import pytest
from django.urls import reverse

from entremise.kernel import clock
from entremise.rules import queries
from entremise.rules.engine import exploring
from entremise.rules.web import ROOMS
from tests.accounts.factories import agent

pytestmark = pytest.mark.django_db


def test_everybody_reads_the_rules_without_account(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        page = client.get("/regles/")
    words = page.content.decode()
    assert page.status_code == 200
    assert "Règlement provisoire, non voté" in words
    rule_set = queries.active()
    notes = [*queries.prohibitions(rule_set), *queries.rights(rule_set), *queries.forms(rule_set)]
    assert len(notes) == 79
    assert all(f'id="{note.id}"' in words for note in notes)
    assert reverse("rules:settings") in words


def test_everybody_reads_every_setting_a_vote_may_move_room_by_room(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        page = client.get(reverse("rules:settings"))
    words = page.content.decode()
    assert all(setting.point.label in words for setting in queries.settings())
    assert not [one for one in queries.settings() if one.point.key.partition(".")[0] not in ROOMS], "name its room"


@pytest.mark.parametrize(("role", "status"), [("dpo", 200), ("administrator", 200), ("matchmaker", 403)])
def test_the_explorer_is_for_those_who_watch(client, role, status):
    client.force_login(agent(role))
    assert client.get("/regles/qui-pourrait/?category=health&action=read").status_code == status


def test_the_explorer_says_who_and_by_which_rule(client):
    client.force_login(agent("dpo"))
    words = client.get("/regles/qui-pourrait/?category=health&action=read").content.decode()
    assert "#rule-refer-health" in words
    assert "avec l’accord des collèges" in words
    assert "Jamais" in words
    assert "Choisissez une donnée de la liste." in client.get("/regles/qui-pourrait/?category=x").content.decode()


def test_the_explorer_is_the_engine_s_answer():
    cells = exploring.who_could(queries.compiled(), "message", now=clock.now())
    found = {(cell.role, cell.purpose, cell.approved) for cell in cells}
    assert ("moderator", "mutualaid.moderate", True) in found
    assert {role for role, purpose, _ in found if purpose != "people.rights"} == {"moderator"}


def test_the_explorer_answers_for_one_register_as_it_is_today(client):
    client.force_login(agent("dpo"))
    words = client.get("/regles/qui-pourrait/?register=entraide&field=phone&action=read").content.decode()
    assert "Téléphone\u00a0: registre" in words or "Téléphone : registre" in words
    assert "#rule-match" in words
    assert "#rule-call" not in words, "this register does not serve calls"
    wrong = client.get("/regles/qui-pourrait/?register=x&category=phone&action=read").content.decode()
    assert "Choisissez un registre de la liste." in wrong
