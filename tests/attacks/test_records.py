"""Hostile records: whatever object stands for one, it is scored, or refused by findings."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import attrs
import pytest

import perfrules
from perfrules.model import Cell, Hole, Record, Row, Ruling
from perfrules.scorecards import canonical

SCHEME = perfrules.loads(
    """perfrules: 1
scheme: a.b
title: t
inputs:
  x: {kind: number, min: 0, optional: true}
  y: {kind: number, unit: "%", optional: true}
  b: {kind: boolean, optional: true}
  d: {kind: date, optional: true}
  c: {kind: choice, choices: [甲, 乙], optional: true}
  t: {kind: text, optional: true}
rows:
  行:
    name: 名
    columns: {名: {kind: text}, 分: {kind: number}, m: {kind: measure, optional: true}}
    points: 分
    formula: clip(m, 0, 1) * points
tree:
  children:
    甲项: {points: 5, cases: {b: 1, d > '2023-01-01': 2, c == '甲': 3, else: "clip(x, 0, 5)"}, missing: zero}
    乙项: {points: 5, adjustable: true, rows: 行}
"""
)


class Raising:
    """An object whose every property raises."""

    x: Any

    def __init__(self) -> None:
        self.__dict__["x"] = 1

    @property
    def y(self) -> Any:
        raise RuntimeError("no")

    def __getattr__(self, name: str) -> Any:
        raise KeyError(name)


@attrs.define
class Torn:
    """A class of attrs with an attribute that was never set."""

    x: Any = attrs.field(init=False)
    y: Any = 1


@dataclasses.dataclass
class Lying:
    """A dataclass whose field raises when it is read."""

    x: Any = 1

    def __getattribute__(self, name: str) -> Any:
        if name == "x":
            raise ZeroDivisionError
        return super().__getattribute__(name)


class Endless(Mapping):
    """A mapping without end."""

    def __getitem__(self, key: str) -> Any:
        return 1

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 10**9


class Treacherous(Mapping):
    """A mapping that raises for every key it names."""

    def __getitem__(self, key: str) -> Any:
        raise RecursionError

    def __iter__(self) -> Any:
        return iter(["x", "y"])

    def __len__(self) -> int:
        return 2


class Slots:
    __slots__ = ("x",)


class Shouting(str):
    """A text with methods of its own."""

    def strip(self, *_: Any) -> str:
        raise RuntimeError("no")

    def __str__(self) -> str:
        raise RuntimeError("no")


class Colour(enum.Enum):
    RED = "甲"


class Wild(NamedTuple):
    x: Any = 1
    y: Any = "95%"


class Int(int):
    """A whole number that says otherwise."""

    def __abs__(self) -> Any:
        raise RuntimeError("no")

    def __str__(self) -> str:
        raise RuntimeError("no")


class Float(float):
    def __repr__(self) -> str:
        return "__import__('os')"


KNOT: dict[str, Any] = {"x": 1}
KNOT["行"] = [KNOT]
KNOT["knot"] = KNOT
VALUES: dict[str, Any] = {
    "a huge whole number": 10**5000,
    "a larger one": 1 << 10_000_000,
    "NaN": float("nan"),
    "infinity": float("inf"),
    "a number of nothing": Decimal("NaN"),
    "a number that signals": Decimal("sNaN"),
    "a large exponent": Decimal("1e999999999"),
    "a small exponent": Decimal("1e-999999999"),
    "a deep fraction": Fraction(1, 10**5000),
    "a complex number": 1j,
    "a truth": True,
    "a boolean's words": "True",
    "a list": [1],
    "an empty list": [],
    "a mapping": {"x": 1},
    "a set": {1},
    "bytes": b"1",
    "a function": lambda: 1,
    "a generator": (i for i in range(9)),
    "a class": int,
    "a module": dataclasses,
    "an exception": ValueError("x"),
    "an object": object(),
    "an enumeration": Colour.RED,
    "a text of its own": Shouting("5"),
    "a number of its own": Int(5),
    "a float of its own": Float(5),
    "half a character": "\ud800",
    "NUL": "\0",
    "an escape of the terminal": "\x1b[2J\x9b",
    "the other direction": "\u202e5",
    "a long text": "9" * 100_000,
    "brackets": "(" * 10_000,
    "digits": "9" * 50,
    "an exponent": "1e400",
    "hexadecimal": "0x10",
    "Arabic digits": "٣",
    "superscripts": "5²",
    "a formula": "=1+1",
    "a command": "=cmd|'/C calc'!A0",
    "a formula of ours": "points * 10",
    "a walk": "{0.__class__}",
    "the first day": date.min,
    "the last day": date.max,
    "a moment": datetime.max.replace(tzinfo=timezone(timedelta(hours=14))),
    "the day 0": "0000-00-00",
    "a day too late": "10000-01-01",
    "many days": "2023-01-01" * 1000,
    "blank characters": "\u3000\u200b\ufeff",
    "a hole": Hole("missing"),
    "a cell": Cell(Fraction(1)),
}
DECIDED = {"reason": "r", "by": "b", "date": "2023-01-01"}
RECORDS: dict[str, Any] = {
    "nothing": None,
    "a number": 1,
    "a text": "x",
    "bytes": b"x",
    "a list": [],
    "a list of records": [{"x": 1}],
    "a class": Raising,
    "an object that raises": Raising(),
    "a torn object": Torn(),
    "a lying object": Lying(),
    "an endless mapping": Endless(),
    "a treacherous mapping": Treacherous(),
    "slots": Slots(),
    "a named tuple": Wild(),
    "a generator": (i for i in [("x", 1)]),
    "a function": lambda: {"x": 1},
    "a knot": KNOT,
    "a module": dataclasses,
    "keys that are no text": {1: 1, None: 2, ("x",): 3, 1.5: 4, b"x": 5, Colour.RED: 6, "\ud800": 7, "": 8},
    "keys of its own": {Shouting("x"): 1},
    "ten thousand keys": {f"k{i}": i for i in range(10_000)},
    "keys of Python": {"__class__": 1, "__dict__": {}, "__getitem__": 1},
    "keys of the plan": {"甲项": 5, "甲项__body": 5, "points": 9, "score": 9, "总分": 100},
    "a long key": {"x" * 100_000: 1},
    "escapes in keys": {"\x1b[2J\n": 1},
    "rows that are none": {"行": 5},
    "rows that are a mapping": {"行": {"名": 1}},
    "rows of nothing": {"行": [None, 1, "x", [], [[]]]},
    "rows in rows": {"行": [{"名": "a", "分": 1, "行": [{"名": "b"}]}]},
    "a generator of rows": {"行": ({"名": i} for i in range(9))},
    "rows without a name": {"行": [{"分": 1, "m": 1}] * 100},
    "many rows": {"行": [{"名": f"r{i}", "分": f"0.{i}7", "m": f"0.{i}3"} for i in range(2000)]},
    "rulings that are none": {"rulings": 5},
    "rulings on nothing": {"rulings": [{"path": "zz", "points": 1, **DECIDED}]},
    "rulings of nothing": {"rulings": [{}, None, {"path": None}, {"path": [], "points": {}}, {"zz": 1}]},
    "a ruling beyond measure": {"rulings": [{"path": "甲项", "points": 10**39, **DECIDED}]},
    "rulings on many rows": {
        "rulings": [{"path": f"乙项/{i}", "points": 1, **DECIDED} for i in range(2000)],
        "行": [{"名": str(i), "分": 1, "m": 1} for i in range(500)],
    },
}


def ends(thing: Any) -> None:
    """Score a record: a card comes of it that can be told, or findings."""
    try:
        card = perfrules.score(SCHEME, thing)
    except perfrules.RecordError as refused:
        told = str(refused)
    else:
        told = "\n".join(f.render() for f in card.findings) + str(card) + card.explain() + canonical(card)
    assert told
    assert "\x1b" not in told.replace("\\u001b", "")


@pytest.mark.parametrize("thing", RECORDS.values(), ids=RECORDS)
def test_any_object_is_a_record_or_refused(thing):
    """Whatever is handed over for a record is scored or refused; nothing else comes of it."""
    ends(thing)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("name", ["x", "y", "b", "d", "c", "t"])
def test_any_value_is_a_datum_or_refused(name, value):
    """Whatever stands for a datum is read or refused, whichever kind of datum is wanted."""
    ends({name: value})


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_any_value_stands_in_a_row_or_is_refused(value):
    """The same in rows: for a name, for points, for a measure."""
    for column in ("名", "分", "m"):
        ends({"x": 1, "行": [{"名": "a", "分": 1, "m": 1, column: value}]})
    ends({"行": [{"名": "a", "分": 5, "m": value}, value]})
    ends({"行": value})
    ends({"rulings": [{"path": value, "points": value, "reason": value, "by": value, "date": value}]})


def test_a_record_made_by_hand_is_scored():
    """A Record is taken as it is: what it lacks is missing, and a ruling on it stands."""
    rows = {"行": (Row(1, "a", {"分": Cell(Fraction(2))}), Row(1, "a", {}))}
    record = Record("\x1b[2J", {"x": Cell(Hole("undefined"))}, rows)
    rulings = [Ruling("甲项", Fraction(1, 3), "r", "b", date.max), Ruling("", Fraction(1), "r", "b", date.min)]
    card = perfrules.score(SCHEME, record, rulings=rulings)
    assert card.points == 1
    assert canonical(card)
