"""A request granted by two colleges, a commitment signed, the explorer read: in a real browser, axe on each page."""

from __future__ import annotations

import pytest

from entremise.accounts.models import User
from entremise.vault.models import SpecialRequest
from tests.accounts.factories import agent
from tests.journeys.conftest import Hands
from tests.vault.granting import Town

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def account(actor):
    return User.objects.get(pk=actor.user_id)


def test_an_export_is_asked_then_granted_by_two_colleges_and_shown_so(open_page, axe):
    town = Town()
    hands = Hands(open_page("/coffre/demandes/", user=account(town.dpo)))
    hands.click("Exporter une liste", "link")
    hands.fill("Pourquoi ?", "Liste pour la plateforme de soutien du CCAS")
    hands.page.get_by_label("orientation").check()
    hands.page.get_by_label("téléphone", exact=True).check()
    hands.fill("À qui la liste est-elle destinée ?", "Plateforme du CCAS")
    hands.fill("Combien de lignes au plus ?", "120")
    assert axe(hands.page) == []
    hands.click("Déposer la demande")
    hands.page.get_by_text("Demande déposée").wait_for()
    assert axe(hands.page) == []
    row = SpecialRequest.objects.get()
    for seat, width in ((town.house, 1280), (town.listed, 320)):
        page = open_page("/coffre/demandes/", user=account(seat), width=width, javascript=width == 1280)
        page.get_by_role("link", name=row.public_id).first.click()
        if width == 1280:
            assert axe(page) == []
        else:
            assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.get_by_role("button", name="Donner mon accord").click()
        page.get_by_text("Votre accord est enregistré").wait_for()
    row.refresh_from_db()
    assert row.state == "granted"


def test_the_controller_signs_an_agent_who_then_promises(open_page, axe):
    boss, other = agent("controller"), agent("keeper", label="Sylvie Essai")
    page = open_page("/coffre/", user=boss)
    assert axe(page) == []
    page.get_by_role("link", name="Habilitations").click()
    assert axe(page) == []
    page.get_by_role("link", name="Sylvie Essai").click()
    assert axe(page) == []
    page.get_by_role("button", name="Signer cette habilitation").click()
    page.get_by_text("est signée").wait_for()
    promise = open_page("/coffre/engagement/?next=/comptes/", user=other)
    assert axe(promise) == []
    promise.get_by_role("button", name="Je signe").or_(promise.get_by_role("button", name="Signer pour")).click()
    promise.get_by_role("heading", name="Mon compte").wait_for()


@pytest.mark.parametrize("width", [1280, 320])
def test_a_register_leads_to_who_could_read_each_of_its_fields(open_page, axe, width):
    page = open_page("/coffre/registres/entraide/", user=agent("controller"), width=width)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="numéro de téléphone", exact=True).or_(
        page.get_by_role("link", name="téléphone", exact=True)
    ).click()
    page.get_by_role("heading", name="Qui pourrait lire ce champ").wait_for()
    page.get_by_text("tel qu’il est aujourd’hui").wait_for()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
