"""Records in 读入: CSV, XLSX, JSON and Parquet files → a batch; and the blank forms 空表 that people fill in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from attrs import evolve

from perfrules import plugins
from perfrules.editions import Reading, by_period
from perfrules.findings import Finding, RecordError
from perfrules.formats.tables import refused
from perfrules.model import Batch, Scheme
from perfrules.plugins import Registry

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".json", ".parquet")
"""The kinds of file that records are read from."""

__all__ = ["SUFFIXES", "read_editions", "read_records", "write_template"]


def read_records(path: str | Path, scheme: Scheme, *, registry: Registry | None = None) -> Batch:
    """The records of a file: each is kept, or set aside with its reasons.

    The first plugin that knows its form reads it, else its suffix says the kind: .csv, .tsv and .txt (UTF-8, UTF-16 or
    GB18030), .xlsx and .xlsm, .json, .parquet. A plugin that fails is told of in the batch. Raises RecordError where the file cannot
    be read at all.
    """
    path = Path(path)
    batch: Batch | None = None
    found: list[Finding] = []
    if path.is_file():
        batch, found = (registry or plugins.registry()).read_records(path, scheme)
    if batch is None:
        try:
            batch = _by_suffix(path, scheme)
        except RecordError as problem:
            raise RecordError([*found, *problem.findings]) from None
    return evolve(batch, findings=(*found, *batch.findings)) if found else batch


def read_editions(path: str | Path, editions: Sequence[Scheme], *, registry: Registry | None = None) -> Reading:
    """The records of a file, each as the edition in effect on its period reads it (`by_period`).

    `editions` are given newest first; the newest reads all where none names its period. Raises RecordError.
    """
    named = next((e.period for e in editions if e.period), "")
    if len(editions) == 1 or not named:
        return Reading(read_records(path, editions[0], registry=registry), tuple(editions[:1]))
    batches: list[tuple[Scheme, Batch]] = []
    refusals: list[RecordError] = []
    for each in editions:
        if (each.period or named) in each.inputs:
            try:
                batches.append((each, read_records(path, each, registry=registry)))
            except RecordError as problem:
                refusals.append(problem)
    if not batches:
        raise refusals[0]
    return by_period(batches)


def _by_suffix(path: Path, scheme: Scheme) -> Batch:
    if path.suffix.lower() not in SUFFIXES:
        raise refused("unknown-file-type", path, kinds=" ".join(SUFFIXES))
    try:
        match path.suffix.lower():
            case ".csv" | ".tsv" | ".txt":
                from perfrules.formats.delimited import read_delimited

                return read_delimited(path, scheme)
            case ".json":
                from perfrules.formats.json_records import read_json

                return read_json(path, scheme)
            case ".parquet":
                from perfrules.formats.parquet import read_parquet

                return read_parquet(path, scheme)
            case _:
                from perfrules.formats.spreadsheet import read_workbook

                return read_workbook(path, scheme)
    except FileNotFoundError:
        raise refused("file-not-found", path) from None
    except OSError as problem:
        raise refused("file-not-readable", path, why=problem.strerror or "") from None


def write_template(scheme: Scheme, path: str | Path) -> None:
    """Write a blank form with the columns that a scheme expects, as .xlsx or .csv, whole or not at all.

    Raises RecordError where the form cannot be written.
    """
    from perfrules.formats.template import write_csv, write_workbook

    path = Path(path)
    if path.suffix.lower() not in (".xlsx", ".csv"):
        raise refused("unknown-file-type", path, kinds=".xlsx .csv")
    try:
        (write_workbook if path.suffix.lower() == ".xlsx" else write_csv)(scheme, path)
    except OSError as problem:
        raise refused("file-not-writable", path, why=problem.strerror or "") from None
