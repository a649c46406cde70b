"""Asking and offering without account, in a real browser: fields and clicks counted, with and without JavaScript."""

from __future__ import annotations

import pytest

from entremise.kernel.actors import Actor
from entremise.mutualaid import queries, usecases
from entremise.mutualaid.models import HelperProfile, Need, Proposal
from tests.journeys.conftest import Hands
from tests.mutualaid.factories import category, helper, matchmaker, need
from tests.territories.factories import commune

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _town():
    commune()
    category("shopping")
    category("conversation")


@pytest.mark.parametrize("javascript", [True, False])
def test_somebody_asks_for_help_in_four_questions_and_reads_the_code(open_page, axe, javascript):
    hands = Hands(open_page("/", javascript=javascript))
    hands.page.locator(".doors a").first.click()
    hands.clicks += 1
    for choice in ("Aide shopping", "Dans les 3 jours"):
        hands.page.get_by_label(choice).check()
        hands.fields += 1
    hands.fill("Dans quelle commune", "38000")
    hands.fill("Qui demander au téléphone", "Odette")
    hands.fill("Quel numéro appeler", "06 39 98 12 34")
    hands.click("Continuer")
    if javascript:
        assert axe(hands.page) == []
    hands.click("J’accepte et j’envoie ma demande")
    hands.page.get_by_text(Need.objects.get().code).wait_for()
    assert hands.page.locator("main h2").count() >= 3
    assert hands.fields <= 5  # four questions: what, when, where, whom to call (a name and a number)
    assert hands.clicks <= 4


@pytest.mark.parametrize("javascript", [True, False])
def test_somebody_offers_help_in_three_fields_and_five_clicks(open_page, axe, javascript):
    hands = Hands(open_page("/", javascript=javascript))
    hands.page.locator(".doors a").nth(1).click()
    hands.clicks += 1
    hands.page.get_by_label("Aide shopping").check()
    hands.fields += 1
    hands.fill("Où habitez-vous", "Grenoble")
    hands.fill("Comment vous joindre", "brahim@exemple.fr")
    hands.click("Continuer")
    for box in ("16 ans", "lu cette charte"):
        hands.page.get_by_label(box).check()
        hands.clicks += 1
    if javascript:
        assert axe(hands.page) == []
    hands.click("Envoyer ma proposition")
    hands.page.get_by_role("heading", name="Merci").wait_for()
    assert HelperProfile.objects.get().state == "registered"
    assert (hands.fields, hands.clicks) == (3, 5)


def test_a_wrong_answer_takes_the_focus_to_the_summary_and_back_to_the_field(open_page, axe):
    page = open_page("/entraide/demander/", width=320)
    page.get_by_label("Quel numéro appeler").fill("12")
    page.get_by_role("button", name="Continuer").click()
    assert page.evaluate("document.activeElement.className") == "summary"
    assert axe(page) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.type") == "radio"
    assert page.get_by_label("Quel numéro appeler").input_value() == "12"


def test_one_click_answers_one_click_tells_it_is_done(open_page):
    nadia = matchmaker()[1]
    asked, who = need(nadia), helper(nadia)
    proposal = usecases.send_proposal(nadia, need=asked, helper=who)
    hands = Hands(open_page(f"/entraide/proposition/{queries.link_of('proposal', proposal.public_id)}/"))
    hands.click("Oui, je peux aider")
    assert hands.clicks == 1
    assert Proposal.objects.get().state == "accepted_by_helper"
    match = usecases.record_person_answer(Actor.person(asked.person_id), proposal=Proposal.objects.get(), answer="yes")
    usecases.release_contact(nadia, match=match, direction="to_helper")
    hands = Hands(open_page(f"/mon-engagement/{queries.link_of('helper', who.public_id)}/", javascript=False))
    hands.page.get_by_text("Odette").wait_for()
    hands.click("C’est fait")
    match.refresh_from_db()
    assert (hands.clicks, match.state) == (1, "done")


def _pages():
    nadia = matchmaker()[1]
    asked, who = need(nadia), helper(nadia)
    proposal = usecases.send_proposal(nadia, need=asked, helper=who)
    mine, theirs = queries.link_of("need", asked.public_id), queries.link_of("helper", who.public_id)
    return [
        "/entraide/demander/", "/aider/", "/entraide/suivi/", "/entraide/lien/", "/entraide/lien/envoye/",
        "/aider/merci/sms/", "/entraide/formulaires/demande/", "/entraide/formulaires/aide/",
        "/mon-engagement/au-revoir/",
        f"/entraide/demander/merci/{queries.link_of('done', asked.public_id)}/", f"/entraide/suivi/{mine}/",
        f"/entraide/suivi/{mine}/annuler/", f"/mon-engagement/{theirs}/", f"/mon-engagement/{theirs}/changer/",
        f"/mon-engagement/{theirs}/retirer/",
        f"/entraide/proposition/{queries.link_of('proposal', proposal.public_id)}/",
    ]  # fmt: skip


def test_every_page_is_for_everybody_and_light(open_page, axe):
    """Wide by day, then narrow by night, on one opening of each page."""
    for path in _pages():
        page = open_page(path)
        assert axe(page) == [], path
        page.set_viewport_size({"width": 320, "height": 900})
        page.emulate_media(color_scheme="dark")
        assert axe(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        assert page.locator("h1").count() == page.locator("main").count() == 1
        assert page.locator("script").count() == 0, path
        cdp = page.context.new_cdp_session(page)
        loaded: list[float] = []
        cdp.on("Network.loadingFinished", lambda event, loaded=loaded: loaded.append(event["encodedDataLength"]))
        cdp.send("Network.enable")
        cdp.send("Network.setCacheDisabled", {"cacheDisabled": True})
        page.reload(wait_until="load")
        assert 2 <= len(loaded) <= 5, path
        assert sum(loaded) <= 60_000, path
        page.context.close()


@pytest.mark.parametrize("kind", ["demande", "aide"])
def test_the_sheets_print_on_two_pages_at_most_with_the_phone_number(open_page, kind):
    page = open_page(f"/entraide/formulaires/{kind}/")
    page.emulate_media(media="print")
    assert page.get_by_text("01 99 00 00 00").first.is_visible()
    assert page.get_by_text("Papier n°").is_visible()
    assert not page.locator(".banner .nav").is_visible()
    assert page.pdf(format="A4").count(b"/Type /Page\n") <= 2
