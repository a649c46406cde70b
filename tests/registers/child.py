"""A site of its own, in its own folder, with people in it and a run asked for. Run as a program with names of steps:
what a worker does, once for each; the process of the run is killed with -9 as soon as it reaches that step. Answers in
JSON.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import django

CANARY = "ZYXCANARI"
START = subprocess.Popen


def make() -> int:
    from django.db import connections

    from tests import migrated

    for base in connections:
        migrated.migrate(base)
    from entremise.kernel.actors import Actor
    from entremise.rules.usecases import install_rules
    from tests.registers.linking import FILE, JEANINE, JEANNINE, LEGAL, Linking, sealed, somebody

    install_rules(Actor.machine("essais"))
    linking = Linking()
    named = {"names": f"{CANARY}, Jeannine"}
    sealed(LEGAL, *(somebody(n) for n in range(60)), {**JEANNINE, **named})
    sealed(FILE, *(somebody(n) for n in range(30, 90)), {**JEANINE, **named})
    return linking.start().pk


def run(pk: int, step: str) -> dict[str, Any]:
    from entremise.registers.models import LinkageRun
    from entremise.registers.usecases.linkage import working

    shown: list[str] = []
    killed = threading.Event()

    def watched(command: Sequence[str], **more: Any) -> subprocess.Popen[bytes]:
        child = START(command, **more)
        shown.extend(command)

        def kill() -> None:
            while child.poll() is None and not killed.is_set():
                if LinkageRun.objects.filter(pk=pk, step=step).exists():
                    os.kill(child.pid, signal.SIGKILL)
                    killed.set()
                time.sleep(0.002)

        threading.Thread(target=kill, daemon=True).start()
        return child

    setattr(working.subprocess, "Popen", watched)  # noqa: B010 - the way out of this program
    try:
        working.run_linkage(pk)
    finally:
        setattr(working.subprocess, "Popen", START)  # noqa: B010
    return {"killed": killed.is_set(), "command": shown, **state(pk)}


def state(pk: int) -> dict[str, Any]:
    from entremise.audit.models import Entry
    from entremise.people.models import PersonAlias
    from entremise.registers.models import LinkageRun, Move, Pair

    row = LinkageRun.objects.get(pk=pk)
    return {
        "state": row.state, "failure": row.failure, "token": row.token, "pairs": Pair.objects.count(),
        "aliases": PersonAlias.objects.count(), "moves": Move.objects.count(), "merged": row.counts.get("merged"),
        "said": f"{LinkageRun.objects.values()}{Entry.objects.values()}",
    }  # fmt: skip


if __name__ == "__main__":
    django.setup()
    pk = make()
    said = [(step, run(pk, step)) for step in sys.argv[1:]]
    sys.stdout.write(json.dumps({"run": pk, "steps": said}))
