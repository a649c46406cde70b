"""What the tests of Veille share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from tests.outreach.factories import Member


@pytest.fixture
def signed_in(client: Client) -> Callable[[Member], Client]:
    """`signed_in(caller())`: a browser where this member is logged in, as in a demonstration (`ENTREMISE_DEMO`)."""

    def enter(member: Member) -> Client:
        client.force_login(member.user)
        return client

    return enter
