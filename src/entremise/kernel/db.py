"""A page that is only read must only read, enforced where the SQL leaves; which database holds what."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection, connections, models

READS = ("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT", "EXPLAIN")
_reading: ContextVar[bool] = ContextVar("reading", default=False)


NEVER_BY_ITSELF = 1_000_000
_NAMED = re.compile(r"%\((\w+)\)s")


class WroteWhileReading(RuntimeError):
    pass


def _refuse_writes(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    if _reading.get() and not sql.lstrip(" (").upper().startswith(READS):
        raise WroteWhileReading(f"A GET tried: {sql[:80]}")
    return execute(sql, params, many, context)


@contextmanager
def reading_only() -> Iterator[None]:
    token = _reading.set(True)
    try:
        with connection.execute_wrapper(_refuse_writes):
            yield
    finally:
        _reading.reset(token)


@contextmanager
def writing_allowed(reason: str) -> Iterator[None]:
    """The named exceptions: the access journal of the vault, the session at log-in."""
    token = _reading.set(False)
    try:
        yield
    finally:
        _reading.reset(token)


class Router:
    """Sends each model to its database: `database_alias` on the model, the main one by default.

    Keys and the access journal live apart from the data, so that a copy of the data opens nothing,
    and a line of the journal survives the rollback of whoever asked (reference rules-vault-commons § 2).
    """

    @staticmethod
    def _alias(model: object) -> str:
        return str(getattr(model, "database_alias", "default"))

    def db_for_read(self, model: object, **hints: Any) -> str:
        return self._alias(model)

    def db_for_write(self, model: object, **hints: Any) -> str:
        return self._alias(model)

    def allow_relation(self, one: object, other: object, **hints: Any) -> bool:
        return self._alias(one) == self._alias(other)

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool:
        if model_name is None:  # RunPython and RunSQL name their database in their hints
            return bool(db == hints.get("database", "default"))
        try:
            return db == self._alias(apps.get_model(app_label, model_name))
        except LookupError:  # a model that no longer exists
            return db == "default"


def adapted(values: Iterable[Any], using: str = "default") -> list[Any]:
    """Parameters as this database keeps them: SQLite has no UUID and no time zone of its own."""
    here = connections[using]
    sqlite = here.vendor == "sqlite"
    return [
        here.ops.adapt_datetimefield_value(value)
        if isinstance(value, datetime)
        else (value.hex if sqlite and isinstance(value, UUID) else value)
        for value in values
    ]


def read_rows(sql: str, values: Iterable[Any] = (), using: str = "default") -> list[tuple[Any, ...]]:
    """The answer to a question written in the database's own words.

    For what every page asks: building such a question from model fields takes ten times longer than answering it.
    Parameters are adapted; what comes back is as the driver gives it (SQLite: UUID as 32 signs, dates as text).
    """
    with connections[using].cursor() as cursor:
        cursor.execute(sql, adapted(values, using))
        return list(cursor.fetchall())


def run_prepared(sql: str, values: Mapping[str, Any], using: str = "default") -> list[tuple[Any, ...]]:
    """A statement that many ask many times a second, with `%(name)s` parameters, and that gives rows (SELECT, or what
    ends by RETURNING); its rows, as the driver gives them.

    On PostgreSQL it is planned once per connection: planning a claim takes longer than doing it. A page that only
    reads may not write through it either. Raises django.db.DatabaseError like any query.
    """
    connection = connections[using]
    if _reading.get():
        _refuse_writes(lambda *_: None, sql, None, False, None)
    if connection.vendor != "postgresql":
        given = dict(zip(values, adapted(values.values(), using), strict=True))
        with connection.cursor() as cursor:
            cursor.execute(sql, given)
            return list(cursor.fetchall())
    import psycopg

    connection.ensure_connection()
    raw = connection.connection
    if raw.prepare_threshold is None:  # Django's word for « never »: only those asked for, each planned once
        raw.prepare_threshold = NEVER_BY_ITSELF
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('plan_cache_mode', 'force_generic_plan', false)")
    text, names = _numbered(sql)
    with connection.wrap_database_errors, psycopg.RawCursor(raw) as cursor:
        cursor.execute(text, [values[name] for name in names], prepare=True)
        return cursor.fetchall()


@cache
def _numbered(sql: str) -> tuple[bytes, list[str]]:
    """`%(name)s` as PostgreSQL writes parameters ($1, $2…), and their names in order."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return _NAMED.sub(number, sql).encode(), names


def marks(values: Collection[object]) -> str:
    """The parameters of an `IN (…)`, which matches nothing when there is no value."""
    return ", ".join(["%s"] * len(values)) or "NULL"


def as_uuid(stored: UUID | str) -> UUID:
    return stored if isinstance(stored, UUID) else UUID(stored)


def update_rows(
    model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]], states: Iterable[str]
) -> int:
    """Move many rows of one table, each to values of its own, where their `state` is still one of these; how many.

    `rows`: the values of the columns, then the integer primary key. One prepared statement, for rows in the ten
    thousands, where an UPDATE of cases takes twenty times longer. Call inside the use case's transaction.
    """
    if not rows:
        return 0
    connection = connections[getattr(model, "database_alias", "default")]
    quote, held = connection.ops.quote_name, sorted(states)
    changes = ", ".join(f"{quote(column)} = %s" for column in columns)
    marks = ", ".join(["%s"] * len(held))
    with connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {quote(model._meta.db_table)} SET {changes} WHERE {quote('id')} = %s AND state IN ({marks})",  # noqa: S608
            [(*row, *held) for row in rows],
        )
        return int(cursor.rowcount)


def insert_rows(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Many plain rows of one table, in its database: COPY on PostgreSQL, one prepared statement on SQLite.

    For rows in the hundred thousands, where `bulk_create` takes ten times longer; the values are those of the columns
    (no Python conversion but for UUIDs, no default). Call inside the use case's transaction.
    """
    if not rows:
        return
    connection = connections[getattr(model, "database_alias", "default")]
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.wrap_database_errors, connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            ids = [place for place, value in enumerate(rows[0]) if isinstance(value, UUID)]
            if ids:  # SQLite keeps them as 32 hexadecimal signs
                rows = [[v.hex if n in ids else v for n, v in enumerate(row)] for row in rows]
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608
