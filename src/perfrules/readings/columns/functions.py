"""What no arithmetic on columns says 函数: logarithms, powers, and statistics over items, record by record in Python's numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from perfrules import numbers
from perfrules.model import Hole
from perfrules.plan import Fold
from perfrules.plan.folding import statistic
from perfrules.rational import Call, Form, Term
from perfrules.rational.terms import CALL_LIMIT, DECIMAL_LIMIT
from perfrules.readings.columns.cells import HOLES
from perfrules.readings.columns.outputs import Array

_TRANSCENDENT: dict[str, Callable[..., Fraction]] = {"ln": numbers.ln, "exp": numbers.exp, "power": numbers.power}
_SCALE = 10**numbers.TRANSCENDENT_PLACES
Parts = tuple[Array, Array, Array, Array]
"""The hole, numerator and denominator by line, and where these grew beyond what terms say."""
_UNDEFINED = Hole("undefined")


def called(call: Call, given: Sequence[Any], count: int) -> Parts:
    """What a call comes to, line by line."""
    columns = [np.broadcast_to(np.asarray(x, dtype=object), count) for x in given]
    lines = zip(*columns, strict=True) if columns else [()] * count
    if call.function == "ranked":
        fold, factors = call.told
        return _parts([_ranked(fold, factors, cells) for cells in lines], CALL_LIMIT)
    return _parts([_transcendent(call, cells) for cells in lines], DECIMAL_LIMIT)


def _ranked(fold: Fold, factors: Sequence[Fraction], cells: Sequence[Any]) -> Fraction | Hole:
    entered = [
        (factor * Fraction(num, den), Fraction(1))
        for factor, inside, num, den in zip(factors, cells[::3], cells[1::3], cells[2::3], strict=True)
        if inside and den > 0  # otherwise nobody reads what it comes to
    ]
    value = statistic(fold, entered) if entered else _UNDEFINED
    assert isinstance(value, Fraction | Hole)
    return value


def _transcendent(call: Call, cells: Sequence[Any]) -> Fraction | Hole:
    """So many of the last decimal that these functions are rounded to."""
    try:
        given = [f * Fraction(n, d) for f, n, d in zip(call.told, cells[::2], cells[1::2], strict=True)]
        value: Fraction = _TRANSCENDENT[call.function](*given) * _SCALE
        return value
    except (ValueError, ZeroDivisionError):  # a denominator of zero stands where nobody reads
        return _UNDEFINED


def folded(
    fold: Fold, item: Form, weight: Form | None, value: Callable[[Term], Any], within: Array, owner: Array, count: int
) -> Parts:
    """A fold over the rows of each record, row by row."""

    def numbers_of(form: Form) -> list[Fraction]:
        num, den = (
            np.broadcast_to(np.asarray(value(t), dtype=object), within.shape)[within] for t in (form.num, form.den)
        )
        return [form.factor * Fraction(n, d) if d > 0 else Fraction(0) for n, d in zip(num, den, strict=True)]

    items = numbers_of(item)
    weights = [Fraction(1)] * len(items) if weight is None else numbers_of(weight)
    entered: list[list[tuple[Fraction, Fraction]]] = [[] for _ in range(count)]
    for record, pair in zip(owner[within].tolist(), zip(items, weights, strict=True), strict=True):
        entered[record].append(pair)
    found: list[Fraction | Hole] = []
    for each in entered:
        made = statistic(fold, each) if each else Fraction(0) if fold.empty_is_zero else _UNDEFINED
        assert isinstance(made, Fraction | Hole)
        found.append(made)
    return _parts(found, CALL_LIMIT)


def _parts(found: Sequence[Fraction | Hole], limit: int) -> Parts:
    size = len(found)
    hole = np.fromiter((HOLES.index(x.kind) if isinstance(x, Hole) else 0 for x in found), np.int8, size)
    num, den = np.empty(size, object), np.empty(size, object)
    num[:] = [0 if isinstance(x, Hole) else x.numerator for x in found]
    den[:] = [1 if isinstance(x, Hole) else x.denominator for x in found]
    heavy = np.fromiter((abs(n) > limit or d > limit for n, d in zip(num, den, strict=True)), bool, size)
    return hole, num, den, heavy
