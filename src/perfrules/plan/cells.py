"""What a record's cells hold for a plan 数据项的值: by input name, each gap with its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from perfrules.model import Cell, Datum, Hole, Input, Record, Scheme


def cell_values(scheme: Scheme, record: Record) -> dict[str, Datum | Hole]:
    """The value or hole of every input; one of another stage than the record's is not applicable."""
    values = row_values(scheme.inputs.values(), record.cells)
    if record.stage:
        for name, input in scheme.inputs.items():
            if input.at and record.stage not in input.at:
                values[name] = Hole("not_applicable", name, record.stage)
    return values


def row_values(columns: Iterable[Input], cells: Mapping[str, Cell]) -> dict[str, Datum | Hole]:
    """The value or hole of each of some columns."""
    return {column.name: _value(cells.get(column.name), column.name) for column in columns}


def _value(cell: Cell | None, name: str) -> Datum | Hole:
    if cell is None:
        return Hole("missing", name)
    value = cell.value
    return Hole(value.kind, name, value.why) if isinstance(value, Hole) and not value.name else value
