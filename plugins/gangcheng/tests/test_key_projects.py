"""The 11 key projects: what the report publishes comes out, and what it does not state is not passed off as its rule."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import pytest

import perfrules as pr
from perfrules.formats import read_records
from perfrules.model import Batch
from perfrules.procedures.facts import FactsAudit, audit_distribution
from perfrules.procedures.outcomes import settle
from perfrules_gangcheng import problems, rectification

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
DATA = Path(str(files("perfrules_gangcheng") / "data" / "key-projects-2023.csv"))


@pytest.fixture(scope="module")
def scheme() -> pr.Scheme:
    return pr.scheme("gangcheng.key-projects")


@pytest.fixture(scope="module")
def batch(scheme: pr.Scheme) -> Batch:
    return read_records(DATA, scheme)


def test_every_project_is_read_without_a_finding(batch: Batch) -> None:
    """The annexes' cells are read as they are printed."""
    assert (batch.count, batch.set_aside, batch.findings) == (11, (), ())
    assert [r.findings for r in batch.records] == [()] * 11


def test_every_grade_is_the_published_one(scheme: pr.Scheme, batch: Batch) -> None:
    """The borrowed scale gives the grade that annex 2 prints, 11 times of 11; the total is the published figure."""
    for record in batch.records:
        card = pr.score(scheme, record)
        assert card.grade == record.published["公布等级"].value
        assert card.points == record.cells["财政综合评分"].value
        assert card.max == 100


def test_dimensions_are_described_and_never_scored(scheme: pr.Scheme, batch: Batch) -> None:
    """The five dimensions are shown and cited; no points were published, so none are claimed."""
    card = pr.score(scheme, batch.records[0])
    assert [(n.name, n.state, n.points) for n in card.nodes[1:]] == [
        (name, "described", None) for name in ("决策", "过程", "产出", "效益", "满意度")
    ]


# ── budget by fund and office ─────────────────────────────────────────────────────────────────────


def test_budgets_by_fund_office_and_unit(scheme: pr.Scheme, batch: Batch) -> None:
    """The projects' budgets add up to the total by fund, by office and by unit; by fund to what the report prints."""
    frozen = pr.freeze(scheme, batch.records)
    total = frozen["预算合计"].values[""]
    assert total == Fraction("13997.53")
    for name, groups in (("资金预算", 2), ("科室预算", 6), ("单位预算", 10)):
        sums = [value for value in frozen[name].values.values() if isinstance(value, Fraction)]
        assert (len(sums), sum(sums)) == (groups, total)
    assert frozen["资金预算"].values == {"一般公共预算资金": Fraction("8205.53"), "政府性基金": Fraction(5792)}
    assert frozen["科室项目数"].values["经建科"] == 4
    assert sum(v for v in frozen["科室项目数"].values.values() if isinstance(v, Fraction)) == 11


def test_the_fund_of_a_project_is_assumed(scheme: pr.Scheme) -> None:
    """The report prints the sums of the funds and not which project is paid from which."""
    assert (scheme.values["资金性质"].provenance.status, bool(scheme.values["资金性质"].provenance.why)) == (
        "assumed",
        True,
    )


# ── the report's own figures ──────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def audited() -> FactsAudit:
    (audited,) = audit_distribution("perfrules-gangcheng").audits
    return audited


def test_the_figures_are_those_of_the_annexes(audited: FactsAudit, batch: Batch) -> None:
    """Budgets, scores and grades stand in the facts as in the data."""
    figures = audited.facts.figures
    for record in batch.records:
        project = record.id.replace("-", "")
        assert figures[f"预算{project}"].value == record.cells["预算批复金额"].value
        assert figures[f"评分{project}"].value == record.cells["财政综合评分"].value
        assert figures[f"等级{project}"].value == record.published["公布等级"].value


def test_what_conflicts_in_the_report_stays_as_printed(audited: FactsAudit) -> None:
    """Figures that contradict each other are kept and told, with the difference between them; so is what nobody can tell."""
    told = {o.name: (o.published, o.computed, o.difference) for o in audited.outcomes if o.verdict == "conflict"}
    assert told == {
        "资金来源之和": ("13997.53", "13997.5", "0.03"),
        "附件2年度": ("2023", "2022", "1"),
        "落款的年份": ("203", "2023", "-1820"),
        "整改建议的序号": ("4", "3", "1"),
    }
    assert (audited.count("agree"), audited.count("undecidable")) == (31, 6)
    rounded = {o.name for o in audited.outcomes if o.rounding == "half_up"}
    assert rounded == {"一般公共预算为余额", "一般公共预算各项目之和"}


# ── problems and rectification ────────────────────────────────────────────────────────────────────


def test_the_seven_kinds_of_problem_are_those_of_the_report() -> None:
    """Seven kinds, numbered as printed, each with the report's own words and advice."""
    made = problems.problems()
    assert [p.number for p in made.values()] == list(range(1, 8))
    assert all(p.title and p.details and p.advice for p in made.values())
    assert {d for p in made.values() for d in p.dimensions} == {"决策", "过程", "产出", "效益", "满意度"}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("决策/项目立项/立项依据充分性", "项目立项"),
        ("决策/绩效目标/绩效指标明确性", "绩效目标"),
        ("过程/资金管理/预算执行率", "资金管理"),
        ("产出/数量", "产出效果"),
        ("效益", "产出效果"),
        ("满意度", "满意度调查"),
    ],
)
def test_a_finding_is_tagged_by_its_indicator(path: str, kind: str) -> None:
    """The path of a review finding shows its kind, where one kind alone has the indicator or the dimension."""
    finding = pr.Finding("met-but-docked", None, path, {"published": "3", "computed": "5"})
    tagged = problems.tag(finding, "A-04")
    assert (tagged.problem.name, tagged.project) == (kind, "A-04")
    made = problems.by_problem([tagged])
    assert list(made) == list(problems.problems())
    assert {name: len(tags) for name, tags in made.items() if tags} == {kind: 1}


def test_a_finding_that_shows_no_one_kind_wants_it_named() -> None:
    """A dimension with several kinds, or a path outside, is not guessed at."""
    finding = pr.Finding("met-but-docked", None, "决策", {"published": "3", "computed": "5"})
    with pytest.raises(ValueError, match="项目立项"):
        problems.tag(finding, "A-01")
    assert problems.tag(finding, "A-01", "资金投入").problem.number == 3
    with pytest.raises(KeyError):
        problems.tag(finding, "A-01", "其他")


@pytest.mark.parametrize(
    ("on", "put_right", "reported", "state", "left", "wanting"),
    [
        ("2023-10-01", None, None, "整改中", 14, ("整改到位", "整改报告")),
        ("2023-10-15", "2023-10-14", "2023-10-15", "整改到位", 0, ()),
        ("2023-10-15", "2023-10-14", None, "整改中", 0, ("整改报告",)),
        ("2023-10-16", "2023-10-14", None, "逾期未到位", -1, ("整改报告",)),
        ("2023-10-20", "2023-10-14", "2023-10-18", "逾期到位", -5, ()),
        ("2023-10-17", "2023-10-14", "2023-10-18", "逾期未到位", -2, ("整改报告",)),
    ],
)
def test_status_of_a_unit_on_a_day(
    on: str, put_right: str | None, reported: str | None, state: str, left: int, wanting: tuple[str, ...]
) -> None:
    """Put right and reported by 15 October, that day included, is in time; what lies ahead of the day has not happened."""
    days = [date.fromisoformat(d) if d else None for d in (put_right, reported)]
    made = rectification.status(date.fromisoformat(on), put_right=days[0], reported=days[1])
    assert (made.state, made.days_left, made.wanting) == (state, left, wanting)


# ── what is stated ────────────────────────────────────────────────────────────────────────────────


def test_only_what_the_report_says_is_stated(scheme: pr.Scheme) -> None:
    """Given totals and dimensions are stated; the scale and the 100 points are assumed, and say why."""
    scale = scheme.grades["财政综合评价等级"].provenance
    assert (scale.status, bool(scale.why)) == ("assumed", True)
    assert (scheme.tree.points_provenance.status, scheme.tree.provenance.status) == ("assumed", "stated")
    assert {n.provenance.source for n in scheme.tree.walk()} == {"报告"}
    assert {n.provenance.status for n in scheme.tree.children} == {"stated"}
    assert {i.provenance.status for i in scheme.inputs.values()} == {"stated"}


def test_the_example_is_the_same_data() -> None:
    """`examples/gangcheng.csv` is this distribution's data, byte for byte."""
    assert (REPOSITORY / "examples" / "gangcheng.csv").read_bytes() == DATA.read_bytes()


def test_what_follows_for_every_project(scheme: pr.Scheme, batch: Batch) -> None:
    """Results are fed back and put right, bear on later budgets, and count in the assessment; no factor is stated."""
    cards = [pr.score(scheme, record, benchmarks=pr.freeze(scheme, batch.records)) for record in batch.records]
    settled = settle(scheme, cards)
    assert len(settled) == 11
    for each in settled:
        assert [c.name for c in each.consequences] == ["反馈整改", "预算安排", "目标考核"]
        assert (each.factor, each.undecided) == (None, False)
        assert all(
            c.provenance.status == "stated" and c.provenance.clause.startswith("报告 ") for c in each.consequences
        )
