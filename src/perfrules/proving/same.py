"""Two schemes compared over all records: what is beneath first, so that whatever adds it up need not look into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from time import perf_counter
from typing import Any

from attrs import define, evolve, field

from perfrules import records
from perfrules.findings import RecordError
from perfrules.model import Datum, Hole, Input, Scheme
from perfrules.nodes import HoleKind
from perfrules.plan import Fold, NodePlan, Plan, RowBlock
from perfrules.proving.answers import Answer, Decided, Example, Proved, Refuted, Unknown
from perfrules.proving.writing import snapped, written_down
from perfrules.readings import exact
from perfrules.readings.proof.algebra import Algebra
from perfrules.readings.proof.claims import Candidate, Same, Subject
from perfrules.readings.proof.comparing import search_difference
from perfrules.readings.proof.deciding import ROWS_TRIED
from perfrules.readings.proof.encoding import Cut, Encoding
from perfrules.readings.proof.searching import Found

ANY_HOLE: tuple[HoleKind, ...] = ("missing", "not_applicable", "undefined", "refused")


@define
class Comparing:
    """Compares a scheme with another, node by node; `alike` are the steps of which it is proved that they are the same."""

    scheme: Scheme
    plan: Plan
    other: Scheme
    other_plan: Plan
    alike: dict[str, str] = field(factory=dict)

    def decide(self) -> list[Decided]:
        """Every claim with its answer, in the order of the tree; grades last, then the lights of nodes."""
        made = {decided.path: decided for decided in self._nodes()}
        here = [n for n in self.plan.nodes if n.score]
        there = {n.node.path: n for n in self.other_plan.nodes if n.score}
        ordered = [made[n.node.path] for n in here]
        missing = [p for p in there if p not in made]
        ordered += [self._decided(Subject(p, "node", there[p].node.label), "", there[p].score) for p in missing]
        return ordered + list(self._grades())

    def difference(self) -> Answer | None:
        """The first answer that is not that they are the same, of nodes, grades, lights and values; None where all are.

        Of nodes that one scheme alone has nothing is asked.
        """
        told = chain(self._nodes(), self._grades(), self._values())
        return next((d.answer for d in told if not isinstance(d.answer, Proved)), None)

    def _nodes(self) -> Iterator[Decided]:
        """Nodes, beneath first, so that whatever is above need not look into what is the same."""
        self._rows()
        there = {n.node.path: n for n in self.other_plan.nodes if n.score}
        here = [n for n in self.plan.nodes if n.score]
        for planned in sorted(here, key=lambda n: -n.node.path.count("/") - bool(n.node.path)):
            theirs = there.get(planned.node.path)
            subject = Subject(planned.node.path, "node", planned.node.label)
            made = self._decided(subject, planned.score, theirs.score if theirs else "")
            if theirs is not None and isinstance(made.answer, Proved):
                self._learn(planned, theirs)
            yield made

    def _grades(self) -> Iterator[Decided]:
        """Grades, and the lights of nodes."""
        grades = {g.scale.name: g for g in self.other_plan.grades}
        for grade in self.plan.grades:
            theirs = grades.get(grade.scale.name)
            same_labels = theirs is not None and theirs.scale.labels == grade.scale.labels
            rank = theirs.rank if theirs is not None and same_labels else ""
            yield self._decided(Subject(grade.scale.name, "grade", grade.scale.name), grade.rank, rank)
        there = {n.node.path: n for n in self.other_plan.nodes if n.grade}
        for planned in (n for n in self.plan.nodes if n.grade):
            other = there.get(planned.node.path)
            light = other.grade if other is not None and other.grade_labels == planned.grade_labels else ""
            yield self._decided(Subject(planned.node.path, "grade", planned.node.label), planned.grade, light)

    def _values(self) -> Iterator[Decided]:
        """Values, which a scorecard shows even where no node reads them."""
        for name in self.scheme.values:
            other = name if name in self.other.values else ""
            yield self._decided(Subject(name, "value", name), name, other)

    def _learn(self, planned: NodePlan, theirs: NodePlan) -> None:
        self.alike[planned.score] = theirs.score
        if planned.body and theirs.body and planned.node.worth == theirs.node.worth:
            self.alike[planned.possible] = theirs.possible

    def _rows(self) -> None:
        """Where every row comes to the same in all its steps, so does whatever is folded from rows."""
        theirs = {s.name: s for s in self.other_plan.steps if isinstance(s, RowBlock)}
        for block in (s for s in self.plan.steps if isinstance(s, RowBlock)):
            other = theirs.get(block.name)
            if other is None or other.rows != block.rows or len(other.folds) != len(block.folds):
                continue
            here, there = self._encodings(None)
            wanted = [block.where] if block.where else []
            wanted += [n for f in block.folds for n in (*f.items, *f.where, *f.weights)]
            same_folds = all(_told(a) == _told(b) for a, b in zip(block.folds, other.folds, strict=True))
            if same_folds and all(
                search_difference(here, there, n, n, lambda _: None, row=(block, other)).none for n in wanted
            ):
                self.alike |= {f.name: f.name for f in block.folds}

    def _encodings(self, rows: int | None) -> tuple[Encoding, Encoding]:
        algebra = Algebra()
        cuts = {step: Cut(None, None, ANY_HOLE) for step in self.alike}
        here = Encoding(self.plan, rows, cuts, algebra=algebra)
        given = {theirs: here.term(step) for step, theirs in self.alike.items()}
        return here, Encoding(self.other_plan, rows, given=given, algebra=algebra)

    def _decided(self, subject: Subject, step: str, other: str) -> Decided:
        start = perf_counter()
        claim = Same(subject, step, other, self.other.id)
        answer = self._answer(claim) if step and other else Refuted()
        ms = (perf_counter() - start) * 1000
        name = f"{self.scheme.id}@{self.scheme.edition}" if self.scheme.edition else self.scheme.id
        return Decided(name, subject.path, claim, answer, ms, self.scheme)

    def _answer(self, claim: Same) -> Answer:
        here, there = self._encodings(None)
        found: Found[Example] = search_difference(here, there, claim.step, claim.other, lambda _: None)
        if found.none:
            return Proved()
        why = found.why
        known, self.alike = self.alike, {}
        try:
            for rows in (None, *ROWS_TRIED):
                if rows is not None and not self.scheme.rows:
                    break
                here, there = self._encodings(rows)
                shown = search_difference(here, there, claim.step, claim.other, lambda c: self._shown(c, claim))
                if shown.shown is not None:
                    return Refuted(shown.shown)
                if shown.none and rows is None:
                    return Proved()
        finally:
            self.alike = known
        return Unknown(why)

    def _shown(self, candidate: Candidate, claim: Same) -> Example | None:
        """The candidate as a record that both schemes read, and for which they come to something else."""
        for each in self._snapped(candidate):
            written = self._written(each)
            if written is None:
                continue
            came, after = (
                _scored(self.scheme, self.plan, written, claim.step, each.stage),
                _scored(self.other, self.other_plan, written, claim.other, each.stage),
            )
            if came is not None and after is not None and _told(came) != _told(after):
                return Example(written, came, {}, None, after)
        return None

    def _snapped(self, candidate: Candidate) -> Iterator[Candidate]:
        inputs = {**self.other.inputs, **self.scheme.inputs}
        yield from snapped(_having(self.scheme, inputs), candidate)

    def _written(self, candidate: Candidate) -> dict[str, Any] | None:
        return written_down(_having(self.scheme, {**self.other.inputs, **self.scheme.inputs}), candidate)


def _having(scheme: Scheme, inputs: Mapping[str, Input]) -> Scheme:
    """A scheme with the inputs of another beside its own, for writing records down."""
    return evolve(scheme, inputs=inputs)


def _scored(scheme: Scheme, plan: Plan, written: Mapping[str, Any], step: str, stage: str) -> Datum | Hole | None:
    known = {n: v for n, v in written.items() if n in scheme.inputs or n in scheme.rows}
    try:
        record = records.record_from(scheme, known)
    except RecordError:
        return None
    return exact.evaluate(plan, evolve(record, stage=stage or record.stage)).values[step]


def _told(value: object) -> object:
    """A hole by its kind alone, a fold by all but what it is called."""
    if isinstance(value, Hole):
        return value.kind
    if isinstance(value, Fold):
        return (value.statistic, value.items, value.where, value.weights, value.k, value.at, value.method)
    return value
