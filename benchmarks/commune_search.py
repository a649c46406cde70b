"""Finding a commune as somebody types: one range of a covering index, against a scan with `icontains`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

SIZE = 20  # repetitions of each text
TEXTS = ["gre", "grenoble", "saint", "saint de", "s", "l'hay", "mesnil", "38100", "750", "st martin heres", "zzz"]


def timed(deed: Callable[[str], object], size: int) -> list[float]:
    """Sorted durations in milliseconds."""
    durations = []
    for text in TEXTS:
        deed(text)
        for _ in range(size):
            start = time.perf_counter()
            deed(text)
            durations.append((time.perf_counter() - start) * 1000)
    return sorted(durations)


def measure(size: int) -> dict[str, Any]:
    """All of France from size 10; one département below."""
    from django.db import connection

    from entremise.kernel.actors import Actor
    from entremise.territories import queries, usecases
    from entremise.territories.models import Territory

    start = time.perf_counter()
    usecases.load_reference(Actor.machine("bench"), departments=None if size >= 10 else ["90"])
    loaded = time.perf_counter() - start
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def scan(text: str) -> list[Territory]:
        return list(Territory.objects.filter(name__icontains=text).order_by("-population")[:8])

    rows, p95 = [], {}
    for words, deed in (("search_communes", queries.search_communes), ("icontains scan", scan)):
        durations = timed(deed, size)
        p95[words] = durations[int(len(durations) * 0.95)]
        middle = durations[len(durations) // 2]
        rows.append({"what": words, "p50_ms": round(middle, 2), "p95_ms": round(p95[words], 2)})
    return {
        "size": size,
        "communes": Territory.objects.filter(kind="commune").count(),
        "load_s": round(loaded, 2),
        "rows": rows,
        "ratios": {"scan p95 ÷ ours p95": round(p95["icontains scan"] / p95["search_communes"], 1)},
    }
