"""Printed figures 公布数: what a form prints, to which place, and whether a computed figure agrees with it."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Literal

from attrs import frozen

from perfrules.findings import Location
from perfrules.model import Cell
from perfrules.numbers import RoundingMode, published, rounded
from perfrules.readings.prose import number
from perfrules.records.spelling import Quantity, folded, quantity

Figure = Fraction | str | None
"""A number, a label of a grade scale, or nothing."""

TAIL = Fraction(1, 100)
"""The tail difference 尾差 that tables are allowed; nothing larger is accepted."""

Agreement = Literal["same", "tail", "differs"]
_NUMBER = re.compile(r"\d[\d,]*(?:\.(\d*))?")
_MODES: tuple[RoundingMode, ...] = ("half_up", "down", "up")


@frozen
class Printed:
    """A figure as printed: its value and text, the unit behind it, what one in its last place is worth, and where."""

    value: Fraction
    text: str
    unit: str
    place: Fraction
    where: Location | None = None

    def rounding_of(self, computed: Fraction) -> RoundingMode | None:
        """The way of rounding that makes the printed figure out of the computed one, half up first; None where none does."""
        return next((m for m in _MODES if self.as_printed(computed, m) == self.value), None)

    def as_printed(self, computed: Fraction, mode: RoundingMode = "half_up") -> Fraction:
        """A computed figure to the place that this one is printed to."""
        return rounded(computed / self.place, 0, mode) * self.place

    def agrees(self, computed: Fraction) -> Agreement:
        """Whether it is the computed figure, printed; or off by a tail difference; or by more."""
        gap = abs(self.value - computed)
        if gap > TAIL:
            return "differs"
        return "same" if not gap or self.rounding_of(computed) == "half_up" else "tail"

    def beside(self, computed: Fraction) -> str:
        """A computed figure in words, in the unit of this one: 86.18304% beside 86.19%."""
        return number(computed / (self.place * Fraction(10) ** places(self.text))) + self.unit


def printed(cell: Cell | None) -> Printed | None:
    """The figure that a cell prints; None where it prints no number."""
    if cell is None or not isinstance(cell.value, Fraction):
        return None
    text = cell.raw.strip() or published(cell.value)
    read = quantity(folded(text))
    unit, scale = "", Fraction(1)
    if isinstance(read, Quantity):
        unit = read.unit
        scale = cell.value / read.value if read.value else Fraction(1, 100) if unit == "%" else scale
    return Printed(cell.value, text, unit, scale / Fraction(10) ** places(text), cell.where)


def fraction(value: object) -> Fraction | None:
    """A number, where that is what a step came to."""
    return value if isinstance(value, Fraction) else None


def text(figure: Figure) -> str | None:
    """A figure for programs: exact."""
    return published(figure) if isinstance(figure, Fraction) else figure


def words(figure: Figure) -> str:
    """A figure for readers."""
    return number(figure) if isinstance(figure, Fraction) else figure or "—"


def places(text: str) -> int:
    """How many decimal places a figure is printed with."""
    found = _NUMBER.search(folded(text))
    return len(found.group(1) or "") if found else 0
