"""Generated worked cases of the bundled schemes are confirmed: the oracle, which shares nothing with the plan, comes to
every figure that they state."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

import perfrules as pr
import reference
from perfrules import records
from perfrules.model import Hole
from perfrules.testing.cases import Case, read_cases

FILES = sorted((Path(__file__).parents[1] / "plugins").glob("*/tests/*.generated.cases.yaml"))


def said(value: object) -> object:
    """What a case would state of a result."""
    match value:
        case Hole(kind=kind):
            return kind
        case bool():
            return "是" if value else "否"
        case Fraction() | str() | None:
            return value
        case _:
            return str(value)


def same(wanted: object, came: object) -> bool:
    if wanted is None or isinstance(came, str) or came is None:
        return wanted == came
    return Fraction(str(wanted)) == came


def confirmed(case: Case, scheme: pr.Scheme) -> list[str]:
    """What a case states that the oracle does not come to."""
    others = [{**case.record, **other} for other in case.cohort or ()]
    record, *population = (records.record_from(scheme, each) for each in (case.record, *others))
    population = [record, *population] if case.cohort is not None else []
    found = reference.score(scheme, record, population)
    state, points, _, _ = found.nodes[""]
    wrong = [] if same(case.expected["points"], points) else [f"points {points}"]
    if "max" in case.expected:
        wrong += [] if same(case.expected["max"], scheme.tree.worth) else [f"max {scheme.tree.worth}"]
    came: dict[str, tuple[str, object, object]] = {
        path: (state, score, label) for path, (state, score, _, label) in found.nodes.items()
    }
    came[scheme.tree.name] = came[""]
    for path, rows in found.rows.items():
        came |= {f"{path}/{name}": (state, score, None) for name, _, state, score in rows}
    for path, wanted in case.expected.get("nodes", {}).items():
        state, score, _ = came[path]
        wrong += [] if same(wanted, score if state == "scored" else state) else [f"{path} {state} {score}"]
    for path, wanted in case.expected.get("lights", {}).items():
        wrong += [] if same(wanted, came[path][2]) else [f"{path} {came[path][2]}"]
    for name, wanted in case.expected.get("grades", {}).items():
        wrong += [] if wanted == found.grades[name] else [f"{name} {found.grades[name]}"]
    for name, wanted in case.expected.get("values", {}).items():
        wrong += [] if same(wanted, said(found.values[name])) else [f"{name} {found.values[name]}"]
    judges = [reference._Judge(scheme, each, population) for each in population]
    for name, wanted in case.expected.get("benchmarks", {}).items():
        by = scheme.benchmarks[name].body.by
        came_of = {said(judge.take(by, judge.look)) if by else "": said(judge.look(name)) for judge in judges}
        for group, each in (wanted if isinstance(wanted, dict) else {"": wanted}).items():
            wrong += [] if same(each, came_of[group]) else [f"{name} {group} {came_of[group]}"]
    return wrong


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.partition(".")[0])
def test_the_oracle_comes_to_every_figure_that_is_stated(path: Path) -> None:
    """Points, indicators, rows, lights, grades and values of each generated record, recomputed naively."""
    cases = read_cases(path)
    assert cases
    scheme = pr.scheme(cases[0].scheme)
    for case in cases:
        if "refused" not in case.expected:
            assert confirmed(case, scheme) == [], case.name


def test_there_are_generated_cases() -> None:
    """The files are found where they are looked for."""
    assert len(FILES) >= 8
