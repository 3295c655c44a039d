"""What `diff` prints."""

from __future__ import annotations

from pathlib import Path

from perfrules.cli.console import FAULTY, FINE, Screen, exit_code
from perfrules.model import Scheme
from perfrules.procedures.diff import diff


def tell_difference(screen: Screen, a: Scheme, b: Scheme, records: Path | None) -> int:
    """Print what changes from one scheme to another, and over the records of a file."""
    made = diff(a, b, records)
    found = made.population.findings if made.population is not None else ()
    if screen.json:
        screen.give(made.as_json())
    else:
        screen.line(made.render(screen.lang))
        screen.findings(found)
    aside = made.population is not None and made.population.set_aside
    return FAULTY if aside else exit_code(found) if found else FINE
