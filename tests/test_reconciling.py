"""Self-scores against re-scores: deviations, what they lead to, and reasons that account for every point."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import perfrules as pr
from perfrules.cli.commands import perfrules
from perfrules.model import Ruling
from perfrules.procedures.deviations import Reconciliation
from perfrules.procedures.reconciling import reconcile

HEAD = """\
perfrules: 1
scheme: test.review
title: 复核
key: 项目
clause: 例
inputs:
  预算数: {kind: number, unit: 万元, min: 0}
  执行数: {kind: number, unit: 万元, min: 0}
  合格率: {kind: number, unit: "%", min: 0, max: 1, optional: true}
  违规: {kind: boolean, optional: true}
rows:
  指标:
    name: 名称
    columns:
      名称: {kind: text}
      分值: {kind: number}
      完成率: {kind: number, unit: "%"}
    points: 分值
    formula: clip(完成率, 0, 1) * points
tree:
  id: 总分
  points: 100
  round: 1
  children:
    执行: {points: 10, formula: "clip(执行数 / 预算数, 0, 1) * points"}
    质量: {points: 50, formula: 合格率 * points, reason: 合格率不足}
    指标组: {points: 40, rows: 指标, adjustable: true}
  gates: {违规: {when: present(违规) and 违规, at_most: 59, reason: 查实违规}}
grades:
  等级: {bands: {of: 总分, from: {90: 优, 80: 良, 60: 中, else: 差}}}
published:
  公布执行: {score: 执行}
  公布质量: {score: 质量}
  公布总分: {score: 总分}
  公布等级: {grade: 等级}
procedures:
  reconciling:
"""
TABLE = """\
    round: 4
    outcome: {bands: {of: abs(deviation), to: {5%: 认可, 10%: 提醒, else: 通报}}}
    penalty: {bands: {of: deviation, to: {5%: 0, 10%: -1, else: -2}}}
    item_outcome: {cases: {deviation <= 0: 不扣, else: 扣分}}
"""
SCHEME = pr.loads(HEAD + TABLE)
PRINTED = pr.loads(HEAD + "    reads: printed\n" + TABLE)
BARE = pr.loads(HEAD + "    assumed: 例\n")


def form(
    identifier: str, spent: object = 100, good: object = "100%", rows: object = None, **more: object
) -> dict[str, object]:
    """A record: all spent and all good, and two rows, unless said otherwise."""
    shares = {"甲项": "100%", "乙项": "100%"} if rows is None else rows
    listed = [{"名称": name, "分值": 20, "完成率": share} for name, share in shares.items()]
    return {"项目": identifier, "预算数": 100, "执行数": spent, "合格率": good, "指标": listed, **more}


def names(made: Reconciliation) -> set[str]:
    """The names of what was found about the two sides."""
    return {f.name for f in made.findings} - {"missing-value", "missing-column"}


# ── deviations and what follows ───────────────────────────────────────────────────────────────────


def test_a_deviation_is_the_self_score_less_the_review_over_the_self_score():
    """100 reviewed to 90 deviates by a tenth; the table of the scheme says what follows, and the grade that changed."""
    (made,) = reconcile(SCHEME, [form("甲")], [form("甲", good="80%")]).records
    assert (made.scores.self_score, made.scores.review_score) == (100, 90)
    assert made.scores.deviation == Fraction(1, 10)
    assert (made.scores.outcome, made.penalty) == ("提醒", -1)
    assert made.grades == ()
    (worse,) = reconcile(SCHEME, [form("甲")], [form("甲", good="20%")]).records
    assert worse.scores.outcome == "通报"
    assert [(g.before, g.after, g.down) for g in worse.grades] == [("优", "中", 2)]


def test_deviations_are_rounded_as_declared_before_the_table_reads_them():
    """A deviation of 5.005 % is 5 % with two places, within the first band; with no places stated it is beyond."""
    sides = [form("甲", good="99.8%")], [form("甲", good="89.8%")]
    to_two, unrounded = (TABLE.replace("round: 4", words) for words in ("round: 2", "reads: computed"))
    rounded, exact = (reconcile(pr.loads(HEAD + table), *sides).records[0] for table in (to_two, unrounded))
    assert exact.scores.deviation == Fraction(5, Fraction("99.9"))
    assert (rounded.scores.deviation, rounded.scores.outcome) == (Fraction(5, 100), "认可")
    assert (exact.scores.outcome, exact.penalty) == ("提醒", -1)
    (bare,) = reconcile(BARE, *sides).records
    assert (bare.scores.outcome, bare.penalty) == (None, None)


shares = st.integers(0, 100).map(lambda n: f"{n}%")
rows_ = st.tuples(shares, shares).map(lambda both: dict(zip(("甲项", "乙项"), both, strict=True)))
sides = st.tuples(st.integers(0, 120), shares, rows_, st.booleans())


@settings(max_examples=60, deadline=None)
@given(own=sides, review=sides, ruled=st.none() | st.integers(0, 50))
def test_items_and_what_is_beside_them_account_for_every_point(own, review, ruled):
    """The differences of all items, and what gates and rounding make of them, are the difference of the whole."""
    rulings = (
        [] if ruled is None else [{"path": "质量", "points": ruled, "reason": "查", "by": "复核", "date": "2023-01-01"}]
    )
    before = form("甲", own[0], own[1], own[2], 违规="是" if own[3] else "否")
    after = form("甲", review[0], review[1], review[2], 违规="是" if review[3] else "否", rulings=rulings)
    (made,) = reconcile(SCHEME, [before], [after]).records
    assert [i.path for i in made.items] == ["执行", "质量", "指标组/甲项", "指标组/乙项"]
    assert sum(i.scores.taken_off for i in made.items) + made.elsewhere == made.scores.taken_off
    assert all(i.reasons for i in made.items if i.scores.taken_off > 0)
    assert not any(i.reasons for i in made.items if not i.scores.differ)


@settings(max_examples=30, deadline=None)
@given(each=st.lists(sides, max_size=4), data=st.data())
def test_one_side_against_itself_deviates_by_nothing(each, data):
    """What is reviewed as it was scored has no deviation, no reasons and no changed grade, in whatever order it stands."""
    own = [form(f"项目{n}", *side[:3]) for n, side in enumerate(each)]
    made = reconcile(SCHEME, own, data.draw(st.permutations(own)))
    assert [r.record for r in made.records] == sorted(str(r["项目"]) for r in own)
    for record in made.records:
        assert record.scores.taken_off == 0
        assert record.changed == () == record.grades
        assert record.scores.outcome in ("认可", None)
    assert names(made) == set()


# ── reasons ───────────────────────────────────────────────────────────────────────────────────────


def test_a_ruling_is_the_reason_of_what_it_took():
    """The words of a ruling stand first, with who made it."""
    ruling = {"path": "质量", "points": 30, "reason": "无佐证材料", "by": "复核组", "date": "2023-05-01"}
    (made,) = reconcile(SCHEME, [form("甲")], [form("甲", rulings=[ruling])]).records
    (item,) = made.changed
    assert item.path == "质量"
    assert (item.reasons[0].kind, item.reasons[0].render()) == ("ruling", "无佐证材料 (复核组)")
    assert made.elsewhere == 0


def test_data_found_otherwise_are_the_reason_too():
    """Each input behind the item that the review states otherwise is shown as both wrote it; others are not."""
    before, after = form("甲"), form("甲", spent=90, good="95%", rows={"甲项": "100%", "乙项": "50%"})
    (made,) = reconcile(SCHEME, [before], [after]).records
    told = {i.path: [r.render() for r in i.reasons if r.kind == "data"] for i in made.changed}
    assert told == {"执行": ["执行数: 100 → 90"], "质量": ["合格率: 100% → 95%"], "指标组/乙项": ["完成率: 100% → 50%"]}
    (quality,) = [i for i in made.changed if i.path == "质量"]
    assert [r.words for r in quality.reasons if r.kind == "rule"] == ["合格率不足"]


def test_what_a_gate_took_is_told_beside_the_items():
    """No item changed, the whole did: the gate of the review is named with its reason."""
    (made,) = reconcile(SCHEME, [form("甲", 违规="否")], [form("甲", 违规="是")]).records
    assert made.changed == ()
    assert made.elsewhere == 41
    assert "查实违规" in [r.words for r in made.reasons]


def test_a_ruling_on_the_whole_is_told_beside_the_items():
    """A ruling on a group is no item's."""
    ruling = Ruling("", Fraction(70), "整体核减", "复核组", date(2023, 5, 1))
    card = pr.score(SCHEME, form("甲"), rulings=[ruling])
    (made,) = reconcile(SCHEME, [form("甲")], [card]).records
    assert made.elsewhere == 30
    assert "整体核减" in [r.words for r in made.reasons]


def test_a_deduction_without_a_reason_is_told():
    """Scorecards that carry no line about what they took off leave it without a reason."""
    from attrs import evolve

    card = pr.score(SCHEME, form("甲", good="50%"))
    bare = evolve(card, lines=(), evidence=None)
    assert "deduction-without-reason" in names(reconcile(SCHEME, [form("甲")], [bare]))


# ── printed self-scores ───────────────────────────────────────────────────────────────────────────


def test_printed_self_scores_are_what_the_unit_gave_itself():
    """With `reads: printed` the printed figures and grade stand for the self-score; what is not printed is computed."""
    own = form("甲", spent=90, good="90%", 公布执行=10, 公布质量=50, 公布总分=99, 公布等级="优")
    (made,) = reconcile(
        PRINTED, [own], [form("甲", spent=90, good="90%", rows={"甲项": "100%", "乙项": "75%"})]
    ).records
    assert made.scores.self_score == 99
    assert {i.path: i.scores.self_score for i in made.items} == {
        "执行": 10,
        "质量": 50,
        "指标组/甲项": 20,
        "指标组/乙项": 20,
    }
    assert made.scores.review_score == 89
    assert [(g.before, g.after) for g in made.grades] == [("优", "良")]
    assert sum(i.scores.taken_off for i in made.items) + made.elsewhere == 10


def test_without_printed_figures_the_computed_ones_stand():
    """Nothing printed, nothing different."""
    (made,) = reconcile(PRINTED, [form("甲", spent=90)], [form("甲", spent=90)]).records
    assert made.scores.taken_off == 0


# ── what does not match ───────────────────────────────────────────────────────────────────────────


def test_who_is_on_one_side_only_is_told():
    """A re-score of nobody is an error with the nearest id; a self-score that nobody reviewed a remark."""
    made = reconcile(SCHEME, [form("项目一"), form("项目二")], [form("项目一"), form("项目二二")])
    assert [r.record for r in made.records] == ["项目一"]
    assert (made.not_reviewed, made.without_self) == (("项目二",), ("项目二二",))
    assert {f.name: f.severity for f in made.findings} == {"review-without-self": "error", "not-reviewed": "remark"}
    assert next(f for f in made.findings if f.name == "review-without-self").nearest == "项目二"


def test_a_side_without_a_score_has_no_deviation():
    """What a policy refused is no zero."""
    made = reconcile(SCHEME, [form("甲")], [form("甲", good="")])
    (record,) = made.records
    assert (record.scores.deviation, record.scores.outcome, record.penalty, record.elsewhere) == (
        None,
        None,
        None,
        None,
    )
    assert "score-wanting" in names(made)


def test_of_a_self_score_of_nothing_there_is_no_deviation():
    """Division by a self-score of 0 is undefined, not 0 and not 1; where both are 0 there is nothing to tell."""
    none = form("甲", spent=0, good="0%", rows={"甲项": "0%", "乙项": "0%"})
    made = reconcile(SCHEME, [none], [form("甲")])
    assert made.records[0].scores.deviation is None
    assert names(made) == {"deviation-undefined"}
    assert names(reconcile(SCHEME, [none], [none])) == set()


def test_rows_of_one_side_only_are_told():
    """A row that the review does not have leaves the items without a sum."""
    made = reconcile(SCHEME, [form("甲")], [form("甲", rows={"甲项": "100%", "丙项": "100%"})])
    assert "items-differ" in names(made)
    assert made.records[0].elsewhere is None
    assert {i.path for i in made.records[0].changed} == {"指标组/乙项", "指标组/丙项"}


def test_rows_of_one_name_are_matched_in_their_order():
    """Two rows of one name are two items."""
    rows = [{"名称": "同名", "分值": 20, "完成率": share} for share in ("100%", "50%")]
    (made,) = reconcile(SCHEME, [form("甲") | {"指标": rows}], [form("甲") | {"指标": rows[::-1]}]).records
    assert [i.scores.taken_off for i in made.items][-2:] == [10, -10]


def test_two_of_one_id_on_one_side_cannot_be_matched():
    """Nobody knows which counts."""
    card = pr.score(SCHEME, form("甲"))
    with pytest.raises(pr.RecordError):
        reconcile(SCHEME, [card, card], [form("甲")])


def test_a_scheme_without_reconciling_declares_no_way():
    """No source gives a table; none is made up."""
    with pytest.raises(pr.RecordError) as caught:
        reconcile(pr.load("examples/township-water.yaml"), [], [])
    assert [f.name for f in caught.value.findings] == ["procedure-not-declared"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("    reads: both\n", "word-wanted"),
        ("    outcome: {combine: min}\n", "key-does-not-fit"),
        ("    outcome: {bands: {of: 偏差, to: {5%: 认可, else: 通报}}}\n", "unknown-name"),
        ("    penalty: {bands: {of: deviation, to: {5%: 0}}}\n", "bands-without-else"),
        ("    penalty: 执行数\n", "score-has-unit"),
        ("    outcome: {bands: {of: deviation}}\n", "bands-want-one-side"),
    ],
)
def test_mistakes_in_the_section_are_told(text, wrong):
    """What a scheme file says wrongly of reconciling is told at its place."""
    with pytest.raises(pr.SchemeError) as caught:
        pr.loads(HEAD + text)
    assert wrong in {f.name for f in caught.value.findings}


def test_the_names_of_the_table_are_its_own():
    """An input called `deviation` would leave in doubt which is meant."""
    with pytest.raises(pr.SchemeError) as caught:
        pr.loads(HEAD.replace("  预算数:", "  deviation: {kind: number}\n  预算数:") + TABLE)
    assert {f.name for f in caught.value.findings} == {"name-clash"}


# ── files and the command ─────────────────────────────────────────────────────────────────────────


def run(*words: str) -> object:
    """The command, run."""
    return CliRunner().invoke(perfrules, words)


@pytest.fixture
def files(tmp_path):
    """A scheme, and the two sides as records."""
    scheme, own, review = (tmp_path / name for name in ("s.yaml", "own.json", "review.json"))
    scheme.write_text(HEAD + TABLE, encoding="utf-8")
    own.write_text(json.dumps([form("甲"), form("乙"), form("丙")], ensure_ascii=False), encoding="utf-8")
    review.write_text(json.dumps([form("甲"), form("乙", good="40%")], ensure_ascii=False), encoding="utf-8")
    return str(scheme), str(own), str(review)


def test_the_command_gives_what_programs_need(files):
    """Every record with its items, and counts that add up."""
    result = run("reconcile", *files, "--format", "json")
    data = json.loads(result.stdout)
    assert result.exit_code == 0
    assert data["count"] == {
        "matched": 2, "not_reviewed": 1, "without_self": 0, "set_aside": 0, "changed": 1, "grades_changed": 1,
        "outcomes": {"认可": 1, "提醒": 0, "通报": 1},
    }  # fmt: skip
    (changed,) = [r for r in data["records"] if r["difference"] != "0"]
    assert (changed["record"], changed["deviation"], changed["deductions"]) == ("乙", "0.3", ["质量"])
    assert run("reconcile", *files, "--strict").exit_code == 1


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", "复核 2 个，改分 1 个"), ("en", "2 reviewed: 1 with another score")]
)
def test_the_command_prints_who_deviates_and_why(files, lang, words):
    """For people: a table of the records, and each deduction with its reasons."""
    result = run("reconcile", *files, "--lang", lang)
    assert words in result.stdout
    assert "合格率: 100% → 40%" in result.stdout


def test_rulings_of_the_review_may_come_in_a_file(files, tmp_path):
    """The same records on both sides, and what the reviewers decided."""
    rulings = tmp_path / "rulings.csv"
    rulings.write_text("record,path,points,reason,by,date\n甲,质量,30,无佐证材料,复核组,2023-05-01\n", encoding="utf-8")
    result = run("reconcile", files[0], files[1], files[1], "--rulings", str(rulings))
    assert "无佐证材料 (复核组)" in result.stdout


def test_results_that_were_written_can_be_read_back(files, tmp_path):
    """Scorecards in JSON say the same as the records that they were made from, but for the data behind them."""
    written = []
    for number, file in enumerate(files[1:]):
        written.append(str(tmp_path / f"scores{number}.json"))
        run("score", files[0], file, "-o", written[-1])
    from_records = json.loads(run("reconcile", *files, "--format", "json").stdout)
    from_cards = json.loads(run("reconcile", files[0], *written, "--format", "json").stdout)
    assert from_cards["count"] == from_records["count"]
    for one, other in zip(from_records["records"], from_cards["records"], strict=True):
        plain = [[{k: v for k, v in i.items() if k != "reasons"} for i in r["items"]] for r in (one, other)]
        assert plain[0] == plain[1]
        assert one["grade_changes"] == other["grade_changes"]
        assert one["penalty"] == other["penalty"]


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["scorecards"][0].pop("lines"),
        lambda d: d["scorecards"][0].update(points="9x"),
        lambda d: d["scorecards"][0].update(points=90),
        lambda d: d["scorecards"][0]["indicators"][0].update(state="perhaps"),
        lambda d: d["scorecards"][0]["indicators"][0].update(counts="yes"),
        lambda d: d["scorecards"][0].update(rulings=[{"path": "甲", "points": None}]),
        lambda d: d["scorecards"].__setitem__(0, "甲"),
        lambda d: d["scorecards"][0].update(max="1/0"),
        lambda d: d["scorecards"][0].update(points="9" * 4500),
    ],
)
def test_results_that_were_tampered_with_are_refused(files, tmp_path, change):
    """A file of results is no more trusted than any other."""
    written = tmp_path / "scores.json"
    run("score", files[0], files[1], "-o", str(written))
    data = json.loads(written.read_text(encoding="utf-8"))
    change(data)
    written.write_text(json.dumps(data), encoding="utf-8")
    result = run("reconcile", files[0], str(written), files[2])
    assert result.exit_code == 1
    assert "not-a-scorecard" in result.output


def test_results_of_another_scheme_are_told(files, tmp_path):
    """The digest says by which rules a scorecard was made."""
    written, other = tmp_path / "scores.json", tmp_path / "other.yaml"
    run("score", files[0], files[1], "-o", str(written))
    other.write_text((HEAD + TABLE).replace("else: -2", "else: -3"), encoding="utf-8")
    assert "scorecard-of-another-scheme" in run("reconcile", str(other), str(written), files[2]).output
    assert run("reconcile", str(other), str(tmp_path / "none.json"), files[2]).exit_code == 2
