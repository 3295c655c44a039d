"""Tables 表格, lines under headings, → entries. Wide: a line is a record; form: a line is a row of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from attrs import define, evolve, field, frozen

from perfrules.findings import Finding, Location, RecordError
from perfrules.model import Scheme
from perfrules.records.cells import is_blank, shown, written
from perfrules.records.entries import Entry, Raw, RawRow
from perfrules.records.headings import Heading, Headings
from perfrules.records.spelling import folded

LINES_LIMIT, COLUMNS_LIMIT, CELLS_LIMIT = 1_048_576, 2_000, 5_000_000
HEADING_LINES = 10
"""The heading is looked for among so many lines; those above it are titles."""


def refused(name: str, path: Path, line: int = 1, **seen: str) -> RecordError:
    """The error that says why a file cannot be read or written."""
    return RecordError([Finding(name, Location(str(path), line, 1), "", {"file": path.name, **seen})])


@frozen
class Line:
    """One line: its number in the file, and its cells."""

    number: int
    values: Sequence[object]

    @property
    def blank(self) -> bool:
        """Whether nothing stands in it."""
        return all(map(is_blank, self.values))


@frozen
class Table:
    """Lines of a file or sheet, blank ones left out; `spreadsheet` reads floats at 15 significant digits."""

    file: str
    lines: Sequence[Line]
    sheet: str | None = None
    spreadsheet: bool = False

    def where(self, line: int, column: int = 1) -> Location:
        """The place of a cell."""
        return Location(self.file, line, column, sheet=self.sheet)

    def raw(self, line: Line, place: int, heading: Heading | None = None) -> Raw:
        """The cell at a place (from 0) of a line."""
        value = line.values[place] if place < len(line.values) else None
        unit = heading.unit if heading else None
        return Raw(value, self.where(line.number, place + 1), unit, self.spreadsheet)


def heading_line(table: Table, known: Callable[[str], bool]) -> int | None:
    """The place of the heading line: the first with two known headings, else the first with one."""
    counts = [
        len({text for value in line.values if (text := written(value)) and known(text)})
        for line in table.lines[:HEADING_LINES]
    ]
    return next((place for least in (2, 1) for place, count in enumerate(counts) if count >= least), None)


def has_headings(scheme: Scheme, table: Table) -> bool:
    """Whether a table has a heading line that the scheme knows."""
    headings = Headings(scheme)
    return heading_line(table, lambda text: bool(headings.of_line(text))) is not None


def table_entries(scheme: Scheme, table: Table) -> tuple[list[Entry], list[Finding]]:
    """The entries of a table, and what is to say about its headings. Raises RecordError where it has none."""
    headings = Headings(scheme)
    at = heading_line(table, lambda text: bool(headings.of_line(text)))
    if at is None:
        raise RecordError([_without_heading(headings, table)])
    kinds = _kinds(headings, table.lines[at])

    def meaning(text: str) -> Sequence[Heading]:
        return [h for h in headings.of_line(text) if h.kind in kinds] or headings.of_cell(text)

    columns = _columns(headings, table, at, meaning)
    lines = table.lines[at + 1 :]
    entries = _form(columns, lines, kinds) if kinds else [_wide(columns, line) for line in lines]
    return entries, columns.findings


def table_rows(scheme: Scheme, kind: str, table: Table) -> tuple[dict[str, list[RawRow]], list[Finding]]:
    """The rows of a sheet that holds one kind, by record id (empty where the sheet has no id column)."""
    headings = Headings(scheme)

    def meaning(text: str) -> Sequence[Heading]:
        row = headings.of_row(text, kind)
        return [row] if row else [h for h in headings.of_cell(text) if h.role == "id"]

    at = heading_line(table, lambda text: bool(meaning(text)))
    if at is None:
        if not table.lines:
            return {}, []
        expected = "、".join(c.label for c in scheme.rows[kind].columns[:6])
        return {}, [Finding("no-heading-line", table.where(1), kind, {"expected": expected}, stated="error")]
    columns = _columns(headings, table, at, meaning, kind=kind)
    rows: dict[str, list[RawRow]] = {}
    current = ""
    for line in table.lines[at + 1 :]:
        current = columns.id_of(line) or current
        row = RawRow(columns.cells(line, "column", kind), table.where(line.number))
        if not row.blank:
            rows.setdefault(current, []).append(row)
    return rows, columns.findings


@define
class Wide:
    """A table of which every line is a record, its lines taken one by one."""

    columns: _Columns
    findings: list[Finding]

    @classmethod
    def of(cls, scheme: Scheme, file: str, heading: Line) -> Wide:
        """The table of a file under a heading line. Raises RecordError where it has no known heading, or is a form."""
        table, headings = Table(file, [heading]), Headings(scheme)
        texts = [written(value) for value in heading.values]
        kinds = _kinds(headings, heading)
        nested = [h.name for text in texts if (h := headings.of_record(text)) is not None and h.role == "rows"]
        if kinds or nested:
            raise RecordError(
                [Finding("rows-not-in-batches", table.where(heading.number), "", {"kind": [*kinds, *nested][0]})]
            )
        if not any(headings.of_cell(text) for text in texts):
            raise RecordError([_without_heading(headings, table)])
        columns = _columns(headings, table, 0, headings.of_cell)
        return cls(columns, columns.findings)

    @property
    def places(self) -> list[int]:
        """The places of the columns that are read."""
        return sorted(place for place, found in self.columns.meaning.items() if found)

    @property
    def key(self) -> int | None:
        """The place of the column that tells records apart."""
        return self.columns.id_place

    def brought(self) -> set[str]:
        """The inputs that have a column."""
        return {h.name for found in self.columns.meaning.values() for h in found if h.role in ("input", "id")}

    def entry(self, line: Line) -> Entry:
        """The record of a line."""
        return _wide(self.columns, line)

    def ragged(self, line: Line) -> list[Finding]:
        """What to say where a line has more cells than there are headings, or fewer."""
        return self.columns.ragged(line)


def _without_heading(headings: Headings, table: Table) -> Finding:
    expected = "、".join([headings.id_heading, *(i.label for i in headings.scheme.inputs.values())][:6])
    return Finding("no-heading-line", table.where(1), "", {"expected": expected})


# ------------------------------------------------------------------------------------------------ columns


@define
class _Columns:
    """What the columns of a table stand for, by place."""

    table: Table
    at: int
    meaning: dict[int, list[Heading]] = field(factory=dict)
    findings: list[Finding] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        above = [line for line in self.table.lines[: self.at] if not line.blank]
        if above:
            words = next(written(value) for value in above[0].values if not is_blank(value))
            seen = {"count": str(len(above)), "seen": shown(words), "line": str(self.number)}
            self.findings.append(Finding("lines-above-headings", self.table.where(above[0].number), "", seen))

    @property
    def heading(self) -> Line:
        """The heading line."""
        return self.table.lines[self.at]

    @property
    def number(self) -> int:
        """Its number in the file."""
        return self.heading.number

    def texts(self) -> Iterable[tuple[int, str]]:
        """The headings by place; told of are columns that hold cells and have none."""
        filled: set[int] = set()
        for line in self.table.lines[self.at + 1 :]:
            if self.table.spreadsheet or len(line.values) <= len(self.heading.values):
                filled.update(i for i, value in enumerate(line.values) if not is_blank(value))
        for place in sorted(filled | set(range(len(self.heading.values)))):
            text = written(self.heading.values[place]) if place < len(self.heading.values) else ""
            if folded(text):
                yield place, text
            elif place in filled:
                where = self.table.where(self.number, place + 1)
                self.findings.append(Finding("column-without-heading", where, "", {"place": str(place + 1)}))

    def take(self, place: int, text: str, found: Sequence[Heading]) -> None:
        """Note what the column at a place stands for."""
        where = self.table.where(self.number, place + 1)
        seen = {(h.role, h.kind, h.name) for headings in self.meaning.values() for h in headings}
        for heading in found:
            if not heading.unit_fits:
                self.findings.append(heading.wrong_unit(text, where))
            elif heading.role != "id" and (heading.role, heading.kind, heading.name) in seen:
                self.findings.append(heading.twice(text, where))
        if found:
            self.meaning[place] = [h for h in found if h.unit_fits]

    def keep_one_id(self, headings: Headings) -> None:
        """Of several id columns keep the one that the scheme names, else the first."""
        places = [place for place, found in self.meaning.items() if found and found[0].role == "id"]
        places.sort(key=lambda place: self.meaning[place][0].name != headings.scheme.key)
        for place in places[1:]:
            text = written(self.heading.values[place])
            self.findings.append(headings.unknown(text, self.table.where(self.number, place + 1)))
            self.meaning[place] = []

    @property
    def id_place(self) -> int | None:
        """The place of the id column."""
        return next((place for place, found in self.meaning.items() if found and found[0].role == "id"), None)

    def id_of(self, line: Line) -> str:
        """The id that a line states, empty where it states none."""
        return "" if self.id_place is None else folded(self.table.raw(line, self.id_place).text)

    def cells(self, line: Line, role: str, kind: str = "") -> dict[str, tuple[Raw, ...]]:
        """The cells of a line that have a role, by name."""
        cells: dict[str, tuple[Raw, ...]] = {}
        for place, found in self.meaning.items():
            for heading in found:
                own_id = role == "input" and heading.role == "id" and heading.input is not None
                if (heading.role == role and heading.kind == kind) or own_id:
                    cells[heading.name] = (*cells.get(heading.name, ()), self.table.raw(line, place, heading))
        return cells

    def stage_of(self, line: Line) -> Raw | None:
        """The cell with the stage that a line is of; None where no column says."""
        places = [place for place, found in self.meaning.items() if found and found[0].role == "stage"]
        return self.table.raw(line, places[0]) if places else None

    def ragged(self, line: Line) -> list[Finding]:
        """What to say where a line has more cells than there are headings, or fewer."""
        if self.table.spreadsheet:
            return []
        width, wanted = len(line.values), len(self.heading.values)
        seen = {"seen": str(width), "wanted": str(wanted)}
        if width > wanted and not all(map(is_blank, line.values[wanted:])):
            return [Finding("line-too-long", self.table.where(line.number, wanted + 1), "", seen)]
        if width <= max((place for place, found in self.meaning.items() if found), default=-1):
            return [Finding("line-too-short", self.table.where(line.number, width), "", seen)]
        return []


def _columns(
    headings: Headings, table: Table, at: int, meaning: Callable[[str], Sequence[Heading]], *, kind: str = ""
) -> _Columns:
    """The columns under the heading line at a place; what stands for nothing is told."""
    columns = _Columns(table, at)
    for place, text in columns.texts():
        columns.take(place, text, meaning(text))
        if place not in columns.meaning:
            columns.findings.append(headings.unknown(text, table.where(columns.number, place + 1), kind=kind))
    columns.keep_one_id(headings)
    return columns


def _kinds(headings: Headings, line: Line) -> list[str]:
    """The row kinds whose columns a heading line has: that which names a row, or two that records lack."""
    texts = [text for value in line.values if headings.of_record(text := written(value)) is None]
    kinds = []
    for name, kind in headings.scheme.rows.items():
        found = {h.name for text in texts if (h := headings.of_row(text, name))}
        if kind.name_column in found or len(found) >= 2:
            kinds.append(name)
    return kinds


def _wide(columns: _Columns, line: Line) -> Entry:
    table, at = columns.table, columns.id_place
    return Entry(
        line.number,
        None if at is None else table.raw(line, at),
        columns.cells(line, "input"),
        columns.cells(line, "published"),
        stage=columns.stage_of(line),
        findings=columns.ragged(line),
        where=table.where(line.number),
    )


def _form(columns: _Columns, lines: Sequence[Line], kinds: Sequence[str]) -> list[Entry]:
    """One record for each id, or a single one without an id column; a blank id continues the one above."""
    by_id: dict[str, list[Line]] = {}
    current = ""
    for line in lines:
        current = columns.id_of(line) or current
        by_id.setdefault(current, []).append(line)
    return [_form_entry(columns, own, kinds) for own in by_id.values()]


def _form_entry(columns: _Columns, lines: Sequence[Line], kinds: Sequence[str]) -> Entry:
    brought: dict[str, dict[str, list[Raw]]] = {"input": {}, "published": {}}
    rows: dict[str, list[RawRow]] = {kind: [] for kind in kinds}
    findings: list[Finding] = []
    for line in lines:
        findings += columns.ragged(line)
        for role, into in brought.items():
            for name, raws in columns.cells(line, role).items():
                into.setdefault(name, []).extend(raws)
        for kind in kinds:
            row = RawRow(columns.cells(line, "column", kind), columns.table.where(line.number))
            if not row.blank:
                rows[kind].append(row)
    entry = _wide(columns, lines[0])
    inputs, published = ({n: tuple(raws) for n, raws in into.items()} for into in brought.values())
    return evolve(entry, cells=inputs, published=published, rows=rows, findings=findings)
