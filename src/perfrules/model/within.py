"""What stands within a part of a scheme: its formulas, the definitions it calls."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from functools import cache
from typing import Any

import attrs

from perfrules.formula import Formula
from perfrules.model.bodies import RuleBody, StatisticBody
from perfrules.model.inputs import Input


def formulas(part: Any) -> Iterator[Formula]:
    """Every formula in a part of a scheme, in order."""
    stack = [part]
    while stack:
        part = stack.pop()
        if isinstance(part, Formula):
            yield part
        else:
            stack.extend(_beneath(part))


def definitions_called(part: Any) -> Iterator[str]:
    """The names of the definitions that a part of a scheme calls, by formula or by rule."""
    stack = [part]
    while stack:
        part = stack.pop()
        if isinstance(part, Formula):
            yield from part.definitions
            continue
        if isinstance(part, RuleBody):
            yield part.definition
        stack.extend(_beneath(part))


def called_bodies(part: Any) -> Iterator[RuleBody | StatisticBody]:
    """The bodies in a part of a scheme that stand for more than their own formulas."""
    stack = [part]
    while stack:
        part = stack.pop()
        if isinstance(part, RuleBody | StatisticBody):
            yield part
        if not isinstance(part, Formula):
            stack.extend(_beneath(part))


def _beneath(part: Any) -> list[Any]:
    """What a part of a scheme holds that may hold formulas, last first."""
    if isinstance(part, tuple | list):
        return [item for item in reversed(part) if item is not None and not isinstance(item, str)]
    if isinstance(part, Mapping):
        return list(reversed(part.values()))  # type: ignore[call-overload]  # a dict reverses, a Mapping need not say so
    return [held for name in _holders(part.__class__) if (held := getattr(part, name)) is not None]


@cache
def _holders(kind: Hashable) -> tuple[str, ...]:
    """The attributes of a type of the model that may hold formulas, last first."""
    if not isinstance(kind, type) or kind is Input or not kind.__module__.startswith(_PACKAGE):
        return ()
    plain = (
        "str",
        "bool",
        "int",
        "Fraction",
        "Provenance",
        "Location",
        "Literal",
        "Input",
        "Rounding",
        "Points",
    )
    fields = attrs.fields(kind) if attrs.has(kind) else ()
    return tuple(f.name for f in reversed(fields) if not str(f.type).startswith(plain) and f.name not in _UNHELD)


_PACKAGE = __name__.rpartition(".")[0]
_UNHELD = ("placed", "written", "over_at", "location", "provenance", "points_provenance")
