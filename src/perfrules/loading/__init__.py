"""A scheme file as a document to a Scheme: what each key says. What the names in formulas mean is checked afterwards.

```
 forms ─► parts ─► tree ─► procedures ─► whole      each reads what the one before it cannot
```
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from perfrules import model
from perfrules.documents import Node
from perfrules.findings import Enough, Finding
from perfrules.loading.forms import constant
from perfrules.loading.whole import Whole

__all__ = ["constant", "load", "load_definitions"]


def load(
    root: Node, file: str, library: Mapping[str, model.Definition], replaced: Iterable[str] = ()
) -> tuple[model.Scheme | None, list[Finding]]:
    """The scheme that a document says, and every finding of this stage; with an error among them it is not whole.

    `library` holds the definitions that it may use, by name; `replaced` are those that its own stand in the place of.
    """
    reader = Whole(file, library)
    reader.replaced = set(replaced)
    scheme = None
    with suppress(Enough):
        scheme = reader.scheme(root)
    return scheme, reader.sorted()


def load_definitions(root: Node, file: str, origin: str) -> tuple[dict[str, model.Definition], list[Finding]]:
    """The definitions of a file, by name, and what is wrong with it."""
    reader = Whole(file, {})
    reader.origin = origin
    definitions: dict[str, model.Definition] = {}
    with suppress(Enough):
        found = reader.mapping(root, "definitions_file", "")
        top = reader.provenance(found, model.UNMARKED)
        reader.take_sources(found)
        definitions = reader.definitions(found.get("definitions"), top)
    return definitions, reader.sorted()
