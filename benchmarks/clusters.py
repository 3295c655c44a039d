"""The columns reading carried by Spark and Dask, on this machine: what that costs beside one process."""

from __future__ import annotations

import os
import sys
from typing import Any

import ours
from records import KEY
from tasks import NotThere, Ready, Task, records_of, sample_of
from truth import Wrong

WAYS = ("Spark, this machine", "Dask, this machine")


def ready(task: Task) -> Ready | None:
    """Score a frame of a cluster that is this machine alone."""
    if task.way not in WAYS:
        return None
    import polars as pl
    from decimal_tables import decimal_table

    scheme, score_frame = ours.scheme_of(task), ours.verb("score_frame")
    make, run = (_spark if task.way.startswith("Spark") else _dask)()
    given = make(decimal_table(records_of(task)))

    def check() -> dict[str, Wrong]:
        records, right = sample_of(task)
        table = run(score_frame(scheme, make(decimal_table(records))), True)
        return {"the exact reading": ours.compare(right, ours.cells(scheme, pl.DataFrame(table).sort(KEY)))}

    return Ready(lambda: run(score_frame(scheme, given), False) and None, task.size, check)


def _spark() -> tuple[Any, Any]:
    try:
        from pyspark.errors import PySparkRuntimeError
        from pyspark.sql import SparkSession
    except ImportError as problem:
        raise NotThere(f"{problem.name} is not installed") from None
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master("local[*]").appName("benchmarks").config("spark.ui.enabled", "false")
    builder = builder.config("spark.ui.showConsoleProgress", "false")
    builder = builder.config("spark.driver.memory", "4g").config("spark.driver.maxResultSize", "0")
    try:
        session = builder.config("spark.sql.execution.arrow.pyspark.enabled", "true").getOrCreate()
    except PySparkRuntimeError as problem:  # there is no Java
        raise NotThere(f"Spark does not start: {str(problem).partition(chr(10))[0]}") from None
    session.sparkContext.setLogLevel("ERROR")

    def make(table: Any) -> Any:
        frame = session.createDataFrame(table).cache()
        frame.count()
        return frame

    def run(frame: Any, collect: bool) -> Any:
        if collect:
            return frame.toArrow()
        return frame.write.format("noop").mode("overwrite").save()

    return make, run


def _dask() -> tuple[Any, Any]:
    try:
        import dask.dataframe as dd
        import pandas as pd
        import pyarrow as pa
    except ImportError as problem:
        raise NotThere(f"{problem.name} is not installed") from None

    def make(table: Any) -> Any:
        frame = table.to_pandas(types_mapper=pd.ArrowDtype)
        return dd.from_pandas(frame, npartitions=max(len(frame) // 100_000, 1))

    def run(frame: Any, collect: bool) -> Any:
        made = frame.compute(scheduler="processes" if not collect else "threads")
        return pa.Table.from_pandas(made, preserve_index=False) if collect else None

    return make, run
