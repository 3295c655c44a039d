"""The command line 命令行: `perfrules COMMAND`; `commands` has them all."""

from __future__ import annotations

import sys
from importlib.util import find_spec

__all__ = ["main"]


def main() -> None:
    """Run the command line: what the console script `perfrules` calls."""
    wanting = [name for name in ("click", "rich") if find_spec(name) is None]
    if wanting:
        sys.exit(f"perfrules: {', '.join(wanting)} wanting; pip install 'perfrules[cli]'")
    from perfrules.cli.breakdown import tell_breakdown
    from perfrules.cli.commands import perfrules
    from perfrules.cli.console import forgive_streams

    forgive_streams()
    try:
        perfrules(prog_name="perfrules")
    except Exception as problem:  # the last net: whatever it is, a user is told in words
        sys.exit(tell_breakdown(problem))
