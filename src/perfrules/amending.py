"""A scheme that amends another: typed changes to the parent's document, each with its source.

Amending works on documents, before anything is read into a Scheme, so that an amended scheme passes every check that any
scheme passes, and every part of it knows the file that it was written in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Mapping as AnyMapping
from contextlib import suppress

from attrs import evolve

from perfrules import documents
from perfrules.documents import Mapping, Node, Scalar, Sequence
from perfrules.findings import Enough, Finding, Gathered, nearest
from perfrules.model import Amendment

SECTIONS = (
    "inputs",
    "rows",
    "values",
    "benchmarks",
    "definitions",
    "grades",
    "checks",
    "claims",
    "published",
    "procedures",
    "sources",
)
KINDS = ("reweight", "promote", "demote", "move", "rename", "replace", "change", "add", "remove")
_HEADER = ("perfrules", "scheme", "title", "edition", "effective", "until", "key", "period")
_MARKS = ("clause", "assumed", "unverified")
Trail = tuple[str, ...]


def amend(
    parent: Mapping, child: Mapping, borrowed: AnyMapping[str, str] | None = None
) -> tuple[Mapping, tuple[Amendment, ...], list[Finding]]:
    """The parent's document with the child's amendments made, what was made, and every finding.

    `borrowed` are the definitions that the parent uses from elsewhere, name to signature: replacing one gives the amended
    scheme a definition of its own.
    """
    return _Amending(parent, child, borrowed or {}).made()


def _same(a: Node, b: Node | None) -> bool:
    """Whether two nodes say the same; what they share is not looked into, or many amendments of a large file take long."""
    if a is b:
        return True
    match a, b:
        case Mapping(), Mapping():
            return set(a.keys()) == set(b.keys()) and all(_same(value, b.get(key.text)) for key, value in a.entries)
        case Sequence(), Sequence():
            return len(a.items) == len(b.items) and all(map(_same, a.items, b.items))
        case Scalar(), Scalar():
            return bool(documents.plain(a) == documents.plain(b))
        case _:
            return False


class _Amending:
    def __init__(self, parent: Mapping, child: Mapping, borrowed: AnyMapping[str, str]) -> None:
        self.borrowed = borrowed
        self.root = parent
        self.child = child
        self.findings = Gathered()
        self.made_: list[Amendment] = []
        self.touched: list[tuple[Trail, str, bool]] = []
        self.marks = [(k, v) for k, v in child.entries if k.text in _MARKS]

    def report(self, name: str, at: Node, path: str = "", near: str = "", /, **seen: str) -> None:
        where = at.locate(0, max(1, len(at.text.split("\n")[0]))) if isinstance(at, Scalar) else documents.place(at)
        self.findings.append(Finding(name, where, path, seen, near))

    def made(self) -> tuple[Mapping, tuple[Amendment, ...], list[Finding]]:
        self.header()
        listed = self.child.get("amendments")
        if not isinstance(listed, Sequence) or not listed.items:
            self.report("amendments-wanting", listed if listed is not None else self.child)
            return self.root, (), self.findings
        with suppress(Enough):
            for item in listed.items:
                if isinstance(item, Mapping):
                    self.one(item)
                else:
                    self.report("amendment-unknown", item, seen=_shown(item), kinds="、".join(KINDS))
        return self.root, tuple(self.made_), self.findings

    def header(self) -> None:
        """The child's own title, edition and dates; its sources beside the parent's."""
        kept = [(k, v) for k, v in self.root.entries if k.text not in ("effective", "until", "edition")]
        own = {k.text: (k, v) for k, v in self.child.entries}
        entries = [own.pop(k.text) if k.text in _HEADER and k.text in own else (k, v) for k, v in kept]
        entries += [own.pop(word) for word in _HEADER if word in own]
        self.root = self.root.holding(entries)
        for word, (key, value) in own.items():
            if word == "sources" and isinstance(value, Mapping):
                for name, source in value.entries:
                    before = self.get(("sources", name.text))
                    if before is not None and documents.plain(before) != documents.plain(source):
                        self.report("source-clash", name, name=name.text)
                    elif before is None:
                        self.root = _put(self.root, ("sources", name.text), source, name)
            elif word == "use" and isinstance(value, Sequence):
                before = self.root.get("use")
                items = (*before.items, *value.items) if isinstance(before, Sequence) else value.items
                self.root = _put(self.root, ("use",), evolve(value, items=items), key)
            elif word not in ("amends", "amendments", *_MARKS):
                self.report("key-beside-amendments", key, key=word)

    def one(self, item: Mapping) -> None:
        kinds = [k for k in item.keys() if k in KINDS]
        if len(kinds) != 1:
            seen = "、".join(item.keys())
            self.report("amendment-unknown", item, "", nearest(seen, KINDS), seen=seen, kinds="、".join(KINDS))
            return
        kind = kinds[0]
        allowed = {kind, *_MARKS, *_KEYS[kind]}
        for key, _ in item.entries:
            if key.text not in allowed:
                self.report("unknown-key", key, "amendments", nearest(key.text, allowed), key=key.text,
                            form=f"修订 {kind}", form_en=f"an amendment of kind {kind}", known="、".join(sorted(allowed)))  # fmt: skip
        marks = [(k, v) for k, v in item.entries if k.text in _MARKS] or self.marks
        if not marks:
            self.report("amendment-without-source", item)
        target = item.get(kind)
        assert target is not None
        before, told = self.root, len(self.findings)
        getattr(self, f"_{kind}")(item, target, marks)
        if _same(self.root, before):
            if len(self.findings) == told:
                self.report("amendment-changes-nothing", target, seen=_shown(target))
            self.root = before

    # ------------------------------------------------------------------------------------- the kinds

    def _reweight(self, item: Mapping, target: Node, marks: list[tuple[Scalar, Node]]) -> None:
        if not isinstance(target, Mapping):
            self.report("mapping-wanted", target, "amendments", form="reweight", form_en="reweight")
            return
        for key, points in target.entries:
            trail = self.trail(key)
            node = self.get(trail) if trail else None
            if trail is None or not isinstance(node, Mapping) or trail[0] != "tree":
                if trail is not None:
                    self.report("amendment-not-a-node", key, seen=key.text)
                continue
            word = "weight" if node.get("weight") is not None else "points"
            old = node.get(word)
            if old is not None and documents.plain(old) == documents.plain(points):
                continue  # a whole set of weights may well name some that stay
            self.touch(trail, key, whole=False)
            changed = _put(node, (word,), points, _key(word, points))
            self.root = _put(self.root, trail, _mark_points(changed, marks), None)
            self.note("reweight", key.text, f"{_shown(old) if old is not None else '—'} → {_shown(points)}", marks)

    def _relocate(self, kind: str, item: Mapping, target: Node, marks: list[tuple[Scalar, Node]]) -> None:
        """Promote, demote and move: a node with all beneath it to another path."""
        to = item.get("to")
        trail = self.trail(target)
        if trail is None or not isinstance(to, Scalar):
            if not isinstance(to, Scalar):
                self.report("amendment-wants", item, kind=kind, wants="to")
            return
        node = self.get(trail)
        if trail[0] != "tree" or not isinstance(node, Mapping):
            self.report("amendment-not-a-node", target, seen=_shown(target))
            return
        *above, name = to.text.strip("/").split("/")
        parent = _tree(above)
        deeper = len(above) + 1 - len(_path(trail).split("/"))
        if (kind == "promote" and deeper >= 0) or (kind == "demote" and deeper <= 0):
            self.report("amendment-mistyped", to, kind=kind, source=_path(trail), to=to.text)
            return
        into = self.get(parent)
        if not isinstance(into, Mapping) or parent[: len(trail)] == trail:
            self.unknown(to, "/".join(above))
            return
        if self.get((*parent, "children", name)) is not None:
            self.report("amendment-target-exists", to, seen=to.text)
            return
        self.touch(trail, target)
        points = item.get("points")
        if points is not None:
            node = _mark_points(_put(node, ("points",), points, _key("points", points)), marks)
        root = _put(self.root, trail, None, None)
        self.root = _put(root, (*parent, "children", name), node, _key(name, to))
        self.note(kind, _path(trail), to.text, marks)

    def _promote(self, item: Mapping, target: Node, marks: list[tuple[Scalar, Node]]) -> None:
        self._relocate("promote", item, target, marks)

    def _demote(self, item: Mapping, target: Node, marks: list[tuple[Scalar, Node]]) -> None:
        self._relocate("demote", item, target, marks)

    def _move(self, item: Mapping, target: Node, marks: list[tuple[Scalar, Node]]) -> None:
        self._relocate("move", item, target, marks)

    def _rename(self, item: Mapping, target: Node, marks: list[tuple[Scalar, Node]]) -> None:
        to = item.get("to")
        trail = self.trail(target)
        if trail is None or not isinstance(to, Scalar):
            if not isinstance(to, Scalar):
                self.report("amendment-wants", item, kind="rename", wants="to")
            return
        if self.get((*trail[:-1], to.text)) is not None:
            self.report("amendment-target-exists", to, seen=to.text)
            return
        self.touch(trail, target)
        self.root = _rekey(self.root, trail, _key(to.text, to))
        self.note("rename", _shown(target), to.text, marks)

    def _replace(self, item: Mapping, target: Node, marks: list[tuple[Scalar, Node]]) -> None:
        self._write(item, target, marks, "replace", lambda _, new: new)

    def _change(self, item: Mapping, target: Node, marks: list[tuple[Scalar, Node]]) -> None:
        def merged(old: Node, new: Node) -> Node:
            if not isinstance(old, Mapping) or not isinstance(new, Mapping):
                return new
            for key, value in new.entries:
                old = _put(old, (key.text,), value, key)
            return old

        self._write(item, target, marks, "change", merged)

    def _write(
        self,
        item: Mapping,
        target: Node,
        marks: list[tuple[Scalar, Node]],
        kind: str,
        write: Callable[[Node, Node], Node],
    ) -> None:
        new = item.get("with")
        trail = self.trail(target)
        if new is None:
            self.report("amendment-wants", item, kind=kind, wants="with")
        if trail is None or new is None:
            return
        self.touch(trail, target)
        old = self.get(trail)
        if old is None:
            old = _wrapper(target) if isinstance(target, Scalar) else new
        if documents.plain(write(old, new)) == documents.plain(old):
            return
        self.root = _put(self.root, trail, _marked(write(old, new), new, marks, trail), None)
        self.note(kind, _shown(target), "", marks)

    def _add(self, item: Mapping, target: Node, marks: list[tuple[Scalar, Node]]) -> None:
        new = item.get("with")
        if new is None or not isinstance(target, Scalar):
            self.report("amendment-wants", item, kind="add", wants="with")
            return
        first, *rest = target.text.strip("/").split("/")
        trail = (first, *rest) if first in SECTIONS and rest else _tree([first, *rest])
        if self.find(target.text) is not None:
            self.report("amendment-target-exists", target, seen=target.text)
            return
        above = trail[:-2] if trail[0] == "tree" else trail[:1]
        if trail[0] == "tree" and not isinstance(self.get(above), Mapping):
            self.unknown(target, _path(above))
            return
        self.touch(trail, target)
        self.root = _put(self.root, trail, _marked(new, new, marks, trail), _key(trail[-1], target))
        self.note("add", target.text, "", marks)

    def _remove(self, item: Mapping, target: Node, marks: list[tuple[Scalar, Node]]) -> None:
        trail = self.trail(target)
        if trail is not None:
            self.touch(trail, target)
            self.root = _put(self.root, trail, None, None)
            self.note("remove", _shown(target), "", marks)

    # ------------------------------------------------------------------------------------- targets

    def note(self, kind: str, target: str, to: str, marks: list[tuple[Scalar, Node]]) -> None:
        clause = "；".join(f"{k.text}: {_shown(v)}" for k, v in marks)
        self.made_.append(Amendment(kind, target, to, clause))

    def touch(self, trail: Trail, at: Node, *, whole: bool = True) -> None:
        """Two amendments on one node, or on what another one changes as a whole, leave in doubt which came first."""
        for other, said, other_whole in self.touched:
            inside = trail[: len(other)] == other and (other_whole or trail == other)
            around = other[: len(trail)] == trail and (whole or trail == other)
            if inside or around:
                self.report("amended-twice", at, seen=_shown(at), first=said)
        self.touched.append((trail, _shown(at), whole))

    def get(self, trail: Trail) -> Node | None:
        node: Node | None = self.root
        for key in trail:
            if not isinstance(node, Mapping):
                return None
            node = node.get(key)
        return node

    def trail(self, target: Node) -> Trail | None:
        """Where the target of an amendment stands; a finding where it does not."""
        if not isinstance(target, Scalar):
            self.report("text-wanted", target, "amendments", key="path")
            return None
        found = self.find(target.text)
        if found is None:
            self.unknown(target, target.text)
        return found

    def find(self, path: str) -> Trail | None:
        path = path.strip("/")
        return dict(self.places()).get(path)

    def unknown(self, at: Node, path: str) -> None:
        near = nearest(path, [p for p, _ in self.places()])
        self.report("amendment-target-unknown", at, "", near, seen=path or _shown(at))

    def places(self) -> Iterator[tuple[str, Trail]]:
        """Every path that an amendment may name, and where it leads."""
        for section in SECTIONS:
            inside = self.root.get(section)
            if isinstance(inside, Mapping):
                for key, value in inside.entries:
                    yield f"{section}/{key.text.split('(')[0].split('（')[0].strip()}", (section, key.text)
                    if section == "rows" and isinstance(value, Mapping):
                        columns = value.get("columns")
                        if isinstance(columns, Mapping):
                            for column in columns.keys():
                                yield f"rows/{key.text}/columns/{column}", (section, key.text, "columns", column)
        for name, signature in self.borrowed.items():
            if self.root.get("definitions") is None or self.get(("definitions", signature)) is None:
                yield f"definitions/{name}", ("definitions", signature)
        tree = self.root.get("tree")
        if isinstance(tree, Mapping):
            yield "tree", ("tree",)
            yield from _nodes(tree, "", ("tree",))


_KEYS: dict[str, tuple[str, ...]] = {
    "reweight": (),
    "promote": ("to", "points"),
    "demote": ("to", "points"),
    "move": ("to", "points"),
    "rename": ("to",),
    "replace": ("with",),
    "change": ("with",),
    "add": ("with",),
    "remove": (),
}


def _nodes(node: Mapping, path: str, trail: Trail) -> Iterator[tuple[str, Trail]]:
    children = node.get("children")
    if isinstance(children, Mapping):
        for key, child in children.entries:
            inner, inside = f"{path}/{key.text}".lstrip("/"), (*trail, "children", key.text)
            yield inner, inside
            if isinstance(child, Mapping):
                yield from _nodes(child, inner, inside)


def _tree(names: list[str]) -> Trail:
    return ("tree", *(part for name in names for part in ("children", name)))


def _path(trail: Trail) -> str:
    return "/".join(trail[2::2]) if trail[0] == "tree" else "/".join(trail)


def _shown(node: Node) -> str:
    return node.text[:60] if isinstance(node, Scalar) else "{…}" if isinstance(node, Mapping) else "[…]"


def _key(text: str, beside: Node) -> Scalar:
    """A key of our own making, placed where the amendment that makes it stands."""
    return Scalar(text, "plain", beside.index, beside.document)


def _put(root: Mapping, trail: Trail, node: Node | None, key: Scalar | None) -> Mapping:
    """The mapping with what stands at the trail written anew, added at the end, or (None) left out."""
    head, *rest = trail
    entries: list[tuple[Scalar, Node]] = []
    seen = False
    for k, v in root.entries:
        if k.text != head:
            entries.append((k, v))
            continue
        seen = True
        if rest:
            inner = v if isinstance(v, Mapping) else root.holding(())
            entries.append((k, _put(inner, tuple(rest), node, key)))
        elif node is not None:
            entries.append((k, node))
    if not seen and node is not None:
        made = key or _key(head, node)
        if rest:
            inner = _put(root.holding(()), tuple(rest), node, key)
            entries.append((_key(head, made), inner))
        else:
            entries.append((made, node))
    return root.holding(tuple(entries))


def _rekey(root: Mapping, trail: Trail, key: Scalar) -> Mapping:
    head, *rest = trail
    return root.holding(
        tuple(
            (k, v)
            if k.text != head
            else (k, _rekey(v, tuple(rest), key))
            if rest and isinstance(v, Mapping)
            else (key, v)
            for k, v in root.entries
        ),
    )


def _marked(node: Node, new: Node, marks: list[tuple[Scalar, Node]], trail: Trail) -> Node:
    """What an amendment writes cites the amendment's source where it cites none itself."""
    if isinstance(node, Scalar) and trail[0] in ("values", "definitions"):
        node = _wrapper(node).holding(((_key("formula", node), node),))
    cites = isinstance(new, Mapping) and any(k in _MARKS for k in new.keys())
    if not isinstance(node, Mapping) or cites or trail[0] in ("sources",):
        return node
    entries = tuple((k, v) for k, v in node.entries if k.text not in _MARKS)
    return node.holding((*entries, *marks))


def _wrapper(node: Scalar) -> Mapping:
    return Mapping((), node.index, node.document)


def _mark_points(node: Mapping, marks: list[tuple[Scalar, Node]]) -> Mapping:
    """Points written by an amendment that is assumed or unverified are so themselves."""
    for key, why in marks:
        if key.text in ("assumed", "unverified") and isinstance(why, Scalar) and node.get(key.text) is None:
            node = _put(node, (key.text,), _wrapper(why).holding(((_key("points", why), why),)), key)
    return node
