"""What clerks, spreadsheets and time do to a person's particulars. Each class has a name, counted in the truth.

Written from descriptions of real files, without looking at the rules that repair them.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources

from entremise.site.invention.population import Person, Place, words

ROWS = ("azertyuiop", "qsdfghjklm", "wxcvbn")
KEYS = {
    letter: row[max(0, at - 1) : at] + row[at + 1 : at + 2] for row in ROWS for at, letter in enumerate(row)
}  # neighbours on an AZERTY keyboard
SOUNDS = (
    ("ph", "f"), ("f", "ph"), ("th", "t"), ("ss", "s"), ("ll", "l"), ("nn", "n"), ("tt", "t"), ("y", "i"), ("i", "y"),
    ("eau", "o"), ("au", "o"), ("ault", "aud"), ("ard", "art"), ("ert", "er"), ("et", "ey"), ("k", "c"), ("c", "ss"),
    ("ai", "é"), ("é", "ai"), ("en", "an"), ("an", "en"), ("in", "ain"), ("qu", "k"), ("z", "s"), ("s", "z"),
    ("ier", "ié"), ("ot", "eau"), ("d", "t"),
)  # fmt: skip
OCR = (("rn", "m"), ("m", "rn"), ("l", "I"), ("o", "0"), ("cl", "d"), ("i", "l"), ("vv", "w"), ("nn", "m"))


@dataclass(frozen=True, slots=True)
class Truth:
    """The person and household behind a record, the error classes it bears, the trap the person is, if any."""

    record: int
    person: int
    household: int
    errors: tuple[str, ...]
    trap: str


@cache
def rates(register: str) -> dict[str, float]:
    """Rates of a register; KeyError for none: an unknown register has those of `[all]`."""
    read = tomllib.loads(resources.files("entremise.site.invention").joinpath("rates.toml").read_text("utf-8"))
    return {**read["all"], **read.get(register, {})}


CLASSES = tuple(rates("all"))


class Errors:
    """The errors of one record: `on(class)` draws, and remembers what was drawn."""

    def __init__(self, chance: random.Random, register: str, off: Collection[str] = ()) -> None:
        self.chance, self.off = chance, frozenset(off)
        self.rates = rates(register)
        self.drawn: list[str] = []

    def on(self, name: str) -> bool:
        if self.chance.random() >= self.rates[name] or name in self.off:
            return False
        self.drawn.append(name)
        return True

    def pick(self, *texts: str) -> str:
        return self.chance.choice(texts)

    # Letters

    def key(self, text: str) -> str:
        """A neighbour of the AZERTY keyboard."""
        at = self.chance.randrange(len(text))
        near = KEYS.get(text[at].lower())
        return text[:at] + self.chance.choice(near) + text[at + 1 :] if near else text

    def letter(self, text: str) -> str:
        """A letter doubled, dropped, or swapped with the next."""
        if len(text) < 3:
            return text
        at = self.chance.randrange(1, len(text) - 1)
        return self.pick(
            text[:at] + text[at] + text[at:],
            text[:at] + text[at + 1 :],
            text[:at] + text[at + 1] + text[at] + text[at + 2 :],
        )

    def replaced(self, text: str, table: tuple[tuple[str, str], ...]) -> str:
        lower = text.lower()
        fit = [(old, new) for old, new in table if old in lower[1:]]
        if not fit:
            return text
        old, new = self.chance.choice(fit)
        at = lower.index(old, 1)
        return text[:at] + new + text[at + len(old) :]

    # Fields

    def given(self, person: Person, others: bool) -> str:
        text = person.given
        if person.others and self.on("given_second"):
            text = person.others[0]
        elif text in words()["nicknames"] and self.on("given_nickname"):
            text = self.pick(*words()["nicknames"][text])
        elif text in words()["writings"] and self.on("given_writing"):
            text = self.pick(*words()["writings"][text])
        elif self.on("given_gender"):
            text = text.removesuffix("e") if text.endswith("e") else text + "e"
        if self.on("given_sound"):
            text = self.replaced(text, SOUNDS)
        if self.on("given_key"):
            text = self.key(text)
        if self.on("given_letter"):
            text = self.letter(text)
        if "-" in text and self.on("given_joined"):
            text = text.replace("-", self.pick(" ", ""))
        if self.on("given_initial"):
            text = "-".join(part[:1] for part in text.split("-") if part) + self.pick("", ".")
        elif self.on("given_truncated"):
            text = text[: self.chance.randrange(4, 7)]
        if others and person.others and self.on("given_several"):
            text = self.pick(" ", ", ").join((text, *person.others))
        if self.on("given_title"):
            text = ("Mme " if person.sex == "F" else "M. ") + text
        return "" if self.on("given_empty") else text

    def misspelt(self, name: str) -> str:
        if self.on("surname_sound"):
            name = self.replaced(name, SOUNDS)
        if self.on("surname_key"):
            name = self.key(name)
        if self.on("surname_letter"):
            name = self.letter(name)
        if self.on("surname_ocr"):
            name = self.replaced(name, OCR)
        if "-" in name and self.on("surname_compound_cut"):
            name = self.chance.choice(name.split("-"))
        if re.search(r"[ ’']", name) and self.on("surname_particle"):
            name = (
                re.sub(r"[ ’']", "", name) if self.chance.random() < 0.7 else re.split(r"[ ’']", name, maxsplit=1)[1]
            )
        return name

    def surname(self, person: Person, another: str) -> str:
        """One cell: usage name, or birth name, or both in one of the ways files have."""
        usage, birth = self.misspelt(person.usage_name), person.birth_name
        if person.usage_name == birth:
            return self.misspelt(another) if person.sex == "F" and self.on("surname_remarried") else usage
        if self.on("surname_birth"):
            return self.misspelt(birth)
        if self.on("surname_both"):
            return self.pick(
                f"{usage} née {birth}", f"{birth} épouse {usage}", f"{birth} ép. {usage}", f"{usage}-{birth}",
                f"{birth}-{usage}", f"{usage} ({birth})", f"{birth} Vve {usage}", f"Vve {usage}",
            )  # fmt: skip
        return self.misspelt(another) if self.on("surname_remarried") else usage

    def born(self, person: Person) -> date | str:
        """A date, or the text that stands in its place."""
        when = person.born
        if self.on("date_missing"):
            return ""
        if self.on("date_placeholder"):
            return self.pick("01/01/1900", "01/01/1901", "11/11/1111", "00/00/0000")
        if self.on("date_january"):
            return date(when.year, 1, 1)
        if self.on("date_year_only"):
            return self.pick(str(when.year), f"00/00/{when.year}")
        if person.spouse and self.on("date_spouse"):
            when = person.spouse.born
        if self.on("date_swapped") and when.day <= 12:
            when = date(when.year, when.day, when.month)
        if self.on("date_digit"):
            when = self._digit(when)
        if self.on("date_decade"):
            when = _year(when, when.year + self.chance.choice((-10, 10)))
        if self.on("date_near_year"):
            when = _year(when, when.year + self.chance.choice((-2, -1, 1, 2)))
        return when

    def _digit(self, when: date) -> date:
        for _ in range(9):
            text = when.strftime("%d%m%Y")
            at = self.chance.choice((0, 1, 2, 3, 6, 7))
            text = text[:at] + str(self.chance.randrange(10)) + text[at + 1 :]
            try:
                found = date(int(text[4:]), int(text[2:4]), int(text[:2]))
            except ValueError:
                continue
            if found != when:
                return found
        return when

    def phones(self, person: Person, stranger: str, service: str, fixed_first: float) -> list[str]:
        """National numbers, ten digits; some of another person."""
        mobile = person.old_mobile if self.on("phone_old") else person.mobile
        lines = [line for line in (mobile, person.fixed) if line]
        if len(lines) == 2 and self.chance.random() < fixed_first:
            lines.reverse()
        if not lines or self.on("phone_missing"):
            return []
        if not self.on("phone_several"):
            lines = lines[:1]
        if self.on("phone_digit"):
            at = self.chance.randrange(2, 10)
            lines[0] = lines[0][:at] + str((int(lines[0][at]) + self.chance.randrange(1, 9)) % 10) + lines[0][at + 1 :]
        if self.on("phone_child"):
            lines[0] = stranger
        if self.on("phone_service"):
            lines[0] = service
        if self.on("phone_filler"):
            lines[0] = self.pick("0000000000", "0612345678", "0123456789", "0600000000")
        return lines

    def place(self, person: Person) -> Place:
        return person.old_place if self.on("address_moved") else person.place

    def address(self, place: Place, other: str) -> str:
        """The line of the street; empty when it is not said."""
        if self.on("address_missing"):
            return ""
        if self.on("address_domiciled"):
            return f"Domicilié au CCAS de {place.town.name}"
        number, way, street = place.number, place.way, place.street
        if self.on("address_typed"):
            street = self.letter(street) if self.chance.random() < 0.5 else self.key(street)
        if self.on("address_short"):
            short = words()["short"]
            way = self.pick(*short.get(way, [way]))
            parts = re.split(r"([ -])", street)
            street = "".join(self.pick(*short[part]) if part in short else part for part in parts)
        if self.on("address_type_dropped"):
            way = ""
        if self.on("address_number"):
            number = self.pick("", f"{number.split()[0]}-{int(number.split()[0]) + 2}")
        elif number.endswith(("bis", "ter")):
            head, tail = number.split()
            number = self.pick(number, f"{head}{tail}", f"{head}{tail[0].upper()}", f"{head} {tail[0].upper()}", head)
        said = " ".join(part for part in (number + self.pick("", "", ","), way, street) if part.strip(","))
        if self.on("address_residence"):
            return f"Résidence {self.pick(*words()['residences'])}"
        if place.note:
            said = f"{place.note} {said}"
        if self.on("address_flat"):
            flat = self.chance.randrange(1, 60)
            said += self.pick(
                f" appt {flat}", f" Bât {'ABCD'[flat % 4]}", f", esc. {flat % 4 + 1} porte {flat}", f" apt {flat}"
            )
        if self.on("address_chez"):
            said = f"chez M. {other} {said}"
        return said

    def town(self, place: Place) -> tuple[str, str]:
        """(postcode, town)."""
        postcode, town = place.postcode, place.town.name
        if self.on("postcode_wrong"):
            at = self.chance.randrange(2, 5)
            postcode = postcode[:at] + str(self.chance.randrange(10)) + postcode[at + 1 :]
        if self.on("town_cedex"):
            town += " Cedex"
        return postcode, town


def _year(when: date, year: int) -> date:
    try:
        return when.replace(year=year)
    except ValueError:
        return when.replace(year=year, day=28) + timedelta(days=1)
