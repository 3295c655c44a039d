"""A plan over plain records, as one generated function of a mapping: every input there, and nothing unusual in any.

It takes raw Python values and gives the scores of nodes and the places of grades, or None for a record that is in any way
not plain, which then goes the long way. Floats are taken as the short decimals that they print as, and stay floats while
every number that is made of them is a whole one that a float holds exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from fractions import Fraction
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Any

from attrs import frozen

from perfrules.model import Frozen, Input
from perfrules.plan import Plan
from perfrules.rational import Beyond, Cells, Facts, Form, Program, Term, lower
from perfrules.readings.compiled.functions import FUNCTIONS
from perfrules.readings.compiled.general import FIRST_DAY, LAST_DAY, Slot, Wider
from perfrules.readings.compiled.printing import Printer
from perfrules.records import Headings, read_cell
from perfrules.records.entries import TOTALS
from perfrules.records.headings import ID_HEADINGS
from perfrules.records.spelling import folded, heading_key

PLACES, MOST = 4, 10**12
"""Decimal places of numbers whose input declares none, and the largest whole number that a cell may come to."""
_EXACT = Context(prec=28, traps=[Inexact, InvalidOperation, Overflow])
"""Raises where a Decimal would be rounded, or is not whole."""
_NEAREST = "6755399441055744.0"
"""1.5 × 2⁵²: added and taken away again, it leaves the nearest whole number."""


class NotPlain(ValueError):
    """A cell that goes the long way."""


class Multiples(dict[float | Fraction, Fraction]):
    """Whole multiples of a unit, kept as they are asked for: points are few and come again."""

    def __init__(self, unit: Fraction) -> None:
        super().__init__()
        self.unit = unit

    def __missing__(self, count: float | Fraction) -> Fraction:
        made = (int(count) if isinstance(count, float) else count) * self.unit
        if len(self) < _KEPT:
            self[count] = made
        return made


_KEPT = 20_000
"""Of a unit at most: points up to 200 in hundredths."""


@frozen(slots=False)
class Layout:
    """What stands where in what a plain function gives: nodes with a score by path, then denominators, then grades.

    A node's score is its whole number, over its denominator where it has one, times its unit; so is a label's place.
    """

    paths: tuple[str, ...]
    units: tuple[Fraction, ...]
    dens: tuple[int | None, ...]
    grades: tuple[tuple[str, tuple[str, ...], Fraction], ...]

    @cached_property
    def is_whole(self) -> bool:
        """Whether no score has a denominator of its own."""
        return not any(self.dens)

    @cached_property
    def count(self) -> int:
        """How many nodes have a score."""
        return len(self.paths)

    @cached_property
    def of_whole(self) -> bool:
        """Whether the whole has a score, which is the first then."""
        return self.paths[:1] == ("",)

    @cached_property
    def labels(self) -> tuple[Mapping[float | Fraction, str], ...]:
        """By each grade scale, the label of each place that is a whole number of its unit."""
        return tuple(
            {(i / unit).numerator: label for i, label in enumerate(labels) if (i / unit).denominator == 1}
            for _, labels, unit in self.grades
        )

    @cached_property
    def multiples(self) -> tuple[Multiples, ...]:
        """Of each node's unit, the multiples met so far."""
        by_unit = {unit: Multiples(unit) for unit in self.units}
        return tuple(by_unit[unit] for unit in self.units)


@lru_cache(maxsize=64)
def plain(plan: Plan) -> Plain | None:
    """The plain function of a plan; None where there is none: for rows, or what only the exact reading reads."""
    try:
        return Plain(plan)
    except Beyond:
        return None


class Plain:
    """The plain function of a plan."""

    def __init__(self, plan: Plan) -> None:
        scheme = plan.scheme
        if scheme.rows:
            raise Beyond("rows")
        self.plan = plan
        self.slots = tuple(_Cell.of(each) for each in scheme.inputs.values())
        facts = Facts({c.input.name: c.slot.cells for c in self.slots}, {}, None)
        program = lower(plan, facts)
        nodes = [n for n in plan.nodes if n.score]
        forms = [program.forms[n.score] for n in nodes]
        one = program.terms.one
        over = [f.den for f in forms if f.den is not one]
        places = iter(range(len(forms), len(forms) + len(over)))
        self.layout = Layout(
            tuple(n.node.path for n in nodes),
            tuple(f.factor for f in forms),
            tuple(None if f.den is one else next(places) for f in forms),
            tuple((g.scale.name, g.scale.labels, program.forms[g.rank].factor) for g in plan.grades),
        )
        self._naming(plan)
        self.source, known = self._printed(program, forms, over, [program.forms[g.rank] for g in plan.grades])
        exec(compile(self.source, f"<{scheme.id}>", "exec"), known)  # our own text, of our own nodes
        self.scores: Callable[[Any, Mapping[str, Frozen]], Sequence[Any] | None] = known["plain"]

    # ------------------------------------------------------------------------------------------ what records are called

    def _naming(self, plan: Plan) -> None:
        """Find the headings that tell records apart: one more than the inputs, or one of these."""
        headings = Headings(plan.scheme)
        self.id_input: int | None = None
        for i, name in enumerate(plan.scheme.inputs):
            found = headings.of_record(name)
            if found is None or found.name != name or found.role not in ("id", "input") or found.unit is not None:
                raise Beyond("a heading that stands for something else")
            if found.role == "id":
                self.id_input = i
        mine = dict.fromkeys(filter(None, (plan.scheme.key, *ID_HEADINGS)))
        known = {h: headings.of_record(h) for h in mine if h not in plan.scheme.inputs}
        self.id_headings = tuple(h for h, found in known.items() if found is not None and found.role == "id")

    def name(self, record: Mapping[str, Any]) -> str:
        """What a plain record is called. Raises NotPlain."""
        more = len(record) - len(self.slots)
        if self.id_input is not None:
            if more:
                raise NotPlain
            return name_of(record[self.slots[self.id_input].input.name])
        if not more:
            return "1"
        found = [h for h in self.id_headings if h in record]
        if more != 1 or len(found) != 1:
            raise NotPlain
        return name_of(record[found[0]])

    # ------------------------------------------------------------------------------------------ the text

    def _printed(
        self, program: Program, forms: Sequence[Form], over: Sequence[Term], ranks: Sequence[Form]
    ) -> tuple[str, dict[str, Any]]:
        t = program.terms
        there = [t.whole(f.hole) for f in (*forms, *ranks)]
        numbers = [f.num for f in forms]
        printer = Printer(program, [*numbers, *over, *(f.num for f in ranks), *there], {}, floats=True)
        lines, told = printer.text()
        conditions = told[-len(there) :]
        values = told[: -len(there)]
        whole = [*conditions[: len(forms)], *("True" for _ in over), *conditions[len(forms) :]]
        results = [v if c == "True" else f"({v}) if ({c}) else None" for v, c in zip(values, whole, strict=True)]
        names = {term.args[0]: f"v{i}" for i, term in enumerate(printer.leaves[""])}
        exact = {t.args[0] for t in printer.whole if t.op == "cell"}
        known: dict[str, Any] = {**printer.known, **FUNCTIONS, "Decimal": Decimal, "date": date, "name": self.name}
        known |= {"times": _EXACT.multiply, "whole": _EXACT.to_integral_exact}
        known["unusual"] = (KeyError, TypeError, ValueError, ArithmeticError, Beyond, Wider)
        body = ["name(record)"]
        if self.id_input is None:  # of as many cells as inputs none is a name
            body = [f"if len(record) != {len(self.slots)}:", "    name(record)"]
        if self.slots:
            known["cells"] = itemgetter(*(c.input.name for c in self.slots))
            several = "".join(f"c{i}, " for i in range(len(self.slots)))
            body.append(f"{several if len(self.slots) > 1 else 'c0 '}= cells(record)")
        for i, cell in enumerate(self.slots):
            name = cell.input.name
            known[f"other{i}"] = cell.other
            body += cell.text(f"c{i}", names.get(name, "v"), f"other{i}", known, exact=name in exact)
        body += [*lines, f"return ({''.join(f'{r}, ' for r in results)})"]
        head = [
            "def plain(record, frozen, type=type, float=float):",
            "    if type(record) is not dict:",
            "        return None",
        ]
        tail = ["    except unusual:", "        return None", ""]
        return "\n".join([*head, "    try:", *(f"        {line}" for line in body), *tail]), known


def name_of(value: object) -> str:
    """What a record is called by a cell. Raises NotPlain."""
    if type(value) is int and abs(value) < MOST:
        return str(value)
    name = folded(value) if type(value) is str else ""
    if not name or not name.isprintable() or heading_key(name) in TOTALS:
        raise NotPlain
    return name


@frozen
class _Cell:
    """One input: how its raw values become whole numbers."""

    input: Input
    slot: Slot
    places: int

    @classmethod
    def of(cls, input: Input) -> _Cell:
        if input.kind == "measure":
            raise Beyond("a measure")
        percent = input.unit is not None and input.unit.percent
        if input.kind != "number":
            return cls(input, Slot.of(input, 0, 0), 0).without_holes()
        written = (
            input.unit.factor if percent and input.written == "percent" and input.unit is not None else Fraction(1)
        )
        places = PLACES if input.decimals is None else input.decimals
        if input.decimals is None and percent and input.written != "percent":
            places += 2
        elif percent and input.decimals is not None and input.written == "percent":
            places = max(places - 2, 0)
        scale = 10**places / written
        low, high = (None if e is None else e * scale for e in input.ends)
        cells = Cells(
            input.scale / scale,
            -MOST if low is None else max(-(-low.numerator // low.denominator), -MOST),
            MOST if high is None else min(high.numerator // high.denominator, MOST),
        )
        return cls(input, Slot(input.name, "number", cells), places).without_holes()

    def without_holes(self) -> _Cell:
        """The same, where no cell is a hole."""
        cells = self.slot.cells
        there = Cells(cells.factor, cells.low, cells.high, frozenset({""}))
        return _Cell(self.input, Slot(self.slot.name, self.slot.kind, there), self.places)

    def other(self, raw: object) -> Any:
        """What a cell of another Python type comes to, read as any record's. Raises NotPlain."""
        if type(raw) not in (str, int, float, Decimal, bool, date, datetime):
            raise NotPlain
        cell, found = read_cell(raw, self.input)
        hole, _, whole, words = self.slot.read(cell.value)
        if hole is not None or any(f.severity == "error" for f in found):
            raise NotPlain
        return words if self.input.kind in ("choice", "text") else whole

    def text(self, raw: str, name: str, other: str, known: dict[str, Any], *, exact: bool) -> list[str]:
        """The statements that make a value of a raw one, or give up."""
        match self.input.kind:
            case "number":
                return self._number(raw, name, other, known, exact=exact)
            case "boolean":
                return [f"{name} = {raw} if type({raw}) is bool else {other}({raw})"]
            case "choice":
                own = f"choices_{other}"
                known[own] = frozenset(c for c in self.input.choices if self._plain_choice(c))
                return [f"{name} = {raw} if {raw} in {own} else {other}({raw})"]
            case "date":
                low, high = self.slot.cells.low or FIRST_DAY, self.slot.cells.high or LAST_DAY
                within = (
                    []
                    if (low, high) == (FIRST_DAY, LAST_DAY)
                    else [f"if not {low} <= {name} <= {high}:", "    return None"]
                )
                return [f"{name} = {raw}.toordinal() if type({raw}) is date else {other}({raw})", *within]
            case _:
                return [f"{name} = {other}({raw})"]

    def _plain_choice(self, choice: str) -> bool:
        try:
            return bool(self.other(choice) == choice)
        except (NotPlain, Wider, Beyond):
            return False

    def _number(self, raw: str, name: str, other: str, known: dict[str, Any], *, exact: bool) -> list[str]:
        scale, low, high = 10**self.places, self.slot.cells.low, self.slot.cells.high
        known[f"scale{self.places}"] = Decimal(scale)
        of = raw if scale == 1 else f"{raw} * {scale}.0"
        back = name if scale == 1 else f"{name} / {scale}.0"
        outside = f"if {name} < {low}.0 or {name} > {high}.0:"
        return [
            f"if type({raw}) is float:",
            f"    {name} = {of} + {_NEAREST} - {_NEAREST}",
            f"    if {back} != {raw} or {outside.removeprefix('if ')}",
            "        return None",
            *([f"    {name} = int({name})"] if exact else []),
            "else:",
            f"    if type({raw}) is Decimal:",
            f"        {name} = int(whole(times({raw}, scale{self.places})))",
            f"    elif type({raw}) is int:",
            f"        {name} = {raw} * {scale}",
            "    else:",
            f"        {name} = {other}({raw})",
            *([] if exact else [f"    {name} = float({name})"]),
            f"    {outside}",
            "        return None",
        ]
