"""What is wrong, where, and how to mend it: one type for authors' mistakes, data faults and review remarks."""

from __future__ import annotations

import difflib
import heapq
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from itertools import accumulate, islice
from typing import Any, Literal

import yaml
from attrs import field, frozen

Severity = Literal["error", "warning", "remark"]
Language = Literal["zh", "en"]

LINE_WIDTH = 120
"""The columns of a source line that are shown beside a finding; of a longer one, the part about the place."""

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "remark")
SEVERITY_WORDS: Mapping[Language, Mapping[Severity, str]] = {
    "zh": {"error": "错误", "warning": "警告", "remark": "提示"},
    "en": {"error": "error", "warning": "warning", "remark": "remark"},
}
"""What tables call them; before a place in a file they stand as they are, for editors."""


UNSEEN = re.compile(
    "[^\\t\\n\\x20-\\x7e\\xa0-\\xac\\xae-\\u200a\\u200c\\u200d\\u2010-\\u2027\\u202f-\\u205f\\u2070-\\ud7ff"
    "\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U000dffff\\U000e0080-\\U0010ffff]"
)
"""What cannot be seen on the page: controls, line ends that are none, marks that turn the direction of
writing, blanks without width, halves of characters. A file that holds one is not what its reader sees."""
ERRORS_LIMIT, SEEN_LIMIT = 200, 600
"""How many errors are told of one file at once, and how many characters of anything that was seen."""


def visible(text: str) -> str:
    """A text as one line that a terminal can be given: nothing in it moves the cursor or turns the writing."""
    return UNSEEN.sub("\ufffd", text.replace("\n", " ").replace("\t", " "))


def _cut(seen: Mapping[str, str]) -> Mapping[str, str]:
    if all(len(value) <= SEEN_LIMIT for value in seen.values()):
        return seen
    return {k: v if len(v) <= SEEN_LIMIT else v[: SEEN_LIMIT - 1] + "…" for k, v in seen.items()}


@frozen
class Location:
    """A place 位置 in a file: line and column count from 1; a sheet cell says its row as line and its column as column."""

    file: str
    line: int
    column: int
    length: int = 1
    text: str | None = field(default=None, eq=False)
    sheet: str | None = None

    def __str__(self) -> str:
        sheet = f"[{self.sheet}]" if self.sheet else ""
        return f"{self.file}{sheet}:{self.line}:{self.column}"


@frozen
class Finding:
    """One thing found 问题: its name, how grave it is, where, what was seen, and the words to mend it by.

    `seen` fills the placeholders of the message of that name in `messages.yaml`.
    """

    name: str
    where: Location | None = None
    path: str = ""
    seen: Mapping[str, str] = field(factory=dict, converter=_cut)
    nearest: str = ""
    stated: Severity | None = None

    @property
    def severity(self) -> Severity:
        """How grave it is: what its maker stated, else what the catalogue says."""
        return self.stated or catalogue()[self.name]["severity"]

    def message(self, lang: Language = "zh") -> str:
        """What was seen and what was expected, in one language."""
        text = self._filled(catalogue()[self.name], lang)
        if self.nearest:
            near = visible(self.nearest)
            text += f"最接近的是“{near}”。" if lang == "zh" else f" The nearest is “{near}”."
        return text

    def mend(self, lang: Language = "zh") -> str:
        """How to mend it, in one language."""
        return self._filled(catalogue()[self.name]["mend"], lang)

    def _filled(self, words: Mapping[str, str], lang: Language) -> str:
        return words[lang].format_map(_Seen({k: visible(_said(k, v, lang)) for k, v in self.seen.items()}))

    def render(self, lang: Language = "zh") -> str:
        """The whole finding as lines of text: place and name, the source line with a caret, message and remedy."""
        head = f"{self.where}: " if self.where else ""
        lines = [f"{head}{self.severity} {self.name}" + (f"  {self.path}" if self.path else "")]
        if self.where and self.where.text is not None:
            lines += _caret(self.where)
        lines += [f"  {self.message(lang)}", f"  {self.mend(lang)}"]
        return "\n".join(map(visible, lines))

    def as_json(self) -> dict[str, Any]:
        """A plain mapping for programs: name, severity, place, path, and the words in both languages."""
        out: dict[str, Any] = {"name": self.name, "severity": self.severity}
        if self.where:
            out["file"], out["line"], out["column"] = visible(self.where.file), self.where.line, self.where.column
            if self.where.sheet:
                out["sheet"] = visible(self.where.sheet)
        if self.path:
            out["path"] = visible(self.path)
        out["message"] = {"zh": self.message("zh"), "en": self.message("en")}
        out["mend"] = {"zh": self.mend("zh"), "en": self.mend("en")}
        return out


class Enough(Exception):
    """So many errors that nobody reads on; what gathers them stops."""


class Gathered(list[Finding]):
    """Findings as they are made, up to a limit of errors. `append` raises Enough."""

    def __init__(self) -> None:
        super().__init__()
        self.errors = 0

    def append(self, finding: Finding, /) -> None:
        """Add a finding."""
        super().append(finding)
        self.errors += finding.severity == "error"
        if self.errors >= ERRORS_LIMIT:
            super().append(Finding("too-many-findings", finding.where, "", {"limit": str(ERRORS_LIMIT)}))
            raise Enough


class PerfrulesError(Exception):
    """A failure told in findings; `findings` holds all of them, in file order."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(self.findings)

    def __str__(self) -> str:
        return "\n".join(f.render() for f in self.findings)


class FindingWarning(UserWarning):
    """What is found of a whole frame and keeps nothing from being scored, as a Python warning; `finding` tells it."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.render())


class SchemeError(PerfrulesError):
    """A scheme or definition file that cannot be used."""


class RecordError(PerfrulesError):
    """Records that cannot be read."""


@cache
def catalogue() -> Mapping[str, Any]:
    """Every message by finding name: severity, zh, en, mend.zh, mend.en."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = files("perfrules").joinpath("messages.yaml").read_text(encoding="utf-8")
    catalogue: Mapping[str, Any] = yaml.load(text, Loader=loader)
    return catalogue


def _said(key: str, value: str, lang: Language) -> str:
    """A seen value as a message in one language says it."""
    if lang == "zh":
        return _IN_CHINESE.get(value, value) if key in _CLOSED else value
    return value.replace("、", ", ").replace("，", ", ") if key in _LISTS else value


_LISTS = frozenset({"children", "choices", "column", "expected", "groups", "have", "kinds", "known", "labels"})
_LISTS |= {"paths", "record", "some", "stages", "with_", "without", "words"}
"""Keys of `seen` whose values are lists, written with the commas of 中文."""
_CLOSED = frozenset({"kind", "wanted", "left_kind", "right_kind", "left_unit", "right_unit", "what"})
"""Keys of `seen` whose values are words of the language, not the author's; messages in 中文 explain them."""
_IN_CHINESE = {
    "number": "number（数）",
    "boolean": "boolean（是否）",
    "choice": "choice（选项）",
    "date": "date（日期）",
    "text": "text（文字）",
    "measure": "measure（每行自定）",
    "no unit": "无单位",
    "score": "score（得分）",
    "points": "points（分值）",
    "value": "value（中间值）",
    "grade": "grade（等级）",
}


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like `word`, or nothing where none is near."""
    if len(word) > _WORD_LIMIT:
        return ""
    words = list(islice(known, _KNOWN_LIMIT))
    if len(words) > _LIKELY:  # comparing is slow: only with those that share most letters
        letters = set(word)
        words = heapq.nlargest(_LIKELY, words, lambda w: (len(letters.intersection(w)), -abs(len(w) - len(word))))
    found = difflib.get_close_matches(word, [w for w in words if len(w) <= _WORD_LIMIT], n=1, cutoff=0.5)
    return found[0] if found else ""


_WORD_LIMIT, _KNOWN_LIMIT, _LIKELY = 100, 5000, 100


def display_width(text: str) -> int:
    """The columns that a text takes on a terminal, where Han characters take two."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _caret(where: Location) -> list[str]:
    assert where.text is not None
    line = where.text.replace("\t", " ")
    start = where.column - 1
    before, rest = line[:start].lstrip(" "), line[start:].rstrip()
    if display_width(before + rest) > LINE_WIDTH:
        before, rest = _last(before, LINE_WIDTH // 3), _first(rest, LINE_WIDTH * 2 // 3)
    carets = "".join("＾" if display_width(c) == 2 else "^" * display_width(c) for c in rest[: where.length]) or "^"
    return [f"    {before}{rest}", f"    {' ' * display_width(before)}{carets}"]


def _first(text: str, width: int) -> str:
    """The beginning of a text, of at most so many columns and a mark of what is left out."""
    ends = accumulate(display_width(c) for c in text)
    kept = sum(end <= width for end in ends)
    return text if kept == len(text) else text[:kept] + "..."


def _last(text: str, width: int) -> str:
    return _first(text[::-1], width)[::-1]


class _Seen(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"
