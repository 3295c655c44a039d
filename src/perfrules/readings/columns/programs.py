"""What is worked out for a batch 批计算: the terms of every figure, grade and finding that goes out, kept for the next batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import lru_cache

from attrs import field, frozen

from perfrules.model import Frozen
from perfrules.plan import Plan
from perfrules.rational import Beyond, Cells, Facts, Form, Forms, Program, Term, lower
from perfrules.readings.columns.conditions import Condition, Conditions
from perfrules.readings.columns.evaluation import Wanted, lane_of
from perfrules.readings.columns.kernels import Kernel
from perfrules.readings.columns.outputs import Layout, Published


@frozen(eq=False)
class Figure:
    """A node's score: whether there is one, and its parts. `den` is None where `num` counts units of its last place."""

    there: Term
    num: Term
    den: Term | None


@frozen(eq=False)
class Prepared:
    """A program with everything that goes out of it."""

    program: Program
    figures: dict[str, Figure]
    ranks: dict[str, tuple[Term, Term]]
    conditions: tuple[Condition, ...]
    wanted: Wanted = field(repr=False)
    kernel: Kernel | None = field(repr=False)

    @property
    def boundless(self) -> bool:
        """Whether only Python's numbers hold all of it."""
        ratios = [part for f in self.figures.values() if f.den is not None for part in (f.num, f.den)]
        return self.wanted.boundless or any(lane_of(part) in ("wide", "any") for part in ratios)

    @property
    def mixed(self) -> bool:
        """Whether only the long numbers of what is boundless need be Python's: where no rows are folded, and no function
        called."""
        return self.boundless and not any(t.op in ("call", "part", "folded") for t in self.wanted.terms)


def prepared(plan: Plan, layout: Layout, facts: Facts) -> Prepared | None:
    """The program for a batch of which these facts are known; None where no whole numbers say it."""
    cells, rows = tuple(sorted(facts.cells.items(), key=lambda item: item[0])), tuple(sorted(facts.rows.items()))
    benchmarks = tuple(_Benchmark(name, frozen) for name, frozen in (facts.frozen or {}).items())
    return _prepared(plan, layout, cells, rows, benchmarks)


@frozen
class _Benchmark:
    """A frozen benchmark that can be looked up: its digest stands for its values."""

    name: str
    frozen: Frozen = field(eq=lambda f: (f.digest, tuple(f.values.items())))


@lru_cache(maxsize=32)
def _prepared(
    plan: Plan, layout: Layout, cells: tuple[tuple[str, Cells], ...], rows: tuple[tuple[str, int], ...],
    benchmarks: tuple[_Benchmark, ...],
) -> Prepared | None:  # fmt: skip
    try:
        program = lower(plan, Facts(dict(cells), dict(rows), {b.name: b.frozen for b in benchmarks}))
        return _made(program, layout)
    except Beyond:
        return None


def _made(program: Program, layout: Layout) -> Prepared:
    forms = Forms(program.terms)
    figures = {p.node.node.path: _figure(program, forms, p) for p in layout.nodes}
    ranks = {g.name: _rank(program, forms, program.forms[g.step]) for g in layout.grades}
    conditions = tuple(c for c in Conditions.of(program) if c.when is not program.terms.false)
    sinks = [
        *(tuple(_parts([figure])) for figure in figures.values()), *ranks.values(), *((c.when,) for c in conditions)
    ]  # fmt: skip
    wanted = Wanted.of(program, [term for sink in sinks for term in sink])
    return Prepared(program, figures, ranks, conditions, wanted, Kernel.of(wanted.terms, sinks))


def _parts(figures: Iterable[Figure]) -> Iterator[Term]:
    for figure in figures:
        yield from (figure.there, figure.num)
        if figure.den is not None:
            yield figure.den


def _figure(program: Program, forms: Forms, published: Published) -> Figure:
    t, form = program.terms, program.forms[published.node.score]
    there = t.whole(form.hole)
    if form.kind != "number":
        return Figure(t.false, t.zero, None if published.places is not None else t.one)
    if published.places is not None:
        return Figure(there, _whole(forms, forms.scaled(form, Fraction(10**published.places))), None)
    if form.constant is not None:
        return Figure(there, t.number(form.constant.numerator), t.number(form.constant.denominator))
    num, den = t.times(form.factor.numerator, form.num), t.times(form.factor.denominator, form.den)
    return Figure(there, num, den)


def _whole(forms: Forms, form: Form) -> Term:
    """The whole number that a form always is, whatever way it is said."""
    if form.den is not forms.t.one or form.factor.denominator != 1:
        form = forms.floor(form)
    if form.constant is not None:
        return forms.t.number(int(form.constant))
    return forms.t.repeated(int(form.factor), form.num)


def _rank(program: Program, forms: Forms, form: Form) -> tuple[Term, Term]:
    """Whether there is a label, and its place."""
    t = program.terms
    if form.kind != "number":
        return t.false, t.zero
    return t.whole(form.hole), _whole(forms, form)
