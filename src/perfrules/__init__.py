"""perfrules: evaluation schemes of public budgets as rules, scored exactly and explained 预算绩效评价规则引擎."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perfrules.assembling import amend, load, loads
    from perfrules.findings import Finding, PerfrulesError, RecordError, SchemeError
    from perfrules.formats.frames import score_frame
    from perfrules.formats.streaming import score_file
    from perfrules.model import Record, Ruling, Scheme, Scorecard
    from perfrules.procedures.auditing import audit
    from perfrules.procedures.diff import diff
    from perfrules.procedures.monitoring import monitor
    from perfrules.procedures.reconciling import reconcile
    from perfrules.procedures.sampling import sample
    from perfrules.proving.answers import Proofs, Proved, Refuted, Unknown
    from perfrules.supplying import scheme, schemes
    from perfrules.verbs import freeze, prove, score, scorer

_HOMES = {
    "Finding": "findings",
    "PerfrulesError": "findings",
    "RecordError": "findings",
    "SchemeError": "findings",
    "Proofs": "proving.answers",
    "Proved": "proving.answers",
    "Refuted": "proving.answers",
    "Unknown": "proving.answers",
    "Record": "model",
    "Ruling": "model",
    "Scheme": "model",
    "Scorecard": "model",
    "amend": "assembling",
    "audit": "procedures.auditing",
    "diff": "procedures.diff",
    "freeze": "verbs",
    "load": "assembling",
    "loads": "assembling",
    "monitor": "procedures.monitoring",
    "prove": "verbs",
    "reconcile": "procedures.reconciling",
    "sample": "procedures.sampling",
    "schemes": "supplying",
    "score": "verbs",
    "scheme": "supplying",
    "scorer": "verbs",
    "score_file": "formats.streaming",
    "score_frame": "formats.frames",
}

__all__ = [
    "Finding",
    "PerfrulesError",
    "Proofs",
    "Proved",
    "Record",
    "RecordError",
    "Refuted",
    "Ruling",
    "Scheme",
    "SchemeError",
    "Scorecard",
    "Unknown",
    "amend",
    "audit",
    "diff",
    "freeze",
    "load",
    "loads",
    "monitor",
    "prove",
    "reconcile",
    "sample",
    "scheme",
    "schemes",
    "score",
    "score_file",
    "score_frame",
    "scorer",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"perfrules.{_HOMES[name]}"), name)
    raise AttributeError(f"perfrules has no {name!r}")


def __dir__() -> list[str]:
    return __all__
