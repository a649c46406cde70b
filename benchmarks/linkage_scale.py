"""A national file: 1,000,000 records compared on this computer, then 1,000 new rows against them.

The whole is done in a process of its own, so that the peak of memory is that of a run and of nothing else. The model
is the shipped one: what a keeper has on the first day; the prior is estimated on the base. The baseline, in the same
run, is the new file linked the other way, by a full run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

SIZE = 1_000_000  # records
NEW = 1000
WORKERS = 2  # processes that prepare rows; they end before the comparison
DEPARTMENTS: tuple[str, ...] = ("38", "69", "42", "01", "73", "74")
SEED = 104


def measure(size: int) -> dict[str, Any]:
    size = max(size, 3000)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "benchmarks.linkage_scale", str(size)]
    asked = subprocess.run(  # noqa: S603 - this very module
        command, env=environment, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False
    )
    if asked.returncode:
        raise SystemExit(asked.stderr[-2000:])
    return dict(json.loads(asked.stdout.splitlines()[-1]))


def _rss() -> float:
    """Peak memory of this process so far, in GB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1e6


class Clock:
    """Wall and CPU seconds of each step; progress goes to standard error."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def done(self, what: str, since: tuple[float, float], **more: Any) -> None:
        wall, cpu = (now - then for now, then in zip(now_both(), since, strict=True))
        row = {"what": what, "s": round(wall, 1), "CPU s": round(cpu, 1), "peak GB": round(_rss(), 2)}
        self.rows.append({**row, "found": "", **more})
        print(self.rows[-1], file=sys.stderr, flush=True)


def now_both() -> tuple[float, float]:
    """Wall and CPU seconds, those of ended workers included."""
    import time

    return time.perf_counter(), time.process_time() + children().ru_utime + children().ru_stime


def children() -> Any:
    import resource

    return resource.getrusage(resource.RUSAGE_CHILDREN)


def invented(size: int, truth: dict[int, Any], spent: list[float]) -> Iterator[dict[str, Any]]:
    """The cells of the files, as they come; the truth on the way, and the seconds that inventing them takes."""
    import time

    from benchmarks.linkage import towns
    from entremise.site.invention import records

    start = time.process_time()
    for cells, true in records(SEED, size, towns(DEPARTMENTS)):
        truth[true.record] = true
        spent[0] += time.process_time() - start
        yield cells
        start = time.process_time()


def main(size: int) -> None:
    from benchmarks.linkage import TODAY, of_groups
    from entremise.registers.engine import incremental, linkage
    from entremise.registers.engine.outcomes import questions, sealed_connection
    from entremise.registers.engine.parallel import prepared
    from entremise.registers.engine.prepare import forget_crowds, load_batches
    from entremise.registers.engine.resolve import group
    from entremise.registers.queries import communes, first_names, starting_model

    clock = Clock()
    con = sealed_connection("2000MB")
    truth = _Truth()
    spent, start = [0.0], now_both()
    rows = invented(size, truth, spent)
    load_batches(con, prepared(rows, names=first_names(), communes=communes(), today=TODAY, workers=WORKERS))
    work = children().ru_utime + children().ru_stime
    clock.done("invent, prepare on two processes, load", start)
    prepare_s = clock.rows[-1]["CPU s"] - spent[0] - work + work / WORKERS
    clock.rows[-1]["found"] = (
        f"inventing {spent[0]:.0f} s, workers {work:.0f} s of CPU: prepare alone {prepare_s:.0f} s"
    )
    workers_gb = WORKERS * children().ru_maxrss / 1e6
    start = now_both()
    forget_crowds(con)
    run = linkage.link(con, model=starting_model(), tell=lambda step, share: print(step, share, file=sys.stderr))
    clock.done("compare all", start, found=f"{len(run.pairs)} pairs")
    compare_s = clock.rows[-1]["s"]
    start = now_both()
    edges = run.automatic()
    ends = {record for _, *pair in edges for record in pair} | {r for p in run.pairs for r in (p.left, p.right)}
    births = {r: dob for r, dob in con.execute("select unique_id, dob from prepared").fetchall() if r in ends}
    root, refused = group(births, edges)
    asked = questions(run.pairs, root)
    clock.done("group", start, found=f"{len(refused)} refused, {len(asked)} questions")
    prior = run.model["probability_two_random_records_match"]
    figures = of_groups({record: root.get(record, record) for record in range(1, size + 1)}, truth)
    con.execute(f"create table fresh as select * from prepared where unique_id > {size - NEW}").fetchall()  # noqa: S608
    con.execute(f"delete from prepared where unique_id > {size - NEW}").fetchall()  # noqa: S608
    start = now_both()
    news = incremental.link_new(con, "prepared", "fresh", starting_model(), prior=prior)
    clock.done(f"{NEW} new rows against the others", start, found=f"{len(news.pairs)} pairs")
    new_s = clock.rows[-1]["s"]
    total = prepare_s + sum(row["s"] for row in clock.rows[1:3])
    clock.rows.append(
        {
            "what": "full run: prepare, compare, group",
            "s": round(total, 1),
            "CPU s": "",
            "peak GB": round(max(clock.rows[2]["peak GB"], clock.rows[0]["peak GB"] + workers_gb), 2),
            "found": "clusters P/R/F1 " + " / ".join(f"{figure:.4f}" for figure in figures),
        }
    )
    ratios = {"full comparison ÷ new rows alone": round(compare_s / max(0.001, new_s), 1)}
    print(json.dumps({"size": size, "rows": clock.rows, "ratios": ratios, "load": os.getloadavg()[0]}))


class _Truth(dict[int, Any]):
    """The person of each record, and no more: eight bytes a record, so that the peak is that of the linkage."""

    def __init__(self) -> None:
        super().__init__()
        self.persons = array("q", [0])

    def __setitem__(self, record: int, true: Any) -> None:
        self.persons.append(true.person)

    def __getitem__(self, record: int) -> Any:
        return SimpleNamespace(person=self.persons[record])

    def values(self) -> Any:
        return (SimpleNamespace(person=person) for person in self.persons[1:])


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "entremise.site.settings")
    django.setup()
    main(int(sys.argv[1]))
