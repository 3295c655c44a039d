"""Writing worked cases down: records as they were brought, with what they came to, for an author to look through."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from attrs import evolve

from perfrules import verbs
from perfrules.model import Cell, Datum, Hole, Record, Scheme, Scorecard
from perfrules.numbers import published
from perfrules.testing.cases import EXPECTED, SCHEME_FILES, UNCONFIRMED, Case, frozen_over, try_case, with_expected

Cohort = Sequence[Mapping[str, Any]] | None
_PLAIN = re.compile(r"[\w\u4e00-\u9fff（）、。〔〕][\w\u4e00-\u9fff（）、。〔〕.%/·-]*")
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_WORDS = frozenset(
    ("true", "false", "null", "yes", "no", "on", "off", "True", "False", "Null", "TRUE", "FALSE", "NULL")
)


def recorded(scheme: Scheme, records: Iterable[Record], *, source: str = "", path: Path | None = None) -> list[Case]:
    """A case for each record: its cells as they were written, and everything that its scorecard says."""
    made = []
    for number, record in enumerate(records, start=1):
        card = verbs.score(scheme, record)
        name = record.id or f"{number}"
        case = Case(
            name, source or UNCONFIRMED, scheme.id, _written(scheme, record), {}, path or Path(), 0, stage=record.stage
        )
        made.append(with_expected(case, card))
    return made


def recorded_raw(
    scheme: Scheme, records: Iterable[tuple[str, Mapping[str, Any], Cohort]], *, source: str = ""
) -> list[Case]:
    """A case for each named mapping, as it stands: everything that its scorecard says, or why it is refused.

    With each stand the other records over which benchmarks are frozen together with it; None where there are none.
    """
    made = []
    for name, record, cohort in records:
        others = None if cohort is None else tuple(plainly(other) for other in cohort)
        case = Case(name, source or UNCONFIRMED, scheme.id, plainly(record), {}, Path(), 0, cohort=others)
        outcome = try_case(case, scheme)
        if outcome.card is None:
            refused = next(d for d in outcome.differences if d.what == "refused")
            made.append(evolve(case, expected={"refused": refused.got.split("、")}))
        else:
            made.append(_with_all(case, scheme, outcome.card))
    return made


def _with_all(case: Case, scheme: Scheme, card: Scorecard) -> Case:
    """The case with what its scorecard is out of, its values, its benchmarks and the lights of its nodes too."""
    whole = with_expected(case, card)
    lit = {n.path for n in scheme.tree.walk() if n.grade is not None and n.points is not None}
    lights = {n.path or n.name: n.grade or None for n in card.nodes if n.path in lit}
    values = {name: _datum(value) for name, value in card.values.items()}
    kept = {
        "max": published(card.max) if card.max is not None else "",
        "lights": lights,
        "values": values,
        "benchmarks": _benchmarks(case, scheme),
    }
    return evolve(whole, expected={**whole.expected, **{key: told for key, told in kept.items() if told}})


def _benchmarks(case: Case, scheme: Scheme) -> dict[str, Any]:
    """The benchmarks over the case's record and its cohort, as a case states them."""
    made: dict[str, Any] = {}
    for name, each in (frozen_over(case, scheme) if case.cohort is not None else {}).items():
        groups = {group: _datum(value) for group, value in each.values.items()}
        made[name] = groups[""] if list(groups) == [""] else groups
    return made


def _datum(value: Datum | Hole) -> str:
    return value.kind if isinstance(value, Hole) else str(_word(value))


def plainly(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as a person would write it: blank cells left out."""
    return {
        name: [plainly(row) for row in value] if isinstance(value, list) else _word(value)
        for name, value in record.items()
        if value is not None
    }


def in_common(cases: Sequence[Case]) -> dict[str, Any]:
    """The record that most of the cases' records resemble: of each cell what most of them say; rows are left to each."""
    common = {}
    for name in dict.fromkeys(name for case in cases for name in case.record):
        said = Counter(case.record.get(name) for case in cases if not isinstance(case.record.get(name), list))
        value, times = said.most_common(1)[0] if said else (None, 0)
        if value is not None and times > 1:
            common[name] = value
    return common


def but(record: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says otherwise than the common one."""
    blank = {name: "" for name in common if name not in record}
    return {name: value for name, value in record.items() if common.get(name) != value} | blank


def _word(value: Any) -> Any:
    match value:
        case bool():
            return "是" if value else "否"
        case Fraction():
            return published(value)
        case _:
            return str(value)


def _written(scheme: Scheme, record: Record) -> dict[str, Any]:
    """A record as it was written: raw cells, blank ones left out."""
    made: dict[str, Any] = {}
    if scheme.key and scheme.key not in record.cells and record.id:
        made[scheme.key] = record.id
    made |= {name: _cell(cell) for name, cell in record.cells.items() if cell.raw or not isinstance(cell.value, Hole)}
    for kind, rows in record.rows.items():
        made[kind] = [{n: _cell(c) for n, c in row.cells.items() if c.raw} for row in rows]
    return made


def _cell(cell: Cell) -> str:
    if cell.raw:
        return cell.raw
    return published(cell.value) if isinstance(cell.value, Fraction) else str(cell.value)


def named_from(scheme: str, output: Path) -> str:
    """What a file of cases calls a scheme: its file as it is found from there, or its id."""
    return Path(os.path.relpath(scheme, output.parent)).as_posix() if Path(scheme).suffix in SCHEME_FILES else scheme


def cases_text(
    cases: Iterable[Case],
    *,
    scheme: str = "",
    source: str = "",
    record: Mapping[str, Any] | None = None,
    note: str = "",
) -> str:
    """Cases as the text of a file; what they share (`scheme`, `source`, most cells of `record`) stands at its head.

    A `scheme` that is given is that of all of them.
    """
    cases = list(cases)
    shared = scheme or (cases[0].scheme if cases and len({c.scheme for c in cases}) == 1 else "")
    lines = [f"# {line}" for line in note.splitlines()]
    lines += [f"scheme: {_scalar(shared)}"] if shared else []
    lines += [f"source: {_scalar(source)}"] if source else []
    lines += [line[4:] for line in _entries("record", record)] if record else []
    lines.append("cases:")
    for case in cases:
        lines.append(f"  - name: {_scalar(case.name)}")
        if case.source != source:
            lines.append(f"    source: {_scalar(case.source)}")
        if not scheme and case.scheme != shared:
            lines.append(f"    scheme: {_scalar(case.scheme)}")
        if case.stage:
            lines.append(f"    stage: {_scalar(case.stage)}")
        lines += _entries("record", but(case.record, record or {}))
        if case.cohort is not None:
            lines.append("    cohort:" if case.cohort else "    cohort: []")
            lines += [f"      - {flow(other)}" for other in case.cohort]
        for key in EXPECTED:
            if key in case.expected:
                lines += _entries(key, case.expected[key])
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _entries(key: str, value: Any) -> list[str]:
    match value:
        case Mapping() if value:
            lines = [f"    {key}:"]
            for name, each in value.items():
                if isinstance(each, list) and each:
                    lines.append(f"      {_scalar(name)}:")
                    lines += [f"        - {flow(row)}" for row in each]
                else:
                    told = flow(each) if isinstance(each, Mapping) else _scalar(each)
                    lines.append(f"      {_scalar(name)}: {told}")
            return lines
        case Mapping():
            return [f"    {key}: {{}}"]
        case list() | tuple():
            return [f"    {key}: [{', '.join(map(_scalar, value))}]"]
        case _:
            return [f"    {key}: {_scalar(value)}"]


def flow(row: Mapping[str, Any]) -> str:
    """A record or row on one line."""
    return "{" + ", ".join(f"{_scalar(k)}: {_scalar(v)}" for k, v in row.items()) + "}"


def _scalar(value: Any) -> str:
    """A value as YAML that reads back as the same text or number."""
    if value is None:
        return "~"
    if isinstance(value, list):
        return f"[{', '.join(map(flow, value))}]"
    text = str(value)
    if _NUMBER.fullmatch(text) or (_PLAIN.fullmatch(text) and text not in _WORDS and "://" not in text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
