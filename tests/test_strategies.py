"""The strategies of `perfrules.testing`: what they draw is accepted, reaches every line, shrinks, and their arguments are checked."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

import perfrules as pr
from perfrules import scoring, supplying, testing
from perfrules.findings import PerfrulesError
from perfrules.formula import Formula
from perfrules.model import Frozen, Hole, Input
from perfrules.numbers import unit
from perfrules.records import record_from, records_from_mappings
from perfrules.testing.authoring import FOCUSES, default_inputs
from perfrules.testing.authoring_trees import scheme_data, text_of

QUICK = settings(
    max_examples=40, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
DRAWS = settings(QUICK, phases=[Phase.generate])


def bundled() -> Iterator[pr.Scheme]:
    """The schemes of the plugins, and the example."""
    yield pr.load("examples/township-water.yaml")
    for editions in supplying.schemes()[0].values():
        yield from editions


SCHEMES = {f"{scheme.id}@{scheme.edition}": scheme for scheme in bundled()}


def scheme_of(inputs: dict[str, Any], formula: str = "1", **more: Any) -> pr.Scheme:
    about = {"perfrules": 1, "scheme": "test.strategies", "title": "试", "assumed": "试", "inputs": inputs}
    return pr.loads(text_of({**about, "tree": {"id": "总分", "points": 100, "formula": formula}, **more}))


def drawn(strategy: st.SearchStrategy[Any], count: int = 200) -> list[Any]:
    """So many examples."""
    found: list[Any] = []

    @settings(DRAWS, max_examples=count)
    @given(strategy)
    def collect(example: Any) -> None:
        found.append(example)

    collect()
    return found


# ------------------------------------------------------------------------------------------------ accepted


@pytest.mark.parametrize("name", SCHEMES)
def test_every_record_is_accepted_and_scored(name: str) -> None:
    """What `records` and `near_lines` draw of a scheme is read without an error, and comes to a scorecard."""
    scheme = SCHEMES[name]

    @settings(QUICK, max_examples=12)
    @given(testing.records(scheme), testing.near_lines(scheme))
    def law(record: dict[str, Any], near: dict[str, Any]) -> None:
        for each in (record, near):
            read = record_from(scheme, each)
            assert not [f for f in read.findings if f.severity == "error"]
            assert pr.score(scheme, read, trace=False).nodes

    law()


@pytest.mark.parametrize("name", SCHEMES)
def test_every_record_of_a_form_is_kept(name: str) -> None:
    """Forms are read whole: nothing is set aside, no two records share an id, and there are as many as wanted."""
    scheme = SCHEMES[name]

    @settings(QUICK, max_examples=8)
    @given(testing.forms(scheme, least=2, most=6))
    def law(form: list[dict[str, Any]]) -> None:
        batch = records_from_mappings(scheme, form)
        assert not batch.set_aside
        assert not [f for f in batch.findings if f.severity == "error"]
        assert len({record.id for record in batch.records}) == len(form)
        assert 2 <= len(form) <= 6

    law()


@QUICK
@given(st.data())
def test_generated_schemes_take_their_records(data: st.DataObject) -> None:
    """Any scheme of `schemes` takes any record, form and record near a line that is drawn of it."""
    scheme = data.draw(testing.schemes(focus=data.draw(st.sampled_from(FOCUSES))))
    form = data.draw(testing.forms(scheme, most=3))
    for record in [*form, data.draw(testing.records(scheme)), data.draw(testing.near_lines(scheme))]:
        pr.score(scheme, record, trace=False)
    assert len(records_from_mappings(scheme, form).records) == len(form)


@settings(QUICK, max_examples=60)
@given(st.sampled_from(FOCUSES).flatmap(scheme_data), st.booleans())
def test_every_drawn_scheme_loads(about: dict[str, Any], block: bool) -> None:
    """What is drawn is without errors as it stands: `schemes` filters nothing away."""
    pr.loads(text_of(about, block=block))


PARTS = """
formula bands cases rule given sum mean min max count largest smallest quantile from above to below between weight split
combine product geometric rescale scale_to at_least else counts leaves applies_when adjustments gates at_most no_better_than
grade reads labels round half_up down up missing undefined not_applicable refuse zero full exclude values definitions defaults
rows where adjustable checks holds benchmarks over cohort by ranking stages at written decimals optional free
weighted_by k method nearest_rank linear
"""


def test_schemes_have_everything() -> None:
    """Over some draws, the texts of schemes hold every body, way to combine, policy and part of the language."""
    words = PARTS.split()
    texts = drawn(scheme_data().map(text_of), 600)
    assert [word for word in words if not any(f'"{word}"' in text for text in texts)] == []
    assert any("power(" in text for text in texts)
    assert any("1000000000000" in text for text in texts)


# ------------------------------------------------------------------------------------------------ what is drawn

WIDE = scheme_of(
    {
        "数": {"kind": "number", "min": 0},
        "界": {"kind": "number", "min": 3, "max": 7, "decimals": 1},
        "三分": {"kind": "number", "min": "1/3", "max": "1/3"},
        "率": {"kind": "number", "unit": "%", "written": "percent", "min": 0},
        "钱": {"kind": "number", "unit": "万元"},
        "参照": {"kind": "number", "unit": "元"},
        "类": {"kind": "choice", "choices": ["甲", "乙", "不适用"]},
        "日": {"kind": "date", "min": "2024-02-28", "max": "2024-03-02"},
        "词": {"kind": "text"},
        "真": {"kind": "boolean"},
        "季": {"kind": "number", "at": "年中"},
    },
    "points if 词 == '特定' and 钱 >= 参照 and 数 > 33.335 else 0",
    stages=["年中", "年末"],
)


def test_records_are_wide() -> None:
    """Among records there are holes of both kinds, zeros, bounds, large numbers and fine ones, numbers and words that the
    scheme speaks of, days, and stages; and no number off its grid."""
    found = drawn(testing.records(WIDE), 600)
    seen: dict[str, list[Any]] = defaultdict(list)
    for record in found:
        for name, cell in record.items():
            seen[name].append(cell)
    numbers = [cell for cell in seen["数"] if isinstance(cell, int | Decimal)]
    assert {None, "不适用", 0} <= set(seen["数"])
    assert max(numbers) > 10**9
    assert any(0 < n < Decimal("0.000001") for n in numbers)
    assert {abs(n - Decimal("33.335")) for n in numbers} & {Decimal(1), Decimal("0.1"), Decimal("0.01")}
    assert all(3 <= n <= 7 and (n * 10) % 1 == 0 for n in seen["界"] if isinstance(n, int | Decimal))
    assert {3, 7} <= set(seen["界"])
    assert set(seen["三分"]) - {None, "不适用"} == {Fraction(1, 3)}
    assert all(cell.endswith("%") for cell in seen["率"] if cell not in (None, "不适用"))
    assert {"/", "甲", "乙", "不适用"} <= set(seen["类"])
    assert {d.isoformat() for d in seen["日"] if hasattr(d, "isoformat")} == {
        "2024-02-28",
        "2024-02-29",
        "2024-03-01",
        "2024-03-02",
    }
    assert "特定" in seen["词"]
    assert set(seen["阶段"]) == {"年中", "年末"}
    assert any(record["数"] is None and record["真"] is True for record in found)
    assert sum(None not in r.values() and "/" not in r.values() for r in found) > 300


def test_holes_rows_and_cells_are_as_asked() -> None:
    """Without holes there are none; `most_rows` bounds the rows, and `fixed` puts cells, or draws of them, in place."""
    scheme = SCHEMES["mof.self-evaluation@2020"]
    fixed = {"全年预算数": 100, "全年执行数": st.sampled_from((90, 100))}
    for record in drawn(testing.records(scheme, holes=False, most_rows=2, fixed=fixed), 60):
        assert None not in record.values()
        assert len(record["绩效指标"]) <= 2
        assert len({row["三级指标"] for row in record["绩效指标"]}) == len(record["绩效指标"])
        assert record["全年预算数"] == 100
        assert record["全年执行数"] in (90, 100)


MEASURED = scheme_of(
    {"甲": {"kind": "number"}},
    "1",
    rows={
        "行": {
            "name": "名",
            "columns": {
                "名": {"kind": "text"},
                "单位": {"kind": "text"},
                "目标": {"kind": "measure"},
                "完成": {"kind": "measure"},
            },
            "points": "1",
            "formula": "1",
        }
    },
)


def test_measures_of_a_row_agree() -> None:
    """Target and actual of a row are of one kind, so that they compare: numbers, percentages or days."""
    kinds = set()
    for record in drawn(testing.records(MEASURED, holes=False), 150):
        for row in record_from(MEASURED, record).rows["行"]:
            target, actual = row.cells["目标"].value, row.cells["完成"].value
            assert type(target) is type(actual)
            assert not isinstance(target, Hole)
            kinds.add((type(target).__name__, row.cells["目标"].raw.endswith("%")))
    assert kinds == {("Fraction", False), ("Fraction", True), ("date", False)}


def test_the_key_tells_forms_apart() -> None:
    """Where an input is the key, its cells differ from record to record, whatever its kind."""
    kinds: dict[str, dict[str, Any]] = {
        "text": {}, "number": {"min": 7, "decimals": 0}, "choice": {"choices": ["甲", "乙", "丙"]}, "date": {}
    }  # fmt: skip
    for kind, more in kinds.items():
        scheme = scheme_of({"号": {"kind": kind, **more}}, key="号")
        for form in drawn(testing.forms(scheme, least=1, most=5), 30):
            cells = [record["号"] for record in form]
            assert len(set(map(str, cells))) == len(cells)
            assert not records_from_mappings(scheme, form).set_aside


# ------------------------------------------------------------------------------------------------ lines

Quantity = Callable[[dict[str, Fraction]], Fraction]
LINED: dict[str, tuple[pr.Scheme, dict[str, Quantity]]] = {
    "a ratio of whole numbers": (
        scheme_of({n: {"kind": "number", "min": 0, "decimals": 0} for n in "ab"}, "points if a / b >= 90% else 0"),
        {"90%": lambda r: r["a"] / r["b"] - Fraction(9, 10)},
    ),
    "a ratio clipped": (
        scheme_of({n: {"kind": "number", "min": 0} for n in "ab"}, "clip(a / b, 60%, 1) * points"),
        {"60%": lambda r: r["a"] / r["b"] - Fraction(6, 10), "1": lambda r: r["a"] / r["b"] - 1},
    ),
    "units": (
        scheme_of(
            {"a": {"kind": "number", "unit": "元", "min": 0}, "b": {"kind": "number", "unit": "万元", "min": 0}},
            "points if a <= b / 2 else 0",
        ),
        {"half": lambda r: r["a"] - r["b"] / 2},
    ),
    "a percentage": (
        scheme_of({"a": {"kind": "number", "unit": "%", "written": "percent", "min": 0}}, "points if a >= 85.5% else 0"),
        {"85.5%": lambda r: r["a"] - Fraction("0.855")},
    ),
    "bands of a value that is rounded": (
        scheme_of(
            {n: {"kind": "number", "min": 0, "decimals": 2} for n in "ab"},
            values={"v": {"formula": "a - b", "round": 1}},
            tree={"id": "总分", "points": 100, "bands": {"of": "v", "from": {"20": "100", "12.5": "60", "else": "0"}}},
        ),
        {
            "20": lambda r: r["a"] - r["b"] - Fraction("19.95"),  # where rounding crosses it
            "12.5": lambda r: r["a"] - r["b"] - Fraction("12.45"),
        },
    ),
    "steps within a definition": (
        scheme_of({"a": {"kind": "number", "min": 0, "max": 50}}, "points - steps_over(a, 12, 5, '计一档')"),
        {"12": lambda r: r["a"] - 12, "17": lambda r: r["a"] - 17},
    ),
    "a total and its grades": (
        scheme_of(
            {n: {"kind": "number", "min": 0, "max": 50} for n in "ab"},
            tree={"id": "总分", "points": 100, "children": {n: {"points": 50, "formula": n.lower()} for n in "AB"}},
            grades={"等级": {"bands": {"of": "总分", "from": {"90": "优", "60": "中", "else": "差"}}}},
        ),
        {"90": lambda r: r["a"] + r["b"] - 90, "60": lambda r: r["a"] + r["b"] - 60},
    ),
    "half-way": (
        scheme_of({"a": {"kind": "number", "min": 0}}, tree={"id": "总分", "points": 100, "formula": "min(a, points)", "round": 2}),
        {"half": lambda r: r["a"] * 100 % 1 - Fraction(1, 2)},
    ),
    "bounds and zero": (
        scheme_of({"a": {"kind": "number", "min": -3, "max": 200, "decimals": 1}}),
        {"-3": lambda r: r["a"] + 3, "0": lambda r: r["a"], "200": lambda r: r["a"] - 200},
    ),
    "a divisor": (
        scheme_of({n: {"kind": "number", "min": -5, "max": 5} for n in "abc"}, "clip(a / (b - c + 3.37), 0, 1) * points"),
        {"0": lambda r: r["b"] - r["c"] + Fraction("3.37")},
    ),
    "the lower of two, and what is absolute": (
        scheme_of({n: {"kind": "number"} for n in "abc"}, "clip(min(a, b) + abs(c - 7), 0, points)"),
        {"tie": lambda r: r["a"] - r["b"], "7": lambda r: r["c"] - 7},
    ),
    "days": (
        scheme_of({n: {"kind": "date"} for n in "ab"}, "points if a <= '2024-06-30' and b - a > 30 else 0"),
        {"day": lambda r: r["a"] - date(2024, 6, 30).toordinal(), "30": lambda r: r["b"] - r["a"] - 30},
    ),
    "a curve": (
        scheme_of({n: {"kind": "number", "min": 1, "max": 100} for n in "ab"}, "points if (a + 3) / (b + 2) <= 2.5 else 0"),
        {"2.5": lambda r: (r["a"] + 3) / (r["b"] + 2) - Fraction("2.5")},
    ),
}  # fmt: skip


def numbers_of(scheme: pr.Scheme, record: dict[str, Any]) -> dict[str, Fraction]:
    cells = record_from(scheme, record).cells
    values = {name: cell.value for name, cell in cells.items() if not isinstance(cell.value, Hole | bool)}
    return {n: v if isinstance(v, Fraction) else Fraction(v.toordinal()) for n, v in values.items()}


@pytest.mark.parametrize("name", LINED)
def test_every_line_is_touched_from_both_sides(name: str) -> None:
    """Over some draws, every line has records exactly on it, and records one unit of the grid below and above it."""
    scheme, lines = LINED[name]
    nearest: dict[str, dict[int, Fraction]] = {line: {} for line in lines}
    for record in drawn(testing.near_lines(scheme), 600):
        values = numbers_of(scheme, record)
        for line, quantity in lines.items():
            try:
                q = quantity(values)
            except ZeroDivisionError:
                continue
            side = (q > 0) - (q < 0)
            nearest[line][side] = min(abs(q), nearest[line].get(side, abs(q)))
    bounded = {"-3": -1, "200": 1}
    for line, sides in nearest.items():
        wanted = {-1, 0, 1} - {bounded.get(line)} if name == "bounds and zero" else {-1, 0, 1}
        assert sides.keys() == wanted, line
        assert all(away <= 1 if name in ("days",) else away <= Fraction(1, 10) for away in sides.values()), (
            line,
            sides,
        )


ROWED = scheme_of(
    {"甲": {"kind": "number", "min": 0}},
    rows={
        "行": {
            "name": "名",
            "columns": {
                "名": {"kind": "text"},
                "目标": {"kind": "number", "min": 0},
                "完成": {"kind": "number", "min": 0},
                "类": {"kind": "choice", "choices": ["子", "丑"]},
            },
            "points": "10",
            "formula": "clip(完成 / 目标, 0, 1) * points",
            "round": 1,
        }
    },
    tree={"id": "总分", "points": 100, "rows": "行", "where": "类 == '子'", "adjustable": True},
    grades={"等级": {"bands": {"of": "总分", "from": {"5": "优", "else": "差"}}}},
)


def test_lines_of_rows_are_touched() -> None:
    """Lines are met row by row, and by rows together: a target attained exactly and just not, a total on its cut."""
    seen, totals = set(), set()
    for record in drawn(testing.near_lines(ROWED), 400):
        read = record_from(ROWED, record)
        total = pr.score(ROWED, read, trace=False).points
        totals |= {total - 5} if total is not None else set()
        for row in read.rows["行"]:
            actual, target = row.cells["完成"].value, row.cells["目标"].value
            if row.cells["类"].value == "子" and target:
                seen |= {(actual > target) - (actual < target)} if abs(actual - target) < 1 else set()
    assert seen == {-1, 0, 1}
    assert {Fraction(0), Fraction(-1, 10)} <= totals


def test_near_lines_keeps_to_the_node_that_is_asked_for() -> None:
    """With `at`, lines of that node or value only: other inputs stay as they were drawn, off every line of theirs."""
    scheme = SCHEMES["example.township-water@2024"]
    hours = [numbers_of(scheme, r)["停水小时"] for r in drawn(testing.near_lines(scheme, at="运行/停水时长"), 100)]
    assert {Fraction(8), Fraction(24), Fraction(72)} <= set(hours)
    rates = drawn(testing.near_lines(scheme, at="合格率"), 60)
    assert {r["抽检次数"] for r in rates} >= {0, 1}


def test_lines_on_a_benchmark_want_it_frozen() -> None:
    """A line that hangs on a benchmark is met where the frozen one is given, and not without."""
    scheme = scheme_of(
        {"a": {"kind": "number", "min": 0}},
        "points if a <= 均值 else 0",
        benchmarks={"均值": {"mean": "a", "over": "cohort"}},
    )
    frozen = pr.freeze(scheme, [{"a": 3}, {"a": Fraction("4.25")}])
    assert Fraction("3.625") in [Fraction(r["a"]) for r in drawn(testing.near_lines(scheme, benchmarks=frozen), 100)]
    assert Fraction("3.625") not in [Fraction(r["a"]) for r in drawn(testing.near_lines(scheme), 100)]


@QUICK
@given(st.data())
def test_near_lines_of_generated_schemes_come_near(data: st.DataObject) -> None:
    """The search of lines works of a scheme with anything in it, and says of no record that it cannot be."""
    from perfrules.testing.drafts import Drawing
    from perfrules.testing.lines import Search

    scheme = data.draw(testing.schemes(focus="everything"))
    search = Search(scoring.plan(scheme))
    drawing = Drawing.of(scheme, holes=True, most_rows=2)
    draft = data.draw(st.composite(lambda draw: drawing.draft(draw))())
    before = draft.copy()
    for line in search.lines(draft)[:12]:
        moved = search.moved(draft, line, search.variables(draft, line), 0)
        if moved is not None:
            record_from(scheme, moved.written(scheme))
    assert draft == before


# ------------------------------------------------------------------------------------------------ shrinking


def simplest(strategy: st.SearchStrategy[Any], wanted: Callable[[Any], bool] = lambda _: True) -> Any:
    return find(strategy, wanted, settings=settings(QUICK, max_examples=4000))


def test_the_simplest_record_is_zeros() -> None:
    """Records shrink to zeros or the bound nearest to zero, first choices, and no holes, rows or stage."""
    found = simplest(testing.records(WIDE))
    assert found | {"日": None} == {
        "数": 0, "界": 3, "三分": Fraction(1, 3), "率": "0%", "钱": 0, "参照": 0, "类": "甲", "日": None, "词": "甲", "真": False, "季": 0,
    }  # fmt: skip
    assert found["日"].isoformat() == "2024-02-28"
    assert simplest(testing.records(MEASURED)) == {"甲": 0, "行": []}
    assert len(simplest(testing.forms(WIDE))) == 1


def test_what_is_asked_of_a_record_is_all_that_is_odd_in_it() -> None:
    """A record found for one figure is simple in every other."""
    found = simplest(testing.records(WIDE), lambda r: isinstance(r["钱"], int | Decimal) and r["钱"] > 5)
    assert 5 < found["钱"] < 34  # the least whole number, or one that the scheme speaks of
    assert found["数"] == 0
    found = simplest(testing.records(WIDE), lambda r: r["数"] is None)
    assert [cell for cell in found.values() if cell is None] == [None]


def test_formulas_and_schemes_shrink() -> None:
    """The simplest formula is a name or a literal, the simplest scheme one leaf."""
    assert simplest(testing.formulas(kind="number")) in ("甲", "0")
    assert simplest(scheme_data())["tree"] == {"points": 100, "formula": "0"}


# ------------------------------------------------------------------------------------------------ formulas


@settings(QUICK, max_examples=300)
@given(st.data())
def test_formulas_are_well_typed(data: st.DataObject) -> None:
    """A drawn formula parses, and is without a finding where its inputs are declared: of the kind that was asked for."""
    kind = data.draw(st.sampled_from(("number", "boolean")))
    text = data.draw(testing.formulas(kind=kind, depth=data.draw(st.integers(0, 4))))
    Formula.parse(text)
    shape = {"number": f"points if {text} == 0 else 0", "boolean": f"points if {text} else 0"}[kind]
    inputs = {n: _declared(i) for n, i in default_inputs().items()}
    try:
        scheme_of(inputs, shape)
    except PerfrulesError as problem:
        names = {f.name for f in problem.findings if f.severity == "error"}
        raise AssertionError((text, names)) from None


def _declared(each: Input) -> dict[str, Any]:
    about: dict[str, Any] = {"kind": each.kind}
    about |= {"unit": each.unit.text} if each.unit else {}
    about |= {"choices": list(each.choices)} if each.choices else {}
    about |= {word: int(end) for word, end in (("min", each.low), ("max", each.high)) if isinstance(end, Fraction)}
    return about


def test_formulas_are_over_the_inputs_given() -> None:
    """Formulas name the inputs of the scheme or mapping that they are over, and no others."""
    scheme = SCHEMES["example.township-water@2024"]
    named = {name for text in drawn(testing.formulas(scheme), 200) for name in Formula.parse(text).names}
    assert named <= set(scheme.inputs)
    assert {"满意率", "重大事故", "停水小时", "单方成本"} <= named
    only = {"x": Input("x", "number", unit=unit("天"))}
    assert {n for text in drawn(testing.formulas(only), 60) for n in Formula.parse(text).names} == {"x"}


# ------------------------------------------------------------------------------------------------ arguments

WATER = SCHEMES["example.township-water@2024"]
FROZEN = Frozen("x", {}, 0, 0, "")


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: testing.records("examples/township-water.yaml"), "scheme"),
        (lambda: testing.records(WATER, holes="none"), "holes"),
        (lambda: testing.records(WATER, most_rows=-1), "most_rows"),
        (lambda: testing.records(WATER, fixed={"没有": 1}), "没有"),
        (lambda: testing.records(WATER, fixed=["停水小时"]), "fixed"),
        (lambda: testing.forms(WATER, least=3, most=2), "least"),
        (lambda: testing.forms(WATER, most=True), "most"),
        (lambda: testing.forms(scheme_of({"号": {"kind": "text"}}, key="号"), fixed={"号": "1"}), "fixed"),
        (lambda: testing.near_lines(WATER, at="没有"), "at"),
        (lambda: testing.near_lines(WATER, benchmarks={"x": FROZEN}), "benchmarks"),
        (lambda: testing.near_lines(None), "scheme"),
        (lambda: testing.formulas(["甲"]), "inputs"),
        (lambda: testing.formulas({"甲": "number"}), "inputs"),
        (lambda: testing.formulas(kind="text"), "kind"),
        (lambda: testing.formulas(depth=9), "depth"),
        (lambda: testing.schemes(focus="all"), "focus"),
    ],
)
def test_arguments_are_checked_at_once(call: Callable[[], Any], named: str) -> None:
    """What cannot be drawn of is refused when it is asked for, not when it is drawn; the message names the argument."""
    with pytest.raises(InvalidArgument, match=named):
        call()


def test_nothing_heavy_is_imported_until_used() -> None:
    """Importing the package imports no Hypothesis, and naming a strategy does."""
    code = (
        "import sys, perfrules.testing as t; assert 'hypothesis' not in sys.modules; "
        "assert 'records' in dir(t); t.records; assert 'hypothesis' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
