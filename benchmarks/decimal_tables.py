"""Records as Arrow tables, amounts as DECIMAL(18, 4) in 万元, without any arithmetic on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
from records import KEY, Column, Records


def decimal_table(records: Records) -> Any:
    """The records as a table: key, amounts as decimals, everything else as whole numbers or booleans, blanks as nulls."""
    import pyarrow as pa

    columns: dict[str, Any] = {KEY: pa.array(records.keys)}
    for name, column in records.amounts.items():
        columns[name] = _decimals(column, records.blank.get(name))
    for name, column in records.others.items():
        columns[name] = pa.array(column, mask=records.blank.get(name))
    return pa.table(columns)


def _decimals(units: Column, blank: Column | None) -> Any:
    """Whole ten-thousandths are what such a decimal is stored as: sixteen bytes each, the sign in the upper eight."""
    import pyarrow as pa

    halves = np.empty((len(units), 2), dtype=np.int64)
    halves[:, 0], halves[:, 1] = units, units >> 63
    valid = None if blank is None else pa.py_buffer(np.packbits(~blank, bitorder="little"))
    return pa.Decimal128Array.from_buffers(pa.decimal128(18, 4), len(units), [valid, pa.py_buffer(halves)])
