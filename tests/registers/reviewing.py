"""Doubtful pairs to be read, over real sealed records of people of fiction, under a grant of two colleges."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

from entremise.kernel import clock, ids
from entremise.kernel.actors import Actor
from entremise.people.models import Person
from entremise.registers import usecases
from entremise.registers.models import LinkageModel, LinkageRun, Pair
from entremise.registers.queries import starting_model
from entremise.vault import queries as vault_queries, usecases as vault
from entremise.vault.models import SpecialRequest
from tests.accounts.factories import agent
from tests.vault.granting import Town, proved
from tests.vault.registers import open_apa

LEGAL, FILE = "canicule-essai", "apa-essai"
LABELS = {LEGAL: "Registre d’essai", FILE: "Fichier APA d’essai"}
MACHINE = Actor.machine("essais")
_numbers = count(1)

JEANNINE = {
    "names": "DUPONT épouse LE GOFF, Jeannine",
    "birth_date": "1938-03-12",
    "phone": "+33639980001",
    "address": "12 bis av. du Gal de Gaulle, 38000 Grenoble",
}
JEANINE = {**JEANNINE, "names": "LEGOFF, Jeanine", "birth_date": "1938-12-03", "phone": "+33639980002"}


def record(register: str = LEGAL, **values: str) -> UUID:
    """A sealed record of a new person of fiction: its own id, as pairs name it."""
    who = Person.objects.create(pk=ids.uuid7()).pk
    said = {**JEANNINE, "names": f"FICTION, Aline {next(_numbers)}", **values}
    rows = {who: {f"{register}.{name}": value for name, value in said.items() if value}}
    vault.write_many(MACHINE, rows=rows, register=register, purpose="registers.keep", motive="Personnes de fiction")
    return vault_queries.records_among([who], [register])[0].record


def person_of(record: UUID) -> UUID:
    return vault_queries.records_named([record])[record].person


@dataclass
class Review:
    """Two registers, a grant asked by `rose`, and two more keepers who read: `mehdi`, `ines`."""

    town: Town = field(default_factory=Town)
    rose: Actor = field(init=False)
    mehdi: Actor = field(init=False)
    ines: Actor = field(init=False)
    grant: SpecialRequest = field(init=False)
    run: LinkageRun = field(init=False)

    def __post_init__(self) -> None:
        open_apa(code=LEGAL, profile="canicule", kind="legal", label=LABELS[LEGAL])
        open_apa(code=FILE, profile="apa", label=LABELS[FILE])
        self.rose = self.town.keeper
        self.mehdi, self.ines = proved(agent("keeper")), proved(agent("keeper"))
        fields = [f"{code}.{name}" for code in (LEGAL, FILE) for name in ("names", "birth_date", "phone", "address")]
        self.grant = self.town.granted(
            vault.ask(
                self.rose, kind="programme", purpose="registers.link", motive="Rapprocher le registre et le fichier",
                registers=[LEGAL, FILE], fields=fields, days=200, cap=60_000,
            )
        )  # fmt: skip
        model = LinkageModel.objects.create(
            version=LinkageModel.objects.count() + 1, body=starting_model(), sha256="0" * 64, prepared_schema=1,
            high=12.0, low=0.0, state="proposed",
        )  # fmt: skip
        self.run = LinkageRun.objects.create(
            request=self.grant.public_id, registers=[LEGAL, FILE], motive="Essai", model=model, high=12.0, low=0.0,
            state="done", asked_by=self.rose.user_id, proved_at=clock.now(),
        )  # fmt: skip

    def pair(self, left: UUID | None = None, right: UUID | None = None, **changed: Any) -> Pair:
        """Two new records of the two registers, or these; to be read by one person unless said otherwise."""
        ends = sorted((left or record(LEGAL, **JEANNINE), right or record(FILE, **JEANINE)))
        found = vault_queries.records_named(ends)
        facts = {
            "weight": 9.5, "levels": [3, 2, 4, 5], "rule": "1", "outcome": "to_review", "rank": 3,
            "state": "to_review",
        }  # fmt: skip
        return Pair.objects.create(
            run=self.run, request=self.grant.public_id, left=ends[0], right=ends[1],
            left_register=found[ends[0]].register, right_register=found[ends[1]].register, **{**facts, **changed},
        )  # fmt: skip

    def says(self, reader: Actor, pair: Pair, answer: str, reason: str = "") -> usecases.Answered:
        """Take this pair and answer."""
        held = usecases.claim_pair(reader, pair=pair)
        assert held is not None
        return usecases.decide_pair(reader, pair=held, answer=answer, reason=reason, token=held.token)


def user(actor: Actor) -> Any:
    from entremise.accounts.models import User

    return User.objects.get(pk=actor.user_id)
