"""What only shows over all lines of a file 全文件才看得出的: ids that stand twice, and fractions beside percentages.

The file is read once more for it, but only its ids and its doubtful percentages, and what is kept of a line is a number or
two. Ids are compared by two hashes of 64 bits each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from attrs import define, field, frozen

from perfrules.findings import Finding
from perfrules.formats.streaming.sources import Batch, Source, names_of
from perfrules.model import Cell, Input, Record, Scheme
from perfrules.records import Raw, is_total, read_cell
from perfrules.records.cells import shown, written
from perfrules.records.headings import Heading
from perfrules.records.spelling import folded

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Numbers = np.ndarray[Any, np.dtype[Any]]

HASHES = 16_000_000
"""So many ids are compared at once; of a longer file a share at a time, the ids read again for each."""
_TOLD = 5
"""So many records are named on either side of a mixture."""
_PERCENT_SIGNS = frozenset("%％‰点")
_ODD = r"[^!-~一-龥]"
"""What an id may hold that is not written in one way only."""

Side = Literal["small", "large"]


@define
class Twice:
    """The lines that share an id with another, in order, and for each the first ten that do."""

    lines: Numbers
    groups: Numbers
    starts: Numbers
    ordered: Numbers

    def among(self, lines: Numbers) -> Numbers:
        """Which of some lines share an id: their places."""
        import numpy as np

        return np.flatnonzero(np.isin(lines, self.lines))

    def beside(self, line: int) -> str:
        """The lines of the same id, as a message names them."""
        import numpy as np

        group = self.groups[np.searchsorted(self.lines, line)]
        same = self.ordered[self.starts[group] : self.starts[group + 1]]
        return "、".join(str(each) for each in same[:10])


@frozen
class Whole:
    """What is known of all lines of a file: how many, which share an id, and which side of a column is in doubt."""

    count: int | None
    twice: Twice | None = None
    doubtful: dict[str, tuple[Input, Side]] = field(factory=dict)
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, scheme: Scheme, source: Source) -> Whole:
        """Look through a file. Raises RecordError where it cannot be read."""
        columns = [_Column(source, place, heading) for place, heading in _doubtful_columns(scheme, source)]
        key = source.wide.key
        if key is None and not columns:
            return cls(source.count)
        look = _Look(source, columns)
        look.through()
        mixed = [column for column in columns if column.mixed]
        return cls(
            look.count,
            look.twice(),
            {c.input.name: (c.input, "small" if c.input.written == "percent" else "large") for c in mixed},
            tuple(column.finding() for column in mixed),
        )

    def doubts(self, record: Record) -> Iterator[Finding]:
        """What is found of a record whose percentages contradict what their columns say."""
        for name, (input, side) in self.doubtful.items():
            cell = record.cells.get(name)
            if cell is not None and _bare_side(cell, input) == side:
                seen = {"column": input.label, "seen": shown(cell.raw), "written": input.written}
                yield Finding("magnitude-in-doubt", cell.where, name, seen)

    def in_doubt(self, source: Source, batch: Batch) -> Numbers:
        """The places of a batch's lines that may contradict what their columns say: all that do, and maybe more."""
        import numpy as np

        places: set[int] = set()
        names = names_of(source.wide)
        for place, heading in _headings(source):
            if heading.name in self.doubtful and heading.role == "input":
                small, large = sizes(batch.frame[names[place]])
                places.update((small if self.doubtful[heading.name][1] == "small" else large).tolist())
        return np.array(sorted(places), np.int64)


def _headings(source: Source) -> Iterator[tuple[int, Heading]]:
    for place in source.wide.places:
        for heading in source.wide.columns.meaning[place]:
            yield place, heading


def _doubtful_columns(scheme: Scheme, source: Source) -> Iterator[tuple[int, Heading]]:
    """The columns whose bounds let both fractions and percentages in."""
    for place, heading in _headings(source):
        input = scheme.inputs.get(heading.name) if heading.role == "input" else None
        if input is None or input.kind != "number" or input.unit is None or not input.unit.percent:
            continue
        most = Fraction(5, 100) if input.written == "percent" else Fraction(5)
        ends = (input.low, input.high)
        if (
            any(not isinstance(end, Fraction) for end in ends)
            or max(abs(e) for e in ends if isinstance(e, Fraction)) > most
        ):
            yield place, heading


def _bare_side(cell: Cell, input: Input) -> Side | None:
    """Whether a cell's bare number is as small as fractions are, or as large as percentages."""
    if not isinstance(cell.value, Fraction) or not _PERCENT_SIGNS.isdisjoint(cell.raw):
        return None
    bare = abs(cell.value * 100 if input.written == "percent" else cell.value)
    return "small" if 0 < bare <= 1 else "large" if bare > 5 else None


def sizes(cells: pl.Series) -> tuple[Numbers, Numbers]:
    """The places of cells that may be small as fractions are, and of those that may be large as percentages are."""
    import numpy as np
    import polars as pl

    if cells.dtype.is_numeric() or isinstance(cells.dtype, pl.Decimal):
        bare = cells.cast(pl.Float64).to_numpy()
        other = np.zeros(0, np.int64)
    else:
        texts = (
            cells.cast(pl.String, strict=False)
            if cells.dtype != pl.Object
            else pl.Series([None] * len(cells), dtype=pl.String)
        )
        numbers = texts.cast(pl.Float64, strict=False)
        bare = numbers.to_numpy()
        other = np.flatnonzero((numbers.is_null() & cells.is_not_null()).to_numpy())
    with np.errstate(invalid="ignore"):
        bare = np.abs(bare)
        small, large = np.flatnonzero((bare > 0) & (bare <= 1)), np.flatnonzero(bare >= 5)
    return np.union1d(small, other), np.union1d(large, other)


@define
class _Column:
    """A column of percentages: the first few records on either side of what fractions and percentages can be."""

    source: Source
    place: int
    heading: Heading
    small: list[str] = field(factory=list)
    large: list[str] = field(factory=list)

    @property
    def input(self) -> Input:
        """What it is for."""
        assert self.heading.input is not None
        return self.heading.input

    @property
    def settled(self) -> bool:
        """Whether enough is known."""
        return len(self.small) > _TOLD and len(self.large) > _TOLD

    @property
    def mixed(self) -> bool:
        """Whether both sorts stand in it."""
        return bool(self.small) and bool(self.large)

    def look(self, batch: Batch, names: Sequence[str]) -> None:
        """Take in the cells of a batch."""
        cells = batch.frame[names[self.place]]
        for side, found, places in zip(("small", "large"), (self.small, self.large), sizes(cells), strict=True):
            for at in places.tolist():
                if len(found) > _TOLD:
                    break
                raw = cells[at]
                cell, _ = read_cell(raw, self.input, unit=self.heading.unit)
                if _bare_side(cell, self.input) == side:
                    found.append(f"{self._id(batch, names, at)}（{shown(cell.raw)}）")

    def _id(self, batch: Batch, names: Sequence[str], at: int) -> str:
        key = self.source.wide.key
        text = "" if key is None else folded(written(batch.frame[names[key]][at]))
        return text or str(batch.first + at + 1)

    def finding(self) -> Finding:
        """That both sorts stand in it."""
        some = {
            side: "、".join(told[:_TOLD]) + ("……" if len(told) > _TOLD else "")
            for side, told in (("small", self.small), ("large", self.large))
        }
        return Finding(
            "mixed-magnitudes", None, "", {"column": self.input.label, **some, "written": self.input.written}
        )


# ------------------------------------------------------------------------------------------------ ids


@define
class _Look:
    """A file being looked through."""

    source: Source
    columns: list[_Column]
    count: int = 0
    shares: int = 1
    alike: list[Numbers] = field(factory=list)

    def through(self) -> None:
        """Read ids and doubtful columns, and keep the hashes that stand twice."""
        import numpy as np
        import polars as pl

        about = self.source.count or self.source.path.stat().st_size // max(8, 2 * len(self.source.wide.places))
        self.shares = about // HASHES + 1
        for share in range(self.shares):
            kept: list[Numbers] = []
            self.count = 0
            for batch in self._batches(first=share == 0):
                self.count += batch.frame.height
                if self.source.wide.key is not None:
                    hashes = hash_of(self._ids(batch), 0)
                    kept.append(hashes if self.shares == 1 else hashes[hashes % np.uint64(self.shares) == share])
            if kept:
                every = pl.Series(np.concatenate(kept)).sort().to_numpy()
                kept.clear()
                self.alike.append(np.unique(every[1:][every[1:] == every[:-1]]))

    def twice(self) -> Twice | None:
        """The lines that share an id: those whose hashes stood twice, compared by a second one."""
        import numpy as np
        import polars as pl

        alike = np.sort(np.concatenate(self.alike)) if self.alike else np.zeros(0, np.uint64)
        if not len(alike):
            return None
        hashes, others, lines = [], [], []
        for batch in self._batches(first=False):
            ids = self._ids(batch)
            own = hash_of(ids, 0)
            found = np.flatnonzero(np.isin(own, alike))
            if ids.dtype == pl.String:
                texts = ids[found]
                totals = [text for text in texts.unique().to_list() if is_total(Raw(text))]
                found = found[~texts.is_in(totals).to_numpy()] if totals else found
            hashes.append(own[found])
            others.append(hash_of(ids[found], 1))
            lines.append(batch.lines[found])
        return _grouped(np.concatenate(hashes), np.concatenate(others), np.concatenate(lines))

    def _batches(self, *, first: bool) -> Iterator[Batch]:
        key = self.source.wide.key
        columns = [c for c in self.columns if first]
        wanted = sorted({c.place for c in columns} | ({key} if key is not None else set()))
        names = names_of(self.source.wide)
        for batch in self.source.batches(only=wanted or self.source.wide.places[:1]):
            for column in columns:
                if not column.settled:
                    column.look(batch, names)
            yield batch

    def _ids(self, batch: Batch) -> pl.Series:
        key = self.source.wide.key
        assert key is not None
        return ids_of(batch.frame[names_of(self.source.wide)[key]], batch.first)


def _grouped(hashes: Numbers, others: Numbers, lines: Numbers) -> Twice | None:
    import numpy as np

    order = np.lexsort((lines, others, hashes))
    hashes, others, lines = hashes[order], others[order], lines[order]
    new = np.concatenate(([True], (hashes[1:] != hashes[:-1]) | (others[1:] != others[:-1])))
    starts = np.concatenate((np.flatnonzero(new), [len(lines)]))
    group = np.cumsum(new) - 1
    shared = np.diff(starts)[group] > 1
    if not shared.any():
        return None
    found = np.argsort(lines[shared], kind="stable")
    return Twice(lines[shared][found], group[shared][found], starts, lines)


def ids_of(cells: pl.Series, first: int) -> pl.Series:
    """The ids of lines, as whole numbers where all are, else as texts: what is written in several ways in one, and the place
    of those that have none."""
    import polars as pl

    kind = cells.dtype
    if kind.is_integer() and not cells.has_nulls():
        return cells
    if kind.is_integer() or kind == pl.Date:
        texts = cells.cast(pl.String)
    elif kind == pl.String:
        texts = cells
        odd = texts.str.contains(_ODD).fill_null(False).arg_true()
        if len(odd):
            texts = texts.scatter(odd, [folded(text) for text in texts[odd].to_list()])
    else:
        texts = pl.Series([folded(Raw(raw).text) for raw in cells.to_list()], dtype=pl.String)
    blank = (texts.is_null() | (texts == "")).arg_true()
    return texts.scatter(blank, [str(first + at + 1) for at in blank.to_list()]) if len(blank) else texts


def hash_of(ids: pl.Series, seed: int) -> Numbers:
    """A hash of 64 bits for each id, the same throughout a run."""
    hashes: Numbers = ids.hash(seed).to_numpy()
    return hashes
