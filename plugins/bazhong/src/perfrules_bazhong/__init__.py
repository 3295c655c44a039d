"""Bazhong (巴中市): the self-evaluation of a department's overall expenditure, and the figures of its report."""

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
