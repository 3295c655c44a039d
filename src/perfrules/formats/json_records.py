"""JSON files → a batch.

The reader is our own, for what the standard one cannot say: the place of every datum, a number's every digit,
a key that stands twice; and for a depth that no file exceeds.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from decimal import Decimal
from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]  # typeshed leaves it out
from pathlib import Path
from typing import Any

from perfrules.findings import Finding, Location, RecordError
from perfrules.formats.delimited import decoded
from perfrules.formats.tables import refused
from perfrules.model import Batch, Scheme
from perfrules.records.cells import shown
from perfrules.records.entries import Raw
from perfrules.records.objects import records_from_mappings

BYTES_LIMIT = 50_000_000
DEPTH_LIMIT = 20

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,400})(?:\.\d{1,400})?(?:[eE][+-]?\d{1,4})?(?![\d.eE])", re.ASCII)
_WORD = re.compile(r"[A-Za-z_+-][A-Za-z_]*")
_WORDS = {"true": True, "false": False, "null": None}


def read_json(path: Path, scheme: Scheme) -> Batch:
    """The records of a JSON file: an array of objects, an object with `records`, or one object.

    Raises RecordError, OSError.
    """
    if path.stat().st_size > BYTES_LIMIT:
        raise refused("data-file-too-large", path, limit=f"{BYTES_LIMIT // 1_000_000} MB")
    whole = parse_json(decoded(path.read_bytes(), path), str(path))
    others: list[Finding] = []
    if isinstance(whole, dict) and isinstance(whole.get("records"), list):
        records = whole.pop("records")
        where = Location(str(path), 1, 1)
        others = [Finding("unknown-heading", where, "", {"column": shown(key)}) for key in whole]
    elif isinstance(whole, dict):
        records = [whole]
    elif isinstance(whole, list):
        records = whole
    else:
        raise refused("json-without-records", path)
    return records_from_mappings(scheme, records, others)


def parse_json(text: str, file: str) -> Any:
    """What a JSON text says: dicts, lists, and a `Raw` with its place for every datum. Raises RecordError."""
    reader = _Reader(text, file)
    value, end = reader.value(reader.skip(0), 1)
    if reader.skip(end) != len(text):
        raise reader.refused("broken-json", reader.skip(end), why="after the end")
    return value


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.starts = [0, *(m.end() for m in re.finditer("\n", text))]

    def where(self, at: int) -> Location:
        line = bisect_right(self.starts, at)
        return Location(self.file, line, at - self.starts[line - 1] + 1)

    def refused(self, name: str, at: int, **seen: str) -> RecordError:
        return RecordError([Finding(name, self.where(at), "", {"file": Path(self.file).name, **seen})])

    def skip(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        if depth > DEPTH_LIMIT:
            raise self.refused("json-too-deep", at, limit=str(DEPTH_LIMIT))
        match self.text[at : at + 1]:
            case "{":
                return self.object(at, depth)
            case "[":
                return self.array(at, depth)
            case '"':
                text, end = self.string(at)
                return Raw(text, self.where(at)), end
            case _:
                return self.number_or_word(at)

    def object(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        end = self.skip(at + 1)
        if self.text[end : end + 1] == "}":
            return found, end + 1
        while True:
            if self.text[end : end + 1] != '"':
                raise self.refused("broken-json", end, why='expected "')
            start = end
            key, end = self.string(start)
            if key in found:
                raise self.refused("key-twice-in-json", start, key=key[:40])
            end = self.expect(":", end)
            found[key], end = self.value(self.skip(end), depth + 1)
            end = self.skip(end)
            if self.text[end : end + 1] == "}":
                return found, end + 1
            end = self.skip(self.expect(",", end))

    def array(self, at: int, depth: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        end = self.skip(at + 1)
        if self.text[end : end + 1] == "]":
            return found, end + 1
        while True:
            item, end = self.value(self.skip(end), depth + 1)
            found.append(item)
            end = self.skip(end)
            if self.text[end : end + 1] == "]":
                return found, end + 1
            end = self.expect(",", end)

    def expect(self, sign: str, at: int) -> int:
        at = self.skip(at)
        if self.text[at : at + 1] != sign:
            raise self.refused("broken-json", at, why=f"expected {sign}")
        return at + 1

    def string(self, at: int) -> tuple[str, int]:
        try:
            text, end = scanstring(self.text, at + 1, True)
        except JSONDecodeError as problem:
            raise self.refused("broken-json", problem.pos, why=problem.msg) from None
        if any("\ud800" <= c <= "\udfff" for c in text):
            raise self.refused("broken-json", at, why="half a character \\ud800–\\udfff")
        return text, end

    def number_or_word(self, at: int) -> tuple[Raw, int]:
        if number := _NUMBER.match(self.text, at):
            return Raw(Decimal(number.group()), self.where(at)), number.end()
        word = _WORD.match(self.text, at)
        if word is not None and word.group() in _WORDS:
            return Raw(_WORDS[word.group()], self.where(at)), word.end()
        seen = word.group() if word else self.text[at : at + 20] or "the end"
        if seen.lstrip("+-") in ("NaN", "Infinity", "nan", "inf", "Inf"):
            raise self.refused("json-not-finite", at, seen=seen)
        raise self.refused("broken-json", at, why=f"not a value: {seen[:20]}")
