"""A site of its own, in its own folder, with a campaign and a plan asked for. Run as a program with names of steps:
what a worker does, once for each; the process of the plan is killed with -9 as soon as it reaches that step. JSON.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import django

START = subprocess.Popen


def run(pk: int, step: str) -> dict[str, Any]:
    from entremise.outreach.models import CallPlan, CallTask
    from entremise.outreach.usecases.plans import working

    killed = threading.Event()
    shown: list[str] = []
    steps = list(CallPlan.STEPS)
    after = steps[steps.index(step) :] if step in steps else []

    def watched(command: Sequence[str], **more: Any) -> subprocess.Popen[bytes]:
        child = START(command, **more)
        shown.extend(command)

        def kill() -> None:
            from django.db import connection

            while child.poll() is None and not killed.is_set():
                if CallPlan.objects.filter(pk=pk, state="running", step__in=after).exists():
                    os.kill(child.pid, signal.SIGKILL)
                    killed.set()
                time.sleep(0.005)
            connection.close()

        threading.Thread(target=kill, daemon=True).start()
        return child

    setattr(working.subprocess, "Popen", watched)  # noqa: B010 - the way out of this program
    try:
        working.run_plan(pk)
    finally:
        setattr(working.subprocess, "Popen", START)  # noqa: B010
    row = CallPlan.objects.get(pk=pk)
    waiting = CallTask.objects.filter(campaign=row.campaign_id)
    return {
        "killed": killed.is_set(), "command": shown, "state": row.state, "token": row.token,
        "certified": row.certified, "served": row.served, "planned": waiting.exclude(planned_slot="").count(),
        "without": waiting.filter(planned_terms__has_key="unserved").count(),
    }  # fmt: skip


def main(people: int, *steps: str) -> None:
    django.setup()
    from django.db import connections, transaction

    from tests import migrated

    for base in connections:
        migrated.migrate(base)
    from entremise.outreach.usecases.plans import asking
    from tests.outreach.crowds import crowd

    row = crowd(people, max(2, people // 100))
    with transaction.atomic():
        plan = asking._asked(asking.MACHINE, row, None)
    told = [[step, run(plan.pk, step)] for step in steps]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1000
    sys.stdout.write(json.dumps({"plan": plan.pk, "steps": told, "peak_mb": peak}))


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
