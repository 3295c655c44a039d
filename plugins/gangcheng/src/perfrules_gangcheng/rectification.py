"""The deadline for putting right what the report found 整改期限, and how a unit stands to it on a day."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal

from attrs import frozen

from perfrules import documents

State = Literal["整改到位", "逾期到位", "整改中", "逾期未到位"]


@frozen
class Status:
    """How a unit stands to the deadline 整改状态: the state, days left on that day (negative: over), what is wanting."""

    state: State
    days_left: int
    wanting: tuple[str, ...] = ()


@cache
def deadline() -> date:
    """The last day, itself included (`data/rectification.yaml` says what of this is assumed)."""
    text = (files("perfrules_gangcheng") / "data" / "rectification.yaml").read_bytes()
    root, found = documents.read(text, "rectification.yaml")
    assert root is not None, found
    return date.fromisoformat(documents.plain(root)["deadline"])


def status(on: date, *, put_right: date | None = None, reported: date | None = None) -> Status:
    """The status on a day: put right 整改到位, and reported to the bureau 报区财政局, each on some day or not yet.

    What lies after the day `on` has not happened on it.
    """
    done = {"整改到位": put_right, "整改报告": reported}
    wanting = tuple(what for what, day in done.items() if day is None or day > on)
    left = (deadline() - on).days
    if wanting:
        return Status("整改中" if left >= 0 else "逾期未到位", left, wanting)
    late = any(day is not None and day > deadline() for day in done.values())
    return Status("逾期到位" if late else "整改到位", left)
