"""Files and rows, as pages show them: counts, codes, dates. No value."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import QuerySet

from entremise.kernel.errors import NotFound
from entremise.registers.models import ImportBatch, ImportedRow, Source, SourceRow

SOME = 500


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a person comes from: which source and file, received when, on which row, and what it did."""

    register: str
    source: str
    giver: str
    legal_basis: str
    batch: str
    received_on: date
    row: int
    effect: str
    absent_since: date | None


def batches(register: str = "") -> QuerySet[ImportBatch]:
    """Files, the newest first, without what they sealed."""
    rows = ImportBatch.objects.defer("content", "sample", "aside").select_related("source", "agent")
    return rows.filter(source__register=register) if register else rows


def batch_of(public_id: str) -> ImportBatch:
    """NotFound when there is none."""
    row = ImportBatch.objects.defer("content").select_related("source", "agent").filter(public_id=public_id).first()
    if row is None:
        raise NotFound("Cet import n’existe pas.")
    return row


def sources(register: str) -> list[Source]:
    """The sources of a register that still give files, by name."""
    return list(Source.objects.filter(register=register, state="active"))


def provenance(person: UUID) -> list[Origin]:
    """Every row of every file that brought or confirmed this person, the newest first. Two queries."""
    return provenance_many([person]).get(person, [])


def provenance_many(persons: Collection[UUID]) -> dict[UUID, list[Origin]]:
    """The same for many persons: two queries for 500."""
    found: dict[UUID, list[Origin]] = {}
    asked = list(dict.fromkeys(persons))
    for start in range(0, len(asked), SOME):
        some = asked[start : start + SOME]
        absent = {
            (source, person): day
            for source, person, day in SourceRow.objects.filter(person__in=some, absent_since__isnull=False)
            .values_list("source", "person", "absent_since__received_on")
        }  # fmt: skip
        rows = ImportedRow.objects.filter(person__in=some).select_related("batch__source")
        rows = rows.defer("batch__content", "batch__sample", "batch__aside")
        for row in rows.order_by("-batch__received_on", "-batch_id", "number"):
            source = row.batch.source
            if row.person is None:
                continue
            found.setdefault(row.person, []).append(
                Origin(
                    source.register,
                    source.label,
                    source.giver,
                    source.legal_basis,
                    row.batch.public_id,
                    row.batch.received_on,
                    row.number,
                    row.effect,
                    absent.get((source.pk, row.person)),
                )
            )
    return found


def absent_persons(source: Source) -> QuerySet[SourceRow]:
    """Persons whom the last complete files of a source no longer hold: for the keeper, never deleted by itself."""
    rows = SourceRow.objects.filter(source=source, absent_since__isnull=False)
    return rows.select_related("absent_since").defer(
        "absent_since__content", "absent_since__sample", "absent_since__aside"
    ).order_by("pk")  # fmt: skip


def not_found(batch: ImportBatch) -> QuerySet[SourceRow]:
    """Persons whom this very file said absent."""
    return SourceRow.objects.filter(absent_since=batch).order_by("pk")
