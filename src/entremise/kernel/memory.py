from __future__ import annotations

import gc

SELDOM = (50_000, 20, 50)


def load() -> None:
    """To call before a process loads what it serves: it makes much and throws nothing away, so the collector, which
    would walk all of it again and again, passes seldom. `migrate` takes a fifth less time.
    """
    gc.set_threshold(*SELDOM)


def settle() -> None:
    """To call once a process has loaded what it serves: what is loaded stays, the collector no longer walks it.

    Reading a sealed file took a third less time, a page's slowest tenth a tenth less (docs/explanation/benchmarks.md).
    Between two collections a page may leave some ten megabytes; workers are renewed after 2,000 pages anyway.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)
