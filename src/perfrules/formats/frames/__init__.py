"""Dataframes 数据框, whatever the library: scores as a frame of the same type, a line for every line.

narwhals tells the libraries apart, none of which is imported before a frame of its own comes; between them cells travel
as Arrow columns, and the reading of whole columns (`verbs.score_columns`) makes the scores.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Literal, TypeVar, assert_never

from perfrules.findings import Finding, FindingWarning, RecordError
from perfrules.formats.frames.scorer import Scorer, kinds_of, require, told_apart
from perfrules.model import Frozen, Scheme

__all__ = ["score_frame"]

Frame = TypeVar("Frame")
Library = Literal["narwhals", "Polars", "lazy Polars", "PyArrow", "pandas", "DuckDB", "PySpark", "Dask"]


def score_frame(
    scheme: Scheme, frame: Frame, rows: Any = None, *, benchmarks: Mapping[str, Frozen] | None = None, stage: str = "",
    nodes: Sequence[str] | None = None,
) -> Frame:  # fmt: skip
    """The scores of a frame of records, as a frame of the same type: pandas, Polars (eager or lazy), PyArrow, DuckDB,
    PySpark, Dask.

    Columns are found by their headings, as those of any file. Out come, in this order: the column that tells records apart,
    as it came; the points of each node under its path, of the whole under `points` (decimals, or a numerator and a
    denominator where a score need not end); grades; the findings of each line. There is one line for every line; one that
    cannot be read has no points, and its findings say why. `rows` are the rows of open groups: a frame, or one for each
    kind of rows, keyed by the record's id. `nodes` are the paths of the nodes to publish, `benchmarks` and `stage` as in
    `score`. A Spark, Dask or lazy frame is scored when its result is asked for.

    What is found of the whole warns (`FindingWarning`). Raises RecordError where the whole cannot be read or this is no such
    frame. Needs the extra `frames`.
    """
    library = require(lambda: _library(frame))
    scorer = require(lambda: Scorer.of(scheme, benchmarks=benchmarks, stage=stage, nodes=nodes))
    by_kind = kinds_of(scheme, rows)
    for each in by_kind.values():
        _library(each)
    for found in scorer.about(_names(library, frame)):
        warnings.warn(FindingWarning(found), stacklevel=2)
    made: Frame = _scored(library, scorer, frame, by_kind)
    return made


def _library(frame: object) -> Library:
    """The library that a frame is of. Raises RecordError where it is none of those known."""
    from narwhals import dependencies as of

    known: dict[Library, Callable[[object], bool]] = {
        "narwhals": lambda f: of.is_narwhals_dataframe(f) or of.is_narwhals_lazyframe(f),
        "Polars": of.is_polars_dataframe,
        "lazy Polars": of.is_polars_lazyframe,
        "PyArrow": of.is_pyarrow_table,
        "pandas": of.is_pandas_dataframe,
        "DuckDB": of.is_duckdb_relation,
        "PySpark": lambda f: of.is_pyspark_dataframe(f) or of.is_pyspark_connect_dataframe(f),
        "Dask": of.is_dask_dataframe,
    }
    for library, is_it in known.items():
        if is_it(frame):
            return library
    seen = {"kind": f"{type(frame).__module__}.{type(frame).__qualname__}"}
    raise RecordError([Finding("not-a-frame", None, "", seen)])


def _names(library: Library, frame: Any) -> list[str]:
    """The headings of a frame."""
    match library:
        case "narwhals" | "lazy Polars":
            return list(frame.collect_schema().names())
        case "PyArrow":
            return told_apart(frame.column_names)
        case "Polars" | "pandas" | "DuckDB" | "PySpark" | "Dask":
            return told_apart(list(frame.columns))
        case _:
            assert_never(library)


def _scored(library: Library, scorer: Scorer, frame: Any, rows: Mapping[str, Any]) -> Any:
    from perfrules.formats.frames import local, spread

    match library:
        case "narwhals":
            native = frame.to_native()
            theirs = import_module(type(frame).__module__.removesuffix(".dataframe"))  # narwhals, or its stable name
            return theirs.from_native(_scored(_library(native), scorer, native, rows))
        case "lazy Polars":
            return local.score_lazy(scorer, frame, rows)
        case "PySpark":
            return spread.score_spark(scorer, frame, rows)
        case "Dask":
            return spread.score_dask(scorer, frame, rows)
        case "Polars":
            score: Any = local.score_polars
        case "PyArrow":
            score = local.score_arrow
        case "pandas":
            score = local.score_pandas
        case "DuckDB":
            score = local.score_duckdb
        case _:
            assert_never(library)
    return score(scorer, frame, {kind: local.in_process(each) for kind, each in rows.items()})
