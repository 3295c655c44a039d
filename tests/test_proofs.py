"""Proofs: the solver's encoding agrees with the exact reading, and nothing is shown that exact scoring does not confirm."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

import perfrules as pr
from perfrules import records, supplying, testing, verbs
from perfrules.cli.commands import perfrules
from perfrules.model import Hole, Record, Scheme
from perfrules.plan import RowBlock
from perfrules.proving import alike, deciding
from perfrules.readings import exact
from perfrules.readings.proof import claims, searching
from perfrules.readings.proof.comparing import at
from perfrules.readings.proof.deciding import Prover
from perfrules.readings.proof.encoding import Encoding

DEEP = bool(os.environ.get("PERFRULES_DEEP"))
LAW = settings(
    max_examples=400 if DEEP else 25,
    derandomize=not DEEP,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
HERE = Path(__file__).parent
FAULTY = HERE / "faulty"
EXPECTED: Mapping[str, Mapping[str, str]] = yaml.safe_load((FAULTY / "expected.yaml").read_text(encoding="utf-8"))
WATER = HERE.parent / "examples" / "township-water.yaml"
INEXACT = {"ln", "exp", "power", "largest", "smallest", "quantile", "size"}
"""What the solver knows by its range alone, so that a step that hangs on it is not compared."""


# ------------------------------------------------------------------------------------------------ agreement


@st.composite
def scored(draw: st.DrawFn, focus: str = "everything") -> tuple[Scheme, Record]:
    """A scheme of the whole language, and a record for it that nobody has ruled on."""
    scheme = draw(testing.schemes(focus=focus))
    return scheme, records.record_from(scheme, draw(testing.records(scheme)))


@LAW
@given(scored())
def test_the_encoding_agrees_with_the_exact_reading(case: tuple[Scheme, Record]) -> None:
    """Every step, of the record and of each of its rows, is the same value or the same hole by both."""
    try:
        assert compared(*case) >= 0
    except TimeoutError:  # figures so long that the solver does not come to an end with them
        reject()


def compared(scheme: Scheme, record: Record) -> int:
    """How many steps were the same by both readings; some are known by their range alone."""
    plan = verbs.plan(scheme)
    results = exact.evaluate(plan, record)
    counts = {kind: len(record.rows.get(kind, ())) for kind in scheme.rows}
    encoding = Encoding(plan, counts)
    blocks = [s for s in plan.steps if isinstance(s, RowBlock)]
    names = [s.name for s in plan.steps if not isinstance(s, RowBlock)] + [f.name for b in blocks for f in b.folds]
    for name in names:
        encoding.term(name)
    for block in blocks:
        for number in range(counts[block.rows]):
            encoding.row(block, number)
    rows = {kind: [{n: c.value for n, c in row.cells.items()} for row in found] for kind, found in record.rows.items()}
    value = at(encoding, {n: c.value for n, c in record.cells.items()}, rows, record.stage)
    same = 0
    for name in names:
        if not encoding.about([name]).vague & INEXACT:
            assert told(value(encoding.term(name))) == told(results.values[name]), name
            same += 1
    for block in blocks:
        for row, local in results.rows[block.name]:
            terms = encoding.row(block, row.number - 1)
            if (
                not encoding.vague[f"{block.name}#{row.number - 1}"] & INEXACT
                and not encoding.about([block.name], [(block.name, row.number - 1)]).vague & INEXACT
            ):
                assert {n: told(value(terms[n])) for n in local} == {n: told(v) for n, v in local.items()}
    return same


def told(value: Any) -> Any:
    return value.kind if isinstance(value, Hole) else (type(value), value)


EDGES = """
perfrules: 1
scheme: example.edges
title: 边界
clause: 例
inputs:
  x: {kind: number, min: -100, max: 100}
  y: {kind: number, min: -100, max: 100}
  甲: {kind: date}
  乙: {kind: date}
  选: {kind: choice, choices: [优, 良]}
  真: {kind: boolean}
values:
  舍入: {formula: x, round: 2}
  向下: {formula: x, round: {places: 1, mode: down}}
  向上: {formula: x, round: {places: 1, mode: up}}
  取整: floor(x)
  商: x / y
  天数: 甲 - 乙
  同: 选 == '优' and 真
  短路: 1 if x > 0 or 1 / y > 0 else 0
  链: 1 if 0 < x <= y < 50 else 0
  步: steps_over(x, 0, 0.5, '计一档')
tree:
  points: 10
  formula: "clip(商, 0, 1) * points"
  undefined: zero
  missing: 3
  not_applicable: exclude
"""


@pytest.mark.parametrize(
    "x", ["", "不适用", "0", "2.675", "-2.675", "0.005", "-0.005", "2.5", "-2.5", "1.25", "-0.5", "50"]
)
@pytest.mark.parametrize("y", ["", "0", "-1", "3", "50"])
def test_ties_negatives_and_holes_agree(x: str, y: str) -> None:
    """Halves on either side of zero, floors below it, and every kind of hole: the same by both readings."""
    scheme = pr.loads(EDGES)
    for more in ({}, {"甲": "2024-02-29", "乙": "2023-02-28", "选": "优", "真": "是"}, {"选": "良", "真": "不适用"}):
        record = records.record_from(scheme, {"x": x, "y": y, **more})
        assert compared(scheme, record) == 17


ROWS = """
perfrules: 1
scheme: example.statistics
title: 统计量
clause: 例
inputs: {x: {kind: number}}
rows: {行: {name: 名, columns: {名: {kind: text}, 值: {kind: measure}}}}
values: {得数: {STATISTIC, over: 行}}
tree: {points: 10, formula: 得数}
"""


@pytest.mark.parametrize("statistic", ["sum: 值", "min: 值", "mean: 值", "mean: 值, weighted_by: 0"])
@pytest.mark.parametrize("values", [["1", "2"], ["1", "2024-01-01"], ["无", "不适用"], ["1", ""], []], ids=str)
def test_statistics_of_measures_agree(statistic: str, values: list[str]) -> None:
    """Dates and words among the numbers of a statistic make it undefined by both readings, and so do weights of nothing."""
    scheme = pr.loads(ROWS.replace("STATISTIC", statistic))
    rows = [{"名": str(i), "值": value} for i, value in enumerate(values)]
    assert compared(scheme, records.record_from(scheme, {"x": "1", "行": rows})) > 2


# ------------------------------------------------------------------------------------------------ what is found


@pytest.mark.parametrize("name", EXPECTED)
def test_faulty_schemes_are_caught(name: str) -> None:
    """Each is found out when it is loaded where `expected.yaml` says so, and refuted by a record in words of the form."""
    expected = EXPECTED[name]
    try:
        scheme = pr.load(FAULTY / f"{name}.yaml")
        found = scheme.findings
    except pr.SchemeError as problem:
        found = problem.findings
    assert [f.name for f in found if f.severity != "remark"] == ([expected["finding"]] if "finding" in expected else [])
    if "claim" not in expected:
        assert any(f.severity == "error" for f in found)  # it is no scheme: there is nothing to prove
        return
    proofs = pr.prove(scheme)
    wanted = [d for d in proofs if type(d.claim).__name__ == expected["claim"] and d.path == expected["path"]]
    refuted = [d for d in wanted if isinstance(d.answer, pr.Refuted)]
    assert len(refuted) == 1
    assert (refuted[0].reason("zh"), refuted[0].reason("en")) == (expected["zh"], expected["en"])
    assert not proofs.unknown


def test_every_faulty_scheme_is_expected() -> None:
    """No file of `tests/faulty` is left out of the list, and none is listed that is not there."""
    assert sorted(EXPECTED) == sorted(p.stem for p in FAULTY.glob("*.yaml") if p.stem != "expected")


NEEDLE = """
perfrules: 1
scheme: example.needle
title: 一处不对
clause: 例
inputs: {率: {kind: number, unit: "%", min: 0, max: 1, decimals: 5}}
tree:
  points: 10
  children:
    甲: {points: 10, formula: "率 * points + max(1 - abs(率 * 8 - 5) * 100000, 0) * 5"}
"""


def test_a_single_bad_point_is_found_by_the_proof_alone() -> None:
    """Two thousand records drawn at random keep to the range; the one rate that does not is what refutes it."""
    scheme = pr.loads(NEEDLE)
    draw = random.Random(0)
    tried = [Fraction(draw.randrange(100_001), 100_000) for _ in range(2000)]
    assert all(pr.score(scheme, {"率": rate}, trace=False)["甲"].score <= 10 for rate in tried)
    (decided,) = list(pr.prove(scheme, "甲 <= 率 * 10"))
    assert isinstance(decided.answer, pr.Refuted)
    assert decided.answer.record.record == {"率": "62.5%"}
    assert decided.reason("zh") == "反例：率 = 62.5%\n此时甲 = 11.25，不成立：甲 <= 率 * 10"


def test_what_is_shown_refutes_when_it_is_scored() -> None:
    """Whatever a refutation shows, typed in as it stands and scored, is out of range."""
    scheme = pr.load(FAULTY / "over-achievement.yaml")
    for decided in pr.prove(scheme).refuted:
        score = pr.score(scheme, decided.answer.record.record)[decided.path].score
        assert score == decided.answer.record.came > 10


def test_a_candidate_that_is_not_confirmed_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where exact scoring accepts nothing, a claim that does not hold is unknown: neither refuted nor passed."""
    scheme = pr.load(FAULTY / "over-achievement.yaml")
    monkeypatch.setattr(deciding.Trial, "shows", lambda *_: None)
    answers = {d.path: d for d in pr.prove(scheme) if isinstance(d.claim, claims.Within)}
    assert answers["里程完成率"].word == "unknown"
    assert "精确计分没有证实" in answers["里程完成率"].reason()


def test_unknown_is_told_and_never_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """With no work allowed the solver tells nothing: what only it could settle is unknown with the reason, and fails."""
    monkeypatch.setattr(searching, "SOLVER_WORK", 1)
    done = run("prove", str(FAULTY / "bands-swapped.yaml"), "--claim", "群众满意 <= 10 * 满意率 + 6", "--lang", "en")
    assert done.exit_code == 1
    assert "did not come to an end within its limit" in done.output


def test_a_directed_search_may_refute_what_the_solver_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit on the solver hides no fault that a bound, an edge or zero shows."""
    monkeypatch.setattr(searching, "SOLVER_WORK", 1)
    monkeypatch.setattr(deciding, "QUICK", 1)
    (decided,) = pr.prove(pr.load(FAULTY / "over-achievement.yaml"), "里程完成率 <= 10")
    assert isinstance(decided.answer, pr.Refuted)


def test_answers_are_the_same_each_time() -> None:
    """Two runs give the same answers with the same records: the solver's limit is its own count of work."""
    scheme = pr.load(WATER)
    first, second = ([attrs.evolve(d, ms=0) for d in pr.prove(scheme)] for _ in range(2))
    assert first == second


# ------------------------------------------------------------------------------------------------ proved is so


@pytest.mark.parametrize(
    "source", [WATER, *(FAULTY / f"{n}.yaml" for n in EXPECTED if n != "overlap")], ids=lambda p: p.stem
)
def test_no_record_breaks_what_is_proved(source: Path) -> None:
    """Whatever is proved of all records holds for each of many drawn ones, pairs that differ in one input among them."""
    scheme = pr.load(source)
    kept = [d.claim for d in pr.prove(scheme).proved if not isinstance(d.claim, claims.EXISTENTIAL)]

    @settings(LAW, max_examples=100)
    @given(st.data())
    def held(data: st.DataObject) -> None:
        raw, further = data.draw(testing.records(scheme)), data.draw(testing.records(scheme))
        card = pr.score(scheme, raw, trace=False)
        changed: dict[str, tuple[Mapping[str, Any], pr.Scorecard]] = {}
        for claim in kept:
            if (
                isinstance(claim, claims.Within)
                and claim.of.role == "node"
                and card[claim.of.path or ""].score is not None
            ):
                score = card[claim.of.path].score if claim.of.path else card.points
                assert claim.low <= score <= claim.high
            if isinstance(claim, claims.Monotone | claims.NoGift) and claim.of.role == "node":
                name = claim.input if isinstance(claim, claims.Monotone) else data.draw(st.sampled_from(claim.inputs))
                if name not in changed:
                    other = {**raw, name: further.get(name, "")}
                    changed[name] = other, pr.score(scheme, other, trace=False)
                other, after = changed[name]
                if isinstance(claim, claims.Monotone) and not (
                    by_rule(scheme, raw, claim) and by_rule(scheme, other, claim)
                ):
                    continue
                ways.setdefault((claim, name), []).append(
                    (record_value(scheme, raw, name), card[claim.of.path].score,
                     record_value(scheme, other, name), after[claim.of.path].score)
                )  # fmt: skip

    ways: dict[Any, list[Any]] = {}
    held()
    for (claim, _), pairs in ways.items():
        there = [(x, a, y, b) for x, a, y, b in pairs if a is not None and b is not None]
        numbers = [
            (a, b) if x < y else (b, a)
            for x, a, y, b in there
            if not isinstance(x, Hole) and not isinstance(y, Hole) and x != y
        ]
        if isinstance(claim, claims.Monotone):
            assert all(a <= b for a, b in numbers) or all(a >= b for a, b in numbers)
        else:
            missing = [
                (a, b)
                for x, a, y, b in there
                if isinstance(x, Hole) and x.kind == "missing" and not isinstance(y, Hole)
            ]
            assert all(a <= b for a, b in missing)


def by_rule(scheme: Scheme, raw: Mapping[str, Any], claim: claims.Monotone) -> bool:
    """Whether a rule itself decides a record, and no policy for what is missing or undefined."""
    values = exact.evaluate(verbs.plan(scheme), records.record_from(scheme, raw)).values
    return not isinstance(values[claim.body], Hole) and (not claim.asked_if or values[claim.asked_if] is True)


def record_value(scheme: Scheme, raw: Mapping[str, Any], name: str) -> Any:
    cell = records.record_from(scheme, raw).cells.get(name)
    return Hole("missing") if cell is None else cell.value


def test_bounds_add_up_without_the_whole_tree_in_one_question() -> None:
    """A group is asked with its children cut off at their proved bounds: no input of a leaf takes part."""
    scheme = pr.load(WATER)
    made = deciding.Deciding(scheme, verbs.plan(scheme))
    within = [c for c in claims.standard(verbs.plan(scheme)) if isinstance(c, claims.Within)]
    assert all(isinstance(d.answer, pr.Proved) for d in made.decide(within))
    root = next(c for c in within if not c.of.path)
    read = made._nodes_read(root)
    cut = Prover(verbs.plan(scheme), made.adding.cuts(root, read), made.adding.assumed(root, read))
    assert cut.search(root, 0, lambda _: None).none
    assert not cut.encoding().inputs.keys() & {"漏损率", "停水小时", "成本"}


TWINS = """
perfrules: 1
scheme: example.twins
title: 同形
clause: 例
inputs:
  甲数: {kind: number, min: 0}
  甲标: {kind: number, min: 0, decimals: 0}
  乙数: {kind: number, min: 0}
  乙标: {kind: number, min: 0, decimals: 0}
  丙数: {kind: number, min: 1}
  丙标: {kind: number, min: 0, decimals: 0}
tree:
  points: 70
  leaves: {undefined: zero, missing: zero, round: 2}
  children:
    甲: {points: 20, formula: "min(甲数 / 甲标, 1) * points"}
    乙: {points: 20, formula: "min(乙数 / 乙标, 1) * points"}
    丙: {points: 20, formula: "min(丙数 / 丙标, 1) * points"}
    丁: {points: 10, formula: "min(甲数 / 甲标, 1) * points"}
"""


def test_claims_alike_have_one_form_and_others_another() -> None:
    """What differs in anything but a name is of another form: a bound, points, a sign, a constant, which name is where."""
    scheme = pr.loads(TWINS)
    made = verbs.plan(scheme)
    forms: dict[str, list[Any]] = {}
    for claim in claims.standard(made):
        if claim.of.path:
            forms.setdefault(claim.of.path, []).append(alike.form_of(made, claim).said)
    assert forms["甲"] == forms["乙"]
    assert len(forms["甲"]) == len(set(forms["甲"])) > 6
    assert not set(forms["甲"]) & {*forms["丙"], *forms["丁"]}


@pytest.mark.parametrize(
    "other",
    ["min(乙标 / 乙数, 1)", "max(乙数 / 乙标, 1)", "min(乙数 / 乙标, 2)", "min(乙数 / 乙数, 1)", "min(乙数 * 乙标, 1)"],
)
def test_another_formula_is_of_another_form(other: str) -> None:
    """Operators, functions, constants and which name stands where tell claims apart."""
    made = verbs.plan(pr.loads(TWINS.replace("min(乙数 / 乙标, 1)", other)))
    forms = {p: {alike.form_of(made, c) for c in claims.standard(made) if c.of.path == p} for p in ("甲", "乙")}
    assert not {f.said for f in forms["甲"]} & {f.said for f in forms["乙"]}


def test_claims_alike_are_answered_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that serves again is the same as asked anew, and what it shows is of the indicator's own inputs."""
    scheme = pr.loads(TWINS)
    shared = pr.prove(scheme)
    monkeypatch.setattr(deciding, "form_of", lambda *_: None)
    assert [d.word for d in shared] == [d.word for d in pr.prove(scheme)]
    shown = [d for d in shared if d.path == "乙" and not isinstance(d.answer, pr.Unknown) and d.answer.record]
    assert len(shown) > 2
    assert all(set(d.answer.record.record) <= {"乙数", "乙标"} for d in shown)


GROUPS = """
perfrules: 1
scheme: example.groups
title: 上级指标
clause: 例
inputs: {甲率: {kind: number, unit: "%", min: 0, max: 1}, 乙率: {kind: number, unit: "%", min: 0, max: 1}}
tree:
  id: 总分
  points: 100
  MADE
  children:
    甲组: {points: 40, children: {甲: {points: 40, formula: 甲率 * points, not_applicable: exclude, round: 2}}}
    乙组: {points: 60, children: {乙: {points: 60, formula: 乙率 * points, not_applicable: exclude, round: 2}}}
"""


@pytest.mark.parametrize(
    ("made", "word"),
    [
        ("round: 2", "proved"),
        ("rescale: true", "proved"),
        ("formula: 甲组 + 乙组", "proved"),
        ("formula: (甲组 + 乙组) * 101%", "refuted"),
        ("formula: 甲组 + 乙组 + (1 if 甲组 > 39.99 else 0)", "refuted"),
        ("formula: 甲组 + 乙组 - 1", "refuted"),
    ],
)
def test_what_is_assumed_of_parts_proves_nothing_false(made: str, word: str) -> None:
    """A whole that can leave its range is refuted, though each of its parts keeps to its own."""
    answers = {
        d.path: d.word for d in pr.prove(pr.loads(GROUPS.replace("MADE", made))) if isinstance(d.claim, claims.Within)
    }
    assert answers == {"": word, "甲组": "proved", "甲组/甲": "proved", "乙组": "proved", "乙组/乙": "proved"}


STAGES = """
perfrules: 1
scheme: example.stages
title: 加减分之后
clause: 例
inputs:
  甲率: {kind: number, unit: "%", min: 0, max: 1}
  乙率: {kind: number, unit: "%", min: 0, max: 1}
  数: {kind: number, min: -100, max: 100}
  是: {kind: boolean}
tree:
  id: 总分
  points: RANGE
  formula: 甲 + 乙
  children:
    甲: {id: 甲, points: POINTS, formula: "RULE", STAGES}
    乙: {id: 乙, points: 10, formula: 乙率 * points}
"""


@pytest.mark.parametrize(
    ("points", "stages", "low", "high"),
    [
        ("40", "round: 0", 0, 40),
        ("40", "adjustments: {加: {formula: 数, between: [0, 5]}}", 0, 45),
        ("40", "adjustments: {减: {formula: 数, between: [-5, -1]}}", -5, 40),
        ("40", "adjustments: {加: {formula: 数, between: [1, 5]}, 减: {formula: 数, between: [-3, 2]}}", -3, 47),
        ("40", "adjustments: {between: [-2, 3], 加: {formula: 数}, 减: {formula: -数, between: [-9, 9]}}", -2, 43),
        ("40", "adjustments: {between: [2, 3], 加: {formula: 数}}", 2, 43),
        ("40", "adjustments: {between: [-3, -2], 加: {formula: 数}}", -3, 38),
        ("40", "adjustments: {加: {formula: 数}, 减: {formula: 数, between: [-9, 9]}}", None, None),
        ("'[20, 40]'", "gates: {否: {when: 是, at_most: 5}}, adjustments: {加: {formula: 数, between: [0, 5]}}", 5, 45),
        (
            "'[20, 40]'",
            "gates: {否: {when: 是, at_most: 30}}, adjustments: {加: {formula: 数, between: [0, 5]}}",
            20,
            45,
        ),
        ("40", "round: 0, adjustments: {加: {formula: 数, between: [0, 0.5]}}", 0, 41),
        ("40", "round: 0, adjustments: {减: {formula: 数, between: [-0.5, 0]}}", -1, 40),
        ("40", "round: {places: 0, mode: down}, adjustments: {加: {formula: 数, between: [-0.5, 0.5]}}", 0, 40),
    ],
)
def test_what_a_part_comes_to_after_its_stages(points: str, stages: str, low: int | None, high: int | None) -> None:
    """What adds up a part knows of it what bonuses, vetoes and rounding make of its bounds: no less, and no more."""
    rule = "20 + 甲率 * 20" if points != "40" else "甲率 * points"
    text = STAGES.replace("RULE", rule).replace("POINTS", points.strip("'")).replace("STAGES", stages)
    scheme = pr.loads(text.replace("RANGE", "50"))
    plan = verbs.plan(scheme)
    made = deciding.Deciding(scheme, plan)
    made.decide([c for c in claims.standard(plan) if isinstance(c, claims.Within)])
    known = made.adding.bounds["甲"]
    assert (known.low, known.high) == (low, high)
    for rate in ("0%", "49%", "100%"):
        for more in ("-100", "-0.5", "0", "0.5", "100"):
            for is_so in ("是", "否"):
                record = {"甲率": rate, "乙率": "0%", "数": more, "是": is_so}
                score = pr.score(scheme, record)["甲"].score
                assert low is None or low <= score
                assert high is None or score <= high


@pytest.mark.parametrize(
    ("points", "stages", "range_", "word"),
    [
        ("40", "adjustments: {加: {formula: 数, between: [0, 5]}}", "50", "refuted"),
        ("40", "adjustments: {加: {formula: 数, between: [0, 5]}}", "55", "proved"),
        ("40", "adjustments: {减: {formula: 数, between: [-5, 0]}}", "50", "refuted"),
        ("40", "adjustments: {减: {formula: 数, between: [-5, 0]}}", "[-5, 50]", "proved"),
        ("40", "adjustments: {加: {formula: 数}}", "[-60, 150]", "refuted"),
        ("40", "round: 0, adjustments: {加: {formula: 数, between: [0, 0.5]}}", "50.5", "refuted"),
        ("[20, 40]", "gates: {否: {when: 是, at_most: 5}}, adjustments: {加: {formula: 数, between: [0, 5]}}", "[20, 55]", "refuted"),
        ("[20, 40]", "gates: {否: {when: 是, at_most: 5}}, adjustments: {加: {formula: 数, between: [0, 5]}}", "[5, 55]", "proved"),
    ],
)  # fmt: skip
def test_a_whole_is_not_proved_by_what_a_part_is_before_its_stages(
    points: str, stages: str, range_: str, word: str
) -> None:
    """A bonus, a veto or a rounding of a part that takes the whole out of its range refutes it."""
    rule = "甲率 * points" if points == "40" else "20 + 甲率 * 20"
    text = STAGES.replace("RULE", rule).replace("POINTS", points).replace("STAGES", stages)
    found = [d for d in pr.prove(pr.loads(text.replace("RANGE", range_))) if isinstance(d.claim, claims.Within)]
    assert next(d.word for d in found if not d.path) == word


MADE_UP = """
perfrules: 1
scheme: example.made-up
title: 折补
clause: 例
inputs:
  甲率: {kind: number, unit: "%", min: 0, max: 1}
  乙率: {kind: number, unit: "%", min: 0, max: 1}
  丙率: {kind: number, unit: "%", min: 0, max: 1}
  数: {kind: number, min: -100, max: 100}
tree:
  id: 总分
  points: 100
  rescale: true
  children:
    甲组: {GROUP}
    丙: {points: 60, formula: 丙率 * points, not_applicable: exclude}
"""
LEAF = "{points: POINTS, formula: 率 * points, not_applicable: exclude}"
DEDUCTION = "adjustments: {改: {formula: 数, between: [-5, 0]}}"
BONUS = "adjustments: {改: {formula: 数, between: [0, 5]}}"


@pytest.mark.parametrize(
    ("group", "each", "parts", "word"),
    [
        ("points: 40", (20, 20), True, "proved"),
        ("points: 40, round: 0", (20, 20), True, "proved"),
        ("points: 40, round: 0", (19.5, 20.5), False, "refuted"),
        ("points: 40, rescale: true, round: 0", (19.5, 20.5), True, "proved"),
        ("points: 40, combine: max", (40, 40), True, "proved"),
        ("combine: max, points: 50, scale_to: 40", (50, 50), False, "proved"),
        ("scale_to: 40", (20, 60), False, "proved"),
        ("scale_to: 40, round: 0", (3, 97), False, "refuted"),
        ("points: 40, children: {子: {points: 40, round: 0, CHILDREN}}", (19.5, 20.5), False, "refuted"),
        ("points: 40, children: {子: {points: 40, CHILDREN}}", (19.5, 20.5), True, "proved"),
        (f"points: 40, {BONUS}", (20, 20), False, "refuted"),
        (f"points: 40, rescale: true, {BONUS}", (20, 20), False, "refuted"),
        (f"points: 40, {DEDUCTION}", (20, 20), False, "refuted"),
    ],
)
def test_what_is_absent_is_made_up_for_only_by_parts_that_keep_to_what_is_possible(
    group: str, each: tuple[float, float], parts: bool, word: str
) -> None:
    """A part that can get more than is possible for it, some of it absent, proves nothing of a whole that is made up."""
    leaves = [LEAF.replace("率", f"{n}率").replace("POINTS", str(p)) for n, p in zip("甲乙", each, strict=True)]
    children = f"children: {{甲: {leaves[0]}, 乙: {leaves[1]}}}"
    whole = group.replace("CHILDREN", children) if "CHILDREN" in group else f"{group}, {children}"
    scheme = pr.loads(MADE_UP.replace("GROUP", whole))
    assert by_parts(scheme) == (parts, word)


def test_the_most_of_parts_worth_more_than_the_whole_is_not_within_it() -> None:
    """Only of a sum is it known that it keeps to what is possible where its parts do."""
    text = MADE_UP.replace("  rescale: true", "  rescale: true\n  combine: max").replace("points: 60", "points: 120")
    assert by_parts(pr.loads(text.replace("GROUP", "points: 60, formula: 甲率 * points"))) == (False, "refuted")


def by_parts(scheme: Scheme) -> tuple[bool, str]:
    """Whether the range of the whole follows from what is proved of its parts alone, and the answer."""
    plan = verbs.plan(scheme)
    made = deciding.Deciding(scheme, plan)
    decided = made.decide([c for c in claims.standard(plan) if isinstance(c, claims.Within)])
    root = next(d for d in decided if d.claim.of.role == "node" and not d.path)
    read = made._nodes_read(root.claim)
    cut = Prover(plan, made.adding.cuts(root.claim, read), made.adding.assumed(root.claim, read))
    return cut.excludes(root.claim, 0), root.word


MADE_OF_ROWS = """
perfrules: 1
scheme: example.made-of-rows
title: 逐行合计
clause: 例
inputs: {x: {kind: number}}
rows:
  项:
    name: 名
    columns: {名: {kind: text}, 分值: {kind: number, LOW}, 率: {kind: number, min: 0, max: 1}}
    points: 分值
    formula: RULE
tree: {id: 总分, points: 100, rows: 项}
"""


@pytest.mark.parametrize(
    ("low", "rule", "parts", "words"),
    [
        ("min: 0", "率 * points", True, {"proved"}),
        (
            "max: 500",
            "max(率 * points, 0)\n    applies_when: 分值 >= 0\n    not_applicable: exclude",
            False,
            {"refuted", "unknown"},
        ),
        ("min: 0", "率 * points * 2", False, {"refuted"}),
        ("min: 0", "率 * points - 1", False, {"refuted"}),
    ],
)
def test_rows_add_up_where_each_keeps_to_its_points(low: str, rule: str, parts: bool, words: set[str]) -> None:
    """However many rows there are, their sum is within the points where each row's is, and no row's points are negative."""
    found, word = by_parts(pr.loads(MADE_OF_ROWS.replace("LOW", low).replace("RULE", rule)))
    assert found is parts
    assert word in words


def test_what_holds_where_points_add_up_is_known_of_nothing_else() -> None:
    """A claim of an author's is asked of records whose rows' points add up to more, too."""
    text = MADE_OF_ROWS.replace("LOW", "min: 0").replace("RULE", "率 * points")
    text = text.replace("rows: 项}", "children: {甲: {id: 甲, points: 100, rows: 项}}}") + "claims: {不超: 总分 <= 100}"
    proofs = pr.prove(pr.loads(text))
    assert {d.word for d in proofs if isinstance(d.claim, claims.Within)} == {"proved"}
    assert [d.word for d in proofs if isinstance(d.claim, claims.Holds)] == ["refuted"]


def test_bonuses_beneath_are_in_the_range_of_a_sum() -> None:
    """What the parts of a sum may get beyond their points, the sum may, too; a part that takes more refutes it still."""
    text = STAGES.replace("  formula: 甲 + 乙\n", "").replace("RANGE", "50").replace("POINTS", "40")
    scheme = text.replace("STAGES", "adjustments: {加: {formula: 数, between: [-1, 5]}}")
    whole = [
        next(d for d in pr.prove(pr.loads(scheme.replace("RULE", rule))) if isinstance(d.claim, claims.Within))
        for rule in ("甲率 * points", "甲率 * points + 1")
    ]
    assert [(d.text("en"), d.word) for d in whole] == [
        ("lies between -1 and 55", "proved"), ("lies between -1 and 55", "refuted"),
    ]  # fmt: skip


def test_the_whole_is_attained_by_one_record() -> None:
    """All points of a whole are shown by one record, put together from its leaves' and scored."""
    scheme = pr.scheme("mof.project")
    attained = [d for d in pr.prove(scheme) if isinstance(d.claim, claims.Attained) and not d.path]
    totals = {d.claim.which: pr.score(scheme, d.answer.record.record).points for d in attained}
    assert totals == {"full": 100, "least": 0}


# ------------------------------------------------------------------------------------------------ what a claim is of


ADJUSTED = """
perfrules: 1
scheme: example.adjusted
title: 加减分
clause: 例
inputs:
  完成率: {kind: number, unit: "%", min: 0, max: 1}
  表彰: {kind: boolean}
  事故: {kind: number, unit: 起, min: 0, decimals: 0}
  级别: {kind: choice, choices: [县, 市]}
  备注: {kind: text, optional: true}
tree:
  id: 总分
  points: 100
  adjustments:
    加分: {formula: "2 if 表彰 and 级别 == '市' else 0", between: [0, 2]}
  gates:
    否决: {when: 事故 > 0, at_most: 59}
  formula: 完成率 * points
"""


def test_of_an_adjusted_score_it_is_said_that_it_is_meant_before() -> None:
    """What is published may be more than the points by its bonus: the claim says of which score it is, and of no other."""
    scheme = pr.loads(ADJUSTED)
    within = next(d for d in pr.prove(scheme) if isinstance(d.claim, claims.Within) and not d.path)
    assert within.word == "proved"
    assert within.text("zh") == "加减分、否决之前，在 0 与 100 之间"
    assert within.text("en") == "before adjustments and gates, lies between 0 and 100"
    assert [d.word for d in pr.prove(scheme, "总分 <= 100")] == ["refuted"]
    assert [d.word for d in pr.prove(scheme, "总分 <= 102")] == ["proved"]
    without = pr.loads(ADJUSTED.replace("  gates:\n    否决: {when: 事故 > 0, at_most: 59}\n", ""))
    assert {d.text("en").partition(",")[0] for d in pr.prove(without) if not d.path} >= {"before adjustments"}


@pytest.mark.parametrize(
    "rule", ["完成率 * points", "完成率 * points * 2", "完成率 * points - 1", "50 if 完成率 > 50% else 20"]
)
def test_a_clerk_can_score_what_is_shown(rule: str) -> None:
    """A record that is shown of an adjusted score names all that its scorecard takes, and that is what the claim said."""
    scheme = pr.loads(ADJUSTED.replace("formula: 完成率 * points", f"formula: {rule}"))
    shown = [
        d.answer.record for d in pr.prove(scheme)
        if not d.path and isinstance(d.claim, claims.Within | claims.Attained)
        and not isinstance(d.answer, pr.Unknown) and d.answer.record
    ]  # fmt: skip
    assert shown
    for example in shown:
        assert list(example.record) == ["完成率", "表彰", "事故", "级别"]
        assert pr.score(scheme, example.record).points == example.came


APPLIES = """
perfrules: 1
scheme: example.applies
title: 适用
clause: 例
inputs: {支出: {kind: number, min: 0}, 预算: {kind: number, min: 0}, 选: {kind: choice, choices: [甲, 乙, 丙]}}
tree:
  points: 10
  children:
    率: {points: 10, applies_when: 预算 > 0, BODY}
"""


@pytest.mark.parametrize(
    ("body", "kind", "word"),
    [
        ('formula: "clip(支出 / 预算, 0, 1) * points"', claims.Defined, "proved"),
        ('formula: "clip(支出 / (预算 - 1), 0, 1) * points"', claims.Defined, "refuted"),
        ("bands: {of: 预算, from: {5: points, 0: 3, else: 0}}", claims.Arms, "refuted"),
        ("bands: {of: 预算, from: {5: points, 1: 3, else: 0}}", claims.Arms, "proved"),
        ("bands: {of: 1 if 预算 > 0 else -1, between: [[0, 5, points]]}", claims.NoGap, "proved"),
        ("bands: {of: 1 if 预算 > 9 else -1, between: [[0, 5, points]]}", claims.NoGap, "refuted"),
        ("cases: {选 == '甲': points, 预算 > 1: 2, 预算 > 0: 0}", claims.NoGap, "proved"),
    ],
)
def test_what_is_claimed_of_a_rule_is_claimed_where_it_applies(body: str, kind: type, word: str) -> None:
    """A rule is not asked where it does not apply: no division by zero there, no gap, and no arm that only then is taken."""
    decided = [d for d in pr.prove(pr.loads(APPLIES.replace("BODY", body))) if isinstance(d.claim, kind)]
    assert [d.word for d in decided] == [word]


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ('formula: "clip(支出 / 预算, 0, 1) * points", undefined: zero', "proved"),
        ('formula: "clip(支出 / 预算, 0, 1) * points", undefined: zero, missing: 5', "proved"),
        ('formula: "clip(支出 / 预算, 0, 1) * points", applies_when: 预算 > 2, not_applicable: zero', "proved"),
        ('formula: "clip(支出 / 预算, 0, 1) * points if 预算 > 0 else 0"', "refuted"),
        ('formula: "clip(支出 / abs(预算 - 9), 0, 1) * points", undefined: zero', "refuted"),
    ],
)
def test_one_way_only_is_claimed_of_the_rule(rule: str, word: str) -> None:
    """What a policy gives for a hole, or for what does not apply, goes no way; what the formula says of zero does."""
    scheme = pr.loads(APPLIES.replace("applies_when: 预算 > 0, BODY", rule))
    decided = {d.claim.input: d for d in pr.prove(scheme) if isinstance(d.claim, claims.Monotone)}
    assert (decided["支出"].word, decided["预算"].word) == ("proved", word)
    assert decided["预算"].text("zh") == "随预算，得分只往一个方向变"


ROWS_APPLY = """
perfrules: 1
scheme: example.rows-apply
title: 逐行
clause: 例
inputs: {x: {kind: number}}
rows:
  项:
    name: 名
    columns:
      名: {kind: text}
      分值: {kind: number, min: 0}
      实际: {kind: number, min: 0}
      目标: {kind: number, min: 0}
    points: 分值
    APPLIES
    formula: min(实际 / 目标, 1) * points
tree: {points: 100, rows: 项}
"""


@pytest.mark.parametrize(
    ("applies", "defined"),
    [("applies_when: 目标 > 0", "proved"), ("undefined: zero", "proved"), ("round: 2", "refuted")],
)
def test_rows_are_claimed_of_where_their_rule_decides(applies: str, defined: str) -> None:
    """The same of rows: what does not apply divides by nothing, and a policy for zero goes no way."""
    proofs = pr.prove(pr.loads(ROWS_APPLY.replace("APPLIES", applies)))
    words = {type(d.claim): d.word for d in proofs if d.claim.of.role == "row"}
    assert words[claims.Defined] == defined
    assert words[claims.Monotone] == "proved"


# ------------------------------------------------------------------------------------------------ bundled schemes


def test_bundled_schemes_are_nearly_all_decided() -> None:
    """At least 95 % of what is claimed of indicators and rows is proved or refuted; the rest says why."""
    made, _ = supplying.schemes()
    every = [d for editions in made.values() for scheme in editions for d in pr.prove(scheme)]
    leaves = [d for d in every if d.claim.of.role in ("row", "adjustment") or of_leaf(d)]
    unknown = [d for d in leaves if isinstance(d.answer, pr.Unknown)]
    assert len(leaves) > 800
    assert len(unknown) <= 0.05 * len(leaves)
    assert all(d.reason("zh") and d.reason("en") for d in every if isinstance(d.answer, pr.Unknown))


def of_leaf(decided: Any) -> bool:
    node = next((n for n in decided.of.tree.walk() if n.path == decided.path), None)
    return node is not None and decided.claim.of.role == "node" and not any(c.points for c in node.children)


# ------------------------------------------------------------------------------------------------ claims of an author's


CLAIMS = """
perfrules: 1
scheme: example.claims
title: 论断
clause: 例
inputs: {漏损率: {kind: number, unit: "%", min: 0, max: 1}}
tree:
  points: 20
  children:
    漏损: {points: 20, formula: "max(points - floor(max(漏损率 - 12%, 0) / 1%) * 2, 0)"}
claims:
  越高越低: {falls: 漏损, with: 漏损率}
  反了: {rises: 漏损, with: 漏损率}
  不倒扣: 漏损 >= 0
  达标满分: {holds: 漏损 == 20 or 漏损率 > 12%, clause: 例 第一条}
  十二以上即扣: {holds: 漏损 < 20 or 漏损率 <= 12%}
  扣光: {reached: 漏损 == 0}
  单数分: {reached: 漏损 == 19}
  缺了不算分: not present(漏损) or present(漏损率)
"""


def test_claims_of_an_author() -> None:
    """`claims:` are proved beside what is claimed of every scheme; a formula alone is what holds."""
    scheme = pr.loads(CLAIMS)
    answers = {d.path: d.word for d in pr.prove(scheme) if d.claim.of.role == "scheme"}
    assert answers == {
        "越高越低": "proved", "反了": "refuted", "不倒扣": "proved", "达标满分": "proved", "十二以上即扣": "refuted",
        "扣光": "proved", "单数分": "refuted", "缺了不算分": "proved",
    }  # fmt: skip
    assert pr.loads(scheme.resolved()).claims[0].input == "漏损率"


def test_a_claim_that_is_no_condition_is_a_finding() -> None:
    """A claim asked by text is checked as a formula of the scheme is."""
    scheme = pr.loads(CLAIMS)
    for text, name in (("漏损 <= ", "formula-unfinished"), ("漏 <= 3", "unknown-name"), ("漏损 + 1", "wrong-kind")):
        with pytest.raises(pr.SchemeError) as problem:
            pr.prove(scheme, text)
        assert [f.name for f in problem.value.findings] == [name]


def test_formulas_are_equivalent_or_a_record_tells_them_apart() -> None:
    """Two ways to write a rule are one claim; where they differ, a record on the input's grid says so."""
    scheme = pr.loads(CLAIMS.replace("max: 1}", "max: 1, decimals: 2}"))
    assert pr.prove(scheme, "max(漏损率, 1 - 漏损率) == 1 - min(漏损率, 1 - 漏损率)")[0].word == "proved"
    assert pr.prove(scheme, "round(漏损率, 2) == 漏损率")[0].word == "proved"
    (decided,) = pr.prove(scheme, "round(漏损率, 1) == floor(漏损率 * 10 + 0.5) / 10 and 漏损率 != 37%")
    assert decided.answer.record.record == {"漏损率": "37%"}


def test_two_schemes_are_the_same_or_a_record_tells_them_apart() -> None:
    """A rule said in another way is proved the same node by node; one cut point moved is found."""
    text = CLAIMS.partition("claims:")[0]
    one = pr.loads(text)
    restated = pr.loads(text.replace("floor(max(漏损率 - 12%, 0) / 1%)", "steps_over(漏损率, 12%, 1%, '不计')"))
    assert {d.word for d in pr.prove(one, same_as=restated)} == {"proved"}
    moved = pr.loads(text.replace("12%", "13%"))
    answers = {d.path: d for d in pr.prove(one, same_as=moved)}
    shown = answers["漏损"].answer
    assert isinstance(shown, pr.Refuted)
    assert pr.score(one, shown.record.record)["漏损"].score != pr.score(moved, shown.record.record)["漏损"].score


def test_a_scheme_with_rows_is_the_same_as_itself() -> None:
    """Rows alike in every step fold alike, however many there are."""
    scheme = pr.scheme("mof.self-evaluation")
    assert {d.word for d in pr.prove(scheme, same_as=scheme)} == {"proved"}


# ------------------------------------------------------------------------------------------------ the command


def run(*arguments: str) -> Any:
    return CliRunner().invoke(perfrules, list(arguments))


def test_the_command_gives_json_of_its_shape() -> None:
    """Exactly the keys that are promised, counts that add up, and records that read as such."""
    done = run("prove", str(FAULTY / "gap.yaml"), "--format", "json")
    data = json.loads(done.output)
    assert done.exit_code == 1
    assert list(data) == ["proved", "refuted", "unknown", "claims"]
    assert {tuple(c) for c in data["claims"]} == {("scheme", "path", "claim", "answer", "record", "reason", "ms")}
    assert sum(data[word] for word in ("proved", "refuted", "unknown")) == len(data["claims"])
    (refuted,) = [c for c in data["claims"] if c["answer"] == "refuted"]
    assert refuted["record"] == {"合格率": "84%"}


def test_the_command_asks_for_one_scheme_or_all() -> None:
    """Neither, or both, is a misuse; a claim that holds is exit 0."""
    assert run("prove").exit_code == 2
    assert run("prove", "mof.project", "--all").exit_code == 2
    assert run("prove", str(WATER), "--claim", "水质 <= 40").exit_code == 0


def test_what_is_known_not_to_hold_is_told_with_its_reason(tmp_path: Path) -> None:
    """A refutation that is accepted is no failure; one that is gone, unreasoned or of no claim is one."""
    gap, known = str(FAULTY / "gap.yaml"), tmp_path / "known.yaml"
    (refuted,) = [d for d in pr.prove(pr.load(gap)) if d.word == "refuted"]
    of = refuted.scheme.partition("@")[0]

    def told(claim: str, reason: str, *more: str) -> Any:
        known.write_text(f"{of}: {{{json.dumps(claim)}: {json.dumps(reason)}}}", encoding="utf-8")
        return run("prove", gap, "--known", str(known), "--lang", "en", *more)

    for lang in ("zh", "en"):
        done = told(f"{refuted.path}: {refuted.text(lang)}", "the document has the gap")
        assert (done.exit_code, "refuted 0" in done.output, "the document has the gap" in done.output) == (
            0,
            True,
            True,
        )
    data = json.loads(told(f"{refuted.path}: {refuted.text('en')}", "why", "--format", "json").output)
    assert [c.get("known") for c in data["claims"] if c["answer"] == "refuted"] == ["why"]
    holds = next(d for d in pr.prove(pr.load(gap)) if d.word == "proved" and d.path)
    gone = told(f"{holds.path}: {holds.text('en')}", "why")
    assert (gone.exit_code, "it need not be known" in gone.output) == (1, True)
    assert told(f"{refuted.path}: {refuted.text('en')}", " ").exit_code == 2
    nothing = told(f"{refuted.path}: {refuted.text('en')}x", "why")
    assert (nothing.exit_code, "the nearest is" in nothing.stderr) == (2, True)


def test_without_the_solver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A finding with what to install, not a traceback."""
    monkeypatch.setattr("perfrules.proving.find_spec", lambda _: None)
    done = run("prove", str(WATER), "--lang", "en")
    assert done.exit_code == 1
    assert "pip install perfrules[proof]" in done.output
