"""The oracle 对照: what a scheme makes of a record, in naive lines straight from the Scheme, sharing nothing with the plan.

It restates design.md §2 and scheme-language.md and is slow on purpose: formulas are walked as the author's own Python
`ast`, and whatever is asked for is worked out anew. A hole is a returned `Hole`, or `_Reached` where one is met on the way.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from math import floor
from typing import Any, NamedTuple

from perfrules import model as m
from perfrules.model import Group, Hole, OpenGroup, TreeNode

ABSENT, REFUSED, MISSING, UNDEFINED = map(Hole, ("not_applicable", "refused", "missing", "undefined"))
Look = Callable[[str], Any]


class Reference(NamedTuple):
    """What a record came to: nodes as (state, score, possible, label), rows as (name, counts, state, score)."""

    nodes: dict[str, tuple[str, Any, Any, str | None]]
    rows: dict[str, list[tuple[str, bool, str, Any]]]
    values: dict[str, Any]
    grades: dict[str, str | None]
    checks: dict[str, Any]


def score(scheme: Any, record: Any) -> Reference:
    """The whole of a record, by the letter of the language."""
    judge = _Judge(scheme, record)
    nodes, rows = {}, {}
    for node in scheme.tree.walk():
        described = node.points is None
        it = ("described", None, None) if described else (*_state(judge.score(node)), judge.possible(node))
        nodes[node.path] = (*it, None if described else judge.light(node))
        if isinstance(node.holds, OpenGroup):
            rows[node.path] = [(r.name, counts is True, *_state(x)) for r, counts, _, x in judge.rows(node)[1]]
    grades = {name: judge.label(g, judge.look) for name, g in scheme.grades.items() if not g.of_nodes}
    checks = {c.name: judge.take(c.holds, judge.look) for c in scheme.checks}
    return Reference(nodes, rows, {name: judge.look(name) for name in scheme.values}, grades, checks)


def evaluate(formula: Any, look: Look) -> Any:
    """One formula over names, without a scheme: its value, or the first hole that it reaches."""
    return _Judge(None, None).take(formula, look)


class _Reached(Exception):
    pass


class _Judge:
    def __init__(self, scheme: Any, record: Any) -> None:
        self.scheme, self.record, self.known = scheme, record, {}
        self.named = {n.identifier: n for n in scheme.tree.walk()} if scheme else {}
        self.ruled = {r.path: r.points for r in record.rulings} if record else {}

    def once(self, key: Any, work: Callable[[], Any]) -> Any:
        if key not in self.known:
            self.known[key] = work()
        return self.known[key]

    def look(self, name: str) -> Any:
        """A name of the record: an input, a value, or a node's score."""
        if name in self.scheme.inputs:
            return _cell(self.record.cells, name)
        if name in self.scheme.values:
            return self.once(name, lambda: self.value(self.scheme.values[name], self.look))
        return self.score(self.named[name])

    def take(self, formula: Any, look: Look) -> Any:
        """A formula's value, or the first hole that evaluation reaches from the left."""
        return self.body(m.FormulaBody(formula), look)

    def walk(self, tree: ast.expr, look: Look) -> Any:
        def go(part: ast.expr) -> Any:
            return self.walk(part, look)

        match tree:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return _solid(look(name))
            case ast.UnaryOp(op=op, operand=x):
                return not go(x) if isinstance(op, ast.Not) else -go(x)
            case ast.BinOp(op=op, left=left, right=right):
                return _arithmetic(_SIGNS[type(op)], *_dated(go(left), go(right)))
            case ast.BoolOp(op=op, values=parts):
                return any(map(go, parts)) if isinstance(op, ast.Or) else all(map(go, parts))
            case ast.Compare(left=first, ops=ops, comparators=rest):
                left = go(first)
                for op, part in zip(ops, rest, strict=True):
                    right = go(part)
                    if not _SIGNS[type(op)](*_dated(left, right)):
                        return False
                    left = right
                return True
            case ast.IfExp(test=test, body=then, orelse=otherwise):
                return go(then) if go(test) else go(otherwise)
            case ast.Call(func=ast.Name(id="present"), args=[ast.Name(id=name)]):
                return not isinstance(look(name), Hole)
            case ast.Call(func=ast.Name(id=name), args=parts):  # strict: all of them, whatever the function does
                given = [go(p) for p in parts]
                return _PRIMITIVES[name](*given) if name in _PRIMITIVES else self.call(name, given, look)
        raise AssertionError(ast.dump(tree))

    def call(self, name: str, given: list[Any], look: Look) -> Any:
        """A definition: closed but for the caller's `points`, with named steps of its own."""
        definition = self.scheme.definitions[name]
        known = dict(zip(definition.parameters, given, strict=False))
        steps = {v.name: v for v in definition.values}

        def inside(word: str) -> Any:
            if word in known:
                return known[word]
            if word in definition.defaults:
                return self.walk(definition.defaults[word].tree, inside)
            return self.value(steps[word], inside) if word in steps else look(word)

        return _solid(self.body(definition.body, inside))

    def body(self, body: Any, look: Look) -> Any:
        try:
            match body:
                case m.FormulaBody(formula=formula) | m.GivenBody(name=formula):
                    return self.walk(formula.tree, look)
                case m.RuleBody(definition=name, arguments=arguments):
                    definition = self.scheme.definitions[name]
                    rule = {**definition.defaults, **dict(arguments)}
                    return self.call(name, [self.walk(rule[p].tree, look) for p in definition.parameters], look)
                case m.StatisticBody():
                    return self.statistic(body, look)
                case _:
                    return self.walk(self.arm(body, look).value.tree, look)
        except _Reached as reached:
            return reached.args[0]

    def arm(self, body: Any, look: Look) -> Any:
        """The band or case that is taken, in the order written; where there is none, that is a missing value."""
        if isinstance(body, m.CasesBody):
            for case in body.cases:
                if case.when is None or self.walk(case.when.tree, look):
                    return case.outcome
            raise _Reached(MISSING)
        x = self.walk(body.of.tree, look)
        for band in body.bands:
            if body.side == "between":
                inside = band.low <= x <= band.high
            else:
                cut = band.low if body.side in ("from", "above") else band.high
                meets = {"from": operator.ge, "above": operator.gt, "to": operator.le, "below": operator.lt}[body.side]
                inside = cut is None or meets(x, cut)
            if inside:
                return band.outcome
        raise _Reached(MISSING)

    def statistic(self, body: m.StatisticBody, look: Look) -> Any:
        """Absent items do not enter; whether one enters must be told; of nothing only a count is known."""
        entered = []
        for inner in self.over(body.over, look):
            chosen = True if body.where is None else self.take(body.where, inner)
            if chosen:
                _solid(MISSING if chosen == ABSENT else chosen)
                item = self.take(body.item, inner)
                weight = 1 if body.weight is None else self.take(body.weight, inner)
                if ABSENT not in (item, weight):
                    entered.append((_solid(item), _solid(weight)))
        items, weights = sorted(i for i, _ in entered), sum(w for _, w in entered)
        if body.statistic == "count":
            return Fraction(sum(items))
        if not items or (body.statistic == "mean" and weights == 0) or (body.k or 0) > len(items):
            raise _Reached(UNDEFINED)
        if body.statistic in ("sum", "mean"):
            return sum(items) if body.statistic == "sum" else sum(i * w for i, w in entered) / weights
        if body.statistic != "quantile":
            return items[-(body.k or 1)] if body.statistic in ("max", "largest") else items[(body.k or 1) - 1]
        if body.method == "nearest_rank":  # the least item that a share of `at` do not exceed
            return next(item for n, item in enumerate(items, 1) if Fraction(n, len(items)) >= body.at)
        place = body.at * (len(items) - 1)  # between ranks, as spreadsheets do (INC)
        return items[floor(place)] + (place % 1) * (items[-floor(-place)] - items[floor(place)])

    def over(self, over: str, look: Look) -> list[Look]:
        """What a statistic runs over: the names that each row has, or each present child that counts."""
        if over in self.scheme.rows:
            return [self.row_look(self.scheme.rows[over], row, None) for row in self.record.rows.get(over, ())]
        group = next(n for n in self.scheme.tree.walk() if over in (n.path, n.identifier))
        return [self.own_look(c, look) for c in group.children if c.counts and c.points and self.score(c) != ABSENT]

    def own_look(self, node: TreeNode, look: Look, raw: bool = False) -> Look:
        own = {"score": self.raw if raw else self.score, "possible": self.possible, "points": lambda n: n.worth}
        return lambda name: own[name](node) if name in own else look(name)

    def settled(self, x: Any, policies: Any, points: Any, look: Look) -> Any:
        """What the result of a node, row or adjustment becomes by policy: a score, absent or refused."""
        if not isinstance(x, Hole) or x == REFUSED:
            return x
        policy = getattr(policies, x.kind) or (policies.missing if x == UNDEFINED else None)
        kind = policy.kind if policy else "exclude" if x == ABSENT else "refuse"
        made = {"zero": Fraction(0), "exclude": ABSENT, "full": points, "refuse": REFUSED}.get(kind)
        if kind == "formula":
            made = self.take(policy.formula, look)
        return REFUSED if isinstance(made, Hole) and kind != "exclude" else made

    def value(self, value: Any, look: Look) -> Any:
        """A value: where it states no policy (or `refuse`) its hole goes on to whoever reads it."""
        x = self.body(value.body, look)
        if isinstance(x, Hole) and x != REFUSED:
            policy = getattr(value.policies, x.kind) or (value.policies.missing if x == UNDEFINED else None)
            if policy and policy.kind == "formula":
                x = self.take(policy.formula, look)
            elif policy:
                x = {"zero": Fraction(0), "exclude": ABSENT, "refuse": x}[policy.kind]
        return _rounded(x, value.round)

    def score(self, node: TreeNode) -> Any:
        return _rounded(self.raw(node), None if node.path in self.ruled else node.round)

    def raw(self, node: TreeNode) -> Any:
        """A node's score before rounding; a ruling stands in its place."""
        return self.ruled.get(node.path) if node.path in self.ruled else self.once(node, lambda: self.reckoned(node))

    def reckoned(self, node: TreeNode) -> Any:
        """Presence → body or aggregation → make-up → scale → adjustments → gates."""
        x = self.scaled(node)
        given = [self.adjusted(a, node.worth) for a in node.adjustments]
        closed = [self.take(gate.when, self.look) for gate in node.gates]
        if isinstance(x, Hole) or REFUSED in given or any(isinstance(c, Hole) for c in closed):
            return x if x == ABSENT else REFUSED
        if given:
            x += _within(_total(given), node.adjustments_low, node.adjustments_high)
        return min([x, *(gate.at_most for gate, shut in zip(node.gates, closed, strict=True) if shut)])

    def adjusted(self, adjustment: Any, points: Any) -> Any:
        look = self.with_points(points)
        x = self.settled(self.body(adjustment.body, look), adjustment.policies, points, look)
        return _within(x, adjustment.low, adjustment.high)

    def with_points(self, points: Any) -> Look:
        return lambda name: points if name == "points" else self.look(name)

    def scaled(self, node: TreeNode) -> Any:
        points, holds = node.points.high, node.holds
        look = self.with_points(points)
        applies = True if node.applies_when is None else self.take(node.applies_when, look)
        own = holds.body if isinstance(holds, Group) else None if isinstance(holds, OpenGroup) else holds
        if isinstance(applies, Hole):
            return REFUSED
        if not applies:
            return self.settled(ABSENT, node.policies, points, look) if own else ABSENT
        told, parts = self.parts(node)
        present = [x for x, _, _ in parts if x != ABSENT]
        if not told or (REFUSED in present and own is None):
            return REFUSED
        if len(present) < node.at_least and not (own and not parts):
            return {"absent": ABSENT, "zero": Fraction(0), "refuse": REFUSED}[node.otherwise]
        if own:
            x = self.settled(self.body(own, look), node.policies, points, look)
        elif isinstance(holds, OpenGroup) or holds.combine == "sum":
            x, could, whole = _total(present), [p for _, p, _ in parts], [w for _, _, w in parts]
            if node.rescale:
                if MISSING in could + whole or UNDEFINED in could + whole or _total(could) == 0:
                    return REFUSED
                x = x * _total(whole) / _total(could)
        elif not present:
            return REFUSED
        else:
            x = {"mean": _total(present) / len(present), "min": min(present), "max": max(present)}[holds.combine]
        return x if node.scale_to is None or isinstance(x, Hole) else x * node.scale_to / points

    def parts(self, node: TreeNode) -> tuple[bool, list[tuple[Any, Any, Any]]]:
        """Score, possible and points of what a node is made of and counts; and whether it can be told what does."""
        if isinstance(node.holds, OpenGroup):
            told, rows = self.rows(node)
            return told, [(x, Fraction(0) if x == ABSENT else p, p) for _, counts, p, x in rows if counts is True]
        children = [c for c in node.children if c.points and c.counts]
        return True, [(self.score(c), self.possible(c), c.worth or Fraction(0)) for c in children]

    def possible(self, node: TreeNode) -> Any:
        """The points of what was present, in the measure of its score."""
        told, parts = self.parts(node)
        known = [w if node.rescale else p for _, p, w in parts]
        whole = node.points.high or Fraction(0)
        adds_up = isinstance(node.holds, OpenGroup) or (isinstance(node.holds, Group) and node.holds.combine == "sum")
        if self.score(node) == ABSENT:
            return Fraction(0)
        if adds_up and not getattr(node.holds, "body", None):
            enough = told and sum(x != ABSENT for x, _, _ in parts) >= node.at_least
            if enough and not any(isinstance(p, Hole) and p != ABSENT for p in known):
                absent = _total(w for _, _, w in parts) - _total(known)
                whole = max(whole - absent, Fraction(0)) if isinstance(node.holds, OpenGroup) else _total(known)
            elif isinstance(node.holds, Group):
                whole = _total(w for _, _, w in parts)
        return whole if node.scale_to is None or not node.points.high else whole * node.scale_to / node.points.high

    def row_look(self, kind: Any, row: Any, share: Any) -> Look:
        def look(name: str) -> Any:
            if any(c.name == name for c in kind.columns):
                return _cell(row.cells, name)
            if name != "points":
                return self.look(name)
            return self.take(kind.points, look) if share is None else share

        return look

    def rows(self, node: TreeNode) -> tuple[bool, list[tuple[Any, Any, Any, Any]]]:
        """The rows of an open group: row, whether it counts, points, score; and whether it can be told which they are."""
        kind, told, taken, share = self.scheme.rows[node.holds.rows], True, [], None
        for row in self.record.rows.get(kind.name, ()):
            look = self.row_look(kind, row, None)
            inside = True if node.holds.where is None else self.take(node.holds.where, look)
            counts = True if kind.counts is None or inside is not True else self.take(kind.counts, look)
            told = told and not isinstance(inside, Hole) and not isinstance(counts, Hole)
            taken += [(row, counts)] if inside is True else []
        if node.split:
            number = sum(counts is True for _, counts in taken)
            share = REFUSED if not told else node.points.high / number if number else UNDEFINED
        looks = [self.row_look(kind, row, share) for row, _ in taken]
        return told, [
            (row, counts, look("points"), self.row(node, kind, row, look))
            for (row, counts), look in zip(taken, looks, strict=True)
        ]

    def row(self, node: TreeNode, kind: Any, row: Any, look: Look) -> Any:
        if f"{node.path}/{row.name}" in self.ruled:
            return self.ruled[f"{node.path}/{row.name}"]
        applies = True if kind.applies_when is None else self.take(kind.applies_when, look)
        if isinstance(applies, Hole):
            return REFUSED
        x = self.body(kind.body, look) if applies else ABSENT
        return _rounded(self.settled(x, kind.policies, look("points"), look), kind.round)

    def light(self, node: TreeNode) -> str | None:
        """The label of a node's own scale; none where the node has no score."""
        scale = self.scheme.grades[node.grade] if isinstance(node.grade, str) else node.grade
        if scale is None or isinstance(self.score(node), Hole):
            return None
        return self.label(scale, self.own_look(node, self.look, scale.reads == "raw"), node)

    def label(self, scale: Any, look: Look, node: Any = None) -> str | None:
        def read(name: str) -> Any:
            raw = scale.reads == "raw" and name in self.named
            return self.raw(self.named[name]) if raw else look(name)

        labels = scale.labels
        if scale.combine:  # the worst of the children that are present
            children = [c for c in node.children if c.grade is not None and c.counts and c.points]
            scales = [self.scheme.grades[c.grade] if isinstance(c.grade, str) else c.grade for c in children]
            labels = labels or next((s.labels for s in scales), ())
            lights = [self.light(c) for c in children if self.score(c) != ABSENT]
            found = None if None in lights else max(lights, key=labels.index, default=None)
        elif isinstance(scale.body, m.BandsBody | m.CasesBody):
            try:
                found = self.arm(scale.body, read).label
            except _Reached:
                found = None
        else:
            found = self.body(scale.body, read)
        closed = [self.take(gate.when, read) for gate in scale.gates]
        if found not in labels or any(isinstance(c, Hole) for c in closed):
            return None
        kept = [gate.no_better_than for gate, shut in zip(scale.gates, closed, strict=True) if shut]
        return max([found, *kept], key=labels.index)


def _state(x: Any) -> tuple[str, Any]:
    return ("scored", x) if not isinstance(x, Hole) else ("absent" if x == ABSENT else "refused", None)


def _solid(x: Any) -> Any:
    if isinstance(x, Hole):
        raise _Reached(x)
    return x


def _cell(cells: Any, name: str) -> Any:
    x = cells[name].value if name in cells else MISSING
    return Hole(x.kind) if isinstance(x, Hole) else x


def _total(amounts: Any) -> Fraction:
    return sum((a for a in amounts if a != ABSENT), Fraction(0))


def _within(x: Any, low: Any, high: Any) -> Any:
    return x if low is None or isinstance(x, Hole) else min(max(x, low), high)


def _rounded(x: Any, how: Any) -> Any:
    return x if how is None or isinstance(x, Hole) else _to_places(x, how.places, how.mode)


def _to_places(x: Fraction, places: Any, mode: str = "half_up") -> Fraction:
    scaled = abs(x) * 10 ** int(places)
    away = {"half_up": scaled % 1 >= Fraction(1, 2), "up": scaled % 1 > 0, "down": False}[mode]
    return (1 if x >= 0 else -1) * Fraction(floor(scaled) + away, 10 ** int(places))


def _dated(left: Any, right: Any) -> tuple[Any, Any]:
    """Quoted text beside a date is a date."""
    if isinstance(left, date) and isinstance(right, str):
        right = date.fromisoformat(right)
    return (date.fromisoformat(left), right) if isinstance(right, date) and isinstance(left, str) else (left, right)


def _arithmetic(sign: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if sign is operator.truediv and right == 0:
        raise _Reached(UNDEFINED)
    days = [x.toordinal() if isinstance(x, date) else x for x in (left, right)]
    x = sign(*map(Fraction, days))
    if isinstance(left, date) == isinstance(right, date):
        return x
    if x.denominator != 1 or not 1 <= x <= date.max.toordinal():
        raise _Reached(UNDEFINED)  # no such day
    return date.fromordinal(int(x))


_SIGNS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
_PRIMITIVES: dict[str, Callable[..., Any]] = {
    "min": min, "max": max, "abs": abs, "floor": lambda x: Fraction(floor(x)), "round": _to_places,
}  # fmt: skip
