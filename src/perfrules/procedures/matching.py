"""Which node of one scheme is which of another 节点对应: by amendment, by path, and by what it holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import frozen

from perfrules import documents
from perfrules.model import Amendment, Scheme

Doc = Mapping[str, Any]
_POINTS = ("points", "weight", "clause", "assumed", "unverified")
"""What a node may get anew when it is moved."""


@frozen
class Matching:
    """How the nodes of two schemes go together 节点对应: by path, each with its document; the pairs are one to one.

    `amendments` are those that lead from one to the other, each with what it changes, by path in the first scheme and in
    the second (None where it is not there). `renamed` are parts beside the tree, by path, with their new names.
    """

    first: Mapping[str, Doc]
    second: Mapping[str, Doc]
    pairs: Mapping[str, str]
    amendments: tuple[tuple[Amendment, str | None, str | None], ...] = ()
    renamed: Mapping[str, str] = {}


def parent_of(path: str) -> str:
    """The path of the node above; the root is above itself."""
    return path.rpartition("/")[0]


def name_of(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def match(first: Doc, second: Doc, a: Scheme, b: Scheme) -> Matching:
    """How two trees go together; where one scheme amends the other, its amendments say."""
    before, after = (dict(_walk(tree)) for tree in (first, second))
    forwards, backwards = _amends(b, a), _amends(a, b)
    steps = _Steps(b.amendments if forwards else a.amendments if backwards else ())
    relocated = {p: steps.forward(p) for p in (before if not backwards else after)}
    if backwards:
        relocated = {to: path for path, to in relocated.items()}
    pairs = _paired(before, after, relocated)
    accounted = [(each, *((old, new) if not backwards else (new, old))) for each, old, new in steps.targets()]
    renamed = steps.renamed(backwards=backwards)
    return Matching(before, after, pairs, tuple(accounted), renamed)


def _amends(child: Scheme, parent: Scheme) -> bool:
    name, _, edition = child.amends.partition("@")
    return bool(name) and name == parent.id and edition in ("", parent.edition)


def _walk(node: Doc, path: str = "") -> Iterator[tuple[str, Doc]]:
    yield path, node
    for name, child in node.get("children", {}).items():
        yield from _walk(child, f"{path}/{name}".lstrip("/"))


# ------------------------------------------------------------------------------------------------ amendments


@frozen
class _Steps:
    """Amendments in their order, and where each takes a path."""

    amendments: tuple[Amendment, ...]

    def forward(self, path: str, start: int = 0) -> str:
        """Where a path ends up after the amendments from one on."""
        for each in self.amendments[start:]:
            path = _replaced(path, each.target, _goal(each)) if _relocates(each) else path
        return path

    def backward(self, path: str, end: int) -> str:
        """Where a path was before the amendments up to one."""
        for each in reversed(self.amendments[:end]):
            path = _replaced(path, _goal(each), each.target) if _relocates(each) else path
        return path

    def targets(self) -> Iterator[tuple[Amendment, str | None, str | None]]:
        """What each amendment changes: by its path at first (None for what is added) and at last (None if removed)."""
        for place, each in enumerate(self.amendments):
            target = "" if each.target == "tree" else each.target.strip("/")
            first = None if each.kind == "add" else self.backward(target, place)
            last = None if each.kind == "remove" else self.forward(target, place)
            yield each, first, last

    def renamed(self, *, backwards: bool) -> dict[str, str]:
        """Parts that are renamed, by path, and their new names; names alone, as parts beside the tree do not move."""
        made = {each.target: _goal(each) for each in self.amendments if each.kind == "rename"}
        if backwards:
            made = {new: old for old, new in made.items()}
        return {path: name_of(to).split("(")[0].split("（")[0].strip() for path, to in made.items()}


def _relocates(each: Amendment) -> bool:
    return each.kind in ("promote", "demote", "move", "rename")


def _goal(each: Amendment) -> str:
    """The whole path that an amendment takes its target to."""
    return each.to.strip("/") if each.kind != "rename" else f"{parent_of(each.target)}/{each.to}".lstrip("/")


def _replaced(path: str, start: str, goal: str) -> str:
    return goal + path[len(start) :] if path == start or path.startswith(f"{start}/") else path


# ------------------------------------------------------------------------------------------------ pairs


def _paired(before: Mapping[str, Doc], after: Mapping[str, Doc], relocated: Mapping[str, str]) -> dict[str, str]:
    """Nodes by amendment, else beneath the same node by name; then what is left by content, surest first."""
    pairs = {"": ""}
    claimed = {relocated[p] for p in before if relocated.get(p, p) != p and relocated[p] in after}

    def along(paths: Iterable[str]) -> None:
        for path in paths:
            if path in pairs or parent_of(path) not in pairs:
                continue
            said = relocated.get(path, path)
            beside = f"{pairs[parent_of(path)]}/{name_of(path)}".lstrip("/")
            for to in (said, beside):
                if to in after and to not in pairs.values() and (to == said != path or to not in claimed):
                    pairs[path] = to
                    break

    along(p for p in before if p)
    for path in [p for p in before if p not in pairs]:  # beneath what is gone, an amendment may have saved some
        said = relocated.get(path, path)
        if said != path and said in after and said not in pairs.values():
            pairs[path] = said
    for without in ((), _POINTS):
        for named in (True, False):
            _by_content(before, after, pairs, without, named=named)
            along(p for p in before if p)
    return pairs


def _by_content(
    before: Mapping[str, Doc], after: Mapping[str, Doc], pairs: dict[str, str], without: tuple[str, ...], *, named: bool
) -> None:
    """Pair what is left and holds the same, where no third does."""

    def key(path: str, doc: Doc) -> str:
        held = {k: v for k, v in doc.items() if k not in without}
        return documents.dumps([name_of(path) if named else "", held]) if held else ""

    taken = set(pairs.values())
    left = [(p, key(p, d)) for p, d in before.items() if p not in pairs]
    free = [(p, key(p, d)) for p, d in after.items() if p not in taken]
    for path, content in left:
        there = [to for to, other in free if other == content]
        if content and len(there) == 1 and [c for _, c in left].count(content) == 1:
            pairs[path] = there[0]
