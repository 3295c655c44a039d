"""The scheme: its points, its provenance, its stages, and worked cases as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml

import perfrules as pr
from perfrules.model import Provenance
from perfrules_zaozhuang.tables import snapshot, stages, tasks

FILE = yaml.safe_load((Path(__file__).parent / "institutions.cases.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def scheme() -> pr.Scheme:
    return pr.scheme("zaozhuang.institutions")


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
            yield from marks(getattr(part, field.name), f"{path}.{field.name}")


def test_the_scheme_loads_without_a_finding(scheme: pr.Scheme) -> None:
    """Nothing in the scheme is in doubt but what its marks say."""
    assert (scheme.findings, scheme.edition, scheme.stages) == ((), "2022", ("年初", "年中", "年末"))


def test_the_five_sections_come_to_four_hundred(scheme: pr.Scheme) -> None:
    """100 + 80 + 80 + 70 + 70 = 400, all beneath 围绕中心履职尽责 and 重点（职能）工作."""
    sections = scheme.node("重点职能工作").children
    assert [(s.name, s.worth) for s in sections] == [("表1", 100), ("表2", 80), ("表3", 80), ("表4", 70), ("表5", 70)]
    assert sum(s.worth or 0 for s in sections) == scheme.tree.worth == 400
    assert (scheme.tree.label, scheme.node("重点职能工作").label) == ("围绕中心履职尽责", "重点（职能）工作")


def test_a_section_holds_its_task_and_the_task_its_goals(scheme: pr.Scheme) -> None:
    """Every table has one task, given as many points as its table; its goals are listed without points, word for word."""
    for section, published in zip(scheme.node("重点职能工作").children, tasks(), strict=True):
        (task,) = section.children
        assert (section.name, task.name) == (published.table, published.name)
        assert task.worth == section.worth == scheme.inputs[f"{section.name}评分"].high
        assert [goal.points for goal in task.children] == [None] * len(published.goals)
        for goal, text in zip(task.children, published.goals, strict=True):
            assert goal.name == text.removeprefix("和").rstrip("，。")
            assert f"“{text.rstrip('，。')}”" in goal.provenance.clause


def test_every_rule_says_where_it_comes_from(scheme: pr.Scheme) -> None:
    """No mark is wanting; what is not stated says why; the programme itself is cited as unverified."""
    found = list(marks(scheme))
    assert len(found) > 60
    assert {mark.status for _, mark in found} == {"stated", "assumed"}
    assert [path for path, mark in found if mark.status == "assumed" and not mark.why] == []
    assert [path for path, mark in found if mark.status == "stated" and mark.source != "公示"] == []
    assert scheme.sources["方案"].unverified


def test_only_points_of_tables_and_of_the_whole_are_stated(scheme: pr.Scheme) -> None:
    """The notice prints the points of the whole and of each table; those of 重点（职能）工作 and of tasks are assumed."""
    stated = {n.path for n in scheme.tree.walk() if n.points and n.points_provenance.status == "stated"}
    assert stated == {"", *(f"重点职能工作/表{i}" for i in range(1, 6))}


def test_stages_of_the_data_are_those_of_the_scheme(scheme: pr.Scheme) -> None:
    """What a stage shows in the data is what the scheme asks for at that stage."""
    assert tuple(stages()) == scheme.stages
    for stage in stages().values():
        asked = {n.removeprefix("表1") for n, i in scheme.inputs.items() if n.startswith("表1") and stage.name in i.at}
        assert set(stage.shows) == asked - {"评分", "依据"}


# ── worked cases ──────────────────────────────────────────────────────────────────────────────────


def _record(case: Mapping[str, Any]) -> dict[str, Any]:
    return {**(snapshot(case["snapshot"]) if "snapshot" in case else {}), **case.get("record", {})}


def _wanted(value: Any) -> Any:
    return value if value in (None, "absent", "refused") else Fraction(str(value))


@pytest.mark.parametrize("case", [pytest.param(c, id=c["name"]) for c in FILE["cases"]])
def test_a_worked_case_comes_out_as_worked(case: Mapping[str, Any]) -> None:
    """The scheme gives the points, values and kinds of finding that a case states, to the last digit."""
    scheme, stage = pr.scheme(FILE["scheme"]), case.get("stage", "")
    if "refused" in case:
        with pytest.raises(pr.RecordError) as caught:
            pr.score(scheme, _record(case), stage=stage)
        assert case["refused"] in {f.name for f in caught.value.findings}
        return
    card = pr.score(scheme, _record(case), stage=stage)
    for path, points in case.get("nodes", {}).items():
        node = card[path]
        assert (node.state if points in ("absent", "refused") else node.score) == _wanted(points), path
    for value, wanted in case.get("values", {}).items():
        assert card.values[value] == wanted
    if "points" in case:
        assert card.points == _wanted(case["points"])
    if "resting" in case:
        assert card.resting == case["resting"]
    assert {f.name for f in card.findings} == set(case.get("findings", ()))


def test_every_case_says_where_its_figures_come_from() -> None:
    """A case quotes the notice, or says that it was made up."""
    assert all(case["source"] for case in FILE["cases"])
