"""Spark and DuckDB give the same links, with the same m, u and prior. Needs the extra `spark` and Java 17."""

from __future__ import annotations

import shutil
from typing import Any

import pyarrow as pa
import pytest

from benchmarks.linkage import prepared
from entremise.registers.engine import linkage, model as models
from entremise.registers.engine.outcomes import outcomes, sealed_connection
from entremise.registers.engine.prepare import load, table
from entremise.registers.queries import starting_model

pyspark = pytest.importorskip(
    "pyspark", reason="extra `spark` not installed: the national engine is not compared here"
)
if shutil.which("java") is None:
    pytest.skip("no Java on this computer: the national engine is not compared here", allow_module_level=True)


@pytest.mark.filterwarnings("ignore")
def test_spark_and_duckdb_find_the_same_links_to_the_last_digit(tmp_path, monkeypatch):
    from pyspark.sql import SparkSession
    from splink import Linker, SparkAPI
    from splink.backends.spark import similarity_jar_location

    rows = list(prepared(12, 2000, {}, [0.0]))
    con = sealed_connection("500MB")
    load(con, rows)
    run = linkage.link(con, model=starting_model(), low=-2)
    monkeypatch.chdir(tmp_path)
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.jars", similarity_jar_location())
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.default.parallelism", "4")
        .config("spark.local.dir", str(tmp_path))
        .getOrCreate()
    )
    try:
        session.sparkContext.setLogLevel("OFF")
        session.sparkContext.setCheckpointDir(str(tmp_path))
        frame = session.createDataFrame(table(rows).to_pandas())
        with models.quiet():
            database = SparkAPI(spark_session=session, num_partitions_on_repartition=4)
            linker = Linker(database.register(frame), models.carried(run.model, "spark"), log_level=None)
            found = linker.inference.predict(threshold_match_weight=-2).as_record_list()
    finally:
        session.stop()
    links = weights(found)
    with models.quiet():
        alone = linkage._predicted(linkage._linker(con, "prepared", run.model), -2).as_record_list()
    assert len(links) > 1_500
    assert links == {ends: pytest.approx(weight, abs=1e-6) for ends, weight in weights(alone).items()}
    # The guards and the outcomes of these links, pair by pair, as a run gives them.
    told = pa.Table.from_pylist(found)
    con.register("told", told)
    con.execute("create table found_by_spark as select * from told")
    spark = {(pair.left, pair.right): (pair.outcome, pair.guards) for pair in outcomes(con, "found_by_spark", low=-2)}
    assert len(spark) > 800
    assert spark == {(pair.left, pair.right): (pair.outcome, pair.guards) for pair in run.pairs}


def weights(rows: list[dict[str, Any]]) -> dict[tuple[int, int], float]:
    """Link → weight, of all the pairs that an engine found."""
    return {
        (min(row["unique_id_l"], row["unique_id_r"]), max(row["unique_id_l"], row["unique_id_r"])): row["match_weight"]
        for row in rows
    }
