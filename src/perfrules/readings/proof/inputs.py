"""What records bring, as constants of the solver; and back, from a model of the solver or for one record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import assert_never

import z3
from attrs import evolve, frozen

from perfrules import model
from perfrules.model import Datum, Hole
from perfrules.nodes import HoleKind
from perfrules.readings.proof.algebra import Algebra
from perfrules.readings.proof.terms import LAST_DAY, Condition, Day, Number, Term, Truth, Word


@frozen(eq=False)
class Brought:
    """What a record brings for an input: the constants of its value, and whether it is missing or does not apply."""

    of: model.Input
    term: Term
    missing: z3.BoolRef
    inapplicable: z3.BoolRef
    values: tuple[z3.ExprRef, ...]
    domain: tuple[z3.BoolRef, ...]
    grid: tuple[z3.BoolRef, ...]

    def another(self) -> Brought:
        """The same input of another record, which is there."""
        no_hole = z3.BoolVal(False, self.missing.ctx)
        values = tuple(z3.Const(f"{v.decl().name()} more", v.sort()) for v in self.values)
        return evolve(self, missing=no_hole, inapplicable=no_hole, values=values)


def bring(algebra: Algebra, of: model.Input, name: str) -> Brought:
    """An input as constants of the solver, under a name."""
    context = algebra.context
    missing, inapplicable = z3.Bool(f"{name} missing", context), z3.Bool(f"{name} not applicable", context)
    domain: list[z3.BoolRef] = [z3.Not(z3.And(missing, inapplicable))]
    grid: list[z3.BoolRef] = []
    holes: dict[HoleKind, Condition] = {"missing": missing, "not_applicable": inapplicable}
    match of.kind:
        case "number":
            value, more, on_grid = _number(algebra, of, name)
            domain, grid = [*domain, *more], on_grid
            return Brought(of, Term(((True, value),), holes), missing, inapplicable, (value.expression,),
                           tuple(domain), tuple(grid))  # fmt: skip
        case "boolean":
            truth = z3.Bool(name, context)
            return Brought(of, Term(((True, Truth(truth)),), holes), missing, inapplicable, (truth,), tuple(domain), ())
        case "date":
            day = z3.Int(name, context)
            low, high = of.low, of.high
            domain.append(day >= (low.toordinal() if isinstance(low, date) else 1))
            domain.append(day <= (high.toordinal() if isinstance(high, date) else LAST_DAY))
            return Brought(of, Term(((True, Day(day)),), holes), missing, inapplicable, (day,), tuple(domain), ())
        case "choice" | "text":
            word = z3.Int(name, context)
            domain.append(_one_of(algebra, of, word))
            return Brought(of, Term(((True, Word(word)),), holes), missing, inapplicable, (word,), tuple(domain), ())
        case "measure":
            return _measure(algebra, of, name, missing, inapplicable, domain, holes)
    assert_never(of.kind)


def _one_of(algebra: Algebra, of: model.Input, word: z3.ArithRef) -> z3.BoolRef:
    """A choice is one of its choices; a text any word, and never an empty one."""
    if of.kind == "choice":
        codes = [algebra.word(c).expression for c in of.choices]
        return z3.Or(*(word == c for c in codes))
    return z3.And(word >= 0, word != algebra.word("").expression)


def _number(algebra: Algebra, of: model.Input, name: str) -> tuple[Number, list[z3.BoolRef], list[z3.BoolRef]]:
    """A number, its bounds, and its grid (four places where it has none of its own)."""
    real = z3.Real(name, algebra.context)
    low = of.low * of.scale if isinstance(of.low, Fraction) else None
    high = of.high * of.scale if isinstance(of.high, Fraction) else None
    domain = []
    if low is not None:
        domain.append(real >= algebra.real(low))
    if high is not None:
        domain.append(real <= algebra.real(high))
    places = 4 if of.decimals is None else of.decimals
    steps = z3.Int(f"{name} steps", algebra.context)
    step = of.scale / 10**places if of.unit is None or of.unit.dimension else Fraction(1, 10**places)
    grid = [real == z3.ToReal(steps) * algebra.real(step)]
    return Number(real, low, high, 300), domain, grid


def _measure(
    algebra: Algebra, of: model.Input, name: str, missing: z3.BoolRef, inapplicable: z3.BoolRef, domain: list[z3.BoolRef],
    holes: Mapping[HoleKind, Condition],
) -> Brought:  # fmt: skip
    """A measure is a number, a date or words, as its row has it."""
    kind = z3.Int(f"{name} kind", algebra.context)
    number, more, grid = _number(algebra, of, name)
    day, word = z3.Int(f"{name} day", algebra.context), z3.Int(f"{name} word", algebra.context)
    domain += [*more, kind >= 0, kind <= 2, day >= 1, day <= LAST_DAY, _one_of(algebra, of, word)]
    cases = ((kind == 0, number), (kind == 1, Day(day)), (kind == 2, Word(word)))
    return Brought(
        of,
        Term(cases, holes),
        missing,
        inapplicable,
        (number.expression, kind, day, word),
        tuple(domain),
        tuple(grid),
    )


def datum_of(algebra: Algebra, brought: Brought, model_: z3.ModelRef) -> Datum | Hole:
    """What an input is in a model of the solver."""

    def value(expression: z3.ExprRef) -> z3.ExprRef:
        return model_.eval(expression, model_completion=True)

    if z3.is_true(value(brought.missing)):
        return model.MISSING
    if z3.is_true(value(brought.inapplicable)):
        return model.NOT_APPLICABLE
    first = value(brought.values[0])
    match brought.of.kind:
        case "number":
            return fraction_of(first)
        case "boolean":
            return bool(z3.is_true(first))
        case "date":
            return date.fromordinal(int(first.as_long()))
        case "choice" | "text":
            return _word_of(algebra, int(first.as_long()))
        case "measure":
            kind = value(brought.values[1]).as_long()
            if kind == 0:
                return fraction_of(first)
            if kind == 1:
                return date.fromordinal(int(value(brought.values[2]).as_long()))
            return _word_of(algebra, int(value(brought.values[3]).as_long()))
    assert_never(brought.of.kind)


def _word_of(algebra: Algebra, code: int) -> str:
    return algebra.texts().get(code, f"文字{code}")


def fraction_of(value: z3.ExprRef) -> Fraction:
    """A number of a model; of an irrational one a number close by."""
    if z3.is_algebraic_value(value):
        value = value.approx(12)
    return Fraction(value.numerator_as_long(), value.denominator_as_long())


def pinned(algebra: Algebra, brought: Brought, datum: Datum | Hole) -> list[z3.BoolRef]:
    """That an input is just so."""
    kind = datum.kind if isinstance(datum, Hole) else ""
    said = [brought.missing == (kind == "missing"), brought.inapplicable == (kind == "not_applicable")]
    first = brought.values[0]
    measure = brought.of.kind == "measure"
    match datum:
        case Hole():
            pass
        case bool():
            said.append(first == datum)
        case Fraction():
            said += [first == algebra.real(datum), *([brought.values[1] == 0] if measure else [])]
        case date():
            said += [brought.values[1] == 1] if measure else []
            said.append((brought.values[2] if measure else first) == datum.toordinal())
        case str():
            said += [brought.values[1] == 2] if measure else []
            said.append((brought.values[3] if measure else first) == algebra.word(datum).expression)
    return said
