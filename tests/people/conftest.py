"""The register of common contacts is open, and the work of a letter code is cheap."""

from __future__ import annotations

import pytest

from entremise.kernel.actors import Actor
from entremise.people import usecases
from entremise.people.engine import codes
from tests.vault.conftest import actor

__all__ = ["actor"]


@pytest.fixture
def common(db: None) -> None:
    """The register `personne`, as a first start opens it."""
    usecases.install_register(Actor.machine("installation"))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same work, cheaper."""
    monkeypatch.setattr(codes, "_N", 2)
