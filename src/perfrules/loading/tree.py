"""The tree of indicators, with grades, gates and adjustments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from perfrules import documents, model, parsing
from perfrules.documents import Mapping as Map
from perfrules.documents import Node, Scalar, Sequence
from perfrules.findings import nearest
from perfrules.grammar import BODY_KEYS
from perfrules.loading.forms import GROUP_ONLY, POLICY_KEYS, labels_of, never, or_default
from perfrules.loading.parts import Parts
from perfrules.model import Policies, Provenance
from perfrules.numbers import published

CHILDREN_LIMIT = 500
"""The most nodes directly beneath one."""


class Trees(Parts):
    """Reads nodes and what stands on them."""

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
        if key and not name.strip():
            self.report("bad-name", at, path, seen=name, what="指标 node")
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
            self.report("two-bodies", self.key(found["rows"]), path, first="children", second="rows")
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
            if holds is not None:  # what is only described has no use for what leaves have
                rounding = rounding or leaf_round
                policies = policies.over(leaves)
            if points is None and leaf_points is not None and holds is not None:
                points = model.Points(leaf_points)
            if holds is None and points is not None and not any(k in found for k in BODY_KEYS):
                self.report("no-rule", at, path)
            if holds is not None and points is None and share is None and "points" not in found:
                self.report("points-wanting", at, path)
            for word in GROUP_ONLY:
                if word in found:
                    self.report("key-does-not-fit", self.key(found[word]), path, key=word, with_="末级指标 leaf")
            if holds is None and points is None and not any(k in found for k in BODY_KEYS):
                for word in [w for w in POLICY_KEYS if w in found]:
                    self.report(
                        "key-does-not-fit", self.key(found[word]), path, key=word, with_="只列示的指标 described"
                    )
        if isinstance(holds, model.Group | model.OpenGroup) and not (isinstance(holds, model.Group) and holds.body):
            for word in POLICY_KEYS:
                if word in found:
                    self.report("policy-on-group", self.key(found[word]), path, key=word)
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
            at_least=or_default(self.integer(found.get("at_least"), path, "at_least"), 1),
            otherwise=self.word(found.get("else"), path, "else", ("absent", "zero", "refuse"), "absent"),
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
            self.report("points-and-share", self.key(node), path)
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
            self.report("no-children", self.key(found["children"]), path)
        if len(entries) > CHILDREN_LIMIT:
            seen, limit = str(len(entries)), str(CHILDREN_LIMIT)
            self.report("too-many-children", self.key(found["children"]), path, seen=seen, limit=limit)
            entries = entries[:CHILDREN_LIMIT]
        body = self.body(found, path, mark, required=False)
        combine: model.Combine = self.word(
            found.get("combine"), path, "combine", ("sum", "mean", "product", "geometric", "min", "max"), "sum"
        )
        if body is not None and "combine" in found:
            self.report("two-bodies", self.key(found["combine"]), path, first="combine", second="body")
        if body is not None and "rescale" in found:
            word = next(k for k in BODY_KEYS if k in found)
            self.report("key-does-not-fit", self.key(found["rescale"]), path, key="rescale", with_=word)
        inner = points.high if points else None
        weights = {k.text: self._weight(v, path) for k, v in entries}
        weighted = [w for w in weights.values() if w is not None]
        share: Callable[[Mapping[str, Node]], Fraction | None] | None = None
        if weighted and len(weighted) < len(weights):
            share = _nothing_dealt
            self.report("some-weights", at, path, with_="、".join(k for k, w in weights.items() if w is not None),
                        without="、".join(k for k, w in weights.items() if w is None))  # fmt: skip
        elif weighted:
            total = sum(weighted, Fraction(0))
            if min(weighted) < 0:
                self.report("points-negative", at, path, seen=published(min(weighted)))
            if inner is None or total <= 0:
                share = _nothing_dealt
                self.report("weights-want-points", at, path)
            else:
                whole = inner

                def share(read: Mapping[str, Node]) -> Fraction | None:
                    weight = self.constant(read.get("weight"), path, "weight")
                    return None if weight is None else whole * weight / total
        elif "split" in found:
            if inner is None:
                share = _nothing_dealt
                self.report("weights-want-points", at, path)
            else:
                equal = inner / max(1, len(entries))

                def share(read: Mapping[str, Node]) -> Fraction | None:
                    return equal

        children = tuple(self.node(k, v, path, mark, leaves, leaf_round, share, leaf_points) for k, v in entries)
        group = model.Group(children, combine, body, leaves)
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
            self.report("key-does-not-fit", self.key(found[other]), at, key=other, with_=wants)
        return model.Gate(
            name=key.text,
            when=self.formula(found.get("when"), at) or never(),
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
        if "labels" in found and self.too_many(found["labels"], at):
            labels = ()
        if len(set(labels)) < len(labels):
            self.report("choice-twice", found["labels"], at)
        for label in labels:
            if not label.isprintable() or any(sign in label for sign in "'\"\\"):
                self.report("bad-label", found["labels"], at, label=label)
        yielded = labels_of(body)
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
        for gate, (_, written) in zip(gates, self.entries(found.get("gates"), at, "gates"), strict=True):
            label = gate.no_better_than
            place = written.get("no_better_than") if isinstance(written, Map) else None
            if place is not None and label not in labels:
                self.report("unknown-label", place, at, nearest(label, labels), label=label, labels="、".join(labels))
        return model.GradeScale(
            name=name or self.text(found.get("scale"), at, "scale"),
            body=body,
            labels=labels,
            reads=self.word(found.get("reads"), at, "reads", ("rounded", "raw"), "rounded"),
            combine="min" if combine else None,
            gates=gates,
            provenance=mark,
            location=documents.place(key or node),
        )

    def printed(
        self, key: Scalar, node: Node, top: Provenance, inputs: Mapping[str, model.Input]
    ) -> model.PublishedFigure:
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
            written=self.word(found.get("written"), key.text, "written", ("fraction", "percent"), "fraction"),
            optional=True,
            location=key.locate(0, len(key.text)),
        )
        *_, column = self._scaled({**inputs, "": column})  # in the unit in which values are kept
        target = self.text(found.get(what), key.text, what)
        return model.PublishedFigure(column, what, target, self.provenance(found, top))


def _nothing_dealt(_: Mapping[str, Node]) -> Fraction | None:
    """What a parent deals out that cannot, and has told why."""
    return None
