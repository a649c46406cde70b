"""Examples shown by the style guide. Every person, place and figure is invented."""

from __future__ import annotations

from typing import Any


def context() -> dict[str, Any]:
    return {}
