"""What compiled plans call: functions that no whole-number expression says, benchmarks, and folds over rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from attrs import frozen

from perfrules import numbers
from perfrules.model import Datum, Frozen, Hole, Row
from perfrules.plan import Fold
from perfrules.plan.folding import fold, group_of, statistic
from perfrules.rational import Beyond
from perfrules.rational.terms import CALL_LIMIT, DECIMAL_LIMIT
from perfrules.readings.compiled.values import Reader

Parts = tuple[Hole | None, int, int]
"""What a call or fold comes to: its hole or None, numerator, denominator."""
_UNDEFINED: Parts = (Hole("undefined"), 0, 1)
_SCALE = 10**numbers.TRANSCENDENT_PLACES


def _transcendent(function: Callable[..., Fraction]) -> Callable[..., Parts]:
    def called(factors: Sequence[Fraction], *parts: int) -> Parts:
        try:
            given = [f * Fraction(n, d) for f, n, d in zip(factors, parts[::2], parts[1::2], strict=True)]
            value = function(*given)
        except (ValueError, ZeroDivisionError):  # a denominator of zero stands where nobody reads
            return _UNDEFINED
        num = (value * _SCALE).numerator
        if abs(num) > DECIMAL_LIMIT:
            raise Beyond("a power too large")
        return None, num, 1

    return called


def _ranked(told: tuple[Fold, Sequence[Fraction]], *parts: Any) -> Parts:
    """The largest, smallest or a quantile of those of some numbers that enter."""
    over, factors = told
    entered = [
        (f * Fraction(num, den), Fraction(1))
        for f, inside, num, den in zip(factors, parts[::3], parts[1::3], parts[2::3], strict=True)
        if inside and den > 0  # otherwise nobody reads what it comes to
    ]
    return _parts(statistic(over, entered)) if entered else _UNDEFINED


def _benchmark(
    told: tuple[str, str | None, Fraction | None], frozen: Mapping[str, Frozen], hole: Hole | None = None,
    num: Any = "", den: int = 1,
) -> Parts:  # fmt: skip
    """A frozen benchmark of the group that a record is in."""
    name, kind, factor = told
    found = frozen.get(name)
    value: Fraction | Hole | None = None
    if found is not None and hole is None:
        datum: Datum = num
        if kind == "number" and factor is not None:
            datum = factor * num / den
        elif kind == "date":
            datum = date.fromordinal(num)
        value = found.values.get(group_of(datum) or "")
    return _parts(Hole("missing", name) if value is None else value)


def _parts(value: Fraction | Hole) -> Parts:
    if isinstance(value, Hole):
        return value, 0, 1
    if abs(value.numerator) > CALL_LIMIT or value.denominator > CALL_LIMIT:
        raise Beyond("a number too large")
    return None, value.numerator, value.denominator


# ---------------------------------------------------------------------------------------------- rows

Seen = Sequence[tuple[Row, Sequence[Any]]]
"""The rows that enter, each with what it came to."""


@frozen(eq=False)
class Gathered:
    """A fold over rows: where each row's item and weight stand; `whole` where it comes to whole units of the item's."""

    fold: Fold
    item: Reader
    weight: Reader | None
    whole: bool


def _losing(hole: Hole, row: Row) -> Hole:
    """What is lost where nobody can tell whether a row enters."""
    return Hole("missing" if hole.kind == "not_applicable" else hole.kind, hole.name, f"#{row.number}")


def _fold_rows(gathered: Gathered, seen: Seen, lost: Hole | None) -> Parts:
    if lost is not None:
        return lost, 0, 1
    if gathered.whole and gathered.fold.statistic == "sum":
        return _sum_rows(gathered.fold, gathered.item, seen)
    columns: list[list[Datum | Hole]] = [[gathered.item.value(raw) for _, raw in seen], [], []]
    if gathered.weight is not None:
        columns[2] = [gathered.weight.value(raw) for _, raw in seen]
    value = fold(gathered.fold, columns)
    assert isinstance(value, Fraction | Hole)
    if gathered.whole and isinstance(value, Fraction):
        p, q = gathered.item.factor
        value = value * q / p
    return _parts(value)


def _sum_rows(over: Fold, item: Reader, seen: Seen) -> Parts:
    total, some = 0, False
    for _, raw in seen:
        hole = raw[item.hole]
        if hole is None:
            total, some = total + raw[item.num], True
        elif hole.kind != "not_applicable":
            return hole, 0, 1
    return (None, total, 1) if some or over.empty_is_zero else (Hole("undefined", over.name), 0, 1)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "call_ln": _transcendent(numbers.ln),
    "call_exp": _transcendent(numbers.exp),
    "call_power": _transcendent(numbers.power),
    "call_ranked": _ranked,
    "call_benchmark": _benchmark,
    "fold_rows": _fold_rows,
    "losing": _losing,
}
