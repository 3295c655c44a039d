"""The audit 审核 of a published form: recompute it row by row and total by total, and list what does not foot.

A form is scored by its scheme, then again supposing its printed scores: so sums, caps, gates and grades are those of the
plan, whatever the way a scheme adds up. What the rule cannot score is taken as published, and counted apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from attrs import field, frozen

from perfrules import model
from perfrules.findings import Finding, Language, Location, Severity
from perfrules.model import Batch, Provenance, Scheme
from perfrules.numbers import published
from perfrules.plan import GradePlan, Results
from perfrules.procedures.figures import TAIL, Figure, Printed, fraction, printed, text, words
from perfrules.procedures.form import ZERO, Form, Line
from perfrules.readings.prose import number


@frozen
class AuditItem:
    """One thing that does not foot 审核发现: the finding that tells it, the figure printed, and the figure computed."""

    finding: Finding
    published: Figure = None
    computed: Figure = None
    provenance: Provenance = model.UNMARKED

    @property
    def name(self) -> str:
        """The kind of fault."""
        return self.finding.name

    @property
    def path(self) -> str:
        """Where in the form: a node's path (empty is the whole), a row's as `group path/row name`, or the name of a
        value, check or grade scale."""
        return self.finding.path

    @property
    def severity(self) -> Severity:
        """How grave it is; a remark is no disagreement."""
        return self.finding.severity

    @property
    def difference(self) -> Fraction | None:
        """Printed less computed, where both are numbers."""
        if isinstance(self.published, Fraction) and isinstance(self.computed, Fraction):
            return self.published - self.computed
        return None

    def render(self, lang: Language = "zh") -> str:
        """The finding as lines of text, with the clause of the rule and how it stands where it is not simply stated."""
        mark = self.provenance
        clause = mark.clause or mark.why
        told = f"  {_CLAUSE[lang]}{clause}{_STANDING[lang][mark.status]}"
        return self.finding.render(lang) + (f"\n{told}" if clause else "")

    def as_json(self) -> dict[str, Any]:
        """The finding as plain data, with its figures as strings, and the clause and standing of the rule."""
        return {
            **self.finding.as_json(),
            "path": self.path,
            "published": text(self.published),
            "computed": text(self.computed),
            "difference": text(self.difference),
            "clause": self.provenance.clause,
            "provenance": self.provenance.status,
        }


@frozen
class Audit:
    """What the audit of one form came to 审核结果.

    Every row of the form (a leaf of the tree or a row of an open group) is recomputed, taken as published, not
    applicable, or left out (it has no figure at all, or stands in no group). `resting` are the points of those taken as
    published. `published` is the total printed, `footed` what the printed scores come to, `computed` the rule's, with
    the rows taken as published at their printed scores; each None where there is none.
    """

    record: str
    scheme: str
    edition: str
    scheme_digest: str
    items: tuple[AuditItem, ...]
    recomputed: int
    taken: int
    not_applicable: int
    left_out: int
    resting: Fraction
    published: Fraction | None
    footed: Fraction | None
    computed: Fraction | None
    findings: tuple[Finding, ...] = field(default=(), repr=False)

    @property
    def rows(self) -> int:
        """How many rows were seen."""
        return self.recomputed + self.taken + self.not_applicable + self.left_out

    @property
    def agrees(self) -> bool:
        """Whether all that the form prints could be checked and foots; remarks, tail differences among them, do not
        count against it."""
        return all(item.severity == "remark" for item in self.items)

    def as_json(self) -> dict[str, Any]:
        """The audit as plain data, numbers as strings; `findings` are those of reading the form."""
        return {
            "record": self.record,
            "scheme": {"id": self.scheme, "edition": self.edition, "digest": self.scheme_digest},
            "agrees": self.agrees,
            "rows": {
                "seen": self.rows,
                "recomputed": self.recomputed,
                "taken_as_published": self.taken,
                "not_applicable": self.not_applicable,
                "left_out": self.left_out,
            },
            "resting": published(self.resting),
            "total": {
                "published": text(self.published),
                "footed": text(self.footed),
                "computed": text(self.computed),
            },
            "items": [item.as_json() for item in self.items],
            "findings": [f.as_json() for f in self.findings],
        }

    def render(self, lang: Language = "zh") -> str:
        """The audit as lines of plain text: verdict, totals, counts, and every item."""
        totals = [words(f) for f in (self.published, self.footed, self.computed)]
        counts = (self.rows, self.recomputed, self.taken, number(self.resting), self.not_applicable, self.left_out)
        head = _HEAD[lang].format(self.record, self.scheme, _VERDICT[lang][self.agrees], *totals, *counts)
        return "\n".join([head, *(item.render(lang) for item in self.items)])


_CLAUSE: dict[Language, str] = {"zh": "依据：", "en": "By: "}
_STANDING: dict[Language, dict[model.ProvenanceStatus, str]] = {
    "zh": {"stated": "", "unverified": "（未核实）", "assumed": "（假定）", "unmarked": ""},
    "en": {"stated": "", "unverified": " (unverified)", "assumed": " (assumed)", "unmarked": ""},
}
_VERDICT = {"zh": {True: "相符", False: "不符"}, "en": {True: "foots", False: "does not foot"}}
_HEAD: dict[Language, str] = {
    "zh": "{0}（{1}）：{2}\n  总分：公布 {3}，公布的各行合计 {4}，按规则重算 {5}\n"
    "  共 {6} 行：重算 {7}，照公布 {8}（占 {9} 分），不适用 {10}，未计入 {11}",
    "en": "{0} ({1}): {2}\n  total: published {3}, footed from the published rows {4}, recomputed by the rule {5}\n"
    "  {6} rows: {7} recomputed, {8} taken as published ({9} points rest on them), {10} not applicable, {11} left out",
}


def audit(scheme: Scheme, record: Any) -> Audit:
    """The audit of one form: a Record, or a mapping or object that can be read as one. Raises RecordError.

    Rulings on the record stand: where the form says otherwise than one, the item says so.
    """
    return _Auditor(Form(scheme, record)).made()


def audit_batch(scheme: Scheme, batch: Batch) -> tuple[Audit, ...]:
    """The audits of all records of a batch that could be read, in order."""
    return tuple(audit(scheme, record) for record in batch.records)


class _Auditor:
    def __init__(self, form: Form) -> None:
        self.form = form
        self.items: list[AuditItem] = []

    def made(self) -> Audit:
        form, card = self.form, self.form.card
        for line in form.lines:
            self.line(line)
        self.named_twice()
        self.points()
        self.components()
        self.sums()
        self.values()
        self.grades()
        self.carried()
        states = [x.state for x in form.lines]
        taken = [x for x in form.lines if x.state == "taken" and x.counted]
        root = form.plan.nodes[0]
        return Audit(
            record=card.record,
            scheme=card.scheme,
            edition=card.edition,
            scheme_digest=card.scheme_digest,
            items=tuple(self.items),
            recomputed=states.count("recomputed"),
            taken=states.count("taken"),
            not_applicable=states.count("not_applicable"),
            left_out=states.count("left_out") + form.unplaced,
            resting=sum((x.score.points or ZERO for x in taken), ZERO),
            published=next((f.value for f, p in form.printed_of("score") if p is root), None),
            footed=fraction(form.footed.values[root.score]),
            computed=fraction(form.by_rule.values[root.score]),
            findings=form.record.findings,
        )

    def find(
        self, name: str, path: str, where: Location | None = None, printed: Figure = None, computed: Figure = None,
        mark: Provenance = model.UNMARKED, severity: Severity | None = None, seen: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        told = {"published": words(printed), "computed": words(computed), **(seen or {})}
        self.items.append(AuditItem(Finding(name, where, path, told, stated=severity), printed, computed, mark))

    def tail(self, path: str, where: Location | None, printed: Fraction, computed: Figure) -> None:
        """Note a tail difference."""
        self.find("tail-difference", path, where, printed, computed)

    # ------------------------------------------------------------------------------------------ row by row

    def line(self, line: Line) -> None:
        """A row's printed score against its rule, and against its points."""
        score, shown, mark = line.score, line.printed, line.score.provenance
        if line.state == "left_out":
            self.find("no-figure", score.path, line.where)
        if shown is None:
            return
        faults = [self.fault(line, shown)]
        if line.unquantified and line.state != "not_applicable" and score.points and shown.value == score.points:
            faults.append("unquantified-full")
        for name in filter(None, faults):
            seen = {"points": words(score.points)}
            self.find(name, score.path, line.where, shown.value, score.score, mark, seen=seen)

    def fault(self, line: Line, shown: Printed) -> str:
        """What is wrong with a printed score, or nothing."""
        score, points = line.score, line.score.points
        if line.state == "not_applicable":
            return "scored-but-not-applicable" if shown.value else ""
        agreement = "differs" if score.score is None else shown.agrees(score.score)
        stated = self.form.scheme.node(score.path).points if line.row is None else model.Points(points)
        if agreement != "differs":
            return "tail-difference" if agreement == "tail" else ""
        if stated is not None and stated.low is not None and shown.value < stated.low:
            return "score-below-range"
        if points is not None and shown.value > points:
            return "score-above-points"
        if score.score is None:
            return ""
        if score.computed is not None:
            return "score-differs-from-ruling"
        if score.score == points:
            return "met-but-docked"
        return "missed-but-full" if shown.value == points else "score-differs-from-rule"

    def named_twice(self) -> None:
        """Rows of one group that have one name."""
        first: dict[str, model.Row] = {}
        for line in self.form.lines:
            if line.row is not None and first.setdefault(line.score.path, line.row) is not line.row:
                seen = {"row": str(line.row.number), "first": str(first[line.score.path].number)}
                self.find("row-named-twice", line.score.path, line.row.where, seen=seen)

    # ------------------------------------------------------------------------------------------ points

    def points(self) -> None:
        """The points of rows against those printed for their group, those that the scheme states, and the whole."""
        declared = {p.node.path: f for f, p in self.form.printed_of("points")}
        for planned in self.form.plan.nodes:
            node = planned.node
            shown, total = declared.get(node.path), self.form.points_beneath(node)
            lax: Severity | None = None
            if isinstance(node.holds, model.OpenGroup) and node.holds.adjustable and node.path:
                lax = "remark"
            if shown is not None:
                if node.path:
                    self.apart("declared-points-differ", node, shown.value, total, None, shown.where)
                self.apart("declared-points-not-stated", node, shown.value, node.worth, lax, shown.where)
            stated = node.points.high if node.points else None
            if not node.path:
                self.apart("points-do-not-foot", node, total, stated)
            elif shown is None and not self.form.made_up(node):
                self.apart("row-points-differ", node, total, stated, lax)

    def apart(
        self, name: str, node: model.TreeNode, this: Fraction | None, other: Fraction | None,
        severity: Severity | None = None, where: Location | None = None,
    ) -> None:  # fmt: skip
        """Note two figures about points that should be the same; `this` is the printed one."""
        if this is None or other is None or this == other:
            return
        if abs(this - other) <= TAIL:
            self.tail(node.path, where, this, other)
            return
        seen = {"sum": number(this), "stated": number(other)}
        self.find(name, node.path, where, this, other, node.points_provenance, severity, seen)

    def components(self) -> None:
        """Rows 其中 that carry points beside the row that they are part of."""
        form = self.form
        parts = [x for x in form.lines if x.row and x.counted and x.points and _COMPONENT.match(x.score.name)]
        every = sum((x.points for x in parts if x.points), ZERO)
        for line in parts:
            node = form.scheme.node(line.group)
            total = form.points_beneath(node)
            within = sum((x.points for x in parts if x.points and x.group == line.group), ZERO)
            mends = self.mended(node, within) or self.mended(form.scheme.tree, every)
            seen = {"points": words(line.points), "total": words(total)}
            seen |= {"without": words(None if total is None else total - within)}
            self.find("components-counted-twice", line.score.path, line.where, mark=line.score.provenance,
                      severity="error" if mends else None, seen=seen)  # fmt: skip

    def mended(self, node: model.TreeNode, parts: Fraction) -> bool:
        """Whether leaving the parts out makes the points of a node foot that did not."""
        stated, total = node.points.high if node.points else None, self.form.points_beneath(node)
        return total is not None and stated is not None and total != stated and total - parts == stated

    # ------------------------------------------------------------------------------------------ total by total

    def sums(self) -> None:
        """Printed scores of groups and of the whole, against what is printed beneath them, and against the rule."""
        form = self.form
        for shown, planned in form.sums():
            path, where, mark = planned.node.path, shown.where, planned.node.provenance
            rows, nearer = form.footed.values[planned.score], form.stated.computed.get(planned.score)
            beneath = [x for x in (rows, nearer) if isinstance(x, Fraction)]
            rule = fraction(form.by_rule.values[planned.score])
            if not beneath and rule is None:
                self.find("not-checked", path, where, shown.value, None, mark)
                continue
            told = min(beneath, key=lambda x: abs(shown.value - x), default=None)
            against = {"total-does-not-foot": told, "total-differs-from-rule": None if rule == told else rule}
            for name, figure in against.items():
                if figure is None:
                    continue
                agreement = shown.agrees(figure)
                if agreement == "differs":
                    self.find(name, path, where, shown.value, figure, mark)
                elif agreement == "tail":
                    self.tail(path, where, shown.value, figure)

    def values(self) -> None:
        """Printed rates and other values, against the computed value to the places printed."""
        for figure, cell in self.form.figures:
            shown = printed(cell) if figure.what == "value" else None
            if shown is None:
                continue
            mark = self.form.scheme.values[figure.target].provenance
            value = fraction(self.form.card.values[figure.target])
            seen = {"published": shown.text}
            if value is None:
                self.find("not-checked", figure.target, shown.where, shown.value, None, mark, seen=seen)
                continue
            if shown.rounding_of(value) == "half_up":
                continue
            proper, value = shown.as_printed(value), self.form.unrounded(figure.target, value)
            way = shown.rounding_of(value)
            seen |= {"computed": shown.beside(value), "proper": shown.beside(proper)}
            seen |= {"how": _WAYS["zh"][way], "how_en": _WAYS["en"][way]}
            severity: Severity = "error" if way is None else "warning"
            self.find("rate-misprinted", figure.target, shown.where, shown.value, value, mark, severity, seen)

    def grades(self) -> None:
        """Printed grades, against the rule's and against the grade that the printed total gets."""
        plans = {g.scale.name: g for g in self.form.plan.grades}
        for figure, cell in self.form.figures:
            if figure.what != "grade" or not isinstance(cell.value, str):
                continue
            planned = plans[figure.target]
            by_rule, by_print = _label(planned, self.form.by_rule), _label(planned, self.form.stated)
            mark, where = planned.scale.provenance, cell.where
            if by_rule is None and by_print is None:
                self.find("not-checked", figure.target, where, cell.value, None, mark)
            elif {by_rule, by_print} - {None} != {cell.value}:
                seen = {"by_print": by_print or "—"}
                self.find("grade-differs", figure.target, where, cell.value, by_rule, mark, seen=seen)

    def carried(self) -> None:
        """What scoring already found out about how the form hangs together."""
        for found in self.form.card.findings:
            if found.name in ("check-broken", "row-in-no-group", "row-in-two-groups"):
                self.items.append(AuditItem(found))


_COMPONENT = re.compile(r"[\s\u3000（(·—-]*其中")
_WAYS = {
    "zh": {"half_up": "不先按体系舍入，才得此数。", "down": "截去尾数才得此数。", "up": "一律进一才得此数。",
           None: "哪种舍入都得不出此数。"},
    "en": {"half_up": "Only without the scheme's own rounding one gets it.", "down": "Only cutting off gives it.",
           "up": "Only rounding up gives it.", None: "No rounding gives it."},
}  # fmt: skip


def _label(planned: GradePlan, results: Results) -> str | None:
    rank = fraction(results.values[planned.rank])
    return None if rank is None else planned.scale.labels[int(rank)]
