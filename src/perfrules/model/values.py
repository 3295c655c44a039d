"""Formulas with a name outside the tree: values, definitions, benchmarks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from perfrules.findings import Location
from perfrules.formula import Formula
from perfrules.model.bodies import Body, Policies, Rounding, StatisticBody
from perfrules.model.provenance import UNMARKED, Provenance


@frozen
class Value:
    """A named formula outside the tree 中间值."""

    name: str
    body: Body
    policies: Policies = Policies()
    round: Rounding | None = None
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class Definition:
    """A named rule 定义 with parameters, a body, and named steps of its own; strict, and closed but for `points`."""

    name: str
    parameters: tuple[str, ...]
    body: Body
    defaults: Mapping[str, Formula] = field(factory=dict)
    values: tuple[Value, ...] = ()
    origin: str = ""
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)
    written: Any = field(default=None, eq=False, repr=False)


@frozen
class Benchmark:
    """A statistic over all records 参照值, frozen before any of them is scored by it; `by` gives each group its own."""

    name: str
    body: StatisticBody
    round: Rounding | None = None
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)
