"""Schemes as records see them: inputs, row kinds and published figures, with a tree that nobody looks at."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import attrs

from perfrules.assembling import loads
from perfrules.model import Input, PublishedFigure, RowKind, Scheme
from perfrules.numbers import unit


def an_input(name: str, kind: Any = "number", **rest: Any) -> Input:
    """An input, whose unit may be given as text."""
    if isinstance(rest.get("unit"), str):
        rest["unit"] = unit(rest["unit"])
    return Input(name, kind, **rest)


@cache
def _bare() -> Scheme:
    return loads(
        {
            "perfrules": 1,
            "scheme": "test.records",
            "title": "试",
            "tree": {"points": 1, "formula": "1", "clause": "某办法 第一条"},
        }
    )


def a_scheme(
    inputs: Sequence[Input] = (), rows: Sequence[RowKind] = (), published: Sequence[Input] = (), *, key: str = ""
) -> Scheme:
    """A scheme that wants these of its records."""
    return attrs.evolve(
        _bare(),
        inputs={i.name: i for i in inputs},
        rows={r.name: r for r in rows},
        published={p.name: PublishedFigure(p, "score", "") for p in published},
        key=key,
    )


INDICATORS = RowKind(
    "绩效指标",
    name_column="三级指标",
    columns=(
        an_input("一级指标", "choice", choices=("产出", "效益", "满意度"), fill_down=True),
        an_input("三级指标", "text"),
        an_input("分值", low=Fraction(0)),
        an_input("性质", "choice", choices=("≥", "≤", "=", "定性")),
        an_input("目标值", "measure", optional=True),
        an_input("完成值", "measure", optional=True),
        an_input("自评得分", optional=True),
    ),
)
"""The rows of a self-evaluation form 自评表."""

BUDGET = (
    an_input("全年预算数", unit="万元", low=Fraction(0)),
    an_input("全年执行数", unit="万元", low=Fraction(0)),
)
SELF_EVALUATION = a_scheme(BUDGET, [INDICATORS], [an_input("总分", optional=True)])
"""A form: its budget on the record, its indicators as rows."""

PROJECTS = a_scheme(
    [
        an_input("项目名称", "text"),
        *BUDGET,
        an_input("满意度", unit="%", low=Fraction(0), high=Fraction(1), optional=True),
        an_input("三公变动率", title="“三公”经费变动率", unit="%", written="percent", optional=True),
        an_input("重大事故", "boolean"),
        an_input("完成日期", "date", month="last", optional=True),
        an_input("类别", "choice", choices=("新增", "延续", "≥5年"), optional=True),
    ],
    published=[an_input("得分", unit="分", optional=True), an_input("等级", "text", optional=True)],
    key="项目编号",
)
"""A list of projects, one a line."""
