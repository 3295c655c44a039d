"""Commands about schemes themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from perfrules.cli.commands import options
from perfrules.cli.commands.command import command
from perfrules.cli.commands.options import PATH
from perfrules.cli.console import FINE, Screen


@command("列出各插件带来的体系。", "List the schemes that plugins bring.")
def list_(screen: Screen) -> int:
    from perfrules.cli.telling import list_schemes

    return list_schemes(screen)


@command(
    "写出体系的指标树、分值、规则和依据。SCHEME 是编号、编号@版本或文件。",
    "Show a scheme: tree, points, rules, provenance. SCHEME is an id, id@edition or a file.",
)
@options.scheme
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


@command("检查体系文件、定义文件或插件文件夹。", "Check scheme files, files of definitions, or the folders of plugins.")
@click.argument("files", metavar="FILE...", type=PATH, nargs=-1, required=True)
@options.strict
def check(screen: Screen, files: Sequence[Path], strict: bool) -> int:
    from perfrules.cli.telling import check_files

    return check_files(screen, files, strict=strict)


@command("写出一张空表，列着体系要的数据。", "Write a blank form with the columns that a scheme wants.")
@options.scheme
@click.option("-o", "--output", type=PATH, required=True, metavar="FILE", help=".xlsx 或 or .csv")
def template(screen: Screen, scheme: str, output: Path) -> int:
    from perfrules import formats, supplying

    formats.write_template(supplying.scheme(scheme), output)
    if screen.json:
        screen.give({"written": str(output)})
    else:
        screen.line(f"{screen.say('已写出', 'written')} {output}")
    return FINE


@command(
    "比较两份体系：逐项写出变化；有记录的，写出谁的得分、等级有什么增减。",
    "Compare two schemes: what changed, part by part; with records, who gains or loses which points and grades.",
)
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--records", type=PATH, metavar="FILE", help="记录文件，由两份体系各读一遍  records, read by each scheme")
def diff(screen: Screen, a: str, b: str, records: Path | None) -> int:
    from perfrules import supplying
    from perfrules.cli.differences import tell_difference

    return tell_difference(screen, supplying.scheme(a), supplying.scheme(b), records)


@command(
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
