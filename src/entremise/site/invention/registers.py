"""Four registers of one territory: who is in which, how each writes, and the files they send.

`records(…)` streams (cells, truth); `write_files(…)` writes one CSV by register in its own layout, and `truth.csv`.
"""

from __future__ import annotations

import csv
import random
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from entremise.site.invention.errors import Errors, Truth
from entremise.site.invention.population import Person, Population, Town

Record = dict[str, str | int]
SERIAL_ZERO = date(1899, 12, 30)


@dataclass(frozen=True)
class Profile:
    """`share(age)` of the persons it knows, its habits: capitals, date style, whether it has a sex, a birth name."""

    code: str
    ages: tuple[tuple[int, float], ...]  # (from this age, probability)
    capitals: bool
    date: str  # "%d/%m/%Y", "%d/%m/%y", "iso", "serial"
    sex: bool
    birth_name: bool
    fixed_first: float
    encoding: str
    separator: str
    heads: dict[str, str] = field(default_factory=dict)

    def share(self, age: int) -> float:
        return next((share for since, share in reversed(self.ages) if age >= since), 0.0)


PROFILES = {
    "canicule": Profile(
        "canicule", ((0, 0.03), (65, 0.30), (80, 0.55)), False, "%d/%m/%Y", False, False, 0.7, "utf-8-sig", ";",
        {"last_name": "Nom", "first_name": "Prénom", "birth_date": "Né(e) le", "phone": "Téléphone",
         "address": "Adresse", "postcode": "CP", "town": "Commune"},
    ),
    "apa": Profile(
        "apa", ((60, 0.08), (70, 0.25), (80, 0.60)), True, "iso", True, True, 0.6, "cp1252", ";",
        {"sex": "CIVILITE", "last_name": "NOM_USAGE", "birth_name": "NOM_NAISSANCE", "first_name": "PRENOM",
         "birth_date": "DATE_NAISSANCE", "phone": "TEL", "address": "ADRESSE", "postcode": "CODE_POSTAL",
         "town": "VILLE"},
    ),
    "transport": Profile(
        "transport", ((18, 0.30), (60, 0.55), (85, 0.35)), True, "serial", True, False, 0.2, "cp1252", "\t",
        {"last_name": "NOM", "first_name": "PRENOM", "sex": "SEXE", "birth_date": "DATE NAISS", "address": "VOIE",
         "postcode": "CODE POSTAL", "town": "LOCALITE", "phone": "PORTABLE"},
    ),
    "minima": Profile(
        "minima", ((18, 0.45), (65, 0.18)), False, "%d/%m/%Y", True, False, 0.3, "utf-8", ",",
        {"first_name": "prenom", "last_name": "nom", "birth_date": "date_naissance", "sex": "genre",
         "phone": "telephone", "address": "adresse", "postcode": "code_postal", "town": "commune"},
    ),
}  # fmt: skip
COLUMNS = ("last_name", "birth_name", "first_name", "birth_date", "sex", "phone", "address", "postcode", "town")


def records(
    seed: int, size: int, towns: list[Town], *, off: Collection[str] = (), fiction: bool = False, year: int = 2026
) -> Iterator[tuple[Record, Truth]]:
    """`size` records of four registers, numbered from 1, each with its truth; household after household.

    The same seed gives the same records. `off`: error classes that do not occur. `fiction`: only telephone numbers
    reserved for fiction (60,000 of them: for small files); otherwise numbers may be anybody's, never to be dialled.
    """
    people = Population(seed, towns, fiction=fiction, year=year)
    chance = random.Random(f"records {seed}")  # noqa: S311 - invention
    number = 0
    for home in people.households():
        for person in home.persons:
            age = year - person.born.year
            for profile in PROFILES.values():
                if chance.random() >= profile.share(age):
                    continue
                errors = Errors(chance, profile.code, off)
                copies = [_record(profile, person, people, errors)]
                if chance.random() < errors.rates["copy_exact"] and "copy_exact" not in off:
                    copies.append((copies[0][0], [*copies[0][1], "copy_exact"]))
                if chance.random() < errors.rates["copy_near"] and "copy_near" not in off:
                    errors.drawn = ["copy_near"]
                    copies.append(_record(profile, person, people, errors))
                for cells, drawn in copies:
                    number += 1
                    truth = Truth(number, person.number, home.number, tuple(drawn), person.trap)
                    yield {"record": number, "register": profile.code, **cells}, truth
                    if number == size:
                        return


def _record(profile: Profile, person: Person, people: Population, errors: Errors) -> tuple[dict[str, str], list[str]]:
    chance = errors.chance
    place = errors.place(person)
    postcode, town = errors.town(place)
    lines = errors.phones(person, people.mobile(), people.service_line(place.town), profile.fixed_first)
    surname = errors.surname(person, people.surname())
    given = errors.given(person, others=profile.code in ("apa", "minima"))
    if errors.on("names_swapped"):
        surname, given = given, surname
    cells = {
        "last_name": surname,
        "first_name": given,
        "birth_date": _written(errors.born(person), profile.date),
        "phone": " / ".join(_spelt(line, chance) for line in lines),
        "address": errors.address(place, people.surname()),
        "postcode": postcode.lstrip("0") if profile.date == "serial" else postcode,
        "town": town,
    }
    if profile.sex:
        cells["sex"] = {"apa": {"F": "Mme", "M": "M."}, "transport": {"F": "2", "M": "1"}}.get(
            profile.code, {"F": "F", "M": "H"}
        )[person.sex]
    if profile.birth_name and chance.random() < 0.6:
        cells["birth_name"] = person.birth_name
    if profile.capitals:
        cells = {key: _capitals(cell) if key != "sex" else cell for key, cell in cells.items()}
    result, errors.drawn = errors.drawn, []
    return cells, result


def _written(born: date | str, style: str) -> str:
    if isinstance(born, str):
        return born
    if style == "serial":
        return str((born - SERIAL_ZERO).days)
    return born.isoformat() if style == "iso" else born.strftime(style)


def _spelt(line: str, chance: random.Random) -> str:
    pairs = [line[at : at + 2] for at in range(0, 10, 2)]
    return chance.choice((line, " ".join(pairs), ".".join(pairs), f"+33 {line[1]} {' '.join(pairs[1:])}", line[1:]))


def _capitals(text: str) -> str:
    if text.isascii():
        return text.upper()
    plain = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("’", "'"))
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).upper()


def write_files(
    folder: Path, seed: int, sizes: dict[str, int], towns: list[Town], *, year: int = 2026
) -> dict[str, int]:
    """One CSV by register, with its own columns, encoding and separator, at most `sizes` rows; `truth.csv` beside.

    Telephone numbers are of the ranges reserved for fiction. In `truth.csv`: register, row (from 1), person,
    household, trap, errors. Returns the rows written by register.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = dict.fromkeys(sizes, 0)
    rows: dict[str, list[list[str]]] = {code: [] for code in sizes}
    truth: list[list[object]] = []
    for cells, true in records(seed, 1 << 60, towns, fiction=True, year=year):
        code = str(cells["register"])
        if code in sizes and written[code] < sizes[code]:
            written[code] += 1
            rows[code].append([str(cells.get(column, "")) for column in PROFILES[code].heads])
            truth.append([code, written[code], true.person, true.household, true.trap, " ".join(true.errors)])
        if written == sizes:
            break
    for code, lines in rows.items():
        profile = PROFILES[code]
        with (folder / f"{code}.csv").open("w", encoding=profile.encoding, errors="replace", newline="") as file:
            writer = csv.writer(file, delimiter=profile.separator)
            writer.writerow(profile.heads.values())
            writer.writerows(lines)
    with (folder / "truth.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["register", "row", "person", "household", "trap", "errors"], *truth])
    return written
