"""Batches as frames: what the tests of the columns reading give it, and what scoring line by line says of the same."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import polars as pl

import perfrules as pr
from perfrules import verbs
from perfrules.model import Frozen, Scheme
from perfrules.readings import exact
from perfrules.records import Raw, is_total, records_from_mappings
from perfrules.records.cells import written
from perfrules.records.headings import Headings
from perfrules.scorecards import scorecard

Line = dict[str, Any]


def series(name: str, cells: Sequence[Any], how: str) -> pl.Series:
    """Cells as a column: texts, floats, decimals or whole numbers where they can be, else texts."""
    kinds = {type(c) for c in cells if c is not None}
    if how == "text" or not kinds:
        return pl.Series(name, [None if c is None else written(c) for c in cells], pl.String)
    if kinds <= {bool}:
        return pl.Series(name, cells, pl.Boolean)
    if kinds <= {date}:
        return pl.Series(name, cells, pl.Date)
    if kinds <= {int, Decimal, float} and bool not in kinds:
        if how == "float":
            return pl.Series(name, [None if c is None else float(c) for c in cells], pl.Float64)
        if kinds <= {int} and all(abs(c) < 2**63 for c in cells if c is not None):
            return pl.Series(name, cells, pl.Int64)
        exact = [None if c is None else Decimal(str(c)) for c in cells]
        places = max((-int(c.as_tuple().exponent) for c in exact if c is not None), default=0)
        places = max(places, 0)
        if all(abs(Fraction(c) * 10**places) < 10**37 for c in exact if c is not None) and places <= 30:
            return pl.Series(name, exact, pl.Decimal(38, places))
    return pl.Series(name, [None if c is None else written(c) for c in cells], pl.String)


def frames(
    scheme: Scheme, mappings: Sequence[Mapping[str, Any]], how: str, chance: random.Random
) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Mappings as a frame, and one for each kind of rows that any of them brings, in an order of its own."""
    key = Headings(scheme).id_heading
    headings = list(dict.fromkeys(name for m in mappings for name in m if name not in scheme.rows))
    frame = pl.DataFrame([series(name, [m.get(name) for m in mappings], how) for name in headings])
    of_rows = {}
    for kind in scheme.rows:
        rows = [(m[key], row) for m in mappings for row in m.get(kind) or ()]
        if how == "float":
            chance.shuffle(rows)
        if rows:
            names = list(dict.fromkeys(name for _, row in rows for name in row if name != key))
            columns = [series(name, [row.get(name) for _, row in rows], how) for name in names]
            of_rows[kind] = pl.DataFrame([series(key, [k for k, _ in rows], how), *columns])
    return frame, of_rows


def one_by_one(
    scheme: Scheme, frame: pl.DataFrame, rows: Mapping[str, pl.DataFrame], *, frozen: Mapping[str, Frozen] | None = None,
    stage: str = "",
) -> list[tuple[dict[str, Fraction | None], dict[str, str | None], list[str]]]:  # fmt: skip
    """Scores by path, grades, and findings of each line of a frame, every line read and scored by itself."""
    key = Headings(scheme).id_heading
    lines = frame.rows(named=True)
    for kind, of_kind in rows.items():
        by_id: dict[str, list[Line]] = {}
        for row in of_kind.rows(named=True):
            by_id.setdefault(written(row[key]).strip(), []).append({k: v for k, v in row.items() if k != key})
        taken: set[str] = set()
        for line in lines:
            own = written(line.get(key)).strip()
            line[kind] = [] if own in taken else by_id.get(own, [])
            taken.add(own)
    totals = [key in line and is_total(Raw(line[key])) for line in lines]
    batch = records_from_mappings(scheme, lines)
    by_number = {record.number: record for record in batch.records} | {aside.row: aside for aside in batch.set_aside}
    made = []
    for number, total in enumerate(totals, start=1):
        if total:
            made.append(({}, {}, ["total-line-skipped"]))
            continue
        thing = by_number[number]
        if isinstance(thing, pr.model.SetAside):
            made.append(({}, {}, [f"{f.name} {f.path}".strip() for f in thing.findings]))
            continue
        thing = attrs.evolve(thing, stage=stage or thing.stage)
        plan = verbs.plan(scheme)
        card = scorecard(plan, thing, exact.evaluate(plan, thing, frozen=frozen))
        scores = {n.path: n.score for n in card.nodes if n.role != "row"}
        grades = dict(card.grades) | {f"/{n.path}": n.grade for n in card.nodes if n.role != "row"}
        made.append((scores, grades, [f"{f.name} {f.path}".strip() for f in card.findings]))
    return made


def differences(
    scheme: Scheme, out: pl.DataFrame, wanted: Sequence[tuple[dict[str, Any], dict[str, Any], list[str]]]
) -> tuple[int, list[str]]:
    """How many cells were compared, and those that are not as they should be."""
    plan = verbs.plan(scheme)
    found: list[str] = []
    cells = 0
    assert out.height == len(wanted)
    names = [n.node.path for n in plan.nodes if n.score]
    grades = {
        ("grade" if i == 0 else f"grade: {name}"): name for i, name in enumerate(g.scale.name for g in plan.grades)
    }
    grades |= {f"{n.node.path or 'points'}: grade": f"/{n.node.path}" for n in plan.nodes if n.grade}
    columns = {name: out[name].to_list() for name in out.columns}
    for line, (scores, labels, findings) in enumerate(wanted):
        for path in names:
            cells += 1
            heading, right = path or "points", scores.get(path)
            if heading in columns:
                got = columns[heading][line]
                got = None if got is None else Fraction(got)
            else:
                num, den = (columns[f"{heading}: {part}"][line] for part in ("numerator", "denominator"))
                got = None if num is None else Fraction(int(num), int(den))
                if got is not None and (got.numerator, got.denominator) != (int(num), int(den)):
                    found.append(f"{line} {heading}: {num}/{den} is not in lowest terms")
            if got != right:
                found.append(f"{line} {heading}: {got} and not {right}")
        for heading, name in grades.items():
            cells += 1
            if columns[heading][line] != labels.get(name):
                found.append(f"{line} {heading}: {columns[heading][line]} and not {labels.get(name)}")
        cells += 1
        if list(columns["findings"][line]) != findings:
            got = list(columns["findings"][line])
            place = next(
                (i for i, (a, b) in enumerate(zip(got, findings, strict=False)) if a != b), min(len(got), len(findings))
            )
            found.append(f"{line}: findings are {got[place:][:3]} and not {findings[place:][:3]}")
    return cells, found
