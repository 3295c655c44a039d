"""Running a program over a batch 计算: slice by slice, what stayed in doubt once more in whole numbers of any size."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import define

from perfrules.rational import Term
from perfrules.readings.columns.batch import Batch
from perfrules.readings.columns.cells import Column
from perfrules.readings.columns.conditions import NAME, Condition
from perfrules.readings.columns.evaluation import Evaluation, Slice
from perfrules.readings.columns.outputs import Array, Sheet
from perfrules.readings.columns.programs import Figure, Prepared
from perfrules.readings.columns.quick import Quick

BLOCK = 16_384
"""How many records are worked out at a time."""


@define
class Running:
    """A program being run over a batch, into a sheet."""

    batch: Batch
    prepared: Prepared
    sheet: Sheet
    heavy: Array

    def run(self) -> None:
        """Fill the sheet with every line; those that are not plain come to nothing that anybody reads."""
        if self.prepared.kernel is not None:
            Quick(self.batch, self.prepared, self.sheet).run()
            return
        for start in range(0, self.batch.count, BLOCK):
            piece = np.arange(start, min(start + BLOCK, self.batch.count))
            if self.prepared.mixed:
                self._worked_out(piece, whole=False, mixed=True)
            elif self.prepared.boundless:
                self._worked_out(piece, whole=True)
            else:
                doubt = self._worked_out(piece, whole=False)
                lines = piece[doubt & self.batch.plain[piece]]
                if len(lines):
                    self._worked_out(lines, whole=True)

    def _worked_out(self, lines: Array, *, whole: bool, mixed: bool = False) -> Array:
        """Work out some lines; which of them remain in doubt."""
        piece, rows = self.slice(lines)
        evaluation = Evaluation(self.prepared.wanted, piece, self.batch.texts, whole, mixed)
        evaluation.run()
        self.heavy[lines[evaluation.heavy]] = True
        for path, figure in self.prepared.figures.items():
            self._put(path, figure, evaluation, lines)
        for name, (there, rank) in self.prepared.ranks.items():
            ranks = np.broadcast_to(np.asarray(_as_integers(evaluation, rank)), len(lines))
            known = np.broadcast_to(evaluation.of(there, ""), len(lines)) & self.batch.plain[lines]
            self.sheet.ranks[name][lines[known]] = ranks[known]
        sure = ~evaluation.doubt
        for turn, condition in enumerate(self.prepared.conditions):
            self._find(turn, condition, evaluation, lines, rows, sure & self.batch.plain[lines])
        return evaluation.doubt

    def slice(self, lines: Array) -> tuple[Slice, dict[str, Array]]:
        """The cells of some lines and of their rows, and the numbers of those rows."""
        cells: dict[str, Column] = {}
        owners: dict[str, Array] = {}
        rows: dict[str, Array] = {}
        straight = len(lines) > 0 and lines[-1] - lines[0] == len(lines) - 1
        where: Any = slice(lines[0], lines[-1] + 1) if straight else lines
        for slot in self.batch.plan.scheme.inputs:
            cells[slot] = self.batch.cells[slot].part(where)
        for kind, owner in self.batch.owners.items():
            if straight:
                first, last = np.searchsorted(owner, (lines[0], lines[-1] + 1))
                own = np.arange(first, last)
                owners[kind] = owner[first:last] - lines[0]
            else:
                own = np.flatnonzero(np.isin(owner, lines))
                owners[kind] = np.searchsorted(lines, owner[own])
            rows[kind] = own
            for column in self.batch.plan.scheme.rows[kind].columns:
                slot = f"{kind}.{column.name}"
                cells[slot] = self.batch.cells[slot].part(own)
        return Slice(len(lines), cells, owners), rows

    # ------------------------------------------------------------------------------------------ what goes out

    def _put(self, path: str, figure: Figure, evaluation: Evaluation, lines: Array) -> None:
        figures = self.sheet.figures[path]
        there = np.broadcast_to(evaluation.of(figure.there, ""), len(lines)) & self.batch.plain[lines]
        figures.there[lines] = there
        if figure.den is None:
            assert figures.words is not None
            if evaluation.lane(figure.num) == "any":
                for line, value in zip(lines[there], _objects(evaluation, figure.num, len(lines))[there], strict=True):
                    figures.put_whole(int(line), int(value))
                return
            values = _as_integers(evaluation, figure.num)
            figures.words[lines, 0] = values
            figures.words[lines, 1] = np.asarray(values, np.int64) >> 63
            return
        if "any" in (evaluation.lane(figure.num), evaluation.lane(figure.den)):
            num, den = (_objects(evaluation, part, len(lines))[there].tolist() for part in (figure.num, figure.den))
            for line, over, under in zip(lines[there].tolist(), num, den, strict=True):
                figures.put_ratio(line, over, under)
            return
        assert figures.numerators is not None
        assert figures.denominators is not None
        num, den = (np.asarray(_as_integers(evaluation, part), np.int64) for part in (figure.num, figure.den))
        common = np.maximum(np.gcd(num, den), 1)
        figures.numerators[lines], figures.denominators[lines] = num // common, den // common

    def _find(
        self, turn: int, condition: Condition, evaluation: Evaluation, lines: Array, rows: dict[str, Array], tell: Array
    ) -> None:
        """Note where a condition holds."""
        if not condition.kind:
            holds = np.flatnonzero(np.broadcast_to(evaluation.of(condition.when, ""), len(lines)) & tell)
            if len(holds):
                self.sheet.note(lines[holds], turn, condition.text)
            return
        owner, own = evaluation.slice.owners[condition.kind], rows[condition.kind]
        holds = np.flatnonzero(np.broadcast_to(evaluation.of(condition.when, condition.kind), len(own)) & tell[owner])
        if len(holds):
            kind = self.batch.plan.scheme.rows[condition.kind]
            names = self.batch.names(kind, own[holds].tolist())
            texts = [condition.text.replace(NAME, names[row]).strip() for row in own[holds].tolist()]
            first = next(t for t, c in enumerate(self.prepared.conditions) if c.turn == condition.turn)
            self.sheet.note_rows(lines[owner[holds]], first, own[holds], turn, texts)


def _objects(evaluation: Evaluation, term: Term, count: int) -> Array:
    return np.broadcast_to(np.asarray(evaluation.of(term, "", "any"), dtype=object), count)


def _as_integers(evaluation: Evaluation, term: Term) -> Any:
    """The whole numbers of a term of at most 63 bits."""
    value = evaluation.of(term, "")
    match evaluation.lane(term):
        case "wide":
            return evaluation.of(term, "", "integer")
        case "any":
            return np.asarray(value, dtype=object).astype(np.int64)
        case _:
            return np.asarray(value).astype(np.int64)
