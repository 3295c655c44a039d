"""The plan over whole columns 整列计分: exact on whole numbers, a line that is out of the ordinary one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from perfrules.model import Frozen, Record
from perfrules.plan import Plan
from perfrules.readings.columns.batch import Batch
from perfrules.readings.columns.lanes import Scorer, Whole, bare_sizes, magnitudes, put_card
from perfrules.readings.columns.outputs import Array, Layout, Sheet, finding_text
from perfrules.readings.columns.programs import prepared
from perfrules.readings.columns.running import Running

__all__ = ["score"]


def score(
    plan: Plan, frame: pl.DataFrame, *, one: Scorer, rows: Mapping[str, pl.DataFrame] | None = None,
    benchmarks: Mapping[str, Frozen] | None = None, stage: str = "", nodes: Sequence[str] | None = None, apart: bool = False,
) -> pl.DataFrame:  # fmt: skip
    """One line out for every line of a frame: its key, points by node, grades and findings; `one` scores a record.

    Raises RecordError where the whole cannot be read, and KeyError for a node that is not scored.
    """
    whole = Whole.of(plan.scheme, frame, rows or {}, apart=apart)
    layout = Layout.of(plan, nodes)
    sheet = Sheet.blank(layout, whole.count)
    batch = Batch.of(plan, whole, stage)
    program = prepared(plan, layout, batch.facts(benchmarks or {})) if batch.plain.any() else None
    if program is None:
        batch.plain[:] = False
    read, doubtful = _one_by_one(batch)
    if program is not None:
        heavy = np.zeros(whole.count, bool)
        Running(batch, program, sheet, heavy).run()
        read |= whole.read(np.flatnonzero(heavy & batch.plain).tolist())
        _tell_missing(batch, sheet)
    for line, record in read.items():
        about = [finding_text(f) for f in record.findings]
        bad = any(f.severity == "error" for f in record.findings)
        if whole.shared[line]:
            bad = True
            about.append("duplicate-record-id")
        if line in doubtful:
            bad = True
            about += doubtful[line]
        if bad:
            sheet.clear(line)
            sheet.findings[line] = about
        else:
            put_card(sheet, line, one(record))
    for line in np.flatnonzero(whole.ids.totals).tolist():
        sheet.findings[line] = ["total-line-skipped"]
    return sheet.frame(frame[whole.key] if whole.key is not None else None)


def _one_by_one(batch: Batch) -> tuple[dict[int, Record], dict[int, list[str]]]:
    """The records of the lines that are not plain, and what is to be said of magnitudes; their lines are not plain either."""
    whole = batch.whole
    read = whole.read(np.flatnonzero(~batch.plain & ~whole.ids.totals).tolist())
    found: dict[int, list[str]] = {}
    if whole.apart:
        return read, found
    more = np.zeros(whole.count, bool)
    mixed = []
    for kind, input in magnitudes(whole.scheme):
        sizes = {line: list(bare_sizes(record, kind, input)) for line, record in read.items()}
        small = any(0 < size <= 1 for own in sizes.values() for size in own)
        large = any(size > 5 for own in sizes.values() for size in own)
        plain_small, plain_large, small_lines, large_lines = batch.sizes(kind, input)
        if (small or plain_small) and (large or plain_large):
            mixed.append((kind, input))
            more |= small_lines if input.written == "percent" else large_lines
    batch.plain &= ~more
    read |= whole.read(np.flatnonzero(more).tolist())
    for kind, input in mixed:
        for line, record in read.items():
            for size in bare_sizes(record, kind, input):
                if 0 < size <= 1 if input.written == "percent" else size > 5:
                    found.setdefault(line, []).append(f"magnitude-in-doubt {input.name}")
    return read, found


def _tell_missing(batch: Batch, sheet: Sheet) -> None:
    """What is wanted and missing in plain lines: of the records in the order of the inputs, then of their rows."""
    scheme, unbrought = batch.plan.scheme, batch.whole.unbrought()
    turn = -len(scheme.inputs) - len(scheme.rows)
    for name, input in scheme.inputs.items():
        blank = batch.cells[name].blank
        if blank is not None and not input.optional and ("", name) not in unbrought:
            sheet.note(np.flatnonzero(blank & batch.plain), turn, f"missing-value {name}")
        turn += 1
    for kind in scheme.rows.values():
        owner = batch.owners[kind.name]
        for then, column in enumerate(kind.columns):
            blank = batch.cells[f"{kind.name}.{column.name}"].blank
            if blank is not None and not column.optional and (kind.name, column.name) not in unbrought:
                rows: Array = np.flatnonzero(blank & batch.plain[owner])
                names = batch.names(kind, rows.tolist())
                texts = [f"missing-value {names[row]}/{column.name}" for row in rows.tolist()]
                sheet.note_rows(owner[rows], turn, rows, then, texts)
        turn += 1
