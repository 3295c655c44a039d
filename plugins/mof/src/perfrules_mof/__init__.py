"""Schemes of the Ministry of Finance (财政部): self-evaluation and the project framework."""

from importlib.resources import files
from pathlib import Path

from perfrules.plugins import hookimpl


@hookimpl
def register_schemes() -> list[Path]:
    """The scheme files of this distribution, in the order of their names."""
    return sorted(Path(str(files(__name__) / "schemes")).glob("*.yaml"))
