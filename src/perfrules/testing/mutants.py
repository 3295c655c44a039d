"""Mutants 变异体: a scheme with one thing in it changed, as a slip of the pen would change it.

The grammar says what each place of a scheme file is; so every number, comparison, direction, rounding and policy that bears
on points and grades has its mutants, and nothing else has.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal, assert_never

from attrs import evolve, frozen

from perfrules import nodes
from perfrules.findings import PerfrulesError
from perfrules.formula import Formula, walk
from perfrules.grammar import FORMS
from perfrules.model import Scheme
from perfrules.nodes import Node, Span
from perfrules.parsing import FormulaProblems
from perfrules.testing.places import Place, line_finder

Sort = Literal[
    "threshold", "weight", "cap", "number", "comparison", "direction", "arithmetic", "policy", "rounding", "aggregation"
]

_BEARING = ("rows", "values", "definitions", "tree", "benchmarks", "grades")
"""The parts of a scheme file that bear on points and grades; checks, published figures and procedures do not."""
_LEFT = frozenset({"columns", "checks", "claims", "title", "reason", "labels", "scale"})
_SORTS: dict[str, Sort] = {
    "points": "weight", "weight": "weight", "scale_to": "weight", "at_most": "cap", "between": "cap",
    "from": "threshold", "above": "threshold", "to": "threshold", "below": "threshold", "at_least": "threshold",
    "at": "threshold", "k": "threshold", "round": "rounding", "places": "rounding",
}  # fmt: skip
_TURNED = {
    "refuse": "zero", "zero": "full", "full": "zero", "exclude": "zero",
    "half_up": "down", "down": "up", "up": "down", "rounded": "raw", "raw": "rounded",
    "sum": "max", "mean": "max", "product": "min", "geometric": "mean", "min": "max", "max": "min",
    "absent": "zero", "nearest_rank": "linear", "linear": "nearest_rank",
}  # fmt: skip
_EDGES = {"from": "above", "above": "from", "to": "below", "below": "to"}
_SIGNS: dict[str, tuple[str, ...]] = {
    "<": ("<=", ">"), "<=": ("<", ">="), ">": (">=", "<"), ">=": (">", "<="), "==": ("!=",), "!=": ("==",),
}  # fmt: skip
_OPERATIONS = {"+": "-", "-": "+", "*": "/", "/": "*"}
_WRITTEN_SIGN = re.compile(r"<=|>=|==|!=|[<>≤≥≠＜＞＝]")
_WRITTEN_OPERATION = re.compile(r"[-+*/×÷＋－—＊／]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([%％]?)")


@frozen
class Mutant:
    """One change to a scheme 变异体: where (keys from the top), of what sort, what stood there and what stands there now.

    `text` is the changed scheme, as JSON that loads; `line` is where the place is in the author's own file, 0 where it is in
    another (or the scheme amends one).
    """

    place: Place
    sort: Sort
    before: str
    after: str
    text: str
    line: int = 0

    @property
    def where(self) -> str:
        """The place in words: its keys, one after another."""
        return " › ".join(str(key) for key in self.place)


def mutants(scheme: Scheme) -> Iterator[Mutant]:
    """Every mutant of a scheme, in the order of its file. The definitions of the prelude are not its author's to change."""
    data = json.loads(scheme.text)
    keys = FORMS["scheme"].keys
    line = line_finder(scheme)
    kinds = {each.name: each.kind for each in scheme.inputs.values()}
    prelude = {name for name, definition in scheme.definitions.items() if definition.origin == "prelude"}
    for key in _BEARING:
        if key in data:
            for change in _shape(data[key], keys[key].shape, (key,), "number"):
                borrowed = key == "definitions" and str(change.place[1]).partition("(")[0] in prelude
                if not borrowed and not change.is_clash(kinds):
                    yield evolve(change.made(data), line=line(change.place))


@frozen
class _Change:
    """A change before it is made: at a place another value, or (`key`) another key for what stands there."""

    place: Place
    sort: Sort
    before: str
    after: str
    value: Any = None
    key: str | None = None
    swapped: tuple[str, str] | None = None

    def is_clash(self, kinds: Mapping[str, str]) -> bool:
        """Whether it swaps arguments of different kinds, which nobody mistakes for each other: a figure for an input, or a
        date for a number."""
        if self.swapped is None:
            return False
        a, b = (kinds.get(text, "figure" if _NUMBER.fullmatch(text) else "formula") for text in self.swapped)
        return a != b

    def made(self, data: dict[str, Any]) -> Mutant:
        changed = copy.deepcopy(data)
        holder: Any = changed
        for step in self.place[:-1]:
            holder = holder[step]
        last = self.place[-1]
        if self.key is None:
            holder[last] = self.value
        else:  # in its old place among its siblings, whose order may tell
            pairs = [(self.key if key == last else key, value) for key, value in holder.items()]
            holder.clear()
            holder.update(pairs)
        return Mutant(self.place, self.sort, self.before, self.after, json.dumps(changed, ensure_ascii=False))


# ------------------------------------------------------------------------------------------------ by shape


def _shape(value: Any, shape: str, place: Place, sort: Sort) -> Iterator[_Change]:
    """The changes to a value of a shape of the grammar."""
    for one in shape.split(" or "):
        word, _, rest = one.partition(":")
        if not _is(value, word, rest):
            continue
        match word:
            case "form":
                yield from _form(value, rest, place)
            case "map":
                for key, inner in value.items():
                    if rest == "outcome":
                        yield from _arm(key, place, sort)
                    bounds = rest == "form:adjustment" and isinstance(
                        inner, list
                    )  # `between` beside them: of their sum
                    yield from _shape(
                        inner, "list:constant" if bounds else rest, (*place, key), "cap" if bounds else sort
                    )
            case "list":
                for index, inner in enumerate(value):
                    yield from _shape(inner, rest, (*place, index), sort)
            case "value" | "definition" | "outcome":
                if isinstance(value, dict):
                    yield from _form(value, word, place)
                else:
                    yield from _formula(value, place, "number")
            case "band":
                for index, cut in enumerate(value[:2]):
                    yield from _formula(cut, (*place, index), "threshold")
                yield from _shape(value[2], "outcome", (*place, 2), "number")
            case "enum":
                yield from _turned(value, place, rest.split("|"))
            case "number" | "integer" | "constant":
                yield from _formula(value, place, sort)
            case "formula":
                yield from _formula(value, place, sort)
            case _:
                pass
        return


def _is(value: Any, word: str, rest: str) -> bool:
    """Whether a value is of one of the shapes that a key may have."""
    match word:
        case "form" | "map":
            return isinstance(value, dict)
        case "list" | "band":
            return isinstance(value, list)
        case "enum":
            return str(value) in rest.split("|")
        case "integer" | "number" | "constant" | "formula":
            return isinstance(value, int | float | str) and not isinstance(value, bool)
        case _:
            return True


def _form(value: dict[str, Any], form: str, place: Place) -> Iterator[_Change]:
    keys = FORMS[form].keys
    for key, inner in value.items():
        if key in _LEFT or key not in keys:
            continue
        if key in _EDGES and form == "bands":
            yield _Change((*place, key), "comparison", key, _EDGES[key], key=_EDGES[key])
        if key == "rule":
            yield from _swapped(inner, (*place, key))
        yield from _shape(inner, keys[key].shape, (*place, key), _SORTS.get(key, "number"))


def _arm(key: str, place: Place, sort: Sort) -> Iterator[_Change]:
    """The changes to what stands before an outcome: a cut point or a condition."""
    if key == "else":
        return
    for text, after, of in _texts(key, sort):
        yield _Change((*place, key), of, text, after, key=after)


def _swapped(rule: dict[str, Any], place: Place) -> Iterator[_Change]:
    """Two arguments of a rule in each other's place."""
    for name, arguments in rule.items():
        given = list(arguments.items())
        for (a, x), (b, y) in pairwise(given):
            if x != y:
                after = {**arguments, a: y, b: x}
                told = f"{a}: {x}, {b}: {y}", f"{a}: {y}, {b}: {x}"
                yield _Change((*place, name), "direction", *told, after, swapped=(str(x), str(y)))


def _turned(value: Any, place: Place, words: Sequence[str]) -> Iterator[_Change]:
    after = _TURNED.get(str(value))
    if after is not None and after in words:
        sort: Sort = "policy" if "refuse" in words else "aggregation" if "sum" in words else "rounding"
        yield _Change(place, sort, str(value), after, after)


def _formula(value: Any, place: Place, sort: Sort) -> Iterator[_Change]:
    for before, after, of in _texts(str(value), sort):
        yield _Change(place, of, before, after, after)


# ------------------------------------------------------------------------------------------------ in a formula


def _texts(text: str, sort: Sort) -> Iterator[tuple[str, str, Sort]]:
    """Each changed form of a formula or number: the text, the changed text, and the sort of change."""
    if _NUMBER.fullmatch(text):
        for moved in _moved(text):
            yield text, moved, sort
        return
    try:
        formula = Formula.parse(text)
    except (FormulaProblems, PerfrulesError):
        return
    seen: set[str] = set()
    for node in walk(formula.node):
        for at, word, of in _edits(node, text):
            changed = text[: at[0]] + word + text[at[1] :]
            if changed not in seen:
                seen.add(changed)
                yield text, changed, of


def _moved(number: str) -> Iterator[str]:
    """A number one step of its last digit up and down; 0 and 1 only away from what it may not pass."""
    sign = number[-1] if number[-1] in "%％" else ""
    plain = Decimal(number.rstrip("%％"))
    step = Decimal(1).scaleb(int(plain.as_tuple().exponent))
    for moved in (plain + step, plain - step):
        if moved >= 0 or plain < 0:
            yield f"{moved:f}{sign}"


def _edits(node: Node, text: str) -> Iterator[tuple[Span, str, Sort]]:
    """The changes to one node, as spans of the text and what stands there instead."""
    match node:
        case nodes.Number(at=at):
            if _NUMBER.fullmatch(text[at[0] : at[1]]):
                for moved in _moved(text[at[0] : at[1]]):
                    yield at, moved, "number"
        case nodes.Compare(first=first, links=links):
            left = first
            for sign, right in links:
                found = _between(left, right, text, _WRITTEN_SIGN)
                for other in _SIGNS[sign] if found else ():
                    assert found is not None
                    turned = sign[0] != other[0] and sign[0] in "<>"
                    yield found, other, "direction" if turned else "comparison"
                left = right
        case nodes.Arithmetic(sign=sign, left=left, right=right):
            found = _between(left, right, text, _WRITTEN_OPERATION)
            if found:
                yield found, _OPERATIONS[sign], "arithmetic"
        case nodes.Logic(sign=sign, operands=operands):
            for left, right in pairwise(operands):
                found = _between(left, right, text, re.compile(rf"\b{sign}\b"))
                if found:
                    yield found, "or" if sign == "and" else "and", "comparison"
        case nodes.Primitive(function="min" | "max" as function, at=at) if text.startswith(function, at[0]):
            yield (at[0], at[0] + 3), "max" if function == "min" else "min", "direction"
        case nodes.Use(arguments=arguments):  # two names in each other's place
            for left, right in pairwise(arguments):
                if isinstance(left, nodes.Name) and isinstance(right, nodes.Name) and left.name != right.name:
                    between = text[left.at[1] : right.at[0]]
                    yield (left.at[0], right.at[1]), f"{right.name}{between}{left.name}", "direction"
        case (
            nodes.Text() | nodes.Truth() | nodes.Name() | nodes.Present() | nodes.HoleOf() | nodes.Reach()
            | nodes.Negate() | nodes.Not() | nodes.If() | nodes.Primitive()
        ):  # fmt: skip
            return
        case _:
            assert_never(node)


def _between(left: Node, right: Node, text: str, written: re.Pattern[str]) -> Span | None:
    """Where the sign between two operands stands."""
    found = written.search(text, left.at[1], right.at[0])
    return found.span() if found else None
