"""Somebody phones to be in the heatwave register; the letter leaves; the person says it came. In a real browser."""

from __future__ import annotations

import pytest

from entremise.accounts.models import User
from entremise.registers.models import Enrolment
from tests.journeys.conftest import Hands
from tests.registers.keeping import HEAT, keeper, open_heat

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("width", "javascript"), [(1280, True), (320, False)])
def test_enrolled_by_phone_then_the_letter_then_confirmed(open_page, axe, width, javascript):
    open_heat()
    sylvie = User.objects.get(pk=keeper().user_id)
    hands = Hands(open_page("/registres/", user=sylvie, width=width, javascript=javascript))
    page = hands.page
    hands.click("Inscrire une personne", "link")
    hands.fill("Téléphone de la personne à inscrire", "06 39 98 12 34")
    if javascript:
        assert axe(page) == []
    hands.click("Chercher, puis continuer")
    page.get_by_text("Personne n’est au registre sous ce numéro").wait_for()
    page.get_by_label("Nom", exact=True).fill("FICTION")
    hands.fill("Prénoms", "Odette")
    hands.fill("Date de naissance", "07/03/1941")
    page.get_by_label("65 ans ou plus", exact=True).check()
    hands.fill("Adresse", "12 rue des Essais, 38000 Grenoble")
    if javascript:
        assert axe(page) == []
    hands.click("Inscrire, tout de suite")
    page.get_by_text("C’est fait : la personne est inscrite").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (hands.fields, hands.clicks) <= (8, 4)
    with page.expect_download() as letter:
        hands.click("Imprimer la lettre")
    assert letter.value.suggested_filename.endswith(".pdf")
    page.reload()
    hands.click("Noter la réception")
    page.get_by_text("son accord est confirmé").wait_for()
    if javascript:
        assert axe(page) == []
    row = Enrolment.objects.get(register=HEAT)
    assert (row.state, row.channel) == ("confirmed", "phone")
