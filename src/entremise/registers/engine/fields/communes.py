"""From a town and a postcode to an INSEE code: the list of communes is an argument, the engine opens no file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from entremise.registers.engine.names import listed, upper

ARTICLES = {"LE", "LA", "LES", "L"}
SMALL = listed("DE DU DES D EN LE LA LES L S SUR SOUS SS LEZ A AUX ET")
NEAR, AHEAD = 0.85, 0.10


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune, a district of Paris, Lyon or Marseille, or a former one: `into` is the code it folds into, if any."""

    code: str
    name: str
    postcodes: tuple[str, ...] = ()
    into: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """`code` (INSEE) or None; `how`: exact, name, name_no_postcode, postcode_only, fuzzy, postcode_name_differs,
    ambiguous, unknown, empty. `district`: the district's own code when there is one, for targeting."""

    code: str | None
    how: str
    district: str | None = None


def key(town: str) -> str:
    """The letters of a town, without article, CEDEX or ordinal (`St-Denis Cedex 2` → SAINTDENIS)."""
    found = re.sub(r"\bCEDEX\b.*", "", upper(town)).split()
    found = [word for word in found if not re.fullmatch(r"\d+(?:E|EME|ER|ERE)?", word) and word != "ARRONDISSEMENT"]
    found = [{"ST": "SAINT", "STE": "SAINTE"}.get(word, word) for word in found]
    if len(found) > 1 and found[0] in ARTICLES:
        found = found[1:]
    return "".join(word for at, word in enumerate(found) if at == 0 or word not in SMALL)


def postcode_of(cell: object) -> str | None:
    """Five digits; a spreadsheet's lost zero is put back. None when it is not a postcode."""
    if isinstance(cell, float) and cell == cell and abs(cell) < 1e9:
        cell = int(cell)
    digits = re.sub(r"\D", "", str(cell if cell is not None else "")).encode("ascii", "ignore").decode()
    return digits.zfill(5) if 4 <= len(digits) <= 5 else None


def department(postcode: str) -> tuple[str, ...]:
    """The départements a postcode may belong to: 20… is both parts of Corsica, 97… and 98… take three digits."""
    if postcode.startswith("20"):
        return ("2A", "2B")
    return (postcode[:3],) if postcode[:2] in ("97", "98") else (postcode[:2],)


class Communes:
    """Resolver over a list of communes; build it once, ask it often (answers are remembered)."""

    def __init__(self, communes: Iterable[Commune]) -> None:
        self._by_key: dict[str, list[Commune]] = defaultdict(list)
        self._by_postcode: dict[str, list[Commune]] = defaultdict(list)
        self._cells: dict[tuple[str | None, str | None], Found] = {}
        self._remembered: dict[tuple[str, str | None], Found] = {}
        for one in communes:
            self._by_key[key(one.name)].append(one)
            for postcode in one.postcodes:
                self._by_postcode[postcode].append(one)

    def resolve(self, town: str | None, postcode: object = None) -> Found:
        """The commune that town and postcode say together; one alone is enough when it leaves no doubt."""
        cells = (town, postcode if isinstance(postcode, str) else None)
        if isinstance(postcode, str | None) and (known := self._cells.get(cells)):
            return known
        found = self._resolve(town or "", postcode_of(postcode))
        if isinstance(postcode, str | None):
            self._cells[cells] = found
        return found

    def _resolve(self, text: str, number: str | None) -> Found:
        if number is None and (inside := re.search(r"\b(\d{5})\b", text)):
            number, text = inside[1], text.replace(inside[1], " ")
        asked = (key(text), number)
        if asked not in self._remembered:
            self._remembered[asked] = self._find(text, *asked)
        return self._remembered[asked]

    def _find(self, town: str, name: str, postcode: str | None) -> Found:
        if not name and postcode is None:
            return Found(None, "empty")
        here = self._by_postcode.get(postcode, []) if postcode else []
        named = self._by_key.get(name, []) if name else []
        if both := [one for one in named if one in here]:
            return self._one(both, "exact")
        if not name:
            return self._one(here, "postcode_only") if len(_codes(here)) == 1 else Found(None, _none(here))
        if postcode and named:
            near = [one for one in named if one.code.startswith(department(postcode))]
            if len(_codes(near)) == 1:
                # A CEDEX has a postcode of its own, that no commune bears: the name and the département are enough.
                return self._one(near, "name" if here else "name_no_postcode")
        elif len(_codes(named)) == 1:
            return self._one(named, "name")
        elif named:
            return Found(None, "ambiguous")
        pool = here or (self._around(postcode) if postcode else [])
        ranked = sorted(
            ((SequenceMatcher(None, name, key(one.name)).ratio(), one) for one in pool), key=lambda r: -r[0]
        )
        if ranked and ranked[0][0] >= NEAR:
            rivals = [ratio for ratio, one in ranked if _target(one) != _target(ranked[0][1])]
            if not rivals or ranked[0][0] - rivals[0] >= AHEAD:
                return self._one([ranked[0][1]], "fuzzy")
        if here and len(_codes(here)) == 1:
            return self._one(here, "postcode_name_differs")
        return Found(None, "ambiguous" if here or named else "unknown")

    def _around(self, postcode: str) -> list[Commune]:
        areas = department(postcode)
        return [one for group in self._by_key.values() for one in group if one.code.startswith(areas)]

    @staticmethod
    def _one(found: list[Commune], how: str) -> Found:
        codes = _codes(found)
        if len(codes) != 1:
            return Found(None, "ambiguous")
        inside = {one.code for one in found if one.into}
        return Found(codes.pop(), how, inside.pop() if len(inside) == 1 else None)


def _target(one: Commune) -> str:
    return one.into or one.code


def _codes(found: Iterable[Commune]) -> set[str]:
    return {_target(one) for one in found}


def _none(found: list[Commune]) -> str:
    return "ambiguous" if found else "unknown"
