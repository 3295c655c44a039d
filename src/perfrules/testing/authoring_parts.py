"""Draws the parts of schemes as an author might write them 拟写体系各部分: bodies, policies, inputs, rows, values, definitions."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

from attrs import evolve
from hypothesis import strategies as st

from perfrules.testing.authoring import LABELS, LITERALS, Author, Called, Scope, exact

CUTS = (
    "-5", "0", "0.005", "0.5", "60%", "0.8", "90%", "1", "1.005", "2", "3", "5", "10", "12.5",
    "20", "33.335", "50", "60", "80", "90", "100",
)  # fmt: skip
CAPS = ("0.005", "1.005", "12.5", "33.335", "20/3")


def written(number: Fraction) -> Any:
    """A number as a scheme file may say it: plain, or as a constant formula."""
    return int(number) if number.denominator == 1 else f"{number.numerator}/{number.denominator}"


class PartAuthor(Author):
    """Draws parts of schemes, as plain data; `focus` is what there is to be more of."""

    def __init__(self, draw: st.DrawFn, focus: str = "", *, prelude: bool = True, powers: bool = False) -> None:
        super().__init__(draw, prelude=prelude, powers=powers)
        self.focus = focus

    def outcome(self, scope: Scope, money: bool = False) -> Any:
        """What a band or case yields."""
        text = self.number(scope, self.whole(0, 2), money)
        return {"value": text, "reason": "未达标"} if self.chance(15) else text

    def bands(self, scope: Scope, yields: Callable[[], Any]) -> dict[str, Any]:
        """Bands of some quantity."""
        money = bool(scope.money) and self.chance(20)
        return {"of": self.number(scope, self.whole(0, 2), money), **self.cut_bands(yields)}

    def cut_bands(self, yields: Callable[[], Any]) -> dict[str, Any]:
        """Cut points, complete by construction, or a printed table with gaps."""
        cuts = self._draw(st.lists(st.sampled_from(CUTS), min_size=1, max_size=4, unique_by=exact))
        side = self.pick(("from", "above", "to", "below", "between"))
        cuts.sort(key=exact, reverse=side in ("from", "above"))
        if side != "between":
            return {side: {**{cut: yields() for cut in cuts}, "else": yields()}}
        bands: list[list[Any]] = []
        edges = [*cuts, "200"]
        for low, high in pairwise(edges):
            if self.chance(80) or not bands:
                bands.append([low, high, yields()])
        if self.chance(20):
            bands.append([edges[-1], edges[-1], yields()])
        return {"between": bands[::-1] if self.chance(50) else bands}

    def cases(self, scope: Scope, yields: Callable[[], Any]) -> dict[str, Any]:
        """Conditions, with an `else` or without."""
        made = {self.truth(scope, self.whole(0, 2)): yields() for _ in range(self.whole(1, 3))}
        return made | ({"else": yields()} if self.chance(60) else {})

    def statistic(self, scope: Scope) -> dict[str, Any]:
        """A statistic over the rows of a kind, or over the children of a group that is complete."""
        of_children = scope.plus(pure=("score", "possible"))
        groups = [(name, evolve(of_children, points=not free)) for name, free in scope.groups]
        over, names = self.pick([*scope.rows, *groups])
        word = self.pick(("sum", "mean", "min", "max", "count", "largest", "smallest", "quantile", "quantile"))
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
                if clipped and scope.points and len(names) > 1 and self.chance(40):
                    return {
                        "formula": f"min(max({self.pick(names)} / {self.pick(names)}, 0), 1) * points"
                    }  # as most are
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
        """A rounding, or none."""
        if not self.chance(per_cent):
            return {}
        places = self.whole(0, 3)
        return {
            "round": places if self.chance(60) else {"places": places, "mode": self.pick(("half_up", "down", "up"))}
        }

    # ------------------------------------------------------------------------------------------ inputs, rows, values

    def inputs(self) -> tuple[dict[str, Any], Scope]:
        """Inputs of every kind, and what formulas may say of them."""
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

    def stages(self, inputs: dict[str, Any]) -> list[str]:
        """Stages of the year, and on some inputs at which of them they are there."""
        if not self.chance(15):
            return []
        for about in inputs.values():
            about |= {"at": self.pick(("年中", ["年末"], ["年中", "年末"]))} if self.chance(30) else {}
        return ["年中", "年末"]

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
        if kind == "pure" and scope.rows and self.chance(40):
            return self.statistic(scope), kind
        if self.chance(40):
            return self.number(scope, 2, kind == "money"), kind
        made = self.body(scope, money=kind == "money") | self.round(30)
        return made | self.policies(scope, full=False, per_cent=30, money=kind == "money"), kind

    def benchmark(self, scope: Scope) -> dict[str, Any]:
        """A statistic over all records."""
        word = self.pick(("mean", "sum", "min", "max", "count", "quantile", "largest"))
        item = self.truth(scope, 1) if word == "count" else self.number(scope, self.whole(0, 2))
        made: dict[str, Any] = {word: item, "over": "cohort"}
        made |= {"where": self.truth(scope, 1)} if self.chance(25) else {}
        made |= {"by": self.pick([n for n, _ in scope.choices])} if scope.choices and self.chance(40) else {}
        made |= {"k": self.whole(1, 2)} if word == "largest" else {}
        if word == "quantile":
            made |= {"at": self.pick(("0", "1/3", "0.9")), "method": self.pick(("nearest_rank", "linear"))}
        return made | self.round(30)

    def definition(self, known: tuple[Called, ...]) -> tuple[str, Any, Called]:
        """A definition with its signature, and how it is called."""
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

    def shares(self, points: Fraction, count: int) -> list[Fraction]:
        """Points dealt out at random."""
        parts = [self.whole(1, 5) for _ in range(count)]
        return [points * part / sum(parts) for part in parts]
