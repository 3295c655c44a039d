"""Schemes and records for whole frames: every kind of input, a score that does not end, rows, and what must be set aside."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import perfrules as pr
from perfrules.records import records_from_mappings

PROJECTS = pr.loads("""
perfrules: 1
scheme: test.frames
title: 项目
key: 项目编号
clause: 某办法
inputs:
  预算: {kind: number, unit: 万元, min: 0}
  执行: {kind: number, unit: 万元, min: 0}
  满意度: {kind: number, unit: "%", min: 0, max: 1, optional: true}
  三公变动率: {kind: number, unit: "%", written: percent, optional: true}
  类别: {kind: choice, choices: [新增, 延续]}
  完成日期: {kind: date}
  事故: {kind: boolean}
tree:
  id: 总分
  points: 100
  leaves: {missing: refuse, not_applicable: exclude}
  rescale: true
  children:
    执行率: {points: 60, formula: "clip(执行 / 预算, 0, 1) * points", round: 2}
    满意: {points: 30, formula: 满意度 * points}
    及时: {points: 10, formula: "points if 完成日期 <= '2023-12-31' else (points / 2 if 类别 == '延续' else 0)"}
  gates:
    事故: {when: 事故, at_most: 59}
grades:
  等级: {bands: {of: 总分, from: {90: 优, 60: 良, else: 差}}}
""")

GROUPS = pr.loads("""
perfrules: 1
scheme: test.frames-rows
title: 自评
key: 项目编号
clause: 某办法
inputs:
  预算: {kind: number, unit: 万元, min: 0}
  执行: {kind: number, unit: 万元, min: 0}
rows:
  指标:
    name: 名称
    columns:
      名称: {kind: text}
      分值: {kind: number, min: 0}
      完成: {kind: number, unit: "%", min: 0, max: 1}
    points: 分值
    formula: 完成 * points
    round: 2
tree:
  points: 100
  children:
    执行率: {points: 40, formula: "clip(执行 / 预算, 0, 1) * points", round: 2}
    产出: {points: 60, rows: 指标}
""")

RECORDS: list[dict[str, Any]] = [
    {"项目编号": "A-01", "预算": 100.0, "执行": 87.5, "满意度": 0.925, "三公变动率": -3.5, "类别": "新增",
     "完成日期": date(2023, 12, 31), "事故": False},
    {"项目编号": "A-02", "预算": 30.0, "执行": 29.99, "满意度": 1.0, "三公变动率": 0.0, "类别": "延续",
     "完成日期": date(2024, 1, 1), "事故": False},
    {"项目编号": "A-03", "预算": 120.1, "执行": 60.0, "满意度": None, "三公变动率": None, "类别": "新增",
     "完成日期": date(2023, 5, 2), "事故": True},
    {"项目编号": "A-04", "预算": 0.0, "执行": 5.0, "满意度": 0.3, "三公变动率": 12.25, "类别": "延续",
     "完成日期": date(2023, 5, 2), "事故": False},
    {"项目编号": "A-05", "预算": -1.0, "执行": 5.0, "满意度": 1.5, "三公变动率": 12.25, "类别": "延续",
     "完成日期": date(2023, 5, 2), "事故": False},
    {"项目编号": "A-06", "预算": 3.0, "执行": 1.0, "满意度": 0.8619, "三公变动率": 99.0, "类别": "别的",
     "完成日期": None, "事故": None},
]  # fmt: skip
"""Floats, a division by zero, what is missing, what is out of bounds, a choice that is none."""

ROWS: list[dict[str, Any]] = [
    {"项目编号": "A-01", "名称": "里程", "分值": 20, "完成": 1.0},
    {"项目编号": "A-02", "名称": "里程", "分值": 60, "完成": 0.333},
    {"项目编号": "A-01", "名称": "质量", "分值": 40, "完成": 0.875},
    {"项目编号": "A-04", "名称": "里程", "分值": 60, "完成": 7.0},
]

Line = tuple[str, Fraction | None, Mapping[str, Fraction | None], str | None, list[str]]


def expected(scheme: pr.Scheme, records: list[dict[str, Any]], **given: Any) -> list[Line]:
    """What `score` makes of each record, one by one; a record that is set aside has nothing but its findings."""
    batch = records_from_mappings(scheme, records)
    cards = {r.number: pr.score(scheme, r, **given) for r in batch.records}
    aside = {a.row: a for a in batch.set_aside}
    lines: list[Line] = []
    for number, record in enumerate(records, start=1):
        if number in cards:
            card = cards[number]
            nodes = {n.path: n.score for n in card.nodes if n.role != "row"}
            lines.append((record["项目编号"], card.points, nodes, card.grade, told(card.findings)))
        else:
            empty = {n.path: None for n in scheme.tree.walk()}
            lines.append((record["项目编号"], None, empty, None, told(aside[number].findings)))
    return lines


def told(findings: Any) -> list[str]:
    """Findings as a frame's column has them."""
    return [f"{f.name} {f.path}".strip() for f in findings]


def came(scheme: pr.Scheme, lines: list[dict[str, Any]]) -> list[Line]:
    """The lines of a scored frame, made comparable."""
    out: list[Line] = []
    for line in lines:
        nodes = {n.path: number(line, n.path or "points") for n in scheme.tree.walk()}
        found = [str(f) for f in line["findings"]]
        out.append((line["项目编号"], nodes[""], nodes, line.get("grade"), found))
    return out


def number(line: Mapping[str, Any], name: str) -> Fraction | None:
    """The score of a node in a line: a decimal, or a numerator and a denominator."""
    if name in line:
        assert line[name] is None or isinstance(line[name], Decimal)
        return None if line[name] is None else Fraction(line[name])
    above, below = line[f"{name}: numerator"], line[f"{name}: denominator"]
    return None if above is None else Fraction(int(above), int(below))


def midnight(day: date | None) -> datetime | None:
    """A day as libraries without days have it."""
    return None if day is None else datetime(day.year, day.month, day.day)
