"""perfrules: evaluation schemes of public budgets as rules, scored exactly and explained 预算绩效评价规则引擎."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perfrules.findings import Finding, PerfrulesError, RecordError, SchemeError
    from perfrules.model import Record, Ruling, Scheme, Scorecard
    from perfrules.procedures.diff import diff
    from perfrules.verbs import amend, freeze, load, loads, scheme, schemes, score

_HOMES = {
    "Finding": "findings",
    "PerfrulesError": "findings",
    "RecordError": "findings",
    "SchemeError": "findings",
    "Record": "model",
    "Ruling": "model",
    "Scheme": "model",
    "Scorecard": "model",
    "amend": "verbs",
    "diff": "procedures.diff",
    "freeze": "verbs",
    "load": "verbs",
    "loads": "verbs",
    "schemes": "verbs",
    "score": "verbs",
    "scheme": "verbs",
}

__all__ = [
    "Finding",
    "PerfrulesError",
    "Record",
    "RecordError",
    "Ruling",
    "Scheme",
    "SchemeError",
    "Scorecard",
    "amend",
    "diff",
    "freeze",
    "load",
    "loads",
    "scheme",
    "schemes",
    "score",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"perfrules.{_HOMES[name]}"), name)
    raise AttributeError(f"perfrules has no {name!r}")


def __dir__() -> list[str]:
    return __all__
