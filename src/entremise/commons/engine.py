"""The colleges of a commons. Plain Python. Source: reference rules-vault-commons § 3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

COLLEGES: Final[Mapping[str, str]] = {
    "institutions": "des collectivités",
    "staff": "des agents et appelants",
    "contributors": "des habitants, aidants et associations",
    "registered": "des personnes inscrites",
}
PREFIX: Final = "seat_"


def role_of(college: str) -> str:
    """The role that a membership gives to whoever sits in this college."""
    return PREFIX + college
