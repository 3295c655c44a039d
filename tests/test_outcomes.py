"""Outcomes: awards by rank with declared ties, rules, next year's budget; nothing lost, nothing guessed."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import perfrules as pr
from perfrules.procedures.outcomes import Settled, settle

SCHEME = """perfrules: 1
scheme: test.outcomes
title: 结果应用
assumed: 试
inputs:
  分: {{kind: number, min: 0, max: 100}}
  片: {{kind: choice, choices: [东, 西]}}
  合格: {{kind: boolean}}
  预算: {{kind: number, unit: 万元}}
tree: {{id: 总分, points: 100, formula: 分}}
grades:
  等级: {{bands: {{of: 总分, from: {{90: 优, 60: 中, else: 差}}}}}}
ranking: {{of: 总分, order: descending, ties: {ranking}}}
procedures:
  outcomes:
    awards:
      奖: {{{award}, outcome: 奖励}}
    rules:
      改: {{when: "grade == '差' or rank > 8", outcome: 整改, reason: 差或靠后}}
    factor: {{cases: {{"grade == '优'": 1.05, "grade == '中'": 1, else: 2 / 3}}}}
    base: 预算
"""


def settled(scores: list[Any], award: str = "first: 2", ranking: str = "min", **more: list[Any]) -> tuple[Settled, ...]:
    scheme = pr.loads(SCHEME.format(award=award, ranking=ranking))
    made = []
    for i, score in enumerate(scores):
        data = {"编号": str(i), "分": score, "片": "东", "合格": True, "预算": "300"}
        made.append(pr.score(scheme, data | {name: values[i] for name, values in more.items()}))
    return settle(scheme, made)


def awards(found: tuple[Settled, ...]) -> list[str | None]:
    return [next((c.state for c in s.consequences if c.name == "奖"), None) for s in found]


A, U = "applied", "undecided"


@pytest.mark.parametrize(
    ("award", "wanted"),
    [
        ("first: 2, ties: all", [A, A, A, None]),
        ("first: 2, ties: none", [A, None, None, None]),
        ("first: 2, ties: decide", [A, U, U, None]),
        ("first: 2", [A, U, U, None]),
        ("first: 3", [A, A, A, None]),
        ("last: 2, ties: all", [None, A, A, A]),
        ("last: 1", [None, None, None, A]),
        ("first: 9", [A, A, A, A]),
    ],
)
def test_ties_over_the_line(award: str, wanted: list[str | None]) -> None:
    """All are in, none is, or it is told that it is to be decided."""
    assert awards(settled([95, 80, 80, 50], award)) == wanted


def test_a_ranking_that_takes_in_all_who_tie() -> None:
    """An award that says nothing of ties does as the ranking; what it says itself goes before."""
    assert awards(settled([95, 80, 80], ranking="all")) == [A, A, A]
    assert awards(settled([95, 80, 80], "first: 2, ties: decide", ranking="all")) == [A, U, U]


@given(st.lists(st.integers(0, 6), max_size=10), st.integers(1, 5), st.sampled_from(["all", "none", "decide"]))
def test_no_policy_loses_anybody(scores: list[int], count: int, ties: str) -> None:
    """Who is clearly within is in, whoever ties over the line shares one fate, and every record is settled once."""
    found = settled(scores, f"first: {count}, ties: {ties}")
    assert [s.record for s in found] == [str(i) for i in range(len(scores))]
    fate = {"all": A, "none": None, "decide": U}[ties]
    for own, state in zip(scores, awards(found), strict=True):
        better, same = sum(s > own for s in scores), sum(s == own for s in scores)
        assert state == (None if better >= count else A if better + same <= count else fate)


def test_groups_of_a_ranking_have_each_their_first() -> None:
    """Where a ranking is within groups, so is an award."""
    found = settled([95, 90, 80, 70], "first: 1", "min, within: 片", 片=["东", "东", "西", "西"])
    assert awards(found) == [A, None, A, None]


def test_conditions_that_cannot_be_told_are_told() -> None:
    """A hole in a condition leaves open who has it, and whoever would be pushed over the line by it."""
    found = settled([95, 90, 80, 70], "first: 2, where: 合格", 合格=[True, "", True, True])
    assert awards(found) == [A, U, U, None]
    assert awards(settled([95, 90, 80], "first: 1, where: 合格", 合格=[True, "", False])) == [A, None, None]
    assert all(s.undecided for s in found[1:3])


def test_a_record_without_a_score_is_undecided_throughout() -> None:
    """No place, no grade: award, rule and factor are open, each with its reason; the base is known."""
    first, without = settled([95, ""])
    assert (without.rank, without.grade, without.factor, without.base, without.budget) == (None, None, None, 300, None)
    assert {c.name: c.state for c in without.consequences} == {"奖": U, "改": U}
    assert without.undecided
    assert set(without.as_json()["untold"]) == {"factor"}
    assert not first.undecided


def test_factor_base_and_budget_are_exact() -> None:
    """In the unit of the input that the base names; a third stays a third."""
    good, middle, bad = settled([95, 60, 10], 预算=["300", "0.1", "100"])
    assert (good.factor, good.base, good.budget) == (Fraction("1.05"), 300, 315)
    assert (middle.budget, bad.budget) == (Fraction(1, 10), Fraction(200, 3))
    assert bad.as_json()["budget"] == "200/3"


def test_rules_read_grade_and_rank() -> None:
    """Either leads to the outcome; the reason is the rule's."""
    found = settled(list(range(100, 90, -1)))
    assert [s.record for s in found if any(c.name == "改" for c in s.consequences)] == ["8", "9"]
    assert {c.because for s in found for c in s.consequences if c.name == "改"} == {"差或靠后"}
