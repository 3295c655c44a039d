"""A syntax error in the author's words: what was done there, and the text with that line made harmless."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from perfrules.documents.traps import COMMENT, TIGHT, WIDE_BLANKS, colon_finding, short, unfinished
from perfrules.documents.tree import SHOWN_LIMIT, Document, Scalar, after_blanks
from perfrules.findings import Finding

# A key as somebody meant it: it may be a condition, with blanks and quoted text in it.
_KEY = r"[ ]*(?:- +)*+(?P<key>(?:[^：:#'\"\s]|'[^']*'|\"[^\"]*\")(?:[^：:#'\"]|'[^']*'|\"[^\"]*\")*?)"
_LOST_COLON = re.compile(f"{_KEY}(?:：|{TIGHT})")
_ENTRY = re.compile(f"(?P<before>{_KEY})[ ]*[：:](?P<after>.*)")
_HAS_VALUE = re.compile(r":(?:[ \t]|$)")
_VALUE = re.compile(r"(?:.*:[ \t]+)?(.*)")
_QUOTED = re.compile(r"'(?:[^']++|'')*+'|\"(?:[^\"\\]++|\\.)*+\"", re.DOTALL)
_TABBED = re.compile(r"[ ]*(?:- *)*+\t")
_WIDELY_INDENTED = re.compile(rf"[ ]*(?:- *)*+[{WIDE_BLANKS}]+")
_SIGN_SCANNED = re.compile(r"block scalar|alias|anchor|\btag\b|directive")
_SIGNS = "@`%>|*&!-?"
_LINES_ABOVE = 20

_HARMLESS = frozenset(
    {
        "colon-in-value",
        "full-width-colon",
        "indicator-needs-quotes",
        "key-without-colon",
        "space-after-colon",
        "text-after-quote",
    }
)


def explained(document: Document, scalars: list[Scalar], error: yaml.MarkedYAMLError) -> Finding:
    """What the author did.

    The parser's words only say where to look, and its marks can stand lines below the cause.
    """
    problem = f"{error.context or ''} {error.problem or ''}"
    at = _index(document, error.problem_mark)
    since = _index(document, error.context_mark) if error.context_mark else at
    return (
        _indented(document, at)
        or _quoted(document, scalars, problem, at, since)
        or _sign(document, problem, at, since)
        or _lost(document, problem, at, since)
        or _structure(document, problem, at, since)
        or document.finding("yaml-syntax", at, problem=short(error.problem or ""))
    )


def harmless(document: Document, finding: Finding) -> str | None:
    """The text with the line of a finding made harmless; None where that line does not stand by itself."""
    if finding.name not in _HARMLESS or finding.where is None:
        return None
    line = document.line(finding.where.line)
    if any(line.count(opening) != line.count(closing) for opening, closing in ("{}", "[]")):
        return None
    if finding.name == "key-without-colon":
        mended = line.rstrip() + ":"
    elif entry := _ENTRY.match(line):
        mended = entry["before"] + (": x" if entry["after"].strip() else ":")
    else:
        return None
    start = document.starts[finding.where.line - 1]
    return document.text[:start] + mended + document.text[start + len(line) :]


def _index(document: Document, mark: Any) -> int:
    """The place of a parser's mark; beyond the end it is the last thing that is written."""
    text = document.text
    index = min(mark.index, len(text)) if mark else 0
    return index if text[index:].strip(" \n") else max(0, len(text.rstrip(" \n")) - 1)


def _indented(document: Document, at: int) -> Finding | None:
    number = document.mark(at).line
    start, line = document.starts[number - 1], document.line(number)
    if tab := _TABBED.match(line):
        return document.finding("tab-indentation", start + tab.end() - 1)
    if document.text[at : at + 1] == "\t":
        return document.finding("tab-indentation", at)
    if wide := _WIDELY_INDENTED.match(line):
        return document.finding("full-width-space", start + len(wide[0].rstrip(WIDE_BLANKS)), start + wide.end())
    return None


def _quoted(document: Document, scalars: list[Scalar], problem: str, at: int, since: int) -> Finding | None:
    """An escape that is none, a quotation that never ends, or one with more text after it."""
    text = document.text
    if "escape" in problem or "hexadecimal" in problem or "hexdecimal" in problem:
        return document.finding("bad-escape", max(since, text.rfind("\\", 0, at + 1)), at + 1)
    if "quoted scalar" in problem:
        return document.finding("quote-unclosed", since, quote=text[since])
    key = "could not find expected" in problem
    last = next((s for s in reversed(scalars[-2:]) if s.text or s.style != "plain"), None)
    quoted = _QUOTED.match(text, since if key else last.index if last else 0)
    if quoted is None:
        return None
    after = after_blanks(text, quoted.end())
    if "\n" in text[quoted.end() : after] or text[after : after + 1] in ("", ":") or not (key or after == at):
        return None
    if "\n" in quoted[0]:
        return document.finding("quote-unclosed", quoted.start(), quote=quoted[0][0])
    return document.finding("text-after-quote", after, seen=short(quoted[0]))


def _sign(document: Document, problem: str, at: int, since: int) -> Finding | None:
    """A sign of YAML's at the start of what was meant for text."""
    start = document.starts[document.mark(at).line - 1]
    if document.text[start] == "%":
        return document.finding("indicator-needs-quotes", start, seen="%")
    scanned = _SIGN_SCANNED.search(problem)
    start = since if scanned else at
    if not (scanned or re.search(r"cannot start any token|(?:entries|keys) are not allowed", problem)):
        return None
    sign = document.text[start]
    return document.finding("indicator-needs-quotes", start, seen=sign) if sign in _SIGNS else None


def _lost(document: Document, problem: str, at: int, since: int) -> Finding | None:
    """A colon or comment by which YAML lost its way, in the line of the error or one that it ran on from."""
    ran_on = "mapping values" in problem
    at = since if "could not find expected" in problem else at
    for number in _lines(document, at):
        start, line = document.starts[number - 1], document.line(number)[:SHOWN_LIMIT]
        here = document.mark(at).line == number
        if (ran_on or here) and (colon := _LOST_COLON.match(line)):
            return colon_finding(document, start + colon.end() - 1, colon["key"])
        cut = COMMENT.search(line)
        value = _VALUE.match(line[: cut.start()]) if cut else None
        if cut and value and start + cut.start() < at and unfinished(value[1]):
            return document.finding("comment-cuts-formula", start + cut.end() - 1, seen=short(value[1]))
        if not (ran_on or here):
            break
    return None


def _lines(document: Document, at: int) -> Iterator[int]:
    """The line of an error and those above it, up to where a text that ran on can have begun."""
    first = document.mark(at).line
    for number in range(first, max(0, first - _LINES_ABOVE), -1):
        line = document.line(number)
        if number < first and not line.strip():
            continue
        yield number
        if _HAS_VALUE.search(line[: max(0, at - document.starts[number - 1])]) or line.lstrip()[:2] == "- ":
            break


def _structure(document: Document, problem: str, at: int, since: int) -> Finding | None:
    """Brackets, colons and indentation that do not fit together."""
    text, mark = document.text, document.mark(at)
    line = document.line(mark.line)
    if "flow" in problem:
        if "，" in text[since:at]:
            comma = text.rindex("，", since, at)
            return document.finding("full-width-comma", comma, seen=short(text[since:at]))
        if text[at] == ":" and document.mark(since).line == mark.line:
            return document.finding("colon-in-value", at)
        return document.finding("brackets-mismatch", since, seen=text[since])
    if text[at] == ",":
        return document.finding("indicator-needs-quotes", at, seen=",")
    if text[at] in "]}":
        return document.finding("brackets-mismatch", at, seen=text[at])
    if "could not find expected" in problem:
        return _without_colon(document, document.mark(since).line)
    if "mapping values" in problem:
        if _HAS_VALUE.search(line[: mark.column - 1]):
            return document.finding("colon-in-value", at)
        above = next((n for n in range(mark.line - 1, 0, -1) if document.line(n).strip()), 0)
        if above and not _HAS_VALUE.search(document.line(above)):
            return _without_colon(document, above)
        return document.finding("indentation-astray", at - len(line[: mark.column - 1].lstrip()), at)
    if "unexpected ':'" in problem:  # libyaml's word for `{分值:[0, 10]}`, which the Python scanner lets pass
        entry = re.split(r"[{\[,]", line[: mark.column - 1])[-1]
        if _HAS_VALUE.search(entry):
            return document.finding("colon-in-value", at)
        return document.finding("space-after-colon", at, key=short(entry))
    if "expected" in problem and any(word in problem for word in ("key", "block", "document start")):
        return document.finding("indentation-astray", at)
    return None


def _without_colon(document: Document, number: int) -> Finding:
    line = document.line(number)
    start = document.starts[number - 1] + len(line) - len(line.lstrip())
    return document.finding("key-without-colon", start, start + len(line.strip()), seen=short(line))
