"""The notice's own figures, held against each other: what agrees, what cannot be told, and that an error would show."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files

import pytest

import perfrules as pr
from perfrules.procedures.facts import FactsAudit, audit_distribution, audit_facts
from perfrules.procedures.facts_file import read_facts

FILE = files("perfrules_zaozhuang") / "facts" / "zaozhuang.yaml"


@pytest.fixture(scope="module")
def audited() -> FactsAudit:
    (audit,) = audit_distribution("perfrules-zaozhuang").audits
    return audit


def test_the_facts_are_registered_and_read_without_a_finding() -> None:
    """Every figure is used, every check quotes the notice, units fit."""
    report = audit_distribution("zaozhuang")
    assert (report.findings, [a.facts.id for a in report.audits]) == ((), ["zaozhuang"])


def test_no_two_figures_conflict_and_some_cannot_be_told(audited: FactsAudit) -> None:
    """Nothing in the notice contradicts itself in figures; what it leaves out is told apart, each with its reason."""
    assert Counter(o.verdict for o in audited.outcomes) == {"agree": 48, "undecidable": 24}
    assert all(o.fact.why or o.fact.note for o in audited.outcomes if o.verdict == "undecidable")


@pytest.mark.parametrize(
    ("name", "published", "computed"),
    [
        ("分值合计相符", "400", "400"),
        ("债券发行合计", "120.6", "120.6"),
        ("再融资债券合计", "28.82", "28.82"),
        ("新增专项债券合计", "91.78", "91.78"),
        ("会计报名合计", "10268", "10268"),
        ("初级报名科次相符", "13592", "13592"),
        ("初级出考率相符", "64.63", "109800/1699"),
        ("中级出考率相符", "40.97", "69280/1691"),
        ("高级出考率相符", "82.28", "6500/79"),
        ("注会出考率相符", "50.26", "182800/3637"),
        ("初级报名下降率", "1.83", "12700/6923"),
        ("中级报名增长率", "4.02", "6400/1593"),
        ("中级批次即天数", "3", "3"),
    ],
)
def test_a_published_figure_is_the_computed_one(audited: FactsAudit, name: str, published: str, computed: str) -> None:
    """Sums are exact; rates agree at the two decimals that are printed."""
    outcome = next(o for o in audited.outcomes if o.name == name)
    assert (outcome.verdict, outcome.published, outcome.computed) == ("agree", published, computed)


@pytest.mark.parametrize(
    ("printed", "mistaken", "broken"),
    [
        ("value: 28.82,", "value: 28.92,", {"债券发行合计", "再融资债券合计"}),
        ("value: 64.63%", "value: 64.62%", {"初级出考率相符"}),
        ("value: 6796,", "value: 6769,", {"会计报名合计", "初级报名科次相符", "初级出考率相符"}),
        ("value: 4.02%", "value: 4.03%", {"中级报名增长率"}),
        ("value: 2022-11-07", "value: 2022-10-07", {"储备上报在公示后"}),
    ],
)
def test_a_slip_of_the_pen_would_show(printed: str, mistaken: str, broken: set[str]) -> None:
    """One wrong digit breaks every check that it goes into, and no other."""
    text = FILE.read_text(encoding="utf-8")
    assert text.count(printed) == 1
    audit = audit_facts(read_facts(text.replace(printed, mistaken)))
    assert {o.name for o in audit.outcomes if o.verdict == "conflict"} == broken


def test_the_facts_and_the_scheme_state_the_same_points(audited: FactsAudit) -> None:
    """The points of each table, and of the whole, are those of the scheme."""
    scheme, figures = pr.scheme("zaozhuang.institutions"), audited.facts.figures
    for section in scheme.node("重点职能工作").children:
        assert figures[f"{section.name}分值"].value == section.worth
    assert figures["分值合计"].value == scheme.tree.worth
