"""Facts: the figures of a document against one another, with one of three verdicts each, and nothing repaired."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import perfrules
from perfrules import plugins
from perfrules.cli.commands import perfrules as commands
from perfrules.findings import SchemeError
from perfrules.hookspecs import hookimpl
from perfrules.numbers import exact, published, rounded
from perfrules.procedures.facts import VERDICTS, Outcome, audit_distribution, audit_facts
from perfrules.procedures.facts_file import load_facts, read_facts

HEAD = "perfrules: 1\nfacts: 例\ntitle: 某报告\nsources: {报告: {title: 某报告}}\n"
FIGURES = """figures:
  合计: {value: 100.5, unit: 万元, clause: 报告 “合计100.5万元”}
  甲: {value: 60.21, unit: 万元, clause: 报告 “甲60.21万元”}
  乙: {value: 402900, unit: 元, clause: 报告 “乙402900元”}
  占比: {value: "59.9%", clause: 报告 “占59.9%”}
  个数: {value: 3, unit: 个, clause: 报告 “3个”}
  起: {value: 2023-06-01, clause: 报告 “2023年6月1日”}
  止: {value: 2023年10月15日, clause: 报告 “2023年10月15日”}
  未印: {unit: 万元, clause: 报告 “另有若干”}
  等级: {value: 优, kind: text, clause: 报告 “评为优”}
checks:
"""


def outcomes(*checks: str, figures: str = FIGURES) -> Sequence[Outcome]:
    """What checks come to, each written as the mapping of one."""
    lines = [f"  核对{i}: {{{check}, clause: 报告}}\n" for i, check in enumerate(checks)]
    return audit_facts(read_facts(HEAD + figures + "".join(lines))).outcomes


def the(check: str) -> Outcome:
    """What one check comes to."""
    return outcomes(check)[0]


def test_words_that_differ_are_told_as_words() -> None:
    """Two words are not so far apart, and nothing is computed; of a broken condition on words, each figure is told."""
    figures = FIGURES.replace("checks:", "  另一等级: {value: 良, kind: text, clause: 报告 “评为良”}\nchecks:")
    apart, broken = outcomes(
        "published: 等级, computed: 另一等级", "holds: 等级 == 另一等级 and 个数 > 2", figures=figures
    )
    assert (apart.verdict, apart.difference) == ("conflict", None)
    assert "公布 优，另一处作 良。" in apart.note()
    assert "published as 优 and elsewhere as 良. " in apart.note("en") + " "
    assert (broken.verdict, broken.computed) == ("conflict", "等级 = 优, 另一等级 = 良, 个数 = 3个")


# ── verdicts ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("check", "verdict", "rounding"),
    [
        ("published: 合计, computed: 甲 + 乙", "agree", None),
        ("published: 占比, computed: 甲 / 合计", "agree", "half_up"),
        ("published: 占比, computed: 甲 / 合计 - 0.3%", "conflict", None),
        ("published: 占比, computed: 甲 / 合计 - 0.1%", "conflict", "up"),
        ("published: 占比, computed: 甲 / 合计 + 0.07%", "conflict", "down"),
        ("published: 个数, computed: 1 + 2", "agree", None),
        ("published: 个数, computed: 1 + 1", "conflict", None),
        ("published: 甲 + 乙, computed: 合计", "agree", None),
        ("published: 甲 / 合计, computed: 0.6, places: 1", "conflict", None),
        ("published: 占比, computed: 0.6, places: 0", "conflict", None),
        ("published: 止, computed: 起 + 136", "agree", None),
        ("published: 止, computed: 起 + 135", "conflict", None),
        ("published: 等级, computed: 等级", "agree", None),
        ("holds: 起 <= 止 and 等级 == '优'", "agree", None),
        ("holds: 乙 > 甲", "conflict", None),
        ("published: 合计, computed: 未印 * 2", "undecidable", None),
        ("published: 合计, computed: 甲 / (合计 - 合计) * 乙", "undecidable", None),
        ("holds: 未印 > 0", "undecidable", None),
        ("undecidable: 分母没有写, published: 占比", "undecidable", None),
    ],
)
def test_each_check_has_its_verdict(check: str, verdict: str, rounding: str | None) -> None:
    """Equal or rounded half up at the printed place agrees; anything else conflicts; a hole decides nothing."""
    made = the(check)
    assert (made.verdict, made.rounding) == (verdict, rounding)
    assert (made.finding is None) == (verdict == "agree")


def test_figures_are_told_in_the_published_unit() -> None:
    """Published, computed and difference are in the unit of the published figure, exactly."""
    made = the("published: 合计, computed: 甲 + 乙 * 2")
    assert (made.published, made.computed, made.difference, made.unit) == ("100.5", "140.79", "-40.29", "万元")
    share = the("published: 占比, computed: 个数 / 个数 / 3")
    assert (share.published, share.computed, share.unit) == ("59.9", "100/3", "%")
    days = the("published: 止, computed: 起 + 140")
    assert (days.published, days.computed, days.difference) == ("2023-10-15", "2023-10-19", "-4")


def test_a_conflict_says_what_rounding_could_do() -> None:
    """Another rounding that gives the figure is named; and so is what the rounding of the figures behind it can make."""
    assert "截去" in the("published: 占比, computed: 甲 / 合计 + 0.07%").note()
    assert "rounding up" in the("published: 占比, computed: 甲 / 合计 - 0.1%").note("en")
    figures = """figures:
  合计: {value: 13997.53, unit: 万元, clause: 报告}
  甲: {value: 8205.5, unit: 万元, clause: 报告}
  乙: {value: 5792, unit: 万元, clause: 报告}
  件数: {value: 11, unit: 件, clause: 报告}
  件: {value: 5, unit: 件, clause: 报告}
checks:
"""
    money, count = outcomes("published: 合计, computed: 甲 + 乙", "published: 件数, computed: 件 + 件", figures=figures)
    assert (money.verdict, money.difference, money.slack) == ("conflict", "0.03", True)
    assert "经过舍入" in money.note()
    assert (count.verdict, count.slack) == ("conflict", False), "a count is not rounded"


def test_a_condition_shows_its_figures() -> None:
    """What does not hold is shown with the printed figures in it."""
    made = the("holds: 乙 > 甲")
    assert made.computed == "402900元 > 60.21万元"
    assert made.finding is not None
    assert "402900元 > 60.21万元" in made.finding.message("en")


@given(
    parts=st.lists(st.integers(0, 10**7), min_size=1, max_size=5),
    places=st.integers(0, 3),
    off=st.integers(-3, 3),
    unit=st.sampled_from(["元", "万元", "亿元"]),
)
def test_rounded_half_up_agrees_and_nothing_else(parts: list[int], places: int, off: int, unit: str) -> None:
    """The sum rounded half up at the printed place agrees in whatever unit; so many in the last place off conflicts."""
    factor = {"元": 1, "万元": 10**4, "亿元": 10**8}[unit]
    proper = rounded(Fraction(sum(parts), factor), places) + Fraction(off, 10**places)
    shown = f"{published(proper)}{'' if '.' in published(proper) or not places else '.'}".ljust(1)
    digits = shown.partition(".")[2]
    shown = shown + "0" * (places - len(digits)) if places else shown
    lines = [f"  数{i}: {{value: {n}, unit: 元, clause: 报告}}\n" for i, n in enumerate(parts)]
    figures = f"figures:\n{''.join(lines)}  和: {{value: '{shown}', unit: {unit}, clause: 报告}}\nchecks:\n"
    formula = " + ".join(f"数{i}" for i in range(len(parts)))
    (made,) = outcomes(f"published: 和, computed: {formula}", figures=figures)
    assert made.verdict == ("agree" if not off else "conflict")
    assert exact(made.published or "") == proper
    if made.verdict == "conflict":
        assert abs(Fraction(made.difference or "0")) >= Fraction(2 * abs(off) - 1, 2 * 10**places)


# ── what is wrong with a file ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("  核对: {published: 合计, computed: 甲 + 丙, clause: 报告}\n", "unknown-name"),
        ("  核对: {published: 合计, computed: 个数, clause: 报告}\n", "unit-mismatch"),
        ("  核对: {published: 合计, computed: 甲 + 个数, clause: 报告}\n", "unit-mismatch"),
        ("  核对: {published: 合计, computed: 起, clause: 报告}\n", "not-comparable"),
        ("  核对: {holds: 甲 + 乙, clause: 报告}\n", "wrong-kind"),
        ("  核对: {published: 合计, clause: 报告}\n", "fact-wants-one"),
        ("  核对: {published: 合计, computed: 甲, holds: 甲 > 乙, clause: 报告}\n", "fact-wants-one"),
        ("  核对: {holds: 甲 > 乙, places: 1, clause: 报告}\n", "fact-wants-one"),
        ("  核对: {computed: 甲 +, clause: 报告, published: 合计}\n", "formula-unfinished"),
        ("  核对: {published: 合计, computed: 甲, clause: 报告, 注: 乙}\n", "unknown-key"),
    ],
)
def test_a_wrong_check_is_told_at_its_place(text: str, finding: str) -> None:
    """A check that cannot be worked out makes the file unusable, and the finding stands at the very place."""
    with pytest.raises(SchemeError) as caught:
        read_facts(HEAD + FIGURES + text)
    (found,) = [f for f in caught.value.findings if f.severity == "error"]
    assert found.name == finding
    assert found.where is not None
    assert found.where.line == (HEAD + FIGURES).count("\n") + 1


@pytest.mark.parametrize(
    ("figure", "finding"),
    [
        ("{value: 约三千, clause: 报告}", "figure-unreadable"),
        ("{value: ≥3, clause: 报告}", "figure-unreadable"),
        ("{value: 2023-02-30, clause: 报告}", "figure-unreadable"),
        ("{value: 3, unit: 3 个, clause: 报告}", "not-a-unit"),
        ("{value: 3, kind: whole, clause: 报告}", "word-wanted"),
    ],
)
def test_a_wrong_figure_is_told(figure: str, finding: str) -> None:
    """What is no figure is refused, and not guessed at."""
    with pytest.raises(SchemeError) as caught:
        read_facts(HEAD + f"figures:\n  数: {figure}\nchecks:\n  核对: {{holds: 数 > 0, clause: 报告}}\n")
    assert finding in [f.name for f in caught.value.findings]


def test_a_name_of_the_language_is_no_figure() -> None:
    """A figure that goes by the name of a definition is told where it stands."""
    with pytest.raises(SchemeError) as caught:
        read_facts(
            HEAD + "figures:\n  clip: {value: 3, clause: 报告}\nchecks:\n  核对: {holds: clip > 0, clause: 报告}\n"
        )
    assert [(f.name, f.where.line if f.where else 0) for f in caught.value.findings] == [("name-clash", 6)]


def test_what_is_not_cited_or_not_used_is_told() -> None:
    """A figure or check without the document's words is a warning, a figure in no check a remark; both work."""
    facts = read_facts(
        HEAD + "figures:\n  甲: {value: 3}\n  乙: {value: 4, clause: 报告}\nchecks:\n  核对: {holds: 甲 > 0}\n"
    )
    told = [(f.name, f.seen["name"]) for f in facts.findings]
    assert told == [("clause-wanting", "甲"), ("figure-unused", "乙"), ("clause-wanting", "核对")]
    assert facts.findings[0].severity == "warning"


@pytest.mark.parametrize("text", ["", "[", "perfrules: 1\n", "facts: [1]\n", HEAD + "figures: 3\nchecks: 4\n"])
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever a file holds, what is wrong with it is told."""
    with pytest.raises(SchemeError):
        read_facts(text)


# ── distributions ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def registry(tmp_path: Path) -> plugins.Registry:
    """Two distributions: one brings a file of facts, the other one that is wrong and a good one."""
    good, bad, more = (tmp_path / name for name in ("good.yaml", "bad.yaml", "more.yaml"))
    good.write_text(HEAD + FIGURES + "  对: {published: 合计, computed: 甲 + 乙, clause: 报告}\n", encoding="utf-8")
    bad.write_text("facts: x\n", encoding="utf-8")
    more.write_text(
        (HEAD + FIGURES).replace("facts: 例", "facts: 又例") + "  错: {published: 合计, computed: 甲, clause: 报告}\n",
        "utf-8",
    )

    def plugin(*paths: Path) -> ModuleType:
        module = ModuleType("plugin")

        @hookimpl
        def register_facts() -> list[Path]:
            return list(paths)

        module.register_facts = register_facts  # type: ignore[attr-defined]
        return module

    return plugins.load([], {"perfrules-one": plugin(good), "perfrules-two": plugin(bad, more)})


def test_facts_are_found_by_distribution_id_path_or_all(registry: plugins.Registry) -> None:
    """A distribution goes by its name with or without `perfrules-`; a file that cannot be read is told, the rest goes on."""
    for name, ids in (
        ("perfrules-one", ["例"]),
        ("one", ["例"]),
        ("又例", ["又例"]),
        ("two", ["又例"]),
        ("all", ["例", "又例"]),
    ):
        report = audit_distribution(name, registry)
        assert [each.facts.id for each in report.audits] == ids
        assert ("key-wanting" in {f.name for f in report.findings}) == (name in ("two", "all"))
    path = registry.fact_files[0].path
    assert [each.facts.id for each in audit_distribution(str(path), registry).audits] == ["例"]
    with pytest.raises(SchemeError) as caught:
        audit_distribution("又", registry)
    assert [f.name for f in caught.value.findings] == ["unknown-facts"]


def test_verdicts_add_up(registry: plugins.Registry) -> None:
    """Every check has one verdict; the counts of documents add up to the whole's."""
    data = audit_distribution("all", registry).as_json()
    assert sum(data[v] for v in VERDICTS) == len(data["checks"]) == 2
    for verdict in VERDICTS:
        assert data[verdict] == sum(d[verdict] for d in data["documents"])
        assert data[verdict] == sum(c["verdict"] == verdict for c in data["checks"])
    assert {"name", "verdict", "clause", "published", "computed", "note"} <= data["checks"][0].keys()


def test_the_facts_of_every_installed_plugin_can_be_read() -> None:
    """Whatever conflicts, no installed file of facts is itself at fault."""
    report = audit_distribution("all")
    assert [f.render("en") for f in report.findings if f.severity != "remark"] == []
    for each in plugins.registry().fact_files:
        facts = load_facts(each.path)
        assert facts.facts, each.path


# ── the command line ──────────────────────────────────────────────────────────────────────────────


def run(*words: str | Path) -> tuple[int, str]:
    """A command's exit code and what it prints."""
    result = CliRunner().invoke(commands, [str(word) for word in words], prog_name="perfrules")
    return result.exit_code, result.output


def test_audit_of_facts(tmp_path: Path) -> None:
    """Each conflict is told in words with the document's own; the exit code is 1 where one is."""
    path = tmp_path / "f.yaml"
    good = "  对: {published: 合计, computed: 甲 + 乙, clause: 报告 “合计100.5万元”}\n"
    wrong = "  错: {published: 个数, computed: 1 + 1, clause: 报告 “共3个”, note: 附件只列两个}\n"
    path.write_text(HEAD + FIGURES + good, encoding="utf-8")
    assert run("audit", "--facts", path)[0] == 0
    assert run("audit", "--facts", path, "--strict")[0] == 1, "figures that no check uses are remarks"
    path.write_text(HEAD + FIGURES + good + wrong, encoding="utf-8")
    code, text = run("audit", "--facts", path)
    assert code == 1
    for words in (
        "“错”公布 3个，算得 2个，相差 1个。",
        "原文：报告 “共3个”",
        "说明：附件只列两个",
        "相符 1，冲突 1，无法核对 0",
    ):
        assert words in text
    assert "agree 1, conflict 1, undecidable 0" in run("audit", "--facts", path, "--lang", "en")[1]
    code, text = run("audit", "--facts", path, "--format", "json")
    assert (code, json.loads(text)["conflict"]) == (1, 1)


def test_audit_wants_forms_or_facts(tmp_path: Path) -> None:
    """A scheme and a file, or facts: anything else is usage."""
    for words in (
        [],
        ["mof.project"],
        ["mof.project", "--facts", "all"],
        ["--facts", "nobody"],
        ["--facts", tmp_path / "no.yaml"],
    ):
        assert run("audit", *words)[0] == 2


def test_check_reads_files_of_facts(tmp_path: Path) -> None:
    """`check` tells what is wrong with a file of facts as with any other."""
    path = tmp_path / "f.yaml"
    path.write_text(HEAD + FIGURES + "  错: {published: 合计, computed: 丙, clause: 报告}\n", encoding="utf-8")
    code, text = run("check", path)
    assert code == 1
    assert "unknown-name" in text
    assert "查了 1 个文件" in text


def test_the_schema_takes_files_of_facts() -> None:
    """The JSON Schema for editors knows a file of facts by its key."""
    schema = json.loads((Path(perfrules.__file__).parent / "scheme.schema.json").read_text(encoding="utf-8"))
    figures = {"甲": {"value": 3, "unit": "个", "clause": "报告"}}
    good = {"perfrules": 1, "facts": "例", "figures": figures, "checks": {"对": {"holds": "甲 > 0", "clause": "报告"}}}
    jsonschema.validate(good, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**good, "figures": {"甲": {"valeu": 3}}}, schema)
