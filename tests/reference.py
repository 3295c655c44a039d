"""The oracle 对照: what a scheme makes of a record, in naive lines straight from the Scheme, sharing nothing with the plan.

It restates design.md §2 and scheme-language.md and is slow on purpose. Nothing here uses `plan`, `ranges`, `nodes`,
`scorecards` or a reading: formulas are walked as the author's own Python `ast`, everything is recomputed where it is
asked for, and a hole is either a returned `Hole` (kept) or a raised `_Reached` (met on the way).
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import floor
from typing import Any

from perfrules import model
from perfrules.model import Group, Hole, OpenGroup, TreeNode

ABSENT, REFUSED = Hole("not_applicable"), Hole("refused")
Look = Callable[[str], Any]


@dataclass
class Reference:
    """What a record came to: nodes as (state, score, possible, label), rows as (name, counts, state, score)."""

    nodes: dict[str, tuple[str, Any, Any, str | None]]
    rows: dict[str, list[tuple[str, bool, str, Any]]]
    values: dict[str, Any]
    grades: dict[str, str | None]
    checks: dict[str, str]


def score(scheme: model.Scheme, record: model.Record) -> Reference:
    """The whole of a record, by the letter of the language."""
    judge = _Judge(scheme, record)
    nodes, rows = {}, {}
    for node in scheme.tree.walk():
        if node.points is None:
            nodes[node.path] = ("described", None, None, None)
            continue
        nodes[node.path] = (*_state(judge.score(node)), judge.possible(node), judge.light(node))
        if isinstance(node.holds, OpenGroup):
            rows[node.path] = [(r.name, counts is True, *_state(x)) for r, counts, _, x in judge.rows(node)[1]]
    alone = {g.name: g for g in scheme.grades.values() if not _of_a_node(g)}
    return Reference(
        nodes,
        rows,
        {name: judge.look(name) for name in scheme.values},
        {name: judge.label(scale, judge.look) for name, scale in alone.items()},
        {c.name: _verdict(judge.take(c.holds, judge.look)) for c in scheme.checks},
    )


def evaluate(formula: Any, names: Look, definitions: dict[str, model.Definition] | None = None) -> Any:
    """One formula over names, without a scheme: its value, or the hole that it reaches."""
    return _Judge.__new__(_Judge)._with(definitions or {}).take(formula, names)


class _Reached(Exception):
    def __init__(self, kind: str) -> None:
        self.kind = kind


class _Judge:
    def __init__(self, scheme: model.Scheme, record: model.Record) -> None:
        self._with(scheme.definitions)
        self.scheme, self.record = scheme, record
        self.named = {n.identifier: n for n in scheme.tree.walk() if n.identifier}
        self.ruled = {r.path: r.points for r in record.rulings}

    def _with(self, definitions: Any) -> _Judge:
        self.definitions, self.known = definitions, {}
        return self

    def once(self, key: Any, work: Callable[[], Any]) -> Any:
        if key not in self.known:
            self.known[key] = work()
        return self.known[key]

    # ------------------------------------------------------------------------------------------ formulas

    def look(self, name: str) -> Any:
        """A name of the record: an input, a value, or a node's score."""
        if name in self.scheme.inputs:
            return _cell(self.record.cells, name)
        if name in self.scheme.values:
            return self.once(("value", name), lambda: self.value(self.scheme.values[name], self.look))
        return self.score(self.named[name])

    def take(self, formula: Any, look: Look) -> Any:
        """A formula's value, or the first hole that evaluation reaches from the left."""
        try:
            return self.walk(formula.tree, look)
        except _Reached as reached:
            return Hole(reached.kind)

    def walk(self, tree: ast.expr, look: Look) -> Any:
        def go(part: ast.expr) -> Any:
            return self.walk(part, look)

        match tree:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return _solid(look(name))
            case ast.UnaryOp(op=ast.USub(), operand=x):
                return -go(x)
            case ast.UnaryOp(op=ast.Not(), operand=x):
                return not go(x)
            case ast.BinOp(op=op, left=left, right=right):
                return _arithmetic(op, *_dated(go(left), go(right)))
            case ast.BoolOp(op=op, values=parts):
                return any(map(go, parts)) if isinstance(op, ast.Or) else all(map(go, parts))
            case ast.Compare(left=first, ops=ops, comparators=rest):
                left = go(first)
                for op, part in zip(ops, rest, strict=True):
                    right = go(part)
                    if not _COMPARE[type(op)](*_dated(left, right)):
                        return False
                    left = right
                return True
            case ast.IfExp(test=test, body=then, orelse=otherwise):
                return go(then) if go(test) else go(otherwise)
            case ast.Call(func=ast.Name(id="present"), args=[ast.Name(id=name)]):
                return not isinstance(look(name), Hole)
            case ast.Call(func=ast.Name(id=name), args=parts):
                given = [go(p) for p in parts]  # strict: all of them, left to right, whatever the function does
                return _PRIMITIVES[name](*given) if name in _PRIMITIVES else self.call(name, given, look)
        raise AssertionError(ast.dump(tree))

    def call(self, name: str, given: list[Any], look: Look) -> Any:
        """A definition: closed but for the caller's `points`, with named steps of its own."""
        definition = self.definitions[name]
        known = dict(zip(definition.parameters, given, strict=False))
        steps = {v.name: v for v in definition.values}

        def inside(word: str) -> Any:
            if word in known:
                return known[word]
            if word in steps:
                known[word] = self.value(steps[word], inside)
                return known[word]
            return self.walk(definition.defaults[word].tree, inside) if word in definition.defaults else look(word)

        return _solid(self.body(definition.body, inside))

    # ------------------------------------------------------------------------------------------ bodies

    def body(self, body: Any, look: Look) -> Any:
        try:
            return self.made(body, look)
        except _Reached as reached:
            return Hole(reached.kind)

    def made(self, body: Any, look: Look) -> Any:
        match body:
            case model.FormulaBody(formula=formula) | model.GivenBody(name=formula):
                return self.walk(formula.tree, look)
            case model.RuleBody(definition=name, arguments=arguments):
                rule = {**self.definitions[name].defaults, **dict(arguments)}
                return self.call(name, [self.walk(rule[p].tree, look) for p in self.definitions[name].parameters], look)
            case model.StatisticBody():
                return self.statistic(body, look)
            case _:
                return self.walk(self.arm(body, look).value.tree, look)

    def arm(self, body: Any, look: Look) -> model.Outcome:
        """The band or case that is taken; where there is none, that is a missing value."""
        if isinstance(body, model.CasesBody):
            for case in body.cases:
                if case.when is None or self.walk(case.when.tree, look):
                    return case.outcome
            raise _Reached("missing")
        x = self.walk(body.of.tree, look)
        for band in body.bands:  # as written: cut points highest (lowest) first, a shared end to the one before
            cut = {"from": band.low, "above": band.low, "to": band.high, "below": band.high, "between": x}[body.side]
            tests = {"from": operator.ge, "above": operator.gt, "to": operator.le, "below": operator.lt}
            if body.side == "between" and band.low <= x <= band.high:
                return band.outcome
            if body.side != "between" and (cut is None or tests[body.side](x, cut)):
                return band.outcome
        raise _Reached("missing")

    def statistic(self, body: model.StatisticBody, look: Look) -> Any:
        """Absent items do not enter; whether one enters must be told; of nothing only a count is known."""
        entered = []
        for inner in self.over(body, look):
            chosen = True if body.where is None else self.take(body.where, inner)
            if isinstance(chosen, Hole):
                raise _Reached("missing" if chosen == ABSENT else chosen.kind)
            item = self.take(body.item, inner) if chosen else ABSENT
            weight = Fraction(1) if body.weight is None or item == ABSENT else self.take(body.weight, inner)
            if item != ABSENT and weight != ABSENT:
                entered.append((_solid(item), _solid(weight)))
        if body.statistic == "count":
            return Fraction(sum(item for item, _ in entered))
        items, weight = sorted(i for i, _ in entered), sum(w for _, w in entered)
        if not items or weight == 0 and body.statistic == "mean" or (body.k or 0) > len(items):
            raise _Reached("undefined")
        match body.statistic:
            case "sum":
                return sum(items)
            case "mean":
                return sum(i * w for i, w in entered) / weight
            case "min" | "smallest":
                return items[(body.k or 1) - 1]
            case "max" | "largest":
                return items[-(body.k or 1)]
        if body.method == "nearest_rank":  # the least item that a share of `at` do not exceed
            return next(i for n, i in enumerate(items, 1) if Fraction(n, len(items)) >= body.at)
        place = body.at * (len(items) - 1)  # between ranks, as spreadsheets do (INC)
        low, part = items[floor(place)], place - floor(place)
        return low + part * (items[floor(place) + 1] - low if part else 0)

    def over(self, body: model.StatisticBody, look: Look) -> Any:
        """What a statistic runs over: names as each row, or each present child that counts, has them."""
        if body.over in self.scheme.rows:
            kind = self.scheme.rows[body.over]
            yield from (self.row_look(kind, row, None) for row in self.record.rows.get(body.over, ()))
            return
        for child in next(n for n in self.scheme.tree.walk() if body.over in (n.path, n.identifier)).children:
            if child.counts and child.points is not None and self.score(child) != ABSENT:
                yield self.own_look(child, look)

    def own_look(self, node: TreeNode, look: Look, raw: bool = False) -> Look:
        """The names `score`, `possible` and `points` as one node has them."""
        own = {"score": self.raw if raw else self.score, "possible": self.possible, "points": lambda n: n.worth}
        return lambda name: own[name](node) if name in own else look(name)

    # ------------------------------------------------------------------------------------------ presence

    def settled(self, x: Any, policies: model.Policies, points: Any, look: Look) -> Any:
        """What the result of a node, row or adjustment becomes by policy: a score, absent or refused."""
        if not isinstance(x, Hole):
            return x
        stated = {"missing": policies.missing, "undefined": policies.undefined or policies.missing,
                  "not_applicable": policies.not_applicable, "refused": None}[x.kind]  # fmt: skip
        kind = stated.kind if stated else "exclude" if x == ABSENT else "refuse"
        if kind == "formula":
            x = self.take(stated.formula, look)
            return REFUSED if isinstance(x, Hole) else x
        full = REFUSED if isinstance(points, Hole) else points
        return {"refuse": REFUSED, "zero": Fraction(0), "full": full, "exclude": ABSENT}[kind]

    def value(self, value: model.Value, look: Look) -> Any:
        """A value: where it states no policy (or `refuse`) its hole goes on to whoever reads it."""
        x = self.body(value.body, look)
        if isinstance(x, Hole) and x.kind != "refused":
            policy = getattr(value.policies, x.kind) or (x.kind == "undefined" and value.policies.missing)
            if policy and policy.kind == "formula":
                x = self.take(policy.formula, look)
            elif policy and policy.kind != "refuse":
                x = Fraction(0) if policy.kind == "zero" else ABSENT
        return x if value.round is None or isinstance(x, Hole) else _rounded(x, value.round)

    # ------------------------------------------------------------------------------------------ nodes

    def score(self, node: TreeNode) -> Any:
        x = self.raw(node)
        ruled = node.path in self.ruled
        return x if node.round is None or ruled or isinstance(x, Hole) else _rounded(x, node.round)

    def raw(self, node: TreeNode) -> Any:
        """A node's score before rounding; a ruling stands in its place."""
        if node.path in self.ruled:
            return self.ruled[node.path]
        return self.once(("raw", node.path), lambda: self.reckoned(node))

    def reckoned(self, node: TreeNode) -> Any:
        """Presence → body or aggregation → make-up → scale → adjustments → gates."""
        x = self.first(node)
        if isinstance(x, Hole):
            return x
        look = self.with_points(node.worth)
        given = [self.adjusted(a, node.worth, look) for a in node.adjustments]
        if node.adjustments:
            if any(g == REFUSED for g in given):
                return REFUSED
            x += _within(sum(g for g in given if g != ABSENT), node.adjustments_low, node.adjustments_high)
        for gate in node.gates:
            closed = self.take(gate.when, self.look)
            if isinstance(closed, Hole):
                return REFUSED
            x = min(x, gate.at_most) if closed else x
        return x

    def adjusted(self, adjustment: model.Adjustment, points: Any, look: Look) -> Any:
        x = self.settled(self.body(adjustment.body, look), adjustment.policies, points, look)
        return x if isinstance(x, Hole) else _within(x, adjustment.low, adjustment.high)

    def with_points(self, points: Any) -> Look:
        return lambda name: points if name == "points" else self.look(name)

    def first(self, node: TreeNode) -> Any:
        """A node's score as far as scale."""
        points, holds = node.points.high, node.holds
        look = self.with_points(points)
        applies = True if node.applies_when is None else self.take(node.applies_when, look)
        if isinstance(applies, Hole):
            return REFUSED
        if not isinstance(holds, Group | OpenGroup):
            return self.settled(self.body(holds, look) if applies else ABSENT, node.policies, points, look)
        told, parts = self.parts(node)
        present = [score for score, _, _ in parts if score != ABSENT]
        if not applies:
            return ABSENT
        by_body = isinstance(holds, Group) and holds.body is not None
        if not told or (REFUSED in present and not by_body):
            return REFUSED
        if len(present) < node.at_least:
            return {"absent": ABSENT, "zero": Fraction(0), "refuse": REFUSED}[node.otherwise]
        if by_body:
            x = self.settled(self.body(holds.body, look), node.policies, points, look)
        elif isinstance(holds, OpenGroup) or holds.combine == "sum":
            x, possible, whole = sum(present, Fraction(0)), [p for _, p, _ in parts], [w for _, _, w in parts]
            if node.rescale:
                if any(isinstance(p, Hole) and p != ABSENT for p in possible + whole) or _total(possible) == 0:
                    return REFUSED
                x = x * _total(whole) / _total(possible)
        elif not present:
            return REFUSED
        else:
            x = {"mean": sum(present) / len(present), "min": min(present), "max": max(present)}[holds.combine]
        if node.scale_to is not None and not isinstance(x, Hole):
            x = x * node.scale_to / (_total([w for _, _, w in parts]) if points is None else points)
        return x

    def parts(self, node: TreeNode) -> tuple[bool, list[tuple[Any, Any, Any]]]:
        """Score, possible and points of each child or row that counts; and whether it can be told which do."""
        if isinstance(node.holds, OpenGroup):
            told, rows = self.rows(node)
            counted = [(x, Fraction(0) if x == ABSENT else p, p) for _, counts, p, x in rows if counts is True]
            return told, counted
        counted = [c for c in node.children if c.counts and c.points is not None]
        return True, [(self.score(c), self.possible(c), c.worth or Fraction(0)) for c in counted]

    def possible(self, node: TreeNode) -> Any:
        """The points of what was present, in the measure of its score."""
        if self.score(node) == ABSENT:
            return Fraction(0)
        whole = node.points.high or Fraction(0)
        could = whole
        if isinstance(node.holds, OpenGroup) or (isinstance(node.holds, Group) and node.holds.combine == "sum"
                                                 and node.holds.body is None):  # fmt: skip
            told, parts = self.parts(node)
            enough = told and sum(score != ABSENT for score, _, _ in parts) >= node.at_least
            known = [w if node.rescale else p for _, p, w in parts]
            if isinstance(node.holds, Group) and node.points.high is None:
                whole = could = _total(w for _, _, w in parts)
            if enough and not any(isinstance(p, Hole) and p != ABSENT for p in known):
                could = _total(known)
        return could if node.scale_to is None or not whole else could * node.scale_to / whole

    # ------------------------------------------------------------------------------------------ rows

    def row_look(self, kind: model.RowKind, row: model.Row, share: Any) -> Look:
        columns = {c.name for c in kind.columns}

        def look(name: str) -> Any:
            if name in columns:
                return _cell(row.cells, name)
            if name != "points":
                return self.look(name)
            return self.take(kind.points, look) if share is None else share

        return look

    def rows(self, node: TreeNode) -> tuple[bool, list[tuple[model.Row, Any, Any, Any]]]:
        """The rows of an open group: row, whether it counts, points, score; and whether it can be told which they are."""
        return self.once(("rows", node.path), lambda: self.sorted_rows(node))

    def sorted_rows(self, node: TreeNode) -> tuple[bool, list[tuple[model.Row, Any, Any, Any]]]:
        kind = self.scheme.rows[node.holds.rows]
        told, taken, share = True, [], None
        for row in self.record.rows.get(kind.name, ()):
            look = self.row_look(kind, row, None)
            inside = True if node.holds.where is None else self.take(node.holds.where, look)
            told = told and not isinstance(inside, Hole)
            if inside is True:
                taken.append((row, True if kind.counts is None else self.take(kind.counts, look)))
                told = told and not isinstance(taken[-1][1], Hole)
        if node.split:
            count = sum(counts is True for _, counts in taken)
            share = node.points.high / count if told and count else Hole("undefined")
        made = []
        for row, counts in taken:
            look = self.row_look(kind, row, share)
            points = look("points")
            made.append((row, counts, points, self.row(node, kind, row, points, look)))
        return told, made

    def row(self, node: TreeNode, kind: model.RowKind, row: model.Row, points: Any, look: Look) -> Any:
        path = f"{node.path}/{row.name}"
        if path in self.ruled:
            return self.ruled[path]
        applies = True if kind.applies_when is None else self.take(kind.applies_when, look)
        if isinstance(applies, Hole):
            return REFUSED
        x = self.settled(self.body(kind.body, look) if applies else ABSENT, kind.policies, points, look)
        return x if kind.round is None or isinstance(x, Hole) else _rounded(x, kind.round)

    # ------------------------------------------------------------------------------------------ grades

    def light(self, node: TreeNode) -> str | None:
        """The label of a node's own scale; none where the node has no score."""
        scale = self.scheme.grades[node.grade] if isinstance(node.grade, str) else node.grade
        if scale is None or isinstance(self.score(node), Hole):
            return None
        return self.label(scale, self.own_look(node, self.look, scale.reads == "raw"), node)

    def label(self, scale: model.GradeScale, look: Look, node: TreeNode | None = None) -> str | None:
        if scale.reads == "raw":
            outer = look

            def look(name: str) -> Any:
                return self.raw(self.named[name]) if name in self.named else outer(name)

        labels = scale.labels
        if scale.combine:
            children = [c for c in node.children if c.grade is not None and c.counts and c.points is not None]
            lights = [self.light(c) for c in children if self.score(c) != ABSENT]
            own = self.scheme.grades[children[0].grade] if children and isinstance(children[0].grade, str) else None
            labels = labels or (own or (children and children[0].grade) or scale).labels
            found = None if None in lights or not lights else max(lights, key=labels.index)
        elif isinstance(scale.body, model.BandsBody | model.CasesBody):
            try:
                found = self.arm(scale.body, look).label
            except _Reached:
                found = None
        else:
            found = self.body(scale.body, look)
        for gate in scale.gates:
            closed = self.take(gate.when, look)
            if isinstance(closed, Hole) or found not in labels:
                return None
            found = max(found, gate.no_better_than, key=labels.index) if closed else found
        return found if found in labels else None


def _of_a_node(scale: model.GradeScale) -> bool:
    """Whether a scale reads what only a node has, so that it says nothing by itself."""
    return scale.combine is not None or any(
        name in ("score", "points", "possible") for f in model.formulas(scale) for name in f.names
    )


def _state(x: Any) -> tuple[str, Any]:
    if isinstance(x, Hole):
        return ("absent" if x == ABSENT else "refused"), None
    return "scored", x


def _verdict(x: Any) -> str:
    return "undecidable" if isinstance(x, Hole) else "holds" if x else "broken"


def _solid(x: Any) -> Any:
    if isinstance(x, Hole):
        raise _Reached(x.kind)
    return x


def _cell(cells: Any, name: str) -> Any:
    x = cells[name].value if name in cells else Hole("missing")
    return Hole(x.kind) if isinstance(x, Hole) else x


def _total(amounts: Any) -> Fraction:
    return sum((a for a in amounts if a != ABSENT), Fraction(0))


def _within(x: Any, low: Any, high: Any) -> Any:
    return x if low is None else min(max(x, low), high)


def _rounded(x: Fraction, how: model.Rounding) -> Fraction:
    scaled = abs(x) * 10**how.places
    rest = scaled - floor(scaled)
    away = {"half_up": rest >= Fraction(1, 2), "up": rest > 0, "down": False}[how.mode]
    return (1 if x >= 0 else -1) * Fraction(floor(scaled) + away, 10**how.places)


def _dated(left: Any, right: Any) -> tuple[Any, Any]:
    """Quoted text beside a date is a date."""
    if isinstance(left, date) and isinstance(right, str):
        right = date.fromisoformat(right)
    if isinstance(right, date) and isinstance(left, str):
        left = date.fromisoformat(left)
    return left, right


def _arithmetic(op: ast.operator, left: Any, right: Any) -> Any:
    if isinstance(op, ast.Div) and right == 0:
        raise _Reached("undefined")
    if isinstance(left, date) and isinstance(right, date):
        return Fraction((left - right).days)
    if isinstance(right, date):
        left, right = right, left
    if isinstance(left, date):
        if right.denominator != 1 or not 1 <= (day := left.toordinal() + _SIGN[type(op)] * int(right)) <= _LAST_DAY:
            raise _Reached("undefined")  # no such day
        return date.fromordinal(day)
    return _BINARY[type(op)](left, right)


_SIGN, _LAST_DAY = {ast.Add: 1, ast.Sub: -1}, date.max.toordinal()
_BINARY = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
_COMPARE = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
            ast.Eq: operator.eq, ast.NotEq: operator.ne}  # fmt: skip
_PRIMITIVES: dict[str, Callable[..., Any]] = {
    "min": min, "max": max, "abs": abs, "floor": lambda x: Fraction(floor(x)),
    "round": lambda x, places: _rounded(x, model.Rounding(int(places))),
}  # fmt: skip
