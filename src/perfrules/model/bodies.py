"""How something is computed: its body, what a hole does to it, and how it is rounded."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Literal

from attrs import field, frozen

from perfrules.findings import Location
from perfrules.formula import Formula, Placed
from perfrules.model.provenance import UNMARKED, Provenance
from perfrules.numbers import RoundingMode

PolicyKind = Literal["refuse", "zero", "full", "exclude", "formula"]


@frozen
class Policy:
    """What to do at one kind of hole 缺失处理."""

    kind: PolicyKind
    formula: Formula | None = None
    provenance: Provenance = UNMARKED


@frozen
class Policies:
    """The three policies of a thing that is computed; None where none is stated (undefined is then as missing)."""

    missing: Policy | None = None
    undefined: Policy | None = None
    not_applicable: Policy | None = None

    @property
    def stated(self) -> tuple[Policy, ...]:
        """Those that are stated."""
        return tuple(p for p in (self.missing, self.undefined, self.not_applicable) if p is not None)

    def over(self, inherited: Policies) -> Policies:
        """These, and where they say nothing the inherited ones."""
        return Policies(
            self.missing or inherited.missing,
            self.undefined or inherited.undefined,
            self.not_applicable or inherited.not_applicable,
        )

    def settled(self) -> tuple[Policy, Policy, Policy]:
        """Missing, undefined and not-applicable with the language's defaults filled in."""
        missing = self.missing or Policy("refuse")
        return missing, self.undefined or missing, self.not_applicable or Policy("exclude")


@frozen
class Rounding:
    """Declared decimal places 保留位数, and which way halves go."""

    places: int
    mode: RoundingMode = "half_up"


@frozen
class Outcome:
    """What a band or case yields: a formula, or in a grade scale a label."""

    value: Formula | None = None
    label: str = ""
    reason: str = ""
    provenance: Provenance = UNMARKED


@frozen
class FormulaBody:
    """`formula:` one formula."""

    formula: Formula


@frozen
class RuleBody:
    """`rule:` a definition called with named arguments, in the order of its parameters."""

    definition: str
    arguments: tuple[tuple[str, Formula], ...]
    placed: Placed | None = field(default=None, eq=False, repr=False)


@frozen
class Band:
    """One band 档: from `low` to `high` (None is no bound), and whether each end belongs to it."""

    low: Fraction | None
    high: Fraction | None
    low_in: bool
    high_in: bool
    outcome: Outcome
    written: str = ""
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class BandsBody:
    """`bands:` disjoint bands of a quantity, in the order written; None of them where a printed table has a gap."""

    of: Formula
    side: Literal["from", "above", "to", "below", "between"]
    bands: tuple[Band, ...]


@frozen
class Case:
    """One case: its condition (None is `else`), and what it yields."""

    when: Formula | None
    outcome: Outcome
    written: str = ""


@frozen
class CasesBody:
    """`cases:` ordered conditions; the first that holds wins."""

    cases: tuple[Case, ...]


@frozen
class GivenBody:
    """`given:` a published figure taken as it is."""

    name: Formula


Statistic = Literal["sum", "mean", "min", "max", "count", "largest", "smallest", "quantile"]
STATISTICS: tuple[Statistic, ...] = ("sum", "mean", "min", "max", "count", "largest", "smallest", "quantile")
QuantileMethod = Literal["nearest_rank", "linear"]


@frozen
class StatisticBody:
    """A statistic 统计量 over the rows of a kind, or over a node's direct children."""

    statistic: Statistic
    item: Formula
    over: str
    where: Formula | None = None
    by: Formula | None = None
    weight: Formula | None = None
    k: int | None = None
    at: Fraction | None = None
    method: QuantileMethod | None = None
    over_at: Any = field(default=None, eq=False, repr=False)


Body = FormulaBody | RuleBody | BandsBody | CasesBody | GivenBody | StatisticBody
