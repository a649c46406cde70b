"""Three pairs read by keyboard, one answer taken back, in a real browser; then the same without JavaScript."""

from __future__ import annotations

import pytest

from entremise.registers.models import Pair, Reading
from tests.journeys.conftest import Hands
from tests.registers.reviewing import Review, user

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def desk():
    made = Review()
    made.pair(rank=1, refusal="two_known_persons")
    made.pair(rank=2, guards=["given_differs"])
    made.pair(rank=3)
    return made


def wait_for(page, pair):
    page.wait_for_url(f"**/registres/paires/{pair.pk}/")
    page.get_by_role("heading", name="Est-ce la même personne ?").wait_for()


def fits(page, width):
    return page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (320, True)])
def test_three_pairs_are_read_by_keyboard_and_one_answer_taken_back(open_page, axe, desk, width, dark):
    first, second, third = Pair.objects.order_by("rank")
    page = open_page("/registres/relire/", user=user(desk.mehdi), width=width, dark=dark)
    assert axe(page) == []
    page.get_by_role("button", name="Lire la prochaine paire").press("Enter")
    wait_for(page, first)
    assert axe(page) == []
    assert fits(page, width)
    page.keyboard.press("2")  # the focus is on the pair already
    wait_for(page, second)
    page.keyboard.press("1")  # an answer that needs a reason leads to it, and is not sent
    assert page.evaluate("document.activeElement.name") == "reason"
    page.keyboard.press("2")  # in a list of choices, a digit is a letter like another
    assert Reading.objects.count() == 1
    page.get_by_label("Pourquoi ?").select_option("same_document")
    page.get_by_role("button", name="Même personne").press("Enter")
    wait_for(page, third)
    page.keyboard.press("Digit3")  # on a French keyboard, without shift, this key says « " »
    page.get_by_text("La file est vide").wait_for()
    page.get_by_role("button", name="Annuler la dernière").press("Enter")
    wait_for(page, third)
    assert axe(page) == []
    page.keyboard.press("2")
    page.get_by_text("La file est vide").wait_for()
    states = list(Pair.objects.order_by("rank").values_list("state", flat=True))
    assert states == ["refused", "second", "refused"]
    answers = list(Reading.objects.order_by("pk").values_list("answer", "undone_at"))
    assert [answer for answer, _ in answers] == ["different", "same", "unsure", "different"]
    assert [undone is not None for _, undone in answers] == [False, False, True, False]
    page.get_by_role("link", name="Pourquoi cette paire ?").click()
    page.get_by_text("Ce qui a été répondu").wait_for()
    page.get_by_text("Les mêmes poids en tableau").click()
    assert axe(page) == []
    assert fits(page, width)
    page.goto(page.url.split("/registres/")[0] + "/registres/decisions/")
    assert axe(page) == []
    assert fits(page, width)


def test_keys_do_nothing_outside_the_pair(open_page, desk):
    page = open_page("/registres/relire/", user=user(desk.mehdi))
    page.get_by_role("button", name="Lire la prochaine paire").click()
    page.get_by_role("heading", name="Est-ce la même personne ?").wait_for()
    page.get_by_role("link", name="La file de relecture").focus()
    for key in ("1", "2", "3"):
        page.keyboard.press(key)
    page.wait_for_timeout(200)
    assert not Reading.objects.exists()


def test_without_javascript_a_pair_is_read_in_three_clicks(open_page, desk):
    hands = Hands(open_page("/registres/relire/", user=user(desk.mehdi), javascript=False))
    hands.click("Lire la prochaine paire")
    hands.click("Deux personnes")
    hands.click("Je ne sais pas")
    assert list(Reading.objects.order_by("pk").values_list("answer", flat=True)) == ["different", "unsure"]
    assert hands.clicks <= 3
