"""The law of points: nothing scores more than it is worth, or less than nothing."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from perfrules import model, numbers
from perfrules.numbers import published
from perfrules.plan import NodePlan
from perfrules.testing.laws.making import law
from perfrules.testing.laws.reaching import Goal, directed, find
from perfrules.testing.laws.subject import Raw, Subject
from perfrules.testing.laws.verdicts import Breach

ZERO = Fraction(0)


@law()
def within_range(subject: Subject) -> Iterator[Breach]:
    """No indicator, row or group scores more than its points or less than their lower end.

    Points are rounded as their scores are: a sixth of 100, at two places, may score 16.67. A group may pass its points by
    its bonuses and deductions, by as much as these declare, or where rows of the record say that they are worth other
    points than the scheme does.
    """

    def wrong(raw: Raw) -> Iterator[Breach]:
        card = subject.card(raw)
        if card is None:
            return
        apart = [f.path for f in card.findings if f.name == "row-points-differ"]
        more = {n.path: _by_rounding(subject, n) for n in card.nodes if n.score is not None and n.points is not None}
        for node in card.nodes:
            if node.score is None or node.points is None:
                continue
            bounds = _bounds(subject, node, apart)
            if bounds is None:
                continue
            low, high = bounds
            beneath = f"{node.path}/" if node.path else ""
            high += sum((m for path, m in more.items() if path == node.path or path.startswith(beneath)), ZERO)
            if not low <= node.score <= high:
                seen = {"score": published(node.score), "low": published(low), "high": published(high)}
                told = "above" if node.score > high else "below"
                seen["name"] = node.path or node.name
                yield Breach("within-range", _own(subject, node), seen, raw, told)

    yield from subject.breaches(wrong)
    outside = [raw for planned in subject.plan.nodes for raw in _outside(subject, planned)]
    if outside:
        yield from subject.breaches(wrong, outside)


def _outside(subject: Subject, planned: NodePlan) -> Iterator[Raw]:
    """Records looked for that bring a node above or below its points, where its formulas do not rule that out."""
    points = planned.node.points
    if not planned.body or points is None or points.high is None or planned.node.worth is None:
        return  # a group that gathers is within its points where its children are
    low, high = points.low or ZERO, planned.node.worth
    foreseen = subject.range(planned.score)
    search = (
        find if planned.node.children else directed
    )  # a rule over children is climbed, one over figures need not be
    leaves = tuple(n for n in subject.plan.nodes if n.body and n.score and n.node.counts and n is not planned)
    if foreseen.high is None or foreseen.high > high:
        above = Goal(planned.score, lambda v: isinstance(v, Fraction) and v > high, lambda score: score, parts=leaves)
        yield from filter(None, [search(subject, above)])
    if foreseen.low is None or foreseen.low < low:
        below = Goal(planned.score, lambda v: isinstance(v, Fraction) and v < low, lambda score: -score, parts=leaves)
        yield from filter(None, [search(subject, below)])


def _by_rounding(subject: Subject, node: model.NodeScore) -> Fraction:
    """By how much a node's points grow when they are rounded as its score is."""
    assert node.points is not None
    its = subject.scheme.rows[subject.rows_of(node.path).rows] if node.role == "row" else subject.scheme.node(node.path)
    if its.round is None:
        return ZERO
    return max(numbers.rounded(node.points, its.round.places, its.round.mode) - node.points, ZERO)


def _own(subject: Subject, node: model.NodeScore) -> str:
    """What a breach at a node is about: its path; of a row, the kind of row."""
    return subject.rows_of(node.path).rows if node.role == "row" else node.path


def _bounds(subject: Subject, node: model.NodeScore, apart: list[str]) -> tuple[Fraction, Fraction] | None:
    """Between what a node's score must lie; None where that cannot be said."""
    assert node.points is not None
    if node.role == "row":
        return ZERO, node.points
    its = subject.scheme.node(node.path)
    assert its.points is not None
    if any(path == node.path or path.startswith(f"{node.path}/") or not node.path for path in apart):
        return None
    low, high = its.points.low or ZERO, node.points
    for below in its.walk():
        if below.points is None or below.points.high is None:
            if below is not its and below.counts and below.points is not None:
                return None  # a free node adds what it will
            continue
        if below.adjustments:
            ends = [_adjusted(below)]
            if ends[0] is None or (below is not its and any(n.rescale or n.scale_to for n in its.walk())):
                return None
            low, high = low + ends[0][0], high + ends[0][1]
    return min(low, high), high


def _adjusted(node: model.TreeNode) -> tuple[Fraction, Fraction] | None:
    """By how much a node's bonuses and deductions may move its score; None where they state no bounds."""
    if node.adjustments_low is not None and node.adjustments_high is not None:
        return node.adjustments_low, node.adjustments_high
    low = high = ZERO
    for each in node.adjustments:
        if each.low is None or each.high is None:
            return None
        low, high = low + min(each.low, ZERO), high + max(each.high, ZERO)
    return low, high
