"""Records that show a finding: tried from bounds, landmarks and the numbers that formulas compare with."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from itertools import islice, product

from attrs import define

from perfrules import model
from perfrules.checking.forecast import Forecast, inputs_of
from perfrules.numbers import published
from perfrules.plan import Plan, RowBlock
from perfrules.ranges import (
    Numbers,
    Range,
    day,
)

DEFINITIONS_DEEP = 30
RESERVED = frozenset({"points", "score", "possible"})

TRIES = 240
LEAST_TRIES, EFFORT = 16, 2_400
"""What hangs on many steps is tried on fewer records: records times steps stay below the effort."""


@define
class Effort:
    """How many nodes may still be looked at in search of records, over a whole plan."""

    left: int = 400_000

    def spend(self, forecast: Forecast) -> bool:
        """Whether there is any left after this."""
        self.left -= forecast.work
        return self.left > 0


def witness(
    plan: Plan, target: str, block: RowBlock | None, wrong: Callable[[Numbers, Forecast], bool], effort: Effort
) -> tuple[Range, Mapping[str, str]] | None:
    if effort.left <= 0:
        return None
    for tried, given in enumerate(candidates(plan, target, block, effort), start=1):
        forecast = Forecast(plan, given, block, present=True)
        found = forecast.read(target)
        more = effort.spend(forecast)
        result = found.range
        single = isinstance(result, Numbers) and result.low is not None and result.low == result.high
        if isinstance(result, Numbers) and single and not found.holes and wrong(result, forecast):
            return result, told(plan, given, block)
        if not more or (tried >= LEAST_TRIES and tried * forecast.size >= EFFORT):
            return None
    return None


def falling_record(plan: Plan, arm: str, block: RowBlock | None, effort: Effort) -> Mapping[str, str] | None:
    if effort.left <= 0:
        return None
    for tried, given in enumerate(candidates(plan, arm, block, effort), start=1):
        forecast = Forecast(plan, given, block, present=True)
        found = forecast.read(arm)
        more = effort.spend(forecast)
        if found.range is None and found.holes == {"missing"} and forecast.reached.get(arm):
            return told(plan, given, block)
        if not more or (tried >= LEAST_TRIES and tried * forecast.size >= EFFORT):
            return None
    return None


def told(plan: Plan, given: Mapping[str, Fraction | bool | str | date], block: RowBlock | None) -> dict[str, str]:
    inputs = inputs_of(plan, block)
    words: dict[str, str] = {}
    for name, value in given.items():
        each = inputs[name]
        if isinstance(value, Fraction):
            if each.unit is not None and each.unit.text in ("%", "％"):
                words[name] = published(value * 100) + "%"
            elif each.kind == "date":
                words[name] = date.fromordinal(max(1, int(value))).isoformat()
            else:
                words[name] = published(value / each.scale) + (each.unit.text if each.unit else "")
        else:
            words[name] = ("是" if value else "否") if isinstance(value, bool) else str(value)
    return words


def candidates(
    plan: Plan, target: str, block: RowBlock | None, effort: Effort
) -> Iterator[dict[str, Fraction | bool | str | date]]:
    """Records to try: bounds, landmarks, and the numbers that the formulas themselves compare with."""
    touched: dict[str, None] = {}
    numbers: dict[Fraction, None] = {}
    forecast = Forecast(plan, block=block, present=True, touched=touched, numbers=numbers)
    forecast.read(target)
    effort.spend(forecast)
    inputs = inputs_of(plan, block)
    names = [n for n in touched if n in inputs]
    if block is not None:
        points = plan.scheme.rows[block.rows].points
        names += [n for n in (points.names if points else ()) if n in inputs and n not in names]
    choices: list[list[Fraction | bool | str | date]] = [_values(inputs[n], list(numbers)) for n in names]
    if not names:
        return
    size = 1
    for values in choices:
        size *= len(values)
    if size <= TRIES:
        for combination in product(*choices):
            yield dict(zip(names, combination, strict=True))
        return
    draw = random.Random(0)
    for first in islice(zip(*choices, strict=False), 8):
        yield dict(zip(names, first, strict=True))
    for _ in range(TRIES):
        yield {n: draw.choice(values) for n, values in zip(names, choices, strict=True)}


def _values(each: model.Input, numbers: list[Fraction]) -> list[Fraction | bool | str | date]:
    match each.kind:
        case "boolean":
            return [True, False]
        case "choice":
            return list(each.choices)
        case "text":
            return ["x"]
        case "date":
            low, high = each.low, each.high
            days = [day(d) for d in (low, high) if isinstance(d, date)]
            return list(days or [day(date(2023, 1, 1)), day(date(2023, 12, 31))])
        case _:
            low = each.low * each.scale if isinstance(each.low, Fraction) else None
            high = each.high * each.scale if isinstance(each.high, Fraction) else None
            landmarks = [*(Fraction(x) for x in (1, 0, 2, 100, 50, 10, 1000)), *numbers[:12]]
            landmarks += [n + d for n in numbers[:8] for d in (Fraction(1, 100), Fraction(-1, 100))]
            if low is None:
                landmarks.append(Fraction(-1))
            ends = [x for x in (low, high) if x is not None]
            inside = [x for x in landmarks if (low is None or x >= low) and (high is None or x <= high)]
            if each.decimals is not None:
                scale = 10**each.decimals
                inside = [x for x in inside if (x / each.scale * scale).denominator == 1]
            found: list[Fraction | bool | str | date] = [*dict.fromkeys([*ends, *inside])]
            return found[:14]
