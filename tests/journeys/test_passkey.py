from __future__ import annotations

import pytest
from django.urls import reverse

from tests.accounts.factories import PASSWORD, agent

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_a_passkey_is_added_then_opens_the_account_alone(open_page, axe):
    """With our own script under the site's Content-Security-Policy; Chromium plays the key."""
    user = agent("matchmaker")
    page = open_page(reverse("account_login"))
    page.goto(page.url.replace("127.0.0.1", "localhost"))  # a key belongs to a name, not to a number
    keys = page.context.new_cdp_session(page)
    keys.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    keys.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    assert axe(page) == []
    page.get_by_label("Adresse électronique").fill(user.email)
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Se connecter", exact=True).click()
    page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + reverse("mfa_add_webauthn"))
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Confirmer").click()
    page.get_by_label("Se connecter avec cette clé seule").check()
    assert axe(page) == []
    page.get_by_role("button", name="Ajouter").click()
    page.get_by_role("heading", name="Codes de secours").wait_for()
    home = "/".join(page.url.split("/")[:3])
    page.goto(home + reverse("account_logout"))
    page.get_by_role("main").get_by_role("button", name="Se déconnecter").click()
    page.goto(home + reverse("account_login"))
    page.get_by_role("button", name="Utiliser une clé d’accès").click()
    page.get_by_text("Vous êtes connecté·e").wait_for()
    page.goto(home + reverse("mfa_index"))
    assert page.get_by_text("pas encore prouvé").count() == 0
