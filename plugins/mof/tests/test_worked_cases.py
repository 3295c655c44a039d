"""Worked cases are data: every `*.cases.yaml` beside this file is a list of records in, points and grades out."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

import perfrules as pr
from perfrules.formats import read_records

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
FILES = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(HERE.glob("*.cases.yaml"))]
CASES = [pytest.param(file["scheme"], case, id=case["name"]) for file in FILES for case in file["cases"]]


def _card(scheme: pr.Scheme, case: dict[str, Any]) -> pr.Scorecard:
    if "file" not in case:
        return pr.score(scheme, case["record"])
    batch = read_records(REPOSITORY / case["file"], scheme)
    assert not batch.set_aside
    (record,) = batch.records
    return pr.score(scheme, record)


def _wanted(value: Any) -> Any:
    return value if value in (None, "absent", "refused") else Fraction(str(value))


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_worked_case_comes_out_as_worked(name: str, case: dict[str, Any]) -> None:
    """The scheme gives the points, grades, lights, values and kinds of finding that a case states, to the last digit."""
    card = _card(pr.scheme(name), case)
    for path, points in case.get("nodes", {}).items():
        node = card[path]
        assert (node.state if points in ("absent", "refused") else node.score) == _wanted(points), path
    for value, wanted in case.get("values", {}).items():
        assert card.values[value] == _wanted(wanted)
    for scale, label in case.get("grades", {}).items():
        assert card.grades[scale] == label
    for path, label in case.get("lights", {}).items():
        assert card[path].grade == label, path
    if "points" in case:
        assert card.points == _wanted(case["points"])
    assert set(case.get("findings", ())) <= {f.name for f in card.findings}
    assert "unmarked" not in card.resting


def test_every_case_says_where_its_figures_come_from() -> None:
    """A case is either a file that names its source inside, or says by what its figures were worked out."""
    for file in FILES:
        for case in file["cases"]:
            assert case.get("source") or case.get("file"), case["name"]
