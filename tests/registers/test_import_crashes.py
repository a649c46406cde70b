"""A worker killed at any step of an import: what it left serves nothing, and the next one ends the work, once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).parents[2]
STEPS = ("read", "check", "load first persons", "load inside a batch", "load between batches", "load last commit",
         "load once committed")  # fmt: skip

sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="the processes open a database of their own")


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    home = tmp_path_factory.mktemp("killed")
    left_out = ("ENTREMISE_DATABASE", "DATABASE_URL", "PYTEST_CURRENT_TEST")
    env = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    env |= {"ENTREMISE_HOME": str(home), "ENTREMISE_DEMO": "1", "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
            "DJANGO_SETTINGS_MODULE": "tests.settings"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "tests.registers.killed"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return {said["step"]: said for said in map(json.loads, done.stdout.decode().splitlines())}, home


@sqlite
@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_at_any_step_leaves_nothing_half_loaded_and_is_replaced(killed, step):
    said = killed[0][step]
    assert said["killed"]
    if step == "load once committed":
        assert (said["state"], said["visible"], said["letters"]) == ("loaded", 11, 11)
    else:
        assert (said["visible"], said["letters"]) == (0, 0), "a file half in serves nobody, and owes no letter"
        assert said["resumed"] == 1
    assert said["end"] == "loaded"
    assert sum(said["outcomes"].values()) == said["rows"] == 12
    assert said["new"] == said["records"] == said["known"] == said["enrolled"] == 11
    assert said["aside"] == 1


@sqlite
def test_what_was_committed_before_the_kill_is_taken_up_and_not_made_again(killed):
    assert killed[0]["load inside a batch"]["frozen"] == 4
    assert killed[0]["load between batches"]["frozen"] == 8


@sqlite
def test_no_file_of_a_killed_process_holds_a_name(killed):
    for path in killed[1].rglob("*"):
        assert not path.is_file() or b"FICTION" not in path.read_bytes(), path.name
