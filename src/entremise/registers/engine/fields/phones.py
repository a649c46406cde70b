"""Telephone numbers of a cell, in E.164. Several in one cell are several; fillers are none."""

from __future__ import annotations

import re
from functools import lru_cache

FILLERS = {"+33123456789", "+33612345678"}
OVERSEAS = {
    **dict.fromkeys(("262", "263", "692", "693", "269"), "262"),
    **dict.fromkeys(("590", "690", "691"), "590"),
    **dict.fromkeys(("594", "694"), "594"),
    **dict.fromkeys(("596", "696", "697"), "596"),
    "508": "508",
}
"""First three national digits → country code (Arcep's plan; 0639 is Mayotte, save 0639 98, kept for fiction)."""
SPLIT = re.compile(r"[/;,|]|\bou\b|\bet\b|\n|  +", re.IGNORECASE)
SCIENTIFIC = re.compile(r"\d[.,]?\d*E\+?\d+", re.IGNORECASE)


def phones(cell: object, *, region: str = "FR") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(numbers in the order of the cell, codes `phone_truncated phone_filler phone_unreadable`)."""
    if cell is None or isinstance(cell, bool):
        return (), ()
    if isinstance(cell, float) and cell == cell and abs(cell) < 1e15:
        cell = int(cell)
    text = str(cell).strip()
    return _phones(text, region) if text else ((), ())


@lru_cache(1 << 14)
def _phones(text: str, region: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found: list[str] = []
    codes: list[str] = []
    if SCIENTIFIC.search(text):
        return (), ("phone_truncated",)
    pieces = [piece for piece in SPLIT.split(text) if any(sign.isdigit() for sign in piece)]
    for piece in pieces or [text]:
        number = _one(re.sub(r"\.0+$", "", piece.strip()), region)
        if number is None:
            codes.append("phone_unreadable")
        elif number in FILLERS or len(set(number[-8:])) <= 2:
            codes.append("phone_filler")
        elif number not in found:
            found.append(number)
    return tuple(found), tuple(dict.fromkeys(codes))


def _one(piece: str, region: str) -> str | None:
    digits = re.sub(r"[^0-9]", "", piece.replace("(0)", ""))
    digits = digits.encode("ascii", "ignore").decode()
    plus = piece.lstrip().startswith("+")
    if digits.startswith("0033"):
        digits, plus = digits[2:], True
    if digits.startswith("33") and len(digits) in (11, 12) and (plus or len(digits) == 11):
        national = digits[2:].removeprefix("0") if len(digits) == 12 else digits[2:]
    elif len(digits) == 10 and digits[0] == "0" and not plus:
        national = digits[1:]
    elif len(digits) == 9 and digits[0] != "0" and not plus:
        national = digits  # a spreadsheet ate the zero
    else:
        return _foreign(piece, region)
    if len(national) != 9 or national[0] == "0":
        return None
    if national[:3] == "639" and national[:5] != "63998":
        return "+262" + national
    return f"+{OVERSEAS.get(national[:3], '33')}{national}"


def _foreign(piece: str, region: str) -> str | None:
    """A number of another country, as `phonenumbers` reads it: rare, and ten times slower than the French form."""
    import phonenumbers

    try:
        number = phonenumbers.parse(piece, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number) or number.country_code == 33:
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
