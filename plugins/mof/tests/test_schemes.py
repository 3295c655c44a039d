"""What the schemes of this distribution promise: they load, and say of every rule how far to trust it."""

from __future__ import annotations

from fractions import Fraction

import pytest

import perfrules as pr
from perfrules.plugins import Registry
from perfrules.procedures.monitoring import monitor
from perfrules.records import record_from
from perfrules.testing.laws import marks

NAMES = (
    "mof.department",
    "mof.grade-scales",
    "mof.monitoring",
    "mof.project",
    "mof.self-evaluation",
    "mof.self-evaluation-20-80",
)


def test_these_and_no_others_are_registered() -> None:
    """Each scheme file of the distribution is found by its id."""
    found, problems = pr.schemes()
    assert not [p for p in problems if p.severity == "error"]
    assert tuple(sorted(name for name in found if name.startswith("mof."))) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_no_rule_is_stated_or_unmarked(name: str) -> None:
    """The regulation's text was not at hand: every mark is `unverified` or `assumed`, and says why."""
    found = list(marks(pr.scheme(name)))
    assert len(found) > 5
    assert [path for path, mark in found if mark.status not in ("unverified", "assumed")] == []
    assert [path for path, mark in found if not mark.why] == []


@pytest.mark.parametrize("name", NAMES)
def test_borrowed_definitions_keep_their_marks(name: str) -> None:
    """`resolved()` holds the borrowed definitions with their marks."""
    scheme = pr.scheme(name)
    again = pr.loads(scheme.resolved(), registry=Registry())
    assert list(marks([again.tree, again.rows, again.grades])) == list(marks([scheme.tree, scheme.rows, scheme.grades]))
    borrowed = [d for d in again.definitions.values() if scheme.definitions[d.name].origin == "perfrules-mof"]
    assert {(d.name, d.provenance.status, d.provenance.why) for d in borrowed} == {
        (d.name, d.provenance.status, d.provenance.why) for d in (scheme.definitions[b.name] for b in borrowed)
    }


def test_output_and_effect_weigh_at_least_sixty_percent() -> None:
    """产出 and 效益 carry 60 of the 100 points of `mof.project`, which is as low as they may go."""
    tree = pr.scheme("mof.project").tree
    worth = {node.name: node.worth for node in tree.children}
    assert (worth["产出"] + worth["效益"]) * 100 >= tree.worth * 60


REVERSE = """perfrules: 1
scheme: test.reverse
title: 逆向
clause: 试
use: [perfrules-mof]
inputs: {实际: {kind: number, min: 0}}
tree:
  id: 总分
  points: 30
  leaves: {points: 10}
  children:
    至两倍: {formula: "逆向至两倍(实际, 10)"}
    按比值: {formula: "逆向按比值(实际, 10)"}
    区间: {formula: "区间内(实际, 0, 10)"}
"""


@pytest.mark.parametrize(
    ("actual", "twice", "ratio", "within"),
    [(0, 10, 10, 10), (10, 10, 10, 10), (15, 5, Fraction(20, 3), 0), (20, 0, 5, 0), (25, 0, 4, 0)],
)
def test_the_three_reverse_rules_part_beyond_the_target(actual: int, twice: int, ratio: Fraction, within: int) -> None:
    """Up to a target of 10 all three give full points; beyond it each goes its own way, and none below 0."""
    scheme = pr.loads(REVERSE)
    assert scheme.findings == ()
    card = pr.score(scheme, {"实际": actual})
    assert [card[name].score for name in ("至两倍", "按比值", "区间")] == [twice, ratio, within]
    assert card.resting == {"assumed": 30}


WATCHED = {
    "主管部门": "教育局", "监控月份": 8, "全年预算数": 120, "累计执行数": 60, "数量年度目标": 30, "数量累计完成": 15,
    "效益年度目标": "/", "效益累计完成": "/", "质量下限": "95%", "质量实际": "94%", "时效期限": 30, "时效实际": 31,
    "成本上限": 10, "成本实际": 10, "满意度下限": "/", "满意度实际": "/", "定性完成": "达成", "自评得分率": "/",
}  # fmt: skip


def test_monitoring_says_what_would_turn_each_light_green() -> None:
    """The nearest figure with which a light is good, by hand: 80 % of 8/12 of 120 and of 30, and the bounds of ranges."""
    scheme = pr.scheme("mof.monitoring")
    watch = monitor(scheme, [record_from(scheme, {"项目名称": "甲", **WATCHED})])
    lights = {x.path: (x.light, x.needed) for x in watch.objects[0].lights if not x.good and x.light}
    assert lights == {
        "预算执行": ("黄", 64),
        "数量指标": ("黄", 16),
        "质量指标": ("红", 95),
        "时效指标": ("红", 30),
    }
    assert (watch.counts, watch.worst("教育局")) == ({"红": 1}, "红")


def test_monitoring_at_another_month() -> None:
    """In June the same spending is on time; in December it is not."""
    scheme = pr.scheme("mof.monitoring")
    record = record_from(scheme, {"项目名称": "甲", **WATCHED})
    found = {
        month: {x.path: x.light for x in monitor(scheme, [record], month=month).objects[0].lights}["预算执行"]
        for month in (6, 8, 12)
    }
    assert found == {6: "绿", 8: "黄", 12: "红"}


@pytest.mark.parametrize("name", ["mof.self-evaluation", "mof.self-evaluation-20-80"])
def test_a_re_score_is_held_against_what_the_form_prints(name: str) -> None:
    """A reviewer's finding takes points off the score that the unit printed, with the figure that changed as its reason."""
    scheme = pr.scheme(name)
    row = {
        "一级指标": "产出",
        "三级指标": "道路",
        "分值": 90,
        "性质": "≥",
        "目标值": 100,
        "完成值": 100,
        "自评得分": 90,
    }
    if name.endswith("80"):
        row |= {"分值": 80, "自评得分": 80}
    execution = 100 - row["分值"]
    form = {"项目名称": "甲", "全年预算数": 100, "全年执行数": 100, "公布预算执行得分": execution, "公布总分": 100}
    rows = [row] if name.endswith("80") else [
        row | {"分值": 50, "自评得分": 50},
        row | {"一级指标": "效益", "三级指标": "通行", "分值": 30, "自评得分": 30},
        row | {"一级指标": "满意度", "三级指标": "群众", "分值": 10, "自评得分": 10},
    ]  # fmt: skip
    found = [rows[0] | {"完成值": 50}, *rows[1:]]
    (own,), (again,) = ([record_from(scheme, {**form, "绩效指标": each})] for each in (rows, found))
    (made,) = pr.reconcile(scheme, [own], [again]).records
    less = Fraction(rows[0]["分值"], 2)
    assert (made.scores.self_score, made.scores.taken_off, made.scores.deviation) == (100, less, less / 100)
    (item,) = made.changed
    assert item.reasons[0].render() == "完成值: 100 → 50"
