"""A scheme file as a document to a Scheme: what each key says. What the names in formulas mean is checked afterwards."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, TypeVar

from attrs import evolve

from perfrules import documents, model, parsing
from perfrules.documents import Mapping as Map
from perfrules.documents import Node, Scalar, Sequence
from perfrules.findings import Finding, SchemeError, nearest
from perfrules.formula import Formula
from perfrules.grammar import BODY_KEYS, FORMS, LANGUAGE_VERSION, LATER
from perfrules.model import Policies, Policy, Provenance
from perfrules.numbers import Unit, published, unit
from perfrules.parsing import FormulaProblems
from perfrules.ranges import Analysis, Found, Numbers

T = TypeVar("T")
_SIGNATURE = re.compile(r"\s*([^()（）\s]+)\s*[(（]([^()（）]*)[)）]\s*")
NO_POLICIES = Policies()


def load(root: Node, file: str, library: Mapping[str, model.Definition]) -> model.Scheme:
    """The scheme that a document says; `library` holds the definitions that it may use, by name.

    Raises SchemeError with every finding of this stage.
    """
    reader = _Reader(file, library)
    scheme = reader.scheme(root)
    if scheme is None or any(f.severity == "error" for f in reader.findings):
        raise SchemeError(reader.sorted())
    return scheme


def load_definitions(root: Node, file: str, origin: str) -> tuple[dict[str, model.Definition], list[Finding]]:
    """The definitions of a file, by name, and what is wrong with it."""
    reader = _Reader(file, {})
    reader.origin = origin
    found = reader.mapping(root, "definitions_file", "")
    top = reader.provenance(found, model.UNMARKED)
    reader.take_sources(found)
    return reader.definitions(found.get("definitions"), top), reader.sorted()


class _Reader:
    """One pass over a document. Every method reads one form, reports what is wrong, and goes on."""

    def __init__(self, file: str, library: Mapping[str, model.Definition]) -> None:
        self.file = file
        self.library = library
        self.origin = ""
        self.findings: list[Finding] = []
        self.sources: dict[str, model.Source] = {}
        self._paths: set[str] = set()

    # ------------------------------------------------------------------------------------------- findings

    def report(self, name: str, at: Node | None, path: str = "", near: str = "", /, **seen: str) -> None:
        """Add a finding at a node of the document."""
        where = None
        if isinstance(at, Scalar):
            where = at.locate(0, max(1, len(at.text.split("\n")[0])))
        elif at is not None:
            where = documents.place(at)
        self.findings.append(Finding(name, where, path, seen, near))

    def sorted(self) -> list[Finding]:
        """The findings in file order, each once."""
        unique = dict.fromkeys(map(_Once, self.findings))
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
                if isinstance(value, Scalar) and value.style == "plain" and value.text in _NULLS:
                    self.report("empty-key", key, path, key=word)
                    del found[word]
            elif word in LATER:
                self.report("not-read-yet", key, path, key=word)
            else:
                self.report(
                    "unknown-key", key, path, nearest(word, keys),
                    key=word[:60], form=FORMS[form].zh, form_en=FORMS[form].en, known="、".join(keys),
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
        self.report("truth-wanted", node, path, key=key, seen=_seen(node))
        return default

    def integer(self, node: Node | None, path: str, key: str) -> int | None:
        if node is None:
            return None
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, Fraction) and value.denominator == 1 and 0 <= value <= 1_000_000:
            return int(value)
        self.report("integer-wanted", node, path, key=key, seen=_seen(node))
        return None

    def day(self, node: Node | None, path: str, key: str) -> date | None:
        if node is None:
            return None
        if isinstance(node, Scalar) and parsing.is_date(node.text):
            try:
                return date.fromisoformat(node.text)
            except ValueError:
                pass
        self.report("date-wanted", node, path, key=key, seen=_seen(node))
        return None

    def word(self, node: Node | None, path: str, key: str, words: tuple[str, ...], default: str) -> str:
        """One of a closed set of words."""
        if node is None:
            return default
        text = node.text if isinstance(node, Scalar) else ""
        if text in words:
            return text
        self.report("word-wanted", node, path, nearest(text, words), key=key, seen=_seen(node), words="、".join(words))
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
            self.report("constant-wanted", node, path, key=key, seen=_seen(node))
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
            for status in ("unverified", "assumed"):
                node = found.get(status)
                if isinstance(node, Map):
                    for key, value in node.entries:
                        if key.text in keys:
                            mark = Provenance(status, mark.clause, mark.source, self.text(value, "", status))  # type: ignore[arg-type]
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

    # ------------------------------------------------------------------------------------------- the whole

    def scheme(self, root: Node) -> model.Scheme | None:
        found = self.mapping(root, "scheme", "")
        self.word(found.get("perfrules"), "", "perfrules", (LANGUAGE_VERSION,), LANGUAGE_VERSION)
        self.take_sources(found)
        top = self.provenance(found, model.UNMARKED)
        inputs = self.inputs(found.get("inputs"), top, "")
        inputs = {i.name: i for i in self._scaled(inputs)}
        rows = {}
        for key, node in self.entries(found.get("rows"), "", "rows"):
            rows[key.text] = self.row_kind(key, node, top, inputs)
        values = {k.text: self.value(k, v, top) for k, v in self.entries(found.get("values"), "", "values")}
        if "resolved" in found:
            self.library = {}
        definitions = self.definitions(found.get("definitions"), top)
        for name, definition in definitions.items():
            if name in self.library:
                at = next(k for k, _ in self.entries(found["definitions"], "", "") if k.text.startswith(name))
                origin = self.library[name].origin
                self.report(
                    "name-clash",
                    at,
                    name,
                    name=name,
                    other=f"{origin} 的定义",
                    other_en=f"a definition of {origin}",
                )
        tree = None
        if "tree" in found:
            tree = self.node(None, found["tree"], "", top, NO_POLICIES, None, None)
        grades = {k.text: self.grade(k, v, top) for k, v in self.entries(found.get("grades"), "", "grades")}
        checks = tuple(self.check(k, v, top) for k, v in self.entries(found.get("checks"), "", "checks"))
        printed = {k.text: self.printed(k, v, top) for k, v in self.entries(found.get("published"), "", "published")}
        effective, until = (
            self.day(found.get("effective"), "", "effective"),
            self.day(found.get("until"), "", "until"),
        )
        if effective and until and until < effective:
            self.report("until-before-effective", found["until"], "", effective=str(effective), until=str(until))
        if tree is None:
            return None
        visible = {**self.library, **definitions}
        used = _used(visible, tree, rows, values, grades, checks)
        resolved = self._resolved(root, {n: d for n, d in used.items() if n not in definitions})
        digest = hashlib.sha256((LANGUAGE_VERSION + "\n" + resolved).encode()).hexdigest()
        return model.Scheme(
            id=self.text(found.get("scheme"), "", "scheme"),
            title=self.text(found.get("title"), "", "title"),
            edition=self.text(found.get("edition"), "", "edition"),
            effective=effective,
            until=until,
            key=self.text(found.get("key"), "", "key"),
            sources=self.sources,
            inputs=inputs,
            rows=rows,
            values=values,
            definitions=visible,
            tree=tree,
            grades=grades,
            checks=checks,
            published=printed,
            text=resolved,
            digest=digest,
            findings=tuple(self.sorted()),
            provenance=top,
            file=self.file,
        )

    def _resolved(self, root: Node, borrowed: Mapping[str, model.Definition]) -> str:
        """The document as JSON text, with the definitions that it borrows written in."""
        data: dict[str, Any] = dict(documents.plain(root))
        data.pop("use", None)
        data["resolved"] = LANGUAGE_VERSION
        if borrowed:
            own = dict(data.get("definitions", {}))
            for definition in sorted(borrowed.values(), key=lambda d: d.name):
                own[f"{definition.name}({', '.join(definition.parameters)})"] = definition.written
            data["definitions"] = own
        return documents.dumps(data)

    # ------------------------------------------------------------------------------------------- inputs and rows

    def inputs(self, node: Node | None, top: Provenance, path: str, *, rows: bool = False) -> dict[str, model.Input]:
        read: dict[str, model.Input] = {}
        for key, value in self.entries(node, path, "inputs"):
            at = f"{path}/{key.text}" if path else key.text
            read[self.name(key, at, "数据项 input")] = self.input(key, value, at, top, rows)
        return read

    def input(self, key: Scalar, node: Node, path: str, top: Provenance, rows: bool) -> model.Input:
        found = self.mapping(node, "input", path)
        kinds = ("number", "boolean", "choice", "date", "text", "measure")
        kind = self.word(found.get("kind"), path, "kind", kinds, "number")
        if kind == "measure" and not rows:
            self.report("measure-outside-rows", found["kind"], path)
        if "fill_down" in found and not rows:
            self.report("key-does-not-fit", found["fill_down"], path, key="fill_down", with_="inputs")
        its_unit = self._unit(found.get("unit"), path)
        low = self._bound(found.get("min"), path, "min", kind)
        high = self._bound(found.get("max"), path, "max", kind)
        if low is not None and high is not None and _beyond(low, high):
            self.report("bounds-reversed", found["max"], path, low=_bound_text(low), high=_bound_text(high))
        choices = self.texts(found.get("choices"), path, "choices")
        if kind == "choice" and not choices:
            self.report("choices-wanting", key, path)
        if len(set(choices)) < len(choices):
            self.report("choice-twice", found["choices"], path)
        for wrong in {"choice": ("unit", "min", "max", "decimals"), "text": ("unit", "min", "max", "decimals", "choices"),
                      "boolean": ("unit", "min", "max", "decimals", "choices"), "number": ("choices", "month"),
                      "date": ("unit", "decimals", "choices", "written"), "measure": ("choices",)}[kind]:  # fmt: skip
            if wrong in found:
                self.report("key-does-not-fit", found[wrong], path, key=wrong, with_=f"kind: {kind}")
        month = self.word(found.get("month"), path, "month", ("first", "last"), "") if "month" in found else ""
        return model.Input(
            name=key.text,
            kind=kind,  # type: ignore[arg-type]
            title=self.text(found.get("title"), path, "title"),
            unit=its_unit,
            low=low,
            high=high,
            decimals=self.integer(found.get("decimals"), path, "decimals"),
            choices=choices,
            optional=self.truth(found.get("optional"), path, "optional", False),
            written=self.word(found.get("written"), path, "written", ("fraction", "percent"), "fraction"),  # type: ignore[arg-type]
            month=month or None,  # type: ignore[arg-type]
            fill_down=self.truth(found.get("fill_down"), path, "fill_down", False),
            provenance=self.provenance(found, top),
            location=key.locate(0, len(key.text)),
        )

    def _unit(self, node: Node | None, path: str) -> Unit | None:
        if node is None:
            return None
        try:
            return unit(self.text(node, path, "unit"))
        except ValueError:
            self.report("not-a-unit", node, path, seen=_seen(node))
            return None

    def _bound(self, node: Node | None, path: str, key: str, kind: str) -> Fraction | date | None:
        return self.day(node, path, key) if kind == "date" else self.constant(node, path, key)

    def _scaled(self, inputs: Mapping[str, model.Input]) -> Iterator[model.Input]:
        """Numbers of one dimension are kept in one unit: that of the first input which has it."""
        working: dict[Any, Fraction] = {}
        for each in inputs.values():
            yield _in_working_unit(each, working)

    def row_kind(self, key: Scalar, node: Node, top: Provenance, inputs: Mapping[str, model.Input]) -> model.RowKind:
        path = self.name(key, key.text, "行类别 row kind")
        found = self.mapping(node, "row_kind", path)
        mark = self.provenance(found, top)
        working: dict[Any, Fraction] = {}
        for each in inputs.values():
            _in_working_unit(each, working)
        columns = self.inputs(found.get("columns"), mark, path, rows=True)
        columns = {c.name: _in_working_unit(c, working) for c in columns.values()}
        for word in ("name", "published"):
            if word in found and self.text(found[word], path, word) not in columns:
                seen = self.text(found[word], path, word)
                self.report("unknown-row-column", found[word], path, nearest(seen, columns), name=seen, kind=key.text)
        body = self.body(found, path, mark, required=False)
        if body is None and "points" in found and not any(k in found for k in BODY_KEYS):
            self.report("no-rule", key, path)
        return model.RowKind(
            name=key.text,
            columns=tuple(columns.values()),
            name_column=self.text(found.get("name"), path, "name"),
            published=self.text(found.get("published"), path, "published"),
            points=self.formula(found.get("points"), path),
            body=body,
            policies=self.policies(found, path, mark),
            round=self.rounding(found.get("round"), path),
            counts=self.formula(found.get("counts"), path),
            applies_when=self.formula(found.get("applies_when"), path),
            checks=tuple(self.check(k, v, mark, path) for k, v in self.entries(found.get("checks"), path, "checks")),
            reason=self.text(found.get("reason"), path, "reason"),
            provenance=mark,
            location=key.locate(0, len(key.text)),
        )

    # ------------------------------------------------------------------------------------------- bodies

    def body(
        self, found: Mapping[str, Node], path: str, mark: Provenance, *, labels: bool = False, required: bool = True,
        at: Node | None = None,
    ) -> model.Body | None:  # fmt: skip
        """The one body of a form; several, or none where one is required, are findings."""
        stated = [k for k in BODY_KEYS if k in found]
        if not stated:
            if required:
                self.report("no-rule", at or next(iter(found.values()), None), path)
            return None
        if len(stated) > 1:
            self.report("two-bodies", found[stated[1]], path, first=stated[0], second=stated[1])
            return None
        word = stated[0]
        node = found[word]
        for key in ("over", "where", "weighted_by", "k", "at", "method"):
            fits = word in model.STATISTICS and key in _STATISTIC_KEYS[word]
            if key in found and not fits and not (key == "where" and "rows" in found):
                self.report("key-does-not-fit", found[key], path, key=key, with_=word)
        match word:
            case "formula":
                formula = self.formula(node, path)
                return model.FormulaBody(formula) if formula else None
            case "given":
                formula = self.formula(node, path)
                if formula is None:
                    return None
                if len(formula.names) != 1 or formula.names[0] != formula.source.strip():
                    self.report("given-wants-a-name", node, path, seen=_seen(node))
                return model.GivenBody(formula)
            case "rule":
                return self._rule(node, path)
            case "bands":
                return self._bands(node, path, mark, labels)
            case "cases":
                return self._cases(node, path, mark, labels)
            case _:
                return self._statistic(word, found, path)

    def _rule(self, node: Node, path: str) -> model.RuleBody | None:
        if not isinstance(node, Map) or len(node.entries) != 1:
            self.report("rule-wants-one", node, path)
            return None
        ((key, given),) = node.entries
        arguments = []
        for name, value in self.entries(given, path, "rule"):
            formula = self.formula(value, path)
            if formula is not None:
                arguments.append((name.text, formula))
        return model.RuleBody(key.text, tuple(arguments), key)

    def outcome(self, node: Node, path: str, mark: Provenance, labels: bool) -> model.Outcome | None:
        reason = ""
        if isinstance(node, Map):
            found = self.mapping(node, "outcome", path)
            mark = self.provenance(found, mark)
            reason = self.text(found.get("reason"), path, "reason")
            value = found.get("value")
            if value is None:
                return None
            node = value
        if labels:
            return model.Outcome(None, self.text(node, path, "label"), reason, mark)
        formula = self.formula(node, path)
        return model.Outcome(formula, "", reason, mark) if formula else None

    def _bands(self, node: Node, path: str, mark: Provenance, labels: bool) -> model.BandsBody | None:
        found = self.mapping(node, "bands", path)
        of = self.formula(found.get("of"), path)
        sides = [k for k in ("from", "above", "to", "below", "between") if k in found]
        if len(sides) != 1:
            self.report("bands-want-one-side", node, path, seen="、".join(sides) or "—")
            return None
        side = sides[0]
        if side == "between":
            bands = self._printed_bands(found[side], path, mark, labels)
        else:
            bands = self._cut_bands(found[side], side, path, mark, labels)
        if of is None or bands is None:
            return None
        return model.BandsBody(of, side, bands)

    def _cut_bands(
        self, node: Node, side: str, path: str, mark: Provenance, labels: bool
    ) -> tuple[model.Band, ...] | None:
        """Bands from cut points: each reaches from its own cut to the one before it; `else` is what is left."""
        upward = side in ("from", "above")
        inclusive = side in ("from", "to")
        bands: list[model.Band] = []
        before: Fraction | None = None
        ended = False
        for key, value in self.entries(node, path, side):
            outcome = self.outcome(value, path, mark, labels)
            if ended:
                self.report("else-not-last", key, path)
            if key.text == "else":
                ended = True
                cut = None
            else:
                cut = self.constant(key, path, side)
                if cut is None:
                    continue
                if before is not None and (cut >= before if upward else cut <= before):
                    self.report("cuts-out-of-order", key, path, cut=key.text, side=side,
                                before=published(before), order="由高到低" if upward else "由低到高",
                                order_en="highest first" if upward else "lowest first")  # fmt: skip
            if outcome is not None:
                written = "else" if cut is None else key.text
                if upward:
                    bands.append(model.Band(cut, before, inclusive, not inclusive, outcome, written))
                else:
                    bands.append(model.Band(before, cut, not inclusive, inclusive, outcome, written))
            before = cut if cut is not None else before
        if not ended:
            self.report("bands-without-else", node, path, side=side)
        return tuple(bands) or None

    def _printed_bands(self, node: Node, path: str, mark: Provenance, labels: bool) -> tuple[model.Band, ...] | None:
        """Bands as a table prints them, both ends belonging; where two share an end, it belongs to the first written."""
        if not isinstance(node, Sequence):
            self.report("list-wanted", node, path, key="between")
            return None
        bands: list[model.Band] = []
        for item in node.items:
            if not isinstance(item, Sequence) or len(item.items) != 3:
                self.report("band-wants-three", item, path)
                continue
            low = self.constant(item.items[0], path, "between")
            high = self.constant(item.items[1], path, "between")
            outcome = self.outcome(item.items[2], path, mark, labels)
            if low is None or high is None or outcome is None:
                continue
            if low > high:
                self.report("bounds-reversed", item, path, low=published(low), high=published(high))
                continue
            shared_low = any(b.high == low and b.high_in for b in bands)
            shared_high = any(b.low == high and b.low_in for b in bands)
            for b in bands:
                if b.low is not None and b.high is not None and max(b.low, low) < min(b.high, high):
                    self.report(
                        "bands-overlap",
                        item,
                        path,
                        first=b.written,
                        second=f"{published(low)}–{published(high)}",
                    )
            written = f"{published(low)}–{published(high)}"
            bands.append(model.Band(low, high, not shared_low, not shared_high, outcome, written))
        return tuple(bands) or None

    def _cases(self, node: Node, path: str, mark: Provenance, labels: bool) -> model.CasesBody | None:
        cases: list[model.Case] = []
        ended = False
        for key, value in self.entries(node, path, "cases"):
            outcome = self.outcome(value, path, mark, labels)
            if ended:
                self.report("else-not-last", key, path)
            when = None
            if key.text == "else":
                ended = True
            else:
                when = self.formula(key, path)
                if when is None:
                    continue
            if outcome is not None:
                cases.append(model.Case(when, outcome, key.text.strip()))
        return model.CasesBody(tuple(cases)) if cases else None

    def _statistic(self, word: str, found: Mapping[str, Node], path: str) -> model.StatisticBody | None:
        item = self.formula(found[word], path)
        if "over" not in found:
            self.report("statistic-wants-over", found[word], path, key=word)
            return None
        over = self.text(found["over"], path, "over")
        if over == "cohort":
            self.report("not-read-yet", found["over"], path, key="over: cohort")
        k = self.integer(found.get("k"), path, "k")
        if word in ("largest", "smallest") and (k is None or k < 1):
            self.report("statistic-wants", found[word], path, key=word, wants="k")
            return None
        at = self.constant(found.get("at"), path, "at")
        method = self.word(found.get("method"), path, "method", ("nearest_rank", "linear"), "")
        if word == "quantile" and (at is None or not 0 <= at <= 1 or not method):
            self.report("statistic-wants", found[word], path, key=word, wants="at (0…1), method")
            return None
        if item is None:
            return None
        return model.StatisticBody(
            word,  # type: ignore[arg-type]
            item,
            over,
            where=self.formula(found.get("where"), path),
            weight=self.formula(found.get("weighted_by"), path),
            k=k,
            at=at,
            method=method or None,  # type: ignore[arg-type]
            over_at=found["over"],
        )

    def policies(self, found: Mapping[str, Node], path: str, mark: Provenance) -> Policies:
        return Policies(
            self._policy(found, "missing", path, mark),
            self._policy(found, "undefined", path, mark),
            self._policy(found, "not_applicable", path, mark),
        )

    def _policy(self, found: Mapping[str, Node], key: str, path: str, mark: Provenance) -> Policy | None:
        node = found.get(key)
        if node is None:
            return None
        text = self.text(node, path, key)
        if text in ("refuse", "zero", "full", "exclude"):
            if key != "not_applicable" and text in ("full", "exclude") and "clause" not in found:
                self.report("policy-needs-clause", node, path, key=key, policy=text)
            return Policy(text, None, mark)  # type: ignore[arg-type]
        formula = self.formula(node, path)
        return Policy("formula", formula, mark) if formula else None

    def rounding(self, node: Node | None, path: str) -> model.Rounding | None:
        if node is None:
            return None
        if isinstance(node, Map):
            found = self.mapping(node, "round", path)
            places = self.integer(found.get("places"), path, "places")
            mode = self.word(found.get("mode"), path, "mode", ("half_up", "down", "up"), "half_up")
        else:
            places, mode = self.integer(node, path, "round"), "half_up"
        if places is not None and places > 30:
            self.report("integer-wanted", node, path, key="round", seen=str(places))
            return None
        return None if places is None else model.Rounding(places, mode)  # type: ignore[arg-type]

    def value(self, key: Scalar, node: Node, top: Provenance, path: str = "") -> model.Value:
        path = f"{path}/{key.text}" if path else key.text
        self.name(key, path, "中间值 value")
        where = key.locate(0, len(key.text))
        if isinstance(node, Scalar):
            formula = self.formula(node, path)
            return model.Value(key.text, model.FormulaBody(formula or _nought()), provenance=top, location=where)
        found = self.mapping(node, "value", path)
        mark = self.provenance(found, top)
        body = self.body(found, path, mark, at=key) or model.FormulaBody(_nought())
        policies = self.policies(found, path, mark)
        for policy, word in ((policies.missing, "missing"), (policies.undefined, "undefined")):
            if policy is not None and policy.kind == "full":
                self.report("no-points-here", found[word], path, key=f"{word}: full")
        return model.Value(key.text, body, policies, self.rounding(found.get("round"), path), mark, where)

    def definitions(self, node: Node | None, top: Provenance) -> dict[str, model.Definition]:
        read: dict[str, model.Definition] = {}
        for key, value in self.entries(node, "", "definitions"):
            definition = self.definition(key, value, top)
            if definition is None:
                continue
            if definition.name in read:
                self.report(
                    "name-clash",
                    key,
                    definition.name,
                    name=definition.name,
                    other="另一个定义",
                    other_en="another definition",
                )
            read[definition.name] = definition
        return read

    def definition(self, key: Scalar, node: Node, top: Provenance) -> model.Definition | None:
        signature = _SIGNATURE.fullmatch(key.text)
        if not signature:
            self.report("bad-signature", key, key.text[:60], seen=key.text[:60])
            return None
        name = signature.group(1)
        parameters = tuple(p.strip() for p in re.split("[,，]", signature.group(2)) if p.strip())
        for word in (name, *parameters):
            if not parsing.is_name(word) or (word == "points" and word != name):
                self.report("bad-name", key, name, seen=word[:60], what="定义 definition")
        if len(set(parameters)) < len(parameters):
            self.report("parameter-twice", key, name)
        where = key.locate(0, len(key.text))
        if isinstance(node, Scalar):
            formula = self.formula(node, name)
            if formula is None:
                return None
            written = _written({"formula": documents.plain(node)}, top)
            return model.Definition(
                name, parameters, model.FormulaBody(formula), {}, (), self.origin, top, where, written
            )
        found = self.mapping(node, "definition", name)
        mark = self.provenance(found, top)
        body = self.body(found, name, mark, at=key)
        values = tuple(self.value(k, v, mark, name) for k, v in self.entries(found.get("values"), name, "values"))
        defaults = {}
        for word, given in self.entries(found.get("defaults"), name, "defaults"):
            if word.text not in parameters:
                self.report("unknown-argument", word, name, nearest(word.text, parameters), name=word.text, rule=name)
            formula = self.formula(given, name)
            if formula is not None:
                defaults[word.text] = formula
        if body is None:
            return None
        written = _written(documents.plain(node), mark)
        return model.Definition(name, parameters, body, defaults, values, self.origin, mark, where, written)

    # ------------------------------------------------------------------------------------------- the tree

    def node(
        self,
        key: Scalar | None,
        node: Node,
        parent: str,
        inherited: Provenance,
        leaves: Policies,
        leaf_round: model.Rounding | None,
        share: Callable[[Mapping[str, Node]], Fraction | None] | None,
        leaf_points: Fraction | None = None,
    ) -> model.TreeNode:
        """One node and all beneath it. `share` gives the points that the parent deals out (weights, equal split)."""
        name = key.text if key else ""
        path = f"{parent}/{name}" if parent else name
        at: Node = key or node
        found = self.mapping(node, "node", path)
        if "/" in name:
            self.report("slash-in-name", at, path, name=name)
        if not key and "id" not in found:
            name = "总分"
        mark = self.provenance(found, inherited)
        identifier = self.text(found.get("id"), path, "id") or name
        if "id" in found and not parsing.is_name(identifier):
            self.report("bad-name", found["id"], path, seen=identifier[:60], what="id")
        if not parsing.is_name(identifier):
            identifier = ""
        if not key:
            name = identifier or name
        dealt = share(found) if share else None
        points, points_mark = self._points(found, path, mark, dealt)
        if "leaves" in found:
            read = self.mapping(found["leaves"], "leaves", path)
            leaves = self.policies(read, path, mark).over(leaves)
            leaf_round = self.rounding(read.get("round"), path) or leaf_round
            leaf_points = self.constant(read.get("points"), path, "points") or leaf_points
        kinds = [k for k in ("children", "rows") if k in found]
        if len(kinds) > 1:
            self.report("two-bodies", found["rows"], path, first="children", second="rows")
        policies = self.policies(found, path, mark)
        rounding = self.rounding(found.get("round"), path)
        holds: model.Body | model.Group | model.OpenGroup | None
        if "children" in found:
            holds, points = self._group(found, path, mark, leaves, leaf_round, leaf_points, points, at)
        elif "rows" in found:
            holds = self._open_group(found, path)
            if points is None:
                self.report("points-wanting", at, path)
        else:
            holds = self.body(found, path, mark, required=False)
            rounding = rounding or leaf_round
            policies = policies.over(leaves)
            if points is None and leaf_points is not None and holds is not None:
                points = model.Points(leaf_points)
            if holds is None and points is not None and not any(k in found for k in BODY_KEYS):
                self.report("no-rule", at, path)
            if holds is not None and points is None:
                self.report("points-wanting", at, path)
            for word in _GROUP_ONLY:
                if word in found:
                    self.report("key-does-not-fit", found[word], path, key=word, with_="末级指标 leaf")
        if isinstance(holds, model.Group | model.OpenGroup) and not (isinstance(holds, model.Group) and holds.body):
            for word in ("missing", "undefined", "not_applicable"):
                if word in found:
                    self.report("policy-on-group", found[word], path, key=word)
        low, high = self._between(found.get("adjustments"), path)
        return model.TreeNode(
            path=path,
            name=name,
            identifier=identifier,
            title=self.text(found.get("title"), path, "title"),
            points=points,
            holds=holds,
            counts=self.truth(found.get("counts"), path, "counts", True),
            weight=self.constant(found.get("weight"), path, "weight"),
            round=rounding,
            policies=policies,
            applies_when=self.formula(found.get("applies_when"), path),
            at_least=_or(self.integer(found.get("at_least"), path, "at_least"), 1),
            otherwise=self.word(found.get("else"), path, "else", ("absent", "zero", "refuse"), "absent"),  # type: ignore[arg-type]
            rescale=self.truth(found.get("rescale"), path, "rescale", False),
            scale_to=self.constant(found.get("scale_to"), path, "scale_to"),
            split="split" in found,
            adjustments=self._adjustments(found.get("adjustments"), path, mark),
            adjustments_low=low,
            adjustments_high=high,
            gates=tuple(
                self.gate(k, v, path, mark, "at_most") for k, v in self.entries(found.get("gates"), path, "gates")
            ),
            grade=self._own_grade(found.get("grade"), path, mark),
            reason=self.text(found.get("reason"), path, "reason"),
            provenance=mark,
            points_provenance=points_mark,
            location=documents.place(at),
        )

    def _points(
        self, found: Mapping[str, Node], path: str, mark: Provenance, dealt: Fraction | None
    ) -> tuple[model.Points | None, Provenance]:
        mark = self.provenance(found, mark, "points", "weight") if "points" in found or "weight" in found else mark
        node = found.get("points")
        if node is None:
            return (model.Points(dealt) if dealt is not None else None), mark
        if dealt is not None:
            self.report("points-and-share", node, path)
        if isinstance(node, Sequence):
            if len(node.items) != 2:
                self.report("range-wants-two", node, path)
                return None, mark
            low, high = (self.constant(i, path, "points") for i in node.items)
            if low is not None and high is not None and low > high:
                self.report("bounds-reversed", node, path, low=published(low), high=published(high))
            return (model.Points(high, low) if high is not None else None), mark
        if isinstance(node, Scalar) and node.text == "free":
            return model.Points(None, None), mark
        high = self.constant(node, path, "points")
        if high is not None and high < 0:
            self.report("points-negative", node, path, seen=published(high))
        return (model.Points(high) if high is not None else None), mark

    def _group(
        self, found: Mapping[str, Node], path: str, mark: Provenance, leaves: Policies,
        leaf_round: model.Rounding | None, leaf_points: Fraction | None, points: model.Points | None, at: Node,
    ) -> tuple[model.Group, model.Points | None]:  # fmt: skip
        entries = list(self.entries(found.get("children"), path, "children"))
        if not entries:
            self.report("no-children", at, path)
        body = self.body(found, path, mark, required=False)
        combine = self.word(found.get("combine"), path, "combine", ("sum", "mean", "min", "max"), "sum")
        if body is not None and "combine" in found:
            self.report("two-bodies", found["combine"], path, first="combine", second="body")
        inner = points.high if points else None
        weights = {k.text: self._weight(v, path) for k, v in entries}
        weighted = [w for w in weights.values() if w is not None]
        share: Callable[[Mapping[str, Node]], Fraction | None] | None = None
        if weighted and len(weighted) < len(weights):
            self.report("some-weights", at, path, with_="、".join(k for k, w in weights.items() if w is not None),
                        without="、".join(k for k, w in weights.items() if w is None))  # fmt: skip
        elif weighted:
            total = sum(weighted, Fraction(0))
            if inner is None or total <= 0:
                self.report("weights-want-points", at, path)
            else:
                whole = inner

                def share(read: Mapping[str, Node]) -> Fraction | None:
                    weight = self.constant(read.get("weight"), path, "weight")
                    return None if weight is None else whole * weight / total
        elif "split" in found:
            if inner is None:
                self.report("weights-want-points", at, path)
            else:
                equal = inner / max(1, len(entries))

                def share(read: Mapping[str, Node]) -> Fraction | None:
                    return equal

        children = tuple(self.node(k, v, path, mark, leaves, leaf_round, share, leaf_points) for k, v in entries)
        group = model.Group(children, combine, body, leaves)  # type: ignore[arg-type]
        return group, self._group_points(found, path, group, points, at)

    def _weight(self, node: Node, path: str) -> Fraction | None:
        if isinstance(node, Map) and (weight := node.get("weight")) is not None:
            return self.constant(weight, path, "weight")
        return None

    def _group_points(
        self, found: Mapping[str, Node], path: str, group: model.Group, points: model.Points | None, at: Node
    ) -> model.Points | None:
        """Points of a group: those stated, checked against its children; else what the children come to."""
        counted = [c for c in group.children if c.counts and c.points is not None and not c.points.free]
        worths = [c.worth for c in counted if c.worth is not None]
        if group.body is not None:
            if points is None:
                self.report("points-wanting", at, path)
            return points
        if not any(c.points is not None for c in group.children):
            return points  # all described: a skeleton
        if group.combine == "sum":
            reached = sum(worths, Fraction(0))
            if points is None:
                low = sum((c.points.low or Fraction(0) for c in counted if c.points), Fraction(0))
                return model.Points(reached, low if low < 0 else Fraction(0))
            if points.high is not None and points.high != reached:
                name = "scale-of-other-points" if "scale_to" in found else "points-do-not-add-up"
                self.report(
                    name, found.get("points", at), path, stated=published(points.high), sum=published(reached),
                    difference=published(reached - points.high),
                    children="、".join(f"{c.name} {published(c.worth)}" for c in counted if c.worth is not None)[:200],
                )  # fmt: skip
            return points
        if points is None:
            if len(set(worths)) == 1:
                return model.Points(worths[0])
            self.report("points-wanting", at, path)
        elif worths and points.high is not None and group.combine in ("mean", "min", "max"):
            best = (
                sum(worths, Fraction(0)) / len(worths)
                if group.combine == "mean"
                else (min if group.combine == "min" else max)(worths)
            )
            if best < points.high:
                self.report(
                    "double-weighting",
                    found.get("points", at),
                    path,
                    stated=published(points.high),
                    best=published(best),
                )
        return points

    def _open_group(self, found: Mapping[str, Node], path: str) -> model.OpenGroup:
        return model.OpenGroup(
            rows=self.text(found["rows"], path, "rows"),
            where=self.formula(found.get("where"), path),
            levels=self.texts(found.get("levels"), path, "levels"),
            adjustable=self.truth(found.get("adjustable"), path, "adjustable", False),
        )

    def _between(self, node: Node | None, path: str) -> tuple[Fraction | None, Fraction | None]:
        found = node.get("between") if isinstance(node, Map) else None
        if found is None or isinstance(found, Map):
            return None, None
        if not isinstance(found, Sequence) or len(found.items) != 2:
            self.report("range-wants-two", found, path)
            return None, None
        low, high = (self.constant(i, path, "between") for i in found.items)
        if low is not None and high is not None and low > high:
            self.report("bounds-reversed", found, path, low=published(low), high=published(high))
        return low, high

    def _adjustments(self, node: Node | None, path: str, mark: Provenance) -> tuple[model.Adjustment, ...]:
        read = []
        for key, value in self.entries(node, path, "adjustments"):
            if key.text == "between" and not isinstance(value, Map):
                continue
            at = f"{path}/{key.text}" if path else key.text
            found = self.mapping(value, "adjustment", at)
            own = self.provenance(found, mark)
            body = self.body(found, at, own, at=key)
            if body is None:
                continue
            low, high = self._between(value, at)
            where = key.locate(0, len(key.text))
            policies = self.policies(found, at, own)
            reason = self.text(found.get("reason"), at, "reason")
            read.append(model.Adjustment(key.text, body, policies, low, high, reason, own, where))
        return tuple(read)

    def gate(self, key: Scalar, node: Node, path: str, mark: Provenance, wants: str) -> model.Gate:
        at = f"{path}/{key.text}" if path else key.text
        found = self.mapping(node, "gate", at)
        own = self.provenance(found, mark)
        other = "no_better_than" if wants == "at_most" else "at_most"
        if wants not in found:
            self.report("key-wanting", key, at, key=wants, form="否决项", form_en="a gate here")
        if other in found:
            self.report("key-does-not-fit", found[other], at, key=other, with_=wants)
        return model.Gate(
            name=key.text,
            when=self.formula(found.get("when"), at) or _never(),
            at_most=self.constant(found.get("at_most"), at, "at_most"),
            no_better_than=self.text(found.get("no_better_than"), at, "no_better_than"),
            reason=self.text(found.get("reason"), at, "reason"),
            provenance=own,
            location=key.locate(0, len(key.text)),
        )

    # ------------------------------------------------------------------------------------------- grades, checks

    def _own_grade(self, node: Node | None, path: str, mark: Provenance) -> model.GradeScale | str | None:
        if node is None:
            return None
        if isinstance(node, Scalar):
            return node.text
        return self.grade(None, node, mark, path)

    def grade(self, key: Scalar | None, node: Node, top: Provenance, path: str = "") -> model.GradeScale:
        name = key.text if key else ""
        at = name or path
        found = self.mapping(node, "grade", at)
        mark = self.provenance(found, top)
        combine = self.word(found.get("combine"), at, "combine", ("min",), "")
        body = self.body(found, at, mark, labels=True, required=not combine, at=key or node)
        labels = self.texts(found.get("labels"), at, "labels")
        yielded = _labels(body)
        if labels:
            for label in yielded:
                if label not in labels:
                    self.report(
                        "unknown-label",
                        found["labels"],
                        at,
                        nearest(label, labels),
                        label=label,
                        labels="、".join(labels),
                    )
        else:
            labels = yielded
        if not labels and not combine:
            self.report("labels-wanting", key or node, at)
        gates = tuple(
            self.gate(k, v, at, mark, "no_better_than") for k, v in self.entries(found.get("gates"), at, "gates")
        )
        for gate in gates:
            if gate.no_better_than and gate.no_better_than not in labels:
                near = nearest(gate.no_better_than, labels)
                self.report(
                    "unknown-label",
                    found["gates"],
                    at,
                    near,
                    label=gate.no_better_than,
                    labels="、".join(labels),
                )
        return model.GradeScale(
            name=name or self.text(found.get("scale"), at, "scale"),
            body=body,
            labels=labels,
            reads=self.word(found.get("reads"), at, "reads", ("rounded", "raw"), "rounded"),  # type: ignore[arg-type]
            combine="min" if combine else None,
            gates=gates,
            provenance=mark,
            location=documents.place(key or node),
        )

    def check(self, key: Scalar, node: Node, top: Provenance, path: str = "") -> model.Check:
        at = f"{path}/{key.text}" if path else key.text
        found = self.mapping(node, "check", at)
        return model.Check(
            name=key.text,
            holds=self.formula(found.get("holds"), at) or _never(),
            severity=self.word(found.get("severity"), at, "severity", ("error", "warning", "remark"), "error"),  # type: ignore[arg-type]
            reason=self.text(found.get("reason"), at, "reason"),
            provenance=self.provenance(found, top),
            location=key.locate(0, len(key.text)),
        )

    def printed(self, key: Scalar, node: Node, top: Provenance) -> model.PublishedFigure:
        found = self.mapping(node, "published", key.text)
        kinds = [k for k in ("score", "points", "value", "grade") if k in found]
        if len(kinds) != 1:
            self.report("published-wants-one", key, key.text)
        what = kinds[0] if kinds else "score"
        column = model.Input(
            name=key.text,
            kind="text" if what == "grade" else "number",
            title=self.text(found.get("title"), key.text, "title"),
            unit=self._unit(found.get("unit"), key.text),
            written=self.word(found.get("written"), key.text, "written", ("fraction", "percent"), "fraction"),  # type: ignore[arg-type]
            optional=True,
            location=key.locate(0, len(key.text)),
        )
        target = self.text(found.get(what), key.text, what)
        return model.PublishedFigure(column, what, target, self.provenance(found, top))


# ----------------------------------------------------------------------------------------------- small matters


_NULLS = ("", "~", "null", "Null", "NULL")
_GROUP_ONLY = (
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
_STATISTIC_KEYS = {
    word: {"over", "where"}
    | ({"weighted_by"} if word == "mean" else set())
    | ({"k"} if word in ("largest", "smallest") else set())
    | ({"at", "method"} if word == "quantile" else set())
    for word in model.STATISTICS
}


class _Once:
    """A finding that is the same as another where name, place and path are."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        self._key = (finding.name, str(finding.where), finding.path, tuple(finding.seen.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Once) and self._key == other._key

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


def _nought() -> Formula:
    return Formula.generated("0")


def _never() -> Formula:
    return Formula.generated("False")


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _seen(node: Node) -> str:
    return node.text[:60] if isinstance(node, Scalar) else "{…}" if isinstance(node, Map) else "[…]"


def _beyond(low: Fraction | date, high: Fraction | date) -> bool:
    if isinstance(low, date) and isinstance(high, date):
        return low > high
    return isinstance(low, Fraction) and isinstance(high, Fraction) and low > high


def _bound_text(value: Fraction | date) -> str:
    return published(value) if isinstance(value, Fraction) else value.isoformat()


def _labels(body: model.Body | None) -> tuple[str, ...]:
    match body:
        case model.BandsBody(bands=bands):
            return tuple(dict.fromkeys(b.outcome.label for b in bands))
        case model.CasesBody(cases=cases):
            return tuple(dict.fromkeys(c.outcome.label for c in cases))
        case _:
            return ()


def _in_working_unit(each: model.Input, working: dict[Any, Fraction]) -> model.Input:
    if each.unit is None or not each.unit.dimension:
        return each
    first = working.setdefault(each.unit.dimension, each.unit.factor)
    if first == each.unit.factor:
        return each
    return evolve(each, scale=each.unit.factor / first)


def _written(data: Any, mark: Provenance) -> Any:
    """A definition as plain data that says its own provenance, so that it can stand in another file."""
    written = {k: v for k, v in data.items() if k not in ("clause", "assumed", "unverified")}
    if mark.clause:
        written["clause"] = mark.clause
    if mark.status in ("assumed", "unverified"):
        written[mark.status] = mark.why or mark.clause
    return written


def _used(
    visible: Mapping[str, model.Definition], tree: model.TreeNode, rows: Mapping[str, model.RowKind],
    values: Mapping[str, model.Value], grades: Mapping[str, model.GradeScale], checks: tuple[model.Check, ...],
) -> dict[str, model.Definition]:  # fmt: skip
    """The definitions that are called anywhere, and those that they call."""
    wanted: list[str] = []
    for part in (tree, *rows.values(), *values.values(), *grades.values(), *checks):
        wanted.extend(model.definitions_called(part))
    used: dict[str, model.Definition] = {}
    while wanted:
        name = wanted.pop()
        if name in visible and name not in used:
            used[name] = visible[name]
            wanted.extend(model.definitions_called(visible[name]))
    return used
