"""Records in 读入: CSV, XLSX and JSON files → a batch; and the blank forms 空表 that people fill in."""

from __future__ import annotations

from pathlib import Path

from perfrules.formats.tables import refused
from perfrules.model import Batch, Scheme

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".json")
"""The kinds of file that records are read from."""

__all__ = ["SUFFIXES", "read_records", "write_template"]


def read_records(path: str | Path, scheme: Scheme) -> Batch:
    """The records of a file: each is kept, or set aside with its reasons.

    The suffix says the kind: .csv, .tsv and .txt (UTF-8, UTF-16 or GB18030), .xlsx and .xlsm, .json.
    Raises RecordError where the file cannot be read at all.
    """
    path = Path(path)
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
