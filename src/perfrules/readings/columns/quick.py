"""A kernel run over a batch 快算: blocks of records on every processor, results written where they go out.

A part of something larger is worked out by one thread: another part is read or written meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from attrs import define, field

from perfrules.readings.columns.batch import Batch
from perfrules.readings.columns.outputs import Array, Figures, Sheet
from perfrules.readings.columns.programs import Prepared

BLOCK = 32_768
"""How many records are worked out at a time: so few that what is in use stays in the processor's cache, and so many that
threads seldom wait for each other between two calls."""
Block = list[slice]
Taker = Callable[..., None]


@define
class Quick:
    """A kernel being run over a batch, into a sheet."""

    batch: Batch
    prepared: Prepared
    sheet: Sheet
    found: list[tuple[int, Array]] = field(factory=list)

    def run(self) -> None:
        """Fill the sheet with every line; those that are not plain come to nothing that anybody reads."""
        kernel = self.prepared.kernel
        assert kernel is not None
        count = self.batch.count
        blocks = [(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]
        workers = 1 if self.batch.whole.apart else max(min(pl.thread_pool_size(), len(blocks)), 1)
        takers = list(self._takers())
        for term in self.prepared.wanted.terms:
            if term.sort == "text" and term.constant:
                self.batch.texts.code(term.value)  # before several workers ask for it at once

        def work(number: int) -> None:
            bound = kernel.bound(self.batch.cells, self.batch.texts, takers, min(BLOCK, count))
            with np.errstate(all="ignore"):
                for start, stop in blocks[number::workers]:
                    bound.run(start, stop)

        if workers == 1:
            work(0)
        else:
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(work, range(workers)))
        for turn, lines in self.found:
            self.sheet.note(lines, turn, self.prepared.conditions[turn].text)

    def _takers(self) -> Iterator[Taker]:
        """What takes the results, in the order of the kernel's sinks."""
        plain = None if self.batch.plain.all() else self.batch.plain
        everywhere = np.ones(self.batch.count, bool)
        for path, figure in self.prepared.figures.items():
            figures = self.sheet.figures[path]
            if plain is None and figure.there.constant and figure.there.value:
                figures.there = everywhere  # which nobody changes: no line is read one by one
            if figure.den is not None:
                yield partial(_ratios, figures, plain)
            else:
                yield partial(_wholes, figures, plain, figure.num.low is None or figure.num.low < 0)
        for name in self.prepared.ranks:
            yield partial(_ranks, self.sheet.ranks[name], plain)
        for turn in range(len(self.prepared.conditions)):
            yield partial(self._find, turn, plain)

    def _find(self, turn: int, plain: Array | None, block: Block, holds: Any) -> None:
        where = block[0]
        if isinstance(holds, bool):
            holds = np.full(where.stop - where.start, holds)
        if not holds.any():
            return
        if plain is not None:
            holds = holds & plain[where]
        lines = np.flatnonzero(holds)
        if len(lines):
            self.found.append((turn, lines + where.start))


def _there(figures: Figures, plain: Array | None, where: slice, there: Any) -> None:
    if plain is not None:
        figures.there[where] = plain[where] & there
    elif there is not True:
        figures.there[where] = there


def _wholes(figures: Figures, plain: Array | None, signed: bool, block: Block, there: Any, num: Any) -> None:
    """Scores that are whole multiples of the last place."""
    where = block[0]
    _there(figures, plain, where, there)
    assert figures.words is not None
    low = figures.words[where, 0]
    np.copyto(low, num, casting="unsafe")
    if signed:
        np.right_shift(low, 63, out=figures.words[where, 1])
    else:
        figures.words[where, 1] = 0


def _ratios(figures: Figures, plain: Array | None, block: Block, there: Any, num: Any, den: Any) -> None:
    """Scores that are ratios, in lowest terms."""
    where = block[0]
    _there(figures, plain, where, there)
    count = where.stop - where.start
    over, under = (np.broadcast_to(np.asarray(part).astype(np.int64), count) for part in (num, den))
    common = np.maximum(np.gcd(over, under), 1)
    assert figures.numerators is not None
    assert figures.denominators is not None
    np.floor_divide(over, common, out=figures.numerators[where])
    np.floor_divide(under, common, out=figures.denominators[where])


def _ranks(ranks: Array, plain: Array | None, block: Block, there: Any, num: Any) -> None:
    """Places of labels; what stands there already is that there is none."""
    into = ranks[block[0]]
    if plain is not None:
        there = plain[block[0]] & there
    np.copyto(into, num, casting="unsafe", where=there)
