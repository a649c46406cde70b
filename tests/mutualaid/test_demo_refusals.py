from __future__ import annotations

import pytest
from django.conf import settings

from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.mutualaid import usecases
from tests.accounts.factories import agent
from tests.territories.factories import commune

pytestmark = pytest.mark.django_db

MACHINE = Actor.machine("démonstration")


def test_only_a_demonstration_is_invented(monkeypatch):
    monkeypatch.setattr(settings, "DEMO", False)
    with pytest.raises(NotAllowed):
        usecases.seed_demo(MACHINE, territory=commune(), agents=[agent("matchmaker")])


def test_without_a_kit_the_town_has_nothing_to_ask_for():
    with pytest.raises(usecases.KitMissing):
        usecases.seed_demo(MACHINE, territory=commune(), agents=[agent("matchmaker")])
