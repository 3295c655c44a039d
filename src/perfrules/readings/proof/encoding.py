"""A plan over all records at once: each input a constant of the solver, each step the term that it comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial

import z3
from attrs import define, field, frozen

from perfrules import model
from perfrules.nodes import HoleKind
from perfrules.plan import Cohort, Fold, Plan, RowBlock, Step, names_behind
from perfrules.plan.steps import reads
from perfrules.readings.proof.algebra import Algebra, Floor
from perfrules.readings.proof.folds import folded, range_of_fold
from perfrules.readings.proof.formulas import NO_TERM, Formulas
from perfrules.readings.proof.inputs import Brought, bring
from perfrules.readings.proof.terms import Condition, Number, Term, Truth, both, either, hole, no, settled, when


@frozen
class Cut:
    """What is known of a step that is not looked into: its bounds where it is there, and which holes it can be."""

    low: Fraction | None
    high: Fraction | None
    holes: tuple[HoleKind, ...] = ("not_applicable", "refused")


@define(eq=False)
class Encoding:
    """The terms of a plan's steps, made as they are asked for.

    `rows` is how many rows of each kind a record has; None leaves it open, and what is folded from rows then lies
    anywhere in its range. `cuts` are steps that are not looked into, `given` those that another encoding (with the same
    algebra) has terms of. Inputs of the same name, unit and bounds are the same in both.
    """

    plan: Plan
    rows: int | Mapping[str, int] | None = None
    cuts: Mapping[str, Cut] = field(factory=dict)
    given: Mapping[str, Term] = field(factory=dict)
    algebra: Algebra = field(factory=Algebra)
    inputs: dict[str, Brought] = field(factory=dict)
    columns: dict[tuple[str, int], dict[str, Brought]] = field(factory=dict)
    benchmarks: dict[str, Term] = field(factory=dict)
    vague: dict[str, frozenset[str]] = field(factory=dict)
    terms: dict[str, Term] = field(factory=dict)
    row_terms: dict[tuple[str, int], dict[str, Term]] = field(factory=dict)
    stage: z3.ArithRef | None = None
    existing: dict[str, z3.BoolRef] = field(factory=dict)
    of_rows: list[z3.ExprRef] = field(factory=list)
    _stage_domain: list[z3.BoolRef] = field(factory=list)
    _sides: dict[str, tuple[list[z3.BoolRef], list[Floor]]] = field(factory=dict)
    _behind: dict[str, frozenset[str]] = field(factory=dict)

    formulas: Formulas = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.formulas = Formulas(self.algebra, self.plan.definitions)

    # ------------------------------------------------------------------------------------------ asking

    def term(self, name: str) -> Term:
        """What an input or step comes to."""
        found = self.terms.get(name)
        if found is None:
            self._make(name)
            found = self.terms[name]
        return found

    def row(self, block: RowBlock, number: int = 0) -> dict[str, Term]:
        """What the steps of a block come to for one row, its columns among them."""
        found = self.row_terms.get((block.name, number))
        if found is not None:
            return found
        for name in self.behind(block.name):
            self.term(name)
        return self._row(block, number)

    def behind(self, name: str) -> frozenset[str]:
        """The names that lead to a step (or to the steps of a row block) and are looked into, inputs among them."""
        found = self._behind.get(name)
        if found is None:
            block = next((s for s in self.plan.steps if isinstance(s, RowBlock) and s.name == name), None)
            wanted = [name]
            if block is not None:
                own = {c.name for c in self.plan.scheme.rows[block.rows].columns} | {s.name for s in block.steps}
                wanted = [n for n in names_behind(self.plan, _read_by(block.steps)) if n not in own]
            found = self._behind[name] = frozenset(self._leading(wanted))
        return found

    def _leading(self, wanted: Iterable[str]) -> Iterator[str]:
        seen = set(wanted)
        stack = list(seen)
        while stack:
            name = stack.pop()
            yield name
            if name in self.cuts or name in self.given:
                continue
            step = self.plan.producers.get(name)
            for read in reads(step) if step is not None else ():
                if read not in seen:
                    seen.add(read)
                    stack.append(read)

    def about(self, names: Iterable[str], rows: Iterable[tuple[str, int]] = (), *, grid: bool = False) -> Said:
        """All that holds of the terms behind names (and rows): domains of inputs, and side conditions."""
        conditions: list[z3.BoolRef] = []
        floors: list[Floor] = []
        inputs: dict[str, Brought] = {}
        leading: dict[str, None] = {}
        for name in names:
            leading |= dict.fromkeys(sorted(self.behind(name)))
        reasons: set[str] = set()
        for name in leading:
            made = name in self.terms or (name not in self.plan.producers and name not in self.plan.scheme.inputs)
            assert made, name  # what has not been made has nothing said of it yet
            if name in self.inputs:
                inputs[name] = self.inputs[name]
            sides, more = self._sides.get(name, ([], []))
            conditions += sides
            floors += more
            reasons |= self.vague.get(name, frozenset())
        brought = list(inputs.values())
        blocks = [s for s in self.plan.steps if isinstance(s, RowBlock) and any(f.name in leading for f in s.folds)]
        names_of_blocks = {b.name for b in blocks}
        for key in dict.fromkeys((*rows, *(k for k in self.row_terms if k[0] in names_of_blocks))):
            brought += self.columns[key].values()
            sides, more = self._sides.get(f"{key[0]}#{key[1]}", ([], []))
            conditions += sides
            floors += more
            reasons |= self.vague.get(f"{key[0]}#{key[1]}", frozenset())
        for each in brought:
            conditions += each.domain
            conditions += each.grid if grid else ()
        return Said([*conditions, *self._stage_domain], floors, inputs, frozenset(reasons))

    # ------------------------------------------------------------------------------------------ making

    def _make(self, name: str) -> None:
        """The terms that lead to a name, in the plan's order, so that nothing recurses along names."""
        leading = self.behind(name)
        self.terms |= {n: t for n, t in self.given.items() if n in leading}
        for each in sorted(leading):
            if each in self.plan.scheme.inputs and each not in self.terms:
                self._input(self.plan.scheme.inputs[each])
        for step in self.plan.steps:
            match step:
                case RowBlock():
                    open_ones = [f for f in step.folds if f.name in leading and f.name not in self.terms]
                    for fold in open_ones:
                        if fold.name in self.cuts:
                            self._kept(fold.name, partial(self._cut_off, fold.name))
                    wanted = [f for f in open_ones if f.name not in self.cuts]
                    if wanted:
                        self._kept(wanted[0].name, partial(self._block, step))
                        for fold in wanted[1:]:
                            self._sides[fold.name] = self._sides[wanted[0].name]
                            self.vague[fold.name] = self.vague[wanted[0].name]
                case _ if step.name in leading and step.name not in self.terms:
                    self._kept(step.name, partial(self._whole, step))
        if name not in self.terms:
            self.terms[name] = NO_TERM

    def _kept(self, name: str, make: Callable[[], None]) -> None:
        """Make terms, and keep what was said on the way beside them."""
        at, floors, before = len(self.algebra.sides), len(self.algebra.floors), set(self.algebra.vague)
        self.algebra.vague.clear()
        make()
        self._sides[name] = (self.algebra.sides[at:], self.algebra.floors[floors:])
        self.vague[name] = frozenset(self.algebra.vague)
        self.algebra.vague |= before

    def _whole(self, step: Step | Fold | Cohort) -> None:
        if step.name in self.cuts:
            self._cut_off(step.name)
            return
        match step:
            case Step():
                self.terms[step.name] = self.formulas.step(step, self.terms)
            case Fold():
                columns = [[self.terms[n] for n in names] for names in (step.items, step.where, step.weights)]
                self.terms[step.name] = folded(self.algebra, step, columns)
            case Cohort():
                self.terms[step.name] = self.benchmarks[step.name] = self._cohort(step)

    def _cut_off(self, name: str) -> None:
        cut = self.cuts[name]
        number = self.algebra.fresh_number(name, cut.low, cut.high)
        self.terms[name] = self._with_holes(name, number, cut.holes)

    def _with_holes(self, name: str, number: Number, kinds: Sequence[HoleKind]) -> Term:
        """A number, or any of some holes."""
        holes: dict[HoleKind, Condition] = {}
        free: Condition = True
        for kind in kinds:
            said = self.algebra.fresh_truth(f"{name} {kind}")
            holes[kind] = both(free, said)
            free = both(free, no(said))
        return Term(((True, number),), holes)

    def _cohort(self, step: Cohort) -> Term:
        """A benchmark: whatever a population may make of the item, or missing where none has been frozen."""
        item = self.terms[step.fold.items[0]]
        self.algebra.vague.add("benchmark")
        low, high = range_of_fold(step.fold, [item], open_ended=True)
        at = len(self.algebra.brought_in)
        made = self._with_holes(step.name, self.algebra.fresh_number(step.name, low, high), ("missing", "undefined"))
        del self.algebra.brought_in[at:]  # it has been frozen: the same for every record
        return made

    # ------------------------------------------------------------------------------------------ inputs

    def _input(self, of: model.Input) -> None:
        unit = f" {of.scale} {of.unit.text}" if of.unit is not None else ""
        brought = bring(self.algebra, of, f"{of.name}{unit}")
        self.inputs[of.name] = brought
        term = brought.term
        if of.at:
            off = self._off_stage(of.at)
            term = when(off, hole("not_applicable"), term)
        self.terms[of.name] = term

    def _off_stage(self, stages: Sequence[str]) -> Condition:
        """Whether the record is of another stage than an input's; 0 is a record that says none."""
        known = self.plan.scheme.stages
        if self.stage is None:
            self.stage = z3.Int(f"stage of {'/'.join(known)}", self.algebra.context)
            self._stage_domain += [self.stage >= 0, self.stage <= len(known)]
        return both(self.stage != 0, *(self.stage != known.index(s) + 1 for s in stages if s in known))

    # ------------------------------------------------------------------------------------------ rows

    def _block(self, block: RowBlock) -> None:
        count = self.rows if self.rows is None or isinstance(self.rows, int) else self.rows.get(block.rows, 0)
        if count is None:
            self._any_rows(block)
            return
        rows = [self._row(block, number) for number in range(count)]
        taken: list[Condition] = []
        lost: Term | None = None
        for row in rows:
            if not block.where:
                taken.append(True)
                continue
            where = row[block.where]
            taken.append(where.truth())
            untold = Term((), {
                "missing": either(where.hole("missing"), where.hole("not_applicable")),
                "undefined": where.hole("undefined"), "refused": where.hole("refused"),
            })  # fmt: skip
            lost = when(where.empty, untold, lost if lost is not None else settled(Truth(True)))
        for fold in block.folds:
            columns = [[row[n] for row in rows] for n in (*fold.items, *fold.where, *fold.weights)]
            items = columns[0] if columns else []
            weights = columns[-1] if fold.weights else []
            skipped = hole("not_applicable")
            items = [when(t, item, skipped) for t, item in zip(taken, items, strict=True)]
            made = folded(self.algebra, fold, [items, [], weights])
            self.terms[fold.name] = made if lost is None else when(lost.empty, lost, made)

    def exists(self, kind: str) -> z3.BoolRef:
        """Whether a record has the one row of a kind that is looked at, where it is not said how many it has."""
        found = self.existing.get(kind)
        if found is None:
            found = self.existing[kind] = z3.Bool(f"{kind} row!", self.algebra.context)
        return found

    def _any_rows(self, block: RowBlock) -> None:
        """Folds over rows of which it is not said how many there are: a sum is what the one row that is looked at puts in
        and what the rest may; anything else lies in its range."""
        row = self._row(block, 0)
        self.algebra.vague.add("rows")
        where = row[block.where] if block.where else settled(Truth(True))
        taken = both(self.exists(block.rows), where.truth())
        for fold in block.folds:
            item = row[fold.items[0]]
            low, high = range_of_fold(fold, [item], open_ended=True)
            kinds: dict[HoleKind, None] = {}
            for each in (*item.holes, *(k for w in fold.weights for k in row[w].holes), *where.holes):
                if each != "not_applicable" or each in where.holes:
                    kinds["missing" if each == "not_applicable" else each] = None
            odd = any(t.kept_to_numbers is not True for t in (item, *(row[w] for w in fold.weights)))
            if fold.statistic != "count" and (odd or not fold.empty_is_zero):
                kinds["undefined"] = None
            at = len(self.algebra.brought_in)
            number = self.algebra.fresh_number(fold.name, low, high)
            own = item.number()
            if fold.statistic == "sum" and own is not None and not fold.weights:
                part = z3.If(either(no(taken), item.empty), self.algebra.real(Fraction(0)), own.expression)
                number = Number(part + number.expression, low, high, 300)
            self.terms[fold.name] = self._with_holes(fold.name, number, list(kinds))
            self.of_rows += self.algebra.brought_in[at:]

    def _row(self, block: RowBlock, number: int) -> dict[str, Term]:
        key = (block.name, number)
        found = self.row_terms.get(key)
        if found is not None:
            return found
        self._shared_columns(block, number)
        local: dict[str, Term] = {n: b.term for n, b in self.columns[key].items()}
        scope = {**self.terms, **local}
        made: dict[str, Term] = dict(local)

        def make() -> None:
            for step in block.steps:
                scope[step.name] = made[step.name] = self.formulas.step(step, scope)

        self._kept(f"{block.name}#{number}", make)
        self.row_terms[key] = made
        return made

    def _shared_columns(self, block: RowBlock, number: int) -> None:
        """The columns of a row: the same for every block over rows of its kind."""
        same = next(
            (c for (other, n), c in self.columns.items() if n == number and self._kind(other) == block.rows), None
        )
        if same is None:
            columns = self.plan.scheme.rows[block.rows].columns
            same = {c.name: bring(self.algebra, c, f"{block.rows}#{number}/{c.name}") for c in columns}
        self.columns[block.name, number] = same

    def _kind(self, block: str) -> str:
        return next(s.rows for s in self.plan.steps if isinstance(s, RowBlock) and s.name == block)


@frozen(eq=False)
class Said:
    """What is said beside terms: conditions, floors among them, the inputs behind, and what makes it vague."""

    conditions: Sequence[z3.BoolRef]
    floors: Sequence[Floor]
    inputs: Mapping[str, Brought]
    vague: frozenset[str]


def _read_by(steps: Iterable[Step]) -> list[str]:
    return [name for step in steps for name in reads(step)]
