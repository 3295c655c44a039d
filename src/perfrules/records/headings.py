"""Headings 表头 → what they stand for: inputs, published figures and row columns, by name or by label."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Literal

from attrs import frozen

from perfrules.findings import Finding, Location, nearest
from perfrules.model import Input, Scheme
from perfrules.numbers import Unit
from perfrules.records.cells import shown
from perfrules.records.spelling import heading_key, unit_meant

ID_HEADINGS = ("编号", "id", "record")
RULING_HEADINGS = ("rulings", "审定")
STAGE_HEADINGS = ("阶段", "stage")

_BRACKETED = re.compile(r"(.+?)[(\[【](?:单位:)?([^()\[\]【】]{0,24})[)\]】]")

Role = Literal["id", "input", "published", "column", "rows", "rulings", "stage"]


@frozen
class Heading:
    """What one heading stands for; `kind` is the row kind of a column, `unit` what is printed in brackets."""

    role: Role
    name: str
    input: Input | None = None
    kind: str = ""
    unit: Unit | None = None

    @property
    def unit_fits(self) -> bool:
        """Whether the unit printed beside it could be that of its input."""
        own = self.input.unit if self.input else None
        return self.unit is None or own is None or self.unit.dimension == own.dimension

    def wrong_unit(self, text: str, where: Location | None) -> Finding:
        """The finding about a heading that prints a unit which its input cannot have."""
        own = self.input.unit.text if self.input and self.input.unit else ""
        seen = {"column": shown(text), "unit": self.unit.text if self.unit else "", "wanted": own}
        return Finding("wrong-unit-in-heading", where, self.name, seen)

    def twice(self, text: str, where: Location | None) -> Finding:
        """The finding about a second heading that stands for the same."""
        return Finding("two-columns-for-one", where, self.name, {"column": shown(text), "name": self.name})


@frozen(slots=False)
class Headings:
    """Every heading that a scheme's records may have, and what each stands for."""

    scheme: Scheme

    @cached_property
    def id_heading(self) -> str:
        """The heading of the column that tells records apart, as a template prints it."""
        return self.scheme.key or ID_HEADINGS[0]

    @property
    def stage_heading(self) -> str:
        """The heading of the column that tells the stage; none where there are no stages, or an input is called so."""
        if not self.scheme.stages:
            return ""
        return next((name for name in STAGE_HEADINGS if self._records[heading_key(name)].role == "stage"), "")

    @cached_property
    def _records(self) -> Mapping[str, Heading]:
        known: dict[str, Heading] = {}
        if self.scheme.key:
            _index(known, [Heading("id", self.scheme.key, self.scheme.inputs.get(self.scheme.key))])
        inputs = [Heading("input", name, i) for name, i in self.scheme.inputs.items()]
        published = [Heading("published", name, p.column) for name, p in self.scheme.published.items()]
        _index(known, [*inputs, *published])
        _index(known, [Heading("rows", name) for name in self.scheme.rows])
        _index(known, [Heading("id", name) for name in ID_HEADINGS])
        _index(known, [Heading("rulings", name) for name in RULING_HEADINGS])
        if self.scheme.stages:
            _index(known, [Heading("stage", name) for name in STAGE_HEADINGS])
        return known

    @cached_property
    def _columns(self) -> Mapping[str, Mapping[str, Heading]]:
        kinds: dict[str, Mapping[str, Heading]] = {}
        for name, kind in self.scheme.rows.items():
            known: dict[str, Heading] = {}
            _index(known, [Heading("column", column.name, column, name) for column in kind.columns])
            kinds[name] = known
        return kinds

    def of_record(self, text: str) -> Heading | None:
        """What a heading of records stands for."""
        return _find(self._records, text)

    def of_row(self, text: str, kind: str) -> Heading | None:
        """What a heading of rows of one kind stands for."""
        return _find(self._columns[kind], text)

    def of_line(self, text: str) -> tuple[Heading, ...]:
        """What a heading of a form stands for: a column of each row kind that has it, else one of records."""
        found = tuple(h for kind in self.scheme.rows if (h := self.of_row(text, kind)) is not None)
        return found or self.of_cell(text)

    def of_cell(self, text: str) -> tuple[Heading, ...]:
        """What a heading of records stands for whose cells each hold one datum."""
        found = self.of_record(text)
        return () if found is None or found.role in ("rows", "rulings") else (found,)

    def unknown(self, text: str, where: Location | None, *, kind: str = "") -> Finding:
        """The finding about a heading that stands for nothing."""
        kinds = [self.scheme.rows[kind]] if kind else self.scheme.rows.values()
        columns = [c for k in kinds for c in k.columns]
        inputs = columns if kind else [*self.scheme.inputs.values(), *columns]
        known = dict.fromkeys(word for i in inputs for word in (i.name, i.label))
        return Finding("unknown-heading", where, "", {"column": shown(text)}, nearest(text[:100], known))


def _find(known: Mapping[str, Heading], text: str) -> Heading | None:
    """What a heading stands for, with or without what it prints in brackets: a unit, or a note like （A）."""
    key = heading_key(text)
    if key in known:
        return known[key]
    match = _BRACKETED.fullmatch(key) if len(key) <= 200 else None
    if match is None or match.group(1) not in known:
        return None
    found = known[match.group(1)]
    if found.input is None or found.input.unit is None:
        return found
    try:
        printed = unit_meant(match.group(2), found.input.unit)
    except ValueError:
        return found
    if printed is None or not match.group(2):
        return found
    return Heading(found.role, found.name, found.input, found.kind, printed)


def _index(known: dict[str, Heading], headings: list[Heading]) -> None:
    """Add headings by name, then by label; what is there stays, so that a name goes before a label."""
    for heading in headings:
        known.setdefault(heading_key(heading.name), heading)
    for heading in headings:
        if heading.input is not None:
            known.setdefault(heading_key(heading.input.label), heading)
