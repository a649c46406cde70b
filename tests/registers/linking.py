"""Two registers of people of fiction, a grant of two colleges, and runs of linkage done here, without a worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from entremise.kernel import clock, ids
from entremise.kernel.actors import Actor
from entremise.people.models import Person
from entremise.people.queries import together_many
from entremise.registers import usecases
from entremise.registers.models import LinkageRun
from entremise.registers.usecases.linkage import applying, working
from entremise.vault import queries as facts, usecases as vault
from entremise.vault.models import SpecialRequest
from tests.vault.granting import Town
from tests.vault.registers import open_apa

LEGAL, FILE = "canicule-essai", "apa-essai"
MACHINE = Actor.machine("essais")
WHY = "Éviter deux appels à la même personne"
FIELDS = ("names", "birth_date", "phone", "address")
STREETS = ("rue des Lilas", "avenue Pasteur", "chemin du Moulin", "place Gambetta", "impasse du Stade")
FIRST = ("Odette", "Lucien", "Yvonne", "Marcel", "Fatima", "René", "Simone", "Paulette", "Henriette", "Fernand")
LAST = ("FABRE", "ROCHE", "MARCHAND", "LEROUX", "GARNIER", "COLIN", "AUBERT", "PERROT", "HUBERT", "NOEL", "BRUN")
JEANNINE = {
    "names": "DUPONT épouse LE GOFF, Jeannine", "birth_date": "12/03/1938", "phone": "+33639980001",
    "address": "12 bis av. du Gal de Gaulle, 38000 Grenoble",
}  # fmt: skip
JEANINE = {**JEANNINE, "names": "LEGOFF, Jeanine", "birth_date": "03/12/1938"}


def somebody(n: int) -> dict[str, str]:
    """A person of fiction among many: another name, birth, telephone and house for each number."""
    return {
        "names": f"{LAST[n % 11]}, {FIRST[(n // 11 + n) % 10]}",
        "birth_date": f"{1 + n % 28:02}/{1 + n % 12:02}/{1925 + n * 7 % 40}",
        "phone": f"+3363998{1000 + n:04}",
        "address": f"{1 + n} {STREETS[n % 5]}, 38000 Grenoble",
    }


def sealed(register: str, *said: dict[str, str]) -> list[UUID]:
    """New persons with these cells in a register; the ids of their records, in order."""
    rows = {Person.objects.create(pk=ids.uuid7()).pk: values for values in said}
    cells = {who: {f"{register}.{name}": text for name, text in values.items()} for who, values in rows.items()}
    vault.write_many(MACHINE, rows=cells, register=register, purpose="registers.keep", motive="Personnes de fiction")
    found = {row.person: row.record for row in facts.records_among(list(rows), [register])}
    return [found[who] for who in rows]


def person_of(record: UUID) -> UUID:
    return facts.records_named([record])[record].person


def groups(*records: UUID) -> set[frozenset[UUID]]:
    """These records by the person they are read as."""
    whose = {record: person_of(record) for record in records}
    one = together_many(whose.values())
    return {frozenset(record for record in records if whose[record] in one[whose[other]]) for other in records}


@dataclass
class Linking:
    """The keeper who asked, the two who agreed, and a run whenever it is wanted."""

    fields: tuple[str, ...] = FIELDS
    numbers: bool = True
    days: int = 200
    town: Town = field(default_factory=Town)
    keeper: Actor = field(init=False)
    grant: SpecialRequest = field(init=False)

    def __post_init__(self) -> None:
        open_apa(code=LEGAL, profile="canicule", kind="legal", label="Registre d’essai")
        open_apa(code=FILE, profile="apa", label="Fichier d’essai")
        self.keeper = self.town.keeper
        self.grant = self.granted()

    def granted(self, **changed: Any) -> SpecialRequest:
        asked = [f"{code}.{name}" for code in (LEGAL, FILE) for name in self.fields]
        asked += [f"{FILE}.file_number"] if self.numbers else []
        said = {
            "kind": "programme", "purpose": "registers.link", "motive": "Rapprocher le registre et le fichier",
            "registers": [LEGAL, FILE], "fields": asked, "days": self.days, "cap": 60_000,
        }  # fmt: skip
        return self.town.granted(vault.ask(self.keeper, **{**said, **changed}))

    def start(self, mode: str = "full") -> LinkageRun:
        return usecases.start_run(self.keeper, request=self.grant.public_id, mode=mode, motive=WHY)

    def run(self, mode: str = "full") -> LinkageRun:
        """Started, taken and done by this very process."""
        row = self.start(mode)
        taken = applying.take(row.pk, clock.now() + timedelta(minutes=2))
        assert taken is not None
        working.work(taken.pk, taken.token)
        row.refresh_from_db()
        return row
