"""Load services twice, then search them: a need, a commune, a public, ranked with reasons."""

from __future__ import annotations

import json
import time
from typing import Any

SIZE = 20_000  # services


def measure(size: int) -> dict[str, Any]:
    """The baseline is the barest question on the same table: the services of a commune, unranked."""
    from benchmarks.rules import timed
    from entremise.kernel.actors import Actor
    from entremise.referrals import usecases
    from entremise.referrals.engine.themes import THEMES, themes
    from entremise.referrals.models import Service
    from entremise.referrals.queries import directory
    from entremise.territories.queries import commune
    from entremise.territories.usecases import load_reference

    machine = Actor.machine("mesure")
    load_reference(machine, departments=["38"])
    codes = sorted(themes())
    zones = [["38185"], ["200040715"], ["38"], ["france"], ["38544", "38185"]]
    structures = [
        {"source": "b", "id": f"s{n}", "nom": f"Structure {n}", "date_maj": "2026-05-01"}
        for n in range(size // 10 + 1)
    ]
    services = [
        {
            "source": "b", "structure_id": f"s{n // 10}", "id": f"v{n}", "nom": f"Service {n}",
            "description": "Un service inventé pour mesurer. " * 8, "date_maj": f"2026-0{1 + n % 9}-15",
            "thematiques": [codes[n % 69], codes[(n * 7) % 69]], "publics": ["seniors"] if n % 3 else ["tous-publics"],
            "zone_eligibilite": zones[n % 5], "code_insee": "38185", "telephone": "0465711001",
            "horaires_accueil": ["Mo-Fr 09:00-12:00,14:00-17:00; PH off", "sur rendez-vous"][n % 2],
        }
        for n in range(size)
    ]  # fmt: skip
    data = json.dumps({"structures": structures, "services": services}).encode()
    loads = []
    for _ in range(2):
        start = time.perf_counter()
        usecases.load_directory(machine, batch=usecases.receive_directory(machine, data=data, title="mesure.json"))
        loads.append(1000 * (time.perf_counter() - start))
    town, needs = commune("38185"), [code for code in THEMES if THEMES[code]]
    asked = iter(needs * 100)

    def search() -> None:
        directory.find_services(directory.Asked(need=next(asked), commune=town, public="seniors"))

    bare = timed(lambda: list(Service.objects.filter(withdrawn_at=None).values_list("pk")[:400]), 20)
    found = timed(search, 60)
    rows = [
        {"what": words, "p50_ms": round(durations[len(durations) // 2], 1), "p95_ms": round(durations[-1], 1)}
        for words, durations in (
            ("400 services, unranked", bare), ("search, ranked", found), ("first load", loads[:1]),
            ("second load, nothing changed", loads[1:]),
        )
    ]  # fmt: skip
    ratio = found[len(found) // 2] / bare[len(bare) // 2]
    return {"size": size, "rows": rows, "ratios": {"search against 400 services unranked": round(ratio, 1)}}
