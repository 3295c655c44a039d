"""Documents: what YAML text means to us, where its characters stand, and what is said about its traps."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files
from itertools import pairwise

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from perfrules.documents import Mapping, Scalar, Sequence, dumps, place, plain, read

LOADERS = [pytest.param(yaml.SafeLoader, id="python")]
if hasattr(yaml, "CSafeLoader"):
    LOADERS.append(pytest.param(yaml.CSafeLoader, id="libyaml"))
both = pytest.mark.parametrize("loader", LOADERS)

# What the examples of the scheme language hold that comes near a trap, and is none.
LEGIT = """\
perfrules: 1
scheme: example.township-water
title: 办法：试行
effective: 2024-01-01
sources:
  办法: {title: 绩效评价管理办法, document: 财预〔2020〕10号, issuer: 财政部, unverified: 全文不在手头}
clause: 办法                          # 下面未另注明依据的，都依此：如此
rows:                                 # 记录自带的指标行
  绩效指标:
    columns:
      性质: {kind: choice, choices: [≥, ≤, =, <=, 定性]}
    cases:                            # 自上而下，先合者用
      性质 == '≥': 按比例(完成值, 目标值)
      性质 == '=' and 目标值 == 0: points if 完成值 <= 0 else 0
    checks:
      远超目标: {holds: 性质 != '≥' or 完成值 <= 130% * 目标值, assumed: 办法无数值，130% 为一区做法}
definitions:
  按比例(实际, 目标): clip(实际 / 目标, 0, 1) * points
  每超扣(实际, 起点, 每, 扣):
    formula: max(points + floor(-max(实际 - 起点, 0) / 每) * 扣, 0)
tree:
  bands:
    from: {100%: points, 95%: 30 + 10 * (合格率 - 95%) / 5%, 90%: 20, else: 0}
  管网漏损: {points: 20, rule: {每超扣: {实际: 漏损率, 起点: 12%, 每: 1%, 扣: 2}}}
  单位成本:                     # 逆向：不高于均值得满分
    formula: min(均值 / 成本, 1) * points
  用户满意度: {points: 15, formula: "clip(满意度 / 90%, 0, 1) * points"}
  between: [[0, 60, 差], [60, 100, "max(points, 5)"]]
  unit: "%"
  说明: 见
    说明：此处
  "引号：里": '一：二'
  链接: http://example.cn/甲:乙
  时刻: 12:30
amendments:
  - reweight: {预算执行率: 20, 产出: 40}
  - replace: definitions/定性
    with: {formula: "min(目标 / 实际, 1) * points"}
原文: |
  第一条：本办法
  \tpoints：5 # 不是注释
"""


def values(node):
    """The values of a tree, each with its kind, keys as text."""
    match node:
        case Scalar():
            return type(node.value), node.value
        case Mapping():
            return [(key.text, values(value)) for key, value in node.entries]
        case Sequence():
            return [values(item) for item in node.items]


def told(text, loader):
    """The findings of a text as name, line and column."""
    return [(f.name, f.where.line, f.where.column) for f in read(text, "t.yaml", loader=loader)[1]]


# ── what scalars mean ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *((word, True) for word in ("true", "True", "TRUE")),
        *((word, False) for word in ("false", "False", "FALSE")),
        *((word, None) for word in ("", "~", "null", "Null", "NULL")),
        ("0", Fraction(0)),
        ("-12", Fraction(-12)),
        ("+3.50", Fraction(7, 2)),
        ("0.1", Fraction(1, 10)),
        ("9" * 40, Fraction(10**40 - 1)),
        *((word, word) for word in ("no", "yes", "on", "off", "y", "=", "<<=", "tRUE", "nil")),
        *((word, word) for word in ("010", "00", "0x1F", "0o17", "1_000", "1e3", ".5", "5.", ".inf", "-.nan")),
        *((word, word) for word in ("12:30", "2024-01-01", "90%", "１２", "0.5.1", "9" * 41)),
        ('"0.5"', "0.5"),
        ("'true'", "true"),
        ('""', ""),
        ("|-\n  12", "12"),
    ],
)
@both
def test_only_plain_yaml_1_2_words_are_anything_but_text(written, meant, loader):
    """Booleans, null and decimal numbers are read where plain; all else, and all that is quoted, is text."""
    root, findings = read(f"a: {written}\n", "t.yaml", loader=loader)
    value = root.get("a").value
    assert not findings
    assert (type(value), value) == (type(meant), meant)


def test_keys_keep_their_source_text_and_order():
    """A mapping answers for its keys as they were written, in the order in which they were written."""
    root, _ = read("{90: 优, 080: 良, 1e1: 中, else: 差}", "t.yaml")
    assert root.keys() == ("90", "080", "1e1", "else")
    assert root.get("080").text == "良"
    assert root.get("80") is None


@both
def test_the_examples_of_the_language_read_without_findings(loader):
    """What comes near a trap and is none is not told of."""
    root, findings = read(LEGIT, "t.yaml", loader=loader)
    assert [f.render("en") for f in findings] == []
    assert root.get("title").text == "办法：试行"


def test_every_message_of_ours_reads_without_findings():
    """We keep our own rules."""
    text = files("perfrules").joinpath("messages.yaml").read_bytes()
    assert read(text, "messages.yaml")[1] == []


# ── where things stand ────────────────────────────────────────────────────────────────────────────

VISIBLE = [
    *map(chr, range(0x4E00, 0x4E20)),
    *"ghijklmopqrsvwy",
    *map(chr, range(0x20000, 0x20008)),
    "：",
    "，",
    "é",
]
GAPS = [" ", "  ", "\n", "\n\n", " \n", "\n\n\n"]


@st.composite
def written_scalars(draw):
    """A document with a scalar under two keys, in any style; its visible characters stand in it once each."""
    style = draw(st.sampled_from(["plain", "single", "double", "literal", "folded"]))
    indent = " " * draw(st.integers(1, 4))
    pool = iter(draw(st.permutations(VISIBLE)))
    marks = {"plain": [], "single": ["''"], "double": ["\\u", "\\U", "\\x", '\\"', "\\\n", "\\ ", "\\t"]}
    pieces = st.sampled_from(["visible", "visible", "visible", "gap", *marks.get(style, [])])
    before = draw(st.sampled_from(["", "注：\n", "# 注 \U00020000\n", "\r\n"]))
    parts = [next(pool)]
    for piece in draw(st.lists(pieces, max_size=24)):
        match piece:
            case "visible":
                parts.append(next(pool))
            case "gap":
                gap = draw(st.sampled_from([*GAPS, *(["\t", "\t \n \n"] if style != "plain" else [])]))
                more = draw(st.sampled_from(["", "", " ", "  "])) if style in ("literal", "folded") else ""
                parts.append(gap + (indent * 2 + more if "\n" in gap else ""))
            case "\\u" | "\\x":
                char = next(pool)
                parts.append(f"\\u{ord(char):04x}" if char < "\uffff" else f"\\U{ord(char):08x}")
            case "\\U":
                parts.append(f"\\U{ord(next(pool)):08x}")
            case "\\\n":
                parts.append("\\\n" + indent)
            case _:
                parts.append(piece)
    body = "".join(parts)
    match style:
        case "single":
            body = f"'{body}'"
        case "double":
            body = f'"{body}"'
        case "literal" | "folded":
            stated = draw(st.booleans())
            chomp = draw(st.sampled_from(["", "-", "+"]))
            header = "|>"[style == "folded"] + (str(len(indent)) if stated else "") + chomp
            extra = draw(st.sampled_from(["", " "])) if stated else ""
            body = f"{header}{draw(st.sampled_from(['', '  # 注']))}\n{indent * 2}{extra}{body}\n"
            body += draw(st.sampled_from(["", "\n", "\n\n"]))
        case "plain":
            body = body.rstrip()
    after = draw(st.sampled_from(["", "\n", "\nz: 1\n"])) if style not in ("literal", "folded") else "z: 1\n"
    return before.replace("注：", "注: 1") + "甲乙:\n" + f"{indent}键: {body}" + after


@both
@settings(max_examples=200, deadline=None)
@given(source=written_scalars())
@example("甲乙:\n 键: >1+\n\n   a\n  b\n\n  c\n\n\nz: 1\n")
@example('甲乙:\n 键: "a \\\n   b\\\n\n  c"')
@example("甲乙:\n 键: a\n\n  b\n\n\n  c")
@example("甲乙:\n 键: |1\n   \n  a\n")
@example("甲乙:\n 键: |\n  a")
@example('甲乙:\n 键: "一\\\n \t"')
def test_every_character_of_a_scalar_is_found_where_it_was_written(loader, source):
    """Position law: the document shows a text's i-th character at the place that the text tells for i."""
    root, findings = read(source, "t.yaml", loader=loader)
    assert not findings, source
    source = source.replace("\r\n", "\n")
    lines = source.split("\n")
    scalar = root.get("甲乙").get("键")
    last = (0, 0)
    for i, char in enumerate(scalar.text):
        where = scalar.locate(i, i + 1)
        line = lines[where.line - 1]
        assert where.text == line
        assert (where.line, where.column) > last
        last = (where.line, where.column)
        shown = line[where.column - 1 :]
        if char in " \t\n" and not shown.startswith("\\"):
            assert shown[: where.length].strip(" \t") == ""
        elif scalar.style == "double" and shown.startswith("\\"):
            written = shown[: where.length]
            assert read(f'"{written}"', "t")[0].text == char
        elif scalar.style == "single" and char == "'":
            assert shown[: where.length] == "''"
        else:
            assert shown[: where.length] == char
            assert source.index(char, scalar.index) == source.rindex(char)  # so there is no other place for it
    end = scalar.locate(len(scalar.text))
    assert (end.line, end.column) > last


@both
def test_a_block_of_blanks_alone_has_places_too(loader):
    """Where nothing can be seen, the blanks themselves say how far a block is indented."""
    scalar = read("a:\n - |2\n\n     \n    \n", "t.yaml", loader=loader)[0].get("a").items[0]
    assert scalar.text == "\n  \n \n"
    assert [scalar.locate(i).line for i in range(7)] == [3, 4, 4, 4, 5, 5, 6]
    assert [scalar.locate(i).column for i in range(7)] == [1, 4, 5, 6, 4, 5, 1]


@both
def test_a_span_is_told_with_its_length_and_line(loader):
    """A place in a formula leads to line, column and length in the file: to the very words."""
    text = 'tree:\n  产出: {formula: "clip(实际完成 / 目标值, 0, 1)"}\n'
    root, _ = read(text, "gangcheng.yaml", loader=loader)
    formula = root.get("tree").get("产出").get("formula")
    where = formula.locate(5, 9)
    assert str(where) == "gangcheng.yaml:2:23"
    assert where.text[where.column - 1 : where.column - 1 + where.length] == "实际完成"
    assert formula.locate(0, 999).length == len(formula.text)
    assert str(place(root.get("tree").get("产出"))) == "gangcheng.yaml:2:7"
    assert (formula.mark.line, formula.mark.column, formula.mark.index) == (2, 17, 22)
    assert [node.mark.column for node in (root, root.get("tree"), root.get("tree").get("产出"))] == [1, 3, 7]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@both
def test_line_ends_and_byte_order_marks_change_no_place(loader, end, mark):
    """A file saved on Windows reads the same, places included."""
    text = mark + end.join(["a: 1", "b:", "  - 甲", '  - "乙 \\u4e01"', ""])
    for given_text in (text, text.encode("utf-8")):
        root, findings = read(given_text, "t.yaml", loader=loader)
        item = root.get("b").items[1]
        assert not findings
        assert (item.mark.line, item.mark.column) == (4, 5)
        assert (item.locate(2).column, item.locate(2).length) == (8, 6)


# ── plain values and canonical JSON ───────────────────────────────────────────────────────────────

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp", "Cn"]), max_size=30)
numbers = st.integers(-(10**30), 10**30) | st.decimals(-(10**9), 10**9, places=5)
data = st.recursive(
    st.none() | st.booleans() | texts | numbers | st.sampled_from(["no", "0.5", "010", "null", "", " ", "\t", "a: b"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@both
@settings(max_examples=200, deadline=None)
@given(data=data)
def test_canonical_json_reads_as_what_it_was_written_from(loader, data):
    """read ∘ dumps is the identity on plain values: numbers stay exact, text stays text, order stays."""
    text = dumps(data)
    root, findings = read(text, "resolved.json", loader=loader)
    errors = [f.name for f in findings if f.severity == "error"]
    assert not errors
    again = plain(root)
    assert again == data
    assert dumps(again) == dumps(plain(read(dumps(again), "x", loader=loader)[0]))
    assert json.loads(text, parse_float=Decimal) == data


@pytest.mark.parametrize(
    "text",
    [
        LEGIT,
        "a: 0.50\nb: '0.5'\nc: +7\nd: 1e3\ne: 0.0000001\nf: ~\ng: 90%\n5: [no, yes, true]\nh: -0\n" + "i: " + "7" * 40,
    ],
)
@both
def test_a_scheme_and_its_canonical_json_are_the_same_tree_of_values(text, loader):
    """The resolved form of a scheme means what the file meant: same keys in order, same kinds and numbers."""
    root, _ = read(text, "t.yaml", loader=loader)
    again, findings = read(dumps(plain(root)), "t.json", loader=loader)
    assert not findings
    assert values(again) == values(root)


@pytest.mark.parametrize("stranger", [0.5, {1: 2}, object(), b"x", {"a": [float("nan")]}])
def test_canonical_json_takes_no_floats_and_no_strangers(stranger):
    """A float is never published by accident."""
    with pytest.raises(TypeError):
        dumps(stranger)


# ── traps ─────────────────────────────────────────────────────────────────────────────────────────

TRAPS = [
    # a colon that parts nothing
    ("tree:\n  points：5\n  children: 1\n", [("full-width-colon", 2, 9)]),
    ("a: x\npoints：5\nb: 1\n", [("full-width-colon", 2, 7)]),
    ("a: x\npoints： 5\nb: 1\n", [("full-width-colon", 2, 7)]),
    ("scheme：x\ntitle：y\n", [("full-width-colon", 1, 7), ("full-width-colon", 2, 6)]),
    (
        "tree:\n  points：5\n  missing：refuse\nb: 1\n",
        [("full-width-colon", 2, 9), ("full-width-colon", 3, 10)],
    ),
    ("a: {points：5, b: 1}", [("full-width-colon", 1, 11)]),
    ("tree:\n  children：\n    甲: {points: 5}\n", [("full-width-colon", 2, 11)]),
    ("cases:\n  a == 'x': 1\n  性质 == '≥'：按比例(a, b)\n", [("full-width-colon", 3, 12)]),
    ("from:\n  90：优\n  80: 良\n", [("full-width-colon", 2, 5)]),
    ("a:\n  - name: x\n  - name：y\n", [("full-width-colon", 3, 9)]),
    ("points:5\nb: 1", [("space-after-colon", 1, 7)]),
    ("a: 1\npoints:5\nb: 2\n", [("space-after-colon", 2, 7)]),
    ("tree:\n  points:5\n", [("space-after-colon", 2, 9)]),
    ("a: {points:5}", [("space-after-colon", 1, 11)]),
    ("a:　5\nb: 2", [("space-after-colon", 1, 2)]),
    # commas that cut a formula up
    ("a: {formula: clip(x, 0, 1)}", [("flow-mapping-splits", 1, 14)]),
    ("a: {b: 2, formula: f(x, g(1, 2), 0, 0) * points}", [("flow-mapping-splits", 1, 20)]),
    ("a: {formula: clip（x, 0, 1）, b: 2}", [("flow-mapping-splits", 1, 14)]),
    ("a: [[60, 80, max(points, 5)]]", [("flow-mapping-splits", 1, 14)]),
    ("a: {f: f(x, y: 2), c: 1}", [("flow-mapping-splits", 1, 8)]),
    # YAML's own signs
    ("a: [<=, >=]", [("indicator-needs-quotes", 1, 9)]),
    ("a: >= 5\n", [("indicator-needs-quotes", 1, 4)]),
    ("a: > 5\n", [("indicator-needs-quotes", 1, 4)]),
    ("a: >5\nb: 1\n", [("indicator-needs-quotes", 1, 4)]),
    ("a: | x\n", [("indicator-needs-quotes", 1, 4)]),
    ("a: %x\n", [("indicator-needs-quotes", 1, 4)]),
    ("%x\n", [("indicator-needs-quotes", 1, 1)]),
    ("a: @x\n", [("indicator-needs-quotes", 1, 4)]),
    ("a: `x\n", [("indicator-needs-quotes", 1, 4)]),
    ("a: * x\n", [("indicator-needs-quotes", 1, 4)]),
    ("a: *完成\n", [("indicator-needs-quotes", 1, 4)]),
    ("a: !重要 x\n", [("indicator-needs-quotes", 1, 4)]),
    ("a: !foo!x y\n", [("indicator-needs-quotes", 1, 4)]),
    ("a: - b\n", [("indicator-needs-quotes", 1, 4)]),
    ("a: ? b\n", [("indicator-needs-quotes", 1, 4)]),
    ("- ? x\n", [("indicator-needs-quotes", 1, 3)]),
    ("a: , x\n", [("indicator-needs-quotes", 1, 4)]),
    ("a: &x 1\nb: *x\n", [("no-anchors", 1, 4), ("no-anchors", 2, 4)]),
    ("a: &x {b: 1}\n", [("no-anchors", 1, 4)]),
    ("a: !!python/object:os.system x\n", [("no-tags", 1, 4)]),
    ("a: !!str 5\nb: !x [1]\n", [("no-tags", 1, 4), ("no-tags", 2, 4)]),
    ("a: &x !y 5\n", [("no-anchors", 1, 4), ("no-tags", 1, 4)]),
    # comments
    ("formula: a + # c\n", [("comment-cuts-formula", 1, 14)]),
    ("a: f(x, # c\nb: 1\n", [("comment-cuts-formula", 1, 9)]),
    ("a: x if y else # c", [("comment-cuts-formula", 1, 16)]),
    ("a: x == 'a # b'\n", [("comment-cuts-formula", 1, 12)]),
    ('a: x == "a # b"\n', [("comment-cuts-formula", 1, 12)]),
    ("a: b +\n  c * # d\nb: 1", [("comment-cuts-formula", 2, 7)]),
    ("a: b + # c\n  d\nc: 1\n", [("comment-cuts-formula", 1, 8)]),
    ("a: {formula: b + # c\n d}\n", [("comment-cuts-formula", 1, 18)]),
    # blanks that are none
    ("a:\n\tb: 1", [("tab-indentation", 2, 1)]),
    ("a: x\n\tb: 1", [("tab-indentation", 2, 1)]),
    ("-\ta: 1", [("tab-indentation", 1, 2)]),
    ("a:\tb\n", [("tab-indentation", 1, 3)]),
    ('# \t\na: "\t"  # \t\nb: |\n  x\n  \ty\nc: d\t\n', [("tab-indentation", 6, 5)]),
    ("a:\n  　　b: 1", [("full-width-space", 2, 3)]),
    ("a: 1\n　　b: 2", [("full-width-space", 2, 1)]),
    ("a: x\n　　y: 1\nb: 2\n", [("full-width-space", 2, 1)]),
    ("a: 5　\n", [("full-width-space", 1, 5)]),
    ("a: {x: 5，b: 6}", [("full-width-comma", 1, 9)]),
    ("a: [优，良，中]", [("full-width-comma", 1, 6)]),
    # keys
    ("a: 1\nb: 2\n'a': 3\na: 4", [("duplicate-key", 3, 2), ("duplicate-key", 4, 1)]),
    ("{a: 1}: x\n", [("key-not-text", 1, 1)]),
    ("a: {{x}}\n", [("key-not-text", 1, 5)]),
    ("? [a]\n: b", [("key-not-text", 1, 3)]),
    ("<<: {a: 1}\n", [("no-merge-keys", 1, 1)]),
    ("? " + "长" * 501 + "\n: 1\n", [("key-too-long", 1, 3)]),
    # quotation, brackets, indentation
    ("a: 'x\nb: 1", [("quote-unclosed", 1, 4)]),
    ('a: "x\nb: "y"\n', [("quote-unclosed", 1, 4)]),
    ("a: 'it's'", [("text-after-quote", 1, 8)]),
    ('a: "x", "y"\n', [("text-after-quote", 1, 7)]),
    ("cases:\n  '≥' == 性质: 1\n", [("text-after-quote", 2, 7)]),
    ("cases:\n  b: 1\n  '≥' == 性质: 1\n  c: 2\n", [("text-after-quote", 3, 7)]),
    ('a: "\\q"', [("bad-escape", 1, 5)]),
    ("a: [1, 2\nb: 3", [("brackets-mismatch", 1, 4)]),
    ("a: {b: 1\nc: 2\n", [("brackets-mismatch", 1, 4)]),
    ("a: [1, 2]]\n", [("brackets-mismatch", 1, 10)]),
    ("[a", [("brackets-mismatch", 1, 1)]),
    ("title: a: b", [("colon-in-value", 1, 9)]),
    ("a: {b: c: d}", [("colon-in-value", 1, 9)]),
    ("a: 5\n  b: 6", [("indentation-astray", 2, 3)]),
    ("a:\n  b: 1\n c: 2", [("indentation-astray", 3, 2)]),
    (" a: 5\nb: 6", [("indentation-astray", 2, 1)]),
    ("a: {b: 1:}", [("colon-in-value", 1, 9)]),
    ("tree\n  points: 5", [("key-without-colon", 1, 1)]),
    ("choices:\n  - 一：甲\n bad: 1\n", [("indentation-astray", 3, 2)]),
    ("choices:\n  - 一：甲\n    bad: 1\n", [("full-width-colon", 2, 6)]),
    ("a: f(x) +  # c\n\n  b\n", [("comment-cuts-formula", 1, 12)]),
    ("a: b\nc d\ne: f", [("key-without-colon", 2, 1)]),
    ("%YAML 1.1\n%YAML 1.1\n---\na", [("indicator-needs-quotes", 2, 1)]),
    # the file
    ("", [("empty-file", 1, 1)]),
    ("# 只有注释\n", [("empty-file", 1, 1)]),
    ("a: 1\n---\nb: 2\n", [("several-documents", 2, 1)]),
    ("a\0: b", [("control-character", 1, 2)]),
    (
        "a: \u202e1\nb: \x85\nc: \u200b",
        [("control-character", 1, 4), ("control-character", 2, 4), ("control-character", 3, 4)],
    ),
    ("a: \ud800", [("control-character", 1, 4)]),
    ('a: "x\\u0000"', [("control-character", 1, 6)]),
    (b"a: 1\nb: \xb5\xe3", [("not-utf-8", 2, 4)]),
    (b"\xff\xfea\0", [("not-utf-8", 1, 1)]),
]


@pytest.mark.parametrize(
    ("text", "expected"), TRAPS, ids=lambda case: None if isinstance(case, list) else repr(case[:40])
)
@both
def test_each_trap_has_its_own_name_at_its_own_place(text, expected, loader):
    """Whichever parser is installed, a trap is told once, by its name, where the author's hand slipped."""
    assert told(text, loader) == expected


@both
def test_a_colon_before_a_bracket(loader):
    """`{分值:[0, 10]}` is two words to libyaml, which is told, and a key and its list to the Python scanner."""
    expected = [] if loader is yaml.SafeLoader else [("space-after-colon", 1, 11)]
    assert told("a: {points:[0, 10]}", loader) == expected


@pytest.mark.parametrize(
    ("text", "_expected"), TRAPS, ids=lambda case: None if isinstance(case, list) else repr(case[:40])
)
def test_each_trap_is_told_in_both_languages_with_nothing_left_blank(text, _expected):
    """A message fills all its places, in 中文 and in English, and so does its remedy."""
    for finding in read(text, "t.yaml")[1]:
        for lang in ("zh", "en"):
            words = finding.message(lang) + finding.mend(lang)
            assert not [key for key in ("seen", "key", "first", "limit", "code", "quote") if "{" + key + "}" in words]
            assert finding.render(lang).startswith("t.yaml:")


@both
def test_all_slips_of_a_file_are_told_at_once_in_file_order(loader):
    """A syntax error hides no slips before it, nor those after it where its line stands by itself."""
    text = (
        "a: 1\na: 2\ncases:\n  性质 == '≥'：按比例(x, y)\n  b: 1\npoints：5\nc: >= 4\n"
        "d: {f: clip(x, 0)}\ne: 'a' if b else 'c'\nd: 1\nkey：\n  x: &y 1\ntitle: m: n\nf: [1\ng: 2\n"
    )
    root, findings = read(text, "t.yaml", loader=loader)
    assert root is None
    assert [(f.name, f.where.line) for f in findings] == [
        ("duplicate-key", 2),
        ("full-width-colon", 4),
        ("full-width-colon", 6),
        ("indicator-needs-quotes", 7),
        ("flow-mapping-splits", 8),
        ("text-after-quote", 9),
        ("duplicate-key", 10),
        ("full-width-colon", 11),
        ("no-anchors", 12),
        ("colon-in-value", 13),
        ("brackets-mismatch", 14),
    ]
    assert [f.where.text for f in findings] == [text.split("\n")[f.where.line - 1] for f in findings]


def test_a_tree_comes_back_whole_but_for_what_findings_name():
    """The first of two keys stays; a formula cut up by commas leaves no pieces behind."""
    root, findings = read("a: 1\na: 2\nb: {f: clip(x, 0, 1), c: 3}\n<<: {d: 4}\n", "t.yaml")
    assert [f.name for f in findings] == ["duplicate-key", "flow-mapping-splits", "no-merge-keys"]
    assert plain(root) == {"a": 1, "b": {"f": "clip(x", "c": 3}}


def test_doubtful_places_are_warned_of_and_do_not_stop_a_file():
    """Text on a line of its own, a comment after it, and a comma in a list may all be meant: no errors."""
    text = "title:\n  办法：试行\na: 增长( # 注\nb: [优，良]\nc: 5　\n"
    assert {f.severity for f in read(text, "t.yaml")[1]} == {"warning"}
    assert len(read(text, "t.yaml")[1]) == 4


PIECES = [*"ab1 \n\n:-?,[]{}#&*!|>'\"%@`\\\t：，()（\u3000\0\u2028\ud800é中", "\r\n", "\U00020000"]
PIECES += [
    "a: ",
    "b：",
    "- ",
    "\n  ",
    "f(x, 1)",
    " # c",
    ">2",
    "''",
    "\\u",
    "{a: ",
    "? ",
    "---\n",
    "&x ",
    "!y ",
]


@both
@settings(max_examples=400, deadline=None)
@given(text=st.lists(st.sampled_from(PIECES), max_size=50).map("".join))
@example("a: '")
@example('"')
@example(':\t"')
@example("a: 'x'")
@example('"\\U00110000"')
@example("|5")
def test_no_text_breaks_the_reader(loader, text):
    """Any text at all yields a tree or says why not; nothing is raised, and every place told exists."""
    root, findings = read(text, "t.yaml", loader=loader)
    assert root is not None or findings
    lines = text.replace("\r\n", "\n").split("\n")
    for finding in findings:
        assert finding.message()
        assert 1 <= finding.where.line <= len(lines)
        assert 1 <= finding.where.column <= len(lines[finding.where.line - 1]) + 1
    assert all(a.where.line <= b.where.line for a, b in pairwise(findings))


# ── strangers' files ──────────────────────────────────────────────────────────────────────────────

HOSTILE = {
    "alias bomb": (
        "a: &a [x]\n" + "".join(f"{c}: &{c} [*{p}{(', *' + p) * 9}]\n" for p, c in pairwise("abcdefghi")),
        "no-anchors",
    ),
    "anchors without end": ("".join(f"k{i}: &a{i} x\n" for i in range(50_000)), "too-many-findings"),
    "brackets": ("[" * 25_000, "too-deep"),
    "braces": ("{a: " * 25_000, "too-deep"),
    "dashes": ("- " * 25_000, "too-deep"),
    "question marks": ("? " * 25_000, "too-deep"),
    "indentation": ("".join(" " * i + "a:\n" for i in range(2_000)), "too-deep"),
    "five megabytes and more": ("a: " + "长" * 1_700_000, "file-too-large"),
    "a hundred thousand keys": ("".join(f"k{i}: {i}\n" for i in range(100_000)), "too-many-nodes"),
    "a hundred thousand items": ("[" + "x," * 100_001 + "]", "too-many-nodes"),
    "one long text": ("a：b c:d 'x\n" * 120_000, "full-width-colon"),
    "one long quotation": ("a: 'it" + "x" * 4_000_000 + "' y", "text-after-quote"),
    "one unclosed quotation": ('a: "' + "\\u4e2d" * 700_000, "quote-unclosed"),
    "colons": ("a:" * 600_000, "space-after-colon"),
    "full-width colons": ("- " * 20 + "：" * 1_000_000, ""),
    "comments": ("a: (" + "( \n " * 100_000 + "( #\n" + " # (\n" * 100_000, "comment-cuts-formula"),
    "unseen characters": ("\0" * 4_000_000, "control-character"),
    "unseen escapes": ('- "' + "\\0" * 1_000_000 + '"', "control-character"),
    "tabs": ("a: |\n" + (" " + "\t" * 50 + "\n") * 40_000 + "b:\tc", "tab-indentation"),
    "slips": ("".join(f"k{i}: >= {i}\n" for i in range(10_000)), "indicator-needs-quotes"),
    "split formulas": ("[" + "f(x, 1), " * 30_000 + "]", "too-many-findings"),
    "tags": ("- " + "!a " * 100_000 + "x", ""),
    "lines": ("\n" * 4_900_000 + "a", ""),
}
RUN = """
import resource, sys, yaml
resource.setrlimit(resource.RLIMIT_AS, (1500 << 20,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (60,) * 2)
from perfrules.documents import read
text = sys.stdin.buffer.read().decode("utf-8")
root, findings = read(text, "t.yaml", loader=getattr(yaml, sys.argv[1]))
assert len(findings) <= 250
for finding in findings:
    finding.render("zh"), finding.as_json()
print(*sorted({f.name for f in findings}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits on memory and time")
@pytest.mark.parametrize("case", HOSTILE)
@both
def test_hostile_files_end_in_findings_within_limits(case, loader):
    """Whatever a stranger sends, reading it takes bounded time and memory and ends in words."""
    text, name = HOSTILE[case]
    if loader is yaml.SafeLoader:  # some hundred times slower; what is bounded by text is bounded by less of it
        text = text[:150_000] if name != "file-too-large" else text
    done = subprocess.run(
        [sys.executable, "-c", RUN, loader.__name__],
        input=text.encode("utf-8", "surrogatepass"),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    if len(text) == len(HOSTILE[case][0]):
        assert name in done.stdout.decode().split() or not name
