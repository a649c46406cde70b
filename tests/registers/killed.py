"""Run alone: `python -m tests.registers.killed`. Processes really killed at each step of an import, then resumed.

A child forked before each step loads a file and gets SIGKILL there; the parent says what it left, has it resumed as
the scheduled job does, and says what came of it: one JSON line a step.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any


def die(*arguments: object, **more: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def nth(number: int, real: Callable[..., Any]) -> Callable[..., Any]:
    """Does what `real` does, and dies at its nth call."""
    calls = []

    def counted(*arguments: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) == number:
            die()
        return real(*arguments, **more)

    return counted


def main() -> None:
    import django

    django.setup()
    from django.db import connections

    from tests import migrated

    for alias in connections:
        migrated.migrate(alias)
    from entremise.kernel import clock
    from entremise.kernel.actors import Actor
    from entremise.registers import queries, usecases
    from entremise.registers.models import Enrolment, ImportBatch, ImportedRow, SourceRow
    from entremise.registers.usecases.imports import checking, loading, receiving
    from entremise.rules.usecases import install_rules
    from entremise.vault.models import Record
    from tests.registers import files

    install_rules(Actor.machine("essai"))
    files.register()
    _, odile = files.keeper()
    queries.communes(), queries.commune_names(), queries.first_names()
    loading.Passage = partial(loading.Passage, chunk=4)  # type: ignore[misc,assignment]
    rows = [*(files.legal(n) for n in range(11)), files.legal(20, last="M. et Mme DURAND", first="Jean et Marie")]

    def reach(step: str, label: str) -> ImportBatch:
        """A file of its own, just before the step."""
        source = files.source(odile, label=label)
        if step == "read":
            return usecases.receive_file(odile, source=source, content=files.sheets.text([files.LEGAL, *rows]))
        if step == "check":
            batch = files.received(odile, rows, of=source)
            usecases.set_mapping(odile, batch=batch, mapping=batch.mapping)
            return batch
        batch = files.checked(odile, rows, of=source)
        usecases.start_load(odile, batch=batch)
        return batch

    def go_on(batch: ImportBatch) -> None:
        batch.refresh_from_db()
        {"reading": usecases.read_file, "checking": usecases.check_file, "loading": usecases.load_batch}.get(
            batch.state, lambda *a, **k: None
        )(odile, batch=batch)

    where = {
        "read": lambda: setattr(receiving, "_keep", die),
        "check": lambda: setattr(checking, "_end", die),
        "load first persons": lambda: setattr(loading, "enrol_many", die),
        "load inside a batch": lambda: setattr(loading, "remember", nth(2, loading.remember)),
        "load between batches": lambda: setattr(loading, "_chunk", nth(3, loading._chunk)),
        "load last commit": lambda: setattr(loading, "activate", die),
        "load once committed": lambda: setattr(loading.files, "destroy_later", late(loading.files.destroy_later)),
    }

    def late(real: Callable[..., Any]) -> Callable[..., Any]:
        from django.db import transaction

        def then(*arguments: Any, **more: Any) -> None:
            transaction.on_commit(die)

        return then

    for step, arm in where.items():
        Record.objects.filter(register="canicule").update(status="active")
        before = Record.objects.filter(register="canicule").count()
        # persons of other steps must not be recognised as themselves: each step is another year
        for row in rows:
            row[2] = f"{row[2][:6]}{1900 + list(where).index(step) + 20 + int(row[2][-1])}"
        batch = reach(step.split()[0], step)
        connections.close_all()
        if (child := os.fork()) == 0:
            try:
                arm()
                go_on(batch)
            finally:
                os._exit(3)
        _, status = os.waitpid(child, 0)
        batch.refresh_from_db()
        left = Record.objects.filter(register="canicule").exclude(status="active")
        said: dict[str, Any] = {
            "step": step,
            "killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL,
            "state": batch.state,
            "visible": Record.objects.filter(register="canicule", status="active").count() - before,
            "frozen": left.filter(status="frozen").count(),
            "letters": Enrolment.objects.filter(batch=batch).count(),
        }
        ImportBatch.objects.filter(pk=batch.pk).update(alive_until=clock.now() - timedelta(minutes=10))
        said["resumed"] = usecases.resume_imports(Actor.machine("essai")) if batch.state != "loaded" else 0
        go_on(batch)
        batch.refresh_from_db()
        if batch.state == "mapped":
            usecases.set_mapping(odile, batch=batch, mapping=batch.mapping)
            go_on(batch)
            batch.refresh_from_db()
        if batch.state == "checked":
            usecases.start_load(odile, batch=batch)
            go_on(batch)
            batch.refresh_from_db()
        said |= {
            "end": batch.state,
            "outcomes": batch.outcomes,
            "new": batch.effects.get("new", 0),
            "records": Record.objects.filter(register="canicule", status="active").count() - before,
            "enrolled": Enrolment.objects.filter(batch=batch, state="effective").count(),
            "rows": ImportedRow.objects.filter(batch=batch).count(),
            "known": SourceRow.objects.filter(source=batch.source).count(),
            "aside": len(usecases.open_asides(odile, batch=batch)),
        }
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
