"""The arguments and options that several commands take."""

from pathlib import Path

import click

PATH = click.Path(path_type=Path)

scheme = click.argument("scheme", metavar="SCHEME")
file = click.argument("file", metavar="FILE", type=PATH)
strict = click.option("--strict", is_flag=True, help="警告和提示也算不合格  warnings and remarks fail too")
stage = click.option("--stage", metavar="STAGE", help="一年中的哪个阶段  the stage of the year that the records are of")
benchmarks = click.option(
    "--benchmarks", type=PATH, metavar="FILE", help="已定的参照值（JSON）  frozen benchmarks to score by"
)
rulings = click.option("--rulings", type=PATH, metavar="FILE", help="审定文件（CSV、JSON）  rulings that overrule")
