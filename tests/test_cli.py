"""The command line: what each command prints and exits with, on any console, whatever it is given."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import click
import jsonschema
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import perfrules
import perfrules as pr
from perfrules import documents
from perfrules.cli.commands import perfrules as commands
from perfrules.cli.console import aligned, visible
from perfrules.findings import display_width
from perfrules.grammar import json_schema_text
from perfrules.model import Group

HOME = Path(__file__).parent.parent
WATER = str(Path(__file__).parent / "data" / "township-water.yaml")
FORM = str(Path(__file__).parent / "data" / "self-evaluation.yaml")
SHIPPED = Path(perfrules.__file__).parent
SCORES_SCHEMA = json.loads((SHIPPED / "scorecard.schema.json").read_text(encoding="utf-8"))
SCHEME_SCHEMA = json.loads((SHIPPED / "scheme.schema.json").read_text(encoding="utf-8"))
HEADINGS = ["编号", "合格次数", "抽检次数", "漏损率", "停水小时", "成本", "满意度", "重大事故", "均值"]
TOWNS = [
    ["青石镇", "48", "48", "12.6%", "0", "2.85", "93%", "否", "3.1"],
    ["柳河镇", "47", "48", "14.2%", "16", "3.4", "88.5%", "否", "3.1"],
    ["白马乡", "35", "36", "12%", "8", "3.1", "90%", "是", "3.1"],
    ["南关镇", "46", "48", "约15%", "30", "3.6", "85%", "否", "3.1"],
    ["河口乡", "48", "48", "13", "4", "3", "92%", "否", "3.1"],
]
"""Two that are scored, one with a gate closed, one without a total for want of data, one that is set aside."""


def run(*words: str | Path) -> Result:
    """A command run in this process."""
    return CliRunner().invoke(commands, [str(word) for word in words], prog_name="perfrules")


def as_json(*words: str | Path) -> tuple[int, dict]:
    """What a command gives programs, and its exit code."""
    result = run(*words, "--format", "json")
    return result.exit_code, json.loads(result.stdout)


def a_csv(folder: Path, lines: list[list[str]], name: str = "记录.csv") -> Path:
    """A file of records."""
    path = folder / name
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(lines)
    return path


@pytest.fixture
def towns(tmp_path) -> Path:
    """A file of five towns."""
    return a_csv(tmp_path, [HEADINGS, *TOWNS])


# ── schemes ───────────────────────────────────────────────────────────────────────────────────────


def test_list_names_every_scheme_of_every_plugin():
    """`list` prints the schemes of the installed plugins with their points and what those rest on."""
    result = run("list")
    assert result.exit_code == 0
    assert "gangcheng.key-projects" in result.stdout
    code, data = as_json("list")
    assert code == 0
    assert data["findings"] == []
    assert {"mof.self-evaluation", "mof.project"} <= {each["id"] for each in data["schemes"]}
    for each in data["schemes"]:
        groups = [n.holds for n in pr.scheme(each["id"]).tree.walk() if isinstance(n.holds, Group)]
        if all(g.combine == "sum" for g in groups):  # of two of which the better counts, both rest on something
            assert sum(map(Fraction, each["resting"].values())) == Fraction(each["points"])


def test_list_tells_of_plugins_that_fail(monkeypatch):
    """A plugin that fails is a finding, and the schemes of the others are listed."""
    from importlib.metadata import EntryPoint, entry_points

    from perfrules import plugins

    made = plugins.load([*entry_points(group="perfrules"), EntryPoint("broken", "no_such_module_at_all", "perfrules")])
    monkeypatch.setattr(plugins, "registry", lambda: made)
    result = run("list")
    assert result.exit_code == 1
    assert "plugin-failed" in result.stdout
    assert "mof.self-evaluation" in result.stdout


def test_show_tells_rules_policies_and_provenance():
    """`show` prints the tree with points, rules, policies, adjustments, gates, grades, checks and sources, each marked."""
    text = run("show", WATER).stdout
    for words in (
        "管网漏损  20 分  [陈述 细则]", "每超扣(实际=漏损率, 起点=12%, 每=1%, 扣=2)", "≥ 95% → 30 + 10 * (合格率 - 95%) / 5%",
        "缺失 → 不予计分；不适用 → 不计", "限于 [0, 2]", "否决 重大事故  [陈述 细则 第九条]", "重大事故 → 至多 59",
        "合格率 < 90% → 不高于 中", "合格次数 <= 抽检次数", "[假定：不足一档按一档扣，细则未写]", "《供水运行评价细则》示例〔2024〕1号",
        "分值的依据：陈述 80，假定 20",
    ):  # fmt: skip
        assert words in text
    english = run("show", WATER, "--lang", "en").stdout
    assert "管网漏损  20 points  [stated 细则]" in english
    assert "missing → no score; not_applicable" not in english
    assert not set("缺失不适用陈述") & set(english.splitlines()[3])


def test_show_leaves_out_what_is_not_wanted():
    """Without rules and provenance `show` prints names and points."""
    text = run("show", WATER, "--no-rules", "--no-provenance").stdout
    assert "管网漏损  20 分\n" in text
    assert "每超扣" not in text
    assert "陈述 细则" not in text


def test_show_gives_described_nodes_as_such():
    """A described node has no points, and is said to be shown only."""
    assert "决策  只列示  [陈述" in run("show", "gangcheng.key-projects").stdout
    _, data = as_json("show", "gangcheng.key-projects")
    described = [child for child in data["tree"]["children"] if child["points"] is None]
    assert {child["state"] for child in described} == {"described"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_show_tells_what_is_done_around_the_score(lang):
    """Every benchmark, the ranking, and every procedure with all its parts is shown, with its provenance; JSON has the same."""
    from perfrules import supplying

    told = {"sampling": 0, "reconciling": 0, "monitoring": 0, "outcomes": 0}
    for scheme in [each[0] for each in supplying.schemes()[0].values()]:
        text = run("show", scheme.id, "--lang", lang).stdout
        _, data = as_json("show", scheme.id)
        assert [b["name"] for b in data["benchmarks"]] == list(scheme.benchmarks)
        assert all(f"\n{name}  [" in text for name in scheme.benchmarks)
        assert (data["ranking"] is None) is (scheme.ranking is None)
        assert data["scheme"]["stages"] == list(scheme.stages)
        for name, declared in data["procedures"].items():
            told[name] += 1
            assert getattr(scheme.procedures, name) is not None
            assert declared["provenance"]["status"] in ("stated", "assumed", "unverified")
            for part in (*declared.get("awards", ()), *declared.get("rules", ())):
                assert f"{part['name']}  → {part['outcome']}  [" in text
            for lever in declared.get("levers", ()):
                assert f"{lever['path']}  {lever['input']} " in text
            for condition in declared.get("certain", ()):
                assert condition["when"] in text
    assert all(told[name] for name in ("sampling", "monitoring", "outcomes"))


def test_show_reconciling_and_strata(tmp_path):
    """Shares are shown as percentages, words of the language in words, scales and values with their rules."""
    path = tmp_path / "check.yaml"
    path.write_text(
        "perfrules: 1\nscheme: example.check\ntitle: 查\nassumed: 例\n"
        "inputs: {金额: {kind: number, unit: 万元, min: 0}, 科室: {kind: text}}\ntree: {points: 100, formula: 100}\n"
        "procedures:\n"
        "  sampling: {count: 20%, money: 30%, amount: 金额, strata: 科室, stratum_least: 1, certainty: {largest: 2}}\n"
        "  reconciling:\n    reads: printed\n    round: 4\n"
        "    outcome: {bands: {of: abs(deviation), to: {5%: 认可, else: 通报}}}\n"
        "    penalty: {bands: {of: deviation, to: {5%: 0, else: -1}}}\n",
        encoding="utf-8",
    )
    text = run("show", path).stdout
    for words in ("按个数不低于 20%；按金额不低于 30%", "分层 科室；每层至少 1", "金额最大的必查 2", "自评分取 表上印的；偏差率保留位数 4",
                  "处理  [假定]", "≤ 5% → 认可", "扣分  [假定]", "其余 → -1"):  # fmt: skip
        assert words in text, words


def test_show_amendments(tmp_path):
    """An amended scheme tells what it amends, and how."""
    path = tmp_path / "county.yaml"
    path.write_text(
        "perfrules: 1\nscheme: example.county\ntitle: 县\namends: mof.self-evaluation\nclause: 县办法 第二条\n"
        "amendments:\n  - reweight: {产出: 40, 效益: 40}\n",
        encoding="utf-8",
    )
    text = run("show", path).stdout
    assert "修订自 mof.self-evaluation" in text
    assert "reweight" in text


def test_show_plan_prints_every_step():
    """`show --plan` prints every step of the plan, in order, those of rows beneath their block."""
    from perfrules import supplying, verbs

    _, data = as_json("show", FORM, "--plan")
    names = [each.get("step") or each.get("fold") or each.get("block") for each in data["steps"]]
    assert names == [step.name for step in verbs.plan(supplying.scheme(FORM)).steps]
    text = run("show", FORM, "--plan").stdout
    assert "逐行 绩效指标" in text


def test_show_resolved_loads_without_plugins():
    """What `show --resolved` prints is the same scheme, and loads from its text alone."""
    result = run("show", "mof.self-evaluation", "--resolved")
    again = perfrules.loads(result.stdout)
    assert again.digest == perfrules.scheme("mof.self-evaluation").digest


def test_version_and_help():
    """`--version` prints the version; help is there for every command, 中文 first, then English."""
    assert run("--version").stdout.strip() == "perfrules, version 0.1.0"
    for words, command in every_command(commands):
        result = run(*words, "--help")
        assert result.exit_code == 0
        lines = result.stdout.splitlines()
        assert not lines[2].isascii()
        assert lines[4].isascii()
        if not isinstance(command, click.Group):
            assert {"--format", "--lang"} <= set(result.stdout.split())


def every_command(group, *before):
    """The commands beneath a group, those of its groups among them, each with the words that call it."""
    for name, command in group.commands.items():
        yield (*before, name), command
        if isinstance(command, click.Group):
            yield from every_command(command, *before, name)


# ── check ─────────────────────────────────────────────────────────────────────────────────────────


def test_check_is_read_by_editors(tmp_path):
    """A finding starts with file, line and column, and carets stand under the very words."""
    path = tmp_path / "坏.yaml"
    path.write_text(Path(WATER).read_text(encoding="utf-8").replace("实际: 漏损率", "实际: 漏损"), encoding="utf-8")
    result = run("check", path)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    place, carets = lines[0], lines[2]
    assert place.startswith(f"{path}:")
    line, column = map(int, place[len(str(path)) + 1 :].split(":")[:2])
    text = path.read_text(encoding="utf-8").splitlines()[line - 1]
    assert text[column - 1 :].startswith("漏损,")
    assert display_width(carets.rstrip("＾")) == display_width(lines[1][: lines[1].index("漏损,", 10)])
    assert lines[-1] == "查了 1 个文件：错误 1，警告 0，提示 0。"


def test_check_tells_all_files_and_counts_them(tmp_path):
    """Every finding of every file is told; the counts are those of what is told; `--strict` fails on a warning."""
    gap = tmp_path / "gap.yaml"
    gap.write_text(
        "perfrules: 1\nscheme: a.gap\ntitle: 空隙\nclause: 甲\ninputs:\n  x: {kind: number, min: 0, max: 100}\n"
        "tree: {id: 总分, points: 100, formula: x}\n"
        "grades:\n  等级: {bands: {of: 总分, between: [[60, 100, 好], [0, 50, 差]]}}\n",
        encoding="utf-8",
    )
    code, data = as_json("check", gap, WATER)
    assert code == 0
    assert [each["kind"] for each in data["files"]] == ["scheme", "scheme"]
    severities = [f["severity"] for each in data["files"] for f in each["findings"]]
    assert data["count"] == {"files": 2, **{s: severities.count(s) for s in ("error", "warning", "remark")}}
    assert data["count"]["warning"] > 0
    assert run("check", gap, WATER, "--strict").exit_code == 1


def test_check_a_file_of_definitions(tmp_path):
    """A file of definitions is checked as such."""
    path = tmp_path / "定义.yaml"
    path.write_text("perfrules: 1\ndefinitions:\n  得率(a, b): a / c\n", encoding="utf-8")
    code, data = as_json("check", path)
    assert code == 1
    assert data["files"][0]["kind"] == "definitions"
    assert [f["name"] for f in data["files"][0]["findings"]] == ["unknown-name"]


PROJECT = '[project]\nname = "perfrules-here"\ndependencies = ["perfrules>=0.1"]\n'
POINT = '[project.entry-points.perfrules]\nhere = "perfrules_here"\n'


def a_plugin(folder: Path, project: str) -> Path:
    """A plugin's folder: a scheme that uses a definition of its own, and a data file that is no scheme."""
    package = folder / "src" / "perfrules_here"
    package.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(project, encoding="utf-8")
    (package / "rules.yaml").write_text(
        "perfrules: 1\nclause: 甲\ndefinitions:\n  得率(a, b): clip(a / b, 0, 1)\n", encoding="utf-8"
    )
    (package / "scheme.yaml").write_text(
        "perfrules: 1\nscheme: here.own\ntitle: 本地\nclause: 甲\ninputs: {x: {kind: number, min: 0}}\n"
        "tree: {points: 10, formula: '得率(x, 10) * points', undefined: zero}\n",
        encoding="utf-8",
    )
    (package / "data.yaml").write_text("offices: [经建科]\n", encoding="utf-8")
    (folder / "tests").mkdir()
    (folder / "tests" / "bad.yaml").write_text("perfrules: 1\nscheme: bad\n", encoding="utf-8")
    return folder


def test_check_a_plugin_that_is_not_installed(tmp_path):
    """A plugin's schemes are checked with the definitions beside them, and it is said that it is not installed."""
    code, data = as_json("check", a_plugin(tmp_path / "here", PROJECT + POINT))
    assert {Path(each["file"]).name: [f["name"] for f in each["findings"]] for each in data["files"]} == {
        "here": ["plugin-not-installed"],
        "rules.yaml": [],
        "scheme.yaml": [],
    }
    assert code == 0
    assert data["count"]["files"] == 2


def test_check_a_plugin_without_entry_point(tmp_path):
    """A project that is built on perfrules and registers nothing is told so."""
    code, data = as_json("check", a_plugin(tmp_path / "here", PROJECT))
    assert code == 1
    assert "plugin-without-entry-point" in {f["name"] for each in data["files"] for f in each["findings"]}


def test_check_tells_two_files_of_one_edition(tmp_path):
    """Two files with the same scheme and edition are told, whichever comes second."""
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(Path(WATER).read_text(encoding="utf-8"), encoding="utf-8")
    code, data = as_json("check", tmp_path)
    assert code == 1
    errors = [[f["name"] for f in each["findings"] if f["severity"] == "error"] for each in data["files"]]
    assert errors == [[], ["edition-twice"]]


@pytest.mark.parametrize("plugin", sorted((HOME / "plugins").iterdir()), ids=lambda path: path.name)
def test_our_own_plugins_hold(plugin):
    """The plugins of this repository have no errors."""
    assert run("check", plugin).exit_code == 0


# ── template ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_template_has_the_columns_that_a_scheme_reads(tmp_path, suffix):
    """A blank form, read back, has no record, and no heading that the scheme does not know or wants."""
    path = tmp_path / f"空表.{suffix}"
    assert run("template", WATER, "-o", path).exit_code == 0
    code, data = as_json("score", WATER, path)
    assert code == 0
    assert data["count"]["records"] == 0
    assert data["findings"] == []


# ── score ─────────────────────────────────────────────────────────────────────────────────────────


def valid(data: dict, schema: dict = SCORES_SCHEMA) -> list[str]:
    """What is wrong with data by a JSON Schema."""
    return [f"{list(e.absolute_path)}: {e.message}" for e in jsonschema.Draft202012Validator(schema).iter_errors(data)]


def adds_up(data: dict) -> None:
    """The counts of scores agree with the scores."""
    count, cards = data["count"], data["scorecards"]
    assert count["records"] == count["scorecards"] + count["set_aside"]
    assert count["scorecards"] == len(cards)
    assert count["set_aside"] == len(data["set_aside"])
    assert count["without_score"] == sum(card["points"] is None for card in cards)
    for name, labels in count["grades"].items():
        assert sum(labels.values()) == sum(card["grades"][name] is not None for card in cards)
    for card in cards:
        if card["points"] is not None:
            lost = sum((Fraction(line["amount"]) for line in card["lines"]), Fraction(0))
            assert lost == Fraction(card["max"]) - Fraction(card["points"])


def test_score_tells_what_was_scored_and_what_was_not(towns):
    """The text has each record's points and grade, what was found, what was set aside and why, and counts that add up."""
    result = run("score", WATER, towns)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[2].split() == ["编号", "得分", "满分", "等级", "问题"]
    assert any(line.split()[:4] == ["柳河镇", "83.71", "100", "良"] for line in lines)
    assert any(line.split()[:4] == ["南关镇", "—", "100", "—"] for line in lines)
    assert f"{towns}:6:4: error out-of-bounds  漏损率" in lines
    assert "共 5 条记录：有得分 3，无得分 1，搁置 1。" in lines
    assert "gate-closed" in result.stdout
    every = run("score", WATER, towns, "--findings").stdout
    assert "白马乡: remark gate-closed" in every


def test_score_as_json(towns):
    """The JSON is as its schema says, its counts add up, and numbers are strings."""
    code, data = as_json("score", WATER, towns)
    assert code == 1
    assert valid(data) == []
    adds_up(data)
    assert data["count"]["records"] == len(TOWNS)
    assert [each["record"] for each in data["set_aside"]] == ["河口乡"]
    assert data["scheme"]["digest"] == perfrules.load(WATER).digest
    first = data["scorecards"][0]
    assert {"path", "points", "max", "lost"} <= first["indicators"][0].keys()
    assert first["points"] == "100"


def test_gangcheng_has_its_published_grades():
    """`score gangcheng.key-projects` has 11 scorecards: 9 优 and 2 良."""
    code, data = as_json("score", "gangcheng.key-projects", HOME / "examples" / "gangcheng.csv")
    assert code == 0
    assert len(data["scorecards"]) == 11
    assert [card["grade"] for card in data["scorecards"]].count("优") == 9
    assert [card["grade"] for card in data["scorecards"]].count("良") == 2
    assert valid(data) == []


def test_exit_codes_of_score(tmp_path):
    """0 where all is well; 1 with a record set aside or without a total; with `--strict` for a remark too."""
    good, gated, hollow, aside = (a_csv(tmp_path, [HEADINGS, t], f"{i}.csv") for i, t in enumerate(TOWNS[1:]))
    assert [run("score", WATER, path).exit_code for path in (good, gated, hollow, aside)] == [0, 0, 1, 1]
    assert [run("score", WATER, path, "--strict").exit_code for path in (good, gated)] == [0, 1]


CELLS = {
    "合格次数": ["48", "0", "4.5", "", "/", "很多", "-1", "＝48"],
    "抽检次数": ["48", "60", "0", "", "/"],
    "漏损率": ["12%", "12.34%", "13", "约15%", "", "/", "0.2"],
    "停水小时": ["0", "8", "100", "", "1e9", "24小时"],
    "成本": ["3.1", "0", "2.95", "", "￥3", "/"],
    "满意度": ["90%", "/", "", "0.885"],
    "重大事故": ["否", "是", "", "也许"],
    "均值": ["3.1", "", "0"],
}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from("甲乙丙丁戊"), *map(st.sampled_from, CELLS.values())), max_size=6))
def test_whatever_records_hold_the_counts_add_up(records):
    """Every record of any file is scored or set aside, the JSON is as its schema says, and lines of loss add up."""
    with tempfile.TemporaryDirectory() as folder:
        path = a_csv(Path(folder), [["编号", *CELLS], *map(list, records)])
        code, data = as_json("score", WATER, path)
        text = run("score", WATER, path)
    assert valid(data) == []
    adds_up(data)
    assert data["count"]["records"] == len(records)
    assert text.exit_code == code
    assert f"共 {len(records)} 条记录" in text.stdout


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "一级指标": st.sampled_from(["产出", "效益", "满意度"]),
                "三级指标": st.text("甲乙丙丁", min_size=1, max_size=3),
                "分值": st.sampled_from(["10", "20", "30", "90"]),
                "性质": st.sampled_from(["≥", "≤", "=", "定性"]),
                "目标值": st.sampled_from(["100", "0", "", "3"]),
                "完成值": st.sampled_from(["100", "50", "", ">=7", "完成"]),
                "档次": st.sampled_from(["达成", "部分达成", ""]),
                "评定比例": st.sampled_from(["0.9", "0.7", ""]),
            }
        ),
        max_size=6,
    )
)
def test_whatever_rows_hold_the_counts_add_up(rows):
    """The same for forms that bring their own rows."""
    form = {"编号": "A", "全年预算数": "100", "全年执行数": "98.5", "绩效指标": rows}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "form.json"
        path.write_text(json.dumps([form]), encoding="utf-8")
        _, data = as_json("score", FORM, path)
    assert valid(data) == []
    adds_up(data)


# ── rulings ───────────────────────────────────────────────────────────────────────────────────────


def test_rulings_overrule_and_are_shown(towns, tmp_path):
    """A ruling changes the points of its indicator, and the computed figure stays beside it."""
    path = a_csv(
        tmp_path,
        [
            ["编号", "指标", "得分", "理由", "审定人", "日期"],
            ["柳河镇", "运行/管网漏损", "18", "现场核验", "张三", "2024-05-01"],
        ],
        "审定.csv",
    )
    _, before = as_json("score", WATER, towns)
    _, after = as_json("score", WATER, towns, "--rulings", path)
    assert Fraction(after["scorecards"][1]["points"]) - Fraction(before["scorecards"][1]["points"]) == 4
    ruled = next(i for i in after["scorecards"][1]["indicators"] if i["path"] == "运行/管网漏损")
    assert (ruled["points"], ruled["computed"]) == ("18", "14")
    assert valid(after) == []
    assert "现场核验" in run("explain", WATER, towns, "--record", "柳河镇", "--rulings", path).stdout


def test_rulings_that_cannot_hold_are_told(towns, tmp_path):
    """A ruling that cannot be read or stands twice sets its record aside; one about nobody is told; the counts add up."""
    one = {"path": "运行/管网漏损", "points": 18, "reason": "现场核验", "by": "张三", "date": "2024-05-01"}
    path = tmp_path / "rulings.json"
    path.write_text(
        json.dumps(
            [{"record": "柳河镇", **one}, {"record": "柳河镇", **one}, {"record": "柳河", **one},
             {"record": "青石镇", **one, "points": "很多"}, {"record": "白马乡", **one, "by": ""}]
        ),
        encoding="utf-8",
    )  # fmt: skip
    code, data = as_json("score", WATER, towns, "--rulings", path)
    assert code == 1
    adds_up(data)
    assert data["count"]["records"] == len(TOWNS)
    aside = {each["record"]: {f["name"] for f in each["findings"]} for each in data["set_aside"]}
    assert aside["柳河镇"] == {"ruling-twice"}
    assert aside["青石镇"] == aside["白马乡"] == {"bad-ruling"}
    assert [f["name"] for f in data["findings"]] == ["ruling-of-unknown-record"]
    assert "柳河镇" in data["findings"][0]["message"]["zh"]


# ── results in files ──────────────────────────────────────────────────────────────────────────────


def test_results_in_json_are_what_is_printed(towns, tmp_path):
    """`-o out.json` writes the very JSON that `--format json` prints."""
    out = tmp_path / "out.json"
    _, data = as_json("score", WATER, towns, "-o", out)
    assert json.loads(out.read_text(encoding="utf-8")) == data


def test_results_in_csv_have_every_record(towns, tmp_path):
    """`-o out.csv` has a line for every record, those set aside with their reasons."""
    out = tmp_path / "out.csv"
    run("score", WATER, towns, "-o", out)
    lines = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
    assert [line["编号"] for line in lines] == ["青石镇", "柳河镇", "白马乡", "南关镇", "河口乡"]
    assert [line["状态"] for line in lines] == ["得分", "得分", "得分", "无分", "搁置"]
    assert lines[1]["得分"] == "83.71"
    assert lines[1]["运行/管网漏损"] == "14"
    assert "漏损率" in lines[4]["搁置原因"]


def test_results_in_a_workbook_keep_their_figures(towns, tmp_path):
    """`-o out.xlsx` has the same figures on sheets for scores, indicators, losses and findings."""
    import python_calamine as calamine

    out = tmp_path / "out.xlsx"
    assert run("score", WATER, towns, "-o", out).exit_code == 1
    book = calamine.CalamineWorkbook.from_path(str(out))
    assert book.sheet_names == ["评分", "指标", "失分", "问题"]
    scores = book.get_sheet_by_name("评分").to_python()
    assert [line[2] for line in scores[1:]] == [100, 83.71, 59, "", ""]
    losses = book.get_sheet_by_name("失分").to_python()
    assert sum(line[2] for line in losses if line[0] == "柳河镇") == pytest.approx(16.29)


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1"])
def test_text_is_never_taken_for_a_formula(tmp_path, name):
    """An id that a spreadsheet program would run is text in every file; negative numbers stay numbers."""
    records = a_csv(tmp_path, [HEADINGS, [name, *TOWNS[0][1:]]])
    out = tmp_path / "out.csv"
    run("score", WATER, records, "-o", out)
    cell = next(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig"))))["编号"]
    assert cell.lstrip().startswith("'") or cell[0] not in "=+-@\t"
    book = tmp_path / "out.xlsx"
    run("score", WATER, records, "-o", book)
    import zipfile

    with zipfile.ZipFile(book) as archive:
        sheets = [archive.read(n).decode() for n in archive.namelist() if n.startswith("xl/worksheets/sheet")]
    assert not any("<f>" in sheet for sheet in sheets)


def test_a_negative_score_is_a_number(tmp_path):
    """A deduction below zero is written as a number, without an apostrophe."""
    scheme = tmp_path / "s.yaml"
    scheme.write_text(
        "perfrules: 1\nscheme: a.b\ntitle: 扣分\nclause: 甲\ninputs: {x: {kind: number, min: -5, max: 5}}\n"
        "tree: {points: [-5, 5], formula: x / 3}\n",
        encoding="utf-8",
    )
    records = a_csv(tmp_path, [["编号", "x"], ["A", "-5"]])
    out = tmp_path / "out.csv"
    run("score", scheme, records, "-o", out)
    line = next(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
    assert line["得分"] == "-1.66666666666667"


def test_results_are_written_whole_or_not_at_all(towns, tmp_path, monkeypatch):
    """Where writing fails the old file stands as it was, and nothing is left beside it."""
    out = tmp_path / "out.csv"
    out.write_text("old", encoding="utf-8")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    result = run("score", WATER, towns, "-o", out)
    assert result.exit_code == 2
    assert "file-not-writable" in result.stderr
    assert out.read_text(encoding="utf-8") == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.csv", "记录.csv"]


def test_results_never_go_over_what_was_read(towns):
    """`-o` with the very file that is read is refused before anything is written."""
    before = towns.read_bytes()
    result = run("score", WATER, towns, "-o", towns)
    assert result.exit_code == 2
    assert "output-over-input" in result.stderr
    assert towns.read_bytes() == before


# ── explain ───────────────────────────────────────────────────────────────────────────────────────


def test_explain_names_input_value_rule_loss_and_clause(towns):
    """An explanation is what the scorecard says of itself, in the language asked for."""
    text = run("explain", WATER, towns, "--record", "柳河镇", "--indicator", "管网漏损").stdout
    for words in ("漏损率 = 14.2%", "每超扣(实际=漏损率", "14 / 20", "失分 6", "不足一档按一档扣"):
        assert words in text
    english = run("explain", WATER, towns, "--record", "柳河镇", "--lang", "en").stdout
    assert "lost 6" in english
    code, data = as_json("explain", WATER, towns, "--record", "柳河镇", "--indicator", "运行/管网漏损")
    assert code == 0
    assert data["explanation"] == text
    assert data["indicator"] == "运行/管网漏损"
    assert valid(data["scorecard"]) == []


def test_explain_takes_the_only_record(tmp_path):
    """Where there is one record, it need not be named."""
    path = a_csv(tmp_path, [HEADINGS, TOWNS[1]])
    assert "柳河镇" in run("explain", WATER, path).stdout


@pytest.mark.parametrize(
    ("words", "code", "name", "near"),
    [
        (["--record", "柳河"], 2, "unknown-record", "柳河镇"),
        ([], 2, "record-not-chosen", "青石镇"),
        (["--record", "河口乡"], 1, "out-of-bounds", "漏损率"),
        (["--record", "柳河镇", "--indicator", "管网漏"], 2, "unknown-indicator", "管网漏损"),
    ],
)
def test_explain_says_what_it_cannot_find(towns, words, code, name, near):
    """What is not there is told with the nearest that is; a record set aside with its reasons."""
    result = run("explain", WATER, towns, *words)
    assert result.exit_code == code
    assert f"error {name}" in result.stderr
    assert near in result.stderr
    assert result.stdout == ""
    again, data = as_json("explain", WATER, towns, *words)
    assert again == code
    assert [f["name"] for f in data["findings"]] == [name]


def test_an_indicator_name_that_two_have_is_ambiguous(tmp_path):
    """A name that stands at two paths is told with both."""
    scheme = tmp_path / "s.yaml"
    scheme.write_text(
        "perfrules: 1\nscheme: a.b\ntitle: 两处\nclause: 甲\ninputs: {x: {kind: number, min: 0, max: 5}}\n"
        "tree:\n  points: 10\n  children:\n"
        "    甲: {points: 5, children: {完成: {points: 5, formula: x}}}\n"
        "    乙: {points: 5, children: {完成: {points: 5, formula: x, id: 乙完成}}}\n",
        encoding="utf-8",
    )
    path = a_csv(tmp_path, [["编号", "x"], ["A", "5"]])
    result = run("explain", scheme, path, "--indicator", "完成")
    assert result.exit_code == 2
    assert "甲/完成、乙/完成" in result.stderr
    assert run("explain", scheme, path, "--indicator", "乙/完成").exit_code == 0


# ── audit ─────────────────────────────────────────────────────────────────────────────────────────


def test_audit_tells_what_does_not_foot():
    """Case 02 prints rows that come to 110 under a total of 100, and so does not foot."""
    case = HOME / "examples" / "case-02.json"
    result = run("audit", "mof.self-evaluation", case)
    assert result.exit_code == 1
    assert "110" in result.stdout
    assert "total-does-not-foot" in result.stdout
    assert "共 1 份：相符 0，不符 1，搁置 0" in result.stdout
    code, data = as_json("audit", "mof.self-evaluation", case)
    assert code == 1
    assert data["count"]["records"] == data["count"]["foot"] + data["count"]["do_not_foot"] + data["count"]["set_aside"]
    assert data["count"]["items"] == sum(len(each["items"]) for each in data["audits"])
    rows = data["audits"][0]["rows"]
    assert rows["seen"] == sum(count for name, count in rows.items() if name != "seen")
    assert "not foot" in run("audit", "mof.self-evaluation", case, "--lang", "en").stdout


def test_audit_of_one_record(towns):
    """`--record` audits that one alone; a form that prints nothing to disagree with foots."""
    code, data = as_json("audit", WATER, towns, "--record", "柳河镇")
    assert (code, len(data["audits"])) == (0, 1)
    assert run("audit", WATER, towns, "--record", "nobody").exit_code == 2


# ── the schemas ───────────────────────────────────────────────────────────────────────────────────


def test_the_shipped_scheme_schema_is_current():
    """scheme.schema.json is what the grammar gives: `perfrules schema > src/perfrules/scheme.schema.json`."""
    assert (SHIPPED / "scheme.schema.json").read_text(encoding="utf-8") == json_schema_text()
    assert run("schema").stdout == json_schema_text()


@pytest.mark.parametrize("schema", [SCHEME_SCHEMA, SCORES_SCHEMA], ids=["scheme", "scorecard"])
def test_the_schemas_are_schemas(schema):
    """Both are valid JSON Schema, and every reference in them leads somewhere."""
    jsonschema.Draft202012Validator.check_schema(schema)
    text = json.dumps(schema)
    assert {part.split('"')[0] for part in text.split("#/$defs/")[1:]} <= schema["$defs"].keys()


SCHEME_FILES = [
    *sorted(Path(__file__).parent.joinpath("data").glob("*.yaml")),
    *sorted((HOME / "examples").glob("*.yaml")),
    *sorted((HOME / "plugins").glob("*/src/*/schemes/*.yaml")),
    *sorted((HOME / "plugins").glob("*/src/*/definitions/*.yaml")),
    SHIPPED / "prelude.yaml",
]


@pytest.mark.parametrize("path", SCHEME_FILES, ids=lambda path: path.name)
def test_files_that_load_are_valid_for_editors(path):
    """Every scheme and definition file here, which loads, is valid by the JSON Schema too."""
    root, found = documents.read(path.read_bytes(), str(path))
    assert root is not None
    assert not found
    assert valid(documents.plain(root), SCHEME_SCHEMA) == []


def test_editors_see_a_misspelt_key():
    """A key that the grammar does not know is not valid by the JSON Schema."""
    root, _ = documents.read(Path(WATER).read_bytes(), WATER)
    data = documents.plain(root)
    data["tree"]["round_to"] = 2
    assert valid(data, SCHEME_SCHEMA)


# ── whatever it is given ──────────────────────────────────────────────────────────────────────────

BAD_SCHEMES = {
    "empty.yaml": b"",
    "noise.yaml": bytes(range(256)),
    "gbk.yaml": "标题: 供水".encode("gbk"),
    "utf16.yaml": "scheme: 供水".encode("utf-16"),
    "deep.yaml": b"[" * 30_000,
    "list.yaml": b"- a\n- b\n",
    "word.yaml": b"x",
    "tree.yaml": b"perfrules: 1\nscheme: a\ntitle: b\ntree: 3\n",
    "escape.yaml": b'perfrules: 1\nscheme: "\\x1b[31m"\ntitle: "\\u202eabc"\n',
    "formula.yaml": b'perfrules: 1\nscheme: a.b\ntitle: t\ntree: {points: 9, formula: "().__class__"}\n',
    "alias.yaml": b"a: &a [1]\nb: *a\n",
    "number.json": b'{"scheme": 1}',
    "half.json": b"[1",
}
BAD_RECORDS = {
    "empty.csv": b"",
    "noise.csv": bytes(range(256)),
    "quote.csv": '编号,合格次数\n"甲\n1,2'.encode(),
    "nul.csv": b"\0\0\0",
    "headings.csv": b"a,b\n1,2\n",
    "broken.xlsx": b"PK\3\4" + bytes(200),
    "text.xlsx": b"x",
    "nan.json": b'[{"a": NaN}]',
    "deep.json": b"[" * 5000,
    "numbers.json": b"[1, 2, null]",
    "word.json": b'"x"',
    "README.md": b"# x",
}
COMMANDS = [["show"], ["check"], ["template", "-o", "out.csv"], ["score"], ["explain"], ["audit"]]


def refuses(result: Result) -> None:
    """A command says what is wrong, in findings, and fails."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code in (1, 2)
    assert "Traceback" not in result.output
    assert "\x1b" not in result.output
    assert "error " in result.output or "Usage" in result.output


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("name", BAD_SCHEMES)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
def test_bad_schemes_are_told_not_raised(tmp_path, towns, command, name, form):
    """Whatever a scheme file holds, every command tells what is wrong with it and fails."""
    path = tmp_path / name
    path.write_bytes(BAD_SCHEMES[name])
    words = [path, *([towns] if command[0] in ("score", "explain", "audit") else [])]
    result = CliRunner().invoke(commands, [*command, *map(str, words), "--format", form])
    if form == "json":
        assert json.loads(result.stdout)
        assert result.exit_code in (1, 2)
    else:
        refuses(result)


@pytest.mark.parametrize("name", BAD_RECORDS)
@pytest.mark.parametrize("words", [["score"], ["explain"], ["audit"], ["score", "--rulings"]], ids="-".join)
def test_bad_records_are_told_not_raised(tmp_path, towns, words, name):
    """Whatever a file of records or rulings holds, every command tells what is wrong with it and fails."""
    path = tmp_path / name
    path.write_bytes(BAD_RECORDS[name])
    given = [WATER, towns, "--rulings", path] if "--rulings" in words else [WATER, path]
    refuses(run(words[0], *given))


@pytest.mark.parametrize(
    "words",
    [
        ["show", "mof.self-evaluatio"], ["show", "mof.self-evaluation@1999"], ["show", ""], ["show", "/"], ["show", "\x1b[31m"],
        ["show", "nowhere.yaml"], ["show"], ["show", WATER, "--lang", "fr"], ["check"], ["check", "nowhere.yaml"],
        ["template", WATER, "-o", "out.pdf"], ["template", WATER, "-o", "/nowhere/out.csv"], ["template", FORM],
        ["score", WATER, "nowhere.csv"], ["score", WATER, "."], ["score", "nobody.knows", "nowhere.csv"], ["nothing"],
        ["score", WATER, WATER, "-o", "out.pdf"], ["explain", WATER, "nowhere.xlsx"], ["audit", WATER, "nowhere.json"],
        ["schema", "nothing"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_is_not_there_is_a_matter_of_usage(words):
    """A scheme, file, command or option that does not exist: exit 2, and words that say which."""
    result = run(*words)
    refuses(result)
    assert result.exit_code == 2


def test_the_nearest_scheme_is_named():
    """An unknown id is told with the nearest that is known."""
    assert "最接近的是“mof.self-evaluation”" in run("show", "mof.self-evaluatoin").stderr


def test_nothing_steers_the_terminal(tmp_path):
    """Escape sequences and marks of direction in names and cells are printed as what they are."""
    path = a_csv(tmp_path, [HEADINGS, ["\x1b[31m甲\u202e", *TOWNS[0][1:]], ["乙\x9b2J", "很多", *TOWNS[0][2:]]])
    for words in (["score", "--findings"], ["explain"], ["audit"]):
        output = run(words[0], WATER, path, *words[1:]).output
        assert not set(output) & {"\x1b", "\x9b", "\u202e", "\x07"}


# ── consoles ──────────────────────────────────────────────────────────────────────────────────────


def console(encoding: str, *words: str | Path) -> subprocess.CompletedProcess[bytes]:
    """A command run in a process of its own, on a console of that encoding."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    return subprocess.run(
        [sys.executable, "-m", "perfrules.cli", *map(str, words)], capture_output=True, env=environment, timeout=120
    )


@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
def test_any_console_will_do(towns, encoding):
    """On consoles of other encodings nothing fails, and JSON is still JSON."""
    if encoding != "ascii":  # to an ASCII console click writes help in UTF-8: it takes it for a misconfigured one
        assert console(encoding, "--help").stdout.decode(encoding)
    for words in (["show", WATER], ["score", WATER, towns], ["check", "nowhere.yaml"]):
        done = console(encoding, *words)
        assert done.returncode in (0, 1, 2)
        assert b"Traceback" not in done.stdout + done.stderr
        assert done.stdout.decode(encoding)
    given = console(encoding, "score", WATER, towns, "--format", "json")
    assert valid(json.loads(given.stdout.decode(encoding))) == []
    resolved = console(encoding, "show", WATER, "--resolved")
    assert perfrules.loads(resolved.stdout.decode(encoding)).digest == perfrules.load(WATER).digest


def test_a_gbk_console_shows_chinese(towns):
    """What GBK can show is shown, and what it cannot is spelt otherwise."""
    text = console("gbk", "explain", WATER, towns, "--record", "柳河镇").stdout.decode("gbk")
    assert "管网漏损" in text
    assert "\\u2212" not in text


def test_the_script_is_installed():
    """The console script runs, and an unknown scheme exits with 2 through it too."""
    script = Path(sys.executable).with_name("perfrules")
    done = subprocess.run([script, "show", "nobody.knows"], capture_output=True, timeout=120)
    assert done.returncode == 2
    assert b"unknown-scheme" in done.stderr


def test_nobody_is_shown_a_traceback(tmp_path):
    """Where perfrules itself fails, it says so in a line of each language; the traceback stands in a file for the report."""
    code = (
        "import sys, perfrules.supplying as s\n"
        "def broken(*_): raise ZeroDivisionError('甲\\n乙')\n"
        "s.scheme = broken\n"
        "from perfrules.cli import main; sys.argv[1:] = ['show', 'mof.project']; main()"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, timeout=120)
    zh, en = done.stderr.decode().splitlines()
    (file,) = tmp_path.iterdir()
    assert done.returncode == 3
    assert zh == f"程序出错，请报告：ZeroDivisionError: 甲（详情见 {file}）"
    assert en == f"perfrules failed; please report this: ZeroDivisionError: 甲 (details in {file})"
    assert "Traceback" in file.read_text(encoding="utf-8")


def test_help_starts_fast():
    """Help imports neither rich nor the parts of the house that read and score."""
    code = (
        "import sys; from perfrules.cli.commands import perfrules; "
        "print([n for n in ('rich', 'simpleeval', 'perfrules.verbs', 'perfrules.assembling', 'perfrules.loading', 'xlsxwriter') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]"


def test_environment_variables_do_not_change_the_language(towns):
    """Without `--lang` the language is 中文, whatever LANG says."""
    environment = {**os.environ, "LANG": "en_US.UTF-8", "LC_ALL": "C.UTF-8"}
    words = [sys.executable, "-m", "perfrules.cli", "check", WATER]
    done = subprocess.run(words, capture_output=True, env=environment, timeout=120)
    assert "查了 1 个文件" in done.stdout.decode()


# ── tables ────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.tuples(*[st.text("ab甲乙，（·— ", max_size=6)] * 3), min_size=1, max_size=6))
def test_columns_are_aligned_by_display_width(rows):
    """Every column of a table starts at the same place on the screen, wide characters or not."""
    rows = [[f"|{cell}" for cell in row] for row in rows]
    places = set()
    for line in aligned(rows):
        starts = [i for i, sign in enumerate(line) if sign == "|"]
        places.add(tuple(display_width(line[:i]) for i in starts))
        assert line == line.rstrip()
    assert len(places) == 1


def test_figures_are_flush_right():
    """Columns of figures end at the same place."""
    assert aligned([["编号", "得分"], ["A", "9"], ["乙", "100.5"]], right=[1]) == [
        "编号   得分",
        "A         9",
        "乙    100.5",
    ]


@given(st.text())
def test_visible_text_has_no_controls(text):
    """What is printed holds no sign that a terminal obeys, but line ends."""
    shown = visible(text)
    assert not any((ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 for c in shown)
    assert visible(shown) == shown
