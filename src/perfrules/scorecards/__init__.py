"""From what the steps of a plan came to, to a scorecard: the same for every reading."""

from perfrules.model import Record, Scorecard
from perfrules.plan import Plan, Results
from perfrules.scorecards.canonical import as_json, canonical, digest, finding_json, frozen_from, frozen_json
from perfrules.scorecards.card import Card
from perfrules.scorecards.foundations import hole_words

__all__ = ["as_json", "canonical", "digest", "finding_json", "frozen_from", "frozen_json", "hole_words", "scorecard"]


def scorecard(plan: Plan, record: Record, results: Results) -> Scorecard:
    """The scorecard of a record."""
    return Card(plan, record, results).made()
