"""A scheme file, or a file of definitions, as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

from perfrules import documents, model
from perfrules.documents import Node, Scalar
from perfrules.findings import Finding, nearest
from perfrules.grammar import LANGUAGE_VERSION
from perfrules.loading.forms import NO_POLICIES, used_definitions
from perfrules.loading.procedures import Procedures
from perfrules.model import Provenance


class Whole(Procedures):
    """Reads a whole file."""

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
            self.word(found["resolved"], "", "resolved", (LANGUAGE_VERSION,), LANGUAGE_VERSION)
        definitions = self.definitions(found.get("definitions"), top)
        own = set(definitions) if "resolved" in found else self.replaced
        self.library = {n: d for n, d in self.library.items() if n not in own}
        for name in definitions:
            if name in self.library:
                at = next(k for k, _ in self.entries(found["definitions"], "", "") if k.text.strip().startswith(name))
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
        claims = tuple(self.claim(k, v, top, inputs) for k, v in self.entries(found.get("claims"), "", "claims"))
        figures = self.entries(found.get("published"), "", "published")
        benchmarks = {
            k.text: self.benchmark(k, v, top) for k, v in self.entries(found.get("benchmarks"), "", "benchmarks")
        }
        printed = {k.text: self.printed(k, v, top, inputs) for k, v in figures}
        effective, until = (
            self.day(found.get("effective"), "", "effective"),
            self.day(found.get("until"), "", "until"),
        )
        if effective and until and until < effective:
            self.report("until-before-effective", found["until"], "", effective=str(effective), until=str(until))
        if tree is None:
            return None
        visible = {**self.library, **definitions}
        ranking = self.ranking(found.get("ranking"), top)
        procedures = self.procedures(found.get("procedures"), top)
        parts = (
            tree, *rows.values(), *values.values(), *grades.values(), *checks, *claims, *benchmarks.values(), ranking,
            procedures,
        )  # fmt: skip
        used = used_definitions(visible, parts)
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
            benchmarks={n: b for n, b in benchmarks.items() if b is not None},
            ranking=ranking,
            stages=self.stages(found.get("stages"), inputs),
            period=self.period(found.get("period"), inputs),
            text=resolved,
            digest=digest,
            findings=tuple(self.sorted()),
            provenance=top,
            file=self.file,
            procedures=procedures,
            claims=claims,
        )

    def _resolved(self, root: Node, borrowed: Mapping[str, model.Definition]) -> str:
        """The document as JSON text, with the definitions that it borrows written in."""
        data: dict[str, Any] = dict(documents.plain(root))
        data.pop("use", None)
        data["resolved"] = LANGUAGE_VERSION
        if borrowed:
            own = dict(written) if isinstance(written := data.get("definitions"), dict) else {}
            for definition in sorted(borrowed.values(), key=lambda d: d.name):
                own[f"{definition.name}({', '.join(definition.parameters)})"] = definition.written
            data["definitions"] = own
        return documents.dumps(data)

    def benchmark(self, key: Scalar, node: Node, top: Provenance) -> model.Benchmark | None:
        """A statistic over the cohort."""
        path = self.name(key, key.text, "参照值 benchmark")
        found = self.mapping(node, "benchmark", path)
        mark = self.provenance(found, top)
        body = self.body(found, path, mark, at=key, cohort=True)
        if not isinstance(body, model.StatisticBody):
            return None
        rounding = self.rounding(found.get("round"), path)
        return model.Benchmark(key.text, body, rounding, mark, key.locate(0, len(key.text)))

    def claim(self, key: Scalar, node: Node, top: Provenance, inputs: Mapping[str, model.Input]) -> model.Claim:
        """A claim: one of four ways to say something of all records, or of some; a formula alone is what holds."""
        if isinstance(node, Scalar):
            holds = self.formula(node, key.text)
            return model.Claim(key.text, holds, provenance=top, location=key.locate(0, len(key.text)))
        found = self.mapping(node, "claim", key.text)
        said = [word for word in ("holds", "reached", "rises", "falls") if word in found]
        if len(said) != 1:
            self.report("claim-wants-one", key, key.text, seen="、".join(said) or "—")
        word = said[0] if said else ""
        name = self.text(found.get("with"), key.text, "with")
        if word in ("rises", "falls") and (name not in inputs or inputs[name].kind not in ("number", "date")):
            near = nearest(name, [i.name for i in inputs.values() if i.kind in ("number", "date")])
            self.report("claim-wants-input", found.get("with", key), key.text, near, name=name or "—", word=word)
        formula = self.formula(found.get(word), key.text)
        return model.Claim(
            name=key.text,
            holds=formula if word == "holds" else None,
            reached=formula if word == "reached" else None,
            of=formula if word in ("rises", "falls") else None,
            way="falls" if word == "falls" else "rises",
            input=name,
            reason=self.text(found.get("reason"), key.text, "reason"),
            provenance=self.provenance(found, top),
            location=key.locate(0, len(key.text)),
        )

    def ranking(self, node: Node | None, top: Provenance) -> model.Ranking | None:
        """How records are ranked; what is no word for ties is a formula that breaks them."""
        if node is None:
            return None
        found = self.mapping(node, "ranking", "ranking")
        of = self.formula(found.get("of"), "ranking")
        orders: tuple[Literal["descending", "ascending"], ...] = ("descending", "ascending")
        order = self.word(found.get("order"), "ranking", "order", orders, orders[0])
        ties: Literal["min", "dense", "all", "key"] = "min"
        key = None
        stated = found.get("ties")
        if isinstance(stated, Scalar) and stated.text in ("min", "dense", "all"):
            ties = self.word(stated, "ranking", "ties", ("min", "dense", "all"), "min")
        elif stated is not None:
            ties, key = "key", self.formula(stated, "ranking")
        if of is None:
            return None
        within = self.formula(found.get("within"), "ranking")
        mark = self.provenance(found, top)
        return model.Ranking(of, order, ties, key, within, mark, documents.place(node))

    def stages(self, node: Node | None, inputs: Mapping[str, model.Input]) -> tuple[str, ...]:
        """The stages of a year; every input's `at` names one of them."""
        stages = self.texts(node, "", "stages")
        for each in inputs.values():
            for stage in each.at:
                if stage not in stages:
                    seen = {"name": stage, "stages": "、".join(stages) or "—"}
                    self.findings.append(
                        Finding("unknown-stage", each.location, each.name, seen, nearest(stage, stages))
                    )
        return stages

    def period(self, node: Node | None, inputs: Mapping[str, model.Input]) -> str:
        """The input that tells a record's period."""
        name = self.text(node, "", "period")
        if name and (name not in inputs or inputs[name].kind not in ("date", "number")):
            self.report("unknown-period", node, "period", nearest(name, inputs), name=name)
        return name
