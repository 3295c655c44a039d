"""What a scheme declares of the work around the score: spot checks, reviews, monitoring, outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

from attrs import field, frozen

from perfrules.findings import Location
from perfrules.formula import Formula
from perfrules.model.bodies import Rounding
from perfrules.model.provenance import UNMARKED, Provenance
from perfrules.model.tree import GradeScale
from perfrules.model.values import Value


@frozen
class Sampling:
    """How a spot check 抽查 is drawn: least shares by count and by money, the population, its strata, and what is certain.

    `certain` are named conditions, `largest` so many of the largest amounts. Without `strata` it is simple random.
    """

    count: Fraction | None = None
    money: Fraction | None = None
    amount: Formula | None = None
    where: Formula | None = None
    strata: Formula | None = None
    stratum_share: Fraction = Fraction(0)
    stratum_least: int = 0
    apportion: Literal["count", "money"] = "count"
    largest: int = 0
    certain: Mapping[str, Formula] = field(factory=dict)
    until_money: bool = False
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class Reconciling:
    """How self-scores are held against re-scores 复核比对: which self-score counts, and what a deviation leads to.

    Its bodies may read `deviation`, `self_score` and `review_score`.
    """

    reads: Literal["computed", "printed"] = "computed"
    round: Rounding | None = None
    outcome: GradeScale | None = None
    penalty: Value | None = None
    item_outcome: GradeScale | None = None
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class Monitoring:
    """How objects are monitored in the course of the year 运行监控.

    Lights are the grades of nodes; `good` are those with which there is nothing to do. `levers` say by node which input
    can still be moved, and which way.
    """

    month: str
    good: tuple[str, ...]
    by: Formula | None = None
    levers: Mapping[str, tuple[str, Literal["up", "down"]]] = field(factory=dict)
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class Award:
    """What follows for the first or the last so many of a ranking 按名次的处理; `ties` says what a tie over the line means.

    Where it says nothing, a ranking whose ties are `all` takes in all who tie; with any other it is to be decided.
    """

    name: str
    first: int = 0
    last: int = 0
    where: Formula | None = None
    ties: Literal["all", "none", "decide", ""] = ""
    outcome: str = ""
    provenance: Provenance = UNMARKED


@frozen
class OutcomeRule:
    """What follows where a condition holds 按条件的处理; it may read `grade` and `rank`."""

    name: str
    when: Formula
    outcome: str
    reason: str = ""
    provenance: Provenance = UNMARKED


@frozen
class Outcomes:
    """What follows from grades, scores and ranks 结果应用; `factor` times `base` is next year's budget."""

    awards: tuple[Award, ...] = ()
    rules: tuple[OutcomeRule, ...] = ()
    factor: Value | None = None
    base: Formula | None = None
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class Procedures:
    """What evaluators do around the score 评价程序, as far as the scheme declares it."""

    sampling: Sampling | None = None
    reconciling: Reconciling | None = None
    monitoring: Monitoring | None = None
    outcomes: Outcomes | None = None
