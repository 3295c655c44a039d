"""Ranges of a plan's steps, or with one record the values themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


_LOAD_LIMIT = 60
"""How deep formulas may hang on one another, nodes counted, before what they hang on is worked out first."""


class _TooDeep(Exception):
    """Names that hang on one another, the innermost first."""

    def __init__(self, name: str) -> None:
        self.names = [name]
        super().__init__(name)


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
    outer: Forecast | None = None
    work: int = 0
    _found: dict[str, Found] = field(factory=dict)
    _steps: dict[str, Step] = field(factory=dict)
    _columns: dict[str, model.Input] = field(factory=dict)
    _load: int = 0

    def __attrs_post_init__(self) -> None:
        if self.block is not None:
            self._steps = {step.name: step for step in self.block.steps}
            self._columns = {c.name: c for c in self.plan.scheme.rows[self.block.rows].columns}

    @property
    def size(self) -> int:
        """How many inputs and steps have been worked out."""
        return len(self._found)

    def read(self, name: str) -> Found:
        """The range and holes of an input or step."""
        found = self._found.get(name)
        if found is not None:
            return found
        if self.outer is not None:
            if name not in self._steps and name not in self._columns:
                return self.outer.read(name)
            self._found[name] = self._work_out(name)
            return self._found[name]
        if self._load:
            return self._hung(name)
        wanted = [name]
        while wanted:
            try:
                self._hung(wanted[-1])
                wanted.pop()
            except _TooDeep as deep:
                wanted += reversed(deep.names[:-1])
        return self._found[name]

    def _hung(self, name: str) -> Found:
        """What a name comes to that others hang on. Names hang on names longer than Python recurses: what would go too
        deep is given up, and worked out from the inside by whoever began."""
        if name in self._found:
            return self._found[name]
        weight = self._weight(name)
        if self._load and self._load + weight > _LOAD_LIMIT:
            raise _TooDeep(name)
        self._load += weight
        try:
            self._found[name] = self._work_out(name)
        except _TooDeep as deep:
            deep.names.append(name)
            raise
        finally:
            self._load -= weight
        return self._found[name]

    def _weight(self, name: str) -> int:
        match self._steps.get(name) or self.plan.producers.get(name):
            case Step(formula=text):
                return 2 + text.depth
            case RowBlock(steps=steps):
                return 15 + max((s.formula.depth for s in steps), default=0)
            case _:
                return 3

    def _work_out(self, name: str) -> Found:
        if name in self._steps:
            return self._step(self._steps[name])
        its = self._columns.get(name) or self.plan.scheme.inputs.get(name)
        if its is not None:
            if self.touched is not None:
                self.touched[name] = None
            if name in self.given:
                return Found(point(self.given[name]))
            holes: frozenset[nodes.HoleKind] = NO_HOLES if self.present else frozenset({"missing", "not_applicable"})
            return Found(input_range(its), holes)
        match self.plan.producers.get(name):
            case Step() as made:
                return self._step(made)
            case Fold() as fold:
                chosen = [self.read(i).holes - {"not_applicable"} for i in fold.where]
                return self._fold(fold, self, NO_HOLES.union(*chosen))
            case RowBlock() as block:
                fold = next(f for f in block.folds if f.name == name)
                inner = Forecast(self.plan, {}, block, self.present, outer=self)
                untold = inner.read(block.where).holes if block.where else NO_HOLES
                if "not_applicable" in untold:
                    untold = untold - {"not_applicable"} | {"missing"}
                return self._fold(fold, inner, untold, rows=True)
            case Cohort() as cohort:
                found = self._fold(cohort.fold, self, NO_HOLES, rows=True)
                return Found(found.range, found.holes if self.present else found.holes | {"missing"})
            case None:
                return Found(None)

    def _step(self, step: Step) -> Found:
        def read(name: str) -> Found:
            bound = step.bindings.get(name, name)
            return Found(Numbers(bound, bound)) if isinstance(bound, Fraction) else self.read(bound)

        def call(name: str, given: Sequence[Found]) -> Found:
            return self._call(self.plan.definitions[name], given, read("points"), analysis)

        self._count(step)
        if self.numbers is not None:
            self._collect(step.formula, step.bindings)
        analysis = Analysis(read, call)
        found = analysis.find(step.formula.node)
        self.reached[step.name] = analysis.reached
        return found

    def _count(self, step: Step) -> None:
        """Count the nodes that are looked at."""
        self.work += step.formula.size
        if self.outer is not None:
            self.outer._count(step)

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

            self._count(step)
            analysis = Analysis(read, call)
            known[step.name] = analysis.find(step.formula.node)
        return known[definition.result]

    def _fold(self, fold: Fold, inner: Forecast, untold: frozenset[nodes.HoleKind], *, rows: bool = False) -> Found:
        """A statistic over items that `inner` forecasts; `untold` are the holes of what tells which of them enter."""
        items, weights = [inner.read(i) for i in fold.items], [inner.read(w) for w in fold.weights]
        holes = NO_HOLES.union(*(each.holes for each in (*items, *weights))) - {"not_applicable"} | untold
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
                if any(not isinstance(w.range, Numbers) or _below_zero(w.range) for w in weights):
                    return Found(Numbers(), holes)  # a mean by weights below zero can lie anywhere
                return Found(result, holes)


def _below_zero(x: Numbers) -> bool:
    return x.low is None or x.low < 0


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
