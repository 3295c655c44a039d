"""Names in a worked case that its scheme does not know: told with their place and the nearest name, never passed over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, get_args

from attrs import frozen

from perfrules.documents import Mapping as Map
from perfrules.documents import Node, Scalar, Sequence, place
from perfrules.findings import Finding, Location, catalogue, nearest
from perfrules.model import ProvenanceStatus, Scheme, Scorecard
from perfrules.records import Headings, Raw

Way = tuple[str | int, ...]
"""The keys and numbers that lead to something in a case."""


@frozen
class Mark:
    """Where something of a case stands: its key or number in a list, and what is written there."""

    key: Node
    value: Node


Marks = Mapping[Way, Mark]


def marks_of(node: Node | None, way: Way) -> dict[Way, Mark]:
    """Where everything beneath a node stands."""
    marks: dict[Way, Mark] = {}
    match node:
        case Map():
            for key, value in node.entries:
                marks[*way, key.text] = Mark(key, value)
                marks |= marks_of(value, (*way, key.text))
        case Sequence():
            for number, item in enumerate(node.items):
                marks[*way, number] = Mark(item, item)
                marks |= marks_of(item, (*way, number))
        case _:
            pass
    return marks


def key_place(marks: Marks, way: Way) -> Location | None:
    """Where the key of something stands; None where it was written in no file."""
    return place(marks[way].key) if way in marks else None


def placed(value: Any, marks: Marks, way: Way) -> Any:
    """A record with each of its cells as its file holds it, so that what is wrong with one is told with its place."""
    match value:
        case Mapping():
            return {key: placed(inner, marks, (*way, key)) for key, inner in value.items()}
        case list() | tuple():
            return [placed(item, marks, (*way, number)) for number, item in enumerate(value)]
        case _:
            mark = marks.get(way)
            return Raw(value, place(mark.value)) if mark is not None and isinstance(mark.value, Scalar) else value


def unknown_in_record(record: Mapping[str, Any], scheme: Scheme, marks: Marks, way: Way) -> Iterator[Finding]:
    """The names of cells, row kinds and columns in a record that the scheme does not know."""
    headings = Headings(scheme)
    for name, value in record.items():
        if name in scheme.inputs:
            continue
        if headings.of_record(name) is None:
            known = (*scheme.inputs, *scheme.rows, *scheme.published)
            yield _unknown("input", name, known, key_place(marks, (*way, name)))
        elif name in scheme.rows and isinstance(value, list):
            columns = [column.name for column in scheme.rows[name].columns]
            for number, row in enumerate(value):
                for cell in row if isinstance(row, Mapping) else ():
                    if headings.of_row(cell, name) is None:
                        yield _unknown("column", cell, columns, key_place(marks, (*way, name, number, cell)))


def unknown_in_expected(
    expected: Mapping[str, Any], scheme: Scheme, card: Scorecard | None, marks: Marks
) -> Iterator[Finding]:
    """The names of what is expected that nothing has: of nodes as the scorecard has them, of the rest as the scheme has."""
    for key, stated in expected.items():
        known = _known(key, scheme, card)
        if known is None:
            continue
        for number, name in enumerate(map(str, stated)):
            if name not in known:
                yield _unknown(
                    key, name, known, key_place(marks, (key, name if isinstance(stated, Mapping) else number))
                )


def _known(key: str, scheme: Scheme, card: Scorecard | None) -> Collection[str] | None:
    """The names that may be stated under a key; None where it states none, or there is no scorecard to have them."""
    match key:
        case "nodes" | "lights":
            return None if card is None else dict.fromkeys(name for n in card.nodes for name in (n.path, n.name))
        case "grades":
            return scheme.grades
        case "values":
            return scheme.values
        case "benchmarks":
            return scheme.benchmarks
        case "resting":
            return get_args(ProvenanceStatus)
        case "findings" | "refused":
            return catalogue()
        case "broken":
            checks = (scheme.checks, *(kind.checks for kind in scheme.rows.values()))
            return [check.name for some in checks for check in some]
        case _:
            return None


_WHAT = {
    "input": ("数据项", "input"), "column": ("列", "column"), "nodes": ("指标", "indicator"), "lights": ("指标", "indicator"),
    "grades": ("等级标准", "grade scale"), "values": ("中间值", "value"), "benchmarks": ("参照值", "benchmark"),
    "resting": ("依据状态", "status of provenance"), "findings": ("问题", "finding"), "refused": ("问题", "finding"),
    "broken": ("勾稽关系", "check"),
}  # fmt: skip


def _unknown(what: str, name: str, known: Iterable[str], where: Location | None) -> Finding:
    zh, en = _WHAT[what]
    return Finding("unknown-name-in-case", where, "", {"name": name, "form": zh, "form_en": en}, nearest(name, known))
