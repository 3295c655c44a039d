"""What the names in a scheme mean: kinds, units, cycles; and, over its plan, what can leave its range or fall through."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter
from itertools import islice, product

from attrs import define, field

from perfrules import formula, model, nodes
from perfrules.findings import Finding, Location, nearest
from perfrules.formula import ANY_NUMBER, BOOLEAN, PURE, TEXT, Formula, Meaning, Scope, Signature
from perfrules.model import Scheme, TreeNode
from perfrules.numbers import published
from perfrules.parsing import Problem
from perfrules.plan import DefinitionPlan, Fold, Plan, RowBlock, Step
from perfrules.ranges import (
    NO_HOLES,
    Analysis,
    Found,
    Numbers,
    Range,
    Texts,
    Truths,
    contains,
    day,
    point,
    union,
)

DEFINITIONS_DEEP = 30
RESERVED = frozenset({"points", "score", "possible"})


def check_names(scheme: Scheme) -> list[Finding]:
    """Every problem of names, kinds, units, cycles and cost in a scheme; with none of them it can be planned."""
    return _Names(scheme).check()


def check_definitions(definitions: Mapping[str, model.Definition]) -> list[Finding]:
    """The same for definitions alone, as a file of them is checked."""
    checker = _Names(None, definitions)
    checker.check_definitions()
    return checker.findings


class _Names:
    def __init__(self, scheme: Scheme | None, definitions: Mapping[str, model.Definition] | None = None) -> None:
        self.scheme = scheme
        self.definitions = definitions if scheme is None else scheme.definitions
        self.findings: list[Finding] = []
        self.meanings: dict[str, Meaning | None] = {}
        self.refused: dict[str, Problem] = {}
        self.signatures: dict[str, Signature] = {}
        self._called: dict[tuple[object, ...], tuple[Meaning | None, list[Problem]]] = {}

    def report(self, name: str, where: Location | None, path: str, near: str = "", /, **seen: str) -> None:
        self.findings.append(Finding(name, where, path, seen, near))

    # ------------------------------------------------------------------------------------------ the whole

    def check(self) -> list[Finding]:
        scheme = self.scheme
        assert scheme is not None
        self.clashes(scheme)
        if not self.check_definitions() or not self.acyclic(scheme):
            return self.findings
        for each in scheme.inputs.values():
            self.meanings[each.name] = input_meaning(each)
        for node in scheme.tree.walk():
            if node.identifier:
                if node.points is None:
                    self.refused[node.identifier] = Problem("described-has-no-score", (0, 0), {"name": node.name})
                else:
                    self.meanings[node.identifier] = PURE
        for kind in scheme.rows.values():
            for column in kind.columns:
                seen = {"name": column.name, "rows": kind.name}
                self.refused.setdefault(column.name, Problem("column-outside-rows", (0, 0), seen))
        for word in RESERVED:
            self.refused[word] = Problem("no-points-here", (0, 0), {"key": word})
        for name in self._value_order(scheme):
            value = scheme.values[name]
            scope = self.scope()
            self.meanings[name] = self.body(value.body, scope, name, number=False)
            self.policies(value.policies, scope, name)
        for kind in scheme.rows.values():
            self.row_kind(kind)
        for node in scheme.tree.walk():
            self.node(node)
        for scale in scheme.grades.values():
            used = any(n.grade == scale.name for n in scheme.tree.walk())
            self.grade(scale, scale.name, own=used)
        for check in scheme.checks:
            self.truth(check.holds, self.scope(), check.name)
        self.printed(scheme)
        return self.findings

    def scope(self, **more: Meaning) -> Scope:
        return Scope({**self.meanings, **more}, self.signatures, self.refused)

    def clashes(self, scheme: Scheme) -> None:
        """One namespace for all that formulas can name."""
        taken: dict[str, tuple[str, str]] = {}
        entries: list[tuple[str, tuple[str, str], Location | None]] = []
        entries += [(i.name, ("数据项", "an input"), i.location) for i in scheme.inputs.values()]
        entries += [(v.name, ("中间值", "a value"), v.location) for v in scheme.values.values()]
        entries += [(k.name, ("行类别", "a row kind"), k.location) for k in scheme.rows.values()]
        nodes_ = [n for n in scheme.tree.walk() if n.identifier]
        entries += [(n.identifier, (f"指标 {n.path}", f"the node {n.path}"), n.location) for n in nodes_]
        entries += [(d.name, ("定义", "a definition"), d.location) for d in scheme.definitions.values()]
        for name, what, where in entries:
            if name in taken:
                self._clash(where, name, name, taken[name])
            if name in RESERVED:
                self.report("reserved-name", where, name, name=name)
            taken.setdefault(name, what)
        for kind in scheme.rows.values():
            for column in kind.columns:
                if column.name in taken:
                    self._clash(column.location, f"{kind.name}/{column.name}", column.name, taken[column.name])

    def _clash(self, where: Location | None, path: str, name: str, other: tuple[str, str]) -> None:
        self.report("name-clash", where, path, name=name, other=other[0], other_en=other[1])

    def acyclic(self, scheme: Scheme) -> bool:
        """Whether no name needs itself; the finding prints the ring."""
        graph: dict[str, list[str]] = {}
        by_path: dict[str, str] = {n.path: n.identifier or n.path or "总分" for n in scheme.tree.walk()}
        identifiers = {n.identifier: by_path[n.path] for n in scheme.tree.walk() if n.identifier}
        known = {**identifiers, **{v: v for v in scheme.values}}
        where: dict[str, Location | None] = {}
        for node in scheme.tree.walk():
            parts = [node.holds if not isinstance(node.holds, model.Group) else node.holds.body,
                     node.policies, node.applies_when, node.adjustments, node.gates]  # fmt: skip
            names = [known[n] for f in model.formulas(parts) for n in f.names if n in known]
            names += [by_path[c.path] for c in node.children]
            if isinstance(node.holds, model.OpenGroup):
                kind = scheme.rows.get(node.holds.rows)
                names += [known[n] for f in model.formulas(kind) for n in f.names if n in known] if kind else []
            names += self._over(node.holds, scheme, by_path)
            graph[by_path[node.path]] = names
            where[by_path[node.path]] = node.location
        for value in scheme.values.values():
            names = [known[n] for f in model.formulas(value) for n in f.names if n in known]
            graph[value.name] = names + self._over(value.body, scheme, by_path)
            where[value.name] = value.location
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            ring = list(reversed(error.args[1]))
            self.report("ring-of-names", where.get(ring[0]), ring[0], ring=" → ".join(ring))
            return False
        return True

    def _over(self, body: object, scheme: Scheme, by_path: Mapping[str, str]) -> list[str]:
        if isinstance(body, model.StatisticBody) and body.over not in scheme.rows:
            try:
                return [by_path[c.path] for c in scheme.node(body.over).children]
            except KeyError:
                return []
        return []

    def _value_order(self, scheme: Scheme) -> list[str]:
        graph = {
            v.name: [n for f in model.formulas(v) for n in f.names if n in scheme.values]
            for v in scheme.values.values()
        }
        return list(TopologicalSorter(graph).static_order())

    # ------------------------------------------------------------------------------------------ definitions

    def check_definitions(self) -> bool:
        """Whether definitions are free of rings; their own problems are reported with unknown parameters."""
        assert self.definitions is not None
        called = {n: tuple(model.definitions_called(d)) for n, d in self.definitions.items()}
        graph = {name: [c for c in calls if c in called] for name, calls in called.items()}
        try:
            order = list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            ring = list(reversed(error.args[1]))
            self.report("ring-of-names", self.definitions[ring[0]].location, ring[0], ring=" → ".join(ring))
            return False
        depth: dict[str, int] = {}
        costs: dict[str, int] = {}
        for name in order:
            definition = self.definitions[name]
            depth[name] = 1 + max((depth[c] for c in graph[name]), default=0)
            if depth[name] > DEFINITIONS_DEEP:
                self.report("definitions-too-deep", definition.location, name, name=name, limit=str(DEFINITIONS_DEEP))
                return False
            own = sum(formula.cost(f.node, self.signatures) for f in model.formulas(definition))
            own += (
                sum(costs[c] for c in graph[name] if c in costs) if isinstance(definition.body, model.RuleBody) else 0
            )
            costs[name] = own
            least = sum(p not in definition.defaults for p in definition.parameters)
            self.signatures[name] = Signature(least, len(definition.parameters), self._meaning_of(definition), own)
            if own > formula.COST_LIMIT:
                self.report("formula-too-costly", definition.location, name, limit=str(formula.COST_LIMIT))
                return False
        own_file = self.scheme.file if self.scheme else None
        for name in order:
            definition = self.definitions[name]
            if own_file is not None and definition.location is not None and definition.location.file != own_file:
                continue  # a library's definitions were checked when it was read
            unknown: dict[str, Meaning | None] = {p: None for p in definition.parameters}
            self._inside(definition, unknown, ANY_NUMBER, self.findings)
        return True

    def _meaning_of(
        self, definition: model.Definition
    ) -> Callable[[tuple[Meaning, ...], Meaning | None], tuple[Meaning | None, Sequence[Problem]]]:
        def meaning(given: tuple[Meaning, ...], points: Meaning | None) -> tuple[Meaning | None, Sequence[Problem]]:
            key = (definition.name, given, points)
            if key not in self._called:
                names: dict[str, Meaning | None] = dict(zip(definition.parameters, given, strict=False))
                for name, default in definition.defaults.items():
                    if name not in names:
                        names[name], _ = formula.check(default, Scope({}, {}))
                inner: list[Finding] = []
                result = self._inside(definition, names, points, inner)
                problems = [Problem(f.name, (0, 0), dict(f.seen), f.nearest) for f in inner]
                self._called[key] = (result, problems)
            return self._called[key]

        return meaning

    def _inside(
        self, definition: model.Definition, names: Mapping[str, Meaning | None], points: Meaning | None,
        findings: list[Finding],
    ) -> Meaning | None:  # fmt: skip
        """What a definition's body means with its parameters so; problems go to `findings`."""
        before, self.findings = self.findings, findings
        try:
            known = dict(names)
            refused = {w: Problem("no-points-here", (0, 0), {"key": w}) for w in RESERVED}
            if points is not None:
                known["points"] = points
            scope = Scope(known, self.signatures, refused, askable=False)
            own = {v.name: v for v in definition.values}
            graph = {n: [r for f in model.formulas(v) for r in f.names if r in own] for n, v in own.items()}
            try:
                order = list(TopologicalSorter(graph).static_order())
            except CycleError as error:
                self.report("ring-of-names", definition.location, definition.name, ring=" → ".join(error.args[1]))
                return None
            for name in order:
                known[name] = self.body(own[name].body, scope, definition.name, number=False)
            return self.body(definition.body, scope, definition.name, number=False)
        finally:
            self.findings = before

    # ------------------------------------------------------------------------------------------ formulas, bodies

    def meaning(self, text: Formula, scope: Scope, path: str) -> Meaning | None:
        found, problems = formula.check(text, scope)
        for problem in problems:
            self.findings.append(Finding(problem.name, text.where(problem.at), path, problem.seen, problem.nearest))
        return found

    def number(self, text: Formula, scope: Scope, path: str, *, pure: bool = True) -> None:
        """A formula that must be a number, and (pure) without a unit, as points are."""
        meaning = self.meaning(text, scope, path)
        self._score(meaning, text, path, pure)

    def _score(self, meaning: Meaning | None, text: Formula | None, path: str, pure: bool = True) -> None:
        if meaning is None:
            return
        where = text.where(text.node.at) if text else None
        source = text.source.strip()[:60] if text else path
        if meaning.kind != "number":
            self.report("wrong-kind", where, path, seen=source, kind=meaning.kind, wanted="number")
        elif pure and meaning.dimension:
            self.report("score-has-unit", where, path, seen=source, unit=formula.dimension_text(meaning.dimension))

    def truth(self, text: Formula, scope: Scope, path: str) -> None:
        meaning = self.meaning(text, scope, path)
        if meaning is not None and meaning.kind != "boolean":
            where = text.where(text.node.at)
            self.report("wrong-kind", where, path, seen=text.source.strip()[:60], kind=meaning.kind, wanted="boolean")

    def policies(self, policies: model.Policies, scope: Scope, path: str) -> None:
        for policy in (policies.missing, policies.undefined, policies.not_applicable):
            if policy is not None and policy.formula is not None:
                self.number(policy.formula, scope, path)

    def body(self, body: model.Body | None, scope: Scope, path: str, *, number: bool = True) -> Meaning | None:
        """What a body yields; with `number`, a score."""
        last: Formula | None = None
        match body:
            case None:
                return None
            case model.FormulaBody(formula=text) | model.GivenBody(name=text):
                found, last = self.meaning(text, scope, path), text
            case model.RuleBody():
                found = self._rule(body, scope, path)
            case model.BandsBody(of=of, bands=bands):
                self.number(of, scope, path, pure=False)
                return self._outcomes([b.outcome for b in bands], scope, path, number)
            case model.CasesBody(cases=cases):
                for case in cases:
                    if case.when is not None:
                        self.truth(case.when, scope, path)
                return self._outcomes([c.outcome for c in cases], scope, path, number)
            case model.StatisticBody():
                found, last = self._statistic(body, scope, path), body.item
        if number:
            self._score(found, last, path)
        return found

    def _outcomes(self, outcomes: Sequence[model.Outcome], scope: Scope, path: str, number: bool) -> Meaning | None:
        meaning: Meaning | None = None
        for outcome in outcomes:
            if outcome.value is None:
                continue
            found = self.meaning(outcome.value, scope, path)
            if found is None:
                continue
            if number:
                self._score(found, outcome.value, path)
            if meaning is None or meaning.dimension is None:
                meaning = found if meaning is None or found.kind == meaning.kind else meaning
            if found.kind != meaning.kind:
                where = outcome.value.where(outcome.value.node.at)
                self.report("arms-differ", where, path, left="", left_kind=meaning.kind,
                            right=outcome.value.source.strip()[:60], right_kind=found.kind)  # fmt: skip
        return meaning

    def _rule(self, body: model.RuleBody, scope: Scope, path: str) -> Meaning | None:
        where = body.placed.locate(0, len(body.definition)) if body.placed else None
        signature = self.signatures.get(body.definition)
        assert self.definitions is not None
        if signature is None:
            near = nearest(body.definition, self.definitions)
            self.report("unknown-definition", where, path, near, name=body.definition)
            return None
        definition = self.definitions[body.definition]
        given = {name: self.meaning(text, scope, path) for name, text in body.arguments}
        fits = True
        for name in given:
            if name not in definition.parameters:
                near = nearest(name, definition.parameters)
                self.report("unknown-argument", where, path, near, name=name, rule=body.definition)
                fits = False
        for parameter in definition.parameters:
            if parameter not in given and parameter not in definition.defaults:
                self.report("argument-wanting", where, path, name=parameter, rule=body.definition)
                fits = False
        if not fits or None in given.values():
            return None
        meanings: list[Meaning] = []
        for parameter in definition.parameters:
            found = given.get(parameter)
            if found is None:
                found, _ = formula.check(definition.defaults[parameter], Scope({}, {}))
            meanings.append(found or ANY_NUMBER)
        result, problems = signature.meaning(tuple(meanings), scope.names.get("points"))
        if problems:
            self.report("definition-does-not-fit", where, path, **formula.misfit(body.definition, problems[0]))
            return None
        return result

    def _statistic(self, body: model.StatisticBody, scope: Scope, path: str) -> Meaning | None:
        scheme = self.scheme
        where = body.over_at.locate() if body.over_at is not None and hasattr(body.over_at, "locate") else None
        if scheme is None or not scope.askable:
            self.report("statistic-in-definition", where, path)
            return None
        inner: Scope
        if body.over in scheme.rows:
            inner = self._row_scope(scheme.rows[body.over])
        else:
            try:
                over = scheme.node(body.over)
            except KeyError:
                known = [*scheme.rows, *(n.path for n in scheme.tree.walk() if n.children)]
                self.report("unknown-range", where, path, nearest(body.over, known), name=body.over)
                return None
            if not over.children:
                self.report("unknown-range", where, path, name=body.over)
                return None
            inner = Scope({**scope.names, "score": PURE, "points": ANY_NUMBER, "possible": PURE}, self.signatures,
                          self.refused)  # fmt: skip
        if body.where is not None:
            self.truth(body.where, inner, path)
        if body.weight is not None:
            self.number(body.weight, inner, path, pure=False)
        if body.statistic == "count":
            self.truth(body.item, inner, path)
            return PURE
        found = self.meaning(body.item, inner, path)
        if found is not None and found.kind != "number":
            self._score(found, body.item, path)
            return None
        return found

    # ------------------------------------------------------------------------------------------ rows and nodes

    def _row_scope(self, kind: model.RowKind, points: bool = True) -> Scope:
        columns: dict[str, Meaning | None] = {c.name: input_meaning(c) for c in kind.columns}
        refused = {k: v for k, v in self.refused.items() if k not in columns}
        names = {**self.meanings, **columns}
        if points and kind.points is not None:
            names["points"] = ANY_NUMBER
        return Scope(names, self.signatures, refused)

    def row_kind(self, kind: model.RowKind) -> None:
        assert self.scheme is not None
        shared = any(
            isinstance(n.holds, model.OpenGroup) and n.holds.rows == kind.name and n.split
            for n in self.scheme.tree.walk()
        )
        scope = self._row_scope(kind)
        if shared:
            scope = Scope({**scope.names, "points": ANY_NUMBER}, scope.definitions, scope.refused)
        if kind.points is not None:
            self.number(kind.points, self._row_scope(kind, points=False), kind.name)
        self.body(kind.body, scope, kind.name)
        self.policies(kind.policies, scope, kind.name)
        for text in (kind.counts, kind.applies_when):
            if text is not None:
                self.truth(text, scope, kind.name)
        for check in kind.checks:
            self.truth(check.holds, scope, f"{kind.name}/{check.name}")

    def node(self, node: TreeNode) -> None:
        assert self.scheme is not None
        free = node.points is None or node.points.free
        scope = self.scope(points=ANY_NUMBER) if not free else self.scope()
        match node.holds:
            case model.Group(body=body):
                if body is not None:
                    self.body(body, scope, node.path)
            case model.OpenGroup():
                self._open_group(node, node.holds)
            case body:
                self.body(body, scope, node.path)
        self.policies(node.policies, scope, node.path)
        if free and any(p is not None and p.kind == "full" for p in (
            node.policies.missing, node.policies.undefined, node.policies.not_applicable)):  # fmt: skip
            self.report("no-points-here", node.location, node.path, key="full")
        if node.applies_when is not None:
            self.truth(node.applies_when, scope, node.path)
        for adjustment in node.adjustments:
            self.body(adjustment.body, scope, f"{node.path}/{adjustment.name}".lstrip("/"))
            self.policies(adjustment.policies, scope, node.path)
        for gate in node.gates:
            self.truth(gate.when, self.scope(), f"{node.path}/{gate.name}".lstrip("/"))
        if isinstance(node.grade, str):
            if node.grade not in self.scheme.grades:
                near = nearest(node.grade, self.scheme.grades)
                self.report("unknown-grade", node.location, node.path, near, name=node.grade)
        elif node.grade is not None:
            self.grade(node.grade, node.path, own=True)

    def _open_group(self, node: TreeNode, group: model.OpenGroup) -> None:
        assert self.scheme is not None
        kind = self.scheme.rows.get(group.rows)
        if kind is None:
            near = nearest(group.rows, self.scheme.rows)
            self.report("unknown-row-kind", node.location, node.path, near, name=group.rows)
            return
        if kind.body is None:
            self.report("no-rule", kind.location or node.location, kind.name)
        if kind.points is None and not node.split:
            self.report("row-points-wanting", kind.location or node.location, kind.name)
        if group.where is not None:
            self.truth(group.where, self._row_scope(kind), node.path)
        columns = {c.name for c in kind.columns}
        for level in group.levels:
            if level not in columns:
                near = nearest(level, columns)
                self.report("unknown-row-column", node.location, node.path, near, name=level, kind=kind.name)

    # ------------------------------------------------------------------------------------------ grades and the rest

    def grade(self, scale: model.GradeScale, path: str, *, own: bool) -> None:
        scope = self.scope()
        if own:
            scope = self.scope(score=PURE, points=ANY_NUMBER, possible=PURE)
        match scale.body:
            case model.BandsBody(of=of):
                self.number(of, scope, path, pure=False)
            case model.CasesBody(cases=cases):
                for case in cases:
                    if case.when is not None:
                        self.truth(case.when, scope, path)
            case model.FormulaBody(formula=text) | model.GivenBody(name=text):
                found = self.meaning(text, scope, path)
                if found is not None and found.kind not in ("choice", "text"):
                    self.report("wrong-kind", text.where(text.node.at), path,
                                seen=text.source.strip()[:60], kind=found.kind, wanted="choice")  # fmt: skip
            case _:
                pass
        for gate in scale.gates:
            self.truth(gate.when, scope, f"{path}/{gate.name}")

    def printed(self, scheme: Scheme) -> None:
        paths = [n.path for n in scheme.tree.walk()] + [n.identifier for n in scheme.tree.walk()]
        known = {"score": paths, "points": paths, "value": list(scheme.values), "grade": list(scheme.grades)}
        for figure in scheme.published.values():
            if figure.target not in known[figure.what]:
                near = nearest(figure.target, known[figure.what])
                self.report("unknown-published", figure.column.location, figure.column.name, near,
                            name=figure.target, what=figure.what)  # fmt: skip


def input_meaning(each: model.Input) -> Meaning:
    """What an input is in formulas."""
    match each.kind:
        case "number" | "measure":
            dimension = each.unit.dimension if each.unit else None if each.kind == "measure" else ()
            if each.unit is None and each.kind == "number":
                dimension = None
            return Meaning("number", dimension, measure=each.kind == "measure")
        case "choice":
            return Meaning("choice", labels=each.choices)
        case "boolean":
            return BOOLEAN
        case "date":
            return Meaning("date")
        case "text":
            return TEXT


# ------------------------------------------------------------------------------------------------ ranges over a plan

_TRIES = 240


def check_ranges(plan: Plan) -> list[Finding]:
    """What can leave its range or fall through, each with a record that shows it."""
    return [*_range_findings(plan), *_gap_findings(plan)]


def _range_findings(plan: Plan) -> Iterator[Finding]:
    forecast = Forecast(plan)
    for planned in plan.nodes:
        node = planned.node
        holds = node.holds
        if node.points is None or node.points.high is None or isinstance(holds, model.OpenGroup | model.GivenBody):
            continue
        if isinstance(holds, model.Group) and (holds.body is None or isinstance(holds.body, model.GivenBody)):
            continue
        allowed = Numbers(node.points.low, node.points.high)
        found = forecast.read(planned.first).range
        if not isinstance(found, Numbers) or contains(allowed, found):
            continue
        witness = _witness(plan, planned.first, None, lambda r, _: not contains(allowed, r))
        if witness is not None:
            yield _out_of_range("can-leave-its-range", node.location, node.path, witness, allowed)
    for kind, block in _blocks(plan):
        score = block.name.removesuffix("__rows") + "__score"

        def beyond(result: Numbers, forecast: Forecast, block: RowBlock = block) -> bool:
            points = forecast.read(block.name.removesuffix("__rows") + "__points").range
            return (
                isinstance(points, Numbers)
                and points.low == points.high
                and not contains(Numbers(Fraction(0), points.high), result)
            )

        witness = _witness(plan, score, block, beyond)
        if witness is not None:
            yield _out_of_range("can-leave-its-range", kind.location, kind.name, witness, None)


def _blocks(plan: Plan) -> Iterator[tuple[model.RowKind, RowBlock]]:
    """One scoring block of each row kind."""
    seen: set[str] = set()
    for step in plan.steps:
        if (
            isinstance(step, RowBlock)
            and any(s.name.endswith("__r__score") for s in step.steps)
            and step.rows not in seen
        ):
            seen.add(step.rows)
            yield plan.scheme.rows[step.rows], step


def _out_of_range(
    name: str,
    where: Location | None,
    path: str,
    witness: tuple[Range, Mapping[str, str]],
    allowed: Numbers | None,
) -> Finding:
    result, record = witness
    assert isinstance(result, Numbers)
    high = "分值" if allowed is None or allowed.high is None else published(allowed.high)
    low = "0" if allowed is None or allowed.low is None else published(allowed.low)
    came = published(result.low) if result.low is not None else "?"
    told = "，".join(f"{k} = {v}" for k, v in record.items())
    return Finding(name, where, path, {"record": told, "came": came, "low": low, "high": high})


def _gap_findings(plan: Plan) -> Iterator[Finding]:
    """Cases without `else` that can fall through, and printed bands that leave a gap, each with a record if one is found."""
    told: set[str] = set()
    for body, arm, block, path, where in _open_ended(plan):
        if not any("missing" in reached for reached in _reached_by_choice(plan, arm, block)):
            continue
        key = f"{where}{path}"
        if key in told:
            continue
        told.add(key)
        if isinstance(body, model.BandsBody):
            yield from _band_gaps(plan, body, Forecast(plan, block=block, present=True), arm, path, where)
            continue
        record = _fall(plan, arm, block)
        if record is not None:
            yield Finding("falls-through", where, path, {"record": "，".join(f"{k} = {v}" for k, v in record.items())})
        else:
            yield Finding("may-fall-through", where, path, {})


def _reached_by_choice(plan: Plan, arm: str, block: RowBlock | None) -> Iterator[set[nodes.HoleKind]]:
    """The holes that a step reaches on purpose, for each way of the choices and truths that it hangs on."""
    touched: dict[str, None] = {}
    Forecast(plan, block=block, present=True, touched=touched).read(arm)
    inputs = _inputs(plan, block)
    closed = [inputs[n] for n in touched if inputs[n].kind in ("choice", "boolean")]
    ways: list[list[Fraction | bool | str | date]] = [
        [True, False] if i.kind == "boolean" else list(i.choices) for i in closed
    ]
    size = 1
    for way in ways:
        size *= len(way)
    if size > _TRIES:
        closed, ways = [], []
    for combination in product(*ways):
        given: dict[str, Fraction | bool | str | date] = {
            i.name: value for i, value in zip(closed, combination, strict=True)
        }
        forecast = Forecast(plan, given, block, present=True)
        forecast.read(arm)
        yield forecast.reached.get(arm, set())


def _open_ended(
    plan: Plan,
) -> Iterator[tuple[model.BandsBody | model.CasesBody, str, RowBlock | None, str, Location | None]]:
    for planned in plan.nodes:
        body = planned.node.holds.body if isinstance(planned.node.holds, model.Group) else planned.node.holds
        if _ends_open(body) and planned.arms is not None:
            yield body, planned.arms.step, None, planned.node.path, planned.node.location  # type: ignore[misc]
    for value in plan.scheme.values.values():
        if _ends_open(value.body):
            name = f"{value.name}__arm" if not value.round else f"{value.name}__body__arm"
            yield value.body, name, None, value.name, value.location  # type: ignore[misc]
    for kind, block in _blocks(plan):
        if _ends_open(kind.body):
            arm = block.name.removesuffix("__rows") + "__body__arm"
            yield kind.body, arm, block, kind.name, kind.location  # type: ignore[misc]
    for made in plan.grades:
        if _ends_open(made.scale.body):
            arm = made.rank.split("__")[0] + "____arm"
            yield made.scale.body, arm, None, made.scale.name, made.scale.location  # type: ignore[misc]


def _ends_open(body: object) -> bool:
    if isinstance(body, model.CasesBody):
        return all(c.when is not None for c in body.cases)
    return isinstance(body, model.BandsBody) and body.side == "between"


def _band_gaps(
    plan: Plan, body: model.BandsBody, forecast: Forecast, arm: str, path: str, where: Location | None
) -> Iterator[Finding]:
    """Gaps between printed bands, told only where the quantity's own grid has a point in them."""
    of = forecast.read(arm.removesuffix("__arm") + "__of").range
    grid = _grid(plan.scheme, body.of)
    bands = sorted((b for b in body.bands), key=lambda b: b.low or Fraction(0))
    edges: list[tuple[Fraction | None, bool, Fraction | None, bool, str]] = []
    low_end = of.low if isinstance(of, Numbers) else None
    high_end = of.high if isinstance(of, Numbers) else None
    edges.append((low_end, True, bands[0].low, bands[0].low_in, bands[0].written))
    edges += [(a.high, not a.high_in, b.low, b.low_in, b.written) for a, b in zip(bands, bands[1:], strict=False)]
    edges.append((bands[-1].high, not bands[-1].high_in, high_end, False, bands[-1].written))
    for low, low_free, high, high_in, beside in edges:
        shown = _between(low, low_free, high, not high_in, grid)
        if shown is not None:
            yield Finding("bands-gap", where, path, {"value": published(shown), "band": beside})


def _between(
    low: Fraction | None, low_free: bool, high: Fraction | None, high_free: bool, grid: Fraction | None
) -> Fraction | None:
    """A point between two edges, on the grid where there is one; None where there is none."""
    if low is None and high is None:
        return None
    if low is None:
        assert high is not None
        return high if high_free else high - (grid or 1)
    if high is None:
        return low if low_free else low + (grid or 1)
    if low > high or (low == high and not (low_free and high_free)):
        return None
    if grid is None:
        return low if low_free else high if high_free else (low + high) / 2
    first = -((-low / grid).__floor__()) * grid
    if first == low and not low_free:
        first += grid
    return first if first < high or (first == high and high_free) else None


def _grid(scheme: Scheme, of: Formula) -> Fraction | None:
    """The grid of a quantity: of an input its decimals, of a value or node its rounding."""
    if not isinstance(of.node, nodes.Name):
        return None
    name = of.node.name
    places: int | None = None
    if name in scheme.inputs:
        places = scheme.inputs[name].decimals
    elif name in scheme.values:
        rounding = scheme.values[name].round
        places = rounding.places if rounding else None
    else:
        rounding = next((n.round for n in scheme.tree.walk() if n.identifier == name), None)
        places = rounding.places if rounding else None
    return None if places is None else Fraction(1, 10**places)


def _witness(
    plan: Plan, target: str, block: RowBlock | None, wrong: Callable[[Numbers, Forecast], bool]
) -> tuple[Range, Mapping[str, str]] | None:
    for given in _candidates(plan, target, block):
        forecast = Forecast(plan, given, block, present=True)
        found = forecast.read(target)
        result = found.range
        if isinstance(result, Numbers) and result.low is not None and result.low == result.high and not found.holes:
            if wrong(result, forecast):
                return result, _told(plan, given, block)
    return None


def _fall(plan: Plan, arm: str, block: RowBlock | None) -> Mapping[str, str] | None:
    for given in _candidates(plan, arm, block):
        forecast = Forecast(plan, given, block, present=True)
        found = forecast.read(arm)
        if found.range is None and found.holes == {"missing"} and forecast.reached.get(arm):
            return _told(plan, given, block)
    return None


def _told(plan: Plan, given: Mapping[str, Fraction | bool | str | date], block: RowBlock | None) -> dict[str, str]:
    inputs = _inputs(plan, block)
    told = {}
    for name, value in given.items():
        each = inputs[name]
        if isinstance(value, Fraction):
            if each.unit is not None and each.unit.text in ("%", "％"):
                told[name] = published(value * 100) + "%"
            elif each.kind == "date":
                told[name] = date.fromordinal(max(1, int(value))).isoformat()
            else:
                told[name] = published(value / each.scale) + (each.unit.text if each.unit else "")
        else:
            told[name] = ("是" if value else "否") if isinstance(value, bool) else str(value)
    return told


def _inputs(plan: Plan, block: RowBlock | None) -> dict[str, model.Input]:
    inputs = dict(plan.scheme.inputs)
    if block is not None:
        inputs |= {c.name: c for c in plan.scheme.rows[block.rows].columns}
    return inputs


def _candidates(plan: Plan, target: str, block: RowBlock | None) -> Iterator[dict[str, Fraction | bool | str | date]]:
    """Records to try: bounds, landmarks, and the numbers that the formulas themselves compare with."""
    touched: dict[str, None] = {}
    numbers: dict[Fraction, None] = {}
    Forecast(plan, block=block, present=True, touched=touched, numbers=numbers).read(target)
    inputs = _inputs(plan, block)
    names = [n for n in touched if n in inputs]
    if block is not None:
        points = plan.scheme.rows[block.rows].points
        names += [n for n in (points.names if points else ()) if n in inputs and n not in names]
    choices: list[list[Fraction | bool | str | date]] = [_values(inputs[n], list(numbers)) for n in names]
    if not names:
        return
    size = 1
    for values in choices:
        size *= len(values)
    if size <= _TRIES:
        for combination in product(*choices):
            yield dict(zip(names, combination, strict=True))
        return
    draw = random.Random(0)
    for first in islice(zip(*choices, strict=False), 8):
        yield dict(zip(names, first, strict=True))
    for _ in range(_TRIES):
        yield {n: draw.choice(values) for n, values in zip(names, choices, strict=True)}


def _values(each: model.Input, numbers: list[Fraction]) -> list[Fraction | bool | str | date]:
    match each.kind:
        case "boolean":
            return [True, False]
        case "choice":
            return list(each.choices)
        case "text":
            return ["x"]
        case "date":
            low, high = each.low, each.high
            days = [day(d) for d in (low, high) if isinstance(d, date)]
            return list(days or [day(date(2023, 1, 1)), day(date(2023, 12, 31))])
        case _:
            low = each.low * each.scale if isinstance(each.low, Fraction) else None
            high = each.high * each.scale if isinstance(each.high, Fraction) else None
            landmarks = [*(Fraction(x) for x in (1, 0, 2, 100, 50, 10, 1000)), *numbers[:12]]
            landmarks += [n + d for n in numbers[:8] for d in (Fraction(1, 100), Fraction(-1, 100))]
            if low is None:
                landmarks.append(Fraction(-1))
            ends = [x for x in (low, high) if x is not None]
            inside = [x for x in landmarks if (low is None or x >= low) and (high is None or x <= high)]
            if each.decimals is not None:
                scale = 10**each.decimals
                inside = [x for x in inside if (x / each.scale * scale).denominator == 1]
            found: list[Fraction | bool | str | date] = [*dict.fromkeys([*ends, *inside])]
            return found[:14]


@define
class Forecast:
    """Ranges of a plan's steps, worked out as they are asked for; with `given`, of one record (or row).

    `present` takes every input to be there; `touched` and `numbers` collect the inputs and literals met on the way.
    """

    plan: Plan
    given: Mapping[str, Fraction | bool | str | date] = field(factory=dict)
    block: RowBlock | None = None
    present: bool = False
    touched: dict[str, None] | None = None
    numbers: dict[Fraction, None] | None = None
    reached: dict[str, set[nodes.HoleKind]] = field(factory=dict)
    _found: dict[str, Found] = field(factory=dict)

    def read(self, name: str) -> Found:
        """The range and holes of an input or step."""
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._work_out(name)
        return found

    def _work_out(self, name: str) -> Found:
        if self.block is not None:
            for step in self.block.steps:
                if step.name == name:
                    return self._step(step)
        inputs = _inputs(self.plan, self.block)
        if name in inputs:
            if self.touched is not None:
                self.touched[name] = None
            if name in self.given:
                return Found(point(self.given[name]))
            holes: frozenset[nodes.HoleKind] = NO_HOLES if self.present else frozenset({"missing", "not_applicable"})
            return Found(input_range(inputs[name]), holes)
        match self.plan.producers.get(name):
            case Step() as made:
                return self._step(made)
            case Fold() as fold:
                return self._fold(fold, [self.read(i) for i in fold.items])
            case RowBlock() as block:
                fold = next(f for f in block.folds if f.name == name)
                inner = Forecast(self.plan, {}, block, self.present)
                return self._fold(fold, [inner.read(i) for i in fold.items], rows=True)
            case None:
                return Found(None)

    def _step(self, step: Step) -> Found:
        def read(name: str) -> Found:
            bound = step.bindings.get(name, name)
            return Found(Numbers(bound, bound)) if isinstance(bound, Fraction) else self.read(bound)

        def call(name: str, given: Sequence[Found]) -> Found:
            try:
                points = read("points")
            except RecursionError:
                points = Found(Numbers())
            return self._call(self.plan.definitions[name], given, points, analysis)

        if self.numbers is not None:
            self._collect(step.formula, step.bindings)
        analysis = Analysis(read, call)
        found = analysis.find(step.formula.node)
        self.reached[step.name] = analysis.reached
        return found

    def _collect(self, text: Formula, bindings: Mapping[str, object]) -> None:
        assert self.numbers is not None
        for node in formula.walk(text.node):
            if isinstance(node, nodes.Number):
                self.numbers[node.value] = None
            elif isinstance(node, nodes.Use):
                for inner in self.plan.definitions[node.definition].steps:
                    self._collect(inner.formula, inner.bindings)
        self.numbers |= {b: None for b in bindings.values() if isinstance(b, Fraction)}

    def _call(self, definition: DefinitionPlan, given: Sequence[Found], points: Found, outer: Analysis) -> Found:
        known: dict[str, Found] = dict(zip(definition.parameters, given, strict=False))
        if points.range is not None:
            known["points"] = points

        def call(name: str, inner: Sequence[Found]) -> Found:
            return self._call(self.plan.definitions[name], inner, points, outer)

        for name, default in definition.defaults.items():
            if name not in known:
                known[name] = Analysis(lambda _: Found(None), call).find(default.node)
        for step in definition.steps:

            def read(name: str, step: Step = step) -> Found:
                bound = step.bindings.get(name, name)
                return Found(Numbers(bound, bound)) if isinstance(bound, Fraction) else known.get(bound, Found(None))

            analysis = Analysis(read, call)
            known[step.name] = analysis.find(step.formula.node)
        return known[definition.result]

    def _fold(self, fold: Fold, items: Sequence[Found], *, rows: bool = False) -> Found:
        holes = frozenset[nodes.HoleKind]().union(*(i.holes for i in items)) - {"not_applicable"} if items else NO_HOLES
        if not fold.empty_is_zero and fold.statistic != "count":
            holes |= {"undefined"}
        numbers = [i.range for i in items if isinstance(i.range, Numbers)]
        zero = Numbers(Fraction(0), Fraction(0))
        match fold.statistic:
            case "count":
                return Found(Numbers(Fraction(0), None if rows else Fraction(len(items))), holes)
            case "sum":
                low: Fraction | None = Fraction(0)
                high: Fraction | None = Fraction(0)
                for each in numbers:
                    both = union(each, zero)
                    assert isinstance(both, Numbers)
                    low = None if low is None or both.low is None or (rows and both.low < 0) else low + both.low
                    high = None if high is None or both.high is None or (rows and both.high > 0) else high + both.high
                return Found(Numbers(low, high), holes)
            case _:
                result: Range | None = None
                for each in numbers:
                    result = union(result, each)
                return Found(result, holes)


def input_range(each: model.Input) -> Range:
    """What an input can be, in working units."""
    match each.kind:
        case "boolean":
            return Truths()
        case "choice":
            return Texts(frozenset(each.choices))
        case "text":
            return Texts()
        case "date":
            low, high = each.low, each.high
            return Numbers(day(low) if isinstance(low, date) else None, day(high) if isinstance(high, date) else None)
        case _:
            return Numbers(
                each.low * each.scale if isinstance(each.low, Fraction) else None,
                each.high * each.scale if isinstance(each.high, Fraction) else None,
            )
