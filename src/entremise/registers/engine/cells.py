"""How a cell of a register says several things at once: names in one cell, an address in one cell.

A register of the law has one item « nom et prénoms » and one « adresse » (CASF R.121-4): a file that has several
columns is composed on the way in, and read back by linkage and targeting without losing which word was what.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_POSTAL = re.compile(r"^(?P<street>.*?)[\s,;]*\b(?P<postcode>\d{5}|\d{4})\s+(?P<town>[^\d\n,;][^\n,;]*)$", re.DOTALL)


def names_cell(*, last: str = "", first: str = "", birth: str = "", usage: str = "") -> str:
    """`LE GOFF née DUPONT, Jeannine`: surnames with their role, a comma, given names. "" when nothing is known.

    `last` is the surname without a role; `usage` and `birth` those that the file tells apart.
    """
    last, first, birth, usage = (" ".join(text.replace(",", " ").split()) for text in (last, first, birth, usage))
    said = usage or last or birth
    if usage and last and last != usage:
        birth = birth or last
    if birth and birth.casefold() != said.casefold():
        said += f" née {birth}"
    return f"{said}, {first}" if first else said


def names_in(cell: str, known: Callable[[str], bool] | None = None) -> dict[str, str]:
    """`last_name` (its markers née, épouse, veuve kept) and `first_name` of a cell, those it says.

    Without a comma: capitals are the surname (`Jeanne DUPONT`), else the first word is the given name unless `known`
    (is this word a first name?) says that only the last one is.
    """
    last, comma, first = cell.partition(",")
    if comma:
        return _said(last, first)
    words = cell.split()
    if len(words) < 2:
        return _said(cell, "")
    loud = [word for word in words if len(word) > 1 and word.isupper()]
    if loud and len(loud) < len(words) and (words[0] in loud) != (words[-1] in loud):
        quiet = [word for word in words if word not in loud]
        return _said(" ".join(loud), " ".join(quiet))
    if known and known(words[-1]) and not known(words[0]):
        return _said(" ".join(words[:-1]), words[-1])
    return _said(" ".join(words[1:]), words[0])


def _said(last: str, first: str) -> dict[str, str]:
    found = {"last_name": " ".join(last.split()), "first_name": " ".join(first.split())}
    return {name: text for name, text in found.items() if text}


def address_cell(*, street: str = "", more: str = "", postcode: str = "", town: str = "") -> str:
    """`12 rue des Lilas, 38000 Grenoble`; what is not known is left out."""
    parts = (" ".join(part.split()).strip(" ,;") for part in (street, more, f"{postcode} {town}"))
    return ", ".join(part for part in parts if part)


def address_in(cell: str) -> dict[str, str]:
    """`address`, `postcode`, `town` of a cell, those it says; the whole cell is the address without a postcode."""
    found = _POSTAL.match(cell.strip())
    if found is None:
        return {"address": cell.strip()} if cell.strip() else {}
    said = {"address": found["street"].strip(" ,;\n"), "postcode": found["postcode"], "town": found["town"].strip()}
    return {name: text for name, text in said.items() if text}
