"""What makes two rows the same human: a name with a number, a name with a birth date."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from datetime import date

from entremise.people.engine import phone as phones

_FRENCH_DAY = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})")


def plain(text: str) -> str:
    """Letters only, without accent or case, words in order: `Jean-Pierre  D’Été` and `dete jean pierre` are one."""
    flat = unicodedata.normalize("NFKD", text.casefold())
    words = re.split(r"[\s\-]+", "".join(sign for sign in flat if not unicodedata.combining(sign)))
    kept = ["".join(sign for sign in word if sign.isalnum()) for word in words]
    return " ".join(sorted(word for word in kept if word))


def birth_date(text: str) -> date | None:
    """`1941-03-07` or `7/3/1941`; None for anything else."""
    text = text.strip()
    try:
        if found := _FRENCH_DAY.fullmatch(text):
            day, month, year = (int(part) for part in found.groups())
            return date(year, month, day)
        return date.fromisoformat(text)
    except ValueError:
        return None


def traits(values: Mapping[str, str]) -> list[tuple[str, str]]:
    """(`name_phone` or `name_birth`, text to fingerprint) of a row of any register, its fields named without it.

    Nothing for a row without a name: a shared line alone recognises nobody.
    """
    names = plain(values.get("names") or f"{values.get('first_name', '')} {values.get('last_name', '')}")
    if not names:
        return []
    found = []
    if number := values.get("phone", ""):
        with suppress(ValueError):  # a file's numbers come clean: a hundred times faster than reading them again
            clean = number if phones.FRENCH.fullmatch(number) else phones.normalise(number)
            found.append(("name_phone", f"{names}|{clean}"))
    if day := birth_date(values.get("birth_date", "")):
        found.append(("name_birth", f"{names}|{day.isoformat()}"))
    return found
