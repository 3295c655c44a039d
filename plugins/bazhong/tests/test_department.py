"""The self-evaluation of a department of Bazhong: its own figures, what they come to, and what the report leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml

import perfrules as pr
from perfrules.formats import read_records
from perfrules.model import Provenance, PublishedFigure
from perfrules.procedures.facts import FactsReport, audit_distribution

HERE = Path(__file__).parent
DATA = Path(str(files("perfrules_bazhong") / "data" / "department-2022.csv"))
CASES = yaml.safe_load((HERE / "department.cases.yaml").read_text(encoding="utf-8"))["cases"]


@pytest.fixture(scope="module")
def scheme() -> pr.Scheme:
    return pr.scheme("bazhong.department")


@pytest.fixture(scope="module")
def published(scheme: pr.Scheme) -> pr.Scorecard:
    """What the document's own figures come to."""
    batch = read_records(DATA, scheme)
    assert (batch.count, batch.set_aside) == (1, ())
    return pr.score(scheme, batch.records[0])


def marks(part: Any, path: str = "") -> Iterator[tuple[str, Provenance]]:
    """Every provenance in a part of a scheme, with the way to it; the prelude's arithmetic is nobody's rule."""
    if isinstance(part, Provenance):
        yield path, part
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from marks(value, f"{path}/{key}")
    elif isinstance(part, tuple | list):
        for value in part:
            yield from marks(value, f"{path}/{getattr(value, 'name', '')}")
    elif attrs.has(type(part)) and getattr(part, "origin", "") != "prelude":
        for field in attrs.fields(type(part)):
            if not (isinstance(part, PublishedFigure) and field.name == "column"):
                yield from marks(getattr(part, field.name), f"{path}.{field.name}")


def test_the_scheme_loads_without_a_finding(scheme: pr.Scheme) -> None:
    """Nothing in the scheme is in doubt but what its marks say."""
    assert scheme.findings == ()


def test_every_rule_says_where_it_comes_from(scheme: pr.Scheme) -> None:
    """Nothing is unmarked, and what is not quoted says why."""
    found = list(marks(scheme))
    assert [path for path, mark in found if mark.status == "unmarked"] == []
    assert [path for path, mark in found if mark.status != "stated" and not mark.why] == []


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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_worked_case_comes_out_as_worked(case: dict[str, Any], scheme: pr.Scheme) -> None:
    """The scheme gives the points, grades and kinds of finding that a case states, to the last digit."""
    card = pr.score(scheme, case["record"])
    for path, points in case.get("nodes", {}).items():
        node = card[path]
        assert (node.state if points in ("absent", "refused") else node.score) == (
            points if points in ("absent", "refused") else Fraction(str(points))
        ), path
    for scale, label in case.get("grades", {}).items():
        assert card.grades[scale] == label
    if "points" in case:
        assert card.points == (None if case["points"] is None else Fraction(str(case["points"])))
    broken = {f.seen["check"] for f in card.findings if f.name == "check-broken"}
    assert set(case.get("broken", broken)) == broken
    assert "unmarked" not in card.resting


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
