"""Traps 陷阱 that YAML reads without a word: what was written is not what stands in the tree."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from attrs import evolve

from perfrules.documents.tree import Document, Mapping, Node, Scalar, Sequence, walk
from perfrules.findings import Finding, Severity

WIDE_BLANKS = "\u3000\xa0"
"""Blanks to the eye, letters to YAML."""

COMMENT = re.compile(r"(?<=[^\s])[ \t]+#")
# A colon that no blank follows, times of day left out.
TIGHT = r"(?!(?<=\d):\d\d(?!\d)):(?=[^ \t\n:/])"

_WORD = r"^[ ]*(?:- +)*+(?P<key>[^\s：:'\"#&*!|>%@`\[\]{},-][^\s：:]*)"
_WIDE_COLON = re.compile(_WORD + "：", re.MULTILINE)
_TIGHT_COLON = re.compile(_WORD + TIGHT, re.MULTILINE)
_TIGHT_PAIR = re.compile(r":[^ \n]")
_IN_COMMENT = re.compile(r"(?<!\S)#")
_BRACKETED = re.compile(r"[(（][^()（）]*[)）]")
_EXPLICIT_BLOCK = re.compile(r"(?<=[:\-] )[>|](?:[-+]?[1-9]|[1-9][-+])[ \t]*$", re.MULTILINE)
_KEY_ENDS = re.compile(r"[ \t]*:(?=\s|$)")
_BREAKS_OFF = re.compile(
    r"""[^\s\-+*/×÷<>=≥≤≠!]\s*[-+*/×÷<>=≥≤≠!(（,，]+$
      | \s(?:if|else|and|or|not)$
      | (?:[=<>(,≥≤≠] | \b(?:if|and|or|not)\b)\s*'[^']*$""",
    re.VERBOSE,
)


def short(text: str) -> str:
    """A text on one line, of at most forty characters."""
    text = " ".join(text[:200].split())
    return text if len(text) <= 40 else text[:39] + "…"


def colon_finding(document: Document, at: int, key: str) -> Finding:
    """A finding about a colon that parts nothing: a full-width one, or one with no blank after it."""
    name = "full-width-colon" if document.text[at] == "：" else "space-after-colon"
    return document.finding(name, at, key=short(key))


def unfinished(text: str) -> bool:
    """Whether a text reads like a formula that breaks off."""
    return (
        _openings(text) > 0
        or text.count('"') % 2 == 1
        or text.rfind("“") > text.rfind("”")
        or _BREAKS_OFF.search(text) is not None
    )


def _openings(text: str) -> int:
    return text.count("(") + text.count("（") - text.count(")") - text.count("）")


# ── while a collection is being closed ────────────────────────────────────────────────────────────


def joined(document: Document, items: list[Node], step: int) -> tuple[list[Node], list[Finding]]:
    """The items of `{…}` (step 2) or `[…]` (step 1) but for the pieces of formulas cut up by their commas."""
    kept: list[Node] = []
    findings: list[Finding] = []
    depth = pieces = 0
    for at in range(0, len(items), step):
        group = items[at : at + step]
        if depth:
            pieces += 1
        else:
            kept += group
        depth += sum(_openings(n.text) for n in group if isinstance(n, Scalar) and n.style == "plain")
        depth = max(0, depth)
        if pieces and (not depth or at + step >= len(items)):
            last = group[0] if group[-1].index == group[0].index or _is_empty(group[-1]) else group[-1]
            end = last.index + (len(last.text) if isinstance(last, Scalar) else 1)
            start = kept[-1].index
            findings.append(document.finding("flow-mapping-splits", start, end, seen=short(document.text[start:end])))
            pieces = 0
    return kept, findings


def full_width_commas(items: list[Node]) -> Iterator[Finding]:
    """Items of `[…]` that hold a comma which YAML takes for a letter."""
    for item in items:
        if isinstance(item, Scalar) and item.style == "plain" and "，" in _BRACKETED.sub("", item.text):
            comma = item.text.index("，")
            where = item.locate(comma, comma + 1)
            yield Finding("full-width-comma", where, seen={"seen": short(item.text)}, stated="warning")


def lone_key(key: Scalar, value: Node, *, flow: bool) -> Finding | None:
    """What is amiss with a key that has nothing under it, if its writer did not mean it for one."""
    if not _is_empty(value):
        return None
    text = key.document.text
    before = text[max(0, key.index - 80) : key.index].rstrip(" ")
    if before.endswith("?") and before[-2:-1] in ("", " ", "\n", "[", "{", ","):
        return key.document.finding("indicator-needs-quotes", text.rfind("?", 0, key.index), seen="?")
    if flow and key.style == "plain":
        colon = _WIDE_COLON.match(key.text) or _TIGHT_COLON.match(key.text)
        if colon:
            return colon_finding(key.document, key.places()[colon.end() - 1], colon["key"])
    return None


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and not node.text and node.style == "plain"


# ── once the text is read ─────────────────────────────────────────────────────────────────────────


def silent(document: Document, scalars: list[Scalar], root: Node | None) -> Iterator[Finding]:
    """The traps in a text that was read, to its end or to an error. `scalars` are in file order."""
    text = document.text
    if " #" in text or "\t#" in text:
        yield from _cut_formulas(document, scalars)
    if any(blank in text for blank in WIDE_BLANKS):
        yield from _wide_blanks(document, scalars)
    lines = list(_WIDE_COLON.finditer(text)) if "：" in text else []
    if _TIGHT_PAIR.search(text):
        lines += _TIGHT_COLON.finditer(text)
    if lines and root:
        yield from _swallowed_keys(document, scalars, root, sorted(lines, key=lambda line: line.start()))
    for sign in _EXPLICIT_BLOCK.finditer(text):
        scalar = _at(scalars, sign.start())
        if scalar and scalar.index == sign.start() and not scalar.text.strip():
            yield document.finding("indicator-needs-quotes", *sign.span(), seen=sign[0])


def tabs(document: Document, scalars: list[Scalar]) -> Iterator[Finding]:
    """The first tab outside quotations, blocks and comments: to some parsers a blank, to others an error."""
    text = document.text
    at = text.find("\t")
    while at >= 0:
        scalar = _at(scalars, at)
        quoted_to = scalar.places()[-1] if scalar and scalar.style != "plain" else 0
        if at < quoted_to:
            at = text.find("\t", quoted_to)
        elif _IN_COMMENT.search(text, max(quoted_to, text.rfind("\n", 0, at) + 1), at):
            at = text.find("\t", document.starts[document.mark(at).line]) if "\n" in text[at:] else -1
        else:
            yield document.finding("tab-indentation", at)
            return


def _at(scalars: list[Scalar], index: int) -> Scalar | None:
    """The last scalar that begins at or before an index."""
    place = bisect_right(scalars, index, key=lambda scalar: scalar.index)
    return scalars[place - 1] if place else None


def _cut_formulas(document: Document, scalars: list[Scalar]) -> Iterator[Finding]:
    before: Scalar | None = None
    for comment in COMMENT.finditer(document.text):
        scalar = _at(scalars, comment.start())
        if scalar is before:
            continue
        before = scalar
        if scalar and scalar.style == "plain" and unfinished(scalar.text):
            written = document.text[scalar.index : comment.start()]
            if written == scalar.text or written.split() == scalar.text.split():
                at = comment.end() - 1
                finding = document.finding("comment-cuts-formula", at, seen=short(scalar.text))
                yield evolve(finding, stated="warning")


def _wide_blanks(document: Document, scalars: list[Scalar]) -> Iterator[Finding]:
    for scalar in scalars:
        text = scalar.text
        if scalar.style == "plain" and text.strip(WIDE_BLANKS) != text:
            places = scalar.places()
            start = 0 if text[0] in WIDE_BLANKS else len(text.rstrip(WIDE_BLANKS))
            is_key = _KEY_ENDS.match(document.text, places[-1])
            finding = document.finding("full-width-space", places[start])
            yield finding if is_key else evolve(finding, stated="warning")


def _swallowed_keys(
    document: Document, scalars: list[Scalar], root: Node, lines: list[re.Match[str]]
) -> Iterator[Finding]:
    """Lines such as `key：value` that are text to YAML, where a mapping was being written.

    A text after its key on one line may hold any colon. A text that starts a line of its own is doubtful: a
    warning. Beside mappings in a sequence, or as the whole file, it is surely meant for an entry.
    """
    doubtful: dict[int, Severity | None] = {id(root): None}
    for node in walk(root):
        match node:
            case Mapping(entries=entries):
                doubtful |= {id(value): "warning" for _, value in entries}
            case Sequence(items=items):
                if any(isinstance(item, Mapping) for item in items):
                    doubtful |= {id(item): None for item in items}
            case Scalar():
                pass
    about: Scalar | None = None  # the text that was last told of, and where it ends
    end = 0
    for line in lines:
        scalar, colon = _at(scalars, line.start("key")), line.end() - 1
        if scalar is None or scalar.style != "plain" or id(scalar) not in doubtful:
            continue
        goes_on = scalar.index < line.start("key")
        if goes_on and (scalar is not about or end <= colon):
            continue
        if not goes_on:
            about, end = scalar, scalar.places()[-1]
        yield evolve(colon_finding(document, colon, line["key"]), stated=doubtful[id(scalar)])
