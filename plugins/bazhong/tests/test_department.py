"""The self-evaluation of a department of Bazhong: its own figures, what they come to, and what the report leaves open."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

import perfrules as pr
from perfrules.formats import read_records
from perfrules.procedures.facts import FactsReport, audit_distribution

DATA = Path(str(files("perfrules_bazhong") / "data" / "department-2022.csv"))


@pytest.fixture(scope="module")
def scheme() -> pr.Scheme:
    return pr.scheme("bazhong.department")


@pytest.fixture(scope="module")
def published(scheme: pr.Scheme) -> pr.Scorecard:
    """What the document's own figures come to."""
    batch = read_records(DATA, scheme)
    assert (batch.count, batch.set_aside) == (1, ())
    return pr.score(scheme, batch.records[0])


def test_no_point_is_passed_off_as_the_citys(scheme: pr.Scheme) -> None:
    """The annex is absent: all eight items, their points and their rules are assumed."""
    assert len(scheme.tree.children) == 8
    assert {node.provenance.status for node in scheme.tree.walk()} == {"assumed"}
    assert {node.points_provenance.status for node in scheme.tree.walk()} == {"assumed"}


def test_the_documents_figures_keep_their_identities(published: pr.Scorecard) -> None:
    """Income, expenditure and procurement hang together; the report's two own complaints are the only remarks."""
    broken = {f.seen["check"] for f in published.findings if f.name == "check-broken"}
    assert broken == {"指标可量化", "跨年支付应有结转"}


def test_missing_figures_stay_missing(published: pr.Scorecard) -> None:
    """No scores were published: there is no total, and the grade is the published one all the same."""
    assert (published.points, published.grades) == (None, {"等级": None, "自评等级": "优秀"})
    assert published["政府采购执行率"].score == 10
    assert published["预算完成率"].score == 10
    assert published["结转结余率"].state == "refused"


@pytest.fixture(scope="module")
def report() -> FactsReport:
    return audit_distribution("bazhong")


def test_the_documents_figures_are_audited(report: FactsReport) -> None:
    """What agrees, what conflicts and what cannot be told, by name; every check quotes the document."""
    assert report.findings == ()
    outcomes = [o for audit in report.audits for o in audit.outcomes]
    assert {o.fact.name for o in outcomes if o.verdict == "conflict"} == {"任务全面完成"}
    assert {"收入构成", "支出构成", "收支平衡", "办结率"} <= {o.fact.name for o in outcomes if o.verdict == "agree"}
    assert {"采购执行率", "评价项目个数", "跨年支付与收支"} <= {
        o.fact.name for o in outcomes if o.verdict == "undecidable"
    }
    assert all(o.fact.provenance.clause for o in outcomes)


def test_the_record_and_the_facts_are_the_same_figures(published: pr.Scorecard, report: FactsReport) -> None:
    """A figure that stands in both files is one figure."""
    (audit,) = report.audits
    record = read_records(DATA, pr.scheme("bazhong.department")).records[0]
    shared = {n: f.value for n, f in audit.facts.figures.items() if n in record.cells}
    assert len(shared) >= 12
    assert {name: record.cells[name].value for name in shared} == shared
