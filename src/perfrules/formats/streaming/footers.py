"""Parquet files grown by their bytes: finished files, one batch each, become one without being decoded again.

A Parquet file is row groups and, at its end, a footer that says where they stand. What is appended is the row groups of
a finished file; the footer's part about them is kept with every place in it moved, and all such parts make one footer at
the end. Footers are in Thrift's compact protocol, of which this reads and writes what stands in them, whatever it means.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import define

MAGIC = b"PAR1"

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)

Field = tuple[int, int, Any]
"""A field of a struct: its number, its type, its value; a struct is a list of them, a list a pair of type and values."""

# Numbers of fields, from the format's parquet.thrift.
_NUM_ROWS, _ROW_GROUPS = 3, 4
_COLUMNS, _GROUP_ROWS, _GROUP_OFFSET, _ORDINAL = 1, 3, 5, 7
_CHUNK_OFFSET, _CHUNK, _OFFSET_INDEX, _COLUMN_INDEX = 2, 3, 4, 6
_PLACES = frozenset({9, 10, 11, 14})
"""Of a column chunk: where its data, index and dictionary pages and its Bloom filter stand."""


@define
class Part:
    """A finished Parquet file taken apart: its row groups' bytes, how many rows, and its footer."""

    body: bytes
    rows: int
    footer: list[Field]

    @classmethod
    def of(cls, data: bytes) -> Part:
        """The parts of a file."""
        size = int.from_bytes(data[-8:-4], "little")
        assert data.startswith(MAGIC)
        assert data.endswith(MAGIC)
        footer = _Reader(data[-8 - size : -8]).struct()
        rows = next(value for number, _, value in footer if number == _NUM_ROWS)
        return cls(data[len(MAGIC) : -8 - size], rows, footer)

    def groups_at(self, place: int, first: int) -> bytes:
        """The footer's row groups as they are once the body stands at a place; `first` is the number of the first."""
        groups = _value(self.footer, _ROW_GROUPS)[1]
        out = bytearray()
        for number, group in enumerate(groups, start=first):
            out += _struct(_moved(group, place - len(MAGIC), number))
        return bytes(out)

    @property
    def groups(self) -> int:
        """How many row groups there are."""
        return len(_value(self.footer, _ROW_GROUPS)[1])

    def footer_of(self, rows: int, groups: int, encoded: bytes) -> bytes:
        """The end of a file with this one's columns and these row groups."""
        out = bytearray()
        last = 0
        for number, kind, value in self.footer:
            out += _head(number, kind, last)
            last = number
            if number == _NUM_ROWS:
                out += _signed(rows)
            elif number == _ROW_GROUPS:
                out += _list_head(_STRUCT, groups) + encoded
            else:
                out += _encoded(kind, value)
        out += b"\0"
        return bytes(out) + len(out).to_bytes(4, "little") + MAGIC


def _value(struct: list[Field], number: int) -> Any:
    return next(value for each, _, value in struct if each == number)


def _moved(group: list[Field], by: int, ordinal: int) -> list[Field]:
    """A row group with every place in it moved; a place 0 is none."""
    made: list[Field] = []
    for number, kind, value in group:
        if number == _COLUMNS:
            value = value[0], [_moved_chunk(chunk, by) for chunk in value[1]]
        elif number == _GROUP_OFFSET:
            value = value + by if value else 0
        elif number == _ORDINAL:
            if ordinal >= 2**15:
                continue  # it is optional, and has 16 bits
            value = ordinal
        made.append((number, kind, value))
    return made


def _moved_chunk(chunk: list[Field], by: int) -> list[Field]:
    made: list[Field] = []
    for number, kind, value in chunk:
        if number in (_CHUNK_OFFSET, _OFFSET_INDEX, _COLUMN_INDEX):
            value = value + by if value else 0
        elif number == _CHUNK:
            value = [(n, k, v + by if n in _PLACES else v) for n, k, v in value]
        made.append((number, kind, value))
    return made


# ------------------------------------------------------------------------------------------------ Thrift, compact


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def signed(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def struct(self) -> list[Field]:
        return list(self._fields())

    def _fields(self) -> Iterator[Field]:
        number = 0
        while head := self.data[self.at]:
            self.at += 1
            delta, kind = head >> 4, head & 0x0F
            number = number + delta if delta else self.signed()
            yield number, kind, self.value(kind)
        self.at += 1

    def value(self, kind: int, *, alone: bool = False) -> Any:
        """A value; a boolean stands in its own byte where it is alone, in a list, and in its type where it is a field."""
        match kind:
            case 1 | 2 if not alone:
                return kind == _TRUE
            case 1 | 2 | 3:
                self.at += 1
                return self.data[self.at - 1]
            case 4 | 5 | 6:
                return self.signed()
            case 7:
                self.at += 8
                return self.data[self.at - 8 : self.at]
            case 8:
                size = self.varint()
                self.at += size
                return self.data[self.at - size : self.at]
            case 9 | 10:
                head = self.data[self.at]
                self.at += 1
                count = head >> 4 if head >> 4 < 15 else self.varint()
                return head & 0x0F, [self.value(head & 0x0F, alone=True) for _ in range(count)]
            case 12:
                return self.struct()
            case _:
                raise ValueError(f"no type {kind} in a footer")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _signed(value: int) -> bytes:
    return _varint(value << 1 if value >= 0 else (-value << 1) - 1)


def _head(number: int, kind: int, last: int) -> bytes:
    delta = number - last
    return bytes([delta << 4 | kind]) if 0 < delta < 16 else bytes([kind]) + _signed(number)


def _list_head(kind: int, count: int) -> bytes:
    return bytes([count << 4 | kind]) if count < 15 else bytes([0xF0 | kind]) + _varint(count)


def _struct(fields: list[Field]) -> bytes:
    out = bytearray()
    last = 0
    for number, kind, value in fields:
        out += _head(number, kind, last) + _encoded(kind, value)
        last = number
    return bytes(out) + b"\0"


def _encoded(kind: int, value: Any, *, alone: bool = False) -> bytes:
    match kind:
        case 1 | 2 if not alone:
            return b""
        case 1 | 2 | 3:
            return bytes([value])
        case 4 | 5 | 6:
            return _signed(value)
        case 7:
            return bytes(value)
        case 8:
            return _varint(len(value)) + bytes(value)
        case 9 | 10:
            return _list_head(value[0], len(value[1])) + b"".join(_encoded(value[0], v, alone=True) for v in value[1])
        case 12:
            return _struct(value)
        case _:
            raise ValueError(f"no type {kind} in a footer")
