"""The computation `registers.target`: facts of each record, decided in the vault's memory, nothing else comes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from entremise.kernel import clock
from entremise.registers import queries
from entremise.registers.engine import facts
from entremise.registers.engine.fragility import pack
from entremise.vault import registry

NAME, PURPOSE = "registers.target", "registers.target"


@registry.computation(
    NAME,
    label="Repérage : ce que chaque fiche permet de compter",
    purpose=PURPOSE,
    fields=facts.FIELDS,
    streamed=True,
)
def target(rows: Iterable[registry.Row]) -> Iterator[tuple[UUID, int, int]]:
    """Record, commune as a number, facts as a number in base three: no name is fed, no word comes out."""
    today, towns = clock.today(), queries.communes()
    for row in rows:
        held = registry.profile(row.register).fields
        found = facts.facts_of(row.values, fields=held, today=today)
        commune = facts.commune_of(row.values.get("address", ""), towns)
        yield row.record, facts.numbered(commune), pack(found)


def fields_of(registers: Sequence[str]) -> list[str]:
    """The fields the computation reads in these registers, as a request names them (`apa.birth_date`)."""
    return [f"{code}.{name}" for code in registers for name in facts.FIELDS if name in registry.profile(code).fields]
