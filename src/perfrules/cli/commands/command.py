"""What every command has: help in two languages, options for language and format, an exit code out of what was found."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast

import click

from perfrules.cli.console import Screen
from perfrules.findings import Language, PerfrulesError

Command = Callable[..., int]


class InOrder(click.Group):
    """A group whose commands are listed in the order in which people come to need them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


def command(zh: str, en: str) -> Callable[[Command], click.Command]:
    """A command, with the options that every command has; what is found on the way becomes its exit code."""

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
        return click.command(name, help=f"{zh}\n\n{en}", short_help=f"{zh.split('。')[0]}  {en.split('.')[0]}")(run)

    return made
