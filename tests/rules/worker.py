"""Workers of their own processes: each decides without a pause, says when each question left and which set answered.

    python -m tests.rules.worker FOLDER NUMBER

One process loads the program, then becomes NUMBER others as `serve` does with its own; none has read a rule before.
Each writes in FOLDER, and counts what it asks after it saw the file FOLDER/now.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.db import connections  # noqa: E402

from entremise.rules import queries  # noqa: E402
from tests.rules.world import Worlds  # noqa: E402

LEAST = 250


def work(folder: Path, name: str) -> None:
    asked = [Worlds().call("phone")]
    done, after = 0, -1
    with (folder / name).open("w", encoding="utf-8") as out:
        while done < LEAST or after < LEAST // 2:
            at = time.time_ns()
            verdict = queries.decide(asked)[0]
            out.write(f"{at} {verdict.rule_set} {int(verdict.allowed)}{verdict.alarm and ' ' + verdict.alarm}\n")
            out.flush()
            done += 1
            if after >= 0:
                after += 1
            elif (folder / "now").exists():
                after = 0


def main(folder: Path, number: int) -> int:
    assert not any(connection.connection for connection in connections.all(initialized_only=True))
    children = []
    for one in range(number):
        if not (child := os.fork()):
            work(folder, f"worker-{one}")
            return 0
        children.append(child)
    return max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
