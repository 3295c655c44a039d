"""Claims put to the solver: what refutes or shows them over all records, and candidates for whoever re-scores them.

A candidate is only ever that: `accept` says what the exact reading makes of it, and one that it does not accept is
blocked and another asked for. That there is none is what the solver tells, over the reals or on the inputs' own grids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Literal, assert_never

import z3
from attrs import define, field

from perfrules.model import Band, Datum, Hole
from perfrules.plan import Plan, RowBlock
from perfrules.readings.proof.algebra import Algebra
from perfrules.readings.proof.claims import (
    Arms,
    Attained,
    Claim,
    Defined,
    Holds,
    Monotone,
    NoGap,
    NoGift,
    NoOverlap,
    Reached,
    Same,
    Within,
    steps_of,
)
from perfrules.readings.proof.encoding import Cut, Encoding, Said
from perfrules.readings.proof.inputs import Brought, pinned
from perfrules.readings.proof.searching import CANDIDATES, Accept, Found, Goal, Searching, T
from perfrules.readings.proof.terms import Condition, Number, Term, both, either, no

ROWS_TRIED = (1, 2)
"""How many rows are tried where a record with rows is to be found."""


@define
class Prover:
    """Decides claims of one plan: the parts of a claim each as a search, in the plan's own terms.

    `cuts` are steps that are known by what has been proved of them; `assumed` says more of such steps. Provers of one
    `context` of the solver share what it costs to set up.
    """

    plan: Plan
    cuts: Mapping[str, Cut] = field(factory=dict)
    assumed: Callable[[Encoding], Sequence[Condition]] | None = None
    context: z3.Context = field(factory=z3.Context)
    _encodings: dict[int | None, Encoding] = field(factory=dict)

    def encoding(self, rows: int | None = None) -> Encoding:
        """The terms of the plan, where a record has so many rows, or any number."""
        made = self._encodings.get(rows)
        if made is None:
            made = self._encodings[rows] = Encoding(self.plan, rows, self.cuts, algebra=Algebra(self.context))
        return made

    def parts(self, claim: Claim) -> int:
        """How many searches a claim comes to."""
        match claim:
            case Arms():
                return len(claim.written)
            case NoGift():
                return len(claim.inputs)
            case Monotone(way="either"):
                return 2
            case _:
                return 1

    def excludes(self, claim: Claim, part: int) -> bool:
        """Whether surely no record shows part of a claim of some record, or refutes part of one of all."""
        return self._search(claim, part, lambda _: None, self.encoding(), {}, candidates=1).none

    def search(
        self, claim: Claim, part: int, accept: Accept[T], *, settled: Mapping[str, Datum | Hole] | None = None
    ) -> Found[T]:
        """A record that shows part of a claim of some record, or refutes part of one of all: accepted, or none.

        `settled` are inputs that are already settled.
        """
        found = self._search(claim, part, accept, self.encoding(), settled or {})
        if found.shown is not None or found.none or "rows" not in found.why:
            return found
        for count in ROWS_TRIED:
            again = self._search(claim, part, accept, self.encoding(count), settled or {})
            if again.shown is not None:
                return again
        return found

    def _search(
        self, claim: Claim, part: int, accept: Accept[T], encoding: Encoding, settled: Mapping[str, Datum | Hole],
        candidates: int = CANDIDATES,
    ) -> Found[T]:  # fmt: skip
        goal = self._goal(encoding, claim, part)
        if goal.condition is False:
            return Found(none=True)
        for name, value in settled.items():
            if name in goal.said.inputs:
                goal.more.extend(pinned(encoding.algebra, goal.said.inputs[name], value))
        return Searching(encoding, goal, accept, self._block(claim), candidates).run()

    def _block(self, claim: Claim) -> RowBlock | None:
        if not claim.of.block:
            return None
        return next(s for s in self.plan.steps if isinstance(s, RowBlock) and s.name == claim.of.block)

    # ------------------------------------------------------------------------------------------ goals

    def _goal(self, encoding: Encoding, claim: Claim, part: int) -> Goal:
        """The condition under which a record shows or refutes part of a claim."""
        block = self._block(claim)
        taken: Condition = True
        row = {} if block is None else encoding.row(block)

        def term(name: str) -> Term:
            return row[name] if name in row else encoding.term(name)

        if block is not None:
            taken = both(encoding.exists(block.rows), row[block.where].truth() if block.where else True)
        names = [block.name] if block is not None else steps_of(claim)
        for name in steps_of(claim):
            term(name)
        condition = self._condition(encoding, claim, part, term)
        said = encoding.about(names, [(block.name, 0)] if block is not None else [])
        assumed = self.assumed(encoding) if self.assumed is not None else ()
        more = [c for c in assumed if not isinstance(c, bool)]
        if isinstance(claim, Monotone | NoGift):
            return self._pair(claim, part, term, said, encoding, taken, more)
        return Goal(both(taken, condition), said, None, more)

    def _condition(self, encoding: Encoding, claim: Claim, part: int, term: Callable[[str], Term]) -> Condition:
        algebra = encoding.algebra

        def amount(of: Fraction | str) -> tuple[Condition, Number]:
            if isinstance(of, Fraction):
                return True, algebra.number(of)
            found = term(of)
            number = found.number()
            return (found.numeric(), number) if number is not None else (False, algebra.number(Fraction(0)))

        def related(sign: Literal["<", ">", "=="], of: Term, to: Fraction | str) -> Condition:
            there, right = amount(to)
            left = of.number()
            if left is None:
                return False
            return both(of.numeric(), there, algebra.compared(sign, left, right).truth())

        asked: Condition = True
        if isinstance(claim, Defined | Arms | NoGap | NoOverlap) and claim.asked_if:
            asked = term(claim.asked_if).truth()
        match claim:
            case Within(step=step, low=low, high=high, footing=footing):
                it = term(step)
                below = related("<", it, low) if low is not None else False
                beyond = either(below, related(">", it, high) if high is not None else False)
                return both(beyond, *(related("==", term(rows), points) for rows, points in footing))
            case Attained(step=step, amount=sought):
                positive = related(">", term(sought), Fraction(0)) if isinstance(sought, str) else True
                return both(related("==", term(step), sought), positive)
            case Defined(step=step):
                return both(asked, term(step).hole("undefined"))
            case Arms(step=step):
                return both(asked, related("==", term(step), Fraction(part)))
            case NoGap(step=step, asked=of):
                return both(asked, term(step).hole("missing"), *(term(a).there for a in of))
            case NoOverlap(step=step, bands=bands):
                it = term(step)
                pairs = [(a, b) for i, a in enumerate(bands) for b in bands[i + 1 :]]
                return both(asked, either(*(both(_within(algebra, it, a), _within(algebra, it, b)) for a, b in pairs)))
            case Holds(step=step):
                return term(step).untruth()
            case Reached(step=step):
                return term(step).truth()
            case Monotone() | NoGift() | Same():
                return True
        assert_never(claim)

    def _pair(
        self, claim: Monotone | NoGift, part: int, term: Callable[[str], Term], said: Said, encoding: Encoding,
        taken: Condition, assumed: Sequence[z3.BoolRef],
    ) -> Goal:  # fmt: skip
        """Two records that are alike but for one input, and the score going the wrong way from the first to the second:
        with more of the input, or with a value of it where the first has none."""
        it = term(claim.step)
        value = it.number()
        if value is None:
            return Goal(False, said)
        name = claim.input if isinstance(claim, Monotone) else claim.inputs[part]
        brought = _brought(encoding, said, claim, name)
        other = brought.another()
        pairs = list(zip(brought.values, other.values, strict=True))
        same = {c.get_id() for c in encoding.of_rows} if claim.of.block and name not in said.inputs else set()
        others = [c for c in encoding.algebra.brought_in if c.get_id() not in same]  # what other rows put in stays
        pairs += [(c, encoding.algebra.another(c)) for c in others]
        there = no(brought.missing)
        if isinstance(claim, NoGift):
            pairs.append((brought.missing, z3.BoolVal(False, encoding.algebra.context)))
            there = brought.missing
        floors = list({id(f): f for f in said.floors}.values())
        scored = both(taken, it.numeric())
        if isinstance(claim, Monotone):  # the rule itself decides, not what a policy says of a hole
            body = term(claim.body).there if claim.body else True
            scored = both(scored, body, term(claim.asked_if).truth() if claim.asked_if else True)
        # all in one, as every substitution looks at every pair
        whole = z3.And(*said.conditions, *assumed, z3.BoolVal(True, encoding.algebra.context))
        all_of_it = z3.And(whole, scored, value.expression == 0, *(f.of == 0 for f in floors))
        again = z3.substitute(all_of_it, *pairs)
        scored_after, after = again.arg(1), again.arg(2).arg(0)
        wholes = {old.get_id(): new for old, new in pairs}
        lemmas: list[z3.BoolRef] = []
        for place, floor in enumerate(floors, start=3):
            of = again.arg(place).arg(0)
            more = wholes.get(floor.whole.get_id(), floor.whole)
            if of.eq(floor.of):
                lemmas.append(floor.whole == more)
            else:
                lemmas.append(z3.Implies(floor.of <= of, floor.whole <= more))
                lemmas.append(z3.Implies(floor.of >= of, floor.whole >= more))
        goal = [scored, scored_after, there, no(brought.inapplicable)]
        if isinstance(claim, Monotone):
            rises = claim.way == "rises" or (claim.way == "either" and part == 0)
            goal += [
                brought.values[0] < other.values[0],
                value.expression > after if rises else value.expression < after,
            ]
            if brought.of.kind == "measure":
                goal += [brought.values[1] == 0, other.values[1] == 0]
        else:
            goal.append(value.expression > after)
        return Goal(both(*goal), said, (name, other), [*assumed, again.arg(0), *lemmas])


def _brought(encoding: Encoding, said: Said, claim: Claim, name: str) -> Brought:
    columns = encoding.columns.get((claim.of.block, 0), {})
    return columns[name] if name in columns else said.inputs[name]


def _within(algebra: Algebra, it: Term, band: Band) -> Condition:
    """Whether a quantity is in a band."""
    number = it.number()
    if number is None:
        return False
    x = number.expression
    low: Condition = True
    high: Condition = True
    if band.low is not None:
        low = x >= algebra.real(band.low) if band.low_in else x > algebra.real(band.low)
    if band.high is not None:
        high = x <= algebra.real(band.high) if band.high_in else x < algebra.real(band.high)
    return both(it.numeric(), low, high)
