"""The tree of a document: scalars, mappings and sequences that know their places, and their plain values."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as AnyMapping
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal, TypeAlias

from attrs import Factory, field, frozen

from perfrules.findings import UNSEEN, Finding, Location
from perfrules.numbers import DIGITS_LIMIT, exact

Style = Literal["plain", "single", "double", "literal", "folded"]
Value = str | bool | None | Fraction

_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")

SHOWN_LIMIT = 1_000


@frozen
class Mark:
    """A position 位置 in a text: line and column count from 1, index from 0."""

    line: int
    column: int
    index: int


@frozen(eq=False, slots=False)
class Document:
    """A file's name and its text, line ends and byte-order mark settled."""

    file: str
    text: str = field(repr=False)

    @cached_property
    def starts(self) -> list[int]:
        """Where each line starts."""
        return [0, *(newline.end() for newline in re.finditer("\n", self.text))]

    def mark(self, index: int) -> Mark:
        """The line and column of a character."""
        line = bisect_right(self.starts, index)
        return Mark(line, index - self.starts[line - 1] + 1, index)

    def line(self, line: int) -> str:
        """The text of a line, by its number."""
        start = self.starts[line - 1]
        return self.text[start : self._end(start)]

    def locate(self, start: int, end: int) -> Location:
        """The place of the characters from start to end on its line; a very long line is not shown."""
        mark, line_end = self.mark(start), self._end(start)
        shown = line_end - self.starts[mark.line - 1] <= SHOWN_LIMIT
        length = max(1, min(end, line_end) - start)
        return Location(self.file, mark.line, mark.column, length, self.line(mark.line) if shown else None)

    def finding(self, name: str, start: int, end: int = 0, /, **seen: str) -> Finding:
        """A finding about the characters from start to end, at least one."""
        return Finding(name, self.locate(start, end), seen=seen)

    def _end(self, start: int) -> int:
        end = self.text.find("\n", start)
        return len(self.text) if end < 0 else end


@frozen
class Scalar:
    """One piece of text 标量: what it says, how it was quoted, and where each of its characters stands."""

    text: str
    style: Style
    index: int
    document: Document = field(eq=False, repr=False)

    @property
    def mark(self) -> Mark:
        """Where it begins, its quotation mark or block sign included."""
        return self.document.mark(self.index)

    @property
    def value(self) -> Value:
        """What it stands for: quoted text is text; plain text may be a boolean, nothing, or an exact number.

        The smallest part of YAML 1.2 that schemes need: `no`, `010`, `1e3`, `0x1F`, `12:30`, `=`, dates and
        numbers of more than 40 digits stay text.
        """
        if self.style != "plain":
            return self.text
        if self.text in _CONSTANTS:
            return _CONSTANTS[self.text]
        if _NUMBER.fullmatch(self.text) and sum(map(str.isdigit, self.text)) <= DIGITS_LIMIT:
            return exact(self.text)
        return self.text

    def locate(self, offset: int = 0, end: int | None = None) -> Location:
        """The place in the file of the text's characters from `offset` to `end` (else to the last)."""
        last = len(self.text) if end is None else min(end, len(self.text))
        first = min(offset, len(self.text))
        if self.style == "plain" and self.document.text.startswith(self.text, self.index):
            return self.document.locate(self.index + first, self.index + last)
        places = self.places()
        end = places[last - 1] + _width(self.document.text, places[last - 1], self.style) if last > first else 0
        return self.document.locate(places[first], end)

    def places(self) -> list[int]:
        """The index in the document of every character of the text, and of its end."""
        if self.style in ("literal", "folded"):
            return _block_places(self.document.text, self.index, self.text, folded=self.style == "folded")
        return _flow_places(self.document.text, self.index, len(self.text), self.style)


@frozen
class Mapping:
    """Entries in their order 映射, each a key and what stands under it. Keys are texts; none stands twice."""

    entries: tuple[tuple[Scalar, Node], ...]
    index: int
    document: Document = field(eq=False, repr=False)
    _numbers: dict[str, int] = field(
        default=Factory(lambda self: {k.text: i for i, (k, _) in enumerate(self.entries)}, takes_self=True),
        eq=False,
        repr=False,
    )

    @property
    def mark(self) -> Mark:
        """Where it begins."""
        return self.document.mark(self.index)

    def holding(self, entries: Iterable[tuple[Scalar, Node]]) -> Mapping:
        """A mapping in the same place with other entries."""
        return Mapping(tuple(entries), self.index, self.document)

    def get(self, key: str) -> Node | None:
        """What stands under a key, or None."""
        number = self._numbers.get(key)
        return None if number is None else self.entries[number][1]

    def keys(self) -> tuple[str, ...]:
        """The keys in their order."""
        return tuple(self._numbers)


@frozen
class Sequence:
    """Items in their order 序列."""

    items: tuple[Node, ...]
    index: int
    document: Document = field(eq=False, repr=False)

    @property
    def mark(self) -> Mark:
        """Where it begins."""
        return self.document.mark(self.index)


Node: TypeAlias = Scalar | Mapping | Sequence


def place(node: Node) -> Location:
    """The place of a node: all of a scalar's first line, the first character of a mapping or sequence."""
    return node.locate() if isinstance(node, Scalar) else node.document.locate(node.index, node.index + 1)


def walk(root: Node) -> Iterator[Node]:
    """A node and all that stands beneath it, keys left out, in no order."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        match node:
            case Mapping():
                stack += [value for _, value in node.entries]
            case Sequence():
                stack += node.items
            case Scalar():
                pass


# ── plain values ──────────────────────────────────────────────────────────────────────────────────


def plain(node: Node) -> Any:
    """The tree as dict, list, str, bool, None, int and Decimal; a number keeps every digit written.

    Keys are their source text. `dumps` writes this as JSON that `read` reads as the same tree of values.
    """
    match node:
        case Mapping():
            return {key.text: plain(value) for key, value in node.entries}
        case Sequence():
            return [plain(item) for item in node.items]
        case Scalar():
            value = node.value
            if isinstance(value, Fraction):
                return Decimal(node.text) if "." in node.text else int(node.text)
            return value


def dumps(data: Any) -> str:
    """Canonical JSON: keys in their order, no blanks, Han characters as they are, numbers without exponents.

    Takes what `plain` gives; raises TypeError for anything else, floats included.
    """
    match data:
        case None | bool():
            return json.dumps(data)
        case str():
            return _quoted(data)
        case int():
            return str(data)
        case Decimal():
            return f"{data:f}"
        case AnyMapping():
            return "{" + ",".join(f"{_quoted(key)}:{dumps(value)}" for key, value in data.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(dumps, data)) + "]"
        case _:
            raise TypeError(f"no canonical JSON for {type(data).__name__}")


def _quoted(text: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"a key is text, not {type(text).__name__}")
    return UNSEEN.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}" if found[0] <= "\uffff" else found[0]


# ── where the characters of a scalar stand ────────────────────────────────────────────────────────

_BLANKS = re.compile(r"[ \t\n]*")
_VISIBLE = re.compile(r"[^ \n]")
_ESCAPES = {"x": 4, "u": 6, "U": 10}


def after_blanks(source: str, at: int) -> int:
    """Where the blanks and line breaks that begin here end."""
    match = _BLANKS.match(source, at)
    return match.end() if match else at


def _flow_places(source: str, start: int, size: int, style: Style) -> list[int]:
    """Walks a plain or quoted scalar: one line break is a blank; more are one break fewer."""
    places: list[int] = []
    at = start + (style != "plain")
    while len(places) < size and at < len(source):
        if source[at] in " \t\n":
            end = after_blanks(source, at)
            breaks = _breaks(source, at, end)
            places += (breaks[1:] or breaks) if breaks else range(at, end)
            at = end
        elif style == "double" and source.startswith("\\\n", at):
            end = after_blanks(source, at + 2)
            places += _breaks(source, at + 2, end)
            at = end
        else:
            places.append(at)
            at += _width(source, at, style)
    while style == "double" and source.startswith("\\\n", at):
        at = after_blanks(source, at + 2)
    return places + [min(at, len(source))] * (size + 1 - len(places))


def _width(source: str, at: int, style: Style) -> int:
    """How many characters write the one that is written here."""
    if style == "double" and source[at] == "\\":
        return _ESCAPES.get(source[at + 1], 2)
    return 2 if style == "single" and source[at] == "'" else 1


def _breaks(source: str, start: int, end: int) -> list[int]:
    return [at for at in range(start, end) if source[at] == "\n"]


def _block_places(source: str, start: int, text: str, *, folded: bool) -> list[int]:
    """Walks a `|` or `>` scalar line by line, as YAML's scanner does; `held` are breaks not yet written."""
    places: list[int] = []
    line = source.find("\n", start) + 1
    indent = _indentation(source, line, text) if line else 0
    held: list[int] = []
    last: int | None = None
    last_blank = False
    while line and line <= len(source) and len(places) < len(text):
        end = source.find("\n", line)
        end = len(source) if end < 0 else end
        if source[line : min(line + indent, end)].strip(" "):
            break
        if line + indent >= end:
            held.append(end)
        else:
            blank = source[line + indent] in " \t"
            if last is not None and not (folded and held and not last_blank and not blank):
                places.append(last)
            places += held
            places += range(line + indent, end)
            held, last, last_blank = [], end, blank
        line = end + 1
    places += [last] if last is not None else []
    places = (places + held)[: len(text)]
    end = places[-1] + 1 if places else start
    return places + [min(end, len(source))] * (len(text) + 1 - len(places))


def _indentation(source: str, line: int, text: str) -> int:
    """How far a block is indented: told by its first visible character, else by its first line of blanks."""
    seen, written = _VISIBLE.search(text), _VISIBLE.search(source, line)
    if seen and written:
        before = text[: seen.start()].rpartition("\n")[2]
        return written.start() - (source.rfind("\n", 0, written.start()) + 1) - len(before)
    empty = len(text) - len(text.lstrip("\n"))
    blank = text[empty:].partition("\n")[0]
    lines = source[line:].split("\n", empty + 1)
    return len(lines[empty]) - len(blank) if empty < len(lines) else 0
