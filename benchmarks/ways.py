"""What is measured, by name: each way made ready for a task, what one run of it is, and what it is checked against."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, islice
from typing import Any

import clusters
import forms
import frames_by_hand
import numpy as np
import ours
import singles_by_hand
import streams
import truth
from frames_by_hand import FINDINGS, TOTAL, FrameWay
from records import Records, make
from tasks import DIFFERENT, NotThere, Ready, Task, layout_of, records_of, sample_of
from truth import Wrong
from workload import Layout

SINGLES: Mapping[str, Callable[[Layout], singles_by_hand.Single]] = {
    "Python": singles_by_hand.python,
    "simpleeval": singles_by_hand.simpleeval,
    "zen": singles_by_hand.zen,
    "zen, one node": singles_by_hand.zen_in_one_node,
    "common-expression-language": singles_by_hand.cel,
}


def ready(task: Task) -> Ready:
    """The way of a task, made ready."""
    for makes in (
        _single,
        _frame,
        ours.single,
        ours.frame,
        ours.of_type,
        ours.planning,
        forms.ready,
        streams.stream,
        clusters.ready,
    ):
        made = makes(task)
        if made is not None:
            return made
    raise NotThere(f"no way is called {task.way}")


def names_of(of: Layout) -> dict[str, str]:
    """What hand-written ways call the node at each path."""
    return {"": TOTAL, **{path: name for name, path in of.nodes}}


# ---------------------------------------------------------------------------------------------- one record


def _single(task: Task) -> Ready | None:
    if task.way not in SINGLES:
        return None
    of = layout_of(task)
    try:
        score = SINGLES[task.way](of)
    except ImportError as problem:
        raise NotThere(f"{problem.name} is not installed") from None
    different = make(min(task.size, DIFFERENT), of)
    listed = list(islice(cycle([singles_by_hand.plainly_named(m, of) for m in different.mappings()]), task.size))

    def run() -> None:
        for record in listed:
            score(record)

    def check() -> dict[str, Wrong]:
        records, right = sample_of(task)
        made = [score(singles_by_hand.plainly_named(mapping, of)) for mapping in records.mappings()]
        paths = [path for name, path in of.nodes if "指标" in name]
        paths += [path for name, path in of.nodes if "分组" in name]
        points = np.array([values for values, _ in made]).T
        cells: dict[str, Any] = dict(zip([*paths, ""], points, strict=True))
        cells["等级"] = np.array([grade for _, grade in made], dtype=object)
        return _held(task, records, right, cells, {path: path for path in right.points})

    return Ready(run, task.size, check)


def _held(
    task: Task, records: Records, right: truth.Truth, cells: Mapping[str, Any], names: Mapping[str, str],
    findings: Sequence[tuple[str, ...]] | None = None,
) -> dict[str, Wrong]:  # fmt: skip
    """What is wrong by the exact reading; raises where easy records are."""
    fair = truth.easy(layout_of(task), records, right)
    wrong = truth.compare_floats(right, cells, names, findings, fair)
    if wrong.all or (task.width == 20 and not fair.any()):
        raise truth.WrongByHand(f"{task.of()}: {wrong}")
    return {"the exact reading": truth.compare_floats(right, cells, names, findings)}


# ---------------------------------------------------------------------------------------------- frames


def _frame(task: Task) -> Ready | None:
    made = _frame_way(task)
    if made is None:
        return None
    of = layout_of(task)
    given = made.prepare(records_of(task))

    def run() -> None:
        made.run(given)

    def check() -> dict[str, Wrong]:
        records, right = sample_of(task)
        cells = made.cells(made.run(made.prepare(records)))
        found = None
        if FINDINGS in cells:
            found = [tuple(sorted(each.split(" ")[0] for each in text.split("；") if each)) for text in cells[FINDINGS]]
        wrong = _held(task, records, right, cells, names_of(of), found)
        if task.variant == "rounded":
            cells, names = made.cells(made.run(given)), names_of(of)
            cents = {path: np.asarray(cells[name], dtype=float) * 100 for path, name in names.items()}
            wrong["whole numbers"] = truth.compare_cents(of, records_of(task), cents, cells["等级"])
        return wrong

    return Ready(run, task.size, check)


def _frame_way(task: Task) -> FrameWay | None:
    of, variant = layout_of(task), task.variant
    try:
        match task.way:
            case "Polars":
                return frames_by_hand.polars(of, variant, steps=True)  # type: ignore[arg-type]
            case "Polars, one select":
                return frames_by_hand.polars(of, variant, steps=False)  # type: ignore[arg-type]
            case "Polars, streaming engine":
                return frames_by_hand.polars(of, variant, steps=True, engine="streaming")  # type: ignore[arg-type]
            case "NumPy":
                return frames_by_hand.numpy(of)
            case "pandas":
                return frames_by_hand.pandas(of)
            case "DuckDB":
                return frames_by_hand.duckdb(of)
            case _:
                return None
    except ImportError as problem:
        raise NotThere(f"{problem.name} is not installed") from None
