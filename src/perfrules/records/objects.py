"""Python mappings and objects (dataclasses, attrs and pydantic classes, named tuples) → entries."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from perfrules.findings import Finding, RecordError
from perfrules.model import Batch, Record, Scheme
from perfrules.records.cells import is_blank, shown
from perfrules.records.entries import Entry, Raw, RawRow, read_entries
from perfrules.records.headings import Heading, Headings
from perfrules.records.spelling import heading_key

RULING_KEYS = {
    "path": "path", "指标": "path", "路径": "path",
    "points": "points", "分值": "points", "得分": "points",
    "reason": "reason", "理由": "reason",
    "by": "by", "审定人": "by",
    "date": "date", "日期": "date",
}  # fmt: skip
"""What the parts of a ruling 审定 may be called."""


def records_from_mappings(scheme: Scheme, mappings: Iterable[object], findings: Sequence[Finding] = ()) -> Batch:
    """The batch that mappings or objects come to: data by input name or label, rows under their kind's name.

    `findings` are what their source already had to say about the whole.
    """
    headings = Headings(scheme)
    told: dict[str, Finding] = {}
    entries = [entry_from(headings, number, thing, told) for number, thing in enumerate(mappings, start=1)]
    return read_entries(scheme, entries, [*findings, *told.values()])


def record_from(scheme: Scheme, thing: object) -> Record:
    """The record that one mapping or object comes to. Raises RecordError, with all that was found in it."""
    if isinstance(thing, Record):
        return thing
    batch = records_from_mappings(scheme, [thing])
    if not batch.records or any(f.severity == "error" for f in batch.findings):
        raise RecordError([*batch.findings, *(f for aside in batch.set_aside for f in aside.findings)])
    record = batch.records[0]
    return attrs.evolve(record, findings=(*batch.findings, *record.findings))


def entry_from(headings: Headings, number: int, thing: object, told: dict[str, Finding]) -> Entry:
    """The entry of one mapping or object; what is found about its keys goes into `told`, once for each."""
    pairs = _pairs(thing)
    if pairs is None:
        kind = type(thing.value if isinstance(thing, Raw) else thing).__name__
        where = thing.where if isinstance(thing, Raw) else None
        return Entry(number, findings=[Finding("not-a-record", where, "", {"kind": kind})], where=where)
    ids: list[tuple[Heading, Raw]] = []
    cells: dict[str, tuple[Raw, ...]] = {}
    published: dict[str, tuple[Raw, ...]] = {}
    rows: dict[str, list[RawRow]] = {}
    rulings: list[dict[str, Raw]] = []
    stage: Raw | None = None
    findings: list[Finding] = []
    first = next((value.where for _, value in pairs if isinstance(value, Raw)), None)
    for key, value in pairs:
        found = headings.of_record(key)
        raw = value if isinstance(value, Raw) else Raw(value)
        match found:
            case None:
                told.setdefault(heading_key(key), headings.unknown(key, raw.where))
            case Heading(unit_fits=False):
                told.setdefault(heading_key(key), found.wrong_unit(key, raw.where))
            case Heading(role="id"):
                ids.append((found, raw))
                if found.input is not None:
                    cells[found.name] = (*cells.get(found.name, ()), raw)
            case Heading(role="input" | "published"):
                into = cells if found.role == "input" else published
                if found.name in into:
                    told.setdefault("=" + found.name, found.twice(key, raw.where))
                into[found.name] = (*into.get(found.name, ()), attrs.evolve(raw, unit=found.unit))
            case Heading(role="stage"):
                if stage is not None:
                    told.setdefault("=stage", found.twice(key, raw.where))
                stage = stage or raw
            case Heading(role="rows"):
                rows.setdefault(found.name, []).extend(_rows(headings, found.name, value, told, findings))
            case _:
                rulings += _rulings(value, findings)
    chosen = min(ids, key=lambda pair: pair[0].name != headings.scheme.key)[1] if ids else None
    for heading, _ in ids:
        if heading.name != headings.id_heading and len(ids) > 1:
            told.setdefault(heading_key(heading.name), headings.unknown(heading.name, None))
    return Entry(number, chosen, cells, published, rows, rulings, findings, first, stage=stage)


def _rows(
    headings: Headings, kind: str, value: object, told: dict[str, Finding], findings: list[Finding]
) -> Iterable[RawRow]:
    for item in _items(value, kind, findings):
        pairs = _pairs(item)
        if pairs is None:
            findings.append(_not_a_list(item, kind))
            continue
        cells: dict[str, tuple[Raw, ...]] = {}
        for key, inner in pairs:
            found = headings.of_row(key, kind)
            raw = inner if isinstance(inner, Raw) else Raw(inner)
            if found is None:
                told.setdefault(kind + "/" + heading_key(key), headings.unknown(key, raw.where, kind=kind))
            elif not found.unit_fits:
                told.setdefault(kind + "/" + heading_key(key), found.wrong_unit(key, raw.where))
            else:
                cells[found.name] = (*cells.get(found.name, ()), attrs.evolve(raw, unit=found.unit))
        yield RawRow(cells, next((raw.where for raws in cells.values() for raw in raws), None))


def _rulings(value: object, findings: list[Finding]) -> list[dict[str, Raw]]:
    rulings = []
    for item in _items(value, "rulings", findings):
        pairs = _pairs(item)
        if pairs is None:
            findings.append(_not_a_list(item, "rulings"))
            continue
        raws = {key: inner if isinstance(inner, Raw) else Raw(inner) for key, inner in pairs}
        for key in raws.keys() - RULING_KEYS.keys():
            findings.append(Finding("bad-ruling", raws[key].where, "", {"key": shown(key), "why": "？"}))
        rulings.append({RULING_KEYS[key]: raw for key, raw in raws.items() if key in RULING_KEYS})
    return rulings


def _items(value: object, key: str, findings: list[Finding]) -> Sequence[object]:
    """The items of a list; nothing, or a finding, where it is none."""
    if isinstance(value, list | tuple):
        return value
    if not is_blank(value.value if isinstance(value, Raw) else value):
        findings.append(_not_a_list(value, key))
    return ()


def _pairs(thing: object) -> list[tuple[str, object]] | None:
    """The names and values that a mapping or object holds; None where it is neither."""
    try:
        held = _held(thing)
    except Exception:  # a stranger's object: whatever its properties raise, it holds nothing that can be read
        return None
    return None if held is None else [(_key(key), _plain(value)) for key, value in held]


def _held(thing: object) -> list[tuple[object, object]] | None:
    if isinstance(thing, Mapping):
        return list(thing.items())
    if isinstance(thing, type | Raw) or is_blank(thing):
        return None
    kind: Any = type(thing)
    if attrs.has(kind):
        return [(a.name, getattr(thing, a.name)) for a in attrs.fields(kind)]
    if dataclasses.is_dataclass(thing):
        return [(f.name, getattr(thing, f.name)) for f in dataclasses.fields(thing)]
    named = getattr(kind, "model_fields", None) or getattr(kind, "_fields", None)  # pydantic; named tuples
    if isinstance(named, Mapping | tuple):
        return [(str(name), getattr(thing, str(name))) for name in named]
    inner = getattr(thing, "__dict__", None)
    return [(k, v) for k, v in inner.items() if not k.startswith("_")] if inner else None


def _key(key: object) -> str:
    plain = _plain(key)
    return (plain if isinstance(plain, str) else str(plain)[:100]).encode("utf-8", "replace").decode()


def _plain(value: object) -> object:
    """A text or whole number without the methods of its class, which may be a stranger's."""
    if isinstance(value, str):
        return str.__str__(value)
    return int.__int__(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _not_a_list(item: object, key: str) -> Finding:
    raw = item if isinstance(item, Raw) else Raw(item)
    return Finding("not-a-list-of-rows", raw.where, key, {"key": key, "kind": type(raw.value).__name__})
