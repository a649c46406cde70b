"""The access journal: writing, signing, verifying every line, proving one. The aim is 1 M lines in 30 s."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

SIZE = 200_000  # lines
AIM = 1_000_000 / 30  # lines a second


def measure(size: int) -> dict[str, Any]:
    """The baseline is hashing alone: the tree of as many leaves, no database."""
    import resource

    from entremise.kernel.actors import Actor
    from entremise.vault import usecases
    from entremise.vault.engine import merkle
    from entremise.vault.models import Line
    from entremise.vault.usecases import trails
    from tests.vault.lines import write

    machine = Actor.machine("bench")
    seconds: dict[str, float] = {}
    cpu: dict[str, float] = {}

    def timed(words: str, deed: Callable[[], object]) -> None:
        start, worked = time.perf_counter(), time.process_time()
        deed()
        seconds[words], cpu[words] = time.perf_counter() - start, time.process_time() - worked

    timed("write, by 5,000", lambda: [write(min(5000, size - n)) for n in range(0, size, 5000)])
    timed("sign: tree of the month", lambda: usecases.checkpoint(machine))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    timed("verify every line", lambda: _intact(usecases.verify_journal()))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    middle = Line.objects.get(pk=max(1, size // 2))
    timed("prove one line", lambda: trails.proof_of(middle))
    timed("tree alone", lambda: merkle.root_of(merkle.leaf(n.to_bytes(32, "big")) for n in range(size)))
    rows = [
        {
            "what": words,
            "seconds": round(spent, 2),
            "cpu": round(cpu[words], 2),
            "lines_per_cpu_s": round(size / cpu[words]),
        }
        for words, spent in seconds.items()
    ]
    speed = size / cpu["verify every line"]  # a shared machine says nothing by the clock on the wall
    ratios = {
        "verification against the tree alone": round(cpu["verify every line"] / cpu["tree alone"], 1),
        "verification against the aim (1 M lines in 30 s)": round(speed / AIM, 2),
    }
    return {"size": size, "rows": rows, "ratios": ratios, "memory_grown_kib": grown}


def _intact(report: Any) -> None:
    if not report.intact:
        raise SystemExit(report.findings[0].words)
