"""Monitoring: lights, their roll-up, counts, and what would turn them good."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import perfrules as pr
from perfrules.procedures.monitoring import NO_LIGHT, Light, Watch, monitor
from perfrules.records import records_from_mappings

SCHEME = pr.loads("""perfrules: 1
scheme: test.watch
title: 监控
assumed: 试
inputs:
  股室: {kind: choice, choices: [农, 社]}
  月份: {kind: number, min: 1, max: 12, decimals: 0}
  预算: {kind: number, unit: 万元, min: 0}
  执行: {kind: number, unit: 万元, min: 0, decimals: 2}
  天数: {kind: number, min: 0, max: 400}
  合格率: {kind: number, unit: "%", min: 0, max: 95%}
tree:
  points: 100
  children:
    进度: {points: 40, formula: "clip(执行 / 预算 / (月份 / 12), 0, 1) * points", grade: 灯}
    工期: {points: 30, formula: points if 天数 <= 60 else 0, grade: 灯}
    质量: {points: 30, formula: 合格率 * points, grade: 质量灯, not_applicable: exclude}
grades:
  灯: {bands: {of: score / points, from: {1: 绿, 0.8: 黄, else: 红}}}
  质量灯: {bands: {of: score / points, from: {0.9: 绿, 0.5: 橙, else: 红}}}
procedures:
  monitoring:
    month: 月份
    good: [绿]
    by: 股室
    levers:
      进度: {input: 执行, toward: up}
      工期: {input: 天数, toward: down}
      质量: {input: 合格率, toward: up}
""")
GOOD: dict[str, Any] = {"股室": "农", "月份": 6, "预算": 100, "执行": 50, "天数": 60, "合格率": "90%"}


def watch(*changes: dict[str, Any], month: int | None = None) -> Watch:
    rows = [{"编号": str(i), **GOOD, **change} for i, change in enumerate(changes)]
    batch = records_from_mappings(SCHEME, rows)
    assert not batch.set_aside
    return monitor(SCHEME, batch.records, month=month)


def light(path: str, change: dict[str, Any], month: int | None = None) -> Light:
    (one,) = watch(change, month=month).objects
    return next(x for x in one.lights if x.path == path)


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(1, 12))
def test_needed_turns_the_light_good_and_one_step_less_does_not(budget: int, spent: int, month: int) -> None:
    """To the grid of the lever, upwards; it is the least such amount."""
    spent = min(spent, budget)
    found = light("进度", {"预算": budget, "执行": spent}, month)
    due = Fraction(budget * month, 12)
    if found.good:
        assert spent >= due
        return
    assert found.needed is not None
    assert found.now == spent < found.needed
    assert found.needed - Fraction(1, 100) < due <= found.needed
    assert light("进度", {"预算": budget, "执行": str(found.needed.limit_denominator(100) * 1.0)}, month).good


@given(st.integers(6001, 40000))
def test_a_lever_that_goes_down(hundredths: int) -> None:
    """Downwards it is the greatest that would do, whether the figure stands on the grid or not."""
    found = light("工期", {"天数": f"{hundredths / 100:.2f}"})
    assert (found.light, found.needed) == ("红", 60)
    assert light("工期", {"天数": "60.004"}).needed == 60


def test_no_value_within_bounds_would_do() -> None:
    """A bound is kept: what lies beyond it is no advice; the bound itself may be."""
    assert light("质量", {"合格率": "10%"}).needed == 90
    assert light("进度", {"预算": 0}).light is None
    bounded = pr.loads(SCHEME.resolved().replace('"95%"', '"80%"'))
    (record,) = records_from_mappings(bounded, [{**GOOD, "合格率": "10%"}]).records
    found = monitor(bounded, [record]).objects[0].lights[2]
    assert (found.light, found.now, found.needed) == ("红", 10, None)


def test_worst_of_over_scales_of_other_labels() -> None:
    """A light that only one scale has is worse than good, and is counted."""
    seen = watch({}, {"合格率": "60%"}, {"执行": 45}, {"执行": 1, "合格率": "60%"})
    assert [o.light for o in seen.objects] == ["绿", "橙", "黄", "红"]
    assert seen.labels[0] == "绿"
    assert seen.labels[-1] == "红"
    assert sum(seen.counts.values()) == 4


def test_what_cannot_be_told_is_never_green() -> None:
    """Data wanting: no light rather than a good one; a bad one stands; what does not apply is left out."""
    missing, bad, without = watch({"执行": ""}, {"执行": "", "天数": 99}, {"合格率": "/"}).objects
    assert (missing.light, bad.light, without.light) == (None, "红", "绿")
    because = missing.lights[0].because
    assert because is not None
    assert (because.kind, because.name) == ("missing", "执行")  # the datum, not that the score was refused for it
    undefined = light("进度", {"预算": 0}).because
    assert undefined is not None
    assert undefined.kind == "undefined"


def test_figures_are_in_the_unit_that_is_told() -> None:
    """A lever in per cent is told in per cent, one in 万元 in 万元, and JSON says the unit beside them."""
    assert light("质量", {"合格率": "60.5%"}).as_json() | {"path": ""} == {
        "path": "", "light": "橙", "good": False, "lever": "合格率", "now": "60.5", "needed": "90", "unit": "%"
    }  # fmt: skip
    found = light("进度", {"执行": "1.5"}).as_json()
    assert (found["now"], found["needed"], found["unit"]) == ("1.5", "50", "万元")
    assert light("工期", {"天数": 99}).unit == ""


@given(st.lists(st.tuples(st.sampled_from("农社"), st.integers(0, 100), st.integers(0, 120)), max_size=12))
def test_counts_add_up(objects: list[tuple[str, int, int]]) -> None:
    """Every object has one light or none, overall and in its group."""
    seen = watch(*({"股室": office, "执行": spent, "天数": days} for office, spent, days in objects))
    assert sum(seen.counts.values()) == len(objects) == len(seen.objects)
    for group, counts in seen.groups.items():
        assert sum(counts.values()) == sum(office == group for office, *_ in objects)
        for label, count in counts.items():
            assert count == sum(o.group == group and (o.light or NO_LIGHT) == label for o in seen.objects)
        bad = [o.light for o in seen.objects if o.group == group]
        assert seen.worst(group) == max(filter(None, bad), key=seen.labels.index, default=None)


def test_a_month_that_there_is_not() -> None:
    """Months are 1 to 12, and monitoring is declared."""
    for month in (0, 13):
        with pytest.raises(pr.RecordError) as caught:
            watch({}, month=month)
        assert [f.name for f in caught.value.findings] == ["no-such-month"]
