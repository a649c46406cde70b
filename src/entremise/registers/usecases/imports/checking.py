"""The columns put right by a human, then every row judged without anything being kept: what the load would do."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock, jobs, tables
from entremise.kernel.actors import Actor
from entremise.registers import policies
from entremise.registers.engine import intake
from entremise.registers.engine.intake.problems import OUTCOMES, QUARANTINED, REJECTED
from entremise.registers.models import IMPORT, ImportBatch, Source
from entremise.registers.usecases.imports import files
from entremise.registers.usecases.imports.files import LeaseLost, MappingIncomplete
from entremise.registers.usecases.imports.passage import Judged, Passage
from entremise.registers.usecases.imports.receiving import signature_of

MAPPED = declare("registers.file.mapped", "a vérifié les colonnes d’un fichier à importer")
SHEET = declare("registers.file.sheet_chosen", "a choisi la feuille d’un classeur à importer")
REOPENED = declare("registers.file.reopened", "a rouvert les colonnes d’un fichier à importer")
CHECKED = declare("registers.file.checked", "a fait vérifier un fichier avant son chargement")
SHOWN = 12  # rows as they were understood
PER_PROBLEM = 3
log = logging.getLogger("entremise.registers")


@transaction.atomic
def choose_sheet(actor: Actor, *, batch: ImportBatch, sheet: int) -> None:
    """Read another sheet of the workbook: it brings its own columns, proposed anew.

    Raises NotAllowed, ValidationError, IllegalTransition.
    """
    policies.require_keeper(actor)
    if not 0 <= sheet < batch.sheets:
        raise ValidationError({"sheet": "Cette feuille n’est pas dans le classeur : rechargez la page."})
    IMPORT.move(batch, "reread", sheet=sheet, progress=0, alive_until=clock.now())
    record(actor, SHEET, batch, sheet=sheet)
    jobs.enqueue("registers.read_file", batch_id=batch.pk)


@transaction.atomic
def reopen_columns(actor: Actor, *, batch: ImportBatch) -> None:
    """Back to the columns of a file that was checked. Raises NotAllowed, IllegalTransition."""
    policies.require_keeper(actor)
    IMPORT.move(batch, "map")
    record(actor, REOPENED, batch)


@sensitive_variables()
@transaction.atomic
def set_mapping(
    actor: Actor,
    *,
    batch: ImportBatch,
    mapping: Sequence[str],
    date_order: str = "dmy",
    complete: bool | None = None,
) -> None:
    """Say what each column is; kept for the next files of the source. Then every row is checked.

    A column of social security numbers stays refused. Raises NotAllowed, MappingIncomplete, ValidationError,
    IllegalTransition.
    """
    policies.require_keeper(actor)
    targets = files.targets_of(batch.register)
    if len(mapping) != len(batch.mapping) or date_order not in Source.DATE_ORDERS:
        raise ValidationError("Les colonnes ne sont plus celles du fichier : rechargez la page.")
    clean = [intake.NOTHING if n in batch.refused_columns else target for n, target in enumerate(mapping)]
    if wrong := intake.faults(clean, targets):
        raise MappingIncomplete(" ".join(wrong))
    said = files.open_sample(actor, batch=batch)
    IMPORT.move(
        batch,
        "map",
        mapping=clean,
        date_order=date_order,
        complete=batch.complete if complete is None else complete,
        ignored=_ignored(batch, clean, said["headings"]),
    )
    Source.objects.filter(pk=batch.source_id).update(
        mapping=clean,
        signature=signature_of(batch.source, said["headings"]) if batch.headed else b"",
        own_number=bool({"number", "file_number"} & set(clean)),
        date_order=date_order,
        epoch=batch.epoch,
    )
    record(actor, MAPPED, batch, columns=sum(map(bool, clean)))
    start_check(actor, batch=batch)


def _ignored(batch: ImportBatch, mapping: Sequence[str], headings: Sequence[str]) -> list[str]:
    """The columns that are not kept, by the names of their headings; by their letter when a heading may be a value."""
    known = batch.headed and sum(1 for name in headings if intake.guess_heading(name)) >= 2
    found = []
    for rank, target in enumerate(mapping):
        if not target:
            name = headings[rank][:60]
            plain = known and sum(sign.isdigit() for sign in name) < 4 and "@" not in name
            found.append(name if plain else f"Colonne {tables.letters(rank)}")
    return found


@transaction.atomic
def start_check(actor: Actor, *, batch: ImportBatch) -> None:
    """Have every row judged. Raises NotAllowed, IllegalTransition."""
    policies.require_keeper(actor)
    IMPORT.move(batch, "check", progress=0, alive_until=clock.now(), attempts=0, failure="")
    jobs.enqueue("registers.read_file", batch_id=batch.pk)


@sensitive_variables()
def check_file(actor: Actor, *, batch: ImportBatch) -> None:
    """Judge every row of a mapped file; nothing of it is kept but counts and a sealed sample. Safe to run twice."""
    try:
        token = files.begin(batch, "checking")
    except LeaseLost:
        return
    try:
        _check(actor, batch, token)
    except LeaseLost:
        return
    except Exception as error:
        log.error("check of import %s stopped: %s", batch.pk, type(error).__name__)
        files.fail(batch, token, getattr(error, "code", ""))


@sensitive_variables()
def _check(actor: Actor, batch: ImportBatch, token: int) -> None:
    said = files.open_sample(actor, batch=batch)
    book = files.open_book(actor, batch)
    outcomes: Counter[str] = Counter()
    effects: Counter[str] = Counter()
    problems: Counter[str] = Counter()
    shown: list[list[Any]] = []
    samples: dict[str, list[list[Any]]] = {}
    done = 0
    try:
        passage = Passage(batch, book, said["headings"] if batch.headed else ())
        for judged in passage.chunks():
            for one in judged:
                outcomes[one.outcome] += 1
                problems.update(one.row.codes)
                if one.effect:
                    effects[one.effect] += 1
                _remember(one, shown, samples)
            done += len(judged)
            files.still_mine(batch, "checking", token, progress=done)
    finally:
        book.close()
    taken = sum(effects.values())
    if passage.third_party_list(taken):
        files.fail(batch, token, "third_party_list_forbidden")
        return
    effects["absent"] = _absent(passage) if batch.complete else 0
    said |= {"shown": shown, "samples": samples}
    _end(actor, batch, token, said, outcomes, effects, problems, done)


def _remember(one: Judged, shown: list[list[Any]], samples: dict[str, list[list[Any]]]) -> None:
    row = one.row
    if one.taken and len(shown) < SHOWN:
        shown.append([row.line, row.values, row.received, row.codes, one.effect])
    for code in row.codes:
        kept = samples.setdefault(code, [])
        if len(kept) < PER_PROBLEM and code not in ("person_blocked", "record_closed"):
            kept.append([row.line, row.values, row.received])


def _absent(passage: Passage) -> int:
    """Persons whom the source knew and this complete file does not hold any more."""
    known = {one.pk for one in passage.known.by.values() if one is not None and not one.absent}
    return len(known - passage.known.found)


@sensitive_variables()
@transaction.atomic
def _end(
    actor: Actor,
    batch: ImportBatch,
    token: int,
    said: dict[str, Any],
    outcomes: Counter[str],
    effects: Counter[str],
    problems: Counter[str],
    done: int,
) -> None:
    document, sealed = files.seal(actor, batch, said)
    files.still_mine(batch, "checking", token)
    old = batch.sample_document
    IMPORT.move(
        batch,
        "checked",
        sample=sealed,
        sample_document=document,
        outcomes={name: outcomes.get(name, 0) for name in OUTCOMES},
        effects=dict(effects),
        problems=dict(problems),
        row_count=done,
        progress=done,
        alive_until=None,
        attempts=0,
    )
    files.destroy_later(actor, [old])
    record(actor, CHECKED, batch, rows=done, aside=outcomes[QUARANTINED], refused=outcomes[REJECTED])
