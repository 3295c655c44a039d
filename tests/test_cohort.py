"""Statistics over all records, frozen as benchmarks; stages; product and geometric groups."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import perfrules as pr
from perfrules.scorecards import as_json, frozen_from, frozen_json

SCHEME = """perfrules: 1
scheme: test.cohort
title: 参照
clause: 试
inputs:
  成本: {kind: number, unit: 元, min: 0}
  乡镇: {kind: choice, choices: [山区, 平原]}
  事故: {kind: boolean}
benchmarks:
  均值: {mean: 成本, over: cohort, where: not 事故}
  同类: {quantile: 成本, at: 1/2, method: linear, over: cohort, by: 乡镇, round: 1}
  平均分: {mean: 得, over: cohort}
  几家: {count: 得 >= 平均分, over: cohort}
tree:
  id: 总分
  points: 30
  children:
    得: {points: 10, formula: "min(均值 / 成本, 1) * points"}
    比: {points: 10, formula: "10 if 成本 <= 同类 else 5"}
    超: {points: 10, formula: "10 if 得 >= 平均分 else 0"}
"""
RECORDS: list[dict[str, Any]] = [
    {"id": "a", "成本": 100, "乡镇": "山区", "事故": "否"},
    {"id": "b", "成本": 200, "乡镇": "山区", "事故": "否"},
    {"id": "c", "成本": 400, "乡镇": "平原", "事故": "是"},
]


def test_benchmarks_are_worked_out_layer_by_layer() -> None:
    """A benchmark may read nodes that read benchmarks: each layer is frozen before the next."""
    scheme = pr.loads(SCHEME)
    frozen = pr.freeze(scheme, RECORDS)
    assert frozen["均值"].values == {"": 150}
    assert frozen["同类"].values == {"山区": 150, "平原": 400}
    # 得: 10, 7.5, 3.75 → mean 7.0833…
    assert frozen["平均分"].values == {"": Fraction(85, 12)}
    assert frozen["几家"].values == {"": 2}
    assert [frozen["均值"].population, frozen["平均分"].population] == [3, 3]
    cards = [pr.score(scheme, r, benchmarks=frozen) for r in RECORDS]
    assert [c["得"].score for c in cards] == [10, Fraction(15, 2), Fraction(15, 4)]
    assert [c["比"].score for c in cards] == [10, 5, 10]
    assert [c["超"].score for c in cards] == [10, 10, 0]


def test_without_its_benchmark_a_record_has_no_score() -> None:
    """A benchmark that is not frozen is missing, never a guess."""
    card = pr.score(pr.loads(SCHEME), RECORDS[0])
    assert card.points is None
    assert card["得"].because is not None
    assert card["得"].because.name == "均值"


def test_records_without_the_item_are_left_out_and_counted() -> None:
    """A missing item does not silently move the benchmark: it is counted as left out."""
    scheme = pr.loads(SCHEME)
    frozen = pr.freeze(scheme, [*RECORDS, {"id": "d", "乡镇": "平原", "事故": "否"}])
    assert frozen["均值"].values == {"": 150}
    assert (frozen["均值"].population, frozen["均值"].left_out) == (3, 1)


def test_frozen_benchmarks_are_kept_and_come_back() -> None:
    """What is written of frozen benchmarks reads back as the same, and a scorecard carries those it rests on."""
    scheme = pr.loads(SCHEME)
    frozen = pr.freeze(scheme, RECORDS)
    assert frozen_from({n: frozen_json(f) for n, f in frozen.items()}) == frozen
    data = as_json(pr.score(scheme, RECORDS[0], benchmarks=frozen))
    assert data["benchmarks"]["均值"]["values"] == {"": "150"}


@given(st.permutations(RECORDS))
def test_the_order_of_records_changes_no_benchmark(records: list[dict[str, Any]]) -> None:
    """A benchmark and its digest hang on the population, not on its order."""
    scheme = pr.loads(SCHEME)
    assert pr.freeze(scheme, records) == pr.freeze(scheme, RECORDS)


def test_a_benchmark_that_needs_itself_is_a_ring() -> None:
    """Layers are acyclic; the finding prints the ring."""
    text = SCHEME.replace("{mean: 成本, over: cohort, where: not 事故}", "{mean: 得, over: cohort}")
    with pytest.raises(pr.SchemeError) as caught:
        pr.loads(text)
    ring = next(f for f in caught.value.findings if f.name == "ring-of-names")
    assert {"均值", "得"} <= set(ring.seen["ring"].split(" → "))


STAGED = """perfrules: 1
scheme: test.stages
title: 阶段
clause: 试
stages: [年初, 年中, 年末]
inputs:
  目标: {kind: number, at: 年初}
  进度: {kind: number, at: [年中, 年末]}
  结果: {kind: number, at: 年末}
tree:
  id: 总分
  points: 30
  children:
    亮目标: {points: 10, formula: "10 if 目标 > 0 else 0"}
    亮进度: {points: 10, formula: "clip(进度 / 100, 0, 1) * points"}
    亮结果: {points: 10, formula: "clip(结果 / 100, 0, 1) * points"}
"""


def test_an_input_of_another_stage_is_not_applicable() -> None:
    """At a stage only its inputs count; the others are not applicable, with the stage as reason."""
    scheme = pr.loads(STAGED)
    record = {"目标": 5, "进度": 50, "结果": 80}
    states = {s: [n.state for n in pr.score(scheme, record, stage=s).nodes[1:]] for s in scheme.stages}
    assert states["年初"] == ["scored", "absent", "absent"]
    assert states["年中"] == ["absent", "scored", "absent"]
    assert states["年末"] == ["absent", "scored", "scored"]
    assert pr.score(scheme, record).points == 23
    with pytest.raises(pr.RecordError):
        pr.score(scheme, record, stage="年尾")


def test_an_unknown_stage_of_an_input_is_told() -> None:
    """`at` names a stage that the scheme has."""
    with pytest.raises(pr.SchemeError) as caught:
        pr.loads(STAGED.replace("at: 年末", "at: 年尾"))
    assert "unknown-stage" in [f.name for f in caught.value.findings]


GROUPS = """perfrules: 1
scheme: test.groups
title: 汇总
clause: 明文
inputs:
  a: {kind: number, min: 0, max: 10}
  b: {kind: number, min: 0, max: 10, optional: true}
tree:
  id: 总分
  points: 30
  leaves: {missing: exclude, clause: 明文}
  clause: 明文
  children:
    积: {points: 10, combine: product, children: {积一: {points: 10, formula: a}, 积二: {points: 10, formula: b}}}
    几何: {points: 10, combine: geometric, children: {几一: {points: 10, formula: a}, 几二: {points: 10, formula: b}}}
    加权: {points: 10, combine: geometric, children: {权一: {weight: 3, formula: a * points / 10}, 权二: {weight: 1, formula: b * points / 10}}}
"""


def test_product_and_geometric_multiply_the_shares() -> None:
    """A product is the whole times each share; the geometric mean its root, exact where the root is."""
    card = pr.score(pr.loads(GROUPS), {"a": 4, "b": 9})
    assert card["积"].score == Fraction(36, 10)
    assert card["几何"].score == 6
    alone = pr.score(pr.loads(GROUPS), {"a": 4})
    assert [alone[p].score for p in ("积", "几何")] == [4, 4]
    assert alone["加权"].score == 4
