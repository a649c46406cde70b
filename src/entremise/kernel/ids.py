"""Identifiers shown outside: random, short, readable over the phone; never a primary key, never a proof."""

from __future__ import annotations

import os
import secrets
import time
from uuid import UUID

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # without i, l, o, u
SPOKEN = "23456789AFHJKLMRTUXY"  # no pair that sounds alike on the phone in French, no 0/O/1/I


def new() -> str:
    """A reference for addresses: 12 signs, 60 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(12))


def uuid7() -> UUID:
    """A UUID that sorts by time of creation (RFC 9562, version 7): 48 bits of milliseconds, 74 random bits."""
    value = int(time.time() * 1000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


def _luhn(signs: str) -> int:
    """Luhn's sum modulo 20 over the signs, the last one counted once: 0 when the code is right."""
    total, base = 0, len(SPOKEN)
    for place, sign in enumerate(reversed(signs)):
        value = SPOKEN.index(sign) * (1 + place % 2)
        total += value // base + value % base
    return total % base


def spoken() -> str:
    """A case code to be said aloud, such as `H6K-347`: 5 random signs and 1 check sign, 3.2 million codes."""
    head = "".join(secrets.choice(SPOKEN) for _ in range(5))
    last = next(sign for sign in SPOKEN if _luhn(head + sign) == 0)
    return f"{head[:3]}-{head[3:]}{last}"


def read_spoken(said: str) -> str | None:
    """The code somebody typed or dictated, put right; None when a sign is wrong (every single error is caught)."""
    signs = "".join(sign for sign in said.upper() if sign.isalnum())
    if len(signs) != 6 or any(sign not in SPOKEN for sign in signs) or _luhn(signs):
        return None
    return f"{signs[:3]}-{signs[3:]}"
