"""Statistics over terms: as the exact reading folds them, one item after the other."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import z3

from perfrules.nodes import HoleKind
from perfrules.plan import Fold
from perfrules.readings.proof.algebra import Algebra
from perfrules.readings.proof.terms import Condition, Number, Term, both, either, no, settled

ZERO = Fraction(0)


def folded(algebra: Algebra, fold: Fold, columns: Sequence[Sequence[Term]]) -> Term:
    """A statistic over items; `columns` are the items, whether each enters (or empty), and weights (or empty)."""
    items, where, weights = columns
    holes: dict[HoleKind, Condition] = {}
    reached: Condition = True
    entered: list[tuple[Condition, Number, Number]] = []
    counted: list[Condition] = []
    one = algebra.number(Fraction(1))
    for i, item in enumerate(items):
        weight = weights[i] if weights else settled(one)
        enters: Condition = True
        if where:
            reached = _pass(holes, reached, where[i], reached)
            enters = where[i].truth()
        enters = both(enters, no(either(item.hole("not_applicable"), weight.hole("not_applicable"))))
        for term in (item, weight):
            reached = _pass(holes, reached, term, both(reached, enters))
        if fold.statistic == "count":
            counted.append(both(enters, item.truth()))
        else:
            odd = both(reached, enters, no(both(item.kept_to_numbers, weight.kept_to_numbers)))
            if odd is not False:
                holes["undefined"] = either(holes.get("undefined", False), odd)
                reached = both(reached, no(odd))
            number, of = item.number(), weight.number()
            if number is not None and of is not None:
                entered.append((both(enters, item.there), number, of))
    if fold.statistic == "count":
        total = _sum(algebra, [(c, one) for c in counted])
        return Term(((True, total),), _stated(holes))
    none = no(either(*(e for e, _, _ in entered)))
    if fold.empty_is_zero:
        assert fold.statistic == "sum"
        return Term(((True, _sum(algebra, [(e, v) for e, v, _ in entered])),), _stated(holes))
    holes["undefined"] = either(holes.get("undefined", False), both(reached, none))
    if not entered:
        return Term((), _stated(holes))
    result = _statistic(algebra, fold, entered, holes, both(reached, no(none)))
    return Term(((True, result),), _stated(holes))


def _pass(holes: dict[HoleKind, Condition], reached: Condition, term: Term, here: Condition) -> Condition:
    """Take up the holes of a term, but for what does not apply; the condition under which things go on."""
    stops: list[Condition] = []
    for kind, condition in term.holes.items():
        if kind != "not_applicable":
            stop = both(here, condition)
            holes[kind] = either(holes.get(kind, False), stop)
            stops.append(stop)
    return both(reached, no(either(*stops)))


def _stated(holes: dict[HoleKind, Condition]) -> dict[HoleKind, Condition]:
    return {k: c for k, c in holes.items() if c is not False}


def _statistic(
    algebra: Algebra, fold: Fold, entered: list[tuple[Condition, Number, Number]], holes: dict[HoleKind, Condition],
    reached: Condition,
) -> Number:  # fmt: skip
    values = [(e, v) for e, v, _ in entered]
    match fold.statistic:
        case "sum":
            return _sum(algebra, values)
        case "mean":
            return _mean(algebra, entered, holes, reached)
        case "min" | "max":
            return _extreme(algebra, fold.statistic, values)
        case _:
            algebra.vague.add(fold.statistic)
            holes["undefined"] = either(holes.get("undefined", False), both(reached, algebra.fresh_truth("too few")))
            low, high = range_of_fold(fold, [settled(v) for _, v in values])
            return algebra.fresh_number(fold.name, low, high)


def _sum(algebra: Algebra, values: Sequence[tuple[Condition, Number]]) -> Number:
    """The sum of those that enter."""
    zero = algebra.number(ZERO)
    parts = [_where(e, v, zero) for e, v in values]
    if not parts:
        return zero
    low: Fraction | None = ZERO
    high: Fraction | None = ZERO
    for part in parts:
        low = None if low is None or part.low is None else low + part.low
        high = None if high is None or part.high is None else high + part.high
    return Number(z3.Sum([p.expression for p in parts]), low, high, sum(p.bits for p in parts))


def _where(condition: Condition, x: Number, otherwise: Number) -> Number:
    if isinstance(condition, bool):
        return x if condition else otherwise
    low = None if x.low is None or otherwise.low is None else min(x.low, otherwise.low)
    high = None if x.high is None or otherwise.high is None else max(x.high, otherwise.high)
    return Number(z3.If(condition, x.expression, otherwise.expression), low, high, max(x.bits, otherwise.bits))


def _mean(
    algebra: Algebra, entered: list[tuple[Condition, Number, Number]], holes: dict[HoleKind, Condition],
    reached: Condition,
) -> Number:  # fmt: skip
    zero = algebra.number(ZERO)
    weights = _sum(algebra, [(e, w) for e, _, w in entered])
    products = []
    for enters, value, weight in entered:
        product = value if weight.constant == 1 else algebra.operated("*", value, weight).number()
        assert product is not None
        products.append(_where(enters, product, zero).expression)
    nothing = weights.expression == 0 if weights.constant is None else weights.constant == 0
    holes["undefined"] = either(holes.get("undefined", False), both(reached, nothing))
    low, high = (None, None)
    if all(w.low is not None and w.low >= 0 for _, _, w in entered):
        lows, highs = [v.low for _, v, _ in entered], [v.high for _, v, _ in entered]
        low = None if None in lows else min(x for x in lows if x is not None)
        high = None if None in highs else max(x for x in highs if x is not None)
    bits = sum(v.bits + w.bits for _, v, w in entered)
    return Number(z3.Sum(products) / weights.expression, low, high, bits)


def _extreme(algebra: Algebra, word: str, values: Sequence[tuple[Condition, Number]]) -> Number:
    """The least or greatest of those that enter; of none whatever."""
    some, best = values[0]
    for enters, value in values[1:]:
        further = algebra.called(word, best, value).number()
        assert further is not None
        best = _where(both(some, enters), further, _where(enters, value, best))
        some = either(some, enters)
    return best


def range_of_fold(
    fold: Fold, items: Sequence[Term], *, open_ended: bool = False
) -> tuple[Fraction | None, Fraction | None]:
    """Between which bounds a statistic lies; `open_ended` where there may be any number of such items."""
    numbers = [n for n in (i.number() for i in items) if n is not None]
    lows, highs = [n.low for n in numbers], [n.high for n in numbers]
    low = None if None in lows or not lows else min(x for x in lows if x is not None)
    high = None if None in highs or not highs else max(x for x in highs if x is not None)
    match fold.statistic:
        case "count":
            return ZERO, None if open_ended else Fraction(len(items))
        case "sum" if open_ended:
            return (ZERO if low is not None and low >= 0 else None), (ZERO if high is not None and high <= 0 else None)
        case "mean" if fold.weights:
            return None, None
        case _:
            return low, high
