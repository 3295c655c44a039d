"""Forms of a document: shapes, findings and provenance, whatever a form is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, Literal, TypeVar

from attrs import evolve

from perfrules import documents, model, parsing
from perfrules.documents import Mapping as Map
from perfrules.documents import Node, Scalar, Sequence
from perfrules.findings import Finding, Gathered, nearest
from perfrules.formula import Formula
from perfrules.grammar import FORMS
from perfrules.model import Policies, Provenance
from perfrules.numbers import published
from perfrules.parsing import FormulaProblems
from perfrules.ranges import Analysis, Found, Numbers

SIGNATURE = re.compile(r"\s*([^()（）\s]+)\s*[(（]([^()（）]*)[)）]\s*")
NO_POLICIES = Policies()
W = TypeVar("W", bound=str)
D = TypeVar("D")
WEAK: tuple[Literal["unverified"], Literal["assumed"]] = ("unverified", "assumed")
KEYS_TOLD = 16
"""How many known keys are told beside one that is unknown."""


class Forms:
    """One pass over a document. Every method reads one form, reports what is wrong, and goes on."""

    def __init__(self, file: str, library: Mapping[str, model.Definition]) -> None:
        self.file = file
        self.library = library
        self.origin = ""
        self.findings = Gathered()
        self.sources: dict[str, model.Source] = {}
        self.replaced: set[str] = set()
        self._keys: dict[int, Scalar] = {}

    # ------------------------------------------------------------------------------------------- findings

    def report(self, name: str, at: Node | None, path: str = "", near: str = "", /, **seen: str) -> None:
        """Add a finding at a node of the document."""
        where = None
        if isinstance(at, Scalar):
            where = at.locate(0, max(1, len(at.text.split("\n")[0])))
        elif at is not None:
            where = documents.place(at)
        self.findings.append(Finding(name, where, path, seen, near))

    def key(self, value: Node) -> Node:
        """The key that a value of a form stands under, for findings about the key."""
        return self._keys.get(id(value), value)

    def sorted(self) -> list[Finding]:
        """The findings in file order, each once."""
        unique = dict.fromkeys(map(Once, self.findings))
        return sorted((o.finding for o in unique), key=lambda f: (f.where.line, f.where.column) if f.where else (0, 0))

    # ------------------------------------------------------------------------------------------- shapes

    def mapping(self, node: Node | None, form: str, path: str, *, required: bool = True) -> dict[str, Node]:
        """The entries of a mapping of a form, unknown keys reported."""
        if not isinstance(node, Map):
            if node is not None and required:
                self.report("mapping-wanted", node, path, form=FORMS[form].zh, form_en=FORMS[form].en)
            return {}
        keys = FORMS[form].keys
        found: dict[str, Node] = {}
        for key, value in node.entries:
            word = key.text
            if word in keys:
                found[word] = value
                self._keys[id(value)] = key
                if isinstance(value, Scalar) and value.style == "plain" and value.text in NULLS:
                    self.report("empty-key", key, path, key=word)
                    del found[word]
            else:
                known = "、".join(list(keys)[:KEYS_TOLD]) + ("…" if len(keys) > KEYS_TOLD else "")
                self.report(
                    "unknown-key", key, path, nearest(word, keys),
                    key=word[:60], form=FORMS[form].zh, form_en=FORMS[form].en, known=known,
                )  # fmt: skip
        for word, about in keys.items():
            if about.required and word not in found:
                self.report("key-wanting", node, path, key=word, form=FORMS[form].zh, form_en=FORMS[form].en)
        return found

    def entries(self, node: Node | None, path: str, what: str) -> Iterator[tuple[Scalar, Node]]:
        """The entries of a mapping with names of the author's own."""
        if node is None:
            return
        if not isinstance(node, Map):
            self.report("names-wanted", node, path, key=what)
            return
        yield from node.entries

    def text(self, node: Node | None, path: str, key: str, default: str = "") -> str:
        """Plain text, as written."""
        if node is None:
            return default
        if not isinstance(node, Scalar):
            self.report("text-wanted", node, path, key=key)
            return default
        return node.text.strip()

    def truth(self, node: Node | None, path: str, key: str, default: bool) -> bool:
        if node is None:
            return default
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        self.report("truth-wanted", node, path, key=key, seen=seen_text(node))
        return default

    def integer(self, node: Node | None, path: str, key: str, *, most: int = 1_000_000) -> int | None:
        if node is None:
            return None
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, Fraction) and value.denominator == 1 and 0 <= value <= most:
            return int(value)
        self.report("integer-wanted", node, path, key=key, seen=seen_text(node))
        return None

    def day(self, node: Node | None, path: str, key: str) -> date | None:
        if node is None:
            return None
        if isinstance(node, Scalar) and parsing.is_date(node.text):
            try:
                return date.fromisoformat(node.text)
            except ValueError:
                pass
        self.report("date-wanted", node, path, key=key, seen=seen_text(node))
        return None

    def word(self, node: Node | None, path: str, key: str, words: tuple[W, ...], default: D) -> W | D:
        """One of a closed set of words."""
        if node is None:
            return default
        text = node.text if isinstance(node, Scalar) else ""
        for word in words:
            if word == text:
                return word
        self.report(
            "word-wanted", node, path, nearest(text, words), key=key, seen=seen_text(node), words="、".join(words)
        )
        return default

    def texts(self, node: Node | None, path: str, key: str) -> tuple[str, ...]:
        if node is None:
            return ()
        if not isinstance(node, Sequence):
            self.report("list-wanted", node, path, key=key)
            return ()
        return tuple(self.text(i, path, key) for i in node.items)

    def formula(self, node: Node | None, path: str) -> Formula | None:
        """A formula, its problems reported at their own column."""
        if node is None:
            return None
        if not isinstance(node, Scalar):
            self.report("formula-wanted", node, path)
            return None
        try:
            return Formula.parse(node.text, node)
        except FormulaProblems as wrong:
            for problem in wrong.problems:
                start, end = problem.at
                where = node.locate(start, max(end, start + 1))
                self.findings.append(Finding(problem.name, where, path, problem.seen, problem.nearest))
            return None

    def constant(self, node: Node | None, path: str, key: str) -> Fraction | None:
        """A number, or a formula without names: `100/3`, `5%`."""
        if node is None:
            return None
        if isinstance(node, Scalar) and isinstance(node.value, Fraction):
            return node.value
        formula = self.formula(node, path)
        if formula is None:
            return None
        value = constant(formula)
        if value is None:
            self.report("constant-wanted", node, path, key=key, seen=seen_text(node))
        return value

    def name(self, key: Scalar, path: str, what: str) -> str:
        """A name that formulas may call something by."""
        if not parsing.is_name(key.text):
            self.report("bad-name", key, path, seen=key.text[:60], what=what)
        return key.text

    # ------------------------------------------------------------------------------------------- provenance

    def provenance(self, found: Mapping[str, Node], inherited: Provenance, *keys: str) -> Provenance:
        """The mark on a mapping, else the nearest above; marks on single keys weaken it (or those `keys` only)."""
        mark = inherited
        if "clause" in found:
            mark = self._clause(found["clause"])
        for status in ("unverified", "assumed"):
            node = found.get(status)
            if isinstance(node, Scalar):
                why = node.text.strip()
                clause = mark.clause if "clause" in found else ""
                mark = Provenance(status, clause, mark.source if clause else "", why)
            elif isinstance(node, Map) and not keys:
                for key, value in node.entries:
                    if key.text not in ("points", "weight"):
                        mark = mark.joined(Provenance(status, mark.clause, mark.source, self.text(value, "", status)))
        if keys:
            for status in WEAK:
                node = found.get(status)
                if isinstance(node, Map):
                    for key, value in node.entries:
                        if key.text in keys:
                            mark = Provenance(status, mark.clause, mark.source, self.text(value, "", status))
        return mark

    def _clause(self, node: Node) -> Provenance:
        text = self.text(node, "", "clause")
        first = text.split(maxsplit=1)[0] if text else ""
        source = self.sources.get(first)
        if source is not None and source.unverified:
            return Provenance("unverified", text, first, source.unverified)
        return Provenance("stated", text, first if source else "")

    def take_sources(self, found: Mapping[str, Node]) -> None:
        for key, node in self.entries(found.get("sources"), "", "sources"):
            read = self.mapping(node, "source", key.text)
            self.sources[key.text] = model.Source(key.text, **{k: self.text(v, key.text, k) for k, v in read.items()})


NULLS = ("", "~", "null", "Null", "NULL")
POLICY_KEYS = ("missing", "undefined", "not_applicable")
"""What a node without a rule of its own has no use for."""
GROUP_ONLY = (
    "at_least",
    "else",
    "rescale",
    "scale_to",
    "split",
    "combine",
    "leaves",
    "levels",
    "adjustable",
)
STATISTIC_KEYS = {
    word: {"over", "where"}
    | ({"weighted_by"} if word == "mean" else set())
    | ({"k"} if word in ("largest", "smallest") else set())
    | ({"at", "method"} if word == "quantile" else set())
    for word in model.STATISTICS
}


class Once:
    """A finding that is the same as another where name, place and path are."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        self._key = (finding.name, str(finding.where), finding.path, tuple(finding.seen.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Once) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def constant(formula: Formula) -> Fraction | None:
    """The number that a formula without names comes to, or None."""
    if formula.names or formula.definitions:
        return None
    found = Analysis(lambda _: Found(None), lambda _, __: Found(None)).find(formula.node)
    if isinstance(found.range, Numbers) and not found.holes and found.range.low == found.range.high:
        return found.range.low
    return None


def nought() -> Formula:
    return Formula.generated("0")


def never() -> Formula:
    return Formula.generated("False")


def or_default(value: int | None, default: int) -> int:
    return default if value is None else value


def seen_text(node: Node) -> str:
    return node.text[:60] if isinstance(node, Scalar) else "{…}" if isinstance(node, Map) else "[…]"


def beyond(low: Fraction | date, high: Fraction | date) -> bool:
    if isinstance(low, date) and isinstance(high, date):
        return low > high
    return isinstance(low, Fraction) and isinstance(high, Fraction) and low > high


def bound_text(value: Fraction | date) -> str:
    return published(value) if isinstance(value, Fraction) else value.isoformat()


def labels_of(body: model.Body | None) -> tuple[str, ...]:
    match body:
        case model.BandsBody(bands=bands):
            return tuple(dict.fromkeys(b.outcome.label for b in bands))
        case model.CasesBody(cases=cases):
            return tuple(dict.fromkeys(c.outcome.label for c in cases))
        case _:
            return ()


def working_units(inputs: Iterable[model.Input]) -> dict[str, Fraction]:
    """What each base is counted in: the unit of the first input that is of this base alone, as so many base units."""
    working: dict[str, Fraction] = {}
    for each in inputs:
        if each.unit is not None and len(each.unit.dimension) == 1 and each.unit.dimension[0][1] == 1:
            working.setdefault(each.unit.dimension[0][0], each.unit.factor)
    return working


def in_working_unit(each: model.Input, working: Mapping[str, Fraction]) -> model.Input:
    """An input with the factor from its own unit to that in which its dimension is kept; a compound one by its bases."""
    if each.unit is None or not each.unit.dimension:
        return each
    kept = Fraction(1)
    for base, power in each.unit.dimension:
        kept *= working.get(base, Fraction(1)) ** power
    return evolve(each, scale=each.unit.factor / kept)


def written_down(data: Any, mark: Provenance) -> Any:
    """A definition as plain data that says its own provenance, so that it can stand in another file."""
    written = {k: v for k, v in data.items() if k not in ("clause", "assumed", "unverified")}
    if mark.clause:
        written["clause"] = mark.clause
    if mark.status in ("assumed", "unverified"):
        written[mark.status] = mark.why or mark.clause
    return written


def used_definitions(visible: Mapping[str, model.Definition], parts: Iterable[object]) -> dict[str, model.Definition]:
    """The definitions that are called anywhere in these parts, and those that they call."""
    wanted = [name for part in parts for name in model.definitions_called(part)]
    used: dict[str, model.Definition] = {}
    while wanted:
        name = wanted.pop()
        if name in visible and name not in used:
            used[name] = visible[name]
            wanted.extend(model.definitions_called(visible[name]))
    return used
