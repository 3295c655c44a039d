"""A plan over any record, as one generated function of whole numbers: every step and every row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import Any

from attrs import define, frozen

from perfrules.model import Datum, Frozen, Hole, Input, Record, Row
from perfrules.plan import Plan, Results
from perfrules.plan.cells import cell_values, row_values
from perfrules.rational import DAY, NUMBER, WORDS, Beyond, Block, Cells, Facts, Term, lower
from perfrules.readings.compiled.functions import FUNCTIONS, Gathered
from perfrules.readings.compiled.printing import Loop, Printer
from perfrules.readings.compiled.values import Reader, Values, Wanted

SIZES = ((4, 15), (10, 25), (20, 40), (40, 40))
"""Decimal places, and digits before the point, of the numbers that a compiled plan is made for; the next where one is wider."""
MOST_ROWS = 10_000
_MOST_LARGE, _MOST_CALLS = 100, 40_000
"""The most rows where numbers may grow large, and the most calls of slow functions, that the exact reading surely allows."""
_LARGE = 900
FIRST_DAY, LAST_DAY = date.min.toordinal(), date.max.toordinal()


def evaluate(plan: Plan, record: Record, *, frozen: Mapping[str, Frozen] | None = None) -> Results:
    """Every step of the plan over one record, as the exact reading has it, read from whole numbers when looked at.

    Raises Beyond for a record (or plan) that only the exact reading can read: with rulings, or huge or broken numbers.
    """
    if record.rulings:
        raise Beyond("rulings")
    return sizes(plan).evaluate(record, frozen or {})


@lru_cache(maxsize=64)
def sizes(plan: Plan) -> Sizes:
    """The functions of a plan, each made when it is first needed."""
    return Sizes(plan)


class Sizes:
    """The functions of a plan by the size of its numbers."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._made: dict[int, General | Beyond] = {}

    def general(self, size: int) -> General:
        """The function for a size. Raises Beyond where there is none."""
        found = self._made.get(size)
        if found is None:
            try:
                found = General(self.plan, *SIZES[size])
            except Beyond as beyond:
                found = beyond
            self._made[size] = found
        if isinstance(found, Beyond):
            raise Beyond(*found.args)
        return found

    def evaluate(self, record: Record, frozen: Mapping[str, Frozen]) -> Results:
        values = cell_values(self.plan.scheme, record)
        rows = {
            kind: [
                (row, row_values(self.plan.scheme.rows[kind].columns, row.cells)) for row in record.rows.get(kind, ())
            ]
            for kind in self.plan.scheme.rows
        }
        for size in range(len(SIZES)):
            general = self.general(size)
            try:
                cells = general.cells.read(values)
                over = {
                    kind: [(row, general.columns[kind].read(v)) for row, v in rows[kind]] for kind in general.columns
                }
            except Wider:
                continue
            return general.results(values, cells, over, frozen)
        raise Beyond("a number of more places or digits")


class Wider(Exception):
    """A number is of more places or digits than a function reads."""


@frozen
class Slot:
    """One input, or column of rows, as whole numbers."""

    name: str
    kind: str
    cells: Cells

    @classmethod
    def of(cls, input: Input, places: int, digits: int) -> Slot:
        """An input whose numbers have so many places and digits, within its own bounds."""
        match input.kind:
            case "number":
                if input.unit is not None and input.unit.percent:
                    places += 2
                factor = input.scale / 10**places
                most = 10 ** (places + digits)
                low, high = (e * 10**places if isinstance(e, Fraction) else None for e in (input.low, input.high))
                cells = Cells(factor, _up(low, -most), -_up(None if high is None else -high, -most))
            case "measure":
                most = 10 ** (places + digits)
                cells = Cells(Fraction(1, 10**places), -most, most)
            case _:
                low_day, high_day = (e.toordinal() if isinstance(e, date) else None for e in (input.low, input.high))
                cells = Cells(Fraction(1), low_day or FIRST_DAY, high_day or LAST_DAY)
        return cls(input.name, input.kind, cells)

    def read(self, value: Datum | Hole) -> tuple[Hole | None, int, Any, str]:
        """The hole, what a measure holds, the whole number or truth, the words."""
        match value:
            case Hole():
                return value, NUMBER, False if self.kind == "boolean" else self.gap, ""
            case bool() if self.kind == "boolean":
                return None, NUMBER, value, ""
            case Fraction() if self.kind in ("number", "measure"):
                return None, NUMBER, self._whole(value), ""
            case date() if self.kind == "date":
                return None, DAY, self._within(value.toordinal()), ""
            case date() if self.kind == "measure":
                return None, DAY, self._whole(Fraction(value.toordinal())), ""
            case str() if self.kind in ("choice", "text", "measure"):
                return None, WORDS, self.gap, value
            case _:
                raise Beyond(f"a {type(value).__name__} for a {self.kind}")

    @property
    def gap(self) -> int:
        """The whole number that stands where there is none: within the bounds, and nobody reads it."""
        low, high = self.cells.low or 0, self.cells.high
        return max(low, 0) if high is None or high >= 0 else high

    def _whole(self, value: Fraction) -> int:
        factor = self.cells.factor
        whole, rest = divmod(value.numerator * factor.denominator, value.denominator * factor.numerator)
        if rest:
            raise Wider
        return self._within(whole)

    def _within(self, whole: int) -> int:
        low, high = self.cells.low, self.cells.high
        if (low is not None and whole < low) or (high is not None and whole > high):
            raise Wider
        return whole


def _up(end: Fraction | None, most: int) -> int:
    """The least whole number from a bound, or from so far down where there is none."""
    return most if end is None else max(-(-end.numerator // end.denominator), most)


@define
class Leaves:
    """What the text wants of some cells, in the order in which it unpacks them."""

    slots: Mapping[str, Slot]
    wanted: Sequence[tuple[str, int]]

    @classmethod
    def of(cls, slots: Mapping[str, Slot], terms: Sequence[Term]) -> Leaves:
        parts = {"gap": 0, "tag": 1}
        wanted = [(t.args[0].rpartition(".")[2], parts.get(t.op, 3 if t.sort == "text" else 2)) for t in terms]
        return cls({name: slots[name] for name, _ in wanted}, wanted)

    def read(self, values: Mapping[str, Datum | Hole]) -> list[Any]:
        read = {name: slot.read(values[name]) for name, slot in self.slots.items()}
        return [read[name][part] for name, part in self.wanted]


class General:
    """A plan's function for numbers of so many places and digits."""

    def __init__(self, plan: Plan, places: int, digits: int) -> None:
        scheme = plan.scheme
        slots = {name: Slot.of(each, places, digits) for name, each in scheme.inputs.items()}
        kinds = {k.name: {c.name: Slot.of(c, places, digits) for c in k.columns} for k in scheme.rows.values()}
        facts = {name: slot.cells for name, slot in slots.items()}
        facts |= {f"{kind}.{name}": s.cells for kind, columns in kinds.items() for name, s in columns.items()}
        self.program = lower(plan, Facts(facts, dict.fromkeys(kinds, MOST_ROWS), None))
        wanted = Wanted()
        self.readers = {name: wanted.reader(form) for name, form in self.program.forms.items()}
        self.rows: dict[str, dict[str, Reader]] = {}
        loops = {name: self._loop(block) for name, block in self.program.blocks.items()}
        printer = Printer(self.program, wanted.terms, loops)
        lines, told = printer.text()
        self.cells = Leaves.of(slots, printer.leaves[""])
        self.columns = {kind: Leaves.of(kinds[kind], printer.leaves[kind]) for kind in kinds}
        self.source = _function(lines, told, len(self.cells.wanted), len(loops))
        names = {**printer.known, **FUNCTIONS}
        exec(compile(self.source, f"<{scheme.id}>", "exec"), names)  # our own text, of our own nodes
        self._call: Callable[..., tuple[Sequence[Any], Sequence[Any]]] = names["whole"]
        self._order = tuple(printer.begun)
        terms = printer.all
        self._large = any(t.rows and t.sort == "int" and (t.bits or 0) > _LARGE for t in terms)
        self._calls = [(t.rows, t) for t in terms if t.op == "call"]

    def _loop(self, block: Block) -> Loop:
        wanted = Wanted()
        self.rows[block.name] = {name: wanted.reader(form) for name, form in block.steps.items()}
        gathered = {
            g.fold.name: Gathered(
                g.fold, wanted.reader(g.item), None if g.weight is None else wanted.reader(g.weight), g.whole
            )
            for g in block.folds
        }
        first = None if block.where is None else (block.where.hole, block.where.num)
        return Loop(first, wanted.terms, gathered)

    def results(
        self, values: dict[str, Datum | Hole], cells: Sequence[Any], rows: Mapping[str, Sequence[tuple[Row, Any]]],
        frozen: Mapping[str, Frozen],
    ) -> Results:  # fmt: skip
        """What every step comes to. Raises Beyond."""
        if max(map(len, rows.values()), default=0) > (_MOST_LARGE if self._large else MOST_ROWS):
            raise Beyond("many rows")
        if sum(len(rows[kind]) if kind else 1 for kind, _ in self._calls) > _MOST_CALLS:
            raise Beyond("many calls")
        try:
            raw, seen = self._call(cells, rows, frozen)
        except ZeroDivisionError:  # in a term that stood too deep to be left for when it is read
            raise Beyond("a quotient by zero that nobody reads") from None
        over = dict(zip(self._order, seen, strict=True))  # as they were looped over; told in the order of the plan
        made = {
            name: [(row, Values(readers, local, {})) for row, local in over[name]]
            for name, readers in self.rows.items()
        }
        return Results(Values(self.readers, raw, values), made)


def _function(lines: Sequence[str], told: Sequence[str], leaves: int, loops: int) -> str:
    unpacked = [f"{''.join(f'v{i}, ' for i in range(leaves))}= cells"] if leaves else []
    seen = "".join(f"seen{i}, " for i in range(loops))
    body = [*unpacked, *lines, "return (", *(f"    {text}," for text in told), f"), ({seen})"]
    return "\n".join(["def whole(cells, rows, frozen):", *(f"    {line}" for line in body), ""])
