"""Folds 汇总 as rational forms: over other steps of a record, and over rows."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from attrs import define, evolve

from perfrules.plan import Fold
from perfrules.rational.forms import ONE, ZERO, Form, Forms, summed
from perfrules.rational.terms import Term

_FOLDED = frozenset({"", "missing", "not_applicable", "undefined", "refused"})


@define
class Folding:
    """Makes the forms of folds."""

    forms: Forms

    def over(self, fold: Fold, items: Sequence[Form], where: Sequence[Form], weights: Sequence[Form]) -> Form:
        """A fold over items, each with whether it enters and its weight where there are such."""
        t, forms = self.forms.t, self.forms
        hole = t.none
        entered: list[tuple[Term, Form, Form]] = []
        for i, item in enumerate(items):
            inside = t.true
            if where:
                chosen = where[i]
                absent = t.of_kind(chosen.hole, "not_applicable")
                hole = t.first(hole, t.pick(absent, t.none, chosen.hole))
                inside = t.both(t.whole(chosen.hole), chosen.num if chosen.kind == "truth" else t.false)
            weight = weights[i] if weights else forms.number(ONE)
            for part in (item, weight):
                inside = t.both(inside, t.no(t.of_kind(part.hole, "not_applicable")))
            hole = t.first(hole, t.pick(inside, t.first(item.hole, weight.hole), t.none))
            entered.append((inside, item, weight))
        if fold.statistic == "count":
            ones = [forms.number(ONE) for _ in entered]
            counted = [t.both(i, x.num) if x.kind == "truth" else t.false for i, x, _ in entered]
            total = summed(forms, [self._if(c, one) for c, one in zip(counted, ones, strict=True)])
            return forms.reached(total, hole)
        entered = [(i, self._value(x), self._value(w)) for i, x, w in entered]
        some = t.false
        for inside, _, _ in entered:
            some = t.either(some, inside)
        if fold.empty_is_zero:
            made = self._statistic(fold, entered)
            return forms.reached(
                forms.choose(some, made, forms.number(ZERO)), t.first(hole, t.pick(some, made.hole, t.none))
            )
        empty = t.pick(some, t.none, t.named(t.reached("undefined"), fold.name))
        made = self._statistic(fold, entered)
        return forms.reached(made, t.first(t.first(hole, empty), made.hole))

    def _if(self, condition: Term, x: Form) -> Form:
        return self.forms.choose(condition, evolve(x, hole=self.forms.t.none), self.forms.number(ZERO))

    def _value(self, x: Form) -> Form:
        """An item without its hole, which has been seen to."""
        if x.kind == "never":
            return self.forms.number(ZERO)
        return evolve(x, hole=self.forms.t.none, kind="number", tag=None, words=None)

    def _statistic(self, fold: Fold, entered: Sequence[tuple[Term, Form, Form]]) -> Form:
        t, forms = self.forms.t, self.forms
        match fold.statistic:
            case "sum":
                return summed(forms, [self._if(inside, x) for inside, x, _ in entered])
            case "mean":
                total = summed(forms, [self._if(inside, forms.multiply(x, w)) for inside, x, w in entered])
                weight = summed(forms, [self._if(inside, w) for inside, _, w in entered])
                undefined = t.named(t.reached("undefined"), fold.name)
                hole = t.pick(t.equal(weight.num, t.zero), undefined, t.none)
                return forms.reached(forms.divide(total, weight), hole)
            case "min" | "max":
                return self._extreme(fold.statistic == "min", entered)
            case _:
                return self._ranked(fold, entered)

    def _extreme(self, least: bool, entered: Sequence[tuple[Term, Form, Form]]) -> Form:
        t, forms = self.forms.t, self.forms
        some, made = t.false, forms.number(ZERO)
        for inside, x, _ in entered:
            better = forms.less(x, made) if least else forms.less(made, x)
            made = forms.choose(t.both(inside, t.either(t.no(some), better)), x, made)
            some = t.either(some, inside)
        return made

    def _ranked(self, fold: Fold, entered: Sequence[tuple[Term, Form, Form]]) -> Form:
        """The largest, smallest or a quantile: a call, told the fold and each item's constant ratio."""
        terms = tuple(part for inside, x, _ in entered for part in (inside, x.num, x.den))
        told = (fold, tuple(x.factor for _, x, _ in entered))
        hole, num, den = self.forms.t.call("ranked", terms, told)
        return self.forms.reached(self.forms.ratio(num, den, ONE), hole)

    def of_rows(
        self, block: str, fold: Fold, item: Form, weight: Form | None, where: Form | None, most: int | None
    ) -> Form:
        """A fold over rows, which the reading works out: a whole number of the item's unit where its sum is one."""
        t, forms = self.forms.t, self.forms
        kinds = self._kinds(fold, item, weight, where)
        low: int | None = None
        high: int | None = None
        if fold.statistic == "count":
            hole, num, _ = t.folded(block, fold.name, 0, most, kinds)
            return forms.reached(forms.ratio(num, t.one, ONE), hole)
        if whole_fold(fold, item):
            ends = item.num.low, item.num.high
            if fold.statistic != "sum":
                low, high = ends
                if fold.empty_is_zero:
                    low, high = None if low is None else min(low, 0), None if high is None else max(high, 0)
            else:
                low = None if ends[0] is None or (most is None and ends[0] < 0) else min(ends[0], 0) * (most or 0)
                high = None if ends[1] is None or (most is None and ends[1] > 0) else max(ends[1], 0) * (most or 0)
            hole, num, _ = t.folded(block, fold.name, low, high, kinds)
            return forms.reached(forms.ratio(num, t.one, item.factor), hole)
        hole, num, den = t.folded(block, fold.name, None, None, kinds)
        return forms.reached(forms.ratio(num, den, Fraction(1)), hole)

    def _kinds(self, fold: Fold, item: Form, weight: Form | None, where: Form | None) -> frozenset[str]:
        kinds = set(item.hole.kinds) | ({*weight.hole.kinds} if weight is not None else set()) | {""}
        kinds -= {"not_applicable"}
        if where is not None:
            kinds |= {"missing" if k == "not_applicable" else k for k in where.hole.kinds}
        measured = "measure" in (item.kind, item.kind if weight is None else weight.kind)
        if fold.statistic != "count" and (not fold.empty_is_zero or fold.statistic == "mean" or measured):
            kinds.add("undefined")
        return frozenset(kinds)


def whole_fold(fold: Fold, item: Form) -> bool:
    """Whether a fold over rows comes to a whole number of its item's factor."""
    one = item.den.constant and item.den.value == 1
    return item.kind == "number" and one and fold.statistic in ("sum", "min", "max")
