"""The scheme: its points, its provenance, its stages, and worked cases as data."""

from __future__ import annotations

import pytest

import perfrules as pr
from perfrules.testing.laws import marks
from perfrules_zaozhuang.tables import snapshot, stages, tasks


@pytest.fixture(scope="module")
def scheme() -> pr.Scheme:
    return pr.scheme("zaozhuang.institutions")


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


def test_what_is_stated_is_in_the_notice(scheme: pr.Scheme) -> None:
    """A part is the notice's, or assumed; the programme itself is cited as unverified."""
    found = list(marks(scheme))
    assert {mark.status for _, mark in found} == {"stated", "assumed"}
    assert {mark.source for _, mark in found if mark.status == "stated"} == {"公示"}
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


# ── what the notice shows ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("stage", "shown", "section"),
    [("年初", (5, 0, 0), "absent"), ("年中", (5, 5, 0), "refused"), ("年末", (5, 5, 0), "refused")],
)
def test_what_the_notice_shows_is_counted_and_not_scored(stage: str, shown: tuple[int, ...], section: str) -> None:
    """Goals and progress are counted as the notice shows them; without an assessor's points there are none, not zero."""
    card = pr.score(pr.scheme("zaozhuang.institutions"), snapshot(stage), stage=stage)
    assert tuple(card.values[name] for name in ("亮目标数", "亮进度数", "亮结果数")) == shown
    assert (card.points, card["重点职能工作/表1"].state) == (None, section)
