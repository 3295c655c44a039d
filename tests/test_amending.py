"""A scheme derived from another by typed amendments, each citing its source."""

from __future__ import annotations

from pathlib import Path

import pytest

import perfrules as pr
from perfrules import assembling, plugins
from perfrules.hookspecs import hookimpl

PARENT = """perfrules: 1
scheme: city.departments
title: 市级部门
edition: "2022"
effective: 2022-01-01
sources: {市办法: {title: 市级办法, document: 市〔2022〕1号}}
clause: 市办法
inputs:
  数: {kind: number, unit: 万元, min: 0, max: 100}
  本: {kind: number, min: 0, max: 100}
definitions:
  折半(x): x / 2
tree:
  id: 总分
  points: 100
  children:
    产出:
      points: 60
      children:
        数量: {points: 40, formula: 数 * 40 / 100}
        成本: {points: 20, formula: 折半(本) * 40 / 100}
    效益: {points: 40, formula: 40 if 数 > 50 else 0}
checks:
  上限: {holds: 数 <= 100}
grades:
  等级: {bands: {of: 总分, from: {90: 优, 80: 良, 60: 中, else: 差}}}
"""
HEAD = """perfrules: 1
scheme: county.departments
title: 县级部门
edition: "2023"
amends: city.departments
sources: {县办法: {title: 县级办法}}
clause: 县办法 第二条
amendments:
"""


@pytest.fixture
def registry(tmp_path: Path) -> plugins.Registry:
    path = tmp_path / "city.yaml"
    path.write_text(PARENT, encoding="utf-8")

    class Plugin:
        @hookimpl
        def register_schemes(self) -> list[Path]:
            return [path]

    return plugins.load([], {"city": Plugin()})


def _county(registry: plugins.Registry, amendments: str) -> pr.Scheme:
    return pr.loads(HEAD + amendments, file="county.yaml", registry=registry)


def _names(registry: plugins.Registry, amendments: str) -> list[str]:
    with pytest.raises(pr.SchemeError) as caught:
        _county(registry, amendments)
    return [f.name for f in caught.value.findings]


def test_a_node_is_promoted_with_all_beneath_it(registry: plugins.Registry) -> None:
    """The cost indicator goes from level 2 to level 1 with points of its own; the rest is the parent's."""
    county = _county(
        registry,
        "  - {promote: 产出/成本, to: 成本, points: 20}\n"
        "  - reweight: {产出: 50, 产出/数量: 50, 效益: 30}\n"
        "  - {replace: 产出/数量, with: {points: 50, formula: 数 / 2}}\n".replace("  - {replace", "#  - {replace"),
    )
    assert [n.path for n in county.tree.walk()] == ["", "产出", "产出/数量", "效益", "成本"]
    assert [n.points.high for n in county.tree.walk() if n.points] == [100, 50, 50, 30, 20]
    assert (county.id, county.edition, county.amends) == ("county.departments", "2023", "city.departments")
    assert [a.kind for a in county.amendments] == ["promote", "reweight", "reweight", "reweight"]
    assert county.effective is None


def test_what_an_amendment_writes_cites_the_amendment(registry: plugins.Registry) -> None:
    """A replaced part carries the child's clause, an untouched one the parent's."""
    county = _county(registry, "  - {replace: definitions/折半, with: {formula: x / 4}}\n")
    assert county.definitions["折半"].provenance.clause == "县办法 第二条"
    assert county.node("效益").provenance.clause == "市办法"
    assert pr.score(county, {"数": 100, "本": 100})["产出/成本"].score == 10


@pytest.mark.parametrize(
    ("amendment", "check"),
    [
        ("  - {rename: 效益, to: 成效}\n", lambda s: s.node("成效").points.high == 40),
        ("  - {demote: 效益, to: 产出/效益}\n  - reweight: {产出: 100}\n", lambda s: s.node("产出/效益").points.high == 40),
        ("  - {remove: checks/上限}\n", lambda s: s.checks == ()),
        ("  - {add: checks/下限, with: {holds: 数 >= 0}}\n", lambda s: len(s.checks) == 2),
        ("  - {add: 其他, with: {points: 5, counts: false, formula: 5}}\n", lambda s: s.node("其他").points.high == 5),
        ("  - {change: inputs/数, with: {max: 200, decimals: 2}}\n", lambda s: s.inputs["数"].high == 200),
        ("  - {replace: grades/等级, with: {bands: {of: 总分, from: {80: 优, else: 差}}}}\n",
         lambda s: s.grades["等级"].labels == ("优", "差")),
        ("  - {move: 产出/成本, to: 效果/成本}\n  - {add: 效果, with: {points: 20, children: {}}}\n", None),
    ],
)  # fmt: skip
def test_each_kind_does_what_it_says(registry: plugins.Registry, amendment: str, check: object) -> None:
    """Rename, demote, remove, add, change and replace each do their one thing."""
    if check is None:
        assert "amendment-target-unknown" in _names(registry, amendment)
    else:
        assert check(_county(registry, amendment))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("amendment", "finding"),
    [
        ("  - {remove: 产出/質量}\n", "amendment-target-unknown"),
        ("  - reweight: {效益: 40, 产出: 60}\n", "amendment-changes-nothing"),
        ("  - {change: inputs/数, with: {max: 100}}\n", "amendment-changes-nothing"),
        ("  - reweight: {效益: 30}\n  - {rename: 效益, to: 成效}\n", "amended-twice"),
        ("  - {remove: 产出/成本}\n  - {remove: 产出}\n", "amended-twice"),
        ("  - {promote: 效益, to: 产出/效益}\n", "amendment-mistyped"),
        ("  - {demote: 产出/成本, to: 成本}\n", "amendment-mistyped"),
        ("  - {promot: 产出/成本, to: 成本}\n", "amendment-unknown"),
        ("  - {rename: 效益, to: 产出}\n", "amendment-target-exists"),
        ("  - {add: 效益, with: {points: 1, formula: 1}}\n", "amendment-target-exists"),
        ("  - {replace: 效益}\n", "amendment-wants"),
        ("  - {promote: 产出/成本}\n", "amendment-wants"),
        ("  - reweight: {checks/上限: 30}\n", "amendment-not-a-node"),
        ("  - reweight: {效益: 30}\n", "points-do-not-add-up"),
        ("  - {remove: inputs/本}\n", "unknown-name"),
        ("inputs: {}\n", "amendments-wanting"),
    ],
)
def test_a_wrong_amendment_is_told(registry: plugins.Registry, amendment: str, finding: str) -> None:
    """Unknown targets, no-ops, two amendments on one node and the rest are findings, as is what they break."""
    assert finding in _names(registry, amendment)


def test_an_amendment_without_a_source_is_told(registry: plugins.Registry) -> None:
    """Each amendment cites its document, or the file does for all."""
    text = HEAD.replace("clause: 县办法 第二条\n", "") + "  - {remove: checks/上限}\n"
    assert "amendment-without-source" in [f.name for f in pr.loads(text, registry=registry).findings]


def test_an_unknown_parent_is_told(registry: plugins.Registry) -> None:
    """A parent that no plugin supplies is a finding with the nearest id."""
    with pytest.raises(pr.SchemeError) as caught:
        pr.loads(HEAD.replace("city.departments", "city.department") + "  - {remove: checks/上限}\n", registry=registry)
    assert caught.value.findings[0].nearest == "city.departments"


def test_an_amended_scheme_resolves_without_its_parent(registry: plugins.Registry) -> None:
    """resolved() holds the amended whole: no plugin needed, same digest, same score."""
    county = _county(registry, "  - {replace: definitions/折半, with: {formula: x / 4}}\n")
    again = pr.loads(county.resolved(), registry=plugins.Registry())
    assert again.digest == county.digest
    assert pr.score(again, {"数": 60, "本": 40}).points == pr.score(county, {"数": 60, "本": 40}).points


def test_what_no_amendment_names_stays(registry: plugins.Registry) -> None:
    """An amendment changes only what it says: every other node scores as in the parent."""
    city = pr.loads(PARENT)
    county = _county(registry, "  - {replace: 产出/成本, with: {points: 20, formula: 本 / 5}}\n")
    record = {"数": 70, "本": 30}
    before, after = pr.score(city, record), pr.score(county, record)
    for path in ("产出/数量", "效益"):
        assert before[path].score == after[path].score


def test_a_scheme_in_hand_can_be_amended(tmp_path: Path) -> None:
    """`amend` takes the parent as it is in hand, and the child from a file."""
    child = tmp_path / "county.yaml"
    child.write_text(HEAD + "  - {rename: 效益, to: 成效}\n", encoding="utf-8")
    assert assembling.amend(pr.loads(PARENT), child).node("成效").points is not None


def test_amendments_chain(tmp_path: Path, registry: plugins.Registry) -> None:
    """A township may amend a county that amends a city."""
    city = registry.scheme_files[0].path
    county, town = tmp_path / "county.yaml", tmp_path / "town.yaml"
    county.write_text(HEAD + "  - {rename: 效益, to: 成效}\n", encoding="utf-8")
    town.write_text(
        HEAD.replace("county.", "town.").replace("amends: city", "amends: county") + "  - {rename: 成效, to: 效果}\n",
        encoding="utf-8",
    )

    class Plugin:
        @hookimpl
        def register_schemes(self) -> list[Path]:
            return [city, county]

    made = pr.load(town, registry=plugins.load([], {"p": Plugin()}))
    assert [n.path for n in made.tree.walk()][-1] == "效果"


def test_a_borrowed_definition_can_be_replaced(registry: plugins.Registry) -> None:
    """What the parent borrows from the prelude becomes the amended scheme's own, and other uses of it stay whole."""
    text = PARENT.replace("折半(本) * 40 / 100", '"clip(本, 0, 20)"').replace("definitions:\n  折半(x): x / 2\n", "")
    city = registry.scheme_files[0].path
    city.write_text(text, encoding="utf-8")
    county = _county(registry, '  - {replace: definitions/clip, with: {formula: "min(x, 上限) / 2"}}\n')
    assert pr.score(county, {"数": 60, "本": 40})["产出/成本"].score == 10
    assert pr.loads(county.resolved(), registry=plugins.Registry()).digest == county.digest


def test_a_whole_set_of_weights_may_name_some_that_stay(registry: plugins.Registry) -> None:
    """A reweight that changes some of what it names is no no-op."""
    county = _county(registry, "  - reweight: {产出: 60, 产出/数量: 35, 产出/成本: 25, 效益: 40}\n".replace("35", "35"))
    assert [a.target for a in county.amendments] == ["产出/数量", "产出/成本"]


def test_a_resolved_parent_can_be_amended(tmp_path: Path) -> None:
    """Amending a scheme in hand works where it carries what it borrowed."""
    text = PARENT.replace("折半(本) * 40 / 100", '"clip(本, 0, 20)"').replace("definitions:\n  折半(x): x / 2\n", "")
    child = tmp_path / "county.yaml"
    child.write_text(HEAD + "  - {rename: 效益, to: 成效}\n", encoding="utf-8")
    assert assembling.amend(pr.loads(text), child).node("成效").points is not None
