"""What scores rest on, and holes in words."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from perfrules import model
from perfrules.formula import Formula
from perfrules.model import Hole, Line, Provenance
from perfrules.plan import Plan, Stage


class Foundations:
    """What formulas rest on, by the definitions they call and the values they read."""

    def __init__(self, plan: Plan) -> None:
        self.scheme = plan.scheme
        self.known = plan.foundations
        if not self.known:
            for name in plan.producers:  # in their order, so that a long chain of values is not recursed into
                if name in self.scheme.values:
                    self.of(self.scheme.values[name].body)

    def of(self, part: object) -> Provenance:
        """The weakest mark among the definitions and values that a part of the scheme uses."""
        key = id(part)
        if not part:
            return model.Provenance("stated")
        if key not in self.known:
            mark = model.Provenance("stated")
            for name in model.definitions_called(part):
                if name in self.scheme.definitions:
                    mark = mark.joined(self._definition(name))
            for text in model.formulas(part):
                for name in text.names:
                    if name in self.scheme.values:
                        mark = mark.joined(self._value(name))
            self.known[key] = mark
        return self.known[key]

    def _definition(self, name: str) -> Provenance:
        definition = self.scheme.definitions[name]
        mark = definition.provenance.joined(self._body(definition.body))
        for value in definition.values:
            mark = mark.joined(value.provenance).joined(self._body(value.body))
        return mark

    def _value(self, name: str) -> Provenance:
        value = self.scheme.values[name]
        return value.provenance.joined(self._body(value.body))

    def _body(self, body: model.Body) -> Provenance:
        """The weakest mark of a body that is used elsewhere: of all its arms, as the card does not tell which was taken."""
        mark = self.of(body)
        for outcome in outcomes_of(body):
            mark = mark.joined(outcome.provenance)
        return mark


def state_of(value: object) -> tuple[model.State, Fraction | None]:
    if isinstance(value, Fraction):
        return "scored", value
    if isinstance(value, Hole) and value.kind == "not_applicable":
        return "absent", None
    return "refused", None


def outcomes_of(body: object) -> list[model.Outcome]:
    """What the arms of a body yield; of anything without arms there are none."""
    match body:
        case model.BandsBody(bands=bands):
            return [b.outcome for b in bands]
        case model.CasesBody(cases=cases):
            return [c.outcome for c in cases]
        case _:
            return []


def source_line(path: str, stage: Stage, amount: Fraction) -> Line:
    source = stage.source
    if source is None:
        return Line(path, stage.kind, amount, stage.name)
    return Line(path, stage.kind, amount, stage.name, source.reason, source.provenance.clause)


def one_line(text: Formula) -> str:
    return " ".join(text.source.split())


HOLES: Mapping[str, Mapping[str, str]] = {
    "zh": {"missing": "缺失", "not_applicable": "不适用", "undefined": "无意义（除以零）", "refused": "没有得分"},
    "en": {"missing": "missing", "not_applicable": "not applicable", "undefined": "undefined (division by zero)",
           "refused": "without a score"},
}  # fmt: skip
"""Kinds of holes in words, by language."""


def origin(hole: Hole, values: Mapping[str, Any]) -> Hole:
    """The hole that a hole comes from: followed through the plan's own steps to a name of the author's."""
    seen: set[str] = set()
    while hole.name in values and hole.name not in seen:
        seen.add(hole.name)
        inner = values[hole.name]
        if not isinstance(inner, Hole) or inner == hole or not inner.name:
            break
        hole = inner
    return hole


def hole_words(hole: Hole, lang: str = "zh") -> str:
    """A hole in words: 实际完成值 缺失; 不适用：预算数 > 0 不成立."""
    words = HOLES[lang][hole.kind]
    if hole.unmet:
        return f"{words}：{hole.unmet} 不成立" if lang == "zh" else f"{words}: {hole.unmet} does not hold"
    name = "" if "__" in hole.name else hole.name
    return f"{name} {words}" if name else words
