"""Evaluates steps of a plan while noting the quantities at which something may turn: what `lines` searches with.

It is a guide and no reading: whatever it leads to is scored by the exact one, whose operators it takes. It walks our nodes
itself, since the trace of the exact reading is of whole records and of every arm: here the few steps that a line hangs on
are worked out anew thousands of times, and an arm only where it is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, assert_never

from attrs import define, field

from perfrules import nodes
from perfrules.model import Frozen, Hole
from perfrules.nodes import Node
from perfrules.plan import Cohort, Fold, Plan, PlanStep, RowBlock, Step
from perfrules.plan.folding import fold, group_of
from perfrules.readings.exact.operators import OPERATORS, PRIMITIVES, Reached, dates, negate

Site = tuple[Any, ...]
"""A place in the plan: the step, the calls that lead to it, the step within them, the span, the part, and its kind."""
Values = dict[str, Any]
ON_DEMAND = re.compile(r".*__(out\d+|if_[a-z_]+)")
"""What an arm or policy yields: worked out only where it is taken, so that no line of another arm is met."""
_INDEX = re.compile(r".*(__arm|__count|__number)")
_PLACE = re.compile(r".*gated\d+")


@define
class Seen:
    """What an evaluation came to, of a record or of the row in it: values by name, and the quantities met on the way."""

    values: Values
    quantities: dict[Site, Fraction] = field(factory=dict)
    row: tuple[str, int] | None = None


def evaluated(
    plan: Plan, steps: Sequence[PlanStep], values: Values, rows: Mapping[str, Sequence[Values]], *,
    frozen: Mapping[str, Frozen], only: tuple[str, int] | None = None,
) -> Iterator[Seen]:  # fmt: skip
    """Work out steps from values already known, into them; what is seen in each row (or `only` in one), then of the whole."""
    whole = Seen(values)
    later = {s.name: s for s in steps if isinstance(s, Step) and ON_DEMAND.fullmatch(s.name)}
    for step in steps:
        match step:
            case Step(name=name) if name not in later:
                values[name] = _Walk(plan, whole, [values], later).step(step)
            case Fold():
                columns = [[values[n] for n in names] for names in (step.items, step.where, step.weights)]
                values[step.name] = fold(step, columns)
            case RowBlock():
                yield from _block(plan, step, values, rows.get(step.rows, ()), only)
            case Cohort():
                values[step.name] = _benchmark(step, values, frozen)
            case _:
                pass
    yield whole


def _block(
    plan: Plan, block: RowBlock, values: Values, rows: Sequence[Values], only: tuple[str, int] | None
) -> Iterator[Seen]:
    taken: list[Values] = []
    lost = False
    later = {s.name: s for s in block.steps if ON_DEMAND.fullmatch(s.name)}
    for number, row in enumerate(rows):
        if only is not None and only[0] == block.rows and only[1] != number:
            continue
        seen = Seen(dict(row), row=(block.rows, number))
        inside = True
        for step in block.steps:
            if step.name not in later:
                seen.values[step.name] = _Walk(plan, seen, [seen.values, values], later).step(step)
            if step.name == block.where:
                where = seen.values[step.name]
                lost = lost or isinstance(where, Hole)
                inside = where is True
                if not inside:
                    break
        taken += [seen.values] if inside else []
        yield seen
    for each in block.folds:
        columns = [[one[s] for one in taken for s in names] for names in (each.items, each.where, each.weights)]
        values[each.name] = Hole("missing") if lost else fold(each, columns)


def _benchmark(step: Cohort, values: Values, frozen: Mapping[str, Frozen]) -> Any:
    known = frozen.get(step.name)
    group = group_of(values[step.by]) if step.by else ""
    found = known.values.get(group) if known is not None and group is not None else None
    return Hole("missing") if found is None else found


def _read(name: str, layers: Sequence[Mapping[str, Any]]) -> Any:
    for layer in layers:
        if name in layer:
            return layer[name]
    return Hole("missing", name)


@define
class _Walk:
    """Evaluates the formula of one step, noting the quantities at which something may turn."""

    plan: Plan
    seen: Seen
    layers: Sequence[Values]
    later: dict[str, Step]
    here: Step | None = None
    path: tuple[Any, ...] = ()

    def step(self, step: Step) -> Any:
        """The step's value, or the hole reached."""
        before, self.here = self.here, step
        try:
            return self.value(step.formula.node)
        except Reached as reached:
            return reached.hole
        finally:
            self.here = before

    def read(self, name: str) -> Any:
        assert self.here is not None
        bound = self.here.bindings.get(name, name)
        if isinstance(bound, Fraction):
            return bound
        if bound in self.later and bound not in self.layers[0]:
            self.layers[0][bound] = _Walk(self.plan, self.seen, self.layers, self.later, None, self.path).step(
                self.later[bound]
            )
        return _read(bound, self.layers)

    def note(self, node: Node, part: int, kind: str, quantity: Any) -> None:
        assert self.here is not None
        if isinstance(quantity, Fraction) and not _PLACE.fullmatch(self.here.name):
            step = self.path[0] if self.path else self.here.name
            self.seen.quantities[(step, self.path, self.here.name, node.at, part, kind)] = quantity

    def value(self, node: Node) -> Any:
        match node:
            case nodes.Number(value=value) | nodes.Text(value=value) | nodes.Truth(value=value):
                return value
            case nodes.Name(name=name):
                found = self.read(name)
                if isinstance(found, Hole):
                    raise Reached(found)
                return found
            case nodes.Present(name=name):
                return not isinstance(self.read(name), Hole)
            case nodes.HoleOf(name=name):
                found = self.read(name)
                return found.kind if isinstance(found, Hole) else ""
            case nodes.Reach(kind=kind):
                raise Reached(Hole(kind))
            case nodes.Negate(operand=x):
                return negate(self.value(x))
            case nodes.Arithmetic():
                return self._arithmetic(node)
            case nodes.Compare():
                return self._compare(node)
            case nodes.Logic(sign=sign, operands=operands):
                reached = (self.value(x) for x in operands)
                return all(reached) if sign == "and" else any(reached)
            case nodes.Not(operand=x):
                return not self.value(x)
            case nodes.If():
                arm: Node = node
                while isinstance(arm, nodes.If):
                    if self.value(arm.condition):
                        return self.value(arm.then)
                    arm = arm.otherwise
                return self.value(arm)
            case nodes.Primitive():
                return self._primitive(node, [self.value(x) for x in node.arguments])
            case nodes.Use(definition=definition, arguments=arguments):
                return self._call(node, definition, [self.value(x) for x in arguments])
        assert_never(node)

    def _arithmetic(self, node: nodes.Arithmetic) -> Any:
        spine = [node]
        while isinstance(first := spine[-1].left, nodes.Arithmetic):
            spine.append(first)
        left = self.value(first)
        for step in reversed(spine):
            right = self.value(step.right)
            if step.sign == "/" and not self._constant(step.right):
                self.note(step, 0, "zero", right)
            left = OPERATORS[step.sign](*dates(left, right))
        return left

    def _compare(self, node: nodes.Compare) -> bool:
        left, before = self.value(node.first), node.first
        for part, (sign, link) in enumerate(node.links):
            left, right = dates(left, self.value(link))
            holds = OPERATORS[sign](left, right)
            if isinstance(left, Fraction | date) and not self._is_index(before):
                self.note(node, part, "equal", OPERATORS["-"](left, right))
            if not holds:
                return False
            left, before = right, link
        return True

    def _is_index(self, node: Node) -> bool:
        """Whether a name of a generated text counts arms, children or rows, which no input moves by degrees."""
        assert self.here is not None
        bound = self.here.bindings.get(node.name) if isinstance(node, nodes.Name) else None
        return isinstance(bound, str) and _INDEX.fullmatch(bound) is not None

    def _constant(self, node: Node) -> bool:
        assert self.here is not None
        bound = self.here.bindings.get(node.name) if isinstance(node, nodes.Name) else None
        return isinstance(node, nodes.Number) or isinstance(bound, Fraction)

    def _primitive(self, node: nodes.Primitive, given: list[Any]) -> Fraction:
        found, x = PRIMITIVES[node.function](*given), given[0]
        match node.function:
            case "min" | "max":
                for i, one in enumerate(given):
                    for j, other in enumerate(given[:i]):
                        self.note(node, 10 * i + j, "tie", one - other)
            case "abs":
                self.note(node, 0, "zero", x)
            case "floor":
                self.note(node, 0, "whole", x)
            case "round":
                self.note(node, 0, "half", x * Fraction(10) ** int(given[1]))
            case _:
                pass
        return found

    def _call(self, node: nodes.Use, name: str, given: list[Any]) -> Any:
        assert self.here is not None
        definition = self.plan.definitions[name]
        local: dict[str, Any] = {}
        inner = _Walk(self.plan, self.seen, [local], {}, None, (*(self.path or (self.here.name,)), node.at, name))
        for parameter in definition.parameters[len(given) :]:
            default = Step(parameter, definition.defaults[parameter])
            local[parameter] = inner.step(default)
        local |= dict(zip(definition.parameters, given, strict=False))
        if "points" in self.here.bindings or any("points" in layer for layer in self.layers):
            local["points"] = self.read("points")
        for step in definition.steps:
            if ON_DEMAND.fullmatch(step.name):
                inner.later[step.name] = step
            else:
                local[step.name] = inner.step(step)
        found = _read(definition.result, [local])
        if isinstance(found, Hole):
            raise Reached(found)
        return found
