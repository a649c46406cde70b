"""The copy that the tests start from is what the migrations make."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from functools import partial

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import ConnectionHandler

from tests import migrated

POSTGRESQL = (
    "SELECT table_name, column_name, ordinal_position, data_type, is_nullable, column_default, "
    "character_maximum_length, is_identity FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid > 0",
    "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "SELECT relname, last_value FROM pg_class JOIN pg_sequences ON relname = sequencename",
)
SQLITE = ("SELECT type, name, tbl_name, sql FROM sqlite_master",)
BOTH = ("SELECT app, name FROM django_migrations",)


def content(connection) -> list[list[tuple]]:
    questions = (SQLITE if connection.vendor == "sqlite" else POSTGRESQL) + BOTH
    with connection.cursor() as cursor:
        return [sorted(cursor.execute(question).fetchall(), key=str) for question in questions]


@pytest.fixture
def empty(tmp_path):
    """Two empty databases beside that of the journal, each in its place while it is asked for."""
    usual = connections["journal"]
    server = usual.vendor == "postgresql"
    names = [f"{name}_{usual.settings_dict['NAME']}" if server else str(tmp_path / name) for name in ("one", "two")]

    @contextmanager
    def instead(name):
        alone = ConnectionHandler({"default": {}, "journal": {**usual.settings_dict, "NAME": name}})["journal"]
        connections["journal"] = alone
        try:
            yield alone
        finally:
            connections["journal"] = usual
            alone.close()

    for name in names if server else ():
        usual.cursor().execute(f"CREATE DATABASE {name}")
    yield [partial(instead, name) for name in names]
    for name in names if server else ():
        usual.cursor().execute(f"DROP DATABASE {name}")


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_a_copy_holds_what_the_migrations_make(empty, tmp_path, monkeypatch):
    """The journal: the smallest of the three databases, with the most triggers."""
    found = []
    for instead in empty:
        with instead() as connection:
            migrated.migrate("journal", kept=tmp_path / "kept")
            found.append(content(connection))
        monkeypatch.setattr(MigrationExecutor, "migrate", None)  # the second is a copy, or fails
    made, copied = found
    assert made == copied
    names = {str(value) for part in made for row in part for value in row}
    assert {"vault_line", "0006_journal"} <= names
    assert any("TRIGGER vault_line_no_" in name for name in names)


@pytest.mark.django_db
def test_the_databases_of_the_tests_lack_no_migration():
    for alias in connections:
        call_command("migrate", database=alias, check_unapplied=True, verbosity=0)


def test_another_migration_is_another_copy(tmp_path):
    source = next(path for path in migrated.sources() if "vault/migrations/0006" in str(path))
    folder = tmp_path / "vault" / "migrations"
    folder.mkdir(parents=True)
    copy = folder / source.name
    shutil.copy(source, copy)
    assert migrated.fingerprint([copy]) == migrated.fingerprint([source])
    copy.write_text(copy.read_text(encoding="utf-8").replace("append", "add") + "\n", encoding="utf-8")
    assert migrated.fingerprint([copy]) != migrated.fingerprint([source])
    copy.rename(folder / "0099_later.py")
    assert migrated.fingerprint([folder / "0099_later.py"]) != migrated.fingerprint([source])
