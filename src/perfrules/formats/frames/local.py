"""Frames of this process 单机数据框: pandas, Polars, PyArrow, DuckDB → Polars, cell for cell, and scores back again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from perfrules.formats.frames.scorer import Scorer, told_apart

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import polars as pl
    import pyarrow as pa

_ONE_KIND = frozenset({str, bool, int, float, Decimal, date, datetime})
"""What a pandas column of objects may hold to become a column of one type; objects of several types stay what they are."""


# ------------------------------------------------------------------------------------------------ in


def from_polars(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame, its categories as texts."""
    import polars as pl

    grouped = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Categorical | pl.Enum)]
    return frame.with_columns(pl.col(grouped).cast(pl.String)) if grouped else frame


def from_arrow(table: pa.Table | pa.RecordBatch) -> pl.DataFrame:
    """A table as Polars holds it; a column of a type that Polars has not is one of objects."""
    import polars as pl

    names = told_apart(table.schema.names)
    return pl.DataFrame([_column(name, table.column(at)) for at, name in enumerate(names)])


def _column(name: str, cells: pa.ChunkedArray | pa.Array) -> pl.Series:
    import polars as pl
    import pyarrow as pa

    kind = cells.type
    if pa.types.is_dictionary(kind):
        cells = cells.cast(kind.value_type)
    elif pa.types.is_float16(kind):  # the number that its own shortest form says, not that of the float it widens to
        return pl.Series(name, [None if v is None else float(str(v)) for v in _halves(cells)], dtype=pl.Float64)
    try:
        if isinstance(kind, pa.BaseExtensionType):
            raise TypeError("what its storage holds is not what it means")
        if pa.types.is_decimal(cells.type) and cells.type.precision > 38:
            cells = cells.cast(pa.decimal128(38, cells.type.scale))
        made = pl.from_arrow(cells)
    except (pa.ArrowException, pl.exceptions.PolarsError, TypeError, ValueError):
        return pl.Series(name, cells.to_pylist(), dtype=pl.Object)
    assert isinstance(made, pl.Series)
    return made.alias(name)


def _halves(cells: pa.ChunkedArray | pa.Array) -> list[Any]:
    import numpy as np

    return [None if v is None else np.float16(v) for v in cells.to_pylist()]


def from_pandas(frame: pd.DataFrame) -> pl.DataFrame:
    """A frame as Polars holds it: what pandas counts as not there (NaN in its own float columns, NaT, NA, None) is null."""
    import polars as pl

    names = told_apart(list(frame.columns))
    return pl.DataFrame([_series(name, frame.iloc[:, at]) for at, name in enumerate(names)])


def _series(name: str, cells: pd.Series[Any]) -> pl.Series:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    kind = cells.dtype
    if isinstance(kind, pd.CategoricalDtype):
        named = _series(name, cells.cat.categories.to_series())
        codes = pl.DataFrame({"at": cells.cat.codes.to_numpy()}).select(
            pl.when(pl.col("at") >= 0).then(pl.col("at").cast(pl.Int64))
        )
        return named.gather(codes["at"])
    try:
        if pd.api.types.is_object_dtype(kind):
            return _objects(name, cells)
        if isinstance(kind, pd.ArrowDtype):  # here NaN is a number that is none, and null is what is not there
            return _column(name, pa.chunked_array([cells.array.__arrow_array__()]))
        made = pa.array(cells, from_pandas=True)
        if not isinstance(made.type, pa.BaseExtensionType):
            return _column(name, made)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        pass  # no column of one Arrow type: they stay objects, and each is read as a lone one would be
    return pl.Series(name, _there(cells), dtype=pl.Object)


def _there(cells: pd.Series[Any]) -> list[Any]:
    """The objects of a column, None for those that are not there."""
    return [value if known else None for value, known in zip(cells, cells.notna(), strict=True)]


def _objects(name: str, cells: pd.Series[Any]) -> pl.Series:
    import pyarrow as pa

    values = _there(cells)
    types = {type(value) for value in values if value is not None}
    if len(types) > 1 or not types <= _ONE_KIND:
        raise TypeError("of several kinds")
    return _column(name, pa.array(values))


def in_process(frame: Any) -> pl.DataFrame:
    """A frame of any library of this process as Polars holds it."""
    from narwhals import dependencies as of

    if of.is_narwhals_dataframe(frame) or of.is_narwhals_lazyframe(frame):
        return in_process(frame.to_native())
    if of.is_polars_dataframe(frame):
        return from_polars(frame)
    if of.is_polars_lazyframe(frame):
        return from_polars(frame.collect())
    if of.is_pyarrow_table(frame):
        return from_arrow(frame)
    if of.is_pandas_dataframe(frame):
        return from_pandas(frame)
    return from_arrow(frame.to_arrow_table())  # a DuckDB relation


# ------------------------------------------------------------------------------------------------ in and out


def score_polars(scorer: Scorer, frame: pl.DataFrame, rows: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The scores of a Polars frame."""
    scored = scorer.whole(from_polars(frame), rows)
    key = scorer.key(frame.columns)
    return scored if key is None else scored.with_columns(frame[key].alias(scored.columns[0]))


def score_lazy(scorer: Scorer, frame: pl.LazyFrame, rows: Mapping[str, Any]) -> pl.LazyFrame:
    """The scores of a lazy Polars frame, worked out over the whole of it once its result is asked for."""
    schema = frame.collect_schema()
    layout = scorer.layout(schema.names())
    key = scorer.key(schema.names())
    if key is not None:
        layout[layout.names()[0]] = schema[key]

    def scored(whole: pl.DataFrame) -> pl.DataFrame:
        return score_polars(scorer, whole, {kind: in_process(own) for kind, own in rows.items()})

    # Nothing is pushed down: which lines there are decides what is found of them.
    return frame.map_batches(
        scored, schema=layout, predicate_pushdown=False, projection_pushdown=False, slice_pushdown=False
    )


def score_arrow(scorer: Scorer, table: pa.Table, rows: Mapping[str, pl.DataFrame]) -> pa.Table:
    """The scores of a PyArrow table."""
    import pyarrow as pa

    scored = scorer.whole(from_arrow(table), rows)
    return pa.table(arrow_columns(scorer, scored, table))


def arrow_columns(scorer: Scorer, scored: pl.DataFrame, came: pa.Table | pa.RecordBatch) -> dict[str, Any]:
    """The columns of scores, text and lists in Arrow's plain forms, the key as it came."""
    import pyarrow as pa

    columns: dict[str, Any] = {}
    for name, cells in zip(scored.columns, scored.to_arrow().columns, strict=True):
        columns[name] = cells.cast(_plain(cells.type))
    at = key_place(scorer, came.schema.names)
    if at is not None:
        columns[scored.columns[0]] = came.column(at)
    assert all(isinstance(c, pa.ChunkedArray | pa.Array) for c in columns.values())
    return columns


def key_place(scorer: Scorer, names: Sequence[object]) -> int | None:
    """The place of the column that tells records apart."""
    texts = told_apart(names)
    key = scorer.key(texts)
    return None if key is None else texts.index(key)


def _plain(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_list(kind):
        return pa.list_(_plain(kind.value_type))
    return kind


def score_pandas(scorer: Scorer, frame: pd.DataFrame, rows: Mapping[str, pl.DataFrame]) -> pd.DataFrame:
    """The scores of a pandas frame, under its own index; all but the key are columns of Arrow's types."""
    return as_pandas(scorer, scorer.whole(from_pandas(frame), rows), frame)


def as_pandas(scorer: Scorer, scored: pl.DataFrame, came: pd.DataFrame) -> pd.DataFrame:
    """Scores as a pandas frame."""
    import pandas as pd

    columns: dict[object, Any] = {}
    for name, cells in zip(scored.columns, scored.to_arrow().columns, strict=True):
        array = pd.arrays.ArrowExtensionArray(cells.cast(_plain(cells.type)))
        columns[name] = pd.Series(array, index=came.index)
    at = key_place(scorer, list(came.columns))
    if at is not None:
        own = came.iloc[:, at]
        columns = {
            own.name if n == scored.columns[0] else n: own if n == scored.columns[0] else c for n, c in columns.items()
        }
    return pd.DataFrame(columns, index=came.index)


def score_duckdb(
    scorer: Scorer, relation: duckdb.DuckDBPyRelation, rows: Mapping[str, pl.DataFrame]
) -> duckdb.DuckDBPyRelation:
    """The scores of a DuckDB relation, as a relation of the same connection."""
    scored = score_arrow(scorer, relation.to_arrow_table(), rows)
    # A relation does not tell its connection, but runs queries on it; `scored` is found by its name in this function.
    made = relation.query("perfrules_records", "SELECT * FROM scored")
    assert made is not None, scored.num_rows
    return made
