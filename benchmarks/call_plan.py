"""A plan of calls, in a process of its own: 50,000 persons, 500 callers, 8 weeks of ten half-days.

Three things are measured in one run: the plan proved from nothing, the same after one caller is gone, and a smaller
one (a fifth of the persons and callers) where places are scarce. The baseline is the simple way, most fragile first.
The peak of memory is that of the process, Django left out: the job loads it besides.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SIZE = 50_000  # persons
PER_CALLER = 100
TIGHT = 0.97  # places for one person, in the smaller one


def measure(size: int) -> dict[str, Any]:
    size = max(size, 1000)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "benchmarks.call_plan", str(size)]
    asked = subprocess.run(  # noqa: S603 - this very module
        command, env=environment, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False
    )
    if asked.returncode:
        raise SystemExit(asked.stderr[-2000:])
    return dict(json.loads(asked.stdout.splitlines()[-1]))


def peak() -> int:
    """Peak memory of this process so far, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) // 1000


def main(size: int) -> dict[str, Any]:
    import time
    from dataclasses import replace

    from entremise.outreach.engine.checking import check
    from entremise.outreach.engine.greedy import greedy
    from entremise.outreach.engine.making import Made, make
    from tests.outreach.planning import invented

    rows: list[dict[str, Any]] = []

    def row(what: str, since: tuple[float, float], made: Made | None = None, cost: int = 0) -> tuple[float, float]:
        wall, cpu = time.perf_counter() - since[0], time.process_time() - since[1]
        rows.append(
            {
                "what": what, "s": round(wall, 2), "CPU s": round(cpu, 2), "peak MB": peak(),
                "cost": made.value if made else cost, "bound": made.bound if made else "",
                "certified": "yes" if made and made.certified else "",
            }
        )  # fmt: skip
        return wall, cpu

    def now() -> tuple[float, float]:
        return time.perf_counter(), time.process_time()

    problem = invented(size, size // PER_CALLER)
    since = now()
    first = make(problem, compare=False)
    whole = row("plan, from nothing", since, first)
    gone = replace(problem, callers=(problem.callers[0].without(), *problem.callers[1:]))
    lost = sum(seat is not None and seat.caller == 0 for seat in first.plan)
    since = now()
    mended = make(gone, before=first.plan, compare=False)
    again = row(f"one caller gone, {lost} persons without a place", since, mended)
    moved = sum(one != two for one, two in zip(first.plan, mended.plan, strict=True))
    anew = make(gone, compare=False)
    if (mended.value, mended.solver, mended.certified) != (anew.value, "mended", True):
        raise SystemExit("the plan mended is not the plan made anew")
    since = now()
    large = check(problem, greedy(problem))
    simple = row("simple way, same persons", since, cost=large.value)

    small = invented(size // 5, size // 5 // PER_CALLER, ease=TIGHT, seed=3)
    since = now()
    tight = make(small, compare=False)
    row(f"{size // 5} persons, places scarce", since, tight)
    since = now()
    baseline = check(small, greedy(small))
    row("simple way, same persons", since, cost=baseline.value)
    account, persons = first.account, len(problem.persons)
    ratios = {
        "cost of the simple way, over the optimum": round(large.value / first.value, 3),
        "the same where places are scarce": round(baseline.value / tight.value, 3),
        "cost of the plan where places are scarce, over the simple way": round(tight.value / baseline.value, 3),
        "persons left out by the simple way and not by the plan, there": tight.account.served - baseline.served,
        "time of the plan, over the simple way (CPU)": round(whole[1] / simple[1], 1),
        "time after an absence, over the whole plan (CPU)": round(again[1] / whole[1], 2),
        "persons whose call moves, for one that lost it": round(moved / max(1, lost), 1),
        "same caller again, share of those called before": round(account.kept / max(1, account.with_previous), 3),
        "at a time preferred, share of those who have one": round(account.pleased / max(1, account.wished), 3),
        "persons left out": persons - account.served,
    }
    return {"size": size, "rows": rows, "ratios": ratios}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
