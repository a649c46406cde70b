"""A new file against the existing base, without comparing the base with itself again; no known person is disturbed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

from entremise.registers.engine import model as models
from entremise.registers.engine.linkage import Run, Tell, checked, counts, safely, silent
from entremise.registers.engine.model import Model
from entremise.registers.engine.outcomes import HIGH, LOW, outcomes
from entremise.registers.engine.resolve import Edge, Refused, assign, group

if TYPE_CHECKING:
    import duckdb

Person = TypeVar("Person", bound=Hashable)


def link_new(
    con: duckdb.DuckDBPyConnection,
    base: str,
    fresh: str,
    model: Model,
    *,
    high: float = HIGH,
    low: float = LOW,
    prior: float | None = None,
    tell: Tell = silent,
) -> Run:
    """New records against a base and among themselves: the pairs a full run would find that hold a new record.

    `base` and `fresh`: two prepared tables of the connection; the model is frozen. `prior`: that of the last run on
    the base, when it was kept; without it the prior is estimated again on the base.
    """
    from splink import DuckDBAPI, Linker

    tell("compare", 0.0)
    with safely():
        database = DuckDBAPI(connection=con)
        left, right = database.register(base), database.register(fresh)
        frozen = {**model, "probability_two_random_records_match": prior} if prior else model
        linker = Linker(left, frozen, log_level=None)
        if prior is None:
            models.estimate_prior(linker)
        used = checked(linker)
        between = linker.inference.predict_between(left, right, threshold_match_weight=low)
        within = linker.inference.predict_within(right, threshold_match_weight=low)
        tell("decide", 0.9)
        pairs = [
            pair for found in (between, within) for pair in outcomes(con, found.physical_name, high=high, low=low)
        ]
        for found in (between, within):
            found.drop_table_from_database_and_remove_from_cache()
    pairs.sort(key=lambda pair: (-pair.weight, pair.left, pair.right))
    tell("done", 1.0)
    return Run(used, pairs, counts(pairs))


def seeds(known: Mapping[int, Hashable]) -> list[tuple[int, int]]:
    """Must-links that hold each known person together: its first record with each of the others."""
    records: dict[Hashable, list[int]] = defaultdict(list)
    for record in sorted(known):
        records[known[record]].append(record)
    return [(held[0], other) for held in records.values() for other in held[1:]]


def settle(
    births: Mapping[int, str | None],
    edges: Collection[Edge],
    known: Mapping[int, Person],
    new_id: Callable[[], Person],
    must: Iterable[tuple[int, int]] = (),
    cannot: Collection[tuple[int, int]] = (),
) -> tuple[dict[int, Person], dict[Person, Person], list[Person], list[Refused]]:
    """Persons of all the records after a run, full or incremental: (owner, absorbed, split, refused).

    Known persons stay whole and are never merged by an edge: such an edge is refused as `two_known_persons`, for a
    human. Only the decisions `must` may merge two of them, and then the absorbed one is told.
    """
    root, refused = group(births, edges, [*seeds(known), *must], cannot, known=known)
    owner, absorbed, split = assign(root, known, new_id)
    return owner, absorbed, split, refused
