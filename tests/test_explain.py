"""Explanations as golden texts: each names input, value, rule, loss and clause, in both languages."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

import golden
import perfrules as pr
from perfrules.findings import Language
from perfrules.formats import read_records
from perfrules.scorecards import canonical, digest


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", golden.EXPLANATIONS)
def test_an_explanation_reads_as_agreed(name: str, lang: Language) -> None:
    """The text is the golden one, to the letter."""
    wanted = (golden.EXPLAINED / f"{name}.{lang}.txt").read_text(encoding="utf-8")
    assert golden.explained(name, lang) == wanted


@pytest.mark.parametrize("name", golden.EXPLANATIONS)
def test_every_loss_is_explained(name: str) -> None:
    """Each scored leaf tells its rule and clause; each line of loss stands in the text; and the lines add up."""
    scheme_name, file = golden.EXPLANATIONS[name]
    scheme = pr.scheme(scheme_name)
    for record in read_records(golden.EXAMPLES / file, scheme).records:
        card = pr.score(scheme, record)
        text = card.explain("en")
        assert text.count("clause: ") >= sum(n.state == "scored" for n in card.nodes[1:])
        for node in card.nodes[1:]:
            assert (node.title or node.name) in text
        if card.points is not None and card.max is not None:
            assert sum((line.amount for line in card.lines), Fraction(0)) == card.max - card.points


def test_one_indicator_can_be_explained_alone() -> None:
    """A path gives the part beneath it; a path that is not there is a KeyError."""
    scheme = pr.scheme(str(golden.EXAMPLES / "township-water.yaml"))
    record = read_records(golden.EXAMPLES / "township-water.csv", scheme).records[0]
    card = pr.score(scheme, record)
    part = card.explain("zh", "运行")
    assert part in card.explain("zh") or "运行" in part
    assert "水质" not in part
    with pytest.raises(KeyError):
        card.explain("zh", "没有")


def test_the_canonical_text_is_the_same_each_time() -> None:
    """Same scheme and record: the same bytes, whatever was kept for the explanation."""
    scheme = pr.scheme("mof.self-evaluation")
    record = read_records(golden.EXAMPLES / "case-01.json", scheme).records[0]
    first, second = pr.score(scheme, record), pr.score(scheme, record, trace=False)
    assert canonical(first) == canonical(second)
    assert digest(first) == digest(second)


def test_a_ruling_stands_beside_the_computed_figure() -> None:
    """A ruling overrules the score above it, the computed figure stays, and the lines still add up."""
    scheme = pr.scheme(str(golden.EXAMPLES / "township-water.yaml"))
    record = read_records(golden.EXAMPLES / "township-water.csv", scheme).records[1]
    before = pr.score(scheme, record)
    ruling = pr.Ruling("运行/管网漏损", Fraction(20), "复核漏损率", "复核组", date(2024, 3, 1))
    card = pr.score(scheme, record, rulings=[ruling])
    node = card["运行/管网漏损"]
    assert (node.score, node.computed) == (20, before["运行/管网漏损"].score)
    assert card["运行"].score == before["运行"].score - before["运行/管网漏损"].score + 20
    assert sum((line.amount for line in card.lines), Fraction(0)) == card.max - card.points
    assert "复核组" in card.explain("zh")
