"""Frozen benchmarks 参照值 to a file and back, so that records are scored by what an earlier population came to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

from perfrules import scorecards
from perfrules.formats.delimited import decoded
from perfrules.formats.json_records import BYTES_LIMIT, parse_json
from perfrules.formats.scorecards import as_number, plain
from perfrules.formats.tables import refused
from perfrules.formats.writing import write_whole
from perfrules.model import Frozen, Hole, Scheme
from perfrules.nodes import HoleKind

Benchmarks = Mapping[str, Mapping[str, Frozen]]
"""Frozen benchmarks by the digest of the scheme that they are of, then by name."""


def write_benchmarks(path: Path, schemes: Sequence[Scheme], benchmarks: Benchmarks) -> None:
    """Write what `read_benchmarks` reads, whole or not at all. Raises RecordError where that cannot be done."""
    data = [
        {
            "scheme": {"id": s.id, "edition": s.edition, "digest": s.digest},
            "benchmarks": {name: scorecards.frozen_json(f) for name, f in benchmarks.get(s.digest, {}).items()},
        }
        for s in schemes
    ]
    try:
        write_whole(path, (json.dumps({"frozen": data}, ensure_ascii=False, indent=1) + "\n").encode())
    except OSError as problem:
        raise refused("file-not-writable", path, why=problem.strerror or "") from None


def read_benchmarks(path: Path, schemes: Sequence[Scheme]) -> Benchmarks:
    """The benchmarks in a file for every one of the schemes.

    Raises RecordError where the file cannot be read, holds no benchmarks, or none of one of the schemes.
    """
    try:
        if path.stat().st_size > BYTES_LIMIT:
            raise refused("data-file-too-large", path, limit=f"{BYTES_LIMIT // 1_000_000} MB")
        whole = plain(parse_json(decoded(path.read_bytes(), path), str(path)))
    except FileNotFoundError:
        raise refused("file-not-found", path) from None
    except OSError as problem:
        raise refused("file-not-readable", path, why=problem.strerror or "") from None
    found: dict[str, dict[str, Frozen]] = {}
    try:
        for each in whole["frozen"]:
            made = {str(name): _frozen(str(name), data) for name, data in each["benchmarks"].items()}
            found[str(each["scheme"]["digest"])] = made
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise refused("not-benchmarks", path) from None
    for scheme in schemes:
        if found.get(scheme.digest, {}).keys() != scheme.benchmarks.keys():
            name = scheme.id + (f"@{scheme.edition}" if scheme.edition else "")
            raise refused("benchmarks-of-another-scheme", path, scheme=name)
    return found


def _frozen(name: str, data: Mapping[str, Any]) -> Frozen:
    values: dict[str, Fraction | Hole] = {}
    for group, value in data["values"].items():
        number = as_number(value) if isinstance(value, str) else None
        if number is None and value["hole"] not in get_args(HoleKind):
            raise ValueError(value)
        values[str(group)] = Hole(value["hole"], name) if number is None else number
    return Frozen(name, values, int(data["population"]), int(data["left_out"]), str(data["digest"]))
