"""Terms as Python text: what is used once stands where it is used, what is used more often has a name.

Nothing of an author's reaches the text but whole numbers: cells are `v0`, `v1`, … (of a row `r0`, `r1`, …), and every text,
hole and function is an object that the text finds by a name of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import define, field

from perfrules.model import Hole
from perfrules.rational import Program, Term

_FLOAT_BITS = 53
"""The bits of a whole number that any float holds."""
DEEPEST = 30
"""How deep expressions stand in one another; Python reads no more than 200 brackets."""
_SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "lt": "<", "le": "<=", "eq": "==", "same": "==", "and": "and", "or": "or",
}  # fmt: skip
_LEAVES = frozenset({"cell", "gap", "tag"})


def named(hole: Hole | None, name: str) -> Hole | None:
    """A hole as it is read by a name."""
    return hole if hole is None or hole.name else Hole(hole.kind, name, hole.why)


@define
class Loop:
    """What is wanted of each row of a block: `first` decides whether it enters (hole and truth), `then` what it comes to."""

    first: tuple[Term, Term] | None
    then: Sequence[Term]
    folds: Mapping[str, Any] = field(factory=dict)

    @property
    def terms(self) -> tuple[Term, ...]:
        return (*(self.first or ()), *self.then)


@define
class _Scope:
    """Where a statement stands: before all rows, or in the loop over some."""

    prefix: str
    lines: list[str] = field(factory=list)
    said: dict[Term, str] = field(factory=dict)
    depths: dict[Term, int] = field(factory=dict)


class Printer:
    """Prints what is wanted of a program. `known` are the objects that the text names, `leaves` what of the cells it wants,
    by the kind of their rows. With `floats` whole numbers are floats wherever those are exact."""

    def __init__(
        self, program: Program, wanted: Sequence[Term], loops: Mapping[str, Loop], *, floats: bool = False
    ) -> None:
        self.program = program
        self.wanted = wanted
        self.loops = loops
        self.known: dict[str, Any] = {"named": named}
        self._objects: dict[Any, str] = {}
        self._uses: dict[Term, int] = {}
        self._record = _Scope("p")
        self.begun: dict[str, int] = {}
        self.all = self._reached([*wanted, *(t for loop in loops.values() for t in loop.terms)])
        self._safe = self._divisors()
        self.whole = self._beyond_floats() if floats else set(self.all)
        self.leaves = {
            rows: [t for t in self.all if t.op in _LEAVES and t.rows == rows]
            for rows in ("", *program.plan.scheme.rows)
        }

    def _reached(self, terms: Iterable[Term]) -> list[Term]:
        """Every term behind some, in the order of making; how often each is used is counted on the way."""
        stack: list[Term] = []
        for term in terms:
            self._uses[term] = self._uses.get(term, 0) + 1
            stack.append(term)
        seen: set[Term] = set()
        while stack:
            term = stack.pop()
            if term in seen:
                continue
            seen.add(term)
            for inner in self.loops[term.args[0]].terms if term.op == "folded" else term.terms:
                # what a row takes from the record is worked out before the loop
                self._uses[inner] = self._uses.get(inner, 0) + (2 if term.rows and not inner.rows else 1)
                stack.append(inner)
        return sorted(seen, key=lambda t: t.place)

    def _divisors(self) -> set[Term]:
        """Quotients that are only worked out where a condition has found their divisor not to be zero."""
        safe: set[Term] = set()
        for term in self.all:
            if term.op != "pick" or term.args[0].op != "eq" or term.args[0].args[1] is not self.program.terms.zero:
                continue
            tested, stack = term.args[0].args[0], [term.args[2]]
            while stack:
                inner = stack.pop()
                if self._uses[inner] > 1:
                    continue
                if inner.op == "div" and _factor(inner.args[1]) is tested:
                    safe.add(inner)
                stack += inner.terms
        return safe

    def _beyond_floats(self) -> set[Term]:
        """The terms that have to be integers: those that no float holds, what a function is given, and what is behind them."""
        found: set[Term] = set()
        for term in reversed(self.all):
            large = term.sort == "int" and (term.bits is None or term.bits > _FLOAT_BITS)
            if large or term.op == "call" or term in found:
                found.add(term)
                found.update(t for t in term.terms if t.sort == "int")
        return found

    # ------------------------------------------------------------------------------------------ statements

    def text(self) -> tuple[list[str], list[str]]:
        """The statements, and an expression for each term wanted."""
        self._record.said.update((t, f"v{i}") for i, t in enumerate(self.leaves[""]))
        for term in self.all:
            if not term.rows:
                self._state(self._record, term)
        for name in self.loops:
            self._loop(name)
        return self._record.lines, [self._bare(self._record, t) for t in self.wanted]

    def _state(self, scope: _Scope, term: Term) -> None:
        """Find what stands for a term: a name, for which there is a statement, or an expression in brackets."""
        match term.op:
            case "cell" | "gap" | "tag":
                pass
            case "const":
                scope.said[term] = self.constant(term)
            case "folded":
                block, fold, part = term.args
                number = self._loop(block)
                scope.said[term] = f"f{number}_{list(self.loops[block].folds).index(fold)}[{part}]"
            case "part":
                scope.said[term] = f"{scope.said[term.args[0]]}[{term.args[1]}]"
            case "call":
                call = term.args[0]
                given = [self.object(call.told, "told"), *(["frozen"] * (call.function == "benchmark"))]
                given += (self._bare(scope, t) for t in call.terms)
                self._name(scope, term, f"call_{call.function}({', '.join(given)})")
            case _:
                depth = 1 + max((scope.depths.get(t, 0) for t in term.terms), default=0)
                text = self._expression(scope, term)
                if self._uses[term] > 1 or depth > DEEPEST:
                    self._name(scope, term, text)
                else:
                    scope.said[term] = text if term.op == "within" else f"({text})"
                    scope.depths[term] = depth

    def _name(self, scope: _Scope, term: Term, text: str) -> str:
        name = f"{scope.prefix}{term.place}"
        scope.lines.append(f"{name} = {text}")
        scope.said[term] = name
        scope.depths[term] = 0
        return name

    def _loop(self, name: str) -> int:
        """The loop over the rows of a block and the folds over what it gathered, said once; its number."""
        if name in self.begun:
            return self.begun[name]
        number = self.begun[name] = len(self.begun)
        loop, rows = self.loops[name], self.program.blocks[name].rows
        scope = _Scope("q")
        scope.said.update((t, f"r{i}") for i, t in enumerate(self.leaves[rows]))
        own = [t for t in self.all if t.rows == rows]
        behind_first = self._behind(loop.first or (), rows)
        behind = self._behind(loop.terms, rows)
        if self.leaves[rows]:
            scope.lines.append("".join(f"r{i}, " for i in range(len(self.leaves[rows]))) + "= cells")
        for term in own:
            if term in behind_first:
                self._state(scope, term)
        if loop.first is not None:
            hole, holds = (self._bare(scope, t) for t in loop.first)
            if hole != "None":
                scope.lines += [
                    f"where = {hole}",
                    "if where is not None:",
                    f"    lost{number} = losing(where, row)",
                    "    continue",
                ]
            if holds != "True":
                scope.lines += [f"if not ({holds}):", "    continue"]
        for term in own:
            if term in behind and term not in behind_first:
                self._state(scope, term)
        told = "".join(f"{self._bare(scope, t)}, " for t in loop.then)
        scope.lines.append(f"seen{number}.append((row, ({told})))")
        self._record.lines += [
            f"seen{number}, lost{number} = [], None",
            f"for row, cells in rows[{self.object(rows, 'text')}]:",
        ]
        self._record.lines += [f"    {line}" for line in scope.lines]
        for place, gather in enumerate(loop.folds.values()):
            self._record.lines.append(
                f"f{number}_{place} = fold_rows({self.object(gather, 'fold')}, seen{number}, lost{number})"
            )
        return number

    def _behind(self, terms: Iterable[Term], rows: str) -> set[Term]:
        """The terms of a row behind some."""
        stack, seen = [t for t in terms if t.rows == rows], set[Term]()
        while stack:
            term = stack.pop()
            if term not in seen:
                seen.add(term)
                stack += (t for t in term.terms if t.rows == rows)
        return seen

    # ------------------------------------------------------------------------------------------ expressions

    def _of(self, scope: _Scope, term: Term) -> str:
        """What stands for a term: a name, or an expression in brackets."""
        return scope.said.get(term) or self._outer(term)

    def _outer(self, term: Term) -> str:
        if term.constant and term not in self._record.said:
            return self.constant(term)
        return self._record.said[term]

    def _bare(self, scope: _Scope, term: Term) -> str:
        """What stands for a term where nothing stands beside it."""
        text = self._of(scope, term)
        return text[1:-1] if text[0] == "(" else text

    def _arm(self, scope: _Scope, term: Term, of: Term) -> str:
        """What stands for a term before or within `if`."""
        text = self._operand(scope, term, of)
        return text if " if " in text or text[0] != "(" else text[1:-1]

    def _again(self, scope: _Scope, term: Term) -> str:
        """A name for a term that is said twice in one expression."""
        text = self._of(scope, term)
        return text if text[0] != "(" or term.constant else self._name(scope, term, text[1:-1])

    def _operand(self, scope: _Scope, term: Term, of: Term) -> str:
        """What stands for a term in another: a whole number among floats is one."""
        if term.constant and term.sort == "int" and of not in self.whole:
            return f"{term.value}.0" if term.value >= 0 else f"({term.value}.0)"
        return self._of(scope, term)

    def _expression(self, scope: _Scope, term: Term) -> str:
        match term.op:
            case "add" | "sub" | "mul" | "lt" | "le" | "eq" | "same" | "and" | "or":
                a, b = (self._operand(scope, t, term) for t in term.args)
                return f"{a} {_SIGNS[term.op]} {b}"
            case "div":
                a, b = term.args
                if (b.low is not None and b.low > 0) or term in self._safe:
                    return f"{self._of(scope, a)} // {self._operand(scope, b, term)}"
                by = self._again(scope, b)
                return f"{self._of(scope, a)} // {by} if {by} else 0"
            case "abs":
                return f"abs({self._bare(scope, term.args[0])})"
            case "within":
                return self._of(scope, term.args[0])
            case "not":
                return f"not {self._of(scope, term.args[0])}"
            case "pick":
                condition, a, b = term.args
                test = self._arm(scope, condition, term)
                if condition.op == "eq" and condition.args[1] is self.program.terms.zero and self._uses[condition] == 1:
                    a, b, test = b, a, self._of(scope, condition.args[0])
                last = self._operand(scope, b, term)
                return f"{self._arm(scope, a, term)} if {test} else {last[1:-1] if last[0] == '(' else last}"
            case "is":
                hole, kind = term.args
                if kind == "":
                    return f"{self._of(scope, hole)} is None"
                hole = self._again(scope, hole)
                return f"{hole} is not None and {hole}.kind == {kind!r}"
            case "first":
                a, b = (self._of(scope, t) for t in term.args)
                return f"{a} or {b}"
            case "named":
                hole, name = term.args
                if hole.constant:
                    return self.object(Hole(hole.value, name), "hole")
                return f"named({self._bare(scope, hole)}, {self.object(name, 'text')})"
            case _:
                raise AssertionError(term.op)

    def constant(self, term: Term) -> str:
        """A constant; texts and holes are objects."""
        match term.sort:
            case "int":
                return str(term.value) if term.value >= 0 else f"({term.value})"
            case "bool":
                return str(term.value)
            case "text":
                return self.object(term.value, "text")
            case "hole":
                return self.object(Hole(term.value), "hole") if term.value else "None"

    def object(self, value: Any, word: str) -> str:
        """The name by which the text finds an object."""
        key = (word, value)
        if key not in self._objects:
            self._objects[key] = f"{word}{len(self._objects)}"
            self.known[self._objects[key]] = value
        return self._objects[key]


def _factor(term: Term) -> Term:
    """What a term is a constant times of, which is zero where the term is."""
    return _factor(term.args[0]) if term.op == "mul" and term.args[1].constant else term
