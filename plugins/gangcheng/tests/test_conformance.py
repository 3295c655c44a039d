"""The whole suite of the distribution: it loads, every law holds, every worked case comes out."""

from __future__ import annotations

from perfrules.testing import scheme_checks
from perfrules.testing.conformance import Check


@scheme_checks("perfrules_gangcheng")
def test_scheme_keeps_the_contract(check: Check) -> None:
    """Each check of the distribution, by its id."""
    check()
