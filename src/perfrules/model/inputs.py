"""What a record brings: inputs, as columns of records or of rows."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Literal

from attrs import field, frozen

from perfrules.findings import Location
from perfrules.model.provenance import UNMARKED, Provenance
from perfrules.numbers import Unit

InputKind = Literal["number", "boolean", "choice", "date", "text", "measure"]


@frozen
class Input:
    """A datum that a record brings 数据项, as a column of records or of rows.

    Numbers are kept in the scheme's working unit of their dimension: a cell of 1 `unit` is `scale` working units.
    `low` and `high` are in the input's own unit. `written` says how bare cells of a `%` input are meant.
    """

    name: str
    kind: InputKind
    title: str = ""
    unit: Unit | None = None
    scale: Fraction = Fraction(1)
    low: Fraction | date | None = None
    high: Fraction | date | None = None
    decimals: int | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False
    at: tuple[str, ...] = ()
    written: Literal["fraction", "percent"] = "fraction"
    month: Literal["first", "last"] | None = None
    fill_down: bool = False
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)

    @property
    def label(self) -> str:
        """What a form prints for it 标签: its title, else its name."""
        return self.title or self.name

    @property
    def ends(self) -> tuple[Fraction | None, Fraction | None]:
        """Its bounds as numbers, a day as its ordinal."""
        low, high = (Fraction(e.toordinal()) if isinstance(e, date) else e for e in (self.low, self.high))
        return low, high
