"""A caller's afternoon in a real browser: keyboard, two tabs, back, lost network; light, accessible, nothing lost."""

from __future__ import annotations

import re
from typing import Any

import pytest

from entremise.outreach.models import CallAttempt, CallTask, Emergency
from entremise.referrals.models import Difficulty
from tests.journeys.conftest import Hands
from tests.outreach.factories import Member, caller, campaign, register, script, supervisor, town
from tests.outreach.test_call_screen import scripted

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ground() -> tuple[Any, Member]:
    register()
    town(4, address="3 rue de Fiction, 38000 Grenoble")
    return campaign(duty_phone="04 65 71 00 01"), caller()


def start(open_page: Any, ground: tuple[Any, Member], **how: Any) -> Any:
    row, who = ground
    page = open_page(f"/veille/appeler/{row.public_id}/", user=who.user, **how)
    page.get_by_role("button", name="Personne suivante").click()
    page.get_by_role("link", name=re.compile(r"^06 39")).wait_for()
    return page


@pytest.mark.parametrize("javascript", [True, False])
def test_an_all_well_call_takes_three_actions_and_the_next_person_comes(open_page, ground, javascript):
    page = start(open_page, ground, javascript=javascript)
    first = page.url
    actions = 1  # the number, dialled
    page.get_by_text("Échange complet", exact=False).first.click()
    page.get_by_role("button", name="Enregistrer, personne suivante").click()
    actions += 2
    page.get_by_text("Enregistré : Jointe").wait_for()
    assert actions == 3
    assert page.url != first
    assert page.get_by_role("link", name=re.compile(r"^06 39")).is_visible()
    assert CallAttempt.objects.get().disposition == "reached_complete"


def test_a_difficulty_takes_six_actions_at_most(open_page, ground):
    page = start(open_page, ground)
    hands = Hands(page)
    page.get_by_text("Noter une difficulté").click()
    page.get_by_label("Courses, alimentation").check()
    page.get_by_label("Cette semaine").check()
    page.get_by_label(re.compile("Oui : son nom")).check()
    hands.fill("Précisions", "Le frigo est vide")
    assert 4 + hands.fields <= 6
    page.get_by_text("Échange complet", exact=False).first.click()
    page.get_by_role("button", name="Enregistrer et m’arrêter").click()
    page.get_by_role("heading", name="Compte rendu enregistré").wait_for()
    assert Difficulty.objects.get().needs == ["food"]


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("dark", [False, True])
def test_every_page_of_a_call_is_accessible(open_page, ground, axe, width, dark):
    supervisor()
    row, who = ground
    page = open_page(f"/veille/appeler/{row.public_id}/", user=who.user, width=width, dark=dark)
    assert axe(page) == []
    page.get_by_role("button", name="Personne suivante").click()
    page.get_by_role("link", name=re.compile(r"^06 39")).wait_for()
    page.get_by_text("Noter une difficulté").click()
    page.get_by_text("Pourquoi cette fiche").click()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Enregistrer, personne suivante").click()
    page.get_by_text("Il manque quelque chose").wait_for()
    assert axe(page) == []
    page.get_by_role("button", name="Danger : alerter").click()
    page.get_by_role("heading", name="Restez en ligne avec la personne").wait_for()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Enregistrer le compte rendu").click()
    page.get_by_role("heading", name="Compte rendu enregistré").wait_for()
    assert axe(page) == []


@pytest.mark.parametrize("width", [1280, 320])
def test_the_pages_of_the_supervisor_are_accessible(open_page, ground, axe, width):
    from entremise.outreach.usecases import care
    from tests.outreach.factories import MACHINE, tasks

    row, who = ground
    boss = supervisor()
    one, two, *_ = tasks(row)
    CallTask.objects.filter(pk=one.pk).update(state="unreachable")
    one.refresh_from_db()
    care.open_ladder(MACHINE, task=one)
    made = care.raise_emergency(who.actor, task=two)
    for path in ("/veille/recherches/", f"/veille/recherches/{one.public_id}/", "/veille/urgences/",
                 f"/veille/urgences/{made.public_id}/", "/veille/urgences/nouvelle/"):  # fmt: skip
        page = open_page(path, user=boss.user, width=width)
        assert axe(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_the_call_screen_is_light(open_page, ground):
    """150 kB and 8 requests at most, from an empty cache."""
    page = start(open_page, ground)
    seen: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.on("Network.loadingFinished", lambda event: seen.append(event["encodedDataLength"]))
    page.reload()
    page.wait_for_load_state("networkidle")
    assert len(seen) <= 8
    assert sum(seen) <= 150_000


def test_the_keyboard_is_enough(open_page, ground):
    page = start(open_page, ground)
    keys = page.keyboard

    def tab_to(check: str, most: int = 80) -> None:
        for _ in range(most):
            keys.press("Tab")
            if page.evaluate(f"(() => {{ const e = document.activeElement; return {check} }})()"):
                box = page.evaluate("(() => { const r = document.activeElement.getBoundingClientRect();"
                                    " return [r.top, r.bottom, innerHeight] })()")  # fmt: skip
                assert box[1] > 0
                assert box[0] < box[2]
                return
        raise AssertionError(check)

    tab_to("e.matches('a.call')")
    tab_to("e.name === 'disposition'")
    keys.press("Space")
    tab_to("e.name === 'then' && e.value === 'next'")
    keys.press("Enter")
    page.get_by_text("Enregistré : Jointe").wait_for()
    assert CallAttempt.objects.get().disposition == "reached_complete"
    tab_to("e.textContent.startsWith('Danger')", 120)
    keys.press("Enter")
    page.get_by_role("heading", name="Restez en ligne avec la personne").wait_for()
    assert Emergency.objects.count() == 1


def test_two_tabs_a_double_click_and_the_back_button_count_one_attempt(open_page, ground):
    page = start(open_page, ground)
    row, who = ground
    where = page.url
    other = page.context.new_page()
    other.goto(where)
    page.get_by_text("Échange complet", exact=False).first.click()
    page.get_by_role("button", name="Enregistrer et m’arrêter").dblclick(no_wait_after=True)
    page.get_by_role("heading", name="Compte rendu enregistré").wait_for()
    other.get_by_label("Pas de réponse").check()
    other.get_by_role("button", name="Enregistrer et m’arrêter").click()
    other.get_by_text("déjà enregistré").wait_for()
    page.go_back()
    page.get_by_role("heading", name="Compte rendu enregistré").wait_for()
    assert CallAttempt.objects.get().disposition == "reached_complete"


def test_a_lost_network_keeps_every_word_and_offers_to_try_again(open_page, ground):
    page = start(open_page, ground, errors=("ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest"))
    where = page.url
    page.get_by_label("Message pour le prochain appel").fill("Sonner longtemps")
    page.get_by_label("Note", exact=False).last.fill("Contente de l’appel")
    page.get_by_text("Échange complet", exact=False).first.click()
    page.context.set_offline(True)
    page.get_by_role("button", name="Enregistrer, personne suivante").click()
    page.get_by_text("Votre compte rendu n’est pas encore parti").wait_for()
    assert page.url == where
    assert page.get_by_label("Message pour le prochain appel").input_value() == "Sonner longtemps"
    assert CallAttempt.objects.count() == 0
    page.context.set_offline(False)
    page.get_by_role("button", name="Réessayer").click()
    page.get_by_text("Enregistré : Jointe").wait_for()
    assert CallAttempt.objects.count() == 1


def test_a_session_that_ended_meanwhile_loses_nothing(open_page, ground):
    page = start(open_page, ground)
    page.get_by_label("Message pour le prochain appel").fill("Sonner longtemps")
    page.get_by_text("Échange complet", exact=False).first.click()
    cookies = page.context.cookies()
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Enregistrer, personne suivante").click()
    page.get_by_text("Votre compte rendu n’est pas encore parti").wait_for()
    assert page.get_by_label("Message pour le prochain appel").input_value() == "Sonner longtemps"
    page.context.add_cookies(cookies)
    page.get_by_role("button", name="Réessayer").click()
    page.get_by_text("Enregistré : Jointe").wait_for()


@pytest.mark.parametrize("javascript", [True, False])
def test_danger_at_one_press_with_what_was_typed(open_page, ground, javascript):
    boss = supervisor()
    page = start(open_page, ground, javascript=javascript)
    page.get_by_label("Message pour le prochain appel").fill("Sonner chez la voisine")
    page.get_by_role("button", name="Danger : alerter").click()
    page.get_by_role("heading", name="Restez en ligne avec la personne").wait_for()
    assert Emergency.objects.count() == 1
    assert page.get_by_text("3 rue de Fiction").is_visible()
    assert page.get_by_text(boss.user.label).is_visible()
    assert page.get_by_label("Message pour le prochain appel").input_value() == "Sonner chez la voisine"
    page.get_by_role("button", name="Enregistrer le compte rendu").click()
    page.get_by_role("heading", name="Compte rendu enregistré").wait_for()
    assert CallAttempt.objects.get().disposition == "emergency"


def test_questions_follow_the_answers_and_keep_what_is_being_typed(open_page, axe):
    register()
    town(2)
    row, who = campaign(script=script("nuits", model=scripted()).script), caller()
    page = open_page(f"/veille/appeler/{row.public_id}/", user=who.user)
    page.get_by_role("button", name="Personne suivante").click()
    page.get_by_role("group", name="Avez-vous bien dormi").get_by_label("Non").check()
    page.get_by_label("Que s’est-il passé").fill("Trop chaud sous les toits")
    page.get_by_role("group", name="Le frigo est-il vide").get_by_label("Oui").check()
    page.get_by_text("D’après ses réponses : courses, alimentation").wait_for()
    assert page.get_by_label("Que s’est-il passé").input_value() == "Trop chaud sous les toits"
    assert page.get_by_label("Courses, alimentation").is_checked()
    assert axe(page) == []
    page.get_by_label(re.compile("Oui : son nom")).check()
    page.get_by_text("Échange complet", exact=False).first.click()
    page.get_by_role("button", name="Enregistrer et m’arrêter").click()
    page.get_by_role("heading", name="Compte rendu enregistré").wait_for()
    assert CallAttempt.objects.get().answered
    assert Difficulty.objects.get().needs == ["food"]
