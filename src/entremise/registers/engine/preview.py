"""What may be said of a cohort before it is frozen, and of two of them: counts beside the base, never a name.

Every table is made of blocks (`engine.published`): nothing shown, alone or by difference with another table of the
same page, is a small count. A person of several registers is counted once, with their combination of registers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from entremise.registers.engine.published import Block, grouped, inside
from entremise.registers.engine.rolls import BANDS, UNKNOWN, YOUNGER, Entry

ELSEWHERE = "commune inconnue"
ORDER = (YOUNGER, *BANDS.values(), UNKNOWN)


@dataclass(frozen=True, slots=True)
class Named:
    """How tables name codes: `communes` code → (name, EPCI, département), `above` code → name; registers in order."""

    communes: Mapping[str, tuple[str, str, str]]
    above: Mapping[str, str]
    registers: Sequence[str]

    def commune(self, code: str) -> str:
        return self.communes[code][0] if code in self.communes else ELSEWHERE

    def path(self, code: str) -> tuple[str, str]:
        return self.communes[code][1:] if code in self.communes else ("", "")

    def combination(self, mask: int) -> str:
        said = [label for rank, label in enumerate(self.registers) if mask >> rank & 1]
        return " et ".join(said) or "aucun"


Rows = list[dict[str, Any]]


def preview(
    base: Sequence[Entry], chosen: Sequence[Entry], points: Mapping[str, int], named: Named, least: int
) -> Any:
    """The tables of one cohort beside its base, ready for JSON: `territory epci department bands registers points
    channels`, each a list of rows `{label, in, base}` (empty: nothing may be shown), and `groups` for comparisons.

    `points`: each base person's sure points, by opaque id as text.
    """
    inn = {entry.person for entry in chosen}

    def counted(key: Callable[[Entry], str], people: Iterable[Entry]) -> dict[str, tuple[int, ...]]:
        found: dict[str, list[int]] = {}
        for entry in people:
            pair = found.setdefault(key(entry), [0, 0])
            pair[0 if entry.person in inn else 1] += 1
        return {value: tuple(pair) for value, pair in found.items()}

    towns = grouped(counted(lambda e: e.commune, base), least, paths={e.commune: named.path(e.commune) for e in base})
    bands = grouped(counted(lambda e: e.band, base), least)
    combined = grouped(counted(lambda e: str(e.registers), base), least)
    scores = grouped(counted(lambda e: str(points[str(e.person)]), base), least)
    channels = grouped(counted(lambda e: "phone" if e.reachable else "visit", base), least)
    return {
        "territory": _rows(towns, lambda block: _place(block, named)),
        "epci": _above(towns, named, 0),
        "department": _above(towns, named, 1),
        "bands": _ordered(bands, ORDER),
        "registers": _rows(combined, lambda block: " ; ".join(named.combination(int(m)) for m in block.members)),
        "points": _scores(scores),
        "channels": _rows(channels, _channel),
        "groups": {
            "territory": [list(block.members) for block in towns],
            "bands": [list(block.members) for block in bands],
        },
    }


def compare(
    base: Sequence[Entry],
    before: Sequence[Entry],
    after: Sequence[Entry],
    named: Named,
    least: int,
    start: Mapping[str, Sequence[Sequence[str]]],
) -> dict[str, Rows]:
    """Who enters, who leaves, who stays, by commune and by age band: `{label, enter, leave, stay}`.

    `start`: the values that the previews of the two cohorts count together, which stay together here.
    """
    one, other = {e.person for e in before}, {e.person for e in after}
    everybody = {e.person: e for e in (*before, *base, *after)}

    def counted(key: Callable[[Entry], str]) -> dict[str, tuple[int, ...]]:
        found: dict[str, Counter[int]] = {}
        for person, entry in everybody.items():
            column = 2 if person in one and person in other else 1 if person in one else 0 if person in other else 3
            found.setdefault(key(entry), Counter())[column] += 1
        return {value: tuple(counter[column] for column in range(4)) for value, counter in found.items()}

    towns = grouped(
        counted(lambda e: e.commune),
        least,
        paths={e.commune: named.path(e.commune) for e in everybody.values()},
        start=start.get("territory", ()),
    )
    bands = grouped(counted(lambda e: e.band), least, start=start.get("bands", ()))
    return {
        "territory": [_change(block, _place(block, named)) for block in towns],
        "bands": [_change(block, _bands(block)) for block in sorted(bands, key=_rank)],
    }


def _change(block: Block, label: str) -> dict[str, Any]:
    enter, leave, stay, _ = block.counts
    return {"label": label, "enter": enter, "leave": leave, "stay": stay}


def _row(label: str, counts: Sequence[int]) -> dict[str, Any]:
    return {"label": label, "in": counts[0], "base": counts[0] + counts[1]}


def _rows(blocks: Iterable[Block], label: Callable[[Block], str]) -> Rows:
    return [_row(label(block), block.counts) for block in blocks]


def _ordered(blocks: Sequence[Block], order: Sequence[str]) -> Rows:
    return [_row(_bands(block), block.counts) for block in sorted(blocks, key=_rank)]


def _rank(block: Block) -> int:
    return min(ORDER.index(member) for member in block.members)


def _bands(block: Block) -> str:
    return ", ".join(sorted(block.members, key=ORDER.index))


def _scores(blocks: Sequence[Block]) -> Rows:
    found = []
    for block in sorted(blocks, key=lambda b: -max(map(int, b.members))):
        numbers = sorted(map(int, block.members))
        said = _runs(numbers)
        found.append(_row(f"{said} point{'s' if numbers[-1] > 1 else ''}", block.counts))
    return found


def _runs(numbers: Sequence[int]) -> str:
    """`3`, `0 à 2`, `1, 4 et 5`."""
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{numbers[0]} à {numbers[-1]}"
    *first, last = map(str, numbers)
    return f"{', '.join(first)} et {last}" if first else last


def _channel(block: Block) -> str:
    words = {"phone": "par téléphone", "visit": "sans téléphone utilisable : visite ou courrier"}
    return " ; ".join(words[member] for member in block.members)


def _place(block: Block, named: Named) -> str:
    if len(block.members) == 1:
        return named.commune(block.members[0])
    epci, department = named.path(block.members[0])
    number = len(block.members)
    if block.level == 1 and epci:
        return f"{number} communes regroupées, {named.above.get(epci, epci)}"
    if block.level <= 2 and department:
        return f"{number} communes regroupées, {named.above.get(department, department)}"
    return f"{number} communes regroupées"


def _above(towns: Sequence[Block], named: Named, rank: int) -> Rows:
    """The same blocks, summed by EPCI (0) or département (1); those that share a block with another are together."""
    codes: dict[str, list[str]] = {}
    for block in towns:
        for member in block.members:
            codes.setdefault(named.path(member)[rank], []).append(member)
    rows, left = [], [0, 0]
    for code, members in sorted(codes.items()):
        counts = inside(towns, members) if code else None
        if counts is None:
            continue
        rows.append(_row(named.above.get(code, code), counts))
    whole = [sum(block.counts[column] for block in towns) for column in (0, 1)]
    left = [whole[0] - sum(row["in"] for row in rows), whole[1] - sum(row["base"] - row["in"] for row in rows)]
    rows.sort(key=lambda row: (-row["in"], row["label"]))
    if any(left):
        rows.append(_row("les autres ou inconnue" if rows else "l’ensemble", left))
    return rows
