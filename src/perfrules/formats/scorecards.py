"""Scorecards back in 读回评分结果: what `perfrules score -o FILE.json` wrote, every figure read anew."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

from perfrules.findings import Finding, Location
from perfrules.formats.delimited import decoded
from perfrules.formats.json_records import BYTES_LIMIT, parse_json
from perfrules.formats.tables import refused
from perfrules.model import (
    UNMARKED,
    Line,
    LineKind,
    NodeScore,
    OpenGroup,
    Ruling,
    Scheme,
    Scorecard,
    State,
)
from perfrules.records.entries import Raw

_NUMBER = re.compile(r"-?[0-9]{1,4000}(\.[0-9]{1,4000}|/[1-9][0-9]{0,3999})?", re.ASCII)


def read_scorecards(path: Path, scheme: Scheme) -> tuple[tuple[Scorecard, ...], list[Finding]] | None:
    """The scorecards of a file of results and what was found about them; None where it is a file of something else.

    Such a scorecard says what was published: its trace and record are not in the file. Raises RecordError where the file
    cannot be read, or holds scorecards that are none.
    """
    if path.suffix.lower() != ".json":
        return None
    try:
        if path.stat().st_size > BYTES_LIMIT:
            raise refused("data-file-too-large", path, limit=f"{BYTES_LIMIT // 1_000_000} MB")
        whole = parse_json(decoded(path.read_bytes(), path), str(path))
    except FileNotFoundError:
        raise refused("file-not-found", path) from None
    except OSError as problem:
        raise refused("file-not-readable", path, why=problem.strerror or "") from None
    if not isinstance(whole, dict) or not isinstance(whole.get("scorecards"), list):
        return None
    rows = {n.path for n in scheme.tree.walk() if isinstance(n.holds, OpenGroup)}
    cards: list[Scorecard] = []
    found: list[Finding] = []
    for place, data in enumerate(plain(whole["scorecards"]), start=1):
        try:
            cards.append(_card(data, rows))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise refused("not-a-scorecard", path, number=str(place)) from None
    others = sorted({c.record for c in cards if c.scheme_digest != scheme.digest})
    if others:
        seen = {"count": str(len(others)), "scheme": scheme.id}
        found.append(Finding("scorecard-of-another-scheme", Location(str(path), 1, 1), "", seen))
    return tuple(cards), found


def plain(node: Any) -> Any:
    """What a JSON text says, without the places of its data."""
    match node:
        case Raw(value=value):
            return value
        case dict():
            return {key: plain(value) for key, value in node.items()}
        case list():
            return [plain(value) for value in node]
        case _:
            return node


def _card(data: Mapping[str, Any], rows: set[str]) -> Scorecard:
    about, total, most = data["scheme"], as_number(data["points"]), as_number(data["max"])
    root = NodeScore("", "", "", 0, "group", True, "scored", most, total, None, None, UNMARKED)
    return Scorecard(
        record=_text(data["record"]),
        scheme=_text(about["id"]),
        edition=_text(about["edition"]),
        scheme_digest=_text(about["digest"]),
        points=total,
        max=most,
        grades={_text(name): None if label is None else _text(label) for name, label in data["grades"].items()},
        nodes=(root, *_nodes(data["indicators"], rows)),
        lines=tuple(_line(line) for line in data["lines"]),
        happenings=(),
        values={},
        resting={},
        rulings=tuple(_ruling(ruling) for ruling in data["rulings"]),
        findings=(),
    )


def _nodes(data: Any, rows: set[str]) -> Iterator[NodeScore]:
    for each in data:
        path, state = _text(each["path"]), each["state"]
        if state not in get_args(State) or not isinstance(each["counts"], bool):
            raise ValueError(state)
        of_group = path.rpartition("/")[0] in rows or ("/" not in path and "" in rows)
        yield NodeScore(
            path, _text(each["name"]), _text(each.get("title", "")), path.count("/") + 1, "row" if of_group else "leaf",
            each["counts"], state, as_number(each["max"]), as_number(each["points"]), as_number(each["possible"]),
            as_number(each["lost"]), UNMARKED,
        )  # fmt: skip


def _line(data: Mapping[str, Any]) -> Line:
    amount = as_number(data["amount"])
    if amount is None or data["kind"] not in get_args(LineKind):
        raise ValueError(data["kind"])
    name, reason, clause = (_text(data[word]) for word in ("name", "reason", "clause"))
    return Line(_text(data["path"]), data["kind"], amount, name, reason, clause)


def _ruling(data: Mapping[str, Any]) -> Ruling:
    points = as_number(data["points"])
    if points is None:
        raise ValueError("points")
    day = date.fromisoformat(_text(data["date"]))
    return Ruling(_text(data["path"]), points, _text(data["reason"]), _text(data["by"]), day)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(value)
    return value


def as_number(value: object) -> Fraction | None:
    """A number as programs are given it, exactly; None for none. Raises ValueError for any other text."""
    if value is None:
        return None
    if not _NUMBER.fullmatch(_text(value)):
        raise ValueError(value)
    return Fraction(_text(value))
