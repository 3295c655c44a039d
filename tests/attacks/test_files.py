"""Hostile data files: each is refused, or read for what it is, by a finding, in bounded time and memory."""

from __future__ import annotations

import io
import json
import resource
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfrules.findings import PerfrulesError
from perfrules.formats import read_records
from record_schemes import PROJECTS

SECONDS, MEMORY = 20, 1_200_000_000

READER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from record_schemes import PROJECTS
from perfrules.findings import RecordError
from perfrules.formats import read_records
try:
    batch = read_records(Path(sys.argv[2]), PROJECTS)
    found = [*batch.findings, *(f for s in batch.set_aside for f in s.findings), *(f for r in batch.records for f in r.findings)]
except RecordError as refused:
    found = refused.findings
print(*dict.fromkeys(f.name for f in found))
for f in found[:50]:
    f.render("zh"), f.render("en"), f.as_json()
"""


def read_apart(path: Path) -> list[str]:
    """The findings about a file, read in a process of its own with little time and memory."""

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))

    done = subprocess.run(
        [sys.executable, "-c", READER, str(Path(__file__).parent.parent), str(path)],
        capture_output=True, text=True, encoding="utf-8", timeout=300, preexec_fn=bound, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.split()


# ------------------------------------------------------------------------------------------------ workbooks

_CORNER = b'<row r="1"><c r="A1"><v>1</v></c><c r="XFD1048576"><v>1</v></c></row>'
_OUTER = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
_RELATIONS = "xl/_rels/workbook.xml.rels"
_SHEET = "xl/worksheets/sheet1.xml"
_HEAD = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
_TAIL = b"</sheetData></worksheet>"
_LAUGHS = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9)
) + b"]>"  # fmt: skip


def parts() -> dict[str, bytes]:
    """The parts of a sound workbook with a heading and one record."""
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["项目编号", "项目名称", "全年预算数", "全年执行数", "重大事故"])
        sheet.write_row(1, 0, ["A", "修路", 5, 4, "否"])
    with zipfile.ZipFile(data) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(changed: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, part in {**parts(), **changed}.items():
            archive.writestr(zipfile.ZipInfo(name), part, method)
    return data.getvalue()


def with_sheet(cells: bytes) -> bytes:
    return packed({_SHEET: _HEAD + cells + _TAIL})


def with_type(part: str, root: bytes) -> bytes:
    """A workbook one of whose parts declares a thousand million laughs."""
    body = parts()[part].split(b"?>", 1)[-1].lstrip()
    return packed({part: _LAUGHS.replace(b"DOCTYPE l", b"DOCTYPE " + root) + body.replace(b">", b">&j;", 1)})


def lying(megabytes: int) -> bytes:
    """A sheet that unpacks to gigabytes while the archive says that it is small, and has the checksum for that."""
    small = _HEAD + _TAIL
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = bomb.compress(small) + bomb.flush(zlib.Z_FULL_FLUSH)
    megabyte = bomb.compress(b" " * 1_000_000) + bomb.flush(zlib.Z_FULL_FLUSH)
    stream = start + megabyte * megabytes + bomb.flush()
    stored = packed({_SHEET: stream}, zipfile.ZIP_STORED)
    as_stored = struct.pack("<HHHIII", 0, 0, 33, zlib.crc32(stream), len(stream), len(stream))
    as_lie = struct.pack("<HHHIII", 8, 0, 33, zlib.crc32(small), len(stream), len(small))
    assert as_stored in stored
    return stored.replace(as_stored, as_lie)


def in_utf16() -> bytes:
    text = _LAUGHS.decode().replace('"1.0"', '"1.0" encoding="utf-16"') + "<worksheet>&j;</worksheet>"
    return packed({_SHEET: text.encode("utf-16")})


def encrypted() -> bytes:
    data = bytearray(packed({}))
    for signature, offset in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)]:
        at = data.find(signature)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(signature, at + 4)
    return bytes(data)


def twice() -> bytes:
    data = io.BytesIO(packed({}))
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(data, "a") as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
    return data.getvalue()


WORKBOOKS: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "broken-workbook"),
    "two letters": (lambda: b"PK", "broken-workbook"),
    "noise": (lambda: b"PK\x03\x04" + bytes(range(256)) * 40, "broken-workbook"),
    "cut off": (lambda: packed({})[:-200], "broken-workbook"),
    "spoilt": (lambda: packed({}).replace(b"\x00\x00\x08\x00", b"\x00\x00\x63\x00"), "broken-workbook"),
    "an empty archive": (lambda: b"PK\x05\x06" + bytes(18), "broken-workbook"),
    "an old workbook": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096), "encrypted-or-old-workbook"),
    "encrypted members": (encrypted, "encrypted-or-old-workbook"),
    "a member twice": (twice, "broken-workbook"),
    "another compression": (lambda: packed({}, zipfile.ZIP_BZIP2), ""),
    "a bomb by ratio": (lambda: with_sheet(b" " * 150_000_000), "workbook-too-large"),
    "a bomb in shared strings": (lambda: packed({"xl/sharedStrings.xml": b"<sst>" + b"<si/>" * 40_000_000}), "workbook-too-large"),
    "a bomb that lies about its size": (lambda: lying(3_000), "no-heading-line"),
    "many members": (lambda: packed({f"xl/worksheets/s{i}.xml": b"" for i in range(3000)}), "workbook-too-large"),
    "a cell in the far corner": (lambda: with_sheet(_CORNER), "table-too-large"),
    "a cell beyond the last row": (lambda: with_sheet(b'<row r="99999999"><c><v>1</v></c></row>'), "table-too-large"),
    "a row number without end": (lambda: with_sheet(b'<row r="' + b"9" * 5000 + b'"><c><v>1</v></c></row>'), "broken-workbook"),
    "a row before the first": (lambda: with_sheet(b'<row r="-5"><c><v>1</v></c></row>'), "broken-workbook"),
    "a cell without a number": (lambda: with_sheet(b'<row r="1"><c r="A"><v>1</v></c></row>'), "broken-workbook"),
    "a cell in column ZZZZZZZ": (lambda: with_sheet(b'<row r="1"><c r="ZZZZZZZ1"><v>1</v></c></row>'), "broken-workbook"),
    "a style without a number": (lambda: with_sheet(b'<row r="1"><c r="A1" s="x"><v>1</v></c></row>'), "broken-workbook"),
    "a shared string that is not there": (lambda: with_sheet(b'<row r="1"><c r="A1" t="s"><v>999999999</v></c></row>'), "broken-workbook"),
    "an infinite number": (lambda: with_sheet(b'<row r="1"><c r="A1"><v>1e999</v></c></row>'), "no-heading-line"),
    "rows without end": (lambda: with_sheet(b"<row>" + b"<c><v>1</v></c>" * 2500 + b"</row>"), "table-too-large"),
    "not closed": (lambda: packed({_SHEET: _HEAD + b"<row><c><v>1"}), "broken-workbook"),
    "nested": (lambda: with_sheet(b"<row>" * 200_000), "broken-workbook"),
    "laughs in a sheet": (lambda: with_type(_SHEET, b"worksheet"), "broken-workbook"),
    "laughs in the workbook": (lambda: with_type("xl/workbook.xml", b"workbook"), "broken-workbook"),
    "laughs in the styles": (lambda: with_type("xl/styles.xml", b"styleSheet"), "broken-workbook"),
    "laughs in UTF-16": (in_utf16, "broken-workbook"),
    "an outer file": (lambda: packed({_SHEET: _OUTER}), "broken-workbook"),
    "no workbook part": (lambda: packed({"xl/workbook.xml": b""}), "broken-workbook"),
    "sheets that are not there": (lambda: packed({_RELATIONS: parts()[_RELATIONS].replace(b"sheet1", b"sheet9")}), "broken-workbook"),
    "paths that climb out": (lambda: packed({"../../../tmp/x.xml": b"x", "/etc/x.xml": b"x"}), ""),
    "a workbook inside": (lambda: packed({"xl/embeddings/inner.xlsx": packed({})}), ""),
}  # fmt: skip


@pytest.mark.parametrize("case", WORKBOOKS)
def test_hostile_workbooks_are_refused(tmp_path: Path, case: str) -> None:
    """A workbook that is broken, lies, swells or reaches too far is one finding; a sound one with odd parts is read."""
    make, expected = WORKBOOKS[case]
    path = tmp_path / "a.xlsx"
    path.write_bytes(make())
    assert read_apart(path) == ([expected] if expected else [])


# ------------------------------------------------------------------------------------------------ text

_HEADINGS = "项目编号,项目名称,全年预算数,全年执行数,重大事故"
_LINE = '{{"项目编号": "A", "项目名称": "x", "重大事故": false, "全年执行数": 1, "全年预算数": {}}}'

TEXTS: dict[str, tuple[str, Callable[[], str], str]] = {
    "one endless line": ("a.csv", lambda: "x" * 30_000_000, "broken-csv"),
    "one endless cell": ("a.csv", lambda: _HEADINGS + "\nA," + "x" * 200_000 + ",1,1,否", "broken-csv"),
    "a long cell": ("a.csv", lambda: _HEADINGS + "\nA," + "x" * 40_000 + ",1,1,否", "text-too-long"),
    "a quote never closed": ("a.csv", lambda: _HEADINGS + '\n"A,' + "x\n" * 50_000, "broken-csv"),
    "quotes upon quotes": ("a.csv", lambda: _HEADINGS + "\n" + '"' * 100_001, "broken-csv"),
    "columns without end": ("a.csv", lambda: _HEADINGS + "\n" + "," * 1_000_000, "table-too-large"),
    "filled columns without end": ("a.csv", lambda: _HEADINGS + "\n" + "1," * 1_000_000, "table-too-large"),
    "lines without end": ("a.csv", lambda: _HEADINGS + "\n" + "1\n" * 1_100_000, "table-too-large"),
    "blank lines without end": ("a.csv", lambda: _HEADINGS + "\n" * 3_000_000, "table-too-large"),
    "nothing": ("a.csv", lambda: "\0" * 1000, "unknown-encoding"),
    "a number without end": ("a.csv", lambda: _HEADINGS + "\nA,x," + "9" * 30_000 + ",1,否", "number-too-long"),
    "groups without end": ("a.csv", lambda: _HEADINGS + '\nA,x,"' + "1," * 15_000 + 'x",1,否', "bad-grouping"),
    "a padded number": ("a.csv", lambda: _HEADINGS + "\nA,x,1" + " " * 30_000 + "x,1,否", "words-in-number-cell"),
    "signs without end": ("a.csv", lambda: _HEADINGS + "\nA,x," + "≥" * 30_000 + ",1,否", "words-in-number-cell"),
    "a formula": ("a.csv", lambda: _HEADINGS + "\nA,x,=cmd|' /C calc'!A0,1,否", "words-in-number-cell"),
    "look-alike digits": ("a.csv", lambda: _HEADINGS + "\nA,x,٥٥,1,否", "words-in-number-cell"),
    "depth": ("a.json", lambda: "[" * 1_000_000, "json-too-deep"),
    "depth of objects": ("a.json", lambda: '{"a":' * 1_000_000, "json-too-deep"),
    "a deep datum": ("a.json", lambda: "[" + _LINE.format("[[[[1]]]]") + "]", "unreadable-kind"),
    "an object as a datum": ("a.json", lambda: _LINE.format('{"a": 1}'), "unreadable-kind"),
    "a number of a million digits": ("a.json", lambda: _LINE.format("9" * 1_000_000), "broken-json"),
    "a number of forty-one digits": ("a.json", lambda: _LINE.format("9" * 41), "number-too-long"),
    "a great exponent": ("a.json", lambda: _LINE.format("1e9999"), "number-too-long"),
    "a greater exponent": ("a.json", lambda: _LINE.format("1e999999999999"), "broken-json"),
    "not a number": ("a.json", lambda: _LINE.format("NaN"), "json-not-finite"),
    "infinity": ("a.json", lambda: _LINE.format("-Infinity"), "json-not-finite"),
    "octal": ("a.json", lambda: _LINE.format("0123"), "broken-json"),
    "a word": ("a.json", lambda: _LINE.format("None"), "broken-json"),
    "a key twice": ("a.json", lambda: _LINE.format('1, "全年预算数": 2'), "key-twice-in-json"),
    "half a character": ("a.json", lambda: _LINE.format('"\\ud800"'), "broken-json"),
    "half a character as key": ("a.json", lambda: '{"\\udfff": 1}', "broken-json"),
    "never closed": ("a.json", lambda: _LINE.format('"x'), "broken-json"),
    "a bare control character": ("a.json", lambda: _LINE.format('"\x01"'), "broken-json"),
    "more after the end": ("a.json", lambda: _LINE.format("1") + "{}", "broken-json"),
    "nothing in JSON": ("a.json", lambda: "", "broken-json"),
    "a trailing comma": ("a.json", lambda: "[" + _LINE.format("1") + ",]", "broken-json"),
    "records without end": ("a.json", lambda: "[" + "1," * 30_000 + "1]", "not-a-record"),
    "keys that are attributes": ("a.json", lambda: _LINE.format('1, "__class__": 1, "__init__": "x"'), "unknown-heading"),
}  # fmt: skip


@pytest.mark.parametrize("case", TEXTS)
def test_hostile_texts_are_refused(tmp_path: Path, case: str) -> None:
    """A CSV or JSON text that is broken, deep or endless is one kind of finding, and words are never run."""
    name, make, expected = TEXTS[case]
    path = tmp_path / name
    path.write_bytes(make().encode("utf-8"))
    assert read_apart(path) == ([expected] if expected else [])


# ------------------------------------------------------------------------------------------------ anything at all


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(
    suffix=st.sampled_from([".csv", ".tsv", ".json", ".xlsx"]),
    data=st.binary(max_size=200)
    | st.text("项目编号名称全年预算执行数,;\t\"'\n[]{}:0123456789.%/≥-", max_size=200).map(str.encode)
    | st.builds(lambda body, name: packed({name: body}), st.binary(max_size=60), st.sampled_from(sorted(parts()))),
)
def test_no_file_raises_anything_else(tmp_path: Path, suffix: str, data: bytes) -> None:
    """Whatever stands in a file, reading it gives a batch or a RecordError, whose findings all render."""
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data)
    try:
        found = read_records(path, PROJECTS).findings
    except PerfrulesError as refused:
        found = refused.findings
    for finding in found:
        assert finding.render("zh")
        assert finding.render("en")
        json.dumps(finding.as_json())
