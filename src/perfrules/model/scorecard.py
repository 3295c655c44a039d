"""What scoring a record came to: a scorecard, its nodes, its lines of loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Literal

import attrs
from attrs import field, frozen

from perfrules.findings import Finding, Language, visible
from perfrules.formula import Formula
from perfrules.model.provenance import UNMARKED, Provenance, ProvenanceStatus
from perfrules.model.record import Datum, Frozen, Hole, Ruling
from perfrules.nodes import Span
from perfrules.numbers import published


@frozen
class Traced:
    """One value on the way: the step and formula it belongs to, the span in its text, what it came to, how deep."""

    step: str
    formula: Formula
    at: Span
    value: Datum | Hole
    depth: int


LineKind = Literal[
    "rule", "absent", "component", "described", "free", "combined", "rows-differ", "none-scored",
    "make-up", "scale", "adjustment", "gate", "rounding", "ruling",
]  # fmt: skip


@frozen
class Line:
    """One line of loss 失分: so many points lost (negative: gained) at a path, and why.

    `hole` is what `reason` puts into 中文, where it was a hole that lost them.
    """

    path: str
    kind: LineKind
    amount: Fraction
    name: str = ""
    reason: str = ""
    clause: str = ""
    hole: Hole | None = None


State = Literal["scored", "absent", "refused", "described"]


@frozen
class NodeScore:
    """What a node came to: its points (the most it can give), score, what was possible, what was lost.

    `computed` is the figure that a ruling overruled. `because` is the hole that left it absent or without a score.
    """

    path: str
    name: str
    title: str
    depth: int
    role: Literal["leaf", "group", "rows", "row"]
    counts: bool
    state: State
    points: Fraction | None
    score: Fraction | None
    possible: Fraction | None
    lost: Fraction | None
    provenance: Provenance
    because: Hole | None = None
    computed: Fraction | None = None
    grade: str | None = None
    raw: Fraction | None = None


@frozen
class Happening:
    """What an adjustment, gate or check came to: its points or verdict, or undecidable 无法判定."""

    path: str
    name: str
    kind: Literal["adjustment", "gate", "check"]
    state: Literal["applied", "idle", "holds", "broken", "undecidable"]
    amount: Fraction | None = None
    reason: str = ""
    provenance: Provenance = UNMARKED


@frozen(slots=False)
class Scorecard:
    """The outcome for one record 评分卡: every node, every line of loss, grades, checks and findings.

    Lines add up exactly to `max` − `points` wherever the root has a score. `trace` is an attachment outside the digest.
    """

    record: str
    scheme: str
    edition: str
    scheme_digest: str
    points: Fraction | None
    max: Fraction | None
    grades: Mapping[str, str | None]
    nodes: tuple[NodeScore, ...]
    lines: tuple[Line, ...]
    happenings: tuple[Happening, ...]
    values: Mapping[str, Datum | Hole]
    resting: Mapping[ProvenanceStatus, Fraction]
    rulings: tuple[Ruling, ...]
    findings: tuple[Finding, ...]
    benchmarks: Mapping[str, Frozen] = field(factory=dict)
    stage: str = ""
    evidence: Any = field(default=None, eq=False, repr=False)

    @classmethod
    def begun(
        cls, rest: Callable[[], Scorecard], scores: Callable[[], dict[str, Fraction | None]] | None = None, **known: Any
    ) -> Scorecard:
        """A card of which some parts are known; the others are made, all at once, when one of them is first looked at.

        `scores` tells every node's points without the rest.
        """
        card = cls.__new__(cls)
        vars(card).update(known, _rest=rest, _scores=scores)
        return card

    def __getattr__(self, name: str) -> Any:
        if name not in _CARD or "_rest" not in vars(self):
            raise AttributeError(f"a scorecard has no {name!r}")
        known = vars(self)
        rest = known["_rest"]()
        for part in _CARD:
            known.setdefault(part, getattr(rest, part))
        known.pop("_rest", None)
        return known[name]

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _CARD}

    @property
    def grade(self) -> str | None:
        """The label of the first grade scale, or None."""
        return next(iter(self.grades.values()), None)

    @property
    def scores(self) -> dict[str, Fraction | None]:
        """The points of every node of the tree by its path, "" being the whole; None for one without a score.

        Rows of open groups are among `nodes` only.
        """
        known = vars(self).get("_scores")
        if known is not None:
            return dict(known())
        return {n.path: n.score for n in self.nodes if n.role != "row" and n.state != "described"}

    def explain(self, lang: Language = "zh", path: str | None = None) -> str:
        """The scorecard in words, or the part at a path. Raises KeyError for a path that it does not have."""
        if self.evidence is None:
            raise ValueError("this scorecard came without the evidence that an explanation is made from")
        text: str = self.evidence.explain(self, lang, path)
        return text

    def __getitem__(self, path: str) -> NodeScore:
        for node in self.nodes:
            if node.path == path or (node.name == path and path):
                return node
        raise KeyError(path)

    def __str__(self) -> str:
        total = "—" if self.points is None else published(self.points)
        of = "" if self.max is None else f" / {published(self.max)}"
        return f"{visible(self.record)}: {total}{of}" + (f" {self.grade}" if self.grade else "")


_CARD = tuple(a.name for a in attrs.fields(Scorecard))
