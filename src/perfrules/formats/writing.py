"""Files out 写出: whole or not at all, with text that no spreadsheet program takes for a formula."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: beside its place first, then into it. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".perfrules-", suffix=path.suffix)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        permitted(Path(name))
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def permitted(path: Path) -> None:
    """Give a file the permissions of one that was simply written."""
    os.chmod(path, 0o666 & ~_umask())


def guarded(text: str) -> str:
    """The text with an apostrophe before a sign that a spreadsheet program would take for a formula."""
    return "'" + text if text.startswith(FORMULA_SIGNS) else text


def csv_bytes(lines: Iterable[Sequence[str]]) -> bytes:
    """Lines as CSV, in UTF-8 with the mark that spreadsheet programs look for."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue().encode("utf-8-sig", "backslashreplace")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
