"""Mutants, what becomes of them, and the records that are generated to tell them."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import perfrules as pr
from perfrules import verbs
from perfrules.cli.commands import perfrules as command
from perfrules.testing import mutation
from perfrules.testing.cases import find_cases, read_cases, try_case
from perfrules.testing.following import Following
from perfrules.testing.generation import generate
from perfrules.testing.mutants import mutants
from perfrules.testing.mutation import mutate
from perfrules.testing.recording import cases_text, in_common, recorded_raw

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
    assert any(
        sort == "comparison" and after == "验收 != '合格'" for _, sort, before, after in made if before == condition
    )
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
    assert {t.mutant.after: t.fate for t in result.tried if t.mutant.place[-1] == "90%"} == {
        "91%": "case",
        "89%": "case",
    }


def test_a_survivor_comes_with_a_record_that_would_tell(tmp_path, roads):
    """What no case told is shown with a record that the scheme and its mutant score differently."""
    result = mutate(roads, written(tmp_path, CASES), by_laws=False)
    survivors = [t for t in result.of("survived") if t.record is not None]
    assert survivors
    for each in survivors:
        changed = pr.loads(each.mutant.text)
        was, became = (pr.score(s, each.record) for s in (roads, changed))
        assert (was.nodes, was.grades) != (became.nodes, became.grades)
        assert each.apart is not None
        assert each.apart.was != each.apart.became


def test_the_record_of_a_survivor_is_what_a_case_needs_and_no_more(tmp_path, roads):
    """Cells that make no difference are left out; written into a case as it is printed, the record tells the mutant."""
    result = mutate(roads, written(tmp_path, CASES), by_laws=False)
    survivors = {(t.mutant.where, t.mutant.after): t for t in result.of("survived")}
    lowered = survivors["tree › children › 完好 › bands › from › 90%", "89%"]
    assert lowered.message("zh").split("\n")[1:] == [
        "    有记录可以分辨：原为 完好 40 / 60 → 完好 60 / 60",
        "    record: {完好率: 89.99%}",
    ]
    more = ""
    for number, each in enumerate(survivors.values()):
        record = each.message("en").split("\n")[2].strip()
        at, said = each.apart.was.at, each.apart.was.said
        stated = f"grades: {{{at}: {said}}}" if at in roads.grades else f"nodes: {{{at}: {said}}}"
        more += f"  - {{name: {number}, {record}, {stated}}}\n"
    cases = CASES.replace("record: {完好率: 90%, 投诉: 0, 验收: 合格}\n", "").replace(
        "上界,", "上界, record: {完好率: 90%, 投诉: 0, 验收: 合格},"
    )
    assert not mutate(roads, written(tmp_path, cases + more), by_laws=False).of("survived")


def test_what_has_no_score_is_told_in_its_language(roads):
    """A policy that is changed is told by what stands where there is no score, in words of either language."""
    result = mutate(roads, [], by_laws=False)
    (policy,) = [t for t in result.of("survived") if t.mutant.sort == "policy"]
    assert "没有得分 / 60" in policy.message("zh")
    assert "without a score / 60" in policy.message("en")
    assert not any(": " in t.message("zh").split("\n")[1].partition("：")[2] for t in result.of("survived"))


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


ROWS = """
perfrules: 1
scheme: example.rows
title: 逐行
clause: 示例
inputs: {阈值: {kind: number, min: 1}}
definitions:
  正向(实际, 目标): {cases: {实际 >= 目标: points, 目标 > 0: "max(实际 / 目标, 0) * points"}}
rows:
  指标:
    name: 名称
    columns:
      名称: {kind: text}
      分值: {kind: number, min: 0}
      目标: {kind: number}
      实际: {kind: number}
      列入: {kind: boolean}
    points: 分值
    cases: {实际 >= 目标: points, else: "正向(实际, 目标)"}
    missing: refuse
    undefined: refuse
    round: 2
values: {超出: {count: 实际 > 阈值 * 目标, over: 指标}}
tree:
  id: 总分
  points: 100
  children: {逐行: {points: 100, rows: 指标, where: 列入}}
"""


def fates(text: str) -> dict[tuple[str, str], str]:
    result = mutate(pr.loads(text), [], by_laws=False)
    return {(t.mutant.before, t.mutant.after): t.fate for t in result.tried}


def test_a_change_that_makes_no_difference_a_step_further_on_is_equivalent():
    """What decides alike of a row is looked at before it is rounded and added up: there the solver would find no answer."""
    came = fates(ROWS)
    assert came["实际 >= 目标", "实际 > 目标"] == "equivalent"  # beneath, the definition gives full marks as well
    assert came["目标 > 0", "目标 >= 0"] == "equivalent"  # refused for want of an arm, or for want of a quotient
    assert came["max(实际 / 目标, 0) * points", "max(实际 / 目标, 1) * points"] == "survived"
    assert came["实际 > 阈值 * 目标", "实际 >= 阈值 * 目标"] == "survived"


@pytest.mark.parametrize("text", [TEXT, ROWS], ids=["roads", "rows"])
def test_no_mutant_that_a_record_tells_is_taken_for_equivalent(text):
    """Plans are followed side by side soundly: one that any generated record tells apart is never said to be the same."""
    scheme = pr.loads(text)
    trial = mutation._Trial(scheme, [], False)
    told = 0
    for mutant in mutants(scheme):
        try:
            changed = pr.loads(mutant.text)
        except pr.SchemeError:
            continue
        if trial._apart(changed) is not None:
            told += 1
            assert not Following(verbs.plan(scheme), verbs.plan(changed)).all_tell_the_same(), mutant
    assert told


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


def test_generated_records_are_named_after_the_edges_that_they_stand_at(roads):
    """The cell on or beside a cut, the total at a grade, what is left blank: by their figures."""
    titles = "\n".join(each.title for each in generate(roads))
    assert "完好率 89.99%" in titles
    assert "完好率 90%" in titles
    assert "完好率 未填" in titles
    assert "总分 90" in titles


# ------------------------------------------------------------------------------------------------ places and arguments


def test_each_mutant_knows_its_line_in_the_authors_file(tmp_path):
    """The line that a mutant names holds what it changes; a scheme from a text, or one that amends another, has none."""
    file = tmp_path / "roads.yaml"
    file.write_text(TEXT, encoding="utf-8")
    lines = TEXT.splitlines()
    for mutant in mutants(pr.load(file)):
        held = lines[mutant.line - 1]
        assert mutant.line
        assert str(next(k for k in reversed(mutant.place) if isinstance(k, str))) in held
    assert {m.line for m in mutants(pr.loads(TEXT))} == {0}
    assert {m.line for m in mutants(pr.scheme("boxing.departments"))} == {0}


RULES = """
perfrules: 1
scheme: example.swaps
title: 对调
clause: 示例
inputs:
  实际: {kind: number, min: 0}
  预算: {kind: number, min: 1}
definitions:
  比(a, b, c): clip(a / b, 0, c) * points
tree:
  points: 20
  children:
    甲: {points: 10, rule: {比: {a: 实际, b: 预算, c: 1}}}
    乙: {points: 10, formula: "比(实际, 预算, 1)"}
"""


def test_arguments_change_places_only_with_others_of_their_kind():
    """Two inputs of one kind are easily mistaken for each other; an input and a figure are not."""
    swaps = {m.after for m in mutants(pr.loads(RULES)) if m.sort == "direction"}
    assert "a: 预算, b: 实际" in swaps
    assert "比(预算, 实际, 1)" in swaps
    assert not any("c: 预算" in swap or "b: 1" in swap or "1, 预算" in swap for swap in swaps)


def test_the_bounds_of_adjustments_have_mutants():
    """Those of each, and those of their sum; one that nothing can pass is equivalent, one that something does is not."""
    text = (
        RULES[: RULES.index("  children:")].replace("definitions:", "definitions: {}\nunused:").partition("unused:")[0]
    )
    text += "tree:\n  points: 20\n  formula: 20 * min(实际 / 预算, 1)\n  adjustments:\n    between: [-5, 3]\n"
    text += (
        '    奖: {formula: "2 if 实际 > 预算 else 0", between: [0, 2]}\n    扣: {formula: -实际, between: [-9, 0]}\n'
    )
    result = mutate(pr.loads(text), [], by_laws=False)
    found = {(t.mutant.where.partition("adjustments › ")[2], t.mutant.after): t.fate for t in result.tried}
    assert found["奖 › between › 1", "3"] == "equivalent"
    assert found["奖 › between › 1", "1"] == "survived"
    assert found["between › 0", "-6"] == found["between › 0", "-4"] == "survived"
    assert found["between › 1", "4"] == "equivalent"


# ------------------------------------------------------------------------------------------------ the bundled schemes


@pytest.mark.parametrize(
    ("name", "folder"), [("zhanhua.townships", "binzhou"), ("gangcheng.key-projects", "gangcheng")]
)
def test_cases_tell_nearly_every_change_to_a_bundled_scheme(name, folder):
    """At least 95 % of what is not equivalent; `make mutate` holds all schemes to it."""
    tests = Path(__file__).parents[1] / "plugins" / folder / "tests"
    cases = [case for file in find_cases(tests) for case in read_cases(file)]
    result = mutate(pr.scheme(name), cases, by_laws=False)
    assert result.left_out == ()
    assert result.share is not None
    assert result.share >= 0.95, [t.message() for t in result.of("survived")]


# ------------------------------------------------------------------------------------------------ the command


def run(*arguments: str, at: Path, monkeypatch) -> Result:
    monkeypatch.chdir(at)
    return CliRunner().invoke(command, arguments)


def test_the_command_gives_what_survives_as_json(tmp_path, monkeypatch):
    """Counts and survivors as plain data, with the line in the file; exit 1 while anything survives."""
    (tmp_path / "roads.yaml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "a.cases.yaml").write_text(CASES.replace("example.roads", "roads.yaml"), encoding="utf-8")
    result = run("mutate", "roads.yaml", "--no-laws", "--format", "json", at=tmp_path, monkeypatch=monkeypatch)
    data = json.loads(result.stdout)
    assert result.exit_code == 1
    assert data["cases"] == 1
    assert data["mutants"] == data["killed"] + data["equivalent"] + len(data["survivors"])
    assert all(each["line"] for each in data["survivors"])


def test_cases_that_cannot_be_held_against_a_scheme_are_told(tmp_path, monkeypatch):
    """Those that differ as the scheme is are named, a file that is wrong is told, those of other schemes are passed over."""
    (tmp_path / "roads.yaml").write_text(TEXT, encoding="utf-8")
    wrong = CASES.replace("example.roads", "roads.yaml").replace("points: 100", "points: 99")
    (tmp_path / "a.cases.yaml").write_text(wrong, encoding="utf-8")
    (tmp_path / "b.cases.yaml").write_text("scheme: [\n", encoding="utf-8")
    (tmp_path / "c.cases.yaml").write_text(CASES.replace("example.roads", "nowhere.yaml"), encoding="utf-8")
    result = run("mutate", "roads.yaml", "--no-laws", "--format", "json", at=tmp_path, monkeypatch=monkeypatch)
    data = json.loads(result.stdout)
    assert (data["cases"], data["left_out"], data["killed"]) == (0, ["上界"], data["by"]["load"])
    assert [f["name"] for f in data["findings"]] == ["brackets-mismatch"]
    told = run("mutate", "roads.yaml", "--no-laws", "--lang", "en", at=tmp_path, monkeypatch=monkeypatch)
    assert "There is no worked case of this scheme" in told.stdout
    named = run("mutate", "roads.yaml", "--no-laws", "--cases", "b.cases.yaml", at=tmp_path, monkeypatch=monkeypatch)
    assert "brackets-mismatch" in named.output
    assert named.exit_code == 1


def test_generated_cases_name_a_scheme_file_as_it_is_found_from_theirs(tmp_path, monkeypatch):
    """The file of cases may lie elsewhere than the scheme, and comes out wherever it is tried from."""
    (tmp_path / "roads.yaml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "tests").mkdir()
    made = run("cases", "generate", "roads.yaml", "-o", "tests/r.cases.yaml", at=tmp_path, monkeypatch=monkeypatch)
    assert made.exit_code == 0
    tried = run("cases", "run", "tests", "--lang", "en", at=tmp_path, monkeypatch=monkeypatch)
    assert (tried.exit_code, " 0 not." in tried.stdout) == (0, True)


# ------------------------------------------------------------------------------------------------ benchmarks


BENCHMARK = """
perfrules: 1
scheme: example.costs
title: 成本
clause: 示例
inputs:
  成本: {kind: number, min: 1, max: 1000, decimals: 0}
benchmarks:
  均值: {mean: 成本, over: cohort}
tree: {id: 得分, points: 10, formula: "min(均值 / 成本, 1) * points", round: 2}
"""


def test_records_of_a_scheme_with_benchmarks_come_with_a_cohort(tmp_path):
    """Benchmarks are frozen over the record and the others that stand with it, and their values are stated."""
    scheme = pr.loads(BENCHMARK)
    made = generate(scheme)
    assert all(each.cohort for each in made)
    cases = recorded_raw(scheme, [(each.title, each.record, each.cohort) for each in made])
    text = cases_text(cases, scheme="example.costs", record=in_common(cases), source="试算")
    again = written(tmp_path, text)
    assert all("均值" in case.expected["benchmarks"] for case in again if "refused" not in case.expected)
    assert not [case.name for case in again if try_case(case, scheme).differences]
    result = mutate(scheme, again, by_laws=False)
    assert {t.mutant.after for t in result.of("survived")} <= {"min(均值 / 成本, 2) * points"}
