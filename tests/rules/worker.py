"""A worker of its own process: decides without a pause, says when each question left and which set answered."""

from __future__ import annotations

import os
import select
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from entremise.rules import queries  # noqa: E402
from tests.rules.world import Worlds  # noqa: E402

LEAST = 250


def main() -> None:
    asked = [Worlds().call("phone")]
    done, after = 0, -1
    while done < LEAST or after < LEAST // 2:
        at = time.time_ns()
        verdict = queries.decide(asked)[0]
        sys.stdout.write(f"{at} {verdict.rule_set} {int(verdict.allowed)}{verdict.alarm and ' ' + verdict.alarm}\n")
        sys.stdout.flush()
        done += 1
        if after >= 0:
            after += 1
        elif select.select([sys.stdin], [], [], 0)[0]:
            sys.stdin.readline()
            after = 0


main()
