"""The commands, run as an operator runs them: a process, a temporary home, a free port."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from entremise.audit import usecases as audit
from entremise.audit.models import Entry
from entremise.site import doctor
from entremise.site.models import Tick
from entremise.site.usecases import NEVER

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path) -> dict[str, str]:
    """The environment of a new installation: SQLite in its own folder, nothing else."""
    kept = {k: v for k, v in os.environ.items() if not re.match("ENTREMISE_|DATABASE_URL|DJANGO_|PYTHONPATH", k)}
    return {**kept, "ENTREMISE_DEMO": "1", "ENTREMISE_HOME": str(tmp_path), "ENTREMISE_SQLITE_SYNC": "OFF"}


@pytest.fixture(scope="session")
def town(tmp_path_factory) -> Path:
    """A demonstration made once: the tests that need one start from its copy."""
    made = tmp_path_factory.mktemp("town")
    kept = {k: v for k, v in os.environ.items() if not re.match("ENTREMISE_|DATABASE_URL|DJANGO_|PYTHONPATH", k)}
    home = {**kept, "ENTREMISE_DEMO": "1", "ENTREMISE_HOME": str(made), "ENTREMISE_SQLITE_SYNC": "OFF"}
    first = run(home, "demo")
    assert first.returncode == 0, first.stderr
    (made / "said.txt").write_text(first.stdout, encoding="utf-8")
    return made


@pytest.fixture
def settled(home, town) -> dict[str, str]:
    shutil.copytree(town, home["ENTREMISE_HOME"], dirs_exist_ok=True)
    return home


def run(home: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=home, capture_output=True, text=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def descendants(pid: int) -> list[int]:
    """The processes a process started, and theirs; read where Linux says it."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *descendants(int(child))]
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(what, seconds: float = 40):
    """The value of `what()` once it is true: a process takes the time its computer gives it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := what():
            return value
        time.sleep(0.1)
    raise AssertionError("waited in vain")


def page(port: int) -> str | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
            return answer.read().decode()
    except OSError:
        return None


@pytest.fixture
def served(settled):
    """`serve` on a free port, after `demo`; killed at the end whatever happened."""
    home = settled
    port = free_port()
    words = [sys.executable, "manage.py", "serve", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    process = subprocess.Popen(words, cwd=ROOT, env=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process, port
    finally:
        left = [process.pid, *descendants(process.pid)]
        process.kill()
        process.wait()
        for pid in left:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        if process.stdout:
            process.stdout.close()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc: processes not counted")
def test_serve_answers_and_ends_with_all_its_processes(served, home):
    process, port = served
    assert "<h1" in wait_for(lambda: page(port))
    family = wait_for(lambda: len(found := descendants(process.pid)) >= 3 and found)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    assert not [pid for pid in family if alive(pid)]
    assert f"http://127.0.0.1:{port}" in process.stdout.read()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc: processes not counted")
def test_when_one_process_falls_serve_ends_all_and_says_which(served):
    process, port = served
    wait_for(lambda: page(port))
    family = wait_for(lambda: len(found := descendants(process.pid)) >= 3 and found)
    worker = next(pid for pid in family if "db_worker" in Path(f"/proc/{pid}/cmdline").read_text())
    os.kill(worker, signal.SIGKILL)
    assert process.wait(timeout=30) == 1
    assert not [pid for pid in family if alive(pid)]
    assert "Le processus des travaux s’est arrêté" in process.stdout.read()


def test_the_demonstration_does_not_leave_this_machine(home):
    refused = run(home, "serve", "--bind", f"0.0.0.0:{free_port()}")
    assert refused.returncode == 1
    assert "mots de passe connus de tous" in refused.stderr
    assert "--anyway" in refused.stderr


@pytest.mark.parametrize("bind", ["8000", "localhost", "127.0.0.1:x", "127.0.0.1:70000"])
def test_an_address_that_makes_no_sense_gets_an_example(bind):
    with pytest.raises(CommandError, match=r"127\.0\.0\.1:8000"):
        call_command("serve", bind=bind, workers=1, anyway=False)


def test_a_port_already_taken_is_said_before_anything_starts():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(CommandError, match="choisissez un autre port"):
            call_command("serve", bind=f"127.0.0.1:{other.getsockname()[1]}", workers=1, anyway=False)


def test_a_demonstration_made_twice_is_the_same(settled):
    home = settled
    traced = traces(home)
    assert traced
    first, second = Path(home["ENTREMISE_HOME"], "said.txt").read_text(encoding="utf-8"), run(home, "demo")
    assert second.returncode == 0, second.stderr
    assert "demo@example.org" in first
    accounts = [[line for line in said.splitlines() if "@" in line] for said in (first, second.stdout)]
    assert accounts[0] == accounts[1]
    assert len(set(accounts[0])) == len(accounts[0])
    assert traces(home) == traced
    verified = run(home, "audit", "verify")
    assert verified.returncode == 0
    assert "Trace intacte" in verified.stdout


def traces(home: dict[str, str]) -> int:
    with closing(sqlite3.connect(Path(home["ENTREMISE_HOME"], "entremise.sqlite3"))) as base:
        return int(base.execute("SELECT COUNT(*) FROM audit_entry").fetchone()[0])


def test_the_demonstration_is_not_made_over_a_real_database(settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="ENTREMISE_DEMO=1"):
        call_command("demo")


def test_doctor_of_an_empty_home_says_what_to_do_and_fails(home):
    examined = run(home, "doctor")
    assert examined.returncode == 1
    assert "entremise migrate --database keys" in examined.stdout
    assert "Traceback" not in examined.stderr


@pytest.mark.django_db
def test_doctor_sees_a_key_that_others_can_read(settings, tmp_path):
    settings.MASTER_KEY, settings.MASTER_KEY_FILE = "", tmp_path / "master.key"
    settings.MASTER_KEY_FILE.write_text("0" * 64)
    settings.MASTER_KEY_FILE.chmod(0o644)
    (line,) = doctor.master_key()
    assert (line.level, "chmod 600" in line.words) == ("erreur", True)
    settings.MASTER_KEY_FILE.chmod(0o600)
    (line,) = doctor.master_key()
    assert line.level == "OK"


@pytest.mark.django_db
def test_doctor_sees_a_stopped_clock_and_a_living_worker(run_jobs):
    assert [line.level for line in doctor.clockwork()] == ["attention", "attention"]
    Tick.objects.create(name=doctor.BEAT, last_at=NEVER)
    Tick.objects.create(name="worker", last_at=NEVER)
    assert [line.level for line in doctor.clockwork()] == ["erreur", "erreur"]
    call_command("tick", stdout=StringIO())
    assert "site.note_worker" in run_jobs()
    assert [line.level for line in doctor.clockwork()] == ["OK", "OK"]


@pytest.mark.django_db
def test_doctor_finds_the_databases_up_to_date():
    assert {line.level for line in doctor.databases()} == {"OK"}


@pytest.mark.django_db
def test_verify_names_the_first_broken_deed(actor):
    out = StringIO()
    call_command("audit", "verify", stdout=out)
    assert "vide" in out.getvalue()
    entry = audit.record(actor(), "kits.kit.applied", Tick(name="x"))
    Entry(seq=2, at=entry.at, action=entry.action, actor_label="Camille", channel="web", subject="x", data={}).save()
    with pytest.raises(CommandError, match="rompue au rang 2"):
        call_command("audit", "verify")
