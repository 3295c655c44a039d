"""Worked cases are data: a scheme, records, and what each node must come to, worked out by hand."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

import perfrules as pr

FOLDER = Path(__file__).parent / "cases"


def _cases() -> list[Any]:
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        about = yaml.safe_load(path.read_text(encoding="utf-8"))
        for index, case in enumerate(about["cases"]):
            found.append(pytest.param(about["scheme"], case, id=f"{path.stem}-{case.get('name', index)}"))
    return found


@pytest.mark.parametrize(("text", "case"), _cases())
def test_a_worked_case_comes_out_as_worked(text: str, case: dict[str, Any]) -> None:
    """Every figure that a case states is what the scheme gives, exactly; `~` is no score."""
    scheme = pr.loads("perfrules: 1\nscheme: test.case\ntitle: 算例\nclause: 算例\n" + text)
    card = pr.score(scheme, case["record"])
    seen = {n.path: n for n in card.nodes}
    for path, points in case.get("nodes", {}).items():
        node = seen[path]
        assert (node.state if points in ("absent", "refused") else node.score) == _wanted(points), path
    if "points" in case:
        assert card.points == _wanted(case["points"])
    if "max" in case:
        assert card.max == _wanted(case["max"])
    for name, label in case.get("grades", {}).items():
        assert card.grades[name] == label
    for path, label in case.get("lights", {}).items():
        assert seen[path].grade == label
    for name, value in case.get("values", {}).items():
        assert card.values[name] == _wanted(value)
    findings = {f.name for f in card.findings}
    for name in case.get("findings", []):
        assert name in findings
    for name in case.get("no_findings", []):
        assert name not in findings
    if card.points is not None and card.max is not None:
        assert sum((line.amount for line in card.lines), Fraction(0)) == card.max - card.points


def _wanted(value: Any) -> Any:
    if value is None or value in ("absent", "refused"):
        return value
    if isinstance(value, bool):
        return value
    return Fraction(str(value))
