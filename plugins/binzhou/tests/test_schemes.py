"""What the schemes of this distribution promise: a skeleton, plainly so, and one county's amendment of it."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest

import perfrules as pr
from perfrules.testing.laws import marks
from perfrules_binzhou.pilots import cost_loop, pilots, report

NAMES = ("binzhou.departments", "boxing.departments", "zhanhua.townships")
DIMENSIONS = ["事前评估", "目标填报", "事中监控", "事后评价"]


@pytest.fixture(scope="module")
def city() -> pr.Scheme:
    return pr.scheme("binzhou.departments")


@pytest.fixture(scope="module")
def county() -> pr.Scheme:
    return pr.scheme("boxing.departments")


def test_these_and_no_others_are_registered() -> None:
    """Each scheme file of the distribution is found by its id."""
    found, problems = pr.schemes()
    assert not [p for p in problems if p.severity == "error"]
    assert tuple(sorted(n for n in found if n.split(".")[0] in ("binzhou", "boxing", "zhanhua"))) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_what_is_stated_is_in_the_report(name: str) -> None:
    """A part is the report's, or assumed; the report is the only source of what is stated."""
    found = list(marks(pr.scheme(name)))
    assert {mark.status for _, mark in found[1:]} <= {"stated", "assumed"}
    assert {mark.source for _, mark in found if mark.status == "stated"} == {"稿"}


def test_the_skeleton_has_four_dimensions_and_eighteen_indicators(city: pr.Scheme) -> None:
    """四维评价 over 指标体系18项: as many as the report prints, in equal shares of 100."""
    leaves = [n for n in city.tree.walk() if not n.children]
    assert [n.name for n in city.tree.children] == DIMENSIONS
    assert len(leaves) == report().figures["指标项数"].value
    assert len(DIMENSIONS) == report().figures["四维"].value
    assert {n.worth * 18 for n in leaves} == {100}


def test_no_indicator_is_passed_off_as_the_citys(city: pr.Scheme) -> None:
    """Names, places, points and rules of the 18 are not published: each is assumed, and so is every point scored."""
    leaves = [n for n in city.tree.walk() if not n.children]
    assert {n.provenance.status for n in leaves} == {n.points_provenance.status for n in leaves} == {"assumed"}
    assert {n.provenance.status for n in city.tree.children} == {"stated"}


def test_boxing_differs_by_exactly_its_amendment(city: pr.Scheme, county: pr.Scheme) -> None:
    """One amendment: the cost indicator goes from level 2 to level 1, with its points; all else is the city's."""
    (made,) = county.amendments
    assert (made.kind, made.target, made.to) == ("promote", "事后评价/成本指标", "成本指标")
    assert "从二级指标调整为一级指标" in made.clause
    before = {n.path: n.worth for n in city.tree.walk()}
    after = {n.path: n.worth for n in county.tree.walk()}
    moved = before.pop("事后评价/成本指标")
    assert after.pop("成本指标") == moved
    assert before.pop("事后评价") - after.pop("事后评价") == moved
    assert before == after
    texts = [json.loads(s.resolved()) for s in (city, county)]
    assert {k for k in texts[0] if texts[0][k] != texts[1].get(k)} == {"scheme", "title", "tree"}
    assert texts[0].keys() == texts[1].keys()


def test_the_difference_is_told_as_the_amendment(city: pr.Scheme, county: pr.Scheme) -> None:
    """`diff` finds nothing that the amendment does not say or bring about, and no total that changes."""
    made = pr.diff(city, county)
    assert (made.amendments, made.unexplained) == (county.amendments, ())


def test_a_bureau_fills_the_skeleton_in_by_amendment() -> None:
    """The README's example loads: what the bureau states is stated, what it leaves stays assumed."""
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    made = pr.loads(text.split("```yaml\n")[1].split("```")[0])
    assert made.findings == ()
    assert [made.node(f"事前评估/指标{i}").provenance.status for i in (1, 2, 3)] == ["stated", "stated", "assumed"]


def test_zhanhua_has_the_four_aspects() -> None:
    """The four aspects of the report, in its order, in equal shares."""
    scheme = pr.scheme("zhanhua.townships")
    assert [n.name for n in scheme.tree.children] == [
        "财政收入绩效",
        "财政支出绩效",
        "重大财政政策落实",
        "财政可持续性",
    ]
    assert {n.worth for n in scheme.tree.children} == {25}


def test_pilots_take_their_counts_from_the_facts() -> None:
    """3 projects of the city and 10 of 7 counties; what the report does not count has no count."""
    cost = {name: (p.projects, p.units) for name, p in pilots().items() if p.area == "成本预算绩效管理"}
    assert cost == {"市级成本预算绩效管理": (3, None), "县级成本预算绩效管理": (10, 7)}
    assert [(p.projects, p.level) for p in pilots().values()][2:] == [(122, "市级"), (283, "市级"), (None, "沾化区")]
    assert all(p.clause for p in pilots().values())


def test_the_cost_loop_has_its_five_links() -> None:
    """From entering a project in the store to the end of its budget, as the report strings them together."""
    said = "、".join(link.step + link.does + "成本" * (not link.does.endswith("成本")) for link in cost_loop())
    assert said == "项目入库分析成本、预算编制细化成本、预算审核核定成本、预算执行控制成本、预算完成评价成本"


def test_every_file_is_within_the_package() -> None:
    """Schemes, facts and data are found through the package, so a wheel has them."""
    root = Path(str(files("perfrules_binzhou")))
    found = {p.relative_to(root).as_posix() for p in root.rglob("*.yaml")}
    assert found == {
        "schemes/departments.yaml", "schemes/boxing-departments.yaml", "schemes/townships.yaml",
        "facts/binzhou.yaml", "data/pilots.yaml",
    }  # fmt: skip
