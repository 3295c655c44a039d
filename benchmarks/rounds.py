"""Shuffled rounds: everything that is measured lives in a process of its own, and one at a time is told to run once.

A worker is this file run with a task as JSON. It makes ready, runs once uncounted, and then once for each line that it
reads; at the end it says what it holds to be wrong with its results. The medians of the rounds are what counts.
"""

from __future__ import annotations

import gc
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Any

from tasks import NotThere, Task


@dataclass
class Figures:
    """The seconds of each round, what else was measured in each, and what is wrong."""

    task: Task
    units: int
    seconds: list[float] = field(default_factory=list)
    more: dict[str, list[float]] = field(default_factory=dict)
    wrong: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """The median of the rounds, in seconds."""
        return statistics.median(self.seconds)

    def quartiles(self) -> tuple[float, float]:
        """The lower and upper quartile of the rounds, in seconds."""
        if len(self.seconds) < 2:
            return self.median, self.median
        low, _, high = statistics.quantiles(self.seconds, n=4, method="inclusive")
        return low, high

    def as_json(self) -> dict[str, Any]:
        """A plain mapping."""
        low, high = self.quartiles()
        made = {k: v for k, v in asdict(self.task).items() if k not in ("folder", "sample")}
        made |= {"records": self.units, "seconds": self.median, "low": low, "high": high, "rounds": len(self.seconds)}
        made |= {name: statistics.median(values) for name, values in self.more.items()}
        return made | ({"wrong": self.wrong} if self.wrong else {})


def measure(
    tasks: Sequence[Task], rounds: int, tell: Callable[[str], None], *, check: bool = True
) -> tuple[list[Figures], list[tuple[Task, str]]]:
    """Every task in so many shuffled rounds; and those that could not be measured, with the reason.

    Without `check` nothing is held against anything, and nothing is told of what was measured.
    """
    chance = random.Random(7)
    failed: list[tuple[Task, str]] = []
    with ExitStack() as stack:
        workers: list[tuple[_Worker, Figures]] = []
        for task in tasks:
            worker = stack.enter_context(_Worker(task))
            try:
                units = worker.answer()["units"]
            except NotThere as problem:
                failed.append((task, str(problem)))
                tell(f"  NOT MEASURED: {task.of()}: {problem}")
            else:
                workers.append((worker, Figures(task, units)))
        for _ in range(rounds):
            for worker, figures in chance.sample(workers, len(workers)):
                told = worker.ask("run")
                figures.seconds.append(told.pop("seconds"))
                for name, value in told.items():
                    figures.more.setdefault(name, []).append(value)
        for worker, figures in workers if check else ():
            figures.wrong = worker.ask("check")
            wrong = "; ".join(
                f"{sum(v for k, v in w.items() if k != 'cells'):,} wrong of {w['cells']:,} by {name}"
                for name, w in figures.wrong.items()
            )
            tell(f"  {figures.task.of():<64} {figures.median:>9.3f} s  {wrong}")
            worker.end()
    return [figures for _, figures in workers], failed


class _Worker:
    """A process that measures one task when it is told to."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def __enter__(self) -> _Worker:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__, json.dumps(asdict(self.task))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Let it go, so that it takes no memory any more."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def ask(self, what: str) -> dict[str, Any]:
        """Tell it what to do and wait for the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """Its next answer. Raises NotThere, and RuntimeError where it broke off."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker for {self.task.of()} broke off; what it said stands above")
        made: dict[str, Any] = json.loads(line)
        if "not there" in made:
            raise NotThere(made["not there"])
        return made


def work(task: Task) -> None:
    """Be the worker of a task: answers go out on what was standard output, anything printed to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(what: Mapping[str, Any]) -> None:
        answers.write(json.dumps(what) + "\n")
        answers.flush()

    from ways import ready

    try:
        made = ready(task)
        made.run()
    except NotThere as problem:
        answer({"not there": str(problem)})
        return
    answer({"units": made.units})
    for line in sys.stdin:
        if line.strip() == "run":
            gc.collect()
            started = time.perf_counter()
            more = made.run()
            seconds = time.perf_counter() - started
            answer({"seconds": seconds, **(more or {})})
        else:
            answer({name: wrong.__dict__ for name, wrong in made.check().items()})


if __name__ == "__main__":
    work(Task(**json.loads(sys.argv[1])))
