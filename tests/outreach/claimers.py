"""A call centre of its own, for what only real processes tell: many who take calls at once, some killed with -9.

Run as a program: `make TASKS CALLERS` answers the numbers of the campaign and of the callers; `work CAMPAIGN CALLER
FILE PACE` takes and reports calls until none is left, at once or `slowly`, and writes each claim on a line of FILE
once it is committed; `close` lets the leases end and offers their calls again; `check` says what the tables tell. In
JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ALWAYS = {str(day): [["00:00", "23:59"]] for day in range(7)}


def make(tasks: int, callers: int) -> dict[str, Any]:
    from datetime import timedelta

    from entremise.accounts.models import User
    from entremise.kernel import clock
    from entremise.outreach.models import CallCampaign, CallerProfile, CallTask
    from entremise.people.models import Person

    row = CallCampaign.objects.create(
        label="Veille", purpose="outreach.call", hours=ALWAYS, holidays_open=True, state="open",
        daily_conversations=30_000, daily_minutes=30_000, starts_on=clock.today(), lease=15,
    )  # fmt: skip
    stem = f"{os.getpid()}-{row.pk}"
    users = User.objects.bulk_create(
        [User(email=f"appel-{stem}-{n}@demo.entremise.example", label=f"Appel {n}") for n in range(callers)],
        batch_size=1000,
    )
    CallerProfile.objects.bulk_create(
        [CallerProfile(user=user, kind="staff", state="active", level=2, languages=["fr"]) for user in users],
        batch_size=1000,
    )
    persons = Person.objects.bulk_create([Person() for _ in range(tasks)], batch_size=1000)
    earlier = clock.now() - timedelta(hours=1)
    CallTask.objects.bulk_create(
        [
            CallTask(
                campaign=row, person=person, state="ready", line=f"{row.pk}-{n}", line_field="apa.phone",
                not_before=earlier, rank=n,
            )
            for n, person in enumerate(persons)
        ],
        batch_size=1000,
    )  # fmt: skip
    return {"campaign": row.pk, "callers": [user.pk for user in users]}


def work(campaign: int, caller: int, file: str, pace: str) -> dict[str, Any]:
    from entremise.kernel.actors import Actor
    from entremise.outreach.models import CallCampaign
    from entremise.outreach.usecases import calls

    actor = Actor(caller, "Appel", "web", frozenset({"caller"}), mfa=True)
    row = CallCampaign.objects.get(pk=campaign)
    errors: Counter[str] = Counter()
    with open(file, "a", encoding="utf-8", buffering=1) as log:
        while True:
            try:
                got = calls.claim_call(actor, campaign=row)
                if isinstance(got, calls.Nothing):
                    break
                log.write(f"{got.task.pk} {got.token}\n")
                if pace == "slowly":
                    time.sleep(random.uniform(0, 0.05))
                key = f"{got.task.public_id}-{got.token}"
                calls.report_call(actor, task=got.task, token=got.token, key=key, disposition="refused_today")
            except Exception as error:
                errors[f"{type(error).__name__}: {error}"[:200]] += 1
                if sum(errors.values()) > 20:
                    break
    return {"errors": dict(errors)}


def close(campaign: int) -> dict[str, Any]:
    from datetime import timedelta

    from django.db.models import F

    from entremise.kernel import clock
    from entremise.kernel.actors import Actor
    from entremise.outreach import usecases
    from entremise.outreach.models import CallTask

    held = CallTask.objects.filter(campaign=campaign, state="claimed")
    stuck = held.update(lease_until=F("lease_until") - timedelta(hours=1))
    back = usecases.expire_leases(Actor.machine("délais"))
    CallTask.objects.filter(campaign=campaign, wait_reason="released").update(
        released_at=clock.now() - timedelta(hours=1)
    )
    return {"stuck": stuck, "back": back}


def check(campaign: int) -> dict[str, Any]:
    """What the tables say: states, tokens, events, traces, attempts; `doubles`: two claims under one token."""
    from django.db.models import Count, Sum

    from entremise.audit import usecases as audit
    from entremise.audit.models import Entry
    from entremise.audit.queries import first_broken
    from entremise.outreach.models import CallAttempt, CallEvent, CallTask

    audit.seal_entries()
    tasks = CallTask.objects.filter(campaign=campaign)
    attempts = CallAttempt.objects.filter(campaign=campaign)
    counted = attempts.exclude(disposition="aborted")
    return {
        "states": dict(tasks.order_by().values_list("state").annotate(n=Count("pk"))),
        "tokens": tasks.aggregate(n=Sum("token"))["n"],
        "claims": CallEvent.objects.filter(task__campaign=campaign, event="claim").count(),
        "traces": Entry.objects.filter(action="outreach.call.claimed").count(),
        "attempts": counted.count(),
        "doubles": counted.order_by().values("task", "token").annotate(n=Count("pk")).filter(n__gt=1).count(),
        "broken": first_broken(),
    }


def ask(*words: object, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run one of these in a process of its own; its answer. RuntimeError with what it said otherwise."""
    said = subprocess.run(command(*words), capture_output=True, text=True, env=env, cwd=ROOT, timeout=500)
    if said.returncode:
        raise RuntimeError(said.stderr[-2000:])
    answer: dict[str, Any] = json.loads(said.stdout)
    return answer


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "tests.outreach.claimers", *map(str, words)]


def storm(
    folder: Path, *, tasks: int, callers: int, kills: int, env: Mapping[str, str], seed: int = 7
) -> dict[str, Any]:
    """So many processes empty a queue of calls; `kills` of them, at random moments, die by -9 and others take their
    seat. Then the leases end, and what was held is called by others. What each saw, and what the tables say.
    """
    made = ask("make", tasks, callers + kills + 1, env=env)
    campaign, seats = made["campaign"], list(made["callers"])
    chance = random.Random(seed)

    def start() -> subprocess.Popen[str]:
        caller = seats.pop()
        words = command("work", campaign, caller, folder / f"{caller}.txt", "slowly" if kills else "at once")
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd=ROOT)

    begun = time.perf_counter()
    running = [start() for _ in range(callers)]
    logged = 0
    killed = 0
    while killed < kills:
        time.sleep(chance.uniform(0.05, 0.4))
        logged = sum(file.read_text().count("\n") for file in folder.glob("*.txt"))
        live = [one for one in running if one.poll() is None]
        if not live or logged >= tasks:
            break
        if logged < callers:  # they are still starting
            continue
        one = chance.choice(live)
        os.kill(one.pid, signal.SIGKILL)
        one.communicate()
        killed += 1
        running.remove(one)
        running.append(start())
    errors: Counter[str] = Counter()
    for one in running:
        out, wrong = one.communicate()
        if one.returncode == 0:
            errors.update(json.loads(out)["errors"])
        else:
            errors[wrong[-300:]] += 1
    seconds = time.perf_counter() - begun
    stuck = ask("close", campaign, env=env)
    caller = seats.pop()
    last = ask("work", campaign, caller, folder / f"{caller}.txt", "at once", env=env)
    errors.update(last["errors"])
    seen: Counter[str] = Counter()
    for file in folder.glob("*.txt"):
        seen.update(line for line in file.read_text().splitlines() if line)
    told = ask("check", campaign, env=env)
    twice = sum(count > 1 for count in seen.values())
    mine = {"killed": killed, "errors": dict(errors), "stuck": stuck, "seen": sum(seen.values()), "twice": twice}
    return {**mine, "seconds": round(seconds, 1), **told}


def main(words: list[str]) -> Any:
    import django

    django.setup()
    match words:
        case ["migrate"]:
            from django.db import connections

            from tests import migrated

            for base in connections:
                migrated.migrate(base)
            return {}
        case ["make", tasks, callers]:
            return make(int(tasks), int(callers))
        case ["work", campaign, caller, file, pace]:
            return work(int(campaign), int(caller), file, pace)
        case ["close", campaign]:
            return close(int(campaign))
        case ["check", campaign]:
            return check(int(campaign))
    raise SystemExit(f"{words}?")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "entremise.site.settings")
    print(json.dumps(main(sys.argv[1:])))  # noqa: T201
