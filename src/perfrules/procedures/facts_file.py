"""A file of facts 文件数据: the figures that a document prints, and how they must hang together; read, with its findings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from attrs import evolve, field, frozen

from perfrules import assembling, documents, model
from perfrules.checking.names import Names
from perfrules.documents import Node, Scalar
from perfrules.findings import Finding, Location, SchemeError
from perfrules.formula import Formula, Meaning, Scope, dimension_text
from perfrules.grammar import LANGUAGE_VERSION
from perfrules.loading.forms import Forms
from perfrules.model import MISSING, Cell, Datum, Provenance, Scheme, Source
from perfrules.numbers import Unit, unit
from perfrules.procedures.figures import places
from perfrules.records.spelling import Quantity, day_of, folded, is_written_as_date, quantity, unit_meant

FigureKind = Literal["number", "date", "text"]


@frozen
class DocumentFigure:
    """A figure of a document 原文数据: its text as printed, and its value; None where the document prints none.

    A number is in the working unit of its dimension, in which one of its own unit is `scale`.
    """

    name: str
    kind: FigureKind
    text: str
    value: Datum | None
    unit: Unit | None
    scale: Fraction
    note: str
    provenance: Provenance
    location: Location | None = field(default=None, eq=False, repr=False)

    @property
    def place(self) -> Fraction:
        """What one in its last printed place is worth."""
        return self.scale / Fraction(10) ** places(self.text)

    @property
    def shown(self) -> str:
        """The figure for readers: its digits as printed, with its unit."""
        unit_text = self.unit.text if self.unit and not self.text.endswith(self.unit.text) else ""
        return self.text + unit_text if self.value is not None else "—"


FactKind = Literal["equal", "holds", "undecidable"]


@frozen
class Fact:
    """One relation among figures 核对关系: a published figure and how it is computed, a condition, or why neither can be told."""

    name: str
    kind: FactKind
    published: Formula | None
    computed: Formula | None
    holds: Formula | None
    why: str
    places: int | None
    note: str
    provenance: Provenance
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class Facts:
    """The facts of one document 文件数据核对: figures, the relations among them, and what is to say of the file.

    `scheme` is what their formulas see: the figures as inputs of a scheme that scores nothing.
    """

    id: str
    title: str
    sources: Mapping[str, Source]
    figures: Mapping[str, DocumentFigure]
    facts: tuple[Fact, ...]
    scheme: Scheme = field(repr=False)
    findings: tuple[Finding, ...] = ()
    file: str = ""


def load_facts(path: str | Path) -> Facts:
    """The facts in a file. Raises SchemeError with every finding at once."""
    try:
        text = Path(path).read_bytes()
    except OSError as problem:
        seen = {"file": str(path), "why": problem.strerror or type(problem).__name__}
        raise SchemeError([Finding("file-unreadable", None, "", seen)]) from None
    return read_facts(text, str(path))


def read_facts(text: str | bytes, file: str = "<text>") -> Facts:
    """The facts that a text says. Raises SchemeError with every finding at once."""
    root, found = documents.read(text, file)
    if root is None:
        raise SchemeError(found)
    reader = _Reader(file, {})
    facts = reader.facts(root)
    found = [*found, *reader.sorted()]
    found.sort(key=lambda f: (f.where.line, f.where.column) if f.where else (0, 0))
    if facts is None or any(f.severity == "error" for f in found):
        raise SchemeError(found)
    return evolve(facts, findings=tuple(found))


class _Reader(Forms):
    """Reads a file of facts; what its formulas mean is checked over a scheme whose inputs are the figures."""

    def facts(self, root: Node) -> Facts | None:
        found = self.mapping(root, "facts_file", "")
        self.word(found.get("perfrules"), "", "perfrules", (LANGUAGE_VERSION,), LANGUAGE_VERSION)
        self.take_sources(found)
        top = self.provenance(found, model.UNMARKED)
        figures = {k.text: self.figure(k, v, top) for k, v in self.entries(found.get("figures"), "", "figures")}
        facts = [self.fact(k, v, top) for k, v in self.entries(found.get("checks"), "", "checks")]
        if any(f.severity == "error" for f in self.findings):
            return None
        scheme = self.scheme(figures)
        if scheme is None:
            return None
        figures = {n: _in_working_unit(f, scheme.inputs[n]) for n, f in figures.items()}
        self.meanings(scheme, facts)
        self.unused(figures, facts)
        return Facts(
            id=self.text(found.get("facts"), "", "facts"),
            title=self.text(found.get("title"), "", "title"),
            sources=self.sources,
            figures=figures,
            facts=tuple(facts),
            scheme=scheme,
            file=self.file,
        )

    # ------------------------------------------------------------------------------------------- figures

    def figure(self, key: Scalar, node: Node, top: Provenance) -> DocumentFigure:
        path = f"figures/{self.name(key, key.text, '数据 figure')}"
        found = self.mapping(node, "figure", path)
        self.cited(key, found, path)
        kind: Literal["number", "date", "text", ""] = self.word(
            found.get("kind"), path, "kind", ("number", "date", "text"), ""
        )
        text = self.text(found.get("value"), path, "value")
        value: Datum | None = None
        its_unit = self.unit(found.get("unit"), path)
        if "value" in found:
            value, its_unit = self.value(found["value"], path, text, kind, its_unit)
        made = kind or ("date" if isinstance(value, date) else "text" if isinstance(value, str) else "number")
        return DocumentFigure(
            name=key.text,
            kind=made,
            text=text,
            value=value,
            unit=its_unit,
            scale=Fraction(1),
            note=self.text(found.get("note"), path, "note"),
            provenance=self.provenance(found, top),
            location=key.locate(0, len(key.text)),
        )

    def value(self, node: Node, path: str, text: str, kind: str, own: Unit | None) -> tuple[Datum | None, Unit | None]:
        """What a figure's text says, and the unit that a number is in: what stands behind it, else its own."""
        if kind == "text":
            return text, None
        plain = folded(text)
        if kind == "date" or (not kind and is_written_as_date(plain)):
            day = day_of(plain, None)
            if isinstance(day, date):
                return day, None
        else:
            number = quantity(plain)
            if isinstance(number, Quantity) and not number.operator:
                meant = unit_meant(number.unit, own) if number.unit else own
                if meant is not None or not number.unit:
                    return number.value, meant
        self.report("figure-unreadable", node, path, seen=text[:60])
        return None, None

    def unit(self, node: Node | None, path: str) -> Unit | None:
        if node is None:
            return None
        try:
            return unit(self.text(node, path, "unit"))
        except ValueError:
            self.report("not-a-unit", node, path, seen=self.text(node, path, "unit")[:60])
            return None

    def cited(self, key: Scalar, found: Mapping[str, Node], path: str) -> None:
        """Every figure and every check quotes the document's own words, or says that it does not."""
        if not {"clause", "assumed", "unverified"} & found.keys():
            self.report("clause-wanting", key, path, name=key.text)

    # ------------------------------------------------------------------------------------------- checks

    def fact(self, key: Scalar, node: Node, top: Provenance) -> Fact:
        path = key.text
        found = self.mapping(node, "fact", path)
        self.cited(key, found, path)
        kinds: dict[str, FactKind] = {"undecidable": "undecidable", "holds": "holds", "computed": "equal"}
        stated = [word for word in kinds if word in found]
        kind: FactKind = kinds[stated[0]] if stated else "equal"
        beside = {"equal": {"published", "computed", "places"}, "holds": {"holds"},
                  "undecidable": {"undecidable", "published"}}[kind]  # fmt: skip
        astray = {"published", "computed", "holds", "undecidable", "places"} & found.keys() - beside
        wanting = kind == "equal" and not {"published", "computed"} <= found.keys()
        if not stated or astray or (wanting and found):
            self.report("fact-wants-one", key, path, name=key.text)
        return Fact(
            name=key.text,
            kind=kind,
            published=self.formula(found.get("published"), path),
            computed=self.formula(found.get("computed"), path),
            holds=self.formula(found.get("holds"), path),
            why=self.text(found.get("undecidable"), path, "undecidable"),
            places=self.integer(found.get("places"), path, "places"),
            note=self.text(found.get("note"), path, "note"),
            provenance=self.provenance(found, top),
            location=key.locate(0, len(key.text)),
        )

    # ------------------------------------------------------------------------------------------- what formulas mean

    def scheme(self, figures: Mapping[str, DocumentFigure]) -> Scheme | None:
        """A scheme that scores nothing, and whose inputs are the figures: units and names mean what they mean there."""
        inputs: dict[str, Any] = {}
        for name, figure in figures.items():
            inputs[name] = {"kind": figure.kind, "optional": True}
            if figure.unit is not None and figure.unit.dimension and figure.kind == "number":
                inputs[name]["unit"] = figure.unit.text
        text = {"perfrules": 1, "scheme": "facts", "title": "facts", "clause": "facts"}
        tree = {"points": 1, "formula": "points"}
        try:
            return assembling.loads({**text, "inputs": inputs, "tree": tree}, file=self.file)
        except SchemeError as problem:
            for each in problem.findings:
                about = figures.get(each.path)
                self.findings.append(evolve(each, where=about.location if about else None))
            return None

    def meanings(self, scheme: Scheme, facts: list[Fact]) -> None:
        """Names, kinds and units of every formula; what is published and what is computed must be of one dimension."""
        names = Names(scheme)
        names.check()
        scope = names.scope()
        for fact in facts:
            if fact.holds is not None:
                names.truth(fact.holds, scope, fact.name)
            sides = [(f, names.meaning(f, scope, fact.name)) for f in (fact.published, fact.computed) if f is not None]
            if len(sides) == 2:
                self.alike(fact, *sides[0], *sides[1], scope)
        self.findings += names.findings

    def alike(
        self, fact: Fact, a: Formula, left: Meaning | None, b: Formula, right: Meaning | None, scope: Scope
    ) -> None:
        if left is None or right is None:
            return
        where = b.where(b.node.at)
        if left.kind != right.kind:
            seen = {"left": a.source, "left_kind": left.kind, "right": b.source, "right_kind": right.kind, "sign": "=="}
            self.findings.append(Finding("not-comparable", where, fact.name, seen))
        elif None not in (left.dimension, right.dimension) and left.dimension != right.dimension:
            seen = {"left": a.source, "left_unit": dimension_text(left.dimension)}
            seen |= {"right": b.source, "right_unit": dimension_text(right.dimension)}
            self.findings.append(Finding("unit-mismatch", where, fact.name, seen))

    def unused(self, figures: Mapping[str, DocumentFigure], facts: list[Fact]) -> None:
        used = {n for f in facts for text in (f.published, f.computed, f.holds) if text for n in text.names}
        for name, figure in figures.items():
            if name not in used:
                self.findings.append(Finding("figure-unused", figure.location, f"figures/{name}", {"name": name}))


def _in_working_unit(figure: DocumentFigure, each: model.Input) -> DocumentFigure:
    """A number in the working unit of its dimension."""
    if not isinstance(figure.value, Fraction) or figure.unit is None:
        return figure
    scale = each.scale if figure.unit.dimension else figure.unit.factor
    return evolve(figure, value=figure.value * scale, scale=scale)


def cells(facts: Facts) -> dict[str, Cell]:
    """The figures as the cells of a record; one that the document does not print is missing."""
    return {
        name: Cell(MISSING if figure.value is None else figure.value, figure.text)
        for name, figure in facts.figures.items()
    }
