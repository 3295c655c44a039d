"""The two lanes 快慢两道: what a batch is as a whole, and the lines that are read one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
from attrs import define, field

from perfrules import records
from perfrules.findings import Finding, RecordError
from perfrules.model import Input, Record, Scheme, Scorecard
from perfrules.readings.columns.outputs import Array, Sheet, finding_text, labelled
from perfrules.records.cells import shown
from perfrules.records.entries import TOTALS
from perfrules.records.headings import Heading
from perfrules.records.spelling import folded

Scorer = Callable[[Record], Scorecard]
"""How one record is scored."""
PERCENT_SIGNS = frozenset("%％‰点")
PLAIN_ID = r"^[0-9A-Za-z_./\-\x{4e00}-\x{9fff}]+$"
"""An id that means what it says: nothing in it is folded away."""


@define
class Source:
    """A frame and what its columns stand for."""

    frame: pl.DataFrame
    headings: Mapping[str, Heading]
    kind: str = ""

    @classmethod
    def of(cls, scheme: Scheme, frame: pl.DataFrame, kind: str = "") -> Source:
        """The columns of a frame of records, or of rows of a kind."""
        known = records.Headings(scheme)
        found: dict[str, Heading] = {}
        for name in frame.columns:
            heading = known.of_row(name, kind) if kind else known.of_record(name)
            if heading is None and kind:
                record = known.of_record(name)
                heading = record if record is not None and record.role == "id" else None
            if heading is not None and heading.unit_fits:
                found[name] = heading
        return cls(frame, found, kind)

    def columns(self, name: str, *roles: str) -> list[str]:
        """The columns that stand for an input."""
        return [c for c, h in self.headings.items() if h.name == name and h.role in roles]

    def ids(self, scheme: Scheme) -> str | None:
        """The column that tells records apart: of several the scheme's own key, else the first."""
        found = [c for c, h in self.headings.items() if h.role == "id"]
        return min(found, key=lambda c: self.headings[c].name != scheme.key, default=None)

    def line(self, number: int) -> dict[str, Any]:
        """A line as a mapping, as it is read one by one."""
        made = self.frame.row(number, named=True)
        for name, kind in self.frame.schema.items():
            if kind == pl.Float32 and made[name] is not None:
                made[name] = np.float32(made[name])  # its own shortest form, not that of the float it would widen to
        return made


@define
class Ids:
    """The id of each line 编号: a text (or number) by line, null where it has none; which lines are totals; the place of each
    among the records; and which are `odd`, with more to be said of their ids than that."""

    ids: pl.Series
    totals: Array
    places: Array
    odd: Array

    @classmethod
    def of(cls, series: pl.Series | None, count: int) -> Ids:
        """Those of a key column."""
        none = np.zeros(count, bool)
        places = np.arange(1, count + 1)
        if series is None:
            return cls(pl.Series("id", places).cast(pl.String), none, places, none)
        if series.dtype.is_integer() and not series.null_count():
            return cls(series, none, places, none)
        if series.dtype == pl.String:
            odd = (~series.str.contains(PLAIN_ID)).fill_null(True).to_numpy()
            totals = series.str.to_lowercase().is_in(list(TOTALS)).fill_null(False).to_numpy()
            texts = series.to_list()
        else:
            odd, totals = np.ones(count, bool), np.zeros(count, bool)
            texts = [None] * count
        raws = series.filter(pl.Series(odd)).to_list()
        lines = np.flatnonzero(odd).tolist()
        for line, raw in zip(lines, raws, strict=True):
            totals[line] = records.is_total(records.Raw(raw))
        places = np.cumsum(~totals)
        settled = odd.copy()
        for line, raw in zip(lines, raws, strict=True):
            texts[line] = None if totals[line] else id_of(raw, int(places[line]))
            settled[line] = totals[line] or raw is None or not records.Raw(raw).plain or records.Raw(raw).blank
        for line in np.flatnonzero(totals).tolist():
            texts[line] = None
        return cls(pl.Series("id", texts, pl.String), totals, places, settled)

    def shared(self) -> Array:
        """Which lines have an id that another has too."""
        if self.ids.dtype.is_integer():
            values = self.ids.to_numpy()
            if bool(np.all(values[1:] > values[:-1])):
                return np.zeros(len(values), bool)
        return (self.ids.is_duplicated() & self.ids.is_not_null()).to_numpy()

    def lines_of(self, keys: pl.Series) -> Array:
        """The line that each key names; -1 where it names none, the first where several share it."""
        own = pl.DataFrame({"id": self.ids, "line": np.arange(len(self.ids))}).drop_nulls().unique("id", keep="first")
        if keys.dtype != pl.String and not (keys.dtype == self.ids.dtype and keys.dtype.is_integer()):
            keys = pl.Series("id", [folded(records.Raw(raw).text) for raw in keys.to_list()], pl.String)
        elif keys.dtype == pl.String:
            odd = (~keys.str.contains(PLAIN_ID)).fill_null(True)
            if odd.any():
                keys = pl.Series("id", [folded(text or "") for text in keys.to_list()], pl.String)
        own = own.with_columns(pl.col("id").cast(keys.dtype))
        found = keys.alias("id").to_frame().join(own, on="id", how="left", maintain_order="left")
        return found["line"].fill_null(-1).to_numpy()


@define
class Belonging:
    """Which rows of a frame belong to which lines: the line of each, in the order of the lines, and its number in the frame."""

    owners: Array
    numbers: Array

    @classmethod
    def of(cls, lines: Array) -> Belonging:
        """Those whose keys name these lines."""
        numbers = np.flatnonzero(lines >= 0)
        owners = lines[numbers]
        if len(owners) and not bool(np.all(owners[1:] >= owners[:-1])):
            order = np.argsort(owners, kind="stable")
            owners, numbers = owners[order], numbers[order]
        return cls(owners, numbers)

    def of_line(self, line: int) -> list[int]:
        """The rows of a line."""
        first, last = np.searchsorted(self.owners, (line, line + 1))
        return [int(number) for number in self.numbers[first:last]]


@define
class Whole:
    """A batch as a whole: its lines, their ids, and which rows of other frames belong to which."""

    scheme: Scheme
    records: Source
    rows: Mapping[str, Source]
    apart: bool
    key: str | None
    ids: Ids
    shared: Array
    belonging: Mapping[str, Belonging]
    told: dict[str, Finding] = field(factory=dict)

    @classmethod
    def of(cls, scheme: Scheme, frame: pl.DataFrame, rows: Mapping[str, pl.DataFrame], *, apart: bool) -> Whole:
        """The batch of a frame and of one frame for each kind of rows. Raises RecordError."""
        for kind in rows:
            if kind not in scheme.rows:
                raise RecordError([records.Headings(scheme).unknown(kind, None)])
        source = Source.of(scheme, frame)
        of_rows = {kind: Source.of(scheme, frame, kind) for kind, frame in rows.items()}
        key = source.ids(scheme)
        ids = Ids.of(None if key is None else frame[key], frame.height)
        belonging = {kind: _belonging(scheme, each, ids, apart) for kind, each in of_rows.items()}
        shared = np.zeros(frame.height, bool) if apart or key is None else ids.shared()
        return cls(scheme, source, of_rows, apart, key, ids, shared, belonging)

    @property
    def count(self) -> int:
        """How many lines there are."""
        return self.records.frame.height

    def unbrought(self) -> frozenset[tuple[str, str]]:
        """What is wanted and has a column nowhere, as (row kind or nothing, name)."""
        absent: set[tuple[str, str]] = set()
        if self.apart or self.count - int(self.ids.totals.sum()) > 1:
            absent = {("", n) for n, i in self.scheme.inputs.items() if not i.optional}
            absent -= {("", h.name) for h in self.records.headings.values() if h.role in ("input", "id")}
        for kind, source in self.rows.items():
            if self.apart or len(self.belonging[kind].owners) > 1:
                brought = {h.name for h in source.headings.values()}
                columns = self.scheme.rows[kind].columns
                absent |= {(kind, c.name) for c in columns if not c.optional and c.name not in brought}
        return frozenset(absent)

    # ------------------------------------------------------------------------------------------ one by one

    def read(self, lines: Sequence[int]) -> dict[int, Record]:
        """The records of some lines, read one by one."""
        headings = records.Headings(self.scheme)
        entries = [
            (int(self.ids.places[line]), records.entry_from(headings, line + 1, self.mapping(line), self.told))
            for line in lines
        ]
        return dict(zip(lines, records.read_apart(self.scheme, entries, self.unbrought()), strict=True))

    def mapping(self, line: int) -> dict[str, Any]:
        """A line with its rows, as a mapping."""
        made = self.records.line(line)
        for kind, source in self.rows.items():
            keys = [name for name, heading in source.headings.items() if heading.role == "id"]
            own = [source.line(number) for number in self.belonging[kind].of_line(line)]
            for row in own:
                for name in keys:
                    del row[name]
            made[kind] = [*(made.get(kind) or ()), *own]
        return made


def _belonging(scheme: Scheme, source: Source, ids: Ids, apart: bool) -> Belonging:
    """The rows of a frame by the line of the record that their key names. Raises RecordError where that cannot be told."""
    key = source.ids(scheme)
    if key is None:
        seen = {"column": records.Headings(scheme).id_heading}
        raise RecordError([Finding("missing-column", None, source.kind, seen, stated="error")])
    lines = ids.lines_of(source.frame[key])
    if not apart and len(lines) and lines.min() < 0:
        lost = source.frame[key].filter(pl.Series(lines < 0))
        seen = {"count": str(len(lost)), "seen": shown(records.Raw(lost[0]).text)}
        raise RecordError([Finding("row-of-no-record", None, source.kind, seen)])
    return Belonging.of(lines)


def id_of(raw: object, place: int) -> str | None:
    """The id that a cell gives its record; None where it is none."""
    cell = records.Raw(raw)
    if raw is not None and not cell.plain:
        return None
    return folded(cell.text).encode("utf-8", "replace").decode() or str(place)


# ------------------------------------------------------------------------------------------------ magnitudes


def magnitudes(scheme: Scheme) -> Iterator[tuple[str, Input]]:
    """The columns of bare ratios, which may be fractions or percentages, with the row kind that they are of."""
    columns = [("", i) for i in scheme.inputs.values()]
    columns += [(kind.name, c) for kind in scheme.rows.values() for c in kind.columns]
    yield from ((k, i) for k, i in columns if i.kind == "number" and i.unit is not None and i.unit.percent)


def bare_sizes(record: Record, kind: str, input: Input) -> Iterator[Fraction]:
    """The sizes of a record's bare ratios of a column, as they were written."""
    holders = [row.cells for row in record.rows.get(kind, ())] if kind else [record.cells]
    for cells in holders:
        cell = cells.get(input.name)
        if cell is not None and isinstance(cell.value, Fraction) and PERCENT_SIGNS.isdisjoint(cell.raw):
            yield abs(cell.value * 100 if input.written == "percent" else cell.value)


# ------------------------------------------------------------------------------------------------ what becomes of them


def put_card(sheet: Sheet, line: int, card: Scorecard) -> None:
    """Put the scorecard of a line in its place."""
    sheet.clear(line)
    scores = {n.path: n for n in card.nodes if n.role != "row"}
    for path, figures in sheet.figures.items():
        figures.put(line, scores[path].score)
    for name, rank in labelled(sheet.layout, card.grades, {p: n.grade for p, n in scores.items()}).items():
        sheet.ranks[name][line] = rank
    sheet.findings[line] = [finding_text(f) for f in card.findings]
