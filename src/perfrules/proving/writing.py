"""Candidates as records: on the grids of their inputs, with numbers that a person takes in, as a person would type them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from fractions import Fraction
from functools import partial
from typing import Any

from attrs import evolve

from perfrules import model
from perfrules.model import Datum, Hole, Record, Scheme
from perfrules.numbers import published, rounded
from perfrules.readings.proof.claims import Candidate, Claim

INAPPLICABLE = "不适用"
PLACES = (0, 1, 2, 3, 4, 6, 9)
"""To how many decimal places a number without a grid of its own is rounded, until it still shows what it should."""
SIMPLE = tuple(Fraction(x) for x in (100, 1, 0, 10, 50))
"""Numbers that a person takes in at a glance."""
NEUTRAL = "甲"
"""A text that means nothing."""
A_DAY = date(2024, 1, 1)
"""A day like any other."""


def record_of(candidate: Candidate) -> Record:
    """A candidate as a record, unread."""
    cells = {n: model.Cell(v) for n, v in candidate.cells.items()}
    rows = {
        kind: tuple(model.Row(i, str(i), {n: model.Cell(v) for n, v in row.items()}) for i, row in enumerate(found, 1))
        for kind, found in candidate.rows.items()
    }
    return Record("", cells, rows, stage=candidate.stage)


def moved(candidate: Candidate, claim: Claim) -> Candidate:
    """The second of two records that differ in one input."""
    assert candidate.second is not None
    name, value = candidate.second
    if name in candidate.cells:
        return evolve(candidate, cells={**candidate.cells, name: value})
    kind = claim.of.path
    first, *rest = candidate.rows[kind]
    return evolve(candidate, rows={**candidate.rows, kind: ({**first, name: value}, *rest)})


def input_of(scheme: Scheme, claim: Claim, name: str) -> model.Input:
    """The input, or the column of the rows that a claim is about."""
    return scheme.rows[claim.of.path].column(name) if claim.of.block else scheme.inputs[name]


def snapped(scheme: Scheme, candidate: Candidate) -> Iterator[Candidate]:
    """The candidate on the grids of its inputs: those that have none of their own ever finer, all amounts a hundred and
    ten thousand times as large (a ratio is the same then), and last as it is."""
    seen: list[Candidate] = []
    for times in (1, 100, 10_000):
        for places in PLACES:
            made = _snapped(scheme, candidate, places, times)
            if made not in seen:
                seen.append(made)
                yield made
    if candidate not in seen:
        yield candidate


def _snapped(scheme: Scheme, candidate: Candidate, places: int, times: int) -> Candidate:
    def placed(its: model.Input, value: Datum | Hole) -> Datum | Hole:
        return _on_grid(its, value, places, times)

    cells = {n: placed(scheme.inputs[n], v) for n, v in candidate.cells.items()}
    rows = {
        kind: tuple({n: placed(scheme.rows[kind].column(n), v) for n, v in row.items()} for row in found)
        for kind, found in candidate.rows.items()
    }
    benchmarks = {n: v if isinstance(v, Hole) else rounded(v, places) for n, v in candidate.benchmarks.items()}
    second = candidate.second
    if second is not None:
        columns = [scheme.rows[kind].columns for kind in rows]
        its = scheme.inputs.get(second[0]) or next(c for found in columns for c in found if c.name == second[0])
        value = placed(its, second[1])
        assert not isinstance(value, Hole)
        second = (second[0], value)
    return evolve(candidate, cells=cells, rows=rows, benchmarks=benchmarks, second=second)


def _on_grid(its: model.Input, value: Datum | Hole, places: int, times: int) -> Datum | Hole:
    if not isinstance(value, Fraction):
        return value
    pure = its.unit is not None and not its.unit.dimension
    scale = Fraction(1) if pure else its.scale
    own = rounded(value / scale * (1 if pure else times), places if its.decimals is None else its.decimals)
    if isinstance(its.low, Fraction) and own < its.low:
        own = its.low
    if isinstance(its.high, Fraction) and own > its.high:
        own = its.high
    return own * scale


def changes(scheme: Scheme, candidate: Candidate) -> Iterator[Callable[[Candidate], Candidate | None]]:
    """Changes of one cell each that make a record easier to take in: without what is not needed, then simpler numbers."""
    for kind, found in candidate.rows.items():
        for place, row in enumerate(found):
            for name in row:
                for value in _simpler(scheme.rows[kind].column(name), row[name]):
                    yield partial(_with_row_cell, kind=kind, place=place, name=name, value=value)
    for name, before in candidate.cells.items():
        for value in _simpler(scheme.inputs[name], before):
            yield partial(_with_simpler, scheme=scheme, name=name, value=value)


def _with_row_cell(candidate: Candidate, kind: str, place: int, name: str, value: Datum | Hole) -> Candidate | None:
    rows = list(candidate.rows[kind])
    if isinstance(rows[place].get(name), Hole | None) and isinstance(value, Hole):
        return None
    rows[place] = {**rows[place], name: value}
    return evolve(candidate, rows={**candidate.rows, kind: tuple(rows)})


def _with_simpler(candidate: Candidate, scheme: Scheme, name: str, value: Datum | Hole) -> Candidate | None:
    its, before = scheme.inputs[name], candidate.cells[name]
    if _size(its, value) >= _size(its, before):
        return None
    return evolve(candidate, cells={**candidate.cells, name: value})


def _size(its: model.Input, value: Datum | Hole) -> int:
    """How hard a value is to take in; a hundred is as easy as one, and a hole where none need be is hard."""
    match value:
        case Hole():
            return 0 if its.optional else 99
        case Fraction():
            own = value / (its.scale if its.unit is None or its.unit.dimension else Fraction(1))
            return SIMPLE.index(own) if own in SIMPLE else 10 + len(published(own))
        case str():
            return 1 if value == NEUTRAL else 2
        case _:
            return 1


def _simpler(its: model.Input, value: Datum | Hole) -> Iterator[Datum | Hole]:
    """Values in place of another that may be easier to take in, the easiest first."""
    if its.optional:
        yield model.MISSING
        if isinstance(value, Hole):
            return
    if its.kind == "text":
        yield NEUTRAL
    if its.kind == "measure" and not isinstance(value, Fraction):
        yield from (Fraction(1), Fraction(0), model.MISSING)
    if its.kind in ("number", "measure"):
        scale = its.scale if its.unit is None or its.unit.dimension else Fraction(1)
        for own in reversed(SIMPLE):
            low, high = its.low, its.high
            if (not isinstance(low, Fraction) or own >= low) and (not isinstance(high, Fraction) or own <= high):
                yield own * scale


def plainest(its: model.Input) -> Datum | Hole:
    """The value of an input that says least: none of what is counted, no, the first of its choices."""
    match its.kind:
        case "boolean":
            return False
        case "choice":
            return its.choices[0]
        case "text":
            return NEUTRAL
        case "date":
            return its.low if isinstance(its.low, date) else its.high if isinstance(its.high, date) else A_DAY
        case _:
            low, high = its.low or Fraction(0), its.high
            assert isinstance(low, Fraction)
            least = min(max(low, Fraction(0)), high) if isinstance(high, Fraction) else max(low, Fraction(0))
            return least * (its.scale if its.unit is None or its.unit.dimension else 1)


def written_down(scheme: Scheme, candidate: Candidate) -> dict[str, Any] | None:
    """The record as a person would type it; None where a number of it cannot be typed."""
    written: dict[str, Any] = {}
    for name in (n for n in scheme.inputs if n in candidate.cells):  # in the order of the form
        text = written_value(scheme.inputs[name], candidate.cells[name])
        if text is None:
            return None
        written[name] = text
    for kind, found in candidate.rows.items():
        rows = []
        for place, row in enumerate(found, start=1):
            made: dict[str, str] = {}
            its_name = scheme.rows[kind].name_column
            if its_name and isinstance(row.get(its_name), Hole | None):
                made[its_name] = f"第{place}行"
            for name, value in row.items():
                text = written_value(scheme.rows[kind].column(name), value)
                if text is None:
                    return None
                made.setdefault(name, text)
            rows.append({n: t for n, t in made.items() if t})
        written[kind] = rows
    return written


def written_value(its: model.Input, value: Datum | Hole) -> str | None:
    """A value as a person would type it: with its unit, a blank for what is missing; None where it has no end."""
    match value:
        case Hole(kind=kind):
            return INAPPLICABLE if kind == "not_applicable" else ""
        case bool():
            return "是" if value else "否"
        case Fraction():
            unit = its.unit
            if unit is not None:
                value = value / (its.scale if unit.dimension else unit.factor)
            number = published(value)
            return None if "/" in number else number + (unit.text if unit is not None else "")
        case date():
            return value.isoformat()
        case str():
            return value
