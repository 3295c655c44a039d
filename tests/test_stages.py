"""Stages compared: what moved, what is behind the month, and what cannot be said, over any scheme with stages."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import perfrules as pr
from perfrules.procedures.stages import Comparison, compare

SCHEME = """perfrules: 1
scheme: test.stages
title: 阶段
clause: 试
stages: [年初, 年中, 年末]
inputs:
  目标: {kind: number, optional: true, at: 年初}
  进度: {kind: number, min: 0, max: 100, at: [年中, 年末]}
  结果: {kind: number, min: 0, max: 100, optional: true, at: 年末}
rows:
  任务:
    name: 名称
    columns: {名称: {kind: text}, 分: {kind: number, min: 0, max: 20}}
    points: 20
    formula: 分
values:
  完成率: 进度 / 100
tree:
  id: 总分
  points: 70
  children:
    亮目标: {points: 10, formula: "10 if 目标 > 0 else 0"}
    亮进度: {points: 10, formula: 进度 / 10}
    亮结果: {points: 10, formula: 结果 / 10, not_applicable: exclude}
    任务: {points: 40, id: 任务分, rows: 任务, adjustable: true}
    说明: {}
"""


def card(stage: str, tasks: tuple[int, ...] = (0, 0), **inputs: Any) -> pr.Scorecard:
    rows = [{"名称": "同名", "分": points} for points in tasks]
    return pr.score(pr.loads(SCHEME), {"编号": "甲", "任务": rows, **inputs}, stage=stage)


@pytest.fixture(scope="module")
def middle() -> Comparison:
    return compare(card("年初", (0, 4), 目标=1), card("年中", (5, 4), 进度=60), 9)


def test_every_node_and_number_is_held_against_the_earlier_stage(middle: Comparison) -> None:
    """What only one stage asks for appears or vanishes; rows of one name keep apart; described nodes are left out."""
    assert [(m.name, m.change, m.by) for m in (*middle.nodes[1:], *middle.values)] == [
        ("亮目标", "vanished", None),
        ("亮进度", "appeared", None),
        ("亮结果", "without", None),
        ("任务", "rose", 5),
        ("同名", "rose", 5),
        ("同名", "same", 0),
        ("完成率", "appeared", None),
    ]
    assert [m.name for m in middle.moved] == ["总分", "亮目标", "亮进度", "任务", "同名", "完成率"]


def test_what_is_due_is_the_months_share_of_what_was_possible_then(middle: Comparison) -> None:
    """By the end of September nine twelfths: 7.5 of 10, 15 of 20; what the stage does not ask for is not behind."""
    assert [(m.name, m.after, m.due, m.behind) for m in middle.behind] == [
        ("同名", 4, 15, 11),
        ("同名", 5, 15, 10),
        ("亮进度", 6, Fraction(15, 2), Fraction(3, 2)),
    ]
    assert [m.name for m in middle.unknown] == ["亮目标", "亮结果"]
    assert middle.nodes[0].due == Fraction(75, 2)


def test_what_keeps_up_is_behind_by_nothing() -> None:
    """Reaching what is due is enough, and so is having more."""
    assert compare(card("年初"), card("年中", (15, 20), 进度=75), 9).behind == ()


def test_a_score_that_could_not_be_told_is_unknown_and_never_behind() -> None:
    """A refused node is not zero: nothing is said of it but that nothing can be said."""
    compared = compare(card("年中", (1, 1), 进度=10), card("年末", (1, 1), 进度=10), 12)
    assert [m.name for m in compared.unknown] == ["亮目标", "亮结果"]
    assert {m.name: m.change for m in compared.nodes}["总分"] == "vanished"


def test_the_comparison_as_data_and_as_words(middle: Comparison) -> None:
    """Numbers are exact strings; both languages tell the same lines."""
    data = middle.as_json()
    assert (data["before"], data["after"], data["month"]) == ("年初", "年中", 9)
    assert data["nodes"][2] == {
        "path": "亮进度", "name": "亮进度", "change": "appeared", "before": None, "after": "6", "by": None,
        "due": "7.5", "behind": "1.5",
    }  # fmt: skip
    zh, en = (middle.render(lang).splitlines() for lang in ("zh", "en"))
    assert len(zh) == len(en) == 1 + 1 + 6 + 1 + 3 + 1 + 2
    assert "亮进度  得分 6，应得 7.5，落后 1.5" in "\n".join(zh)
    assert "亮进度  has 6, due 7.5, behind by 1.5" in "\n".join(en)


def test_only_scorecards_of_one_object_by_one_scheme_are_compared() -> None:
    """Two objects, two schemes, or a month that there is not: a mistake of the caller, told as one."""
    one = card("年初")
    other = pr.score(pr.loads(SCHEME.replace("points: 70", "points: 70\n  title: 别样")), {"编号": "甲", "进度": 1})
    for before, month in ((one, 0), (one, 13), (other, 6), (pr.score(pr.loads(SCHEME), {"编号": "乙"}), 6)):
        with pytest.raises(ValueError, match=r"please|1 to 12"):
            compare(before, one, month)


@given(st.integers(0, 100), st.integers(0, 100), st.integers(1, 12))
def test_behind_and_due_hang_together(before: int, after: int, month: int) -> None:
    """What is behind is what is due less what there is, or nothing; it never grows as progress does."""
    compared = compare(card("年中", 进度=before), card("年中", 进度=after), month)
    movement = next(m for m in compared.nodes if m.name == "亮进度")
    assert movement.due == Fraction(10 * month, 12)
    assert movement.behind == max(Fraction(10 * month, 12) - Fraction(after, 10), 0)
    assert movement.by == Fraction(after - before, 10)
