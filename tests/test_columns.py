"""Scores by the column: whatever stands in a frame, every cell is what scoring that line by itself gives."""

from __future__ import annotations

import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import frames
import perfrules as pr
from perfrules import testing, verbs
from perfrules.model import Scheme
from perfrules.rational import Forms
from perfrules.readings import columns
from perfrules.readings.columns import batch, evaluation, kernels, programs, running
from perfrules.records.headings import Headings

DEEP = bool(os.environ.get("PERFRULES_DEEP"))
SCHEMES = {"everything": 10, "rows": 3, "groups": 6, "edges": 5}
"""How many schemes are drawn with more of a part than of others."""
LINES = 130
if DEEP:
    SCHEMES, LINES = {focus: 50 * share for focus, share in SCHEMES.items()}, 200
LEAST = 100_000
"""So many cells at least are held against the exact reading in every run."""
LAW = settings(
    derandomize=not DEEP, database=None, deadline=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink] if DEEP else [Phase.generate],
)  # fmt: skip

BROAD = """perfrules: 1
scheme: test.columns
title: 各种计分办法
clause: 试
stages: [年初, 年末]
inputs:
  实际: {kind: number, unit: 万元}
  目标: {kind: number, unit: 元, min: 0}
  次数: {kind: number, min: 0, max: 20, decimals: 0}
  率: {kind: number, unit: "%", min: 0, max: 2, written: percent}
  类: {kind: choice, choices: [甲类, 乙类, 丙类]}
  合格: {kind: boolean}
  起: {kind: date}
  止: {kind: date, optional: true}
  备注: {kind: text, optional: true}
  末: {kind: number, optional: true, at: 年末}
values:
  比: 实际 / 目标
benchmarks:
  均值: {mean: 次数, over: cohort}
  同类: {quantile: 次数, at: 1/2, method: linear, over: cohort, by: 类, round: 1}
tree:
  id: 总分
  points: 100
  rescale: true
  leaves: {missing: refuse, undefined: zero, not_applicable: exclude}
  round: 1
  adjustments:
    加分: {formula: "2 if 合格 else 0", between: [0, 2], missing: zero}
    扣分: {formula: "-0.5 * 次数", between: [-5, 0]}
  gates:
    一票: {when: 类 == '丙类', at_most: 59}
  children:
    执行:
      points: 60
      children:
        比值: {points: 20, formula: "min(比, 1) * points", round: 2}
        档: {points: 20, bands: {of: 比, from: {90%: points, 80%: 80% * points, 60%: 60% * points, else: 0}}}
        不舍: {points: 10, formula: "clip(比, 0, 1) * points"}
        向下: {points: 10, formula: "clip(率, 0, 1) * points", round: {places: 1, mode: down}, missing: zero}
    其他:
      points: 40
      at_least: 2
      children:
        次: {points: 10, formula: "max(points - 次数 * 次数 / 7, 0)", round: 2, missing: exclude, clause: 试 第一条}
        天: {points: 10, formula: "clip(1 - (止 - 起) / 365, 0, 1) * points", missing: exclude, clause: 试 第一条, round: 2}
        类别: {points: 10, cases: {类 == '甲类': points, 类 == '乙类' and 合格: 5, else: 0}, applies_when: 次数 != 3}
        比照: {points: 5, formula: "points if 次数 >= 均值 else 2 if 次数 >= 同类 else 0", missing: exclude, clause: 试 第一条}
        期末: {points: 5, formula: "clip(末, 0, 5)", missing: zero}
grades:
  等级: {bands: {of: 总分, from: {90: 优, 80: 良, 60: 中, else: 差}}, gates: {短板: {when: 执行 < 20, no_better_than: 中}}}
  原分等级: {bands: {of: 总分, from: {90: 优, 60: 中, else: 差}}, reads: raw}
checks:
  不超支: {holds: 实际 <= 120% * 目标, severity: remark}
  有备注: {holds: "present(备注) or 次数 < 10", severity: error}
"""


def broad(count: int, chance: random.Random) -> list[dict[str, Any]]:
    """Mappings for BROAD with ties, edges, zeros, holes and extremes among them."""
    made = []
    for number in range(count):
        target = chance.choice([0, 1, 3, 7, 8, 100, 200, 1000, 37.5, 0.95, 10**9, 12345.67, 10**12])
        share = chance.choice([0, 1, 0.9, 0.8, 0.6, 0.89999, 0.9001, 1 / 3, 0.125, 0.00025, 1.2, 1.21, -0.5])
        actual = Fraction(str(target)) * Fraction(str(round(share, 5))) / 10_000
        if chance.random() < 0.3:
            actual += Fraction(chance.choice([1, -1, 5]), 10 ** chance.choice([4, 6, 8]))
        line = {
            "编号": f"{number:05}",
            "实际": Decimal(str(float(actual))) if float(actual) == actual else round(float(actual), 8),
            "目标": target,
            "次数": chance.choice([0, 1, 2, 3, 5, 9, 10, 19, 20]),
            "率": chance.choice([0, 50, 100, 99.95, 33.35, 12.5, 120, 85]),
            "类": chance.choice(["甲类", "乙类", "丙类"]),
            "合格": chance.random() < 0.5,
            "起": date(2023, chance.randint(1, 12), chance.randint(1, 28)),
            "止": date(2024, chance.randint(1, 12), chance.randint(1, 28)),
            "备注": chance.choice([None, "甲", "无"]),
            "末": chance.choice([None, 0, 2, 5, 7.25]),
            "阶段": chance.choice([None, "年初", "年末"]),
        }
        for name in line:
            if name != "编号" and chance.random() < 0.04:
                line[name] = None
        made.append(line)
    return made


def agree(scheme: Scheme, frame: pl.DataFrame, rows: dict[str, pl.DataFrame] | None = None, **more: Any) -> int:
    """Hold every cell against the exact reading, and give their number."""
    out = verbs.score_columns(scheme, frame, rows=rows, benchmarks=more.get("frozen"), stage=more.get("stage", ""))
    cells, found = frames.differences(scheme, out, frames.one_by_one(scheme, frame, rows or {}, **more))
    assert not found, "\n".join(found[:10])
    return cells


def crossed(scheme: Scheme, drawn: list[dict[str, Any]], chance: random.Random, count: int) -> list[dict[str, Any]]:
    """More mappings out of a few: each has some cells of others, and an id of its own where that is no figure."""
    key = Headings(scheme).id_heading
    own = scheme.inputs.get(key)
    made = []
    for number in range(count):
        line = dict(chance.choice(drawn))
        for name in line:
            other = chance.choice(drawn)
            if chance.random() < 0.3 and name in other:
                line[name] = other[name]
        if own is None or own.kind == "text":
            line[key] = f"{number:03}"
        made.append(line)
    return made


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the lines that were scored one by one."""
    counted: Counter[str] = Counter()
    put = columns.put_card

    def spy(*given: Any) -> None:
        counted["lines"] += 1
        put(*given)

    monkeypatch.setattr(columns, "put_card", spy)
    return counted


def test_columns_agree_with_the_exact_reading_on_generated_schemes(
    one_by_one: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any scheme, any records, any types of columns, with and without kernels: points, grades and findings of every line
    are the same, of at least 100,000 cells; and most lines are scored by the column."""
    counted: Counter[str] = Counter()
    made, run = programs.Kernel.of, running.Quick.run

    def spy(quick: running.Quick) -> None:
        counted["kernels"] += 1
        run(quick)

    monkeypatch.setattr(running.Quick, "run", spy)

    def law(data: st.DataObject, focus: str) -> None:
        scheme = data.draw(testing.schemes(focus=focus))
        drawn = data.draw(testing.forms(scheme, least=6, most=10))
        drawn += [data.draw(testing.near_lines(scheme)) for _ in range(6)]
        chance = random.Random(data.draw(st.integers(0, 9)))
        lines = crossed(scheme, drawn, chance, LINES)
        frozen = None
        if scheme.benchmarks and data.draw(st.booleans()):
            frozen = verbs.freeze(scheme, drawn[:6])
        for how in ("text", "float", "exact"):
            part = lines[:: 3 if how == "text" else 2]
            frame, rows = frames.frames(scheme, part, how, chance)
            monkeypatch.setattr(programs.Kernel, "of", made if how != "text" else lambda *_: None)
            programs._prepared.cache_clear()
            counted["cells"] += agree(scheme, frame, rows, frozen=frozen)
            counted["lines"] += len(part)

    for focus, share in SCHEMES.items():
        settings(LAW, max_examples=share)(given(st.data(), st.just(focus))(law))()
    monkeypatch.setattr(programs.Kernel, "of", made)
    counted["cells"] += sum(agree(scheme, frame, frozen=frozen) for scheme, frame, frozen in _broad_frames(1_300))
    assert counted["kernels"] > sum(SCHEMES.values()) / 2
    assert counted["cells"] >= LEAST
    assert one_by_one["lines"] < counted["lines"] / 2


def _broad_frames(count: int) -> Iterator[tuple[Scheme, pl.DataFrame, Any]]:
    scheme = pr.loads(BROAD)
    chance = random.Random(5)
    lines = broad(count, chance)
    frozen = verbs.freeze(scheme, [line for line in lines[:50] if None not in (line["次数"], line["类"])])
    for how in ("text", "float", "exact"):
        frame, _ = frames.frames(scheme, lines, how, chance)
        yield scheme, frame, frozen
        if how == "float":
            yield scheme, frame, None


# ---------------------------------------------------------------------------------------------- planted faults

EDGES = """perfrules: 1
scheme: test.edges
title: 界
clause: 试
inputs:
  a: {kind: number}
  b: {kind: number, min: 0}
  c: {kind: number}
tree:
  id: 总分
  points: 40
  children:
    比: {points: 10, formula: "min(a / b, 1) * points", round: 2, undefined: zero}
    档: {points: 10, bands: {of: a / b, from: {90%: points, 60%: 5, else: 0}}, undefined: zero}
    差: {points: 10, formula: "clip(a / b + c / 8, 0, 10)", undefined: zero}
    顶: {points: 10, formula: "10 if c >= 127 else 5 if c > 126 else 0"}
"""


def _edges() -> pl.DataFrame:
    lines = [
        (a, b, c)
        for b in (0, 8, 10, 100, 400)
        for a in (0, 1, 3, 6, 9, 10, 90, 60, 361, 363)
        for c in (-7, 3, 126, 127)
    ]
    return pl.DataFrame(lines, schema=["a", "b", "c"], orient="row")


def _half_even(x: Any, y: Any, out: Any) -> None:
    np.rint(np.divide(x, y) - 0.5, out=out)


def _dropped(self: Forms, x: Any, y: Any) -> Any:
    unit = Fraction(1)
    a, b = (self.t.times(int(f.factor / unit) or 1, f.num) for f in (x, y))
    return a, b, x.den, unit


FAULTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "less for less or equal": lambda patch: patch.setitem(kernels._FUNCTIONS, "le", np.less),
    "half to even": lambda patch: patch.setattr(kernels, "_quotient", _half_even),
    "a denominator dropped": lambda patch: patch.setattr(Forms, "_together", _dropped),
    "a bound one too small": lambda patch: patch.setattr(batch, "_round", lambda low, high: (low, high - 1)),
}


SLOWER: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "less for less or equal": lambda patch: patch.setitem(evaluation._COMPARED, "le", np.less),
    "half to even": lambda patch: patch.setitem(evaluation._FLOATS, "div", lambda x, y: np.rint(np.divide(x, y) - 0.5)),
}
"""The same where no kernel runs."""


@pytest.mark.parametrize("fault", [None, *SLOWER])
def test_planted_faults_are_seen_without_kernels(fault: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs where there are rows or large numbers is looked at as closely."""
    monkeypatch.setattr(programs.Kernel, "of", lambda *_: None)
    faulty = {} if fault is None else {fault: SLOWER[fault]}
    monkeypatch.setattr(sys.modules[__name__], "FAULTS", faulty)
    test_planted_faults_are_seen(fault, monkeypatch)


@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_planted_faults_are_seen(fault: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A comparison, a rounding, a denominator or a bound that is slightly wrong makes cells that are seen to differ."""
    scheme, frame = pr.loads(EDGES), _edges()
    programs._prepared.cache_clear()
    if fault is not None:
        verbs.score_columns(scheme, frame)
        programs._prepared.cache_clear()
        FAULTS[fault](monkeypatch)
    out = verbs.score_columns(scheme, frame)
    programs._prepared.cache_clear()
    _, found = frames.differences(scheme, out, frames.one_by_one(scheme, frame, {}))
    assert bool(found) == (fault is not None), found[:5]


# ---------------------------------------------------------------------------------------------- sizes of numbers


@pytest.mark.parametrize("power", [0, 3, 8, 11, 12, 13, 15])
def test_numbers_of_every_size_agree(power: int, one_by_one: Counter[str]) -> None:
    """Whatever lane the batch's own bounds demand, ties and edges come out exact; nothing is left to reading one by one."""
    scheme = pr.loads(EDGES)
    chance = random.Random(power)
    scale = 10**power
    lines = []
    for _ in range(150):
        b = chance.choice([8, 10, 100, 400, 7]) * scale // chance.choice([1, 1, 3])
        a = b * chance.choice([0, 9, 6, 10, 3]) // 10 + chance.choice([-1, 0, 0, 1])
        lines.append((a, b, chance.choice([-7, 3, 126, 127, 5 * scale])))
    frame = pl.DataFrame(lines, schema={"a": pl.Int64, "b": pl.Int64, "c": pl.Int64}, orient="row")
    agree(scheme, frame)
    assert one_by_one["lines"] == 0


UNROUNDED = """perfrules: 1
scheme: test.unrounded
title: 只舍总分
clause: 试
inputs:
{inputs}
tree:
  id: 总分
  points: {points}
  round: 2
  leaves: {{undefined: zero}}
  children:
{children}
grades:
  等级: {{bands: {{of: 总分, from: {{{nine}: 优, {six}: 中, else: 差}}}}}}
"""


@pytest.mark.parametrize("leaves", [2, 5, 15, 60])
def test_totals_of_unrounded_ratios_are_certain(leaves: int, one_by_one: Counter[str]) -> None:
    """A sum of unrounded ratios outgrows every machine word; it is rounded and graded as exactly as any, half-ways too."""
    inputs = "\n".join(f"  {x}{i}: {{kind: number, min: 0}}" for i in range(leaves) for x in "ab")
    children = "\n".join(f'    n{i}: {{points: 10, formula: "min(a{i} / b{i}, 1) * points"}}' for i in range(leaves))
    text = UNROUNDED.format(inputs=inputs, children=children, points=10 * leaves, nine=9 * leaves, six=6 * leaves)
    scheme = pr.loads(text)
    chance = random.Random(leaves)
    lines = []
    for number in range(120):
        easy = number % 3 == 0
        line: dict[str, Any] = {}
        for i in range(leaves):
            b = chance.choice([8, 16, 2000]) if easy else chance.randint(0, 20_000_000)
            line[f"b{i}"] = b
            line[f"a{i}"] = b * chance.choice([1, 3, 5, 8]) // 8 if easy else int(b * chance.uniform(0.4, 1.2))
        if number % 6 == 0:  # on a half-way: …x.xx5
            line["a0"], line["b0"] = 2 * chance.randint(0, 999) + 1, 2000
        lines.append(line)
    frame = pl.DataFrame(lines)
    wanted = frames.one_by_one(scheme, frame, {})
    out = verbs.score_columns(scheme, frame, nodes=[""])
    assert [Fraction(x) for x in out["points"]] == [scores[""] for scores, _, _ in wanted]
    assert out["grade"].to_list() == [labels["等级"] for _, labels, _ in wanted]
    agree(scheme, frame)
    assert one_by_one["lines"] == 0


# ---------------------------------------------------------------------------------------------- batches

PLAIN = """perfrules: 1
scheme: test.plain
title: 平
clause: 试
inputs:
  甲: {kind: number, unit: 万元, min: 0, max: 1000}
  率: {kind: number, unit: "%", min: 0}
tree:
  id: 总分
  points: 20
  children:
    甲分: {points: 10, formula: "min(甲 / 3, 10)"}
    率分: {points: 10, formula: "min(率, 1) * points", round: 1}
grades:
  等级: {bands: {of: 总分, from: {15: 优, else: 差}}}
"""


@pytest.mark.parametrize(
    "columns_given",
    [
        {"编号": ["a", "b", "a", None, "合计", " c ", "ｄ"], "甲": [1, 2, 3, 4, 5, 6, 7], "率": ["50%"] * 7},
        {"编号": [1, 2, 2, None], "甲": [1, 2, 3, 4], "率": ["50%"] * 4},
        {"编号": [1.5, 2, 2, 3], "甲": [1, 2, 3, 4], "率": ["50%"] * 4},
        {"编号": ["1", None, "2", None], "甲": [1, 2, 3, 4], "率": ["50%"] * 4},
        {"甲": [1.5, float("nan"), float("inf"), -1, 2000, None, 0.1 + 0.2, 1e-7, 123456789.123], "率": [0.5] * 9},
        {"甲（元）": [10000, 5, None, 10**8], "率": [0.5, 86.18, 0.9, None]},
        {
            "甲": ["1", "1万元", "壹", "-", "/", "不适用", "1,000", "  7 ", None, "#DIV/0!"],
            "率": ["50%", "0.5", "85", "", "9%", "x", "1", "1%", "2%", "3%"],
        },
        {"甲": [1, 2, 3], "甲（万元）": [1, 2, 4], "率": [0.1, 0.2, 0.3]},
        {"甲": [1, 2, 3], "别的": [1, 2, 4]},
        {"甲": [1], "别的": [1]},
        {"甲": [True, False, None], "率": [date(2024, 1, 1), None, date(2023, 1, 1)]},
        {"甲": [[1], [2]], "率": [{"a": 1}, None]},
        {
            "rulings": [None, [{"path": "甲分", "points": 3, "reason": "x", "by": "y", "date": "2024-01-01"}]],
            "甲": [1, 2],
            "率": [0.5, 0.4],
        },
        {"甲": [], "率": []},
    ],
)
def test_odd_batches_come_out_as_line_by_line(columns_given: dict[str, list[Any]]) -> None:
    """Ids that are shared, missing or of totals; mixed magnitudes; cells of every sort: one line out for every line in."""
    scheme = pr.loads(PLAIN)
    frame = pl.DataFrame(columns_given, strict=False)
    agree(scheme, frame)
    out = verbs.score_columns(scheme, frame)
    assert out.height == frame.height
    assert out.schema.keys() >= {"points", "甲分: numerator", "甲分: denominator", "率分", "grade", "findings"} - {
        "points"
    }


@pytest.mark.parametrize(
    "dtype", [pl.Int8, pl.Int32, pl.UInt32, pl.UInt64, pl.Int128, pl.Float32, pl.Decimal(20, 3), pl.Decimal(38, 12)]
)
def test_every_type_of_number_agrees(dtype: pl.DataType) -> None:
    """Narrow and wide integers, single floats (in their own shortest form) and decimals of any scale."""
    scheme = pr.loads(PLAIN)
    cells = [0, 1, 3, 100, None, 7]
    frame = pl.DataFrame({"甲": pl.Series(cells, dtype=pl.Int64).cast(dtype), "率": ["50%"] * 6})
    agree(scheme, frame)
    if dtype == pl.Float32:
        out = verbs.score_columns(scheme, pl.DataFrame({"甲": pl.Series([0.1, 2.7], dtype=dtype), "率": ["50%"] * 2}))
        assert out["甲分: numerator"].to_list() == ["1", "9"]
        assert out["甲分: denominator"].to_list() == ["30", "10"]


def test_an_empty_frame_has_the_columns_of_a_full_one() -> None:
    """What goes out is told by the scheme alone."""
    scheme = pr.loads(BROAD)
    frame, _ = frames.frames(scheme, broad(40, random.Random(1)), "exact", random.Random(1))
    full, none = (verbs.score_columns(scheme, each) for each in (frame, frame.head(0)))
    assert full.schema == none.schema
    assert full.columns[:2] == ["编号", "points"]
    assert full.columns[-3:] == ["grade", "grade: 原分等级", "findings"]
    assert full.schema["points"] == pl.Decimal(38, 1)


def test_only_the_nodes_that_are_asked_for_are_published() -> None:
    """`nodes` names paths, the root's being empty; one that is not scored is an error."""
    scheme = pr.loads(PLAIN)
    frame = pl.DataFrame({"编号": ["a"], "甲": [3], "率": ["50%"]})
    assert verbs.score_columns(scheme, frame, nodes=["率分"]).columns == ["编号", "率分", "grade", "findings"]
    with pytest.raises(KeyError):
        verbs.score_columns(scheme, frame, nodes=["没有"])


@pytest.mark.parametrize("stage", ["", "年初", "年末"])
def test_stages_agree(stage: str) -> None:
    """Inputs of another stage are not applicable, whether the stage is one for all or stands in a column."""
    scheme = pr.loads(BROAD)
    lines = broad(60, random.Random(3))
    lines[7]["阶段"] = "年尾"
    frame, _ = frames.frames(scheme, lines, "exact", random.Random(1))
    agree(scheme, frame, stage=stage)


def test_apart_every_line_is_by_itself() -> None:
    """A part of a larger file: ids and magnitudes are not compared, and no line is told of a column that is nowhere."""
    scheme = pr.loads(PLAIN)
    frame = pl.DataFrame({"编号": ["a", "a"], "率": [0.5, 86.0]})
    out = verbs.score_columns(scheme, frame, apart=True)
    assert out["findings"].to_list() == [["no-score 甲分"], ["no-score 甲分"]]
    assert verbs.score_columns(scheme, frame[:1], apart=True)["findings"].to_list() == [["no-score 甲分"]]


def test_headings_never_clash() -> None:
    """A node that is called as another column is has its own all the same."""
    scheme = pr.loads(PLAIN.replace("甲分", "grade").replace("率分", "findings"))
    out = verbs.score_columns(scheme, pl.DataFrame({"points": ["x"], "甲": [3], "率": ["50%"]}))
    assert out.columns == [
        "points: numerator",
        "points: denominator",
        "grade: numerator",
        "grade: denominator",
        "findings",
        "grade",
        "findings (2)",
    ]


ROWS = """perfrules: 1
scheme: test.rows
title: 行
clause: 试
key: 单位
inputs: {单位: {kind: text}}
rows:
  指标行:
    name: 指标
    columns: {指标: {kind: text}, 类: {kind: choice, choices: [甲, 乙, 丙]}, 分值: {kind: number, min: 0}, 率: {kind: number}}
    points: 分值
    formula: min(率, 1) * points
    missing: refuse
    checks: {率数不负: {holds: 率 >= 0, severity: remark}}
tree:
  id: 总分
  points: 10
  children:
    甲组: {points: 6, rows: 指标行, where: 类 == '甲', round: 1}
    乙组: {points: 4, rows: 指标行, where: "类 == '乙' or 率 > 3"}
"""


def test_rows_are_scored_and_told_of_as_one_by_one(one_by_one: Counter[str]) -> None:
    """Rows that come in any order, of any number, some of no group or of two, some twice of a name, some blank or wanting."""
    scheme = pr.loads(ROWS)
    chance = random.Random(2)
    lines = [f"单位{number}" for number in range(60)]
    rows = []
    for unit in lines:
        for number in range(chance.choice([0, 1, 2, 5, 9])):
            rows.append((
                unit, chance.choice([f"指标{number}", f"指标{number}", None, "指标0"]), chance.choice(["甲", "乙", "丙", "甲"]),
                chance.choice([1.5, 2, 3, 4, None]), chance.choice([0.5, 1, 0, 2, 4, -1, 1 / 8, None]),
            ))  # fmt: skip
    rows += [("单位7", "合计", "甲", 10, 1.0), ("单位8", None, None, None, None)]
    chance.shuffle(rows)
    frame = pl.DataFrame({"单位": lines})
    of_rows = pl.DataFrame(rows, schema=["单位", "指标", "类", "分值", "率"], orient="row")
    agree(scheme, frame, {"指标行": of_rows})
    assert 0 < one_by_one["lines"] < 30
    with pytest.raises(pr.RecordError) as caught:
        verbs.score_columns(scheme, frame[:5], rows={"指标行": of_rows})
    assert [f.name for f in caught.value.findings] == ["row-of-no-record"]
    some = verbs.score_columns(scheme, frame[:5], rows={"指标行": of_rows}, apart=True)
    assert some.equals(verbs.score_columns(scheme, frame, rows={"指标行": of_rows}, apart=True)[:5])
    with pytest.raises(pr.RecordError):
        verbs.score_columns(scheme, frame, rows={"指标行": of_rows.drop("单位")})
    with pytest.raises(pr.RecordError):
        verbs.score_columns(scheme, frame, rows={"别的行": of_rows})


def test_a_score_that_no_decimal_holds_is_told() -> None:
    """A figure of 39 digits and more is left out and told of its line; others are as they are."""
    scheme = pr.loads(
        PLAIN.replace("甲: {kind: number, unit: 万元, min: 0, max: 1000}", "甲: {kind: number, decimals: 0}").replace(
            "min(甲 / 3, 10)", "甲"
        )
    )
    frame = pl.DataFrame({"甲": [str(10**37), str(10**38), "7", "9" * 40], "率": ["50%"] * 4})
    out = verbs.score_columns(scheme, frame)
    assert out["甲分"].to_list() == [Decimal(10**37), None, Decimal(7), None]
    told = [[f for f in findings if f.startswith("figure-too-long")] for findings in out["findings"].to_list()]
    assert told == [
        ["figure-too-long"],
        ["figure-too-long", "figure-too-long 甲分"],
        [],
        ["figure-too-long", "figure-too-long 甲分"],
    ]


def test_datetimes_are_days() -> None:
    """A column of moments is read as any cell that holds one."""
    scheme = pr.loads(BROAD)
    lines = broad(20, random.Random(9))
    frame, _ = frames.frames(scheme, lines, "exact", random.Random(1))
    frame = frame.with_columns(pl.col("起").cast(pl.Datetime("us")), pl.Series("止", [datetime(2024, 5, 1, 12)] * 20))
    agree(scheme, frame)
