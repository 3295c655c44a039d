"""Lines 界: where the outcome of a scheme may change, and the records that stand on one or just beside it.

A line is a quantity within a step of the plan and the number at which something turns: the two sides of a comparison are
equal, two arguments of `min` tie, a divisor is zero, a rounding is half-way. The search is no proof: it moves one input
after another, and may fail to get there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from attrs import define, evolve, field, frozen

from perfrules.model import Frozen, Hole, Input
from perfrules.plan import Plan, PlanStep, RowBlock, Step
from perfrules.plan.steps import reads
from perfrules.testing.drafts import FINEST, LARGEST, Draft, Grid, Plain, days_of
from perfrules.testing.roots import Root, probes
from perfrules.testing.walking import ON_DEMAND, Seen, Site, Values, evaluated

Quantity = Callable[[Fraction], Fraction | None]
"""How far a line's quantity is from its target by the number that a variable has; None where it is not reached."""
_MOST_MOVED = 4
"""How many variables are tried in search of a line."""


@frozen
class Variable:
    """An input of a record, or a column of one of its rows, that can be moved."""

    name: str
    rows: str = ""
    row: int = 0


@frozen
class Line:
    """A place where something turns: the quantity at `site` is `target`; `row` is the row that it was seen in.

    A line without a step is one of an input's own: its zero or a bound.
    """

    step: str
    site: Site
    target: Fraction
    row: tuple[str, int] | None = None
    variable: Variable | None = None


@define
class Search:
    """Finds lines that scoring a record meets, and moves records onto them."""

    plan: Plan
    frozen: Mapping[str, Frozen] = field(factory=dict)
    tired_after: int | None = None
    """After how many vain moves a variable is no longer tried for a line; then also what led to one is tried first, and
    what moves by small steps before others. Where it is a number, what is found hangs on what was looked for before."""
    _closures: dict[str, list[PlanStep]] = field(factory=dict, init=False)
    _vain: Counter[tuple[Site, str]] = field(factory=Counter, init=False)
    _led: dict[Site, str] = field(factory=dict, init=False)
    _base: tuple[Draft, Values, dict[str, list[Values]]] | None = field(default=None, init=False)

    # ------------------------------------------------------------------------------------------ what there is

    def lines(self, draft: Draft, at: str | None = None) -> list[Line]:
        """The lines that scoring this record meets: zeros and bounds first, then those of all steps, or of the node at a
        path or of a value only."""
        found: dict[tuple[Site, Fraction], Line] = {}
        if at is None:
            for variable in self._variables(draft):
                each, grid = self._input(variable), self._grid(draft, variable)
                ends = [_number(end) for end in (each.low, each.high) if end is not None]
                for target in dict.fromkeys((*ends[:1], Fraction(0), *ends[1:])):
                    if grid.holds(target) and abs(target) <= LARGEST:
                        found[(variable,), target] = Line("", (variable,), target, None, variable)
        prefix = None if at is None else at if at in self.plan.scheme.values else self.plan.node(at).key
        for seen in self._evaluated(draft, self.plan.steps):
            for site, quantity in seen.quantities.items():
                if prefix is None or site[0] == prefix or site[0].startswith(f"{prefix}__"):
                    for target in _targets(site[-1], quantity):
                        found.setdefault((site, target), Line(site[0], site, target, seen.row))
        return list(found.values())

    def seen(self, draft: Draft) -> list[Seen]:
        """All that scoring this record meets: of each row, then of the whole."""
        return self._evaluated(draft, self.plan.steps)

    def variables(self, draft: Draft, line: Line) -> list[Variable]:
        """What can be moved to reach a line."""
        if line.variable is not None:
            return [line.variable]
        wanted = {name for step in self._closure(line.step) for name in reads(step)}
        own = [v for v in self._variables(draft) if v.name in wanted and not self._tired(line, v)]
        near = [v for v in own if not v.rows or line.row is None or (v.rows, v.row) == line.row]
        if self.tired_after is None:
            return near
        first = self._led.get(line.site)
        return sorted(
            near, key=lambda v: (v.name != first, -self._grid(draft, v).usual)
        )  # small steps stay near the line

    def _tired(self, line: Line, variable: Variable) -> bool:
        """Whether moving a variable has left a line's quantity as it was too often."""
        return self.tired_after is not None and self._vain[line.site, variable.name] >= self.tired_after

    def _variables(self, draft: Draft) -> list[Variable]:
        found = [Variable(name) for name in draft.cells]
        for kind, rows in draft.rows.items():
            found += [Variable(name, kind, i) for i, row in enumerate(rows) for name in row]
        return [v for v in found if isinstance(_plain(draft, v), Fraction | date)]

    def _input(self, variable: Variable) -> Input:
        scheme = self.plan.scheme
        return scheme.rows[variable.rows].column(variable.name) if variable.rows else scheme.inputs[variable.name]

    def _grid(self, draft: Draft, variable: Variable) -> Grid:
        each = self._input(variable)
        if not isinstance(_plain(draft, variable), date):
            return Grid.of(each)
        low, high = days_of(each)
        return Grid(Fraction(low.toordinal()), Fraction(high.toordinal()), 0, 0)

    # ------------------------------------------------------------------------------------------ steps

    def _closure(self, step: str) -> list[PlanStep]:
        """The steps that a step hangs on, in the order of the plan, itself last; of the rows that it is in, only what it
        wants of them."""
        if step not in self._closures:
            asking = self._asking(step)
            wanted = {asking}
            kept: list[PlanStep] = []
            for each in reversed(self.plan.steps):
                if not wanted.intersection(_made(each)):
                    continue
                if isinstance(each, RowBlock) and not kept and asking not in {f.name for f in each.folds}:
                    each = _wanted_of_rows(each, asking)
                kept.append(each)
                wanted.update(reads(each))
            self._closures[step] = kept[::-1]
        return self._closures[step]

    def _asking(self, step: str) -> str:
        """The step that has a step worked out which is worked out only on demand: itself for any other."""
        while ON_DEMAND.fullmatch(step):
            inner = [s for b in self.plan.steps for s in (b.steps if isinstance(b, RowBlock) else (b,))]
            asking = next((s.name for s in inner if isinstance(s, Step) and step in reads(s)), step)
            if asking == step:
                break
            step = asking
        return step

    def _evaluated(self, draft: Draft, steps: Sequence[PlanStep]) -> list[Seen]:
        values, rows = self._data(draft)
        return list(evaluated(self.plan, steps, values, rows, frozen=self.frozen))

    def _known(self, draft: Draft) -> tuple[Values, dict[str, list[Values]]]:
        """What all steps come to for a draft, and its rows, to be changed."""
        if self._base is None or self._base[0] is not draft:
            values, rows = self._data(draft)
            list(evaluated(self.plan, self.plan.steps, values, rows, frozen=self.frozen))
            self._base = draft, values, rows
        _, values, rows = self._base
        return values, {kind: [dict(row) for row in all_] for kind, all_ in rows.items()}

    def _data(self, draft: Draft) -> tuple[Values, dict[str, list[Values]]]:
        """A draft's data in the working units of the scheme."""
        scheme = self.plan.scheme
        values: Values = {name: _datum(scheme.inputs[name], value) for name, value in draft.cells.items()}
        for name, each in scheme.inputs.items():
            if each.at and draft.stage and draft.stage not in each.at:
                values[name] = Hole("not_applicable")
        rows = {
            name: [
                {c.name: _datum(c, row.get(c.name, Hole("missing"))) for c in scheme.rows[name].columns} for row in all_
            ]
            for name, all_ in draft.rows.items()
        }
        return values, rows

    # ------------------------------------------------------------------------------------------ moving

    def moved(self, draft: Draft, line: Line, order: Sequence[Variable], side: int) -> Draft | None:
        """The record moved onto a line (`side` 0), or to the grid's next number below it (-1) or above it (1), by moving
        one of the variables, tried in their order; where none gets there alone, one after another as near as it gets.
        None where the line was not reached."""
        nearly: Draft | None = None
        for variable in order[:_MOST_MOVED]:
            made, reached = self._by(draft, line, variable, side)
            if reached:
                self._led[line.site] = variable.name
                return made
            nearly = nearly or made
        for variable in order[: 2 * _MOST_MOVED]:
            draft = self._nearer(draft, line, variable)
            made, reached = self._by(draft, line, variable, side)
            if reached:
                self._led[line.site] = variable.name
                return made
            nearly = nearly or made
        return nearly

    def _by(self, draft: Draft, line: Line, variable: Variable, side: int) -> tuple[Draft | None, bool]:
        """The record with one variable moved, and whether it is where it should be; None where the line is not met."""
        quantity, grid = self._quantity(draft, line, variable), self._grid(draft, variable)
        if quantity is None:
            return None, False
        root = Root(grid, quantity)
        found = root.find(_number(_plain(draft, variable)))
        if found is None:
            self._vain[line.site, variable.name] += len(set(root.known.values())) < 2
            return None, False
        below, above, exact = found
        if not exact:
            return _put(draft, variable, above if side > 0 else below), side != 0
        value, reached = _beside(grid, quantity, below, side)
        return _put(draft, variable, value), reached

    def _nearer(self, draft: Draft, line: Line, variable: Variable) -> Draft:
        """The draft with a variable where the quantity is nearest to its target, among a few numbers."""
        quantity = self._quantity(draft, line, variable)
        if quantity is None:
            return draft
        here = _number(_plain(draft, variable))
        tried = [
            (abs(q), x) for x in (here, *probes(self._grid(draft, variable), here)) if (q := quantity(x)) is not None
        ]
        return _put(draft, variable, min(tried, key=lambda pair: pair[0])[1]) if tried else draft

    def _quantity(self, draft: Draft, line: Line, variable: Variable) -> Quantity | None:
        """A line's quantity by one variable; None where it does not hang on it. Only the steps that do are worked out anew."""
        dated = isinstance(_plain(draft, variable), date)
        if line.variable is not None:
            return (lambda x: x - line.target) if line.variable == variable else None
        moved = {variable.name}
        again: list[PlanStep] = []
        closure = self._closure(line.step)
        for step in closure:
            if moved.intersection(reads(step)):
                again.append(step)
                moved.update(_made(step))
        if line.step not in moved:
            return None
        each = self._input(variable)
        values, rows = self._known(draft)
        known = {name: value for name, value in values.items() if name not in moved}
        again = [
            s
            for s in closure
            if s in again or (isinstance(s, Step) and ON_DEMAND.fullmatch(s.name) and s.name not in known)
        ]
        only = line.row

        def quantity(x: Fraction) -> Fraction | None:
            datum = date.fromordinal(int(x)) if dated else _datum(each, x)
            if variable.rows:
                rows[variable.rows][variable.row][variable.name] = datum
                start = dict(known)
            else:
                start = {**known, variable.name: datum}
            for seen in evaluated(self.plan, again, start, rows, frozen=self.frozen, only=only):
                if seen.row == line.row and line.site in seen.quantities:
                    return seen.quantities[line.site] - line.target
            return None

        return quantity


def _wanted_of_rows(block: RowBlock, step: str) -> RowBlock:
    """A row block with what one of its steps hangs on, and whether the row is in it at all."""
    wanted = {step, block.where}
    kept: list[Step] = []
    for each in reversed(block.steps):
        if each.name in wanted:
            kept.append(each)
            wanted.update(reads(each))
    return evolve(block, steps=tuple(kept[::-1]), folds=())


def _made(step: PlanStep) -> list[str]:
    """The names of what a step makes; a row block's own steps among them."""
    if isinstance(step, RowBlock):
        return [step.name, *(s.name for s in step.steps), *(f.name for f in step.folds)]
    return [step.name]


def _targets(kind: str, quantity: Fraction) -> Sequence[Fraction]:
    """The numbers at which something turns where the quantity is: of many, the first and the nearest."""
    below = Fraction(quantity.__floor__())
    match kind:
        case "whole":
            first = Fraction(1 if quantity > 0 else -1)
            return tuple(dict.fromkeys((Fraction(0), first, below, below + 1)))
        case "half":
            return (below + Fraction(1, 2), below - Fraction(1, 2))
        case _:
            return (Fraction(0),)


def _beside(grid: Grid, quantity: Quantity, zero: Fraction, side: int) -> tuple[Fraction, bool]:
    """From a number on the line to the last one on it (`side` 0), or to the first one on that side of it, and whether there is
    one within the bounds. Where a rounding hides small changes, many numbers are on a line."""
    most = FINEST if grid.decimals is None else grid.decimals
    places = next((p for p in range(grid.usual, most + 1) if (zero * 10**p).denominator == 1), most)
    unit, wanted = Fraction(1, 10**places), side or -1
    ends = [end for step in (wanted * unit, -wanted * unit) if (end := _edge(grid, quantity, zero, step)) is not None]
    right = [(last, beyond) for last, beyond in ends if (q := quantity(beyond)) is not None and q * wanted > 0]
    if side == 0:
        return (right[0][0] if right else zero), bool(ends)
    return (right or ends or [(zero, zero)])[0][1], bool(right)


def _edge(grid: Grid, quantity: Quantity, zero: Fraction, step: Fraction) -> tuple[Fraction, Fraction] | None:
    """The last number from a zero on at which a quantity is zero, and the first at which it is not; None without room."""
    last, count = zero, 1
    while grid.holds(zero + count * step) and count < 2**60:
        here = zero + count * step
        if quantity(here) != 0:
            beyond = here
            while abs(beyond - last) > abs(step):
                middle = last + ((beyond - last) / step / 2).__floor__() * step
                last, beyond = (middle, beyond) if quantity(middle) == 0 else (last, middle)
            return last, beyond
        last, count = here, count * 2
    return None


def _plain(draft: Draft, variable: Variable) -> Plain:
    return (draft.rows[variable.rows][variable.row] if variable.rows else draft.cells)[variable.name]


def _put(draft: Draft, variable: Variable, value: Fraction) -> Draft:
    made = draft.copy()
    cells = made.rows[variable.rows][variable.row] if variable.rows else made.cells
    cells[variable.name] = date.fromordinal(int(value)) if isinstance(_plain(draft, variable), date) else value
    return made


def _number(value: Plain) -> Fraction:
    assert isinstance(value, Fraction | date)
    return value if isinstance(value, Fraction) else Fraction(value.toordinal())


def _datum(input: Input, value: Plain) -> Any:
    """A plain value in the scheme's working unit."""
    if isinstance(value, Fraction) and input.unit is not None and input.unit.dimension and input.kind == "number":
        return value * input.scale
    return value
