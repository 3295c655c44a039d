"""The laws find what breaks them: a scheme that is wrong, or scoring that is, with the smallest record and words for both."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import perfrules as pr
from perfrules import scorecards, verbs
from perfrules.testing import laws
from perfrules.testing.laws import LAWS, Breach, Subject, Verdict
from perfrules.testing.laws.verdicts import words

HEAD = "perfrules: 1\nscheme: test.broken\ntitle: 错例\nclause: 办法\n"
DOCS = Path(__file__).parent.parent / "docs" / "reference" / "laws.md"
GOOD = """
inputs:
  率: {kind: number, unit: "%", min: 0, max: 1}
  支出: {kind: number, unit: 万元, min: 0}
  预算: {kind: number, unit: 万元, min: 1}
tree:
  id: 总分
  points: 100
  children:
    甲: {points: 60, bands: {of: 率, from: {90%: points, 80%: 40, 60%: 20, else: 0}}}
    乙: {points: 40, formula: "clip(支出 / 预算, 0, 1) * points"}
grades:
  等级: {bands: {of: 总分, from: {90: 优, 60: 中, else: 差}}}
"""


def verdict(law: str, text: str, **options: Any) -> Verdict:
    return LAWS[law](Subject(pr.loads(HEAD + text), examples=40, **options))


# ── schemes that are right ────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def good() -> Subject:
    return Subject(pr.loads(HEAD + GOOD), examples=40, directions={"乙": {"支出": "up", "预算": "down"}})


@pytest.mark.parametrize("name", [n for n in LAWS if n != "no-cliff"])
def test_a_sound_scheme_keeps_every_law(name: str, good: Subject) -> None:
    """Every law holds of a scheme with nothing wrong in it, but for that of amendments, which it has none of."""
    found = LAWS[name](good)
    assert found.answer == ("not-applicable" if name == "amendment-says-all" else "holds"), found.render("en")


# ── schemes that are wrong ────────────────────────────────────────────────────────────────────────

WRONG = {
    "within-range": (GOOD.replace("clip(支出 / 预算, 0, 1)", "(支出 / 预算)"), "乙"),
    "missing-earns-no-more": (
        GOOD.replace('"clip(支出', '"points if not present(支出) else clip(支出'),
        "乙：支出",
    ),
    "divisions-guarded": (
        GOOD.replace("预算: {kind: number, unit: 万元, min: 1}", "预算: {kind: number, unit: 万元, min: 0}"),
        "乙",
    ),
    "monotone": (GOOD.replace("80%: 40, 60%: 20", "80%: 20, 60%: 40"), "甲：率"),
    "full-marks-attainable": (GOOD.replace("clip(支出 / 预算, 0, 1)", "clip(支出 / 预算, 0, 0.9)"), "乙"),
    "zero-attainable": (GOOD.replace("clip(支出 / 预算, 0, 1)", "clip(支出 / 预算, 0.1, 1)"), "乙"),
    "arms-reachable": (GOOD.replace("90%: points, 80%", "120%: points, 80%"), "甲：120%"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_scheme_breaks_its_law(name: str) -> None:
    """The law that a mistake is against is breached, at the place of the mistake."""
    text, subject = WRONG[name]
    found = verdict(name, text)
    assert found.answer == "breached"
    assert subject in {b.subject for b in found.breaches}


def test_what_says_nothing_of_its_source_is_found() -> None:
    """A rule without a mark, and a mark without a reason, are breaches."""
    text = (HEAD + GOOD).replace("clause: 办法\n", "")
    found = LAWS["values-cited"](pr.loads(text))
    assert found.answer == "breached"
    assert any("乙" in b.subject for b in found.breaches)


def test_a_cliff_is_found_where_it_is_higher_than_declared() -> None:
    """From 89.99% to 90% the bands jump by 20: that breaks a limit of 10, and keeps one of 60."""
    assert verdict("no-cliff", GOOD, cliffs={"甲": 60}).answer == "holds"
    (breach,) = verdict("no-cliff", GOOD, cliffs={"甲": 10}).breaches
    assert breach.subject == "甲：率"
    assert verdict("no-cliff", GOOD).answer == "not-applicable"


def test_a_declared_direction_is_held() -> None:
    """A direction that the rule goes against is a breach; one that cannot be is refused."""
    assert verdict("monotone", GOOD, directions={"乙": {"支出": "down"}}).answer == "breached"
    assert verdict("monotone", GOOD, directions={"乙": {"预算": "down"}}).answer == "holds"
    with pytest.raises(ValueError, match="no node"):
        verdict("monotone", GOOD, directions={"丙": {"支出": "up"}})
    with pytest.raises(ValueError, match="direction"):
        verdict("monotone", GOOD, directions={"乙": {"支出": "sideways"}})


def test_the_smallest_record_is_shown() -> None:
    """The record of a breach is simple, breaks the law when scored, and is told in both languages."""
    text, _ = WRONG["missing-earns-no-more"]
    (breach,) = verdict("missing-earns-no-more", text).breaches
    assert breach.record is not None
    assert pr.score(pr.loads(HEAD + text), breach.record)["乙"].score == 40
    assert breach.record["支出"] is None
    assert all(len(str(v)) <= 4 for v in breach.record.values() if v is not None)
    assert "不填" in breach.render("zh")
    assert "leaving it out pays" in breach.render("en")


def test_an_amendment_that_is_not_told_is_found(tmp_path: Path) -> None:
    """A child that differs from its parent without saying so is a breach; saying so, it is none."""
    scheme = pr.scheme("boxing.departments")
    assert LAWS["amendment-says-all"](scheme).answer == "holds"
    silent = evolve(scheme, amendments=())
    assert LAWS["amendment-says-all"](silent).answer == "breached"


# ── scoring that is wrong ─────────────────────────────────────────────────────────────────────────


def test_what_raises_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that is none of ours breaks the law that there is none."""
    subject = Subject(pr.loads(HEAD + GOOD), examples=10)
    subject.pool  # noqa: B018  (drawn while scoring is still sound)

    def broken(*_: Any) -> str:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(scorecards, "canonical", broken)
    (breach,) = LAWS["total"](subject).breaches
    assert "ZeroDivisionError" in breach.message("en")


def altered(monkeypatch: pytest.MonkeyPatch, change: Any) -> Subject:
    """A scheme whose scorecards come out changed."""
    sound = verbs.score

    def wrong(scheme: pr.Scheme, record: Any, **options: Any) -> pr.Scorecard:
        return change(sound(scheme, record, **options), record)

    monkeypatch.setattr(verbs, "score", wrong)
    return Subject(pr.loads(HEAD + GOOD), examples=20)


def node_changed(card: pr.Scorecard, path: str, **change: Any) -> pr.Scorecard:
    return evolve(card, nodes=tuple(evolve(n, **change) if n.path == path else n for n in card.nodes))


@pytest.mark.parametrize(
    ("law", "change"),
    [
        ("losses-add-up", lambda card, _: evolve(card, lines=card.lines[1:])),
        ("within-range", lambda card, _: node_changed(card, "乙", score=Fraction(41))),
        ("additive", lambda card, _: node_changed(card, "乙", score=Fraction(1, 3))),
        ("order-free", lambda card, raw: evolve(card, values={"先": next(iter(raw))})),
        ("unit-free", lambda card, raw: evolve(card, values={"甲": str(raw["支出"])})),
    ],
)
def test_scoring_that_is_wrong_is_found(law: str, change: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A law of scoring itself is breached where scoring is made to go wrong."""
    assert LAWS[law](altered(monkeypatch, change)).answer == "breached"


def test_readings_that_differ_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A way of scoring that comes to something else is named, with the part that differs."""
    sound = verbs.score

    def wrong(scheme: pr.Scheme, record: Any, *, trace: bool = True, **options: Any) -> pr.Scorecard:
        card = sound(scheme, record, trace=trace, **options)
        return evolve(card, max=Fraction(99)) if trace else card

    monkeypatch.setattr(verbs, "score", wrong)
    found = LAWS["readings-agree"](Subject(pr.loads(HEAD + GOOD), examples=10))
    assert "trace" in {b.subject for b in found.breaches}
    assert "max" in found.breaches[0].message("en")


def test_an_archive_that_changed_is_found() -> None:
    """A scheme whose archived text is another's does not come back as itself."""
    scheme = pr.loads(HEAD + GOOD)
    other = evolve(scheme, text=pr.loads(HEAD + GOOD.replace("90: 优", "91: 优")).text)
    assert LAWS["round-trip"](other).answer == "breached"
    assert LAWS["round-trip"](evolve(scheme, text="{")).answer == "breached"
    assert LAWS["same-digest"](other).answer == "breached"


# ── what does not apply ──

NOT_APPLIED = """
inputs:
  支出: {kind: number, unit: 万元, min: 0}
  预算: {kind: number, unit: 万元, min: 0}
  参评: {kind: boolean}
rows:
  项目:
    columns:
      名称: {kind: text}
      实际: {kind: number, min: 0}
      计划: {kind: number, min: 0}
    name: 名称
    points: 10
    formula: clip(实际 / 计划, 0, 1) * points
    applies_when: 计划 > 0
tree:
  id: 总分
  points: 30
  rescale: true
  children:
    甲: {points: 10, applies_when: 预算 > 0, formula: "clip(支出 / 预算, 0, 1) * points"}
    乙: {points: 10, applies_when: 参评 and 预算 > 0, children: {丙: {points: 10, formula: "clip(支出 / 预算, 0, 1) * points"}}}
    丁: {points: 10, rows: 项目, adjustable: true}
"""


def test_a_division_that_does_not_apply_is_guarded() -> None:
    """`applies_when` of a node, of what it stands beneath, and of rows says what becomes of a zero; another condition does not."""
    assert verdict("divisions-guarded", NOT_APPLIED).answer == "holds"
    for guard, about in (("预算 > 0, f", "甲"), (" and 预算 > 0", "乙/丙"), ("计划 > 0", "项目")):
        changed = NOT_APPLIED.replace(guard, guard.replace(" and 预算 > 0", "").replace("> 0", ">= 0"))
        assert [b.subject for b in verdict("divisions-guarded", changed).breaches] == [about]


# ── verdicts ──────────────────────────────────────────────────────────────────────────────────────


def test_what_does_not_apply_is_neither_a_pass_nor_a_failure() -> None:
    """It says what it would need, in both languages."""
    found = verdict("no-cliff", GOOD)
    assert (found.answer, found.breaches) == ("not-applicable", ())
    assert found.why("zh").startswith("不适用：没有声明最大落差的指标")
    assert found.why("en").startswith("not applicable: it needs an indicator whose ")


def test_the_same_records_in_every_run() -> None:
    """Two subjects of one scheme are tried on the same records, and tell the same breaches."""
    pools = [Subject(pr.loads(HEAD + GOOD), examples=20).pool for _ in range(2)]
    assert pools[0] == pools[1]


def test_laws_are_told_apart_by_name() -> None:
    """A law is called by its function's name; a name that none has is refused with the nearest."""
    assert [v.law for v in laws.check(pr.loads(HEAD + GOOD), ["additive", "round-trip"])] == ["additive", "round-trip"]
    assert laws.additive(pr.loads(HEAD + GOOD)).answer == "holds"
    with pytest.raises(ValueError, match="nearest is 'monotone'"):
        laws.check(pr.loads(HEAD + GOOD), ["monoton"])


def test_every_law_has_its_words_and_every_word_its_law() -> None:
    """Words in both languages for what a law says, what it needs, and each way to break it; and none left over."""
    assert list(words()) == list(LAWS)
    for name, about in words().items():
        told = {key: value for key, value in about.items() if key not in ("title", "needs")}
        assert told, name
        for each in about.values():
            assert each.keys() == {"zh", "en"}
        for each in told.values():
            assert set(re.findall(r"{(\w+)}", each["zh"])) == set(re.findall(r"{(\w+)}", each["en"]))


def test_every_law_has_its_section_and_every_section_its_law() -> None:
    """docs/reference/laws.md has a section for each law, in their order, and for nothing else."""
    assert re.findall(r"^### ([a-z-]+)$", DOCS.read_text(encoding="utf-8"), re.MULTILINE) == list(LAWS)


def test_what_a_breach_shows_is_filled_in() -> None:
    """No placeholder is left in words, whatever was seen."""
    breach = Breach("within-range", "甲", {"name": "甲", "score": "{11}", "high": "10", "low": "0"}, None, "above")
    assert breach.message("zh") == "“甲”得了 {11} 分，满分只有 10 分。"
