"""Areas that may be shown on a public map: cells merged until nobody can be singled out.

Source: reference mutual-aid § 12, rules 3 and 4. Pure functions of what is given: no draw, no jitter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from entremise.territories.engine import cells

K, PEOPLE, MARGIN = 5, 100, 2
FINE, MIDDLE, WIDE = 7, 6, 5


@dataclass(frozen=True, slots=True)
class Area:
    """Cells of resolution 7 shown as one; `level` is the resolution at which they were put together (7, 6 or 5)."""

    cells: frozenset[int]
    level: int
    offers: int
    inhabitants: float


@dataclass(frozen=True, slots=True)
class Partition:
    """Every cell is in one area, or suppressed: counted in the total of the commune or the EPCI only."""

    areas: tuple[Area, ...]
    suppressed: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Ground:
    offers: Mapping[int, int]
    people: Mapping[int, float]
    before: Collection[frozenset[int]]
    k: int
    enough: int
    margin: int

    def area(self, members: Collection[int], level: int) -> Area:
        offers = sum(self.offers.get(cell, 0) for cell in members)
        return Area(frozenset(members), level, offers, sum(self.people.get(cell, 0) for cell in members))

    def holds(self, area: Area) -> bool:
        """Enough offers and inhabitants. Once a map was shown, an area cut out of a former one asks for more."""
        kept = not self.before or any(area.cells >= former for former in self.before)
        return area.offers >= self.k + (0 if kept else self.margin) and area.inhabitants >= self.enough


def partition(
    offers: Mapping[int, int],
    inhabitants: Mapping[int, float],
    *,
    k: int = K,
    people: int = PEOPLE,
    previous: Collection[frozenset[int]] = (),
    margin: int = MARGIN,
) -> Partition:
    """Areas of at least `k` offers and `people` inhabitants, from counts by cell of resolution 7.

    A cell that suffices stands alone. Those that fail under one parent of resolution 6 are pooled; a pool that
    still fails absorbs the smallest published sibling of that parent, else the same is done under the parent of
    resolution 5; what fails there is suppressed. With the cells of the `previous` areas, an area that is smaller than
    a former one needs `margin` offers more (hysteresis): two successive maps do not betray one arrival.
    """
    ground = _Ground(offers, inhabitants, list(previous), k, people, margin)
    alone: list[Area] = []
    failing: list[int] = []
    for cell in sorted(set(offers) | set(inhabitants)):
        if cells.resolution(cell) != FINE:
            raise ValueError("cells of resolution 7 are expected")
        area = ground.area([cell], FINE)
        if ground.holds(area):
            alone.append(area)
        else:
            failing.append(cell)
    areas, failing = _pool(ground, alone, failing, MIDDLE)
    areas, failing = _pool(ground, areas, failing, WIDE)
    return Partition(tuple(sorted(areas, key=lambda area: min(area.cells))), frozenset(failing))


def _pool(ground: _Ground, areas: list[Area], failing: list[int], level: int) -> tuple[list[Area], list[int]]:
    """Pool the failing cells under each parent of this resolution; returns the areas, and the cells still failing."""
    pools: dict[int, list[int]] = defaultdict(list)
    siblings: dict[int, list[Area]] = defaultdict(list)
    for cell in failing:
        pools[cells.parent(cell, level)].append(cell)
    for area in areas:
        siblings[cells.parent(min(area.cells), level)].append(area)
    kept, left = list(areas), []
    for parent, pool in sorted(pools.items()):
        area = ground.area(pool, level)
        near = siblings[parent]
        if ground.holds(area):
            kept.append(area)
        elif near:
            smallest = min(near, key=lambda one: (one.offers, min(one.cells)))
            kept.remove(smallest)
            kept.append(ground.area([*pool, *smallest.cells], level))
        else:
            left.extend(pool)
    return kept, left


CLASSES = ((100, "100+"), (50, "50–99"), (20, "20–49"), (10, "10–19"), (5, "5–9"))


def count_class(offers: int) -> str | None:
    """How a count is said on a map: by class, and nothing below 5."""
    return next((words for least, words in CLASSES if offers >= least), None)
