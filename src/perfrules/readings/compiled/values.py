"""From the whole numbers that a compiled plan comes to, back to what every reading gives: data and holes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from attrs import frozen

from perfrules.model import Datum, Hole
from perfrules.rational import DAY, NUMBER, Form, FormKind, Term


@frozen(eq=False)
class Reader:
    """Where the parts of a form stand among whole numbers, and how they are read together."""

    kind: FormKind
    factor: tuple[int, int]
    hole: int
    num: int
    den: int
    tag: int
    words: int

    def value(self, raw: Sequence[Any]) -> Datum | Hole:
        """The datum or hole."""
        hole: Hole | None = raw[self.hole]
        if hole is not None:
            return hole
        kind: FormKind = self.kind
        if kind == "measure":
            tag = raw[self.tag]
            kind = "number" if tag == NUMBER else "date" if tag == DAY else "text"
        num = raw[self.words] if kind == "text" else raw[self.num]
        match kind:
            case "number":
                return self.number(num, raw[self.den])
            case "date":  # a measure's ordinal counts in its factor
                return date.fromordinal(int(num) * self.factor[0] // self.factor[1])
            case _:
                datum: Datum = num
                return datum

    def number(self, num: int, den: int) -> Fraction:
        """The number that its whole numbers say."""
        return Fraction(self.factor[0] * num, self.factor[1] * den)


class Wanted:
    """The terms that forms want, each once, in order; and where each form finds its own."""

    def __init__(self) -> None:
        self.terms: list[Term] = []
        self._places: dict[Term, int] = {}

    def reader(self, form: Form) -> Reader:
        """Want a form."""
        words = form.num if form.kind == "text" else form.words
        parts = (form.hole, form.num, form.den, form.tag or form.den, words or form.den)
        factor = (1, 1) if form.kind == "date" else (form.factor.numerator, form.factor.denominator)
        return Reader(form.kind, factor, *map(self._place, parts))

    def _place(self, term: Term) -> int:
        if term not in self._places:
            self._places[term] = len(self.terms)
            self.terms.append(term)
        return self._places[term]


class Values(Mapping[str, Datum | Hole]):
    """Data and holes by name, each read from the whole numbers when it is first asked for."""

    def __init__(self, readers: Mapping[str, Reader], raw: Sequence[Any], known: dict[str, Datum | Hole]) -> None:
        self._readers = readers
        self._raw = raw
        self._known = known

    def __getitem__(self, name: str) -> Datum | Hole:
        try:
            return self._known[name]
        except KeyError:
            value = self._known[name] = self._readers[name].value(self._raw)
            return value

    def __contains__(self, name: object) -> bool:
        return name in self._readers

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)

    def __repr__(self) -> str:
        return repr(dict(self))
