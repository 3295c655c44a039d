"""What a step comes to over all records at once: a term per kind of value, and under which condition there is a hole instead.

Every operation here is the exact reading's own, said symbolically: strict operands from the left, undefined where kinds do
not meet, missing and its fellows carried along as conditions. Whatever can be told without the solver is told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import TypeAlias

import z3
from attrs import field, frozen

from perfrules import nodes
from perfrules.nodes import HoleKind
from perfrules.ranges import Analysis, Found, Numbers

Condition: TypeAlias = bool | z3.BoolRef
"""A condition on records; True and False where it needs no solver."""

LAST_DAY = date.max.toordinal()
BITS_LIMIT = 20_000
"""The size at which the exact reading takes a number for undefined: terms that may reach it are vague."""


@frozen(eq=False)
class Number:
    """A number: its expression, between which bounds it surely lies, and how many bits it may need at most."""

    expression: z3.ArithRef
    low: Fraction | None = None
    high: Fraction | None = None
    bits: int = 64

    @property
    def constant(self) -> Fraction | None:
        """The one number that it can be, if it is one."""
        return self.low if self.low is not None and self.low == self.high else None

    @property
    def span(self) -> Numbers:
        """Its bounds."""
        return Numbers(self.low, self.high)


@frozen(eq=False)
class Day:
    """A date, as its ordinal."""

    expression: z3.ArithRef


@frozen(eq=False)
class Word:
    """A text or choice, as the number of a word; `literal` where it is quoted in the formula."""

    expression: z3.ArithRef
    literal: str | None = None


@frozen(eq=False)
class Truth:
    """A condition's value."""

    expression: Condition


Value = Number | Day | Word | Truth


@frozen(eq=False)
class Term:
    """What a step comes to: of several kinds of value the one whose condition holds, or a hole of the kind whose does."""

    cases: tuple[tuple[Condition, Value], ...]
    holes: Mapping[HoleKind, Condition] = field(factory=dict)

    @property
    def empty(self) -> Condition:
        """Whether there is a hole and no value."""
        return either(*self.holes.values())

    @property
    def there(self) -> Condition:
        """Whether there is a value."""
        return no(self.empty)

    def hole(self, kind: HoleKind) -> Condition:
        """Whether there is a hole of that kind."""
        return self.holes.get(kind, False)

    def number(self) -> Number | None:
        """The number that it is where it is one."""
        return next((v for _, v in self.cases if isinstance(v, Number)), None)

    @property
    def kept_to_numbers(self) -> Condition:
        """Whether it is a number if it is there."""
        return either(*(c for c, v in self.cases if isinstance(v, Number))) if self.cases else True

    def truth(self) -> Condition:
        """Whether it is there and true."""
        return either(*(both(c, self.there, v.expression) for c, v in self.cases if isinstance(v, Truth)))

    def untruth(self) -> Condition:
        """Whether it is there and false."""
        return either(*(both(c, self.there, no(v.expression)) for c, v in self.cases if isinstance(v, Truth)))

    def numeric(self) -> Condition:
        """Whether it is there and a number."""
        return either(*(both(c, self.there) for c, v in self.cases if isinstance(v, Number)))


# ---------------------------------------------------------------------------------------------- conditions


def both(*conditions: Condition) -> Condition:
    """Whether all hold."""
    if any(c is False for c in conditions):
        return False
    open_ones = [c for c in conditions if c is not True]
    if not open_ones:
        return True
    return open_ones[0] if len(open_ones) == 1 else z3.And(*open_ones)


def either(*conditions: Condition) -> Condition:
    """Whether any holds."""
    if any(c is True for c in conditions):
        return True
    open_ones = [c for c in conditions if c is not False]
    if not open_ones:
        return False
    return open_ones[0] if len(open_ones) == 1 else z3.Or(*open_ones)


def no(condition: Condition) -> Condition:
    """Whether it does not hold."""
    if isinstance(condition, bool):
        return not condition
    return condition.arg(0) if z3.is_not(condition) else z3.Not(condition)


def chosen(condition: Condition, then: Condition, otherwise: Condition) -> Condition:
    """One condition where another holds, else a third."""
    if isinstance(condition, bool):
        return then if condition else otherwise
    if isinstance(then, bool) or isinstance(otherwise, bool):
        return either(both(condition, then), both(no(condition), otherwise))
    return z3.If(condition, then, otherwise)


# ---------------------------------------------------------------------------------------------- terms put together


def hole(kind: HoleKind) -> Term:
    """A hole and never a value."""
    return Term((), {kind: True})


def settled(value: Value) -> Term:
    """A value and never a hole."""
    return Term(((True, value),))


def when(condition: Condition, then: Term, otherwise: Term) -> Term:
    """One term where the condition holds, else the other."""
    if isinstance(condition, bool):
        return then if condition else otherwise
    if then is otherwise:
        return then
    kinds = list(dict.fromkeys((*then.holes, *otherwise.holes)))
    holes = {k: chosen(condition, then.hole(k), otherwise.hole(k)) for k in kinds}
    return Term(_joined(condition, then.cases, otherwise.cases), {k: c for k, c in holes.items() if c is not False})


def _joined(
    condition: Condition, left: tuple[tuple[Condition, Value], ...], right: tuple[tuple[Condition, Value], ...]
) -> tuple[tuple[Condition, Value], ...]:
    if not left or not right:
        return left or right
    sorts = list(dict.fromkeys(type(v) for _, v in (*left, *right)))
    made: list[tuple[Condition, Value]] = []
    for sort in sorts:
        of_left = next(((c, v) for c, v in left if type(v) is sort), None)
        of_right = next(((c, v) for c, v in right if type(v) is sort), None)
        if of_left is None or of_right is None:
            (guard, value) = of_left or of_right or (False, left[0][1])
            made.append((both(guard, condition if of_left else no(condition)), value))
        else:
            guard = True if len(sorts) == 1 else chosen(condition, of_left[0], of_right[0])
            made.append((guard, _merged(condition, of_left[1], of_right[1])))
    return tuple(made)


def _merged(condition: Condition, left: Value, right: Value) -> Value:
    match left, right:
        case Number(), Number():
            if left is right or left.expression.eq(right.expression):
                return left
            low = None if left.low is None or right.low is None else min(left.low, right.low)
            high = None if left.high is None or right.high is None else max(left.high, right.high)
            bits = max(left.bits, right.bits)
            return Number(z3.If(condition, left.expression, right.expression), low, high, bits)
        case Day(a), Day(b):
            return left if a.eq(b) else Day(z3.If(condition, a, b))
        case Word(a, word), Word(b, other):
            return left if a.eq(b) else Word(z3.If(condition, a, b), word if word == other else None)
        case Truth(a), Truth(b):
            return Truth(chosen(condition, a, b))
        case _:
            raise AssertionError((left, right))


def strict(terms: Sequence[Term], operate: Callable[..., Term]) -> Term:
    """An operation on values: a hole in an operand, from the left, is the result's."""
    holes: dict[HoleKind, Condition] = {}
    reached: Condition = True
    for term in terms:
        for kind, condition in term.holes.items():
            holes[kind] = either(holes.get(kind, False), both(reached, condition))
        reached = both(reached, term.there)
    if reached is False:
        return Term((), {k: c for k, c in holes.items() if c is not False})
    result: Term | None = None
    for guard, values in _combinations(terms):
        made = operate(*values)
        result = made if result is None else when(guard, made, result)
    if result is None:
        return Term((), holes)
    for kind, condition in result.holes.items():
        holes[kind] = either(holes.get(kind, False), both(reached, condition))
    return Term(result.cases, {k: c for k, c in holes.items() if c is not False})


def _combinations(terms: Sequence[Term]) -> Iterable[tuple[Condition, tuple[Value, ...]]]:
    made: list[tuple[Condition, tuple[Value, ...]]] = [(True, ())]
    for term in terms:
        made = [(both(g, guard), (*values, value)) for g, values in made for guard, value in term.cases]
    return [m for m in made if m[0] is not False]


# ---------------------------------------------------------------------------------------------- spans

_A, _B = nodes.Name("a"), nodes.Name("b")


def span_of(node: nodes.Node, *numbers: Number) -> Found:
    """Between which bounds an operation on `a` and `b` lies, and whether it can be undefined, by interval analysis."""
    given = {name: Found(x.span) for name, x in zip("ab", numbers, strict=False)}
    return Analysis(given.__getitem__, lambda _, __: Found(None)).find(node)


def of_two(sign: nodes.ArithmeticSign) -> nodes.Node:
    """An operation on `a` and `b`."""
    return nodes.Arithmetic(sign, _A, _B)


def of_call(function: str, count: int = 1, places: int | None = None) -> nodes.Node:
    """A primitive of `a` (and `b`)."""
    more: tuple[nodes.Node, ...] = (nodes.Number(Fraction(places)),) if places is not None else ()
    return nodes.Primitive(function, (*(_A, _B)[:count], *more))
