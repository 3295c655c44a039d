"""Testing schemes 体系测试: strategies that draw records and schemes, the laws of scoring, and a plugin's whole suite.

Needs the extra `testing`; nothing is imported until it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perfrules.testing.conformance import scheme_checks
    from perfrules.testing.generation import generate
    from perfrules.testing.mutation import mutate
    from perfrules.testing.strategies import forms, formulas, near_lines, records, schemes

_HOMES = {
    "forms": "strategies",
    "formulas": "strategies",
    "generate": "generation",
    "mutate": "mutation",
    "near_lines": "strategies",
    "records": "strategies",
    "scheme_checks": "conformance",
    "schemes": "strategies",
}

__all__ = ["forms", "formulas", "generate", "mutate", "near_lines", "records", "scheme_checks", "schemes"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        if _HOMES[name] != "conformance":  # which says so itself, when it is used
            import_module("perfrules.testing.needs").needed("hypothesis")
        return getattr(import_module(f"perfrules.testing.{_HOMES[name]}"), name)
    raise AttributeError(f"perfrules.testing has no {name!r}")


def __dir__() -> list[str]:
    return __all__
