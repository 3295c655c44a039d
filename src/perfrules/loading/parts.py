"""Inputs, kinds of row, bodies, values and definitions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Literal

from perfrules import documents, model, parsing
from perfrules.documents import Mapping as Map
from perfrules.documents import Node, Scalar, Sequence
from perfrules.findings import nearest
from perfrules.grammar import BODY_KEYS
from perfrules.loading.forms import (
    SIGNATURE,
    STATISTIC_KEYS,
    Forms,
    beyond,
    bound_text,
    in_working_unit,
    never,
    nought,
    seen_text,
    working_units,
    written_down,
)
from perfrules.model import Policies, Policy, Provenance
from perfrules.numbers import DIGITS_LIMIT, RoundingMode, Unit, published, unit

ARMS_LIMIT = 200
"""The most bands, cases or labels of one body."""


class Parts(Forms):
    """Reads what stands beside the tree, and the bodies that all parts share."""

    # ------------------------------------------------------------------------------------------- inputs and rows

    def inputs(self, node: Node | None, top: Provenance, path: str, *, rows: bool = False) -> dict[str, model.Input]:
        read: dict[str, model.Input] = {}
        for key, value in self.entries(node, path, "inputs"):
            at = f"{path}/{key.text}" if path else key.text
            read[self.name(key, at, "数据项 input")] = self.input(key, value, at, top, rows)
        return read

    def input(self, key: Scalar, node: Node, path: str, top: Provenance, rows: bool) -> model.Input:
        found = self.mapping(node, "input", path)
        kinds: tuple[model.InputKind, ...] = ("number", "boolean", "choice", "date", "text", "measure")
        kind = self.word(found.get("kind"), path, "kind", kinds, kinds[0])
        if kind == "measure" and not rows:
            self.report("measure-outside-rows", found["kind"], path)
        if "fill_down" in found and not rows:
            self.report("key-does-not-fit", self.key(found["fill_down"]), path, key="fill_down", with_="inputs")
        its_unit = self._unit(found.get("unit"), path)
        low = self._bound(found.get("min"), path, "min", kind)
        high = self._bound(found.get("max"), path, "max", kind)
        if low is not None and high is not None and beyond(low, high):
            self.report("bounds-reversed", found["max"], path, low=bound_text(low), high=bound_text(high))
        choices = self.texts(found.get("choices"), path, "choices")
        if kind == "choice" and not choices and isinstance(found.get("choices"), Sequence | None):
            self.report("choices-wanting", key, path)
        if len(set(choices)) < len(choices):
            self.report("choice-twice", found["choices"], path)
        for wrong in {"choice": ("unit", "min", "max", "decimals"), "text": ("unit", "min", "max", "decimals", "choices"),
                      "boolean": ("unit", "min", "max", "decimals", "choices"), "number": ("choices", "month"),
                      "date": ("unit", "decimals", "choices", "written"), "measure": ("choices",)}[kind]:  # fmt: skip
            if wrong in found:
                self.report("key-does-not-fit", self.key(found[wrong]), path, key=wrong, with_=f"kind: {kind}")
        ends: tuple[Literal["first", "last"], ...] = ("first", "last")
        month = self.word(found.get("month"), path, "month", ends, None)
        return model.Input(
            name=key.text,
            kind=kind,
            title=self.text(found.get("title"), path, "title"),
            unit=its_unit,
            low=low,
            high=high,
            decimals=self.integer(found.get("decimals"), path, "decimals", most=DIGITS_LIMIT),
            choices=choices,
            optional=self.truth(found.get("optional"), path, "optional", False),
            at=self._stages_of(found.get("at"), path),
            written=self.word(found.get("written"), path, "written", ("fraction", "percent"), _bare_means(its_unit)),
            month=month,
            fill_down=self.truth(found.get("fill_down"), path, "fill_down", False),
            provenance=self.provenance(found, top),
            location=key.locate(0, len(key.text)),
        )

    def _stages_of(self, node: Node | None, path: str) -> tuple[str, ...]:
        return (node.text,) if isinstance(node, Scalar) else self.texts(node, path, "at")

    def _unit(self, node: Node | None, path: str) -> Unit | None:
        if node is None:
            return None
        try:
            return unit(self.text(node, path, "unit"))
        except ValueError:
            self.report("not-a-unit", node, path, seen=seen_text(node))
            return None

    def _bound(self, node: Node | None, path: str, key: str, kind: str) -> Fraction | date | None:
        return self.day(node, path, key) if kind == "date" else self.constant(node, path, key)

    def _scaled(self, inputs: Mapping[str, model.Input]) -> Iterator[model.Input]:
        """Numbers of one dimension are kept in one unit: that of the first input which has it."""
        working = working_units(inputs.values())
        for each in inputs.values():
            yield in_working_unit(each, working)

    def row_kind(self, key: Scalar, node: Node, top: Provenance, inputs: Mapping[str, model.Input]) -> model.RowKind:
        path = self.name(key, key.text, "行类别 row kind")
        found = self.mapping(node, "row_kind", path)
        mark = self.provenance(found, top)
        columns = self.inputs(found.get("columns"), mark, path, rows=True)
        working = working_units((*inputs.values(), *columns.values()))
        columns = {c.name: in_working_unit(c, working) for c in columns.values()}
        for word in ("name", "published"):
            if word in found and self.text(found[word], path, word) not in columns:
                seen = self.text(found[word], path, word)
                self.report("unknown-row-column", found[word], path, nearest(seen, columns), name=seen, kind=key.text)
        body = self.body(found, path, mark, required=False)
        if isinstance(body, model.StatisticBody):  # of all rows, the same for each: a value says it
            self.report("key-does-not-fit", self.key(found[body.statistic]), path, key=body.statistic, with_="rows")
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
        at: Node | None = None, cohort: bool = False,
    ) -> model.Body | None:  # fmt: skip
        """The one body of a form; several, or none where one is required, are findings."""
        stated = [k for k in BODY_KEYS if k in found]
        if not stated:
            if required:
                self.report("no-rule", at or next(iter(found.values()), None), path)
            return None
        if len(stated) > 1:
            self.report("two-bodies", self.key(found[stated[1]]), path, first=stated[0], second=stated[1])
            return None
        word = stated[0]
        node = found[word]
        for key in ("over", "where", "weighted_by", "k", "at", "method"):
            fits = word in model.STATISTICS and key in STATISTIC_KEYS[word]
            if key in found and not fits and not (key == "where" and "rows" in found):
                self.report("key-does-not-fit", self.key(found[key]), path, key=key, with_=word)
        match word:
            case "formula":
                formula = self.formula(node, path)
                return model.FormulaBody(formula) if formula else None
            case "given":
                formula = self.formula(node, path)
                if formula is None:
                    return None
                if len(formula.names) != 1 or formula.names[0] != formula.source.strip():
                    self.report("given-wants-a-name", node, path, seen=seen_text(node))
                return model.GivenBody(formula)
            case "rule":
                return self._rule(node, path)
            case "bands":
                return self._bands(node, path, mark, labels)
            case "cases":
                return self._cases(node, path, mark, labels)
            case _:
                return self._statistic(word, found, path, cohort)

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
            self.report("bands-want-one-side", self.key(node), path, seen="、".join(sides) or "—")
            return None
        side = sides[0]
        if side == "between":
            bands = self._printed_bands(found[side], path, mark, labels)
        else:
            bands = self._cut_bands(found[side], side, path, mark, labels)
        if of is None or bands is None:
            return None
        return model.BandsBody(of, side, bands)

    def too_many(self, node: Node, path: str) -> bool:
        """Whether a table has more arms than a formula can hold, which is told."""
        size = len(node.entries) if isinstance(node, Map) else len(node.items) if isinstance(node, Sequence) else 0
        if size > ARMS_LIMIT:
            self.report("too-many-arms", self.key(node), path, seen=str(size), limit=str(ARMS_LIMIT))
        return size > ARMS_LIMIT

    def _cut_bands(
        self, node: Node, side: str, path: str, mark: Provenance, labels: bool
    ) -> tuple[model.Band, ...] | None:
        """Bands from cut points: each reaches from its own cut to the one before it; `else` is what is left."""
        if self.too_many(node, path):
            return None
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
                written, at = "else" if cut is None else key.text, documents.place(key)
                if upward:
                    bands.append(model.Band(cut, before, inclusive, not inclusive, outcome, written, at))
                else:
                    bands.append(model.Band(before, cut, not inclusive, inclusive, outcome, written, at))
            before = cut if cut is not None else before
        if not ended:
            self.report("bands-without-else", self.key(node), path, side=side)
        return tuple(bands) or None

    def _printed_bands(self, node: Node, path: str, mark: Provenance, labels: bool) -> tuple[model.Band, ...] | None:
        """Bands as a table prints them, both ends belonging; where two share an end, it belongs to the first written."""
        if not isinstance(node, Sequence):
            self.report("list-wanted", node, path, key="between")
            return None
        if self.too_many(node, path):
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
            written = f"{seen_text(item.items[0])}–{seen_text(item.items[1])}"
            for b in bands:
                if b.low is not None and b.high is not None and max(b.low, low) < min(b.high, high):
                    self.report("bands-overlap", item, path, first=b.written, second=written)
                    break
            at = documents.place(item.items[0])
            bands.append(model.Band(low, high, not shared_low, not shared_high, outcome, written, at))
        return tuple(bands) or None

    def _cases(self, node: Node, path: str, mark: Provenance, labels: bool) -> model.CasesBody | None:
        if self.too_many(node, path):
            return None
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

    def _statistic(self, word: str, found: Mapping[str, Node], path: str, cohort: bool) -> model.StatisticBody | None:
        item = self.formula(found[word], path)
        if "over" not in found:
            self.report("statistic-wants-over", self.key(found[word]), path, key=word)
            return None
        over = self.text(found["over"], path, "over")
        if (over == "cohort") is not cohort:
            self.report("cohort-only-in-benchmarks", found["over"], path)
        k = self.integer(found.get("k"), path, "k")
        if word in ("largest", "smallest") and (k is None or k < 1):
            self.report("statistic-wants", self.key(found[word]), path, key=word, wants="k")
            return None
        at = self.constant(found.get("at"), path, "at")
        methods: tuple[model.QuantileMethod, ...] = ("nearest_rank", "linear")
        method = self.word(found.get("method"), path, "method", methods, None)
        if word == "quantile" and (at is None or not 0 <= at <= 1 or not method):
            self.report("statistic-wants", self.key(found[word]), path, key=word, wants="at (0…1), method")
            return None
        if item is None:
            return None
        return model.StatisticBody(
            word,  # type: ignore[arg-type]  # one of STATISTICS: its caller found it among them
            item,
            over,
            where=self.formula(found.get("where"), path),
            by=self.formula(found.get("by"), path),
            weight=self.formula(found.get("weighted_by"), path),
            k=k,
            at=at,
            method=method,
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
            return Policy(text, None, mark)  # type: ignore[arg-type]  # one of the four words above
        formula = self.formula(node, path)
        return Policy("formula", formula, mark) if formula else None

    def rounding(self, node: Node | None, path: str) -> model.Rounding | None:
        if node is None:
            return None
        if isinstance(node, Map):
            found = self.mapping(node, "round", path)
            places = self.integer(found.get("places"), path, "places")
            modes: tuple[RoundingMode, ...] = ("half_up", "down", "up")
            mode = self.word(found.get("mode"), path, "mode", modes, modes[0])
        else:
            places, mode = self.integer(node, path, "round"), "half_up"
        if places is not None and places > 30:
            self.report("integer-wanted", node, path, key="round", seen=str(places))
            return None
        return None if places is None else model.Rounding(places, mode)

    def value(self, key: Scalar, node: Node, top: Provenance, path: str = "") -> model.Value:
        path = f"{path}/{key.text}" if path else key.text
        self.name(key, path, "中间值 value")
        where = key.locate(0, len(key.text))
        if isinstance(node, Scalar):
            formula = self.formula(node, path)
            return model.Value(key.text, model.FormulaBody(formula or nought()), provenance=top, location=where)
        found = self.mapping(node, "value", path)
        mark = self.provenance(found, top)
        body = self.body(found, path, mark, at=key) or model.FormulaBody(nought())
        policies = self.policies(found, path, mark)
        for word in ("missing", "undefined", "not_applicable"):
            policy = getattr(policies, word)
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
        signature = SIGNATURE.fullmatch(key.text)
        if not signature:
            self.report("bad-signature", key, key.text[:60], seen=key.text[:60])
            return None
        name = signature.group(1)
        parameters = tuple(p.strip() for p in re.split("[,，]", signature.group(2)) if p.strip())
        for word in (name, *parameters):
            ours = word == name and word in parsing.INTERNAL_FUNCTIONS  # or a call of it would be the plan's own
            if ours or not parsing.is_name(word) or (word == "points" and word != name):
                self.report("bad-name", key, name, seen=word[:60], what="定义 definition")
        if len(set(parameters)) < len(parameters):
            self.report("parameter-twice", key, name)
        where = key.locate(0, len(key.text))
        if isinstance(node, Scalar):
            formula = self.formula(node, name)
            if formula is None:
                return None
            written = written_down({"formula": documents.plain(node)}, top)
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
            if formula is not None and (formula.names or formula.definitions):
                self.report("constant-wanted", given, name, key=word.text, seen=seen_text(given))
            elif formula is not None:
                defaults[word.text] = formula
        if body is None:
            return None
        written = written_down(documents.plain(node), mark)
        return model.Definition(name, parameters, body, defaults, values, self.origin, mark, where, written)

    def check(self, key: Scalar, node: Node, top: Provenance, path: str = "") -> model.Check:
        at = f"{path}/{key.text}" if path else key.text
        found = self.mapping(node, "check", at)
        return model.Check(
            name=key.text,
            holds=self.formula(found.get("holds"), at) or never(),
            severity=self.word(found.get("severity"), at, "severity", ("error", "warning", "remark"), "error"),
            reason=self.text(found.get("reason"), at, "reason"),
            provenance=self.provenance(found, top),
            location=key.locate(0, len(key.text)),
        )


def _bare_means(unit: Unit | None) -> Literal["fraction", "percent"]:
    """How a bare cell is meant where nothing says: 3 in a column of 百分点 or ‰ is 3 of those, in one of % a ratio."""
    return "percent" if unit is not None and unit.percent and unit.text not in ("%", "％") else "fraction"
