"""The 11 key projects: what the report publishes comes out, and what it does not state is not passed off as its rule."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

import perfrules as pr
from perfrules.formats import read_records
from perfrules.model import Batch

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
DATA = Path(str(files("perfrules_gangcheng") / "data" / "key-projects-2023.csv"))
REPORT = yaml.load((HERE / "report.figures.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


@pytest.fixture(scope="module")
def scheme() -> pr.Scheme:
    return pr.scheme("gangcheng.key-projects")


@pytest.fixture(scope="module")
def batch(scheme: pr.Scheme) -> Batch:
    return read_records(DATA, scheme)


def _number(text: str) -> Fraction:
    return Fraction(Decimal(text))


def test_the_scheme_loads_without_a_finding(scheme: pr.Scheme) -> None:
    """Nothing in the scheme is in doubt but what its marks say."""
    assert scheme.findings == ()


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


def _annexes(scheme: pr.Scheme, batch: Batch) -> dict[str, Fraction]:
    """What the annexes come to, under the names that the figures file uses."""
    grades = [pr.score(scheme, record).grade for record in batch.records]
    return {
        "项目数": Fraction(len(batch.records)),
        "预算合计": sum((r.cells["预算批复金额"].value for r in batch.records), Fraction(0)),
        "优": Fraction(grades.count("优")),
        "良": Fraction(grades.count("良")),
        "单位数": Fraction(len({r.cells["实施单位"].value for r in batch.records})),
    }


@pytest.mark.parametrize("figure", REPORT["figures"], ids=lambda figure: figure["what"])
def test_a_stated_figure_agrees_with_the_annexes(figure: dict[str, Any], scheme: pr.Scheme, batch: Batch) -> None:
    """What the report's text says of the whole is what its annexes add up to."""
    assert _annexes(scheme, batch)[figure["what"]] == _number(figure["annexes"]) == _number(figure["stated"])


@pytest.mark.parametrize("conflict", REPORT["conflicts"], ids=lambda conflict: conflict["what"])
def test_a_conflict_in_the_report_stays_as_printed(conflict: dict[str, Any]) -> None:
    """Figures that contradict each other are kept, with the difference between them."""
    parts = sum(map(_number, conflict["parts"]), Fraction(0))
    assert _number(conflict["stated"]) - parts == _number(conflict["difference"]) != 0


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
