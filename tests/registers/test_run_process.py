"""The process of a run, really started and really killed: its results all or none, and no value left anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.registers.child import CANARY

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="one site is enough to kill processes of")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder that holds a whole site: its databases, its temporary files, its working directory."""
    home = tmp_path_factory.mktemp("site")
    (home / "tmp").mkdir()
    return home


def ask(home, *said):
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    environment = {
        **kept, "ENTREMISE_HOME": str(home), "TMPDIR": str(home / "tmp"), "ENTREMISE_DEMO": "1",
        "ENTREMISE_SQLITE_SYNC": "OFF", "DJANGO_SETTINGS_MODULE": "entremise.site.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "tests.registers.child", *map(str, said)],
        env=environment, cwd=home, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert not done.returncode, done.stderr[-2000:]
    assert CANARY not in done.stderr
    return json.loads(done.stdout)


def files(home):
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def test_a_process_killed_at_each_step_links_nothing_by_half_and_leaves_no_value_anywhere(site):
    told = ask(site, "feed", "compare", "nowhere")
    *killed, (_, done) = told["steps"]
    for number, (step, after) in enumerate(killed, start=1):
        assert after["killed"], step
        assert (after["state"], after["token"]) == ("ready", number), "it goes back to the queue"
        assert (after["pairs"], after["aliases"], after["moves"]) == (0, 0, 0)
        assert after["command"][-3:] == ["linkage_run", str(told["run"]), str(number)], "numbers only"
    assert (done["state"], done["token"], done["killed"]) == ("done", 3, False), done["failure"]
    assert done["merged"] == done["aliases"] == done["moves"] == 31
    assert CANARY not in done["said"]
    left = files(site)
    assert {Path(name).name.partition(".")[0] for name in left} == {"entremise", "keys", "journal", "master"}
    assert not [name for name, content in left.items() if CANARY.encode() in content]
