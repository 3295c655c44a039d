"""The commands of `perfrules`: their options, and which part of the house does the work. What a command needs beyond
click is imported when it runs, so that the others start fast."""

import click

from perfrules.cli.commands.command import InOrder
from perfrules.cli.commands.procedures import audit, monitor, outcomes, rank, reconcile, sample, stages
from perfrules.cli.commands.records import explain, score
from perfrules.cli.commands.schemes import check, diff, list_, schema, show, template
from perfrules.cli.commands.testing import cases, mutate, prove, test

_ORDER = [
    *(list_, show, check, template),
    *(score, explain),
    *(audit, sample, reconcile, diff, monitor, rank, outcomes, stages),
    *(test, cases, prove, mutate),
    schema,
]


@click.group(
    cls=InOrder,
    commands=_ORDER,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="perfrules", prog_name="perfrules")
def perfrules() -> None:
    """预算绩效评价：评价体系写成文件，精确计分，逐项说明。

    Evaluation schemes of public budgets: scored exactly and explained.

    \b
    退出码 exit codes
      0  无误  fine
      1  有错误、有记录搁置或算不出总分、有表不符  errors, records set aside or without a total, forms that do not foot
      2  用法不对，或所指的并不存在  usage, or what is named does not exist
      3  程序本身出错，请报告  perfrules itself failed; please report it
    """
