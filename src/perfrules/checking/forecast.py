"""Ranges of a plan's steps, or with one record the values themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction

from attrs import define, field

from perfrules import formula, model, nodes
from perfrules.formula import Formula
from perfrules.plan import Cohort, DefinitionPlan, Fold, Plan, RowBlock, Step
from perfrules.ranges import (
    NO_HOLES,
    Analysis,
    Found,
    Numbers,
    Range,
    Texts,
    Truths,
    day,
    point,
    union,
)

DEFINITIONS_DEEP = 30
RESERVED = frozenset({"points", "score", "possible"})
CHAIN = 60
"""So many steps that hang on each other may be recursed into."""


@define
class Forecast:
    """Ranges of a plan's steps, worked out as they are asked for; with `given`, of one record (or row).

    `present` takes every input to be there; `touched` and `numbers` collect the inputs and literals met on the way.
    """

    plan: Plan
    given: Mapping[str, Fraction | bool | str | date] = field(factory=dict)
    block: RowBlock | None = None
    present: bool = False
    touched: dict[str, None] | None = None
    numbers: dict[Fraction, None] | None = None
    reached: dict[str, set[nodes.HoleKind]] = field(factory=dict)
    _found: dict[str, Found] = field(factory=dict)
    _busy: bool = False

    @property
    def size(self) -> int:
        """How many inputs and steps have been worked out."""
        return len(self._found)

    def read(self, name: str) -> Found:
        """The range and holes of an input or step."""
        found = self._found.get(name)
        if found is None:
            if not self._busy:
                self._busy = True
                for needed in self._chain(name):
                    self.read(needed)
                self._busy = False
            found = self._found[name] = self._work_out(name)
        return found

    def _chain(self, name: str) -> list[str]:
        """The steps that a long chain of them rests on, in order, so that none is recursed into deeply."""
        order: list[str] = []
        seen = {name}
        stack = [(name, self._needs(name))]
        while stack:
            at, needs = stack[-1]
            for needed in needs:
                if needed not in seen and needed not in self._found:
                    seen.add(needed)
                    stack.append((needed, self._needs(needed)))
                    break
            else:
                stack.pop()
                order.append(at)
        return order[:-1] if len(order) > CHAIN else []

    def _needs(self, name: str) -> Iterator[str]:
        step = next((s for s in self.block.steps if s.name == name), None) if self.block else None
        match step or self.plan.producers.get(name):
            case Step(formula=text, bindings=bindings):
                names = (*text.names, "points") if text.definitions else text.names
                bound = [bindings.get(n, n) for n in names]
                yield from (b for b in bound if isinstance(b, str) and b in self.plan.producers)
            case Fold(items=items):
                yield from items
            case _:
                return

    def _work_out(self, name: str) -> Found:
        if self.block is not None:
            for step in self.block.steps:
                if step.name == name:
                    return self._step(step)
        inputs = inputs_of(self.plan, self.block)
        if name in inputs:
            if self.touched is not None:
                self.touched[name] = None
            if name in self.given:
                return Found(point(self.given[name]))
            holes: frozenset[nodes.HoleKind] = NO_HOLES if self.present else frozenset({"missing", "not_applicable"})
            return Found(input_range(inputs[name]), holes)
        match self.plan.producers.get(name):
            case Step() as made:
                return self._step(made)
            case Fold() as fold:
                return self._fold(fold, [self.read(i) for i in fold.items])
            case RowBlock() as block:
                fold = next(f for f in block.folds if f.name == name)
                inner = Forecast(self.plan, {}, block, self.present)
                return self._fold(fold, [inner.read(i) for i in fold.items], rows=True)
            case Cohort() as cohort:
                found = self._fold(cohort.fold, [self.read(i) for i in cohort.fold.items], rows=True)
                return Found(found.range, found.holes if self.present else found.holes | {"missing"})
            case None:
                return Found(None)

    def _step(self, step: Step) -> Found:
        def read(name: str) -> Found:
            bound = step.bindings.get(name, name)
            return Found(Numbers(bound, bound)) if isinstance(bound, Fraction) else self.read(bound)

        def call(name: str, given: Sequence[Found]) -> Found:
            try:
                points = read("points")
            except RecursionError:
                points = Found(Numbers())
            return self._call(self.plan.definitions[name], given, points, analysis)

        if self.numbers is not None:
            self._collect(step.formula, step.bindings)
        analysis = Analysis(read, call)
        found = analysis.find(step.formula.node)
        self.reached[step.name] = analysis.reached
        return found

    def _collect(self, text: Formula, bindings: Mapping[str, object]) -> None:
        assert self.numbers is not None
        for node in formula.walk(text.node):
            if isinstance(node, nodes.Number):
                self.numbers[node.value] = None
            elif isinstance(node, nodes.Use):
                for inner in self.plan.definitions[node.definition].steps:
                    self._collect(inner.formula, inner.bindings)
        self.numbers |= {b: None for b in bindings.values() if isinstance(b, Fraction)}

    def _call(self, definition: DefinitionPlan, given: Sequence[Found], points: Found, outer: Analysis) -> Found:
        known: dict[str, Found] = dict(zip(definition.parameters, given, strict=False))
        if points.range is not None:
            known["points"] = points

        def call(name: str, inner: Sequence[Found]) -> Found:
            return self._call(self.plan.definitions[name], inner, points, outer)

        for name, default in definition.defaults.items():
            if name not in known:
                known[name] = Analysis(lambda _: Found(None), call).find(default.node)
        for step in definition.steps:

            def read(name: str, step: Step = step) -> Found:
                bound = step.bindings.get(name, name)
                return Found(Numbers(bound, bound)) if isinstance(bound, Fraction) else known.get(bound, Found(None))

            analysis = Analysis(read, call)
            known[step.name] = analysis.find(step.formula.node)
        return known[definition.result]

    def _fold(self, fold: Fold, items: Sequence[Found], *, rows: bool = False) -> Found:
        holes = frozenset[nodes.HoleKind]().union(*(i.holes for i in items)) - {"not_applicable"} if items else NO_HOLES
        if not fold.empty_is_zero and fold.statistic != "count":
            holes |= {"undefined"}
        numbers = [i.range for i in items if isinstance(i.range, Numbers)]
        zero = Numbers(Fraction(0), Fraction(0))
        match fold.statistic:
            case "count":
                return Found(Numbers(Fraction(0), None if rows else Fraction(len(items))), holes)
            case "sum":
                low: Fraction | None = Fraction(0)
                high: Fraction | None = Fraction(0)
                for each in numbers:
                    both = union(each, zero)
                    assert isinstance(both, Numbers)
                    low = None if low is None or both.low is None or (rows and both.low < 0) else low + both.low
                    high = None if high is None or both.high is None or (rows and both.high > 0) else high + both.high
                return Found(Numbers(low, high), holes)
            case _:
                result: Range | None = None
                for each in numbers:
                    result = union(result, each)
                return Found(result, holes)


def input_range(each: model.Input) -> Range:
    """What an input can be, in working units."""
    match each.kind:
        case "boolean":
            return Truths()
        case "choice":
            return Texts(frozenset(each.choices))
        case "text":
            return Texts()
        case "date":
            low, high = each.low, each.high
            return Numbers(day(low) if isinstance(low, date) else None, day(high) if isinstance(high, date) else None)
        case _:
            return Numbers(
                each.low * each.scale if isinstance(each.low, Fraction) else None,
                each.high * each.scale if isinstance(each.high, Fraction) else None,
            )


def inputs_of(plan: Plan, block: RowBlock | None) -> dict[str, model.Input]:
    inputs = dict(plan.scheme.inputs)
    if block is not None:
        inputs |= {c.name: c for c in plan.scheme.rows[block.rows].columns}
    return inputs
