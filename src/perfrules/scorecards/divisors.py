"""Which figure it was that a rule divided by, and that is zero."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from perfrules import formula, nodes
from perfrules.model import Cell, Hole
from perfrules.plan import Plan, PlanStep, Step


def zero_divisor(
    plan: Plan, step: str, steps: Mapping[str, PlanStep], scope: Mapping[str, Any], cells: Mapping[str, Cell]
) -> str:
    """What the input or value is called that is zero and that a step without a value divides by; empty where no name of
    the author's says it."""
    inputs = {**plan.scheme.inputs, **{c.name: c for kind in plan.scheme.rows.values() for c in kind.columns}}
    for name in _divisors(plan, step, steps, scope, set()):
        if name in cells and cells[name].value == 0:
            return inputs[name].label if name in inputs else name
        if name in plan.scheme.values and scope.get(name) == 0:
            return name
    return ""


def _divisors(
    plan: Plan, name: str, steps: Mapping[str, PlanStep], scope: Mapping[str, Any], seen: set[str]
) -> Iterator[str]:
    """The names that a step, and the steps without a value that it reads, divide by."""
    made = steps.get(name)
    if name in seen or not isinstance(made, Step):
        return
    seen.add(name)
    for divisor in _divided_by(plan, made.formula.node):
        bound = made.bindings.get(divisor, divisor)
        if isinstance(bound, str):
            yield _meant(bound, steps)
    for read in made.formula.names:
        bound = made.bindings.get(read, read)
        value = scope.get(bound) if isinstance(bound, str) else None
        if isinstance(bound, str) and isinstance(value, Hole) and value.kind == "undefined":
            yield from _divisors(plan, bound, steps, scope, seen)


def _meant(name: str, steps: Mapping[str, PlanStep]) -> str:
    """The name that a step only hands on."""
    while isinstance(made := steps.get(name), Step) and isinstance(made.formula.node, nodes.Name):
        bound = made.bindings.get(made.formula.node.name, made.formula.node.name)
        if not isinstance(bound, str) or bound == name:
            break
        name = bound
    return name


def _divided_by(plan: Plan, root: nodes.Node) -> Iterator[str]:
    """The names that a formula divides by, by itself or through the definitions that it calls."""
    for node in formula.walk(root):
        match node:
            case nodes.Arithmetic(sign="/", right=nodes.Name(name=name)):
                yield name
            case nodes.Use(definition=definition, arguments=arguments):
                made = plan.definitions[definition]
                inner = {n for s in made.steps for n in _divided_by(plan, s.formula.node)}
                for parameter, argument in zip(made.parameters, arguments, strict=False):
                    if parameter in inner and isinstance(argument, nodes.Name):
                        yield argument.name
            case _:
                pass
