"""Printed figures 公布数: what a form prints, the last place it prints, and whether a computed figure agrees with it."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Literal

from attrs import frozen

from perfrules.findings import Location
from perfrules.model import Cell
from perfrules.numbers import RoundingMode, published, rounded
from perfrules.records.spelling import Quantity, folded, quantity

TAIL = Fraction(1, 100)
"""The tail difference 尾差 that tables are allowed: rounded parts need not add up to a rounded whole any nearer."""

Agreement = Literal["same", "tail", "differs"]
_NUMBER = re.compile(r"\d[\d,]*(?:\.(\d*))?")
_MODES: tuple[RoundingMode, ...] = ("half_up", "down", "up")


@frozen
class Printed:
    """A figure as printed: its value, its text, and what one unit in its last printed place is worth."""

    value: Fraction
    text: str
    unit: Fraction
    where: Location | None = None

    def rounding_of(self, computed: Fraction) -> RoundingMode | None:
        """The way of rounding that makes the printed figure out of the computed one, half up first; None where none does."""
        for mode in _MODES:
            if self.as_printed(computed, mode) == self.value:
                return mode
        return None

    def as_printed(self, computed: Fraction, mode: RoundingMode = "half_up") -> Fraction:
        """A computed figure to the places that this one is printed to."""
        return rounded(computed / self.unit, 0, mode) * self.unit

    def agrees(self, computed: Fraction) -> Agreement:
        """Whether it is the computed figure, printed; or off by a tail difference; or by more."""
        gap = abs(self.value - computed)
        if gap > TAIL:
            return "differs"
        return "same" if not gap or self.rounding_of(computed) == "half_up" else "tail"

    def in_its_unit(self, computed: Fraction) -> Fraction:
        """A computed figure in the unit in which this one is printed: 0.861 is 86.1 beside 86.19%."""
        return computed / (self.unit * 10 ** _places(self.text))


def printed(cell: Cell | None) -> Printed | None:
    """The figure that a cell prints; None where it prints no number."""
    if cell is None or not isinstance(cell.value, Fraction):
        return None
    text = cell.raw.strip() or published(cell.value)
    read = quantity(folded(text))
    scale = Fraction(1)
    if isinstance(read, Quantity):
        scale = cell.value / read.value if read.value else Fraction(1, 100) if "%" in read.unit else scale
    return Printed(cell.value, text, scale / 10 ** _places(text) or Fraction(1), cell.where)


def _places(text: str) -> int:
    found = _NUMBER.search(folded(text))
    return len(found.group(1) or "") if found else 0
