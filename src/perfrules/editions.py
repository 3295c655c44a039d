"""Records of files, each by the edition of its period and at its stage of the year."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction

from attrs import evolve, field, frozen

from perfrules.findings import Finding, RecordError, nearest
from perfrules.model import Batch, Cell, Record, Scheme, SetAside


def in_effect(scheme: Scheme, on: date) -> bool:
    """Whether an edition is the one for a day: from the day it takes effect until its last, both included."""
    return (scheme.effective is None or scheme.effective <= on) and (scheme.until is None or on <= scheme.until)


@frozen
class Reading:
    """A file as it was read 读取: its records, and the edition of the scheme that each is of.

    `schemes` are the editions in use, newest first; the newest of all where there are no records.
    """

    batch: Batch
    schemes: tuple[Scheme, ...]
    by_record: Mapping[str, Scheme] = field(factory=dict)

    def scheme_of(self, record: Record) -> Scheme:
        """The edition that a record is of."""
        return self.by_record.get(record.id, self.schemes[0])

    def records_of(self, scheme: Scheme) -> tuple[Record, ...]:
        """The records of one edition, in the order of the file."""
        return tuple(r for r in self.batch.records if self.scheme_of(r) is scheme)


_Seen = Record | SetAside


def by_period(batches: Sequence[tuple[Scheme, Batch]]) -> Reading:
    """One reading out of those by each edition, newest first: every record as the edition in effect on its period reads it.

    The period is the input that `period` names: a date, or a year, which means its 31 December. A record that no edition
    was in effect for is set aside, as is one whose period is not there.
    """
    named = next((e.period for e, _ in batches if e.period), "")
    seen: dict[int | str, list[tuple[Scheme, _Seen]]] = {}
    for each, batch in batches:
        for record in batch.records:
            seen.setdefault(record.number or record.id, []).append((each, record))
        for aside in batch.set_aside:
            seen.setdefault(aside.row or aside.id, []).append((each, aside))
    chosen: list[tuple[Scheme, Record]] = []
    set_aside: list[SetAside] = []
    used: dict[str, Scheme] = {}
    for things in seen.values():
        days = [(each, thing, period_of(each, thing.cells, named)) for each, thing in things]
        of = next(((each, thing) for each, thing, day in days if day is not None and in_effect(each, day)), None)
        if of is None:
            day = next((day for *_, day in days if day is not None), None)
            set_aside.append(_of_no_edition(things[0], day, named))
            continue
        used[of[0].digest] = of[0]
        match of:
            case each, Record() as record:
                chosen.append((each, record))
            case _, SetAside() as aside:
                set_aside.append(aside)
    times = Counter(record.id for _, record in chosen)
    for _, record in chosen:
        if times[record.id] > 1:  # editions may tell records apart by different columns
            lines = "、".join(str(r.number) for _, r in chosen if r.id == record.id)
            twice = Finding("duplicate-record-id", record.where, "", {"id": record.id, "lines": lines})
            set_aside.append(SetAside(record.number, record.id, (*record.findings, twice), record.cells))
    kept = sorted((c for c in chosen if times[c[1].id] == 1), key=lambda c: c[1].number)
    schemes = [each for each, _ in batches if each.digest in used] or [batches[0][0]]
    batch = Batch(
        tuple(record for _, record in kept),
        tuple(sorted(set_aside, key=lambda a: a.row)),
        tuple(_about_all([batch for each, batch in batches if each in schemes])),
    )
    return Reading(batch, tuple(schemes), {record.id: each for each, record in kept})


def period_of(scheme: Scheme, cells: Mapping[str, Cell], named: str = "") -> date | None:
    """The day that says which edition a record is of; a year means its 31 December. None where nothing tells."""
    name = scheme.period or named
    value = cells[name].value if name in cells else None
    if isinstance(value, Fraction):
        year = value / scheme.inputs[name].scale
        return date(int(year), 12, 31) if year.denominator == 1 and 1 <= year <= 9999 else None
    return value if isinstance(value, date) else None


def _of_no_edition(thing: tuple[Scheme, _Seen], day: date | None, named: str) -> SetAside:
    """A record that no edition is for, set aside with what else was found in it."""
    scheme, seen = thing
    number, where = (seen.number, seen.where) if isinstance(seen, Record) else (seen.row, None)
    where = where or next((c.where for c in seen.cells.values() if c.where), None)
    if day is None:
        why = Finding("no-period", where, named, {"name": scheme.period or named})
    else:
        why = Finding("no-edition-then", where, named, {"on": day.isoformat()})
    return SetAside(number, seen.id, (*seen.findings, why), seen.cells)


def _about_all(batches: Sequence[Batch]) -> Iterable[Finding]:
    """What is found about the whole by each edition in use, once; a heading is unknown where none of them knows it."""
    told: set[tuple[str, str]] = set()
    unknown = [{str(f.where) + f.seen["column"] for f in b.findings if f.name == "unknown-heading"} for b in batches]
    for batch in batches:
        for each in batch.findings:
            if each.name == "unknown-heading" and not all(str(each.where) + each.seen["column"] in u for u in unknown):
                continue
            key = (each.name, each.message("zh") + str(each.where))
            if key not in told:
                told.add(key)
                yield each


def at_stage(reading: Reading, stage: str) -> Reading:
    """The reading at a stage of the year; a record that says that it is of another is set aside.

    Raises RecordError where the scheme has no such stage.
    """
    for each in reading.schemes:
        if stage not in each.stages:
            seen = {"name": stage, "stages": "、".join(each.stages) or "—"}
            raise RecordError([Finding("no-such-stage", None, each.id, seen, nearest(stage, each.stages))])
    batch = reading.batch
    kept = tuple(evolve(r, stage=stage) for r in batch.records if r.stage in ("", stage))
    others = tuple(
        SetAside(
            r.number or place, r.id,
            (*r.findings, Finding("another-stage", r.where, "", {"stage": r.stage, "wanted": stage})), r.cells,
        )
        for place, r in enumerate(batch.records, start=1) if r.stage not in ("", stage)
    )  # fmt: skip
    aside = tuple(sorted((*batch.set_aside, *others), key=lambda a: a.row))
    return evolve(reading, batch=evolve(batch, records=kept, set_aside=aside))
