"""Each faulty scheme that loads breaks the law that is named for it, by a counterexample in 中文 and English."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import perfrules as pr
from perfrules.testing.laws import LAWS, Subject

FAULTY = Path(__file__).parent / "faulty"
EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((FAULTY / "expected.yaml").read_text(encoding="utf-8"))
WITH_LAW = [name for name, about in EXPECTED.items() if "law" in about]


def test_every_faulty_scheme_is_caught_by_something_but_a_proof() -> None:
    """The list is the folder's, and each scheme is caught as it is loaded or by a law."""
    assert set(EXPECTED) == {p.stem for p in FAULTY.glob("*.yaml")} - {"expected"}
    assert [name for name, about in EXPECTED.items() if not {"finding", "law"} & about.keys()] == []


@pytest.mark.parametrize("name", EXPECTED)
def test_what_the_loader_says(name: str) -> None:
    """The finding that is named is told as the scheme is loaded; where none is named, there is none."""
    try:
        found = {f.name for f in pr.load(FAULTY / f"{name}.yaml").findings}
    except pr.SchemeError as problem:
        found = {f.name for f in problem.findings}
    assert found == ({EXPECTED[name]["finding"]} if "finding" in EXPECTED[name] else set())


@pytest.mark.parametrize("name", WITH_LAW)
def test_the_named_law_is_breached(name: str) -> None:
    """The breach is where the mistake is, says so in both languages, and its record shows it when it is scored."""
    scheme = pr.load(FAULTY / f"{name}.yaml")
    verdict = LAWS[EXPECTED[name]["law"]](Subject(scheme))
    assert verdict.answer == "breached"
    breach = verdict.breaches[0]
    told = {lang: breach.render(lang) for lang in ("zh", "en")}
    assert told["zh"] != told["en"]
    assert all("{" not in each.split("\n")[0] for each in told.values())
    if EXPECTED[name]["law"] != "full-marks-attainable":  # that there is no record is shown by none
        assert breach.record is not None
        pr.score(scheme, breach.record)
        assert all(str(value) in told["zh"] for value in breach.record.values() if value not in (None, True, False))


@pytest.mark.parametrize("name", WITH_LAW)
def test_no_other_law_of_scoring_is_in_the_way(name: str) -> None:
    """What is wrong with these schemes is what is written in them: losses add up and readings agree all the same."""
    subject = Subject(pr.load(FAULTY / f"{name}.yaml"), examples=20)
    for law in ("total", "losses-add-up", "readings-agree", "round-trip", "order-free"):
        assert LAWS[law](subject).answer == "holds", law
