"""What follows for departments: rewards, linkages and cuts, by records worked out by hand."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

import perfrules as pr
from perfrules.procedures.outcomes import settle
from perfrules.procedures.ranking import rank

HERE = Path(__file__).parent
OUTCOMES = yaml.safe_load((HERE / "outcomes.yaml").read_text(encoding="utf-8"))
RATES = [f"指标{i}得分率" for i in range(1, 18)] + ["成本指标得分率"]


def _id(case: dict[str, Any]) -> str:
    return str(case["name"])


def _wanted(value: Any) -> Any:
    return value if value in (None, "absent", "refused") else Fraction(str(value))


def _record(record: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in record.items() if v is not None}


def _department(name: str, rate: str | None) -> dict[str, Any]:
    return _record({"部门": name, "行业": "教育", **dict.fromkeys(RATES, rate)})


@pytest.mark.parametrize("case", OUTCOMES["cases"], ids=_id)
def test_the_first_six_are_rewarded_and_a_tie_loses_nobody(case: dict[str, Any]) -> None:
    """Six departments get the reward, with all who tie for sixth; one without a score is told as undecided."""
    scheme = pr.scheme("binzhou.departments")
    cards = [pr.score(scheme, _department(name, rate)) for name, rate in case["rates"].items()]
    settled = settle(scheme, cards)
    assert [s.record for s in settled] == list(case["rates"])
    rewards = [c for s in settled for c in s.consequences if c.name == "奖励资金"]
    assert [c.record for c in rewards if c.state == "applied"] == case["rewarded"]
    assert [c.record for c in rewards if c.state == "undecided"] == case.get("undecided", [])
    ranks = {r.record: r.rank for r in rank(scheme, cards)}
    assert case["ranks"].items() <= ranks.items()


@pytest.mark.parametrize("case", OUTCOMES["linkages"], ids=_id)
def test_results_are_linked_to_budget_projects_and_assessment(case: dict[str, Any]) -> None:
    """Each linkage and each cut follows where its condition holds, with the document's words and a reason."""
    scheme = pr.scheme("binzhou.departments")
    card = pr.score(scheme, _department("手算", "90%") | case["with"])
    (settled,) = settle(scheme, [card])
    made = [c for c in settled.consequences if c.name != "奖励资金"]
    assert [c.name for c in made if c.state == "applied"] == case["applied"]
    assert [c.name for c in made if c.state == "undecided"] == case.get("undecided", [])
    assert all(c.because and c.provenance.clause for c in made)
    assert settled.factor == (_wanted(case["factor"]) if "factor" in case else settled.factor)
    assert settled.budget == _wanted(case.get("budget"))
    for value, wanted in case.get("values", {}).items():
        assert card.values[value] == _wanted(wanted), value
