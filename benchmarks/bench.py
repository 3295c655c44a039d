"""Everything there is to say about speed, in one run: every section, the ratios that come of it, and the page that tells.

    make bench                                    all of it, into results.json and docs/explanation/performance.md
    python benchmarks/bench.py --short            the same in fewer rounds and sizes
    python benchmarks/bench.py --quick            smaller, to see that it works; writes nothing
    python benchmarks/bench.py --only one frame   these sections; writes nothing
    python benchmarks/bench.py --spark            Spark and Dask on this machine, too

Nothing else should run meanwhile. It needs about 8 GiB of memory and 6 GiB for temporary files (in TMPDIR).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import page
from rounds import Figures, measure
from tasks import Task

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PEERS = ("perfrules", "simpleeval", "polars", "pyarrow", "numpy", "pandas", "duckdb", "zen-engine",
         "common-expression-language", "narwhals", "pyspark", "dask")  # fmt: skip
WIDTHS = (10, 20, 50, 100, 200, 500, 1000)
LEVELS = (2, 4, 6, 8, 10)


@dataclass(frozen=True)
class Sizes:
    """How many records, in how many rounds, and how many of them the exact reading checks."""

    one: int = 1
    frame: int = 1_000_000
    growth: tuple[int, ...] = (10_000, 100_000)
    wide: int = 20_000
    deep: int = 200_000
    forms: int = 100_000
    files: tuple[int, ...] = (1_000_000, 3_000_000, 10_000_000)
    widths: tuple[int, ...] = WIDTHS
    rounds: int = 9
    few: int = 7
    long: int = 3
    """Rounds of files of more than a million records."""
    sample: int = 4_000
    patience: float = 90.0
    """The seconds that a lot of a lengthy section may take."""


QUICK = Sizes(
    one=10, frame=50_000, growth=(10_000,), wide=2_000, deep=10_000, forms=2_000, files=(50_000, 100_000),
    widths=(10, 100, 1000), rounds=3, few=3, sample=200, patience=20.0,
)  # fmt: skip

SHORT = Sizes(
    frame=1_000_000, wide=5_000, deep=100_000, forms=20_000, files=(1_000_000, 10_000_000), widths=(10, 100, 1000),
    rounds=7, few=7, long=1, sample=1_000, patience=15.0,
)  # fmt: skip
"""What matters most at full size in seven rounds, growth at fewer sizes."""

LENGTHY = ("unrounded", "full", "depth", "forms", "types", "clusters")
"""Sections that are measured with fewer records where all of them would take too long: nobody waits an hour."""

Lot = tuple[list[Task], int]
"""Tasks that are measured together, in so many shuffled rounds."""
HAND, SELECT, ENGINE = "Polars", "Polars, one select", "Polars, streaming engine"
INTEGERS, DECIMALS, FLOATS = "perfrules, integers", "perfrules, decimals", "perfrules, floats"
TYPES = ("Polars", "lazy Polars", "PyArrow", "pandas", "DuckDB")
EVERYTHING = (HAND, SELECT, ENGINE, "NumPy", "pandas", "DuckDB", INTEGERS, DECIMALS, FLOATS)
ONE = {
    "Python": 5_000,
    "simpleeval": 500,
    "zen": 300,
    "zen, one node": 300,
    "common-expression-language": 1_000,
    "perfrules, one record, floats": 5_000,
    "perfrules, one record, Decimals": 5_000,
    "perfrules, one record, floats to Fractions": 2_000,
    "perfrules, scorecard": 3_000,
    "perfrules, scorecard with lines and findings": 50,
    "perfrules, scorecard with its trace": 50,
}
"""The ways of scoring one record, and how many a round scores so that it takes long enough to be measured."""


def sections(sizes: Sizes) -> dict[str, Callable[[], Iterator[Lot]]]:
    """What is measured, by section."""

    def one() -> Iterator[Lot]:
        yield [Task(way, max(count // sizes.one, 5)) for way, count in ONE.items()], 2 * sizes.few + 1

    def frame() -> Iterator[Lot]:
        yield [Task(way, sizes.frame) for way in EVERYTHING], sizes.rounds

    def unrounded() -> Iterator[Lot]:
        yield [Task(way, sizes.frame, "unrounded") for way in (HAND, INTEGERS, FLOATS)], sizes.few

    def full() -> Iterator[Lot]:
        yield [Task(way, sizes.frame, "full") for way in (HAND, INTEGERS, FLOATS)], sizes.few

    def records() -> Iterator[Lot]:
        for size in sizes.growth:
            yield [Task(way, size) for way in (HAND, INTEGERS, FLOATS)], sizes.few

    def indicators() -> Iterator[Lot]:
        for width in sizes.widths:
            yield [Task(way, sizes.wide, width=width) for way in (HAND, INTEGERS, FLOATS)], sizes.few

    def planning() -> Iterator[Lot]:
        for width in sizes.widths:
            yield [Task(way, 1, width=width) for way in ("load", "plan and generate")], sizes.few

    def depth() -> Iterator[Lot]:
        for levels in LEVELS:
            yield [Task(way, sizes.deep, levels=levels) for way in (HAND, INTEGERS, FLOATS)], sizes.few

    def forms() -> Iterator[Lot]:
        yield [Task(way, sizes.forms) for way in ("Polars, forms", "perfrules, forms")], sizes.few

    def types() -> Iterator[Lot]:
        yield [Task(f"perfrules, {name}", sizes.deep) for name in TYPES], sizes.few

    def stream() -> Iterator[Lot]:
        for size in sizes.files:
            ways = ["Polars reads, converts, writes", "Polars scores floats", "perfrules score"]
            yield [Task(way, size) for way in ways], sizes.few if size <= 1_000_000 else sizes.long

    def clusters() -> Iterator[Lot]:
        yield [Task(way, sizes.frame) for way in ("Spark, this machine", "Dask, this machine")], 3

    return {
        "one": one, "frame": frame, "unrounded": unrounded, "full": full, "records": records, "indicators": indicators,
        "planning": planning, "depth": depth, "forms": forms, "types": types, "stream": stream, "clusters": clusters,
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------- ratios


@dataclass(frozen=True)
class Ratio:
    """One figure that is asked for: whose time over whose, and where it should be."""

    section: str
    upper: str
    lower: str
    target: str = ""

    def met(self, value: float) -> bool | None:
        """Whether it is where it should be."""
        if not self.target:
            return None
        way, bound = self.target.split()
        return value >= float(bound) if way == "≥" else value <= float(bound)


SCORER, SCORER_DECIMALS, CARD = (
    "perfrules, one record, floats",
    "perfrules, one record, Decimals",
    "perfrules, scorecard",
)
RATIOS: Mapping[str, Ratio] = {
    "one_record_vs_simpleeval": Ratio("one", "simpleeval", SCORER, "≥ 10"),
    "one_record_decimals_vs_simpleeval": Ratio("one", "simpleeval", SCORER_DECIMALS, "≥ 6"),
    "one_record_vs_zen": Ratio("one", "zen", SCORER, "≥ 30"),
    "one_record_vs_zen_in_one_node": Ratio("one", "zen, one node", SCORER),
    "one_record_vs_cel": Ratio("one", "common-expression-language", SCORER),
    "one_record_vs_python": Ratio("one", "Python", SCORER),
    "scorecard_vs_simpleeval": Ratio("one", "simpleeval", CARD, "≥ 4"),
    "frame_integer_vs_hand_polars": Ratio("frame", INTEGERS, HAND, "≤ 1.6"),
    "frame_decimal_vs_hand_polars": Ratio("frame", DECIMALS, HAND, "≤ 1.6"),
    "frame_float_vs_hand_polars": Ratio("frame", FLOATS, HAND, "≤ 2.5"),
    "frame_integer_vs_one_select": Ratio("frame", INTEGERS, SELECT),
    "frame_decimal_vs_one_select": Ratio("frame", DECIMALS, SELECT),
    "frame_float_vs_one_select": Ratio("frame", FLOATS, SELECT),
    "frame_integer_vs_streaming_polars": Ratio("frame", INTEGERS, ENGINE),
    "frame_full_vs_hand_polars": Ratio("full", INTEGERS, HAND),
    "frame_full_float_vs_hand_polars": Ratio("full", FLOATS, HAND),
    "frame_unrounded_vs_hand_polars": Ratio("unrounded", INTEGERS, HAND),
    "frame_unrounded_float_vs_hand_polars": Ratio("unrounded", FLOATS, HAND),
    "forms_vs_hand_polars": Ratio("forms", "perfrules, forms", "Polars, forms"),
    "stream_vs_polars_io": Ratio("stream", "perfrules score", "Polars reads, converts, writes", "≤ 1.3"),
}
"""The first time over the second. Of one record, how many times faster perfrules is; of frames and files, how many times
slower."""
ASKED = (
    "one_record_vs_simpleeval", "one_record_decimals_vs_simpleeval", "one_record_vs_zen", "scorecard_vs_simpleeval",
    "frame_integer_vs_hand_polars", "frame_float_vs_hand_polars", "frame_full_vs_hand_polars",
    "frame_unrounded_vs_hand_polars", "stream_vs_polars_io", "stream_peak_mib", "plan_1000_indicators_s", "wrong_cells",
)  # fmt: skip
"""What a whole run must have found."""
PEAK, PLANNED = "stream_peak_mib", "plan_1000_indicators_s"
TARGETS = {PEAK: "≤ 1024", PLANNED: "≤ 2", "wrong_cells": "≤ 0"}

Found = Mapping[str, Sequence[Figures]]


def figures(found: Found) -> dict[str, float]:
    """Every figure that the sections yield, by name."""
    made: dict[str, float] = {}
    for name, ratio in RATIOS.items():
        upper, lower = (_largest(found, ratio.section, way) for way in (ratio.upper, ratio.lower))
        if upper and lower:
            made[name] = (upper.median / upper.units) / (lower.median / lower.units)
    streamed, planned = _largest(found, "stream", "perfrules score"), _largest(found, "planning", "plan and generate")
    if streamed:
        made[PEAK] = max(streamed.more["peak_mib"])
    if planned and planned.task.width == max(WIDTHS):
        made[PLANNED] = planned.median
    ours = [wrong for each in found.values() for f in each if _ours(f.task.way) for wrong in f.wrong.values()]
    if ours:
        made["wrong_cells"] = sum(v for wrong in ours for name, v in wrong.items() if name != "cells")
        made["checked_cells"] = sum(wrong["cells"] for wrong in ours)
    return made


def _largest(found: Found, section: str, way: str) -> Figures | None:
    """What was measured of a way with the most records, or indicators."""
    of_way = [f for f in found.get(section, ()) if f.task.way == way]
    return max(of_way, key=lambda f: (f.task.width, f.task.size), default=None)


def _ours(way: str) -> bool:
    return way.startswith("perfrules") or way.endswith("this machine")


def results(found: Found, command: str, sizes: Sizes, seconds: float) -> dict[str, Any]:
    """All that was found out, for machines; and where and how."""
    made: dict[str, Any] = {
        "date": date.today().isoformat(),
        "command": command,
        "quick": sizes == QUICK,
        "seconds": round(seconds),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": platform.system(),
        "versions": dict(_versions()),
    }
    named = figures(found)
    made |= {name: round(value, 4) for name, value in named.items()}
    goals = {name: ratio.target for name, ratio in RATIOS.items() if ratio.target} | TARGETS
    made["targets"] = {
        name: {"target": goal, "met": Ratio("", "", "", goal).met(named[name])}
        for name, goal in goals.items()
        if name in named
    }
    made["measured"] = {section: [f.as_json() for f in each] for section, each in found.items()}
    return made


def _versions() -> Iterator[tuple[str, str]]:
    for name in PEERS:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


# ---------------------------------------------------------------------------------------------- the run


def run(sizes: Sizes, only: Sequence[str], folder: Path, tell: Callable[[str], None]) -> tuple[Found, list[str]]:
    """Measure the sections, and say what could not be."""
    found: dict[str, list[Figures]] = {}
    failed: list[str] = []
    for name, lots in sections(sizes).items():
        if name not in only:
            continue
        tell(f"{name} …")
        found[name] = []
        for tasks, rounds in lots():
            placed = [replace(t, folder=str(folder), sample=_sample(t, sizes)) for t in tasks]
            if name in LENGTHY:
                placed = fitted(placed, rounds, sizes.patience, tell)
            made, missing = measure(placed, rounds, tell)
            found[name] += made
            failed += [f"{name}: {task.of()}: {why}" for task, why in missing]
        if name == "stream":
            for path in folder.glob("made-*"):
                shutil.rmtree(path)
            for path in folder.glob("*.parquet"):
                path.unlink()
    return found, failed


def fitted(tasks: list[Task], rounds: int, patience: float, tell: Callable[[str], None]) -> list[Task]:
    """The tasks, of a tenth of the records as often as it takes for all their rounds to end within the time there is."""
    probes = [replace(task, size=max(task.size // 50, 1_000)) for task in tasks]
    made, _ = measure(probes, 1, lambda _: None, check=False)
    seconds = sum(figures.median * task.size / figures.task.size for task, figures in _paired(tasks, made))
    fewer = 1
    while seconds / fewer * (rounds + 2) > patience and min(task.size for task in tasks) // fewer > 10_000:
        fewer *= 10
    if fewer > 1:
        tell(f"  a round would take {seconds:.0f} s: {min(task.size for task in tasks) // fewer:,} records, then")
    return [replace(task, size=task.size // fewer) for task in tasks]


def _paired(tasks: Sequence[Task], made: Sequence[Figures]) -> Iterator[tuple[Task, Figures]]:
    for task in tasks:
        yield from ((task, figures) for figures in made if figures.task.way == task.way)


def _sample(task: Task, sizes: Sizes) -> int:
    """How many records the exact reading checks: fewer where each is large, or where other tasks check the same."""
    if task.width != 20:
        return max(min(sizes.sample, 20 * sizes.sample // task.width // 4), 20) // 2 * 2
    return sizes.sample if task.levels == 2 else sizes.sample // 8


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer records and rounds; writes nothing")
    parser.add_argument("--short", action="store_true", help="fewer rounds, and fewer sizes of what grows")
    parser.add_argument("--only", nargs="+", choices=list(sections(Sizes())), help="these sections; writes nothing")
    parser.add_argument("--spark", action="store_true", help="Spark and Dask, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found to FILE as well")
    arguments = parser.parse_args()
    sizes = QUICK if arguments.quick else SHORT if arguments.short else Sizes()
    only = arguments.only or [name for name in sections(sizes) if name != "clusters" or arguments.spark]
    started = time.perf_counter()

    def tell(line: str) -> None:
        print(f"{time.perf_counter() - started:6.0f} s  {line}", flush=True)

    with tempfile.TemporaryDirectory(prefix="perfrules-bench-") as folder:
        found, failed = run(sizes, only, Path(folder), tell)
    flags = " ".join(
        word for word in sys.argv[1:] if word.startswith("--") and word != "--json"
    )  # no path of a machine
    command = "make bench" + (f" ARGS='{flags}'" if flags else "")
    made = results(found, command, sizes, time.perf_counter() - started)
    print()
    for name, value in figures(found).items():
        goal = made["targets"].get(name)
        print(
            f"{name:<42}{value:>14,.2f}"
            + (f"   {goal['target']:<8}{'met' if goal['met'] else 'MISSED'}" if goal else "")
        )
    for line in failed:
        print(f"not measured: {line}")
    text = json.dumps(made, ensure_ascii=False, indent=1) + "\n"
    if arguments.json:
        arguments.json.write_text(text, encoding="utf-8")
    wanting = [name for name in ASKED if name not in made]
    whole = not arguments.quick and not arguments.only
    if made.get("wrong_cells"):
        sys.exit(f"{made['wrong_cells']:,} cells are WRONG; nothing is written")
    if whole and (wanting or failed):
        sys.exit(f"this run lacks {', '.join(wanting) or 'some measurements'}; nothing is written")
    if whole:
        RESULTS.write_text(text, encoding="utf-8")
        page.rewrite(made)
        print(f"written: {RESULTS.relative_to(HERE.parent)}, {page.PAGE.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
