"""The commands of `perfrules`: their options, and which part of the house does the work. What a command needs beyond
click is imported when it runs, so that the others start fast."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from perfrules.cli.console import FAULTY, FINE, Screen, exit_code
from perfrules.findings import Language, PerfrulesError

if TYPE_CHECKING:
    from perfrules.editions import Reading

Command = Callable[..., int]
_PATH = click.Path(path_type=Path)


class _InOrder(click.Group):
    """A group whose commands are listed in the order in which people come to need them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="perfrules", prog_name="perfrules")
def perfrules() -> None:
    """预算绩效评价：评价体系写成文件，精确计分，逐项说明。

    Evaluation schemes of public budgets: scored exactly and explained.

    \b
    退出码 exit codes
      0  无误  fine
      1  有错误、有记录搁置或算不出总分、有表不符  errors, records set aside or without a total, forms that do not foot
      2  用法不对，或所指的并不存在  usage, or what is named does not exist
    """


def _command(zh: str, en: str, *, of: click.Group | None = None) -> Callable[[Command], click.Command]:
    """A command of the group (or of another), with the options that every command has; what is found on the way becomes its exit code."""

    def made(function: Command) -> click.Command:
        @functools.wraps(function)
        def run(*, form: str, lang: str, **options: Any) -> None:
            screen = Screen(cast(Language, lang), form == "json")
            try:
                code = function(screen, **options)
            except PerfrulesError as problem:
                code = screen.stop(problem.findings)
            click.get_current_context().exit(code)

        for option in (
            click.option(
                "--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="输出的语言 language"
            ),
            click.option(
                "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
                help="给人看的文字，或给程序的 JSON  text for people, JSON for programs",
            ),
        ):  # fmt: skip
            run = option(run)
        name = function.__name__.removesuffix("_")
        return (of or perfrules).command(
            name, help=f"{zh}\n\n{en}", short_help=f"{zh.split('。')[0]}  {en.split('.')[0]}"
        )(run)

    return made


_scheme = click.argument("scheme", metavar="SCHEME")
_file = click.argument("file", metavar="FILE", type=_PATH)
_strict = click.option("--strict", is_flag=True, help="警告和提示也算不合格  warnings and remarks fail too")
_stage = click.option(
    "--stage", metavar="STAGE", help="一年中的哪个阶段  the stage of the year that the records are of"
)
_benchmarks = click.option(
    "--benchmarks", type=_PATH, metavar="FILE", help="已定的参照值（JSON）  frozen benchmarks to score by"
)
_rulings = click.option("--rulings", type=_PATH, metavar="FILE", help="审定文件（CSV、JSON）  rulings that overrule")


# ------------------------------------------------------------------------------------------------ schemes


@_command("列出各插件带来的体系。", "List the schemes that plugins bring.")
def list_(screen: Screen) -> int:
    from perfrules.cli.telling import list_schemes

    return list_schemes(screen)


@_command(
    "写出体系的指标树、分值、规则和依据。SCHEME 是编号、编号@版本或文件。",
    "Show a scheme: tree, points, rules, provenance. SCHEME is an id, id@edition or a file.",
)
@_scheme
@click.option("--rules/--no-rules", default=True, help="是否写出规则  with the rules or without")
@click.option("--provenance/--no-provenance", default=True, help="是否写出依据  with provenance or without")
@click.option("--plan", "as_plan", is_flag=True, help="写出计算步骤  the steps of the plan instead")
@click.option("--resolved", is_flag=True, help="写出展开的 JSON  the scheme as JSON that loads without plugins")
@click.option("--generated", is_flag=True, help="写出生成的 Python  the Python that is generated for records")
def show(
    screen: Screen, scheme: str, rules: bool, provenance: bool, as_plan: bool, resolved: bool, generated: bool
) -> int:
    from perfrules import supplying, verbs
    from perfrules.cli import outline, showing

    made = supplying.scheme(scheme)
    if resolved:
        screen.give_text(made.resolved())
    elif generated:
        sources = verbs.generated(made)
        screen.give({"generated": sources}) if screen.json else screen.give_text("\n\n".join(sources.values()))
    elif as_plan:
        steps = outline.plan_steps(made)
        screen.give({"steps": steps}) if screen.json else showing.show_plan(screen, steps)
    elif screen.json:
        screen.give(outline.outline(made))
    else:
        showing.show(screen, outline.outline(made), rules=rules, provenance=provenance)
    return FINE


@_command(
    "检查体系文件、定义文件或插件文件夹。", "Check scheme files, files of definitions, or the folders of plugins."
)
@click.argument("files", metavar="FILE...", type=_PATH, nargs=-1, required=True)
@_strict
def check(screen: Screen, files: Sequence[Path], strict: bool) -> int:
    from perfrules.cli.telling import check_files

    return check_files(screen, files, strict=strict)


@_command("写出一张空表，列着体系要的数据。", "Write a blank form with the columns that a scheme wants.")
@_scheme
@click.option("-o", "--output", type=_PATH, required=True, metavar="FILE", help=".xlsx 或 or .csv")
def template(screen: Screen, scheme: str, output: Path) -> int:
    from perfrules import formats, supplying

    formats.write_template(supplying.scheme(scheme), output)
    if screen.json:
        screen.give({"written": str(output)})
    else:
        screen.line(f"{screen.say('已写出', 'written')} {output}")
    return FINE


# ------------------------------------------------------------------------------------------------ records


@_command("给文件里的各条记录计分。", "Score the records of a file.")
@_scheme
@_file
@click.option(
    "-o", "--output", type=_PATH, metavar="FILE", help="结果写到 .json .csv .xlsx .parquet  write results there"
)
@click.option(
    "--set-aside",
    "aside",
    type=_PATH,
    metavar="FILE",
    help="大文件：搁置的记录写到那里（.csv）  of large files: what is set aside goes there",
)
@click.option(
    "--restart", is_flag=True, help="大文件：不接着上次，从头做起  of large files: begin anew, not where it was stopped"
)
@_rulings
@_stage
@_benchmarks
@click.option(
    "--save-benchmarks",
    "save",
    type=_PATH,
    metavar="FILE",
    help="参照值写到那里（JSON）  write the benchmarks there",
)
@click.option("--findings", "every", is_flag=True, help="逐条写出各记录的问题  print every finding of every record")
@_strict
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


@_command(
    "逐项说明一条记录的得分：数据、规则、失分、依据。", "Explain the score of one record: data, rules, losses, clauses."
)
@_scheme
@_file
@click.option("--record", metavar="ID", help="记录编号（只有一条时可不写）  the record, if there are several")
@click.option("--indicator", metavar="PATH", help="只说这个指标：路径或名称  only this indicator, by path or name")
@_rulings
@_stage
@_benchmarks
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


@_command(
    "审核公布的表：逐行逐项重算，列出不符之处。FILE 是文件或文件夹；--facts 审核文件自己的数。",
    "Audit published forms: recompute them, and list what does not foot. FILE is a file or a folder; --facts audits the"
    " figures of documents.",
)
@click.argument("scheme", metavar="SCHEME", required=False)
@click.argument("file", metavar="FILE", type=_PATH, required=False)
@click.option("--record", metavar="ID", help="只审这条记录  only this record")
@click.option(
    "--facts", metavar="NAME", help="审核文件数据：发行包、编号、文件或 all  facts: a distribution, id, file, or all"
)
@click.option("--findings", "every", is_flag=True, help="文件夹：逐处写出  of a folder: print every item")
@_strict
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


@_command(
    "按体系规定的办法抽查：同一种子，总是同一批。",
    "Draw the spot check that a scheme declares: the same seed, the same sample.",
)
@_scheme
@_file
@click.option(
    "--seed", required=True, metavar="TEXT", help="种子：事先公布的数或文字  a number or text, made public first"
)
@_strict
def sample(screen: Screen, scheme: str, file: Path, seed: str, strict: bool) -> int:
    from perfrules import supplying
    from perfrules.cli import reviews

    return reviews.sample_file(screen, supplying.scheme(scheme), file, seed, strict=strict)


@_command(
    "比对自评与复核：偏差、改分的原因、等级变动。SELF 与 REVIEW 是记录或评分结果（JSON）。",
    "Hold self-scores against re-scores: deviations, reasons, grades that change. SELF and REVIEW are records, or results in"
    " JSON.",
)
@_scheme
@click.argument("own", metavar="SELF", type=_PATH)
@click.argument("review", metavar="REVIEW", type=_PATH)
@click.option("--rulings", type=_PATH, metavar="FILE", help="复核的审定文件（CSV、JSON）  rulings of the review")
@_strict
def reconcile(screen: Screen, scheme: str, own: Path, review: Path, rulings: Path | None, strict: bool) -> int:
    from perfrules import supplying
    from perfrules.cli import reviews

    return reviews.reconcile_files(screen, supplying.scheme(scheme), own, review, rulings, strict=strict)


@_command(
    "比较两份体系：逐项写出变化；有记录的，写出谁的得分、等级有什么增减。",
    "Compare two schemes: what changed, part by part; with records, who gains or loses which points and grades.",
)
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option(
    "--records", type=_PATH, metavar="FILE", help="记录文件，由两份体系各读一遍  records, read by each scheme"
)
def diff(screen: Screen, a: str, b: str, records: Path | None) -> int:
    from perfrules import supplying
    from perfrules.cli.differences import tell_difference

    return tell_difference(screen, supplying.scheme(a), supplying.scheme(b), records)


@_command(
    "运行监控：各对象亮什么灯，怎样才能变绿。",
    "Monitoring: the light of every object, and what would turn it good.",
)
@_scheme
@_file
@click.option(
    "--month", type=int, metavar="N", help="按第几个月看，1 至 12  the month to look at, not the records' own"
)
@_stage
@_benchmarks
@_strict
def monitor(
    screen: Screen, scheme: str, file: Path, month: int | None, stage: str | None, benchmarks: Path | None, strict: bool
) -> int:
    from perfrules.cli import watching

    reading = _one_edition(scheme, file, None, stage)
    return watching.monitor_file(screen, reading, month, benchmarks, strict=strict)


@_command("按体系规定的办法排名。", "Rank the records of a file as the scheme declares.")
@_scheme
@_file
@_rulings
@_stage
@_benchmarks
@_strict
def rank(
    screen: Screen, scheme: str, file: Path, rulings: Path | None, stage: str | None, benchmarks: Path | None,
    strict: bool,
) -> int:  # fmt: skip
    from perfrules.cli import watching

    reading = _one_edition(scheme, file, rulings, stage)
    return watching.rank_file(screen, reading, benchmarks, strict=strict)


@_command(
    "结果应用：奖励、整改、下年预算，各有理由。",
    "What follows from scores and ranks: awards, rules, next year's budget.",
)
@_scheme
@_file
@_rulings
@_stage
@_benchmarks
@_strict
def outcomes(
    screen: Screen, scheme: str, file: Path, rulings: Path | None, stage: str | None, benchmarks: Path | None,
    strict: bool,
) -> int:  # fmt: skip
    from perfrules.cli import watching

    reading = _one_edition(scheme, file, rulings, stage)
    return watching.settle_file(screen, reading, benchmarks, strict=strict)


def _one_edition(scheme: str, file: Path, rulings: Path | None, stage: str | None) -> Reading:
    from perfrules.cli import telling

    reading = telling.read_by_edition(scheme, file, rulings=rulings, stage=stage)
    telling.the_only_edition(reading)
    return reading


@_command(
    "对比一年中的两个阶段：什么变了，什么落后于时间进度。",
    "Compare two stages of a year: what moved, and what is behind the month.",
)
@_scheme
@click.option(
    "--before", type=_PATH, required=True, metavar="FILE", help="前一阶段的记录  records of the earlier stage"
)
@click.option("--after", type=_PATH, required=True, metavar="FILE", help="后一阶段的记录  records of the later stage")
@click.option("--month", type=int, required=True, metavar="N", help="后一阶段是几月，1 至 12  the month of the later")
@click.option("--before-stage", metavar="STAGE", help="前一阶段的名称  its name, where records do not say")
@click.option("--after-stage", metavar="STAGE", help="后一阶段的名称  its name, where records do not say")
@_strict
def stages(
    screen: Screen, scheme: str, before: Path, after: Path, month: int, before_stage: str | None,
    after_stage: str | None, strict: bool,
) -> int:  # fmt: skip
    from perfrules.cli import watching

    sides = ((before, before_stage), (after, after_stage))
    return watching.compare_files(screen, scheme, sides, month, strict=strict)


@_command(
    "测试插件或体系：定律、算例、依据，逐项给出结论。TARGET 是发行包名、体系编号或文件。",
    "Test a plugin or a scheme: laws, worked cases, provenance. TARGET is a distribution, a scheme's id or a file.",
)
@click.argument("target", metavar="TARGET")
@click.option("--cases", type=_PATH, metavar="PATH", help="算例所在的文件夹或文件  the folder or file of worked cases")
@click.option(
    "--examples",
    type=click.IntRange(1, 10_000),
    default=60,
    show_default=True,
    metavar="N",
    help="每个体系试多少条记录  how many records each scheme is tried on",
)
@click.option("--known", type=_PATH, metavar="FILE", help="已知不符及缘由（YAML）  known failures, with their reasons")
@click.option(
    "--law", "laws", multiple=True, metavar="NAME", help="只测这一项，可重复  only this check; may be repeated"
)
def test(
    screen: Screen, target: str, cases: Path | None, known: Path | None, examples: int, laws: Sequence[str]
) -> int:
    from perfrules.cli import testing

    return testing.test_target(screen, target, cases, known, examples, laws)


@perfrules.group("cases", cls=_InOrder, short_help="算例：试算、记录  Worked cases: try them, record them")
def cases_() -> None:
    """算例文件（*.cases.yaml）：试算、记录。

    Files of worked cases: try them, record them.
    """


@_command("试算算例文件，列出不符之处。", "Try files of worked cases, and tell what differs.", of=cases_)
@click.argument("files", metavar="PATH...", type=_PATH, nargs=-1, required=True)
def run(screen: Screen, files: Sequence[Path]) -> int:
    from perfrules.cli import testing

    return testing.run_cases(screen, files)


@_command(
    "把记录和算出的分写成算例文件，待人核对。",
    "Write records and their scores as a file of cases, to be confirmed.",
    of=cases_,
)
@_scheme
@_file
@click.option("-o", "--output", type=_PATH, required=True, metavar="FILE", help="*.cases.yaml")
@click.option("--source", metavar="TEXT", default="", help="这些数从哪里来  where the figures come from")
def record(screen: Screen, scheme: str, file: Path, output: Path, source: str) -> int:
    from perfrules.cli import testing

    return testing.record_cases(screen, scheme, file, output, source)


@_command(
    "证明：体系对一切记录都成立什么，不成立的举出反例。",
    "Prove what holds of a scheme for every record; what does not is refuted by a record.",
)
@click.argument("scheme", metavar="SCHEME", required=False)
@click.option("--all", "whole", is_flag=True, help="各插件带来的每一个体系  every scheme that plugins bring")
@click.option("--claim", "claims", metavar="TEXT", multiple=True, help="只问这一条  a condition to prove, alone")
@click.option("--same-as", metavar="SCHEME", help="与另一体系得数是否处处相同  whether another comes to the same")
@click.option("--every", is_flag=True, help="成立的也逐条列出  list what is proved too")
def prove(
    screen: Screen, scheme: str | None, whole: bool, claims: Sequence[str], same_as: str | None, every: bool
) -> int:
    from perfrules import supplying
    from perfrules.cli import proving

    if (scheme is None) is not whole or (same_as is not None and (whole or claims)):
        raise click.UsageError(
            screen.say(
                "写一个 SCHEME，或写 --all；--same-as 只用于一个体系", "give one SCHEME, or --all; --same-as is for one"
            )
        )
    if scheme is not None:
        schemes = [supplying.scheme(scheme)]
    else:
        made, _ = supplying.schemes()
        schemes = [each for editions in made.values() for each in editions]
    other = supplying.scheme(same_as) if same_as is not None else None
    return proving.prove_schemes(screen, schemes, claims, other, every=every)


@_command(
    "生成算例：每一分支都走到、每一分界都碰到的记录，待人核对。",
    "Generate cases: records that take every arm and touch every edge, to be confirmed.",
    of=cases_,
)
@_scheme
@click.option("-o", "--output", type=_PATH, required=True, metavar="FILE", help="*.cases.yaml")
def generate(screen: Screen, scheme: str, output: Path) -> int:
    from perfrules.cli import mutating

    return mutating.generate_cases(screen, scheme, output)


@_command(
    "逐处改动体系，看有没有算例或定律会发现。",
    "Change a scheme in one place after another, and see whether a case or law tells.",
)
@_scheme
@click.option(
    "--cases",
    "paths",
    type=_PATH,
    multiple=True,
    metavar="PATH",
    help="算例所在的文件夹或文件，可重复；缺省为当前文件夹  folder or file of worked cases (default: here)",
)
@click.option("--laws/--no-laws", default=True, help="是否也用定律来试  whether laws are tried too")
def mutate(screen: Screen, scheme: str, paths: Sequence[Path], laws: bool) -> int:
    from perfrules.cli import mutating

    return mutating.mutate_scheme(screen, scheme, paths, laws=laws)


@_command(
    "写出 JSON Schema：体系文件的或评分结果的。", "Print a JSON Schema: of scheme files, or of the JSON of scores."
)
@click.argument("of", type=click.Choice(["scheme", "scorecard"]), default="scheme")
def schema(screen: Screen, of: str) -> int:
    from importlib.resources import files

    from perfrules.grammar import json_schema_text

    if of == "scheme":
        screen.give_text(json_schema_text())
    else:
        screen.give_text(files("perfrules").joinpath("scorecard.schema.json").read_text(encoding="utf-8"))
    return FINE
