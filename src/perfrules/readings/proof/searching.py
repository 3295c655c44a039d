"""One search: the solver asked for candidates until one is accepted, or it says that there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from time import monotonic
from typing import Generic, TypeVar

import z3
from attrs import define, field, frozen

from perfrules.model import Datum, Hole
from perfrules.plan import RowBlock
from perfrules.plan.steps import reads
from perfrules.readings.proof.claims import Candidate
from perfrules.readings.proof.encoding import Encoding, Said
from perfrules.readings.proof.inputs import Brought, datum_of, fraction_of
from perfrules.readings.proof.terms import Condition, Term

SOLVER_WORK, SOLVER_PATIENCE = 2_000_000, 20_000
"""How much work of the solver each answer may take (its own count, so that answers do not hang on the machine), and the
milliseconds after which a search is given up whatever it counts."""
SOLVER_WAYS = {"arith.nl.horner": False}
"""Ways of the solver with products that are left aside: with this one it tightens bounds by roots of ever longer numbers,
which no limit interrupts."""
CANDIDATES = 6
"""How many candidates that the exact reading does not accept are blocked before the grid is added, or it is given up."""

T = TypeVar("T")
Accept = Callable[[Candidate], T | None]


def limit(solver: z3.Solver) -> None:
    """Keep a solver to its limits, and to ways that end."""
    solver.set("rlimit", SOLVER_WORK)
    solver.set("timeout", SOLVER_PATIENCE)
    for way, taken in SOLVER_WAYS.items():
        solver.set(way, taken)


@frozen
class Found(Generic[T]):
    """What a search came to: something accepted, or surely nothing, or it is not known, and why not."""

    shown: T | None = None
    none: bool = False
    why: tuple[str, ...] = ()


@frozen(eq=False)
class Goal:
    """What is sought: a condition on terms, and what is said of them."""

    condition: Condition
    said: Said
    pair: tuple[str, Brought] | None = None
    more: list[z3.BoolRef] = field(factory=list)


@define
class Searching(Generic[T]):
    """One search: so many candidates asked for until one is accepted, or there is none."""

    encoding: Encoding
    goal: Goal
    accept: Accept[T]
    block: RowBlock | None
    candidates: int = CANDIDATES
    _until: float = 0.0

    def run(self) -> Found[T]:
        """What is found before patience ends."""
        self._until = monotonic() + SOLVER_PATIENCE / 1000
        first, more = self._asked(grid=False)
        if first.shown is not None or first.none:
            return first
        vague = tuple(sorted(self.goal.said.vague))
        if more:  # the solver knows of records that the exact reading does not confirm: perhaps none is on the grid
            second, _ = self._asked(grid=True)
            if second.shown is not None or (second.none and self._all_on_grid()):
                return second
            return Found(why=(*vague, *(second.why or ("not-confirmed",))))
        return Found(why=(*vague, *first.why))

    def _all_on_grid(self) -> bool:
        """Whether every number that takes part has a grid of its own."""
        return all(b.of.kind != "number" or b.of.decimals is not None for b in self._brought())

    def _brought(self) -> Iterator[Brought]:
        yield from self.goal.said.inputs.values()
        for columns in self.encoding.columns.values():
            yield from columns.values()

    def _asked(self, *, grid: bool) -> tuple[Found[T], bool]:
        """What the solver says, and whether it proposed anything."""
        context = self.encoding.algebra.context
        conditions = [*self.goal.said.conditions, *self.goal.more]
        if not isinstance(self.goal.condition, bool):
            conditions.append(self.goal.condition)
        if grid:
            conditions += [c for b in self._brought() for c in b.grid]
        for solver in (z3.SimpleSolver(ctx=context), z3.Solver(ctx=context)):
            limit(solver)
            solver.add(*conditions)
            found, proposed = self._models(solver)
            if found is not None:
                return found, proposed
        return Found(why=("limit",)), False

    def _models(self, solver: z3.Solver) -> tuple[Found[T] | None, bool]:
        for proposed in range(self.candidates):
            left = int((self._until - monotonic()) * 1000)
            if left <= 0:
                return Found(why=("limit",)), bool(proposed)
            solver.set("timeout", left)
            answer = solver.check()
            if answer == z3.unknown:
                return (None, False) if not proposed else (Found(why=("not-confirmed",)), True)
            if answer == z3.unsat:
                return (Found(none=True), False) if not proposed else (Found(why=("not-confirmed",)), True)
            model = solver.model()
            shown = self.accept(self._candidate(model))
            if shown is not None:
                return Found(shown), True
            # a measure that no record has so is likely one of another kind; else it is the numbers that no record has
            measures = [b.values[1] for b in self._brought() if b.of.kind == "measure"]
            unlike = measures or [b.values[0] for b in self._brought()]
            blocked = [v != model.eval(v, model_completion=True) for v in unlike]
            if not blocked:
                return Found(why=("not-confirmed",)), True
            solver.add(z3.Or(*blocked))
        return Found(why=("not-confirmed",)), True

    def _candidate(self, model: z3.ModelRef) -> Candidate:
        encoding = self.encoding
        cells = {name: datum_of(encoding.algebra, b, model) for name, b in self.goal.said.inputs.items()}
        rows: dict[str, list[Mapping[str, Datum | Hole]]] = {}
        numbers = range(encoding.rows) if isinstance(encoding.rows, int) else range(1 if self.block is not None else 0)
        blocks = {s.name: s for s in self.encoding.plan.steps if isinstance(s, RowBlock)}
        read: dict[str, set[str]] = {}
        for name, _ in encoding.columns:
            read.setdefault(blocks[name].rows, set()).update(n for step in blocks[name].steps for n in reads(step))
        for number in numbers:
            columns_of = {blocks[name].rows: c for (name, place), c in encoding.columns.items() if place == number}
            for kind, columns in columns_of.items():
                its = {c: datum_of(encoding.algebra, b, model) for c, b in columns.items() if c in read[kind]}
                rows.setdefault(kind, []).append(its)
        stage = ""
        if encoding.stage is not None:
            place = model.eval(encoding.stage, model_completion=True).as_long()
            stage = encoding.plan.scheme.stages[place - 1] if place else ""
        second: tuple[str, Datum] | None = None
        if self.goal.pair is not None:
            value = datum_of(encoding.algebra, self.goal.pair[1], model)
            assert not isinstance(value, Hole)
            second = (self.goal.pair[0], value)
        benchmarks = {n: _benchmark(t, model) for n, t in encoding.benchmarks.items()}
        return Candidate(cells, {k: tuple(v) for k, v in rows.items()}, benchmarks, stage, second)


def _benchmark(term: Term, model: z3.ModelRef) -> Fraction | Hole:
    for kind, condition in term.holes.items():
        if not isinstance(condition, bool) and z3.is_true(model.eval(condition, model_completion=True)):
            return Hole(kind)
    number = term.number()
    assert number is not None
    return fraction_of(model.eval(number.expression, model_completion=True))
