"""Reading a frozen cohort: a page for the keeper, a list on paper for who calls. Callers never see a score."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.people.queries import current, together_many
from entremise.registers import policies, queries
from entremise.registers.engine import fragility
from entremise.registers.models import Cohort, CohortMember
from entremise.registers.usecases.targeting.drafting import open_reasons
from entremise.vault import usecases as vault

PRINTED = declare("registers.cohort.printed", "a imprimé une liste de cohorte")
PAGE: Final = 20
"""Names opened at once on a page (PD)."""
SHEET: Final = 60
"""Lines of a printed list: what the provisional rules allow."""
READING, CALLING = "registers.keep", "Relire l’ordre d’appel proposé par un repérage"


@dataclass(frozen=True, slots=True, repr=False)
class Placed:
    """A person on the keeper's page: rank, means, who (opened now, or why not), the sentence that placed them."""

    rank: int
    channel: str
    name: str
    closed: str
    sentence: str
    points: int
    upper: int


@dataclass(frozen=True, slots=True, repr=False)
class Page:
    rows: Sequence[Placed]
    number: int
    last: int
    usable: int


@sensitive_variables()
@transaction.atomic
def read_cohort(actor: Actor, *, cohort: Cohort, page: int = 1) -> Page:
    """Twenty persons of a frozen cohort who may be reached now, with their names and why they are there.

    Names are opened by the vault, one journal line each, for keeping the register; scores and reasons come from the
    sealed document. Raises NotAllowed, FreshFactorNeeded, ResultDestroyed.
    """
    policies.require_keeper(actor)
    usable = queries.members(cohort, clock.now())
    last = max(1, -(-len(usable) // PAGE))
    number = min(max(1, page), last)
    shown = usable[(number - 1) * PAGE : number * PAGE]
    said = reasons(actor, cohort, {one.person for one in shown})
    names = _names(actor, cohort, [one.person for one in shown])
    rows = []
    for one in shown:
        name, closed = names.get(one.person, ("", "fiche fermée"))
        found = said.get(one.person)
        rows.append(
            Placed(
                one.rank, CohortMember.CHANNELS[one.channel], name, closed,
                fragility.sentence(found) if found else "réunie depuis à une autre fiche",
                found.points if found else 0, found.upper if found else 0,
            )
        )  # fmt: skip
    return Page(rows, number, last, len(usable))


@sensitive_variables()
def reasons(actor: Actor, cohort: Cohort, persons: Collection[UUID]) -> Mapping[UUID, fragility.Score]:
    """The score of these persons of a cohort, with its frozen points, as they are read today."""
    factors = factors_with(cohort)
    entries = open_reasons(actor, cohort)
    today_of = current(entry.person for entry in entries)
    found: dict[UUID, fragility.Score] = {}
    for entry in entries:
        person = today_of[entry.person]
        if person in persons and person not in found:
            found[person] = fragility.score(factors, entry.known())
    return found


def factors_with(cohort: Cohort) -> tuple[fragility.Factor, ...]:
    """The factors of a cohort with the points it was frozen with, whatever was voted since."""
    return fragility.weighted((factor for factor in fragility.FACTORS if factor.code in cohort.points), cohort.points)


@sensitive_variables()
def _names(actor: Actor, cohort: Cohort, persons: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """(name, why it stays closed) by person. The records of those united to them answer too."""
    fields = [f"{code}.names" for code in cohort.registers]
    every = _united(persons)
    opened = vault.open_many(
        actor, persons=[one for ones in every.values() for one in ones], fields=fields, purpose=READING, motive=CALLING
    )
    found = {}
    for person, ones in every.items():
        values = [value for one in ones if one in opened for value in opened[one].values.values()]
        why = [refused.reason for one in ones if one in opened for refused in opened[one].reasons]
        found[person] = (values[0] if values else "", "" if values else (why[0] if why else "fiche fermée"))
    return found


def _united(persons: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    return {person: [person, *sorted(ones - {person})] for person, ones in together_many(persons).items()}


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """What a caller or a visitor holds in hand: no score, no reason."""

    rank: int
    channel: str
    values: Mapping[str, str]


@sensitive_variables()
@transaction.atomic
def print_cohort(actor: Actor, *, cohort: Cohort, motive: str, start: int = 1) -> list[Line]:
    """At most 60 lines of a list to call or visit, from this rank on: names, telephones, addresses, no reason.

    Decided by the vault as any list on paper. Raises NotAllowed, FreshFactorNeeded, MotiveMissing, TooManyRows.
    """
    policies.require_printer(actor)
    usable = [one for one in queries.members(cohort, clock.now()) if one.rank >= start][:SHEET]
    every = _united([one.person for one in usable])
    fields = [f"{code}.{name}" for code in cohort.registers for name in ("names", "phone", "address")]
    opened = vault.open_many(
        actor, persons=[person for ones in every.values() for person in ones], fields=fields, purpose=cohort.purpose,
        motive=motive, listing="print",
    )  # fmt: skip
    lines = []
    for one in usable:
        values: dict[str, str] = {}
        for person in every[one.person]:
            for name, value in (opened[person].values if person in opened else {}).items():
                values.setdefault(name.partition(".")[2], value)
        if values:
            lines.append(Line(one.rank, CohortMember.CHANNELS[one.channel], values))
    record(actor, PRINTED, cohort, rows=len(lines))
    return lines
