"""Terms over columns 求值: whole numbers as floats while they fit 53 bits, as 64-bit integers while they fit those, and beyond
as floats with a bound on their error.

A line where such a bound leaves something open is in doubt, and is worked out again in whole numbers of any size. So nothing
is ever taken from a float that is not certain; what nobody reads may be anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from attrs import define, field, frozen

from perfrules.rational import Program, Term, Terms
from perfrules.readings.columns import functions
from perfrules.readings.columns.cells import HOLES, MISSING, NOT_APPLICABLE, Column, Texts
from perfrules.readings.columns.conditions import SOME_ROWS
from perfrules.readings.columns.outputs import Array

Lane = Literal["float", "integer", "wide", "any"]
"""How a whole number is held: a float of at most 53 bits, 64 bits, a float and its error, or a Python number."""
_ORDER: tuple[Lane, ...] = ("float", "integer", "wide", "any")
FLOAT_BITS, INTEGER_BITS, WIDE_BITS = 53, 63, 900
STEP = 2.0**-52
"""Twice the most that rounding one result may add to its error: the rest is for the error's own rounding."""
Value = Any
"""An array, a pair of arrays (wide), or a constant."""
_UNDEFINED = HOLES.index("undefined")


@frozen
class Slice:
    """Some records of a batch and their rows: cells by slot, and of each kind of rows the record that each is of."""

    count: int
    cells: Mapping[str, Column]
    owners: Mapping[str, Array]


def lane_of(term: Term) -> Lane:
    """How a term's value is held."""
    bits = term.bits
    if bits is None or bits > WIDE_BITS:
        return "any"
    return "float" if bits <= FLOAT_BITS else "integer" if bits <= INTEGER_BITS else "wide"


def tests_of(terms: Terms, hole: Term) -> list[tuple[int, Term]]:
    """The kinds that a hole may be of, each by its code, with the condition that it is."""
    return [(HOLES.index(kind), terms.of_kind(hole, kind)) for kind in sorted(hole.kinds - {""})]


@frozen
class Wanted:
    """The terms that are needed of a program, each after what it is made of; `boundless` are only held by Python numbers."""

    program: Program
    terms: tuple[Term, ...]
    boundless: bool

    @classmethod
    def of(cls, program: Program, results: Sequence[Term]) -> Wanted:
        """Those behind some results."""
        done: dict[Term, None] = {}
        opened: set[Term] = set()
        stack = list(reversed(results))
        while stack:
            term = stack[-1]
            if term in done:
                stack.pop()
            elif term in opened:
                done[stack.pop()] = None
            else:
                opened.add(term)
                stack += [t for t in cls.behind(program, term) if t not in done]
        boundless = any(
            (t.sort == "int" and lane_of(t) == "any") or t.op == "call" or _of_ratios(program, t) for t in done
        )
        return cls(program, tuple(done), boundless)

    @staticmethod
    def behind(program: Program, term: Term) -> list[Term]:
        """What a term is made of."""
        if term.op != "folded":
            return list(term.terms)
        block = program.blocks[term.args[0]]
        forms = [form for g in block.folds if g.fold.name == term.args[1] for form in (g.item, g.weight)]
        made: list[Term] = []
        for form in (*forms, block.where):
            if form is not None:
                made += [form.num, form.den, *(test for _, test in tests_of(program.terms, form.hole))]
        return made


@define
class Evaluation:
    """The values of terms over a slice: quick, or (`whole`) in Python's whole numbers throughout, or (`mixed`) in these where
    a number has more than 63 bits.

    `doubt` says of which records something remained open, `heavy` of which numbers grew beyond all measure.
    """

    wanted: Wanted
    slice: Slice
    texts: Texts
    whole: bool
    mixed: bool = False
    values: dict[Term, Value] = field(factory=dict)
    doubt: Array = field(init=False)
    heavy: Array = field(init=False)
    _gathered: dict[tuple[Term, str], Value] = field(factory=dict)
    _folds: dict[tuple[str, str], tuple[Array, Value, Value]] = field(factory=dict)
    _calls: dict[Term, list[Value]] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.doubt = np.zeros(self.slice.count, bool)
        self.heavy = np.zeros(self.slice.count, bool)

    def run(self) -> None:
        """Work out every term that is wanted."""
        with np.errstate(all="ignore"):
            for term in self.wanted.terms:
                self.values[term] = self._make(term)

    def _mark(self, marks: Array, where: Array, rows: str) -> None:
        if rows:
            marks[self.slice.owners[rows][where]] = True
        else:
            marks |= where

    def _doubtful(self, where: Value, rows: str) -> None:
        if np.ndim(where) == 0:
            self.doubt |= bool(where) and (not rows or len(self.slice.owners[rows]) > 0)
        else:
            self._mark(self.doubt, where, rows)

    # ------------------------------------------------------------------------------------------ reading values

    def lane(self, term: Term) -> Lane:
        """How a term is held here."""
        own: Lane = "any" if self.whole else lane_of(term)
        return "any" if self.mixed and own == "wide" else own

    def of(self, term: Term, rows: str, lane: Lane | None = None) -> Value:
        """The value of a term as it is held in a lane, over records or over the rows of a kind."""
        value = self.values[term]
        if rows and not term.rows and not term.constant:
            key = (term, rows)
            if key not in self._gathered:
                self._gathered[key] = _each(value, lambda x: x[self.slice.owners[rows]] if np.ndim(x) else x)
            value = self._gathered[key]
        return value if lane is None else self._held(value, self.lane(term), lane, term.rows or rows)

    def _held(self, value: Value, own: Lane, lane: Lane, rows: str) -> Value:
        """A value held otherwise; one that is not certain leaves its record in doubt."""
        match own, lane:
            case ("float", "float") | ("integer", "integer") | ("wide", "wide") | ("any", "any"):
                return value
            case "float", "integer":
                return value.astype(np.int64) if isinstance(value, np.ndarray) else int(value)
            case "integer", "float":
                return value.astype(np.float64) if isinstance(value, np.ndarray) else float(value)
            case "float", "wide":
                return value, 0.0
            case "integer", "wide":
                near = value.astype(np.float64) if isinstance(value, np.ndarray) else float(value)
                return near, np.abs(near) * STEP
            case (("float" | "integer"), "any"):
                return np.asarray(value).astype(np.int64).astype(object)
            case "any", ("float" | "integer"):
                return _fitting(value, np.float64 if lane == "float" else np.int64)
            case "wide", _:
                near, error = value
                self._doubtful(~(error < 0.25), rows)
                near = np.rint(near)
                return near if lane == "float" else _integers(near)
            case _:
                raise AssertionError((own, lane))

    # ------------------------------------------------------------------------------------------ making values

    def _make(self, term: Term) -> Value:
        rows, args = term.rows, term.args
        match term.op:
            case "const":
                return self._constant(term)
            case "cell":
                return self._cell(term)
            case "gap":
                holes = self.slice.cells[args[0]].holes
                return 0 if holes is None else holes
            case "add" | "sub" | "mul" | "div" | "abs":
                return self._arithmetic(term)
            case "within":
                own = self.lane(args[0])
                return self._held(self.values[args[0]], own, self.lane(term), rows)
            case "pick":
                return self._pick(term)
            case "lt" | "le" | "eq":
                return self._compare(term)
            case "same":
                return np.equal(self.of(args[0], rows), self.of(args[1], rows))
            case "and":
                return np.logical_and(self.of(args[0], rows), self.of(args[1], rows))
            case "or":
                return np.logical_or(self.of(args[0], rows), self.of(args[1], rows))
            case "not":
                return np.logical_not(self.of(args[0], rows))
            case "is":
                return np.equal(self.of(args[0], rows), HOLES.index(args[1]))
            case "folded":
                return self._folded(args[0], args[1])[args[2]]
            case "call":
                *made, heavy = functions.called(args[0], [self.of(t, rows) for t in term.terms], self._size(rows))
                self._calls[term] = made
                self._mark(self.heavy, heavy, rows)
                return 0
            case "part":
                return self._calls[args[0]][args[1]]
            case _:  # tags of measures, and holes that nothing asks for
                return 0

    def _size(self, rows: str) -> int:
        return len(self.slice.owners[rows]) if rows else self.slice.count

    def _constant(self, term: Term) -> Value:
        match term.value:
            case bool():
                return term.value
            case str():
                return self.texts.code(term.value) if term.sort == "text" else HOLES.index(term.value)
            case value:
                lane = self.lane(term)
                if lane == "wide":
                    return float(value), abs(float(value)) * STEP
                return float(value) if lane == "float" else value

    def _cell(self, term: Term) -> Value:
        values = self.slice.cells[term.args[0]].values
        if term.sort == "bool":
            return values
        if term.sort == "text":
            return values
        match self.lane(term):
            case "float":
                return values.astype(np.float64, copy=False)
            case "integer":
                return values.astype(np.int64, copy=False)
            case "any":
                return values.astype(np.int64, copy=False).astype(object)
            case "wide":
                raise AssertionError("cells of more than 63 bits are not plain")

    def _arithmetic(self, term: Term) -> Value:
        own = self.lane(term)
        lane: Lane = max((own, *map(self.lane, term.terms)), key=_ORDER.index)
        if term.op == "div" and lane == "float" and any((t.bits or 0) >= FLOAT_BITS for t in term.terms):
            lane = "integer"  # the quotient of two floats is rounded down for certain while both have 52 bits
        given = [self.of(t, term.rows, lane) for t in term.terms]
        if lane == "wide":
            return self._held(_WIDE[term.op](self, term, *given), "wide", own, term.rows)
        functions_of = _WHOLE if lane == "any" else _FLOATS if lane == "float" else _INTEGERS
        made = functions_of[term.op](*given)
        return self._held(made, lane, own, term.rows)

    def _pick(self, term: Term) -> Value:
        condition, a, b = term.args
        chosen = self.of(condition, term.rows)
        if term.sort != "int":
            if term.sort == "bool":
                return np.where(chosen, self.of(a, term.rows), self.of(b, term.rows))
            return np.where(chosen, self.of(a, term.rows), self.of(b, term.rows))
        own = self.lane(term)
        one, other = (self.of(t, term.rows, own) for t in (a, b))
        if own == "wide":
            return np.where(chosen, one[0], other[0]), np.where(chosen, one[1], other[1])
        if own == "any":
            one, other = np.asarray(one, dtype=object), np.asarray(other, dtype=object)
        return np.where(chosen, one, other)

    def _compare(self, term: Term) -> Value:
        a, b = term.args
        lane: Lane = max(self.lane(a), self.lane(b), key=_ORDER.index)
        x, y = self.of(a, term.rows, lane), self.of(b, term.rows, lane)
        if lane != "wide":
            return _COMPARED[term.op](x, y)
        gap = y[0] - x[0]
        open_ = ~(np.abs(gap) > (x[1] + y[1] + STEP * (np.abs(x[0]) + np.abs(y[0]))))
        self._doubtful(open_, term.rows)
        return np.zeros(np.shape(gap), bool) if term.op == "eq" else gap > 0

    # ------------------------------------------------------------------------------------------ wide numbers

    def _add(self, term: Term, x: Value, y: Value) -> Value:
        near = x[0] + y[0]
        return near, x[1] + y[1] + np.abs(near) * STEP

    def _sub(self, term: Term, x: Value, y: Value) -> Value:
        near = x[0] - y[0]
        return near, x[1] + y[1] + np.abs(near) * STEP

    def _mul(self, term: Term, x: Value, y: Value) -> Value:
        near = x[0] * y[0]
        return near, np.abs(x[0]) * y[1] + np.abs(y[0]) * x[1] + x[1] * y[1] + np.abs(near) * STEP

    def _abs(self, term: Term, x: Value) -> Value:
        return np.abs(x[0]), x[1]

    def _div(self, term: Term, x: Value, y: Value) -> Value:
        near = x[0] / y[0]
        error = (x[1] + np.abs(near) * y[1]) / (y[0] - y[1]) * (1 + 16 * STEP) + 4 * STEP * np.abs(near)
        low, high = np.floor(near - error), np.floor(near + error)
        if self.lane(term) == "wide":
            return low, high - low + np.abs(low) * STEP
        self._doubtful(~((low == high) & (y[0] > y[1])), term.rows)
        return low, np.zeros(np.shape(low))

    # ------------------------------------------------------------------------------------------ rows

    def _folded(self, block: str, name: str) -> tuple[Array, Value, Value]:
        """The hole, numerator and denominator of a fold over the rows of each record."""
        key = (block, name)
        if key not in self._folds:
            self._folds[key] = _Folding(self, block, name).made()
        return self._folds[key]


def _of_ratios(program: Program, term: Term) -> bool:
    """Whether a term is of a fold over rows that comes to no whole number of a unit."""
    if term.op != "folded" or term.args[1] == SOME_ROWS:
        return False
    (gather,) = (g for g in program.blocks[term.args[0]].folds if g.fold.name == term.args[1])
    return not (gather.whole or gather.fold.statistic == "count" or gather.item.kind == "never")


def _each(value: Value, function: Callable[[Any], Any]) -> Value:
    return tuple(map(function, value)) if isinstance(value, tuple) else function(value)


def _integers(near: Value) -> Value:
    return near.astype(np.int64) if isinstance(near, np.ndarray) else np.int64(near)


def _fitting(value: Value, kind: type) -> Array:
    """Python's whole numbers as others; one that does not fit is read by nobody, as the bounds say otherwise."""
    whole = np.asarray(value, dtype=object)
    try:
        return whole.astype(kind)
    except OverflowError:
        limit = 1 << INTEGER_BITS
        return np.array([x if -limit < x < limit else 0 for x in whole.ravel()]).astype(kind).reshape(whole.shape)


def _floor_of_floats(x: Value, y: Value) -> Value:
    return np.floor(np.divide(x, y))


def _floor_whole(x: Value, y: Value) -> Value:
    if not isinstance(y, np.ndarray):
        return np.floor_divide(x, y or 1)
    return np.floor_divide(x, np.where(y == 0, np.asarray(1, dtype=object), y))


_COMPARED: dict[str, Callable[..., Value]] = {"lt": np.less, "le": np.less_equal, "eq": np.equal}
_REDUCED: dict[str, Callable[..., Array]] = {
    "sum": np.add.reduceat, "min": np.minimum.reduceat, "max": np.maximum.reduceat,
}  # fmt: skip
_PLAIN: dict[str, Callable[..., Value]] = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "abs": np.abs}
_FLOATS: dict[str, Callable[..., Value]] = {**_PLAIN, "div": _floor_of_floats}
_INTEGERS: dict[str, Callable[..., Value]] = {**_PLAIN, "div": np.floor_divide}
_WHOLE: dict[str, Callable[..., Value]] = {**_PLAIN, "div": _floor_whole}
_WIDE: dict[str, Callable[..., Value]] = {
    "add": Evaluation._add, "sub": Evaluation._sub, "mul": Evaluation._mul, "abs": Evaluation._abs, "div": Evaluation._div,
}  # fmt: skip


@define
class _Folding:
    """One fold over the rows of every record."""

    evaluation: Evaluation
    block: str
    name: str

    def made(self) -> tuple[Array, Value, Value]:
        """The hole, numerator and denominator."""
        e = self.evaluation
        program = e.wanted.program
        block = program.blocks[self.block]
        owner, count = e.slice.owners[block.rows], e.slice.count
        size = len(owner)
        hole = np.zeros(count, np.int8)
        entered = np.ones(size, bool)
        if block.where is not None:
            where = self.hole(block.where.hole, block.rows)
            truth = e.of(block.where.num, block.rows) if block.where.kind == "truth" else False
            entered = (where == 0) & truth
            lost = np.flatnonzero(where)
            hole[owner[lost]] = np.where(where[lost] == NOT_APPLICABLE, MISSING, where[lost])  # the last one stays
        if self.name == SOME_ROWS:
            there = np.bincount(owner[entered], minlength=count)
            return hole, there.astype(object) if e.whole else there.astype(np.float64), 1
        (gather,) = (g for g in block.folds if g.fold.name == self.name)
        item = self.hole(gather.item.hole, block.rows)
        weight = None if gather.weight is None else self.hole(gather.weight.hole, block.rows)
        entered &= item != NOT_APPLICABLE
        if weight is not None:
            entered &= weight != NOT_APPLICABLE
            item = np.where(item != 0, item, weight)
        first = np.flatnonzero(entered & (item != 0))[::-1]
        reached = np.zeros(count, np.int8)
        reached[owner[first]] = item[first]  # the first one stays
        hole = np.where(hole != 0, hole, reached).astype(np.int8)
        num, den, more = self.value(gather, block.rows, entered, item, owner)
        fold = gather.fold
        if fold.statistic != "count" and not fold.empty_is_zero:
            empty = np.ones(count, bool)
            empty[owner[entered]] = False
            more = np.where(empty, _UNDEFINED, more)
        return np.where(hole != 0, hole, more).astype(np.int8), num, den

    def hole(self, hole: Term, rows: str) -> Array:
        """The code of a hole, row by row."""
        e = self.evaluation
        code = np.zeros(len(e.slice.owners[rows]), np.int8)
        for number, test in tests_of(e.wanted.program.terms, hole):
            code[np.broadcast_to(e.of(test, rows), code.shape)] = number
        return code

    def value(self, gather: Any, rows: str, entered: Array, item: Array, owner: Array) -> tuple[Value, Value, Any]:
        """Numerator and denominator, and the hole that the statistic itself comes to."""
        e, fold, form = self.evaluation, gather.fold, gather.item
        count = e.slice.count
        one: Any = 1.0 if not e.whole else 1
        counts = np.bincount(owner[entered], minlength=count).astype(np.float64)
        if fold.statistic == "count":
            truth = (
                np.broadcast_to(e.of(form.num, rows), entered.shape) if form.kind == "truth" else np.zeros_like(entered)
            )
            counted = np.bincount(owner[entered & truth], minlength=count).astype(np.float64)
            return (counted.astype(np.int64).astype(object) if e.whole else counted), one, 0
        if form.kind == "never":
            return (counts * 0 if not e.whole else np.full(count, 0, object)), one, 0
        within = entered & (item == 0)
        if gather.whole:
            return self.of_wholes(fold.statistic, form.num, rows, within, owner), one, 0
        assert e.whole, "only Python's numbers hold a fold of ratios"
        hole, num, den, heavy = functions.folded(
            fold, form, gather.weight, lambda t: e.of(t, rows), within, owner, count
        )
        e.heavy |= heavy
        return num, den, hole

    def of_wholes(self, statistic: str, num: Term, rows: str, within: Array, owner: Array) -> Value:
        """The sum, least or greatest of whole numbers, in the lane that its bounds allow."""
        e = self.evaluation
        result = e.wanted.program.terms.folded(self.block, self.name, None, None, frozenset())[1]
        lane = e.lane(result)
        given = e.of(num, rows, max(e.lane(num), lane, key=_ORDER.index))
        own = owner[within]
        if lane == "wide":
            near, error = (np.broadcast_to(x, within.shape)[within] for x in given)
            if statistic != "sum":
                e.doubt[own] = True
            total = np.bincount(own, weights=near, minlength=e.slice.count)
            sizes = np.bincount(own, weights=np.abs(near), minlength=e.slice.count)
            errors = np.bincount(own, weights=error, minlength=e.slice.count)
            return total, errors + sizes * (len(own) + 2) * STEP
        own_lane = max(e.lane(num), lane, key=_ORDER.index)
        given = e._held(given, own_lane, lane, rows) if own_lane != lane else given
        values = np.broadcast_to(np.asarray(given, dtype=object if lane == "any" else None), within.shape)[within]
        if statistic == "sum" and lane == "float":
            return np.bincount(own, weights=values, minlength=e.slice.count)
        made = np.zeros(e.slice.count, dtype=object if lane == "any" else np.float64 if lane == "float" else np.int64)
        if len(own):
            starts = np.flatnonzero(np.concatenate([[True], own[1:] != own[:-1]]))
            made[own[starts]] = _REDUCED[statistic](values, starts)
        return made
