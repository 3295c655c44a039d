"""CSV files of any size 大文件 CSV: cut into blocks of whole lines, each block read as columns of text.

A block with nothing odd in it is read by a fast reader; one with lines that are too long or too short, or quotation marks
where none belong, line by line, as a small file is.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from perfrules.formats.delimited import lines_of, separator_of
from perfrules.formats.streaming.sources import Batch, names_of
from perfrules.formats.tables import HEADING_LINES, Line, Table, Wide, heading_line, refused
from perfrules.model import Scheme
from perfrules.records import Headings

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Numbers = np.ndarray[Any, np.dtype[np.int64]]

BLOCK = 16_000_000
"""The bytes of a block, and less than a line more."""
_LONGEST = 8 * BLOCK
"""The bytes of what may be one line, of which only a quotation mark that is never closed makes so many."""
_SAMPLE = 200_000
_NEWLINE, _QUOTE = 10, 34


@frozen
class LinesFile:
    """A CSV file, in batches of so many bytes."""

    path: Path
    wide: Wide
    encoding: str
    separator: str
    first: int
    size: int = BLOCK

    @classmethod
    def opened(cls, path: Path, scheme: Scheme, size: int | None) -> LinesFile:
        """A CSV file, its encoding, separator and headings found out. Raises RecordError, OSError."""
        encoding = _encoding(path)
        with path.open("rb") as file:
            text = file.read(_SAMPLE).decode(encoding, "replace")  # what is no text is told of when it is read
        separator = separator_of(text, path, scheme)
        headings = Headings(scheme)
        above: list[Line] = []
        try:
            for line in lines_of(text, separator):
                if not line.blank:
                    above.append(line)
                if len(above) == HEADING_LINES:
                    break
        except csv.Error:
            pass  # the sample ends within a line, or the file is told of when it is read
        at = heading_line(Table("", above), lambda word: bool(headings.of_line(word)))
        heading = above[at] if at is not None else Line(1, above[0].values if above else [])
        wide = Wide.of(scheme, str(path), heading)
        within = sum(str(value).count("\n") for value in heading.values)
        return cls(path, wide, encoding, separator, heading.number + within + 1, size or BLOCK)

    @property
    def count(self) -> int | None:
        """Nobody knows before the last line."""
        return None

    def fingerprint(self) -> str:
        """Size, time, and both ends."""
        about = self.path.stat()
        with self.path.open("rb") as file:
            ends = hashlib.sha256(file.read(65_536))
            file.seek(max(0, about.st_size - 65_536))
            ends.update(file.read())
        return f"csv {about.st_size} {about.st_mtime_ns} {ends.hexdigest()} {self.size}"

    def batches(self, *, after: int = 0, only: Sequence[int] | None = None) -> Iterator[Batch]:
        """The batches from a number on. Raises RecordError where the file is no CSV."""
        places = self.wide.places if only is None else sorted(only)
        first = 0
        for number, (line, block) in enumerate(self._blocks()):
            made = self._read(number, first, line, block, places)
            first += made.frame.height
            if number >= after:
                yield made

    # ------------------------------------------------------------------------------------------ blocks

    def _blocks(self) -> Iterator[tuple[int, bytes]]:
        """Whole lines beneath the heading, with the number of the first."""
        line, held = self.first, b""
        for chunk in self._beneath():
            held += chunk
            if b"\0" in chunk:
                raise refused("unknown-encoding", self.path)
            cut = self._cut(held)
            if cut:
                yield line, held[:cut]
                line += held.count(b"\n", 0, cut)
                held = held[cut:]
            elif len(held) > _LONGEST:
                raise refused("broken-csv", self.path, line, why="unexpected end of data")
        if held:
            yield line, held

    def _beneath(self) -> Iterator[bytes]:
        """What stands beneath the heading, in UTF-8."""
        above = self.first - 1
        for chunk in self._bytes():
            while above and chunk:
                end = chunk.find(b"\n")
                chunk, above = (b"", above) if end < 0 else (chunk[end + 1 :], above - 1)
            if chunk:
                yield chunk

    def _bytes(self) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(self.encoding)()
        with self.path.open("rb") as file:
            try:
                while data := file.read(self.size):
                    if self.encoding == "utf-8-sig":
                        yield data.removeprefix(codecs.BOM_UTF8) if file.tell() == len(data) else data
                    else:
                        yield decoder.decode(data).encode("utf-8", "surrogatepass")
                if self.encoding != "utf-8-sig":
                    yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
            except UnicodeDecodeError:
                raise refused("unknown-encoding", self.path) from None

    def _cut(self, held: bytes) -> int:
        """Where the last whole line ends; 0 where none does."""
        if b'"' not in held:
            return held.rfind(b"\n") + 1
        if self._stray(held):
            return _cut_exactly(held, self.separator)
        ends = _line_ends(held)
        return int(ends[-1]) + 1 if len(ends) else 0

    def _stray(self, block: bytes) -> bool:
        """Whether a quotation mark stands where none opens or closes a cell."""
        beside = rb'\n\r"' + re.escape(self.separator.encode())
        return re.search(rb'(?<=[^%b])"(?=[^%b])' % (beside, beside), block) is not None

    # ------------------------------------------------------------------------------------------ one block

    def _read(self, number: int, first: int, line: int, block: bytes, places: Sequence[int]) -> Batch:
        names = names_of(self.wide)
        wanted = [names[place] for place in places]
        made = None if b'"' in block and self._stray(block) else self._read_fast(block, names, wanted)
        numbers = None if made is None else _line_numbers(block, line, made.height)
        if made is None or numbers is None:
            return self._read_lines(number, first, line, block, places)
        if _blank(made).any():  # a line with nothing in any column is none; that is seldom, and then all are looked at
            whole = self._read_fast(block, names, names)
            assert whole is not None
            filled = ~_blank(whole)
            made, numbers = made.filter(filled), numbers[filled.to_numpy()]
        return Batch(number, first, made, numbers)

    def _read_fast(self, block: bytes, names: Sequence[str], wanted: Sequence[str]) -> pl.DataFrame | None:
        """The block as columns of text; None where it is not so plain."""
        import polars as pl
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        try:
            table = arrow_csv.read_csv(
                pa.BufferReader(block),
                read_options=arrow_csv.ReadOptions(column_names=list(names), block_size=BLOCK // 8),
                parse_options=arrow_csv.ParseOptions(delimiter=self.separator, newlines_in_values=b'"' in block),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), include_columns=list(wanted), null_values=[""],
                    strings_can_be_null=True,
                ),
            )  # fmt: skip
        except pa.ArrowInvalid:
            return None
        made = pl.from_arrow(table)
        assert isinstance(made, pl.DataFrame)
        return made

    def _read_lines(self, number: int, first: int, line: int, block: bytes, places: Sequence[int]) -> Batch:
        """The block line by line, with what is found of each; the file's own words where it is no CSV."""
        import numpy as np
        import polars as pl

        names = names_of(self.wide)
        lines: list[Line] = []
        last = line - 1
        try:
            for each in lines_of(self._text(block), self.separator):
                last = line + each.number - 1
                if not each.blank:
                    lines.append(Line(last, each.values))
        except csv.Error as problem:
            raise refused("broken-csv", self.path, last + 1, why=str(problem)) from None
        wrong = {at: found for at, each in enumerate(lines) if (found := self.wide.ragged(each))}
        columns = [
            pl.Series(names[p], [each.values[p] or None if p < len(each.values) else None for each in lines], pl.String)
            for p in places
        ]  # fmt: skip
        return Batch(number, first, pl.DataFrame(columns), np.array([each.number for each in lines], np.int64), wrong)

    def _text(self, block: bytes) -> str:
        try:
            return block.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise refused("unknown-encoding", self.path) from None


# ------------------------------------------------------------------------------------------------ bytes


def _encoding(path: Path) -> str:
    """The encoding of a file: UTF-16 with its mark, else UTF-8 or GB18030, in which all of it reads. Raises RecordError."""
    with path.open("rb") as file:
        utf16 = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        for encoding in ["utf-16"] if utf16 else ["utf-8-sig", "gb18030"]:
            file.seek(0)
            decoder = codecs.getincrementaldecoder(encoding)()
            try:
                while data := file.read(BLOCK):
                    decoder.decode(data)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                continue
            return encoding
    raise refused("unknown-encoding", path)


def _line_ends(block: bytes) -> Numbers:
    """Where lines end: at line breaks that stand in no quotation marks."""
    import numpy as np

    data = np.frombuffer(block, np.uint8)
    ends: Numbers = np.flatnonzero(data == _NEWLINE)
    quotes = np.flatnonzero(data == _QUOTE)
    if len(quotes):
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
    return ends


def _line_numbers(block: bytes, line: int, count: int) -> Numbers | None:
    """The number in the file of each of so many lines, empty ones left out; None where that cannot be told so."""
    import numpy as np

    breaks = block.count(b"\n") + (not block.endswith(b"\n"))
    if breaks == count:
        return np.arange(line, line + count, dtype=np.int64)
    data = np.frombuffer(block, np.uint8)
    starts = np.concatenate(([0], _line_ends(block) + 1))
    starts = starts[starts < len(data)]
    numbers: Numbers = line + np.searchsorted(np.flatnonzero(data == _NEWLINE), starts)
    empty = data[starts] == _NEWLINE
    returns = np.flatnonzero(data[starts] == 13)
    empty[returns] = data[np.minimum(starts[returns] + 1, len(data) - 1)] == _NEWLINE
    numbers = numbers[~empty]
    return numbers if len(numbers) == count else None


def _cut_exactly(held: bytes, separator: str) -> int:
    """Where the last whole line ends, where quotation marks stand that are letters."""
    whole = held[: held.rfind(b"\n") + 1]
    lines = whole.decode("utf-8", "surrogateescape").split("\n")
    reader = csv.reader((text + "\n" for text in lines[:-1]), delimiter=separator, strict=True)
    done = 0
    try:
        for _ in reader:
            done = reader.line_num
    except csv.Error as problem:
        if "unexpected end of data" not in str(problem):
            done = len(lines) - 1  # what is wrong there is told when it is read
    return sum(len(text.encode("utf-8", "surrogateescape")) + 1 for text in lines[:done])


def _blank(frame: pl.DataFrame) -> pl.Series:
    """The lines with nothing in any column."""
    import polars as pl

    blank = pl.repeat(True, frame.height, eager=True)
    for column in frame:
        blank = blank & (column.is_null() | ~column.str.contains(_SEEN).fill_null(False))
        if not blank.any():
            break
    return blank


_SEEN = r"[^\s\u200b-\u200f\ufeff]"
"""What is no blank."""
