"""YAML's events, one by one and within limits, to a tree and all that is wrong with the text as YAML."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, TypeAlias

import yaml
from attrs import define, evolve, field

from perfrules.documents import mistakes, traps
from perfrules.documents.tree import Document, Mapping, Node, Scalar, Sequence, Style
from perfrules.findings import UNSEEN, Finding, Location

TEXT_LIMIT, DEPTH_LIMIT, NODE_LIMIT, KEY_LIMIT = 5_000_000, 50, 100_000, 500
"""Bytes, collections in each other, nodes, and characters of a key (so that any tree fits YAML's JSON)."""
FINDING_LIMIT, STRANGE_LINES_LIMIT = 200, 20
MISTAKES_LIMIT, MENDED_TEXT_LIMIT = 20, 200_000
"""How many syntax errors are told at once, each at the price of one more reading, and in how long a text."""

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_STYLES: dict[str | None, Style] = {
    None: "plain",
    "": "plain",
    "'": "single",
    '"': "double",
    "|": "literal",
    ">": "folded",
}
_PROPERTIES = re.compile(r"(?:[!&]\S*[ \t\n]*)++")
_Level: TypeAlias = tuple[Any, list[Node]]


def read(text: str | bytes, file: str, *, loader: Any = LOADER) -> tuple[Node | None, list[Finding]]:
    """The tree 文档树 that a YAML text says, and everything that is wrong with it as YAML, in file order.

    A syntax error ends YAML's parsing but not ours: where its line can be made harmless, the rest is read
    for more findings. The tree is None where the text could not be read to its end as it stands. One that
    does come back is whole but for what findings name: of a key that stands twice the first is there, the
    pieces of a formula cut up by commas are not. Nothing is raised. `loader` is PyYAML's loader class, the
    C one where there is one.
    """
    source = _decoded(text, file)
    if isinstance(source, Finding):
        return None, [source]
    kept = _strange(Document(file, source))
    if kept:
        source = UNSEEN.sub("\ufffd", source)
    mended = {_line(finding) for finding in kept}
    while True:
        reading = _Reading(Document(file, source), loader)
        root = reading.run()
        trouble = reading.trouble
        if trouble is None or _line(trouble) in mended:
            break
        kept.append(trouble)
        if len(mended) >= MISTAKES_LIMIT or len(source) > MENDED_TEXT_LIMIT:
            break
        harmless = mistakes.harmless(reading.document, trouble)
        if harmless is None:
            break
        mended.add(_line(trouble))
        source = harmless
    told = {(finding.name, finding.where) for finding in kept}
    found = kept + [f for f in reading.findings if _line(f) not in mended and (f.name, f.where) not in told]
    found.sort(key=lambda f: (f.where.line, f.where.column) if f.where else (0, 0))
    return (None if kept else root), found


def _line(finding: Finding) -> int:
    return finding.where.line if finding.where else 0


def _decoded(given: str | bytes, file: str) -> str | Finding:
    size = len(given)
    if isinstance(given, str) and size <= TEXT_LIMIT < 4 * size:
        size = len(given.encode("utf-8", "surrogatepass"))
    if size > TEXT_LIMIT:
        seen = {"seen": f"{size / 1e6:.1f}", "limit": str(TEXT_LIMIT // 10**6)}
        return Finding("file-too-large", Location(file, 1, 1), seen=seen)
    try:
        text = given if isinstance(given, str) else given.decode("utf-8")
    except UnicodeDecodeError as problem:
        before = problem.object[: problem.start]
        where = Location(file, before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode("utf-8")) + 1)
        byte = f"{problem.object[problem.start]:02X}"
        return Finding("not-utf-8", where, seen={"offset": str(problem.start), "byte": byte})
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _strange(document: Document) -> list[Finding]:
    """The first character of each line that cannot be seen, of some lines."""
    found: list[Finding] = []
    at = 0
    while at >= 0 and len(found) < STRANGE_LINES_LIMIT and (match := UNSEEN.search(document.text, at)):
        found.append(_unseen(document.locate(*match.span()), match[0]))
        at = document.text.find("\n", match.end())
    return found


def _unseen(where: Location, char: str) -> Finding:
    where = evolve(where, text=UNSEEN.sub("\ufffd", where.text or ""))
    return Finding("control-character", where, seen={"code": f"U+{ord(char):04X}"})


class _Halt(Exception):
    """Reading goes no further; the finding says why."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding)


@define
class _Reading:
    """One pass over a text: its scalars, the findings beside the tree, and the trouble that ended it."""

    document: Document
    loader: Any
    findings: list[Finding] = field(factory=list)
    scalars: list[Scalar] = field(factory=list)
    trouble: Finding | None = None

    def run(self) -> Node | None:
        """The tree, or as much of it as stands before the trouble."""
        levels: list[_Level] = [(None, [])]
        parser = self.loader(self.document.text)
        try:
            try:
                self._compose(parser.get_event, levels)
            except yaml.MarkedYAMLError as error:
                self.trouble = mistakes.explained(self.document, self.scalars, error)
            except ValueError:  # an escape that is no character, to the Python scanner's chr(); the C one says so
                at = min(parser.get_mark().index, len(self.document.text))
                self.trouble = self.document.finding("bad-escape", at)
            while len(levels) > 1:
                start, items = levels.pop()
                levels[-1][1].append(self._collection(start, items, start.start_mark.index))
            root = levels[0][1][0] if levels[0][1] else None
            self._add(traps.silent(self.document, self.scalars, root))
            if self.trouble is None:
                self._add(traps.tabs(self.document, self.scalars))
        except _Halt as halt:
            self.trouble = self.trouble or halt.finding
            return None
        finally:
            parser.dispose()
        return root

    def _compose(self, take: Callable[[], Any], levels: list[_Level]) -> None:
        """Turns events into nodes to the end. `levels` are the open collections, the file outermost."""
        document, scalars = self.document, self.scalars
        scalar, mapping, sequence = yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent
        items = levels[-1][1]
        nodes = documents = 0
        while True:
            event = take()
            kind = type(event)
            if kind is scalar:
                node = Scalar(event.value, _STYLES[event.style], event.start_mark.index, document)
                if event.anchor is not None or event.tag is not None:
                    node = evolve(node, index=self._refuse_properties(event))
                elif node.style == "double" and not node.text.isprintable():
                    node = self._refuse_unseen(node)
                scalars.append(node)
                items.append(node)
            elif kind is mapping or kind is sequence:
                if len(levels) > DEPTH_LIMIT:
                    self._halt("too-deep", event, limit=str(DEPTH_LIMIT))
                if event.anchor is not None or event.tag is not None:
                    self._refuse_properties(event)
                items = []
                levels.append((event, items))
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                start, inner = levels.pop()
                items = levels[-1][1]
                items.append(self._collection(start, inner, event.end_mark.index))
                continue
            elif kind is yaml.AliasEvent:
                node = Scalar("*" + event.anchor, "plain", event.start_mark.index, document)
                self._add([Finding("no-anchors", node.locate(), seen={"seen": traps.short(node.text)})])
                items.append(node)
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    self._halt("several-documents", event)
                continue
            elif kind is yaml.StreamEndEvent:
                if not documents:
                    raise _Halt(document.finding("empty-file", 0))
                return
            else:
                continue
            nodes += 1
            if nodes > NODE_LIMIT:
                self._halt("too-many-nodes", event, limit=str(NODE_LIMIT))

    def _halt(self, name: str, event: Any, **seen: str) -> NoReturn:
        raise _Halt(self.document.finding(name, event.start_mark.index, **seen))

    def _add(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            if len(self.findings) >= FINDING_LIMIT:
                raise _Halt(Finding("too-many-findings", finding.where, seen={"limit": str(FINDING_LIMIT)}))
            self.findings.append(finding)

    def _refuse_unseen(self, node: Scalar) -> Scalar:
        """Reports what an escape wrote that cannot be seen; the scalar without it."""
        bad = UNSEEN.search(node.text)
        if bad is None:
            return node
        self._add([_unseen(node.locate(*bad.span()), bad[0])])
        return evolve(node, text=UNSEEN.sub("\ufffd", node.text))

    def _refuse_properties(self, event: Any) -> int:
        """Reports an anchor or tag, or both; where the node itself begins."""
        start: int = event.start_mark.index
        found = _PROPERTIES.match(self.document.text, start)
        words = found[0].split() if found else []
        for name, sign, written in (("no-anchors", "&", event.anchor), ("no-tags", "!", event.tag)):
            if written is not None:
                seen = next((word for word in words if word.startswith(sign)), written)
                self._add([self.document.finding(name, start, start + len(seen), seen=traps.short(seen))])
        return found.end() if found else start

    def _collection(self, start: Any, items: list[Node], end: int) -> Node:
        """A collection that ends here, or that an error ended (then its last key may stand alone)."""
        first: int = start.start_mark.index
        is_mapping = type(start) is yaml.MappingStartEvent
        if start.flow_style:
            written = self.document.text[first:end]
            if "(" in written or "（" in written:
                items, findings = traps.joined(self.document, items, 2 if is_mapping else 1)
                self._add(findings)
            if "，" in written and not is_mapping:
                self._add(traps.full_width_commas(items))
        if not is_mapping:
            return Sequence(tuple(items), first, self.document)
        entries: list[tuple[Scalar, Node]] = []
        numbers: dict[str, int] = {}
        for key, value in zip(items[::2], items[1::2], strict=False):
            if not isinstance(key, Scalar):
                self._add([self.document.finding("key-not-text", key.index)])
                continue
            name = key.text
            if name in numbers:
                line = str(entries[numbers[name]][0].mark.line)
                self._add([Finding("duplicate-key", key.locate(), seen={"key": traps.short(name), "first": line})])
                continue
            if name == "<<" and key.style == "plain":
                self._add([Finding("no-merge-keys", key.locate())])
                continue
            if len(name) > KEY_LIMIT:
                self._add([Finding("key-too-long", key.locate(), seen={"limit": str(KEY_LIMIT)})])
            if type(value) is Scalar and not value.text:
                lone = traps.lone_key(key, value, flow=bool(start.flow_style))
                self._add([lone] if lone else [])
            numbers[name] = len(entries)
            entries.append((key, value))
        return Mapping(tuple(entries), first, self.document, numbers)
