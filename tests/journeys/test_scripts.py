"""A supervisor's script in a real browser: a file with errors, a version, and a try that branches as one answers.

`ENTREMISE_SHOTS=/a/folder` keeps a picture of each page, to be looked at.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from entremise.outreach import usecases
from tests.outreach.factories import MACHINE, supervisor
from tests.outreach.sheets import workbook
from tests.outreach.test_scripts import WRONG

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def seen(page, axe, width, name):
    """No accessibility fault, nothing that overflows; a picture when asked."""
    if folder := os.environ.get("ENTREMISE_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)
    assert axe(page) == [], name
    assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} overflows"


@pytest.mark.parametrize("width", [1280, 320])
def test_a_script_is_imported_then_tried(open_page, axe, width):
    usecases.install_scripts(MACHINE, codes=["canicule"])
    page = open_page("/veille/scripts/", user=supervisor(label="Nadia").user, width=width)
    seen(page, axe, width, "scripts")
    page.get_by_role("link", name="Importer un nouveau script").click()
    page.get_by_label("Nom du script").fill("Grand froid")
    page.get_by_label("Votre fichier XLSForm").set_input_files(
        {"name": "froid.xlsx", "mimeType": XLSX, "buffer": workbook(WRONG)}
    )
    page.get_by_role("button", name="Envoyer et vérifier").click()
    page.get_by_role("cell", name="A2", exact=True).wait_for()
    seen(page, axe, width, "script-erreurs")
    page.goto(page.url.split("/veille/")[0] + "/veille/scripts/canicule/1/")
    seen(page, axe, width, "script-version")
    page.get_by_role("link", name="Essayer comme un appelant").click()
    page.get_by_label("Quelque chose ne va pas").check()
    page.get_by_label("Propos confus, inhabituels").check()  # shown by htmx, without a button
    page.get_by_text("Urgence.", exact=True).wait_for()
    page.get_by_label("Le prochain appel est fixé au").fill("")
    page.get_by_role("button", name="Finir l’appel").click()
    page.get_by_role("heading", name="Il y a 1 réponse à corriger").wait_for()
    assert page.get_by_label("Propos confus, inhabituels").is_checked()
    seen(page, axe, width, "script-essai")
