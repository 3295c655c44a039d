"""One raw cell 单元格 → a value or a hole, with every finding about it.

Nothing is guessed: what could be read in two ways is refused, and what was read in an unusual way is told.
"""

from __future__ import annotations

import numbers
import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import assert_never

from attrs import define, field

from perfrules.findings import Finding, Location, Severity, nearest
from perfrules.model import MISSING, Cell, Datum, Hole, Input
from perfrules.numbers import DIGITS_LIMIT, Unit, exact, published
from perfrules.records.spelling import (
    COUNT_WORDS,
    DASHES,
    ERROR_VALUES,
    FALSE_WORDS,
    NOT_APPLICABLE_MARKS,
    TRUE_WORDS,
    Quantity,
    day_of,
    debris,
    folded,
    label_key,
    quantity,
    unit_meant,
)

TEXT_LIMIT = 32_767
"""The most characters of a cell, which is what a spreadsheet cell holds."""
_COUNTED = COUNT_WORDS | {"人"}
_HALF_CHARACTERS = re.compile("[\ud800-\udfff]")


def written(raw: object, *, spreadsheet: bool = False) -> str:
    """The text of a raw cell, as a person would have typed it."""
    match raw:
        case None:
            return ""
        case str():
            return raw
        case bool():
            return "TRUE" if raw else "FALSE"
        case datetime():
            return raw.date().isoformat() if raw.time() == datetime.min.time() else raw.isoformat(" ")
        case date():
            return raw.isoformat()
        case numbers.Number():
            try:
                return published(number_of(raw, spreadsheet=spreadsheet))
            except ValueError:
                return str(raw)[:40] if isinstance(raw, float | Decimal) else "…"
        case _:
            return type(raw).__name__


def is_blank(raw: object) -> bool:
    """Whether a raw cell holds nothing."""
    return raw is None or (isinstance(raw, str) and not folded(raw))


def shown(text: str) -> str:
    """A text short enough for a message."""
    text = " ".join(text.encode("utf-8", "replace").decode().split())
    return text if len(text) <= 40 else text[:39] + "…"


def number_of(raw: object, *, spreadsheet: bool = False) -> Fraction:
    """The number that a Python number is; a spreadsheet's float at 15 digits. Raises ValueError."""
    match raw:
        case bool():
            raise ValueError("a boolean is not a number")
        case float():
            return exact(Decimal(f"{raw:.15g}") if spreadsheet else float(raw))
        case int() | Decimal():
            return exact(raw)
        case numbers.Rational():
            value = Fraction(int(raw.numerator), int(raw.denominator))
            if max(abs(value.numerator), value.denominator) >= 10**DIGITS_LIMIT:
                raise ValueError("more than 40 digits")
            return value
        case numbers.Real():
            # A NumPy scalar of another width: its own shortest form, not that of the float it would widen to.
            try:
                return exact(Decimal(str(raw)))
            except InvalidOperation as problem:
                raise ValueError(type(raw).__name__) from problem
        case _:
            raise ValueError("not a number")


def read_cell(
    raw: object,
    input: Input,
    where: Location | None = None,
    *,
    unit: Unit | None = None,
    spreadsheet: bool = False,
) -> tuple[Cell, list[Finding]]:
    """The cell that a raw value is for an input, and every finding about it; an error among them refuses it.

    Numbers come out in the scheme's working unit. `unit` is what the heading states for bare numbers;
    `spreadsheet` reads floats at 15 significant digits. A measure is read with its row (`records.measures`).
    """
    reader = CellReader(input, where, written(raw, spreadsheet=spreadsheet), unit, spreadsheet)
    return reader.cell(raw), reader.findings


@define
class CellReader:
    """One cell being read: what it is for, where it stands, what was written, what was found."""

    input: Input
    where: Location | None
    text: str
    unit: Unit | None = None
    spreadsheet: bool = False
    findings: list[Finding] = field(factory=list)

    def found(self, name: str, *, stated: Severity | None = None, near: str = "", **seen: str) -> Hole:
        """Note a finding about this cell; the hole that stands in its place where it has no value."""
        seen = {"column": self.input.label, "seen": shown(self.text), **seen}
        finding = Finding(name, self.where, self.input.name, seen, near, stated)
        self.findings.append(finding)
        return Hole("refused", self.input.name, name) if finding.severity == "error" else MISSING

    def cell(self, raw: object) -> Cell:
        """The cell."""
        return Cell(self.value(raw), self.text, self.where)

    def value(self, raw: object) -> Datum | Hole:
        """The value, or the hole where there is none."""
        hole = self.hole(raw)
        if hole is not None:
            return hole
        match self.input.kind:
            case "number":
                return self._number(raw)
            case "boolean":
                return self._boolean(raw)
            case "choice":
                return self._choice(raw)
            case "date":
                return self._date(raw)
            case "text":
                return self._text(raw)
            case "measure":
                raise ValueError("a measure is read with its row")
            case _:
                assert_never(self.input.kind)

    def hole(self, raw: object) -> Hole | None:
        """The hole that a cell is whatever its kind: blank, marked, an error value, or unreadable."""
        if is_blank(raw):
            return MISSING if self.input.optional else self.found("missing-value")
        if isinstance(raw, str):
            if len(raw) > TEXT_LIMIT:
                return self.found("text-too-long", limit=str(TEXT_LIMIT))
            if _HALF_CHARACTERS.search(raw):
                return self.found("unreadable-text")
            text = folded(raw)
            if text.upper() in ERROR_VALUES:
                return self.found("error-value")
            if self.is_own_word(text):
                return None
            explained = self.input.kind != "text" and text.startswith("不适用")
            if explained or text.casefold() in NOT_APPLICABLE_MARKS:
                return Hole("not_applicable", self.input.name, shown(text))
            if text in DASHES and not (text == "无" and self.input.kind == "text"):
                return self.found("dash-for-missing")
            return None
        if not isinstance(raw, bool | date | numbers.Number):
            return self.found("unreadable-kind", kind=type(raw).__name__)
        return None

    def is_own_word(self, text: str) -> bool:
        """Whether a mark means something of its own to this input, as 无 does to a boolean."""
        match self.input.kind:
            case "boolean":
                return text.casefold() in TRUE_WORDS | FALSE_WORDS
            case "choice":
                return text in self.input.choices
            case _:
                return False

    # -------------------------------------------------------------------------------------------- number

    def _number(self, raw: object) -> Datum | Hole:
        found = self.quantity(raw)
        if isinstance(found, Hole):
            return found
        own = self._in_own_unit(found)
        if isinstance(own, Hole):
            return own
        if found.operator:
            self.found("repeated-operator", operator=found.operator, value=published(found.value) + found.unit)
        return self._within(own)

    def quantity(self, raw: object) -> Quantity | Hole:
        """The quantity of a raw cell, or the hole where it is none."""
        match raw:
            case bool():
                return self.found("boolean-in-number-cell")
            case date():
                return self.found("date-in-number-cell")
            case str():
                found = quantity(folded(raw))
                if isinstance(found, str):
                    return self.found(found, limit=str(DIGITS_LIMIT))
            case _:
                try:
                    found = Quantity(number_of(raw, spreadsheet=self.spreadsheet))
                except ValueError as problem:
                    return self.found("number-too-long" if "digits" in str(problem) else "number-not-finite",
                                      limit=str(DIGITS_LIMIT))  # fmt: skip
        if debris(self.text):
            self.found("single-precision-debris")
        return found

    def _in_own_unit(self, found: Quantity) -> Fraction | Hole:
        """The number in the input's own unit; a pure one as the ratio that it is (95% is 0.95)."""
        own = self.input.unit
        pure = own is None or not own.dimension
        if found.unit:
            meant = unit_meant(found.unit, own)
            if meant is None:
                return self.found("words-in-number-cell")
            if own is None and meant.dimension and all(base in _COUNTED for base, _ in meant.dimension):
                self.found("unexpected-unit", unit=meant.text)
                return found.value * meant.factor
            if meant.dimension != (own.dimension if own else ()):
                return self.found("wrong-unit", unit=meant.text, wanted=own.text if own else "（无 none）")
            return found.value * meant.factor / (Fraction(1) if pure or own is None else own.factor)
        if own is not None and own.percent:
            return found.value * own.factor if self.input.written == "percent" else found.value
        if self.unit is not None and own is not None and not pure:
            return found.value * self.unit.factor / own.factor
        return found.value

    def _within(self, own: Fraction) -> Datum | Hole:
        """The number in the working unit, once it keeps the input's bounds and decimal places."""
        of = self.input.unit
        places = self.input.decimals
        if places is not None and (own * 10**places).denominator != 1:
            return self.found("too-many-decimals", places=str(places))
        if self._outside(own):
            return self._out_of_bounds()
        return own if of is None or not of.dimension else own * self.input.scale

    def _outside(self, value: Fraction | date) -> bool:
        low, high = self.input.low, self.input.high
        # The loader gives bounds of the input's own kind; to compare others would be a bug worth a traceback.
        return (low is not None and value < low) or (high is not None and value > high)  # type: ignore[operator]

    def _out_of_bounds(self) -> Hole:
        low, high = self.input.low, self.input.high
        return self.found("out-of-bounds", low=_bound(low, self.input), high=_bound(high, self.input))

    # -------------------------------------------------------------------------------------------- other kinds

    def _boolean(self, raw: object) -> Datum | Hole:
        if isinstance(raw, bool):
            return raw
        word = folded(self.text).casefold()
        if word in TRUE_WORDS or word in FALSE_WORDS:
            return word in TRUE_WORDS
        return self.found("unreadable-boolean")

    def _choice(self, raw: object) -> Datum | Hole:
        text = self.text.strip()
        if text in self.input.choices:
            return text
        by_key: dict[str, str] = {}
        for choice in self.input.choices:
            by_key.setdefault(label_key(choice), choice)
        found = by_key.get(label_key(text))
        if found is not None and not isinstance(raw, bool):
            return found
        near = nearest(text, self.input.choices) if len(text) <= 100 else ""
        return self.found("choice-not-offered", near=near, choices="、".join(self.input.choices))

    def _date(self, raw: object) -> Datum | Hole:
        if isinstance(raw, datetime):
            day: date | str = raw.date()
        elif isinstance(raw, date):
            day = raw
        elif isinstance(raw, bool) or (not isinstance(raw, str) and "." in self.text):
            day = "unreadable-date"
        else:
            day = day_of(folded(self.text), self.input.month)
        if isinstance(day, str):
            return self.found(day)
        return self._out_of_bounds() if self._outside(day) else day

    def _text(self, raw: object) -> Datum | Hole:
        return self.text.strip()


def _bound(value: Fraction | date | None, of: Input) -> str:
    if value is None:
        return "…"
    if isinstance(value, date):
        return value.isoformat()
    if of.unit and of.unit.percent:
        return published(value * 100) + "%"
    return published(value) + (of.unit.text if of.unit else "")
