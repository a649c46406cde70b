"""Invented people: names drawn from real frequencies, telephones that nobody has, places in real cells.

Everything comes from one seeded generator: the same seed invents the same town.
"""

from __future__ import annotations

import csv
import io
import random
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Generic, TypeVar

from entremise.kernel import ids
from entremise.territories.engine import cells

MOBILE, LANDLINE = "063998", "046571"  # ranges that Arcep keeps for fiction: 10,000 numbers each
DOMAIN = "demo.entremise.example"
DEGREE_M = 111_195  # metres in a degree of latitude
T = TypeVar("T")


@dataclass(frozen=True, slots=True, repr=False)
class Figure:
    """A person of fiction: what they say of themselves, and how they like to be reached."""

    values: Mapping[str, str]
    channel: str


class Drawer(Generic[T]):
    """Draws with weights, the sums computed once."""

    def __init__(self, weighted: Mapping[T, int]) -> None:
        self.items = [item for item, weight in weighted.items() if weight]
        self.sums = list(accumulate(weight for weight in weighted.values() if weight))

    def draw(self, chance: random.Random) -> T:
        return chance.choices(self.items, cum_weights=self.sums)[0]


class Names:
    """The table of `data/names.csv`: surnames, first names by sex and decade of birth."""

    def __init__(self, text: str) -> None:
        rows = list(csv.DictReader(io.StringIO(text)))
        self.surnames = Drawer({row["name"]: int(row["all"]) for row in rows if row["kind"] == "surname"})
        self.firsts = {
            (sex, decade): Drawer({row["name"]: int(row[str(decade)]) for row in rows if row["kind"] == sex})
            for sex in "FM"
            for decade in range(1930, 2010, 10)
        }

    def draw(self, chance: random.Random, decades: Sequence[int], women: float) -> tuple[str, str]:
        """First name and surname of somebody born in one of these decades."""
        sex = "F" if chance.random() < women else "M"
        return self.firsts[sex, chance.choice(decades)].draw(chance), self.surnames.draw(chance)


def plain(name: str) -> str:
    """For an e-mail: « Jean-François » → « jean-francois »."""
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z]+", "-", bare).strip("-")


def numbers(chance: random.Random, beginning: str) -> Iterator[str]:
    """Every telephone number of a range, in a random order."""
    yield from (f"{beginning}{number:04d}" for number in chance.sample(range(10_000), 10_000))


def spoken(chance: random.Random) -> str:
    """A case code with its check sign, drawn from the seed."""
    while True:
        head = "".join(chance.choice(ids.SPOKEN) for _ in range(5))
        for last in ids.SPOKEN:
            if code := ids.read_spoken(head + last):
                return code


def reference(chance: random.Random) -> str:
    return "".join(chance.choice(ids.ALPHABET) for _ in range(12))


class Ground:
    """Where people live: quarters with their weight, and the cells of their points inside the town's disc."""

    def __init__(self, quarters: Sequence[Mapping[str, Any]], centre: tuple[float, float], radius_m: float) -> None:
        self.quarters = Drawer({n: int(quarter["weight"]) for n, quarter in enumerate(quarters)})
        self.places = [(tuple(quarter["point"]), float(quarter["spread"])) for quarter in quarters]
        self.centre, self.radius_m = centre, radius_m

    def draw(self, chance: random.Random) -> int:
        """A res-8 cell where somebody may live."""
        while True:
            (lat, lon), spread = self.places[self.quarters.draw(chance)]
            point = (lat + chance.gauss(0, spread / DEGREE_M), lon + chance.gauss(0, spread / DEGREE_M / 0.705))
            cell = cells.cell(*point, 8)
            if cells.between_m(cells.centre(cell), self.centre) <= self.radius_m:
                return cell


class Cast:
    """Invents people one after the other; no two share a number, unless they share a home."""

    def __init__(self, names: Names, streets: Sequence[str], chance: random.Random) -> None:
        self.names, self.streets, self.chance = names, streets, chance
        self.mobiles, self.landlines = numbers(chance, MOBILE), numbers(chance, LANDLINE)

    def helper(self, number: int) -> Figure:
        """Aged 18 to 75, nearly all with an e-mail and a mobile."""
        first, last = self.names.draw(self.chance, (1950, 1960, 1960, 1970, 1980, 1980, 1990, 1990, 2000), 0.62)
        values = {"first_name": first, "last_name": last, "phone": next(self.mobiles)}
        if self.chance.random() < 0.9:
            values["email"] = f"{plain(first)}.{plain(last)}.{number}@{DOMAIN}"
        if self.chance.random() < 0.03:
            values["address"] = self._address()
        return Figure(values, "email" if "email" in values else "sms")

    def asker(self, number: int, postcode: str) -> Figure:
        """Older, often with a landline only."""
        first, last = self.names.draw(self.chance, (1930, 1930, 1940, 1940, 1940, 1950, 1960, 1970, 1980, 1990), 0.66)
        home = self.chance.random() < 0.45
        values = {"first_name": first, "last_name": last, "phone": next(self.landlines if home else self.mobiles)}
        if not home and self.chance.random() < 0.4:
            values["email"] = f"{plain(first)}.{plain(last)}.d{number}@{DOMAIN}"
        if self.chance.random() < 0.12:
            values["address"] = f"{self._address()}, {postcode}".strip(", ")
        return Figure(values, "phone")

    def _address(self) -> str:
        return f"{self.chance.randint(1, 80)} {self.chance.choice(self.streets)}"
