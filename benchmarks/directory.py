"""Load 20,000 services twice, then search, in a database thrown away. `python -m benchmarks.directory [count]`."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time


def main(count: int) -> None:
    os.environ["ENTREMISE_HOME"] = tempfile.mkdtemp(prefix="entremise-directory-")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "entremise.site.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from entremise.kernel.actors import Actor
    from entremise.referrals import usecases
    from entremise.referrals.engine.themes import THEMES, themes
    from entremise.referrals.models import Service
    from entremise.referrals.queries import directory
    from entremise.territories.queries import commune
    from entremise.territories.usecases import load_reference

    for alias in ("default", "keys", "journal"):
        call_command("migrate", database=alias, verbosity=0)
    machine = Actor.machine("mesure")
    load_reference(machine, departments=["38"])
    codes = sorted(themes())
    zones = [["38185"], ["200040715"], ["38"], ["france"], ["38544", "38185"]]
    structures = [
        {"source": "b", "id": f"s{n}", "nom": f"Structure {n}", "date_maj": "2026-05-01"} for n in range(count // 10)
    ]
    services = [
        {
            "source": "b", "structure_id": f"s{n // 10}", "id": f"v{n}", "nom": f"Service {n}",
            "description": "Un service inventé pour mesurer. " * 8, "date_maj": f"2026-0{1 + n % 9}-15",
            "thematiques": [codes[n % 69], codes[(n * 7) % 69]], "publics": ["seniors"] if n % 3 else ["tous-publics"],
            "zone_eligibilite": zones[n % 5], "code_insee": "38185", "telephone": "0465711001",
            "horaires_accueil": ["Mo-Fr 09:00-12:00,14:00-17:00; PH off", "sur rendez-vous"][n % 2],
        }
        for n in range(count)
    ]  # fmt: skip
    data = json.dumps({"structures": structures, "services": services}).encode()
    for label in ("first", "second"):
        start, wall = time.process_time(), time.monotonic()
        batch = usecases.receive_directory(machine, data=data, title="mesure.json")
        seen = time.process_time() - start
        done = usecases.load_directory(machine, batch=batch)
        print(f"{label} import of {count}: check {seen:.1f} s CPU, whole {time.process_time() - start:.1f} s CPU, "
              f"{time.monotonic() - wall:.1f} s elapsed, {done}")  # fmt: skip
    town = commune("38185")
    times = []
    for need in [code for code in THEMES if THEMES[code]] * 3:
        start = time.process_time()
        directory.find_services(directory.Asked(need=need, commune=town, public="seniors"))
        times.append(1000 * (time.process_time() - start))
    times.sort()
    print(
        f"search among {Service.objects.count()}: median {times[len(times) // 2]:.0f} ms CPU, worst {times[-1]:.0f} ms"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
