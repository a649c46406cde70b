"""Codes of call sheets: seven signs of Crockford's base 32 and one that checks them. Read aloud, written by hand.

The check is Crockford's (the number modulo 37), so that one wrong sign, or two swapped, is always seen. Numbers whose
check would be one of the five signs beyond the 32 (`* ~ $ = U`) are not given: nobody writes them well on paper.
"""

from __future__ import annotations

import secrets
from typing import Final

SIGNS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH: Final = 7
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None, "\u00a0": None, ".": None})


def new() -> str:
    """A code drawn at random: 34 thousand million, nobody guesses one that is out."""
    while True:
        number = secrets.randbelow(32**LENGTH)
        if number % 37 < 32:
            return _written(number) + SIGNS[number % 37]


def _written(number: int) -> str:
    return "".join(SIGNS[number >> shift & 31] for shift in range(5 * (LENGTH - 1), -1, -5))


def read(text: str) -> str | None:
    """The code as it is kept, from what was typed (small letters, O for 0, a hyphen); None when its check fails."""
    said = text.strip().upper().translate(_ALIKE)
    if len(said) != LENGTH + 1 or any(sign not in SIGNS for sign in said):
        return None
    number = 0
    for sign in said[:LENGTH]:
        number = number * 32 + SIGNS.index(sign)
    return said if number % 37 == SIGNS.index(said[LENGTH]) else None


def shown(code: str) -> str:
    """In two halves, as it is printed."""
    return f"{code[:4]}-{code[4:]}"
