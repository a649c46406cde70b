"""One person seen from a purpose: for each field, which register said it, in which file, at which row, when.

No merged copy exists. Each time, the cells that the purpose may read are opened, record by record, by the vault; what
is not name, birth, telephone or address is never carried from one register to another (reference linkage § 8).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.people.queries import current, together
from entremise.registers.engine import cells
from entremise.registers.engine.fields import birth_date, phones
from entremise.registers.engine.names import upper
from entremise.registers.engine.resolve import may_be_one
from entremise.registers.queries.imports import Origin, provenance_many
from entremise.registers.queries.tables import first_names
from entremise.vault import queries as facts, registry, usecases as vault

SHARED = ("names", "first_name", "last_name", "birth_date", "phone", "address")
DECLARED, LEGAL, OTHER = range(3)


@dataclass(frozen=True, slots=True, repr=False)
class Said:
    """A value and where it comes from. `file`, `row`, `received_on`: empty when the person said it themselves;
    `rule_set` decided the reading, `line` is in the access journal."""

    value: str
    register: str
    label: str
    file: str
    row: int | None
    received_on: date | None
    rule_set: int
    line: int
    rank: int = OTHER

    def __repr__(self) -> str:
        return f"<Said {self.register} {self.row}>"


@dataclass(frozen=True, slots=True, repr=False)
class PersonView:
    """The first of each list is the one to use; the others are history. `birth` is empty under `conflict`: two dates
    that no slip of the pen explains. `refused`: register → why nothing of it is shown."""

    person: UUID
    members: frozenset[UUID]
    names: Sequence[Said] = ()
    births: Sequence[Said] = ()
    phones: Sequence[Said] = ()
    addresses: Sequence[Said] = ()
    conflict: bool = False
    refused: Mapping[str, str] = field(default_factory=dict)


@sensitive_variables()
def person_view(actor: Actor, person: UUID, purpose: str, motive: str) -> PersonView:
    """What the registers say of one person, as this purpose may read it; one journal line per record opened.

    Raises NotFound (in no register), and as `vault.usecases.open`.
    """
    members = together(person)
    rows = {row.code: row for row in facts.registers()}
    held = facts.records_among(sorted(members), list(rows))
    if not held:
        raise NotFound("Cette personne n’est dans aucun registre, ou a demandé son effacement.")
    origins = provenance_many(members)
    said: dict[str, list[Said]] = {name: [] for name in SHARED}
    refused: dict[str, str] = {}
    for code in sorted({one.register for one in held}):
        fields = [name for name in SHARED if name in registry.profile(code).fields]
        if not fields:
            continue
        who = [one.person for one in held if one.register == code]
        opened = vault.open_many(
            actor, persons=who, fields=[f"{code}.{name}" for name in fields], purpose=purpose, motive=motive
        )
        for one, opening in opened.items():
            for name in fields:
                if text := opening.values.get(f"{code}.{name}"):
                    where = (code, rows[code].label, rows[code].kind == "legal")
                    said[name].append(_said(text, where, origins.get(one, ()), opening))
            if not opening.values and opening.reasons:
                refused[code] = opening.reasons[0].reason
    births, conflict = _births(said["birth_date"])
    names = said["names"] + _paired(said["last_name"], said["first_name"])
    head = current([person])[person]
    return PersonView(
        head, members, _names(names), births, _phones(said["phone"]), _latest(said["address"]), conflict, refused
    )


def _said(text: str, where: tuple[str, str, bool], origins: Iterable[Origin], opening: vault.Opening) -> Said:
    code, label, legal = where
    from_file = next((one for one in origins if one.register == code), None)
    if from_file is None:
        return Said(text, code, label, "", None, None, opening.rule_set, opening.number, DECLARED if legal else OTHER)
    file, row, day = from_file.source, from_file.row, from_file.received_on
    return Said(text, code, label, file, row, day, opening.rule_set, opening.number, LEGAL if legal else OTHER)


def _paired(last: Sequence[Said], first: Sequence[Said]) -> list[Said]:
    """Names that a register keeps in two cells, in one."""
    given = {one.line: one.value for one in first}
    return [replace(one, value=cells.names_cell(last=one.value, first=given.get(one.line, ""))) for one in last]


def _day(one: Said) -> date:
    return one.received_on or date.max  # said by the person: the latest word


def _latest(rows: Sequence[Said]) -> list[Said]:
    return sorted(rows, key=lambda one: (one.rank != DECLARED, -_day(one).toordinal(), one.line))


def _names(rows: Sequence[Said]) -> list[Said]:
    """Declared by the person, then the legal register, then the form most files have, then the latest."""
    known = first_names().known

    def form(one: Said) -> str:
        return upper(" ".join(sorted(cells.names_in(one.value, known).values())))

    often = Counter(form(one) for one in rows)
    return sorted(rows, key=lambda one: (one.rank, -often[form(one)], -_day(one).toordinal(), one.line))


def _births(rows: Sequence[Said]) -> tuple[list[Said], bool]:
    """A full date that two records share, else the only one; none when two of them cannot be one person's."""
    today = clock.today()
    dated = [(birth_date(one.value, today=today), one) for one in rows]
    full = [(found.dob, one) for found, one in dated if found.dob]
    if any(not may_be_one(a, b) for a, _ in full for b, _ in full):
        return [], True
    shared = Counter(dob for dob, _ in full)
    ordered = sorted(full, key=lambda pair: (-shared[pair[0]], pair[1].rank, -_day(pair[1]).toordinal()))
    return [one for _, one in ordered], False


def _phones(rows: Sequence[Said]) -> list[Said]:
    """Every telephone, each once, the latest first."""
    found: dict[tuple[str, ...], Said] = {}
    for one in _latest(rows):
        found.setdefault(phones(one.value)[0] or (one.value,), one)
    return list(found.values())
