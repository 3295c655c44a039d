"""What values a formula can take: interval analysis over nodes, and (with every range a point) evaluation of one record.

An analysis is sound: no value lies outside the range found. It knows a little of how operands hang together: what a
condition says of two things holds in its arm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from fractions import Fraction
from typing import assert_never

from attrs import frozen

from perfrules import nodes
from perfrules.nodes import HoleKind, Node
from perfrules.numbers import exp, ln, power, rounded


@frozen
class Numbers:
    """Numbers from low to high, None being no bound; dates are their day's ordinal."""

    low: Fraction | None = None
    high: Fraction | None = None


@frozen
class Truths:
    """Which truth values can be."""

    true: bool = True
    false: bool = True


@frozen
class Texts:
    """Which labels can be; None is any text."""

    labels: frozenset[str] | None = None


Range = Numbers | Truths | Texts


@frozen
class Found:
    """The range of a formula's values (None: never a value) and the kinds of hole that it can reach."""

    range: Range | None
    holes: frozenset[HoleKind] = frozenset()


ANYTHING = Numbers()
NO_HOLES: frozenset[HoleKind] = frozenset()
_UNSEEN = Found(None)
_BITS_LIMIT, _FACTS_LIMIT = 2000, 100
"""How long an end of a range may be, in bits, and how many things are known at once: an analysis stays quick."""
Fact = tuple[str, Node, Range | None, Node, Range | None]


def day(value: date) -> Fraction:
    """A date as a number."""
    return Fraction(value.toordinal())


def point(value: Fraction | bool | str | date) -> Range:
    """The range of one value."""
    match value:
        case bool():
            return Truths(value, not value)
        case str():
            return Texts(frozenset({value}))
        case date():
            return Numbers(day(value), day(value))
        case Fraction():
            return Numbers(value, value)


def contains(outer: Numbers, inner: Numbers) -> bool:
    """Whether every number of the inner range lies in the outer."""
    low = outer.low is None or (inner.low is not None and inner.low >= outer.low)
    return low and (outer.high is None or (inner.high is not None and inner.high <= outer.high))


def union(a: Range | None, b: Range | None) -> Range | None:
    """The least range that holds both."""
    if a is None or b is None:
        return b if a is None else a
    match a, b:
        case Numbers(), Numbers():
            low = None if a.low is None or b.low is None else min(a.low, b.low)
            high = None if a.high is None or b.high is None else max(a.high, b.high)
            return Numbers(low, high)
        case Truths(), Truths():
            return Truths(a.true or b.true, a.false or b.false)
        case Texts(), Texts():
            return Texts(None if a.labels is None or b.labels is None else a.labels | b.labels)
        case _:
            return ANYTHING


class Analysis:
    """Ranges over one scope of names; `call` answers for definitions. `reached` are the holes reached on purpose."""

    def __init__(self, read: Callable[[str], Found], call: Callable[[str, Sequence[Found]], Found]) -> None:
        self._read = read
        self._call = call
        self._facts: list[Fact] = []
        self._compared: dict[int, Found] = {}
        self.reached: set[HoleKind] = set()

    def find(self, node: Node) -> Found:
        """The range and holes of a node."""
        if isinstance(node, nodes.Number):
            return Found(Numbers(node.value, node.value))
        return self._narrowed(node, self._find(node))

    def _narrowed(self, node: Node, found: Found) -> Found:
        """What is found of a node, and what the facts say of it."""
        if self._facts and isinstance(found.range, Numbers):
            bounded: Range | None = found.range
            for sign, a, of_a, b, of_b in self._facts:
                if a == node:
                    bounded = _bounded(bounded, sign, of_b)
                if b == node:
                    bounded = _bounded(bounded, _FLIP[sign], of_a)
            found = Found(bounded, found.holes)
        return found

    def _find(self, node: Node) -> Found:
        match node:
            case nodes.Number(value=value):
                return Found(Numbers(value, value))
            case nodes.Text(value=value):
                return Found(Texts(frozenset({value})))
            case nodes.Truth(value=value):
                return Found(Truths(value, not value))
            case nodes.Name(name=name):
                return self._read(name)
            case nodes.Present(name=name):
                found = self._read(name)
                return Found(Truths(found.range is not None, bool(found.holes)))
            case nodes.HoleOf(name=name):
                found = self._read(name)
                kinds = {str(k) for k in found.holes}
                return Found(Texts(frozenset(kinds | ({""} if found.range is not None else set()))))
            case nodes.Reach(kind=kind):
                self.reached.add(kind)
                return Found(None, frozenset({kind}))
            case nodes.Negate(operand=x):
                found = self.find(x)
                if not isinstance(found.range, Numbers):
                    return Found(None, found.holes)
                return Found(_negated(found.range), found.holes)
            case nodes.Arithmetic():
                return self._arithmetic(node)
            case nodes.Compare():
                return self._compare(node)
            case nodes.Logic():
                return self._logic(node)
            case nodes.Not(operand=x):
                found = self.find(x)
                truths = found.range
                return Found(Truths(truths.false, truths.true) if isinstance(truths, Truths) else None, found.holes)
            case nodes.If():
                return self._if(node)
            case nodes.Primitive():
                return self._primitive(node)
            case nodes.Use(definition=definition, arguments=arguments):
                given = [self.find(a) for a in arguments]
                holes = frozenset[HoleKind]().union(*(g.holes for g in given)) if given else NO_HOLES
                if any(g.range is None for g in given):
                    return Found(None, holes)
                result = self._call(definition, [Found(g.range) for g in given])
                return Found(result.range, result.holes | holes)
        assert_never(node)

    def _arithmetic(self, node: nodes.Arithmetic) -> Found:
        """A chain of operators to the left is walked, not recursed into."""
        spine = [node]
        while isinstance(first := spine[-1].left, nodes.Arithmetic):
            spine.append(first)
        left = self._operand(first)
        for step in reversed(spine):
            left = self._operated(step, left, self._operand(step.right))
            if step is not node:
                left = self._narrowed(step, left)
        return left

    def _operated(self, node: nodes.Arithmetic, left: Found, right: Found) -> Found:
        holes = left.holes | right.holes
        a, b = left.range, right.range
        if not isinstance(a, Numbers) or not isinstance(b, Numbers):
            return Found(None, holes)
        match node.sign:
            case "+":
                return Found(_sized(Numbers(_add(a.low, b.low), _add(a.high, b.high))), holes)
            case "-":
                minus = _negated(b)
                result = _sized(Numbers(_add(a.low, minus.low), _add(a.high, minus.high)))
                return Found(self._difference(node, result), holes)
            case "*":
                return Found(_sized(_product(a, b)), holes)
            case "/":
                if b.low == 0 == b.high:
                    return Found(None, holes | {"undefined"})
                straddles = (b.low is None or b.low <= 0) and (b.high is None or b.high >= 0)
                if straddles:
                    holes |= {"undefined"}
                return Found(self._quotient(node, _sized(_quotient(a, b)), a, b), holes)
        assert_never(node.sign)

    def _operand(self, node: Node) -> Found:
        """A number, where quoted text beside it is a date."""
        if isinstance(node, nodes.Text):
            try:
                return Found(point(date.fromisoformat(node.value)))
            except ValueError:
                return self.find(node)
        return self.find(node)

    def _difference(self, node: nodes.Arithmetic, result: Numbers) -> Range | None:
        bounded: Range | None = result
        for sign, a, _, b, _ in self._facts:
            if a == node.left and b == node.right:
                bounded = _bounded(bounded, sign, Numbers(Fraction(0), Fraction(0)))
            elif a == node.right and b == node.left:
                bounded = _bounded(bounded, _FLIP[sign], Numbers(Fraction(0), Fraction(0)))
        return bounded

    def _quotient(self, node: nodes.Arithmetic, result: Numbers, a: Numbers, b: Numbers) -> Range | None:
        if b.low is None or b.low < 0:
            return result
        bounded: Range | None = result
        one = Numbers(Fraction(1), Fraction(1))
        for sign, x, _, y, _ in self._facts:
            if x == node.left and y == node.right:
                bounded = _bounded(bounded, sign, one)
            elif x == node.right and y == node.left:
                bounded = _bounded(bounded, _FLIP[sign], one)
        return bounded

    def _compare(self, node: nodes.Compare) -> Found:
        """Links are reached left to right, and none after one that surely fails."""
        left_node, left = node.first, self.find(node.first)
        holes = left.holes
        truths = Truths(True, False)
        for sign, right_node in node.links:
            right = self.find(right_node)
            holes |= right.holes
            left, right = self._beside(left_node, left, right), self._beside(right_node, right, left)
            self._compared[id(left_node)], self._compared[id(right_node)] = left, right
            if left.range is None or right.range is None:
                return Found(Truths(False, True) if truths.false else None, holes)
            link = _related(sign, left.range, right.range)
            truths = Truths(truths.true and link.true, truths.false or link.false)
            if not truths.true:
                break
            left_node, left = right_node, right
        return Found(truths, holes)

    def _beside(self, node: Node, found: Found, other: Found) -> Found:
        """Quoted text beside a date is a date."""
        return self._operand(node) if isinstance(node, nodes.Text) and isinstance(other.range, Numbers) else found

    def _logic(self, node: nodes.Logic) -> Found:
        holes = NO_HOLES
        ends = False  # an operand can end the matter early
        before = len(self._facts)
        try:
            for x in node.operands:
                found = self.find(x)
                holes |= found.holes
                truths = found.range
                if not isinstance(truths, Truths):
                    return Found(_truth(node.sign == "or", node.sign == "and") if ends else None, holes)
                goes_on = truths.true if node.sign == "and" else truths.false
                ends = ends or (truths.false if node.sign == "and" else truths.true)
                if not goes_on:
                    return Found(_truth(node.sign == "or", node.sign == "and"), holes)
                self._assume(x, node.sign == "and")
        finally:
            del self._facts[before:]
        return Found(Truths(True, ends) if node.sign == "and" else Truths(ends, True), holes)

    def _if(self, node: nodes.If) -> Found:
        result: Range | None = None
        holes = NO_HOLES
        before = len(self._facts)
        arm: Node = node
        try:
            while isinstance(arm, nodes.If):  # a chain of "else … if" is walked, not recursed into
                condition = self.find(arm.condition)
                holes |= condition.holes
                if not isinstance(condition.range, Truths):
                    return Found(result, holes)
                if condition.range.true:
                    mark = len(self._facts)
                    self._assume(arm.condition, True)
                    taken = self.find(arm.then)
                    del self._facts[mark:]
                    result, holes = union(result, taken.range), holes | taken.holes
                if not condition.range.false:
                    return Found(result, holes)
                self._assume(arm.condition, False)
                arm = arm.otherwise
            last = self.find(arm)
            return Found(union(result, last.range), holes | last.holes)
        finally:
            del self._facts[before:]

    def _assume(self, condition: Node, holds: bool) -> None:
        """Take up what a condition says, whose sides were found when it was (once: nested conditions would else be
        found again at every level)."""
        if len(self._facts) >= _FACTS_LIMIT:
            return
        match condition:
            case nodes.Not(operand=x):
                self._assume(x, not holds)
            case nodes.Logic(sign=word, operands=operands) if (word == "and") == holds:
                for x in operands:
                    self._assume(x, holds)
            case nodes.Compare(first=first, links=links) if holds or len(links) == 1:
                left = first
                for sign, right in links:
                    a, b = (self._compared.get(id(side), _UNSEEN).range for side in (left, right))
                    self._facts.append((sign if holds else _OPPOSITE[sign], left, a, right, b))
                    left = right
            case _:
                pass

    def _primitive(self, node: nodes.Primitive) -> Found:
        found = [self.find(a) for a in node.arguments]
        holes = frozenset[HoleKind]().union(*(f.holes for f in found))
        ranges = [f.range for f in found if isinstance(f.range, Numbers)]
        if len(ranges) < len(found):
            return Found(None, holes)
        x = ranges[0]
        match node.function:
            case "min":
                return Found(Numbers(_least([r.low for r in ranges]), _least_bound([r.high for r in ranges])), holes)
            case "max":
                flipped = [_negated(r) for r in ranges]
                low, high = _least([r.low for r in flipped]), _least_bound([r.high for r in flipped])
                return Found(_negated(Numbers(low, high)), holes)
            case "abs":
                least = Fraction(0)
                if x.low is not None and x.low > 0:
                    least = x.low
                elif x.high is not None and x.high < 0:
                    least = -x.high
                most = None if x.low is None or x.high is None else max(abs(x.low), abs(x.high))
                return Found(Numbers(least, most), holes)
            case "floor":
                return Found(Numbers(_floor(x.low), _floor(x.high)), holes)
            case "round":
                places = node.arguments[1]
                assert isinstance(places, nodes.Number)
                to = int(places.value)
                low = None if x.low is None else rounded(x.low, to)
                return Found(Numbers(low, None if x.high is None else rounded(x.high, to)), holes)
            case "ln":
                if x.high is not None and x.high <= 0:
                    return Found(None, holes | {"undefined"})
                certain = x.low is not None and x.low > 0
                low = ln(x.low) if certain and x.low is not None else None
                return Found(
                    Numbers(low, None if x.high is None else ln(x.high)), holes if certain else holes | {"undefined"}
                )
            case "exp":
                inside = x.low is not None and x.high is not None and x.low >= -1000 and x.high <= 1000
                if inside and x.low is not None and x.high is not None:
                    return Found(Numbers(exp(x.low), exp(x.high)), holes)
                return Found(Numbers(Fraction(0)), holes | {"undefined"})
            case "power":
                return _power(x, ranges[1], holes)
            case _:
                raise AssertionError(node.function)


def _power(x: Numbers, y: Numbers, holes: frozenset[HoleKind]) -> Found:
    """Known where the exponent is one positive number and the base is not negative, or where both are points."""
    if y.low is not None and y.low == y.high and x.low is not None and x.high is not None:
        try:
            if x.low == x.high:
                value = power(x.low, y.low)
                return Found(Numbers(value, value), holes)
            if x.low >= 0 and y.low > 0:
                return Found(Numbers(power(x.low, y.low), power(x.high, y.low)), holes)
        except ValueError:
            if x.low == x.high:
                return Found(None, holes | {"undefined"})
    return Found(ANYTHING, holes | {"undefined"})


_FLIP = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


def _truth(true: bool, false: bool) -> Truths:
    return Truths(true, false)


def _bounded(x: Range | None, sign: str, by: Range | None) -> Range | None:
    """The part of x that stands in the relation to something in `by`; None where nothing does (an arm never taken)."""
    if not isinstance(x, Numbers) or not isinstance(by, Numbers):
        return x
    low, high = x.low, x.high
    if sign in (">", ">=", "==") and by.low is not None and (low is None or by.low > low):
        low = by.low
    if sign in ("<", "<=", "==") and by.high is not None and (high is None or by.high < high):
        high = by.high
    if low is not None and high is not None and low > high:
        return x
    return Numbers(low, high)


def _related(sign: str, a: Range, b: Range) -> Truths:
    match a, b:
        case Numbers(), Numbers():
            return _compared(sign, a, b)
        case Texts(), Texts():
            if a.labels is None or b.labels is None:
                return Truths()
            same = Truths(bool(a.labels & b.labels), len(a.labels | b.labels) > 1)
        case Truths(), Truths():
            can_equal = (a.true and b.true) or (a.false and b.false)
            same = Truths(can_equal, (a.true and b.false) or (a.false and b.true))
        case _:
            return Truths()
    return same if sign == "==" else Truths(same.false, same.true)


def _compared(sign: str, a: Numbers, b: Numbers) -> Truths:
    a_max_b_min = None if a.high is None or b.low is None else a.high - b.low
    b_max_a_min = None if b.high is None or a.low is None else b.high - a.low
    match sign:
        case "<":  # surely false when a.low >= b.high; surely true when a.high < b.low
            return Truths(b_max_a_min is None or b_max_a_min > 0, a_max_b_min is None or a_max_b_min >= 0)
        case "<=":
            return Truths(b_max_a_min is None or b_max_a_min >= 0, a_max_b_min is None or a_max_b_min > 0)
        case ">":
            return _compared("<", b, a)
        case ">=":
            return _compared("<=", b, a)
        case _:
            meets = (a_max_b_min is None or a_max_b_min >= 0) and (b_max_a_min is None or b_max_a_min >= 0)
            only = a.low is not None and a.low == a.high == b.low == b.high
            return Truths(meets, not only) if sign == "==" else Truths(not only, meets)


def _sized(x: Numbers) -> Numbers:
    """The range without those of its ends that are too long to reckon with: it only grows."""
    return Numbers(None if _long(x.low) else x.low, None if _long(x.high) else x.high)


def _long(x: Fraction | None) -> bool:
    return x is not None and max(x.numerator.bit_length(), x.denominator.bit_length()) > _BITS_LIMIT


def _add(a: Fraction | None, b: Fraction | None) -> Fraction | None:
    return None if a is None or b is None else a + b


def _negated(x: Numbers) -> Numbers:
    return Numbers(None if x.high is None else -x.high, None if x.low is None else -x.low)


def _floor(x: Fraction | None) -> Fraction | None:
    return None if x is None else Fraction(x.numerator // x.denominator)


def _least(bounds: list[Fraction | None]) -> Fraction | None:
    """The least of lower bounds: no bound where one has none."""
    stated = [b for b in bounds if b is not None]
    return min(stated) if len(stated) == len(bounds) else None


def _least_bound(bounds: list[Fraction | None]) -> Fraction | None:
    """The least of upper bounds: one that is stated holds for all."""
    stated = [b for b in bounds if b is not None]
    return min(stated) if stated else None


_INFINITE = (None, "+", "-")


def _product(a: Numbers, b: Numbers) -> Numbers:
    """Corners of the box; an unbounded side times zero stays zero, as a bound is never reached there."""
    lows: list[Fraction | None] = []
    highs: list[Fraction | None] = []
    for x, x_sign in ((a.low, -1), (a.high, 1)):
        for y, y_sign in ((b.low, -1), (b.high, 1)):
            if x is not None and y is not None:
                lows.append(x * y)
                highs.append(x * y)
            elif x == 0 or y == 0:
                lows.append(Fraction(0))
                highs.append(Fraction(0))
            else:
                sign = (x_sign if x is None else (1 if x > 0 else -1)) * (y_sign if y is None else (1 if y > 0 else -1))
                (highs if sign > 0 else lows).append(None)
    return Numbers(_least(lows), None if None in highs else max(h for h in highs if h is not None))


def _quotient(a: Numbers, b: Numbers) -> Numbers:
    if (b.low is None or b.low < 0) and (b.high is None or b.high > 0):
        return ANYTHING  # the divisor changes sign
    if b.low is not None and b.low >= 0:
        inverse = Numbers(
            Fraction(0) if b.high is None else 1 / b.high if b.high else None,
            None if b.low == 0 else 1 / b.low,
        )
    else:
        assert b.high is not None
        inverse = Numbers(
            None if b.high == 0 else 1 / b.high,
            Fraction(0) if b.low is None else 1 / b.low if b.low else None,
        )
    return _product(a, inverse)
