"""Files that grow 逐批写出: a batch at a time, each known by its length, so that what was half written can be cut off."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from attrs import define

from perfrules.formats.streaming.footers import MAGIC, Part
from perfrules.formats.writing import FORMULA_SIGNS, csv_bytes, guarded

if TYPE_CHECKING:
    import polars as pl

State = Mapping[str, int]
SHORT = 18
"""The digits that fit in 64 bits."""
BOM = b"\xef\xbb\xbf"
"""The mark by which spreadsheet programs know UTF-8."""


class Growing(Protocol):
    """A file of scores being written."""

    def append(self, frame: pl.DataFrame) -> None:
        """Write a batch after those that are there."""

    def finish(self) -> None:
        """Write what closes the file."""

    @property
    def state(self) -> State:
        """How far it is."""


@define
class Tail:
    """A file whose first `length` bytes are good."""

    path: Path
    length: int = 0

    def add(self, data: bytes) -> None:
        """Write data after them, in place of whatever stands there."""
        with self.path.open("r+b" if self.path.exists() else "w+b") as file:
            file.seek(self.length)
            file.write(data)
            file.truncate()
        self.length += len(data)

    def read(self) -> bytes:
        """The good bytes."""
        return self.path.read_bytes()[: self.length] if self.length else b""


@define
class GrowingParquet:
    """A Parquet file being written: row groups in one file, their part of the footer in another.

    `short` are the columns of decimals that are known to have no more than 18 digits, which are half as long.
    """

    body: Tail
    groups: Tail
    model: Path
    short: frozenset[str] = frozenset()
    rows: int = 0
    count: int = 0

    @classmethod
    def at(cls, folder: Path, state: State, short: frozenset[str] = frozenset()) -> GrowingParquet:
        """That of a folder, as far as a state says."""
        body, groups = Tail(folder / "scores", state.get("body", 0)), Tail(folder / "groups", state.get("groups", 0))
        return cls(body, groups, folder / "model", short, state.get("rows", 0), state.get("count", 0))

    @property
    def state(self) -> State:
        """How far it is."""
        return {"body": self.body.length, "groups": self.groups.length, "rows": self.rows, "count": self.count}

    def append(self, frame: pl.DataFrame) -> None:
        """Write a batch after those that are there."""
        import polars as pl

        made = io.BytesIO()
        narrow = [
            pl.col(name).cast(pl.Decimal(SHORT, kind.scale))
            for name, kind in frame.schema.items()
            if name in self.short and isinstance(kind, pl.Decimal)
        ]
        frame = frame.with_columns(narrow)
        frame.write_parquet(made, compression_level=1, row_group_size=max(1, frame.height))
        data = made.getvalue()
        part = Part.of(data)
        if not self.body.length:
            self.model.write_bytes(data)
            self.body.add(MAGIC)
        self.groups.add(part.groups_at(self.body.length, self.count))
        self.body.add(part.body)
        self.rows += part.rows
        self.count += part.groups

    def finish(self) -> None:
        """Write the footer over all batches; its columns are those of the first."""
        self.body.add(Part.of(self.model.read_bytes()).footer_of(self.rows, self.count, self.groups.read()))


@define
class GrowingCsv:
    """A CSV file being written; the findings of a line are one cell."""

    text: Tail

    @classmethod
    def at(cls, folder: Path, state: State, short: frozenset[str] = frozenset()) -> GrowingCsv:
        """That of a folder, as far as a state says."""
        return cls(Tail(folder / "scores", state.get("text", 0)))

    @property
    def state(self) -> State:
        """How far it is."""
        return {"text": self.text.length}

    def append(self, frame: pl.DataFrame) -> None:
        """Write a batch after those that are there."""
        import polars as pl

        texts = [pl.col(name) for name, kind in frame.schema.items() if kind == pl.String]
        lists = [pl.col(name).list.join("; ") for name, kind in frame.schema.items() if kind == pl.List(pl.String)]
        signs = [*FORMULA_SIGNS]
        guard = [
            pl.when(text.str.slice(0, 1).is_in(signs))
            .then(pl.lit("'") + text)
            .otherwise(text)
            .alias(text.meta.output_name())
            for text in texts
        ]
        first = not self.text.length
        made = io.BytesIO()
        frame.with_columns(*lists, *guard).write_csv(made, include_header=first)
        self.text.add((BOM if first else b"") + made.getvalue())

    def finish(self) -> None:
        """Nothing closes a CSV file."""


@define
class GrowingTable:
    """A CSV file of a few lines being written."""

    text: Tail

    def append(self, lines: Sequence[Sequence[str]]) -> None:
        """Write lines after those that are there."""
        if lines:
            data = csv_bytes([guarded(cell) for cell in line] for line in lines)
            self.text.add(data if not self.text.length else data.removeprefix(BOM))
