"""A plan lowered 化为整式: every step as a rational form over the cells of a record.

Evaluation is by reaching, left to right, as everywhere; here it is written out: a form's hole is the first that evaluation
reaches, an arm's hole counts only where it is taken. What cannot be said in whole numbers is `Beyond`, and stays with the
exact reading.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import assert_never

from attrs import evolve, field, frozen

from perfrules import model, nodes
from perfrules.model import Frozen, Hole
from perfrules.nodes import Node
from perfrules.numbers import TRANSCENDENT_PLACES
from perfrules.plan import Cohort, DefinitionPlan, Fold, Plan, RowBlock, Step
from perfrules.rational.folds import Folding, whole_fold
from perfrules.rational.forms import DAY, NUMBER, WORDS, Beyond, Form, Forms
from perfrules.rational.terms import EVERY_KIND, Term, Terms

FIRST_DAY, LAST_DAY = date.min.toordinal(), date.max.toordinal()
BITS_LIMIT = 4000
"""Terms that may outgrow this are left to the exact reading, which counts what large numbers cost."""


@frozen
class Cells:
    """What is known of an input's cells 数据项的已知范围, in one record or in all of a batch.

    A number is `factor` × the whole number that its cell holds, in the scheme's working unit; `low` and `high` bound that
    whole number (of a date, its ordinal). `kinds` are the kinds of hole that may stand there, "" for none.
    """

    factor: Fraction = Fraction(1)
    low: int | None = None
    high: int | None = None
    kinds: frozenset[str] = EVERY_KIND


@frozen
class Facts:
    """What is known before any record is read 已知条件: of cells by input name (a row's as `kind.column`), of the most rows
    that a record brings of a kind, and the frozen benchmarks (None: they are looked up with each record, by a call)."""

    cells: Mapping[str, Cells]
    rows: Mapping[str, int] = field(factory=dict)
    frozen: Mapping[str, Frozen] | None = field(factory=dict)


@frozen(eq=False)
class Gather:
    """A fold over the rows of a block: each row's item and weight (None: one), as forms over row and record."""

    fold: Fold
    item: Form
    weight: Form | None

    @property
    def whole(self) -> bool:
        """Whether it comes to a whole number of the item's factor, else to a fraction in lowest terms (see `of_rows`)."""
        return whole_fold(self.fold, self.item)


@frozen(eq=False)
class Block:
    """A row block lowered: what each row comes to, whether it enters (`where`, None: all do), and the folds over them."""

    name: str
    rows: str
    where: Form | None
    steps: Mapping[str, Form]
    folds: tuple[Gather, ...]


@frozen(eq=False)
class Program:
    """A plan as rational forms under facts 整式方案: those of the record's steps by name, and the row blocks in order."""

    plan: Plan
    facts: Facts
    forms: Mapping[str, Form]
    blocks: Mapping[str, Block]
    terms: Terms = field(repr=False)


def lower(plan: Plan, facts: Facts) -> Program:
    """The program of a plan. Raises Beyond where something in it cannot be said in whole numbers."""
    try:
        return _Lowering(plan, facts).program()
    except RecursionError:
        raise Beyond("terms that stand too deep in one another") from None


Scope = Callable[[str], Form]
_NOTHING: Mapping[str, Form] = {}


class _Lowering:
    def __init__(self, plan: Plan, facts: Facts) -> None:
        self.plan = plan
        self.facts = facts
        self.t = Terms()
        self.forms = Forms(self.t)
        self.values: dict[str, Form] = {}
        self.folding = Folding(self.forms)
        self.undefined = self.t.reached("undefined")

    def program(self) -> Program:
        blocks: dict[str, Block] = {}
        for name, input in self.plan.scheme.inputs.items():
            self.values[name] = self.cell(name, input)
        for step in self.plan.steps:
            match step:
                case Step(name=name):
                    self.values[name] = self.step(step, self.values.__getitem__)
                case Fold(name=name):
                    self.values[name] = self.folding.over(step, *(
                        [self.values[i] for i in names] for names in (step.items, step.where, step.weights)
                    ))  # fmt: skip
                case RowBlock(name=name):
                    blocks[name] = self.block(step)
                case Cohort(name=name):
                    self.values[name] = self.benchmark(step)
                case _:
                    assert_never(step)
        return Program(self.plan, self.facts, self.values, blocks, self.t)

    # ------------------------------------------------------------------------------------------ cells

    def cell(self, slot: str, input: model.Input, rows: str = "") -> Form:
        """What an input's cell holds, as a form."""
        known = self.facts.cells.get(slot, Cells())
        t = self.t
        hole = t.none if known.kinds == {""} else t.gap(slot, known.kinds, rows=rows)
        match input.kind:
            case "number":
                num = t.cell(slot, "int", known.low, known.high, rows=rows)
                return self.forms.reached(self.forms.ratio(num, t.one, known.factor), hole)
            case "boolean":
                return self.forms.truth(t.cell(slot, "bool", rows=rows), hole)
            case "choice" | "text":
                return Form("text", hole, t.cell(slot, "text", rows=rows), t.one)
            case "date":
                low, high = known.low or FIRST_DAY, known.high or LAST_DAY
                return Form("date", hole, t.cell(slot, "int", low, high, rows=rows), t.one)
            case "measure":
                num = t.cell(slot, "int", known.low, known.high, rows=rows)
                tag, words = t.tag(slot, rows=rows), t.cell(slot, "text", rows=rows)
                return Form("measure", hole, num, t.one, known.factor, tag=tag, words=words)
            case _:
                assert_never(input.kind)

    def block(self, block: RowBlock) -> Block:
        """A row block: its steps over the cells of a row, and over what the record came to so far."""
        kind = self.plan.scheme.rows[block.rows]
        local = {c.name: self.cell(f"{kind.name}.{c.name}", c, kind.name) for c in kind.columns}
        steps: dict[str, Form] = {}
        for step in block.steps:
            local[step.name] = steps[step.name] = self.step(
                step, lambda name: local[name] if name in local else self.values[name]
            )
        folds = []
        for each in block.folds:
            (item,), weight = each.items, each.weights[0] if each.weights else ""
            gather = Gather(each, local[item], local[weight] if weight else None)
            folds.append(gather)
            where = local[block.where] if block.where else None
            self.values[each.name] = self.folding.of_rows(
                block.name, gather.fold, gather.item, gather.weight, where, self.facts.rows.get(block.rows)
            )
        return Block(block.name, block.rows, local[block.where] if block.where else None, steps, tuple(folds))

    def benchmark(self, step: Cohort) -> Form:
        """A frozen benchmark: a constant, or one by group; missing where the population had none."""
        if self.facts.frozen is None:
            return self._looked_up(step)
        found = self.facts.frozen.get(step.name)
        missing = self.forms.never(self.t.named(self.t.reached("missing"), step.name))
        if found is None:
            return missing
        if not step.by:
            return self._frozen(found.values.get(""), missing)
        by = self.values[step.by]
        made = missing
        for group, value in found.values.items():
            here = self._is_group(by, group)
            if here is not None:
                chosen = self._frozen(value, missing)
                hole = self.t.pick(here, chosen.hole, made.hole)
                made = self.forms.reached(self.forms.choose(here, chosen, made), hole)
        return self.forms.reached(made, self.t.pick(self.t.whole(by.hole), made.hole, missing.hole))

    def _looked_up(self, step: Cohort) -> Form:
        """A benchmark that is known only with the record: a call, told its name and what puts a record into a group."""
        by = self.values[step.by] if step.by else None
        if by is not None and by.kind == "measure":
            raise Beyond("a benchmark by a measure")
        terms = () if by is None else (by.hole, by.num, by.den)
        hole, num, den = self.t.call("benchmark", terms, (step.name, by and by.kind, by and by.factor))
        return self.forms.reached(self.forms.ratio(num, den, Fraction(1)), hole)

    def _frozen(self, value: Fraction | Hole | None, missing: Form) -> Form:
        match value:
            case None:
                return missing
            case Fraction():
                return self.forms.number(value)
            case Hole(kind=kind, name=name):
                hole = self.t.reached(kind)
                return self.forms.never(self.t.named(hole, name) if name else hole)

    def _is_group(self, by: Form, group: str) -> Term | None:
        """Whether a value puts its record into a group; None where it never can."""
        match by.kind:
            case "text":
                return self.t.same(by.num, self.t.text(group))
            case "number":
                return self.forms.equal(by, self.forms.number(Fraction(group)))
            case "date":
                return self.t.equal(by.num, self.t.number(date.fromisoformat(group).toordinal()))
            case "truth":
                return by.num if group == "True" else self.t.no(by.num)
            case _:
                return None

    # ------------------------------------------------------------------------------------------ steps

    def step(self, step: Step, scope: Scope) -> Form:
        """One step's form; a hole reached on the way is its result."""
        return _Evaluation(self, step, scope).form(step.formula.node)

    def definition(self, definition: DefinitionPlan, given: Sequence[Form], points: Form | None) -> Form:
        """A call of a definition over arguments whose holes have been reached already."""
        local = dict(zip(definition.parameters, given, strict=False))
        if points is not None:
            local["points"] = points
        for name, formula in definition.defaults.items():
            if name not in local:
                local[name] = self.step(Step(name, formula), _NOTHING.__getitem__)
        for step in definition.steps:
            local[step.name] = self.step(step, local.__getitem__)
        return local[definition.result]


class _Evaluation:
    """One step being evaluated: nodes to forms, each with the first hole that evaluation reaches in it."""

    def __init__(self, lowering: _Lowering, step: Step, scope: Scope) -> None:
        self.lowering = lowering
        self.t = lowering.t
        self.forms = lowering.forms
        self.bindings = step.bindings
        self.scope = scope

    def raw(self, name: str) -> Form:
        """What a name stands for, its hole not yet reached."""
        bound = self.bindings.get(name, name)
        return self.forms.number(bound) if isinstance(bound, Fraction) else self.scope(bound)

    def read(self, name: str) -> Form:
        found = self.raw(name)
        return self.forms.reached(found, self.t.named(found.hole, str(self.bindings.get(name, name))))

    def form(self, node: Node) -> Form:
        """What a node comes to. Raises Beyond where its numbers may grow too large."""
        return _of_this_world(self._form(node))

    def _form(self, node: Node) -> Form:
        t, forms = self.t, self.forms
        match node:
            case nodes.Number(value=value):
                return forms.number(value)
            case nodes.Text(value=text):
                return forms.text(text)
            case nodes.Truth(value=truth):
                return forms.truth(t.truth(truth))
            case nodes.Name(name=name):
                return self.read(name)
            case nodes.Present(name=name):
                return forms.truth(t.whole(self.raw(name).hole))
            case nodes.Reach(kind=kind):
                return forms.never(t.reached(kind))
            case nodes.HoleOf():
                raise Beyond("the kind of a hole as a text")
            case nodes.Negate(operand=operand):
                x = self.form(operand)
                return self._numbers([x], lambda: forms.negative(self._number(x)))
            case nodes.Arithmetic():
                return self.arithmetic(node)
            case nodes.Compare():
                return self.compare(node)
            case nodes.Logic(sign=sign, operands=operands):
                return self.logic(sign == "and", operands)
            case nodes.Not(operand=operand):
                x = self.form(operand)
                return forms.never(x.hole) if x.kind == "never" else forms.truth(t.no(x.num), x.hole)
            case nodes.If():
                return self.condition(node)
            case nodes.Primitive(function=function, arguments=arguments):
                given = [self.form(a) for a in arguments]
                return self._numbers(given, lambda: self.primitive(function, [self._number(x) for x in given]))
            case nodes.Use(definition=name, arguments=arguments):
                return self.use(name, [self.form(a) for a in arguments])
            case _:
                assert_never(node)

    def condition(self, node: nodes.If) -> Form:
        """An `if` and those in its other arms, walked, not recursed into."""
        taken: list[tuple[Form, Form]] = []
        last: Node = node
        while isinstance(last, nodes.If):
            taken.append((self.form(last.condition), self.form(last.then)))
            last = last.otherwise
        made = self.form(last)
        for when, then in reversed(taken):
            if when.kind == "never":
                made = self.forms.never(when.hole)
                continue
            hole = self.t.first(when.hole, self.t.pick(when.num, then.hole, made.hole))
            made = self.forms.reached(self.forms.choose(when.num, then, made), hole)
        return made

    def logic(self, conjunction: bool, operands: Sequence[Node]) -> Form:
        t = self.t
        made = self.form(operands[-1])
        for operand in reversed(operands[:-1]):
            x = self.form(operand)
            if x.kind == "never":
                made = x
                continue
            rest = t.pick(x.num, made.hole, t.none) if conjunction else t.pick(x.num, t.none, made.hole)
            num = made.num if made.kind == "truth" else t.false
            made = self.forms.truth(t.both(x.num, num) if conjunction else t.either(x.num, num), t.first(x.hole, rest))
        return made

    def use(self, name: str, given: Sequence[Form]) -> Form:
        hole = self._first(given)
        definition = self.lowering.plan.definitions[name]
        points: Form | None = None
        try:
            points = self.raw("points")
        except KeyError:  # a call where there are none
            points = None
        values = [evolve(x, hole=self.t.none) for x in given]
        if any(x.kind == "never" for x in given):
            return self.forms.never(hole)
        result = self.lowering.definition(definition, values, points)
        return self.forms.reached(result, self.t.first(hole, result.hole))

    # ------------------------------------------------------------------------------------------ arithmetic

    def _first(self, given: Sequence[Form]) -> Term:
        hole = self.t.none
        for x in given:
            hole = self.t.first(hole, x.hole)
        return hole

    def _number(self, x: Form) -> Form:
        """A measure taken as the number that it must be here."""
        return evolve(x, kind="number", tag=None, words=None) if x.kind == "measure" else x

    def _numbers(self, given: Sequence[Form], made: Callable[[], Form]) -> Form:
        """What is made of numbers: undefined where one of them is a measure of another kind."""
        hole = self._first(given)
        if any(x.kind == "never" for x in given):
            return self.forms.never(hole)
        for x in given:
            if x.kind not in ("number", "measure"):
                raise Beyond(f"arithmetic with a {x.kind}")
            hole = self.t.first(hole, self._unless(self.forms.tagged(x, NUMBER)))
        result = made()
        return self.forms.reached(result, self.t.first(hole, result.hole))

    def _unless(self, holds: Term) -> Term:
        return self.t.pick(holds, self.t.none, self.lowering.undefined)

    def arithmetic(self, node: nodes.Arithmetic) -> Form:
        """A chain of operators to the left, walked, not recursed into."""
        spine: list[nodes.Arithmetic] = []
        left: Node = node
        while isinstance(left, nodes.Arithmetic):
            spine.append(left)
            left = left.left
        made = self.form(left)
        for each in reversed(spine):
            made = _of_this_world(self._operation(each.sign, made, self.form(each.right)))
        return made

    def _operation(self, sign: nodes.ArithmeticSign, x: Form, y: Form) -> Form:
        forms = self.forms
        if "never" in (x.kind, y.kind):
            return forms.never(self._first([x, y]))
        if {x.kind, y.kind} == {"date", "text"}:
            day = self._literal_day(x if x.kind == "text" else y)
            if day is None:
                return forms.never(self.t.first(self._first([x, y]), self.lowering.undefined))
            x, y = (forms.day(day) if f.kind == "text" else f for f in (x, y))
        if "date" in (x.kind, y.kind) or (x.kind == y.kind == "measure" and sign in "+-"):
            return self._dated(sign, x, y)
        a, b = self._number(x), self._number(y)
        match sign:
            case "+":
                return self._numbers([x, y], lambda: forms.add(a, b))
            case "-":
                return self._numbers([x, y], lambda: forms.subtract(a, b))
            case "*":
                return self._numbers([x, y], lambda: forms.multiply(a, b))
            case "/":
                zero = self.t.equal(b.num, self.t.zero)
                hole = self.t.pick(zero, self.lowering.undefined, self.t.none)
                return self._numbers([x, y], lambda: forms.reached(forms.divide(a, b), hole))

    def _dated(self, sign: str, x: Form, y: Form) -> Form:
        """Days between dates, or a date moved by whole days; measures of a row may be either."""
        t, forms = self.t, self.forms
        hole = self._first([x, y])
        if sign == "-" and x.kind == y.kind:
            days = forms.subtract(*(evolve(f, kind="number", hole=t.none) for f in (x, y)))
            alike = self._alike(x, y, (NUMBER, DAY))
            return forms.reached(days, t.first(hole, self._unless(alike)))
        if sign not in "+-" or "measure" in (x.kind, y.kind) or (sign == "-" and x.kind != "date") or x.kind == y.kind:
            if sign == "+" and x.kind == y.kind == "measure":
                alike = t.both(forms.tagged(x, NUMBER), forms.tagged(y, NUMBER))
                total = forms.add(*(evolve(f, kind="number", hole=t.none) for f in (x, y)))
                return forms.reached(total, t.first(hole, self._unless(alike)))
            raise Beyond("dates in other arithmetic")
        day, by = (x, y) if x.kind == "date" else (y, x)
        whole = forms.floor(evolve(by, hole=t.none))
        moved = forms.subtract(self._ordinal(day), whole) if sign == "-" else forms.add(self._ordinal(day), whole)
        if moved.den is not t.one or moved.factor.denominator != 1:
            raise Beyond("a day that is no whole number")
        num = t.times(moved.factor.numerator, moved.num)
        fits = t.both(
            forms.equal(whole, evolve(by, hole=t.none)),
            t.both(t.at_most(t.number(FIRST_DAY), num), t.at_most(num, t.number(LAST_DAY))),
        )
        return Form("date", t.first(hole, self._unless(fits)), num, t.one)

    def _ordinal(self, day: Form) -> Form:
        return self.forms.ratio(day.num, self.t.one, Fraction(1))

    def primitive(self, function: str, given: list[Form]) -> Form:
        forms = self.forms
        match function, given:
            case (("min" | "max"), [first, *others]):
                made = first
                for x in others:
                    better = forms.less(x, made) if function == "min" else forms.less(made, x)
                    made = forms.choose(better, *self._bounded(function, x, made))
                return evolve(made, hole=self.t.none)
            case "abs", [x]:
                return forms.absolute(x)
            case "floor", [x]:
                return evolve(forms.floor(x), hole=self.t.none)
            case "round", [x, places]:
                if places.constant is None:
                    raise Beyond("places that are no constant")
                return evolve(forms.round(x, int(places.constant)), hole=self.t.none)
            case (("ln" | "exp" | "power"), _):
                return self._call(function, given)
            case _:
                raise AssertionError(function)

    def _bounded(self, function: str, x: Form, y: Form) -> list[Form]:
        """Two numbers where each is the lesser (greater): both bounds then hold for either."""
        if function == "min":
            highs = [end for end in (x.high, y.high) if end is not None]
            return [evolve(f, high=min(highs, default=None)) for f in (x, y)]
        lows = [end for end in (x.low, y.low) if end is not None]
        return [evolve(f, low=max(lows, default=None)) for f in (x, y)]

    def _call(self, function: str, given: list[Form]) -> Form:
        """A function that is rounded to 30 decimals: the call counts in units of the last, and has no denominator."""
        parts = [part for x in given for part in (x.num, x.den)]
        hole, num, _ = self.t.call(function, tuple(parts), tuple(x.factor for x in given))
        unit = Fraction(1, 10**TRANSCENDENT_PLACES)
        return self.forms.reached(self.forms.ratio(num, self.t.one, unit), hole)

    # ------------------------------------------------------------------------------------------ comparing

    def compare(self, node: nodes.Compare) -> Form:
        if isinstance(node.first, nodes.HoleOf):
            return self._of_hole(node)
        t = self.t
        left = self.form(node.first)
        hole, holds = left.hole, t.true
        for sign, operand in node.links:
            right = self.form(operand)
            met = t.first(right.hole, self._comparable(sign, left, right))
            hole = t.first(hole, t.pick(holds, met, t.none))
            if "never" in (left.kind, right.kind):
                return self.forms.truth(t.false, hole)
            holds = t.both(holds, self._compared(sign, left, right))
            left = right
        return self.forms.truth(holds, hole)

    def _of_hole(self, node: nodes.Compare) -> Form:
        """`hole(x) == 'missing'`, which only generated text says."""
        assert isinstance(node.first, nodes.HoleOf)
        ((sign, kind),) = node.links
        assert isinstance(kind, nodes.Text)
        is_kind = self.t.of_kind(self.raw(node.first.name).hole, kind.value)
        return self.forms.truth(is_kind if sign == "==" else self.t.no(is_kind))

    def _comparable(self, sign: str, x: Form, y: Form) -> Term:
        """The hole of a comparison of two that are not of one kind, as measures may not be."""
        if "never" in (x.kind, y.kind):
            return self.t.none
        if {x.kind, y.kind} == {"date", "text"}:
            return self._unless(self.t.truth(self._literal_day(x if x.kind == "text" else y) is not None))
        tags = (NUMBER, DAY, WORDS) if sign in ("==", "!=") else (NUMBER, DAY)
        if "measure" not in (x.kind, y.kind):
            fine = x.kind == y.kind and (x.kind in ("number", "date") or sign in ("==", "!="))
            return self._unless(self.t.truth(fine))
        return self._unless(self._alike(x, y, tags))

    def _alike(self, x: Form, y: Form, tags: Sequence[int]) -> Term:
        """Whether two, of which one may be a measure, are of one of these kinds."""
        if "truth" in (x.kind, y.kind):
            return self.t.false
        if "text" in (x.kind, y.kind) and "measure" in (x.kind, y.kind) and tags[-1] != WORDS:
            raise Beyond("a measure beside a text")
        alike = self.t.false
        for tag in tags:
            alike = self.t.either(alike, self.t.both(self.forms.tagged(x, tag), self.forms.tagged(y, tag)))
        return alike

    def _literal_day(self, text: Form) -> date | None:
        if not text.num.constant:
            raise Beyond("a date beside a text that is no literal")
        try:
            return date.fromisoformat(text.num.value)
        except ValueError:
            return None

    def _compared(self, sign: nodes.ComparisonSign, x: Form, y: Form) -> Term:
        t, forms = self.t, self.forms
        if {x.kind, y.kind} == {"date", "text"}:
            day = self._literal_day(x if x.kind == "text" else y) or date.min
            x, y = (self.forms.day(day) if f.kind == "text" else f for f in (x, y))
        if "measure" in (x.kind, y.kind):
            if "text" in (x.kind, y.kind):
                raise Beyond("a measure beside a text")
            return self._of_measures(sign, forms.measure(x), forms.measure(y))
        if x.kind != y.kind:
            return t.false
        if x.kind == "text":
            same = t.same(x.num, y.num)
            return same if sign == "==" else t.no(same)
        if x.kind == "truth":
            same = t.pick(x.num, y.num, t.no(y.num))
            return same if sign == "==" else t.no(same)
        if x.kind == "date":
            x, y = self._ordinal(x), self._ordinal(y)
        match sign:
            case "<":
                return forms.less(x, y)
            case "<=":
                return forms.at_most(x, y)
            case ">":
                return forms.less(y, x)
            case ">=":
                return forms.at_most(y, x)
            case "==":
                return forms.equal(x, y)
            case "!=":
                return t.no(forms.equal(x, y))

    def _of_measures(self, sign: nodes.ComparisonSign, x: Form, y: Form) -> Term:
        numbers = self._compared(sign, *(evolve(f, kind="number") for f in (x, y)))
        if sign not in ("==", "!="):
            return numbers
        assert x.words is not None and y.words is not None and x.tag is not None
        same = self.t.same(x.words, y.words)
        words = same if sign == "==" else self.t.no(same)
        return self.t.pick(self.t.equal(x.tag, self.t.number(WORDS)), words, numbers)


def _of_this_world(x: Form) -> Form:
    """The form itself, unless its number may be of too many bits."""
    if x.kind in ("number", "measure"):
        constant = max(x.factor.numerator.bit_length(), x.factor.denominator.bit_length())
        if any((term.bits or 0) + constant > BITS_LIMIT for term in (x.num, x.den)):
            raise Beyond(f"numbers of more than {BITS_LIMIT} bits")
    return x
