"""A targeting and the freezing of its cohort, killed with -9 at each step: all there, or nothing, and no name left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.registers.killed_targeting import CANARY, PEOPLE

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="the processes open a database of their own")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    home = tmp_path_factory.mktemp("targeting")
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    env = {**kept, "ENTREMISE_HOME": str(home), "TMPDIR": str(home), "ENTREMISE_DEMO": "1",
           "ENTREMISE_SQLITE_SYNC": "OFF", "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
           "DJANGO_SETTINGS_MODULE": "tests.settings"}  # fmt: skip
    command = [sys.executable, "-m", "tests.registers.killed_targeting"]
    done = subprocess.run(command, cwd=home, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert CANARY not in done.stderr
    return {said["step"]: said for said in map(json.loads, done.stdout.splitlines())}, home


@pytest.mark.parametrize("step", ["compute", "gather", "seal", "finish"])
def test_a_computation_killed_anywhere_leaves_no_result_and_is_taken_up(killed, step):
    said = killed[0][step]
    assert said["killed"]
    assert said["left"] == ["running", True, True], "still held, nothing sealed"
    assert said["token"] == ["compute", "gather", "seal", "finish"].index(step) + 1, "taken up each time"


@pytest.mark.parametrize("step", ["open reasons", "half the members", "all the members"])
def test_a_freezing_killed_before_its_commit_leaves_a_draft_that_calls_nobody(killed, step):
    said = killed[0][step]
    assert said["killed"]
    assert said["targeting"] == "done", "the killed computations were done again in the end"
    assert said["left"] == ["draft", 0, 0, 0]


def test_killed_once_committed_it_is_frozen_whole(killed):
    said = killed[0]["once committed"]
    assert said["killed"]
    assert said["left"] == ["frozen", PEOPLE, 1, PEOPLE]
    assert killed[0]["frozen again"]["ranks"] == list(range(1, PEOPLE + 1))


def test_what_was_killed_is_frozen_by_whoever_comes_next(killed):
    said = killed[0]["frozen again"]
    assert said["killed"]
    assert said["left"] == ["frozen", PEOPLE]


def test_no_file_that_the_killed_processes_left_holds_a_name(killed):
    left = [path for path in killed[1].rglob("*") if path.is_file()]
    assert {path.name.partition(".")[0] for path in left} == {"entremise", "keys", "journal", "master"}
    assert not [path.name for path in left if CANARY.encode() in path.read_bytes()]
