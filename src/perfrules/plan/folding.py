"""Statistics 统计量 worked out: over items of a record, over its rows, and over a population once and for all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction

from perfrules import numbers
from perfrules.model import Datum, Frozen, Hole, Record
from perfrules.numbers import rounded
from perfrules.plan.steps import Cohort, Fold, Plan, Results

BITS_LIMIT, WORK_LIMIT = 20_000, 10**12
"""The size at which a number is no figure of this world any more, and how much time large ones may take of a record (the
sum of their squared sizes, some seconds); reaching either is undefined."""


def fold(fold: Fold, columns: Sequence[Sequence[Datum | Hole]]) -> Datum | Hole:
    """A statistic over items; `columns` are the items, whether each enters (or empty), and weights (or empty)."""
    items, where, weights = columns
    entered: list[tuple[Fraction, Fraction]] = []
    counted = 0
    for i, item in enumerate(items):
        chosen = where[i] if where else True
        if isinstance(chosen, Hole) and chosen.kind != "not_applicable":
            return chosen
        weight = weights[i] if weights else Fraction(1)
        if chosen is not True or any(isinstance(x, Hole) and x.kind == "not_applicable" for x in (item, weight)):
            continue
        if isinstance(item, Hole):
            return item
        if isinstance(weight, Hole):
            return weight
        if fold.statistic == "count":
            counted += item is True
        elif isinstance(item, Fraction) and isinstance(weight, Fraction):
            entered.append((item, weight))
        else:  # a measure that is a date or words in its row
            return Hole("undefined", fold.name)
    if fold.statistic == "count":
        return Fraction(counted)
    if not entered:
        return Fraction(0) if fold.empty_is_zero else Hole("undefined", fold.name)
    return statistic(fold, entered)


def statistic(fold: Fold, entered: Sequence[tuple[Fraction, Fraction]]) -> Fraction | Hole:
    """A statistic (not a count) over what entered, one item at least, each with its weight."""
    values = sorted(v for v, _ in entered)
    match fold.statistic:
        case "sum":
            total = _sum(values)
            return Hole("undefined", fold.name) if total is None else total
        case "mean":
            weight = _sum([w for _, w in entered])
            total = _sum([v * w for v, w in entered])
            return total / weight if weight and total is not None else Hole("undefined", fold.name)
        case "min":
            return values[0]
        case "max":
            return values[-1]
        case "largest" | "smallest":
            assert fold.k is not None
            if fold.k > len(values):
                return Hole("undefined", fold.name)
            return values[-fold.k] if fold.statistic == "largest" else values[fold.k - 1]
        case "quantile":
            assert fold.at is not None
            return _quantile(values, fold.at, fold.method == "linear")
        case _:
            raise AssertionError(fold.statistic)


def _sum(values: Sequence[Fraction]) -> Fraction | None:
    """The sum, or None where it grows beyond all measure; many rows of unrounded ratios grow it far."""
    total = Fraction(0)
    for value in values:
        total += value
        if max(total.numerator.bit_length(), total.denominator.bit_length()) > 10 * BITS_LIMIT:
            return None
    return total


def _quantile(values: list[Fraction], at: Fraction, linear: bool) -> Fraction:
    """Nearest rank: the least value that a share of `at` do not exceed. Linear: between ranks (the spreadsheet's INC)."""
    if linear:
        place = at * (len(values) - 1)
        low = place.numerator // place.denominator
        high = min(low + 1, len(values) - 1)
        return values[low] + (values[high] - values[low]) * (place - low)
    rank = -((-at * len(values)).__floor__())
    return values[max(rank, 1) - 1]


def freeze(
    plan: Plan, records: Sequence[Record], evaluate: Callable[[Record, Mapping[str, Frozen]], Results]
) -> dict[str, Frozen]:
    """The benchmarks over a population, layer by layer; records without the item are left out and counted.

    `evaluate` gives what a record comes to with the benchmarks frozen so far.
    """
    frozen: dict[str, Frozen] = {}
    layers: dict[int, list[Cohort]] = {}
    for cohort in plan.cohorts:
        layers.setdefault(cohort.layer, []).append(cohort)
    for _, cohorts in sorted(layers.items()):
        before = dict(frozen)
        values = [evaluate(record, before).values for record in records]
        frozen |= {c.name: _frozen(c, [r.id for r in records], values) for c in cohorts}
    return frozen


def _frozen(cohort: Cohort, ids: Sequence[str], records: Sequence[Mapping[str, Datum | Hole]]) -> Frozen:
    groups: dict[str, list[Mapping[str, Datum | Hole]]] = {}
    put_in: list[list[str]] = []
    left_out = 0
    (item,) = cohort.fold.items
    for name, values in zip(ids, records, strict=True):
        parts = [item, *cohort.fold.where, *cohort.fold.weights, *([cohort.by] if cohort.by else [])]
        if any(isinstance(v := values[p], Hole) and v.kind != "not_applicable" for p in parts):
            left_out += 1
            continue
        group = group_of(values[cohort.by]) if cohort.by else ""
        if group is None:
            continue
        groups.setdefault(group, []).append(values)
        put_in.append([name, *(_written(values[p]) for p in parts)])
    found: dict[str, Fraction | Hole] = {}
    for group, members in sorted(groups.items()):
        columns = [
            [m[p] for m in members for p in names]
            for names in (cohort.fold.items, cohort.fold.where, cohort.fold.weights)
        ]
        value = fold(cohort.fold, columns)
        if isinstance(value, Fraction) and cohort.round is not None:
            value = rounded(value, cohort.round.places, cohort.round.mode)
        assert isinstance(value, Fraction | Hole)
        found[group] = value
    digest = hashlib.sha256(json.dumps(sorted(put_in), ensure_ascii=False).encode()).hexdigest()
    return Frozen(cohort.name, found, len(put_in), left_out, digest)


def group_of(value: Datum | Hole) -> str | None:
    """The name of the group that a value puts a record in; None for a record that is in none."""
    return None if isinstance(value, Hole) else _written(value)


def _written(value: Datum | Hole) -> str:
    match value:
        case Hole(kind=kind):
            return kind
        case Fraction():
            return numbers.published(value)
        case date():
            return value.isoformat()
        case _:
            return str(value)
