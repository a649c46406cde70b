"""Counts side by side as they may be shown: what is small is counted with its neighbours, so that sums stay true.

Each block shown counts, in each column, nobody or `least` persons or more. Blocks share nobody and cover everybody:
any sum or difference of what is shown is a sum of whole blocks, hence never a small count. Unlike a table with hidden
cells (`vault.count`), totals by commune equal the cohort. Source: statistical secrecy (loi n° 51-711), RGPD 5.1.c.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """Values counted together. `level` 0: one value alone; 1: some of one parent; 2: of one grandparent…"""

    members: tuple[str, ...]
    counts: tuple[int, ...]
    level: int = 0

    def fits(self, least: int) -> bool:
        return all(count == 0 or count >= least for count in self.counts)


def grouped(
    counts: Mapping[str, Sequence[int]],
    least: int,
    *,
    paths: Mapping[str, tuple[str, ...]] | None = None,
    start: Iterable[Iterable[str]] = (),
) -> list[Block]:
    """The blocks to show, the largest first; empty when even all together would be a small count.

    `paths`: parents of a value, nearest first, all of one length (`("200040715", "38")`); small values join those of
    the same parent first. `start`: values counted together elsewhere, which must stay so (another page shows them).
    """
    known = {key: tuple(numbers) for key, numbers in counts.items()}
    if not known:
        return []
    above = {key: (*(paths or {}).get(key, ()), "") for key in known}
    depth = max(len(path) for path in above.values())
    above = {key: (*path[:-1], *[""] * (depth - len(path)), "") for key, path in above.items()}
    blocks = [_block(members, known, above) for members in _joined(known, start)]
    for level in range(1, depth + 1):
        parents: dict[tuple[str, ...], list[Block]] = {}
        later = []
        for block in blocks:
            if block.level > level:
                later.append(block)
            else:
                parents.setdefault(above[block.members[0]][level - 1 :], []).append(block)
        blocks = later
        for here in parents.values():
            blocks += _settled(here, least, level)
    if not all(block.fits(least) for block in blocks):
        return []
    return sorted(blocks, key=lambda block: (block.level, [-count for count in block.counts], block.members))


def inside(blocks: Iterable[Block], members: Iterable[str]) -> tuple[int, ...] | None:
    """The counts of these values together, None when a block also counts others: then the sum is not shown."""
    wanted = set(members)
    found = [block for block in blocks if wanted & set(block.members)]
    if not found or any(set(block.members) - wanted for block in found):
        return None
    return tuple(map(sum, zip(*(block.counts for block in found), strict=True)))


def _settled(here: Sequence[Block], least: int, level: int) -> list[Block]:
    small = [block for block in here if not block.fits(least)]
    if not small:
        return list(here)
    rest = _merged(small, level)
    large = sorted(
        (block for block in here if block.fits(least)), key=lambda block: (sum(block.counts), block.members)
    )
    while large and not rest.fits(least):
        rest = _merged([rest, large.pop(0)], level)
    return [*large, rest]


def _merged(blocks: Sequence[Block], level: int) -> Block:
    members = tuple(sorted(member for block in blocks for member in block.members))
    return Block(
        members,
        tuple(map(sum, zip(*(block.counts for block in blocks), strict=True))),
        level if len(members) > 1 else 0,
    )


def _joined(known: Mapping[str, tuple[int, ...]], start: Iterable[Iterable[str]]) -> list[tuple[str, ...]]:
    """The connected sets of values that must be counted together."""
    root = {key: key for key in known}

    def find(key: str) -> str:
        while root[key] != key:
            root[key] = root[root[key]]
            key = root[key]
        return key

    for group in start:
        here = [key for key in group if key in root]
        for key in here[1:]:
            root[find(key)] = find(here[0])
    sets: dict[str, list[str]] = {}
    for key in sorted(known):
        sets.setdefault(find(key), []).append(key)
    return [tuple(members) for members in sets.values()]


def _block(
    members: tuple[str, ...], known: Mapping[str, tuple[int, ...]], above: Mapping[str, tuple[str, ...]]
) -> Block:
    level = 0
    if len(members) > 1:
        paths = [above[key] for key in members]
        level = next(rank for rank in range(1, len(paths[0]) + 1) if len({path[rank - 1 :] for path in paths}) == 1)
    return Block(members, tuple(map(sum, zip(*(known[key] for key in members), strict=True))), level)
