"""What every page shows and hardly ever changes: kept a few seconds by each process, so that pages do not ask again.

Only for what everybody may see: the territory's name and colours, the crises in force. Never a person, never a right,
never a rule.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar

from django.conf import settings

T = TypeVar("T")
_kept: dict[str, tuple[float, Any]] = {}


def kept(name: str, make: Callable[[], T]) -> T:
    """What `make` gave less than `settings.KEPT_SECONDS` ago, or gives now."""
    now = monotonic()
    found = _kept.get(name)
    if found is None or now - found[0] >= settings.KEPT_SECONDS:
        found = _kept[name] = (now, make())
    value: T = found[1]
    return value


def forget() -> None:
    """Start afresh in this process: whoever changes what is kept sees it at once."""
    _kept.clear()
