"""Attempt 28: session fixation, CSRF on an agreement, skipping the step-up, guessing login codes."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from entremise.accounts.models import User
from entremise.vault.models import Approval, Register, SpecialRequest
from tests.accounts.factories import PASSWORD, agent
from tests.accounts.test_login import code_in_mail, post
from tests.vault.granting import Town

pytestmark = pytest.mark.django_db


def test_a_session_planted_before_login_is_not_the_one_that_is_opened():
    client, user = Client(), agent("matchmaker")
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = planted
    assert post(client, "account_login", login=user.email, password=PASSWORD).status_code == 302
    opened = client.cookies["sessionid"].value
    assert opened != planted
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert "_auth_user_id" not in thief.session


@pytest.mark.parametrize("deed", ["accorder", "refuser", "reprendre", "retirer"])
def test_a_page_of_another_site_cannot_answer_for_me(deed):
    town = Town()
    row = town.export()
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(pk=town.house.user_id))
    asked = {"fingerprint": row.fingerprint, "reason": "Une raison assez longue"}
    assert client.post(f"/coffre/demandes/{row.public_id}/{deed}/", asked).status_code == 403
    assert client.get(f"/coffre/demandes/{row.public_id}/{deed}/", asked).status_code == 405
    assert not Approval.objects.exists()
    assert SpecialRequest.objects.get().state == "asked"


@pytest.mark.parametrize(
    ("role", "address", "data"),
    [
        ("seat_institutions", "/coffre/demandes/{reference}/accorder/", {}),
        ("controller", "/coffre/habilitations/signer/", {"until": "2027-01-01"}),
        ("controller", "/coffre/registres/entraide/clore/", {}),
        ("controller", "/regles/prolonger/", {}),
    ],
)
def test_the_step_up_is_not_skipped_by_asking_the_deed_directly(settings, role, address, data):
    town = Town()
    row = town.export()
    settings.DEMO = False
    client, user = Client(), agent(role)
    client.force_login(user)
    answer = client.post(address.format(reference=row.public_id), {"fingerprint": row.fingerprint, **data})
    assert answer.status_code == 302
    assert answer.url.startswith(("/comptes/securite/", "/comptes/confirmer/"))
    assert not Approval.objects.exists()
    assert Register.objects.get(pk="entraide").status == "open"


def test_a_login_code_is_guessed_three_times_then_dead(client):
    agent(email="nadia@ville.test")
    post(client, "account_request_login_code", email="nadia@ville.test")
    good = code_in_mail()
    for guess in ("AAAAAA", "BBBBBB", "CCCCCC"):
        answer = post(client, "account_confirm_login_code", code=guess)
    assert answer.url == reverse("account_request_login_code")
    post(client, "account_confirm_login_code", code=good)
    assert "_auth_user_id" not in client.session
    assert len(mail.outbox) == 1


def test_codes_are_not_asked_without_end_for_one_address(client):
    agent(email="nadia@ville.test")
    for _ in range(8):
        post(client, "account_request_login_code", email="nadia@ville.test")
    assert 1 <= len(mail.outbox) <= 3
