"""Commands for what evaluators do around the score."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from perfrules.cli.commands import options
from perfrules.cli.commands.command import command
from perfrules.cli.commands.options import PATH
from perfrules.cli.console import Screen

if TYPE_CHECKING:
    from perfrules.editions import Reading


@command(
    "审核公布的表：逐行逐项重算，列出不符之处。FILE 是文件或文件夹；--facts 审核文件自己的数。",
    "Audit published forms: recompute them, and list what does not foot. FILE is a file or a folder; --facts audits the"
    " figures of documents.",
)
@click.argument("scheme", metavar="SCHEME", required=False)
@click.argument("file", metavar="FILE", type=PATH, required=False)
@click.option("--record", metavar="ID", help="只审这条记录  only this record")
@click.option(
    "--facts", metavar="NAME", help="审核文件数据：发行包、编号、文件或 all  facts: a distribution, id, file, or all"
)
@click.option("--findings", "every", is_flag=True, help="文件夹：逐处写出  of a folder: print every item")
@options.strict
def audit(
    screen: Screen,
    scheme: str | None,
    file: Path | None,
    record: str | None,
    facts: str | None,
    every: bool,
    strict: bool,
) -> int:
    from perfrules import supplying
    from perfrules.cli import audits

    if facts is not None and scheme is None:
        return audits.audit_facts(screen, facts, strict=strict)
    if facts is not None or scheme is None or file is None:
        raise click.UsageError(
            screen.say("写 SCHEME FILE，或只写 --facts NAME", "give SCHEME FILE, or --facts NAME alone")
        )
    made = supplying.scheme(scheme)
    if file.is_dir() and record is None:
        return audits.audit_tables(screen, made, file, every=every, strict=strict)
    return audits.audit_forms(screen, made, file, record, strict=strict)


@command(
    "按体系规定的办法抽查：同一种子，总是同一批。",
    "Draw the spot check that a scheme declares: the same seed, the same sample.",
)
@options.scheme
@options.file
@click.option(
    "--seed", required=True, metavar="TEXT", help="种子：事先公布的数或文字  a number or text, made public first"
)
@options.strict
def sample(screen: Screen, scheme: str, file: Path, seed: str, strict: bool) -> int:
    from perfrules import supplying
    from perfrules.cli import reviews

    return reviews.sample_file(screen, supplying.scheme(scheme), file, seed, strict=strict)


@command(
    "比对自评与复核：偏差、改分的原因、等级变动。SELF 与 REVIEW 是记录或评分结果（JSON）。",
    "Hold self-scores against re-scores: deviations, reasons, grades that change. SELF and REVIEW are records, or results in"
    " JSON.",
)
@options.scheme
@click.argument("own", metavar="SELF", type=PATH)
@click.argument("review", metavar="REVIEW", type=PATH)
@click.option("--rulings", type=PATH, metavar="FILE", help="复核的审定文件（CSV、JSON）  rulings of the review")
@options.strict
def reconcile(screen: Screen, scheme: str, own: Path, review: Path, rulings: Path | None, strict: bool) -> int:
    from perfrules import supplying
    from perfrules.cli import reviews

    return reviews.reconcile_files(screen, supplying.scheme(scheme), own, review, rulings, strict=strict)


@command(
    "运行监控：各对象亮什么灯，怎样才能变绿。",
    "Monitoring: the light of every object, and what would turn it good.",
)
@options.scheme
@options.file
@click.option(
    "--month", type=int, metavar="N", help="按第几个月看，1 至 12  the month to look at, not the records' own"
)
@options.stage
@options.benchmarks
@options.strict
def monitor(
    screen: Screen, scheme: str, file: Path, month: int | None, stage: str | None, benchmarks: Path | None, strict: bool
) -> int:
    from perfrules.cli import watching

    reading = _one_edition(scheme, file, None, stage)
    return watching.monitor_file(screen, reading, month, benchmarks, strict=strict)


@command("按体系规定的办法排名。", "Rank the records of a file as the scheme declares.")
@options.scheme
@options.file
@options.rulings
@options.stage
@options.benchmarks
@options.strict
def rank(
    screen: Screen, scheme: str, file: Path, rulings: Path | None, stage: str | None, benchmarks: Path | None,
    strict: bool,
) -> int:  # fmt: skip
    from perfrules.cli import watching

    reading = _one_edition(scheme, file, rulings, stage)
    return watching.rank_file(screen, reading, benchmarks, strict=strict)


@command(
    "结果应用：奖励、整改、下年预算，各有理由。",
    "What follows from scores and ranks: awards, rules, next year's budget.",
)
@options.scheme
@options.file
@options.rulings
@options.stage
@options.benchmarks
@options.strict
def outcomes(
    screen: Screen, scheme: str, file: Path, rulings: Path | None, stage: str | None, benchmarks: Path | None,
    strict: bool,
) -> int:  # fmt: skip
    from perfrules.cli import watching

    reading = _one_edition(scheme, file, rulings, stage)
    return watching.settle_file(screen, reading, benchmarks, strict=strict)


@command(
    "对比一年中的两个阶段：什么变了，什么落后于时间进度。",
    "Compare two stages of a year: what moved, and what is behind the month.",
)
@options.scheme
@click.option("--before", type=PATH, required=True, metavar="FILE", help="前一阶段的记录  records of the earlier stage")
@click.option("--after", type=PATH, required=True, metavar="FILE", help="后一阶段的记录  records of the later stage")
@click.option("--month", type=int, required=True, metavar="N", help="后一阶段是几月，1 至 12  the month of the later")
@click.option("--before-stage", metavar="STAGE", help="前一阶段的名称  its name, where records do not say")
@click.option("--after-stage", metavar="STAGE", help="后一阶段的名称  its name, where records do not say")
@options.strict
def stages(
    screen: Screen, scheme: str, before: Path, after: Path, month: int, before_stage: str | None,
    after_stage: str | None, strict: bool,
) -> int:  # fmt: skip
    from perfrules.cli import watching

    sides = ((before, before_stage), (after, after_stage))
    return watching.compare_files(screen, scheme, sides, month, strict=strict)


def _one_edition(scheme: str, file: Path, rulings: Path | None, stage: str | None) -> Reading:
    from perfrules.cli import telling

    reading = telling.read_by_edition(scheme, file, rulings=rulings, stage=stage)
    telling.the_only_edition(reading)
    return reading
