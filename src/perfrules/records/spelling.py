"""What people write 写法: a cell's text folded, and the numbers, units, dates and marks that it may say."""

from __future__ import annotations

import calendar
import re
from datetime import date
from fractions import Fraction

from attrs import frozen

from perfrules.numbers import BASES, DIGITS_LIMIT, MULTIPLES, Unit, exact, unit

_FOLDS: dict[int, str | None] = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_FOLDS |= dict.fromkeys(map(ord, "\u3000\xa0\u2002\u2003\u2009"), " ")
_FOLDS |= dict.fromkeys(map(ord, "−–‐‑﹣"), "-")
_FOLDS |= dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\ufeff"), None)
_QUOTES = str.maketrans("", "", "“”‘’\"'「」")

OPERATORS = {
    **dict.fromkeys((">=", "=>", "≥", "≧", "⩾", "大于等于", "大于或等于", "不低于", "不少于", "不小于"), "≥"),
    **dict.fromkeys(("<=", "=<", "≤", "≦", "⩽", "小于等于", "小于或等于", "不高于", "不超过", "不大于", "不多于"), "≤"),
    **dict.fromkeys((">", "大于", "高于"), ">"),
    **dict.fromkeys(("<", "小于", "低于"), "<"),
    **dict.fromkeys(("==", "=", "等于"), "="),
}
_OPERATOR = re.compile("|".join(sorted(OPERATORS, key=len, reverse=True)))
_SIGN = re.compile("|".join(sorted((o for o in OPERATORS if not o.isalpha()), key=len, reverse=True)))

NOT_APPLICABLE_MARKS = frozenset({"/", "不适用", "n/a"})
DASHES = frozenset({"-", "--", "—", "——", "无"})
ERROR_VALUES = frozenset({"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!"})
TRUE_WORDS = frozenset({"是", "有", "真", "true", "yes", "y", "1", "√", "✓", "✔"})
FALSE_WORDS = frozenset({"否", "无", "没有", "假", "false", "no", "n", "0", "×", "✗", "✘"})

COUNT_WORDS = frozenset(
    "个项次户家件套台份处座条场期篇批辆艘所间栋幢幅块根支张本册组对只头株棵眼口例起宗部架位班村镇站盏"
) | {"人次", "户次", "人日", "课时", "学时"}
"""Words that count things; a bare number may carry one where its input states no unit."""
KNOWN_BASES = COUNT_WORDS | {base for base, _ in BASES.values()}

_NUMBER = re.compile(r"([+-]?)\s*([\d,]*)(\.\d*)?\s*(.*)", re.DOTALL | re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+", re.ASCII)
_EXPONENT = re.compile(r"[eE][+-]?\d+", re.ASCII)
_HEDGES = re.compile("左右|以上|以下|以内|以外|上下|余|多|约|近|超|不足|至|到|底|前|后")
_DATE = re.compile(
    r"(?P<year>\d{4})\s*(?:年|[-/.])\s*(?P<month>\d{1,2})\s*(?:(?:月|[-/.])\s*(?P<day>\d{1,2})\s*日?|月)?"
    r"(?:(?:T|\s+)\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?",
    re.ASCII,
)
_DIGIT_DATE = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})?", re.ASCII)
_WRITTEN_AS_DATE = re.compile(r"\d{4}\s*(年\s*\d{1,2}\s*月|[-/]\s*\d{1,2}\s*([-/]|$))", re.ASCII)
_DEBRIS = re.compile(r"\d*?(0{4,}|9{4,})\d+")


def folded(text: str) -> str:
    """The text with full-width signs, odd spaces and minus signs made plain, and outer spaces gone."""
    return text.strip() if text.isascii() else text.translate(_FOLDS).strip()


def heading_key(text: str) -> str:
    """What two headings share that are the same to a reader: no spaces, quotes, case or full-width signs."""
    return re.sub(r"\s+", "", text.translate(_FOLDS)).translate(_QUOTES).casefold()


def label_key(text: str) -> str:
    """What two spellings of a choice share: as a heading, and `>=` is `≥`."""
    return _SIGN.sub(lambda sign: OPERATORS[sign[0]], heading_key(text))


@frozen
class Quantity:
    """A number as written: its operator and unit as text, both empty where there is none."""

    value: Fraction
    unit: str = ""
    operator: str = ""


def quantity(text: str) -> Quantity | str:
    """The quantity that a folded text says, or the name of the finding that tells why it says none."""
    operator = _OPERATOR.match(text)
    match = _NUMBER.fullmatch(text[operator.end() :].lstrip() if operator else text)
    assert match is not None  # the pattern ends in anything
    sign, whole, fraction, tail = match[1], match[2], match[3] or "", match[4].rstrip()
    if not any(c.isdigit() for c in whole + fraction):
        return "words-in-number-cell"
    if "," in whole:
        if not _GROUPED.fullmatch(whole):
            return "bad-grouping"
        whole = whole.replace(",", "")
    if sum(c.isdigit() for c in whole + fraction) > DIGITS_LIMIT:
        return "number-too-long"
    if _EXPONENT.match(tail):
        return "scientific-notation"
    if _HEDGES.search(tail):
        return "words-in-number-cell"
    try:
        unit(tail)
    except ValueError:
        return "words-in-number-cell" if any(c.isalpha() for c in tail) else "unreadable-number"
    if tail and not any(c.isalpha() for c in tail) and tail not in ("%", "‰"):
        return "unreadable-number"
    return Quantity(exact(sign + (whole or "0") + fraction), tail, OPERATORS[operator[0]] if operator else "")


def unit_meant(text: str, own: Unit | None) -> Unit | None:
    """The unit that a suffix says beside an input's own; None where it is no unit that anybody knows.

    A bare multiple (`万`) takes the place of the own unit's: `7万` are 7 万元 where the own unit is 万元, and
    70000 元 where it is 元.
    """
    if text in MULTIPLES:
        base = own.text if own else ""
        longest_first = sorted(MULTIPLES, key=len, reverse=True)
        rest = base.removeprefix(next((multiple for multiple in longest_first if base.startswith(multiple)), ""))
        return unit(text + rest) if rest else Unit(text, (), Fraction(MULTIPLES[text]))
    meant = unit(text)
    known = KNOWN_BASES | {base for base, _ in (own.dimension if own else ())}
    return meant if all(base in known for base, _ in meant.dimension) else None


def debris(text: str) -> bool:
    """Whether digits look like the debris 残值 of binary floats: a run of 0 or 9 deep in a long fraction."""
    fraction = text.partition(".")[2].rstrip("%")
    return len(fraction) >= 10 and _DEBRIS.fullmatch(fraction.lstrip("0")) is not None


def day_of(text: str, month_means: str | None) -> date | str:
    """The day that a folded text names, or the name of the finding that tells why it names none."""
    match = _DATE.fullmatch(text) or _DIGIT_DATE.fullmatch(text)
    if match is None:
        return "unreadable-date"
    year, month, day = int(match["year"]), int(match["month"]), match["day"]
    if not (1 <= month <= 12 and year >= 1):
        return "unreadable-date"
    if day is None:
        if month_means is None:
            return "month-without-day"
        return date(year, month, 1 if month_means == "first" else calendar.monthrange(year, month)[1])
    try:
        return date(year, month, int(day))
    except ValueError:
        return "unreadable-date"


def is_written_as_date(text: str) -> bool:
    """Whether a text is plainly meant as a date, so that it may stand where a number could."""
    return _WRITTEN_AS_DATE.match(text) is not None and _DATE.fullmatch(text) is not None
