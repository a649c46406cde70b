"""The code of a letter: 10 signs among 32, easy to copy, hard to guess."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date

SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # without I, L, O, U
LENGTH = 10
SELECTOR = 4
"""The first signs, which find the row; the other six (30 bits) and the date are never tried more than 5 times."""
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})
_N, _R, _P = 2**14, 8, 1  # 16 MB and about 50 ms for one try


def new() -> str:
    return "".join(secrets.choice(SIGNS) for _ in range(LENGTH))


def readable(code: str) -> str:
    """As it is printed: `7K3QP-M9T2X`."""
    return f"{code[:5]}-{code[5:]}"


def read(said: str) -> str | None:
    """The code that was typed, spaces and hyphens or not, O for 0 and I or L for 1; None when it cannot be one."""
    signs = "".join(sign for sign in said.upper() if sign.isalnum()).translate(_ALIKE)
    return signs if len(signs) == LENGTH and all(sign in SIGNS for sign in signs) else None


def digest(code: str, birth: date, salt: bytes) -> bytes:
    """What stands for the code and the birth date together (scrypt, RFC 7914)."""
    return hashlib.scrypt(f"{code}|{birth.isoformat()}".encode(), salt=salt, n=_N, r=_R, p=_P, dklen=32)
