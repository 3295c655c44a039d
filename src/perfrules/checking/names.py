"""What the names in a scheme mean: kinds, units, cycles and cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter

from perfrules import formula, model
from perfrules.checking.procedures import check_procedures
from perfrules.findings import Enough, Finding, Gathered, Location, nearest
from perfrules.formula import ANY_NUMBER, BOOLEAN, PURE, TEXT, Formula, Meaning, Scope, Signature
from perfrules.loading.forms import working_units
from perfrules.model import Scheme, TreeNode
from perfrules.parsing import Problem

DEFINITIONS_DEEP, SIZE_LIMIT = 30, 300_000
"""How deep definitions may call each other, and the nodes of a whole scheme with every definition written out."""
NODE_SIZE, ITEM_SIZE = 50, 12
"""What the plan adds to every node of the tree, and to every item of a statistic."""
RINGS_TOLD = 20
"""So many rings of names are told; of a scheme with more nothing else is."""


def check_names(scheme: Scheme) -> list[Finding]:
    """Every problem of names, kinds, units, cycles and cost in a scheme; with none of them it can be planned."""
    checker = Names(scheme)
    try:
        return checker.check()
    except Enough:
        return checker.gathered


def check_condition(scheme: Scheme, condition: Formula) -> list[Finding]:
    """Every problem of a condition that is asked of a scheme, over its inputs, values and nodes."""
    checker = Names(scheme)
    before = len(checker.check())
    checker.truth(condition, checker.scope(), condition.source.strip())
    return checker.findings[before:]


def check_definitions(definitions: Mapping[str, model.Definition]) -> list[Finding]:
    """The same for definitions alone, as a file of them is checked."""
    checker = Names(None, definitions)
    with suppress(Enough):
        checker.check_definitions()
    return checker.gathered


class Names:
    def __init__(self, scheme: Scheme | None, definitions: Mapping[str, model.Definition] | None = None) -> None:
        self.scheme = scheme
        self.definitions = definitions if scheme is None else scheme.definitions
        self.gathered = Gathered()
        self.findings: list[Finding] = self.gathered
        self.meanings: dict[str, Meaning | None] = {}
        self.refused: dict[str, Problem] = {}
        columns = [c for k in scheme.rows.values() for c in k.columns] if scheme is not None else []
        inputs = [*scheme.inputs.values(), *columns] if scheme is not None else []
        self.days = working_units(inputs).get("天", 1) == 1
        self.signatures: dict[str, Signature] = {}
        self._faulty: set[str] = set()
        self._clashing: set[str] = set()
        self._ringed: set[str] = set()
        self._called: dict[tuple[object, ...], tuple[Meaning | None, list[Problem]]] = {}

    def report(self, name: str, where: Location | None, path: str, near: str = "", /, **seen: str) -> None:
        self.findings.append(Finding(name, where, path, seen, near))

    # ------------------------------------------------------------------------------------------ the whole

    def check(self) -> list[Finding]:
        scheme = self.scheme
        assert scheme is not None
        self.clashes(scheme)
        if not self.check_definitions() or not self.unwound(scheme) or not self.affordable(scheme):
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
        for word in model.RESERVED:
            self.refused[word] = Problem("no-points-here", (0, 0), {"key": word})
        for name in self._value_order(scheme):
            scope = self.scope()
            if name in scheme.benchmarks:
                self.meanings[name] = self._benchmark(scheme.benchmarks[name], scope)
            else:
                self.meanings[name] = self.value(scheme.values[name], scope, name)
        for kind in scheme.rows.values():
            self.row_kind(kind)
        for node in scheme.tree.walk():
            self.node(node)
        for scale in scheme.grades.values():
            self.grade(scale, scale.name, own=scale.of_nodes)
        for check in scheme.checks:
            self.truth(check.holds, self.scope(), check.name)
        for claim in scheme.claims:
            for text in (claim.holds, claim.reached):
                if text is not None:
                    self.truth(text, self.scope(), claim.name)
            if claim.of is not None:
                self.number(claim.of, self.scope(), claim.name, pure=False)
        self.printed(scheme)
        if scheme.ranking is not None:
            self._ranking(scheme.ranking)
        self.unmarked(scheme)
        check_procedures(self, scheme.procedures)
        return self.findings

    def unmarked(self, scheme: Scheme) -> None:
        """A rule without any mark of where it comes from is a remark, one for the whole scheme."""
        bare = [
            n
            for n in scheme.tree.walk()
            if n.points is not None and not n.children and n.provenance.status == "unmarked"
        ]
        if bare:
            first = bare[0]
            self.report(
                "rules-unmarked", first.location, first.path, number=str(len(bare)), first=first.path or first.name
            )

    def scope(self, **more: Meaning) -> Scope:
        return Scope({**self.meanings, **more}, self.signatures, self.refused, days=self.days)

    def clashes(self, scheme: Scheme) -> None:
        """One namespace for all that formulas can name."""
        taken: dict[str, tuple[str, str]] = {}
        entries: list[tuple[str, tuple[str, str], Location | None]] = []
        entries += [(i.name, ("数据项", "an input"), i.location) for i in scheme.inputs.values()]
        entries += [(v.name, ("中间值", "a value"), v.location) for v in scheme.values.values()]
        entries += [(b.name, ("参照值", "a benchmark"), b.location) for b in scheme.benchmarks.values()]
        entries += [(k.name, ("行类别", "a row kind"), k.location) for k in scheme.rows.values()]
        nodes_ = [n for n in scheme.tree.walk() if n.identifier]
        entries += [(n.identifier, (f"指标 {n.path}", f"the node {n.path}"), n.location) for n in nodes_]
        entries += [(d.name, ("定义", "a definition"), d.location) for d in scheme.definitions.values()]
        for name, what, where in entries:
            if name in taken:
                self._clash(where, name, name, taken[name])
            if name in model.RESERVED:
                self.report("reserved-name", where, name, name=name)
            taken.setdefault(name, what)
        for kind in scheme.rows.values():
            for column in kind.columns:
                if column.name in taken:
                    self._clash(column.location, f"{kind.name}/{column.name}", column.name, taken[column.name])

    def _clash(self, where: Location | None, path: str, name: str, other: tuple[str, str]) -> None:
        self._clashing.add(name)
        self.report("name-clash", where, path, name=name, other=other[0], other_en=other[1])

    def unwound(self, scheme: Scheme) -> bool:
        """Whether all names that need themselves are told, each finding with the ring; to all else they are unknown."""
        graph: dict[str, list[str]] = {}
        by_path: dict[str, str] = {n.path: n.identifier or n.path or "总分" for n in scheme.tree.walk()}
        identifiers = {n.identifier: by_path[n.path] for n in scheme.tree.walk() if n.identifier}
        known = {
            n: v
            for n, v in {**identifiers, **{v: v for v in (*scheme.values, *scheme.benchmarks)}}.items()
            if n not in self._clashing
        }
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
        parts_: list[model.Value | model.Benchmark] = [*scheme.values.values(), *scheme.benchmarks.values()]
        for value in parts_:
            names = [known[n] for f in model.formulas(value) for n in f.names if n in known]
            graph[value.name] = names + self._over(value.body, scheme, by_path)
            where[value.name] = value.location
        for _ in range(RINGS_TOLD):
            try:
                TopologicalSorter(graph).prepare()
            except CycleError as error:
                ring = list(reversed(error.args[1]))
                self.report("ring-of-names", where.get(ring[0]), ring[0], ring=" → ".join(ring))
                self._ringed.update(ring)
                graph |= {name: [] for name in ring}
            else:
                return True
        return False

    def affordable(self, scheme: Scheme) -> bool:
        """Whether the scheme, written out as a plan, keeps to a size that every reading can bear."""
        held = {key: len(n.children) for n in scheme.tree.walk() for key in (n.path, n.identifier)}
        kinds = {kind.name: self._size(kind, held) for kind in scheme.rows.values()}
        rest = [scheme.values, scheme.benchmarks, scheme.grades, scheme.checks, scheme.claims, scheme.ranking]
        total = sum(kinds.values()) + self._size(rest, held)
        for node in scheme.tree.walk():
            holds = node.holds.body if isinstance(node.holds, model.Group) else node.holds
            beside = (node.policies, node.applies_when, node.adjustments, node.gates, node.grade)
            total += NODE_SIZE + self._size([holds, *beside], held)
            total += kinds.get(holds.rows, 0) if isinstance(holds, model.OpenGroup) else 0
        if total > SIZE_LIMIT:
            self.report("scheme-too-large", scheme.tree.location, "", seen=str(total), limit=str(SIZE_LIMIT))
        return total <= SIZE_LIMIT

    def _size(self, part: object, held: Mapping[str, int]) -> int:
        size = sum(formula.cost(f.node, self.signatures) for f in model.formulas(part))
        for body in model.called_bodies(part):
            if isinstance(body, model.RuleBody):
                signature = self.signatures.get(body.definition)
                size += signature.cost if signature else 0
            else:
                item = sum(formula.cost(f.node, self.signatures) for f in model.formulas(body))
                size += held.get(body.over, 0) * (item + ITEM_SIZE)
        return size

    def _over(self, body: object, scheme: Scheme, by_path: Mapping[str, str]) -> list[str]:
        if isinstance(body, model.StatisticBody) and body.over not in (*scheme.rows, "cohort"):
            try:
                return [by_path[c.path] for c in scheme.node(body.over).children]
            except KeyError:
                return []
        return []

    def _benchmark(self, benchmark: model.Benchmark, scope: Scope) -> Meaning | None:
        """A benchmark is a number of its item's unit; `by` may be anything that tells records apart."""
        body, path = benchmark.body, benchmark.name
        if body.where is not None:
            self.truth(body.where, scope, path)
        if body.weight is not None:
            self.number(body.weight, scope, path, pure=False)
        if body.by is not None:
            self.meaning(body.by, scope, path)
        if body.statistic == "count":
            self.truth(body.item, scope, path)
            return PURE
        found = self.meaning(body.item, scope, path)
        if found is not None and found.kind != "number":
            self._score(found, body.item, path)
            return None
        return found

    def _ranking(self, ranking: model.Ranking) -> None:
        scope = self.scope()
        self.number(ranking.of, scope, "ranking", pure=False)
        if ranking.key is not None:
            self.number(ranking.key, scope, "ranking", pure=False)
        if ranking.within is not None:
            self.meaning(ranking.within, scope, "ranking")

    def _value_order(self, scheme: Scheme) -> list[str]:
        parts: list[model.Value | model.Benchmark] = [*scheme.values.values(), *scheme.benchmarks.values()]
        known = {p.name for p in parts}
        self.meanings |= dict.fromkeys(known & self._ringed)
        known -= self._ringed
        graph = {p.name: [n for f in model.formulas(p) for n in f.names if n in known] for p in parts}
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
        for name in order:
            definition = self.definitions[name]
            depth[name] = 1 + max((depth[c] for c in graph[name]), default=0)
            if depth[name] > DEFINITIONS_DEEP:
                self.report("definitions-too-deep", definition.location, name, name=name, limit=str(DEFINITIONS_DEEP))
                return False
            own = self._size(definition, {})
            rules = [self.signatures[b.definition].nesting for b in model.called_bodies(definition)
                     if isinstance(b, model.RuleBody) and b.definition in self.signatures]  # fmt: skip
            nested = [formula.nesting(f.node, self.signatures) for f in model.formulas(definition)]
            deep = max([*nested, *(1 + n for n in rules)], default=1)
            least = sum(p not in definition.defaults for p in definition.parameters)
            self.signatures[name] = Signature(
                least, len(definition.parameters), self._meaning_of(definition), own, deep
            )
            if own > formula.COST_LIMIT:
                self.report("formula-too-costly", definition.location, name, limit=str(formula.COST_LIMIT))
                return False
            if deep > formula.NESTING_LIMIT:
                self.report("formula-too-deep", definition.location, name, limit=str(formula.NESTING_LIMIT))
                return False
        own_file = self.scheme.file if self.scheme else None
        for name in order:
            definition = self.definitions[name]
            if own_file is not None and definition.location is not None and definition.location.file != own_file:
                continue  # a library's definitions were checked when it was read
            unknown: dict[str, Meaning | None] = dict.fromkeys(definition.parameters)
            told = len(self.findings)
            self._inside(definition, unknown, ANY_NUMBER, self.findings)
            if len(self.findings) > told:
                self._faulty.add(name)  # its callers are not told again
        return True

    def _meaning_of(
        self, definition: model.Definition
    ) -> Callable[[tuple[Meaning, ...], Meaning | None], tuple[Meaning | None, Sequence[Problem]]]:
        def meaning(given: tuple[Meaning, ...], points: Meaning | None) -> tuple[Meaning | None, Sequence[Problem]]:
            if definition.name in self._faulty:
                return None, []
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
            refused = {w: Problem("no-points-here", (0, 0), {"key": w}) for w in model.RESERVED}
            if points is not None:
                known["points"] = points
            scope = Scope(known, self.signatures, refused, askable=False, days=self.days)
            own = {v.name: v for v in definition.values}
            graph = {n: [r for f in model.formulas(v) for r in f.names if r in own] for n, v in own.items()}
            try:
                order = list(TopologicalSorter(graph).static_order())
            except CycleError as error:
                self.report(
                    "ring-of-names", definition.location, definition.name, ring=" → ".join(reversed(error.args[1]))
                )
                return None
            for name in order:
                known[name] = self.value(own[name], scope, definition.name)
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

    def policies(self, policies: model.Policies, scope: Scope, path: str, *, pure: bool = True) -> None:
        for policy in (policies.missing, policies.undefined, policies.not_applicable):
            if policy is not None and policy.formula is not None:
                self.number(policy.formula, scope, path, pure=pure)

    def value(self, value: model.Value, scope: Scope, path: str) -> Meaning | None:
        """What a value yields; one that is rounded, or that a policy makes a number, must be a number throughout."""
        found = self.body(value.body, scope, path, number=False)
        self.policies(value.policies, scope, path, pure=False)
        stated = (value.policies.missing, value.policies.undefined, value.policies.not_applicable)
        if value.round is not None or any(p is not None and p.kind in ("zero", "formula") for p in stated):
            text = value.body.formula if isinstance(value.body, model.FormulaBody) else None
            self._score(found, text, path, pure=False)
        return found

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
        meant: set[str] = set()
        for name in given:
            if name not in definition.parameters:
                near = nearest(name, definition.parameters)
                self.report("unknown-argument", where, path, near, name=name, rule=body.definition)
                meant.add(near)
                fits = False
        for parameter in definition.parameters:
            if parameter not in given and parameter not in definition.defaults and parameter not in meant:
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
            names = {**scope.names, "score": PURE, "points": ANY_NUMBER, "possible": PURE}
            if any(c.counts and c.points is not None and c.points.free for c in over.children):
                del names["points"]
            inner = Scope(names, self.signatures, self.refused, days=self.days)
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
        names = {**self.meanings, **{c.name: input_meaning(c) for c in kind.columns}}
        if points and kind.points is not None:
            names["points"] = ANY_NUMBER
        return Scope(names, self.signatures, self.refused, days=self.days)

    def row_kind(self, kind: model.RowKind) -> None:
        assert self.scheme is not None
        shared = any(
            isinstance(n.holds, model.OpenGroup) and n.holds.rows == kind.name and n.split
            for n in self.scheme.tree.walk()
        )
        scope = self._row_scope(kind)
        if shared:
            scope = Scope({**scope.names, "points": ANY_NUMBER}, scope.definitions, scope.refused, days=self.days)
        if kind.points is not None:
            self.number(kind.points, self._row_scope(kind, points=False), kind.name)
        self.body(kind.body, scope, kind.name)
        self.policies(kind.policies, scope, kind.name)
        if kind.counts is not None:  # where points are shared out, only among the rows that count
            self.truth(kind.counts, self._row_scope(kind, points=not shared), kind.name)
        if kind.applies_when is not None:
            self.truth(kind.applies_when, scope, kind.name)
        for check in kind.checks:
            self.truth(check.holds, self._row_scope(kind), f"{kind.name}/{check.name}")

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
        if free and node.holds is not None and any(p is not None and p.kind == "full" for p in (
            node.policies.missing, node.policies.undefined, node.policies.not_applicable)):  # fmt: skip
            self.report("no-points-here", node.location, node.path, key="full")
        if node.applies_when is not None:
            self.truth(node.applies_when, scope, node.path)
        for adjustment in node.adjustments:
            self.body(adjustment.body, scope, f"{node.path}/{adjustment.name}".lstrip("/"))
            self.policies(adjustment.policies, scope, node.path)
            stated = (adjustment.policies.missing, adjustment.policies.undefined, adjustment.policies.not_applicable)
            if free and any(p is not None and p.kind == "full" for p in stated):
                self.report("no-points-here", adjustment.location, node.path, key="full")
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
        if node.split and (node.points is None or node.points.free):
            self.report("weights-want-points", node.location, node.path)
        if group.where is not None:
            self.truth(group.where, self._row_scope(kind, points=not node.split), node.path)
        columns = {c.name for c in kind.columns}
        for level in group.levels:
            if level not in columns:
                near = nearest(level, columns)
                self.report("unknown-row-column", node.location, node.path, near, name=level, kind=kind.name)

    # ------------------------------------------------------------------------------------------ grades and the rest

    def grade(self, scale: model.GradeScale, path: str, *, own: bool, **more: Meaning) -> None:
        scope = self.scope(**more)
        if own:
            scope = self.scope(score=PURE, points=ANY_NUMBER, possible=PURE, **more)
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
