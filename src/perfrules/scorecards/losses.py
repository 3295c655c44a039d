"""Where the points went: lines of loss that add up exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from perfrules import model
from perfrules.findings import Finding
from perfrules.model import Hole, Line, Record, Row
from perfrules.plan import Arms, NodePlan, Plan, Results
from perfrules.scorecards.foundations import Foundations, hole_words, one_line, origin, outcomes_of, source_line

ZERO = Fraction(0)


class Losses:
    """Lines of loss over the results of a plan."""

    def __init__(self, plan: Plan, record: Record, results: Results) -> None:
        self.plan = plan
        self.scheme = plan.scheme
        self.record = record
        self.results = results
        self.values = results.values
        self.findings: list[Finding] = list(record.findings)
        self.happenings: list[model.Happening] = []
        self.absent: set[str] = set()
        self.by_path = {n.node.path: n for n in plan.nodes}
        self.foundations = Foundations(plan)

    def because(self, planned: NodePlan, value: Hole) -> Hole:
        """The hole behind a node without a score, nearest to the data."""
        behind = self._behind(planned.applies, planned.body, self.values, planned.node)
        if behind is not None:
            return behind
        for stage in planned.stages:
            step = stage.trigger or stage.step
            hole = self.values.get(step)
            if isinstance(hole, Hole) and hole.name:
                return origin(hole, self.values)
        return Hole(value.kind, value.name, value.why)

    def _behind(
        self, applies: str, body: str, scope: Mapping[str, Any], about: model.TreeNode | model.RowKind
    ) -> Hole | None:
        """What leaves a rule without a value: that it does not apply, whatever its figures are; else what it came upon."""
        if scope.get(applies) is False and about.applies_when is not None:
            return Hole("not_applicable", about.name, unmet=one_line(about.applies_when))
        for step in (applies, body):
            hole = scope.get(step)
            if isinstance(hole, Hole):
                return origin(hole, self.values)
        return None

    def behind_row(self, prefix: str, kind: model.RowKind, local: Mapping[str, Any]) -> Hole | None:
        """What leaves a row without a value of its own."""
        return self._behind(f"{prefix}__applies", f"{prefix}__body", local, kind)

    def _taken(self, arms: Arms, values: Mapping[str, Any]) -> model.Outcome | None:
        arm = values.get(arms.step)
        return arms.outcomes[int(arm)] if isinstance(arm, Fraction) else None

    def scored_tops(self, planned: NodePlan) -> Iterator[NodePlan]:
        """The node where it has a score, else the highest nodes beneath it that have one."""
        if planned.score and isinstance(self.values[planned.score], Fraction):
            yield planned
            return
        for child in planned.node.children:
            if child.counts:
                yield from self.scored_tops(self.by_path[child.path])

    def lines(self, planned: NodePlan) -> list[Line]:
        """The lines of a node that has a score; they add up to its worth less its score."""
        node = planned.node
        computed = self.results.computed.get(planned.score)
        final = self.values[planned.score]
        if isinstance(computed, Hole) and isinstance(final, Fraction):  # a ruling where nothing could be computed
            return [self._ruled(node.path, (node.worth or ZERO) - final)]
        match node.holds:
            case model.Group(body=None, combine="sum"):
                lines = self._child_lines(planned)
                start = self.values[f"{planned.key}__together"]
                lines += self._step_line(planned, "none-scored", start, self._value(planned.first, planned))
            case model.OpenGroup():
                lines = self._row_lines(planned)
                start = self.values[planned.rows.removesuffix("__rows") + "__together"]
                lines += self._step_line(planned, "none-scored", start, self._value(planned.first, planned))
            case model.Group():
                lines = self._own_line(planned, "combined")
            case _:
                lines = self._own_line(planned, "free" if node.points is None or node.points.free else "rule")
        lines += self._stage_lines(planned)
        if isinstance(computed, Fraction) and isinstance(final, Fraction):
            lines.append(self._ruled(node.path, computed - final))
        return lines

    def _ruled(self, path: str, amount: Fraction) -> Line:
        """What the ruling on a path took; of several the last holds."""
        ruling = next(r for r in reversed(self.record.rulings) if r.path == path)
        return Line(path, "ruling", amount, ruling.by, ruling.reason)

    def _value(self, step: str, planned: NodePlan) -> Any:
        """A step's value before any ruling."""
        return self.results.computed.get(step, self.values[step]) if step == planned.score else self.values[step]

    def _own_line(self, planned: NodePlan, kind: model.LineKind) -> list[Line]:
        node = planned.node
        most = node.points.high if node.points and node.points.high is not None else ZERO
        first = self._value(planned.first, planned)
        if not isinstance(first, Fraction) or most == first:
            return []
        hole = self._behind(planned.applies, planned.body, self.values, node)
        reason = node.reason if first < most else ""  # which tells why points are lost, not why there are more
        if hole is not None:
            reason = hole_words(hole)
        elif planned.arms is not None:
            taken = self._taken(planned.arms, self.values)
            reason = (taken.reason if taken else "") or reason
        return [Line(node.path, kind, most - first, "", reason, node.provenance.clause, hole)]

    def _step_line(self, planned: NodePlan, kind: model.LineKind, before: object, after: object) -> list[Line]:
        if isinstance(before, Fraction) and isinstance(after, Fraction) and before != after:
            return [Line(planned.node.path, kind, before - after, clause=planned.node.provenance.clause)]
        return []

    def _child_lines(self, planned: NodePlan) -> list[Line]:
        lines: list[Line] = []
        for child in planned.node.children:
            if not child.counts or child.points is None:
                continue
            inner = self.by_path[child.path]
            value = self.values[inner.score]
            if isinstance(value, Fraction):
                lines += self.lines(inner)
            elif child.worth:
                hole = self.because(inner, value) if isinstance(value, Hole) else None
                reason = hole_words(hole) if hole is not None else ""
                lines.append(Line(child.path, "absent", child.worth, "", reason, child.provenance.clause, hole))
        return lines

    def _row_lines(self, planned: NodePlan) -> list[Line]:
        node = planned.node
        assert isinstance(node.holds, model.OpenGroup)
        kind = self.scheme.rows[node.holds.rows]
        prefix = planned.rows.removesuffix("__rows")
        lines: list[Line] = []
        worth = ZERO
        for row, local in self.results.rows.get(planned.rows, []):
            if local.get(f"{prefix}__counts") is not True:
                continue
            points = local.get(f"{prefix}__points")
            worth += points if isinstance(points, Fraction) else ZERO
            lines += self._one_row(planned, kind, prefix, row, local)
        most = node.points.high if node.points and node.points.high is not None else ZERO
        if worth != most:
            why: model.LineKind = "rows-differ" if self.results.rows.get(planned.rows) else "none-scored"
            lines.append(Line(node.path, why, most - worth, clause=node.provenance.clause))
        return lines

    def _one_row(
        self, planned: NodePlan, kind: model.RowKind, prefix: str, row: Row, local: Mapping[str, Any]
    ) -> list[Line]:
        path = f"{planned.node.path}/{row.name}"
        clause = kind.provenance.clause
        points = local.get(f"{prefix}__points")
        key = f"{prefix}__score"
        score = local.get(key)
        computed = self.results.computed.get(f"{key}#{row.number}", score)
        if not isinstance(points, Fraction):
            points = ZERO  # nobody knows its points; whatever it scores is then a gain
        hole = self.behind_row(prefix, kind, local)
        if not isinstance(score, Fraction):
            if hole is None and isinstance(score, Hole):
                hole = origin(score, self.values)
            return [Line(path, "absent", points, "", hole_words(hole) if hole is not None else "", clause, hole)]
        before = local.get(f"{prefix}__present", computed)
        reason = kind.reason if not isinstance(before, Fraction) or before < points else ""
        arm = local.get(f"{prefix}__body__arm")
        if hole is not None:
            reason = hole_words(hole)
        elif isinstance(arm, Fraction) and kind.body is not None:
            reason = outcomes_of(kind.body)[int(arm)].reason or reason
        if isinstance(computed, Hole):
            return [self._ruled(path, points - score)]
        lines: list[Line] = []
        if isinstance(before, Fraction) and before != points:
            lines.append(Line(path, "rule", points - before, "", reason, clause, hole))
        if isinstance(before, Fraction) and isinstance(computed, Fraction) and before != computed:
            lines.append(Line(path, "rounding", before - computed))
        if isinstance(computed, Fraction) and computed != score:
            lines.append(self._ruled(path, computed - score))
        return lines

    def _stage_lines(self, planned: NodePlan) -> list[Line]:
        """What each stage took or gave; several adjustments are a line each, and their common bound another."""
        node = planned.node
        lines: list[Line] = []
        before = self._value(planned.first, planned)
        given = ZERO
        for stage in planned.stages:
            after = self._value(stage.step, planned)
            if stage.kind == "adjustment" and stage.source is not None:
                amount = after if isinstance(after, Fraction) else ZERO
                given += amount
                if amount:
                    lines.append(source_line(node.path, stage, -amount))
                continue
            if not isinstance(before, Fraction) or not isinstance(after, Fraction):
                continue
            change = before - after
            if stage.kind == "adjustment":
                change, given = change + given, ZERO
            if stage.kind == "scale" and node.scale_to is not None and node.points and node.points.high is not None:
                change += node.scale_to - node.points.high
            if change:
                lines.append(source_line(node.path, stage, change))
            before = after
        return lines
