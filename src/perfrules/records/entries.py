"""Entries 条目, which are records as a source holds them → a batch.

Every cell is converted or refused, a bad record is set aside with all its reasons, and what only shows over
all of them is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from numbers import Number

from attrs import define, evolve, field, frozen

from perfrules.findings import Finding, Location, nearest
from perfrules.model import (
    MISSING,
    Batch,
    Cell,
    Hole,
    Input,
    Record,
    Row,
    RowKind,
    Ruling,
    Scheme,
    SetAside,
)
from perfrules.numbers import Unit
from perfrules.records.cells import CellReader, is_blank, read_cell, shown, written
from perfrules.records.measures import UNIT_COLUMNS, operator_of, read_measures
from perfrules.records.spelling import OPERATORS, folded, heading_key

TOTALS = frozenset({"合计", "总计", "小计", "总分", "合计分", "total"})
"""What a line is called that adds up the others, and so is neither a record nor a row of one."""


@frozen
class Raw:
    """One cell as a source holds it; `unit` is what its heading prints for bare numbers."""

    value: object
    where: Location | None = None
    unit: Unit | None = None
    spreadsheet: bool = False

    @property
    def text(self) -> str:
        """What was written."""
        return written(self.value, spreadsheet=self.spreadsheet)

    @property
    def blank(self) -> bool:
        """Whether it holds nothing."""
        return is_blank(self.value)

    @property
    def plain(self) -> bool:
        """Whether it holds text, a number or a date: one datum, with which a record can be named."""
        one = self.value is None or isinstance(self.value, str | Number | date)
        return one and not isinstance(self.value, bool)

    def read(self, input: Input) -> tuple[Cell, list[Finding]]:
        """The cell that it is for an input, with every finding."""
        return read_cell(self.value, input, self.where, unit=self.unit, spreadsheet=self.spreadsheet)


Cells = Mapping[str, tuple[Raw, ...]]
"""Raw cells by input name; more than one where a source brings a datum more than once."""


@frozen
class RawRow:
    """One row as a source holds it."""

    cells: Cells
    where: Location | None = None

    @property
    def blank(self) -> bool:
        """Whether nothing stands in it."""
        return all(raw.blank for raws in self.cells.values() for raw in raws)


@frozen
class Entry:
    """One record as a source holds it; `number` is its line or place there, `rulings` are as written."""

    number: int
    id: Raw | None = None
    stage: Raw | None = field(default=None, kw_only=True)
    cells: Cells = field(factory=dict)
    published: Cells = field(factory=dict)
    rows: Mapping[str, Sequence[RawRow]] = field(factory=dict)
    rulings: Sequence[Mapping[str, Raw]] = ()
    findings: Sequence[Finding] = ()
    where: Location | None = None


def read_entries(scheme: Scheme, entries: Sequence[Entry], findings: Sequence[Finding] = ()) -> Batch:
    """The batch that entries come to; `findings` are what their source already had to say about the whole."""
    overall = list(findings)
    kept: list[Entry] = []
    for entry in entries:
        if entry.id is not None and is_total(entry.id):
            overall.append(Finding("total-line-skipped", entry.where, "", {"seen": shown(entry.id.text)}))
        else:
            kept.append(entry)
    unbrought = _unbrought(scheme, kept)
    wanting: dict[str, list[str]] = {}
    for kind, column in _columns(scheme):
        if (kind, column.name) in unbrought:
            wanting.setdefault(kind, []).append(column.label)
    for kind, labels in wanting.items():
        overall.append(Finding("missing-column", None, kind, {"column": "、".join(labels)}))
    drafts = [_Draft(scheme, entry, unbrought) for entry in kept]
    for place, draft in enumerate(drafts, start=1):
        draft.read(place)
    _tell_duplicates(drafts)
    overall += _tell_magnitudes(scheme, drafts)
    return Batch(
        tuple(d.record for d in drafts if not d.bad),
        tuple(SetAside(d.entry.number, d.id, tuple(d.findings), d.cells) for d in drafts if d.bad),
        tuple(overall),
    )


def read_apart(
    scheme: Scheme, entries: Sequence[tuple[int, Entry]], unbrought: frozenset[tuple[str, str]]
) -> list[Record]:
    """The records of some entries of a batch, each after its place; one with an error among its findings is bad.

    What only shows over the whole batch is for whoever has it: `unbrought` are the (row kind or nothing, name) that it
    brings nowhere; ids and magnitudes are not compared.
    """
    drafts = [(place, _Draft(scheme, entry, unbrought)) for place, entry in entries]
    for place, draft in drafts:
        draft.read(place)
    return [draft.record for _, draft in drafts]


@define
class _Draft:
    """One record being read."""

    scheme: Scheme
    entry: Entry
    unbrought: frozenset[tuple[str, str]]
    id: str = ""
    stage: str = ""
    cells: dict[str, Cell] = field(factory=dict)
    published: dict[str, Cell] = field(factory=dict)
    rows: dict[str, tuple[Row, ...]] = field(factory=dict)
    rulings: list[Ruling] = field(factory=list)
    findings: list[Finding] = field(factory=list)

    @property
    def bad(self) -> bool:
        """Whether anything was found that keeps it from being scored."""
        return any(f.severity == "error" for f in self.findings)

    @property
    def record(self) -> Record:
        """The record."""
        return Record(
            self.id,
            self.cells,
            self.rows,
            self.published,
            tuple(self.rulings),
            tuple(self.findings),
            self.entry.where,
            self.stage,
            self.entry.number,
        )

    def read(self, place: int) -> None:
        """Read all that the entry holds; `place` is its id where it brings none."""
        self.findings += self.entry.findings
        self.id = folded(self.entry.id.text).encode("utf-8", "replace").decode() if self.entry.id else ""
        if self.entry.id is not None and not self.entry.id.plain:
            self.findings.append(Finding("not-an-id", self.entry.id.where, "", {"kind": self.id}))
            self.id = ""
            return
        if not self.id:
            self.id = str(place)
            if self.entry.id is not None:
                self.findings.append(Finding("missing-record-id", self.entry.where, "", {"id": self.id}))
        if self.bad:
            return  # what its source could not make out is not read: its cells may stand in the wrong places
        self._read_stage()
        for name, input in self.scheme.inputs.items():
            cell, found = self._one(self.entry.cells.get(name, ()), input)
            self.cells[name] = cell
            self.findings += (f for f in found if f.name != "missing-value" or ("", name) not in self.unbrought)
        for name, figure in self.scheme.published.items():
            cell, found = self._one(self.entry.published.get(name, ()), evolve(figure.column, optional=True))
            # A published figure is looked at and never scored: one that cannot be read sets nothing aside.
            self.published[name] = cell
            self.findings += (evolve(f, stated="warning") if f.severity == "error" else f for f in found)
        for name, kind in self.scheme.rows.items():
            self.rows[name] = tuple(self._rows(kind, self.entry.rows.get(name, ())))
        for raws in self.entry.rulings:
            ruling, found = read_ruling(raws, self.entry.where)
            self.rulings += [ruling] if ruling else []
            self.findings += found

    def _read_stage(self) -> None:
        raw = self.entry.stage
        if raw is None or raw.blank:
            return
        self.stage = folded(raw.text)
        if self.stage not in self.scheme.stages:
            seen = {"name": shown(self.stage), "stages": "、".join(self.scheme.stages)}
            near = nearest(self.stage, self.scheme.stages)
            self.findings.append(Finding("unknown-stage", raw.where, "", seen, near))

    def _one(self, raws: tuple[Raw, ...], input: Input) -> tuple[Cell, list[Finding]]:
        """The cell of an input of which a source may bring several, which must then agree."""
        brought: dict[str, Raw] = {}
        for raw in raws:
            if not raw.blank:
                brought.setdefault(raw.text.strip(), raw)
        first, *others = brought.values() or [Raw(None, raws[0].where if raws else self.entry.where)]
        cell, found = first.read(input)
        for other in others:
            if other.read(input)[0].value != cell.value:
                seen = {"column": input.label, "seen": shown(cell.raw), "other": shown(other.text)}
                found.append(Finding("conflicting-values", other.where, input.name, seen))
        return cell, found

    def cells_of(self, kind: str, name: str) -> list[Cell]:
        """Its cells of one input, or of one column of a row kind."""
        holders = [row.cells for row in self.rows.get(kind, ())] if kind else [self.cells]
        return [cells[name] for cells in holders if name in cells]

    # -------------------------------------------------------------------------------------------- rows

    def _rows(self, kind: RowKind, raw_rows: Sequence[RawRow]) -> Iterator[Row]:
        above: dict[str, tuple[Raw, ...]] = {}
        names: set[str] = set()
        number = 0
        for raw_row in raw_rows:
            if raw_row.blank:
                continue
            cells = dict(raw_row.cells)
            for column in kind.columns:
                if column.fill_down:
                    if all(raw.blank for raw in cells.get(column.name, ())):
                        cells[column.name] = above.get(column.name, ())
                    above[column.name] = cells[column.name]
            title = next((raw for raw in cells.get(kind.name_column, ()) if not raw.blank), None)
            total = next((raw for raws in raw_row.cells.values() for raw in raws if is_total(raw)), None)
            if total is not None and (title is None or title == total):
                self.findings.append(Finding("total-line-skipped", raw_row.where, "", {"seen": shown(total.text)}))
                continue
            number += 1
            name = folded(title.text) if title else f"第{number}行"
            if name in names:
                self.findings.append(Finding("duplicate-row-name", raw_row.where, name, {"name": shown(name)}))
            names.add(name)
            row, found = self._row(kind, cells, raw_row.where)
            self.findings += (
                evolve(f, path=f"{name}/{f.path}")
                for f in found
                if f.name != "missing-value" or (kind.name, f.path) not in self.unbrought
            )
            yield Row(number, name, row, raw_row.where)

    def _row(self, kind: RowKind, raws: Cells, where: Location | None) -> tuple[dict[str, Cell], list[Finding]]:
        cells: dict[str, Cell] = {}
        findings: list[Finding] = []
        measures: dict[str, tuple[CellReader, object]] = {}
        for column in kind.columns:
            if column.kind == "measure":
                raw = next((r for r in raws.get(column.name, ()) if not r.blank), Raw(None, where))
                reader = CellReader(column, raw.where, raw.text, raw.unit, raw.spreadsheet)
                measures[column.name] = (reader, raw.value)
                cells[column.name] = Cell(MISSING)  # holds its place among the columns
            else:
                cells[column.name], found = self._one(raws.get(column.name, ()), column)
                findings += found
        stated = (cells[c].raw for c in UNIT_COLUMNS if c in cells)
        measured, found = read_measures(measures, next(stated, ""))
        cells.update(measured)
        for reader, value in measures.values():
            findings += _opposite(kind, cells, reader, operator_of(value))
        return cells, [*findings, *found]


_RULING = (
    Input("path", "text"),
    Input("points", "number"),
    Input("reason", "text"),
    Input("by", "text"),
    Input("date", "date"),
)


def read_ruling(raws: Mapping[str, Raw], where: Location | None) -> tuple[Ruling | None, list[Finding]]:
    """The ruling that was written, or None with what is wrong in it."""
    findings: list[Finding] = []
    values: dict[str, object] = {}
    for input in _RULING:
        cell, found = raws.get(input.name, Raw(None, where)).read(input)
        values[input.name] = cell.value
        if isinstance(cell.value, Hole):
            for why in [f.name for f in found] or [shown(cell.raw)]:
                findings.append(Finding("bad-ruling", cell.where, input.name, {"key": input.name, "why": why}))
    match [values[input.name] for input in _RULING]:
        case [str(path), Fraction() as points, str(reason), str(by), date() as day] if not findings:
            return Ruling(path, points, reason, by, day), []
    return None, findings


def is_total(raw: Raw) -> bool:
    """Whether a cell says that its line adds up the others."""
    return isinstance(raw.value, str) and heading_key(raw.value) in TOTALS


def _opposite(kind: RowKind, cells: Mapping[str, Cell], reader: CellReader, operator: str) -> list[Finding]:
    """What to say where a measure repeats one direction and a choice of its row states the other."""
    ways = {"≥": "up", ">": "up", "≤": "down", "<": "down"}
    for column in kind.columns:
        stated = cells[column.name].value if column.kind == "choice" else None
        if isinstance(stated, str):
            ours, theirs = ways.get(operator), ways.get(OPERATORS.get(stated, ""))
            if ours and theirs and ours != theirs:
                seen = {"column": reader.input.label, "seen": shown(reader.text)}
                seen |= {"other": column.label, "stated": stated}
                return [Finding("opposite-operator", reader.where, reader.input.name, seen)]
    return []


# ------------------------------------------------------------------------------------------------ over all


def _unbrought(scheme: Scheme, entries: Sequence[Entry]) -> frozenset[tuple[str, str]]:
    """What is wanted and has a place nowhere, as (row kind or nothing, name); told once, not per record."""
    entries = [entry for entry in entries if not any(f.severity == "error" for f in entry.findings)]
    absent = {("", n) for n, i in scheme.inputs.items() if not i.optional} if len(entries) > 1 else set()
    for entry in entries:
        absent -= {("", name) for name in entry.cells}
    for name, kind in scheme.rows.items():
        rows = [row for entry in entries for row in entry.rows.get(name, ())]
        if len(rows) > 1:
            wanted = {c.name for c in kind.columns if not c.optional}
            for row in rows:
                wanted -= row.cells.keys()
            absent |= {(name, column) for column in wanted}
    return frozenset(absent)


def _tell_duplicates(drafts: Sequence[_Draft]) -> None:
    """Set aside every record whose id another has too: nobody can know which of them is meant."""
    by_id: dict[str, list[_Draft]] = {}
    for draft in drafts:
        by_id.setdefault(draft.id, []).append(draft)
    for own, same in by_id.items():
        if own and len(same) > 1:
            lines = "、".join(str(d.entry.number) for d in same[:10])
            for draft in same:
                seen = {"id": shown(draft.id), "lines": lines}
                draft.findings.append(Finding("duplicate-record-id", draft.entry.where, "", seen))


def _tell_magnitudes(scheme: Scheme, drafts: Sequence[_Draft]) -> list[Finding]:
    """Find columns of bare ratios of which some are fractions and some percentages (0.8618 beside 86.18).

    The records that contradict what the input says its cells are, are set aside; a percent sign settles it.
    """
    findings: list[Finding] = []
    for kind, input in _columns(scheme):
        if input.kind != "number" or input.unit is None or not input.unit.percent:
            continue
        small: list[tuple[_Draft, Cell]] = []
        large: list[tuple[_Draft, Cell]] = []
        for draft in drafts:
            for cell in draft.cells_of(kind, input.name):
                if not isinstance(cell.value, Fraction) or not set("%％‰点").isdisjoint(cell.raw):
                    continue
                bare = abs(cell.value * 100 if input.written == "percent" else cell.value)
                if 0 < bare <= 1:
                    small.append((draft, cell))
                elif bare > 5:
                    large.append((draft, cell))
        if small and large:
            seen = {
                "column": input.label,
                "small": _some(small),
                "large": _some(large),
                "written": input.written,
            }
            findings.append(Finding("mixed-magnitudes", None, kind, seen))
            for draft, cell in small if input.written == "percent" else large:
                seen = {"column": input.label, "seen": shown(cell.raw), "written": input.written}
                draft.findings.append(Finding("magnitude-in-doubt", cell.where, input.name, seen))
    return findings


def _columns(scheme: Scheme) -> Iterator[tuple[str, Input]]:
    """Every input and row column in scheme order, with the row kind that it is of, or nothing."""
    yield from (("", input) for input in scheme.inputs.values())
    yield from ((name, column) for name, kind in scheme.rows.items() for column in kind.columns)


def _some(cells: Sequence[tuple[_Draft, Cell]]) -> str:
    told = [f"{d.id}（{shown(c.raw)}）" for d, c in cells[:5]]
    return "、".join(told) + ("……" if len(cells) > 5 else "")
