"""The performance assessment of Zaozhuang's municipal institutions (枣庄市直事业单位绩效考核): scheme, tables, facts."""

from importlib.resources import files
from pathlib import Path

from perfrules.plugins import hookimpl


@hookimpl
def register_schemes() -> list[Path]:
    """The scheme files of this distribution, in the order of their names."""
    return _files("schemes")


def _files(folder: str) -> list[Path]:
    return sorted(Path(str(files(__name__) / folder)).glob("*.yaml"))
