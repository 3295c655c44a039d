"""YAML text to a tree that keeps every position 文档: within limits, and with its own words for each trap.

```
 text ─reading─► events ──► tree       what was written, where, and what it stands for
          │        └─────► traps      what YAML reads without a word, though nobody meant it
          └─ syntax error ► mistakes  what the author did; the line made harmless, so that reading goes on
```
"""

from perfrules.documents.reading import DEPTH_LIMIT, NODE_LIMIT, TEXT_LIMIT, read
from perfrules.documents.tree import (
    Document,
    Mapping,
    Mark,
    Node,
    Scalar,
    Sequence,
    Style,
    Value,
    dumps,
    place,
    plain,
)

__all__ = [
    "DEPTH_LIMIT",
    "NODE_LIMIT",
    "TEXT_LIMIT",
    "Document",
    "Mapping",
    "Mark",
    "Node",
    "Scalar",
    "Sequence",
    "Style",
    "Value",
    "dumps",
    "place",
    "plain",
    "read",
]
