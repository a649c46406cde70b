"""A file given up, taken back, forgotten after thirty days; a worker that died replaced."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock, jobs
from entremise.kernel.actors import Actor
from entremise.registers import policies
from entremise.registers.engine.intake.problems import QUARANTINED
from entremise.registers.models import IMPORT, ImportBatch, ImportedRow, SourceRow
from entremise.registers.models.imports import WORKING
from entremise.registers.usecases.imports import files, loading, requests
from entremise.vault import usecases as vault

GIVEN_UP = declare("registers.file.given_up", "a abandonné un fichier à importer")
WITHDRAWN = declare("registers.file.withdrawn", "a retiré un fichier chargé dans un registre")
FORGOTTEN = declare("registers.files.forgotten", "a détruit des fichiers restés trente jours")
MOST_ATTEMPTS = 5
GRACE = timedelta(minutes=2)
"""After its lease, or since it was asked: a worker that takes so long to come is dead."""
SOME = 500
_EMPTY = {"content": b"", "sample": b"", "sample_document": None, "aside": b"", "aside_document": None}


@transaction.atomic
def reject_batch(actor: Actor, *, batch: ImportBatch) -> None:
    """Give a file up before its load: it is destroyed, nothing of it came in. Stops a worker wherever it stands.

    Raises NotAllowed, IllegalTransition (loading, or loaded: it is withdrawn instead).
    """
    policies.require_keeper(actor)
    if batch.state == "failed" and batch.load_started_at is not None:
        withdraw_batch(actor, batch=batch)
        return
    _give_up(actor, batch)
    record(actor, GIVEN_UP, batch)


def _give_up(actor: Actor, batch: ImportBatch) -> None:
    gone = [batch.document, batch.sample_document, batch.aside_document]
    IMPORT.move(batch, "reject", ended_at=clock.now(), alive_until=None, **_EMPTY)
    files.destroy_later(actor, gone)


@transaction.atomic
def withdraw_batch(actor: Actor, *, batch: ImportBatch) -> int:
    """Take back a file loaded by mistake: the records that it alone brought are closed; how many.

    What it changed in records that other files hold stays as it is; whoever it said absent is no longer so. Raises
    NotAllowed, IllegalTransition.
    """
    policies.require_keeper(actor)
    return _withdraw(actor, batch)


def _withdraw(actor: Actor, batch: ImportBatch) -> int:
    gone = [batch.document, batch.sample_document, batch.aside_document]
    IMPORT.move(batch, "withdraw", withdrawn_at=clock.now(), alive_until=None, **_EMPTY)
    made = ImportedRow.objects.filter(batch=batch, effect="new").exclude(person=None)
    persons = [person for person in made.values_list("person", flat=True) if person]
    held = _held_elsewhere(batch, persons)
    alone = [person for person in persons if person not in held]
    live = {"to_inform", "informed", "active", "frozen"}
    closed = vault.set_records(actor, persons=alone, register=batch.register, status="closed", sources=live)
    for start in range(0, len(alone), SOME):
        some = alone[start : start + SOME]
        SourceRow.objects.filter(source=batch.source_id, person__in=some).delete()
        ImportedRow.objects.filter(batch=batch, person__in=some).update(effect="withdrawn")
    requests.withdraw_requests(batch, alone)
    SourceRow.objects.filter(source=batch.source_id, absent_since=batch).update(absent_since=None)
    ImportedRow.objects.filter(batch=batch, outcome=QUARANTINED).update(outcome="rejected", codes="discarded")
    loading.count(batch, absent=0)
    files.destroy_later(actor, gone)
    record(actor, WITHDRAWN, batch, register=batch.register, closed=closed)
    return closed


def _held_elsewhere(batch: ImportBatch, persons: list[UUID]) -> set[UUID]:
    """Those whom another file, still loaded, holds too, or who asked for it themselves since."""
    held = requests.asked_since(batch, persons)
    for start in range(0, len(persons), SOME):
        rows = ImportedRow.objects.filter(person__in=persons[start : start + SOME], batch__state="loaded")
        held |= {one for one in rows.exclude(batch=batch).values_list("person", flat=True) if one}
    return held


@transaction.atomic
def forget_files(actor: Actor) -> int:
    """Destroy what stayed thirty days: files nobody loaded, rows nobody put right; how many. Done every night."""
    before = clock.now() - files.KEPT
    live = ImportBatch.objects.filter(uploaded_at__lt=before).exclude(state__in=("loaded", "rejected", "withdrawn"))
    left = list(live.defer("content", "sample", "aside").select_related("source"))
    for batch in left:
        if batch.load_started_at is not None:
            _withdraw(actor, batch)
        else:
            if batch.state in WORKING:
                ImportBatch.objects.filter(pk=batch.pk).update(state="failed", failure="too_old")
                batch.state = "failed"
            _give_up(actor, batch)
    old = ImportBatch.objects.filter(state="loaded", ended_at__lt=before, aside_document__isnull=False)
    asides = list(old.defer("content", "sample", "aside"))
    ImportBatch.objects.filter(pk__in=[batch.pk for batch in asides]).update(aside=b"", aside_document=None)
    files.destroy_later(actor, [batch.aside_document for batch in asides])
    # A worker that died between its commit and the end of a key: what it sealed is gone, its key goes too.
    ended = ImportBatch.objects.filter(content=b"", uploaded_at__gte=before - files.KEPT)
    files.destroy_later(actor, list(ended.values_list("document", flat=True)))
    if left or asides:
        record(actor, FORGOTTEN, (left + asides)[0], files=len(left), asides=len(asides))
    return len(left) + len(asides)


@transaction.atomic
def resume_imports(actor: Actor) -> int:
    """Give the batches whose worker died to another; how many. After five, the batch is « interrompu »."""
    stopped = ImportBatch.objects.filter(state__in=WORKING, alive_until__lt=clock.now() - GRACE)
    rows = list(stopped.only("pk", "state", "attempts", "token"))
    for batch in rows:
        if batch.attempts >= MOST_ATTEMPTS:
            files.fail(batch, batch.token, "stopped")
            continue
        name = "registers.load_batch" if batch.state == "loading" else "registers.read_file"
        jobs.enqueue(name, batch_id=batch.pk)
        ImportBatch.objects.filter(pk=batch.pk, token=batch.token).update(alive_until=clock.now())
    return len(rows)
