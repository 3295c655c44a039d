"""The difference of two schemes: nothing where nothing changed, and every change where something did; for whom, exactly."""

from __future__ import annotations

import json
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import perfrules as pr
from perfrules import plugins, supplying, testing
from perfrules.cli.commands import perfrules as commands
from perfrules.findings import RecordError
from perfrules.hookspecs import hookimpl
from perfrules.procedures.changes import Change
from perfrules.procedures.diff import SchemeDiff, diff

EXAMPLES = Path(__file__).parent.parent / "examples"
PARENT = """perfrules: 1
scheme: city.departments
title: 市级部门
edition: "2022"
key: 部门
sources: {市办法: {title: 市级办法, document: 市〔2022〕1号}}
clause: 市办法
inputs:
  数: {kind: number, unit: 万元, min: 0, max: 100}
  本: {kind: number, min: 0, max: 100}
definitions:
  折半(x): x / 2
values: {数比: 数 / 100}
tree:
  id: 总分
  points: 100
  round: 1
  children:
    产出:
      points: 60
      children:
        数量: {points: 40, formula: 数 * 40 / 100}
        成本: {points: 20, formula: 折半(本) * 40 / 100}
    效益: {points: 40, cases: {数 > 50: points, 本 > 50: points / 3, else: 0}}
checks:
  上限: {holds: 数 <= 100}
grades:
  等级: {bands: {of: 总分, from: {90: 优, 80: 良, 60: 中, else: 差}}}
"""
CHILD = """perfrules: 1
scheme: county.departments
title: 县级部门
edition: "2023"
amends: city.departments
sources: {县办法: {title: 县级办法}}
clause: 县办法 第二条
amendments:
"""
RECORDS: list[dict[str, Any]] = [
    {"部门": "甲局", "数": 70, "本": 33},
    {"部门": "乙局", "数": 40, "本": 90},
    {"部门": "丙局", "数": 100, "本": 100},
    {"部门": "丁局", "数": "12.34", "本": 55.5},
]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> plugins.Registry:
    """A plugin that supplies the parent."""
    path = tmp_path_factory.mktemp("plugin") / "city.yaml"
    path.write_text(PARENT, encoding="utf-8")

    class Plugin:
        @hookimpl
        def register_schemes(self) -> list[Path]:
            return [path]

    return plugins.load([], {"city": Plugin()})


def the_city(old: str = "", new: str = "") -> pr.Scheme:
    """The parent, with one thing written otherwise."""
    assert old in PARENT
    return pr.loads(PARENT.replace(old, new, 1) if old else PARENT)


def told(made: SchemeDiff) -> list[tuple[str, str, str, str]]:
    """What changed but the header: kind, place, before and after."""
    return [(c.aspect or c.kind, c.place, c.before, c.after) for c in made.changes if c.part != "scheme"]


def mirrored(change: Change) -> tuple[Any, ...]:
    """A change as seen from the other side."""
    kind = {"added": "removed", "removed": "added", "promoted": "demoted", "demoted": "promoted"}
    return (
        kind.get(change.kind, change.kind),
        change.part,
        change.to,
        change.path,
        change.aspect,
        change.after,
        change.before,
    )


def as_seen(change: Change) -> tuple[Any, ...]:
    """A change as its scheme sees it."""
    return change.kind, change.part, change.path, change.to, change.aspect, change.before, change.after


# ── nothing changes ───────────────────────────────────────────────────────────────────────────────


def test_no_scheme_differs_from_itself() -> None:
    """Every installed scheme against itself, and against what its resolved text loads as: nothing."""
    made, _ = supplying.schemes()
    for each in (s for editions in made.values() for s in editions):
        assert not diff(each, each)
        assert not diff(each, pr.loads(each.resolved(), registry=plugins.Registry()))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_two_schemes_can_be_compared(data: st.DataObject) -> None:
    """Of any two schemes: nothing where their digests are one, else something; and backwards the same, mirrored."""
    a, b = (data.draw(testing.schemes()) for _ in range(2))
    assert not diff(a, a)
    there, back = diff(a, b), diff(b, a)
    assert bool(there) == (a.digest != b.digest)
    assert Counter(map(as_seen, there.changes)) == Counter(map(mirrored, back.changes))
    for lang in ("zh", "en"):
        assert there.render(lang).count("\n") >= len(there.changes)


# ── what changed ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("数 * 40 / 100", "数 / 100 * 40", [("rule", "产出/数量", "数 * 40 / 100", "数 / 100 * 40")]),
        ("  round: 1\n", "", [("rounding", "/", "round: 1", "")]),
        ("{holds: 数 <= 100}", "{holds: 数 <= 100, severity: remark}", [("severity", "checks/上限", "", "remark")]),
        ("max: 100}\n  本", "max: 90}\n  本", [("max", "inputs/数", "100", "90")]),
        ("{数比: 数 / 100}", "{数比: 数 / 90}", [("rule", "values/数比", "数 / 100", "数 / 90")]),
        ("折半(x): x / 2", "折半(x): x / 3", [("rule", "definitions/折半", "x / 2", "x / 3")]),
        ("else: 0}", "else: 0}, missing: zero, assumed: 例", [
            ("policy", "效益", "", "missing: zero"), ("provenance", "效益", "", "assumed: 例")]),
        ("{数 > 50: points, 本 > 50: points / 3,", "{本 > 50: points / 3, 数 > 50: points,", [
            ("rule", "效益", "cases: {数 > 50: points, 本 > 50: points / 3, else: 0}",
             "cases: {本 > 50: points / 3, 数 > 50: points, else: 0}")]),
        ("    效益: ", "    成效: ", [("renamed", "效益 → 成效", "效益", "成效")]),
        ("title: 市级办法, ", "title: 办法, ", [("title", "sources/市办法", "市级办法", "办法")]),
        ("  本: {kind: number, min: 0, max: 100}\n", "  本: {kind: number, min: 0, max: 100}\n  另: {kind: text}\n", [
            ("added", "inputs/另", "", "kind: text")]),
        ("60: 中, ", "70: 中, ", [
            ("rule", "grades/等级", "bands: {of: 总分, from: {90: 优, 80: 良, 60: 中, else: 差}}",
             "bands: {of: 总分, from: {90: 优, 80: 良, 70: 中, else: 差}}")]),
    ],
)  # fmt: skip
def test_each_change_is_told_once(old: str, new: str, expected: list[tuple[str, str, str, str]]) -> None:
    """A change is told where it is, by what it is about, with the text before and after; and nothing else is."""
    made = diff(the_city(), the_city(old, new))
    assert told(made) == expected
    assert made.unexplained == made.changes


def test_points_are_those_that_a_node_comes_to() -> None:
    """Stated otherwise they are told; and where they are a sum, the change of the sum follows."""
    city = the_city()
    same = the_city("points: 40, formula", "points: 80/2, formula")
    assert told(diff(city, same)) == [("points", "产出/数量", "points: 40", "points: 80/2")]
    summed = the_city("  points: 100\n", "")
    other = pr.loads(PARENT.replace("  points: 100\n", "").replace("效益: {points: 40", "效益: {points: 35"))
    made = diff(summed, other)
    assert told(made) == [("points", "/", "100", "95"), ("points", "效益", "40", "35")]
    assert [c.follows for c in made.changes] == [True, False]


def test_a_node_is_found_where_it_went() -> None:
    """Without any amendment a node is the same that holds the same, wherever it stands."""
    moved = pr.loads(
        PARENT.replace("        成本: {points: 20, formula: 折半(本) * 40 / 100}\n", "")
        .replace("points: 60", "points: 40")
        .replace("    效益:", "    成本: {points: 20, formula: 折半(本) * 40 / 100}\n    效益:")
    )
    made = diff(the_city(), moved)
    assert told(made) == [("points", "产出", "60", "40"), ("promoted", "产出/成本 → 成本", "产出/成本", "成本")]
    assert told(diff(moved, the_city()))[1][:2] == ("demoted", "成本 → 产出/成本")


def test_twins_are_not_confused() -> None:
    """Of nodes that hold the same nobody can say which one went where: they are removed and added."""
    twin = "        {}: {{points: 20, formula: 折半(本) * 40 / 100}}\n"
    a, b = (
        pr.loads(
            PARENT.replace("points: 60", "points: 80").replace("points: 100", "points: 120").replace(
                twin.format("成本"), twin.format(one) + twin.format(two)))
        for one, two in (("成本", "成本二"), ("成本三", "成本四"))
    )  # fmt: skip
    assert sorted(kind for kind, *_ in told(diff(a, b))) == ["added", "added", "removed", "removed"]


def test_another_order_is_told() -> None:
    """Ties are broken in scheme order: children in another order are a change."""
    lines = PARENT.splitlines(keepends=True)
    place = next(i for i, line in enumerate(lines) if line.startswith("        数量"))
    lines[place], lines[place + 1] = lines[place + 1], lines[place]
    assert told(diff(the_city(), pr.loads("".join(lines)))) == [("reordered", "产出", "数量、成本", "成本、数量")]


# ── amendments ────────────────────────────────────────────────────────────────────────────────────

AMENDMENTS = [
    "  - {promote: 产出/成本, to: 成本, points: 30}\n  - reweight: {产出: 40, 效益: 30}\n",
    "  - {promote: 产出/成本, to: 成本, points: 20}\n  - {rename: 成本, to: 节约}\n  - reweight: {产出: 40}\n",
    "  - {demote: 效益, to: 产出/效益}\n  - reweight: {产出: 100}\n",
    "  - {rename: 效益, to: 成效}\n",
    "  - {rename: 产出, to: 效果}\n  - reweight: {效果/数量: 30, 效果/成本: 30}\n",
    "  - {add: 效果, with: {points: 20, children: {另: {points: 0, formula: 0}}}}\n"
    "  - {move: 产出/成本, to: 效果/成本}\n  - reweight: {产出: 40}\n",
    "  - {remove: checks/上限}\n  - {add: checks/下限, with: {holds: 数 >= 0}}\n",
    "  - {add: 其他, with: {points: 5, counts: false, formula: 5}}\n",
    "  - {change: inputs/数, with: {max: 200, decimals: 2}}\n",
    "  - {replace: definitions/折半, with: {formula: x / 4}}\n",
    "  - {replace: grades/等级, with: {bands: {of: 总分, from: {80: 优, else: 差}}}}\n",
    "  - {replace: 产出/成本, with: {points: 20, formula: 本 / 5}}\n",
    "  - {change: tree, with: {round: 2}}\n",
    "  - {assumed: 均分, reweight: {产出/数量: 30, 产出/成本: 30}}\n",
]


def county(registry: plugins.Registry, amendments: str) -> pr.Scheme:
    """The parent amended."""
    return pr.loads(CHILD + amendments, file="county.yaml", registry=registry)


@pytest.mark.parametrize("amendments", AMENDMENTS)
def test_an_amended_scheme_differs_by_exactly_its_amendments(registry: plugins.Registry, amendments: str) -> None:
    """Each change is said by an amendment, or follows from one; each amendment accounts for a change; and backwards."""
    child = county(registry, amendments)
    for made in (diff(the_city(), child), diff(child, the_city())):
        assert made.unexplained == ()
        assert set(made.amendments) == set(child.amendments)
        assert all(a.clause for a in made.amendments)


@pytest.mark.parametrize("amendments", AMENDMENTS)
def test_what_no_amendment_says_is_not_laid_to_one(registry: plugins.Registry, amendments: str) -> None:
    """A change made behind the amendments' back is the one that none explains."""
    child = county(registry, amendments)
    made = diff(the_city("{数比: 数 / 100}", "{数比: 数 / 99}"), child)
    assert [(c.place, c.before, c.after) for c in made.unexplained] == [("values/数比", "数 / 99", "数 / 100")]


def test_every_installed_amendment_explains_its_scheme() -> None:
    """A plugin's scheme that amends another differs from it by exactly its amendments."""
    made, _ = supplying.schemes()
    for each in (s for editions in made.values() for s in editions if s.amends):
        parent = pr.scheme(each.amends)
        if parent.amends:
            continue
        found = diff(parent, each)
        assert [c for c in found.unexplained if c.part != "sources"] == [], each.id
        assert set(found.amendments) == set(each.amendments), each.id


# ── for whom ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("amendments", AMENDMENTS)
def test_changes_add_up(registry: plugins.Registry, amendments: str) -> None:
    """The sums of records' changes are the difference of the totals; nodes and the rest make up each record's change."""
    child = county(registry, amendments)
    made = diff(the_city(), child, RECORDS).population
    assert made is not None
    before, after = ([pr.score(s, r).points or Fraction(0) for r in RECORDS] for s in (the_city(), child))
    assert [r.before for r in made.records] == before
    assert [r.after for r in made.records] == after
    assert sum((r.change for r in made.both if r.change is not None), Fraction(0)) == sum(after) - sum(before)
    assert (made.before, made.after) == (sum(before), sum(after))
    (root,) = [n for n in made.nodes if n.path == ""]
    assert (root.before, root.after) == (sum(before), sum(after))
    for each in made.records:
        assert each.change == sum(each.nodes.values(), Fraction(0)) + (each.otherwise or 0)
    count = made.count
    assert sum(count[w] for w in ("gain", "lose", "same", "without", "set_aside")) == count["records"] == len(RECORDS)
    for table in made.grades.values():
        assert sum(table.values()) == len(made.records)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_population_is_scored_as_any_record_is(data: st.DataObject) -> None:
    """Whatever the scheme, scores, grades and nodes are those of the scorecards."""
    scheme = data.draw(testing.schemes())
    records = data.draw(testing.forms(scheme, most=3))
    frozen = pr.freeze(scheme, records) if scheme.benchmarks else {}
    cards = [pr.score(scheme, record, benchmarks=frozen) for record in records]
    made = diff(scheme, scheme, records).population
    assert made is not None
    scores = [card[""].score for card in cards]
    assert [(r.before, r.after) for r in made.records] == [(s, s) for s in scores]
    assert [{g: labels[0] for g, labels in r.grades.items()} for r in made.records] == [card.grades for card in cards]
    for total in made.nodes:
        nodes = [card[total.path or ""].score for card in cards if card[""].score is not None]
        assert total.before == total.after == sum((n for n in nodes if n is not None), Fraction(0))


def test_who_gains_and_who_loses() -> None:
    """A record's change is at the nodes that make it, and what is made at none is told apart."""
    made = diff(the_city(), the_city("数 * 40 / 100", "数 * 40 / 100 / 3"), RECORDS)
    assert made.population is not None
    first = made.population.records[0]
    assert (first.record, first.before, first.after) == ("甲局", Fraction("74.6"), Fraction("55.9"))
    assert first.nodes == {("产出/数量", "产出/数量"): Fraction(28, 3) - 28}
    assert first.otherwise == Fraction("-18.7") - first.nodes["产出/数量", "产出/数量"]
    assert first.grades == {"等级": ("中", "差")}
    assert made.population.grades["等级"][("优", "中")] == 1
    text = made.render("en")
    assert "Records: 4; gain 0, lose 4" in text
    assert "甲局  74.6 → 55.9 (-18.7)" in text


def test_a_record_without_a_score_is_counted_apart() -> None:
    """A sum is over records that have a score by either scheme."""
    records = [*RECORDS, {"部门": "戊局", "数": 3}]
    made = diff(the_city(), the_city("本 > 50: points / 3, ", ""), records)
    assert made.population is not None
    assert made.population.count["without"] == 1
    assert made.population.records[-1].change is None
    assert made.population.records[-1].otherwise is None


def test_each_scheme_reads_a_file_for_itself(tmp_path: Path) -> None:
    """Units, bounds and names may differ: what one of them cannot read is set aside, and told."""
    path = tmp_path / "部门.csv"
    path.write_text("部门,数,本\n甲局,70,33\n乙局,95,90\n丙局,40,x\n", encoding="utf-8")
    other = the_city("max: 100}\n  本", "max: 90}\n  本")
    yuan = the_city("unit: 万元, min: 0, max: 100}\n  本", "unit: 元, min: 0, max: 100}\n  本")
    assert diff(the_city(), yuan, path).population is not None
    made = diff(the_city(), other, path).population
    assert made is not None
    assert made.set_aside + tuple(r.record for r in made.records if r.change is None) != ()
    assert made.count["records"] == 3
    assert "out-of-bounds" in {f.name for f in made.findings}


def test_records_are_of_one_scheme() -> None:
    """A Record is a scheme's reading: it is taken for another only where that takes the same data."""
    city, other = the_city(), the_city("max: 100}\n  本", "max: 90}\n  本")
    record = pr.score(city, RECORDS[0]).evidence.record
    assert diff(city, the_city("points: 60", "points: 60.0"), [record]).population is not None
    with pytest.raises(RecordError) as caught:
        diff(city, other, [record])
    assert [f.name for f in caught.value.findings] == ["records-of-one-scheme"]


def test_benchmarks_are_frozen_over_the_population() -> None:
    """A scheme with statistics over all records is compared as it would be scored."""
    text = PARENT.replace("checks:", "benchmarks: {均值: {mean: 数, over: cohort}}\nchecks:").replace(
        "数 * 40 / 100}", '"min(数 / 均值, 1) * 40"}'
    )
    made = diff(the_city(), pr.loads(text), RECORDS).population
    assert made is not None
    assert made.count["without"] == 0
    mean = (70 + 40 + 100 + Fraction("12.34")) / 4
    assert made.records[1].nodes == {("产出/数量", "产出/数量"): 40 / mean * 40 - 16}


def test_rows_are_part_of_their_group() -> None:
    """The rows of an open group count at the group."""
    scheme = pr.scheme("mof.self-evaluation")
    made = diff(scheme, scheme, EXAMPLES / "case-02.json").population
    assert made is not None
    assert made.count["same"] + made.count["without"] == 1
    assert all(n.change == 0 for n in made.nodes)


# ── printed ───────────────────────────────────────────────────────────────────────────────────────


def run(*words: str | Path) -> tuple[int, str]:
    """A command's exit code and what it prints."""
    result = CliRunner().invoke(commands, [str(word) for word in words], prog_name="perfrules")
    return result.exit_code, result.output


def test_diff_is_a_command(tmp_path: Path) -> None:
    """`perfrules diff A B --records FILE` prints what changed and for whom; JSON has it all; 1 for what is set aside."""
    a, b, records = tmp_path / "a.yaml", tmp_path / "b.yaml", tmp_path / "r.csv"
    a.write_text(PARENT, encoding="utf-8")
    b.write_text(PARENT.replace("points: 40, formula: 数 * 40", "points: 40, formula: 数 * 20"), encoding="utf-8")
    records.write_text("部门,数,本\n甲局,70,33\n乙局,40,90\n", encoding="utf-8")
    assert run("diff", a, a) == (0, "市级部门 city.departments@2022 → 市级部门 city.departments@2022\n没有变化。\n")
    code, text = run("diff", a, b, "--records", records)
    assert code == 0
    for words in (
        "规则  指标 产出/数量：数 * 40 / 100 → 数 * 20 / 100",
        "共 1 处变化。",
        "减 2",
        "甲局  74.6 → 60.6（-14）",
    ):
        assert words in text
    code, text = run("diff", a, b, "--records", records, "--format", "json")
    data = json.loads(text)
    assert data["population"]["total"] == {"before": "121.9", "after": "99.9", "change": "-22"}
    assert data["changes"][0]["aspect"] == "rule"
    records.write_text("部门,数,本\n甲局,70,33\n甲局,40,90\n", encoding="utf-8")
    assert run("diff", a, b, "--records", records)[0] == 1
    assert run("diff", a, tmp_path / "none.yaml")[0] == 2


def test_diff_is_public() -> None:
    """`pr.diff` is the same."""
    assert pr.diff is diff
    assert str(pr.diff(the_city(), the_city())).endswith("没有变化。")
