"""The whole suite of the distribution: it loads, every law holds, every worked case comes out."""

from __future__ import annotations

from pathlib import Path

from perfrules.testing import scheme_checks
from perfrules.testing.conformance import Check


@scheme_checks("perfrules_bazhong", known=Path(__file__).parent / "known.yaml")
def test_scheme_keeps_the_contract(check: Check) -> None:
    """Each check of the distribution, by its id."""
    check()
