"""Where a place of a scheme stands in its author's own file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from perfrules import documents
from perfrules.documents import Mapping, Node, Sequence
from perfrules.model import Scheme

Place = tuple[str | int, ...]


def line_finder(scheme: Scheme) -> Callable[[Place], int]:
    """A function from the keys that lead to a place to its line; 0 where it is in no file, or in another.

    A scheme that amends another has its places in several files, and is told no lines.
    """
    root = None if scheme.amends else _read(scheme.file)
    return lambda place: 0 if root is None else _line(root, place)


def _read(file: str) -> Node | None:
    try:
        root, _ = documents.read(Path(file).read_bytes(), file)
    except OSError:  # the scheme came from a text
        return None
    return root


def _line(node: Node, place: Place) -> int:
    line = node.mark.line
    for key in place:
        if isinstance(node, Mapping):
            found = [(k.mark.line, value) for k, value in node.entries if _plain(k.text) == _plain(str(key))]
        elif isinstance(node, Sequence) and isinstance(key, int) and key < len(node.items):
            found = [(node.items[key].mark.line, node.items[key])]
        else:
            found = []
        if not found:
            return 0
        line, node = found[0]
    return line


def _plain(key: str) -> str:
    return "".join(key.split())
