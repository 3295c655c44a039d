"""A scheme, whole, with what it says beside its tree."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from attrs import field, frozen

from perfrules.findings import Finding, Location, Severity
from perfrules.formula import Formula
from perfrules.model.bodies import Body, Policies, Rounding
from perfrules.model.inputs import Input
from perfrules.model.procedures import Procedures
from perfrules.model.provenance import UNMARKED, Provenance, Source
from perfrules.model.tree import GradeScale, TreeNode
from perfrules.model.values import Benchmark, Definition, Value


@frozen
class Check:
    """A condition that records must keep 勾稽关系."""

    name: str
    holds: Formula
    severity: Severity = "error"
    reason: str = ""
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class RowKind:
    """A kind of row 指标行 that records bring: its columns and how each row is scored."""

    name: str
    columns: tuple[Input, ...]
    name_column: str = ""
    published: str = ""
    points: Formula | None = None
    body: Body | None = None
    policies: Policies = Policies()
    round: Rounding | None = None
    counts: Formula | None = None
    applies_when: Formula | None = None
    checks: tuple[Check, ...] = ()
    reason: str = ""
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)

    def column(self, name: str) -> Input:
        """The column of that name."""
        return next(c for c in self.columns if c.name == name)


@frozen
class Ranking:
    """How records are ranked 排名: by what, which way, what becomes of ties, and within what.

    `ties` is min (1 2 2 4), dense (1 2 2 3), all (as min; a rule for the first n takes in all who tie), or key, where
    `key` breaks them.
    """

    of: Formula
    order: Literal["descending", "ascending"]
    ties: Literal["min", "dense", "all", "key"]
    key: Formula | None = None
    within: Formula | None = None
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class Claim:
    """What the author claims of the scheme 论断, for proofs; it takes no part in scoring.

    Exactly one is there: `holds` for every record, `reached` by some record, or `of`, which with all else equal never
    falls (`way` is rises) or never rises (falls) with more of an `input`.
    """

    name: str
    holds: Formula | None = None
    reached: Formula | None = None
    of: Formula | None = None
    way: Literal["rises", "falls"] = "rises"
    input: str = ""
    reason: str = ""
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class PublishedFigure:
    """A column that prints a figure of the scheme's own 公布数: for audits, never for scoring.

    `what` is a node's score or points, a value, or a grade scale's label; `target` the node path, value or scale.
    """

    column: Input
    what: Literal["score", "points", "value", "grade"]
    target: str
    provenance: Provenance = UNMARKED


@frozen
class Amendment:
    """One change that a scheme makes to its parent 修订: its kind, what it changes, what to, and its source."""

    kind: str
    target: str
    to: str
    clause: str


@frozen(eq=False)
class Scheme:
    """An evaluation framework 评价指标体系, whole and checked.

    `text` is the resolved source as JSON: what `resolved()` gives and the digest covers.
    """

    id: str
    title: str
    edition: str
    effective: date | None
    until: date | None
    key: str
    sources: Mapping[str, Source]
    inputs: Mapping[str, Input]
    rows: Mapping[str, RowKind]
    values: Mapping[str, Value]
    definitions: Mapping[str, Definition]
    tree: TreeNode
    grades: Mapping[str, GradeScale]
    checks: tuple[Check, ...]
    published: Mapping[str, PublishedFigure]
    benchmarks: Mapping[str, Benchmark]
    ranking: Ranking | None
    stages: tuple[str, ...]
    period: str
    text: str = field(repr=False)
    digest: str
    findings: tuple[Finding, ...] = ()
    provenance: Provenance = UNMARKED
    file: str = ""
    amends: str = ""
    amendments: tuple[Amendment, ...] = ()
    procedures: Procedures = Procedures()
    claims: tuple[Claim, ...] = ()
    _by_name: Mapping[str, TreeNode] = field(init=False, repr=False)

    @_by_name.default
    def _index(self) -> Mapping[str, TreeNode]:
        found = {"": self.tree}
        for node in self.tree.walk():
            for name in (node.path, node.identifier):
                found.setdefault(name, node)
        return found

    def __repr__(self) -> str:
        edition = f"@{self.edition}" if self.edition else ""
        return f"Scheme({self.id}{edition}, {self.digest[:12]})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """As IPython and Hypothesis print it, which would write out every part."""
        printer.text(repr(self))

    def resolved(self) -> str:
        """JSON that loads without any plugin: definitions written in, for workers, archives and replay."""
        return self.text

    def node(self, path: str) -> TreeNode:
        """The node at a path, or of an identifier. Raises KeyError."""
        return self._by_name[path]
