"""Preparing rows on several cores: cells go out by parts, Arrow batches come back, in order. Memory only.

Workers are fresh processes (DuckDB must not be open before a fork), make no core file, and die with whoever started
them. What is under way at once is bounded: a million rows never wait in a queue.
"""

from __future__ import annotations

import ctypes
import resource
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import date
from itertools import chain, islice
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from entremise.registers.engine.fields import Communes
from entremise.registers.engine.names import FirstNames
from entremise.registers.engine.prepare import BATCH, as_batch, prepare

if TYPE_CHECKING:
    import pyarrow

PART = 5_000  # rows of one errand
FEW = 20_000  # rows below which starting workers costs more than they save
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
Cells = Mapping[str, Any]


def keep_memory_private(*, die_with_parent: bool) -> None:
    """No core file, no debugger, and no life after the parent: what is in this memory stays there."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        if die_with_parent:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


_tables: list[Any] = []


def _begin(names: FirstNames, communes: Communes, today: date, epoch: int) -> None:
    keep_memory_private(die_with_parent=True)
    _tables[:] = [names, communes, today, epoch]


def _errand(part: list[Cells]) -> pyarrow.RecordBatch:
    names, communes, today, epoch = _tables
    return as_batch([prepare(cells, names=names, communes=communes, today=today, epoch=epoch) for cells in part])


def prepared(
    rows: Iterable[Cells],
    *,
    names: FirstNames,
    communes: Communes,
    today: date,
    epoch: int = 1900,
    workers: int = 2,
    few: int = FEW,
) -> Iterator[pyarrow.RecordBatch]:
    """The batches of `prepare` on these cells, in order: here when they are few, else on `workers` processes.

    BrokenProcessPool when a worker was killed.
    """
    left = iter(rows)
    first = list(islice(left, few))
    if len(first) < few or workers < 2:
        every = chain(first, left)
        while part := list(islice(every, BATCH)):
            yield as_batch([prepare(one, names=names, communes=communes, today=today, epoch=epoch) for one in part])
        return
    every = chain(first, left)
    begin = (names, communes, today, epoch)
    with ProcessPoolExecutor(workers, get_context("spawn"), _begin, begin) as pool:
        under_way: deque[Future[pyarrow.RecordBatch]] = deque()
        del first
        while part := list(islice(every, PART)):
            under_way.append(pool.submit(_errand, part))
            if len(under_way) > workers + 1:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
