"""The files of the databases are for the service's account only, whatever the umask."""

from __future__ import annotations

import os
import stat

import pytest
from django.db import connection, connections
from django.db.utils import ConnectionHandler

from entremise.site import env

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="the server keeps the files of PostgreSQL")


@pytest.mark.django_db
def test_a_new_database_is_readable_by_its_owner_only(tmp_path):
    before = os.umask(0)
    try:
        made = ConnectionHandler({"default": env.sqlite(tmp_path / "new.sqlite3")})["default"]
        with made.cursor() as cursor:
            cursor.execute("CREATE TABLE t (n)")
            cursor.execute("PRAGMA secure_delete")
            assert cursor.fetchone() == (1,)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
        made.close()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("new.sqlite3", "new.sqlite3-wal", "new.sqlite3-shm"), 0o600)


@pytest.mark.django_db
def test_the_three_databases_overwrite_what_they_delete():
    for alias in connections:
        with connections[alias].cursor() as cursor:
            cursor.execute("PRAGMA secure_delete")
            assert cursor.fetchone() == (1,)
