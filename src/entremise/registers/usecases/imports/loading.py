"""The load: new persons by batches, serving nothing yet; then one commit that says that the whole file is in.

A worker killed at any step leaves whole batches of frozen records: the next one takes the file up where it stopped.
What changes in records that exist, what is absent, the outcome of each row and the state of the file are that one
commit. Reference linkage § 3; docs/registres.md says it to users.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count
from django.views.decorators.debug import sensitive_variables

from entremise.accounts.policies import require_fresh_factor
from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock, jobs
from entremise.kernel.actors import Actor
from entremise.kernel.db import insert_rows
from entremise.people.usecases import enrol_many, mark_lines, record_informations
from entremise.registers import policies
from entremise.registers.engine.intake.problems import OUTCOMES, QUARANTINED, REJECTED
from entremise.registers.models import IMPORT, ImportBatch, ImportedRow, SourceRow
from entremise.registers.usecases.imports import files
from entremise.registers.usecases.imports.files import PURPOSE, LeaseLost
from entremise.registers.usecases.imports.passage import Judged, Passage, digests_of
from entremise.registers.usecases.imports.requests import Request, enrol_requests, request_of
from entremise.vault import usecases as vault

STARTED = declare("registers.file.started", "a lancé le chargement d’un fichier dans un registre")
IMPORTED = declare("registers.file.imported", "a chargé un fichier dans un registre")
FILE = "Personnes d’un fichier chargé dans le registre"
MOST_CHANGED = 5_000
"""Records written again inside the last commit; beyond, they are written by as many before it, each one whole."""
SOME = 500
INFORMED_BY_FILE = "fichier reçu, date indiquée ligne par ligne"
log = logging.getLogger("entremise.registers")


@transaction.atomic
def start_load(actor: Actor, *, batch: ImportBatch) -> None:
    """Ask for the load, or take up one that was interrupted; of two who ask at once, one gets IllegalTransition.

    Raises NotAllowed, FreshFactorNeeded.
    """
    policies.require_keeper(actor)
    require_fresh_factor(actor)
    again = batch.state == "failed" and batch.load_started_at is not None
    changes: dict[str, Any] = {"alive_until": clock.now(), "attempts": 0, "failure": "", "progress": 0}
    if not again:
        changes["load_started_at"] = clock.now()
    IMPORT.move(batch, "resume" if again else "load", **changes)
    record(actor, STARTED, batch, again=again)
    jobs.enqueue("registers.load_batch", batch_id=batch.pk)


@dataclass
class Held:
    """What waits for the last commit: no value, but for the cells of records to write again."""

    rows: list[tuple[int, str, str, str, UUID | None]] = field(default_factory=list)
    same: list[int] = field(default_factory=list)
    changed: list[Judged] = field(default_factory=list)
    told: dict[UUID, date] = field(default_factory=dict)
    asked: dict[UUID, Request] = field(default_factory=dict)
    aside: list[list[Any]] = field(default_factory=list)
    done: int = 0


@sensitive_variables()
def load_batch(actor: Actor, *, batch: ImportBatch) -> None:
    """Load a checked file. Safe to run twice, and to be killed: it rolls forward. What goes wrong is kept by code."""
    try:
        token = files.begin(batch, "loading")
    except LeaseLost:
        return
    try:
        _load(actor, batch, token)
    except LeaseLost:
        return
    except Exception as error:
        log.error("load of import %s stopped: %s", batch.pk, type(error).__name__)
        files.fail(batch, token, getattr(error, "code", ""))


@sensitive_variables()
def _load(actor: Actor, batch: ImportBatch, token: int) -> None:
    said = files.open_sample(actor, batch=batch)
    headings = said["headings"] if batch.headed else []
    mine = dict(ImportedRow.objects.filter(batch=batch, effect="new").values_list("number", "person"))
    book = files.open_book(actor, batch)
    held = Held()
    try:
        passage = Passage(batch, book, headings, frozenset(mine), {one for one in mine.values() if one})
        for judged in passage.chunks():
            held.done += len(judged)
            _chunk(actor, batch, token, passage, judged, held, mine)
            if len(held.changed) >= MOST_CHANGED:
                with transaction.atomic():
                    files.still_mine(batch, "loading", token)
                    rewrite(actor, batch, held.changed)
                held.changed = []
    finally:
        book.close()
    # What is set aside is sealed before the last commit: its key alone would be left by a roll-back.
    sealed = files.seal(actor, batch, {"rows": held.aside}) if held.aside else None
    _finish(actor, batch, token, passage, held, sealed)


@sensitive_variables()
def _chunk(
    actor: Actor,
    batch: ImportBatch,
    token: int,
    passage: Passage,
    judged: Sequence[Judged],
    held: Held,
    mine: dict[int, UUID | None],
) -> None:
    """New persons of these rows, committed together with their rows here: all of them, or none after a kill."""
    fresh: list[Judged] = []
    for one in judged:
        row = one.row
        person = one.seen.person if one.seen else None
        if row.line in mine:  # an earlier attempt made this person
            if known := mine[row.line]:
                held.asked[known] = request_of(one)
                if row.informed_on:
                    held.told[known] = row.informed_on
            continue
        if one.effect == "new":
            fresh.append(one)
            continue
        held.rows.append((row.line, one.outcome, " ".join(row.codes), one.effect, person if one.effect else None))
        if one.seen and one.effect:
            held.asked[one.seen.person] = request_of(one)
        if one.seen and one.effect == "same":
            held.same.append(one.seen.pk)
        elif one.seen and one.effect:
            held.changed.append(one)
            if row.informed_on:
                held.told[one.seen.person] = row.informed_on
        if one.outcome == QUARANTINED:
            held.aside.append([row.line, row.said, row.proposals])
    with transaction.atomic():
        files.still_mine(batch, "loading", token, progress=held.done)
        if not fresh:
            return
        persons = enrol_many(
            actor,
            register=batch.register,
            rows=[one.row.cells for one in fresh],
            purpose=PURPOSE,
            motive=FILE,
            frozen=True,
        )
        remember(batch, list(zip(fresh, persons, strict=True)))
        rows = [
            (one.row.line, one.outcome, " ".join(one.row.codes), "new", person)
            for one, person in zip(fresh, persons, strict=True)
        ]
        _insert_rows(batch, rows)
    for one, person in zip(fresh, persons, strict=True):
        mine[one.row.line] = person
        passage.mine.add(person)
        held.asked[person] = request_of(one)
        if one.row.informed_on:
            held.told[person] = one.row.informed_on


def remember(batch: ImportBatch, made: Sequence[tuple[Judged, UUID]]) -> None:
    """The prints by which a later file of the source recognises these persons."""
    prints = cell_prints(batch.register, batch.source_id, [one for one, _ in made])
    columns = ("source_id", "key", "keys", "content", "cells", "person", "first_batch_id", "last_batch_id")
    insert_rows(
        SourceRow,
        columns,
        [
            (batch.source_id, one.key, one.keys, one.content, json.dumps(cells), person, batch.pk, batch.pk)
            for (one, person), cells in zip(made, prints, strict=True)
        ],
    )


def _insert_rows(batch: ImportBatch, rows: Sequence[tuple[int, str, str, str, UUID | None]]) -> None:
    """What became of these rows. Those with a person apart from those without: identifiers go as they are."""
    columns = ("batch_id", "number", "part", "outcome", "codes", "effect", "person")
    for known in (True, False):
        insert_rows(
            ImportedRow,
            columns,
            [
                (batch.pk, number, 0, outcome, codes[:400], effect, person)
                for number, outcome, codes, effect, person in rows
                if (person is not None) == known
            ],
        )


def cell_prints(register: str, source: int, rows: Sequence[Judged]) -> list[dict[str, str]]:
    """For each row, field → print of its cell and of what was received for it; salted by the row, so that the same
    answer of two persons (a GIR, an aid) never looks the same."""
    places: list[tuple[int, str]] = []
    texts: list[str] = []
    for place, one in enumerate(rows):
        salt = (one.seen.key if one.seen else one.key).hex()
        for name in sorted({*one.row.values, *one.row.received}):
            places.append((place, name))
            texts.append(f"{salt}|{name}|{one.row.values.get(name, '')}|{one.row.received.get(name, '')}")
    found: list[dict[str, str]] = [{} for _ in rows]
    for (place, name), digest in zip(places, digests_of(register, source, texts, "cell"), strict=True):
        found[place][name] = digest[:6].hex()
    return found


@sensitive_variables()
def rewrite(actor: Actor, batch: ImportBatch, rows: Sequence[Judged]) -> None:
    """Write the cells that the file changed, and no other: what an agent corrected since stays, unless the file says
    something new about it. A cell that the file leaves empty changes nothing."""
    for start in range(0, len(rows), SOME):
        some = [one for one in rows[start : start + SOME] if one.seen]
        known = SourceRow.objects.in_bulk([one.seen.pk for one in some if one.seen])
        prints = cell_prints(batch.register, batch.source_id, some)
        written: dict[UUID, dict[str, str]] = {}
        touched = []
        for one, cells in zip(some, prints, strict=True):
            if one.seen is None or one.seen.pk not in known:
                continue
            row = known[one.seen.pk]
            changed = [name for name, digest in cells.items() if row.cells.get(name) != digest]
            new = {}
            for name in changed:
                if name in one.row.values:
                    new[f"{batch.register}.{name}"] = one.row.values[name]
                new[f"{batch.register}.{name}~"] = one.row.received.get(name, "")
            if new:
                written[one.seen.person] = new
            row.cells |= cells
            row.content, row.last_batch, row.absent_since = one.content, batch, None
            row.keys = one.keys
            touched.append(row)
        if written:
            vault.rewrite_many(actor, rows=written, register=batch.register, purpose=PURPOSE, motive=FILE)
            mark_lines(cells=written)
        SourceRow.objects.bulk_update(
            touched, ["cells", "content", "keys", "last_batch", "absent_since"], batch_size=200
        )


@sensitive_variables()
@transaction.atomic
def _finish(
    actor: Actor,
    batch: ImportBatch,
    token: int,
    passage: Passage,
    held: Held,
    sealed: tuple[UUID, bytes] | None,
) -> None:
    """Everything at once: of two workers one goes on, and whoever withdrew the file in between stops everything."""
    files.still_mine(batch, "loading", token)
    gone = [batch.document, batch.sample_document]
    IMPORT.move(
        batch,
        "finish",
        content=b"",
        sample=b"",
        sample_document=None,
        aside=sealed[1] if sealed else b"",
        aside_document=sealed[0] if sealed else None,
        ended_at=clock.now(),
        alive_until=None,
        progress=held.done,
        row_count=held.done,
    )
    rewrite(actor, batch, held.changed)
    for start in range(0, len(held.same), SOME):
        SourceRow.objects.filter(pk__in=held.same[start : start + SOME]).update(last_batch=batch)
    _insert_rows(batch, held.rows)
    absent = 0
    if batch.complete:
        missing = SourceRow.objects.filter(source=batch.source_id, absent_since=None).exclude(last_batch=batch)
        kept = [pk for pk in missing.values_list("pk", flat=True) if pk not in passage.known.found]
        for start in range(0, len(kept), SOME):
            absent += SourceRow.objects.filter(pk__in=kept[start : start + SOME]).update(absent_since=batch)
    activate(actor, batch, held.told)
    enrolled = enrol_requests(batch, held.asked)
    count(batch, absent=absent)
    files.destroy_later(actor, gone)
    record(
        actor, IMPORTED, batch, register=batch.register, rows=held.done, aside=batch.outcomes[QUARANTINED],
        refused=batch.outcomes[REJECTED], **{name: number for name, number in batch.effects.items() if number},
        **enrolled,
    )  # fmt: skip


def activate(actor: Actor, batch: ImportBatch, told: dict[UUID, date]) -> None:
    """The new records take their place: *à informer* in a re-used file, *informée* where the file gives the day the
    person was told, *active* where they asked for it."""
    made = ImportedRow.objects.filter(batch=batch, effect="new").exclude(person=None)
    persons = [person for person in made.values_list("person", flat=True) if person]
    if files.kind_of(batch.register) == "service":
        informed = [person for person in persons if person in told]
        waiting = [person for person in persons if person not in told]
        since = {"to_inform", "frozen"}
        vault.set_records(actor, persons=waiting, register=batch.register, status="to_inform", sources={"frozen"})
        vault.set_records(actor, persons=informed, register=batch.register, status="informed", sources=since)
        known = [person for person in told if person not in set(persons)]
        vault.set_records(actor, persons=known, register=batch.register, status="informed", sources={"to_inform"})
        record_informations(actor, told=told, register=batch.register, way="letter", text_version=INFORMED_BY_FILE)
    else:
        vault.set_records(actor, persons=persons, register=batch.register, status="active", sources={"frozen"})


def count(batch: ImportBatch, *, absent: int | None = None) -> None:
    """The figures of the report, from the rows themselves: they add up to the rows read."""
    rows = ImportedRow.objects.filter(batch=batch, part=0)
    outcomes = dict(rows.values_list("outcome").annotate(n=Count("pk")).order_by())
    effects = dict(ImportedRow.objects.filter(batch=batch).exclude(effect="").values_list("effect").annotate(
        n=Count("pk")).order_by())  # fmt: skip
    problems: Counter[str] = Counter()
    for codes in rows.exclude(codes="").values_list("codes", flat=True).iterator(chunk_size=5_000):
        problems.update(codes.split())
    batch.outcomes = {name: outcomes.get(name, 0) for name in OUTCOMES}
    batch.effects = effects | {"absent": absent if absent is not None else batch.effects.get("absent", 0)}
    batch.problems = dict(problems)
    batch.save(update_fields=["outcomes", "effects", "problems"])
