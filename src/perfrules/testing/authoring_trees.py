"""Draws whole schemes as an author might write them 拟写体系, as plain data and as text."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import yaml
from attrs import Factory, define, evolve
from hypothesis import strategies as st

from perfrules import assembling, checking, documents, loading
from perfrules.model import Scheme
from perfrules.testing.authoring import LABELS, Scope
from perfrules.testing.authoring_parts import CAPS, PartAuthor, written


@define
class Tree:
    """Draws the tree of a scheme: what is complete may be read by what comes after it."""

    author: PartAuthor
    scope: Scope
    scales: tuple[str, ...] = ()
    lights: dict[str, str] = Factory(dict)
    free: bool = True  # whether a leaf may be free: not where leaves inherit `full`

    def node(self, path: str, points: Fraction, depth: int, dealt: bool = False) -> dict[str, Any]:
        """A node worth so many points, stated unless its parent deals them out."""
        m = self.author
        kind = m.pick(
            ["leaf"] * (1 + 2 * (depth < 3)) + ["group"] * (3 * (depth > 0)) + ["rows"] * bool(self.scope.rows)
        )
        if m.focus == "rows" and self.scope.rows and m.chance(30):
            kind = "rows"
        if not path and depth > 1 and m.chance(85):
            kind = "group"
        stated = {} if dealt else {"points": written(points)}
        if kind == "leaf":
            return self.leaf(path, stated, points)
        if kind == "rows":
            return self.open_group(path, stated, points, dealt)
        return self.group(path, stated, points, depth, dealt)

    def leaf(self, path: str, stated: dict[str, Any], points: Fraction | None) -> dict[str, Any]:
        m = self.author
        scope = self.scope.plus(points=points is not None)
        if m.focus == "edges" or m.chance(10):
            return self.edge(path, stated)
        made = stated | m.body(scope, clipped=m.chance(70)) | m.policies(scope, full=points is not None) | m.round(30)
        if m.chance(20):
            made["applies_when"] = m.truth(scope, 1)
        return self.finished(path, made, points)

    def edge(self, path: str, stated: dict[str, Any]) -> dict[str, Any]:
        """A leaf whose figure stands at its own edges: taken as given, capped between two places, rounded and read."""
        m = self.author
        made = stated | {"given": m.pick(self.scope.pure[:4]), "round": m.whole(0, 2)}
        made["grade"] = {
            "labels": list(LABELS),
            "bands": {"of": "score", **m.cut_bands(lambda: m.pick(LABELS))},
            "reads": m.pick(("raw", "rounded")),
        }
        if m.chance(60):
            at_most = m.pick(CAPS)
            made["gates"] = {m.fresh("否决"): {"when": m.pick(("否", "not 否")), "at_most": at_most}}
        self.lights[path] = path
        return made

    def open_group(self, path: str, stated: dict[str, Any], points: Fraction, dealt: bool) -> dict[str, Any]:
        m = self.author
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
        m = self.author
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
        m = self.author
        made = dict(stated)
        inner = points
        if not dealt and m.chance(20):
            made["scale_to"] = made.pop("points")
            inner = Fraction(m.pick((100, 50, 20)))
            made |= {"points": written(inner)} if m.chance(70) else {}
        way = m.pick(("points", "points", "points", "weights", "split", *_COMBINED, "body"))
        if way != "points" and not dealt:
            made["points"] = written(inner)
        if m.chance(30):
            made["leaves"] = m.policies(self.scope.plus(points=True), full=m.chance(50), per_cent=35) | m.round(30)
        plain = {"refuse", "zero", "exclude"}  # any other policy may want points, which a free leaf has not
        stated_here = [about for key, about in made.get("leaves", {}).items() if key not in ("round", "clause")]
        above, self.free = self.free, self.free and plain.issuperset(stated_here)
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
            name, about = self.child(path, self._dealing(share, depth - 1, way))
            children[name] = about | ({"weight": written(weight)} if way == "weights" else {})
        free = False
        if way in ("points", *_COMBINED, "body"):
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
        if way in _COMBINED:
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

    def _dealing(self, share: Fraction, depth: int, way: str) -> Callable[[str], dict[str, Any]]:
        return lambda at: self.node(at, share, depth, dealt=way in ("weights", "split"))

    def child(self, path: str, made: Callable[[str], dict[str, Any]], shown: bool = True) -> tuple[str, dict[str, Any]]:
        m = self.author
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
        m = self.author
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


_COMBINED = ("mean", "min", "max", "product", "geometric")


def grade(m: PartAuthor, scope: Scope, *, of_node: bool = False, of: str = "") -> dict[str, Any]:
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


@st.composite
def scheme_data(draw: st.DrawFn, focus: str = "everything") -> dict[str, Any]:
    """A scheme as plain data. A focus draws more of one part of the language, and less of the others."""
    m = PartAuthor(draw, focus, powers=focus == "everything" and draw(st.integers(0, 3)) == 3)
    data: dict[str, Any] = {"perfrules": 1, "scheme": "test.drawn", "title": "抽取的体系", "edition": "1"}
    data["clause" if m.chance(50) else "assumed"] = "某条"
    data["inputs"], scope = m.inputs()
    if focus == "everything" and (stages := m.stages(data["inputs"])):
        data["stages"] = stages
    if focus in ("definitions", "everything"):
        definitions = {}
        for _ in range(m.whole(1 if focus == "definitions" else 0, 3)):
            signature, about, called = m.definition(scope.calls)
            definitions[signature] = about
            scope = scope.plus(calls=(called,))
        if definitions:
            data["definitions"] = definitions
    if focus == "rows" or (focus == "everything" and m.chance(40)):
        row_kind, columns = m.row_kind(scope)
        data["rows"] = {"指标行": row_kind}
        scope = scope.plus(rows=(("指标行", columns),))
    values: dict[str, Any] = {}
    for _ in range(0 if focus == "edges" else m.whole(0, 3)):
        about, kind = m.value(scope)
        name = m.fresh("值")
        values[name] = about
        scope = scope.plus(**{kind: (name,)})
    if focus == "everything" and m.chance(15):
        data["benchmarks"] = {name: m.benchmark(scope) for name in ("参照1", "参照2")[: m.whole(1, 2)]}
        scope = scope.plus(pure=tuple(data["benchmarks"]))
    grades: dict[str, Any] = {}
    if m.chance(50):
        grades["灯"] = {
            "bands": {"of": m.pick(("score", "score / possible")), "from": {"10": "绿", "0.5": "黄", "else": "红"}}
        }
    tree = Tree(m, scope, tuple(grades))
    depth = {"leaves": 1, "edges": 1, "definitions": 1, "rows": 2}.get(focus, 3)
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
    if focus == "everything" and m.chance(15):
        ties = m.pick(("min", "dense", "all", m.number(after, 1)))
        data["ranking"] = {"of": "总分", "order": m.pick(("descending", "ascending")), "ties": ties}
        data["ranking"] |= {"within": "类别"} if "类别" in data["inputs"] and m.chance(50) else {}
    data |= {k: v for k, v in (("values", values), ("grades", grades), ("checks", checks)) if v}
    return data


def text_of(data: dict[str, Any], *, block: bool = False) -> str:
    """A scheme's data as the text of a file: JSON, which is YAML too, or block YAML."""
    if block:
        return yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=10_000)
    return json.dumps(data, ensure_ascii=False)


def loaded(text: str) -> Scheme | None:
    """The scheme of a text; None where something is wrong with it. As `load` makes it, but for what that remarks of
    ranges, which takes it longer than all else."""
    root, found = documents.read(text, "<drawn>")
    if root is None:
        return None
    scheme, more = loading.load(root, "<drawn>", assembling.prelude())
    if scheme is None or any(f.severity == "error" for f in (*found, *more, *checking.check_names(scheme))):
        return None
    return evolve(scheme, findings=(*found, *more))
