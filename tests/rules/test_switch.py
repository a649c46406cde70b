"""Four processes decide without a pause while new rules enter into force: none answers by the old ones afterwards."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection, connections, transaction

from entremise.rules import queries, usecases
from tests.rules.factories import SIGNER

ROOT = Path(__file__).parents[2]
WORKERS, LEAST = 4, 250


@contextmanager
def shared_database(folder: Path) -> Iterator[str]:
    """An address where other processes find what this test sees. SQLite's test database lives in memory: copied."""
    if connection.vendor == "postgresql":
        params = connection.get_connection_params()
        yield f"postgresql://{params['user']}@/{params['dbname']}?host={quote(str(params['host']), safe='')}"
        return
    file = folder / "shared.sqlite3"
    copy = sqlite3.connect(file)
    connection.ensure_connection()
    connection.connection.backup(copy)
    copy.execute("PRAGMA journal_mode=WAL")
    copy.close()
    settings = connections["default"].settings_dict
    before = settings["NAME"], connection.connection
    connection.connection = None
    settings["NAME"] = str(file)
    connection.connect()
    try:
        yield f"sqlite:///{file}"
    finally:
        connection.connection.close()
        settings["NAME"], connection.connection = before


def heard(folder: Path) -> list[list[str]]:
    """The lines that each worker has written, ended or not."""
    files = [folder / f"worker-{one}" for one in range(WORKERS)]
    return [file.read_text(encoding="utf-8").splitlines() if file.exists() else [] for file in files]


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_no_worker_decides_by_the_old_rules_once_new_ones_are_in_force(tmp_path):
    with shared_database(tmp_path) as address:
        forms = [form for form in queries.forms(queries.active()) if form.id != "rule-call"]
        row = usecases.prepare_rules(SIGNER, forms=forms, decision="Essai")
        environment = {**os.environ, "DATABASE_URL": address, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
        command = [sys.executable, "-m", "tests.rules.worker", str(tmp_path), str(WORKERS)]
        family = subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stderr=subprocess.PIPE)
        while min(len(said) for said in heard(tmp_path)) < 20:
            assert family.poll() is None, family.communicate()[1]
            time.sleep(0.05)
        usecases.activate_rules(SIGNER, number=row.number)
        assert not transaction.get_connection().in_atomic_block
        activated = time.time_ns()
        (tmp_path / "now").touch()
        trouble = family.communicate(timeout=60)[1]
    assert family.returncode == 0, trouble
    lines = [line.split() for said in heard(tmp_path) for line in said]
    assert len(lines) >= WORKERS * LEAST
    assert {tuple(line[1:]) for line in lines} == {("1", "1"), (str(row.number), "0")}
    after = [line for line in lines if int(line[0]) >= activated]
    assert len(after) >= WORKERS * LEAST // 2
    assert {line[1] for line in after} == {str(row.number)}
