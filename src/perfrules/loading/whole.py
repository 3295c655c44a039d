"""A scheme file, or a file of definitions, as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from perfrules import documents, model
from perfrules.documents import Node
from perfrules.grammar import LANGUAGE_VERSION
from perfrules.loading.forms import NO_POLICIES, used_definitions
from perfrules.loading.tree import Trees


class Whole(Trees):
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
            self.library = {}
        definitions = self.definitions(found.get("definitions"), top)
        for name in definitions:
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
        figures = self.entries(found.get("published"), "", "published")
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
        used = used_definitions(visible, tree, rows, values, grades, checks)
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
