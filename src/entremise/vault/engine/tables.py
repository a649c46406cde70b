"""A table of counts as it may be published: no small cell, and none that a subtraction gives back. Plain Python."""

from __future__ import annotations

from collections.abc import Mapping

Key = tuple[str, ...]


def publishable(counts: Mapping[Key, int], least: int) -> dict[Key, int]:
    """The cells that may be shown: each counts `least` persons or more, and in every line of the table (each field
    alone fixed, or none) what is hidden adds up to `least` or more in two cells at least, or nothing is hidden.

    So that neither a margin nor the size of the register, known otherwise, gives a small count by difference. Where a
    line has nothing left to hide with, it is hidden whole. The smallest are hidden first. Source: statistical
    secrecy (loi n° 51-711), secondary suppression.
    """
    cells = {key: count for key, count in counts.items() if count > 0}
    shown = {key for key, count in cells.items() if count >= least}
    if not cells:
        return {}
    width = len(next(iter(cells)))
    lines: set[tuple[tuple[int, str], ...]] = {()}
    for key in cells:
        for place in range(width):
            lines.add(tuple((other, key[other]) for other in range(width) if other != place))
            lines.add(((place, key[place]),))
    moved = True
    while moved:
        moved = False
        for line in sorted(lines):
            here = [key for key in cells if all(key[place] == value for place, value in line)]
            hidden = [key for key in here if key not in shown]
            safe = not hidden or (len(hidden) > 1 and sum(cells[key] for key in hidden) >= least)
            left = sorted((key for key in here if key in shown), key=lambda key: (cells[key], key))
            if not safe and left:
                shown.discard(left[0])
                moved = True
    return {key: cells[key] for key in sorted(shown)}
