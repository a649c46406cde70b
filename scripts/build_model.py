"""Rebuild the starting model that serves bases too small to learn from: `registers/data/model.json`.

    python scripts/build_model.py [--records N] [--seed S]

Learnt on invented persons (entremise.site.invention), with a seed that no benchmark reports. It holds m, u, levels and
rules; no value of anybody.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.linkage import loaded

TARGET = Path(__file__).parents[1] / "src/entremise/registers/data/model.json"


def main() -> None:
    import duckdb
    import splink

    from entremise.registers.engine import linkage
    from entremise.registers.engine.prepare import PREPARED_SCHEMA

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    con, _, _ = loaded(asked.seed, asked.records)
    model = linkage.learn(con, seed=asked.seed)
    kept = {
        "schema": PREPARED_SCHEMA,
        "splink": splink.__version__,
        "duckdb": duckdb.__version__,
        "records": asked.records,
        "seed": asked.seed,
        "on": date(2026, 11, 24).isoformat(),
        "sha256": hashlib.sha256(json.dumps(model, sort_keys=True).encode()).hexdigest(),
        "model": model,
    }
    TARGET.write_text(json.dumps(kept, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{TARGET.name}: prior {model['probability_two_random_records_match']:.2e}")


if __name__ == "__main__":
    main()
