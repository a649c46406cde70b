"""A register of fiction ready to be targeted: people with the facts a test needs, and a granted request."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from entremise.kernel import clock, ids
from entremise.kernel.actors import Actor
from entremise.people.models import Person
from entremise.registers.models import Cohort, Targeting
from entremise.registers.usecases import ask_targeting, draft_cohort
from entremise.registers.usecases.targeting.computation import fields_of
from entremise.registers.usecases.targeting.running import run
from entremise.vault import usecases as vault
from tests.vault.granting import Town
from tests.vault.registers import CODE, MACHINE, open_apa

OTHER = "canicule-essai"
GRENOBLE, ECHIROLLES, VOIRON = "38000 Grenoble", "38130 Échirolles", "38500 Voiron"


@dataclass
class Board:
    """Two registers, their keeper, a granted request that covers what the computation reads."""

    codes: Sequence[str] = (CODE,)
    town: Town = field(default_factory=Town)
    request: str = ""

    def __post_init__(self) -> None:
        open_apa()
        if OTHER in self.codes:
            open_apa(code=OTHER, profile="canicule", label="Alerte")
        self.request = self.ask().public_id

    @property
    def keeper(self) -> Actor:
        return self.town.keeper

    def ask(self, fields: Sequence[str] | None = None, cap: int = 5_000) -> Any:
        row = vault.ask(
            self.keeper, kind="programme", purpose="registers.target", motive="Repérer qui appeler d’abord",
            registers=list(self.codes), fields=fields or fields_of(self.codes), days=30, cap=cap,
        )  # fmt: skip
        return self.town.granted(row)

    def people(self, rows: Sequence[dict[str, str]], code: str = CODE, names: str = "Fiction") -> list[UUID]:
        """Persons of fiction, sealed; each has a telephone and a town unless told otherwise."""
        made = Person.objects.bulk_create(Person(id=ids.uuid7()) for _ in rows)
        sealed = {}
        for number, (person, row) in enumerate(zip(made, rows, strict=True)):
            values = {"names": f"{names} {number}", "phone": f"+336399800{number % 100:02}", **row}
            sealed[person.pk] = {f"{code}.{name}": value for name, value in values.items() if value}
        vault.write_many(MACHINE, rows=sealed, register=code, purpose="registers.keep", motive="Personnes de fiction")
        return list(sealed)

    def run(self, registers: Collection[str] = ()) -> Targeting:
        """Asked and done, as a worker would."""
        row = ask_targeting(self.keeper, request=self.request, registers=registers or self.codes)
        run(row.pk)
        row.refresh_from_db()
        return row

    def draft(self, targeting: Targeting, capacity: int = 5, **changed: Any) -> Cohort:
        said = {
            "label": "Appels de la vigilance", "purpose": "outreach.call", "profile": "canicule", "points": {},
            "expires_on": clock.today() + timedelta(days=20),
        }  # fmt: skip
        return draft_cohort(self.keeper, targeting=targeting, capacity=capacity, **{**said, **changed})


def old(year: int = 1942, town: str = GRENOBLE, **more: str) -> dict[str, str]:
    return {"birth_date": f"{year}-05-02", "address": f"3 rue des Essais, {town}", **more}
