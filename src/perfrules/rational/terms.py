"""Terms 整式: whole-number expressions that every reading on integers is printed from.

Terms are total (nothing raises: a quotient by zero is some number that nobody reads) and shared: the same term made twice
is one object, so that a definition used often is computed once. Each knows bounds of its value; comparisons that the bounds
settle are settled when they are made.
"""

from __future__ import annotations

from typing import Any, Literal

from perfrules.nodes import HoleKind

Sort = Literal["int", "bool", "text", "hole"]
Op = Literal[
    "const",  # args: (value,)                 a whole number, truth value or text; of holes: none ("") or one of a kind
    "cell",  # args: (slot,)                   int, bool or text: what an input's cell holds; 0 (or its bound) in a gap
    "gap",  # args: (slot,)                    hole: that of an input's cell, or none
    "tag",  # args: (slot,)                    int: what a measure's cell holds: 0 a number, 1 a day, 2 words
    "add", "sub", "mul",  # args: (a, b)
    "div",  # args: (a, b)                     rounded down; b is positive wherever the result is read
    "abs",  # args: (a,)
    "within",  # args: (a, low, high)          a, which lies in these bounds wherever the result is read
    "pick",  # args: (condition, a, b)         of any sort; only the one taken need be computed
    "lt", "le", "eq",  # args: (a, b)          of whole numbers
    "same",  # args: (a, b)                    of texts
    "and", "or", "not",
    "is",  # args: (hole, kind)                whether a hole is of a kind; of kind "": whether there is none
    "first",  # args: (a, b)                   hole: a where it is one, else b
    "named",  # args: (hole, name)             hole: the same, called by a name where it has none of its own
    "call",  # args: (Call,)                   no value of its own: its parts have
    "part",  # args: (call, 0 | 1 | 2)         a call's hole, numerator or denominator (positive)
    "folded",  # args: (block, fold, 0 | 1 | 2)  the hole, numerator or denominator of a fold over rows
]  # fmt: skip

Limit = int | None
CALL_LIMIT = 2**300
"""What a call or fold comes to is no larger; where it is, no term says it, and the exact reading has to."""
DECIMAL_LIMIT = 2**200
"""The same of ln, exp and power, whose numerators count 30th decimals (they have no denominator)."""
EVERY_KIND: frozenset[str] = frozenset({"", "missing", "not_applicable", "undefined", "refused"})


class Term:
    """One whole-number expression, made of its `terms`; compare by identity. `low` and `high` bound its value, None being no
    bound.

    `kinds` are the kinds that a hole may be of ("" for none), `rows` the kind of rows that it is of, if any. `place` is its
    number in the order of making: arguments come before what is made of them.
    """

    __slots__ = ("args", "high", "kinds", "low", "op", "place", "rows", "settled", "sort", "terms")
    rows: str

    def __init__(
        self, op: Op, args: tuple[Any, ...], sort: Sort, place: int, low: Limit = None, high: Limit = None,
        kinds: frozenset[str] = EVERY_KIND, settled: bool = False,
    ) -> None:  # fmt: skip
        self.op = op
        self.args = args
        self.sort = sort
        self.place = place
        self.low = low
        self.high = high
        self.kinds = kinds
        self.settled = settled
        self.terms = args[0].terms if op == "call" else tuple(a for a in args if isinstance(a, Term))
        self.rows = next((a.rows for a in self.terms if a.rows), "")

    @property
    def value(self) -> Any:
        """What a constant is."""
        return self.args[0]

    @property
    def constant(self) -> bool:
        """Whether it is one."""
        return self.op == "const"

    @property
    def bits(self) -> int | None:
        """How many bits its size may take; None where nothing bounds it."""
        if self.low is None or self.high is None:
            return None
        return max(self.low.bit_length(), self.high.bit_length())

    def __repr__(self) -> str:
        return f"{self.op}({', '.join(map(str, self.args))})"


class Call:
    """A function of several terms that no whole-number expression says: its name, terms, and what else it is told."""

    __slots__ = ("function", "terms", "told")

    def __init__(self, function: str, terms: tuple[Term, ...], told: Any = None) -> None:
        self.function = function
        self.terms = terms
        self.told = told

    def __repr__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.terms))})"


class Terms:
    """Makes terms: the same one for the same arguments, simplified as far as bounds and constants tell."""

    def __init__(self) -> None:
        self._made: dict[tuple[Any, ...], Term] = {}
        self._under: dict[tuple[Term, Term, bool], Term] = {}
        self._without: dict[tuple[Term, Term], Term] = {}
        self._kinds: dict[tuple[Term, str], Term] = {}
        self.none = self._make("const", ("",), "hole", kinds=frozenset({""}), settled=True)
        self.true = self._make("const", (True,), "bool")
        self.false = self._make("const", (False,), "bool")
        self.zero = self.number(0)
        self.one = self.number(1)

    def _make(
        self, op: Op, args: tuple[Any, ...], sort: Sort, low: Limit = None, high: Limit = None,
        kinds: frozenset[str] = EVERY_KIND, settled: bool = False,
    ) -> Term:  # fmt: skip
        key = (op, sort, *args)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = Term(op, args, sort, len(self._made), low, high, kinds, settled)
        return found

    # ------------------------------------------------------------------------------------------ leaves

    def number(self, value: int) -> Term:
        return self._make("const", (value,), "int", value, value)

    def truth(self, value: bool) -> Term:
        return self.true if value else self.false

    def text(self, value: str) -> Term:
        return self._make("const", (value,), "text")

    def cell(self, slot: str, sort: Sort, low: Limit = None, high: Limit = None, *, rows: str = "") -> Term:
        """What an input's cell holds."""
        made = self._make("cell", (slot,), sort, low, high)
        made.rows = rows
        return made

    def gap(self, slot: str, kinds: frozenset[str], *, rows: str = "") -> Term:
        """The hole of an input's cell; it bears the input's name."""
        made = self._make("gap", (slot,), "hole", kinds=kinds, settled=True)
        made.rows = rows
        return made

    def tag(self, slot: str, *, rows: str = "") -> Term:
        """What a measure's cell holds."""
        made = self._make("tag", (slot,), "int", 0, 2)
        made.rows = rows
        return made

    def reached(self, kind: HoleKind) -> Term:
        """A hole without a name."""
        return self._make("const", (kind,), "hole", kinds=frozenset({kind}))

    def call(self, function: str, terms: tuple[Term, ...], told: Any = None) -> tuple[Term, Term, Term]:
        """The hole, numerator and denominator of a function of terms; `told` must be hashable."""
        key = ("call", function, terms, told)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = Term("call", (Call(function, terms, told),), "int", len(self._made))
        most = DECIMAL_LIMIT if function in ("ln", "exp", "power") else CALL_LIMIT
        return (
            self._make("part", (made, 0), "hole"),
            self._make("part", (made, 1), "int", -most, most),
            self._make("part", (made, 2), "int", 1, most),
        )

    def folded(self, block: str, fold: str, low: Limit, high: Limit, kinds: frozenset[str]) -> tuple[Term, Term, Term]:
        """The hole, numerator and denominator of a fold over the rows of a block."""
        low, high = -CALL_LIMIT if low is None else low, CALL_LIMIT if high is None else high
        return (
            self._make("folded", (block, fold, 0), "hole", kinds=kinds),
            self._make("folded", (block, fold, 1), "int", low, high),
            self._make("folded", (block, fold, 2), "int", 1, CALL_LIMIT),
        )

    # ------------------------------------------------------------------------------------------ whole numbers

    def add(self, a: Term, b: Term) -> Term:
        if a.constant and b.constant:
            return self.number(a.value + b.value)
        if a.constant:
            a, b = b, a
        if b is self.zero:
            return a
        return self._make("add", (a, b), "int", _plus(a.low, b.low), _plus(a.high, b.high))

    def sub(self, a: Term, b: Term) -> Term:
        if a is b:
            return self.zero
        if b.constant:
            return self.add(a, self.number(-b.value))
        return self._make("sub", (a, b), "int", _minus(a.low, b.high), _minus(a.high, b.low))

    def mul(self, a: Term, b: Term) -> Term:
        if a.constant and b.constant:
            return self.number(a.value * b.value)
        if a.constant:
            a, b = b, a
        if b is self.zero or b is self.one:
            return b if b is self.zero else a
        if b.constant and a.op == "mul" and a.args[1].constant:
            return self.mul(a.args[0], self.number(a.args[1].value * b.value))
        if b.constant and a.op == "pick" and (a.args[1].constant or a.args[2].constant):
            return self.pick(a.args[0], self.mul(a.args[1], b), self.mul(a.args[2], b))
        return self._make("mul", (a, b), "int", *_products(a, b))

    def times(self, factor: int, a: Term) -> Term:
        """So many times a term."""
        return self.mul(a, self.number(factor))

    def repeated(self, factor: int, a: Term) -> Term:
        """So many times a term that is needed by itself too: a choice in it is not made over again."""
        if a.op != "pick" or factor == 1:
            return self.times(factor, a)
        return self._make("mul", (a, self.number(factor)), "int", *_products(a, self.number(factor)))

    def negative(self, a: Term) -> Term:
        return self.times(-1, a)

    def div(self, a: Term, b: Term) -> Term:
        """The quotient rounded down."""
        if b is self.one:
            return a
        if a.constant and b.constant:
            return self.number(a.value // b.value) if b.value else self.zero
        return self._make("div", (a, b), "int", *_quotients(a, b))

    def absolute(self, a: Term) -> Term:
        if a.low is not None and a.low >= 0:
            return a
        if a.constant:
            return self.number(abs(a.value))
        high = None if a.low is None or a.high is None else max(-a.low, a.high)
        return self._make("abs", (a,), "int", 0, high)

    def within(self, a: Term, low: Limit, high: Limit) -> Term:
        """The same number under narrower bounds, which hold wherever this is read (not wherever `a` is)."""
        low = a.low if low is None or (a.low is not None and a.low >= low) else low
        high = a.high if high is None or (a.high is not None and a.high <= high) else high
        if a.constant or (low == a.low and high == a.high):
            return a
        return self._make("within", (a, low, high), "int", low, high)

    # ------------------------------------------------------------------------------------------ conditions

    def less(self, a: Term, b: Term) -> Term:
        if a is b:
            return self.false
        if a.high is not None and b.low is not None and a.high < b.low:
            return self.true
        if a.low is not None and b.high is not None and a.low >= b.high:
            return self.false
        if b.constant:
            return self._below(a, b.value)
        if a.constant:
            return self.no(self._below(b, a.value + 1))
        return self._make("lt", (a, b), "bool")

    def at_most(self, a: Term, b: Term) -> Term:
        if a is b:
            return self.true
        if a.high is not None and b.low is not None and a.high <= b.low:
            return self.true
        if a.low is not None and b.high is not None and a.low > b.high:
            return self.false
        if b.constant:
            return self._below(a, b.value + 1)
        if a.constant:
            return self.no(self._below(b, a.value))
        return self._make("le", (a, b), "bool")

    def _below(self, a: Term, line: int) -> Term:
        """Whether a term is less than a constant, asked of what it is made of; at the edge of its bounds an equality."""
        if a.low is not None and a.low >= line:
            return self.false
        if a.high is not None and a.high < line:
            return self.true
        if a.op == "add" and a.args[1].constant:
            return self._below(a.args[0], line - a.args[1].value)
        if a.op == "mul" and a.args[1].constant:
            by = a.args[1].value
            return (
                self._below(a.args[0], -(-line // by)) if by > 0 else self.no(self._below(a.args[0], -line // -by + 1))
            )
        if a.op == "pick" and (a.args[1].constant or a.args[2].constant):
            return self.pick(a.args[0], self._below(a.args[1], line), self._below(a.args[2], line))
        if a.low == line - 1:
            return self.equal(a, self.number(line - 1))
        if a.high == line:
            return self.no(self.equal(a, self.number(line)))
        return self._make("lt", (a, self.number(line)), "bool")

    def equal(self, a: Term, b: Term) -> Term:
        if a is b:
            return self.true
        if a.constant or (not b.constant and a.place > b.place):
            a, b = b, a
        if a.constant:
            return self.truth(a.value == b.value)
        if (a.high is not None and b.low is not None and a.high < b.low) or (
            a.low is not None and b.high is not None and a.low > b.high
        ):
            return self.false
        if b.constant:
            if a.op == "add" and a.args[1].constant:
                return self.equal(a.args[0], self.number(b.value - a.args[1].value))
            if a.op == "mul" and a.args[1].constant:
                whole, rest = divmod(b.value, a.args[1].value)
                return self.false if rest else self.equal(a.args[0], self.number(whole))
            if a.op == "pick" and (a.args[1].constant or a.args[2].constant):
                return self.pick(a.args[0], self.equal(a.args[1], b), self.equal(a.args[2], b))
        return self._make("eq", (a, b), "bool")

    def same(self, a: Term, b: Term) -> Term:
        """Whether two texts are one."""
        if a is b:
            return self.true
        if a.constant and b.constant:
            return self.truth(a.value == b.value)
        if a.constant or (not b.constant and a.place > b.place):
            a, b = b, a
        return self._make("same", (a, b), "bool")

    def both(self, a: Term, b: Term) -> Term:
        if a is self.false or b is self.false:
            return self.false
        if a is self.true or a is b:
            return b
        return a if b is self.true else self._make("and", (a, b), "bool")

    def either(self, a: Term, b: Term) -> Term:
        if a is self.true or b is self.true:
            return self.true
        if a is self.false or a is b:
            return b
        return a if b is self.false else self._make("or", (a, b), "bool")

    def no(self, a: Term) -> Term:
        match a.op:
            case "const":
                return self.truth(not a.value)
            case "not":
                found: Term = a.args[0]
                return found
            case _:
                return self._make("not", (a,), "bool")

    def pick(self, condition: Term, a: Term, b: Term) -> Term:
        """`a` where a condition holds, else `b`."""
        if condition.op == "not":
            return self.pick(condition.args[0], b, a)
        if condition.constant:
            return a if condition.value else b
        a, b = self._given(a, condition, True), self._given(b, condition, False)
        if a is b:
            return a
        match a.sort:
            case "bool":
                if a.constant or b.constant:
                    return self._picked_truth(condition, a, b)
                return self._make("pick", (condition, a, b), "bool")
            case "hole":
                return self._make(
                    "pick", (condition, a, b), "hole", kinds=a.kinds | b.kinds, settled=a.settled and b.settled
                )
            case _:
                low = None if a.low is None or b.low is None else min(a.low, b.low)
                high = None if a.high is None or b.high is None else max(a.high, b.high)
                return self._make("pick", (condition, a, b), a.sort, low, high)

    def _picked_truth(self, condition: Term, a: Term, b: Term) -> Term:
        if a is self.true:
            return self.either(condition, b)
        if a is self.false:
            return self.both(self.no(condition), b)
        return self.either(self.no(condition), a) if b is self.true else self.both(condition, a)

    def _given(self, a: Term, condition: Term, holds: bool, depth: int = 0) -> Term:
        """A term where a condition is known to hold or fail, as far as its picks, conditions and holes tell."""
        if a is condition:
            return self.truth(holds)
        if a.op not in _SEEN_THROUGH or a.place < condition.place or depth > _DEPTH:
            return a
        if len(self._under) > _LOOKS:  # what is not simplified is still right
            return a
        key = (a, condition, holds)
        found = self._under.get(key)
        if found is None:
            inner = [self._given(x, condition, holds, depth + 1) for x in a.terms]
            found = a if all(x is y for x, y in zip(inner, a.terms, strict=True)) else self._again(a, inner)
            self._under[key] = found
        return found

    def _again(self, a: Term, inner: list[Term]) -> Term:
        """A term made anew of other terms."""
        match a.op:
            case "pick":
                return self.pick(*inner)
            case "and":
                return self.both(*inner)
            case "or":
                return self.either(*inner)
            case "not":
                return self.no(*inner)
            case "first":
                return self.first(*inner)
            case "named":
                return self.named(inner[0], a.args[1])
            case _:
                raise AssertionError(a.op)

    # ------------------------------------------------------------------------------------------ holes

    def first(self, a: Term, b: Term) -> Term:
        """The hole that is reached first."""
        if a is self.none:
            return b
        if "" not in a.kinds:
            return a
        b = self._after(b, a)
        if b is self.none:
            return a
        kinds = (a.kinds - {""}) | b.kinds
        return self._make("first", (a, b), "hole", kinds=kinds, settled=a.settled and b.settled)

    def _after(self, b: Term, a: Term, depth: int = 0) -> Term:
        """A hole that is only looked at where another is none."""
        if b is a:
            return self.none
        if b.op not in ("first", "pick", "named") or b.place < a.place or depth > _DEPTH:
            return b
        key = (b, a)
        found = self._without.get(key)
        if found is None:
            inner = [self._after(x, a, depth + 1) if x.sort == "hole" else x for x in b.terms]
            found = b if all(x is y for x, y in zip(inner, b.terms, strict=True)) else self._again(b, inner)
            self._without[key] = found
        return found

    def named(self, a: Term, name: str) -> Term:
        """A hole as it is read by a name."""
        if a.settled:
            return a
        return self._make("named", (a, name), "hole", kinds=a.kinds, settled=True)

    def whole(self, a: Term) -> Term:
        """Whether there is no hole."""
        return self.of_kind(a, "")

    def of_kind(self, a: Term, kind: str) -> Term:
        """Whether a hole is of a kind; "" is none."""
        if kind not in a.kinds:
            return self.false
        if len(a.kinds) == 1:
            return self.true
        found = self._kinds.get((a, kind))
        if found is None:
            found = self._kinds[a, kind] = self._of_kind(a, kind)
        return found

    def _of_kind(self, a: Term, kind: str) -> Term:
        match a.op:
            case "named":
                return self.of_kind(a.args[0], kind)
            case "pick":
                return self.pick(a.args[0], self.of_kind(a.args[1], kind), self.of_kind(a.args[2], kind))
            case "first":
                one, other = a.args
                after = self.both(self.of_kind(one, ""), self.of_kind(other, kind))
                return after if kind == "" else self.either(self.of_kind(one, kind), after)
            case _:
                return self._make("is", (a, kind), "bool")


_SEEN_THROUGH = frozenset({"pick", "and", "or", "not", "first", "named"})
_DEPTH, _LOOKS = 40, 200_000
"""How deep a term is looked through for what is already known, and how often one is for a whole plan."""


# ---------------------------------------------------------------------------------------------- bounds


def _plus(a: Limit, b: Limit) -> Limit:
    return None if a is None or b is None else a + b


def _minus(a: Limit, b: Limit) -> Limit:
    return None if a is None or b is None else a - b


def _products(a: Term, b: Term) -> tuple[Limit, Limit]:
    if a.low is None or a.high is None or b.low is None or b.high is None:
        if a.low is not None and b.low is not None and a.low >= 0 and b.low >= 0:
            return a.low * b.low, None
        if b.constant and b.value < 0:
            return _scaled(a.high, b.value), _scaled(a.low, b.value)
        return None, None
    ends = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
    return min(ends), max(ends)


def _scaled(a: Limit, by: int) -> Limit:
    return None if a is None else a * by


def _quotients(a: Term, b: Term) -> tuple[Limit, Limit]:
    """Bounds of a quotient, that by zero (which is zero, or nothing) among them."""
    if b.low is None or b.low < 0:
        if a.low is None or a.high is None:
            return None, None
        most = max(abs(a.low), abs(a.high))
        return -most - 1, most
    least = max(b.low, 1)
    low: Limit = None
    if a.low is not None:
        low = a.low // least if a.low < 0 else (0 if b.high is None else a.low // max(b.high, 1))
    high: Limit = None
    if a.high is not None:
        high = a.high // least if a.high >= 0 else -1
    if b.low == 0:
        low = None if low is None else min(low, 0)
        high = None if high is None else max(high, 0)
    return low, high
