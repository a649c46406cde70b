"""One person as several records say them: each value with its file, row, day and rule. Nothing is stored."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.people.queries import together
from entremise.registers.engine.provenance import CHOICES, RULES, VOICES, Voice, Word
from entremise.registers.engine.reading import LINES, Value, values_of
from entremise.registers.models import Enrolment
from entremise.registers.models.life import ENDED
from entremise.registers.queries import Origin, provenance_many
from entremise.registers.usecases.review.opening import fields_of, may_know
from entremise.vault import queries as vault_queries, registry, usecases as vault
from entremise.vault.queries import RecordAt


@dataclass(frozen=True, slots=True, repr=False)
class SourceOf:
    """One record, called by a letter: where what it says comes from. `origin`: the file and its row, None when it came
    from none; `basis`: why this register may hold it. `register` is empty for who may not know it: nothing of its
    origin is told either."""

    letter: str
    register: str
    voice: str
    origin: Origin | None
    day: date | None
    basis: str


@dataclass(frozen=True, slots=True, repr=False)
class Said:
    """One record's word on one field."""

    letter: str
    raw: str
    kept: bool


@dataclass(frozen=True, slots=True, repr=False)
class Field:
    """One field: the value kept and the rule that chose it (`rule` its code), and everything that is said of it."""

    label: str
    kept: tuple[str, ...]
    rule: str
    reason: str
    said: tuple[Said, ...]

    @property
    def conflict(self) -> bool:
        return self.rule == "conflict"


@dataclass(frozen=True, slots=True, repr=False)
class PersonView:
    """`fields` in the order of a form; `sources`: the records read; `closed`: how many no rule opens, and why."""

    fields: tuple[Field, ...]
    sources: tuple[SourceOf, ...]
    closed: int
    reasons: tuple[str, ...]


@sensitive_variables()
def person_view(
    actor: Actor, *, person: UUID, purpose: str, motive: str, registers: Collection[str] | None = None
) -> PersonView:
    """What the records of one person say, and which value is kept for each field, for one purpose.

    Only the registers that serve this purpose (and are in `registers`, when given) are asked; the vault decides on
    each and journals it. Two birth dates that cannot be one person's give none. Raises NotFound, and as
    `vault.open_many`.
    """
    rows = {one.code: one for one in vault_queries.registers() if purpose in one.bases and one.status == "open"}
    codes = [code for code in rows if registers is None or code in registers]
    records = vault_queries.records_among(together(person), codes)
    if not records:
        raise NotFound("Aucune fiche de cette personne ne sert cette finalité.")
    cells, reasons = _open(actor, records, purpose, motive)
    origins = provenance_many({one.person for one in records})
    declared = set(
        Enrolment.objects.filter(person__in=[one.person for one in records], asked_by="self")
        .exclude(state__in=ENDED)
        .values_list("register", "person")
    )
    known = may_know(actor, codes)
    today = clock.today()
    read = [one for one in records if one.record in cells]
    words = {one.record: values_of(cells[one.record], today) for one in read}
    files = {one.record: _origin(origins.get(one.person, []), one.register) for one in read}
    voices: dict[UUID, Voice] = {
        one.record: "declared"
        if (one.register, one.person) in declared
        else "file"
        if files[one.record] is not None
        else "written"
        for one in read
    }
    sources = []
    for at, one in enumerate(read):
        told = one.register in known
        sources.append(
            SourceOf(
                chr(ord("A") + at) if at < 26 else str(at + 1),
                known.get(one.register, ""),
                VOICES[voices[one.record]],
                files[one.record] if told else None,
                _day(files[one.record]),
                registry.BASES.get(rows[one.register].bases[purpose], "") if told else "",
            )
        )
    fields = []
    for label in LINES[1:]:
        said = [
            (source, voices[one.record], words[one.record][label])
            for source, one in zip(sources, read, strict=True)
            if words[one.record][label].raw
        ]
        if said:
            fields.append(_field(label, said))
    return PersonView(tuple(fields), tuple(sources), len(records) - len(read), reasons)


def _field(label: str, said: Sequence[tuple[SourceOf, Voice, Value]]) -> Field:
    words = [
        Word(at, _text(label, value), _keys(label, value), voice, source.day)
        for at, (source, voice, value) in enumerate(said)
    ]
    chosen = CHOICES[label](words)
    told = tuple(Said(source.letter, value.raw, at in chosen.kept) for at, (source, _, value) in enumerate(said))
    kept = tuple(dict.fromkeys(words[at].text for at in chosen.kept))
    return Field(label, kept, chosen.rule, RULES[chosen.rule], told)


def _text(label: str, value: Value) -> str:
    """As written; dates and telephones as they are said, once they could be read."""
    return (value.shown if label in ("Naissance", "Téléphone") else "") or value.raw


def _keys(label: str, value: Value) -> tuple[str, ...]:
    if label != "Naissance":
        return value.keys
    day, _, rest = value.shown.partition("/")
    month, _, year = rest.partition("/")
    return (f"{year}{month}{day}",) if year else ()


def _day(file: Origin | None) -> date | None:
    return file.received_on if file is not None else None


def _origin(origins: list[Origin], register: str) -> Origin | None:
    """The last file that brought or confirmed the record of this register."""
    return next((one for one in origins if one.register == register), None)


@sensitive_variables()
def _open(
    actor: Actor, records: Collection[RecordAt], purpose: str, motive: str
) -> tuple[dict[UUID, dict[str, str]], tuple[str, ...]]:
    cells: dict[UUID, dict[str, str]] = {}
    reasons: dict[str, None] = {}
    for register in sorted({one.register for one in records}):
        here = {one.person: one.record for one in records if one.register == register}
        opened = vault.open_many(actor, persons=list(here), fields=fields_of(register), purpose=purpose, motive=motive)
        for person, record in here.items():
            if opened[person].values:
                cells[record] = {name.partition(".")[2]: value for name, value in opened[person].values.items()}
            else:
                reasons |= dict.fromkeys(one.reason for one in opened[person].reasons)
    return cells, tuple(reasons)
