"""The measures 计量列 of a row: what is aimed at and what was done, in the row's unit; they must agree."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Literal

from attrs import define

from perfrules.findings import Finding, Severity
from perfrules.model import MISSING, Cell, Hole
from perfrules.numbers import MULTIPLES, Unit, published, unit
from perfrules.records.cells import CellReader
from perfrules.records.spelling import (
    DASHES,
    NOT_APPLICABLE_MARKS,
    Quantity,
    day_of,
    folded,
    is_written_as_date,
    quantity,
    unit_meant,
)

UNIT_COLUMNS = ("计量单位", "单位")
"""Names of the text column that states a row's unit."""


@define
class Measure:
    """One measure being read: what it turned out to be, and what it says."""

    reader: CellReader
    raw: object
    says: Literal["number", "date", "words", "hole"]
    value: Quantity | date | Hole
    meant: Unit | None = None

    def missing(self, name: str, all_seen: str = "") -> None:
        """Note why this measure has no value after all."""
        self.value, self.says = self.reader.found(name, all=all_seen), "hole"


def read_measures(
    readers: Mapping[str, tuple[CellReader, object]], unit_text: str
) -> tuple[dict[str, Cell], list[Finding]]:
    """The measures of one row by column, and every finding; `unit_text` is what the row's unit column says.

    Numbers come out in the unit of the row's first number (ratios where it is a percentage), so that target and
    actual compare; where they cannot be compared, all are missing.
    """
    measures = [_read(reader, raw) for reader, raw in readers.values()]
    told = [m for m in measures if m.says in ("number", "date")]
    for m in measures:
        if m.says == "words":
            m.reader.found("words-in-number-cell", stated=None if told else "remark")
            m.value = MISSING
    if len({m.says for m in told}) > 1:
        _differ(told)
    elif told and told[0].says == "number":
        column = folded(unit_text)
        _agree(told, "" if column in DASHES | NOT_APPLICABLE_MARKS else column)
    findings = [finding for m in measures for finding in m.reader.findings]
    read = zip(readers, measures, strict=True)
    return {name: Cell(_datum(m), m.reader.text, m.reader.where) for name, m in read}, findings


def operator_of(raw: object) -> str:
    """The comparison sign that a measure's cell repeats, empty where it repeats none."""
    found = quantity(folded(raw)) if isinstance(raw, str) else ""
    return found.operator if isinstance(found, Quantity) else ""


def _read(reader: CellReader, raw: object) -> Measure:
    hole = reader.hole(raw)
    if hole is not None:
        return Measure(reader, raw, "hole", hole)
    if isinstance(raw, date) or (isinstance(raw, str) and is_written_as_date(folded(raw))):
        day = raw if isinstance(raw, date) else day_of(folded(reader.text), reader.input.month)
        if isinstance(day, str):
            return Measure(reader, raw, "hole", reader.found(day))
        return Measure(reader, raw, "date", date(day.year, day.month, day.day))
    before = len(reader.findings)
    found = reader.quantity(raw)
    if isinstance(found, Hole):
        wordy = reader.findings[before:] and reader.findings[before].name == "words-in-number-cell"
        if wordy:
            del reader.findings[before:]
        return Measure(reader, raw, "words" if wordy else "hole", found)
    return Measure(reader, raw, "number", found)


def _agree(told: list[Measure], column: str) -> None:
    """Bring the numbers of a row to one unit, or find that they have none in common."""
    row = _row_unit(column, [_number(m).unit for m in told])
    for m in told:
        suffix = _number(m).unit
        m.meant = unit_meant(suffix, row) if suffix else m.reader.unit
        if suffix and m.meant is None:
            m.missing("words-in-number-cell")
    told = [m for m in told if m.says == "number"]
    common = row or next((m.meant for m in told if m.meant), None)
    bare = [m for m in told if m.meant is None]
    if common is not None and bare and not _take_over(told, bare, common, stated=bool(column)):
        _differ(told)
        return
    meant = [m.meant for m in told if m.meant]
    if len({unit.dimension for unit in meant}) > 1:
        _differ(told)
        return
    base = meant[0].factor if meant and meant[0].dimension else Fraction(1)
    # On one of several it is the target's sign, where it belongs; on all the actual repeats it, and is no actual.
    usual = len(told) > 1 and sum(bool(_number(m).operator) for m in told) == 1
    for m in told:
        number = _number(m)
        if m.meant is not None:
            m.value = Quantity(number.value * m.meant.factor / base)
        if number.operator:
            value = published(number.value) + number.unit
            stated: Severity | None = "remark" if usual else None
            m.reader.found("repeated-operator", stated=stated, operator=number.operator, value=value)


def _row_unit(column: str, suffixes: list[str]) -> Unit | None:
    """The unit of a row: what its unit column says, else its cells; any word where they agree on it."""
    if column:
        try:
            return unit("%" if column == "百分比" else column)
        except ValueError:
            return None
    stated = [s for s in suffixes if s]
    if not stated:
        return None
    return unit(stated[0]) if len(stated) > 1 and len(set(stated)) == 1 else unit_meant(stated[0], None)


def _take_over(told: list[Measure], bare: list[Measure], common: Unit, *, stated: bool) -> bool:
    """Give bare numbers the row's unit; False where that would guess between 0.95 and 95%, or 5 and 5万."""
    if common.percent:
        small = [m for m in bare if 0 < abs(_number(m).value) <= 1]
        large = [m for m in bare if abs(_number(m).value) > 1]
        if not stated or (small and (large or len(bare) < len(told))):
            return False
    elif common.text in MULTIPLES:
        return False
    for m in bare:
        m.meant = common
        if not stated:
            grave = any(common.text.startswith(multiple) for multiple in MULTIPLES)
            m.reader.found("unit-taken-over", stated="warning" if grave else None, unit=common.text)
    return True


def _differ(told: list[Measure]) -> None:
    all_seen = "；".join(f"{m.reader.input.label}={m.reader.text.strip()[:20]}" for m in told)
    for m in told:
        m.missing("measures-differ", all_seen)


def _number(m: Measure) -> Quantity:
    assert isinstance(m.value, Quantity)
    return m.value


def _datum(m: Measure) -> Fraction | date | Hole:
    return m.value.value if isinstance(m.value, Quantity) else m.value
