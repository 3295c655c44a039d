"""Jin'an District (六安市金安区): the coverage, spot checks and lights of its oversight, and the figures of its report."""

from importlib.resources import files
from pathlib import Path

from perfrules.plugins import hookimpl


@hookimpl
def register_schemes() -> list[Path]:
    """The scheme files of this distribution, in the order of their names."""
    return _files("schemes")


@hookimpl
def register_facts() -> list[Path]:
    """The figures of the report that can be held against one another."""
    return _files("facts")


def _files(folder: str) -> list[Path]:
    return sorted(Path(str(files(__name__) / folder)).glob("*.yaml"))
