"""Columns of cells 列: whole numbers, holes, and which lines are plain.

What is plain is what needs no judgement: a number of few places within the declared bounds, a choice as it is printed, a
day, nothing at all. Anything else is for whoever reads cells one by one, and so is every distinct text: it is read once, as
any cell is read, and its reading holds for all lines that say the same.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from math import ceil, floor, lcm
from threading import Lock
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from attrs import define, evolve, field

from perfrules.model import Hole, Input
from perfrules.numbers import Unit
from perfrules.readings.columns.outputs import Array
from perfrules.records import read_cell

HOLES: tuple[str, ...] = ("", "missing", "not_applicable", "undefined", "refused")
"""Kinds of hole by their code."""
MISSING, NOT_APPLICABLE = 1, 2
FLOAT_PLACES = 9
"""A cell of more places is suspected of being the debris of a float."""
FLOAT_LIMIT = 10.0**15
"""Every decimal of fifteen digits has a float of its own."""
NARROW_LIMIT = 10.0**6
UNIQUE_LIMIT = 20_000
"""So many distinct texts of a column are read; lines with others are read one by one."""
DENOMINATOR_LIMIT = 10**12
WHOLE_LIMIT = 2**62
BLOCK = 16_384
"""How many floats are looked at a time."""
EPOCH = date(1970, 1, 1).toordinal()
_INTEGERS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)


@define
class Texts:
    """Texts by number, the same for every column and constant."""

    known: dict[str, int] = field(factory=dict)
    _lock: Lock = field(factory=Lock)

    def code(self, text: str) -> int:
        """The number of a text."""
        with self._lock:
            return self.known.setdefault(text, len(self.known))


@define
class Column:
    """The cells of one input 一列: a number is `factor` × its whole number; where there is a hole or no plain cell, a
    placeholder within the bounds. `holes` are codes of kinds (None: none), `blank` where nothing stands, `plain` what may be
    scored by the column (None: all), `signed` where a percent sign settles the magnitude (None: nowhere).

    Floats stay what they are where all of them are so many `units`, to be made whole where they are used.
    """

    given: Array
    factor: Fraction = Fraction(1)
    holes: Array | None = None
    blank: Array | None = None
    plain: Array | None = None
    signed: Array | None = None
    low: int = 0
    high: int = 0
    units: float = 0.0
    bounded: bool = False

    @property
    def values(self) -> Array:
        """The whole numbers."""
        return np.rint(self.given * self.units) if self.units else self.given

    def load(self, where: slice, into: Array) -> None:
        """Bring the whole numbers of some lines into a place."""
        if self.units and into.dtype == np.float64:
            np.multiply(self.given[where], self.units, into)
            np.rint(into, into)
        elif self.units:
            np.copyto(into, np.rint(self.given[where] * self.units), casting="unsafe")
        else:
            np.copyto(into, self.given[where], casting="unsafe")

    def part(self, where: Any) -> Column:
        """The cells of some lines, without what is told of all of them."""
        holes = None if self.holes is None else self.holes[where]
        return Column(self.given[where], self.factor, holes, units=self.units)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of hole that stand in it."""
        if self.holes is None:
            return frozenset({""})
        return frozenset(HOLES[code] for code in np.flatnonzero(np.bincount(self.holes, minlength=len(HOLES))))


def nothing(count: int, input: Input) -> Column:
    """The column of an input that has none."""
    kind: Any = bool if input.kind == "boolean" else np.float64
    blank = np.ones(count, bool)
    return Column(np.zeros(count, kind), holes=np.full(count, MISSING, np.int8), blank=blank)


def unreadable(count: int) -> Column:
    """A column of which every line is read one by one."""
    return Column(np.zeros(count), plain=np.zeros(count, bool))


def column(series: pl.Series, input: Input, texts: Texts, unit: Unit | None = None) -> Column:
    """The cells of an input out of a frame's column; `unit` is what its heading states for bare numbers."""
    kind = series.dtype
    if kind == pl.Null:
        return nothing(len(series), input)
    if kind == pl.String or kind == pl.Categorical or kind == pl.Enum:
        made = _texts(series, input, texts, unit)
    elif input.kind == "number":
        made = _numbers(series, input, unit)
    elif input.kind == "boolean" and kind == pl.Boolean:
        made = Column(_filled(series, False))
    elif input.kind == "date" and kind == pl.Date:
        made = _days(series, input)
    else:
        made = Column(np.zeros(len(series)), plain=series.is_null().to_numpy())
    if series.null_count():
        gap = series.is_null().to_numpy()
        holes = np.zeros(len(series), np.int8) if made.holes is None else made.holes
        holes[gap] = MISSING
        blank = gap if made.blank is None else made.blank | gap
        plain = None if made.plain is None else made.plain | gap
        made = evolve(made, holes=holes, blank=blank, plain=plain)
    return made if made.units else _bounded(made)


def _filled(series: pl.Series, value: Any) -> Array:
    """A column as an array, with something else for its nulls."""
    made: Array = (series.fill_null(value) if series.null_count() else series).to_numpy()
    return made


def _bounded(made: Column) -> Column:
    """With its bounds, and a placeholder that leaves them alone wherever there is no plain cell."""
    if made.given.dtype == bool or not len(made.given):
        return made
    if made.holes is not None or made.plain is not None:
        good = np.ones(len(made.given), bool) if made.plain is None else made.plain.copy()
        if made.holes is not None:
            good &= made.holes == 0
        if not good.all():
            some = made.given[good]
            least = max(int(some.min()), 0) if len(some) else 0
            given = np.where(good, made.given, least).astype(made.given.dtype, copy=False)
            made = evolve(made, given=given, bounded=False)
    if made.bounded:
        return made
    return evolve(made, low=int(made.given.min()), high=int(made.given.max()), bounded=True)


# ------------------------------------------------------------------------------------------------ numbers


@define
class _Scale:
    """What one unit in the last place of a column is: in the input's own unit (`own`) and in the working one."""

    own: Fraction
    working: Fraction


def _scale(input: Input, unit: Unit | None, places: int) -> _Scale:
    of = input.unit
    own = Fraction(1, 10**places)
    pure = of is None or not of.dimension
    if of is not None and of.percent:
        own *= of.factor if input.written == "percent" else 1
    elif unit is not None and of is not None and not pure:
        own *= unit.factor / of.factor
    return _Scale(own, own if pure else own * input.scale)


def _numbers(series: pl.Series, input: Input, unit: Unit | None) -> Column:
    kind = series.dtype
    places, plain, ends = 0, None, None
    if kind in _INTEGERS:
        values = _filled(series, 0).astype(np.int64, copy=False)
    elif kind in (pl.Float64, pl.Float32):
        return _of_floats(series, input, unit)
    elif isinstance(kind, pl.Decimal):
        places = kind.scale
        values, plain, ends = _of_decimals(series)
    elif kind in (pl.UInt64, pl.Int128):
        whole = series.cast(pl.Int64, strict=False)
        lost = whole.is_null() & series.is_not_null()
        plain = ~lost.to_numpy() if lost.any() else None
        values = whole.fill_null(0).to_numpy()
    else:
        return Column(np.zeros(len(series)), plain=series.is_null().to_numpy())
    if places > FLOAT_PLACES:  # the rest might look like debris, of which there is more to be said
        plain = _and(plain, values % 10 ** min(places - FLOAT_PLACES, 18) == 0)
    scale = _scale(input, unit, places)
    if not len(values):
        return Column(values, scale.working)
    low, high = ends or (int(values.min()), int(values.max()))
    if not (_keeps(input, scale, low, high) and max(-low, high) < WHOLE_LIMIT):
        plain = _within(values, plain, input, scale)
    return Column(values, scale.working, plain=plain, low=low, high=high, bounded=True)


def _of_decimals(series: pl.Series) -> tuple[Array, Array | None, tuple[int, int] | None]:
    """Decimals as whole multiples of the last place where these have 64 bits: their lower words, as they lie; and the bounds of
    all, where none has more."""
    given = series.fill_null(0) if series.null_count() else series
    array = given.to_arrow()
    words = np.frombuffer(array.buffers()[1], np.int64).reshape(-1, 2)[array.offset : array.offset + len(array)]
    low, high = words[:, 0], words[:, 1]
    whole: Any = given.to_physical()
    least, most = (whole.min(), whole.max()) if len(low) else (0, 0)
    if -(2**63) <= least <= most < 2**63:
        return low, None, (least, most)
    plain = np.right_shift(low, 63) == high
    return np.where(plain, low, 0), plain, None


def _of_floats(series: pl.Series, input: Input, unit: Unit | None) -> Column:
    """Floats as whole multiples of the last place, where that is certain: where these give them back."""
    least = series.min() if series.null_count() else None
    fill = max(least, 0.0) if isinstance(least, float) and np.isfinite(least) else 0.0
    given = _filled(series, fill)
    stated = input.decimals if input.decimals is not None and input.decimals <= FLOAT_PLACES else None
    places = _places(given) if stated is None else stated
    while True:
        sure, good, low, high = _certain(given, given.dtype.type(10.0**places))
        if good * 100 >= len(given) * 98 or places >= FLOAT_PLACES or stated is not None:
            break
        places += 1
    scale = _scale(input, unit, places)
    if good == len(given) and given.dtype == np.float64:
        made = Column(given, scale.working, low=int(low), high=int(high), units=10.0**places, bounded=True)
        if _keeps(input, scale, made.low, made.high):
            return made
    with np.errstate(all="ignore"):
        whole = np.rint(given * given.dtype.type(10.0**places))
    plain = None if good == len(given) else sure
    values = (whole if plain is None else np.where(plain, whole, 0.0)).astype(np.float64, copy=False)
    return Column(values, scale.working, plain=_within(values, plain, input, scale))


def _certain(given: Array, unit: Any) -> tuple[Array, int, float, float]:
    """Of which floats so many units are certain, how many those are, and the bounds of the units of all."""
    size, limit = len(given), FLOAT_LIMIT if given.dtype == np.float64 else NARROW_LIMIT
    sure = np.empty(size, bool)
    whole, back = np.empty(min(size, BLOCK), given.dtype), np.empty(min(size, BLOCK), given.dtype)
    low = high = 0.0
    with np.errstate(all="ignore"):
        for start in range(0, size, BLOCK):
            cells = given[start : start + BLOCK]
            units, again, out = whole[: len(cells)], back[: len(cells)], sure[start : start + BLOCK]
            np.multiply(cells, unit, units)
            np.rint(units, units)
            np.divide(units, unit, again)
            np.equal(again, cells, out)
            least, most = float(units.min()), float(units.max())
            if not -limit < least <= most < limit:
                np.logical_and(out, np.abs(units) < limit, out)
            low, high = (least, most) if start == 0 else (min(low, least), max(high, most))
    return sure, int(np.count_nonzero(sure)), low, high


def _keeps(input: Input, scale: _Scale, low: int, high: int) -> bool:
    """Whether all numbers between two keep the declared bounds and places."""
    least, most = input.ends
    if (least is not None and low * scale.own < least) or (most is not None and high * scale.own > most):
        return False
    return input.decimals is None or (scale.own * 10**input.decimals).denominator == 1


def _places(given: Array) -> int:
    """How many places floats seem to have."""
    step = max(len(given) // 997, 1)
    sample = given[::step]
    for places in range(FLOAT_PLACES):
        unit = given.dtype.type(10.0**places)
        with np.errstate(all="ignore"):
            if np.count_nonzero(np.rint(sample * unit) / unit == sample) * 100 >= len(sample) * 98:
                return places
    return FLOAT_PLACES


def _within(values: Array, plain: Array | None, input: Input, scale: _Scale) -> Array | None:
    """Which lines keep the declared bounds and places."""
    if not len(values):
        return plain
    good = plain
    ends = input.ends
    low = None if ends[0] is None else ceil(ends[0] / scale.own)
    high = None if ends[1] is None else floor(ends[1] / scale.own)
    least, most = int(values.min()), int(values.max())
    low = -WHOLE_LIMIT if low is None else max(low, -WHOLE_LIMIT)
    high = WHOLE_LIMIT if high is None else min(high, WHOLE_LIMIT)
    if least < low:
        good = _and(good, values >= low)
    if most > high:
        good = _and(good, values <= high)
    if input.decimals is not None:
        by = (scale.own * 10**input.decimals).denominator
        if by > WHOLE_LIMIT:
            good = _and(good, values == 0)
        elif by > 1:
            good = _and(good, values % by == 0)
    return good


def _and(a: Array | None, b: Array) -> Array:
    return b if a is None else a & b


def _days(series: pl.Series, input: Input) -> Column:
    values = series.to_physical().fill_null(0).to_numpy().astype(np.int64) + EPOCH
    plain = None
    low, high = (None if end is None else int(end) for end in input.ends)
    for end, keeps in ((low, np.greater_equal), (high, np.less_equal)):
        if end is not None:
            plain = _and(plain, keeps(values, end))
    sane = (values >= 1) & (values <= date.max.toordinal())
    return Column(values, plain=_and(plain, sane))


# ------------------------------------------------------------------------------------------------ texts


def _texts(series: pl.Series, input: Input, texts: Texts, unit: Unit | None) -> Column:
    """A column of texts: every distinct one read as a cell, once."""
    count = len(series)
    if input.kind == "measure":
        return Column(np.zeros(count), plain=series.is_null().to_numpy())
    codes, known = _distinct(series)
    read = [_read(text, input, texts, unit) if place < UNIQUE_LIMIT else None for place, text in enumerate(known)]
    factor = Fraction(1)
    if input.kind == "number":
        factor = _common([r[0] for r in read if r is not None and isinstance(r[0], Fraction)])
    size = len(known)
    values, holes = np.zeros(size, np.int64), np.zeros(size, np.int8)
    plain, blank, signed = np.zeros(size, bool), np.zeros(size, bool), np.zeros(size, bool)
    for place, each in enumerate(read):
        if each is None:
            continue
        value, is_blank = each
        if isinstance(value, Hole):
            plain[place], holes[place], blank[place] = True, HOLES.index(value.kind), is_blank
            continue
        whole = value / factor if isinstance(value, Fraction) else Fraction(int(value))
        if whole.denominator == 1 and abs(whole) < WHOLE_LIMIT:
            plain[place], values[place] = True, int(whole)
            signed[place] = not {"%", "％", "‰", "点"}.isdisjoint(known[place])
    out = values if input.kind != "boolean" else values.astype(bool)
    return Column(
        out[codes], factor,
        holes=holes[codes] if holes.any() else None,
        blank=blank[codes] if blank.any() else None,
        plain=None if plain.all() else plain[codes],
        signed=signed[codes] if signed.any() else None,
    )  # fmt: skip


def _distinct(series: pl.Series) -> tuple[Array, list[str]]:
    """The number of each line's text, and the texts; a null is an empty text."""
    array = series.cast(pl.String).fill_null("").to_arrow()
    made = (array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array).dictionary_encode()
    return made.indices.to_numpy(zero_copy_only=False), made.dictionary.to_pylist()


def _read(text: str, input: Input, texts: Texts, unit: Unit | None) -> tuple[Any, bool] | None:
    """What a text says as a cell, and whether nothing stands there; None where there is more to be said of it."""
    cell, found = read_cell(text, input, unit=unit)
    value = cell.value
    if isinstance(value, Hole):
        blank = value.kind == "missing"
        if value.kind == "refused" or any(f.name != "missing-value" for f in found):
            return None
        return value, blank
    if found:
        return None
    match value:
        case str():
            return texts.code(value), False
        case date():
            return value.toordinal(), False
        case _:
            return value, False


def _common(values: list[Fraction]) -> Fraction:
    """A unit of which as many numbers as may be are whole multiples."""
    unit = 1
    for value in values:
        both = lcm(unit, value.denominator)
        if both <= DENOMINATOR_LIMIT:
            unit = both
    return Fraction(1, unit)
