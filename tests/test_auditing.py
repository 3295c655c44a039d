"""Audits of published forms: what is printed rightly raises nothing, and no wrong figure goes unseen."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import perfrules as pr
from perfrules import formats, records, supplying
from perfrules.findings import catalogue
from perfrules.model import MISSING, NOT_APPLICABLE, Batch, Cell, Hole, Record, Row
from perfrules.numbers import published, rounded
from perfrules.procedures.auditing import Audit, audit, audit_batch
from perfrules.procedures.figures import TAIL, printed

EXAMPLES = Path(__file__).parent.parent / "examples"

FORM = """
perfrules: 1
scheme: test.form
title: 自评表
edition: "1"
sources: {办法: {title: 办法}}
clause: 办法 第三条
inputs:
  预算: {kind: number, unit: 元, min: 0}
  执行: {kind: number, unit: 元, min: 0}
rows:
  指标:
    name: 名称
    published: 得分
    columns:
      类: {kind: choice, choices: [产出, 效益]}
      名称: {kind: text}
      分值: {kind: number, min: 0}
      向: {kind: choice, choices: [≥, ≤, 评]}
      目标: {kind: measure, optional: true}
      完成: {kind: measure, optional: true}
      评分: {kind: number, min: 0, optional: true}
      列示: {kind: boolean, optional: true}
      得分: {kind: number, optional: true}
    points: 分值
    counts: not present(列示) or not 列示
    cases:
      向 == '≥': 按完成比例(完成, 目标)
      向 == '≤': points if 完成 <= 目标 else 0
      向 == '评': 评分
    round: 2
values: {执行率: 执行 / 预算}
tree:
  id: 总分
  points: 100
  children:
    执行情况: {points: 10, formula: "clip(执行 / 预算, 0, 1) * points", round: 2}
    产出: {points: 60, adjustable: true, rows: 指标, where: 类 == '产出'}
    效益: {points: 30, rows: 指标, where: 类 == '效益'}
grades:
  等级: {bands: {of: 总分, from: {90: 优, 80: 良, 60: 中, else: 差}}}
published:
  印总分: {score: 总分}
  印产出: {score: 产出}
  印执行得分: {score: 执行情况}
  印产出分值: {points: 产出}
  印合计分值: {points: 总分}
  印执行率: {value: 执行率, unit: "%", written: percent}
  印等级: {grade: 等级}
"""


@cache
def the_scheme(text: str = FORM) -> pr.Scheme:
    return pr.loads(text)


def a_cell(value: Any) -> Cell:
    """A cell of a number: None is blank, and words are what stands where a number should."""
    match value:
        case None:
            return Cell(MISSING)
        case "/":
            return Cell(NOT_APPLICABLE, "/")
        case bool():
            return Cell(value)
        case str():
            return Cell(MISSING, value)
        case _:
            value = Fraction(str(value))
            return Cell(value, published(value))


def a_row(number: int, group: str, points: Any, way: str, target: Any, actual: Any, score: Any, **more: Any) -> Row:
    name = more.pop("名称", f"指标{number}")
    numbers = {"分值": points, "目标": target, "完成": actual, "得分": score, **more}
    cells = {c: Cell(word, word) for c, word in (("类", group), ("名称", name), ("向", way))}
    return Row(number, name, cells | {c: a_cell(value) for c, value in numbers.items()})


def a_record(rows: Sequence[Row], budget: int = 100, spent: int = 100, **figures: Any) -> Record:
    cells = {"预算": a_cell(budget), "执行": a_cell(spent)}
    shown = {n: Cell(v, v) if n == "印等级" else a_cell(v) for n, v in figures.items()}
    return Record("甲", cells, {"指标": tuple(rows)}, shown)


GOOD = (
    a_row(1, "产出", 40, "≥", 100, 100, 40),
    a_row(2, "产出", 20, "≤", 5, 4, 20),
    a_row(3, "效益", 30, "≥", 200, 150, 22.5),
)


def a_form(*changed: Row, **figures: Any) -> Record:
    """A form that foots, 10 + 60 + 22.5 of 100, but for the rows changed by number or added; and figures printed."""
    rows = {row.number: row for row in (*GOOD, *changed)}
    return a_record([rows[n] for n in sorted(rows)], **figures)


def told(found: Audit) -> dict[str, str]:
    """The names of the items, and how grave each is."""
    return {item.name: item.severity for item in found.items}


# ------------------------------------------------------------------------------------------- laws


@st.composite
def forms(draw: st.DrawFn) -> Record:
    """Forms whose points add up and whose figures are all printed rightly; worded rows are printed as anything."""
    rows: list[Row] = []
    for group, whole in (("产出", 60), ("效益", 30)):
        cuts = sorted(draw(st.lists(st.integers(1, whole - 1), max_size=3, unique=True)))
        for low, high in zip([0, *cuts], [*cuts, whole], strict=True):
            kind = draw(st.sampled_from(["≥", "≤", "评", "worded", "/"]))
            target, actual = draw(st.integers(1, 400)), draw(st.integers(0, 400))
            given = Fraction(draw(st.integers(0, (high - low) * 100)), 100)
            about: tuple[Any, ...] = {"评": ("评", None, "好"), "worded": ("≥", "好", "好"), "/": ("≥", "/", "/")}.get(
                kind, (kind, target, actual)
            )
            rows.append(a_row(len(rows) + 1, group, high - low, *about, given, 评分=given))
    budget = draw(st.integers(1, 10**6))
    return printed_rightly(a_record(rows, budget, draw(st.integers(0, budget))))


def printed_rightly(record: Record) -> Record:
    """A form with every score, total, rate and grade printed as computed."""
    card = pr.score(the_scheme(), record)
    scores = {n.path: n for n in card.nodes}
    rows, by_group = [], {"产出": Fraction(0), "效益": Fraction(0)}
    for row in record.rows["指标"]:
        group = str(row.cells["类"].value)
        node = scores[f"{group}/{row.name}"]
        score = row.cells["得分"].value if node.state == "refused" else node.score
        if isinstance(score, Fraction):
            by_group[group] += score
        rows.append(evolve(row, cells={**row.cells, "得分": a_cell("/" if score is None else score)}))
    own, rate = scores["执行情况"].score, card.values["执行率"]
    assert own is not None
    assert isinstance(rate, Fraction)
    total = own + sum(by_group.values())
    label = next(g for low, g in ((90, "优"), (80, "良"), (60, "中"), (0, "差")) if total >= low)
    rate = rounded(rate, 6)
    cells = {
        "印总分": a_cell(total),
        "印执行得分": a_cell(own),
        "印产出分值": a_cell(60),
        "印合计分值": a_cell(100),
        "印执行率": Cell(rate, f"{published(rate * 100)}%"),
        "印等级": Cell(label, label),
    }
    if scores["产出"].state != "absent":
        cells["印产出"] = a_cell(by_group["产出"])
    return evolve(record, rows={"指标": tuple(rows)}, published=cells)


@settings(max_examples=40, deadline=None)
@given(forms())
def test_figures_printed_as_computed_raise_nothing(record: Record) -> None:
    """A form that prints exactly what its rules give agrees, with no item, and its three totals are one."""
    found = audit(the_scheme(), record)
    assert told(found) == {}
    assert found.agrees
    assert found.published == found.footed == found.computed


@settings(max_examples=40, deadline=None)
@given(forms(), st.data())
def test_a_changed_figure_is_found(record: Record, data: st.DataObject) -> None:
    """Changing any one printed figure by 0.02 or more is told, and the form no longer agrees."""
    places = [*record.published, *(row.number for row in record.rows["指标"])]
    place = data.draw(st.sampled_from(places))
    by = Fraction(data.draw(st.integers(2, 5000)), 100) * data.draw(st.sampled_from([1, -1]))
    assert not audit(the_scheme(), changed(record, place, by)).agrees


def changed(record: Record, place: str | int, by: Fraction) -> Record:
    """The record with one printed figure changed: a grade to another, a number by so much."""
    if isinstance(place, str):
        cell = record.published[place]
        other = Cell("差" if cell.value != "差" else "优") if place == "印等级" else shifted(cell, by)
        return evolve(record, published={**record.published, place: other})
    rows = [
        evolve(row, cells={**row.cells, "得分": shifted(row.cells["得分"], by)}) if row.number == place else row
        for row in record.rows["指标"]
    ]
    return evolve(record, rows={"指标": tuple(rows)})


def shifted(cell: Cell, by: Fraction) -> Cell:
    return a_cell((cell.value if isinstance(cell.value, Fraction) else 0) + by)


@settings(max_examples=40, deadline=None)
@given(forms())
def test_counts_add_up(record: Record) -> None:
    """Every row of the form is counted once, and the points of those taken as published are told."""
    found = audit(the_scheme(), record)
    assert found.rows == len(record.rows["指标"]) + 1
    assert found.rows == found.recomputed + found.taken + found.not_applicable + found.left_out
    not_computed = [r for r in record.rows["指标"] if r.cells["向"].value == "评" or r.cells["目标"].raw == "好"]
    assert found.taken == len(not_computed)
    assert found.resting == sum((Fraction(str(r.cells["分值"].raw)) for r in not_computed), Fraction(0))
    assert found.not_applicable == sum(r.cells["目标"].raw == "/" for r in record.rows["指标"])


@settings(max_examples=40, deadline=None)
@given(forms())
def test_an_audit_changes_nothing(record: Record) -> None:
    """The record is left as it was, and a second audit says the same."""
    before = copy.deepcopy(record)
    first = audit(the_scheme(), record).as_json()
    assert record == before
    assert audit(the_scheme(), record).as_json() == first


# ------------------------------------------------------------------------------------------- what is told

FAULTS: dict[str, tuple[Record, dict[str, str]]] = {
    "nothing": (a_form(印总分=92.5, 印产出=60, 印执行率=1), {}),
    "met but docked": (a_form(a_row(1, "产出", 40, "≥", 98, 98, 39.2)), {"met-but-docked": "error"}),
    "missed but full": (a_form(a_row(3, "效益", 30, "≥", 200, 150, 30)), {"missed-but-full": "error"}),
    "missed and given part": (a_form(a_row(3, "效益", 30, "≥", 200, 150, 25)), {"score-differs-from-rule": "error"}),
    "tail": (a_form(a_row(3, "效益", 30, "≥", 200, 150, 22.51)), {"tail-difference": "remark"}),
    "above": (a_form(a_row(3, "效益", 30, "≥", 200, 150, 31)), {"score-above-points": "error"}),
    "worded and above": (a_form(a_row(3, "效益", 30, "≥", "好", "好", 31)), {"score-above-points": "error"}),
    "negative": (a_form(a_row(3, "效益", 30, "≥", 200, 150, -1)), {"score-below-range": "error"}),
    "inapplicable": (a_form(a_row(3, "效益", 30, "≥", "/", "/", 30)), {"scored-but-not-applicable": "error"}),
    "no figure": (a_form(a_row(3, "效益", 30, "≥", "好", "好", None)), {"no-figure": "warning"}),
    "no figure under a total": (
        a_form(a_row(3, "效益", 30, "≥", "好", "好", None), 印总分=100),
        {"no-figure": "warning", "not-checked": "warning"},
    ),
    "unquantified": (a_form(a_row(3, "效益", 30, "≥", None, None, 30)), {"unquantified-full": "remark"}),
    "named twice": (a_form(a_row(2, "产出", 20, "≤", 5, 4, 20, 名称="指标1")), {"row-named-twice": "warning"}),
    "wrong total": (a_form(印总分=92), {"total-does-not-foot": "error"}),
    "total of wrong rows": (
        a_form(a_row(3, "效益", 30, "≥", 200, 150, 30), 印总分=100),
        {"missed-but-full": "error", "total-differs-from-rule": "error"},
    ),
    "wrong group": (a_form(印产出=59), {"total-does-not-foot": "error"}),
    "tail of a total": (a_form(印总分=92.51), {"tail-difference": "remark"}),
    "points over the whole": (
        a_form(a_row(4, "产出", 10, "≥", 1, 1, 10)),
        {"points-do-not-foot": "error", "row-points-differ": "remark"},
    ),
    "points fixed": (
        a_form(a_row(3, "效益", 20, "≥", 200, 150, 15)),
        {"points-do-not-foot": "error", "row-points-differ": "error"},
    ),
    "points traded": (
        a_form(a_row(1, "产出", 50, "≥", 1, 1, 50), a_row(3, "效益", 20, "≥", 1, 1, 20)),
        {"row-points-differ": "error"},
    ),
    "declared points": (
        a_form(印产出分值=50),
        {"declared-points-differ": "error", "declared-points-not-stated": "remark"},
    ),
    "tail of points": (a_form(a_row(3, "效益", 29.99, "≥", 1, 1, 29.99)), {"tail-difference": "remark"}),
    "nothing to compute with": (
        a_record(GOOD, 0, 0, 印执行率=1, 印等级="优"),
        {"no-figure": "warning", "not-checked": "warning"},
    ),
    "declared whole": (a_form(印合计分值=110), {"declared-points-not-stated": "error"}),
    "component within its points": (
        a_form(a_row(2, "产出", 20, "≤", 5, 4, 20, 名称="其中：建档立卡")),
        {"components-counted-twice": "warning"},
    ),
    "component beyond the points": (
        a_form(a_row(4, "效益", 10, "≥", 1, 1, 10, 名称="其中:建档立卡")),
        {"components-counted-twice": "error", "points-do-not-foot": "error", "row-points-differ": "error"},
    ),
    "component not counted": (a_form(a_row(4, "效益", 10, "≥", 1, 1, 10, 名称="其中：建档立卡", 列示=True)), {}),
    "wrong rate": (a_form(印执行率=0.9), {"rate-misprinted": "error"}),
    "wrong grade": (a_form(印等级="良"), {"grade-differs": "error"}),
    "grade of the rule, not of the total": (
        a_form(印总分=89, 印等级="优"),
        {"total-does-not-foot": "error", "grade-differs": "error"},
    ),
    "grade of the total, not of the rule": (
        a_form(a_row(3, "效益", 30, "≥", 200, 150, 19), 印总分=89, 印等级="良"),
        {"score-differs-from-rule": "error", "total-differs-from-rule": "error", "grade-differs": "error"},
    ),
    "leaf": (a_form(印执行得分=9), {"met-but-docked": "error"}),
}


@pytest.mark.parametrize(("record", "expected"), FAULTS.values(), ids=FAULTS)
def test_each_kind_of_fault_has_its_name(record: Record, expected: dict[str, str]) -> None:
    """What is wrong is told by its own name and gravity, and nothing else is; only remarks let a form agree."""
    found = audit(the_scheme(), record)
    # a group whose rows were traded differs in both directions, and its gravity is that of the graver one
    assert told(found) == expected
    assert found.agrees == (set(expected.values()) <= {"remark"})


@pytest.mark.parametrize("record", [record for record, _ in FAULTS.values()], ids=FAULTS)
def test_items_say_all_there_is_to_say(record: Record) -> None:
    """Messages and remedies have no blanks left in either language, JSON holds, and the text shows every item."""
    found = audit(the_scheme(), record)
    for item in found.items:
        for lang in ("zh", "en"):
            assert "{" not in item.render(lang)
            assert item.name in found.render(lang)
    data = json.loads(json.dumps(found.as_json()))
    assert [i["name"] for i in data["items"]] == [i.name for i in found.items]
    rows = data["rows"]
    assert rows.pop("seen") == sum(rows.values())


def test_an_item_gives_both_figures_and_the_clause() -> None:
    """Printed, computed, their difference, and the clause of the rule, as strings."""
    found = audit(the_scheme(), a_form(a_row(3, "效益", 30, "≥", 200, 150, 30)))
    item = found.as_json()["items"][0]
    wanted = {"path": "效益/指标3", "published": "30", "computed": "22.5", "difference": "7.5", "clause": "办法 第三条"}
    assert wanted.items() <= item.items()
    assert "办法 第三条" in found.render()


def test_every_name_of_a_fault_is_in_the_catalogue() -> None:
    """Faults of this page cover every message of audits but those of rulings."""
    seen = {name for _, expected in FAULTS.values() for name in expected}
    mine = {n for n in catalogue() if n in AUDIT_NAMES}
    assert mine == AUDIT_NAMES
    assert AUDIT_NAMES - seen == {"score-differs-from-ruling"}


AUDIT_NAMES = {
    "score-differs-from-rule", "met-but-docked", "missed-but-full", "score-differs-from-ruling", "score-above-points",
    "score-below-range", "scored-but-not-applicable", "no-figure", "unquantified-full", "row-named-twice",
    "components-counted-twice", "tail-difference", "total-does-not-foot", "total-differs-from-rule", "points-do-not-foot",
    "declared-points-differ", "declared-points-not-stated", "rate-misprinted", "grade-differs", "not-checked",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value", "way"),
    [
        ("86.19%", "0.8619", "up"),
        ("86.18%", "0.8618", None),
        ("86.1%", "0.861", "down"),
        ("86.2%", "0.862", None),
        ("86%", "0.86", None),
        ("0.8618", "0.8618", None),
        ("86.20%", "0.862", "wrong"),
        ("0.00%", "0", "wrong"),
    ],
)
def test_a_rate_is_held_to_the_places_it_is_printed_to(text: str, value: str, way: str | None) -> None:
    """215457.60 ÷ 250000 is 86.18304 %: whatever rounds it half up passes, and another way of rounding is named."""
    record = a_record(GOOD, 250000, 0)
    cells = {**record.cells, "执行": Cell(Fraction("215457.6"))}
    record = evolve(record, cells=cells, published={"印执行率": Cell(Fraction(value), text)})
    items = [i for i in audit(the_scheme(), record).items if i.name == "rate-misprinted"]
    if way is None:
        assert items == []
        return
    (item,) = items
    assert item.severity == ("error" if way == "wrong" else "warning")
    assert {"up": "进一", "down": "截去", "wrong": "哪种舍入都"}[way] in item.finding.message("zh")
    assert "86.18304%" in item.finding.message("zh") or "%" not in text


def test_a_rate_is_held_to_the_rounding_of_its_scheme() -> None:
    """Where the scheme cuts the rate off at two places, 0.87 passes for 0.875 and 0.88 does not."""
    scheme = the_scheme(
        FORM.replace("执行率: 执行 / 预算", "执行率: {formula: 执行 / 预算, round: {places: 2, mode: down}}")
    )
    record = a_record(GOOD, 200, 175)
    ways = {}
    for shown in ("0.87", "0.88"):
        cells = {"印执行率": Cell(Fraction(shown), shown)}
        ways[shown] = told(audit(scheme, evolve(record, published=cells)))
    assert "rate-misprinted" not in ways["0.87"]
    assert ways["0.88"]["rate-misprinted"] == "warning"


def test_rulings_stand() -> None:
    """A form that prints what was ruled agrees; one that prints something else differs from the ruling."""
    ruling = pr.Ruling("效益/指标3", Fraction(30), "补充了证明材料", "复核组", date(2024, 5, 1))
    found = audit(the_scheme(), evolve(a_form(a_row(3, "效益", 30, "≥", 200, 150, 30)), rulings=(ruling,)))
    assert found.agrees
    found = audit(the_scheme(), evolve(a_form(), rulings=(ruling,)))
    assert told(found) == {"score-differs-from-ruling": "error"}


def test_a_row_in_no_group_is_left_out_and_told() -> None:
    """A row that no group takes is counted, and the total beneath which it was printed does not foot."""
    stray = evolve(GOOD[2], cells={**GOOD[2].cells, "类": Cell(Hole("missing", "类"))})
    found = audit(the_scheme(), a_form(stray, 印总分=92.5))
    assert found.rows == 4
    assert found.left_out == 1
    assert told(found)["row-in-no-group"] == "error"


@pytest.mark.parametrize(
    ("body", "taken"),
    [
        ("formula: 评分", 3),
        ("formula: min(评分, 分值)", 0),
        ("formula: min(得分, 分值)", 3),
        ("rule: {clip: {x: 得分, 下限: 0, 上限: 分值}}", 3),
        ("rule: {按完成比例: {实际: 完成, 目标: 目标}}", 0),
        ("bands: {of: 完成, from: {120: 评分, else: points}}", 1),
        ("given: 评分", 3),
    ],
)
def test_a_figure_that_somebody_entered_is_taken_as_published(body: str, taken: int) -> None:
    """A rule that only repeats an entered score, or reads the printed one, recomputes nothing."""
    cases = FORM[FORM.index("    cases:") : FORM.index("    round: 2\nvalues")]
    rows = [evolve(r, cells={**r.cells, "评分": r.cells["得分"]}) for r in GOOD]
    found = audit(the_scheme(FORM.replace(cases, f"    {body}\n")), a_record(rows))
    assert (found.taken, found.recomputed) == (taken, 4 - taken)


def test_duplicate_names_keep_their_own_scores() -> None:
    """Two rows of one name are each held to their own rule."""
    record = a_form(a_row(2, "产出", 20, "≤", 5, 6, 20, 名称="指标1"))
    found = audit(the_scheme(), record)
    assert told(found) == {"missed-but-full": "error", "row-named-twice": "warning"}
    assert found.footed == Fraction("92.5")
    assert found.computed == Fraction("72.5")


@pytest.mark.parametrize(
    ("keys", "total"),
    [
        ("formula: 产出 + 效益 * 40 / 30", 90),
        ("gates: {超支: {when: 执行 > 预算 * 90%, at_most: 59}}", 59),
        ("adjustments: {奖励: {formula: '2', between: [0, 2]}}", 94.5),
        ("round: 0", 93),
        ("scale_to: 50", 46.25),
    ],
)
def test_totals_are_made_the_way_the_scheme_makes_them(keys: str, total: float) -> None:
    """However a scheme adds up, the printed rows are put through it, those that only the form knows with them."""
    scheme = the_scheme(FORM.replace("  points: 100\n", f"  points: 100\n  {keys}\n"))
    worded = a_row(3, "效益", 30, "≥", "好", "好", 22.5)
    found = audit(scheme, a_form(worded, 印总分=total))
    assert found.published == found.footed == found.computed
    assert not {"total-does-not-foot", "total-differs-from-rule"} & told(found).keys()
    found = audit(scheme, a_form(worded, 印总分=total - 1))
    assert told(found)["total-does-not-foot"] == "error"


def test_the_rest_makes_up_for_what_does_not_apply() -> None:
    """Points of a group without rows are no fault where the whole is made up."""
    scheme = the_scheme(FORM.replace("  points: 100\n", "  points: 100\n  rescale: true\n"))
    found = audit(scheme, a_record(GOOD[:2], 印总分=100))
    assert told(found) == {}
    assert found.computed == 100


def test_a_record_in_other_units_is_read_in_the_units_of_its_scheme() -> None:
    """A value printed in 万元 is the same as one kept in 元."""
    text = FORM.replace("values: {", "values: {结余: 预算 - 执行, ")
    text = text.replace("published:\n", "published:\n  印结余: {value: 结余, unit: 万元}\n")
    mapping = {"预算": 50000, "执行": 20000, "印结余": "3.0", "指标": []}
    record = records.record_from(the_scheme(text), mapping)
    assert "rate-misprinted" not in told(audit(the_scheme(text), record))
    record = records.record_from(the_scheme(text), mapping | {"印结余": "3.1"})
    (item,) = [i for i in audit(the_scheme(text), record).items if i.name == "rate-misprinted"]
    assert "3.1" in item.finding.message("zh")


def test_a_batch_is_audited_in_order() -> None:
    """One audit for each record, in order; those set aside have none."""
    batch = Batch((a_form(), evolve(a_form(印总分=1), id="乙")))
    assert [(a.record, a.agrees) for a in audit_batch(the_scheme(), batch)] == [("甲", True), ("乙", False)]


def test_a_mapping_can_be_audited() -> None:
    """What can be scored can be audited."""
    assert audit(the_scheme(), {"预算": 100, "执行": 50, "印执行得分": 5, "指标": []}).recomputed == 1


@given(st.integers(0, 10**6), st.integers(0, 4))
def test_a_figure_agrees_with_all_that_rounds_to_it(value: int, places: int) -> None:
    """A printed figure is the same as what rounds half up to it within the tail, and off by more than that it differs."""
    shown = Fraction(value, 10**places)
    figure = printed(Cell(shown, f"{value / 10**places:.{places}f}"))
    assert figure is not None
    half = min(Fraction(1, 2 * 10**places), TAIL)
    assert figure.agrees(shown) == figure.agrees(shown + half * Fraction(99, 100)) == "same"
    assert figure.agrees(shown + TAIL * 2) == figure.agrees(shown - TAIL * 2) == "differs"


# ------------------------------------------------------------------------------------------- published tables


def test_case_16_prints_the_grades_of_its_scores() -> None:
    """The scores of Gangcheng's projects are given, so all of them are taken as published; the 11 grades agree."""
    scheme = supplying.scheme("gangcheng.key-projects")
    found = audit_batch(scheme, formats.read_records(EXAMPLES / "gangcheng.csv", scheme))
    assert [(a.agrees, a.rows, a.taken, a.resting) for a in found] == [(True, 1, 1, 100)] * 11


def example(case: str) -> Audit:
    scheme = supplying.scheme("mof.self-evaluation-20-80" if case in ("04", "08") else "mof.self-evaluation")
    batch = formats.read_records(EXAMPLES / f"case-{case}.json", scheme)
    (found,) = audit_batch(scheme, batch)
    return found


def graver(found: Audit) -> list[tuple[str, str]]:
    return [(i.name, i.path) for i in found.items if i.severity != "remark"]


def test_case_01_prints_a_rate_rounded_up() -> None:
    """86.18304 % is printed as 86.19 %, which only rounding up gives; the points and the total are right."""
    found = example("01")
    assert graver(found) == [("rate-misprinted", "执行率")]
    assert "进一" in found.items[0].finding.message("zh")
    assert found.published == found.footed == found.computed == Fraction("98.62")
    assert (found.rows, found.taken, found.resting) == (6, 1, 20)


def test_case_02_comes_to_110_under_100() -> None:
    """Rows come to 110 under a total of 100, in points as in scores; the declared 70 and 20 are not the form's 50 and 30."""
    found = example("02")
    items = {i.name: i for i in found.items if not i.path}
    assert (items["points-do-not-foot"].published, items["points-do-not-foot"].computed) == (110, 100)
    total = items["total-does-not-foot"]
    assert (total.published, total.computed, total.difference) == (100, 110, -10)
    declared = {i.path: i.published for i in found.items if i.name == "declared-points-not-stated"}
    assert declared == {"产出": 70, "效益": 20}
    assert "repeated-operator" in {f.name for f in found.findings}


def test_case_03_gives_full_points_for_nothing_measured() -> None:
    """Six of its nine rows have neither target nor actual, yet full points; it foots, and the `/` row does not apply."""
    found = example("03")
    assert sum(i.name == "unquantified-full" for i in found.items) == 6
    assert found.agrees
    assert (found.rows, found.recomputed, found.taken, found.not_applicable) == (11, 4, 6, 1)
    assert found.resting == 60


def test_case_04_docks_a_target_that_was_met() -> None:
    """98 of 98 is full 20, not 19.6; the total foots with the rows, and is 0.4 under the rule."""
    found = example("04")
    docked, total = found.items
    assert (docked.name, docked.published, docked.computed) == ("met-but-docked", Fraction("19.6"), 20)
    assert (total.name, total.difference) == ("total-differs-from-rule", Fraction("-0.4"))
    assert found.footed == found.published


def test_case_08_foots() -> None:
    """A table without a fault agrees."""
    found = example("08")
    assert graver(found) == []
    assert found.agrees


def test_case_10_gives_full_points_for_missed_targets() -> None:
    """4604 of ≥4754 and 5830 against ≤5300 got full points, and a component stands beside its whole."""
    found = example("10")
    missed = {i.path: i.computed for i in found.items if i.name == "missed-but-full"}
    assert missed == {"产出/特困供养人数": Fraction("4.84"), "产出/临时救助标准上限(元/户·年)": 9}
    assert ("components-counted-twice", "产出/其中建档立卡") in graver(found)
    assert (found.published, found.footed, found.computed) == (None, 90, Fraction("88.84"))
