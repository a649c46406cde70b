"""Attempt 25: the journal used to watch or rank agents. There is no purpose, no screen, and the refusal is written."""

from __future__ import annotations

import dataclasses

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.rules.engine.vocabulary import PURPOSES
from entremise.vault import usecases as vault
from entremise.vault.models import Line
from entremise.vault.usecases.browsing import Sought
from entremise.vault.web.journal import JournalFilter
from tests.accounts.factories import agent, organisation
from tests.people.factories import person
from tests.vault.lines import write

pytestmark = pytest.mark.django_db
WHO = {"human", "agent", "user", "account", "compte", "qui", "who"}


def of_two_agents():
    """Seven lines of one agent and three of another."""
    busy, other = agent("matchmaker", label="Bastien Débordé"), agent("matchmaker", label="Olga Tranquille")
    for user, count in ((busy, 7), (other, 3)):
        write(count, Actor(user.pk, user.label, "web", frozenset({"matchmaker"}), organisation().pk))
    return busy, other


@pytest.fixture
def delegate(client):
    user = agent("dpo", label="Dominique")
    client.force_login(user)
    return user


def test_no_purpose_is_about_agents():
    assert not [
        code for code in PURPOSES if any(word in code for word in ("agent", "staff", "control", "performance"))
    ]


def test_nothing_can_be_sought_by_agent():
    assert not WHO & {field.name for field in dataclasses.fields(Sought)}
    assert not WHO & set(JournalFilter.base_fields)


def test_an_agent_in_the_address_changes_nothing(client, delegate):
    busy, other = of_two_agents()
    for name in sorted(WHO):
        page = client.get(reverse("vault:journal"), {name: f"user:{busy.pk}", "geste": "read"})
        caption = BeautifulSoup(page.content, "html5lib").select_one("#lines-caption").text
        assert caption.startswith("10 lignes")


def test_the_list_names_no_agent_and_counts_by_purpose_and_decision_only(client, delegate):
    of_two_agents()
    page = BeautifulSoup(client.get(reverse("vault:journal")).content, "html5lib")
    text = page.select_one("main").text
    assert "Débordé" not in text
    assert "Tranquille" not in text
    heads = [cell.text for cell in page.select("table thead")[1].select("th")]
    assert heads == ["Finalité", "Accordé", "Accordé en partie", "Refusé", "Arrêté : fiche altérée", "En tout"]


@pytest.mark.parametrize("role", ["controller", "org_manager", "administrator", "supervisor", "lead_matchmaker"])
def test_a_chief_does_not_read_the_journal(client, role):
    first, _ = of_two_agents()
    client.force_login(agent(role))
    number = Line.objects.first().number
    for name, arguments in (("journal", []), ("journal_line", [number]), ("journal_proof", [number])):
        assert client.get(reverse(f"vault:{name}", args=arguments)).status_code == 403


def test_a_chief_who_asks_for_the_journal_of_a_person_is_refused_and_it_is_written(actor):
    who = person()
    chief = actor("supervisor", user_id=agent("supervisor").pk, mfa=True)
    with pytest.raises(NotAllowed):
        vault.trail(chief, person=who.pk)
    line = Line.objects.first()
    assert (line.action, line.verdict, line.human) == ("read_trail", "refused", f"user:{chief.user_id}")
