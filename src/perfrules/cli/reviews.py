"""What the commands around a review print: the spot check that is drawn, and self-scores beside re-scores."""

from __future__ import annotations

from pathlib import Path

from perfrules.cli.console import FAULTY, Screen, exit_code
from perfrules.cli.telling import read
from perfrules.model import Scheme, SetAside
from perfrules.procedures.sampling import sample
from perfrules.procedures.spot_check import Coverage, Sample, percent
from perfrules.readings.prose import number


def sample_file(screen: Screen, scheme: Scheme, path: Path, seed: str, *, strict: bool) -> int:
    """Draw the spot check of a file of records, and print it."""
    drawn = sample(scheme, read(scheme, path), seed=seed)
    if screen.json:
        screen.give(drawn.as_json())
    else:
        _tell_sample(screen, drawn)
    return FAULTY if drawn.set_aside else exit_code(drawn.findings, strict=strict)


def _tell_sample(screen: Screen, drawn: Sample) -> None:
    say, scheme, declared = screen.say, drawn.scheme, drawn.declared
    screen.line(f"{scheme.title}  {scheme.id}" + (f"@{scheme.edition}" if scheme.edition else ""), "bold")
    for line in drawn.summary(screen.lang):
        screen.line(line)
    if declared.provenance.clause:
        screen.line(f"{say('依据：', 'By: ')}{declared.provenance.clause}")
    if declared.strata is not None and drawn.strata:
        screen.line()
        heads = say(
            "层 总体 至少 抽取 必查 占比 金额占比", "stratum population least sample certain share of-money"
        ).split()
        rows = [
            [each.name or "—", number(each.by_count.population), str(each.least), number(each.by_count.sample),
             str(each.certain), _share(each.by_count), _share(each.by_amount)]
            for each in drawn.strata
        ]  # fmt: skip
        screen.table(heads, rows, right=range(1, 7))
    if drawn.taken:
        screen.line()
        words = dict(zip(("certain", "largest", "drawn", "money"), say("必查 大额 抽取 续抽", "certain largest drawn further").split(), strict=True))  # fmt: skip
        heads = [scheme.key or say("编号", "record"), *say("层 金额 原因", "stratum amount why").split()]
        rows = []
        for taken in drawn.taken:
            why = say("、", ", ").join(words[word] for word in taken.why)
            why += f" ({say('、', ', ').join(taken.conditions)})" if taken.conditions else ""
            rows.append(
                [taken.record, taken.stratum or "—", "—" if taken.amount is None else number(taken.amount), why]
            )
        screen.table(heads, rows, right=[2])
    if drawn.findings:
        screen.line()
        screen.findings(drawn.findings)
    tell_set_aside(screen, drawn.set_aside)


def tell_set_aside(screen: Screen, aside: tuple[SetAside, ...]) -> None:
    """Print the records that could not be read, and why."""
    if aside:
        screen.line()
    for each in aside:
        screen.line(screen.say(f"搁置：第 {each.row} 行  {each.id}", f"set aside: line {each.row}  {each.id}"))
        screen.findings(each.findings, of=each.id)


def _share(coverage: Coverage | None) -> str:
    return "—" if coverage is None or coverage.share is None else percent(coverage.share)
