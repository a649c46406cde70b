"""Targeting: facts of every record in the vault, order, tables, freezing, who may be called now.

Ratio against reading the same fields of the same records in the vault and doing nothing with them, in the same run.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

SIZE = 60_000  # records
BATCH = 1_000
CODE = "apa-banc"
MOTIVE = "Mesure de vitesse au banc"
HOUSING = ("maison", "appartement, dernier étage sans ascenseur", "rez-de-chaussée", "3e étage sur 5", "")
AID = ("APA à domicile", "APA, ASPA", "aucune", "demande APA en cours", "")


def _rows(size: int) -> Iterable[dict[str, str]]:
    from entremise.registers.queries import communes

    towns = [one for group in communes()._by_key.values() for one in group if one.postcodes][:2_000]
    chance = random.Random(4)  # noqa: S311
    for n in range(size):
        town = towns[min(int(chance.expovariate(0.01)), len(towns) - 1)]
        said = {
            "names": f"FICTION{n}, Prénom",
            "birth_date": f"{chance.randint(1926, 1966)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
            "phone": f"+336399{n % 100_000:05d}" if chance.random() > 0.08 else "",
            "address": f"{n % 90 + 1} rue des Essais, {town.postcodes[0]} {town.name}",
            "housing": chance.choice(HOUSING),
            "lives_alone": chance.choice(("oui", "non", "")),
            "aid": chance.choice(AID),
        }
        yield {f"{CODE}.{name}": value for name, value in said.items() if value}


def _people(machine: Any) -> tuple[Any, list[Any]]:
    """A keeper, and a seat in each of the two colleges, habilitated and bound to secrecy."""
    from entremise.accounts.models import Membership, Organisation, User
    from entremise.accounts.queries import actor_of
    from entremise.kernel import clock
    from entremise.vault import usecases as vault

    house = Organisation.objects.create(name="Mesure du repérage", kind="collectivite")
    found = []
    for role in ("keeper", "seat_institutions", "seat_registered"):
        user = User.objects.create_user(f"{role}@demo.entremise.example", "bench", label=role)
        Membership.objects.create(user=user, organisation=house, role=role)
        found.append(replace(actor_of(user, "web", True), fresh_mfa=True))
    keeper, *seats = found
    until = clock.now() + timedelta(days=2)
    purposes = {"registers.keep", "registers.target"}
    vault.habilitate(machine, user=keeper.user_id, purposes=purposes, active_until=until)
    vault.commit(keeper)
    return keeper, seats


def _granted(keeper: Any, seats: Iterable[Any], size: int) -> str:
    from entremise.registers.usecases.targeting.computation import fields_of
    from entremise.vault import usecases as vault

    row = vault.ask(
        keeper, kind="programme", purpose="registers.target", motive=MOTIVE, registers=[CODE],
        fields=fields_of([CODE]), days=30, cap=size,
    )  # fmt: skip
    for seat in seats:
        row = vault.approve(seat, request=row.public_id, fingerprint=row.fingerprint)
    return str(row.public_id)


def measure(size: int) -> dict[str, Any]:
    from entremise.kernel import clock
    from entremise.kernel.actors import Actor
    from entremise.people.models import Person
    from entremise.registers import queries, usecases
    from entremise.registers.engine.facts import FIELDS
    from entremise.registers.usecases.targeting import running
    from entremise.rules.usecases import install_rules
    from entremise.vault import registry, usecases as vault
    from entremise.vault.models import Register

    machine = Actor.machine("bench")
    install_rules(machine)
    now = clock.now()
    Register.objects.get_or_create(
        code=CODE,
        defaults={
            "profile": "apa", "kind": "safeguard", "label": "Banc", "recipients": ["*"], "status": "open",
            "bases": dict.fromkeys(registry.PURPOSES, "public_interest"), "assessment_signed_at": now,
            "expires_at": now + timedelta(days=9), "crisis_declared_at": now,
        },
    )  # fmt: skip
    keeper, seats = _people(machine)
    rows = list(_rows(size))
    for begin in range(0, size, BATCH):
        part = rows[begin : begin + BATCH]
        persons = Person.objects.bulk_create(Person() for _ in part)
        sealed = {person.pk: row for person, row in zip(persons, part, strict=True)}
        vault.write_many(machine, rows=sealed, register=CODE, purpose="registers.keep", motive=MOTIVE)
    spent: dict[str, float] = {}

    def timed(what: str, deed: Any) -> Any:
        start = time.perf_counter()
        found = deed()
        spent[what] = time.perf_counter() - start
        return found

    if "bench.read" not in registry._computations:

        @registry.computation("bench.read", label="Lire", purpose="registers.target", fields=FIELDS, streamed=True)
        def read(rows: Iterable[registry.Row]) -> Iterable[tuple[int]]:
            return [(sum(len(row.values) for row in rows),)]

    request = _granted(keeper, seats, size)
    timed("read every record", lambda: vault.compute(keeper, request=request, name="bench.read", registers=[CODE]))
    row = usecases.ask_targeting(keeper, request=_granted(keeper, seats, size), registers=[CODE])
    timed("targeting, facts sealed", lambda: running.run(row.pk))
    row.refresh_from_db()
    if row.state != "done":
        raise ValueError(f"the targeting stopped: {row.failure}")
    said = {
        "targeting": row, "label": "Banc de mesure", "purpose": "outreach.call", "profile": "canicule", "points": {},
        "expires_on": clock.today() + timedelta(days=5),
    }  # fmt: skip
    capacity = max(1, min(5_000, size // 10))
    draft = timed("order everybody, tables", lambda: usecases.draft_cohort(keeper, capacity=capacity, **said))
    cohort = timed(f"freeze {capacity}", lambda: usecases.freeze_cohort(keeper, cohort=draft))
    timed("who may be called now", lambda: queries.members(cohort, clock.now()))
    whole = spent["targeting, facts sealed"] + spent["order everybody, tables"]
    return {
        "size": size,
        "rows": [{"what": what, "p50_ms": round(seconds * 1000, 1), "p95_ms": ""} for what, seconds in spent.items()],
        "ratios": {
            "targeting against reading alone": round(spent["targeting, facts sealed"] / spent["read every record"], 2),
            "targeting, order and tables against reading alone": round(whole / spent["read every record"], 2),
        },
    }
