"""The tables of the tests, by our real migrations, applied once for as long as they stay the same.

Django draws every model again at each operation of each migration: ten seconds of processor for our three databases,
in each process of each suite. So the first process that needs a database migrates it and keeps the result in a folder
that git ignores; the next ones copy it. SQLite: a file. PostgreSQL: the statements that the migrations sent, in order.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pickle
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.core.management import call_command
from django.db import connections

import entremise

KEPT = Path(__file__).parents[1] / ".migrated_cache"
READS = ("SELECT", "PRAGMA", "SHOW")


def sources() -> list[Path]:
    """All that decides what a migration makes: migrations, the models they import, what the models import."""
    found = list((Path(entremise.__file__).parent / "kernel").glob("*.py"))
    for config in apps.get_app_configs():
        for pattern in ("migrations/*.py", "models.py", "models/*.py"):
            found += Path(config.path).glob(pattern)
    return sorted(found)


def fingerprint(paths: Iterable[Path]) -> str:
    said = hashlib.sha256(f"{django.VERSION} {sys.version} {sqlite3.sqlite_version}".encode())
    for path in paths:
        content = path.read_bytes()
        said.update(f"{path.parent.parent.name}/{path.parent.name}/{path.name} {len(content)}\n".encode() + content)
    return said.hexdigest()[:20]


@cache
def _now() -> str:
    return fingerprint(sources())


def migrate(alias: str, really: Callable[[], object] | None = None, kept: Path = KEPT) -> None:
    """Give an empty database its tables: `really` migrates it (by default our command) when no copy is at hand."""
    connection = connections[alias]
    with _alone(kept):
        target = kept / f"{connection.vendor}-{alias}-{_now()}"
        if not target.exists():
            for old in kept.glob(f"{connection.vendor}-{alias}-*"):
                old.unlink()
            part = target.with_suffix(f".{os.getpid()}")
            _keep(connection, part, really or (lambda: call_command("migrate", database=alias, verbosity=0)))
            part.rename(target)
        elif connection.vendor == "sqlite":
            connection.ensure_connection()
            _copy(target, connection.connection)
        else:
            _replay(target, connection)


@contextmanager
def _alone(kept: Path) -> Iterator[None]:
    """One process at a time: the others wait for the copy instead of making their own."""
    kept.mkdir(exist_ok=True)
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _keep(connection: Any, target: Path, really: Callable[[], object]) -> None:
    if connection.vendor == "sqlite":
        really()
        with target.open("wb"):
            pass
        there = sqlite3.connect(target)
        connection.ensure_connection()
        connection.connection.backup(there)
        there.close()
        return
    sent: list[tuple[str, Any, bool]] = []

    def note(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        said = sql if isinstance(sql, str) else sql.as_string(None)
        if not said.lstrip(" (").upper().startswith(READS):
            sent.append((said, params, many))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        really()
    target.write_bytes(pickle.dumps(sent))


def _copy(source: Path, connection: sqlite3.Connection) -> None:
    here = sqlite3.connect(source)
    here.backup(connection)
    here.close()


def _replay(source: Path, connection: Any) -> None:
    with connection.cursor() as cursor:
        for sql, params, many in pickle.loads(source.read_bytes()):
            (cursor.executemany if many else cursor.execute)(sql, params)
