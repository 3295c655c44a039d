"""The oracle 对照: what a scheme makes of a record, in naive lines straight from the Scheme, sharing nothing with the plan.

It restates docs/reference and is slow on purpose: formulas are walked as the author's own Python `ast`, and whatever is
asked for is worked out anew. A hole is a returned `Hole`, or `_Reached` where one is met; what Python cannot do is undefined.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from math import floor, prod
from types import SimpleNamespace
from typing import Any

from perfrules import model as m
from perfrules import numbers
from perfrules.model import Hole, OpenGroup

ABSENT, REFUSED, MISSING, UNDEFINED = map(Hole, ("not_applicable", "refused", "missing", "undefined"))
NONE = Fraction(0)
Look = Callable[[str], Any]


def score(scheme: m.Scheme, record: m.Record, population: Sequence[m.Record] = ()) -> SimpleNamespace:
    """The whole of a record: nodes as (state, score, possible, label), rows as (name, counts, state, score).
    Benchmarks are over the population."""
    judge, nodes, rows = _Judge(scheme, record, population), {}, {}
    for n in scheme.tree.walk():
        nodes[n.path] = ("described", None, None, None)
        if n.points is not None:
            nodes[n.path] = (*_state(judge.score(n)), judge.possible(n), judge.light(n))
        if isinstance(n.holds, OpenGroup):
            rows[n.path] = [(r.name, counts is True, *_state(x)) for r, counts, _, x in judge.rows(n)[1]]
    values = {name: judge.look(name) for name in scheme.values}
    grades = {name: judge.label(g, judge.look) for name, g in scheme.grades.items() if not g.of_nodes}
    return SimpleNamespace(nodes=nodes, rows=rows, values=values, grades=grades)


def evaluate(formula: Any, look: Look) -> Any:
    """One formula over names, without a scheme: its value, or the first hole that it reaches."""
    return _Judge(None, None, ()).take(formula, look)


class _Reached(Exception):
    """Evaluation came upon a hole."""


def _tried(work: Callable[[], Any]) -> Any:
    """What work comes to, or the hole that it comes upon."""
    try:
        return work()
    except _Reached as reached:
        return reached.args[0]
    except (ArithmeticError, TypeError, ValueError):  # a division by zero, a day times a day, the power that is not
        return UNDEFINED


class _Judge:
    def __init__(self, scheme: Any, record: Any, population: Any) -> None:
        self.scheme, self.record, self.population, self.known = scheme, record, population, {}
        nodes = list(scheme.tree.walk()) if scheme else []
        self.named = {n.identifier: n for n in nodes}
        self.scales = {n.path: scheme.grades[n.grade] if isinstance(n.grade, str) else n.grade for n in nodes}
        self.ruled = {r.path: r.points for r in record.rulings} if record else {}

    def look(self, name: str) -> Any:
        """A name of the record: an input, a benchmark, a value, or a node's score."""
        if name in self.scheme.inputs:
            stages = self.scheme.inputs[name].at
            elsewhere = stages and self.record.stage and self.record.stage not in stages
            return ABSENT if elsewhere else _cell(self.record.cells, name)
        if name in self.scheme.benchmarks:
            return self.benchmark(self.scheme.benchmarks[name])
        if name in self.scheme.values:
            return self.value(self.scheme.values[name], self.look)
        return self.score(self.named[name])

    def take(self, formula: Any, look: Look) -> Any:
        """A formula's value, or the first hole that evaluation reaches from the left."""
        return self.body(m.FormulaBody(formula), look)

    def walk(self, tree: ast.expr, look: Look) -> Any:
        match tree:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return _solid(look(name))
            case ast.UnaryOp(op=op, operand=x):
                return _SIGNS[type(op)](self.walk(x, look))
            case ast.BinOp(op=op, left=left, right=right):
                return _arithmetic(_SIGNS[type(op)], *_dated(self.walk(left, look), self.walk(right, look)))
            case ast.BoolOp(op=op, values=parts):
                reached = (self.walk(p, look) for p in parts)
                return any(reached) if isinstance(op, ast.Or) else all(reached)
            case ast.Compare(left=first, ops=ops, comparators=rest):
                left = self.walk(first, look)
                for op, part in zip(ops, rest, strict=True):
                    right = self.walk(part, look)
                    if not _compared(_SIGNS[type(op)], *_dated(left, right)):
                        return False
                    left = right
                return True
            case ast.IfExp(test=test, body=then, orelse=otherwise):
                return self.walk(then if self.walk(test, look) else otherwise, look)
            case ast.Call(func=ast.Name(id="present"), args=[ast.Name(id=name)]):
                return not isinstance(look(name), Hole)
            case ast.Call(func=ast.Name(id=name), args=parts):  # strict: all of them, whatever the function does
                given = [self.walk(p, look) for p in parts]
                return _PRIMITIVES[name](*(+x for x in given)) if name in _PRIMITIVES else self.call(name, given, look)
        raise AssertionError(ast.dump(tree))

    def call(self, name: str, given: list[Any], look: Look) -> Any:
        """A definition: closed but for the caller's `points`, with named steps of its own."""
        definition = self.scheme.definitions[name]
        known = {p: self.walk(f.tree, look) for p, f in definition.defaults.items()}
        known |= dict(zip(definition.parameters, given, strict=False))
        steps = {v.name: v for v in definition.values}

        def inside(word: str) -> Any:
            return known[word] if word in known else self.value(steps[word], inside) if word in steps else look(word)

        return _solid(self.body(definition.body, inside))

    def body(self, body: Any, look: Look) -> Any:
        """What a body comes to, or the first hole that it reaches."""
        return _tried(lambda: self.worked(body, look))

    def worked(self, body: Any, look: Look) -> Any:
        match body:
            case m.FormulaBody(formula=formula) | m.GivenBody(name=formula):
                return self.walk(formula.tree, look)
            case m.RuleBody(definition=name, arguments=arguments):
                rule = {**self.scheme.definitions[name].defaults, **dict(arguments)}
                given = [self.walk(rule[p].tree, look) for p in self.scheme.definitions[name].parameters]
                return self.call(name, given, look)
            case m.StatisticBody():
                return self.statistic(body, self.over(body.over, look))
        taken = self.arm(body, look)
        return taken.label or self.walk(taken.value.tree, look)

    def arm(self, body: Any, look: Look) -> m.Outcome:
        """The band or case that is taken, in the order written; where there is none, that is a missing value."""
        if isinstance(body, m.CasesBody):
            fits = (c for c in body.cases if c.when is None or self.walk(c.when.tree, look))
        else:
            x = self.walk(body.of.tree, look)
            fits = (b for b in body.bands if _in_band(x, b))
        return _solid(next((each.outcome for each in fits), MISSING))

    def statistic(self, body: m.StatisticBody, over: list[Look]) -> Any:
        """Absent items do not enter; whether one enters must be told; of nothing only a count is known."""
        entered = []
        for inner in over:
            chosen = True if body.where is None else self.take(body.where, inner)
            if chosen:
                _solid(MISSING if chosen == ABSENT else chosen)
                item = self.take(body.item, inner)
                weight = 1 if body.weight is None else self.take(body.weight, inner)
                entered += [(_solid(item), _solid(weight))] if ABSENT not in (item, weight) else []
        items, weights, k = sorted(i for i, _ in entered), sum(w for _, w in entered), body.k or 1
        if body.statistic == "count":
            return Fraction(sum(items))
        _solid(UNDEFINED if k > len(items) else None)
        if body.statistic in ("sum", "mean"):
            return sum(items) if body.statistic == "sum" else sum(i * w for i, w in entered) / weights
        if body.statistic != "quantile":
            return items[-k] if body.statistic in ("max", "largest") else items[k - 1]
        if body.method == "nearest_rank":  # the least item that a share of `at` do not exceed
            return next(item for n, item in enumerate(items, 1) if Fraction(n, len(items)) >= body.at)
        place = body.at * (len(items) - 1)  # between ranks, as spreadsheets do (INC)
        return items[floor(place)] + (place % 1) * (items[-floor(-place)] - items[floor(place)])

    def benchmark(self, benchmark: m.Benchmark) -> Any:
        """A statistic over the records of the same group; one that meets a hole there is left out."""
        group = self.take(benchmark.body.by, self.look) if benchmark.body.by else ""
        parts = [p for p in (benchmark.body.item, benchmark.body.where, benchmark.body.weight) if p]
        members = []
        for look in (_Judge(self.scheme, r, self.population).look for r in self.population):
            theirs = self.take(benchmark.body.by, look) if benchmark.body.by else ""
            left_out = any(isinstance(x := self.take(p, look), Hole) and x != ABSENT for p in parts)
            members += [look] if theirs == group and not left_out else []
        if isinstance(group, Hole) or not members:
            return MISSING
        return _tried(lambda: _rounded(self.statistic(benchmark.body, members), benchmark.round))

    def over(self, over: str, look: Look) -> list[Look]:
        """What a statistic runs over: the names that each row has, or each present child that counts."""
        if over in self.scheme.rows:
            return [self.row_look(self.scheme.rows[over], row, None) for row in self.record.rows.get(over, ())]
        group = next(n for n in self.scheme.tree.walk() if over in (n.path, n.identifier))
        return [self.own_look(c, look) for c in group.children if c.counts and c.points and self.score(c) != ABSENT]

    def own_look(self, node: m.TreeNode, look: Look, raw: bool = False) -> Look:
        own = {"score": self.raw if raw else self.score, "possible": self.possible, "points": lambda n: n.worth}
        return lambda name: own[name](node) if name in own else look(name)

    def with_points(self, points: Any) -> Look:
        return lambda name: points if name == "points" else self.look(name)

    def policy(self, x: Hole, policies: m.Policies) -> m.Policy | None:
        """The policy stated for a hole; undefined is as missing unless stated."""
        return getattr(policies, x.kind, None) or (policies.missing if x == UNDEFINED else None)

    def settled(self, x: Any, policies: m.Policies, points: Any, look: Look) -> Any:
        """What the result of a node, row or adjustment becomes by policy: a score, absent or refused."""
        if not isinstance(x, Hole):
            return x
        policy = self.policy(x, policies) or m.Policy("exclude" if x == ABSENT else "refuse")
        made = self.take(policy.formula, look) if policy.formula else {"zero": NONE, "full": points}.get(policy.kind)
        return ABSENT if policy.kind == "exclude" else REFUSED if made is None or isinstance(made, Hole) else made

    def value(self, value: m.Value, look: Look) -> Any:
        """A value: where it states no policy (or `refuse`) its hole goes on to whoever reads it."""
        x = self.body(value.body, look)
        policy = self.policy(x, value.policies) if isinstance(x, Hole) else None
        if policy and policy.kind != "refuse":
            x = self.take(policy.formula, look) if policy.formula else {"zero": NONE, "exclude": ABSENT}[policy.kind]
        return _rounded(x, value.round)

    def score(self, node: m.TreeNode) -> Any:
        return _rounded(self.raw(node), None if node.path in self.ruled else node.round)

    def raw(self, node: m.TreeNode) -> Any:
        """A node's score before rounding; a ruling stands in its place."""
        if node.path not in self.known:
            self.known[node.path] = self.ruled[node.path] if node.path in self.ruled else self.reckoned(node)
        return self.known[node.path]

    def reckoned(self, node: m.TreeNode) -> Any:
        """Presence → body or aggregation → make-up → scale → adjustments → gates."""
        x = self.scaled(node)
        look = self.with_points(node.worth)
        given = [self.adjusted(a, node.worth, look) for a in node.adjustments]
        closed = [self.take(gate.when, self.look) for gate in node.gates]
        if isinstance(x, Hole) or REFUSED in given or any(isinstance(c, Hole) for c in closed):
            return x if x == ABSENT else REFUSED
        x += _within(_total(given), node.adjustments_low, node.adjustments_high) if given else 0
        return min([x, *(gate.at_most for gate, shut in zip(node.gates, closed, strict=True) if shut)])

    def adjusted(self, adjustment: m.Adjustment, points: Any, look: Look) -> Any:
        x = self.settled(self.body(adjustment.body, look), adjustment.policies, points, look)
        return _within(x, adjustment.low, adjustment.high)

    def scaled(self, node: m.TreeNode) -> Any:
        points, look = node.points.high, self.with_points(node.points.high)
        applies = True if node.applies_when is None else self.take(node.applies_when, look)
        if applies is not True:
            return REFUSED if isinstance(applies, Hole) else self.settled(ABSENT, node.policies, points, look)
        own, (told, parts) = _own_body(node), self.parts(node)
        present = [x for x, _, _, _ in parts if x != ABSENT]
        if not told or (REFUSED in present and not own):
            return REFUSED
        if len(present) < node.at_least and (parts or not own):
            return {"absent": ABSENT, "zero": NONE, "refuse": REFUSED}[node.otherwise]
        if own:
            x = self.settled(self.body(own, look), node.policies, points, look)
        elif getattr(node.holds, "combine", "sum") == "sum":
            x, could, whole = _total(present), [p for _, p, _, _ in parts], [w for _, _, w, _ in parts]
            if node.rescale:
                known = _known(could + whole) and _total(could) != 0
                x = x * _total(whole) / _total(could) if known else REFUSED
        else:
            x = _tried(lambda: self.combined(node, [(x, w or 1, k) for x, _, w, k in parts if x != ABSENT]))
            x = REFUSED if isinstance(x, Hole) else x
        return x if node.scale_to is None or isinstance(x, Hole) else x * node.scale_to / points

    def combined(self, node: m.TreeNode, there: list[tuple[Any, Any, Any]]) -> Any:
        """Children put together otherwise than by adding them up: of each its score, points and weight."""
        scores, shares, points = [x for x, _, _ in there], [x / w for x, w, _ in there], node.points.high
        if node.holds.combine in ("mean", "min", "max"):
            return {"mean": lambda of: _total(of) / len(of), "min": min, "max": max}[node.holds.combine](scores)
        if node.holds.combine == "product":
            return points * prod(shares)
        weights = [Fraction(k or 1) for _, _, k in there]
        if any(c.weight for c in node.children):
            return points * prod(numbers.power(s, k / sum(weights)) for s, k in zip(shares, weights, strict=True))
        return points * numbers.power(prod(shares), 1 / sum(weights))

    def parts(self, node: m.TreeNode) -> tuple[bool, list[tuple[Any, Any, Any, Any]]]:
        """Score, possible, points and weight of what a node is made of and counts; and whether it can be told what does."""
        if isinstance(node.holds, OpenGroup):
            told, rows = self.rows(node)
            return told, [(x, NONE if x == ABSENT else p, p, None) for _, counts, p, x in rows if counts is True]
        counted = [c for c in node.children if c.points and c.counts]
        return True, [(self.score(c), self.possible(c), c.worth or NONE, c.weight) for c in counted]

    def possible(self, node: m.TreeNode) -> Any:
        """The points of what was present, in the measure of its score."""
        points, (told, parts) = node.points.high or NONE, self.parts(node)
        if self.score(node) == ABSENT:
            return NONE
        if not _own_body(node) and getattr(node.holds, "combine", "sum") == "sum":
            could, whole = [w if node.rescale else p for _, p, w, _ in parts], [w for _, _, w, _ in parts]
            points = points if isinstance(node.holds, OpenGroup) else _total(whole)  # rows may add up to others
            if told and sum(x != ABSENT for x, _, _, _ in parts) >= node.at_least and _known(could + whole):
                points = max(points - _total(whole) + _total(could), NONE)
        return points if node.scale_to is None or not node.points.high else points * node.scale_to / node.points.high

    def row_look(self, kind: m.RowKind, row: m.Row, share: Any) -> Look:
        def look(name: str) -> Any:
            if any(c.name == name for c in kind.columns):
                return _cell(row.cells, name)
            return self.look(name) if name != "points" else self.take(kind.points, look) if share is None else share

        return look

    def rows(self, node: m.TreeNode) -> tuple[bool, list[tuple[m.Row, Any, Any, Any]]]:
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
        looks = [(row, counts, self.row_look(kind, row, share)) for row, counts in taken]
        return told, [(row, counts, look("points"), self.row(node, kind, row, look)) for row, counts, look in looks]

    def row(self, node: m.TreeNode, kind: m.RowKind, row: m.Row, look: Look) -> Any:
        if f"{node.path}/{row.name}" in self.ruled:
            return self.ruled[f"{node.path}/{row.name}"]
        applies = True if kind.applies_when is None else self.take(kind.applies_when, look)
        if isinstance(applies, Hole):
            return REFUSED
        x = self.body(kind.body, look) if applies else ABSENT
        return _rounded(self.settled(x, kind.policies, look("points"), look), kind.round)

    def light(self, node: m.TreeNode) -> str | None:
        """The label of a node's own scale; none where the node has no score."""
        scale = self.scales[node.path]
        if scale is None or isinstance(self.score(node), Hole):
            return None
        return self.label(scale, self.own_look(node, self.look, scale.reads == "raw"), node)

    def label(self, scale: m.GradeScale, look: Look, node: Any = None) -> str | None:
        def read(name: str) -> Any:
            return self.raw(self.named[name]) if scale.reads == "raw" and name in self.named else look(name)

        labels = scale.labels
        if scale.combine:  # the worst of the children that are present
            children = [c for c in node.children if self.scales[c.path] and c.counts and c.points]
            scales = [scale, self.scheme.grades.get(scale.name), *(self.scales[c.path] for c in children)]
            labels = next((s.labels for s in scales if s and s.labels), ())
            lights = [self.light(c) for c in children if self.score(c) != ABSENT]
            found = None if None in lights else max(lights, key=labels.index, default=None)
        else:
            found = self.body(scale.body, read)
        closed = [self.take(gate.when, read) for gate in scale.gates]
        if found not in labels or any(isinstance(c, Hole) for c in closed):
            return None
        kept = [gate.no_better_than for gate, shut in zip(scale.gates, closed, strict=True) if shut]
        return max([found, *kept], key=labels.index)


def _own_body(node: m.TreeNode) -> Any:
    return getattr(node.holds, "body", None if isinstance(node.holds, OpenGroup) else node.holds)


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
    return sum((a for a in amounts if a != ABSENT), NONE)


def _known(amounts: list[Any]) -> bool:
    return not any(isinstance(a, Hole) and a != ABSENT for a in amounts)


def _in_band(x: Any, band: m.Band) -> bool:
    above = band.low is None or x > band.low or (band.low_in and x == band.low)
    return above and (band.high is None or x < band.high or (band.high_in and x == band.high))


def _within(x: Any, low: Any, high: Any) -> Any:
    return x if low is None or isinstance(x, Hole) else min(max(x, low), high)


def _rounded(x: Any, how: m.Rounding | None) -> Any:
    if how is None or isinstance(x, Hole):
        return x
    scaled = abs(x) * 10**how.places
    away = {"half_up": scaled % 1 >= Fraction(1, 2), "up": scaled % 1 > 0, "down": False}[how.mode]
    return (1 if x >= 0 else -1) * Fraction(floor(scaled) + away, 10**how.places)


def _dated(left: Any, right: Any) -> tuple[Any, Any]:
    """Quoted text beside a date is a date."""
    if isinstance(left, date) and isinstance(right, str):
        right = date.fromisoformat(right)
    return (date.fromisoformat(left), right) if isinstance(right, date) and isinstance(left, str) else (left, right)


def _compared(sign: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    """Of two of one kind only: a measure may be a number in one row and a day in another."""
    _solid(None if type(left) is type(right) else UNDEFINED)
    return sign(left, right)


def _arithmetic(sign: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """A day less a day is a number of days; a day and whole days are a day."""
    if isinstance(left, date) != isinstance(right, date):
        left, right = (
            x if isinstance(x, date) else timedelta(int(_solid(UNDEFINED if x % 1 else x))) for x in (left, right)
        )
    made = sign(left, right)
    return Fraction(made.days) if isinstance(made, timedelta) else made


_ARITHMETIC = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
_ORDER = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge}
_SAME = {ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Not: operator.not_, ast.USub: operator.neg}
_SIGNS = _ARITHMETIC | _ORDER | _SAME
_PRIMITIVES: dict[str, Callable[..., Any]] = {"min": min, "max": max, "abs": abs}
_PRIMITIVES |= {"ln": numbers.ln, "exp": numbers.exp, "power": numbers.power}
_PRIMITIVES |= {"floor": lambda x: Fraction(floor(x)), "round": lambda x, n: _rounded(x, m.Rounding(int(n)))}
