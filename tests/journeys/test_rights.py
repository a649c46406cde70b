"""Rights in a real browser: the person with the code of a letter, the desk on the phone."""

from __future__ import annotations

from datetime import date

import pytest

from entremise.accounts.models import User
from entremise.kernel.actors import Actor
from entremise.people import usecases
from entremise.people.models import Objection, RightsRequest
from tests.journeys.conftest import Hands
from tests.people.factories import desk, person

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ground():
    usecases.install_register(Actor.machine("installation"))
    agent = desk()
    return agent, person(address="9 rue Xylophone, 38000 Grenoble")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_person_reads_then_refuses_with_the_code_of_a_letter(open_page, axe, ground, javascript):
    agent, who = ground
    code = usecases.issue_codes(agent, births=[(who.pk, date(1941, 3, 7))])[0].code
    page = open_page("/mes-donnees/", javascript=javascript, width=360)
    hands = Hands(page)
    hands.fill("Le code de votre lettre", code.lower())
    hands.fill("Votre date de naissance", "7/3/1941")
    if javascript:
        assert axe(page) == []
    hands.click("Voir mes données")
    page.get_by_text("9 rue Xylophone").wait_for()
    if javascript:
        assert axe(page) == []
    hands.click("Refuser : mise en relation")
    page.get_by_text("dès maintenant").wait_for()
    assert (hands.fields, hands.clicks) == (2, 2)
    assert Objection.objects.get().purpose == "mutualaid.contact"


def test_an_objection_said_on_the_phone_in_under_a_minute(open_page, axe, ground):
    agent, who = ground
    page = open_page("/droits/", user=User.objects.get(pk=agent.user_id))
    hands = Hands(page)
    hands.click("Nouvelle demande", "link")
    page.get_by_role("radio", name="opposition").check()
    page.get_by_label("En cas d’opposition").select_option(label="mise en relation")
    page.get_by_role("radio", name="guichet").check()
    assert axe(page) == []
    hands.click("Enregistrer : le délai commence")
    hands.fill("Téléphone de la personne", "06 39 98 12 34")
    hands.click("Chercher")
    page.get_by_label("J’ai vu sa pièce d’identité").check()
    assert axe(page) == []
    hands.click("L’identité est vérifiée")
    page.get_by_text("9 rue Xylophone").wait_for()
    assert axe(page) == []
    hands.click("Enregistrer l’opposition")
    page.get_by_text("C’est fini").wait_for()
    assert hands.fields + 4 <= 6
    assert RightsRequest.objects.get().state == "done"
    assert Objection.objects.get(person=who).purpose == "mutualaid.contact"
