"""The audit 审核 of a published form: recompute it row by row and total by total, and list what does not foot.

A form is scored by its scheme once, then again supposing its printed scores: so sums, caps, gates and grades are those of
the plan, whatever the way a scheme adds up. What the rule cannot score is taken as published, and counted apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Literal

from attrs import field, frozen

from perfrules import model, verbs
from perfrules.findings import Finding, Language, Location, Severity
from perfrules.model import Batch, Cell, Hole, NodeScore, Provenance, PublishedFigure, Scheme
from perfrules.numbers import published
from perfrules.plan import GradePlan, NodePlan, Results
from perfrules.procedures.figures import TAIL, Printed, printed
from perfrules.readings import exact
from perfrules.readings.prose import number

ZERO = Fraction(0)
Figure = Fraction | str | None


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
        """Where in the form: a node's path, a row's as `group path/row name`, or the name of a value or grade scale."""
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

    def as_json(self) -> dict[str, Any]:
        """The finding as plain data, with its figures as strings and the rule's clause and standing."""
        return {
            **self.finding.as_json(),
            "published": _text(self.published),
            "computed": _text(self.computed),
            "difference": _text(self.difference),
            "clause": self.provenance.clause,
            "provenance": self.provenance.status,
        }


@frozen
class Audit:
    """What the audit of one form came to 审核结果.

    `rows` are the form's rows: leaves of the tree and rows of open groups. Each is recomputed, taken as published,
    not applicable, or left out (without any figure, or in no group); `resting` are the points of those taken as published.
    `published` is the total printed, `footed` what the printed scores come to, `computed` the rule's total with the
    rows taken as published at their printed scores; each None where there is none.
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
        """Whether everything that could be checked foots; remarks, such as tail differences, do not count against it."""
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
                "published": _text(self.published),
                "footed": _text(self.footed),
                "computed": _text(self.computed),
            },
            "items": [item.as_json() for item in self.items],
            "findings": [f.as_json() for f in self.findings],
        }

    def render(self, lang: Language = "zh") -> str:
        """The audit as lines of plain text."""
        totals = [_number(f) for f in (self.published, self.footed, self.computed)]
        counts = (self.rows, self.recomputed, self.taken, number(self.resting), self.not_applicable, self.left_out)
        head = _HEAD[lang].format(self.record, self.scheme, _VERDICT[lang][self.agrees], *totals, *counts)
        return "\n".join([head, *(item.finding.render(lang) for item in self.items)])


_VERDICT = {"zh": {True: "相符", False: "不符"}, "en": {True: "foots", False: "does not foot"}}
_HEAD: dict[Language, str] = {
    "zh": "{0}（{1}）：{2}\n  总分：公布 {3}，照公布的各行合计 {4}，按规则重算 {5}\n"
    "  共 {6} 行：重算 {7}，照公布 {8}（占 {9} 分），不适用 {10}，未计入 {11}",
    "en": "{0} ({1}): {2}\n  total: published {3}, footed from the published rows {4}, recomputed by the rule {5}\n"
    "  {6} rows: {7} recomputed, {8} taken as published ({9} points rest on them), {10} not applicable, {11} left out",
}


def audit(scheme: Scheme, record: Any) -> Audit:
    """The audit of one form: a Record, or a mapping or object that can be read as one. Raises RecordError.

    Rulings on the record stand: where one says otherwise than the form, the item says so.
    """
    return _Auditor(scheme, record).made()


def audit_batch(scheme: Scheme, batch: Batch) -> tuple[Audit, ...]:
    """The audits of all records of a batch that could be read, in order."""
    return tuple(audit(scheme, record) for record in batch.records)


# ------------------------------------------------------------------------------------------- the work of it

State = Literal["recomputed", "taken", "not_applicable", "left_out"]


@frozen
class _Line:
    """One row of the form: a leaf of the tree or a row of an open group; its score, and the score printed for it."""

    key: str
    group: str
    score: NodeScore
    printed: Printed | None
    given: bool
    counted: bool
    row: model.Row | None = None
    kind: model.RowKind | None = None

    @property
    def state(self) -> State:
        if self.score.state == "absent":
            return "not_applicable"
        if self.score.state == "scored" and not self.given:
            return "recomputed"
        return "taken" if self.given or self.printed else "left_out"

    @property
    def where(self) -> Location | None:
        if self.printed is not None and self.printed.where is not None:
            return self.printed.where
        return self.row.where if self.row else None


class _Auditor:
    def __init__(self, scheme: Scheme, record: Any) -> None:
        self.scheme = scheme
        self.card = verbs.score(scheme, record, trace=False)
        self.plan = verbs.plan(scheme)
        self.record = self.card.evidence.record
        self.results: Results = self.card.evidence.results
        self.scores = {n.path: n for n in self.card.nodes if n.role != "row"}
        self.items: list[AuditItem] = []
        self.figures = list(self._figures())
        self.lines = list(self._lines())
        leaves = {
            x.key: x.printed.value for x in self.lines if x.printed and (x.state != "not_applicable" or x.printed.value)
        }
        refused = {x.key: x.printed.value for x in self.lines if x.printed and x.score.state == "refused"}
        nodes = {p.score: f.value for _, f, p in self.figures_of("score") if p.score not in {x.key for x in self.lines}}
        self.by_rule = self._supposing(refused)
        self.footed = self._supposing(leaves)
        self.stated = self._supposing({**leaves, **nodes})

    def made(self) -> Audit:
        for line in self.lines:
            self._line(line)
        for planned in self.plan.nodes:
            if planned.rows:
                self._names([x for x in self.lines if x.group == planned.node.path and x.row])
        self._points()
        self._components()
        self._sums()
        self._values()
        self._grades()
        self._carried()
        states = [x.state for x in self.lines]
        total = next((f.value for _, f, p in self.figures_of("score") if not p.node.path), None)
        return Audit(
            record=self.card.record,
            scheme=self.card.scheme,
            edition=self.card.edition,
            scheme_digest=self.card.scheme_digest,
            items=tuple(self.items),
            recomputed=states.count("recomputed"),
            taken=states.count("taken"),
            not_applicable=states.count("not_applicable"),
            left_out=states.count("left_out") + self._unplaced(),
            resting=sum((x.score.points or ZERO for x in self.lines if x.state == "taken" and x.counted), ZERO),
            published=total,
            footed=_fraction(self.footed.values[self.plan.nodes[0].score]),
            computed=_fraction(self.by_rule.values[self.plan.nodes[0].score]),
            findings=self.record.findings,
        )

    def find(
        self, name: str, path: str, where: Location | None = None, figures: tuple[Figure, Figure] = (None, None),
        provenance: Provenance | None = None, severity: Severity | None = None, **seen: str,
    ) -> None:  # fmt: skip
        """Note an item; `figures` are the one printed and the one computed."""
        told = {"published": _number(figures[0]), "computed": _number(figures[1]), **seen}
        self.items.append(
            AuditItem(Finding(name, where, path, told, stated=severity), *figures, provenance or model.UNMARKED)
        )

    def _supposing(self, scores: Mapping[str, Fraction]) -> Results:
        return exact.evaluate(self.plan, self.record, supposed=scores) if scores else self.results

    # ------------------------------------------------------------------------------------------ what is printed

    def _figures(self) -> Iterator[tuple[PublishedFigure, Cell]]:
        for name, figure in self.scheme.published.items():
            if name in self.record.published:
                yield figure, self.record.published[name]

    def figures_of(self, what: Literal["score", "points"]) -> Iterator[tuple[PublishedFigure, Printed, NodePlan]]:
        """The printed scores or points of nodes that have any."""
        for figure, cell in self.figures:
            found = printed(cell) if figure.what == what else None
            if found is not None:
                planned = self.plan.node(self.scheme.node(figure.target).path)
                if planned.score:
                    yield figure, found, planned

    def _lines(self) -> Iterator[_Line]:
        scores = {p.node.path: f for _, f, p in self.figures_of("score")}
        rows = iter([n for n in self.card.nodes if n.role == "row"])
        for planned in self.plan.nodes:
            node = planned.node
            score = self.scores[node.path]
            counted = self._counted(node.path)
            if score.role == "leaf" and planned.score:
                arm = self.results.values.get(planned.arms.step) if planned.arms else None
                given = _given(node.holds, arm, self.scheme.inputs, "")
                parent = node.path.rpartition("/")[0]
                yield _Line(planned.score, parent, score, scores.get(node.path), given, counted)
            if not planned.rows or not isinstance(node.holds, model.OpenGroup):
                continue
            kind = self.scheme.rows[node.holds.rows]
            columns = {c.name: c for c in kind.columns}
            prefix = planned.rows.removesuffix("__rows")
            for row, local in self.results.rows.get(planned.rows, []):
                own = next(rows)
                given = _given(kind.body, local.get(f"{prefix}__body__arm"), columns, kind.published)
                shown = printed(row.cells.get(kind.published))
                key = f"{prefix}__score#{row.number}"
                yield _Line(key, node.path, own, shown, given, counted and own.counts, row, kind)

    def _counted(self, path: str) -> bool:
        """Whether nothing on the way up is shown without being added."""
        return all(n.counts for n in self.scores.values() if not n.path or f"{path}/".startswith(f"{n.path}/"))

    # ------------------------------------------------------------------------------------------ row by row

    def _line(self, line: _Line) -> None:
        score, shown, where = line.score, line.printed, line.where
        if line.state == "left_out":
            self.find("no-figure", score.path, where)
        if shown is None:
            return
        points, mark = score.points, score.provenance
        figures = (shown.value, score.score)
        seen = {"points": _number(points)}
        low = self.scheme.node(score.path).points if line.row is None else None
        least = low.low if low else ZERO
        agreement = "differs" if score.score is None else shown.agrees(score.score)
        if line.state == "not_applicable":
            if shown.value:
                self.find("scored-but-not-applicable", score.path, where, figures, mark)
        elif agreement == "tail":
            self._tail(score.path, shown, score.score)
        elif agreement == "differs" and least is not None and shown.value < least:
            self.find("score-below-range", score.path, where, figures, mark, least=_number(least))
        elif agreement == "differs" and points is not None and shown.value > points:
            self.find("score-above-points", score.path, where, figures, mark, **seen)
        elif agreement == "differs" and score.score is not None:
            name = "score-differs-from-rule"
            if score.computed is not None:
                name = "score-differs-from-ruling"
            elif score.score == points:
                name = "met-but-docked"
            elif shown.value == points:
                name = "missed-but-full"
            self.find(name, score.path, where, figures, mark, **seen)
        if line.row and line.kind and points and shown.value == points and _unquantified(line.row, line.kind):
            self.find("unquantified-full", score.path, where, figures, mark, **seen)

    def _tail(self, path: str, shown: Printed, computed: Figure) -> None:
        self.find("tail-difference", path, shown.where, (shown.value, computed))

    def _names(self, lines: list[_Line]) -> None:
        """Rows of one group that have one name."""
        first: dict[str, _Line] = {}
        for line in lines:
            assert line.row is not None
            before = first.setdefault(line.score.name, line)
            if before is not line and before.row is not None:
                rows = {"row": str(line.row.number), "first": str(before.row.number)}
                self.find("row-named-twice", line.score.path, line.row.where, **rows)

    def _unplaced(self) -> int:
        """How many rows stand in no group of their kind."""
        placed = {(x.kind.name, x.row.number) for x in self.lines if x.kind and x.row}
        kinds = {p.node.holds.rows for p in self.plan.nodes if isinstance(p.node.holds, model.OpenGroup)}
        return sum((k, row.number) not in placed for k in kinds for row in self.record.rows.get(k, ()))

    # ------------------------------------------------------------------------------------------ points

    def _points(self) -> None:
        """The points of rows against those printed for their group, those that the scheme states, and the total."""
        declared = {p.node.path: f for _, f, p in self.figures_of("points")}
        for planned in self.plan.nodes:
            node = planned.node
            stated = node.points.high if node.points else None
            shown = declared.get(node.path)
            lax = isinstance(node.holds, model.OpenGroup) and node.holds.adjustable
            total = self._beneath(node)
            if shown is not None and total is not None:
                self._apart("declared-points-differ", node, shown.value, total, None, shown.where)
            if shown is not None and node.worth is not None:
                self._apart(
                    "declared-points-not-stated", node, shown.value, node.worth, "remark" if lax else None, shown.where
                )
            if total is None or stated is None:
                continue
            if not node.path:
                self._apart("points-do-not-foot", node, total, stated)
            elif shown is None and (total or not lax):
                self._apart("row-points-differ", node, total, stated, "remark" if lax else None)

    def _apart(
        self, name: str, node: model.TreeNode, this: Fraction, other: Fraction, severity: Severity | None = None,
        where: Location | None = None,
    ) -> None:  # fmt: skip
        """Note that two figures differ, unless they do not; `this` is the printed one."""
        if this == other:
            return
        tail = abs(this - other) <= TAIL
        seen = {"sum": number(this), "stated": number(other)}
        figures = (this, other)
        self.find(
            "tail-difference" if tail else name,
            node.path,
            where,
            figures,
            node.points_provenance,
            None if tail else severity,
            **seen,
        )

    def _beneath(self, node: model.TreeNode) -> Fraction | None:
        """What the points beneath a node add up to; None where they do not add up, or not all are known."""
        match node.holds:
            case model.OpenGroup():
                rows = [x.score.points for x in self.lines if x.group == node.path and x.row and x.score.counts]
            case model.Group(body=None, combine="sum"):
                rows = [self._worth(c) for c in node.children if c.counts and c.points is not None]
            case _:
                return None
        return None if None in rows else sum((r for r in rows if r is not None), ZERO)

    def _worth(self, node: model.TreeNode) -> Fraction | None:
        total = self._beneath(node)
        made_up = node.rescale or node.scale_to is not None or self.scores[node.path].state == "absent"
        return node.worth if total is None or made_up else total

    def _components(self) -> None:
        """Rows 其中 that carry points beside the row that they are part of."""
        parts = [x for x in self.lines if x.row and x.counted and x.score.points and _COMPONENT.match(x.score.name)]
        for line in parts:
            same = [x.score.points for x in parts if x.group == line.group and x.score.points]
            node = self.scheme.node(line.group)
            total, whole = self._beneath(node), self._beneath(self.scheme.tree)
            parts_of = sum(same, ZERO)
            every = sum((x.score.points for x in parts if x.score.points), ZERO)
            mends = _excess(total, node, parts_of) or _excess(whole, self.scheme.tree, every)
            without = _number(None if total is None else total - parts_of)
            seen = {"points": _number(line.score.points), "total": _number(total), "without": without}
            self.find(
                "components-counted-twice", line.score.path, line.where,
                provenance=line.score.provenance, severity="error" if mends else None, **seen,
            )  # fmt: skip

    # ------------------------------------------------------------------------------------------ total by total

    def _sums(self) -> None:
        """Printed scores of groups and of the whole, against what is printed beneath, and against the rule."""
        rows = {x.key for x in self.lines}
        for _, shown, planned in self.figures_of("score"):
            if planned.score in rows:
                continue
            path, mark = planned.node.path, planned.node.provenance
            footed = _fraction(self.footed.values[planned.score])
            nearer = _fraction(self.stated.computed.get(planned.score))
            rule = _fraction(self.by_rule.values[planned.score])
            if footed is None and rule is None:
                self.find("not-checked", path, shown.where, (shown.value, None), mark)
                continue
            best = min((x for x in (footed, nearer) if x is not None), key=lambda x: abs(shown.value - x), default=None)
            told = "same" if best is None else shown.agrees(best)
            if told == "differs":
                self.find("total-does-not-foot", path, shown.where, (shown.value, footed), mark)
            elif told == "tail":
                self._tail(path, shown, best)
            if rule is not None and rule != best and shown.agrees(rule) != "same":
                if shown.agrees(rule) == "tail":
                    self._tail(path, shown, rule)
                else:
                    self.find("total-differs-from-rule", path, shown.where, (shown.value, rule), mark)

    def _values(self) -> None:
        """Printed rates and other values, against the computed value to the places printed."""
        for figure, cell in self.figures:
            shown = printed(cell) if figure.what == "value" else None
            if shown is None:
                continue
            mark = self.scheme.values[figure.target].provenance
            value = _fraction(self.card.values.get(figure.target))
            if value is None:
                self.find("not-checked", figure.target, shown.where, (shown.value, None), mark, published=shown.text)
                continue
            way = shown.rounding_of(value)
            if way == "half_up":
                continue
            seen = {"published": shown.text, "computed": number(shown.in_its_unit(value))}
            seen |= {"proper": number(shown.in_its_unit(shown.as_printed(value)))}
            seen |= {"how": _WAYS["zh"][way], "how_en": _WAYS["en"][way]}
            severity: Severity = "error" if way is None else "warning"
            self.find("rate-misprinted", figure.target, shown.where, (shown.value, value), mark, severity, **seen)

    def _grades(self) -> None:
        """Printed grades, against the rule's and against the grade that the printed total gets."""
        plans = {g.scale.name: g for g in self.plan.grades}
        for figure, cell in self.figures:
            if figure.what != "grade" or not isinstance(cell.value, str) or figure.target not in plans:
                continue
            planned = plans[figure.target]
            by_rule, by_print = _label(planned, self.by_rule), _label(planned, self.stated)
            mark = planned.scale.provenance
            if by_rule is None and by_print is None:
                self.find("not-checked", figure.target, cell.where, (cell.value, None), mark)
            elif {by_rule, by_print} - {None} != {cell.value}:
                seen = {"by_print": by_print or "—"}
                self.find("grade-differs", figure.target, cell.where, (cell.value, by_rule), mark, **seen)

    def _carried(self) -> None:
        """What scoring already found out about how the form hangs together."""
        for found in self.card.findings:
            if found.name in ("check-broken", "row-in-no-group", "row-in-two-groups"):
                self.items.append(AuditItem(found))


# ------------------------------------------------------------------------------------------- small matters

_COMPONENT = re.compile(r"[\s\u3000（(·—-]*其中")
_WAYS = {
    "zh": {"down": "截去尾数才得此数。", "up": "一律进一才得此数。", "half_up": "", None: "哪种舍入都得不出此数。"},
    "en": {"down": "Only cutting off gives it.", "up": "Only rounding up gives it.", "half_up": "", None: "No rounding gives it."},
}  # fmt: skip


def _given(body: object, arm: object, columns: Mapping[str, object], column: str) -> bool:
    """Whether a body came to a figure that somebody entered, rather than to one computed from other data."""
    match body:
        case model.GivenBody():
            return True
        case model.FormulaBody(formula=formula):
            made = [formula]
        case model.RuleBody(arguments=arguments):
            made = [f for _, f in arguments]
            return any(column in f.names for f in made)
        case model.CasesBody(cases=cases) if isinstance(arm, Fraction):
            made = [f for f in (cases[int(arm)].outcome.value,) if f]
        case model.BandsBody(bands=bands) if isinstance(arm, Fraction):
            made = [f for f in (bands[int(arm)].outcome.value,) if f]
        case _:
            return False
    return any(column in f.names or (f.source.strip() in columns and len(f.names) == 1) for f in made)


def _unquantified(row: model.Row, kind: model.RowKind) -> bool:
    """Whether a row brings nothing that its score could be measured by: its measures, or where the kind has none its
    numbers and dates, are all blank."""
    beside = {kind.published, *(kind.points.names if kind.points else ())}
    measures = [c.name for c in kind.columns if c.kind == "measure"]
    told = measures or [
        c.name for c in kind.columns if c.kind in ("number", "date", "boolean") and c.name not in beside
    ]
    cells = [row.cells.get(name) for name in told]
    return bool(told) and all(c is None or (isinstance(c.value, Hole) and not c.raw.strip()) for c in cells)


def _excess(total: Fraction | None, node: model.TreeNode, parts: Fraction) -> bool:
    """Whether leaving the parts out makes the points of a node foot that did not."""
    stated = node.points.high if node.points else None
    return total is not None and stated is not None and total != stated and total - parts == stated


def _label(planned: GradePlan, results: Results) -> str | None:
    rank = _fraction(results.values[planned.rank])
    return None if rank is None else planned.scale.labels[int(rank)]


def _fraction(value: object) -> Fraction | None:
    return value if isinstance(value, Fraction) else None


def _text(figure: Figure) -> str | None:
    return published(figure) if isinstance(figure, Fraction) else figure


def _number(figure: Figure) -> str:
    """A figure for readers."""
    return number(figure) if isinstance(figure, Fraction) else figure or "—"
