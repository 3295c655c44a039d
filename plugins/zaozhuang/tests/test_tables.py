"""The published tables as data: word for word, nothing left out, every figure known by name."""

from __future__ import annotations

import re
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from perfrules.procedures.facts_file import Facts, load_facts
from perfrules_zaozhuang.tables import Task, document, stages, tasks

ORIGINAL = yaml.safe_load((Path(__file__).parent / "original.yaml").read_text(encoding="utf-8"))
BY_TABLE = [pytest.param(task, id=task.table) for task in tasks()]
NO_FIGURE = re.compile(r"〔\d{4}〕\s?\d+\s?号|“6\+3”|\d{4} ?年")
"""Numbers of documents, names and plain years: they count nothing."""


@pytest.fixture(scope="module")
def facts() -> Facts:
    return load_facts(str(files("perfrules_zaozhuang") / "facts" / "zaozhuang.yaml"))


def whole() -> str:
    """All words of the notice and its tables."""
    notice = document()["notice"]
    said = [notice["title"], notice["subtitle"], *notice["paragraphs"], notice["date"], notice["heading"]]
    for task in tasks():
        said += [*task.printed.values(), "年度目标：", task.shown["目标"], "完成进度：", task.shown["进度"]]
    return "\n".join(said)


def quoted(clause: str) -> list[str]:
    """What a clause quotes between “ and ”, one level of quotation within it allowed."""
    return re.findall("“((?:[^“”]|“[^“”]*”)*)”", clause)


@pytest.mark.parametrize("task", BY_TABLE)
def test_a_table_is_the_original_word_for_word(task: Task) -> None:
    """Put together again, the goals and the statements are the printed cells: the digests of the original say so."""
    digests = {part: sha256(text.encode()).hexdigest() for part, text in task.shown.items()}
    assert digests == ORIGINAL["cells"][task.table]
    for snippet in ORIGINAL["snippets"][task.table]:
        assert snippet in task.shown["目标"] + task.shown["进度"]


def test_the_notice_is_the_original_word_for_word() -> None:
    """The three paragraphs of the notice are as printed."""
    said = document()["notice"]["paragraphs"]
    assert [sha256(text.encode()).hexdigest() for text in said] == ORIGINAL["paragraphs"]
    assert "分值权重占 400 分" in said[1]


@pytest.mark.parametrize("odd", ORIGINAL["wording"], ids=lambda odd: odd["in"])
def test_wording_that_does_not_agree_stays_as_printed(odd: dict[str, str]) -> None:
    """Where the notice calls one thing by two names, both are kept."""
    assert odd["says"] in document()["notice"][odd["in"]]
    assert odd["beside"] in whole()


@pytest.mark.parametrize("task", BY_TABLE)
def test_every_goal_is_reported_on_and_no_other(task: Task) -> None:
    """The items of progress are about the goals of their own table, and leave none out."""
    assert {n for item in task.progress for n in item.reports_on} == set(range(1, len(task.goals) + 1))
    for item in task.progress:
        assert item.text.startswith(item.number)


def test_every_figure_of_a_statement_is_a_fact_and_every_fact_stands_in_one(facts: Facts) -> None:
    """Statements and facts name the same figures; what the notice does not print is in the facts alone."""
    named = [name for task in tasks() for item in task.progress for s in item.statements for name in s.figures]
    named += [*document()["notice"]["figures"], *(task.points for task in tasks())]
    unprinted = {n for n, f in facts.figures.items() if f.value is None or f.provenance.status != "stated"}
    assert len(named) == len(set(named))
    assert set(named) == set(facts.figures) - unprinted
    assert unprinted == {"政府采购合同总金额", "每天批次", "初级科目数", "中级科目数", "注会科目数", "每人一科"}


@pytest.mark.parametrize("task", BY_TABLE)
def test_no_number_of_a_statement_is_without_its_figure(task: Task, facts: Facts) -> None:
    """Every number in a sentence is that of a figure named beside it, or numbers a document or a year."""
    for statement in (s for item in task.progress for s in item.statements):
        printed = " ".join(facts.figures[name].text for name in statement.figures)
        known = {number.lstrip("0") for number in re.findall(r"\d+(?:\.\d+)?", printed)}
        seen = set(re.findall(r"\d+(?:\.\d+)?", NO_FIGURE.sub("", statement.text)))
        assert seen <= known, statement.text


def test_every_clause_quotes_the_notice(facts: Facts) -> None:
    """What stands between quotation marks in a clause of the facts is in the notice, figures with their digits."""
    said = whole()
    for part in (*facts.figures.values(), *facts.facts):
        if part.provenance.status == "stated":
            snippets = quoted(part.provenance.clause)
            assert snippets, part.name
            assert [s for s in snippets if s not in said] == [], part.name
    printed = [f for f in facts.figures.values() if f.value is not None and f.provenance.status == "stated"]
    for figure in (f for f in printed if f.kind == "number" and not f.note):  # a note says where it was counted out
        assert figure.text.rstrip("%") in "".join(quoted(figure.provenance.clause)).replace("四", "4"), figure.name


def test_the_stages_say_what_the_notice_shows() -> None:
    """年初 and 年中 are published, the latter in October; 年末 is not, and the reading is marked as assumed."""
    assert [(s.motto, s.shows[-1], s.month) for s in stages().values()] == [
        ("年初亮目标", "目标", None), ("年中亮进度", "进度", 10), ("年末亮结果", "结果", None),
    ]  # fmt: skip
    assert all(s.motto in whole() for s in stages().values())
    assert document()["stages"]["年中"]["assumed"]
