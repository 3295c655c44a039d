"""Draws formulas as an author might write them 拟写公式: well-kinded texts over the names of a scope."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, TypeVar

from attrs import evolve, frozen
from hypothesis import strategies as st

from perfrules.model import Input
from perfrules.numbers import unit
from perfrules.parsing import is_name

T = TypeVar("T")
LITERALS = (
    "0", "1", "2", "3", "5", "10", "20", "50", "60", "80", "90", "100", "0.5", "0.005",
    "1.005", "2.675", "33.335", "12.5", "90%", "60%", "100%", "1%",
)  # fmt: skip
ODD_LITERALS = ("1000000000000", "123456789.987654321", "0.000000000001", "3333.3333", "0.1428571")
"""Numbers as no form prints them: large, small, of many digits."""
DAYS = ("2023-01-01", "2023-06-30", "2023-12-31", "2024-02-29")
LABELS = ("优", "良", "中", "差")
_PARTS = ("不计", "按比例", "计一档", "别的")
FOCUSES = ("leaves", "edges", "groups", "rows", "definitions", "everything")
"""What schemes may be drawn to have more of."""


def exact(text: str) -> Fraction:
    """The number that a literal stands for."""
    return Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)


@frozen
class Called:
    """A definition as formulas may call it: with so many arguments, where `points` is known if it reads them."""

    name: str
    parameters: tuple[str, ...]
    least: int
    points: bool
    truth: bool = False


@frozen
class Scope:
    """The names that a formula may say at one place, by what they are; pure numbers, and amounts of one dimension."""

    pure: tuple[str, ...] = ()
    money: tuple[str, ...] = ()
    truths: tuple[str, ...] = ()
    choices: tuple[tuple[str, tuple[str, ...]], ...] = ()
    days: tuple[str, ...] = ()
    calls: tuple[Called, ...] = ()
    rows: tuple[tuple[str, Scope], ...] = ()
    groups: tuple[tuple[str, bool], ...] = ()
    points: bool = False
    askable: bool = True

    def plus(self, **more: Any) -> Scope:
        """The scope with more names of some kinds."""
        changed: dict[str, Any] = {k: (*getattr(self, k), *v) if isinstance(v, tuple) else v for k, v in more.items()}
        return evolve(self, **changed)

    @property
    def named(self) -> tuple[str, ...]:
        """What `present` can ask of."""
        return (*self.pure, *self.money, *self.truths, *(n for n, _ in self.choices), *self.days)


class Author:
    """Draws formulas; `powers` says whether among them are `ln`, `exp` and `power`."""

    def __init__(self, draw: st.DrawFn, *, prelude: bool = True, powers: bool = False) -> None:
        self._draw, self.prelude, self.powers, self.count = draw, prelude, powers, 0

    def pick(self, options: Iterable[T]) -> T:
        """One of several; shrinks to the first."""
        return self._draw(st.sampled_from(list(options)))

    def chance(self, per_cent: int) -> bool:
        """Whether something happens that does so often; shrinks to no."""
        return self._draw(st.integers(0, 99)) >= 100 - per_cent

    def whole(self, low: int, high: int) -> int:
        """A whole number between two."""
        return self._draw(st.integers(low, high))

    def fresh(self, word: str) -> str:
        """A name that was not given yet."""
        self.count += 1
        return f"{word}{self.count}"

    # ------------------------------------------------------------------------------------------ formulas

    def number(self, scope: Scope, depth: int = 3, money: bool = False) -> str:
        """A formula of a pure number, or of an amount of money."""
        names = scope.money if money else (*scope.pure, *(("points",) if scope.points else ()))
        if depth <= 0 or not self.chance(75):
            if names and self.chance(70):
                return self.pick(names)
            literals = LITERALS[: -4 if money else None]  # a percentage is a pure number, a bare literal of any unit
            return self.pick(ODD_LITERALS if self.chance(4) else literals)

        def more(as_money: bool = money) -> str:
            return self.number(scope, depth - 1, as_money)

        calls = [c for c in scope.calls if not c.truth and not money and (scope.points or not c.points)]
        ways: list[Callable[[], str]] = [
            lambda: f"({more()} + {more()})",
            lambda: f"({more()} - {more()})",
            lambda: f"({more()} * {more(False)})",
            lambda: f"({more()} / {more(False)})",
            lambda: f"(-{more()})",
            lambda: f"min({more()}, {more()})",
            lambda: f"max({more()}, {more()}, {more()})",
            lambda: f"abs({more()})",
            lambda: f"({more()} if {self.truth(scope, depth - 1)} else {more()})",
        ]
        if not money:
            ways += [
                lambda: f"({more(True)} / {more(True)})",
                lambda: f"floor({more()})",
                lambda: f"round({more()}, {self.whole(0, 3)})",
            ]
        if not money and self.prelude:
            ways += [
                lambda: f"clip({more()}, {more()}, {more()})",
                lambda: f"steps_over({more()}, 10, 0.5, '{self.pick(_PARTS)}')",
            ]
        if not money and self.powers and self.chance(30):
            ways += [
                lambda: f"ln({more()})",
                lambda: f"exp(min({more()}, 5))",
                lambda: f"power({more()}, {self.pick(('2', '3', '0.5', '-1', '1.5'))})",
            ]
        if scope.days and not money:
            ways.append(lambda: f"(({self.pick(scope.days)} - {self.day(scope)}) / {self.pick(('10', '365', '0'))})")
        if scope.named and scope.askable:
            ways.append(lambda: f"({more()} if present({self.pick(scope.named)}) else {more()})")
        if calls:
            ways += [lambda: self.call(self.pick(calls), scope, depth)] * 3
        return self.pick(ways)()

    def call(self, called: Called, scope: Scope, depth: int) -> str:
        """A call of a definition, its later arguments perhaps left to their defaults."""
        count = self.whole(called.least, len(called.parameters))
        return f"{called.name}({', '.join(self.number(scope, depth - 1) for _ in range(count))})"

    def day(self, scope: Scope) -> str:
        """A day: a name, or quoted."""
        return self.pick((*scope.days, *(f"'{d}'" for d in DAYS)))

    def truth(self, scope: Scope, depth: int = 2) -> str:
        """A formula of a condition."""

        def compared() -> str:
            money = bool(scope.money) and self.chance(30)
            sign = self.pick(("<", "<=", ">", ">=", "==", "!="))
            text = f"{self.number(scope, depth - 1, money)} {sign} {self.number(scope, depth - 1, money)}"
            if self.chance(20):
                text += f" {self.pick(('<', '<=', '!='))} {self.number(scope, depth - 1, money)}"
            return f"({text})"

        def chosen() -> str:
            name, labels = self.pick(scope.choices)
            return f"({name} {self.pick(('==', '!='))} '{self.pick(labels)}')"

        ways: list[Callable[[], str]] = [compared, compared]
        if scope.choices:
            ways.append(chosen)
        if scope.truths:
            ways.append(lambda: self.pick(scope.truths))
        if scope.named and scope.askable:
            ways.append(lambda: f"present({self.pick(scope.named)})")
        if scope.days:
            ways.append(lambda: f"({self.pick(scope.days)} {self.pick(('<', '>=', '=='))} {self.day(scope)})")
            ways.append(lambda: f"({self.pick(scope.days)} + {self.whole(0, 200)} > {self.day(scope)})")
        calls = [c for c in scope.calls if c.truth and (scope.points or not c.points)]
        if calls:
            ways.append(lambda: self.call(self.pick(calls), scope, depth))
        if depth > 0:
            ways += [
                lambda: f"({self.truth(scope, depth - 1)} and {self.truth(scope, depth - 1)})",
                lambda: f"({self.truth(scope, depth - 1)} or {self.truth(scope, depth - 1)})",
                lambda: f"(not {self.truth(scope, depth - 1)})",
                lambda: f"({self.truth(scope, depth - 1)} == {self.truth(scope, depth - 1)})",
            ]
        return self.pick(ways)()


def default_inputs() -> dict[str, Input]:
    """The inputs that formulas are over where none are given: two numbers, a ratio, two amounts of money, a boolean, a
    choice, a day."""
    zero, one = Fraction(0), Fraction(1)
    made = [
        Input("甲", "number", low=Fraction(-10), high=Fraction(100)),
        Input("乙", "number"),
        Input("率", "number", unit=unit("%"), low=zero, high=one),
        Input("收", "number", unit=unit("元"), low=zero),
        Input("支", "number", unit=unit("万元"), scale=Fraction(10_000), low=zero),
        Input("否", "boolean"),
        Input("类别", "choice", choices=LABELS),
        Input("开工", "date"),
    ]
    return {each.name: each for each in made}


def scope_of(author: Author, inputs: Mapping[str, Input]) -> Scope:
    """What formulas over these inputs may say: of amounts with a unit, those of one dimension, which is drawn."""
    numbers = [i for i in inputs.values() if i.kind == "number" and is_name(i.name)]
    dimensions = list(dict.fromkeys(i.unit.dimension for i in numbers if i.unit is not None and i.unit.dimension))
    chosen = author.pick(dimensions) if dimensions else ()
    by_kind = {kind: [i for i in inputs.values() if i.kind == kind] for kind in ("boolean", "choice", "date")}
    return Scope(
        pure=tuple(i.name for i in numbers if i.unit is None or not i.unit.dimension),
        money=tuple(i.name for i in numbers if i.unit is not None and chosen and i.unit.dimension == chosen),
        truths=tuple(i.name for i in by_kind["boolean"]),
        choices=tuple((i.name, i.choices) for i in by_kind["choice"]),
        days=tuple(i.name for i in by_kind["date"]),
    )
