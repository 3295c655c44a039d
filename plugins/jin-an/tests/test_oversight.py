"""Jin'an's oversight: legal minima, spot checks over its populations, lights, and what its report says twice."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import perfrules as pr
from perfrules.formats import read_records
from perfrules.procedures.facts import FactsReport, audit_distribution
from perfrules.procedures.monitoring import monitor
from perfrules.procedures.outcomes import settle
from perfrules.procedures.sampling import sample
from perfrules.records import record_from

HERE = Path(__file__).parent
DATA = Path(str(files("perfrules_jin_an") / "data" / "district-2022.csv"))


@pytest.fixture(scope="module")
def scheme() -> pr.Scheme:
    return pr.scheme("jin-an.oversight")


def test_the_minima_are_stated_and_the_points_are_not(scheme: pr.Scheme) -> None:
    """The 20 % by count is the report's; points and the thresholds of lights are assumed."""
    checks = {check.name: check.provenance for check in scheme.checks}
    assert checks["抽查个数下限"].status == "stated"
    assert checks["部门评价金额下限"].status == "assumed"  # the sentence can be read in two ways
    nodes = [node for node in scheme.tree.walk() if node.points is not None]
    assert {node.points_provenance.status for node in nodes} == {"assumed"}
    described = {node.name: node.provenance.status for node in scheme.tree.walk() if node.points is None}
    assert described == dict.fromkeys(["新增债券评价", "预算公开评审", "绩效目标申报"], "stated")
    assert {scale.provenance.status for scale in scheme.grades.values()} == {"assumed"}


def test_the_documents_own_figures_are_read(scheme: pr.Scheme) -> None:
    """The district's record is what the report states; what it does not state is missing, and there is no total."""
    batch = read_records(DATA, scheme)
    assert (batch.count, batch.set_aside) == (1, ())
    card = pr.score(scheme, batch.records[0])
    assert (card.points, card["培训覆盖"].score, card["红灯处理"].score) == (None, 5, 5)
    assert (card["抽查复核"].state, card["运行监控"].state) == ("refused", "absent")
    undecidable = {f.seen["check"] for f in card.findings if f.name == "check-undecidable"}
    assert undecidable == {
        "抽查个数下限",
        "部门评价金额下限",
        "终审不超应监控",
    }  # numerators and a denominator are not printed
    assert not any(f.name == "check-broken" for f in card.findings)


def _population(count: int) -> list[dict[str, Any]]:
    return [{"编号": f"{n:04}", "预算金额": 10 + n % 97} for n in range(1, count + 1)]


@pytest.mark.parametrize(("count", "least"), [(1156, 232), (1128, 226), (93, 19), (78, 16), (56, 12), (219, 44)])
def test_a_spot_check_takes_a_fifth_of_each_population(count: int, least: int, scheme: pr.Scheme) -> None:
    """The share by count is a ceiling over the population that is named; the coverage by money is stated."""
    plan = sample(scheme, _population(count), seed=7)
    assert (len(plan.ids), plan.meets_minimum, plan.by_count.least) == (least, True, least)
    assert plan.by_amount is not None
    assert plan.by_amount.population == sum(10 + n % 97 for n in range(1, count + 1))


def test_one_more_project_disturbs_no_other(scheme: pr.Scheme) -> None:
    """A record more takes at most one place: whoever was in and is not the last stays in."""
    before = set(sample(scheme, _population(1156), seed=7).ids)
    after = set(sample(scheme, _population(1157), seed=7).ids)
    assert len(before - after) <= 1


def test_what_the_public_cares_about_is_certain(scheme: pr.Scheme) -> None:
    """A record that is marked 群众关注 is in every sample, and the district's own record in none."""
    people = [
        {**each, "群众关注": "是" if each["编号"] == "0042" else "否", "对象": "项目"} for each in _population(100)
    ]
    plan = sample(scheme, [*people, {"编号": "区", "对象": "区本级"}], seed=1)
    assert ("0042" in plan.ids, plan.by_count.population) == (True, 100)


FRESH = """
import json, sys
import perfrules as pr
from perfrules.formats import read_records
from perfrules.procedures.sampling import sample
scheme = pr.scheme("jin-an.oversight")
print(json.dumps(sample(scheme, read_records(sys.argv[1], scheme), seed=7).as_json()["sample"]))
"""


def test_the_same_seed_gives_the_same_sample_in_a_fresh_process(scheme: pr.Scheme, tmp_path: Path) -> None:
    """Nothing of a process, nor of where the records came from, is in the draw."""
    path = tmp_path / "projects.csv"
    rows = "".join(f"{each['编号']},{each['预算金额']}\n" for each in _population(1156))
    path.write_text("编号,预算金额\n" + rows, encoding="utf-8")
    command = [sys.executable, "-c", FRESH, str(path)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout)
    assert told == list(sample(scheme, _population(1156), seed=7).ids)


def test_monitoring_lists_by_office_and_says_what_is_wanted(scheme: pr.Scheme) -> None:
    """In August 80 % of two thirds of 90 is 48; a district's record has no light."""
    records = [
        {"编号": "甲", "对象": "项目", "业务股室": "教科文股", "预算金额": 90, "累计执行数": 30, "目标完成率": "70%", "监控月份": 8},
        {"编号": "乙", "对象": "部门", "业务股室": "农业股", "预算金额": 90, "累计执行数": 60, "目标完成率": "70%", "监控月份": 8},
    ]  # fmt: skip
    watch = monitor(scheme, [record_from(scheme, each) for each in records])
    assert [each.light for each in watch.objects] == ["红", "绿"]
    assert {name: watch.worst(name) for name in ("教科文股", "农业股")} == {"教科文股": "红", "农业股": "绿"}
    (light,) = [x for x in watch.objects[0].lights if not x.good]
    assert (light.path, light.needed) == ("运行监控/预算执行", 48)


@pytest.fixture(scope="module")
def report() -> FactsReport:
    return audit_distribution("jin-an")


CONFLICTS = {
    "财政评价项目两处", "加上债券的项目", "加上债券的金额", "债券资金不超财政评价", "抽查的年度",
    "第一阶段已完成", "抽审在部门评价之后", "阶段与财政评价", "结果运用的年度", "建成期限",
}  # fmt: skip


def test_the_documents_figures_are_audited(report: FactsReport) -> None:
    """Ten conflicts by name; every check quotes the document."""
    assert report.findings == ()
    outcomes = [o for audit in report.audits for o in audit.outcomes]
    assert {o.fact.name for o in outcomes if o.verdict == "conflict"} == CONFLICTS
    assert {"债券项目之和", "财政评价金额两处", "抽查比例两处"} <= {
        o.fact.name for o in outcomes if o.verdict == "agree"
    }
    assert {"红灯占比", "抽查个数达标", "部门单位与终审部门"} <= {
        o.fact.name for o in outcomes if o.verdict == "undecidable"
    }
    assert all(o.fact.provenance.clause for o in outcomes)


def test_the_record_and_the_facts_are_the_same_figures(scheme: pr.Scheme, report: FactsReport) -> None:
    """A figure that stands in both files is one figure."""
    (audit,) = report.audits
    record = read_records(DATA, scheme).records[0]
    shared = {n: f.value for n, f in audit.facts.figures.items() if n in record.cells}
    assert len(shared) >= 8
    assert {name: record.cells[name].value for name in shared if name not in ("复审资金", "自评资金")} == {
        name: value for name, value in shared.items() if name not in ("复审资金", "自评资金")
    }


def test_what_follows_from_a_result(scheme: pr.Scheme) -> None:
    """A department's result bears on its expenses and its assessment, a project's on its own money; without one nothing follows."""
    rows = [
        {"编号": "甲", "对象": "部门", "评价等级": "优"},
        {"编号": "乙", "对象": "项目", "评价等级": "差"},
        {"编号": "丙"},
    ]
    settled = settle(scheme, [pr.score(scheme, record_from(scheme, row)) for row in rows])
    assert [[c.name for c in each.consequences] for each in settled] == [
        ["反馈整改", "公用经费挂钩", "预算安排", "目标考核"],
        ["反馈整改", "项目经费挂钩", "预算安排"],
        [],
    ]
    assert not any(each.undecided for each in settled)
