"""One record at a time, written for the workload by hand in floats: what there is to compare the compiled reading with.

Every way scores a mapping of floats and gives every leaf, each rounded, four subtotals, the total and the grade. Their
names are ASCII (a0 and t0 for the first leaf's actual and target), as some of these languages want it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from workload import BANDS, LOWEST, STANDARD, TIERS, Layout, Leaf

Scored = tuple[list[float], str]
"""Leaves, subtotals and total in that order, and the grade."""
Single = Callable[[dict[str, float]], Scored]

LETTERS = {"实际": "a", "目标": "t", "次数": "c", "档次": "d"}


def plainly_named(record: Mapping[str, Any], of: Layout = STANDARD) -> dict[str, float]:
    """The record by ASCII names."""
    return {_ascii(name): float(record[name]) for name in of.inputs}


def _ascii(name: str) -> str:
    return LETTERS[name[:2]] + name.lstrip("".join(LETTERS)).lstrip("甲")


# ---------------------------------------------------------------------------------------------- Python


def python(of: Layout = STANDARD) -> Single:
    """A plain Python function over tables of names and points."""
    pairs = [(leaf.kind, *(_ascii(name) for name in leaf.reads), leaf.points) for leaf in of.leaves]
    ratios = [(actual, target, points) for kind, actual, target, points in _of(pairs, "ratio")]
    bands = [
        (actual, target, points, points * 80 / 100, points * 60 / 100)
        for _, actual, target, points in _of(pairs, "bands")
    ]
    counts = [(count, points) for _, count, points in _of(pairs, "count")]
    tiers = [(tier, points, points * 80 / 100, points * 60 / 100) for _, tier, points in _of(pairs, "tier")]
    ends = [sum(len(g) for g in of.groups[:n]) for n in range(len(of.groups) + 1)]
    spans = list(pairwise(ends))
    floor = math.floor

    def score(record: dict[str, float]) -> Scored:
        made: list[float] = []
        add = made.append
        for actual, target, points in ratios:
            goal = record[target]
            add(floor(min(record[actual] / goal, 1.0) * points * 100 + 0.5) / 100 if goal else 0.0)
        for actual, target, full, high, low in bands:
            goal = record[target]
            reached = record[actual] / goal if goal else 0.0
            if reached >= 0.9:
                value = full
            elif reached >= 0.8:
                value = high
            elif reached >= 0.6:
                value = low
            else:
                value = 0.0
            add(floor(value * 100 + 0.5) / 100)
        for count, points in counts:
            add(floor(max(points - 0.5 * record[count], 0.0) * 100 + 0.5) / 100)
        for tier, full, high, low in tiers:
            kind = record[tier]
            value = full if kind == 1 else high if kind == 2 else low if kind == 3 else 0.0
            add(floor(value * 100 + 0.5) / 100)
        subtotals = [sum(made[start:end]) for start, end in spans]
        total = sum(subtotals)
        grade = "优" if total >= 90 else "良" if total >= 80 else "中" if total >= 60 else "差"
        return [*made, *subtotals, total], grade

    return score


def _of(pairs: list[Any], kind: str) -> list[Any]:
    return [pair for pair in pairs if pair[0] == kind]


# ---------------------------------------------------------------------------------------------- simpleeval


def simpleeval(of: Layout = STANDARD) -> Single:
    """One simpleeval formula for each figure, each parsed beforehand."""
    from simpleeval import SimpleEval

    def r2(x: float) -> float:
        return math.floor(x * 100 + 0.5) / 100

    evaluator = SimpleEval(functions={"min": min, "max": max, "r2": r2}, names={})
    formulas = {f"l{leaf.number}": _python_formula(leaf) for leaf in of.leaves}
    formulas |= {f"g{n}": " + ".join(f"l{leaf.number}" for leaf in group) for n, group in enumerate(of.groups)}
    formulas["total"] = " + ".join(f"g{n}" for n in range(len(of.groups)))
    grade = "".join(f"'{label}' if total >= {cut} else " for cut, label in of.cuts.items()) + f"'{LOWEST}'"
    parsed = [(name, text, evaluator.parse(text)) for name, text in formulas.items()]
    parsed_grade = evaluator.parse(grade)

    def score(record: dict[str, float]) -> Scored:
        names = evaluator.names = dict(record)
        made = []
        for name, text, tree in parsed:
            value = names[name] = evaluator.eval(text, previously_parsed=tree)
            made.append(value)
        return made, evaluator.eval(grade, previously_parsed=parsed_grade)

    return score


def _python_formula(leaf: Leaf) -> str:
    names, points = [_ascii(name) for name in leaf.reads], leaf.points
    match leaf.kind:
        case "ratio":
            return f"0 if {names[1]} == 0 else r2(min({names[0]} / {names[1]}, 1) * {points})"
        case "bands":
            of = f"{names[0]} / {names[1]}"
            arms = "".join(f"{points} * {give / 100} if {of} >= {cut / 100} else " for cut, give in BANDS.items())
            return f"0 if {names[1]} == 0 else r2({arms}0)"
        case "count":
            return f"r2(max({points} - 0.5 * {names[0]}, 0))"
        case "tier":
            arms = "".join(f"{points} * {give / 100} if {names[0]} == {tier} else " for tier, give in TIERS.items())
            return f"r2({arms}0)"


# ---------------------------------------------------------------------------------------------- zen


def zen_graph(of: Layout = STANDARD) -> dict[str, Any]:
    """The workload as a decision graph of zen-engine: expression nodes for leaves, subtotals, total and grade."""
    nodes = [_zen_node("in", "inputNode")]
    for name, formulas in _zen_stages(of).items():
        nodes.append(_zen_expressions(name, formulas, keep=name != "leaves"))
    return _zen_chain([*nodes, _zen_node("out", "outputNode")])


def zen_graph_in_one_node(of: Layout = STANDARD) -> dict[str, Any]:
    """The same in a single expression node, whose expressions read those before them."""
    formulas: dict[str, str] = {}
    for stage in _zen_stages(of).values():
        known = "|".join(formulas) or "-"
        formulas |= {key: re.sub(rf"\b({known})\b", r"$.\1", text) for key, text in stage.items()}
    nodes = [_zen_node("in", "inputNode"), _zen_expressions("all", formulas, keep=False)]
    return _zen_chain([*nodes, _zen_node("out", "outputNode")])


def _zen_stages(of: Layout) -> dict[str, dict[str, str]]:
    leaves = {f"l{leaf.number}": _zen_formula(leaf) for leaf in of.leaves}
    groups = {f"g{n}": " + ".join(f"l{leaf.number}" for leaf in group) for n, group in enumerate(of.groups)}
    total = {"total": " + ".join(groups)}
    arms = "".join(f'total >= {cut} ? "{label}" : ' for cut, label in of.cuts.items())
    return {"leaves": leaves, "groups": groups, "total": total, "grade": {"grade": f'{arms}"{LOWEST}"'}}


def _zen_expressions(name: str, formulas: Mapping[str, str], *, keep: bool) -> dict[str, Any]:
    listed = [{"id": f"{name}-{key}", "key": key, "value": text} for key, text in formulas.items()]
    content = {"expressions": listed, "passThrough": keep, "executionMode": "single"}
    return _zen_node(name, "expressionNode", content | {"inputField": None, "outputPath": None})


def _zen_chain(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    places = [node["id"] for node in nodes]
    edges = [
        {"id": f"{source}-{target}", "sourceId": source, "targetId": target, "type": "edge"}
        for source, target in pairwise(places)
    ]
    return {"nodes": nodes, "edges": edges}


def _zen_node(name: str, kind: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
    node = {"id": name, "type": kind, "name": name, "position": {"x": 0, "y": 0}}
    return node if content is None else node | {"content": content}


def _zen_formula(leaf: Leaf) -> str:
    names, points = [_ascii(name) for name in leaf.reads], leaf.points
    match leaf.kind:
        case "ratio":
            return f"{names[1]} == 0 ? 0 : round(min([{names[0]} / {names[1]}, 1]) * {points}, 2)"
        case "bands":
            of = f"{names[0]} / {names[1]}"
            arms = "".join(f"{of} >= {cut / 100} ? {points * give / 100} : " for cut, give in BANDS.items())
            return f"{names[1]} == 0 ? 0 : round({arms}0, 2)"
        case "count":
            return f"round(max([{points} - 0.5 * {names[0]}, 0]), 2)"
        case "tier":
            arms = "".join(f"{names[0]} == {tier} ? {points * give / 100} : " for tier, give in TIERS.items())
            return f"round({arms}0, 2)"


def zen(of: Layout = STANDARD) -> Single:
    """A decision graph of zen-engine with a node for each level of the tree, created beforehand."""
    return _zen(zen_graph(of), of)


def zen_in_one_node(of: Layout = STANDARD) -> Single:
    """A decision graph of zen-engine with one expression node, created beforehand."""
    return _zen(zen_graph_in_one_node(of), of)


def _zen(graph: dict[str, Any], of: Layout) -> Single:
    import zen as engine

    decision = engine.ZenEngine().create_decision(json.dumps(graph))
    names = [f"l{leaf.number}" for leaf in of.leaves] + [f"g{n}" for n in range(len(of.groups))] + ["total"]

    def score(record: dict[str, float]) -> Scored:
        made = decision.evaluate(record)["result"]
        return [made[name] for name in names], made["grade"]

    return score


# ---------------------------------------------------------------------------------------------- cel


def cel(of: Layout = STANDARD) -> Single:
    """Compiled programs of `common-expression-language`: all leaves as one list, then subtotals, total and grade."""
    import cel as language

    leaves = language.compile(f"[{', '.join(_cel_formula(leaf) for leaf in of.leaves)}]")
    places = iter(range(len(of.leaves)))
    sums = [" + ".join(f"l[{next(places)}]" for _ in group) for group in of.groups]
    groups = language.compile(f"[{', '.join(sums)}]")
    total = language.compile(" + ".join(f"g[{n}]" for n in range(len(of.groups))))
    arms = "".join(f'total >= {cut}.0 ? "{label}" : ' for cut, label in of.cuts.items())
    grade = language.compile(f'{arms}"{LOWEST}"')

    def score(record: dict[str, float]) -> Scored:
        made = leaves.execute(record)
        subtotals = groups.execute({"l": made})
        whole = total.execute({"g": subtotals})
        return [*made, *subtotals, whole], grade.execute({"total": whole})

    return score


def _cel_formula(leaf: Leaf) -> str:
    names, points = [_ascii(name) for name in leaf.reads], leaf.points
    match leaf.kind:
        case "ratio":
            of = f"{names[0]} / {names[1]}"
            reached = f"({of} < 1.0 ? {of} : 1.0) * {points}.0"
            return f"({names[1]} == 0.0 ? 0.0 : {_cel_rounded(reached)})"
        case "bands":
            of = f"{names[0]} / {names[1]}"
            arms = "".join(f"{of} >= {cut / 100} ? {points * give / 100} : " for cut, give in BANDS.items())
            return f"({names[1]} == 0.0 ? 0.0 : {_cel_rounded(f'({arms}0.0)')})"
        case "count":
            left = f"{points}.0 - 0.5 * {names[0]}"
            return _cel_rounded(f"({left} > 0.0 ? {left} : 0.0)")
        case "tier":
            arms = "".join(f"{names[0]} == {tier}.0 ? {points * give / 100} : " for tier, give in TIERS.items())
            return _cel_rounded(f"({arms}0.0)")


def _cel_rounded(text: str) -> str:
    return f"double(int({text} * 100.0 + 0.5)) / 100.0"
