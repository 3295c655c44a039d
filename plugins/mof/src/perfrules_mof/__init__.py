"""Schemes of the Ministry of Finance (财政部): self-evaluation and the project framework."""

from importlib.resources import files
from pathlib import Path

from perfrules.plugins import hookimpl


@hookimpl
def register_schemes() -> list[Path]:
    """The scheme files of this distribution, in the order of their names."""
    return _files("schemes")


@hookimpl
def register_definitions() -> list[Path]:
    """The files of definitions that its schemes share; others see them by `use: [perfrules-mof]`."""
    return _files("definitions")


def _files(folder: str) -> list[Path]:
    return sorted(Path(str(files(__name__) / folder)).glob("*.yaml"))
