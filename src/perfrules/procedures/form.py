"""A published form 自评表 beside what its scheme makes of it: its rows, its printed figures, and what would follow from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Literal

from attrs import frozen

from perfrules import model, scoring, verbs
from perfrules.findings import Location
from perfrules.model import Cell, Frozen, Hole, NodeScore, PublishedFigure, Record, Scheme
from perfrules.plan import NodePlan, Results
from perfrules.procedures.figures import Printed, printed

ZERO = Fraction(0)
State = Literal["recomputed", "taken", "not_applicable", "left_out"]


@frozen
class Line:
    """One row of the form 表行: a leaf of the tree or a row of an open group; its score, and the score printed for it.

    `key` is the step with its score, `group` the path of the node that it stands in. `given` says that its score is a
    figure which somebody entered; `counted`, that it and all above it are added up.
    """

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
        """Whether the rule scores it, or its printed score is taken, or it does not apply, or has no figure at all."""
        if self.score.state == "absent":
            return "not_applicable"
        if self.score.state == "scored" and not self.given:
            return "recomputed"
        return "taken" if self.given or self.printed else "left_out"

    @property
    def points(self) -> Fraction | None:
        """Its points; none are wanted of a row that does not apply."""
        return ZERO if self.score.points is None and self.state == "not_applicable" else self.score.points

    @property
    def where(self) -> Location | None:
        """The cell with its printed score, else its line."""
        if self.printed is not None and self.printed.where is not None:
            return self.printed.where
        return self.row.where if self.row else None

    @property
    def unquantified(self) -> bool:
        """Whether it is a row that brings nothing to measure its score by: its measures, or where its kind has none its
        numbers, dates and truths, are all blank."""
        if self.row is None or self.kind is None:
            return False
        beside = {self.kind.published, *(self.kind.points.names if self.kind.points else ())}
        columns = [c for c in self.kind.columns if c.name not in beside]
        told = [c for c in columns if c.kind == "measure"] or [c for c in columns if c.kind in _TELLING]
        cells = [self.row.cells.get(c.name) for c in told]
        return bool(told) and all(c is None or (isinstance(c.value, Hole) and not c.raw.strip()) for c in cells)


_TELLING = ("number", "date", "boolean")


class Form:
    """A record of a scheme as a printed form.

    `by_rule` is the plan with the rows that it cannot score supposed at their printed scores, `footed` with all rows at
    theirs, `stated` with groups and the whole at theirs too (`stated.computed` then holds what is printed beneath them).
    """

    def __init__(self, scheme: Scheme, record: Any, benchmarks: Mapping[str, Frozen] | None = None) -> None:
        self.scheme = scheme
        self.benchmarks = benchmarks or {}
        self.card = verbs.score(scheme, record, trace=False, benchmarks=self.benchmarks)
        self.plan = verbs.plan(scheme)
        self.record: Record = self.card.evidence.record
        self.results: Results = self.card.evidence.results
        self.scores = {n.path: n for n in self.card.nodes if n.role != "row"}
        self.figures = tuple(self._figures())
        self.lines = tuple(self._lines())
        shown = [(x, x.printed.value) for x in self.lines if x.printed]
        rows = {x.key: value for x, value in shown if value or x.state != "not_applicable"}
        self.by_rule = self._supposing({x.key: value for x, value in shown if x.score.state == "refused"})
        self.footed = self._supposing(rows)
        self.stated = self._supposing({**rows, **{p.score: f.value for f, p in self.sums()}})

    def _supposing(self, scores: Mapping[str, Fraction]) -> Results:
        return (
            scoring.evaluate(self.plan, self.record, supposed=scores, frozen=self.benchmarks)
            if scores
            else self.results
        )

    # ------------------------------------------------------------------------------------------ what is printed

    def _figures(self) -> Iterator[tuple[PublishedFigure, Cell]]:
        for name, figure in self.scheme.published.items():
            if name in self.record.published:
                yield figure, self.record.published[name]

    def printed_of(self, what: Literal["score", "points"]) -> Iterator[tuple[Printed, NodePlan]]:
        """The printed scores or points of nodes that have any."""
        for figure, cell in self.figures:
            found = printed(cell) if figure.what == what else None
            if found is not None:
                planned = self.plan.node(self.scheme.node(figure.target).path)
                if planned.score:
                    yield found, planned

    def sums(self) -> Iterator[tuple[Printed, NodePlan]]:
        """The printed scores of groups and of the whole."""
        return ((f, p) for f, p in self.printed_of("score") if not _alone(p.node))

    def _lines(self) -> Iterator[Line]:
        scores = {p.node.path: f for f, p in self.printed_of("score")}
        rows = iter([n for n in self.card.nodes if n.role == "row"])
        for planned in self.plan.nodes:
            node = planned.node
            score, counted = self.scores[node.path], self._counted(node.path)
            if planned.score and _alone(node):
                arm = self.results.values.get(planned.arms.step) if planned.arms else None
                body = node.holds.body if isinstance(node.holds, model.Group) else node.holds
                given = _given(body, arm, self.scheme.inputs)
                yield Line(planned.score, node.path.rpartition("/")[0], score, scores.get(node.path), given, counted)
            if not planned.rows or not isinstance(node.holds, model.OpenGroup):
                continue
            kind = self.scheme.rows[node.holds.rows]
            columns = {c.name: c for c in kind.columns}
            prefix = planned.rows.removesuffix("__rows")
            for row, local in self.results.rows.get(planned.rows, []):
                own = next(rows)
                given = _given(kind.body, local.get(f"{prefix}__body__arm"), columns, kind.published)
                key, shown = f"{prefix}__score#{row.number}", printed(row.cells.get(kind.published))
                yield Line(key, node.path, own, shown, given, counted and own.counts, row, kind)

    def _counted(self, path: str) -> bool:
        """Whether nothing on the way up is shown without being added."""
        return all(n.counts for n in self.scores.values() if not n.path or f"{path}/".startswith(f"{n.path}/"))

    def unrounded(self, name: str, value: Fraction) -> Fraction:
        """A value before its own rounding."""
        before = [self.results.values.get(f"{name}__{step}") for step in ("present", "body")]
        return next((x for x in before if isinstance(x, Fraction)), value)

    @property
    def unplaced(self) -> int:
        """How many rows stand in no group of their kind."""
        placed = {(x.kind.name, x.row.number) for x in self.lines if x.kind and x.row}
        kinds = {p.node.holds.rows for p in self.plan.nodes if isinstance(p.node.holds, model.OpenGroup)}
        return sum((k, row.number) not in placed for k in kinds for row in self.record.rows.get(k, ()))

    # ------------------------------------------------------------------------------------------ points

    def points_beneath(self, node: model.TreeNode) -> Fraction | None:
        """What the points of a node's rows or children add up to; None where they do not add up, or not all are known."""
        match node.holds:
            case model.OpenGroup():
                parts = [x.points for x in self.lines if x.group == node.path and x.row and x.score.counts]
            case model.Group(body=None, combine="sum"):
                parts = [self._worth(c) for c in node.children if c.counts and c.points is not None]
            case _:
                return None
        return None if None in parts else sum((p for p in parts if p is not None), ZERO)

    def _worth(self, node: model.TreeNode) -> Fraction | None:
        """The points that a node brings its parent: those beneath it, unless they are restated."""
        total = self.points_beneath(node)
        return node.worth if total is None or node.scale_to is not None or self.made_up(node) else total

    def made_up(self, node: model.TreeNode) -> bool:
        """Whether a node is absent, and its points are made up by others."""
        above = [n for n in self.scheme.tree.walk() if not n.path or f"{node.path}/".startswith(f"{n.path}/")]
        return self.scores[node.path].state == "absent" and any(n.rescale for n in above)


def _alone(node: model.TreeNode) -> bool:
    """Whether a node's score is made of no other scores: a leaf, or a body over children that are only described."""
    match node.holds:
        case model.Group(body=body, children=children):
            return body is not None and all(c.points is None for c in children)
        case model.OpenGroup():
            return False
        case _:
            return True


def _given(body: object, arm: object, columns: Mapping[str, object], printed_in: str = "") -> bool:
    """Whether a body came to a figure that somebody entered, rather than to one computed from other data."""
    match body:
        case model.GivenBody():
            return True
        case model.FormulaBody(formula=formula):
            made = [formula]
        case model.RuleBody(arguments=arguments):
            return any(printed_in in f.names for _, f in arguments)
        case model.CasesBody(cases=cases) if isinstance(arm, Fraction):
            made = [f for f in (cases[int(arm)].outcome.value,) if f]
        case model.BandsBody(bands=bands) if isinstance(arm, Fraction):
            made = [f for f in (bands[int(arm)].outcome.value,) if f]
        case _:
            return False
    return any(printed_in in f.names or (f.source.strip() in columns and len(f.names) == 1) for f in made)
