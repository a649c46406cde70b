"""A spreadsheet sent, put right, imported, its refused rows taken back: on a wide and on a narrow screen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from entremise.mutualaid.models import HelperProfile
from tests.journeys.conftest import Hands
from tests.mutualaid import sheets
from tests.mutualaid.factories import category, matchmaker
from tests.territories.factories import commune

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("width", "dark", "javascript"), [(1280, False, True), (320, True, False)])
def test_a_list_of_helpers_comes_in_and_its_refused_rows_come_back(open_page, axe, width, dark, javascript):
    commune()
    category("shopping")
    user, _ = matchmaker()
    page = open_page("/entraide/tableurs/", user=user, width=width, dark=dark, javascript=javascript)
    hands = Hands(page)

    def look(name: str) -> None:
        if folder := os.environ.get("SHOTS"):
            page.screenshot(path=Path(folder) / f"sheets-{name}-{width}.png", full_page=True)
        if javascript:
            assert not axe(page)

    look("list")
    page.get_by_label("personnes qui aident").check()
    rows = [sheets.HEADINGS, *sheets.persons(6), ["Zoé Fiction", "", "Grenoble", "Courses"]]
    page.get_by_label("Votre fichier").set_input_files(
        {"name": "liste.xlsx", "mimeType": "application/octet-stream", "buffer": sheets.xlsx(rows)}
    )
    hands.click("Envoyer et voir l’aperçu")
    look("columns")
    hands.click("Les colonnes sont justes : voir l’aperçu")
    page.get_by_label("au téléphone").check()
    page.get_by_label("Je le déclare").check()
    look("preview")
    hands.click("Importer 6 lignes")
    look("done")
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger (csv)").click()
    assert "Zoé Fiction" in Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert HelperProfile.objects.filter(state="available").count() == 6
