"""A spreadsheet on its way in: sent, its columns put right, imported, destroyed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.accounts.policies import require_fresh_factor
from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock, ids, jobs
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed
from entremise.mutualaid import clients, policies
from entremise.mutualaid.engine import columns, sheets
from entremise.mutualaid.engine.sheets import Table
from entremise.mutualaid.models import SHEET_LIFE, Category, SheetImport, SheetMapping
from entremise.mutualaid.models.sheets import BASES
from entremise.territories.models import Territory
from entremise.vault import usecases as vault

UPLOADED = declare("mutualaid.sheet.uploaded", "a envoyé un tableur à importer")
MAPPED = declare("mutualaid.sheet.mapped", "a vérifié les colonnes d’un tableur")
STARTED = declare("mutualaid.sheet.started", "a lancé l’import d’un tableur")
FAILED = declare("mutualaid.sheet.failed", "a vu s’interrompre l’import d’un tableur")
CANCELLED = declare("mutualaid.sheet.cancelled", "a abandonné l’import d’un tableur")
FORGOTTEN = declare("mutualaid.sheet.forgotten", "a détruit des tableurs restés un jour")

REGISTER, PURPOSE = "entraide", "mutualaid.contact"
KEPT = timedelta(hours=24)
AT_ONCE = 200
"""Rows imported while the agent waits: about half a second. Above, a job with a page that follows it."""
_MOTIVE = "Import d’un tableur par la personne qui l’a envoyé"
_END = "Destruction d’un tableur importé, abandonné ou resté un jour"


class FileRefused(DomainError):
    """The file cannot be read; the sentence says what to do with it."""

    code = "file_refused"


@sensitive_variables()
def read_bytes(data: bytes, sheet: int = -1) -> tuple[clients.Workbook, Table]:
    """Raises FileRefused."""
    try:
        book = clients.read_file(data, sheet=sheet)
        return book, sheets.table_of(book.grid)
    except sheets.Unreadable as error:
        raise FileRefused(str(error)) from None


@sensitive_variables()
@transaction.atomic
def upload_sheet(actor: Actor, *, kind: str, data: bytes) -> SheetImport:
    """Keep a spreadsheet sealed for a day, with the columns proposed: those retained for the same headings, else
    guessed. Raises NotAllowed, FileRefused (nothing is kept), ValidationError, and the refusals of the vault."""
    agent = _account(actor)
    book, table = read_bytes(data)
    document = ids.uuid7()
    sheet = SheetImport(
        kind=kind,
        agent_id=agent,
        size=len(data),
        sheets=min(len(book.names), 32_000),
        sheet=book.rank if book.names else -1,
        row_count=len(table.rows),
        document=document,
        signature=signature_of(kind, table),
    )
    sheet.full_clean(exclude=["content", "mapping", "signature", "rejects", "problems"])
    sheet.mapping = proposed(kind, table, bytes(sheet.signature))
    sheet.content = vault.seal_document(
        actor, document=document, content=data, register=REGISTER, purpose=PURPOSE, motive=_MOTIVE
    )
    sheet.save(force_insert=True)
    record(actor, UPLOADED, sheet, kind=kind, rows=sheet.row_count)
    return sheet


def signature_of(kind: str, table: Table) -> bytes:
    """A keyed print of the headings: without heading, a first row of persons must not be guessable."""
    names = "\n".join(columns.plain(name) for name in table.headings)
    return vault.fingerprints(register=REGISTER, kind=f"headings.{kind}", values=[names])[0]


def proposed(kind: str, table: Table, signature: bytes) -> list[str]:
    known = SheetMapping.objects.filter(kind=kind, signature=signature).first() if table.headed else None
    if known is not None and len(known.mapping) == len(table.headings):
        return list(known.mapping)
    return columns.propose(kind, table.headings if table.headed else [""] * len(table.headings), _cells(table))


def _cells(table: Table) -> list[list[str]]:
    return [cells for _, cells in table.rows[:200]]


@sensitive_variables()
def open_sheet(actor: Actor, *, sheet: SheetImport, rank: int | None = None) -> tuple[clients.Workbook, Table]:
    """The table, opened through the vault: one line in the access journal. Raises NotFound once destroyed."""
    if not policies.can_handle_sheet(actor, sheet):
        raise NotAllowed("Ce tableur est réservé à la personne qui l’a envoyé et aux responsables.")
    data = vault.open_document(
        actor, document=sheet.document, sealed=bytes(sheet.content), purpose=PURPOSE, motive=_MOTIVE
    )
    return read_bytes(data, sheet.sheet if rank is None else rank)


@sensitive_variables()
@transaction.atomic
def map_sheet(
    actor: Actor,
    *,
    sheet: SheetImport,
    mapping: Sequence[str],
    category: Category | None = None,
    territory: Territory | None = None,
    rank: int | None = None,
) -> None:
    """Say what each column is, what stands where a cell is empty, which sheet of the workbook is read.

    Another sheet brings its own columns: they are proposed anew. Raises ValidationError with one sentence a fault.
    """
    changes: dict[str, object] = {"category_id": category and category.pk, "territory_id": territory and territory.pk}
    _, table = open_sheet(actor, sheet=sheet, rank=rank)
    if rank is not None and rank != sheet.sheet:
        signature = signature_of(sheet.kind, table)
        mapping = proposed(sheet.kind, table, signature)
        changes |= {"sheet": rank, "row_count": len(table.rows), "signature": signature}
    elif wrong := columns.faults(sheet.kind, mapping):
        raise ValidationError({"__all__": wrong})
    allowed = {"", *columns.OF_KIND[sheet.kind]}
    if len(mapping) != len(table.headings) or not set(mapping) <= allowed:
        raise ValidationError({"__all__": "Les colonnes ne sont plus celles du fichier : rechargez la page."})
    SHEET_LIFE.move(sheet, "map", mapping=list(mapping), **changes)
    if table.headed:
        SheetMapping.objects.update_or_create(
            kind=sheet.kind, signature=bytes(sheet.signature), defaults={"mapping": list(mapping)}
        )
    record(actor, MAPPED, sheet)


@transaction.atomic
def start_sheet(actor: Actor, *, sheet: SheetImport, basis: str, declared: bool) -> None:
    """Ask for the import; `basis` says how the persons gave their agreement, `declared` that the agent vouches.

    Of two clicks one starts it, the other gets IllegalTransition. Above AT_ONCE rows a job does it, below the
    caller runs `run_sheet`. Raises NotAllowed, FreshFactorNeeded, ValidationError by field.
    """
    _handler(actor, sheet)
    require_fresh_factor(actor)
    if not declared:
        raise ValidationError({"declared": "Cochez la case : sans l’accord des personnes, rien n’est enregistré."})
    if basis not in BASES and not (basis == "" and "consent" in sheet.mapping):
        raise ValidationError({"basis": "Dites comment les personnes ont donné leur accord."})
    if wrong := columns.faults(sheet.kind, sheet.mapping):
        raise ValidationError({"__all__": wrong})
    SHEET_LIFE.move(sheet, "start", basis=basis, started_at=clock.now(), checked=0, problems={})
    record(actor, STARTED, sheet, basis=basis, rows=sheet.row_count)
    if sheet.row_count > AT_ONCE:
        jobs.enqueue("mutualaid.import_sheet", sheet_id=sheet.pk)


@transaction.atomic
def fail_sheet(actor: Actor, *, sheet: SheetImport) -> None:
    """The import stopped; nothing of it was kept, and it may be started again while the file is there."""
    SHEET_LIFE.move(sheet, "fail", checked=0)
    record(actor, FAILED, sheet)


@transaction.atomic
def cancel_sheet(actor: Actor, *, sheet: SheetImport) -> None:
    """Give up: the file is destroyed, nothing is imported. Stops an import in progress, wherever it stands."""
    _handler(actor, sheet)
    SHEET_LIFE.move(sheet, "cancel", content=b"", ended_at=clock.now())
    destroy_later(actor, [sheet.document])
    record(actor, CANCELLED, sheet)


@transaction.atomic
def forget_sheets(actor: Actor) -> int:
    """Destroy what stayed a day: files that nobody imported, rows that were refused. Returns how many."""
    before = clock.now() - KEPT
    left = list(
        SheetImport.objects.defer("content").filter(
            state__in=("uploaded", "mapped", "failed", "running"), uploaded_at__lt=before
        )
    )
    for sheet in left:
        SHEET_LIFE.move(sheet, "cancel", content=b"", ended_at=clock.now())
    old = SheetImport.objects.filter(state="done", ended_at__lt=before, rejects_document__isnull=False)
    refused = list(old.defer("content", "rejects"))
    SheetImport.objects.filter(pk__in=[sheet.pk for sheet in refused]).update(rejects=b"", rejects_document=None)
    if left or refused:
        destroy_later(
            actor, [*(s.document for s in left), *(s.rejects_document for s in refused if s.rejects_document)]
        )
        record(actor, FORGOTTEN, (left + refused)[0], files=len(left), rejects=len(refused))
    return len(left) + len(refused)


def destroy_later(actor: Actor, documents: Sequence[UUID]) -> None:
    """Destroy keys once the deed is committed: a roll-back must find the file readable."""
    destroy = partial(vault.destroy_document, actor, documents=documents, purpose=PURPOSE, motive=_END)
    transaction.on_commit(destroy, robust=True)


def _account(actor: Actor) -> int:
    if not policies.can_match(actor) or actor.user_id is None:
        raise NotAllowed("Cette page est réservée aux agents entremetteurs.")
    return actor.user_id


def _handler(actor: Actor, sheet: SheetImport) -> None:
    if not policies.can_handle_sheet(actor, sheet):
        raise NotAllowed("Ce tableur est réservé à la personne qui l’a envoyé et aux responsables.")
