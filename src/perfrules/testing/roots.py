"""Finds where a quantity is zero as one number moves along a grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

from attrs import define, field

from perfrules.testing.drafts import FINEST, LARGEST, Grid

_STEPS = 90
"""Halvings of a span: enough for the widest at the finest grid."""


def probes(grid: Grid, x: Fraction) -> list[Fraction]:
    """Numbers to try beside one, from which a zero may come into sight."""
    unit = Fraction(1, 10**grid.usual)
    wanted = [x + 1, x - 1, x + unit, x * 2, x / 2, Fraction(0), Fraction(1), Fraction(100), x * 10, x / 10]
    wanted += [end for end in (grid.low, grid.high) if end is not None]
    wanted += [x * 1000, x / 1000, Fraction(-1), -x, LARGEST]
    snapped = (grid.nearest(w, grid.usual) for w in wanted)
    return [s for s in dict.fromkeys(snapped) if s is not None and s != x and grid.holds(s)]


@define
class Root:
    """Looks for the zero of a quantity (None where it is not reached): at once where that is a line or a quotient of
    lines, else between two numbers where its sign differs."""

    grid: Grid
    quantity: Callable[[Fraction], Fraction | None]
    known: dict[Fraction, Fraction] = field(factory=dict)

    def find(self, start: Fraction) -> tuple[Fraction, Fraction, bool] | None:
        """The zero, twice and True; the grid's neighbours below and above it; or None."""
        found = self._tried(start)
        for probe in probes(self.grid, start):
            if found is not None:
                break
            found = self._tried(probe)
            if found is None and len(set(self.known.values())) >= 2:
                found = self._guessed()
        return (found, found, True) if found is not None else self._between()

    def _tried(self, x: Fraction) -> Fraction | None:
        """The number, if the quantity is zero there."""
        if x not in self.known:
            value = self.quantity(x)
            if value is not None:
                self.known[x] = value
        return x if self.known.get(x) == 0 else None

    def _guessed(self) -> Fraction | None:
        """Where the straight line through two points known crosses zero, or the quotient of lines through three."""
        points = list(self.known.items())
        guesses = [x - p * (y - x) / (q - p) for (x, p), (y, q) in pairwise(points[-3:]) if p != q]
        if len(points) >= 3 and (guess := _zero_of_quotient(points[-3:])) is not None:
            guesses.append(guess)
        for guess in guesses:
            writable = (guess * 10**FINEST).denominator == 1 and abs(guess) <= LARGEST
            if writable and self.grid.holds(guess) and guess not in self.known and self._tried(guess) is not None:
                return guess
        return None

    def _between(self) -> tuple[Fraction, Fraction, bool] | None:
        """Halve the span in which the quantity changes its sign, down to neighbours on the grid."""
        spans = [(x, y) for (x, p), (y, q) in pairwise(sorted(self.known.items())) if p < 0 < q or q < 0 < p]
        if not spans:
            return None
        x, y = min(spans, key=lambda span: span[1] - span[0])
        unit = Fraction(1, 10 ** (6 if self.grid.decimals is None else self.grid.decimals))
        rising = self.known[x] < 0
        for _ in range(_STEPS):
            if y - x <= unit:
                break
            middle = max(((x + y) / 2 / unit).__floor__() * unit, x + unit)
            if self._tried(middle) is not None:
                return middle, middle, True
            if middle not in self.known or middle >= y:
                break
            x, y = (middle, y) if (self.known[middle] < 0) == rising else (x, middle)
        return (x, y, False) if rising else (y, x, False)


def _zero_of_quotient(points: Sequence[tuple[Fraction, Fraction]]) -> Fraction | None:
    """Where (a·x + b) / (c·x + d) through three points is zero; None where they are no such thing."""
    (x1, y1), (x2, y2), (x3, y3) = points
    below = y1 * (x3 * y3 - x2 * y2) - y2 * (x3 * y3 - x1 * y1) + y3 * (x2 * y2 - x1 * y1)
    above = y1 * x2 * x3 * (y3 - y2) - y2 * x1 * x3 * (y3 - y1) + y3 * x1 * x2 * (y2 - y1)
    return above / below if below else None
