"""Known failures 已知不符: which checks of which scheme fail, each with its author's reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from perfrules import documents
from perfrules.findings import Finding, SchemeError, nearest

Known = Mapping[str, Mapping[str, str]]
"""By scheme, by check (or check, colon and what of it), the reason."""


def known_in(known: Known | str | Path | None) -> Known:
    """Known failures, read where they stand in a file. Raises SchemeError for a file that does not hold any."""
    if not isinstance(known, str | Path):
        return known or {}
    try:
        text = Path(known).read_bytes()
    except OSError as problem:
        seen = {"file": str(known), "why": problem.strerror or type(problem).__name__}
        raise SchemeError([Finding("file-unreadable", None, "", seen)]) from None
    root, found = documents.read(text, str(known))
    if root is None or any(f.severity == "error" for f in found):
        raise SchemeError(found)
    plain = documents.plain(root)
    if not isinstance(plain, dict) or not all(isinstance(v, dict) for v in plain.values()):
        raise SchemeError([Finding("names-wanted", documents.place(root), "", {"key": "known"})])
    return {name: {check: str(why or "") for check, why in failures.items()} for name, failures in plain.items()}


def by_check(known: Known, every: Mapping[str, tuple[str, ...]]) -> dict[tuple[str, str], dict[str, str]]:
    """Known failures by scheme and check, as patterns of what they are about."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for of, failures in known.items():
        must_have(of, every, "scheme")
        for key, reason in failures.items():
            check, _, pattern = key.partition(":")
            must_have(check.strip(), every[of], "check")
            if not reason.strip():
                raise ValueError(f"the known failure {key!r} of {of} wants a reason")
            found.setdefault((of, check.strip()), {})[pattern.strip() or "*"] = reason
    return found


def must_have(name: str, names: Collection[str], what: str) -> None:
    """Refuse a name that nothing has, with the nearest that something does. Raises ValueError."""
    if name not in names:
        near = nearest(name, names)
        raise ValueError(f"no {what} is called {name!r}" + (f"; the nearest is {near!r}" if near else ""))
