"""XLSX workbooks → a batch: records on the first sheet with headings, rows there or on sheets named as their kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from attrs import evolve

from perfrules.findings import Finding
from perfrules.formats.archive import Marks, opened
from perfrules.formats.tables import Line, Table, has_headings, refused, table_entries, table_rows
from perfrules.model import Batch, Scheme
from perfrules.numbers import exact, published
from perfrules.records.entries import Entry, RawRow, read_entries
from perfrules.records.spelling import folded, heading_key

MARKLESS = Marks(frozenset(), {})


def read_workbook(path: Path, scheme: Scheme) -> Batch:
    """The records of a workbook. Raises RecordError, OSError."""
    tables = _tables(path)
    kinds = {heading_key(name)[:31]: name for name in scheme.rows}
    findings: list[Finding] = []
    others = [table for table in tables if heading_key(table.sheet or "") not in kinds]
    main = next((table for table in others if has_headings(scheme, table)), (others or tables)[0])
    entries, found = table_entries(scheme, main)
    findings += found
    for table in tables:
        kind = kinds.get(heading_key(table.sheet or ""))
        if table is main:
            continue
        if kind is None:
            if table.lines:
                findings.append(Finding("sheet-not-read", table.where(1), "", {"sheet": table.sheet or ""}))
            continue
        rows, found = table_rows(scheme, kind, table)
        findings += found
        entries, found = _joined(entries, kind, rows)
        findings += found
    return read_entries(scheme, entries, findings)


def _joined(entries: Sequence[Entry], kind: str, rows: Mapping[str, list[RawRow]]) -> tuple[list[Entry], list[Finding]]:
    """The entries with the rows of a sheet, each at the record whose id it states."""
    findings: list[Finding] = []
    ids = [folded(entry.id.text) if entry.id else "" for entry in entries]
    ids = [own or str(place) for place, own in enumerate(ids, start=1)]
    known = set(ids)
    brought: dict[str, list[RawRow]] = {}
    for own, raw_rows in rows.items():
        where = raw_rows[0].where
        if not own and len(ids) == 1:
            brought.setdefault(ids[0], []).extend(raw_rows)
        elif not own:
            findings.append(Finding("rows-without-record-id", where, kind, {"kind": kind}))
        elif own not in known:
            findings.append(Finding("rows-of-unknown-record", where, kind, {"kind": kind, "id": own[:40]}))
        else:
            brought.setdefault(own, []).extend(raw_rows)
    joined = [
        evolve(entry, rows={**entry.rows, kind: [*entry.rows.get(kind, ()), *brought.get(own, ())]})
        for entry, own in zip(entries, ids, strict=True)
    ]
    return joined, findings


def _tables(path: Path) -> list[Table]:
    """The visible sheets, in order."""
    try:
        import python_calamine
    except ImportError:
        raise refused("excel-not-installed", path) from None
    archive = opened(path)
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(archive.copy)
        tables = []
        for sheet in workbook.sheets_metadata:
            shown = sheet.visible == python_calamine.SheetVisibleEnum.Visible
            if shown and sheet.typ == python_calamine.SheetTypeEnum.WorkSheet:
                values = workbook.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
                tables.append(_table(path, sheet.name, values, archive.marks.get(sheet.name, MARKLESS)))
    except python_calamine.CalamineError as problem:
        raise refused("broken-workbook", path, why=str(problem)[:200]) from None
    except BaseException as problem:
        # A panic of the Rust library is no Exception, and has no class that could be imported.
        if type(problem).__name__ != "PanicException":
            raise
        raise refused("broken-workbook", path, why="panic") from None
    if not tables:
        raise refused("broken-workbook", path, why="no visible sheet")
    return tables


def _table(path: Path, sheet: str, values: Sequence[Sequence[object]], marks: Marks) -> Table:
    height = max([len(values), *(row for row, _ in marks.errors)])
    lines = []
    for number in range(1, height + 1):
        cells = list(values[number - 1]) if number <= len(values) else []
        lines.append((number, cells))
    for (row, column), error in marks.errors.items():
        cells = lines[row - 1][1]
        cells += [""] * (column - len(cells))
        cells[column - 1] = error
    for row, column in marks.percents:
        if row <= len(values) and column <= len(values[row - 1]):
            lines[row - 1][1][column - 1] = _as_percent(values[row - 1][column - 1])
    made = (Line(number, cells) for number, cells in lines)
    return Table(str(path), [line for line in made if not line.blank], sheet, spreadsheet=True)


def _as_percent(value: object) -> object:
    """A number shown as a percentage, as it is shown: so it needs no guess at its magnitude."""
    if isinstance(value, bool | date) or not isinstance(value, float | int):
        return value
    try:
        return published(exact(Decimal(f"{value:.15g}")) * 100) + "%"
    except ValueError:
        return value
