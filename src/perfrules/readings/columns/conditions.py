"""Findings as conditions 问题的条件: what a scorecard says of a record, in its order, each as a term that holds or not."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from attrs import define, frozen

from perfrules import model
from perfrules.plan import NodePlan, Plan, Stage
from perfrules.rational import Form, Forms, Program, Term

NAME = "\ue000"
"""Where the name of a row stands in a path."""


@frozen
class Condition:
    """A finding: its name, its path (with `NAME` in it where it is of rows of a `kind`), and when it is made.

    `turns` tell findings of which each row makes all before the next row makes any: they share it.
    """

    name: str
    path: str
    when: Term
    kind: str = ""
    turn: int = 0

    @property
    def text(self) -> str:
        """How it stands in the column of findings."""
        return f"{self.name} {self.path}".strip()


@define
class Conditions:
    """Makes the conditions of a program."""

    program: Program
    forms: Forms
    turn: int = 0

    @classmethod
    def of(cls, program: Program) -> tuple[Condition, ...]:
        """All of them, in the order of a scorecard."""
        return tuple(cls(program, Forms(program.terms))._made())

    @property
    def plan(self) -> Plan:
        """The plan."""
        return self.program.plan

    def _made(self) -> Iterator[Condition]:
        for planned in self.plan.nodes:
            if planned.score:
                yield from self._node(planned)
            if planned.rows:
                yield from self._rows(planned)
        for planned in self.plan.nodes:
            yield from self._happened(planned)
        yield from self._checks()
        for kind in self.plan.scheme.rows.values():
            yield from self._unplaced(kind)
        for grade in self.plan.grades:
            for stage in grade.gates:
                yield from self._gate(grade.scale.name, stage)
            if grade.other:
                yield self._hanging(grade.scale.name, self.form(grade.rank), self.form(grade.other))

    def form(self, step: str) -> Form:
        """What a step of the record comes to."""
        return self.program.forms[step]

    # ------------------------------------------------------------------------------------------ what there is of a value

    def whole(self, form: Form) -> Term:
        """Whether it has a value."""
        return self.program.terms.whole(form.hole)

    def absent(self, form: Form) -> Term:
        """Whether it does not apply."""
        return self.program.terms.of_kind(form.hole, "not_applicable")

    def refused(self, form: Form) -> Term:
        """Whether it applies and has no value."""
        t = self.program.terms
        return t.both(t.no(self.whole(form)), t.no(self.absent(form)))

    def holds(self, form: Form) -> Term:
        """Whether it is a condition that holds."""
        return self.program.terms.both(self.whole(form), form.num) if form.kind == "truth" else self.program.terms.false

    def fails(self, form: Form) -> Term:
        """Whether it is a condition that does not."""
        t = self.program.terms
        return t.both(self.whole(form), t.no(form.num)) if form.kind == "truth" else t.false

    def outside(self, form: Form, low: Form, high: Form) -> Term:
        """Whether a number is outside its bounds."""
        if form.kind != "number":
            return self.program.terms.false
        t = self.program.terms
        return t.either(self.forms.less(form, low), self.forms.less(high, form))

    # ------------------------------------------------------------------------------------------ nodes and rows

    def _beneath_absent(self, path: str) -> Term:
        """Whether something that a path stands beneath does not apply at all."""
        t, found = self.program.terms, self.program.terms.false
        for planned in self.plan.nodes:
            above = planned.node.path
            if planned.score and (path.startswith(f"{above}/") if above else path):
                found = t.either(found, self.absent(self.form(planned.score)))
        return found

    def _node(self, planned: NodePlan) -> Iterator[Condition]:
        t, node, form = self.program.terms, planned.node, self.form(planned.score)
        if not isinstance(node.holds, model.Group | model.OpenGroup):
            wanting = t.both(self.refused(form), t.no(self._beneath_absent(node.path)))
            yield Condition("no-score", node.path, wanting)
        if node.span is not None:
            low, high = (self.forms.number(end) for end in node.span)
            yield Condition("score-out-of-range", node.path, t.both(self.whole(form), self.outside(form, low, high)))

    def _rows(self, planned: NodePlan) -> Iterator[Condition]:
        t, node = self.program.terms, planned.node
        block = self.program.blocks[planned.rows]
        prefix = planned.rows.removesuffix("__rows")
        score, points = block.steps[f"{prefix}__score"], block.steps[f"{prefix}__points"]
        taken = t.true if block.where is None else self.holds(block.where)
        self.turn += 1
        path = f"{node.path}/{NAME}"
        wanting = t.both(self.refused(score), t.no(self._beneath_absent(f"{node.path}/.")))
        yield Condition("no-score", path, t.both(taken, wanting), block.rows, self.turn)
        if points.kind == "number":
            beyond = t.both(self.whole(points), self.outside(score, self.forms.number(Fraction(0)), points))
            scored = t.both(t.both(taken, self.whole(score)), beyond)
            yield Condition("score-out-of-range", path, scored, block.rows, self.turn)

    # ------------------------------------------------------------------------------------------ what happened

    def _happened(self, planned: NodePlan) -> Iterator[Condition]:
        if planned.rows:
            yield from self._rows_differ(planned)
        for stage in planned.stages:
            match stage.source:
                case model.Adjustment():
                    yield Condition("undecidable", planned.node.path, self.refused(self.form(stage.step)))
                case model.Gate():
                    yield from self._gate(planned.node.path, stage)
                case None:
                    pass

    def _gate(self, path: str, stage: Stage) -> Iterator[Condition]:
        when = self.form(stage.trigger)
        yield Condition("undecidable", path, self.program.terms.no(self.whole(when)))
        yield Condition("gate-closed", path, self.holds(when))

    def _rows_differ(self, planned: NodePlan) -> Iterator[Condition]:
        t, most = self.program.terms, planned.node.points.high if planned.node.points else None
        worth = self.program.forms.get(planned.row_points)
        if most is None or worth is None or worth.kind != "number":
            return
        differ = t.no(self.forms.equal(worth, self.forms.number(most)))
        some = some_rows(self.program, planned.rows)
        there = t.less(t.zero, some)
        yield Condition("row-points-differ", planned.node.path, t.both(t.both(self.whole(worth), there), differ))

    # ------------------------------------------------------------------------------------------ checks and grades

    def _checks(self) -> Iterator[Condition]:
        for planned in self.plan.checks:
            kind, path, turn = "", "", 0
            if planned.block:
                block = self.program.blocks[planned.block]
                form, kind, path = block.steps[planned.step], block.rows, NAME
                self.turn += 1
                turn = self.turn
            else:
                form = self.form(planned.step)
            yield Condition("check-broken", path, self.fails(form), kind, turn)
            yield Condition("check-undecidable", path, self.refused(form), kind, turn)

    def _unplaced(self, kind: model.RowKind) -> Iterator[Condition]:
        t = self.program.terms
        blocks = [
            self.program.blocks[n.rows] for n in self.plan.nodes
            if n.rows and isinstance(n.node.holds, model.OpenGroup) and n.node.holds.rows == kind.name
        ]  # fmt: skip
        if not blocks:
            return
        one = two = t.false
        for block in blocks:
            taken = t.true if block.where is None else self.holds(block.where)
            two = t.either(two, t.both(one, taken))
            one = t.either(one, taken)
        self.turn += 1
        path = f"{kind.name}/{NAME}"
        yield Condition("row-in-no-group", path, t.no(one), kind.name, self.turn)
        yield Condition("row-in-two-groups", path, two, kind.name, self.turn)

    def _hanging(self, name: str, rank: Form, other: Form) -> Condition:
        t = self.program.terms
        if "never" in (rank.kind, other.kind):
            return Condition("grade-hangs-on-rounding", name, t.false)
        both = t.both(self.whole(rank), self.whole(other))
        return Condition("grade-hangs-on-rounding", name, t.both(both, t.no(self.forms.equal(rank, other))))


SOME_ROWS = "#rows"
"""Not a fold of the plan: how many rows a block takes in."""


def some_rows(program: Program, block: str) -> Term:
    """How many rows of a record a block takes in."""
    most = program.facts.rows.get(program.blocks[block].rows, 0)
    return program.terms.folded(block, SOME_ROWS, 0, most, frozenset({""}))[1]
