"""One row of a file to the cells of a register: the clean value, what the file said when it said otherwise, problems.

A received value is kept beside the clean one (`phone~`) when cleaning did more than layout: `06.39.98.12.34` becomes
`+33639981234` without it, `639981234` keeps it. Unmapped columns are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from entremise.registers.engine.cells import address_cell, address_in, names_cell, names_in
from entremise.registers.engine.fields import Communes, address as read_address, birth_date, phones
from entremise.registers.engine.intake.problems import worst
from entremise.registers.engine.intake.saying import (
    commune_codes,
    past_day,
    same_day,
    same_digits,
    told_apart,
    two_rows,
)
from entremise.registers.engine.intake.scrubbing import REMOVED, repaired, scrubbed
from entremise.registers.engine.names import EMPTY, TITLES, two_persons, upper

LONGEST = {"names": 160, "address": 200, "note": 2000}
LONG = 300
"""Characters of a clean cell, by field."""
MOST_PHONES = 4
BETWEEN = " / "
"""Between two telephones of one cell: each is found by the vault's index."""
JOINED = " · "
NAMES = ("last_name", "first_name", "usage_name", "birth_name", "names", "civility")
PLAIN_TITLES = frozenset({"", "M", "M.", "Mme", "MME", "Mr", "MR", "Monsieur", "Madame", "Mlle"})
TOTALS = ("TOTAL", "SOUS TOTAL", "TOTAUX", "NOMBRE", "EFFECTIF", "NB ")
_DAYS = (("requested_on", "requested_unreadable"), ("informed_on", "informed_unreadable"),
         ("acknowledged_on", "acknowledged_unreadable"))  # fmt: skip
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@([A-Za-z0-9-]+\.)+[A-Za-z]{2,63}")
_CAPACITY = (
    ("b", re.compile(r"INAPTE|INAPTITUDE|\b60\b|\bB\b")),
    ("c", re.compile(r"HANDICAP|\bAAH\b|\bPCH\b|\bACTP\b|INVALIDITE|\bCMI\b|RQTH|\bPH\b|\bC\b")),
    ("a", re.compile(r"\b65\b|AGEE?S?\b|AINEE?S?\b|SENIOR|RETRAITE|\bPA\b|\bA\b")),
)


CAPACITIES = {
    "a": "65 ans ou plus",
    "b": "plus de 60 ans, reconnue inapte au travail",
    "c": "adulte en situation de handicap",
}
"""The words an enrolment writes (CASF R.121-4): the same, whichever way a person came in."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a file is read with. `fields`: those of the register's profile; `required`: those whose lack is said.

    `epoch`: the day zero of the workbook; `month_first`: dates written 03/28/1938.
    """

    mapping: Sequence[str]
    fields: frozenset[str]
    required: tuple[str, ...] = ()
    epoch: int = 1900
    month_first: bool = False
    today: date = date(2026, 1, 1)


@dataclass(slots=True, repr=False)
class Cleaned:
    """What a row becomes. Never printed, never logged. `parts`: what it said, by target, cell by cell; `proposals`:
    the two rows a row of two persons would make."""

    line: int
    codes: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    received: dict[str, str] = field(default_factory=dict)
    parts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    number: str = ""
    informed_on: date | None = None
    acknowledged_on: date | None = None
    proposals: list[dict[str, str]] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<Cleaned {self.line} {self.codes}>"

    @property
    def outcome(self) -> str:
        return worst(self.codes)

    @property
    def said(self) -> dict[str, str]:
        """What it said, by target, to be put right on screen."""
        return {target: JOINED.join(parts) for target, parts in self.parts.items() if parts}

    @property
    def cells(self) -> dict[str, str]:
        """What is sealed: the values, and what was received when it said otherwise."""
        return self.values | {f"{name}~": text for name, text in self.received.items() if text}

    @property
    def first_phone(self) -> str:
        return self.values.get("phone", "").split(BETWEEN)[0]

    @property
    def birth(self) -> str:
        """The full date, ISO; "" when only the year is known."""
        day = self.values.get("birth_date", "")
        return day if len(day) == 10 else ""

    def keys(self) -> dict[str, str]:
        """What recognises the row in a later file of its source, the strongest first. `n`: the source's own number,
        alone when there is one; else the name with the birth (`b`), the telephone (`p`), the address (`a`)."""
        if self.number:
            return {"n": upper(self.number)}
        who = " ".join(sorted(upper(self.values.get("names", "")).split()))
        said = {"b": self.birth, "p": self.first_phone, "a": upper(self.values.get("address", ""))}
        return {kind: f"{who}|{text}" for kind, text in said.items() if text} or {"w": who}

    def content(self) -> str:
        """All that the row says, to know whether a later file says otherwise."""
        told = self.informed_on.isoformat() if self.informed_on else ""
        cells = [f"{name}\x1f{self.values[name]}" for name in sorted(self.values)]
        raw = [f"{name}~\x1f{self.received[name]}" for name in sorted(self.received)]
        sent = [f"acknowledged_on\x1f{self.acknowledged_on.isoformat()}"] if self.acknowledged_on else []
        return "\x1e".join([*cells, *raw, *sent, told])


class Cleaner:
    """Cleans rows of one file; built once. `known`: is this word a first name? `town_names`: INSEE code → name."""

    def __init__(
        self,
        settings: Settings,
        communes: Communes,
        town_names: Mapping[str, str],
        known: Callable[[str], bool],
        headings: Sequence[str] = (),
    ) -> None:
        self.settings, self.communes, self.town_names, self.known = settings, communes, town_names, known
        self.columns: dict[str, list[int]] = {}
        for rank, target in enumerate(settings.mapping):
            if target:
                self.columns.setdefault(target, []).append(rank)
        typed = {"names", "birth_date", "phone", "email", "address", "requested_on"}
        self._plain_fields = sorted((settings.fields & self.columns.keys()) - typed)
        self._headings = [upper(name) for name in headings]
        self._own = set().union(*self.columns.values()) if self.columns else set()

    def clean(self, line: int, cells: Sequence[str]) -> Cleaned:
        """Never raises, whatever the row holds."""
        row = Cleaned(line)
        if nobody := self._nobody(cells):
            row.codes.append(nobody)
            return row
        said = {}
        width = len(cells)
        for target, ranks in self.columns.items():
            if len(ranks) > 1:
                found = self._read(row, cells, target)
            elif ranks[0] >= width or not (text := cells[ranks[0]]):
                continue
            elif len(text) < 13 and text.isascii() and text.isprintable():
                found = [text]  # nine cells in ten
            else:
                found = self._read(row, cells, target)
            if found:
                said[target] = found
        return self._clean(row, said)

    def clean_said(self, line: int, said: Mapping[str, str]) -> Cleaned:
        """A row put right on screen: target → what was typed."""
        row = Cleaned(line)
        kept = {target: [part for part in (said.get(target) or "").split(JOINED) if part] for target in self.columns}
        return self._clean(row, {target: [scrubbed(part.strip()) for part in parts] for target, parts in kept.items()})

    def _clean(self, row: Cleaned, said: Mapping[str, Sequence[str]]) -> Cleaned:
        row.parts = said
        self._names(row, said)
        self._birth(row, said)
        self._phones(row, said)
        self._address(row, said)
        self._dates(row, said)
        self._others(row, said)
        if "number" in said or "file_number" in said:
            row.number = " ".join([*said.get("number", ()), *said.get("file_number", ())])[:60].strip()
            if REMOVED in row.number:
                row.number = ""
        for name in self.settings.required:
            if not row.values.get(name) and name != "names":
                row.codes.append(f"missing_{name}")
        for name, text in row.values.items():
            if len(text) > LONGEST.get(name, LONG):
                row.codes.append({"names": "name_long", "address": "address_long"}.get(name, "value_too_long"))
        for name, text in row.received.items():
            row.received[name] = text[:1000]
        if len(row.codes) > 1:
            row.codes = list(dict.fromkeys(row.codes))
        return row

    # what a row says

    def _cells(self, cells: Sequence[str], target: str) -> list[str]:
        return [cells[rank] for rank in self.columns.get(target, ()) if rank < len(cells) and cells[rank]]

    def _read(self, row: Cleaned, cells: Sequence[str], target: str) -> list[str]:
        found = []
        for text in self._cells(cells, target):
            if not text.isascii() and (better := repaired(text)) != text:
                row.codes.append("letters_repaired")
                text = better
            if len(text) >= 13 and (better := scrubbed(text)) != text:
                row.codes.append("nir_removed")
                text = better
            found.append(
                "".join(sign for sign in text if sign >= " " or sign in "\n\t") if not text.isprintable() else text
            )
        return found

    def _nobody(self, cells: Sequence[str]) -> str:
        filled = [rank for rank, cell in enumerate(cells) if cell]
        if not filled:
            return "blank_row"
        if self._headings and len(filled) > 1:
            same = sum(
                1 for rank in filled if rank < len(self._headings) and upper(cells[rank]) == self._headings[rank]
            )
            if same >= max(2, 0.8 * len(filled)):
                return "repeated_heading"
        first = upper(cells[filled[0]])
        mine = [rank for rank in filled if rank in self._own]
        if first.startswith(TOTALS) and len(mine) <= 2 and not any(phones(cells[rank])[0] for rank in mine):
            rest = [cells[rank] for rank in filled[1:]]
            if all(not any(sign.isalpha() for sign in cell) for cell in rest):
                return "total_row"
        return "" if mine else "blank_row"

    # names

    def _names(self, row: Cleaned, said: Mapping[str, Sequence[str]]) -> None:
        part = {name: " ".join(said[name]) if name in said else "" for name in NAMES}
        raw = [text for name, text in part.items() if text and name != "civility"]
        last, first, usage, birth, whole = (self._plain(part[name]) if part[name] else "" for name in NAMES[:5])
        alone = part["civility"] in PLAIN_TITLES and not any(" " in text for text in raw)
        if not alone and two_persons(*filter(None, (part["civility"], *(part[name] for name in NAMES[:2]), whole))):
            row.codes.append("two_persons")
            row.proposals = two_rows(whole, last or usage or birth, part["first_name"])
        if whole and not (last or first):
            found = names_in(whole, self.known)
            last, first = found.get("last_name", ""), found.get("first_name", "")
            if "," not in whole and first and not told_apart(whole) and len(whole.split()) > 1:
                row.codes.append("names_order")
        name = names_cell(last=last, first=first, birth=birth, usage=usage).strip(" ,")
        if not name:
            row.codes.append("name_missing")
            return
        row.values["names"] = name
        if upper(" ".join(raw)) != upper(name):
            row.received["names"] = " | ".join(raw)

    @staticmethod
    def _plain(text: str) -> str:
        """Without titles in front nor words that say nothing (« inconnu »), as the file writes the rest."""
        found = text.split()
        if len(found) == 1 and len(text) > 7 and text.isalpha():
            return text
        while len(found) > 1 and upper(found[0]) in TITLES:
            found = found[1:]
        if all(upper(word) in EMPTY or not upper(word) for word in found) or upper(" ".join(found)) in TITLES:
            return ""
        return " ".join(found)

    # birth, telephones

    def _birth(self, row: Cleaned, said: Mapping[str, Sequence[str]]) -> None:
        raw = " ".join(said.get("birth_date", ())).strip()
        if not raw:
            return
        text = raw
        if self.settings.month_first and (found := re.match(r"(\d{1,2})([/.-])(\d{1,2})(.*)", text, re.DOTALL)):
            text = f"{found[3]}{found[2]}{found[1]}{found[4]}"
        read = birth_date(text, today=self.settings.today, epoch=self.settings.epoch)
        row.codes += read.codes
        clean = f"{read.dob[:4]}-{read.dob[4:6]}-{read.dob[6:]}" if read.dob else (read.year or "")
        if clean:
            row.values["birth_date"] = clean
        if not clean or not same_day(raw, clean):
            row.received["birth_date"] = raw

    def _phones(self, row: Cleaned, said: Mapping[str, Sequence[str]]) -> None:
        raw = list(said.get("phone", ()))
        numbers: list[str] = []
        for text in raw:
            found, codes = phones(text)
            row.codes += codes
            numbers += [number for number in found if number not in numbers]
        if numbers:
            row.values["phone"] = BETWEEN.join(numbers[:MOST_PHONES])
        if raw and not (len(numbers) <= MOST_PHONES and same_digits(raw, numbers)):
            row.received["phone"] = BETWEEN.join(raw)
        if text := " ".join(said.get("email", ())).strip():
            found_mail = _EMAIL.search(text.removeprefix("mailto:"))
            if found_mail:
                row.values["email"] = found_mail[0].lower()
            else:
                row.codes.append("email_unreadable")
            if not found_mail or found_mail[0].lower() != text.lower():
                row.received["email"] = text

    # addresses

    def _address(self, row: Cleaned, said: Mapping[str, Sequence[str]]) -> None:
        whole = ", ".join(said.get("address", ())).strip()
        street, more, postcode, town = (
            mark.join(said.get(name, ())).strip()
            for name, mark in (("street", ", "), ("more", ", "), ("postcode", " "), ("town", " "))
        )
        raw = [text for text in (street, more, whole, postcode, town) if text]
        if not raw:
            return
        if whole:
            inside = address_in(whole.replace("\n", ", "))
            street = ", ".join(filter(None, [street, inside.get("address", "")]))
            postcode, town = postcode or inside.get("postcode", ""), town or inside.get("town", "")
        found = self.communes.resolve(town, postcode)
        clean_code = postcode
        if digits := re.sub(r"\D", "", postcode):
            clean_code = digits.zfill(5) if 4 <= len(digits) <= 5 else postcode
        clean_town = town
        if found.how in ("fuzzy", "postcode_only") and found.code:
            clean_town = self.town_names.get(found.district or found.code, town)
        row.codes += commune_codes(found.how, town)
        row.values["address"] = address_cell(street=street, more=more, postcode=clean_code, town=clean_town)
        if not row.values["address"]:
            del row.values["address"]
        elif read_address(street or whole).domiciled:
            row.codes.append("domiciled")
        if upper(" ".join(raw)) != upper(row.values.get("address", "")):
            row.received["address"] = " | ".join(raw)

    # the others

    def _dates(self, row: Cleaned, said: Mapping[str, Sequence[str]]) -> None:
        for target, code in _DAYS:
            raw = " ".join(said.get(target, ())).strip()
            if not raw:
                continue
            day = past_day(raw, today=self.settings.today, epoch=self.settings.epoch,
                           month_first=self.settings.month_first)  # fmt: skip
            if day is None:
                row.codes.append(code)
            if target == "informed_on":
                row.informed_on = day
                continue
            if target == "acknowledged_on":
                row.acknowledged_on = day
                continue
            if day is not None:
                row.values[target] = day.isoformat()
            if day is None or not same_day(raw, day.isoformat()):
                row.received[target] = raw
        asked = row.values.get("requested_on", "")
        if row.acknowledged_on and (not asked or row.acknowledged_on.isoformat() < asked):
            row.acknowledged_on = None  # a letter answers a request: before it, or without it, it proves nothing
            row.codes.append("acknowledged_before")

    def _others(self, row: Cleaned, said: Mapping[str, Sequence[str]]) -> None:
        for name in self._plain_fields:
            if name not in said:
                continue
            raw = JOINED.join(" ".join(text.split()) if name != "note" else text.strip() for text in said[name])
            if not raw or upper(raw) in EMPTY:
                continue
            row.values[name] = raw
            if name == "capacity":
                clean = next((code for code, shape in _CAPACITY if shape.search(upper(raw))), "")
                if not clean:
                    row.codes.append("capacity_unknown")
                else:
                    row.values[name] = CAPACITIES[clean]
                    if upper(raw) not in (upper(CAPACITIES[clean]), clean.upper(), "65 ANS ET PLUS"):
                        row.received[name] = raw
            elif name == "third_party" and "capacity" in self.settings.fields:
                row.codes.append("third_party_named")
