from __future__ import annotations

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    """The limits on log-in count in the cache: each test starts with none used."""
    cache.clear()
