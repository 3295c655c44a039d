"""Ranking with declared ties."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import perfrules as pr
from perfrules.procedures.ranking import rank

SCHEME = """perfrules: 1
scheme: test.ranking
title: 排名
clause: 试
inputs:
  分: {{kind: number, min: 0, max: 100}}
  钱: {{kind: number, optional: true}}
  片: {{kind: choice, choices: [东, 西]}}
tree: {{id: 总分, points: 100, formula: 分}}
ranking: {{of: 总分, order: {order}, ties: {ties}{more}}}
"""


def _ranks(scores: list[int], ties: str = "min", order: str = "descending", more: str = "") -> list[int | None]:
    scheme = pr.loads(SCHEME.format(ties=ties, order=order, more=more))
    cards = [pr.score(scheme, {"id": str(i), "分": s, "钱": i, "片": "东西"[i % 2]}) for i, s in enumerate(scores)]
    by_record = {r.record: r.rank for r in rank(scheme, cards)}
    return [by_record[str(i)] for i in range(len(scores))]


@pytest.mark.parametrize(
    ("ties", "order", "more", "wanted"),
    [
        ("min", "descending", "", [2, 1, 2, 4]),
        ("all", "descending", "", [2, 1, 2, 4]),
        ("dense", "descending", "", [2, 1, 2, 3]),
        ("钱", "descending", "", [3, 1, 2, 4]),
        ("min", "ascending", "", [2, 4, 2, 1]),
        ("min", "descending", ", within: 片", [1, 1, 1, 2]),
    ],
)
def test_ties_as_declared(ties: str, order: str, more: str, wanted: list[int]) -> None:
    """min skips places after a tie, dense does not, a key breaks it; `within` ranks each group alone."""
    assert _ranks([80, 90, 80, 70], ties, order, more) == wanted


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_a_rank_is_one_more_than_those_before(scores: list[int]) -> None:
    """Under `min` a rank is one more than the number of better records; under `dense` of better values."""
    assert _ranks(scores) == [1 + sum(o > s for o in scores) for s in scores]
    assert _ranks(scores, "dense") == [1 + len({o for o in scores if o > s}) for s in scores]


def test_a_record_without_a_score_is_not_lost() -> None:
    """What cannot be ranked stands last with its reason."""
    scheme = pr.loads(SCHEME.format(ties="min", order="descending", more=""))
    cards = [pr.score(scheme, {"id": "a", "分": 50, "片": "东"}), pr.score(scheme, {"id": "b", "片": "东"})]
    ranked = rank(scheme, cards)
    assert [(r.record, r.rank) for r in ranked] == [("a", 1), ("b", None)]
    assert ranked[1].because is not None
    assert ranked[0].value == Fraction(50)


def test_a_scheme_without_a_ranking_is_told() -> None:
    """Ranking is declared, never guessed."""
    scheme = pr.loads(SCHEME.format(ties="min", order="descending", more="").split("ranking:")[0])
    with pytest.raises(pr.RecordError) as caught:
        rank(scheme, [])
    assert [f.name for f in caught.value.findings] == ["no-ranking"]
