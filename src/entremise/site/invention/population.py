"""Households of a few communes: couples, widows, families, and the traps that fool a linkage.

A trap is no error: two persons who look like one. Couples whose first names sound alike, twins, a father and a son of
one name, siblings a year apart, namesakes of one commune and year, hostels, large buildings.
"""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import random
import tomllib
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Any

FICTION_MOBILE, FICTION_FIXED = "063998", ("019900", "026191", "035301", "046571", "053649")
HOUSEHOLDS = (
    ("alone", 0.34),
    ("couple", 0.43),
    ("couple_alike", 0.03),
    ("father_son", 0.02),
    ("mother_daughter", 0.01),
    ("twins", 0.012),
    ("siblings", 0.02),
    ("namesake", 0.02),
    ("family", 0.09),
    ("building", 0.024),
    ("hostel", 0.004),
)
ALIKE = (
    ("André", "Andrée"), ("Michel", "Michèle"), ("Daniel", "Danielle"), ("Jean", "Jeanne"), ("René", "Renée"),
    ("Claude", "Claudette"), ("Denis", "Denise"), ("Pascal", "Pascale"), ("Joël", "Joëlle"), ("Marcel", "Marcelle"),
    ("Christian", "Christiane"), ("Paul", "Paule"), ("Noël", "Noëlle"), ("Gabriel", "Gabrielle"), ("Simon", "Simone"),
    ("Louis", "Louise"), ("François", "Françoise"), ("Jean", "Jeannine"), ("Yvon", "Yvonne"), ("Lucien", "Lucienne"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Town:
    """A real commune: INSEE code, name, postcodes, population."""

    code: str
    name: str
    postcodes: tuple[str, ...]
    population: int


@dataclass(frozen=True, slots=True)
class Place:
    number: str
    way: str
    street: str
    postcode: str
    town: Town
    note: str = ""


@dataclass(slots=True)
class Person:
    number: int
    household: int
    sex: str
    given: str
    others: tuple[str, ...]
    birth_name: str
    usage_name: str
    born: date
    place: Place
    old_place: Place
    mobile: str
    old_mobile: str
    fixed: str
    trap: str = ""
    spouse: Person | None = None


@dataclass(slots=True)
class Household:
    number: int
    kind: str
    persons: list[Person] = field(default_factory=list)


@cache
def words() -> dict[str, Any]:
    return tomllib.loads(resources.files("entremise.site.invention").joinpath("words.toml").read_text("utf-8"))


def _table(name: str) -> Iterator[dict[str, str]]:
    packed = resources.files("entremise.registers").joinpath(f"data/{name}").read_bytes()
    yield from csv.DictReader(io.StringIO(gzip.decompress(packed).decode()))


@dataclass(frozen=True)
class Drawer:
    """Weighted draws by bisection."""

    values: tuple[Any, ...]
    sums: tuple[float, ...]

    @classmethod
    def of(cls, weighted: dict[Any, float]) -> Drawer:
        return cls(tuple(weighted), tuple(itertools.accumulate(weighted.values())))

    def draw(self, chance: random.Random) -> Any:
        return self.values[min(bisect(self.sums, chance.random() * self.sums[-1]), len(self.values) - 1)]


@cache
def surnames() -> Drawer:
    return Drawer.of({row["surname"]: float(row["bearers"]) for row in _table("surnames.csv.gz")})


@cache
def first_names() -> dict[tuple[str, int], Drawer]:
    counts: dict[tuple[str, int], dict[str, float]] = {}
    for row in _table("first_names.csv.gz"):
        for decade in range(1930, 2010, 10):
            if number := int(row[str(decade)]):
                counts.setdefault((row["sex"], decade), {})[row["name"]] = float(number)
    return {key: Drawer.of(names) for key, names in counts.items()}


class Population:
    """Households drawn one after the other: nothing is kept but the last few, so that a million persons stream."""

    def __init__(self, seed: int, towns: list[Town], *, fiction: bool = False, year: int = 2026) -> None:
        self.chance = random.Random(f"population {seed}")  # noqa: S311 - invention
        self.year, self.fiction = year, fiction
        self.towns = Drawer.of({town: float(town.population + 1) for town in towns})
        self._streets: dict[str, list[tuple[str, str]]] = {}
        self._services: dict[str, str] = {}
        self._persons = itertools.count(1)
        self._kinds = Drawer.of(dict(HOUSEHOLDS))
        self._last: list[Person] = []

    def households(self) -> Iterator[Household]:
        for number in itertools.count(1):
            kind = self._kinds.draw(self.chance)
            home = Household(number, kind)
            getattr(self, f"_{kind}")(home)
            self._last = (self._last + home.persons)[-60:]
            yield home

    # Drawing

    def given(self, sex: str, year: int) -> str:
        decade = min(2000, max(1930, year // 10 * 10))
        return str(first_names()[sex, decade].draw(self.chance))

    def surname(self) -> str:
        name = str(surnames().draw(self.chance))
        if self.chance.random() < 0.02:
            return f"{name}-{surnames().draw(self.chance)}"
        return name

    def born(self, year: int) -> date:
        return date(year, 1, 1) + timedelta(days=self.chance.randrange(365))

    def elder(self) -> int:
        """A year of birth: registers are of the old first, but not only."""
        age = self.chance.gauss(79, 8) if self.chance.random() < 0.8 else self.chance.uniform(25, 70)
        return self.year - int(min(101, max(19, age)))

    def place(self, town: Town | None = None, note: str = "") -> Place:
        town = town or self.towns.draw(self.chance)
        known = self._streets.get(town.code)
        if known is None:
            # The streets of a town do not depend on the seed.
            lot = random.Random(f"streets {town.code}")  # noqa: S311 - invention
            size = min(420, 12 + int(town.population**0.55))
            known = [(lot.choice(words()["ways"]), lot.choice(words()["streets"])) for _ in range(size)]
            self._streets[town.code] = known
        way, street = self.chance.choice(known)
        number = str(int(self.chance.expovariate(1 / 28)) + 1)
        if self.chance.random() < 0.05:
            number += self.chance.choice((" bis", " ter"))
        return Place(number, way, street, self.chance.choice(town.postcodes), town, note)

    def mobile(self) -> str:
        if self.fiction:
            return f"{FICTION_MOBILE}{self.chance.randrange(10_000):04d}"
        return f"0{self.chance.choice('67')}{self.chance.randrange(10_000_000, 99_999_999)}"

    def fixed(self, town: Town) -> str:
        if self.fiction:
            return f"{self.chance.choice(FICTION_FIXED)}{self.chance.randrange(10_000):04d}"
        area = {"0": "4", "1": "4", "2": "3", "3": "5", "4": "5", "5": "3", "6": "4", "7": "1", "8": "3", "9": "1"}
        return f"0{area[town.code[0]]}{self.chance.randrange(10_000_000, 99_999_999)}"

    def person(
        self,
        home: Household,
        sex: str,
        year: int,
        name: str,
        place: Place,
        fixed: str,
        *,
        given: str = "",
        trap: str = "",
    ) -> Person:
        old_town = place.town if self.chance.random() < 0.6 else None
        born = self.born(year)
        others = tuple(self.given(sex, year - 30) for _ in range(self.chance.choice((0, 1, 1, 2))))
        found = Person(
            next(self._persons), home.number, sex, given or self.given(sex, year), others, name, name, born, place,
            self.place(old_town), self.mobile() if self.chance.random() < 0.75 else "", self.mobile(), fixed, trap,
        )  # fmt: skip
        home.persons.append(found)
        return found

    def service_line(self, town: Town) -> str:
        """The switchboard of the town's social service: one number for whoever gives it."""
        if town.code not in self._services:
            lot = random.Random(f"service {town.code}")  # noqa: S311 - invention
            fiction = f"{FICTION_FIXED[0]}{lot.randrange(10_000):04d}"
            self._services[town.code] = fiction if self.fiction else f"01{lot.randrange(30_000_000, 89_999_999)}"
        return self._services[town.code]

    def line(self, town: Town) -> str:
        return self.fixed(town) if self.chance.random() < 0.75 else ""

    # Kinds of households

    def _alone(self, home: Household) -> None:
        place = self.place()
        sex = "F" if self.chance.random() < 0.68 else "M"
        one = self.person(home, sex, self.elder(), self.surname(), place, self.line(place.town))
        if sex == "F" and self.chance.random() < 0.7:  # widowed or divorced
            one.usage_name = self.surname()

    def _couple(self, home: Household, names: tuple[str, str] = ("", ""), trap: str = "") -> None:
        place, year = self.place(), self.elder()
        fixed = self.line(place.town)
        him = self.person(home, "M", year, self.surname(), place, fixed, given=names[0], trap=trap)
        after = min(self.year - 19, year + int(self.chance.gauss(2, 3)))
        her = self.person(home, "F", after, self.surname(), place, fixed, given=names[1], trap=trap)
        him.spouse, her.spouse = her, him
        drawn = self.chance.random()
        if drawn < 0.82:
            her.usage_name = him.usage_name
        elif drawn < 0.9:
            her.usage_name = f"{her.birth_name}-{him.birth_name}"
        if self.chance.random() < 0.25:  # one mobile for two
            her.mobile = him.mobile

    def _couple_alike(self, home: Household) -> None:
        self._couple(home, self.chance.choice(ALIKE), "couple_alike")

    def _lineage(self, home: Household, sex: str, trap: str) -> None:
        year, name = self.elder(), self.surname()
        place = self.place()
        fixed = self.line(place.town)
        elder = self.person(home, sex, year, name, place, fixed, trap=trap)
        there = place if self.chance.random() < 0.5 else self.place(place.town)
        age = min(self.year - 19, year + self.chance.randrange(20, 36))
        child = self.person(home, sex, age, name, there, fixed if there is place else self.line(there.town),
                            given=elder.given, trap=trap)  # fmt: skip
        if there is place and self.chance.random() < 0.3:
            elder.mobile = child.mobile

    def _father_son(self, home: Household) -> None:
        self._lineage(home, "M", "father_son")

    def _mother_daughter(self, home: Household) -> None:
        self._lineage(home, "F", "mother_daughter")

    def _brood(self, home: Household, apart: int, trap: str) -> None:
        name, place, year = self.surname(), self.place(), self.elder()
        fixed = self.line(place.town)
        first: Person | None = None
        for rank in range(3 if apart == 0 and self.chance.random() < 0.03 else 2):
            there = place if self.chance.random() < 0.6 else self.place(place.town)
            sex = first.sex if first and self.chance.random() < 0.6 else self.chance.choice("FM")
            line = fixed if there is place else self.line(there.town)
            one = self.person(home, sex, year + rank * apart, name, there, line, trap=trap)
            if first and apart == 0:
                one.born = first.born
            while any(one.given == other.given for other in home.persons if other is not one):
                one.given = self.given(sex, year)
            first = first or one

    def _twins(self, home: Household) -> None:
        self._brood(home, 0, "twins")

    def _siblings(self, home: Household) -> None:
        self._brood(home, 1, "siblings")

    def _namesake(self, home: Household) -> None:
        """Another person of the name, commune and year of one seen lately."""
        if not self._last:
            return self._alone(home)
        like = self.chance.choice(self._last)
        place = self.place(like.place.town)
        one = self.person(home, like.sex, like.born.year, like.birth_name, place, self.line(place.town),
                          given=like.given, trap="namesake")  # fmt: skip
        one.usage_name = like.usage_name
        return None

    def _family(self, home: Household) -> None:
        """A couple, and in-laws or grown children under one roof."""
        self._couple(home)
        him, her = home.persons
        if self.chance.random() < 0.5:
            mother = self.person(
                home, "F", max(self.year - 101, her.born.year - 26), self.surname(), him.place, him.fixed
            )
            mother.usage_name = her.birth_name
        else:
            child_year = min(self.year - 19, him.born.year + self.chance.randrange(24, 40))
            self.person(home, self.chance.choice("FM"), child_year, him.birth_name, him.place, him.fixed)

    def _building(self, home: Household) -> None:
        """One large building: one number for many flats."""
        place = self.place()
        for _ in range(self.chance.randrange(6, 24)):
            sex = self.chance.choice("FFM")
            self.person(home, sex, self.elder(), self.surname(), place, self.line(place.town), trap="building")

    def _hostel(self, home: Household) -> None:
        """One address and one switchboard for all."""
        place = self.place(note=self.chance.choice(words()["services"]))
        fixed = self.fixed(place.town)
        for _ in range(self.chance.randrange(20, 70)):
            one = self.person(
                home, self.chance.choice("FFM"), self.elder(), self.surname(), place, fixed, trap="hostel"
            )
            one.mobile = one.mobile if self.chance.random() < 0.2 else ""
