"""Kernels 计算核: a program as a list of NumPy calls over blocks of records, made once for all batches that have its facts.

It is for what is commonest: no rows, no functions, and every whole number in floats of 53 bits or integers of 64. Each call
writes into one of a few buffers, which stay in the processor's cache; nothing is allotted while it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from attrs import define, field, frozen

from perfrules.rational import Term
from perfrules.readings.columns.cells import HOLES, Column, Texts
from perfrules.readings.columns.evaluation import FLOAT_BITS, lane_of
from perfrules.readings.columns.outputs import Array

_TYPES: dict[str, Any] = {
    "float": np.float64, "integer": np.int64, "bool": np.bool_, "code": np.int64, "byte": np.uint8,
}  # fmt: skip
RARE = 32
"""A condition that holds for fewer than one record in so many is rare."""
TABLE_LIMIT = 8
"""A choice among constants by so many conditions or fewer is looked up."""


@frozen
class Slot:
    """A buffer: its type, and its number among those of the type."""

    type: str
    number: int


@frozen
class Constant:
    """A number that is the same for all records."""

    value: Any


@frozen
class Word:
    """A text; each batch has its own number for it."""

    text: str


Place = Slot | Constant | Word


@frozen(eq=False)
class Call:
    """A NumPy function over places, which writes into the last."""

    function: Callable[..., Any]
    places: tuple[Place, ...]


@frozen(eq=False)
class Load:
    """The cells of an input, or the codes of its holes, brought into a buffer."""

    slot: str
    holes: bool
    into: Slot


@frozen(eq=False)
class Sink:
    """Results that go out: the terms and what takes them, by its number."""

    number: int
    places: tuple[Place, ...]


@frozen(eq=False)
class Kernel:
    """A program as steps in order, with how many buffers of each type they take."""

    steps: tuple[Call | Load | Sink, ...]
    sizes: Mapping[str, int]

    @classmethod
    def of(cls, terms: Sequence[Term], sinks: Sequence[Sequence[Term]]) -> Kernel | None:
        """That of some terms, each after what it is made of, and of the results that go out together; None where they
        need more than a kernel has."""
        for term in terms:
            if term.op in ("call", "part", "folded", "tag") or term.rows:
                return None
            if term.sort == "int" and lane_of(term) not in ("float", "integer"):
                return None
        return _Making(terms, sinks).kernel()

    def bound(
        self, cells: Mapping[str, Column], texts: Texts, taken: Sequence[Callable[..., None]], size: int
    ) -> Bound:
        """The kernel over buffers of its own for blocks of so many records."""
        buffers = {name: [np.empty(size, _TYPES[name]) for _ in range(number)] for name, number in self.sizes.items()}
        return Bound(self, cells, texts, taken, buffers)


@define
class Bound:
    """A kernel with its buffers, over the cells of a batch; `taken` are what takes its results, with the block they are of."""

    kernel: Kernel
    cells: Mapping[str, Column]
    texts: Texts
    taken: Sequence[Callable[..., None]]
    buffers: dict[str, list[Array]]
    _calls: list[Callable[[], Any]] = field(factory=list)
    _made_for: int = -1
    _block: list[slice] = field(factory=lambda: [slice(0, 0)])

    def run(self, start: int, stop: int) -> None:
        """Work out the records from `start` to `stop`."""
        if stop - start != self._made_for:
            self._calls = [self._call(step, stop - start) for step in self.kernel.steps]
            self._made_for = stop - start
        self._block[0] = slice(start, stop)
        for call in self._calls:
            call()

    def _call(self, step: Call | Load | Sink, count: int) -> Callable[[], Any]:
        views: dict[Slot, Array] = {}

        def at(place: Place) -> Any:
            match place:
                case Slot(type=type, number=number):
                    return views.setdefault(place, self.buffers[type][number][:count])
                case Constant(value=value):
                    return value
                case Word(text=text):
                    return self.texts.code(text)

        match step:
            case Call(function=function, places=places):
                return partial(function, *map(at, places))
            case Load(slot=slot, holes=holes, into=into):
                return partial(_load, self.cells[slot], holes, self._block, at(into))
            case Sink(number=number, places=places):
                return partial(self.taken[number], self._block, *map(at, places))


def _load(column: Column, holes: bool, block: list[slice], into: Array) -> None:
    if not holes:
        column.load(block[0], into)
    elif column.holes is None:
        into.fill(0)
    else:
        np.copyto(into, column.holes[block[0]])


# ------------------------------------------------------------------------------------------------ functions


def _quotient(x: Any, y: Any, out: Array) -> None:
    np.divide(x, y, out)
    np.floor(out, out)


def _least(x: Any, y: Any, out: Array) -> None:
    np.minimum(x, y, out=out)


def _converted(x: Any, out: Array) -> None:
    np.copyto(out, x, casting="unsafe")


def _chosen(condition: Array, one: Any, other: Any, out: Array) -> None:
    """`one` where a condition holds, else `other`; either may be the place that is written to."""
    if out is one:
        condition, one, other = np.logical_not(condition), other, one
    if out is not other:
        np.copyto(out, other)
    if np.count_nonzero(condition) * RARE < len(out):
        np.copyto(out, one, where=condition)
    else:
        np.putmask(out, condition, one)  # takes no branches, which pay only where they are foreseen


def _looked_up(table: Array, codes: Array, *operands: Array) -> None:
    """What a table has for several conditions, the last of which changes fastest."""
    *conditions, out = operands
    np.copyto(codes, conditions[0].view(np.uint8))
    for condition in conditions[1:]:
        np.add(codes, codes, codes)
        np.add(codes, condition.view(np.uint8), codes)
    np.take(table, codes, out=out, mode="clip")


def _chosen_truth(condition: Any, one: Any, other: Any, out: Array) -> None:
    np.copyto(out, np.where(condition, one, other))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "abs": np.absolute, "lt": np.less, "le": np.less_equal,
    "eq": np.equal, "same": np.equal, "and": np.logical_and, "or": np.logical_or, "not": np.logical_not,
}  # fmt: skip


# ------------------------------------------------------------------------------------------------ making


@frozen(eq=False)
class Table:
    """A choice among constants as a table: the conditions, and what is chosen for each way that they may turn out."""

    conditions: tuple[Term, ...]
    entries: tuple[int, ...]

    @classmethod
    def of(cls, term: Term) -> Table | None:
        """That of a term; None where not all that it chooses among are numbers, or one condition says it all."""
        if term.sort != "int":
            return None
        conditions: dict[Term, int] = {}
        stack = [term]
        while stack:
            each = stack.pop()
            if each.op == "pick":
                conditions.setdefault(each.args[0], len(conditions))
                stack += each.args[1:]
            if each.op not in ("pick", "const") or len(conditions) > TABLE_LIMIT:
                return None
        if len(conditions) < 2:
            return None
        size = len(conditions)

        def chosen(code: int) -> int:
            each = term
            while each.op == "pick":
                condition, one, other = each.args
                each = one if code >> (size - 1 - conditions[condition]) & 1 else other
            value: int = each.value
            return value

        return cls(tuple(conditions), tuple(map(chosen, range(1 << size))))


def least_of(term: Term) -> tuple[Term, int] | None:
    """The rounded quotient q and the constant k where `k if d < n else q` is the lesser of the two: a share that stops at
    its full points. For (c·n + e·d) / (m·d) is at least k wherever n > d ≥ 0, as c ≥ 0 and c + e ≥ k·m."""
    condition, full, share = term.args
    if not (full.constant and condition.op == "lt" and share.high is not None and share.high <= full.value):
        return None
    quotient = share.args[0] if share.op == "within" else share
    d, n = condition.args
    if quotient.op != "div" or d.low is None or d.low < 0:
        return None
    over, under = quotient.args
    first, second = over.args if over.op == "add" else (over, None)
    if not (_firm(n) and _firm(d)) or max(over.bits or 99, under.bits or 99) >= FLOAT_BITS:
        return None
    c, m = _multiple(first, n), _multiple(under, d)
    e = 0 if second is None else _multiple(second, d)
    if c is None or m is None or e is None or c < 0 or m <= 0 or c + e < full.value * m:
        return None
    return share, full.value


def _firm(term: Term) -> bool:
    """Whether a number keeps its bounds even where nobody reads it."""
    match term.op:
        case "cell" | "const":
            return True
        case "add" | "sub" | "mul" | "abs":
            return all(map(_firm, term.terms))
        case "pick":
            return all(map(_firm, term.args[1:]))
        case _:
            return False


def _multiple(term: Term, of: Term) -> int | None:
    """How many times one term is another."""
    if term is of:
        return 1
    if term.op == "mul" and term.args[0] is of and term.args[1].constant:
        times: int = term.args[1].value
        return times
    return None


@define
class _Making:
    """A kernel being made: each term gets a buffer, which is free again after its last use."""

    terms: Sequence[Term]
    sinks: Sequence[Sequence[Term]]
    steps: list[Call | Load | Sink] = field(factory=list)
    places: dict[Term, Place] = field(factory=dict)
    free: dict[str, list[Slot]] = field(factory=lambda: {name: [] for name in _TYPES})
    sizes: dict[str, int] = field(factory=lambda: dict.fromkeys(_TYPES, 0))
    uses: dict[Term, int] = field(factory=dict)
    tables: dict[Term, Table] = field(factory=dict)
    least: dict[Term, tuple[Term, int]] = field(factory=dict)

    def kernel(self) -> Kernel:
        """The kernel."""
        wanted = self.reached()
        for term in wanted:
            for inner in self.operands(term):
                self.uses[inner] = self.uses.get(inner, 0) + 1
        waiting: dict[Term, list[int]] = {}
        missing: list[set[Term]] = []
        for number, sink in enumerate(self.sinks):
            for term in sink:
                self.uses[self.own(term)] = self.uses.get(self.own(term), 0) + 1
                waiting.setdefault(self.own(term), []).append(number)
            missing.append({self.own(t) for t in sink})
        for term in wanted:
            if self.own(term) is not term:
                continue
            self.places[term] = self.made(term)
            for number in waiting.get(term, ()):
                missing[number].discard(term)
                if not missing[number]:
                    missing[number].add(term)  # told once
                    self.steps.append(Sink(number, tuple(self.places[self.own(t)] for t in self.sinks[number])))
                    self.used(*self.sinks[number])
                    waiting[term] = [n for n in waiting[term] if n != number]
        return Kernel(tuple(self.steps), self.sizes)

    def own(self, term: Term) -> Term:
        """The term in whose place a term stands: narrower bounds are no other number."""
        while term.op == "within" and self.type_of(term.args[0]) == self.type_of(term):
            term = term.args[0]
        return term

    def operands(self, term: Term) -> list[Term]:
        """What a term is made of here."""
        if term in self.tables:
            return list(self.tables[term].conditions)
        if term in self.least:
            return [self.least[term][0]]
        return [self.own(t) for t in term.terms if t.sort != "hole" or t.op == "gap"]

    def reached(self) -> list[Term]:
        """The terms that are needed once choices among constants are looked up, in order."""
        for term in self.terms:
            if term.op == "pick" and term.sort in ("int", "text"):
                table = Table.of(term)
                if table is not None:
                    self.tables[term] = table
                elif (least := least_of(term)) is not None:
                    self.least[term] = (self.own(least[0]), least[1])
        seen: set[Term] = set()
        stack = [self.own(t) for sink in self.sinks for t in sink]
        while stack:
            term = stack.pop()
            if term not in seen:
                seen.add(term)
                stack += self.operands(term)
        return [t for t in self.terms if t in seen]

    def type_of(self, term: Term) -> str:
        """The type of the buffer that holds a term."""
        return {"int": lane_of(term), "bool": "bool", "text": "code", "hole": "code"}[term.sort]

    # ------------------------------------------------------------------------------------------ buffers

    def slot(self, type: str) -> Slot:
        """A buffer that is free, the one that was used last."""
        if self.free[type]:
            return self.free[type].pop()
        self.sizes[type] += 1
        return Slot(type, self.sizes[type] - 1)

    def let_go(self, place: Place) -> None:
        """A buffer is free again."""
        if isinstance(place, Slot):
            self.free[place.type].append(place)

    def used(self, *terms: Term) -> None:
        """Note that terms have been used once more; the buffer of one is free after the last time."""
        for each in terms:
            term = self.own(each)
            self.uses[term] -= 1
            if self.uses[term] == 0:
                self.let_go(self.places[term])

    # ------------------------------------------------------------------------------------------ terms

    def made(self, term: Term) -> Place:
        """The place of a term."""
        args = term.args
        match term.op:
            case "const":
                if term.sort == "text":
                    return Word(term.value)
                return Constant(float(term.value) if self.type_of(term) == "float" else term.value)
            case "cell" | "gap":
                into = self.slot(self.type_of(term))
                self.steps.append(Load(args[0], term.op == "gap", into))
                return into
            case "within":
                return self.called(_converted, self.type_of(term), args[:1], self.type_of(args[0]))
            case "add" | "sub" | "mul" | "abs" | "div":
                return self.arithmetic(term)
            case "lt" | "le" | "eq" | "same":
                types = [self.type_of(t) for t in args]
                return self.called(_FUNCTIONS[term.op], "bool", args, "integer" if "integer" in types else types[0])
            case "and" | "or" | "not":
                return self.called(_FUNCTIONS[term.op], "bool", args, "bool")
            case "is":
                return self.called(np.equal, "bool", args[:1], "code", Constant(HOLES.index(args[1])))
            case "pick" if term in self.tables:
                return self.looked_up(term, self.tables[term])
            case "pick" if term in self.least:
                inner, most = self.least[term]
                return self.called(_least, self.type_of(term), [inner], self.type_of(term), Constant(most))
            case "pick":
                function = _chosen_truth if term.sort == "bool" else _chosen
                return self.called(function, self.type_of(term), args, self.type_of(term))
            case _:
                raise AssertionError(term.op)

    def called(self, function: Callable[..., Any], into: str, terms: Sequence[Term], type: str, *more: Place) -> Slot:
        """A call over terms that are held as one type (conditions as they are)."""
        given = [self.given(t, type) for t in terms]
        own = [self.places[self.own(t)] for t in terms]
        self.used(*terms)
        made = self.slot(into)
        self.steps.append(Call(function, (*given, *more, made)))
        for old, new in zip(own, given, strict=True):
            if new is not old:
                self.let_go(new)
        return made

    def looked_up(self, term: Term, table: Table) -> Place:
        """A choice among constants."""
        own = self.type_of(term)
        conditions = [self.places[t] for t in table.conditions]
        codes = self.slot("byte")
        self.used(*table.conditions)
        made = self.slot(own)
        entries = Constant(np.array(table.entries, _TYPES[own]))
        self.steps.append(Call(_looked_up, (entries, codes, *conditions, made)))
        self.let_go(codes)
        return made

    def given(self, term: Term, type: str) -> Place:
        """A term as an operand of a type."""
        place = self.places[self.own(term)]
        if isinstance(place, Constant):
            if term.sort != "int":
                return place
            return Constant(float(place.value)) if type == "float" else Constant(int(place.value))
        if isinstance(place, Word) or place.type == type or term.sort != "int":
            return place
        made = self.slot(type)
        self.steps.append(Call(_converted, (place, made)))
        return made

    def arithmetic(self, term: Term) -> Place:
        """A whole number of others."""
        own = self.type_of(term)
        type = "integer" if "integer" in (own, *map(self.type_of, term.terms)) else "float"
        function = _FUNCTIONS.get(term.op, _quotient)
        if term.op == "div":
            if type == "float" and any((t.bits or 0) >= FLOAT_BITS for t in term.terms):
                type = "integer"  # the quotient of two floats is rounded down for certain while both have 52 bits
            function = _quotient if type == "float" else np.floor_divide
        made = self.called(function, type, term.terms, type)
        if type == own:
            return made
        self.let_go(made)
        into = self.slot(own)
        self.steps.append(Call(_converted, (made, into)))
        return into
