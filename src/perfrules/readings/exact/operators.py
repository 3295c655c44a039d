"""What signs and functions make of exact data: numbers stay rationals, days move by whole days, all else is undefined."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from perfrules import numbers
from perfrules.model import Hole
from perfrules.plan.folding import BITS_LIMIT


class Reached(Exception):
    """Evaluation reached a hole."""

    def __init__(self, hole: Hole) -> None:
        self.hole = hole
        super().__init__(hole)


def dates(left: Any, right: Any) -> tuple[Any, Any]:
    """Quoted text beside a date is a date; the words of a measure are none."""
    if type(left) is type(right):
        return left, right
    try:
        if isinstance(left, date) and isinstance(right, str):
            return left, date.fromisoformat(right)
        if isinstance(right, date) and isinstance(left, str):
            return date.fromisoformat(left), right
    except ValueError:
        raise undefined() from None
    return left, right


def undefined() -> Reached:
    """To be raised where an operator has no value."""
    return Reached(Hole("undefined"))


def _sized(value: Fraction) -> Fraction:
    if value.numerator.bit_length() > BITS_LIMIT or value.denominator.bit_length() > BITS_LIMIT:
        raise undefined()
    return value


def _numbers(left: Any, right: Any) -> None:
    """A measure that is a date in its row does no arithmetic but a difference."""
    if not isinstance(left, Fraction) or not isinstance(right, Fraction):
        raise undefined()


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, date):
        return _moved(left, right)
    if isinstance(right, date):
        return _moved(right, left)
    _numbers(left, right)
    return _sized(left + right)


def _subtract(left: Any, right: Any) -> Any:
    if isinstance(left, date) and isinstance(right, date):
        return Fraction((left - right).days)
    if isinstance(left, date):
        return _moved(left, negate(right))
    _numbers(left, right)
    return _sized(left - right)


def _moved(day: date, by: Any) -> date:
    if not isinstance(by, Fraction) or by.denominator != 1:
        raise undefined()
    try:
        return day + timedelta(days=by.numerator)
    except OverflowError:
        raise undefined() from None


def _multiply(left: Any, right: Any) -> Fraction:
    _numbers(left, right)
    return _sized(left * right)


def _divide(left: Any, right: Any) -> Fraction:
    _numbers(left, right)
    if right == 0:
        raise undefined()
    return _sized(left / right)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return _alike(compare, Fraction, date)


def _alike(compare: Callable[[Any, Any], bool], *kinds: type) -> Callable[[Any, Any], bool]:
    """A comparison of two of one kind; a measure may turn out to be of another in its row."""

    def compared(left: Any, right: Any) -> bool:
        if type(left) is not type(right) or type(left) not in kinds:
            raise undefined()
        return compare(left, right)

    return compared


def negate(x: Any) -> Fraction:
    """A number the other way."""
    if not isinstance(x, Fraction):
        raise undefined()
    return -x


OPERATORS: Mapping[str, Callable[..., Any]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "<": _ordered(lambda a, b: bool(a < b)),
    "<=": _ordered(lambda a, b: bool(a <= b)),
    ">": _ordered(lambda a, b: bool(a > b)),
    ">=": _ordered(lambda a, b: bool(a >= b)),
    "==": _alike(lambda a, b: bool(a == b), Fraction, date, str, bool),
    "!=": _alike(lambda a, b: bool(a != b), Fraction, date, str, bool),
}
"""What a sign between two makes of them; undefined is reached."""


def _strict(function: Callable[..., Fraction]) -> Callable[..., Fraction]:
    def checked(*given: Any) -> Fraction:
        if not all(isinstance(x, Fraction) for x in given):
            raise undefined()
        return function(*given)

    return checked


def _defined(function: Callable[..., Fraction]) -> Callable[..., Fraction]:
    """A function that is undefined where it raises ValueError."""

    def given(*arguments: Fraction) -> Fraction:
        try:
            return _sized(function(*arguments))
        except ValueError:
            raise undefined() from None

    return given


PRIMITIVES: Mapping[str, Callable[..., Fraction]] = {
    "min": _strict(min),
    "max": _strict(max),
    "abs": _strict(abs),
    "floor": _strict(lambda x: Fraction(x.__floor__())),
    "round": _strict(lambda x, places: numbers.rounded(x, int(places))),
    "ln": _strict(_defined(numbers.ln)),
    "exp": _strict(_defined(numbers.exp)),
    "power": _strict(_defined(numbers.power)),
}
TRANSCENDENT = ("ln", "exp", "power")
