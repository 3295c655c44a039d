"""Files of rulings 审定 → the records that they are about: CSV with headings, or a JSON array of objects."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import evolve, frozen

from perfrules.findings import Finding, Location, nearest
from perfrules.formats.delimited import decoded
from perfrules.formats.json_records import parse_json
from perfrules.formats.tables import refused
from perfrules.model import Batch, Record, Ruling, SetAside
from perfrules.records.cells import shown
from perfrules.records.entries import Raw, read_ruling
from perfrules.records.objects import RULING_KEYS
from perfrules.records.spelling import folded

SUFFIXES = (".csv", ".json")
BYTES_LIMIT = 20_000_000
_RECORD_KEYS = ("record", "id", "编号", "记录")
_EXPECTED = "record、path、points、reason、by、date"


@frozen
class _Written:
    """One ruling as it was written: whose it is, its parts, and where it stands."""

    record: Raw
    raws: Mapping[str, Raw]
    where: Location


def add_rulings(batch: Batch, path: str | Path) -> Batch:
    """The batch with the rulings of a file; a record with a ruling that cannot be read is set aside.

    Raises RecordError where the file cannot be read at all.
    """
    path = Path(path)
    kept = {record.id: record for record in batch.records}
    aside = {each.id: each for each in batch.set_aside}
    wrong: dict[str, list[Finding]] = {}
    findings = list(batch.findings)
    for each in _read(path):
        own = folded(each.record.text)
        if own not in kept and own not in aside:
            near = nearest(own, [*kept, *aside])
            findings.append(Finding("ruling-of-unknown-record", each.where, "", {"id": shown(own)}, near))
            continue
        ruling, found = read_ruling(each.raws, each.where)
        if own in aside or ruling is None:
            wrong.setdefault(own, []).extend(found)
        elif any(r.path == ruling.path for r in kept[own].rulings):
            wrong.setdefault(own, []).append(Finding("ruling-twice", each.where, ruling.path, {"by": shown(ruling.by)}))
        else:
            kept[own] = _ruled(kept[own], ruling)
    set_aside = [evolve(a, findings=(*a.findings, *wrong.get(a.id, ()))) for a in batch.set_aside]
    for place, record in enumerate(batch.records, start=1):
        if record.id in wrong:
            row = record.where.line if record.where else place
            set_aside.append(SetAside(row, record.id, (*record.findings, *wrong[record.id])))
    records = tuple(record for own, record in kept.items() if own not in wrong)
    return Batch(records, tuple(sorted(set_aside, key=lambda each: each.row)), tuple(findings))


def _ruled(record: Record, ruling: Ruling) -> Record:
    return evolve(record, rulings=(*record.rulings, ruling))


def _read(path: Path) -> list[_Written]:
    if path.suffix.lower() not in SUFFIXES:
        raise refused("unknown-file-type", path, kinds=" ".join(SUFFIXES))
    try:
        if path.stat().st_size > BYTES_LIMIT:
            raise refused("data-file-too-large", path, limit=f"{BYTES_LIMIT // 1_000_000} MB")
        text = decoded(path.read_bytes(), path)
    except FileNotFoundError:
        raise refused("file-not-found", path) from None
    except OSError as problem:
        raise refused("file-not-readable", path, why=problem.strerror or "") from None
    return list(_from_json(text, path) if path.suffix.lower() == ".json" else _from_csv(text, path))


def _from_csv(text: str, path: Path) -> Iterator[_Written]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[str] = []
    start = 1
    try:
        for values in reader:
            line, start = start, reader.line_num + 1
            if not any(value.strip() for value in values):
                continue
            if not columns:
                columns = [_key(value) for value in values]
                if not {"record", "path", "points"} <= set(columns):
                    raise refused("no-heading-line", path, line, expected=_EXPECTED)
                continue
            places = [Location(str(path), line, place) for place in range(1, len(values) + 1)]
            raws = {k: Raw(v, w) for k, v, w in zip(columns, values, places, strict=False) if k}
            yield _written(raws, Location(str(path), line, 1))
    except csv.Error as problem:
        raise refused("broken-csv", path, start, why=str(problem)) from None
    if not columns:
        raise refused("no-heading-line", path, expected=_EXPECTED)


def _from_json(text: str, path: Path) -> Iterator[_Written]:
    whole = parse_json(text, str(path))
    if isinstance(whole, dict):
        whole = whole.get("rulings")
    if not isinstance(whole, list) or not all(isinstance(item, dict) for item in whole):
        raise refused("json-without-rulings", path, expected=_EXPECTED)
    for item in whole:
        raws = {_key(key): raw for key, raw in item.items() if isinstance(raw, Raw) and _key(key)}
        where = next((raw.where for raw in raws.values() if raw.where), None)
        yield _written(raws, where or Location(str(path), 1, 1))


def _key(text: str) -> str:
    word = folded(text).lower()
    return "record" if word in _RECORD_KEYS else RULING_KEYS.get(word, "")


def _written(raws: Mapping[str, Raw], where: Location) -> _Written:
    return _Written(raws.get("record", Raw(None, where)), raws, where)
