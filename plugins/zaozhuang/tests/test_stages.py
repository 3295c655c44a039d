"""Stages side by side, and the notice that is published of each."""

from __future__ import annotations

from typing import Any

import pytest

import perfrules as pr
from perfrules.procedures.stages import compare
from perfrules_zaozhuang.notice import notice
from perfrules_zaozhuang.tables import snapshot, stages, tasks

NAME = "zaozhuang.institutions"


def assessed(stage: str, **points: Any) -> pr.Scorecard:
    """The published snapshot with an assessor's points added."""
    grounds = {name.replace("评分", "依据"): "评分表" for name in points}
    return pr.score(pr.scheme(NAME), {**snapshot("年中"), **points, **grounds}, stage=stage)


def test_from_goals_to_progress_five_reports_appear_and_nothing_can_be_said_of_points() -> None:
    """The notice gives no points: so none have moved and none are behind, which is not the same as none wanting."""
    cards = [pr.score(pr.scheme(NAME), snapshot(stage), stage=stage) for stage in ("年初", "年中")]
    compared = compare(cards[0], cards[1], stages()["年中"].month or 0)
    assert [(m.name, m.before, m.after) for m in compared.moved] == [("亮进度数", 0, 5)]
    assert (compared.behind, [m.name for m in compared.unknown]) == ((), [task.name for task in tasks()])


def test_points_below_the_share_of_the_year_are_behind() -> None:
    """At the end of October ten twelfths are due: 83⅓ of 100, 66⅔ of 80, 58⅓ of 70."""
    given = {"表1评分": 90, "表2评分": 60, "表3评分": "66.67", "表4评分": 20, "表5评分": 70}
    middle = assessed("年中", **given)
    compared = compare(pr.score(pr.scheme(NAME), snapshot("年初"), stage="年初"), middle, 10)
    assert [(m.path.split("/")[1], float(m.behind or 0)) for m in compared.behind] == [
        ("表4", pytest.approx(115 / 3)),
        ("表2", pytest.approx(20 / 3)),
    ]
    end = compare(middle, assessed("年末", **{**given, "表2评分": 80, "表4评分": 65}), 12)
    assert [(m.path, m.by) for m in end.moved if m.path in end.tips] == [
        ("重点职能工作/表2/推动预算绩效评价创新提升", 20),
        ("重点职能工作/表4/服务保障国有金融资本监管", 45),
    ]


@pytest.mark.parametrize("stage", tuple(stages()))
def test_the_notice_shows_what_the_stage_shows(stage: str) -> None:
    """Every text stands as it was written, item by item; nothing of a later stage; what is not there is said to be so."""
    said = notice(stage)
    shows = stages()[stage].shows
    assert stages()[stage].motto in said.splitlines()[0]
    for task in tasks():
        assert f"## {task.table} {task.name}" in said
        assert (task.shown["目标"] in said, *(i.text in said for i in task.progress)) == (
            True, *("进度" in shows for _ in task.progress),
        )  # fmt: skip
    assert said.count("（未公布）") == (5 if "结果" in shows else 0)
    assert "评定得分" not in said


def test_the_notice_of_an_assessed_record_prints_its_points() -> None:
    """Points stand beneath their task with the grounds for them; the total where every task has its points."""
    record = {**snapshot("年中"), "表1评分": "95.5", "表1依据": "评分表"}
    said = notice("年中", record)
    assert "**评定得分**：95.5 / 100；依据：评分表" in said
    assert "**合计**" not in said
    rest = {f"表{i}评分": 70 for i in range(2, 6)} | {f"表{i}依据": "评分表" for i in range(2, 6)}
    assert "**合计**：375.5 / 400" in notice("年中", record | rest)


def test_what_a_stranger_writes_is_no_markup() -> None:
    """Text of a record cannot become a heading, a link or HTML in the notice."""
    said = notice("年初", {"单位": "甲#乙", "表1目标": "<b>一</b>\n# 二 [三](x)"})
    assert "\\<b\\>一\\</b\\> \\# 二 \\[三\\](x)" in said
    assert said.startswith("# 甲\\#乙 2022")


def test_a_stage_that_there_is_not_is_told() -> None:
    """The finding names the stages that there are."""
    with pytest.raises(pr.RecordError) as caught:
        notice("年尾")
    assert [f.name for f in caught.value.findings] == ["unknown-stage"]
