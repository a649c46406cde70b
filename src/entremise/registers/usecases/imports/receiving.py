"""A source described, a file received under seal, then read once: its columns, its rows, what must not enter."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import chain, islice
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.accounts.policies import require_fresh_factor
from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock, jobs, tables
from entremise.kernel.actors import Actor
from entremise.registers import policies
from entremise.registers.engine import intake
from entremise.registers.engine.fields import looks_like_nir
from entremise.registers.engine.fields.numbers import ENOUGH
from entremise.registers.engine.names import upper
from entremise.registers.models import IMPORT, ImportBatch, Source
from entremise.registers.usecases.imports import files
from entremise.registers.usecases.imports.files import (
    LIMITS,
    MOTIVE,
    PURPOSE,
    FileAlreadyLoaded,
    FileUnreadable,
    LeaseLost,
    ThirdPartyListForbidden,
)
from entremise.vault import usecases as vault

DESCRIBED = declare("registers.source.described", "a décrit une source de fichiers d’un registre")
RECEIVED = declare("registers.file.received", "a déposé un fichier à importer dans un registre")
READ = declare("registers.file.read", "a fait lire un fichier à importer")
SAMPLE = 120  # rows
LOOKED_AT = 60  # rows among which the headings are
STEP = 5_000  # rows between two words of progress
THIRD_PARTY = (
    "Le registre légal n’accepte pas de liste donnée par un tiers : chaque inscription est demandée par la personne, "
    "son représentant, ou par écrit pour elle seule (CASF, art. L. 121-6-1). Une liste peut seulement servir à "
    "informer ces personnes que le registre existe : créez pour cela un registre de fichier réemployé."
)
log = logging.getLogger("entremise.registers")


@transaction.atomic
def create_source(
    actor: Actor,
    *,
    register: str,
    label: str,
    giver: str,
    legal_basis: str,
    origin: str,
    complete: bool = False,
) -> Source:
    """Describe where files come from: who gives them, on which legal basis, what they hold.

    A legal register takes neither a list given by a third party nor a file kept for another use. Raises NotAllowed,
    SecondFactorNeeded, NotFound, ValidationError by field, ThirdPartyListForbidden.
    """
    policies.require_keeper(actor)
    _may_come_in(files.kind_of(register), origin)
    source = Source(
        register=register,
        label=" ".join(label.split()),
        giver=" ".join(giver.split()),
        legal_basis=legal_basis.strip(),
        origin=origin,
        complete=complete,
    )
    source.full_clean(exclude=["signature"])
    source.save(force_insert=True)
    record(actor, DESCRIBED, source, register=register, origin=origin)
    return source


def _may_come_in(kind: str, origin: str) -> None:
    if kind == "legal" and origin != "requests":
        raise ThirdPartyListForbidden(THIRD_PARTY)


@sensitive_variables()
@transaction.atomic
def receive_file(
    actor: Actor,
    *,
    source: Source,
    name: str = "",
    content: bytes,
    complete: bool | None = None,
    received_on: date | None = None,
) -> ImportBatch:
    """Keep a file under seal until it is loaded, thirty days at most, and have it read. Its name is not kept.

    `complete`: it holds everybody (as the source usually says when None). Raises NotAllowed, FreshFactorNeeded,
    FileUnreadable (nothing is kept), FileAlreadyLoaded (with the day it came), ThirdPartyListForbidden,
    ValidationError, and the refusals of the vault.
    """
    user = policies.require_keeper(actor)
    require_fresh_factor(actor)
    _may_come_in(files.kind_of(source.register), source.origin)
    try:
        tables.kind_of(content, LIMITS)
    except tables.Unreadable as error:
        raise FileUnreadable(str(error)) from None
    print_ = vault.fingerprints(register=source.register, kind="file", values=[hashlib.sha256(content).hexdigest()])[0]
    same = source.batches.filter(digest=print_).exclude(state__in=("rejected", "failed", "withdrawn"))
    twin = same.defer("content", "sample", "aside").first()
    # Sent again after another file of the source changed things, it says something: who came back, what is as before.
    since = twin and source.batches.filter(state="loaded", uploaded_at__gt=twin.uploaded_at).exists()
    if twin is not None and not since:
        day = f"{twin.received_on:%d/%m/%Y}"
        raise FileAlreadyLoaded(
            f"Ce fichier est déjà là : reçu le {day}, import {twin.public_id}, « {twin.get_state_display()} ». "
            "Rien n’a été ajouté."
        )
    batch = ImportBatch(
        source=source,
        agent_id=user,
        received_on=received_on or clock.today(),
        complete=source.complete if complete is None else complete,
        size=len(content),
        digest=print_,
        date_order=source.date_order,
    )
    if batch.received_on > clock.today():
        raise ValidationError({"received_on": "Cette date est à venir : indiquez le jour où vous l’avez reçu."})
    batch.full_clean(exclude=["content", "sample", "aside", "digest", "failure"])
    batch.content = vault.seal_document(
        actor, document=batch.document, content=content, register=source.register, purpose=PURPOSE, motive=MOTIVE
    )
    batch.save(force_insert=True)
    IMPORT.move(batch, "read", alive_until=clock.now())
    record(actor, RECEIVED, batch, register=source.register, size=len(content))
    jobs.enqueue("registers.read_file", batch_id=batch.pk)
    return batch


@sensitive_variables()
def read_file(actor: Actor, *, batch: ImportBatch) -> None:
    """Read a received file: headings, rows, columns proposed. Safe to run twice; what goes wrong is kept by code.

    Not a transaction: progress shows. Another worker, or a batch given up, ends it quietly.
    """
    try:
        token = files.begin(batch, "reading")
    except LeaseLost:
        return
    try:
        _read(actor, batch, token)
    except LeaseLost:
        return
    except tables.Unreadable as error:
        _unreadable(actor, batch, token, error.code)
    except Exception as error:
        log.error("reading of import %s stopped: %s", batch.pk, type(error).__name__)
        files.fail(batch, token, getattr(error, "code", ""))


@transaction.atomic
def _unreadable(actor: Actor, batch: ImportBatch, token: int, code: str) -> None:
    """Nothing can be done with it: its key goes at once."""
    files.fail(batch, token, code)
    ImportBatch.objects.filter(pk=batch.pk, state="failed").update(content=b"", sample=b"", sample_document=None)
    files.destroy_later(actor, [batch.document, batch.sample_document])


@sensitive_variables()
def _read(actor: Actor, batch: ImportBatch, token: int) -> None:
    book = files.open_book(actor, batch)
    try:
        found = _survey(book, batch, token)
    finally:
        book.close()
    _keep(actor, batch, token, book, found)


@sensitive_variables()
def _survey(book: tables.Book, batch: ImportBatch, token: int) -> dict[str, Any]:
    """One look at every row: how many, how wide, which columns hold what must not enter."""
    rows = ([tables.tidy(cell) for cell in row] for row in book.rows)
    first = list(islice(rows, LOOKED_AT))
    head = tables.head_of(first, intake.guess_heading, intake.looks_like)
    start = 0 if head.place is None else head.place + 1
    last, wide = 0, len(head.headings)
    nir: Counter[int] = Counter()
    sample: list[list[Any]] = []
    dates: dict[int, list[str]] = {}
    for number, row in enumerate(chain(first, rows), start=1):
        if number % STEP == 0:
            files.still_mine(batch, "reading", token, progress=number)
        if number <= start or not any(row):
            continue
        last = number
        if last - start > LIMITS.rows:
            raise tables.Unreadable("too_long", LIMITS)
        wide = max(wide, tables.width(row))
        for rank, cell in enumerate(row):
            if len(cell) >= 13 and looks_like_nir(cell):
                nir[rank] += 1
        if len(sample) < SAMPLE:
            sample.append([number, [intake.scrubbed(cell) for cell in row]])
        if number < 3_000:
            for rank, cell in enumerate(row):
                if intake.looks_like(cell) == "birth_date":
                    dates.setdefault(rank, []).append(cell)
    if not sample:
        raise tables.Unreadable("no_row" if head.place is not None else "empty", LIMITS)
    if wide > LIMITS.columns:
        raise tables.Unreadable("too_wide", LIMITS)
    refused = sorted(rank for rank, count in nir.items() if count >= ENOUGH)
    for _, cells in sample:
        for rank in refused:
            if rank < len(cells):
                cells[rank] = ""
    more = wide - len(head.headings)
    return {
        "headings": [*head.headings, *[""] * more],
        "groups": [*head.groups, *[""] * (wide - len(head.groups))],
        "start": start,
        "headed": head.place is not None,
        "count": last - start,
        "refused": refused,
        "rows": sample,
        "month_first": any(intake.months_first(cells) for cells in dates.values()),
    }


@sensitive_variables()
@transaction.atomic
def _keep(actor: Actor, batch: ImportBatch, token: int, book: tables.Book, found: dict[str, Any]) -> None:
    source = batch.source
    headed, refused = found["headed"], found["refused"]
    headings = [intake.scrubbed(name) for name in found["headings"]]
    told = [
        " – ".join(filter(None, (group, name))) if name else (group or f"Colonne {tables.letters(rank)}")
        for rank, (name, group) in enumerate(zip(headings, found["groups"], strict=True))
    ]
    targets = files.targets_of(source.register)
    signature = signature_of(source, told)
    cells = [row for _, row in found["rows"]]
    if headed and bytes(source.signature) == signature and len(source.mapping) == len(told):
        mapping = [target if target in targets else intake.NOTHING for target in source.mapping]
    else:
        empty = [""] * len(told)
        mapping = intake.propose(headings if headed else empty, found["groups"] if headed else empty, cells, targets)
    mapping = [intake.NOTHING if rank in refused else target for rank, target in enumerate(mapping)]
    document, sealed = files.seal(
        actor,
        batch,
        {"headings": told, "names": book.names, "hidden": book.hidden, "rank": book.rank, "rows": found["rows"],
         "month_first": found["month_first"]},
    )  # fmt: skip
    files.still_mine(batch, "reading", token)
    old = batch.sample_document
    IMPORT.move(
        batch,
        "map",
        sample=sealed,
        sample_document=document,
        mapping=mapping,
        refused_columns=refused,
        headed=headed,
        head_row=found["start"],
        row_count=found["count"],
        sheet=book.rank if book.names else -1,
        sheets=len(book.names),
        hidden_sheets=len(book.hidden),
        merged=len([one for one in book.merged if one[0] >= found["start"]]),
        epoch=book.epoch,
        date_order="mdy" if found["month_first"] else batch.date_order,
        progress=found["count"],
        alive_until=None,
        attempts=0,
    )
    files.destroy_later(actor, [old])
    record(actor, READ, batch, rows=found["count"], columns=len(told), refused=len(refused))


def signature_of(source: Source, headings: Sequence[str]) -> bytes:
    """A keyed print of the headings: without heading, a first row of persons must not be guessable."""
    said = "\n".join(upper(name) for name in headings)
    return vault.fingerprints(register=source.register, kind="headings", values=[said])[0]
