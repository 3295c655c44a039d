"""Gangcheng District (济南市钢城区): its key projects and their published grades, and the figures of its report.

`perfrules_gangcheng.problems` has the seven kinds of problem of the report, `perfrules_gangcheng.rectification` its deadline.
"""

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
