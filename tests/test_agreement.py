"""Two oracles over generated schemes: the exact reading through the plan, and the naive reference straight from the scheme."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import perfrules as pr
import reference
import strategies
from perfrules import plugins, records
from perfrules.model import Hole, Record, Scheme
from perfrules.scorecards import canonical

DEEP = bool(os.environ.get("PERFRULES_DEEP"))
EXAMPLES = 2000 if DEEP else 120
LAW = settings(
    max_examples=EXAMPLES, derandomize=not DEEP, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


@st.composite
def scored(draw: st.DrawFn) -> tuple[Scheme, Record]:
    """A scheme of the whole language, and a record for it."""
    data = draw(strategies.scheme_data())
    try:
        scheme = pr.loads(strategies.text_of(data, block=draw(st.booleans())))
    except pr.SchemeError:
        assume(False)
    try:
        record = records.record_from(scheme, draw(strategies.record_data(scheme)))
    except pr.RecordError:
        assume(False)
    return scheme, record


@LAW
@given(scored())
def test_exact_agrees_with_the_reference(case: tuple[Scheme, Record]) -> None:
    """State, score, possible points and light of every node, every row, value and grade: the same by both ways."""
    scheme, record = case
    card, wanted = pr.score(scheme, record), reference.score(scheme, record)
    for node in card.nodes:
        if node.role == "row":
            continue
        state, score, possible, light = wanted.nodes[node.path]
        assert (node.state, node.score) == (state, score), node.path
        assert node.grade == light, node.path
        if state == "scored":
            assert node.possible == possible, node.path
    for path, rows in wanted.rows.items():
        seen = [
            (n.name, n.counts, n.state, n.score)
            for n in card.nodes
            if n.role == "row" and n.path.startswith(f"{path}/")
        ]
        if len(seen) == len(rows):
            assert seen == rows, path
    for name, value in wanted.values.items():
        seen_value = card.values[name]
        assert _kind(seen_value) == _kind(value), name
    assert dict(card.grades) == wanted.grades


def _kind(value: Any) -> Any:
    return value.kind if isinstance(value, Hole) else value


@LAW
@given(scored())
def test_lines_of_loss_add_up(case: tuple[Scheme, Record]) -> None:
    """Wherever the root has a score, the lines are exactly its maximum less its score."""
    scheme, record = case
    card = pr.score(scheme, record)
    if card.points is not None and card.max is not None:
        assert sum((line.amount for line in card.lines), Fraction(0)) == card.max - card.points


@settings(LAW, max_examples=max(30, EXAMPLES // 4))
@given(scored(), st.randoms(use_true_random=False))
def test_a_resolved_scheme_scores_the_same_bytes(case: tuple[Scheme, Record], random: Any) -> None:
    """resolved() needs no plugin and gives the same digest and canonical card; the order of a record's cells is nothing."""
    scheme, record = case
    again = pr.loads(scheme.resolved(), registry=plugins.Registry())
    cells = list(record.cells.items())
    random.shuffle(cells)
    shuffled = Record(
        record.id, dict(cells), record.rows, record.published, record.rulings, record.findings, record.where
    )
    assert again.digest == scheme.digest
    assert canonical(pr.score(again, shuffled)) == canonical(pr.score(scheme, record))
