"""A scheme made whole from its file: its parents amended, definitions lent, all of it checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from attrs import define, evolve, field

from perfrules import amending, checking, documents, loading, plugins
from perfrules.findings import Finding, Location, SchemeError, nearest
from perfrules.model import Amendment, Definition, Scheme
from perfrules.plan import plan


def load(path: str | Path, *, registry: plugins.Registry | None = None) -> Scheme:
    """The scheme in a file. Raises SchemeError with every finding at once."""
    return loads(text_of(Path(path)), file=str(path), registry=registry)


def loads(
    text: str | bytes | Mapping[str, Any], *, file: str = "<text>", registry: plugins.Registry | None = None,
    distribution: str = "",
) -> Scheme:  # fmt: skip
    """The scheme that a text says: YAML, or the JSON (or mapping) that `resolved()` gives.

    `distribution` is the one that supplies it, whose definitions it sees. Raises SchemeError.
    """
    if not isinstance(text, str | bytes):
        try:
            text = documents.dumps(text)
        except (TypeError, ValueError, RecursionError) as problem:
            raise SchemeError([Finding("scheme-not-plain", None, "", {"why": str(problem)[:100]})]) from None
    root, found = documents.read(text, file)
    if root is None:
        raise SchemeError(found)
    return _made(root, file, registry, distribution, found)


def amend(scheme: Scheme, child: str | Path, *, registry: plugins.Registry | None = None) -> Scheme:
    """The scheme with the amendments in a file made, whichever parent the file names. Raises SchemeError."""
    parent, _ = documents.read(scheme.text, scheme.file or scheme.id)
    root, found = documents.read(text_of(Path(child)), str(child))
    if root is None:
        raise SchemeError(found)
    return _made(root, str(child), registry, "", found, parent)


def _made(
    root: documents.Node, file: str, registry: plugins.Registry | None, distribution: str, found: list[Finding],
    parent: documents.Node | None = None,
) -> Scheme:  # fmt: skip
    """The scheme of a document: amended, read, checked and planned, every finding at once."""
    distributions = [distribution] if distribution else []
    amends = ""
    amendments: tuple[Amendment, ...] = ()
    replaced: list[str] = []
    if isinstance(root, documents.Mapping) and "amends" in root.keys():
        lineage = _Lineage(registry, found, distributions)
        amends = lineage.name(root)
        root, amendments = lineage.amended(root, parent)
        replaced = lineage.replaced
        if any(f.severity == "error" for f in found):
            raise SchemeError(_in_order(found))
    library = _library(root, distributions, registry, found)
    scheme, more = loading.load(root, file, library, replaced)
    found += _elsewhere(more, found)
    if scheme is None:
        raise SchemeError(_in_order(found))
    whole = not any(f.severity == "error" for f in found)
    meant = checking.check_names(scheme)
    found += _elsewhere(meant if whole else [f for f in meant if f.name in _TOLD_OF_A_PART], found)
    if not any(f.severity == "error" for f in found):
        found += checking.check_ranges(plan(scheme))  # not kept: it may yet be refused
    if any(f.severity == "error" for f in found):
        raise SchemeError(_in_order(found))
    return evolve(scheme, findings=tuple(_in_order(found)), amends=amends, amendments=amendments)


@define
class _Lineage:
    """The parents of an amending file, found among what plugins supply; their distributions' definitions come along."""

    given: plugins.Registry | None
    found: list[Finding]
    distributions: list[str]
    seen: list[str] = field(factory=list)
    replaced: list[str] = field(factory=list)

    def name(self, child: documents.Mapping) -> str:
        """What an amending file says that it amends."""
        node = child.get("amends")
        return node.text.strip() if isinstance(node, documents.Scalar) else ""

    def amended(
        self, child: documents.Mapping, parent: documents.Node | None = None
    ) -> tuple[documents.Node, tuple[Amendment, ...]]:
        """The child's document over its parent's, which may itself amend another."""
        if parent is None:
            parent = self.parent(child)
        if not isinstance(parent, documents.Mapping):
            return child, ()
        if "amends" in parent.keys():
            above, _ = self.amended(parent)
            if not isinstance(above, documents.Mapping) or above is parent:
                return child, ()
            parent = above
        library = _library(parent, self.distributions, self.given, [])
        borrowed = {n: f"{n}({', '.join(d.parameters)})" for n, d in library.items()}
        root, made, more = amending.amend(parent, child, borrowed)
        self.found += more
        targets = [a.target.removeprefix("definitions/") for a in made if a.target.startswith("definitions/")]
        self.replaced += [name for name in targets if name in borrowed]
        return root, made

    def parent(self, child: documents.Mapping) -> documents.Node | None:
        name = self.name(child)
        at = child.get("amends")
        where = documents.place(at) if at is not None else None
        wanted, _, edition = name.partition("@")
        if name in self.seen:
            ring = " → ".join([*self.seen, name])
            self.found.append(Finding("ring-of-names", where, "amends", {"ring": ring}))
            return None
        self.seen.append(name)
        known = self.given or plugins.registry()
        made: list[tuple[str, str, documents.Node, list[Finding]]] = []
        for each in known.scheme_files:
            text = text_of(each.path)
            if declared(text) == wanted:
                root, found = documents.read(text, str(each.path))
                if isinstance(root, documents.Mapping) and (not edition or _said(root, "edition") == edition):
                    made.append((_said(root, "effective"), each.distribution, root, found))
        if not made:
            ids = [d for f in known.scheme_files if (d := declared(text_of(f.path)))]
            self.found.append(Finding("unknown-scheme", where, "amends", {"name": name}, nearest(wanted, ids)))
            return None
        _, distribution, root, found = max(made, key=lambda m: m[0])
        self.found += found
        if distribution not in self.distributions:
            self.distributions.append(distribution)
        return root


def _said(root: documents.Mapping, key: str) -> str:
    node = root.get(key)
    return node.text.strip() if isinstance(node, documents.Scalar) else ""


_TOLD_OF_A_PART = frozenset(
    {
        "unknown-name",
        "unit-mismatch",
        "wrong-kind",
        "not-comparable",
        "unknown-choice",
        "arms-differ",
        "date-arithmetic",
    }
    | {"not-a-date", "score-has-unit", "name-clash", "reserved-name", "name-is-no-definition", "ring-of-names"}
    | {"definition-without-brackets", "wrong-number-of-arguments", "argument-wanting", "unknown-argument"}
)
"""What is true of a formula even where other parts of its scheme could not be read."""


def _elsewhere(more: Iterable[Finding], found: Iterable[Finding]) -> list[Finding]:
    """Those of `more` on lines that nothing is told of yet: a line that is wrong as YAML says nothing else."""
    lines = {(f.where.file, f.where.line) for f in found if f.where and f.severity == "error"}
    return [f for f in more if f.where is None or (f.where.file, f.where.line) not in lines]


def _in_order(found: Iterable[Finding]) -> list[Finding]:
    """Findings in file order."""
    return sorted(found, key=lambda f: (f.where.file, f.where.line, f.where.column) if f.where else ("", 0, 0))


@cache
def prelude() -> Mapping[str, Definition]:
    """The definitions that every scheme sees."""
    text = files("perfrules").joinpath("prelude.yaml").read_text(encoding="utf-8")
    definitions, found = definitions_in(text, "prelude.yaml", "prelude")
    assert not [f for f in found if f.severity == "error"], found
    return definitions


def definitions_in(text: str | bytes, file: str, origin: str) -> tuple[Mapping[str, Definition], list[Finding]]:
    """The definitions in a text, checked, and every finding."""
    root, found = documents.read(text, file)
    if root is None:
        return {}, found
    definitions, more = loading.load_definitions(root, file, origin)
    found = [*found, *more]
    if not any(f.severity == "error" for f in found):
        known = definitions if origin == "prelude" else {**prelude(), **definitions}
        found += checking.check_definitions(known)
    return definitions, found


def _library(
    root: documents.Node, distributions: list[str], given: plugins.Registry | None, found: list[Finding]
) -> Mapping[str, Definition]:
    """What a scheme sees: the prelude, its own distribution's definitions, and those it names in `use:`."""
    library = dict(prelude())
    wanted = list(distributions)
    places: dict[str, Location] = {}
    if isinstance(root, documents.Mapping):
        use = root.get("use")
        if isinstance(use, documents.Sequence):
            places = {i.text: i.locate() for i in use.items if isinstance(i, documents.Scalar)}
            wanted += places
    if not wanted:
        return library
    known = given or plugins.registry()
    for name in wanted:
        if name not in distributions and name not in {f.distribution for f in known.definition_files}:
            near = nearest(name, {f.distribution for f in known.definition_files})
            found.append(Finding("unknown-distribution", places[name], "use", {"name": name}, near))
    for each in known.definition_files:
        if each.distribution not in wanted:
            continue
        definitions, problems = definitions_in(text_of(each.path), str(each.path), each.distribution)
        found += problems
        for name, definition in definitions.items():
            if name in library:
                origin = library[name].origin
                seen = {"name": name, "other": f"{origin} 的定义", "other_en": f"a definition of {origin}"}
                found.append(Finding("name-clash", definition.location, name, seen))
            library[name] = definition
    return library


def text_of(path: Path) -> bytes:
    """What a file of schemes or definitions holds, no more than is read of it. Raises SchemeError."""
    try:
        with path.open("rb") as file:
            return file.read(documents.TEXT_LIMIT + 1)  # one too many is told by whoever reads the text
    except (OSError, ValueError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else None
        seen = {"file": str(path), "why": why or type(problem).__name__}
        raise SchemeError([Finding("file-unreadable", None, "", seen)]) from None


_DECLARED = re.compile(rb"^scheme: *([^\s#'\"]+)", re.MULTILINE)


def declared(text: bytes) -> str | None:
    """The id that a scheme file plainly declares, without reading it; None where it is not plain."""
    found = _DECLARED.search(text)
    return found.group(1).decode("utf-8", "replace") if found else None
