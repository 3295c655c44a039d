"""Records before they are written down: plain values on the grid of what can be written, and the cells that say them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from attrs import define, evolve, field
from hypothesis import strategies as st

from perfrules import nodes, scoring
from perfrules.formula import walk
from perfrules.model import Hole, Input, RowKind, Scheme
from perfrules.numbers import published
from perfrules.parsing import is_date
from perfrules.plan import Plan, RowBlock, Step
from perfrules.records.headings import STAGE_HEADINGS
from perfrules.records.measures import UNIT_COLUMNS

Plain = Fraction | bool | str | date | Hole
"""A number in its input's own unit (a percentage as the ratio that it is), or a datum of another kind, or a hole."""
LARGEST, FINEST = Fraction(10**15), 12
"""The largest number drawn where no bound is larger, and the most decimal places."""
_DIGITS = 38  # a cell holds 40
_EASY = tuple(map(Fraction, ("100", "10", "1", "1000", "50", "20", "200", "5", "10000", "1/2", "1/10", "-1", "-10")))
_DAYS = (date(2000, 1, 1), date(2039, 12, 31))
_WORDS = ("甲", "乙", "丙")


@define
class Draft:
    """A record as plain values: cells by input, rows by kind; `stage` is empty where none is said."""

    cells: dict[str, Plain]
    rows: dict[str, list[dict[str, Plain]]] = field(factory=dict)
    stage: str = ""

    def copy(self) -> Draft:
        """One of its own, to be changed."""
        return Draft(dict(self.cells), {k: [dict(r) for r in rows] for k, rows in self.rows.items()}, self.stage)

    def written(self, scheme: Scheme) -> dict[str, Any]:
        """The mapping that `score` takes: cells as a person would bring them."""
        made: dict[str, Any] = {name: cell(scheme.inputs[name], value) for name, value in self.cells.items()}
        for name, rows in self.rows.items():
            columns = {c.name: c for c in scheme.rows[name].columns}
            made[name] = [{column: cell(columns[column], value) for column, value in row.items()} for row in rows]
        if self.stage:
            made[next(h for h in STAGE_HEADINGS if h not in made)] = self.stage
        return made


def cell(input: Input, value: Plain) -> Any:
    """The cell that says a value: whole numbers as int, others as Decimal, percentages as text with their sign."""
    if isinstance(value, Hole):
        marks = (mark for mark in ("不适用", "/", "n/a") if mark not in input.choices)
        return next(marks) if value.kind == "not_applicable" else None
    if not isinstance(value, Fraction):
        return value
    if input.unit is not None and input.unit.percent and _terminates(value):
        return published(value * 100) + "%"
    if value.denominator == 1:
        return int(value)
    return Decimal(published(value)) if _terminates(value) else value


def _terminates(value: Fraction) -> bool:
    return "/" not in published(value)


# ---------------------------------------------------------------------------------------------------- numbers


@define
class Grid:
    """The numbers that an input's cells can hold, in its own unit: between its bounds, at its decimal places."""

    low: Fraction | None
    high: Fraction | None
    decimals: int | None
    usual: int

    @classmethod
    def of(cls, input: Input) -> Grid:
        """The grid of a number, or of a measure."""
        low = input.low if isinstance(input.low, Fraction) else None
        high = input.high if isinstance(input.high, Fraction) else None
        usual = 4 if input.unit is not None and input.unit.percent else 2
        return cls(low, high, input.decimals, min(usual, input.decimals) if input.decimals is not None else usual)

    def holds(self, value: Fraction) -> bool:
        """Whether a cell can hold the number."""
        kept = (self.low is None or value >= self.low) and (self.high is None or value <= self.high)
        return kept and (self.decimals is None or (value * 10**self.decimals).denominator == 1)

    def ends(self, places: int) -> tuple[int, int]:
        """The least and greatest number at so many places, in units of the last; the greatest is less where there is none."""
        low = -LARGEST if self.low is None else self.low
        high = LARGEST if self.high is None else self.high
        low = low if self.low is not None else min(low, high - LARGEST)
        high = high if self.high is not None else max(high, low + LARGEST)
        return _up(low * Fraction(10**places)), _down(high * Fraction(10**places))

    @property
    def places(self) -> list[int]:
        """The decimal places at which there is a number, the usual ones first."""
        most = FINEST if self.decimals is None else self.decimals
        wanted = dict.fromkeys((0, self.usual, 1, 2, 3, 4, 6, 9, most))
        return [p for p in wanted if p <= most and (ends := self.ends(p))[0] <= ends[1] < 10**_DIGITS > -ends[0]]

    def nearest(self, value: Fraction, places: int) -> Fraction | None:
        """The number at so many places that is nearest."""
        low, high = self.ends(places)
        return (
            Fraction(min(max(_down(value * 10**places + Fraction(1, 2)), low), high), 10**places)
            if low <= high
            else None
        )


def _up(value: Fraction) -> int:
    return -((-value.numerator) // value.denominator)


def _down(value: Fraction) -> int:
    return value.numerator // value.denominator


def numbers(input: Input, near: Landmarks, *, easy: bool = False) -> st.SearchStrategy[Plain]:
    """Numbers of an input, simplest first: 0 or the bound nearest to it, few decimals, then beside a landmark, then any.

    Easy ones are those that divide well, then as before, and few digits at most.
    """
    grid = Grid.of(input)
    places = grid.places
    if not places:  # nothing that can be written down is within its bounds: the bound itself, as a fraction
        as_it_is = [b for b in (grid.low, grid.high) if b is not None and grid.holds(b)]
        return st.sampled_from(as_it_is) if as_it_is else st.just(Hole("missing"))
    at = [_at(grid, p) for p in places]
    shifts = [Fraction(0), *(Fraction(sign, 10**p) for p in places[:3] for sign in (1, -1))]
    own = [n / input.scale for n in near.numbers] if input.scale != 1 else []
    bounds = [b for b in (grid.low, grid.high) if b is not None]
    marks = dict.fromkeys(mark + shift for mark in (*near.numbers, *own, *bounds) for shift in shifts)
    kept = [m for m in marks if grid.holds(m) and _terminates(m) and abs(m) <= LARGEST]
    marked = [st.sampled_from(kept)] if kept else []
    if easy:
        plain = [n for n in _EASY if grid.holds(n)]
        return st.one_of(*[st.sampled_from(plain)] * (2 if plain else 0), at[0], *marked, *at[1:2])
    return st.one_of(at[0], *marked * 2, *at[1:4], st.one_of(at))


def _at(grid: Grid, places: int) -> st.SearchStrategy[Plain]:
    return st.integers(*grid.ends(places)).map(lambda whole: Fraction(whole, 10**places))


@define
class Landmarks:
    """What a scheme speaks of, where something may change: numbers, days, and by name the words that it is compared with."""

    numbers: dict[Fraction, None] = field(factory=dict)
    days: dict[date, None] = field(factory=dict)
    words: dict[str, list[str]] = field(factory=dict)

    @classmethod
    def of(cls, plan: Plan) -> Landmarks:
        """The landmarks of a plan's formulas and cut points."""
        made = cls()
        blocks = [inner for step in plan.steps for inner in (step.steps if isinstance(step, RowBlock) else (step,))]
        for step in (*blocks, *(inner for d in plan.definitions.values() for inner in d.steps)):
            if isinstance(step, Step):
                made.numbers |= {bound: None for bound in step.bindings.values() if isinstance(bound, Fraction)}
                for node in walk(step.formula.node):
                    made._see(node)
        return made

    def _see(self, node: nodes.Node) -> None:
        match node:
            case nodes.Number(value=value):
                self.numbers[value] = None
            case nodes.Compare(first=nodes.Name(name=name), links=((_, nodes.Text(value=text)),)):
                self.words.setdefault(name, []).append(text)
            case nodes.Text(value=text) if is_date(text):
                self.days[date.fromisoformat(text)] = None
            case _:
                pass


# ---------------------------------------------------------------------------------------------------- records


@define
class Drawing:
    """What is drawn for each input of a scheme, prepared once."""

    scheme: Scheme
    holes: bool
    most_rows: int
    near: Landmarks
    easy: bool = False
    least_rows: int = 0
    _values: dict[int, st.SearchStrategy[Plain]] = field(factory=dict)

    @classmethod
    def of(cls, scheme: Scheme, *, holes: bool, most_rows: int) -> Drawing:
        """The drawing of a scheme's records."""
        return cls(scheme, holes, most_rows, Landmarks.of(scoring.plan(scheme)))

    def of_easy_numbers(self) -> Drawing:
        """The same without holes, mostly of numbers that divide well, and with a row of each kind."""
        return evolve(self, holes=False, easy=True, least_rows=min(1, self.most_rows), values={})

    def draft(self, draw: st.DrawFn) -> Draft:
        """A record."""
        holes = self.holes and draw(st.integers(0, 3)) == 3
        cells = {name: self._cell(draw, each, holes) for name, each in self.scheme.inputs.items()}
        rows: dict[str, list[dict[str, Plain]]] = {}
        for name, kind in self.scheme.rows.items():
            count = draw(st.integers(self.least_rows, self.most_rows))
            rows[name] = [self._row(draw, kind, number, holes) for number in range(1, count + 1)]
        stage = draw(st.sampled_from(("", *self.scheme.stages))) if self.scheme.stages else ""
        return Draft(cells, rows, stage)

    def _cell(self, draw: st.DrawFn, each: Input, holes: bool) -> Plain:
        value = draw(self._value(each))  # even for a hole: of two records the one that took fewer draws is the simpler
        if holes and (state := draw(st.integers(0, 9))) >= 8:
            return Hole("missing" if state == 8 else "not_applicable")
        return value

    def _value(self, each: Input) -> st.SearchStrategy[Plain]:
        if id(each) not in self._values:
            self._values[id(each)] = self._made(each)
        return self._values[id(each)]

    def _made(self, each: Input) -> st.SearchStrategy[Plain]:
        match each.kind:
            case "boolean":
                return st.booleans()
            case "choice":
                return st.sampled_from(each.choices)
            case "text":
                return st.sampled_from((*_WORDS, *dict.fromkeys(self.near.words.get(each.name, ()))))
            case "date":
                return _days(each, self.near)
            case "number" | "measure":
                return numbers(each, self.near, easy=self.easy)

    def _row(self, draw: st.DrawFn, kind: RowKind, number: int, holes: bool) -> dict[str, Plain]:
        """A row; its measures agree: all numbers, all percentages, or all days."""
        row = {c.name: self._cell(draw, c, holes) for c in kind.columns if c.kind != "measure"}
        measures = [c for c in kind.columns if c.kind == "measure"]
        if measures:
            says = draw(st.integers(0, 9)) if not self.easy else 0
            for column in measures:
                row[column.name] = self._measure(draw, column, says, holes)
            for column in kind.columns:
                if column.name in UNIT_COLUMNS:
                    row[column.name] = "%" if says in (7, 8) else "个"
        if kind.name_column and kind.column(kind.name_column).kind == "text":
            row[kind.name_column] = f"指标{number}"
        return {c.name: row[c.name] for c in kind.columns}

    def _measure(self, draw: st.DrawFn, column: Input, says: int, holes: bool) -> Plain:
        value = draw(_days(column, self.near) if says == 9 else self._value(column))
        if holes and draw(st.integers(0, 9)) >= 8:
            return Hole("missing")
        if says in (7, 8) and isinstance(value, Fraction) and _terminates(value):
            return published(value * 100) + "%"
        return value


def days_of(each: Input) -> tuple[date, date]:
    """The first and last day that are drawn of a date: its bounds, else 2000 to 2039."""
    low = each.low if isinstance(each.low, date) else None
    high = each.high if isinstance(each.high, date) else None
    first = low if low is not None else min(_DAYS[0], high if high is not None else _DAYS[0])
    return first, high if high is not None else max(_DAYS[1], first)


def _days(each: Input, near: Landmarks) -> st.SearchStrategy[Plain]:
    low, high = days_of(each)
    marks = dict.fromkeys(d + timedelta(n) for d in near.days for n in (0, 1, -1) if date.min < d < date.max)
    kept = [d for d in marks if low <= d <= high]
    any_day: st.SearchStrategy[Plain] = st.dates(low, high)
    return st.one_of(any_day, st.sampled_from(kept)) if kept else any_day
