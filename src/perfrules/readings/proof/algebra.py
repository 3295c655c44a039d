"""The operations of formulas over terms, in one z3 context; what a floor or a logarithm is stands beside, as side conditions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

import z3
from attrs import define, field

from perfrules.nodes import ArithmeticSign, ComparisonSign
from perfrules.ranges import Numbers
from perfrules.readings.proof.terms import (
    BITS_LIMIT,
    LAST_DAY,
    Condition,
    Day,
    Number,
    Term,
    Truth,
    Value,
    Word,
    both,
    chosen,
    either,
    hole,
    no,
    of_call,
    of_two,
    settled,
    span_of,
)

_UNDEFINED = hole("undefined")


@define(eq=False)
class Floor:
    """A whole number that is the floor of an expression."""

    whole: z3.ArithRef
    of: z3.ArithRef


@define(eq=False)
class Algebra:
    """Makes terms, and keeps what must hold of the constants that it brings in.

    `floors` are the whole numbers that stand for floors, `sides` all that holds of those and of other constants brought
    in, `vague` why a term says less than the exact reading does (a proof by it holds, a record must be tried).
    `brought_in` are the constants that another record has others of.
    """

    context: z3.Context = field(factory=z3.Context)
    words: dict[str, int] = field(factory=dict)
    floors: list[Floor] = field(factory=list)
    sides: list[z3.BoolRef] = field(factory=list)
    vague: set[str] = field(factory=set)
    brought_in: list[z3.ExprRef] = field(factory=list)
    _seen: dict[int, Floor] = field(factory=dict)
    _others: dict[int, z3.ExprRef] = field(factory=dict)
    _count: int = 0

    # ------------------------------------------------------------------------------------------ constants

    def real(self, value: Fraction) -> z3.ArithRef:
        """A number that is known."""
        return z3.RealVal(f"{value.numerator}/{value.denominator}", self.context)

    def number(self, value: Fraction) -> Number:
        """The same with what is known of it."""
        bits = value.numerator.bit_length() + value.denominator.bit_length()
        return Number(self.real(value), value, value, bits)

    def whole(self, value: int) -> z3.ArithRef:
        """A whole number that is known."""
        return z3.IntVal(value, self.context)

    def word(self, text: str) -> Word:
        """A text that is known."""
        code = self.words.setdefault(text, len(self.words))
        return Word(self.whole(code), text)

    def texts(self) -> Mapping[int, str]:
        """The texts that are known, by their numbers."""
        return {code: text for text, code in self.words.items()}

    def day(self, day: date) -> Day:
        """A date that is known."""
        return Day(self.whole(day.toordinal()))

    def truth(self, condition: Condition) -> Term:
        """A condition as a term."""
        return settled(Truth(condition))

    def fresh_truth(self, name: str) -> z3.BoolRef:
        """A condition of which nothing is known."""
        made = z3.Bool(self._fresh(name), self.context)
        self.brought_in.append(made)
        return made

    def fresh_number(self, name: str, low: Fraction | None = None, high: Fraction | None = None) -> Number:
        """A number of which nothing is known but its bounds."""
        made = z3.Real(self._fresh(name), self.context)
        self.brought_in.append(made)
        if low is not None:
            self.sides.append(made >= self.real(low))
        if high is not None:
            self.sides.append(made <= self.real(high))
        return Number(made, low, high)

    def another(self, constant: z3.ExprRef) -> z3.ExprRef:
        """The constant of the second of two records that stands for one of the first."""
        key = constant.get_id()
        if key not in self._others:
            self._others[key] = z3.Const(f"{constant.decl().name()} more", constant.sort())
        return self._others[key]

    def _fresh(self, name: str) -> str:
        self._count += 1
        return f"{name}!{self._count}"

    # ------------------------------------------------------------------------------------------ arithmetic

    def negated(self, x: Value) -> Term:
        """`-x`."""
        if not isinstance(x, Number):
            return _UNDEFINED
        low = None if x.high is None else -x.high
        return settled(Number(-x.expression, low, None if x.low is None else -x.low, x.bits))

    def operated(self, sign: ArithmeticSign, left: Value, right: Value) -> Term:
        """`left sign right`."""
        left, right = self._dated(left, right)
        match left, right:
            case Number(), Number():
                return self._numbers(sign, left, right)
            case Day(a), Day(b) if sign == "-":
                days = z3.ToReal(a - b)
                return settled(Number(days, Fraction(1 - LAST_DAY), Fraction(LAST_DAY - 1), 64))
            case Day(), Number() if sign in "+-":
                return self._moved(left, right, 1 if sign == "+" else -1)
            case Number(), Day() if sign == "+":
                return self._moved(right, left, 1)
        return _UNDEFINED

    def _numbers(self, sign: ArithmeticSign, a: Number, b: Number) -> Term:
        if a.constant is not None and b.constant is not None and (sign != "/" or b.constant):
            x, y = a.constant, b.constant
            value = x + y if sign == "+" else x - y if sign == "-" else x * y if sign == "*" else x / y
            return settled(self.number(value))
        found = span_of(of_two(sign), a, b)
        span = found.range
        low, high = (span.low, span.high) if isinstance(span, Numbers) else (None, None)
        bits = a.bits + b.bits + 1
        match sign:
            case "+":
                expression = a.expression + b.expression
            case "-":
                expression = a.expression - b.expression
            case "*":
                expression = a.expression * b.expression
            case "/":
                if span is None:
                    return _UNDEFINED
                if b.constant is not None:
                    return self._sized(Number(a.expression * self.real(1 / b.constant), low, high, bits), False)
                expression = a.expression / b.expression
                zero: Condition = False
                if "undefined" in found.holes:  # what the solver divides by zero is anything: here it keeps to the span
                    zero = b.expression == 0
                    expression = z3.If(zero, self.real(low or high or Fraction(0)), expression)
                return self._sized(Number(expression, low, high, bits), zero)
        return self._sized(Number(expression, low, high, bits), False)

    def _sized(self, x: Number, undefined: Condition) -> Term:
        """A number, or undefined where that holds or where it may be too long to reckon with."""
        if x.bits > BITS_LIMIT:
            self.vague.add("size")
            undefined = either(undefined, self.fresh_truth("too long"))
            x = Number(x.expression, x.low, x.high, BITS_LIMIT)
        return Term(((True, x),), {"undefined": undefined} if undefined is not False else {})

    def _moved(self, day: Day, by: Number, way: int) -> Term:
        moved = day.expression + way * z3.ToInt(by.expression)
        fits = both(z3.IsInt(by.expression), moved >= 1, moved <= LAST_DAY)
        return Term(((True, Day(moved)),), {"undefined": no(fits)})

    def _dated(self, left: Value, right: Value) -> tuple[Value, Value]:
        """Quoted text beside a date is a date; it is left as it is where it names none, and meets no date then."""
        if isinstance(left, Day) and isinstance(right, Word):
            return left, self._as_day(right)
        if isinstance(right, Day) and isinstance(left, Word):
            return self._as_day(left), right
        return left, right

    def _as_day(self, word: Word) -> Value:
        try:
            return self.day(date.fromisoformat(word.literal or ""))
        except ValueError:
            return word

    # ------------------------------------------------------------------------------------------ comparisons

    def compared(self, sign: ComparisonSign, left: Value, right: Value) -> Term:
        """`left sign right`; undefined for two of different kinds."""
        left, right = self._dated(left, right)
        match left, right:
            case Number(), Number():
                return self.truth(self._related(sign, left, right))
            case Day(a), Day(b):
                return self.truth(_compared(sign, a, b))
            case Word(a), Word(b) if sign in ("==", "!="):
                return self.truth(_compared(sign, a, b))
            case Truth(a), Truth(b) if sign in ("==", "!="):
                return self.truth(_same(sign, a, b))
        return _UNDEFINED

    def _related(self, sign: ComparisonSign, a: Number, b: Number) -> Condition:
        below = a.high is not None and b.low is not None and a.high < b.low
        above = a.low is not None and b.high is not None and a.low > b.high
        if below or above:
            return {"<": below, "<=": below, ">": above, ">=": above, "==": False, "!=": True}[sign]
        not_above = a.high is not None and b.low is not None and a.high <= b.low
        not_below = a.low is not None and b.high is not None and a.low >= b.high
        if (sign == "<=" and not_above) or (sign == ">=" and not_below):
            return True
        if (sign == ">" and not_above) or (sign == "<" and not_below):
            return False
        return _compared(sign, a.expression, b.expression)

    # ------------------------------------------------------------------------------------------ primitives

    def called(self, function: str, *given: Value) -> Term:
        """A primitive but `round`."""
        numbers = [x for x in given if isinstance(x, Number)]
        if len(numbers) < len(given):
            return _UNDEFINED
        match function:
            case "min" | "max":
                best = numbers[0]
                for other in numbers[1:]:
                    best = self._extreme(function, best, other)
                return settled(best)
            case "abs":
                (x,) = numbers
                if x.low is not None and x.low >= 0:
                    return settled(x)
                flipped = z3.If(x.expression >= 0, x.expression, -x.expression)
                return settled(self._spanned(flipped, "abs", x))
            case "floor":
                return settled(self.floor(numbers[0]))
            case _:
                return self._transcendent(function, numbers)

    def _extreme(self, function: str, a: Number, b: Number) -> Number:
        less = self._related("<=" if function == "min" else ">=", a, b)
        if isinstance(less, bool):
            return a if less else b
        made = self._spanned(z3.If(less, a.expression, b.expression), function, a, b)
        return Number(made.expression, made.low, made.high, max(a.bits, b.bits))

    def _spanned(self, expression: z3.ArithRef, function: str, *of: Number) -> Number:
        span = span_of(of_call(function, len(of)), *of).range
        low, high = (span.low, span.high) if isinstance(span, Numbers) else (None, None)
        return Number(expression, low, high, of[0].bits)

    def floor(self, x: Number) -> Number:
        """The greatest whole number not above."""
        if x.constant is not None:
            return self.number(Fraction(x.constant.__floor__()))
        key = x.expression.get_id()
        floor = self._seen.get(key)
        if floor is None:
            floor = Floor(z3.Int(self._fresh("floor"), self.context), x.expression)
            self._seen[key] = floor
            self.brought_in.append(floor.whole)
        real = z3.ToReal(floor.whole)
        made = self._spanned(real, "floor", x)
        self.floors.append(floor)
        self.sides += [real <= x.expression, x.expression < real + 1]
        if made.low is not None:
            self.sides.append(floor.whole >= int(made.low))
        if made.high is not None:
            self.sides.append(floor.whole <= int(made.high))
        return made

    def rounded(self, x: Value, places: int) -> Term:
        """The number to so many places, half away from zero."""
        if not isinstance(x, Number):
            return _UNDEFINED
        scale, half = Fraction(10) ** places, Fraction(1, 2)
        up = self._shifted(x, scale, half)
        if x.low is not None and x.low >= 0:
            return settled(self._shifted(self.floor(up), 1 / scale, Fraction(0)))
        down = self._shifted(x, -scale, half)
        above, below = (
            self._shifted(self.floor(up), 1 / scale, Fraction(0)),
            self._shifted(self.floor(down), -1 / scale, Fraction(0)),
        )
        if x.high is not None and x.high <= 0:
            return settled(below)
        least = None if below.low is None or x.low is None else below.low
        most = above.high
        expression = z3.If(x.expression >= 0, above.expression, below.expression)
        return settled(Number(expression, least, most, x.bits + 2 * scale.numerator.bit_length()))

    def _shifted(self, x: Number, times: Fraction, plus: Fraction) -> Number:
        """A number times a known one, and a known one more."""
        expression = x.expression * self.real(times) + self.real(plus) if plus else x.expression * self.real(times)
        ends = sorted(e * times + plus for e in (x.low, x.high) if e is not None)
        low = high = None
        if len(ends) == 2:
            low, high = ends
        elif ends:
            low, high = (ends[0], None) if (x.low is not None) == (times > 0) else (None, ends[0])
        return Number(expression, low, high, x.bits + times.numerator.bit_length() + times.denominator.bit_length())

    def _transcendent(self, function: str, given: list[Number]) -> Term:
        """ln, exp, power: functions of which only the span is known, and where they are surely defined."""
        found = span_of(of_call(function, len(given)), *given)
        if found.range is None:
            return _UNDEFINED
        span = found.range
        low, high = (span.low, span.high) if isinstance(span, Numbers) else (None, None)
        if not found.holes and low is not None and low == high and all(x.constant is not None for x in given):
            return settled(self.number(low))
        self.vague.add(function)
        real = z3.RealSort(self.context)
        sorts = [real] * len(given)
        arguments = [x.expression for x in given]
        result = z3.Function(function, *sorts, real)(*arguments)
        undefined: Condition = False
        if found.holes:
            undefined = z3.Function(f"no {function}", *sorts, z3.BoolSort(self.context))(*arguments)
        for end, sign in ((low, ">="), (high, "<=")):
            if end is not None:
                inside = result >= self.real(end) if sign == ">=" else result <= self.real(end)
                self.sides.append(z3.Or(undefined, inside) if undefined is not False else inside)
        return Term(((True, Number(result, low, high, 4000)),), {"undefined": undefined} if found.holes else {})


def _compared(sign: ComparisonSign, a: z3.ArithRef, b: z3.ArithRef) -> Condition:
    match sign:
        case "<":
            return a < b
        case "<=":
            return a <= b
        case ">":
            return a > b
        case ">=":
            return a >= b
        case "==":
            return a == b
        case "!=":
            return a != b


def _same(sign: ComparisonSign, a: Condition, b: Condition) -> Condition:
    same = chosen(a, b, no(b))
    return same if sign == "==" else no(same)
