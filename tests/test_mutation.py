"""Mutants, what becomes of them, and the records that are generated to tell them."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

import perfrules as pr
from perfrules.cli.commands import perfrules as command
from perfrules.testing.cases import read_cases
from perfrules.testing.generation import generate
from perfrules.testing.mutants import mutants
from perfrules.testing.mutation import mutate

TEXT = """
perfrules: 1
scheme: example.roads
title: 道路养护
sources: {办法: {title: 养护考核办法}}
clause: 办法
inputs:
  完好率: {kind: number, unit: "%", min: 0, max: 1, decimals: 4}
  投诉: {kind: number, min: 0, max: 100, decimals: 0}
  验收: {kind: choice, choices: [合格, 不合格]}
tree:
  id: 总分
  points: 100
  leaves: {missing: refuse}
  children:
    完好: {points: 60, bands: {of: 完好率, from: {90%: points, 80%: 40, else: 0}}}
    满意: {points: 30, formula: "max(points - 2 * 投诉, 0)"}
    质量: {points: 10, cases: {"验收 == '合格'": points, else: 0}}
grades:
  等级: {bands: {of: 总分, from: {90: 优, 60: 合格, else: 不合格}}}
"""


@pytest.fixture(scope="module")
def roads():
    return pr.loads(TEXT)


def changes(scheme):
    return {(m.where, m.sort, m.before, m.after) for m in mutants(scheme)}


def test_every_number_sign_and_policy_that_bears_on_points_has_its_mutants(roads):
    """Thresholds move both ways and change sides, comparisons turn, weights, caps, directions and policies change."""
    made = changes(roads)
    at = "tree › children › 完好 › bands › from"
    assert (at, "comparison", "from", "above") in made
    assert {(f"{at} › 90%", "threshold", "90%", "91%"), (f"{at} › 90%", "threshold", "90%", "89%")} <= made
    assert ("tree › children › 完好 › points", "weight", "60", "61") in made
    formula = "max(points - 2 * 投诉, 0)"
    where = "tree › children › 满意 › formula"
    assert {
        (where, "direction", formula, "min(points - 2 * 投诉, 0)"),
        (where, "arithmetic", formula, "max(points + 2 * 投诉, 0)"),
        (where, "number", formula, "max(points - 3 * 投诉, 0)"),
        (where, "number", formula, "max(points - 2 * 投诉, 1)"),
    } <= made
    condition = "验收 == '合格'"
    assert any(sort == "comparison" and after == "验收 != '合格'" for _, sort, before, after in made if before == condition)
    assert ("tree › leaves › missing", "policy", "refuse", "zero") in made
    assert ("grades › 等级 › bands › from › 60", "threshold", "60", "59") in made


def test_a_mutant_differs_from_its_scheme_in_one_place(roads):
    """Every mutant is the scheme's data but for the one change, and none is the scheme itself."""
    data = json.loads(roads.text)
    seen = set()
    for mutant in mutants(roads):
        changed = json.loads(mutant.text)
        assert changed != data
        assert mutant.text not in seen
        seen.add(mutant.text)
        holder, other = data, changed
        for key in mutant.place[:-1]:
            holder, other = holder[key], other[key]
        last = mutant.place[-1]
        if last in other:
            assert {**holder, last: None} == {**other, last: None} if isinstance(holder, dict) else True
        else:
            assert list(holder.values()) == list(other.values())


def test_borrowed_definitions_are_not_changed(roads):
    """The prelude's definitions are not the scheme's own, and have no mutants."""
    text = TEXT.replace("max(points - 2 * 投诉, 0)", "clip(1 - 投诉 / 100, 0, 1) * points")
    assert not any("clip" in m.where for m in mutants(pr.loads(text)))


CASES = """
scheme: example.roads
source: 手算
record: {完好率: 90%, 投诉: 0, 验收: 合格}
cases:
  - {name: 上界, points: 100, nodes: {完好: 60, 满意: 30, 质量: 10}, grades: {等级: 优}}
"""


def written(tmp_path: Path, text: str) -> list:
    file = tmp_path / "roads.cases.yaml"
    file.write_text(text, encoding="utf-8")
    return list(read_cases(file))


def test_a_case_on_a_cut_tells_it_raised_but_not_lowered(tmp_path, roads):
    """A record on a threshold tells a raised one and a changed side; only one just beneath tells a lowered one."""
    result = mutate(roads, written(tmp_path, CASES), by_laws=False)
    fates = {(t.mutant.where, t.mutant.after): t.fate for t in result.tried}
    at = "tree › children › 完好 › bands › from"
    assert fates[at, "above"] == "case"
    assert fates[f"{at} › 90%", "91%"] == "case"
    assert fates[f"{at} › 90%", "89%"] == "survived"
    more = CASES + "  - {name: 不足, record: {完好率: 89.99%}, nodes: {完好: 40}}\n"
    result = mutate(roads, written(tmp_path, more), by_laws=False)
    assert {t.mutant.after: t.fate for t in result.tried if t.mutant.place[-1] == "90%"} == {"91%": "case", "89%": "case"}


def test_a_survivor_comes_with_a_record_that_would_tell(tmp_path, roads):
    """What no case told is shown with a record that the scheme and its mutant score differently."""
    result = mutate(roads, written(tmp_path, CASES), by_laws=False)
    survivors = [t for t in result.of("survived") if t.record is not None]
    assert survivors
    for each in survivors:
        changed = pr.loads(each.mutant.text)
        was, became = (pr.score(s, each.record) for s in (roads, changed))
        assert (was.nodes, was.grades) != (became.nodes, became.grades)
        assert each.was != each.became


def test_weights_that_no_longer_add_up_are_told_by_loading(tmp_path, roads):
    """A changed weight leaves points that are not the children's sum, which the load tells."""
    result = mutate(roads, [], by_laws=False)
    weights = [t for t in result.tried if t.mutant.sort == "weight"]
    assert weights
    assert all(t.fate == "load" and t.by for t in weights)


def test_a_mutant_that_no_record_tells_apart_is_equivalent(roads):
    """A bound that no input can pass may move; a proof says so, and it counts neither way."""
    text = TEXT.replace("max(points - 2 * 投诉, 0)", "min(max(points - 2 * 投诉, 0), 40)")
    result = mutate(pr.loads(text), [], by_laws=False)
    equivalent = {t.mutant.after for t in result.of("equivalent")}
    assert "min(max(points - 2 * 投诉, 0), 41)" in equivalent
    assert "min(max(points - 3 * 投诉, 0), 40)" not in equivalent


def test_laws_tell_what_cases_do_not(roads):
    """With no case at all a turned direction still breaks a law."""
    result = mutate(roads, [], by_laws=True)
    turned = [t for t in result.tried if t.mutant.after == "min(points - 2 * 投诉, 0)"]
    assert [t.fate for t in turned] in (["law"], ["load"])


def test_counts_add_up(tmp_path, roads):
    """Killed, equivalent and surviving mutants are all of them, in the JSON too."""
    data = mutate(roads, written(tmp_path, CASES), by_laws=False).as_json()
    assert data["mutants"] == data["killed"] + data["equivalent"] + len(data["survivors"])
    assert data["killed"] == sum(data["by"].values())
    assert {"place", "sort", "before", "after", "record", "was", "became"} <= data["survivors"][0].keys()


# ------------------------------------------------------------------------------------------------ generation


def test_generated_records_take_every_arm_and_stand_on_and_beside_every_edge(roads):
    """Each cut is met exactly and one grid step beneath; each arm, choice and grade is taken; holes are tried."""
    records = [g.record for g in generate(roads)]
    rates = {r["完好率"] for r in records}
    assert {"90%", "89.99%", "80%", "79.99%"} <= rates
    counts = {r["投诉"] for r in records}
    assert {14, 15, 16} <= counts  # points - 2 * 投诉 against 0
    assert {r["验收"] for r in records} >= {"合格", "不合格"}
    cards = [pr.score(roads, r) for r in records]
    assert {c.grade for c in cards} >= {"优", "合格", "不合格"}
    assert {c["完好"].score for c in cards} >= {Fraction(60), Fraction(40), Fraction(0), None}
    assert any(r["完好率"] is None for r in records)


def test_generated_records_are_few_and_the_same_in_every_run(roads):
    """What independent leaves want stands together in one record; nothing is drawn at random."""
    made = generate(roads)
    assert len(made) <= 12
    assert [g.record for g in made] == [g.record for g in generate(roads)]


def test_generated_cases_tell_nearly_every_mutant(tmp_path, roads):
    """Confirmed as they stand, the generated cases leave no mutant that a record of theirs would tell."""
    scheme = tmp_path / "roads.yaml"
    scheme.write_text(TEXT, encoding="utf-8")
    file = tmp_path / "roads.cases.yaml"
    command(["cases", "generate", str(scheme), "-o", str(file)], standalone_mode=False)
    text = file.read_text(encoding="utf-8").replace(str(scheme), "example.roads")
    assert "待核对" in text
    result = mutate(roads, written(tmp_path, text), by_laws=False)
    assert [t.message() for t in result.of("survived")] == []
    assert result.share == 1
