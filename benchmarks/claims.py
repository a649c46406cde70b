"""Taking calls: nobody twice, nobody lost, by real processes; and what our use case costs beside the bare statement.

The full run: `python -m benchmarks claims` (SQLite: the first part) and, for both parts, with commits that survive a
power cut as on a real server: `DURABLE=1 scripts/with-postgres python -m benchmarks claims`.
The baseline of the second part is pgbench, on the same server in the same run, with as many clients: the claim of the
product as one prepared statement (its pick and its UPDATE), without the preflight, the event, the trace, nor Python.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SIZE = 2_000  # tasks emptied by 8 processes
PROCESSES, KILLS = 8, 6
ENV = {**os.environ, "PGOPTIONS": "-c plan_cache_mode=force_generic_plan"}  # planned once, as the product's
CLIENTS, EACH, ROUNDS = 16, 400, 5


def measure(size: int) -> dict[str, Any]:
    """Two storms, one of them with processes killed by -9; on PostgreSQL the ratio of claims a second."""
    from django.db import connection, connections

    from tests.outreach import claimers

    rows, figures, rates = [], {}, []
    connections.close_all()
    many = min(PROCESSES, size + 1)
    for words, kills in ((f"{many} processes", 0), (f"{many} processes, killed with -9", min(KILLS, size - 1))):
        with tempfile.TemporaryDirectory(prefix="entremise-claims-") as folder:
            env = {**os.environ, "ENTREMISE_DEMO": "1"}
            if connection.vendor == "sqlite":  # a base of its own, with its own master key
                env["ENTREMISE_HOME"] = folder
                claimers.ask("migrate", env=env)
            told = claimers.storm(Path(folder), tasks=size, callers=many, kills=kills, env=env)
        rates.append(size / told["seconds"])
        lost = size - told["attempts"]
        rows.append(
            {
                "what": words, "tasks": size, "double": told["twice"] + told["doubles"], "lost": lost,
                "errors shown": sum(told["errors"].values()), "killed": told["killed"],
                "leases ended": told["stuck"]["stuck"], "claims": told["claims"],
                "claims and reports a second": round(size / told["seconds"]),
            }
        )  # fmt: skip
        if told["twice"] or told["doubles"] or lost or told["errors"] or told["broken"] is not None:
            raise SystemExit(f"claims: {told}")
    ratios = {"claims a second, killed processes against whole ones": round(rates[1] / rates[0], 2)}
    if connection.vendor == "postgresql":
        figures = against_pgbench()
        ratios["claims a second, use case against the bare statement (floor 0.5)"] = figures["ratio"]
    return {"size": size, "rows": rows, "ratios": ratios, **figures}


def against_pgbench() -> dict[str, Any]:
    """Short rounds of both, one after the other. The best of each: what else runs here only slows."""
    bare, full = [], []
    for _ in range(ROUNDS):
        bare.append(_pgbench())
        full.append(_workers())
    one, other = max(bare), max(full)
    settings = {name: _show(name) for name in ("fsync", "synchronous_commit", "server_version")}
    print(f"bare {[round(n) for n in bare]}, use case {[round(n) for n in full]} claims/s, {settings}")
    return {
        "bare_claims_s": round(one), "claims_s": round(other), "ratio": round(other / one, 2), "clients": CLIENTS,
        "durability": settings, "load": os.getloadavg()[0],
    }  # fmt: skip


def _show(name: str) -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        return str(cursor.fetchone()[0])


def _fresh() -> dict[str, Any]:
    """A new queue, and one caller per claim: nobody holds two calls."""
    from django.db import connection

    from entremise.outreach.models import CallTask
    from tests.outreach import claimers

    CallTask.objects.filter(state__in=("ready", "scheduled", "claimed")).update(
        state="closed", closed_reason="ended", claimed_by=None, lease_until=None
    )
    made = claimers.make(CLIENTS * EACH, CLIENTS * EACH)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    return made


def _parameters(made: dict[str, Any]) -> dict[str, Any]:
    from entremise.kernel import clock
    from entremise.outreach.models import CallCampaign
    from entremise.outreach.usecases.calls.claiming import parameters, standing

    row = CallCampaign.objects.get(pk=made["campaign"])
    caller = made["callers"][0]
    now = clock.now()
    return parameters(row, standing(caller, row, now), caller, "web", now)


def _pgbench() -> float:
    """Claims a second by pgbench, prepared, each under its own caller."""
    from django.db import connection

    from entremise.outreach.usecases.calls.statement import bare_claim

    made = _fresh()
    given = _parameters(made) | {"caller": 0}
    first = min(made["callers"])
    sql = re.sub(r"%\((\w+)\)s", r":\1", bare_claim(given["slot"])).replace("\n", " ")
    texts = {"languages": "{fr}", "turning": "t"}
    values = {
        name: texts.get(name) or (value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value))
        for name, value in given.items()
    }
    with tempfile.TemporaryDirectory(prefix="entremise-pgbench-") as folder:
        script = Path(folder, "claim.sql")
        script.write_text(f"\\set n :n + 1\n\\set caller {first} + :client_id * {EACH} + :n\n{sql};\n")
        where = connection.settings_dict
        program = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))[-1]
        words = [str(program), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-t", str(EACH)]
        words += [f"-D{name}={value}" for name, value in values.items()] + ["-Dn=-1", "-f", str(script)]
        words += ["-h", str(where["HOST"]), "-U", str(where["USER"]), str(where["NAME"])]
        said = subprocess.run(  # noqa: S603 - our own words
            words, capture_output=True, text=True, timeout=300, check=False, env=ENV
        )
    found = re.search(r"tps = ([\d.]+)", said.stdout)
    if found is None or said.returncode:
        raise SystemExit(said.stderr[:1500])
    _all_claimed(made["campaign"])
    return float(found[1])


def _workers() -> float:
    """Claims a second by as many processes that call the use case, from the first start to the last end."""
    from django.db import connections

    made = _fresh()
    connections.close_all()
    context = multiprocessing.get_context("fork")
    gate, ends = context.Barrier(CLIENTS), context.Queue()
    some = [made["callers"][place * EACH : (place + 1) * EACH] for place in range(CLIENTS)]
    workers = [context.Process(target=_worker, args=(made["campaign"], mine, gate, ends)) for mine in some]
    for worker in workers:
        worker.start()
    told = [ends.get(timeout=300) for _ in workers]
    for worker in workers:
        worker.join()
    _all_claimed(made["campaign"])
    return CLIENTS * EACH / (max(end for _, end in told) - min(start for start, _ in told))


def _worker(campaign: int, callers: list[int], gate: Any, ends: Any) -> None:
    from entremise.kernel.actors import Actor
    from entremise.kernel.memory import settle
    from entremise.outreach.models import CallCampaign
    from entremise.outreach.usecases import calls

    row = CallCampaign.objects.get(pk=campaign)
    actors = [Actor(pk, "Appel", "web", frozenset({"caller"}), mfa=True) for pk in callers]
    calls.renew_claim  # noqa: B018 - imported before the clock starts
    settle()
    gate.wait()
    start = time.time()
    for actor in actors:
        if not isinstance(calls.claim_call(actor, campaign=row), calls.Claim):
            raise SystemExit("no call was given")
    ends.put((start, time.time()))


def _all_claimed(campaign: int) -> None:
    """Each task was taken once, or the figure is worth nothing."""
    from entremise.outreach.models import CallTask

    taken = CallTask.objects.filter(campaign=campaign, state="claimed", token=1).count()
    if taken != CLIENTS * EACH:
        raise SystemExit(f"{taken} claims for {CLIENTS * EACH} tasks")
