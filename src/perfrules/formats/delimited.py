"""CSV and TSV files → a batch. The encoding is found out, and the separator by the headings that it gives."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path

from perfrules.formats.tables import (
    CELLS_LIMIT,
    COLUMNS_LIMIT,
    HEADING_LINES,
    LINES_LIMIT,
    Line,
    Table,
    heading_line,
    refused,
    table_entries,
)
from perfrules.model import Batch, Scheme
from perfrules.records.entries import read_entries
from perfrules.records.headings import Headings

BYTES_LIMIT = 100_000_000
_SEPARATORS = (",", "\t", ";", "，")
_SAMPLE = 200_000
"""The characters among which separators are tried; a heading beyond them is found with a comma or not at all."""


def read_delimited(path: Path, scheme: Scheme) -> Batch:
    """The records of a delimited file. Raises RecordError, OSError."""
    if path.stat().st_size > BYTES_LIMIT:
        raise refused("data-file-too-large", path, limit=f"{BYTES_LIMIT // 1_000_000} MB")
    text = decoded(path.read_bytes(), path)
    separator = separator_of(text, path, scheme)
    table = Table(str(path), list(_bounded(text, separator, path)))
    entries, findings = table_entries(scheme, table)
    return read_entries(scheme, entries, findings)


def decoded(data: bytes, path: Path) -> str:
    """The text of a file: UTF-8 with or without a mark, UTF-16 with one, else GB18030. Raises RecordError."""
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ["utf-16"] if utf16 else ["utf-8-sig", "gb18030"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise refused("unknown-encoding", path)


def separator_of(text: str, path: Path, scheme: Scheme) -> str:
    """The separator with which most headings are known."""
    headings = Headings(scheme)
    best, most = ("\t" if path.suffix.lower() == ".tsv" else ","), 0
    for separator in _SEPARATORS:
        lines: list[Line] = []
        try:
            for line in lines_of(text[:_SAMPLE], separator):
                if not line.blank:
                    lines.append(line)
                if len(lines) == HEADING_LINES:
                    break
        except csv.Error:
            pass  # told when the file is read with the separator chosen
        at = heading_line(Table("", lines), lambda word: bool(headings.of_line(word)))
        known = 0 if at is None else sum(bool(headings.of_line(str(value))) for value in lines[at].values)
        if known > most:
            best, most = separator, known
    return best


def lines_of(text: str, separator: str) -> Iterator[Line]:
    """The lines, blank ones too; one may go over several of the file's where its text is quoted."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    start = 1
    for values in reader:
        yield Line(start, values)
        start = reader.line_num + 1


def _bounded(text: str, separator: str, path: Path) -> Iterator[Line]:
    """The lines that hold something, as long as they are not too many."""
    cells = 0
    last = 0
    try:
        for count, line in enumerate(lines_of(text, separator), start=1):
            cells += len(line.values)
            last = line.number
            if len(line.values) > COLUMNS_LIMIT or count > LINES_LIMIT or cells > CELLS_LIMIT:
                limit = f"{LINES_LIMIT} × {COLUMNS_LIMIT}, {CELLS_LIMIT}"
                raise refused("table-too-large", path, line.number, limit=limit)
            if not line.blank:
                yield line
    except csv.Error as problem:
        raise refused("broken-csv", path, last + 1, why=str(problem)) from None
