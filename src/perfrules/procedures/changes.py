"""What changed between two schemes 体系变化, part by part: their resolved documents compared, key by key.

What is compared is what the digest covers, so that schemes of one digest differ in nothing, and no key is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from attrs import evolve, field, frozen

from perfrules import documents, model
from perfrules.grammar import BODY_KEYS
from perfrules.model import Amendment, Scheme
from perfrules.numbers import published
from perfrules.procedures.matching import Matching, match, name_of, parent_of

ChangeKind = Literal["added", "removed", "promoted", "demoted", "moved", "renamed", "reordered", "changed"]
KINDS: tuple[ChangeKind, ...] = (
    "promoted", "demoted", "moved", "renamed", "reordered", "added", "removed", "changed",
)  # fmt: skip
Doc = Mapping[str, Any]

_NAMED = frozenset({"inputs", "rows", "columns", "values", "benchmarks", "definitions", "adjustments", "gates", "grades",
                    "checks", "published", "sources"})  # fmt: skip
"""Keys whose mappings hold names of the author's own."""
_ASPECTS: Mapping[str, str] = {
    **dict.fromkeys(("points", "weight", "split", "scale_to", "adjustable"), "points"),
    **dict.fromkeys((*BODY_KEYS, "over", "where", "weighted_by", "k", "method", "rows", "levels", "by"), "rule"),
    **dict.fromkeys(("missing", "undefined", "not_applicable", "at_least", "else", "rescale", "applies_when", "leaves"),
                    "policy"),
    **dict.fromkeys(("clause", "assumed", "unverified"), "provenance"),
    "round": "rounding",
    "combine": "aggregation",
}  # fmt: skip
"""What a key is about; any other is about itself."""
_DATA = ("inputs", "published", "sources", "procedures")
"""Parts without rules, whose keys are about themselves."""
HEADER = frozenset({"scheme", "title", "edition", "effective", "until", "key", "period"})
"""What a scheme is called and when it holds: an amending file says its own."""


@frozen
class Change:
    """One change 变化: its kind, the part (`node`, or the section), its path in each scheme, and for a changed part which
    aspect, with the text before and after.

    `amendments` are those that say so, where one scheme amends the other. `follows` says that nobody wrote it: points that
    are a sum, a source that an amendment cites, a borrowed definition that is used no more.
    """

    kind: ChangeKind
    part: str
    path: str
    to: str
    aspect: str = ""
    before: str = ""
    after: str = ""
    amendments: tuple[Amendment, ...] = ()
    follows: bool = False

    @property
    def place(self) -> str:
        """Where it is: its path in the first scheme, and in the second where that is another."""
        paths = [
            p or _ROOT for p, there in ((self.path, self.kind != "added"), (self.to, self.kind != "removed")) if there
        ]
        return " → ".join(dict.fromkeys(paths))

    def as_json(self) -> dict[str, Any]:
        """The change as plain data; paths that are not there are null."""
        return {
            "kind": self.kind,
            "part": self.part,
            "path": None if self.kind == "added" else self.path,
            "to": None if self.kind == "removed" else self.to,
            "aspect": self.aspect or None,
            "before": self.before,
            "after": self.after,
            "amendments": [
                {"kind": a.kind, "target": a.target, "to": a.to, "clause": a.clause} for a in self.amendments
            ],
            "follows": self.follows,
        }


_ROOT = "/"


def changes_between(a: Scheme, b: Scheme) -> tuple[tuple[Change, ...], Matching]:
    """Every change from one scheme to another, nodes first, and which node of one is which of the other."""
    first, second = _document(a), _document(b)
    matching = match(first["tree"], second["tree"], a, b)
    made = _Changes(a, b, first, second, matching)
    return tuple(_explained(change, matching) for change in made.all()), matching


def _document(scheme: Scheme) -> Doc:
    root, _ = documents.read(scheme.text, scheme.file or scheme.id)
    assert root is not None
    data: dict[str, Any] = documents.plain(root)
    for section in ("values", "definitions"):
        if section in data:
            data[section] = {k: v if isinstance(v, dict) else {"formula": v} for k, v in data[section].items()}
    return data


@frozen
class _Changes:
    a: Scheme
    b: Scheme
    first: Doc = field(repr=False)
    second: Doc = field(repr=False)
    matching: Matching

    def all(self) -> Iterator[Change]:
        sections = dict.fromkeys([*self.first, *self.second])
        for word in [s for s in sections if s not in _NAMED | {"tree", "procedures"}]:
            old, new = (_said(d[word]) if word in d else "" for d in (self.first, self.second))
            if old != new:
                yield Change("changed", "scheme", "", "", _ASPECTS.get(word, word), old, new)
        yield from self.nodes()
        for section in [s for s in sections if s in _NAMED | {"procedures"}]:
            yield from self.named(section, section, section, self.first.get(section, {}), self.second.get(section, {}))

    # ------------------------------------------------------------------------------------------- nodes

    def nodes(self) -> Iterator[Change]:
        pairs, before, after = self.matching.pairs, self.matching.first, self.matching.second
        came = {to: path for path, to in pairs.items()}
        for path, doc in before.items():
            if path not in pairs:
                if parent_of(path) in pairs:
                    yield Change("removed", "node", path, "", before=self.worth(self.a, path, doc))
                continue
            yield from self.relocated(path, pairs[path])
            yield from self.points(path, pairs[path])
            yield from self.keys("node", path, pairs[path], doc, after[pairs[path]], leave=("children",))
            yield from self.reordered(path, pairs[path])
        for path, doc in after.items():
            if path not in came and parent_of(path) in came:
                yield Change("added", "node", "", path, after=self.worth(self.b, path, doc))

    def relocated(self, path: str, to: str) -> Iterator[Change]:
        """A node at another place than beneath the same node, by the same name."""
        if not path or (self.matching.pairs.get(parent_of(path)) == parent_of(to) and name_of(path) == name_of(to)):
            return
        deeper = to.count("/") - path.count("/")
        kind: ChangeKind = "promoted" if deeper < 0 else "demoted" if deeper > 0 else "moved"
        if self.matching.pairs.get(parent_of(path)) == parent_of(to):
            kind = "renamed"
        yield Change(kind, "node", path, to, "", path, to)

    def points(self, path: str, to: str) -> Iterator[Change]:
        """The points that a node comes to, however they are stated."""
        old, new = (_points(s.node(p).points) for s, p in ((self.a, path), (self.b, to)))
        keys = [k for k, aspect in _ASPECTS.items() if aspect == "points"]
        stated = [{k: d[k] for k in keys if k in d} for d in (self.matching.first[path], self.matching.second[to])]
        if old != new:
            yield Change("changed", "node", path, to, "points", old, new, follows=_same(*stated))
        elif not _same(*stated):
            here, there = (", ".join(f"{k}: {_said(v)}" for k, v in s.items()) for s in stated)
            yield Change("changed", "node", path, to, "points", here, there)

    def reordered(self, path: str, to: str) -> Iterator[Change]:
        """Children that stay, in another order."""
        pairs = self.matching.pairs
        stay = [
            p
            for p in self.matching.first
            if p and parent_of(p) == path and parent_of(pairs.get(p, "")) == to and p in pairs
        ]
        kept = [pairs[p] for p in stay]
        order = [p for p in self.matching.second if p in kept]
        if order != kept:
            old, new = ("、".join(map(name_of, each)) for each in (stay, order))
            yield Change("reordered", "node", path, to, "", old, new)

    def worth(self, scheme: Scheme, path: str, doc: Doc) -> str:
        """A node in a line: its points, and its rule where it has one."""
        rule = {k: v for k, v in doc.items() if _ASPECTS.get(k) == "rule"}
        return ", ".join([f"points: {_points(scheme.node(path).points)}", *([_shown(rule)] if rule else [])])

    # ------------------------------------------------------------------------------------------- other parts

    def named(self, part: str, path: str, to: str, here: Doc, there: Doc) -> Iterator[Change]:
        """Parts by name: those that are there no more, new ones, renamed ones, and what changed in the rest."""
        before, after = ({_plain_name(k): (k, v) for k, v in d.items()} for d in (here, there))
        gone = [n for n in before if n not in after]
        new = [n for n in after if n not in before]
        renamed = self.renamed(path, gone, new, before, after)
        for name, (key, old) in before.items():
            at = f"{path}/{name}"
            if name in renamed:
                yield Change("renamed", part, at, f"{to}/{renamed[name]}", "", name, renamed[name])
            elif name in gone:
                yield Change("removed", part, at, "", before=_shown(old), follows=self.brought(self.a, path, name))
                continue
            target = renamed.get(name, name)
            key_after, now = after[target]
            if isinstance(old, dict) and isinstance(now, dict):
                yield from self.keys(part, at, f"{to}/{target}", old, now)
            elif not _same(old, now):
                yield Change("changed", part, at, f"{to}/{target}", name, _said(old), _said(now))
            if _parameters(key) != _parameters(key_after):
                yield Change(
                    "changed", part, at, f"{to}/{target}", "parameters", _parameters(key), _parameters(key_after)
                )
        for name in new:
            if name not in renamed.values():
                follows = self.brought(self.b, path, name)
                yield Change("added", part, "", f"{to}/{name}", after=_shown(after[name][1]), follows=follows)
        stay = [n for n in before if n in renamed or n not in gone]
        kept = [renamed.get(n, n) for n in stay]
        order = [n for n in after if n in kept]
        if kept != order:
            yield Change("reordered", part, path, to, "", "、".join(stay), "、".join(order))

    def renamed(
        self, path: str, gone: list[str], new: list[str], before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> dict[str, str]:
        """Parts that an amendment renames, or that are the same to the letter under another name, and no third is."""
        said = {n: to for n in gone if (to := self.matching.renamed.get(f"{path}/{n}")) in new and to is not None}
        for name in gone:
            alike = [n for n in new if n not in said.values() and _same(before[name][1], after[n][1])]
            twins = [n for n in gone if n not in said and _same(before[n][1], before[name][1])]
            if name not in said and len(alike) == len(twins) == 1:
                said[name] = alike[0]
        return said

    def brought(self, scheme: Scheme, section: str, name: str) -> bool:
        """Whether a part comes with others: a source that amendments cite, a library's definition that a rule calls."""
        if section == "sources":
            return bool(self.matching.amendments)
        return section == "definitions" and bool(scheme.definitions[name].origin)

    def keys(
        self, part: str, path: str, to: str, old: Doc, new: Doc, *, leave: tuple[str, ...] = ()
    ) -> Iterator[Change]:
        """What changed in one part: named parts within it one by one, the rest by aspect."""
        aspects: dict[str, list[str]] = {}
        for key in dict.fromkeys([*old, *new]):
            if key in leave or _same(old.get(key), new.get(key)):
                continue
            here, there = old.get(key, {}), new.get(key, {})
            if key in _NAMED and isinstance(here, dict) and isinstance(there, dict):
                yield from self.named(part, f"{path}/{key}".lstrip("/"), f"{to}/{key}".lstrip("/"), here, there)
                continue
            aspect = _ASPECTS.get(key, key)
            if aspect != "provenance" and (part in _DATA or "/columns/" in path):
                aspect = key
            if not (part == "node" and aspect == "points"):
                aspects.setdefault(aspect, []).append(key)
        for aspect, keys in aspects.items():
            before, after = (_shown({k: v for k, v in d.items() if k in keys}, aspect) for d in (old, new))
            yield Change("changed", part, path, to, aspect, before, after)


# ------------------------------------------------------------------------------------------------ amendments


def _explained(change: Change, matching: Matching) -> Change:
    """The change with the amendments that say so: the narrowest of those that make changes of its kind."""
    deep: dict[int, list[Amendment]] = {}
    places = [p for p, there in ((change.path, change.kind != "added"), (change.to, change.kind != "removed")) if there]
    for amendment, *targets in matching.amendments:
        if change.part == "scheme" or not _of_kind(amendment, change):
            continue
        within = [t for t in targets if t is not None for p in places if p == t or p.startswith(f"{t}/")]
        if "" in targets and change.part == "node" and amendment.kind == "replace":
            within.append("")
        if within:
            deep.setdefault(max(map(len, within)), []).append(amendment)
    return evolve(change, amendments=tuple(deep[max(deep)]), follows=False) if deep else change


def _of_kind(amendment: Amendment, change: Change) -> bool:
    """Whether a change can be what an amendment of its kind does."""
    match amendment.kind:
        case "reweight":
            return change.part == "node" and change.aspect in ("points", "provenance")
        case "promote" | "demote" | "move":
            moved = change.kind in ("promoted", "demoted", "moved", "renamed", "removed", "added")
            return moved or change.aspect in ("points", "provenance")
        case "rename":
            return change.kind in ("promoted", "demoted", "moved", "renamed")
        case "add" | "remove":
            return change.kind in ("added", "removed")
        case _:
            return True


# ------------------------------------------------------------------------------------------------ texts


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same to the letter, the order of their keys included: of cases the first wins."""
    return documents.dumps(one) == documents.dumps(other)


def _plain_name(key: str) -> str:
    return key.split("(")[0].split("（")[0].strip()


def _parameters(key: str) -> str:
    return key.removeprefix(_plain_name(key)).strip()


def _points(points: model.Points | None) -> str:
    if points is None:
        return "—"
    if points.high is None:
        return "free"
    low = published(points.low) if points.low is not None else "…"
    return published(points.high) if points.low == 0 else f"[{low}, {published(points.high)}]"


def _shown(data: Any, aspect: str = "") -> str:
    """Keys in a line; of a rule that is one formula, the formula alone."""
    if not isinstance(data, dict):
        return _said(data)
    if list(data) == ["formula"] or (len(data) == 1 and aspect in data):
        return _said(next(iter(data.values())))
    return ", ".join(f"{key}: {_said(value)}" for key, value in data.items())


def _said(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{k}: {_said(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_said, value)) + "]"
        case str():
            return " ".join(value.split())
        case _:
            return documents.dumps(value)
