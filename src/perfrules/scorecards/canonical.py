"""The canonical form of a scorecard."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from perfrules import model
from perfrules.findings import Finding
from perfrules.model import Hole, NodeScore, Scorecard
from perfrules.numbers import published


def as_json(card: Scorecard) -> dict[str, Any]:
    """The scorecard as plain data, numbers as strings: the canonical form, and what programs are given."""
    return {
        "record": card.record,
        "scheme": {"id": card.scheme, "edition": card.edition, "digest": card.scheme_digest},
        "points": _text(card.points),
        "max": _text(card.max),
        "grade": card.grade,
        "grades": dict(card.grades),
        "indicators": [_node_json(n) for n in card.nodes[1:]],
        "lines": [
            {"path": x.path, "kind": x.kind, "amount": published(x.amount), "name": x.name, "reason": x.reason,
             "clause": x.clause}
            for x in card.lines
        ],
        "happenings": [
            {"path": h.path, "name": h.name, "kind": h.kind, "state": h.state, "amount": _text(h.amount)}
            for h in card.happenings
        ],
        "values": {name: _datum(value) for name, value in card.values.items()},
        "resting": {status: published(amount) for status, amount in card.resting.items()},
        "rulings": [
            {"path": r.path, "points": published(r.points), "reason": r.reason, "by": r.by, "date": r.date.isoformat()}
            for r in card.rulings
        ],
        "findings": [finding_json(f) for f in card.findings],
        "stage": card.stage,
        "benchmarks": {name: frozen_json(f) for name, f in card.benchmarks.items()},
    }  # fmt: skip


def frozen_json(frozen: model.Frozen) -> dict[str, Any]:
    """A frozen benchmark as plain data, to be kept beside the scores that rest on it."""
    values = {group: _datum(value) for group, value in frozen.values.items()}
    return {"values": values, "population": frozen.population, "left_out": frozen.left_out, "digest": frozen.digest}


def frozen_from(data: Mapping[str, Any]) -> dict[str, model.Frozen]:
    """Frozen benchmarks from what `frozen_json` gave, by name. Raises ValueError or KeyError for other data."""
    made = {}
    for name, each in data.items():
        values: dict[str, Fraction | Hole] = {}
        for group, value in each["values"].items():
            values[group] = Fraction(value) if isinstance(value, str) else Hole(value["hole"], name)
        made[name] = model.Frozen(name, values, int(each["population"]), int(each["left_out"]), str(each["digest"]))
    return made


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding without its place in a file, so that a scorecard is the same wherever its record lay."""
    return {
        "name": finding.name,
        "severity": finding.severity,
        "path": finding.path,
        "message": {"zh": finding.message("zh"), "en": finding.message("en")},
    }


def canonical(card: Scorecard) -> str:
    """The canonical text of a scorecard: the same bytes for the same scheme and record, everywhere."""
    return json.dumps(as_json(card), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(card: Scorecard) -> str:
    """SHA-256 of the canonical text, in hexadecimal."""
    return hashlib.sha256(canonical(card).encode()).hexdigest()


def _node_json(node: NodeScore) -> dict[str, Any]:
    data: dict[str, Any] = {
        "path": node.path,
        "name": node.name,
        "state": node.state,
        "points": _text(node.score),
        "max": _text(node.points),
        "possible": _text(node.possible),
        "lost": _text(node.lost),
        "counts": node.counts,
        "provenance": node.provenance.status,
    }
    if node.title:
        data["title"] = node.title
    if node.computed is not None:
        data["computed"] = published(node.computed)
    if node.grade is not None:
        data["grade"] = node.grade
    if node.because is not None:
        data["because"] = {
            "kind": node.because.kind,
            "name": "" if "__" in node.because.name else node.because.name,
        }
    return data


def _text(value: Fraction | None) -> str | None:
    return None if value is None else published(value)


def _datum(value: model.Datum | Hole) -> Any:
    match value:
        case Hole():
            return {"hole": value.kind}
        case bool() | str():
            return value
        case Fraction():
            return published(value)
        case date():
            return value.isoformat()
