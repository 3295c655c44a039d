"""Spot checks: what is drawn, that anybody can draw it again, and that what is said of it adds up."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
from fractions import Fraction
from math import ceil

import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

import perfrules as pr
from perfrules.cli.commands import perfrules
from perfrules.model import Record
from perfrules.procedures.drawing import Share, apportioned, ceiling, in_order
from perfrules.procedures.sampling import sample
from perfrules.procedures.spot_check import Sample

HEAD = """\
perfrules: 1
scheme: test.check
title: 抽查
key: 项目
clause: 例
inputs:
  预算数: {kind: number, unit: 万元}
  部门: {kind: choice, choices: [教育, 卫健, 交通]}
  关注: {kind: boolean}
  类别: {kind: choice, choices: [项目, 部门整体]}
tree: {id: 总分, points: 100, formula: 100}
procedures:
  sampling:
"""
PLANS = {
    "count": "    count: 20%\n",
    "money": "    money: 20%\n    amount: 预算数\n",
    "both": "    count: 20%\n    money: 35%\n    amount: 预算数\n    until_money: true\n",
    "strata": "    count: 20%\n    strata: 部门\n    stratum_share: 10%\n    stratum_least: 2\n    amount: 预算数\n",
    "by-money": "    count: 20%\n    strata: 部门\n    apportion: money\n    amount: 预算数\n",
    "certain": "    count: 20%\n    amount: 预算数\n    strata: 部门\n"
    "    certainty: {largest: 3, when: {民生: 关注, 大额: 预算数 >= 900}}\n",
}
SCHEMES = {name: pr.loads(HEAD + text) for name, text in PLANS.items()}
JINAN = pr.loads(HEAD + "    count: 20%\n    amount: 预算数\n")

Row = dict[str, object]


def row(identifier: str, amount: int = 100, department: str = "教育", concern: bool = False) -> Row:
    """A record of the population."""
    return {"项目": identifier, "预算数": amount, "部门": department, "关注": "是" if concern else "否", "类别": "项目"}


def population(count: int) -> list[Row]:
    """So many projects."""
    return [row(f"项目{n:04d}", 10 + n * 37 % 900, ["教育", "卫健", "交通"][n % 3]) for n in range(count)]


@st.composite
def populations(draw: st.DrawFn, most: int = 40) -> list[Row]:
    """Some records, their ids all different."""
    ids = draw(st.lists(st.text("甲乙丙丁abc019", min_size=1, max_size=6), max_size=most, unique=True))
    return [
        row(
            i, draw(st.integers(0, 1000)), draw(st.sampled_from(["教育", "卫健", "交通"])), draw(st.integers(0, 9)) == 0
        )
        for i in ids
    ]


plans = st.sampled_from(sorted(SCHEMES))
seeds = st.integers(0, 10**6) | st.text(max_size=5)
many = settings(max_examples=60, deadline=None)


# ── the arithmetic ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("whole", "least"), [(93, 19), (1156, 232), (1128, 226), (56, 12), (5, 1), (1, 1), (0, 0)])
def test_a_minimum_is_a_ceiling(whole, least):
    """A fifth of 93 departments is 19 and of 1156 projects 232: less would be less than a fifth."""
    assert ceiling(Fraction(20, 100) * whole) == least
    assert len(sample(JINAN, population(whole), seed=1).ids) == least


@st.composite
def claims(draw: st.DrawFn) -> dict[str, Share]:
    """Claims on seats, with weights and bounds."""
    names = draw(st.lists(st.text(max_size=3), min_size=1, max_size=8, unique=True))
    made = {}
    for name in names:
        most = draw(st.integers(0, 30))
        weight = draw(st.fractions(0, 100, max_denominator=12))
        made[name] = Share(weight, draw(st.integers(0, most)), most)
    return made


@given(shares=claims(), seats=st.integers(0, 200))
def test_seats_are_all_given_and_within_bounds(shares, seats):
    """Largest remainder gives out exactly the seats there are, none below its least or above its most."""
    given_out = apportioned(seats, shares)
    least, most = sum(s.least for s in shares.values()), sum(s.most for s in shares.values())
    assert sum(given_out.values()) == min(max(seats, least), most)
    assert all(s.least <= given_out[name] <= s.most for name, s in shares.items())


@given(shares=claims(), seats=st.integers(0, 200))
def test_seats_follow_weight(shares, seats):
    """Who has more weight, and bounds no tighter, gets no fewer."""
    given_out = apportioned(seats, shares)
    for a, left in shares.items():
        for b, right in shares.items():
            if left.weight > right.weight and left.least >= right.least and left.most >= right.most:
                assert given_out[a] >= given_out[b]


@given(weights=st.lists(st.integers(1, 1000), min_size=1, max_size=8), seats=st.integers(0, 100))
def test_without_bounds_it_is_hamilton(weights, seats):
    """With no bounds in the way every claim gets its quota, rounded down or up."""
    shares = {str(i): Share(Fraction(w), 0, 1000) for i, w in enumerate(weights)}
    for name, seats_given in apportioned(seats, shares).items():
        quota = Fraction(seats) * shares[name].weight / sum(weights)
        assert int(quota) <= seats_given <= ceil(quota)


def test_the_order_is_the_documented_one():
    """Anybody with HMAC-SHA256 can draw the sample: rank ids by it, the seed being the key."""
    ids = [f"项目{n}" for n in range(50)]
    by_hand = sorted(ids, key=lambda i: hmac.new(b"2022", i.encode(), hashlib.sha256).hexdigest())
    assert in_order("2022", ids) == by_hand
    assert by_hand[:4] == ["项目31", "项目32", "项目28", "项目19"]
    drawn = sample(JINAN, [row(i) for i in ids], seed="2022")
    assert drawn.ids == tuple(sorted(by_hand[:10]))


# ── what is drawn ─────────────────────────────────────────────────────────────────────────────────


@many
@given(plan=plans, rows=populations(), seed=seeds)
@example(plan="strata", rows=population(40), seed=7)
def test_the_minimum_is_met(plan, rows, seed):
    """Whatever is asked for by count is met, whole and stratum by stratum; by money where drawing goes on for it."""
    scheme = SCHEMES[plan]
    drawn = sample(scheme, rows, seed=seed)
    declared = drawn.declared
    assert len(drawn.ids) >= (declared.count or 0) * len(rows)
    if plan in ("money", "both"):
        assert drawn.by_amount is not None
        assert drawn.by_amount.sample >= declared.money * drawn.by_amount.population
    for stratum in drawn.strata:
        size, taken = stratum.by_count.population, stratum.by_count.sample
        assert taken >= declared.stratum_share * size
        assert taken >= min(declared.stratum_least, size)
    assert drawn.meets_minimum is True


@many
@given(rows=populations(), seed=seeds)
def test_no_more_than_needed_is_drawn(rows, seed):
    """Without certainty items or minimums of strata the sample is the ceiling, and not one more."""
    assert len(sample(SCHEMES["count"], rows, seed=seed).ids) == ceil(Fraction(len(rows), 5))


@many
@given(plan=plans, rows=populations(), seed=seeds, data=st.data())
def test_the_order_of_the_file_does_not_matter(plan, rows, seed, data):
    """The same records in another order are the same sample, told in the same words."""
    shuffled = data.draw(st.permutations(rows))
    assert sample(SCHEMES[plan], rows, seed=seed).as_json() == sample(SCHEMES[plan], shuffled, seed=seed).as_json()


@many
@given(rows=populations(), seed=seeds, more=st.text("戊己xyz", min_size=1, max_size=4))
def test_a_record_more_disturbs_nothing_else(rows, seed, more):
    """In a simple sample of n, another record displaces the last one at most; who is in depends on rank alone."""
    ids = [str(r["项目"]) for r in rows]
    before, after = in_order(str(seed), ids), in_order(str(seed), [*ids, more])
    assert [i for i in after if i != more] == before
    now = set(sample(SCHEMES["count"], [*rows, row(more)], seed=seed).ids)
    was = set(sample(SCHEMES["count"], rows, seed=seed).ids)
    assert len(was - now) <= 1
    assert now == set(after[: len(now)])


@many
@given(rows=populations(), seed=seeds)
def test_in_a_stratum_rank_within_the_quota_decides(rows, seed):
    """Of those not certain, a stratum gives the first of its own order, as many as are left to it."""
    drawn = sample(SCHEMES["certain"], rows, seed=seed)
    taken = {t.record: t for t in drawn.taken}
    for stratum in drawn.strata:
        members = [str(r["项目"]) for r in rows if r["部门"] == stratum.name]
        free = int(stratum.by_count.sample) - stratum.certain
        others = [i for i in in_order(str(seed), members) if i not in taken or "drawn" in taken[i].why]
        assert [i in taken for i in others] == [rank < free for rank in range(len(others))]


@many
@given(rows=populations(), seed=seeds, other=seeds)
def test_what_is_certain_is_always_in(rows, seed, other):
    """Conditions and the largest amounts hang on no seed, and each says why."""
    for each in (seed, other):
        drawn = sample(SCHEMES["certain"], rows, seed=each)
        taken = {t.record: t for t in drawn.taken}
        amounts = sorted((r["预算数"] for r in rows), reverse=True)
        for record in rows:
            name = record["项目"]
            why = taken[name].conditions if name in taken else ()
            assert (record["关注"] == "是") == ("民生" in why)
            assert (record["预算数"] >= 900) == ("大额" in why)
            if record["预算数"] >= amounts[min(3, len(amounts)) - 1]:
                assert "largest" in taken[name].why


@many
@given(plan=plans, rows=populations(), seed=seeds)
def test_coverage_adds_up(plan, rows, seed):
    """Strata are parts of the whole: counts and amounts of each add up to those of all, taken or not."""
    drawn = sample(SCHEMES[plan], rows, seed=seed)
    assert sum(s.by_count.population for s in drawn.strata) == drawn.by_count.population == len(rows)
    assert sum(s.by_count.sample for s in drawn.strata) == drawn.by_count.sample == len(drawn.taken)
    amounts = {r["项目"]: r["预算数"] for r in rows}
    if drawn.by_amount is not None:
        assert drawn.by_amount.population == sum(amounts.values())
        assert drawn.by_amount.sample == sum(amounts[i] for i in drawn.ids)
        assert sum(s.by_amount.sample for s in drawn.strata) == drawn.by_amount.sample


@many
@given(rows=populations(), seed=seeds)
def test_drawing_on_stops_when_the_money_is_met(rows, seed):
    """What is drawn on for money is the shortest run of the order that meets it."""
    drawn = sample(SCHEMES["both"], rows, seed=seed)
    further = [t.record for t in drawn.taken if "money" in t.why]
    rest = in_order(str(seed), [i for i in (r["项目"] for r in rows) if i not in drawn.ids or i in further])
    assert set(rest[: len(further)]) == set(further)
    if further:
        last = next(t for t in drawn.taken if t.record == rest[len(further) - 1])
        assert drawn.by_amount.sample - last.amount < drawn.by_amount.least


def test_the_same_seed_is_the_same_sample_in_a_fresh_process(tmp_path):
    """Nothing of the process, its hash seed included, has a say in who is drawn."""
    scheme, file = tmp_path / "s.yaml", tmp_path / "r.json"
    scheme.write_text(HEAD + PLANS["certain"], encoding="utf-8")
    file.write_text(json.dumps(population(300), ensure_ascii=False), encoding="utf-8")
    said = []
    for number in ("0", "1"):
        command = [
            sys.executable,
            "-m",
            "perfrules.cli",
            "sample",
            str(scheme),
            str(file),
            "--seed",
            "7",
            "--format",
            "json",
        ]
        environment = {"PYTHONHASHSEED": number, "PATH": ""}
        done = subprocess.run(command, check=True, capture_output=True, env=environment)
        said.append(json.loads(done.stdout))
    assert said[0] == said[1]
    assert said[0]["sample"] == list(sample(SCHEMES["certain"], population(300), seed=7).ids)


# ── what is in doubt ──────────────────────────────────────────────────────────────────────────────


def names(drawn: Sample) -> set[str]:
    """The names of what was found, beside missing values."""
    return {f.name for f in drawn.findings} - {"missing-value"}


def test_money_that_the_count_does_not_cover_is_said():
    """Where money falls short and drawing does not go on, the plan says so, and by which base."""
    scheme = pr.loads(HEAD + "    count: 20%\n    money: 20%\n    amount: 预算数\n")
    rows = [row("大", 10_000), *(row(f"小{n}", 1) for n in range(9))]
    seed = next(s for s in range(100) if "大" not in sample(scheme, rows, seed=s).ids)
    drawn = sample(scheme, rows, seed=seed)
    assert (drawn.by_count.met, drawn.by_amount.met, drawn.meets_minimum) == (True, False, False)
    assert names(drawn) == {"money-not-covered"}
    assert "未达到" in "".join(drawn.summary("zh"))


def test_nobody_gets_away_by_a_blank_cell():
    """A record without a stratum is drawn in one of its own; one without an amount is drawn, and money left in doubt."""
    rows = [row("甲"), {"项目": "乙", "关注": "否", "类别": "项目"}]
    drawn = sample(SCHEMES["certain"], rows, seed=1)
    assert [s.name for s in drawn.strata] == ["", "教育"]
    assert drawn.by_count.population == 2
    assert names(drawn) == {"stratum-unknown", "amount-unknown", "certainty-undecided"}
    both = sample(SCHEMES["both"], rows, seed=1)
    assert both.by_amount.met is None
    assert both.meets_minimum is None


def test_who_cannot_be_told_to_be_of_the_population_is_told():
    """A record whose `where` reaches a blank is neither counted nor lost."""
    scheme = pr.loads(HEAD + "    count: 20%\n    where: 类别 == '项目'\n")
    drawn = sample(scheme, [*population(10), {"项目": "无类别"}, {"项目": "部门", "类别": "部门整体"}], seed=1)
    assert drawn.by_count.population == 10
    assert drawn.undecided == ("无类别",)
    assert drawn.meets_minimum is None
    assert names(drawn) == {"population-undecided"}


def test_negative_amounts_and_empty_populations():
    """A negative amount is no money; of nobody, nobody is drawn."""
    assert names(sample(SCHEMES["money"], [row("甲", -5)], seed=1)) == {"amount-negative"}
    empty = sample(SCHEMES["both"], [], seed=1)
    assert empty.ids == ()
    assert names(empty) == {"population-empty"}


def test_two_of_one_id_cannot_be_drawn_from():
    """Records handed over one by one must be told apart."""
    records = [Record("甲", {}), Record("甲", {})]
    with pytest.raises(pr.RecordError) as caught:
        sample(SCHEMES["count"], records, seed=1)
    assert [f.name for f in caught.value.findings] == ["duplicate-record-id"]


@settings(max_examples=20)
@given(text=st.text(max_size=8), seed=st.text(max_size=8))
@example(text="\ud800", seed="\udfff")
def test_any_id_and_seed_will_do(text, seed):
    """Whatever a file brings as an id, half characters too, has a place in the order."""
    assert in_order(seed, [text, text + "x"])


def test_strata_may_be_numbers_and_benchmarks_are_frozen_first():
    """A stratum is any value of a formula, benchmarks over the file itself among what it reads."""
    text = HEAD.replace("tree:", "benchmarks: {均值: {mean: 预算数, over: cohort}}\ntree:")
    scheme = pr.loads(text + "    count: 50%\n    strata: 1 if 预算数 >= 均值 else 0\n")
    drawn = sample(scheme, [row("甲", 1), row("乙", 2), row("丙", 9), row("丁", 12)], seed=1)
    assert [(s.name, s.by_count.population) for s in drawn.strata] == [("0", 2), ("1", 2)]


# ── the command ───────────────────────────────────────────────────────────────────────────────────


def run(*words: str) -> object:
    """The command, run."""
    return CliRunner().invoke(perfrules, words)


@pytest.fixture
def files(tmp_path):
    """A scheme file, and a file of 1156 projects."""
    scheme, file = tmp_path / "s.yaml", tmp_path / "r.csv"
    scheme.write_text(
        HEAD + "    count: 20%\n    money: 20%\n    amount: 预算数\n    until_money: true\n", encoding="utf-8"
    )
    rows = population(1156)
    lines = [",".join(rows[0]), *(",".join(map(str, r.values())) for r in rows)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(scheme), str(file)


def test_the_command_gives_what_programs_need(files):
    """Counts are numbers, what may be broken is text; the sample is a list of ids."""
    result = run("sample", *files, "--seed", "7", "--format", "json")
    assert result.exit_code == 0
    data = json.loads(result.stdout)
    assert data["population"] == 1156
    assert len(data["sample"]) == data["by_count"]["sample"] >= 232
    assert data["by_count"]["minimum"] == 232
    assert data["meets_minimum"] is True
    assert data["seed"] == "7"
    assert data["by_amount"]["unit"] == "万元"
    assert Fraction(data["by_amount"]["share"]) >= Fraction(1, 5)
    assert data["strata"][0]["population"] == 1156


@pytest.mark.parametrize(("lang", "words"), [("zh", "已达到"), ("en", "met")])
def test_the_command_prints_the_plan(files, lang, words):
    """For people: method and seed, coverage on both bases, and everybody taken with the reason."""
    result = run("sample", *files, "--seed", "7", "--lang", lang)
    assert result.exit_code == 0
    assert words in result.stdout
    assert "1156" in result.stdout
    assert "项目0" in result.stdout


def test_records_set_aside_leave_the_minimum_in_doubt(files, tmp_path):
    """A line that cannot be read may belong to the population: the command fails, and says so."""
    broken = tmp_path / "broken.csv"
    broken.write_text("项目,预算数\n甲,10\n乙,20\n乙,30\n", encoding="utf-8")
    result = run("sample", files[0], str(broken), "--seed", "7", "--format", "json")
    data = json.loads(result.stdout)
    assert result.exit_code == 1
    assert data["meets_minimum"] is None
    assert [each["record"] for each in data["set_aside"]] == ["乙", "乙"]
    assert "搁置" in run("sample", files[0], str(broken), "--seed", "7").stdout


def test_a_scheme_without_sampling_cannot_be_sampled_by():
    """The way of a region is data; the command makes up none."""
    result = run("sample", "examples/township-water.yaml", "examples/township-water.csv", "--seed", "1")
    assert result.exit_code == 1
    assert "procedure-not-declared" in result.output


# ── the section of a scheme file ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("    money: 20%\n", "key-wanting"),
        ("    amount: 预算数\n", "key-wanting"),
        ("    count: 0%\n", "share-out-of-range"),
        ("    count: 20%\n    until_money: true\n", "key-does-not-fit"),
        ("    count: 20%\n    stratum_least: 1\n", "key-wanting"),
        ("    count: 20%\n    certainty: {largest: 2}\n", "key-wanting"),
        ("    count: 20%\n    amount: 部门\n", "wrong-kind"),
        ("    count: 20%\n    where: 预算数\n", "wrong-kind"),
        ("    count: 20%\n    certainty: {when: {大额: 预算数}}\n", "wrong-kind"),
        ("    count: 20%\n    strata: 科室\n", "unknown-name"),
        ("    count: 20%\n    apportion: both\n", "word-wanted"),
        ("    count: [20%]\n", "formula-wanted"),
    ],
)
def test_mistakes_in_the_section_are_told(text, wrong):
    """What a scheme file says wrongly of sampling is told at its place."""
    with pytest.raises(pr.SchemeError) as caught:
        pr.loads(HEAD + text)
    assert wrong in {f.name for f in caught.value.findings}
    assert all(f.where for f in caught.value.findings)


def test_an_amendment_changes_the_way_of_a_region(tmp_path):
    """A county may draw more than its prefecture by amending the section."""
    child = tmp_path / "child.yaml"
    child.write_text(
        "perfrules: 1\nscheme: test.county\namends: test.check\nassumed: 例\namendments:\n"
        "  - change: procedures/sampling\n    with: {count: 30%}\n",
        encoding="utf-8",
    )
    county = pr.amend(JINAN, child)
    assert len(sample(county, population(10), seed=1).ids) == 3
    assert county.procedures.sampling.provenance.status == "assumed"
