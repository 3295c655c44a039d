"""The five published tables of tasks 任务要点: goals and progress split into statements, and what each stage showed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from attrs import frozen


@frozen
class Statement:
    """One sentence 句 of a report of progress, as printed, and the names of the facts that it states."""

    text: str
    figures: tuple[str, ...] = ()


@frozen
class Item:
    """One numbered item 条 of a report of progress; `reports_on` numbers the goals that it is about, from 1 (assumed)."""

    number: str
    reports_on: tuple[int, ...]
    statements: tuple[Statement, ...]

    @property
    def text(self) -> str:
        """The item as printed."""
        return "".join(s.text for s in self.statements)


@frozen
class Task:
    """One table and its task 任务要点: its cells as printed, the goals of the year, and the progress towards them.

    `points` is the name of the fact that states the table's points.
    """

    table: str
    printed: Mapping[str, str]
    points: str
    goals: tuple[str, ...]
    progress: tuple[Item, ...]

    @property
    def name(self) -> str:
        """The task without the blanks that its narrow cell is set with."""
        return self.printed["task"].replace(" ", "")

    @property
    def shown(self) -> dict[str, str]:
        """What is published of it, as printed, by what a stage shows."""
        return {"目标": "".join(self.goals), "进度": "".join(i.text for i in self.progress)}


@frozen
class Stage:
    """One stage 阶段 of the year: its motto, what it shows, and the month that the published snapshot is of, if any."""

    name: str
    motto: str
    shows: tuple[str, ...]
    month: int | None = None


def tasks() -> tuple[Task, ...]:
    """The five tasks, table by table."""
    return tuple(
        Task(
            table=each["table"],
            printed=each["printed"],
            points=each["points"],
            goals=tuple(each["goals"]),
            progress=tuple(
                Item(
                    number=item["item"],
                    reports_on=tuple(item["reports_on"]),
                    statements=tuple(Statement(s["text"], tuple(s.get("figures", ()))) for s in item["statements"]),
                )
                for item in each["progress"]
            ),
        )
        for each in document()["tables"]
    )


def stages() -> dict[str, Stage]:
    """The three stages, by name."""
    return {
        name: Stage(name, each["motto"], tuple(each["shows"]), each.get("month"))
        for name, each in document()["stages"].items()
    }


def snapshot(stage: str) -> dict[str, str]:
    """What the notice publishes of a stage, as a record of `zaozhuang.institutions`; at 年末 it publishes no results.

    Raises KeyError for a stage that there is not.
    """
    shows = stages()[stage].shows
    texts = {f"{t.table}{part}": t.shown[part] for t in tasks() for part in shows if part in t.shown}
    return {"单位": document()["notice"]["institution"], **texts}


@cache
def document() -> Mapping[str, Any]:
    """The data as they stand in `data/tables.yaml`."""
    text = (files(__package__) / "data" / "tables.yaml").read_text(encoding="utf-8")
    read: Mapping[str, Any] = yaml.safe_load(text)
    return read
