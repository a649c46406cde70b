"""Real processes that take calls at once, some killed with -9 while they hold one: no double, no loss, no error shown.

The full figure (8 processes, 2,000 tasks, both engines) is `python -m benchmarks claims`.
"""

from __future__ import annotations

import os

import pytest

from tests.outreach import claimers

TASKS, CALLERS, KILLS = 120, 4, 3


@pytest.mark.django_db(transaction=True)
def test_processes_killed_at_random_moments_leave_no_call_given_twice_and_none_lost(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    env = {**os.environ, "ENTREMISE_HOME": str(home), "ENTREMISE_DEMO": "1"}
    claimers.ask("migrate", env=env)
    told = claimers.storm(tmp_path, tasks=TASKS, callers=CALLERS, kills=KILLS, env=env)
    assert told["errors"] == {}
    assert (told["twice"], told["doubles"]) == (0, 0)
    assert told["states"] == {"scheduled": TASKS}  # each said « pas aujourd’hui »
    assert told["attempts"] == TASKS
    assert told["claims"] == told["traces"] == told["tokens"] == TASKS + told["stuck"]["stuck"]
    assert told["stuck"]["back"] == told["stuck"]["stuck"] <= KILLS
    assert told["seen"] >= TASKS
    assert told["broken"] is None
