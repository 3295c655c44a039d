"""The schemes that plugins supply, by id, edition and day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path

from perfrules import plugins
from perfrules.assembling import declared, load, loads, text_of
from perfrules.editions import in_effect
from perfrules.findings import Finding, PerfrulesError, SchemeError, nearest
from perfrules.model import Scheme


def schemes(
    given: plugins.Registry | None = None, only: str | None = None
) -> tuple[Mapping[str, list[Scheme]], list[Finding]]:
    """Every scheme that plugins supply (or `only` those of an id), by id, its editions newest first; and what went
    wrong on the way."""
    known = given or plugins.registry()
    found = list(known.findings)
    made: dict[str, list[Scheme]] = {}
    for each in known.scheme_files:
        try:
            text = text_of(each.path)
            if only is not None and declared(text) not in (only, None):
                continue
            scheme_ = loads(text, file=str(each.path), registry=known, distribution=each.distribution)
        except PerfrulesError as problem:
            found += problem.findings
            continue
        if any(s.edition == scheme_.edition for s in made.get(scheme_.id, [])):
            seen = {"id": scheme_.id, "edition": scheme_.edition, "distribution": each.distribution}
            found.append(Finding("edition-twice", None, scheme_.id, seen))
            continue
        made.setdefault(scheme_.id, []).append(scheme_)
    for editions in made.values():
        editions.sort(key=lambda s: (s.effective or date.min, s.edition), reverse=True)
    return made, found


@lru_cache(maxsize=64)
def _editions(name: str) -> tuple[list[Scheme], list[Finding]]:
    made, found = schemes(only=name)
    return made.get(name, []), found


def scheme(name: str, *, on: date | None = None) -> Scheme:
    """The scheme of a plugin by id, `id@edition`, or a path to a file; of several editions the newest, or that in
    effect `on` a day. Raises SchemeError."""
    if _is_file(name):
        return load(name)
    wanted, _, edition = name.partition("@")
    editions, found = _editions(wanted)
    if not editions:
        unreadable = [f for f in found if f.severity == "error"]
        if any(declared(text_of(f.path)) == wanted for f in plugins.registry().scheme_files):
            raise SchemeError(unreadable)  # it is there, and cannot be used
        brought = [d for f in plugins.registry().scheme_files if plugins.is_called(f.distribution, wanted)
                   and (d := declared(text_of(f.path)))]  # fmt: skip
        if brought:
            seen = {"name": wanted, "known": "、".join(dict.fromkeys(brought))}
            raise SchemeError([Finding("distribution-not-scheme", None, "", seen)])
        known = [d for f in plugins.registry().scheme_files if (d := declared(text_of(f.path)))]
        raise SchemeError([Finding("unknown-scheme", None, "", {"name": wanted}, nearest(wanted, known)), *unreadable])
    if edition:
        for each in editions:
            if each.edition == edition:
                return each
        have = "、".join(e.edition for e in editions)
        raise SchemeError([Finding("unknown-edition", None, wanted, {"edition": edition, "have": have})])
    if on is not None:
        for each in editions:
            if in_effect(each, on):
                return each
        raise SchemeError([Finding("no-edition-then", None, wanted, {"on": on.isoformat()})])
    return editions[0]


def _is_file(name: str) -> bool:
    return Path(name).suffix in (".yaml", ".yml", ".json") or "/" in name


def editions(name: str) -> tuple[Scheme, ...]:
    """The schemes that a name may mean for a record, newest first: every edition of an id; one, where it names one.

    Raises SchemeError.
    """
    if _is_file(name) or "@" in name:
        return (scheme(name),)
    scheme(name)  # raises where there is none
    return tuple(_editions(name)[0])
