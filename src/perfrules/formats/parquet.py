"""Parquet files → a batch, as far as they fit in memory; larger ones are scored in batches (`formats.streaming`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from perfrules.formats.frames.local import from_arrow, from_polars
from perfrules.formats.frames.scorer import require
from perfrules.formats.tables import CELLS_LIMIT, COLUMNS_LIMIT, LINES_LIMIT, Line, Table, refused, table_entries
from perfrules.model import Batch, Scheme
from perfrules.records import Headings, Raw, read_entries, records_from_mappings


def read_parquet(path: Path, scheme: Scheme) -> Batch:
    """The records of a Parquet file; a row's number is its line. Raises RecordError, OSError."""
    names, lines = require(lambda: _lines(path))
    headings = Headings(scheme)
    nested = {at for at, name in enumerate(names) if (h := headings.of_record(name)) is not None and h.role == "rows"}
    table = Table(str(path), [Line(0, names), *(Line(number, values) for number, values in enumerate(lines, start=1))])
    if not nested:
        entries, findings = table_entries(scheme, table)
        return read_entries(scheme, entries, findings)
    return records_from_mappings(
        scheme,
        [
            {name: value if at in nested else Raw(value, table.where(number, at + 1)) for at, (name, value) in
             enumerate(zip(names, values, strict=True))}
            for number, values in enumerate(lines, start=1)
        ],
    )  # fmt: skip


def _lines(path: Path) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The headings and rows of a file, floats of single precision as such. Raises RecordError, OSError."""
    import numpy as np
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        rows, columns = file.metadata.num_rows, len(file.schema_arrow.names)
        if rows > LINES_LIMIT or columns > COLUMNS_LIMIT or rows * columns > CELLS_LIMIT:
            raise refused("parquet-too-large", path, limit=f"{LINES_LIMIT} × {COLUMNS_LIMIT}, {CELLS_LIMIT}")
        frame = from_polars(from_arrow(file.read()))
    except pa.ArrowException as problem:
        raise refused("broken-parquet", path, why=str(problem).split("\n")[0][:200]) from None
    made = [
        [None if v is None else np.float32(v) for v in column.to_list()]
        if column.dtype == pl.Float32
        else column.to_list()
        for column in frame
    ]
    return frame.columns, list(zip(*made, strict=True))
