"""What testing needs beyond perfrules itself."""

from __future__ import annotations

from importlib.util import find_spec

from perfrules.findings import Finding, SchemeError


def needed(*modules: str) -> None:
    """Refuse to go on without these modules, which the extra `testing` brings. Raises SchemeError."""
    if any(find_spec(name) is None for name in modules):
        raise SchemeError([Finding("testing-not-installed")])
