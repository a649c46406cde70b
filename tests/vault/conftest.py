"""In these tests an agent has an account, a house and a signed habilitation, unless the test says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from entremise.kernel.actors import Actor
from entremise.rules.engine.vocabulary import ROLES
from tests.accounts.factories import habilitate


@pytest.fixture
def actor(request: pytest.FixtureRequest) -> Callable[..., Actor]:
    """`actor("matchmaker")`: habilitated for what the roles suggest; `habilitated=False` leaves it out."""

    def make(*roles: str, channel: str = "web", user_id: int | None = None, **more: Any) -> Actor:
        signed = more.pop("habilitated", True)
        if roles and user_id is None and not {"machine"}.intersection(roles):
            user_id = 7
        if user_id is not None:
            more.setdefault("organisation_id", 1)
            if signed and set(roles) & set(ROLES):
                habilitate(user_id, *roles)
        return Actor(user_id, "Camille", channel, frozenset(roles), **more)  # type: ignore[arg-type]

    return make
