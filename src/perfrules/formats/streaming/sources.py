"""Files read in batches 分批读取: Parquet by its rows, CSV by whole lines, each batch the same at every reading."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from attrs import field, frozen

from perfrules.findings import Finding
from perfrules.formats.frames.local import from_arrow, from_polars
from perfrules.formats.frames.scorer import told_apart
from perfrules.formats.tables import Line, Wide, refused
from perfrules.model import Scheme
from perfrules.records.cells import written

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Lines = np.ndarray[Any, np.dtype[np.int64]]

BATCH_CELLS, BATCH_ROWS = 5_000_000, 131_072
"""How much of a Parquet file is scored at once: so many cells, and no more rows than that. Its rows are a power of two, as those
of many row groups are, so that few batches have a part of two."""
READ_ROWS = 262_144
"""So many rows are read at once where they are one row group: reading half of one takes as long as reading it."""


@frozen
class Batch:
    """Some lines of a file, in its order: as a frame, with the number that each has in the file.

    `first` is the place of the first among all lines of the file, from 0; `wrong` is what was found of a line as a line,
    by its place in the batch.
    """

    number: int
    first: int
    frame: pl.DataFrame
    lines: Lines
    wrong: Mapping[int, Sequence[Finding]] = field(factory=dict)


class Source(Protocol):
    """A file that is read in batches."""

    @property
    def path(self) -> Path:
        """Where it is."""

    @property
    def wide(self) -> Wide:
        """What its columns stand for."""

    @property
    def count(self) -> int | None:
        """How many lines it has, where it says."""

    def fingerprint(self) -> str:
        """What another state of the file would not have, or the same read in other batches."""

    def batches(self, *, after: int = 0, only: Sequence[int] | None = None) -> Iterator[Batch]:
        """The batches from a number on; `only` the columns in some places. Raises RecordError."""


def names_of(wide: Wide) -> list[str]:
    """The headings of a table as texts of which no two are the same."""
    return told_apart([written(value) for value in wide.columns.heading.values])


def source_of(path: Path, scheme: Scheme, *, size: int | None = None) -> Source:
    """A file to be read in batches of so many rows, or bytes of CSV. Raises RecordError."""
    from perfrules.formats.streaming.lines import LinesFile

    try:
        if path.suffix.lower() == ".parquet":
            return ParquetFile.opened(path, scheme, size)
        return LinesFile.opened(path, scheme, size)
    except FileNotFoundError:
        raise refused("file-not-found", path) from None
    except OSError as problem:
        raise refused("file-not-readable", path, why=problem.strerror or "") from None


@frozen
class ParquetFile:
    """A Parquet file, in batches of so many rows; a row's number is its line."""

    path: Path
    wide: Wide
    size: int
    file: Any = field(eq=False)

    @classmethod
    def opened(cls, path: Path, scheme: Scheme, size: int | None) -> ParquetFile:
        """A Parquet file, its headings looked at. Raises RecordError, OSError."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            file = pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20)
        except pa.ArrowInvalid as problem:
            raise refused("broken-parquet", path, why=_first_line(problem)) from None
        wide = Wide.of(scheme, str(path), Line(0, file.schema_arrow.names))
        rows = max(1024, min(BATCH_ROWS, BATCH_CELLS // len(wide.places)))
        return cls(path, wide, size or 1 << rows.bit_length() - 1, file)

    @property
    def count(self) -> int:
        """How many rows it has."""
        return int(self.file.metadata.num_rows)

    def fingerprint(self) -> str:
        """Size, time and footer."""
        about = self.path.stat()
        with self.path.open("rb") as file:
            file.seek(-8, 2)
            file.seek(-min(about.st_size, 8 + int.from_bytes(file.read(4), "little")), 2)
            footer = hashlib.sha256(file.read())
        return f"parquet {about.st_size} {about.st_mtime_ns} {footer.hexdigest()} {self.size}"

    def batches(self, *, after: int = 0, only: Sequence[int] | None = None) -> Iterator[Batch]:
        """The batches from a number on. Raises RecordError where the file is damaged."""
        import numpy as np
        import polars as pl
        import pyarrow as pa

        first = after * self.size
        number = after
        names = names_of(self.wide)
        wanted = [names[place] for place in (self.wide.places if only is None else sorted(only))]
        try:
            for frame in self._by_polars(first, wanted) if self._plain else self._by_arrow(first, wanted):
                yield Batch(number, first, frame, np.arange(first + 1, first + 1 + frame.height))
                first += frame.height
                number += 1
        except (pa.ArrowException, pl.exceptions.PolarsError, OSError) as problem:
            raise refused("broken-parquet", self.path, first + 1, why=_first_line(problem)) from None

    @property
    def _plain(self) -> bool:
        """Whether Polars reads all of its columns as they are; it takes a third of the time."""
        import pyarrow as pa

        of, schema = pa.types, self.file.schema_arrow
        plain = (
            of.is_integer,
            of.is_float32,
            of.is_float64,
            of.is_boolean,
            of.is_string,
            of.is_large_string,
            of.is_date,
        )
        kinds = [schema.field(place).type for place in self.wide.places]
        kinds = [kind.value_type if of.is_dictionary(kind) else kind for kind in kinds]
        return len(set(schema.names)) == len(schema.names) and all(
            any(is_it(kind) for is_it in plain) or (of.is_decimal(kind) and kind.precision <= 38) for kind in kinds
        )

    def _by_polars(self, start: int, names: list[str]) -> Iterator[pl.DataFrame]:
        """Frames of `size` rows each, read by whole row groups where these are not too large: none is read twice."""
        import polars as pl

        wanted = pl.scan_parquet(self.path, glob=False).select(names)
        held: pl.DataFrame | None = None
        for first, rows in self._reads(start):
            read = wanted.slice(first, rows).collect()
            held = read if held is None else pl.concat([held, read], rechunk=False)
            while held.height >= self.size:
                yield from_polars(held[: self.size].rechunk())
                held = held[self.size :]
            held = held if held.height else None
        if held is not None:
            yield from_polars(held)

    def _reads(self, start: int) -> Iterator[tuple[int, int]]:
        """From a row on, pieces of no more than so many rows: row groups together, one, or a part of one."""
        metadata = self.file.metadata
        most, first, end = max(READ_ROWS, self.size) if self.size >= BATCH_ROWS else self.size, start, 0
        for group in range(metadata.num_row_groups):
            begin, end = end, end + metadata.row_group(group).num_rows
            if begin > first and end - first > most:
                yield first, begin - first
                first = begin
            while end - first > most:
                yield first, most
                first += most
        if end > first:
            yield first, end - first

    def _by_arrow(self, start: int, names: list[str]) -> Iterator[pl.DataFrame]:
        alike = len(set(self.file.schema_arrow.names)) < len(self.file.schema_arrow.names)
        for table in self._sized(
            start, None if alike else names
        ):  # of columns of one name all are read, to tell them apart
            yield from_polars(from_arrow(table)).select(names)

    def _sized(self, start: int, names: list[str] | None) -> Iterator[Any]:
        """Tables of `size` rows each, the last of what is left, from a row on."""
        import pyarrow as pa

        held: list[Any] = []
        rows = 0
        for batch in self._from(start, names):
            held.append(batch)
            rows += batch.num_rows
            while rows >= self.size:
                table = pa.Table.from_batches(held)
                yield table.slice(0, self.size)
                held = table.slice(self.size).to_batches()
                rows -= self.size
        if rows:
            yield pa.Table.from_batches(held)

    def _from(self, start: int, names: list[str] | None) -> Iterator[Any]:
        """Record batches from a row on; row groups before it are not read."""
        metadata = self.file.metadata
        before = 0
        groups = list(range(metadata.num_row_groups))
        while groups and before + metadata.row_group(groups[0]).num_rows <= start:
            before += metadata.row_group(groups.pop(0)).num_rows
        skip = start - before
        # Row groups one by one: what is read ahead of one is not held while another is.
        for group in groups:
            for batch in self.file.iter_batches(self.size, row_groups=[group], columns=names, use_threads=True):
                if skip >= batch.num_rows:
                    skip -= batch.num_rows
                    continue
                yield batch.slice(skip)
                skip = 0


def _first_line(problem: Exception) -> str:
    return str(problem).split("\n")[0][:200]
