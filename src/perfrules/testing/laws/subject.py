"""A scheme under test 被测体系: the records that laws try it on, what they come to, and the smallest that breaks a law."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any

from attrs import evolve, frozen

from perfrules import model, scoring, verbs
from perfrules.checking.forecast import Forecast
from perfrules.findings import RecordError, nearest
from perfrules.model import Cell, Datum, Hole, Input, Record, Row, Scheme, Scorecard
from perfrules.plan import Plan, RowBlock, behind
from perfrules.ranges import Numbers
from perfrules.readings import exact
from perfrules.records import record_from
from perfrules.testing.laws.verdicts import Breach
from perfrules.testing.needs import needed

Raw = Mapping[str, Any]
EXAMPLES = 60
BASES = 12
"""How many records a law starts from that changes each of them in many ways."""
_TOLD, _LOOKS = 4, 200
"""How many breaches of one law are made smaller, and how many records are looked at for each."""


class _EnoughError(BaseException):
    """So many records have been looked at; Hypothesis lets through what is no Exception."""


@frozen
class Touched:
    """The inputs that a step hangs on, and the numbers that the formulas on the way compare with."""

    inputs: tuple[str, ...]
    numbers: tuple[Fraction, ...]


class Subject:
    """One scheme under test; what is worked out once is kept for the laws that follow.

    `directions` say by node path and input which way a score may move, `cliffs` by node path how large a jump may be;
    both beside what the scheme itself declares.
    """

    def __init__(
        self,
        scheme: Scheme,
        *,
        examples: int = EXAMPLES,
        shrink: bool = True,
        directions: Mapping[str, Mapping[str, str]] | None = None,
        cliffs: Mapping[str, Any] | None = None,
    ) -> None:
        needed("hypothesis")
        if examples < 1:
            raise ValueError(f"examples is a number from 1, not {examples!r}")
        for path in (*(directions or {}), *(cliffs or {})):
            try:
                scheme.node(path)
            except KeyError:
                near = nearest(path, [n.path for n in scheme.tree.walk()])
                told = f"; the nearest is {near!r}" if near else ""
                raise ValueError(f"{scheme.id} has no node {path!r}{told}") from None
        self.scheme = scheme
        self.examples = examples
        self.shrink = shrink
        self.directions = directions or {}
        self.cliffs = cliffs or {}
        self.plan: Plan = scoring.plan(scheme)
        self.tried = 0
        self._cards: dict[str, Scorecard | None] = {}
        self._records: dict[str, Record | None] = {}
        self._slices: dict[str, Plan] = {}
        self._touched: dict[tuple[str, str], Touched] = {}

    # ------------------------------------------------------------------------------------------ records

    @cached_property
    def strategy(self) -> Any:
        """Records of the scheme, plain ones and ones on and beside its lines."""
        from hypothesis import strategies as st

        from perfrules.testing import strategies

        return st.one_of(strategies.records(self.scheme), strategies.near_lines(self.scheme))

    @cached_property
    def pool(self) -> tuple[Raw, ...]:
        """The records that every law looks at first: drawn once, the same ones in every run."""
        drawn: dict[str, Raw] = {}
        self._find(lambda raw: bool(drawn.update({_key(raw): raw})))
        return tuple(drawn.values())

    @cached_property
    def bases(self) -> tuple[Raw, ...]:
        """Some records of the pool to vary: those with the most nodes scored, so that there is something to see."""

        def scored(raw: Raw) -> int:
            card = self.card(raw)
            return -1 if card is None else sum(n.state == "scored" for n in card.nodes)

        return tuple(sorted(self.pool, key=scored, reverse=True)[:BASES])

    @cached_property
    def benchmarks(self) -> Mapping[str, model.Frozen]:
        """The scheme's benchmarks over the pool, so that what reads them has something to read."""
        if not self.scheme.benchmarks:
            return {}
        readable = [r for raw in self.pool if (r := self.record(raw)) is not None]
        return verbs.freeze(self.scheme, [evolve(r, id=str(i)) for i, r in enumerate(readable)])

    def _find(self, wrong: Callable[[Raw], bool]) -> Raw | None:
        """The smallest record found for which something is wrong; the same one in every run."""
        from hypothesis import HealthCheck, Phase, find, settings
        from hypothesis.errors import NoSuchExample

        quiet = settings(
            max_examples=self.examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        try:
            found: Raw = find(self.strategy, wrong, settings=quiet)
        except NoSuchExample:
            return None
        return found

    def record(self, raw: Raw) -> Record | None:
        """The record that is written; None where it cannot be read."""
        key = _key(raw)
        if key not in self._records:
            if len(self._records) > 4 * self.examples:
                self._records.clear()
            try:
                self._records[key] = record_from(self.scheme, raw)
            except RecordError:
                self._records[key] = None
        return self._records[key]

    def card(self, raw: Raw) -> Scorecard | None:
        """What a record comes to; None where it cannot be read."""
        key = _key(raw)
        if key not in self._cards:
            if len(self._cards) > 4 * self.examples:
                self._cards.clear()  # shrinking tries many that nobody asks for again
            self.tried += 1
            try:
                self._cards[key] = verbs.score(self.scheme, raw, trace=False, benchmarks=self.benchmarks)
            except RecordError:
                self._cards[key] = None
        return self._cards[key]

    def values(self, raw: Raw) -> Mapping[str, Datum | Hole]:
        """What every step came to for a record; nothing where it cannot be read."""
        card = self.card(raw)
        return {} if card is None else card.evidence.results.values

    # ------------------------------------------------------------------------------------------ breaches

    def breaches(
        self, wrong: Callable[[Raw], Iterable[Breach]], over: Sequence[Raw] | None = None, *, once: bool = False
    ) -> Iterator[Breach]:
        """Every breach over the pool (or `over`), one by subject, each with the smallest record that shows it.

        `once` where there is but one subject: the first breach is enough.
        """
        first: dict[str, Breach] = {}
        for raw in self.pool if over is None else over:
            for breach in wrong(raw):
                first.setdefault(breach.subject, breach)
            if once and first:
                break
        for place, breach in enumerate(first.values()):
            yield self._shrunk(breach, wrong) if self.shrink and place < _TOLD else breach

    def _shrunk(self, breach: Breach, wrong: Callable[[Raw], Iterable[Breach]]) -> Breach:
        """The same breach by the smallest of so many records that Hypothesis makes ever simpler."""
        seen: dict[str, Breach | None] = {}

        def same(raw: Raw) -> bool:
            key = _key(raw)
            if key not in seen:
                if len(seen) >= _LOOKS:
                    raise _EnoughError
                seen[key] = next((b for b in wrong(raw) if b.subject == breach.subject), None)
            return seen[key] is not None

        with suppress(_EnoughError):
            self._find(same)
        found = {key: b for key, b in seen.items() if b is not None}
        return found[min(found, key=lambda key: (len(key), key))] if found else breach

    # ------------------------------------------------------------------------------------------ one step at a time

    def touched(self, step: str, block: RowBlock | None = None) -> Touched:
        """What a step hangs on."""
        key = (step, block.name if block else "")
        if key not in self._touched:
            inputs: dict[str, None] = {}
            numbers: dict[Fraction, None] = {}
            Forecast(self.plan, block=block, touched=inputs, numbers=numbers).read(step)
            columns = {c.name for c in self.scheme.rows[block.rows].columns} if block else set()
            known = [n for n in inputs if n in self.scheme.inputs or n in columns]
            self._touched[key] = Touched(tuple(known), tuple(numbers))
        return self._touched[key]

    def holes(self, step: str, block: RowBlock | None = None) -> frozenset[str]:
        """The kinds of hole that a step can come to, as far as its formulas tell."""
        return frozenset(Forecast(self.plan, block=block).read(step).holes)

    def range(self, step: str) -> Numbers:
        """Between what a step's numbers lie, as far as its formulas tell."""
        found = Forecast(self.plan).read(step).range
        return found if isinstance(found, Numbers) else Numbers()

    def value(self, record: Record, step: str) -> Datum | Hole:
        """What one step comes to for a record, with no more than the steps that it hangs on worked out."""
        self.tried += 1
        return exact.evaluate(self._slice(step), record, frozen=self.benchmarks).values[step]

    def row_values(self, record: Record, block: RowBlock) -> Sequence[tuple[Row, Mapping[str, Datum | Hole]]]:
        """What the steps of a row block come to, row by row."""
        self.tried += 1
        made = exact.evaluate(self._slice(block.folds[0].name), record, frozen=self.benchmarks)
        return made.rows[block.name]

    def _slice(self, step: str) -> Plan:
        if step not in self._slices:
            self._slices[step] = behind(self.plan, (step,))
        return self._slices[step]

    def rows_of(self, path: str) -> model.OpenGroup:
        """The group that a row's path stands in; a row's own name may hold strokes."""
        held = (n.node for n in self.plan.nodes if n.rows)
        found = next(node for node in held if path.startswith(f"{node.path}/") or not node.path)
        assert isinstance(found.holds, model.OpenGroup)
        return found.holds

    def blocks(self) -> Iterator[tuple[Any, RowBlock]]:
        """The nodes that hold rows, each with the block that scores them."""
        by_name = {s.name: s for s in self.plan.steps if isinstance(s, RowBlock)}
        for planned in self.plan.nodes:
            if planned.rows:
                yield planned, by_name[planned.rows]


def _key(raw: Raw) -> str:
    return json.dumps(raw, ensure_ascii=False, default=lambda v: f"{type(v).__name__}:{v}")


# ------------------------------------------------------------------------------------------------ changing a record


def with_cell(raw: Raw, record: Record, input: Input, value: Datum | None) -> tuple[Raw, Record]:
    """A record with another value in one cell, as it is written and as it is read; None leaves the cell blank."""
    cell = Cell(model.MISSING) if value is None else Cell(value)
    written = None if value is None else written_as(input, value)
    return {**raw, input.name: written}, evolve(record, cells={**record.cells, input.name: cell})


def with_row_cell(
    raw: Raw, record: Record, kind: str, place: int, input: Input, value: Datum | None
) -> tuple[Raw, Record]:
    """A record with another value in one cell of one row; None leaves it blank."""
    cell = Cell(model.MISSING) if value is None else Cell(value)
    rows = list(record.rows[kind])
    rows[place] = evolve(rows[place], cells={**rows[place].cells, input.name: cell})
    raws = [dict(r) for r in raw[kind]]
    raws[place][input.name] = None if value is None else written_as(input, value)
    return {**raw, kind: raws}, evolve(record, rows={**record.rows, kind: tuple(rows)})


def as_day(value: Datum, input: Input) -> Datum:
    """A value of an analysis, where days are numbers, as the input has it."""
    return date.fromordinal(max(1, int(value))) if input.kind == "date" and isinstance(value, Fraction) else value


def written_as(input: Input, value: Datum) -> Any:
    """A value, in working units, as a clerk would write it in a cell of an input."""
    from perfrules.testing import drafts

    if isinstance(value, Fraction) and input.unit is not None and input.unit.dimension:
        value = value / input.scale
    return drafts.cell(input, value)


def values_of(input: Input, touched: Touched, record: Record) -> list[Datum]:
    """Values to try in an input, in order: its bounds, what formulas compare with, what the record's others are, and
    one step of its grid to each side."""
    match input.kind:
        case "boolean":
            return [False, True]
        case "choice":
            return list(input.choices)
        case "text":
            return ["甲"]
        case "date":
            days = [v for c in record.cells.values() if isinstance(v := c.value, date)] or [date(2023, 6, 30)]
            near = {d + timedelta(n) for d in days for n in (-1, 0, 1)}
            low, high = input.low, input.high
            return [
                d
                for d in sorted(near)
                if (not isinstance(low, date) or d >= low) and (not isinstance(high, date) or d <= high)
            ]
        case _:
            return list(_numbers(input, touched, record))


def _numbers(input: Input, touched: Touched, record: Record) -> list[Fraction]:
    step = grid(input)
    low = input.low * input.scale if isinstance(input.low, Fraction) else None
    high = input.high * input.scale if isinstance(input.high, Fraction) else None
    others = [v for n in touched.inputs if n in record.cells and isinstance(v := record.cells[n].value, Fraction)]
    marks = [n for x in (*touched.numbers[:12], *others[:6]) for n in (x, x * input.scale)]
    near = [x + d for x in marks for d in (-step, Fraction(0), step)]
    near += [Fraction(n) * input.scale for n in (0, 1, 2, 10, 50, 100, 1000)]
    near += [x for x in (low, high) if x is not None]
    whole = {Fraction(round(x / step)) * step for x in near}  # a law is tried on figures that can be written
    kept = sorted(x for x in whole if (low is None or x >= low) and (high is None or x <= high))
    return kept if len(kept) <= 24 else kept[:: -(-len(kept) // 24)]


def grid(input: Input) -> Fraction:
    """The smallest step of an input's figures, in working units: its declared decimals, else a hundredth."""
    places = input.decimals if input.decimals is not None else 4 if input.unit and input.unit.percent else 2
    return input.scale / Fraction(10) ** places
