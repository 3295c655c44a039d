"""The assessment of Zaozhuang's municipal institutions (枣庄市直事业单位绩效考核): scheme, published tables, facts."""

from importlib.resources import files
from pathlib import Path

from perfrules.plugins import hookimpl


@hookimpl
def register_schemes() -> list[Path]:
    """The scheme files of this distribution, in the order of their names."""
    return _files("schemes")


@hookimpl
def register_facts() -> list[Path]:
    """The figures of the published notice, and how they must hang together."""
    return _files("facts")


def _files(folder: str) -> list[Path]:
    return sorted(Path(str(files(__name__) / folder)).glob("*.yaml"))
