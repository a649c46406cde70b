"""Deciding by the rules in force: one by one, in a batch, a list of 200 records, and putting a set into force."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

SIZE = 50  # repetitions


def timed(deed: Callable[[], object], size: int) -> list[float]:
    """Sorted durations in milliseconds, after one that does not count."""
    deed()
    durations = []
    for _ in range(size):
        start = time.perf_counter()
        deed()
        durations.append((time.perf_counter() - start) * 1000)
    return sorted(durations)


def measure(size: int) -> dict[str, Any]:
    """The baseline is the same list decided record by record, without sharing."""
    from entremise.kernel import clock
    from entremise.kernel.actors import Actor
    from entremise.rules import engine, queries, usecases
    from entremise.rules.engine import shipped
    from tests.rules.world import Worlds

    machine = Actor.machine("bench")
    usecases.install_rules(machine)
    world = Worlds(clock.now())
    one = [world.call("phone")]
    how = [world.how("read", "outreach.call", category) for category in ("name", "phone", "address")]
    records = [replace(world.records["r2"], id=f"r{n}", person=f"p{n}") for n in range(200)]
    page = [engine.Asked(world.agents["sam"], "read", record, use) for record in records for use in how]
    rules = queries.compiled()
    base = engine.base(rules, [world.registers["heat"]])

    def switch() -> None:
        row = usecases.prepare_rules(machine, values={}, decision="bench")
        usecases.activate_rules(machine, number=row.number)
        queries.compiled()

    deeds = {
        "one decision": lambda: queries.decide(one),
        "200 records × 3 fields, shared": lambda: queries.decide(page),
        "200 records × 3 fields, apart": lambda: engine.decide(rules, base, page, share=False),
        "compile a set": lambda: engine.compile(shipped.schema(), shipped.floor(), shipped.rulebook()),
        "prepare and activate": switch,
    }
    rows, middle = [], {}
    for words, deed in deeds.items():
        durations = timed(
            deed, size if words in ("one decision", "200 records × 3 fields, shared") else size // 5 or 1
        )
        middle[words] = durations[len(durations) // 2]
        p95 = durations[int(len(durations) * 0.95)]
        rows.append({"what": words, "p50_ms": round(middle[words], 2), "p95_ms": round(p95, 2)})
    shared, apart = middle["200 records × 3 fields, shared"], middle["200 records × 3 fields, apart"]
    ratios = {"shared decisions against decisions apart": round(apart / shared, 1)}
    per_second = {"alone": round(1000 / middle["one decision"]), "in a batch": round(600_000 / apart)}
    return {"size": size, "rows": rows, "ratios": ratios, "decisions_per_second": per_second}
