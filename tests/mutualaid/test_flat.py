"""The desk's pages cost the same number of queries however full the town is."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.mutualaid.factories import category, helper, matchmaker, need
from tests.territories.factories import commune

pytestmark = pytest.mark.django_db


@pytest.fixture
def nadia(client):
    user, actor = matchmaker()
    client.force_login(user)
    category()
    commune()
    return actor


@pytest.mark.parametrize("page", ["desk", "need_list"])
def test_a_list_of_requests_is_flat(client, nadia, flat, page):
    flat(lambda: client.get(reverse(f"mutualaid:{page}")), lambda: [need(nadia) for _ in range(3)])


def test_the_list_of_those_who_help_is_flat(client, nadia, flat):
    flat(lambda: client.get(reverse("mutualaid:helper_list")), lambda: [helper(nadia) for _ in range(3)])


def test_a_request_with_more_who_could_help_is_flat(client, nadia, flat):
    asked = need(nadia)
    page = reverse("mutualaid:need_page", args=[asked.public_id])
    flat(lambda: client.get(page), lambda: [helper(nadia) for _ in range(2)])
