"""Rows set aside: shown, put right one by one, left aside for good, downloaded with their reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import tables
from entremise.kernel.actors import Actor
from entremise.kernel.machines import IllegalTransition
from entremise.people.usecases import enrol_many, record_informations
from entremise.registers import policies
from entremise.registers.engine.intake import PROBLEMS, Cleaned
from entremise.registers.engine.intake.problems import QUARANTINED, REJECTED
from entremise.registers.models import ImportBatch, ImportedRow
from entremise.registers.usecases.imports import files, loading, requests
from entremise.registers.usecases.imports.files import MOTIVE, PURPOSE
from entremise.registers.usecases.imports.passage import Judged, Passage
from entremise.vault import usecases as vault

CORRECTED = declare("registers.row.corrected", "a corrigé une ligne mise de côté")
DISCARDED = declare("registers.rows.discarded", "a laissé de côté des lignes d’un fichier")
SETTLED = "Cette ligne n’est plus à corriger : une autre personne s’en est occupée. Rechargez la page."


@dataclass(frozen=True, slots=True, repr=False)
class Aside:
    """A row to put right: its number in the file, why, what it said by target, the two rows it may be."""

    number: int
    codes: tuple[str, ...]
    said: Mapping[str, str]
    proposals: Sequence[Mapping[str, str]] = field(default=())

    def __repr__(self) -> str:
        return f"<Aside {self.number}>"

    @property
    def reasons(self) -> list[str]:
        return [PROBLEMS[code].sentence for code in self.codes if PROBLEMS[code].outcome == QUARANTINED]


@sensitive_variables()
def open_asides(actor: Actor, *, batch: ImportBatch, numbers: Collection[int] | None = None) -> list[Aside]:
    """The rows still to put right, in the order of the file: one line in the access journal.

    `numbers`: those of a page; all when None. Raises NotAllowed, NotFound (thirty days later).
    """
    policies.require_keeper(actor)
    said = files.unseal(actor, batch.aside_document, bytes(batch.aside))
    rows = ImportedRow.objects.filter(batch=batch, part=0, outcome=QUARANTINED)
    codes = dict(rows.values_list("number", "codes"))
    wanted = codes.keys() if numbers is None else codes.keys() & set(numbers)
    return [
        Aside(number, tuple(codes[number].split()), told, proposals)
        for number, told, proposals in said["rows"]
        if number in wanted
    ]


@sensitive_variables()
def aside_table(actor: Actor, *, batch: ImportBatch) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of what was not taken in, « Ligne » and « Motif » first; for whoever puts them right outside.

    Of persons who were erased or refuse, the line and the reason only: nothing of them is kept.
    """
    policies.require_keeper(actor)
    targets = files.targets_of(batch.register)
    columns = [target for target in targets if target in batch.mapping]
    found: dict[int, list[str]] = {}
    if batch.aside_document is not None:
        for one in open_asides(actor, batch=batch):
            found[one.number] = [" ".join(one.reasons), *(one.said.get(target, "") for target in columns)]
    refused = ImportedRow.objects.filter(batch=batch, outcome=REJECTED).exclude(codes__contains="discarded")
    for number, codes in refused.values_list("number", "codes"):
        why = " ".join(PROBLEMS[code].sentence for code in codes.split() if PROBLEMS[code].outcome == REJECTED)
        found[number] = [why, *[""] * len(columns)]
    rows = [[str(number), *found[number]] for number in sorted(found)]
    return ["Ligne", "Motif", *(targets[target] for target in columns)], rows


@sensitive_variables()
@transaction.atomic
def correct_row(
    actor: Actor, *, batch: ImportBatch, number: int, parts: Sequence[Mapping[str, str]], confirmed: bool = False
) -> list[UUID]:
    """Take in a row put right: one person, or the two of a row of two; their ids.

    `parts`: target → what was typed, for each person. `confirmed`: the telephone of somebody erased is another's.
    Of two agents who put the same row right, the second gets IllegalTransition. Raises NotAllowed, ValidationError
    (what is still wrong, in French), and the refusals of the vault.
    """
    policies.require_keeper(actor)
    passage = Passage(batch, tables.Book(iter(())))
    rows = [passage.cleaner.clean_said(number, said) for said in parts]
    for row in rows:
        if len(parts) > 1 or confirmed:
            row.codes = [code for code in row.codes if code != "two_persons"]
    judged = passage.judge(rows, confirmed=confirmed)
    wrong = [PROBLEMS[code].sentence for one in judged for code in one.row.codes if not one.taken
             and PROBLEMS[code].outcome in (QUARANTINED, REJECTED)]  # fmt: skip
    if wrong or not judged:
        raise ValidationError(list(dict.fromkeys(wrong)) or ["Remplissez au moins un nom."])
    first = judged[0]
    waiting = ImportedRow.objects.filter(batch=batch, number=number, part=0, outcome=QUARANTINED)
    # Said first: of two agents, the second waits here, then learns that the row is settled.
    if not waiting.update(outcome=first.outcome, codes=" ".join(first.row.codes)[:400], effect=first.effect):
        raise IllegalTransition(SETTLED)
    try:
        with transaction.atomic():
            persons = _take_in(actor, batch, judged)
    except IntegrityError:  # another row of the same person, put right at the same moment
        raise IllegalTransition(SETTLED) from None
    ImportedRow.objects.filter(batch=batch, number=number, part=0).update(person=persons[0])
    ImportedRow.objects.bulk_create(
        [
            ImportedRow(
                batch=batch, number=number, part=part, outcome=one.outcome,
                codes=" ".join(one.row.codes)[:400], effect=one.effect, person=person,
            )
            for part, (one, person) in enumerate(zip(judged, persons, strict=True))
            if part
        ]
    )  # fmt: skip
    _settle(actor, batch)
    record(actor, CORRECTED, batch, persons=len(persons))
    return persons


@sensitive_variables()
def _take_in(actor: Actor, batch: ImportBatch, judged: Sequence[Judged]) -> list[UUID]:
    """New persons are enrolled at once, as their file was; a person the source knows is written again."""
    fresh = [one for one in judged if one.seen is None]
    cells = [one.row.cells for one in fresh]
    made = enrol_many(actor, register=batch.register, rows=cells, purpose=PURPOSE, motive=MOTIVE)
    loading.remember(batch, list(zip(fresh, made, strict=True)))
    loading.rewrite(actor, batch, [one for one in judged if one.seen is not None])
    of = dict(zip(map(id, fresh), made, strict=True))
    persons = [of[id(one)] if one.seen is None else one.seen.person for one in judged]
    requests.enrol_requests(
        batch, {person: requests.request_of(one) for one, person in zip(judged, persons, strict=True)}
    )
    told = {person: day for one, person in zip(judged, persons, strict=True) if (day := _told(one.row))}
    if told and files.kind_of(batch.register) == "service":
        vault.set_records(actor, persons=list(told), register=batch.register, status="informed", sources={"to_inform"})
        record_informations(
            actor, told=told, register=batch.register, way="letter", text_version=loading.INFORMED_BY_FILE
        )
    return persons


def _told(row: Cleaned) -> date | None:
    return row.informed_on


@transaction.atomic
def discard_rows(actor: Actor, *, batch: ImportBatch, numbers: Collection[int] | None = None) -> int:
    """Leave rows aside for good (all of them when None); how many. What they said is destroyed with the last one."""
    policies.require_keeper(actor)
    rows = ImportedRow.objects.filter(batch=batch, part=0, outcome=QUARANTINED)
    if numbers is not None:
        rows = rows.filter(number__in=list(numbers)[:500])
    gone = rows.update(outcome=REJECTED, codes="discarded")
    if gone:
        _settle(actor, batch)
        record(actor, DISCARDED, batch, rows=gone)
    return gone


def _settle(actor: Actor, batch: ImportBatch) -> None:
    """Figures anew; once nothing is left to put right, what was set aside is destroyed."""
    loading.count(batch)
    if batch.outcomes.get(QUARANTINED):
        return
    gone = batch.aside_document
    ImportBatch.objects.filter(pk=batch.pk).update(aside=b"", aside_document=None)
    batch.aside, batch.aside_document = b"", None
    files.destroy_later(actor, [gone])
