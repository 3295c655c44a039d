"""A plugin's suite from one test function: its ids, what does not apply, known failures, and worked cases that differ."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

import pages
import perfrules as pr
from perfrules.cli.commands import perfrules
from perfrules.formats import read_records
from perfrules.testing import cases, recording
from perfrules.testing.conformance import Check, Idle, Trouble, checks_of, checks_of_scheme
from perfrules.testing.known import known_in
from perfrules.testing.laws import LAWS

EXAMPLES = Path(__file__).parent.parent / "examples"
SCHEME = """
perfrules: 1
scheme: example.water
title: 水质评价
clause: 示例〔2024〕1号
inputs:
  合格次数: {kind: number, unit: 次, min: 0}
  抽检次数: {kind: number, unit: 次, min: 1}
tree:
  points: 40
  formula: clip(合格次数 / 抽检次数, 0, 1) * points
"""
INIT = """
from pathlib import Path
from perfrules.plugins import hookimpl

@hookimpl
def register_schemes():
    return sorted((Path(__file__).parent / "schemes").glob("*.yaml"))
"""
TEST = """
from perfrules.testing import scheme_checks

@scheme_checks("perfrules_example"{more})
def test_scheme_keeps_the_contract(check):
    check()
"""
CASES = """
scheme: example.water
source: 手算
cases:
  - name: 四分之三
    record: {合格次数: 36, 抽检次数: 48}
    points: 30
  - name: 超过的不多给
    like: 四分之三
    record: {合格次数: 50}
    points: 40
    findings: []
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A made-up distribution as pip would have installed it, and a folder of tests beside it."""
    package = tmp_path / "site" / "perfrules_example"
    (package / "schemes").mkdir(parents=True)
    (package / "__init__.py").write_text(INIT, encoding="utf-8")
    (package / "schemes" / "water.yaml").write_text(SCHEME, encoding="utf-8")
    about = tmp_path / "site" / "perfrules_example-0.1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: perfrules-example\nVersion: 0.1.0\n")
    (about / "entry_points.txt").write_text("[perfrules]\nexample = perfrules_example\n")
    (tmp_path / "tests").mkdir()
    written(tmp_path)
    return tmp_path


def written(folder: Path, *, more: str = "", cases: str = CASES, scheme: str = SCHEME) -> None:
    (folder / "tests" / "test_water.py").write_text(TEST.format(more=more), encoding="utf-8")
    (folder / "tests" / "water.cases.yaml").write_text(cases, encoding="utf-8")
    (folder / "site" / "perfrules_example" / "schemes" / "water.yaml").write_text(scheme, encoding="utf-8")


def run(folder: Path, *options: str) -> str:
    """What a run of pytest over the folder's tests prints, without the tools of our own runs."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV"))}
    environment |= {"PYTHONPATH": str(folder / "site"), "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:cov", "-p", "no:xdist", "-v", "-ra"]
    done = subprocess.run(
        [*command, "--rootdir", str(folder), *options, str(folder / "tests")],
        capture_output=True, env=environment, cwd=folder,
    )  # fmt: skip
    return done.stdout.decode() + done.stderr.decode()


# ── one function, the whole suite ─────────────────────────────────────────────────────────────────


def test_a_plugin_gets_its_suite_from_one_function(plugin: Path) -> None:
    """Every law is a test of its own by scheme and name, the cases are tests too, and what does not apply says why."""
    said = run(plugin)
    ids = re.findall(r"test_water\.py::test_scheme_keeps_the_contract\[(\S+)\] (\w+)", said)
    assert [name for name, _ in ids] == [
        "perfrules-example-registers", "perfrules-example-definitions", "perfrules-example-facts",
        "example.water-loads", *(f"example.water-{law}" for law in LAWS), "example.water-worked-cases",
    ]  # fmt: skip
    answers = dict(ids)
    assert answers["example.water-within-range"] == answers["example.water-worked-cases"] == "PASSED"
    assert answers["example.water-no-cliff"] == answers["perfrules-example-facts"] == "SKIPPED"
    assert "an indicator whose largest jump is declared" in said
    assert "四分之三 PASSED" in said
    assert "FAILED" not in said


def test_the_suite_works_without_our_pytest_plugin(plugin: Path) -> None:
    """With plain pytest the cases are not tests of their own, and are tried all the same."""
    written(plugin, cases=CASES.replace("points: 30", "points: 31"))
    said = run(plugin, "-p", "no:perfrules")
    assert "water.cases.yaml::" not in said
    assert "[example.water-worked-cases] FAILED" in said


def test_cases_that_nobody_confirmed_are_counted_apart(plugin: Path) -> None:
    """A run of pytest says how many of the cases that passed still are to be confirmed; where all are, nothing."""
    assert "待核对" not in run(plugin, "-k", "not contract")
    written(plugin, cases=CASES.replace("source: 手算", "source: 待核对"))
    assert "2 to be confirmed" in run(plugin, "-k", "not contract")


def test_a_plugin_that_is_not_there_is_told(plugin: Path) -> None:
    """A name that no distribution has is an error of the test's author, with the nearest name."""
    written(plugin, more="")
    test = plugin / "tests" / "test_water.py"
    test.write_text(
        test.read_text(encoding="utf-8").replace("perfrules_example", "perfrules_exemple"), encoding="utf-8"
    )
    assert re.search("no distribution is called 'perfrules_exemple'.*'perfrules-example'", run(plugin))


def test_the_plugin_of_the_tutorial_gets_its_suite(tmp_path: Path) -> None:
    """Written from docs/tutorial/test-and-prove.md and nothing else, a plugin passes its whole suite, its case among it."""
    page = pages.Page.parse(pages.ROOT / "docs" / "tutorial" / "test-and-prove.md")
    for example in page.document.examples():
        if "file" in (about := pages.directives(example)):
            pages.write(tmp_path / about["file"], pages.source_of(example), about.get("under"))
    folder = tmp_path / "perfrules-roads"
    about = folder / "src" / "perfrules_roads-0.1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: perfrules-roads\nVersion: 0.1.0\n")
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = "".join(f"{name} = {module}\n" for name, module in project["entry-points"]["perfrules"].items())
    (about / "entry_points.txt").write_text(f"[perfrules]\n{points}")
    (folder / "site").symlink_to("src")
    said = run(folder)
    assert "[example.roads-monotone] PASSED" in said
    assert "计划完成九成，满意率恰好 90% PASSED" in said
    assert re.search(r"^=+ \d+ passed, \d+ skipped in ", said, re.MULTILINE), said


# ── known failures ────────────────────────────────────────────────────────────────────────────────

UNBOUNDED = SCHEME.replace(
    "clip(合格次数 / 抽检次数, 0, 1) * points",
    "points if not present(抽检次数) else clip(合格次数 / 抽检次数, 0, 1) * points",
)
KNOWN = ', known={{"example.water": {{"{}": "抽检次数不填的按满分，示例如此"}}}}'


def test_a_known_failure_is_told_with_its_reason(plugin: Path) -> None:
    """What is known to fail neither passes nor fails, and its reason is shown."""
    written(plugin, scheme=UNBOUNDED, more=KNOWN.format("missing-earns-no-more: *抽检次数"))
    said = run(plugin)
    assert "[example.water-missing-earns-no-more] XFAIL" in said
    assert "抽检次数不填的按满分，示例如此" in said
    assert " failed" not in said.splitlines()[-1]


def test_a_failure_that_is_gone_must_not_stay_known(plugin: Path) -> None:
    """A known failure that passes fails, and says to take it out."""
    written(plugin, more=KNOWN.format("missing-earns-no-more"))
    said = run(plugin)
    assert "[example.water-missing-earns-no-more] FAILED" in said
    assert "take it out of known" in said
    assert "请从 known 中删去" in said


def test_an_unknown_failure_is_told_in_both_languages(plugin: Path) -> None:
    """A breach shows the record, and what is wrong in 中文 and English."""
    written(plugin, scheme=UNBOUNDED)
    said = run(plugin)
    assert "[example.water-missing-earns-no-more] FAILED" in said
    assert "不填比如实填写更有利" in said
    assert "leaving it out pays" in said
    assert "抽检次数: （空 blank）" in said


@pytest.mark.parametrize(
    ("troubles", "known", "answer"),
    [
        ((), {}, "passed"),
        (("甲",), {}, "failed"),
        (("甲",), {"*": "因"}, "known"),
        (("甲",), {"甲": "因"}, "known"),
        (("甲", "乙"), {"甲": "因"}, "failed"),
        ((), {"*": "因"}, "failed"),
        (("甲",), {"甲": "因", "乙": "因"}, "failed"),
        (("甲[1]",), {"甲[1]": "因"}, "known"),
        (None, {}, "not-applicable"),
        (None, {"*": "因"}, "failed"),
    ],
)
def test_known_is_what_is_known_and_no_more(
    troubles: tuple[str, ...] | None, known: dict[str, str], answer: str
) -> None:
    """Known failures excuse just what they name; one that is not met fails, as does known that does not apply."""
    found = Idle("无", "none") if troubles is None else tuple(Trouble(t, "坏", "bad") for t in troubles)
    check = Check("x-law", "x", "law", lambda _: (found, 0), known)
    assert check.run().answer == answer


def test_names_that_nothing_has_are_refused_at_once(tmp_path: Path) -> None:
    """A known failure of no scheme, of no check, or without a reason is told before anything runs."""
    for known, said in (
        ({"mof.projekt": {"loads": "因"}}, "'mof.project'"),
        ({"mof.project": {"within-rage": "因"}}, "'within-range'"),
        ({"mof.project": {"loads": ""}}, "wants a reason"),
    ):
        with pytest.raises(ValueError, match=said):
            checks_of("mof", known=known)
    with pytest.raises(ValueError, match="has no node"):
        checks_of_scheme_cliffs()
    bad = tmp_path / "known.yaml"
    bad.write_text("mof.project: 甲\n", encoding="utf-8")
    with pytest.raises(pr.SchemeError) as caught:
        known_in(bad)
    assert caught.value.findings[0].name == "names-wanted"


def checks_of_scheme_cliffs() -> None:
    check = next(c for c in checks_of("mof", cliffs={"mof.project": {"没有": 1}}) if c.id == "mof.project-no-cliff")
    check.run()


# ── worked cases ──────────────────────────────────────────────────────────────────────────────────


def test_a_case_that_differs_is_told_figure_by_figure(plugin: Path) -> None:
    """Expected and got stand side by side in both languages, and then how the figure was come by."""
    written(plugin, cases=CASES.replace("points: 30", "points: 31"))
    said = run(plugin)
    assert "四分之三 FAILED" in said
    assert "总分：应为 31，实为 30" in said
    assert "total: expected 31, got 30" in said
    assert "Traceback" not in said


def test_a_file_of_cases_that_cannot_be_read_says_where(plugin: Path) -> None:
    """What is wrong in a file of cases is told with its place, the nearest name and a remedy; nothing is passed over."""
    wrong = CASES.replace("like: 四分之三", "like: 四分之二").replace("    points: 30", "    point: 30")
    written(plugin, cases=wrong)
    said = run(plugin)
    assert re.search(r"water\.cases\.yaml:\d+:\d+: error unknown-key", said)
    assert re.search(r"water\.cases\.yaml:\d+:\d+: error unknown-case", said)
    assert "四分之三" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("stated", "differs"),
    [
        ("points: 30", ""),
        ("points: ~", "points"),
        ("points: 29.99", "points"),
        ("points: 60/2", ""),
        ("max: 40", ""),
        ("nodes: {'': 30}", ""),
        ("nodes: {'': absent}", "nodes"),
        ("findings: []", ""),
        ("findings: [check-broken]", "findings"),
        ("refused: [out-of-bounds]", "refused"),
        ("resting: {stated: 40}", ""),
        ("resting: {assumed: 1}", "resting"),
        ("resting: {unmarked: 1}", "resting"),
    ],
)
def test_what_a_case_states_is_held_exactly(stated: str, differs: str, tmp_path: Path) -> None:
    """Each thing that a case can state is compared to the last digit, and nothing else is."""
    indented = SCHEME.replace("\n", "\n  ")
    text = f"scheme: |{indented}\nsource: 手算\ncases:\n  - name: 甲\n    record: {{合格次数: 36, 抽检次数: 48}}\n    {stated}\n"
    path = tmp_path / "x.cases.yaml"
    path.write_text(text, encoding="utf-8")
    (case,) = cases.read_cases(path)
    assert [d.what for d in cases.try_case(case).differences] == ([differs] if differs else [])


@pytest.mark.parametrize(
    ("was", "misspelt", "seen", "near"),
    [
        ("合格次数: 36", "合格次: 36", "合格次", "合格次数"),
        ("points: 30", "nodes: {水质评介: 30}", "水质评介", "水质评价"),
        ("points: 30", "lights: {没有: 绿}", "没有", ""),
        ("points: 30", "grades: {没有: 优}", "没有", ""),
        ("points: 30", "values: {没有: 1}", "没有", ""),
        ("points: 30", "benchmarks: {没有: 1}", "没有", ""),
        ("points: 30", "resting: {stated: 40, assume: 1}", "assume", "assumed"),
        ("points: 30", "broken: [甲]", "甲", ""),
        ("points: 30", "findings: [check-brokn]", "check-brokn", "check-broken"),
        ("scheme: example.water", "scheme: example.waiter", "example.waiter", ""),
    ],
)
def test_a_name_that_the_scheme_does_not_know_is_told_with_its_place(
    was: str, misspelt: str, seen: str, near: str, tmp_path: Path
) -> None:
    """What a case names and nothing has is an error there, with the nearest name, whatever else comes out."""
    indented = SCHEME.replace("title: 水质评价", "title: 水质").replace("tree:", "tree:\n  id: 水质评价")
    (tmp_path / "water.yaml").write_text(indented, encoding="utf-8")
    text = CASES.replace(was, misspelt, 1).replace("example.water\n", "water.yaml\n")
    path = tmp_path / "x.cases.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(pr.SchemeError) as caught:
        cases.try_case(cases.read_cases(path)[0])
    (found,) = [f for f in caught.value.findings if f.seen["name"] == seen]
    assert found.where is not None
    assert seen in text.split("\n")[found.where.line - 1]
    assert found.where.file == str(path)
    assert found.nearest == near


def test_names_in_rows_cohorts_and_what_is_like_another_are_told_where_they_stand(tmp_path: Path) -> None:
    """A column, another record of the cohort, and the record that a case is like."""
    text = """
source: 手算
cases:
  - name: 甲
    scheme: mof.self-evaluation
    record:
      三级指标: [{三级指标: 甲, 分数: 10}]
    points: 10
    cohort: [{没有: 1}]
  - {name: 乙, scheme: mof.self-evaluation, like: 甲}
"""
    path = tmp_path / "x.cases.yaml"
    path.write_text(text, encoding="utf-8")
    rows = next(iter(pr.scheme("mof.self-evaluation").rows))
    path.write_text(text.replace("三级指标: [", f"{rows}: ["), encoding="utf-8")
    for case, wanted in zip(cases.read_cases(path), ([("分数", 7), ("没有", 9)], [("分数", 7)]), strict=True):
        with pytest.raises(pr.SchemeError) as caught:
            cases.try_case(case)
        told = [(f.seen["name"], f.where and f.where.line) for f in caught.value.findings]
        assert [each for each in told if each[0] in ("分数", "没有")] == wanted


def test_a_case_about_an_unknown_heading_may_have_one(tmp_path: Path) -> None:
    """A case that expects just that finding is no mistake."""
    indented = SCHEME.replace("\n", "\n  ")
    record = "record: {合格次数: 36, 抽检次数: 48, 支出: 50}\n    findings: [unknown-heading]\n"
    path = tmp_path / "x.cases.yaml"
    path.write_text(f"scheme: |{indented}\nsource: 手算\ncases:\n  - name: 甲\n    {record}", encoding="utf-8")
    assert cases.try_case(cases.read_cases(path)[0]).differences == ()


def test_a_record_that_is_refused_unexpectedly_says_why_and_where(tmp_path: Path) -> None:
    """The finding's own words, with the cell in the file of the case, stand beneath."""
    indented = SCHEME.replace("\n", "\n  ")
    record = "record: {合格次数: -36, 抽检次数: 48}\n    points: 30\n"
    path = tmp_path / "x.cases.yaml"
    path.write_text(f"scheme: |{indented}\nsource: 手算\ncases:\n  - name: 甲\n    {record}", encoding="utf-8")
    outcome = cases.try_case(cases.read_cases(path)[0])
    (refusal,) = outcome.refusals
    assert refusal.where is not None
    assert refusal.where.text is not None
    assert refusal.where.text[refusal.where.column - 1 :].startswith("-36")
    assert refusal.message("zh") in outcome.render("zh")
    assert {refusal.message("zh"), refusal.message("en")} <= set(map(str.strip, outcome.render().split("\n")))
    assert outcome.as_json()["refusals"] == [refusal.as_json()]


def test_recorded_cases_read_back_and_hold(tmp_path: Path) -> None:
    """What is recorded from a file of records is a file of cases that comes out as recorded."""
    for name, file in (("mof.self-evaluation", "case-01.json"), ("gangcheng.key-projects", "gangcheng.csv")):
        scheme = pr.scheme(name)
        made = recording.recorded(scheme, read_records(EXAMPLES / file, scheme).records)
        path = tmp_path / f"{name}.cases.yaml"
        path.write_text(recording.cases_text(made, scheme=name), encoding="utf-8")
        again = cases.read_cases(path)
        assert [c.name for c in again] == [c.name for c in made]
        assert all(c.expected and c.source == cases.UNCONFIRMED for c in again)
        assert [o.render() for c in again if (o := cases.try_case(c)).differences] == []


# ── what it costs those who do not ask ────────────────────────────────────────────────────────────


def test_the_pytest_plugin_imports_nothing_of_ours() -> None:
    """pytest loads the module for everybody who has perfrules; until there is a file of cases it brings nothing along."""
    code = "import sys, perfrules.testing.collector; print(sorted(m for m in sys.modules if m.startswith('perfrules')))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "['perfrules', 'perfrules.testing', 'perfrules.testing.collector']"


def test_a_scheme_of_no_plugin_is_checked_too() -> None:
    """A scheme in a file has the same checks, by the same names."""
    scheme = pr.loads(SCHEME)
    checks = checks_of_scheme(scheme, examples=20)
    assert [c.name for c in checks] == ["loads", *LAWS, "worked-cases"]
    assert {c.run().answer for c in checks} == {"passed", "not-applicable"}


# ── the command line ──────────────────────────────────────────────────────────────────────────────


def called(*arguments: str) -> tuple[int, str]:
    """The exit code of a command, and what it printed."""
    done = CliRunner().invoke(perfrules, list(arguments))
    return done.exit_code, done.stdout


def test_the_command_line_runs_the_same_checks(tmp_path: Path) -> None:
    """`perfrules test` gives each check's answer as JSON, fails where one does, and takes known failures from a file."""
    scheme = tmp_path / "water.yaml"
    scheme.write_text(UNBOUNDED, encoding="utf-8")
    only = ["--law", "missing-earns-no-more", "--law", "no-cliff", "--examples", "20"]
    code, said = called("test", str(scheme), *only, "--format", "json")
    told = json.loads(said)
    assert code == 1
    assert told["count"] == {"passed": 0, "failed": 1, "known": 0, "not-applicable": 1}
    (failed,) = (c for c in told["checks"] if c["answer"] == "failed")
    assert failed["troubles"][0]["subject"].endswith("抽检次数")
    assert failed["troubles"][0]["message"].keys() == {"zh", "en"}
    known = tmp_path / "known.yaml"
    known.write_text('example.water: {"missing-earns-no-more: *": 示例如此}\n', encoding="utf-8")
    code, said = called("test", str(scheme), *only, "--known", str(known))
    assert code == 0
    assert "示例如此" in said


REMARKED = SCHEME.replace("  points: 40\n", "  points: 40\n  adjustments: {加分: {formula: 2, between: [0, 2]}}\n")
DOUBTFUL = SCHEME.replace("clip(合格次数 / 抽检次数, 0, 1) * points", "合格次数 / 抽检次数 * points")


def test_a_remark_fails_nothing_and_a_warning_does() -> None:
    """What needs no mending is no failure of `loads`; what somebody should look at is."""
    for text, severity, answer in ((REMARKED, "remark", "passed"), (DOUBTFUL, "warning", "failed")):
        scheme = pr.loads(text)
        assert severity in {f.severity for f in scheme.findings}
        assert checks_of_scheme(scheme)[0].run().answer == answer


def test_a_failure_says_how_to_accept_it(tmp_path: Path) -> None:
    """With the very words: handed back as `known`, or as its file, with a reason, the check is known to fail."""
    scheme = pr.loads(DOUBTFUL)
    report = checks_of_scheme(scheme)[0].run()
    line = 'known={"example.water": {"loads: can-leave-its-range": "……"}}'
    assert report.render("zh").endswith(f"认可的，写明缘由即可：{line}")
    assert report.render("en").endswith(f"To accept this, say why: {line}")
    with pytest.raises(pytest.fail.Exception, match='can-leave-its-range": '):
        checks_of_scheme(scheme)[0]()
    (tmp_path / "known.yaml").write_text(report.as_known, encoding="utf-8")
    for known in (json.loads(report.as_known), tmp_path / "known.yaml"):
        again = checks_of_scheme(scheme, known=known)[0].run()
        assert (again.answer, again.as_known) == ("known", "")
    stale = checks_of_scheme(pr.loads(SCHEME), known=json.loads(report.as_known))[0].run()
    assert (stale.answer, stale.as_known) == ("failed", "")


CHECKS = "from perfrules.testing import scheme_checks; scheme_checks('perfrules-mof')"
WANT_HYPOTHESIS = (
    "from perfrules.cli import main; sys.argv[1:] = ['mutate', 'mof.project']; main()",
    "from perfrules.cli import main; sys.argv[1:] = ['cases', 'generate', 'mof.project', '-o', 'x.cases.yaml']; main()",
    "from perfrules.cli import main; sys.argv[1:] = ['test', 'mof.project']; main()",
    CHECKS,
    "from perfrules.testing import records",
    "import perfrules; from perfrules.testing import laws; laws.total(perfrules.scheme('mof.project'))",
)


@pytest.mark.parametrize(
    ("words", "module"), [*((words, "hypothesis") for words in WANT_HYPOTHESIS), (CHECKS, "pytest")]
)
def test_what_is_not_installed_is_told(words: str, module: str, tmp_path: Path) -> None:
    """Without the extra `testing` a finding says to install it, whichever way one comes to need it."""
    code = f"import sys; sys.modules[{module!r}] = None; {words}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.returncode == 1
    assert "testing-not-installed" in done.stderr
    assert "ModuleNotFoundError" not in done.stderr


def test_a_folder_is_tested_like_its_schemes(tmp_path: Path) -> None:
    """Every scheme in it; a folder without any, and a scheme that does not load, are told."""
    assert called("test", str(tmp_path))[0] == 2
    for name in ("one", "two"):
        text = SCHEME.replace("example.water", f"example.{name}")
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "known.yaml").write_text("无关: 的文件\n", encoding="utf-8")
    code, said = called("test", str(tmp_path), "--law", "loads", "--law", "round-trip")
    assert code == 0
    assert "example.one-loads" in said
    assert "example.two-round-trip" in said
    (tmp_path / "two.yaml").write_text("perfrules: 1\n", encoding="utf-8")
    assert called("test", str(tmp_path), "--law", "loads")[0] == 1


@pytest.mark.parametrize("words", [["prove"], ["mutate"], ["show"]])
def test_a_distribution_is_no_scheme(words: list[str]) -> None:
    """Where a scheme is wanted and a distribution is named, its schemes are."""
    done = CliRunner().invoke(perfrules, [*words, "perfrules-binzhou"])
    assert done.exit_code == 2
    assert "distribution-not-scheme" in done.output
    assert "binzhou." in done.output


def test_what_the_command_line_names_and_is_not_there() -> None:
    """A scheme, a distribution or a check that there is not is misuse, with the nearest name."""
    assert called("test", "mof.projekt")[0] == 2
    code, said = called("test", "mof.project", "--law", "within-rage", "--format", "json")
    assert code == 2
    assert json.loads(said)["findings"][0]["name"] == "unknown-check"
    assert called("cases", "run", "nowhere.cases.yaml")[0] == 1


def test_cases_from_the_command_line(tmp_path: Path) -> None:
    """`perfrules cases run` fails where a case differs, and gives expected and got as JSON."""
    (tmp_path / "water.yaml").write_text(SCHEME, encoding="utf-8")
    path = tmp_path / "water.cases.yaml"
    path.write_text(CASES.replace("scheme: example.water", "scheme: water.yaml"), encoding="utf-8")
    assert called("cases", "run", str(tmp_path))[0] == 0
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("source: 手算", "source: 待核对"), encoding="utf-8")
    assert "相符 2（其中待核对 2）" in called("cases", "run", str(path), "--lang", "zh")[1]
    path.write_text(text.replace("合格次数: 50", "合格次: 50"), encoding="utf-8")
    code, said = called("cases", "run", str(path), "--lang", "en")
    assert (code, "1 could not be tried" in said) == (1, True)
    path.write_text(text.replace("points: 30", "points: 31"), encoding="utf-8")
    code, said = called("cases", "run", str(path), "--format", "json")
    differing = [c for c in json.loads(said)["cases"] if c["differences"]]
    assert code == 1
    assert [(d["what"], d["expected"], d["got"]) for c in differing for d in c["differences"]] == [
        ("points", "31", "30")
    ]
