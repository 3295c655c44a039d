"""Schemes of Gangcheng District (济南市钢城区): its key projects and their published grades."""

from importlib.resources import files
from pathlib import Path

from perfrules.plugins import hookimpl


@hookimpl
def register_schemes() -> list[Path]:
    """The scheme files of this distribution, in the order of their names."""
    return sorted(Path(str(files(__name__) / "schemes")).glob("*.yaml"))
