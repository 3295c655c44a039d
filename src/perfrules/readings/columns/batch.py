"""A batch by the column 成批: the cells of records and of their rows, and which lines are plain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import polars as pl
from attrs import define, evolve, field

from perfrules.model import Frozen, Input, RowKind
from perfrules.plan import Plan
from perfrules.rational import Cells, Facts
from perfrules.readings.columns.cells import NOT_APPLICABLE, Column, Texts, column, nothing, unreadable
from perfrules.readings.columns.lanes import Source, Whole
from perfrules.readings.columns.outputs import Array
from perfrules.records import is_total
from perfrules.records.entries import Raw
from perfrules.records.spelling import folded

LONG = 50_000
"""Columns of fewer lines are read one after another, and so are those of a part of something larger."""


@define
class Batch:
    """The cells of a batch by slot (a row's as `kind.column`), and the lines that are scored by the column."""

    plan: Plan
    whole: Whole
    plain: Array
    texts: Texts = field(factory=Texts)
    cells: dict[str, Column] = field(factory=dict)
    owners: dict[str, Array] = field(factory=dict)
    most: dict[str, int] = field(factory=dict)

    @classmethod
    def of(cls, plan: Plan, whole: Whole, stage: str) -> Batch:
        """The batch of a whole."""
        made = cls(plan, whole, ~(whole.ids.totals | whole.ids.odd | whole.shared))
        made._read_records(stage)
        for kind in plan.scheme.rows.values():
            made._read_rows(kind)
        return made

    @property
    def count(self) -> int:
        """How many lines there are."""
        return self.whole.count

    def facts(self, benchmarks: Mapping[str, Frozen]) -> Facts:
        """What is known of the cells, in round numbers, so that the next batch may share a program."""
        cells: dict[str, Cells] = {}
        scheme = self.plan.scheme
        inputs = {name: (input, "") for name, input in scheme.inputs.items()}
        inputs |= {f"{kind.name}.{c.name}": (c, kind.name) for kind in scheme.rows.values() for c in kind.columns}
        for slot in self.cells:
            known = self.cells[slot]
            low, high = _round(known.low, known.high)
            cells[slot] = Cells(known.factor, *_declared(inputs[slot][0], known, low, high), known.kinds)
        rows = {kind: 1 << max(most - 1, 0).bit_length() for kind, most in self.most.items()}
        return Facts(cells, rows, benchmarks)

    # ------------------------------------------------------------------------------------------ records

    def _read_records(self, stage: str) -> None:
        source, scheme = self.whole.records, self.plan.scheme
        frame = source.frame
        stages = self._stages(stage)
        brought = {name: source.columns(name, "input", "id") for name in scheme.inputs}
        columns = _at_once(
            lambda name: _one(frame, brought[name], scheme.inputs[name], self.texts, source),
            list(brought),
            together=frame.height < LONG or self.whole.apart,
        )
        for (name, input), made in zip(scheme.inputs.items(), columns, strict=True):
            if made.plain is not None:
                self.plain &= made.plain
            if input.at and stages is not None:
                made = _at_stage(made, np.isin(stages, [scheme.stages.index(s) for s in input.at]), stages)
            self.cells[name] = made
        for name, figure in scheme.published.items():
            own = source.columns(name, "published")
            if own:
                made = _one(frame, own, figure.column, self.texts, source)
                if made.plain is not None:
                    self.plain &= made.plain
        for name, heading in source.headings.items():
            if heading.role in ("rows", "rulings"):
                self.plain &= frame[name].is_null().to_numpy()

    def _stages(self, stage: str) -> Array | None:
        """The place of each line's stage among the scheme's; -1 for none."""
        stages = self.plan.scheme.stages
        if not stages:
            return None
        own = [c for c, h in self.whole.records.headings.items() if h.role == "stage"]
        made = np.full(self.count, stages.index(stage) if stage else -1)
        if len(own) > 1:
            self.plain[:] = False
        elif own:
            series = self.whole.records.frame[own[0]]
            if series.dtype not in (pl.String, pl.Categorical, pl.Enum):
                self.plain &= series.is_null().to_numpy()
                return made
            places = {text: place for place, text in enumerate(stages)}
            told = (
                series.cast(pl.String)
                .replace_strict(places, default=-1, return_dtype=pl.Int64)
                .fill_null(-1)
                .to_numpy()
            )
            self.plain &= (told >= 0) | series.is_null().to_numpy()
            if not stage:
                made = told
        return made

    # ------------------------------------------------------------------------------------------ rows

    def _read_rows(self, kind: RowKind) -> None:
        source = self.whole.rows.get(kind.name)
        if source is None:
            self.owners[kind.name] = np.zeros(0, np.int64)
            self.most[kind.name] = 0
            for input in kind.columns:
                self.cells[f"{kind.name}.{input.name}"] = nothing(0, input)
            return
        belonging = self.whole.belonging[kind.name]
        owner = belonging.owners
        frame = source.frame
        if len(belonging.numbers) != frame.height or not np.array_equal(belonging.numbers, np.arange(frame.height)):
            frame = frame[belonging.numbers]
        self.owners[kind.name] = owner
        self.most[kind.name] = int(np.bincount(owner).max()) if len(owner) else 0
        bad = np.zeros(frame.height, bool)
        blank = np.ones(frame.height, bool)
        for input in kind.columns:
            own = source.columns(input.name, "column")
            made = _one(frame, own, input, self.texts, source)
            if input.kind == "measure":
                made = Column(np.zeros(frame.height), plain=np.zeros(frame.height, bool))
            if made.plain is not None:
                bad |= ~made.plain
            blank &= made.blank if made.blank is not None else False
            if input.fill_down and made.blank is not None:
                bad |= made.blank
            self.cells[f"{kind.name}.{input.name}"] = made
            for name in own:
                bad |= _says_total(frame[name])
        bad |= blank
        bad |= self._named_twice(kind, frame, source, owner)
        self.plain[owner[bad]] = False

    def names(self, kind: RowKind, rows: Iterable[int]) -> dict[int, str]:
        """What some rows are called."""
        source, belonging = self.whole.rows[kind.name], self.whole.belonging[kind.name]
        own = source.columns(kind.name_column, "column")
        made = {}
        for row in rows:
            raw = Raw(source.line(int(belonging.numbers[row]))[own[0]]) if own else Raw(None)
            place = row - int(np.searchsorted(belonging.owners, belonging.owners[row])) + 1
            made[row] = folded(raw.text) if not raw.blank else f"第{place}行"
        return made

    def _named_twice(self, kind: RowKind, frame: pl.DataFrame, source: Source, owner: Array) -> Array:
        """Rows of which another of the same record has the name too, as far as names say plainly what they are."""
        own = source.columns(kind.name_column, "column")
        if not own or not frame.height:
            return np.zeros(frame.height, bool)
        names = frame[own[0]]
        if names.dtype != pl.String:
            return np.ones(frame.height, bool) if names.null_count() < frame.height else np.zeros(frame.height, bool)
        known = names.unique().drop_nulls().to_list()
        odd = [text for text in known if folded(text) != text or text.startswith("第")]
        pairs = pl.DataFrame({"owner": owner, "name": names})
        twice = (pairs.is_duplicated() & names.is_not_null()).to_numpy()
        return twice | names.is_in(odd).fill_null(False).to_numpy() if odd else twice

    # ------------------------------------------------------------------------------------------ magnitudes

    def sizes(self, kind: str, input: Input) -> tuple[bool, bool, Array, Array]:
        """Whether plain lines have small and large bare ratios in a column, and which lines have them."""
        slot = f"{kind}.{input.name}" if kind else input.name
        made = self.cells[slot]
        owner = self.owners[kind] if kind else None
        plain = self.plain if owner is None else self.plain[owner]
        bare = plain if made.signed is None else plain & ~made.signed
        if made.holes is not None:
            bare = bare & (made.holes == 0)
        unit = made.factor * (100 if input.written == "percent" else 1)
        whole = np.abs(made.values)
        small = bare & (whole > 0) & (whole <= int(1 / unit))
        large = bare & (whole > int(5 / unit))
        if owner is not None:
            small, large = (np.bincount(owner[x], minlength=self.count) > 0 for x in (small, large))
        return bool(small.any()), bool(large.any()), small, large

    def doubtful(self, small: bool, large: bool, kind: str, input: Input) -> Array:
        """The plain lines that contradict what an input says its cells are, where the batch holds both magnitudes."""
        own_small, own_large, small_lines, large_lines = self.sizes(kind, input)
        if not ((small or own_small) and (large or own_large)):
            return np.zeros(self.count, bool)
        return small_lines if input.written == "percent" else large_lines


def _at_once(read: Callable[[str], Column], names: list[str], *, together: bool) -> list[Column]:
    """The columns of several inputs, on every processor unless `together` in one thread."""
    if together:
        return [read(name) for name in names]
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        return list(pool.map(read, names))


def _one(frame: pl.DataFrame, own: list[str], input: Input, texts: Texts, source: Source) -> Column:
    """The column of an input out of those that stand for it."""
    if not own:
        return nothing(frame.height, input)
    if len(own) > 1:
        return unreadable(frame.height)
    heading = source.headings[own[0]]
    return column(frame[own[0]], input, texts, heading.unit if heading.role != "id" else None)


def _at_stage(made: Column, there: Array, stages: Array) -> Column:
    """A column of which the cells of other stages are not applicable."""
    elsewhere = (stages >= 0) & ~there
    if not elsewhere.any():
        return made
    holes = np.zeros(len(stages), np.int8) if made.holes is None else made.holes.copy()
    holes[elsewhere] = NOT_APPLICABLE
    return evolve(made, holes=holes)


def _says_total(series: pl.Series) -> Array:
    """Which cells say that their row adds up others."""
    if series.dtype not in (pl.String, pl.Categorical, pl.Enum):
        return np.zeros(len(series), bool)
    known = [t for t in series.cast(pl.String).unique().drop_nulls().to_list() if is_total(Raw(t))]
    return series.cast(pl.String).is_in(known).fill_null(False).to_numpy()


def _round(low: int, high: int) -> tuple[int, int]:
    """Bounds rounded outwards to powers of two."""
    least = min(low, 1) if low >= 0 else -(1 << (-low).bit_length())
    return least, (1 << max(high, 1).bit_length()) - 1


def _declared(input: Input, known: Column, low: int, high: int) -> tuple[int, int]:
    """Bounds no wider than those that the input declares."""
    if input.kind != "number":
        return low, high
    unit = known.factor if input.unit is None or not input.unit.dimension else known.factor / input.scale
    if isinstance(input.low, Fraction) and known.low >= input.low / unit:
        low = max(low, (input.low / unit).__ceil__())
    if isinstance(input.high, Fraction) and known.high <= input.high / unit:
        high = min(high, (input.high / unit).__floor__())
    return low, high
