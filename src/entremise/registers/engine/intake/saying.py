"""Small readings of a row: a day of the past, whether two writings differ by layout only, a row of two persons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta

from entremise.registers.engine.fields.dates import EPOCHS, MONTHS
from entremise.registers.engine.names import TITLES, upper

_DAY = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})")


def past_day(text: str, *, today: date, epoch: int = 1900, month_first: bool = False) -> date | None:
    """A day of the last 60 years as a file writes it (a request, a letter): two-digit years are of this century.

    None for anything else, and for a day to come: it is never invented.
    """
    text = text.strip()
    found: tuple[int, int, int] | None = None
    if iso := re.match(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)", text):
        found = (int(iso[1]), int(iso[2]), int(iso[3]))
    elif re.fullmatch(r"\d{4,5}(?:\.\d+)?", text) and float(text) > 20_000:
        day = EPOCHS[epoch] + timedelta(days=int(float(text)))
        found = (day.year, day.month, day.day)
    else:
        parts = re.findall(r"\d+|[A-Z]+", upper(text))
        named = next((m for part in parts if part.isalpha() and (m := MONTHS.get(part[:4]) or MONTHS.get(part))), 0)
        numbers = [int(part) for part in parts if part.isdigit() and len(part) <= 4]
        if named and len(numbers) >= 2:
            found = (numbers[1], named, numbers[0])
        elif len(numbers) >= 3:
            first, second = (numbers[1], numbers[0]) if month_first else (numbers[0], numbers[1])
            found = (numbers[2], second, first)
    if found is None:
        return None
    year, month, number = found
    if year < 100:
        year += 2000
    try:
        when = date(year, month, number)
    except ValueError:
        return None
    return when if date(today.year - 60, 1, 1) <= when <= today else None


def told_apart(whole: str) -> bool:
    """Whether capitals say which word is the surname."""
    words = [word for word in whole.split() if len(word) > 1]
    return 0 < sum(word.isupper() for word in words) < len(words)


def same_day(raw: str, clean: str) -> bool:
    if raw == clean:
        return True
    found = _DAY.fullmatch(raw)
    return found is not None and f"{found[3]}-{int(found[2]):02d}-{int(found[1]):02d}" == clean


def same_digits(raw: Sequence[str], numbers: Sequence[str]) -> bool:
    """Whether the cells hold these numbers and nothing else, in national writing: only layout differs."""
    digits = re.sub(r"\D", "", "".join(raw))
    letters = any(sign.isalpha() for text in raw for sign in text)
    return not letters and digits == "".join("0" + number[3:] for number in numbers if number.startswith("+33"))


def commune_codes(how: str, town: str) -> list[str]:
    if how == "empty":
        return ["commune_missing"]
    codes = {"fuzzy": "commune_fuzzy", "unknown": "commune_unknown", "ambiguous": "commune_ambiguous",
             "postcode_name_differs": "postcode_name_differs"}  # fmt: skip
    if how == "ambiguous" and not town:
        return ["commune_missing"]
    return [codes[how]] if how in codes else []


def two_rows(whole: str, last: str, first: str) -> list[dict[str, str]]:
    """The two rows that a row of two persons would make: what can be told apart, the rest to complete."""
    pieces = re.split(r"\s+(?:et|ou|&|ET|OU|Et)\s+", first or whole)
    pieces = [" ".join(word for word in piece.split() if upper(word) not in TITLES) for piece in pieces]
    pieces = ([piece for piece in pieces if piece] + ["", ""])[:2]
    if first or last:
        return [{"last_name": _surname(last), "first_name": piece} for piece in (pieces if first else ["", ""])]
    # « M. et Mme DUPONT Jean et Marie »: capitals are the surname of both
    loud = [word for word in whole.split() if word.isupper() and len(word) > 1 and upper(word) not in TITLES]
    quiet = [" ".join(word for word in piece.split() if word not in loud) for piece in pieces]
    return [{"last_name": " ".join(loud), "first_name": piece} for piece in quiet]


def _surname(last: str) -> str:
    words = [word for word in last.split() if upper(word) not in TITLES and upper(word) not in ("ET", "OU")]
    return " ".join(words)
