"""Each benchmark runs at a tiny size: a measure that no longer runs says nothing."""

from __future__ import annotations

import importlib
import json

import pytest

from benchmarks.__main__ import modules, table


@pytest.mark.long
@pytest.mark.django_db
@pytest.mark.parametrize("name", modules())
def test_a_benchmark_runs_and_compares_with_a_baseline_in_the_same_run(name):
    module = importlib.import_module(f"benchmarks.{name}")
    assert module.SIZE > 1
    result = module.measure(1)
    assert len(result["rows"]) >= 2
    assert result["ratios"]
    assert result["rows"][0]["what"] in table(result["rows"])
    json.dumps(result)
