"""The compiled reading is the exact one, faster: the same values, holes and scorecards for every scheme and record."""

from __future__ import annotations

import os
import pickle
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import perfrules as pr
from perfrules import records, scoring, verbs
from perfrules.model import Frozen, Hole, Record, Scheme
from perfrules.plan import Plan, Results
from perfrules.plan import plan as make_plan
from perfrules.rational import Beyond, Form, Forms, Term, Terms
from perfrules.readings import compiled, exact
from perfrules.readings.compiled import printing
from perfrules.scorecards import canonical
from perfrules.testing import cases
from perfrules.testing import strategies as drawn

ROOT = Path(__file__).parent.parent
DEEP = bool(os.environ.get("PERFRULES_DEEP"))
# Examples are not shrunk: a scheme takes long to draw and to compile, and a failing one is noted whole.
LAW = settings(
    max_examples=1500 if DEEP else 40, derandomize=not DEEP, database=None, deadline=None,
    suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate],
)  # fmt: skip


def results(plan: Plan, record: Record, frozen: Mapping[str, Frozen] | None = None) -> Results | None:
    """What the compiled reading comes to; None where it leaves the record to the exact one."""
    try:
        return compiled.evaluate(plan, record, frozen=frozen)
    except Beyond:
        return None


def differing(one: Results, other: Results) -> list[Any]:
    """The steps, of the record and of its rows, that did not come to the same: in value, kind, or a hole's name."""
    found: list[Any] = [n for n in one.values if not _same(one.values[n], other.values[n])]
    if list(one.values) != list(other.values) or list(one.rows) != list(other.rows):
        return [*found, "the names"]
    for block, rows in one.rows.items():
        if [row for row, _ in rows] != [row for row, _ in other.rows[block]]:
            found.append(block)
            continue
        for (row, local), (_, theirs) in zip(rows, other.rows[block], strict=True):
            found += [(block, row.number, n) for n in local if not _same(local[n], theirs[n])]
    return found


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def agree(plan: Plan, record: Record, frozen: Mapping[str, Frozen] | None = None) -> bool:
    """Hold that both readings come to the same, step by step and as scorecards; whether the compiled one came to any."""
    wanted, seen = exact.evaluate(plan, record, frozen=frozen), results(plan, record, frozen)
    if seen is None:
        return False
    assert differing(wanted, seen) == []
    cards = [scoring.card(plan, record, each, frozen or {}) for each in (wanted, seen)]
    assert canonical(cards[0]) == canonical(cards[1])
    return True


# ------------------------------------------------------------------------------------------ any scheme, any record


def test_compiled_is_exact() -> None:
    """Every step of every record, holes by name: records with holes and rows, and records on and beside every line.

    What is left to the exact reading is rare, so that the law says something.
    """
    seen: Counter[bool] = Counter()

    @LAW
    @given(st.data())
    def law(data: st.DataObject) -> None:
        scheme = data.draw(drawn.schemes())
        plan = make_plan(scheme)
        for each in [drawn.records(scheme)] * 5 + [drawn.near_lines(scheme)] * 3:
            seen[agree(plan, _record(scheme, data.draw(each)))] += len(plan.steps)

    law()
    assert seen[True] > max(15_000, 9 * seen[False])


def _record(scheme: Scheme, raw: Mapping[str, Any]) -> Record:
    return records.record_from(scheme, raw)


@LAW
@given(st.data())
def test_the_scores_of_a_mapping_are_those_of_its_scorecard(data: st.DataObject) -> None:
    """A scorer gives the points of every node and every grade, whatever Python numbers they were brought as."""
    scheme = data.draw(drawn.schemes(focus="leaves"))
    raw = data.draw(st.one_of(drawn.records(scheme), drawn.near_lines(scheme)))
    brought = {name: data.draw(_as_brought(value)) for name, value in raw.items()}
    scored = pr.scorer(scheme)(brought)
    card = scoring.card(
        make_plan(scheme), (one := _record(scheme, brought)), exact.evaluate(make_plan(scheme), one), {}
    )
    assert scored.nodes == {n.path: n.score for n in card.nodes if n.role != "row" and n.state != "described"}
    assert (scored.points, scored.grades) == (card.points, card.grades)
    assert scored.grade == next(iter(card.grades.values()), None)
    pairs = zip(scored.scaled, scored.layout.units, strict=True)
    assert [None if n is None else n * unit for n, unit in pairs] == list(scored.nodes.values())
    assert scored.nodes == card.scores == pr.score(scheme, brought).scores


def _as_brought(value: Any) -> st.SearchStrategy[Any]:
    """A number as an int, Decimal, float or text that says it; anything else as it is."""
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        return st.just(value)
    ways = [value, Decimal(value), f"{Decimal(value):f}"]
    if abs(value) < 10**11:
        ways.append(float(value))
    return st.sampled_from(ways)


def _cards(scheme: Scheme, raw: Any) -> list[Any]:
    """The scorecard by the exact reading, then by whatever is fastest after a while."""
    return [pr.score(scheme, raw, trace=True), *(pr.score(scheme, raw) for _ in range(scoring.FEW + 2))]


# ------------------------------------------------------------------------------------------ numbers of every size

SIZES = """
perfrules: 1
scheme: test.sizes
title: 大小
clause: 办法
inputs:
  甲: {kind: number, unit: 万元}
  乙: {kind: number, unit: 元}
  率: {kind: number, unit: "%", written: percent}
tree:
  points: 100
  children:
    比: {points: 40, formula: "clip(甲 / 乙, 0, 1) * points", undefined: zero}
    差: {points: 30, formula: "points if abs(甲 - 乙) <= 率 * 乙 else 0"}
    次: {points: 30, formula: "min(max(率 * 率 * 率, 0), 1) * points", round: 2}
"""
MAGNITUDES = ("0", "1e-30", "0.00005", "0.1", "99.995", "1", "123456789.123", "1e18", "1e30", "-1e-12", "-7")


@pytest.mark.parametrize("size", MAGNITUDES)
def test_numbers_of_every_size(size: str) -> None:
    """Huge, tiny and negative numbers, of many decimals, and beside ordinary ones: places are found that are wide enough."""
    scheme = pr.loads(SIZES)
    for other in MAGNITUDES:
        for rate in ("3", size):
            raw = {"甲": f"{Decimal(size):f}", "乙": Decimal(other), "率": Decimal(rate)}
            assert agree(verbs.plan(scheme), _record(scheme, raw)), raw


def test_what_no_whole_number_says_is_left_to_the_exact_reading() -> None:
    """A third has no decimals: the compiled reading refuses it, and the score is what it always was."""
    scheme = pr.loads(SIZES)
    record = _record(scheme, {"甲": Fraction(1, 3), "乙": 2, "率": 50})
    with pytest.raises(Beyond):
        compiled.evaluate(verbs.plan(scheme), record)
    assert len({canonical(card) for card in _cards(scheme, record)}) == 1


def test_a_plan_of_numbers_without_end_is_left_to_the_exact_reading() -> None:
    """Powers of powers outgrow every bound, which only the exact reading counts the cost of."""
    text = SIZES.replace("甲 / 乙", " * ".join(["甲"] * 80))
    scheme = pr.loads(text)
    record = _record(scheme, {"甲": 1.5, "乙": 2, "率": 50})
    assert not agree(make_plan(scheme), record)
    assert len({canonical(card) for card in _cards(scheme, record)}) == 1


# ------------------------------------------------------------------------------------------ rows, benchmarks, functions

WHOLE = """
perfrules: 1
scheme: test.whole
title: 全部
clause: 办法
key: 单位
stages: [年中, 年末]
inputs:
  单位: {kind: text}
  类别: {kind: choice, choices: [甲类, 乙类]}
  支出: {kind: number, unit: 万元, min: 0}
  起: {kind: date, optional: true}
  止: {kind: date, optional: true, at: [年末]}
rows:
  行:
    name: 名
    columns:
      名: {kind: text}
      组: {kind: choice, choices: [产出, 效益], optional: true}
      目标: {kind: measure, optional: true}
      完成: {kind: measure, optional: true}
      权: {kind: number, min: 0, optional: true}
    points: 5
    cases: {完成 >= 目标: points, else: points / 3}
    undefined: zero
    missing: exclude
    clause: 办法 第一条
    checks: {有目标: {holds: present(目标)}}
values:
  中位: {quantile: 权, at: 50%, method: linear, over: 行, missing: exclude, clause: 办法 第二条}
  均: {mean: 权, weighted_by: 权 + 1, over: 行}
  第二: {largest: 权, k: 2, over: 行, where: 组 == '产出'}
benchmarks:
  同类均值: {mean: 支出, over: cohort, by: 类别}
  最高: {max: 支出, over: cohort}
tree:
  points: 100
  children:
    工期: {points: 20, formula: "points if 止 - 起 <= 90 else points / 7", not_applicable: exclude, clause: 办法}
    产出: {points: 20, rows: 行, where: 组 == '产出', adjustable: true}
    效益: {points: 20, rows: 行, where: 组 == '效益', adjustable: true}
    比均: {points: 20, formula: "clip(支出 / 同类均值, 0, 1) * points", undefined: zero}
    对数: {points: 20, formula: "min(max(ln(支出 / 最高 + 1) * power(支出 / 最高, 0.5) * exp(-1), 0), points)", round: 3}
grades: {等级: {bands: {of: score, from: {60: 高, else: 低}}}}
""".replace("of: score", "of: 工期 + 对数")


def _of_all() -> Iterator[dict[str, Any]]:
    row = {"名": "一", "组": "产出", "目标": "10", "完成": "9.5", "权": 3}
    lists = [
        [],
        [row],
        [
            row,
            {**row, "名": "二", "目标": "2024-06-30", "完成": "2024-06-30", "权": 1},
            {**row, "名": "三", "组": "效益"},
        ],
        [
            row,
            {**row, "名": "二", "目标": "合格", "完成": "合格", "权": None},
            {**row, "名": "三", "组": None, "权": 0},
        ],
        [{**row, "组": None}, {**row, "名": "二", "组": "/"}],
    ]
    for number, rows in enumerate(lists):
        for days in ({}, {"起": "2024-01-01", "止": "2024-03-31"}, {"起": "2024-01-01", "止": "2024-04-01"}):
            yield {
                "单位": f"{number}{len(days)}",
                "类别": "甲类" if number else "乙类",
                "支出": 3.25 * number,
                "行": rows,
                **days,
            }


def test_rows_measures_dates_benchmarks_and_functions_agree() -> None:
    """Each record of a population, with its benchmarks and without, at every stage."""
    scheme = pr.loads(WHOLE)
    plan = verbs.plan(scheme)
    population = [_record(scheme, raw) for raw in _of_all()]
    frozen = scoring.freeze(plan, population)
    for record in population:
        for stage in ("", "年中", "年末"):
            staged = pr.Record(record.id, record.cells, record.rows, stage=stage)
            for known in (frozen, {}, None):
                assert agree(plan, staged, known)
    assert any(isinstance(exact.evaluate(plan, r, frozen=frozen).values["均"], Hole) for r in population)


def test_benchmarks_freeze_to_the_same_by_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """A population's benchmarks, digest included, whether its records were read exactly or compiled."""
    scheme = pr.loads(WHOLE)
    made = []
    for few in (10**6, 0):
        monkeypatch.setattr(scoring, "FEW", few)
        made.append(scoring.freeze(make_plan(scheme), [_record(scheme, raw) for raw in _of_all()]))
    assert made[0] == made[1]


# ------------------------------------------------------------------------------------------ worked cases

FILES = sorted([*(ROOT / "tests" / "cases").glob("*.cases.yaml"), *(ROOT / "plugins").glob("*/tests/*.cases.yaml")])


@pytest.mark.parametrize("file", FILES, ids=lambda f: f"{f.parent.parent.name}-{f.name}")
def test_worked_cases_come_out_by_both(file: Path) -> None:
    """Whatever was worked out by hand, and everything beside it."""
    for case in cases.read_cases(file):
        card = cases.try_case(case).card
        if card is not None and not card.rulings:
            agree(card.evidence.plan, card.evidence.record, card.evidence.benchmarks)


# ------------------------------------------------------------------------------------------ scorecards and scorers

PLAIN = """
perfrules: 1
scheme: test.plain
title: 平常
clause: 办法
inputs:
  实际: {kind: number, unit: 万元, min: 0}
  目标: {kind: number, unit: 万元, min: 0}
  率: {kind: number, unit: "%", min: 0, max: 1}
  次: {kind: number, min: 0, decimals: 0}
  是: {kind: boolean}
  类: {kind: choice, choices: [一, 二]}
  日: {kind: date, min: 2020-01-01}
tree:
  id: 总分
  points: 100
  children:
    比: {points: 30, formula: "min(实际 / 目标, 1) * points", undefined: zero, round: 2}
    带: {points: 30, bands: {of: 率, from: {95%: points, 80%: 20, else: 0}}}
    余: {points: 40, formula: "max(points - 次 * 5, 0) if 是 and 类 == '一' and 日 < '2024-01-01' else points / 3"}
grades: {等级: {bands: {of: 总分, from: {90: 优, 60: 良, else: 差}}}}
"""
RECORD: dict[str, Any] = {
    "实际": 9.5, "目标": 10.0, "率": 0.95, "次": 2, "是": True, "类": "一", "日": date(2023, 12, 31),
}  # fmt: skip
ODD: tuple[dict[str, Any], ...] = (
    {"实际": "9.5"}, {"实际": "9.5万元"}, {"实际": 95}, {"实际": Decimal("9.5")}, {"实际": 0.1 + 0.2}, {"实际": 1e-7},
    {"实际": 1e12}, {"实际": 123456789.1234}, {"率": "95%"}, {"率": 0.955555}, {"率": 0.9499999999999}, {"率": Fraction(19, 20)},
    {"次": 2.0}, {"次": Decimal("2.0000000000000000000000000000000")}, {"目标": 0}, {"目标": 0.0}, {"目标": -0.0},
    {"是": "是"}, {"是": 1}, {"类": " 一 "}, {"日": "2024-01-01"}, {"编号": "甲乡"}, {"id": "x"}, {"编号": 7}, {"是": None},
)  # fmt: skip
WRONG: tuple[dict[str, Any], ...] = (
    {"实际": -0.5}, {"实际": float("nan")}, {"实际": float("inf")}, {"实际": True}, {"率": 1.5}, {"率": 95}, {"次": 2.5},
    {"次": Decimal("2.0000000000000000000000000000001")}, {"实际": [1]}, {"是": "也许"}, {"类": "三"}, {"日": "2019-12-31"},
    {"编号": "合计"}, {"率": Decimal("NaN")},
)  # fmt: skip


@pytest.mark.parametrize("odd", [{}, *ODD], ids=str)
def test_whatever_a_mapping_holds_scores_as_the_exact_reading_has_it(odd: dict[str, Any]) -> None:
    """Plain or not, the card is the same: its points at once, and every part of it when it is looked at."""
    scheme = pr.loads(PLAIN)
    cards = _cards(scheme, {**RECORD, **odd})
    assert len({canonical(card) for card in cards}) == 1
    scored = pr.scorer(scheme)({**RECORD, **odd})
    assert (scored.points, scored.grade) == (cards[0].points, cards[0].grade)
    assert scored.nodes == {n.path: n.score for n in cards[0].nodes}
    assert [None if s is None else s * u for s, u in zip(scored.scaled, scored.layout.units, strict=True)] == list(
        scored.nodes.values()
    )


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_is_wrong_in_a_mapping_is_refused_as_ever(wrong: dict[str, Any]) -> None:
    """The same findings, whether the plan has been compiled by then or not."""
    scheme = pr.loads(PLAIN)
    found = []
    for score in (pr.score, pr.score, *[pr.score] * scoring.FEW, lambda s, r: pr.scorer(s)(r)):
        with pytest.raises(pr.RecordError) as problem:
            score(scheme, {**RECORD, **wrong})
        found.append([f.render("en") for f in problem.value.findings])
    assert all(each == found[0] for each in found)


def test_a_plain_mapping_takes_the_short_way() -> None:
    """Floats, ints and Decimals of few places are plain, and their card begins with no more than its points and grades."""
    scheme = pr.loads(PLAIN)
    plain = compiled.plain(verbs.plan(scheme))
    assert plain is not None
    for same in (RECORD, {**RECORD, "实际": Decimal("9.5")}, {**RECORD, "目标": 10}, {**RECORD, "编号": 7}):
        raw = plain.scores(same, {})
        assert raw is not None
        assert scoring.Scored(plain.layout, raw).nodes["比"] == Fraction(57, 2)
    card = _cards(scheme, RECORD)[-1]
    assert "nodes" not in vars(card)
    assert card["比"].score == Fraction(57, 2)
    assert "nodes" in vars(card)


def test_the_scores_of_a_card_are_those_of_its_nodes_before_and_after_these_are_made() -> None:
    """`scores` tells every node's points at once, and the same when the nodes have been looked at."""
    scheme = pr.loads(PLAIN)
    for _ in range(scoring.FEW + 2):
        card = pr.score(scheme, RECORD)
    assert "nodes" not in vars(card)
    early = card.scores
    assert early == {n.path: n.score for n in card.nodes} == card.scores


def test_a_card_is_made_of_the_mapping_as_it_was() -> None:
    """A mapping that changes after it was scored changes nothing in its card."""
    scheme = pr.loads(PLAIN)
    raw = dict(RECORD)
    wanted = canonical(_cards(scheme, raw)[0])
    card = _cards(scheme, raw)[-1]
    raw["实际"] = 0
    assert canonical(card) == wanted


def test_a_card_equals_itself_however_it_was_made() -> None:
    """Lazy or not, pickled or not: equal, with the same explanation."""
    first, *others = _cards(pr.loads(PLAIN), RECORD)
    last = pickle.loads(pickle.dumps(others[-1]))
    assert last == others[0] == first
    assert last.explain() == first.explain()
    assert last.explain("en", "比") == first.explain("en", "比")


def test_a_scorer_travels_as_text() -> None:
    """A pickled scorer scores alike without the plugin that its scheme came from."""
    scorer = pr.scorer(pr.scheme("mof.grade-scales"))
    raw = next(iter(_mappings(scorer.scheme)))
    again = pickle.loads(pickle.dumps(scorer))
    assert again(raw).nodes == scorer(raw).nodes
    assert again.scheme.digest == scorer.scheme.digest


def _mappings(scheme: Scheme) -> Iterator[dict[str, Any]]:
    @settings(LAW, max_examples=3)
    @given(drawn.records(scheme, holes=False))
    def draw(raw: dict[str, Any]) -> None:
        made.append(raw)

    made: list[dict[str, Any]] = []
    draw()
    return iter(made)


def test_nothing_of_the_authors_reaches_the_text() -> None:
    """Generated source is ASCII: numbers and names of ours; whatever an author wrote is an object beside it."""
    for scheme in (pr.loads(PLAIN), pr.loads(WHOLE), pr.loads(SIZES)):
        plan = verbs.plan(scheme)
        texts = [compiled.sizes(plan).general(0).source]
        plain = compiled.plain(plan)
        texts += [] if plain is None else [plain.source]
        assert all(text.isascii() for text in texts)
        assert not any(quote in text.replace("'missing'", "") for text in texts for quote in ('"', "__"))


# ------------------------------------------------------------------------------------------ planted faults

EDGES = """
perfrules: 1
scheme: test.edges
title: 界
clause: 办法
inputs:
  实际: {kind: number, min: 0, max: 200}
  目标: {kind: number, min: 0}
  率: {kind: number, unit: "%", min: 0, max: 1}
tree:
  id: 总分
  points: 100
  children:
    比: {points: 40, formula: "min(实际 / 目标, 1) * points", undefined: zero, round: 0}
    严: {points: 10, formula: points if 实际 < 目标 else 0}
    带: {points: 30, bands: {of: 实际 / 目标, from: {90%: points, 80%: 20, else: 0}}, undefined: zero}
    顶: {points: 20, formula: "points if 率 >= 1 else 率 / (目标 + 1) + 实际 / (目标 + 2)"}
grades: {等级: {bands: {of: 总分, from: {90: 优, 60: 良, else: 差}}}}
"""
ON_EDGES = [
    {"实际": a, "目标": t, "率": r}
    for a, t, r in (
        (9, 10, 1),
        (8, 10, 0),
        (1, 16, 1),
        (1, 80, 0.5),
        (5, 100, 0.25),
        (200, 200, 1),
        (0, 0, 0),
        (7, 3, 0.99),
    )
]


def _breaches() -> int:
    """In how many records the law breaks."""
    scheme = pr.loads(EDGES)
    plan = make_plan(scheme)
    found = 0
    for raw in ON_EDGES:
        record = _record(scheme, raw)
        seen = results(plan, record)
        assert seen is not None
        found += bool(differing(exact.evaluate(plan, record), seen))
    return found


def test_no_breach_without_a_fault() -> None:
    """The records that find the faults below find none where there is none."""
    assert _breaches() == 0


@pytest.mark.parametrize("sign", ["lt", "le"])
def test_a_sign_that_is_off_is_caught(sign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`<` printed for `<=`, or the other way round."""
    monkeypatch.setitem(printing._SIGNS, sign, {"lt": "<=", "le": "<"}[sign])
    assert _breaches() > 0


def test_rounding_half_to_even_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Halves to the even neighbour, as Python's own round has them."""

    def half_even(self: Forms, num: Term, den: Term) -> Term:
        t = self.t
        twice = t.add(t.times(2, num), den)
        up = t.div(twice, t.times(2, den))
        tie = t.equal(t.mul(up, t.times(2, den)), twice)
        even = t.equal(t.times(2, t.div(up, t.number(2))), up)
        return t.pick(t.both(tie, t.no(even)), t.sub(up, t.one), up)

    monkeypatch.setattr(Forms, "_nearest", half_even)
    assert _breaches() > 0


def test_a_dropped_denominator_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two ratios added as though they had one denominator."""
    together = Forms._together

    def dropped(self: Forms, x: Form, y: Form) -> Any:
        a, b, den, unit = together(self, x, y)
        return (x.num, y.num, x.den, x.factor) if x.den is not y.den else (a, b, den, unit)

    monkeypatch.setattr(Forms, "_together", dropped)
    assert _breaches() > 0


def test_a_bound_one_too_small_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell said to stay below the largest that it may hold: what its bounds settle is then settled wrongly."""
    cell = Terms.cell

    def short(self: Terms, slot: str, sort: Any, low: Any = None, high: Any = None, *, rows: str = "") -> Term:
        return cell(self, slot, sort, low, None if high is None else high - 1, rows=rows)

    monkeypatch.setattr(Terms, "cell", short)
    assert _breaches() > 0
