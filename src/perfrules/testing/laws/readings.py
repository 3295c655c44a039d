"""The law of readings: however a record is scored, the scorecard is the same."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from attrs import frozen

from perfrules import assembling, scorecards, scoring, verbs
from perfrules.formats import read_records
from perfrules.model import Record, Scorecard
from perfrules.numbers import published
from perfrules.plan import Results
from perfrules.plugins import Registry
from perfrules.rational import Beyond
from perfrules.readings import compiled, exact
from perfrules.records.cells import written
from perfrules.records.headings import STAGE_HEADINGS
from perfrules.testing.laws.making import law
from perfrules.testing.laws.subject import Raw, Subject
from perfrules.testing.laws.verdicts import Breach


@frozen
class Way:
    """One way to score a record 读法: what it gives, and what of a scorecard that is to be held against; None is no answer."""

    name: str
    score: Callable[[Raw], Any]
    of: Callable[[Scorecard], Any]


@law()
def readings_agree(subject: Subject) -> Iterator[Breach]:
    """However a record is scored, the scorecard is the same: exactly, with a trace or without; compiled; by the archived
    scheme; from a mapping, a record or a file; and by the column, where that is installed."""
    ways = readings_of(subject)

    def wrong(raw: Raw) -> Iterator[Breach]:
        card = subject.card(raw)
        if card is None:
            return
        for way in ways:
            other, one = way.score(raw), way.of(card)
            if other is not None and other != one:
                yield Breach("readings-agree", way.name, {"way": way.name, **_first_difference(one, other)}, raw)

    yield from subject.breaches(wrong, subject.bases)


def readings_of(subject: Subject) -> Sequence[Way]:
    """The ways in which a record can be scored beside the plain one."""
    scheme, frozen_ = subject.scheme, subject.benchmarks
    archived = assembling.loads(scheme.resolved(), registry=Registry())

    def from_a_file(raw: Raw) -> Any:
        if any(not isinstance(raw.get(name, []), list | tuple) for name in scheme.rows):
            return None
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "record.json"
            path.write_text(json.dumps([raw], ensure_ascii=False, default=as_text), encoding="utf-8")
            batch = read_records(path, scheme)
        if len(batch.records) != 1:
            return {"set aside": sorted({f.name for a in batch.set_aside for f in a.findings})}
        return seen(verbs.score(scheme, batch.records[0], benchmarks=frozen_))

    def by(evaluate: Callable[..., Results]) -> Callable[[Raw], Any]:
        def score(raw: Raw) -> Any:
            record = _there(subject.record(raw))
            try:
                results = evaluate(subject.plan, record, frozen=frozen_)
            except Beyond:  # a compiled plan that leaves a record to the exact reading
                return None
            return seen(scoring.card(subject.plan, record, results, frozen_))

        return score

    def as_record(raw: Raw) -> Any:
        return seen(verbs.score(scheme, _there(subject.record(raw)), benchmarks=frozen_))

    ways = [
        Way("exact", by(exact.evaluate), seen),
        Way("compiled", by(compiled.evaluate), seen),
        Way("trace", lambda raw: seen(verbs.score(scheme, raw, trace=True, benchmarks=frozen_)), seen),
        Way("archived", lambda raw: seen(verbs.score(archived, raw, benchmarks=frozen_)), seen),
        Way("record", as_record, seen),
        Way("file", from_a_file, seen),
    ]
    if find_spec("polars") is not None and find_spec("numpy") is not None and (scheme.key or not scheme.rows):
        ways.append(Way("columns", _by_column(subject), _figures))
    return ways


def _there(record: Record | None) -> Record:
    assert record is not None  # its scorecard was made
    return record


def _by_column(subject: Subject) -> Callable[[Raw], Any]:
    """Scores by the column, all of the law's records in one frame and any other in one of its own."""
    known: dict[str, Any] = {}

    def score(raw: Raw) -> Any:
        key = json.dumps(raw, ensure_ascii=False, default=as_text)
        if not known:
            raws = [r for r in subject.bases if not _staged(r)]
            keys = [json.dumps(r, ensure_ascii=False, default=as_text) for r in raws]
            known.update(zip(keys, _scored_columns(subject, raws), strict=True))
        if key not in known:
            known[key] = None if _staged(raw) else _scored_columns(subject, [raw])[0]
        return known[key]

    return score


def _staged(raw: Raw) -> bool:
    """Whether a record says of which stage it is: a frame is of one stage."""
    return any(raw.get(heading) for heading in STAGE_HEADINGS)


def _scored_columns(subject: Subject, raws: Sequence[Raw]) -> list[Any]:
    import polars as pl

    if not raws:
        return []
    scheme = subject.scheme
    ids = [str(number) for number in range(1, len(raws) + 1)]
    text = pl.String()
    frame = {name: pl.Series(name, [_cell(raw.get(name)) for raw in raws], text) for name in scheme.inputs}
    if scheme.key:
        frame[scheme.key] = pl.Series(scheme.key, ids, text)
    rows: dict[str, pl.DataFrame] = {}
    for kind in scheme.rows.values():
        lines = [(of, row) for of, raw in zip(ids, raws, strict=True) for row in raw.get(kind.name) or ()]
        columns = {c.name: pl.Series(c.name, [_cell(row.get(c.name)) for _, row in lines], text) for c in kind.columns}
        rows[kind.name] = pl.DataFrame({scheme.key: pl.Series(scheme.key, [of for of, _ in lines], text), **columns})
    made = verbs.score_columns(scheme, pl.DataFrame(frame), rows=rows, benchmarks=subject.benchmarks, apart=True)
    return [_line(subject, line) for line in made.iter_rows(named=True)]


def _line(subject: Subject, line: Mapping[str, Any]) -> dict[str, Any]:
    """What a line says, by the names that `_figures` has."""
    made = {n.node.path: _figure(line, n.node.path or "points") for n in subject.plan.nodes if n.score}
    return {**made, "grade": line.get("grade")}


def _figure(line: Mapping[str, Any], name: str) -> Fraction | None:
    """A node's points on a line: of one column, or of two where no decimal says them."""
    if name in line:
        return None if line[name] is None else Fraction(str(line[name]))
    over, under = line[f"{name}: numerator"], line[f"{name}: denominator"]
    return None if over is None else Fraction(int(over), int(under))


def _figures(card: Scorecard) -> dict[str, Any]:
    """What the columns say of a scorecard: the points of every node, and the grade."""
    nodes = {n.path: n.score for n in card.nodes if n.role != "row" and n.state != "described"}
    return {**nodes, "grade": card.grade}


def _cell(value: Any) -> str | None:
    return None if value is None else written(value)


# ------------------------------------------------------------------------------------------------ scorecards as data


def as_text(value: Any) -> str:
    """A datum that JSON does not hold, as text."""
    return published(Fraction(value)) if isinstance(value, Fraction | Decimal) else str(value)


def seen(card: Scorecard) -> Any:
    """A scorecard as plain data, but for what its record is called."""
    data = scorecards.as_json(card)
    del data["record"]
    return data


def _first_difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, str]:
    for key in one:
        if one[key] != other.get(key):
            part = key or "points"
            return {"part": part, "one": str(one[key])[:200], "other": str(other.get(key))[:200]}
    return {"part": "—", "one": "", "other": str(other)[:200]}
