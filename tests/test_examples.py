"""The examples do what their pages say: the demo runs, and the fictional county comes out as worked by hand."""

from __future__ import annotations

import runpy
from fractions import Fraction
from pathlib import Path

import pytest

import perfrules as pr
from perfrules.formats import read_records

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_the_demo_shows_what_it_promises(capsys: pytest.CaptureFixture[str]) -> None:
    """Published totals beside computed ones, rows of 110 under a total of 100, 9 优 and 2 良, and an explanation."""
    runpy.run_path(str(EXAMPLES / "demo.py"), run_name="__main__")
    out = capsys.readouterr().out
    for line in (
        "98.62  98.62  优",
        "99.6   100    优",
        "应得满分 20，公布得分却只有 19.6",
        "各行得分合计 the rows come to 110",
        "公布的总分 the total published 100",
        "11 个项目：9 优，2 良；预算合计 13997.53 万元",
        "合计 1.38 = 100 − 98.62",
    ):
        assert line in out, line


@pytest.mark.parametrize(
    ("town", "points", "grade"),
    [
        ("青石镇", "100", "优"),  # 40 + 18 + 15 + 10 + 15, and 2 of bonus
        ("柳河镇", "83.71", "良"),  # 35.84 + 14 + 10 + 9.12 + 14.75
        ("云岭乡", "100", "优"),  # 85 of 85 points, made up to 100
        ("东坪镇", "90", "良"),  # 30 hours without water: no better than 良
        ("白马乡", "59", "差"),  # 94.44, but for a grave accident
        ("南关镇", None, None),  # “约15%” is no number
    ],
)
def test_a_town_comes_out_as_worked_by_hand(town: str, points: str | None, grade: str | None) -> None:
    """Bands, steps, a reverse indicator, make-up, bonus and gates of the fictional scheme, town by town."""
    scheme = pr.load(EXAMPLES / "township-water.yaml")
    record = next(r for r in read_records(EXAMPLES / "township-water.csv", scheme).records if r.id == town)
    card = pr.score(scheme, record)
    assert (card.points, card.grade) == (points and Fraction(points), grade)


def test_a_percentage_written_as_a_number_is_set_aside() -> None:
    """`13` in a column of fractions is not 1300 %: the town is set aside with the reason, the others are scored."""
    batch = read_records(EXAMPLES / "township-water.csv", pr.load(EXAMPLES / "township-water.yaml"))
    assert (batch.count, len(batch.records)) == (7, 6)
    assert [(a.id, [f.name for f in a.findings]) for a in batch.set_aside] == [("河口乡", ["out-of-bounds"])]
