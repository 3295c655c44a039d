"""Leaf by leaf, then added up: what is proved of nodes and rows, for whatever is made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from attrs import define, field

from perfrules import model
from perfrules.numbers import rounded
from perfrules.plan import NodePlan, Plan, RowBlock
from perfrules.proving.answers import Answer, Proved
from perfrules.readings.proof.claims import Claim, Within
from perfrules.readings.proof.deciding import Prover
from perfrules.readings.proof.encoding import Cut, Encoding
from perfrules.readings.proof.terms import Condition, either, no


@define
class Adding:
    """The bounds that are proved of nodes, by score, and the kinds of row that are proved to keep to their points.

    Those in `footed` hold where the points of rows add up as they should, which the range of whatever holds them also
    takes for granted; nothing else may.
    """

    plan: Plan
    scores: Mapping[str, NodePlan]
    bounds: dict[str, Cut] = field(factory=dict)
    footed: dict[str, Cut] = field(factory=dict)
    rows_kept: set[str] = field(factory=set)

    def learn(self, claim: Claim, answer: Answer, prover: Prover) -> None:
        """Keep the bounds that are proved of a node's score, for whatever adds it up."""
        if not isinstance(claim, Within) or not isinstance(answer, Proved):
            return
        if claim.of.role == "row" and self._points_never_negative(claim, prover):
            self.rows_kept.add(claim.of.path)
        if claim.of.role != "node":
            return
        planned = next(n for n in self.plan.nodes if n.node.path == claim.of.path)
        high = claim.high if isinstance(claim.high, Fraction) else None
        known = self.footed if claim.footing else self.bounds
        known[planned.score] = _after_stages(planned, claim.low, high)

    def _points_never_negative(self, claim: Within, prover: Prover) -> bool:
        """Whether the points of a row are surely not below zero, be it scored or not."""
        block = next(s for s in self.plan.steps if isinstance(s, RowBlock) and s.name == claim.of.block)
        points = prover.encoding().row(block)[str(claim.high)].number()
        return points is not None and points.low is not None and points.low >= 0

    def cuts(self, claim: Claim, read: Sequence[str]) -> Mapping[str, Cut]:
        """Nodes known by their proved bounds, so that what adds them up is asked without them."""
        made: dict[str, Cut] = {}
        of_range = isinstance(claim, Within) and claim.of.role == "node"
        known = {**self.footed, **self.bounds} if of_range else self.bounds
        for score in read:
            planned = self.scores[score]
            if score in known:
                made[score] = known[score]
                if not planned.body and planned.node.worth is not None:
                    made[planned.possible] = Cut(Fraction(0), planned.node.worth, ())
        if self._together(claim) is not None:
            key, children = self._together(claim) or ("", ())
            bounds = [self.bounds[c.score] for c in children]
            low = sum((min(b.low, Fraction(0)) for b in bounds if b.low is not None), Fraction(0))
            most = sum((c.node.worth for c in children if c.node.worth is not None), Fraction(0))
            made[f"{key}__together"] = Cut(low, most, ("refused",))
            made[f"{key}__could"] = Cut(Fraction(0), most, ())
            made[f"{key}__count"] = Cut(Fraction(0), Fraction(len(children)), ())
        return made

    def _together(self, claim: Claim) -> tuple[str, Sequence[NodePlan]] | None:
        """For the range of a group that makes up for what is absent: its children, where each keeps to what is possible
        for it; then so does their sum."""
        if not isinstance(claim, Within) or claim.of.role != "node":
            return None
        planned = next(n for n in self.plan.nodes if n.node.path == claim.of.path)
        children = [c for c in self.plan.nodes if c.node in planned.node.children and c.score and c.node.counts]
        if not _sums(planned) or not planned.node.rescale or not children or not all(map(self._kept_to, children)):
            return None
        return planned.key, children

    def rows_within(self, claim: Claim) -> str:
        """For the range of a group of rows: the name before its folds, where every row is proved to keep to its points;
        then so does the sum of the rows."""
        if not isinstance(claim, Within) or not claim.footing:
            return ""
        planned = next(n for n in self.plan.nodes if n.node.path == claim.of.path)
        block = next((s for s in self.plan.steps if isinstance(s, RowBlock) and s.name == planned.rows), None)
        return planned.row_points.removesuffix("__all") if block is not None and block.rows in self.rows_kept else ""

    def _kept_to(self, planned: NodePlan) -> bool:
        """Whether a node's score never exceeds what is possible for it, which is nothing where it does not apply."""
        bounds, worth, rounding = self.bounds.get(planned.score), planned.node.worth, planned.node.round
        if bounds is None or bounds.high is None or worth is None or bounds.high > worth:
            return False
        if planned.body or planned.node.rescale:
            return True
        if not _sums(planned):  # all its points are possible where it applies
            return planned.node.scale_to is None
        children = [c for c in self.plan.nodes if c.node in planned.node.children and c.score and c.node.counts]
        if planned.node.scale_to is not None or not all(map(self._kept_to, children)):
            return False
        leaves = [n for n in planned.node.walk() if n.worth is not None]
        return rounding is None or all(n.worth is None or rounded(n.worth, rounding.places) == n.worth for n in leaves)

    def assumed(self, claim: Claim, read: Sequence[str]) -> Callable[[Encoding], Sequence[Condition]]:
        """What is known of steps that are not looked into: nothing is possible where a node does not apply, and no score
        is higher than what is possible."""
        pairs = [(p.score, p.possible) for p in (self.scores[s] for s in read) if not p.body and self._kept_to(p)]
        rows = self.rows_within(claim)
        if rows:
            pairs.append((f"{rows}__together", f"{rows}__all"))
        together = self._together(claim)
        if together is not None:
            pairs.append((f"{together[0]}__together", f"{together[0]}__could"))

        def assumed(encoding: Encoding) -> Sequence[Condition]:
            made: list[Condition] = []
            for score, most in pairs:
                if score not in encoding.terms or most not in encoding.terms:
                    continue
                it, value = encoding.terms[score], encoding.terms[score].number()
                possible = encoding.terms[most].number()
                assert value is not None  # both are numbers: points, cut off or added up
                assert possible is not None
                made.append(either(no(it.hole("not_applicable")), possible.expression == 0))
                made.append(either(no(it.there), value.expression <= possible.expression))
            return made

        return assumed


def _sums(planned: NodePlan) -> bool:
    holds = planned.node.holds
    return isinstance(holds, model.Group) and holds.body is None and holds.combine == "sum"


def _after_stages(planned: NodePlan, low: Fraction | None, high: Fraction | None) -> Cut:
    """The bounds of a node's score, from those of what it is before its adjustments."""
    node = planned.node
    if node.adjustments:
        lows = [a.low for a in node.adjustments]
        highs = [a.high for a in node.adjustments]
        down = node.adjustments_low
        up = node.adjustments_high
        if down is None and None not in lows:
            down = sum((min(x, Fraction(0)) for x in lows if x is not None), Fraction(0))
        if up is None and None not in highs:
            up = sum((max(x, Fraction(0)) for x in highs if x is not None), Fraction(0))
        low = None if low is None or down is None else low + down
        high = None if high is None or up is None else high + up
        caps = [g.at_most for g in node.gates if g.at_most is not None]
        if low is not None and caps:
            low = min(low, *caps)
        if node.round is not None:
            low = None if low is None else rounded(low, node.round.places, node.round.mode)
            high = None if high is None else rounded(high, node.round.places, node.round.mode)
    return Cut(low, high)
