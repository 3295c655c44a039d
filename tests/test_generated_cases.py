"""Generated worked cases, of the bundled schemes and of any: the oracle, which shares nothing with the plan, comes to every
figure that they state; and they stand where they should."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import perfrules as pr
import reference
from perfrules import records, testing
from perfrules.model import Hole
from perfrules.testing.cases import Case, read_cases, try_case
from perfrules.testing.generation import generate
from perfrules.testing.recording import cases_text, in_common, recorded_raw

FILES = sorted((Path(__file__).parents[1] / "plugins").glob("*/tests/*.generated.cases.yaml"))

FEW = settings(
    max_examples=12, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)  # fmt: skip


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


# ------------------------------------------------------------------------------------------------ of any scheme


def written(scheme: pr.Scheme, path: Path, most: int) -> tuple[Case, ...]:
    """The generated cases of a scheme, written down and read again."""
    made = recorded_raw(scheme, [(each.title, each.record, each.cohort) for each in generate(scheme, most=most)])
    path.write_text(cases_text(made, scheme=scheme.id, source="试算", record=in_common(made)), encoding="utf-8")
    return tuple(read_cases(path))


def test_generated_cases_of_any_scheme_come_out_as_they_are_written(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Read back from their file they are as worked, and the oracle comes to every figure that they state."""
    path = tmp_path_factory.mktemp("generated") / "any.cases.yaml"

    @settings(FEW, max_examples=6)
    @given(testing.schemes(focus="leaves"))
    def law(scheme: pr.Scheme) -> None:
        cases = written(scheme, path, most=100)
        assert cases
        for case in cases:
            assert try_case(case, scheme).differences == (), case.name
            if "refused" not in case.expected:
                assert confirmed(case, scheme) == [], case.name

    law()


@st.composite
def plain_schemes(draw: st.DrawFn) -> tuple[pr.Scheme, dict[str, set[Fraction]], Fraction]:
    """A scheme of leaves that each hang on one input: bands of every side, and cases; the edges of each input, and a grid step."""
    places = draw(st.integers(0, 2))
    step = Fraction(1, 10**places)
    inputs = {name: {"kind": "number", "min": 0, "max": 20, "decimals": places} for name in ("甲", "乙")}
    edges: dict[str, set[Fraction]] = {}
    children = {}
    for number in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(sorted(inputs)))
        cuts = sorted(draw(st.sets(st.integers(0, 20 * 10**places).map(lambda n: n * step), min_size=1, max_size=3)))
        edges.setdefault(name, set()).update(cuts)
        texts = [pr.numbers.published(cut) for cut in cuts]
        outcomes = range(len(cuts) + 1)
        side = draw(st.sampled_from(("from", "above", "to", "below", "cases")))
        falling = side in ("from", "above")
        if side == "cases":
            sign = draw(st.sampled_from(("<", "<=")))
            arms = {f"{name} {sign} {text}": f"{arm}" for text, arm in zip(texts, outcomes, strict=False)}
            body = {"cases": {**arms, "else": f"{len(cuts)}"}}
        else:
            arms = dict(zip(reversed(texts) if falling else texts, map(str, outcomes), strict=False))
            body = {"bands": {"of": name, side: {**arms, "else": f"{len(cuts)}"}}}
        children[f"项{number}"] = {"points": 3, **body}
    data = {
        "perfrules": 1, "scheme": "example.plain", "title": "示例", "clause": "示例", "inputs": inputs,
        "tree": {"id": "总分", "points": 3 * len(children), "children": children},
    }  # fmt: skip
    return pr.loads(json.dumps(data, ensure_ascii=False)), edges, step


@FEW
@given(plain_schemes(), st.data())
def test_generated_records_stand_on_and_beside_every_edge_and_take_every_arm_that_any_record_takes(
    drawn: tuple[pr.Scheme, dict[str, set[Fraction]], Fraction], data: st.DataObject
) -> None:
    """Of leaves that each hang on one input: every cut is met, and one grid step to each side of it within the bounds; a
    score of a leaf that a random record has, refused among them, a generated one has too."""
    scheme, edges, step = drawn
    made = [each.record for each in generate(scheme)]
    for name, cuts in edges.items():
        cells = {Fraction(str(record[name])) for record in made if record[name] not in (None, "不适用")}
        wanted = {at for cut in cuts for at in (cut - step, cut, cut + step) if 0 <= at <= 20}
        assert wanted <= cells, (name, wanted - cells)

    def scores(record: Mapping[str, object]) -> set[tuple[str, str, Fraction | None]]:
        return {(node.path, node.state, node.score) for node in pr.score(scheme, record).nodes if node.role == "leaf"}

    taken = set().union(*map(scores, made))
    for record in data.draw(st.lists(testing.records(scheme), min_size=5, max_size=5)):
        assert scores(record) <= taken
