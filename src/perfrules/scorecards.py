"""From what the steps of a plan came to, to a scorecard: the same for every reading."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from perfrules import model
from perfrules.findings import Finding, Severity
from perfrules.formula import Formula
from perfrules.model import Hole, Line, NodeScore, Provenance, Record, Row, Scorecard
from perfrules.numbers import published
from perfrules.plan import Arms, GradePlan, NodePlan, Plan, Results, Stage

ZERO = Fraction(0)


def scorecard(plan: Plan, record: Record, results: Results) -> Scorecard:
    """The scorecard of a record."""
    return _Card(plan, record, results).made()


class _Card:
    def __init__(self, plan: Plan, record: Record, results: Results) -> None:
        self.plan = plan
        self.scheme = plan.scheme
        self.record = record
        self.results = results
        self.values = results.values
        self.findings: list[Finding] = list(record.findings)
        self.happenings: list[model.Happening] = []
        self.by_path = {n.node.path: n for n in plan.nodes}
        self.foundations = _Foundations(plan)

    def made(self) -> Scorecard:
        nodes: list[NodeScore] = []
        resting: dict[model.ProvenanceStatus, Fraction] = {}
        for planned in self.plan.nodes:
            nodes.append(self.node(planned))
            nodes.extend(self.rows(planned))
        for each in nodes:
            if each.role in ("leaf", "row") and each.state == "scored" and each.points and self._counted(each.path):
                status = each.provenance.status
                resting[status] = resting.get(status, ZERO) + each.points
        root = self.plan.nodes[0]
        lines = self.lines(root) if nodes[0].state == "scored" else []
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
            resting={s: resting[s] for s in ("stated", "unverified", "assumed", "unmarked") if s in resting},
            rulings=self.record.rulings,
            findings=tuple(self.findings),
            evidence=self.results,
        )

    def find(self, name: str, path: str, severity: Severity | None = None, /, **seen: str) -> None:
        self.findings.append(Finding(name, None, path, seen, stated=severity))

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
        state, score = _state(value)
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
        if state == "refused" and role == "leaf" and because is not None:
            self.find("no-score", node.path, why=_hole_words(because), why_en=_hole_words(because, "en"))
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

    def _in_range(self, node: model.TreeNode, score: Fraction) -> None:
        """A score outside its node's points is told, not mended; bonuses and rows of other points may do it rightly."""
        assert node.points is not None
        low, high = node.points.low or ZERO, node.worth
        assert high is not None
        if not low <= score <= high:
            self.find(
                "score-out-of-range",
                node.path,
                score=published(score),
                low=published(low),
                high=published(high),
            )

    def because(self, planned: NodePlan, value: Hole) -> Hole:
        """The hole behind a node without a score, nearest to the data."""
        for step in (planned.applies, planned.body):
            if step and isinstance(self.values.get(step), Hole):
                return self._origin(self.values[step])  # type: ignore[arg-type]
        if planned.applies and self.values[planned.applies] is False:
            return Hole("not_applicable", planned.node.name, "applies_when")
        for stage in planned.stages:
            step = stage.trigger or stage.step
            hole = self.values.get(step)
            if isinstance(hole, Hole) and hole.name:
                return self._origin(hole)
        return Hole(value.kind, value.name, value.why)

    def _origin(self, hole: Hole) -> Hole:
        """Follow a hole through the plan's own steps to a name of the author's."""
        seen: set[str] = set()
        while hole.name in self.values and hole.name not in seen:
            seen.add(hole.name)
            inner = self.values[hole.name]
            if not isinstance(inner, Hole) or inner == hole or not inner.name:
                break
            hole = inner
        return hole

    def rows(self, planned: NodePlan) -> Iterable[NodeScore]:
        if not planned.rows:
            return
        node = planned.node
        assert isinstance(node.holds, model.OpenGroup)
        prefix = planned.rows.removesuffix("__rows")
        depth = 0 if not node.path else node.path.count("/") + 1
        for row, local in self.results.rows.get(planned.rows, []):
            path = f"{node.path}/{row.name}"
            key = f"{prefix}__score"
            value = local.get(key, Hole("refused"))
            counts = local.get(f"{prefix}__counts") is True
            points = local.get(f"{prefix}__points")
            state, score = _state(value)
            computed = self.results.computed.get(f"{key}#{row.number}")
            because = None
            if isinstance(value, Hole):
                body = local.get(f"{prefix}__body")
                because = self._origin(body if isinstance(body, Hole) else value)
            worth = points if isinstance(points, Fraction) else None
            if state == "refused" and because is not None:
                self.find("no-score", path, why=_hole_words(because), why_en=_hole_words(because, "en"))
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
            outcomes = _outcomes(kind.body)
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

    def _taken(self, arms: Arms, values: Mapping[str, Any]) -> model.Outcome | None:
        arm = values.get(arms.step)
        return arms.outcomes[int(arm)] if isinstance(arm, Fraction) else None

    # ------------------------------------------------------------------------------------------ lines of loss

    def lines(self, planned: NodePlan) -> list[Line]:
        """The lines of a node that has a score; they add up to its worth less its score."""
        node = planned.node
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
        computed = self.results.computed.get(planned.score)
        final = self.values[planned.score]
        if isinstance(computed, Fraction) and isinstance(final, Fraction):
            ruling = next(r for r in self.record.rulings if r.path == node.path)
            lines.append(Line(node.path, "ruling", computed - final, ruling.by, ruling.reason))
        return lines

    def _value(self, step: str, planned: NodePlan) -> Any:
        """A step's value before any ruling."""
        return self.results.computed.get(step, self.values[step]) if step == planned.score else self.values[step]

    def _own_line(self, planned: NodePlan, kind: model.LineKind) -> list[Line]:
        node = planned.node
        most = node.points.high if node.points and node.points.high is not None else ZERO
        first = self._value(planned.first, planned)
        if not isinstance(first, Fraction) or most == first:
            return []
        body = self.values.get(planned.body)
        reason = node.reason
        if isinstance(body, Hole):
            reason = _hole_words(self._origin(body))
        elif planned.arms is not None:
            taken = self._taken(planned.arms, self.values)
            reason = (taken.reason if taken else "") or reason
        return [Line(node.path, kind, most - first, "", reason, node.provenance.clause)]

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
                reason = _hole_words(self.because(inner, value)) if isinstance(value, Hole) else ""
                lines.append(Line(child.path, "absent", child.worth, "", reason, child.provenance.clause))
        return lines

    def _row_lines(self, planned: NodePlan) -> list[Line]:
        node = planned.node
        assert isinstance(node.holds, model.OpenGroup)
        kind = self.scheme.rows[node.holds.rows]
        prefix = planned.rows.removesuffix("__rows")
        lines: list[Line] = []
        for row, local in self.results.rows.get(planned.rows, []):
            if local.get(f"{prefix}__counts") is not True:
                continue
            lines += self._one_row(planned, kind, prefix, row, local)
        worth = self.values.get(planned.row_points)
        most = node.points.high if node.points and node.points.high is not None else ZERO
        if isinstance(worth, Fraction) and worth != most and self.results.rows.get(planned.rows):
            lines.append(Line(node.path, "rows-differ", most - worth, clause=node.provenance.clause))
        elif isinstance(worth, Fraction) and worth != most:
            lines.append(Line(node.path, "none-scored", most - worth, clause=node.provenance.clause))
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
            return []
        body = local.get(f"{prefix}__body")
        if not isinstance(score, Fraction):
            hole = body if isinstance(body, Hole) else score
            reason = _hole_words(self._origin(hole)) if isinstance(hole, Hole) else ""
            return [Line(path, "absent", points, "", reason, clause)]
        reason = kind.reason
        arm = local.get(f"{prefix}__body__arm")
        if isinstance(body, Hole):
            reason = _hole_words(self._origin(body))
        elif isinstance(arm, Fraction) and kind.body is not None:
            reason = _outcomes(kind.body)[int(arm)].reason or reason
        lines: list[Line] = []
        before = local.get(f"{prefix}__present", computed)
        if isinstance(before, Fraction) and before != points:
            lines.append(Line(path, "rule", points - before, "", reason, clause))
        if isinstance(before, Fraction) and isinstance(computed, Fraction) and before != computed:
            lines.append(Line(path, "rounding", before - computed))
        if isinstance(computed, Fraction) and computed != score:
            ruling = next(r for r in self.record.rulings if r.path == path)
            lines.append(Line(path, "ruling", computed - score, ruling.by, ruling.reason))
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
                    lines.append(_source_line(node.path, stage, -amount))
                continue
            if not isinstance(before, Fraction) or not isinstance(after, Fraction):
                continue
            change = before - after
            if stage.kind == "adjustment":
                change, given = change + given, ZERO
            if stage.kind == "scale" and node.scale_to is not None and node.points and node.points.high is not None:
                change += node.scale_to - node.points.high
            if change:
                lines.append(_source_line(node.path, stage, change))
            before = after
        return lines

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
        state: Any = "undecidable" if isinstance(value, Hole) else "holds" if value is True else "broken"
        self.happenings.append(model.Happening(path, check.name, "check", state, None, check.reason, check.provenance))
        if state == "broken":
            self.find(
                "check-broken",
                path,
                check.severity,
                check=check.name,
                holds=_one_line(check.holds),
                reason=check.reason,
            )
        elif state == "undecidable":
            self.find("check-undecidable", path, "remark", check=check.name, holds=_one_line(check.holds))

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
        label = scale.labels[int(rank)] if isinstance(rank, Fraction) else None
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


class _Foundations:
    """What formulas rest on, by the definitions they call and the values they read."""

    def __init__(self, plan: Plan) -> None:
        self.scheme = plan.scheme
        self.known = plan.foundations

    def of(self, part: object) -> Provenance:
        """The weakest mark among the definitions and values that a part of the scheme uses."""
        key = id(part)
        if not part:
            return model.Provenance("stated")
        if key not in self.known:
            mark = model.Provenance("stated")
            for name in model.definitions_called(part):
                if name in self.scheme.definitions:
                    mark = mark.joined(self._definition(name))
            for text in model.formulas(part):
                for name in text.names:
                    if name in self.scheme.values:
                        mark = mark.joined(self._value(name))
            self.known[key] = mark
        return self.known[key]

    def _definition(self, name: str) -> Provenance:
        definition = self.scheme.definitions[name]
        return definition.provenance.joined(self.of(definition.body)).joined(self.of(definition.values))

    def _value(self, name: str) -> Provenance:
        value = self.scheme.values[name]
        return value.provenance.joined(self.of(value.body))


def _state(value: object) -> tuple[model.State, Fraction | None]:
    if isinstance(value, Fraction):
        return "scored", value
    if isinstance(value, Hole) and value.kind == "not_applicable":
        return "absent", None
    return "refused", None


def _outcomes(body: model.Body) -> list[model.Outcome]:
    match body:
        case model.BandsBody(bands=bands):
            return [b.outcome for b in bands]
        case model.CasesBody(cases=cases):
            return [c.outcome for c in cases]
        case _:
            return []


def _source_line(path: str, stage: Stage, amount: Fraction) -> Line:
    source = stage.source
    if source is None:
        return Line(path, stage.kind, amount, stage.name)
    return Line(path, stage.kind, amount, stage.name, source.reason, source.provenance.clause)


def _one_line(text: Formula) -> str:
    return " ".join(text.source.split())


_HOLES = {
    "zh": {"missing": "缺失", "not_applicable": "不适用", "undefined": "无意义（除以零）", "refused": "没有得分"},
    "en": {"missing": "missing", "not_applicable": "not applicable", "undefined": "undefined (division by zero)",
           "refused": "without a score"},
}  # fmt: skip


def _hole_words(hole: Hole, lang: str = "zh") -> str:
    """A hole in words: 实际完成值 缺失."""
    words = _HOLES[lang][hole.kind]
    name = "" if "__" in hole.name else hole.name
    return f"{name} {words}" if name else words


hole_words = _hole_words


# -------------------------------------------------------------------------------------------- canonical JSON


def as_json(card: Scorecard) -> dict[str, Any]:
    """The scorecard as plain data, numbers as strings: the canonical form, and what programs are given."""
    return {
        "record": card.record,
        "scheme": {"id": card.scheme, "edition": card.edition, "digest": card.scheme_digest},
        "points": _text(card.points),
        "max": _text(card.max),
        "grade": card.grade,
        "grades": dict(card.grades),
        "indicators": [_node_json(n) for n in card.nodes[1:]],
        "lines": [
            {"path": x.path, "kind": x.kind, "amount": published(x.amount), "name": x.name, "reason": x.reason,
             "clause": x.clause}
            for x in card.lines
        ],
        "happenings": [
            {"path": h.path, "name": h.name, "kind": h.kind, "state": h.state, "amount": _text(h.amount)}
            for h in card.happenings
        ],
        "values": {name: _datum(value) for name, value in card.values.items()},
        "resting": {status: published(amount) for status, amount in card.resting.items()},
        "rulings": [
            {"path": r.path, "points": published(r.points), "reason": r.reason, "by": r.by, "date": r.date.isoformat()}
            for r in card.rulings
        ],
        "findings": [finding_json(f) for f in card.findings],
    }  # fmt: skip


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding without its place in a file, so that a scorecard is the same wherever its record lay."""
    return {
        "name": finding.name,
        "severity": finding.severity,
        "path": finding.path,
        "message": {"zh": finding.message("zh"), "en": finding.message("en")},
    }


def canonical(card: Scorecard) -> str:
    """The canonical text of a scorecard: the same bytes for the same scheme and record, everywhere."""
    return json.dumps(as_json(card), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(card: Scorecard) -> str:
    """SHA-256 of the canonical text, in hexadecimal."""
    return hashlib.sha256(canonical(card).encode()).hexdigest()


def _node_json(node: NodeScore) -> dict[str, Any]:
    data: dict[str, Any] = {
        "path": node.path,
        "name": node.name,
        "state": node.state,
        "points": _text(node.score),
        "max": _text(node.points),
        "possible": _text(node.possible),
        "lost": _text(node.lost),
        "counts": node.counts,
        "provenance": node.provenance.status,
    }
    if node.title:
        data["title"] = node.title
    if node.computed is not None:
        data["computed"] = published(node.computed)
    if node.grade is not None:
        data["grade"] = node.grade
    if node.because is not None:
        data["because"] = {
            "kind": node.because.kind,
            "name": "" if "__" in node.because.name else node.because.name,
        }
    return data


def _text(value: Fraction | None) -> str | None:
    return None if value is None else published(value)


def _datum(value: model.Datum | Hole) -> Any:
    match value:
        case Hole():
            return {"hole": value.kind}
        case bool() | str():
            return value
        case Fraction():
            return published(value)
        case date():
            return value.isoformat()
