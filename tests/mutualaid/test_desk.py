"""The desk's doors: what a form says, what a role may open, what no page shows."""

from __future__ import annotations

import pytest
from django.urls import reverse

from entremise.mutualaid import usecases
from entremise.mutualaid.models import HelperProfile, Need
from tests.accounts.factories import agent
from tests.mutualaid.factories import category, helper, matchmaker, need
from tests.territories.factories import commune

pytestmark = pytest.mark.django_db
ASKED = {
    "phone": "06 39 98 12 34",
    "name": "Odette Fiction",
    "category": "shopping",
    "urgency": "days",
    "commune": "Grenoble",
    "requester_kind": "self",
    "consent": "yes",
}
OFFERED = {
    "phone": "06 39 98 12 34",
    "name": "Brahim Fiction",
    "categories": ["shopping"],
    "commune": "38000",
    "old_enough": "on",
    "charter": "on",
}


@pytest.fixture
def nadia(client):
    user, actor = matchmaker()
    client.force_login(user)
    category()
    commune()
    return actor


def test_an_offer_by_phone_is_available_at_once(client, nadia):
    answer = client.post(reverse("mutualaid:helper_new"), OFFERED, follow=True)
    assert "Brahim Fiction" in answer.content.decode()
    assert HelperProfile.objects.get().state == "available"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("phone", "12", "numéro"),
        ("phone", "", "Indiquez un numéro où rappeler"),
        ("phone", "06\x0039981234", "caractère nul"),
        ("name", "", "Indiquez un prénom"),
        ("name", "x" * 500, "120"),
        ("category", "voyage", "n’est plus proposée"),
        ("urgency", "hier", "Sélectionnez un choix valide"),
        ("commune", "Zzyzx", "Aucune commune"),
        ("commune", "", "Indiquez la commune"),
        ("due_on", "31/02/2026", "Écrivez la date ainsi"),
        ("due_on", "2020-01-01", "Choisissez une date à venir"),
        ("note", "x" * 5000, "600"),
        ("consent", "no", "Sans son accord"),
    ],
)
def test_a_wrong_answer_is_said_and_what_was_typed_is_kept(client, nadia, field, value, sentence):
    answer = client.post(reverse("mutualaid:intake") + "?mode=telephone", {**ASKED, field: value})
    page = answer.content.decode()
    assert answer.status_code == 422, page
    assert sentence in page
    assert field == "name" or "Odette Fiction" in page
    assert not Need.objects.exists()


def test_a_paper_needs_its_stamp_and_keeps_its_date(client, nadia):
    url = reverse("mutualaid:intake") + "?mode=papier"
    assert client.post(url, ASKED).status_code == 422
    assert client.post(url, {**ASKED, "received_on": "2999-01-01"}).status_code == 422
    assert client.post(url, {**ASKED, "received_on": "2026-01-05", "paper_ref": "P-7"}).status_code == 302
    found = Need.objects.get()
    assert (found.origin, found.received_at.date().isoformat(), found.paper_ref) == ("paper", "2026-01-05", "P-7")


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("need_hold", {"form": "hold_form", "until": "bientôt"}, "Écrivez la date et l’heure ainsi"),
        ("need_hold", {"form": "hold_form", "until": "2030-01-01T10:00"}, "dans les 14 jours"),
        ("need_close", {"form": "close_form", "reason": ""}, "Choisissez une raison"),
        ("need_close", {"form": "close_form", "reason": "duplicate"}, "Indiquez le code de l’autre demande"),
        ("need_close", {"form": "close_form", "reason": "duplicate", "duplicate_of": "ZZZ"}, "six signes"),
        ("need_hand_over", {"form": "hand_over_form", "colleague": "inconnu"}, "ne fait plus partie"),
    ],
)
def test_a_refused_deed_says_why_on_the_page(client, nadia, name, data, sentence):
    asked = need(nadia)
    answer = client.post(reverse(f"mutualaid:{name}", args=[asked.public_id]), data)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    asked.refresh_from_db()
    assert asked.state == "open"


def test_a_colleague_holds_it_and_the_page_says_who(client, nadia):
    asked = need(nadia)
    usecases.claim_need_file(matchmaker("Karim")[1], need=asked)
    page = client.get(reverse("mutualaid:need_page", args=[asked.public_id])).content.decode()
    assert "Karim" in page
    answer = client.post(
        reverse("mutualaid:need_close", args=[asked.public_id]), {"form": "close_form", "reason": "unmet"}
    )
    assert answer.status_code == 422
    assert "Une autre personne traite" in answer.content.decode()


def test_the_lists_show_no_name_no_phone(client, nadia):
    need(nadia, values={"first_name": "Canarine", "last_name": "Oiselle", "phone": "06 39 98 44 55"})
    helper(nadia, values={"first_name": "Canarin", "phone": "06 39 98 44 56", "email": "canari@fiction.test"})
    for name in ("desk", "need_list", "helper_list"):
        page = client.get(reverse(f"mutualaid:{name}")).content.decode()
        for secret in ("Canarin", "Oiselle", "4455", "44 55", "44 56", "canari@"):
            assert secret not in page


@pytest.mark.parametrize("role", ["caller", "org_manager", "administrator", "elected", "referrer"])
def test_other_roles_find_the_desk_closed(client, nadia, role):
    asked, brahim = need(nadia), helper(nadia)
    client.force_login(agent(role))
    for url in (
        reverse("mutualaid:desk"),
        reverse("mutualaid:need_list"),
        reverse("mutualaid:intake"),
        reverse("mutualaid:helper_list"),
        reverse("mutualaid:helper_new"),
    ):
        assert client.get(url).status_code == 403, url
    assert client.get(reverse("mutualaid:need_page", args=[asked.public_id])).status_code == 404
    assert client.get(reverse("mutualaid:helper_page", args=[brahim.public_id])).status_code == 404


def test_searching_by_code_or_phone_finds_the_request(client, nadia):
    asked = need(nadia, values={"first_name": "Odette", "phone": "06 39 98 12 34"})
    answer = client.get(reverse("mutualaid:need_list"), {"q": asked.code.lower().replace("-", " ")})
    assert answer.url == reverse("mutualaid:need_page", args=[asked.public_id])
    assert asked.code in client.get(reverse("mutualaid:need_list"), {"q": "0639981234"}).content.decode()
    assert asked.code not in client.get(reverse("mutualaid:need_list"), {"q": "0639989999"}).content.decode()
