"""What the report says was picked for what 试点, level by level, and the closed loop 闭环 of cost management."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

from attrs import frozen

from perfrules import documents
from perfrules.procedures.facts_file import Facts, load_facts


@frozen
class Pilot:
    """One pilot 试点: at which level, in what, the report's words, and what of this is assumed.

    `projects` and `units` are how many projects were picked by how many counties; None where the report does not say.
    """

    name: str
    level: str
    area: str
    projects: int | None
    units: int | None
    clause: str
    assumed: str = ""


@frozen
class Link:
    """One link of the closed loop 环节: a step of the budget's year, and what is done about cost in it."""

    step: str
    does: str


@cache
def pilots() -> Mapping[str, Pilot]:
    """The pilots by name, cost management first; their counts are the figures of `facts/binzhou.yaml`."""
    facts = report()
    return {
        name: Pilot(
            name,
            about["level"],
            about["area"],
            _count(facts, about.get("counts")),
            _count(facts, about.get("units")),
            about["clause"],
            about.get("assumed", ""),
        )
        for name, about in _document()["pilots"].items()
    }


@cache
def cost_loop() -> tuple[Link, ...]:
    """The five links of the closed loop, in their order."""
    return tuple(Link(each["step"], each["does"]) for each in _document()["links"])


@cache
def report() -> Facts:
    """The figures of the report, and how they must hang together."""
    return load_facts(str(files("perfrules_binzhou") / "facts" / "binzhou.yaml"))


def _count(facts: Facts, name: str | None) -> int | None:
    if name is None:
        return None
    value = facts.figures[name].value
    assert isinstance(value, Fraction)
    return int(value)


def _document() -> Mapping[str, Any]:
    text = (files("perfrules_binzhou") / "data" / "pilots.yaml").read_bytes()
    root, found = documents.read(text, "pilots.yaml")
    assert root is not None, found
    read: Mapping[str, Any] = documents.plain(root)
    return read
