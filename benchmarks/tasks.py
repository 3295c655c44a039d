"""What is measured: a task, its records, and the sample that it is checked against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import truth
from records import Records, make
from workload import Layout, deep, wide

DIFFERENT = 1_000
"""How many different records a way for single ones is given in turn."""


@dataclass(frozen=True)
class Task:
    """What a worker measures: a way by its name, how many records, and of what."""

    way: str
    size: int
    variant: str = "rounded"
    width: int = 20
    levels: int = 2
    folder: str = ""
    sample: int = 0

    def of(self) -> str:
        """What is told of it while it runs."""
        more = [self.variant] if self.variant != "rounded" else []
        more += [f"{self.width} indicators"] if self.width != 20 else []
        more += [f"{self.levels} levels"] if self.levels != 2 else []
        return f"{self.way}, {', '.join([f'{self.size:,} records', *more])}"


@dataclass
class Ready:
    """A way made ready: what is timed, how many records one run scores, and what is wrong with the results.

    `run` may give figures of its own, such as peaks of memory. `check` is called when the rounds are over, and says what
    is wrong by what it was held against; it raises where a hand-written way is wrong about easy records.
    """

    run: Callable[[], Mapping[str, float] | None]
    units: int
    check: Callable[[], Mapping[str, Any]] = dict


class NotThere(Exception):
    """Something that is to be measured is not installed, or not written yet."""


def layout_of(task: Task) -> Layout:
    """The layout that a task is about."""
    return deep(task.levels) if task.width == 20 else wide(task.width)


def records_of(task: Task) -> Records:
    """The records of a task, made once and kept in a file for the other workers."""
    of, full = layout_of(task), task.variant == "full"
    path = Path(task.folder) / f"records-{'full' if full else 'plain'}-{task.width}-{task.size}.npz"
    if not path.exists():
        _keep(make(task.size, of, full=full), path)
    with np.load(path) as held:
        kinds: dict[str, dict[str, Any]] = {"amounts": {}, "others": {}, "blank": {}}
        for name in held.files:
            kind, _, column = name.partition("/")
            kinds[kind][column] = held[name]
    return Records(kinds["amounts"], kinds["others"], kinds["blank"])


def _keep(records: Records, path: Path) -> None:
    kinds = {"amounts": records.amounts, "others": records.others, "blank": records.blank}
    columns = {f"{kind}/{name}": column for kind, held in kinds.items() for name, column in held.items()}
    with path.open("wb") as file:
        np.savez(file, **columns)  # type: ignore[arg-type]


@cache
def sample_of(task: Task) -> tuple[Records, truth.Truth]:
    """The sample that a task is checked against, and what is right of it."""
    return truth.of_sample(Path(task.folder), task.sample, layout_of(task), task.variant)  # type: ignore[arg-type]
