"""The card of one record: nodes, rows, what happened, and the findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, get_args

from perfrules import model
from perfrules.findings import Finding, Severity
from perfrules.model import Cell, Hole, NodeScore, Provenance, ProvenanceStatus, Scorecard
from perfrules.numbers import published
from perfrules.plan import GradePlan, NodePlan, PlanStep, RowBlock, Stage
from perfrules.scorecards.divisors import zero_divisor
from perfrules.scorecards.foundations import hole_words, one_line, origin, outcomes_of, state_of
from perfrules.scorecards.losses import ZERO, Losses

_SUPPLY = (
    "补上数据；确实不适用的，注明不适用和理由。",
    "Supply the data; where it does not apply, mark it so with a reason.",
)
_UNDEFINED = (
    "核对作除数的数；数没有错的，请体系作者写明这时怎么计分（undefined）。",
    "Check the figure that is divided by; if it is right, the scheme's author must say what happens then (undefined).",
)
"""How a node without a score is mended: where something is wanting, and where a rule's figures give it no value."""


class Card(Losses):
    def made(self) -> Scorecard:
        nodes: list[NodeScore] = []
        resting: dict[model.ProvenanceStatus, Fraction] = {}
        for planned in self.plan.nodes:
            nodes.append(self.node(planned))
            nodes.extend(self.rows(planned))
        for each in nodes:
            if self._makes_points(each) and each.state == "scored" and each.points and self._counted(each.path):
                status = each.provenance.status
                resting[status] = resting.get(status, ZERO) + each.points
        root = self.plan.nodes[0]
        lines = [line for top in self.scored_tops(root) for line in self.lines(top)]
        for planned in self.plan.nodes:
            self.happen(planned)
        self.checks()
        grades = {g.scale.name: self.grade(g) for g in self.plan.grades}
        self.rulings()
        return Scorecard(
            record=self.record.id,
            scheme=self.scheme.id,
            edition=self.scheme.edition,
            scheme_digest=self.scheme.digest,
            points=nodes[0].score,
            max=root.node.worth,
            grades=grades,
            nodes=tuple(nodes),
            lines=tuple(sorted(lines, key=lambda line: -line.amount)),
            happenings=tuple(self.happenings),
            values={name: self.values[name] for name in self.scheme.values},
            resting={s: resting[s] for s in get_args(ProvenanceStatus) if s in resting},
            rulings=self.record.rulings,
            findings=tuple(self.findings),
            stage=self.record.stage,
            evidence=self.results,
        )

    def find(self, name: str, path: str, severity: Severity | None = None, /, **seen: str) -> None:
        self.findings.append(Finding(name, None, path, seen, stated=severity))

    def _makes_points(self, each: NodeScore) -> bool:
        """Whether points are made here: at leaves, rows, and groups with nothing but described nodes beneath."""
        return each.role in ("leaf", "row") or (
            each.role == "group" and all(c.points is None for c in self.by_path[each.path].node.children)
        )

    def _counted(self, path: str) -> bool:
        """Whether nothing on the way up is shown without being added."""
        while True:
            planned = self.by_path.get(path)
            if planned is not None and not planned.node.counts:
                return False
            if not path:
                return True
            path = path.rpartition("/")[0]

    # ------------------------------------------------------------------------------------------ nodes and rows

    def node(self, planned: NodePlan) -> NodeScore:
        node = planned.node
        depth = 0 if not node.path else node.path.count("/") + 1
        role: Any = "leaf"
        if isinstance(node.holds, model.Group):
            role = "group"
        elif isinstance(node.holds, model.OpenGroup):
            role = "rows"
        if not planned.score:
            return NodeScore(node.path, node.name, node.title, depth, role, node.counts, "described", None, None, None,
                             None, node.provenance)  # fmt: skip
        value = self.values[planned.score]
        state, score = state_of(value)
        worth = node.worth
        possible = self.values[planned.possible]
        computed = self.results.computed.get(planned.score)
        because = None
        if isinstance(value, Hole):
            because = self.because(planned, value)
        elif worth is not None and score is not None and node.points is not None:
            self._in_range(node, score)
        grade = None
        if planned.grade:
            rank = self.values[planned.grade]
            grade = planned.grade_labels[int(rank)] if isinstance(rank, Fraction) else None
        if state == "absent":
            self.absent.add(node.path)
        if state == "refused" and role == "leaf" and because is not None and not self._beneath_absent(node.path):
            self._no_score(node.path, because, planned.body, self.plan.producers, self.values, {})
        raw = self.values[planned.raw]
        return NodeScore(
            path=node.path,
            name=node.name,
            title=node.title,
            depth=depth,
            role=role,
            counts=node.counts,
            state=state,
            points=worth,
            score=score,
            possible=possible if isinstance(possible, Fraction) else None,
            lost=None if worth is None or score is None else worth - score,
            provenance=self.provenance(planned),
            because=because,
            computed=computed if isinstance(computed, Fraction) else None,
            grade=grade,
            raw=raw if isinstance(raw, Fraction) else None,
        )

    def _beneath_absent(self, path: str) -> bool:
        """Whether what it stands beneath does not apply at all: then nothing of it is wanting."""
        return any(path.startswith(f"{above}/") if above else path for above in self.absent)

    def _no_score(
        self,
        path: str,
        because: Hole,
        step: str,
        steps: Mapping[str, PlanStep],
        scope: Mapping[str, Any],
        cells: Mapping[str, Cell],
    ) -> None:
        """Where figures are wanting they are asked for; where a rule divides by a figure that is zero, it is named."""
        why, why_en, mend, mend_en = hole_words(because), hole_words(because, "en"), *_SUPPLY
        if because.kind == "undefined":
            mend, mend_en = _UNDEFINED
            divisor = zero_divisor(self.plan, step, steps, scope, {**self.record.cells, **cells})
            if divisor:
                why, why_en = f"“{divisor}”为 0，不能作除数", f"“{divisor}” is 0 and cannot be divided by"
        self.find("no-score", path, why=why, why_en=why_en, mend=mend, mend_en=mend_en)

    def _block(self, name: str) -> Mapping[str, PlanStep]:
        """The steps of a row block, before those of the record."""
        block = next(s for s in self.plan.steps if isinstance(s, RowBlock) and s.name == name)
        return {**self.plan.producers, **{s.name: s for s in block.steps}}

    def _in_range(self, node: model.TreeNode, score: Fraction) -> None:
        """A score outside its node's points is told, not mended; declared bonuses and deductions may take it there."""
        assert node.points is not None
        assert node.worth is not None
        if (node.points.low or ZERO) <= score <= node.worth:
            return
        assert node.span is not None
        low, high = node.span
        if not low <= score <= high:
            self.find(
                "score-out-of-range",
                node.path,
                score=published(score),
                low=published(low),
                high=published(high),
            )

    def rows(self, planned: NodePlan) -> Iterable[NodeScore]:
        if not planned.rows:
            return
        node = planned.node
        assert isinstance(node.holds, model.OpenGroup)
        kind = self.scheme.rows[node.holds.rows]
        prefix = planned.rows.removesuffix("__rows")
        depth = 0 if not node.path else node.path.count("/") + 1
        for row, local in self.results.rows.get(planned.rows, []):
            path = f"{node.path}/{row.name}"
            key = f"{prefix}__score"
            value = local.get(key, Hole("refused"))
            counts = local.get(f"{prefix}__counts") is True
            points = local.get(f"{prefix}__points")
            state, score = state_of(value)
            computed = self.results.computed.get(f"{key}#{row.number}")
            because = None
            if isinstance(value, Hole):
                because = self.behind_row(prefix, kind, local) or origin(value, self.values)
            worth = points if isinstance(points, Fraction) else None
            if state == "refused" and because is not None and not self._beneath_absent(path):
                scope = {**self.values, **local}
                self._no_score(path, because, f"{prefix}__body", self._block(planned.rows), scope, row.cells)
            if score is not None and worth is not None and not 0 <= score <= worth:
                self.find("score-out-of-range", path, score=published(score), low="0", high=published(worth))
            possible = local.get(f"{prefix}__possible")
            yield NodeScore(
                path=path,
                name=row.name,
                title="",
                depth=depth + 1,
                role="row",
                counts=counts,
                state=state,
                points=worth,
                score=score,
                possible=possible if isinstance(possible, Fraction) else ZERO,
                lost=None if worth is None or score is None else worth - score,
                provenance=self.row_provenance(planned, local),
                because=because,
                computed=computed if isinstance(computed, Fraction) else None,
            )

    # ------------------------------------------------------------------------------------------ provenance

    def provenance(self, planned: NodePlan) -> Provenance:
        """What a node rests on: its own marks, and of the rules it used those it reached."""
        node = planned.node
        mark = node.provenance.joined(node.points_provenance)
        body = node.holds.body if isinstance(node.holds, model.Group) else node.holds
        if body is None or isinstance(body, model.OpenGroup | model.Group):
            return mark
        if planned.arms is not None:
            return mark.joined(self._arm(body, self._taken(planned.arms, self.values)))
        return mark.joined(self.foundations.of(body))

    def row_provenance(self, planned: NodePlan, local: Mapping[str, Any]) -> Provenance:
        assert isinstance(planned.node.holds, model.OpenGroup)
        kind = self.scheme.rows[planned.node.holds.rows]
        mark = kind.provenance.joined(planned.node.provenance)
        arm = local.get(planned.rows.removesuffix("__rows") + "__body__arm")
        if kind.body is not None and isinstance(arm, Fraction):
            outcomes = outcomes_of(kind.body)
            return mark.joined(self._arm(kind.body, outcomes[int(arm)]))
        return mark.joined(self.foundations.of(kind.body))

    def _arm(self, body: object, taken: model.Outcome | None) -> Provenance:
        mark = model.Provenance("stated")
        conditions = [c.when for c in body.cases] if isinstance(body, model.CasesBody) else []
        if isinstance(body, model.BandsBody):
            conditions = [body.of]
        for text in conditions:
            mark = mark.joined(self.foundations.of(text))
        if taken is not None:
            mark = mark.joined(taken.provenance).joined(self.foundations.of(taken.value))
        return mark

    # ------------------------------------------------------------------------------------------ what happened

    def happen(self, planned: NodePlan) -> None:
        path = planned.node.path
        if planned.rows:
            self._rows_add_up(planned)
        for stage in planned.stages:
            match stage.source:
                case model.Adjustment() as source:
                    value = self.values[stage.step]
                    amount = value if isinstance(value, Fraction) else None
                    hole = value if isinstance(value, Hole) else None
                    undecidable = hole is not None and hole.kind != "not_applicable"
                    state: Any = "undecidable" if undecidable else "applied" if amount else "idle"
                    self._happened(path, source, "adjustment", state, amount)
                case model.Gate() as source:
                    self._gate(path, source, stage)
                case None:
                    pass

    def _gate(self, path: str, source: model.Gate, stage: Stage) -> None:
        when = self.values[stage.trigger]
        state: Any = "undecidable" if isinstance(when, Hole) else "applied" if when is True else "idle"
        self._happened(path, source, "gate", state, None)
        if state == "applied":
            self.find("gate-closed", path, gate=source.name)

    def _happened(
        self, path: str, source: model.Adjustment | model.Gate, kind: Any, state: Any, amount: Fraction | None
    ) -> None:
        self.happenings.append(
            model.Happening(path, source.name, kind, state, amount, source.reason, source.provenance)
        )
        if state == "undecidable":
            self.find("undecidable", path, what=source.name)

    def _rows_add_up(self, planned: NodePlan) -> None:
        node = planned.node
        assert isinstance(node.holds, model.OpenGroup)
        worth = self.values.get(planned.row_points)
        most = node.points.high if node.points else None
        if isinstance(worth, Fraction) and most is not None and worth != most and self.results.rows.get(planned.rows):
            severity: Severity = "remark" if node.holds.adjustable else "error"
            self.find("row-points-differ", node.path, severity, sum=published(worth), stated=published(most))

    def checks(self) -> None:
        for planned in self.plan.checks:
            check = planned.check
            if not planned.block:
                self._checked(check, "", self.values[planned.step])
                continue
            for row, local in self.results.rows.get(planned.block, []):
                self._checked(check, row.name, local[planned.step])
        self._unplaced_rows()

    def _checked(self, check: model.Check, path: str, value: object) -> None:
        state: Any = "holds" if value is True else "broken"
        if isinstance(value, Hole):
            state = "idle" if value.kind == "not_applicable" else "undecidable"
        self.happenings.append(model.Happening(path, check.name, "check", state, None, check.reason, check.provenance))
        if state == "broken":
            self.find(
                "check-broken",
                path,
                check.severity,
                check=check.name,
                holds=one_line(check.holds),
                reason=check.reason,
            )
        elif state == "undecidable":
            self.find("check-undecidable", path, "remark", check=check.name, holds=one_line(check.holds))

    def _unplaced_rows(self) -> None:
        """Every row stands in exactly one open group, or it is told."""
        for kind in self.scheme.rows.values():
            blocks = [
                n for n in self.plan.nodes
                if n.rows and isinstance(n.node.holds, model.OpenGroup) and n.node.holds.rows == kind.name
            ]  # fmt: skip
            if not blocks:
                continue
            placed: dict[int, list[str]] = {}
            for planned in blocks:
                for row, _ in self.results.rows.get(planned.rows, []):
                    placed.setdefault(row.number, []).append(planned.node.name)
            for row in self.record.rows.get(kind.name, ()):
                groups = placed.get(row.number, [])
                if not groups:
                    self.find("row-in-no-group", f"{kind.name}/{row.name}", row=str(row.number))
                elif len(groups) > 1:
                    self.find(
                        "row-in-two-groups",
                        f"{kind.name}/{row.name}",
                        row=str(row.number),
                        groups="、".join(groups),
                    )

    def grade(self, planned: GradePlan) -> str | None:
        scale = planned.scale
        for stage in planned.gates:
            assert isinstance(stage.source, model.Gate)
            self._gate(scale.name, stage.source, stage)
        rank = self.values[planned.rank]
        label = planned.label(rank)
        if planned.other:
            other = self.values[planned.other]
            if isinstance(rank, Fraction) and isinstance(other, Fraction) and rank != other:
                reads = scale.reads
                self.find("grade-hangs-on-rounding", scale.name, label=str(label), other=scale.labels[int(other)],
                          reads="舍入后" if reads == "rounded" else "舍入前", reads_en=reads)  # fmt: skip
        return label

    def rulings(self) -> None:
        paths = {n.node.path for n in self.plan.nodes if n.score}
        for planned in self.plan.nodes:
            if planned.rows:
                paths |= {f"{planned.node.path}/{row.name}" for row, _ in self.results.rows.get(planned.rows, [])}
        for ruling in self.record.rulings:
            if ruling.path not in paths:
                self.find("ruling-on-nothing", ruling.path, by=ruling.by)
