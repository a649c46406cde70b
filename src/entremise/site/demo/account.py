from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """What the command prints: how to log in, and as whom."""

    login: str
    password: str
    who: str
