"""The search by cells finds exactly what a scan of every helper would find, in the same order."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.mutualaid.engine import masks
from entremise.mutualaid.models import HelperIndex, HelperProfile, Need, Proposal
from entremise.mutualaid.queries import candidates, shortlist
from entremise.people.usecases import register_many
from entremise.territories.engine import cells
from tests.mutualaid.factories import category, matchmaker, need
from tests.territories.factories import commune

pytestmark = pytest.mark.django_db

CODES = ("shopping", "pets", "printing")
# Where a map is drawn: cells have another size and another shape in each.
PLACES = {"Grenoble": (45.1885, 5.7245), "Saint-Denis": (-20.88, 55.45), "Dunkerque": (51.03, 2.37)}


def settle(seed: int, count: int, place: tuple[float, float], spread: float) -> None:
    """So many helpers around a place, of every kind, some not to be asked now."""
    chance, now = random.Random(seed), clock.now()
    rows = [{"first_name": "Brahim"} for _ in range(count)]
    persons = register_many(Actor.machine("test"), rows=rows, motive="Personnes inventées pour un test")
    town, degree = commune(), 111_195
    kinds = [category(code) for code in CODES]
    profiles, lines = [], []
    for person in persons:
        point = (place[0] + chance.gauss(0, spread / degree), place[1] + chance.gauss(0, spread / degree))
        h8 = cells.cell(*point, 8)
        profiles.append(
            HelperProfile(
                person=person,
                territory=town,
                h8=h8,
                h7=cells.parent(h8, 7),
                state="available",
                registered_at=now - timedelta(days=60),
                categories=masks.mask_of(k.bit for k in kinds if chance.random() < 0.6) or kinds[0].mask,
                slots=chance.choice((masks.ANY_SLOT, masks.WEEKEND, masks.MORNINGS, 1 << chance.randrange(14))),
                languages=1 | (1 << chance.randrange(1, 6) if chance.random() < 0.4 else 0),
                radius_m=chance.choice((500, 1000, 2000, 5000, 10_000, 30_000)),
                screened_at=now if chance.random() < 0.4 else None,
                last_solicited_at=now - timedelta(hours=chance.randrange(30, 900)) if chance.random() < 0.5 else None,
            )
        )
    for profile in HelperProfile.objects.bulk_create(profiles, batch_size=500):
        rested = profile.last_solicited_at or candidates.NEVER
        # A date without fraction of a second among others with one: both databases must sort them alike.
        rested = rested.replace(microsecond=0) if profile.pk % 3 == 0 else rested
        lines.append(
            HelperIndex(
                helper=profile,
                h8=profile.h8,
                h7=profile.h7,
                cats=profile.categories,
                slots=profile.slots,
                langs=profile.languages,
                radius_m=profile.radius_m,
                screened=profile.screened_at is not None,
                free_from=now + timedelta(hours=chance.choice((-9, -1, 5))),
                rested_since=rested,
            )
        )
    HelperIndex.objects.bulk_create(lines, batch_size=500)


def scan(request: Need, want: int, now) -> list[int]:
    """The definition: every line is looked at, in plain Python."""
    shut = set(Proposal.objects.filter(need=request).values_list("helper_id", flat=True))
    found = []
    for line in HelperIndex.objects.select_related("helper"):
        away = 0.0 if request.remote else cells.distance_m(request.h8, line.h8)
        if (
            line.pk not in shut
            and line.helper.person_id != request.person_id
            and line.free_from <= now
            and line.cats & request.category.mask
            and line.slots & request.slots
            and (not request.languages or line.langs & request.languages)
            and (line.screened or not request.sensitive)
            and (request.remote or away <= min(request.reach_m, line.radius_m + candidates.TOLERANCE_M))
        ):
            found.append((away, line.rested_since, line.pk))
    return [pk for _, _, pk in sorted(found)[:want]]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("spread", "count"), [(700, 350), (9000, 350)])
def test_the_pool_is_what_a_scan_of_everybody_finds(place, spread, count):
    chance = random.Random(f"{place}{spread}")
    settle(chance.randrange(10**6), count, PLACES[place], spread)
    request, now = need(matchmaker()[1]), clock.now()
    seen = 0
    for _ in range(12):
        degree = 111_195
        point = [at + chance.gauss(0, spread / degree) for at in PLACES[place]]
        request.h8 = cells.cell(*point, 8)
        request.h7 = cells.parent(request.h8, 7)
        request.reach_m = chance.choice((1000, 2000, 5000, 10_000, 20_000, 30_000))
        request.slots = chance.choice((masks.ANY_SLOT, masks.WEEKEND, 1, 1 << 9))
        request.languages = chance.choice((0, 0, 2, 8, 2 | 16))
        request.sensitive, request.remote = chance.random() < 0.3, chance.random() < 0.15
        request.category = category(chance.choice(CODES))
        want = chance.choice((5, 20, 50, 200))
        expected = scan(request, want, now)
        assert [pk for pk, _ in candidates._pool(request, want, now)] == expected
        seen += len(expected)
    assert seen > 20


def test_whoever_was_asked_and_whoever_asks_are_left_out():
    settle(7, 60, PLACES["Grenoble"], 300)
    request, now = need(matchmaker()[1]), clock.now()
    request.h8 = cells.cell(*PLACES["Grenoble"], 8)
    everybody = candidates._pool(request, 100, now)
    nearest = HelperProfile.objects.get(pk=everybody[0][0])
    second = HelperProfile.objects.get(pk=everybody[1][0])
    facts = {"score": 1, "sent_at": now, "expires_at": now}
    Proposal.objects.create(need=request, helper=nearest, state="declined", **facts)
    request.person = second.person
    assert candidates._pool(request, 100, now) == everybody[2:]
    assert [pk for pk, _ in candidates._pool(request, 5, now)] == scan(request, 5, now)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lat=st.floats(-60, 60), lon=st.floats(-179, 179), k=st.integers(1, 12), bearing=st.tuples(
        st.floats(-1, 1), st.floats(-1, 1)),
)  # fmt: skip
def test_a_disk_holds_every_cell_whose_centre_is_nearer_than_its_sure_distance(lat, lon, k, bearing):
    """The ground of exactness, anywhere on the globe, at both resolutions the search uses."""
    home = cells.cell(lat, lon, 8)
    for resolution in (8, 7):
        centre = cells.parent(home, resolution)
        sure = cells.sure_m(centre, k) - (0 if resolution == 8 else 2 * cells.shortest_edge_m(home))
        disk = set(cells.disk(centre, k))
        degrees = sure / 111_195 * 1.2
        for part in (1, 0.9, 0.7):
            there = cells.cell(lat + bearing[0] * degrees * part, lon + bearing[1] * degrees * part, 8)
            if cells.distance_m(home, there) <= sure:
                assert cells.parent(there, resolution) in disk


def test_the_list_shown_ranks_within_the_pool():
    settle(11, 300, PLACES["Grenoble"], 1500)
    request = need(matchmaker()[1])
    request.h8 = cells.cell(*PLACES["Grenoble"], 8)
    request.h7 = cells.parent(request.h8, 7)
    pool = {pk for pk, _ in candidates._pool(request, 50, clock.now())}
    shown = shortlist(request, want=20).suggestions
    assert len(shown) == 20
    assert {one.helper_id for one in shown} <= pool
    assert [one.score for one in shown] == sorted((one.score for one in shown), reverse=True)
