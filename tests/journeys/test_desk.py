"""A matchmaker's morning, in a real browser, with and without JavaScript: from a call to a help agreed."""

from __future__ import annotations

import pytest

from entremise.mutualaid.models import HelperProfile, Match, Need
from tests.journeys.conftest import Hands
from tests.mutualaid.factories import category, helper, matchmaker, need
from tests.territories.factories import commune

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ground():
    commune()
    user, nadia = matchmaker()
    category("shopping")
    category("conversation", remote="yes")
    return user, nadia


@pytest.mark.parametrize("javascript", [True, False])
def test_a_request_taken_by_phone_in_six_fields_then_matched_by_phone(open_page, ground, javascript):
    user, nadia = ground
    helper(nadia)
    hands = Hands(open_page("/entraide/", user=user, javascript=javascript))
    hands.click("Demande par téléphone", "link")
    hands.fill("Votre numéro de téléphone ?", "06 39 98 12 34")
    hands.fill("Votre prénom et votre nom ?", "Odette Fiction")
    hands.page.get_by_label("Aide shopping").check()
    hands.page.get_by_label("aujourd’hui").check()
    hands.fill("Dans quelle commune habitez-vous ?", "grenoble")
    hands.click("La personne dit oui : enregistrer")
    hands.page.get_by_text("C’est noté sous le code").wait_for()
    assert hands.fields + 2 <= 6
    hands.page.get_by_role("heading", name="Odette Fiction").wait_for()
    hands.click("Appeler plutôt", "link")
    hands.page.get_by_role("link", name="06 39 98").first.wait_for()
    hands.click("J’ai appelé : c’est oui")
    hands.page.get_by_role("heading", name="a dit oui").wait_for()
    hands.click("La personne accepte")
    hands.click("Transmettre les coordonnées des deux côtés")
    hands.page.get_by_text("Elles s’effacent d’elles-mêmes").wait_for()
    assert Match.objects.get().state == "contact_released"
    assert Need.objects.get().state == "in_progress"


def test_proposing_takes_two_clicks_and_undoing_one(open_page, ground):
    user, nadia = ground
    helper(nadia)
    asked = need(nadia)
    hands = Hands(open_page("/entraide/", user=user))
    hands.click("Aide shopping", "link")
    hands.click("Proposer")
    assert hands.clicks == 2
    hands.page.get_by_text("Proposition envoyée").wait_for()
    hands.click("Annuler")
    hands.page.get_by_text("Proposition annulée").wait_for()
    asked.refresh_from_db()
    assert asked.state == "open"


def test_a_known_number_is_shown_before_anything_is_created(open_page, ground):
    user, nadia = ground
    first = need(nadia, values={"first_name": "Odette", "phone": "06 39 98 12 34"})
    page = open_page("/entraide/demandes/nouvelle/?mode=telephone", user=user)
    page.get_by_label("Votre numéro de téléphone ?").fill("0639981234")
    page.get_by_label("Votre prénom et votre nom ?").fill("Odette")
    page.get_by_label("Aide conversation").check()
    page.get_by_label("sous 7 jours").check()
    page.get_by_label("Dans quelle commune habitez-vous ?").fill("38000")
    page.get_by_role("button", name="La personne dit oui").click()
    page.get_by_role("heading", name="Ce numéro est déjà connu").wait_for()
    assert Need.objects.count() == 1, "nothing is created before the agent chose"
    page.get_by_role("button", name="C’est cette personne").click()
    page.get_by_text("C’est noté sous le code").wait_for()
    assert Need.objects.exclude(pk=first.pk).get().person_id == first.person_id


def test_an_offer_is_taken_by_phone(open_page, ground):
    user, _ = ground
    hands = Hands(open_page("/entraide/aidants/nouveau/", user=user))
    hands.click("Enregistrer la proposition d’aide")
    summary = hands.page.locator(".summary")
    summary.wait_for()
    assert "Choisissez au moins une aide" in summary.inner_text()
    hands.fill("Votre numéro de téléphone ?", "06 39 98 55 66")
    hands.fill("Votre prénom et votre nom ?", "Brahim Fiction")
    hands.page.get_by_label("Aide shopping").check()
    hands.fill("Dans quelle commune habitez-vous ?", "Grenoble")
    hands.page.get_by_label("A 16 ans ou plus").check()
    hands.page.get_by_label("La charte lui a été lue").check()
    hands.click("Enregistrer la proposition d’aide")
    hands.page.get_by_text("peut être sollicitée dès maintenant").wait_for()
    assert HelperProfile.objects.get().state == "available"


def test_the_desk_holds_for_everyone(open_page, axe, ground):
    user, nadia = ground
    for _ in range(3):
        helper(nadia)
    asked = need(nadia, note="Deux sacs, troisième étage")
    for path in (
        "/entraide/",
        "/entraide/demandes/",
        "/entraide/demandes/nouvelle/",
        "/entraide/demandes/nouvelle/?mode=papier",
        f"/entraide/demandes/{asked.public_id}/",
        "/entraide/aidants/",
        "/entraide/aidants/nouveau/",
    ):
        page = open_page(path, user=user)
        assert axe(page) == [], path
        page.set_viewport_size({"width": 320, "height": 900})
        page.emulate_media(color_scheme="dark")
        assert axe(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
