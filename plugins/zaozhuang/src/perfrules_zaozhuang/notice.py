"""The notice 公示 that an institution publishes at a stage: goals, progress and results, task by task."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import perfrules as pr
from perfrules.model import Record
from perfrules.numbers import published
from perfrules.records import record_from
from perfrules_zaozhuang.tables import snapshot, stages

SCHEME = "zaozhuang.institutions"
_HEADINGS = {"目标": "年度目标", "进度": "完成进度", "结果": "年末结果"}
_ITEM = re.compile(r"(?<=[。；])(?=[（(][一二三四五六七八九十]+[）)])")
_MARKS = re.compile(r"([\\`*_\[\]<>#|~&])")


def notice(stage: str, record: Record | Mapping[str, Any] | None = None) -> str:
    """The notice of a record at a stage, in Markdown; of what the bureau itself published where no record is given.

    A text stands as it was written, each numbered item a paragraph; what a stage should show and the record does not
    bring is said to be unpublished. Points appear where an assessor gave them. Raises RecordError.
    """
    scheme = pr.scheme(SCHEME)
    given = snapshot(stage) if record is None and stage in scheme.stages else record or {}
    made = given if isinstance(given, Record) else record_from(scheme, given)
    return "\n\n".join(_paragraphs(scheme, made, pr.score(scheme, made, stage=stage), stage)) + "\n"


def _paragraphs(scheme: pr.Scheme, record: Record, card: pr.Scorecard, stage: str) -> Iterator[str]:
    source = scheme.sources["方案"]
    yield f"# {_plain(record.id)} {scheme.edition} 年度绩效考核公示：{stages()[stage].motto}"
    yield f"依据：《{source.title}》（{source.document}）“{'、'.join(s.motto for s in stages().values())}”。"
    for section in scheme.node("重点职能工作").children:
        (task,) = section.children
        yield f"## {section.name} {task.label}（{_number(card[section.path].points)} 分）"
        for part in stages()[stage].shows:
            yield f"**{_HEADINGS[part]}**"
            yield from _text(record, section.name + part)
        score = card[task.path]
        if score.state == "scored":
            grounds = " ".join(_text(record, f"{section.name}依据"))
            yield f"**评定得分**：{_number(score.score)} / {_number(score.points)}；依据：{grounds}"
    if card.points is not None:
        yield f"**合计**：{_number(card.points)} / {_number(card.max)}"


def _text(record: Record, name: str) -> Iterator[str]:
    """A text of the record, item by item."""
    cell = record.cells.get(name)
    if cell is None or not isinstance(cell.value, str):
        yield "（未公布）"
    else:
        yield from map(_plain, _ITEM.split(cell.value))


def _plain(text: str) -> str:
    """A text that Markdown shows as it is, in one line."""
    return _MARKS.sub(r"\\\1", " ".join(text.split("\n")))


def _number(value: Any) -> str:
    return published(value)
