"""What must not enter, whatever column it hides in: social security numbers; and letters read twice the wrong way."""

from __future__ import annotations

import re

from entremise.registers.engine.fields import looks_like_nir

REMOVED = "[numéro retiré]"
_NIR = re.compile(
    r"(?<![\dA-Za-z])[1-478](?:[\s.\-_/]{0,2}\d){4}[\s.\-_/]{0,2}(?:\d[\s.\-_/]{0,2}\d|2\s?[ABab])(?:[\s.\-_/]{0,2}\d){6}"
    r"(?P<key>(?:[\s.\-_/]{0,3}\d){2})?(?!\d)"
)
_SIGNS = re.compile(r"[\s.\-_/]")
_ENOUGH = re.compile(r"\d\D{0,3}\d\D{0,3}\d\D{0,3}\d\D{0,3}\d\D{0,3}\d\D{0,3}\d\D{0,3}\d\D{0,3}\d\D{0,3}\d\D{0,3}\d")


def scrubbed(text: str) -> str:
    """The text without anything that has the shape of a social security number (loi 78-17, art. 30)."""
    if len(text) < 13 or not _ENOUGH.search(text):
        return text
    return _NIR.sub(lambda found: REMOVED if looks_like_nir(_SIGNS.sub("", found[0])) else found[0], text)


def has_nir(text: str) -> bool:
    return scrubbed(text) != text


def repaired(text: str) -> str:
    """`JosÃ©` read as it was written, `José`; the text itself when it was not so spoilt."""
    if not any(sign in text for sign in "ÃÂâ"):
        return text
    try:
        return text.encode("cp1252").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text
