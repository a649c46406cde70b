"""The need page, with its 20 best helpers among 100,000: one dense town, a département, the whole of France.

The page is asked by a matchmaker through the whole stack (middleware, vault, templates). The baseline, in the same
run, reads every line of search and sorts in Python; the lists must be the same, or the measure stops.
"""

from __future__ import annotations

import random
import time
from datetime import timedelta
from typing import Any

SIZE = 100_000  # helpers
PAGES = 30  # needs asked for each layout
SCANS = 3  # needs compared with the full scan
CODES = ("shopping", "conversation", "homework", "pets", "digital_admin", "printing")
TOWN = ("38185", (45.1885, 5.7245), 2200.0)  # Grenoble: code, centre, spread in metres


def measure(size: int) -> dict[str, Any]:
    from django.db import connection

    from entremise.kernel.actors import Actor
    from entremise.rules.usecases import install_rules
    from entremise.vault.usecases import install_registers

    for install in (install_rules, install_registers):
        install(Actor.machine("bench"))
    rows: list[dict[str, Any]] = []
    ratios: dict[str, float] = {}
    for layout in ("one dense town", "a département", "the whole of France"):
        found = _layout(layout, size)
        rows += found["rows"]
        ratios[f"{layout}: scan p50 ÷ shortlist p50"] = found["ratio"]
    return {"size": size, "rows": rows, "ratios": ratios, "vendor": connection.vendor, "exact": True}


def _layout(layout: str, size: int) -> dict[str, Any]:
    from django.db import transaction
    from django.test import Client

    from entremise.accounts.models import Membership, Organisation, User
    from entremise.kernel import clock
    from entremise.mutualaid import queries
    from entremise.mutualaid.queries import candidates

    chance = random.Random(layout)  # noqa: S311 - invention, not secrecy
    with transaction.atomic():
        _clear()
        needs = _fill(layout, size, chance)
    _tidy()
    # Another account for each layout: an hour has 60 openings for one agent.
    account = 10_000 + len(layout)
    user = User.objects.create_user(f"bench{account}@demo.entremise.example", "bench", label="Mesure", pk=account)
    house = Organisation.objects.create(name=f"Mesure {account}", kind="collectivite")
    Membership.objects.create(user=user, organisation=house, role="matchmaker")
    _allow(user, [need.person_id for need in needs])
    client = Client()
    client.force_login(user)

    def page(need: Any) -> None:
        answer = client.get(f"/entraide/demandes/{need.public_id}/?tous", headers={"host": "localhost"})
        if answer.status_code != 200:
            raise SystemExit(f"the need page answers {answer.status_code} {answer.headers.get('Location', '')}")
        if b"Odette" not in answer.content:
            raise SystemExit("the need page shows nobody: the vault refused")

    page(needs[0])
    pages = [_timed(lambda need=need: page(need)) for need in needs]
    lists = [_timed(lambda need=need: queries.shortlist(need, want=20)) for need in needs]
    scans = []
    for need in needs[:SCANS]:
        now = clock.now()
        start = time.perf_counter()
        expected = _scan(need, 50, now)
        scans.append((time.perf_counter() - start) * 1000)
        if [pk for pk, _ in candidates._pool(need, 50, now)] != expected:
            raise SystemExit(f"{layout}: the search differs from the full scan")
    rows = [
        _row(f"{layout}: need page", pages),
        _row(f"{layout}: shortlist", lists),
        _row(f"{layout}: full scan", scans),
    ]
    return {"rows": rows, "ratio": round(sorted(scans)[len(scans) // 2] / sorted(lists)[len(lists) // 2], 1)}


def _clear() -> None:
    """The layout before, if any: its persons and towns may stay, nothing searches them."""
    from django.db import connection

    with connection.cursor() as cursor:
        for table in ("need", "helperindex", "helperprofile", "category"):
            cursor.execute(f"DELETE FROM mutualaid_{table}")  # noqa: S608


def _tidy() -> None:
    """What autovacuum does in the minute after so many lines came: without it PostgreSQL reads every row twice."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE" if connection.in_atomic_block else "VACUUM (ANALYZE)")


def _allow(user: Any, persons: list[Any]) -> None:
    """What a site has on an ordinary day: an habilitated agent, persons who said yes."""
    from entremise.accounts.queries import actor_of
    from entremise.kernel import clock
    from entremise.kernel.actors import Actor
    from entremise.vault import usecases as vault

    machine, later = Actor.machine("bench"), clock.now() + timedelta(days=90)
    vault.habilitate(machine, user=user.pk, purposes=["mutualaid.contact"], active_until=later)
    vault.commit(actor_of(user, "web", True))
    vault.set_stances(machine, persons=persons, purpose="mutualaid.contact", word="consent")


def _timed(deed: Any) -> float:
    start = time.perf_counter()
    deed()
    return (time.perf_counter() - start) * 1000


def _row(what: str, durations: list[float]) -> dict[str, Any]:
    ordered = sorted(durations)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return {"what": what, "p50_ms": round(ordered[len(ordered) // 2], 1), "p95_ms": round(p95, 1)}


def _scan(need: Any, want: int, now: Any) -> list[int]:
    from entremise.mutualaid.models import HelperIndex
    from entremise.mutualaid.queries.candidates import TOLERANCE_M
    from entremise.territories.engine import cells

    found = []
    for line in HelperIndex.objects.all():
        if (
            line.free_from > now
            or not line.cats & need.category.mask
            or not line.slots & need.slots
            or (need.languages and not line.langs & need.languages)
            or (need.sensitive and not line.screened)
        ):
            continue
        away = 0.0 if need.remote else cells.distance_m(need.h8, line.h8)
        if away <= min(need.reach_m, line.radius_m + TOLERANCE_M) or need.remote:
            found.append((away, line.rested_since, line.pk))
    return [pk for _, _, pk in sorted(found)[:want]]


def _places(layout: str, size: int, chance: random.Random) -> list[tuple[Any, int]]:
    """(territory, res-8 cell) of so many inhabitants, towns weighted by their population."""
    from entremise.kernel.actors import Actor
    from entremise.territories import usecases
    from entremise.territories.engine import cells
    from entremise.territories.models import Territory

    whole = layout == "the whole of France" and size >= 10_000
    usecases.load_reference(Actor.machine("bench"), departments=None if whole else ["38"])
    towns = Territory.objects.filter(kind="commune", lat__isnull=False)
    if layout == "one dense town":
        towns = towns.filter(code=TOWN[0])
    chosen = list(towns)
    drawn = chance.choices(chosen, [town.population + 1 for town in chosen], k=size)
    found = []
    for town in drawn:
        spread = 1000 * ((town.area_km2 or 10) / 3.1416) ** 0.5 / 2
        lat = town.lat + chance.gauss(0, spread / 111_195)
        found.append((town, cells.cell(lat, town.lon + chance.gauss(0, spread / 78_000), 8)))
    return found


def _fill(layout: str, size: int, chance: random.Random) -> list[Any]:
    """Helpers with their lines of search, in bulk; then needs of every kind, with a person in the vault."""
    from entremise.kernel import clock
    from entremise.kernel.actors import Actor
    from entremise.mutualaid.engine import masks
    from entremise.mutualaid.models import Category, HelperIndex, HelperProfile, Need
    from entremise.mutualaid.queries.candidates import NEVER
    from entremise.people.models import Person
    from entremise.people.usecases import register_many
    from entremise.territories.engine import cells

    now = clock.now()
    for bit, code in enumerate(CODES):
        remote = "yes" if code in ("conversation", "homework", "digital_admin") else "no"
        Category.objects.create(code=code, bit=bit, label=code, remote=remote, sensitive=code == "homework")
    kinds = list(Category.objects.order_by("bit"))
    # The persons of helpers are never opened by the page: rows without a sealed record are enough.
    persons = Person.objects.bulk_create((Person() for _ in range(size)), batch_size=5000)
    profiles = []
    for person, (town, h8) in zip(persons, _places(layout, size, chance), strict=True):
        profiles.append(
            HelperProfile(
                person=person,
                territory=town,
                h8=h8,
                h7=cells.parent(h8, 7),
                state="available",
                registered_at=now - timedelta(days=60),
                categories=masks.mask_of(k.bit for k in kinds if chance.random() < 0.4) or 1,
                slots=chance.choice((masks.ANY_SLOT, masks.WEEKEND, masks.MORNINGS, masks.AFTERNOONS)),
                languages=1 | (1 << chance.randrange(1, 12) if chance.random() < 0.3 else 0),
                radius_m=chance.choice((1000, 2000, 3000, 5000, 10_000)),
                screened_at=now if chance.random() < 0.3 else None,
                last_solicited_at=now - timedelta(hours=chance.randrange(30, 900)) if chance.random() < 0.4 else None,
            )
        )
    HelperProfile.objects.bulk_create(profiles, batch_size=2000)
    HelperIndex.objects.bulk_create(
        (
            HelperIndex(
                helper=row,
                h8=row.h8,
                h7=row.h7,
                cats=row.categories,
                slots=row.slots,
                langs=row.languages,
                radius_m=row.radius_m,
                screened=row.screened_at is not None,
                free_from=now + timedelta(hours=chance.choice((-9, -9, -9, 9))),
                rested_since=row.last_solicited_at or NEVER,
            )
            for row in profiles
        ),
        batch_size=2000,
    )
    askers = register_many(
        Actor.machine("bench"),
        rows=[{"first_name": "Odette", "phone": f"063998{n:04d}"} for n in range(PAGES if size >= 1000 else 4)],
        motive="Mesure sur des personnes inventées",
    )
    needs = []
    for n, person in enumerate(askers):
        town, h8 = chance.choice([(row.territory, row.h8) for row in profiles[:2000]])
        kind = kinds[n % len(kinds)]
        needs.append(
            Need(
                person=person,
                category=kind,
                territory=town,
                h8=h8,
                h7=cells.parent(h8, 7),
                origin="phone",
                consented=True,
                received_at=now - timedelta(hours=n),
                created_at=now,
                urgency="days",
                state="open",
                slots=chance.choice((masks.ANY_SLOT, masks.WEEKEND)),
                languages=chance.choice((0, 0, 0, 1 << 2, 1 << 7)),
                reach_m=10_000,
                remote=kind.remote == "yes",
                sensitive=kind.sensitive,
            )
        )
    return Need.objects.bulk_create(needs)
