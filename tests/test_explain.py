"""Explanations as golden texts: each names input, value, rule, loss and clause, in both languages."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

import golden
import perfrules as pr
from perfrules.findings import Language
from perfrules.formats import read_records
from perfrules.scorecards import canonical, digest


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", golden.EXPLANATIONS)
def test_an_explanation_reads_as_agreed(name: str, lang: Language) -> None:
    """The text is the golden one, to the letter."""
    wanted = (golden.EXPLAINED / f"{name}.{lang}.txt").read_text(encoding="utf-8")
    assert golden.explained(name, lang) == wanted


@pytest.mark.parametrize("name", golden.EXPLANATIONS)
def test_every_loss_is_explained(name: str) -> None:
    """Each scored leaf tells its rule and clause; each line of loss stands in the text; and the lines add up."""
    scheme_name, file = golden.EXPLANATIONS[name]
    scheme = pr.scheme(scheme_name)
    for record in read_records(golden.EXAMPLES / file, scheme).records:
        card = pr.score(scheme, record)
        text = card.explain("en")
        assert text.count("clause: ") >= sum(n.state == "scored" for n in card.nodes[1:])
        for node in card.nodes[1:]:
            assert (node.title or node.name) in text
        if card.points is not None and card.max is not None:
            assert sum((line.amount for line in card.lines), Fraction(0)) == card.max - card.points


def test_one_indicator_can_be_explained_alone() -> None:
    """A path gives the part beneath it; a path that is not there is a KeyError."""
    scheme = pr.scheme(str(golden.EXAMPLES / "township-water.yaml"))
    record = read_records(golden.EXAMPLES / "township-water.csv", scheme).records[0]
    card = pr.score(scheme, record)
    part = card.explain("zh", "运行")
    assert part in card.explain("zh") or "运行" in part
    assert "水质" not in part
    with pytest.raises(KeyError):
        card.explain("zh", "没有")


def test_the_canonical_text_is_the_same_each_time() -> None:
    """Same scheme and record: the same bytes, whatever was kept for the explanation."""
    scheme = pr.scheme("mof.self-evaluation")
    record = read_records(golden.EXAMPLES / "case-01.json", scheme).records[0]
    first, second = pr.score(scheme, record), pr.score(scheme, record, trace=False)
    assert canonical(first) == canonical(second)
    assert digest(first) == digest(second)


def test_a_ruling_stands_beside_the_computed_figure() -> None:
    """A ruling overrules the score above it, the computed figure stays, and the lines still add up."""
    scheme = pr.scheme(str(golden.EXAMPLES / "township-water.yaml"))
    record = read_records(golden.EXAMPLES / "township-water.csv", scheme).records[1]
    before = pr.score(scheme, record)
    ruling = pr.Ruling("运行/管网漏损", Fraction(20), "复核漏损率", "复核组", date(2024, 3, 1))
    card = pr.score(scheme, record, rulings=[ruling])
    node = card["运行/管网漏损"]
    assert (node.score, node.computed) == (20, before["运行/管网漏损"].score)
    assert card["运行"].score == before["运行"].score - before["运行/管网漏损"].score + 20
    assert sum((line.amount for line in card.lines), Fraction(0)) == card.max - card.points
    assert "复核组" in card.explain("zh")


SOME = """
perfrules: 1
scheme: test.some
title: 试
clause: 例
inputs:
  支出: {kind: number, unit: 万元, min: 0}
  预算: {kind: number, unit: 万元, min: 0, title: 年初预算}
  率: {kind: number, unit: "%", optional: true}
  死亡: {kind: boolean, optional: true}
rows:
  项目:
    columns:
      名称: {kind: text}
      实际: {kind: number, min: 0}
      计划: {kind: number, min: 0}
    name: 名称
    points: 10
    formula: clip(实际 / 计划, 0, 1) * points
    applies_when: 计划 > 0
values:
  人均: 支出 / 预算
tree:
  id: 总分
  points: 40
  gates: {否决: {when: 死亡, at_most: 10}}
  children:
    甲: {points: 10, APPLIES formula: "支出 / 预算 * points", reason: 没有全部支出}
    乙: {points: 10, formula: 率 * points, missing: zero}
    丙: {points: 10, formula: "clip(人均, 0, 1) * points", undefined: zero}
    丁: {points: 10, rows: 项目, adjustable: true}
"""


def _card(applies: str = "", **record: object) -> pr.Scorecard:
    record = {"支出": "10", "预算": "10", "率": "100%", "死亡": "否", **record}
    record.setdefault("项目", [{"名称": "一", "实际": "1", "计划": "1"}])
    return pr.score(pr.loads(SOME.replace("APPLIES", applies)), record)


def test_what_does_not_apply_says_which_condition_fails() -> None:
    """Not what its rule would have come upon: in the indicator, in the line of loss, and for a row; in both languages."""
    for record in ({"预算": "0"}, {"预算": "0", "支出": ""}):
        card = _card("applies_when: 预算 > 0,", **record)
        assert card["甲"].because is not None
        assert card["甲"].because.kind == "not_applicable"
        assert (
            "甲  不计 / 10：不适用：预算 > 0 不成立\n    适用条件：预算 > 0\n    取值：年初预算 = 0万元"
            in card.explain("zh")
        )
        assert "甲  not counted / 10: not applicable: 预算 > 0 does not hold" in card.explain("en")
    card = _card("applies_when: 预算 > 0, not_applicable: zero,", 预算="0")
    assert "失分 10：按规则失分；不适用：预算 > 0 不成立" in card.explain("zh")
    assert "-10: lost by the rule; not applicable: 预算 > 0 does not hold; clause" in card.explain("en")
    row = _card(项目=[{"名称": "一", "实际": "1", "计划": "1"}, {"名称": "二", "实际": "", "计划": "0"}])
    assert "二  不计 / 10：不适用：计划 > 0 不成立" in row.explain("zh")


def test_holes_are_told_in_the_language_of_the_text() -> None:
    """Lines of loss too: no Chinese word of ours in an English explanation."""
    card = _card("undefined: zero,", 率="", 支出="0", 预算="0")
    text = card.explain("en")
    assert "-10: lost by the rule; 率 missing" in text
    assert "-10: lost by the rule; 人均 undefined (division by zero)" in text
    assert not [word for word in ("缺失", "无意义", "不适用", "没有得分") if word in text]


@pytest.mark.parametrize("applies", ["", "missing: refuse,"])
def test_a_zero_that_a_rule_divides_by_is_named(applies: str) -> None:
    """Nothing is wanting there, so nobody is told to supply it; what is wanting is still asked for."""
    found = next(f for f in _card(applies, 预算="0").findings if f.name == "no-score")
    assert found.message("zh") == "没有得分：“年初预算”为 0，不能作除数。"
    assert found.message("en") == "There is no score: “年初预算” is 0 and cannot be divided by."
    assert "补上" not in found.mend("zh")
    assert "Supply" not in found.mend("en")
    found = next(f for f in _card(applies, 预算="").findings if f.name == "no-score")
    assert "补上数据" in found.mend("zh")


def test_a_divisor_is_found_through_definitions_values_and_rows() -> None:
    """Whatever hands the figure on; where no name says it, the message does not guess."""
    through = {
        "按完成比例(支出, 预算)": "年初预算",
        "人均 * points": "年初预算",
        "points / 人均": "人均",
        "points / (支出 - 支出)": "",
    }
    for formula, name in through.items():
        scheme = pr.loads(SOME.replace("APPLIES", "").replace("支出 / 预算 * points", formula))
        record = {
            "支出": "0" if name == "人均" else "1",
            "预算": "9" if name in ("", "人均") else "0",
            "率": "1%",
            "死亡": "否",
        }
        found = next(f for f in pr.score(scheme, record).findings if f.name == "no-score" and f.path == "甲")
        assert (f"“{name}”为 0" in found.message("zh")) if name else ("无意义" in found.message("zh")), formula
        assert "补上" not in found.mend("zh")
    scheme = pr.loads(SOME.replace("APPLIES", "").replace("    applies_when: 计划 > 0\n", ""))
    rows = [{"名称": "一", "实际": "1", "计划": "0"}]
    found = next(f for f in pr.score(scheme, {"支出": 1, "预算": 1, "率": "1%", "死亡": "否", "项目": rows}).findings)
    assert (found.path, found.message("zh")) == ("丁/一", "没有得分：“计划”为 0，不能作除数。")


def test_a_gain_is_not_given_the_reason_of_a_loss() -> None:
    """Over-achievement is told as points gained; a rounded figure has one sign; what is of the whole has no empty place."""
    card = _card(支出="30", 预算="27", 死亡="是")
    text = card.explain("zh")
    assert "失分 -" not in text
    assert "多得 ≈1.111111：按规则多得" in text
    assert "没有全部支出" not in text
    assert "支出 / 预算 ≈ 1.111111" in text
    assert "= ≈" not in text
    assert "gate-closed：触发了" in text


BONUS = """
perfrules: 1
scheme: test.bonus
title: 试
clause: 例
inputs:
  率: {kind: number, unit: "%"}
  表彰: {kind: boolean}
tree:
  id: 总分
  points: 20
  BOUND children:
    甲: {points: 10, formula: 率 * points, adjustments: {加分: {formula: 表彰次, BETWEEN}, 扣分: {formula: -表彰次, between: [-1, 0]}}}
    乙: {points: 10, formula: points}
values:
  表彰次: 2 if 表彰 else 0
"""


@pytest.mark.parametrize(
    ("given", "rate", "told"),
    [
        (("", "between: [0, 3]"), "100%", []),  # 11 and 21, as is declared
        (("", "between: [0, 3]"), "130%", ["", "甲"]),  # 14 and 24: more than any bonus explains
        (("", ""), "100%", ["", "甲"]),  # nothing is declared
        (("rescale: true,", "between: [0, 3]"), "100%", [""]),  # what is made up is no sum of what is declared
        (("", "between: [0, 3]"), "-25%", ["甲"]),  # -1.5, of -1 at least
    ],
)
def test_a_declared_bonus_is_no_warning(given: tuple[str, str], rate: str, told: list[str]) -> None:
    """A score is out of range where it passes its points by more than declared; the columns reading says the same."""
    text = BONUS.replace("BOUND children", f"{given[0].rstrip(',')}\n  children" if given[0] else "children")
    scheme = pr.loads(text.replace(", BETWEEN", f", {given[1]}" if given[1] else ""))
    record = {"率": rate, "表彰": "是"}
    found = [f.path for f in pr.score(scheme, record).findings if f.name == "score-out-of-range"]
    assert found == told
    import polars as pl

    (line,) = pr.score_frame(scheme, pl.DataFrame([record]))["findings"].to_list()
    assert line == [f"score-out-of-range {path}".strip() for path in found]
