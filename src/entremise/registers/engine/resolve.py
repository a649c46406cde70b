"""Grouping pairs into persons under constraints, and ids that stay the same from run to run.

Connected components let one wrong edge weld two families: here human decisions come first, then edges by weight,
refusing what breaks a constraint. The result does not depend on the order of edges nor of their ends.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import TypeVar

Edge = tuple[float, int, int]
Refused = tuple[str, float | None, int, int]
Person = TypeVar("Person", bound=Hashable)
MARGIN = 6.0  # log₂: two ties closer than that do not choose between two persons


def may_be_one(one: str | None, other: str | None) -> bool:
    """Two full birth dates of one person are equal, or differ by the year, by day and month, or by one digit."""
    if not one or not other:
        return True
    return one[:4] == other[:4] or one[4:] == other[4:] or sum(x != y for x, y in zip(one, other, strict=False)) <= 1


@dataclass
class _Grouping:
    births: Mapping[int, str | None]
    compatible: Callable[[str | None, str | None], bool]
    known: Mapping[int, Hashable]
    foes: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))

    def obstacle(self, ones: list[int], others: list[int], human: bool) -> str:
        if any(not self.foes[x].isdisjoint(others) for x in ones if x in self.foes):
            return "contradictory_decisions" if human else "cannot_link"
        if human:
            return ""
        here = {self.known[x] for x in ones if x in self.known}
        there = {self.known[x] for x in others if x in self.known}
        if here and there and here.isdisjoint(there):
            return "two_known_persons"
        if all(self.compatible(self.births[x], self.births[y]) for x in ones for y in others):
            return ""
        return "incompatible_members"

    def torn(self, edges: Iterable[Edge], margin: float) -> set[frozenset[int]]:
        """Edges of a record tied as strongly to two others that cannot be one: it joins neither."""
        near: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for weight, a, b in edges:
            near[a].append((weight, b))
            near[b].append((weight, a))
        found: set[frozenset[int]] = set()
        for x, around in near.items():
            for (w, y), (v, z) in combinations(around, 2):
                apart = z in self.foes.get(y, ()) or not self.compatible(self.births[y], self.births[z])
                if abs(w - v) < margin and apart:
                    found |= {frozenset((x, y)), frozenset((x, z))}
        return found


def group(
    births: Mapping[int, str | None],
    edges: Collection[Edge],
    must: Collection[tuple[int, int]] = (),
    cannot: Collection[tuple[int, int]] = (),
    compatible: Callable[[str | None, str | None], bool] = may_be_one,
    known: Mapping[int, Hashable] | None = None,
    margin: float = MARGIN,
) -> tuple[dict[int, int], list[Refused]]:
    """({record: root of its group}, refused [(reason, weight or None, a, b)]).

    `births` {record: YYYYMMDD or None} of every record to group; `edges` (weight, a, b), the automatic ones; `must`,
    `cannot`: pairs decided by humans; `known` {record: person} already assigned. KeyError for an edge whose record
    is not in `births`. Reasons: torn, incompatible_members, cannot_link, two_known_persons, contradictory_decisions.
    """
    state = _Grouping(births, compatible, known or {})
    for a, b in cannot:
        state.foes[a].add(b)
        state.foes[b].add(a)
    torn = state.torn(edges, margin)
    root = {record: record for record in births}
    members = {record: [record] for record in births}
    refused: list[Refused] = []
    todo: list[tuple[float | None, int, int]] = [(None, *_ends(a, b)) for a, b in sorted(_ends(*p) for p in must)]
    todo += sorted((-weight, *_ends(a, b)) for weight, a, b in edges)
    for weight, a, b in todo:
        ones, others = members[root[a]], members[root[b]]
        if ones is others:
            continue
        decided = weight is None
        why = "torn" if not decided and frozenset((a, b)) in torn else state.obstacle(ones, others, decided)
        if why:
            refused.append((why, None if weight is None else -weight, a, b))
            continue
        if (len(ones), others[0]) < (len(others), ones[0]):
            ones, others = others, ones
        keep, gone = root[ones[0]], root[others[0]]
        root.update(dict.fromkeys(others, keep))
        ones.extend(members.pop(gone))
    return root, refused


def _ends(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def assign(
    root: Mapping[int, int], previous: Mapping[int, Person], new_id: Callable[[], Person]
) -> tuple[dict[int, Person], dict[Person, Person], list[Person]]:
    """({record: person}, {person absorbed: person kept}, [persons whose records now have several owners]).

    A group takes the person held by most of its records (the smallest id on a tie); a person goes to one group only.
    """
    groups: dict[int, list[int]] = defaultdict(list)
    for record, at in root.items():
        groups[at].append(record)
    claims = [
        (-number, person, at)
        for at, records in groups.items()
        for person, number in Counter(previous[record] for record in records if record in previous).items()
    ]
    holder: dict[int, Person] = {}
    taken: set[Person] = set()
    for _, person, at in sorted(claims, key=lambda claim: (claim[0], str(claim[1]), claim[2])):
        if person not in taken and at not in holder:
            holder[at] = person
            taken.add(person)
    owner: dict[int, Person] = {}
    for at in sorted(groups, key=lambda at: min(groups[at])):
        owner.update(dict.fromkeys(groups[at], holder[at] if at in holder else new_id()))
    heirs: dict[Person, set[Person]] = defaultdict(set)
    for record, person in previous.items():
        if record in owner:
            heirs[person].add(owner[record])
    merged = {person: next(iter(to)) for person, to in heirs.items() if person not in taken and len(to) == 1}
    return owner, merged, sorted((person for person, to in heirs.items() if len(to) > 1), key=str)
