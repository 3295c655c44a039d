"""Commands that score records."""

from __future__ import annotations

from pathlib import Path

import click

from perfrules.cli.commands import options
from perfrules.cli.commands.command import command
from perfrules.cli.commands.options import PATH
from perfrules.cli.console import FAULTY, FINE, Screen, exit_code


@command("给文件里的各条记录计分。", "Score the records of a file.")
@options.scheme
@options.file
@click.option(
    "-o", "--output", type=PATH, metavar="FILE", help="结果写到 .json .csv .xlsx .parquet  write results there"
)
@click.option(
    "--set-aside",
    "aside",
    type=PATH,
    metavar="FILE",
    help="大文件：搁置的记录写到那里（.csv）  of large files: what is set aside goes there",
)
@click.option(
    "--restart", is_flag=True, help="大文件：不接着上次，从头做起  of large files: begin anew, not where it was stopped"
)
@options.rulings
@options.stage
@options.benchmarks
@click.option(
    "--save-benchmarks",
    "save",
    type=PATH,
    metavar="FILE",
    help="参照值写到那里（JSON）  write the benchmarks there",
)
@click.option("--findings", "every", is_flag=True, help="逐条写出各记录的问题  print every finding of every record")
@options.strict
def score(
    screen: Screen,
    scheme: str,
    file: Path,
    output: Path | None,
    aside: Path | None,
    restart: bool,
    rulings: Path | None,
    stage: str | None,
    benchmarks: Path | None,
    save: Path | None,
    every: bool,
    strict: bool,
) -> int:
    from perfrules.cli import batches, telling
    from perfrules.formats.benchmarks import write_benchmarks
    from perfrules.formats.results import check_output, write_scores
    from perfrules.formats.tables import refused

    if output is not None and batches.in_batches(file, output):
        if rulings or save or every:
            zh = "结果写到 .parquet、或把 .parquet 写成 .csv 时，没有 --rulings、--save-benchmarks 和 --findings"
            en = "into .parquet, or from .parquet into .csv, there are no --rulings, --save-benchmarks and --findings"
            raise click.UsageError(screen.say(zh, en))
        return batches.score_batches(
            screen, scheme, file, output, set_aside=aside, benchmarks=benchmarks, stage=stage or "", restart=restart,
            strict=strict,
        )  # fmt: skip
    if aside or restart:
        zh, en = (
            "--set-aside 和 --restart 只用于写到 .parquet、或把 .parquet 写成 .csv",
            "--set-aside and --restart are for .parquet",
        )
        raise click.UsageError(screen.say(zh, en))
    inputs = [each for each in (file, rulings, benchmarks) if each is not None]
    if output is not None:
        check_output(output, inputs)
    if save is not None and any(save.resolve() == each.resolve() for each in (*inputs, *([output] if output else []))):
        raise refused("output-over-input", save)
    reading = telling.read_by_edition(scheme, file, rulings=rulings, stage=stage)
    frozen = telling.benchmarks_of(reading, benchmarks)
    if save is not None:
        write_benchmarks(save, reading.schemes, frozen)
    scores = telling.score_all(screen, reading, frozen)
    if output is not None:
        write_scores(scores, output, screen.lang)
    if screen.json:
        screen.give(scores.as_json())
    else:
        telling.tell_scores(screen, scores, every=every)
        if output is not None:
            screen.line(f"{screen.say('已写出', 'written')} {output}")
    return FAULTY if scores.set_aside or scores.refused else exit_code(scores.all_findings, strict=strict)


@command(
    "逐项说明一条记录的得分：数据、规则、失分、依据。", "Explain the score of one record: data, rules, losses, clauses."
)
@options.scheme
@options.file
@click.option("--record", metavar="ID", help="记录编号（只有一条时可不写）  the record, if there are several")
@click.option("--indicator", metavar="PATH", help="只说这个指标：路径或名称  only this indicator, by path or name")
@options.rulings
@options.stage
@options.benchmarks
def explain(
    screen: Screen,
    scheme: str,
    file: Path,
    record: str | None,
    indicator: str | None,
    rulings: Path | None,
    stage: str | None,
    benchmarks: Path | None,
) -> int:
    from perfrules import scorecards, verbs
    from perfrules.cli import telling

    reading = telling.read_by_edition(scheme, file, rulings=rulings, stage=stage)
    one = telling.chosen(reading.batch, file, record)
    made = reading.scheme_of(one)
    frozen = telling.benchmarks_of(reading, benchmarks).get(made.digest, {})
    card = verbs.score(made, one, benchmarks=frozen)
    path = None if indicator is None else telling.node_path(card, indicator)
    told = card.explain(screen.lang, path)
    if screen.json:
        screen.give(
            {"record": card.record, "indicator": path, "explanation": told, "scorecard": scorecards.as_json(card)}
        )
    else:
        screen.line(told.rstrip("\n"))
    return FINE
