"""Following 逐步比对: the plan of a scheme beside that of a mutant, step by step, and the proof asked of one step at a time."""

from __future__ import annotations

from collections.abc import Hashable

from attrs import astuple

from perfrules.plan import Cohort, DefinitionPlan, Fold, Plan, PlanStep, RowBlock, Step, names_behind
from perfrules.plan.steps import reads


class Following:
    """The plan of a scheme followed beside that of a mutant, step by step 逐步比对: what says the same of what comes to the
    same comes to the same; of a step that says otherwise the proof is asked, of it alone.

    So a change that makes no difference a step or two further on is not asked about in all that adds up and rounds it.
    """

    def __init__(self, plan: Plan, other: Plan) -> None:
        self.plan = plan
        self.other = other
        self.alike = {name for name, its in plan.scheme.inputs.items() if other.scheme.inputs.get(name) == its}
        self.kept = {
            name for name, its in plan.definitions.items()
            if name in other.definitions and _says(its) == _says(other.definitions[name])
        }  # fmt: skip
        self.figures = {n.score for n in plan.nodes if n.score} | {f.name for b in _blocks(plan) for f in b.folds}

    def all_tell_the_same(self) -> bool:
        """Whether all that a scorecard shows of nodes, rows, grades and values is shown to come to the same."""
        if _shows(self.plan) != _shows(self.other) or len(self.plan.steps) != len(self.other.steps):
            return False
        shown = {name for n in self.plan.nodes for name in (n.score, n.grade) if name}
        shown |= {g.rank for g in self.plan.grades} | set(self.plan.scheme.values)
        of_rows = {n.rows for n in self.plan.nodes if n.rows}
        behind = names_behind(self.plan, shown)
        for step, other in zip(self.plan.steps, self.other.steps, strict=True):
            if isinstance(step, RowBlock) and isinstance(other, RowBlock):
                if step.name in of_rows or any(f.name in behind for f in step.folds):
                    local = self._of_rows(step, other)
                    if step.name in of_rows and f"{step.name.removesuffix('__rows')}__score" not in local:
                        return False
            elif step.name in behind:
                if self._comes_to_the_same(step, other, self.alike):
                    self.alike.add(step.name)
                elif step.name in shown:
                    return False
        return shown <= self.alike

    def _of_rows(self, block: RowBlock, other: RowBlock) -> set[str]:
        """The steps and columns of a row that come to the same; so do the folds over them, if all rows that are taken are."""
        columns = self.plan.scheme.rows[block.rows].columns
        if _says(block) != _says(other) or columns != self.other.scheme.rows[other.rows].columns:
            return set()
        local = {column.name for column in columns}
        for step, its in zip(block.steps, other.steps, strict=True):
            if self._comes_to_the_same(step, its, local | self.alike, (block, other)):
                local.add(step.name)
        if block.where and block.where not in local:
            return set()
        self.alike |= {f.name for f in block.folds if local >= set(reads(f))}
        return local

    def _comes_to_the_same(
        self, step: PlanStep, other: PlanStep, alike: set[str], row: tuple[RowBlock, RowBlock] | None = None
    ) -> bool:
        if step.name != other.name:
            return False
        if _says(step) == _says(other) and alike >= set(_read(step)) and self.kept >= set(_called(step, self.plan)):
            return True
        return isinstance(step, Step) and isinstance(other, Step) and self._proved(step.name, row)

    def _proved(self, name: str, row: tuple[RowBlock, RowBlock] | None) -> bool:
        """Whether the proof says so of one step, by what stands before it."""
        from perfrules.proving.same import ANY_HOLE
        from perfrules.readings.proof.algebra import Algebra
        from perfrules.readings.proof.comparing import search_difference
        from perfrules.readings.proof.encoding import Cut, Encoding

        algebra = Algebra()
        known = names_behind(self.plan, [name] if row is None else reads(row[0])) & self.alike
        here = Encoding(self.plan, cuts={n: Cut(None, None, ANY_HOLE) for n in known & self.figures}, algebra=algebra)
        given = {n: here.term(n) for n in known if n in self.plan.producers}
        there = Encoding(self.other, given=given, algebra=algebra)
        return search_difference(here, there, name, name, lambda found: found, row=row).none


def _blocks(plan: Plan) -> list[RowBlock]:
    return [step for step in plan.steps if isinstance(step, RowBlock)]


def _shows(plan: Plan) -> tuple[Hashable, ...]:
    """What a scorecard shows, and by which steps."""
    nodes = tuple(
        (n.node.path, n.node.worth, n.node.counts, n.score, n.rows, n.grade, n.grade_labels) for n in plan.nodes
    )
    return nodes, tuple((g.scale.name, g.scale.labels, g.rank) for g in plan.grades), tuple(plan.scheme.values)


def _says(step: PlanStep | DefinitionPlan) -> Hashable:
    """What a step says, but for the steps of rows."""
    match step:
        case Step():
            return step.name, step.formula.source, tuple(step.bindings.items())
        case Fold():
            return astuple(step)
        case RowBlock():
            return step.name, step.rows, step.where, tuple(map(_says, step.folds)), tuple(s.name for s in step.steps)
        case Cohort():
            return step.name, _says(step.fold), step.by, step.round, step.layer
        case DefinitionPlan():
            defaults = tuple((name, its.source) for name, its in step.defaults.items())
            return step.parameters, defaults, tuple(map(_says, step.steps)), step.result


def _read(step: PlanStep) -> list[str]:
    """The names that a step reads; the points too, which definitions read without naming them."""
    bound = step.bindings.values() if isinstance(step, Step) else ()
    return [*reads(step), *(name for name in bound if isinstance(name, str))]


def _called(step: PlanStep, plan: Plan) -> set[str]:
    """The definitions that a step calls, and those that they call."""
    called: set[str] = set()
    left = list(step.formula.definitions) if isinstance(step, Step) else []
    while left:
        name = left.pop()
        if name not in called:
            called.add(name)
            its = plan.definitions[name]
            left += [n for f in (*its.defaults.values(), *(s.formula for s in its.steps)) for n in f.definitions]
    return called
