"""The weights of 500 pairs of invented persons under the starting model, as the shipped versions of Splink and DuckDB
give them. `python -m tests.registers.golden` writes them again: after an upgrade that was looked at, and only then.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

FILE = Path(__file__).with_name("golden.json")
PAIRS = 500


def weights() -> list[tuple[int, int, float]]:
    """(left, right, weight) of the 500 heaviest, in order."""
    from benchmarks.linkage import prepared
    from entremise.registers.engine import linkage
    from entremise.registers.engine.outcomes import sealed_connection
    from entremise.registers.engine.prepare import load
    from entremise.registers.queries import starting_model

    con = sealed_connection("500MB")
    load(con, prepared(31, 1200, {}, [0.0]))
    pairs = linkage.link(con, model=starting_model()).pairs[:PAIRS]
    con.close()
    return [(pair.left, pair.right, round(pair.weight, 9)) for pair in pairs]


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    FILE.write_text(json.dumps(weights()).replace("], [", "],\n[") + "\n", "utf-8")
