"""An XLSX archive made safe: unpacked within bounds and copied plainly, so that what is read was checked.

Sizes in an archive's own directory may lie, and a sheet of two cells may span seventeen thousand million. So
every part that a reader needs is unpacked here within limits and scanned. The scan also sees what readers of
values do not tell: error values, formulas never calculated, and which numbers are shown as percentages.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Protocol
from xml.parsers import expat

from attrs import define, field, frozen

from perfrules.findings import RecordError
from perfrules.formats.tables import CELLS_LIMIT, COLUMNS_LIMIT, LINES_LIMIT, refused

UNPACKED_LIMIT, MEMBERS_LIMIT, RATIO_LIMIT, SMALL = 200_000_000, 2_000, 250, 5_000_000
_NEEDED = re.compile(r"\[Content_Types\]\.xml|_rels/\.rels|xl/(worksheets/)?[^/]*\.xml|xl/_rels/[^/]*\.rels", re.I)
_BROKEN = (
    zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, NotImplementedError, RuntimeError, ValueError
)  # fmt: skip
_OLE = b"\xd0\xcf\x11\xe0"
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})", re.ASCII)
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')

Attributes = Mapping[str, str]
Refuse = Callable[..., RecordError]


@frozen
class Marks:
    """What a sheet's cells hold beside their values, by (row, column) from 1."""

    percents: frozenset[tuple[int, int]]
    errors: Mapping[tuple[int, int], str]


@frozen
class Archive:
    """A workbook's parts in a plain copy, and the marks of its sheets by name."""

    copy: io.BytesIO
    marks: Mapping[str, Marks]


def opened(path: Path) -> Archive:
    """The safe copy of a workbook. Raises RecordError where it is broken, encrypted or too large; OSError."""
    refuse = partial(refused, path=path)
    try:
        parts = _parts(path, refuse)
        marks = _marks(parts, refuse)
    except _BROKEN as problem:
        raise refuse("broken-workbook", why=str(problem)[:100]) from None
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as plain:
        for name, data in parts.items():
            plain.writestr(zipfile.ZipInfo(name), data)
    copy.seek(0)
    return Archive(copy, marks)


def _parts(path: Path, refuse: Refuse) -> dict[str, bytes]:
    with path.open("rb") as file:
        start = file.read(4)
        if start == _OLE:
            raise refuse("encrypted-or-old-workbook")
        if start[:2] != b"PK":
            raise refuse("broken-workbook", why="not a zip archive")
        file.seek(0)
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if len(members) > MEMBERS_LIMIT:
                raise refuse("workbook-too-large", limit=f"{MEMBERS_LIMIT} members")
            parts: dict[str, bytes] = {}
            room = UNPACKED_LIMIT
            for member in members:
                if not _NEEDED.fullmatch(member.filename):
                    continue
                if member.flag_bits & 1:
                    raise refuse("encrypted-or-old-workbook")
                if member.filename in parts:
                    raise refuse("broken-workbook", why=f"{member.filename[:40]} twice")
                swollen = member.file_size > SMALL and member.file_size > RATIO_LIMIT * member.compress_size
                if member.file_size > room or swollen:
                    raise refuse("workbook-too-large", limit=f"{UNPACKED_LIMIT // 1_000_000} MB")
                with archive.open(member) as packed:
                    # With a size, for without one a member is unpacked whole, whatever size it states.
                    parts[member.filename] = packed.read(member.file_size + 1)
                room -= len(parts[member.filename])
    return parts


# ------------------------------------------------------------------------------------------------ scanning


class _Listener(Protocol):
    def start(self, name: str, attributes: Attributes) -> None: ...

    def end(self, name: str) -> None: ...

    def text(self, data: str) -> None: ...


def _scan(data: bytes, listener: _Listener) -> None:
    """Read one part; its element names come without their namespace. A document type is refused."""

    def refuse_type(*_: object) -> None:
        raise ValueError("a workbook declares no document type")

    def local(then: Callable[..., None]) -> Callable[..., None]:
        return lambda name, *rest: then(name.rpartition(" ")[2], *rest)

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = refuse_type
    parser.StartElementHandler = local(listener.start)
    parser.EndElementHandler = local(listener.end)
    parser.CharacterDataHandler = listener.text
    parser.buffer_text = True
    parser.Parse(data, True)


@define
class _Elements:
    """The elements of a small part that are asked for, with their attributes and what they stand in."""

    wanted: frozenset[str]
    found: list[tuple[str, str, Attributes]] = field(factory=list)
    stack: list[str] = field(factory=list)

    def start(self, name: str, attributes: Attributes) -> None:
        if name in self.wanted:
            plain = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
            self.found.append((name, self.stack[-1] if self.stack else "", plain))
        self.stack.append(name)

    def end(self, name: str) -> None:
        self.stack.pop()

    def text(self, data: str) -> None:
        pass


def _elements(data: bytes, *wanted: str) -> list[tuple[str, str, Attributes]]:
    listener = _Elements(frozenset(wanted))
    _scan(data, listener)
    return listener.found


@define
class _SheetScan:
    """A walk over a sheet's cells: how far they reach, and their marks."""

    percent_styles: frozenset[int]
    refuse: Refuse
    row: int = 0
    column: int = 0
    rows: int = 0
    columns: int = 0
    cells: int = 0
    percents: set[tuple[int, int]] = field(factory=set)
    errors: dict[tuple[int, int], str] = field(factory=dict)
    kind: str = ""
    style: int = 0
    inside: str = ""
    valued: bool = False
    computed: bool = False
    words: str = ""

    def start(self, name: str, attributes: Attributes) -> None:
        match name:
            case "row":
                self.row = int(attributes["r"]) if "r" in attributes else self.row + 1
                self.column = 0
            case "c":
                self._place(attributes.get("r"))
                self.kind, self.style = attributes.get("t", "n"), int(attributes.get("s", "0"))
                self.valued, self.computed, self.words = False, False, ""
            case "v" | "is":
                self.valued = True
                self._reach()
            case "f":
                self.computed = True
            case _:
                pass
        self.inside = name

    def end(self, name: str) -> None:
        if name == "c":
            at = (self.row, self.column)
            if self.kind == "e":
                self.errors[at] = self.words[:20] or "#N/A"
            elif self.computed and not self.valued:
                self.errors[at] = "#CALC!"
                self._reach()
            elif self.kind == "n" and self.valued and self.style in self.percent_styles:
                self.percents.add(at)
        self.inside = ""

    def text(self, data: str) -> None:
        if self.inside == "v" and self.kind == "e":
            self.words += data

    def _place(self, reference: str | None) -> None:
        if reference is None:
            self.column += 1
            return
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            raise ValueError("a cell without a place")
        self.row, self.column = int(match[2]), 0
        for letter in match[1]:
            self.column = self.column * 26 + ord(letter) - 64

    def _reach(self) -> None:
        self.rows, self.columns = max(self.rows, self.row), max(self.columns, self.column)
        self.cells += 1
        if (
            self.rows > LINES_LIMIT
            or self.columns > COLUMNS_LIMIT
            or max(self.rows * self.columns, self.cells) > CELLS_LIMIT
        ):
            raise self.refuse("table-too-large", limit=f"{LINES_LIMIT} × {COLUMNS_LIMIT}, {CELLS_LIMIT}")


def _marks(parts: Mapping[str, bytes], refuse: Refuse) -> dict[str, Marks]:
    """The marks of every sheet by its name."""
    if "xl/workbook.xml" not in parts:
        raise refuse("broken-workbook", why="no xl/workbook.xml")
    styles = _percent_styles(parts.get("xl/styles.xml", b"<styleSheet/>"))
    relations = _elements(parts.get("xl/_rels/workbook.xml.rels", b"<none/>"), "Relationship")
    targets = {a.get("Id", ""): posixpath.normpath(posixpath.join("/xl", a.get("Target", ""))) for _, _, a in relations}
    sheets = _elements(parts["xl/workbook.xml"], "sheet")
    names = {targets.get(a.get("id", ""), "").lstrip("/"): a.get("name", "") for _, _, a in sheets}
    marks: dict[str, Marks] = {}
    # Every sheet part is scanned, named or not: a reader may find it by another way than this one.
    for part, data in parts.items():
        if part.lower().startswith("xl/worksheets/") and part.lower().endswith(".xml"):
            scan = _SheetScan(styles, refuse)
            _scan(data, scan)
            if part in names:
                marks[names[part]] = Marks(frozenset(scan.percents), scan.errors)
    return marks


def _percent_styles(data: bytes) -> frozenset[int]:
    """The cell styles whose number format shows a percentage."""
    percent = {"9", "10"}
    styles: list[str] = []
    for name, parent, attributes in _elements(data, "numFmt", "xf"):
        if name == "numFmt" and "%" in _QUOTED.sub("", attributes.get("formatCode", "")):
            percent.add(attributes.get("numFmtId", ""))
        elif name == "xf" and parent == "cellXfs":
            styles.append(attributes.get("numFmtId", "0"))
    return frozenset(i for i, identifier in enumerate(styles) if identifier in percent)
