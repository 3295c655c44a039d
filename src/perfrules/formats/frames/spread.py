"""Frames of many machines 分布式数据框, Spark's and Dask's: every worker scores its own parts with a scorer sent to it.

A line is scored by itself, so that the result is the same however the frame is parted. What only shows over all lines,
two of one id or fractions beside percentages, is for whoever has them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from perfrules.findings import Finding, RecordError
from perfrules.formats.frames.local import arrow_columns, as_pandas, from_arrow, from_pandas, in_process
from perfrules.formats.frames.scorer import Scorer, told_apart

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

Frames = Mapping[str, Any]


# ------------------------------------------------------------------------------------------------ Spark


def score_spark(scorer: Scorer, frame: Any, rows: Frames) -> Any:
    """The scores of a Spark frame. Raises RecordError where its rows cannot be brought to its records."""
    from pyspark.sql import types

    names = told_apart(frame.columns)
    key = scorer.key(names)
    fields = [types.StructField(name, _spark_type(kept), True) for name, kept in scorer.layout(names).items()]
    if key is not None:
        fields[0].dataType = frame.schema.fields[names.index(key)].dataType
    # Spark splits names at dots and more; numbers it takes as they are.
    whole = frame.toDF(*(f"c{place}" for place in range(len(names))))
    for kind, own in rows.items():
        whole = _with_rows(scorer, whole, names, own, kind)
    return whole.mapInArrow(Parts(scorer, tuple(names), tuple(rows)), types.StructType(fields))


def _spark_type(kind: pl.DataType) -> Any:
    import polars as pl
    from pyspark.sql import types

    match kind:
        case pl.Decimal():
            return types.DecimalType(38, kind.scale)
        case pl.List():
            return types.ArrayType(types.StringType())
        case _:
            return types.StringType()


def _with_rows(scorer: Scorer, records: Any, names: Sequence[str], rows: Any, kind: str) -> Any:
    """Records with one more column: the rows of each, as a list of lists of cells under their headings."""
    from pyspark.sql import functions as F

    headings = told_apart(rows.columns)
    own, theirs = _keys(scorer, names, headings, kind)
    mine, other = records.schema.fields[names.index(own)], rows.schema.fields[headings.index(theirs)]
    if mine.dataType != other.dataType:
        raise RecordError([_apart(kind, f"{mine.dataType} ≠ {other.dataType}")])
    plain = rows.toDF(*(f"r{place}" for place in range(len(headings))))
    at = f"r{headings.index(theirs)}"
    cells = [F.col(f"r{p}").alias(heading) for p, heading in enumerate(headings) if heading != theirs]
    gathered = plain.groupBy(F.col(at).alias("of")).agg(F.collect_list(F.struct(*cells)).alias("rows"))
    return records.join(gathered, records[mine.name] == gathered["of"], "left").drop("of")


@frozen
class Parts:
    """What a Spark worker does with the batches of its part: columns `names`, then the rows of each of the `kinds`."""

    scorer: Scorer
    names: tuple[str, ...]
    kinds: tuple[str, ...] = ()

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        for came in batches:
            batch = came.rename_columns([*self.names, *(f"{kind} " for kind in self.kinds)])
            records, rows = self._unnested(from_arrow(batch))
            columns = arrow_columns(self.scorer, self.scorer.part(records, rows), batch)
            yield from pa.table(columns).combine_chunks().to_batches()

    def _unnested(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
        """The records of a batch, and the rows that stood in their cells, keyed by the records' ids."""
        nested = frame.columns[len(self.names) :]
        records = frame.drop(nested)
        key = self.scorer.key(records.columns)
        rows: dict[str, pl.DataFrame] = {}
        for kind, column in zip(self.kinds, nested, strict=True):
            assert key is not None
            rows[kind] = frame.select(key, column).explode(column).drop_nulls(column).unnest(column)
        return records, rows


# ------------------------------------------------------------------------------------------------ Dask


def score_dask(scorer: Scorer, frame: Any, rows: Frames) -> Any:
    """The scores of a Dask frame. Raises RecordError where its rows cannot be brought to its records."""
    lazy = {kind: own for kind, own in rows.items() if hasattr(own, "map_partitions")}
    here = {kind: in_process(own) for kind, own in rows.items() if kind not in lazy}
    part = Part(scorer, tuple(lazy), here)
    meta = part(frame._meta, *(own._meta for own in lazy.values()))
    if not lazy:
        return frame.map_partitions(part, meta=meta)
    keys = {kind: _keys(scorer, list(frame.columns), list(own.columns), kind) for kind, own in lazy.items()}
    parts = frame.npartitions
    moved = []
    for kind, own in lazy.items():
        mine, theirs = keys[kind]
        if frame._meta[mine].dtype != own._meta[theirs].dtype:
            raise RecordError([_apart(kind, f"{frame._meta[mine].dtype} ≠ {own._meta[theirs].dtype}")])
        moved.append(own.shuffle(on=theirs, npartitions=parts))
    mine = next(iter(keys.values()))[0]
    together = frame.shuffle(on=mine, npartitions=parts)
    return together.map_partitions(part, *moved, meta=meta, align_dataframes=False)


@frozen
class Part:
    """What a Dask worker does with one part: pandas in, pandas out; `kinds` are the rows that come with it, `here` all rows."""

    scorer: Scorer
    kinds: tuple[str, ...] = ()
    here: Mapping[str, pl.DataFrame] = {}

    def __call__(self, records: pd.DataFrame, *rows: pd.DataFrame) -> pd.DataFrame:
        brought = {kind: from_pandas(own) for kind, own in zip(self.kinds, rows, strict=True)}
        return as_pandas(self.scorer, self.scorer.part(from_pandas(records), {**self.here, **brought}), records)


def _keys(scorer: Scorer, records: Sequence[str], rows: Sequence[str], kind: str) -> tuple[str, str]:
    """The columns that tell records apart, of records and of rows. Raises RecordError where one is wanting."""
    own, theirs = scorer.key(records), scorer.key(rows, kind)
    if own is None or theirs is None:
        raise RecordError([_apart(kind, "—")])
    return own, theirs


def _apart(kind: str, why: str) -> Finding:
    return Finding("rows-without-key", None, kind, {"why": why})
