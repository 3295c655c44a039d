"""A formula 公式: the author's text with its syntax tree and nodes; its kinds, units and cost checked against a scope."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property, lru_cache
from typing import Literal, Protocol

from attrs import define, field, frozen

from perfrules import nodes, parsing
from perfrules.findings import Finding, Location, nearest
from perfrules.nodes import Node, Span
from perfrules.numbers import Dimension
from perfrules.parsing import Problem

Kind = Literal["number", "boolean", "choice", "date", "text"]
COST_LIMIT, NESTING_LIMIT = 20_000, 100
"""Nodes of a formula with every definition written out, and how deep they may then stand in one another."""


class Placed(Protocol):
    """Text that knows where it stands in a file (a scalar of a document)."""

    def locate(self, offset: int = 0, end: int | None = None) -> Location:
        """The place of the characters from offset to end."""
        ...


@frozen(eq=False, slots=False)
class Formula:
    """An author's (or a generated) formula; equality is identity, `source` is what was written."""

    source: str
    tree: ast.expr = field(repr=False)
    node: Node = field(repr=False)
    placed: Placed | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, source: str, placed: Placed | None = None) -> Formula:
        """The formula that a text says. Raises FormulaProblems."""
        return cls(source, *parsing.parse(source), placed)

    @classmethod
    def generated(cls, source: str) -> Formula:
        """A formula of the plan's own making, which may say what authors may not."""
        return _generated(source)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names it reads, in order of first appearance, those only asked for by `present` included."""
        return tuple(dict.fromkeys(_names(self.node)))

    @cached_property
    def size(self) -> int:
        """The number of its nodes."""
        return sum(1 for _ in walk(self.node))

    @cached_property
    def depth(self) -> int:
        """How deep its nodes stand in one another."""
        return nesting(self.node, {})

    @cached_property
    def definitions(self) -> tuple[str, ...]:
        """The definitions it calls, in order of first appearance."""
        return tuple(dict.fromkeys(n.definition for n in walk(self.node) if isinstance(n, nodes.Use)))

    def text(self, at: Span) -> str:
        """The author's words in a span."""
        return self.source[at[0] : at[1]]

    def where(self, at: Span) -> Location | None:
        """The place of a span in its file."""
        return self.placed.locate(at[0], at[1]) if self.placed else None


_KEPT = 2000
"""The most characters of a generated text that is kept: a longer one serves one scheme, whose author chose its size."""


def _generated(source: str) -> Formula:
    return _kept(source) if len(source) <= _KEPT else Formula(source, *parsing.generated(source))


@lru_cache(maxsize=256)
def _kept(source: str) -> Formula:
    return Formula(source, *parsing.generated(source))


def walk(node: Node) -> Iterator[Node]:
    """A node and all beneath it, outside in, left to right."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(nodes.children(node)))


def _names(node: Node) -> Iterator[str]:
    for n in walk(node):
        if isinstance(n, nodes.Name | nodes.Present | nodes.HoleOf):
            yield n.name


@frozen
class Meaning:
    """What kind of thing a name or sub-formula is.

    `dimension` is None for a number that fits any unit (a bare literal); `labels` are the choices of a choice.
    """

    kind: Kind
    dimension: Dimension | None = None
    labels: tuple[str, ...] | None = None
    measure: bool = False


ANY_NUMBER = Meaning("number")
PURE = Meaning("number", ())
BOOLEAN = Meaning("boolean")
TEXT = Meaning("text")
DATE = Meaning("date")
DAYS = Meaning("number", (("天", 1),))


@frozen
class Signature:
    """A definition as its callers see it: how many arguments, and what a call of it means."""

    least: int
    most: int
    meaning: Callable[[tuple[Meaning, ...], Meaning | None], tuple[Meaning | None, Sequence[Problem]]]
    cost: int
    nesting: int = 0


@define
class Scope:
    """What the names in a formula stand for. `absent` tells of names that exist elsewhere and why not here."""

    names: Mapping[str, Meaning | None]
    definitions: Mapping[str, Signature]
    refused: Mapping[str, Problem] = field(factory=dict)
    askable: bool = True
    days: bool = True


def check(formula: Formula, scope: Scope) -> tuple[Meaning | None, list[Problem]]:
    """What a formula means in a scope, and every problem of kinds, units, names and cost in it."""
    node = formula.node
    if cost(node, scope.definitions) > COST_LIMIT:
        return None, [Problem("formula-too-costly", node.at, {"limit": str(COST_LIMIT)})]
    if nesting(node, scope.definitions) > NESTING_LIMIT:
        return None, [Problem("formula-too-deep", node.at, {"limit": str(NESTING_LIMIT)})]
    checker = _Checker(formula, scope)
    return checker.meaning(node), checker.problems


def cost(node: Node, definitions: Mapping[str, Signature]) -> int:
    """The number of nodes with every definition written out."""
    total = 0
    for n in walk(node):
        total += 1
        if isinstance(n, nodes.Use) and n.definition in definitions:
            total += definitions[n.definition].cost
    return total


def nesting(node: Node, definitions: Mapping[str, Signature]) -> int:
    """How deep nodes stand in one another with every definition written out; a chain of operators, or of else … if,
    is one level. Whoever recurses into nodes goes so deep and no deeper."""
    deepest = 0
    stack = [(node, 1)]
    while stack:
        n, depth = stack.pop()
        if isinstance(n, nodes.Use) and n.definition in definitions:
            deepest = max(deepest, depth + 1 + definitions[n.definition].nesting)
        deepest = max(deepest, depth)
        chained = n.left if isinstance(n, nodes.Arithmetic) else n.otherwise if isinstance(n, nodes.If) else None
        for child in nodes.children(n):
            flat = child is chained and type(child) is type(n)
            stack.append((child, depth if flat else depth + 1))
    return deepest


def dimension_text(dimension: Dimension | None) -> str:
    """A dimension in words: `元/人`, or `no unit` for a pure number (the messages translate it)."""
    if not dimension:
        return "no unit"
    over = "·".join(b if p == 1 else f"{b}^{p}" for b, p in dimension if p > 0)
    under = "·".join(b if p == -1 else f"{b}^{-p}" for b, p in dimension if p < 0)
    return over + ("/" + under if under else "") if over else "1/" + under


def misfit(name: str, trouble: Problem) -> dict[str, str]:
    """What to say where a definition cannot take its arguments."""
    inner = Finding(trouble.name, seen=trouble.seen, nearest=trouble.nearest)
    return {"name": name, "why": inner.message("zh"), "why_en": inner.message("en")}


class _Checker:
    """One walk over the nodes; None stands for what is already a problem, so that one mistake is told once."""

    def __init__(self, formula: Formula, scope: Scope) -> None:
        self.formula = formula
        self.scope = scope
        self.problems: list[Problem] = []

    def problem(self, name: str, node: Node, near: str = "", /, **seen: str) -> None:
        self.problems.append(Problem(name, node.at, seen, near))

    def meaning(self, node: Node) -> Meaning | None:
        match node:
            case nodes.Number(percent=percent):
                return PURE if percent else ANY_NUMBER
            case nodes.Text():
                return TEXT
            case nodes.Truth():
                return BOOLEAN
            case nodes.Name(name=name):
                return self._name(name, node)
            case nodes.Present(name=name):
                if not self.scope.askable:
                    self.problem("present-in-definition", node, name=name)
                else:
                    self._name(name, node)
                return BOOLEAN
            case nodes.HoleOf():
                return TEXT
            case nodes.Reach():
                return None
            case nodes.Negate(operand=x):
                return self._number(x)
            case nodes.Arithmetic():
                return self._arithmetic(node)
            case nodes.Compare():
                return self._compare(node)
            case nodes.Logic(operands=operands):
                for x in operands:
                    self._truth(x)
                return BOOLEAN
            case nodes.Not(operand=x):
                self._truth(x)
                return BOOLEAN
            case nodes.If():
                return self._if(node)
            case nodes.Primitive():
                return self._primitive(node)
            case nodes.Use():
                return self._use(node)

    def _name(self, name: str, node: Node) -> Meaning | None:
        if name in self.scope.names:
            return self.scope.names[name]
        if name in self.scope.refused:
            refused = self.scope.refused[name]
            self.problem(refused.name, node, refused.nearest, **refused.seen)
        elif name in self.scope.definitions:
            self.problem("definition-without-brackets", node, name=name)
        else:
            self.problem("unknown-name", node, nearest(name, [*self.scope.names, *self.scope.definitions]), name=name)
        return None

    def _number(self, node: Node) -> Meaning | None:
        meaning = self.meaning(node)
        if meaning is not None and meaning.kind != "number":
            self._wrong_kind(node, meaning, "number")
            return None
        return meaning

    def _truth(self, node: Node) -> None:
        meaning = self.meaning(node)
        if meaning is not None and meaning.kind != "boolean":
            self._wrong_kind(node, meaning, "boolean")

    def _wrong_kind(self, node: Node, meaning: Meaning, wanted: str) -> None:
        self.problem("wrong-kind", node, seen=self.formula.text(node.at), kind=meaning.kind, wanted=wanted)

    def _arithmetic(self, node: nodes.Arithmetic) -> Meaning | None:
        """A chain of operators to the left is walked, not recursed into."""
        spine = [node]
        while isinstance(first := spine[-1].left, nodes.Arithmetic):
            spine.append(first)
        left = self.meaning(first)
        for step in reversed(spine):
            left = self._operated(step, left, self.meaning(step.right))
        return left

    def _operated(self, node: nodes.Arithmetic, left: Meaning | None, right: Meaning | None) -> Meaning | None:
        left, right = self._as_date(node.left, left, right), self._as_date(node.right, right, left)
        if left is None or right is None:
            return None
        if "date" in (left.kind, right.kind):
            return self._with_dates(node, left, right)
        for side, meaning in ((node.left, left), (node.right, right)):
            if meaning.kind != "number":
                self._wrong_kind(side, meaning, "number")
                return None
        if node.sign in "+-":
            return self._joined(node, node.left, left, node.right, right)
        if left.dimension is None or right.dimension is None:
            return ANY_NUMBER
        powers = dict(left.dimension)
        for base, power in right.dimension:
            powers[base] = powers.get(base, 0) + (power if node.sign == "*" else -power)
        return Meaning("number", tuple(sorted((b, p) for b, p in powers.items() if p)))

    def _with_dates(self, node: nodes.Arithmetic, left: Meaning, right: Meaning) -> Meaning | None:
        if not self.scope.days:
            self.problem("dates-want-days", node, seen=self.formula.text(node.at))
            return None
        days = (None, DAYS.dimension)
        if node.sign == "-" and left.kind == right.kind == "date":
            return DAYS
        if node.sign in "+-" and left.kind == "date" and right.kind == "number" and right.dimension in days:
            return DATE
        if node.sign == "+" and right.kind == "date" and left.kind == "number" and left.dimension in days:
            return DATE
        self.problem("date-arithmetic", node, seen=self.formula.text(node.at))
        return None

    def _joined(self, node: Node, a: Node, left: Meaning, b: Node, right: Meaning) -> Meaning | None:
        """Two numbers that must be of one dimension."""
        if left.dimension is None:
            return right
        if right.dimension is None or left.dimension == right.dimension:
            return left
        self.problem(
            "unit-mismatch",
            node,
            left=self.formula.text(a.at),
            left_unit=dimension_text(left.dimension),
            right=self.formula.text(b.at),
            right_unit=dimension_text(right.dimension),
        )
        return None

    def _as_date(self, node: Node, meaning: Meaning | None, other: Meaning | None) -> Meaning | None:
        """Quoted text beside a date is a date."""
        if isinstance(node, nodes.Text) and other is not None and (other.kind == "date" or other.measure):
            try:
                date.fromisoformat(node.value if parsing.is_date(node.value) else "")
            except ValueError:
                self.problem("not-a-date", node, seen=node.value[:40])
                return None
            return DATE
        return meaning

    def _compare(self, node: nodes.Compare) -> Meaning:
        left_node = node.first
        left = self.meaning(left_node)
        for sign, right_node in node.links:
            right = self.meaning(right_node)
            self._link(node, sign, left_node, left, right_node, right)
            left_node, left = right_node, right
        return BOOLEAN

    def _link(self, node: Node, sign: str, a: Node, left: Meaning | None, b: Node, right: Meaning | None) -> None:
        left, right = self._as_date(a, left, right), self._as_date(b, right, left)
        if left is None or right is None:
            return
        kinds = {left.kind, right.kind}
        if kinds == {"number"}:
            self._joined(node, a, left, b, right)
        elif kinds == {"date"} or (kinds == {"date", "number"} and (left.measure or right.measure)):
            return
        elif kinds <= {"choice", "text"} and sign in ("==", "!="):
            self._labels(a, left, b, right)
        elif kinds == {"boolean"} and sign in ("==", "!="):
            return
        else:
            self.problem(
                "not-comparable", node, left=self.formula.text(a.at), left_kind=left.kind,
                right=self.formula.text(b.at), right_kind=right.kind, sign=sign,
            )  # fmt: skip

    def _labels(self, a: Node, left: Meaning, b: Node, right: Meaning) -> None:
        for literal, other in ((a, right), (b, left)):
            if isinstance(literal, nodes.Text) and other.labels is not None and literal.value not in other.labels:
                near = nearest(literal.value, other.labels)
                self.problem("unknown-choice", literal, near, seen=literal.value, choices="、".join(other.labels))
        if left.labels is not None and right.labels is not None and not set(left.labels) & set(right.labels):
            self.problem(
                "not-comparable", a, left=self.formula.text(a.at), left_kind="choice",
                right=self.formula.text(b.at), right_kind="choice", sign="==",
            )  # fmt: skip

    def _if(self, node: nodes.If) -> Meaning | None:
        """A chain of "else … if" is walked, not recursed into."""
        arms: list[tuple[nodes.If, Meaning | None]] = []
        last: Node = node
        while isinstance(last, nodes.If):
            self._truth(last.condition)
            arms.append((last, self.meaning(last.then)))
            last = last.otherwise
        meaning = self.meaning(last)
        for arm, then in reversed(arms):
            meaning = self._same(arm, arm.then, then, arm.otherwise, meaning)
        return meaning

    def _same(self, node: Node, a: Node, left: Meaning | None, b: Node, right: Meaning | None) -> Meaning | None:
        if left is None or right is None:
            return left or right
        if left.kind == right.kind == "number":
            return self._joined(node, a, left, b, right)
        if left.kind != right.kind and not {left.kind, right.kind} <= {"choice", "text"}:
            self.problem(
                "arms-differ", node, left=self.formula.text(a.at), left_kind=left.kind,
                right=self.formula.text(b.at), right_kind=right.kind,
            )  # fmt: skip
            return None
        return left if left.labels is None else Meaning(left.kind)

    def _primitive(self, node: nodes.Primitive) -> Meaning | None:
        first, *rest = node.arguments
        meaning = self._number(first)
        if node.function in ("min", "max"):
            before = first
            for argument in rest:
                other = self._number(argument)
                if meaning is not None and other is not None:
                    meaning = self._joined(node, before, meaning, argument, other)
                else:
                    meaning = meaning or other
                before = argument
        elif node.function in ("ln", "exp", "power"):
            for argument in node.arguments:
                given = self.meaning(argument) if argument is not first else meaning
                if given is not None and given.kind == "number" and given.dimension:
                    self.problem("pure-number-wanted", argument, seen=self.formula.text(argument.at),
                                 unit=dimension_text(given.dimension))  # fmt: skip
                elif argument is not first:
                    self._number(argument)
            return PURE
        return meaning

    def _use(self, node: nodes.Use) -> Meaning | None:
        given = tuple(self.meaning(a) for a in node.arguments)
        signature = self.scope.definitions.get(node.definition)
        if signature is None:
            known = [*self.scope.definitions, *parsing.FUNCTIONS]
            if node.definition in self.scope.names:
                self.problem("name-is-no-definition", node, name=node.definition)
            else:
                self.problem("unknown-definition", node, nearest(node.definition, known), name=node.definition)
            return None
        if not signature.least <= len(given) <= signature.most:
            least, most = signature.least, signature.most
            wanted = str(most) if least == most else f"{least}–{most}"
            self.problem("wrong-number-of-arguments", node, seen=node.definition, given=str(len(given)), wanted=wanted)
            return None
        meanings = tuple(m for m in given if m is not None)
        if len(meanings) < len(given):
            return None
        result, troubles = signature.meaning(meanings, self.scope.names.get("points"))
        if troubles:
            self.problem("definition-does-not-fit", node, **misfit(node.definition, troubles[0]))
            return None
        return result
