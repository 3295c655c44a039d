"""What procedures cost: 100,000 projects sampled, monitored, ranked and diffed.

    make bench-procedures
    python benchmarks/procedures.py --records 10000 --rounds 3 --only sample --json procedures.json

The projects are made up, the same on every machine. Each procedure runs in a process of its own, over records that are
read beforehand; how long that took is told beside it. The table gives medians: seconds by the clock, and those of the
processor, which other work on the machine does not lengthen. Nothing is written unless `--json FILE` asks for it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

RECORDS = 100_000
OFFICES = ("教科文股", "社保股", "农业股", "经建股", "行政政法股")

SCHEME = """
perfrules: 1
scheme: example.projects
title: 项目
key: 项目
assumed: 测速用
inputs:
  科室: {kind: choice, choices: [教科文股, 社保股, 农业股, 经建股, 行政政法股]}
  预算数: {kind: number, unit: 万元, min: 0}
  执行数: {kind: number, unit: 万元, min: 0}
  完成率: {kind: number, unit: "%", min: 0}
  关注: {kind: boolean}
  月份: {kind: number, min: 1, max: 12}
tree:
  id: 总分
  points: 100
  round: 2
  children:
    预算执行率: {points: 20, formula: "clip(执行数 / 预算数, 0, 1) * points"}
    产出: {points: 80, formula: "clip(完成率, 0, 1) * points"}
    执行进度: {points: 10, counts: false, formula: "clip(执行数 / 预算数 / (月份 / 12), 0, 1) * points", grade: 灯}
grades:
  等级: {bands: {of: 总分, from: {90: 优, 80: 良, 60: 中, else: 差}}}
  灯: {bands: {of: score / points, from: {1: 绿, 0.8: 黄, else: 红}}}
ranking: {of: 总分, order: descending, ties: min, within: 科室}
procedures:
  sampling:
    count: 20%
    money: 20%
    amount: 预算数
    strata: 科室
    stratum_share: 10%
    certainty: {largest: 100, when: {社会关注: 关注}}
    until_money: true
  monitoring:
    month: 月份
    good: [绿]
    by: 科室
    levers: {执行进度: {input: 执行数, toward: up}}
  outcomes:
    awards: {先进: {first: 100, ties: all, outcome: 表扬}}
    rules: {低分: {when: "grade == '差'", outcome: 整改}}
    factor: {cases: {"grade == '优'": 1.05, "grade == '差'": 0.9, else: 1}}
    base: 预算数
"""


def projects(count: int) -> list[dict[str, object]]:
    """So many projects, the same every time."""
    chance = Random(2022)
    return [
        {
            "项目": f"项目{number:06d}",
            "科室": OFFICES[chance.randrange(len(OFFICES))],
            "预算数": (budget := chance.randrange(1, 100_000)),
            "执行数": budget * chance.randrange(40, 101) // 100,
            "完成率": f"{chance.randrange(50, 131)}%",
            "月份": 12,
            "关注": "是" if chance.random() < 0.01 else "否",
        }
        for number in range(count)
    ]


def scheme_and_records(count: int) -> tuple[Any, Any, float]:
    """The scheme, that many records of it, and the seconds that reading them took."""
    import perfrules
    from perfrules.records import records_from_mappings

    scheme, listed = perfrules.loads(SCHEME), projects(count)
    started = time.perf_counter()
    batch = records_from_mappings(scheme, listed)
    seconds = time.perf_counter() - started
    assert batch.count == len(batch.records) == count
    return scheme, batch, seconds


def sampled(scheme: Any, batch: Any) -> str:
    """A spot check of a fifth by count and by money, stratified."""
    from perfrules.procedures.sampling import sample

    drawn = sample(scheme, batch, seed=2022)
    assert drawn.meets_minimum
    return f"{len(drawn.ids):,} of {drawn.by_count.population} drawn"


def monitored(scheme: Any, batch: Any) -> str:
    """The light of every project at the end of August, by office, and what would turn each light green."""
    from perfrules.procedures.monitoring import monitor

    watch = monitor(scheme, batch.records, month=8)
    assert sum(watch.counts.values()) == len(batch.records)
    return ", ".join(f"{light} {count:,}" for light, count in watch.counts.items())


def ranked(scheme: Any, batch: Any) -> str:
    """Every project scored, ranked within its office, and settled."""
    from perfrules import verbs
    from perfrules.procedures.outcomes import settle

    settled = settle(scheme, [verbs.score(scheme, record, trace=False) for record in batch.records])
    followed = sum(bool(each.consequences) for each in settled)
    return f"{len(settled):,} ranked and settled, {followed:,} with consequences"


def diffed(scheme: Any, batch: Any) -> str:
    """Who gains and who loses when execution counts for more, every project scored by both schemes."""
    import perfrules

    text = SCHEME.replace("points: 20, formula", "points: 30, formula").replace(
        "points: 80, formula", "points: 70, formula"
    )
    made = perfrules.diff(scheme, perfrules.loads(text), batch.records).population
    assert made is not None
    changes = [each.change for each in made.records if each.change is not None]
    assert sum(changes) == made.after - made.before
    return f"{made.count['gain']:,} gain, {made.count['lose']:,} lose, {made.count['same']:,} stay"


PROCEDURES: dict[str, Callable[[Any, Any], str]] = {
    "sample": sampled,
    "monitor": monitored,
    "rank": ranked,
    "diff": diffed,
}
"""What is measured, by name: a function of the scheme and its records that does it once, and says what it came to."""


def measured(name: str, count: int, rounds: int) -> dict[str, Any]:
    """One procedure, in this process."""
    scheme, batch, reading = scheme_and_records(count)
    seconds, processor = [], []
    for _ in range(rounds):
        started, busy = time.perf_counter(), time.process_time()
        came_to = PROCEDURES[name](scheme, batch)
        seconds.append(time.perf_counter() - started)
        processor.append(time.process_time() - busy)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "procedure": name,
        "records": count,
        "reading": reading,
        "seconds": seconds,
        "processor": processor,
        "megabytes": peak,
        "came_to": came_to,
    }


def by_itself(name: str, count: int, rounds: int) -> dict[str, Any]:
    """One procedure, in a fresh process."""
    command = [sys.executable, __file__, "--one", name, "--records", str(count), "--rounds", str(rounds)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def report(machine: dict[str, object], lines: list[dict[str, Any]]) -> None:
    print("  ".join(f"{key}: {value}" for key, value in machine.items()))
    heads = (
        f"{'procedure':<12}{'records':>10}{'seconds':>10}{'processor':>11}{'per record':>12}{'reading':>10}{'peak':>10}"
    )
    print(f"\n{heads}  came to")
    for line in lines:
        elapsed, busy = (statistics.median(line[word]) for word in ("seconds", "processor"))
        each = f"{busy / line['records'] * 1e6:.0f} µs"
        figures = f"{line['records']:>10,}{elapsed:>10.2f}{busy:>11.2f}{each:>12}{line['reading']:>10.2f}"
        print(f"{line['procedure']:<12}{figures}{line['megabytes']:>7.0f} MB  {line['came_to']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--records", type=int, default=RECORDS, help=f"how many (default {RECORDS:,})")
    parser.add_argument("--rounds", type=int, default=3, help="rounds to measure (default 3)")
    parser.add_argument("--only", choices=list(PROCEDURES), action="append", help="this procedure, not all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE as well")
    parser.add_argument("--one", choices=list(PROCEDURES), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    count, rounds = max(arguments.records, 1), max(arguments.rounds, 1)
    if arguments.one:
        print(json.dumps(measured(arguments.one, count, rounds), ensure_ascii=False))
        return
    machine: dict[str, object] = {
        "cores": os.cpu_count(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "rounds": rounds,
    }
    lines = [by_itself(name, count, rounds) for name in arguments.only or PROCEDURES]
    report(machine, lines)
    if arguments.json:
        figures = {"machine": machine, "procedures": lines}
        arguments.json.write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
