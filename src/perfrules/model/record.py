"""What is known of evaluated objects: records with their cells and holes, rulings, frozen benchmarks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from attrs import field, frozen

from perfrules.findings import Finding, Location
from perfrules.nodes import HoleKind

Datum = Fraction | bool | str | date


@frozen
class Hole:
    """Where a value should be and none is: missing 缺失, not applicable 不适用, undefined 无意义 or refused 不予计分.

    `unmet` is the condition (`applies_when`) that does not hold, in the author's words, where that is why.
    """

    kind: HoleKind
    name: str = ""
    why: str = ""
    unmet: str = ""


MISSING = Hole("missing")
NOT_APPLICABLE = Hole("not_applicable")


@frozen
class Cell:
    """A datum or hole as a record brings it, with the text that was written and where."""

    value: Datum | Hole
    raw: str = ""
    where: Location | None = field(default=None, eq=False)


@frozen
class Row:
    """One row 指标行 of a record; numbered from 1 within its kind."""

    number: int
    name: str
    cells: Mapping[str, Cell]
    where: Location | None = field(default=None, eq=False)


@frozen
class Ruling:
    """A decision that overrules a computed figure 审定; the computed figure stays beside it.

    `path` names a node, or a row as `group path/row name`.
    """

    path: str
    points: Fraction
    reason: str
    by: str
    date: date


@frozen
class Record:
    """What is known of one evaluated object 评价记录: cells by input name, rows by row kind.

    `stage` is the stage of the year that it is of, `number` its line or place in the file.
    """

    id: str
    cells: Mapping[str, Cell]
    rows: Mapping[str, tuple[Row, ...]] = field(factory=dict)
    published: Mapping[str, Cell] = field(factory=dict)
    rulings: tuple[Ruling, ...] = ()
    findings: tuple[Finding, ...] = ()
    where: Location | None = field(default=None, eq=False)
    stage: str = ""
    number: int = field(default=0, eq=False)


@frozen
class Frozen:
    """A benchmark's values, worked out over a population and kept 已定参照值: by group (one group "" without `by`).

    `digest` is over what each record put in, so that the same population can be told again.
    """

    name: str
    values: Mapping[str, Fraction | Hole]
    population: int
    left_out: int
    digest: str


@frozen
class SetAside:
    """A record that cannot be read 搁置: its number in the file, its id where known, and every reason.

    `cells` are what could be read of it.
    """

    row: int
    id: str
    findings: tuple[Finding, ...]
    cells: Mapping[str, Cell] = field(factory=dict, eq=False, repr=False)

    def as_json(self) -> dict[str, Any]:
        """A plain mapping."""
        return {"row": self.row, "record": self.id, "findings": [f.as_json() for f in self.findings]}


@frozen
class Batch:
    """What a file of records came to: the records that can be scored, those set aside, and findings about the whole."""

    records: tuple[Record, ...]
    set_aside: tuple[SetAside, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def count(self) -> int:
        """How many records were seen; each is either scored or set aside."""
        return len(self.records) + len(self.set_aside)
