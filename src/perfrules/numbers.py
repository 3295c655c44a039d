"""Exact numbers in and out, rounding, and units. A number here is a `Fraction` and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from attrs import frozen

RoundingMode = Literal["half_up", "down", "up"]
DIGITS_LIMIT = 40
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")


def exact(value: int | float | Decimal | Fraction | str) -> Fraction:
    """The rational that a number stands for; a float means its shortest decimal form (`repr`).

    Raises ValueError for NaN, infinities, booleans, text that is no plain number, and more than 40 digits.
    """
    match value:
        case bool():
            raise ValueError("a boolean is not a number")
        case Fraction():
            return value
        case int():
            if abs(value) >= 10**DIGITS_LIMIT:
                raise ValueError("more than 40 digits")
            return Fraction(value)
        case float() | Decimal():
            decimal = Decimal(repr(value)) if isinstance(value, float) else value
            if not decimal.is_finite():
                raise ValueError("not a finite number")
            if abs(decimal.adjusted()) > DIGITS_LIMIT or len(decimal.as_tuple().digits) > DIGITS_LIMIT:
                raise ValueError("more than 40 digits")
            return Fraction(decimal)
        case str():
            if not _PLAIN.fullmatch(value):
                raise ValueError(f"not a number: {value[:40]!r}")
            if sum(c.isdigit() for c in value) > DIGITS_LIMIT:
                raise ValueError("more than 40 digits")
            return Fraction(Decimal(value))


def published(value: Fraction) -> str:
    """The published form of a number: a decimal string where it terminates, else `"n/d"`."""
    numerator, denominator = value.numerator, value.denominator
    twos = (denominator & -denominator).bit_length() - 1
    fives, rest = _fives(denominator >> twos)
    if rest != 1:
        return f"{digits(numerator)}/{digits(denominator)}"
    places = max(twos, fives)
    if places == 0:
        return digits(numerator)
    scaled = abs(numerator) * 10**places // denominator
    text = digits(scaled).rjust(places + 1, "0")
    return ("-" if numerator < 0 else "") + text[:-places] + "." + text[-places:]


def digits(n: int) -> str:
    """A whole number as text; Python's own conversion refuses numbers of more than 4,300 digits."""
    return str(n) if n.bit_length() < 10_000 else f"{Decimal(n):f}"


def _fives(n: int) -> tuple[int, int]:
    """How often five divides a number, and what is left: by squares, as a denominator may be huge."""
    powers = [(1, 5)]
    while n % powers[-1][1] == 0:
        powers.append((powers[-1][0] * 2, powers[-1][1] ** 2))
    count = 0
    for times, five in reversed(powers):
        if n % five == 0:
            count, n = count + times, n // five
    return count, n


def rounded(value: Fraction, places: int, mode: RoundingMode = "half_up") -> Fraction:
    """The number to so many decimal places; half away from zero 四舍五入 unless towards (`down`) or away from (`up`) zero."""
    scale = 10**places if places >= 0 else Fraction(1, 10**-places)
    scaled = abs(value) * scale
    whole, rest = scaled.numerator // scaled.denominator, scaled - scaled.numerator // scaled.denominator
    if (mode == "half_up" and rest * 2 >= 1) or (mode == "up" and rest > 0):
        whole += 1
    return Fraction(whole if value >= 0 else -whole) / scale


TRANSCENDENT_PLACES = 30
"""Decimal places to which `ln`, `exp` and `power` are correctly rounded (half away from zero)."""
_EXPONENT_LIMIT = 1000
_OPERAND_BITS, _POWER_BITS = 4000, 2000
"""The largest number that these read, and the largest power they come to (about what `exp` can), in bits."""


def ln(x: Fraction) -> Fraction:
    """The natural logarithm, correctly rounded to 30 decimals. Raises ValueError unless x > 0."""
    if x <= 0 or _bits(x) > _OPERAND_BITS:
        raise ValueError("ln of a number that is not positive, or too large")
    return Fraction(0) if x == 1 else _settled(lambda context: _quotient_ln(x, context))


def exp(x: Fraction) -> Fraction:
    """e to the power of x, correctly rounded to 30 decimals. Raises ValueError beyond ±1000."""
    if abs(x) > _EXPONENT_LIMIT or _bits(x) > _OPERAND_BITS:
        raise ValueError("an exponent beyond 1000, or of too many digits")
    return Fraction(1) if x == 0 else _settled(lambda context: context.exp(_divided(x, context)))


def power(x: Fraction, y: Fraction) -> Fraction:
    """x to the power of y, correctly rounded to 30 decimals; a whole y is exact before rounding.

    Raises ValueError for a negative x with a broken y, 0 to a negative power, exponents beyond 1000, and powers of
    more than some 600 digits.
    """
    if abs(y) > _EXPONENT_LIMIT or (x == 0 and y < 0) or (x < 0 and y.denominator != 1):
        raise ValueError("no such power")
    if max(_bits(x), _bits(y)) > _OPERAND_BITS or (abs(y) * _bits(x) > _POWER_BITS and abs(x) not in (0, 1)):
        raise ValueError("a power too large")
    if y.denominator == 1:
        return rounded(x**y.numerator, TRANSCENDENT_PLACES)
    if x in (0, 1):
        return x
    root = _root(x, y)
    if root is not None:
        return rounded(root, TRANSCENDENT_PLACES)
    return _settled(lambda context: context.exp(context.multiply(_divided(y, context), _quotient_ln(x, context))))


def _bits(x: Fraction) -> int:
    return max(x.numerator.bit_length(), x.denominator.bit_length())


def _divided(x: Fraction, context: Context) -> Decimal:
    return context.divide(Decimal(x.numerator), Decimal(x.denominator))


def _quotient_ln(x: Fraction, context: Context) -> Decimal:
    return context.subtract(context.ln(Decimal(x.numerator)), context.ln(Decimal(x.denominator)))


def _root(x: Fraction, y: Fraction) -> Fraction | None:
    """x to the power of y where that is rational: such a value may be an exact tie, which no approximation settles."""
    numerator, denominator = (_whole_root(n, y.denominator) for n in (x.numerator, x.denominator))
    return None if numerator is None or denominator is None else Fraction(numerator, denominator) ** y.numerator


def _whole_root(n: int, k: int) -> int | None:
    if n < 2:
        return n
    if k >= n.bit_length():
        return None
    root = 1 << -(-n.bit_length() // k)  # not below it; Newton's steps then never pass it
    while (nearer := ((k - 1) * root + n // root ** (k - 1)) // k) < root:
        root = nearer
    return root if root**k == n else None


def _settled(approximate: Callable[[Context], Decimal]) -> Fraction:
    """A value that is no rational number, rounded when all its neighbours within the error round the same."""
    digits = 80
    while True:
        context = Context(prec=digits, Emax=10**6, Emin=-(10**6))
        approximation = approximate(context)
        value = Fraction(approximation)
        error = (abs(value) + 1) / Fraction(10) ** (digits - 12)
        low, high = (rounded(v, TRANSCENDENT_PLACES) for v in (value - error, value + error))
        if low == high:
            return low
        digits = max(digits, approximation.adjusted() + TRANSCENDENT_PLACES) + 80


Dimension = tuple[tuple[str, int], ...]
"""What a quantity measures, as sorted (base, power) pairs; empty for a pure number."""


@frozen
class Unit:
    """A unit of measure 单位: its text, what it measures, and how many base units it is."""

    text: str
    dimension: Dimension
    factor: Fraction

    @property
    def percent(self) -> bool:
        """Whether a bare cell in this unit could be a percentage."""
        return self.text in PERCENT_UNITS


PERCENT_UNITS = frozenset({"%", "％", "个百分点", "百分点", "‰"})
BASES: dict[str, tuple[str, Fraction]] = {
    "元": ("元", Fraction(1)),
    "角": ("元", Fraction(1, 10)),
    "分钱": ("元", Fraction(1, 100)),
    "天": ("天", Fraction(1)),
    "日": ("天", Fraction(1)),
    "工作日": ("工作日", Fraction(1)),
    "周": ("天", Fraction(7)),
    "小时": ("天", Fraction(1, 24)),
    "分钟": ("天", Fraction(1, 1440)),
    "月": ("月", Fraction(1)),
    "个月": ("月", Fraction(1)),
    "季度": ("月", Fraction(3)),
    "年": ("月", Fraction(12)),
    "米": ("米", Fraction(1)),
    "厘米": ("米", Fraction(1, 100)),
    "毫米": ("米", Fraction(1, 1000)),
    "千米": ("米", Fraction(1000)),
    "公里": ("米", Fraction(1000)),
    "里": ("米", Fraction(500)),
    "平方米": ("平方米", Fraction(1)),
    "亩": ("平方米", Fraction(2000, 3)),
    "公顷": ("平方米", Fraction(10000)),
    "平方公里": ("平方米", Fraction(1000000)),
    "立方米": ("立方米", Fraction(1)),
    "方": ("立方米", Fraction(1)),
    "克": ("克", Fraction(1)),
    "千克": ("克", Fraction(1000)),
    "公斤": ("克", Fraction(1000)),
    "斤": ("克", Fraction(500)),
    "吨": ("克", Fraction(1000000)),
    "千瓦时": ("千瓦时", Fraction(1)),
    "度": ("千瓦时", Fraction(1)),
    "人": ("人", Fraction(1)),
    "名": ("人", Fraction(1)),
}
_PURE: dict[str, Fraction] = {
    "%": Fraction(1, 100),
    "％": Fraction(1, 100),
    "百分点": Fraction(1, 100),
    "个百分点": Fraction(1, 100),
    "‰": Fraction(1, 1000),
    "倍": Fraction(1),
    "分": Fraction(1),
    "": Fraction(1),
}
MULTIPLES = {
    "十": 10,
    "百": 100,
    "千": 1000,
    "万": 10**4,
    "十万": 10**5,
    "百万": 10**6,
    "千万": 10**7,
    "亿": 10**8,
}
_UNIT_TEXT = re.compile(r"[^\d\s,，.<>=≥≤+*()（）]{0,16}")


@lru_cache(maxsize=1024)
def unit(text: str) -> Unit:
    """The unit that a text names, such as `万元`, `%`, `元/人·月`; an unknown word is a unit of its own kind.

    Raises ValueError for text that cannot be a unit (digits, spaces, operators, more than 16 characters).
    """
    if not _UNIT_TEXT.fullmatch(text):
        raise ValueError(f"not a unit: {text[:40]!r}")
    over = text.split("/")
    powers: dict[str, int] = {}
    factor = Fraction(1)
    for place, part in enumerate(over):
        for word in re.split("[·・]", part):
            base, amount = _word(word)
            sign = 1 if place == 0 else -1
            factor *= amount if sign > 0 else 1 / amount
            if base:
                powers[base] = powers.get(base, 0) + sign
    return Unit(text, tuple(sorted((b, p) for b, p in powers.items() if p)), factor)


def _word(word: str) -> tuple[str, Fraction]:
    if word in _PURE:
        return "", _PURE[word]
    if word in BASES:
        return BASES[word]
    for prefix in sorted(MULTIPLES, key=len, reverse=True):
        rest = word.removeprefix(prefix)
        if rest != word and rest:
            base, amount = BASES.get(rest, (rest, Fraction(1)))
            return base, amount * MULTIPLES[prefix]
    return word, Fraction(1)
