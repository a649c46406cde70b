"""A keeper runs a linkage and reads what it found, on a desk and on a telephone, with and without JavaScript."""

from __future__ import annotations

import os

import pytest

from entremise.accounts.models import User
from entremise.registers.models import LinkageRun
from tests.registers.linking import FILE, JEANINE, JEANNINE, LEGAL, Linking, sealed, somebody

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [1280, 320])
def test_the_pages_of_a_run_are_readable_and_fit(open_page, axe, width):
    linking = Linking()
    couple = {**JEANNINE, "names": "LE GOFF, Jean", "birth_date": "04/07/1935"}
    sealed(LEGAL, *(somebody(n) for n in range(20)), JEANNINE, couple)
    sealed(FILE, *(somebody(n) for n in range(10, 30)), JEANINE)
    linking.run()
    done = LinkageRun.objects.get()
    who = User.objects.get(pk=linking.keeper.user_id)
    waits = linking.start()
    places = ("rapprocher/", f"rapprochements/{done.public_id}/", f"rapprochements/{waits.public_id}/", "modeles/")
    for place in places:
        page = open_page(f"/registres/{place}", user=who, width=width, javascript=width == 1280)
        if width == 1280:
            assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if folder := os.environ.get("SHOTS"):
            page.screenshot(path=f"{folder}/{place.strip('/').replace('/', '-')}-{width}.png", full_page=True)
