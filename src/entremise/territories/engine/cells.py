"""H3 cells as whole numbers (below 2⁶³, so they fit a signed BIGINT on both databases).

Latitudes and longitudes in degrees, distances in metres. Source of the bounds: reference mutual-aid § 7.2.
"""

from __future__ import annotations

from functools import lru_cache

import h3.api.basic_int as h3


def cell(lat: float, lon: float, res: int) -> int:
    """The cell of a point. For a coarser cell of the same point take `parent`: they differ for 7 % of points."""
    return int(h3.latlng_to_cell(lat, lon, res))


def parent(cell: int, res: int) -> int:
    """The cell's ancestor at a coarser resolution; the cell itself at its own."""
    return int(h3.cell_to_parent(cell, res))


def children(cell: int, res: int) -> list[int]:
    """The cells of a finer resolution under this one, sorted."""
    return sorted(h3.cell_to_children(cell, res))


def resolution(cell: int) -> int:
    return int(h3.get_resolution(cell))


def disk(cell: int, k: int) -> list[int]:
    """The cells at most k steps away, sorted: 1 + 3k(k + 1) of them."""
    return sorted(h3.grid_disk(cell, k))


def centre(cell: int) -> tuple[float, float]:
    """Latitude and longitude of the centre."""
    lat, lon = h3.cell_to_latlng(cell)
    return lat, lon


def distance_m(cell_a: int, cell_b: int) -> float:
    """Great circle between the two centres."""
    return float(h3.great_circle_distance(h3.cell_to_latlng(cell_a), h3.cell_to_latlng(cell_b), "m"))


def between_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Great circle between two points (latitude, longitude)."""
    return float(h3.great_circle_distance(one, other, "m"))


@lru_cache(maxsize=4096)
def shortest_edge_m(cell: int) -> float:
    """The cell's shortest edge: cells are not regular and their size changes over the globe."""
    return min(float(h3.edge_length(edge, "m")) for edge in h3.origin_to_directed_edges(cell))


def sure_m(cell: int, k: int) -> float:
    """The distance from the centre within which every point surely lies in the disk of radius k.

    (1.5k − 0.5) × shortest edge, less 2 % because the edges of the neighbours differ a little.
    """
    return (1.5 * k - 0.5) * 0.98 * shortest_edge_m(cell)


def text(cell: int) -> str:
    """The usual hexadecimal writing, for people and for exchanges."""
    return str(h3.int_to_str(cell))
