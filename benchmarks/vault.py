"""The vault: sealing many persons, opening one and a list, erasing, destroying a whole register.

Ratios against the same sealing and the same rows with nothing around (AES-GCM and one table of SQLite), in the run.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

SIZE = 100_000  # persons × 10 fields
BATCH = 1_000
WHY = {"purpose": "mutualaid.contact", "motive": "Mesure de vitesse au banc"}


def _person(n: int) -> dict[str, str]:
    said = {
        "first_name": f"Prénom{n}",
        "last_name": f"Fiction{n}",
        "phone": f"+336399{n:05d}",
        "email": f"p{n}@exemple.fr",
        "address": f"{n} rue des Essais, Montville",
        "position": "45.123456,5.123456",
    }
    named = {f"entraide.{field}": value for field, value in said.items()}
    return named | {f"entraide.note#{k}": f"Précision {k} de la personne {n}" for k in range(4)}


def _timed(deed: Callable[[], object], times: int) -> tuple[float, float]:
    """p50 and p95 in milliseconds, after one that does not count."""
    deed()
    found = []
    for _ in range(times):
        start = time.perf_counter()
        deed()
        found.append((time.perf_counter() - start) * 1000)
    found.sort()
    return found[len(found) // 2], found[int(len(found) * 0.95)]


def _bare(size: int) -> float:
    """Seconds to seal as many values with AES-GCM and insert them in one table, in batches."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    with tempfile.TemporaryDirectory() as folder:
        base = sqlite3.connect(Path(folder) / "bare.sqlite3")
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("CREATE TABLE cell (n INTEGER, field TEXT, blob BLOB)")
        start = time.perf_counter()
        for begin in range(0, size, BATCH):
            rows = []
            for n in range(begin, min(begin + BATCH, size)):
                cipher = AESGCM(os.urandom(32))
                for field, value in _person(n).items():
                    nonce = os.urandom(12)
                    rows.append((n, field, nonce + cipher.encrypt(nonce, value.encode(), field.encode())))
            with base:
                base.executemany("INSERT INTO cell VALUES (?, ?, ?)", rows)
        spent = time.perf_counter() - start
        base.close()
    return spent


def _keeper(machine: Any) -> Any:
    """Somebody who may read doubtful pairs, 240 records an hour: the longest list that a rule grants."""
    from entremise.accounts.models import Membership, Organisation, User
    from entremise.accounts.queries import actor_of
    from entremise.kernel import clock
    from entremise.vault import usecases as vault
    from entremise.vault.models import Register

    register = Register.objects.get(code="entraide")
    register.bases |= {"registers.link": "gdpr:A6-1-e-public-interest"}
    register.save()
    user = User.objects.create_user("keeper@demo.entremise.example", "bench", label="Mesure")
    house = Organisation.objects.create(name="Mesure du coffre", kind="collectivite")
    Membership.objects.create(user=user, organisation=house, role="keeper")
    later = clock.now() + timedelta(days=1)
    vault.habilitate(machine, user=user.pk, purposes={"registers.link"}, active_until=later)
    keeper = actor_of(user, "web", True)
    vault.commit(keeper)
    return keeper


def measure(size: int) -> dict[str, Any]:
    from entremise.kernel import ids
    from entremise.kernel.actors import Actor
    from entremise.rules.usecases import install_rules
    from entremise.vault import usecases as vault
    from entremise.vault.usecases import destroying, rotating

    machine = Actor.machine("bench")
    install_rules(machine)
    vault.install_registers(machine)
    persons: list[UUID] = []
    wall = processor = 0.0
    for begin in range(0, size, BATCH):
        rows = {ids.uuid7(): _person(n) for n in range(begin, min(begin + BATCH, size))}
        start, spent = time.perf_counter(), time.process_time()
        vault.write_many(machine, rows=rows, register="entraide", **WHY)
        wall, processor = wall + time.perf_counter() - start, processor + time.process_time() - spent
        persons += rows
    bare = _bare(size)
    seven = ["first_name", "last_name", "phone", "email", "address", "position", "note#0"]
    turn = iter(range(10**9))

    def one() -> None:
        who = persons[next(turn) % len(persons)]
        opened = vault.open(replace(Actor.person(who), mfa=True), person=who, fields=[f"entraide.{f}" for f in seven],
                            purpose="people.rights", motive=WHY["motive"])  # fmt: skip
        if len(opened.values) != 7:
            raise ValueError("seven fields were asked")

    listed = ["entraide.first_name", "entraide.last_name", "entraide.phone"]

    keeper = _keeper(machine)

    def many() -> None:
        asked = persons[:200]
        opened = vault.open_many(keeper, persons=asked, fields=listed, purpose="registers.link", motive=WHY["motive"])
        if any(len(one.values) != 3 for one in opened.values()):
            raise ValueError("three fields were asked of each")

    deeds = {"open one person, 7 fields": _timed(one, 60), "open a list, 200 × 3 fields": _timed(many, 10)}
    from entremise.vault.models import Record

    some = list(Record.objects.values_list("pk", flat=True)[:21])
    deeds["destroy a person's key"] = _timed(
        lambda: destroying.destroy([some.pop() if some else ids.uuid7()]), min(20, size)
    )
    start = time.perf_counter()
    rotating.rotate_keys(machine)
    rotated = time.perf_counter() - start
    start = time.perf_counter()
    rewrapped, left = rotating.rewrap()
    rewrap = time.perf_counter() - start
    if left:
        raise ValueError("keys are left")
    start = time.perf_counter()
    destroying.destroy_register("entraide")
    shred = time.perf_counter() - start
    rows = [{"what": words, "p50_ms": round(a, 2), "p95_ms": round(b, 2)} for words, (a, b) in deeds.items()]
    for words, seconds in (
        ("seal everybody", wall),
        ("seal everybody, processor time", processor),
        ("bare AES-GCM and one table", bare),
        ("change the master key", rotated),
        (f"wrap {rewrapped} records' keys again", rewrap),
        ("destroy the register's keys", shred),
    ):
        rows.append({"what": words, "p50_ms": round(seconds * 1000, 1), "p95_ms": ""})
    ratios = {
        "sealing against the bare one": round(wall / bare, 1),
        "destroying a register against sealing it": round(shred / wall, 6),
    }
    return {"size": size, "rows": rows, "ratios": ratios}
