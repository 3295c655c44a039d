"""Two plans over the same records, and one plan for one record: what terms say, set beside each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import z3

from perfrules.model import Datum, Hole
from perfrules.plan import RowBlock
from perfrules.readings.proof.algebra import Algebra
from perfrules.readings.proof.encoding import Encoding, Said
from perfrules.readings.proof.inputs import fraction_of, pinned
from perfrules.readings.proof.searching import Accept, Found, Goal, Searching, T, limit
from perfrules.readings.proof.terms import Condition, Day, Number, Term, Truth, both, either, no


def search_difference(
    here: Encoding,
    there: Encoding,
    step: str,
    other: str,
    accept: Accept[T],
    *,
    row: tuple[RowBlock, RowBlock] | None = None,
) -> Found[T]:
    """A record for which a step of one plan and one of another come to something else; they share an algebra.

    The candidate is of the first; `row` are the blocks in which the steps stand, if they are steps of rows.
    """
    if row is not None:
        one, two = here.row(row[0])[step], there.row(row[1])[other]
        said = [here.about([row[0].name], [(row[0].name, 0)]), there.about([row[1].name], [(row[1].name, 0)])]
    else:
        one, two = here.term(step), there.term(other)
        said = [here.about([step]), there.about([other])]
    both_said = Said(
        [c for s in said for c in s.conditions], [], {**said[1].inputs, **said[0].inputs}, said[0].vague | said[1].vague
    )
    condition = _differ(here.algebra, one, two)
    if condition is False:
        return Found(none=True)
    taken = here.row(row[0])[row[0].where].truth() if row is not None and row[0].where else True
    goal = Goal(both(taken, condition), both_said)
    return Searching(here, goal, accept, row[0] if row is not None else None).run()


def _differ(algebra: Algebra, one: Term, two: Term) -> Condition:
    """Whether two terms come to something else: another hole, or another value."""
    kinds = dict.fromkeys((*one.holes, *two.holes))
    unlike: list[Condition] = []
    for kind in kinds:
        a, b = one.hole(kind), two.hole(kind)
        if not (isinstance(a, z3.BoolRef) and isinstance(b, z3.BoolRef) and a.eq(b)):
            unlike.append(either(both(a, no(b)), both(no(a), b)))
    for guard, value in one.cases:
        for other_guard, other in two.cases:
            here = both(one.there, two.there, guard, other_guard)
            if type(value) is not type(other):
                unlike.append(here)
            elif isinstance(value, Truth) or not value.expression.eq(other.expression):
                unlike.append(both(here, algebra.compared("!=", value, other).truth()))
    return either(*unlike)


def at(encoding: Encoding, record: Mapping[str, Datum | Hole], rows: Mapping[str, Sequence[Mapping[str, Datum | Hole]]],
       stage: str = "") -> Callable[[Term], Datum | Hole]:  # fmt: skip
    """What terms come to for one record: the encoding read as a scoring, for comparison with the exact one.

    The terms must have been made before. Raises ValueError where the record is not one of the encoding's, TimeoutError
    where the solver does not tell within its limit.
    """
    solver = z3.SimpleSolver(ctx=encoding.algebra.context)
    limit(solver)
    solver.add(*encoding.algebra.sides)
    for name, brought in encoding.inputs.items():
        solver.add(*pinned(encoding.algebra, brought, record.get(name, Hole("missing"))))
    for (block, number), columns in encoding.columns.items():
        kind = next(s.rows for s in encoding.plan.steps if isinstance(s, RowBlock) and s.name == block)
        for name, brought in columns.items():
            solver.add(*pinned(encoding.algebra, brought, rows[kind][number].get(name, Hole("missing"))))
    if encoding.stage is not None:
        stages = encoding.plan.scheme.stages
        solver.add(encoding.stage == (stages.index(stage) + 1 if stage else 0))
    for term in encoding.benchmarks.values():
        solver.add(term.hole("missing"))
    answer = solver.check()
    if answer == z3.unknown:
        raise TimeoutError(solver.reason_unknown())
    if answer == z3.unsat:
        raise ValueError("no such record")
    model = solver.model()

    def value(term: Term) -> Datum | Hole:
        def holds(condition: Condition) -> bool:
            return (
                condition if isinstance(condition, bool) else z3.is_true(model.eval(condition, model_completion=True))
            )

        for kind, condition in term.holes.items():
            if holds(condition):
                return Hole(kind)
        its = next(v for c, v in term.cases if holds(c))
        if isinstance(its, Truth):
            return holds(its.expression)
        found = model.eval(its.expression, model_completion=True)
        if isinstance(its, Number):
            return fraction_of(found)
        code = int(found.as_long())
        return date.fromordinal(code) if isinstance(its, Day) else encoding.algebra.texts().get(code, f"文字{code}")

    return value
