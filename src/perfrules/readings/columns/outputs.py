"""What goes out 输出: a column per scored node, grades, and findings, filled from both lanes.

A node whose places the plan tells has a column of decimals; any other two of text, numerator and denominator in lowest
terms. Which of the two is the plan's alone to say, so that every batch of a scheme has the same columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import gcd
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from attrs import define, field, frozen

from perfrules.findings import Finding
from perfrules.numbers import digits, published
from perfrules.plan import NodePlan, Plan
from perfrules.readings.columns.places import places_of

Array = np.ndarray[Any, np.dtype[Any]]


def fresh(shape: tuple[int, ...], kind: Any = np.int64) -> Array:
    """An array of anything, out of a pool that keeps the memory of frames that nobody holds any more."""
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    return np.frombuffer(pa.allocate_buffer(size), kind).reshape(shape)


DIGITS = 38
"""What a decimal column holds."""
ROOT, GRADE, FINDINGS, NUMERATOR, DENOMINATOR = "points", "grade", "findings", "numerator", "denominator"


@frozen
class Published:
    """A node that is published: its heading, and its places where it has a column of decimals."""

    node: NodePlan
    name: str
    places: int | None


@frozen
class Graded:
    """A grade that is published: its heading, its labels, and the step with the place of the label."""

    name: str
    labels: tuple[str, ...]
    step: str
    scale: str = ""
    path: str = ""


@frozen
class Layout:
    """The columns that go out for a plan, whatever comes in: the same for every batch."""

    nodes: tuple[Published, ...]
    grades: tuple[Graded, ...]

    @classmethod
    def of(cls, plan: Plan, nodes: Sequence[str] | None) -> Layout:
        """That of a plan; `nodes` are the paths of those to publish, None: all. Raises KeyError."""
        places = places_of(plan)
        if nodes is not None:
            for path in nodes:
                if path not in places:
                    raise KeyError(path)
        chosen = [n for n in plan.nodes if n.score and (nodes is None or n.node.path in nodes)]
        published = [Published(n, n.node.path or ROOT, places[n.node.path]) for n in chosen]
        grades = [
            Graded(GRADE if i == 0 else f"{GRADE}: {g.scale.name}", g.scale.labels, g.rank, scale=g.scale.name)
            for i, g in enumerate(plan.grades)
        ]
        grades += [
            Graded(f"{n.node.path or ROOT}: {GRADE}", n.grade_labels, n.grade, path=n.node.path)
            for n in chosen
            if n.grade
        ]
        return cls(tuple(published), tuple(grades))


@define
class Figures:
    """One node's scores: whole multiples of the last place in two words each, or numerators and denominators."""

    published: Published
    words: Array | None
    numerators: Array | None
    denominators: Array | None
    there: Array
    ratios: dict[int, tuple[str, str]] = field(factory=dict)
    too_long: dict[int, int] = field(factory=dict)

    @classmethod
    def blank(cls, published: Published, count: int) -> Figures:
        """No score anywhere."""
        if published.places is not None:
            return cls(published, fresh((count, 2)), None, None, np.zeros(count, bool))
        over, under = fresh((count,)), fresh((count,))
        over[:], under[:] = 0, 1
        return cls(published, None, over, under, np.zeros(count, bool))

    def put(self, line: int, value: Fraction | None) -> None:
        """Put in one score."""
        self.there[line] = value is not None
        if value is None:
            return
        if self.published.places is None:
            self.put_ratio(line, value.numerator, value.denominator)
            return
        scaled = value * 10**self.published.places
        assert scaled.denominator == 1, self.published.name
        self.put_whole(line, scaled.numerator)

    def put_whole(self, line: int, whole: int) -> None:
        """Put in one score as so many of the last place."""
        assert self.words is not None
        if abs(whole) >= 10**DIGITS:
            self.there[line] = False
            self.too_long[line] = whole
            return
        self.words[line, 0] = _signed(whole & (2**64 - 1))
        self.words[line, 1] = whole >> 64

    def put_ratio(self, line: int, numerator: int, denominator: int) -> None:
        """Put in one score as a ratio."""
        common = gcd(numerator, denominator)
        self.ratios[line] = (digits(numerator // common), digits(denominator // common))

    def columns(self) -> Iterable[pl.Series]:
        """The columns that go out."""
        name = self.published.name
        if self.words is not None:
            yield decimals(name, self.words, self.there, self.published.places or 0)
            return
        for place, (word, whole) in enumerate(((NUMERATOR, self.numerators), (DENOMINATOR, self.denominators))):
            made = pl.Series(f"{name}: {word}", whole).cast(pl.String)
            lines = [line for line in self.ratios if self.there[line]]
            if lines:
                made = made.scatter(lines, [self.ratios[line][place] for line in lines])
            yield made if self.there.all() else made.zip_with(pl.Series(self.there), pl.Series([None], dtype=pl.String))


def _signed(word: int) -> int:
    return word - 2**64 if word >= 2**63 else word


def decimals(name: str, words: Array, there: Array, places: int) -> pl.Series:
    """A column of decimals over words of 128 bits, low word first, without a copy of them."""
    valid = None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little"))
    array = pa.Array.from_buffers(pa.decimal128(DIGITS, places), len(words), [valid, pa.py_buffer(words)])
    made = pl.from_arrow(array)
    assert isinstance(made, pl.Series)
    return made.alias(name)


@define
class Sheet:
    """Everything that goes out, being filled; `findings` are of lines that were read one by one, `noted` of the others."""

    layout: Layout
    count: int
    figures: dict[str, Figures]
    ranks: dict[str, Array]
    findings: dict[int, Sequence[str]] = field(factory=dict)
    noted: list[tuple[Array, ...]] = field(factory=list)
    texts: dict[str, int] = field(factory=dict)

    @classmethod
    def blank(cls, layout: Layout, count: int) -> Sheet:
        """Nothing anywhere."""
        figures = {p.node.node.path: Figures.blank(p, count) for p in layout.nodes}
        return cls(layout, count, figures, {g.name: np.full(count, len(g.labels), np.uint32) for g in layout.grades})

    def note(self, lines: Array, turn: int, text: str) -> None:
        """A finding of several lines; findings of a line stand in the order of their turns."""
        self._note(lines, turn, np.zeros(len(lines), np.int64), 0, np.full(len(lines), self._code(text)))

    def note_rows(self, lines: Array, turn: int, rows: Array, then: int, texts: Sequence[str]) -> None:
        """Findings of rows: within a turn in the order of rows, of each row by `then`."""
        self._note(lines, turn, rows, then, np.array([self._code(text) for text in texts], np.int64))

    def _code(self, text: str) -> int:
        return self.texts.setdefault(text, len(self.texts))

    def _note(self, lines: Array, turn: int, rows: Array, then: int, codes: Array) -> None:
        size = len(lines)
        self.noted.append((lines, np.full(size, turn), rows, np.full(size, then), codes))

    def clear(self, line: int) -> None:
        """Take out what stands in a line."""
        for figures in self.figures.values():
            figures.there[line] = False
        for grade in self.layout.grades:
            self.ranks[grade.name][line] = len(grade.labels)

    def frame(self, key: pl.Series | None) -> pl.DataFrame:
        """The frame that goes out, the key first."""
        self._tell_too_long()
        columns = [] if key is None else [key]
        for figures in self.figures.values():
            columns += figures.columns()
        for grade in self.layout.grades:
            columns.append(_labels(grade, self.ranks[grade.name]))
        columns.append(self._findings())
        return pl.DataFrame(_apart(columns))

    def _tell_too_long(self) -> None:
        """What no column of decimals holds is told of its line, after everything else."""
        for path, figures in self.figures.items():
            for line, whole in figures.too_long.items():
                score = Fraction(whole, 10 ** (figures.published.places or 0))
                text = finding_text(Finding("figure-too-long", None, path, {"score": published(score)}))
                if line in self.findings:
                    self.findings[line] = [*self.findings[line], text]
                else:
                    self.note(np.array([line]), _LAST, text)

    def _findings(self) -> pl.Series:
        """The findings of each line as a list of texts."""
        if not self.findings and not self.noted:
            ends = pa.py_buffer(np.zeros(self.count + 1, np.int64))
            nothing = pa.LargeListArray.from_buffers(
                pa.large_list(pa.large_string()), self.count, [None, ends], children=[pa.nulls(0, pa.large_string())]
            )
            series = pl.from_arrow(nothing)
            assert isinstance(series, pl.Series)
            return series.alias(FINDINGS)
        for number, texts in self.findings.items():
            self.note_rows(np.full(len(texts), number), 0, np.arange(len(texts)), _ONE_BY_ONE, texts)
        columns = [np.concatenate(parts) for parts in zip(*self.noted, strict=True)] or [np.zeros(0, np.int64)] * 5
        line, turn, row, then, code = columns
        if self.findings:
            single = np.zeros(self.count, bool)
            single[list(self.findings)] = True
            kept = ~single[line] | (then == _ONE_BY_ONE)
            line, turn, row, then, code = (part[kept] for part in (line, turn, row, then, code))
        order = np.lexsort((then, row, turn, line))
        ends = np.concatenate([[0], np.cumsum(np.bincount(line, minlength=self.count))])
        values = pl.Series(list(self.texts), dtype=pl.String).gather(code[order].astype(np.uint32))
        # Not by `pa.array`, which brings pandas in.
        offsets = pa.Array.from_buffers(pa.int64(), len(ends), [None, pa.py_buffer(ends)])
        made = pa.LargeListArray.from_arrays(offsets, values.to_arrow())
        series = pl.from_arrow(made)
        assert isinstance(series, pl.Series)
        return series.alias(FINDINGS).cast(pl.List(pl.String))


_ONE_BY_ONE, _LAST = -1, 1_000_000


def _labels(grade: Graded, ranks: Array) -> pl.Series:
    """The labels at their places, of which that after the last stands for none."""
    return pl.Series(grade.name, [*grade.labels, None], pl.String).gather(pl.Series(ranks))


def _apart(columns: Iterable[pl.Series]) -> list[pl.Series]:
    """Columns of which no two have one heading: a node may be called as another column is."""
    made: dict[str, pl.Series] = {}
    for column in columns:
        name, number = column.name, 1
        while name in made:
            number += 1
            name = f"{column.name} ({number})"
        made[name] = column.alias(name)
    return list(made.values())


def finding_text(finding: Finding) -> str:
    """How a finding stands in the column of findings: its name, and the path where it has one."""
    return f"{finding.name} {finding.path}".strip()


def labelled(layout: Layout, grades: Mapping[str, str | None], nodes: Mapping[str, str | None]) -> dict[str, int]:
    """The places of a scorecard's labels, by heading; after the last where there is none."""
    made = {}
    for grade in layout.grades:
        label = grades[grade.scale] if grade.scale else nodes[grade.path]
        made[grade.name] = len(grade.labels) if label is None else grade.labels.index(label)
    return made
