"""The computation `registers.link`: from rows inside the vault to pairs, groups and numbers. Memory only.

What goes in besides the rows (`Given`) is no value: decisions, persons known already, the model. What comes out is
record ids, numbers and the codes below; each answer begins with the code that says what it is.
"""

from __future__ import annotations

import random
import resource
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any
from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from entremise.kernel import clock
from entremise.registers.engine import cells, incremental, linkage, thresholds
from entremise.registers.engine.linkage import LinkageFailed
from entremise.registers.engine.model import Model
from entremise.registers.engine.outcomes import GUARDS, Pair, questions, sealed_connection
from entremise.registers.engine.parallel import prepared
from entremise.registers.engine.prepare import forget_crowds, load_batches
from entremise.registers.queries import communes, first_names
from entremise.vault.registry import RECEIVED, Row, computation

NAME = "registers.link"
SAME_NUMBER = "same_number"
MOST_ALIKE = 5
"""Records of one register under one file number, above which the number is a filler."""
CONTROLS = 60
"""Pairs drawn at random in each band of weight after a run (PD): what the thresholds are proved by."""
PLAIN = ("names", "first_name", "last_name", "birth_date", "phone", "address")
FIELDS = (*PLAIN, *(f"{name}{RECEIVED}" for name in PLAIN), "file_number")
REFUSALS = ("torn", "incompatible_members", "cannot_link", "two_known_persons", "contradictory_decisions")
COUNTS = (
    "records", "crowded_phones", "crowded_addresses", "automatic", "to_review", "asked", "same_numbers", "groups",
    "prior", "memory", "feed_s", "prepare_s", "compare_s", "group_s", "fresh", "trained_on",
)  # fmt: skip
CODES = (
    "pair", "tie", "digest", "confirm", "band", "level", "guard", "count", "none", "auto", *REFUSALS, *GUARDS, *COUNTS,
)  # fmt: skip
Answer = tuple[Any, ...]
Tell = Callable[[str, float], None]
Opinion = Callable[[Sequence[Pair], Sequence[UUID]], Sequence[Pair]]


@dataclass(frozen=True, slots=True)
class Given:
    """`known`: the person of each record met before; `must`: decided pairs, with the digests they were decided on;
    `since`: records that are new, all the others being the base (incremental), None for a full run; `drawn`: pairs
    that readers answered; `learn`: also train a model on these records; `opinion`: moves outcomes, or not."""

    model: Model
    high: float
    low: float
    known: Mapping[UUID, UUID] = field(default_factory=dict)
    must: Sequence[tuple[UUID, UUID, int | None, int | None]] = ()
    cannot: Sequence[tuple[UUID, UUID]] = ()
    since: UUID | None = None
    learn: bool = False
    memory: str = "1500MB"
    workers: int = 2
    opinion: Opinion | None = None
    tell: Tell = linkage.silent


@dataclass(slots=True)
class _Base:
    """The records by their number of this run, from 1: the engine knows them by it."""

    ids: list[UUID] = field(default_factory=lambda: [UUID(int=0)])
    registers: list[str] = field(default_factory=lambda: [""])
    digests: list[int] = field(default_factory=lambda: [0])
    numbers: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    index: dict[UUID, int] = field(default_factory=dict)

    def take(self, row: Row) -> dict[str, Any]:
        """The row as the engine reads it: what the file said where it is kept, else what was cleaned."""
        at = len(self.ids)
        self.ids.append(row.record)
        self.registers.append(row.register)
        self.digests.append(row.digest)
        if number := row.values.get("file_number", "").strip():
            self.numbers.setdefault((row.register, number), []).append(at)
        return {"record": at, "register": row.register, **cells_of(row.values)}


def cells_of(values: Mapping[str, str]) -> dict[str, str]:
    """The columns that the engine prepares, from the cells of a register."""
    known = first_names().known
    found: dict[str, str] = {}
    for mark in ("", RECEIVED):  # what the file said comes second: it is read where it says something
        get = values.get
        found |= cells.names_in(get(f"names{mark}", ""), known)
        found |= cells.address_in(get(f"address{mark}", ""))
        for name in ("first_name", "last_name", "birth_date", "phone"):
            if text := get(f"{name}{mark}", ""):
                found[name] = text
    return found


@computation(
    NAME,
    label="Rapprocher les fiches d’une même personne",
    purpose="registers.link",
    fields=FIELDS,
    codes=CODES,
    streamed=True,
    partial=True,
)
@sensitive_variables()
def link(rows: Iterator[Row], given: Given) -> Iterator[Answer]:
    """Prepare, compare, guard, group under decisions; what is found, as rows of codes, ids and numbers.

    Raises LinkageFailed: its code is ours, its text quotes nothing.
    """
    base, clocks = _Base(), _Clocks()
    con = sealed_connection(given.memory)
    try:
        with linkage.safely():
            ready = prepared(
                (base.take(row) for row in rows), names=first_names(), communes=communes(), today=clock.today(),
                workers=given.workers,
            )  # fmt: skip
            load_batches(con, ready)
            crowded = forget_crowds(con)
            base.index = {record: at for at, record in enumerate(base.ids) if at}
        clocks.mark("prepare_s")
        run, fresh = _compared(con, base, given)
        clocks.mark("compare_s")
        with linkage.safely():
            yield from _answers(con, base, given, run)
        clocks.mark("group_s")
        for what, value in (
            ("records", len(base.ids) - 1), ("fresh", fresh), ("crowded_phones", len(crowded[0])),
            ("crowded_addresses", len(crowded[1])), ("prior", run.model["probability_two_random_records_match"]),
            ("memory", round(peak_memory() / 1e6, 1)), *clocks.spent.items(),
        ):  # fmt: skip
            yield "count", what, value
        if given.learn:
            yield from _learned(con, len(base.ids) - 1)
    finally:
        con.close()


class _Clocks:
    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._at = monotonic()

    def mark(self, what: str) -> None:
        now = monotonic()
        self.spent[what], self._at = round(now - self._at, 2), now


def peak_memory() -> int:
    """Bytes: the most that this process held, and the largest of its workers twice."""
    mine, theirs = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return (mine + 2 * theirs) * 1024


def _compared(con: Any, base: _Base, given: Given) -> tuple[linkage.Run, int]:
    """The pairs, of all the records or of the new ones only; how many are new."""
    shares = {"compare": 0.5, "decide": 0.85, "done": 0.9}

    def tell(step: str, _: float) -> None:
        if step in shares:
            given.tell("compare" if step != "done" else "group", shares[step])

    if len(base.ids) < 3:
        return linkage.Run(given.model, []), len(base.ids) - 1
    if given.since is None:
        run = linkage.link(con, model=given.model, high=given.high, low=given.low, tell=tell)
        return run, len(base.ids) - 1
    new = [at for at, record in enumerate(base.ids) if at and record >= given.since]
    if not new:
        return linkage.Run(given.model, []), 0
    if len(new) == len(base.ids) - 1:
        run = linkage.link(con, model=given.model, high=given.high, low=given.low, tell=tell)
        return run, len(new)
    with linkage.safely():
        con.execute("create table news (unique_id bigint)").fetchall()
        con.executemany("insert into news values (?)", [[at] for at in new]).fetchall()
        con.execute("create table fresh as select p.* from prepared p join news using (unique_id)").fetchall()
        con.execute("delete from prepared where unique_id in (select unique_id from news)").fetchall()
    run = incremental.link_new(con, "prepared", "fresh", given.model, high=given.high, low=given.low, tell=tell)
    return run, len(new)


def _answers(con: Any, base: _Base, given: Given, run: linkage.Run) -> Iterator[Answer]:
    index, ids = base.index, base.ids
    pairs, alike = _with_numbers(run.pairs, base)
    if given.opinion is not None:
        pairs = list(given.opinion(pairs, ids))
    must, confirm = _in_force(given, base)
    cannot = [(index[a], index[b]) for a, b in given.cannot if a in index and b in index]
    known = {index[record]: person for record, person in given.known.items() if record in index}
    edges = [(pair.weight, pair.left, pair.right) for pair in pairs if pair.outcome == "auto"]
    named = {at for pair in pairs for at in (pair.left, pair.right)} | {at for ends in must for at in ends}
    named |= {at for ends in cannot for at in ends}
    known = _near(known, named)
    births = _births(con, {*named, *known})
    root, refused = _settled(births, edges, known, must, cannot)
    why = {(a, b): reason for reason, _, a, b in refused}
    asked = {(pair.left, pair.right) for pair in questions(pairs, root)}
    controls, bands = _drawn(pairs)
    told: set[int] = {at for ends in must for at in ends}
    for pair in pairs:
        ends = (pair.left, pair.right)
        if pair.outcome != "auto" and ends not in asked and ends not in controls:
            continue
        told.update(ends)
        yield _pair(base, pair, why.pop(ends, "none"), asked=ends in asked, control=ends in controls)
    for a, b in must:
        if reason := why.get((min(a, b), max(a, b))):  # a triangle of decisions that cannot all be true
            yield _pair(base, Pair(a, b, 0.0, -1, -1, -1, -1, -1, (), "to_review"), reason, asked=True, control=False)
    yield from (("tie", ids[a], ids[b]) for a, b in _ties(root, must, edges))
    yield from (("confirm", left, right) for left, right in confirm)
    yield from (("digest", ids[at], base.digests[at]) for at in sorted(told))
    yield from (("band", *one) for one in bands)
    guards = Counter(name for pair in pairs for name in pair.guards)
    yield from (("guard", name, number) for name, number in sorted(guards.items()))
    outcomes = Counter(pair.outcome for pair in pairs)
    for what, number in (
        ("automatic", outcomes["auto"]), ("to_review", outcomes["to_review"]), ("asked", len(asked)),
        ("same_numbers", alike), ("groups", sum(n > 1 for n in Counter(root.values()).values())),
    ):  # fmt: skip
        yield "count", what, number


def _near(known: Mapping[int, UUID], named: set[int]) -> dict[int, UUID]:
    """Known persons, whole, of whom a record is in some pair: the others cannot move."""
    concerned = {known[at] for at in named if at in known}
    return {at: person for at, person in known.items() if person in concerned}


def _births(con: Any, every: Iterable[int]) -> dict[int, str | None]:
    """The full birth date of each record that has one, as grouping compares them."""
    found: dict[int, str | None] = dict.fromkeys(every)
    for table in ("prepared", "fresh"):
        if con.execute("select count(*) from duckdb_tables() where table_name = ?", [table]).fetchall()[0][0]:
            said = con.execute(f"select unique_id, dob from {table} where dob is not null")  # noqa: S608 - a name of ours
            found.update((at, dob) for at, dob in said.fetchall() if at in found)
    return found


def _settled(
    births: Mapping[int, str | None],
    edges: Sequence[tuple[float, int, int]],
    known: Mapping[int, UUID],
    must: Sequence[tuple[int, int]],
    cannot: Sequence[tuple[int, int]],
) -> tuple[dict[int, int], list[tuple[str, float | None, int, int]]]:
    """Groups with what is known first: persons stay whole, and an edge between two of them is for a human."""
    from entremise.registers.engine.resolve import group

    return group(births, edges, [*incremental.seeds(known), *must], cannot, known=known)


def _in_force(given: Given, base: _Base) -> tuple[list[tuple[int, int]], list[tuple[UUID, UUID]]]:
    """(`must` pairs that act, those to be confirmed because a record says something else than when it was decided)."""
    acts, waits = [], []
    for left, right, one, two in given.must:
        a, b = base.index.get(left), base.index.get(right)
        if a is None or b is None:
            continue
        if one not in (None, base.digests[a]) or two not in (None, base.digests[b]):
            waits.append((left, right))
        else:
            acts.append((a, b))
    return acts, waits


def _with_numbers(pairs: Sequence[Pair], base: _Base) -> tuple[list[Pair], int]:
    """Two records of one register under the same file number are one, unless a guard holds the pair."""
    same = {
        (a, b)
        for found in base.numbers.values()
        if 1 < len(found) <= MOST_ALIKE
        for place, a in enumerate(found)
        for b in found[place + 1 :]
    }
    out = []
    for pair in pairs:
        ends = (pair.left, pair.right)
        if ends in same:
            same.discard(ends)
            pair = replace(pair, outcome="to_review" if pair.guards else "auto", rule=-1)
        out.append(pair)
    alike = len(same)
    out += [Pair(a, b, 0.0, -1, -1, -1, -1, -1, (), "to_review") for a, b in sorted(same)]  # nothing else agrees
    return out, alike


def _drawn(pairs: Sequence[Pair]) -> tuple[set[tuple[int, int]], list[tuple[float, int, int]]]:
    """Pairs drawn at random inside bands of weight, automatic ones included; (floor, pairs, drawn) of each band."""
    chance = random.SystemRandom()
    drawn: set[tuple[int, int]] = set()
    bands, top = [], float("inf")
    for floor in thresholds.FLOORS:
        inside = [(pair.left, pair.right) for pair in pairs if floor <= pair.weight < top]
        some = chance.sample(inside, min(CONTROLS, len(inside)))
        drawn.update(some)
        bands.append((floor, len(inside), len(some)))
        top = floor
    return drawn, bands


def _pair(base: _Base, pair: Pair, refusal: str, *, asked: bool, control: bool) -> Answer:
    left, right = sorted((pair.left, pair.right), key=lambda at: base.ids[at])
    guards = sum(1 << place for place, name in enumerate(GUARDS) if name in pair.guards)
    outcome = "auto" if pair.outcome == "auto" else "to_review"
    return (
        "pair", base.ids[left], base.ids[right], round(pair.weight, 4), pair.rule, *pair.levels, guards, outcome,
        refusal, int(asked), int(control),
    )  # fmt: skip


def _ties(
    root: Mapping[int, int], must: Sequence[tuple[int, int]], edges: Sequence[tuple[float, int, int]]
) -> Iterator[tuple[int, int]]:
    """What holds each group together, without more: decisions first, then the heaviest edges."""
    head: dict[int, int] = {}

    def top(at: int) -> int:
        while at in head:
            at = head[at]
        return at

    every = [(None, *ends) for ends in must] + sorted((-weight, a, b) for weight, a, b in edges)
    for _, a, b in every:
        one, other = top(a), top(b)
        if root[a] == root[b] and one != other:
            head[one] = other
            yield a, b


def _learned(con: Any, size: int) -> Iterator[Answer]:
    """The numbers of a model trained on these records: probabilities of levels, by their places."""
    model = linkage.learn(con)
    for place, comparison in enumerate(model["comparisons"]):
        for rank, level in enumerate(comparison["comparison_levels"]):
            if "m_probability" in level:
                yield "level", place, rank, level["m_probability"], level["u_probability"]
    yield "count", "trained_on", size


__all__ = ["CODES", "NAME", "Given", "LinkageFailed", "cells_of", "link"]
