"""From what the steps of a plan came to, to a scorecard: the same for every reading."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from perfrules.model import Frozen, Record, Scorecard
from perfrules.plan import Plan, Results
from perfrules.scorecards.canonical import as_json, canonical, digest, finding_json, frozen_from, frozen_json
from perfrules.scorecards.card import Card
from perfrules.scorecards.foundations import HOLES, hole_words, origin

__all__ = [
    "HOLES",
    "as_json",
    "canonical",
    "digest",
    "finding_json",
    "frozen_from",
    "frozen_json",
    "hole_words",
    "origin",
    "scorecard",
]


def scorecard(
    plan: Plan,
    record: Record,
    results: Results,
    *,
    benchmarks: Mapping[str, Frozen] | None = None,
    evidence: Any = None,
) -> Scorecard:
    """The scorecard of a record: its points and grades at once, all else when first looked at."""
    root, scheme = plan.nodes[0], plan.scheme
    points = results.values[root.score] if root.score else None
    return Scorecard.begun(
        lambda: Card(plan, record, results).made(),
        record=record.id, scheme=scheme.id, edition=scheme.edition, scheme_digest=scheme.digest, max=root.node.worth,
        points=points if isinstance(points, Fraction) else None,
        grades={g.scale.name: g.label(results.values[g.rank]) for g in plan.grades},
        rulings=record.rulings, stage=record.stage, benchmarks=dict(benchmarks or {}), evidence=evidence,
    )  # fmt: skip
