from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entremise.accounts.queries import actor_of
from entremise.kernel.actors import Actor
from tests.accounts.factories import agent


@pytest.fixture
def acting(db: None) -> Any:
    """An agent of these roles, habilitated and committed, whose second factor was just proved."""

    def make(*roles: str, **more: Any) -> Actor:
        return replace(actor_of(agent(*roles, **more), "web", True), fresh_mfa=True)

    return make
