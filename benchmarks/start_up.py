"""What starting costs: importing perfrules, scoring a first record in a fresh process, loading and planning.

    make bench-startup
    python benchmarks/start_up.py --rounds 21 --json start_up.json

Every round runs every way once, in shuffled order; the table gives medians and quartiles. Differences under a
fifth are noise. Nothing is written unless `--json FILE` asks for it.
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import workload
import yaml

IMPORT_TARGET = 1.25
LOAD_TARGET = 15.0

NOTHING = "pass"
DEPENDENCIES = "import attr, pluggy, simpleeval, yaml"
IMPORT = "import perfrules"
IMPORT_USED = "import perfrules; perfrules.load, perfrules.score"
FIRST_SCORE = """
import json, perfrules
scheme = perfrules.load({path!r})
card = perfrules.score(scheme, json.loads({record!r}))
assert card.points * 10 == 829, card.points
assert card.grade == "良", card.grade
"""

Times = dict[str, list[float]]


def timed_by_itself(code: str) -> float:
    """Seconds that the code takes within a fresh process, the interpreter's own start left out."""
    wrapped = f"import time\nstarted = time.perf_counter()\n{code}\nprint(time.perf_counter() - started)"
    done = subprocess.run([sys.executable, "-c", wrapped], check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout)


def whole_process(code: str) -> float:
    """Seconds from starting a fresh process with that code to its end."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - started


def fresh_processes(folder: Path) -> dict[str, Callable[[], float]]:
    """Every way that is measured in a process of its own, by the line it fills in the table."""
    path = folder / "workload.yaml"
    path.write_text(workload.scheme_text(), encoding="utf-8")
    first_score = FIRST_SCORE.format(path=str(path), record=json.dumps(workload.record()))
    return {
        "import the core dependencies": lambda: timed_by_itself(DEPENDENCIES),
        "import perfrules": lambda: timed_by_itself(IMPORT),
        "import perfrules, load and score named": lambda: timed_by_itself(IMPORT_USED),
        "process: nothing": lambda: whole_process(NOTHING),
        "process: the core dependencies": lambda: whole_process(DEPENDENCIES),
        "process: import perfrules": lambda: whole_process(IMPORT),
        "process: import, load, plan, score one record": lambda: whole_process(first_score),
    }


def measure_fresh(rounds: int) -> Times:
    with tempfile.TemporaryDirectory() as folder:
        ways = fresh_processes(Path(folder))
        for way in ways.values():
            way()  # once uncounted: bytecode is written, files are in the cache
        times: Times = {name: [] for name in ways}
        for name in shuffled(ways, rounds):
            times[name].append(ways[name]())
    return times


def measure_loading(rounds: int) -> Times:
    """Load and plan 200 indicators, and compose the same text; new names every round, so no cache helps."""
    import perfrules
    from perfrules.plan import plan

    def load_and_plan(text: str) -> tuple[float, float]:
        started = time.perf_counter()
        scheme = perfrules.loads(text)
        loaded = time.perf_counter()
        plan(scheme)
        return loaded - started, time.perf_counter() - loaded

    def compose(text: str) -> float:
        started = time.perf_counter()
        yaml.compose(text, Loader=yaml.CSafeLoader)
        return time.perf_counter() - started

    times: Times = {"compose 200 indicators (C loader)": [], "load": [], "plan": [], "load and plan": []}
    for number in range(-1, rounds):
        text = workload.scheme_text(groups=10, leaves=20, salt=f"轮{number + 1}次")
        order = random.sample(["compose", "load"], 2)
        for what in order:
            if what == "compose":
                composed = compose(text)
            else:
                loaded, planned = load_and_plan(text)
        if number >= 0:  # round -1 is uncounted: it reads the prelude
            seconds = (composed, loaded, planned, loaded + planned)
            for series, value in zip(times.values(), seconds, strict=True):
                series.append(value)
    return times


def shuffled(ways: dict[str, Callable[[], float]], rounds: int) -> Iterator[str]:
    for _ in range(rounds):
        yield from random.sample(list(ways), len(ways))


def ratios(medians: dict[str, float]) -> list[dict[str, object]]:
    """What the issue asks for: two imports and one load, each over its yardstick."""
    asked = [
        ("import perfrules", "import the core dependencies", IMPORT_TARGET),
        ("import perfrules, load and score named", "import the core dependencies", IMPORT_TARGET),
        ("load and plan", "compose 200 indicators (C loader)", LOAD_TARGET),
    ]
    return [
        {"what": what, "over": over, "ratio": ratio, "target": target, "met": ratio <= target}
        for what, over, target in asked
        for ratio in [medians[what] / medians[over]]
    ]


def report(machine: dict[str, object], times: Times, results: list[dict[str, object]]) -> None:
    print("  ".join(f"{key}: {value}" for key, value in machine.items()))
    print(f"\n{'milliseconds':<48}{'median':>10}{'quartiles':>20}")
    for name, series in times.items():
        low, middle, high = (1000 * value for value in statistics.quantiles(series, n=4, method="inclusive"))
        print(f"{name:<48}{middle:>10.2f}{f'{low:.2f} … {high:.2f}':>20}")
    print(f"\n{'ratio':<48}{'measured':>10}{'target':>10}")
    for line in results:
        target, verdict = f"≤ {line['target']:g}", "met" if line["met"] else "MISSED"
        print(f"{line['what']:<48}{line['ratio']:>10.2f}{target:>10}  {verdict}")
        print(f"  over: {line['over']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="rounds to measure, at least 7 (default 15)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE as well")
    arguments = parser.parse_args()
    rounds = max(arguments.rounds, 7)

    machine: dict[str, object] = {
        "cores": os.cpu_count(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "rounds": rounds,
    }
    times = measure_fresh(rounds) | measure_loading(rounds)
    results = ratios({name: statistics.median(series) for name, series in times.items()})
    report(machine, times, results)
    if arguments.json:
        figures = {"machine": machine, "seconds": times, "ratios": results}
        arguments.json.write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
