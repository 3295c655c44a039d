"""Hypothesis strategies: scheme texts over the whole language, records for a scheme, and formulas.

Schemes are plain data, well-kinded by construction, written out as JSON or as YAML; nearly all of them load.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import yaml
from hypothesis import strategies as st

from perfrules.model import Input, OpenGroup, RowKind, Ruling, Scheme

LITERALS = [
    "0",
    "1",
    "2",
    "3",
    "5",
    "10",
    "20",
    "50",
    "60",
    "80",
    "90",
    "100",
    "0.5",
    "0.005",
    "1.005",
    "2.675",
    "33.335",
    "12.5",
    "90%",
    "60%",
    "100%",
    "1%",
]
CUTS = [
    "-5",
    "0",
    "0.005",
    "0.5",
    "60%",
    "0.8",
    "90%",
    "1",
    "1.005",
    "2",
    "3",
    "5",
    "10",
    "12.5",
    "20",
    "33.335",
    "50",
    "60",
    "80",
    "90",
    "100",
]
DAYS = ("2023-01-01", "2023-06-30", "2023-12-31", "2024-02-29")
LABELS = ("优", "良", "中", "差")
Text = Any


def exact(text: str) -> Fraction:
    """The number that a literal stands for."""
    return Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)


def written(number: Fraction) -> Any:
    """A number as a scheme file may say it: plain, or as a constant formula."""
    return int(number) if number.denominator == 1 else f"{number.numerator}/{number.denominator}"


@dataclass(frozen=True)
class Called:
    """A definition as formulas may call it: with so many arguments, where `points` is known if it reads them."""

    name: str
    parameters: tuple[str, ...]
    least: int
    points: bool
    truth: bool = False


@dataclass(frozen=True)
class Scope:
    """The names that a formula may say at one place, by what they are; pure numbers and money (of one dimension)."""

    pure: tuple[str, ...] = ()
    money: tuple[str, ...] = ()
    truths: tuple[str, ...] = ()
    choices: tuple[tuple[str, tuple[str, ...]], ...] = ()
    days: tuple[str, ...] = ()
    calls: tuple[Called, ...] = ()
    rows: tuple[tuple[str, Scope], ...] = ()
    groups: tuple[tuple[str, bool], ...] = ()
    points: bool = False
    askable: bool = True

    def plus(self, **more: Any) -> Scope:
        """The scope with more names of some kinds."""
        return replace(self, **{k: (*getattr(self, k), *v) if isinstance(v, tuple) else v for k, v in more.items()})

    @property
    def named(self) -> tuple[str, ...]:
        """What `present` can ask of."""
        return (*self.pure, *self.money, *self.truths, *(n for n, _ in self.choices), *self.days)


class Maker:
    """Draws parts of schemes; formulas come out as text."""

    def __init__(self, draw: st.DrawFn, focus: str = "") -> None:
        self._draw, self.focus, self.count = draw, focus, 0

    def pick(self, options: Any) -> Any:
        return self._draw(st.sampled_from(list(options)))

    def chance(self, per_cent: int) -> bool:
        """Whether something happens that does so often; shrinks to no."""
        return self._draw(st.integers(0, 99)) >= 100 - per_cent

    def whole(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))

    def fresh(self, word: str) -> str:
        self.count += 1
        return f"{word}{self.count}"

    # ------------------------------------------------------------------------------------------ formulas

    def number(self, scope: Scope, depth: int = 3, money: bool = False) -> str:
        """A formula of a pure number, or of an amount of money."""
        names = scope.money if money else (*scope.pure, *(("points",) if scope.points else ()))
        if depth <= 0 or self.chance(25):
            literals = LITERALS[: -4 if money else None]  # a percentage is a pure number, a bare literal of any unit
            return self.pick(names) if names and self.chance(70) else self.pick(literals)

        def more(as_money: bool = money) -> str:
            return self.number(scope, depth - 1, as_money)

        calls = [c for c in scope.calls if not c.truth and not money and (scope.points or not c.points)]
        ways: list[Callable[[], str]] = [
            lambda: f"({more()} + {more()})",
            lambda: f"({more()} - {more()})",
            lambda: f"({more()} * {more(False)})",
            lambda: f"({more()} / {more(False)})",
            lambda: f"(-{more()})",
            lambda: f"min({more()}, {more()})",
            lambda: f"max({more()}, {more()}, {more()})",
            lambda: f"abs({more()})",
            lambda: f"({more()} if {self.truth(scope, depth - 1)} else {more()})",
        ]
        if not money:
            ways += [
                lambda: f"({more(True)} / {more(True)})",
                lambda: f"floor({more()})",
                lambda: f"round({more()}, {self.whole(0, 3)})",
                lambda: f"clip({more()}, {more()}, {more()})",
                lambda: f"steps_over({more()}, 10, 0.5, '{self.pick(('不计', '按比例', '计一档', '别的'))}')",
            ]
        if scope.days and not money:
            ways.append(lambda: f"(({self.pick(scope.days)} - {self.day(scope)}) / {self.pick(('10', '365', '0'))})")
        if scope.named and scope.askable:
            ways.append(lambda: f"({more()} if present({self.pick(scope.named)}) else {more()})")
        if calls:
            ways += [lambda: self.call(self.pick(calls), scope, depth)] * 3
        return self.pick(ways)()

    def call(self, called: Called, scope: Scope, depth: int) -> str:
        count = self.whole(called.least, len(called.parameters))
        return f"{called.name}({', '.join(self.number(scope, depth - 1) for _ in range(count))})"

    def day(self, scope: Scope) -> str:
        return self.pick((*scope.days, *(f"'{d}'" for d in DAYS)))

    def truth(self, scope: Scope, depth: int = 2) -> str:
        """A formula of a condition."""

        def compared() -> str:
            money = bool(scope.money) and self.chance(30)
            sign = self.pick(("<", "<=", ">", ">=", "==", "!="))
            text = f"{self.number(scope, depth - 1, money)} {sign} {self.number(scope, depth - 1, money)}"
            if self.chance(20):
                text += f" {self.pick(('<', '<=', '!='))} {self.number(scope, depth - 1, money)}"
            return f"({text})"

        def chosen() -> str:
            name, labels = self.pick(scope.choices)
            return f"({name} {self.pick(('==', '!='))} '{self.pick(labels)}')"

        ways: list[Callable[[], str]] = [compared, compared]
        if scope.choices:
            ways.append(chosen)
        if scope.truths:
            ways.append(lambda: self.pick(scope.truths))
        if scope.named and scope.askable:
            ways.append(lambda: f"present({self.pick(scope.named)})")
        if scope.days:
            ways.append(lambda: f"({self.pick(scope.days)} {self.pick(('<', '>=', '=='))} {self.day(scope)})")
            ways.append(lambda: f"({self.pick(scope.days)} + {self.whole(0, 200)} > {self.day(scope)})")
        calls = [c for c in scope.calls if c.truth and (scope.points or not c.points)]
        if calls:
            ways.append(lambda: self.call(self.pick(calls), scope, depth))
        if depth > 0:
            ways += [
                lambda: f"({self.truth(scope, depth - 1)} and {self.truth(scope, depth - 1)})",
                lambda: f"({self.truth(scope, depth - 1)} or {self.truth(scope, depth - 1)})",
                lambda: f"(not {self.truth(scope, depth - 1)})",
                lambda: f"({self.truth(scope, depth - 1)} == {self.truth(scope, depth - 1)})",
            ]
        return self.pick(ways)()

    # ------------------------------------------------------------------------------------------ bodies

    def outcome(self, scope: Scope, money: bool = False) -> Any:
        text = self.number(scope, self.whole(0, 2), money)
        return {"value": text, "reason": "未达标"} if self.chance(15) else text

    def bands(self, scope: Scope, yields: Callable[[], Any]) -> dict[str, Any]:
        money = bool(scope.money) and self.chance(20)
        of = self.number(scope, self.whole(0, 2), money)
        cuts = self._draw(st.lists(st.sampled_from(CUTS), min_size=1, max_size=4, unique_by=exact))
        side = self.pick(("from", "above", "to", "below", "between"))
        cuts.sort(key=exact, reverse=side in ("from", "above"))
        if side != "between":
            return {"of": of, side: {**{cut: yields() for cut in cuts}, "else": yields()}}
        bands, edges = [], [*cuts, "200"]
        for low, high in itertools.pairwise(edges):
            if self.chance(80) or not bands:
                bands.append([low, high, yields()])
        if self.chance(20):
            bands.append([edges[-1], edges[-1], yields()])
        return {"of": of, "between": bands[::-1] if self.chance(50) else bands}

    def cases(self, scope: Scope, yields: Callable[[], Any]) -> dict[str, Any]:
        made = {self.truth(scope, self.whole(0, 2)): yields() for _ in range(self.whole(1, 3))}
        return made | ({"else": yields()} if self.chance(60) else {})

    def statistic(self, scope: Scope) -> dict[str, Any]:
        """A statistic over the rows of a kind, or over the children of a group that is complete."""
        kind, over, inner = self.pick(
            [
                *(("rows", name, columns) for name, columns in scope.rows),
                *(("node", n, free) for n, free in scope.groups),
            ]
        )
        names = inner if kind == "rows" else scope.plus(pure=("score", "possible"), points=not inner)
        word = self.pick(("sum", "mean", "min", "max", "count", "largest", "smallest", "quantile"))
        item = self.truth(names, 1) if word == "count" else self.number(names, self.whole(0, 2))
        made: dict[str, Any] = {word: item, "over": over}
        if self.chance(35):
            made["where"] = self.truth(names, 1)
        if word == "mean" and self.chance(40):
            made["weighted_by"] = self.number(names, 1)
        if word in ("largest", "smallest"):
            made["k"] = self.whole(1, 3)
        if word == "quantile":
            made |= {
                "at": self.pick(("0", "25%", "1/3", "50%", "0.9", "1")),
                "method": self.pick(("nearest_rank", "linear")),
            }
        return made

    def body(
        self, scope: Scope, *, clipped: bool = False, money: bool = False, statistics: bool = True
    ) -> dict[str, Any]:
        """One body of any kind, as the keys that say it."""
        kinds = ["formula", "formula", "bands", "cases"]
        calls = [c for c in scope.calls if not c.truth and not money and (scope.points or not c.points)]
        kinds += ["rule"] * bool(calls)
        kinds += ["statistic"] * (2 * bool(statistics and not money and (scope.rows or scope.groups)))
        names = [n for n in (scope.money if money else scope.pure) if n not in ("score", "possible")]
        kinds += ["given"] * bool(names)
        match self.pick(kinds):
            case "formula":
                text = self.number(scope, self.whole(1, 3), money)
                return {"formula": f"min(max({text}, 0), points)" if clipped and scope.points else text}
            case "bands":
                return {"bands": self.bands(scope, lambda: self.outcome(scope, money))}
            case "cases":
                return {"cases": self.cases(scope, lambda: self.outcome(scope, money))}
            case "rule":
                called = self.pick(calls)
                given = called.parameters[: self.whole(called.least, len(called.parameters))]
                return {"rule": {called.name: {p: self.number(scope, 1) for p in given}}}
            case "given":
                return {"given": self.pick(names)}
            case _:
                return self.statistic(scope)

    def policies(
        self, scope: Scope, *, full: bool, per_cent: int = 40, number: bool = True, money: bool = False
    ) -> dict[str, Any]:
        """Policies of their own, with the clause that some of them want."""
        made: dict[str, Any] = {}
        for key in ("missing", "undefined", "not_applicable"):
            if self.chance(per_cent):
                words = ["refuse", "exclude", *(["zero", "formula"] * number), *(["full"] * full)]
                word = self.pick(words)
                made[key] = self.number(scope, 1, money) if word == "formula" else word
        if any(made.get(key) in ("full", "exclude") for key in ("missing", "undefined")):
            made["clause"] = "办法 第三条"
        return made

    def round(self, per_cent: int = 40) -> dict[str, Any]:
        if not self.chance(per_cent):
            return {}
        places = self.whole(0, 3)
        return {
            "round": places if self.chance(60) else {"places": places, "mode": self.pick(("half_up", "down", "up"))}
        }

    # ------------------------------------------------------------------------------------------ inputs, rows, values

    def inputs(self) -> tuple[dict[str, Any], Scope]:
        made: dict[str, Any] = {}
        for name in ("甲", "乙", "丙")[: self.whole(1, 3)]:
            made[name] = {"kind": "number"}
            made[name] |= {"min": self.pick((0, -10))} if self.chance(70) else {}
            made[name] |= {"max": self.pick((100, 20, "200/3"))} if self.chance(50) else {}
            made[name] |= {"decimals": self.whole(0, 3)} if self.chance(20) and made[name].get("max") != "200/3" else {}
        made["率"] = {"kind": "number", "unit": "%", "min": 0, "max": self.pick((1, 2))}
        made["率"] |= {"written": "percent"} if self.chance(30) else {}
        scope = Scope(pure=tuple(made))
        if self.chance(60):
            units = self.pick((("元", "万元"), ("万元", "元"), ("亿元", "万元")))
            for name, unit in zip(("收", "支"), units, strict=True):
                made[name] = {"kind": "number", "unit": unit, "min": 0}
            scope = scope.plus(money=("收", "支"))
        made["否"] = {"kind": "boolean"}
        scope = scope.plus(truths=("否",))
        if self.chance(60):
            made["类别"] = {"kind": "choice", "choices": list(LABELS)}
            scope = scope.plus(choices=(("类别", LABELS),))
        if self.chance(50):
            made["开工"], made["完工"] = {"kind": "date"}, {"kind": "date", "min": "2022-01-01"}
            scope = scope.plus(days=("开工", "完工"))
        for about in made.values():
            about |= {"optional": True} if self.chance(50) else {}
        return made, scope

    def row_kind(self, scope: Scope) -> tuple[dict[str, Any], Scope]:
        """A kind of row, and what formulas over its rows may say."""
        number = self.pick(("number", "measure"))
        columns: dict[str, Any] = {
            "名称": {"kind": "text"},
            "类": {"kind": "choice", "choices": ["子", "丑"]},
            "分值": {"kind": "number", "min": 0, "optional": True},
            "目标": {"kind": number, "optional": True},
            "实际": {"kind": number, "optional": True},
            "计入": {"kind": "boolean", "optional": True},
        }
        inner = scope.plus(pure=("分值", "目标", "实际"), truths=("计入",), choices=(("类", ("子", "丑")),), rows=())
        made: dict[str, Any] = {"name": "名称", "columns": columns}
        made["points"] = self.pick(("分值", "分值", "分值 * 0.5", "min(分值, 20)", "10"))
        if self.chance(40):
            made["counts"] = self.pick(("计入", "not (present(计入) and 计入)", self.truth(inner, 1)))
        if self.chance(25):
            made["applies_when"] = self.truth(inner, 1)
        scored = inner.plus(points=True)
        made |= self.body(scored, clipped=self.chance(70), statistics=False)
        made |= self.policies(scored, full=True) | self.round()
        if self.chance(20):
            made["checks"] = {"行查": {"holds": self.truth(scored, 1), "severity": "remark"}}
        return made, scored

    def value(self, scope: Scope) -> tuple[Any, str]:
        """A value, and what it is."""
        kind = self.pick(("pure", "pure", "money", "truths")) if scope.money else self.pick(("pure", "pure", "truths"))
        if kind == "truths":
            text = self.truth(scope, 2)
            return (
                text if self.chance(50) else {"formula": text} | self.policies(scope, full=False, number=False)
            ), kind
        if self.chance(40):
            return self.number(scope, 2, kind == "money"), kind
        made = self.body(scope, money=kind == "money") | self.round(30)
        return made | self.policies(scope, full=False, per_cent=30, money=kind == "money"), kind

    def definition(self, known: tuple[Called, ...]) -> tuple[str, Any, Called]:
        name, parameters = self.fresh("规则"), ("p", "q", "r")[: self.whole(1, 3)]
        points = self.chance(40)
        scope = Scope(pure=parameters, calls=known, points=points, askable=False)
        if self.chance(20):
            called = Called(name, parameters, len(parameters), points, truth=True)
            return f"{name}({', '.join(parameters)})", self.truth(scope, 2), called
        made: dict[str, Any] = {}
        if self.chance(40):
            inner = self.body(scope, statistics=False)
            made["values"] = {"步": inner | self.policies(scope, full=False, per_cent=25) | self.round(30)}
            scope = scope.plus(pure=("步",))
        defaults = {p: self.pick(LITERALS) for p in parameters[1:]} if self.chance(30) else {}
        made |= self.body(scope, statistics=False) | ({"defaults": defaults} if defaults else {})
        called = Called(name, parameters, 1 if defaults else len(parameters), points)
        return f"{name}({', '.join(parameters)})", made, called

    # ------------------------------------------------------------------------------------------ the tree

    def shares(self, points: Fraction, count: int) -> list[Fraction]:
        parts = [self.whole(1, 5) for _ in range(count)]
        return [points * part / sum(parts) for part in parts]


@dataclass
class Tree:
    """Draws the tree of a scheme: what is complete may be read by what comes after it."""

    maker: Maker
    scope: Scope
    scales: tuple[str, ...] = ()
    lights: dict[str, str] = field(default_factory=dict)
    free: bool = True  # whether a leaf may be free: not where leaves inherit `full`

    def node(self, path: str, points: Fraction, depth: int, dealt: bool = False) -> dict[str, Any]:
        """A node worth so many points, stated unless its parent deals them out."""
        m = self.maker
        kind = m.pick(
            ["leaf"] * (1 + 2 * (depth < 3)) + ["group"] * (3 * (depth > 0)) + ["rows"] * bool(self.scope.rows)
        )
        if m.focus == "rows" and self.scope.rows and m.chance(30):
            kind = "rows"
        if not path and depth > 1 and m.chance(85):
            kind = "group"
        stated = {} if dealt else {"points": written(points)}
        match kind:
            case "leaf":
                return self.leaf(path, stated, points)
            case "rows":
                return self.open_group(path, stated, points, dealt)
        return self.group(path, stated, points, depth, dealt)

    def leaf(self, path: str, stated: dict[str, Any], points: Fraction | None) -> dict[str, Any]:
        m = self.maker
        scope = self.scope.plus(points=points is not None)
        made = stated | m.body(scope, clipped=m.chance(70)) | m.policies(scope, full=points is not None) | m.round(30)
        if m.chance(20):
            made["applies_when"] = m.truth(scope, 1)
        return self.finished(path, made, points)

    def open_group(self, path: str, stated: dict[str, Any], points: Fraction, dealt: bool) -> dict[str, Any]:
        m = self.maker
        name, columns = m.pick(self.scope.rows)
        made = stated | {"rows": name, "adjustable": True}
        split = m.chance(30)
        if split:
            made["split"] = "equally"
        if m.chance(60):
            made["where"] = m.pick(("类 == '子'", "类 != '子'", m.truth(columns.plus(points=not split), 1)))
        made |= self.gathering(dealt) | m.round(25)
        return self.finished(path, made, points)

    def gathering(self, dealt: bool) -> dict[str, Any]:
        """What groups of all kinds may state."""
        m = self.maker
        made: dict[str, Any] = {}
        if m.chance(30):
            made |= {"at_least": m.whole(0, 3)}
        if m.chance(35):
            made |= {"else": m.pick(("absent", "zero", "refuse"))}
        if m.chance(35):
            made |= {"rescale": True}
        if m.chance(15):
            made["applies_when"] = m.truth(self.scope, 1)
        return made

    def group(self, path: str, stated: dict[str, Any], points: Fraction, depth: int, dealt: bool) -> dict[str, Any]:
        m = self.maker
        made = dict(stated)
        inner = points
        if not dealt and m.chance(20):
            made["scale_to"] = made.pop("points")
            inner = Fraction(m.pick((100, 50, 20)))
            made |= {"points": written(inner)} if m.chance(70) else {}
        way = m.pick(("points", "points", "points", "weights", "split", "mean", "min", "max", "body"))
        if way in ("weights", "split", "mean", "min", "max", "body") and not dealt:
            made["points"] = written(inner)
        if m.chance(30):
            made["leaves"] = m.policies(self.scope.plus(points=True), full=m.chance(50), per_cent=35) | m.round(30)
        above, self.free = self.free, self.free and "full" not in made.get("leaves", {}).values()
        children: dict[str, Any] = {}
        count = m.whole(1, 4)
        before = dict(self.lights)
        if way == "split":
            made["split"] = "equally"
        shares = (
            m.shares(inner, count)
            if way in ("points", "weights")
            else [inner / count if way == "split" else inner] * count
        )
        weights = [share / inner for share in shares]
        for share, weight in zip(shares, weights, strict=True):
            name, about = self.child(
                path, lambda at, s=share: self.node(at, s, depth - 1, dealt=way in ("weights", "split"))
            )
            children[name] = about | ({"weight": written(weight)} if way == "weights" else {})
        free = False
        if way in ("points", "mean", "min", "max", "body"):
            if m.chance(10):
                name, about = self.child(path, lambda at: {"title": "只列不计"}, shown=False)
                children[name] = about
            if m.chance(15):
                name, about = self.child(path, lambda at: self.leaf(at, {"points": 5}, Fraction(5)))
                children[name] = about | {"counts": False}
            if way == "points" and self.free and m.chance(12):
                name, about = self.child(path, lambda at: self.leaf(at, {"points": "free"}, None))
                children[name], free = about, True
            if way == "points" and m.chance(12):
                name, about = self.child(path, lambda at: self.leaf(at, {"points": [-4, 0]}, Fraction(0)))
                children[name] = about
        made["children"], self.free = children, above
        made |= self.gathering(dealt)
        self.scope = self.scope.plus(groups=((path or "总分", free),))
        if way in ("mean", "min", "max"):
            made["combine"] = way
        if way == "body":
            made.pop("rescale", None)
            made |= m.body(self.scope.plus(points=True), clipped=m.chance(50))
            made |= m.policies(self.scope.plus(points=True), full=True, per_cent=20)
        made |= m.round(25)
        lit = [n for n in self.lights if n not in before and n.rpartition("/")[0] == path]
        if lit and all(self.lights[n] == "灯" for n in lit) and m.chance(60):
            made["grade"] = {"combine": "min", "scale": "灯"}
        return self.finished(path, made, inner, at=made.get("scale_to"))

    def child(self, path: str, made: Callable[[str], dict[str, Any]], shown: bool = True) -> tuple[str, dict[str, Any]]:
        m = self.maker
        name = m.fresh("项")
        odd = m.chance(8)
        key = f"{name}-号" if odd else name
        about = made(f"{path}/{key}" if path else key)
        if odd and m.chance(50):
            about["id"] = name
        if shown and (not odd or "id" in about):
            self.scope = self.scope.plus(pure=(name,))
        return key, about

    def finished(self, path: str, made: dict[str, Any], points: Fraction | None, at: Any = None) -> dict[str, Any]:
        """Adjustments, gates and a grade of its own, for some nodes."""
        m = self.maker
        scope = self.scope.plus(points=points is not None)
        if m.chance(18):
            adjustments: dict[str, Any] = {"between": m.pick(([-3, 3], [0, 2], ["-1/3", 5]))} if m.chance(40) else {}
            for _ in range(m.whole(1, 2)):
                about = m.body(scope) | m.policies(scope, full=points is not None, per_cent=30)
                about |= {"between": m.pick(([0, 2], [-5, 0], [-1, 1]))} if m.chance(60) else {}
                adjustments[m.fresh("加")] = about
            made["adjustments"] = adjustments
        if m.chance(18):
            made["gates"] = {
                m.fresh("否决"): {"when": m.truth(self.scope, 1), "at_most": m.pick((0, 5, 59, "10.005", "20/3"))}
                for _ in range(m.whole(1, 2))
            }
        if "grade" not in made and m.chance(20):
            if self.scales and m.chance(60):
                made["grade"] = m.pick(self.scales)
                self.lights[path] = made["grade"]
            else:
                own = self.scope.plus(pure=("score", "possible"), points=points is not None)
                made["grade"] = grade(m, own, of_node=True)
                self.lights[path] = path
        return made


def grade(m: Maker, scope: Scope, *, of_node: bool = False, of: str = "") -> dict[str, Any]:
    """A scale of labels, with a body of any kind that yields them."""
    made: dict[str, Any] = {"labels": list(LABELS)}
    match m.pick(("bands", "bands", "cases", "formula", "given")):
        case "cases":
            made["cases"] = m.cases(scope, lambda: m.pick(LABELS))
        case "formula":
            made["formula"] = f"'{m.pick(LABELS)}' if {m.truth(scope, 1)} else '{m.pick(LABELS)}'"
        case "given" if scope.choices:
            made["given"] = m.pick(scope.choices)[0]
        case _:
            made["bands"] = m.bands(scope, lambda: m.pick(LABELS))
            if m.chance(70):
                made["bands"]["of"] = of or ("score / points" if scope.points else "score")
    if m.chance(40):
        made["reads"] = m.pick(("raw", "rounded"))
    if m.chance(30):
        made["gates"] = {
            m.fresh("一票"): {"when": m.truth(scope, 1), "no_better_than": m.pick(LABELS)} for _ in range(m.whole(1, 2))
        }
    return made


FOCUSES = ("leaves", "groups", "rows", "definitions", "everything")


@st.composite
def scheme_data(draw: st.DrawFn, focus: str = "everything") -> dict[str, Any]:
    """A scheme as plain data. A focus draws more of one part of the language, and less of the others."""
    m = Maker(draw, focus)
    data: dict[str, Any] = {"perfrules": 1, "scheme": "test.drawn", "title": "抽取的体系", "edition": "1"}
    data["clause" if m.chance(50) else "assumed"] = "某条"
    data["inputs"], scope = m.inputs()
    if focus in ("definitions", "everything"):
        definitions = {}
        for _ in range(m.whole(1 if focus == "definitions" else 0, 3)):
            signature, about, called = m.definition(scope.calls)
            definitions[signature] = about
            scope = scope.plus(calls=(called,))
        if definitions:
            data["definitions"] = definitions
    if focus == "rows" or (focus == "everything" and m.chance(40)):
        kind, columns = m.row_kind(scope)
        data["rows"] = {"指标行": kind}
        scope = scope.plus(rows=(("指标行", columns),))
    values: dict[str, Any] = {}
    for _ in range(m.whole(0, 3)):
        about, kind = m.value(scope)
        name = m.fresh("值")
        values[name] = about
        scope = scope.plus(**{kind: (name,)})
    grades: dict[str, Any] = {}
    if m.chance(50):
        grades["灯"] = {
            "bands": {"of": m.pick(("score", "score / possible")), "from": {"10": "绿", "0.5": "黄", "else": "红"}}
        }
    tree = Tree(m, scope, tuple(grades))
    depth = {"leaves": 1, "definitions": 1, "rows": 2}.get(focus, 3)
    data["tree"] = tree.node("", Fraction(m.pick((100, 60, 10))), depth)
    after = tree.scope.plus(pure=("总分",))
    for _ in range(m.whole(0, 2)):
        about, kind = m.value(after)
        name = m.fresh("后")
        values[name] = about
        after = after.plus(**{kind: (name,)})
    for _ in range(m.whole(0, 2)):
        grades[m.fresh("等级")] = grade(m, after, of="总分")
    checks = {m.fresh("勾稽"): {"holds": m.truth(after, 1), "severity": "remark"} for _ in range(m.whole(0, 1))}
    data |= {k: v for k, v in (("values", values), ("grades", grades), ("checks", checks)) if v}
    return data


def text_of(data: dict[str, Any], *, block: bool = False) -> str:
    """A scheme's data as the text of a file: JSON, which is YAML too, or block YAML."""
    if block:
        return yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=10_000)
    return json.dumps(data, ensure_ascii=False)


# ---------------------------------------------------------------------------------------------------- records

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?%?")


def landmarks(scheme: Scheme) -> list[Fraction]:
    """The numbers that a scheme's own text speaks of: where something may change."""
    seen = {exact(text) for text in _NUMBER.findall(scheme.text) if len(text) < 8}
    return sorted(n for n in seen if n <= 1000)


@st.composite
def record_data(draw: st.DrawFn, scheme: Scheme, holes: bool = True) -> dict[str, Any]:
    """A record of a scheme: each cell at or near a landmark or bound, missing, or not applicable; zero to four rows."""
    near = landmarks(scheme)
    record = {name: _cell(draw, each, near, holes) for name, each in scheme.inputs.items()}
    for name, kind in scheme.rows.items():
        record[name] = [_row(draw, kind, near, number, holes) for number in range(draw(st.integers(0, 4)))]
    return {name: cell for name, cell in record.items() if cell is not None or draw(st.booleans())}


def _row(draw: st.DrawFn, kind: RowKind, near: list[Fraction], number: int, holes: bool) -> dict[str, Any]:
    cells = {c.name: _cell(draw, c, near, holes) for c in kind.columns}
    return cells | {kind.name_column: f"行{number + 1}"}


def _cell(draw: st.DrawFn, each: Input, near: list[Fraction], holes: bool) -> Any:
    state = draw(st.integers(0, 19)) if holes else 0
    if state >= 17 and each.kind != "text":
        return None if state < 19 else "/"
    match each.kind:
        case "boolean":
            return draw(st.booleans())
        case "choice":
            return draw(st.sampled_from(each.choices))
        case "date":
            day = date.fromisoformat(draw(st.sampled_from(DAYS)))
            return (day + timedelta(draw(st.sampled_from((0, 0, 1, -1, 30))))).isoformat()
        case "text":
            return "文字"
    return _number(draw, each, near)


def _number(draw: st.DrawFn, each: Input, near: list[Fraction]) -> Any:
    low = each.low if isinstance(each.low, Fraction) else None
    high = each.high if isinstance(each.high, Fraction) else None
    bounds = [b for b in (low, high) if b is not None and (b * 1000).denominator == 1]
    value = draw(st.sampled_from([*bounds, *near, Fraction(0)]))
    value += draw(st.sampled_from([Fraction(0)] * 3 + [Fraction(d, 1000) for d in (10, -10, 5, -5)]))
    if draw(st.integers(0, 9)) == 9:
        value = Fraction(draw(st.integers(-10, 120_000)), 1000)
    value = max(value, low) if low is not None else value
    if high is not None and value > high:
        value = Fraction(int(high * 100), 100)
    if each.decimals is not None:
        value = Fraction(int(value * 10**each.decimals), 10**each.decimals)
    percent = each.written == "percent"
    text = Decimal((value * (100 if percent else 1)).numerator) / Decimal((value * (100 if percent else 1)).denominator)
    return draw(st.sampled_from([str, Decimal, lambda d: f"{d}%" if percent else float(d)]))(text.normalize() + 0)


@st.composite
def ruling_list(draw: st.DrawFn, scheme: Scheme, rows: dict[str, int]) -> tuple[Ruling, ...]:
    """Seldom one ruling, on a node or a row."""
    if draw(st.integers(0, 9)) < 9:
        return ()
    paths = [n.path for n in scheme.tree.walk() if n.points is not None]
    paths += [f"{n.path}/行1" for n in scheme.tree.walk() if isinstance(n.holds, OpenGroup) and rows.get(n.holds.rows)]
    points = Fraction(draw(st.sampled_from(CUTS[1:-2:2]).map(exact)))
    return (Ruling(draw(st.sampled_from(paths)), points, "复核", "评审组", date(2024, 1, 1)),)


# ---------------------------------------------------------------------------------------------------- formulas

FULL_WIDTH = {"(": "（", ")": "）", "+": "＋", "*": "×", "/": "÷", ">=": "≥", "<=": "≤", "!=": "≠", ",": "，", "-": "－",
              "<": "＜", ">": "＞", "%": "％"}  # fmt: skip
_SIGN = re.compile(r"('[^']*')|(>=|<=|!=|==|[()+*/,\-<>%])|(\d)")


def in_full_width(text: str, digits: bool = True) -> str:
    """The same formula in full-width signs, as a Chinese keyboard types it; quoted text is left alone."""

    def folded(match: re.Match[str]) -> str:
        quoted, sign, digit = match.groups()
        if quoted:
            return quoted
        if digit:
            return chr(ord(digit) + 0xFEE0) if digits else digit
        return FULL_WIDTH.get(sign, sign)

    return _SIGN.sub(folded, text)


@contextmanager
def no_error_but_ours() -> Iterator[None]:
    """Within this, only findings may be raised."""
    from perfrules.findings import PerfrulesError

    with suppress(PerfrulesError):
        yield
