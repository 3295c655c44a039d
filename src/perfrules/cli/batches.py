"""A file of any size scored into another: counts that add up, a bar on a terminal, and how to go on after a stop."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perfrules import supplying
from perfrules.cli.console import FAULTY, Screen, exit_code, many
from perfrules.findings import SEVERITIES, SEVERITY_WORDS, Finding, RecordError, catalogue
from perfrules.formats.benchmarks import read_benchmarks
from perfrules.formats.streaming import TARGETS, FileScores, Progress, score_file
from perfrules.model import Scheme

STOPPED = 130
"""The exit code of a command that was stopped at the keyboard."""


def in_batches(file: Path, output: Path | None) -> bool:
    """Whether a file is scored in batches: one into Parquet, and Parquet into CSV."""
    if output is None:
        return False
    kinds = file.suffix.lower(), output.suffix.lower()
    return kinds[1] == ".parquet" or (kinds[0] == ".parquet" and kinds[1] in TARGETS)


def score_batches(
    screen: Screen, name: str, file: Path, output: Path, *, set_aside: Path | None, benchmarks: Path | None, stage: str,
    restart: bool, strict: bool,
) -> int:  # fmt: skip
    """Score a file into another, and print what it came to."""
    scheme = _edition(name)
    frozen = None if benchmarks is None else read_benchmarks(benchmarks, [scheme]).get(scheme.digest, {})
    try:
        with _bar(screen) as progress:
            made = score_file(
                scheme, file, output, set_aside=set_aside, benchmarks=frozen, stage=stage, restart=restart,
                lang=screen.lang, progress=progress,
            )  # fmt: skip
    except KeyboardInterrupt:
        zh = "已停下，做完的都在；再运行同一命令就接着做。"
        screen.line(screen.say(zh, "Stopped; what is done is kept. Run the same command again to go on."), err=True)
        return STOPPED
    if screen.json:
        screen.give(_as_json(scheme, made))
    else:
        _tell(screen, scheme, made)
    graves = [Finding(found) for found in made.tally.findings if found in catalogue()]
    return FAULTY if made.tally.set_aside else exit_code([*made.findings, *graves], strict=strict)


def _edition(name: str) -> Scheme:
    """The scheme of a name. Raises RecordError where its records choose among several editions."""
    editions = supplying.editions(name)
    if len(editions) > 1 and any(each.period for each in editions):
        seen = {"editions": "、".join(each.edition for each in editions)}
        raise RecordError([Finding("several-editions", None, editions[0].id, seen)])
    return editions[0]


@contextmanager
def _bar(screen: Screen) -> Iterator[Progress | None]:
    """A bar on the terminal, on standard error; none where there is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(screen.say("计分", "scoring"), total=None)
        yield lambda done, count: bar.update(task, completed=done, total=count)


def _as_json(scheme: Scheme, made: FileScores) -> dict[str, object]:
    tally = made.tally
    return {
        "scheme": {"id": scheme.id, "edition": scheme.edition, "digest": scheme.digest},
        "written": str(made.target),
        "set_aside": str(made.set_aside),
        "findings": [f.as_json() for f in made.findings],
        "found": dict(tally.findings),
        "count": {
            "lines": tally.lines,
            "scorecards": tally.scored,
            "without_score": tally.without_score,
            "set_aside": tally.set_aside,
            "passed_over": tally.passed_over,
            "resumed": made.resumed,
            "grades": {
                scale.name: {label: tally.grades[scale.name][label] for label in scale.labels}
                for scale in scheme.grades.values()
            },
        },
    }


def _tell(screen: Screen, scheme: Scheme, made: FileScores) -> None:
    say, tally = screen.say, made.tally
    screen.line(f"{scheme.title}  {scheme.id}" + (f"@{scheme.edition}" if scheme.edition else ""), "bold")
    if made.findings:
        screen.line()
        screen.findings(made.findings)
    if tally.findings:
        screen.line()
        graves = SEVERITY_WORDS[screen.lang]
        known = catalogue()
        names = sorted(tally.findings, key=lambda n: (SEVERITIES.index(known[n]["severity"]), n))
        rows = [[name, graves[known[name]["severity"]], str(tally.findings[name])] for name in names]
        screen.table(say("问题 轻重 次数", "finding severity times").split(), rows, right=[2])
    screen.line()
    if made.resumed:
        screen.line(
            say(f"接着上次：前 {made.resumed} 行已经做完。", f"Taken up again after {many(made.resumed, 'line')}.")
        )
    scored, without, aside, passed = (
        tally.scored - tally.without_score, tally.without_score, tally.set_aside, tally.passed_over,
    )  # fmt: skip
    zh = (
        f"共 {tally.lines} 行：有得分 {scored}，无得分 {without}，搁置 {aside}"
        + (f"，合计行 {passed}" if passed else "")
        + "。"
    )
    en = f"{many(tally.lines, 'line')}: {scored} with a score, {without} without, {aside} set aside"
    screen.line(say(zh, en + (f", {passed} of totals." if passed else ".")))
    for scale in scheme.grades.values():
        counts = tally.grades[scale.name]
        told = [(label, counts[label]) for label in scale.labels]
        ungraded = tally.scored - sum(counts.values())
        told += [(say("没有等级", "no grade"), ungraded)] if ungraded else []
        words = say("，", ", ").join(f"{label} {count}" for label, count in told)
        screen.line(f"{scale.name}{say('：', ': ')}{words}{say('。', '.')}")
    screen.line(f"{say('已写出', 'written')} {made.target}")
    if aside:
        screen.line(f"{say('搁置的在', 'set aside in')} {made.set_aside}")
