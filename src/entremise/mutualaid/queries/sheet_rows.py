"""A row of a spreadsheet, checked as the single forms check it: what it says, or why not, in the same sentences."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from entremise.kernel import clock
from entremise.mutualaid import rules
from entremise.mutualaid.engine import answers, masks
from entremise.mutualaid.engine.columns import plain
from entremise.mutualaid.engine.sheets import Table
from entremise.mutualaid.models import Category, SheetImport
from entremise.mutualaid.queries.files import categories
from entremise.people.engine import email, phone
from entremise.rules.queries import values_of
from entremise.territories.models import Territory
from entremise.territories.queries import find_communes, theme

NAME_LENGTH, NOTE_LENGTH, ADDRESS_LENGTH, PAPER_LENGTH = 80, 600, 200, 20

# Code → sentence when it holds no value. Others come with the row.
PROBLEMS = {
    "name": "Indiquez un prénom ou un nom, pour savoir qui demander.",
    "name_long": f"Ce nom est trop long : écrivez {NAME_LENGTH} caractères au plus.",
    "phone": "Le téléphone manque ou n’est pas reconnu.",
    "contact": "Indiquez un téléphone ou un courriel : sans eux, personne ne peut joindre cette personne.",
    "email": "Le courriel n’est pas reconnu.",
    "commune": "La commune manque.",
    "commune_unknown": "La commune n’est pas reconnue.",
    "commune_many": "Plusieurs communes portent ce nom ou ce code postal.",
    "category": "L’aide manque ou n’est pas proposée ici.",
    "category_many": "Une demande porte sur une seule aide : faites une ligne par aide.",
    "urgency": answers.BAD_URGENCY,
    "received_at": "La date de réception n’est pas reconnue, ou elle est à venir.",
    "due_on": "La date souhaitée n’est pas reconnue, ou elle est passée.",
    "slots": answers.BAD_SLOTS,
    "languages": answers.BAD_LANGUAGE,
    "radius": "Le rayon n’est pas un nombre de kilomètres accepté.",
    "monthly_max": "Le nombre de sollicitations par mois n’est pas accepté.",
    "note": f"Les précisions sont trop longues : écrivez {NOTE_LENGTH} caractères au plus.",
    "address": f"L’adresse est trop longue : écrivez {ADDRESS_LENGTH} caractères au plus.",
    "paper_ref": f"Le numéro du papier est trop long : écrivez {PAPER_LENGTH} caractères au plus.",
    "consent": "La personne n’a pas donné son accord : rien n’est enregistré sans lui.",
    "consent_missing": "L’accord n’est pas noté sur cette ligne. Notez « oui », ou déclarez comment il a été donné.",
    "too_many": "Cette personne a déjà le nombre maximal de demandes en cours dans ce fichier.",
}


@dataclass(slots=True, repr=False)
class Checked:
    """One row: `values` to seal, `facts` to keep, or `problems` (code → sentence). Never printed, never logged."""

    line: int
    cells: Sequence[str]
    values: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    twin: bool = False
    """Says the same as a row above."""
    _key: str = ""

    def __repr__(self) -> str:
        return f"<Checked {self.line} {sorted(self.problems)}>"

    @property
    def person_key(self) -> str:
        """Who: the name in any order, the telephone, the e-mail. Asked once the values are complete."""
        if self._key:
            return self._key
        names = sorted(plain(f"{self.values.get('first_name', '')} {self.values.get('last_name', '')}").split())
        self._key = json.dumps([names, self.values.get("phone", ""), self.values.get("email", "")])
        return self._key

    @property
    def print_source(self) -> str:
        """What makes two rows the same, whatever their file: the person for helpers, the request for needs."""
        if "category" not in self.facts:
            return self.person_key
        on = self.facts.get("received_at") if self.facts.get("dated") else None
        said = [self.facts["category"].code, on.isoformat() if on else "", str(self.facts.get("due_on") or "")]
        return json.dumps([self.person_key, *said, plain(self.values.get("note", ""))])


class Checker:
    """Reads once what rows are compared to: kinds of help, limits, communes. Then rows cost no query."""

    @sensitive_variables()
    def __init__(self, sheet: SheetImport, table: Table) -> None:
        self.sheet, self.table = sheet, table
        self.columns: dict[str, list[int]] = {}
        for rank, target in enumerate(sheet.mapping):
            if target and rank < len(table.headings):
                self.columns.setdefault(target, []).append(rank)
        self.kinds = {category.code: category for category in categories()}
        self.words = answers.category_words({c.code: (c.label, c.label_en) for c in self.kinds.values()})
        points = (rules.MAX_REACH, rules.MONTHLY_CAP, rules.MAX_OPEN, rules.DEFAULT_RADIUS)
        self.limits = {key: int(value) for key, value in values_of(*points).items()}
        self.now, self.today = clock.now(), clock.today()
        home = theme().territory
        self.department = (sheet.territory or home).department_code if (sheet.territory or home) else ""  # type: ignore[union-attr]
        wanted = {text for _, cells in table.rows for text in self._places(cells)}
        self.communes = find_communes(wanted)
        self.requests: Counter[str] = Counter()
        self.seen: set[str] = set()

    def rows(self, most: int | None = None) -> Iterator[Checked]:
        for line, cells in self.table.rows[:most]:
            yield self.check(line, cells)

    @sensitive_variables()
    def check(self, line: int, cells: Sequence[str]) -> Checked:
        row = Checked(line, cells)
        self._person(row)
        self._place(row)
        self._common(row)
        (self._need if self.sheet.kind == "needs" else self._helper)(row)
        self._consent(row)
        if not row.problems:
            source = row.print_source
            row.twin = source in self.seen
            self.seen.add(source)
            if self.sheet.kind == "needs" and not row.twin:
                self.requests[row.person_key] += 1
                most = self.limits[rules.MAX_OPEN.key]
                if self.requests[row.person_key] > most:
                    row.problems["too_many"] = (
                        f"Cette personne a déjà {most} demandes en cours dans ce fichier, le maximum prévu par le "
                        "règlement."
                    )
        return row

    def _said(self, cells: Sequence[str], target: str) -> str:
        """The cell of a target, several columns joined, without invisible signs."""
        parts = [cells[rank] for rank in self.columns.get(target, ()) if rank < len(cells) and cells[rank]]
        text = ("\n" if target == "note" else " ; ").join(parts)
        return "".join(sign for sign in text if sign >= " " or sign in "\n\t").strip()

    def _person(self, row: Checked) -> None:
        said = {name: self._said(row.cells, name) for name in ("first_name", "last_name", "email", "address")}
        if whole := " ".join(self._said(row.cells, "name").split()):
            for name, text in answers.split_name(whole).items():
                said[name] = said[name] or text
        if not said["first_name"] and not said["last_name"]:
            row.problems["name"] = PROBLEMS["name"]
        if any(len(" ".join(said[name].split())) > NAME_LENGTH for name in ("first_name", "last_name")):
            row.problems["name_long"] = PROBLEMS["name_long"]
        if len(said["address"]) > ADDRESS_LENGTH:
            row.problems["address"] = PROBLEMS["address"]
        said["note"] = self._said(row.cells, "note")
        try:
            if said["email"]:
                said["email"] = email.normalise(said["email"].replace(",", ";").split(";")[0].split()[0])
        except (ValueError, IndexError) as error:
            row.problems["email"] = str(error)
        number = self._said(row.cells, "phone")
        try:
            if number or self.sheet.kind == "needs":
                said["phone"], *others = answers.phones(number)
                if others:
                    more = ", ".join(phone.readable(one) for one in others)
                    said["note"] = "\n".join(filter(None, [said["note"], f"Autre numéro : {more}"]))
            elif not said["email"]:
                row.problems["contact"] = PROBLEMS["contact"]
        except ValueError as error:
            row.problems["phone"] = str(error)
        if len(said["note"]) > NOTE_LENGTH:
            row.problems["note"] = PROBLEMS["note"]
        row.values = {name: " ".join(v.split()) if name != "note" else v for name, v in said.items() if v}

    def _places(self, cells: Sequence[str]) -> list[str]:
        """How the commune of a row may be looked up, the most precise first."""
        town, code = self._said(cells, "commune"), self._said(cells, "postcode").replace(" ", "")
        if code.isdigit() and len(code) == 4:
            code = f"0{code}"  # a spreadsheet ate the zero of 01000
        return [text for text in (f"{code} {town}" if code and town else "", town, code) if text]

    def _place(self, row: Checked) -> None:
        texts = self._places(row.cells)
        if not texts:
            if self.sheet.territory is None:
                row.problems["commune"] = "Indiquez la commune, par exemple Grenoble ou 38000."
            else:
                row.facts["territory"] = self.sheet.territory
            return
        found: list[Territory] = next((self.communes[text] for text in texts if self.communes.get(text)), [])
        near = [one for one in found if one.department_code == self.department]
        best = found if len(found) == 1 else near
        if not found:
            row.problems["commune_unknown"] = (
                f"Aucune commune ne correspond à « {texts[0][:60]} ». Écrivez son nom ou son code postal, par exemple "
                "38000."
            )
        elif len(best) != 1:
            choices = ", ".join(f"{one.name} ({one.code})" for one in (near or found)[:5])
            row.problems["commune_many"] = (
                f"Plusieurs communes correspondent : {choices}. Écrivez le nom entier ou le code."
            )
        else:
            row.facts["territory"] = best[0]

    def _common(self, row: Checked) -> None:
        for target, parse, absent in (
            ("slots", answers.slots, masks.ANY_SLOT),
            ("languages", answers.languages, 0 if self.sheet.kind == "needs" else 1),
        ):
            text = self._said(row.cells, target)
            try:
                row.facts[target] = parse(text) if text else absent
            except ValueError as error:
                row.problems[target] = str(error)

    def _kinds(self, row: Checked) -> list[Category]:
        text = self._said(row.cells, "category")
        if not text:
            if self.sheet.category is None:
                row.problems["category"] = (
                    "Choisissez l’aide demandée." if self.sheet.kind == "needs" else "Choisissez au moins une aide."
                )
                return []
            return [self.sheet.category]
        try:
            return [self.kinds[code] for code in answers.categories(text, self.words)]
        except ValueError as error:
            row.problems["category"] = str(error)
            return []

    def _helper(self, row: Checked) -> None:
        row.facts["categories"] = self._kinds(row)
        row.facts["radius_m"] = self.limits[rules.DEFAULT_RADIUS.key] * 1000
        row.facts["monthly_max"] = cap = self.limits[rules.MONTHLY_CAP.key]
        for target, name, low, high, factor, unit in (
            ("radius", "radius_m", 1, self.limits[rules.MAX_REACH.key], 1000, " km"),
            ("monthly_max", "monthly_max", 0, cap, 1, ""),
        ):
            if text := self._said(row.cells, target):
                try:
                    row.facts[name] = answers.number(text, low, high, unit) * factor
                except ValueError as error:
                    row.problems[target] = str(error)

    def _need(self, row: Checked) -> None:
        kinds = self._kinds(row)
        if len(kinds) > 1:
            row.problems["category_many"] = PROBLEMS["category_many"]
        if kinds:
            row.facts["category"] = kinds[0]
        text = self._said(row.cells, "urgency")
        try:
            row.facts["urgency"] = answers.urgency(text) if text else (kinds[0].urgency if kinds else "week")
        except ValueError as error:
            row.problems["urgency"] = str(error)
        row.facts["received_at"] = self.now
        if text := self._said(row.cells, "received_at"):
            self._received(row, text)
        if text := self._said(row.cells, "due_on"):
            try:
                row.facts["due_on"] = answers.moment(text)[0]
                if row.facts["due_on"] < self.today:
                    row.problems["due_on"] = "Choisissez une date à venir."
            except ValueError as error:
                row.problems["due_on"] = str(error)
        row.facts["paper_ref"] = self._said(row.cells, "paper_ref")
        if len(row.facts["paper_ref"]) > PAPER_LENGTH:
            row.problems["paper_ref"] = PROBLEMS["paper_ref"]

    def _received(self, row: Checked, text: str) -> None:
        try:
            on, at = answers.moment(text)
        except ValueError as error:
            row.problems["received_at"] = str(error)
            return
        if on > self.today or on < date(2000, 1, 1):
            row.problems["received_at"] = (
                "La date de réception ne peut pas être à venir." if on > self.today else (answers.BAD_DAY)
            )
            return
        moment = timezone.make_aware(datetime.combine(on, at or time(8)))
        row.facts |= {"received_at": min(moment, self.now), "dated": True}

    def _consent(self, row: Checked) -> None:
        if "consent" not in self.columns:
            return  # the basis declared for the whole file stands for every row
        try:
            said = answers.yes(self._said(row.cells, "consent"))
        except ValueError as error:
            row.problems["consent"] = str(error)
            return
        if said is False:
            row.problems["consent"] = PROBLEMS["consent"]
        elif said is None and not self.sheet.basis:
            row.problems["consent_missing"] = PROBLEMS["consent_missing"]
        row.facts["said_yes"] = said is True
