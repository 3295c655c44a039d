"""Rational forms 有理式: what a formula comes to, as a hole and whole-number terms; and arithmetic on them.

A number is `factor` × `num` / `den`: a constant ratio, and two terms of which the lower is positive wherever the number is
read. So units, decimal places and percentages cost nothing, and only a quotient of data has a `den` at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from fractions import Fraction
from math import gcd
from typing import Literal

from attrs import evolve, field, frozen

from perfrules.rational.terms import Term, Terms

FormKind = Literal["number", "truth", "text", "date", "measure", "never"]
NUMBER, DAY, WORDS = 0, 1, 2
"""What a measure holds in its row."""
ZERO, ONE = Fraction(0), Fraction(1)


class Beyond(Exception):
    """Something that no rational form says; the exact reading has to."""


@frozen(eq=False)
class Form:
    """What a formula or step comes to: its `hole` (or none), and its value where there is none.

    A number is `factor` × `num` / `den`, between `low` and `high` where these are known; a truth's `num` is a condition, a
    text's a text, a date's its ordinal. A measure is a number, an ordinal (`num` is then `factor` too) or `words`, by `tag`.
    `split` is a condition and the two numbers that it chooses between, kept while one of them is a constant.
    """

    kind: FormKind
    hole: Term
    num: Term
    den: Term
    factor: Fraction = ONE
    low: Fraction | None = None
    high: Fraction | None = None
    tag: Term | None = None
    words: Term | None = None
    split: tuple[Term, Form, Form] | None = field(default=None, repr=False)

    @property
    def constant(self) -> Fraction | None:
        """The number that it always is, if it is one."""
        if not self.num.constant or not self.den.constant or self.kind != "number":
            return None
        return self.factor if self.num.value == 1 else self.factor * self.num.value


class Forms:
    """Arithmetic on forms; holes are the business of whoever evaluates (forms made here have that of `hole`)."""

    def __init__(self, terms: Terms) -> None:
        self.t = terms
        self.nothing = Form("never", terms.none, terms.zero, terms.one)

    # ------------------------------------------------------------------------------------------ making

    def number(self, value: Fraction) -> Form:
        """A constant."""
        num = self.t.one if value else self.t.zero
        return Form("number", self.t.none, num, self.t.one, value or ONE, value, value)

    def truth(self, condition: Term, hole: Term | None = None) -> Form:
        return Form("truth", hole or self.t.none, condition, self.t.one)

    def text(self, value: str) -> Form:
        return Form("text", self.t.none, self.t.text(value), self.t.one)

    def day(self, value: date) -> Form:
        return Form("date", self.t.none, self.t.number(value.toordinal()), self.t.one)

    def reached(self, form: Form, hole: Term) -> Form:
        """The same value, reached through a hole (or none)."""
        return form if form.hole is hole else evolve(form, hole=hole)

    def never(self, hole: Term) -> Form:
        """A hole and no value."""
        return evolve(self.nothing, hole=hole)

    def ratio(
        self, num: Term, den: Term, factor: Fraction, low: Fraction | None = None, high: Fraction | None = None
    ) -> Form:
        """A number of these parts, its bounds found where they are not given."""
        if num is self.t.zero:
            return self.number(ZERO)
        if num.constant and num is not self.t.one:
            num, factor = self.t.one, factor * num.value
        if num.op == "mul" and num.args[1].constant and den.constant:
            num, factor = num.args[0], factor * num.args[1].value
        if low is None:
            low = self._least(num, den, factor)
        if high is None:
            least = self._least(num, den, -factor)
            high = None if least is None else -least
        return Form("number", self.t.none, num, den, factor, low, high)

    def _least(self, num: Term, den: Term, factor: Fraction) -> Fraction | None:
        end = num.low if factor > 0 else num.high
        if end is None:
            return None
        if factor * end >= 0:
            return ZERO if den.high is None else factor * end / max(den.high, 1)
        return factor * end / max(den.low or 1, 1)

    # ------------------------------------------------------------------------------------------ arithmetic

    def _together(self, x: Form, y: Form) -> tuple[Term, Term, Term, Fraction]:
        """Two numbers as whole multiples of one unit: their numerators, their denominator, and the unit."""
        unit = _unit(x, y)
        a, b = (self.t.times(int(f.factor / unit), f.num) for f in (x, y))
        if x.den is y.den:
            return a, b, x.den, unit
        return self.t.mul(a, y.den), self.t.mul(b, x.den), self.t.mul(x.den, y.den), unit

    def add(self, x: Form, y: Form) -> Form:
        if x.constant == 0 or y.constant == 0:
            return y if x.constant == 0 else x
        a, b, den, unit = self._together(x, y)
        return self.ratio(self.t.add(a, b), den, unit, _both(x.low, y.low), _both(x.high, y.high))

    def subtract(self, x: Form, y: Form) -> Form:
        return self.add(x, self.negative(y))

    def negative(self, x: Form) -> Form:
        return self.scaled(x, Fraction(-1))

    def scaled(self, x: Form, by: Fraction) -> Form:
        """A constant times a number."""
        if by == 0:
            return self.number(ZERO)
        if x.constant is not None:
            return self.number(x.constant * by)
        low, high = (None if end is None else end * by for end in (x.low, x.high))
        low, high = (low, high) if by > 0 else (high, low)
        split = None if x.split is None else (x.split[0], self.scaled(x.split[1], by), self.scaled(x.split[2], by))
        return Form("number", self.t.none, x.num, x.den, x.factor * by, low, high, split=split)

    def multiply(self, x: Form, y: Form) -> Form:
        if x.constant is not None:
            return self.scaled(y, x.constant)
        if y.constant is not None:
            return self.scaled(x, y.constant)
        if x.num is y.den or y.num is x.den:
            num, den = (y.num, x.den) if x.num is y.den else (x.num, y.den)
            if num is den:
                return self.number(x.factor * y.factor)
            return self.ratio(num, den, x.factor * y.factor, *_products(x, y))
        return self.ratio(self.t.mul(x.num, y.num), self.t.mul(x.den, y.den), x.factor * y.factor, *_products(x, y))

    def divide(self, x: Form, y: Form) -> Form:
        """The quotient; that by zero is a hole, which is not seen to here."""
        if y.constant is not None:
            return self.scaled(x, 1 / y.constant) if y.constant else self.number(ZERO)
        num, den = self.t.mul(x.num, y.den), self.t.mul(x.den, y.num)
        if x.den is y.den:
            num, den = x.num, y.num
        if num is den:
            return self.number(x.factor / y.factor)
        if y.num.low is None or y.num.low < 0:
            below = self.t.less(y.num, self.t.zero)
            num = self.t.pick(below, self.t.negative(num), num)
            den = self.t.absolute(den)
        return self.ratio(num, den, x.factor / y.factor)

    def absolute(self, x: Form) -> Form:
        if x.constant is not None:
            return self.number(abs(x.constant))
        ends = None if x.low is None or x.high is None else max(abs(x.low), abs(x.high))
        return self.ratio(self.t.absolute(x.num), x.den, abs(x.factor), ZERO, ends)

    def floor(self, x: Form) -> Form:
        """The whole number not above."""
        if x.split is not None:
            return self._of_split(x, self.floor)
        low, high = (None if end is None else Fraction(end.__floor__()) for end in (x.low, x.high))
        if x.constant is not None:
            return self.number(Fraction(x.constant.__floor__()))
        num, den = self.t.times(x.factor.numerator, x.num), self.t.times(x.factor.denominator, x.den)
        return self.ratio(self.t.div(num, den), self.t.one, ONE, low, high)

    def round(self, x: Form, places: int) -> Form:
        """Half away from zero, to so many places."""
        if x.split is not None:
            return self._of_split(x, lambda each: self.round(each, places))
        made = self._rounded(x, places)
        if made.num.constant or made.den is not self.t.one:
            return made
        ends = [None if end is None else end / made.factor for end in (made.low, made.high)]
        low, high = ends if made.factor > 0 else reversed(ends)
        num = self.t.within(made.num, *(None if end is None else int(end) for end in (low, high)))
        return evolve(made, num=num)

    def _rounded(self, x: Form, places: int) -> Form:
        unit = Fraction(1, 10**places) if places >= 0 else Fraction(10**-places)
        if x.constant is not None:
            return self.number(_half_up(x.constant / unit) * unit)
        scale = x.factor / unit
        num, den = self.t.times(scale.numerator, x.num), self.t.times(scale.denominator, x.den)
        low, high = (None if end is None else _half_up(end / unit) * unit for end in (x.low, x.high))
        if den is self.t.one:
            return self.ratio(num, den, unit, low, high)
        if (x.low is not None and x.low >= 0) or (num.low is not None and num.low >= 0):
            return self.ratio(self._nearest(num, den), self.t.one, unit, low, high)
        if x.high is not None and x.high <= 0:
            up = self._nearest(self.t.negative(num), den)
            return self.ratio(up, self.t.one, -unit, low, high)
        below = self.t.less(num, self.t.zero)
        size = self._nearest(self.t.absolute(num), den)
        return self.ratio(self.t.pick(below, self.t.negative(size), size), self.t.one, unit, low, high)

    def _nearest(self, num: Term, den: Term) -> Term:
        """The whole number nearest to a ratio that is not negative, halves going up."""
        if den.constant and den.value % 2 == 0:
            return self.t.div(self.t.add(num, self.t.number(den.value // 2)), den)
        return self.t.div(self.t.add(self.t.times(2, num), den), self.t.times(2, den))

    def _of_split(self, x: Form, function: Callable[[Form], Form]) -> Form:
        assert x.split is not None
        condition, a, b = x.split
        return self.choose(condition, function(a), function(b))

    # ------------------------------------------------------------------------------------------ comparing, choosing

    def _sides(self, x: Form, y: Form) -> tuple[Term, Term]:
        a, b, _, _ = self._together(x, y)
        return a, b

    def less(self, x: Form, y: Form) -> Term:
        if x.high is not None and y.low is not None and x.high < y.low:
            return self.t.true
        if x.low is not None and y.high is not None and x.low >= y.high:
            return self.t.false
        return self.t.less(*self._sides(x, y))

    def at_most(self, x: Form, y: Form) -> Term:
        if x.high is not None and y.low is not None and x.high <= y.low:
            return self.t.true
        if x.low is not None and y.high is not None and x.low > y.high:
            return self.t.false
        return self.t.at_most(*self._sides(x, y))

    def equal(self, x: Form, y: Form) -> Term:
        return self.t.equal(*self._sides(x, y))

    def choose(self, condition: Term, x: Form, y: Form) -> Form:
        """`x` where a condition holds, else `y`; their holes are not looked at."""
        if condition.constant:
            return x if condition.value else y
        if condition.op == "not":
            return self.choose(condition.args[0], y, x)
        if x.kind == "never" or y.kind == "never":
            return y if x.kind == "never" else x
        if "measure" in (x.kind, y.kind):
            return self._choose_measure(condition, self.measure(x), self.measure(y))
        if x.kind != y.kind:
            raise Beyond(f"{x.kind} or {y.kind}")
        if x.kind != "number":
            return evolve(x, hole=self.t.none, num=self.t.pick(condition, x.num, y.num))
        return self._choose_number(condition, self._arm(x, condition, True), self._arm(y, condition, False))

    def _choose_number(self, condition: Term, x: Form, y: Form) -> Form:
        if x.constant is not None and x.constant == y.constant:
            return x
        low, high = _hull(x, y)
        unit = _unit(x, y)
        num = self.t.pick(condition, *(self.t.times(int(f.factor / unit), f.num) for f in (x, y)))
        den = self.t.pick(condition, x.den, y.den)
        made = self.ratio(num, den, unit, low, high)
        if x.constant is not None or y.constant is not None:
            arms = [evolve(f, hole=self.t.none) for f in (x, y)]
            return evolve(made, split=(condition, arms[0], arms[1]))
        return made

    @staticmethod
    def _arm(x: Form, condition: Term, holds: bool) -> Form:
        """A number where a condition is known to hold or fail."""
        while x.split is not None and x.split[0] is condition:
            _, one, other = x.split
            x = one if holds else other
        return x

    # ------------------------------------------------------------------------------------------ measures

    def measure(self, x: Form) -> Form:
        """A number or date as a measure."""
        match x.kind:
            case "measure":
                return x
            case "number":
                tag = NUMBER
            case "date":
                tag = DAY
            case _:
                raise Beyond(f"{x.kind} as a measure")
        return evolve(x, kind="measure", tag=self.t.number(tag), words=self.t.text(""), split=None, low=None, high=None)

    def _choose_measure(self, condition: Term, x: Form, y: Form) -> Form:
        number = self.choose(condition, evolve(x, kind="number"), evolve(y, kind="number"))
        assert x.tag is not None and y.tag is not None and x.words is not None and y.words is not None
        return evolve(
            number, kind="measure", low=None, high=None, split=None,
            tag=self.t.pick(condition, x.tag, y.tag), words=self.t.pick(condition, x.words, y.words),
        )  # fmt: skip

    def tagged(self, x: Form, tag: int) -> Term:
        """Whether a measure holds a number, a day or words; a number and a date are what they are."""
        if x.kind == "measure":
            assert x.tag is not None
            return self.t.equal(x.tag, self.t.number(tag))
        return self.t.truth(x.kind == ("number", "date", "text")[tag])


def _unit(x: Form, y: Form) -> Fraction:
    """The largest ratio of which the constant parts of two numbers are whole multiples."""
    if x.constant == 0 or y.constant == 0:
        return abs(y.factor if x.constant == 0 else x.factor)
    (p, q), (r, s) = ((f.factor.numerator, f.factor.denominator) for f in (x, y))
    return Fraction(gcd(p * s, r * q), q * s)


def _both(a: Fraction | None, b: Fraction | None) -> Fraction | None:
    return None if a is None or b is None else a + b


def _hull(x: Form, y: Form) -> tuple[Fraction | None, Fraction | None]:
    low = None if x.low is None or y.low is None else min(x.low, y.low)
    high = None if x.high is None or y.high is None else max(x.high, y.high)
    return low, high


def _products(x: Form, y: Form) -> tuple[Fraction | None, Fraction | None]:
    if x.low is None or x.high is None or y.low is None or y.high is None:
        if x.low is None or y.low is None or x.low < 0 or y.low < 0:
            return None, None
        return x.low * y.low, None
    ends = [a * b for a in (x.low, x.high) for b in (y.low, y.high)]
    return min(ends), max(ends)


def _half_up(x: Fraction) -> Fraction:
    size = (2 * abs(x) + 1) / 2
    return Fraction(size.__floor__() if x >= 0 else -size.__floor__())


def summed(forms: Forms, items: Sequence[Form]) -> Form:
    """The sum of numbers."""
    total = forms.number(ZERO)
    for item in items:
        total = forms.add(total, item)
    return total
