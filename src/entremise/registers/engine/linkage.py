"""A run of linkage inside a sealed connection: all records at once, or a new file against an existing base.

Memory only. Exceptions of DuckDB and Splink carry values: they become `LinkageFailed`, whose text is a code of ours.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from entremise.registers.engine import model as models
from entremise.registers.engine.model import Model
from entremise.registers.engine.outcomes import HIGH, LOW, Pair, outcomes

if TYPE_CHECKING:
    import duckdb
    from splink import Linker

ENOUGH_TO_TRAIN = 20_000  # records, below which the shipped model serves and only the prior is estimated
Tell = Callable[[str, float], None]


class LinkageFailed(Exception):
    """`code`: memory_exceeded, model_untrained, model_schema_mismatch or failed; `detail` is never a value."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


@dataclass(frozen=True)
class Run:
    """`model` used (with its prior), `pairs` automatic and doubtful, heaviest first, counts by outcome and guard."""

    model: Model
    pairs: list[Pair]
    counts: dict[str, int] = field(default_factory=dict)

    def automatic(self) -> list[tuple[float, int, int]]:
        """The edges that `resolve.group` takes."""
        return [(pair.weight, pair.left, pair.right) for pair in self.pairs if pair.outcome == "auto"]


def silent(step: str, progress: float) -> None:
    """Nobody listens."""


@contextmanager
def safely() -> Iterator[None]:
    try:
        with models.quiet():
            yield
    except LinkageFailed:
        raise
    except Exception as error:
        name = type(error).__name__
        memory = "OutOfMemory" in name or "Out of Memory" in str(error) or isinstance(error, MemoryError)
        raise LinkageFailed("memory_exceeded" if memory else "failed", name) from None


def learn(
    con: duckdb.DuckDBPyConnection,
    table: str = "prepared",
    *,
    u_pairs: float = 2e6,
    m_pairs: float = 1e6,
    seed: int = 1,
) -> Model:
    """A model trained on the table, without labels. LinkageFailed `model_untrained` names the levels without value."""
    with safely():
        linker = _linker(con, table, models.settings())
        models.train(linker, u_pairs, m_pairs, seed)
        return checked(linker)


def link(
    con: duckdb.DuckDBPyConnection,
    table: str = "prepared",
    *,
    model: Model | None = None,
    high: float = HIGH,
    low: float = LOW,
    seed: int = 1,
    tell: Tell = silent,
) -> Run:
    """Compare all records of the table; without a model, learn one on it. `tell(step, share done)` as it goes."""
    tell("train", 0.0)
    used = model or learn(con, table, seed=seed)
    tell("compare", 0.4)
    with safely():
        linker = _linker(con, table, used)
        if model:
            models.estimate_prior(linker)
        used = checked(linker)
        found = _predicted(linker, low)
        tell("decide", 0.9)
        pairs = outcomes(con, found.physical_name, high=high, low=low)
        found.drop_table_from_database_and_remove_from_cache()
    tell("done", 1.0)
    return Run(used, pairs, counts(pairs))


def _predicted(linker: Linker, low: float) -> Any:
    """All pairs at once; in sixteen parts when memory is short: the same pairs, more slowly."""
    import duckdb

    try:
        return linker.inference.predict(threshold_match_weight=low)
    except Exception as error:
        short = isinstance(error, duckdb.OutOfMemoryException) or "Out of Memory" in str(error)
        if not short:
            raise
    return linker.inference.predict(threshold_match_weight=low, num_chunks_left=4, num_chunks_right=4)


def _linker(con: duckdb.DuckDBPyConnection, table: str, settings: Any) -> Linker:
    from splink import DuckDBAPI, Linker

    return Linker(DuckDBAPI(connection=con).register(table), settings, log_level=None)


def checked(linker: Linker) -> Model:
    found: Model = json.loads(json.dumps(linker.misc.save_model_to_json()))
    if levels := models.untrained(found):
        raise LinkageFailed("model_untrained", "; ".join(levels))
    return found


def counts(pairs: list[Pair]) -> dict[str, int]:
    """Pairs by outcome, and by guard under `guard:<name>`."""
    found = Counter(pair.outcome for pair in pairs)
    found.update(f"guard:{name}" for pair in pairs for name in pair.guards)
    return dict(found)
