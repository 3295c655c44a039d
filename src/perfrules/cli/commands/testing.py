"""Commands that test and prove schemes, and keep their worked cases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from perfrules.cli.commands import options
from perfrules.cli.commands.command import InOrder, command
from perfrules.cli.commands.options import PATH
from perfrules.cli.console import Screen


@command(
    "测试插件或体系：定律、算例、依据，逐项给出结论。TARGET 是发行包名、体系编号、文件或文件夹。",
    "Test a plugin or a scheme: laws, worked cases, provenance. TARGET is a distribution, a scheme's id, a file or a folder.",
)
@click.argument("target", metavar="TARGET")
@click.option("--cases", type=PATH, metavar="PATH", help="算例所在的文件夹或文件  the folder or file of worked cases")
@click.option(
    "--examples",
    type=click.IntRange(1, 10_000),
    default=60,
    show_default=True,
    metavar="N",
    help="每个体系试多少条记录  how many records each scheme is tried on",
)
@click.option("--known", type=PATH, metavar="FILE", help="已知不符及缘由（YAML）  known failures, with their reasons")
@click.option(
    "--law", "laws", multiple=True, metavar="NAME", help="只测这一项，可重复  only this check; may be repeated"
)
def test(
    screen: Screen, target: str, cases: Path | None, known: Path | None, examples: int, laws: Sequence[str]
) -> int:
    from perfrules.cli import testing

    return testing.test_target(screen, target, cases, known, examples, laws)


@command("试算算例文件，列出不符之处。", "Try files of worked cases, and tell what differs.")
@click.argument("files", metavar="PATH...", type=PATH, nargs=-1, required=True)
def run(screen: Screen, files: Sequence[Path]) -> int:
    from perfrules.cli import testing

    return testing.run_cases(screen, files)


@command(
    "把记录和算出的分写成算例文件，待人核对。",
    "Write records and their scores as a file of cases, to be confirmed.",
)
@options.scheme
@options.file
@click.option("-o", "--output", type=PATH, required=True, metavar="FILE", help="*.cases.yaml")
@click.option("--source", metavar="TEXT", default="", help="这些数从哪里来  where the figures come from")
def record(screen: Screen, scheme: str, file: Path, output: Path, source: str) -> int:
    from perfrules.cli import testing

    return testing.record_cases(screen, scheme, file, output, source)


@command(
    "生成算例：每一分支都走到、每一分界都碰到的记录，待人核对。",
    "Generate cases: records that take every arm and touch every edge, to be confirmed.",
)
@options.scheme
@click.option("-o", "--output", type=PATH, required=True, metavar="FILE", help="*.cases.yaml")
def generate(screen: Screen, scheme: str, output: Path) -> int:
    from perfrules.testing.needs import needed

    needed("hypothesis")
    from perfrules.cli import mutating

    return mutating.generate_cases(screen, scheme, output)


@click.group(
    "cases",
    cls=InOrder,
    commands=[run, record, generate],
    short_help="算例：试算、记录  Worked cases: try them, record them",
)
def cases() -> None:
    """算例文件（*.cases.yaml）：试算、记录。

    Files of worked cases: try them, record them.
    """


@command(
    "证明：体系对一切记录都成立什么，不成立的举出反例。",
    "Prove what holds of a scheme for every record; what does not is refuted by a record.",
)
@click.argument("scheme", metavar="SCHEME", required=False)
@click.option("--all", "whole", is_flag=True, help="各插件带来的每一个体系  every scheme that plugins bring")
@click.option("--claim", "claims", metavar="TEXT", multiple=True, help="只问这一条  a condition to prove, alone")
@click.option("--same-as", metavar="SCHEME", help="与另一体系得数是否处处相同  whether another comes to the same")
@click.option("--every", is_flag=True, help="成立的也逐条列出  list what is proved too")
@click.option("--known", type=PATH, metavar="FILE", help="已知不成立及缘由（YAML）  what is known not to hold, and why")
def prove(
    screen: Screen, scheme: str | None, whole: bool, claims: Sequence[str], same_as: str | None, every: bool,
    known: Path | None,
) -> int:  # fmt: skip
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
    return proving.prove_schemes(screen, schemes, claims, other, every=every, known=known)


@command(
    "逐处改动体系，看有没有算例或定律会发现。",
    "Change a scheme in one place after another, and see whether a case or law tells.",
)
@options.scheme
@click.option(
    "--cases",
    "paths",
    type=PATH,
    multiple=True,
    metavar="PATH",
    help="算例所在的文件夹或文件，可重复；缺省为当前文件夹  folder or file of worked cases (default: here)",
)
@click.option("--laws/--no-laws", default=True, help="是否也用定律来试  whether laws are tried too")
def mutate(screen: Screen, scheme: str, paths: Sequence[Path], laws: bool) -> int:
    from perfrules.testing.needs import needed

    needed("hypothesis")
    from perfrules.cli import mutating

    return mutating.mutate_scheme(screen, scheme, paths, laws=laws)
