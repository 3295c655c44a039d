"""Binzhou (山东省滨州市): its departments, those of Boxing County (博兴县), Zhanhua's townships (沾化区), and the report's figures.

`perfrules_binzhou.pilots` has what the report says was picked for what, level by level.
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
