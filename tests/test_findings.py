"""Findings: every name has its words, its section and its bad example; what is printed points at the right place."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import golden
import perfrules
from perfrules import documents
from perfrules.findings import LINE_WIDTH, SEVERITIES, Finding, Location, catalogue, display_width, visible
from perfrules.parsing import FormulaProblems, parse

SOURCES = Path(perfrules.__file__).parent
DOCS = Path(__file__).parent.parent / "docs" / "reference" / "findings.md"
NAMES = sorted(catalogue())

# ── what the source code reports ──────────────────────────────────────────────────────────────────

REPORTERS: dict[str, set[str]] = {
    "Finding": set(),
    "Problem": set(),
    "_halt": set(),
    "_out_of_range": {"record", "came", "low", "high"},
    "_problem": set(),
    "_refuse": set(),
    "apart": {"published", "computed", "sum", "stated"},
    "find": {"published", "computed"},
    "doubt": {"count", "some", "condition"},
    "finding": set(),
    "found": {"column", "seen"},
    "missing": {"column", "seen", "all"},
    "problem": set(),
    "refuse": {"file"},
    "refused": {"file"},
    "report": set(),
}
"""The functions that report a finding by name, and the keys of `seen` that they add to those of their callers."""
SEEN_AT = {"Finding": 3, "Problem": 2, "find": 7}
"""The reporters that take `seen` as a mapping, and its place among their arguments; others take keywords."""


def keys_of(value: ast.expr, before: list[ast.Assign | ast.AugAssign]) -> set[str] | None:
    """The keys of an expression that is passed as `seen`; None where its text does not tell them."""
    match value:
        case ast.Dict(keys=keys) if all(isinstance(k, ast.Constant) for k in keys):
            return {k.value for k in keys}
        case ast.Name(id=name):
            keys: set[str] | None = None
            for each in before:
                if isinstance(each, ast.Assign) and name in map(ast.unparse, each.targets):
                    keys = keys_of(each.value, [])
                elif isinstance(each, ast.AugAssign) and name == ast.unparse(each.target):
                    more = keys_of(each.value, [])
                    keys = None if keys is None or more is None else keys | more
            return keys
    return None


def passed(call: ast.Call, reporter: str, before: list[ast.Assign | ast.AugAssign]) -> set[str] | None:
    """The keys of `seen` that a call passes; None where its text does not tell them."""
    mapped = reporter in SEEN_AT
    given = [k.value for k in call.keywords if k.arg is None or (mapped and k.arg == "seen")]
    given += call.args[SEEN_AT[reporter] :][:1] if mapped else []
    found = [keys_of(value, before) for value in given]
    if None in found:
        return None
    return REPORTERS[reporter].union({k.arg for k in call.keywords if k.arg}, *found)


def reports() -> Iterator[tuple[str, str, set[str] | None]]:
    """Every call that reports a finding by its name: module, name, keys of `seen`."""
    for file in sorted(SOURCES.rglob("*.py")):
        module = file.relative_to(SOURCES).with_suffix("").as_posix()
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
            assigned = [n for n in ast.walk(function) if isinstance(n, ast.Assign | ast.AugAssign)]
            for call in (n for n in ast.walk(function) if isinstance(n, ast.Call)):
                reporter = getattr(call.func, "attr", getattr(call.func, "id", ""))
                if reporter in REPORTERS:
                    before = sorted((a for a in assigned if a.lineno <= call.lineno), key=lambda a: a.lineno)
                    for argument in call.args[:2]:
                        if isinstance(argument, ast.Constant) and re.fullmatch(
                            r"[a-z]+(-[a-z0-9]+)*", str(argument.value)
                        ):
                            yield module, argument.value, passed(call, reporter, before)


REPORTED = list(reports())
CONSTANTS = {
    node.value
    for file in SOURCES.rglob("*.py")
    for parent in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    if not isinstance(parent, ast.Set | ast.Compare)
    for node in ast.iter_child_nodes(parent)
    if isinstance(node, ast.Constant)
}


def placeholders(text: str) -> set[str]:
    """The placeholders of a message."""
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


# ── the catalogue ─────────────────────────────────────────────────────────────────────────────────


def test_what_is_reported_has_words():
    """Every name that the source reports has an entry in messages.yaml."""
    assert {name for _, name, _ in REPORTED} - catalogue().keys() == set()


def test_no_words_without_use():
    """Every entry of messages.yaml is reported somewhere."""
    assert catalogue().keys() - CONSTANTS == set()


@pytest.mark.parametrize("name", NAMES)
def test_entries_are_whole(name):
    """An entry has a severity, and a message and a remedy in both languages, each a sentence without loose ends."""
    entry = catalogue()[name]
    assert entry.keys() == {"severity", "zh", "en", "mend"}
    assert entry["mend"].keys() == {"zh", "en"}
    assert entry["severity"] in SEVERITIES
    for zh, en in ((entry["zh"], entry["en"]), (entry["mend"]["zh"], entry["mend"]["en"])):
        assert re.search(r"[。：}]$", zh), zh
        assert re.search(r"[.}]$", en), en
        for text in (zh, en):
            assert text == text.strip()
            assert "\n" not in text


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_say_the_same(name):
    """中文 and English show the same things; what differs by language is passed as `x` and `x_en`."""
    entry = catalogue()[name]
    for zh, en in ((entry["zh"], entry["en"]), (entry["mend"]["zh"], entry["mend"]["en"])):
        assert placeholders(zh) == {p.removesuffix("_en") for p in placeholders(en)}


@pytest.mark.parametrize(
    ("module", "name", "keys"),
    [each for each in REPORTED if each[2] is not None],  # those worked out when it runs are not there to be read
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_a_message_shows_is_passed(module, name, keys):
    """Each place that reports a finding passes what its message shows, as far as its text tells."""
    entry = catalogue()[name]
    shown = set().union(*map(placeholders, (entry["zh"], entry["en"], *entry["mend"].values())))
    assert shown <= keys


# ── bad schemes ───────────────────────────────────────────────────────────────────────────────────

SCHEMES = sorted(golden.BAD.glob("*.yaml"))
GROUPS = ("parsing", "formula", "documents/", "amending", "loading/", "checking/")
"""The modules that read a scheme; a name that they report wants a bad scheme."""
ALSO = {"comment-cuts-formula": {"formula-unfinished"}}
"""What is told beside a finding of another name, as it may well be a mistake of its own."""
HEAD = "perfrules: 1\nscheme: bad\ntitle: 例\n"
DOUBLING = "definitions:\n  甲1(x): x + x\n" + "".join(
    f"  甲{i}(x): 甲{i - 1}(x) + 甲{i - 1}(x)\n" for i in range(2, 13)
)


def named(line: str, count: int) -> str:
    """So many lines, numbered."""
    return "".join(line.format(number) for number in range(count))


LARGE = {
    "file-too-large": lambda: HEAD + "#" * 5_000_000,
    "too-many-nodes": lambda: HEAD + f"tree: [{'1, ' * 100_001}]\n",
    "too-many-findings": lambda: HEAD + "tree: {points: 10, formula: 10}\n" + "编辑: !!str 甲\n" * 201,
    "formula-too-long": lambda: HEAD + f"tree: {{points: 10, formula: {'9' * 10_001}}}\n",
    "formula-too-large": lambda: HEAD + f"tree: {{points: 10, formula: {'1 - 1 + ' * 400}10}}\n",
    "scheme-too-large": lambda: (
        HEAD + DOUBLING + "tree:\n  children:\n" + named("    乙{}: {{points: free, formula: 甲12(1)}}\n", 40)
    ),
    "too-many-arms": lambda: HEAD + "tree:\n  points: 10\n  cases:\n" + named("    0 > {}: 1\n", 201) + "    else: 0\n",
    "too-many-children": lambda: HEAD + "tree:\n  children:\n" + named("    甲{}: {{points: 1, formula: 1}}\n", 501),
}
"""Mistakes of size, made when they are tested."""
WITHOUT_SCHEME = {
    "formula-not-text": "a document holds nothing but text; only a caller of `parse` can hand over something else",
    "yaml-syntax": "for what YAML's parser refuses and nothing else explains; its words are the parser's own",
}


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda path: path.stem)
def test_bad_schemes(scheme):
    """A bad scheme is told its one mistake, under the name of the file, in the very words of its golden file."""
    found = {f.name for f in golden.findings(scheme.read_bytes(), scheme.name)}
    assert found - ALSO.get(scheme.stem, set()) == {scheme.stem}
    assert golden.told(scheme) == scheme.with_suffix(".txt").read_text(encoding="utf-8")


def test_a_ring_hides_nothing():
    """Names that need one another in rings are each told, and so is every other mistake."""
    found = golden.findings(
        (
            HEAD
            + """inputs: {率: {kind: number, min: 0, max: 1}}
values:
  甲: 乙 + 没有
  乙: 甲
  丙: 丙
  丁: 甲 + 率
  戊: 率 + 无此
tree: {points: 10, formula: 率 * points if 丁 else 0, gates: {关: {when: 率, at_most: 5}}}
"""
        ).encode(),
        "rings.yaml",
    )
    told = [(f.name, f.seen.get("name", f.seen.get("ring", ""))) for f in found if f.severity == "error"]
    assert sorted(told) == [
        ("ring-of-names", "丙 → 丙"), ("ring-of-names", "甲 → 乙 → 甲"),
        ("unknown-name", "无此"), ("unknown-name", "没有"), ("wrong-kind", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "then"),
    [
        ("", "没有得分"),
        ("missing: zero", "得 0 分"),
        ("missing: 3", "按 missing 的公式计分"),
    ],
)
def test_gaps_are_told_one_by_one_in_the_unit_of_the_input(policy, then):
    """Each at the band above it, as a percentage where the bands are; with what becomes of a record that falls in."""
    text = (
        f"{HEAD}clause: 试\ninputs: {{率: {{kind: number, unit: '%', min: 0, max: 1}}}}\ntree:\n  points: 9\n  {policy}\n"
        "  bands:\n    of: 率\n    between:\n      - [85%, 100%, points]\n      - [70%, 84%, 5]\n      - [10%, 69%, 0]\n"
    )
    found = [f for f in golden.findings(text.encode(), "gaps.yaml") if f.name == "bands-gap"]
    lines = ["- [85%, 100%, points]", "- [70%, 84%, 5]", "- [10%, 69%, 0]"]
    assert [f.where.text.strip() for f in found] == lines
    wanted = ["低于 10%，如 0%", "69% 与 70% 之间，如 69.5%", "84% 与 85% 之间，如 84.5%"]
    assert all(
        f"{gap}，" in f.message("zh") and then in f.message("zh") for gap, f in zip(wanted, found[::-1], strict=True)
    )


@pytest.mark.parametrize("name", LARGE)
def test_large_schemes(name):
    """What is too large to read is told as that."""
    assert name in {f.name for f in golden.findings(LARGE[name](), "large.yaml")}


def test_formula_not_text():
    """A formula that is no text is refused, whoever hands it over."""
    with pytest.raises(FormulaProblems) as caught:
        parse(10)
    assert [p.name for p in caught.value.problems] == ["formula-not-text"]


def test_every_mistake_in_a_scheme_has_a_bad_scheme():
    """Every name that reading a scheme can report has a file in tests/bad, or is made when it is tested."""
    told = {name for module, name, _ in REPORTED if module.startswith(GROUPS)}
    have = {path.stem for path in SCHEMES}
    assert told - have == LARGE.keys() | WITHOUT_SCHEME.keys()


def test_golden_files_have_their_schemes():
    """Nothing in tests/bad is left over."""
    assert {p.stem for p in golden.BAD.glob("*.txt")} == {p.stem for p in SCHEMES}


# ── the page ──────────────────────────────────────────────────────────────────────────────────────


def sections() -> dict[str, str]:
    """What the page says about each name."""
    parts = re.split(r"^## (.+)$", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def mended(text: str, difference: str) -> str:
    """A text with the lines of a difference taken out and put in; `@@` parts one place from the next."""
    done = ""
    for hunk in re.split("^@@\n", difference, flags=re.MULTILINE):
        lines = hunk.splitlines(keepends=True)
        before, after = ("".join(x[1:] for x in lines if x[0] in signs) for signs in (" -", " +"))
        kept, found, text = text.partition(before)
        assert found, before
        done += kept + after
    return done + text


def test_documented():
    """Every name has a section in docs/reference/findings.md, and every section is a name."""
    assert sorted(sections()) == NAMES


def _difference(scheme):
    return re.search("```diff\n(.*?)```", sections().get(scheme.stem, ""), re.DOTALL)


@pytest.mark.parametrize("scheme", list(filter(_difference, SCHEMES)), ids=lambda path: path.stem)  # others: in words
def test_documented_remedies(scheme):
    """The example on the page is cut from the bad scheme, and mends it."""
    difference = _difference(scheme)
    text = mended(scheme.read_text(encoding="utf-8"), difference[1])
    assert scheme.stem not in {f.name for f in golden.findings(text, scheme.name)}


# ── rendering ─────────────────────────────────────────────────────────────────────────────────────

lines = st.text(st.sampled_from("ab 12.+(){}\t完成值（，：％—“”é\u0301\u3000\u200b\ufffd😀"), max_size=200)


@given(line=lines, column=st.integers(1, 220), length=st.integers(1, 220))
@example(line="    formula: 完成值", column=14, length=3)
@example(line="完成值 + " * 60, column=301, length=3)
@example(line="  \u3000\u3000键: 1", column=3, length=1)
def test_carets_stand_beneath_what_they_mark(line, column, length):
    """In columns, the carets begin where the marked text does and are as wide; a long line is cut and still fits."""
    where = Location("x.yaml", 1, column, length, line)
    _, shown, carets, *_ = Finding("unknown-name", where, seen={"name": "x"}).render().split("\n")
    before, marks = re.fullmatch("    ( *)([＾^]+)", carets).groups()
    marked = visible(line)[column - 1 : column - 1 + length].rstrip()
    at = next(i for i in range(4, len(shown) + 1) if display_width(shown[4:i]) == len(before))
    if display_width(visible(line)) <= LINE_WIDTH and display_width(marked):
        assert display_width(marks) >= display_width(marked)
        assert shown[at:].lstrip("\u0301").startswith(marked.lstrip("\u0301"))
    assert display_width(shown) <= LINE_WIDTH + 4 + 2 * len("...")
    assert display_width(carets) <= max(display_width(shown), 4 + len(before) + 1)


@settings(max_examples=500)
@given(
    name=st.sampled_from(NAMES),
    seen=st.dictionaries(st.sampled_from(["name", "seen", "why", "reason", "kind"]), st.text(max_size=20)),
    near=st.text(max_size=5),
)
def test_rendering_never_fails(name, seen, near):
    """A finding can be printed and written as JSON whatever was seen, braces and all, or not passed."""
    finding = Finding(name, Location("x", 1, 1, text="{}"), "a/b", seen, near)
    for lang in ("zh", "en"):
        assert finding.render(lang).startswith(f"x:1:1: {finding.severity} {name}")
    assert finding.as_json()["message"].keys() == {"zh", "en"}


def test_words_of_the_language_are_explained_in_chinese():
    """A kind or a unit is named as the author writes it and explained in 中文; an author's own word is left alone."""
    seen = {"seen": "number", "kind": "number", "wanted": "boolean"}
    assert Finding("wrong-kind", seen=seen).message("zh") == (
        "“number”的类型是 number（数），这里要的是 boolean（是否）。"
    )
    assert Finding("wrong-kind", seen=seen).message("en") == "“number” is a number; a boolean is expected here."


def test_lists_are_written_in_each_language():
    """A list has the commas of the language of its message."""
    finding = Finding("unknown-label", seen={"label": "中", "labels": "优、良、差"})
    assert "优、良、差" in finding.message("zh")
    assert "优, 良, 差" in finding.message("en")


@pytest.mark.parametrize("text", ["{}", "[", "- : :", "\ufeff", "a: |\n \t", ""])
def test_places_are_in_the_text(text):
    """Every place that reading a text names is one of its lines."""
    for finding in documents.read(text, "x.yaml")[1]:
        assert 1 <= finding.where.line <= text.count("\n") + 1
