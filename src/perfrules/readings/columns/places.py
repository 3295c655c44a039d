"""How many decimal places a node's score may have 小数位数, told by the plan alone: what its column looks like in every batch."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

from attrs import evolve

from perfrules.model import Frozen, Input
from perfrules.plan import Cohort, Plan
from perfrules.rational import Beyond, Cells, Facts, Form, lower
from perfrules.rational.forms import ONE

MOST_PLACES = 18
"""More than that are no decimals that anybody wants to see: of 38 digits too few would be left before the point."""
_KINDS = frozenset({"", "missing", "not_applicable"})
_MARK = 2**89 - 1
"""A prime: a factor that it divides comes of cells or benchmarks of which nobody says how many places they have."""


@lru_cache(maxsize=16)
def places_of(plan: Plan) -> Mapping[str, int | None]:
    """By the path of every scored node: the decimal places that its score always fits in, None where there are none such."""
    scored = [n for n in plan.nodes if n.score]
    try:
        program = lower(_ungrouped(plan), _facts(plan))
        told = {n.node.path: _places(program.forms[n.score]) for n in scored}
    except Beyond:
        told = {n.node.path: None for n in scored}
    return told | {n.node.path: max(n.node.round.places, 0) for n in scored if n.node.round is not None}


def _facts(plan: Plan) -> Facts:
    cells = {name: _cells(input) for name, input in plan.scheme.inputs.items()}
    for kind in plan.scheme.rows.values():
        cells |= {f"{kind.name}.{column.name}": _cells(column) for column in kind.columns}
    frozen = {c.name: Frozen(c.name, {"": Fraction(1, _MARK)}, 0, 0, "") for c in plan.cohorts}
    return Facts(cells, {}, frozen)


def _cells(input: Input) -> Cells:
    if input.kind != "number":
        return Cells(Fraction(1, _MARK) if input.kind == "measure" else ONE, kinds=_KINDS)
    scale = input.scale if input.unit is not None and input.unit.dimension else ONE
    unit = Fraction(1, _MARK) if input.decimals is None else Fraction(1, 10**input.decimals)
    low, high = (None if end is None else int(end / unit) for end in input.ends)
    if input.decimals is None:
        least = input.ends[0]
        low, high = (0 if least is not None and least >= 0 else None), None
    return Cells(unit * scale, low, high, _KINDS)


def _ungrouped(plan: Plan) -> Plan:
    """The plan with every benchmark the same for all groups, of which none is known yet."""
    return evolve(plan, steps=tuple(evolve(s, by="") if isinstance(s, Cohort) else s for s in plan.steps))


def _places(form: Form) -> int | None:
    if form.kind == "never":
        return 0
    if form.split is not None:
        arms = [_places(arm) for arm in form.split[1:]]
        return None if None in arms else max(arm for arm in arms if arm is not None)
    if not (form.den.constant and form.kind == "number"):
        return None
    rest, places = (form.factor / form.den.value).denominator, 0
    while rest % 10 == 0:
        rest, places = rest // 10, places + 1
    while rest % 2 == 0 or rest % 5 == 0:
        rest, places = rest // (2 if rest % 2 == 0 else 5), places + 1
    return places if rest == 1 and places <= MOST_PLACES else None
