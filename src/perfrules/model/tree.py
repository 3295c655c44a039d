"""The indicator tree: nodes with what stands on them, and the scales that grade."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

from attrs import field, frozen

from perfrules.findings import Location
from perfrules.formula import Formula
from perfrules.model.bodies import Body, Policies, Rounding
from perfrules.model.provenance import UNMARKED, Provenance
from perfrules.model.within import formulas

RESERVED = frozenset({"points", "score", "possible"})
"""Names that stand for the node at hand; nothing else may be called so."""


@frozen
class Points:
    """The points 分值 of a node: fixed (low is 0), a range, or free (no bounds, no loss)."""

    high: Fraction | None
    low: Fraction | None = Fraction(0)

    @property
    def free(self) -> bool:
        """Whether there are no bounds."""
        return self.high is None


@frozen
class Adjustment:
    """A bonus or deduction 加分项/扣分项 that stands on a node."""

    name: str
    body: Body
    policies: Policies = Policies()
    low: Fraction | None = None
    high: Fraction | None = None
    reason: str = ""
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class Gate:
    """A veto 否决项: on a node `at_most` points, on a grade scale `no_better_than` a label."""

    name: str
    when: Formula
    at_most: Fraction | None = None
    no_better_than: str = ""
    reason: str = ""
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class GradeScale:
    """A scale of labels 等级标准, best first; `reads` says whether node scores are read rounded or raw."""

    name: str
    body: Body | None
    labels: tuple[str, ...]
    reads: Literal["rounded", "raw"] = "rounded"
    combine: Literal["min"] | None = None
    gates: tuple[Gate, ...] = ()
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)

    @property
    def of_nodes(self) -> bool:
        """Whether it grades the nodes that name it (it reads their `score`, `points` or `possible`, or what grades their
        children have), and not the record."""
        return self.combine is not None or any(
            name in RESERVED for text in formulas((self.body, self.gates)) for name in text.names
        )


Combine = Literal["sum", "mean", "min", "max", "product", "geometric"]


@frozen
class Group:
    """What a node holds that is made of others 上级指标."""

    children: tuple[TreeNode, ...]
    combine: Combine = "sum"
    body: Body | None = None
    leaves: Policies = Policies()


@frozen
class OpenGroup:
    """What a node holds whose rows come with the record 自设指标组."""

    rows: str
    where: Formula | None = None
    levels: tuple[str, ...] = ()
    adjustable: bool = False


@frozen
class TreeNode:
    """A node of the indicator tree 指标: a leaf 末级指标 holds a body, others a group or open group; described ones nothing.

    `path` leaves the root out; `identifier` is what formulas call it by (empty where nothing can).
    `points` is None for a described node. `split` says that what it holds shares its points equally.
    """

    path: str
    name: str
    identifier: str
    title: str
    points: Points | None
    holds: Body | Group | OpenGroup | None
    counts: bool = True
    weight: Fraction | None = None
    round: Rounding | None = None
    policies: Policies = Policies()
    applies_when: Formula | None = None
    at_least: int = 1
    otherwise: Literal["absent", "zero", "refuse"] = "absent"
    rescale: bool = False
    scale_to: Fraction | None = None
    split: bool = False
    adjustments: tuple[Adjustment, ...] = ()
    adjustments_low: Fraction | None = None
    adjustments_high: Fraction | None = None
    gates: tuple[Gate, ...] = ()
    grade: GradeScale | str | None = None
    reason: str = ""
    provenance: Provenance = UNMARKED
    points_provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)

    @property
    def label(self) -> str:
        """What a form prints for it: its title, else its name."""
        return self.title or self.name

    @property
    def children(self) -> tuple[TreeNode, ...]:
        """The nodes directly beneath."""
        return self.holds.children if isinstance(self.holds, Group) else ()

    @property
    def worth(self) -> Fraction | None:
        """The points that its parent counts: `scale_to` where it is restated, else its highest points."""
        if self.scale_to is not None:
            return self.scale_to
        return self.points.high if self.points else None

    @property
    def span(self) -> tuple[Fraction, Fraction] | None:
        """Between what its score lies where all is well: its points, moved by as much as bonuses and deductions on it and
        beneath it declare. None where it has no bounds."""
        if self.points is None or self.worth is None:
            return None
        low, high = self._moved()
        return (self.points.low or Fraction(0)) + low, self.worth + high

    def _moved(self) -> tuple[Fraction, Fraction]:
        """By how much declared bonuses and deductions move the score down and up; those beneath where it is a plain sum."""
        zero = low = high = Fraction(0)
        if self.adjustments_low is not None and self.adjustments_high is not None:
            low, high = min(self.adjustments_low, zero), max(self.adjustments_high, zero)
        else:
            declared = [(a.low, a.high) for a in self.adjustments if a.low is not None and a.high is not None]
            low = sum((min(each, zero) for each, _ in declared), zero)
            high = sum((max(each, zero) for _, each in declared), zero)
        plain = isinstance(self.holds, Group) and self.holds.combine == "sum" and self.holds.body is None
        if plain and not self.rescale and self.scale_to is None:
            beneath = [child._moved() for child in self.children if child.counts]
            low, high = low + sum((x for x, _ in beneath), zero), high + sum((x for _, x in beneath), zero)
        return low, high

    def walk(self) -> Iterator[TreeNode]:
        """This node and all beneath it, in scheme order."""
        yield self
        for child in self.children:
            yield from child.walk()
