"""Laws over generated schemes, records and formulas. `PERFRULES_DEEP=1` runs twenty times as many, at random."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import re
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import perfrules as pr
import reference
from perfrules import formula, model, numbers, parsing, plugins, ranges, records, scorecards, scoring, testing
from perfrules.checking.forecast import Forecast
from perfrules.findings import PerfrulesError
from perfrules.model import Hole, Input, OpenGroup, Record, Ruling, Scheme, Scorecard
from perfrules.readings import exact as exact_reading
from perfrules.testing.authoring import DAYS, FOCUSES, LABELS, Author, Scope, exact
from perfrules.testing.authoring_parts import CUTS, PartAuthor
from perfrules.testing.authoring_trees import loaded, scheme_data, text_of

DEEP = bool(os.environ.get("PERFRULES_DEEP"))


def examples(count: int) -> Any:
    """So many examples; the same ones in every run, unless it is to be deep."""
    return settings(
        max_examples=count * (20 if DEEP else 1),
        derandomize=not DEEP,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )


def drawn(data: st.DataObject, focus: str = "everything") -> Scheme:
    return data.draw(testing.schemes(focus=focus))


def whole(about: dict[str, Any]) -> Scheme:
    """The scheme of plain data, which is without errors."""
    scheme = loaded(text_of(about))
    assert scheme is not None
    return scheme


def a_record(data: st.DataObject, scheme: Scheme, holes: bool = True) -> dict[str, Any]:
    """A record, as often near a line as not."""
    near = not holes or data.draw(st.booleans())
    return data.draw(testing.near_lines(scheme) if near else testing.records(scheme, holes=holes))


def recorded(data: st.DataObject, scheme: Scheme, *, holes: bool = True, rulings: bool = True) -> Record:
    """A record as read, seldom with a ruling on a node or row."""
    record = records.record_from(scheme, a_record(data, scheme, holes))
    if not rulings or data.draw(st.integers(0, 9)) < 9:
        return record
    nodes = [n for n in scheme.tree.walk() if n.points is not None]
    paths = [n.path for n in nodes]
    paths += [
        f"{n.path}/{row.name}"
        for n in nodes
        if isinstance(n.holds, OpenGroup)
        for row in record.rows.get(n.holds.rows, ())
    ]
    points = exact(data.draw(st.sampled_from(CUTS)))
    ruling = Ruling(data.draw(st.sampled_from(paths)), points, "复核", "评审组", date(2024, 1, 1))
    return evolve(record, rulings=(ruling,))


def as_seen(card: Scorecard) -> dict[str, Any]:
    """A scorecard in the form of the reference."""
    rows: dict[str, list[Any]] = {n.path: [] for n in card.nodes if n.role == "rows"}
    for n in card.nodes:
        if n.role == "row":
            rows[n.path.rpartition("/")[0]].append((n.name, n.counts, n.state, n.score))
    return {
        "nodes": {n.path: (n.state, n.score, n.possible, n.grade) for n in card.nodes if n.role != "row"},
        "rows": rows,
        "values": {name: Hole(x.kind) if isinstance(x, Hole) else x for name, x in card.values.items()},
        "grades": dict(card.grades),
    }


# --------------------------------------------------------------------------------------- exact and the reference


@pytest.mark.parametrize(("focus", "count"), list(zip(FOCUSES, (40, 40, 30, 30, 35, 40), strict=True)))
def test_exact_agrees_with_the_reference(focus: str, count: int) -> None:
    """Planning and the exact reading make of any scheme and record what the language says, read naively: every
    node's state, score, possible points and label; every row, value and grade; benchmarks over all records."""

    @examples(count)
    @given(st.data())
    def law(data: st.DataObject) -> None:
        scheme = drawn(data, focus)
        population = [recorded(data, scheme) for _ in range(3)]
        frozen = pr.freeze(scheme, population) if scheme.benchmarks else {}
        for record in population:
            seen = as_seen(pr.score(scheme, record, trace=False, benchmarks=frozen))
            wanted = vars(reference.score(scheme, record, population))
            assert {k: v for k, v in seen.items() if v != wanted[k]} == {
                k: v for k, v in wanted.items() if v != seen[k]
            }

    law()


@examples(70)
@given(st.data())
def test_exact_agrees_with_the_reference_on_deep_formulas(data: st.DataObject) -> None:
    """A formula of any depth comes to the value, or the hole, that walking it over rationals gives."""
    inputs, scope = PartAuthor(data.draw).inputs()
    made = PartAuthor(data.draw)
    texts = {f"v{i}": made.truth(scope, 4) if i % 2 == 0 else made.number(scope, 4) for i in range(6)}
    scheme = _of_values(inputs, texts)
    for _ in range(3):
        record = recorded(data, scheme, rulings=False)
        seen = pr.score(scheme, record, trace=True).values
        wanted = reference.score(scheme, record).values
        assert {
            texts[name]: (_kind(seen[name]), wanted[name]) for name in texts if _kind(seen[name]) != wanted[name]
        } == {}


@examples(30)
@given(st.data())
def test_benchmarks_agree_with_the_reference(data: st.DataObject) -> None:
    """Benchmarks over a population, of each group its own and one on top of another, are what judging every record of it
    by itself and adding up gives."""
    made = PartAuthor(data.draw)
    inputs, scope = made.inputs()
    inputs["类别"] = {"kind": "choice", "choices": list(LABELS[:2])}
    scope = evolve(scope, choices=(("类别", LABELS[:2]),))
    first, plain = made.benchmark(scope), made.benchmark(scope) | {"by": "类别"}
    second = made.benchmark(scope.plus(pure=("参照1", "参照2")))
    values = {"v": "甲 - 参照1", "w": "参照2 + 0", "x": "参照3 + 0"}
    scheme = _of_values(inputs, values, benchmarks={"参照1": first, "参照2": plain, "参照3": second})
    population = [recorded(data, scheme, rulings=False) for _ in range(4)]
    frozen = pr.freeze(scheme, population)
    for record in population:
        seen = pr.score(scheme, record, benchmarks=frozen).values
        assert {name: _kind(x) for name, x in seen.items()} == reference.score(scheme, record, population).values


@examples(50)
@given(st.data())
def test_every_statistic_agrees_with_the_reference(data: st.DataObject) -> None:
    """Each statistic over rows, plain, filtered or weighted, is what sorting and adding up the rows gives."""
    made, column = PartAuthor(data.draw), {"kind": "number", "optional": True}
    more = {"k": made.whole(1, 4), "at": made.pick(("0", "0.1", "25%", "1/3", "50%", "2/3", "0.9", "1"))}
    wanted = {"largest": ["k"], "smallest": ["k"], "quantile": ["at", "method"]}
    values: dict[str, Any] = {}
    for word in ("sum", "mean", "min", "max", "count", "largest", "smallest", "quantile"):
        for method in ("nearest_rank", "linear"):
            about = {word: "值 > 10" if word == "count" else "值", "over": "行"}
            about |= {key: {**more, "method": method}[key] for key in wanted.get(word, [])}
            values[f"{word}_{method}"] = about
            values[f"{word}_{method}_where"] = about | {"where": made.pick(("权 > 2", "值 <= 60", "present(权)"))}
    values["weighted"] = {"mean": "值", "over": "行", "weighted_by": made.pick(("权", "权 - 3", "值"))}
    kind = {"columns": {"值": column, "权": column}, "name": "值", "points": "1", "formula": "1"}
    scheme = _of_values({"甲": column}, values, rows={"行": kind})
    few = st.sampled_from((None, "/", 0, 1, 2, 2, 3, 5, 10, 10.5, 60, 80, 90))
    few = data.draw(st.sampled_from((few, few.filter(lambda cell: isinstance(cell, int | float)))))
    for _ in range(5):
        rows = data.draw(st.lists(st.fixed_dictionaries({"值": few, "权": few}), max_size=6))
        record = records.record_from(scheme, {"行": rows})
        seen = {name: _kind(x) for name, x in pr.score(scheme, record, trace=False).values.items()}
        assert seen == reference.score(scheme, record).values


def _of_values(inputs: dict[str, Any], values: dict[str, Any], **more: Any) -> Scheme:
    about = {"perfrules": 1, "scheme": "test.values", "title": "值", "inputs": inputs, "values": values, **more}
    about["tree"] = {"points": 1, "formula": "1"}
    return whole(about)


# ------------------------------------------------------------------------------------------------- scorecards


@pytest.mark.parametrize(("focus", "count"), list(zip(FOCUSES, (12, 12, 8, 20, 8, 12), strict=True)))
def test_lines_of_loss_add_up(focus: str, count: int) -> None:
    """Lines of loss add up exactly to maximum − points, whatever was absent, made up, capped or overruled."""

    @examples(count)
    @given(st.data())
    def law(data: st.DataObject) -> None:
        scheme = drawn(data, focus)
        for holes in (False, False, True, True):
            card = pr.score(scheme, recorded(data, scheme, holes=holes), trace=False)
            if card.points is not None and card.max is not None:
                assert sum((line.amount for line in card.lines), Fraction(0)) == card.max - card.points

    law()


@examples(25)
@given(st.data())
def test_the_same_record_gives_the_same_bytes(data: st.DataObject) -> None:
    """Same scheme and record, same canonical text and digest: traced or not, and however the record was ordered."""
    scheme = drawn(data)
    brought = a_record(data, scheme)
    shuffled = {name: brought[name] for name in data.draw(st.permutations(list(brought)))}
    for kind in scheme.rows:
        shuffled[kind] = [dict(reversed(row.items())) for row in brought.get(kind, [])]
    cards = [pr.score(scheme, brought), pr.score(scheme, brought, trace=False), pr.score(scheme, shuffled)]
    assert len({scorecards.canonical(card) for card in cards}) == 1
    assert len({scorecards.digest(card) for card in cards}) == 1


@examples(30)
@given(st.data())
def test_the_order_of_rows_changes_no_score(data: st.DataObject) -> None:
    """Rows in another order are scored the same, each and together."""
    scheme = drawn(data, "rows")
    brought = a_record(data, scheme)
    turned = {**brought, **{kind: brought.get(kind, [])[::-1] for kind in scheme.rows}}
    one, other = as_seen(pr.score(scheme, brought)), as_seen(pr.score(scheme, turned))
    for seen in (one, other):
        seen["rows"] = {path: sorted(rows, key=lambda r: r[0]) for path, rows in seen["rows"].items()}
    assert one == other


@examples(20)
@given(st.data())
def test_resolved_schemes_need_no_plugins(data: st.DataObject) -> None:
    """What `resolved()` gives has every definition it calls, and loads without any plugin, to the same digest and the
    same scorecards."""
    scheme = drawn(data, data.draw(st.sampled_from(("definitions", "everything"))))
    parts = (scheme.tree, *scheme.rows.values(), *scheme.values.values(), *scheme.grades.values(), *scheme.checks)
    standing = {signature.partition("(")[0] for signature in json.loads(scheme.resolved()).get("definitions", {})}
    assert {name for part in parts for name in model.definitions_called(part)} <= standing
    again = pr.loads(scheme.resolved(), registry=plugins.Registry())
    assert again.digest == scheme.digest
    assert again.resolved() == scheme.resolved()
    for _ in range(2):
        brought = a_record(data, scheme)
        cards = [pr.score(each, brought, trace=False) for each in (scheme, again)]
        assert scorecards.canonical(cards[0]) == scorecards.canonical(cards[1])


# ----------------------------------------------------------------------------------------------- what may fail


@examples(60)
@given(st.data())
def test_nothing_is_raised_but_findings(data: st.DataObject) -> None:
    """A scheme with anything in it changed to anything loads, or is refused with findings; and if it loads, it scores."""
    about = data.draw(scheme_data(data.draw(st.sampled_from(FOCUSES))))
    for _ in range(data.draw(st.integers(1, 3))):
        _spoil(data, about)
    with contextlib.suppress(PerfrulesError):
        scheme = pr.loads(text_of(about))
        pr.score(scheme, a_record(data, scheme))


JUNK = (None, "", 0, -1, 100, 0.5, True, "x", "甲", "points", "甲 / 乙", "score > 0", "总分", "refuse", "full", "exclude", "free",
        "'优'", "present(甲)", [], {}, ["甲"], [0, 1], [0, 5, "10"], {"甲": "乙"}, {"else": "1"}, {"from": {"1": "2"}},
        {"formula": "甲"}, {"sum": "甲", "over": "指标行"}, "clip(甲, 0, 1)", "(", "甲" * 200)  # fmt: skip


def _spoil(data: st.DataObject, about: dict[str, Any]) -> None:
    """Change one thing in a scheme: leave it out, put something else there, or let it trade places."""
    places = list(_places(about))
    parent, key = data.draw(st.sampled_from(places))
    match data.draw(st.sampled_from(("drop", "junk", "junk", "graft", "rename"))):
        case "drop":
            del parent[key]
        case "junk":
            parent[key] = copy.deepcopy(data.draw(st.sampled_from(JUNK)))
        case "graft":
            other, word = data.draw(st.sampled_from(places))
            parent[key] = copy.deepcopy(other[word])
        case _ if isinstance(parent, dict):
            parent[data.draw(st.sampled_from([*(k for _, k in places if isinstance(k, str)), "x"]))] = parent.pop(key)


def _places(part: Any) -> Any:
    pairs = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, inner in pairs:
        yield part, key
        yield from _places(inner)


# ------------------------------------------------------------------------------------------------ units, presence


@examples(20)
@given(st.data())
def test_another_unit_changes_no_score(data: st.DataObject) -> None:
    """An input declared in another unit of its dimension, its cells and bounds restated, is scored the same; the
    first input of a dimension apart, whose unit is that of bare literals."""
    about = data.draw(scheme_data())
    about["inputs"] |= {
        "收": {"kind": "number", "unit": "元"},
        "支": {"kind": "number", "unit": "万元", "min": 0, "max": 50},
    }
    restated = copy.deepcopy(about)
    restated["inputs"]["支"] = {"kind": "number", "unit": "元", "min": 0, "max": 500_000}
    one, other = (whole(each) for each in (about, restated))
    for _ in range(3):
        brought = a_record(data, one)
        cell = brought["支"]
        number = cell not in (None, "不适用")
        moved = {**brought, "支": numbers.exact(cell) * 10_000 if number else cell}
        assert as_seen(pr.score(one, brought)) == as_seen(pr.score(other, moved))
        if number:
            assert as_seen(
                pr.score(one, {**brought, "支": f"{numbers.published(numbers.exact(cell))}万元"})
            ) == as_seen(pr.score(one, brought))


@examples(40)
@given(st.data())
def test_missing_earns_no_more(data: st.DataObject) -> None:
    """Where policies are `refuse` or `zero` and nothing asks what is present, leaving a datum out never earns more."""
    made = PartAuthor(data.draw)
    inputs, scope = made.inputs()
    scope = scope.plus(askable=False, points=True)
    leaves = {
        f"项{i}": {
            "points": 10,
            "formula": f"min(max({made.number(scope, 3)}, 0), points)",
            "missing": made.pick(("refuse", "zero")),
            "undefined": made.pick(("refuse", "zero")),
        }
        for i in range(4)
    }
    tree = {"points": 40, "children": leaves}
    about = {"perfrules": 1, "scheme": "test.leaves", "title": "项", "inputs": inputs, "tree": tree}
    scheme = whole(about)
    brought = a_record(data, scheme, holes=False)
    for name in inputs:
        before, after = pr.score(scheme, brought), pr.score(scheme, {**brought, name: None})
        for one, other in zip(before.nodes, after.nodes, strict=True):
            assert one.score is None or other.score is None or other.score <= one.score
            if one.role == "leaf":
                assert not (one.state == "refused" and other.score)


# -------------------------------------------------------------------------------------------------- formulas


@st.composite
def formula_texts(draw: st.DrawFn, depth: int = 3, prelude: bool = True) -> str:
    """A formula over inputs of every kind, of a number or a condition."""
    made = Author(draw, prelude=prelude)
    return made.number(SCOPE, depth) if draw(st.booleans()) else made.truth(SCOPE, depth)


FULL_WIDTH = {"(": "（", ")": "）", "+": "＋", "*": "×", "/": "÷", ">=": "≥", "<=": "≤", "!=": "≠", ",": "，", "-": "－",
              "<": "＜", ">": "＞", "%": "％"}  # fmt: skip
SIGN = re.compile(r"('[^']*')|(>=|<=|!=|==|[()+*/,\-<>%])|(\d)")


def in_full_width(text: str, digits: bool = True) -> str:
    """The same formula in full-width signs, as a Chinese keyboard types it; quoted text is left alone."""

    def folded(match: re.Match[str]) -> str:
        quoted, sign, digit = match.groups()
        if digit:
            return chr(ord(digit) + 0xFEE0) if digits else digit
        return quoted or FULL_WIDTH.get(sign, sign)

    return SIGN.sub(folded, text)


SCOPE = Scope(
    pure=("甲", "乙", "率"), truths=("否",), choices=(("类别", LABELS),), days=("开工",)
)  # fmt: skip


@examples(200)
@given(formula_texts(), st.booleans())
def test_full_width_signs_are_the_same_signs(text: str, digits: bool) -> None:
    """A formula typed in full-width signs (and digits) has the same nodes as in ASCII."""
    assert parsing.parse(in_full_width(text, digits))[1] == parsing.parse(text)[1]


@examples(40)
@given(st.data())
def test_full_width_schemes_score_the_same(data: st.DataObject) -> None:
    """A value in full-width signs comes to what it comes to in ASCII."""
    texts = [data.draw(formula_texts()) for _ in range(6)]
    both = {f"v{i}": t for i, t in enumerate(texts)} | {f"w{i}": in_full_width(t) for i, t in enumerate(texts)}
    scheme = _of_values(INPUTS, both)
    for _ in range(3):
        values = pr.score(scheme, a_record(data, scheme)).values
        for i in range(len(texts)):
            assert _kind(values[f"v{i}"]) == _kind(values[f"w{i}"])


INPUTS = {
    "甲": {"kind": "number", "min": -10, "max": 100},
    "乙": {"kind": "number"},
    "率": {"kind": "number", "unit": "%", "min": 0, "max": 1},
    "否": {"kind": "boolean"},
    "类别": {"kind": "choice", "choices": list(LABELS)},
    "开工": {"kind": "date", "min": "2022-01-01", "max": "2025-12-31"},
}


def _kind(x: Any) -> Any:
    return Hole(x.kind) if isinstance(x, Hole) else x


@examples(200)
@given(formula_texts(), st.booleans())
def test_spans_are_the_authors_own_words(text: str, full_width: bool) -> None:
    """The span of every node, cut out of the author's text, parses to that node."""
    text = in_full_width(text) if full_width else text
    made = pr_formula(text)
    for node in formula.walk(made.node):
        assert parsing.parse(made.text(node.at))[1] == node


def pr_formula(text: str) -> formula.Formula:
    return formula.Formula.parse(text)


# ------------------------------------------------------------------------------------------- interval analysis


@examples(150)
@given(st.data())
def test_ranges_are_sound(data: st.DataObject) -> None:
    """No value of a formula lies outside its range, and no hole is reached that the analysis does not foresee."""
    text = data.draw(formula_texts(depth=data.draw(st.integers(1, 4)), prelude=False))
    made = pr_formula(text)
    scheme = _inputs_only()
    bounds = data.draw(st.fixed_dictionaries({name: _bounds(each) for name, each in scheme.inputs.items()}))
    found = ranges.Analysis(lambda name: bounds[name], lambda *_: ranges.Found(None)).find(made.node)
    for _ in range(8):
        point = {name: data.draw(_within(scheme.inputs[name], each), label=name) for name, each in bounds.items()}
        _holds(found, reference.evaluate(made, point.__getitem__), text)


@examples(20)
@given(st.data())
def test_forecasts_of_a_plan_are_sound(data: st.DataObject) -> None:
    """No step of a plan comes to what its forecast rules out."""
    scheme = drawn(data)
    plan = scoring.plan(scheme)
    forecast = Forecast(plan)
    names = [*scheme.values, *(n.score for n in plan.nodes if n.score), *(n.first for n in plan.nodes if n.first)]
    for _ in range(4):
        record = recorded(data, scheme, rulings=False)
        values = exact_reading.evaluate(plan, record).values
        for name in names:
            _holds(forecast.read(name), values[name], name)


def _inputs_only() -> Scheme:
    return _of_values(INPUTS, {"v": "甲"})


def _bounds(each: Input) -> st.SearchStrategy[ranges.Found]:
    """What may be known of an input: that it lies in a range, and which holes it can be."""
    holes = st.sampled_from([ranges.NO_HOLES, frozenset({"missing"}), frozenset({"missing", "not_applicable"})])
    cuts = st.sampled_from(CUTS).map(exact)
    match each.kind:
        case "boolean":
            known = st.sampled_from([ranges.Truths(), ranges.Truths(True, False), ranges.Truths(False, True)])
        case "choice":
            labels = st.sets(st.sampled_from(each.choices), min_size=1)
            known = labels.map(lambda some: ranges.Texts(frozenset(some)))
        case "date":
            days = st.sampled_from(DAYS).map(lambda d: ranges.day(date.fromisoformat(d)))
            known = st.tuples(days, days).map(lambda pair: ranges.Numbers(*sorted(pair)))
        case _:
            pairs = st.tuples(cuts, cuts).map(sorted)
            ends = st.sampled_from([(True, True), (True, True), (True, False), (False, True), (False, False)])
            known = st.tuples(pairs, ends).map(
                lambda both: ranges.Numbers(*(x if kept else None for x, kept in zip(*both, strict=True)))
            )
    return st.tuples(known, holes).map(lambda both: ranges.Found(*both))


def _within(each: Input, found: ranges.Found) -> st.SearchStrategy[Any]:
    """A value of an input that keeps to what is known of it."""
    match found.range:
        case ranges.Truths(true=true, false=false):
            values: st.SearchStrategy[Any] = st.sampled_from([True] * true + [False] * false)
        case ranges.Texts(labels=labels):
            values = st.sampled_from(sorted(labels or each.choices))
        case ranges.Numbers(low=low, high=high):
            some = [exact(c) for c in CUTS] + [Fraction(c, 7) for c in range(-7, 60, 9)]
            if each.kind == "date":
                some = [ranges.day(date.fromisoformat(d)) for d in DAYS]
            some += [x for x in (low, high) if x is not None]
            kept = [x for x in some if (low is None or x >= low) and (high is None or x <= high)]
            values = st.sampled_from(kept)
            if each.kind == "date":
                values = values.map(lambda day: date.fromordinal(int(day)))
    return st.one_of(values, values, values, st.sampled_from(sorted(found.holes)).map(Hole)) if found.holes else values


def _holds(found: ranges.Found, x: Any, what: str) -> None:
    if isinstance(x, Hole):
        assert x.kind in found.holes, (what, x, found)
    elif isinstance(x, bool):
        assert isinstance(found.range, ranges.Truths), (what, x, found)
        assert found.range.true if x else found.range.false, (what, x, found)
    elif isinstance(x, str):
        assert isinstance(found.range, ranges.Texts), (what, x, found)
        assert found.range.labels is None or x in found.range.labels, (what, x, found)
    else:
        assert isinstance(found.range, ranges.Numbers), (what, x, found)
        number = ranges.day(x) if isinstance(x, date) else x
        assert ranges.contains(found.range, ranges.Numbers(number, number)), (what, x, found)
