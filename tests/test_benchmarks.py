"""The standard workload is what it says it is, and what is wrong is told: else its figures mean nothing."""

from __future__ import annotations

import json
from fractions import Fraction

import bench
import numpy as np
import page
import pytest
import records
import singles_by_hand
import truth
import workload
from records import SCALE, make, ties
from rounds import Figures
from tasks import Task
from workload import STANDARD, wide

import perfrules as pr

COUNT = 20_000
RATIOS = [leaf for leaf in STANDARD.leaves if leaf.kind in ("ratio", "bands")]


def share(of: object) -> float:
    return float(np.mean(of))


# ---------------------------------------------------------------------------------------------- the scheme


@pytest.mark.parametrize("variant", ["rounded", "unrounded", "full"])
def test_the_scheme_is_what_it_says(variant: workload.Variant) -> None:
    """Twenty leaves in four groups of five make 100 points; each variant loads without errors or warnings."""
    scheme = pr.loads(workload.text_of(STANDARD, variant))
    groups = scheme.tree.children
    assert [len(group.children) for group in groups] == [5, 5, 5, 5]
    assert scheme.tree.worth == 100
    assert {finding.severity for finding in scheme.findings} <= {"remark"}
    leaves = [leaf for group in groups for leaf in group.children]
    assert all((leaf.round is None) == (variant == "unrounded") for leaf in leaves)
    assert (scheme.tree.round is None) == (variant == "rounded")


@pytest.mark.parametrize("width", bench.WIDTHS)
def test_wide_schemes_are_of_the_same_mix(width: int) -> None:
    """Half are ratios, a quarter bands, the rest counts and tiers, to within what cannot be halved."""
    kinds = [leaf.kind for leaf in wide(width).leaves]
    assert len(kinds) == width
    for kind, wanted in {"ratio": 10, "bands": 5, "count": 3, "tier": 2}.items():
        assert abs(kinds.count(kind) - width * wanted / 20) <= 0.5


def test_deep_schemes_have_the_same_leaves() -> None:
    """A leaf of a deeper scheme stands so much deeper, and scores the same."""
    record = workload.record()
    for levels in bench.LEVELS:
        of = workload.deep(levels)
        card = pr.score(pr.loads(workload.text_of(of)), record, trace=False)
        assert max(path.count("/") for _, path in of.nodes) == levels - 1
        assert {node.path for node in card.nodes} == {"", *(path for _, path in of.nodes)}
        assert card.points == Fraction(829, 10)


# ---------------------------------------------------------------------------------------------- the records


@pytest.mark.parametrize("leaf", RATIOS[::4], ids=lambda leaf: leaf.name)
def test_realistic_shares(leaf: workload.Leaf) -> None:
    """Targets, decimals, and what is exactly the target, at an edge, nothing or without a target, are as often as said."""
    made = make(COUNT, STANDARD)
    actual, target = (made.amounts[name] for name in leaf.reads)
    printed = [round(each * SCALE) for each in records.ROUND_TARGETS]
    some = target > 0
    assert share(np.isin(target[some], printed)) == pytest.approx(0.7, abs=0.02)
    assert target.max() <= records.LARGEST * SCALE
    assert share(target == 0) == pytest.approx(records.NO_TARGET, abs=0.01)
    assert share(actual[some] == target[some]) == pytest.approx(records.EXACT, abs=0.02)
    assert share(actual == 0) == pytest.approx(records.NOTHING, abs=0.02)  # and where so little is cut to nothing
    edges = np.any([actual == target * tenths // 10 for tenths in (9, 8, 6)], axis=0) & some & (actual > 0)
    assert share(edges) == pytest.approx(records.EDGE, abs=0.03)  # and where cutting comes to the same
    plain = some & (actual != target) & ~edges
    assert share(actual[plain] % SCALE == 0) == pytest.approx(0.36, abs=0.04)
    assert share(actual[plain] % 100 == 0) == pytest.approx(0.76, abs=0.04)
    assert share(actual[plain] > target[plain]) == pytest.approx(1 / 3, abs=0.04)
    assert (actual <= 1.3 * target)[some].all()


def test_counts_and_tiers() -> None:
    """Counts are Poisson of 1.5 and no more than 20, tiers 1 to 4 alike."""
    made = make(COUNT, STANDARD)
    for leaf in STANDARD.leaves[15:]:
        column = made.others[leaf.reads[0]]
        if leaf.kind == "count":
            assert column.mean() == pytest.approx(1.5, abs=0.05)
            assert column.max() <= 20
        else:
            assert [share(column == tier) for tier in (1, 2, 3, 4)] == pytest.approx([0.25] * 4, abs=0.02)


@pytest.mark.parametrize("leaf", RATIOS[::3], ids=lambda leaf: leaf.name)
def test_adversarial_ties_are_ties(leaf: workload.Leaf) -> None:
    """Half of the ratios are exact half cents or edges by rational arithmetic, a third of these one unit beside."""
    made = make(COUNT, STANDARD, "adversarial")
    actual, target = (made.amounts[name].tolist() for name in leaf.reads)
    tied = ties(leaf, made)
    usual = share(ties(leaf, make(COUNT, STANDARD)))
    assert share(tied) == pytest.approx(1 / 3 + usual / 2, abs=0.02)
    beside = np.zeros(COUNT, dtype=bool)
    for place in range(2_000):
        if target[place]:
            ratio = Fraction(actual[place], target[place])
            assert tied[place] == _on_a_tie(leaf, ratio)
            near = (ratio + Fraction(nudge, target[place]) for nudge in (-1, 1))
            beside[place] = not tied[place] and any(_on_a_tie(leaf, each) for each in near)
    assert share(beside[:2_000]) == pytest.approx(1 / 6, abs=0.03)


def _on_a_tie(leaf: workload.Leaf, ratio: Fraction) -> bool:
    if leaf.kind == "bands":
        return ratio in (Fraction(9, 10), Fraction(8, 10), Fraction(6, 10))
    return ratio < 1 and ratio * leaf.points * 100 % 1 == Fraction(1, 2)


def test_blanks_and_what_does_not_apply() -> None:
    """In the full variant 2 % of the cells are blank and 2 % of the leaves do not apply."""
    made = make(COUNT, STANDARD, full=True)
    assert share([made.blank[name] for name in STANDARD.inputs]) == pytest.approx(0.02, abs=0.002)
    for number in range(4):
        for place in range(1, 6):
            assert share(made.others[f"不适用甲{number}"] == place) == pytest.approx(0.02, abs=0.005)


def test_figures_are_the_same_in_every_form() -> None:
    """A float, a decimal and a whole number of the same cell are the same number, and a blank is None."""
    made = make(300, STANDARD, "adversarial", full=True)
    for place, (floats, decimals) in enumerate(zip(made.mappings(), made.mappings(decimals=True), strict=True)):
        for name, column in made.amounts.items():
            if made.blank[name][place]:
                assert floats[name] is None
                assert decimals[name] is None
            else:
                assert Fraction(repr(floats[name])) == Fraction(decimals[name]) == Fraction(int(column[place]), SCALE)
                assert made.floats()[name][place] == floats[name]


def test_records_are_the_same_every_time() -> None:
    """The same count gives the same records, and a leaf's figures do not hang on what else is in the scheme."""
    first, again, wider = make(500, STANDARD), make(500, STANDARD), make(500, workload.layout(groups=8))
    for name in STANDARD.inputs:
        column = first.integers()[name]
        assert np.array_equal(column, again.integers()[name])
        assert np.array_equal(column, wider.integers()[name])
    assert not np.array_equal(first.amounts["目标甲0"], make(500, STANDARD, seed=1).amounts["目标甲0"])


def test_forms_bring_eight_rows_of_ninety_points() -> None:
    """The rows as columns are those of the mappings, and a form is scored out of 100."""
    forms = records.make_forms(20)
    columns = records.row_columns(forms)
    rows = [row for form in forms.mappings() for row in form["指标行"]]
    assert len(rows) == 8 * 20
    for name in ("一级指标", "分值", "性质", "目标值", "完成值"):
        assert [row[name] for row in rows] == list(columns[name])
    card = pr.score(pr.loads(workload.FORM_TEXT), next(forms.mappings()), trace=False)
    assert not card.findings
    assert sum(node.points or 0 for node in card.nodes if node.role == "row") == 90


# ---------------------------------------------------------------------------------------------- what is right


@pytest.mark.parametrize("of", [STANDARD, workload.deep(4), wide(50)], ids=["standard", "deep", "wide"])
def test_whole_numbers_agree_with_the_exact_reading(of: workload.Layout) -> None:
    """Every cell of the sample, ties and edges among them, is the same by the exact reading and in whole hundredths."""
    sample = truth.sample(40, of)
    assert any(ties(leaf, sample).any() for leaf in of.leaves if leaf.kind == "ratio")
    right = truth.exactly(workload.text_of(of), sample.mappings())
    cents, grades = truth.in_cents(of, sample)
    points = {path: [Fraction(int(cent), 100) for cent in column] for path, column in cents.items()}
    found = truth.compare(right, points, {"等级": list(grades)}, right.findings)
    assert found.cells == 40 * (len(of.nodes) + 1 + 1 + 1)
    assert found.all == 0


def test_whatever_is_wrong_is_told() -> None:
    """One hundredth in one cell, one grade, one finding: each is counted, as exact numbers, floats or hundredths."""
    sample = truth.sample(6, STANDARD)
    right = truth.exactly(workload.text_of(STANDARD), sample.mappings())
    points = {path: list(column) for path, column in right.points.items()}
    grades = {"等级": list(right.grades["等级"])}
    points["分组甲0/指标甲1"][2] = None
    points[""][3] += Fraction(1, 10**9)
    grades["等级"][0] = "劣"
    made = truth.compare(right, points, grades, [("odd",), *right.findings[1:]])
    assert (made.points, made.totals, made.grades, made.findings) == (1, 1, 1, 1)
    cells = {path: np.array([float(score or 0) for score in column]) for path, column in right.points.items()}
    cells["等级"] = np.array(right.grades["等级"], dtype=object)
    names = {path: path for path in right.points}
    assert truth.compare_floats(right, cells, names).all == 0
    cells["分组甲1"][5] += 0.01
    cells["等级"][1] = "劣"
    made = truth.compare_floats(right, cells, names)
    assert (made.points, made.totals, made.grades) == (1, 0, 1)
    cents, labels = truth.in_cents(STANDARD, sample)
    cents[""][0] += 1
    made = truth.compare_cents(STANDARD, sample, cents, labels)
    assert (made.points, made.totals, made.grades) == (0, 1, 0)


@pytest.mark.parametrize("way", ["python", "simpleeval"])
def test_those_who_compete_do_the_same_work(way: str) -> None:
    """In floats by hand, every easy record comes out right; of the hard ones some do not."""
    sample = truth.sample(120, STANDARD)
    right = truth.exactly(workload.text_of(STANDARD), sample.mappings())
    fair = truth.easy(STANDARD, sample, right)
    score = getattr(singles_by_hand, way)()
    made = [score(singles_by_hand.plainly_named(mapping)) for mapping in sample.mappings()]
    paths = [path for name, path in STANDARD.nodes if "指标" in name] + [
        of for _, of in STANDARD.nodes if "/" not in of
    ]
    cells = dict(zip([*paths, ""], np.array([values for values, _ in made]).T, strict=True))
    cells["等级"] = np.array([grade for _, grade in made], dtype=object)
    names = {path: path for path in right.points}
    assert fair.sum() > 10
    assert truth.compare_floats(right, cells, names, keep=fair).all == 0
    assert truth.compare_floats(right, cells, names).all > 0


# ---------------------------------------------------------------------------------------------- figures and page


def measured(way: str, size: int, seconds: float, **more: list[float]) -> Figures:
    return Figures(Task(way, size, width=1000 if "plan" in way else 20), size, [seconds], more, {"": {"cells": 9}})


FOUND = {
    "one": [measured(way, 10, 4.0 if way in ("simpleeval", "zen") else 2.0) for way in bench.ONE],
    "frame": [measured(way, 10, 2.0 if way == bench.HAND else 3.0) for way in bench.EVERYTHING],
    "full": [measured(way, 10, 2.0 if way == bench.HAND else 3.0) for way in bench.EVERYTHING],
    "unrounded": [measured(way, 10, 2.0 if way == bench.HAND else 3.0) for way in bench.EVERYTHING],
    "stream": [
        measured("perfrules score", 10, 3.0, peak_mib=[500.0, 700.0]),
        measured("Polars reads, converts, writes", 10, 2.0, peak_mib=[1.0]),
    ],
    "planning": [measured("plan and generate", 1, 0.5)],
}


def test_every_figure_asked_for_comes_of_a_whole_run() -> None:
    """Of one record the others' time over ours, of frames and files ours over the others'; peaks are the highest."""
    made = bench.figures(FOUND)
    assert not [name for name in bench.ASKED if name not in made]
    assert made["one_record_vs_simpleeval"] == made["one_record_vs_zen"] == 2
    assert made["frame_integer_vs_hand_polars"] == pytest.approx(1.5)
    assert made["stream_vs_polars_io"] == pytest.approx(1.5)
    assert made["stream_peak_mib"] == 700
    assert made["plan_1000_indicators_s"] == 0.5
    assert made["wrong_cells"] == 0
    wrong = {**FOUND, "frame": [measured(bench.FLOATS, 10, 1.0)]}
    wrong["frame"][0].wrong["the exact reading"] = {"cells": 5, "grades": 2}
    assert bench.figures(wrong)["wrong_cells"] == 2


def test_a_figure_that_could_not_be_measured_is_left_out() -> None:
    """Nothing is made up for a way that is not there."""
    made = bench.figures({"one": [f for f in FOUND["one"] if f.task.way != bench.SCORER]})
    assert "one_record_vs_simpleeval" not in made
    assert "scorecard_vs_simpleeval" in made


def test_the_page_shows_what_was_measured() -> None:
    """Its tables are those of results.json, no more and no less; without results every table says so."""
    text = page.PAGE.read_text(encoding="utf-8")
    kept = json.loads(page.RESULTS.read_text(encoding="utf-8")) if page.RESULTS.exists() else {}
    assert page.written(text, kept) == text
    empty = page.written(text, {})
    assert empty.count(page.NOTHING.strip()) == len(page.TABLES)
    made = page.written(empty, bench.results(FOUND, "make bench", bench.QUICK, 60))
    assert "| perfrules, integers | 3 s |" in made
    assert "quick run" in made
    assert page.written(made, {}) == empty
