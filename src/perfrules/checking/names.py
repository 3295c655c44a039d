"""What the names in a scheme mean: of which kind and unit formulas, bodies and definitions are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter

from perfrules import formula, model
from perfrules.checking.procedures import check_procedures
from perfrules.checking.tree import check_published, check_tree
from perfrules.checking.whole import affordable, clashing, ring_of, ringed, size
from perfrules.findings import Enough, Finding, Gathered, Location, nearest
from perfrules.formula import ANY_NUMBER, BOOLEAN, PURE, TEXT, Formula, Meaning, Scope, Signature
from perfrules.loading.forms import working_units
from perfrules.model import Scheme
from perfrules.parsing import Problem

DEFINITIONS_DEEP = 30
"""How deep definitions may call each other."""


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
    """What each name of a scheme means, or of definitions alone; problems are gathered on the way."""

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
        self._called: dict[tuple[object, ...], tuple[Meaning | None, list[Problem]]] = {}

    def report(self, name: str, where: Location | None, path: str, near: str = "", /, **seen: str) -> None:
        self.findings.append(Finding(name, where, path, seen, near))

    # ------------------------------------------------------------------------------------------ the whole

    def check(self) -> list[Finding]:
        scheme = self.scheme
        assert scheme is not None
        twice = clashing(scheme, self.findings)
        if not self.check_definitions():
            return self.findings
        rings = ringed(scheme, twice, self.findings)
        if rings is None or not affordable(scheme, self.signatures, self.findings):
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
        for name in self._value_order(scheme, rings):
            scope = self.scope()
            if name in scheme.benchmarks:
                self.meanings[name] = self._benchmark(scheme.benchmarks[name], scope)
            else:
                self.meanings[name] = self.value(scheme.values[name], scope, name)
        check_tree(self, scheme)
        for check in scheme.checks:
            self.truth(check.holds, self.scope(), check.name)
        for claim in scheme.claims:
            for text in (claim.holds, claim.reached):
                if text is not None:
                    self.truth(text, self.scope(), claim.name)
            if claim.of is not None:
                self.number(claim.of, self.scope(), claim.name, pure=False)
        check_published(self, scheme)
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

    def _benchmark(self, benchmark: model.Benchmark, scope: Scope) -> Meaning | None:
        """A benchmark is a number of its item's unit; `by` may be anything that tells records apart."""
        body = benchmark.body
        if body.by is not None:
            self.meaning(body.by, scope, benchmark.name)
        return self._items(body, scope, benchmark.name)

    def _ranking(self, ranking: model.Ranking) -> None:
        scope = self.scope()
        self.number(ranking.of, scope, "ranking", pure=False)
        if ranking.key is not None:
            self.number(ranking.key, scope, "ranking", pure=False)
        if ranking.within is not None:
            self.meaning(ranking.within, scope, "ranking")

    def _value_order(self, scheme: Scheme, rings: set[str]) -> list[str]:
        parts: list[model.Value | model.Benchmark] = [*scheme.values.values(), *scheme.benchmarks.values()]
        known = {p.name for p in parts}
        self.meanings |= dict.fromkeys(known & rings)
        known -= rings
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
            ring = ring_of(error)
            self.report("ring-of-names", self.definitions[ring[0]].location, ring[0], ring=" → ".join(ring))
            return False
        depth: dict[str, int] = {}
        for name in order:
            definition = self.definitions[name]
            depth[name] = 1 + max((depth[c] for c in graph[name]), default=0)
            if depth[name] > DEFINITIONS_DEEP:
                self.report("definitions-too-deep", definition.location, name, name=name, limit=str(DEFINITIONS_DEEP))
                return False
            own = size(definition, self.signatures, {})
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
                self.report("ring-of-names", definition.location, definition.name, ring=" → ".join(ring_of(error)))
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
        for policy in policies.stated:
            if policy.formula is not None:
                self.number(policy.formula, scope, path, pure=pure)

    def value(self, value: model.Value, scope: Scope, path: str) -> Meaning | None:
        """What a value yields; one that is rounded, or that a policy makes a number, must be a number throughout."""
        found = self.body(value.body, scope, path, number=False)
        self.policies(value.policies, scope, path, pure=False)
        if value.round is not None or any(p.kind in ("zero", "formula") for p in value.policies.stated):
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
            kind = scheme.rows[body.over]
            inner = self.row_scope(kind, points=kind.points is not None)
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
        return self._items(body, inner, path)

    def _items(self, body: model.StatisticBody, scope: Scope, path: str) -> Meaning | None:
        """What a statistic over items yields: a number of their unit."""
        if body.where is not None:
            self.truth(body.where, scope, path)
        if body.weight is not None:
            self.number(body.weight, scope, path, pure=False)
        if body.statistic == "count":
            self.truth(body.item, scope, path)
            return PURE
        found = self.meaning(body.item, scope, path)
        if found is not None and found.kind != "number":
            self._score(found, body.item, path)
            return None
        return found

    def row_scope(self, kind: model.RowKind, *, points: bool) -> Scope:
        """What formulas of a row may name: its columns too, and with `points` what it can give."""
        names = {**self.meanings, **{c.name: input_meaning(c) for c in kind.columns}}
        if points:
            names["points"] = ANY_NUMBER
        return Scope(names, self.signatures, self.refused, days=self.days)


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
